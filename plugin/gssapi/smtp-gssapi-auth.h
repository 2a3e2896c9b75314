/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_GSSAPI_AUTH_H
#define SMTP_GSSAPI_AUTH_H

#include <smtp-glib/smtp.h>

G_BEGIN_DECLS

#define SMTP_TYPE_GSSAPI_AUTH (smtp_gssapi_auth_get_type ())

G_DECLARE_FINAL_TYPE (SmtpGssapiAuth, smtp_gssapi_auth, SMTP, GSSAPI_AUTH, SmtpAuth)

void smtp_gssapi_auth_register (GTypeModule *module);

G_END_DECLS

#endif
