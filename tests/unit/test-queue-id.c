/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <string.h>

#include "smtp-queue-id.h"

static const struct
{
  const char *name;
  const char *text; /* the reply to the content, without its codes */
  const char *id;   /* NULL: it has none */
} replies[] = {
  { "postfix", "2.0.0 Ok: queued as 4XyZ1234AbczQ", "4XyZ1234AbczQ" },
  { "postfix-short", "2.0.0 Ok: queued as 7B2F41C0E3", "7B2F41C0E3" },
  { "postfix-old", "Ok: queued as 7B2F41C0E3", "7B2F41C0E3" },
  { "amavis", "2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 7B2F41C0E3", "7B2F41C0E3" },
  { "lines", "2.0.0 thanks\n2.0.0 Ok: queued as 7B2F41C0E3\n2.0.0 bye", "7B2F41C0E3" },
  { "exim", "OK id=1rXyZ0-00000001abc-2DeF", "1rXyZ0-00000001abc-2DeF" },
  { "exim-old", "OK id=1aBcDe-0001Xy-7f", "1aBcDe-0001Xy-7f" },
  { "sendmail", "2.0.0 44MEjWDZ012345 Message accepted for delivery", "44MEjWDZ012345" },
  { "opensmtpd", "2.0.0 1fa2b3c4 Message accepted for delivery", "1fa2b3c4" },
  { "gmail", "2.0.0 OK  1716400000 d9443c01a7336-1f2f2fcdd8asi123456.78 - gsmtp", "d9443c01a7336-1f2f2fcdd8asi123456.78" },
  { "qmail", "ok 1716400000 qp 12345", "12345" },
  { "haraka", "Message Queued (0F0A1B2C-3D4E-5F60-7182-93A4B5C6D7E8.1)", "0F0A1B2C-3D4E-5F60-7182-93A4B5C6D7E8.1" },
  { "exchange", "2.6.0 <abc@example.org> [InternalId=1234567890123, Hostname=EX1.example.org] "
                "10240 bytes in 0.123, 81.300 KB/sec Queued mail for delivery", "1234567890123" },
  { "exchange-short", "2.6.0 <abc@example.org> [InternalId=77] Queued mail for delivery", "77" },
  { "case", "2.0.0 OK: QUEUED AS 7B2F41C0E3", "7B2F41C0E3" },

  { "empty", "", NULL },
  { "ok", "OK", NULL },
  { "status-alone", "2.0.0 Ok", NULL },
  { "hmailserver", "Queued (10.969 seconds)", NULL },
  { "status-accepted", "2.0.0 Message accepted for delivery", NULL },
  { "accepted", "Message accepted for delivery", NULL },
  { "long-status", "2.10.100 Message accepted for delivery", NULL },
  { "mailenable", "Requested mail action okay, completed", NULL },
  { "yahoo", "ok dirdel", NULL },
  { "mailgun", "Great success", NULL },
  { "queued-as-nothing", "2.0.0 Ok: queued as ", NULL },
  { "queued-as-end", "2.0.0 Ok: queued as", NULL },
  { "queued-as-lines", "2.0.0 Ok: queued as \nnext", NULL },
  { "gsmtp-alone", "- gsmtp", NULL },
  { "gsmtp-first", " - gsmtp", NULL },
  { "id-empty", "OK id=", NULL },
  { "haraka-empty", "Message Queued ()", NULL },
  { "internal-empty", "2.6.0 <a@b> [InternalId=, Hostname=x] Queued", NULL },
  { "other-line", "abc\nMessage accepted for delivery", NULL },
};

static void
test_reply (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autofree char *id = smtp_find_queue_id (replies[i].text);

  g_assert_cmpstr (id, ==, replies[i].id);
}

/* Whatever is cut off, nothing is read beyond the text, and an identifier is a
 * single word of it. */
static void
test_cut (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      for (gsize n = 0; replies[i].text[n] != '\0'; n++)
        {
          g_autofree char *head = g_strndup (replies[i].text, n);
          g_autofree char *found = smtp_find_queue_id (head);
          g_autofree char *found_tail = smtp_find_queue_id (replies[i].text + n);

          g_assert_true (found == NULL || (*found != '\0' && strpbrk (found, " \n") == NULL));
          g_assert_true (found_tail == NULL || (*found_tail != '\0' && strpbrk (found_tail, " \n") == NULL));
        }
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      g_autofree char *path = g_strconcat ("/queue-id/", replies[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_reply);
    }
  g_test_add_func ("/queue-id/cut", test_cut);

  return g_test_run ();
}
