/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-content.h"

#include <string.h>

/* Looks at a window at a time: a content of CRs alone would otherwise be
 * searched to its end for an LF at each of them. */
#define WINDOW 512

static const char *
find_line_end (const char *bytes,
               const char *end)
{
  while (bytes < end)
    {
      gsize window = MIN (WINDOW, end - bytes);
      const char *lf = memchr (bytes, '\n', window);
      const char *limit = lf != NULL ? lf : bytes + window;
      const char *cr = memchr (bytes, '\r', limit - bytes);

      if (cr != NULL)
        return cr;
      if (lf != NULL)
        return lf;
      bytes += window;
    }

  return end;
}

static void
end_line (SmtpContent *self,
          SmtpBuffer  *out)
{
  smtp_buffer_append (out, "\r\n", 2);
  self->mid_line = FALSE;
}

/* The CR that ended the last piece ends its line, with or without an LF at
 * the start of this one. */
static const char *
settle_pending_cr (SmtpContent *self,
                   const char  *bytes,
                   SmtpBuffer  *out)
{
  self->pending_cr = FALSE;
  end_line (self, out);
  return *bytes == '\n' ? bytes + 1 : bytes;
}

static void
append_line_part (SmtpContent *self,
                  const char  *bytes,
                  gsize        length,
                  SmtpBuffer  *out)
{
  if (length == 0)
    return;

  if (!self->mid_line && bytes[0] == '.')
    smtp_buffer_append (out, ".", 1);
  smtp_buffer_append (out, bytes, length);
  self->mid_line = TRUE;
}

void
smtp_content_encode (SmtpContent *self,
                     const char  *bytes,
                     gsize        length,
                     SmtpBuffer  *out)
{
  const char *end = bytes + length;

  if (length == 0)
    return;

  if (self->pending_cr)
    bytes = settle_pending_cr (self, bytes, out);

  while (bytes < end)
    {
      const char *line_end = find_line_end (bytes, end);

      append_line_part (self, bytes, line_end - bytes, out);
      if (line_end == end)
        return;

      if (*line_end == '\r' && line_end + 1 == end)
        {
          self->pending_cr = TRUE;
          return;
        }

      end_line (self, out);
      bytes = line_end + (line_end[0] == '\r' && line_end[1] == '\n' ? 2 : 1);
    }
}

/*< private >
 * Ends the last line if it is open and the content with it.
 */
void
smtp_content_finish (SmtpContent *self,
                     SmtpBuffer  *out)
{
  if (self->pending_cr || self->mid_line)
    end_line (self, out);
  self->pending_cr = FALSE;
  smtp_buffer_append (out, ".\r\n", 3);
}
