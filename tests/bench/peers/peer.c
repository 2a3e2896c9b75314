/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "peer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

void
peer_fail (const char *what,
           const char *why)
{
  fprintf (stderr, "%s: %s\n", what, why);
  exit (1);
}

/* What is no failure of the library's, but beyond it. */
void
peer_cannot (const char *why)
{
  fprintf (stderr, "%s\n", why);
  exit (77);
}

static void *
allocate (size_t n,
          size_t size)
{
  void *memory = calloc (n, size);

  if (memory == NULL)
    peer_fail ("calloc", strerror (errno));
  return memory;
}

/* ---- the message's file --------------------------------------------------- */

FILE *
peer_open (const char *path)
{
  FILE *file = fopen (path, "rb");

  if (file == NULL)
    peer_fail (path, strerror (errno));
  return file;
}

/* With a NUL behind it that is not counted. */
char *
peer_load (const char *path,
           size_t     *length)
{
  FILE *file = peer_open (path);
  char *content;
  long end;

  if (fseek (file, 0, SEEK_END) < 0 || (end = ftell (file)) < 0)
    peer_fail (path, strerror (errno));
  rewind (file);
  *length = (size_t) end;
  content = allocate (*length + 1, 1);
  if (fread (content, 1, *length, file) != *length)
    peer_fail (path, "cannot be read");
  fclose (file);
  return content;
}

/* The last line's end may be missing. */
static bool
is_canonical (const char *path)
{
  FILE *file = peer_open (path);
  bool canonical = true;
  int last = 0;
  int c;

  for (; canonical && (c = getc_unlocked (file)) != EOF; last = c)
    canonical = (last == '\r') == (c == '\n');

  fclose (file);
  return canonical && last != '\r';
}

/* ---- options -------------------------------------------------------------- */

static const char *
get (char      **argv,
     const char *key,
     const char *fallback)
{
  size_t length = strlen (key);

  for (; *argv != NULL; argv++)
    {
      if (strncmp (*argv, key, length) == 0 && (*argv)[length] == '=')
        return *argv + length + 1;
    }

  return fallback;
}

static unsigned
get_number (char      **argv,
            const char *key,
            unsigned    least)
{
  unsigned number = (unsigned) strtoul (get (argv, key, "0"), NULL, 10);

  return number > least ? number : least;
}

static PeerTls
get_tls (char **argv)
{
  const char *tls = get (argv, "tls", "none");

  if (strcmp (tls, "starttls") == 0)
    return PEER_TLS_STARTTLS;

  return strcmp (tls, "implicit") == 0 ? PEER_TLS_IMPLICIT : PEER_TLS_NONE;
}

static void
make_addresses (Peer *peer)
{
  peer->addresses = allocate (peer->rcpts, sizeof *peer->addresses);
  for (unsigned i = 0; i < peer->rcpts; i++)
    {
      if (asprintf (&peer->addresses[i], "user%u@example.net", i) < 0)
        peer_fail ("asprintf", strerror (errno));
    }
}

static void
make_content (Peer *peer)
{
  static char content[] = "Subject: bench\r\n\r\nx\r\n";

  if (peer->path == NULL)
    {
      peer->stream = false;
      peer->canonical = true;
      peer->content = content;
      peer->length = strlen (content);
      return;
    }

  peer->canonical = is_canonical (peer->path);
  if (!peer->stream)
    peer->content = peer_load (peer->path, &peer->length);
}

static void
peer_clear (Peer *peer)
{
  for (unsigned i = 0; i < peer->rcpts; i++)
    free (peer->addresses[i]);
  free (peer->addresses);
  if (peer->path != NULL)
    free (peer->content);
}

static void
read_options (char **argv,
              Peer  *peer)
{
  peer->host = get (argv, "host", "127.0.0.1");
  peer->port = get (argv, "port", "25");
  peer->n = get_number (argv, "n", 1);
  peer->rcpts = get_number (argv, "rcpts", 1);
  peer->conns = get_number (argv, "conns", 1);
  peer->fresh = strcmp (get (argv, "mode", "reuse"), "fresh") == 0;
  peer->tls = get_tls (argv);
  peer->ca = get (argv, "ca", NULL);
  peer->path = get (argv, "msg", NULL);
  peer->stream = get_number (argv, "stream", 0) != 0;
}

/* ---- connections ---------------------------------------------------------- */

typedef struct
{
  const Peer *peer;
  PeerShare   share;
  unsigned    n;
} Thread;

static void *
thread_run (void *data)
{
  const Thread *thread = data;

  if (thread->n > 0)
    thread->share (thread->peer, thread->n);
  return NULL;
}

/* For libraries that block: a thread for each connection. */
void
peer_threads (const Peer *peer,
              PeerShare   share)
{
  Thread *threads = allocate (peer->conns, sizeof *threads);
  pthread_t *ids = allocate (peer->conns, sizeof *ids);

  for (unsigned i = 0; i < peer->conns; i++)
    threads[i] = (Thread) { peer, share, peer->n / peer->conns + (i < peer->n % peer->conns) };
  for (unsigned i = 1; i < peer->conns; i++)
    {
      if (pthread_create (&ids[i], NULL, thread_run, &threads[i]) != 0)
        peer_fail ("pthread_create", "no thread");
    }
  thread_run (&threads[0]);
  for (unsigned i = 1; i < peer->conns; i++)
    pthread_join (ids[i], NULL);
  free (ids);
  free (threads);
}

/* ---- what it took --------------------------------------------------------- */

static double
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static double
seconds (struct timeval time)
{
  return (double) time.tv_sec + (double) time.tv_usec / 1e6;
}

/* check says beforehand what the library cannot do, and may be NULL. */
int
peer_main (char  **argv,
           void (* check) (const Peer *peer),
           void (* run)   (const Peer *peer))
{
  Peer peer = { 0 };
  struct rusage before, after;
  double begun, ended;

  read_options (argv + 1, &peer);
  make_addresses (&peer);
  make_content (&peer);
  if (check != NULL)
    check (&peer);

  getrusage (RUSAGE_SELF, &before);
  begun = now ();
  run (&peer);
  ended = now ();
  getrusage (RUSAGE_SELF, &after);

  printf ("RESULT wall=%.6f user=%.6f sys=%.6f sent=%u\n", ended - begun,
          seconds (after.ru_utime) - seconds (before.ru_utime),
          seconds (after.ru_stime) - seconds (before.ru_stime), peer.n);
  peer_clear (&peer);
  return 0;
}
