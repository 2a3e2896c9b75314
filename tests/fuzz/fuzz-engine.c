/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A session with a server that says anything, and a client that does what it
 * may: the first octets choose what is done, the rest is what the server says,
 * a line for each step. */

#include "fuzz.h"

#include "smtp-engine.h"

#define CHOICES 16

const char * const fuzz_seeds[] = {
  "................220 hi\n250-x\n250-STARTTLS\n250 AUTH PLAIN\n220 go\n250-x\n250 AUTH PLAIN\n235 ok\n250 a\n250 b\n354 go\n250 ok\n221 bye\n",
  "abcdefghijklmnop220 hi\n500 x\n250 x\n250 a\n550 b\n250 c\n354 go\n552 no\n",
  "0123456789abcdef220 hi\n250-x\n250-PIPELINING\n250-8BITMIME\n250-SMTPUTF8\n250 AUTH LOGIN\n334 eA==\n334 eA==\n535 no\n",
  "zzzzzzzzzzzzzzzz421 bye\n", NULL
};

typedef struct
{
  SmtpEngine    *engine;
  const uint8_t *choices;
  gsize          n_choices;
  gsize          next;
  const char    *server;
  gsize          left;
} Session;

static guint
choose (Session *self,
        guint    n)
{
  if (self->n_choices == 0)
    return 0;

  return self->choices[self->next++ % self->n_choices] % n;
}

static void
begin_operation (Session *self)
{
  static const char * const params[] = { "SIZE=1", NULL };
  SmtpCommand command = SMTP_COMMAND_MAIL + choose (self, SMTP_N_COMMANDS - SMTP_COMMAND_MAIL);
  g_autoptr (GBytes) response = g_bytes_new_static ("secret", 6);

  if (command == SMTP_COMMAND_CONTENT)
    smtp_engine_auth (self->engine, choose (self, 2) ? "PLAIN" : "LOGIN", choose (self, 2) ? response : NULL, NULL);
  else
    smtp_engine_submit (self->engine, command, command == SMTP_COMMAND_OTHER ? "XYZ" : "a@b.example",
                        choose (self, 4) == 0 ? params : NULL, NULL);
}

static void
answer (Session *self)
{
  g_autoptr (GBytes) response = g_bytes_new_static ("secret", 6);
  gboolean more;

  g_assert (smtp_engine_get_challenge (self->engine, &more) != NULL);
  if (choose (self, 4) == 0)
    smtp_engine_auth_abort (self->engine, g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_FAILED, "given up"));
  else if (more)
    smtp_engine_auth_respond (self->engine, response);
  else
    smtp_engine_auth_confirm (self->engine);
}

static void
write_body (Session *self)
{
  if (choose (self, 3) > 0)
    smtp_engine_body (self->engine, "a\n.b", 4);
  else
    smtp_engine_end_body (self->engine);
}

static gboolean
read_line (Session *self)
{
  const char *lf = self->left > 0 ? memchr (self->server, '\n', self->left) : NULL;
  gsize length = lf != NULL ? (gsize) (lf + 1 - self->server) : self->left;

  if (length == 0)
    {
      if (!smtp_engine_feed_eof (self->engine))
        smtp_engine_fail (self->engine, g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_FAILED, "lost"));
      return FALSE;
    }

  smtp_engine_feed (self->engine, self->server, length);
  self->server += length;
  self->left -= length;
  return TRUE;
}

static void
write_output (Session *self)
{
  gsize length;

  smtp_engine_get_output (self->engine, &length);
  g_assert (length > 0);
  smtp_engine_wrote (self->engine, choose (self, 2) ? length : 1);
  /* The server need not wait for the end. */
  if (choose (self, 16) == 0 && smtp_engine_next (self->engine) != SMTP_ENGINE_FAILED)
    read_line (self);
}

static gboolean
take_step (Session *self)
{
  switch (smtp_engine_next (self->engine))
    {
    case SMTP_ENGINE_WRITE:
      write_output (self);
      return TRUE;
    case SMTP_ENGINE_READ:
      return read_line (self);
    case SMTP_ENGINE_TLS:
      smtp_engine_tls_done (self->engine);
      return TRUE;
    case SMTP_ENGINE_AUTH:
      answer (self);
      return TRUE;
    case SMTP_ENGINE_BODY:
      write_body (self);
      return TRUE;
    case SMTP_ENGINE_IDLE:
      smtp_engine_finish (self->engine, NULL);
      begin_operation (self);
      return smtp_engine_get_state (self->engine) != SMTP_CLIENT_STATE_CLOSED;
    case SMTP_ENGINE_FAILED:
    default:
      return FALSE;
    }
}

/* No line of the log, and no error, may hold what was sent in AUTH. */
static void
check_log (Session *self)
{
  g_autoptr (GPtrArray) log = smtp_engine_take_log (self->engine);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; log != NULL && i < log->len; i++)
    {
      const SmtpLogLine *line = g_ptr_array_index (log, i);

      g_assert (g_utf8_validate (line->text, -1, NULL));
      g_assert (strchr (line->text, '\n') == NULL && strchr (line->text, '\r') == NULL);
    }
  if (!smtp_engine_finish (self->engine, &error))
    g_assert (g_utf8_validate (error->message, -1, NULL));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  g_autoptr (SmtpEngine) engine = smtp_engine_new ("mail.example");
  gsize n_choices = MIN (size, CHOICES);
  Session session = { engine, data, n_choices, 0, (const char *) data + n_choices, size - n_choices };

  smtp_engine_set_log (engine, TRUE);
  smtp_engine_set_stay_open (engine, choose (&session, 2));
  smtp_engine_open (engine, choose (&session, 4), "me.example", NULL);
  for (guint i = 0; i < 2000 && take_step (&session); i++)
    ;
  check_log (&session);
  return 0;
}
