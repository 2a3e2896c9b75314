/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The content's stream: what arrives, and what must not. */

#include "fixture.h"

#include <string.h>

/* ---- what arrives --------------------------------------------------------- */

static const struct
{
  const char *given;
  const char *arrives;
} contents[] = {
  { CONTENT, CONTENT },
  { "", "" },
  { "no end", "no end\r\n" },
  { "a\nb\n", "a\r\nb\r\n" },
  { "a\rb\r", "a\r\nb\r\n" },
  { "a\r\n\r\n", "a\r\n\r\n" },
  { ".\r\n", ".\r\n" },
  { ".", ".\r\n" },
  { "..\r\n.a\r\n...\r\n", "..\r\n.a\r\n...\r\n" },
  { "a\n.\nQUIT\n", "a\r\n.\r\nQUIT\r\n" },
  { "a\r.\r\nb", "a\r\n.\r\nb\r\n" },
  { "\377\200 Grüße\r\n", "\377\200 Grüße\r\n" },
};

static void
test_contents (Fixture *f)
{
  open_client (f);
  for (guint i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autoptr (GOutputStream) stream = begin_content (f);

      x_write (f, stream, contents[i].given, strlen (contents[i].given));
      x_close (f, stream);
      g_assert_no_error (f->error);
      expect_content (f, i, contents[i].arrives);
    }
}

/* Cut anywhere, it is the same. */
static void
test_pieces (Fixture *f)
{
  const char *content = "a\r\n.b\n\r\n..\r\nc\rd";
  guint n = 0;

  open_client (f);
  for (gsize piece = 1; piece <= strlen (content); piece++)
    {
      g_autoptr (GOutputStream) stream = begin_content (f);

      for (gsize at = 0; at < strlen (content); at += piece)
        {
          x_write (f, stream, content + at, MIN (piece, strlen (content) - at));
          x_flush (f, stream);
        }
      x_close (f, stream);
      g_assert_no_error (f->error);
      expect_content (f, n++, "a\r\n.b\r\n\r\n..\r\nc\r\nd\r\n");
    }
}

static char *
make_body (gsize length)
{
  static const char line[] = ".Lorem ipsum dolor sit amet, consectetur adipiscing elit\r\n";
  char *body = g_malloc (length + 1);

  for (gsize i = 0; i < length; i++)
    body[i] = line[i % strlen (line)];
  memcpy (body + length - 2, "\r\n", 2);
  body[length] = '\0';
  return body;
}

#define LARGE (4 * 1024 * 1024)

/* Small against that, but more than a segment on loopback: with less, the
 * kernel waits 200 ms for each window to open. */
#define SMALL_BUFFER (128 * 1024)

/* Through small buffers, so that writing has to wait. */
static void
test_large (Fixture *f)
{
  g_autofree char *body = make_body (LARGE);
  g_autoptr (GOutputStream) stream = NULL;

  g_object_set (f->server, "receive-buffer", SMALL_BUFFER, NULL);
  open_client (f);
  stream = begin_content (f);
  x_write (f, stream, body, LARGE);
  x_close (f, stream);
  g_assert_no_error (f->error);
  expect_content (f, 0, body);
}

static void
test_splice (Fixture *f)
{
  g_autofree char *body = make_body (LARGE);
  g_autoptr (GInputStream) source = g_memory_input_stream_new_from_data (body, LARGE, NULL);
  g_autoptr (GOutputStream) stream = NULL;

  open_client (f);
  stream = begin_content (f);
  g_assert_cmpint (x_splice (f, stream, source, G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE | G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET), ==, LARGE);
  g_assert_no_error (f->error);
  g_assert_true (g_output_stream_is_closed (stream));
  expect_content (f, 0, body);
}

/* Left open by the splice, it is for the caller to close. */
static void
test_splice_and_close (Fixture *f)
{
  g_autoptr (GInputStream) source = g_memory_input_stream_new_from_data ("body\r\n", 6, NULL);
  g_autoptr (GOutputStream) stream = NULL;

  open_client (f);
  stream = begin_content (f);
  g_assert_cmpint (x_splice (f, stream, source, 0), ==, 6);
  g_assert_no_error (f->error);
  g_assert_false (g_output_stream_is_closed (stream));
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 0);
  x_close (f, stream);
  g_assert_no_error (f->error);
  expect_content (f, 0, "body\r\n");
}

static gboolean
on_writable (GObject *stream,
             gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Waits until the stream takes more. */
static void
wait_writable (GPollableOutputStream *stream)
{
  g_autoptr (GSource) source = g_pollable_output_stream_create_source (stream, NULL);
  gboolean writable = FALSE;

  g_source_set_callback (source, G_SOURCE_FUNC (on_writable), &writable, NULL);
  g_source_attach (source, NULL);
  while (!writable)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_nonblocking (Fixture *f)
{
  g_autofree char *body = make_body (LARGE);
  g_autoptr (GOutputStream) stream = NULL;
  gsize done = 0;

  g_object_set (f->server, "receive-buffer", SMALL_BUFFER, NULL);
  open_client (f);
  stream = begin_content (f);
  while (done < LARGE)
    {
      gssize n = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (stream), body + done,
                                                             LARGE - done, NULL, &f->error);

      if (n > 0)
        {
          done += n;
          continue;
        }

      expect_error (f, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, NULL);
      wait_writable (G_POLLABLE_OUTPUT_STREAM (stream));
    }
  x_close (f, stream);
  g_assert_no_error (f->error);
  expect_content (f, 0, body);
}

/* When the server takes nothing more, it says so instead of waiting. */
static void
test_would_block (Fixture *f)
{
  g_autofree char *body = make_body (LARGE);
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  g_autoptr (GOutputStream) stream = NULL;

  g_object_set (f->server, "receive-buffer", SMALL_BUFFER, NULL);
  open_client (f);
  smtp_test_server_script_early_reply (f->server, 10000, nothing, TRUE);
  stream = begin_content (f);
  for (guint i = 0; i < 1000 && f->error == NULL; i++)
    g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (stream), body, LARGE, NULL, &f->error);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, NULL);
  g_assert_false (g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (stream)));
  expect_state (f, SMTP_CLIENT_STATE_DATA);
}

static void
test_verdict (Fixture *f)
{
  g_autoptr (GOutputStream) accepted = NULL;
  g_autoptr (GOutputStream) refused = NULL;
  g_autoptr (GOutputStream) later = NULL;

  open_client (f);
  accepted = begin_content (f);
  x_close (f, accepted);
  g_assert_no_error (f->error);
  g_assert_nonnull (strstr (smtp_reply_get_text (smtp_client_get_last_reply (f->client)), "queued as 1"));

  smtp_test_server_script_reply_text (f->server, ".", "554 5.7.1 spam");
  refused = begin_content (f);
  x_write (f, refused, CONTENT, strlen (CONTENT));
  x_close (f, refused);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "554 5.7.1 spam");
  expect_state (f, SMTP_CLIENT_STATE_READY);

  smtp_test_server_script_reply_text (f->server, ".", "452 4.3.1 full");
  later = begin_content (f);
  x_close (f, later);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_TEMPORARY, "452 4.3.1 full");
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 1);
  begin_message (f);
}

/* ---- what must not -------------------------------------------------------- */

static void
test_dispose (Fixture *f)
{
  g_autoptr (GOutputStream) stream = NULL;

  open_client (f);
  stream = begin_content (f);
  x_write (f, stream, CONTENT, strlen (CONTENT));
  x_flush (f, stream);
  g_assert_no_error (f->error);
  g_clear_object (&stream);
  expect_no_message (f);
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
  x_noop (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN, "given up");
}

/* The stream keeps the client, so dropping both ends the same. */
static void
test_dispose_both (Fixture *f)
{
  GOutputStream *stream;

  open_client (f);
  stream = begin_content (f);
  x_write (f, stream, CONTENT, strlen (CONTENT));
  g_clear_object (&f->client);
  x_flush (f, stream);
  g_assert_no_error (f->error);
  g_object_unref (stream);
  expect_no_message (f);
}

/* A source that breaks off after a few octets. */
typedef struct
{
  GInputStream parent_instance;
  gboolean     read;
} FailingStream;

typedef GInputStreamClass FailingStreamClass;

static GType failing_stream_get_type (void);
G_DEFINE_FINAL_TYPE (FailingStream, failing_stream, G_TYPE_INPUT_STREAM)

static gssize
failing_stream_read (GInputStream *stream,
                     void         *buffer,
                     gsize         count,
                     GCancellable *cancellable,
                     GError      **error)
{
  FailingStream *self = (FailingStream *) stream;

  if (!self->read)
    {
      self->read = TRUE;
      memcpy (buffer, "half of it", 10);
      return 10;
    }

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the source is broken");
  return -1;
}

static void
failing_stream_class_init (FailingStreamClass *klass)
{
  klass->read_fn = failing_stream_read;
}

static void
failing_stream_init (FailingStream *self)
{
}

static void
fail_splice (Fixture                  *f,
             GOutputStreamSpliceFlags  flags)
{
  g_autoptr (GInputStream) source = g_object_new (failing_stream_get_type (), NULL);
  g_autoptr (GOutputStream) stream = NULL;

  open_client (f);
  stream = begin_content (f);
  g_assert_cmpint (x_splice (f, stream, source, flags), ==, -1);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the source is broken");
  x_write (f, stream, "more", 4);
  if (flags == 0)
    expect_error (f, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the source is broken");
  else
    expect_error (f, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  if (flags == 0)
    {
      x_close (f, stream);
      expect_error (f, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the source is broken");
    }
  expect_no_message (f);
}

static void
test_failing_splice (Fixture *f)
{
  fail_splice (f, 0);
}

static void
test_failing_splice_closes (Fixture *f)
{
  fail_splice (f, G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE | G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET);
}

static void
test_cancelled_close (Fixture *f)
{
  g_autoptr (GOutputStream) stream = NULL;

  open_client (f);
  stream = begin_content (f);
  x_write (f, stream, CONTENT, strlen (CONTENT));
  g_assert_no_error (f->error);
  f->cancellable = g_cancellable_new ();
  g_cancellable_cancel (f->cancellable);
  x_close (f, stream);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  g_clear_object (&stream);
  expect_no_message (f);
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
}

/* Nothing of the write left, but what follows it would be without it. */
static void
test_cancelled_write (Fixture *f)
{
  g_autoptr (GOutputStream) stream = NULL;

  open_client (f);
  stream = begin_content (f);
  f->cancellable = g_cancellable_new ();
  g_cancellable_cancel (f->cancellable);
  x_write (f, stream, CONTENT, strlen (CONTENT));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  g_clear_object (&f->cancellable);
  x_close (f, stream);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  expect_no_message (f);
}

/* All of it was written, but the caller was told of a cancellation, and may
 * hold back the rest. */
static void
test_cancelled_after_write (Fixture *f)
{
  g_autoptr (GOutputStream) stream = NULL;

  if (!f->async)
    {
      g_test_skip ("a synchronous write reports what it did");
      return;
    }

  open_client (f);
  stream = begin_content (f);
  f->cancellable = g_cancellable_new ();
  x_write (f, stream, CONTENT, strlen (CONTENT));
  g_assert_no_error (f->error);
  g_cancellable_cancel (f->cancellable);
  g_clear_object (&f->cancellable);
  x_close (f, stream);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  expect_no_message (f);
}

static void
test_close_client (Fixture *f)
{
  g_autoptr (GOutputStream) stream = NULL;

  open_client (f);
  stream = begin_content (f);
  x_write (f, stream, CONTENT, strlen (CONTENT));
  smtp_client_close (f->client);
  x_close (f, stream);
  g_assert_nonnull (f->error);
  g_clear_error (&f->error);
  expect_no_message (f);
}

/* ---- early replies -------------------------------------------------------- */

static void
refuse_early (Fixture        *f,
              const char     *reply,
              gboolean        stop_reading,
              SmtpClientError code)
{
  g_autoptr (GBytes) bytes = g_bytes_new (reply, strlen (reply));
  g_autofree char *body = make_body (LARGE);
  g_autoptr (GOutputStream) stream = NULL;
  gint64 start;

  g_object_set (f->server, "receive-buffer", 4096, NULL);
  open_client (f);
  smtp_test_server_script_early_reply (f->server, 10000, bytes, stop_reading);
  stream = begin_content (f);
  start = g_get_monotonic_time ();
  for (guint i = 0; i < 16 && f->error == NULL; i++)
    x_write (f, stream, body, LARGE);
  expect_error (f, SMTP_CLIENT_ERROR, code, NULL);

  /* At once, and not by the time-out, which is 6 s for a block. */
  g_assert_cmpint (g_get_monotonic_time () - start, <, 4 * G_USEC_PER_SEC);
  x_close (f, stream);
  expect_error (f, SMTP_CLIENT_ERROR, code, NULL);
  smtp_test_server_stop (f->server);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 0);
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
}

static void
test_early_552 (Fixture *f)
{
  refuse_early (f, "552 5.3.4 too big\r\n", FALSE, SMTP_CLIENT_ERROR_REFUSED_PERMANENT);
}

static void
test_early_552_stops_reading (Fixture *f)
{
  refuse_early (f, "552 5.3.4 too big\r\n", TRUE, SMTP_CLIENT_ERROR_REFUSED_PERMANENT);
}

static void
test_early_421 (Fixture *f)
{
  refuse_early (f, "421 4.3.2 shutting down\r\n", TRUE, SMTP_CLIENT_ERROR_SERVICE_CLOSED);
}

static void
test_early_250 (Fixture *f)
{
  refuse_early (f, "250 2.0.0 fine already\r\n", TRUE, SMTP_CLIENT_ERROR_PROTOCOL);
}

/* ---- the connection ends --------------------------------------------------- */

static void
test_lost_in_content (Fixture *f)
{
  g_autofree char *body = make_body (LARGE);
  g_autoptr (GOutputStream) stream = NULL;

  open_client (f);
  smtp_test_server_script_drop_in_content (f->server, 10000, TRUE);
  stream = begin_content (f);
  x_write (f, stream, body, LARGE);
  g_assert_nonnull (f->error);
  g_assert_cmpuint (f->error->domain, ==, G_IO_ERROR);
  g_clear_error (&f->error);
  expect_no_message (f);
}

/* The message was accepted, and nobody knows. */
static void
test_lost_after_dot (Fixture *f)
{
  g_autoptr (GOutputStream) stream = NULL;

  open_client (f);
  smtp_test_server_script_drop (f->server, ".", 0, TRUE);
  stream = begin_content (f);
  x_write (f, stream, CONTENT, strlen (CONTENT));
  x_close (f, stream);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN, "unknown");
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 1);
}

static void
test_garbage_after_dot (Fixture *f)
{
  g_autoptr (GOutputStream) stream = NULL;

  open_client (f);
  smtp_test_server_script_reply_text (f->server, ".", "what?");
  stream = begin_content (f);
  x_close (f, stream);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN, "what?");
}

/* 421 is a verdict. */
static void
test_421_after_dot (Fixture *f)
{
  g_autoptr (GOutputStream) stream = NULL;

  open_client (f);
  smtp_test_server_script_reply_text (f->server, ".", "421 4.3.2 shutting down");
  stream = begin_content (f);
  x_close (f, stream);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_SERVICE_CLOSED, "421 4.3.2");
}

static void
test_timeout_after_dot (Fixture *f)
{
  g_autoptr (GOutputStream) stream = NULL;

  open_client (f);
  smtp_test_server_script_silence (f->server, ".", 0);
  stream = begin_content (f);
  smtp_client_set_timeout (f->client, 1);
  x_close (f, stream);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN, "in time");
}

typedef struct
{
  SmtpTestServer *server;
  GCancellable   *cancellable;
  guint           n_commands;
} Canceller;

/* Cancels when the server has had the dot. */
static gpointer
cancel_after_content (gpointer data)
{
  Canceller *canceller = data;

  smtp_test_server_wait_for_messages (canceller->server, 1, 10000);
  g_cancellable_cancel (canceller->cancellable);
  return NULL;
}

static void
test_cancelled_after_dot (Fixture *f)
{
  g_autoptr (GOutputStream) stream = NULL;
  Canceller canceller;
  GThread *thread;

  open_client (f);
  smtp_test_server_script_delay (f->server, ".", 20000, 0);
  stream = begin_content (f);
  canceller.server = f->server;
  canceller.cancellable = f->cancellable = g_cancellable_new ();
  thread = g_thread_new ("canceller", cancel_after_content, &canceller);
  x_close (f, stream);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN, "cancelled");
  g_thread_join (thread);
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
}

/* The verdict came first: it stands, whatever happens before it is taken. */
static void
on_closed (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Fixture *f = user_data;

  g_cancellable_cancel (f->cancellable);
  g_output_stream_close_finish (G_OUTPUT_STREAM (source), result, &f->error);
  g_clear_object (&f->cancellable);
}

static void
test_cancelled_after_verdict (Fixture *f)
{
  g_autoptr (GOutputStream) stream = NULL;

  open_client (f);
  stream = begin_content (f);
  f->cancellable = g_cancellable_new ();
  g_output_stream_close_async (stream, G_PRIORITY_DEFAULT, f->cancellable, on_closed, f);
  while (f->cancellable != NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_no_error (f->error);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 1);
}

/* Before the dot it is a cancellation like any other. */
static gpointer
cancel_when_stuck (gpointer data)
{
  Canceller *canceller = data;

  while (smtp_test_server_get_bytes_received (canceller->server) < 10000)
    g_thread_yield ();
  g_cancellable_cancel (canceller->cancellable);
  return NULL;
}

static void
test_cancelled_before_dot (Fixture *f)
{
  g_autofree char *body = make_body (LARGE);
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  g_autoptr (GOutputStream) stream = NULL;
  Canceller canceller;
  GThread *thread;

  g_object_set (f->server, "receive-buffer", 4096, NULL);
  open_client (f);
  smtp_test_server_script_early_reply (f->server, 10000, nothing, TRUE);
  stream = begin_content (f);
  canceller.server = f->server;
  canceller.cancellable = f->cancellable = g_cancellable_new ();
  thread = g_thread_new ("canceller", cancel_when_stuck, &canceller);
  for (guint i = 0; i < 16 && f->error == NULL; i++)
    x_write (f, stream, body, LARGE);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  g_thread_join (thread);
  smtp_test_server_stop (f->server);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 0);
}

/* A server that takes nothing more is given up after a block's time. */
static void
test_timeout_in_content (Fixture *f)
{
  g_autofree char *body = make_body (LARGE);
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  g_autoptr (GOutputStream) stream = NULL;

  g_object_set (f->server, "receive-buffer", 4096, NULL);
  open_client (f);
  smtp_test_server_script_early_reply (f->server, 10000, nothing, TRUE);
  stream = begin_content (f);
  smtp_client_set_timeout (f->client, 1);
  for (guint i = 0; i < 16 && f->error == NULL; i++)
    x_write (f, stream, body, LARGE);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, NULL);
  smtp_test_server_stop (f->server);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_scenario ("/data/contents", test_contents);
  add_scenario ("/data/pieces", test_pieces);
  add_scenario ("/data/large", test_large);
  add_scenario ("/data/splice", test_splice);
  add_scenario ("/data/splice-and-close", test_splice_and_close);
  add_scenario ("/data/nonblocking", test_nonblocking);
  add_scenario ("/data/would-block", test_would_block);
  add_scenario ("/data/verdict", test_verdict);
  add_scenario ("/data/dispose", test_dispose);
  add_scenario ("/data/dispose-both", test_dispose_both);
  add_scenario ("/data/failing-splice", test_failing_splice);
  add_scenario ("/data/failing-splice-closes", test_failing_splice_closes);
  add_scenario ("/data/cancelled-close", test_cancelled_close);
  add_scenario ("/data/cancelled-write", test_cancelled_write);
  add_scenario ("/data/cancelled-after-write", test_cancelled_after_write);
  add_scenario ("/data/close-client", test_close_client);
  add_scenario ("/data/early-552", test_early_552);
  add_scenario ("/data/early-552-stops-reading", test_early_552_stops_reading);
  add_scenario ("/data/early-421", test_early_421);
  add_scenario ("/data/early-250", test_early_250);
  add_scenario ("/data/lost-in-content", test_lost_in_content);
  add_scenario ("/data/lost-after-dot", test_lost_after_dot);
  add_scenario ("/data/garbage-after-dot", test_garbage_after_dot);
  add_scenario ("/data/421-after-dot", test_421_after_dot);
  add_scenario ("/data/timeout-after-dot", test_timeout_after_dot);
  add_scenario ("/data/cancelled-after-dot", test_cancelled_after_dot);
  add_scenario ("/data/cancelled-after-verdict", test_cancelled_after_verdict);
  add_scenario ("/data/cancelled-before-dot", test_cancelled_before_dot);
  add_scenario ("/data/timeout-in-content", test_timeout_in_content);

  return g_test_run ();
}
