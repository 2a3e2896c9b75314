/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The template of a module, as a program finds it. SMTP_MODULE_DIR names its
 * directory. */

#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>

static gboolean
is_listed (const char *mechanism)
{
  g_auto (GStrv) names = smtp_auth_list_mechanisms ();

  return g_strv_contains ((const char * const *) names, mechanism);
}

/* ---- the list ---------------------------------------------------------------- */

static void
test_listed (void)
{
  static const char * const built_in[] = {
    "SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "EXTERNAL", "SCRAM-SHA-512", "SCRAM-SHA-256",
    "SCRAM-SHA-1", "OAUTHBEARER", "XOAUTH2", "X-EXAMPLE", "CRAM-MD5", "PLAIN", "LOGIN", "ANONYMOUS",
  };
  g_auto (GStrv) names = smtp_auth_list_mechanisms ();
  guint found = 0;

  /* Strongest first, whatever other modules there may be. */
  for (guint i = 0; names[i] != NULL; i++)
    if (found < G_N_ELEMENTS (built_in) && g_str_equal (names[i], built_in[found]))
      found++;
  g_assert_cmpuint (found, ==, G_N_ELEMENTS (built_in));
}

static void
test_created (void)
{
  g_autoptr (SmtpCredentials) credentials = smtp_credentials_new ("user", "secret");
  g_auto (GStrv) names = smtp_auth_list_mechanisms ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autoptr (SmtpAuth) auth = smtp_auth_create (names[i], credentials, &error);

      g_assert_no_error (error);
      g_assert_true (smtp_auth_get_credentials (auth) == credentials);
    }

  g_assert_null (smtp_auth_create ("X-NOT-THERE", credentials, &error));
  g_assert_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE);
}

/* ---- the exchange --------------------------------------------------------------- */

static void
expect_example (Fixture  *f,
                SmtpAuth *auth)
{
  static const char * const offers[] = { "X-EXAMPLE", "PLAIN", NULL };
  g_autofree char *digest = g_compute_hmac_for_string (G_CHECKSUM_SHA256, (const guchar *) "secret", 6, "abc", 3);
  g_autofree char *response = g_base64_encode ((const guchar *) digest, strlen (digest));

  g_object_set (f->server, "auth-mechanisms", offers, NULL);
  smtp_test_server_script_reply_text (f->server, "AUTH", "334 YWJj");
  smtp_test_server_script_reply_text (f->server, "AUTH-RESPONSE", "235 2.7.0 welcome");
  open_client (f);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  g_assert_true (smtp_client_get_authenticated (f->client));
  g_assert_cmpuint (count_commands (f, "AUTH X-EXAMPLE dXNlcg=="), ==, 1);
  g_assert_cmpuint (count_commands (f, response), ==, 1);
}

static void
test_by_name (Fixture *f)
{
  g_autoptr (SmtpCredentials) credentials = smtp_credentials_new ("user", "secret");
  g_autoptr (SmtpAuth) auth = smtp_auth_create ("X-EXAMPLE", credentials, &f->error);

  g_assert_no_error (f->error);
  expect_example (f, auth);
}

/* It is stronger than PLAIN. */
static void
test_chosen (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new ("user", "secret");

  expect_example (f, auth);
  g_assert_cmpstr (smtp_auto_auth_get_mechanism (SMTP_AUTO_AUTH (auth)), ==, "X-EXAMPLE");
}

/* It needs a password, PLAIN does not get one either. */
static void
test_not_fitting (Fixture *f)
{
  static const char * const offers[] = { "X-EXAMPLE", NULL };
  g_autoptr (SmtpCredentials) credentials = smtp_credentials_new ("user", NULL);
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new_for_credentials (credentials);

  g_object_set (f->server, "auth-mechanisms", offers, NULL);
  open_client (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                "X-EXAMPLE: X-EXAMPLE needs a user name and a password");
}

/* ---- other directories -------------------------------------------------------------- */

/* In a process of its own, as a directory is read once. These tests come before
 * all that start threads, for the sake of the environment. */
static void
run_child (const char *test,
           const char *directories)
{
  const char *kept = g_getenv ("SMTP_MODULE_DIR");
  g_autofree char *own = g_strdup (kept);

  g_setenv ("SMTP_MODULE_DIR", directories, TRUE);
  g_test_trap_subprocess (test, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_setenv ("SMTP_MODULE_DIR", own, TRUE);
  g_test_trap_assert_passed ();
}

static void
test_listed_child (void)
{
  g_assert_true (is_listed ("X-EXAMPLE"));
}

static void
test_missing_child (void)
{
  g_assert_false (is_listed ("X-EXAMPLE"));
  g_assert_true (is_listed ("PLAIN"));
}

static void
test_several (void)
{
  g_autofree char *directories = g_strconcat ("/nonexistent::", g_getenv ("SMTP_MODULE_DIR"), ":/", NULL);

  run_child ("/module/subprocess/listed", directories);
}

static void
test_none (void)
{
  run_child ("/module/subprocess/missing", "");
}

/* Another program cannot load what was built with the sanitizer. */
#ifdef __has_feature
#if __has_feature (address_sanitizer)
#define SANITIZED
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED
#endif

#ifndef SANITIZED
/* As installing does it: the module is known by the cache, and loaded when its
 * extension point is looked at. */
static void
test_cached (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *directory = g_dir_make_tmp ("smtp-modules-XXXXXX", &error);
  g_autofree char *from = g_build_filename (g_getenv ("SMTP_MODULE_DIR"), "libsmtpexample.so", NULL);
  g_autofree char *to = g_build_filename (directory, "libsmtpexample.so", NULL);
  g_autofree char *cache = g_build_filename (directory, "giomodule.cache", NULL);
  g_autofree char *contents = NULL;
  const char *command[] = { GIO_QUERYMODULES, directory, NULL };
  g_autoptr (GFile) source = g_file_new_for_path (from);
  g_autoptr (GFile) copy = g_file_new_for_path (to);

  g_assert_no_error (error);
  g_file_copy (source, copy, G_FILE_COPY_NONE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_spawn_sync (NULL, (char **) command, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_file_get_contents (cache, &contents, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (contents, ==, "libsmtpexample.so: " SMTP_AUTH_EXTENSION_POINT_NAME "\n");

  run_child ("/module/subprocess/listed", directory);

  g_file_delete (copy, NULL, NULL);
  g_remove (cache);
  g_rmdir (directory);
}
#endif

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/module/several-directories", test_several);
  g_test_add_func ("/module/no-directory", test_none);
#ifndef SANITIZED
  g_test_add_func ("/module/cached", test_cached);
#endif
  g_test_add_func ("/module/listed", test_listed);
  g_test_add_func ("/module/created", test_created);
  add_scenario ("/module/by-name", test_by_name);
  add_scenario ("/module/chosen", test_chosen);
  add_scenario ("/module/not-fitting", test_not_fitting);
  g_test_add_func ("/module/subprocess/listed", test_listed_child);
  g_test_add_func ("/module/subprocess/missing", test_missing_child);

  return g_test_run ();
}
