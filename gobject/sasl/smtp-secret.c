/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-secret.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-credentials-private.h"
#include "smtp-error.h"

static void
wipe_array (gpointer data)
{
  GByteArray *array = data;

  explicit_bzero (array->data, array->len);
  g_byte_array_unref (array);
}

/*< private >
 * Makes a GBytes of an array that is wiped when the last reference goes. Takes
 * the array, which must have been made large enough at once: an array that
 * grew has left copies behind.
 */
GBytes *
smtp_secret_take (GByteArray *array)
{
  return g_bytes_new_with_free_func (array->data, array->len, wipe_array, array);
}

GBytes *
smtp_secret_bytes_new (gconstpointer bytes,
                       gsize         length)
{
  GByteArray *array = g_byte_array_sized_new (length);

  g_byte_array_append (array, bytes, length);
  return smtp_secret_take (array);
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
