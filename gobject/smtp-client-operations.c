/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The operations of SmtpClient in their three forms. What they do is in the
 * request; how it is done is in smtp-operation.c. */

#include "smtp-client-private.h"

#include "smtp-data-stream.h"

static GTask *
create_task (SmtpClient          *self,
             gpointer             tag,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  return task;
}

static void
start (SmtpClient           *self,
       const SmtpRequest    *request,
       gpointer              tag,
       SmtpOperationSuccess  on_success,
       GCancellable         *cancellable,
       GAsyncReadyCallback   callback,
       gpointer              user_data)
{
  g_autoptr (GTask) task = create_task (self, tag, cancellable, callback, user_data);

  smtp_operation_start (self, request, task, on_success);
}

static gboolean
is_result (SmtpClient   *self,
           GAsyncResult *result,
           gpointer      tag)
{
  return g_task_is_valid (result, self) && g_async_result_is_tagged (result, tag);
}

/* ---- results -------------------------------------------------------------- */

static SmtpReply *
take_reply (SmtpClient *self)
{
  SmtpReply *reply = smtp_client_get_last_reply (self);

  return reply != NULL ? smtp_reply_ref (reply) : NULL;
}

static void
return_reply (SmtpClient *self,
              GTask      *task)
{
  g_task_return_pointer (task, take_reply (self), (GDestroyNotify) smtp_reply_unref);
}

static void
return_stream (SmtpClient *self,
               GTask      *task)
{
  g_task_return_pointer (task, smtp_data_stream_new (self), g_object_unref);
}

static SmtpReply *
run_for_reply (SmtpClient         *self,
               const SmtpRequest  *request,
               GCancellable       *cancellable,
               GError            **error)
{
  if (!smtp_operation_run (self, request, cancellable, error))
    return NULL;

  return take_reply (self);
}

/* ---- open ----------------------------------------------------------------- */

/**
 * smtp_client_open:
 * @self: a client
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Connects, and begins the session.
 *
 * The server's greeting is read, then the client introduces itself by `EHLO`,
 * or by `HELO` to a server that does not know `EHLO` (RFC 5321 §4.1.1.1). As
 * [property@Client:security] says, TLS comes before the greeting, or by
 * `STARTTLS` (RFC 3207) with another `EHLO` behind it.
 *
 * A client is opened once. When it fails, another is created for the next try.
 *
 * Errors: those of name resolution, connecting and TLS; `REFUSED_TEMPORARY` or
 * `REFUSED_PERMANENT` when the server does not welcome us; `TLS_REQUIRED` when
 * TLS was wanted and is not offered or refused; `INVALID_ARGUMENT` for a
 * [property@Client:local-name] that is none; `NOT_SUPPORTED` for a stream that
 * cannot be polled; `STATE` when it is open already.
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_open (SmtpClient    *self,
                  GCancellable  *cancellable,
                  GError       **error)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_OPEN,
  };

  g_return_val_if_fail (SMTP_IS_CLIENT (self), FALSE);

  return smtp_operation_run (self, &request, cancellable, error);
}

/**
 * smtp_client_open_async:
 * @self: a client
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Connects, and begins the session. See [method@Client.open].
 *
 * Since: 1.0
 */
void
smtp_client_open_async (SmtpClient          *self,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_OPEN,
  };

  g_return_if_fail (SMTP_IS_CLIENT (self));

  start (self, &request, smtp_client_open_async, NULL, cancellable, callback, user_data);
}

/**
 * smtp_client_open_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Client.open_async].
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_open_finish (SmtpClient    *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (is_result (self, result, smtp_client_open_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- hello ---------------------------------------------------------------- */

static SmtpRequest
hello_request (SmtpClient *self,
               const char *name)
{
  SmtpRequest request = { .kind = SMTP_OPERATION_OPEN, .argument = name };

  if (smtp_client_get_state (self) != SMTP_CLIENT_STATE_NEW)
    {
      request.kind = SMTP_OPERATION_COMMAND;
      request.command = SMTP_COMMAND_EHLO;
    }

  return request;
}

/**
 * smtp_client_hello:
 * @self: a client
 * @name: a domain or an address literal
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Introduces the client by a name of one's own.
 *
 * On a client that is not open yet this opens it under that name, as
 * [method@Client.open] does. On an open one it sends another `EHLO`
 * (RFC 5321 §4.1.4), which must come before any other command.
 *
 * Errors: those of [method@Client.open]; `INVALID_ARGUMENT` for a name that is
 * neither a domain nor an address literal (an underscore is not allowed);
 * `STATE` after another command.
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_hello (SmtpClient    *self,
                   const char    *name,
                   GCancellable  *cancellable,
                   GError       **error)
{
  SmtpRequest request;

  g_return_val_if_fail (SMTP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  request = hello_request (self, name);
  return smtp_operation_run (self, &request, cancellable, error);
}

/**
 * smtp_client_hello_async:
 * @self: a client
 * @name: a domain or an address literal
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Introduces the client by a name of one's own. See [method@Client.hello].
 *
 * Since: 1.0
 */
void
smtp_client_hello_async (SmtpClient          *self,
                         const char          *name,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  SmtpRequest request;

  g_return_if_fail (SMTP_IS_CLIENT (self));
  g_return_if_fail (name != NULL);

  request = hello_request (self, name);
  start (self, &request, smtp_client_hello_async, NULL, cancellable, callback, user_data);
}

/**
 * smtp_client_hello_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Client.hello_async].
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_hello_finish (SmtpClient    *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (is_result (self, result, smtp_client_hello_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- start_tls ------------------------------------------------------------ */

/**
 * smtp_client_start_tls:
 * @self: a client
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Secures an open connection by `STARTTLS` (RFC 3207).
 *
 * The server's certificate must be for [property@Client:server-name] and
 * verify against [property@Client:tls-database], or be accepted by
 * [signal@Client::accept-certificate]. Afterwards `EHLO` is sent again: what the
 * server offered before is forgotten. Anything the server sent in clear text
 * behind its reply is an error (`PROTOCOL`).
 *
 * [property@Client:security] usually takes care of this in
 * [method@Client.open].
 *
 * Errors: `NOT_SUPPORTED` when the server does not offer it; `STATE` when TLS
 * stands already; `REFUSED_TEMPORARY` or `REFUSED_PERMANENT`, which leave the
 * connection in clear text and open; those of TLS, which end it.
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_start_tls (SmtpClient    *self,
                       GCancellable  *cancellable,
                       GError       **error)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_STARTTLS,
  };

  g_return_val_if_fail (SMTP_IS_CLIENT (self), FALSE);

  return smtp_operation_run (self, &request, cancellable, error);
}

/**
 * smtp_client_start_tls_async:
 * @self: a client
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Secures an open connection. See [method@Client.start_tls].
 *
 * Since: 1.0
 */
void
smtp_client_start_tls_async (SmtpClient          *self,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_STARTTLS,
  };

  g_return_if_fail (SMTP_IS_CLIENT (self));

  start (self, &request, smtp_client_start_tls_async, NULL, cancellable, callback, user_data);
}

/**
 * smtp_client_start_tls_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Client.start_tls_async].
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_start_tls_finish (SmtpClient    *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  g_return_val_if_fail (is_result (self, result, smtp_client_start_tls_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- authenticate --------------------------------------------------------- */

/**
 * smtp_client_authenticate:
 * @self: a client
 * @auth: a mechanism
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Authenticates by `AUTH` (RFC 4954).
 *
 * A failure ends the connection, so that nothing is sent unauthenticated by
 * mistake, unless [property@Client:stay-open-after-refusal] is set. When the
 * mechanism gives up in the middle, the exchange is cancelled by `*`. After a
 * refusal the mechanism is asked whether to begin anew ([vfunc@Auth.retry]).
 *
 * Behind a success goes `EHLO` once more, as servers may offer more to those
 * whom they know: [property@Client:capabilities] are the new ones then. Where
 * the server refuses it, those from before stand.
 *
 * Errors: `AUTH_UNAVAILABLE` when the server offers no authentication (nothing
 * is written then, and the connection stays open) or not this mechanism;
 * `AUTH_REJECTED` for wrong credentials; `AUTH_TEMPORARY` when the server cannot
 * say now; `TLS_REQUIRED` when a password would travel in clear text; what the
 * mechanism reports; `STATE` when already authenticated or within a
 * transaction. A connection lost in the middle is an error of `G_IO_ERROR`: it
 * says nothing about the password.
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_authenticate (SmtpClient    *self,
                          SmtpAuth      *auth,
                          GCancellable  *cancellable,
                          GError       **error)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_AUTHENTICATE, .auth = auth,
  };

  g_return_val_if_fail (SMTP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (SMTP_IS_AUTH (auth), FALSE);

  return smtp_operation_run (self, &request, cancellable, error);
}

/**
 * smtp_client_authenticate_async:
 * @self: a client
 * @auth: a mechanism
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Authenticates. See [method@Client.authenticate].
 *
 * Since: 1.0
 */
void
smtp_client_authenticate_async (SmtpClient          *self,
                                SmtpAuth            *auth,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_AUTHENTICATE, .auth = auth,
  };

  g_return_if_fail (SMTP_IS_CLIENT (self));
  g_return_if_fail (SMTP_IS_AUTH (auth));

  start (self, &request, smtp_client_authenticate_async, NULL, cancellable, callback, user_data);
}

/**
 * smtp_client_authenticate_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Client.authenticate_async].
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_authenticate_finish (SmtpClient    *self,
                                 GAsyncResult  *result,
                                 GError       **error)
{
  g_return_val_if_fail (is_result (self, result, smtp_client_authenticate_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- mail ----------------------------------------------------------------- */

/**
 * smtp_client_mail:
 * @self: a client
 * @sender: the sender's address, empty for none (a bounce)
 * @params: (nullable) (array zero-terminated=1): parameters of the form
 *   `KEYWORD` or `KEYWORD=VALUE`
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Begins a message by `MAIL` (RFC 5321 §4.1.1.2).
 *
 * `BODY=8BITMIME` (RFC 6152) is added when the server offers it and @params has
 * no `BODY`; `SMTPUTF8` (RFC 6531) when the sender's address is not ASCII.
 *
 * Errors: `INVALID_ARGUMENT` for a malformed address or parameter;
 * `NOT_SUPPORTED` when an extension that is needed is not offered; `STATE`
 * within a transaction; `REFUSED_TEMPORARY` or `REFUSED_PERMANENT`.
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_mail (SmtpClient          *self,
                  const char          *sender,
                  const char * const  *params,
                  GCancellable        *cancellable,
                  GError             **error)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_MAIL,
    .argument = sender,
    .params = params,
  };

  g_return_val_if_fail (SMTP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (sender != NULL, FALSE);

  return smtp_operation_run (self, &request, cancellable, error);
}

/**
 * smtp_client_mail_async:
 * @self: a client
 * @sender: the sender's address, empty for none (a bounce)
 * @params: (nullable) (array zero-terminated=1): parameters of the form
 *   `KEYWORD` or `KEYWORD=VALUE`
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Begins a message. See [method@Client.mail].
 *
 * Since: 1.0
 */
void
smtp_client_mail_async (SmtpClient          *self,
                        const char          *sender,
                        const char * const  *params,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_MAIL,
    .argument = sender,
    .params = params,
  };

  g_return_if_fail (SMTP_IS_CLIENT (self));
  g_return_if_fail (sender != NULL);

  start (self, &request, smtp_client_mail_async, NULL, cancellable, callback, user_data);
}

/**
 * smtp_client_mail_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Client.mail_async].
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_mail_finish (SmtpClient    *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (is_result (self, result, smtp_client_mail_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- rcpt ----------------------------------------------------------------- */

/**
 * smtp_client_rcpt:
 * @self: a client
 * @recipient: a recipient's address, or `Postmaster`
 * @params: (nullable) (array zero-terminated=1): parameters of the form
 *   `KEYWORD` or `KEYWORD=VALUE`
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Adds a recipient by `RCPT` (RFC 5321 §4.1.1.3).
 *
 * A refused recipient leaves the others as they are.
 *
 * Errors: `INVALID_ARGUMENT` for a malformed address or parameter;
 * `NOT_SUPPORTED` for an address that is not ASCII in a transaction without
 * `SMTPUTF8`; `STATE` before [method@Client.mail]; `REFUSED_TEMPORARY` or
 * `REFUSED_PERMANENT`.
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_rcpt (SmtpClient          *self,
                  const char          *recipient,
                  const char * const  *params,
                  GCancellable        *cancellable,
                  GError             **error)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_RCPT,
    .argument = recipient,
    .params = params,
  };

  g_return_val_if_fail (SMTP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (recipient != NULL, FALSE);

  return smtp_operation_run (self, &request, cancellable, error);
}

/**
 * smtp_client_rcpt_async:
 * @self: a client
 * @recipient: a recipient's address, or `Postmaster`
 * @params: (nullable) (array zero-terminated=1): parameters of the form
 *   `KEYWORD` or `KEYWORD=VALUE`
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Adds a recipient. See [method@Client.rcpt].
 *
 * Since: 1.0
 */
void
smtp_client_rcpt_async (SmtpClient          *self,
                        const char          *recipient,
                        const char * const  *params,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_RCPT,
    .argument = recipient,
    .params = params,
  };

  g_return_if_fail (SMTP_IS_CLIENT (self));
  g_return_if_fail (recipient != NULL);

  start (self, &request, smtp_client_rcpt_async, NULL, cancellable, callback, user_data);
}

/**
 * smtp_client_rcpt_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Client.rcpt_async].
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_rcpt_finish (SmtpClient    *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (is_result (self, result, smtp_client_rcpt_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- data ----------------------------------------------------------------- */

/**
 * smtp_client_data:
 * @self: a client
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Begins the content by `DATA` (RFC 5321 §4.1.1.4).
 *
 * The content is written to the stream, header and body as they are: lines are
 * sent ended by CRLF whatever ends them here, dots are taken care of, and a last
 * line without an end gets one. Nothing else is changed.
 *
 * **Closing the stream sends the message.** [method@Gio.OutputStream.close]
 * succeeds when the server has accepted it, and otherwise fails with the
 * server's verdict: `REFUSED_TEMPORARY`, `REFUSED_PERMANENT`, or
 * `OUTCOME_UNKNOWN` when the connection ended before the verdict. Anything but
 * such a close after writes without an error drops the connection, and the
 * message is not delivered: disposing of the stream, a failed write or splice, a
 * cancelled close.
 *
 * A server that has had enough in the middle of the content is noticed at once:
 * the write fails with its reply, and the connection ends.
 *
 * The stream keeps the client alive. Until it is closed, other operations of
 * the client fail with `STATE`.
 *
 * Errors: `STATE` before a recipient was accepted; `REFUSED_TEMPORARY` or
 * `REFUSED_PERMANENT`.
 *
 * Returns: (transfer full): a stream to write the content to, or %NULL with
 *   @error set
 *
 * Since: 1.0
 */
GOutputStream *
smtp_client_data (SmtpClient    *self,
                  GCancellable  *cancellable,
                  GError       **error)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_DATA,
  };

  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);

  if (!smtp_operation_run (self, &request, cancellable, error))
    return NULL;

  return smtp_data_stream_new (self);
}

/**
 * smtp_client_data_async:
 * @self: a client
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Begins the content. See [method@Client.data].
 *
 * Since: 1.0
 */
void
smtp_client_data_async (SmtpClient          *self,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_DATA,
  };

  g_return_if_fail (SMTP_IS_CLIENT (self));

  start (self, &request, smtp_client_data_async, return_stream, cancellable, callback, user_data);
}

/**
 * smtp_client_data_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Client.data_async].
 *
 * Returns: (transfer full): a stream to write the content to, or %NULL with
 *   @error set
 *
 * Since: 1.0
 */
GOutputStream *
smtp_client_data_finish (SmtpClient    *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (is_result (self, result, smtp_client_data_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- reset ---------------------------------------------------------------- */

/**
 * smtp_client_reset:
 * @self: a client
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Gives up a message that was begun, by `RSET` (RFC 5321 §4.1.1.5).
 *
 * The connection is ready for the next one afterwards.
 *
 * Errors: `STATE` while content is sent; `REFUSED_TEMPORARY` or
 * `REFUSED_PERMANENT`.
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_reset (SmtpClient    *self,
                   GCancellable  *cancellable,
                   GError       **error)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_RSET,
  };

  g_return_val_if_fail (SMTP_IS_CLIENT (self), FALSE);

  return smtp_operation_run (self, &request, cancellable, error);
}

/**
 * smtp_client_reset_async:
 * @self: a client
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Gives up a message that was begun. See [method@Client.reset].
 *
 * Since: 1.0
 */
void
smtp_client_reset_async (SmtpClient          *self,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_RSET,
  };

  g_return_if_fail (SMTP_IS_CLIENT (self));

  start (self, &request, smtp_client_reset_async, NULL, cancellable, callback, user_data);
}

/**
 * smtp_client_reset_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Client.reset_async].
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_reset_finish (SmtpClient    *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (is_result (self, result, smtp_client_reset_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- send ----------------------------------------------------------------- */

/**
 * smtp_client_send:
 * @self: a client
 * @message: what to send
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends a message: its envelope, its content, and waits for the verdict.
 *
 * It takes as few round trips as the server's extensions allow: one with
 * CHUNKING and PIPELINING for a content of up to 64 KiB, two for a larger one
 * or with PIPELINING alone. A connection can be used for any number of
 * messages.
 *
 * Success means that the server has taken the message for at least one
 * recipient, and with %SMTP_RECIPIENTS_ALL for every one:
 * [property@Message:outcome] is %SMTP_OUTCOME_ACCEPTED or
 * %SMTP_OUTCOME_PARTIAL. What it said to each is with the recipients.
 *
 * Errors before anything is sent: `INVALID_ARGUMENT` for what cannot go onto
 * the wire, a line of more than 998 octets included; `NOT_SUPPORTED` for what
 * the server does not offer, or a message larger than it takes; `TLS_REQUIRED`
 * for [property@Message:require-tls] without verified TLS; `STATE` when the
 * client is not open or in the middle of a transaction; `G_IO_ERROR_PENDING`
 * when another operation runs, or the message is being sent already; what
 * reading the content failed with.
 *
 * Errors by the server: `REFUSED_TEMPORARY` and `REFUSED_PERMANENT` when it
 * refused the message, with the outcome %SMTP_OUTCOME_REJECTED; the connection
 * can be used further, unless the refusal came while the content was being
 * sent. `SERVICE_CLOSED` for a reply of 421.
 *
 * When all of the content was handed over and the connection ends without a
 * verdict, by whatever cause, cancellation included, the error is
 * `OUTCOME_UNKNOWN` and the outcome %SMTP_OUTCOME_UNKNOWN.
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_send (SmtpClient    *self,
                  SmtpMessage   *message,
                  GCancellable  *cancellable,
                  GError       **error)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (SMTP_IS_MESSAGE (message), FALSE);

  return smtp_operation_send (self, message, cancellable, error);
}

/**
 * smtp_client_send_async:
 * @self: a client
 * @message: what to send
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Sends a message. See [method@Client.send].
 *
 * It may be called again before the first message is through: messages are
 * sent in the order of the calls, each reports on its own. To cancel one that
 * waits takes it out of the queue; to cancel one that travels ends the
 * connection. Then those behind fail with %SMTP_CLIENT_ERROR_BROKEN, or have an
 * unknown outcome if all of their content was on its way.
 *
 * Since: 1.0
 */
void
smtp_client_send_async (SmtpClient          *self,
                        SmtpMessage         *message,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (SMTP_IS_CLIENT (self));
  g_return_if_fail (SMTP_IS_MESSAGE (message));

  task = create_task (self, smtp_client_send_async, cancellable, callback, user_data);
  smtp_operation_send_async (self, message, task);
}

/**
 * smtp_client_send_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Client.send_async].
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_send_finish (SmtpClient    *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (is_result (self, result, smtp_client_send_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- verify --------------------------------------------------------------- */

/**
 * smtp_client_verify:
 * @self: a client
 * @address: an address or a user name
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Asks whether an address exists, by `VRFY` (RFC 5321 §4.1.1.6).
 *
 * Most servers answer 252 whatever they know: they will not say, but take a
 * message for it.
 *
 * Errors: `INVALID_ARGUMENT` for an empty argument or one with control
 * characters; `REFUSED_TEMPORARY` or `REFUSED_PERMANENT` when the address is not
 * known, or the command is not offered.
 *
 * Returns: (transfer full): the reply, or %NULL with @error set
 *
 * Since: 1.0
 */
SmtpReply *
smtp_client_verify (SmtpClient    *self,
                    const char    *address,
                    GCancellable  *cancellable,
                    GError       **error)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_VRFY,
    .argument = address,
  };

  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);
  g_return_val_if_fail (address != NULL, NULL);

  return run_for_reply (self, &request, cancellable, error);
}

/**
 * smtp_client_verify_async:
 * @self: a client
 * @address: an address or a user name
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Asks whether an address exists. See [method@Client.verify].
 *
 * Since: 1.0
 */
void
smtp_client_verify_async (SmtpClient          *self,
                          const char          *address,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_VRFY,
    .argument = address,
  };

  g_return_if_fail (SMTP_IS_CLIENT (self));
  g_return_if_fail (address != NULL);

  start (self, &request, smtp_client_verify_async, return_reply, cancellable, callback, user_data);
}

/**
 * smtp_client_verify_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Client.verify_async].
 *
 * Returns: (transfer full): the reply, or %NULL with @error set
 *
 * Since: 1.0
 */
SmtpReply *
smtp_client_verify_finish (SmtpClient    *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (is_result (self, result, smtp_client_verify_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- expand --------------------------------------------------------------- */

/**
 * smtp_client_expand:
 * @self: a client
 * @list: the name of a mailing list
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Asks for the members of a mailing list, by `EXPN`
 * (RFC 5321 §4.1.1.7). Each line of the reply is one.
 *
 * Errors: `INVALID_ARGUMENT` for an empty argument or one with control
 * characters; `REFUSED_TEMPORARY` or `REFUSED_PERMANENT`.
 *
 * Returns: (transfer full): the reply, or %NULL with @error set
 *
 * Since: 1.0
 */
SmtpReply *
smtp_client_expand (SmtpClient    *self,
                    const char    *list,
                    GCancellable  *cancellable,
                    GError       **error)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_EXPN,
    .argument = list,
  };

  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);
  g_return_val_if_fail (list != NULL, NULL);

  return run_for_reply (self, &request, cancellable, error);
}

/**
 * smtp_client_expand_async:
 * @self: a client
 * @list: the name of a mailing list
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Asks for the members of a mailing list. See [method@Client.expand].
 *
 * Since: 1.0
 */
void
smtp_client_expand_async (SmtpClient          *self,
                          const char          *list,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_EXPN,
    .argument = list,
  };

  g_return_if_fail (SMTP_IS_CLIENT (self));
  g_return_if_fail (list != NULL);

  start (self, &request, smtp_client_expand_async, return_reply, cancellable, callback, user_data);
}

/**
 * smtp_client_expand_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Client.expand_async].
 *
 * Returns: (transfer full): the reply, or %NULL with @error set
 *
 * Since: 1.0
 */
SmtpReply *
smtp_client_expand_finish (SmtpClient    *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (is_result (self, result, smtp_client_expand_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- help ----------------------------------------------------------------- */

/**
 * smtp_client_help:
 * @self: a client
 * @topic: (nullable): what to ask about, %NULL for help at large
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Asks the server for help, by `HELP` (RFC 5321 §4.1.1.8).
 *
 * Errors: `INVALID_ARGUMENT` for an empty argument or one with control
 * characters; `REFUSED_TEMPORARY` or `REFUSED_PERMANENT`.
 *
 * Returns: (transfer full): the reply, or %NULL with @error set
 *
 * Since: 1.0
 */
SmtpReply *
smtp_client_help (SmtpClient    *self,
                  const char    *topic,
                  GCancellable  *cancellable,
                  GError       **error)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_HELP,
    .argument = topic,
  };

  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);

  return run_for_reply (self, &request, cancellable, error);
}

/**
 * smtp_client_help_async:
 * @self: a client
 * @topic: (nullable): what to ask about, %NULL for help at large
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Asks the server for help. See [method@Client.help].
 *
 * Since: 1.0
 */
void
smtp_client_help_async (SmtpClient          *self,
                        const char          *topic,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_HELP,
    .argument = topic,
  };

  g_return_if_fail (SMTP_IS_CLIENT (self));

  start (self, &request, smtp_client_help_async, return_reply, cancellable, callback, user_data);
}

/**
 * smtp_client_help_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Client.help_async].
 *
 * Returns: (transfer full): the reply, or %NULL with @error set
 *
 * Since: 1.0
 */
SmtpReply *
smtp_client_help_finish (SmtpClient    *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (is_result (self, result, smtp_client_help_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- noop ----------------------------------------------------------------- */

/**
 * smtp_client_noop:
 * @self: a client
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Does nothing, by `NOOP` (RFC 5321 §4.1.1.9): finds out whether the
 * connection still stands.
 *
 * Errors: `STATE` while content is sent; `REFUSED_TEMPORARY` or
 * `REFUSED_PERMANENT`.
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_noop (SmtpClient    *self,
                  GCancellable  *cancellable,
                  GError       **error)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_NOOP,
  };

  g_return_val_if_fail (SMTP_IS_CLIENT (self), FALSE);

  return smtp_operation_run (self, &request, cancellable, error);
}

/**
 * smtp_client_noop_async:
 * @self: a client
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Does nothing. See [method@Client.noop].
 *
 * Since: 1.0
 */
void
smtp_client_noop_async (SmtpClient          *self,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_NOOP,
  };

  g_return_if_fail (SMTP_IS_CLIENT (self));

  start (self, &request, smtp_client_noop_async, NULL, cancellable, callback, user_data);
}

/**
 * smtp_client_noop_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Client.noop_async].
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_noop_finish (SmtpClient    *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (is_result (self, result, smtp_client_noop_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- command -------------------------------------------------------------- */

/**
 * smtp_client_command:
 * @self: a client
 * @line: a command with its arguments, without CRLF
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends a command of one's own.
 *
 * Any reply from 200 to 299 and from 400 is a result here, refusals included;
 * only 421 is an error (`SERVICE_CLOSED`), and an intermediate reply (3xx), as
 * nobody knows what the server waits for then (`PROTOCOL`).
 *
 * Commands that change the session have operations of their own and are refused
 * here: `EHLO`, `HELO`, `LHLO`, `STARTTLS`, `AUTH`, `MAIL`, `RCPT`, `DATA`,
 * `BDAT`, `RSET`, `QUIT`.
 *
 * Errors: `INVALID_ARGUMENT` for one of those, an empty line, or control
 * characters; `STATE` while content is sent.
 *
 * Returns: (transfer full): the reply, or %NULL with @error set
 *
 * Since: 1.0
 */
SmtpReply *
smtp_client_command (SmtpClient    *self,
                     const char    *line,
                     GCancellable  *cancellable,
                     GError       **error)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_OTHER,
    .argument = line,
  };

  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);
  g_return_val_if_fail (line != NULL, NULL);

  return run_for_reply (self, &request, cancellable, error);
}

/**
 * smtp_client_command_async:
 * @self: a client
 * @line: a command with its arguments, without CRLF
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Sends a command of one's own. See [method@Client.command].
 *
 * Since: 1.0
 */
void
smtp_client_command_async (SmtpClient          *self,
                           const char          *line,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_OTHER,
    .argument = line,
  };

  g_return_if_fail (SMTP_IS_CLIENT (self));
  g_return_if_fail (line != NULL);

  start (self, &request, smtp_client_command_async, return_reply, cancellable, callback, user_data);
}

/**
 * smtp_client_command_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Client.command_async].
 *
 * Returns: (transfer full): the reply, or %NULL with @error set
 *
 * Since: 1.0
 */
SmtpReply *
smtp_client_command_finish (SmtpClient    *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  g_return_val_if_fail (is_result (self, result, smtp_client_command_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- quit ----------------------------------------------------------------- */

/**
 * smtp_client_quit:
 * @self: a client
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Ends the session by `QUIT` (RFC 5321 §4.1.1.10) and closes the
 * connection.
 *
 * Whatever the server answers, and if it just closes or does not answer for two
 * seconds, the session has ended in good order.
 *
 * Errors: `STATE` while content is sent; a failing connection.
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_quit (SmtpClient    *self,
                  GCancellable  *cancellable,
                  GError       **error)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_QUIT,
  };

  g_return_val_if_fail (SMTP_IS_CLIENT (self), FALSE);

  return smtp_operation_run (self, &request, cancellable, error);
}

/**
 * smtp_client_quit_async:
 * @self: a client
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Ends the session. See [method@Client.quit].
 *
 * Since: 1.0
 */
void
smtp_client_quit_async (SmtpClient          *self,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  const SmtpRequest request = {
    .kind = SMTP_OPERATION_COMMAND, .command = SMTP_COMMAND_QUIT,
  };

  g_return_if_fail (SMTP_IS_CLIENT (self));

  start (self, &request, smtp_client_quit_async, NULL, cancellable, callback, user_data);
}

/**
 * smtp_client_quit_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Client.quit_async].
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
smtp_client_quit_finish (SmtpClient    *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (is_result (self, result, smtp_client_quit_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
