/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The mechanisms that prove nothing themselves: EXTERNAL and ANONYMOUS. */

#include "fixture.h"

#include <string.h>

static void
offer (Fixture    *f,
       const char *mechanism)
{
  const char *mechanisms[] = { mechanism, NULL };

  g_object_set (f->server, "auth-mechanisms", mechanisms, NULL);
}

static void
expect_sent (Fixture    *f,
             const char *line)
{
  g_auto (GStrv) commands = smtp_test_server_get_commands (f->server);

  g_assert_true (g_strv_contains ((const char * const *) commands, line));
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 1);
}

static void
expect_user (Fixture    *f,
             const char *user)
{
  g_autoptr (GOutputStream) stream = begin_content (f);
  g_autoptr (SmtpTestMessage) message = NULL;

  x_close (f, stream);
  g_assert_no_error (f->error);
  message = smtp_test_server_get_message (f->server, 0);
  g_assert_cmpstr (smtp_test_message_get_authenticated_as (message), ==, user);
}

/* ---- EXTERNAL ------------------------------------------------------------------ */

static void
show_certificate (Fixture *f)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "client.pem", NULL);
  g_autoptr (GTlsCertificate) certificate = g_tls_certificate_new_from_file (path, &f->error);

  g_assert_no_error (f->error);
  smtp_client_set_tls_certificate (f->client, certificate);
}

static void
open_tls (Fixture  *f,
          gboolean  certified)
{
  offer (f, "EXTERNAL");
  g_object_set (f->server, "request-client-certificate", TRUE, "tls-mode", SMTP_TEST_TLS_STARTTLS, NULL);
  start_server (f);
  new_client (f, SMTP_SECURITY_STARTTLS);
  trust_server (f);
  if (certified)
    show_certificate (f);
  x_open (f);
  g_assert_no_error (f->error);
}

/* RFC 4422 appendix A: an empty response has to be seen as one, and goes as
 * RFC 4954 §4 has it. The identity is that of the appendix's example. */
static const struct
{
  const char *identity;
  const char *line;
  const char *user;
} identities[] = {
  { NULL, "AUTH EXTERNAL", "user" },
  { "", "AUTH EXTERNAL", "user" },
  { "fred@example.com", "AUTH EXTERNAL ZnJlZEBleGFtcGxlLmNvbQ==", "fred@example.com" },
};

static void
test_certificate (Fixture *f)
{
  guint i = GPOINTER_TO_UINT (f->row);
  g_autoptr (SmtpAuth) auth = smtp_external_auth_new (identities[i].identity);

  open_tls (f, TRUE);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  expect_sent (f, identities[i].line);
  expect_user (f, identities[i].user);
}

static void
test_no_certificate (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_external_auth_new (NULL);

  open_tls (f, FALSE);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535");
}

static void
test_no_tls (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_external_auth_new (NULL);

  offer (f, "EXTERNAL");
  open_unknown_stream (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "without TLS");
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
}

/* On the same machine the server may know who is there. This one does not. */
static void
test_local (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_external_auth_new (NULL);

  offer (f, "EXTERNAL");
  open_client (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535");
  expect_sent (f, "AUTH EXTERNAL");
}

/* What is set at the credentials counts, whoever made them. */
static void
test_credentials (Fixture *f)
{
  g_autoptr (SmtpCredentials) credentials = smtp_credentials_new ("somebody", "secret");
  g_autoptr (SmtpAuth) auth = g_object_new (SMTP_TYPE_EXTERNAL_AUTH, "credentials", credentials, NULL);

  smtp_credentials_set_identity (credentials, "office");
  open_tls (f, TRUE);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  expect_user (f, "office");
}

static void
test_bad_identity (Fixture *f)
{
  const char *bad[] = { "off\001ice", "office\r\nRSET", "off\302\205ice", "\377" };

  offer (f, "EXTERNAL");
  open_client (f);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (SmtpAuth) auth = smtp_external_auth_new (bad[i]);

      smtp_client_set_stay_open_after_refusal (f->client, TRUE);
      x_authenticate (f, auth);
      expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, "EXTERNAL");
    }
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
}

/* ---- ANONYMOUS ------------------------------------------------------------------- */

#define TEN "\303\244123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* The trace of RFC 4505 §5 is among them. Characters are counted, not octets. */
static const struct
{
  const char *trace;
  const char *line;   /* NULL: too long to write here */
} traces[] = {
  { NULL, "AUTH ANONYMOUS" },
  { "", "AUTH ANONYMOUS" },
  { "sirhc", "AUTH ANONYMOUS c2lyaGM=" },
  { "guest@example.org", "AUTH ANONYMOUS Z3Vlc3RAZXhhbXBsZS5vcmc=" },
  { "j\303\274rgen, just looking", "AUTH ANONYMOUS asO8cmdlbiwganVzdCBsb29raW5n" },
  { HUNDRED HUNDRED TEN TEN TEN TEN TEN "12345", NULL },
};

static void
test_trace (Fixture *f)
{
  guint i = GPOINTER_TO_UINT (f->row);
  g_autoptr (SmtpAuth) auth = smtp_anonymous_auth_new (traces[i].trace);

  g_assert_cmpstr (smtp_anonymous_auth_get_trace (SMTP_ANONYMOUS_AUTH (auth)), ==, traces[i].trace);
  offer (f, "ANONYMOUS");
  open_client (f);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  if (traces[i].line != NULL)
    expect_sent (f, traces[i].line);
  g_assert_true (smtp_client_get_authenticated (f->client));
}

static const char * const bad_traces[] = {
  "a@", "@b.example", "a@b@c.example", "mail me at a@b.example", "a@b.example\r\n", "\001", "a\tb", "\302\205", "\377",
  HUNDRED HUNDRED TEN TEN TEN TEN TEN "123456",
};

static void
test_bad_trace (Fixture *f)
{
  offer (f, "ANONYMOUS");
  open_client (f);
  smtp_client_set_stay_open_after_refusal (f->client, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (bad_traces); i++)
    {
      g_autoptr (SmtpAuth) auth = smtp_anonymous_auth_new (bad_traces[i]);

      x_authenticate (f, auth);
      expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, "ANONYMOUS");
    }
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
}

/* Nothing of it is secret. */
static void
test_clear_text (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_anonymous_auth_new (NULL);

  offer (f, "ANONYMOUS");
  open_unknown_stream (f);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
}

/* ---- both --------------------------------------------------------------------------- */

static void
test_challenge (Fixture *f)
{
  g_autoptr (SmtpAuth) external = smtp_external_auth_new (NULL);
  g_autoptr (SmtpAuth) anonymous = smtp_anonymous_auth_new ("sirhc");
  const char *mechanisms[] = { "EXTERNAL", "ANONYMOUS", NULL };

  g_object_set (f->server, "auth-mechanisms", mechanisms, NULL);
  open_client (f);
  smtp_client_set_stay_open_after_refusal (f->client, TRUE);
  /* Behind the empty response, and behind another. */
  smtp_test_server_script_reply_text (f->server, "AUTH", "334 ");
  smtp_test_server_script_reply_text (f->server, "AUTH-RESPONSE", "334 ");
  x_authenticate (f, external);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL, "EXTERNAL");
  smtp_test_server_script_reply_text (f->server, "AUTH", "334 ");
  x_authenticate (f, anonymous);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL, "ANONYMOUS");
  g_assert_cmpuint (count_commands (f, "*"), ==, 2);
}

static void
add_rows (const char *name,
          Scenario    scenario,
          guint       n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%u", name, i);

      add_row_scenario (path, scenario, GUINT_TO_POINTER (i));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_rows ("/external/certificate", test_certificate, G_N_ELEMENTS (identities));
  add_scenario ("/external/no-certificate", test_no_certificate);
  add_scenario ("/external/no-tls", test_no_tls);
  add_scenario ("/external/local", test_local);
  add_scenario ("/external/credentials", test_credentials);
  add_scenario ("/external/bad-identity", test_bad_identity);
  add_rows ("/anonymous/trace", test_trace, G_N_ELEMENTS (traces));
  add_scenario ("/anonymous/bad-trace", test_bad_trace);
  add_scenario ("/anonymous/clear-text", test_clear_text);
  add_scenario ("/external/challenge", test_challenge);
  return g_test_run ();
}
