/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-xoauth2-auth.h"

#include "smtp-auth-private.h"
#include "smtp-oauth.h"

/**
 * SmtpXoauth2Auth:
 *
 * The `XOAUTH2` mechanism: signs in by an access token of OAuth 2.0 (RFC 6749).
 *
 * It is what large providers had before there was a standard, and what some of
 * them still have alone. [class@OauthbearerAuth] is the standard's.
 *
 * [property@Credentials:identity] is whose mailbox to use, where that is not
 * the user's own.
 *
 * The token goes to one host only, and only over TLS, to the same machine, or
 * over a stream that the program declared secure
 * ([property@Client:stream-is-secure]). Anything else is refused before it is
 * sent.
 *
 * When there is no token yet, or the server refuses it, a new one is asked for
 * by [signal@Credentials::refresh], once within an authentication. What the
 * server says of a token that it refuses is the
 * [property@Xoauth2Auth:failure].
 *
 * ```c
 * g_autoptr (SmtpAuth) auth = smtp_xoauth2_auth_new ("user@example.org", token, "mail.example.org");
 *
 * if (!smtp_client_authenticate (client, auth, cancellable, &error))
 *   {
 *     SmtpOauthFailure *failure = smtp_xoauth2_auth_get_failure (SMTP_XOAUTH2_AUTH (auth));
 *
 *     if (failure != NULL)
 *       g_printerr ("%s\n", smtp_oauth_failure_get_status (failure));
 *   }
 * ```
 *
 * [method@Client.authenticate] ends with these errors of [error@ClientError]
 * besides its own:
 *
 * - `INVALID_ARGUMENT`: the user name is empty or has control characters, or
 *   the token has other characters than letters, digits and `-._~+/`, with `=`
 *   at its end (RFC 6750 §2.1), or the credentials have no
 *   [property@Credentials:host]. Nothing was sent.
 * - `AUTH_UNAVAILABLE`: the credentials are for another host, or have no user
 *   name, or no token and nobody who obtains one. Nothing was sent. Errors of
 *   who tried to obtain one come as they are.
 * - `TLS_REQUIRED`: the token would travel in clear text. Nothing was sent.
 * - `AUTH_REJECTED`: the server refuses the token.
 * - `PROTOCOL`: the server sent a second challenge.
 *
 * Since: 1.0
 */

struct _SmtpXoauth2Auth
{
  SmtpOauth parent_instance;
};

G_DEFINE_FINAL_TYPE (SmtpXoauth2Auth, smtp_xoauth2_auth, SMTP_TYPE_OAUTH)

/* user=NAME, with no escapes: a name that needs them is refused. */
static char *
make_head (const char *user,
           const char *host)
{
  return g_strconcat ("user=", user, NULL);
}

static const SmtpOauthMechanism mechanism = {
  .name = "XOAUTH2",
  .make_head = make_head,
  .farewell = "", /* an empty line */
};

static void
smtp_xoauth2_auth_class_init (SmtpXoauth2AuthClass *klass)
{
  /**
   * SmtpXoauth2Auth:failure: (getter get_failure)
   *
   * What the server said of the token that it refused; %NULL when it has not
   * refused one since the last exchange began, or has not said why.
   *
   * Since: 1.0
   */
  smtp_oauth_install_failure (klass,
                              g_param_spec_boxed ("failure", NULL, NULL, SMTP_TYPE_OAUTH_FAILURE,
                                                  G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
smtp_xoauth2_auth_init (SmtpXoauth2Auth *self)
{
  self->parent_instance.mechanism = &mechanism;
}

/**
 * smtp_xoauth2_auth_new:
 * @username: whose token it is
 * @token: (nullable): the access token; %NULL to have it obtained by
 *   [signal@Credentials::refresh]. It is copied, and the copy wiped in the end.
 * @host: the one server that may have the token, as the client knows it: its
 *   [property@Client:server-name]
 *
 * Creates the `XOAUTH2` mechanism.
 *
 * Returns: (transfer full): a new mechanism
 *
 * Since: 1.0
 */
SmtpAuth *
smtp_xoauth2_auth_new (const char *username,
                       const char *token,
                       const char *host)
{
  g_return_val_if_fail (username != NULL, NULL);
  g_return_val_if_fail (host != NULL, NULL);

  return smtp_auth_new_with_token (SMTP_TYPE_XOAUTH2_AUTH, username, token, host);
}

/**
 * smtp_xoauth2_auth_get_failure: (get-property failure)
 * @self: a mechanism
 *
 * Gets what the server said of the token that it refused.
 *
 * Returns: (transfer none) (nullable): the failure, or %NULL when the server
 *   has not refused a token since the last exchange began, or has not said why
 *
 * Since: 1.0
 */
SmtpOauthFailure *
smtp_xoauth2_auth_get_failure (SmtpXoauth2Auth *self)
{
  g_return_val_if_fail (SMTP_IS_XOAUTH2_AUTH (self), NULL);

  return smtp_oauth_get_failure (SMTP_AUTH (self));
}
