/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_SERVER_INFO_H
#define SMTP_SERVER_INFO_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include <gio/gio.h>

#include "smtp-version.h"

G_BEGIN_DECLS

#define SMTP_TYPE_SERVER_INFO (smtp_server_info_get_type ())

typedef struct _SmtpServerInfo SmtpServerInfo;

SMTP_AVAILABLE_IN_1_0
GType               smtp_server_info_get_type            (void);
SMTP_AVAILABLE_IN_1_0
SmtpServerInfo     *smtp_server_info_ref                 (SmtpServerInfo *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_server_info_unref               (SmtpServerInfo *self);
SMTP_AVAILABLE_IN_1_0
const char         *smtp_server_info_get_name            (SmtpServerInfo *self);
SMTP_AVAILABLE_IN_1_0
gboolean            smtp_server_info_get_tls             (SmtpServerInfo *self);
SMTP_AVAILABLE_IN_1_0
gboolean            smtp_server_info_get_tls_verified    (SmtpServerInfo *self);
SMTP_AVAILABLE_IN_1_0
gboolean            smtp_server_info_get_local           (SmtpServerInfo *self);
SMTP_AVAILABLE_IN_1_0
const char * const *smtp_server_info_get_mechanisms      (SmtpServerInfo *self);
SMTP_AVAILABLE_IN_1_0
gboolean            smtp_server_info_has_mechanism       (SmtpServerInfo *self,
                                                          const char     *mechanism);
SMTP_AVAILABLE_IN_1_0
GBytes             *smtp_server_info_get_channel_binding (SmtpServerInfo             *self,
                                                          GTlsChannelBindingType      type);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpServerInfo, smtp_server_info_unref)

G_END_DECLS

#endif
