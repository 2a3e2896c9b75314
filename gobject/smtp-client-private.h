/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_CLIENT_PRIVATE_H
#define SMTP_CLIENT_PRIVATE_H

#include "smtp-client.h"
#include "smtp-connection.h"
#include "smtp-engine.h"
#include "smtp-operation.h"

G_BEGIN_DECLS

struct _SmtpClient
{
  GObject            parent_instance;

  /* where to, and how */
  char              *host;         /* NULL for a client of a stream */
  guint              port;
  SmtpSecurity       security;
  char              *server_name;  /* errors, TLS identity, the owner of passwords */
  char              *local_name;
  guint              timeout;
  GIOStream         *stream;       /* the caller's, until open */
  gboolean           stream_is_secure;
  gboolean           stay_open;
  gboolean           pipeline_messages;
  guint              window;       /* BDAT messages under way at once */
  GTlsDatabase      *tls_database;
  GTlsCertificate   *tls_certificate;
  GTlsInteraction   *tls_interaction;
  GProxyResolver    *proxy_resolver;

  /* what there is */
  SmtpEngine        *engine;
  SmtpConnection    *connection;   /* NULL until connected */
  SmtpOperation     *operation;    /* the one that runs, or NULL */
  gboolean           via_proxy;
  gboolean           local;        /* a secret may travel in clear */
  gboolean           closed;       /* the stream is */
  gboolean           asked;        /* accept-certificate was emitted in this handshake */

  /* what was last announced by notify */
  SmtpClientState    state;
  SmtpCapabilities  *capabilities;
  SmtpReply         *last_reply;
  guint              reply_count;
  gboolean           authenticated;
};

/* smtp-client.c, for operations */
void            smtp_client_prepare_log       (SmtpClient            *self);
void            smtp_client_publish           (SmtpClient            *self);
void            smtp_client_publish_later     (SmtpClient            *self);
gboolean        smtp_client_adopt_stream      (SmtpClient            *self,
                                               GIOStream             *stream,
                                               gboolean               via_proxy,
                                               GError               **error);
gboolean        smtp_client_enter             (SmtpClient            *self,
                                               GError               **error);
void            smtp_client_ended             (SmtpClient            *self);
void            smtp_client_tls_established   (SmtpClient            *self);
GTlsConnection *smtp_client_create_tls        (SmtpClient            *self,
                                               GError               **error);
gboolean        smtp_client_certificate_stands (SmtpClient           *self,
                                               GTlsConnection        *tls,
                                               GError               **error);
gboolean        smtp_client_is_tls_verified   (SmtpClient            *self);
SmtpServerInfo *smtp_client_describe_server   (SmtpClient            *self);

G_END_DECLS

#endif
