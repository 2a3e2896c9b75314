/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Base64: what is accepted is what would be written, and what is written is
 * accepted. */

#include <string.h>

#include "fuzz.h"
#include "smtp-base64.h"

static void
decode (const char *text,
        gsize       length)
{
  gsize n;
  g_autofree guint8 *bytes = smtp_base64_decode (text, length, &n);
  g_autofree char *again = NULL;

  if (bytes == NULL)
    return;

  again = smtp_base64_encode (bytes, n);
  g_assert_cmpmem (again, strlen (again), text, length);
}

static void
encode (gconstpointer bytes,
        gsize         length)
{
  g_autofree char *text = smtp_base64_encode (bytes, length);
  g_autofree guint8 *decoded = NULL;
  gsize n;

  decoded = smtp_base64_decode (text, strlen (text), &n);
  g_assert_nonnull (decoded);
  g_assert_cmpmem (decoded, n, bytes, length);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  decode ((const char *) data, size);
  encode (data, size);
  return 0;
}
