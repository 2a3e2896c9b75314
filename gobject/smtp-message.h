/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_MESSAGE_H
#define SMTP_MESSAGE_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include <gio/gio.h>

#include "smtp-enums.h"
#include "smtp-recipient.h"
#include "smtp-reply.h"

G_BEGIN_DECLS

#define SMTP_TYPE_MESSAGE (smtp_message_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpMessage, smtp_message, SMTP, MESSAGE, GObject)

SMTP_AVAILABLE_IN_1_0
SmtpMessage    *smtp_message_new                      (const char *sender);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_message_get_sender               (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
SmtpRecipient  *smtp_message_add_recipient            (SmtpMessage *self,
                                                       const char *address);
SMTP_AVAILABLE_IN_1_0
GListModel     *smtp_message_get_recipients           (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_content_bytes        (SmtpMessage *self,
                                                       GBytes *content);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_content_stream       (SmtpMessage *self,
                                                       GInputStream *stream,
                                                       gint64 size);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_content_file         (SmtpMessage *self,
                                                       GFile *file);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_add_parameter            (SmtpMessage *self,
                                                       const char *name,
                                                       const char *value);
SMTP_AVAILABLE_IN_1_0
SmtpOutcome     smtp_message_get_outcome              (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
SmtpReply      *smtp_message_get_reply                (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_message_get_queue_id             (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
guint64         smtp_message_get_bytes_sent           (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
SmtpRecipients  smtp_message_get_recipient_policy     (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_recipient_policy     (SmtpMessage *self,
                                                       SmtpRecipients value);
SMTP_AVAILABLE_IN_1_0
SmtpBody        smtp_message_get_body                 (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_body                 (SmtpMessage *self,
                                                       SmtpBody value);
SMTP_AVAILABLE_IN_1_0
SmtpDsnReturn   smtp_message_get_dsn_return           (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_dsn_return           (SmtpMessage *self,
                                                       SmtpDsnReturn value);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_message_get_envelope_id          (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_envelope_id          (SmtpMessage *self,
                                                       const char *value);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_message_get_authenticated_sender (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_authenticated_sender (SmtpMessage *self,
                                                       const char *value);
SMTP_AVAILABLE_IN_1_0
SmtpDeliverBy   smtp_message_get_deliver_by           (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_deliver_by           (SmtpMessage *self,
                                                       SmtpDeliverBy value);
SMTP_AVAILABLE_IN_1_0
int             smtp_message_get_deliver_within       (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_deliver_within       (SmtpMessage *self,
                                                       int value);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_message_get_deliver_trace        (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_deliver_trace        (SmtpMessage *self,
                                                       gboolean value);
SMTP_AVAILABLE_IN_1_0
int             smtp_message_get_priority             (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_priority             (SmtpMessage *self,
                                                       int value);
SMTP_AVAILABLE_IN_1_0
guint           smtp_message_get_hold_for             (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_hold_for             (SmtpMessage *self,
                                                       guint value);
SMTP_AVAILABLE_IN_1_0
GDateTime      *smtp_message_dup_hold_until           (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_hold_until           (SmtpMessage *self,
                                                       GDateTime *value);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_message_get_require_tls          (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_require_tls          (SmtpMessage *self,
                                                       gboolean value);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_message_get_allow_8bit           (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_allow_8bit           (SmtpMessage *self,
                                                       gboolean value);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_message_get_allow_long_lines     (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_allow_long_lines     (SmtpMessage *self,
                                                       gboolean value);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_message_get_content_is_canonical (SmtpMessage *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_message_set_content_is_canonical (SmtpMessage *self,
                                                       gboolean value);

G_END_DECLS

#endif
