/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole sessions. The input is a script, a step each line; the first octet of
 * a line is the step, the rest its argument. Steps that the engine does not
 * want are left out. The script is run with the server's octets whole, by line
 * and one by one: all must come to the same. */

#include <string.h>

#include "fuzz.h"
#include "smtp-engine.h"
#include "smtp-error.h"

#define SECRET "sesame-1870"

typedef enum { WHOLE, LINES, OCTETS } Pieces;

typedef struct
{
  SmtpEngine *engine;
  Pieces      pieces;
  GString    *trace;        /* what must not depend on the pieces */
  char        last_written;
  gboolean    quotes_secret; /* the script itself has it */
} Session;

/* ---- what always holds -------------------------------------------------------- */

static void
assert_shown (const char *text)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (; *text != '\0'; text++)
    g_assert_false (g_ascii_iscntrl (*text));
}

static void
check_error (Session      *self,
             const GError *error)
{
  g_assert_cmpuint (error->domain, ==, SMTP_CLIENT_ERROR);
  assert_shown (error->message);
  g_string_append_printf (self->trace, "error %d\n", error->code);
}

static void
check_log (Session *self)
{
  g_autoptr (GPtrArray) log = smtp_engine_take_log (self->engine);

  for (guint i = 0; log != NULL && i < log->len; i++)
    {
      const SmtpLogLine *line = g_ptr_array_index (log, i);

      assert_shown (line->text);
      if (line->direction == SMTP_DIRECTION_SENT && !self->quotes_secret)
        g_assert_null (strstr (line->text, SECRET));
      g_string_append_printf (self->trace, "%d %s\n", line->direction, line->text);
    }
}

static void
check_reply (Session *self)
{
  const SmtpReplyData *reply = smtp_engine_get_reply (self->engine);

  if (reply == NULL)
    return;
  g_assert_true (g_utf8_validate (reply->text->str, reply->text->len, NULL));
  g_string_append_printf (self->trace, "%u %s %s\n", reply->code, reply->enhanced, reply->text->str);
}

static void
check (Session *self)
{
  SmtpEngineWant want = smtp_engine_next (self->engine);
  SmtpClientState state = smtp_engine_get_state (self->engine);
  gsize length;

  smtp_engine_get_output (self->engine, &length);
  g_assert_true ((want == SMTP_ENGINE_FAILED) == (state == SMTP_CLIENT_STATE_BROKEN));
  g_assert_true ((want == SMTP_ENGINE_FAILED) == (smtp_engine_get_failure (self->engine) != NULL));
  if (state >= SMTP_CLIENT_STATE_CLOSED)
    g_assert_cmpuint (length, ==, 0);
  if (want == SMTP_ENGINE_WRITE)
    g_assert_cmpuint (length, >, 0);
  if (want == SMTP_ENGINE_BODY)
    g_assert_cmpint (state, ==, SMTP_CLIENT_STATE_DATA);
  g_string_append_printf (self->trace, "want %d state %d phase %d progress %u replies %u out %" G_GSIZE_FORMAT " auth %d\n",
                          want, state, smtp_engine_get_phase (self->engine), smtp_engine_get_progress (self->engine),
                          smtp_engine_get_reply_count (self->engine), length,
                          smtp_engine_is_authenticated (self->engine));
  check_log (self);
  check_reply (self);
}

/* ---- steps -------------------------------------------------------------------- */

static void
feed (Session    *self,
      const char *bytes,
      gsize       length)
{
  while (length > 0)
    {
      const char *lf = memchr (bytes, '\n', length);
      gsize piece = self->pieces == OCTETS ? 1 : length;

      if (self->pieces == LINES && lf != NULL)
        piece = lf + 1 - bytes;
      smtp_engine_feed (self->engine, bytes, piece);
      bytes += piece;
      length -= piece;
    }
}

/* The wire has lines that end in CRLF, and no other CR or LF. */
static void
write_some (Session *self,
            gsize    most)
{
  gsize length;
  const char *output;

  if (smtp_engine_next (self->engine) != SMTP_ENGINE_WRITE)
    return;

  output = (const char *) smtp_engine_get_output (self->engine, &length);
  length = MIN (length, most);
  for (gsize i = 0; i < length; i++)
    {
      g_assert_true ((output[i] == '\n') == (self->last_written == '\r'));
      self->last_written = output[i];
    }
  smtp_engine_wrote (self->engine, length);
}

static void
submit (Session     *self,
        SmtpCommand  command,
        const char  *text)
{
  g_auto (GStrv) words = g_strsplit (text, "|", -1);
  g_autoptr (GError) error = NULL;
  const char *argument = words[0] != NULL ? words[0] : "";
  const char * const *params = words[0] != NULL && words[1] != NULL ? (const char * const *) words + 1 : NULL;
  const char *output;
  gsize before, after;

  smtp_engine_get_output (self->engine, &before);
  if (!smtp_engine_submit (self->engine, command, argument, params, &error))
    {
      check_error (self, error);
      smtp_engine_get_output (self->engine, &after);
      g_assert_cmpuint (after, ==, before);
      return;
    }

  output = (const char *) smtp_engine_get_output (self->engine, &after);
  g_assert_true (memchr (output + before, '\n', after - before) == output + after - 1);
}

static void
authenticate (Session    *self,
              const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, "|", 2);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) response = NULL;

  if (words[0] == NULL)
    return;
  if (words[1] != NULL)
    response = g_bytes_new (words[1], strlen (words[1]));
  if (!smtp_engine_auth (self->engine, words[0], response, &error))
    check_error (self, error);
}

static void
answer (Session    *self,
        char        step,
        const char *text)
{
  g_autoptr (GBytes) response = NULL;
  gboolean more;

  if (smtp_engine_next (self->engine) != SMTP_ENGINE_AUTH)
    return;

  if (smtp_engine_get_auth_refusal (self->engine) != NULL)
    {
      if (step == 'b')
        smtp_engine_auth_give_up (self->engine);
      else
        smtp_engine_auth_retry (self->engine);
      return;
    }

  g_assert_nonnull (smtp_engine_get_challenge (self->engine, &more));
  if (step == 'b')
    smtp_engine_auth_abort (self->engine, g_error_new_literal (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "no"));
  else if (!more)
    smtp_engine_auth_confirm (self->engine);
  else
    {
      response = g_bytes_new (text, strlen (text));
      smtp_engine_auth_respond (self->engine, response);
    }
}

static gboolean
wants_body (Session *self)
{
  return smtp_engine_next (self->engine) == SMTP_ENGINE_BODY;
}

static void
body (Session    *self,
      const char *bytes,
      gsize       length)
{
  gsize taken;

  if (!wants_body (self))
    return;
  taken = smtp_engine_body (self->engine, bytes, length);
  g_assert_cmpuint (taken, <=, length);
}

static void
end_body (Session *self)
{
  if (wants_body (self))
    smtp_engine_end_body (self->engine);
}

/* The rule of the outcome: whatever ends the connection when the dot is out is
 * no failure of the message. */
static void
fail (Session *self)
{
  gboolean unknown = smtp_engine_get_state (self->engine) == SMTP_CLIENT_STATE_DATA &&
                     smtp_engine_next (self->engine) == SMTP_ENGINE_READ;

  smtp_engine_fail (self->engine, g_error_new_literal (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_DOWNGRADE, "lost"));
  if (unknown)
    g_assert_error (smtp_engine_get_failure (self->engine), SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN);
}

static void
finish (Session *self)
{
  g_autoptr (GError) error = NULL;
  SmtpEngineWant want = smtp_engine_next (self->engine);

  if (want != SMTP_ENGINE_IDLE && want != SMTP_ENGINE_FAILED && want != SMTP_ENGINE_BODY)
    return;
  if (!smtp_engine_finish (self->engine, &error))
    check_error (self, error);
}

static void
open_session (Session    *self,
              const char *text)
{
  g_autoptr (GError) error = NULL;
  SmtpSecurity security = *text >= '0' && *text <= '3' ? *text - '0' : SMTP_SECURITY_NONE;

  if (!smtp_engine_open (self->engine, security, "x", &error))
    check_error (self, error);
}

static const struct
{
  char        step;
  SmtpCommand command;
} commands[] = {
  { 'L', SMTP_COMMAND_EHLO }, { 'T', SMTP_COMMAND_STARTTLS }, { 'M', SMTP_COMMAND_MAIL }, { 'R', SMTP_COMMAND_RCPT },
  { 'D', SMTP_COMMAND_DATA }, { 'X', SMTP_COMMAND_RSET }, { 'N', SMTP_COMMAND_NOOP }, { 'V', SMTP_COMMAND_VRFY },
  { 'E', SMTP_COMMAND_EXPN }, { 'H', SMTP_COMMAND_HELP }, { 'Q', SMTP_COMMAND_QUIT }, { 'Z', SMTP_COMMAND_OTHER },
};

static void
run_command (Session    *self,
             char        step,
             const char *text)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (commands[i].step == step)
        submit (self, commands[i].command, text);
    }
}

static void
run_step (Session    *self,
          char        step,
          const char *text,
          gsize       length)
{
  switch (step)
    {
    case 'O': open_session (self, text); break;
    case 'S': feed (self, text, length); feed (self, "\r\n", 2); break;
    case 's': feed (self, text, length); break;
    case 'n': feed (self, "\n", 1); break;
    case '2': feed (self, "250 ok\r\n", 8); break;
    case 'W': write_some (self, G_MAXSIZE); break;
    case 'w': write_some (self, 1 + length); break;
    case 'A': authenticate (self, text); break;
    case 'a':
    case 'b': answer (self, step, text); break;
    case 'p': answer (self, step, SECRET); break;
    case 't':
      if (smtp_engine_next (self->engine) == SMTP_ENGINE_TLS)
        smtp_engine_tls_done (self->engine);
      break;
    case 'B': body (self, text, length); body (self, "\n", 1); break;
    case 'K': body (self, text, length); break;
    case 'F': smtp_engine_flush_body (self->engine); break;
    case '.': end_body (self); break;
    case 'f': fail (self); break;
    case 'e': g_string_append_printf (self->trace, "eof %d\n", smtp_engine_feed_eof (self->engine)); break;
    case 'o': finish (self); break;
    case 'q': smtp_engine_close (self->engine); break;
    case 'Y': smtp_engine_set_stay_open (self->engine, *text != '0'); break;
    case 'l': smtp_engine_set_log (self->engine, *text != '0'); break;
    default: run_command (self, step, text);
    }
}

/* A NUL ends the arguments of the program, not what the server sends. */
static void
run_line (Session    *self,
          const char *line,
          gsize       length)
{
  g_autofree char *text = g_malloc (length);

  memcpy (text, line + 1, length - 1);
  text[length - 1] = '\0';
  run_step (self, *line, text, *line == 'S' || *line == 's' ? length - 1 : strlen (text));
  check (self);
}

static char *
run_script (const char *script,
            gsize       length,
            Pieces      pieces)
{
  g_autoptr (SmtpEngine) engine = smtp_engine_new ("mail.example");
  Session self = { .engine = engine, .pieces = pieces, .trace = g_string_new (NULL) };

  self.quotes_secret = memmem (script, length, SECRET, strlen (SECRET)) != NULL;
  smtp_engine_set_log (engine, TRUE);
  while (length > 0)
    {
      const char *lf = memchr (script, '\n', length);
      gsize line = lf != NULL ? (gsize) (lf - script) : length;

      if (line > 0)
        run_line (&self, script, line);
      line += lf != NULL;
      script += line;
      length -= line;
    }

  return g_string_free (self.trace, FALSE);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  const char *script = (const char *) data;
  g_autofree char *whole = run_script (script, size, WHOLE);
  g_autofree char *by_line = run_script (script, size, LINES);
  g_autofree char *by_octet = run_script (script, size, OCTETS);

  g_assert_cmpstr (whole, ==, by_line);
  g_assert_cmpstr (whole, ==, by_octet);
  return 0;
}
