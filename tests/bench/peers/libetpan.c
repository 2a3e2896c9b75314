/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libetpan: its calls for single commands, on one session for all messages.
 * It blocks (a thread for each connection), wants the content as a whole (so
 * "stream" reads the file for each message), makes its lines end with CRLF,
 * and leaves it to the program whether the server's certificate is good. */

#include "peer.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <libetpan/libetpan.h>
#include <stdlib.h>
#include <string.h>

static gnutls_x509_trust_list_t trusted;

static void
expect_ok (int code)
{
  if (code != MAILSMTP_NO_ERROR)
    peer_fail ("libetpan", mailsmtp_strerror (code));
}

static void
expect_gnutls_ok (int code)
{
  if (code < 0)
    peer_fail ("gnutls", gnutls_strerror (code));
}

/* ---- the server's certificate --------------------------------------------- */

static void
load_trusted (const Peer *peer)
{
  if (peer->ca == NULL)
    peer_fail ("libetpan", "TLS needs ca=FILE");
  expect_gnutls_ok (gnutls_x509_trust_list_init (&trusted, 0));
  expect_gnutls_ok (gnutls_x509_trust_list_add_trust_file (trusted, peer->ca, NULL, GNUTLS_X509_FMT_PEM, 0, 0));
}

static gnutls_x509_crt_t
import_certificate (MMAPString *der)
{
  gnutls_datum_t datum = { (unsigned char *) der->str, (unsigned) der->len };
  gnutls_x509_crt_t certificate;

  expect_gnutls_ok (gnutls_x509_crt_init (&certificate));
  expect_gnutls_ok (gnutls_x509_crt_import (certificate, &datum, GNUTLS_X509_FMT_DER));
  return certificate;
}

/* Of the chain, and of the name or address of the first. */
static void
verify_certificates (gnutls_x509_crt_t *certificates,
                     unsigned           n,
                     const char        *host)
{
  unsigned status;

  expect_gnutls_ok (gnutls_x509_trust_list_verify_crt (trusted, certificates, n, 0, &status, NULL));
  if (status != 0)
    peer_fail ("libetpan", "the certificate is not trusted");
  if (!gnutls_x509_crt_check_hostname (certificates[0], host))
    peer_fail ("libetpan", "the certificate is another server's");
}

static void
verify_server (mailsmtp   *session,
               const char *host)
{
  carray *chain = mailstream_get_certificate_chain (session->stream);
  unsigned n = chain != NULL ? carray_count (chain) : 0;
  gnutls_x509_crt_t *certificates = calloc (n + 1, sizeof *certificates);

  if (n == 0 || certificates == NULL)
    peer_fail ("libetpan", "the server has no certificate");
  for (unsigned i = 0; i < n; i++)
    certificates[i] = import_certificate (carray_get (chain, i));
  verify_certificates (certificates, n, host);
  for (unsigned i = 0; i < n; i++)
    gnutls_x509_crt_deinit (certificates[i]);
  free (certificates);
  mailstream_certificate_chain_free (chain);
}

/* ---- sending -------------------------------------------------------------- */

static void
connect_session (mailsmtp   *session,
                 const Peer *peer)
{
  uint16_t port = (uint16_t) strtoul (peer->port, NULL, 10);

  if (peer->tls == PEER_TLS_IMPLICIT)
    {
      expect_ok (mailsmtp_ssl_connect (session, peer->host, port));
      verify_server (session, peer->host);
    }
  else
    expect_ok (mailsmtp_socket_connect (session, peer->host, port));
}

static mailsmtp *
open_session (const Peer *peer)
{
  mailsmtp *session = mailsmtp_new (0, NULL);

  if (session == NULL)
    peer_fail ("libetpan", "no memory");
  connect_session (session, peer);
  expect_ok (mailesmtp_ehlo (session));
  if (peer->tls == PEER_TLS_STARTTLS)
    {
      expect_ok (mailsmtp_socket_starttls (session));
      verify_server (session, peer->host);
      expect_ok (mailesmtp_ehlo (session));
    }
  return session;
}

static void
close_session (mailsmtp *session)
{
  mailsmtp_quit (session);
  mailsmtp_free (session);
}

/* Without the end of the last line: the library adds one in any case. */
static size_t
length_to_send (const char *content,
                size_t      length)
{
  if (length > 0 && content[length - 1] == '\n')
    length--;
  return length > 0 && content[length - 1] == '\r' ? length - 1 : length;
}

static void
send_content (mailsmtp   *session,
              const char *content,
              size_t      length,
              const Peer *peer)
{
  expect_ok (mailesmtp_mail_size (session, PEER_SENDER, 0, NULL, length));
  for (unsigned i = 0; i < peer->rcpts; i++)
    expect_ok (mailesmtp_rcpt (session, peer->addresses[i], 0, NULL));
  expect_ok (mailsmtp_data (session));
  expect_ok (mailsmtp_data_message (session, content, length_to_send (content, length)));
}

static void
send_one (mailsmtp   *session,
          const Peer *peer)
{
  if (peer->stream)
    {
      size_t length;
      char *content = peer_load (peer->path, &length);

      send_content (session, content, length, peer);
      free (content);
    }
  else
    send_content (session, peer->content, peer->length, peer);
}

static void
share (const Peer *peer,
       unsigned    n)
{
  mailsmtp *session = open_session (peer);

  for (unsigned i = 0; i < n; i++)
    {
      if (peer->fresh && i > 0)
        {
          close_session (session);
          session = open_session (peer);
        }
      send_one (session, peer);
    }
  close_session (session);
}

static void
run (const Peer *peer)
{
  if (peer->tls != PEER_TLS_NONE)
    load_trusted (peer);
  peer_threads (peer, share);
  if (trusted != NULL)
    gnutls_x509_trust_list_deinit (trusted, 1);
}

int
main (int    argc,
      char **argv)
{
  return peer_main (argv, NULL, run);
}
