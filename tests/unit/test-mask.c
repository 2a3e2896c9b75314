/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <string.h>

#include "pieces.h"
#include "smtp-base64.h"
#include "smtp-mask.h"
#include "smtp-text.h"

/* What was sent, what a reply says of it, and what may be shown. */
static const struct
{
  const char *sent;
  gsize       length;
  const char *reply;
  const char *shown;
} cases[] = {
  { OCTETS ("sesame"), "no such thing", "no such thing" },
  { OCTETS ("sesame"), "sesame", "****" },
  { OCTETS ("sesame"), "bad password sesame, sesame!", "bad password ****, ****!" },
  { OCTETS ("sesame"), "SESAME", "SESAME" },
  { OCTETS ("sesame"), "c2VzYW1l is wrong", "**** is wrong" },
  { OCTETS ("\0joe\0sesame"), "AGpvZQBzZXNhbWU=", "****" },
  { OCTETS ("\0joe\0sesame"), "user joe, password sesame", "user ****, password ****" },
  { OCTETS ("admin\0joe\0sesame"), "admin", "****" },
  { OCTETS ("user=joe@x\001auth=Bearer tok3n\001\001"), "auth=Bearer tok3n?", "****?" },
  { OCTETS ("user=joe@x\001auth=Bearer tok3n\001\001"), "tok3n has expired", "**** has expired" },
  { OCTETS ("user=joe@x\001auth=Bearer tok3n\001\001"), "dG9rM24= has expired", "**** has expired" },
  { OCTETS ("auth=Bearer "), "auth=Bearer is empty", "****is empty" },
  { OCTETS ("\0joe\0sesame"), "c2VzYW1l is wrong", "**** is wrong" },
  { OCTETS ("ab"), "ab abandon", "ab abandon" },
  { OCTETS (""), "Kept as it is", "Kept as it is" },
  { OCTETS ("\0\0"), "Kept as it is", "Kept as it is" },
  /* one secret inside another, in either order */
  { OCTETS ("\0joe\0joe-1234"), "joe-1234", "****" },
  { OCTETS ("\0joe-1234\0joe"), "joe-1234", "****" },
  /* the reply comes cleaned, the secret was not */
  { OCTETS ("pass\tword"), "pass\tword", "****" },
  { OCTETS ("p\377ssword"), "p\377ssword", "****" },
  { OCTETS ("p\303\244ss"), "p\303\244ss", "****" },
};

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SmtpMask mask = { NULL };
      g_autofree char *encoded = smtp_base64_encode (cases[i].sent, cases[i].length);
      g_autoptr (GString) text = g_string_new (NULL);

      smtp_mask_add (&mask, encoded, cases[i].sent, cases[i].length);
      smtp_text_append_clean (text, cases[i].reply, strlen (cases[i].reply));
      smtp_mask_apply (&mask, text);
      g_assert_cmpstr (text->str, ==, cases[i].shown);
      smtp_mask_clear (&mask);
    }
}

static void
test_several (void)
{
  SmtpMask mask = { NULL };
  g_autoptr (GString) text = g_string_new ("am9l sesame joe c2VzYW1l");

  smtp_mask_add (&mask, "am9l", "joe", 3);
  smtp_mask_add (&mask, "c2VzYW1l", "sesame", 6);
  smtp_mask_apply (&mask, text);
  g_assert_cmpstr (text->str, ==, "**** **** **** ****");
  smtp_mask_clear (&mask);

  g_string_assign (text, "joe");
  smtp_mask_apply (&mask, text);
  g_assert_cmpstr (text->str, ==, "joe");
  smtp_mask_clear (&mask);
}

/* An empty GBytes has no data. */
static void
test_nothing (void)
{
  SmtpMask mask = { NULL };

  smtp_mask_add (&mask, "", NULL, 0);
  g_assert_null (mask.secrets);
}

/* What stood where the text now ends is gone, too. */
static void
test_rest (void)
{
  SmtpMask mask = { NULL };
  g_autoptr (GString) text = g_string_new ("The password is open sesame");
  gsize length = text->len;

  smtp_mask_add (&mask, "b3BlbiBzZXNhbWU=", "open sesame", 11);
  smtp_mask_apply (&mask, text);
  g_assert_cmpstr (text->str, ==, "The password is ****");
  for (gsize i = text->len; i < length; i++)
    g_assert_cmpint (text->str[i], ==, '\0');
  smtp_mask_clear (&mask);
}

/* Fit for display, each octet of it becomes three. */
static void
test_longest (void)
{
  for (gsize length = 3; length < 600; length++)
    {
      SmtpMask mask = { NULL };
      g_autofree char *secret = g_strnfill (length, '\377');
      g_autoptr (GString) text = g_string_new (NULL);

      smtp_mask_add (&mask, "encoded", secret, length);
      smtp_text_append_clean (text, secret, length);
      smtp_mask_apply (&mask, text);
      g_assert_cmpstr (text->str, ==, "****");
      smtp_mask_clear (&mask);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mask/cases", test_cases);
  g_test_add_func ("/mask/several", test_several);
  g_test_add_func ("/mask/nothing", test_nothing);
  g_test_add_func ("/mask/rest", test_rest);
  g_test_add_func ("/mask/longest", test_longest);
  return g_test_run ();
}
