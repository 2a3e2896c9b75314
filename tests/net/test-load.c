/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What takes long, or often: the main loop stays alive, nothing is left over. */

#include "fixture.h"

#include <malloc.h>
#include <string.h>

/* ---- a large body over TLS -------------------------------------------------- */

#define BODY (100 * 1024 * 1024)
#define PIECE (1024 * 1024)
#define DISPATCH (256 * 1024)

typedef struct
{
  guint  n;
  gint64 last;
  gint64 longest; /* between two ticks, in microseconds */
} Ticks;

static gboolean
on_tick (gpointer user_data)
{
  Ticks *ticks = user_data;
  gint64 now = g_get_monotonic_time ();

  ticks->n++;
  ticks->longest = MAX (ticks->longest, now - ticks->last);
  ticks->last = now;
  return G_SOURCE_CONTINUE;
}

/* A timer of 1 ms beside an upload of 100 MiB. An asynchronous upload lets it
 * fire all along; the synchronous one is the control, which must not let it
 * fire at all: no main loop runs behind the caller's back. */
static void
test_responsive (Fixture *f)
{
  g_autofree char *piece = g_strnfill (PIECE, 'x');
  g_autoptr (GOutputStream) stream = NULL;
  g_autoptr (SmtpTestMessage) message = NULL;
  Ticks ticks = { 0 };
  gint64 start, elapsed;
  guint timer;

  for (gsize i = 78; i + 1 < PIECE; i += 80)
    memcpy (piece + i, "\r\n", 2);
  memcpy (piece + PIECE - 2, "\r\n", 2);
  g_object_set (f->server, "tls-mode", SMTP_TEST_TLS_STARTTLS, "keep-content", FALSE, NULL);
  start_server (f);
  new_client (f, SMTP_SECURITY_STARTTLS);
  trust_server (f);
  x_open (f);
  stream = begin_content (f);

  timer = g_timeout_add (1, on_tick, &ticks);
  start = ticks.last = g_get_monotonic_time ();
  for (guint i = 0; i < BODY / PIECE; i++)
    x_write (f, stream, piece, PIECE);
  x_close (f, stream);
  g_assert_no_error (f->error);
  elapsed = g_get_monotonic_time () - start;
  g_source_remove (timer);

  message = smtp_test_server_get_message (f->server, 0);
  g_assert_cmpuint (smtp_test_message_get_size (message), ==, BODY);
  g_test_message ("%u ticks in %" G_GINT64_FORMAT " ms, longest gap %" G_GINT64_FORMAT " µs",
                  ticks.n, elapsed / 1000, ticks.longest);
  if (!f->async)
    {
      g_assert_cmpuint (ticks.n, ==, 0);
      return;
    }

  /* A dispatch moves 256 KiB, and behind each the timer has its turn: however
   * slow the machine, half of the dispatches must be followed by a tick. On a
   * fast one they are shorter than the timer, and a quarter of its time is
   * what must have fired. */
  g_assert_cmpuint (ticks.n, >, MIN (elapsed / 1000 / 4, BODY / DISPATCH / 2));
}

/* ---- many sessions ------------------------------------------------------------ */

#define SESSIONS 10000
#define WARM_UP   1000

static guint
count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

static void
run_session (Fixture *f)
{
  g_autoptr (GOutputStream) stream = NULL;

  new_client (f, SMTP_SECURITY_NONE);
  x_open (f);
  stream = begin_content (f);
  x_write (f, stream, CONTENT, strlen (CONTENT));
  x_close (f, stream);
  x_quit (f);
  g_assert_no_error (f->error);
  g_string_truncate (f->transcript, 0);
}

/* What is allocated, in this thread's arena and the others. */
static gsize
count_memory (Fixture *f,
              guint    n_sessions)
{
  g_assert_true (smtp_test_server_wait_for_closed (f->server, n_sessions, 10000));
  smtp_test_server_clear_messages (f->server);
  smtp_test_server_clear_commands (f->server);
  malloc_trim (0);
  return mallinfo2 ().uordblks;
}

static void
test_sessions (Fixture *f)
{
  const guint n = SESSIONS;
  gsize memory, before = 0;
  guint descriptors = 0;

  start_server (f);
  for (guint i = 0; i < n; i++)
    {
      run_session (f);
      if (i + 1 == WARM_UP)
        {
          before = count_memory (f, i + 1);
          descriptors = count_descriptors ();
        }
      else if ((i + 1) % WARM_UP == 0)
        count_memory (f, i + 1);
    }

  memory = count_memory (f, n);
  g_test_message ("%" G_GSIZE_FORMAT " octets after %u sessions, %" G_GSIZE_FORMAT " after %u",
                  before, WARM_UP, memory, n);
  g_assert_cmpuint (count_descriptors (), <=, descriptors);
  /* What malloc counts moves a little with how threads share it. A reply left
   * behind by each session would be twice this, a client fifty times. */
  g_assert_cmpuint (memory, <, before + (n - WARM_UP) * 64);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_scenario ("/load/responsive", test_responsive);
  add_scenario ("/load/sessions", test_sessions);

  return g_test_run ();
}
