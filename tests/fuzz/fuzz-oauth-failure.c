/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a server says of a token: whatever it sends, what comes out can be
 * shown. */

#include <string.h>

#include "fuzz.h"
#include "smtp-oauth-failure-private.h"
#include "smtp-text.h"

static void
check (const char *text)
{
  g_assert_true (text == NULL || smtp_text_is_plain (text));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  SmtpMask mask = { NULL };
  g_autoptr (SmtpOauthFailure) failure = NULL;

  smtp_mask_add (&mask, "dG9rM24=", "tok3n", strlen ("tok3n"));
  failure = smtp_oauth_failure_parse ((const char *) data, size, &mask);
  smtp_mask_clear (&mask);
  if (failure == NULL)
    return 0;

  check (smtp_oauth_failure_get_status (failure));
  check (smtp_oauth_failure_get_scope (failure));
  check (smtp_oauth_failure_get_schemes (failure));
  check (smtp_oauth_failure_get_openid_configuration (failure));
  return 0;
}
