/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_MESSAGE_PRIVATE_H
#define SMTP_MESSAGE_PRIVATE_H

#include "smtp-envelope.h"
#include "smtp-message.h"
#include "smtp-recipient-list.h"
#include "smtp-recipient.h"
#include "smtp-transaction.h"

G_BEGIN_DECLS

struct _SmtpRecipient
{
  GObject           parent_instance;

  SmtpRecipientData data;
  SmtpReply        *reply;   /* of data.answer, once it was asked for */
  SmtpMessage      *message; /* whose recipient it is, not owned; NULL when that is gone */
};

struct _SmtpMessage
{
  GObject       parent_instance;

  SmtpEnvelope  envelope;    /* its recipients are the data of those below */
  GPtrArray    *recipients;  /* of SmtpRecipient */
  SmtpRecipientList *list;   /* of the same, once it was asked for */

  /* the content: one of these, or none for an empty one */
  GBytes       *bytes;
  GInputStream *stream;
  GFile        *file;
  gint64        size;        /* of the stream, as the caller says, or -1 */
  gboolean      canonical;
  gboolean      spent;       /* the stream was read … */
  goffset       start;       /* … from here */

  gboolean      frozen;      /* it is being sent */

  /* what became of it */
  SmtpOutcome   outcome;
  SmtpAnswer    answer;
  SmtpReply    *reply;       /* of answer, once it was asked for */
  char         *queue_id;
  guint64       bytes_sent;
};

SmtpRecipient *smtp_recipient_new          (SmtpMessage     *message,
                                            const char      *address);
void           smtp_recipient_forget       (SmtpRecipient   *self);
void           smtp_recipient_announce     (SmtpRecipient   *self);

gboolean       smtp_message_begin          (SmtpMessage     *self,
                                            GError         **error);
void           smtp_message_set_progress   (SmtpMessage     *self,
                                            guint64          bytes_sent);
void           smtp_message_finish         (SmtpMessage     *self,
                                            SmtpTransaction *transaction);

char          *smtp_format_parameter       (const char      *name,
                                            const char      *value);

G_END_DECLS

#endif
