/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kerberos.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "files.h"

#define MAX_STARTS 5

/* No name server is asked for anything, and nothing of the machine's own
 * realm is found. */
static const char config[] =
  "[libdefaults]\n"
  "  default_realm = " KERBEROS_REALM "\n"
  "  dns_lookup_kdc = false\n"
  "  dns_lookup_realm = false\n"
  "  dns_canonicalize_hostname = false\n"
  "  rdns = false\n"
  "  qualify_shortname = \"\"\n"
  "  default_keytab_name = FILE:@D@/server.keytab\n"
  "  default_client_keytab_name = FILE:@D@/no.keytab\n"
  "[realms]\n"
  "  " KERBEROS_REALM " = {\n"
  "    kdc = 127.0.0.1:@PORT@\n"
  "  }\n"
  "[domain_realm]\n"
  "  .interop.example = " KERBEROS_REALM "\n"
  "  127.0.0.1 = " KERBEROS_REALM "\n"
  "[logging]\n"
  "  kdc = FILE:@D@/kdc.log\n"
  "  default = FILE:@D@/default.log\n";

static const char kdc_config[] =
  "[kdcdefaults]\n"
  "  kdc_listen = 127.0.0.1:@PORT@\n"
  "  kdc_tcp_listen = 127.0.0.1:@PORT@\n"
  "[realms]\n"
  "  " KERBEROS_REALM " = {\n"
  "    database_name = @D@/principal\n"
  "    key_stash_file = @D@/stash\n"
  "    acl_file = @D@/no.acl\n"
  "    max_life = 1h\n"
  "  }\n";

static const char principals[] =
  "addprinc -randkey " KERBEROS_USER "\n"
  "addprinc -randkey " KERBEROS_BOSS "\n"
  "addprinc -randkey smtp/" KERBEROS_SERVER "\n"
  "addprinc -randkey smtp/127.0.0.1\n"
  "addprinc -randkey " KERBEROS_OTHER_SERVICE "/" KERBEROS_SERVER "\n"
  "addprinc -randkey " KERBEROS_OTHER_SERVICE "/127.0.0.1\n"
  "ktadd -k @D@/users.keytab " KERBEROS_USER "\n"
  "ktadd -k @D@/users.keytab " KERBEROS_BOSS "\n"
  "ktadd -k @D@/server.keytab smtp/" KERBEROS_SERVER "\n"
  "ktadd -k @D@/server.keytab smtp/127.0.0.1\n";

char *
kerberos_missing (void)
{
  static const char * const programs[] = { "krb5kdc", "kdb5_util", "kadmin.local", "kinit", "klist" };

  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *path = find_program (programs[i]);

      if (path == NULL)
        return g_strdup_printf ("%s is not installed", programs[i]);
    }

  return NULL;
}

/* ---- files and programs ------------------------------------------------------ */

static char *
in_directory (Kerberos   *self,
              const char *name)
{
  return g_build_filename (self->directory, name, NULL);
}

static char *
fill (Kerberos   *self,
      const char *template)
{
  GString *text = g_string_new (template);
  g_autofree char *port = g_strdup_printf ("%u", self->port);

  g_string_replace (text, "@D@", self->directory, 0);
  g_string_replace (text, "@PORT@", port, 0);
  return g_string_free (text, FALSE);
}

static gboolean
write_filled (Kerberos    *self,
              const char  *name,
              const char  *template,
              GError     **error)
{
  g_autofree char *text = fill (self, template);

  return write_file (self->directory, name, text, 0644, error);
}

/* Runs a program to its end. @input: (nullable) */
static gboolean
run (const char * const  *argv,
     const char          *input,
     GError             **error)
{
  g_autofree char *program = find_program (argv[0]);
  g_auto (GStrv) arguments = g_strdupv ((char **) argv);
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *output = NULL;

  g_free (arguments[0]);
  arguments[0] = g_strdup (program);
  process = g_subprocess_newv ((const char * const *) arguments,
                               G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                               G_SUBPROCESS_FLAGS_STDERR_MERGE, error);
  if (process == NULL || !g_subprocess_communicate_utf8 (process, input, NULL, &output, NULL, error))
    return FALSE;
  if (g_subprocess_get_successful (process))
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", argv[0], output);
  return FALSE;
}

/* ---- the KDC -------------------------------------------------------------------- */

/* Perhaps it was silenced, and would not hear a SIGTERM. */
static void
die_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

gboolean
kerberos_start_kdc (Kerberos  *self,
                    GError   **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE |
                                                                        G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_autofree char *program = find_program ("krb5kdc");

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  self->kdc = g_subprocess_launcher_spawn (launcher, error, program, "-n", NULL);
  if (self->kdc != NULL && wait_for_port (self->port, self->kdc, error))
    return TRUE;

  kerberos_stop_kdc (self);
  return FALSE;
}

void
kerberos_stop_kdc (Kerberos *self)
{
  if (self->kdc == NULL)
    return;

  g_subprocess_force_exit (self->kdc);
  g_subprocess_wait (self->kdc, NULL, NULL);
  g_clear_object (&self->kdc);
}

void
kerberos_silence_kdc (Kerberos *self)
{
  g_subprocess_send_signal (self->kdc, SIGSTOP);
}

void
kerberos_wake_kdc (Kerberos *self)
{
  g_subprocess_send_signal (self->kdc, SIGCONT);
}

/* ---- the realm ------------------------------------------------------------------- */

static gboolean
create_realm (Kerberos  *self,
              GError   **error)
{
  const char * const create[] = { "kdb5_util", "-r", KERBEROS_REALM, "create", "-s", "-P", "master", NULL };
  const char * const administer[] = { "kadmin.local", "-r", KERBEROS_REALM, NULL };
  g_autofree char *commands = fill (self, principals);

  return write_filled (self, "krb5.conf", config, error) &&
         write_filled (self, "kdc.conf", kdc_config, error) &&
         run (create, NULL, error) &&
         run (administer, commands, error) &&
         (g_chmod (self->keytab, 0644) == 0 || fail_errno (error, self->keytab));
}

/* A port that is taken meanwhile is one reason to fail. */
static gboolean
open_realm (Kerberos  *self,
            GError   **error)
{
  for (guint i = 0; i < MAX_STARTS; i++)
    {
      g_clear_error (error);
      self->port = find_port (error);
      if (self->port != 0 &&
          write_filled (self, "krb5.conf", config, error) &&
          write_filled (self, "kdc.conf", kdc_config, error) &&
          kerberos_start_kdc (self, error))
        return TRUE;
    }

  return FALSE;
}

static void
set_environment (Kerberos *self)
{
  g_autofree char *kdc_profile = in_directory (self, "kdc.conf");
  g_autofree char *cache = g_strconcat ("DIR:", self->directory, "/cache", NULL);

  g_setenv ("KRB5_CONFIG", self->config, TRUE);
  g_setenv ("KRB5_KDC_PROFILE", kdc_profile, TRUE);
  g_setenv ("KRB5CCNAME", cache, TRUE);
  g_setenv ("KRB5RCACHENAME", "none:", TRUE);
}

static gboolean
make_directories (Kerberos  *self,
                  GError   **error)
{
  g_autofree char *cache = NULL;

  self->directory = g_dir_make_tmp ("smtp-kerberos-XXXXXX", error);
  if (self->directory == NULL)
    return FALSE;

  self->config = in_directory (self, "krb5.conf");
  self->keytab = in_directory (self, "server.keytab");
  cache = in_directory (self, "cache");
  return (g_chmod (self->directory, 0755) == 0 && g_mkdir (cache, 0700) == 0) ||
         fail_errno (error, self->directory);
}

Kerberos *
kerberos_start (GError **error)
{
  Kerberos *self = g_new0 (Kerberos, 1);
  g_autoptr (GError) failure = NULL;

  if (make_directories (self, &failure))
    {
      set_environment (self);
      if (create_realm (self, &failure) && open_realm (self, &failure))
        return self;
    }

  kerberos_print_log (self);
  kerberos_stop (self);
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

void
kerberos_stop (Kerberos *self)
{
  kerberos_stop_kdc (self);
  if (self->directory != NULL)
    remove_tree (self->directory);
  g_free (self->directory);
  g_free (self->config);
  g_free (self->keytab);
  g_free (self);
}

void
kerberos_print_log (Kerberos *self)
{
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;

  if (self->directory == NULL)
    return;

  path = in_directory (self, "kdc.log");
  if (g_file_get_contents (path, &text, NULL, NULL))
    g_printerr ("%s", text);
}

/* ---- tickets ------------------------------------------------------------------------ */

gboolean
kerberos_get_ticket (Kerberos    *self,
                     const char  *user,
                     const char  *lifetime,
                     const char  *name,
                     GError     **error)
{
  g_autofree char *keytab = in_directory (self, "users.keytab");
  g_autofree char *cache = in_directory (self, name);
  const char * const argv[] = { "kinit", "-k", "-t", keytab, "-l", lifetime, "-c", cache, user, NULL };

  return run (argv, NULL, error);
}

gboolean
kerberos_has_expired (Kerberos   *self,
                      const char *name)
{
  g_autofree char *cache = in_directory (self, name);
  const char * const argv[] = { "klist", "-s", cache, NULL };

  return !run (argv, NULL, NULL);
}

static char *
get_used_path (Kerberos   *self,
               const char *name)
{
  g_autofree char *file = g_strconcat ("tkt-", name, NULL);

  return g_build_filename (self->directory, "cache", file, NULL);
}

static void
copy_ticket (Kerberos   *self,
             const char *name)
{
  g_autofree char *from = in_directory (self, name);
  g_autofree char *to = get_used_path (self, name);
  g_autofree char *text = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (from, &text, &length, NULL));
  g_assert_true (g_file_set_contents_full (to, text, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

/* The cache is a directory with a file for each principal, and one that names
 * the default. */
void
kerberos_use_tickets (Kerberos           *self,
                      const char * const *names)
{
  g_autofree char *cache = in_directory (self, "cache");
  g_autofree char *primary = names[0] != NULL ? g_strdup_printf ("tkt-%s\n", names[0]) : NULL;

  remove_tree (cache);
  g_assert_cmpint (g_mkdir (cache, 0700), ==, 0);
  for (guint i = 0; names[i] != NULL; i++)
    copy_ticket (self, names[i]);
  if (primary != NULL)
    g_assert_true (write_file (cache, "primary", primary, 0600, NULL));
}

gboolean
kerberos_has_grown (Kerberos   *self,
                    const char *name)
{
  g_autofree char *from = in_directory (self, name);
  g_autofree char *used = get_used_path (self, name);
  GStatBuf before, after;

  return g_stat (from, &before) == 0 && g_stat (used, &after) == 0 && after.st_size > before.st_size;
}
