/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include <glib-object.h>

#include "smtp-version.h"

G_BEGIN_DECLS

#define SMTP_TYPE_REPLY (smtp_reply_get_type ())

typedef struct _SmtpReply SmtpReply;

SMTP_AVAILABLE_IN_1_0
GType               smtp_reply_get_type          (void);
SMTP_AVAILABLE_IN_1_0
SmtpReply          *smtp_reply_ref               (SmtpReply *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_reply_unref             (SmtpReply *self);
SMTP_AVAILABLE_IN_1_0
guint               smtp_reply_get_code          (SmtpReply *self);
SMTP_AVAILABLE_IN_1_0
const char         *smtp_reply_get_enhanced_code (SmtpReply *self);
SMTP_AVAILABLE_IN_1_0
const char * const *smtp_reply_get_lines         (SmtpReply *self);
SMTP_AVAILABLE_IN_1_0
const char         *smtp_reply_get_text          (SmtpReply *self);
SMTP_AVAILABLE_IN_1_0
char               *smtp_reply_to_string         (SmtpReply *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpReply, smtp_reply_unref)

G_END_DECLS

#endif
