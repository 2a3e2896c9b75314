/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-base64.h"

#include "smtp-secret-memory.h"

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

/* What a text of that length is at the most, with a NUL. */
static gsize
decoded_size (gsize length)
{
  return length / 4 * 3 + 4;
}

static gboolean
decode_into (const char *text,
             gsize       length,
             guint8     *out,
             gsize      *out_length)
{
  gsize n = 0;
  guint32 bits = 0;
  guint n_bits = 0;

  if (!strip_padding (text, &length))
    return FALSE;

  for (gsize i = 0; i < length; i++)
    {
      int value = value_of (text[i]);

      if (value < 0)
        return FALSE;

      bits = bits << 6 | (guint) value;
      n_bits += 6;
      if (n_bits >= 8)
        {
          n_bits -= 8;
          out[n++] = bits >> n_bits & 0xff;
        }
    }

  out[n] = '\0';
  *out_length = n;
  return (bits & ((1u << n_bits) - 1)) == 0;
}

/*< private >
 * Decodes base64 as RFC 4648 §4 has it and nothing else: g_base64_decode()
 * skips what it does not know. Returns NULL for anything malformed,
 * superfluous bits of the last character included.
 */
guint8 *
smtp_base64_decode (const char *text,
                    gsize       length,
                    gsize      *out_length)
{
  guint8 *out = g_malloc (decoded_size (length));

  if (!decode_into (text, length, out, out_length))
    g_clear_pointer (&out, g_free);

  return out;
}

guint8 *
smtp_base64_decode_secret (const char *text,
                           gsize       length,
                           gsize      *out_length)
{
  guint8 *out = smtp_secret_alloc (decoded_size (length));

  if (!decode_into (text, length, out, out_length))
    g_clear_pointer (&out, smtp_secret_free);

  return out;
}

char *
smtp_base64_encode (gconstpointer bytes,
                    gsize         length)
{
  /* g_base64_encode() refuses NULL data. */
  return g_base64_encode (length > 0 ? bytes : (gconstpointer) "", length);
}

char *
smtp_base64_encode_secret (gconstpointer bytes,
                           gsize         length)
{
  char *out = smtp_secret_alloc ((length / 3 + 1) * 4 + 1);
  int state = 0, save = 0;
  gsize n = 0;

  if (length > 0)
    n = g_base64_encode_step (bytes, length, FALSE, out, &state, &save);
  g_base64_encode_close (FALSE, out + n, &state, &save);
  return out;
}
