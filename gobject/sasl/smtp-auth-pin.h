/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_AUTH_PIN_H
#define SMTP_AUTH_PIN_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include <glib-object.h>

#include "smtp-version.h"

G_BEGIN_DECLS

#define SMTP_TYPE_AUTH_PIN (smtp_auth_pin_get_type ())

typedef struct _SmtpAuthPin SmtpAuthPin;

SMTP_AVAILABLE_IN_1_0
GType        smtp_auth_pin_get_type        (void);
SMTP_AVAILABLE_IN_1_0
SmtpAuthPin *smtp_auth_pin_new_from_string (const char   *string,
                                            GError      **error);
SMTP_AVAILABLE_IN_1_0
SmtpAuthPin *smtp_auth_pin_ref             (SmtpAuthPin  *self);
SMTP_AVAILABLE_IN_1_0
void         smtp_auth_pin_unref           (SmtpAuthPin  *self);
SMTP_AVAILABLE_IN_1_0
char        *smtp_auth_pin_to_string       (SmtpAuthPin  *self);
SMTP_AVAILABLE_IN_1_0
const char  *smtp_auth_pin_get_server      (SmtpAuthPin  *self);
SMTP_AVAILABLE_IN_1_0
const char  *smtp_auth_pin_get_mechanism   (SmtpAuthPin  *self);
SMTP_AVAILABLE_IN_1_0
gboolean     smtp_auth_pin_get_tls         (SmtpAuthPin  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpAuthPin, smtp_auth_pin_unref)

G_END_DECLS

#endif
