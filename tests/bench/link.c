/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a record of TLS carries; less would cost more records. */
#define RECORD 16384

void
link_init_fd (Link *self,
              int   fd)
{
  int yes = 1;

  *self = (Link) { .fd = fd };
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

void
link_init_io (Link      *self,
              GIOStream *io)
{
  *self = (Link) { .fd = -1, .io = io };
}

gboolean
link_handshake (Link                             *self,
                gnutls_certificate_credentials_t  credentials,
                gboolean                          server)
{
  int result;

  if (gnutls_init (&self->session, (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NO_SIGNAL) < 0)
    return FALSE;

  gnutls_set_default_priority (self->session);
  gnutls_credentials_set (self->session, GNUTLS_CRD_CERTIFICATE, credentials);
  gnutls_transport_set_int (self->session, self->fd);
  if (!server)
    gnutls_session_set_verify_cert (self->session, "localhost", 0);

  do
    result = gnutls_handshake (self->session);
  while (result < 0 && gnutls_error_is_fatal (result) == 0);

  return result == 0;
}

static gssize
read_once (Link  *self,
           void  *buffer,
           gsize  length)
{
  if (self->io != NULL)
    return g_input_stream_read (g_io_stream_get_input_stream (self->io), buffer, length, NULL, NULL);

  if (self->session != NULL)
    return gnutls_record_recv (self->session, buffer, length);

  return read (self->fd, buffer, length);
}

static gboolean
is_to_repeat (Link   *self,
              gssize  result)
{
  if (self->session != NULL)
    return result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED;

  return result < 0 && self->io == NULL && errno == EINTR;
}

gsize
link_read (Link  *self,
           void  *buffer,
           gsize  length)
{
  gssize result;

  do
    result = read_once (self, buffer, length);
  while (is_to_repeat (self, result));

  return result > 0 ? (gsize) result : 0;
}

static gssize
write_once (Link       *self,
            const void *bytes,
            gsize       length)
{
  if (self->io != NULL)
    return g_output_stream_write (g_io_stream_get_output_stream (self->io), bytes, length, NULL, NULL);

  if (self->session != NULL)
    return gnutls_record_send (self->session, bytes, MIN (length, RECORD));

  return send (self->fd, bytes, length, MSG_NOSIGNAL);
}

gboolean
link_write (Link       *self,
            const void *bytes,
            gsize       length)
{
  const guint8 *at = bytes;

  while (length > 0)
    {
      gssize written = write_once (self, at, length);

      if (written > 0)
        {
          at += written;
          length -= (gsize) written;
        }
      else if (!is_to_repeat (self, written))
        return FALSE;
    }

  return TRUE;
}

gboolean
link_has_pending (Link *self)
{
  return self->session != NULL && gnutls_record_check_pending (self->session) > 0;
}

void
link_close (Link *self)
{
  if (self->session != NULL)
    {
      gnutls_bye (self->session, GNUTLS_SHUT_WR);
      gnutls_deinit (self->session);
    }
  if (self->io != NULL)
    {
      g_io_stream_close (self->io, NULL, NULL);
      g_object_unref (self->io);
    }
  if (self->fd >= 0)
    close (self->fd);
}
