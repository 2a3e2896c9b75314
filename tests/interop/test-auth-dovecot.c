/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signing in to Dovecot's submission service by each mechanism. Who signed in,
 * and by what, is in Dovecot's log. */

#include "fixture.h"

#include <string.h>

#include "dovecot.h"
#include "files.h"

#define TIMEOUT_SECONDS 30

#define USER     DOVECOT_USER
#define PASSWORD DOVECOT_PASSWORD

static Dovecot *dovecot;
static char *running;          /* its settings */
static SmtpTestServer *relay;  /* what it relays to */

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

/* They may act as any user. */
static const char masters[] =
  "secretary:master key\n";

static gboolean
write_files (GError **error)
{
  return write_certificate (dovecot->directory, error) &&
         write_file (dovecot->directory, "users", users, 0644, error) &&
         write_file (dovecot->directory, "masters", masters, 0644, error);
}

static void
stop_dovecot (void)
{
  g_clear_pointer (&dovecot, dovecot_stop);
  g_clear_pointer (&running, g_free);
}

static void
restart_dovecot (Fixture    *f,
                 const char *settings)
{
  stop_dovecot ();
  dovecot = dovecot_new (&f->error);
  g_assert_no_error (f->error);
  write_files (&f->error);
  g_assert_no_error (f->error);
  dovecot_run (dovecot, smtp_test_server_get_port (relay), settings, &f->error);
  g_assert_no_error (f->error);
  running = g_strdup (settings);
}

/* One that was started so for the scenario before is as good. */
static void
use_dovecot (Fixture    *f,
             const char *mechanisms,
             const char *more_settings)
{
  g_autofree char *settings = g_strconcat (common_settings, "auth_mechanisms = ", mechanisms, "\n",
                                           more_settings, NULL);

  if (g_strcmp0 (running, settings) != 0)
    restart_dovecot (f, settings);
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

/* That Dovecot says so, too. */
static void
expect_login (const char *username,
              const char *mechanism,
              const char *secured)
{
  g_autofree char *line = g_strdup_printf ("Login: user=<%s>, method=%s%s\n", username, mechanism, secured);

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
  expect_login (username, mechanism, ", TLS");
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
append_line (SmtpClient    *client,
             SmtpDirection  direction,
             const char    *text,
             Fixture       *f)
{
  g_string_append_printf (f->transcript, "%s\n", text);
}

static void
send_message (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (2, CONTENT);
  g_autoptr (SmtpTestMessage) relayed = NULL;
  GBytes *bytes;
  g_autofree char *text = NULL;
  guint before = smtp_test_server_get_n_messages (relay);

  x_send (f, message);
  g_assert_no_error (f->error);
  g_assert_cmpint (smtp_message_get_outcome (message), ==, SMTP_OUTCOME_ACCEPTED);
  g_assert_cmpuint (smtp_test_server_get_n_messages (relay), ==, before + 1);

  /* Dovecot puts a trace field in front. */
  relayed = smtp_test_server_get_message (relay, before);
  bytes = smtp_test_message_get_content (relayed);
  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_assert_true (g_str_has_suffix (text, CONTENT));
}

static void
leave (Fixture *f)
{
  x_quit (f);
  g_assert_no_error (f->error);
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

static const Way ways[] = {
  { "plain", "plain", new_plain, "PLAIN" },
  { "login", "login", new_login, "LOGIN" },
  { "cram-md5", "cram-md5", smtp_cram_md5_auth_new, "CRAM-MD5" },
  { "scram-sha-1", "scram-sha-1", smtp_scram_auth_new, "SCRAM-SHA-1" },
  { "scram-sha-256", "scram-sha-256", smtp_scram_auth_new, "SCRAM-SHA-256" },
  { "auto-plain", "plain", smtp_auto_auth_new, "PLAIN" },
};

/* Chosen among others. */
static const Way choices[] = {
  { "plain", ALL_MECHANISMS, new_plain, "PLAIN" },
  { "login", ALL_MECHANISMS, new_login, "LOGIN" },
  { "cram-md5", ALL_MECHANISMS, smtp_cram_md5_auth_new, "CRAM-MD5" },
  { "scram", ALL_MECHANISMS, smtp_scram_auth_new, "SCRAM-SHA-256" },
  { "auto", ALL_MECHANISMS, smtp_auto_auth_new, "SCRAM-SHA-256" },
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

  use_dovecot (f, way->offer, "");
  open_dovecot (f);
  sign_in_as (f, USER, PASSWORD);
  send_message (f);
  leave (f);
}

/* The right password serves on the same connection. Dovecot takes half a second
 * for a refusal. */
static void
test_wrong_password (Fixture *f)
{
  const Way *way = f->row;

  use_dovecot (f, way->offer, "");
  open_dovecot (f);
  refuse_as (f, USER, "wrong");
  refuse_as (f, "nobody", PASSWORD);
  x_mail (f, "sender@example.org", NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, NULL);
  sign_in_as (f, USER, PASSWORD);
  leave (f);
}

static void
test_utf8 (Fixture *f)
{
  const Way *way = f->row;

  use_dovecot (f, way->offer, "");
  open_dovecot (f);
  refuse_as (f, "jürgen", "парол");
  sign_in_as (f, "jürgen", "пароль");
  leave (f);
}

/* What has a meaning in SCRAM's messages. */
static void
test_comma (Fixture *f)
{
  const Way *way = f->row;

  use_dovecot (f, way->offer, "");
  open_dovecot (f);
  sign_in_as (f, "a,b=c", "x,y=z");
  leave (f);
}

/* ---- acting as somebody else -------------------------------------------------- */

static const char master_settings[] =
  "passdb {\n"
  "  driver = passwd-file\n"
  "  args = scheme=plain @D@/masters\n"
  "  master = yes\n"
  "}\n";

static SmtpAuth *
new_plain_for_boss (const char *username,
                    const char *password)
{
  return smtp_plain_auth_new ("boss", username, password, "127.0.0.1");
}

static SmtpAuth *
new_scram_for_boss (const char *username,
                    const char *password)
{
  return smtp_scram_auth_new_full ("boss", username, password);
}

static const Way identities[] = {
  { "plain", "plain", new_plain_for_boss, "PLAIN" },
  { "scram", "scram-sha-256", new_scram_for_boss, "SCRAM-SHA-256" },
};

static void
test_identity (Fixture *f)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) auth = way->create ("secretary", "master key");

  use_dovecot (f, way->offer, master_settings);
  open_dovecot (f);
  refuse_as (f, "secretary", "wrong");
  refuse_as (f, USER, PASSWORD);
  sign_in (f, auth, "boss", way->mechanism);
  send_message (f);
  leave (f);
}

/* ---- without TLS ---------------------------------------------------------------- */

/* Over a connection that Dovecot does not count as secure. */
static void
open_in_clear (Fixture *f)
{
  use_dovecot (f, ALL_MECHANISMS, "");
  new_dovecot_client (f, "127.0.0.2", SMTP_SECURITY_NONE);
  x_open (f);
  g_assert_no_error (f->error);
}

static gboolean
is_offered (Fixture    *f,
            const char *mechanism)
{
  g_auto (GStrv) mechanisms = smtp_capabilities_get_auth_mechanisms (smtp_client_get_capabilities (f->client));

  return g_strv_contains ((const char * const *) mechanisms, mechanism);
}

static void
test_clear_plain (Fixture *f)
{
  g_autoptr (SmtpAuth) plain = smtp_plain_auth_new (NULL, USER, PASSWORD, "127.0.0.2");

  open_in_clear (f);
  g_assert_false (is_offered (f, "PLAIN"));
  x_authenticate (f, plain);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "PLAIN");
  x_start_tls (f);
  g_assert_no_error (f->error);
  sign_in (f, plain, USER, "PLAIN");
  leave (f);
}

static const Way challenges[] = {
  { "cram-md5", NULL, smtp_cram_md5_auth_new, "CRAM-MD5" },
  { "scram", NULL, smtp_scram_auth_new, "SCRAM-SHA-256" },
  { "auto", NULL, smtp_auto_auth_new, "SCRAM-SHA-256" },
};

/* Those that do not send the password are offered there, too. */
static void
test_clear_challenge (Fixture *f)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) auth = way->create (USER, PASSWORD);

  open_in_clear (f);
  g_assert_null (smtp_client_get_tls_connection (f->client));
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  expect_login (USER, way->mechanism, "");
  leave (f);
}

/* The machine's own address: Dovecot, and the library, let a password travel. */
static void
test_clear_local (Fixture *f)
{
  g_autoptr (SmtpAuth) plain = new_plain (USER, PASSWORD);

  use_dovecot (f, ALL_MECHANISMS, "");
  new_dovecot_client (f, "127.0.0.1", SMTP_SECURITY_NONE);
  x_open (f);
  g_assert_no_error (f->error);
  x_authenticate (f, plain);
  g_assert_no_error (f->error);
  expect_login (USER, "PLAIN", ", secured");
  leave (f);
}

/* ---- several mechanisms ---------------------------------------------------------- */

/* A wrong password is said once, and by no weaker mechanism. */
static void
test_auto_refused (Fixture *f)
{
  g_autoptr (SmtpAuth) wrong = smtp_auto_auth_new (USER, "wrong");
  g_autoptr (SmtpAuth) right = smtp_auto_auth_new (USER, PASSWORD);

  use_dovecot (f, ALL_MECHANISMS, "");
  open_dovecot (f);
  g_signal_connect (f->client, "transcript", G_CALLBACK (append_line), f);
  refuse (f, wrong, "535");
  g_assert_nonnull (strstr (f->transcript->str, "AUTH SCRAM-SHA-256"));
  g_assert_null (strstr (strstr (f->transcript->str, "AUTH SCRAM-SHA-256") + 1, "AUTH"));
  sign_in (f, right, USER, "SCRAM-SHA-256");
  g_assert_cmpstr (smtp_auto_auth_get_mechanism (SMTP_AUTO_AUTH (right)), ==, "SCRAM-SHA-256");
  leave (f);
}

/* What was remembered of a server that had SCRAM is not given up for PLAIN. */
static void
test_auto_pin (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new (USER, PASSWORD);

  use_dovecot (f, ALL_MECHANISMS, "");
  open_dovecot (f);
  sign_in (f, auth, USER, "SCRAM-SHA-256");
  leave (f);
  g_assert_nonnull (smtp_auto_auth_get_pin (SMTP_AUTO_AUTH (auth)));
  g_clear_object (&f->client);
  use_dovecot (f, "plain login", "");
  open_dovecot (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_DOWNGRADE, "SCRAM-SHA-256");
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
add_ways (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    for (guint j = 0; j < G_N_ELEMENTS (exercises); j++)
      {
        g_autofree char *name = g_strdup_printf ("/interop/auth-dovecot/%s/%s", ways[i].name, exercises[j].name);

        add_row_scenario (name, exercises[j].scenario, &ways[i]);
      }
}

static void
add_rows (const char *test,
          Scenario    scenario,
          const Way  *rows,
          guint       n_rows)
{
  for (guint i = 0; i < n_rows; i++)
    {
      g_autofree char *name = g_strdup_printf ("/interop/auth-dovecot/%s/%s", test, rows[i].name);

      add_row_scenario (name, scenario, &rows[i]);
    }
}

static void
add_scenarios (void)
{
  add_ways ();
  add_rows ("identity", test_identity, identities, G_N_ELEMENTS (identities));
  add_rows ("choose", test_sign_in, choices, G_N_ELEMENTS (choices));
  add_rows ("clear", test_clear_challenge, challenges, G_N_ELEMENTS (challenges));
  add_scenario ("/interop/auth-dovecot/clear/plain", test_clear_plain);
  add_scenario ("/interop/auth-dovecot/clear/local", test_clear_local);
  add_scenario ("/interop/auth-dovecot/auto-refused", test_auto_refused);
  add_scenario ("/interop/auth-dovecot/auto-pin", test_auto_pin);
}

static int
run_scenarios (int    argc,
               char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  add_scenarios ();
  status = g_test_run ();
  if (status != 0 && dovecot != NULL)
    dovecot_print_log (dovecot);
  stop_dovecot ();
  return status;
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *missing = dovecot_missing ();
  g_autoptr (GError) error = NULL;
  int status = EXIT_FAILURE;

  if (missing != NULL)
    return report_instead (argc, argv, "/interop/auth-dovecot", is_ci (), missing);

  relay = smtp_test_server_new ();
  if (smtp_test_server_start (relay, &error))
    {
      status = run_scenarios (argc, argv);
      smtp_test_server_stop (relay);
    }
  g_object_unref (relay);

  return error == NULL ? status : report_instead (argc, argv, "/interop/auth-dovecot", TRUE, error->message);
}
