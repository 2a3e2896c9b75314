/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_CAPABILITIES_H
#define SMTP_CAPABILITIES_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include <glib-object.h>

#include "smtp-version.h"

G_BEGIN_DECLS

#define SMTP_TYPE_CAPABILITIES (smtp_capabilities_get_type ())

typedef struct _SmtpCapabilities SmtpCapabilities;

SMTP_AVAILABLE_IN_1_0
GType             smtp_capabilities_get_type            (void);
SMTP_AVAILABLE_IN_1_0
SmtpCapabilities *smtp_capabilities_ref                 (SmtpCapabilities *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_capabilities_unref               (SmtpCapabilities *self);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_capabilities_has                 (SmtpCapabilities *self,
                                                         const char       *name);
SMTP_AVAILABLE_IN_1_0
const char       *smtp_capabilities_get_params          (SmtpCapabilities *self,
                                                         const char       *name);
SMTP_AVAILABLE_IN_1_0
guint64           smtp_capabilities_get_size            (SmtpCapabilities *self);
SMTP_AVAILABLE_IN_1_0
char            **smtp_capabilities_get_auth_mechanisms (SmtpCapabilities *self);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_capabilities_get_limits          (SmtpCapabilities *self,
                                                         guint            *mail_max,
                                                         guint            *rcpt_max,
                                                         guint            *rcpt_domain_max);
SMTP_AVAILABLE_IN_1_0
char            **smtp_capabilities_list                (SmtpCapabilities *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpCapabilities, smtp_capabilities_unref)

G_END_DECLS

#endif
