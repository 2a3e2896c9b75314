/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-auto-auth.h"

#include <glib/gi18n-lib.h>

#include "smtp-auth-extension.h"
#include "smtp-auth-pin-private.h"
#include "smtp-auth-private.h"
#include "smtp-credentials-private.h"
#include "smtp-error.h"
#include "smtp-oauth.h"
#include "smtp-scram-auth-private.h"
#include "smtp-server-info-private.h"

/**
 * SmtpAutoAuth:
 *
 * Signs in by the strongest mechanism that the server offers and the
 * credentials serve for.
 *
 * ```c
 * g_autoptr (SmtpAuth) auth = smtp_auto_auth_new ("user", password);
 *
 * if (!smtp_client_authenticate (client, auth, cancellable, &error))
 *   return FALSE;
 * ```
 *
 * The order is that of [const@AUTH_EXTENSION_POINT_NAME]: first the variants of
 * `SCRAM` that are bound to the TLS connection, then those that are not; then
 * those that show a token; then `CRAM-MD5`; and last `PLAIN` and `LOGIN`, which
 * send the password, and only over TLS, to the same machine, or over a stream
 * that the program declared secure. Mechanisms that need no password (`EXTERNAL`
 * with a client certificate, and `GSSAPI` where its module is installed) are for
 * credentials that have no password and no token.
 *
 * What the server says to a mechanism decides how it goes on:
 *
 * - it does not know it, or calls it too weak (504, 534), or wants TLS for it
 *   (538): the next weaker one is tried
 * - the credentials are wrong (535 and other permanent refusals): that is the
 *   end, unless [property@AutoAuth:allow-fallback] is set
 * - it cannot say now (4xx), or the connection is lost: that is the end
 *
 * A wrong password that is found by `SCRAM` may be the right one, and the one
 * who says so somebody between the two sides. So after such a refusal no weaker
 * mechanism is used any more, and after one with channel binding none without,
 * whatever `allow-fallback` says, on this connection and on every later one that
 * this object is used for.
 *
 * Credentials without a [property@Credentials:host] are from the first
 * connection on for the server of that.
 *
 * What served once can be demanded the next time: see [struct@AuthPin].
 *
 * [method@Client.authenticate] ends with these errors of [error@ClientError]
 * besides its own and those of the mechanism that was used last:
 *
 * - `AUTH_UNAVAILABLE`: nothing fits. The message says what the server offers,
 *   and for each mechanism why it was not used.
 * - `TLS_REQUIRED`: the same, and with TLS something might have fitted.
 * - `AUTH_REJECTED`: the credentials are wrong; with fallback, at least for one
 *   of the mechanisms, and nothing else fits.
 * - `DOWNGRADE`: the server offers less than the [property@AutoAuth:pin] wants.
 * - `INVALID_ARGUMENT`: the pin is of another server.
 *
 * Since: 1.0
 */
struct _SmtpAutoAuth
{
  SmtpAuth        parent_instance;

  gboolean        allow_fallback;
  SmtpAuthPin    *pin;          /* NULL for none */

  /* One authentication. */
  gboolean        under_way;    /* retry() has said yes: prepare() goes on with it … */
  gboolean        keeps;        /* … by the same mechanism */
  SmtpServerInfo *server;       /* less what has been tried */
  GString        *reasons;      /* why that was of no use */
  SmtpClientError code;         /* the worst of the reasons */

  /* The mechanism in use, or the last one. */
  SmtpAuth       *chosen;
  char           *mechanism;
  int             strength;
  gboolean        challenged;

  /* For good, after a refusal that may not be the server's own. */
  int             least;        /* nothing weaker is used any more … */
  gboolean        bound_only;   /* … and nothing without channel binding */
};

enum
{
  PROP_0,
  PROP_ALLOW_FALLBACK,
  PROP_PIN,
  PROP_MECHANISM,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (SmtpAutoAuth, smtp_auto_auth, SMTP_TYPE_AUTH)

static void
forget_authentication (SmtpAutoAuth *self)
{
  self->under_way = FALSE;
  self->keeps = FALSE;
  self->code = SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE;
  g_clear_pointer (&self->server, smtp_server_info_unref);
  g_string_truncate (self->reasons, 0);
}

/* ---- the pin ----------------------------------------------------------------- */

static gboolean
check_pin (SmtpAutoAuth    *self,
           SmtpServerInfo  *server,
           GError         **error)
{
  const char *name = smtp_server_info_get_name (server);

  if (self->pin == NULL)
    return TRUE;

  if (g_ascii_strcasecmp (smtp_auth_pin_get_server (self->pin), name) != 0)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                 _("What is remembered is of %s, but the connection is to %s"),
                 smtp_auth_pin_get_server (self->pin), name);
  else if (smtp_auth_pin_get_tls (self->pin) && !smtp_server_info_get_tls (server))
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_DOWNGRADE,
                 _("%s had TLS before, and has not now"), name);
  else
    return TRUE;

  return FALSE;
}

static gboolean
check_strength (SmtpAutoAuth  *self,
                GIOExtension  *extension,
                GError       **error)
{
  if (self->pin == NULL || g_io_extension_get_priority (extension) >= smtp_auth_pin_get_strength (self->pin))
    return TRUE;

  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_DOWNGRADE,
               _("%s was signed in to by %s before, and leaves nothing better than %s now%s%s"),
               smtp_server_info_get_name (self->server), smtp_auth_pin_get_mechanism (self->pin),
               g_io_extension_get_name (extension),
               self->reasons->len > 0 ? ": " : "", self->reasons->str);
  return FALSE;
}

static void
renew_pin (SmtpAutoAuth *self)
{
  const char *name = smtp_server_info_get_name (self->server);
  const char *mechanism = self->mechanism;
  int strength = self->strength;
  gboolean tls = smtp_server_info_get_tls (self->server);
  g_autoptr (SmtpAuthPin) pin = NULL;

  if (self->pin != NULL && smtp_auth_pin_get_strength (self->pin) > strength)
    {
      strength = smtp_auth_pin_get_strength (self->pin);
      mechanism = smtp_auth_pin_get_mechanism (self->pin);
    }

  pin = smtp_auth_pin_new (name, mechanism, strength, tls);
  smtp_auto_auth_set_pin (self, pin);
}

/* ---- the choice --------------------------------------------------------------- */

static void
add_reason (SmtpAutoAuth *self,
            const char   *mechanism,
            const char   *reason)
{
  if (self->reasons->len > 0)
    g_string_append (self->reasons, "; ");
  g_string_append_printf (self->reasons, "%s: %s", mechanism, reason);
}

/* Takes a mechanism out of what the server offers. */
static void
pass_over (SmtpAutoAuth *self,
           const char   *mechanism)
{
  g_autoptr (SmtpServerInfo) server = g_steal_pointer (&self->server);

  self->server = smtp_server_info_new_without (server, mechanism);
}

static gboolean
has_secret (SmtpAutoAuth *self)
{
  SmtpCredentials *credentials = smtp_auth_get_credentials (SMTP_AUTH (self));

  return smtp_credentials_peek_password (credentials) != NULL ||
         smtp_credentials_peek_access_token (credentials) != NULL;
}

static gboolean
is_bound (const char *mechanism)
{
  return g_str_has_suffix (mechanism, "-PLUS");
}

static gboolean
is_scram (const char *mechanism)
{
  return g_str_has_prefix (mechanism, "SCRAM-");
}

/* Why a mechanism is not to be tried at all, or NULL. */
static const char *
find_obstacle (SmtpAutoAuth *self,
               GIOExtension *extension)
{
  const char *name = g_io_extension_get_name (extension);
  gboolean external = g_str_equal (name, "EXTERNAL");

  if (self->bound_only && !is_bound (name))
    return _("it has no channel binding, and a mechanism with one was refused");
  if (g_io_extension_get_priority (extension) < self->least)
    return _("a stronger one was refused");
  if (external && !smtp_server_info_has_certificate (self->server))
    return _("there is no client certificate");
  if (external && has_secret (self))
    return _("the credentials have something better");

  return NULL;
}

static void
set_nothing_fits (SmtpAutoAuth    *self,
                  SmtpServerInfo  *offer,
                  GError         **error)
{
  const char *name = smtp_server_info_get_name (offer);
  g_autofree char *offered = g_strjoinv (" ", (char **) smtp_server_info_get_mechanisms (offer));
  g_auto (GStrv) known = smtp_auth_list_mechanisms ();
  g_autofree char *here = g_strjoinv (" ", known);

  if (self->reasons->len == 0)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                 _("%s offers to sign in by: %s. None of them is among those that can be used here: %s"),
                 name, offered, here);
  else
    g_set_error (error, SMTP_CLIENT_ERROR, self->code,
                 _("%s offers to sign in by: %s. None of them can be used: %s"),
                 name, offered, self->reasons->str);
}

static GIOExtension *
find_strongest (SmtpAutoAuth *self)
{
  GList *l = smtp_auth_extension_list ();

  while (l != NULL)
    {
      const char *name = g_io_extension_get_name (l->data);
      const char *obstacle;

      if (g_io_extension_get_priority (l->data) <= 0 || !smtp_server_info_has_mechanism (self->server, name))
        {
          l = l->next;
          continue;
        }

      obstacle = find_obstacle (self, l->data);
      if (obstacle == NULL)
        return l->data;

      add_reason (self, name, obstacle);
      pass_over (self, name);
    }

  return NULL;
}

/* An object that was used before has keys that may be of use again. */
static void
take (SmtpAutoAuth *self,
      GIOExtension *extension)
{
  GType type = g_io_extension_get_type (extension);

  self->challenged = FALSE;
  self->strength = g_io_extension_get_priority (extension);
  if (self->chosen == NULL || G_OBJECT_TYPE (self->chosen) != type)
    {
      g_clear_object (&self->chosen);
      self->chosen = g_object_new (type, "credentials", smtp_auth_get_credentials (SMTP_AUTH (self)), NULL);
    }

  if (g_strcmp0 (self->mechanism, g_io_extension_get_name (extension)) == 0)
    return;

  g_free (self->mechanism);
  self->mechanism = g_strdup (g_io_extension_get_name (extension));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MECHANISM]);
}

static gboolean
choose (SmtpAutoAuth    *self,
        SmtpServerInfo  *offer,
        GError         **error)
{
  GIOExtension *extension = find_strongest (self);

  if (extension == NULL)
    {
      set_nothing_fits (self, offer, error);
      return FALSE;
    }

  if (!check_strength (self, extension, error))
    return FALSE;

  take (self, extension);
  return TRUE;
}

static gboolean
begin_authentication (SmtpAutoAuth    *self,
                      SmtpServerInfo  *server,
                      GError         **error)
{
  SmtpCredentials *credentials = smtp_auth_get_credentials (SMTP_AUTH (self));

  forget_authentication (self);
  if (credentials == NULL)
    {
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                           _("There are no credentials to choose a mechanism for"));
      return FALSE;
    }

  smtp_credentials_bind (credentials, server);
  self->server = smtp_server_info_ref (server);
  return smtp_credentials_check_host (credentials, server, error) && check_pin (self, server, error);
}

/* ---- the mechanism in use ------------------------------------------------------ */

static void
smtp_auto_auth_prepare (SmtpAuth       *auth,
                        SmtpServerInfo *server,
                        GTask          *task)
{
  SmtpAutoAuth *self = SMTP_AUTO_AUTH (auth);
  gboolean keeps = self->keeps;
  GError *error = NULL;

  if ((!self->under_way && !begin_authentication (self, server, &error)) ||
      (!keeps && !choose (self, server, &error)))
    {
      forget_authentication (self);
      g_task_return_error (task, error);
      return;
    }

  self->under_way = FALSE;
  self->keeps = FALSE;
  smtp_auth_prepare (self->chosen, self->server, task);
}

static gboolean
smtp_auto_auth_start (SmtpAuth        *auth,
                      SmtpServerInfo  *server,
                      char           **mechanism,
                      GBytes         **initial_response,
                      GError         **error)
{
  SmtpAutoAuth *self = SMTP_AUTO_AUTH (auth);

  if (self->chosen != NULL && self->server != NULL)
    return smtp_auth_start (self->chosen, self->server, mechanism, initial_response, error);

  g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE,
                       _("A mechanism is chosen by its preparation"));
  return FALSE;
}

static void
smtp_auto_auth_prepare_next (SmtpAuth *auth,
                             GBytes   *challenge,
                             GTask    *task)
{
  smtp_auth_prepare_next (SMTP_AUTO_AUTH (auth)->chosen, challenge, task);
}

static gboolean
smtp_auto_auth_next (SmtpAuth  *auth,
                     GBytes    *challenge,
                     gboolean   more,
                     GBytes   **response,
                     GError   **error)
{
  SmtpAutoAuth *self = SMTP_AUTO_AUTH (auth);

  if (more)
    self->challenged = TRUE;
  if (!smtp_auth_next (self->chosen, challenge, more, response, error))
    return FALSE;

  if (!more)
    {
      renew_pin (self);
      forget_authentication (self);
    }
  return TRUE;
}

/* ---- after a failure ------------------------------------------------------------ */

static gboolean
is_client_error (const GError    *failure,
                 SmtpClientError  code)
{
  return g_error_matches (failure, SMTP_CLIENT_ERROR, code);
}

/* SCRAM would find out somebody between the two sides, who would answer just
 * like this. To say "not now" is nothing that would serve him. */
static void
grow_suspicious (SmtpAutoAuth *self,
                 const GError *failure)
{
  if (is_client_error (failure, SMTP_CLIENT_ERROR_AUTH_TEMPORARY) ||
      !(self->challenged || is_client_error (failure, SMTP_CLIENT_ERROR_AUTH_REJECTED)))
    return;

  if (is_bound (self->mechanism))
    self->bound_only = TRUE;
  else if (is_scram (self->mechanism))
    self->least = MAX (self->least, self->strength);
}

static gboolean
was_binding_refused (SmtpAutoAuth *self)
{
  return SMTP_IS_SCRAM_AUTH (self->chosen) &&
         smtp_scram_auth_was_binding_refused (SMTP_SCRAM_AUTH (self->chosen));
}

/* Whether this failure says something about the mechanism alone. */
static gboolean
leaves_others (SmtpAutoAuth *self,
               const GError *failure)
{
  if (is_client_error (failure, SMTP_CLIENT_ERROR_AUTH_REJECTED))
    return self->allow_fallback;
  if (is_client_error (failure, SMTP_CLIENT_ERROR_TLS_REQUIRED))
    return TRUE;

  return is_client_error (failure, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE) && !was_binding_refused (self) &&
         !(self->challenged && is_scram (self->mechanism));
}

/* If nothing else fits, the error is the one that the user can do most about. */
static void
note_failure (SmtpAutoAuth *self,
              const GError *failure)
{
  if (is_client_error (failure, SMTP_CLIENT_ERROR_AUTH_REJECTED) ||
      (is_client_error (failure, SMTP_CLIENT_ERROR_TLS_REQUIRED) && self->code == SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE))
    self->code = failure->code;
  add_reason (self, self->mechanism, failure->message);
  pass_over (self, self->mechanism);
}

static gboolean
smtp_auto_auth_retry (SmtpAuth       *auth,
                      SmtpServerInfo *server,
                      const GError   *failure)
{
  SmtpAutoAuth *self = SMTP_AUTO_AUTH (auth);

  /* Nothing was chosen: it was prepare() that failed. */
  if (self->server == NULL)
    return FALSE;

  grow_suspicious (self, failure);
  self->keeps = smtp_auth_retry (self->chosen, self->server, failure);
  self->under_way = self->keeps || leaves_others (self, failure);
  if (!self->under_way)
    {
      forget_authentication (self);
      return FALSE;
    }

  if (!self->keeps)
    note_failure (self, failure);
  return TRUE;
}

/* ---- the object ------------------------------------------------------------------ */

static void
smtp_auto_auth_finalize (GObject *object)
{
  SmtpAutoAuth *self = SMTP_AUTO_AUTH (object);

  forget_authentication (self);
  g_string_free (self->reasons, TRUE);
  g_clear_object (&self->chosen);
  g_clear_pointer (&self->pin, smtp_auth_pin_unref);
  g_free (self->mechanism);
  G_OBJECT_CLASS (smtp_auto_auth_parent_class)->finalize (object);
}

static void
smtp_auto_auth_get_property (GObject    *object,
                             guint       id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  SmtpAutoAuth *self = SMTP_AUTO_AUTH (object);

  switch (id)
    {
    case PROP_ALLOW_FALLBACK:
      g_value_set_boolean (value, self->allow_fallback);
      break;
    case PROP_PIN:
      g_value_set_boxed (value, self->pin);
      break;
    case PROP_MECHANISM:
      g_value_set_string (value, self->mechanism);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_auto_auth_set_property (GObject      *object,
                             guint         id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  SmtpAutoAuth *self = SMTP_AUTO_AUTH (object);

  switch (id)
    {
    case PROP_ALLOW_FALLBACK:
      smtp_auto_auth_set_allow_fallback (self, g_value_get_boolean (value));
      break;
    case PROP_PIN:
      smtp_auto_auth_set_pin (self, g_value_get_boxed (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_auto_auth_class_init (SmtpAutoAuthClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  SmtpAuthClass *auth_class = SMTP_AUTH_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = smtp_auto_auth_finalize;
  object_class->get_property = smtp_auto_auth_get_property;
  object_class->set_property = smtp_auto_auth_set_property;
  auth_class->prepare = smtp_auto_auth_prepare;
  auth_class->start = smtp_auto_auth_start;
  auth_class->prepare_next = smtp_auto_auth_prepare_next;
  auth_class->next = smtp_auto_auth_next;
  auth_class->retry = smtp_auto_auth_retry;

  /**
   * SmtpAutoAuth:allow-fallback: (getter get_allow_fallback) (setter set_allow_fallback)
   *
   * Whether another mechanism may be tried after the server has refused the
   * credentials. Some servers keep several passwords, or know a user for some
   * mechanisms only. `SCRAM` is never followed by something weaker.
   *
   * Since: 1.0
   */
  properties[PROP_ALLOW_FALLBACK] = g_param_spec_boolean ("allow-fallback", NULL, NULL, FALSE, flags);

  /**
   * SmtpAutoAuth:pin: (getter get_pin) (setter set_pin)
   *
   * What the server has to match at least, and after each success, what was
   * reached; %NULL before that.
   *
   * Since: 1.0
   */
  properties[PROP_PIN] = g_param_spec_boxed ("pin", NULL, NULL, SMTP_TYPE_AUTH_PIN, flags);

  /**
   * SmtpAutoAuth:mechanism: (getter get_mechanism)
   *
   * The mechanism that was chosen last, whether it served or not; %NULL before
   * that.
   *
   * Since: 1.0
   */
  properties[PROP_MECHANISM] =
    g_param_spec_string ("mechanism", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
smtp_auto_auth_init (SmtpAutoAuth *self)
{
  self->reasons = g_string_new (NULL);
}

/**
 * smtp_auto_auth_new:
 * @username: who signs in
 * @password: the password. It is copied, and the copy wiped in the end.
 *
 * Creates the automatic choice for a user name and a password.
 *
 * Returns: (transfer full): a new mechanism
 *
 * Since: 1.0
 */
SmtpAuth *
smtp_auto_auth_new (const char *username,
                    const char *password)
{
  g_return_val_if_fail (username != NULL, NULL);
  g_return_val_if_fail (password != NULL, NULL);

  return smtp_auth_new_with_password (SMTP_TYPE_AUTO_AUTH, NULL, username, password, NULL);
}

/**
 * smtp_auto_auth_new_for_credentials:
 * @credentials: who signs in, and by what
 *
 * Creates the automatic choice for credentials: a token, a certificate, an
 * identity to act as.
 *
 * Returns: (transfer full): a new mechanism
 *
 * Since: 1.0
 */
SmtpAuth *
smtp_auto_auth_new_for_credentials (SmtpCredentials *credentials)
{
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (credentials), NULL);

  return g_object_new (SMTP_TYPE_AUTO_AUTH, "credentials", credentials, NULL);
}

/**
 * smtp_auto_auth_get_allow_fallback: (get-property allow-fallback)
 * @self: an automatic choice
 *
 * Gets whether another mechanism may be tried after a refusal.
 *
 * Returns: whether it may
 *
 * Since: 1.0
 */
gboolean
smtp_auto_auth_get_allow_fallback (SmtpAutoAuth *self)
{
  g_return_val_if_fail (SMTP_IS_AUTO_AUTH (self), FALSE);

  return self->allow_fallback;
}

/**
 * smtp_auto_auth_set_allow_fallback: (set-property allow-fallback)
 * @self: an automatic choice
 * @allow_fallback: whether another mechanism may be tried
 *
 * Sets whether another mechanism may be tried after a refusal.
 *
 * Since: 1.0
 */
void
smtp_auto_auth_set_allow_fallback (SmtpAutoAuth *self,
                                   gboolean      allow_fallback)
{
  g_return_if_fail (SMTP_IS_AUTO_AUTH (self));

  allow_fallback = !!allow_fallback;
  if (self->allow_fallback == allow_fallback)
    return;

  self->allow_fallback = allow_fallback;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ALLOW_FALLBACK]);
}

/**
 * smtp_auto_auth_get_pin: (get-property pin)
 * @self: an automatic choice
 *
 * Gets what was reached, to be remembered.
 *
 * Returns: (transfer none) (nullable): the pin
 *
 * Since: 1.0
 */
SmtpAuthPin *
smtp_auto_auth_get_pin (SmtpAutoAuth *self)
{
  g_return_val_if_fail (SMTP_IS_AUTO_AUTH (self), NULL);

  return self->pin;
}

/**
 * smtp_auto_auth_set_pin: (set-property pin)
 * @self: an automatic choice
 * @pin: (nullable): what was remembered, or %NULL to accept what comes
 *
 * Sets what the server has to match at least.
 *
 * Since: 1.0
 */
void
smtp_auto_auth_set_pin (SmtpAutoAuth *self,
                        SmtpAuthPin  *pin)
{
  g_return_if_fail (SMTP_IS_AUTO_AUTH (self));

  if (self->pin == pin)
    return;

  g_clear_pointer (&self->pin, smtp_auth_pin_unref);
  self->pin = pin != NULL ? smtp_auth_pin_ref (pin) : NULL;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PIN]);
}

/**
 * smtp_auto_auth_get_mechanism: (get-property mechanism)
 * @self: an automatic choice
 *
 * Gets the mechanism that was chosen last.
 *
 * Returns: (nullable): its name
 *
 * Since: 1.0
 */
const char *
smtp_auto_auth_get_mechanism (SmtpAutoAuth *self)
{
  g_return_val_if_fail (SMTP_IS_AUTO_AUTH (self), NULL);

  return self->mechanism;
}

/**
 * smtp_auto_auth_get_failure:
 * @self: an automatic choice
 *
 * Gets what the server said of the access token that it refused, when the
 * mechanism that was chosen last is one that shows a token.
 *
 * Returns: (transfer none) (nullable): the failure, or %NULL when no token was
 *   refused or the server has not said why
 *
 * Since: 1.0
 */
SmtpOauthFailure *
smtp_auto_auth_get_failure (SmtpAutoAuth *self)
{
  g_return_val_if_fail (SMTP_IS_AUTO_AUTH (self), NULL);

  return G_TYPE_CHECK_INSTANCE_TYPE (self->chosen, SMTP_TYPE_OAUTH) ? smtp_oauth_get_failure (self->chosen) : NULL;
}
