/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One end of a connection: a bare socket, GnuTLS on it, or a GIOStream. All
 * of it blocks. */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

G_BEGIN_DECLS

typedef struct
{
  int              fd;      /* -1: io */
  gnutls_session_t session; /* NULL: no TLS on fd */
  GIOStream       *io;
} Link;

void     link_init_fd         (Link                             *self,
                               int                               fd);
void     link_init_io         (Link                             *self,
                               GIOStream                        *io);
gboolean link_handshake       (Link                             *self,
                               gnutls_certificate_credentials_t  credentials,
                               gboolean                          server);

/* Octets read; 0 at the end or after an error. */
gsize    link_read            (Link                             *self,
                               void                             *buffer,
                               gsize                             length);
gboolean link_write           (Link                             *self,
                               const void                       *bytes,
                               gsize                             length);

/* Whether a read would come back at once without asking the socket. */
gboolean link_has_pending     (Link                             *self);
void     link_close           (Link                             *self);

G_END_DECLS
