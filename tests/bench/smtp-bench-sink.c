/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server that throws every message away, as fast as it can, and counts.
 * Arguments are "key=value"; unknown keys are ignored:
 *
 *   extensions=chunking|pipelining|none   chunking: PIPELINING too
 *   tls=none|starttls|implicit            a certificate of its own …
 *   ca=FILE                               … which it writes there
 *   delay=MS                              between a command and its reply
 *   cpu=N                                 to run on that one alone
 *
 * It prints its port. For each line on its standard input it prints what it
 * saw since the last one; at the end of that it ends.
 *
 * A thread per connection. What is measured are clients, so this one only has
 * to be quicker than any of them, and to answer as late as it can: all the
 * replies to what one read brought go out in one write. */

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "arguments.h"
#include "link.h"
#include "smtp-test-certificate.h"

#define BUFFER (256 * 1024)

/* A client that leaves the server without work for longer than this within a
 * message is stalled. */
#define STALL (G_TIME_SPAN_MILLISECOND * 5)

static const char *extensions;
static gboolean offer_tls, implicit_tls;
static gint64 delay; /* µs */
static gnutls_certificate_credentials_t credentials;

/* ---- what was seen -------------------------------------------------------- */

typedef struct
{
  guint   connections;
  guint   messages;
  guint   trips;   /* writes of replies, from the first MAIL to the last verdict */
  guint   stalls;
  guint64 octets;
} Totals;

static GMutex lock;
static Totals totals;

/* And begins anew. */
static void
add_to_totals (Totals *seen)
{
  g_mutex_lock (&lock);
  totals.connections += seen->connections;
  totals.messages += seen->messages;
  totals.trips += seen->trips;
  totals.stalls += seen->stalls;
  totals.octets += seen->octets;
  g_mutex_unlock (&lock);
  *seen = (Totals) { 0 };
}

static void
print_totals (void)
{
  g_mutex_lock (&lock);
  printf ("SEEN connections=%u messages=%u trips=%u stalls=%u octets=%" G_GUINT64_FORMAT "\n",
          totals.connections, totals.messages, totals.trips, totals.stalls, totals.octets);
  totals = (Totals) { 0 };
  g_mutex_unlock (&lock);
  fflush (stdout);
}

/* ---- a connection --------------------------------------------------------- */

typedef enum
{
  STATE_COMMAND,
  STATE_CHUNK,
  STATE_CONTENT,
  STATE_OVER,
} State;

typedef struct
{
  Link     link;
  State    state;
  char     buffer[BUFFER];
  gsize    length;
  guint64  left;         /* of a chunk */
  gboolean last_chunk;
  gboolean in_message;   /* from MAIL to the verdict */
  gboolean answers_mail; /* some of the replies are to a message's commands */
  gboolean start_tls;    /* after the replies */
  GString *replies;
  GQueue   late;         /* of Late, with a delay */
  Totals   seen;
} Session;

typedef struct
{
  gint64  due;
  GBytes *replies;
} Late;

static void
answer (Session    *self,
        const char *reply)
{
  g_string_append (self->replies, reply);
  g_string_append (self->replies, "\r\n");
}

static void
give_verdict (Session *self)
{
  self->state = STATE_COMMAND;
  self->in_message = FALSE;
  self->answers_mail = TRUE;
  self->seen.messages++;
  answer (self, "250 2.0.0 Ok: queued as 1A2B3C4D5E");
}

static void
answer_hello (Session *self)
{
  answer (self, "250-localhost");
  g_string_append (self->replies, extensions);
  if (offer_tls && self->link.session == NULL)
    answer (self, "250-STARTTLS");
  answer (self, "250-SIZE");
  answer (self, "250 8BITMIME");
}

static void
begin_chunk (Session    *self,
             const char *line)
{
  char *rest;

  self->left = strtoull (line + strlen ("BDAT "), &rest, 10);
  self->last_chunk = g_ascii_strncasecmp (rest, " LAST", 5) == 0;
  self->state = STATE_CHUNK;
}

static gboolean
is_command (const char *line,
            const char *verb)
{
  return g_ascii_strncasecmp (line, verb, 4) == 0;
}

static void
answer_command (Session    *self,
                const char *line)
{
  gboolean is_mail = is_command (line, "MAIL");

  self->in_message |= is_mail;
  self->answers_mail |= self->seen.messages > 0 || self->in_message;
  if (is_command (line, "BDAT"))
    begin_chunk (self, line);
  else if (is_command (line, "DATA"))
    {
      self->state = STATE_CONTENT;
      answer (self, "354 go on");
    }
  else if (is_command (line, "QUIT"))
    {
      self->state = STATE_OVER;
      self->answers_mail = FALSE;
      /* Before the client hears of it, and perhaps somebody asks. */
      add_to_totals (&self->seen);
      answer (self, "221 2.0.0 bye");
    }
  else if (is_command (line, "STAR"))
    {
      self->start_tls = TRUE;
      answer (self, "220 2.0.0 go on");
    }
  else if (is_command (line, "EHLO"))
    answer_hello (self);
  else
    answer (self, is_mail ? "250 2.1.0 Ok" : "250 2.1.5 Ok");
}

/* Each of these takes what it can from the head of what is there. */

static gsize
take_command (Session    *self,
              const char *at,
              gsize       length)
{
  const char *end = memchr (at, '\n', length);

  if (end == NULL)
    return 0;

  answer_command (self, at);
  return (gsize) (end + 1 - at);
}

static gsize
take_chunk (Session *self,
            gsize    length)
{
  gsize taken = MIN (length, self->left);

  self->left -= taken;
  if (self->left == 0 && self->last_chunk)
    give_verdict (self);
  else if (self->left == 0)
    {
      self->state = STATE_COMMAND;
      answer (self, "250 2.0.0 Ok");
    }

  return taken;
}

/* The line end before the dot may have come earlier: it is left in the
 * buffer, and DATA's own serves for empty content. */
static gsize
take_content (Session    *self,
              const char *at,
              gsize       length)
{
  static const char final[] = "\r\n.\r\n";
  const char *end = memmem (at, length, final, 5);

  if (end == NULL)
    return length > 4 ? length - 4 : 0;

  give_verdict (self);
  return (gsize) (end + 5 - at);
}

static gsize
take (Session    *self,
      const char *at,
      gsize       length)
{
  if (self->state == STATE_CHUNK)
    return take_chunk (self, length);

  return self->state == STATE_CONTENT ? take_content (self, at, length) : take_command (self, at, length);
}

static void
parse (Session *self)
{
  const char *at = self->buffer;
  gsize length = self->length;
  gsize taken;

  do
    {
      gboolean was_command = self->state == STATE_COMMAND;

      taken = self->state != STATE_OVER ? take (self, at, length) : 0;
      /* Back over the CRLF of DATA, see take_content(). */
      if (was_command && self->state == STATE_CONTENT)
        taken -= 2;
      at += taken;
      length -= taken;
    }
  while (taken > 0 && (length > 0 || (self->state == STATE_CHUNK && self->left == 0)));

  memmove (self->buffer, at, length);
  self->length = length;
}

static gboolean
send_replies (Session *self)
{
  gsize length = self->replies->len;
  gboolean sent = TRUE;

  if (length == 0)
    return TRUE;

  self->seen.trips += self->answers_mail;
  self->answers_mail = FALSE;
  if (delay > 0)
    {
      Late *late = g_new (Late, 1);

      late->due = g_get_monotonic_time () + delay;
      late->replies = g_bytes_new (self->replies->str, length);
      g_queue_push_tail (&self->late, late);
    }
  else
    sent = link_write (&self->link, self->replies->str, length);

  g_string_truncate (self->replies, 0);
  return sent;
}

static gboolean
send_late (Session *self)
{
  Late *late = g_queue_pop_head (&self->late);
  gsize length;
  const void *bytes = g_bytes_get_data (late->replies, &length);
  gboolean sent = link_write (&self->link, bytes, length);

  g_bytes_unref (late->replies);
  g_free (late);
  return sent;
}

/* Until something comes or the next replies are due. */
static gboolean
wait_with_late (Session *self)
{
  while (!g_queue_is_empty (&self->late))
    {
      struct pollfd fd = { .fd = self->link.fd, .events = POLLIN };
      Late *next = g_queue_peek_head (&self->late);
      gint64 left = next->due - g_get_monotonic_time ();
      gboolean can_read = self->state != STATE_OVER && !self->start_tls;

      if (left <= 0)
        {
          if (!send_late (self))
            return FALSE;
        }
      else if (can_read && link_has_pending (&self->link))
        return TRUE;
      else if (poll (&fd, can_read, (int) ((left + 999) / 1000)) > 0)
        return TRUE;
    }

  return TRUE;
}

static gboolean
receive (Session *self)
{
  gint64 begun = g_get_monotonic_time ();
  gsize got = link_read (&self->link, self->buffer + self->length, BUFFER - self->length);

  if (self->in_message && delay == 0 && g_get_monotonic_time () - begun > STALL)
    self->seen.stalls++;
  self->length += got;
  self->seen.octets += got;
  return got > 0;
}

static gboolean
secure (Session *self)
{
  self->start_tls = FALSE;
  self->length = 0;
  return link_handshake (&self->link, credentials, TRUE);
}

static void
converse (Session *self)
{
  if (implicit_tls && !secure (self))
    return;

  answer (self, "220 localhost ESMTP");
  while (send_replies (self) && wait_with_late (self) && self->state != STATE_OVER)
    {
      if (self->start_tls && !secure (self))
        return;
      if (!receive (self))
        return;
      parse (self);
    }
}

static gpointer
serve (gpointer data)
{
  Session *self = data;

  self->seen.connections = 1;
  self->replies = g_string_new (NULL);
  converse (self);
  add_to_totals (&self->seen);
  link_close (&self->link);
  g_string_free (self->replies, TRUE);
  while (!g_queue_is_empty (&self->late))
    {
      Late *late = g_queue_pop_head (&self->late);

      g_bytes_unref (late->replies);
      g_free (late);
    }
  g_free (self);
  return NULL;
}

/* ---- the listener --------------------------------------------------------- */

static int
listen_on_loopback (guint16 *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0 || bind (fd, (struct sockaddr *) &address, length) != 0 || listen (fd, 128) != 0 ||
      getsockname (fd, (struct sockaddr *) &address, &length) != 0)
    die ("no listening socket: %s", g_strerror (errno));

  *port = ntohs (address.sin_port);
  return fd;
}

static gpointer
accept_all (gpointer data)
{
  int listener = GPOINTER_TO_INT (data);

  for (;;)
    {
      int fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
      Session *session;

      if (fd < 0)
        continue;
      session = g_new0 (Session, 1);
      link_init_fd (&session->link, fd);
      g_thread_unref (g_thread_new ("session", serve, session));
    }

  return NULL;
}

static void
load_certificate (const char *file)
{
  char *names[] = { (char *) "localhost", (char *) "127.0.0.1", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (SmtpTestIdentity) identity = smtp_test_identity_new (names, FALSE, &error);
  gnutls_datum_t certificate, key;

  if (identity == NULL ||
      (file != NULL && !g_file_set_contents (file, identity->certificate_pem, -1, &error)))
    die ("%s", error->message);

  certificate.data = (unsigned char *) identity->certificate_pem;
  certificate.size = (unsigned int) strlen (identity->certificate_pem);
  key.data = (unsigned char *) identity->key_pem;
  key.size = (unsigned int) strlen (identity->key_pem);
  gnutls_certificate_allocate_credentials (&credentials);
  if (gnutls_certificate_set_x509_key_mem (credentials, &certificate, &key, GNUTLS_X509_FMT_PEM) < 0)
    die ("the certificate cannot be used");
}

static void
run_on (guint cpu)
{
  cpu_set_t set;

  CPU_ZERO (&set);
  CPU_SET (cpu, &set);
  sched_setaffinity (0, sizeof set, &set);
}

static void
read_arguments (char **argv)
{
  extensions = "";
  if (argument_is (argv, "extensions", "chunking"))
    extensions = "250-PIPELINING\r\n250-CHUNKING\r\n";
  if (argument_is (argv, "extensions", "pipelining"))
    extensions = "250-PIPELINING\r\n";

  offer_tls = argument_is (argv, "tls", "starttls");
  implicit_tls = argument_is (argv, "tls", "implicit");
  if (offer_tls || implicit_tls)
    load_certificate (argument_get (argv, "ca", NULL));
  delay = argument_get_number (argv, "delay", 0) * G_TIME_SPAN_MILLISECOND;
  if (argument_get (argv, "cpu", NULL) != NULL)
    run_on (argument_get_number (argv, "cpu", 0));
}

int
main (int    argc,
      char **argv)
{
  guint16 port;
  char line[16];
  int listener;

  read_arguments (argv + 1);
  listener = listen_on_loopback (&port);
  g_thread_unref (g_thread_new ("listener", accept_all, GINT_TO_POINTER (listener)));
  printf ("PORT %u\n", port);
  fflush (stdout);

  while (fgets (line, sizeof line, stdin) != NULL)
    print_totals ();

  return 0;
}
