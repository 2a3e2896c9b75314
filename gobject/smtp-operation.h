/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_OPERATION_H
#define SMTP_OPERATION_H

#include <gio/gio.h>

#include "smtp-auth.h"
#include "smtp-client.h"
#include "smtp-engine.h"
#include "smtp-message.h"

G_BEGIN_DECLS

/* One operation of a client, from its check to its result.
 *
 * Synchronous and asynchronous operations are one: the same stages are passed
 * through by the same code. They differ in how they wait. While octets move,
 * a synchronous one waits in smtp_connection_run() and an asynchronous one for
 * a source. For what GIO and mechanisms only do asynchronously (connecting,
 * the handshake, preparing, closing) a synchronous one iterates a context of
 * its own. */
typedef struct _SmtpOperation SmtpOperation;

typedef enum
{
  SMTP_OPERATION_OPEN,
  SMTP_OPERATION_COMMAND,
  SMTP_OPERATION_AUTHENTICATE,
  SMTP_OPERATION_WRITE, /* content */
  SMTP_OPERATION_FLUSH,
  SMTP_OPERATION_END,   /* of the content */
  SMTP_OPERATION_SEND,  /* messages as a whole; see smtp_operation_send() */
} SmtpOperationKind;

/* What is asked for. It needs to live for the call only, but for content,
 * which must stay until the operation is over. */
typedef struct
{
  SmtpOperationKind   kind;
  SmtpCommand         command;
  const char         *argument;
  const char * const *params;
  SmtpAuth           *auth;
  const char         *content;
  gsize               length;
} SmtpRequest;

gboolean smtp_operation_run      (SmtpClient          *client,
                                  const SmtpRequest   *request,
                                  GCancellable        *cancellable,
                                  GError             **error);

/* Returns the result to the task: a boolean, unless on_success does it. */
typedef void (*SmtpOperationSuccess) (SmtpClient *client,
                                      GTask      *task);

void     smtp_operation_start    (SmtpClient           *client,
                                  const SmtpRequest    *request,
                                  GTask                *task,
                                  SmtpOperationSuccess  on_success);
gboolean smtp_operation_send     (SmtpClient           *client,
                                  SmtpMessage          *message,
                                  GCancellable         *cancellable,
                                  GError              **error);
void     smtp_operation_send_async (SmtpClient         *client,
                                  SmtpMessage          *message,
                                  GTask                *task);
gboolean smtp_operation_try_content (SmtpClient        *client,
                                  const char           *content,
                                  gsize                 length,
                                  gsize                *taken,
                                  GError              **error);
void     smtp_operation_interrupt (SmtpOperation       *self);

G_END_DECLS

#endif
