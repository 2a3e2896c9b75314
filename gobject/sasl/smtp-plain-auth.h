/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_PLAIN_AUTH_H
#define SMTP_PLAIN_AUTH_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include "smtp-auth.h"

G_BEGIN_DECLS

#define SMTP_TYPE_PLAIN_AUTH (smtp_plain_auth_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpPlainAuth, smtp_plain_auth, SMTP, PLAIN_AUTH, SmtpAuth)

SMTP_AVAILABLE_IN_1_0
SmtpAuth *smtp_plain_auth_new (const char *identity,
                               const char *username,
                               const char *password,
                               const char *host);

G_END_DECLS

#endif
