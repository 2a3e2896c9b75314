/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_REPLY_PRIVATE_H
#define SMTP_REPLY_PRIVATE_H

#include "smtp-reply-parser.h"
#include "smtp-reply.h"

G_BEGIN_DECLS

SmtpReply *smtp_reply_new (const SmtpReplyData *data);

G_END_DECLS

#endif
