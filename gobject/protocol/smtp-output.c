/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-output.h"

#include "smtp-secret-memory.h"

/* Shorter ones are copied: a vector costs more than that. */
#define SHARED_AT_LEAST 4096

static SmtpSpan *
get_span (SmtpOutput *self,
          guint       i)
{
  return &self->spans[(self->first + i) % SMTP_OUTPUT_SPANS];
}

/* Octets at the end of the queue, joined to the last span if they can be.
 * @data is NULL for those of the buffer. */
static void
add_span (SmtpOutput   *self,
          const guint8 *data,
          gsize         length)
{
  SmtpSpan *last = self->n > 0 ? get_span (self, self->n - 1) : NULL;
  gboolean joins = last != NULL &&
                   (data == NULL ? last->data == NULL : last->data != NULL && last->data + last->length == data);

  self->length += length;
  if (joins)
    last->length += length;
  else
    *get_span (self, self->n++) = (SmtpSpan) { data, length };
}

/*< private >
 * Room for octets that are written in place, then committed.
 */
guint8 *
smtp_output_reserve (SmtpOutput *self,
                     gsize       length)
{
  return smtp_buffer_reserve (&self->buffer, length);
}

void
smtp_output_commit (SmtpOutput *self,
                    gsize       length)
{
  if (length == 0)
    return;

  self->buffer.end += length;
  add_span (self, NULL, length);
}

void
smtp_output_append (SmtpOutput *self,
                    const void *bytes,
                    gsize       length)
{
  if (length == 0)
    return;

  smtp_buffer_append (&self->buffer, bytes, length);
  add_span (self, NULL, length);
}

/*< private >
 * Refers to octets that stay where they are until they have left. The last
 * place is kept for what must be copied.
 */
void
smtp_output_share (SmtpOutput *self,
                   const void *bytes,
                   gsize       length)
{
  if (length < SHARED_AT_LEAST || self->n >= SMTP_OUTPUT_SPANS - 1)
    smtp_output_append (self, bytes, length);
  else
    add_span (self, bytes, length);
}

/*< private >
 * Takes a secret, which is sent from where it is: the buffer's memory is not
 * locked. It is freed as soon as all has left.
 */
void
smtp_output_take_secret (SmtpOutput *self,
                         char       *secret,
                         gsize       length)
{
  if (length > 0 && self->secret == NULL && self->n < SMTP_OUTPUT_SPANS - 1)
    {
      self->secret = secret;
      add_span (self, (const guint8 *) secret, length);
      return;
    }

  smtp_output_append (self, secret, length);
  smtp_secret_free (secret);
}

/*< private >
 * The first of what waits. Returns the number of spans.
 */
guint
smtp_output_get_spans (SmtpOutput *self,
                       SmtpSpan   *spans,
                       guint       max)
{
  const guint8 *own = smtp_buffer_head (&self->buffer);
  guint n = MIN (max, self->n);

  for (guint i = 0; i < n; i++)
    {
      spans[i] = *get_span (self, i);
      if (spans[i].data != NULL)
        continue;
      spans[i].data = own;
      own += spans[i].length;
    }

  return n;
}

void
smtp_output_consume (SmtpOutput *self,
                     gsize       length)
{
  gsize own = 0;

  g_assert (length <= self->length);

  self->length -= length;
  while (length > 0)
    {
      SmtpSpan *span = get_span (self, 0);
      gsize part = MIN (length, span->length);

      if (span->data == NULL)
        own += part;
      else
        span->data += part;
      span->length -= part;
      length -= part;
      if (span->length == 0)
        {
          self->first = (self->first + 1) % SMTP_OUTPUT_SPANS;
          self->n--;
        }
    }

  smtp_buffer_consume (&self->buffer, own);
  if (self->length == 0)
    g_clear_pointer (&self->secret, smtp_secret_free);
}

void
smtp_output_clear (SmtpOutput *self)
{
  smtp_buffer_clear (&self->buffer);
  g_clear_pointer (&self->secret, smtp_secret_free);
  self->first = self->n = 0;
  self->length = 0;
}
