/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-message-private.h"

#include <glib/gi18n-lib.h>

#include "smtp-enum-types.h"
#include "smtp-error.h"
#include "smtp-queue-id.h"
#include "smtp-reply-private.h"

/**
 * SmtpMessage:
 *
 * A mail object (RFC 5321 §2.3.1): an envelope, which says who it is from and
 * for, and a content.
 *
 * The content is what mail programs show: a header, an empty line, a body, in
 * the form that a MIME library writes. It is sent as it is, but for its line
 * ends, which become CRLF. It may come as bytes, which are not copied, from a
 * stream or from a file, which are read piece by piece.
 *
 * ```c
 * g_autoptr (SmtpMessage) message = smtp_message_new ("sender@example.org");
 *
 * smtp_message_add_recipient (message, "one@example.net");
 * smtp_message_add_recipient (message, "two@example.com");
 * smtp_message_set_content_bytes (message, content);
 * if (!smtp_client_send (client, message, NULL, &error))
 *   return FALSE;
 *
 * g_print ("The server calls it %s\n", smtp_message_get_queue_id (message));
 * ```
 *
 * What is set here beyond that asks something of the server. When the server
 * does not offer what is needed, [method@Client.send] says so and sends
 * nothing.
 *
 * After a send the message tells what became of it: [property@Message:outcome],
 * the server's [property@Message:reply], and for each [class@Recipient] whether
 * it was accepted. It may be sent again, then; a stream only if it can be
 * rewound.
 *
 * While it is being sent a message must not be changed: that is a programming
 * error, which is logged and has no effect. A second send of it at the same
 * time fails with `G_IO_ERROR_PENDING`.
 *
 * Since: 1.0
 */

enum
{
  PROP_0,
  PROP_SENDER,
  PROP_RECIPIENT_POLICY,
  PROP_BODY,
  PROP_DSN_RETURN,
  PROP_ENVELOPE_ID,
  PROP_AUTHENTICATED_SENDER,
  PROP_DELIVER_BY,
  PROP_DELIVER_WITHIN,
  PROP_DELIVER_TRACE,
  PROP_PRIORITY,
  PROP_HOLD_FOR,
  PROP_HOLD_UNTIL,
  PROP_REQUIRE_TLS,
  PROP_ALLOW_8BIT,
  PROP_ALLOW_LONG_LINES,
  PROP_CONTENT_IS_CANONICAL,
  PROP_RECIPIENTS,
  PROP_OUTCOME,
  PROP_REPLY,
  PROP_QUEUE_ID,
  PROP_BYTES_SENT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (SmtpMessage, smtp_message, G_TYPE_OBJECT)

/* ---- GObject -------------------------------------------------------------- */

static void
recipient_released (gpointer data)
{
  SmtpRecipient *recipient = data;

  smtp_recipient_forget (recipient);
  g_object_unref (recipient);
}

static void
smtp_message_init (SmtpMessage *self)
{
  self->envelope.recipients = g_ptr_array_new ();
  self->recipients = g_ptr_array_new_with_free_func (recipient_released);
  self->size = -1;
}

static void
clear_content (SmtpMessage *self)
{
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_object (&self->stream);
  g_clear_object (&self->file);
  self->size = -1;
  self->spent = FALSE;
}

static void
take_results (SmtpMessage     *self,
              SmtpTransaction *transaction)
{
  self->outcome = transaction->outcome;
  self->answer = transaction->answer;
  transaction->answer = (SmtpAnswer) { 0 };
  if (self->outcome == SMTP_OUTCOME_ACCEPTED || self->outcome == SMTP_OUTCOME_PARTIAL)
    self->queue_id = smtp_find_queue_id (self->answer.text);
}

static void
clear_results (SmtpMessage *self)
{
  self->outcome = SMTP_OUTCOME_NOT_SENT;
  self->bytes_sent = 0;
  smtp_answer_clear (&self->answer);
  g_clear_pointer (&self->reply, smtp_reply_unref);
  g_clear_pointer (&self->queue_id, g_free);
}

static void
smtp_message_finalize (GObject *object)
{
  SmtpMessage *self = SMTP_MESSAGE (object);

  clear_content (self);
  clear_results (self);
  g_ptr_array_unref (self->envelope.recipients);
  g_ptr_array_unref (self->recipients);
  g_clear_object (&self->list);
  g_free (self->envelope.sender);
  g_free (self->envelope.envelope_id);
  g_free (self->envelope.auth_sender);
  g_clear_pointer (&self->envelope.params, g_ptr_array_unref);
  G_OBJECT_CLASS (smtp_message_parent_class)->finalize (object);
}

static void
smtp_message_get_property (GObject    *object,
                           guint       id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  SmtpMessage *self = SMTP_MESSAGE (object);

  switch (id)
    {
    case PROP_SENDER:
      g_value_set_string (value, self->envelope.sender);
      break;
    case PROP_RECIPIENT_POLICY:
      g_value_set_enum (value, self->envelope.policy);
      break;
    case PROP_BODY:
      g_value_set_enum (value, self->envelope.body);
      break;
    case PROP_DSN_RETURN:
      g_value_set_enum (value, self->envelope.dsn_return);
      break;
    case PROP_ENVELOPE_ID:
      g_value_set_string (value, self->envelope.envelope_id);
      break;
    case PROP_AUTHENTICATED_SENDER:
      g_value_set_string (value, self->envelope.auth_sender);
      break;
    case PROP_DELIVER_BY:
      g_value_set_enum (value, self->envelope.deliver_by);
      break;
    case PROP_DELIVER_WITHIN:
      g_value_set_int (value, self->envelope.deliver_within);
      break;
    case PROP_DELIVER_TRACE:
      g_value_set_boolean (value, self->envelope.deliver_trace);
      break;
    case PROP_PRIORITY:
      g_value_set_int (value, self->envelope.priority);
      break;
    case PROP_HOLD_FOR:
      g_value_set_uint (value, self->envelope.hold_for);
      break;
    case PROP_HOLD_UNTIL:
      g_value_take_boxed (value, smtp_message_dup_hold_until (self));
      break;
    case PROP_REQUIRE_TLS:
      g_value_set_boolean (value, self->envelope.require_tls);
      break;
    case PROP_ALLOW_8BIT:
      g_value_set_boolean (value, self->envelope.allow_8bit);
      break;
    case PROP_ALLOW_LONG_LINES:
      g_value_set_boolean (value, self->envelope.allow_long_lines);
      break;
    case PROP_CONTENT_IS_CANONICAL:
      g_value_set_boolean (value, self->canonical);
      break;
    case PROP_RECIPIENTS:
      g_value_set_object (value, smtp_message_get_recipients (self));
      break;
    case PROP_OUTCOME:
      g_value_set_enum (value, self->outcome);
      break;
    case PROP_REPLY:
      g_value_set_boxed (value, smtp_message_get_reply (self));
      break;
    case PROP_QUEUE_ID:
      g_value_set_string (value, self->queue_id);
      break;
    case PROP_BYTES_SENT:
      g_value_set_uint64 (value, self->bytes_sent);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_message_set_property (GObject      *object,
                           guint         id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  SmtpMessage *self = SMTP_MESSAGE (object);

  switch (id)
    {
    case PROP_SENDER:
      self->envelope.sender = g_strdup (g_value_get_string (value) != NULL ? g_value_get_string (value) : "");
      break;
    case PROP_RECIPIENT_POLICY:
      smtp_message_set_recipient_policy (self, g_value_get_enum (value));
      break;
    case PROP_BODY:
      smtp_message_set_body (self, g_value_get_enum (value));
      break;
    case PROP_DSN_RETURN:
      smtp_message_set_dsn_return (self, g_value_get_enum (value));
      break;
    case PROP_ENVELOPE_ID:
      smtp_message_set_envelope_id (self, g_value_get_string (value));
      break;
    case PROP_AUTHENTICATED_SENDER:
      smtp_message_set_authenticated_sender (self, g_value_get_string (value));
      break;
    case PROP_DELIVER_BY:
      smtp_message_set_deliver_by (self, g_value_get_enum (value));
      break;
    case PROP_DELIVER_WITHIN:
      smtp_message_set_deliver_within (self, g_value_get_int (value));
      break;
    case PROP_DELIVER_TRACE:
      smtp_message_set_deliver_trace (self, g_value_get_boolean (value));
      break;
    case PROP_PRIORITY:
      smtp_message_set_priority (self, g_value_get_int (value));
      break;
    case PROP_HOLD_FOR:
      smtp_message_set_hold_for (self, g_value_get_uint (value));
      break;
    case PROP_HOLD_UNTIL:
      smtp_message_set_hold_until (self, g_value_get_boxed (value));
      break;
    case PROP_REQUIRE_TLS:
      smtp_message_set_require_tls (self, g_value_get_boolean (value));
      break;
    case PROP_ALLOW_8BIT:
      smtp_message_set_allow_8bit (self, g_value_get_boolean (value));
      break;
    case PROP_ALLOW_LONG_LINES:
      smtp_message_set_allow_long_lines (self, g_value_get_boolean (value));
      break;
    case PROP_CONTENT_IS_CANONICAL:
      smtp_message_set_content_is_canonical (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

/* What is asked of the server with the message. */
static void
install_settings (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * SmtpMessage:recipient-policy:
   *
   * What happens when the server refuses some of the recipients. With
   * %SMTP_RECIPIENTS_ALL the content is not sent before all are accepted, which
   * takes another round trip when there are several.
   *
   * Since: 1.0
   */
  properties[PROP_RECIPIENT_POLICY] =
    g_param_spec_enum ("recipient-policy", NULL, NULL, SMTP_TYPE_RECIPIENTS, SMTP_RECIPIENTS_ANY, flags);

  /**
   * SmtpMessage:body:
   *
   * What the content is made of (`BODY=`, RFC 6152 and RFC 3030).
   *
   * Since: 1.0
   */
  properties[PROP_BODY] =
    g_param_spec_enum ("body", NULL, NULL, SMTP_TYPE_BODY, SMTP_BODY_AUTO, flags);

  /**
   * SmtpMessage:dsn-return:
   *
   * How much of the message a report about a failed delivery brings back
   * (`RET=`, RFC 3461 §4.3). Needs DSN.
   *
   * Since: 1.0
   */
  properties[PROP_DSN_RETURN] =
    g_param_spec_enum ("dsn-return", NULL, NULL, SMTP_TYPE_DSN_RETURN, SMTP_DSN_RETURN_DEFAULT, flags);

  /**
   * SmtpMessage:envelope-id:
   *
   * What reports about the message call it (`ENVID=`, RFC 3461 §4.4): 1 to 100
   * printable ASCII characters, or %NULL. Needs DSN.
   *
   * Since: 1.0
   */
  properties[PROP_ENVELOPE_ID] =
    g_param_spec_string ("envelope-id", NULL, NULL, NULL, flags);

  /**
   * SmtpMessage:authenticated-sender:
   *
   * Who submitted the message first, as far as a trusted relay knows (`AUTH=`,
   * RFC 4954 §5): an address, empty for nobody known, %NULL to say nothing.
   * Needs AUTH.
   *
   * Since: 1.0
   */
  properties[PROP_AUTHENTICATED_SENDER] =
    g_param_spec_string ("authenticated-sender", NULL, NULL, NULL, flags);

  /**
   * SmtpMessage:deliver-by:
   *
   * What happens when the message is not delivered within
   * [property@Message:deliver-within] (`BY=`, RFC 2852). Needs DELIVERBY.
   *
   * Since: 1.0
   */
  properties[PROP_DELIVER_BY] =
    g_param_spec_enum ("deliver-by", NULL, NULL, SMTP_TYPE_DELIVER_BY, SMTP_DELIVER_BY_NONE, flags);

  /**
   * SmtpMessage:deliver-within:
   *
   * Seconds to deliver the message in, used with [property@Message:deliver-by].
   * Zero or less is for %SMTP_DELIVER_BY_NOTIFY only: the time is over already.
   *
   * Since: 1.0
   */
  properties[PROP_DELIVER_WITHIN] =
    g_param_spec_int ("deliver-within", NULL, NULL, -999999999, 999999999, 0, flags);

  /**
   * SmtpMessage:deliver-trace:
   *
   * Whether relays report on their way what they do about
   * [property@Message:deliver-by].
   *
   * Since: 1.0
   */
  properties[PROP_DELIVER_TRACE] =
    g_param_spec_boolean ("deliver-trace", NULL, NULL, FALSE, flags);

  /**
   * SmtpMessage:priority:
   *
   * How urgent the message is for the servers that pass it on, 9 the most
   * (`MT-PRIORITY=`, RFC 6710). Needs MT-PRIORITY, but for 0.
   *
   * Since: 1.0
   */
  properties[PROP_PRIORITY] =
    g_param_spec_int ("priority", NULL, NULL, -9, 9, 0, flags);

  /**
   * SmtpMessage:hold-for:
   *
   * Seconds the server shall keep the message before it passes it on
   * (`HOLDFOR=`, RFC 4865). Needs FUTURERELEASE.
   *
   * Since: 1.0
   */
  properties[PROP_HOLD_FOR] =
    g_param_spec_uint ("hold-for", NULL, NULL, 0, 999999999, 0, flags);

  /**
   * SmtpMessage:hold-until:
   *
   * When the server shall pass the message on, to the second (`HOLDUNTIL=`,
   * RFC 4865); %NULL for at once. Needs FUTURERELEASE.
   *
   * Since: 1.0
   */
  properties[PROP_HOLD_UNTIL] =
    g_param_spec_boxed ("hold-until", NULL, NULL, G_TYPE_DATE_TIME, flags);

  /**
   * SmtpMessage:require-tls:
   *
   * Whether the message may only travel over verified TLS, on this connection
   * and behind it (`REQUIRETLS`, RFC 8689). Needs REQUIRETLS and a connection
   * whose certificate was verified; few servers have it, so it is for those
   * who would rather not send than send less protected.
   *
   * Since: 1.0
   */
  properties[PROP_REQUIRE_TLS] =
    g_param_spec_boolean ("require-tls", NULL, NULL, FALSE, flags);

  /**
   * SmtpMessage:allow-8bit:
   *
   * Whether octets over 127 go to a server that does not say that it takes them.
   * It may damage them or refuse the message. Otherwise that is an error before
   * anything is sent.
   *
   * Since: 1.0
   */
  properties[PROP_ALLOW_8BIT] =
    g_param_spec_boolean ("allow-8bit", NULL, NULL, FALSE, flags);

  /**
   * SmtpMessage:allow-long-lines:
   *
   * Whether lines of more than 998 octets are sent (RFC 5321 §4.5.3.1.6). Servers
   * fold, cut or refuse them. Otherwise they are an error.
   *
   * Since: 1.0
   */
  properties[PROP_ALLOW_LONG_LINES] =
    g_param_spec_boolean ("allow-long-lines", NULL, NULL, FALSE, flags);

  /**
   * SmtpMessage:content-is-canonical:
   *
   * Whether the caller says of a stream or file that every line of it ends in
   * CRLF, the last one included. With its size given it is then sent by `BDAT` in
   * one round trip to servers that offer CHUNKING, whatever its size. It is still
   * looked at, and found otherwise it drops the connection, as the server was
   * promised a number of octets.
   *
   * Since: 1.0
   */
  properties[PROP_CONTENT_IS_CANONICAL] =
    g_param_spec_boolean ("content-is-canonical", NULL, NULL, FALSE, flags);
}

/* What is told. */
static void
install_results (void)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * SmtpMessage:recipients:
   *
   * The recipients, of [class@Recipient].
   *
   * Since: 1.0
   */
  properties[PROP_RECIPIENTS] =
    g_param_spec_object ("recipients", NULL, NULL, G_TYPE_LIST_MODEL, flags);

  /**
   * SmtpMessage:outcome:
   *
   * What became of the message.
   *
   * Since: 1.0
   */
  properties[PROP_OUTCOME] =
    g_param_spec_enum ("outcome", NULL, NULL, SMTP_TYPE_OUTCOME, SMTP_OUTCOME_NOT_SENT, flags);

  /**
   * SmtpMessage:reply:
   *
   * The server's last word on the message: its verdict, or the refusal that
   * the message failed for. %NULL when there is none.
   *
   * Since: 1.0
   */
  properties[PROP_REPLY] =
    g_param_spec_boxed ("reply", NULL, NULL, SMTP_TYPE_REPLY, flags);

  /**
   * SmtpMessage:queue-id:
   *
   * The server's name for a message it has accepted, read out of its reply;
   * %NULL when it gave none, or in a way that is not known here. To give it to
   * the server's administrator is the quickest way to have a message traced.
   *
   * Since: 1.0
   */
  properties[PROP_QUEUE_ID] =
    g_param_spec_string ("queue-id", NULL, NULL, NULL, flags);

  /**
   * SmtpMessage:bytes-sent:
   *
   * Octets of the content that were handed to the network, as they travel:
   * line ends are two octets, and with `DATA` dots that begin a line are
   * doubled. Notifies of progress.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_SENT] =
    g_param_spec_uint64 ("bytes-sent", NULL, NULL, 0, G_MAXUINT64, 0, flags);
}

static void
smtp_message_class_init (SmtpMessageClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->finalize = smtp_message_finalize;
  object_class->get_property = smtp_message_get_property;
  object_class->set_property = smtp_message_set_property;

  /**
   * SmtpMessage:sender:
   *
   * Who the message is from (the reverse-path, RFC 5321 §4.1.1.2), and who is
   * told when it cannot be delivered: an address, or an empty string for
   * nobody, as in such a report.
   *
   * Since: 1.0
   */
  properties[PROP_SENDER] =
    g_param_spec_string ("sender", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  install_settings ();
  install_results ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* ---- sending -------------------------------------------------------------- */

/*< private >
 * The message is about to be sent: it is frozen, and what became of it before
 * is forgotten. PENDING when it is being sent already.
 */
gboolean
smtp_message_begin (SmtpMessage *self,
                    GError     **error)
{
  if (self->frozen)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING, _("The message is being sent already"));
      return FALSE;
    }

  self->frozen = TRUE;
  clear_results (self);
  for (guint i = 0; i < self->recipients->len; i++)
    {
      SmtpRecipient *recipient = g_ptr_array_index (self->recipients, i);

      smtp_answer_clear (&recipient->data.answer);
      g_clear_pointer (&recipient->reply, smtp_reply_unref);
      recipient->data.accepted = FALSE;
    }

  return TRUE;
}

/*< private >
 * Notifies of progress.
 */
void
smtp_message_set_progress (SmtpMessage *self,
                           guint64      bytes_sent)
{
  if (bytes_sent == self->bytes_sent)
    return;

  self->bytes_sent = bytes_sent;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BYTES_SENT]);
}

/*< private >
 * The sending is over. Takes what the transaction knows; NULL when there was
 * none, as the message was never begun.
 */
void
smtp_message_finish (SmtpMessage     *self,
                     SmtpTransaction *transaction)
{
  self->frozen = FALSE;
  if (transaction != NULL)
    take_results (self, transaction);

  g_object_freeze_notify (G_OBJECT (self));
  smtp_message_set_progress (self, transaction != NULL ? transaction->sent : 0);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OUTCOME]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_REPLY]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_QUEUE_ID]);
  for (guint i = 0; i < self->recipients->len; i++)
    smtp_recipient_announce (g_ptr_array_index (self->recipients, i));
  g_object_thaw_notify (G_OBJECT (self));
}

/* ---- public --------------------------------------------------------------- */

/**
 * smtp_message_new:
 * @sender: who the message is from; empty for nobody
 *
 * Creates a message without recipients and content.
 *
 * Whether @sender is an address is found out by [method@Client.send], which
 * knows what the server understands.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 1.0
 */
SmtpMessage *
smtp_message_new (const char *sender)
{
  g_return_val_if_fail (sender != NULL, NULL);

  return g_object_new (SMTP_TYPE_MESSAGE, "sender", sender, NULL);
}

/**
 * smtp_message_get_sender: (get-property sender)
 * @self: a message
 *
 * Tells who the message is from.
 *
 * Returns: the address, empty for nobody
 *
 * Since: 1.0
 */
const char *
smtp_message_get_sender (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), NULL);

  return self->envelope.sender;
}

/**
 * smtp_message_add_recipient:
 * @self: a message
 * @address: who the message is for
 *
 * Adds a recipient. Addresses are not compared: one that is added twice is
 * sent twice. Not while the message is being sent.
 *
 * Returns: (transfer none): the recipient, for what is asked of the server
 *   about it
 *
 * Since: 1.0
 */
SmtpRecipient *
smtp_message_add_recipient (SmtpMessage *self,
                            const char  *address)
{
  SmtpRecipient *recipient;

  g_return_val_if_fail (SMTP_IS_MESSAGE (self), NULL);
  g_return_val_if_fail (address != NULL, NULL);
  g_return_val_if_fail (!self->frozen, NULL);

  recipient = smtp_recipient_new (self, address);
  g_ptr_array_add (self->recipients, recipient);
  g_ptr_array_add (self->envelope.recipients, &recipient->data);
  if (self->list != NULL)
    smtp_recipient_list_append (self->list, recipient);
  return recipient;
}

/**
 * smtp_message_get_recipients: (get-property recipients)
 * @self: a message
 *
 * Gets the recipients.
 *
 * Returns: (transfer none): a list of [class@Recipient], which grows as
 *   recipients are added
 *
 * Since: 1.0
 */
GListModel *
smtp_message_get_recipients (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), NULL);

  if (self->list == NULL)
    {
      self->list = smtp_recipient_list_new ();
      for (guint i = 0; i < self->recipients->len; i++)
        smtp_recipient_list_append (self->list, g_ptr_array_index (self->recipients, i));
    }

  return G_LIST_MODEL (self->list);
}

/**
 * smtp_message_set_content_bytes:
 * @self: a message
 * @content: the content
 *
 * Sets the content. It is not copied. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_content_bytes (SmtpMessage *self,
                                GBytes      *content)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (content != NULL);
  g_return_if_fail (!self->frozen);

  g_bytes_ref (content);
  clear_content (self);
  self->bytes = content;
}

/**
 * smtp_message_set_content_stream:
 * @self: a message
 * @stream: where the content is read from
 * @size: how many octets it has, or -1
 *
 * Has the content read from a stream, from where it stands to its end. The
 * stream is not closed. Not while the message is being sent.
 *
 * A content of up to 1 MiB is read before anything is sent, and then treated
 * as bytes are. A longer one is read as it is sent. What is wrong with it is
 * found on the way then, when nothing but dropping the connection keeps it
 * from being delivered. The server is told @size beforehand, so that it can
 * refuse what is too large.
 *
 * Since: 1.0
 */
void
smtp_message_set_content_stream (SmtpMessage  *self,
                                 GInputStream *stream,
                                 gint64        size)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (G_IS_INPUT_STREAM (stream));
  g_return_if_fail (size >= -1);
  g_return_if_fail (!self->frozen);

  g_object_ref (stream);
  clear_content (self);
  self->stream = stream;
  self->size = size;
}

/**
 * smtp_message_set_content_file:
 * @self: a message
 * @file: where the content is read from
 *
 * Has the content read from a file when the message is sent, as
 * [method@Message.set_content_stream] does from a stream. Not while the
 * message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_content_file (SmtpMessage *self,
                               GFile       *file)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (G_IS_FILE (file));
  g_return_if_fail (!self->frozen);

  g_object_ref (file);
  clear_content (self);
  self->file = file;
}

/*< private >
 * A parameter as it goes onto the line. What is wrong with it is found out
 * when the message is sent.
 */
char *
smtp_format_parameter (const char *name,
                       const char *value)
{
  return value != NULL ? g_strconcat (name, "=", value, NULL) : g_strdup (name);
}

/**
 * smtp_message_add_parameter:
 * @self: a message
 * @name: a keyword (RFC 5321 §4.1.2 esmtp-keyword)
 * @value: (nullable): its value (esmtp-value), or %NULL for none
 *
 * Adds a parameter to `MAIL` for an extension that is not known here. Not
 * while the message is being sent.
 *
 * Whether the server offers the extension is not looked at. A keyword that has
 * a property of its own, or what is no keyword or value, makes
 * [method@Client.send] fail with `SMTP_CLIENT_ERROR_INVALID_ARGUMENT`.
 *
 * Since: 1.0
 */
void
smtp_message_add_parameter (SmtpMessage *self,
                            const char  *name,
                            const char  *value)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (name != NULL);
  g_return_if_fail (!self->frozen);

  if (self->envelope.params == NULL)
    self->envelope.params = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->envelope.params, smtp_format_parameter (name, value));
}

/**
 * smtp_message_get_outcome: (get-property outcome)
 * @self: a message
 *
 * Tells what became of the message.
 *
 * Returns: the outcome of the last send
 *
 * Since: 1.0
 */
SmtpOutcome
smtp_message_get_outcome (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), SMTP_OUTCOME_NOT_SENT);

  return self->outcome;
}

/**
 * smtp_message_get_reply: (get-property reply)
 * @self: a message
 *
 * Gets the server's last word on the message.
 *
 * Returns: (transfer none) (nullable): the reply, or %NULL
 *
 * Since: 1.0
 */
SmtpReply *
smtp_message_get_reply (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), NULL);

  if (self->reply == NULL && self->answer.code != 0)
    self->reply = smtp_reply_new_from_answer (&self->answer);
  return self->reply;
}

/**
 * smtp_message_get_queue_id: (get-property queue-id)
 * @self: a message
 *
 * Gets the server's name for the message.
 *
 * Returns: (nullable): the name, or %NULL
 *
 * Since: 1.0
 */
const char *
smtp_message_get_queue_id (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), NULL);

  return self->queue_id;
}

/**
 * smtp_message_get_bytes_sent: (get-property bytes-sent)
 * @self: a message
 *
 * Tells how much of the content was handed to the network.
 *
 * Returns: octets as they travel
 *
 * Since: 1.0
 */
guint64
smtp_message_get_bytes_sent (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), 0);

  return self->bytes_sent;
}

/* ---- what is asked of the server ------------------------------------------ */

/**
 * smtp_message_get_recipient_policy: (get-property recipient-policy)
 * @self: a message
 *
 * Tells what happens when the server refuses some of the recipients.
 *
 * Returns: the policy
 *
 * Since: 1.0
 */
SmtpRecipients
smtp_message_get_recipient_policy (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), SMTP_RECIPIENTS_ANY);

  return self->envelope.policy;
}

/**
 * smtp_message_set_recipient_policy: (set-property recipient-policy)
 * @self: a message
 * @value: the new value
 *
 * Sets what happens when the server refuses some of the recipients. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_recipient_policy (SmtpMessage   *self,
                                   SmtpRecipients value)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (!self->frozen);

  if (self->envelope.policy == value)
    return;

  self->envelope.policy = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RECIPIENT_POLICY]);
}

/**
 * smtp_message_get_body: (get-property body)
 * @self: a message
 *
 * Tells what the content is made of.
 *
 * Returns: what it is made of
 *
 * Since: 1.0
 */
SmtpBody
smtp_message_get_body (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), SMTP_BODY_AUTO);

  return self->envelope.body;
}

/**
 * smtp_message_set_body: (set-property body)
 * @self: a message
 * @value: the new value
 *
 * Sets what the content is made of. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_body (SmtpMessage *self,
                       SmtpBody     value)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (!self->frozen);

  if (self->envelope.body == value)
    return;

  self->envelope.body = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BODY]);
}

/**
 * smtp_message_get_dsn_return: (get-property dsn-return)
 * @self: a message
 *
 * Tells how much of the message a report about a failed delivery brings back.
 *
 * Returns: how much
 *
 * Since: 1.0
 */
SmtpDsnReturn
smtp_message_get_dsn_return (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), SMTP_DSN_RETURN_DEFAULT);

  return self->envelope.dsn_return;
}

/**
 * smtp_message_set_dsn_return: (set-property dsn-return)
 * @self: a message
 * @value: the new value
 *
 * Sets how much of the message a report about a failed delivery brings back. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_dsn_return (SmtpMessage  *self,
                             SmtpDsnReturn value)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (!self->frozen);

  if (self->envelope.dsn_return == value)
    return;

  self->envelope.dsn_return = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DSN_RETURN]);
}

/**
 * smtp_message_get_envelope_id: (get-property envelope-id)
 * @self: a message
 *
 * Tells what reports about the message call it.
 *
 * Returns: (nullable): the identifier
 *
 * Since: 1.0
 */
const char *
smtp_message_get_envelope_id (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), NULL);

  return self->envelope.envelope_id;
}

/**
 * smtp_message_set_envelope_id: (set-property envelope-id)
 * @self: a message
 * @value: (nullable): the new value, or %NULL
 *
 * Sets what reports about the message call it. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_envelope_id (SmtpMessage *self,
                              const char  *value)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (!self->frozen);

  if (g_strcmp0 (self->envelope.envelope_id, value) == 0)
    return;

  g_free (self->envelope.envelope_id);
  self->envelope.envelope_id = g_strdup (value);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ENVELOPE_ID]);
}

/**
 * smtp_message_get_authenticated_sender: (get-property authenticated-sender)
 * @self: a message
 *
 * Tells who submitted the message first.
 *
 * Returns: (nullable): the address
 *
 * Since: 1.0
 */
const char *
smtp_message_get_authenticated_sender (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), NULL);

  return self->envelope.auth_sender;
}

/**
 * smtp_message_set_authenticated_sender: (set-property authenticated-sender)
 * @self: a message
 * @value: (nullable): the new value, or %NULL
 *
 * Sets who submitted the message first. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_authenticated_sender (SmtpMessage *self,
                                       const char  *value)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (!self->frozen);

  if (g_strcmp0 (self->envelope.auth_sender, value) == 0)
    return;

  g_free (self->envelope.auth_sender);
  self->envelope.auth_sender = g_strdup (value);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_AUTHENTICATED_SENDER]);
}

/**
 * smtp_message_get_deliver_by: (get-property deliver-by)
 * @self: a message
 *
 * Tells what happens when the message is not delivered in time.
 *
 * Returns: what happens
 *
 * Since: 1.0
 */
SmtpDeliverBy
smtp_message_get_deliver_by (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), SMTP_DELIVER_BY_NONE);

  return self->envelope.deliver_by;
}

/**
 * smtp_message_set_deliver_by: (set-property deliver-by)
 * @self: a message
 * @value: the new value
 *
 * Sets what happens when the message is not delivered in time. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_deliver_by (SmtpMessage  *self,
                             SmtpDeliverBy value)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (!self->frozen);

  if (self->envelope.deliver_by == value)
    return;

  self->envelope.deliver_by = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DELIVER_BY]);
}

/**
 * smtp_message_get_deliver_within: (get-property deliver-within)
 * @self: a message
 *
 * Tells the time to deliver the message in.
 *
 * Returns: seconds
 *
 * Since: 1.0
 */
int
smtp_message_get_deliver_within (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), 0);

  return self->envelope.deliver_within;
}

/**
 * smtp_message_set_deliver_within: (set-property deliver-within)
 * @self: a message
 * @value: the new value
 *
 * Sets the time to deliver the message in. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_deliver_within (SmtpMessage *self,
                                 int          value)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (!self->frozen);

  if (self->envelope.deliver_within == value)
    return;

  self->envelope.deliver_within = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DELIVER_WITHIN]);
}

/**
 * smtp_message_get_deliver_trace: (get-property deliver-trace)
 * @self: a message
 *
 * Tells whether relays report what they do about the time of delivery.
 *
 * Returns: whether they do
 *
 * Since: 1.0
 */
gboolean
smtp_message_get_deliver_trace (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), FALSE);

  return self->envelope.deliver_trace;
}

/**
 * smtp_message_set_deliver_trace: (set-property deliver-trace)
 * @self: a message
 * @value: the new value
 *
 * Sets whether relays report what they do about the time of delivery. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_deliver_trace (SmtpMessage *self,
                                gboolean     value)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (!self->frozen);

  value = !!value;
  if (self->envelope.deliver_trace == value)
    return;

  self->envelope.deliver_trace = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DELIVER_TRACE]);
}

/**
 * smtp_message_get_priority: (get-property priority)
 * @self: a message
 *
 * Tells how urgent the message is.
 *
 * Returns: the priority
 *
 * Since: 1.0
 */
int
smtp_message_get_priority (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), 0);

  return self->envelope.priority;
}

/**
 * smtp_message_set_priority: (set-property priority)
 * @self: a message
 * @value: the new value
 *
 * Sets how urgent the message is. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_priority (SmtpMessage *self,
                           int          value)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (!self->frozen);

  if (self->envelope.priority == value)
    return;

  self->envelope.priority = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PRIORITY]);
}

/**
 * smtp_message_get_hold_for: (get-property hold-for)
 * @self: a message
 *
 * Tells how long the server shall keep the message.
 *
 * Returns: seconds, 0 for not at all
 *
 * Since: 1.0
 */
guint
smtp_message_get_hold_for (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), 0);

  return self->envelope.hold_for;
}

/**
 * smtp_message_set_hold_for: (set-property hold-for)
 * @self: a message
 * @value: the new value
 *
 * Sets how long the server shall keep the message. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_hold_for (SmtpMessage *self,
                           guint        value)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (!self->frozen);

  if (self->envelope.hold_for == value)
    return;

  self->envelope.hold_for = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HOLD_FOR]);
}

/**
 * smtp_message_dup_hold_until: (get-property hold-until)
 * @self: a message
 *
 * Tells when the server shall pass the message on.
 *
 * Returns: (transfer full) (nullable): the time, in UTC
 *
 * Since: 1.0
 */
GDateTime *
smtp_message_dup_hold_until (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), NULL);

  if (self->envelope.hold_until == 0)
    return NULL;

  return g_date_time_new_from_unix_utc (self->envelope.hold_until);
}

/**
 * smtp_message_set_hold_until: (set-property hold-until)
 * @self: a message
 * @value: (nullable): the time, or %NULL
 *
 * Sets when the server shall pass the message on. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_hold_until (SmtpMessage *self,
                             GDateTime   *value)
{
  gint64 time;

  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (!self->frozen);

  time = value != NULL ? g_date_time_to_unix (value) : 0;
  if (self->envelope.hold_until == time)
    return;

  self->envelope.hold_until = time;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HOLD_UNTIL]);
}

/**
 * smtp_message_get_require_tls: (get-property require-tls)
 * @self: a message
 *
 * Tells whether the message may only travel over verified TLS.
 *
 * Returns: whether it must
 *
 * Since: 1.0
 */
gboolean
smtp_message_get_require_tls (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), FALSE);

  return self->envelope.require_tls;
}

/**
 * smtp_message_set_require_tls: (set-property require-tls)
 * @self: a message
 * @value: the new value
 *
 * Sets whether the message may only travel over verified TLS. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_require_tls (SmtpMessage *self,
                              gboolean     value)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (!self->frozen);

  value = !!value;
  if (self->envelope.require_tls == value)
    return;

  self->envelope.require_tls = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_REQUIRE_TLS]);
}

/**
 * smtp_message_get_allow_8bit: (get-property allow-8bit)
 * @self: a message
 *
 * Tells whether octets over 127 go to a server that does not say that it takes them.
 *
 * Returns: whether they do
 *
 * Since: 1.0
 */
gboolean
smtp_message_get_allow_8bit (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), FALSE);

  return self->envelope.allow_8bit;
}

/**
 * smtp_message_set_allow_8bit: (set-property allow-8bit)
 * @self: a message
 * @value: the new value
 *
 * Sets whether octets over 127 go to a server that does not say that it takes them. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_allow_8bit (SmtpMessage *self,
                             gboolean     value)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (!self->frozen);

  value = !!value;
  if (self->envelope.allow_8bit == value)
    return;

  self->envelope.allow_8bit = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ALLOW_8BIT]);
}

/**
 * smtp_message_get_allow_long_lines: (get-property allow-long-lines)
 * @self: a message
 *
 * Tells whether lines of more than 998 octets are sent.
 *
 * Returns: whether they are
 *
 * Since: 1.0
 */
gboolean
smtp_message_get_allow_long_lines (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), FALSE);

  return self->envelope.allow_long_lines;
}

/**
 * smtp_message_set_allow_long_lines: (set-property allow-long-lines)
 * @self: a message
 * @value: the new value
 *
 * Sets whether lines of more than 998 octets are sent. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_allow_long_lines (SmtpMessage *self,
                                   gboolean     value)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (!self->frozen);

  value = !!value;
  if (self->envelope.allow_long_lines == value)
    return;

  self->envelope.allow_long_lines = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ALLOW_LONG_LINES]);
}

/**
 * smtp_message_get_content_is_canonical: (get-property content-is-canonical)
 * @self: a message
 *
 * Tells whether the content is said to be lines that end in CRLF.
 *
 * Returns: whether it is
 *
 * Since: 1.0
 */
gboolean
smtp_message_get_content_is_canonical (SmtpMessage *self)
{
  g_return_val_if_fail (SMTP_IS_MESSAGE (self), FALSE);

  return self->canonical;
}

/**
 * smtp_message_set_content_is_canonical: (set-property content-is-canonical)
 * @self: a message
 * @value: the new value
 *
 * Sets whether the content is said to be lines that end in CRLF. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_message_set_content_is_canonical (SmtpMessage *self,
                                       gboolean     value)
{
  g_return_if_fail (SMTP_IS_MESSAGE (self));
  g_return_if_fail (!self->frozen);

  value = !!value;
  if (self->canonical == value)
    return;

  self->canonical = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CONTENT_IS_CANONICAL]);
}
