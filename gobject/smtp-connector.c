/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-connector.h"

#include <gio/gunixsocketaddress.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#define LOOPBACK_LITERAL "[127.0.0.1]"

typedef struct
{
  gboolean via_proxy;
} Attempt;

static void
on_event (GSocketClient      *client,
          GSocketClientEvent  event,
          GSocketConnectable *connectable,
          GIOStream          *stream,
          gpointer            user_data)
{
  Attempt *attempt = user_data;

  if (event == G_SOCKET_CLIENT_PROXY_NEGOTIATING)
    attempt->via_proxy = TRUE;
}

/* A command is one small write and its reply is waited for: nothing is gained
 * by holding it back, and 40 ms are lost. */
static void
set_no_delay (GSocketConnection *connection)
{
  GSocket *socket = g_socket_connection_get_socket (connection);

  if (g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
}

static void
on_connected (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GSocketConnection *connection;
  GError *error = NULL;

  connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);
  g_signal_handlers_disconnect_by_data (source, g_task_get_task_data (task));
  if (connection == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  set_no_delay (connection);
  g_task_return_pointer (task, connection, g_object_unref);
}

static gboolean
is_loopback_name (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return address != NULL ? g_inet_address_get_is_loopback (address) : g_ascii_strcasecmp (host, "localhost") == 0;
}

/* A look-up costs more than the connection does, and GIO loads every module
 * for it: not for what no proxy could reach, nor to hear that there is none. */
static gboolean
may_have_proxy (GProxyResolver *resolver,
                const char     *host)
{
  if (resolver != NULL)
    return TRUE;

  return !is_loopback_name (host) &&
         g_strcmp0 (G_OBJECT_TYPE_NAME (g_proxy_resolver_get_default ()), "GDummyProxyResolver") != 0;
}

void
smtp_connector_connect_async (const char          *host,
                              guint16              port,
                              GProxyResolver      *proxy_resolver,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) address = g_network_address_new (host, port);
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Attempt *attempt = g_new0 (Attempt, 1);

  g_task_set_name (task, "[smtp-glib] connect");
  g_task_set_source_tag (task, smtp_connector_connect_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, attempt, g_free);
  if (proxy_resolver != NULL)
    g_socket_client_set_proxy_resolver (client, proxy_resolver);
  g_socket_client_set_enable_proxy (client, may_have_proxy (proxy_resolver, host));
  g_signal_connect (client, "event", G_CALLBACK (on_event), attempt);
  g_socket_client_connect_async (client, address, cancellable, on_connected, g_object_ref (task));
}

/*< private >
 * @via_proxy: (out): whether a proxy stands in between
 */
GIOStream *
smtp_connector_connect_finish (GAsyncResult *result,
                               gboolean     *via_proxy,
                               GError      **error)
{
  Attempt *attempt = g_task_get_task_data (G_TASK (result));

  *via_proxy = attempt->via_proxy;
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
is_loopback (GSocketAddress *address)
{
  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    return TRUE;

  return G_IS_INET_SOCKET_ADDRESS (address) &&
         g_inet_address_get_is_loopback (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
}

/*< private >
 * Whether what goes over the stream stays on this machine. Says nothing about
 * proxies: the peer of a connection through a local one is local.
 */
gboolean
smtp_connector_is_local (GIOStream *stream)
{
  g_autoptr (GSocketAddress) peer = NULL;

  if (!G_IS_SOCKET_CONNECTION (stream))
    return FALSE;

  peer = g_socket_connection_get_remote_address (G_SOCKET_CONNECTION (stream), NULL);
  return peer != NULL && is_loopback (peer);
}

/*< private >
 * The address literal to introduce oneself with (RFC 5321 §4.1.3): it is
 * always true, never refused as a name that does not resolve, and tells the
 * server nothing that it does not see.
 *
 * @socket: (nullable): the connection's
 */
char *
smtp_connector_local_literal (GSocket *socket)
{
  g_autoptr (GSocketAddress) local = socket != NULL ? g_socket_get_local_address (socket, NULL) : NULL;
  g_autofree char *text = NULL;
  GInetAddress *address;

  if (!G_IS_INET_SOCKET_ADDRESS (local))
    return g_strdup (LOOPBACK_LITERAL);

  address = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (local));
  text = g_inet_address_to_string (address);
  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6)
    return g_strdup_printf ("[IPv6:%s]", text);

  return g_strdup_printf ("[%s]", text);
}
