/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_OAUTH_FAILURE_H
#define SMTP_OAUTH_FAILURE_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include <glib-object.h>

#include "smtp-version.h"

G_BEGIN_DECLS

#define SMTP_TYPE_OAUTH_FAILURE (smtp_oauth_failure_get_type ())

typedef struct _SmtpOauthFailure SmtpOauthFailure;

SMTP_AVAILABLE_IN_1_0
GType             smtp_oauth_failure_get_type                 (void);
SMTP_AVAILABLE_IN_1_0
SmtpOauthFailure *smtp_oauth_failure_ref                      (SmtpOauthFailure *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_oauth_failure_unref                    (SmtpOauthFailure *self);
SMTP_AVAILABLE_IN_1_0
const char       *smtp_oauth_failure_get_status               (SmtpOauthFailure *self);
SMTP_AVAILABLE_IN_1_0
const char       *smtp_oauth_failure_get_scope                (SmtpOauthFailure *self);
SMTP_AVAILABLE_IN_1_0
const char       *smtp_oauth_failure_get_schemes              (SmtpOauthFailure *self);
SMTP_AVAILABLE_IN_1_0
const char       *smtp_oauth_failure_get_openid_configuration (SmtpOauthFailure *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpOauthFailure, smtp_oauth_failure_unref)

G_END_DECLS

#endif
