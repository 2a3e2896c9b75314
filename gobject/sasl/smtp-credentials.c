/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-credentials-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-error.h"
#include "smtp-secret.h"
#include "smtp-secret-memory.h"

/**
 * SmtpCredentials:
 *
 * Who signs in, and by what: a user name with a password, an access token, or
 * both.
 *
 * Every mechanism has such an object ([property@Auth:credentials]); the
 * constructors that take a user name and a password make one. Programs make one
 * themselves when there is more to say than that: a token that expires, an
 * identity to act as. One object may serve any number of connections, one
 * after the other.
 *
 * ```c
 * static gboolean
 * on_refresh (SmtpCredentials *credentials,
 *             GTask           *task,
 *             Account         *account)
 * {
 *   account_get_token_async (account, on_token, g_object_ref (task));
 *   return TRUE;
 * }
 *
 * …
 *   smtp_credentials_set_access_token (credentials, token);
 *   g_task_return_boolean (task, TRUE);
 * …
 *
 * g_autoptr (SmtpCredentials) credentials = smtp_credentials_new ("user@example.org", NULL);
 *
 * g_signal_connect (credentials, "refresh", G_CALLBACK (on_refresh), account);
 * ```
 *
 * What is secret is no property: it can be set, and mechanisms can ask for a
 * copy. Each copy is wiped when it is freed; those that a program makes for
 * itself are its own affair. Secrets are kept out of core dumps and, as far as
 * the system permits, out of the swap space; and they do not survive a
 * `fork()`: a program that goes into the background sets them afterwards.
 *
 * Since: 1.0
 */

typedef struct
{
  char *username;
  char *identity;
  char *host;
  char *password;     /* NULL for none */
  char *access_token; /* NULL for none */
} SmtpCredentialsPrivate;

enum
{
  PROP_0,
  PROP_USERNAME,
  PROP_IDENTITY,
  PROP_HOST,
  N_PROPS
};

enum
{
  REFRESH,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_TYPE_WITH_PRIVATE (SmtpCredentials, smtp_credentials, G_TYPE_OBJECT)

static SmtpCredentialsPrivate *
get_private (SmtpCredentials *self)
{
  return smtp_credentials_get_instance_private (self);
}

static gboolean
smtp_credentials_real_refresh (SmtpCredentials *self,
                               GTask           *task)
{
  return FALSE;
}

static void
smtp_credentials_finalize (GObject *object)
{
  SmtpCredentialsPrivate *priv = get_private (SMTP_CREDENTIALS (object));

  g_free (priv->username);
  g_free (priv->identity);
  g_free (priv->host);
  smtp_secret_free (priv->password);
  smtp_secret_free (priv->access_token);
  G_OBJECT_CLASS (smtp_credentials_parent_class)->finalize (object);
}

static void
smtp_credentials_get_property (GObject    *object,
                               guint       id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  SmtpCredentialsPrivate *priv = get_private (SMTP_CREDENTIALS (object));

  switch (id)
    {
    case PROP_USERNAME:
      g_value_set_string (value, priv->username);
      break;
    case PROP_IDENTITY:
      g_value_set_string (value, priv->identity);
      break;
    case PROP_HOST:
      g_value_set_string (value, priv->host);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_credentials_set_property (GObject      *object,
                               guint         id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  SmtpCredentials *self = SMTP_CREDENTIALS (object);

  switch (id)
    {
    case PROP_USERNAME:
      get_private (self)->username = g_value_dup_string (value);
      break;
    case PROP_IDENTITY:
      smtp_credentials_set_identity (self, g_value_get_string (value));
      break;
    case PROP_HOST:
      smtp_credentials_set_host (self, g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * SmtpCredentials:username: (getter get_username)
   *
   * Who signs in; %NULL for whom a certificate or a ticket names.
   *
   * Since: 1.0
   */
  properties[PROP_USERNAME] =
    g_param_spec_string ("username", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpCredentials:identity: (getter get_identity) (setter set_identity)
   *
   * The identity to act as (the authorization identity of RFC 4422 §2); %NULL
   * for the one that belongs to the user name.
   *
   * Since: 1.0
   */
  properties[PROP_IDENTITY] = g_param_spec_string ("identity", NULL, NULL, NULL, flags);

  /**
   * SmtpCredentials:host: (getter get_host) (setter set_host)
   *
   * The one server that may have the secrets, as the client knows it: its
   * [property@Client:server-name]. A mechanism that sends a secret refuses all
   * others, and refuses to begin without a host.
   *
   * Since: 1.0
   */
  properties[PROP_HOST] = g_param_spec_string ("host", NULL, NULL, NULL, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
smtp_credentials_class_init (SmtpCredentialsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_credentials_finalize;
  object_class->get_property = smtp_credentials_get_property;
  object_class->set_property = smtp_credentials_set_property;
  klass->refresh = smtp_credentials_real_refresh;
  install_properties (object_class);

  /**
   * SmtpCredentials::refresh:
   * @self: the credentials
   * @task: a task to return, with a boolean or an error
   *
   * A new access token is wanted: there is none yet, or the server has refused
   * it (it expires within the hour, as a rule). Within one authentication this
   * is asked for once.
   *
   * A handler that can obtain one keeps @task, returns %TRUE, and later, on
   * the same context ([method@Gio.Task.get_context]), sets the token by
   * [method@Credentials.set_access_token] and returns @task; with an error when
   * it did not get one. Until then the authentication waits, at most for the
   * client's time-out; @task's cancellable tells when nobody waits any more.
   *
   * Returns: %TRUE when the handler returns @task, now or later
   *
   * Since: 1.0
   */
  signals[REFRESH] =
    g_signal_new ("refresh", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                  G_STRUCT_OFFSET (SmtpCredentialsClass, refresh),
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 1, G_TYPE_TASK);
}

static void
smtp_credentials_init (SmtpCredentials *self)
{
}

/**
 * smtp_credentials_new:
 * @username: (nullable): who signs in; %NULL for whom a certificate or a ticket
 *   names
 * @password: (nullable): the password. It is copied, and the copy wiped in the
 *   end.
 *
 * Creates credentials.
 *
 * Returns: (transfer full): new credentials
 *
 * Since: 1.0
 */
SmtpCredentials *
smtp_credentials_new (const char *username,
                      const char *password)
{
  SmtpCredentials *self = g_object_new (SMTP_TYPE_CREDENTIALS, "username", username, NULL);

  smtp_credentials_set_password (self, password);
  return self;
}

/**
 * smtp_credentials_get_username: (get-property username)
 * @self: credentials
 *
 * Gets who signs in.
 *
 * Returns: (nullable): the user name
 *
 * Since: 1.0
 */
const char *
smtp_credentials_get_username (SmtpCredentials *self)
{
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (self), NULL);

  return get_private (self)->username;
}

static void
set_text (SmtpCredentials  *self,
          char            **field,
          const char       *text,
          guint             property)
{
  if (g_strcmp0 (*field, text) == 0)
    return;

  g_free (*field);
  *field = g_strdup (text);
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/**
 * smtp_credentials_get_identity: (get-property identity)
 * @self: credentials
 *
 * Gets the identity to act as.
 *
 * Returns: (nullable): the identity
 *
 * Since: 1.0
 */
const char *
smtp_credentials_get_identity (SmtpCredentials *self)
{
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (self), NULL);

  return get_private (self)->identity;
}

/**
 * smtp_credentials_set_identity: (set-property identity)
 * @self: credentials
 * @identity: (nullable): the identity
 *
 * Sets the identity to act as, where the server permits that: a secretary's
 * password for the mail of an office.
 *
 * Since: 1.0
 */
void
smtp_credentials_set_identity (SmtpCredentials *self,
                               const char      *identity)
{
  g_return_if_fail (SMTP_IS_CREDENTIALS (self));

  set_text (self, &get_private (self)->identity, identity, PROP_IDENTITY);
}

/**
 * smtp_credentials_get_host: (get-property host)
 * @self: credentials
 *
 * Gets the one server that may have the secrets.
 *
 * Returns: (nullable): the server
 *
 * Since: 1.0
 */
const char *
smtp_credentials_get_host (SmtpCredentials *self)
{
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (self), NULL);

  return get_private (self)->host;
}

/**
 * smtp_credentials_set_host: (set-property host)
 * @self: credentials
 * @host: (nullable): the server, as the client knows it: its
 *   [property@Client:server-name]
 *
 * Sets the one server that may have the secrets.
 *
 * Since: 1.0
 */
void
smtp_credentials_set_host (SmtpCredentials *self,
                           const char      *host)
{
  g_return_if_fail (SMTP_IS_CREDENTIALS (self));

  set_text (self, &get_private (self)->host, host, PROP_HOST);
}

static void
set_secret (char       **field,
            const char  *secret)
{
  char *copy = smtp_secret_strdup (secret); /* before the old one goes: it may be the same */

  smtp_secret_free (*field);
  *field = copy;
}

static GBytes *
dup_secret (const char *secret)
{
  return secret != NULL ? smtp_secret_bytes_new (secret, strlen (secret)) : NULL;
}

/**
 * smtp_credentials_set_password:
 * @self: credentials
 * @password: (nullable): the password, or %NULL for none. It is copied, and
 *   the copy wiped in the end.
 *
 * Sets the password.
 *
 * Since: 1.0
 */
void
smtp_credentials_set_password (SmtpCredentials *self,
                               const char      *password)
{
  g_return_if_fail (SMTP_IS_CREDENTIALS (self));

  set_secret (&get_private (self)->password, password);
}

/**
 * smtp_credentials_dup_password:
 * @self: credentials
 *
 * Gets a copy of the password, for a mechanism. It is wiped when it is freed.
 *
 * Returns: (transfer full) (nullable): the password, without a terminating NUL,
 *   or %NULL when there is none
 *
 * Since: 1.0
 */
GBytes *
smtp_credentials_dup_password (SmtpCredentials *self)
{
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (self), NULL);

  return dup_secret (get_private (self)->password);
}

/**
 * smtp_credentials_set_access_token:
 * @self: credentials
 * @token: (nullable): the token, or %NULL for none. It is copied, and the copy
 *   wiped in the end.
 *
 * Sets the access token (RFC 6749 §1.4) for the mechanisms
 * `OAUTHBEARER` and `XOAUTH2`.
 *
 * Since: 1.0
 */
void
smtp_credentials_set_access_token (SmtpCredentials *self,
                                   const char      *token)
{
  g_return_if_fail (SMTP_IS_CREDENTIALS (self));

  set_secret (&get_private (self)->access_token, token);
}

/**
 * smtp_credentials_dup_access_token:
 * @self: credentials
 *
 * Gets a copy of the access token, for a mechanism. It is wiped when it is
 * freed.
 *
 * Returns: (transfer full) (nullable): the token, without a terminating NUL, or
 *   %NULL when there is none
 *
 * Since: 1.0
 */
GBytes *
smtp_credentials_dup_access_token (SmtpCredentials *self)
{
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (self), NULL);

  return dup_secret (get_private (self)->access_token);
}

/**
 * smtp_credentials_refresh_async:
 * @self: credentials
 * @cancellable: (nullable): for giving up
 * @callback: (scope async): called when there is an answer
 * @user_data: for @callback
 *
 * Asks for a new access token, by [signal@Credentials::refresh].
 *
 * Since: 1.0
 */
void
smtp_credentials_refresh_async (SmtpCredentials     *self,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  gboolean taken = FALSE;

  g_return_if_fail (SMTP_IS_CREDENTIALS (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, smtp_credentials_refresh_async);
  g_task_set_name (task, "[smtp-glib] refresh");
  g_signal_emit (self, signals[REFRESH], 0, task, &taken);
  if (!taken)
    g_task_return_new_error (task, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                             _("A new access token is needed, and nobody can obtain one"));
}

/**
 * smtp_credentials_refresh_finish:
 * @self: credentials
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@Credentials.refresh_async].
 *
 * Errors: those of the handler; `AUTH_UNAVAILABLE` when there is none;
 * `G_IO_ERROR_CANCELLED`.
 *
 * Returns: %TRUE when there is a new token
 *
 * Since: 1.0
 */
gboolean
smtp_credentials_refresh_finish (SmtpCredentials  *self,
                                 GAsyncResult     *result,
                                 GError          **error)
{
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, smtp_credentials_refresh_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/*< private >
 * Whether anybody can obtain a new access token.
 */
gboolean
smtp_credentials_check_refreshable (SmtpCredentials *self)
{
  return SMTP_CREDENTIALS_GET_CLASS (self)->refresh != smtp_credentials_real_refresh ||
         g_signal_has_handler_pending (self, signals[REFRESH], 0, FALSE);
}

/*< private >
 * The caller does not keep it.
 */
const char *
smtp_credentials_peek_password (SmtpCredentials *self)
{
  return get_private (self)->password;
}

/*< private >
 * The caller does not keep it.
 */
const char *
smtp_credentials_peek_access_token (SmtpCredentials *self)
{
  return get_private (self)->access_token;
}

/*< private >
 * Credentials that are for no server in particular are for this one from now
 * on.
 */
void
smtp_credentials_bind (SmtpCredentials *self,
                       SmtpServerInfo  *server)
{
  if (get_private (self)->host == NULL)
    smtp_credentials_set_host (self, smtp_server_info_get_name (server));
}

/*< private >
 * Whether the secrets are for this server.
 */
gboolean
smtp_credentials_check_host (SmtpCredentials  *self,
                             SmtpServerInfo   *server,
                             GError          **error)
{
  const char *host = get_private (self)->host;
  const char *name = smtp_server_info_get_name (server);

  if (host == NULL)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                 _("The credentials do not say that they are for %s: set their host"), name);
  else if (g_ascii_strcasecmp (name, host) != 0)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                 _("The credentials are for %s, but the connection is to %s"), host, name);
  else
    return TRUE;

  return FALSE;
}
