/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-content.h"

#include <string.h>

/* Copied at once rather than by the octets it has: more than most lines. */
#define STRIDE 96

static void
end_line (SmtpContent *self,
          SmtpOutput  *out)
{
  smtp_output_append (out, "\r\n", 2);
  self->pending_cr = FALSE;
  self->lines.mid_line = FALSE;
  self->lines.run = 0;
}

/* The octets up to the end of a block: short enough for the marks, and not
 * between a CR and what decides about it. */
static gsize
block_length (const char *bytes,
              gsize       length)
{
  if (length <= SMTP_MARKS_BLOCK)
    return length;

  return bytes[SMTP_MARKS_BLOCK - 1] == '\r' ? SMTP_MARKS_BLOCK - 1 : SMTP_MARKS_BLOCK;
}

/* Copies, each marked octet as the two it leaves as. */
static void
append_marked (const char    *bytes,
               gsize          length,
               const guint16 *marks,
               guint          n,
               SmtpOutput    *out)
{
  char *start = (char *) smtp_output_reserve (out, length + n + STRIDE);
  char *to = start;
  gsize done = 0;

  for (guint i = 0; i < n; i++)
    {
      gsize part = marks[i] - done;
      char octet = bytes[marks[i]];

      /* Most lines are shorter than a stride; the octets too many are
       * overwritten. */
      if (G_LIKELY (part <= STRIDE && done + STRIDE <= length))
        memcpy (to, bytes + done, STRIDE);
      else
        memcpy (to, bytes + done, part);
      to += part;
      to[0] = octet == '.' ? '.' : '\r';
      to[1] = octet == '.' ? '.' : '\n';
      to += 2;
      done = marks[i] + 1u;
    }

  memcpy (to, bytes + done, length - done);
  to += length - done;
  smtp_output_commit (out, to - start);
}

/* Content is no secret: it goes where it is not wiped. */
static void
append_clean (const char *bytes,
              gsize       length,
              gboolean    share,
              SmtpOutput *out)
{
  if (share)
    {
      smtp_output_share (out, bytes, length);
      return;
    }

  memcpy (smtp_output_reserve (out, length), bytes, length);
  smtp_output_commit (out, length);
}

static void
encode_block (SmtpContent *self,
              const char  *bytes,
              gsize        length,
              gboolean     share,
              SmtpOutput  *out)
{
  guint16 marks[SMTP_MARKS_BLOCK + 2];
  guint n = smtp_find_marks (&self->lines, (const guint8 *) bytes, length, !self->unstuffed, marks);

  if (n > 0)
    append_marked (bytes, length, marks, n, out);
  else
    append_clean (bytes, length, share, out);
}

/*< private >
 * @share: the octets may be referred to until they have left; otherwise they
 *   are copied
 */
void
smtp_content_encode (SmtpContent *self,
                     const char  *bytes,
                     gsize        length,
                     gboolean     share,
                     SmtpOutput  *out)
{
  if (length == 0)
    return;

  if (self->binary)
    {
      append_clean (bytes, length, share, out);
      return;
    }

  /* The CR that ended the last piece ends its line, with or without an LF at
   * the start of this one. */
  if (self->pending_cr)
    {
      gsize lf = *bytes == '\n';

      end_line (self, out);
      bytes += lf;
      length -= lf;
    }

  if (length > 0 && bytes[length - 1] == '\r')
    {
      self->pending_cr = TRUE;
      length--;
    }

  while (length > 0)
    {
      gsize n = block_length (bytes, length);

      encode_block (self, bytes, n, share, out);
      bytes += n;
      length -= n;
    }
}

/*< private >
 * Ends the last line if it is open.
 */
void
smtp_content_end (SmtpContent *self,
                  SmtpOutput  *out)
{
  if (!self->binary && (self->pending_cr || self->lines.mid_line))
    end_line (self, out);
}

/* Whether an octet over 127 stands before the first empty line. */
static gboolean
is_header_eight_bit (const char *bytes,
                     gsize       length)
{
  gboolean empty = TRUE; /* the line so far */

  for (gsize i = 0; i < length; i++)
    {
      if ((guint8) bytes[i] > 127)
        return TRUE;
      if (bytes[i] == '\n' && empty)
        return FALSE;
      if (bytes[i] != '\r')
        empty = bytes[i] == '\n';
    }

  return FALSE;
}

/*< private >
 * Looks at a content before any of it is sent.
 *
 * @whole: nothing follows
 */
void
smtp_content_survey (const char       *bytes,
                     gsize             length,
                     gboolean          whole,
                     SmtpContentFacts *facts)
{
  SmtpLineState lines = { 0 };
  guint16 marks[SMTP_MARKS_BLOCK + 2];
  gsize rest = length;
  gboolean cr = length > 0 && bytes[length - 1] == '\r';
  const char *block = bytes;
  guint64 n_marks = 0;
  guint64 n_dots = 0;

  memset (facts, 0, sizeof *facts);
  for (rest -= cr; rest > 0;)
    {
      gsize n = block_length (block, rest);
      guint found = smtp_find_marks (&lines, (const guint8 *) block, n, TRUE, marks);

      n_marks += found;
      for (guint i = 0; i < found; i++)
        n_dots += block[marks[i]] == '.';
      block += n;
      rest -= n;
    }

  facts->size = length - cr + n_marks - n_dots;
  if (cr || (whole && lines.mid_line))
    facts->size += 2;
  facts->dots = n_dots > 0;
  facts->clean = n_marks == n_dots && !cr && !(whole && lines.mid_line);
  facts->eight_bit = lines.eight_bit;
  facts->eight_bit_header = lines.eight_bit && is_header_eight_bit (bytes, length);
  facts->long_line = lines.long_line;
}
