/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clients of a stream that somebody else made. */

#include "fixture.h"

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>

static GIOStream *
end_of_pair (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static void
talk (Fixture    *f,
      const char *content)
{
  g_autoptr (GOutputStream) stream = NULL;

  x_open (f);
  g_assert_no_error (f->error);
  g_assert_cmpuint (count_commands (f, "EHLO [127.0.0.1]"), ==, 1);
  stream = begin_content (f);
  x_write (f, stream, content, strlen (content));
  x_close (f, stream);
  g_assert_no_error (f->error);
  expect_content (f, 0, content);
  x_quit (f);
  g_assert_no_error (f->error);
}

static void
test_socket_pair (Fixture *f)
{
  g_autoptr (GIOStream) ours = NULL;
  g_autoptr (GIOStream) theirs = NULL;
  int fds[2];

  start_server (f);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  ours = end_of_pair (fds[0]);
  theirs = end_of_pair (fds[1]);
  smtp_test_server_accept_stream (f->server, theirs);
  f->client = smtp_client_new_for_stream (ours, "pair.example");
  g_assert_null (smtp_client_get_host (f->client));
  g_assert_true (smtp_client_get_stream (f->client) == ours);
  talk (f, CONTENT);
  g_assert_true (g_io_stream_is_closed (ours));
}

static void
test_tls_over_pair (Fixture *f)
{
  g_autoptr (GIOStream) ours = NULL;
  g_autoptr (GIOStream) theirs = NULL;
  int fds[2];

  g_object_set (f->server, "tls-mode", SMTP_TEST_TLS_STARTTLS, NULL);
  start_server (f);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  ours = end_of_pair (fds[0]);
  theirs = end_of_pair (fds[1]);
  smtp_test_server_accept_stream (f->server, theirs);
  f->client = smtp_client_new_for_stream (ours, "test.example");
  trust_server (f);
  x_open (f);
  g_assert_no_error (f->error);
  x_start_tls (f);
  g_assert_no_error (f->error);
  begin_message (f);
}

/* Two pipes: pollable, but no socket to wait for. */
static void
make_pipes (GIOStream **ours,
            GIOStream **theirs)
{
  g_autoptr (GInputStream) our_in = NULL;
  g_autoptr (GInputStream) their_in = NULL;
  g_autoptr (GOutputStream) our_out = NULL;
  g_autoptr (GOutputStream) their_out = NULL;
  int up[2], down[2];

  g_assert_true (g_unix_open_pipe (up, FD_CLOEXEC, NULL));
  g_assert_true (g_unix_open_pipe (down, FD_CLOEXEC, NULL));
  our_in = g_unix_input_stream_new (down[0], TRUE);
  our_out = g_unix_output_stream_new (up[1], TRUE);
  their_in = g_unix_input_stream_new (up[0], TRUE);
  their_out = g_unix_output_stream_new (down[1], TRUE);
  for (guint i = 0; i < 2; i++)
    {
      g_unix_set_fd_nonblocking (up[i], TRUE, NULL);
      g_unix_set_fd_nonblocking (down[i], TRUE, NULL);
    }
  *ours = g_simple_io_stream_new (our_in, our_out);
  *theirs = g_simple_io_stream_new (their_in, their_out);
}

static void
test_pipes (Fixture *f)
{
  g_autoptr (GIOStream) ours = NULL;
  g_autoptr (GIOStream) theirs = NULL;
  g_autofree char *content = g_strnfill (300 * 1000, 'x');

  /* More than a pipe holds, so that writing has to wait. */
  memcpy (content + strlen (content) - 2, "\r\n", 2);
  start_server (f);
  make_pipes (&ours, &theirs);
  smtp_test_server_accept_stream (f->server, theirs);
  f->client = smtp_client_new_for_stream (ours, "pipes.example");
  smtp_client_set_timeout (f->client, 10);
  talk (f, content);
}

static void
test_pipes_timeout (Fixture *f)
{
  g_autoptr (GIOStream) ours = NULL;
  g_autoptr (GIOStream) theirs = NULL;

  make_pipes (&ours, &theirs);
  f->client = smtp_client_new_for_stream (ours, "pipes.example");
  smtp_client_set_timeout (f->client, 1);
  x_open (f);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "pipes.example");
}

/* A stream of memory: what stands there before it is asked for is no answer,
 * so that nothing said in advance is ever taken for one. */
static void
test_memory (Fixture *f)
{
  static const char said[] = "220 hi\r\n250 hello\r\n";
  g_autoptr (GInputStream) in = g_memory_input_stream_new_from_data (said, strlen (said), NULL);
  g_autoptr (GOutputStream) out = g_memory_output_stream_new_resizable ();
  g_autoptr (GIOStream) stream = g_simple_io_stream_new (in, out);

  f->client = smtp_client_new_for_stream (stream, "memory.example");
  x_open (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL, "nobody asked for");
  g_assert_cmpuint (g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (out)), ==, 0);
}

/* The greeting, and then the end. */
static void
test_memory_end (Fixture *f)
{
  g_autoptr (GInputStream) in = g_memory_input_stream_new_from_data ("220 hi\r\n", 8, NULL);
  g_autoptr (GOutputStream) out = g_memory_output_stream_new_resizable ();
  g_autoptr (GIOStream) stream = g_simple_io_stream_new (in, out);

  f->client = smtp_client_new_for_stream (stream, "memory.example");
  x_open (f);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "memory.example");
  g_assert_cmpmem (g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (out)),
                   g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (out)),
                   "EHLO [127.0.0.1]\r\n", strlen ("EHLO [127.0.0.1]\r\n"));
}

/* A stream that cannot be polled is refused before anything is written. */
static void
test_unpollable (Fixture *f)
{
  g_autoptr (GInputStream) memory = g_memory_input_stream_new ();
  g_autoptr (GInputStream) in = g_buffered_input_stream_new (memory);
  g_autoptr (GOutputStream) sink = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) out = g_buffered_output_stream_new (sink);
  g_autoptr (GIOStream) stream = g_simple_io_stream_new (in, out);

  f->client = smtp_client_new_for_stream (stream, "buffered.example");
  x_open (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED, "polled");
  g_assert_cmpuint (g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (sink)), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_scenario ("/stream/socket-pair", test_socket_pair);
  add_scenario ("/stream/tls-over-pair", test_tls_over_pair);
  add_scenario ("/stream/pipes", test_pipes);
  add_scenario ("/stream/pipes-timeout", test_pipes_timeout);
  add_scenario ("/stream/memory", test_memory);
  add_scenario ("/stream/memory-end", test_memory_end);
  add_scenario ("/stream/unpollable", test_unpollable);

  return g_test_run ();
}
