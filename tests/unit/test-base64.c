/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <string.h>

#include "pieces.h"
#include "smtp-base64.h"
#include "smtp-secret-memory.h"

static const struct
{
  const char *bytes;
  gsize       length;
  const char *text;
} pairs[] = {
  /* RFC 4648 §10 */
  { OCTETS (""), "" },
  { OCTETS ("f"), "Zg==" },
  { OCTETS ("fo"), "Zm8=" },
  { OCTETS ("foo"), "Zm9v" },
  { OCTETS ("foob"), "Zm9vYg==" },
  { OCTETS ("fooba"), "Zm9vYmE=" },
  { OCTETS ("foobar"), "Zm9vYmFy" },
  { OCTETS ("\0"), "AA==" },
  { OCTETS ("\0\0\0"), "AAAA" },
  { OCTETS ("\0user\0pass"), "AHVzZXIAcGFzcw==" },
  { OCTETS ("\377\376\375"), "//79" },
  { OCTETS ("\373\357\276"), "++++" },
};

static const char * const malformed[] = {
  "Z", "Zg", "Zg=", "Zm8", "=", "==", "===", "====", "Z===", "Zg===", "Zg==Zg==",
  "Zm=v", "=Zm9", "Zm9v=", "Zm9vZ", "Zg==\n", "Zm9v\r\n", "Zm 9v", " Zm9", "Zm9 ",
  "Zm9\n", "Zm-v", "Zm_v", "Zm9.", "Zm9\177", "Zm9\377", "Zm9*", "\303\244==",
  "Zh==", "Zv==", "Zm9=", "Zm+=", "A=A=", "AA=A", "****",
};

static void
test_pairs (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *text = smtp_base64_encode (pairs[i].bytes, pairs[i].length);
      g_autofree guint8 *bytes = NULL;
      gsize length = 999;

      g_assert_cmpstr (text, ==, pairs[i].text);
      bytes = smtp_base64_decode (text, strlen (text), &length);
      g_assert_nonnull (bytes);
      g_assert_cmpmem (bytes, length, pairs[i].bytes, pairs[i].length);
      g_assert_cmpint (bytes[length], ==, '\0');
    }
}

static void
test_secret_pairs (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr (SmtpSecretText) text = smtp_base64_encode_secret (pairs[i].bytes, pairs[i].length);
      gsize length = 999;
      guint8 *bytes;

      g_assert_cmpstr (text, ==, pairs[i].text);
      bytes = smtp_base64_decode_secret (text, strlen (text), &length);
      g_assert_nonnull (bytes);
      g_assert_cmpmem (bytes, length, pairs[i].bytes, pairs[i].length);
      g_assert_cmpint (bytes[length], ==, '\0');
      smtp_secret_free (bytes);
    }
}

/* Of each length, as each has an end of its own. */
static void
test_secret_lengths (void)
{
  guint8 bytes[300];

  for (gsize i = 0; i < sizeof bytes; i++)
    {
      g_autoptr (SmtpSecretText) text = NULL;
      g_autofree char *expected = NULL;

      bytes[i] = (guint8) (i * 2654435761u >> 13);
      text = smtp_base64_encode_secret (bytes, i);
      expected = smtp_base64_encode (bytes, i);
      g_assert_cmpstr (text, ==, expected);
    }
}

static void
test_null (void)
{
  g_autofree char *text = smtp_base64_encode (NULL, 0);
  g_autoptr (SmtpSecretText) secret = smtp_base64_encode_secret (NULL, 0);

  g_assert_cmpstr (text, ==, "");
  g_assert_cmpstr (secret, ==, "");
}

static void
test_malformed (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (malformed); i++)
    {
      gsize length;
      g_autofree guint8 *bytes = smtp_base64_decode (malformed[i], strlen (malformed[i]), &length);

      if (bytes != NULL || smtp_base64_decode_secret (malformed[i], strlen (malformed[i]), &length) != NULL)
        g_error ("“%s” is accepted", malformed[i]);
    }
}

/* A NUL is no letter, wherever it stands. */
static void
test_nul (void)
{
  for (gsize i = 0; i < 8; i++)
    {
      char text[] = "Zm9vYmFy";
      gsize length;
      g_autofree guint8 *bytes = NULL;

      text[i] = '\0';
      bytes = smtp_base64_decode (text, 8, &length);
      g_assert_null (bytes);
    }
}

/* Every octet in every place of a quadruple: what is not of the alphabet is
 * refused, and what is accepted is written back as it was. */
static void
test_alphabet (void)
{
  for (gsize at = 0; at < 4; at++)
    {
      for (int c = 0; c < 256; c++)
        {
          char text[5] = "AAAA";
          gsize length;
          g_autofree guint8 *bytes = NULL;
          g_autofree char *again = NULL;

          text[at] = (char) c;
          bytes = smtp_base64_decode (text, 4, &length);
          if (g_ascii_isalnum (c) || c == '+' || c == '/' || (c == '=' && at == 3))
            g_assert_nonnull (bytes);
          else
            g_assert_null (bytes);

          if (bytes == NULL)
            continue;
          again = smtp_base64_encode (bytes, length);
          g_assert_cmpstr (again, ==, text);
        }
    }
}

static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4648);

  for (gsize length = 0; length < 300; length++)
    {
      g_autofree guint8 *bytes = g_malloc (length + 1);
      g_autofree guint8 *decoded = NULL;
      g_autofree char *text = NULL;
      g_autofree char *other = NULL;
      gsize n;

      for (gsize i = 0; i < length; i++)
        bytes[i] = g_rand_int_range (rand, 0, 256);
      text = smtp_base64_encode (bytes, length);
      other = g_base64_encode (bytes, length);
      g_assert_cmpstr (text, ==, other);
      decoded = smtp_base64_decode (text, strlen (text), &n);
      g_assert_nonnull (decoded);
      g_assert_cmpmem (decoded, n, bytes, length);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base64/pairs", test_pairs);
  g_test_add_func ("/base64/secret/pairs", test_secret_pairs);
  g_test_add_func ("/base64/secret/lengths", test_secret_lengths);
  g_test_add_func ("/base64/null", test_null);
  g_test_add_func ("/base64/malformed", test_malformed);
  g_test_add_func ("/base64/nul", test_nul);
  g_test_add_func ("/base64/alphabet", test_alphabet);
  g_test_add_func ("/base64/random", test_random);
  return g_test_run ();
}
