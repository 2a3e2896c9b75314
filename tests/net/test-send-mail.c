/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fixture.h"

#include <string.h>

static const char * const two[] = { "one@example.net", "two@example.net", NULL };

static void
test_plain (Fixture *f)
{
  g_autofree char *uri = NULL;
  g_autoptr (SmtpTestMessage) message = NULL;

  start_server (f);
  uri = smtp_test_server_get_uri (f->server);
  g_assert_true (x_send_mail (f, uri, NULL, "sender@example.org", two, CONTENT));
  g_assert_no_error (f->error);
  expect_content (f, 0, CONTENT);
  message = smtp_test_server_get_message (f->server, 0);
  g_assert_cmpstr (smtp_test_message_get_sender (message), ==, "sender@example.org");
  g_assert_cmpuint (g_strv_length ((char **) smtp_test_message_get_recipients (message)), ==, 2);
  g_assert_true (smtp_test_server_wait_for_closed (f->server, 1, 10000));
  g_assert_cmpuint (count_commands (f, "QUIT"), ==, 1);
}

static void
test_host_and_port (Fixture *f)
{
  g_autofree char *address = NULL;

  start_server (f);
  address = g_strdup_printf ("127.0.0.1:%u", smtp_test_server_get_port (f->server));
  g_assert_true (x_send_mail (f, address, NULL, "", two, ""));
  g_assert_no_error (f->error);
  expect_content (f, 0, "");
}

static void
test_auth (Fixture *f)
{
  const char *mechanisms[] = { "PLAIN", NULL };
  g_autoptr (SmtpAuth) auth = smtp_plain_auth_new (NULL, "user", "secret", "127.0.0.1");
  g_autoptr (SmtpAuth) wrong = smtp_plain_auth_new (NULL, "user", "wrong", "127.0.0.1");
  g_autofree char *uri = NULL;

  g_object_set (f->server, "auth-mechanisms", mechanisms, "allow-relay-unauthenticated", FALSE, NULL);
  start_server (f);
  uri = smtp_test_server_get_uri (f->server);
  g_assert_true (x_send_mail (f, uri, auth, "sender@example.org", two, CONTENT));
  g_assert_no_error (f->error);
  g_assert_false (x_send_mail (f, uri, wrong, "sender@example.org", two, CONTENT));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535");
  g_assert_false (x_send_mail (f, uri, NULL, "sender@example.org", two, CONTENT));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, NULL);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 1);
}

/* Asked to authenticate, it does not send without. */
static void
test_auth_not_offered (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_plain_auth_new (NULL, "user", "secret", "127.0.0.1");
  g_autofree char *uri = NULL;

  start_server (f);
  uri = smtp_test_server_get_uri (f->server);
  g_assert_false (x_send_mail (f, uri, auth, "sender@example.org", two, CONTENT));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, NULL);
  g_assert_cmpuint (count_commands (f, "MAIL"), ==, 0);
}

/* To all or to none. */
static void
test_one_refused (Fixture *f)
{
  static const char * const recipients[] = { "one@example.net", "refuse@example.net", "two@example.net", NULL };
  g_autofree char *uri = NULL;

  start_server (f);
  uri = smtp_test_server_get_uri (f->server);
  g_assert_false (x_send_mail (f, uri, NULL, "sender@example.org", recipients, CONTENT));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "550 5.1.1");
  g_assert_cmpuint (count_commands (f, "DATA"), ==, 0);
  expect_no_message (f);
}

static void
test_verdicts (Fixture *f)
{
  g_autofree char *uri = NULL;

  start_server (f);
  uri = smtp_test_server_get_uri (f->server);
  smtp_test_server_script_reply_text (f->server, ".", "554 5.7.1 spam");
  g_assert_false (x_send_mail (f, uri, NULL, "sender@example.org", two, CONTENT));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "554 5.7.1 spam");
  smtp_test_server_script_drop (f->server, ".", 0, TRUE);
  g_assert_false (x_send_mail (f, uri, NULL, "sender@example.org", two, CONTENT));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN, NULL);
  smtp_test_server_script_drop (f->server, "QUIT", 0, FALSE);
  g_assert_true (x_send_mail (f, uri, NULL, "sender@example.org", two, CONTENT));
  g_assert_no_error (f->error);
}

/* The verdict is in: a server that does not say goodbye is not waited for, as
 * the five minutes of other replies would be. */
static void
test_silent_quit (Fixture *f)
{
  g_autofree char *uri = NULL;

  start_server (f);
  uri = smtp_test_server_get_uri (f->server);
  smtp_test_server_script_silence (f->server, "QUIT", 0);
  g_assert_true (x_send_mail (f, uri, NULL, "sender@example.org", two, CONTENT));
  g_assert_no_error (f->error);
}

/* TLS where it is offered, and then a certificate that nobody accepts is an
 * error and not a reason to go on without. */
static void
test_tls (Fixture *f)
{
  g_autofree char *uri = NULL;

  g_object_set (f->server, "tls-mode", SMTP_TEST_TLS_STARTTLS, NULL);
  start_server (f);
  uri = smtp_test_server_get_uri (f->server);
  g_assert_false (x_send_mail (f, uri, NULL, "sender@example.org", two, CONTENT));
  expect_error (f, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, "127.0.0.1");
  g_assert_cmpuint (count_commands (f, "STARTTLS"), ==, 1);
  g_assert_cmpuint (count_commands (f, "MAIL"), ==, 0);
}

static const char * const bad_uris[] = {
  "", "http://example.org", "smtp://", "smtp://user:pw@example.org", "user:pw@example.org:25", "smtp://example.org/inbox",
  "smtp://example.org:0", "smtp://example.org:99999", "example.org:x", "smtp://example.org?x=y", "lmtp://example.org",
};

static void
test_arguments (Fixture *f)
{
  static const char * const bad[] = { "one@example.net", "two> X=1@example.net", NULL };
  static const char * const none[] = { NULL };

  for (guint i = 0; i < G_N_ELEMENTS (bad_uris); i++)
    {
      g_assert_false (x_send_mail (f, bad_uris[i], NULL, "sender@example.org", two, CONTENT));
      g_assert_null (strstr (f->error->message, "pw"));
      expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, NULL);
    }

  g_assert_false (x_send_mail (f, "smtp://127.0.0.1:1", NULL, "sender@example.org", bad, CONTENT));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, NULL);
  g_assert_false (x_send_mail (f, "smtp://127.0.0.1:1", NULL, "sender", two, CONTENT));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, NULL);
  g_assert_false (x_send_mail (f, "smtp://127.0.0.1:1", NULL, "sender@example.org", none, CONTENT));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, NULL);
}

static void
test_cancelled (Fixture *f)
{
  g_autofree char *uri = NULL;

  start_server (f);
  uri = smtp_test_server_get_uri (f->server);
  f->cancellable = g_cancellable_new ();
  g_cancellable_cancel (f->cancellable);
  g_assert_false (x_send_mail (f, uri, NULL, "sender@example.org", two, CONTENT));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  g_assert_cmpuint (smtp_test_server_get_session_count (f->server), ==, 0);
}

/* ---- URIs ------------------------------------------------------------------- */

static const struct
{
  const char  *uri;
  const char  *host;
  guint        port;
  SmtpSecurity security;
} uris[] = {
  { "example.org", "example.org", 25, SMTP_SECURITY_OPPORTUNISTIC },
  { "example.org:2525", "example.org", 2525, SMTP_SECURITY_OPPORTUNISTIC },
  { "[2001:db8::1]:26", "2001:db8::1", 26, SMTP_SECURITY_OPPORTUNISTIC },
  { "smtp://example.org", "example.org", 25, SMTP_SECURITY_OPPORTUNISTIC },
  { "SMTP://example.org:587/", "example.org", 587, SMTP_SECURITY_OPPORTUNISTIC },
  { "submission://example.org", "example.org", 587, SMTP_SECURITY_STARTTLS },
  { "smtps://example.org", "example.org", 465, SMTP_SECURITY_TLS },
  { "submissions://[::1]:4650", "::1", 4650, SMTP_SECURITY_TLS },
};

static void
test_uris (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SmtpClient) client = smtp_client_new_for_uri (uris[i].uri, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (smtp_client_get_host (client), ==, uris[i].host);
      g_assert_cmpstr (smtp_client_get_server_name (client), ==, uris[i].host);
      g_assert_cmpuint (smtp_client_get_port (client), ==, uris[i].port);
      g_assert_cmpint (smtp_client_get_security (client), ==, uris[i].security);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/send-mail/uris", test_uris);
  add_scenario ("/send-mail/plain", test_plain);
  add_scenario ("/send-mail/host-and-port", test_host_and_port);
  add_scenario ("/send-mail/auth", test_auth);
  add_scenario ("/send-mail/auth-not-offered", test_auth_not_offered);
  add_scenario ("/send-mail/one-refused", test_one_refused);
  add_scenario ("/send-mail/verdicts", test_verdicts);
  add_scenario ("/send-mail/silent-quit", test_silent_quit);
  add_scenario ("/send-mail/tls", test_tls);
  add_scenario ("/send-mail/arguments", test_arguments);
  add_scenario ("/send-mail/cancelled", test_cancelled);

  return g_test_run ();
}
