/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_SEND_MAIL_H
#define SMTP_SEND_MAIL_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include <gio/gio.h>

#include "smtp-auth.h"
#include "smtp-version.h"

G_BEGIN_DECLS

SMTP_AVAILABLE_IN_1_0
gboolean smtp_send_mail        (const char           *uri,
                                SmtpAuth             *auth,
                                const char           *sender,
                                const char * const   *recipients,
                                GBytes               *content,
                                GCancellable         *cancellable,
                                GError              **error);
SMTP_AVAILABLE_IN_1_0
void     smtp_send_mail_async  (const char           *uri,
                                SmtpAuth             *auth,
                                const char           *sender,
                                const char * const   *recipients,
                                GBytes               *content,
                                GCancellable         *cancellable,
                                GAsyncReadyCallback   callback,
                                gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
gboolean smtp_send_mail_finish (GAsyncResult         *result,
                                GError              **error);

G_END_DECLS

#endif
