/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-plain-auth.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-auth-private.h"
#include "smtp-error.h"
#include "smtp-secret.h"

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
  SmtpAuth parent_instance;
};

G_DEFINE_FINAL_TYPE (SmtpPlainAuth, smtp_plain_auth, SMTP_TYPE_AUTH)

static void
append_field (GByteArray *message,
              const char *field)
{
  g_byte_array_append (message, (const guint8 *) field, strlen (field));
}

/* RFC 4616 §2: [authzid] NUL authcid NUL passwd */
static GBytes *
make_message (const char *identity,
              const char *username,
              const char *password)
{
  gsize length = strlen (identity) + strlen (username) + strlen (password) + 2;
  GByteArray *message = g_byte_array_sized_new (length);

  append_field (message, identity);
  g_byte_array_append (message, (const guint8 *) "", 1);
  append_field (message, username);
  g_byte_array_append (message, (const guint8 *) "", 1);
  append_field (message, password);
  return smtp_secret_take (message);
}

static gboolean
smtp_plain_auth_start (SmtpAuth        *auth,
                       SmtpServerInfo  *server,
                       char           **mechanism,
                       GBytes         **initial_response,
                       GError         **error)
{
  const char *username = smtp_auth_need_username (auth, "PLAIN", error);
  const char *password = username != NULL ? smtp_auth_need_password (auth, "PLAIN", error) : NULL;

  if (password == NULL || !smtp_secret_may_travel (server, auth, "PLAIN", error))
    return FALSE;

  *mechanism = g_strdup ("PLAIN");
  *initial_response = make_message (smtp_auth_peek_identity (auth), username, password);
  return TRUE;
}

static gboolean
smtp_plain_auth_next (SmtpAuth  *auth,
                      GBytes    *challenge,
                      gboolean   more,
                      GBytes   **response,
                      GError   **error)
{
  return smtp_auth_check_unchallenged ("PLAIN", more, error);
}

static void
smtp_plain_auth_class_init (SmtpPlainAuthClass *klass)
{
  SmtpAuthClass *auth_class = SMTP_AUTH_CLASS (klass);

  auth_class->start = smtp_plain_auth_start;
  auth_class->next = smtp_plain_auth_next;
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
  g_return_val_if_fail (username != NULL, NULL);
  g_return_val_if_fail (password != NULL, NULL);
  g_return_val_if_fail (host != NULL, NULL);

  return smtp_auth_new_with_password (SMTP_TYPE_PLAIN_AUTH, identity, username, password, host);
}
