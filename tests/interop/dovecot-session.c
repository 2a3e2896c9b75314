/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "dovecot-session.h"

#include "files.h"

#define TIMEOUT_SECONDS 30

static Dovecot *dovecot;
static char *running;          /* its settings */
static SmtpTestServer *relay;  /* what it relays to */
static GHashTable *files;      /* that lie in its directory: their texts */

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

void
add_dovecot_file (const char *name,
                  const char *text)
{
  g_hash_table_insert (files, g_strdup (name), g_strdup (text));
}

static gboolean
write_files (GError **error)
{
  GHashTableIter iter;
  gpointer name, text;

  g_hash_table_iter_init (&iter, files);
  while (g_hash_table_iter_next (&iter, &name, &text))
    if (!write_file (dovecot->directory, name, text, 0644, error))
      return FALSE;

  return write_certificate (dovecot->directory, error);
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
void
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

void
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

void
open_dovecot (Fixture *f)
{
  new_dovecot_client (f, "127.0.0.1", SMTP_SECURITY_STARTTLS);
  x_open (f);
  g_assert_no_error (f->error);
}

void
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

void
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

void
refuse (Fixture    *f,
        SmtpAuth   *auth,
        const char *part_of_message)
{
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, part_of_message);
  g_assert_false (smtp_client_get_authenticated (f->client));
  expect_state (f, SMTP_CLIENT_STATE_READY);
}

void
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

void
leave (Fixture *f)
{
  x_quit (f);
  g_assert_no_error (f->error);
}

/* ---- running --------------------------------------------------------------- */

static int
run_scenarios (int    argc,
               char **argv,
               void (*add_scenarios) (void))
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
run_with_dovecot (int          argc,
                  char       **argv,
                  const char  *name,
                  void       (*add_scenarios) (void))
{
  g_autofree char *missing = dovecot_missing ();
  g_autoptr (GError) error = NULL;
  int status = EXIT_FAILURE;

  if (missing != NULL)
    return report_instead (argc, argv, name, is_ci (), missing);

  files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  relay = smtp_test_server_new ();
  if (smtp_test_server_start (relay, &error))
    {
      status = run_scenarios (argc, argv, add_scenarios);
      smtp_test_server_stop (relay);
    }
  g_object_unref (relay);
  g_hash_table_unref (files);

  return error == NULL ? status : report_instead (argc, argv, name, TRUE, error->message);
}
