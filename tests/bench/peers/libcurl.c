/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libcurl: an easy handle that is used again for each message; more connections
 * than one through the multi interface, a handle for each. */

#include "peer.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

typedef struct
{
  const Peer        *peer;
  CURL              *easy;
  struct curl_slist *recipients;
  char              *url;
  FILE              *file;    /* NULL: the content is in memory */
  size_t             offset;
} Line;

static void
expect_ok (CURLcode code)
{
  if (code != CURLE_OK)
    peer_fail ("libcurl", curl_easy_strerror (code));
}

static void
expect_multi_ok (CURLMcode code)
{
  if (code != CURLM_OK)
    peer_fail ("libcurl", curl_multi_strerror (code));
}

/* ---- a handle ------------------------------------------------------------- */

static size_t
read_content (char  *buffer,
              size_t size,
              size_t count,
              void  *data)
{
  Line *line = data;
  size_t left = line->peer->length - line->offset;
  size_t n = size * count < left ? size * count : left;

  memcpy (buffer, line->peer->content + line->offset, n);
  line->offset += n;
  return n;
}

static void
set_content (Line *line)
{
  const Peer *peer = line->peer;
  long length = (long) peer->length;

  if (peer->stream)
    {
      line->file = peer_open (peer->path);
      fseek (line->file, 0, SEEK_END);
      length = ftell (line->file);
      curl_easy_setopt (line->easy, CURLOPT_READDATA, line->file);
    }
  else
    {
      curl_easy_setopt (line->easy, CURLOPT_READFUNCTION, read_content);
      curl_easy_setopt (line->easy, CURLOPT_READDATA, line);
    }

  curl_easy_setopt (line->easy, CURLOPT_UPLOAD, 1L);
  /* What CURLOPT_CRLF adds is not known beforehand. */
  if (peer->canonical)
    curl_easy_setopt (line->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t) length);
  else
    curl_easy_setopt (line->easy, CURLOPT_CRLF, 1L);
}

static void
set_server (Line *line)
{
  const Peer *peer = line->peer;
  bool implicit = peer->tls == PEER_TLS_IMPLICIT;

  if (asprintf (&line->url, "%s://%s:%s", implicit ? "smtps" : "smtp", peer->host, peer->port) < 0)
    peer_fail ("asprintf", "no memory");
  expect_ok (curl_easy_setopt (line->easy, CURLOPT_URL, line->url));
  if (peer->tls == PEER_TLS_STARTTLS)
    expect_ok (curl_easy_setopt (line->easy, CURLOPT_USE_SSL, (long) CURLUSESSL_ALL));
  if (peer->ca != NULL)
    {
      expect_ok (curl_easy_setopt (line->easy, CURLOPT_CAINFO, peer->ca));
      expect_ok (curl_easy_setopt (line->easy, CURLOPT_CAPATH, NULL));
    }
  if (peer->fresh)
    expect_ok (curl_easy_setopt (line->easy, CURLOPT_FORBID_REUSE, 1L));
}

static void
line_init (Line       *line,
           const Peer *peer)
{
  *line = (Line) { .peer = peer, .easy = curl_easy_init () };
  for (unsigned i = 0; i < peer->rcpts; i++)
    line->recipients = curl_slist_append (line->recipients, peer->addresses[i]);
  if (line->easy == NULL || line->recipients == NULL)
    peer_fail ("libcurl", "no memory");

  set_server (line);
  set_content (line);
  curl_easy_setopt (line->easy, CURLOPT_PRIVATE, line);
  curl_easy_setopt (line->easy, CURLOPT_NOSIGNAL, 1L);
  expect_ok (curl_easy_setopt (line->easy, CURLOPT_MAIL_FROM, PEER_SENDER));
  expect_ok (curl_easy_setopt (line->easy, CURLOPT_MAIL_RCPT, line->recipients));
}

static void
line_rewind (Line *line)
{
  line->offset = 0;
  if (line->file != NULL)
    rewind (line->file);
}

static void
line_clear (Line *line)
{
  curl_easy_cleanup (line->easy);
  curl_slist_free_all (line->recipients);
  free (line->url);
  if (line->file != NULL)
    fclose (line->file);
}

/* ---- one connection ------------------------------------------------------- */

static void
run_easy (const Peer *peer)
{
  Line line;

  line_init (&line, peer);
  for (unsigned i = 0; i < peer->n; i++)
    {
      line_rewind (&line);
      expect_ok (curl_easy_perform (line.easy));
    }
  line_clear (&line);
}

/* ---- many ----------------------------------------------------------------- */

static void
multi_send (CURLM *multi,
            Line  *line)
{
  line_rewind (line);
  expect_multi_ok (curl_multi_add_handle (multi, line->easy));
}

/* Returns how many messages are sent, and begins as many of those left. */
static unsigned
multi_reap (CURLM    *multi,
            unsigned *left)
{
  unsigned done = 0;
  CURLMsg *message;
  int others;

  while ((message = curl_multi_info_read (multi, &others)) != NULL)
    {
      Line *line;

      expect_ok (message->data.result);
      curl_easy_getinfo (message->easy_handle, CURLINFO_PRIVATE, (char **) &line);
      expect_multi_ok (curl_multi_remove_handle (multi, line->easy));
      done++;
      if (*left > 0)
        {
          (*left)--;
          multi_send (multi, line);
        }
    }

  return done;
}

static void
multi_run (CURLM   *multi,
           unsigned unsent,
           unsigned left)
{
  while (unsent > 0)
    {
      unsigned done;
      int running;

      expect_multi_ok (curl_multi_perform (multi, &running));
      done = multi_reap (multi, &left);
      unsent -= done;
      if (unsent > 0 && done == 0)
        expect_multi_ok (curl_multi_poll (multi, NULL, 0, 1000, NULL));
    }
}

static void
run_multi (const Peer *peer)
{
  unsigned conns = peer->conns < peer->n ? peer->conns : peer->n;
  Line *lines = calloc (conns, sizeof *lines);
  CURLM *multi = curl_multi_init ();

  if (lines == NULL || multi == NULL)
    peer_fail ("libcurl", "no memory");
  for (unsigned i = 0; i < conns; i++)
    {
      line_init (&lines[i], peer);
      multi_send (multi, &lines[i]);
    }
  multi_run (multi, peer->n, peer->n - conns);
  for (unsigned i = 0; i < conns; i++)
    line_clear (&lines[i]);
  curl_multi_cleanup (multi);
  free (lines);
}

static void
run (const Peer *peer)
{
  if (peer->conns > 1)
    run_multi (peer);
  else
    run_easy (peer);
}

int
main (int    argc,
      char **argv)
{
  curl_global_init (CURL_GLOBAL_DEFAULT);
  return peer_main (argv, NULL, run);
}
