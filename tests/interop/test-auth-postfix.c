/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signing in to Postfix, which leaves that to Cyrus SASL. Who signed in is in
 * the mail that arrives, and by what in Postfix's log. */

#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "postfix-session.h"

#define TIMEOUT_SECONDS 30

#define USER     POSTFIX_USER
#define PASSWORD POSTFIX_PASSWORD

static Postfix *postfix;

/* ---- the client ------------------------------------------------------------ */

static void
open_offering_only (Fixture    *f,
                    const char *mechanisms)
{
  g_autoptr (GTlsDatabase) database = NULL;

  postfix_offer (postfix, mechanisms, &f->error);
  g_assert_no_error (f->error);
  database = g_tls_file_database_new (postfix->certificate, &f->error);
  g_assert_no_error (f->error);
  f->client = smtp_client_new ("127.0.0.1", postfix->port, SMTP_SECURITY_STARTTLS);
  smtp_client_set_timeout (f->client, TIMEOUT_SECONDS);
  smtp_client_set_tls_database (f->client, database);
  smtp_client_set_stay_open_after_refusal (f->client, TRUE);
  x_open (f);
  g_assert_no_error (f->error);
}

static void
sign_in (Fixture  *f,
         SmtpAuth *auth)
{
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  g_assert_true (smtp_client_get_authenticated (f->client));
}

/* Somebody who has not signed in may not send elsewhere. */
static void
refuse (Fixture  *f,
        SmtpAuth *auth)
{
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535");
  g_assert_false (smtp_client_get_authenticated (f->client));
  x_mail (f, "sender@example.org", NULL);
  g_assert_no_error (f->error);
  x_rcpt (f, "recipient@elsewhere.example", NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "554 5.7.1");
  x_reset (f);
  g_assert_no_error (f->error);
}

static void
expect_from (const char *username)
{
  g_autofree char *path = postfix_wait_for_mail (postfix);
  g_autofree char *line = g_strdup_printf ("(Authenticated sender: %s)\n", username);
  g_autofree char *text = NULL;

  g_assert_nonnull (path);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpint (g_unlink (path), ==, 0);
  if (strstr (text, line) == NULL)
    g_error ("“%s” is not in:\n%s", line, text);
  g_assert_true (g_str_has_suffix (text, "\n\nbody\n"));
}

/* To the mailbox, and to where only who has signed in may send. */
static void
send_with_outcome (Fixture     *f,
                   const char  *username,
                   const char  *mechanism,
                   SmtpOutcome  outcome)
{
  g_autoptr (SmtpMessage) message = make_message (0, CONTENT);
  g_autofree char *line = g_strdup_printf ("sasl_method=%s, sasl_username=%s", mechanism, username);

  smtp_message_add_recipient (message, POSTFIX_MAILBOX);
  smtp_message_add_recipient (message, "recipient@elsewhere.example");
  x_send (f, message);
  g_assert_no_error (f->error);
  g_assert_cmpint (smtp_message_get_outcome (message), ==, outcome);
  expect_from (username);
  if (!postfix_wait_for_log (postfix, line))
    g_error ("“%s” is not in the log", line);
}

static void
send_message (Fixture    *f,
              const char *username,
              const char *mechanism)
{
  send_with_outcome (f, username, mechanism, SMTP_OUTCOME_ACCEPTED);
}

static void
leave (Fixture *f)
{
  x_quit (f);
  g_assert_no_error (f->error);
}

/* ---- the mechanisms -------------------------------------------------------- */

#define ALL_MECHANISMS "PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512"

typedef SmtpAuth *(*NewAuth) (const char *username,
                              const char *password);

static SmtpAuth *
new_plain (const char *username,
           const char *password)
{
  return smtp_plain_auth_new (NULL, username, password, "127.0.0.1");
}

static SmtpAuth *
new_login (const char *username,
           const char *password)
{
  return smtp_login_auth_new (username, password, "127.0.0.1");
}

typedef struct
{
  const char *name;
  const char *offer;
  NewAuth     create;
  const char *mechanism; /* the one used */
} Way;

static const Way ways[] = {
  { "plain", "PLAIN", new_plain, "PLAIN" },
  { "login", "LOGIN", new_login, "LOGIN" },
  { "cram-md5", "CRAM-MD5", smtp_cram_md5_auth_new, "CRAM-MD5" },
  { "scram-sha-1", "SCRAM-SHA-1", smtp_scram_auth_new, "SCRAM-SHA-1" },
  { "scram-sha-256", "SCRAM-SHA-256", smtp_scram_auth_new, "SCRAM-SHA-256" },
  { "scram-sha-512", "SCRAM-SHA-512", smtp_scram_auth_new, "SCRAM-SHA-512" },
  { "scram", ALL_MECHANISMS, smtp_scram_auth_new, "SCRAM-SHA-512" },
  { "auto", ALL_MECHANISMS, smtp_auto_auth_new, "SCRAM-SHA-512" },
};

static void
test_sign_in (Fixture *f)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) auth = way->create (USER, PASSWORD);

  open_offering_only (f, way->offer);
  sign_in (f, auth);
  send_message (f, USER "@" POSTFIX_DOMAIN, way->mechanism);
  leave (f);
}

static void
test_wrong_password (Fixture *f)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) wrong = way->create (USER, "wrong");
  g_autoptr (SmtpAuth) nobody = way->create ("nobody", PASSWORD);
  g_autoptr (SmtpAuth) right = way->create (USER, PASSWORD);

  open_offering_only (f, way->offer);
  refuse (f, wrong);
  refuse (f, nobody);
  sign_in (f, right);
  leave (f);
}

static void
test_utf8 (Fixture *f)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) wrong = way->create ("jürgen", "парол");
  g_autoptr (SmtpAuth) right = way->create ("jürgen", "пароль");

  postfix_add_user (postfix, "jürgen", "пароль", &f->error);
  g_assert_no_error (f->error);
  open_offering_only (f, way->offer);
  refuse (f, wrong);
  sign_in (f, right);
  leave (f);
}

/* What has a meaning in SCRAM's messages. */
static void
test_comma (Fixture *f)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) auth = way->create ("a,b=c", "x,y=z");

  postfix_add_user (postfix, "a,b=c", "x,y=z", &f->error);
  g_assert_no_error (f->error);
  open_offering_only (f, way->offer);
  sign_in (f, auth);
  leave (f);
}

/* ---- nobody in particular --------------------------------------------------- */

/* Guests do not send elsewhere. */
static const char * const traces[] = { "somebody@example.org", "jürgen", "" };

static void
test_anonymous (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_anonymous_auth_new (f->row);

  open_offering_only (f, "ANONYMOUS PLAIN");
  sign_in (f, auth);
  send_with_outcome (f, "anonymous@" POSTFIX_DOMAIN, "ANONYMOUS", SMTP_OUTCOME_PARTIAL);
  leave (f);
}

/* Who signs in is somebody, and does not become a guest by a wrong password. */
static void
test_no_guest (Fixture *f)
{
  g_autoptr (SmtpAuth) wrong = smtp_auto_auth_new (USER, "wrong");
  g_autoptr (SmtpAuth) right = smtp_auto_auth_new (USER, PASSWORD);

  smtp_auto_auth_set_allow_fallback (SMTP_AUTO_AUTH (wrong), TRUE);
  open_offering_only (f, "ANONYMOUS PLAIN");
  refuse (f, wrong);
  sign_in (f, right);
  send_message (f, USER "@" POSTFIX_DOMAIN, "PLAIN");
  leave (f);
}

/* ---- running --------------------------------------------------------------- */

static const struct
{
  const char *name;
  Scenario    scenario;
} exercises[] = {
  { "sign-in", test_sign_in },
  { "wrong-password", test_wrong_password },
  { "utf-8", test_utf8 },
  { "comma", test_comma },
};

static void
add_scenarios (Postfix *started)
{
  postfix = started;
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    for (guint j = 0; j < G_N_ELEMENTS (exercises); j++)
      {
        g_autofree char *name = g_strdup_printf ("/interop/auth-postfix/%s/%s", ways[i].name, exercises[j].name);

        add_row_scenario (name, exercises[j].scenario, &ways[i]);
      }
  for (guint i = 0; i < G_N_ELEMENTS (traces); i++)
    {
      g_autofree char *name = g_strdup_printf ("/interop/auth-postfix/anonymous/%u", i);

      add_row_scenario (name, test_anonymous, traces[i]);
    }
  add_scenario ("/interop/auth-postfix/no-guest", test_no_guest);
}

int
main (int    argc,
      char **argv)
{
  return run_with_postfix (argc, argv, "/interop/auth-postfix", add_scenarios);
}
