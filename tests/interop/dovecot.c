/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "dovecot.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "files.h"

#define SUBMISSION "/usr/lib/dovecot/submission"
#define MAX_STARTS 5

/* @LOGIN@, @INTERNAL@: users, who have to be whoever starts it unless that is
 * root. */
static const char config[] =
  "protocols = submission\n"
  "base_dir = @D@/run\n"
  "state_dir = @D@/run\n"
  "log_path = @D@/log\n"
  "mail_location = maildir:@D@/mail\n"
  "default_internal_user = @INTERNAL@\n"
  "default_login_user = @LOGIN@\n"
  "default_internal_group = @GROUP@\n"
  "first_valid_uid = 1\n"
  "first_valid_gid = 1\n"
  "ssl = no\n"
  "disable_plaintext_auth = no\n"
  "auth_mechanisms = plain login\n"
  "hostname = mail.interop.example\n"
  "passdb {\n"
  "  driver = passwd-file\n"
  "  args = scheme=plain @D@/users\n"
  "}\n"
  "userdb {\n"
  "  driver = static\n"
  "  args = uid=@UID@ gid=@GID@ home=@D@/mail\n"
  "}\n"
  "service anvil {\n"
  "  chroot =\n"
  "}\n"
  "service submission-login {\n"
  "  chroot =\n"
  "  inet_listener submission {\n"
  "    address = 127.0.0.1\n"
  "    port = @PORT@\n"
  "  }\n"
  "}\n"
  "submission_relay_host = 127.0.0.1\n"
  "submission_relay_port = @RELAY@\n"
  "submission_relay_trusted = no\n";

char *
dovecot_missing (void)
{
  g_autofree char *program = find_program ("dovecot");

  if (program == NULL)
    return g_strdup ("dovecot is not installed");
  if (g_access (SUBMISSION, X_OK) != 0)
    return g_strdup ("Dovecot's submission service is not installed");
  if (geteuid () == 0 && (getpwnam ("dovecot") == NULL || getpwnam ("dovenull") == NULL))
    return g_strdup ("the users dovecot and dovenull do not both exist");

  return NULL;
}

/* ---- files ---------------------------------------------------------------- */

static void
fill_number (GString    *text,
             const char *name,
             gulong      number)
{
  g_autofree char *value = g_strdup_printf ("%lu", number);

  g_string_replace (text, name, value, 0);
}

static gboolean
write_config (Dovecot     *self,
              guint16      relay_port,
              const char  *settings,
              GError     **error)
{
  g_autoptr (GString) text = g_string_new (config);
  gboolean root = geteuid () == 0;
  const char *internal = root ? "dovecot" : g_get_user_name ();
  struct passwd *owner = getpwnam (internal);

  if (owner == NULL)
    return fail_errno (error, internal);

  g_string_append (text, settings);
  g_string_replace (text, "@D@", self->directory, 0);
  g_string_replace (text, "@INTERNAL@", internal, 0);
  g_string_replace (text, "@GROUP@", root ? "dovecot" : internal, 0);
  g_string_replace (text, "@LOGIN@", root ? "dovenull" : internal, 0);
  fill_number (text, "@UID@", owner->pw_uid);
  fill_number (text, "@GID@", owner->pw_gid);
  fill_number (text, "@PORT@", self->port);
  fill_number (text, "@RELAY@", relay_port);
  return write_file (self->directory, "dovecot.conf", text->str, 0644, error);
}

static gboolean
make_directories (Dovecot  *self,
                  GError  **error)
{
  static const char * const names[] = { "run", "mail" };

  if (g_chmod (self->directory, 0755) != 0)
    return fail_errno (error, self->directory);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (self->directory, names[i], NULL);
      struct passwd *owner = geteuid () == 0 ? getpwnam ("dovecot") : NULL;

      if (g_mkdir (path, 0755) != 0 || g_chmod (path, 0755) != 0 ||
          (owner != NULL && i == 1 && chown (path, owner->pw_uid, owner->pw_gid) != 0))
        return fail_errno (error, path);
    }

  return write_file (self->directory, "users", DOVECOT_USER ":" DOVECOT_PASSWORD "\n", 0644, error);
}

/* ---- starting ------------------------------------------------------------- */

static gboolean
try_start (Dovecot     *self,
           guint16      relay_port,
           const char  *settings,
           GError     **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE |
                                                                        G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_autofree char *program = find_program ("dovecot");
  g_autofree char *path = g_build_filename (self->directory, "dovecot.conf", NULL);

  self->port = find_port (error);
  if (self->port == 0 || !write_config (self, relay_port, settings, error))
    return FALSE;

  g_clear_object (&self->process);
  g_subprocess_launcher_set_child_setup (launcher, end_with_parent, NULL, NULL);
  self->process = g_subprocess_launcher_spawn (launcher, error, program, "-F", "-c", path, NULL);
  return self->process != NULL && wait_for_port (self->port, self->process, error);
}

Dovecot *
dovecot_new (GError **error)
{
  Dovecot *self = g_new0 (Dovecot, 1);

  self->directory = g_dir_make_tmp ("smtp-interop-XXXXXX", error);
  if (self->directory != NULL && make_directories (self, error))
    return self;

  dovecot_stop (self);
  return NULL;
}

gboolean
dovecot_run (Dovecot     *self,
             guint16      relay_port,
             const char  *settings,
             GError     **error)
{
  gboolean started = FALSE;

  /* A port that is taken meanwhile is one reason to fail. */
  for (guint i = 1; i < MAX_STARTS && !started; i++)
    started = try_start (self, relay_port, settings, NULL);
  started = started || try_start (self, relay_port, settings, error);
  if (!started)
    dovecot_print_log (self);

  return started;
}

Dovecot *
dovecot_start (guint16   relay_port,
               GError  **error)
{
  Dovecot *self = dovecot_new (error);

  if (self == NULL || dovecot_run (self, relay_port, "", error))
    return self;

  dovecot_stop (self);
  return NULL;
}

void
dovecot_stop (Dovecot *self)
{
  if (self->process != NULL)
    {
      g_subprocess_send_signal (self->process, SIGTERM);
      g_subprocess_wait (self->process, NULL, NULL);
    }
  if (self->directory != NULL)
    remove_tree (self->directory);
  g_clear_object (&self->process);
  g_free (self->directory);
  g_free (self);
}

/* ---- the log -------------------------------------------------------------- */

void
dovecot_print_log (Dovecot *self)
{
  g_autofree char *path = g_build_filename (self->directory, "log", NULL);
  g_autofree char *text = NULL;

  if (g_file_get_contents (path, &text, NULL, NULL))
    g_printerr ("%s", text);
}

/* A process of its own writes it, some time after it was said. */
gboolean
dovecot_wait_for_log (Dovecot    *self,
                      const char *text)
{
  g_autofree char *path = g_build_filename (self->directory, "log", NULL);

  return wait_for_text (path, text, &self->seen);
}
