/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the peers written in C have in common: the arguments of
 * smtp-bench-client, threads for more connections than one, and the RESULT
 * line. Plain C, so that nothing is measured but the library. */

#pragma once

#include <stdbool.h>
#include <stdio.h>

#define PEER_SENDER "sender@example.org"

typedef enum
{
  PEER_TLS_NONE,
  PEER_TLS_STARTTLS,
  PEER_TLS_IMPLICIT
} PeerTls;

typedef struct
{
  const char *host;
  const char *port;
  unsigned    n;
  unsigned    rcpts;
  unsigned    conns;
  bool        fresh;      /* a connection for each message */
  PeerTls     tls;
  const char *ca;
  const char *path;       /* of the message's file; NULL: none was given */
  bool        stream;     /* the file is read as it is sent, content is NULL */
  bool        canonical;  /* no lone CR or LF is in the message */
  char       *content;
  size_t      length;
  char      **addresses;
} Peer;

/* Sends n messages, over one connection unless each has its own. */
typedef void (* PeerShare) (const Peer *peer,
                            unsigned    n);

int   peer_main    (char      **argv,
                    void     (* check) (const Peer *peer),
                    void     (* run)   (const Peer *peer));
void  peer_threads (const Peer *peer,
                    PeerShare   share);
char *peer_load    (const char *path,
                    size_t     *length);
FILE *peer_open    (const char *path);
void  peer_fail    (const char *what,
                    const char *why) __attribute__ ((noreturn));
void  peer_cannot  (const char *why) __attribute__ ((noreturn));
