/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-external-auth.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-auth-private.h"
#include "smtp-error.h"
#include "smtp-text.h"

/**
 * SmtpExternalAuth:
 *
 * The `EXTERNAL` mechanism (RFC 4422 appendix A): the server knows already who
 * is there, by the client's certificate ([property@Client:tls-certificate]), or
 * by the user that a UNIX socket belongs to.
 *
 * Nothing secret is sent. On a connection without TLS, and not to the same
 * machine, there is nothing that the server could know the client by: that is
 * refused before anything is sent. Whether the server asked for the certificate
 * and takes it is for the server to say.
 *
 * ```c
 * g_autoptr (SmtpAuth) auth = smtp_external_auth_new (NULL);
 *
 * smtp_client_set_tls_certificate (client, certificate);
 * …
 * if (!smtp_client_authenticate (client, auth, cancellable, &error))
 *   return FALSE;
 * ```
 *
 * [method@Client.authenticate] ends with these errors of [error@ClientError]
 * besides its own:
 *
 * - `INVALID_ARGUMENT`: the identity has control characters. Nothing was sent.
 * - `AUTH_UNAVAILABLE`: there is no TLS. Nothing was sent.
 * - `AUTH_REJECTED`: the server does not know the client, or does not let it
 *   act as the identity.
 * - `PROTOCOL`: the server sent a challenge.
 *
 * Since: 1.0
 */

struct _SmtpExternalAuth
{
  SmtpAuth parent_instance;
};

G_DEFINE_FINAL_TYPE (SmtpExternalAuth, smtp_external_auth, SMTP_TYPE_AUTH)

static gboolean
check_server (SmtpServerInfo  *server,
              GError         **error)
{
  if (smtp_server_info_get_tls (server) || smtp_server_info_get_local (server))
    return TRUE;

  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
               _("EXTERNAL goes by the client's certificate, but the connection to %s is without TLS"),
               smtp_server_info_get_name (server));
  return FALSE;
}

static gboolean
smtp_external_auth_start (SmtpAuth        *auth,
                          SmtpServerInfo  *server,
                          char           **mechanism,
                          GBytes         **initial_response,
                          GError         **error)
{
  const char *identity = smtp_auth_peek_identity (auth);

  if (!check_server (server, error))
    return FALSE;

  if (!smtp_text_is_plain (identity))
    {
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                           _("EXTERNAL cannot use this identity: it has control characters"));
      return FALSE;
    }

  *mechanism = g_strdup ("EXTERNAL");
  *initial_response = g_bytes_new (identity, strlen (identity));
  return TRUE;
}

/* RFC 4422 appendix A has one, but only where no initial response went. */
static gboolean
smtp_external_auth_next (SmtpAuth  *auth,
                         GBytes    *challenge,
                         gboolean   more,
                         GBytes   **response,
                         GError   **error)
{
  return smtp_auth_check_unchallenged ("EXTERNAL", more, error);
}

static void
smtp_external_auth_class_init (SmtpExternalAuthClass *klass)
{
  SmtpAuthClass *auth_class = SMTP_AUTH_CLASS (klass);

  auth_class->start = smtp_external_auth_start;
  auth_class->next = smtp_external_auth_next;
}

static void
smtp_external_auth_init (SmtpExternalAuth *self)
{
}

/**
 * smtp_external_auth_new:
 * @identity: (nullable): the identity to act as; %NULL or empty for the one
 *   that the server takes the client for
 *
 * Creates the `EXTERNAL` mechanism. The identity is that of its
 * [property@Auth:credentials].
 *
 * Returns: (transfer full): a new mechanism
 *
 * Since: 1.0
 */
SmtpAuth *
smtp_external_auth_new (const char *identity)
{
  return smtp_auth_new_with_password (SMTP_TYPE_EXTERNAL_AUTH, identity, NULL, NULL, NULL);
}
