/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signing in to Dovecot's submission service by a client's certificate. */

#include "fixture.h"

#include "authority.h"
#include "dovecot-session.h"

#define USER     "holder"
#define PASSWORD "pass word"

static const char users[] =
  USER ":" PASSWORD "\n"
  "another:of another\n";

static Authority *authority;

/* ---- the server ------------------------------------------------------------- */

/* The name is in the certificate, and whoever shows one needs no password. */
static const char certificate_settings[] =
  "ssl_ca = <@D@/authority.pem\n"
  "ssl_require_crl = no\n"
  "ssl_verify_client_cert = yes\n"
  "ssl_cert_username_field = commonName\n"
  "auth_ssl_username_from_cert = yes\n"
  "auth_ssl_require_client_cert = yes\n"
  "passdb {\n"
  "  driver = static\n"
  "  mechanisms = external\n"
  "  args = nopassword\n"
  "}\n";

static void
open_showing (Fixture         *f,
              GTlsCertificate *certificate)
{
  use_dovecot (f, "external plain", certificate_settings);
  new_dovecot_client (f, "127.0.0.1", SMTP_SECURITY_STARTTLS);
  smtp_client_set_tls_certificate (f->client, certificate);
  x_open (f);
  g_assert_no_error (f->error);
}

static void
open_issued_by (Fixture   *f,
                Authority *issuer)
{
  g_autoptr (GTlsCertificate) certificate = authority_issue (issuer, USER, &f->error);

  g_assert_no_error (f->error);
  open_showing (f, certificate);
}

static void
test_certificate (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_external_auth_new (NULL);

  open_issued_by (f, authority);
  sign_in (f, auth, USER, "EXTERNAL");
  send_message (f);
  leave (f);
}

static void
test_same_identity (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_external_auth_new (USER);

  open_issued_by (f, authority);
  sign_in (f, auth, USER, "EXTERNAL");
  leave (f);
}

static void
test_no_certificate (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_external_auth_new (NULL);

  open_showing (f, NULL);
  refuse (f, auth, "535");
  leave (f);
}

/* It has the right name, but not from whom Dovecot believes it. */
static void
test_other_authority (Fixture *f)
{
  g_autoptr (Authority) other = authority_new ("Another authority", &f->error);
  g_autoptr (SmtpAuth) auth = smtp_external_auth_new (NULL);

  g_assert_no_error (f->error);
  open_issued_by (f, other);
  refuse (f, auth, "535");
  leave (f);
}

static void
test_other_identity (Fixture *f)
{
  g_autoptr (SmtpAuth) other = smtp_external_auth_new ("another");
  g_autoptr (SmtpAuth) own = smtp_external_auth_new (NULL);

  open_issued_by (f, authority);
  refuse (f, other, "535");
  sign_in (f, own, USER, "EXTERNAL");
  leave (f);
}

/* The server may want it with a password, too. Who it is, Dovecot takes from the
 * certificate, whatever the user name. */
static void
test_password (Fixture *f)
{
  g_autoptr (SmtpAuth) of_holder = smtp_plain_auth_new (NULL, "another", PASSWORD, "127.0.0.1");
  g_autoptr (SmtpAuth) of_another = smtp_plain_auth_new (NULL, "another", "of another", "127.0.0.1");

  open_showing (f, NULL);
  refuse (f, of_another, "535");
  leave (f);
  g_clear_object (&f->client);
  open_issued_by (f, authority);
  refuse (f, of_another, "535");
  sign_in (f, of_holder, USER, "PLAIN");
  leave (f);
}

/* ---- the automatic choice --------------------------------------------------------- */

/* Who has no password leaves it to the certificate … */
static void
test_auto (Fixture *f)
{
  g_autoptr (SmtpCredentials) credentials = smtp_credentials_new (NULL, NULL);
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new_for_credentials (credentials);

  open_issued_by (f, authority);
  sign_in (f, auth, USER, "EXTERNAL");
  leave (f);
}

/* … and who has one means that. */
static void
test_auto_password (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new (USER, PASSWORD);

  open_issued_by (f, authority);
  sign_in (f, auth, USER, "PLAIN");
  leave (f);
}

/* ---- running ------------------------------------------------------------------- */

static void
add_scenarios (void)
{
  add_dovecot_file ("users", users);
  add_dovecot_file ("authority.pem", authority_get_pem (authority));
  add_scenario ("/interop/auth-external/certificate", test_certificate);
  add_scenario ("/interop/auth-external/same-identity", test_same_identity);
  add_scenario ("/interop/auth-external/no-certificate", test_no_certificate);
  add_scenario ("/interop/auth-external/other-authority", test_other_authority);
  add_scenario ("/interop/auth-external/other-identity", test_other_identity);
  add_scenario ("/interop/auth-external/password", test_password);
  add_scenario ("/interop/auth-external/auto", test_auto);
  add_scenario ("/interop/auth-external/auto-password", test_auto_password);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GError) error = NULL;
  int status;

  authority = authority_new ("Authority", &error);
  g_assert_no_error (error);
  status = run_with_dovecot (argc, argv, "/interop/auth-external", add_scenarios);
  authority_free (authority);

  return status;
}
