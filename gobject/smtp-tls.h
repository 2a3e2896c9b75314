/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_TLS_H
#define SMTP_TLS_H

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  const char      *server_name;
  guint16          port;
  GTlsDatabase    *database;    /* NULL: the system's */
  GTlsCertificate *certificate; /* nullable */
  GTlsInteraction *interaction; /* nullable */
} SmtpTlsSettings;

GTlsConnection *smtp_tls_connection_new (GIOStream              *base,
                                         const SmtpTlsSettings  *settings,
                                         GError                **error);

G_END_DECLS

#endif
