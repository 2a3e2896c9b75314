/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-engine-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-error.h"
#include "smtp-secret-memory.h"

/* Content that may wait in the output for more to travel with it. */
#define BODY_HOLD (16 * 1024)

/* Content that is taken into the output at once. */
#define BODY_LIMIT (64 * 1024)

/* A reply in an error message, at the most. */
#define QUOTED_REPLY 500

/* ---- state ---------------------------------------------------------------- */

#define BIT(state) (1u << SMTP_CLIENT_STATE_##state)
#define ENDED (BIT (CLOSED) | BIT (BROKEN))

/* Where each state may lead. */
static const guint transitions[] = {
  [SMTP_CLIENT_STATE_NEW]     = BIT (OPENING) | ENDED,
  [SMTP_CLIENT_STATE_OPENING] = BIT (READY) | ENDED,
  [SMTP_CLIENT_STATE_READY]   = BIT (MAIL) | ENDED,
  [SMTP_CLIENT_STATE_MAIL]    = BIT (READY) | BIT (RCPT) | ENDED,
  [SMTP_CLIENT_STATE_RCPT]    = BIT (READY) | BIT (DATA) | ENDED,
  [SMTP_CLIENT_STATE_DATA]    = BIT (READY) | ENDED,
  [SMTP_CLIENT_STATE_CLOSED]  = 0,
  [SMTP_CLIENT_STATE_BROKEN]  = 0,
};

void
smtp_engine_set_state (SmtpEngine      *self,
                       SmtpClientState  state)
{
  if (state == self->state)
    return;

  g_return_if_fail (transitions[self->state] & (1u << state));
  self->state = state;
}

SmtpEngine *
smtp_engine_new (const char *server_name)
{
  SmtpEngine *self = g_new0 (SmtpEngine, 1);

  self->server_name = g_strdup (server_name);
  self->capabilities = smtp_capability_set_new (NULL);
  smtp_reply_parser_init (&self->parser);
  self->line = g_string_new (NULL);
  return self;
}

void
smtp_engine_free (SmtpEngine *self)
{
  g_free (self->server_name);
  g_free (self->local_name);
  g_string_free (self->line, TRUE);
  smtp_output_clear (&self->out);
  smtp_reply_parser_clear (&self->parser);
  smtp_capability_set_unref (self->capabilities);
  smtp_mask_clear (&self->mask);
  g_clear_pointer (&self->withheld, g_bytes_unref);
  g_clear_pointer (&self->challenge, g_bytes_unref);
  g_clear_pointer (&self->challenge_text, smtp_secret_free);
  g_clear_pointer (&self->log, g_ptr_array_unref);
  g_clear_error (&self->op_error);
  g_clear_error (&self->failure);
  g_free (self);
}

void
smtp_engine_set_stay_open (SmtpEngine *self,
                           gboolean    stay_open)
{
  self->stay_open = stay_open;
}

/* ---- log ------------------------------------------------------------------ */

static void
log_line_free (gpointer data)
{
  SmtpLogLine *line = data;

  g_free (line->text);
  g_free (line);
}

/*< private >
 * Whether lines are kept for smtp_engine_take_log().
 */
void
smtp_engine_set_log (SmtpEngine *self,
                     gboolean    log)
{
  if (!log)
    g_clear_pointer (&self->log, g_ptr_array_unref);
  else if (self->log == NULL)
    self->log = g_ptr_array_new_with_free_func (log_line_free);
}

gboolean
smtp_engine_has_log (SmtpEngine *self)
{
  return self->log != NULL && self->log->len > 0;
}

/*< private >
 * Returns what was said since the last time, or NULL for nothing.
 */
GPtrArray *
smtp_engine_take_log (SmtpEngine *self)
{
  GPtrArray *log;

  if (self->log == NULL || self->log->len == 0)
    return NULL;

  log = g_steal_pointer (&self->log);
  smtp_engine_set_log (self, TRUE);
  return log;
}

/* Takes the text. */
void
smtp_engine_log (SmtpEngine    *self,
                 SmtpDirection  direction,
                 char          *text)
{
  SmtpLogLine *line = g_new (SmtpLogLine, 1);

  line->direction = direction;
  line->text = text;
  g_ptr_array_add (self->log, line);
}

static void
log_reply (SmtpEngine *self)
{
  const SmtpReplyData *reply = &self->parser.reply;
  g_auto (GStrv) lines = NULL;

  if (self->log == NULL)
    return;

  lines = g_strsplit (reply->text->str, "\n", -1);
  if (lines[0] == NULL) /* an empty text has no pieces */
    smtp_engine_log (self, SMTP_DIRECTION_RECEIVED, g_strdup_printf ("%u", reply->code));
  for (guint i = 0; lines[i] != NULL; i++)
    smtp_engine_log (self, SMTP_DIRECTION_RECEIVED,
                     g_strdup_printf ("%u%c%s", reply->code, lines[i + 1] != NULL ? '-' : ' ', lines[i]));
}

/*< private >
 * @dot: the content ended with it
 */
void
smtp_engine_log_content (SmtpEngine *self,
                         guint64     octets,
                         gboolean    dot)
{
  if (self->log == NULL)
    return;

  smtp_engine_log (self, SMTP_DIRECTION_SENT, g_strdup_printf ("[%" G_GUINT64_FORMAT " octets of content]", octets));
  if (dot)
    smtp_engine_log (self, SMTP_DIRECTION_SENT, g_strdup ("."));
}

/* ---- errors --------------------------------------------------------------- */

/* Takes the error. The first one of an operation stands. */
void
smtp_engine_set_error (SmtpEngine *self,
                       GError     *error)
{
  if (self->op_error == NULL)
    self->op_error = error;
  else
    g_error_free (error);
}

/* Takes the cause. With @verdict it is what the server said about what it was
 * asked first. */
static void
end_broken (SmtpEngine *self,
            GError     *cause,
            gboolean    verdict)
{
  if (self->failure != NULL || self->state == SMTP_CLIENT_STATE_CLOSED)
    {
      g_error_free (cause);
      return;
    }

  /* A transaction counts its own content. */
  if (self->state == SMTP_CLIENT_STATE_DATA && self->transactions == NULL && !self->content_ended)
    smtp_engine_log_content (self, self->content_octets, FALSE);

  self->failure = cause;
  smtp_engine_lose_transactions (self, cause, verdict);
  if (!self->op_over)
    smtp_engine_set_error (self, g_error_copy (cause));
  smtp_engine_end_auth (self);
  smtp_output_clear (&self->out);
  self->n_pending = 0;
  self->want_tls = FALSE;
  smtp_engine_set_state (self, SMTP_CLIENT_STATE_BROKEN);
}

/*< private >
 * Ends the connection for what the server said. Takes the cause.
 */
void
smtp_engine_break (SmtpEngine *self,
                   GError     *cause)
{
  end_broken (self, cause, TRUE);
}

static void
break_protocol (SmtpEngine *self,
                const char *what)
{
  smtp_engine_fail (self, g_error_new (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                                       "%s: %s", self->server_name, what));
}

static gboolean
content_was_written (SmtpEngine *self)
{
  return self->state == SMTP_CLIENT_STATE_DATA && self->transactions == NULL && self->content_ended &&
         smtp_output_length (&self->out) == 0;
}

/*< private >
 * Ends the connection with a cause that is not the server's verdict: a lost
 * connection, a time-out, a cancellation, a broken protocol. Takes the cause.
 */
void
smtp_engine_fail (SmtpEngine *self,
                  GError     *cause)
{
  if (self->failure == NULL && content_was_written (self))
    {
      GError *unknown = g_error_new (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN,
                                     _("The message was sent whole to %s, but whether it was accepted is unknown: %s"),
                                     self->server_name, cause->message);

      g_error_free (cause);
      cause = unknown;
    }

  end_broken (self, cause, FALSE);
}

/*< private >
 * Ends the connection on the caller's own wish.
 */
void
smtp_engine_close (SmtpEngine *self)
{
  if (self->state == SMTP_CLIENT_STATE_BROKEN || self->state == SMTP_CLIENT_STATE_CLOSED)
    return;

  if (self->transactions != NULL)
    {
      g_autoptr (GError) cause = g_error_new (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN,
                                              _("The connection to %s is closed"), self->server_name);

      smtp_engine_lose_transactions (self, cause, FALSE);
    }

  smtp_engine_end_auth (self);
  smtp_output_clear (&self->out);
  self->n_pending = 0;
  self->want_tls = FALSE;
  smtp_engine_set_state (self, SMTP_CLIENT_STATE_CLOSED);
}

/*< private >
 * Whether the connection has not ended: otherwise BROKEN with what ended it.
 */
gboolean
smtp_engine_check_usable (SmtpEngine *self,
                          GError    **error)
{
  if (self->failure != NULL)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN,
                 _("The connection to %s has ended: %s"), self->server_name, self->failure->message);
  else if (self->state == SMTP_CLIENT_STATE_CLOSED)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN,
                 _("The connection to %s is closed"), self->server_name);
  else
    return TRUE;

  return FALSE;
}

/*< private >
 * Begins an operation that does not begin with a command: what ends the
 * connection from here on is its error.
 */
void
smtp_engine_begin (SmtpEngine *self)
{
  self->op_over = FALSE;
}

/*< private >
 * Ends the operation: its result, for the caller to take.
 */
gboolean
smtp_engine_finish (SmtpEngine *self,
                    GError    **error)
{
  self->opening = FALSE;
  self->hold = 0;
  smtp_mask_clear (&self->mask);
  if (self->op_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&self->op_error));
  return FALSE;
}

/*< private >
 * The last reply as one line: "550 5.1.1 no such user".
 */
char *
smtp_engine_quote_reply (SmtpEngine *self)
{
  const SmtpReplyData *reply = &self->parser.reply;
  char *quoted;

  if (reply->text->len > QUOTED_REPLY)
    {
      g_autofree char *valid = g_utf8_make_valid (reply->text->str, QUOTED_REPLY);

      quoted = g_strdup_printf ("%u %s…", reply->code, valid);
    }
  else
    quoted = g_strchomp (g_strdup_printf ("%u %s", reply->code, reply->text->str));

  return g_strdelimit (quoted, "\n", ' ');
}

/* ---- output --------------------------------------------------------------- */

void
smtp_engine_append (SmtpEngine   *self,
                    gconstpointer bytes,
                    gsize         length)
{
  smtp_output_append (&self->out, bytes, length);
  self->queued += length;
}

/*< private >
 * Enters a reply to come into the ring.
 */
void
smtp_engine_expect (SmtpEngine  *self,
                    SmtpCommand  command)
{
  SmtpPending *pending;

  g_return_if_fail (self->n_pending < SMTP_MAX_PENDING);

  pending = &self->pending[(self->first_pending + self->n_pending) % SMTP_MAX_PENDING];
  pending->command = command;
  pending->transaction = NULL;
  pending->position = self->queued;
  if (self->n_pending++ == 0)
    self->progress++;
}

/*< private >
 * A reply that is awaited, the next first.
 */
SmtpPending *
smtp_engine_get_pending (SmtpEngine *self,
                         guint       i)
{
  return &self->pending[(self->first_pending + i) % SMTP_MAX_PENDING];
}

/*< private >
 * The reply that was entered last belongs to a transaction.
 */
void
smtp_engine_own_last (SmtpEngine      *self,
                      SmtpTransaction *transaction,
                      guint            index)
{
  SmtpPending *pending = smtp_engine_get_pending (self, self->n_pending - 1);

  pending->transaction = transaction;
  pending->index = index;
}

/*< private >
 * Queues a line that gets no reply of its own. @log is what the transcript
 * shows instead, NULL for the line itself.
 */
void
smtp_engine_append_line (SmtpEngine *self,
                         const char *line,
                         const char *log)
{
  smtp_engine_append (self, line, strlen (line));
  smtp_engine_append (self, "\r\n", 2);
  if (self->log != NULL)
    smtp_engine_log (self, SMTP_DIRECTION_SENT, g_strdup (log != NULL ? log : line));
}

/*< private >
 * The same, and expects its reply.
 */
void
smtp_engine_queue (SmtpEngine  *self,
                   SmtpCommand  command,
                   const char  *line,
                   const char  *log)
{
  smtp_engine_append_line (self, line, log);
  smtp_engine_expect (self, command);
}

/*< private >
 * The first of what is to be written, as far as it stands in one place.
 */
const guint8 *
smtp_engine_get_output (SmtpEngine *self,
                        gsize      *length)
{
  SmtpSpan span = { NULL, 0 };

  smtp_engine_get_spans (self, &span, 1);
  *length = span.length;
  return span.data;
}

/*< private >
 * The same, in as many places as there is room for. Returns their number.
 */
guint
smtp_engine_get_spans (SmtpEngine *self,
                       SmtpSpan   *spans,
                       guint       max)
{
  guint n = smtp_output_get_spans (&self->out, spans, max);
  gsize left = smtp_output_length (&self->out) - smtp_engine_get_withheld (self);

  for (guint i = 0; i < n; i++)
    {
      spans[i].length = MIN (spans[i].length, left);
      left -= spans[i].length;
    }

  return n > 0 && spans[n - 1].length == 0 ? n - 1 : n;
}

static void
count_sent (SmtpEngine *self)
{
  for (SmtpTransaction *t = self->transactions; t != NULL; t = t->next)
    {
      /* The dot is no content. */
      guint64 end = t->end > 0 ? t->end - (t->plan.bdat ? 0 : 3) : G_MAXUINT64;

      if (t->start > 0 && self->written > t->start)
        t->sent = MIN (self->written, end) - t->start;
    }
}

void
smtp_engine_wrote (SmtpEngine *self,
                   gsize       n)
{
  gboolean uploading;

  if (self->state == SMTP_CLIENT_STATE_BROKEN || n == 0)
    return;

  uploading = smtp_engine_get_uploading (self) != NULL;
  smtp_output_consume (&self->out, n);
  self->written += n;

  count_sent (self);

  /* A time-out counts per block of content, and for the verdict from the last
   * of it; for a command from its beginning, however slowly it leaves. */
  if (self->state == SMTP_CLIENT_STATE_DATA || uploading)
    self->progress++;

  if (self->leaving && smtp_output_length (&self->out) == 0)
    smtp_engine_close (self);
}

/*< private >
 * Says QUIT, and is gone without waiting for the answer.
 */
void
smtp_engine_leave (SmtpEngine *self)
{
  smtp_engine_append (self, "QUIT\r\n", strlen ("QUIT\r\n"));
  self->leaving = TRUE;
  if (self->log != NULL)
    smtp_engine_log (self, SMTP_DIRECTION_SENT, g_strdup ("QUIT"));
}

/* ---- content -------------------------------------------------------------- */

/*< private >
 * Takes as much content as there is room for.
 */
gsize
smtp_engine_body (SmtpEngine *self,
                  const char *bytes,
                  gsize       length)
{
  gsize before = smtp_output_length (&self->out);

  g_return_val_if_fail (self->state == SMTP_CLIENT_STATE_DATA && !self->content_ended, 0);

  if (before >= BODY_LIMIT)
    return 0;

  length = MIN (length, BODY_LIMIT - before);
  smtp_content_encode (&self->content, bytes, length, FALSE, &self->out);
  self->queued += smtp_output_length (&self->out) - before;
  self->content_octets += length;
  self->hold = BODY_HOLD;
  self->op_over = FALSE;
  return length;
}

/*< private >
 * Lets all content that was taken go out.
 */
void
smtp_engine_flush_body (SmtpEngine *self)
{
  self->hold = 0;
}

/*< private >
 * Ends the content. From here on the verdict is awaited.
 */
void
smtp_engine_end_body (SmtpEngine *self)
{
  gsize before = smtp_output_length (&self->out);

  g_return_if_fail (self->state == SMTP_CLIENT_STATE_DATA && !self->content_ended);

  smtp_content_end (&self->content, &self->out);
  smtp_output_append (&self->out, ".\r\n", 3);
  self->queued += smtp_output_length (&self->out) - before;
  self->content_ended = TRUE;
  self->hold = 0;
  self->op_over = FALSE;
  smtp_engine_expect (self, SMTP_COMMAND_CONTENT);
  smtp_engine_log_content (self, self->content_octets, TRUE);
}

/* ---- the step ------------------------------------------------------------- */

/*< private >
 * The transaction that content is wanted for, or NULL.
 */
SmtpTransaction *
smtp_engine_get_hungry (SmtpEngine *self)
{
  SmtpTransaction *transaction = self->transactions;

  while (transaction != NULL && transaction->stage == SMTP_TRANSACTION_VERDICT)
    transaction = transaction->next;

  return transaction != NULL && smtp_transaction_wants_content (transaction) ? transaction : NULL;
}

SmtpEngineWant
smtp_engine_next (SmtpEngine *self)
{
  if (self->transactions != NULL)
    smtp_engine_advance_transactions (self);

  if (self->state == SMTP_CLIENT_STATE_BROKEN)
    return SMTP_ENGINE_FAILED;

  /* Before what there is to write, as it is to be written in one. */
  if (self->n_transactions < self->room_limit && smtp_engine_check_transaction (self, TRUE, NULL))
    return SMTP_ENGINE_ROOM;

  if (smtp_output_length (&self->out) > MAX (self->hold, smtp_engine_get_withheld (self)))
    return SMTP_ENGINE_WRITE;

  if (self->want_tls)
    return SMTP_ENGINE_TLS;

  if (self->auth_stage != SMTP_AUTH_NONE && self->auth_stage != SMTP_AUTH_AWAITING)
    return SMTP_ENGINE_AUTH;

  if (smtp_engine_get_hungry (self) != NULL)
    return SMTP_ENGINE_BODY;

  if (self->n_pending > 0)
    return SMTP_ENGINE_READ;

  if (self->state == SMTP_CLIENT_STATE_DATA && self->transactions == NULL && !self->content_ended)
    return SMTP_ENGINE_BODY;

  return SMTP_ENGINE_IDLE;
}

/*< private >
 * Whether content is on its way, which a reply may stop.
 */
gboolean
smtp_engine_is_uploading (SmtpEngine *self)
{
  return self->state == SMTP_CLIENT_STATE_DATA || smtp_engine_get_uploading (self) != NULL;
}

gboolean
smtp_engine_has_transactions (SmtpEngine *self)
{
  return self->transactions != NULL;
}

SmtpPhase
smtp_engine_get_phase (SmtpEngine *self)
{
  if (smtp_engine_is_uploading (self) && smtp_output_length (&self->out) > 0)
    return SMTP_PHASE_BLOCK;

  if (self->n_pending > 0)
    return smtp_command_phase (self->pending[self->first_pending].command);

  return SMTP_PHASE_ORDINARY;
}

/*< private >
 * A number that changes whenever the time for the next reply begins anew. A
 * server that sends an octet now and then does not change it.
 */
guint
smtp_engine_get_progress (SmtpEngine *self)
{
  return self->progress;
}

/* ---- input ---------------------------------------------------------------- */

static void
set_reply_limits (SmtpEngine *self)
{
  SmtpCommand command = SMTP_COMMAND_NOOP;

  if (self->n_pending > 0)
    command = self->pending[self->first_pending].command;

  self->parser.max_line = self->auth_stage != SMTP_AUTH_NONE ? SMTP_REPLY_MAX_AUTH_LINE : SMTP_REPLY_MAX_LINE;
  self->parser.max_lines = smtp_command_max_lines (command);
}

/* 421 may come at any time, in place of a reply or unasked. It is a verdict,
 * too: what was sent was not accepted. */
static void
take_service_closed (SmtpEngine *self)
{
  g_autofree char *quoted = smtp_engine_quote_reply (self);

  smtp_engine_break (self, g_error_new (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_SERVICE_CLOSED,
                                        _("%s closes the connection: %s"), self->server_name, quoted));
}

/* A reply while the command it would belong to is still on its way here. In
 * the middle of content a refusal is what servers send when they have seen
 * enough; the connection ends all the same, as it must end without the dot. */
static void
take_early_reply (SmtpEngine *self)
{
  SmtpTransaction *uploading = smtp_engine_get_uploading (self);
  g_autofree char *quoted = NULL;

  if (uploading != NULL && self->parser.reply.code >= 400)
    {
      smtp_transaction_refuse (self, uploading);
      return;
    }

  if (self->transactions == NULL && self->state == SMTP_CLIENT_STATE_DATA && self->parser.reply.code >= 400)
    {
      smtp_engine_break (self, smtp_command_refusal (self, SMTP_COMMAND_CONTENT));
      return;
    }

  quoted = smtp_engine_quote_reply (self);
  smtp_engine_break (self, g_error_new (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                                        _("%s sent a reply that nobody asked for: %s"),
                                        self->server_name, quoted));
}

/* A challenge is for the mechanism alone, and it must have it as it came, even
 * where it repeats what was sent. */
static const char *
hide_challenge (SmtpEngine *self)
{
  GString *text = self->parser.reply.text;

  smtp_secret_free (self->challenge_text);
  self->challenge_text = smtp_secret_strdup (text->str);
  explicit_bzero (text->str, text->len);
  return SMTP_MASKED;
}

static void
take_reply (SmtpEngine *self)
{
  SmtpPending *pending = &self->pending[self->first_pending];

  self->n_replies++;
  self->progress++;
  if (self->parser.reply.code == 334)
    g_string_assign (self->parser.reply.text, hide_challenge (self));
  else
    smtp_mask_apply (&self->mask, self->parser.reply.text);
  log_reply (self);

  if (self->parser.reply.code == 421)
    {
      take_service_closed (self);
      return;
    }

  if (self->n_pending == 0 || pending->position > self->written)
    {
      take_early_reply (self);
      return;
    }

  self->first_pending = (self->first_pending + 1) % SMTP_MAX_PENDING;
  self->n_pending--;
  if (pending->transaction != NULL)
    smtp_transaction_respond (self, pending->transaction, pending->command, pending->index);
  else
    smtp_command_respond (self, pending->command);
  if (self->n_pending == 0)
    self->assumed = self->state;
  self->op_over = smtp_engine_next (self) == SMTP_ENGINE_IDLE;
}

/* RFC 3207 §6: whatever stands behind the reply to STARTTLS was not protected,
 * yet would be read as if it were. */
static gboolean
refuse_injection (SmtpEngine *self)
{
  if (!self->want_tls)
    return FALSE;

  break_protocol (self, _("octets in clear text behind the reply to STARTTLS: "
                          "somebody may be tampering with the connection"));
  return TRUE;
}

/* The message quotes the line, and during AUTH the line may quote a secret. */
static void
take_malformed (SmtpEngine *self,
                const char *what)
{
  if (self->mask.secrets != NULL)
    what = _("a malformed reply during authentication");
  break_protocol (self, what);
}

/*< private >
 * Octets from the server. They may come at any time; those that nobody waits
 * for break the connection.
 */
void
smtp_engine_feed (SmtpEngine *self,
                  const char *bytes,
                  gsize       length)
{
  g_autoptr (GError) error = NULL;

  while (length > 0 && self->failure == NULL && self->state != SMTP_CLIENT_STATE_CLOSED)
    {
      SmtpParseResult result;
      gsize consumed;

      if (refuse_injection (self))
        return;

      set_reply_limits (self);
      result = smtp_reply_parser_feed (&self->parser, bytes, length, &consumed, &error);
      bytes += consumed;
      length -= consumed;
      if (result == SMTP_PARSE_REPLY)
        take_reply (self);
      else if (result == SMTP_PARSE_ERROR)
        take_malformed (self, error->message);
    }
}

/*< private >
 * The server has ended its side. Returns whether that was to be expected:
 * after QUIT it is. Otherwise the caller says what to smtp_engine_fail().
 */
gboolean
smtp_engine_feed_eof (SmtpEngine *self)
{
  if (self->state == SMTP_CLIENT_STATE_CLOSED)
    return TRUE;

  if (self->n_pending == 0 || self->pending[self->first_pending].command != SMTP_COMMAND_QUIT)
    return FALSE;

  smtp_engine_close (self);
  return TRUE;
}

/* ---- TLS ------------------------------------------------------------------ */

/*< private >
 * The stream that the caller brought is secured already.
 */
void
smtp_engine_set_tls (SmtpEngine *self)
{
  self->tls = TRUE;
}

/*< private >
 * The connection is being made.
 */
void
smtp_engine_set_opening (SmtpEngine *self)
{
  smtp_engine_set_state (self, SMTP_CLIENT_STATE_OPENING);
}

void
smtp_engine_want_tls (SmtpEngine *self)
{
  self->want_tls = TRUE;
}

/*< private >
 * The handshake is done. All that was learnt before it is forgotten, and the
 * server is greeted (implicit TLS) or introduced to again (STARTTLS).
 */
void
smtp_engine_tls_done (SmtpEngine *self)
{
  g_return_if_fail (self->want_tls);

  self->want_tls = FALSE;
  self->tls = TRUE;
  self->progress++;
  if (self->security == SMTP_SECURITY_TLS)
    smtp_engine_expect (self, SMTP_COMMAND_GREETING);
  else
    smtp_command_greet (self);
}

/* ---- what is known -------------------------------------------------------- */

SmtpClientState
smtp_engine_get_state (SmtpEngine *self)
{
  return self->state;
}

gboolean
smtp_engine_is_authenticated (SmtpEngine *self)
{
  return self->authenticated;
}

SmtpCapabilitySet *
smtp_engine_get_capabilities (SmtpEngine *self)
{
  return self->capabilities;
}

void
smtp_engine_set_capabilities (SmtpEngine *self,
                              const char *ehlo_text)
{
  smtp_capability_set_unref (self->capabilities);
  self->capabilities = smtp_capability_set_new (ehlo_text);
}

/*< private >
 * The last reply, whole; NULL before the first.
 */
const SmtpReplyData *
smtp_engine_get_reply (SmtpEngine *self)
{
  return self->n_replies > 0 && self->parser.complete ? &self->parser.reply : NULL;
}

guint
smtp_engine_get_reply_count (SmtpEngine *self)
{
  return self->n_replies;
}

/*< private >
 * Messages that were begun.
 */
guint
smtp_engine_get_n_messages (SmtpEngine *self)
{
  return self->n_messages;
}

const GError *
smtp_engine_get_failure (SmtpEngine *self)
{
  return self->failure;
}
