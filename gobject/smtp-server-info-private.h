/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_SERVER_INFO_PRIVATE_H
#define SMTP_SERVER_INFO_PRIVATE_H

#include "smtp-server-info.h"

G_BEGIN_DECLS

SmtpServerInfo *smtp_server_info_new (const char      *name,
                                      GTlsConnection  *tls,
                                      gboolean         local,
                                      char           **mechanisms);
SmtpServerInfo *smtp_server_info_new_without (SmtpServerInfo *other,
                                              const char     *mechanism);
gboolean        smtp_server_info_has_certificate (SmtpServerInfo *self);

G_END_DECLS

#endif
