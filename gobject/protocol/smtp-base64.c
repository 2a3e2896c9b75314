/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-base64.h"

#include <string.h>

static int
value_of (char c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  if (c == '+')
    return 62;
  if (c == '/')
    return 63;
  return -1;
}

/* Length without padding; the padding must be right for it. */
static gboolean
strip_padding (const char *text,
               gsize      *length)
{
  gsize n = *length;

  if (n % 4 != 0)
    return FALSE;

  if (n > 0 && text[n - 1] == '=')
    n--;
  if (n > 0 && *length - n == 1 && text[n - 1] == '=')
    n--;
  *length = n;
  return TRUE;
}

/*< private >
 * Decodes base64 as RFC 4648 §4 has it and nothing else: g_base64_decode()
 * skips what it does not know. Returns NULL for anything malformed,
 * superfluous bits of the last character included; the caller frees, wiping
 * if it must.
 */
guint8 *
smtp_base64_decode (const char *text,
                    gsize       length,
                    gsize      *out_length)
{
  guint8 *out;
  gsize n = 0;
  guint32 bits = 0;
  guint n_bits = 0;

  if (!strip_padding (text, &length))
    return NULL;

  out = g_malloc (length / 4 * 3 + 4);
  for (gsize i = 0; i < length; i++)
    {
      int value = value_of (text[i]);

      if (value < 0)
        goto malformed;

      bits = bits << 6 | (guint) value;
      n_bits += 6;
      if (n_bits >= 8)
        {
          n_bits -= 8;
          out[n++] = bits >> n_bits & 0xff;
        }
    }

  if ((bits & ((1u << n_bits) - 1)) != 0)
    goto malformed;

  out[n] = '\0';
  *out_length = n;
  return out;

malformed:
  explicit_bzero (out, n);
  g_free (out);
  return NULL;
}

char *
smtp_base64_encode (gconstpointer bytes,
                    gsize         length)
{
  /* g_base64_encode() refuses NULL data. */
  return g_base64_encode (length > 0 ? bytes : (gconstpointer) "", length);
}
