/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-test-server.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "smtp-test-config.h"
#include "smtp-test-record.h"
#include "smtp-test-script.h"
#include "smtp-test-session.h"

/**
 * SmtpTestServer:
 *
 * A mail server for tests: it does what it is told, right or wrong, and
 * remembers what it was sent.
 *
 * It runs in a thread of its own, so that a test may use synchronous calls; all
 * its methods may be called from any thread. Properties count for the sessions
 * that begin after they were set.
 *
 * What is scripted is used once, in the order it was scripted in, when the verb
 * comes: a command in upper case, or `GREETING`, `.` (the end of the content),
 * `AUTH-RESPONSE` (a line within AUTH), `*` (anything). `skip` lets that many
 * occurrences pass first.
 */
struct _SmtpTestServer
{
  GObject           parent_instance;

  SmtpTestSettings  settings;
  SmtpTestScript    script;
  SmtpTestRecord    record;

  GThread          *thread;    /* NULL while stopped */
  GMainContext     *context;
  GSocketListener  *listener;
  GCancellable     *cancellable;
  GHashTable       *sessions;  /* of SmtpTestSession; the thread's */
  gboolean          stopping;  /* the thread's */
  guint16           port;
  char             *socket_path;
  GPtrArray        *files;     /* of databases, which read them when they like */
};

enum
{
  PROP_0,
  PROP_EXTENSIONS,
  PROP_TLS_EXTENSIONS,
  PROP_AUTH_MECHANISMS,
  PROP_CERTIFICATE_NAMES,
  PROP_USERNAME,
  PROP_PASSWORD,
  PROP_GREETING,
  PROP_ADDRESS,
  PROP_DIRECTORY,
  PROP_TLS_MODE,
  PROP_AUTH_BEFORE_TLS,
  PROP_EHLO_ALLOWED,
  PROP_ALLOW_RELAY,
  PROP_KEEP_CONTENT,
  PROP_CERTIFICATE_EXPIRED,
  PROP_REQUEST_CLIENT_CERTIFICATE,
  PROP_DELAY,
  PROP_MAX_RECIPIENTS,
  PROP_RECEIVE_BUFFER,
  PROP_SEND_BUFFER,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (SmtpTestServer, smtp_test_server, G_TYPE_OBJECT)

/* ---- in the thread -------------------------------------------------------- */

static void
on_session_ended (SmtpTestSession *session,
                  gpointer         user_data)
{
  SmtpTestServer *self = user_data;

  g_hash_table_remove (self->sessions, session);
}

static void
begin_session (SmtpTestServer *self,
               GIOStream      *stream)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SmtpTestConfig) config = smtp_test_settings_ref_with_identity (&self->settings, &error);

  if (config == NULL)
    {
      g_critical ("No certificate can be made: %s", error->message);
      return;
    }

  g_hash_table_add (self->sessions, smtp_test_session_new (stream, config, &self->script, &self->record,
                                                           on_session_ended, self));
}

static void begin_accept (SmtpTestServer *self);

static void
on_accepted (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  SmtpTestServer *self = user_data;
  g_autoptr (GSocketConnection) connection = NULL;

  connection = g_socket_listener_accept_finish (G_SOCKET_LISTENER (source), result, NULL, NULL);
  if (self->stopping)
    {
      /* The last thing that waits for the listener. */
      g_clear_object (&self->listener);
      return;
    }

  if (connection != NULL)
    begin_session (self, G_IO_STREAM (connection));
  begin_accept (self);
}

static void
begin_accept (SmtpTestServer *self)
{
  g_socket_listener_accept_async (self->listener, self->cancellable, on_accepted, self);
}

static gpointer
serve (gpointer user_data)
{
  SmtpTestServer *self = user_data;

  g_main_context_push_thread_default (self->context);
  begin_accept (self);
  while (!self->stopping || self->listener != NULL || g_hash_table_size (self->sessions) > 0)
    g_main_context_iteration (self->context, TRUE);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static gboolean
stop_in_thread (gpointer user_data)
{
  SmtpTestServer *self = user_data;
  g_autoptr (GList) sessions = g_hash_table_get_keys (self->sessions);

  self->stopping = TRUE;
  g_cancellable_cancel (self->cancellable);
  for (GList *l = sessions; l != NULL; l = l->next)
    smtp_test_session_stop (l->data);
  return G_SOURCE_REMOVE;
}

static gboolean
hurry_in_thread (gpointer user_data)
{
  SmtpTestServer *self = user_data;
  g_autoptr (GList) sessions = g_hash_table_get_keys (self->sessions);

  for (GList *l = sessions; l != NULL; l = l->next)
    smtp_test_session_hurry (l->data);
  return G_SOURCE_REMOVE;
}

typedef struct
{
  SmtpTestServer *server;
  GIOStream      *stream;
} Given;

static gboolean
begin_given (gpointer user_data)
{
  g_autofree Given *given = user_data;
  g_autoptr (GIOStream) stream = given->stream;

  begin_session (given->server, stream);
  return G_SOURCE_REMOVE;
}

/* ---- starting and stopping -------------------------------------------------- */

/**
 * smtp_test_server_new:
 *
 * Creates a server that is not started yet.
 *
 * Returns: (transfer full): a new server
 */
SmtpTestServer *
smtp_test_server_new (void)
{
  return g_object_new (SMTP_TEST_TYPE_SERVER, NULL);
}

static gboolean
listen_at_path (SmtpTestServer *self,
                const char     *path,
                GError        **error)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);

  if (!g_socket_listener_add_address (self->listener, address, G_SOCKET_TYPE_STREAM,
                                      G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, error))
    return FALSE;

  self->socket_path = g_strdup (path);
  return TRUE;
}

static gboolean
listen_at_address (SmtpTestServer *self,
                   const char     *text,
                   GError        **error)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (text, 0);
  g_autoptr (GSocketAddress) bound = NULL;

  if (address == NULL ||
      !g_inet_address_get_is_loopback (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address))))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” is no loopback address", text);
      return FALSE;
    }

  if (!g_socket_listener_add_address (self->listener, address, G_SOCKET_TYPE_STREAM,
                                      G_SOCKET_PROTOCOL_DEFAULT, NULL, &bound, error))
    return FALSE;

  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return TRUE;
}

static gboolean
begin_listening (SmtpTestServer *self,
                 GError        **error)
{
  g_autoptr (SmtpTestConfig) config = smtp_test_settings_ref_with_identity (&self->settings, error);

  if (config == NULL)
    return FALSE;

  self->listener = g_socket_listener_new ();
  g_socket_listener_set_backlog (self->listener, 128);
  if (g_str_has_prefix (config->address, "unix:"))
    return listen_at_path (self, config->address + strlen ("unix:"), error);

  return listen_at_address (self, config->address, error);
}

/**
 * smtp_test_server_start:
 * @self: a server
 * @error: return location for an error
 *
 * Listens on a port that the kernel chooses, and serves in a thread.
 *
 * Returns: whether it could be started
 */
gboolean
smtp_test_server_start (SmtpTestServer *self,
                        GError        **error)
{
  g_return_val_if_fail (self->thread == NULL, FALSE);

  if (!begin_listening (self, error))
    {
      g_clear_object (&self->listener);
      return FALSE;
    }

  self->stopping = FALSE;
  self->context = g_main_context_new ();
  self->cancellable = g_cancellable_new ();
  self->sessions = g_hash_table_new (NULL, NULL);
  self->thread = g_thread_new ("smtp-test-server", serve, self);
  return TRUE;
}

/**
 * smtp_test_server_stop:
 * @self: a server
 *
 * Ends all sessions and the thread. What was recorded stays.
 */
void
smtp_test_server_stop (SmtpTestServer *self)
{
  if (self->thread == NULL)
    return;

  g_main_context_invoke (self->context, stop_in_thread, self);
  g_thread_join (g_steal_pointer (&self->thread));
  smtp_test_record_interrupt (&self->record);
  g_clear_pointer (&self->sessions, g_hash_table_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->cancellable);
  if (self->socket_path != NULL)
    g_unlink (self->socket_path);
  g_clear_pointer (&self->socket_path, g_free);
}

/**
 * smtp_test_server_accept_stream:
 * @self: a started server
 * @stream: a connected stream
 *
 * Serves a session over a stream of the caller's: the other end of a socket
 * pair, say.
 */
void
smtp_test_server_accept_stream (SmtpTestServer *self,
                                GIOStream      *stream)
{
  Given *given = g_new (Given, 1);

  g_return_if_fail (self->thread != NULL);

  given->server = self;
  given->stream = g_object_ref (stream);
  g_main_context_invoke (self->context, begin_given, given);
}

/* ---- where it is -------------------------------------------------------------- */

/**
 * smtp_test_server_get_port:
 * @self: a started server
 *
 * The port it listens on.
 *
 * Returns: the port, 0 for a UNIX socket
 */
guint16
smtp_test_server_get_port (SmtpTestServer *self)
{
  return self->port;
}

/**
 * smtp_test_server_get_uri:
 * @self: a started server
 *
 * The URI to reach it by.
 *
 * Returns: (transfer full): `smtp://` or `smtps://` with address and port
 */
char *
smtp_test_server_get_uri (SmtpTestServer *self)
{
  g_autoptr (SmtpTestConfig) config = smtp_test_settings_ref_config (&self->settings);
  gboolean ipv6 = strchr (config->address, ':') != NULL;

  if (self->socket_path != NULL)
    return g_strdup_printf ("smtp+unix:%s", self->socket_path);

  return g_strdup_printf ("%s://%s%s%s:%u", config->tls_mode == SMTP_TEST_TLS_IMPLICIT ? "smtps" : "smtp",
                          ipv6 ? "[" : "", config->address, ipv6 ? "]" : "", self->port);
}

/**
 * smtp_test_server_get_certificate_pem:
 * @self: a server
 *
 * The server's certificate, which it signed itself.
 *
 * Returns: (transfer full): the certificate as PEM
 */
char *
smtp_test_server_get_certificate_pem (SmtpTestServer *self)
{
  g_autoptr (SmtpTestConfig) config = smtp_test_settings_ref_with_identity (&self->settings, NULL);

  return g_strdup (config != NULL ? config->identity->certificate_pem : "");
}

/**
 * smtp_test_server_get_certificate:
 * @self: a server
 * @error: return location for an error
 *
 * The server's certificate, without its key.
 *
 * Returns: (transfer full): the certificate
 */
GTlsCertificate *
smtp_test_server_get_certificate (SmtpTestServer *self,
                                  GError        **error)
{
  g_autofree char *pem = smtp_test_server_get_certificate_pem (self);

  return g_tls_certificate_new_from_pem (pem, -1, error);
}

/**
 * smtp_test_server_create_database:
 * @self: a server
 * @error: return location for an error
 *
 * A database that trusts the server's certificate and nothing else. It is good
 * as long as the server lives.
 *
 * Returns: (transfer full): a database
 */
GTlsDatabase *
smtp_test_server_create_database (SmtpTestServer *self,
                                  GError        **error)
{
  g_autofree char *pem = smtp_test_server_get_certificate_pem (self);
  char *path = NULL;
  int fd = g_file_open_tmp ("smtp-test-XXXXXX.pem", &path, error);

  if (fd < 0)
    return NULL;

  close (fd);
  g_ptr_array_add (self->files, path);
  if (!g_file_set_contents (path, pem, -1, error))
    return NULL;

  return g_tls_file_database_new (path, error);
}

/**
 * smtp_test_server_get_last_client_certificate_pem:
 * @self: a server
 *
 * The certificate that a client showed last.
 *
 * Returns: (transfer full) (nullable): the certificate as PEM
 */
char *
smtp_test_server_get_last_client_certificate_pem (SmtpTestServer *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->record.lock);

  return g_strdup (self->record.client_certificate);
}

/* ---- what it was sent ----------------------------------------------------------- */

/**
 * smtp_test_server_get_n_messages:
 * @self: a server
 *
 * How many messages it has accepted.
 *
 * Returns: the number
 */
guint
smtp_test_server_get_n_messages (SmtpTestServer *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->record.lock);

  return self->record.messages->len;
}

/**
 * smtp_test_server_get_message:
 * @self: a server
 * @index: which, from 0
 *
 * A message it has accepted.
 *
 * Returns: (transfer full) (nullable): the message
 */
SmtpTestMessage *
smtp_test_server_get_message (SmtpTestServer *self,
                              guint           index)
{
  return smtp_test_record_get_message (&self->record, index);
}

/**
 * smtp_test_server_clear_messages:
 * @self: a server
 *
 * Forgets the messages.
 */
void
smtp_test_server_clear_messages (SmtpTestServer *self)
{
  smtp_test_record_clear_messages (&self->record);
}

/**
 * smtp_test_server_wait_for_messages:
 * @self: a server
 * @n_messages: how many
 * @timeout_ms: how long to wait at the most
 *
 * Waits until that many messages were accepted.
 *
 * Returns: whether they were
 */
gboolean
smtp_test_server_wait_for_messages (SmtpTestServer *self,
                                    guint           n_messages,
                                    int             timeout_ms)
{
  return smtp_test_record_wait_messages (&self->record, n_messages, timeout_ms);
}

/**
 * smtp_test_server_get_commands:
 * @self: a server
 *
 * Every line it was sent, but for content.
 *
 * Returns: (transfer full) (array zero-terminated=1): the lines
 */
char **
smtp_test_server_get_commands (SmtpTestServer *self)
{
  return smtp_test_record_dup_commands (&self->record);
}

/**
 * smtp_test_server_clear_commands:
 * @self: a server
 *
 * Forgets the lines.
 */
void
smtp_test_server_clear_commands (SmtpTestServer *self)
{
  smtp_test_record_clear_commands (&self->record);
}

/**
 * smtp_test_server_get_session_count:
 * @self: a server
 *
 * How many sessions have begun.
 *
 * Returns: the number
 */
guint
smtp_test_server_get_session_count (SmtpTestServer *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->record.lock);

  return self->record.sessions_opened;
}

/**
 * smtp_test_server_get_open_sessions:
 * @self: a server
 *
 * How many sessions are open.
 *
 * Returns: the number
 */
guint
smtp_test_server_get_open_sessions (SmtpTestServer *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->record.lock);

  return self->record.sessions_opened - self->record.sessions_closed;
}

/**
 * smtp_test_server_wait_for_closed:
 * @self: a server
 * @n_sessions: how many in all
 * @timeout_ms: how long to wait at the most
 *
 * Waits until that many sessions have ended.
 *
 * Returns: whether they have
 */
gboolean
smtp_test_server_wait_for_closed (SmtpTestServer *self,
                                  guint           n_sessions,
                                  int             timeout_ms)
{
  return smtp_test_record_wait_closed (&self->record, n_sessions, timeout_ms);
}

/**
 * smtp_test_server_get_round_trips:
 * @self: a server
 *
 * How often it has written after reading.
 *
 * Returns: the number
 */
guint
smtp_test_server_get_round_trips (SmtpTestServer *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->record.lock);

  return self->record.round_trips;
}

/**
 * smtp_test_server_get_bytes_received:
 * @self: a server
 *
 * How many octets it has read, after decryption.
 *
 * Returns: the number
 */
guint64
smtp_test_server_get_bytes_received (SmtpTestServer *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->record.lock);

  return self->record.bytes_received;
}

/* ---- what it is to do --------------------------------------------------------------- */

/**
 * smtp_test_server_script_reply:
 * @self: a server
 * @verb: when
 * @reply: the octets to send
 * @skip: how many occurrences to let pass
 *
 * Answers with these octets. What the command does happens only when they
 * begin with 2 or 3.
 */
void
smtp_test_server_script_reply (SmtpTestServer *self,
                               const char     *verb,
                               GBytes         *reply,
                               int             skip)
{
  const SmtpTestCue cue = { .reply = reply };

  smtp_test_script_add (&self->script, SMTP_TEST_CUE_REPLY, verb, skip, &cue);
}

/**
 * smtp_test_server_script_reply_text:
 * @self: a server
 * @verb: when
 * @reply: the reply; CRLF is added
 *
 * Answers with this text.
 */
void
smtp_test_server_script_reply_text (SmtpTestServer *self,
                                    const char     *verb,
                                    const char     *reply)
{
  char *line = g_str_has_suffix (reply, "\r\n") ? g_strdup (reply) : g_strconcat (reply, "\r\n", NULL);
  g_autoptr (GBytes) bytes = g_bytes_new_take (line, strlen (line));

  smtp_test_server_script_reply (self, verb, bytes, 0);
}

/**
 * smtp_test_server_script_drop:
 * @self: a server
 * @verb: when
 * @skip: how many occurrences to let pass
 * @accept: whether the command takes effect before
 *
 * Closes the connection instead of answering.
 */
void
smtp_test_server_script_drop (SmtpTestServer *self,
                              const char     *verb,
                              int             skip,
                              gboolean        accept)
{
  const SmtpTestCue cue = { .accept = accept };

  smtp_test_script_add (&self->script, SMTP_TEST_CUE_DROP, verb, skip, &cue);
}

/**
 * smtp_test_server_script_delay:
 * @self: a server
 * @verb: when
 * @milliseconds: how long
 * @skip: how many occurrences to let pass
 *
 * Answers later.
 */
void
smtp_test_server_script_delay (SmtpTestServer *self,
                               const char     *verb,
                               guint           milliseconds,
                               int             skip)
{
  const SmtpTestCue cue = { .delay = milliseconds };

  smtp_test_script_add (&self->script, SMTP_TEST_CUE_DELAY, verb, skip, &cue);
}

/**
 * smtp_test_server_end_delays:
 * @self: a started server
 *
 * Has the delays that are under way end now: so a test holds an answer back for
 * as long as it likes, and waits for nothing.
 */
void
smtp_test_server_end_delays (SmtpTestServer *self)
{
  g_return_if_fail (self->thread != NULL);

  g_main_context_invoke (self->context, hurry_in_thread, self);
}

/**
 * smtp_test_server_script_silence:
 * @self: a server
 * @verb: when
 * @skip: how many occurrences to let pass
 *
 * Never answers again in this session.
 */
void
smtp_test_server_script_silence (SmtpTestServer *self,
                                 const char     *verb,
                                 int             skip)
{
  const SmtpTestCue cue = { 0, };

  smtp_test_script_add (&self->script, SMTP_TEST_CUE_SILENCE, verb, skip, &cue);
}

/**
 * smtp_test_server_script_split:
 * @self: a server
 * @verb: when
 * @skip: how many occurrences to let pass
 *
 * Answers octet by octet.
 */
void
smtp_test_server_script_split (SmtpTestServer *self,
                               const char     *verb,
                               int             skip)
{
  const SmtpTestCue cue = { .split = TRUE };

  smtp_test_script_add (&self->script, SMTP_TEST_CUE_SPLIT, verb, skip, &cue);
}

/**
 * smtp_test_server_script_append:
 * @self: a server
 * @verb: when
 * @bytes: what is sent behind the reply, together with it
 * @skip: how many occurrences to let pass
 *
 * Says more than it should.
 */
void
smtp_test_server_script_append (SmtpTestServer *self,
                                const char     *verb,
                                GBytes         *bytes,
                                int             skip)
{
  const SmtpTestCue cue = { .append = bytes };

  smtp_test_script_add (&self->script, SMTP_TEST_CUE_APPEND, verb, skip, &cue);
}

/**
 * smtp_test_server_script_flood:
 * @self: a server
 * @verb: when
 * @flood: with what
 *
 * Answers without end.
 */
void
smtp_test_server_script_flood (SmtpTestServer *self,
                               const char     *verb,
                               SmtpTestFlood   flood)
{
  const SmtpTestCue cue = { .flood = flood };

  smtp_test_script_add (&self->script, SMTP_TEST_CUE_FLOOD, verb, 0, &cue);
}

static void
add_content_fault (SmtpTestServer *self,
                   guint64         after,
                   GBytes         *reply,
                   gboolean        stop_reading,
                   gboolean        reset)
{
  SmtpTestContentFault *fault = g_new0 (SmtpTestContentFault, 1);

  fault->after = after;
  fault->reply = reply != NULL ? g_bytes_ref (reply) : NULL;
  fault->stop_reading = stop_reading;
  fault->reset = reset;
  smtp_test_script_add_content_fault (&self->script, fault);
}

/**
 * smtp_test_server_script_early_reply:
 * @self: a server
 * @after_octets: of content
 * @reply: the octets to send
 * @stop_reading: whether nothing more is read; otherwise it is read and thrown
 *   away
 *
 * Answers in the middle of the content.
 */
void
smtp_test_server_script_early_reply (SmtpTestServer *self,
                                     guint64         after_octets,
                                     GBytes         *reply,
                                     gboolean        stop_reading)
{
  add_content_fault (self, after_octets, reply, stop_reading, FALSE);
}

/**
 * smtp_test_server_script_drop_in_content:
 * @self: a server
 * @after_octets: of content
 * @reset: by a TCP reset
 *
 * Closes the connection in the middle of the content.
 */
void
smtp_test_server_script_drop_in_content (SmtpTestServer *self,
                                         guint64         after_octets,
                                         gboolean        reset)
{
  add_content_fault (self, after_octets, NULL, FALSE, reset);
}

/**
 * smtp_test_server_script_no_tls_handshake:
 * @self: a server
 *
 * Sends garbage instead of the next handshake.
 */
void
smtp_test_server_script_no_tls_handshake (SmtpTestServer *self)
{
  smtp_test_script_add_bad_handshake (&self->script);
}

/**
 * smtp_test_server_clear_script:
 * @self: a server
 *
 * Forgets what is scripted.
 */
void
smtp_test_server_clear_script (SmtpTestServer *self)
{
  smtp_test_script_reset (&self->script);
}

/* ---- GObject ---------------------------------------------------------------------- */

static void
replace_string (char      **field,
                const char *value)
{
  g_free (*field);
  *field = g_strdup (value);
}

static void
replace_strv (char             ***field,
              const char * const *value)
{
  g_strfreev (*field);
  *field = g_strdupv ((char **) value);
}

static void
smtp_test_server_get_property (GObject    *object,
                               guint       id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  SmtpTestServer *self = SMTP_TEST_SERVER (object);
  g_autoptr (SmtpTestConfig) config = smtp_test_settings_ref_config (&self->settings);

  switch (id)
    {
    case PROP_EXTENSIONS:
      g_value_set_boxed (value, config->extensions);
      break;
    case PROP_TLS_EXTENSIONS:
      g_value_set_boxed (value, config->tls_extensions);
      break;
    case PROP_AUTH_MECHANISMS:
      g_value_set_boxed (value, config->auth_mechanisms);
      break;
    case PROP_CERTIFICATE_NAMES:
      g_value_set_boxed (value, config->certificate_names);
      break;
    case PROP_USERNAME:
      g_value_set_string (value, config->username);
      break;
    case PROP_PASSWORD:
      g_value_set_string (value, config->password);
      break;
    case PROP_GREETING:
      g_value_set_string (value, config->greeting);
      break;
    case PROP_ADDRESS:
      g_value_set_string (value, config->address);
      break;
    case PROP_DIRECTORY:
      g_value_set_string (value, config->directory);
      break;
    case PROP_TLS_MODE:
      g_value_set_enum (value, config->tls_mode);
      break;
    case PROP_AUTH_BEFORE_TLS:
      g_value_set_boolean (value, config->auth_before_tls);
      break;
    case PROP_EHLO_ALLOWED:
      g_value_set_boolean (value, config->ehlo_allowed);
      break;
    case PROP_ALLOW_RELAY:
      g_value_set_boolean (value, config->allow_relay);
      break;
    case PROP_KEEP_CONTENT:
      g_value_set_boolean (value, config->keep_content);
      break;
    case PROP_CERTIFICATE_EXPIRED:
      g_value_set_boolean (value, config->certificate_expired);
      break;
    case PROP_REQUEST_CLIENT_CERTIFICATE:
      g_value_set_boolean (value, config->request_client_certificate);
      break;
    case PROP_DELAY:
      g_value_set_uint (value, config->delay);
      break;
    case PROP_MAX_RECIPIENTS:
      g_value_set_uint (value, config->max_recipients);
      break;
    case PROP_RECEIVE_BUFFER:
      g_value_set_uint (value, config->receive_buffer);
      break;
    case PROP_SEND_BUFFER:
      g_value_set_uint (value, config->send_buffer);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
set_field (SmtpTestConfig *config,
           GObject        *object,
           guint           id,
           const GValue   *value,
           GParamSpec     *pspec)
{
  switch (id)
    {
    case PROP_EXTENSIONS:
      replace_strv (&config->extensions, g_value_get_boxed (value));
      break;
    case PROP_TLS_EXTENSIONS:
      replace_strv (&config->tls_extensions, g_value_get_boxed (value));
      break;
    case PROP_AUTH_MECHANISMS:
      replace_strv (&config->auth_mechanisms, g_value_get_boxed (value));
      break;
    case PROP_CERTIFICATE_NAMES:
      replace_strv (&config->certificate_names, g_value_get_boxed (value));
      break;
    case PROP_USERNAME:
      replace_string (&config->username, g_value_get_string (value));
      break;
    case PROP_PASSWORD:
      replace_string (&config->password, g_value_get_string (value));
      break;
    case PROP_GREETING:
      replace_string (&config->greeting, g_value_get_string (value));
      break;
    case PROP_ADDRESS:
      replace_string (&config->address, g_value_get_string (value));
      break;
    case PROP_DIRECTORY:
      replace_string (&config->directory, g_value_get_string (value));
      break;
    case PROP_TLS_MODE:
      config->tls_mode = g_value_get_enum (value);
      break;
    case PROP_AUTH_BEFORE_TLS:
      config->auth_before_tls = g_value_get_boolean (value);
      break;
    case PROP_EHLO_ALLOWED:
      config->ehlo_allowed = g_value_get_boolean (value);
      break;
    case PROP_ALLOW_RELAY:
      config->allow_relay = g_value_get_boolean (value);
      break;
    case PROP_KEEP_CONTENT:
      config->keep_content = g_value_get_boolean (value);
      break;
    case PROP_CERTIFICATE_EXPIRED:
      config->certificate_expired = g_value_get_boolean (value);
      break;
    case PROP_REQUEST_CLIENT_CERTIFICATE:
      config->request_client_certificate = g_value_get_boolean (value);
      break;
    case PROP_DELAY:
      config->delay = g_value_get_uint (value);
      break;
    case PROP_MAX_RECIPIENTS:
      config->max_recipients = g_value_get_uint (value);
      break;
    case PROP_RECEIVE_BUFFER:
      config->receive_buffer = g_value_get_uint (value);
      break;
    case PROP_SEND_BUFFER:
      config->send_buffer = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

/* Sessions hold the configuration they began with: a change makes another. */
static void
smtp_test_server_set_property (GObject      *object,
                               guint         id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  SmtpTestServer *self = SMTP_TEST_SERVER (object);
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->settings.lock);
  SmtpTestConfig *config = smtp_test_config_copy (self->settings.current);

  set_field (config, object, id, value, pspec);
  if (id == PROP_CERTIFICATE_NAMES || id == PROP_CERTIFICATE_EXPIRED)
    g_clear_pointer (&config->identity, smtp_test_identity_unref);
  smtp_test_config_unref (self->settings.current);
  self->settings.current = config;
}

static void
smtp_test_server_dispose (GObject *object)
{
  smtp_test_server_stop (SMTP_TEST_SERVER (object));
  G_OBJECT_CLASS (smtp_test_server_parent_class)->dispose (object);
}

static void
remove_file (gpointer path)
{
  g_unlink (path);
  g_free (path);
}

static void
smtp_test_server_finalize (GObject *object)
{
  SmtpTestServer *self = SMTP_TEST_SERVER (object);

  g_ptr_array_unref (self->files);
  smtp_test_settings_clear (&self->settings);
  smtp_test_script_clear (&self->script);
  smtp_test_record_clear (&self->record);
  G_OBJECT_CLASS (smtp_test_server_parent_class)->finalize (object);
}

static void
smtp_test_server_class_init (SmtpTestServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  object_class->dispose = smtp_test_server_dispose;
  object_class->finalize = smtp_test_server_finalize;
  object_class->get_property = smtp_test_server_get_property;
  object_class->set_property = smtp_test_server_set_property;

  /**
   * SmtpTestServer:extensions:
   *
   * The extensions that EHLO offers, with their parameters; STARTTLS and AUTH are added by the other settings.
   */
  properties[PROP_EXTENSIONS] = g_param_spec_boxed ("extensions", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * SmtpTestServer:tls-extensions:
   *
   * The extensions offered over TLS, when they are others.
   */
  properties[PROP_TLS_EXTENSIONS] = g_param_spec_boxed ("tls-extensions", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * SmtpTestServer:auth-mechanisms:
   *
   * PLAIN, LOGIN, CRAM-MD5, XOAUTH2 and OAUTHBEARER (the password is the
   * token), EXTERNAL (for any certificate), ANONYMOUS, and where GNU SASL is
   * there SCRAM-SHA-1 and SCRAM-SHA-256, both with -PLUS, too: those that AUTH
   * offers.
   */
  properties[PROP_AUTH_MECHANISMS] = g_param_spec_boxed ("auth-mechanisms", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * SmtpTestServer:certificate-names:
   *
   * Host names and addresses that the certificate is for.
   */
  properties[PROP_CERTIFICATE_NAMES] = g_param_spec_boxed ("certificate-names", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * SmtpTestServer:username:
   *
   * The name of the one account.
   */
  properties[PROP_USERNAME] = g_param_spec_string ("username", NULL, NULL, NULL, flags);

  /**
   * SmtpTestServer:password:
   *
   * The password of the one account.
   */
  properties[PROP_PASSWORD] = g_param_spec_string ("password", NULL, NULL, NULL, flags);

  /**
   * SmtpTestServer:greeting:
   *
   * The first reply, without CRLF.
   */
  properties[PROP_GREETING] = g_param_spec_string ("greeting", NULL, NULL, NULL, flags);

  /**
   * SmtpTestServer:address:
   *
   * Where to listen: an address, or `unix:` and a path.
   */
  properties[PROP_ADDRESS] = g_param_spec_string ("address", NULL, NULL, NULL, flags);

  /**
   * SmtpTestServer:directory:
   *
   * Where accepted messages are kept as files.
   */
  properties[PROP_DIRECTORY] = g_param_spec_string ("directory", NULL, NULL, NULL, flags);

  /**
   * SmtpTestServer:tls-mode:
   *
   * How TLS is spoken.
   */
  properties[PROP_TLS_MODE] = g_param_spec_enum ("tls-mode", NULL, NULL, SMTP_TEST_TYPE_TLS, SMTP_TEST_TLS_NONE, flags);

  /**
   * SmtpTestServer:auth-before-tls:
   *
   * Whether AUTH is offered in clear text.
   */
  properties[PROP_AUTH_BEFORE_TLS] = g_param_spec_boolean ("auth-before-tls", NULL, NULL, TRUE, flags);

  /**
   * SmtpTestServer:ehlo-allowed:
   *
   * Whether EHLO is known; otherwise only HELO is.
   */
  properties[PROP_EHLO_ALLOWED] = g_param_spec_boolean ("ehlo-allowed", NULL, NULL, TRUE, flags);

  /**
   * SmtpTestServer:allow-relay-unauthenticated:
   *
   * Whether mail is taken without AUTH.
   */
  properties[PROP_ALLOW_RELAY] = g_param_spec_boolean ("allow-relay-unauthenticated", NULL, NULL, TRUE, flags);

  /**
   * SmtpTestServer:keep-content:
   *
   * Whether content is kept; otherwise it is only counted and hashed.
   */
  properties[PROP_KEEP_CONTENT] = g_param_spec_boolean ("keep-content", NULL, NULL, TRUE, flags);

  /**
   * SmtpTestServer:certificate-expired:
   *
   * Whether the certificate has expired.
   */
  properties[PROP_CERTIFICATE_EXPIRED] = g_param_spec_boolean ("certificate-expired", NULL, NULL, FALSE, flags);

  /**
   * SmtpTestServer:request-client-certificate:
   *
   * Whether the client is asked for a certificate.
   */
  properties[PROP_REQUEST_CLIENT_CERTIFICATE] = g_param_spec_boolean ("request-client-certificate", NULL, NULL, FALSE, flags);

  /**
   * SmtpTestServer:delay:
   *
   * Milliseconds before each batch of replies leaves.
   */
  properties[PROP_DELAY] = g_param_spec_uint ("delay", NULL, NULL, 0, G_MAXINT, 0, flags);

  /**
   * SmtpTestServer:max-recipients:
   *
   * Recipients of one message, 0 for any number.
   */
  properties[PROP_MAX_RECIPIENTS] = g_param_spec_uint ("max-recipients", NULL, NULL, 0, G_MAXINT, 0, flags);

  /**
   * SmtpTestServer:receive-buffer:
   *
   * The size of the socket's receive buffer, 0 for the default.
   */
  properties[PROP_RECEIVE_BUFFER] = g_param_spec_uint ("receive-buffer", NULL, NULL, 0, G_MAXINT, 0, flags);

  /**
   * SmtpTestServer:send-buffer:
   *
   * The size of the socket's send buffer, 0 for the default.
   */
  properties[PROP_SEND_BUFFER] = g_param_spec_uint ("send-buffer", NULL, NULL, 0, G_MAXINT, 0, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
smtp_test_server_init (SmtpTestServer *self)
{
  smtp_test_settings_init (&self->settings);
  smtp_test_script_init (&self->script);
  smtp_test_record_init (&self->record);
  self->files = g_ptr_array_new_with_free_func (remove_file);
}
