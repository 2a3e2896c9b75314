/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_CONNECTOR_H
#define SMTP_CONNECTOR_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* Resolves and connects, with happy eyeballs and through proxies: what
 * GSocketClient does asynchronously (its synchronous form waits the whole
 * time-out of a dead address before it tries the next). */
void       smtp_connector_connect_async  (const char           *host,
                                          guint16               port,
                                          GProxyResolver       *proxy_resolver,
                                          GCancellable         *cancellable,
                                          GAsyncReadyCallback   callback,
                                          gpointer              user_data);
GIOStream *smtp_connector_connect_finish (GAsyncResult         *result,
                                          gboolean             *via_proxy,
                                          GError              **error);

gboolean   smtp_connector_is_local       (GIOStream            *stream);
char      *smtp_connector_local_literal  (GSocket              *socket);

G_END_DECLS

#endif
