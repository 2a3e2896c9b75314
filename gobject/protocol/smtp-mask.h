/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_MASK_H
#define SMTP_MASK_H

#include <glib.h>

G_BEGIN_DECLS

#define SMTP_MASKED "****"

/* What was sent during AUTH, to be hidden wherever a reply repeats it. */
typedef struct
{
  GPtrArray *secrets; /* of wiped strings; NULL while there are none */
} SmtpMask;

void smtp_mask_add   (SmtpMask     *self,
                      const char   *encoded,
                      gconstpointer bytes,
                      gsize         length);
void smtp_mask_apply (SmtpMask     *self,
                      GString      *text);
void smtp_mask_clear (SmtpMask     *self);

G_END_DECLS

#endif
