/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_AUTO_AUTH_H
#define SMTP_AUTO_AUTH_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include "smtp-auth.h"
#include "smtp-auth-pin.h"
#include "smtp-oauth-failure.h"

G_BEGIN_DECLS

#define SMTP_TYPE_AUTO_AUTH (smtp_auto_auth_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpAutoAuth, smtp_auto_auth, SMTP, AUTO_AUTH, SmtpAuth)

SMTP_AVAILABLE_IN_1_0
SmtpAuth    *smtp_auto_auth_new                 (const char      *username,
                                                 const char      *password);
SMTP_AVAILABLE_IN_1_0
SmtpAuth    *smtp_auto_auth_new_for_credentials (SmtpCredentials *credentials);
SMTP_AVAILABLE_IN_1_0
gboolean     smtp_auto_auth_get_allow_fallback  (SmtpAutoAuth    *self);
SMTP_AVAILABLE_IN_1_0
void         smtp_auto_auth_set_allow_fallback  (SmtpAutoAuth    *self,
                                                 gboolean         allow_fallback);
SMTP_AVAILABLE_IN_1_0
SmtpAuthPin *smtp_auto_auth_get_pin             (SmtpAutoAuth    *self);
SMTP_AVAILABLE_IN_1_0
void         smtp_auto_auth_set_pin             (SmtpAutoAuth    *self,
                                                 SmtpAuthPin     *pin);
SMTP_AVAILABLE_IN_1_0
const char  *smtp_auto_auth_get_mechanism       (SmtpAutoAuth    *self);
SMTP_AVAILABLE_IN_1_0
SmtpOauthFailure *smtp_auto_auth_get_failure    (SmtpAutoAuth    *self);

G_END_DECLS

#endif
