/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-login-auth.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-auth-private.h"
#include "smtp-error.h"
#include "smtp-secret.h"

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
  SmtpAuth parent_instance;
  guint    asked;
};

G_DEFINE_FINAL_TYPE (SmtpLoginAuth, smtp_login_auth, SMTP_TYPE_AUTH)

static gboolean
smtp_login_auth_start (SmtpAuth        *auth,
                       SmtpServerInfo  *server,
                       char           **mechanism,
                       GBytes         **initial_response,
                       GError         **error)
{
  if (smtp_auth_need_username (auth, "LOGIN", error) == NULL ||
      smtp_auth_need_password (auth, "LOGIN", error) == NULL ||
      !smtp_secret_may_travel (server, auth, "LOGIN", error))
    return FALSE;

  SMTP_LOGIN_AUTH (auth)->asked = 0;
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

  if (self->asked++ == 0)
    answer = smtp_auth_need_username (auth, "LOGIN", error);
  else
    answer = smtp_auth_need_password (auth, "LOGIN", error);
  if (answer == NULL)
    return FALSE;

  *response = smtp_secret_bytes_new (answer, strlen (answer));
  return TRUE;
}

static void
smtp_login_auth_class_init (SmtpLoginAuthClass *klass)
{
  SmtpAuthClass *auth_class = SMTP_AUTH_CLASS (klass);

  auth_class->start = smtp_login_auth_start;
  auth_class->next = smtp_login_auth_next;
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
  g_return_val_if_fail (username != NULL, NULL);
  g_return_val_if_fail (password != NULL, NULL);
  g_return_val_if_fail (host != NULL, NULL);

  return smtp_auth_new_with_password (SMTP_TYPE_LOGIN_AUTH, NULL, username, password, host);
}
