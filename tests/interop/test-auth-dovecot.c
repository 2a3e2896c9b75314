/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signing in to Dovecot's submission service by each mechanism. Every scenario
 * has a Dovecot of its own, which relays to the scenario's capture server. Who
 * signed in, and by what, is in Dovecot's log. */

#include "fixture.h"

#include <string.h>

#include "dovecot.h"
#include "files.h"

#define TIMEOUT_SECONDS 30

#define USER     DOVECOT_USER
#define PASSWORD DOVECOT_PASSWORD

static Dovecot *dovecot;

/* ---- the server ------------------------------------------------------------ */

/* 127.0.0.2 is not the client's own address, so that Dovecot does not count it
 * as secure. */
static const char common_settings[] =
  "ssl = yes\n"
  "ssl_cert = <@D@/certificate.pem\n"
  "ssl_key = <@D@/key.pem\n"
  "disable_plaintext_auth = yes\n"
  "login_log_format_elements = user=<%u> method=%m %c\n"
  "auth_failure_delay = 0\n"
  "auth_username_chars =\n"
  "service anvil {\n"
  "  unix_listener anvil-auth-penalty {\n"
  "    mode = 0\n"
  "  }\n"
  "}\n"
  "service submission-login {\n"
  "  inet_listener submission {\n"
  "    address = 127.0.0.1 127.0.0.2\n"
  "  }\n"
  "}\n";

static const char users[] =
  USER ":" PASSWORD "\n"
  "jürgen:пароль\n"
  "a,b=c:x,y=z\n"
  "boss:not known to anybody\n";

static void
prepare_dovecot (Fixture *f)
{
  start_server (f);
  dovecot = dovecot_new (&f->error);
  g_assert_no_error (f->error);
  write_certificate (dovecot->directory, &f->error);
  g_assert_no_error (f->error);
  write_file (dovecot->directory, "users", users, 0644, &f->error);
  g_assert_no_error (f->error);
}

static void
run_dovecot (Fixture    *f,
             const char *mechanisms,
             const char *settings)
{
  g_autofree char *all = g_strdup_printf ("%sauth_mechanisms = %s\n%s", common_settings, mechanisms, settings);

  dovecot_run (dovecot, smtp_test_server_get_port (f->server), all, &f->error);
  g_assert_no_error (f->error);
}

static void
start_dovecot (Fixture    *f,
               const char *mechanisms,
               const char *settings)
{
  prepare_dovecot (f);
  run_dovecot (f, mechanisms, settings);
}

static void
stop_dovecot (void)
{
  if (g_test_failed ())
    dovecot_print_log (dovecot);
  g_clear_pointer (&dovecot, dovecot_stop);
}

/* ---- the client ------------------------------------------------------------ */

static void
new_dovecot_client (Fixture      *f,
                    const char   *host,
                    SmtpSecurity  security)
{
  g_autofree char *path = g_build_filename (dovecot->directory, "certificate.pem", NULL);
  g_autoptr (GTlsDatabase) database = g_tls_file_database_new (path, &f->error);

  g_assert_no_error (f->error);
  g_clear_object (&f->client);
  f->client = smtp_client_new (host, dovecot->port, security);
  smtp_client_set_timeout (f->client, TIMEOUT_SECONDS);
  smtp_client_set_tls_database (f->client, database);
  smtp_client_set_stay_open_after_refusal (f->client, TRUE);
}

static void
open_dovecot (Fixture *f)
{
  new_dovecot_client (f, "127.0.0.1", SMTP_SECURITY_STARTTLS);
  x_open (f);
  g_assert_no_error (f->error);
}

/* That Dovecot has it so, and not only the client. */
static void
expect_login (const char *username,
              const char *mechanism,
              const char *secured)
{
  g_autofree char *line = g_strdup_printf ("Login: user=<%s>, method=%s, %s", username, mechanism, secured);

  if (!dovecot_wait_for_log (dovecot, line))
    {
      dovecot_print_log (dovecot);
      g_error ("“%s” is not in the log", line);
    }
}

static void
sign_in (Fixture    *f,
         SmtpAuth   *auth,
         const char *username,
         const char *mechanism)
{
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  g_assert_true (smtp_client_get_authenticated (f->client));
  expect_login (username, mechanism, "TLS");
}

/* Without having signed in, Dovecot does not know MAIL. */
static void
refuse (Fixture    *f,
        SmtpAuth   *auth,
        const char *part_of_message)
{
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, part_of_message);
  g_assert_false (smtp_client_get_authenticated (f->client));
  expect_state (f, SMTP_CLIENT_STATE_READY);
}

static void
send_message (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (2, CONTENT);
  g_autoptr (SmtpTestMessage) relayed = NULL;
  GBytes *bytes;
  g_autofree char *text = NULL;

  x_send (f, message);
  g_assert_no_error (f->error);
  g_assert_cmpint (smtp_message_get_outcome (message), ==, SMTP_OUTCOME_ACCEPTED);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 1);

  /* Dovecot puts a trace field in front. */
  relayed = smtp_test_server_get_message (f->server, 0);
  bytes = smtp_test_message_get_content (relayed);
  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_assert_true (g_str_has_suffix (text, CONTENT));
}

static void
leave (Fixture *f)
{
  x_quit (f);
  g_assert_no_error (f->error);
  stop_dovecot ();
}

/* ---- the mechanisms that know a password ------------------------------------- */

#define ALL_MECHANISMS "plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256"

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

/* Alone, and chosen among others. */
static const Way ways[] = {
  { "plain", "plain", new_plain, "PLAIN" },
  { "login", "login", new_login, "LOGIN" },
  { "cram-md5", "cram-md5", smtp_cram_md5_auth_new, "CRAM-MD5" },
  { "scram-sha-1", "scram-sha-1", smtp_scram_auth_new, "SCRAM-SHA-1" },
  { "scram-sha-256", "scram-sha-256", smtp_scram_auth_new, "SCRAM-SHA-256" },
  { "all-plain", ALL_MECHANISMS, new_plain, "PLAIN" },
  { "all-login", ALL_MECHANISMS, new_login, "LOGIN" },
  { "all-cram-md5", ALL_MECHANISMS, smtp_cram_md5_auth_new, "CRAM-MD5" },
  { "all-scram", ALL_MECHANISMS, smtp_scram_auth_new, "SCRAM-SHA-256" },
};

static void
sign_in_as (Fixture    *f,
            const char *username,
            const char *password)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) auth = way->create (username, password);

  sign_in (f, auth, username, way->mechanism);
}

static void
refuse_as (Fixture    *f,
           const char *username,
           const char *password)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) auth = way->create (username, password);

  refuse (f, auth, "535");
}

static void
test_sign_in (Fixture *f)
{
  const Way *way = f->row;

  start_dovecot (f, way->offer, "");
  open_dovecot (f);
  sign_in_as (f, USER, PASSWORD);
  send_message (f);
  leave (f);
}

/* The right password, too, is of use on the same connection. */
static void
test_wrong_password (Fixture *f)
{
  const Way *way = f->row;

  start_dovecot (f, way->offer, "");
  open_dovecot (f);
  refuse_as (f, USER, "wrong");
  refuse_as (f, USER, PASSWORD " ");
  refuse_as (f, "nobody", PASSWORD);
  refuse_as (f, "jürgen", PASSWORD);
  x_mail (f, "sender@example.org", NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, NULL);
  sign_in_as (f, USER, PASSWORD);
  leave (f);
}

static void
test_utf8 (Fixture *f)
{
  const Way *way = f->row;

  start_dovecot (f, way->offer, "");
  open_dovecot (f);
  refuse_as (f, "jürgen", "парол");
  refuse_as (f, "jurgen", "пароль");
  sign_in_as (f, "jürgen", "пароль");
  leave (f);
}

/* What has a meaning in SCRAM's messages. */
static void
test_comma (Fixture *f)
{
  const Way *way = f->row;

  start_dovecot (f, way->offer, "");
  open_dovecot (f);
  sign_in_as (f, "a,b=c", "x,y=z");
  leave (f);
}

/* ---- running --------------------------------------------------------------- */

static void
add_ways (const char *test,
          Scenario    scenario)
{
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *name = g_strdup_printf ("/interop/auth-dovecot/%s/%s", test, ways[i].name);

      add_row_scenario (name, scenario, &ways[i]);
    }
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *missing = dovecot_missing ();

  if (missing != NULL)
    return report_instead (argc, argv, "/interop/auth-dovecot", is_ci (), missing);

  g_test_init (&argc, &argv, NULL);
  add_ways ("sign-in", test_sign_in);
  add_ways ("wrong-password", test_wrong_password);
  add_ways ("utf-8", test_utf8);
  add_ways ("comma", test_comma);
  return g_test_run ();
}
