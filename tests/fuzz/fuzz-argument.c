/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What passes as an argument adds no line, and no second path or parameter. */

#include "fuzz.h"

#include "smtp-argument.h"

const char * const fuzz_seeds[] = {
  "a@b.example", "\"a b\"@c.example", "a@[192.0.2.1]", "a@[IPv6:::1]", "", "postmaster", "j\303\274@b", "SIZE=12",
  "a@b> SIZE=1", "X-Y=z", "host.example", "SCRAM-SHA-256-PLUS", NULL
};

static void
check_line (const char *text)
{
  g_assert (g_utf8_validate (text, -1, NULL));
  for (const char *p = text; *p != '\0'; p++)
    g_assert (!g_ascii_iscntrl (*p));
}

static void
check_path (const char *text)
{
  check_line (text);
  if (*text != '"')
    g_assert (strpbrk (text, "<> ") == NULL);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  g_autofree char *text = g_strndup (size > 0 ? (const char *) data : "", size);
  const char *params[] = { text, NULL };
  g_autoptr (GError) error = NULL;

  if (smtp_check_path (text, SMTP_PATH_SENDER, NULL))
    check_path (text);
  if (smtp_check_path (text, SMTP_PATH_RECIPIENT, NULL))
    check_path (text);
  if (smtp_check_parameters (params, NULL))
    {
      check_line (text);
      g_assert (*text != '\0' && strchr (text, ' ') == NULL);
    }
  if (smtp_check_ehlo_name (text, NULL))
    {
      check_line (text);
      g_assert (strchr (text, ' ') == NULL);
    }
  if (smtp_check_mechanism (text, NULL))
    g_assert (strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen (text));
  if (!smtp_check_text (text, FALSE, &error))
    g_assert (g_utf8_validate (error->message, -1, NULL));
  else
    check_line (text);
  return 0;
}
