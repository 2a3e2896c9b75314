/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What decodes must encode to the same again: one text for each value. */

#include "fuzz.h"

#include "smtp-base64.h"

const char * const fuzz_seeds[] = { "", "Zg==", "Zm8=", "Zm9v", "AHVzZXIAc2VjcmV0", NULL };

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  gsize length;
  g_autofree guint8 *decoded = smtp_base64_decode ((const char *) data, size, &length);
  g_autofree char *encoded = NULL;

  if (decoded == NULL)
    return 0;

  encoded = smtp_base64_encode (decoded, length);
  g_assert_cmpmem (encoded, strlen (encoded), data, size);
  return 0;
}
