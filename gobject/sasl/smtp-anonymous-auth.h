/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_ANONYMOUS_AUTH_H
#define SMTP_ANONYMOUS_AUTH_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include "smtp-auth.h"

G_BEGIN_DECLS

#define SMTP_TYPE_ANONYMOUS_AUTH (smtp_anonymous_auth_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpAnonymousAuth, smtp_anonymous_auth, SMTP, ANONYMOUS_AUTH, SmtpAuth)

SMTP_AVAILABLE_IN_1_0
SmtpAuth   *smtp_anonymous_auth_new       (const char        *trace);
SMTP_AVAILABLE_IN_1_0
const char *smtp_anonymous_auth_get_trace (SmtpAnonymousAuth *self);

G_END_DECLS

#endif
