/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_CRAM_MD5_AUTH_H
#define SMTP_CRAM_MD5_AUTH_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include "smtp-auth.h"

G_BEGIN_DECLS

#define SMTP_TYPE_CRAM_MD5_AUTH (smtp_cram_md5_auth_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpCramMd5Auth, smtp_cram_md5_auth, SMTP, CRAM_MD5_AUTH, SmtpAuth)

SMTP_AVAILABLE_IN_1_0
SmtpAuth *smtp_cram_md5_auth_new (const char *username,
                                  const char *secret);

G_END_DECLS

#endif
