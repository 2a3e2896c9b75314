/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_SERVER_URI_H
#define SMTP_SERVER_URI_H

#include "smtp-enums.h"

G_BEGIN_DECLS

#define SMTP_PORT            25
#define SMTP_PORT_SUBMISSION 587
#define SMTP_PORT_TLS        465

typedef struct
{
  char         *host;
  guint16       port;
  SmtpSecurity  security;
} SmtpServerUri;

gboolean smtp_server_uri_parse (const char     *text,
                                SmtpServerUri  *uri,
                                GError        **error);
void     smtp_server_uri_clear (SmtpServerUri  *uri);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SmtpServerUri, smtp_server_uri_clear)

G_END_DECLS

#endif
