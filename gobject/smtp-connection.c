/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-connection.h"

#include <glib/gi18n-lib.h>

#include "smtp-error.h"

/* What one dispatch moves at the most before other sources of the main loop
 * have their turn. */
#define DISPATCH_BUDGET (256 * 1024)

/* One write. A TLS record holds 16 KiB, and a vector or a larger buffer gains
 * nothing there. */
#define WRITE_SIZE (64 * 1024)
#define READ_SIZE  (16 * 1024)

struct _SmtpConnection
{
  SmtpEngine            *engine; /* the client's */
  char                  *server_name;
  GIOStream             *stream; /* what is spoken over: base, or tls above it */
  GIOStream             *base;
  GTlsConnection        *tls;    /* NULL until the handshake is done */
  GSocket               *socket; /* below base; NULL for streams without one */
  GPollableInputStream  *in;
  GPollableOutputStream *out;

  guint                  timeout;
  gint64                 deadline; /* 0: none */
  guint                  progress; /* the engine's, for which deadline was computed */
  gboolean               armed;    /* deadline is valid */
  gboolean               yielding; /* not blocked, but others must have their turn */
};

typedef enum
{
  MOVED,   /* octets, or the engine to another state */
  BLOCKED,
} Transfer;

/* ---- the stream ----------------------------------------------------------- */

static GSocket *
find_socket (GIOStream *stream)
{
  g_autoptr (GIOStream) base = NULL;

  if (G_IS_SOCKET_CONNECTION (stream))
    return g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));

  if (!G_IS_TLS_CONNECTION (stream))
    return NULL;

  g_object_get (stream, "base-io-stream", &base, NULL);
  return base != NULL ? find_socket (base) : NULL;
}

static gboolean
set_stream (SmtpConnection *self,
            GIOStream      *stream,
            GError        **error)
{
  GInputStream *in = g_io_stream_get_input_stream (stream);
  GOutputStream *out = g_io_stream_get_output_stream (stream);

  if (in == NULL || out == NULL ||
      !G_IS_POLLABLE_INPUT_STREAM (in) || !g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (in)) ||
      !G_IS_POLLABLE_OUTPUT_STREAM (out) || !g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (out)))
    {
      g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED,
                   _("The stream to %s cannot be polled in both directions"), self->server_name);
      return FALSE;
    }

  g_set_object (&self->stream, stream);
  self->in = G_POLLABLE_INPUT_STREAM (in);
  self->out = G_POLLABLE_OUTPUT_STREAM (out);
  return TRUE;
}

/*< private >
 * Fails with NOT_SUPPORTED for a stream that cannot be polled.
 */
SmtpConnection *
smtp_connection_new (GIOStream  *stream,
                     SmtpEngine *engine,
                     const char *server_name,
                     GError    **error)
{
  SmtpConnection *self = g_new0 (SmtpConnection, 1);

  self->engine = engine;
  self->server_name = g_strdup (server_name);
  self->base = g_object_ref (stream);
  self->socket = find_socket (stream);
  if (!set_stream (self, stream, error))
    {
      smtp_connection_free (self);
      return NULL;
    }

  return self;
}

void
smtp_connection_free (SmtpConnection *self)
{
  g_clear_object (&self->tls);
  g_clear_object (&self->stream);
  g_clear_object (&self->base);
  g_free (self->server_name);
  g_free (self);
}

/*< private >
 * From now on everything goes over TLS. Takes no reference of the caller's.
 */
gboolean
smtp_connection_set_tls (SmtpConnection *self,
                         GTlsConnection *tls)
{
  g_autoptr (GError) error = NULL;

  if (!set_stream (self, G_IO_STREAM (tls), &error))
    {
      smtp_engine_fail (self->engine, g_steal_pointer (&error));
      return FALSE;
    }

  g_set_object (&self->tls, tls);
  return TRUE;
}

GTlsConnection *
smtp_connection_get_tls (SmtpConnection *self)
{
  return self->tls;
}

GIOStream *
smtp_connection_get_stream (SmtpConnection *self)
{
  return self->stream;
}

GIOStream *
smtp_connection_get_base (SmtpConnection *self)
{
  return self->base;
}

GSocket *
smtp_connection_get_socket (SmtpConnection *self)
{
  return self->socket;
}

/*< private >
 * Closes at once, without a word. The base stream: closing TLS would try to
 * say goodbye, and to flush what must not be flushed.
 */
void
smtp_connection_abort (SmtpConnection *self)
{
  g_io_stream_close (self->base, NULL, NULL);
}

/* ---- deadline ------------------------------------------------------------- */

/*< private >
 * @timeout: seconds for an ordinary reply, 0 for none
 */
void
smtp_connection_set_timeout (SmtpConnection *self,
                             guint           timeout)
{
  self->timeout = timeout;
  self->armed = FALSE;
}

/*< private >
 * An operation begins: its time does, too.
 */
void
smtp_connection_begin (SmtpConnection *self)
{
  self->armed = FALSE;
}

/* A deadline per reply: what arrives in between does not extend it. */
static void
update_deadline (SmtpConnection *self)
{
  guint progress = smtp_engine_get_progress (self->engine);

  if (self->armed && progress == self->progress)
    return;

  self->armed = TRUE;
  self->progress = progress;
  self->deadline = 0;
  if (self->timeout > 0)
    self->deadline = g_get_monotonic_time () +
                     (gint64) self->timeout * G_USEC_PER_SEC * smtp_engine_get_phase (self->engine) / SMTP_PHASE_ORDINARY;
}

static gint64
remaining_time (SmtpConnection *self)
{
  if (self->deadline == 0)
    return -1;

  return MAX (0, self->deadline - g_get_monotonic_time ());
}

/* ---- moving octets -------------------------------------------------------- */

/* Whether the operation still needs the stream. */
static gboolean
is_unfinished (SmtpConnection *self)
{
  SmtpEngineWant want = smtp_engine_next (self->engine);

  return want == SMTP_ENGINE_READ || want == SMTP_ENGINE_WRITE;
}

static void
fail (SmtpConnection *self,
      GError         *error)
{
  g_prefix_error (&error, "%s: ", self->server_name);
  smtp_engine_fail (self->engine, error);
}

static void
take_eof (SmtpConnection *self)
{
  if (!smtp_engine_feed_eof (self->engine))
    fail (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                     _("the server closed the connection without a word")));
}

static Transfer
try_read (SmtpConnection *self)
{
  g_autoptr (GError) error = NULL;
  char buffer[READ_SIZE];
  gssize n = g_pollable_input_stream_read_nonblocking (self->in, buffer, sizeof buffer, NULL, &error);

  if (n > 0)
    smtp_engine_feed (self->engine, buffer, n);
  else if (n == 0)
    take_eof (self);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return BLOCKED;
  else
    fail (self, g_steal_pointer (&error));

  return MOVED;
}

/* The server has gone while we were writing. It may have said why: 421 or 552
 * says more than "Broken pipe". */
static void
fail_write (SmtpConnection *self,
            GError         *error)
{
  char buffer[READ_SIZE];
  gssize n;

  while ((n = g_pollable_input_stream_read_nonblocking (self->in, buffer, sizeof buffer, NULL, NULL)) > 0)
    {
      smtp_engine_feed (self->engine, buffer, n);
      if (!is_unfinished (self))
        break;
    }

  fail (self, error);
}

static Transfer
try_write (SmtpConnection *self,
           gsize          *moved)
{
  g_autoptr (GError) error = NULL;
  gsize length;
  const guint8 *bytes = smtp_engine_get_output (self->engine, &length);
  gssize n = g_pollable_output_stream_write_nonblocking (self->out, bytes, MIN (length, WRITE_SIZE), NULL, &error);

  if (n >= 0)
    {
      smtp_engine_wrote (self->engine, n);
      *moved += n;
      return MOVED;
    }

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return BLOCKED;

  fail_write (self, g_steal_pointer (&error));
  return MOVED;
}

/* Writes, and looks for what comes back meanwhile: a server that has had
 * enough says so, and may then stop reading. */
static Transfer
try_transfer (SmtpConnection *self,
              gsize          *moved)
{
  Transfer transfer;

  if (smtp_engine_next (self->engine) == SMTP_ENGINE_READ)
    return try_read (self);

  transfer = try_write (self, moved);
  if (transfer == MOVED && smtp_engine_get_state (self->engine) != SMTP_CLIENT_STATE_DATA)
    return MOVED;

  if (smtp_engine_next (self->engine) == SMTP_ENGINE_FAILED)
    return MOVED;

  return try_read (self) == MOVED ? MOVED : transfer;
}

/* ---- waiting -------------------------------------------------------------- */

static gboolean
wait_dispatch (GSource    *source,
               GSourceFunc callback,
               gpointer    user_data)
{
  return callback (user_data);
}

/* GLib sets a closure on a source that becomes another's child. */
static gboolean
wait_closure_callback (gpointer closure)
{
  g_auto (GValue) result = G_VALUE_INIT;

  g_value_init (&result, G_TYPE_BOOLEAN);
  g_closure_invoke (closure, &result, 0, NULL, NULL);
  return g_value_get_boolean (&result);
}

static GSourceFuncs wait_funcs = { NULL, NULL, wait_dispatch, NULL, wait_closure_callback, NULL };

static void
add_child (GSource *source,
           GSource *child)
{
  g_source_set_dummy_callback (child);
  g_source_add_child_source (source, child);
  g_source_unref (child);
}

/*< private >
 * A source that is ready when smtp_connection_run() can go on: for I/O, at the
 * deadline, or by cancellation.
 */
GSource *
smtp_connection_create_source (SmtpConnection *self,
                               GCancellable   *cancellable)
{
  GSource *source = g_source_new (&wait_funcs, sizeof (GSource));

  g_source_set_static_name (source, "[smtp-glib] connection");
  if (self->yielding)
    {
      g_source_set_ready_time (source, 0);
      return source;
    }

  add_child (source, g_pollable_input_stream_create_source (self->in, NULL));
  if (smtp_engine_next (self->engine) == SMTP_ENGINE_WRITE)
    add_child (source, g_pollable_output_stream_create_source (self->out, NULL));
  if (cancellable != NULL)
    add_child (source, g_cancellable_source_new (cancellable));
  if (self->armed && self->deadline != 0)
    g_source_set_ready_time (source, self->deadline);
  return source;
}

static gboolean
stop_waiting (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

/* For streams without a socket: what their sources know must be waited for in
 * a main context. It has no other sources, so no code of the program runs. */
static void
wait_in_context (SmtpConnection *self,
                 GCancellable   *cancellable)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) source = smtp_connection_create_source (self, cancellable);

  g_source_set_callback (source, stop_waiting, NULL, NULL);
  g_source_attach (source, context);
  g_main_context_iteration (context, TRUE);
  g_source_destroy (source);
}

static void
wait_blocking (SmtpConnection *self,
               GCancellable   *cancellable)
{
  GIOCondition condition = G_IO_IN;

  if (self->socket == NULL)
    {
      wait_in_context (self, cancellable);
      return;
    }

  if (smtp_engine_next (self->engine) == SMTP_ENGINE_WRITE)
    condition |= G_IO_OUT;

  /* Its result does not matter: whether it is I/O, the deadline, cancellation
   * or a fault, it is found out where it is found out without blocking. */
  g_socket_condition_timed_wait (self->socket, condition, remaining_time (self), cancellable, NULL);
}

/* Cancelled or out of time. */
static gboolean
is_interrupted (SmtpConnection *self,
                GCancellable   *cancellable)
{
  g_autoptr (GError) error = NULL;

  if (!g_cancellable_set_error_if_cancelled (cancellable, &error))
    {
      if (self->deadline == 0 || remaining_time (self) > 0)
        return FALSE;
      error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                   _("the server did not answer in time"));
    }

  fail (self, g_steal_pointer (&error));
  return TRUE;
}

/*< private >
 * The one step function of synchronous and asynchronous operations.
 */
SmtpRun
smtp_connection_run (SmtpConnection *self,
                     gboolean        blocking,
                     GCancellable   *cancellable)
{
  gsize moved = 0;

  self->yielding = FALSE;
  for (;;)
    {
      switch (smtp_engine_next (self->engine))
        {
        case SMTP_ENGINE_TLS:
          return SMTP_RUN_TLS;
        case SMTP_ENGINE_AUTH:
          return SMTP_RUN_AUTH;
        case SMTP_ENGINE_READ:
        case SMTP_ENGINE_WRITE:
          break;
        default:
          return SMTP_RUN_DONE;
        }

      update_deadline (self);
      if (is_interrupted (self, cancellable))
        return SMTP_RUN_DONE;

      if (try_transfer (self, &moved) == BLOCKED)
        {
          if (!blocking)
            return SMTP_RUN_WAIT;
          wait_blocking (self, cancellable);
        }
      else if (!blocking && moved >= DISPATCH_BUDGET)
        {
          self->yielding = TRUE;
          return SMTP_RUN_WAIT;
        }
    }
}

gboolean
smtp_connection_is_writable (SmtpConnection *self)
{
  gsize length;

  smtp_engine_get_output (self->engine, &length);
  return length == 0 || g_pollable_output_stream_is_writable (self->out);
}
