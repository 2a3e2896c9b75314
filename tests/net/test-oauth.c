/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fixture.h"

#include <string.h>

#define HOST "127.0.0.1"
#define TOKEN "tok3n.for-mail=="
#define TOKEN_IN_BASE64 "dG9rM24uZm9yLW1haWw9PQ=="
#define SCOPE "https://mail.test.example/"

/* Both mechanisms, what each sends, and how it answers a refusal. */
typedef struct
{
  const char  *name;
  SmtpAuth  *(*new) (const char *username,
                     const char *token,
                     const char *host);
  const char  *before_user;
  const char  *before_token;
  const char  *farewell;
} Mechanism;

static const Mechanism mechanisms[] = {
  { "XOAUTH2", smtp_xoauth2_auth_new, "user=", "\001auth=Bearer ", "" },
  { "OAUTHBEARER", smtp_oauthbearer_auth_new, "n,a=", ",\001host=" HOST "\001auth=Bearer ", "AQ==" },
};

static const Mechanism *
get_mechanism (Fixture *f)
{
  return f->row;
}

/* The server takes this token. */
static void
offer (Fixture    *f,
       const char *token)
{
  const char *names[] = { get_mechanism (f)->name, NULL };

  g_object_set (f->server, "auth-mechanisms", names, "password", token, NULL);
}

static void
open_for (Fixture    *f,
          const char *token)
{
  offer (f, token);
  open_client (f);
  smtp_client_set_stay_open_after_refusal (f->client, TRUE);
}

static SmtpAuth *
new_auth (Fixture    *f,
          const char *token)
{
  return get_mechanism (f)->new ("user", token, HOST);
}

static SmtpOauthFailure *
get_failure (SmtpAuth *auth)
{
  SmtpOauthFailure *failure = NULL;
  g_autoptr (SmtpOauthFailure) read = NULL;

  if (SMTP_IS_XOAUTH2_AUTH (auth))
    failure = smtp_xoauth2_auth_get_failure (SMTP_XOAUTH2_AUTH (auth));
  else
    failure = smtp_oauthbearer_auth_get_failure (SMTP_OAUTHBEARER_AUTH (auth));

  g_object_get (auth, "failure", &read, NULL);
  g_assert_true (read == failure);
  return failure;
}

static char *
get_initial (Fixture    *f,
             const char *user,
             const char *token)
{
  const Mechanism *mechanism = get_mechanism (f);
  g_autofree char *message = g_strconcat (mechanism->before_user, user, mechanism->before_token, token, "\001\001", NULL);

  return g_base64_encode ((const guchar *) message, strlen (message));
}

static void
expect_hidden (Fixture    *f,
               const char *text)
{
  g_autofree char *initial = get_initial (f, "user", TOKEN);

  g_assert_null (strstr (text, TOKEN));
  g_assert_null (strstr (text, TOKEN_IN_BASE64));
  g_assert_null (strstr (text, initial));
}

/* The line that the server was sent n-th, with the AUTH command as number 0. */
static char *
get_line (Fixture *f,
          guint    n)
{
  g_auto (GStrv) commands = smtp_test_server_get_commands (f->server);

  for (guint i = 0; commands[i] != NULL; i++)
    if (g_str_has_prefix (commands[i], "AUTH"))
      {
        g_assert_cmpuint (g_strv_length (commands), >, i + n);
        return g_strdup (commands[i + n]);
      }

  g_assert_not_reached ();
}

static void
expect_line (Fixture    *f,
             guint       n,
             const char *line)
{
  g_autofree char *sent = get_line (f, n);

  g_assert_cmpstr (sent, ==, line);
}

/* ---- accepted ----------------------------------------------------------------- */

static void
test_accepted (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = new_auth (f, TOKEN);
  g_autofree char *initial = get_initial (f, "user", TOKEN);
  g_autofree char *line = g_strdup_printf ("AUTH %s %s", get_mechanism (f)->name, initial);
  g_autoptr (GOutputStream) stream = NULL;
  g_autoptr (SmtpTestMessage) message = NULL;

  open_for (f, TOKEN);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  g_assert_true (smtp_client_get_authenticated (f->client));
  g_assert_null (get_failure (auth));
  expect_line (f, 0, line);
  expect_hidden (f, f->transcript->str);
  stream = begin_content (f);
  x_close (f, stream);
  g_assert_no_error (f->error);
  message = smtp_test_server_get_message (f->server, 0);
  g_assert_cmpstr (smtp_test_message_get_authenticated_as (message), ==, "user");
}

/* More than the AUTH line holds: it goes behind the first 334, which is no
 * refusal. */
static void
test_long (Fixture *f)
{
  g_autofree char *token = g_strnfill (3000, 't');
  g_autofree char *initial = get_initial (f, "user", token);
  g_autofree char *line = g_strdup_printf ("AUTH %s", get_mechanism (f)->name);
  g_autoptr (SmtpAuth) auth = new_auth (f, token);

  open_for (f, token);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  g_assert_null (get_failure (auth));
  expect_line (f, 0, line);
  expect_line (f, 1, initial);
  g_assert_null (strstr (f->transcript->str, token));
  g_assert_null (strstr (f->transcript->str, initial));
}

/* Whom to act as stands where the user would. */
static void
test_identity (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = new_auth (f, TOKEN);

  smtp_credentials_set_identity (smtp_auth_get_credentials (auth), "office");
  g_object_set (f->server, "username", "office", NULL);
  open_for (f, TOKEN);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
}

/* ---- refused ------------------------------------------------------------------- */

static void
expect_refused (Fixture  *f,
                SmtpAuth *auth)
{
  SmtpOauthFailure *failure;

  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535 5.7.8");
  g_assert_false (smtp_client_get_authenticated (f->client));
  failure = get_failure (auth);
  g_assert_nonnull (failure);
  g_assert_cmpstr (smtp_oauth_failure_get_status (failure), ==, "invalid_token");
  g_assert_cmpstr (smtp_oauth_failure_get_scope (failure), ==, SCOPE);
  g_assert_cmpstr (smtp_oauth_failure_get_schemes (failure), ==, "bearer");
  g_assert_null (smtp_oauth_failure_get_openid_configuration (failure));
}

static void
count_notify (GObject    *object,
              GParamSpec *pspec,
              guint      *n)
{
  (*n)++;
}

static void
test_refused (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = new_auth (f, TOKEN);
  guint n_notified = 0;

  g_signal_connect (auth, "notify::failure", G_CALLBACK (count_notify), &n_notified);
  open_for (f, "another");
  x_authenticate (f, auth);
  expect_refused (f, auth);
  g_assert_cmpuint (n_notified, ==, 1);
  expect_line (f, 1, get_mechanism (f)->farewell);
  expect_hidden (f, f->transcript->str);

  /* The next exchange begins without it. */
  smtp_credentials_set_access_token (smtp_auth_get_credentials (auth), "another");
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  g_assert_null (get_failure (auth));
  g_assert_cmpuint (n_notified, ==, 2);
}

static void
test_refused_long (Fixture *f)
{
  g_autofree char *token = g_strnfill (600, 't');
  g_autoptr (SmtpAuth) auth = new_auth (f, token);

  open_for (f, "another");
  x_authenticate (f, auth);
  expect_refused (f, auth);
  expect_line (f, 2, get_mechanism (f)->farewell);
}

/* A server need not say why; and what it says need not be a document. */
static void
test_without_document (Fixture *f)
{
  g_autofree char *garbage = g_strnfill (8000, 'A');
  g_autofree char *long_challenge = g_strconcat ("334 ", garbage, NULL);
  const char *challenges[] = { "334 ", "334", "334 c29ycnk=", "334 W10=", long_challenge };
  g_autoptr (SmtpAuth) auth = new_auth (f, TOKEN);

  open_for (f, "another");
  for (guint i = 0; i < G_N_ELEMENTS (challenges); i++)
    {
      smtp_test_server_clear_commands (f->server);
      smtp_test_server_script_reply_text (f->server, "AUTH", challenges[i]);
      smtp_test_server_script_reply_text (f->server, "AUTH-RESPONSE", "535 5.7.8 no");
      x_authenticate (f, auth);
      expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535 5.7.8 no");
      g_assert_null (get_failure (auth));
      expect_line (f, 1, get_mechanism (f)->farewell);
    }

  smtp_test_server_script_reply_text (f->server, "AUTH", "535 5.7.8 at once");
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "at once");
  g_assert_null (get_failure (auth));
}

static void
test_second_challenge (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = new_auth (f, TOKEN);

  open_for (f, "another");
  smtp_test_server_script_reply_text (f->server, "AUTH-RESPONSE", "334 e30=");
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL, "second challenge");
  g_assert_cmpuint (count_commands (f, "*"), ==, 1);
  /* What was said first remains. */
  g_assert_nonnull (get_failure (auth));
}

/* ---- secrets --------------------------------------------------------------------- */

/* The server repeats what it was sent, in each way it can. */
static void
test_echo (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = new_auth (f, TOKEN);
  g_autofree char *initial = get_initial (f, "user", TOKEN);
  g_autofree char *document = g_strdup_printf ("{\"status\":\"%s\",\"scope\":\"%s %s\"}", TOKEN, TOKEN_IN_BASE64, initial);
  g_autofree char *encoded = g_base64_encode ((guchar *) document, strlen (document));
  g_autofree char *challenge = g_strconcat ("334 ", encoded, NULL);
  g_autofree char *reply = g_strdup_printf ("535-5.7.8 auth=Bearer %s\r\n535-5.7.8 %s is wrong\r\n"
                                            "535-5.7.8 %s\r\n535 5.7.8 %s", TOKEN, TOKEN, TOKEN_IN_BASE64, initial);

  open_for (f, TOKEN);
  smtp_test_server_script_reply_text (f->server, "AUTH", challenge);
  smtp_test_server_script_reply_text (f->server, "AUTH-RESPONSE", reply);
  x_authenticate (f, auth);
  g_assert_error (f->error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED);
  expect_hidden (f, f->error->message);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "****");
  expect_hidden (f, smtp_reply_get_text (smtp_client_get_last_reply (f->client)));
  expect_hidden (f, f->transcript->str);
  g_assert_null (strstr (f->transcript->str, encoded));
  g_assert_cmpstr (smtp_oauth_failure_get_status (get_failure (auth)), ==, "****");
  g_assert_cmpstr (smtp_oauth_failure_get_scope (get_failure (auth)), ==, "**** ****");
}

/* Over the caller's stream only when it is declared secure. */
static void
test_clear_text (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = get_mechanism (f)->new ("user", TOKEN, "test.example");
  g_autoptr (GSocketClient) connector = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;

  offer (f, TOKEN);
  start_server (f);
  connection = g_socket_client_connect_to_host (connector, HOST, smtp_test_server_get_port (f->server), NULL, &f->error);
  g_assert_no_error (f->error);
  f->client = smtp_client_new_for_stream (G_IO_STREAM (connection), "test.example");
  x_open (f);
  g_assert_no_error (f->error);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_TLS_REQUIRED, "clear text");
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
}

static void
test_tls (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = new_auth (f, TOKEN);

  offer (f, TOKEN);
  g_object_set (f->server, "tls-mode", SMTP_TEST_TLS_STARTTLS, NULL);
  start_server (f);
  new_client (f, SMTP_SECURITY_STARTTLS);
  trust_server (f);
  x_open (f);
  g_assert_no_error (f->error);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
}

static void
test_wrong_host (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = new_auth (f, TOKEN);

  open_for (f, TOKEN);
  smtp_credentials_set_host (smtp_auth_get_credentials (auth), "other.example");
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "other.example");
  smtp_credentials_set_host (smtp_auth_get_credentials (auth), NULL);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, "set their host");
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
}

static const char * const bad_users[] = {
  "", "us\001er", "user\r\nRSET", "us\ter", "user\177", "us\302\205er", "us\377er",
};

static const char * const bad_tokens[] = {
  "", "=", "to ken", "token\001", "token\r\nRSET", "tok,en", "tok\"en", "t=oken", "tok\303\244n", "token\n",
};

static void
expect_bad (Fixture    *f,
            const char *user,
            const char *token)
{
  g_autoptr (SmtpAuth) auth = get_mechanism (f)->new (user, token, HOST);

  x_authenticate (f, auth);
  g_assert_true (strlen (token) < 3 || strstr (f->error->message, token) == NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, get_mechanism (f)->name);
}

static void
test_bad_characters (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = new_auth (f, TOKEN);

  open_for (f, TOKEN);
  for (guint i = 0; i < G_N_ELEMENTS (bad_users); i++)
    expect_bad (f, bad_users[i], TOKEN);
  for (guint i = 0; i < G_N_ELEMENTS (bad_tokens); i++)
    expect_bad (f, "user", bad_tokens[i]);

  smtp_credentials_set_identity (smtp_auth_get_credentials (auth), "off\001ice");
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, get_mechanism (f)->name);
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
}

/* ---- a new token ------------------------------------------------------------------ */

typedef struct
{
  const char *token;    /* what is obtained; NULL: nothing */
  gboolean    fails;
  gboolean    later;
  guint       n;
} Source;

static gboolean
return_true (gpointer task)
{
  g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

static void
return_later (GTask *task)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, return_true, g_object_ref (task), g_object_unref);
  g_source_attach (source, g_task_get_context (task));
}

static gboolean
on_refresh (SmtpCredentials *credentials,
            GTask           *task,
            Source          *source)
{
  source->n++;
  if (source->fails)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, "no network");
      return TRUE;
    }

  smtp_credentials_set_access_token (credentials, source->token);
  if (source->later)
    return_later (task);
  else
    g_task_return_boolean (task, TRUE);
  return TRUE;
}

static SmtpAuth *
new_auth_with (Fixture    *f,
               const char *token,
               Source     *source)
{
  SmtpAuth *auth = new_auth (f, token);

  g_signal_connect (smtp_auth_get_credentials (auth), "refresh", G_CALLBACK (on_refresh), source);
  return auth;
}

/* Another connection to the server that runs. */
static void
open_another (Fixture *f)
{
  new_client (f, SMTP_SECURITY_NONE);
  x_open (f);
  g_assert_no_error (f->error);
}

static void
test_first_token (Fixture *f)
{
  offer (f, TOKEN);
  start_server (f);
  for (guint later = 0; later < 2; later++)
    {
      Source source = { .token = TOKEN, .later = later };
      g_autoptr (SmtpAuth) auth = new_auth_with (f, NULL, &source);

      open_another (f);
      x_authenticate (f, auth);
      g_assert_no_error (f->error);
      g_assert_cmpuint (source.n, ==, 1);
    }
}

static void
test_no_token (Fixture *f)
{
  Source nothing = { .token = NULL };
  Source failing = { .fails = TRUE };
  g_autoptr (SmtpAuth) alone = new_auth (f, NULL);
  g_autoptr (SmtpAuth) with_nothing = new_auth_with (f, NULL, &nothing);
  g_autoptr (SmtpAuth) with_failing = new_auth_with (f, NULL, &failing);

  open_for (f, TOKEN);
  x_authenticate (f, alone);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "nobody can obtain one");
  x_authenticate (f, with_nothing);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "needs an access token");
  x_authenticate (f, with_failing);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, "no network");
  g_assert_cmpuint (nothing.n, ==, 1);
  g_assert_cmpuint (failing.n, ==, 1);
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
}

static void
test_no_credentials (Fixture *f)
{
  g_autoptr (SmtpAuth) template = new_auth (f, TOKEN);
  g_autoptr (SmtpAuth) auth = g_object_new (G_OBJECT_TYPE (template), NULL);

  open_for (f, TOKEN);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "needs a user name");
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
}

/* One that has expired is replaced on the same connection, which would be left
 * after a refusal. */
static void
test_expired (Fixture *f)
{
  offer (f, TOKEN);
  start_server (f);
  for (guint later = 0; later < 2; later++)
    {
      Source source = { .token = TOKEN, .later = later };
      g_autoptr (SmtpAuth) auth = new_auth_with (f, "expired", &source);

      open_another (f);
      smtp_client_set_stay_open_after_refusal (f->client, FALSE);
      smtp_test_server_clear_commands (f->server);
      x_authenticate (f, auth);
      g_assert_no_error (f->error);
      g_assert_true (smtp_client_get_authenticated (f->client));
      g_assert_cmpuint (source.n, ==, 1);
      g_assert_cmpuint (count_commands (f, "AUTH"), ==, 2);
      g_assert_null (get_failure (auth));
      expect_hidden (f, f->transcript->str);
    }
}

/* A second refusal is final; the next authentication may ask again. */
static void
test_expired_twice (Fixture *f)
{
  Source source = { .token = "another" };
  g_autoptr (SmtpAuth) auth = new_auth_with (f, "expired", &source);

  open_for (f, TOKEN);
  for (guint i = 1; i <= 2; i++)
    {
      x_authenticate (f, auth);
      expect_refused (f, auth);
      g_assert_cmpuint (source.n, ==, i);
      g_assert_cmpuint (count_commands (f, "AUTH"), ==, 2 * i);
    }

  source.token = TOKEN;
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  g_assert_cmpuint (source.n, ==, 3);
}

static void
test_expired_for_good (Fixture *f)
{
  Source source = { .fails = TRUE };
  g_autoptr (SmtpAuth) auth = new_auth_with (f, "expired", &source);

  open_for (f, TOKEN);
  x_authenticate (f, auth);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, "no network");
  g_assert_cmpuint (source.n, ==, 1);
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 1);
  /* Why a new one was wanted. */
  g_assert_nonnull (get_failure (auth));
}

/* Not every refusal is about the token. */
static void
test_not_now (Fixture *f)
{
  Source source = { .token = TOKEN };
  g_autoptr (SmtpAuth) auth = new_auth_with (f, TOKEN, &source);

  open_for (f, TOKEN);
  smtp_test_server_script_reply_text (f->server, "AUTH", "454 4.7.0 later");
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_TEMPORARY, "454");
  g_assert_cmpuint (source.n, ==, 0);
}

static gboolean
on_refresh_never (SmtpCredentials *credentials,
                  GTask           *task,
                  Fixture         *f)
{
  g_cancellable_cancel (f->cancellable);
  g_object_set_data_full (G_OBJECT (credentials), "task", g_object_ref (task), g_object_unref);
  return TRUE;
}

/* Nobody waits for a token any more; who obtains it learns that by its
 * cancellable, and may still return the task. */
static void
test_cancelled (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = new_auth (f, NULL);
  SmtpCredentials *credentials = smtp_auth_get_credentials (auth);
  g_autoptr (GTask) task = NULL;

  g_signal_connect (credentials, "refresh", G_CALLBACK (on_refresh_never), f);
  open_for (f, TOKEN);
  f->cancellable = g_cancellable_new ();
  x_authenticate (f, auth);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  task = g_object_steal_data (G_OBJECT (credentials), "task");
  g_assert_true (g_cancellable_is_cancelled (g_task_get_cancellable (task)));
  g_task_return_boolean (task, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
}

/* ---- by hand ------------------------------------------------------------------------ */

/* A mechanism that asks nothing and does nothing, but sees the server. */
typedef struct
{
  SmtpAuth        parent_instance;
  SmtpServerInfo *server;
} Spy;

typedef SmtpAuthClass SpyClass;

static GType spy_get_type (void);
G_DEFINE_FINAL_TYPE (Spy, spy, SMTP_TYPE_AUTH)

static gboolean
spy_start (SmtpAuth        *auth,
           SmtpServerInfo  *server,
           char           **mechanism,
           GBytes         **initial_response,
           GError         **error)
{
  ((Spy *) auth)->server = smtp_server_info_ref (server);
  g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "seen");
  return FALSE;
}

static gboolean
spy_next (SmtpAuth  *auth,
          GBytes    *challenge,
          gboolean   more,
          GBytes   **response,
          GError   **error)
{
  g_assert_not_reached ();
}

static void
spy_class_init (SpyClass *klass)
{
  klass->start = spy_start;
  klass->next = spy_next;
}

static void
spy_init (Spy *self)
{
}

/* What mechanisms are told of a server of this name, over a secure stream. */
static SmtpServerInfo *
see_server (Fixture    *f,
            const char *name)
{
  g_autoptr (SmtpAuth) spy = g_object_new (spy_get_type (), NULL);
  g_autoptr (GSocketClient) connector = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;

  connection = g_socket_client_connect_to_host (connector, HOST, smtp_test_server_get_port (f->server), NULL, &f->error);
  g_assert_no_error (f->error);
  g_clear_object (&f->client);
  f->client = smtp_client_new_for_stream (G_IO_STREAM (connection), name);
  smtp_client_set_stream_is_secure (f->client, TRUE);
  x_open (f);
  g_assert_no_error (f->error);
  x_authenticate (f, spy);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "seen");
  return ((Spy *) spy)->server;
}

static void
expect_start (SmtpAuth       *auth,
              SmtpServerInfo *server,
              const char     *mechanism,
              const char     *text)
{
  g_autofree char *name = NULL;
  g_autoptr (GBytes) initial = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;
  const char *data;

  smtp_auth_start (auth, server, &name, &initial, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (name, ==, mechanism);
  data = g_bytes_get_data (initial, &length);
  g_assert_cmpmem (data, length, text, strlen (text));
}

/* Google's example of XOAUTH2. */
#define GOOGLE "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRj" \
               "Mk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="
/* RFC 7628 §4.1, but for the port, which we do not send. */
#define RFC_7628 "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQz" \
                 "AWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"

static char *
decode_vector (const char *encoded)
{
  gsize length;
  g_autofree guchar *octets = g_base64_decode (encoded, &length);

  return g_strndup ((char *) octets, length);
}

static void
test_vectors (Fixture *f)
{
  g_autoptr (SmtpAuth) xoauth2 = smtp_xoauth2_auth_new ("someuser@example.com",
                                                         "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
                                                         "server.example.com");
  g_autoptr (SmtpAuth) oauthbearer = smtp_oauthbearer_auth_new ("user@example.com",
                                                                "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
                                                                "server.example.com");
  g_autofree char *google = decode_vector (GOOGLE);
  g_autofree char *rfc = decode_vector (RFC_7628);
  g_autoptr (GString) without_port = g_string_new (rfc);
  g_autoptr (SmtpServerInfo) server = NULL;

  f->row = &mechanisms[0];
  offer (f, TOKEN);
  start_server (f);
  server = see_server (f, "server.example.com");
  expect_start (xoauth2, server, "XOAUTH2", google);
  g_assert_cmpuint (g_string_replace (without_port, "port=143\001", "", 0), ==, 1);
  expect_start (oauthbearer, server, "OAUTHBEARER", without_port->str);
}

/* What of a name could be mistaken for the framing. */
static void
test_escapes (Fixture *f)
{
  g_autoptr (SmtpAuth) xoauth2 = smtp_xoauth2_auth_new ("a,b=c", "t", "b\303\274cher.example");
  g_autoptr (SmtpAuth) oauthbearer = smtp_oauthbearer_auth_new ("a,b=c", "t", "b\303\274cher.example");
  g_autoptr (SmtpServerInfo) server = NULL;

  f->row = &mechanisms[0];
  offer (f, TOKEN);
  start_server (f);
  server = see_server (f, "b\303\274cher.example");
  expect_start (xoauth2, server, "XOAUTH2", "user=a,b=c\001auth=Bearer t\001\001");
  expect_start (oauthbearer, server, "OAUTHBEARER",
                "n,a=a=2Cb=3Dc,\001host=xn--bcher-kva.example\001auth=Bearer t\001\001");
}

static void
expect_retry (SmtpAuth       *auth,
              SmtpServerInfo *server,
              int             code,
              gboolean        expected)
{
  g_autoptr (GError) failure = g_error_new_literal (SMTP_CLIENT_ERROR, code, "refused");

  g_assert_cmpint (smtp_auth_retry (auth, server, failure), ==, expected);
}

static void
store_result (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  *(GTask **) user_data = g_object_ref (G_TASK (result));
}

static void
prepare (SmtpAuth       *auth,
         SmtpServerInfo *server)
{
  g_autoptr (GTask) done = NULL;
  g_autoptr (GTask) task = g_task_new (auth, NULL, store_result, &done);
  g_autoptr (GError) error = NULL;

  smtp_auth_prepare (auth, server, task);
  while (done == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_task_propagate_boolean (done, &error));
  g_assert_no_error (error);
}

static void
confirm (SmtpAuth *auth)
{
  g_autoptr (GBytes) text = g_bytes_new_static ("ok", 2);
  g_autoptr (GBytes) response = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (smtp_auth_next (auth, text, FALSE, &response, &error));
  g_assert_no_error (error);
}

static void
test_asked_once (Fixture *f)
{
  Source source = { .token = "new" };
  g_autoptr (SmtpAuth) auth = NULL;
  g_autoptr (SmtpAuth) alone = NULL;
  g_autoptr (SmtpServerInfo) server = NULL;

  auth = new_auth_with (f, "old", &source);
  alone = new_auth (f, "old");
  offer (f, TOKEN);
  start_server (f);
  server = see_server (f, HOST);

  /* One that is there is used. */
  prepare (auth, server);
  g_assert_cmpuint (source.n, ==, 0);
  expect_retry (auth, server, SMTP_CLIENT_ERROR_AUTH_TEMPORARY, FALSE);
  expect_retry (auth, server, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, FALSE);
  expect_retry (auth, server, SMTP_CLIENT_ERROR_PROTOCOL, FALSE);
  expect_retry (alone, server, SMTP_CLIENT_ERROR_AUTH_REJECTED, FALSE);

  /* Refused once and twice; then another authentication begins. */
  for (guint i = 1; i <= 2; i++)
    {
      expect_retry (auth, server, SMTP_CLIENT_ERROR_AUTH_REJECTED, TRUE);
      prepare (auth, server);
      g_assert_cmpuint (source.n, ==, i);
      expect_retry (auth, server, SMTP_CLIENT_ERROR_AUTH_REJECTED, FALSE);
      prepare (auth, server);
      g_assert_cmpuint (source.n, ==, i);
    }

  /* Success ends it, too. */
  expect_retry (auth, server, SMTP_CLIENT_ERROR_AUTH_REJECTED, TRUE);
  prepare (auth, server);
  confirm (auth);
  expect_retry (auth, server, SMTP_CLIENT_ERROR_AUTH_REJECTED, TRUE);

  /* So does a new beginning after one that was given up without a word. */
  prepare (auth, server);
  prepare (auth, server);
  g_assert_cmpuint (source.n, ==, 4);
  expect_retry (auth, server, SMTP_CLIENT_ERROR_AUTH_REJECTED, TRUE);
}

static void
add_scenarios (const char *name,
               Scenario    scenario)
{
  for (guint i = 0; i < G_N_ELEMENTS (mechanisms); i++)
    {
      g_autofree char *mechanism = g_ascii_strdown (mechanisms[i].name, -1);
      g_autofree char *path = g_strdup_printf ("/oauth/%s/%s", mechanism, name);

      add_row_scenario (path, scenario, &mechanisms[i]);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_scenarios ("accepted", test_accepted);
  add_scenarios ("long", test_long);
  add_scenarios ("identity", test_identity);
  add_scenarios ("refused", test_refused);
  add_scenarios ("refused-long", test_refused_long);
  add_scenarios ("without-document", test_without_document);
  add_scenarios ("second-challenge", test_second_challenge);
  add_scenarios ("echo", test_echo);
  add_scenarios ("clear-text", test_clear_text);
  add_scenarios ("tls", test_tls);
  add_scenarios ("wrong-host", test_wrong_host);
  add_scenarios ("bad-characters", test_bad_characters);
  add_scenarios ("first-token", test_first_token);
  add_scenarios ("no-token", test_no_token);
  add_scenarios ("no-credentials", test_no_credentials);
  add_scenarios ("expired", test_expired);
  add_scenarios ("expired-twice", test_expired_twice);
  add_scenarios ("expired-for-good", test_expired_for_good);
  add_scenarios ("not-now", test_not_now);
  add_scenarios ("cancelled", test_cancelled);
  add_scenarios ("asked-once", test_asked_once);
  add_scenario ("/oauth/vectors", test_vectors);
  add_scenario ("/oauth/escapes", test_escapes);
  return g_test_run ();
}
