/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-server-info-private.h"

/**
 * SmtpServerInfo:
 *
 * What an [class@Auth] is told of the server, to decide whether and how to
 * authenticate to it.
 *
 * Since: 1.0
 */
struct _SmtpServerInfo
{
  gatomicrefcount ref_count;
  char           *name;
  gboolean        tls;
  gboolean        tls_verified;
  gboolean        local;
  gboolean        has_certificate;
  char          **mechanisms;
  GBytes         *bindings[G_TLS_CHANNEL_BINDING_TLS_EXPORTER + 1];
};

G_DEFINE_BOXED_TYPE (SmtpServerInfo, smtp_server_info, smtp_server_info_ref, smtp_server_info_unref)

static GBytes *
read_binding (GTlsConnection         *tls,
              GTlsChannelBindingType  type)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();

  /* RFC 9266 §3: tls-unique says nothing about a TLS 1.3 connection. */
  if (type == G_TLS_CHANNEL_BINDING_TLS_UNIQUE &&
      g_tls_connection_get_protocol_version (tls) >= G_TLS_PROTOCOL_VERSION_TLS_1_3)
    return NULL;

  if (!g_tls_connection_get_channel_binding_data (tls, type, data, NULL))
    return NULL;

  return g_byte_array_free_to_bytes (g_steal_pointer (&data));
}

static void
read_tls (SmtpServerInfo *self,
          GTlsConnection *tls)
{
  self->tls = TRUE;
  self->tls_verified = g_tls_connection_get_peer_certificate_errors (tls) == 0;
  self->has_certificate = g_tls_connection_get_certificate (tls) != NULL;
  for (guint type = 0; type < G_N_ELEMENTS (self->bindings); type++)
    self->bindings[type] = read_binding (tls, type);
}

/*< private >
 * @tls: (nullable): the connection, when its certificate was accepted
 * @mechanisms: (transfer full): those offered
 */
SmtpServerInfo *
smtp_server_info_new (const char      *name,
                      GTlsConnection  *tls,
                      gboolean         local,
                      char           **mechanisms)
{
  SmtpServerInfo *self = g_new0 (SmtpServerInfo, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->name = g_strdup (name);
  self->local = local;
  self->mechanisms = mechanisms;
  if (tls != NULL)
    read_tls (self, tls);
  return self;
}

static char **
without (char       **mechanisms,
         const char  *mechanism)
{
  GPtrArray *rest = g_ptr_array_new ();

  for (guint i = 0; mechanisms[i] != NULL; i++)
    if (!g_str_equal (mechanisms[i], mechanism))
      g_ptr_array_add (rest, g_strdup (mechanisms[i]));
  g_ptr_array_add (rest, NULL);
  return (char **) g_ptr_array_free (rest, FALSE);
}

/*< private >
 * The same server, had it not offered this mechanism.
 */
SmtpServerInfo *
smtp_server_info_new_without (SmtpServerInfo *other,
                              const char     *mechanism)
{
  SmtpServerInfo *self = g_new0 (SmtpServerInfo, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->name = g_strdup (other->name);
  self->tls = other->tls;
  self->tls_verified = other->tls_verified;
  self->local = other->local;
  self->has_certificate = other->has_certificate;
  self->mechanisms = without (other->mechanisms, mechanism);
  for (guint type = 0; type < G_N_ELEMENTS (self->bindings); type++)
    self->bindings[type] = other->bindings[type] != NULL ? g_bytes_ref (other->bindings[type]) : NULL;
  return self;
}

/*< private >
 * Whether the client has a certificate of its own to show.
 */
gboolean
smtp_server_info_has_certificate (SmtpServerInfo *self)
{
  return self->has_certificate;
}

/**
 * smtp_server_info_ref:
 * @self: a server's information
 *
 * Adds a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
SmtpServerInfo *
smtp_server_info_ref (SmtpServerInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * smtp_server_info_unref:
 * @self: (transfer full): a server's information
 *
 * Drops a reference, and with the last one the information.
 *
 * Since: 1.0
 */
void
smtp_server_info_unref (SmtpServerInfo *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_free (self->name);
  g_strfreev (self->mechanisms);
  for (guint type = 0; type < G_N_ELEMENTS (self->bindings); type++)
    g_clear_pointer (&self->bindings[type], g_bytes_unref);
  g_free (self);
}

/**
 * smtp_server_info_get_name:
 * @self: a server's information
 *
 * The name that the program knows the server by:
 * [property@Client:server-name].
 *
 * Returns: the name
 *
 * Since: 1.0
 */
const char *
smtp_server_info_get_name (SmtpServerInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->name;
}

/**
 * smtp_server_info_get_tls:
 * @self: a server's information
 *
 * Whether TLS stands and the server's certificate was verified, or accepted by
 * [signal@Client::accept-certificate] on this connection.
 *
 * Returns: whether a secret may travel on account of TLS
 *
 * Since: 1.0
 */
gboolean
smtp_server_info_get_tls (SmtpServerInfo *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->tls;
}

/**
 * smtp_server_info_get_tls_verified:
 * @self: a server's information
 *
 * Whether TLS stands and the server's certificate was verified without an
 * error.
 *
 * Returns: whether it was
 *
 * Since: 1.0
 */
gboolean
smtp_server_info_get_tls_verified (SmtpServerInfo *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->tls_verified;
}

/**
 * smtp_server_info_get_local:
 * @self: a server's information
 *
 * Whether the connection leads to the same machine (a loopback address or a
 * UNIX socket that the client connected to without a proxy), or over a stream
 * that the program declared secure. A secret may travel in clear text then.
 *
 * Returns: whether it does
 *
 * Since: 1.0
 */
gboolean
smtp_server_info_get_local (SmtpServerInfo *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->local;
}

/**
 * smtp_server_info_get_mechanisms:
 * @self: a server's information
 *
 * The mechanisms that the server offers, in upper case.
 *
 * Returns: (transfer none) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
const char * const *
smtp_server_info_get_mechanisms (SmtpServerInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return (const char * const *) self->mechanisms;
}

/**
 * smtp_server_info_has_mechanism:
 * @self: a server's information
 * @mechanism: a mechanism's name, in upper case
 *
 * Tells whether the server offers a mechanism.
 *
 * Returns: whether it does
 *
 * Since: 1.0
 */
gboolean
smtp_server_info_has_mechanism (SmtpServerInfo *self,
                                const char     *mechanism)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (mechanism != NULL, FALSE);

  return g_strv_contains ((const char * const *) self->mechanisms, mechanism);
}

/**
 * smtp_server_info_get_channel_binding:
 * @self: a server's information
 * @type: which binding
 *
 * Data that binds an authentication to this TLS connection (RFC 5929,
 * RFC 9266).
 *
 * Returns: (transfer none) (nullable): the data, or %NULL without TLS, and for
 *   types that this connection does not have; `tls-unique` never on TLS 1.3
 *
 * Since: 1.0
 */
GBytes *
smtp_server_info_get_channel_binding (SmtpServerInfo         *self,
                                      GTlsChannelBindingType  type)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail ((guint) type < G_N_ELEMENTS (self->bindings), NULL);

  return self->bindings[type];
}
