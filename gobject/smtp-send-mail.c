/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-send-mail.h"

#include <glib/gi18n-lib.h>

#include "smtp-argument.h"
#include "smtp-client.h"
#include "smtp-error.h"
#include "smtp-message.h"

/* One message, one connection: a chain of operations of a client. The same
 * chain serves both forms; each link has a synchronous call, and an
 * asynchronous one with the way to take its result. */
typedef struct
{
  SmtpClient     *client;
  SmtpAuth       *auth;      /* nullable */
  SmtpMessage    *message;
  GCancellable   *cancellable;
  guint           link;
  GError         *failure;   /* what QUIT must not hide */
} Delivery;

typedef struct
{
  gboolean (*is_needed) (Delivery *self);
  gboolean (*run)       (Delivery *self, GError **error);
  void     (*start)     (Delivery *self, GAsyncReadyCallback callback, gpointer user_data);
  gboolean (*finish)    (Delivery *self, GAsyncResult *result, GError **error);
} Link;

static void
delivery_free (gpointer data)
{
  Delivery *self = data;

  g_clear_object (&self->message);
  g_clear_object (&self->client);
  g_clear_object (&self->auth);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->failure);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Delivery, delivery_free)

/* ---- the links ------------------------------------------------------------ */

static gboolean
run_open (Delivery *self, GError **error)
{
  return smtp_client_open (self->client, self->cancellable, error);
}

static void
start_open (Delivery *self, GAsyncReadyCallback callback, gpointer user_data)
{
  smtp_client_open_async (self->client, self->cancellable, callback, user_data);
}

static gboolean
finish_open (Delivery *self, GAsyncResult *result, GError **error)
{
  return smtp_client_open_finish (self->client, result, error);
}

static gboolean
needs_auth (Delivery *self)
{
  return self->auth != NULL;
}

static gboolean
run_auth (Delivery *self, GError **error)
{
  return smtp_client_authenticate (self->client, self->auth, self->cancellable, error);
}

static void
start_auth (Delivery *self, GAsyncReadyCallback callback, gpointer user_data)
{
  smtp_client_authenticate_async (self->client, self->auth, self->cancellable, callback, user_data);
}

static gboolean
finish_auth (Delivery *self, GAsyncResult *result, GError **error)
{
  return smtp_client_authenticate_finish (self->client, result, error);
}

static gboolean
run_send (Delivery *self, GError **error)
{
  return smtp_client_send (self->client, self->message, self->cancellable, error);
}

static void
start_send (Delivery *self, GAsyncReadyCallback callback, gpointer user_data)
{
  smtp_client_send_async (self->client, self->message, self->cancellable, callback, user_data);
}

static gboolean
finish_send (Delivery *self, GAsyncResult *result, GError **error)
{
  return smtp_client_send_finish (self->client, result, error);
}

/* The verdict is in by now, whatever becomes of QUIT; and a refused message is
 * refused. A connection that has ended needs none. */
static gboolean
needs_quit (Delivery *self)
{
  SmtpClientState state = smtp_client_get_state (self->client);

  return state >= SMTP_CLIENT_STATE_READY && state < SMTP_CLIENT_STATE_DATA;
}

static gboolean
run_quit (Delivery *self, GError **error)
{
  smtp_client_quit (self->client, self->cancellable, NULL);
  return TRUE;
}

static void
start_quit (Delivery *self, GAsyncReadyCallback callback, gpointer user_data)
{
  smtp_client_quit_async (self->client, self->cancellable, callback, user_data);
}

static gboolean
finish_quit (Delivery *self, GAsyncResult *result, GError **error)
{
  smtp_client_quit_finish (self->client, result, NULL);
  return TRUE;
}

static const Link chain[] = {
  { NULL,       run_open, start_open, finish_open },
  { needs_auth, run_auth, start_auth, finish_auth },
  { NULL,       run_send, start_send, finish_send },
  { needs_quit, run_quit, start_quit, finish_quit },
};

#define QUIT_LINK (G_N_ELEMENTS (chain) - 1)

/* The link to be done now, NULL at the end. */
static const Link *
current_link (Delivery *self)
{
  while (self->link < G_N_ELEMENTS (chain))
    {
      const Link *link = &chain[self->link];

      if (link->is_needed == NULL || link->is_needed (self))
        return link;
      self->link++;
    }

  return NULL;
}

/* Takes the error, if there is one. After it only QUIT is left to do. */
static void
link_done (Delivery *self,
           GError   *error)
{
  if (error != NULL)
    {
      self->failure = error;
      self->link = QUIT_LINK;
    }
  else
    self->link++;
}

/* ---- the two forms -------------------------------------------------------- */

static gboolean
check_recipients (const char * const *recipients,
                  GError            **error)
{
  if (recipients[0] == NULL)
    {
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                           _("A message needs a recipient"));
      return FALSE;
    }

  for (; *recipients != NULL; recipients++)
    {
      if (!smtp_check_path (*recipients, SMTP_PATH_RECIPIENT, error))
        return FALSE;
    }

  return TRUE;
}

static SmtpMessage *
make_message (const char         *sender,
              const char * const *recipients,
              GBytes             *content)
{
  SmtpMessage *message = smtp_message_new (sender);

  for (; *recipients != NULL; recipients++)
    smtp_message_add_recipient (message, *recipients);
  smtp_message_set_content_bytes (message, content);
  smtp_message_set_recipient_policy (message, SMTP_RECIPIENTS_ALL);
  return message;
}

/* What is wrong with the arguments is found before anything is connected. */
static Delivery *
delivery_new (const char          *uri,
              SmtpAuth            *auth,
              const char          *sender,
              const char * const  *recipients,
              GBytes              *content,
              GCancellable        *cancellable,
              GError             **error)
{
  Delivery *self;
  SmtpClient *client;

  if (!smtp_check_path (sender, SMTP_PATH_SENDER, error) ||
      !check_recipients (recipients, error))
    return NULL;

  client = smtp_client_new_for_uri (uri, error);
  if (client == NULL)
    return NULL;

  self = g_new0 (Delivery, 1);
  self->client = client;
  self->auth = auth != NULL ? g_object_ref (auth) : NULL;
  self->message = make_message (sender, recipients, content);
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  return self;
}

/**
 * smtp_send_mail:
 * @uri: the server: `host:port`, `smtp://`, `submission://` or `smtps://`, as
 *   for [ctor@Client.new_for_uri]
 * @auth: (nullable): a mechanism to authenticate with, %NULL for none
 * @sender: the sender's address, empty for none
 * @recipients: (array zero-terminated=1): the recipients' addresses
 * @content: the message, header and body
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends a message, in one call: connects, with TLS where the server offers it
 * or @uri requires it, authenticates when asked to, sends, and takes its leave.
 *
 * The message goes to all recipients or to none: %TRUE means that the server
 * has accepted it for everyone.
 *
 * ```c
 * g_autoptr (SmtpAuth) auth = smtp_plain_auth_new (NULL, "user", password, "mail.example.org");
 * const char *recipients[] = { "recipient@example.net", NULL };
 *
 * smtp_send_mail ("submission://mail.example.org", auth, "sender@example.org",
 *                 recipients, message, NULL, &error);
 * ```
 *
 * Errors: those of [method@Client.open], [method@Client.authenticate] and
 * [method@Client.send].
 * `SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN` is the only one after which the message
 * may have been accepted.
 *
 * Returns: %TRUE when the message was accepted for all recipients, %FALSE with
 *   @error set
 *
 * Since: 1.0
 */
gboolean
smtp_send_mail (const char          *uri,
                SmtpAuth            *auth,
                const char          *sender,
                const char * const  *recipients,
                GBytes              *content,
                GCancellable        *cancellable,
                GError             **error)
{
  g_autoptr (Delivery) self = NULL;
  const Link *link;

  g_return_val_if_fail (uri != NULL, FALSE);
  g_return_val_if_fail (auth == NULL || SMTP_IS_AUTH (auth), FALSE);
  g_return_val_if_fail (sender != NULL && recipients != NULL && content != NULL, FALSE);

  self = delivery_new (uri, auth, sender, recipients, content, cancellable, error);
  if (self == NULL)
    return FALSE;

  while ((link = current_link (self)) != NULL)
    {
      GError *failure = NULL;

      link->run (self, &failure);
      link_done (self, failure);
    }

  if (self->failure == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&self->failure));
  return FALSE;
}

static void send_mail_step (GTask *task);

static void
on_link_done (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  Delivery *self = g_task_get_task_data (task);
  GError *failure = NULL;

  chain[self->link].finish (self, result, &failure);
  link_done (self, failure);
  send_mail_step (task);
}

static void
send_mail_step (GTask *task)
{
  Delivery *self = g_task_get_task_data (task);
  const Link *link = current_link (self);

  if (link != NULL)
    link->start (self, on_link_done, g_object_ref (task));
  else if (self->failure != NULL)
    g_task_return_error (task, g_steal_pointer (&self->failure));
  else
    g_task_return_boolean (task, TRUE);
}

/**
 * smtp_send_mail_async:
 * @uri: the server
 * @auth: (nullable): a mechanism to authenticate with, %NULL for none
 * @sender: the sender's address, empty for none
 * @recipients: (array zero-terminated=1): the recipients' addresses
 * @content: the message, header and body
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Sends a message, in one call. See [func@send_mail].
 *
 * Since: 1.0
 */
void
smtp_send_mail_async (const char          *uri,
                      SmtpAuth            *auth,
                      const char          *sender,
                      const char * const  *recipients,
                      GBytes              *content,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  Delivery *self;
  GError *error = NULL;

  g_return_if_fail (uri != NULL);
  g_return_if_fail (auth == NULL || SMTP_IS_AUTH (auth));
  g_return_if_fail (sender != NULL && recipients != NULL && content != NULL);

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, smtp_send_mail_async);
  g_task_set_check_cancellable (task, FALSE);
  self = delivery_new (uri, auth, sender, recipients, content, cancellable, &error);
  if (self == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  g_task_set_task_data (task, self, delivery_free);
  send_mail_step (task);
}

/**
 * smtp_send_mail_finish:
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [func@send_mail_async].
 *
 * Returns: %TRUE when the message was accepted for all recipients, %FALSE with
 *   @error set
 *
 * Since: 1.0
 */
gboolean
smtp_send_mail_finish (GAsyncResult  *result,
                       GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, smtp_send_mail_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
