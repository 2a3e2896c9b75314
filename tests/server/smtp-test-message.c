/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-test-message-private.h"

/**
 * SmtpTestMessage:
 *
 * One message as the capture server received it: the envelope, the content,
 * and how the session that brought it stood.
 *
 * It never changes after it was received, and may be read from any thread.
 */

enum
{
  PROP_0,
  PROP_SENDER,
  PROP_SENDER_PARAMS,
  PROP_RECIPIENTS,
  PROP_RECIPIENT_PARAMS,
  PROP_CONTENT,
  PROP_RAW_CONTENT,
  PROP_SIZE,
  PROP_SHA256,
  PROP_AUTHENTICATED_AS,
  PROP_TLS,
  PROP_CLIENT_NAME,
  PROP_VIA_BDAT,
  PROP_NUMBER,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (SmtpTestMessage, smtp_test_message, G_TYPE_OBJECT)

static void
smtp_test_message_finalize (GObject *object)
{
  SmtpTestMessage *self = SMTP_TEST_MESSAGE (object);

  g_free (self->sender);
  g_free (self->sender_params);
  g_strfreev (self->recipients);
  g_strfreev (self->recipient_params);
  g_clear_pointer (&self->content, g_bytes_unref);
  g_clear_pointer (&self->raw_content, g_bytes_unref);
  g_free (self->sha256);
  g_free (self->authenticated_as);
  g_free (self->client_name);

  G_OBJECT_CLASS (smtp_test_message_parent_class)->finalize (object);
}

static void
smtp_test_message_get_property (GObject    *object,
                                guint       id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  SmtpTestMessage *self = SMTP_TEST_MESSAGE (object);

  switch (id)
    {
    case PROP_SENDER:           g_value_set_string (value, self->sender); break;
    case PROP_SENDER_PARAMS:    g_value_set_string (value, self->sender_params); break;
    case PROP_RECIPIENTS:       g_value_set_boxed (value, self->recipients); break;
    case PROP_RECIPIENT_PARAMS: g_value_set_boxed (value, self->recipient_params); break;
    case PROP_CONTENT:          g_value_set_boxed (value, self->content); break;
    case PROP_RAW_CONTENT:      g_value_set_boxed (value, self->raw_content); break;
    case PROP_SIZE:             g_value_set_uint64 (value, self->size); break;
    case PROP_SHA256:           g_value_set_string (value, self->sha256); break;
    case PROP_AUTHENTICATED_AS: g_value_set_string (value, self->authenticated_as); break;
    case PROP_TLS:              g_value_set_boolean (value, self->tls); break;
    case PROP_CLIENT_NAME:      g_value_set_string (value, self->client_name); break;
    case PROP_VIA_BDAT:         g_value_set_boolean (value, self->via_bdat); break;
    case PROP_NUMBER:           g_value_set_uint64 (value, self->number); break;
    default:                    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_test_message_class_init (SmtpTestMessageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = smtp_test_message_finalize;
  object_class->get_property = smtp_test_message_get_property;

  /**
   * SmtpTestMessage:sender:
   *
   * The path of MAIL without its angle brackets.
   */
  properties[PROP_SENDER] =
    g_param_spec_string ("sender", NULL, NULL, NULL, flags);
  /**
   * SmtpTestMessage:sender-params:
   *
   * What followed the path of MAIL, as it was sent.
   */
  properties[PROP_SENDER_PARAMS] =
    g_param_spec_string ("sender-params", NULL, NULL, NULL, flags);
  /**
   * SmtpTestMessage:recipients:
   *
   * The accepted recipients in their order.
   */
  properties[PROP_RECIPIENTS] =
    g_param_spec_boxed ("recipients", NULL, NULL, G_TYPE_STRV, flags);
  /**
   * SmtpTestMessage:recipient-params:
   *
   * For each recipient, what followed its path.
   */
  properties[PROP_RECIPIENT_PARAMS] =
    g_param_spec_boxed ("recipient-params", NULL, NULL, G_TYPE_STRV, flags);
  /**
   * SmtpTestMessage:content:
   *
   * The octets after dot-unstuffing.
   */
  properties[PROP_CONTENT] =
    g_param_spec_boxed ("content", NULL, NULL, G_TYPE_BYTES, flags);
  /**
   * SmtpTestMessage:raw-content:
   *
   * The octets as they were on the wire, without the final dot line.
   */
  properties[PROP_RAW_CONTENT] =
    g_param_spec_boxed ("raw-content", NULL, NULL, G_TYPE_BYTES, flags);
  /**
   * SmtpTestMessage:size:
   *
   * The length of the content after dot-unstuffing.
   */
  properties[PROP_SIZE] =
    g_param_spec_uint64 ("size", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * SmtpTestMessage:sha256:
   *
   * The SHA-256 of the content in lower-case hexadecimal.
   */
  properties[PROP_SHA256] =
    g_param_spec_string ("sha256", NULL, NULL, NULL, flags);
  /**
   * SmtpTestMessage:authenticated-as:
   *
   * Whom AUTH accepted.
   */
  properties[PROP_AUTHENTICATED_AS] =
    g_param_spec_string ("authenticated-as", NULL, NULL, NULL, flags);
  /**
   * SmtpTestMessage:tls:
   *
   * Whether it came through TLS.
   */
  properties[PROP_TLS] =
    g_param_spec_boolean ("tls", NULL, NULL, FALSE, flags);
  /**
   * SmtpTestMessage:client-name:
   *
   * The argument of EHLO, HELO or LHLO.
   */
  properties[PROP_CLIENT_NAME] =
    g_param_spec_string ("client-name", NULL, NULL, NULL, flags);
  /**
   * SmtpTestMessage:via-bdat:
   *
   * Whether the content came by BDAT.
   */
  properties[PROP_VIA_BDAT] =
    g_param_spec_boolean ("via-bdat", NULL, NULL, FALSE, flags);
  /**
   * SmtpTestMessage:number:
   *
   * The number the final reply gave it.
   */
  properties[PROP_NUMBER] =
    g_param_spec_uint64 ("number", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
smtp_test_message_init (SmtpTestMessage *self)
{
}

/**
 * smtp_test_message_get_sender:
 * @self: a message
 *
 * Gets the path of MAIL without its angle brackets.
 *
 * Returns: the sender, empty for the null path
 */
const char *
smtp_test_message_get_sender (SmtpTestMessage *self)
{
  g_return_val_if_fail (SMTP_TEST_IS_MESSAGE (self), NULL);

  return self->sender;
}

/**
 * smtp_test_message_get_sender_params:
 * @self: a message
 *
 * Gets what followed the path of MAIL, as it was sent.
 *
 * Returns: the parameters, empty without any
 */
const char *
smtp_test_message_get_sender_params (SmtpTestMessage *self)
{
  g_return_val_if_fail (SMTP_TEST_IS_MESSAGE (self), NULL);

  return self->sender_params;
}

/**
 * smtp_test_message_get_recipients:
 * @self: a message
 *
 * Gets the recipients that were accepted, in their order.
 *
 * Returns: (transfer none) (array zero-terminated=1): the recipients
 */
const char * const *
smtp_test_message_get_recipients (SmtpTestMessage *self)
{
  g_return_val_if_fail (SMTP_TEST_IS_MESSAGE (self), NULL);

  return (const char * const *) self->recipients;
}

/**
 * smtp_test_message_get_recipient_params:
 * @self: a message
 *
 * Gets what followed the path of each RCPT, as it was sent.
 *
 * Returns: (transfer none) (array zero-terminated=1): one string for each
 *   recipient, empty without parameters
 */
const char * const *
smtp_test_message_get_recipient_params (SmtpTestMessage *self)
{
  g_return_val_if_fail (SMTP_TEST_IS_MESSAGE (self), NULL);

  return (const char * const *) self->recipient_params;
}

/**
 * smtp_test_message_get_content:
 * @self: a message
 *
 * Gets the octets after dot-unstuffing, every CRLF kept.
 *
 * Returns: (transfer none) (nullable): the content, or %NULL when the server
 *   was told to keep none
 */
GBytes *
smtp_test_message_get_content (SmtpTestMessage *self)
{
  g_return_val_if_fail (SMTP_TEST_IS_MESSAGE (self), NULL);

  return self->content;
}

/**
 * smtp_test_message_get_raw_content:
 * @self: a message
 *
 * Gets the octets as they were on the wire, without the final dot line.
 *
 * Returns: (transfer none) (nullable): the stuffed content, or %NULL when the
 *   server was told to keep none
 */
GBytes *
smtp_test_message_get_raw_content (SmtpTestMessage *self)
{
  g_return_val_if_fail (SMTP_TEST_IS_MESSAGE (self), NULL);

  return self->raw_content;
}

/**
 * smtp_test_message_get_size:
 * @self: a message
 *
 * Gets the length of the content after dot-unstuffing.
 *
 * Returns: a number of octets
 */
guint64
smtp_test_message_get_size (SmtpTestMessage *self)
{
  g_return_val_if_fail (SMTP_TEST_IS_MESSAGE (self), 0);

  return self->size;
}

/**
 * smtp_test_message_get_sha256:
 * @self: a message
 *
 * Gets the SHA-256 of the content after dot-unstuffing.
 *
 * Returns: lower-case hexadecimal
 */
const char *
smtp_test_message_get_sha256 (SmtpTestMessage *self)
{
  g_return_val_if_fail (SMTP_TEST_IS_MESSAGE (self), NULL);

  return self->sha256;
}

/**
 * smtp_test_message_get_authenticated_as:
 * @self: a message
 *
 * Gets whom AUTH had accepted when the message came.
 *
 * Returns: (nullable): a user name, or %NULL without AUTH
 */
const char *
smtp_test_message_get_authenticated_as (SmtpTestMessage *self)
{
  g_return_val_if_fail (SMTP_TEST_IS_MESSAGE (self), NULL);

  return self->authenticated_as;
}

/**
 * smtp_test_message_get_tls:
 * @self: a message
 *
 * Tells whether the message came through TLS.
 *
 * Returns: %TRUE when it did
 */
gboolean
smtp_test_message_get_tls (SmtpTestMessage *self)
{
  g_return_val_if_fail (SMTP_TEST_IS_MESSAGE (self), FALSE);

  return self->tls;
}

/**
 * smtp_test_message_get_client_name:
 * @self: a message
 *
 * Gets the argument of EHLO, HELO or LHLO.
 *
 * Returns: (nullable): the name, or %NULL when none was given
 */
const char *
smtp_test_message_get_client_name (SmtpTestMessage *self)
{
  g_return_val_if_fail (SMTP_TEST_IS_MESSAGE (self), NULL);

  return self->client_name;
}

/**
 * smtp_test_message_get_via_bdat:
 * @self: a message
 *
 * Tells whether the content came by BDAT rather than by DATA.
 *
 * Returns: %TRUE for BDAT
 */
gboolean
smtp_test_message_get_via_bdat (SmtpTestMessage *self)
{
  g_return_val_if_fail (SMTP_TEST_IS_MESSAGE (self), FALSE);

  return self->via_bdat;
}

/**
 * smtp_test_message_get_number:
 * @self: a message
 *
 * Gets the number in "queued as N", which also names the kept files.
 *
 * Returns: a number from 1
 */
guint64
smtp_test_message_get_number (SmtpTestMessage *self)
{
  g_return_val_if_fail (SMTP_TEST_IS_MESSAGE (self), 0);

  return self->number;
}
