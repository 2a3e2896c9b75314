/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-text.h"

#include <string.h>

#define REPLACEMENT "\357\277\275" /* U+FFFD */

/* Marks that reorder the text around them: with them a server could make a
 * refusal read as an acceptance. */
static gboolean
is_bidi_control (gunichar c)
{
  return c == 0x061c || c == 0x200e || c == 0x200f ||
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static gboolean
is_unsafe (gunichar c)
{
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
         is_bidi_control (c);
}

/* How many octets from the front are printable ASCII: nearly all, nearly
 * always. */
static gsize
plain_run (const char *bytes,
           gsize       length)
{
  gsize i = 0;

  while (i < length && bytes[i] >= 0x20 && bytes[i] < 0x7f)
    i++;

  return i;
}

/*< private >
 * Appends octets from the wire as valid UTF-8 with nothing in it that could
 * move a cursor, end a line or reorder the text. What is not valid, or a
 * control, becomes U+FFFD; a tab becomes a space.
 */
void
smtp_text_append_clean (GString    *out,
                        const char *bytes,
                        gsize       length)
{
  const char *end = bytes + length;

  while (bytes < end)
    {
      gsize run = plain_run (bytes, end - bytes);
      gunichar c;

      g_string_append_len (out, bytes, run);
      bytes += run;
      if (bytes == end)
        break;

      if (*bytes == '\t')
        {
          g_string_append_c (out, ' ');
          bytes++;
          continue;
        }

      /* g_utf8_get_char_validated() takes NUL for the end of the string. */
      c = *bytes == '\0' ? 0 : g_utf8_get_char_validated (bytes, end - bytes);
      if (c == (gunichar) -1 || c == (gunichar) -2)
        {
          g_string_append (out, REPLACEMENT);
          bytes++;
          continue;
        }

      if (is_unsafe (c))
        g_string_append (out, REPLACEMENT);
      else
        g_string_append_unichar (out, c);
      bytes += *bytes == '\0' ? 1 : g_utf8_skip[(guchar) *bytes];
    }
}

/*< private >
 * Whether a text may stand inside a command line: valid UTF-8, no controls.
 */
gboolean
smtp_text_is_plain (const char *text)
{
  if (!g_utf8_validate (text, -1, NULL))
    return FALSE;

  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);

      if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        return FALSE;
    }

  return TRUE;
}

gboolean
smtp_text_is_ascii (const char *text)
{
  return g_str_is_ascii (text);
}
