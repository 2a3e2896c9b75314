/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signs in and stands still, to be looked at by test-core-dump.py.
 *
 * Reads the password, and a text that is to be found, from standard input: the
 * arguments and the environment of a program are part of its memory. Says
 * "signed in" or "refused"; told "free", frees everything and says "freed";
 * told "abort", aborts. */

#include <smtp-glib/smtp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USER "user"

typedef SmtpAuth *(*Create) (const char *password);

static SmtpAuth *
create_plain (const char *password)
{
  return smtp_plain_auth_new (NULL, USER, password, "127.0.0.1");
}

static SmtpAuth *
create_login (const char *password)
{
  return smtp_login_auth_new (USER, password, "127.0.0.1");
}

static SmtpAuth *
create_cram_md5 (const char *password)
{
  return smtp_cram_md5_auth_new (USER, password);
}

static SmtpAuth *
create_scram (const char *password)
{
  return smtp_scram_auth_new (USER, password);
}

static SmtpAuth *
create_xoauth2 (const char *token)
{
  return smtp_xoauth2_auth_new (USER, token, "127.0.0.1");
}

static SmtpAuth *
create_oauthbearer (const char *token)
{
  return smtp_oauthbearer_auth_new (USER, token, "127.0.0.1");
}

/* It makes the mechanism that it chooses. */
static SmtpAuth *
create_auto (const char *password)
{
  SmtpAuth *auth = smtp_auto_auth_new (USER, password);

  smtp_credentials_set_host (smtp_auth_get_credentials (auth), "127.0.0.1");
  return auth;
}

static const struct
{
  const char *mechanism;
  Create      create;
} mechanisms[] = {
  { "PLAIN", create_plain },
  { "LOGIN", create_login },
  { "CRAM-MD5", create_cram_md5 },
  { "SCRAM-SHA-256", create_scram },
  { "XOAUTH2", create_xoauth2 },
  { "OAUTHBEARER", create_oauthbearer },
  { "AUTO", create_auto },
};

/* A line, octet by octet: stdio would keep what it has read. */
static void
read_line (char  *line,
           gsize  size)
{
  gsize length = 0;

  while (length + 1 < size && read (STDIN_FILENO, line + length, 1) == 1 && line[length] != '\n')
    length++;
  line[length] = '\0';
}

static void
say (const char *text)
{
  if (write (STDOUT_FILENO, text, strlen (text)) < 0)
    _exit (1);
}

static SmtpAuth *
read_auth (const char *mechanism)
{
  char password[4096];
  SmtpAuth *auth = NULL;

  read_line (password, sizeof password);
  for (gsize i = 0; i < G_N_ELEMENTS (mechanisms); i++)
    if (g_str_equal (mechanism, mechanisms[i].mechanism))
      auth = mechanisms[i].create (password);
  explicit_bzero (password, sizeof password);
  return auth;
}

static gboolean
accept_certificate (void)
{
  return TRUE;
}

/* Who listens has the lines kept for him. */
static void
hear (void)
{
}

static void
take_result (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static gboolean
sign_in (SmtpClient  *client,
         SmtpAuth    *auth,
         GError     **error)
{
  return smtp_client_open (client, NULL, error) && smtp_client_authenticate (client, auth, NULL, error);
}

static gboolean
sign_in_async (SmtpClient  *client,
               SmtpAuth    *auth,
               GError     **error)
{
  g_autoptr (GAsyncResult) opened = NULL;
  g_autoptr (GAsyncResult) authenticated = NULL;

  smtp_client_open_async (client, NULL, take_result, &opened);
  if (!smtp_client_open_finish (client, wait_for (&opened), error))
    return FALSE;

  smtp_client_authenticate_async (client, auth, NULL, take_result, &authenticated);
  return smtp_client_authenticate_finish (client, wait_for (&authenticated), error);
}

/* port, mechanism, "tls" or "clear", "sync" or "async" */
int
main (int    argc,
      char **argv)
{
  GError *error = NULL;
  gboolean async;
  char control[256];
  char told[16];
  char *kept;
  SmtpAuth *auth;
  SmtpClient *client;

  if (argc != 5)
    return 2;

  async = g_str_equal (argv[4], "async");
  auth = read_auth (argv[2]);
  read_line (control, sizeof control);
  kept = g_strdup (control);
  client = smtp_client_new ("127.0.0.1", atoi (argv[1]),
                            g_str_equal (argv[3], "tls") ? SMTP_SECURITY_STARTTLS : SMTP_SECURITY_NONE);
  smtp_client_set_timeout (client, 30);
  g_signal_connect (client, "accept-certificate", G_CALLBACK (accept_certificate), NULL);
  g_signal_connect (client, "transcript", G_CALLBACK (hear), NULL);
  if ((async ? sign_in_async : sign_in) (client, auth, &error))
    say ("signed in\n");
  else if (g_error_matches (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED))
    say ("refused\n");
  else
    g_error ("%s", error->message);

  read_line (told, sizeof told);
  if (g_str_equal (told, "abort"))
    abort ();

  g_object_unref (client);
  g_object_unref (auth);
  g_clear_error (&error);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  say ("freed\n");
  read_line (told, sizeof told);
  return kept[0] == '\0';
}
