/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-operation.h"

#include <glib/gi18n-lib.h>

#include "smtp-argument.h"
#include "smtp-client-private.h"
#include "smtp-connector.h"
#include "smtp-error.h"
#include "smtp-guard.h"
#include "smtp-message-private.h"
#include "smtp-secret-memory.h"
#include "smtp-sender.h"
#include "smtp-transaction.h"

/* The stages, in their order:
 *
 *   CONNECT → RUN                      open
 *   PREPARE → START_AUTH → RUN         authenticate; back to PREPARE when the
 *                                      mechanism begins anew after a failure
 *   RUN                                everything else
 *
 * Messages as a whole are sent by one operation for as long as there are any:
 * it is over when its sender is empty, and returns their tasks one by one.
 *
 * RUN goes back and forth with a TLS handshake or an answer of the mechanism,
 * which may take its time, as the engine wants; CLOSE follows when the
 * connection has ended.
 *
 * A step that takes time of its own ("slow") is begun, sets self->slow, and
 * ends by slow_done(), from which the operation goes on. */
typedef enum
{
  STAGE_CONNECT,
  STAGE_PREPARE,
  STAGE_START_AUTH,
  STAGE_RUN,
  STAGE_CLOSE,
  STAGE_OVER,
} Stage;

struct _SmtpOperation
{
  SmtpClient           *client;
  GCancellable         *cancellable;
  gboolean              async;
  GTask                *task;     /* what is returned; NULL when synchronous or sending */
  SmtpOperationSuccess  on_success;
  SmtpOperationKind     kind;
  Stage                 stage;
  gboolean              paused;   /* until on_ready() */
  GSource              *resuming; /* to call that */
  SmtpSender           *sender;   /* NULL but for messages as a whole */
  gboolean              advancing;

  SmtpGuard            *guard;    /* bounds the slow step */
  gboolean              slow;
  GTlsConnection       *tls;      /* while its handshake goes on */
  GMainContext         *owned;    /* acquired for the handshake */

  SmtpAuth             *auth;
  SmtpServerInfo       *server;
  GTask                *preparing;
  gboolean              answer_ready; /* the challenge may be answered now */
  guint                 retries;

  GTask                *result;   /* of the last message … */
  GError               *error;    /* … and what it failed for */

  const char           *content;
  gsize                 length;
};

/* ---- slow steps ----------------------------------------------------------- */

static void operation_advance (SmtpOperation *self);

static GCancellable *
slow_begin (SmtpOperation *self,
            GCancellable  *cancellable,
            GSourceFunc    on_abort)
{
  self->slow = TRUE;
  self->guard = smtp_guard_new (cancellable, self->client->timeout, on_abort, self);
  return smtp_guard_get_cancellable (self->guard);
}

/* Ends the step: with an error the connection, too. Takes the error. */
static void
slow_end (SmtpOperation *self,
          GError        *error)
{
  SmtpClient *client = self->client;

  if (error != NULL && smtp_guard_timed_out (self->guard))
    {
      g_clear_error (&error);
      error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("the server did not answer in time"));
    }
  g_clear_pointer (&self->guard, smtp_guard_free);
  self->slow = FALSE;

  if (error != NULL)
    {
      g_prefix_error (&error, "%s: ", client->server_name);
      smtp_engine_fail (client->engine, error);
    }
}

/* The same from a callback, where the operation goes on. */
static void
slow_done (SmtpOperation *self,
           GError        *error)
{
  slow_end (self, error);
  if (self->async)
    operation_advance (self);
}

/* Cancelled attempts of happy eyeballs hold sockets until their last source
 * has been dispatched. */
static void
drain_context (GMainContext *context)
{
  while (g_main_context_pending (context))
    g_main_context_iteration (context, FALSE);
}

typedef void (*SlowStep) (SmtpOperation *self);

/* A context costs a descriptor and 20 µs, so a thread keeps the one that its
 * synchronous calls wait in. A call that a callback makes within another has
 * one of its own. */
static GPrivate kept_context = G_PRIVATE_INIT ((GDestroyNotify) g_main_context_unref);

static GMainContext *
take_context (void)
{
  GMainContext *context = g_private_get (&kept_context);

  if (context == NULL)
    return g_main_context_new ();

  g_private_set (&kept_context, NULL);
  return context;
}

static void
give_context_back (GMainContext *context)
{
  g_private_replace (&kept_context, context);
}

static void
take_slow_step (SmtpOperation *self,
                SlowStep       step)
{
  GMainContext *context;

  if (self->async)
    {
      step (self);
      return;
    }

  context = take_context ();
  g_main_context_push_thread_default (context);
  step (self);
  while (self->slow)
    g_main_context_iteration (context, TRUE);
  drain_context (context);
  g_main_context_pop_thread_default (context);
  give_context_back (context);
}

/* ---- connecting ----------------------------------------------------------- */

static void
on_connected (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  SmtpOperation *self = user_data;
  g_autoptr (GIOStream) stream = NULL;
  GError *error = NULL;
  gboolean via_proxy;

  stream = smtp_connector_connect_finish (result, &via_proxy, &error);
  self->stage = STAGE_RUN;
  if (stream != NULL && smtp_client_adopt_stream (self->client, stream, via_proxy, &error))
    smtp_client_enter (self->client, &error);
  slow_done (self, error);
}

static void
begin_connect (SmtpOperation *self)
{
  SmtpClient *client = self->client;

  smtp_connector_connect_async (client->host, client->port, client->proxy_resolver,
                                slow_begin (self, self->cancellable, NULL), on_connected, self);
}

static void
step_connect (SmtpOperation *self)
{
  SmtpClient *client = self->client;
  GError *error = NULL;

  if (client->stream == NULL)
    {
      take_slow_step (self, begin_connect);
      return;
    }

  self->stage = STAGE_RUN;
  if (!smtp_client_adopt_stream (client, client->stream, FALSE, &error) ||
      !smtp_client_enter (client, &error))
    smtp_engine_fail (client->engine, error);
}

/* ---- TLS ------------------------------------------------------------------ */

static void
release_owned_context (SmtpOperation *self)
{
  if (self->owned != NULL)
    g_main_context_release (self->owned);
  g_clear_pointer (&self->owned, g_main_context_unref);
}

static void
on_handshake (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  SmtpOperation *self = user_data;
  SmtpClient *client = self->client;
  g_autoptr (GTlsConnection) tls = g_steal_pointer (&self->tls);
  GError *error = NULL;

  release_owned_context (self);
  if (g_tls_connection_handshake_finish (tls, result, &error) &&
      smtp_client_certificate_stands (client, tls, &error) &&
      smtp_connection_set_tls (client->connection, tls) &&
      smtp_engine_next (client->engine) == SMTP_ENGINE_TLS)
    {
      smtp_engine_tls_done (client->engine);
      smtp_client_tls_established (client);
    }
  slow_done (self, error);
}

/* Without an owner of the context, accept-certificate would be emitted in a
 * worker's thread. */
static void
own_context (SmtpOperation *self)
{
  GMainContext *context = g_main_context_ref_thread_default ();

  if (g_main_context_acquire (context))
    self->owned = context;
  else
    g_main_context_unref (context);
}

static void
begin_handshake (SmtpOperation *self)
{
  GCancellable *cancellable = slow_begin (self, self->cancellable, NULL);
  GError *error = NULL;

  self->client->asked = FALSE;
  self->tls = smtp_client_create_tls (self->client, &error);
  if (self->tls == NULL)
    {
      slow_end (self, error);
      return;
    }

  own_context (self);
  g_tls_connection_handshake_async (self->tls, G_PRIORITY_DEFAULT, cancellable, on_handshake, self);
}

/* ---- authentication ------------------------------------------------------- */

/* The mechanism is asked between two steps; its code may do anything, closing
 * the client included. */
static gboolean
auth_goes_on (SmtpOperation *self)
{
  return smtp_engine_next (self->client->engine) == SMTP_ENGINE_AUTH;
}

static void
answer_challenge (SmtpOperation *self)
{
  SmtpEngine *engine = self->client->engine;
  g_autoptr (GBytes) response = NULL;
  g_autoptr (GBytes) challenge = NULL;
  GError *error = NULL;
  gboolean more;

  self->answer_ready = FALSE;
  challenge = g_bytes_ref (smtp_engine_get_challenge (engine, &more));
  smtp_auth_next (self->auth, challenge, more, &response, &error);
  if (!auth_goes_on (self))
    g_clear_error (&error);
  else if (error != NULL)
    smtp_engine_auth_abort (engine, error);
  else if (!more)
    smtp_engine_auth_confirm (engine);
  else
    {
      if (response == NULL)
        response = g_bytes_new_static ("", 0);
      smtp_engine_auth_respond (engine, response);
    }
}

/* More mechanisms than there are, and more questions for a token than anybody
 * answers. */
#define MAX_RETRIES 32

/* The mechanism's code may do anything here, too. */
static gboolean
begins_anew (SmtpOperation *self,
             const GError  *failure)
{
  g_autoptr (GError) copy = g_error_copy (failure);

  return !g_cancellable_is_cancelled (self->cancellable) && self->retries++ < MAX_RETRIES &&
         smtp_auth_retry (self->auth, self->server, copy);
}

/* The exchange did not begin. Takes the error. */
static void
exchange_failed (SmtpOperation *self,
                 GError        *error)
{
  if (begins_anew (self, error))
    {
      g_error_free (error);
      self->stage = STAGE_PREPARE;
    }
  else
    smtp_engine_auth_refuse (self->client->engine, error);
}

/* The exchange ended by a refusal. */
static void
exchange_refused (SmtpOperation *self)
{
  SmtpEngine *engine = self->client->engine;
  gboolean anew = begins_anew (self, smtp_engine_get_auth_refusal (engine));

  if (smtp_engine_get_auth_refusal (engine) == NULL)
    return;

  if (anew)
    {
      smtp_engine_auth_retry (engine);
      self->stage = STAGE_PREPARE;
    }
  else
    smtp_engine_auth_give_up (engine);
}

static void
step_start_auth (SmtpOperation *self)
{
  g_autofree char *mechanism = NULL;
  g_autoptr (GBytes) initial_response = NULL;
  GError *error = NULL;

  self->stage = STAGE_RUN;
  if (!smtp_auth_start (self->auth, self->server, &mechanism, &initial_response, &error) ||
      !smtp_engine_auth (self->client->engine, mechanism, initial_response, &error))
    exchange_failed (self, error);
}

/* The task that a mechanism prepares under may be returned after the
 * operation has ended by its deadline, or never: it leads back by this. */
typedef struct
{
  SmtpOperation *operation; /* NULL once it does not wait any more */
  void         (*prepared) (SmtpOperation *operation,
                            GError        *error);
} Preparation;

/* Takes the error. */
static void
end_preparation (SmtpOperation *self,
                 Preparation   *preparation,
                 GError        *error)
{
  preparation->operation = NULL;
  preparation->prepared (self, error);
  g_clear_object (&self->preparing);
  slow_done (self, NULL);
}

static void
on_prepared (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Preparation *preparation = g_task_get_task_data (G_TASK (result));
  GError *error = NULL;

  g_task_propagate_boolean (G_TASK (result), &error);
  if (preparation->operation != NULL)
    end_preparation (preparation->operation, preparation, error);
  else
    g_clear_error (&error);
}

static gboolean
on_preparation_aborted (gpointer user_data)
{
  SmtpOperation *self = user_data;
  GIOErrorEnum code = smtp_guard_timed_out (self->guard) ? G_IO_ERROR_TIMED_OUT : G_IO_ERROR_CANCELLED;

  end_preparation (self, g_task_get_task_data (self->preparing),
                   g_error_new (G_IO_ERROR, code, _("%s: the preparation of the authentication did not end"),
                                self->client->server_name));
  return G_SOURCE_REMOVE;
}

/* Returns the task, which the operation owns, for the mechanism to return. */
static GTask *
prepare_task (SmtpOperation *self,
              void         (*prepared) (SmtpOperation *operation,
                                        GError        *error))
{
  Preparation *preparation = g_new (Preparation, 1);
  GCancellable *cancellable = slow_begin (self, self->cancellable, on_preparation_aborted);

  preparation->operation = self;
  preparation->prepared = prepared;
  self->preparing = g_task_new (self->auth, cancellable, on_prepared, NULL);
  g_task_set_name (self->preparing, "[smtp-glib] prepare");
  g_task_set_source_tag (self->preparing, prepare_task);
  g_task_set_check_cancellable (self->preparing, FALSE);
  g_task_set_task_data (self->preparing, preparation, g_free);
  return self->preparing;
}

/* Takes the error. */
static void
exchange_prepared (SmtpOperation *self,
                   GError        *error)
{
  self->stage = error == NULL ? STAGE_START_AUTH : STAGE_RUN;
  if (error != NULL)
    exchange_failed (self, error);
}

static void
begin_preparation (SmtpOperation *self)
{
  if (self->server == NULL)
    self->server = smtp_client_describe_server (self->client);
  smtp_auth_prepare (self->auth, self->server, prepare_task (self, exchange_prepared));
}

/* Takes the error. */
static void
answer_prepared (SmtpOperation *self,
                 GError        *error)
{
  self->answer_ready = TRUE;
  if (error != NULL && auth_goes_on (self))
    smtp_engine_auth_abort (self->client->engine, error);
  else
    g_clear_error (&error);
}

static void
begin_answer (SmtpOperation *self)
{
  gboolean more;
  g_autoptr (GBytes) challenge = g_bytes_ref (smtp_engine_get_challenge (self->client->engine, &more));

  smtp_auth_prepare_next (self->auth, challenge, prepare_task (self, answer_prepared));
}

/* Most mechanisms answer at once, and are spared the way through a context. */
static void
step_answer (SmtpOperation *self)
{
  gboolean more;

  if (smtp_engine_get_auth_refusal (self->client->engine) != NULL)
    {
      exchange_refused (self);
      return;
    }

  smtp_engine_get_challenge (self->client->engine, &more);
  if (more && !self->answer_ready && SMTP_AUTH_GET_CLASS (self->auth)->prepare_next != NULL)
    take_slow_step (self, begin_answer);
  else
    answer_challenge (self);
}

/* ---- the end of the connection -------------------------------------------- */

static void
on_closed (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  SmtpOperation *self = user_data;

  /* Whether the server heard the goodbye does not matter any more. */
  g_io_stream_close_finish (G_IO_STREAM (source), result, NULL);
  smtp_connection_abort (self->client->connection);
  slow_done (self, NULL);
}

/* Closing with a cancelled cancellable would leave a TLS connection's socket
 * open for good: the goodbye is bounded by closing the stream below. */
static gboolean
on_close_aborted (gpointer user_data)
{
  SmtpOperation *self = user_data;

  smtp_connection_abort (self->client->connection);
  return G_SOURCE_REMOVE;
}

static void
begin_close (SmtpOperation *self)
{
  slow_begin (self, self->cancellable, on_close_aborted);
  g_io_stream_close_async (smtp_connection_get_stream (self->client->connection),
                           G_PRIORITY_DEFAULT, NULL, on_closed, self);
}

static void
step_close (SmtpOperation *self)
{
  SmtpClient *client = self->client;

  self->stage = STAGE_OVER;
  if (client->connection == NULL || client->closed)
    return;

  client->closed = TRUE;
  if (smtp_engine_get_state (client->engine) == SMTP_CLIENT_STATE_CLOSED &&
      smtp_connection_get_tls (client->connection) != NULL &&
      !smtp_connection_try_close (client->connection))
    take_slow_step (self, begin_close);
  else
    smtp_connection_abort (client->connection);
}

/* ---- the stages ----------------------------------------------------------- */

/* What was waited for has come. */
static void
on_ready (gpointer user_data)
{
  SmtpOperation *self = user_data;

  self->paused = FALSE;
  smtp_connection_stop_waiting (self->client->connection);
  if (!self->advancing)
    operation_advance (self);
}

static gboolean
on_resumed (gpointer user_data)
{
  SmtpOperation *self = user_data;

  g_clear_pointer (&self->resuming, g_source_unref);
  on_ready (self);
  return G_SOURCE_REMOVE;
}

/* What is waited for, a read of some content, may be long in coming. */
static void
resume_soon (SmtpOperation *self)
{
  if (self->resuming != NULL)
    return;

  self->resuming = g_idle_source_new ();
  g_source_set_priority (self->resuming, smtp_sender_get_priority (self->sender));
  g_source_set_static_name (self->resuming, "[smtp-glib] resume");
  g_source_set_callback (self->resuming, on_resumed, self, NULL);
  g_source_attach (self->resuming, smtp_sender_get_context (self->sender));
}

static void
wait_for_io (SmtpOperation *self,
             gboolean       patient)
{
  const SmtpConnectionWait wait = {
    .context = self->sender != NULL ? smtp_sender_get_context (self->sender) : g_task_get_context (self->task),
    .priority = self->sender != NULL ? smtp_sender_get_priority (self->sender) : g_task_get_priority (self->task),
    .cancellable = self->cancellable,
    .patient = patient,
    .on_ready = on_ready,
    .user_data = self,
  };

  self->paused = TRUE;
  smtp_connection_wait (self->client->connection, &wait);
}

static void
give_content (SmtpOperation *self)
{
  gsize taken;

  if (self->length == 0 || smtp_engine_get_state (self->client->engine) != SMTP_CLIENT_STATE_DATA)
    return;

  taken = smtp_engine_body (self->client->engine, self->content, self->length);
  self->content += taken;
  self->length -= taken;
}

static void
step_run (SmtpOperation *self)
{
  SmtpClient *client = self->client;

  give_content (self);
  switch (smtp_connection_run (client->connection, !self->async, self->cancellable))
    {
    case SMTP_RUN_WAIT:
      wait_for_io (self, FALSE);
      break;
    case SMTP_RUN_TLS:
      take_slow_step (self, begin_handshake);
      break;
    case SMTP_RUN_AUTH:
      step_answer (self);
      break;
    case SMTP_RUN_DONE:
      if (self->length == 0 || smtp_engine_next (client->engine) != SMTP_ENGINE_BODY)
        self->stage = STAGE_CLOSE;
      break;
    }
}

static gboolean
has_ended (SmtpClient *client)
{
  SmtpClientState state = smtp_engine_get_state (client->engine);

  return state == SMTP_CLIENT_STATE_BROKEN || state == SMTP_CLIENT_STATE_CLOSED;
}

/* ---- messages as a whole --------------------------------------------------- */

/* Content is awaited from its source. The server is listened to meanwhile: it
 * may have had enough. */
static void
wait_for_content (SmtpOperation *self)
{
  if (smtp_sender_feed (self->sender))
    return;

  smtp_connection_look (self->client->connection);
  if (smtp_engine_next (self->client->engine) == SMTP_ENGINE_BODY)
    wait_for_io (self, TRUE);
}

static void
send_on (SmtpOperation *self)
{
  switch (smtp_connection_run (self->client->connection, !self->async, self->cancellable))
    {
    case SMTP_RUN_WAIT:
      if (self->async)
        wait_for_io (self, FALSE);
      break;
    case SMTP_RUN_DONE:
      if (smtp_engine_next (self->client->engine) == SMTP_ENGINE_BODY)
        wait_for_content (self);
      break;
    default:
      g_return_if_reached ();
    }
}

static void return_result (GTask  *task,
                           GError *error);

/* Returns the tasks of messages that are over, while there are others: their
 * callers may do anything, sending more included. */
static void
return_finished (SmtpOperation *self)
{
  GTask *task;
  GError *error = NULL;

  while (self->result == NULL && smtp_sender_take (self->sender, &task, &error))
    {
      if (!self->async || smtp_sender_is_empty (self->sender))
        {
          /* The last is returned by the end of the operation. */
          self->result = task;
          self->error = g_steal_pointer (&error);
          return;
        }

      return_result (task, g_steal_pointer (&error));
    }
}

static void
step_send (SmtpOperation *self)
{
  smtp_sender_begin (self->sender);
  if (smtp_engine_next (self->client->engine) != SMTP_ENGINE_IDLE && !has_ended (self->client))
    send_on (self);
  smtp_sender_report (self->sender);
  return_finished (self);
  if (smtp_sender_is_empty (self->sender))
    {
      self->paused = FALSE;
      self->stage = STAGE_CLOSE;
    }
  else if (smtp_sender_is_reading (self->sender) &&
           (has_ended (self->client) || smtp_engine_next (self->client->engine) == SMTP_ENGINE_IDLE))
    self->paused = TRUE;
}

static void
operation_step (SmtpOperation *self)
{
  if (self->sender != NULL && self->stage == STAGE_RUN)
    {
      step_send (self);
      return;
    }

  if (has_ended (self->client) && self->stage < STAGE_CLOSE)
    self->stage = STAGE_CLOSE;

  switch (self->stage)
    {
    case STAGE_CONNECT:
      step_connect (self);
      break;
    case STAGE_PREPARE:
      take_slow_step (self, begin_preparation);
      break;
    case STAGE_START_AUTH:
      step_start_auth (self);
      break;
    case STAGE_RUN:
      step_run (self);
      break;
    case STAGE_CLOSE:
      if (has_ended (self->client))
        step_close (self);
      else
        self->stage = STAGE_OVER;
      break;
    case STAGE_OVER:
      break;
    }
}

static void operation_return (SmtpOperation *self);

/* Goes on until the operation is over, or waits for a source or a slow step. */
static void
operation_advance (SmtpOperation *self)
{
  self->advancing = TRUE;
  while (self->stage != STAGE_OVER && !self->slow && !self->paused)
    {
      operation_step (self);
      smtp_client_publish (self->client);
    }
  self->advancing = FALSE;
  if (self->kind == SMTP_OPERATION_AUTHENTICATE)
    smtp_secret_clear_traces ();

  if (self->stage == STAGE_OVER && !self->slow && self->async)
    operation_return (self);
}

/* ---- beginning and ending ------------------------------------------------- */

static void
operation_free (SmtpOperation *self)
{
  release_owned_context (self);
  if (self->resuming != NULL)
    g_source_destroy (self->resuming);
  g_clear_pointer (&self->resuming, g_source_unref);
  g_clear_pointer (&self->sender, smtp_sender_free);
  g_clear_object (&self->auth);
  g_clear_pointer (&self->server, smtp_server_info_unref);
  g_clear_object (&self->cancellable);
  g_object_unref (self->client);
  g_free (self);
}

static gboolean
check_content (SmtpClient *client,
               GError    **error)
{
  if (!smtp_engine_check_usable (client->engine, error))
    return FALSE;

  if (smtp_engine_next (client->engine) == SMTP_ENGINE_BODY || smtp_engine_next (client->engine) == SMTP_ENGINE_WRITE)
    return TRUE;

  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE,
               _("No content is being sent to %s"), client->server_name);
  return FALSE;
}

static gboolean
check_open (SmtpClient *client,
            const char *name,
            GError    **error)
{
  if (!smtp_engine_check_usable (client->engine, error))
    return FALSE;

  if (smtp_engine_get_state (client->engine) != SMTP_CLIENT_STATE_NEW)
    {
      g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE,
                   _("The connection to %s is open already"), client->server_name);
      return FALSE;
    }

  if (name == NULL)
    name = client->local_name;
  return name == NULL || smtp_check_ehlo_name (name, error);
}

static gboolean
begin_request (SmtpClient        *client,
               const SmtpRequest *request,
               Stage             *stage,
               GError           **error)
{
  *stage = STAGE_RUN;
  switch (request->kind)
    {
    case SMTP_OPERATION_OPEN:
      *stage = STAGE_CONNECT;
      if (!check_open (client, request->argument, error))
        return FALSE;
      if (request->argument != NULL)
        smtp_client_set_local_name (client, request->argument);
      smtp_engine_set_opening (client->engine);
      return TRUE;

    case SMTP_OPERATION_COMMAND:
      if (!smtp_engine_submit (client->engine, request->command, request->argument, request->params, error))
        return FALSE;
      if (request->command == SMTP_COMMAND_EHLO)
        smtp_client_set_local_name (client, request->argument);
      return TRUE;

    case SMTP_OPERATION_AUTHENTICATE:
      *stage = STAGE_PREPARE;
      if (!smtp_engine_check_auth (client->engine, NULL, error))
        return FALSE;
      smtp_engine_begin (client->engine);
      return TRUE;

    case SMTP_OPERATION_WRITE:
      return check_content (client, error);

    case SMTP_OPERATION_SEND:
      return smtp_engine_check_transaction (client->engine, FALSE, error);

    case SMTP_OPERATION_FLUSH:
      if (!check_content (client, error))
        return FALSE;
      smtp_engine_flush_body (client->engine);
      return TRUE;

    case SMTP_OPERATION_END:
      if (!check_content (client, error))
        return FALSE;
      smtp_engine_end_body (client->engine);
      return TRUE;

    default:
      g_return_val_if_reached (FALSE);
    }
}

static gboolean
check_idle (SmtpClient *client,
            GError    **error)
{
  if (client->operation == NULL)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
               _("Another operation on the connection to %s is running"), client->server_name);
  return FALSE;
}

static SmtpOperation *
operation_new (SmtpClient        *client,
               const SmtpRequest *request,
               GCancellable      *cancellable,
               GError           **error)
{
  SmtpOperation *self;
  Stage stage;

  if (!check_idle (client, error) || g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;

  smtp_client_prepare_log (client);
  if (!begin_request (client, request, &stage, error))
    return NULL;

  self = g_new0 (SmtpOperation, 1);
  self->client = g_object_ref (client);
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->kind = request->kind;
  self->stage = stage;
  self->auth = request->auth != NULL ? g_object_ref (request->auth) : NULL;
  self->content = request->content;
  self->length = request->length;
  client->operation = self;
  if (client->connection != NULL)
    smtp_connection_set_timeout (client->connection, client->timeout);
  return self;
}

/* Returns whether the operation succeeded. From here on the client is free for
 * the next one. */
static gboolean
operation_finish (SmtpOperation *self,
                  GError       **error)
{
  g_autoptr (SmtpClient) client = g_object_ref (self->client);

  client->operation = NULL;
  operation_free (self);
  return smtp_engine_finish (client->engine, error);
}

static void
return_result (GTask  *task,
               GError *error)
{
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
operation_return (SmtpOperation *self)
{
  g_autoptr (SmtpClient) client = g_object_ref (self->client);
  GTask *task = self->sender != NULL ? g_steal_pointer (&self->result) : g_steal_pointer (&self->task);
  SmtpOperationSuccess on_success = self->on_success;
  GError *error = g_steal_pointer (&self->error);
  gboolean sending = self->sender != NULL;

  /* A message has an error of its own. */
  operation_finish (self, sending ? NULL : &error);
  if (error == NULL && on_success != NULL)
    {
      on_success (client, task);
      g_object_unref (task);
    }
  else
    return_result (task, error);
}

/*< private >
 * Runs an operation to its end.
 */
gboolean
smtp_operation_run (SmtpClient        *client,
                    const SmtpRequest *request,
                    GCancellable      *cancellable,
                    GError           **error)
{
  SmtpOperation *self = operation_new (client, request, cancellable, error);

  if (self == NULL)
    return FALSE;

  operation_advance (self);
  return operation_finish (self, error);
}

/*< private >
 * Starts an operation that returns the task. The operation takes its own
 * reference.
 */
void
smtp_operation_start (SmtpClient           *client,
                      const SmtpRequest    *request,
                      GTask                *task,
                      SmtpOperationSuccess  on_success)
{
  GError *error = NULL;
  SmtpOperation *self = operation_new (client, request, g_task_get_cancellable (task), &error);

  /* Once a message is delivered, a cancellation must not hide it: what the
   * engine says is the result. */
  g_task_set_check_cancellable (task, FALSE);
  if (self == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  self->async = TRUE;
  self->task = g_object_ref (task);
  self->on_success = on_success;
  operation_advance (self);
}

static SmtpOperation *
send_operation_new (SmtpClient    *client,
                    GCancellable  *cancellable,
                    GError       **error)
{
  const SmtpRequest request = { .kind = SMTP_OPERATION_SEND };
  SmtpOperation *self = operation_new (client, &request, cancellable, error);

  if (self != NULL)
    self->sender = smtp_sender_new (client, on_ready, self);
  return self;
}

/*< private >
 * Sends a message. What became of it is told by the message, too.
 */
gboolean
smtp_operation_send (SmtpClient    *client,
                     SmtpMessage   *message,
                     GCancellable  *cancellable,
                     GError       **error)
{
  SmtpOperation *self;
  GError *failure;

  if (!smtp_message_begin (message, error))
    return FALSE;

  self = send_operation_new (client, cancellable, error);
  if (self == NULL)
    {
      smtp_message_finish (message, NULL);
      return FALSE;
    }

  smtp_sender_add (self->sender, message, NULL, cancellable);
  operation_advance (self);
  failure = g_steal_pointer (&self->error);
  operation_finish (self, NULL);
  if (failure == NULL)
    return TRUE;

  g_propagate_error (error, failure);
  return FALSE;
}

/* The operation that sends already, or a new one. */
static SmtpOperation *
join_sending (SmtpClient    *client,
              GCancellable  *cancellable,
              GError       **error)
{
  SmtpOperation *running = client->operation;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (running != NULL && running->sender != NULL && running->async && running->stage == STAGE_RUN)
    return running;

  return send_operation_new (client, NULL, error);
}

/*< private >
 * Sends a message behind those that are being sent.
 */
void
smtp_operation_send_async (SmtpClient  *client,
                           SmtpMessage *message,
                           GTask       *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  SmtpOperation *self;
  GError *error = NULL;

  g_task_set_check_cancellable (task, FALSE);
  if (!smtp_message_begin (message, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  self = join_sending (client, cancellable, &error);
  if (self == NULL)
    {
      smtp_message_finish (message, NULL);
      g_task_return_error (task, error);
      return;
    }

  self->async = TRUE;
  smtp_sender_add (self->sender, message, task, cancellable);
  on_ready (self);
}

/*< private >
 * Takes what content can be taken without waiting. WOULD_BLOCK when that is
 * none.
 */
gboolean
smtp_operation_try_content (SmtpClient  *client,
                            const char  *content,
                            gsize        length,
                            gsize       *taken,
                            GError     **error)
{
  *taken = 0;
  if (!check_idle (client, error) || !check_content (client, error))
    return FALSE;

  smtp_connection_begin (client->connection);
  if (smtp_connection_run (client->connection, FALSE, NULL) == SMTP_RUN_DONE &&
      smtp_engine_next (client->engine) == SMTP_ENGINE_BODY)
    {
      *taken = smtp_engine_body (client->engine, content, length);
      smtp_connection_run (client->connection, FALSE, NULL);
    }

  if (has_ended (client))
    smtp_client_ended (client);
  smtp_client_publish (client);
  if (has_ended (client))
    return smtp_engine_finish (client->engine, error);

  if (*taken == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _("The server does not take more now"));
  return *taken > 0;
}

/*< private >
 * Has an operation look at the engine again, which was told to end.
 */
void
smtp_operation_interrupt (SmtpOperation *self)
{
  if (self->guard != NULL)
    smtp_guard_cancel (self->guard);
  else if (self->client->connection != NULL && !smtp_connection_wake (self->client->connection) &&
           self->sender != NULL && self->paused)
    resume_soon (self);
}
