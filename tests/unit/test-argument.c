/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <string.h>

#include "smtp-argument.h"
#include "smtp-error.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define D255 L63 "." L63 "." L63 "." L63

/* What an argument must never bring onto the wire. */
#define INJECTIONS \
  "\r\n", "\n", "\r", "a\r\nQUIT", "a\nQUIT", "a\rQUIT", "\001", "a\033b", "a\177b", "a\bb", \
  "a\tb", "\302\205", "a\302\205b", "\302\237", "\377", "a\377b", "\300\200", "\355\240\200", "\303"

typedef enum { NEITHER = 0, SENDER = 1, RECIPIENT = 2, BOTH = 3 } Where;

static const struct
{
  const char *address;
  Where       valid;
} paths[] = {
  { "", SENDER },
  { "Postmaster", RECIPIENT }, { "postmaster", RECIPIENT }, { "POSTMASTER", RECIPIENT },
  { "postmaste", NEITHER }, { "postmaster@", NEITHER }, { "postmaster@example.org", BOTH },
  { "joe", NEITHER }, { "joe@", NEITHER }, { "@example.org", NEITHER }, { "@", NEITHER },
  { "a@b", BOTH }, { "joe@example.org", BOTH }, { "joe.doe@example.org", BOTH },
  { "a+b@example.org", BOTH }, { "!#$%&'*+-/=?^_`{|}~@example.org", BOTH },
  { "1@2.3", BOTH }, { "a@b-c.d--e", BOTH }, { "a@B.C", BOTH },
  { ".joe@example.org", NEITHER }, { "joe.@example.org", NEITHER }, { "j..oe@example.org", NEITHER },
  { "a@b@c", NEITHER }, { "a@@b", NEITHER }, { "a@b c", NEITHER }, { "a b@c", NEITHER },
  { " a@b", NEITHER }, { "a@b ", NEITHER }, { "a @b", NEITHER }, { "a@ b", NEITHER },
  { "a@b.", NEITHER }, { "a@.b", NEITHER }, { "a@b..c", NEITHER }, { "a@-b", NEITHER },
  { "a@b-", NEITHER }, { "a@b-.c", NEITHER }, { "a@b_c", NEITHER }, { "a@b,c", NEITHER },
  { "a,b@c", NEITHER }, { "a;b@c", NEITHER }, { "a:b@c", NEITHER }, { "a(b)@c", NEITHER },
  { "a\\b@c", NEITHER }, { "a[b]@c", NEITHER }, { "a@b:25", NEITHER }, { "a@b/c", NEITHER },
  { "a@" L63, BOTH }, { "a@" L63 "a", NEITHER }, { "a@" D255, BOTH }, { "a@" D255 ".a", NEITHER },

  /* more than an address */
  { "<a@b>", NEITHER }, { "a@b>", NEITHER }, { "<a@b", NEITHER }, { "a<@b", NEITHER },
  { "a@b> SIZE=1", NEITHER }, { "a@b> BODY=8BITMIME", NEITHER }, { ">", NEITHER },
  { "a@b>\r\nRCPT TO:<c@d", NEITHER }, { "Joe <a@b>", NEITHER }, { "a@b,c@d", NEITHER },
  { "@relay:a@b", NEITHER }, { "@r1,@r2:a@b", NEITHER },

  /* quoted strings */
  { "\"\"@b", BOTH }, { "\"a b\"@c", BOTH }, { "\"a> b\"@c", BOTH }, { "\"<>@,;:\"@c", BOTH },
  { "\"a\\\"b\"@c", BOTH }, { "\"a\\\\\"@c", BOTH }, { "\"a\\ b\"@c", BOTH },
  { "\"gr\303\274n\"@c", BOTH }, { "\"a\\\303\274\"@c", BOTH },
  { "\"@c", NEITHER }, { "\"a@c", NEITHER }, { "\"a\\\"@c", NEITHER }, { "\"a\\", NEITHER },
  { "\"", NEITHER }, { "\"a\"", NEITHER }, { "\"a\"b@c", NEITHER }, { "a\"b\"@c", NEITHER },
  { "\"a\".b@c", NEITHER }, { "\"a\" @c", NEITHER }, { "\"a\"\"b\"@c", NEITHER },
  { "\"a\"@c> X=\"", NEITHER }, { "\"a\tb\"@c", NEITHER }, { "\"a\r\nb\"@c", NEITHER },
  { "\"a\\\rb\"@c", NEITHER }, { "\"a\\\nb\"@c", NEITHER }, { "\"a\\\177\"@c", NEITHER },

  /* UTF-8 */
  { "gr\303\274n@example.org", BOTH }, { "joe@gr\303\274n.example", BOTH },
  { "\344\270\255@\346\226\207.example", BOTH }, { "a\360\237\223\250@b", BOTH },
  { "gr\374n@example.org", NEITHER }, { "joe@gr\374n.example", NEITHER }, { "a\303@b", NEITHER },
  { "a@b\303", NEITHER }, { "a\302\200@b", NEITHER }, { "a@b\302\237", NEITHER },
  { "\300\200@b", NEITHER }, { "\355\240\200@b", NEITHER },

  /* address literals */
  { "a@[192.0.2.1]", BOTH }, { "a@[IPv6:2001:db8::1]", BOTH }, { "a@[IPv6:::1]", BOTH },
  { "a@[]", NEITHER }, { "a@[", NEITHER }, { "a@]", NEITHER }, { "a@[192.0.2.1", NEITHER },
  { "a@192.0.2.1]", NEITHER }, { "a@[192.0.2.1]x", NEITHER }, { "a@[192.0.2.1]>", NEITHER },
  { "a@[192.0.2.1> X]", NEITHER }, { "a@[<]", NEITHER }, { "a@[>]", NEITHER }, { "a@[ ]", NEITHER },
  { "a@[a b]", NEITHER }, { "a@[a]b]", NEITHER }, { "a@[[a]", NEITHER }, { "a@[a\\]", NEITHER },
  { "a@[IPv6:fe80::1%eth0]", NEITHER }, { "a@[\303\274]", NEITHER },
};

static const char * const injections[] = { INJECTIONS };

static void
assert_verdict (gboolean    found,
                gboolean    expected,
                GError    **where,
                const char *argument)
{
  const GError *error = *where;

  if (found != expected)
    g_error ("“%s” is %s", argument, found ? "accepted" : "refused");

  if (expected)
    {
      g_assert_no_error (error);
      return;
    }

  g_assert_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  for (const char *p = error->message; *p != '\0'; p++)
    g_assert_false (g_ascii_iscntrl (*p));
}

static void
check_path (const char *address,
            Where       valid)
{
  g_autoptr (GError) sender_error = NULL;
  g_autoptr (GError) recipient_error = NULL;

  assert_verdict (smtp_check_path (address, SMTP_PATH_SENDER, &sender_error),
                  (valid & SENDER) != 0, &sender_error, address);
  assert_verdict (smtp_check_path (address, SMTP_PATH_RECIPIENT, &recipient_error),
                  (valid & RECIPIENT) != 0, &recipient_error, address);
}

static void
test_paths (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    check_path (paths[i].address, paths[i].valid);
}

/* Each bad octet in front of, within and behind each part. */
static void
test_path_injections (void)
{
  static const char * const around[] = {
    "%sjoe@example.org", "jo%se@example.org", "joe%s@example.org", "joe@%sexample.org",
    "joe@exam%sple.org", "joe@example.org%s", "\"jo%se\"@example.org", "joe@[127.0%s.0.1]",
    "%spostmaster", "postmaster%s", "%s",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (injections); i++)
    {
      for (gsize n = 0; n < G_N_ELEMENTS (around); n++)
        {
          g_auto (GStrv) parts = g_strsplit (around[n], "%s", 2);
          g_autofree char *address = g_strjoinv (injections[i], parts);

          check_path (address, NEITHER);
        }
    }
}

/* Any octet outside quotes that could end the path. */
static void
test_path_octets (void)
{
  for (int c = 1; c < 256; c++)
    {
      gboolean atext = g_ascii_isalnum (c) || strchr ("!#$%&'*+-/=?^_`{|}~.", c) != NULL;
      g_autofree char *local = g_strdup_printf ("a%ca@b", c);
      g_autofree char *domain = g_strdup_printf ("a@b%cb", c);

      check_path (local, atext ? BOTH : NEITHER);
      check_path (domain, g_ascii_isalnum (c) || c == '-' || c == '.' ? BOTH : NEITHER);
    }
}

static void
test_path_length (void)
{
  g_autofree char *most = g_strnfill (998, 'a');
  g_autofree char *longest = g_strconcat (most, "@b", NULL);
  g_autofree char *too_long = g_strconcat ("a", longest, NULL);

  check_path (longest, BOTH);
  check_path (too_long, NEITHER);
}

/* ---- the others ----------------------------------------------------------- */

static const struct
{
  const char *param;
  gboolean    valid;
} parameters[] = {
  { "SIZE=1000", TRUE }, { "SMTPUTF8", TRUE }, { "BODY=8BITMIME", TRUE }, { "x", TRUE }, { "1", TRUE },
  { "MT-PRIORITY=-4", TRUE }, { "NOTIFY=SUCCESS,FAILURE", TRUE }, { "ORCPT=rfc822;a+2Bb@c", TRUE },
  { "AUTH=<>", TRUE }, { "X=<a>", TRUE }, { "ENVID=a/b:c\"d\"", TRUE }, { "X=gr\303\274n", TRUE },
  { "A-=1", TRUE },
  { "", FALSE }, { "=", FALSE }, { "=1", FALSE }, { "SIZE=", FALSE }, { "A=B=C", FALSE },
  { "A==", FALSE }, { "-A", FALSE }, { "A_B", FALSE }, { "A B", FALSE }, { " A", FALSE },
  { "A ", FALSE }, { "A =1", FALSE }, { "A= 1", FALSE }, { "A=1 ", FALSE }, { "A=1 B=2", FALSE },
  { "A.B=1", FALSE }, { "A:1", FALSE }, { "gr\303\274n=1", FALSE }, { "A>", FALSE }, { "<A", FALSE },
  { "A=\177", FALSE },
};

static gboolean
check_parameter (const char  *param,
                 GError     **error)
{
  const char *params[] = { "FINE=1", param, NULL };

  return smtp_check_parameters (params, error);
}

static const struct
{
  const char *name;
  gboolean    valid;
} ehlo_names[] = {
  { "localhost", TRUE }, { "mail.example.org", TRUE }, { "a-b.c", TRUE }, { "1.2", TRUE }, { "x", TRUE },
  { "[192.0.2.1]", TRUE }, { "[IPv6:2001:db8::1]", TRUE }, { L63, TRUE }, { D255, TRUE },
  { "", FALSE }, { "my_host", FALSE }, { "a.my_host", FALSE }, { "_", FALSE }, { "a b", FALSE },
  { " a", FALSE }, { "a ", FALSE }, { ".", FALSE }, { "a.", FALSE }, { ".a", FALSE }, { "a..b", FALSE },
  { "-a", FALSE }, { "a-", FALSE }, { "gr\303\274n.example", FALSE }, { L63 "a", FALSE },
  { D255 ".a", FALSE }, { "[]", FALSE }, { "[a", FALSE }, { "a]", FALSE }, { "[a b]", FALSE },
  { "[\303\274]", FALSE }, { "[IPv6:fe80::1%1]", FALSE }, { "a@b", FALSE }, { "<a>", FALSE },
  { "a/b", FALSE }, { "a:b", FALSE }, { "a,b", FALSE },
};

static const struct
{
  const char *name;
  gboolean    valid;
} mechanisms[] = {
  { "PLAIN", TRUE }, { "CRAM-MD5", TRUE }, { "SCRAM-SHA-256-PLUS", TRUE }, { "X_Y", TRUE }, { "9", TRUE },
  { "A2345678901234567890", TRUE },
  { "A23456789012345678901", FALSE }, { "", FALSE }, { "plain", FALSE }, { "Plain", FALSE },
  { "PLAIN ", FALSE }, { " PLAIN", FALSE }, { "PLAIN =", FALSE }, { "PLAIN LOGIN", FALSE },
  { "PL.AIN", FALSE }, { "PL=AIN", FALSE }, { "\303\204", FALSE },
};

static const struct
{
  const char *text;
  gboolean    valid;
} texts[] = {
  { "joe", TRUE }, { "joe doe <joe@example.org>", TRUE }, { " ", TRUE }, { "gr\303\274n", TRUE },
  { "a=b; c \"d\" \\", TRUE },
};

static void
test_parameters (void)
{
  g_assert_true (smtp_check_parameters (NULL, NULL));
  g_assert_true (smtp_check_parameters ((const char *[]) { NULL }, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (parameters); i++)
    {
      g_autoptr (GError) error = NULL;

      assert_verdict (check_parameter (parameters[i].param, &error), parameters[i].valid,
                      &error, parameters[i].param);
    }
}

/* Each octet in a keyword and in a value. */
static void
test_parameter_octets (void)
{
  for (int c = 1; c < 256; c++)
    {
      g_autofree char *keyword = g_strdup_printf ("A%cA=1", c);
      g_autofree char *value = g_strdup_printf ("A=1%c1", c);
      g_autoptr (GError) keyword_error = NULL;
      g_autoptr (GError) value_error = NULL;

      if (c == '=')
        continue;
      assert_verdict (check_parameter (keyword, &keyword_error), g_ascii_isalnum (c) || c == '-',
                      &keyword_error, keyword);
      assert_verdict (check_parameter (value, &value_error), c > 0x20 && c < 0x7f, &value_error, value);
    }
}

static void
test_ehlo_names (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ehlo_names); i++)
    {
      g_autoptr (GError) error = NULL;

      assert_verdict (smtp_check_ehlo_name (ehlo_names[i].name, &error), ehlo_names[i].valid,
                      &error, ehlo_names[i].name);
    }
}

static void
test_mechanisms (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (mechanisms); i++)
    {
      g_autoptr (GError) error = NULL;

      assert_verdict (smtp_check_mechanism (mechanisms[i].name, &error), mechanisms[i].valid,
                      &error, mechanisms[i].name);
    }
}

static void
test_texts (void)
{
  g_autofree char *longest = g_strnfill (1000, 'a');
  g_autofree char *too_long = g_strnfill (1001, 'a');
  g_autoptr (GError) empty = NULL;
  g_autoptr (GError) length = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      assert_verdict (smtp_check_text (texts[i].text, FALSE, &error), texts[i].valid, &error, texts[i].text);
    }

  g_assert_true (smtp_check_text ("", TRUE, NULL));
  assert_verdict (smtp_check_text ("", FALSE, &empty), FALSE, &empty, "");
  g_assert_true (smtp_check_text (longest, FALSE, NULL));
  assert_verdict (smtp_check_text (too_long, FALSE, &length), FALSE, &length, too_long);
}

static gboolean
check_text (const char  *text,
            GError     **error)
{
  return smtp_check_text (text, TRUE, error);
}

/* Nothing lets through what could end the line or is no UTF-8: alone, at
 * either end of something good, and within. */
static void
test_injections (void)
{
  static gboolean (* const checks[]) (const char *, GError **) = {
    check_parameter, smtp_check_ehlo_name, smtp_check_mechanism, check_text,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (injections); i++)
    {
      g_autofree char *before = g_strconcat (injections[i], "GOOD", NULL);
      g_autofree char *within = g_strconcat ("GO", injections[i], "OD", NULL);
      g_autofree char *behind = g_strconcat ("GOOD", injections[i], NULL);
      g_autofree char *value = g_strconcat ("GOOD=X", injections[i], NULL);
      const char *arguments[] = { injections[i], before, within, behind, value };

      for (gsize n = 0; n < G_N_ELEMENTS (checks); n++)
        {
          g_assert_true (checks[n] ("GOOD", NULL));
          for (gsize k = 0; k < G_N_ELEMENTS (arguments); k++)
            {
              g_autoptr (GError) error = NULL;

              assert_verdict (checks[n] (arguments[k], &error), FALSE, &error, arguments[k]);
            }
        }
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/argument/paths", test_paths);
  g_test_add_func ("/argument/path-injections", test_path_injections);
  g_test_add_func ("/argument/path-octets", test_path_octets);
  g_test_add_func ("/argument/path-length", test_path_length);
  g_test_add_func ("/argument/parameters", test_parameters);
  g_test_add_func ("/argument/parameter-octets", test_parameter_octets);
  g_test_add_func ("/argument/ehlo-names", test_ehlo_names);
  g_test_add_func ("/argument/mechanisms", test_mechanisms);
  g_test_add_func ("/argument/texts", test_texts);
  g_test_add_func ("/argument/injections", test_injections);
  return g_test_run ();
}
