/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_SCRAM_AUTH_H
#define SMTP_SCRAM_AUTH_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include "smtp-auth.h"

G_BEGIN_DECLS

#define SMTP_TYPE_SCRAM_AUTH (smtp_scram_auth_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpScramAuth, smtp_scram_auth, SMTP, SCRAM_AUTH, SmtpAuth)

SMTP_AVAILABLE_IN_1_0
SmtpAuth *smtp_scram_auth_new      (const char *username,
                                    const char *password);
SMTP_AVAILABLE_IN_1_0
SmtpAuth *smtp_scram_auth_new_full (const char *identity,
                                    const char *username,
                                    const char *password);

G_END_DECLS

#endif
