/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-sender.h"

#include <gio/gfiledescriptorbased.h>
#include <glib/gi18n-lib.h>
#include <sys/uio.h>

#include "smtp-client-private.h"
#include "smtp-error.h"
#include "smtp-message-private.h"
#include "smtp-server-info.h"
#include "smtp-transaction.h"

/* A stream that ends within this is read before anything is sent, and treated
 * as bytes: most messages, and those that are a pain to have refused late. */
#define HEAD_SIZE (1024 * 1024)

/* One read of a longer one. An asynchronous read of a file goes through a
 * thread, so it should be worth it. */
#define BLOCK_SIZE (256 * 1024)

typedef enum
{
  SEND_NEW,
  SEND_LOADING, /* the file is opened, or the head is read */
  SEND_LOADED,
  SEND_BEGUN,   /* the engine has it */
  SEND_OVER,
} SendStage;

typedef struct
{
  SmtpSender         *sender;      /* NULL once that is gone: a read is still under way */
  SmtpMessage        *message;
  GTask              *task;        /* NULL: synchronous */
  GCancellable       *cancellable;
  GSource            *cancelling;
  SendStage           stage;
  GError             *error;       /* before the engine had it */

  GBytes             *bytes;       /* the content, when it is at hand as a whole */
  GInputStream       *stream;      /* where the rest of it comes from */
  char               *block;       /* what was read of that last */
  gsize               block_size;
  gsize               filled;
  gboolean            ended;       /* the stream is */
  gboolean            reading;
  SmtpContentOutline  outline;

  SmtpTransaction     transaction;
} Send;

struct _SmtpSender
{
  SmtpClient      *client;
  GQueue           sends;    /* of Send */
  guint            n_begun;  /* the first of them */
  SmtpSenderReady  on_ready;
  gpointer         user_data;
};

/* ---- one message ---------------------------------------------------------- */

static void
stop_cancelling (Send *send)
{
  if (send->cancelling == NULL)
    return;

  g_source_destroy (send->cancelling);
  g_clear_pointer (&send->cancelling, g_source_unref);
}

static void
send_free (Send *send)
{
  stop_cancelling (send);
  g_clear_object (&send->cancellable);
  g_clear_object (&send->task);
  g_clear_object (&send->stream);
  g_clear_pointer (&send->bytes, g_bytes_unref);
  g_clear_error (&send->error);
  g_free (send->block);
  smtp_transaction_clear (&send->transaction);
  g_object_unref (send->message);
  g_free (send);
}

static void
fail_send (Send   *send,
           GError *error)
{
  send->stage = SEND_OVER;
  send->error = error;
}

static void
go_on (Send *send)
{
  if (send->sender->on_ready != NULL)
    send->sender->on_ready (send->sender->user_data);
}

static GError *
make_cancelled (Send *send)
{
  GError *error = NULL;

  g_cancellable_set_error_if_cancelled (send->cancellable, &error);
  g_prefix_error (&error, "%s: ", send->sender->client->server_name);
  return error;
}

static void
fail_cancelled (Send *send)
{
  fail_send (send, make_cancelled (send));
}

/* The connection has to end. Programs keep quiet about a cancellation, as it
 * was wanted; so those that nobody cancelled are not told that they were. */
static void
cancel_begun (Send *send)
{
  SmtpEngine *engine = send->sender->client->engine;
  SmtpTransaction *transaction = &send->transaction;

  if (send->sender->n_begun == 1)
    {
      smtp_engine_fail (engine, make_cancelled (send));
      return;
    }

  smtp_engine_fail (engine, g_error_new (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN,
                                         _("The connection to %s was closed as another message was cancelled"),
                                         send->sender->client->server_name));
  if (g_error_matches (transaction->error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN))
    {
      g_clear_error (&transaction->error);
      transaction->error = make_cancelled (send);
    }
}

/* What was not begun is just not sent. What was cannot be taken back: the
 * connection has to end. */
static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  Send *send = user_data;

  /* A read that is under way has been told, too. */
  if (send->stage == SEND_BEGUN)
    cancel_begun (send);
  else if (send->stage != SEND_LOADING && send->stage != SEND_OVER)
    fail_cancelled (send);

  stop_cancelling (send);
  go_on (send);
  return G_SOURCE_REMOVE;
}

static void
watch_cancellable (Send *send)
{
  if (send->cancellable == NULL || send->task == NULL)
    return;

  send->cancelling = g_cancellable_source_new (send->cancellable);
  g_source_set_static_name (send->cancelling, "[smtp-glib] cancel send");
  g_source_set_callback (send->cancelling, G_SOURCE_FUNC (on_cancelled), send, NULL);
  g_source_attach (send->cancelling, g_task_get_context (send->task));
}

/* ---- the content before it is sent ---------------------------------------- */

static void
outline_bytes (Send       *send,
               const char *bytes,
               gsize       length,
               gboolean    whole)
{
  smtp_content_survey (bytes, length, whole, &send->outline.facts);
  send->outline.whole = whole;
  send->stage = SEND_LOADED;
}

static void
load_bytes (Send *send)
{
  gsize length = 0;
  const char *bytes = "";

  send->bytes = send->message->bytes != NULL ? g_bytes_ref (send->message->bytes) : g_bytes_new_static ("", 0);
  if (g_bytes_get_size (send->bytes) > 0)
    bytes = g_bytes_get_data (send->bytes, &length);
  send->outline.size = (gint64) length;
  outline_bytes (send, bytes, length, TRUE);
}

/* The head of a stream, or an error, has come. */
static void
take_head (Send   *send,
           gsize   length,
           GError *error)
{
  if (error != NULL)
    {
      g_prefix_error (&error, "%s", _("The content cannot be read: "));
      fail_send (send, error);
      return;
    }

  send->filled = length;
  send->ended = length < send->block_size;
  if (send->ended)
    send->outline.size = (gint64) length;
  outline_bytes (send, send->block, length, send->ended);
}

static void
on_head (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Send *send = user_data;
  GError *error = NULL;
  gsize length;

  send->reading = FALSE;
  g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &length, &error);
  if (send->sender == NULL)
    {
      g_clear_error (&error);
      send_free (send);
      return;
    }

  take_head (send, length, error);
  go_on (send);
}

/* So much that a short content is known to be one by its end. */
static gsize
head_size (Send *send)
{
  gint64 size = send->outline.size;

  if (size < 0)
    return HEAD_SIZE + 1;

  return size <= HEAD_SIZE ? (gsize) size + 1 : BLOCK_SIZE;
}

static void
load_head (Send *send)
{
  GError *error = NULL;
  gsize length = 0;

  send->block_size = head_size (send);
  send->block = g_malloc (send->block_size);
  if (send->task != NULL)
    {
      send->reading = TRUE;
      g_input_stream_read_all_async (send->stream, send->block, send->block_size, G_PRIORITY_DEFAULT,
                                     send->cancellable, on_head, send);
      return;
    }

  g_input_stream_read_all (send->stream, send->block, send->block_size, &length, send->cancellable, &error);
  take_head (send, length, error);
}

/* A stream is read once; the next send of it begins where this one does. */
static gboolean
rewind_stream (SmtpMessage *message,
               GError     **error)
{
  GSeekable *seekable = G_IS_SEEKABLE (message->stream) && g_seekable_can_seek (G_SEEKABLE (message->stream))
                          ? G_SEEKABLE (message->stream)
                          : NULL;

  if (!message->spent)
    {
      message->spent = TRUE;
      message->start = seekable != NULL ? g_seekable_tell (seekable) : 0;
      return TRUE;
    }

  if (seekable != NULL)
    return g_seekable_seek (seekable, message->start, G_SEEK_SET, NULL, error);

  g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                       _("The stream of the content was read already and cannot be rewound"));
  return FALSE;
}

static void
load_stream (Send *send)
{
  GError *error = NULL;

  if (!rewind_stream (send->message, &error))
    {
      fail_send (send, error);
      return;
    }

  send->stream = g_object_ref (send->message->stream);
  send->outline.size = send->message->size;
  load_head (send);
}

/* An open file of the machine tells its size without waiting. */
static gint64
find_size (GFileInputStream *stream,
           GFile            *file)
{
  g_autoptr (GFileInfo) info = NULL;

  if (g_file_is_native (file))
    info = g_file_input_stream_query_info (stream, G_FILE_ATTRIBUTE_STANDARD_SIZE "," G_FILE_ATTRIBUTE_STANDARD_TYPE,
                                           NULL, NULL);
  if (info == NULL || !g_file_info_has_attribute (info, G_FILE_ATTRIBUTE_STANDARD_SIZE) ||
      g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR)
    return -1;

  return g_file_info_get_size (info);
}

/* Takes the stream and the error. */
static void
take_file (Send             *send,
           GFileInputStream *stream,
           GError           *error)
{
  if (stream == NULL)
    {
      g_prefix_error (&error, "%s", _("The content cannot be read: "));
      fail_send (send, error);
      return;
    }

  send->stream = G_INPUT_STREAM (stream);
  send->outline.size = find_size (stream, send->message->file);
  load_head (send);
}

static void
on_file (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Send *send = user_data;
  GError *error = NULL;
  GFileInputStream *stream = g_file_read_finish (G_FILE (source), result, &error);

  send->reading = FALSE;
  if (send->sender == NULL)
    {
      g_clear_object (&stream);
      g_clear_error (&error);
      send_free (send);
      return;
    }

  take_file (send, stream, error);
  go_on (send);
}

static void
load_file (Send *send)
{
  GError *error = NULL;
  GFileInputStream *stream;

  if (send->task != NULL)
    {
      send->reading = TRUE;
      g_file_read_async (send->message->file, G_PRIORITY_DEFAULT, send->cancellable, on_file, send);
      return;
    }

  stream = g_file_read (send->message->file, send->cancellable, &error);
  take_file (send, stream, error);
}

static void
load (Send *send)
{
  send->stage = SEND_LOADING;
  send->outline.canonical = send->message->canonical;
  send->outline.size = -1;
  if (send->message->stream != NULL)
    load_stream (send);
  else if (send->message->file != NULL)
    load_file (send);
  else
    load_bytes (send);
}

/* ---- handing it to the engine --------------------------------------------- */

static void
give_first (Send *send)
{
  SmtpTransaction *transaction = &send->transaction;
  const SmtpContentFacts *facts = &send->outline.facts;
  gboolean binary = transaction->envelope->body == SMTP_BODY_BINARYMIME;
  const char *bytes = send->block;
  gsize length = send->filled;

  if (send->bytes != NULL)
    bytes = g_bytes_get_data (send->bytes, &length);
  transaction->clean = send->outline.whole && (binary || (facts->clean && (transaction->plan.bdat || !facts->dots)));
  smtp_transaction_give_content (transaction, bytes, length, send->outline.whole);
}

static void
begin_send (SmtpSender *self,
            Send       *send)
{
  SmtpClient *client = self->client;
  const SmtpServerFacts server = {
    .name = client->server_name,
    .capabilities = smtp_engine_get_capabilities (client->engine),
    .tls_verified = smtp_client_is_tls_verified (client),
    .n_messages = smtp_engine_get_n_messages (client->engine),
  };
  SmtpTransaction *transaction = &send->transaction;
  GError *error = NULL;

  transaction->envelope = &send->message->envelope;
  if (!smtp_plan_make (transaction->envelope, &send->outline, &server, &transaction->plan, &error))
    {
      fail_send (send, error);
      return;
    }

  send->stage = SEND_BEGUN;
  give_first (send);
  smtp_engine_begin_transaction (client->engine, transaction);
}

/* How many may be under way. The next message follows the content of the last
 * one before that is answered by the caller's wish alone. */
static guint
get_limit (SmtpSender *self)
{
  SmtpClient *client = self->client;
  SmtpCapabilitySet *capabilities = smtp_engine_get_capabilities (client->engine);
  guint limit = client->pipeline_messages ? 2 : 1;

  if (!smtp_capability_set_has (capabilities, SMTP_EXTENSION_PIPELINING))
    return 1;

  return smtp_capability_set_has (capabilities, SMTP_EXTENSION_CHUNKING) ? MAX (limit, client->window) : limit;
}

/* Begins one that is loaded. Returns whether it, or its failure, is begun. One
 * that is cancelled must not be, although its source was not dispatched yet:
 * that would cost the others their connection. */
static gboolean
try_to_begin (SmtpSender *self,
              Send       *send,
              guint       limit)
{
  SmtpEngine *engine = self->client->engine;
  gboolean behind = self->n_begun > 0;
  g_autoptr (GError) error = NULL;

  smtp_engine_next (engine);
  if (g_cancellable_is_cancelled (send->cancellable))
    fail_cancelled (send);
  else if (self->n_begun < limit && smtp_engine_check_transaction (engine, behind, &error))
    begin_send (self, send);
  else if (!behind)
    fail_send (send, g_steal_pointer (&error));
  else
    {
      smtp_engine_await_room (engine, limit);
      return FALSE;
    }

  return TRUE;
}

/* There is nothing to read it for any more. */
static void
give_up_loading (SmtpSender *self,
                 Send       *send)
{
  GError *error = NULL;

  if (!smtp_engine_check_usable (self->client->engine, &error))
    fail_send (send, error);
}

/*< private >
 * Begins what can be begun now, and reads what is to be begun next.
 */
void
smtp_sender_begin (SmtpSender *self)
{
  guint limit = get_limit (self);
  Send *send;

  smtp_engine_await_room (self->client->engine, 0);
  while ((send = g_queue_peek_nth (&self->sends, self->n_begun)) != NULL)
    {
      if (self->n_begun > 0 && limit == 1)
        return;
      if (send->stage == SEND_NEW)
        load (send);
      if (send->stage == SEND_LOADING)
        give_up_loading (self, send);
      if (send->stage == SEND_LOADING)
        return;
      if (send->stage == SEND_LOADED && !try_to_begin (self, send, limit))
        return;
      self->n_begun++;
    }
}

/* ---- content on its way --------------------------------------------------- */

static void
take_block (Send   *send,
            gssize  length,
            GError *error)
{
  SmtpEngine *engine = send->sender->client->engine;

  /* A source written in Python that raises returns 0 with an error. */
  if (error != NULL)
    {
      g_prefix_error (&error, "%s", _("The content cannot be read: "));
      smtp_engine_fail (engine, error);
      return;
    }

  send->ended = length == 0;
  if (send->stage == SEND_BEGUN && smtp_transaction_wants_content (&send->transaction))
    smtp_transaction_give_content (&send->transaction, send->block, length, send->ended);
}

static void
on_block (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Send *send = user_data;
  GError *error = NULL;
  gssize length = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  send->reading = FALSE;
  if (send->sender == NULL)
    {
      g_clear_error (&error);
      send_free (send);
      return;
    }

  take_block (send, length, error);
  go_on (send);
}

/* The octets of a local file are mostly in memory: then they need no thread to
 * wait for a disk. Returns -1 if they are not, or somebody has to be asked. */
static gssize
read_cached (GInputStream *stream,
             char         *buffer,
             gsize         size)
{
#ifdef RWF_NOWAIT
  struct iovec vector = { buffer, size };

  if (G_IS_FILE_INPUT_STREAM (stream) && G_IS_FILE_DESCRIPTOR_BASED (stream))
    return preadv2 (g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (stream)), &vector, 1, -1, RWF_NOWAIT);
#endif
  return -1;
}

static void
read_block (Send *send)
{
  gsize size = MIN (send->block_size, BLOCK_SIZE);
  GError *error = NULL;
  gssize length;

  length = send->task != NULL ? read_cached (send->stream, send->block, size) : -1;
  if (length >= 0)
    {
      take_block (send, length, NULL);
      return;
    }

  if (send->task != NULL)
    {
      send->reading = TRUE;
      g_input_stream_read_async (send->stream, send->block, size, g_task_get_priority (send->task),
                                 send->cancellable, on_block, send);
      return;
    }

  length = g_input_stream_read (send->stream, send->block, size, send->cancellable, &error);
  take_block (send, length, error);
}

static Send *
find_hungry (SmtpSender *self)
{
  SmtpTransaction *hungry = smtp_engine_get_hungry (self->client->engine);

  for (GList *l = self->sends.head; hungry != NULL && l != NULL; l = l->next)
    {
      Send *send = l->data;

      if (&send->transaction == hungry)
        return send;
    }

  return NULL;
}

/*< private >
 * Supplies content that the engine wants. Returns whether it did; otherwise it
 * comes later.
 */
gboolean
smtp_sender_feed (SmtpSender *self)
{
  Send *send = find_hungry (self);

  if (send == NULL || send->reading)
    return FALSE;

  read_block (send);
  return !send->reading;
}

/*< private >
 * Tells the messages how far they have come.
 */
void
smtp_sender_report (SmtpSender *self)
{
  Send *send = g_queue_peek_head (&self->sends);

  if (send != NULL && send->stage == SEND_BEGUN)
    smtp_message_set_progress (send->message, send->transaction.sent);
}

gboolean
smtp_sender_is_reading (SmtpSender *self)
{
  for (GList *l = self->sends.head; l != NULL; l = l->next)
    {
      Send *send = l->data;

      if (send->reading)
        return TRUE;
    }

  return FALSE;
}

/* ---- the queue ------------------------------------------------------------ */

SmtpSender *
smtp_sender_new (SmtpClient      *client,
                 SmtpSenderReady  on_ready,
                 gpointer         user_data)
{
  SmtpSender *self = g_new0 (SmtpSender, 1);

  self->client = client;
  self->on_ready = on_ready;
  self->user_data = user_data;
  g_queue_init (&self->sends);
  return self;
}

void
smtp_sender_free (SmtpSender *self)
{
  g_queue_clear_full (&self->sends, (GDestroyNotify) send_free);
  g_free (self);
}

/*< private >
 * Puts a message at the end, for which smtp_message_begin() has succeeded.
 *
 * @task: (nullable): NULL for a synchronous send
 */
void
smtp_sender_add (SmtpSender   *self,
                 SmtpMessage  *message,
                 GTask        *task,
                 GCancellable *cancellable)
{
  Send *send = g_new0 (Send, 1);

  send->sender = self;
  send->message = g_object_ref (message);
  send->task = task != NULL ? g_object_ref (task) : NULL;
  send->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  watch_cancellable (send);
  g_queue_push_tail (&self->sends, send);
}

gboolean
smtp_sender_is_empty (SmtpSender *self)
{
  return g_queue_is_empty (&self->sends);
}

/*< private >
 * Where the first message's task wants to be returned, and how urgently.
 */
GMainContext *
smtp_sender_get_context (SmtpSender *self)
{
  Send *send = g_queue_peek_head (&self->sends);

  return g_task_get_context (send->task);
}

int
smtp_sender_get_priority (SmtpSender *self)
{
  Send *send = g_queue_peek_head (&self->sends);

  return g_task_get_priority (send->task);
}

/* The first that is over: those on the wire end in their order, one that was
 * cancelled before ends at once. */
static GList *
find_over (SmtpSender *self,
           gboolean   *begun)
{
  guint i = 0;

  for (GList *l = self->sends.head; l != NULL; l = l->next, i++)
    {
      Send *send = l->data;

      if (send->stage == SEND_BEGUN && send->transaction.stage == SMTP_TRANSACTION_OVER)
        send->stage = SEND_OVER;
      if (send->stage != SEND_OVER)
        continue;

      *begun = i < self->n_begun;
      return l;
    }

  return NULL;
}

gboolean
smtp_sender_take (SmtpSender *self,
                  GTask     **task,
                  GError    **error)
{
  gboolean begun = FALSE;
  GList *link = find_over (self, &begun);
  Send *send;

  if (link == NULL)
    return FALSE;

  send = link->data;
  g_queue_delete_link (&self->sends, link);
  self->n_begun -= begun;
  *task = g_steal_pointer (&send->task);
  *error = send->error != NULL ? g_steal_pointer (&send->error) : g_steal_pointer (&send->transaction.error);
  smtp_message_finish (send->message, send->transaction.envelope != NULL ? &send->transaction : NULL);
  send->sender = NULL;
  stop_cancelling (send);
  if (!send->reading)
    send_free (send);
  return TRUE;
}
