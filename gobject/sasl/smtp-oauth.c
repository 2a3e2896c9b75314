/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-oauth.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-auth-private.h"
#include "smtp-base64.h"
#include "smtp-credentials-private.h"
#include "smtp-error.h"
#include "smtp-oauth-failure-private.h"
#include "smtp-secret.h"
#include "smtp-secret-memory.h"
#include "smtp-text.h"

enum
{
  PROP_0,
  PROP_FAILURE
};

G_DEFINE_ABSTRACT_TYPE (SmtpOauth, smtp_oauth, SMTP_TYPE_AUTH)

static SmtpOauth *
get_oauth (gpointer auth)
{
  return G_TYPE_CHECK_INSTANCE_CAST (auth, SMTP_TYPE_OAUTH, SmtpOauth);
}

static void
set_failure (SmtpOauth        *self,
             SmtpOauthFailure *failure)
{
  if (self->failure == failure)
    return;

  g_clear_pointer (&self->failure, smtp_oauth_failure_unref);
  self->failure = failure;
  g_object_notify (G_OBJECT (self), "failure");
}

/* ---- what is sent ------------------------------------------------------------- */

/* RFC 6750 §2.1 b64token: what the framing could not be broken by. */
static gboolean
is_token (const char *token)
{
  gsize length = strspn (token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/");

  return length > 0 && strspn (token + length, "=") == strlen (token + length);
}

static gboolean
check_syntax (SmtpOauth   *self,
              const char  *user,
              const char  *token,
              GError     **error)
{
  if (*user == '\0' || !smtp_text_is_plain (user))
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                 _("%s cannot use this user name: it is empty or has control characters"), self->mechanism->name);
  else if (!is_token (token))
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                 _("%s cannot use this access token: it is empty or has characters that no token has"),
                 self->mechanism->name);
  else
    return TRUE;

  return FALSE;
}

/* The name is the program's, who may call a stream anything. */
static char *
make_host (SmtpServerInfo *server)
{
  char *host = g_hostname_to_ascii (smtp_server_info_get_name (server));

  if (host != NULL && *host != '\0' && smtp_text_is_plain (host))
    return host;

  g_free (host);
  return NULL;
}

#define BEFORE_TOKEN "\001auth=Bearer "
#define AFTER_TOKEN "\001\001"

static GBytes *
make_message (const char *head,
              const char *token)
{
  const char *parts[] = { head, BEFORE_TOKEN, token, AFTER_TOKEN };
  GByteArray *message = g_byte_array_sized_new (strlen (head) + strlen (BEFORE_TOKEN) + strlen (token) +
                                                strlen (AFTER_TOKEN));

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    g_byte_array_append (message, (const guint8 *) parts[i], strlen (parts[i]));

  return smtp_secret_take (message);
}

/* The server may repeat it in the document, too, where the engine does not see
 * it. */
static void
remember_message (SmtpOauth *self,
                  GBytes    *message)
{
  gsize length;
  gconstpointer bytes = g_bytes_get_data (message, &length);
  g_autoptr (SmtpSecretText) encoded = smtp_base64_encode_secret (bytes, length);

  smtp_mask_add (&self->mask, encoded, bytes, length);
}

static void
forget_exchange (SmtpOauth *self)
{
  self->challenged = FALSE;
  smtp_mask_clear (&self->mask);
}

static gboolean
smtp_oauth_start (SmtpAuth        *auth,
                  SmtpServerInfo  *server,
                  char           **mechanism,
                  GBytes         **initial_response,
                  GError         **error)
{
  SmtpOauth *self = get_oauth (auth);
  const char *name = self->mechanism->name;
  const char *user;
  const char *token;
  g_autofree char *host = NULL;
  g_autofree char *head = NULL;

  forget_exchange (self);
  set_failure (self, NULL);
  user = smtp_auth_need_username (auth, name, error);
  token = user != NULL ? smtp_auth_need_token (auth, name, error) : NULL;
  if (token == NULL || !smtp_secret_may_travel (server, auth, name, error))
    return FALSE;

  if (*smtp_auth_peek_identity (auth) != '\0')
    user = smtp_auth_peek_identity (auth);
  if (!check_syntax (self, user, token, error))
    return FALSE;

  host = make_host (server);
  head = self->mechanism->make_head (user, host);
  *mechanism = g_strdup (name);
  *initial_response = make_message (head, token);
  remember_message (self, *initial_response);
  return TRUE;
}

/* ---- what is answered ----------------------------------------------------------- */

/* A challenge is the server's refusal. It is answered for form's sake, and then
 * the refusal comes once more as a reply (RFC 7628 §3.2.3). */
static GBytes *
take_refusal (SmtpOauth  *self,
              GBytes     *challenge,
              GError    **error)
{
  gsize length;
  const char *document = g_bytes_get_data (challenge, &length);
  const char *farewell = self->mechanism->farewell;

  if (self->challenged)
    {
      g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                   _("The server sent a second challenge, which %s does not have"), self->mechanism->name);
      return NULL;
    }

  self->challenged = TRUE;
  set_failure (self, smtp_oauth_failure_parse (document, length, &self->mask));
  smtp_mask_clear (&self->mask);
  return g_bytes_new_static (farewell, strlen (farewell));
}

static gboolean
smtp_oauth_next (SmtpAuth  *auth,
                 GBytes    *challenge,
                 gboolean   more,
                 GBytes   **response,
                 GError   **error)
{
  SmtpOauth *self = get_oauth (auth);

  if (more)
    {
      *response = take_refusal (self, challenge, error);
      return *response != NULL;
    }

  forget_exchange (self);
  self->refreshed = FALSE;
  set_failure (self, NULL);
  return TRUE;
}

/* ---- a new token ---------------------------------------------------------------- */

static void
on_refreshed (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (GTask) preparation = user_data;
  GError *error = NULL;

  if (smtp_credentials_refresh_finish (SMTP_CREDENTIALS (source), result, &error))
    g_task_return_boolean (preparation, TRUE);
  else
    g_task_return_error (preparation, error);
}

static void
smtp_oauth_prepare (SmtpAuth       *auth,
                    SmtpServerInfo *server,
                    GTask          *task)
{
  SmtpOauth *self = get_oauth (auth);
  SmtpCredentials *credentials = smtp_auth_get_credentials (auth);
  gboolean wanted = self->retrying;

  /* An authentication that was given up has not said goodbye. */
  if (!self->retrying)
    self->refreshed = FALSE;
  self->retrying = FALSE;

  /* Without credentials start() says what is missing. */
  if (credentials != NULL && (wanted || smtp_credentials_peek_access_token (credentials) == NULL))
    {
      self->refreshed = TRUE;
      smtp_credentials_refresh_async (credentials, g_task_get_cancellable (task), on_refreshed, g_object_ref (task));
    }
  else
    g_task_return_boolean (task, TRUE);
}

/* A second refusal would not be about its age. */
static gboolean
smtp_oauth_retry (SmtpAuth       *auth,
                  SmtpServerInfo *server,
                  const GError   *failure)
{
  SmtpOauth *self = get_oauth (auth);
  SmtpCredentials *credentials = smtp_auth_get_credentials (auth);

  self->retrying = !self->refreshed && credentials != NULL &&
                   g_error_matches (failure, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED) &&
                   smtp_credentials_check_refreshable (credentials);
  if (!self->retrying)
    self->refreshed = FALSE;
  return self->retrying;
}

/* ---- the object ------------------------------------------------------------------- */

static void
smtp_oauth_finalize (GObject *object)
{
  SmtpOauth *self = get_oauth (object);

  smtp_mask_clear (&self->mask);
  g_clear_pointer (&self->failure, smtp_oauth_failure_unref);
  G_OBJECT_CLASS (smtp_oauth_parent_class)->finalize (object);
}

static void
smtp_oauth_get_property (GObject    *object,
                         guint       id,
                         GValue     *value,
                         GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_FAILURE:
      g_value_set_boxed (value, get_oauth (object)->failure);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_oauth_class_init (SmtpOauthClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_oauth_finalize;
  klass->start = smtp_oauth_start;
  klass->next = smtp_oauth_next;
  klass->prepare = smtp_oauth_prepare;
  klass->retry = smtp_oauth_retry;
}

static void
smtp_oauth_init (SmtpOauth *self)
{
}

/*< private >
 * The property belongs to the mechanism, where introspection can see it, and
 * with it what reads it: that is not inherited.
 */
void
smtp_oauth_install_failure (gpointer    klass,
                            GParamSpec *pspec)
{
  G_OBJECT_CLASS (klass)->get_property = smtp_oauth_get_property;
  g_object_class_install_property (klass, PROP_FAILURE, pspec);
}

SmtpOauthFailure *
smtp_oauth_get_failure (SmtpAuth *auth)
{
  return get_oauth (auth)->failure;
}
