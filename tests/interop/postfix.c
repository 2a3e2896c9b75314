/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "postfix.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "files.h"

#define MAIL_OWNER   "postfix"
#define BOX_OWNER    "nobody"
#define MAX_STARTS   5
#define STOP_SECONDS 5
#define MAIL_SECONDS 30

#define DIRECTORY_VARIABLE "SMTP_INTEROP_DIRECTORY"
#define PORT_VARIABLE      "SMTP_INTEROP_PORT"

/* Nothing leaves the machine: there is no SMTP client among the services, no
 * name is looked up, and what is not for the mailbox is discarded. Nobody is
 * trusted for his address, and no header is mended. @D@ is the directory. */
static const char main_cf[] =
  "compatibility_level = 3.6\n"
  "queue_directory = @D@/queue\n"
  "data_directory = @D@/data\n"
  "maillog_file = @D@/log/mail.log\n"
  "maillog_file_prefixes = @D@\n"
  "mail_owner = " MAIL_OWNER "\n"
  "inet_interfaces = 127.0.0.1\n"
  "inet_protocols = ipv4\n"
  "myhostname = mail." POSTFIX_DOMAIN "\n"
  "mydestination =\n"
  "mynetworks =\n"
  "alias_maps =\n"
  "alias_database =\n"
  "local_recipient_maps =\n"
  "local_header_rewrite_clients =\n"
  "smtpd_peername_lookup = no\n"
  "smtpd_error_sleep_time = 0\n"
  "message_size_limit = @SIZE@\n"
  "mailbox_size_limit = 0\n"
  "virtual_mailbox_limit = 0\n"
  "virtual_mailbox_domains = " POSTFIX_DOMAIN "\n"
  "virtual_mailbox_base = @D@/mail\n"
  "virtual_mailbox_maps = inline:{ " POSTFIX_MAILBOX "=box/ }\n"
  "virtual_minimum_uid = 1\n"
  "virtual_uid_maps = static:@UID@\n"
  "virtual_gid_maps = static:@GID@\n"
  "default_transport = discard:\n"
  "relay_transport = discard:\n"
  "smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination\n"
  "smtpd_tls_security_level = may\n"
  "smtpd_tls_auth_only = yes\n"
  "smtpd_tls_cert_file = @D@/certificate.pem\n"
  "smtpd_tls_key_file = @D@/key.pem\n"
  "smtpd_sasl_auth_enable = yes\n"
  "smtpd_sasl_type = cyrus\n"
  "smtpd_sasl_path = smtpd\n"
  "smtpd_sasl_local_domain = " POSTFIX_DOMAIN "\n"
  "smtpd_sasl_security_options =\n"
  "smtpd_sasl_authenticated_header = yes\n"
  "cyrus_sasl_config_path = @D@/config/sasl\n";

static const char master_cf[] =
  "127.0.0.1:@PORT@ inet n - n - - smtpd -o max_use=1\n"
  "pickup     unix  n       -       n       60      1       pickup\n"
  "cleanup    unix  n       -       n       -       0       cleanup\n"
  "qmgr       unix  n       -       n       300     1       qmgr\n"
  "tlsmgr     unix  -       -       n       1000?   1       tlsmgr\n"
  "rewrite    unix  -       -       n       -       -       trivial-rewrite\n"
  "bounce     unix  -       -       n       -       0       bounce\n"
  "defer      unix  -       -       n       -       0       bounce\n"
  "trace      unix  -       -       n       -       0       bounce\n"
  "verify     unix  -       -       n       -       1       verify\n"
  "flush      unix  n       -       n       1000?   0       flush\n"
  "proxymap   unix  -       -       n       -       -       proxymap\n"
  "proxywrite unix  -       -       n       -       1       proxymap\n"
  "showq      unix  n       -       n       -       -       showq\n"
  "error      unix  -       -       n       -       -       error\n"
  "retry      unix  -       -       n       -       -       error\n"
  "discard    unix  -       -       n       -       -       discard\n"
  "virtual    unix  -       n       n       -       -       virtual\n"
  "anvil      unix  -       -       n       -       1       anvil\n"
  "postlog    unix-dgram n  -       n       -       1       postlogd\n";

/* Cyrus SASL's, beside main.cf, as Debian's Postfix looks there whatever
 * cyrus_sasl_config_path is. */
static const char smtpd_conf[] =
  "pwcheck_method: auxprop\n"
  "auxprop_plugin: sasldb\n"
  "sasldb_path: @D@/config/sasl/sasldb2\n"
  "mech_list: ";

/* ---- programs ------------------------------------------------------------- */

static gboolean
has_cyrus_sasl (const char *postconf)
{
  const char *argv[] = { postconf, "-a", NULL };
  g_autofree char *out = NULL;

  return g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &out, NULL, NULL, NULL) &&
         strstr (out, "cyrus") != NULL;
}

char *
postfix_missing (void)
{
  static const char * const needed[] = { "postfix", "postconf", "saslpasswd2" };
  g_autofree char *postconf = find_program ("postconf");

  for (guint i = 0; i < G_N_ELEMENTS (needed); i++)
    {
      g_autofree char *path = find_program (needed[i]);

      if (path == NULL)
        return g_strdup_printf ("%s is not installed", needed[i]);
    }
  if (!has_cyrus_sasl (postconf))
    return g_strdup ("Postfix cannot use Cyrus SASL");
  if (getpwnam (MAIL_OWNER) == NULL || getpwnam (BOX_OWNER) == NULL)
    return g_strdup ("the users " MAIL_OWNER " and " BOX_OWNER " do not both exist");

  return NULL;
}

gboolean
postfix_may_start (void)
{
  return geteuid () == 0;
}

static gboolean
run_postfix (Postfix     *self,
             const char  *command,
             GError     **error)
{
  g_autofree char *program = find_program ("postfix");
  g_autofree char *config = g_build_filename (self->directory, "config", NULL);
  const char *argv[] = { program, "-c", config, command, NULL };
  int status;

  /* No pipes: the daemons would inherit them. They have a log. */
  return g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                       NULL, NULL, NULL, NULL, &status, error) &&
         g_spawn_check_wait_status (status, error);
}

/* ---- files ---------------------------------------------------------------- */

static gboolean
give (const char  *path,
      const char  *owner,
      GError     **error)
{
  struct passwd *entry = getpwnam (owner);

  return chown (path, entry->pw_uid, entry->pw_gid) == 0 || fail_errno (error, path);
}

static gboolean
make_directory (Postfix     *self,
                const char  *name,
                const char  *owner,
                GError     **error)
{
  g_autofree char *path = g_build_filename (self->directory, name, NULL);

  /* The umask shall not matter. */
  if (g_mkdir (path, 0755) != 0 || g_chmod (path, 0755) != 0)
    return fail_errno (error, path);

  return owner == NULL || give (path, owner, error);
}

static gboolean
make_directories (Postfix  *self,
                  GError  **error)
{
  static const struct { const char *name, *owner; } directories[] = {
    { "config", NULL }, { "queue", NULL }, { "log", NULL }, { "config/sasl", NULL }, { "data", MAIL_OWNER },
    { "mail", BOX_OWNER }, { "mail/box", BOX_OWNER }, { "mail/box/tmp", BOX_OWNER },
    { "mail/box/new", BOX_OWNER }, { "mail/box/cur", BOX_OWNER },
  };

  if (g_chmod (self->directory, 0755) != 0)
    return fail_errno (error, self->directory);
  for (guint i = 0; i < G_N_ELEMENTS (directories); i++)
    if (!make_directory (self, directories[i].name, directories[i].owner, error))
      return FALSE;

  return TRUE;
}

static gboolean
write_template (Postfix     *self,
                const char  *name,
                const char  *text,
                GError     **error)
{
  struct passwd *box_owner = getpwnam (BOX_OWNER);
  g_autofree char *port = g_strdup_printf ("%u", self->port);
  g_autofree char *uid = g_strdup_printf ("%lu", (gulong) box_owner->pw_uid);
  g_autofree char *gid = g_strdup_printf ("%lu", (gulong) box_owner->pw_gid);
  GString *filled = g_string_new (text);
  g_autofree char *result = NULL;

  g_string_replace (filled, "@D@", self->directory, 0);
  g_string_replace (filled, "@PORT@", port, 0);
  g_string_replace (filled, "@UID@", uid, 0);
  g_string_replace (filled, "@GID@", gid, 0);
  g_string_replace (filled, "@SIZE@", G_STRINGIFY (POSTFIX_MAX_SIZE), 0);
  result = g_string_free (filled, FALSE);

  return write_file (self->directory, name, result, 0644, error);
}

gboolean
postfix_add_user (Postfix     *self,
                  const char  *username,
                  const char  *password,
                  GError     **error)
{
  g_autofree char *program = find_program ("saslpasswd2");
  g_autofree char *path = g_build_filename (self->directory, "config", "sasl", "sasldb2", NULL);
  g_autoptr (GSubprocess) process = NULL;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE, error, program, "-p", "-c", "-f", path,
                              "-u", POSTFIX_DOMAIN, username, NULL);

  /* smtpd reads it after it has dropped its privileges. */
  return process != NULL &&
         g_subprocess_communicate_utf8 (process, password, NULL, NULL, NULL, error) &&
         g_subprocess_wait_check (process, NULL, error) &&
         give (path, MAIL_OWNER, error);
}

gboolean
postfix_offer (Postfix     *self,
               const char  *mechanisms,
               GError     **error)
{
  g_autofree char *text = g_strconcat (smtpd_conf, mechanisms, "\n", NULL);

  return write_template (self, "config/sasl/smtpd.conf", text, error);
}

/* ---- starting ------------------------------------------------------------- */

static Postfix *
postfix_new (const char *directory)
{
  Postfix *self = g_new0 (Postfix, 1);

  self->directory = g_strdup (directory);
  self->certificate = g_build_filename (directory, "certificate.pem", NULL);
  self->new_mail = g_build_filename (directory, "mail", "box", "new", NULL);

  return self;
}

static gboolean
postfix_prepare (Postfix  *self,
                 GError  **error)
{
  return make_directories (self, error) &&
         write_template (self, "config/main.cf", main_cf, error) &&
         postfix_offer (self, "PLAIN LOGIN CRAM-MD5", error) &&
         write_certificate (self->directory, error) &&
         postfix_add_user (self, POSTFIX_USER, POSTFIX_PASSWORD, error);
}

/* Returns when the port is open. */
static gboolean
try_start (Postfix  *self,
           GError  **error)
{
  self->port = find_port (error);

  return self->port != 0 &&
         write_template (self, "config/master.cf", master_cf, error) &&
         run_postfix (self, "start", error);
}

/* A port that is taken shows as a failure of the program. */
static gboolean
start_on_some_port (Postfix  *self,
                    GError  **error)
{
  for (guint i = 1; i < MAX_STARTS; i++)
    {
      g_autoptr (GError) failure = NULL;

      if (try_start (self, &failure))
        return TRUE;
      if (failure->domain != G_SPAWN_EXIT_ERROR)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
    }

  return try_start (self, error);
}

Postfix *
postfix_start (GError **error)
{
  g_autofree char *directory = g_dir_make_tmp ("smtp-interop-XXXXXX", error);
  g_autoptr (Postfix) self = NULL;

  if (directory == NULL)
    return NULL;
  self = postfix_new (directory);
  if (postfix_prepare (self, error) && start_on_some_port (self, error))
    return g_steal_pointer (&self);

  postfix_print_log (self);
  postfix_stop (self);
  return NULL;
}

/* ---- stopping ------------------------------------------------------------- */

static void
on_alarm (int number G_GNUC_UNUSED)
{
}

/* As long as the master runs it has its file locked. Says whether it is gone
 * within so many seconds. */
static gboolean
wait_for_lock (int   fd,
               guint seconds)
{
  struct sigaction action = { .sa_handler = on_alarm };
  gboolean locked;

  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    return TRUE;

  /* Not restarted by the signal. */
  sigaction (SIGALRM, &action, NULL);
  alarm (seconds);
  locked = seconds > 0 && flock (fd, LOCK_EX) == 0;
  alarm (0);

  return locked;
}

/* The locked file is the proof that the number is the master's. What
 * "postfix stop" does more is to sleep. */
static void
stop_master (int         fd,
             const char *pid_text)
{
  /* Padded with blanks. */
  pid_t pid = g_ascii_strtoll (pid_text, NULL, 10);

  if (pid <= 1 || wait_for_lock (fd, 0))
    return;

  kill (pid, SIGTERM);
  if (!wait_for_lock (fd, STOP_SECONDS))
    g_printerr ("# Postfix does not stop: killing %ld\n", (glong) pid);

  /* It leads the group of its daemons. */
  kill (-pid, SIGKILL);
}

/* Also after a start that failed. */
void
postfix_stop (Postfix *self)
{
  g_autofree char *path = g_build_filename (self->directory, "queue", "pid", "master.pid", NULL);
  g_autofree char *text = NULL;
  int fd = g_open (path, O_RDWR | O_CLOEXEC, 0);

  if (fd >= 0 && g_file_get_contents (path, &text, NULL, NULL))
    stop_master (fd, text);
  if (fd >= 0)
    close (fd);
  remove_tree (self->directory);
}

void
postfix_print_log (Postfix *self)
{
  g_autofree char *path = g_build_filename (self->directory, "log", "mail.log", NULL);
  g_autofree char *text = NULL;

  if (g_file_get_contents (path, &text, NULL, NULL))
    g_printerr ("%s", text);
}

gboolean
postfix_wait_for_log (Postfix    *self,
                      const char *text)
{
  g_autofree char *path = g_build_filename (self->directory, "log", "mail.log", NULL);

  return wait_for_text (path, text, &self->seen);
}

/* ---- mail that arrives ---------------------------------------------------- */

char *
postfix_find_mail (Postfix *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (self->new_mail, 0, &error);
  const char *name;

  g_assert_no_error (error);
  name = g_dir_read_name (dir);
  return name != NULL ? g_build_filename (self->new_mail, name, NULL) : NULL;
}

static gboolean
on_timeout (gpointer user_data)
{
  gboolean *timed_out = user_data;

  *timed_out = TRUE;
  return G_SOURCE_REMOVE;
}

/* The file appears complete: it is linked into the directory when it is. */
char *
postfix_wait_for_mail (Postfix *self)
{
  g_autoptr (GFile) directory = g_file_new_for_path (self->new_mail);
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileMonitor) monitor = g_file_monitor_directory (directory, G_FILE_MONITOR_NONE, NULL, &error);
  gboolean timed_out = FALSE;
  guint timeout = g_timeout_add_seconds (MAIL_SECONDS, on_timeout, &timed_out);
  char *path;

  g_assert_no_error (error);
  g_assert_true (G_IS_FILE_MONITOR (monitor));
  while ((path = postfix_find_mail (self)) == NULL && !timed_out)
    g_main_context_iteration (NULL, TRUE);
  if (!timed_out)
    g_source_remove (timeout);

  return path;
}

/* ---- for another process -------------------------------------------------- */

char **
postfix_export (Postfix *self)
{
  g_autofree char *port = g_strdup_printf ("%u", self->port);
  char **variables = g_environ_setenv (g_get_environ (), DIRECTORY_VARIABLE, self->directory, TRUE);

  return g_environ_setenv (variables, PORT_VARIABLE, port, TRUE);
}

Postfix *
postfix_import (void)
{
  const char *directory = g_getenv (DIRECTORY_VARIABLE);
  const char *port = g_getenv (PORT_VARIABLE);
  Postfix *self;

  if (directory == NULL || port == NULL)
    return NULL;
  self = postfix_new (directory);
  self->port = g_ascii_strtoull (port, NULL, 10);

  return self;
}

void
postfix_free (Postfix *self)
{
  g_free (self->directory);
  g_free (self->certificate);
  g_free (self->new_mail);
  g_free (self);
}
