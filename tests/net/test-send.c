/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages as a whole, by smtp_client_send(). */

#include <string.h>

#include "fixture.h"

/* The first and a second on the same connection, and the round trips of it. */
static void
check_round_trips (Fixture            *f,
                   const char * const *extensions,
                   guint               recipients,
                   guint               expected)
{
  g_autoptr (SmtpMessage) message = make_message (recipients, CONTENT);

  open_offering (f, extensions);
  for (guint i = 0; i < 2; i++)
    {
      guint before = smtp_test_server_get_round_trips (f->server);

      g_assert_true (x_send (f, message));
      g_assert_no_error (f->error);
      g_assert_cmpint (smtp_message_get_outcome (message), ==, SMTP_OUTCOME_ACCEPTED);
      g_assert_nonnull (smtp_message_get_queue_id (message));
      g_assert_cmpuint (smtp_message_get_bytes_sent (message), ==, strlen (CONTENT));
      g_assert_cmpuint (smtp_test_server_get_round_trips (f->server) - before, ==, expected);
      expect_content (f, i, CONTENT);
    }
}

static void
test_chunking (Fixture *f)
{
  check_round_trips (f, offer_chunking, 10, 1);
}

static void
test_pipelining (Fixture *f)
{
  check_round_trips (f, offer_pipelining, 10, 2);
}

static void
test_nothing (Fixture *f)
{
  check_round_trips (f, offer_nothing, 1, 4);
}

/* One recipient of three is refused. */
static void
check_refused (Fixture            *f,
               const char * const *extensions,
               SmtpRecipients      policy)
{
  g_autoptr (SmtpMessage) message = make_message (3, CONTENT);
  gboolean any = policy == SMTP_RECIPIENTS_ANY;

  smtp_message_set_recipient_policy (message, policy);
  smtp_test_server_script_reply_text (f->server, "RCPT", "550 5.1.1 no such user\r\n");
  open_offering (f, extensions);
  g_assert_cmpint (x_send (f, message), ==, any);
  if (any)
    g_assert_no_error (f->error);
  else
    expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "no such user");
  g_assert_cmpint (smtp_message_get_outcome (message), ==, any ? SMTP_OUTCOME_PARTIAL : SMTP_OUTCOME_REJECTED);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, any);
  expect_state (f, SMTP_CLIENT_STATE_READY);
}

static void
test_any_bdat (Fixture *f)
{
  check_refused (f, offer_chunking, SMTP_RECIPIENTS_ANY);
}

static void
test_any_data (Fixture *f)
{
  check_refused (f, offer_pipelining, SMTP_RECIPIENTS_ANY);
}

static void
test_all_bdat (Fixture *f)
{
  check_refused (f, offer_chunking, SMTP_RECIPIENTS_ALL);
}

static void
test_all_data (Fixture *f)
{
  check_refused (f, offer_pipelining, SMTP_RECIPIENTS_ALL);
}

/* Larger than what is read beforehand. */
static void
check_stream (Fixture            *f,
              const char * const *extensions)
{
  g_autoptr (SmtpMessage) message = make_message (1, CONTENT);
  g_autoptr (GString) text = g_string_new ("Subject: long\r\n\r\n");
  g_autoptr (GInputStream) stream = NULL;

  while (text->len < 3 * 1024 * 1024)
    g_string_append (text, "A line of some length, and a dot:\r\n.\r\n");
  stream = g_memory_input_stream_new_from_data (text->str, (gssize) text->len, NULL);
  smtp_message_set_content_stream (message, stream, (gint64) text->len);
  smtp_message_set_content_is_canonical (message, TRUE);
  open_offering (f, extensions);
  g_assert_true (x_send (f, message));
  g_assert_no_error (f->error);
  expect_content (f, 0, text->str);
}

static void
test_stream_bdat (Fixture *f)
{
  check_stream (f, offer_chunking);
}

static void
test_stream_data (Fixture *f)
{
  check_stream (f, offer_pipelining);
}

static void
test_not_offered (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (1, CONTENT);

  smtp_message_set_envelope_id (message, "x");
  open_offering (f, offer_nothing);
  g_assert_false (x_send (f, message));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED, "DSN");
  g_assert_cmpint (smtp_message_get_outcome (message), ==, SMTP_OUTCOME_NOT_SENT);
  expect_state (f, SMTP_CLIENT_STATE_READY);
}

static void
test_unknown (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (1, CONTENT);

  smtp_test_server_script_drop (f->server, ".", 0, TRUE);
  open_offering (f, offer_pipelining);
  g_assert_false (x_send (f, message));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN, NULL);
  g_assert_cmpint (smtp_message_get_outcome (message), ==, SMTP_OUTCOME_UNKNOWN);
}

/* What became of a message is about its last send, also when that never
 * began. */
static void
test_again_on_closed (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (1, CONTENT);

  open_offering (f, offer_chunking);
  g_assert_true (x_send (f, message));
  smtp_client_close (f->client);
  g_assert_false (x_send (f, message));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN, NULL);
  g_assert_cmpint (smtp_message_get_outcome (message), ==, SMTP_OUTCOME_NOT_SENT);
  g_assert_null (smtp_message_get_queue_id (message));
  g_assert_null (smtp_message_get_reply (message));
}

static void
on_progress (SmtpMessage *message,
             GParamSpec  *pspec,
             gpointer     user_data)
{
  guint *notified = user_data;

  ++*notified;
}

/* While it is under way and not only at the end, in both forms. */
static void
test_progress (Fixture *f)
{
  g_autofree char *line = g_strnfill (70, 'x');
  g_autoptr (GString) text = g_string_new ("Subject: long\r\n\r\n");
  g_autoptr (SmtpMessage) message = NULL;
  guint notified = 0;

  while (text->len < 4 * 1024 * 1024)
    g_string_append_printf (text, "%s\r\n", line);
  message = make_message (1, text->str);
  g_signal_connect (message, "notify::bytes-sent", G_CALLBACK (on_progress), &notified);
  open_offering (f, offer_chunking);
  g_assert_true (x_send (f, message));
  g_assert_no_error (f->error);
  g_assert_cmpuint (notified, >, 4);
  g_assert_cmpuint (smtp_message_get_bytes_sent (message), ==, text->len);
}

/* To change it would not change who the message is sent to. */
static void
test_list (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (2, CONTENT);
  GListModel *recipients = smtp_message_get_recipients (message);
  g_autoptr (SmtpRecipient) last = NULL;

  g_assert_false (G_IS_LIST_STORE (recipients));
  smtp_message_add_recipient (message, "third@example.net");
  g_assert_cmpuint (g_list_model_get_n_items (recipients), ==, 3);
  last = g_list_model_get_item (recipients, 2);
  g_assert_cmpstr (smtp_recipient_get_address (last), ==, "third@example.net");
  g_assert_null (g_list_model_get_item (recipients, 3));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_scenario ("/send/chunking", test_chunking);
  add_scenario ("/send/pipelining", test_pipelining);
  add_scenario ("/send/nothing", test_nothing);
  add_scenario ("/send/any-bdat", test_any_bdat);
  add_scenario ("/send/any-data", test_any_data);
  add_scenario ("/send/all-bdat", test_all_bdat);
  add_scenario ("/send/all-data", test_all_data);
  add_scenario ("/send/stream-bdat", test_stream_bdat);
  add_scenario ("/send/stream-data", test_stream_data);
  add_scenario ("/send/not-offered", test_not_offered);
  add_scenario ("/send/unknown", test_unknown);
  add_scenario ("/send/again-on-closed", test_again_on_closed);
  add_scenario ("/send/progress", test_progress);
  add_scenario ("/send/list", test_list);
  return g_test_run ();
}
