/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages as a whole, and time: what the server says too early, what is
 * cancelled, what waits for what, and that nothing waits for ever. */

#include "fixture.h"

#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMEOUT_SECONDS 10
#define SMALL_BUFFER 4096

/* More than the buffers of a connection hold. */
#define LARGE (16 * 1024 * 1024)

typedef struct
{
  const char         *name;
  const char * const *extensions;
} Way;

static const Way ways[] = {
  { "bdat", offer_chunking },
  { "data", offer_pipelining },
  { "plain", offer_nothing },
};

static GBytes *large; /* so much of it */

/* Lines that end in CRLF. */
static GBytes *
make_content (gsize size)
{
  char *text = g_malloc (size);

  memset (text, 'x', size);
  for (gsize i = 70; i + 1 < size; i += 72)
    memcpy (text + i, "\r\n", 2);
  memcpy (text + size - 2, "\r\n", 2);
  return g_bytes_new_take (text, size);
}

static void
expect_outcome (SmtpMessage *message,
                SmtpOutcome  outcome)
{
  g_assert_cmpint (smtp_message_get_outcome (message), ==, outcome);
}

/* A connection that has ended says so, and does nothing to the message. */
static void
expect_broken (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (1, CONTENT);

  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
  g_assert_false (x_send (f, message));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN, NULL);
  expect_outcome (message, SMTP_OUTCOME_NOT_SENT);
}

static void
expect_usable (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (1, CONTENT);
  guint before = smtp_test_server_get_n_messages (f->server);

  expect_state (f, SMTP_CLIENT_STATE_READY);
  g_assert_true (x_send (f, message));
  g_assert_no_error (f->error);
  expect_outcome (message, SMTP_OUTCOME_ACCEPTED);
  expect_content (f, before, CONTENT);
}

/* ---- early replies ----------------------------------------------------------- */

typedef struct
{
  const char *name;
  const char *reply; /* NULL: the connection ends */
  gboolean    stop_reading;
  gboolean    reset;
  gboolean    io;    /* the error is of GIO's domain */
  int         error;
  SmtpOutcome outcome;
} Fault;

static const Fault faults[] = {
  { "552", "552 5.3.4 too big\r\n", FALSE, FALSE, FALSE, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, SMTP_OUTCOME_REJECTED },
  { "552-stops", "552 5.3.4 too big\r\n", TRUE, FALSE, FALSE, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, SMTP_OUTCOME_REJECTED },
  { "451-stops", "451 4.3.0 not now\r\n", TRUE, FALSE, FALSE, SMTP_CLIENT_ERROR_REFUSED_TEMPORARY, SMTP_OUTCOME_REJECTED },
  { "421-stops", "421 4.3.2 going\r\n", TRUE, FALSE, FALSE, SMTP_CLIENT_ERROR_SERVICE_CLOSED, SMTP_OUTCOME_NOT_SENT },
  { "250-stops", "250 2.0.0 fine\r\n", TRUE, FALSE, FALSE, SMTP_CLIENT_ERROR_PROTOCOL, SMTP_OUTCOME_NOT_SENT },
  { "drop", NULL, FALSE, FALSE, TRUE, G_IO_ERROR_CONNECTION_CLOSED, SMTP_OUTCOME_NOT_SENT },
  { "reset", NULL, FALSE, TRUE, TRUE, G_IO_ERROR_CONNECTION_CLOSED, SMTP_OUTCOME_NOT_SENT },
};

typedef struct
{
  const Way   *way;
  const Fault *fault;
  gboolean     streamed; /* from a stream of unknown size, or as bytes */
} EarlyRow;

static void
script_fault (Fixture     *f,
              const Fault *fault)
{
  g_autoptr (GBytes) reply = NULL;

  if (fault->reply == NULL)
    {
      smtp_test_server_script_drop_in_content (f->server, 10000, fault->reset);
      return;
    }

  reply = g_bytes_new (fault->reply, strlen (fault->reply));
  smtp_test_server_script_early_reply (f->server, 10000, reply, fault->stop_reading);
}

static SmtpMessage *
make_large_message (gboolean streamed)
{
  SmtpMessage *message = make_message (2, "");
  g_autoptr (GInputStream) stream = g_memory_input_stream_new_from_bytes (large);

  if (streamed)
    smtp_message_set_content_stream (message, stream, -1);
  else
    smtp_message_set_content_bytes (message, large);
  return message;
}

static void
expect_fault (Fixture     *f,
              SmtpMessage *message,
              const Fault *fault)
{
  SmtpReply *reply = smtp_message_get_reply (message);

  expect_error (f, fault->io ? G_IO_ERROR : SMTP_CLIENT_ERROR, fault->error, "127.0.0.1");
  expect_outcome (message, fault->outcome);
  g_assert_cmpuint (smtp_message_get_bytes_sent (message), <, LARGE);
  if (fault->outcome == SMTP_OUTCOME_REJECTED)
    g_assert_cmpuint (smtp_reply_get_code (reply), ==, (guint) atoi (fault->reply));
}

static void
test_early (Fixture *f)
{
  const EarlyRow *row = f->row;
  g_autoptr (SmtpMessage) message = make_large_message (row->streamed);
  gint64 start;

  g_object_set (f->server, "receive-buffer", SMALL_BUFFER, NULL);
  script_fault (f, row->fault);
  open_offering (f, row->way->extensions);
  start = g_get_monotonic_time ();
  g_assert_false (x_send (f, message));
  expect_fault (f, message, row->fault);

  /* At once, and not by the time-out, which is 6 s for a block. */
  g_assert_cmpint (g_get_monotonic_time () - start, <, 4 * G_USEC_PER_SEC);
  expect_broken (f);
  smtp_test_server_stop (f->server);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 0);
}

static void
add_early (const Way *way)
{
  static EarlyRow rows[G_N_ELEMENTS (ways) * G_N_ELEMENTS (faults) * 2];
  static guint n_rows;

  for (guint i = 0; i < 2 * G_N_ELEMENTS (faults); i++)
    {
      const Fault *fault = &faults[i / 2];
      gboolean streamed = i % 2 == 1;
      g_autofree char *name = g_strdup_printf ("/send-flow/early/%s/%s/%s", way->name,
                                               streamed ? "stream" : "bytes", fault->name);

      rows[n_rows] = (EarlyRow) { way, fault, streamed };
      add_row_scenario (name, test_early, &rows[n_rows++]);
    }
}

/* ---- refusals while the content is on its way ---------------------------------- */

static GIOStream *
narrow_end (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, SMALL_BUFFER, NULL));
  g_assert_true (g_socket_set_option (socket, SOL_SOCKET, SO_RCVBUF, SMALL_BUFFER, NULL));
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

/* A connection that holds next to nothing: who does not read soon stops who
 * writes. */
static void
open_narrow (Fixture            *f,
             const char * const *extensions)
{
  g_autoptr (GIOStream) ours = NULL;
  g_autoptr (GIOStream) theirs = NULL;
  int fds[2];

  g_object_set (f->server, "extensions", extensions, NULL);
  start_server (f);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  ours = narrow_end (fds[0]);
  theirs = narrow_end (fds[1]);
  smtp_test_server_accept_stream (f->server, theirs);
  f->client = smtp_client_new_for_stream (ours, "narrow.example");
  smtp_client_set_timeout (f->client, TIMEOUT_SECONDS);
  x_open (f);
  g_assert_no_error (f->error);
  smtp_test_server_clear_commands (f->server);
}

typedef struct
{
  const char *name;
  const char *replies[4]; /* to MAIL and three RCPT */
  gboolean    goes_on;
} InFlightRow;

static const InFlightRow in_flight_rows[] = {
  { "one", { "250 ok", "250 ok", "550 no", "250 ok" }, TRUE },
  { "all-but-one", { "250 ok", "550 no", "550 no", "250 ok" }, TRUE },
  { "all", { "250 ok", "550 no", "550 no", "550 no" }, FALSE },
  { "mail", { "550 no", "503 no", "503 no", "503 no" }, FALSE },
};

static SmtpMessage *
make_in_flight (GBytes *content)
{
  SmtpMessage *message = make_message (3, "");

  smtp_message_set_content_bytes (message, content);
  return message;
}

static void
expect_gone_on (Fixture     *f,
                SmtpMessage *message,
                GBytes      *content)
{
  g_autoptr (SmtpTestMessage) received = smtp_test_server_get_message (f->server, 0);

  g_assert_no_error (f->error);
  expect_outcome (message, SMTP_OUTCOME_PARTIAL);
  g_assert_true (g_bytes_equal (smtp_test_message_get_content (received), content));
  expect_state (f, SMTP_CLIENT_STATE_READY);
}

static void
expect_stopped (Fixture     *f,
                SmtpMessage *message,
                guint64      before,
                gsize        size)
{
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "no");
  expect_outcome (message, SMTP_OUTCOME_REJECTED);
  expect_broken (f);
  expect_no_message (f);
  g_assert_cmpuint (smtp_test_server_get_bytes_received (f->server) - before, <, size);
}

/* Content travels behind the envelope that is not answered yet. A refused
 * recipient of several does not stop it, the last one does. */
static void
test_in_flight (Fixture *f)
{
  const InFlightRow *row = f->row;
  g_autoptr (GBytes) content = make_content (60 * 1024);
  g_autoptr (SmtpMessage) message = make_in_flight (content);
  guint64 before;
  guint round_trips;

  for (guint i = 0; i < G_N_ELEMENTS (row->replies); i++)
    smtp_test_server_script_reply_text (f->server, i == 0 ? "MAIL" : "RCPT", row->replies[i]);
  open_narrow (f, offer_chunking);
  before = smtp_test_server_get_bytes_received (f->server);
  round_trips = smtp_test_server_get_round_trips (f->server);
  g_assert_cmpint (x_send (f, message), ==, row->goes_on);

  if (!row->goes_on)
    {
      expect_stopped (f, message, before, g_bytes_get_size (content));
      return;
    }

  /* The envelope was answered before the content had come. */
  g_assert_cmpuint (smtp_test_server_get_round_trips (f->server) - round_trips, ==, 2);
  expect_gone_on (f, message, content);
}

/* ---- cancellation -------------------------------------------------------------- */

/* Cancels from another thread, so that synchronous calls can be, when the
 * server has been sent so much. */
typedef struct
{
  SmtpTestServer *server;
  GCancellable   *cancellable;
  guint64         before;     /* octets of what is no command, … */
  const char     *command;    /* when this has come … */
  guint           n_commands; /* … so often … */
  gsize           octets;     /* … and so much else */
  GThread        *thread;
} Canceller;

static gboolean
is_time (Canceller *self)
{
  Fixture f = { .server = self->server };

  /* In this order: octets are counted before the commands in them. */
  return count_commands (&f, self->command) >= self->n_commands &&
         smtp_test_server_get_bytes_received (self->server) - self->before >= count_command_octets (&f) + self->octets;
}

static gpointer
cancel_in_time (gpointer data)
{
  Canceller *self = data;
  gint64 end = g_get_monotonic_time () + TIMEOUT_SECONDS * G_USEC_PER_SEC;

  while (!is_time (self) && g_get_monotonic_time () < end)
    g_thread_yield ();
  g_cancellable_cancel (self->cancellable);
  return NULL;
}

/* Counts from here on, where the server has been sent nothing yet but what was
 * answered. */
static void
start_canceller (Canceller    *self,
                 Fixture      *f,
                 GCancellable *cancellable)
{
  self->server = f->server;
  self->cancellable = cancellable;
  self->before = smtp_test_server_get_bytes_received (f->server);
  self->thread = g_thread_new ("canceller", cancel_in_time, self);
}

static void
test_cancelled_before (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (1, CONTENT);

  open_offering (f, offer_chunking);
  f->cancellable = g_cancellable_new ();
  g_cancellable_cancel (f->cancellable);
  g_assert_false (x_send (f, message));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  expect_outcome (message, SMTP_OUTCOME_NOT_SENT);
  g_cancellable_reset (f->cancellable);
  expect_usable (f);
  g_assert_cmpuint (count_commands (f, "MAIL"), ==, 1);
}

typedef struct
{
  const char *name;
  const Way  *way;
  const char *verb;    /* what the server never answers */
  const char *command; /* what then has come … */
  gsize       octets;  /* … with so much content */
  SmtpOutcome outcome;
} CancelRow;

static const CancelRow cancel_rows[] = {
  { "bdat/mail", &ways[0], "MAIL", "BDAT", sizeof CONTENT - 1, SMTP_OUTCOME_UNKNOWN },
  { "bdat/content", &ways[0], ".", "BDAT", sizeof CONTENT - 1, SMTP_OUTCOME_UNKNOWN },
  { "data/mail", &ways[1], "MAIL", "DATA", 0, SMTP_OUTCOME_NOT_SENT },
  { "data/data", &ways[1], "DATA", "DATA", 0, SMTP_OUTCOME_NOT_SENT },
  { "data/content", &ways[1], ".", "DATA", sizeof CONTENT - 1 + 3, SMTP_OUTCOME_UNKNOWN },
  { "plain/mail", &ways[2], "MAIL", "MAIL", 0, SMTP_OUTCOME_NOT_SENT },
  { "plain/rcpt", &ways[2], "RCPT", "RCPT", 0, SMTP_OUTCOME_NOT_SENT },
  { "plain/data", &ways[2], "DATA", "DATA", 0, SMTP_OUTCOME_NOT_SENT },
  { "plain/content", &ways[2], ".", "DATA", sizeof CONTENT - 1 + 3, SMTP_OUTCOME_UNKNOWN },
};

static void
expect_cancelled (Fixture     *f,
                  SmtpMessage *message,
                  SmtpOutcome  outcome)
{
  if (outcome == SMTP_OUTCOME_UNKNOWN)
    expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN, "cancelled");
  else
    expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  expect_outcome (message, outcome);
  g_assert_null (smtp_message_get_reply (message));
  g_clear_object (&f->cancellable);
  expect_broken (f);
}

static void
test_cancelled (Fixture *f)
{
  const CancelRow *row = f->row;
  g_autoptr (SmtpMessage) message = make_message (2, CONTENT);
  Canceller canceller = { .command = row->command, .n_commands = 1, .octets = row->octets };

  smtp_test_server_script_silence (f->server, row->verb, 0);
  open_offering (f, row->way->extensions);
  f->cancellable = g_cancellable_new ();
  start_canceller (&canceller, f, f->cancellable);
  g_assert_false (x_send (f, message));
  g_thread_join (canceller.thread);
  expect_cancelled (f, message, row->outcome);
}

static void
test_cancelled_in_body (Fixture *f)
{
  const Way *way = f->row;
  g_autoptr (SmtpMessage) message = make_large_message (FALSE);
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  Canceller canceller = { .command = "", .octets = 10000 };

  g_object_set (f->server, "receive-buffer", SMALL_BUFFER, NULL);
  smtp_test_server_script_early_reply (f->server, 10000, nothing, TRUE);
  open_offering (f, way->extensions);
  f->cancellable = g_cancellable_new ();
  start_canceller (&canceller, f, f->cancellable);
  g_assert_false (x_send (f, message));
  g_thread_join (canceller.thread);
  expect_cancelled (f, message, SMTP_OUTCOME_NOT_SENT);
  smtp_test_server_stop (f->server);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 0);
}

/* ---- a source that keeps us waiting ---------------------------------------------- */

/* A pipe that is given so much and then nothing, nor an end. */
typedef struct
{
  int      fds[2];
  gsize    octets;
  GThread *thread;
} Pipe;

static gpointer
fill_pipe (gpointer data)
{
  Pipe *self = data;
  g_autoptr (GBytes) content = make_content (self->octets);
  const char *bytes = g_bytes_get_data (content, NULL);

  for (gsize at = 0; at < self->octets;)
    {
      gssize n = write (self->fds[1], bytes + at, self->octets - at);

      g_assert_cmpint (n, >, 0);
      at += n;
    }

  return NULL;
}

static GInputStream *
open_pipe (Pipe *self)
{
  g_assert_true (g_unix_open_pipe (self->fds, FD_CLOEXEC, NULL));
  self->thread = self->octets > 0 ? g_thread_new ("filler", fill_pipe, self) : NULL;
  return g_unix_input_stream_new (self->fds[0], TRUE);
}

static void
close_pipe (Pipe *self)
{
  if (self->thread != NULL)
    g_thread_join (self->thread);
  close (self->fds[1]);
}

/* The content is read before anything is sent: nothing happened. */
static void
test_cancelled_source (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (1, "");
  Pipe pipe = { .octets = 0 };
  g_autoptr (GInputStream) stream = open_pipe (&pipe);
  Canceller canceller = { .command = "", .octets = 0 };

  smtp_message_set_content_stream (message, stream, -1);
  open_offering (f, offer_chunking);
  f->cancellable = g_cancellable_new ();
  start_canceller (&canceller, f, f->cancellable);
  g_assert_false (x_send (f, message));
  g_thread_join (canceller.thread);
  close_pipe (&pipe);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  expect_outcome (message, SMTP_OUTCOME_NOT_SENT);
  g_cancellable_reset (f->cancellable);
  expect_usable (f);
  g_assert_cmpuint (count_commands (f, "MAIL"), ==, 1);
}

static gboolean
on_close (gpointer user_data)
{
  smtp_client_close (user_data);
  return G_SOURCE_REMOVE;
}

/* It does not wait for a source that may never give anything. */
static void
test_closed_source (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (1, "");
  Pipe pipe = { .octets = 0 };
  g_autoptr (GInputStream) stream = open_pipe (&pipe);

  smtp_message_set_content_stream (message, stream, -1);
  open_offering (f, offer_chunking);
  g_idle_add (on_close, f->client);
  g_assert_false (x_send (f, message));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN, "closed by the program");
  expect_outcome (message, SMTP_OUTCOME_NOT_SENT);
  close_pipe (&pipe);
}

/* In the middle of it the connection must go. All that was given has come by
 * then: who fills the pipe must not be left with the rest. */
static void
test_cancelled_source_in_body (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (1, "");
  Pipe pipe = { .octets = 3 * 1024 * 1024 };
  g_autoptr (GInputStream) stream = open_pipe (&pipe);
  Canceller canceller = { .command = "DATA", .n_commands = 1, .octets = pipe.octets };

  smtp_message_set_content_stream (message, stream, -1);
  open_offering (f, offer_pipelining);
  f->cancellable = g_cancellable_new ();
  start_canceller (&canceller, f, f->cancellable);
  g_assert_false (x_send (f, message));
  g_thread_join (canceller.thread);
  close_pipe (&pipe);
  expect_cancelled (f, message, SMTP_OUTCOME_NOT_SENT);
  expect_no_message (f);
}

/* ---- queues -------------------------------------------------------------------- */

#define MAX_QUEUE 10

typedef struct _Queue Queue;

typedef struct
{
  Queue        *queue;
  SmtpMessage  *message;
  GCancellable *cancellable;
  GError       *error;
  gboolean      success;
  guint         place; /* in the order of the results, from 1 */
} Queued;

struct _Queue
{
  Fixture *f;
  Queued   items[MAX_QUEUE];
  guint    n;
  guint    n_done;
};

static char *
make_nth_content (guint index)
{
  return g_strdup_printf ("Subject: %u\r\n\r\nbody %u\r\n", index, index);
}

static void
queue_init (Queue   *self,
            Fixture *f,
            guint    n)
{
  memset (self, 0, sizeof *self);
  self->f = f;
  self->n = n;
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *content = make_nth_content (i);

      self->items[i].queue = self;
      self->items[i].message = make_message (2, content);
      self->items[i].cancellable = g_cancellable_new ();
    }
}

static void
queue_clear (Queue *self)
{
  for (guint i = 0; i < self->n; i++)
    {
      g_object_unref (self->items[i].message);
      g_object_unref (self->items[i].cancellable);
      g_clear_error (&self->items[i].error);
    }
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Queue, queue_clear)

static void
on_queued_sent (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  Queued *item = user_data;

  g_assert_cmpuint (item->place, ==, 0);
  item->success = smtp_client_send_finish (SMTP_CLIENT (source), result, &item->error);
  item->place = ++item->queue->n_done;
}

static void
queue_begin (Queue *self)
{
  for (guint i = 0; i < self->n; i++)
    smtp_client_send_async (self->f->client, self->items[i].message, self->items[i].cancellable, on_queued_sent,
                            &self->items[i]);
}

static void
queue_wait (Queue *self)
{
  while (self->n_done < self->n)
    g_main_context_iteration (NULL, TRUE);
}

static void
queue_run (Queue *self)
{
  queue_begin (self);
  queue_wait (self);
}

/* What became of one. */
static void
expect_queued (Queue      *self,
               guint       index,
               SmtpOutcome outcome)
{
  Queued *item = &self->items[index];

  expect_outcome (item->message, outcome);
  g_assert_cmpint (item->success, ==, outcome == SMTP_OUTCOME_ACCEPTED);
  if (item->success)
    g_assert_no_error (item->error);
  else
    g_assert_nonnull (item->error);
  if (outcome == SMTP_OUTCOME_UNKNOWN)
    g_assert_error (item->error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN);
}

static void
expect_nth_content (Fixture *f,
                    guint    index,
                    guint    nth)
{
  g_autofree char *content = make_nth_content (nth);

  expect_content (f, index, content);
}

typedef struct
{
  const char         *name;
  const char * const *extensions;
  gboolean            pipeline_messages;
  guint               window;
  guint               begun; /* messages on the wire before the first verdict … */
  guint               whole; /* … and their contents */
} QueueRow;

static const char * const offer_chunking_alone[] = { "CHUNKING", NULL };

/* Only what the caller allowed and the server offers. */
static const QueueRow queue_rows[] = {
  { "bdat", offer_chunking, FALSE, 1, 1, 1 },
  { "data", offer_pipelining, FALSE, 1, 1, 1 },
  { "plain", offer_nothing, TRUE, 9, 1, 1 },
  { "chunking-alone", offer_chunking_alone, TRUE, 9, 1, 1 },
  { "data-window", offer_pipelining, FALSE, 9, 1, 1 },
  { "bdat-pipeline", offer_chunking, TRUE, 1, 2, 2 },
  { "bdat-window", offer_chunking, FALSE, 3, 3, 3 },
  { "bdat-both", offer_chunking, TRUE, 4, 4, 4 },
  { "data-pipeline", offer_pipelining, TRUE, 1, 2, 1 },
};

static void
open_queue (Fixture *f)
{
  const QueueRow *row = f->row;

  open_offering (f, row->extensions);
  smtp_client_set_pipeline_messages (f->client, row->pipeline_messages);
  smtp_client_set_window (f->client, row->window);
}

static void
test_order (Fixture *f)
{
  g_auto (Queue) queue = { NULL, };

  open_queue (f);
  queue_init (&queue, f, MAX_QUEUE);
  queue_run (&queue);
  for (guint i = 0; i < queue.n; i++)
    {
      expect_queued (&queue, i, SMTP_OUTCOME_ACCEPTED);
      g_assert_cmpuint (queue.items[i].place, ==, i + 1);
      expect_nth_content (f, i, i);
    }
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, queue.n);
  expect_usable (f);
}

/* One is refused: those on the wire with it are not. */
static void
test_one_refused (Fixture *f)
{
  g_auto (Queue) queue = { NULL, };

  open_queue (f);
  queue_init (&queue, f, 5);
  smtp_message_add_recipient (queue.items[2].message, "refuse@example.net");
  smtp_message_set_recipient_policy (queue.items[2].message, SMTP_RECIPIENTS_ALL);
  queue_run (&queue);
  for (guint i = 0; i < queue.n; i++)
    {
      expect_queued (&queue, i, i == 2 ? SMTP_OUTCOME_REJECTED : SMTP_OUTCOME_ACCEPTED);
      g_assert_cmpuint (queue.items[i].place, ==, i + 1);
    }
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 4);
  expect_nth_content (f, 2, 3);
  expect_usable (f);
}

/* Nobody takes the one: it must not go to the recipients of another. */
static void
test_one_without_recipients (Fixture *f)
{
  g_auto (Queue) queue = { NULL, };
  g_autoptr (GBytes) content = g_bytes_new_static (CONTENT, strlen (CONTENT));

  open_queue (f);
  queue_init (&queue, f, 5);
  g_object_unref (queue.items[1].message);
  queue.items[1].message = smtp_message_new ("sender@example.org");
  smtp_message_add_recipient (queue.items[1].message, "refuse@example.net");
  smtp_message_set_content_bytes (queue.items[1].message, content);
  queue_run (&queue);
  for (guint i = 0; i < queue.n; i++)
    expect_queued (&queue, i, i == 1 ? SMTP_OUTCOME_REJECTED : SMTP_OUTCOME_ACCEPTED);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 4);
  for (guint i = 0; i < 4; i++)
    expect_nth_content (f, i, i == 0 ? 0 : i + 1);
  expect_usable (f);
}

/* One cannot be sent at all, and one is cancelled while it waits. */
static void
test_one_drops_out (Fixture *f)
{
  g_auto (Queue) queue = { NULL, };

  open_queue (f);
  queue_init (&queue, f, MAX_QUEUE);
  smtp_message_add_recipient (queue.items[7].message, "no address");
  queue_begin (&queue);
  g_cancellable_cancel (queue.items[8].cancellable);
  queue_wait (&queue);
  for (guint i = 0; i < queue.n; i++)
    expect_queued (&queue, i, i == 7 || i == 8 ? SMTP_OUTCOME_NOT_SENT : SMTP_OUTCOME_ACCEPTED);
  g_assert_error (queue.items[7].error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT);
  g_assert_error (queue.items[8].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, queue.n - 2);
  expect_nth_content (f, 7, 9);
  expect_usable (f);
}

/* The first is never answered, and then cancelled: what was on the wire by then
 * is what is allowed to be. */
static void
test_overlap (Fixture *f)
{
  const QueueRow *row = f->row;
  gboolean bdat = row->extensions == offer_chunking || row->extensions == offer_chunking_alone;
  g_auto (Queue) queue = { NULL, };
  Canceller canceller = { .command = bdat ? "BDAT" : "DATA", .n_commands = row->begun };

  canceller.octets = row->whole * strlen ("Subject: 0\r\n\r\nbody 0\r\n") + (bdat ? 0 : strlen (".\r\n"));
  smtp_test_server_script_silence (f->server, ".", 0);
  open_queue (f);
  queue_init (&queue, f, 6);
  start_canceller (&canceller, f, queue.items[0].cancellable);
  queue_run (&queue);
  g_thread_join (canceller.thread);
  for (guint i = 0; i < queue.n; i++)
    expect_queued (&queue, i, i < row->whole ? SMTP_OUTCOME_UNKNOWN : SMTP_OUTCOME_NOT_SENT);
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
  expect_no_message (f);
  g_assert_cmpuint (count_commands (f, "MAIL"), ==, row->begun);
}

/* One whose content waits for the replies to its envelope is lost with the one
 * before it, and was not cancelled: CANCELLED is what programs keep quiet
 * about. */
static void
test_bystander (Fixture *f)
{
  g_auto (Queue) queue = { NULL, };
  Canceller canceller = { .command = "MAIL", .n_commands = 2 };

  smtp_test_server_script_silence (f->server, ".", 0);
  open_queue (f);
  queue_init (&queue, f, 2);
  smtp_message_set_content_bytes (queue.items[1].message, large);
  start_canceller (&canceller, f, queue.items[0].cancellable);
  queue_run (&queue);
  g_thread_join (canceller.thread);
  expect_queued (&queue, 0, SMTP_OUTCOME_UNKNOWN);
  expect_queued (&queue, 1, SMTP_OUTCOME_NOT_SENT);
  g_assert_error (queue.items[1].error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN);
}

/* Holds the first verdict back until all that may be under way is. */
static void
queue_run_held (Queue *self)
{
  Fixture *f = self->f;
  guint64 before = smtp_test_server_get_bytes_received (f->server);

  queue_begin (self);
  while (count_commands (f, "BDAT") == 0 ||
         smtp_test_server_get_bytes_received (f->server) < before + count_command_octets (f) + strlen ("Subject: "))
    g_main_context_iteration (NULL, FALSE);
  smtp_test_server_end_delays (f->server);
  queue_wait (self);
}

/* The connection is lost at the second verdict: what is behind it may have been
 * taken or not. */
static void
test_window_lost (Fixture *f)
{
  g_auto (Queue) queue = { NULL, };

  smtp_test_server_script_delay (f->server, ".", TIMEOUT_SECONDS * 500, 0);
  smtp_test_server_script_drop (f->server, ".", 1, FALSE);
  open_queue (f);
  queue_init (&queue, f, 6);
  queue_run_held (&queue);
  expect_queued (&queue, 0, SMTP_OUTCOME_ACCEPTED);
  for (guint i = 1; i < queue.n; i++)
    expect_queued (&queue, i, SMTP_OUTCOME_UNKNOWN);
  expect_broken (f);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 1);
}

/* What comes while the first verdict is held back is answered together. */
static void
test_window_round_trips (Fixture *f)
{
  g_auto (Queue) queue = { NULL, };
  guint before;

  smtp_test_server_script_delay (f->server, ".", TIMEOUT_SECONDS * 500, 0);
  open_queue (f);
  before = smtp_test_server_get_round_trips (f->server);
  queue_init (&queue, f, MAX_QUEUE);
  queue_run_held (&queue);
  for (guint i = 0; i < queue.n; i++)
    expect_queued (&queue, i, SMTP_OUTCOME_ACCEPTED);
  g_assert_cmpuint (smtp_test_server_get_round_trips (f->server) - before, <=, 2);
}

typedef struct
{
  QueueRow queue;
  guint    round_trips; /* for a run of ten, at the most */
  gboolean ahead;       /* MAIL comes before the verdict on the last message */
} RoundTripRow;

static const RoundTripRow round_trip_rows[] = {
  { { "bdat", offer_chunking, FALSE, 1 }, 10, FALSE },
  { { "data", offer_pipelining, FALSE, 1 }, 20, FALSE },
  { { "data-pipeline", offer_pipelining, TRUE, 1 }, 11, TRUE },
};

/* Who spoke first is in the transcript, and does not depend on how the server's
 * reads happen to fall. */
static void
expect_turns (Fixture *f,
              gboolean ahead)
{
  g_auto (GStrv) lines = g_strsplit (f->transcript->str, "\n", -1);
  guint mails = 0, verdicts = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (strstr (lines[i], "queued as") != NULL)
        verdicts++;
      if (!g_str_has_prefix (lines[i], "C: MAIL"))
        continue;
      g_assert_cmpuint (verdicts, ==, ahead && mails > 0 ? mails - 1 : mails);
      mails++;
    }
  g_assert_cmpuint (mails, ==, 10);
  g_assert_cmpuint (verdicts, ==, 10);
}

static void
test_round_trips (Fixture *f)
{
  const RoundTripRow *row = f->row;
  g_auto (Queue) queue = { NULL, };
  guint before;

  f->row = &row->queue;
  open_queue (f);
  before = smtp_test_server_get_round_trips (f->server);
  queue_init (&queue, f, 10);
  queue_run (&queue);
  for (guint i = 0; i < queue.n; i++)
    {
      expect_queued (&queue, i, SMTP_OUTCOME_ACCEPTED);
      expect_nth_content (f, i, i);
    }
  g_assert_cmpuint (smtp_test_server_get_round_trips (f->server) - before, <=, row->round_trips);
  expect_turns (f, row->ahead);
}

/* A message is sent once at a time, and nothing else runs beside. */
static void
test_pending (Fixture *f)
{
  g_auto (Queue) queue = { NULL, };

  open_queue (f);
  queue_init (&queue, f, 2);
  g_object_unref (queue.items[1].message);
  queue.items[1].message = g_object_ref (queue.items[0].message);
  queue_begin (&queue);
  x_noop (f);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_PENDING, NULL);
  queue_wait (&queue);
  g_assert_true (queue.items[0].success);
  g_assert_error (queue.items[1].error, G_IO_ERROR, G_IO_ERROR_PENDING);
  expect_outcome (queue.items[0].message, SMTP_OUTCOME_ACCEPTED);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 1);
  expect_usable (f);
}

/* ---- narrow buffers ---------------------------------------------------------------- */

#define MANY 100000

/* Commands and replies are many times what the buffers hold: a client that
 * writes without reading, or reads without writing, hangs until its time-out. */
static void
test_many_recipients (Fixture *f)
{
  const Way *way = f->row;
  g_autoptr (SmtpMessage) message = make_message (MANY, CONTENT);
  g_autoptr (SmtpTestMessage) received = NULL;
  const char * const *recipients;

  open_narrow (f, way->extensions);
  g_assert_true (x_send (f, message));
  g_assert_no_error (f->error);
  expect_outcome (message, SMTP_OUTCOME_ACCEPTED);
  received = smtp_test_server_get_message (f->server, 0);
  recipients = smtp_test_message_get_recipients (received);
  g_assert_cmpuint (g_strv_length ((char **) recipients), ==, MANY);
  g_assert_cmpstr (recipients[0], ==, "user0@example.net");
  g_assert_cmpstr (recipients[MANY - 1], ==, "user99999@example.net");
  expect_content (f, 0, CONTENT);
}

/* The same with a content: in both directions, one after the other. */
static void
test_narrow_content (Fixture *f)
{
  const Way *way = f->row;
  g_autoptr (GBytes) content = make_content (3 * 1024 * 1024);
  g_autoptr (SmtpMessage) message = make_in_flight (content);
  g_autoptr (SmtpTestMessage) received = NULL;

  open_narrow (f, way->extensions);
  g_assert_true (x_send (f, message));
  g_assert_no_error (f->error);
  received = smtp_test_server_get_message (f->server, 0);
  g_assert_true (g_bytes_equal (smtp_test_message_get_content (received), content));
}

/* ---- the list ------------------------------------------------------------------------ */

static void
add_ways (const char *format,
          Scenario    scenario)
{
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *name = g_strconcat (format, "/", ways[i].name, NULL);

      add_row_scenario (name, scenario, &ways[i]);
    }
}

static void
add_queues (const char *format,
            Scenario    scenario,
            guint       n_rows)
{
  for (guint i = 0; i < n_rows; i++)
    {
      g_autofree char *name = g_strconcat (format, "/", queue_rows[i].name, NULL);

      add_async_scenario (name, scenario, &queue_rows[i]);
    }
}

static void
add_cancellations (void)
{
  add_scenario ("/send-flow/cancelled/before", test_cancelled_before);
  for (guint i = 0; i < G_N_ELEMENTS (cancel_rows); i++)
    {
      g_autofree char *name = g_strconcat ("/send-flow/cancelled/", cancel_rows[i].name, NULL);

      add_row_scenario (name, test_cancelled, &cancel_rows[i]);
    }
  add_ways ("/send-flow/cancelled/body", test_cancelled_in_body);
  add_scenario ("/send-flow/cancelled/source", test_cancelled_source);
  add_async_scenario ("/send-flow/closed/source", test_closed_source, NULL);
  add_scenario ("/send-flow/cancelled/source-in-body", test_cancelled_source_in_body);
}

static void
add_queue_tests (void)
{
  static const QueueRow wide = { "wide", offer_chunking, FALSE, 100 };

  add_queues ("/send-flow/queue/order", test_order, G_N_ELEMENTS (queue_rows));
  add_queues ("/send-flow/queue/one-refused", test_one_refused, G_N_ELEMENTS (queue_rows));
  add_queues ("/send-flow/queue/one-without-recipients", test_one_without_recipients, G_N_ELEMENTS (queue_rows));
  add_queues ("/send-flow/queue/one-drops-out", test_one_drops_out, G_N_ELEMENTS (queue_rows));
  add_queues ("/send-flow/queue/overlap", test_overlap, G_N_ELEMENTS (queue_rows));
  add_queues ("/send-flow/queue/pending", test_pending, G_N_ELEMENTS (queue_rows));
  add_async_scenario ("/send-flow/queue/bystander", test_bystander, &wide);
  add_async_scenario ("/send-flow/queue/window-lost", test_window_lost, &wide);
  add_async_scenario ("/send-flow/queue/window-round-trips", test_window_round_trips, &wide);
  for (guint i = 0; i < G_N_ELEMENTS (round_trip_rows); i++)
    {
      g_autofree char *name = g_strconcat ("/send-flow/queue/round-trips/", round_trip_rows[i].queue.name, NULL);

      add_async_scenario (name, test_round_trips, &round_trip_rows[i]);
    }
}

int
main (int    argc,
      char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  large = make_content (LARGE);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    add_early (&ways[i]);
  for (guint i = 0; i < G_N_ELEMENTS (in_flight_rows); i++)
    {
      g_autofree char *name = g_strconcat ("/send-flow/in-flight/", in_flight_rows[i].name, NULL);

      add_row_scenario (name, test_in_flight, &in_flight_rows[i]);
    }
  add_cancellations ();
  add_queue_tests ();
  add_row_scenario ("/send-flow/many-recipients/bdat", test_many_recipients, &ways[0]);
  add_row_scenario ("/send-flow/many-recipients/data", test_many_recipients, &ways[1]);
  add_ways ("/send-flow/narrow-content", test_narrow_content);
  status = g_test_run ();
  g_bytes_unref (large);
  return status;
}
