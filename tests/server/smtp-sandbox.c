/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The capture server as a command. */

#include <glib-unix.h>
#include <locale.h>
#include <string.h>

#include "smtp-test-server.h"

static char *opt_tls;
static char *opt_auth;
static char *opt_user;
static char *opt_password;
static char *opt_directory;
static char *opt_port_file;
static char *opt_certificate_file;
static gboolean opt_once;
static gboolean opt_quiet;

static const GOptionEntry entries[] = {
  { "tls", 0, 0, G_OPTION_ARG_STRING, &opt_tls, "Speak TLS: none (the default), starttls or implicit", "MODE" },
  { "auth", 0, 0, G_OPTION_ARG_STRING, &opt_auth, "Offer these mechanisms: PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-256, OAUTHBEARER …", "LIST" },
  { "user", 0, 0, G_OPTION_ARG_STRING, &opt_user, "The account's name (user)", "NAME" },
  { "password", 0, 0, G_OPTION_ARG_STRING, &opt_password, "The account's password (secret); better given in SMTP_SANDBOX_PASSWORD", "PASSWORD" },
  { "directory", 0, 0, G_OPTION_ARG_FILENAME, &opt_directory, "Keep messages here (a new temporary directory)", "DIR" },
  { "once", 0, 0, G_OPTION_ARG_NONE, &opt_once, "End after the first message", NULL },
  { "port-file", 0, 0, G_OPTION_ARG_FILENAME, &opt_port_file, "Write the port to this file once it listens", "FILE" },
  { "certificate-file", 0, 0, G_OPTION_ARG_FILENAME, &opt_certificate_file, "Write the certificate to this file, as PEM", "FILE" },
  { "quiet", 0, 0, G_OPTION_ARG_NONE, &opt_quiet, "Print nothing but the URI", NULL },
  G_OPTION_ENTRY_NULL
};

static GMainLoop *loop;
static guint n_shown;

static gboolean
set_tls (SmtpTestServer *server,
         GError        **error)
{
  GEnumClass *klass = g_type_class_ref (SMTP_TEST_TYPE_TLS);
  GEnumValue *value = opt_tls != NULL ? g_enum_get_value_by_nick (klass, opt_tls) : NULL;

  g_type_class_unref (klass);
  if (opt_tls != NULL && value == NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--tls=%s: none, starttls or implicit", opt_tls);
      return FALSE;
    }

  if (value != NULL)
    g_object_set (server, "tls-mode", value->value, NULL);
  return TRUE;
}

static void
set_account (SmtpTestServer *server)
{
  g_auto (GStrv) mechanisms = g_strsplit (opt_auth != NULL ? opt_auth : "", ",", -1);
  const char *password = opt_password != NULL ? opt_password : g_getenv ("SMTP_SANDBOX_PASSWORD");

  if (opt_auth != NULL)
    g_object_set (server, "auth-mechanisms", mechanisms, "allow-relay-unauthenticated", FALSE, NULL);
  if (opt_user != NULL)
    g_object_set (server, "username", opt_user, NULL);
  if (password != NULL)
    g_object_set (server, "password", password, NULL);
}

static gboolean
set_directory (SmtpTestServer *server,
               GError        **error)
{
  if (opt_directory == NULL)
    opt_directory = g_dir_make_tmp ("smtp-sandbox-XXXXXX", error);
  if (opt_directory == NULL)
    return FALSE;

  if (g_mkdir_with_parents (opt_directory, 0700) != 0)
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s cannot be made", opt_directory);
      return FALSE;
    }

  g_object_set (server, "directory", opt_directory, NULL);
  return TRUE;
}

static gboolean
write_files (SmtpTestServer *server,
             GError        **error)
{
  g_autofree char *port = g_strdup_printf ("%u\n", smtp_test_server_get_port (server));
  g_autofree char *pem = smtp_test_server_get_certificate_pem (server);

  if (opt_certificate_file != NULL && !g_file_set_contents (opt_certificate_file, pem, -1, error))
    return FALSE;

  /* Last: who sees it may go on. */
  return opt_port_file == NULL || g_file_set_contents (opt_port_file, port, -1, error);
}

static void
show_message (SmtpTestMessage *message)
{
  g_autofree char *recipients = g_strjoinv (", ", (char **) smtp_test_message_get_recipients (message));

  if (!opt_quiet)
    g_print ("message %" G_GUINT64_FORMAT ": from <%s> to %s, %" G_GUINT64_FORMAT " octets%s%s%s\n",
             smtp_test_message_get_number (message), smtp_test_message_get_sender (message), recipients,
             smtp_test_message_get_size (message), smtp_test_message_get_tls (message) ? ", over TLS" : "",
             smtp_test_message_get_authenticated_as (message) != NULL ? ", signed in as " : "",
             smtp_test_message_get_authenticated_as (message) != NULL ? smtp_test_message_get_authenticated_as (message) : "");
}

static gboolean
show_new_messages (gpointer server)
{
  for (; n_shown < smtp_test_server_get_n_messages (server); n_shown++)
    {
      g_autoptr (SmtpTestMessage) message = smtp_test_server_get_message (server, n_shown);

      show_message (message);
      if (opt_once)
        g_main_loop_quit (loop);
    }

  return G_SOURCE_REMOVE;
}

/* Waits for messages beside the main loop, and has it show them. */
static gpointer
watch_messages (gpointer server)
{
  for (guint seen = 0; smtp_test_server_wait_for_messages (server, seen + 1, -1);
       seen = smtp_test_server_get_n_messages (server))
    g_main_context_invoke (NULL, show_new_messages, server);

  return NULL;
}

static gboolean
on_signal (gpointer user_data)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
prepare (SmtpTestServer *server,
         GError        **error)
{
  if (!set_tls (server, error) || !set_directory (server, error))
    return FALSE;

  set_account (server);
  return smtp_test_server_start (server, error) && write_files (server, error);
}

static void
run (SmtpTestServer *server)
{
  g_autofree char *uri = smtp_test_server_get_uri (server);
  GThread *watcher;

  g_print ("%s\n", uri);
  if (!opt_quiet)
    g_print ("messages are kept in %s\n", opt_directory);

  g_unix_signal_add (SIGINT, on_signal, NULL);
  g_unix_signal_add (SIGTERM, on_signal, NULL);
  watcher = g_thread_new ("watcher", watch_messages, server);
  g_main_loop_run (loop);

  /* The last reply should leave before the connection is cut: the client of
   * --once says QUIT, others have their sessions ended. */
  if (opt_once)
    smtp_test_server_wait_for_closed (server, 1, 5000);
  smtp_test_server_stop (server);
  g_thread_join (watcher);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (SmtpTestServer) server = NULL;
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_option_context_set_summary (context, "A mail server to try things with. It listens on this machine only, keeps what it\n"
                                         "receives as files (N.eml the message, N.json its envelope) and sends nothing on.");
  g_option_context_add_main_entries (context, entries, NULL);
  server = smtp_test_server_new ();
  if (!g_option_context_parse (context, &argc, &argv, &error) || !prepare (server, &error))
    {
      g_printerr ("smtp-sandbox: %s\n", error->message);
      return 1;
    }

  loop = g_main_loop_new (NULL, FALSE);
  run (server);
  g_main_loop_unref (loop);
  return 0;
}
