/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Servers and networks as they should not be. */

#include "fixture.h"

#include <string.h>
#include <sys/socket.h>

/* Runs the session up to the command, whose answer is to be bad. */
static void
run_to (Fixture    *f,
        const char *verb)
{
  new_client (f, SMTP_SECURITY_NONE);
  x_open (f);
  if (f->error != NULL || g_str_equal (verb, "GREETING") || g_str_equal (verb, "EHLO"))
    return;
  x_mail (f, "sender@example.org", NULL);
  if (f->error != NULL || g_str_equal (verb, "MAIL"))
    return;
  x_rcpt (f, "recipient@example.net", NULL);
  if (f->error != NULL || g_str_equal (verb, "RCPT"))
    return;
  g_assert_null (x_data (f));
}

static const char * const verbs[] = { "GREETING", "EHLO", "MAIL", "RCPT", "DATA" };

static void
test_drop (Fixture *f)
{
  start_server (f);
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      smtp_test_server_script_drop (f->server, verbs[i], 0, FALSE);
      run_to (f, verbs[i]);
      expect_error (f, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "127.0.0.1");
      expect_state (f, SMTP_CLIENT_STATE_BROKEN);
    }
}

static void
test_split (Fixture *f)
{
  g_autoptr (GOutputStream) stream = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    smtp_test_server_script_split (f->server, verbs[i], 0);
  smtp_test_server_script_split (f->server, ".", 0);
  smtp_test_server_script_split (f->server, "QUIT", 0);
  open_client (f);
  stream = begin_content (f);
  x_close (f, stream);
  x_quit (f);
  g_assert_no_error (f->error);
}

static void
test_closed_421 (Fixture *f)
{
  start_server (f);
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      smtp_test_server_script_reply_text (f->server, verbs[i], "421 4.3.2 shutting down");
      run_to (f, verbs[i]);
      expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_SERVICE_CLOSED, "421 4.3.2 shutting down");
      expect_state (f, SMTP_CLIENT_STATE_BROKEN);
    }
}

static const char * const malformed[] = {
  "hello", "25", "250_x", "999 no", "150 no", "250-one\r\n251 two", "\r\n", "2 50 x", "-250 x",
};

static void
test_malformed (Fixture *f)
{
  start_server (f);
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    for (guint j = 0; j < G_N_ELEMENTS (malformed); j++)
      {
        smtp_test_server_script_reply_text (f->server, verbs[i], malformed[j]);
        run_to (f, verbs[i]);
        expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL, "127.0.0.1");
        expect_state (f, SMTP_CLIENT_STATE_BROKEN);
      }
}

/* A yes where only a 3yz fits, and the reverse. */
static void
test_unfit (Fixture *f)
{
  start_server (f);
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      gboolean data = g_str_equal (verbs[i], "DATA");

      smtp_test_server_script_reply_text (f->server, verbs[i], data ? "250 2.0.0 fine" : "354 go on");
      run_to (f, verbs[i]);
      expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL, data ? "250 2.0.0 fine" : "354 go on");
    }
}

static void
flood (Fixture      *f,
       SmtpTestFlood kind)
{
  start_server (f);
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      smtp_test_server_script_flood (f->server, verbs[i], kind);
      run_to (f, verbs[i]);
      expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL, "more than");
    }
}

static void
test_endless_line (Fixture *f)
{
  flood (f, SMTP_TEST_FLOOD_LINE);
}

static void
test_endless_lines (Fixture *f)
{
  flood (f, SMTP_TEST_FLOOD_LINES);
}

/* Octets that would abort a Python program, move a cursor, reorder text. */
static void
test_dirty_reply (Fixture *f)
{
  static const char reply[] = "550-\377\376 \303\050 ok\r\n550 \033[2J\000bell\007 \302\205 \342\200\256 end\177\r\n";
  g_autoptr (GBytes) bytes = g_bytes_new_static (reply, sizeof reply - 1);
  const char *text;

  open_client (f);
  smtp_test_server_script_reply (f->server, "NOOP", bytes, 0);
  x_noop (f);
  text = smtp_reply_get_text (smtp_client_get_last_reply (f->client));
  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    g_assert_true (*p == '\n' || !g_unichar_iscntrl (g_utf8_get_char (p)));
  g_assert_null (strstr (text, "\342\200\256"));
  g_assert_true (g_utf8_validate (f->transcript->str, -1, NULL));
  g_assert_cmpuint (g_strv_length ((char **) smtp_reply_get_lines (smtp_client_get_last_reply (f->client))), ==, 2);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "[2J");
}

static void
test_timeout (Fixture *f)
{
  start_server (f);
  smtp_test_server_script_silence (f->server, "NOOP", 0);
  new_client (f, SMTP_SECURITY_NONE);
  smtp_client_set_timeout (f->client, 1);
  x_open (f);
  g_assert_no_error (f->error);
  x_noop (f);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "127.0.0.1");
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
  x_noop (f);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN, "in time");
}

static void
test_greeting_never_comes (Fixture *f)
{
  smtp_test_server_script_silence (f->server, "GREETING", 0);
  start_server (f);
  new_client (f, SMTP_SECURITY_NONE);
  smtp_client_set_timeout (f->client, 1);
  x_open (f);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "127.0.0.1");
}

/* An octet now and then does not extend the time for a reply. */
static gpointer
trickle (gpointer data)
{
  GIOStream *stream = data;
  GOutputStream *out = g_io_stream_get_output_stream (stream);
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  GMutex mutex;
  GCond never;

  g_mutex_init (&mutex);
  g_cond_init (&never);
  g_mutex_lock (&mutex);
  while (g_get_monotonic_time () < end && g_output_stream_write (out, "2", 1, NULL, NULL) == 1)
    g_cond_wait_until (&never, &mutex, g_get_monotonic_time () + 100 * 1000);
  g_mutex_unlock (&mutex);
  g_cond_clear (&never);
  g_mutex_clear (&mutex);
  return NULL;
}

static GIOStream *
end_of_pair (int fd)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, NULL);

  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static void
test_trickle (Fixture *f)
{
  g_autoptr (GIOStream) ours = NULL;
  g_autoptr (GIOStream) theirs = NULL;
  GThread *thread;
  gint64 start;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  ours = end_of_pair (fds[0]);
  theirs = end_of_pair (fds[1]);
  thread = g_thread_new ("trickle", trickle, theirs);
  f->client = smtp_client_new_for_stream (ours, "slow.example");
  smtp_client_set_timeout (f->client, 1);
  start = g_get_monotonic_time ();
  x_open (f);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "slow.example");
  g_assert_cmpint (g_get_monotonic_time () - start, <, 5 * G_USEC_PER_SEC);
  g_clear_object (&f->client);
  g_clear_object (&ours);
  g_thread_join (thread);
}

/* A delayed answer within the time is an answer. */
static void
test_delay (Fixture *f)
{
  open_client (f);
  smtp_test_server_script_delay (f->server, "NOOP", 200, 0);
  x_noop (f);
  g_assert_no_error (f->error);
}

/* ---- cancellation ---------------------------------------------------------- */

static gpointer
cancel_at_command (gpointer data)
{
  Fixture *f = data;

  while (count_commands (f, "NOOP") == 0)
    g_thread_yield ();
  g_cancellable_cancel (f->cancellable);
  return NULL;
}

static void
test_cancel (Fixture *f)
{
  GThread *thread;

  open_client (f);
  smtp_test_server_script_silence (f->server, "NOOP", 0);
  f->cancellable = g_cancellable_new ();
  thread = g_thread_new ("canceller", cancel_at_command, f);
  x_noop (f);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  g_thread_join (thread);
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
  g_assert_true (smtp_test_server_wait_for_closed (f->server, 1, 10000));
}

/* Cancelled before it began: nothing was written, and all is as it was. */
static void
test_cancelled_before (Fixture *f)
{
  guint64 before;

  open_client (f);
  before = smtp_test_server_get_bytes_received (f->server);
  f->cancellable = g_cancellable_new ();
  g_cancellable_cancel (f->cancellable);
  x_noop (f);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  expect_state (f, SMTP_CLIENT_STATE_READY);
  g_clear_object (&f->cancellable);
  x_noop (f);
  g_assert_no_error (f->error);
  g_assert_cmpuint (smtp_test_server_get_bytes_received (f->server), ==, before + strlen ("NOOP\r\n"));
}

static gpointer
cancel_at_session (gpointer data)
{
  Fixture *f = data;

  while (smtp_test_server_get_session_count (f->server) == 0)
    g_thread_yield ();
  g_cancellable_cancel (f->cancellable);
  return NULL;
}

static void
test_cancel_open (Fixture *f)
{
  GThread *thread;

  smtp_test_server_script_silence (f->server, "GREETING", 0);
  start_server (f);
  new_client (f, SMTP_SECURITY_NONE);
  f->cancellable = g_cancellable_new ();
  thread = g_thread_new ("canceller", cancel_at_session, f);
  x_open (f);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  g_thread_join (thread);
}

/* ---- no server -------------------------------------------------------------- */

static void
test_nobody_listens (Fixture *f)
{
  start_server (f);
  new_client (f, SMTP_SECURITY_NONE);
  smtp_test_server_stop (f->server);
  x_open (f);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "127.0.0.1");
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
}

static void
test_no_such_host (Fixture *f)
{
  f->client = smtp_client_new ("no-such-host.invalid", 25, SMTP_SECURITY_NONE);
  x_open (f);
  g_assert_nonnull (f->error);
  g_assert_true (f->error->domain == G_RESOLVER_ERROR);
  g_assert_nonnull (strstr (f->error->message, "no-such-host.invalid"));
  g_clear_error (&f->error);
}

/* The server goes while nothing is asked of it. */
static void
test_idle_end (Fixture *f)
{
  open_client (f);
  smtp_test_server_stop (f->server);
  x_noop (f);

  /* It says 421 first, unless it was stopped between two steps. */
  g_assert_true (g_error_matches (f->error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_SERVICE_CLOSED) ||
                 (f->error != NULL && f->error->domain == G_IO_ERROR));
  g_clear_error (&f->error);
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
}

static void
test_quit_without_answer (Fixture *f)
{
  open_client (f);
  smtp_test_server_script_drop (f->server, "QUIT", 0, FALSE);
  x_quit (f);
  g_assert_no_error (f->error);
  expect_state (f, SMTP_CLIENT_STATE_CLOSED);
}

/* Nothing depends on the answer, so it is not waited for as for others. */
static void
test_silent_quit (Fixture *f)
{
  gint64 begun;

  open_client (f);
  smtp_client_set_timeout (f->client, 0);
  smtp_test_server_script_silence (f->server, "QUIT", 0);
  begun = g_get_monotonic_time ();
  x_quit (f);
  g_assert_no_error (f->error);
  g_assert_cmpint (g_get_monotonic_time () - begun, >, G_TIME_SPAN_SECOND);
  expect_state (f, SMTP_CLIENT_STATE_CLOSED);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_scenario ("/faults/drop", test_drop);
  add_scenario ("/faults/split", test_split);
  add_scenario ("/faults/421", test_closed_421);
  add_scenario ("/faults/malformed", test_malformed);
  add_scenario ("/faults/unfit", test_unfit);
  add_scenario ("/faults/endless-line", test_endless_line);
  add_scenario ("/faults/endless-lines", test_endless_lines);
  add_scenario ("/faults/dirty-reply", test_dirty_reply);
  add_scenario ("/faults/timeout", test_timeout);
  add_scenario ("/faults/greeting-never-comes", test_greeting_never_comes);
  add_scenario ("/faults/trickle", test_trickle);
  add_scenario ("/faults/delay", test_delay);
  add_scenario ("/faults/cancel", test_cancel);
  add_scenario ("/faults/cancelled-before", test_cancelled_before);
  add_scenario ("/faults/cancel-open", test_cancel_open);
  add_scenario ("/faults/nobody-listens", test_nobody_listens);
  add_scenario ("/faults/no-such-host", test_no_such_host);
  add_scenario ("/faults/idle-end", test_idle_end);
  add_scenario ("/faults/quit-without-answer", test_quit_without_answer);
  add_scenario ("/faults/silent-quit", test_silent_quit);

  return g_test_run ();
}
