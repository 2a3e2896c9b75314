/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The least that the exchange takes: the same octets on the wire as the
 * library's, in the same writes, made beforehand where that can be, and
 * nothing looked at in the replies but line ends. Arguments as those of
 * smtp-bench-client, and
 *
 *   extensions=chunking|pipelining|none   what the server offers
 *   wire=FILE                             the content as it is sent, without the final dot
 *   variant=raw|gio                       a bare socket with GnuTLS, or GIO's
 *                                         streams (which is the floor of a connection)
 *
 * The server is taken to be smtp-bench-sink on this machine. */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arguments.h"
#include "link.h"
#include "usage.h"

/* As the library with files: those larger than that are read in such pieces,
 * and go by DATA. */
#define SMALL (64 * 1024)
#define PIECE (256 * 1024)

typedef struct
{
  guint16     port;
  guint       n;
  guint       conns;
  gboolean    fresh;
  gboolean    gio;
  gboolean    starttls;
  gboolean    implicit;
  int         file;
  gsize       size;
  char       *content; /* NULL: not small */
  const char *extensions;
  GString    *envelope; /* up to RCPT */
  guint       rcpts;
  gnutls_certificate_credentials_t credentials;
  GTlsDatabase *database;
} Options;

static Options options;

/* ---- connections ---------------------------------------------------------- */

static void
await_lines (Link  *link,
             guint  count)
{
  char buffer[8192];

  while (count > 0)
    {
      gsize got = link_read (link, buffer, sizeof buffer);

      if (got == 0)
        die ("the server has gone");
      for (gsize i = 0; i < got; i++)
        count -= buffer[i] == '\n';
    }
}

static void
put (Link       *link,
     const void *bytes,
     gsize       length)
{
  if (!link_write (link, bytes, length))
    die ("the server does not take it");
}

static void
put_string (Link       *link,
            const char *text)
{
  put (link, text, strlen (text));
}

static void
open_raw (Link *link)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (options.port) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (fd < 0 || connect (fd, (struct sockaddr *) &address, sizeof address) != 0)
    die ("no connection: %s", g_strerror (errno));
  link_init_fd (link, fd);
}

static void
open_gio (Link *link)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection;
  GSocket *socket;

  g_socket_client_set_enable_proxy (client, FALSE);
  connection = g_socket_client_connect_to_host (client, "127.0.0.1", options.port, NULL, &error);
  if (connection == NULL)
    die ("%s", error->message);
  socket = g_socket_connection_get_socket (connection);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  link_init_io (link, G_IO_STREAM (connection));
}

static void
secure_gio (Link *link)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) base = link->io;
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", options.port);
  GTlsBackend *backend = g_tls_backend_get_default ();

  link->io = g_initable_new (g_tls_backend_get_client_connection_type (backend), NULL, &error,
                             "base-io-stream", base,
                             "server-identity", identity,
                             "database", options.database,
                             NULL);
  if (link->io == NULL || !g_tls_connection_handshake (G_TLS_CONNECTION (link->io), NULL, &error))
    die ("%s", error->message);
}

static void
secure (Link *link)
{
  if (options.gio)
    secure_gio (link);
  else if (!link_handshake (link, options.credentials, FALSE))
    die ("the handshake failed");
}

/* Its last line begins with "250 ". */
static void
hello (Link *link)
{
  char buffer[4096];
  gsize have = 0;

  put_string (link, "EHLO [127.0.0.1]\r\n");
  do
    {
      gsize got = link_read (link, buffer + have, sizeof buffer - have - 1);

      if (got == 0)
        die ("the server has gone");
      have += got;
      buffer[have] = '\0';
    }
  while (strstr (buffer, "\n250 ") == NULL || buffer[have - 1] != '\n');
}

static void
open_link (Link *link)
{
  if (options.gio)
    open_gio (link);
  else
    open_raw (link);

  if (options.implicit)
    secure (link);
  await_lines (link, 1);
  hello (link);
  if (!options.starttls)
    return;

  put_string (link, "STARTTLS\r\n");
  await_lines (link, 1);
  secure (link);
  hello (link);
}

static void
quit_link (Link *link)
{
  put_string (link, "QUIT\r\n");
  await_lines (link, 1);
  link_close (link);
}

/* ---- messages ------------------------------------------------------------- */

static void
put_file (Link *link)
{
  char *buffer = g_malloc (PIECE);
  off_t at = 0;
  gssize got;

  while ((got = pread (options.file, buffer, PIECE, at)) > 0)
    {
      put (link, buffer, (gsize) got);
      at += got;
    }
  g_free (buffer);
}

/* Head and content, and what ends it, in one write if the content is small. */
static void
put_with_content (Link    *link,
                  GString *head,
                  gboolean dot)
{
  if (options.content == NULL)
    {
      if (head->len > 0)
        put (link, head->str, head->len);
      put_file (link);
      if (dot)
        put_string (link, ".\r\n");
      return;
    }

  g_string_append_len (head, options.content, (gssize) options.size);
  if (dot)
    g_string_append (head, ".\r\n");
  put (link, head->str, head->len);
}

static void
send_chunk (Link    *link,
            GString *head)
{
  g_string_append_printf (head, "BDAT %" G_GSIZE_FORMAT " LAST\r\n", options.size);
  put_with_content (link, head, FALSE);
  await_lines (link, options.rcpts + 2);
}

static void
send_data (Link    *link,
           GString *head)
{
  g_string_append (head, "DATA\r\n");
  put (link, head->str, head->len);
  await_lines (link, options.rcpts + 2);
  g_string_truncate (head, 0);
  put_with_content (link, head, TRUE);
  await_lines (link, 1);
}

static void
send_message (Link    *link,
              GString *head)
{
  g_string_truncate (head, 0);
  g_string_append_len (head, options.envelope->str, (gssize) options.envelope->len);
  if (strcmp (options.extensions, "chunking") == 0 && options.content != NULL)
    send_chunk (link, head);
  else
    send_data (link, head);
}

static gpointer
send_share (gpointer data)
{
  guint n = GPOINTER_TO_UINT (data);
  GString *head = g_string_sized_new (2 * SMALL);
  Link link;

  for (guint i = 0; i < n; i++)
    {
      if (i == 0 || options.fresh)
        open_link (&link);
      send_message (&link, head);
      if (i == n - 1 || options.fresh)
        quit_link (&link);
    }

  g_string_free (head, TRUE);
  return NULL;
}

static void
send_all (void)
{
  GThread **threads = g_new (GThread *, options.conns);

  if (options.conns == 1)
    send_share (GUINT_TO_POINTER (options.n));

  for (guint i = 0; i < options.conns && options.conns > 1; i++)
    threads[i] = g_thread_new ("send", send_share, GUINT_TO_POINTER (share_of (options.n, options.conns, i)));
  for (guint i = 0; i < options.conns && options.conns > 1; i++)
    g_thread_join (threads[i]);
  g_free (threads);
}

/* ---- arguments ------------------------------------------------------------ */

static void
load_content (const char *path)
{
  off_t size;

  options.file = open (path, O_RDONLY | O_CLOEXEC);
  size = options.file >= 0 ? lseek (options.file, 0, SEEK_END) : -1;
  if (size < 0)
    die ("%s: %s", path, g_strerror (errno));

  options.size = (gsize) size;
  if (options.size > SMALL)
    return;
  options.content = g_malloc (options.size + 1);
  if (pread (options.file, options.content, options.size, 0) != (gssize) options.size)
    die ("%s cannot be read", path);
}

static void
load_authority (const char *path)
{
  g_autoptr (GError) error = NULL;

  if (path == NULL || !(options.starttls || options.implicit))
    return;

  if (options.gio)
    {
      options.database = g_tls_file_database_new (path, &error);
      if (options.database == NULL)
        die ("%s", error->message);
      return;
    }

  gnutls_certificate_allocate_credentials (&options.credentials);
  if (gnutls_certificate_set_x509_trust_file (options.credentials, path, GNUTLS_X509_FMT_PEM) < 1)
    die ("%s: no certificate", path);
}

static void
write_envelope (void)
{
  options.envelope = g_string_new (NULL);
  g_string_append_printf (options.envelope,
                          "MAIL FROM:<sender@example.org> SIZE=%" G_GSIZE_FORMAT "\r\n", options.size);
  for (guint i = 0; i < options.rcpts; i++)
    g_string_append_printf (options.envelope, "RCPT TO:<user%u@example.net>\r\n", i);
}

static void
read_arguments (char **argv)
{
  options.port = (guint16) argument_get_number (argv, "port", 25);
  options.n = argument_get_number (argv, "n", 1);
  options.rcpts = argument_get_number (argv, "rcpts", 1);
  options.conns = argument_get_number (argv, "conns", 1);
  options.fresh = argument_is (argv, "mode", "fresh");
  options.gio = argument_is (argv, "variant", "gio");
  options.starttls = argument_is (argv, "tls", "starttls");
  options.implicit = argument_is (argv, "tls", "implicit");
  options.extensions = argument_get (argv, "extensions", "chunking");
  load_content (argument_get (argv, "wire", "/dev/null"));
  load_authority (argument_get (argv, "ca", NULL));
  write_envelope ();
}

static void
clear_options (void)
{
  if (options.credentials != NULL)
    gnutls_certificate_free_credentials (options.credentials);
  g_clear_object (&options.database);
  g_string_free (options.envelope, TRUE);
  g_free (options.content);
  close (options.file);
}

int
main (int    argc,
      char **argv)
{
  UsageStart start;

  read_arguments (argv + 1);
  usage_begin (&start);
  send_all ();
  usage_print (&start, options.n);
  clear_options ();
  return 0;
}
