/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_LOGIN_AUTH_H
#define SMTP_LOGIN_AUTH_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include "smtp-auth.h"

G_BEGIN_DECLS

#define SMTP_TYPE_LOGIN_AUTH (smtp_login_auth_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpLoginAuth, smtp_login_auth, SMTP, LOGIN_AUTH, SmtpAuth)

SMTP_AVAILABLE_IN_1_0
SmtpAuth *smtp_login_auth_new (const char *username,
                               const char *password,
                               const char *host);

G_END_DECLS

#endif
