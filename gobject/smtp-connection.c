/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-connection.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-error.h"

/* What one dispatch moves at the most before other sources of the main loop
 * have their turn. */
#define DISPATCH_BUDGET (256 * 1024)

/* In one write: a block of content and the dots that were added to it. What is
 * left over would leave as a small packet of its own. */
#define WRITE_SIZE (2 * DISPATCH_BUDGET)

#define READ_SIZE (16 * 1024)

/* For the answer to QUIT. */
#define FAREWELL_TIME (2 * G_USEC_PER_SEC)

/* Octets of content between two looks for an early reply: a look is a system
 * call, and over TLS as dear as half a record. */
#define LOOK_EVERY (256 * 1024)

/* What a TLS record holds. A larger write would still be one record and one
 * send for each 16 KiB, a vector one for each of its parts. */
#define RECORD_SIZE (16 * 1024)

/* Parts of one write to a socket. */
#define MAX_SPANS 16

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
  gboolean               layered;  /* there is more between us and the socket, TLS perhaps */
  gboolean               yielding; /* not blocked, but others must have their turn */

  /* Whether a read may find something. A read that finds nothing costs as much
   * as one that does, and after a write there is nothing yet. */
  gboolean               hopeful;
  gsize                  moved;    /* octets written since the operation began or waited */
  gsize                  unlooked; /* octets written since a reply was looked for */

  guint8                *record;   /* for the parts of a TLS record; NULL before the first */
  gsize                  retry;    /* octets that a blocked write over TLS must have again */

  /* waiting, asynchronously */
  GSource               *source;      /* of all waits in one context; NULL before the first */
  gpointer               tag;         /* of the socket in it */
  GIOCondition           condition;   /* what it looks for */
  GSource               *cancelling;  /* its child for this wait */
  SmtpConnectionReady    on_ready;    /* NULL: nobody waits */
  gpointer               user_data;
  gint64                 wait_until;  /* 0: as long as it takes */
  gboolean               woken;
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
  self->hopeful = TRUE;
  self->layered = !G_IS_SOCKET_CONNECTION (stream) || G_IS_TCP_WRAPPER_CONNECTION (stream);
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

static void
drop_source (SmtpConnection *self)
{
  if (self->source == NULL)
    return;

  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  self->cancelling = NULL;
  self->tag = NULL;
}

void
smtp_connection_free (SmtpConnection *self)
{
  drop_source (self);
  g_free (self->record);
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
  drop_source (self);
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
  self->moved = 0;
}

/* 0: any. */
static gint64
get_allowed_time (SmtpConnection *self)
{
  SmtpPhase phase = smtp_engine_get_phase (self->engine);
  gint64 ordinary = (gint64) self->timeout * G_USEC_PER_SEC;

  if (phase == SMTP_PHASE_FAREWELL)
    return ordinary > 0 ? MIN (ordinary, FAREWELL_TIME) : FAREWELL_TIME;

  return ordinary * phase / SMTP_PHASE_ORDINARY;
}

/* A deadline per reply: what arrives in between does not extend it. */
static void
update_deadline (SmtpConnection *self)
{
  guint progress = smtp_engine_get_progress (self->engine);
  gint64 allowed;

  if (self->armed && progress == self->progress)
    return;

  self->armed = TRUE;
  self->progress = progress;
  allowed = get_allowed_time (self);
  self->deadline = allowed > 0 ? g_get_monotonic_time () + allowed : 0;
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

/* Whether a read would find nothing, as far as that can be known for less than
 * the read itself costs. A plain socket is empty after a read that did not fill
 * the buffer; TLS may hold more. */
static gboolean
is_empty (SmtpConnection *self)
{
  if (self->hopeful)
    return FALSE;

  return !self->layered || !g_pollable_input_stream_is_readable (self->in);
}

static Transfer
read_now (SmtpConnection *self)
{
  g_autoptr (GError) error = NULL;
  char buffer[READ_SIZE];
  gssize n = g_pollable_input_stream_read_nonblocking (self->in, buffer, sizeof buffer, NULL, &error);

  self->hopeful = n == sizeof buffer || self->socket == NULL;
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

static Transfer
try_read (SmtpConnection *self)
{
  return is_empty (self) ? BLOCKED : read_now (self);
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

/* The first of the output in one piece of up to a TLS record. After a write
 * that was blocked it must be the same octets again. */
static const guint8 *
gather_record (SmtpConnection *self,
               const SmtpSpan *spans,
               guint           n,
               gsize          *length)
{
  gsize limit = self->retry > 0 ? self->retry : RECORD_SIZE;
  gsize filled = 0;

  if (n == 1 || spans[0].length >= limit)
    {
      *length = MIN (spans[0].length, limit);
      return spans[0].data;
    }

  if (self->record == NULL)
    self->record = g_malloc (RECORD_SIZE);
  for (guint i = 0; i < n && filled < limit; i++)
    {
      gsize part = MIN (spans[i].length, limit - filled);

      memcpy (self->record + filled, spans[i].data, part);
      filled += part;
    }

  *length = filled;
  return self->record;
}

static gssize
write_record (SmtpConnection *self,
              const SmtpSpan *spans,
              guint           n,
              GError        **error)
{
  gsize length;
  const guint8 *bytes = gather_record (self, spans, n, &length);
  gssize written = g_pollable_output_stream_write_nonblocking (self->out, bytes, length, NULL, error);

  self->retry = written < 0 ? length : 0;
  return written;
}

static gssize
write_vectors (SmtpConnection *self,
               const SmtpSpan *spans,
               guint           n,
               GError        **error)
{
  GOutputVector vectors[MAX_SPANS];
  gsize room = WRITE_SIZE;
  gsize written = 0;
  GPollableReturn result;
  guint used;

  for (used = 0; used < n && room > 0; used++)
    {
      vectors[used].buffer = spans[used].data;
      vectors[used].size = MIN (spans[used].length, room);
      room -= vectors[used].size;
    }

  if (used == 1)
    return g_pollable_output_stream_write_nonblocking (self->out, vectors[0].buffer, vectors[0].size, NULL, error);

  result = g_pollable_output_stream_writev_nonblocking (self->out, vectors, used, &written, NULL, error);
  if (result == G_POLLABLE_RETURN_WOULD_BLOCK)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "");
  return result == G_POLLABLE_RETURN_OK ? (gssize) written : -1;
}

static Transfer
try_write (SmtpConnection *self)
{
  g_autoptr (GError) error = NULL;
  SmtpSpan spans[MAX_SPANS];
  guint n_spans = smtp_engine_get_spans (self->engine, spans, MAX_SPANS);
  gssize n = self->layered ? write_record (self, spans, n_spans, &error)
                           : write_vectors (self, spans, n_spans, &error);

  if (n >= 0)
    {
      smtp_engine_wrote (self->engine, n);
      self->moved += n;
      self->unlooked += n;
      return MOVED;
    }

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return BLOCKED;

  fail_write (self, g_steal_pointer (&error));
  return MOVED;
}

/* Writes, and looks now and then for what comes back meanwhile: a server that
 * has had enough says so, and may then stop reading. */
static Transfer
try_transfer (SmtpConnection *self)
{
  Transfer transfer;

  if (smtp_engine_next (self->engine) == SMTP_ENGINE_READ)
    return try_read (self);

  transfer = try_write (self);
  if (transfer == MOVED && (self->unlooked < LOOK_EVERY || !smtp_engine_is_uploading (self->engine)))
    return MOVED;

  if (smtp_engine_next (self->engine) == SMTP_ENGINE_FAILED)
    return MOVED;

  self->unlooked = 0;
  return read_now (self) == MOVED ? MOVED : transfer;
}

/*< private >
 * Looks for what the server says while nothing is to be written.
 */
void
smtp_connection_look (SmtpConnection *self)
{
  read_now (self);
}

/* ---- waiting -------------------------------------------------------------- */

typedef struct
{
  GSource         parent;
  SmtpConnection *connection;
} WaitSource;

/* Nobody waits, but the socket is ready: the server speaks out of turn or has
 * gone. That is found out by the next operation; until then a source that is
 * always ready would keep the main loop busy. */
static gboolean
wait_dispatch (GSource    *source,
               GSourceFunc callback,
               gpointer    user_data)
{
  SmtpConnection *self = ((WaitSource *) source)->connection;
  SmtpConnectionReady on_ready = self->on_ready;

  if (on_ready == NULL)
    {
      drop_source (self);
      return G_SOURCE_REMOVE;
    }

  smtp_connection_stop_waiting (self);
  self->hopeful = TRUE;
  on_ready (self->user_data);
  return G_SOURCE_CONTINUE;
}

/* The deadline is looked at here and not by g_source_set_ready_time(): that
 * wakes the context up, by a system call, each time it changes. */
static gboolean
wait_prepare (GSource *source,
              gint    *timeout)
{
  SmtpConnection *self = ((WaitSource *) source)->connection;
  gint64 remaining;

  *timeout = -1;
  if (self->on_ready == NULL)
    return FALSE;
  if (self->yielding || self->woken)
    return TRUE;
  if (self->wait_until == 0)
    return FALSE;

  remaining = self->wait_until - g_source_get_time (source);
  *timeout = (gint) CLAMP ((remaining + 999) / 1000, 0, G_MAXINT);
  return remaining <= 0;
}

static gboolean
wait_check (GSource *source)
{
  gint timeout;

  return wait_prepare (source, &timeout);
}

static GSourceFuncs wait_funcs = { wait_prepare, wait_check, wait_dispatch, NULL, NULL, NULL };

static void
add_child (GSource *source,
           GSource *child)
{
  g_source_set_dummy_callback (child);
  g_source_add_child_source (source, child);
  g_source_unref (child);
}

static GIOCondition
wanted_condition (SmtpConnection *self)
{
  return smtp_engine_next (self->engine) == SMTP_ENGINE_WRITE ? G_IO_IN | G_IO_OUT : G_IO_IN;
}

/* A stream without a socket is waited for by sources of its own. */
static void
add_streams (SmtpConnection *self,
             GSource        *source)
{
  add_child (source, g_pollable_input_stream_create_source (self->in, NULL));
  if (wanted_condition (self) & G_IO_OUT)
    add_child (source, g_pollable_output_stream_create_source (self->out, NULL));
}

static gboolean
group_dispatch (GSource    *source,
                GSourceFunc callback,
                gpointer    user_data)
{
  return callback (user_data);
}

/* GLib sets a closure on a source that becomes another's child. */
static gboolean
group_closure_callback (gpointer closure)
{
  g_auto (GValue) result = G_VALUE_INIT;

  g_value_init (&result, G_TYPE_BOOLEAN);
  g_closure_invoke (closure, &result, 0, NULL, NULL);
  return g_value_get_boolean (&result);
}

static GSourceFuncs group_funcs = { NULL, NULL, group_dispatch, NULL, group_closure_callback, NULL };

/*< private >
 * A source for somebody else's use, ready when octets can be moved.
 */
GSource *
smtp_connection_create_source (SmtpConnection *self)
{
  GSource *source = g_source_new (&group_funcs, sizeof (GSource));

  g_source_set_static_name (source, "[smtp-glib] content");
  add_streams (self, source);
  return source;
}

static GSource *
create_source (SmtpConnection *self)
{
  GSource *source = g_source_new (&wait_funcs, sizeof (WaitSource));

  ((WaitSource *) source)->connection = self;
  g_source_set_static_name (source, "[smtp-glib] connection");
  return source;
}

/* A source lasts for as long as the context stays the same: to make one for
 * each reply would cost more than to read it. Operations begun in callbacks
 * wait for it while it is being dispatched. */
static void
prepare_source (SmtpConnection *self,
                GMainContext   *context)
{
  if (self->source != NULL && (self->socket == NULL || g_source_get_context (self->source) != context))
    drop_source (self);
  if (self->source != NULL)
    return;

  self->source = create_source (self);
  g_source_set_can_recurse (self->source, TRUE);
  if (self->socket == NULL)
    add_streams (self, self->source);
  else
    {
      self->condition = G_IO_IN;
      self->tag = g_source_add_unix_fd (self->source, g_socket_get_fd (self->socket), self->condition);
    }
  g_source_attach (self->source, context);
}

static void
update_condition (SmtpConnection *self)
{
  GIOCondition condition = wanted_condition (self);

  if (self->tag == NULL || condition == self->condition)
    return;

  self->condition = condition;
  g_source_modify_unix_fd (self->source, self->tag, condition);
}

/*< private >
 * Waits until there is something to read or room to write, the deadline is
 * over, the cancellable is cancelled, or smtp_connection_wake().
 */
void
smtp_connection_wait (SmtpConnection           *self,
                      const SmtpConnectionWait *wait)
{
  prepare_source (self, wait->context);
  update_condition (self);
  self->moved = 0;
  if (g_source_get_priority (self->source) != wait->priority)
    g_source_set_priority (self->source, wait->priority);
  self->wait_until = !wait->patient && self->armed ? self->deadline : 0;
  if (wait->cancellable != NULL)
    {
      self->cancelling = g_cancellable_source_new (wait->cancellable);
      add_child (self->source, self->cancelling);
    }
  self->on_ready = wait->on_ready;
  self->user_data = wait->user_data;
}

void
smtp_connection_stop_waiting (SmtpConnection *self)
{
  self->on_ready = NULL;
  self->woken = FALSE;
  if (self->source == NULL)
    return;

  if (self->cancelling != NULL)
    g_source_remove_child_source (self->source, g_steal_pointer (&self->cancelling));
}

/*< private >
 * Has a wait end, as the engine was told something. Returns whether there is
 * one.
 */
gboolean
smtp_connection_wake (SmtpConnection *self)
{
  if (self->on_ready == NULL)
    return FALSE;

  self->woken = TRUE;
  g_main_context_wakeup (g_source_get_context (self->source));
  return TRUE;
}

static void
stop_waiting (gpointer user_data)
{
}

/* For streams without a socket: what their sources know must be waited for in
 * a main context. It has no other sources, so no code of the program runs. */
static void
wait_in_context (SmtpConnection *self,
                 GCancellable   *cancellable)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  const SmtpConnectionWait wait = {
    .context = context,
    .cancellable = cancellable,
    .on_ready = stop_waiting,
  };

  smtp_connection_wait (self, &wait);
  g_main_context_iteration (context, TRUE);
  smtp_connection_stop_waiting (self);
  drop_source (self);
}

static void
wait_blocking (SmtpConnection *self,
               GCancellable   *cancellable)
{
  GIOCondition condition = wanted_condition (self);

  /* Other sources of the program's context must not see this one. */
  drop_source (self);
  if (self->socket == NULL)
    {
      wait_in_context (self, cancellable);
      return;
    }

  /* Its result does not matter: whether it is I/O, the deadline, cancellation
   * or a fault, it is found out where it is found out without blocking. */
  g_socket_condition_timed_wait (self->socket, condition, remaining_time (self), cancellable, NULL);
  self->hopeful = TRUE;
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

      /* As if it had closed the connection instead of an answer. */
      if (smtp_engine_get_phase (self->engine) == SMTP_PHASE_FAREWELL)
        {
          take_eof (self);
          return TRUE;
        }
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

      if (try_transfer (self) == BLOCKED)
        {
          if (!blocking)
            return SMTP_RUN_WAIT;
          wait_blocking (self, cancellable);
        }
      else if (self->moved >= DISPATCH_BUDGET && (!blocking || smtp_engine_has_transactions (self->engine)))
        {
          self->moved = 0;
          self->yielding = TRUE;
          return SMTP_RUN_WAIT;
        }
    }
}

/*< private >
 * Says goodbye over TLS, if that can be without waiting. GIO's asynchronous
 * call takes a thread for it, and as long as a round trip.
 */
gboolean
smtp_connection_try_close (SmtpConnection *self)
{
  if (self->socket == NULL || !(g_socket_condition_check (self->socket, G_IO_OUT) & G_IO_OUT))
    return FALSE;

  drop_source (self);
  g_io_stream_close (smtp_connection_get_stream (self), NULL, NULL);
  return TRUE;
}

gboolean
smtp_connection_is_writable (SmtpConnection *self)
{
  gsize length;

  smtp_engine_get_output (self->engine, &length);
  return length == 0 || g_pollable_output_stream_is_writable (self->out);
}
