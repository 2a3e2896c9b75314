/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kerberos.h"

#include <glib/gstdio.h>
#include <signal.h>

#include "files.h"

/* No DNS: the names are those of nobody. */
static const char client_config[] =
  "[libdefaults]\n"
  "  default_realm = " KERBEROS_REALM "\n"
  "  dns_lookup_kdc = false\n"
  "  dns_lookup_realm = false\n"
  "  dns_canonicalize_hostname = false\n"
  "  rdns = false\n"
  "  udp_preference_limit = 1\n"
  "[realms]\n"
  "  " KERBEROS_REALM " = {\n"
  "    kdc = 127.0.0.1:%u\n"
  "  }\n"
  "[domain_realm]\n"
  "  127.0.0.1 = " KERBEROS_REALM "\n";

static const char kdc_config[] =
  "[kdcdefaults]\n"
  "  kdc_listen = 127.0.0.1:%u\n"
  "  kdc_tcp_listen = 127.0.0.1:%u\n"
  "[realms]\n"
  "  " KERBEROS_REALM " = {\n"
  "    database_name = %s/principal\n"
  "    key_stash_file = %s/stash\n"
  "    max_life = 1h\n"
  "  }\n"
  "[logging]\n"
  "  kdc = FILE:%s/kdc.log\n";

static const char * const programs[] = { "krb5kdc", "kdb5_util", "kadmin.local", "kinit" };

char *
kerberos_missing (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *path = find_program (programs[i]);

      if (path == NULL)
        return g_strdup_printf ("%s is not installed", programs[i]);
    }

  return NULL;
}

/* ---- the database ------------------------------------------------------------ */

static gboolean
run_program (GError     **error,
             const char  *name,
             const char  *argument, ...)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autofree char *program = find_program (name);
  g_autofree char *output = NULL;
  g_autofree char *complaint = NULL;
  int status;
  va_list more;

  g_ptr_array_add (arguments, program);
  va_start (more, argument);
  for (const char *word = argument; word != NULL; word = va_arg (more, const char *))
    g_ptr_array_add (arguments, (gpointer) word);
  va_end (more);
  g_ptr_array_add (arguments, NULL);

  if (!g_spawn_sync (NULL, (char **) arguments->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                     &output, &complaint, &status, error))
    return FALSE;
  if (g_spawn_check_wait_status (status, error))
    return TRUE;

  g_prefix_error (error, "%s: %s", name, complaint);
  return FALSE;
}

static char *
in_directory (Kerberos   *self,
              const char *name)
{
  return g_build_filename (self->directory, name, NULL);
}

static gboolean
add_principal (Kerberos    *self,
               const char  *principal,
               const char  *keytab,
               GError     **error)
{
  g_autofree char *path = in_directory (self, keytab);
  g_autofree char *add = g_strdup_printf ("addprinc -randkey %s", principal);
  g_autofree char *get = g_strdup_printf ("ktadd -k %s %s", path, principal);

  return run_program (error, "kadmin.local", "-q", add, NULL) && run_program (error, "kadmin.local", "-q", get, NULL);
}

char *
kerberos_keytab (Kerberos *self)
{
  return in_directory (self, "services.keytab");
}

static gboolean
make_database (Kerberos  *self,
               GError   **error)
{
  g_autofree char *keytab = kerberos_keytab (self);

  if (!run_program (error, "kdb5_util", "create", "-s", "-W", "-r", KERBEROS_REALM, "-P", "master", NULL) ||
      !add_principal (self, KERBEROS_USER, "user.keytab", error) ||
      !add_principal (self, "smtp/127.0.0.1", "services.keytab", error) ||
      !add_principal (self, "later/127.0.0.1", "services.keytab", error))
    return FALSE;

  /* Dovecot's own user reads it. */
  return g_chmod (keytab, 0644) == 0 || fail_errno (error, keytab);
}

/* ---- starting ------------------------------------------------------------------ */

static void
set_path (Kerberos   *self,
          const char *variable,
          const char *prefix,
          const char *name)
{
  g_autofree char *path = in_directory (self, name);
  g_autofree char *value = g_strconcat (prefix, path, NULL);

  g_setenv (variable, value, TRUE);
}

static gboolean
configure (Kerberos  *self,
           GError   **error)
{
  const char *directory = self->directory;
  g_autofree char *client = g_strdup_printf (client_config, self->port);
  g_autofree char *kdc = g_strdup_printf (kdc_config, self->port, self->port, directory, directory, directory);

  set_path (self, "KRB5_CONFIG", "", "krb5.conf");
  set_path (self, "KRB5_KDC_PROFILE", "", "kdc.conf");
  set_path (self, "KRB5CCNAME", "FILE:", "cache");
  set_path (self, "KRB5_KTNAME", "FILE:", "services.keytab");
  return g_chmod (directory, 0755) == 0 && write_file (directory, "krb5.conf", client, 0644, error) &&
         write_file (directory, "kdc.conf", kdc, 0644, error);
}

static gboolean
run_kdc (Kerberos  *self,
         GError   **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE |
                                                                        G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_autofree char *program = find_program ("krb5kdc");

  g_subprocess_launcher_set_child_setup (launcher, end_with_parent, NULL, NULL);
  self->process = g_subprocess_launcher_spawn (launcher, error, program, "-n", NULL);
  return self->process != NULL && wait_for_port (self->port, self->process, error);
}

static gboolean
get_ticket (Kerberos  *self,
            GError   **error)
{
  g_autofree char *keytab = in_directory (self, "user.keytab");

  return run_program (error, "kinit", "-k", "-t", keytab, KERBEROS_USER, NULL);
}

Kerberos *
kerberos_start (GError **error)
{
  Kerberos *self = g_new0 (Kerberos, 1);

  self->directory = g_dir_make_tmp ("smtp-kerberos-XXXXXX", error);
  if (self->directory != NULL)
    self->port = find_port (error);
  if (self->port != 0 && configure (self, error) && make_database (self, error) && run_kdc (self, error) &&
      get_ticket (self, error))
    return self;

  kerberos_stop (self);
  return NULL;
}

void
kerberos_stop (Kerberos *self)
{
  if (self->process != NULL)
    {
      g_subprocess_force_exit (self->process);
      g_subprocess_wait (self->process, NULL, NULL);
    }
  if (self->directory != NULL)
    remove_tree (self->directory);
  g_clear_object (&self->process);
  g_free (self->directory);
  g_free (self);
}

void
kerberos_freeze (Kerberos *self,
                 gboolean  frozen)
{
  g_subprocess_send_signal (self->process, frozen ? SIGSTOP : SIGCONT);
}
