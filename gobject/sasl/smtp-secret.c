/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-secret.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-credentials-private.h"
#include "smtp-error.h"
#include "smtp-secret-memory.h"

/*< private >
 * Makes a GBytes of an array, which is taken and wiped. The array must have been
 * made large enough at once: one that grew has left copies behind.
 */
GBytes *
smtp_secret_take (GByteArray *array)
{
  GBytes *bytes = smtp_secret_bytes_new (array->data, array->len);

  explicit_bzero (array->data, array->len);
  g_byte_array_unref (array);
  return bytes;
}

GBytes *
smtp_secret_bytes_new (gconstpointer bytes,
                       gsize         length)
{
  guint8 *secret = smtp_secret_alloc (length);

  if (length > 0)
    memcpy (secret, bytes, length);
  return g_bytes_new_with_free_func (secret, length, smtp_secret_free, secret);
}

/*< private >
 * Whether a mechanism that sends a password or a token itself may do so here: to
 * the host that it is for, and over TLS or without leaving the machine. The
 * mechanism has credentials.
 */
gboolean
smtp_secret_may_travel (SmtpServerInfo *server,
                        SmtpAuth       *auth,
                        const char     *mechanism,
                        GError        **error)
{
  if (!smtp_credentials_check_host (smtp_auth_get_credentials (auth), server, error))
    return FALSE;

  if (!smtp_server_info_get_tls (server) && !smtp_server_info_get_local (server))
    {
      g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_TLS_REQUIRED,
                   _("%s would send a secret to %s in clear text: TLS is required"),
                   mechanism, smtp_server_info_get_name (server));
      return FALSE;
    }

  return TRUE;
}
