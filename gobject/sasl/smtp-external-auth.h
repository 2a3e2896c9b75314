/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_EXTERNAL_AUTH_H
#define SMTP_EXTERNAL_AUTH_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include "smtp-auth.h"

G_BEGIN_DECLS

#define SMTP_TYPE_EXTERNAL_AUTH (smtp_external_auth_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpExternalAuth, smtp_external_auth, SMTP, EXTERNAL_AUTH, SmtpAuth)

SMTP_AVAILABLE_IN_1_0
SmtpAuth *smtp_external_auth_new (const char *identity);

G_END_DECLS

#endif
