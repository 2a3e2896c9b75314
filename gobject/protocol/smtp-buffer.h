/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_BUFFER_H
#define SMTP_BUFFER_H

#include <glib.h>

G_BEGIN_DECLS

/* A queue of octets: appended at the end, consumed at the front.
 *
 * It may hold a password, so whatever leaves it is wiped: what was consumed,
 * and the old memory when it grows. Octets that were written in place are
 * content and not wiped: that would cost as much as copying them. The head never moves in value while it is
 * unconfirmed, as TLS wants the same octets again after a partial write. */
typedef struct
{
  guint8 *data;
  gsize   start;
  gsize   end;
  gsize   size;
  gsize   secret; /* what stands before this offset must be wiped */
} SmtpBuffer;

guint8 *smtp_buffer_reserve (SmtpBuffer *self,
                             gsize       n);
void    smtp_buffer_append  (SmtpBuffer *self,
                             const void *bytes,
                             gsize       n);
void    smtp_buffer_consume (SmtpBuffer *self,
                             gsize       n);
void    smtp_buffer_clear   (SmtpBuffer *self);

static inline gsize
smtp_buffer_length (const SmtpBuffer *self)
{
  return self->end - self->start;
}

static inline const guint8 *
smtp_buffer_head (const SmtpBuffer *self)
{
  /* An offset to NULL is undefined, even that of 0. */
  return self->data != NULL ? self->data + self->start : NULL;
}

G_END_DECLS

#endif
