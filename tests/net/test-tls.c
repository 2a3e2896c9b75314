/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fixture.h"

#include <string.h>

static void
serve_tls (Fixture     *f,
           SmtpTestTls  mode)
{
  g_object_set (f->server, "tls-mode", mode, NULL);
  start_server (f);
}

static void
expect_tls (Fixture *f)
{
  GTlsConnection *tls = smtp_client_get_tls_connection (f->client);

  g_assert_nonnull (tls);
  g_assert_cmpint (g_tls_connection_get_protocol_version (tls), >=, G_TLS_PROTOCOL_VERSION_TLS_1_2);
  g_assert_nonnull (g_tls_connection_get_peer_certificate (tls));
}

static void
send_message (Fixture *f)
{
  g_autoptr (GOutputStream) stream = begin_content (f);
  g_autoptr (SmtpTestMessage) message = NULL;
  guint n = smtp_test_server_get_n_messages (f->server);

  x_write (f, stream, CONTENT, strlen (CONTENT));
  x_close (f, stream);
  g_assert_no_error (f->error);
  expect_content (f, n, CONTENT);
  message = smtp_test_server_get_message (f->server, n);
  g_assert_true (smtp_test_message_get_tls (message));
}

static void
open_over_tls (Fixture     *f,
               SmtpTestTls  mode,
               SmtpSecurity security)
{
  serve_tls (f, mode);
  new_client (f, security);
  trust_server (f);
  x_open (f);
  g_assert_no_error (f->error);
  expect_tls (f);
  g_assert_cmpint (g_tls_connection_get_peer_certificate_errors (smtp_client_get_tls_connection (f->client)), ==, 0);
  send_message (f);
  x_quit (f);
  g_assert_no_error (f->error);
  g_assert_true (smtp_test_server_wait_for_closed (f->server, 1, 10000));
}

static void
test_starttls_required (Fixture *f)
{
  open_over_tls (f, SMTP_TEST_TLS_STARTTLS, SMTP_SECURITY_STARTTLS);
}

static void
test_opportunistic (Fixture *f)
{
  open_over_tls (f, SMTP_TEST_TLS_STARTTLS, SMTP_SECURITY_OPPORTUNISTIC);
}

static void
test_implicit (Fixture *f)
{
  open_over_tls (f, SMTP_TEST_TLS_IMPLICIT, SMTP_SECURITY_TLS);
}

/* An IPv6 address is no server name to send in the handshake. */
static void
test_ipv6 (Fixture *f)
{
  g_object_set (f->server, "address", "::1", "tls-mode", SMTP_TEST_TLS_IMPLICIT, NULL);
  if (!smtp_test_server_start (f->server, NULL))
    {
      g_test_skip ("no IPv6 here");
      return;
    }

  f->client = smtp_client_new ("::1", smtp_test_server_get_port (f->server), SMTP_SECURITY_TLS);
  smtp_client_set_timeout (f->client, 10);
  trust_server (f);
  x_open (f);
  g_assert_no_error (f->error);
  expect_tls (f);
  send_message (f);
}

static void
on_tls_notify (SmtpClient *client,
               GParamSpec *pspec,
               guint      *n)
{
  (*n)++;
}

/* By the caller's own call; what was offered before is forgotten. */
static void
test_start_tls (Fixture *f)
{
  const char *after[] = { "SIZE 1000", NULL };
  guint n = 0;

  g_object_set (f->server, "tls-extensions", after, NULL);
  serve_tls (f, SMTP_TEST_TLS_STARTTLS);
  new_client (f, SMTP_SECURITY_NONE);
  trust_server (f);
  g_signal_connect (f->client, "notify::tls-connection", G_CALLBACK (on_tls_notify), &n);
  x_open (f);
  g_assert_no_error (f->error);
  g_assert_null (smtp_client_get_tls_connection (f->client));
  g_assert_true (smtp_client_get_extension (f->client, "PIPELINING", NULL));
  x_start_tls (f);
  g_assert_no_error (f->error);
  g_assert_cmpuint (n, ==, 1);
  expect_tls (f);
  g_assert_false (smtp_client_get_extension (f->client, "PIPELINING", NULL));
  g_assert_cmpuint (smtp_capabilities_get_size (smtp_client_get_capabilities (f->client)), ==, 1000);
  g_assert_cmpuint (count_commands (f, "EHLO"), ==, 2);
  x_start_tls (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE, "already");
  send_message (f);
}

static void
test_start_tls_not_offered (Fixture *f)
{
  open_client (f);
  x_start_tls (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED, "STARTTLS");
  g_assert_cmpuint (count_commands (f, "STARTTLS"), ==, 0);
  x_noop (f);
  g_assert_no_error (f->error);
}

static void
test_start_tls_refused (Fixture *f)
{
  g_object_set (f->server, "tls-mode", SMTP_TEST_TLS_STARTTLS, NULL);
  open_client (f);
  smtp_test_server_script_reply_text (f->server, "STARTTLS", "454 4.7.0 not now");
  x_start_tls (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_TEMPORARY, "454 4.7.0 not now");
  x_noop (f);
  g_assert_no_error (f->error);
}

static void
test_required_not_offered (Fixture *f)
{
  start_server (f);
  new_client (f, SMTP_SECURITY_STARTTLS);
  x_open (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_TLS_REQUIRED, "127.0.0.1");
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
}

/* Offered and refused is not the same as not offered. */
static void
test_opportunistic_refused (Fixture *f)
{
  serve_tls (f, SMTP_TEST_TLS_STARTTLS);
  smtp_test_server_script_reply_text (f->server, "STARTTLS", "454 4.7.0 not now");
  new_client (f, SMTP_SECURITY_OPPORTUNISTIC);
  x_open (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_TLS_REQUIRED, "454 4.7.0 not now");
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
  g_assert_cmpuint (count_commands (f, "MAIL"), ==, 0);
}

static void
test_injection (Fixture *f)
{
  g_autoptr (GBytes) injected = g_bytes_new_static ("250-evil\r\n250 AUTH PLAIN\r\n", 26);

  serve_tls (f, SMTP_TEST_TLS_STARTTLS);
  smtp_test_server_script_append (f->server, "STARTTLS", injected, 0);
  new_client (f, SMTP_SECURITY_STARTTLS);
  trust_server (f);
  x_open (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL, "tampering");
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
  g_assert_null (smtp_client_get_tls_connection (f->client));
}

static void
test_ehlo_refused_after_tls (Fixture *f)
{
  g_autoptr (GBytes) refusal = g_bytes_new_static ("502 5.5.1 no\r\n", 14);

  serve_tls (f, SMTP_TEST_TLS_STARTTLS);
  smtp_test_server_script_reply (f->server, "EHLO", refusal, 1);
  new_client (f, SMTP_SECURITY_STARTTLS);
  trust_server (f);
  x_open (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "502 5.5.1 no");
  g_assert_cmpuint (count_commands (f, "HELO"), ==, 0);
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
}

static void
test_failed_handshake (Fixture *f)
{
  serve_tls (f, SMTP_TEST_TLS_STARTTLS);
  smtp_test_server_script_no_tls_handshake (f->server);
  new_client (f, SMTP_SECURITY_OPPORTUNISTIC);
  x_open (f);
  g_assert_nonnull (f->error);
  g_assert_true (f->error->domain == G_TLS_ERROR);
  g_clear_error (&f->error);
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
}

/* The server says nothing where a handshake should be. */
static void
test_handshake_timeout (Fixture *f)
{
  start_server (f);
  smtp_test_server_script_silence (f->server, "GREETING", 0);
  new_client (f, SMTP_SECURITY_TLS);
  smtp_client_set_timeout (f->client, 1);
  x_open (f);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, NULL);
  g_clear_object (&f->client);
  g_assert_true (smtp_test_server_wait_for_closed (f->server, 1, 10000));
}

static gpointer
cancel_soon (gpointer data)
{
  Fixture *f = data;

  while (smtp_test_server_get_session_count (f->server) == 0)
    g_thread_yield ();
  g_cancellable_cancel (f->cancellable);
  return NULL;
}

static void
test_handshake_cancelled (Fixture *f)
{
  GThread *thread;

  start_server (f);
  smtp_test_server_script_silence (f->server, "GREETING", 0);
  new_client (f, SMTP_SECURITY_TLS);
  f->cancellable = g_cancellable_new ();
  thread = g_thread_new ("canceller", cancel_soon, f);
  x_open (f);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  g_thread_join (thread);
  g_assert_true (smtp_test_server_wait_for_closed (f->server, 1, 10000));
}

/* ---- certificates --------------------------------------------------------- */

static void
refuse_certificate (Fixture *f)
{
  x_open (f);
  expect_error (f, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, "127.0.0.1");
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
  g_assert_null (smtp_client_get_tls_connection (f->client));
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
}

static void
test_unknown_authority (Fixture *f)
{
  serve_tls (f, SMTP_TEST_TLS_STARTTLS);
  new_client (f, SMTP_SECURITY_OPPORTUNISTIC);
  refuse_certificate (f);
}

static void
test_other_host (Fixture *f)
{
  const char *names[] = { "other.example", NULL };

  g_object_set (f->server, "certificate-names", names, NULL);
  serve_tls (f, SMTP_TEST_TLS_IMPLICIT);
  new_client (f, SMTP_SECURITY_TLS);
  trust_server (f);
  refuse_certificate (f);
}

static void
test_expired (Fixture *f)
{
  g_object_set (f->server, "certificate-expired", TRUE, NULL);
  serve_tls (f, SMTP_TEST_TLS_STARTTLS);
  new_client (f, SMTP_SECURITY_STARTTLS);
  trust_server (f);
  refuse_certificate (f);
}

typedef struct
{
  guint                 n;
  gboolean              answer;
  GThread              *thread;
  GTlsCertificateFlags  errors;
} Judge;

static gboolean
on_accept_certificate (SmtpClient           *client,
                       GTlsCertificate      *certificate,
                       GTlsCertificateFlags  errors,
                       Judge                *judge)
{
  g_assert_true (G_IS_TLS_CERTIFICATE (certificate));
  judge->n++;
  judge->thread = g_thread_self ();
  judge->errors = errors;
  return judge->answer;
}

static void
test_accept_certificate (Fixture *f)
{
  Judge judge = { .answer = TRUE };

  serve_tls (f, SMTP_TEST_TLS_STARTTLS);
  new_client (f, SMTP_SECURITY_STARTTLS);
  g_signal_connect (f->client, "accept-certificate", G_CALLBACK (on_accept_certificate), &judge);
  x_open (f);
  g_assert_no_error (f->error);
  g_assert_cmpuint (judge.n, ==, 1);
  g_assert_true (judge.thread == g_thread_self ());
  g_assert_true (judge.errors & G_TLS_CERTIFICATE_UNKNOWN_CA);
  expect_tls (f);
  send_message (f);
}

static void
test_reject_certificate (Fixture *f)
{
  Judge judge = { .answer = FALSE };

  serve_tls (f, SMTP_TEST_TLS_STARTTLS);
  new_client (f, SMTP_SECURITY_STARTTLS);
  g_signal_connect (f->client, "accept-certificate", G_CALLBACK (on_accept_certificate), &judge);
  refuse_certificate (f);
  g_assert_cmpuint (judge.n, ==, 1);
}

static void
test_client_certificate (Fixture *f)
{
  g_autofree char *pem = NULL;
  g_autofree char *shown = NULL;
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autofree char *certificate_pem = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (g_test_get_filename (G_TEST_DIST, "client.pem", NULL), &pem, NULL, &error);
  g_assert_no_error (error);
  certificate = g_tls_certificate_new_from_pem (pem, -1, &error);
  g_assert_no_error (error);
  g_object_get (certificate, "certificate-pem", &certificate_pem, NULL);

  g_object_set (f->server, "request-client-certificate", TRUE, NULL);
  serve_tls (f, SMTP_TEST_TLS_STARTTLS);
  new_client (f, SMTP_SECURITY_STARTTLS);
  trust_server (f);
  smtp_client_set_tls_certificate (f->client, certificate);
  x_open (f);
  g_assert_no_error (f->error);
  shown = smtp_test_server_get_last_client_certificate_pem (f->server);
  g_assert_cmpstr (shown, ==, certificate_pem);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_scenario ("/tls/starttls-required", test_starttls_required);
  add_scenario ("/tls/opportunistic", test_opportunistic);
  add_scenario ("/tls/implicit", test_implicit);
  add_scenario ("/tls/ipv6", test_ipv6);
  add_scenario ("/tls/start-tls", test_start_tls);
  add_scenario ("/tls/start-tls-not-offered", test_start_tls_not_offered);
  add_scenario ("/tls/start-tls-refused", test_start_tls_refused);
  add_scenario ("/tls/required-not-offered", test_required_not_offered);
  add_scenario ("/tls/opportunistic-refused", test_opportunistic_refused);
  add_scenario ("/tls/injection", test_injection);
  add_scenario ("/tls/ehlo-refused-after-tls", test_ehlo_refused_after_tls);
  add_scenario ("/tls/failed-handshake", test_failed_handshake);
  add_scenario ("/tls/handshake-timeout", test_handshake_timeout);
  add_scenario ("/tls/handshake-cancelled", test_handshake_cancelled);
  add_scenario ("/tls/unknown-authority", test_unknown_authority);
  add_scenario ("/tls/other-host", test_other_host);
  add_scenario ("/tls/expired", test_expired);
  add_scenario ("/tls/accept-certificate", test_accept_certificate);
  add_scenario ("/tls/reject-certificate", test_reject_certificate);
  add_scenario ("/tls/client-certificate", test_client_certificate);

  return g_test_run ();
}
