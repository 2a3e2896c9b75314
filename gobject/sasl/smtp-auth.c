/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-auth-private.h"

#include <glib/gi18n-lib.h>

#include "smtp-auth-extension.h"
#include "smtp-credentials-private.h"
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
 * Whose name and password it uses stands in its [property@Auth:credentials].
 * An object serves one exchange at a time; [vfunc@Auth.start] begins anew.
 *
 * Since: 1.0
 */

typedef struct
{
  SmtpCredentials *credentials; /* NULL for a mechanism that needs none */
} SmtpAuthPrivate;

enum
{
  PROP_0,
  PROP_CREDENTIALS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (SmtpAuth, smtp_auth, G_TYPE_OBJECT)

static SmtpAuthPrivate *
get_private (SmtpAuth *self)
{
  return smtp_auth_get_instance_private (self);
}

static void
smtp_auth_real_prepare (SmtpAuth       *self,
                        SmtpServerInfo *server,
                        GTask          *task)
{
  g_task_return_boolean (task, TRUE);
}

static gboolean
smtp_auth_real_retry (SmtpAuth       *self,
                      SmtpServerInfo *server,
                      const GError   *failure)
{
  return FALSE;
}

static void
smtp_auth_finalize (GObject *object)
{
  g_clear_object (&get_private (SMTP_AUTH (object))->credentials);
  G_OBJECT_CLASS (smtp_auth_parent_class)->finalize (object);
}

static void
smtp_auth_get_property (GObject    *object,
                        guint       id,
                        GValue     *value,
                        GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_CREDENTIALS:
      g_value_set_object (value, get_private (SMTP_AUTH (object))->credentials);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_auth_set_property (GObject      *object,
                        guint         id,
                        const GValue *value,
                        GParamSpec   *pspec)
{
  switch (id)
    {
    case PROP_CREDENTIALS:
      get_private (SMTP_AUTH (object))->credentials = g_value_dup_object (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_auth_class_init (SmtpAuthClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_auth_finalize;
  object_class->get_property = smtp_auth_get_property;
  object_class->set_property = smtp_auth_set_property;
  klass->prepare = smtp_auth_real_prepare;
  klass->retry = smtp_auth_real_retry;

  /**
   * SmtpAuth:credentials: (getter get_credentials)
   *
   * Who signs in, and by what. Several mechanisms may share one object.
   *
   * Since: 1.0
   */
  properties[PROP_CREDENTIALS] =
    g_param_spec_object ("credentials", NULL, NULL, SMTP_TYPE_CREDENTIALS,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
smtp_auth_init (SmtpAuth *self)
{
}

/**
 * smtp_auth_create:
 * @mechanism: a mechanism's name, in upper case
 * @credentials: (nullable): who signs in, and by what
 * @error: return location for an error
 *
 * Creates a mechanism by its name: one of the library, or one of a module that
 * is installed.
 *
 * ```c
 * g_autoptr (SmtpAuth) auth = smtp_auth_create ("GSSAPI", NULL, &error);
 * ```
 *
 * Which one is best for a server is what [class@AutoAuth] finds out.
 *
 * Returns: (transfer full): a new mechanism, or %NULL with `AUTH_UNAVAILABLE`
 *   of [error@ClientError] when there is none of this name
 *
 * Since: 1.0
 */
SmtpAuth *
smtp_auth_create (const char       *mechanism,
                  SmtpCredentials  *credentials,
                  GError          **error)
{
  GIOExtension *extension;

  g_return_val_if_fail (mechanism != NULL, NULL);
  g_return_val_if_fail (credentials == NULL || SMTP_IS_CREDENTIALS (credentials), NULL);

  extension = smtp_auth_extension_find (mechanism);
  if (extension != NULL)
    return g_object_new (g_io_extension_get_type (extension), "credentials", credentials, NULL);

  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
               _("There is no authentication mechanism %s here"), mechanism);
  return NULL;
}

/**
 * smtp_auth_list_mechanisms:
 *
 * Lists the mechanisms that there are, of the library and of modules, the
 * strongest first.
 *
 * Returns: (transfer full) (array zero-terminated=1): their names
 *
 * Since: 1.0
 */
char **
smtp_auth_list_mechanisms (void)
{
  GPtrArray *names = g_ptr_array_new ();

  for (GList *l = smtp_auth_extension_list (); l != NULL; l = l->next)
    g_ptr_array_add (names, g_strdup (g_io_extension_get_name (l->data)));
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

/**
 * smtp_auth_get_credentials: (get-property credentials)
 * @self: a mechanism
 *
 * Gets who signs in, and by what.
 *
 * Returns: (transfer none) (nullable): the credentials
 *
 * Since: 1.0
 */
SmtpCredentials *
smtp_auth_get_credentials (SmtpAuth *self)
{
  g_return_val_if_fail (SMTP_IS_AUTH (self), NULL);

  return get_private (self)->credentials;
}

/* ---- what a mechanism does -------------------------------------------------- */

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

/**
 * smtp_auth_retry:
 * @self: a mechanism
 * @server: the server, as far as it is known
 * @failure: what happened: what the mechanism itself failed for, or the
 *   server's refusal. `AUTH_REJECTED`, `AUTH_TEMPORARY` and `AUTH_UNAVAILABLE`
 *   (504, 534) of [error@ClientError] tell refusals apart.
 *
 * Asks whether to begin anew after a failure, on the same connection: with
 * another mechanism, or after a new token. Mechanisms may implement this;
 * [method@Client.authenticate] calls it. The default does not.
 *
 * After %TRUE the next thing is [vfunc@Auth.prepare], which may fail in its
 * turn. There is an end to this after 32 attempts, and when the server has
 * closed the connection.
 *
 * Returns: %TRUE to begin anew, %FALSE for the failure to be final
 *
 * Since: 1.0
 */
gboolean
smtp_auth_retry (SmtpAuth       *self,
                 SmtpServerInfo *server,
                 const GError   *failure)
{
  g_return_val_if_fail (SMTP_IS_AUTH (self), FALSE);
  g_return_val_if_fail (server != NULL, FALSE);
  g_return_val_if_fail (failure != NULL, FALSE);

  return SMTP_AUTH_GET_CLASS (self)->retry (self, server, failure);
}

/* ---- the credentials, for the mechanisms of the library ---------------------- */

static SmtpAuth *
new_with_credentials (GType            type,
                      SmtpCredentials *credentials)
{
  SmtpAuth *self = g_object_new (type, "credentials", credentials, NULL);

  g_object_unref (credentials);
  return self;
}

/*< private >
 * @identity: (nullable)
 * @host: (nullable): for a mechanism that sends no secret
 */
SmtpAuth *
smtp_auth_new_with_password (GType       type,
                             const char *identity,
                             const char *username,
                             const char *password,
                             const char *host)
{
  SmtpCredentials *credentials = smtp_credentials_new (username, password);

  smtp_credentials_set_identity (credentials, identity);
  smtp_credentials_set_host (credentials, host);
  return new_with_credentials (type, credentials);
}

SmtpAuth *
smtp_auth_new_with_token (GType       type,
                          const char *username,
                          const char *token,
                          const char *host)
{
  SmtpCredentials *credentials = smtp_credentials_new (username, NULL);

  smtp_credentials_set_access_token (credentials, token);
  smtp_credentials_set_host (credentials, host);
  return new_with_credentials (type, credentials);
}

const char *
smtp_auth_peek_identity (SmtpAuth *self)
{
  SmtpCredentials *credentials = get_private (self)->credentials;
  const char *identity = credentials != NULL ? smtp_credentials_get_identity (credentials) : NULL;

  return identity != NULL ? identity : "";
}

const char *
smtp_auth_peek_username (SmtpAuth *self)
{
  SmtpCredentials *credentials = get_private (self)->credentials;
  const char *username = credentials != NULL ? smtp_credentials_get_username (credentials) : NULL;

  return username != NULL ? username : "";
}

/* @what: what it is called in the complaint */
static const char *
need (SmtpAuth    *self,
      const char  *mechanism,
      const char *(*get) (SmtpCredentials *credentials),
      const char  *what,
      GError     **error)
{
  SmtpCredentials *credentials = get_private (self)->credentials;
  const char *text = credentials != NULL ? get (credentials) : NULL;

  if (text == NULL)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                 _("%s needs %s"), mechanism, what);
  return text;
}

const char *
smtp_auth_need_username (SmtpAuth    *self,
                         const char  *mechanism,
                         GError     **error)
{
  return need (self, mechanism, smtp_credentials_get_username, _("a user name"), error);
}

const char *
smtp_auth_need_password (SmtpAuth    *self,
                         const char  *mechanism,
                         GError     **error)
{
  return need (self, mechanism, smtp_credentials_peek_password, _("a password"), error);
}

const char *
smtp_auth_need_token (SmtpAuth    *self,
                      const char  *mechanism,
                      GError     **error)
{
  return need (self, mechanism, smtp_credentials_peek_access_token, _("an access token"), error);
}

gboolean
smtp_auth_check_unchallenged (const char  *mechanism,
                              gboolean     more,
                              GError     **error)
{
  if (more)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                 _("The server sent a challenge, which %s does not have"), mechanism);
  return !more;
}
