/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>

#include "smtp-capability-set.h"

/* EHLO text, and the list it makes as "KEYWORD params;…". */
static const struct
{
  const char *text;
  const char *expected;
} lists[] = {
  { NULL, "" },
  { "", "" },
  { "mx.example", "" },
  { "SIZE 10", "" }, /* the first line is the server's name */
  { "mx\nPIPELINING", "PIPELINING;" },
  { "mx\nSIZE 1000\nHELP", "SIZE 1000;HELP;" },
  { "mx\npipelining\nSize 1000\n8bitMIME", "PIPELINING;SIZE 1000;8BITMIME;" },
  { "mx\nAUTH PLAIN LOGIN", "AUTH PLAIN LOGIN;" },
  { "mx\nAUTH=PLAIN LOGIN", "AUTH PLAIN LOGIN;" },
  { "mx\nauth=plain", "AUTH plain;" },
  { "mx\nAUTH PLAIN LOGIN\nAUTH=PLAIN LOGIN", "AUTH PLAIN LOGIN;" },
  { "mx\nAUTH=LOGIN\nSIZE\nAUTH PLAIN", "AUTH LOGIN PLAIN;SIZE;" },
  { "mx\nAUTH\nAUTH PLAIN", "AUTH PLAIN;" },
  { "mx\nAUTH PLAIN\nAUTH", "AUTH PLAIN;" },
  { "mx\nAUTH", "AUTH;" },
  { "mx\nAUTH=", "AUTH;" },
  { "mx\nSTARTTLS\n", "STARTTLS;" },
  { "mx\n\nSTARTTLS\n \n", "STARTTLS;" },
  { "mx\n  SIZE   5  ", "SIZE 5;" },
  { "mx\nSIZE ", "SIZE;" },
  { "mx\nX-A=B c", "X-A=B c;" },
  { "mx\nLIMITS RCPTMAX=20 MAILMAX=5", "LIMITS RCPTMAX=20 MAILMAX=5;" },
  { "\nSIZE", "SIZE;" },
};

static char *
describe (const SmtpCapabilitySet *set)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < set->list->len; i++)
    {
      const SmtpCapability *capability = &g_array_index (set->list, SmtpCapability, i);

      g_string_append_printf (out, "%s%s%s;", capability->keyword,
                              *capability->params != '\0' ? " " : "", capability->params);
    }

  return g_string_free (out, FALSE);
}

static void
test_lists (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autoptr (SmtpCapabilitySet) set = smtp_capability_set_new (lists[i].text);
      g_autofree char *found = describe (set);

      g_assert_cmpstr (found, ==, lists[i].expected);
    }
}

static void
test_lookup (void)
{
  static const struct
  {
    const char *keyword;
    const char *params; /* NULL: not there */
  } lookups[] = {
    { "SIZE", "100" }, { "size", "100" }, { "SiZe", "100" }, { "PIPELINING", "" },
    { "SIZ", NULL },   { "SIZE ", NULL }, { "", NULL },      { "mx", NULL },
    { "100", NULL },
  };
  g_autoptr (SmtpCapabilitySet) set = smtp_capability_set_new ("mx\nSIZE 100\npipelining");

  for (gsize i = 0; i < G_N_ELEMENTS (lookups); i++)
    {
      const SmtpCapability *found = smtp_capability_set_lookup (set, lookups[i].keyword);

      g_assert_cmpstr (found != NULL ? found->params : NULL, ==, lookups[i].params);
    }
}

static void
test_offers (void)
{
  static const struct
  {
    const char *keyword;
    const char *param;
    gboolean    offered;
  } offers[] = {
    { "AUTH", "PLAIN", TRUE },  { "auth", "plain", TRUE },  { "AUTH", "LOGIN", TRUE },
    { "AUTH", "XOAUTH2", TRUE }, { "AUTH", "LOG", FALSE },  { "AUTH", "LAIN", FALSE },
    { "AUTH", "PLAIN LOGIN", FALSE }, { "SIZE", "PLAIN", FALSE }, { "X", "PLAIN", FALSE },
  };
  g_autoptr (SmtpCapabilitySet) set = smtp_capability_set_new ("mx\nAUTH PLAIN  LOGIN\nSIZE\nAUTH=xoauth2");

  for (gsize i = 0; i < G_N_ELEMENTS (offers); i++)
    g_assert_cmpint (smtp_capability_set_offers (set, offers[i].keyword, offers[i].param), ==,
                     offers[i].offered);
}

static void
test_ref (void)
{
  SmtpCapabilitySet *set = smtp_capability_set_new ("mx\nSIZE");

  g_assert_true (smtp_capability_set_ref (set) == set);
  smtp_capability_set_unref (set);
  g_assert_nonnull (smtp_capability_set_lookup (set, "SIZE"));
  smtp_capability_set_unref (set);
}

static void
test_numbers (void)
{
  static const struct
  {
    const char   *text;
    SmtpExtension extension;
    const char   *name;
    guint64       expected;
  } numbers[] = {
    { "mx\nSIZE 1000", SMTP_EXTENSION_SIZE, NULL, 1000 },
    { "mx\nSIZE", SMTP_EXTENSION_SIZE, NULL, 0 },
    { "mx\nSIZE 10x", SMTP_EXTENSION_SIZE, NULL, 0 },
    { "mx\nSIZE -1", SMTP_EXTENSION_SIZE, NULL, 0 },
    { "mx\nSIZE 18446744073709551616", SMTP_EXTENSION_SIZE, NULL, 0 },
    { "mx\nHELP", SMTP_EXTENSION_SIZE, NULL, 0 },
    { "mx\nLIMITS RCPTMAX=20 MAILMAX=5", SMTP_EXTENSION_LIMITS, "MAILMAX", 5 },
    { "mx\nLIMITS RCPTMAX=20 MAILMAX=5", SMTP_EXTENSION_LIMITS, "rcptmax", 20 },
    { "mx\nLIMITS RCPTMAX=20 MAILMAX=5", SMTP_EXTENSION_LIMITS, "RCPTDOMAINMAX", 0 },
    { "mx\nLIMITS RCPTMAX=x", SMTP_EXTENSION_LIMITS, "RCPTMAX", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autoptr (SmtpCapabilitySet) set = smtp_capability_set_new (numbers[i].text);

      g_assert_cmpuint (smtp_capability_set_get_number (set, numbers[i].extension, numbers[i].name), ==,
                        numbers[i].expected);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/capability-set/lists", test_lists);
  g_test_add_func ("/capability-set/lookup", test_lookup);
  g_test_add_func ("/capability-set/offers", test_offers);
  g_test_add_func ("/capability-set/ref", test_ref);
  g_test_add_func ("/capability-set/numbers", test_numbers);
  return g_test_run ();
}
