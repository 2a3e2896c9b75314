/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The content of a message, as a stream.
 *
 * Only one thing sends the message: an explicit close, not cancelled, after
 * everything before it went well. GIO closes streams on other occasions, too,
 * and a message that is cut off there must not be delivered: when a stream is
 * disposed of, when a splice that was to close it fails, when a close was
 * cancelled. On all of these the connection is dropped first, so that the
 * server never sees the end of the content.
 *
 * The first failure is kept, and every later call reports it again. */

#include "smtp-data-stream.h"

#include <glib/gi18n-lib.h>

#include "smtp-client-private.h"

struct _SmtpDataStream
{
  GOutputStream  parent_instance;

  SmtpClient    *client;
  GCancellable  *writes;  /* what the last asynchronous write was given */
  GError        *failure;
  gboolean       ended;   /* closed, or given up */
};

static void smtp_data_stream_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SmtpDataStream, smtp_data_stream, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      smtp_data_stream_pollable_init))

/* ---- failing -------------------------------------------------------------- */

/* Drops the connection, while the content is not over: after a verdict there
 * is no need to. The cause is what later calls report. */
static void
give_up (SmtpDataStream *self,
         const GError   *cause)
{
  if (self->ended)
    return;

  self->ended = TRUE;
  if (self->failure == NULL)
    self->failure = g_error_copy (cause);
  if (smtp_engine_get_state (self->client->engine) != SMTP_CLIENT_STATE_DATA)
    return;

  smtp_engine_fail (self->client->engine, g_error_copy (cause));
  if (self->client->operation != NULL)
    smtp_operation_interrupt (self->client->operation);
  else
    smtp_client_ended (self->client);
}

/* Remembers an error and passes it on. A stream that failed once, be it by a
 * cancelled write that wrote nothing, lacks content: it must not be ended by
 * a dot. */
static void
report (SmtpDataStream *self,
        GError         *failure,
        GError        **error)
{
  give_up (self, failure);
  g_propagate_error (error, failure);
}

static gboolean
check_failure (SmtpDataStream *self,
               GError        **error)
{
  if (self->failure == NULL)
    return TRUE;

  g_propagate_error (error, g_error_copy (self->failure));
  return FALSE;
}

/* Layers above, such as g_output_stream_write_all_async(), report a
 * cancellation although their last write went well. Their caller believes that
 * content is missing: then it must not be ended. */
static void
check_writes (SmtpDataStream *self)
{
  g_autoptr (GError) cancelled = NULL;

  if (g_cancellable_set_error_if_cancelled (self->writes, &cancelled))
    give_up (self, cancelled);
  g_clear_object (&self->writes);
}

/* ---- synchronous ---------------------------------------------------------- */

static gboolean
run (SmtpDataStream    *self,
     const SmtpRequest *request,
     GCancellable      *cancellable,
     GError           **error)
{
  GError *failure = NULL;

  if (!check_failure (self, error))
    return FALSE;

  if (smtp_operation_run (self->client, request, cancellable, &failure))
    return TRUE;

  report (self, failure, error);
  return FALSE;
}

static gssize
smtp_data_stream_write (GOutputStream *stream,
                        const void    *buffer,
                        gsize          count,
                        GCancellable  *cancellable,
                        GError       **error)
{
  const SmtpRequest request = { .kind = SMTP_OPERATION_WRITE, .content = buffer, .length = count };

  return run (SMTP_DATA_STREAM (stream), &request, cancellable, error) ? (gssize) count : -1;
}

static gboolean
smtp_data_stream_flush (GOutputStream *stream,
                        GCancellable  *cancellable,
                        GError       **error)
{
  const SmtpRequest request = { .kind = SMTP_OPERATION_FLUSH };

  return run (SMTP_DATA_STREAM (stream), &request, cancellable, error);
}

static gboolean
smtp_data_stream_close (GOutputStream *stream,
                        GCancellable  *cancellable,
                        GError       **error)
{
  SmtpDataStream *self = SMTP_DATA_STREAM (stream);
  const SmtpRequest request = { .kind = SMTP_OPERATION_END };

  check_writes (self);
  if (!run (self, &request, cancellable, error))
    return FALSE;

  self->ended = TRUE;
  return TRUE;
}

static gssize
smtp_data_stream_splice (GOutputStream             *stream,
                         GInputStream              *source,
                         GOutputStreamSpliceFlags   flags,
                         GCancellable              *cancellable,
                         GError                   **error)
{
  SmtpDataStream *self = SMTP_DATA_STREAM (stream);
  GError *failure = NULL;
  gssize n;

  n = G_OUTPUT_STREAM_CLASS (smtp_data_stream_parent_class)->splice (stream, source,
                                                                     flags & ~G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                                                     cancellable, &failure);
  /* A source of PyGObject or GJS that raises returns 0, and the error. */
  if (failure != NULL)
    {
      n = -1;
      give_up (self, failure);
    }

  /* GIO holds the stream for the splice; closing asks for that again. */
  if (flags & G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET)
    {
      g_output_stream_clear_pending (stream);
      if (!g_output_stream_close (stream, cancellable, failure == NULL ? &failure : NULL))
        n = -1;
    }

  if (n < 0)
    g_propagate_error (error, failure);
  return n;
}

/* ---- asynchronous --------------------------------------------------------- */

static GTask *
create_task (SmtpDataStream      *self,
             gpointer             tag,
             int                  priority,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_priority (task, priority);
  g_task_set_check_cancellable (task, FALSE);
  return task;
}

/* Whether a task is the one that GIO gave the caller. */
static gboolean
is_outermost (gpointer task)
{
  return g_async_result_is_tagged (task, g_output_stream_write_async) ||
         g_async_result_is_tagged (task, g_output_stream_flush_async) ||
         g_async_result_is_tagged (task, g_output_stream_splice_async) ||
         g_async_result_is_tagged (task, g_output_stream_close_async);
}

/* GIO wraps each asynchronous call of a stream in tasks of its own; each is
 * the callback's data of the one inside. They would report any cancellation
 * that comes before the result is taken, even behind a verdict: a message that
 * was delivered would look cancelled, and be sent twice. What the engine says
 * is the result. */
static void
keep_result (gpointer user_data)
{
  while (G_IS_TASK (user_data))
    {
      g_task_set_check_cancellable (user_data, FALSE);
      user_data = is_outermost (user_data) ? NULL : g_async_result_get_user_data (user_data);
    }
}

static void
start (SmtpDataStream       *self,
       const SmtpRequest    *request,
       GTask                *task,
       gpointer              user_data)
{
  GError *error = NULL;

  keep_result (user_data);

  if (check_failure (self, &error))
    smtp_operation_start (self->client, request, task, NULL);
  else
    g_task_return_error (task, error);
}

static gboolean
finish (GOutputStream *stream,
        GAsyncResult  *result,
        gpointer       tag,
        GError       **error)
{
  GError *failure = NULL;

  g_return_val_if_fail (g_task_is_valid (result, stream) && g_async_result_is_tagged (result, tag), FALSE);

  if (g_task_propagate_boolean (G_TASK (result), &failure))
    return TRUE;

  report (SMTP_DATA_STREAM (stream), failure, error);
  return FALSE;
}

static void
smtp_data_stream_write_async (GOutputStream       *stream,
                              const void          *buffer,
                              gsize                count,
                              int                  priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  SmtpDataStream *self = SMTP_DATA_STREAM (stream);
  const SmtpRequest request = { .kind = SMTP_OPERATION_WRITE, .content = buffer, .length = count };
  g_autoptr (GTask) task = create_task (self, smtp_data_stream_write_async, priority, cancellable, callback, user_data);

  check_writes (self);
  g_set_object (&self->writes, cancellable);
  g_task_set_task_data (task, GSIZE_TO_POINTER (count), NULL);
  start (self, &request, task, user_data);
}

static gssize
smtp_data_stream_write_finish (GOutputStream *stream,
                               GAsyncResult  *result,
                               GError       **error)
{
  if (!finish (stream, result, smtp_data_stream_write_async, error))
    return -1;

  return GPOINTER_TO_SIZE (g_task_get_task_data (G_TASK (result)));
}

static void
smtp_data_stream_flush_async (GOutputStream       *stream,
                              int                  priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  SmtpDataStream *self = SMTP_DATA_STREAM (stream);
  const SmtpRequest request = { .kind = SMTP_OPERATION_FLUSH };
  g_autoptr (GTask) task = create_task (self, smtp_data_stream_flush_async, priority, cancellable, callback, user_data);

  start (self, &request, task, user_data);
}

static gboolean
smtp_data_stream_flush_finish (GOutputStream *stream,
                               GAsyncResult  *result,
                               GError       **error)
{
  return finish (stream, result, smtp_data_stream_flush_async, error);
}

static void
smtp_data_stream_close_async (GOutputStream       *stream,
                              int                  priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  SmtpDataStream *self = SMTP_DATA_STREAM (stream);
  const SmtpRequest request = { .kind = SMTP_OPERATION_END };
  g_autoptr (GTask) task = create_task (self, smtp_data_stream_close_async, priority, cancellable, callback, user_data);

  check_writes (self);
  start (self, &request, task, user_data);
}

static gboolean
smtp_data_stream_close_finish (GOutputStream *stream,
                               GAsyncResult  *result,
                               GError       **error)
{
  if (!finish (stream, result, smtp_data_stream_close_async, error))
    return FALSE;

  SMTP_DATA_STREAM (stream)->ended = TRUE;
  return TRUE;
}

/* A splice copies, and then closes when it was asked to and all went well. */
typedef struct
{
  gssize  n;
  GError *failure;
} Splice;

static void
splice_free (gpointer data)
{
  Splice *splice = data;

  g_clear_error (&splice->failure);
  g_free (splice);
}

static void
return_splice (GTask *task)
{
  Splice *splice = g_task_get_task_data (task);

  if (splice->failure != NULL)
    g_task_return_error (task, g_steal_pointer (&splice->failure));
  else
    g_task_return_int (task, splice->n);
}

static void
on_splice_closed (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  Splice *splice = g_task_get_task_data (task);

  g_output_stream_close_finish (G_OUTPUT_STREAM (source), result,
                                splice->failure == NULL ? &splice->failure : NULL);
  return_splice (task);
}

static void
on_copied (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  Splice *splice = g_task_get_task_data (task);
  GOutputStream *stream = G_OUTPUT_STREAM (source);
  GOutputStreamSpliceFlags flags = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (task), "flags"));

  splice->n = G_OUTPUT_STREAM_CLASS (smtp_data_stream_parent_class)->splice_finish (stream, result, &splice->failure);
  if (splice->n < 0)
    give_up (SMTP_DATA_STREAM (stream), splice->failure);

  if (!(flags & G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET))
    {
      return_splice (task);
      return;
    }

  g_output_stream_clear_pending (stream);
  g_output_stream_close_async (stream, g_task_get_priority (task), g_task_get_cancellable (task),
                               on_splice_closed, g_object_ref (task));
}

static void
smtp_data_stream_splice_async (GOutputStream            *stream,
                               GInputStream             *source,
                               GOutputStreamSpliceFlags  flags,
                               int                       priority,
                               GCancellable             *cancellable,
                               GAsyncReadyCallback       callback,
                               gpointer                  user_data)
{
  GTask *task = create_task (SMTP_DATA_STREAM (stream), smtp_data_stream_splice_async,
                             priority, cancellable, callback, user_data);

  keep_result (user_data);
  g_task_set_task_data (task, g_new0 (Splice, 1), splice_free);
  g_object_set_data (G_OBJECT (task), "flags", GUINT_TO_POINTER (flags));
  G_OUTPUT_STREAM_CLASS (smtp_data_stream_parent_class)->splice_async (stream, source,
                                                                       flags & ~G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                                                       priority, cancellable, on_copied, task);
}

static gssize
smtp_data_stream_splice_finish (GOutputStream *stream,
                                GAsyncResult  *result,
                                GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

/* ---- pollable ------------------------------------------------------------- */

static gboolean
smtp_data_stream_is_writable (GPollableOutputStream *stream)
{
  SmtpDataStream *self = SMTP_DATA_STREAM (stream);

  return self->failure != NULL || self->client->connection == NULL ||
         smtp_connection_is_writable (self->client->connection);
}

static GSource *
smtp_data_stream_create_source (GPollableOutputStream *stream,
                                GCancellable          *cancellable)
{
  SmtpDataStream *self = SMTP_DATA_STREAM (stream);
  g_autoptr (GSource) child = NULL;

  if (self->failure != NULL || smtp_engine_next (self->client->engine) != SMTP_ENGINE_WRITE)
    child = g_timeout_source_new (0);
  else
    child = smtp_connection_create_source (self->client->connection);

  return g_pollable_source_new_full (stream, child, cancellable);
}

static gssize
smtp_data_stream_write_nonblocking (GPollableOutputStream *stream,
                                    const void            *buffer,
                                    gsize                  count,
                                    GError               **error)
{
  SmtpDataStream *self = SMTP_DATA_STREAM (stream);
  GError *failure = NULL;
  gsize taken;

  if (!check_failure (self, error))
    return -1;

  if (smtp_operation_try_content (self->client, buffer, count, &taken, &failure))
    return taken;

  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_propagate_error (error, failure);
  else
    report (self, failure, error);
  return -1;
}

static void
smtp_data_stream_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = smtp_data_stream_is_writable;
  iface->create_source = smtp_data_stream_create_source;
  iface->write_nonblocking = smtp_data_stream_write_nonblocking;
}

/* ---- GObject -------------------------------------------------------------- */

static void
smtp_data_stream_dispose (GObject *object)
{
  SmtpDataStream *self = SMTP_DATA_STREAM (object);

  /* The parent closes the stream: by then it must be too late. */
  if (!self->ended)
    {
      g_autoptr (GError) cause = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED,
                                              _("%s: the content was given up before its end"),
                                              self->client->server_name);

      give_up (self, cause);
      smtp_client_publish_later (self->client);
    }

  G_OBJECT_CLASS (smtp_data_stream_parent_class)->dispose (object);
}

static void
smtp_data_stream_finalize (GObject *object)
{
  SmtpDataStream *self = SMTP_DATA_STREAM (object);

  g_object_unref (self->client);
  g_clear_object (&self->writes);
  g_clear_error (&self->failure);
  G_OBJECT_CLASS (smtp_data_stream_parent_class)->finalize (object);
}

static void
smtp_data_stream_class_init (SmtpDataStreamClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  object_class->dispose = smtp_data_stream_dispose;
  object_class->finalize = smtp_data_stream_finalize;

  stream_class->write_fn = smtp_data_stream_write;
  stream_class->flush = smtp_data_stream_flush;
  stream_class->close_fn = smtp_data_stream_close;
  stream_class->splice = smtp_data_stream_splice;
  stream_class->write_async = smtp_data_stream_write_async;
  stream_class->write_finish = smtp_data_stream_write_finish;
  stream_class->flush_async = smtp_data_stream_flush_async;
  stream_class->flush_finish = smtp_data_stream_flush_finish;
  stream_class->close_async = smtp_data_stream_close_async;
  stream_class->close_finish = smtp_data_stream_close_finish;
  stream_class->splice_async = smtp_data_stream_splice_async;
  stream_class->splice_finish = smtp_data_stream_splice_finish;
}

static void
smtp_data_stream_init (SmtpDataStream *self)
{
}

/*< private >
 * A stream for the content that the client's DATA has opened.
 */
GOutputStream *
smtp_data_stream_new (SmtpClient *client)
{
  SmtpDataStream *self = g_object_new (SMTP_TYPE_DATA_STREAM, NULL);

  self->client = g_object_ref (client);
  return G_OUTPUT_STREAM (self);
}
