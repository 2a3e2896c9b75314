/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-auth.h"

#include <glib/gi18n-lib.h>

#include "smtp-error.h"

/**
 * SmtpAuth:
 *
 * A mechanism that authenticates to a server (RFC 4954, RFC 4422).
 *
 * Programs create one of the mechanisms of the library, such as
 * [class@PlainAuth], and give it to [method@Client.authenticate]. A mechanism
 * that the library lacks is a subclass, in any language:
 *
 * ```python
 * class TokenAuth(Smtp.Auth):
 *     def do_start(self, server):
 *         return True, 'X-TOKEN', GLib.Bytes.new(b'...')
 *
 *     def do_next(self, challenge, more):
 *         return True, GLib.Bytes.new(b'')
 * ```
 *
 * An object serves one exchange at a time; [vfunc@Auth.start] begins anew.
 *
 * Since: 1.0
 */

G_DEFINE_ABSTRACT_TYPE (SmtpAuth, smtp_auth, G_TYPE_OBJECT)

static void
smtp_auth_real_prepare (SmtpAuth       *self,
                        SmtpServerInfo *server,
                        GTask          *task)
{
  g_task_return_boolean (task, TRUE);
}

static void
smtp_auth_class_init (SmtpAuthClass *klass)
{
  klass->prepare = smtp_auth_real_prepare;
}

static void
smtp_auth_init (SmtpAuth *self)
{
}

/* Python code that raises anything but a GLib.Error comes back as FALSE
 * without an error. */
static gboolean
check_error (SmtpAuth *self,
             gboolean  result,
             GError   *failure,
             GError  **error)
{
  if (result && failure == NULL)
    return TRUE;

  if (failure == NULL)
    failure = g_error_new (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                           _("The authentication mechanism %s failed without saying why"),
                           G_OBJECT_TYPE_NAME (self));
  g_propagate_error (error, failure);
  return FALSE;
}

/**
 * smtp_auth_start:
 * @self: a mechanism
 * @server: the server, as far as it is known
 * @mechanism: (out) (transfer full): the name for the `AUTH` command: upper
 *   case letters, digits, `-` and `_`
 * @initial_response: (out) (transfer full) (nullable): what goes with it;
 *   %NULL for nothing
 * @error: return location for an error
 *
 * Begins an exchange, and forgets any earlier one. Mechanisms implement this;
 * [method@Client.authenticate] calls it.
 *
 * This is the place to refuse a server: a mechanism that sends a secret must
 * look at [method@ServerInfo.get_name] and [method@ServerInfo.get_tls].
 *
 * Returns: %TRUE, or %FALSE with @error set: nothing is sent then
 *
 * Since: 1.0
 */
gboolean
smtp_auth_start (SmtpAuth        *self,
                 SmtpServerInfo  *server,
                 char           **mechanism,
                 GBytes         **initial_response,
                 GError         **error)
{
  g_autoptr (GError) failure = NULL;
  g_autofree char *name = NULL;
  g_autoptr (GBytes) response = NULL;
  gboolean result;

  g_return_val_if_fail (SMTP_IS_AUTH (self), FALSE);
  g_return_val_if_fail (server != NULL, FALSE);
  g_return_val_if_fail (SMTP_AUTH_GET_CLASS (self)->start != NULL, FALSE);

  result = SMTP_AUTH_GET_CLASS (self)->start (self, server, &name, &response, &failure);
  if (!check_error (self, result && name != NULL, g_steal_pointer (&failure), error))
    return FALSE;

  *mechanism = g_steal_pointer (&name);
  *initial_response = g_steal_pointer (&response);
  return TRUE;
}

/**
 * smtp_auth_next:
 * @self: a mechanism
 * @challenge: what the server sent, decoded from base64; with @more %FALSE
 *   the text of its reply
 * @more: %TRUE for a challenge (334), %FALSE when the server reports success
 *   (235)
 * @response: (out) (transfer full) (nullable): the answer, before encoding;
 *   not used when @more is %FALSE
 * @error: return location for an error
 *
 * Answers a challenge, or has the last word on the server's success.
 * Mechanisms implement this; [method@Client.authenticate] calls it.
 *
 * A mechanism that also authenticates the server returns %FALSE here when the
 * proof is missing: the connection is closed then, although the server said
 * yes.
 *
 * Returns: %TRUE, or %FALSE with @error set: the exchange is aborted then
 *
 * Since: 1.0
 */
gboolean
smtp_auth_next (SmtpAuth  *self,
                GBytes    *challenge,
                gboolean   more,
                GBytes   **response,
                GError   **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (GBytes) answer = NULL;
  gboolean result;

  g_return_val_if_fail (SMTP_IS_AUTH (self), FALSE);
  g_return_val_if_fail (challenge != NULL, FALSE);
  g_return_val_if_fail (SMTP_AUTH_GET_CLASS (self)->next != NULL, FALSE);

  result = SMTP_AUTH_GET_CLASS (self)->next (self, challenge, more, &answer, &failure);
  if (!check_error (self, result, g_steal_pointer (&failure), error))
    return FALSE;

  *response = g_steal_pointer (&answer);
  return TRUE;
}

/**
 * smtp_auth_prepare:
 * @self: a mechanism
 * @server: the server, as far as it is known
 * @task: a task to return: with a boolean, or with an error, which ends the
 *   authentication before anything is sent
 *
 * Obtains what must be waited for before an exchange: a token from a web
 * service, a Kerberos ticket. Mechanisms may implement this;
 * [method@Client.authenticate] calls it.
 *
 * The task must be returned on the context it was created on
 * ([method@Gio.Task.get_context]), now or later. A task that is never
 * returned ends with the client's time-out. The default returns at once.
 *
 * Since: 1.0
 */
void
smtp_auth_prepare (SmtpAuth       *self,
                   SmtpServerInfo *server,
                   GTask          *task)
{
  g_return_if_fail (SMTP_IS_AUTH (self));
  g_return_if_fail (server != NULL);
  g_return_if_fail (G_IS_TASK (task));

  SMTP_AUTH_GET_CLASS (self)->prepare (self, server, task);
}

/**
 * smtp_auth_prepare_next:
 * @self: a mechanism
 * @challenge: what [vfunc@Auth.next] will be asked to answer
 * @task: a task to return: with a boolean, or with an error, which aborts the
 *   exchange
 *
 * Does what takes time before a challenge can be answered: long computations,
 * questions to a smart card or a Kerberos server. Mechanisms may implement
 * this; [method@Client.authenticate] calls it before [vfunc@Auth.next] for
 * each challenge, and not for the server's success.
 *
 * The task is as in [vfunc@Auth.prepare]: it must be returned on the context
 * it was created on, now or later, and ends with the client's time-out. Its
 * cancellable ([method@Gio.Task.get_cancellable]) tells when nobody waits for
 * it any more. Without an implementation the challenge is answered at once.
 *
 * Since: 1.0
 */
void
smtp_auth_prepare_next (SmtpAuth *self,
                        GBytes   *challenge,
                        GTask    *task)
{
  g_return_if_fail (SMTP_IS_AUTH (self));
  g_return_if_fail (challenge != NULL);
  g_return_if_fail (G_IS_TASK (task));

  if (SMTP_AUTH_GET_CLASS (self)->prepare_next != NULL)
    SMTP_AUTH_GET_CLASS (self)->prepare_next (self, challenge, task);
  else
    g_task_return_boolean (task, TRUE);
}
