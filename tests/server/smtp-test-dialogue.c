/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server's half of the protocol, without any I/O: octets in, steps out.
 * Here are its life, its lines and its replies; the commands, the AUTH
 * exchange and the content have files of their own. */

#include "smtp-test-dialogue-private.h"

#include <string.h>

/* Beyond any line a client may send, tokens included. */
#define MAX_LINE (64 * 1024)

void
smtp_test_step_clear (SmtpTestStep *step)
{
  g_clear_pointer (&step->reply, g_bytes_unref);
  *step = (SmtpTestStep) { 0, };
}

SmtpTestDialogue *
smtp_test_dialogue_new (SmtpTestConfig *config,
                        SmtpTestScript *script,
                        SmtpTestRecord *record)
{
  SmtpTestDialogue *self = g_new0 (SmtpTestDialogue, 1);

  self->config = smtp_test_config_ref (config);
  self->script = script;
  self->record = record;
  self->recipients = g_ptr_array_new_with_free_func (g_free);
  self->recipient_params = g_ptr_array_new_with_free_func (g_free);

  return self;
}

void
smtp_test_dialogue_free (SmtpTestDialogue *self)
{
  smtp_test_dialogue_reset (self);
  g_ptr_array_unref (self->recipients);
  g_ptr_array_unref (self->recipient_params);
  g_clear_pointer (&self->auth, smtp_test_auth_free);
  g_free (self->client_name);
  g_free (self->authenticated_as);
  g_free (self->tls_unique);
  g_free (self->tls_exporter);
  g_free (self->verb);
  g_free (self->argument);
  g_free (self->path);
  g_free (self->params);
  smtp_test_config_unref (self->config);
  g_free (self);
}

/* Forgets the transaction. */
void
smtp_test_dialogue_reset (SmtpTestDialogue *self)
{
  g_clear_pointer (&self->sender, g_free);
  g_clear_pointer (&self->sender_params, g_free);
  g_ptr_array_set_size (self->recipients, 0);
  g_ptr_array_set_size (self->recipient_params, 0);
  g_clear_pointer (&self->content, smtp_test_content_free);
  self->answered = FALSE;
  self->chunks_refused = FALSE;
}

/* ---- replies ---------------------------------------------------------------- */

static GBytes *
line_to_bytes (const char *reply)
{
  char *line = g_strconcat (reply, "\r\n", NULL);

  return g_bytes_new_take (line, strlen (line));
}

static GBytes *
join_bytes (GBytes *first,
            GBytes *second)
{
  GByteArray *array = g_byte_array_new ();
  gsize size;
  const guint8 *data;

  data = g_bytes_get_data (first, &size);
  g_byte_array_append (array, data, size);
  data = g_bytes_get_data (second, &size);
  g_byte_array_append (array, data, size);

  return g_byte_array_free_to_bytes (array);
}

static gboolean
begins_with (GBytes     *bytes,
             const char *prefix)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  return size >= strlen (prefix) && strncmp (data, prefix, strlen (prefix)) == 0;
}

static void
send_reply (SmtpTestDialogue *self,
            GBytes           *reply,
            SmtpTestCue      *cue,
            EffectFunc        effect,
            SmtpTestStep     *step)
{
  if (effect != NULL && begins_with (reply, "2"))
    effect (self, '2', step);
  else if (effect != NULL && begins_with (reply, "3"))
    effect (self, '3', step);

  /* RFC 5321 §3.8: the server closes behind 421. */
  if (begins_with (reply, "421"))
    step->action = SMTP_TEST_ACTION_CLOSE;

  step->split = cue->split;
  step->reply = cue->append != NULL ? join_bytes (reply, cue->append) : g_bytes_ref (reply);
}

static void
send_line (SmtpTestDialogue *self,
           const char       *line,
           SmtpTestCue      *cue,
           EffectFunc        effect,
           SmtpTestStep     *step)
{
  g_autoptr (GBytes) bytes = line_to_bytes (line);

  send_reply (self, bytes, cue, effect, step);
}

static void
drop (SmtpTestDialogue *self,
      SmtpTestCue      *cue,
      EffectFunc        effect,
      SmtpTestStep     *step)
{
  if (cue->accept && effect != NULL)
    effect (self, '2', step);
  step->action = SMTP_TEST_ACTION_DROP;
}

/* Every reply comes through here. @reply is the normal one; the script has
 * the last word, and @effect follows only what was really said.
 * @alias: (nullable): another name the script may use for @verb. */
void
smtp_test_dialogue_answer (SmtpTestDialogue *self,
                           const char       *verb,
                           const char       *alias,
                           const char       *reply,
                           EffectFunc        effect,
                           SmtpTestStep     *step)
{
  g_auto (SmtpTestCue) cue = { 0, };

  if (self->silent)
    return;

  smtp_test_script_take (self->script, verb, alias, &cue);
  step->delay = cue.delay;
  switch (cue.answer)
    {
    case SMTP_TEST_CUE_REPLY:
      send_reply (self, cue.reply, &cue, effect, step);
      break;

    case SMTP_TEST_CUE_DROP:
      drop (self, &cue, effect, step);
      break;

    case SMTP_TEST_CUE_SILENCE:
      self->silent = TRUE;
      break;

    case SMTP_TEST_CUE_FLOOD:
      step->action = SMTP_TEST_ACTION_FLOOD;
      step->flood = cue.flood;
      break;

    case SMTP_TEST_CUE_NONE:
    case SMTP_TEST_CUE_DELAY:
    case SMTP_TEST_CUE_SPLIT:
    case SMTP_TEST_CUE_APPEND:
    default:
      send_line (self, reply, &cue, effect, step);
      break;
    }
}

/* ---- the beginning ------------------------------------------------------------ */

static void
welcome (SmtpTestDialogue *self,
         char              digit,
         SmtpTestStep     *step)
{
  self->refused = FALSE;
}

static void
greet (SmtpTestDialogue *self,
       SmtpTestStep     *step)
{
  self->refused = TRUE;
  smtp_test_dialogue_answer (self, "GREETING", NULL, self->config->greeting, welcome, step);
}

/* The first step of a connection. */
void
smtp_test_dialogue_start (SmtpTestDialogue *self,
                          SmtpTestStep     *step)
{
  if (self->config->tls_mode != SMTP_TEST_TLS_IMPLICIT)
    greet (self, step);
  else if (smtp_test_script_take_bad_handshake (self->script))
    self->phase = PHASE_GARBAGE;
  else
    step->action = SMTP_TEST_ACTION_HANDSHAKE;
}

/* What binds an authentication to this TLS connection, in base64; before
 * smtp_test_dialogue_tls_done(). */
void
smtp_test_dialogue_take_bindings (SmtpTestDialogue *self,
                                  char             *tls_unique,
                                  char             *tls_exporter)
{
  g_free (self->tls_unique);
  g_free (self->tls_exporter);
  self->tls_unique = tls_unique;
  self->tls_exporter = tls_exporter;
}

/* Whether the client has shown a certificate, any of which will do;
 * before smtp_test_dialogue_tls_done(). */
void
smtp_test_dialogue_set_certified (SmtpTestDialogue *self,
                                  gboolean          has_certificate)
{
  self->has_certificate = has_certificate;
}

/* RFC 3207 §4.2: nothing from before TLS counts. */
void
smtp_test_dialogue_tls_done (SmtpTestDialogue *self,
                             SmtpTestStep     *step)
{
  self->tls = TRUE;
  smtp_test_dialogue_reset (self);
  g_clear_pointer (&self->client_name, g_free);
  g_clear_pointer (&self->authenticated_as, g_free);

  if (self->config->tls_mode == SMTP_TEST_TLS_IMPLICIT)
    greet (self, step);
}

/* ---- lines -------------------------------------------------------------------- */

/* A client that expects a ServerHello meets this once its own has come; the
 * connection stays open. */
static gboolean
feed_garbage (SmtpTestDialogue *self,
              gsize             size,
              gsize            *taken,
              SmtpTestStep     *step)
{
  *taken = size;
  if (size > 0 && !self->silent)
    {
      step->reply = line_to_bytes ("This is no TLS record");
      step->action = SMTP_TEST_ACTION_FLUSH;
      self->silent = TRUE;
    }

  return size > 0;
}

static void
handle_line (SmtpTestDialogue *self,
             const char       *line,
             SmtpTestStep     *step)
{
  if (self->phase == PHASE_AUTH)
    smtp_test_dialogue_auth_line (self, line, step);
  else
    smtp_test_dialogue_command (self, line, step);
}

/* @size is what stands before the LF. */
static void
take_line (SmtpTestDialogue *self,
           const guint8     *data,
           gsize             size,
           SmtpTestStep     *step)
{
  gboolean bare = size == 0 || data[size - 1] != '\r';
  g_autofree char *line = g_utf8_make_valid ((const char *) data, bare ? size : size - 1);

  smtp_test_record_add_command (self->record, line);
  if (bare)
    smtp_test_dialogue_answer (self, "*", NULL, "500 5.5.2 Bare LF", NULL, step);
  else
    handle_line (self, line, step);
}

static gboolean
feed_line (SmtpTestDialogue *self,
           const guint8     *data,
           gsize             size,
           gsize            *taken,
           SmtpTestStep     *step)
{
  const guint8 *lf = size > 0 ? memchr (data, '\n', size) : NULL;

  if (lf != NULL)
    {
      *taken = lf - data + 1;
      take_line (self, data, lf - data, step);
      return TRUE;
    }

  if (size > MAX_LINE)
    {
      *taken = size;
      smtp_test_dialogue_answer (self, "*", NULL, "421 4.5.2 Line too long", NULL, step);
      return TRUE;
    }

  return FALSE;
}

/* Takes one command, or a piece of the content, from the front of @data, and
 * says in @step what follows from it. Returns FALSE when nothing can be done
 * before more has come. */
gboolean
smtp_test_dialogue_feed (SmtpTestDialogue *self,
                         const guint8     *data,
                         gsize             size,
                         gsize            *taken,
                         SmtpTestStep     *step)
{
  *taken = 0;
  switch (self->phase)
    {
    case PHASE_DATA:
    case PHASE_CHUNK:
      return smtp_test_dialogue_feed_content (self, data, size, taken, step);

    case PHASE_GARBAGE:
      return feed_garbage (self, size, taken, step);

    case PHASE_COMMAND:
    case PHASE_AUTH:
    default:
      return feed_line (self, data, size, taken, step);
    }
}
