/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_SENDER_H
#define SMTP_SENDER_H

#include "smtp-client.h"
#include "smtp-engine.h"

G_BEGIN_DECLS

/* The messages that a client was given to send, in their order: some of them
 * on the wire, the next one being read, the others waiting.
 *
 * It belongs to the operation that sends them, and does nothing by itself:
 * that operation asks it to begin what can be begun, to supply content, and to
 * hand out what is finished. */
typedef struct _SmtpSender SmtpSender;

/* Called when content that was read asynchronously has come, or a message was
 * cancelled: the operation goes on. */
typedef void (*SmtpSenderReady) (gpointer user_data);

SmtpSender   *smtp_sender_new         (SmtpClient       *client,
                                       SmtpSenderReady   on_ready,
                                       gpointer          user_data);
void          smtp_sender_free        (SmtpSender       *self);
void          smtp_sender_add         (SmtpSender       *self,
                                       SmtpMessage      *message,
                                       GTask            *task,
                                       GCancellable     *cancellable);
void          smtp_sender_begin       (SmtpSender       *self);
gboolean      smtp_sender_feed        (SmtpSender       *self);
void          smtp_sender_report      (SmtpSender       *self);
gboolean      smtp_sender_is_reading  (SmtpSender       *self);
gboolean      smtp_sender_is_empty    (SmtpSender       *self);
GMainContext *smtp_sender_get_context (SmtpSender       *self);
int           smtp_sender_get_priority (SmtpSender      *self);

/* What is finished, one at a time: the task to return, or for a synchronous
 * send NULL, and the error. */
gboolean      smtp_sender_take        (SmtpSender       *self,
                                       GTask           **task,
                                       GError          **error);

G_END_DECLS

#endif
