/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_CLIENT_H
#define SMTP_CLIENT_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include <gio/gio.h>

#include "smtp-auth.h"
#include "smtp-capabilities.h"
#include "smtp-enums.h"
#include "smtp-message.h"
#include "smtp-reply.h"
#include "smtp-version.h"

G_BEGIN_DECLS

#define SMTP_TYPE_CLIENT (smtp_client_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpClient, smtp_client, SMTP, CLIENT, GObject)

SMTP_AVAILABLE_IN_1_0
SmtpClient           *smtp_client_new                        (const char           *host,
                                                              guint16               port,
                                                              SmtpSecurity          security);
SMTP_AVAILABLE_IN_1_0
SmtpClient           *smtp_client_new_for_uri                (const char           *uri,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
SmtpClient           *smtp_client_new_for_stream             (GIOStream            *stream,
                                                              const char           *server_name);

SMTP_AVAILABLE_IN_1_0
const char           *smtp_client_get_host                   (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
guint16               smtp_client_get_port                   (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
SmtpSecurity          smtp_client_get_security               (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
GIOStream            *smtp_client_get_stream                 (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
const char           *smtp_client_get_server_name            (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
const char           *smtp_client_get_local_name             (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_set_local_name             (SmtpClient *self,
                                                              const char *local_name);
SMTP_AVAILABLE_IN_1_0
guint                 smtp_client_get_timeout                (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_set_timeout                (SmtpClient *self,
                                                              guint timeout);
SMTP_AVAILABLE_IN_1_0
GTlsDatabase         *smtp_client_get_tls_database           (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_set_tls_database           (SmtpClient *self,
                                                              GTlsDatabase *database);
SMTP_AVAILABLE_IN_1_0
GTlsInteraction      *smtp_client_get_tls_interaction        (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_set_tls_interaction        (SmtpClient *self,
                                                              GTlsInteraction *interaction);
SMTP_AVAILABLE_IN_1_0
GTlsCertificate      *smtp_client_get_tls_certificate        (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_set_tls_certificate        (SmtpClient *self,
                                                              GTlsCertificate *certificate);
SMTP_AVAILABLE_IN_1_0
GProxyResolver       *smtp_client_get_proxy_resolver         (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_set_proxy_resolver         (SmtpClient *self,
                                                              GProxyResolver *resolver);
SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_get_stay_open_after_refusal (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_set_stay_open_after_refusal (SmtpClient *self,
                                                              gboolean stay_open);
SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_get_stream_is_secure       (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_set_stream_is_secure       (SmtpClient *self,
                                                              gboolean secure);
SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_get_pipeline_messages      (SmtpClient           *self);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_set_pipeline_messages      (SmtpClient           *self,
                                                              gboolean              pipeline);
SMTP_AVAILABLE_IN_1_0
guint                 smtp_client_get_window                 (SmtpClient           *self);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_set_window                 (SmtpClient           *self,
                                                              guint                 window);
SMTP_AVAILABLE_IN_1_0
SmtpClientState       smtp_client_get_state                  (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
SmtpCapabilities     *smtp_client_get_capabilities           (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
SmtpReply            *smtp_client_get_last_reply             (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
GTlsConnection       *smtp_client_get_tls_connection         (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_get_authenticated          (SmtpClient *self);
SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_get_extension              (SmtpClient           *self,
                                                              const char           *name,
                                                              const char          **params);

SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_open                       (SmtpClient           *self,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_open_async                 (SmtpClient           *self,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_open_finish                (SmtpClient           *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_hello                      (SmtpClient           *self,
                                                              const char           *name,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_hello_async                (SmtpClient           *self,
                                                              const char           *name,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_hello_finish               (SmtpClient           *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_start_tls                  (SmtpClient           *self,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_start_tls_async            (SmtpClient           *self,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_start_tls_finish           (SmtpClient           *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_authenticate               (SmtpClient           *self,
                                                              SmtpAuth             *auth,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_authenticate_async         (SmtpClient           *self,
                                                              SmtpAuth             *auth,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_authenticate_finish        (SmtpClient           *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_mail                       (SmtpClient           *self,
                                                              const char           *sender,
                                                              const char * const   *params,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_mail_async                 (SmtpClient           *self,
                                                              const char           *sender,
                                                              const char * const   *params,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_mail_finish                (SmtpClient           *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_rcpt                       (SmtpClient           *self,
                                                              const char           *recipient,
                                                              const char * const   *params,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_rcpt_async                 (SmtpClient           *self,
                                                              const char           *recipient,
                                                              const char * const   *params,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_rcpt_finish                (SmtpClient           *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
GOutputStream        *smtp_client_data                       (SmtpClient           *self,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_data_async                 (SmtpClient           *self,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
GOutputStream        *smtp_client_data_finish                (SmtpClient           *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_reset                      (SmtpClient           *self,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_reset_async                (SmtpClient           *self,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_reset_finish               (SmtpClient           *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
SmtpReply            *smtp_client_verify                     (SmtpClient           *self,
                                                              const char           *address,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_verify_async               (SmtpClient           *self,
                                                              const char           *address,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
SmtpReply            *smtp_client_verify_finish              (SmtpClient           *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
SmtpReply            *smtp_client_expand                     (SmtpClient           *self,
                                                              const char           *list,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_expand_async               (SmtpClient           *self,
                                                              const char           *list,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
SmtpReply            *smtp_client_expand_finish              (SmtpClient           *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
SmtpReply            *smtp_client_help                       (SmtpClient           *self,
                                                              const char           *topic,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_help_async                 (SmtpClient           *self,
                                                              const char           *topic,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
SmtpReply            *smtp_client_help_finish                (SmtpClient           *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_noop                       (SmtpClient           *self,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_noop_async                 (SmtpClient           *self,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_noop_finish                (SmtpClient           *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
SmtpReply            *smtp_client_command                    (SmtpClient           *self,
                                                              const char           *line,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_command_async              (SmtpClient           *self,
                                                              const char           *line,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
SmtpReply            *smtp_client_command_finish             (SmtpClient           *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_send                       (SmtpClient           *self,
                                                              SmtpMessage          *message,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_send_async                 (SmtpClient           *self,
                                                              SmtpMessage          *message,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_send_finish                (SmtpClient           *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_quit                       (SmtpClient           *self,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
SMTP_AVAILABLE_IN_1_0
void                  smtp_client_quit_async                 (SmtpClient           *self,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
gboolean              smtp_client_quit_finish                (SmtpClient           *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
void                  smtp_client_close                      (SmtpClient           *self);

G_END_DECLS

#endif
