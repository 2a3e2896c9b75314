/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-auth-pin-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-argument.h"
#include "smtp-error.h"

/**
 * SmtpAuthPin:
 *
 * What a program remembers of how it signed in at a server, so that the next
 * time it does not do with less.
 *
 * Who can change what a server says can have it offer nothing but clear-text
 * passwords, or no TLS. On the first connection nobody can tell; afterwards
 * [class@AutoAuth] can, when it is given its pin back: less than before is
 * `DOWNGRADE` of [error@ClientError], and nothing was sent.
 *
 * ```c
 * if (smtp_client_authenticate (client, auth, NULL, &error))
 *   {
 *     g_autofree char *pin = smtp_auth_pin_to_string (smtp_auto_auth_get_pin (SMTP_AUTO_AUTH (auth)));
 *
 *     g_settings_set_string (settings, "pin", pin);
 *   }
 * ```
 *
 * A pin has no secret in it. It belongs to one server and one way of signing
 * in: when the user has moved from a token to a password, or the server's
 * owner says that it offers less now, the program forgets the pin.
 *
 * Since: 1.0
 */
struct _SmtpAuthPin
{
  gatomicrefcount ref_count;
  char           *server;
  char           *mechanism;
  int             strength;
  gboolean        tls;
};

G_DEFINE_BOXED_TYPE (SmtpAuthPin, smtp_auth_pin, smtp_auth_pin_ref, smtp_auth_pin_unref)

/*< private >
 * @strength: the priority of the mechanism's extension
 */
SmtpAuthPin *
smtp_auth_pin_new (const char *server,
                   const char *mechanism,
                   int         strength,
                   gboolean    tls)
{
  SmtpAuthPin *self = g_new0 (SmtpAuthPin, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->server = g_strdup (server);
  self->mechanism = g_strdup (mechanism);
  self->strength = strength;
  self->tls = tls;
  return self;
}

/* version, strength, mechanism, security, server: the last may have anything
 * in it. */
enum
{
  FIELD_VERSION,
  FIELD_STRENGTH,
  FIELD_MECHANISM,
  FIELD_SECURITY,
  FIELD_SERVER,
  N_FIELDS
};

#define VERSION "smtp-pin-1"

static gboolean
are_valid (char    **fields,
           guint64  *strength)
{
  return g_strv_length (fields) == N_FIELDS &&
         g_str_equal (fields[FIELD_VERSION], VERSION) &&
         g_ascii_string_to_unsigned (fields[FIELD_STRENGTH], 10, 0, G_MAXINT, strength, NULL) &&
         smtp_check_mechanism (fields[FIELD_MECHANISM], NULL) &&
         (g_str_equal (fields[FIELD_SECURITY], "tls") || g_str_equal (fields[FIELD_SECURITY], "clear")) &&
         *fields[FIELD_SERVER] != '\0' && g_utf8_validate (fields[FIELD_SERVER], -1, NULL);
}

/**
 * smtp_auth_pin_new_from_string:
 * @string: what [method@AuthPin.to_string] returned
 * @error: return location for an error
 *
 * Reads a pin.
 *
 * Returns: (transfer full): a pin, or %NULL with `INVALID_ARGUMENT` of
 *   [error@ClientError] when @string is none
 *
 * Since: 1.0
 */
SmtpAuthPin *
smtp_auth_pin_new_from_string (const char  *string,
                               GError     **error)
{
  g_auto (GStrv) fields = NULL;
  guint64 strength;

  g_return_val_if_fail (string != NULL, NULL);

  fields = g_strsplit (string, " ", N_FIELDS);
  if (are_valid (fields, &strength))
    return smtp_auth_pin_new (fields[FIELD_SERVER], fields[FIELD_MECHANISM], strength,
                              g_str_equal (fields[FIELD_SECURITY], "tls"));

  g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                       _("This is not what was remembered of a server's authentication"));
  return NULL;
}

/**
 * smtp_auth_pin_ref:
 * @self: a pin
 *
 * Adds a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
SmtpAuthPin *
smtp_auth_pin_ref (SmtpAuthPin *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * smtp_auth_pin_unref:
 * @self: (transfer full): a pin
 *
 * Drops a reference, and with the last one the pin.
 *
 * Since: 1.0
 */
void
smtp_auth_pin_unref (SmtpAuthPin *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_free (self->server);
  g_free (self->mechanism);
  g_free (self);
}

/**
 * smtp_auth_pin_to_string:
 * @self: a pin
 *
 * Writes the pin as one line of text, for a file or the settings of a program.
 *
 * Returns: (transfer full): the text
 *
 * Since: 1.0
 */
char *
smtp_auth_pin_to_string (SmtpAuthPin *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_strdup_printf (VERSION " %d %s %s %s", self->strength, self->mechanism,
                          self->tls ? "tls" : "clear", self->server);
}

/**
 * smtp_auth_pin_get_server:
 * @self: a pin
 *
 * Gets whose pin it is.
 *
 * Returns: the server's name: the client's [property@Client:server-name]
 *
 * Since: 1.0
 */
const char *
smtp_auth_pin_get_server (SmtpAuthPin *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->server;
}

/**
 * smtp_auth_pin_get_mechanism:
 * @self: a pin
 *
 * Gets the strongest mechanism that was used.
 *
 * Returns: the name, such as `SCRAM-SHA-256-PLUS`
 *
 * Since: 1.0
 */
const char *
smtp_auth_pin_get_mechanism (SmtpAuthPin *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->mechanism;
}

/**
 * smtp_auth_pin_get_tls:
 * @self: a pin
 *
 * Gets whether there was TLS.
 *
 * Returns: whether there was
 *
 * Since: 1.0
 */
gboolean
smtp_auth_pin_get_tls (SmtpAuthPin *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->tls;
}

/*< private >
 * The strength of the mechanism.
 */
int
smtp_auth_pin_get_strength (SmtpAuthPin *self)
{
  return self->strength;
}
