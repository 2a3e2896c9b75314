/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Takes the content of one message from the wire. Only CRLF ends a line here:
 * a bare LF stays what it is, so that a test sees it, and "LF . LF" does not
 * end the data. */

#include "smtp-test-content.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

typedef enum
{
  LINE_START,   /* at the start of the content, or behind CRLF */
  LINE_MIDDLE,
  LINE_CR,      /* the last octet was a CR in a line */
  LINE_DOT,     /* a dot opened the line; it is never content */
  LINE_DOT_CR   /* ".CR": an LF ends the data */
} LineState;

/* The final ".CRLF" belongs to the wire and not to the message. */
#define TERMINATOR_LENGTH 3

struct _SmtpTestContent
{
  LineState state;
  guint64 received;        /* octets taken from the wire */
  guint64 size;            /* octets of content */
  gnutls_hash_hd_t hash;
  GByteArray *content;     /* NULL when nothing is kept */
  GByteArray *raw;         /* NULL likewise */
};

SmtpTestContent *
smtp_test_content_new (gboolean keep)
{
  SmtpTestContent *self = g_new0 (SmtpTestContent, 1);

  gnutls_hash_init (&self->hash, GNUTLS_DIG_SHA256);
  if (keep)
    {
      self->content = g_byte_array_new ();
      self->raw = g_byte_array_new ();
    }

  return self;
}

void
smtp_test_content_free (SmtpTestContent *self)
{
  smtp_test_content_discard (self);
  gnutls_hash_deinit (self->hash, NULL);
  g_free (self);
}

static void
content_add (SmtpTestContent *self,
             const guint8    *data,
             gsize            size)
{
  self->size += size;
  gnutls_hash (self->hash, data, size);
  if (self->content != NULL)
    g_byte_array_append (self->content, data, size);
}

/* What a line holds up to and with its next CR, in one piece. */
static gsize
content_add_line_part (SmtpTestContent *self,
                       const guint8    *data,
                       gsize            size)
{
  const guint8 *cr = memchr (data, '\r', size);
  gsize length = cr != NULL ? (gsize) (cr - data) + 1 : size;

  content_add (self, data, length);
  self->state = cr != NULL ? LINE_CR : LINE_MIDDLE;

  return length;
}

static gsize
content_after_cr (SmtpTestContent *self,
                  const guint8    *data)
{
  if (*data == '\n')
    {
      content_add (self, data, 1);
      self->state = LINE_START;
      return 1;
    }

  self->state = LINE_MIDDLE;
  return 0;
}

static gsize
content_after_dot_cr (SmtpTestContent *self,
                      const guint8    *data,
                      gboolean        *end)
{
  if (*data == '\n')
    {
      *end = TRUE;
      return 1;
    }

  /* ".CRx" is a stuffed line that happens to start with a CR. */
  content_add (self, (const guint8 *) "\r", 1);
  self->state = LINE_CR;
  return 0;
}

static gsize
content_step (SmtpTestContent *self,
              const guint8    *data,
              gsize            size,
              gboolean        *end)
{
  switch (self->state)
    {
    case LINE_START:
      self->state = *data == '.' ? LINE_DOT : LINE_MIDDLE;
      return *data == '.' ? 1 : 0;

    case LINE_DOT:
      self->state = *data == '\r' ? LINE_DOT_CR : LINE_MIDDLE;
      return *data == '\r' ? 1 : 0;

    case LINE_DOT_CR:
      return content_after_dot_cr (self, data, end);

    case LINE_CR:
      return content_after_cr (self, data);

    case LINE_MIDDLE:
    default:
      return content_add_line_part (self, data, size);
    }
}

/* Takes what follows 354. Returns how much of @data belongs to the message,
 * its final dot line included; sets @end behind that line. */
gsize
smtp_test_content_feed_data (SmtpTestContent *self,
                             const guint8    *data,
                             gsize            size,
                             gboolean        *end)
{
  gsize taken = 0;

  *end = FALSE;
  while (taken < size && !*end)
    taken += content_step (self, data + taken, size - taken, end);

  self->received += taken;
  if (self->raw != NULL)
    {
      g_byte_array_append (self->raw, data, taken);
      if (*end)
        g_byte_array_set_size (self->raw, self->raw->len - TERMINATOR_LENGTH);
    }

  return taken;
}

/* Takes octets of a BDAT chunk. */
void
smtp_test_content_feed_chunk (SmtpTestContent *self,
                              const guint8    *data,
                              gsize            size)
{
  self->received += size;
  content_add (self, data, size);
  if (self->raw != NULL)
    g_byte_array_append (self->raw, data, size);
}

/* Forgets what was kept, and keeps nothing from here on. */
void
smtp_test_content_discard (SmtpTestContent *self)
{
  g_clear_pointer (&self->content, g_byte_array_unref);
  g_clear_pointer (&self->raw, g_byte_array_unref);
}

guint64
smtp_test_content_get_received (SmtpTestContent *self)
{
  return self->received;
}

guint64
smtp_test_content_get_size (SmtpTestContent *self)
{
  return self->size;
}

char *
smtp_test_content_dup_sha256 (SmtpTestContent *self)
{
  guint8 digest[32];
  GString *text = g_string_new (NULL);

  gnutls_hash_output (self->hash, digest);
  for (gsize i = 0; i < sizeof digest; i++)
    g_string_append_printf (text, "%02x", digest[i]);

  return g_string_free (text, FALSE);
}

static GBytes *
steal_bytes (GByteArray **array)
{
  GByteArray *stolen = g_steal_pointer (array);

  return stolen != NULL ? g_byte_array_free_to_bytes (stolen) : NULL;
}

GBytes *
smtp_test_content_steal (SmtpTestContent *self)
{
  return steal_bytes (&self->content);
}

GBytes *
smtp_test_content_steal_raw (SmtpTestContent *self)
{
  return steal_bytes (&self->raw);
}
