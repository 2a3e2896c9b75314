/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_XOAUTH2_AUTH_H
#define SMTP_XOAUTH2_AUTH_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include "smtp-auth.h"
#include "smtp-oauth-failure.h"

G_BEGIN_DECLS

#define SMTP_TYPE_XOAUTH2_AUTH (smtp_xoauth2_auth_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpXoauth2Auth, smtp_xoauth2_auth, SMTP, XOAUTH2_AUTH, SmtpAuth)

SMTP_AVAILABLE_IN_1_0
SmtpAuth         *smtp_xoauth2_auth_new         (const char *username,
                                                 const char *token,
                                                 const char *host);
SMTP_AVAILABLE_IN_1_0
SmtpOauthFailure *smtp_xoauth2_auth_get_failure (SmtpXoauth2Auth *self);

G_END_DECLS

#endif
