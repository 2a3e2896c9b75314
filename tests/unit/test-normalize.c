/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Normal form C, against GLib's, and the preparation of passwords against
 * GnuTLS's: ours differ in leaving nothing behind. */

#include <glib.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "smtp-normalize.h"
#include "smtp-scram.h"
#include "smtp-secret-memory.h"

static const struct
{
  const char *text;
  const char *normal;
} cases[] = {
  { "", "" },
  { "sesame", "sesame" },
  { "\303\244", "\303\244" },
  { "a\314\210", "\303\244" },
  { "\342\204\253", "\303\205" },                                  /* Angstrom sign */
  { "q\314\207\314\243", "q\314\243\314\207" },                    /* the order of marks */
  { "s\314\207\314\243", "\341\271\251" },
  { "a\314\243\314\210\314\201", "\341\272\241\314\210\314\201" }, /* the second is blocked */
  { "\341\204\200\341\205\241\341\206\250", "\352\260\201" },      /* Hangul */
  { "\340\244\225\340\244\274", "\340\244\225\340\244\274" },      /* excluded from composition */
  { "\314\210a", "\314\210a" },
  { "\314\210\314\201", "\314\210\314\201" },
  { "\340\275\201\340\276\267\340\275\261\340\275\262", "\340\275\201\340\276\267\340\275\261\340\275\262" },
};

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SmtpSecretText) normal = smtp_normalize_secret (cases[i].text);

      g_assert_cmpstr (normal, ==, cases[i].normal);
    }
}

static void
check_against_glib (const char *text)
{
  g_autoptr (SmtpSecretText) normal = smtp_normalize_secret (text);
  g_autofree char *expected = g_utf8_normalize (text, -1, G_NORMALIZE_NFC);

  g_assert_cmpstr (normal, ==, expected);
}

static void
test_characters (void)
{
  for (gunichar c = 1; c < 0x110000; c++)
    {
      char text[16] = "";
      int length;

      if (!g_unichar_validate (c))
        continue;
      length = g_unichar_to_utf8 (c, text);
      check_against_glib (text);
      strcpy (text + length, "\314\201");
      check_against_glib (text);
    }
}

/* Letters with marks, Hangul, and blocks with marks of many classes. */
static const struct
{
  gunichar first;
  guint    count;
} ranges[] = {
  { 'a', 26 }, { 0xc0, 0x100 }, { 0x300, 0x70 }, { 0x300, 0x70 }, { 0x390, 0x80 }, { 0x5b0, 0x40 }, { 0x640, 0x20 },
  { 0x915, 0x60 }, { 0xf40, 0x80 }, { 0x1100, 0x100 }, { 0x1161, 0x15 }, { 0x11a8, 0x1b }, { 0xac00, 0x200 },
  { 0x1e00, 0x200 }, { 0x3040, 0x60 }, { 0x1d150, 0x40 },
};

static gunichar
random_character (GRand *rand)
{
  guint i = g_rand_int_range (rand, 0, G_N_ELEMENTS (ranges));

  return ranges[i].first + g_rand_int_range (rand, 0, ranges[i].count);
}

typedef void (*Check) (const char *text);

static void
check_random (guint32 seed,
              Check   check)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);

  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);

      for (int n = g_rand_int_range (rand, 1, 12); n > 0; n--)
        g_string_append_unichar (text, random_character (rand));
      check (text->str);
    }
}

static void
test_random (void)
{
  check_random (1, check_against_glib);
}

static void
check_against_gnutls (const char *text)
{
  g_autoptr (SmtpSecretText) prepared = smtp_scram_prepare (text);
  gnutls_datum_t expected = { NULL, 0 };

  if (gnutls_utf8_password_normalize ((const guint8 *) text, strlen (text), &expected, 0) < 0)
    {
      g_assert_null (prepared);
      return;
    }

  g_assert_nonnull (prepared);
  g_assert_cmpmem (prepared, strlen (prepared), expected.data, expected.size);
  gnutls_free (expected.data);
}

/* Those that GLib does not know may be too new for one of the two only. */
static void
test_prepared_characters (void)
{
  for (gunichar c = 1; c < 0x110000; c++)
    {
      char text[8] = "";

      if (!g_unichar_validate (c) || !g_unichar_isdefined (c))
        continue;
      g_unichar_to_utf8 (c, text);
      check_against_gnutls (text);
    }
}

static void
test_prepared_random (void)
{
  check_random (2, check_against_gnutls);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/normalize/cases", test_cases);
  g_test_add_func ("/normalize/characters", test_characters);
  g_test_add_func ("/normalize/random", test_random);
  g_test_add_func ("/normalize/prepared/characters", test_prepared_characters);
  g_test_add_func ("/normalize/prepared/random", test_prepared_random);

  return g_test_run ();
}
