/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a session is made of, but for TLS, AUTH and content. */

#include "fixture.h"

#include <string.h>

static void
test_greeting_and_ehlo (Fixture *f)
{
  const char *extensions[] = { "PIPELINING", "SIZE 1000000", "8bitmime", "LIMITS RCPTMAX=5 MAILMAX=2", "X-OWN a b", NULL };
  g_auto (GStrv) names = NULL;
  SmtpCapabilities *capabilities;
  const char *params;
  guint mail_max, rcpt_max, domain_max;

  g_object_set (f->server, "extensions", extensions, NULL);
  start_server (f);
  new_client (f, SMTP_SECURITY_OPPORTUNISTIC);
  expect_state (f, SMTP_CLIENT_STATE_NEW);
  g_assert_null (smtp_client_get_last_reply (f->client));
  x_open (f);
  g_assert_no_error (f->error);
  expect_state (f, SMTP_CLIENT_STATE_READY);

  capabilities = smtp_client_get_capabilities (f->client);
  g_assert_cmpuint (smtp_capabilities_get_size (capabilities), ==, 1000000);
  g_assert_true (smtp_capabilities_has (capabilities, "pipelining"));
  g_assert_true (smtp_capabilities_has (capabilities, "8BITMIME"));
  g_assert_false (smtp_capabilities_has (capabilities, "CHUNKING"));
  g_assert_true (smtp_capabilities_get_limits (capabilities, &mail_max, &rcpt_max, &domain_max));
  g_assert_cmpuint (mail_max, ==, 2);
  g_assert_cmpuint (rcpt_max, ==, 5);
  g_assert_cmpuint (domain_max, ==, 0);
  g_assert_true (smtp_client_get_extension (f->client, "x-own", &params));
  g_assert_cmpstr (params, ==, "a b");
  g_assert_false (smtp_client_get_extension (f->client, "AUTH", &params));
  g_assert_null (params);
  names = smtp_capabilities_list (capabilities);
  g_assert_cmpstr (names[0], ==, "PIPELINING");
  g_assert_cmpstr (names[2], ==, "8BITMIME");
  g_assert_cmpuint (smtp_reply_get_code (smtp_client_get_last_reply (f->client)), ==, 250);
  g_assert_cmpuint (count_commands (f, "EHLO [127.0.0.1]"), ==, 1);
}

static void
test_local_name (Fixture *f)
{
  start_server (f);
  new_client (f, SMTP_SECURITY_NONE);
  smtp_client_set_local_name (f->client, "client.example");
  x_open (f);
  g_assert_no_error (f->error);
  g_assert_cmpuint (count_commands (f, "EHLO client.example"), ==, 1);
}

static void
test_bad_local_name (Fixture *f)
{
  start_server (f);
  new_client (f, SMTP_SECURITY_NONE);
  smtp_client_set_local_name (f->client, "my_machine");
  x_open (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, "my_machine");
  g_assert_cmpuint (smtp_test_server_get_session_count (f->server), ==, 0);
}

/* Instead of open(), and once more before anything else. */
static void
test_hello (Fixture *f)
{
  start_server (f);
  new_client (f, SMTP_SECURITY_NONE);
  x_hello (f, "one.example");
  g_assert_no_error (f->error);
  x_hello (f, "two.example");
  g_assert_no_error (f->error);
  g_assert_cmpstr (smtp_client_get_local_name (f->client), ==, "two.example");
  x_noop (f);
  g_assert_no_error (f->error);
  x_hello (f, "three.example");
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE, NULL);
  g_assert_cmpuint (count_commands (f, "EHLO"), ==, 2);
  x_noop (f);
  g_assert_no_error (f->error);
}

static void
test_helo (Fixture *f)
{
  g_object_set (f->server, "ehlo-allowed", FALSE, NULL);
  open_client (f);
  g_assert_cmpuint (count_commands (f, "EHLO"), ==, 1);
  g_assert_cmpuint (count_commands (f, "HELO"), ==, 1);
  g_assert_false (smtp_capabilities_has (smtp_client_get_capabilities (f->client), "SIZE"));

  /* No extension, no parameter. */
  x_mail (f, "sender@example.org", NULL);
  g_assert_no_error (f->error);
  g_assert_cmpuint (count_commands (f, "MAIL FROM:<sender@example.org>"), ==, 1);
  g_assert_cmpuint (count_commands (f, "MAIL FROM:<sender@example.org> "), ==, 0);
}

static void
refuse_greeting (Fixture        *f,
                 const char     *greeting,
                 SmtpClientError code)
{
  g_object_set (f->server, "greeting", greeting, NULL);
  start_server (f);
  new_client (f, SMTP_SECURITY_NONE);
  x_open (f);
  expect_error (f, SMTP_CLIENT_ERROR, code, "127.0.0.1");
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
  x_noop (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN, "127.0.0.1");
}

static void
test_greeting_554 (Fixture *f)
{
  refuse_greeting (f, "554 5.7.1 go away", SMTP_CLIENT_ERROR_REFUSED_PERMANENT);
}

static void
test_greeting_421 (Fixture *f)
{
  refuse_greeting (f, "421 4.3.2 not now", SMTP_CLIENT_ERROR_SERVICE_CLOSED);
}

static void
test_greeting_http (Fixture *f)
{
  refuse_greeting (f, "HTTP/1.1 400 Bad Request", SMTP_CLIENT_ERROR_PROTOCOL);
}

static void
test_ehlo_refused (Fixture *f)
{
  smtp_test_server_script_reply_text (f->server, "EHLO", "554 5.7.1 not you");
  start_server (f);
  new_client (f, SMTP_SECURITY_NONE);
  x_open (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "554 5.7.1 not you");
  g_assert_cmpuint (count_commands (f, "HELO"), ==, 0);
}

static void
test_lookups (Fixture *f)
{
  g_autoptr (SmtpReply) verified = NULL;
  g_autoptr (SmtpReply) expanded = NULL;
  g_autoptr (SmtpReply) help = NULL;
  g_autoptr (SmtpReply) topic = NULL;

  open_client (f);
  verified = x_verify (f, "somebody");
  g_assert_no_error (f->error);
  g_assert_cmpuint (smtp_reply_get_code (verified), ==, 252);
  expanded = x_expand (f, "staff");
  g_assert_no_error (f->error);
  g_assert_cmpuint (g_strv_length ((char **) smtp_reply_get_lines (expanded)), ==, 2);
  help = x_help (f, NULL);
  g_assert_no_error (f->error);
  g_assert_cmpuint (smtp_reply_get_code (help), ==, 214);
  topic = x_help (f, "MAIL");
  g_assert_no_error (f->error);
  g_assert_cmpuint (count_commands (f, "VRFY somebody"), ==, 1);
  g_assert_cmpuint (count_commands (f, "EXPN staff"), ==, 1);
  g_assert_cmpuint (count_commands (f, "HELP MAIL"), ==, 1);

  smtp_test_server_script_reply_text (f->server, "VRFY", "550 5.1.1 nobody");
  g_assert_null (x_verify (f, "nobody"));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "nobody");
  g_assert_cmpstr (smtp_reply_get_enhanced_code (smtp_client_get_last_reply (f->client)), ==, "5.1.1");
  x_quit (f);
  g_assert_no_error (f->error);
}

static void
test_command (Fixture *f)
{
  static const char * const refused[] = {
    "EHLO x", "helo x", "LHLO x", "STARTTLS", "AUTH PLAIN", "MAIL FROM:<a@b.example>", "RCPT TO:<a@b.example>",
    "DATA", "BDAT 1", "RSET", "Quit", "", "NOOP\r\nQUIT", "NOOP\nQUIT", " QUIT",
  };
  g_autoptr (SmtpReply) reply = NULL;
  g_autoptr (SmtpReply) unknown = NULL;
  guint64 before;

  open_client (f);
  smtp_test_server_script_reply_text (f->server, "XOWN", "299 own");
  reply = x_command (f, "XOWN with an argument");
  g_assert_no_error (f->error);
  g_assert_cmpuint (smtp_reply_get_code (reply), ==, 299);
  g_assert_cmpuint (count_commands (f, "XOWN with an argument"), ==, 1);

  /* A refusal is a reply like any other here. */
  unknown = x_command (f, "XUNKNOWN");
  g_assert_no_error (f->error);
  g_assert_cmpuint (smtp_reply_get_code (unknown), ==, 500);

  before = smtp_test_server_get_bytes_received (f->server);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_assert_null (x_command (f, refused[i]));
      expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, NULL);
    }
  x_noop (f);
  g_assert_no_error (f->error);
  g_assert_cmpuint (smtp_test_server_get_bytes_received (f->server), ==, before + strlen ("NOOP\r\n"));
}

static void
test_reset (Fixture *f)
{
  open_client (f);
  begin_message (f);
  expect_state (f, SMTP_CLIENT_STATE_RCPT);
  x_reset (f);
  g_assert_no_error (f->error);
  expect_state (f, SMTP_CLIENT_STATE_READY);
  begin_message (f);
}

static void
test_order_of_calls (Fixture *f)
{
  g_autoptr (GOutputStream) stream = NULL;
  guint64 before;

  start_server (f);
  new_client (f, SMTP_SECURITY_NONE);
  x_mail (f, "a@b.example", NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE, "not open");
  x_quit (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE, "not open");
  g_assert_cmpuint (smtp_test_server_get_session_count (f->server), ==, 0);

  x_open (f);
  g_assert_no_error (f->error);
  before = smtp_test_server_get_bytes_received (f->server);
  x_open (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE, "open already");
  x_rcpt (f, "a@b.example", NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE, "RCPT");
  g_assert_null (x_data (f));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE, "DATA");
  g_assert_cmpuint (smtp_test_server_get_bytes_received (f->server), ==, before);

  stream = begin_content (f);
  before = smtp_test_server_get_bytes_received (f->server);
  x_noop (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE, "must be closed first");
  x_quit (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE, "must be closed first");
  g_assert_cmpuint (smtp_test_server_get_bytes_received (f->server), ==, before);
  x_close (f, stream);
  g_assert_no_error (f->error);
  x_quit (f);
  g_assert_no_error (f->error);
  expect_state (f, SMTP_CLIENT_STATE_CLOSED);
  x_noop (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN, "closed");
  x_open (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN, "closed");
}

/* Each with an argument that would be more than it is. */
static void
test_injection (Fixture *f)
{
  static const char * const addresses[] = {
    "a@b.example> SIZE=1", "a@b.example>\r\nRCPT TO:<evil@example.org", "a@b.example\nDATA", "<a@b.example>",
    "a b@c.example", "a@b.example ", "a", "@b.example", "a@", "a@b..example", "a@[1.2.3.4>]", "a\001@b.example",
  };
  static const char * const params[] = {
    "SIZE=1 X=2", "SIZE=1\r\nDATA", "=1", "SIZE=", "", "X=a=b", "-X", "X\tY",
  };
  guint64 before;

  open_client (f);
  before = smtp_test_server_get_bytes_received (f->server);
  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      x_mail (f, addresses[i], NULL);
      expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, NULL);
    }
  for (guint i = 0; i < G_N_ELEMENTS (params); i++)
    {
      x_mail (f, "a@b.example", (const char *[]) { params[i], NULL });
      expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, NULL);
    }
  g_assert_cmpuint (smtp_test_server_get_bytes_received (f->server), ==, before);

  x_mail (f, "a@b.example", NULL);
  g_assert_no_error (f->error);
  before = smtp_test_server_get_bytes_received (f->server);
  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      x_rcpt (f, addresses[i], NULL);
      expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, NULL);
    }
  g_assert_cmpuint (smtp_test_server_get_bytes_received (f->server), ==, before);
}

static void
test_mail_parameters (Fixture *f)
{
  const char *own[] = { "SIZE=12", "X-OWN=y", NULL };
  const char *body[] = { "BODY=7BIT", NULL };
  const char *dsn[] = { "RET=HDRS", NULL };
  const char *utf8[] = { "SMTPUTF8", NULL };

  open_client (f);
  x_mail (f, "", NULL);
  g_assert_no_error (f->error);
  g_assert_cmpuint (count_commands (f, "MAIL FROM:<> BODY=8BITMIME"), ==, 1);
  x_rcpt (f, "Postmaster", NULL);
  g_assert_no_error (f->error);
  x_reset (f);
  x_mail (f, "a@b.example", own);
  g_assert_no_error (f->error);
  g_assert_cmpuint (count_commands (f, "MAIL FROM:<a@b.example> SIZE=12 X-OWN=y BODY=8BITMIME"), ==, 1);
  x_reset (f);
  x_mail (f, "a@b.example", body);
  g_assert_no_error (f->error);
  g_assert_cmpuint (count_commands (f, "MAIL FROM:<a@b.example> BODY=7BIT"), ==, 1);
  x_reset (f);
  x_mail (f, "a@b.example", dsn);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED, "DSN");
  x_mail (f, "a@b.example", NULL);
  x_rcpt (f, "jürgen@example.net", NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED, "SMTPUTF8");
  x_reset (f);
  x_mail (f, "jürgen@example.net", NULL);
  g_assert_no_error (f->error);
  g_assert_cmpuint (count_commands (f, "MAIL FROM:<jürgen@example.net> BODY=8BITMIME SMTPUTF8"), ==, 1);
  x_rcpt (f, "jürgen@example.net", NULL);
  g_assert_no_error (f->error);
  x_reset (f);
  x_mail (f, "a@b.example", utf8);
  g_assert_no_error (f->error);
  x_rcpt (f, "δοκιμή@παράδειγμα.δοκιμή", NULL);
  g_assert_no_error (f->error);
}

static void
test_no_smtputf8 (Fixture *f)
{
  const char *extensions[] = { "PIPELINING", NULL };
  guint64 before;

  g_object_set (f->server, "extensions", extensions, NULL);
  open_client (f);
  before = smtp_test_server_get_bytes_received (f->server);
  x_mail (f, "jürgen@example.net", NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED, "SMTPUTF8");
  g_assert_null (x_verify (f, "jürgen"));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED, "SMTPUTF8");
  g_assert_cmpuint (smtp_test_server_get_bytes_received (f->server), ==, before);
}

static void
test_refusals (Fixture *f)
{
  open_client (f);
  smtp_test_server_script_reply_text (f->server, "MAIL", "451 4.3.0 later");
  x_mail (f, "sender@example.org", NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_TEMPORARY, "451 4.3.0 later");
  expect_state (f, SMTP_CLIENT_STATE_READY);

  /* Judged by the first digit: 250 is not the only yes. */
  smtp_test_server_script_reply_text (f->server, "MAIL", "298 why not");
  x_mail (f, "sender@example.org", NULL);
  g_assert_no_error (f->error);
  x_rcpt (f, "refuse@example.net", NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "550 5.1.1");
  expect_state (f, SMTP_CLIENT_STATE_MAIL);
  g_assert_cmpstr (smtp_reply_get_enhanced_code (smtp_client_get_last_reply (f->client)), ==, "5.1.1");
  x_rcpt (f, "later@example.net", NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_TEMPORARY, "450 4.2.1");
  x_rcpt (f, "recipient@example.net", NULL);
  g_assert_no_error (f->error);
  x_rcpt (f, "refuse@example.net", NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, NULL);
  expect_state (f, SMTP_CLIENT_STATE_RCPT);
  smtp_test_server_script_reply_text (f->server, "DATA", "571 no");
  g_assert_null (x_data (f));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "571 no");
  x_reset (f);
  g_assert_no_error (f->error);
}

static void
on_notify (GObject    *object,
           GParamSpec *pspec,
           GString    *log)
{
  SmtpClient *client = SMTP_CLIENT (object);

  if (g_str_equal (pspec->name, "state"))
    g_string_append_printf (log, "%d ", smtp_client_get_state (client));
}

static void
test_notify (Fixture *f)
{
  g_autoptr (GString) log = g_string_new (NULL);
  g_autofree char *expected = g_strdup_printf ("%d %d %d %d %d ", SMTP_CLIENT_STATE_OPENING, SMTP_CLIENT_STATE_READY,
                                               SMTP_CLIENT_STATE_MAIL, SMTP_CLIENT_STATE_READY, SMTP_CLIENT_STATE_CLOSED);

  start_server (f);
  new_client (f, SMTP_SECURITY_NONE);
  g_signal_connect (f->client, "notify", G_CALLBACK (on_notify), log);
  x_open (f);
  x_mail (f, "a@b.example", NULL);
  x_reset (f);
  x_quit (f);
  g_assert_no_error (f->error);
  g_assert_cmpstr (log->str, ==, expected);
}

static void
test_transcript (Fixture *f)
{
  g_autoptr (GOutputStream) stream = NULL;

  open_client (f);
  stream = begin_content (f);
  x_write (f, stream, CONTENT, strlen (CONTENT));
  x_close (f, stream);
  x_quit (f);
  g_assert_no_error (f->error);
  g_assert_true (g_str_has_prefix (f->transcript->str, "S: 220 test.example"));
  g_assert_nonnull (strstr (f->transcript->str, "C: EHLO [127.0.0.1]\nS: 250-"));
  g_assert_nonnull (strstr (f->transcript->str, "C: [23 octets of content]\nC: .\nS: 250 "));
  g_assert_nonnull (strstr (f->transcript->str, "C: QUIT\nS: 221"));
  g_assert_null (strstr (f->transcript->str, "body"));
}

static void
on_noop (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Fixture *f = user_data;

  smtp_client_noop_finish (f->client, result, &f->error);
  g_assert_no_error (f->error);
  g_clear_object (&f->cancellable);
}

static void
test_pending (Fixture *f)
{
  if (!f->async)
    {
      g_test_skip ("a synchronous call does not return before it is over");
      return;
    }

  open_client (f);
  smtp_test_server_script_delay (f->server, "NOOP", 200, 0);
  f->cancellable = g_cancellable_new ();
  smtp_client_noop_async (f->client, f->cancellable, on_noop, f);
  g_assert_false (smtp_client_mail (f->client, "a@b.example", NULL, NULL, &f->error));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_PENDING, "127.0.0.1");
  g_assert_null (smtp_client_data (f->client, NULL, &f->error));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_PENDING, NULL);
  while (f->cancellable != NULL)
    g_main_context_iteration (NULL, TRUE);
  x_mail (f, "a@b.example", NULL);
  g_assert_no_error (f->error);
}

static void
on_line_close (SmtpClient   *client,
               SmtpDirection direction,
               const char   *text,
               gpointer      user_data)
{
  if (g_str_has_prefix (text, "NOOP"))
    smtp_client_close (client);
}

/* A handler may do anything, closing included. */
static void
test_close_from_handler (Fixture *f)
{
  open_client (f);
  smtp_test_server_script_silence (f->server, "NOOP", 0);
  g_signal_connect (f->client, "transcript", G_CALLBACK (on_line_close), NULL);
  smtp_client_set_timeout (f->client, 1);
  x_noop (f);
  if (f->async)
    expect_error (f, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  else
    expect_error (f, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, NULL); /* it is told between two waits */
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
}

static void
test_close (Fixture *f)
{
  open_client (f);
  smtp_client_close (f->client);
  expect_state (f, SMTP_CLIENT_STATE_CLOSED);
  smtp_client_close (f->client);
  g_assert_true (smtp_test_server_wait_for_closed (f->server, 1, 10000));
  x_noop (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN, "closed");
}

/* Two replies where one was asked for: the second must not be taken for the
 * answer to what comes next. */
static void
test_duplicate_reply (Fixture *f)
{
  g_autoptr (GBytes) more = g_bytes_new_static ("250 2.1.0 once more\r\n", 21);

  open_client (f);
  smtp_test_server_script_append (f->server, "MAIL", more, 0);
  x_mail (f, "a@b.example", NULL);
  g_assert_no_error (f->error);
  x_rcpt (f, "c@d.example", NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN, "once more");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_scenario ("/session/greeting-and-ehlo", test_greeting_and_ehlo);
  add_scenario ("/session/local-name", test_local_name);
  add_scenario ("/session/bad-local-name", test_bad_local_name);
  add_scenario ("/session/hello", test_hello);
  add_scenario ("/session/helo", test_helo);
  add_scenario ("/session/greeting-554", test_greeting_554);
  add_scenario ("/session/greeting-421", test_greeting_421);
  add_scenario ("/session/greeting-http", test_greeting_http);
  add_scenario ("/session/ehlo-refused", test_ehlo_refused);
  add_scenario ("/session/lookups", test_lookups);
  add_scenario ("/session/command", test_command);
  add_scenario ("/session/reset", test_reset);
  add_scenario ("/session/order-of-calls", test_order_of_calls);
  add_scenario ("/session/injection", test_injection);
  add_scenario ("/session/mail-parameters", test_mail_parameters);
  add_scenario ("/session/no-smtputf8", test_no_smtputf8);
  add_scenario ("/session/refusals", test_refusals);
  add_scenario ("/session/notify", test_notify);
  add_scenario ("/session/transcript", test_transcript);
  add_scenario ("/session/pending", test_pending);
  add_scenario ("/session/close-from-handler", test_close_from_handler);
  add_scenario ("/session/close", test_close);
  add_scenario ("/session/duplicate-reply", test_duplicate_reply);

  return g_test_run ();
}
