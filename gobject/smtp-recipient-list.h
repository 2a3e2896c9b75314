/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_RECIPIENT_LIST_H
#define SMTP_RECIPIENT_LIST_H

#include <gio/gio.h>

#include "smtp-recipient.h"

G_BEGIN_DECLS

/* A list of a message's recipients that nobody else can change: what was taken
 * out of a GListStore would be sent to all the same. */
#define SMTP_TYPE_RECIPIENT_LIST (smtp_recipient_list_get_type ())

G_DECLARE_FINAL_TYPE (SmtpRecipientList, smtp_recipient_list, SMTP, RECIPIENT_LIST, GObject)

SmtpRecipientList *smtp_recipient_list_new    (void);
void               smtp_recipient_list_append (SmtpRecipientList *self,
                                               SmtpRecipient     *recipient);

G_END_DECLS

#endif
