/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-plain-auth.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-error.h"
#include "smtp-secret.h"
#include "smtp-secret-memory.h"

/**
 * SmtpPlainAuth:
 *
 * The `PLAIN` mechanism (RFC 4616): user name and password in one line.
 *
 * The password goes to one host only, and only over TLS, to the same machine,
 * or over a stream that the program declared secure
 * ([property@Client:stream-is-secure]). Anything else is refused before it is
 * sent.
 *
 * Since: 1.0
 */

struct _SmtpPlainAuth
{
  SmtpAuth  parent_instance;

  char     *identity;
  char     *username;
  char     *password;
  char     *host;
};

enum
{
  PROP_0,
  PROP_IDENTITY,
  PROP_USERNAME,
  PROP_HOST,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (SmtpPlainAuth, smtp_plain_auth, SMTP_TYPE_AUTH)

static void
append_field (GByteArray *message,
              const char *field)
{
  g_byte_array_append (message, (const guint8 *) field, strlen (field));
}

/* RFC 4616 §2: [authzid] NUL authcid NUL passwd */
static GBytes *
make_message (SmtpPlainAuth *self)
{
  gsize length = strlen (self->identity) + strlen (self->username) + strlen (self->password) + 2;
  GByteArray *message = g_byte_array_sized_new (length);

  append_field (message, self->identity);
  g_byte_array_append (message, (const guint8 *) "", 1);
  append_field (message, self->username);
  g_byte_array_append (message, (const guint8 *) "", 1);
  append_field (message, self->password);
  return smtp_secret_take (message);
}

static gboolean
smtp_plain_auth_start (SmtpAuth        *auth,
                       SmtpServerInfo  *server,
                       char           **mechanism,
                       GBytes         **initial_response,
                       GError         **error)
{
  SmtpPlainAuth *self = SMTP_PLAIN_AUTH (auth);

  if (self->password == NULL)
    {
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                           _("PLAIN has no password to send: create it with its constructor"));
      return FALSE;
    }

  if (!smtp_secret_may_travel (server, self->host, "PLAIN", error))
    return FALSE;

  *mechanism = g_strdup ("PLAIN");
  *initial_response = make_message (self);
  return TRUE;
}

static gboolean
smtp_plain_auth_next (SmtpAuth  *auth,
                      GBytes    *challenge,
                      gboolean   more,
                      GBytes   **response,
                      GError   **error)
{
  if (!more)
    return TRUE;

  g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                       _("The server sent a challenge, which PLAIN does not have"));
  return FALSE;
}

static void
smtp_plain_auth_finalize (GObject *object)
{
  SmtpPlainAuth *self = SMTP_PLAIN_AUTH (object);

  g_free (self->identity);
  g_free (self->username);
  g_free (self->host);
  smtp_secret_free (self->password);
  G_OBJECT_CLASS (smtp_plain_auth_parent_class)->finalize (object);
}

static void
smtp_plain_auth_get_property (GObject    *object,
                              guint       id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  SmtpPlainAuth *self = SMTP_PLAIN_AUTH (object);

  switch (id)
    {
    case PROP_IDENTITY:
      g_value_set_string (value, self->identity);
      break;
    case PROP_USERNAME:
      g_value_set_string (value, self->username);
      break;
    case PROP_HOST:
      g_value_set_string (value, self->host);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static char *
dup_or_empty (const GValue *value)
{
  const char *text = g_value_get_string (value);

  return g_strdup (text != NULL ? text : "");
}

static void
smtp_plain_auth_set_property (GObject      *object,
                              guint         id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  SmtpPlainAuth *self = SMTP_PLAIN_AUTH (object);

  switch (id)
    {
    case PROP_IDENTITY:
      self->identity = dup_or_empty (value);
      break;
    case PROP_USERNAME:
      self->username = dup_or_empty (value);
      break;
    case PROP_HOST:
      self->host = dup_or_empty (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_plain_auth_class_init (SmtpPlainAuthClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  SmtpAuthClass *auth_class = SMTP_AUTH_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = smtp_plain_auth_finalize;
  object_class->get_property = smtp_plain_auth_get_property;
  object_class->set_property = smtp_plain_auth_set_property;
  auth_class->start = smtp_plain_auth_start;
  auth_class->next = smtp_plain_auth_next;

  /**
   * SmtpPlainAuth:identity:
   *
   * The identity to act as, empty for the one that belongs to the user name.
   *
   * Since: 1.0
   */
  properties[PROP_IDENTITY] = g_param_spec_string ("identity", NULL, NULL, NULL, flags);

  /**
   * SmtpPlainAuth:username:
   *
   * Whose password it is.
   *
   * Since: 1.0
   */
  properties[PROP_USERNAME] = g_param_spec_string ("username", NULL, NULL, NULL, flags);

  /**
   * SmtpPlainAuth:host:
   *
   * The one server that may have the password: a
   * [property@Client:server-name].
   *
   * Since: 1.0
   */
  properties[PROP_HOST] = g_param_spec_string ("host", NULL, NULL, NULL, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
smtp_plain_auth_init (SmtpPlainAuth *self)
{
}

/**
 * smtp_plain_auth_new:
 * @identity: (nullable): the identity to act as; %NULL or empty for the one
 *   that belongs to @username
 * @username: whose password it is
 * @password: the password. It is copied, and the copy wiped in the end.
 * @host: the one server that may have the password, as the client knows it:
 *   its [property@Client:server-name]
 *
 * Creates the `PLAIN` mechanism.
 *
 * Returns: (transfer full): a new mechanism
 *
 * Since: 1.0
 */
SmtpAuth *
smtp_plain_auth_new (const char *identity,
                     const char *username,
                     const char *password,
                     const char *host)
{
  SmtpPlainAuth *self;

  g_return_val_if_fail (username != NULL, NULL);
  g_return_val_if_fail (password != NULL, NULL);
  g_return_val_if_fail (host != NULL, NULL);

  self = g_object_new (SMTP_TYPE_PLAIN_AUTH,
                       "identity", identity,
                       "username", username,
                       "host", host,
                       NULL);
  self->password = smtp_secret_strdup (password);
  return SMTP_AUTH (self);
}
