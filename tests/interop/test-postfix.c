/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Against Postfix and Cyrus SASL: what the library sends is what arrives. */

#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "postfix-session.h"

#define TIMEOUT_SECONDS 30

#define SENDER "sender@elsewhere.example"
#define HEADER "From: <" SENDER ">\r\nSubject: test\r\n\r\n"

static Postfix *postfix;

/* ---- mail that arrives ---------------------------------------------------- */

static const char *
skip_line (const char *text)
{
  const char *end = strchr (text, '\n');

  return end != NULL ? end + 1 : text + strlen (text);
}

/* Goes past the fields that Postfix prepends. */
static const char *
skip_trace (const char *text)
{
  static const char * const names[] = { "Return-Path:", "X-Original-To:", "Delivered-To:", "Received:" };
  guint i;

  do
    {
      for (i = 0; i < G_N_ELEMENTS (names) && !g_str_has_prefix (text, names[i]); i++)
        ;
      if (i < G_N_ELEMENTS (names))
        text = skip_line (text);
      while (i < G_N_ELEMENTS (names) && (*text == ' ' || *text == '\t'))
        text = skip_line (text);
    }
  while (i < G_N_ELEMENTS (names));

  return text;
}

/* What of a content lies in a mailbox: its lines, each with an end. */
static GString *
localize (const char *content)
{
  GString *text = g_string_new (NULL);

  for (const char *p = content; *p != '\0'; p++)
    if (!g_str_has_prefix (p, "\r\n"))
      g_string_append_c (text, *p);
  if (text->len > 0 && text->str[text->len - 1] != '\n')
    g_string_append_c (text, '\n');

  return text;
}

static void
expect_delivered (const char *content)
{
  g_autofree char *path = postfix_wait_for_mail (postfix);
  g_autofree char *text = NULL;
  g_autoptr (GString) expected = localize (content);
  g_autoptr (GError) error = NULL;
  const char *mail;
  gsize length;

  g_assert_nonnull (path);
  g_file_get_contents (path, &text, &length, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_true (g_str_has_prefix (text, "Return-Path: <" SENDER ">\n"));
  mail = skip_trace (text);
  g_assert_cmpmem (mail, length - (mail - text), expected->str, expected->len);
}

/* ---- the client ----------------------------------------------------------- */

static void
trust_postfix (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsDatabase) database = g_tls_file_database_new (postfix->certificate, &error);

  g_assert_no_error (error);
  smtp_client_set_tls_database (f->client, database);
}

static void
prepare_client (Fixture *f)
{
  f->client = smtp_client_new ("127.0.0.1", postfix->port, SMTP_SECURITY_STARTTLS);
  smtp_client_set_timeout (f->client, TIMEOUT_SECONDS);
  trust_postfix (f);
}

static void
open_postfix (Fixture *f)
{
  prepare_client (f);
  x_open (f);
  g_assert_no_error (f->error);
  g_assert_nonnull (smtp_client_get_tls_connection (f->client));
}

static void
quit (Fixture *f)
{
  x_quit (f);
  g_assert_no_error (f->error);
  expect_state (f, SMTP_CLIENT_STATE_CLOSED);
}

static SmtpAuth *
new_plain (const char *password)
{
  return smtp_plain_auth_new (NULL, POSTFIX_USER, password, "127.0.0.1");
}

static void
sign_in (Fixture  *f,
         SmtpAuth *auth)
{
  g_autoptr (SmtpAuth) owned = auth;

  x_authenticate (f, owned);
  g_assert_no_error (f->error);
  g_assert_true (smtp_client_get_authenticated (f->client));
}

static void
begin (Fixture    *f,
       const char *recipient)
{
  x_mail (f, SENDER, NULL);
  g_assert_no_error (f->error);
  x_rcpt (f, recipient, NULL);
  g_assert_no_error (f->error);
}

static void
send_content (Fixture    *f,
              const char *content)
{
  g_autoptr (GOutputStream) stream = x_data (f);

  g_assert_no_error (f->error);
  x_write (f, stream, content, strlen (content));
  g_assert_no_error (f->error);
  x_close (f, stream);
  g_assert_no_error (f->error);
  expect_state (f, SMTP_CLIENT_STATE_READY);
}

static void
send_and_compare (Fixture    *f,
                  const char *content)
{
  begin (f, POSTFIX_MAILBOX);
  send_content (f, content);
  expect_delivered (content);
}

static void
deliver (Fixture    *f,
         const char *content)
{
  open_postfix (f);
  send_and_compare (f, content);
  quit (f);
}

/* ---- scenarios ------------------------------------------------------------ */

static void
test_capabilities (Fixture *f)
{
  static const char * const expected[] = { "PIPELINING", "8BITMIME", "DSN", "SMTPUTF8", "ENHANCEDSTATUSCODES" };
  SmtpCapabilities *capabilities;

  open_postfix (f);
  capabilities = smtp_client_get_capabilities (f->client);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_true (smtp_capabilities_has (capabilities, expected[i]));
  g_assert_cmpuint (smtp_capabilities_get_size (capabilities), ==, POSTFIX_MAX_SIZE);
  g_assert_true (smtp_capabilities_has (capabilities, "AUTH"));
  g_assert_false (smtp_capabilities_has (capabilities, "STARTTLS"));
  quit (f);
}

/* In clear text Postfix does not offer AUTH here. */
static void
test_start_tls (Fixture *f)
{
  f->client = smtp_client_new ("127.0.0.1", postfix->port, SMTP_SECURITY_NONE);
  trust_postfix (f);
  x_open (f);
  g_assert_no_error (f->error);
  g_assert_false (smtp_client_get_extension (f->client, "AUTH", NULL));
  x_start_tls (f);
  g_assert_no_error (f->error);
  g_assert_true (smtp_client_get_extension (f->client, "AUTH", NULL));
  quit (f);
}

static void
test_unknown_authority (Fixture *f)
{
  f->client = smtp_client_new ("127.0.0.1", postfix->port, SMTP_SECURITY_STARTTLS);
  x_open (f);
  expect_error (f, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, NULL);
}

static void
deliver_as (Fixture  *f,
            SmtpAuth *auth)
{
  open_postfix (f);
  sign_in (f, auth);
  send_and_compare (f, HEADER "signed in\r\n");
  quit (f);
}

static void
test_plain (Fixture *f)
{
  deliver_as (f, new_plain (POSTFIX_PASSWORD));
}

static void
test_login (Fixture *f)
{
  deliver_as (f, smtp_login_auth_new (POSTFIX_USER, POSTFIX_PASSWORD, "127.0.0.1"));
}

static void
test_cram_md5 (Fixture *f)
{
  deliver_as (f, smtp_cram_md5_auth_new (POSTFIX_USER, POSTFIX_PASSWORD));
}

static void
refuse_password (Fixture  *f,
                 SmtpAuth *auth)
{
  g_autoptr (SmtpAuth) owned = auth;

  x_authenticate (f, owned);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535");
  g_assert_false (smtp_client_get_authenticated (f->client));
}

static void
test_wrong_password (Fixture *f)
{
  open_postfix (f);
  smtp_client_set_stay_open_after_refusal (f->client, TRUE);
  refuse_password (f, new_plain ("wrong"));
  refuse_password (f, smtp_login_auth_new (POSTFIX_USER, "wrong", "127.0.0.1"));
  refuse_password (f, smtp_cram_md5_auth_new (POSTFIX_USER, "wrong"));
  sign_in (f, new_plain (POSTFIX_PASSWORD));
  quit (f);
}

static void
test_dots (Fixture *f)
{
  deliver (f, HEADER ".\r\n..\r\n...\r\n.a\r\na.\r\n\r\n.\r\n\r\n. .\r\n.");
}

static void
test_eight_bit (Fixture *f)
{
  deliver (f, "From: <" SENDER ">\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Transfer-Encoding: 8bit\r\n\r\nZażółć gęślą jaźń\r\n\xff\xfe\x80 \x01\x7f\r\n");
}

static void
test_no_final_newline (Fixture *f)
{
  deliver (f, HEADER "the end");
}

static void
test_empty_lines (Fixture *f)
{
  deliver (f, HEADER "\r\n\r\n   \r\n\t\r\ntrailing \t\r\n\r\n\r\n");
}

static void
test_long_lines (Fixture *f)
{
  g_autofree char *line = g_strnfill (998, '.');
  g_autofree char *content = g_strdup_printf (HEADER "%s\r\n%s\r\n", line, line);

  deliver (f, content);
}

static void
test_long_body (Fixture *f)
{
  GString *text = g_string_new (HEADER);
  g_autofree char *content = NULL;

  for (guint i = 0; text->len < 2 * 1024 * 1024; i++)
    g_string_append_printf (text, "%s%u %*s\r\n", i % 3 == 0 ? "." : "", i, (int) (i % 79), "é");
  content = g_string_free (text, FALSE);
  deliver (f, content);
}

static void
test_several_messages (Fixture *f)
{
  open_postfix (f);
  send_and_compare (f, HEADER "one\r\n");
  send_and_compare (f, HEADER ".two");
  begin (f, POSTFIX_MAILBOX);
  x_reset (f);
  g_assert_no_error (f->error);
  send_and_compare (f, HEADER "three\r\n");
  quit (f);
}

static void
test_refused_recipient (Fixture *f)
{
  open_postfix (f);
  begin (f, POSTFIX_MAILBOX);
  x_rcpt (f, "nobody@" POSTFIX_DOMAIN, NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "550 5.1.1");
  expect_state (f, SMTP_CLIENT_STATE_RCPT);
  send_content (f, HEADER "for one of two\r\n");
  expect_delivered (HEADER "for one of two\r\n");
  quit (f);
}

static void
test_all_recipients_refused (Fixture *f)
{
  open_postfix (f);
  x_mail (f, SENDER, NULL);
  g_assert_no_error (f->error);
  x_rcpt (f, "nobody@" POSTFIX_DOMAIN, NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "550 5.1.1");
  expect_state (f, SMTP_CLIENT_STATE_MAIL);
  x_reset (f);
  g_assert_no_error (f->error);
  send_and_compare (f, HEADER "after a refusal\r\n");
  quit (f);
}

static void
test_relay_refused (Fixture *f)
{
  open_postfix (f);
  x_mail (f, SENDER, NULL);
  g_assert_no_error (f->error);
  x_rcpt (f, "recipient@elsewhere.example", NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "554 5.7.1");
  quit (f);
}

static void
test_relay_signed_in (Fixture *f)
{
  open_postfix (f);
  sign_in (f, smtp_cram_md5_auth_new (POSTFIX_USER, POSTFIX_PASSWORD));
  begin (f, "recipient@elsewhere.example");
  send_content (f, HEADER "relayed\r\n");
  quit (f);
}

static void
test_too_large (Fixture *f)
{
  g_autofree char *size = g_strdup_printf ("SIZE=%u", POSTFIX_MAX_SIZE + 1);
  const char *params[] = { size, NULL };

  open_postfix (f);
  x_mail (f, SENDER, params);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "552 5.3.4");
  expect_state (f, SMTP_CLIENT_STATE_READY);
  quit (f);
}

/* ---- messages as a whole --------------------------------------------------- */

static SmtpMessage *
new_message (const char *content)
{
  g_autoptr (GBytes) bytes = g_bytes_new (content, strlen (content));
  SmtpMessage *message = smtp_message_new (SENDER);

  smtp_message_add_recipient (message, POSTFIX_MAILBOX);
  smtp_message_set_content_bytes (message, bytes);
  return message;
}

static void
expect_outcome (SmtpMessage *message,
                SmtpOutcome  outcome)
{
  g_assert_cmpint (smtp_message_get_outcome (message), ==, outcome);
}

/* The queue id is the one that Postfix writes into the message. */
static void
expect_queue_id (SmtpMessage *message)
{
  g_autofree char *path = postfix_wait_for_mail (postfix);
  g_autofree char *text = NULL;
  g_autofree char *id = g_strdup_printf (" id %s;", smtp_message_get_queue_id (message));
  g_autofree char *other = g_strdup_printf (" id %s\n", smtp_message_get_queue_id (message));

  g_assert_nonnull (path);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_true (strstr (text, id) != NULL || strstr (text, other) != NULL);
}

static void
send_message (Fixture     *f,
              SmtpMessage *message,
              SmtpOutcome  outcome)
{
  x_send (f, message);
  if (outcome == SMTP_OUTCOME_ACCEPTED || outcome == SMTP_OUTCOME_PARTIAL)
    g_assert_no_error (f->error);
  expect_outcome (message, outcome);
  expect_state (f, SMTP_CLIENT_STATE_READY);
}

/* In one chunk and in one write with the envelope. */
static void
test_send (Fixture *f)
{
  static const char * const contents[] = {
    HEADER "one\r\n", HEADER ".\r\n..\r\n.dots\r\n", HEADER "no end", HEADER "za\305\274\303\263\305\202\304\207\r\n",
  };

  open_postfix (f);
  for (guint i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autoptr (SmtpMessage) message = new_message (contents[i]);

      send_message (f, message, SMTP_OUTCOME_ACCEPTED);
      expect_queue_id (message);
      expect_delivered (contents[i]);
    }
  quit (f);
}

/* Its line ends are not known before it is read: by DATA. */
static void
test_send_stream (Fixture *f)
{
  g_autoptr (GString) lf = g_string_new ("From: <" SENDER ">\nSubject: test\n\n");
  g_autoptr (GString) crlf = g_string_new (HEADER);
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (SmtpMessage) message = new_message ("");

  for (guint i = 0; lf->len < 3 * 1024 * 1024; i++)
    {
      g_string_append_printf (lf, "%s%u of many lines\n", i % 3 == 0 ? "." : "", i);
      g_string_append_printf (crlf, "%s%u of many lines\r\n", i % 3 == 0 ? "." : "", i);
    }
  stream = g_memory_input_stream_new_from_data (lf->str, (gssize) lf->len, NULL);
  smtp_message_set_content_stream (message, stream, -1);
  open_postfix (f);
  send_message (f, message, SMTP_OUTCOME_ACCEPTED);
  expect_delivered (crlf->str);
  quit (f);
}

static void
check_refused (Fixture        *f,
               SmtpRecipients  policy)
{
  g_autoptr (SmtpMessage) message = new_message (HEADER "for one of three\r\n");
  SmtpRecipient *nobody = smtp_message_add_recipient (message, "nobody@" POSTFIX_DOMAIN);
  gboolean any = policy == SMTP_RECIPIENTS_ANY;

  smtp_message_set_recipient_policy (message, policy);
  open_postfix (f);
  send_message (f, message, any ? SMTP_OUTCOME_PARTIAL : SMTP_OUTCOME_REJECTED);
  g_assert_false (smtp_recipient_get_accepted (nobody));
  g_assert_cmpuint (smtp_reply_get_code (smtp_recipient_get_reply (nobody)), ==, 550);
  if (any)
    expect_delivered (HEADER "for one of three\r\n");
  else
    expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "550 5.1.1");
  send_and_compare (f, HEADER "and the next\r\n");
  quit (f);
}

static void
test_send_to_any (Fixture *f)
{
  check_refused (f, SMTP_RECIPIENTS_ANY);
}

static void
test_send_to_all (Fixture *f)
{
  check_refused (f, SMTP_RECIPIENTS_ALL);
}

/* Content that went behind refused recipients is nobody's. */
static void
test_send_to_nobody (Fixture *f)
{
  g_autoptr (SmtpMessage) message = smtp_message_new (SENDER);
  g_autoptr (GBytes) content = g_bytes_new_static (HEADER, strlen (HEADER));

  smtp_message_add_recipient (message, "nobody@" POSTFIX_DOMAIN);
  smtp_message_set_content_bytes (message, content);
  open_postfix (f);
  send_message (f, message, SMTP_OUTCOME_REJECTED);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "550 5.1.1");
  send_and_compare (f, HEADER "the next\r\n");
  quit (f);
}

static void
test_send_parameters (Fixture *f)
{
  g_autoptr (SmtpMessage) message = new_message (HEADER "with parameters\r\n");
  g_autoptr (SmtpRecipient) recipient = g_list_model_get_item (smtp_message_get_recipients (message), 0);

  smtp_message_set_envelope_id (message, "id +with=signs");
  smtp_message_set_dsn_return (message, SMTP_DSN_RETURN_HEADERS);
  smtp_recipient_set_dsn_notify (recipient, SMTP_DSN_NOTIFY_FAILURE | SMTP_DSN_NOTIFY_DELAY);
  smtp_recipient_set_original_recipient (recipient, "rfc822;first+one@elsewhere.example");
  open_postfix (f);
  send_message (f, message, SMTP_OUTCOME_ACCEPTED);
  expect_delivered (HEADER "with parameters\r\n");
  smtp_message_set_priority (message, 3);
  send_message (f, message, SMTP_OUTCOME_NOT_SENT);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED, "MT-PRIORITY");
  quit (f);
}

static void
test_send_utf8 (Fixture *f)
{
  g_autoptr (SmtpMessage) message = smtp_message_new ("gr\303\274\303\237e@elsewhere.example");
  g_autoptr (GBytes) content = g_bytes_new_static (HEADER, strlen (HEADER));
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;

  smtp_message_add_recipient (message, POSTFIX_MAILBOX);
  smtp_message_set_content_bytes (message, content);
  open_postfix (f);
  send_message (f, message, SMTP_OUTCOME_ACCEPTED);
  path = postfix_wait_for_mail (postfix);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_true (g_str_has_prefix (text, "Return-Path: <gr\303\274\303\237e@elsewhere.example>\n"));
  quit (f);
}

static void
test_send_too_large (Fixture *f)
{
  g_autofree char *content = g_strnfill (POSTFIX_MAX_SIZE + 1, 'x');
  g_autoptr (SmtpMessage) message = new_message (content);

  smtp_message_set_allow_long_lines (message, TRUE);
  open_postfix (f);
  send_message (f, message, SMTP_OUTCOME_NOT_SENT);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED, NULL);
  quit (f);
}

static void
on_queued_sent (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  guint *left = user_data;
  g_autoptr (GError) error = NULL;

  smtp_client_send_finish (SMTP_CLIENT (source), result, &error);
  g_assert_no_error (error);
  --*left;
}

/* Ten at once; only the asynchronous call queues. */
static void
check_queue (Fixture *f)
{
  guint left = 10;

  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (SmtpMessage) message = new_message (HEADER "one of ten\r\n");

      if (f->async)
        smtp_client_send_async (f->client, message, NULL, on_queued_sent, &left);
      else
        send_message (f, message, SMTP_OUTCOME_ACCEPTED);
    }
  while (f->async && left > 0)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < 10; i++)
    expect_delivered (HEADER "one of ten\r\n");
  g_assert_null (postfix_find_mail (postfix));
  quit (f);
}

static void
test_send_queue (Fixture *f)
{
  open_postfix (f);
  check_queue (f);
}

static void
test_send_pipeline (Fixture *f)
{
  open_postfix (f);
  smtp_client_set_pipeline_messages (f->client, TRUE);
  check_queue (f);
}

static void
test_send_window (Fixture *f)
{
  open_postfix (f);
  smtp_client_set_window (f->client, 4);
  check_queue (f);
}

static void
add_scenarios (Postfix *started)
{
  postfix = started;
  add_scenario ("/interop/postfix/capabilities", test_capabilities);
  add_scenario ("/interop/postfix/start-tls", test_start_tls);
  add_scenario ("/interop/postfix/unknown-authority", test_unknown_authority);
  add_scenario ("/interop/postfix/plain", test_plain);
  add_scenario ("/interop/postfix/login", test_login);
  add_scenario ("/interop/postfix/cram-md5", test_cram_md5);
  add_scenario ("/interop/postfix/wrong-password", test_wrong_password);
  add_scenario ("/interop/postfix/dots", test_dots);
  add_scenario ("/interop/postfix/eight-bit", test_eight_bit);
  add_scenario ("/interop/postfix/no-final-newline", test_no_final_newline);
  add_scenario ("/interop/postfix/empty-lines", test_empty_lines);
  add_scenario ("/interop/postfix/long-lines", test_long_lines);
  add_scenario ("/interop/postfix/long-body", test_long_body);
  add_scenario ("/interop/postfix/several-messages", test_several_messages);
  add_scenario ("/interop/postfix/refused-recipient", test_refused_recipient);
  add_scenario ("/interop/postfix/all-recipients-refused", test_all_recipients_refused);
  add_scenario ("/interop/postfix/relay-refused", test_relay_refused);
  add_scenario ("/interop/postfix/relay-signed-in", test_relay_signed_in);
  add_scenario ("/interop/postfix/too-large", test_too_large);
  add_scenario ("/interop/postfix/send", test_send);
  add_scenario ("/interop/postfix/send-stream", test_send_stream);
  add_scenario ("/interop/postfix/send-to-any", test_send_to_any);
  add_scenario ("/interop/postfix/send-to-all", test_send_to_all);
  add_scenario ("/interop/postfix/send-to-nobody", test_send_to_nobody);
  add_scenario ("/interop/postfix/send-parameters", test_send_parameters);
  add_scenario ("/interop/postfix/send-utf8", test_send_utf8);
  add_scenario ("/interop/postfix/send-too-large", test_send_too_large);
  add_scenario ("/interop/postfix/send-queue", test_send_queue);
  add_scenario ("/interop/postfix/send-pipeline", test_send_pipeline);
  add_scenario ("/interop/postfix/send-window", test_send_window);
}

int
main (int    argc,
      char **argv)
{
  return run_with_postfix (argc, argv, "/interop/postfix", add_scenarios);
}
