/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_REPLY_PRIVATE_H
#define SMTP_REPLY_PRIVATE_H

#include "smtp-envelope.h"
#include "smtp-reply-parser.h"
#include "smtp-reply.h"

G_BEGIN_DECLS

SmtpReply *smtp_reply_new             (const SmtpReplyData *data);
SmtpReply *smtp_reply_new_from_answer (const SmtpAnswer    *answer);

G_END_DECLS

#endif
