/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-test-session.h"

#include <gio/gfiledescriptorbased.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define READ_SIZE (64 * 1024)
#define FLOOD_SIZE (16 * 1024)

/* At most one asynchronous call is under way at a time: session_run() goes on
 * until it has begun one, and its callback comes back to session_run(). */
struct _SmtpTestSession
{
  GIOStream            *base;
  GIOStream            *stream;    /* base, or TLS above it */
  GCancellable         *cancellable;
  SmtpTestConfig       *config;
  SmtpTestRecord       *record;
  SmtpTestDialogue     *dialogue;

  GByteArray           *in;        /* read and not yet taken */
  GByteArray           *out;       /* replies that leave together */
  guint8                buffer[READ_SIZE];
  gboolean              splitting; /* out leaves octet by octet */
  gsize                 split_at;  /* how many have left */

  SmtpTestStep          step;      /* the one under way */
  gboolean              in_step;
  gboolean              delayed;   /* the batch of replies has had its delay */
  gboolean              has_read;  /* since the last write */
  gboolean              busy;      /* an asynchronous call is under way */
  gboolean              reading;   /* it is a read: nothing is left to say */
  gboolean              flooding;  /* the endless reply has begun */
  gboolean              ending;
  GSource              *timer;
  GSource              *hang_up;

  SmtpTestSessionEnded  ended;
  gpointer              user_data;
};

static void session_run (SmtpTestSession *self);

/* ---- the end ---------------------------------------------------------------- */

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
session_free (SmtpTestSession *self)
{
  clear_source (&self->timer);
  clear_source (&self->hang_up);
  smtp_test_step_clear (&self->step);
  smtp_test_dialogue_free (self->dialogue);
  smtp_test_config_unref (self->config);
  g_byte_array_unref (self->in);
  g_byte_array_unref (self->out);
  g_object_unref (self->stream);
  g_object_unref (self->base);
  g_object_unref (self->cancellable);
  g_free (self);
}

static void
session_end (SmtpTestSession *self)
{
  g_io_stream_close (self->base, NULL, NULL);
  smtp_test_record_session_closed (self->record);
  self->ended (self, self->user_data);
  session_free (self);
}

/* Only where it can be done at once: nobody waits for a client here. */
static void
say_farewell (SmtpTestSession *self)
{
  static const char farewell[] = "421 4.3.2 Server is stopping\r\n";
  GOutputStream *output = g_io_stream_get_output_stream (self->stream);

  if (G_IS_POLLABLE_OUTPUT_STREAM (output) && g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (output)))
    g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (output), farewell, strlen (farewell),
                                                NULL, NULL);
}

/* Ends at once, or when the call under way has come back. */
void
smtp_test_session_stop (SmtpTestSession *self)
{
  if (self->reading && !self->ending)
    say_farewell (self);
  self->ending = TRUE;
  g_cancellable_cancel (self->cancellable);
  if (!self->busy)
    session_end (self);
}

/* The call under way is over. Returns whether the session goes on. */
static gboolean
call_done (SmtpTestSession *self,
           gboolean         success)
{
  self->busy = FALSE;
  self->reading = FALSE;
  if (success && !self->ending)
    return TRUE;

  session_end (self);
  return FALSE;
}

/* ---- a client that goes ------------------------------------------------------- */

/* Returns -1 for a stream without a descriptor. */
static int
get_fd (SmtpTestSession *self)
{
  GInputStream *input = g_io_stream_get_input_stream (self->base);

  if (G_IS_SOCKET_CONNECTION (self->base))
    return g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->base)));

  return G_IS_FILE_DESCRIPTOR_BASED (input) ? g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (input)) : -1;
}

static gboolean
on_hang_up (int          fd,
            GIOCondition condition,
            gpointer     user_data)
{
  session_end (user_data);
  return G_SOURCE_REMOVE;
}

/* While nothing is read, this alone tells that the client has gone. A client
 * that closes sends no more than a FIN, which is no G_IO_HUP. Behind a full
 * window even that does not arrive: such a session lasts until the server
 * stops. */
static void
watch_hang_up (SmtpTestSession *self)
{
  GIOCondition condition = G_IO_HUP | G_IO_ERR;
  int fd = get_fd (self);

  if (fd < 0)
    return;

#ifdef POLLRDHUP
  condition |= (GIOCondition) POLLRDHUP;
#endif
  self->hang_up = g_unix_fd_source_new (fd, condition);
  g_source_set_callback (self->hang_up, G_SOURCE_FUNC (on_hang_up), self, NULL);
  g_source_attach (self->hang_up, g_main_context_get_thread_default ());
}

/* ---- reading ---------------------------------------------------------------- */

static void
on_read (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  SmtpTestSession *self = user_data;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);

  if (!call_done (self, n > 0))
    return;

  self->has_read = TRUE;
  smtp_test_record_add_bytes (self->record, n);
  g_byte_array_append (self->in, self->buffer, n);
  session_run (self);
}

static void
begin_read (SmtpTestSession *self)
{
  guint64 limit = smtp_test_dialogue_get_read_limit (self->dialogue);

  self->busy = TRUE;
  self->reading = TRUE;
  g_input_stream_read_async (g_io_stream_get_input_stream (self->stream), self->buffer, MIN (READ_SIZE, limit),
                             G_PRIORITY_DEFAULT, self->cancellable, on_read, self);
}

/* ---- writing ---------------------------------------------------------------- */

static void
on_written (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  SmtpTestSession *self = user_data;
  gboolean success = g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL);

  if (!call_done (self, success))
    return;

  self->split_at++;
  if (!self->splitting || self->split_at == self->out->len)
    {
      g_byte_array_set_size (self->out, 0);
      self->split_at = 0;
      self->splitting = FALSE;
      self->delayed = FALSE;
    }
  session_run (self);
}

static gboolean
on_timer (gpointer user_data)
{
  SmtpTestSession *self = user_data;

  clear_source (&self->timer);
  clear_source (&self->hang_up);
  session_run (self);
  return G_SOURCE_REMOVE;
}

/* Ends a delay that is under way. */
void
smtp_test_session_hurry (SmtpTestSession *self)
{
  if (self->timer != NULL)
    on_timer (self);
}

static void
begin_wait (SmtpTestSession *self,
            guint            milliseconds)
{
  self->timer = g_timeout_source_new (milliseconds);
  g_source_set_callback (self->timer, on_timer, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
  if (milliseconds > 0)
    watch_hang_up (self);
}

static void
count_round_trip (SmtpTestSession *self)
{
  if (self->has_read)
    smtp_test_record_add_round_trip (self->record);
  self->has_read = FALSE;
}

static void
begin_write (SmtpTestSession *self)
{
  const guint8 *from = self->out->data + self->split_at;

  if (self->config->delay > 0 && !self->delayed)
    {
      self->delayed = TRUE;
      begin_wait (self, self->config->delay);
      return;
    }

  count_round_trip (self);
  self->busy = TRUE;
  g_output_stream_write_all_async (g_io_stream_get_output_stream (self->stream), from,
                                   self->splitting ? 1 : self->out->len,
                                   G_PRIORITY_DEFAULT, self->cancellable, on_written, self);
}

/* ---- a reply without end ------------------------------------------------------ */

static void begin_flood (SmtpTestSession *self);

static void
on_flooded (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  SmtpTestSession *self = user_data;

  if (call_done (self, g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL)))
    begin_flood (self);
}

static void
begin_flood (SmtpTestSession *self)
{
  const char *text = self->step.flood == SMTP_TEST_FLOOD_LINES ? "250-and more\r\n" : "and more ";
  gsize length = strlen (text);
  gsize size = FLOOD_SIZE / length * length;

  for (gsize i = 0; i < size; i++)
    self->buffer[i] = text[i % length];

  /* The one line begins as a right one: its length alone is wrong. */
  if (self->step.flood == SMTP_TEST_FLOOD_LINE && !self->flooding)
    memcpy (self->buffer, "250 ", 4);
  self->flooding = TRUE;

  self->busy = TRUE;
  g_output_stream_write_all_async (g_io_stream_get_output_stream (self->stream), self->buffer, size,
                                   G_PRIORITY_DEFAULT, self->cancellable, on_flooded, self);
}

/* ---- TLS ------------------------------------------------------------------------ */

static gboolean
on_client_certificate (GTlsConnection       *tls,
                       GTlsCertificate      *certificate,
                       GTlsCertificateFlags  errors,
                       SmtpTestSession      *self)
{
  smtp_test_record_set_client_certificate (self->record, certificate);
  return TRUE;
}

/* In base64; NULL when this connection does not have it. */
static char *
read_binding (GTlsConnection         *tls,
              GTlsChannelBindingType  type)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();

  /* RFC 9266 §3: it says nothing about TLS 1.3. */
  if (type == G_TLS_CHANNEL_BINDING_TLS_UNIQUE &&
      g_tls_connection_get_protocol_version (tls) >= G_TLS_PROTOCOL_VERSION_TLS_1_3)
    return NULL;

  return g_tls_connection_get_channel_binding_data (tls, type, data, NULL) ? g_base64_encode (data->data, data->len)
                                                                           : NULL;
}

static void
on_handshake (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  SmtpTestSession *self = user_data;

  if (!call_done (self, g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, NULL)))
    return;

  self->has_read = FALSE;
  smtp_test_dialogue_take_bindings (self->dialogue,
                                    read_binding (G_TLS_CONNECTION (source), G_TLS_CHANNEL_BINDING_TLS_UNIQUE),
                                    read_binding (G_TLS_CONNECTION (source), G_TLS_CHANNEL_BINDING_TLS_EXPORTER));
  smtp_test_dialogue_set_certified (self->dialogue,
                                    g_tls_connection_get_peer_certificate (G_TLS_CONNECTION (source)) != NULL);
  smtp_test_dialogue_tls_done (self->dialogue, &self->step);
  self->in_step = TRUE;
  session_run (self);
}

static void
begin_handshake (SmtpTestSession *self)
{
  g_autoptr (GIOStream) tls = g_tls_server_connection_new (self->base, self->config->identity->certificate, NULL);

  g_byte_array_set_size (self->in, 0);
  if (self->config->request_client_certificate)
    g_object_set (tls, "authentication-mode", G_TLS_AUTHENTICATION_REQUESTED, NULL);
  g_object_set (tls, "require-close-notify", FALSE, NULL);
  g_signal_connect (tls, "accept-certificate", G_CALLBACK (on_client_certificate), self);
  g_set_object (&self->stream, tls);
  self->busy = TRUE;
  g_tls_connection_handshake_async (G_TLS_CONNECTION (tls), G_PRIORITY_DEFAULT, self->cancellable, on_handshake, self);
}

/* ---- ends of other kinds ---------------------------------------------------------- */

static void
on_stream_closed (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  SmtpTestSession *self = user_data;

  g_io_stream_close_finish (G_IO_STREAM (source), result, NULL);
  self->busy = FALSE;
  session_end (self);
}

static void
begin_close (SmtpTestSession *self)
{
  self->busy = TRUE;
  self->ending = TRUE;
  g_io_stream_close_async (self->stream, G_PRIORITY_DEFAULT, self->cancellable, on_stream_closed, self);
}

static void
reset_connection (SmtpTestSession *self)
{
  if (G_IS_SOCKET_CONNECTION (self->base))
    {
      GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->base));
      const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

      setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }

  session_end (self);
}

/* ---- steps ------------------------------------------------------------------------ */

/* Returns FALSE when something was begun, or the session has ended. */
static gboolean
act (SmtpTestSession *self)
{
  SmtpTestAction action = self->step.action;

  self->step.action = SMTP_TEST_ACTION_NONE;
  switch (action)
    {
    case SMTP_TEST_ACTION_CLOSE:
      begin_close (self);
      return FALSE;

    case SMTP_TEST_ACTION_DROP:
      session_end (self);
      return FALSE;

    case SMTP_TEST_ACTION_RESET:
      reset_connection (self);
      return FALSE;

    case SMTP_TEST_ACTION_HANDSHAKE:
      self->in_step = FALSE;
      begin_handshake (self);
      return FALSE;

    case SMTP_TEST_ACTION_STOP_READING:
      /* The connection stays until the client breaks it or the server stops. */
      watch_hang_up (self);
      return FALSE;

    case SMTP_TEST_ACTION_FLOOD:
      begin_flood (self);
      return FALSE;

    case SMTP_TEST_ACTION_NONE:
    case SMTP_TEST_ACTION_FLUSH:
    default:
      return TRUE;
    }
}

static void
queue_reply (SmtpTestSession *self)
{
  gsize size;
  const guint8 *reply = g_bytes_get_data (self->step.reply, &size);

  g_byte_array_append (self->out, reply, size);
  g_clear_pointer (&self->step.reply, g_bytes_unref);
}

/* Carries the step out: wait, reply, act. Returns FALSE when something was
 * begun. What was said before leaves before a wait, and what must stand alone
 * or be followed by an act leaves at once. */
static gboolean
run_step (SmtpTestSession *self)
{
  gboolean apart = self->step.delay > 0 || self->step.split;

  if (self->step.reply != NULL && apart && self->out->len > 0)
    {
      begin_write (self);
      return FALSE;
    }

  if (self->step.delay > 0)
    {
      guint delay = self->step.delay;

      self->step.delay = 0;
      begin_wait (self, delay);
      return FALSE;
    }

  if (self->step.reply != NULL)
    {
      queue_reply (self);
      self->splitting = self->step.split;
      self->step.split = FALSE;
    }

  if (self->out->len > 0 && (self->splitting || self->step.action != SMTP_TEST_ACTION_NONE))
    {
      begin_write (self);
      return FALSE;
    }

  return act (self);
}

static void
session_run (SmtpTestSession *self)
{
  for (;;)
    {
      gsize taken;

      if (self->in_step && !run_step (self))
        return;

      self->in_step = smtp_test_dialogue_feed (self->dialogue, self->in->data, self->in->len, &taken, &self->step);
      if (taken > 0)
        g_byte_array_remove_range (self->in, 0, taken);
      if (self->in_step)
        continue;

      if (self->out->len > 0)
        begin_write (self);
      else
        begin_read (self);
      return;
    }
}

static void
set_socket_options (SmtpTestSession *self)
{
  GSocket *socket;

  if (!G_IS_SOCKET_CONNECTION (self->base))
    return;

  socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->base));
  if (g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    g_socket_set_option (socket, 6 /* IPPROTO_TCP */, 1 /* TCP_NODELAY */, TRUE, NULL);
  if (self->config->receive_buffer > 0)
    g_socket_set_option (socket, SOL_SOCKET, SO_RCVBUF, self->config->receive_buffer, NULL);
  if (self->config->send_buffer > 0)
    g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, self->config->send_buffer, NULL);
}

/* Begins at once, in the thread-default context. */
SmtpTestSession *
smtp_test_session_new (GIOStream            *stream,
                       SmtpTestConfig       *config,
                       SmtpTestScript       *script,
                       SmtpTestRecord       *record,
                       SmtpTestSessionEnded  ended,
                       gpointer              user_data)
{
  SmtpTestSession *self = g_new0 (SmtpTestSession, 1);

  self->base = g_object_ref (stream);
  self->stream = g_object_ref (stream);
  self->cancellable = g_cancellable_new ();
  self->config = smtp_test_config_ref (config);
  self->record = record;
  self->dialogue = smtp_test_dialogue_new (config, script, record);
  self->in = g_byte_array_new ();
  self->out = g_byte_array_new ();
  self->ended = ended;
  self->user_data = user_data;

  set_socket_options (self);
  smtp_test_record_session_opened (record);
  smtp_test_dialogue_start (self->dialogue, &self->step);
  self->in_step = TRUE;
  /* From the main loop, so that the caller knows the session before it can end. */
  begin_wait (self, 0);
  return self;
}
