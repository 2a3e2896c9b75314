/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libESMTP: a session with all messages. It blocks (a thread for each
 * connection), knows no TLS but STARTTLS, and demands lines that end with
 * CRLF. */

#include "peer.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <libesmtp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 65536

static SSL_CTX *tls;

static void
fail (void)
{
  char text[256];

  peer_fail ("libesmtp", smtp_strerror (smtp_errno (), text, sizeof text));
}

static void
expect (bool good)
{
  if (!good)
    fail ();
}

/* ---- TLS ------------------------------------------------------------------ */

static void
load_tls (const Peer *peer)
{
  tls = SSL_CTX_new (TLS_client_method ());
  if (peer->ca == NULL || tls == NULL || !SSL_CTX_load_verify_locations (tls, peer->ca, NULL))
    peer_fail ("libesmtp", "TLS needs ca=FILE");
  SSL_CTX_set_verify (tls, SSL_VERIFY_PEER, NULL);
}

static bool
is_address_of (SSL        *ssl,
               const char *host)
{
  X509 *certificate = SSL_get1_peer_certificate (ssl);
  bool good = certificate != NULL && X509_check_ip_asc (certificate, host, 0) == 1;

  X509_free (certificate);
  return good;
}

/* The library refuses a certificate unless told otherwise; it compares names
 * only, so addresses are compared here. */
static void
on_event (smtp_session_t session,
          int            event,
          void          *data,
          ...)
{
  const Peer *peer = data;
  va_list arguments;

  if (event != SMTP_EV_WRONG_PEER_CERTIFICATE)
    return;

  va_start (arguments, data);
  int *good = va_arg (arguments, int *);
  (void) va_arg (arguments, const char *);
  *good = is_address_of (va_arg (arguments, SSL *), peer->host);
  va_end (arguments);
  if (!*good)
    peer_fail ("libesmtp", "the certificate is another server's");
}

/* ---- content -------------------------------------------------------------- */

/* The context is the library's to free; without a length, the content begins
 * anew. */
static const char *
read_content (void **context,
              int   *length,
              void  *data)
{
  const Peer *peer = data;
  size_t *offset = *context;
  const char *piece;

  if (offset == NULL)
    *context = offset = calloc (1, sizeof *offset);
  if (length == NULL || offset == NULL)
    {
      if (offset != NULL)
        *offset = 0;
      return NULL;
    }

  piece = peer->content + *offset;
  *length = (int) (peer->length - *offset < PIECE ? peer->length - *offset : PIECE);
  *offset += (size_t) *length;
  return piece;
}

/* ---- a session ------------------------------------------------------------ */

static smtp_session_t
make_session (const Peer *peer)
{
  smtp_session_t session = smtp_create_session ();
  char server[256];

  expect (session != NULL);
  snprintf (server, sizeof server, "%s:%s", peer->host, peer->port);
  expect (smtp_set_server (session, server));
  expect (smtp_set_eventcb (session, on_event, (void *) peer));
  if (peer->tls == PEER_TLS_STARTTLS)
    {
      expect (smtp_starttls_enable (session, Starttls_REQUIRED));
      expect (smtp_starttls_set_ctx (session, tls));
    }
  return session;
}

static void
add_message (smtp_session_t session,
             const Peer    *peer,
             FILE          *file)
{
  smtp_message_t message = smtp_add_message (session);

  expect (message != NULL);
  expect (smtp_set_reverse_path (message, PEER_SENDER));
  for (unsigned i = 0; i < peer->rcpts; i++)
    expect (smtp_add_recipient (message, peer->addresses[i]) != NULL);
  if (file != NULL)
    expect (smtp_set_message_fp (message, file));
  else
    expect (smtp_set_messagecb (message, read_content, (void *) peer));
}

static void
expect_accepted (const smtp_status_t *status)
{
  if (status->code == 0 && smtp_errno () != 0)
    fail ();
  if (status->code / 100 != 2)
    peer_fail ("libesmtp", status->text != NULL ? status->text : "the message was not sent");
}

static void
check_recipient (smtp_recipient_t recipient,
                 const char      *mailbox,
                 void            *data)
{
  expect_accepted (smtp_recipient_status (recipient));
}

static void
check_message (smtp_message_t message,
               void          *data)
{
  unsigned *accepted = data;

  expect_accepted (smtp_reverse_path_status (message));
  smtp_enumerate_recipients (message, check_recipient, NULL);
  expect_accepted (smtp_message_transfer_status (message));
  (*accepted)++;
}

static void
send_session (const Peer *peer,
              unsigned    n)
{
  smtp_session_t session = make_session (peer);
  FILE *file = peer->stream ? peer_open (peer->path) : NULL;
  unsigned accepted = 0;

  for (unsigned i = 0; i < n; i++)
    add_message (session, peer, file);
  expect (smtp_start_session (session));
  smtp_enumerate_messages (session, check_message, &accepted);
  if (accepted != n)
    peer_fail ("libesmtp", "not all messages were sent");
  smtp_destroy_session (session);
  if (file != NULL)
    fclose (file);
}

static void
share (const Peer *peer,
       unsigned    n)
{
  if (!peer->fresh)
    {
      send_session (peer, n);
      return;
    }

  for (unsigned i = 0; i < n; i++)
    send_session (peer, 1);
}

static void
check (const Peer *peer)
{
  if (peer->tls == PEER_TLS_IMPLICIT)
    peer_cannot ("libesmtp knows STARTTLS only");
  if (!peer->canonical)
    peer_cannot ("libesmtp demands lines that end with CRLF");
}

static void
run (const Peer *peer)
{
  if (peer->tls == PEER_TLS_STARTTLS)
    load_tls (peer);
  peer_threads (peer, share);
  SSL_CTX_free (tls);
}

int
main (int    argc,
      char **argv)
{
  return peer_main (argv, check, run);
}
