/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_OUTPUT_H
#define SMTP_OUTPUT_H

#include "smtp-buffer.h"

G_BEGIN_DECLS

typedef struct
{
  const guint8 *data;
  gsize         length;
} SmtpSpan;

/* What waits to be written: octets of the queue's own, and between them spans
 * of somebody else's, which are not copied and must stay until they have left.
 *
 * A span of the queue's own has no data here: it is the next of the buffer. */
#define SMTP_OUTPUT_SPANS 32

typedef struct
{
  SmtpBuffer buffer;
  SmtpSpan   spans[SMTP_OUTPUT_SPANS]; /* a ring */
  guint      first;
  guint      n;
  gsize      length;
  char      *secret; /* one of the spans, which is ours all the same; NULL without one */
} SmtpOutput;

void    smtp_output_append    (SmtpOutput   *self,
                               const void   *bytes,
                               gsize         length);
guint8 *smtp_output_reserve   (SmtpOutput   *self,
                               gsize         length);
void    smtp_output_commit    (SmtpOutput   *self,
                               gsize         length);
void    smtp_output_share     (SmtpOutput   *self,
                               const void   *bytes,
                               gsize         length);
void    smtp_output_take_secret (SmtpOutput *self,
                               char         *secret,
                               gsize         length);
guint   smtp_output_get_spans (SmtpOutput   *self,
                               SmtpSpan     *spans,
                               guint         max);
void    smtp_output_consume   (SmtpOutput   *self,
                               gsize         length);
void    smtp_output_clear     (SmtpOutput   *self);

static inline gsize
smtp_output_length (const SmtpOutput *self)
{
  return self->length;
}

/* Octets of the queue's own. */
static inline gsize
smtp_output_get_copied (const SmtpOutput *self)
{
  return smtp_buffer_length (&self->buffer);
}

G_END_DECLS

#endif
