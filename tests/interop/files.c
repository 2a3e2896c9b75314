/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "files.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "smtp-test-certificate.h"

#define START_SECONDS 10
#define TEXT_SECONDS 10

char *
find_program (const char *name)
{
  static const char * const places[] = { "/usr/sbin", "/usr/local/sbin", "/sbin" };
  char *path = g_find_program_in_path (name);

  for (guint i = 0; path == NULL && i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *candidate = g_build_filename (places[i], name, NULL);

      path = g_find_program_in_path (candidate);
    }

  return path;
}

guint16
find_port (GError **error)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, 0, error);

  if (socket == NULL || !g_socket_bind (socket, address, FALSE, error) ||
      (bound = g_socket_get_local_address (socket, error)) == NULL)
    return 0;

  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
}

void
end_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

static gboolean
answers (guint16 port)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;

  connection = g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, NULL);
  return connection != NULL;
}

static gboolean
on_tick (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Servers say nowhere that they listen, so that is tried now and then. */
gboolean
wait_for_port (guint16       port,
               GSubprocess  *process,
               GError      **error)
{
  gint64 deadline = g_get_monotonic_time () + START_SECONDS * G_TIME_SPAN_SECOND;
  guint tick = g_timeout_add (20, on_tick, NULL);
  gboolean answered;

  while (!(answered = answers (port)) && g_subprocess_get_identifier (process) != NULL &&
         g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);

  g_source_remove (tick);
  if (!answered)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "the server does not open its port");
  return answered;
}

gboolean
fail_errno (GError     **error,
            const char  *path)
{
  int saved = errno;

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved), "%s: %s", path, g_strerror (saved));
  return FALSE;
}

gboolean
write_file (const char  *directory,
            const char  *name,
            const char  *text,
            int          mode,
            GError     **error)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  /* Without CONSISTENT the end of a longer text that was there before stays. */
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, mode, error) &&
         (g_chmod (path, mode) == 0 || fail_errno (error, path));
}

gboolean
write_certificate (const char  *directory,
                   GError     **error)
{
  const char *names[] = { "127.0.0.1", "127.0.0.2", NULL };
  g_autoptr (SmtpTestIdentity) identity = smtp_test_identity_new ((char **) names, FALSE, error);

  return identity != NULL &&
         write_file (directory, "certificate.pem", identity->certificate_pem, 0644, error) &&
         write_file (directory, "key.pem", identity->key_pem, 0600, error);
}

static gboolean
find_text (const char *path,
           const char *text,
           gsize      *seen)
{
  g_autofree char *contents = NULL;
  const char *found;

  if (!g_file_get_contents (path, &contents, NULL, NULL) ||
      (found = strstr (contents + *seen, text)) == NULL)
    return FALSE;

  *seen = found + strlen (text) - contents;
  return TRUE;
}

gboolean
wait_for_text (const char *path,
               const char *text,
               gsize      *seen)
{
  gint64 deadline = g_get_monotonic_time () + TEXT_SECONDS * G_TIME_SPAN_SECOND;
  guint tick = g_timeout_add (20, on_tick, NULL);
  gboolean found;

  while (!(found = find_text (path, text, seen)) && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);

  g_source_remove (tick);
  return found;
}

void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    dir = g_dir_open (path, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  if (g_remove (path) != 0)
    g_printerr ("# %s: %s\n", path, g_strerror (errno));
}

gboolean
is_ci (void)
{
  const char *ci = g_getenv ("CI");

  return ci != NULL && *ci != '\0';
}

static void
report_skip (gconstpointer reason)
{
  g_test_skip (reason);
}

static void
report_failure (gconstpointer reason)
{
  g_test_message ("%s", (const char *) reason);
  g_test_fail ();
}

int
report_instead (int         argc,
                char      **argv,
                const char *name,
                gboolean    failure,
                const char *reason)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_test_add_data_func (name, reason, failure ? report_failure : report_skip);

  return g_test_run ();
}
