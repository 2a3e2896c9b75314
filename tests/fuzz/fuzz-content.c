/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Content, whole and octet by octet. What leaves has no bare CR or LF, and no
 * dot alone on its line before the end. */

#include "fuzz.h"

#include "smtp-content.h"

const char * const fuzz_seeds[] = { "", "a\r\n.b\r\n", "\n.\n", "\r.\r\n.", "..\r\n.", "no end", NULL };

static void
encode (const char *data,
        gsize       size,
        gsize       piece,
        SmtpBuffer *out)
{
  SmtpContent content = { 0 };

  for (gsize at = 0; at < size; at += piece)
    smtp_content_encode (&content, data + at, MIN (piece, size - at), out);
  smtp_content_finish (&content, out);
}

static void
check (const char *bytes,
       gsize       length)
{
  g_assert (length >= 3 && memcmp (bytes + length - 3, ".\r\n", 3) == 0);
  for (gsize i = 0; i < length; i++)
    {
      g_assert (bytes[i] != '\n' || (i > 0 && bytes[i - 1] == '\r'));
      g_assert (bytes[i] != '\r' || (i + 1 < length && bytes[i + 1] == '\n'));
      if (i + 3 < length && memcmp (bytes + i, ".\r\n", 3) == 0)
        g_assert (i > 0 && bytes[i - 1] != '\n');
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  SmtpBuffer whole = { 0 }, octets = { 0 };

  encode ((const char *) data, size, MAX (size, 1), &whole);
  encode ((const char *) data, size, 1, &octets);
  g_assert_cmpmem (smtp_buffer_head (&whole), smtp_buffer_length (&whole),
                   smtp_buffer_head (&octets), smtp_buffer_length (&octets));
  check ((const char *) smtp_buffer_head (&whole), smtp_buffer_length (&whole));
  smtp_buffer_clear (&whole);
  smtp_buffer_clear (&octets);
  return 0;
}
