/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-tls.h"

/* Certificates name a host in its ASCII form. An address is given as one: as a
 * host it would be sent for the server's name (SNI), which RFC 6066 §3 forbids
 * and servers refuse. */
static GSocketConnectable *
make_identity (const SmtpTlsSettings *settings)
{
  g_autofree char *ascii = NULL;

  if (g_hostname_is_ip_address (settings->server_name))
    return G_SOCKET_CONNECTABLE (g_inet_socket_address_new_from_string (settings->server_name, settings->port));

  ascii = g_hostname_to_ascii (settings->server_name);
  return g_network_address_new (ascii != NULL ? ascii : settings->server_name, settings->port);
}

/*< private >
 * A TLS connection over @base whose handshake is still to be done.
 */
GTlsConnection *
smtp_tls_connection_new (GIOStream             *base,
                         const SmtpTlsSettings *settings,
                         GError               **error)
{
  GTlsBackend *backend = g_tls_backend_get_default ();
  g_autoptr (GSocketConnectable) identity = make_identity (settings);
  g_autoptr (GTlsDatabase) database = NULL;
  GTlsConnection *tls;

  if (settings->database != NULL)
    database = g_object_ref (settings->database);
  else
    database = g_tls_backend_get_default_database (backend);

  /* The database at construction: set afterwards, the system's would be read
   * anew for each connection. A server that just closes after QUIT is no
   * attack, and the engine sees when a reply is cut off. */
  tls = g_initable_new (g_tls_backend_get_client_connection_type (backend), NULL, error,
                        "base-io-stream", base,
                        "server-identity", identity,
                        "database", database,
                        "require-close-notify", FALSE,
                        NULL);
  if (tls == NULL)
    return NULL;

  if (settings->certificate != NULL)
    g_tls_connection_set_certificate (tls, settings->certificate);
  if (settings->interaction != NULL)
    g_tls_connection_set_interaction (tls, settings->interaction);
  return tls;
}
