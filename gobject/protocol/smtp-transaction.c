/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-transaction.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-engine-private.h"
#include "smtp-error.h"

/* Commands that wait to be written; more are made when these have left. So a
 * message of any number of recipients needs no more memory than one of a few,
 * and the replies are read as they come. */
#define COMMAND_LIMIT (64 * 1024)

/* Content that is looked at in one go, and content that is queued at once. Of
 * what must be copied, as it is changed, only one step is queued: the output
 * keeps memory for no more, and to get it anew each time would cost more than
 * all the rest. */
#define CONTENT_STEP (256 * 1024)
#define CONTENT_LIMIT (256 * 1024)

/* ---- sending -------------------------------------------------------------- */

static void
send_line (SmtpEngine      *self,
           SmtpTransaction *transaction,
           SmtpCommand      command,
           guint            index,
           GString         *line)
{
  smtp_engine_queue (self, command, line->str, NULL);
  smtp_engine_own_last (self, transaction, index);
}

static void
send_reset (SmtpEngine      *self,
            SmtpTransaction *transaction)
{
  g_string_assign (self->line, "RSET");
  send_line (self, transaction, SMTP_COMMAND_RSET, 0, self->line);
}

static void
send_mail (SmtpEngine      *self,
           SmtpTransaction *transaction)
{
  self->n_messages++;
  g_string_truncate (self->line, 0);
  smtp_envelope_append_mail (transaction->envelope, &transaction->plan, self->line);
  send_line (self, transaction, SMTP_COMMAND_MAIL, 0, self->line);
  transaction->stage = SMTP_TRANSACTION_RCPT;
}

static void
send_rcpt (SmtpEngine      *self,
           SmtpTransaction *transaction)
{
  guint index = transaction->asked++;

  g_string_truncate (self->line, 0);
  smtp_envelope_append_rcpt (g_ptr_array_index (transaction->envelope->recipients, index),
                             &transaction->plan, self->line);
  send_line (self, transaction, SMTP_COMMAND_RCPT, index, self->line);
  if (transaction->asked == transaction->envelope->recipients->len)
    transaction->stage = SMTP_TRANSACTION_COMMAND;
}

/* BDAT itself is answered behind its content, so no reply is awaited yet. */
static void
send_bdat (SmtpEngine      *self,
           SmtpTransaction *transaction)
{
  g_string_printf (self->line, "BDAT %" G_GINT64_FORMAT " LAST", transaction->plan.size);
  smtp_engine_append_line (self, self->line->str, NULL);
  transaction->start = self->queued;
  transaction->content.unstuffed = TRUE;
  transaction->content.binary = transaction->envelope->body == SMTP_BODY_BINARYMIME;
  transaction->stage = SMTP_TRANSACTION_CONTENT;
}

static void
send_data (SmtpEngine      *self,
           SmtpTransaction *transaction)
{
  g_string_assign (self->line, "DATA");
  send_line (self, transaction, SMTP_COMMAND_DATA, 0, self->line);
  transaction->stage = SMTP_TRANSACTION_GO;
}

/* Content goes when somebody will have it, or when it is sound to send it
 * before that is known. */
static void
send_content_command (SmtpEngine      *self,
                      SmtpTransaction *transaction)
{
  gboolean known = transaction->answered == transaction->envelope->recipients->len;

  if (!known && !transaction->plan.early_content)
    return;

  if (transaction->plan.bdat)
    send_bdat (self, transaction);
  else
    send_data (self, transaction);
}

/* ---- content -------------------------------------------------------------- */

static void
fail_content (SmtpEngine *self,
              GError     *error)
{
  g_prefix_error (&error, "%s: ", self->server_name);
  smtp_engine_fail (self, error);
}

/* What was promised on MAIL, or is not allowed on the wire, and comes to light
 * when it is too late for anything but to drop the connection. */
static gboolean
check_content (SmtpEngine      *self,
               SmtpTransaction *transaction)
{
  const SmtpPlan *plan = &transaction->plan;
  const SmtpLineState *lines = &transaction->content.lines;
  guint64 size = self->queued - transaction->start;
  gboolean whole = transaction->last && transaction->length == 0;

  if (plan->forbid_8bit && lines->eight_bit)
    fail_content (self, g_error_new (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED,
                                     _("the content has octets over 127, which the server does not take")));
  else if (plan->forbid_long_lines && lines->long_line)
    fail_content (self, g_error_new (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                                     _("the content has a line of more than %d octets"), SMTP_MAX_LINE));
  else if (plan->bdat && (size > (guint64) plan->size || (whole && size < (guint64) plan->size)))
    fail_content (self, g_error_new (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                                     _("the content does not have the %" G_GINT64_FORMAT " octets it was said to have, "
                                       "or they are not lines that end in CRLF"), plan->size));
  else
    return TRUE;

  return FALSE;
}

static void
end_content (SmtpEngine      *self,
             SmtpTransaction *transaction)
{
  gboolean bdat = transaction->plan.bdat;

  if (!bdat)
    smtp_engine_append (self, ".\r\n", 3);
  smtp_engine_expect (self, bdat ? SMTP_COMMAND_BDAT : SMTP_COMMAND_CONTENT);
  smtp_engine_own_last (self, transaction, 0);
  transaction->end = self->queued;
  transaction->stage = SMTP_TRANSACTION_VERDICT;
  smtp_engine_log_content (self, self->queued - transaction->start - (bdat ? 0 : 3), !bdat);
}

static gsize
encode_content (SmtpEngine      *self,
                SmtpTransaction *transaction)
{
  gsize length = transaction->clean ? transaction->length : MIN (transaction->length, CONTENT_STEP);

  if (transaction->clean)
    smtp_output_share (&self->out, transaction->bytes, length);
  else
    smtp_content_encode (&transaction->content, transaction->bytes, length, TRUE, &self->out);
  return length;
}

/* Takes what is at hand, one step of it at a time: the octets leave while they
 * are still in the processor's cache. */
static void
send_content (SmtpEngine      *self,
              SmtpTransaction *transaction)
{
  gsize before = smtp_output_length (&self->out);
  gsize taken = encode_content (self, transaction);

  /* The end may come without octets, and then with NULL: no offset to that. */
  if (taken > 0)
    transaction->bytes += taken;
  transaction->length -= taken;
  if (transaction->last && transaction->length == 0 && !transaction->clean)
    smtp_content_end (&transaction->content, &self->out);
  self->queued += smtp_output_length (&self->out) - before;

  if (check_content (self, transaction) && transaction->last && transaction->length == 0)
    end_content (self, transaction);
}

/*< private >
 * Whether the transaction waits for smtp_transaction_give_content().
 */
gboolean
smtp_transaction_wants_content (SmtpTransaction *transaction)
{
  return transaction->stage == SMTP_TRANSACTION_CONTENT && transaction->length == 0 && !transaction->last;
}

/*< private >
 * Hands over content, which must stay until the transaction wants more or is
 * over.
 */
void
smtp_transaction_give_content (SmtpTransaction *transaction,
                               const char      *bytes,
                               gsize            length,
                               gboolean         last)
{
  g_return_if_fail (transaction->length == 0 && !transaction->last);

  transaction->bytes = bytes;
  transaction->length = length;
  transaction->last = last;
}

/* ---- the step ------------------------------------------------------------- */

static gboolean
has_room (SmtpEngine      *self,
          SmtpTransaction *transaction)
{
  if (!transaction->plan.pipelining)
    return self->n_pending == 0;

  /* One place stays free for what belongs to the last command. */
  return self->n_pending < SMTP_MAX_PENDING - 1 && smtp_output_length (&self->out) < COMMAND_LIMIT;
}

static gboolean
has_room_for_content (SmtpEngine *self)
{
  return smtp_output_length (&self->out) < CONTENT_LIMIT &&
         smtp_output_get_copied (&self->out) < CONTENT_STEP;
}

static gboolean
has_outstanding (SmtpEngine      *self,
                 SmtpTransaction *transaction)
{
  for (guint i = 0; i < self->n_pending; i++)
    {
      if (smtp_engine_get_pending (self, i)->transaction == transaction)
        return TRUE;
    }

  return FALSE;
}

/* It will not be delivered. What is left of it on the server is dropped, but
 * for a transaction behind it, which begins with that anyway. */
static void
wind_up (SmtpEngine      *self,
         SmtpTransaction *transaction)
{
  if (has_outstanding (self, transaction))
    return;

  if (transaction->in_mail && transaction->next == NULL)
    {
      send_reset (self, transaction);
      transaction->stage = SMTP_TRANSACTION_RESET;
    }
  else
    smtp_engine_end_transaction (self, transaction);
}

/* Does what can be done without another reply. Returns whether it did. */
static gboolean
step (SmtpEngine      *self,
      SmtpTransaction *transaction)
{
  SmtpTransactionStage stage = transaction->stage;
  guint64 queued = self->queued;

  switch (stage)
    {
    case SMTP_TRANSACTION_MAIL:
      if (has_room (self, transaction) && transaction->reset)
        {
          send_reset (self, transaction);
          transaction->reset = FALSE;
        }
      else if (has_room (self, transaction))
        send_mail (self, transaction);
      break;
    case SMTP_TRANSACTION_RCPT:
      if (has_room (self, transaction))
        send_rcpt (self, transaction);
      break;
    case SMTP_TRANSACTION_COMMAND:
      if (has_room (self, transaction))
        send_content_command (self, transaction);
      break;
    case SMTP_TRANSACTION_CONTENT:
      if (has_room_for_content (self) && !smtp_transaction_wants_content (transaction))
        send_content (self, transaction);
      break;
    case SMTP_TRANSACTION_FAILED:
      wind_up (self, transaction);
      break;
    default:
      break;
    }

  return self->state != SMTP_CLIENT_STATE_BROKEN &&
         (transaction->stage != stage || self->queued != queued);
}

/*< private >
 * Queues what the transactions have to say now.
 */
void
smtp_engine_advance_transactions (SmtpEngine *self)
{
  SmtpTransaction *transaction = self->transactions;

  while (transaction != NULL && self->state != SMTP_CLIENT_STATE_BROKEN)
    {
      SmtpTransaction *next = transaction->next;

      while (transaction->stage != SMTP_TRANSACTION_OVER && step (self, transaction))
        ;

      /* The next one goes behind the whole of this one. */
      if (transaction->stage < SMTP_TRANSACTION_VERDICT)
        return;
      transaction = next;
    }
}

/* ---- replies -------------------------------------------------------------- */

static void
keep_answer (SmtpEngine *self,
             SmtpAnswer *answer)
{
  const SmtpReplyData *reply = &self->parser.reply;

  g_free (answer->text);
  answer->code = reply->code;
  memcpy (answer->enhanced, reply->enhanced, sizeof answer->enhanced);
  answer->text = g_strndup (reply->text->str, reply->text->len);
}

static gboolean
is_positive (SmtpEngine *self)
{
  return self->parser.reply.code / 100 == 2;
}

/* The first refusal is what the message failed for. */
static void
keep_refusal (SmtpEngine      *self,
              SmtpTransaction *transaction,
              SmtpCommand      command)
{
  if (transaction->error != NULL)
    return;

  transaction->error = smtp_command_refusal (self, command);
  keep_answer (self, &transaction->answer);
}

/* And which recipient it was, as there may be many. */
static void
keep_refused_recipient (SmtpEngine              *self,
                        SmtpTransaction         *transaction,
                        const SmtpRecipientData *recipient)
{
  gboolean first = transaction->error == NULL;

  keep_refusal (self, transaction, SMTP_COMMAND_RCPT);
  if (first)
    g_prefix_error (&transaction->error, "%s: ", recipient->address);
}

/* It must not be delivered, whatever the server says from now on. While its
 * content is still on its way there is no end to it but that of the
 * connection. */
static void
give_up (SmtpEngine      *self,
         SmtpTransaction *transaction)
{
  transaction->hopeless = TRUE;
  transaction->outcome = SMTP_OUTCOME_REJECTED;
  if (transaction->stage < SMTP_TRANSACTION_GO)
    transaction->stage = SMTP_TRANSACTION_FAILED;
  else if (transaction->start > 0 && (transaction->end == 0 || self->written < transaction->end))
    smtp_engine_break (self, g_error_copy (transaction->error));
}

/* A reply that is neither yes nor no. */
static gboolean
is_unexpected (SmtpEngine *self)
{
  guint code = self->parser.reply.code;

  if (code >= 400 || is_positive (self))
    return FALSE;

  smtp_command_break_unexpected (self);
  return TRUE;
}

static void
rsp_reset (SmtpEngine      *self,
           SmtpTransaction *transaction)
{
  if (!is_positive (self))
    smtp_command_break_unexpected (self);
  else
    smtp_engine_set_state (self, SMTP_CLIENT_STATE_READY);

  if (transaction->stage == SMTP_TRANSACTION_RESET)
    smtp_engine_end_transaction (self, transaction);
}

static void
rsp_mail (SmtpEngine      *self,
          SmtpTransaction *transaction)
{
  if (is_unexpected (self))
    return;

  if (is_positive (self))
    {
      transaction->in_mail = TRUE;
      smtp_engine_set_state (self, SMTP_CLIENT_STATE_MAIL);
      return;
    }

  keep_refusal (self, transaction, SMTP_COMMAND_MAIL);
  give_up (self, transaction);
}

static void
rsp_rcpt (SmtpEngine      *self,
          SmtpTransaction *transaction,
          guint            index)
{
  const SmtpEnvelope *envelope = transaction->envelope;
  SmtpRecipientData *recipient = g_ptr_array_index (envelope->recipients, index);

  if (is_unexpected (self))
    return;

  keep_answer (self, &recipient->answer);
  transaction->answered++;
  recipient->accepted = is_positive (self) && transaction->in_mail;
  if (recipient->accepted)
    {
      transaction->accepted++;
      smtp_engine_set_state (self, SMTP_CLIENT_STATE_RCPT);
      return;
    }

  if (!transaction->hopeless)
    {
      /* The final reply, when one comes, is another. */
      keep_refused_recipient (self, transaction, recipient);
      if (envelope->policy == SMTP_RECIPIENTS_ALL ||
          (transaction->answered == envelope->recipients->len && transaction->accepted == 0))
        give_up (self, transaction);
    }
}

/* Nobody is to have it, but the server waits for a content. A dot ends it. */
static void
send_lone_dot (SmtpEngine      *self,
               SmtpTransaction *transaction)
{
  transaction->last = TRUE;
  transaction->length = 0;
  end_content (self, transaction);
}

static void
rsp_data (SmtpEngine      *self,
          SmtpTransaction *transaction)
{
  guint code = self->parser.reply.code;

  if (code >= 400)
    {
      g_clear_error (transaction->hopeless ? NULL : &transaction->error);
      keep_refusal (self, transaction, SMTP_COMMAND_DATA);
      transaction->hopeless = TRUE;
      transaction->outcome = SMTP_OUTCOME_REJECTED;
      transaction->stage = SMTP_TRANSACTION_FAILED;
      return;
    }

  if (code / 100 != 3)
    {
      smtp_command_break_unexpected (self);
      return;
    }

  smtp_engine_set_state (self, transaction->in_mail && transaction->accepted > 0 ? SMTP_CLIENT_STATE_DATA : self->state);
  transaction->start = self->queued;
  transaction->stage = SMTP_TRANSACTION_CONTENT;
  if (transaction->hopeless)
    send_lone_dot (self, transaction);
}

/* What was said about some recipients is kept with them; the message itself
 * was accepted. */
static void
accept_message (SmtpEngine      *self,
                SmtpTransaction *transaction)
{
  g_clear_error (&transaction->error);
  keep_answer (self, &transaction->answer);
  transaction->outcome = transaction->accepted == transaction->envelope->recipients->len
                           ? SMTP_OUTCOME_ACCEPTED
                           : SMTP_OUTCOME_PARTIAL;
}

static void
rsp_content (SmtpEngine      *self,
             SmtpTransaction *transaction,
             SmtpCommand      command)
{
  gboolean over = command == SMTP_COMMAND_CONTENT;

  if (is_unexpected (self))
    return;

  if (is_positive (self) && !transaction->hopeless)
    {
      accept_message (self, transaction);
      over = TRUE;
    }
  else if (!transaction->hopeless)
    {
      g_clear_error (&transaction->error);
      keep_refusal (self, transaction, command);
      transaction->outcome = SMTP_OUTCOME_REJECTED;
    }

  /* After a refused BDAT the transaction may be open still. */
  transaction->hopeless = !over;
  if (over)
    smtp_engine_set_state (self, SMTP_CLIENT_STATE_READY);
  transaction->in_mail &= !over;
  transaction->stage = SMTP_TRANSACTION_FAILED;
  wind_up (self, transaction);
}

/*< private >
 * A reply to a command of the transaction.
 */
void
smtp_transaction_respond (SmtpEngine      *self,
                          SmtpTransaction *transaction,
                          SmtpCommand      command,
                          guint            index)
{
  switch (command)
    {
    case SMTP_COMMAND_RSET:
      rsp_reset (self, transaction);
      break;
    case SMTP_COMMAND_MAIL:
      rsp_mail (self, transaction);
      break;
    case SMTP_COMMAND_RCPT:
      rsp_rcpt (self, transaction, index);
      break;
    case SMTP_COMMAND_DATA:
      rsp_data (self, transaction);
      break;
    default:
      rsp_content (self, transaction, command);
      break;
    }
}

/*< private >
 * How many octets at the end of the output must not leave yet. BDAT is complete
 * with the last octet it announced: a server that had it could deliver what may
 * turn out to be too long, and would answer before it is known to be the end.
 */
gsize
smtp_engine_get_withheld (SmtpEngine *self)
{
  const SmtpTransaction *transaction = self->transactions;

  while (transaction != NULL && transaction->stage == SMTP_TRANSACTION_VERDICT)
    transaction = transaction->next;

  return transaction != NULL && transaction->stage == SMTP_TRANSACTION_CONTENT && transaction->plan.bdat &&
         self->queued - transaction->start >= (guint64) transaction->plan.size;
}

/*< private >
 * Whether a refusal that comes now is about content that is on its way.
 */
SmtpTransaction *
smtp_engine_get_uploading (SmtpEngine *self)
{
  SmtpTransaction *transaction = self->transactions;

  if (transaction == NULL || transaction->start == 0 || self->written < transaction->start)
    return NULL;

  return transaction->end == 0 || self->written < transaction->end ? transaction : NULL;
}

/*< private >
 * The same, where it is refused for that.
 */
void
smtp_transaction_refuse (SmtpEngine      *self,
                         SmtpTransaction *transaction)
{
  g_clear_error (&transaction->error);
  keep_refusal (self, transaction, transaction->plan.bdat ? SMTP_COMMAND_BDAT : SMTP_COMMAND_CONTENT);
  give_up (self, transaction);
}

/* ---- beginning and ending ------------------------------------------------- */

/*< private >
 * Whether a transaction may be begun: outside of others, or with @behind also
 * behind the content of the last.
 */
gboolean
smtp_engine_check_transaction (SmtpEngine *self,
                               gboolean    behind,
                               GError    **error)
{
  const SmtpTransaction *last = self->last_transaction;

  if (last == NULL)
    return smtp_command_allowed (self, SMTP_COMMAND_MAIL, error);

  if (behind && last->stage == SMTP_TRANSACTION_VERDICT && !last->hopeless)
    return TRUE;

  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE,
               _("Another message is being sent to %s"), self->server_name);
  return FALSE;
}

/*< private >
 * From now on smtp_engine_next() says SMTP_ENGINE_ROOM as soon as there are
 * fewer than @limit transactions and another may be begun behind them. With 0
 * it does so no more.
 */
void
smtp_engine_await_room (SmtpEngine *self,
                        guint       limit)
{
  self->room_limit = limit;
}

/*< private >
 * Begins one. It must stay until it is over.
 */
void
smtp_engine_begin_transaction (SmtpEngine      *self,
                               SmtpTransaction *transaction)
{
  if (self->last_transaction != NULL)
    {
      self->last_transaction->next = transaction;
      transaction->reset = TRUE;
    }
  else
    self->transactions = transaction;

  self->last_transaction = transaction;
  self->n_transactions++;
  self->used = TRUE;
  self->op_over = FALSE;
}

/*< private >
 * It is over, and no part of the engine any more. It is the first: replies
 * come in order.
 */
void
smtp_engine_end_transaction (SmtpEngine      *self,
                             SmtpTransaction *transaction)
{
  g_return_if_fail (self->transactions == transaction);

  self->transactions = transaction->next;
  self->n_transactions--;
  if (self->transactions == NULL)
    self->last_transaction = NULL;
  transaction->next = NULL;
  transaction->stage = SMTP_TRANSACTION_OVER;
}

static GError *
make_unknown (SmtpEngine   *self,
              const GError *cause)
{
  return g_error_new (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN,
                      _("The message was sent whole to %s, but whether it was accepted is unknown: %s"),
                      self->server_name, cause->message);
}

static void
lose (SmtpEngine      *self,
      SmtpTransaction *transaction,
      const GError    *cause,
      gboolean         verdict)
{
  gboolean whole = smtp_transaction_is_sent (transaction) && self->written >= transaction->end;

  if (transaction->outcome == SMTP_OUTCOME_REJECTED && transaction->error != NULL)
    return;

  /* What was said about a recipient is not what became of the message. */
  g_clear_error (&transaction->error);
  smtp_answer_clear (&transaction->answer);
  if (whole && !verdict)
    {
      transaction->outcome = SMTP_OUTCOME_UNKNOWN;
      transaction->error = make_unknown (self, cause);
      return;
    }

  transaction->outcome = whole ? SMTP_OUTCOME_REJECTED : SMTP_OUTCOME_NOT_SENT;
  transaction->error = g_error_copy (cause);
  if (verdict)
    keep_answer (self, &transaction->answer);
}

/*< private >
 * The connection has ended. With @verdict, by a reply about the first.
 */
void
smtp_engine_lose_transactions (SmtpEngine   *self,
                               const GError *cause,
                               gboolean      verdict)
{
  while (self->transactions != NULL)
    {
      SmtpTransaction *transaction = self->transactions;

      lose (self, transaction, cause, verdict);
      smtp_engine_end_transaction (self, transaction);
      verdict = FALSE;
    }
}

/*< private >
 * Whether all of it was queued, so that only the verdict is missing.
 */
gboolean
smtp_transaction_is_sent (SmtpTransaction *transaction)
{
  return transaction->end > 0;
}

void
smtp_transaction_clear (SmtpTransaction *transaction)
{
  smtp_answer_clear (&transaction->answer);
  g_clear_error (&transaction->error);
}
