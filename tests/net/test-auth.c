/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fixture.h"

#include <string.h>

static void
offer_auth (Fixture *f)
{
  const char *mechanisms[] = { "PLAIN", "LOGIN", "CRAM-MD5", NULL };

  g_object_set (f->server, "auth-mechanisms", mechanisms, NULL);
}

static SmtpAuth *
plain (const char *password)
{
  return smtp_plain_auth_new (NULL, "user", password, "127.0.0.1");
}

static void
expect_no_secret (Fixture *f)
{
  /* In clear, as PLAIN and as LOGIN send it. */
  g_assert_null (strstr (f->transcript->str, "secret"));
  g_assert_null (strstr (f->transcript->str, "AHVzZXIAc2VjcmV0"));
  g_assert_null (strstr (f->transcript->str, "c2VjcmV0"));
}

/* ---- the built-in mechanisms ---------------------------------------------- */

static void
sign_in (Fixture  *f,
         SmtpAuth *auth)
{
  G_GNUC_UNUSED g_autoptr (SmtpAuth) owned = auth;
  g_autoptr (GOutputStream) stream = NULL;
  g_autoptr (SmtpTestMessage) message = NULL;

  offer_auth (f);
  open_client (f);
  g_assert_false (smtp_client_get_authenticated (f->client));
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  g_assert_true (smtp_client_get_authenticated (f->client));
  expect_no_secret (f);
  stream = begin_content (f);
  x_close (f, stream);
  g_assert_no_error (f->error);
  message = smtp_test_server_get_message (f->server, 0);
  g_assert_cmpstr (smtp_test_message_get_authenticated_as (message), ==, "user");

  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE, "already");
}

static void
test_plain (Fixture *f)
{
  sign_in (f, plain ("secret"));
}

static void
test_login (Fixture *f)
{
  sign_in (f, smtp_login_auth_new ("user", "secret", "127.0.0.1"));
}

static void
test_cram_md5 (Fixture *f)
{
  sign_in (f, smtp_cram_md5_auth_new ("user", "secret"));
}

/* The challenge, the secret and the digest of RFC 2195 §2. */
static void
test_cram_md5_vector (void)
{
  g_autoptr (SmtpAuth) auth = smtp_cram_md5_auth_new ("tim", "tanstaaftanstaaf");
  g_autoptr (GBytes) challenge = g_bytes_new_static ("<1896.697170952@postoffice.reston.mci.net>", 42);
  g_autoptr (GBytes) response = NULL;
  g_autoptr (GError) error = NULL;
  const char *expected = "tim b913a602c7eda7a495b4e6e7334d3890";

  g_assert_true (smtp_auth_next (auth, challenge, TRUE, &response, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (response, NULL), g_bytes_get_size (response), expected, strlen (expected));
}

static void
test_wrong_password (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = plain ("wrong");

  offer_auth (f);
  open_client (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535");
  g_assert_false (smtp_client_get_authenticated (f->client));
  expect_state (f, SMTP_CLIENT_STATE_CLOSED);
  g_assert_true (smtp_test_server_wait_for_closed (f->server, 1, 10000));
  g_assert_cmpuint (count_commands (f, "QUIT"), ==, 1);
  x_mail (f, "a@b.example", NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN, "closed");
}

/* A host that asks for the password again. */
static void
test_stay_open (Fixture *f)
{
  g_autoptr (SmtpAuth) wrong = plain ("wrong");
  g_autoptr (SmtpAuth) right = plain ("secret");

  offer_auth (f);
  start_server (f);
  new_client (f, SMTP_SECURITY_NONE);
  smtp_client_set_stay_open_after_refusal (f->client, TRUE);
  x_open (f);
  x_authenticate (f, wrong);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535");
  expect_state (f, SMTP_CLIENT_STATE_READY);
  g_assert_false (smtp_client_get_authenticated (f->client));
  x_authenticate (f, right);
  g_assert_no_error (f->error);
  g_assert_true (smtp_client_get_authenticated (f->client));
}

static const struct
{
  const char     *reply;
  SmtpClientError code;
} refusals[] = {
  { "535 5.7.8 bad credentials", SMTP_CLIENT_ERROR_AUTH_REJECTED },
  { "501 5.5.2 cannot decode", SMTP_CLIENT_ERROR_AUTH_REJECTED },
  { "454 4.7.0 try later", SMTP_CLIENT_ERROR_AUTH_TEMPORARY },
  { "432 4.7.12 password transition", SMTP_CLIENT_ERROR_AUTH_TEMPORARY },
  { "504 5.5.4 unknown mechanism", SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE },
  { "534 5.7.9 too weak", SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE },
  { "538 5.7.11 encryption required", SMTP_CLIENT_ERROR_TLS_REQUIRED },
};

static void
test_refusals (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = plain ("secret");

  offer_auth (f);
  start_server (f);
  new_client (f, SMTP_SECURITY_NONE);
  smtp_client_set_stay_open_after_refusal (f->client, TRUE);
  x_open (f);
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      smtp_test_server_script_reply_text (f->server, "AUTH", refusals[i].reply);
      x_authenticate (f, auth);
      expect_error (f, SMTP_CLIENT_ERROR, refusals[i].code, refusals[i].reply);
    }
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
}

static void
test_not_offered (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = plain ("secret");

  open_client (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "no authentication");
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
  expect_state (f, SMTP_CLIENT_STATE_READY);
}

static void
test_mechanism_not_offered (Fixture *f)
{
  const char *mechanisms[] = { "LOGIN", NULL };
  g_autoptr (SmtpAuth) auth = plain ("secret");

  g_object_set (f->server, "auth-mechanisms", mechanisms, NULL);
  open_client (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "LOGIN");
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
}

static void
test_wrong_host (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_plain_auth_new (NULL, "user", "secret", "other.example");

  offer_auth (f);
  open_client (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "other.example");
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
}

/* The server repeats what it was sent, in each way it can. */
static void
test_echo (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = plain ("secret");

  offer_auth (f);
  open_client (f);
  smtp_test_server_script_reply_text (f->server, "AUTH", "535-5.7.8 user with secret\r\n535 5.7.8 AHVzZXIAc2VjcmV0 is wrong");
  x_authenticate (f, auth);
  g_assert_null (strstr (f->error->message, "secret"));
  g_assert_null (strstr (f->error->message, "AHVzZXIAc2VjcmV0"));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "****");
  g_assert_null (strstr (smtp_reply_get_text (smtp_client_get_last_reply (f->client)), "secret"));
  expect_no_secret (f);
}

static void
test_lost_in_auth (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = plain ("secret");

  offer_auth (f);
  open_client (f);
  smtp_test_server_script_drop (f->server, "AUTH", 0, FALSE);
  x_authenticate (f, auth);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "127.0.0.1");
}

static void
abort_login (Fixture        *f,
             const char     *challenge,
             SmtpClientError code)
{
  g_autoptr (SmtpAuth) auth = smtp_login_auth_new ("user", "secret", "127.0.0.1");

  offer_auth (f);
  open_client (f);
  for (guint i = 0; i < 3; i++)
    smtp_test_server_script_reply_text (f->server, i == 0 ? "AUTH" : "AUTH-RESPONSE", challenge);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, code, NULL);
  g_assert_true (smtp_test_server_wait_for_closed (f->server, 1, 10000));
  g_assert_cmpuint (count_commands (f, "*"), ==, 1);
}

static void
test_bad_base64 (Fixture *f)
{
  abort_login (f, "334 not base64!", SMTP_CLIENT_ERROR_PROTOCOL);
}

static void
test_third_challenge (Fixture *f)
{
  abort_login (f, "334 VXNlcm5hbWU6", SMTP_CLIENT_ERROR_PROTOCOL);
}

/* 512 octets and more go behind a 334. */
static void
test_long_response (Fixture *f)
{
  g_autofree char *password = g_strnfill (600, 'p');
  g_autoptr (SmtpAuth) auth = plain (password);

  g_object_set (f->server, "password", password, NULL);
  offer_auth (f);
  open_client (f);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  g_assert_cmpuint (count_commands (f, "AUTH PLAIN"), ==, 1);
  g_assert_cmpuint (count_commands (f, "AUTH PLAIN "), ==, 0);
}

/* ---- where a password may go ----------------------------------------------- */

/* Over the caller's stream only when it is declared secure. */
static void
test_stream (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_plain_auth_new (NULL, "user", "secret", "test.example");

  offer_auth (f);
  start_server (f);
  for (guint secure = 0; secure < 2; secure++)
    {
      g_autoptr (GSocketClient) connector = g_socket_client_new ();
      g_autoptr (GSocketConnection) connection = NULL;
      g_autofree char *uri = g_strdup_printf ("127.0.0.1:%u", smtp_test_server_get_port (f->server));

      connection = g_socket_client_connect_to_host (connector, uri, 0, NULL, &f->error);
      g_assert_no_error (f->error);
      g_clear_object (&f->client);
      f->client = smtp_client_new_for_stream (G_IO_STREAM (connection), "test.example");
      smtp_client_set_stream_is_secure (f->client, secure);
      x_open (f);
      g_assert_no_error (f->error);
      x_authenticate (f, auth);
      if (secure)
        g_assert_no_error (f->error);
      else
        expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_TLS_REQUIRED, "clear text");
    }
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 1);
}

/* A proxy on this machine: its own peer is loopback, the server's need not be.
 * SOCKS 5 (RFC 1928) without authentication, for one connection. */
typedef struct
{
  GSocketListener *listener;
  guint16          server_port;
  GThread         *thread;
} Proxy;

static void
exchange (GIOStream  *stream,
          gsize       n_read,
          const char *answer,
          gsize       n_written)
{
  guint8 buffer[64];

  g_input_stream_read_all (g_io_stream_get_input_stream (stream), buffer, n_read, NULL, NULL, NULL);
  g_output_stream_write_all (g_io_stream_get_output_stream (stream), answer, n_written, NULL, NULL, NULL);
}

static gpointer
copy_stream (gpointer data)
{
  GIOStream **ends = data;

  g_output_stream_splice (g_io_stream_get_output_stream (ends[1]), g_io_stream_get_input_stream (ends[0]),
                          G_OUTPUT_STREAM_SPLICE_NONE, NULL, NULL);
  g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (ends[1])), FALSE, TRUE, NULL);
  return NULL;
}

static gpointer
run_proxy (gpointer data)
{
  Proxy *proxy = data;
  g_autoptr (GSocketConnection) client = g_socket_listener_accept (proxy->listener, NULL, NULL, NULL);
  g_autoptr (GSocketClient) connector = g_socket_client_new ();
  g_autoptr (GSocketConnection) server = NULL;
  GIOStream *up[2], *down[2];
  GThread *upward;

  g_socket_client_set_enable_proxy (connector, FALSE);
  server = g_socket_client_connect_to_host (connector, "127.0.0.1", proxy->server_port, NULL, NULL);
  exchange (G_IO_STREAM (client), 3, "\005\000", 2);
  /* version, CONNECT, reserved, address of 4 octets and a port */
  exchange (G_IO_STREAM (client), 10, "\005\000\000\001\177\000\000\001\000\031", 10);
  up[0] = down[1] = G_IO_STREAM (client);
  up[1] = down[0] = G_IO_STREAM (server);
  upward = g_thread_new ("up", copy_stream, up);
  copy_stream (down);
  g_thread_join (upward);
  return NULL;
}

static void
test_proxy (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = plain ("secret");
  g_autoptr (GProxyResolver) resolver = NULL;
  g_autofree char *uri = NULL;
  Proxy proxy;

  offer_auth (f);
  start_server (f);
  proxy.server_port = smtp_test_server_get_port (f->server);
  proxy.listener = g_socket_listener_new ();
  uri = g_strdup_printf ("socks5://127.0.0.1:%u", g_socket_listener_add_any_inet_port (proxy.listener, NULL, NULL));
  proxy.thread = g_thread_new ("proxy", run_proxy, &proxy);
  resolver = g_simple_proxy_resolver_new (uri, NULL);

  new_client (f, SMTP_SECURITY_NONE);
  smtp_client_set_proxy_resolver (f->client, resolver);
  x_open (f);
  g_assert_no_error (f->error);
  g_assert_cmpuint (count_commands (f, "EHLO [127.0.0.1]"), ==, 1);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_TLS_REQUIRED, "clear text");
  g_clear_object (&f->client);
  g_thread_join (proxy.thread);
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
  g_object_unref (proxy.listener);
}

/* ---- a mechanism of one's own ----------------------------------------------- */

typedef struct
{
  SmtpAuth  parent_instance;

  gboolean  answering; /* the next four are for prepare_next, not prepare */
  gboolean  waits;     /* the preparation ends later */
  gboolean  never;     /* or not at all */
  GCancellable *cancels; /* what is cancelled while it is waited for */
  SmtpClient *closes;  /* what the preparation closes */
  GTask    *task;
  GError   *prepare_error;
  GError   *start_error;
  GError   *next_error;
  GError   *confirm_error;
  gboolean  silent;    /* fails without an error */
  guint     retries;   /* how often it begins anew after a failure … */
  gboolean  mends;     /* … which it mends before */
  guint     n_retries; /* how often it was asked */
  GError   *failure;   /* what it was asked about last */
  SmtpClient *retry_closes;
  gboolean  prepared;
  guint     n_prepared; /* challenges */
  gboolean  saw_tls;
} OwnAuth;

typedef SmtpAuthClass OwnAuthClass;

static GType own_auth_get_type (void);
G_DEFINE_FINAL_TYPE (OwnAuth, own_auth, SMTP_TYPE_AUTH)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OwnAuth, g_object_unref)

static gboolean
fail_with (OwnAuth *self,
           GError  *own,
           GError **error)
{
  if (own != NULL)
    g_propagate_error (error, g_error_copy (own));
  return own == NULL && !self->silent;
}

static gboolean
own_auth_start (SmtpAuth        *auth,
                SmtpServerInfo  *server,
                char           **mechanism,
                GBytes         **initial_response,
                GError         **error)
{
  OwnAuth *self = (OwnAuth *) auth;

  g_assert_cmpstr (smtp_server_info_get_name (server), ==, "127.0.0.1");
  g_assert_true (smtp_server_info_get_local (server));
  g_assert_true (smtp_server_info_has_mechanism (server, "PLAIN"));
  self->saw_tls = smtp_server_info_get_tls (server);
  if (!fail_with (self, self->start_error, error))
    return FALSE;

  *mechanism = g_strdup ("LOGIN");
  return TRUE;
}

static gboolean
own_auth_next (SmtpAuth  *auth,
               GBytes    *challenge,
               gboolean   more,
               GBytes   **response,
               GError   **error)
{
  OwnAuth *self = (OwnAuth *) auth;
  gsize length;
  const char *text = g_bytes_get_data (challenge, &length);
  gboolean name = length > 0 && text[0] == 'U';

  if (!fail_with (self, more ? self->next_error : self->confirm_error, error))
    return FALSE;

  if (more)
    *response = name ? g_bytes_new_static ("user", 4) : g_bytes_new_static ("secret", 6);
  return TRUE;
}

static gboolean
return_later (gpointer task)
{
  g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

static void
cancel_soon (OwnAuth *self,
             GTask   *task)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, on_cancel, self->cancels, NULL);
  g_source_attach (source, g_task_get_context (task));
}

static void
own_auth_wait (OwnAuth *self,
               GTask   *task)
{
  g_autoptr (GSource) source = NULL;

  if (self->closes != NULL)
    smtp_client_close (self->closes);

  if (self->prepare_error != NULL)
    {
      g_task_return_error (task, g_error_copy (self->prepare_error));
      return;
    }

  if (self->cancels != NULL)
    cancel_soon (self, task);

  if (self->never)
    {
      self->task = g_object_ref (task);
      return;
    }

  source = self->waits ? g_timeout_source_new (20) : g_idle_source_new ();
  g_source_set_callback (source, return_later, g_object_ref (task), g_object_unref);
  g_source_attach (source, g_task_get_context (task));
}

static void
own_auth_prepare (SmtpAuth       *auth,
                  SmtpServerInfo *server,
                  GTask          *task)
{
  OwnAuth *self = (OwnAuth *) auth;

  self->prepared = TRUE;
  if (self->answering)
    g_task_return_boolean (task, TRUE);
  else
    own_auth_wait (self, task);
}

static void
own_auth_prepare_next (SmtpAuth *auth,
                       GBytes   *challenge,
                       GTask    *task)
{
  OwnAuth *self = (OwnAuth *) auth;

  g_assert_cmpuint (g_bytes_get_size (challenge), >, 0);
  self->n_prepared++;
  if (self->answering)
    own_auth_wait (self, task);
  else
    g_task_return_boolean (task, TRUE);
}

static void
mend (OwnAuth *self)
{
  g_clear_error (&self->prepare_error);
  g_clear_error (&self->start_error);
  g_clear_error (&self->next_error);
  g_clear_error (&self->confirm_error);
}

static gboolean
own_auth_retry (SmtpAuth       *auth,
                SmtpServerInfo *server,
                const GError   *failure)
{
  OwnAuth *self = (OwnAuth *) auth;

  g_assert_cmpstr (smtp_server_info_get_name (server), ==, "127.0.0.1");
  self->n_retries++;
  g_clear_error (&self->failure);
  self->failure = g_error_copy (failure);
  if (self->retry_closes != NULL)
    smtp_client_close (self->retry_closes);
  if (self->mends)
    mend (self);
  return self->n_retries <= self->retries;
}

static void
own_auth_finalize (GObject *object)
{
  OwnAuth *self = (OwnAuth *) object;

  g_clear_object (&self->task);
  g_clear_error (&self->failure);
  mend (self);
  G_OBJECT_CLASS (own_auth_parent_class)->finalize (object);
}

static void
own_auth_class_init (OwnAuthClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = own_auth_finalize;
  klass->start = own_auth_start;
  klass->next = own_auth_next;
  klass->prepare = own_auth_prepare;
  klass->prepare_next = own_auth_prepare_next;
  klass->retry = own_auth_retry;
}

static void
own_auth_init (OwnAuth *self)
{
}

static OwnAuth *
new_own_auth (Fixture *f)
{
  offer_auth (f);
  open_client (f);
  return g_object_new (own_auth_get_type (), NULL);
}

static void
test_own (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->waits = TRUE;
  x_authenticate (f, SMTP_AUTH (auth));
  g_assert_no_error (f->error);
  g_assert_true (auth->prepared);
  g_assert_false (auth->saw_tls);
  g_assert_true (smtp_client_get_authenticated (f->client));
}

static GError *
own_error (void)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no token today");
}

static void
test_own_prepare_fails (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->prepare_error = own_error ();
  x_authenticate (f, SMTP_AUTH (auth));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no token today");
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
  expect_state (f, SMTP_CLIENT_STATE_CLOSED);
}

/* The program may close the client while the mechanism is busy. */
static void
test_own_prepare_closes (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->closes = f->client;
  x_authenticate (f, SMTP_AUTH (auth));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CLOSED, "127.0.0.1");
  g_assert_false (smtp_client_get_authenticated (f->client));
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
}

static void
test_own_prepare_never_ends (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->never = TRUE;
  smtp_client_set_timeout (f->client, 1);
  x_authenticate (f, SMTP_AUTH (auth));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, NULL);
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);

  /* Too late, and nobody is there any more. */
  g_clear_object (&f->client);
  g_task_return_boolean (auth->task, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Time for an answer: twice, and not for the server's success. */
static void
test_own_answers_later (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->answering = TRUE;
  auth->waits = TRUE;
  x_authenticate (f, SMTP_AUTH (auth));
  g_assert_no_error (f->error);
  g_assert_cmpuint (auth->n_prepared, ==, 2);
  g_assert_true (smtp_client_get_authenticated (f->client));
}

static void
test_own_answer_fails (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->answering = TRUE;
  auth->prepare_error = own_error ();
  x_authenticate (f, SMTP_AUTH (auth));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no token today");
  g_assert_true (smtp_test_server_wait_for_closed (f->server, 1, 10000));
  g_assert_cmpuint (count_commands (f, "*"), ==, 1);
  g_assert_cmpuint (auth->n_prepared, ==, 1);
}

static void
test_own_answer_closes (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->answering = TRUE;
  auth->closes = f->client;
  x_authenticate (f, SMTP_AUTH (auth));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CLOSED, "127.0.0.1");
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
}

static void
test_own_answer_never_comes (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->answering = TRUE;
  auth->never = TRUE;
  smtp_client_set_timeout (f->client, 1);
  x_authenticate (f, SMTP_AUTH (auth));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, NULL);
  g_assert_true (smtp_test_server_wait_for_closed (f->server, 1, 10000));
  g_assert_cmpuint (count_commands (f, "*"), ==, 1);

  g_clear_object (&f->client);
  g_task_return_boolean (auth->task, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_own_answer_cancelled (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->answering = TRUE;
  auth->never = TRUE;
  f->cancellable = g_cancellable_new ();
  auth->cancels = f->cancellable;
  x_authenticate (f, SMTP_AUTH (auth));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, "127.0.0.1");
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
  g_assert_true (g_cancellable_is_cancelled (g_task_get_cancellable (auth->task)));
  g_task_return_boolean (auth->task, TRUE);
}

static void
test_own_start_fails (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->start_error = own_error ();
  x_authenticate (f, SMTP_AUTH (auth));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no token today");
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
}

static void
test_own_next_fails (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->next_error = own_error ();
  x_authenticate (f, SMTP_AUTH (auth));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no token today");
  g_assert_true (smtp_test_server_wait_for_closed (f->server, 1, 10000));
  g_assert_cmpuint (count_commands (f, "*"), ==, 1);
}

/* What a Python method that raises does. */
static void
test_own_fails_silently (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->silent = TRUE;
  x_authenticate (f, SMTP_AUTH (auth));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "OwnAuth");
}

/* The server says yes, the mechanism does not believe it. */
static void
test_own_rejects_server (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->confirm_error = own_error ();
  x_authenticate (f, SMTP_AUTH (auth));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no token today");
  g_assert_false (smtp_client_get_authenticated (f->client));
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
}

/* ---- beginning anew --------------------------------------------------------- */

/* Whatever went wrong, the next attempt goes well. */
static void
expect_mended (Fixture *f,
               OwnAuth *auth,
               GQuark   domain,
               int      code,
               guint    n_auth)
{
  auth->retries = 1;
  auth->mends = TRUE;
  x_authenticate (f, SMTP_AUTH (auth));
  g_assert_no_error (f->error);
  g_assert_error (auth->failure, domain, code);
  g_assert_cmpuint (auth->n_retries, ==, 1);
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, n_auth);
  g_assert_true (smtp_client_get_authenticated (f->client));
}

static void
test_retry_after_refusal (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  smtp_test_server_script_reply_text (f->server, "AUTH", "504 5.5.4 what?");
  expect_mended (f, auth, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, 2);
  g_assert_nonnull (strstr (auth->failure->message, "504 5.5.4 what?"));
}

static void
test_retry_after_prepare (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->prepare_error = own_error ();
  expect_mended (f, auth, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, 1);
}

static void
test_retry_after_start (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->start_error = own_error ();
  expect_mended (f, auth, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, 1);
}

/* The exchange is aborted first. */
static void
test_retry_after_next (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->next_error = own_error ();
  expect_mended (f, auth, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, 2);
  g_assert_cmpuint (count_commands (f, "*"), ==, 1);
}

/* The last failure is the one that is reported. */
static void
test_retry_in_vain (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  smtp_test_server_script_reply_text (f->server, "AUTH", "504 5.5.4 what?");
  smtp_test_server_script_reply_text (f->server, "AUTH", "535 5.7.8 who?");
  auth->retries = 1;
  x_authenticate (f, SMTP_AUTH (auth));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535 5.7.8 who?");
  g_assert_cmpuint (auth->n_retries, ==, 2);
  expect_state (f, SMTP_CLIENT_STATE_CLOSED);
}

static void
test_retry_has_an_end (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->start_error = own_error ();
  auth->retries = G_MAXUINT;
  x_authenticate (f, SMTP_AUTH (auth));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no token today");
  g_assert_cmpuint (auth->n_retries, ==, 32);
}

static void
test_retry_closes (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  smtp_test_server_script_reply_text (f->server, "AUTH", "535 5.7.8 who?");
  auth->retries = 1;
  auth->retry_closes = f->client;
  x_authenticate (f, SMTP_AUTH (auth));
  g_assert_nonnull (f->error);
  g_clear_error (&f->error);
  g_assert_cmpuint (auth->n_retries, ==, 1);
  g_assert_false (smtp_client_get_authenticated (f->client));
}

/* A lost connection or a cancellation is no refusal. */
static void
test_retry_is_not_for_losses (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  smtp_test_server_script_drop (f->server, "AUTH", 0, FALSE);
  auth->retries = 1;
  x_authenticate (f, SMTP_AUTH (auth));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "127.0.0.1");
  g_assert_cmpuint (auth->n_retries, ==, 0);
}

static void
test_retry_is_not_for_the_cancelled (Fixture *f)
{
  g_autoptr (OwnAuth) auth = new_own_auth (f);

  auth->never = TRUE;
  auth->retries = 1;
  f->cancellable = g_cancellable_new ();
  auth->cancels = f->cancellable;
  x_authenticate (f, SMTP_AUTH (auth));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, "127.0.0.1");
  g_assert_cmpuint (auth->n_retries, ==, 0);
  g_task_return_boolean (auth->task, TRUE);
}

/* ---- EHLO after AUTH ------------------------------------------------------- */

/* The list is the server's latest, and the notification comes with it. */
static void
test_more_offered (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = plain ("secret");
  const char *params;

  offer_auth (f);
  open_client (f);
  g_assert_false (smtp_client_get_extension (f->client, "X-KNOWN", NULL));
  smtp_test_server_script_reply_text (f->server, "EHLO", "250-server\r\n250-SIZE 7\r\n250 X-KNOWN yes");
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  g_assert_true (smtp_client_get_extension (f->client, "X-KNOWN", &params));
  g_assert_cmpstr (params, ==, "yes");
  g_assert_false (smtp_client_get_extension (f->client, "AUTH", NULL));
  g_assert_true (smtp_client_get_authenticated (f->client));
  g_assert_cmpuint (count_commands (f, "EHLO"), ==, 2);
}

static void
test_no_more_offered (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = plain ("secret");

  offer_auth (f);
  open_client (f);
  smtp_test_server_script_reply_text (f->server, "EHLO", "503 5.5.1 you said that");
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  g_assert_true (smtp_client_get_extension (f->client, "AUTH", NULL));
  g_assert_true (smtp_client_get_authenticated (f->client));
  begin_message (f);
}

/* Over TLS a secret may go anywhere. */
static void
test_over_tls (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = plain ("secret");

  g_object_set (f->server, "tls-mode", SMTP_TEST_TLS_STARTTLS, "auth-before-tls", FALSE, NULL);
  offer_auth (f);
  open_client (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, NULL);
  trust_server (f);
  x_start_tls (f);
  g_assert_no_error (f->error);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  expect_no_secret (f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/auth/cram-md5-vector", test_cram_md5_vector);
  add_scenario ("/auth/plain", test_plain);
  add_scenario ("/auth/login", test_login);
  add_scenario ("/auth/cram-md5", test_cram_md5);
  add_scenario ("/auth/wrong-password", test_wrong_password);
  add_scenario ("/auth/stay-open", test_stay_open);
  add_scenario ("/auth/refusals", test_refusals);
  add_scenario ("/auth/not-offered", test_not_offered);
  add_scenario ("/auth/mechanism-not-offered", test_mechanism_not_offered);
  add_scenario ("/auth/wrong-host", test_wrong_host);
  add_scenario ("/auth/echo", test_echo);
  add_scenario ("/auth/lost", test_lost_in_auth);
  add_scenario ("/auth/bad-base64", test_bad_base64);
  add_scenario ("/auth/third-challenge", test_third_challenge);
  add_scenario ("/auth/long-response", test_long_response);
  add_scenario ("/auth/stream", test_stream);
  add_scenario ("/auth/proxy", test_proxy);
  add_scenario ("/auth/own", test_own);
  add_scenario ("/auth/own-prepare-fails", test_own_prepare_fails);
  add_scenario ("/auth/own-prepare-closes", test_own_prepare_closes);
  add_scenario ("/auth/own-prepare-never-ends", test_own_prepare_never_ends);
  add_scenario ("/auth/own-answers-later", test_own_answers_later);
  add_scenario ("/auth/own-answer-fails", test_own_answer_fails);
  add_scenario ("/auth/own-answer-closes", test_own_answer_closes);
  add_scenario ("/auth/own-answer-never-comes", test_own_answer_never_comes);
  add_scenario ("/auth/own-answer-cancelled", test_own_answer_cancelled);
  add_scenario ("/auth/own-start-fails", test_own_start_fails);
  add_scenario ("/auth/own-next-fails", test_own_next_fails);
  add_scenario ("/auth/own-fails-silently", test_own_fails_silently);
  add_scenario ("/auth/own-rejects-server", test_own_rejects_server);
  add_scenario ("/auth/retry-after-refusal", test_retry_after_refusal);
  add_scenario ("/auth/retry-after-prepare", test_retry_after_prepare);
  add_scenario ("/auth/retry-after-start", test_retry_after_start);
  add_scenario ("/auth/retry-after-next", test_retry_after_next);
  add_scenario ("/auth/retry-in-vain", test_retry_in_vain);
  add_scenario ("/auth/retry-has-an-end", test_retry_has_an_end);
  add_scenario ("/auth/retry-closes", test_retry_closes);
  add_scenario ("/auth/retry-is-not-for-losses", test_retry_is_not_for_losses);
  add_scenario ("/auth/retry-is-not-for-the-cancelled", test_retry_is_not_for_the_cancelled);
  add_scenario ("/auth/more-offered", test_more_offered);
  add_scenario ("/auth/no-more-offered", test_no_more_offered);
  add_scenario ("/auth/over-tls", test_over_tls);

  return g_test_run ();
}
