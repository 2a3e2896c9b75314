/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Content: however it is cut, the same octets leave, and a server reads just
 * its lines from them. The first octet chooses the cuts. */

#include <string.h>

#include "fuzz.h"
#include "smtp-content.h"

static GByteArray *
encode (const char *content,
        gsize       length,
        guint       step)
{
  SmtpContent state = { 0 };
  SmtpOutput out = { 0 };
  GByteArray *wire = g_byte_array_new ();
  gsize piece = step;

  for (gsize done = 0; done < length; done += piece)
    {
      piece = step == 0 ? length : 1 + (piece * 7 + done) % step;
      piece = MIN (piece, length - done);
      smtp_content_encode (&state, content + done, piece, TRUE, &out);
    }
  smtp_content_end (&state, &out);
  smtp_output_append (&out, ".\r\n", 3);
  while (smtp_output_length (&out) > 0)
    {
      SmtpSpan span;

      smtp_output_get_spans (&out, &span, 1);
      g_byte_array_append (wire, span.data, span.length);
      smtp_output_consume (&out, span.length);
    }
  smtp_output_clear (&out);
  return wire;
}

/* The content in its plainest: each kind of line end one LF, the last given. */
static GString *
simplify (const char *content,
          gsize       length)
{
  GString *lines = g_string_new (NULL);

  for (gsize i = 0; i < length; i++)
    {
      if (content[i] == '\n' && i > 0 && content[i - 1] == '\r')
        continue;
      g_string_append_c (lines, content[i] == '\r' ? '\n' : content[i]);
    }
  if (lines->len > 0 && lines->str[lines->len - 1] != '\n')
    g_string_append_c (lines, '\n');
  return lines;
}

/* As a server reads it. */
static GString *
receive (const GByteArray *wire)
{
  GString *lines = g_string_new (NULL);
  const char *p = (const char *) wire->data;
  const char *end = p + wire->len;

  for (;;)
    {
      const char *lf = memchr (p, '\n', end - p);

      g_assert_nonnull (lf);
      g_assert_true (lf > p && lf[-1] == '\r');
      g_assert_null (memchr (p, '\r', lf - 1 - p));
      if (*p == '.' && lf - p == 2)
        break;
      p += *p == '.';
      g_string_append_len (lines, p, lf - 1 - p);
      g_string_append_c (lines, '\n');
      p = lf + 1;
    }

  g_assert_true (p + 3 == end);
  return lines;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  const char *content = (const char *) data + 1;
  g_autoptr (GByteArray) whole = NULL;
  g_autoptr (GByteArray) cut = NULL;
  g_autoptr (GString) sent = NULL;
  g_autoptr (GString) received = NULL;

  if (size == 0)
    return 0;

  whole = encode (content, size - 1, 0);
  cut = encode (content, size - 1, 1 + data[0]);
  g_assert_cmpmem (whole->data, whole->len, cut->data, cut->len);
  sent = simplify (content, size - 1);
  received = receive (whole);
  g_assert_cmpmem (received->str, received->len, sent->str, sent->len);
  return 0;
}
