/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-buffer.h"

#include <string.h>

#define SMALLEST_BUFFER 1024

/* Memory that stays allocated between commands: a step of content with every
 * octet of it doubled, behind commands. More is given back. */
#define KEPT_BUFFER (1024 * 1024)

static void
smtp_buffer_wipe (SmtpBuffer *self)
{
  if (self->secret > 0)
    explicit_bzero (self->data, self->secret);
  self->secret = 0;
}

static void
smtp_buffer_release (SmtpBuffer *self)
{
  smtp_buffer_wipe (self);
  g_clear_pointer (&self->data, g_free);
}

static void
smtp_buffer_grow (SmtpBuffer *self,
                  gsize       needed)
{
  gsize length = smtp_buffer_length (self);
  gsize secret = self->secret > self->start ? self->secret - self->start : 0;
  gsize size = MAX (self->size, SMALLEST_BUFFER);
  guint8 *data;

  while (size < needed)
    size *= 2;

  /* Not g_realloc(): it would leave a copy behind that nobody wipes. */
  data = g_malloc (size);
  if (length > 0)
    memcpy (data, smtp_buffer_head (self), length);
  smtp_buffer_release (self);
  self->data = data;
  self->size = size;
  self->start = 0;
  self->end = length;
  self->secret = secret;
}

/*< private >
 * Makes room for n octets and returns where they go. The caller adds what it
 * wrote to self->end. What is written so is not wiped.
 */
guint8 *
smtp_buffer_reserve (SmtpBuffer *self,
                     gsize       n)
{
  if (self->size - self->end < n)
    smtp_buffer_grow (self, smtp_buffer_length (self) + n);

  return self->data + self->end;
}

void
smtp_buffer_append (SmtpBuffer *self,
                    const void *bytes,
                    gsize       n)
{
  if (n == 0)
    return;

  memcpy (smtp_buffer_reserve (self, n), bytes, n);
  self->end += n;
  self->secret = self->end;
}

void
smtp_buffer_consume (SmtpBuffer *self,
                     gsize       n)
{
  g_assert (n <= smtp_buffer_length (self));

  self->start += n;
  if (self->start < self->end)
    return;

  if (self->size > KEPT_BUFFER)
    {
      smtp_buffer_clear (self);
      return;
    }

  smtp_buffer_wipe (self);
  self->start = self->end = 0;
}

void
smtp_buffer_clear (SmtpBuffer *self)
{
  smtp_buffer_release (self);
  self->start = self->end = self->size = 0;
}
