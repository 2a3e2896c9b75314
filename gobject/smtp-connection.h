/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_CONNECTION_H
#define SMTP_CONNECTION_H

#include <gio/gio.h>

#include "smtp-engine.h"

G_BEGIN_DECLS

/* A stream and what goes over it.
 *
 * smtp_connection_run() moves octets between the stream and the engine until
 * the engine wants something else. It never waits in I/O: everything is tried
 * without blocking first, and only then waited for, in the way the caller
 * chose. No code of the program runs inside. */
typedef struct _SmtpConnection SmtpConnection;

typedef enum
{
  SMTP_RUN_DONE, /* the engine is idle, wants content, or has failed */
  SMTP_RUN_WAIT, /* not blocking: smtp_connection_wait() */
  SMTP_RUN_TLS,
  SMTP_RUN_AUTH,
} SmtpRun;

SmtpConnection *smtp_connection_new            (GIOStream       *stream,
                                                SmtpEngine      *engine,
                                                const char      *server_name,
                                                GError         **error);
void            smtp_connection_free           (SmtpConnection  *self);
void            smtp_connection_set_timeout    (SmtpConnection  *self,
                                                guint            timeout);
void            smtp_connection_begin          (SmtpConnection  *self);
SmtpRun         smtp_connection_run            (SmtpConnection  *self,
                                                gboolean         blocking,
                                                GCancellable    *cancellable);
void            smtp_connection_look           (SmtpConnection  *self);

/* Calls back once, when smtp_connection_run() can go on. */
typedef void (*SmtpConnectionReady) (gpointer user_data);

typedef struct
{
  GMainContext        *context;
  int                  priority;
  GCancellable        *cancellable; /* nullable: wakes, too */
  gboolean             patient;     /* the server owes nothing: there is no deadline */
  SmtpConnectionReady  on_ready;
  gpointer             user_data;
} SmtpConnectionWait;

void            smtp_connection_wait           (SmtpConnection  *self,
                                                const SmtpConnectionWait *wait);
void            smtp_connection_stop_waiting   (SmtpConnection  *self);
GSource        *smtp_connection_create_source  (SmtpConnection  *self);
gboolean        smtp_connection_wake           (SmtpConnection  *self);
gboolean        smtp_connection_is_writable    (SmtpConnection  *self);
gboolean        smtp_connection_try_close      (SmtpConnection  *self);
void            smtp_connection_abort          (SmtpConnection  *self);
gboolean        smtp_connection_set_tls        (SmtpConnection  *self,
                                                GTlsConnection  *tls);
GTlsConnection *smtp_connection_get_tls        (SmtpConnection  *self);
GIOStream      *smtp_connection_get_stream     (SmtpConnection  *self);
GIOStream      *smtp_connection_get_base       (SmtpConnection  *self);
GSocket        *smtp_connection_get_socket     (SmtpConnection  *self);

G_END_DECLS

#endif
