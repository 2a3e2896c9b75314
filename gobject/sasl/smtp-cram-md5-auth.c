/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-cram-md5-auth.h"

#include <glib/gi18n-lib.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "smtp-auth-private.h"
#include "smtp-error.h"
#include "smtp-secret.h"
#include "smtp-secret-memory.h"

/**
 * SmtpCramMd5Auth:
 *
 * The `CRAM-MD5` mechanism (RFC 2195): proves that the secret is known without
 * sending it.
 *
 * It is old: who listens can try passwords against what was said, and the
 * server proves nothing. Over TLS it does no harm.
 *
 * Since: 1.0
 */

struct _SmtpCramMd5Auth
{
  SmtpAuth parent_instance;
  gboolean answered;
};

G_DEFINE_FINAL_TYPE (SmtpCramMd5Auth, smtp_cram_md5_auth, SMTP_TYPE_AUTH)

static gboolean
smtp_cram_md5_auth_start (SmtpAuth        *auth,
                          SmtpServerInfo  *server,
                          char           **mechanism,
                          GBytes         **initial_response,
                          GError         **error)
{
  if (smtp_auth_need_username (auth, "CRAM-MD5", error) == NULL ||
      smtp_auth_need_password (auth, "CRAM-MD5", error) == NULL)
    return FALSE;

  SMTP_CRAM_MD5_AUTH (auth)->answered = FALSE;
  *mechanism = g_strdup ("CRAM-MD5");
  return TRUE;
}

#define MD5_OCTETS 16

static void
append_hex (char         *out,
            const guint8 *octets,
            gsize         length)
{
  static const char digits[] = "0123456789abcdef";

  for (gsize i = 0; i < length; i++)
    {
      *out++ = digits[octets[i] >> 4];
      *out++ = digits[octets[i] & 0xf];
    }
}

/* RFC 2195 §2: username SP lower-case hexadecimal of HMAC-MD5 (secret, challenge) */
static GBytes *
make_response (const char  *username,
               const char  *secret,
               GBytes      *challenge,
               GError     **error)
{
  gsize start = strlen (username) + 1;
  guint8 digest[MD5_OCTETS];
  char *response;
  gsize length;
  const void *data = g_bytes_get_data (challenge, &length);
  int result = gnutls_hmac_fast (GNUTLS_MAC_MD5, secret, strlen (secret), data, length, digest);

  if (result < 0)
    {
      g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                   _("CRAM-MD5 cannot be used on this system: %s"), gnutls_strerror (result));
      return NULL;
    }

  response = smtp_secret_alloc (start + 2 * MD5_OCTETS);
  memcpy (response, username, start - 1);
  response[start - 1] = ' ';
  append_hex (response + start, digest, MD5_OCTETS);
  explicit_bzero (digest, sizeof digest);
  return g_bytes_new_with_free_func (response, start + 2 * MD5_OCTETS, smtp_secret_free, response);
}

static gboolean
smtp_cram_md5_auth_next (SmtpAuth  *auth,
                         GBytes    *challenge,
                         gboolean   more,
                         GBytes   **response,
                         GError   **error)
{
  SmtpCramMd5Auth *self = SMTP_CRAM_MD5_AUTH (auth);
  const char *username;
  const char *secret;

  if (!more)
    return TRUE;

  if (self->answered)
    {
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                           _("The server sent a second challenge, CRAM-MD5 has one"));
      return FALSE;
    }

  self->answered = TRUE;
  username = smtp_auth_need_username (auth, "CRAM-MD5", error);
  secret = username != NULL ? smtp_auth_need_password (auth, "CRAM-MD5", error) : NULL;
  *response = secret != NULL ? make_response (username, secret, challenge, error) : NULL;
  return *response != NULL;
}

static void
smtp_cram_md5_auth_class_init (SmtpCramMd5AuthClass *klass)
{
  SmtpAuthClass *auth_class = SMTP_AUTH_CLASS (klass);

  auth_class->start = smtp_cram_md5_auth_start;
  auth_class->next = smtp_cram_md5_auth_next;
}

static void
smtp_cram_md5_auth_init (SmtpCramMd5Auth *self)
{
}

/**
 * smtp_cram_md5_auth_new:
 * @username: whose secret it is
 * @secret: the secret, usually a password. It is copied, and the copy wiped in
 *   the end.
 *
 * Creates the `CRAM-MD5` mechanism.
 *
 * Returns: (transfer full): a new mechanism
 *
 * Since: 1.0
 */
SmtpAuth *
smtp_cram_md5_auth_new (const char *username,
                        const char *secret)
{
  g_return_val_if_fail (username != NULL, NULL);
  g_return_val_if_fail (secret != NULL, NULL);

  return smtp_auth_new_with_password (SMTP_TYPE_CRAM_MD5_AUTH, NULL, username, secret, NULL);
}
