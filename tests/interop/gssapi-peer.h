/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef GSSAPI_PEER_H
#define GSSAPI_PEER_H

#include <gio/gio.h>
#include <gssapi/gssapi.h>

G_BEGIN_DECLS

/* A server of SMTP that is honest but for what it is told to say. It serves
 * one connection, by the keytab of this process's realm. */
typedef struct
{
  /* To the client's token: NULL: the right token; else a reply. */
  const char *token;
  /* To the empty answer that follows: NULL: the offer; else a reply. */
  const char *layers;
  const char *offer;         /* before it is wrapped … */
  gsize       offer_length;
  gboolean    encrypted;     /* … by encryption, too */
  const char *last;          /* the reply to the client's choice */
  gboolean    spoils_token;  /* changes an octet */
  gboolean    spoils_offer;

  guint16     port;
  GSocketListener  *listener;
  GThread          *thread;
  GDataInputStream *in;
  GOutputStream    *out;
  guint             stage;
  gss_ctx_id_t      context;

  /* To be looked at when it has ended. */
  guint       n_auths;
  guint       n_aborts;
  char       *initiator;     /* the client's principal */
  GBytes     *choice;        /* of layers, and the identity */
  gboolean    choice_encrypted;
  gboolean    delegated;
} GssapiPeer;

void gssapi_peer_start (GssapiPeer *self);

/* When the client's connection has ended. */
void gssapi_peer_join  (GssapiPeer *self);
void gssapi_peer_clear (GssapiPeer *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GssapiPeer, gssapi_peer_clear)

G_END_DECLS

#endif
