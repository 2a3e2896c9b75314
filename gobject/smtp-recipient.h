/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_RECIPIENT_H
#define SMTP_RECIPIENT_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include <gio/gio.h>

#include "smtp-enums.h"
#include "smtp-reply.h"

G_BEGIN_DECLS

#define SMTP_TYPE_RECIPIENT (smtp_recipient_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpRecipient, smtp_recipient, SMTP, RECIPIENT, GObject)

SMTP_AVAILABLE_IN_1_0
const char   *smtp_recipient_get_address            (SmtpRecipient *self);
SMTP_AVAILABLE_IN_1_0
void          smtp_recipient_add_parameter          (SmtpRecipient *self,
                                                     const char *name,
                                                     const char *value);
SMTP_AVAILABLE_IN_1_0
SmtpReply    *smtp_recipient_get_reply              (SmtpRecipient *self);
SMTP_AVAILABLE_IN_1_0
gboolean      smtp_recipient_get_accepted           (SmtpRecipient *self);
SMTP_AVAILABLE_IN_1_0
SmtpDsnNotify smtp_recipient_get_dsn_notify         (SmtpRecipient *self);
SMTP_AVAILABLE_IN_1_0
void          smtp_recipient_set_dsn_notify         (SmtpRecipient *self,
                                                     SmtpDsnNotify value);
SMTP_AVAILABLE_IN_1_0
const char   *smtp_recipient_get_original_recipient (SmtpRecipient *self);
SMTP_AVAILABLE_IN_1_0
void          smtp_recipient_set_original_recipient (SmtpRecipient *self,
                                                     const char *value);
SMTP_AVAILABLE_IN_1_0
GDateTime    *smtp_recipient_dup_valid_since        (SmtpRecipient *self);
SMTP_AVAILABLE_IN_1_0
void          smtp_recipient_set_valid_since        (SmtpRecipient *self,
                                                     GDateTime *value);

G_END_DECLS

#endif
