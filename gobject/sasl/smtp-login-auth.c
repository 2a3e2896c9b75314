/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-login-auth.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-error.h"
#include "smtp-secret.h"
#include "smtp-secret-memory.h"

/**
 * SmtpLoginAuth:
 *
 * The `LOGIN` mechanism: user name and password, each asked for by a
 * challenge.
 *
 * It was never standardised, but some servers offer nothing else. The password
 * goes to one host only, under the conditions of [class@PlainAuth].
 *
 * Since: 1.0
 */

struct _SmtpLoginAuth
{
  SmtpAuth  parent_instance;

  char     *username;
  char     *password;
  char     *host;
  guint     asked;
};

enum
{
  PROP_0,
  PROP_USERNAME,
  PROP_HOST,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (SmtpLoginAuth, smtp_login_auth, SMTP_TYPE_AUTH)

static gboolean
smtp_login_auth_start (SmtpAuth        *auth,
                       SmtpServerInfo  *server,
                       char           **mechanism,
                       GBytes         **initial_response,
                       GError         **error)
{
  SmtpLoginAuth *self = SMTP_LOGIN_AUTH (auth);

  if (self->password == NULL)
    {
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                           _("LOGIN has no password to send: create it with its constructor"));
      return FALSE;
    }

  if (!smtp_secret_may_travel (server, self->host, "LOGIN", error))
    return FALSE;

  self->asked = 0;
  *mechanism = g_strdup ("LOGIN");
  return TRUE;
}

/* Servers word their questions as they like ("Username:", "User Name", in
 * translation): only the order can be relied on. */
static gboolean
smtp_login_auth_next (SmtpAuth  *auth,
                      GBytes    *challenge,
                      gboolean   more,
                      GBytes   **response,
                      GError   **error)
{
  SmtpLoginAuth *self = SMTP_LOGIN_AUTH (auth);
  const char *answer;

  if (!more)
    return TRUE;

  if (self->asked >= 2)
    {
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                           _("The server sent a third challenge, LOGIN has two"));
      return FALSE;
    }

  answer = self->asked++ == 0 ? self->username : self->password;
  *response = smtp_secret_bytes_new (answer, strlen (answer));
  return TRUE;
}

static void
smtp_login_auth_finalize (GObject *object)
{
  SmtpLoginAuth *self = SMTP_LOGIN_AUTH (object);

  g_free (self->username);
  g_free (self->host);
  smtp_secret_free (self->password);
  G_OBJECT_CLASS (smtp_login_auth_parent_class)->finalize (object);
}

static void
smtp_login_auth_get_property (GObject    *object,
                              guint       id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  SmtpLoginAuth *self = SMTP_LOGIN_AUTH (object);

  switch (id)
    {
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
smtp_login_auth_set_property (GObject      *object,
                              guint         id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  SmtpLoginAuth *self = SMTP_LOGIN_AUTH (object);

  switch (id)
    {
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
smtp_login_auth_class_init (SmtpLoginAuthClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  SmtpAuthClass *auth_class = SMTP_AUTH_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = smtp_login_auth_finalize;
  object_class->get_property = smtp_login_auth_get_property;
  object_class->set_property = smtp_login_auth_set_property;
  auth_class->start = smtp_login_auth_start;
  auth_class->next = smtp_login_auth_next;

  /**
   * SmtpLoginAuth:username:
   *
   * Whose password it is.
   *
   * Since: 1.0
   */
  properties[PROP_USERNAME] = g_param_spec_string ("username", NULL, NULL, NULL, flags);

  /**
   * SmtpLoginAuth:host:
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
smtp_login_auth_init (SmtpLoginAuth *self)
{
}

/**
 * smtp_login_auth_new:
 * @username: whose password it is
 * @password: the password. It is copied, and the copy wiped in the end.
 * @host: the one server that may have the password, as the client knows it:
 *   its [property@Client:server-name]
 *
 * Creates the `LOGIN` mechanism.
 *
 * Returns: (transfer full): a new mechanism
 *
 * Since: 1.0
 */
SmtpAuth *
smtp_login_auth_new (const char *username,
                     const char *password,
                     const char *host)
{
  SmtpLoginAuth *self;

  g_return_val_if_fail (username != NULL, NULL);
  g_return_val_if_fail (password != NULL, NULL);
  g_return_val_if_fail (host != NULL, NULL);

  self = g_object_new (SMTP_TYPE_LOGIN_AUTH,
                       "username", username,
                       "host", host,
                       NULL);
  self->password = smtp_secret_strdup (password);
  return SMTP_AUTH (self);
}
