/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-message-private.h"

#include "smtp-enum-types.h"
#include "smtp-reply-private.h"

/**
 * SmtpRecipient:
 *
 * Somebody a message is for: made by [method@Message.add_recipient].
 *
 * What is set here asks something of the server about this recipient. After a
 * send it tells what the server said about it.
 *
 * Since: 1.0
 */

enum
{
  PROP_0,
  PROP_ADDRESS,
  PROP_DSN_NOTIFY,
  PROP_ORIGINAL_RECIPIENT,
  PROP_VALID_SINCE,
  PROP_REPLY,
  PROP_ACCEPTED,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (SmtpRecipient, smtp_recipient, G_TYPE_OBJECT)

static gboolean
is_frozen (SmtpRecipient *self)
{
  return self->message != NULL && self->message->frozen;
}

/* ---- GObject -------------------------------------------------------------- */

static void
smtp_recipient_init (SmtpRecipient *self)
{
}

static void
smtp_recipient_finalize (GObject *object)
{
  SmtpRecipient *self = SMTP_RECIPIENT (object);

  g_free (self->data.address);
  g_free (self->data.original);
  g_clear_pointer (&self->data.params, g_ptr_array_unref);
  smtp_answer_clear (&self->data.answer);
  g_clear_pointer (&self->reply, smtp_reply_unref);
  G_OBJECT_CLASS (smtp_recipient_parent_class)->finalize (object);
}

static void
smtp_recipient_get_property (GObject    *object,
                             guint       id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  SmtpRecipient *self = SMTP_RECIPIENT (object);

  switch (id)
    {
    case PROP_ADDRESS:
      g_value_set_string (value, self->data.address);
      break;
    case PROP_DSN_NOTIFY:
      g_value_set_flags (value, self->data.notify);
      break;
    case PROP_ORIGINAL_RECIPIENT:
      g_value_set_string (value, self->data.original);
      break;
    case PROP_VALID_SINCE:
      g_value_take_boxed (value, smtp_recipient_dup_valid_since (self));
      break;
    case PROP_REPLY:
      g_value_set_boxed (value, smtp_recipient_get_reply (self));
      break;
    case PROP_ACCEPTED:
      g_value_set_boolean (value, self->data.accepted);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_recipient_set_property (GObject      *object,
                             guint         id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  SmtpRecipient *self = SMTP_RECIPIENT (object);

  switch (id)
    {
    case PROP_DSN_NOTIFY:
      smtp_recipient_set_dsn_notify (self, g_value_get_flags (value));
      break;
    case PROP_ORIGINAL_RECIPIENT:
      smtp_recipient_set_original_recipient (self, g_value_get_string (value));
      break;
    case PROP_VALID_SINCE:
      smtp_recipient_set_valid_since (self, g_value_get_boxed (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
install_settings (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * SmtpRecipient:dsn-notify:
   *
   * When a report about this recipient is wanted (`NOTIFY=`, RFC 3461 §4.1).
   * Needs DSN.
   *
   * Since: 1.0
   */
  properties[PROP_DSN_NOTIFY] =
    g_param_spec_flags ("dsn-notify", NULL, NULL, SMTP_TYPE_DSN_NOTIFY, SMTP_DSN_NOTIFY_DEFAULT, flags);

  /**
   * SmtpRecipient:original-recipient:
   *
   * The address the sender wrote, where this one came out of it by forwarding or
   * by a list (`ORCPT=`, RFC 3461 §4.2): an address, which is then written as
   * `rfc822` or, when it is not ASCII, as `utf-8` (RFC 6533), or `type;address`.
   * Needs DSN.
   *
   * Since: 1.0
   */
  properties[PROP_ORIGINAL_RECIPIENT] =
    g_param_spec_string ("original-recipient", NULL, NULL, NULL, flags);

  /**
   * SmtpRecipient:valid-since:
   *
   * When the sender knew the recipient to own the address (`RRVS=`, RFC 7293):
   * the server refuses it when it was given to somebody else since. %NULL not
   * to ask. Needs RRVS.
   *
   * Since: 1.0
   */
  properties[PROP_VALID_SINCE] =
    g_param_spec_boxed ("valid-since", NULL, NULL, G_TYPE_DATE_TIME, flags);
}

static void
install_results (void)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * SmtpRecipient:address:
   *
   * The address (the forward-path, RFC 5321 §4.1.1.3).
   *
   * Since: 1.0
   */
  properties[PROP_ADDRESS] =
    g_param_spec_string ("address", NULL, NULL, NULL, flags);

  /**
   * SmtpRecipient:reply:
   *
   * What the server said to this recipient, %NULL when it was not asked or
   * did not answer.
   *
   * Since: 1.0
   */
  properties[PROP_REPLY] =
    g_param_spec_boxed ("reply", NULL, NULL, SMTP_TYPE_REPLY, flags);

  /**
   * SmtpRecipient:accepted:
   *
   * Whether the server accepted this recipient. The message has been accepted
   * for it when its [property@Message:outcome] is
   * %SMTP_OUTCOME_ACCEPTED or %SMTP_OUTCOME_PARTIAL, too.
   *
   * Since: 1.0
   */
  properties[PROP_ACCEPTED] =
    g_param_spec_boolean ("accepted", NULL, NULL, FALSE, flags);
}

static void
smtp_recipient_class_init (SmtpRecipientClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->finalize = smtp_recipient_finalize;
  object_class->get_property = smtp_recipient_get_property;
  object_class->set_property = smtp_recipient_set_property;
  install_settings ();
  install_results ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* ---- for the message ------------------------------------------------------ */

SmtpRecipient *
smtp_recipient_new (SmtpMessage *message,
                    const char  *address)
{
  SmtpRecipient *self = g_object_new (SMTP_TYPE_RECIPIENT, NULL);

  self->data.address = g_strdup (address);
  self->message = message;
  return self;
}

/*< private >
 * The message is gone; somebody keeps the recipient.
 */
void
smtp_recipient_forget (SmtpRecipient *self)
{
  self->message = NULL;
}

/*< private >
 * Tells what a send has brought.
 */
void
smtp_recipient_announce (SmtpRecipient *self)
{
  if (self->data.answer.code == 0)
    return;

  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_REPLY]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ACCEPTED]);
}

/* ---- public --------------------------------------------------------------- */

/**
 * smtp_recipient_get_address: (get-property address)
 * @self: a recipient
 *
 * Gets the address.
 *
 * Returns: the address
 *
 * Since: 1.0
 */
const char *
smtp_recipient_get_address (SmtpRecipient *self)
{
  g_return_val_if_fail (SMTP_IS_RECIPIENT (self), NULL);

  return self->data.address;
}

/**
 * smtp_recipient_add_parameter:
 * @self: a recipient
 * @name: a keyword (RFC 5321 §4.1.2 esmtp-keyword)
 * @value: (nullable): its value (esmtp-value), or %NULL for none
 *
 * Adds a parameter to `RCPT` for an extension that is not known here, as
 * [method@Message.add_parameter] does to `MAIL`.
 *
 * Since: 1.0
 */
void
smtp_recipient_add_parameter (SmtpRecipient *self,
                              const char    *name,
                              const char    *value)
{
  g_return_if_fail (SMTP_IS_RECIPIENT (self));
  g_return_if_fail (name != NULL);
  g_return_if_fail (!is_frozen (self));

  if (self->data.params == NULL)
    self->data.params = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->data.params, smtp_format_parameter (name, value));
}

/**
 * smtp_recipient_get_reply: (get-property reply)
 * @self: a recipient
 *
 * Gets what the server said to this recipient.
 *
 * Returns: (transfer none) (nullable): the reply, or %NULL
 *
 * Since: 1.0
 */
SmtpReply *
smtp_recipient_get_reply (SmtpRecipient *self)
{
  g_return_val_if_fail (SMTP_IS_RECIPIENT (self), NULL);

  if (self->reply == NULL && self->data.answer.code != 0)
    self->reply = smtp_reply_new_from_answer (&self->data.answer);
  return self->reply;
}

/**
 * smtp_recipient_get_accepted: (get-property accepted)
 * @self: a recipient
 *
 * Tells whether the server accepted this recipient.
 *
 * Returns: whether it did
 *
 * Since: 1.0
 */
gboolean
smtp_recipient_get_accepted (SmtpRecipient *self)
{
  g_return_val_if_fail (SMTP_IS_RECIPIENT (self), FALSE);

  return self->data.accepted;
}

/**
 * smtp_recipient_get_dsn_notify: (get-property dsn-notify)
 * @self: a recipient
 *
 * Tells when a report about this recipient is wanted.
 *
 * Returns: when
 *
 * Since: 1.0
 */
SmtpDsnNotify
smtp_recipient_get_dsn_notify (SmtpRecipient *self)
{
  g_return_val_if_fail (SMTP_IS_RECIPIENT (self), SMTP_DSN_NOTIFY_DEFAULT);

  return self->data.notify;
}

/**
 * smtp_recipient_set_dsn_notify: (set-property dsn-notify)
 * @self: a recipient
 * @value: the new value
 *
 * Sets when a report about this recipient is wanted. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_recipient_set_dsn_notify (SmtpRecipient *self,
                               SmtpDsnNotify  value)
{
  g_return_if_fail (SMTP_IS_RECIPIENT (self));
  g_return_if_fail (!is_frozen (self));

  if (self->data.notify == value)
    return;

  self->data.notify = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DSN_NOTIFY]);
}

/**
 * smtp_recipient_get_original_recipient: (get-property original-recipient)
 * @self: a recipient
 *
 * Tells the address the sender wrote.
 *
 * Returns: (nullable): the address
 *
 * Since: 1.0
 */
const char *
smtp_recipient_get_original_recipient (SmtpRecipient *self)
{
  g_return_val_if_fail (SMTP_IS_RECIPIENT (self), NULL);

  return self->data.original;
}

/**
 * smtp_recipient_set_original_recipient: (set-property original-recipient)
 * @self: a recipient
 * @value: (nullable): the new value, or %NULL
 *
 * Sets the address the sender wrote. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_recipient_set_original_recipient (SmtpRecipient *self,
                                       const char    *value)
{
  g_return_if_fail (SMTP_IS_RECIPIENT (self));
  g_return_if_fail (!is_frozen (self));

  if (g_strcmp0 (self->data.original, value) == 0)
    return;

  g_free (self->data.original);
  self->data.original = g_strdup (value);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ORIGINAL_RECIPIENT]);
}

/**
 * smtp_recipient_dup_valid_since: (get-property valid-since)
 * @self: a recipient
 *
 * Tells since when the recipient must have owned the address.
 *
 * Returns: (transfer full) (nullable): the time, in UTC
 *
 * Since: 1.0
 */
GDateTime *
smtp_recipient_dup_valid_since (SmtpRecipient *self)
{
  g_return_val_if_fail (SMTP_IS_RECIPIENT (self), NULL);

  if (self->data.valid_since == 0)
    return NULL;

  return g_date_time_new_from_unix_utc (self->data.valid_since);
}

/**
 * smtp_recipient_set_valid_since: (set-property valid-since)
 * @self: a recipient
 * @value: (nullable): the time, or %NULL
 *
 * Sets since when the recipient must have owned the address. Not while the message is being sent.
 *
 * Since: 1.0
 */
void
smtp_recipient_set_valid_since (SmtpRecipient *self,
                                GDateTime     *value)
{
  gint64 time;

  g_return_if_fail (SMTP_IS_RECIPIENT (self));
  g_return_if_fail (!is_frozen (self));

  time = value != NULL ? g_date_time_to_unix (value) : 0;
  if (self->data.valid_since == time)
    return;

  self->data.valid_since = time;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_VALID_SINCE]);
}
