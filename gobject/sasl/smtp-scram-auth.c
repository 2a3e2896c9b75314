/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-scram-auth.h"

#include <glib/gi18n-lib.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "smtp-base64.h"
#include "smtp-error.h"
#include "smtp-scram.h"
#include "smtp-secret.h"
#include "smtp-secret-memory.h"

/**
 * SmtpScramAuth:
 *
 * The `SCRAM` mechanisms (RFC 5802, RFC 7677): prove that the password is
 * known without sending it, and have the server prove that it knows it, too.
 *
 * The strongest that the server offers is taken: first those that are bound to
 * the TLS connection, `SCRAM-SHA-512-PLUS`, `SCRAM-SHA-256-PLUS` and
 * `SCRAM-SHA-1-PLUS`, then the same without channel binding. The binding is
 * `tls-exporter` on TLS 1.3 (RFC 9266), `tls-unique` below that, and
 * `tls-server-end-point` where there is neither (RFC 5929). On a connection
 * that could be bound, the server is told so when it does not offer it:
 * somebody who hides the bound mechanisms on the way is found out.
 *
 * The password never leaves the program, so that these mechanisms may be used
 * without TLS. Then somebody who listens can try passwords against what was
 * said.
 *
 * ```c
 * g_autoptr (SmtpAuth) auth = smtp_scram_auth_new ("user", password);
 *
 * if (!smtp_client_authenticate (client, auth, cancellable, &error))
 *   return FALSE;
 * ```
 *
 * User name, identity and password are prepared by the OpaqueString profile
 * (RFC 8265 §4.2), which is SASLprep's successor: text that differs only in
 * how its accents are composed is the same.
 *
 * [method@Client.authenticate] ends with these errors of [error@ClientError]
 * besides its own:
 *
 * - `INVALID_ARGUMENT`: the user name or the password is empty, or one of them
 *   or the identity has characters that cannot be used: control characters,
 *   unassigned ones. Nothing was sent.
 * - `AUTH_UNAVAILABLE`: the server offers no SCRAM, or SCRAM with channel
 *   binding only and the connection has none: nothing was sent. Or the server
 *   wants less than 4,096 (RFC 7677 §4) or more than 1,000,000 iterations, or
 *   an extension (`m=`), or does not know the kind of channel binding.
 * - `AUTH_REJECTED`, `AUTH_TEMPORARY`: the server says so within the exchange
 *   (`e=`, RFC 5802 §7), instead of by its reply.
 * - `DOWNGRADE`: the server says that its channel is another than ours, or
 *   that it did offer channel binding: somebody is between the two.
 * - `PROTOCOL`: a message of the server is malformed or does not belong to this
 *   exchange; or the server's signature is wrong or missing, which means that
 *   it does not know the password. If it reported success nevertheless, the
 *   connection is broken.
 *
 * Deriving the keys takes up to a second, as the server's iteration count
 * wants it. An asynchronous call does not block for that. The keys are kept
 * with the object: authenticating with it again is quick.
 *
 * Since: 1.0
 */

typedef enum
{
  STAGE_NONE,      /* nothing was sent, or it has gone wrong */
  STAGE_FIRST,     /* our first message was sent */
  STAGE_FINAL,     /* our proof was sent */
  STAGE_VERIFIED,  /* the server has proved itself */
} Stage;

struct _SmtpScramAuth
{
  SmtpAuth       parent_instance;

  char          *identity;
  char          *username;
  char          *password;

  /* the exchange */
  Stage          stage;
  char          *server_name;
  SmtpScramHash  hash;
  SmtpScram     *scram;
  char          *prepared;   /* the password */

  SmtpScramKeys *keys;       /* of this exchange or an earlier one */
  GTask         *deriving;   /* whose result will be the keys */
};

enum
{
  PROP_0,
  PROP_IDENTITY,
  PROP_USERNAME,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (SmtpScramAuth, smtp_scram_auth, SMTP_TYPE_AUTH)

static void
forget_exchange (SmtpScramAuth *self)
{
  self->stage = STAGE_NONE;
  g_clear_pointer (&self->server_name, g_free);
  g_clear_pointer (&self->scram, smtp_scram_free);
  g_clear_pointer (&self->prepared, smtp_secret_free);
}

/* ---- the choice ------------------------------------------------------------ */

/* In the order of preference. There is no way to ask a server of SMTP which of
 * them it knows: below TLS 1.3 each that binds knows tls-unique (RFC 5802
 * §6.1), and on TLS 1.3, where that does not exist, tls-exporter (RFC 9266
 * §2). */
static const struct
{
  GTlsChannelBindingType  type;
  const char             *name;
} bindings[] = {
  { G_TLS_CHANNEL_BINDING_TLS_UNIQUE, "tls-unique" },
  { G_TLS_CHANNEL_BINDING_TLS_EXPORTER, "tls-exporter" },
  { G_TLS_CHANNEL_BINDING_TLS_SERVER_END_POINT, "tls-server-end-point" },
};

static GBytes *
find_binding (SmtpServerInfo  *server,
              const char     **name)
{
  for (guint i = 0; i < G_N_ELEMENTS (bindings); i++)
    {
      GBytes *data = smtp_server_info_get_channel_binding (server, bindings[i].type);

      if (data == NULL)
        continue;
      *name = bindings[i].name;
      return data;
    }

  return NULL;
}

static gboolean
find_hash (SmtpServerInfo *server,
           gboolean        bound,
           SmtpScramHash  *found)
{
  for (int hash = SMTP_SCRAM_N_HASHES - 1; hash >= 0; hash--)
    if (smtp_server_info_has_mechanism (server, smtp_scram_mechanism (hash, bound)))
      {
        *found = hash;
        return TRUE;
      }

  return FALSE;
}

static void
set_not_offered (SmtpServerInfo  *server,
                 GError         **error)
{
  SmtpScramHash hash;

  if (find_hash (server, TRUE, &hash))
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                 _("%s offers SCRAM with channel binding only, which this connection does not have"),
                 smtp_server_info_get_name (server));
  else
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                 _("%s does not offer SCRAM-SHA-1, SCRAM-SHA-256 or SCRAM-SHA-512"),
                 smtp_server_info_get_name (server));
}

/* ---- the beginning ---------------------------------------------------------- */

static gboolean
prepare_text (const char  *text,
              const char  *complaint,
              char       **prepared,
              GError     **error)
{
  *prepared = smtp_scram_prepare (text);
  if (*prepared != NULL)
    return TRUE;

  g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, complaint);
  return FALSE;
}

#define NONCE_OCTETS 24 /* 32 letters, without padding */

static char *
make_nonce (GError **error)
{
  guint8 octets[NONCE_OCTETS];
  int result = gnutls_rnd (GNUTLS_RND_NONCE, octets, sizeof octets);

  if (result >= 0)
    return smtp_base64_encode (octets, sizeof octets);

  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
               _("SCRAM cannot be used on this system: %s"), gnutls_strerror (result));
  return NULL;
}

/* @binding: (nullable): with @binding_type */
static gboolean
begin_exchange (SmtpScramAuth  *self,
                const char     *binding_type,
                GBytes         *binding,
                gboolean        could_bind,
                GError        **error)
{
  g_autoptr (SmtpSecretText) username = NULL;
  g_autoptr (SmtpSecretText) identity = NULL;
  g_autofree char *header = NULL;
  g_autofree char *nonce = NULL;

  if (!prepare_text (self->username, _("SCRAM cannot use this user name: it is empty or has control characters"),
                     &username, error) ||
      (*self->identity != '\0' &&
       !prepare_text (self->identity, _("SCRAM cannot use this identity: it has control characters"),
                      &identity, error)) ||
      !prepare_text (self->password, _("SCRAM cannot use this password: it is empty or has control characters"),
                     &self->prepared, error))
    return FALSE;

  nonce = make_nonce (error);
  if (nonce == NULL)
    return FALSE;

  header = smtp_scram_gs2_header (binding_type, could_bind, identity);
  self->scram = smtp_scram_new (self->hash, header, binding, username, nonce);
  return TRUE;
}

static gboolean
smtp_scram_auth_start (SmtpAuth        *auth,
                       SmtpServerInfo  *server,
                       char           **mechanism,
                       GBytes         **initial_response,
                       GError         **error)
{
  SmtpScramAuth *self = SMTP_SCRAM_AUTH (auth);
  const char *type = NULL;
  GBytes *binding = find_binding (server, &type);
  g_autofree char *message = NULL;
  gboolean bound;

  forget_exchange (self);
  if (self->password == NULL)
    {
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                           _("SCRAM has no password: create it with its constructor"));
      return FALSE;
    }

  bound = binding != NULL && find_hash (server, TRUE, &self->hash);
  if (!bound && !find_hash (server, FALSE, &self->hash))
    {
      set_not_offered (server, error);
      return FALSE;
    }

  if (!begin_exchange (self, bound ? type : NULL, bound ? binding : NULL, binding != NULL, error))
    return FALSE;

  self->stage = STAGE_FIRST;
  self->server_name = g_strdup (smtp_server_info_get_name (server));
  message = smtp_scram_client_first (self->scram);
  *mechanism = g_strdup (smtp_scram_mechanism (self->hash, bound));
  *initial_response = g_bytes_new (message, strlen (message));
  return TRUE;
}

/* ---- time for the keys ------------------------------------------------------- */

/* Up to here the keys are there within a frame of an animation (10 to 15 ms),
 * and a thread would not pay. */
#define MAX_ITERATIONS_AT_ONCE 20000

/* What a thread works with: nothing that it would share with the object. */
typedef struct
{
  SmtpScramHash  hash;
  char          *password;
  GBytes        *salt;
  guint          iterations;
} Derivation;

static void
derivation_free (gpointer data)
{
  Derivation *self = data;

  smtp_secret_free (self->password);
  g_bytes_unref (self->salt);
  g_free (self);
}

static void
derive_in_thread (GTask        *task,
                  gpointer      source,
                  gpointer      task_data,
                  GCancellable *cancellable)
{
  Derivation *derivation = task_data;
  GError *error = NULL;
  SmtpScramKeys *keys = smtp_scram_keys_derive (derivation->hash, derivation->password, derivation->salt,
                                                derivation->iterations, &error);

  if (keys != NULL)
    g_task_return_pointer (task, keys, (GDestroyNotify) smtp_scram_keys_free);
  else
    g_task_return_error (task, error);
}

static void
set_keys (SmtpScramAuth *self,
          SmtpScramKeys *keys)
{
  g_clear_pointer (&self->keys, smtp_scram_keys_free);
  self->keys = keys;
}

/* Whether the keys came or not: if they did not, next() says why. */
static void
on_derived (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  SmtpScramAuth *self = SMTP_SCRAM_AUTH (source);
  g_autoptr (GTask) preparation = user_data;
  g_autoptr (SmtpScramKeys) keys = g_task_propagate_pointer (G_TASK (result), NULL);

  /* The operation may have been given up, and another have begun. */
  if (self->deriving == G_TASK (result))
    {
      g_clear_object (&self->deriving);
      if (keys != NULL)
        set_keys (self, g_steal_pointer (&keys));
    }
  g_task_return_boolean (preparation, TRUE);
}

/* PBKDF2 cannot be interrupted: who does not wait any more leaves the thread
 * to itself, for a second at most. */
static void
derive_later (SmtpScramAuth  *self,
              SmtpScramFirst *first,
              GTask          *preparation)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, on_derived, g_object_ref (preparation));
  Derivation *derivation = g_new (Derivation, 1);

  derivation->hash = self->hash;
  derivation->password = smtp_secret_strdup (self->prepared);
  derivation->salt = g_bytes_ref (first->salt);
  derivation->iterations = first->iterations;
  g_task_set_name (task, "[smtp-glib] derive");
  g_task_set_source_tag (task, derive_later);
  g_task_set_task_data (task, derivation, derivation_free);
  g_set_object (&self->deriving, task);
  g_task_run_in_thread (task, derive_in_thread);
}

static gboolean
has_keys (SmtpScramAuth  *self,
          SmtpScramFirst *first)
{
  return self->keys != NULL && smtp_scram_keys_fit (self->keys, self->hash, first->salt, first->iterations);
}

static gboolean
parse_first (SmtpScramAuth   *self,
             GBytes          *challenge,
             SmtpScramFirst  *first,
             GError         **error)
{
  gsize length;
  const char *message = g_bytes_get_data (challenge, &length);

  return smtp_scram_parse_first (self->scram, message, length, first, error);
}

/* A message that is wrong is for next() to refuse. */
static void
smtp_scram_auth_prepare_next (SmtpAuth *auth,
                              GBytes   *challenge,
                              GTask    *task)
{
  SmtpScramAuth *self = SMTP_SCRAM_AUTH (auth);
  g_auto (SmtpScramFirst) first = { NULL, };

  if (self->stage == STAGE_FIRST && parse_first (self, challenge, &first, NULL) &&
      first.iterations > MAX_ITERATIONS_AT_ONCE && !has_keys (self, &first))
    derive_later (self, &first, task);
  else
    g_task_return_boolean (task, TRUE);
}

/* ---- the exchange -------------------------------------------------------------- */

/* Without prepare_next(), or after few iterations, they are derived here. */
static gboolean
ensure_keys (SmtpScramAuth   *self,
             SmtpScramFirst  *first,
             GError         **error)
{
  if (!has_keys (self, first))
    set_keys (self, smtp_scram_keys_derive (self->hash, self->prepared, first->salt, first->iterations, error));

  return self->keys != NULL;
}

static GBytes *
answer_first (SmtpScramAuth  *self,
              GBytes         *challenge,
              GError        **error)
{
  g_auto (SmtpScramFirst) first = { NULL, };
  GBytes *response;
  char *message;

  if (!parse_first (self, challenge, &first, error) || !ensure_keys (self, &first, error))
    return NULL;

  message = smtp_scram_client_final (self->scram, &first, self->keys, error);
  if (message == NULL)
    return NULL;

  self->stage = STAGE_FINAL;
  response = smtp_secret_bytes_new (message, strlen (message));
  smtp_secret_free (message);
  return response;
}

/* RFC 4954 §4: what a mechanism has to say with its success comes as one more
 * challenge, answered by an empty response. */
static GBytes *
answer_final (SmtpScramAuth  *self,
              GBytes         *challenge,
              GError        **error)
{
  gsize length;
  const char *message = g_bytes_get_data (challenge, &length);

  if (!smtp_scram_check_final (self->scram, message, length, error))
    return NULL;

  self->stage = STAGE_VERIFIED;
  return g_bytes_new_static ("", 0);
}

static GBytes *
answer (SmtpScramAuth  *self,
        GBytes         *challenge,
        GError        **error)
{
  switch (self->stage)
    {
    case STAGE_FIRST:
      return answer_first (self, challenge, error);
    case STAGE_FINAL:
      return answer_final (self, challenge, error);
    case STAGE_NONE:
    case STAGE_VERIFIED:
    default:
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                           _("The server sent a challenge that SCRAM does not have"));
      return NULL;
    }
}

/* The server says yes: that counts only from who has proved itself. */
static gboolean
confirm (SmtpScramAuth  *self,
         GError        **error)
{
  gboolean verified = self->stage == STAGE_VERIFIED;

  if (!verified)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                 _("%s reports success, but has not proved that it knows the password"), self->server_name);
  forget_exchange (self);
  return verified;
}

static gboolean
smtp_scram_auth_next (SmtpAuth  *auth,
                      GBytes    *challenge,
                      gboolean   more,
                      GBytes   **response,
                      GError   **error)
{
  SmtpScramAuth *self = SMTP_SCRAM_AUTH (auth);

  if (!more)
    return confirm (self, error);

  *response = answer (self, challenge, error);
  if (*response != NULL)
    return TRUE;

  if (self->server_name != NULL)
    g_prefix_error (error, "%s: ", self->server_name);
  forget_exchange (self);
  return FALSE;
}

/* ---- the object ------------------------------------------------------------------ */

static void
smtp_scram_auth_finalize (GObject *object)
{
  SmtpScramAuth *self = SMTP_SCRAM_AUTH (object);

  forget_exchange (self);
  g_clear_object (&self->deriving);
  set_keys (self, NULL);
  g_free (self->identity);
  g_free (self->username);
  smtp_secret_free (self->password);
  G_OBJECT_CLASS (smtp_scram_auth_parent_class)->finalize (object);
}

static void
smtp_scram_auth_get_property (GObject    *object,
                              guint       id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  SmtpScramAuth *self = SMTP_SCRAM_AUTH (object);

  switch (id)
    {
    case PROP_IDENTITY:
      g_value_set_string (value, self->identity);
      break;
    case PROP_USERNAME:
      g_value_set_string (value, self->username);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static char *
dup_or_empty (const GValue *value)
{
  const char *text = g_value_get_string (value);

  return g_strdup (text != NULL ? text : "");
}

static void
smtp_scram_auth_set_property (GObject      *object,
                              guint         id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  SmtpScramAuth *self = SMTP_SCRAM_AUTH (object);

  switch (id)
    {
    case PROP_IDENTITY:
      self->identity = dup_or_empty (value);
      break;
    case PROP_USERNAME:
      self->username = dup_or_empty (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_scram_auth_class_init (SmtpScramAuthClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  SmtpAuthClass *auth_class = SMTP_AUTH_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = smtp_scram_auth_finalize;
  object_class->get_property = smtp_scram_auth_get_property;
  object_class->set_property = smtp_scram_auth_set_property;
  auth_class->start = smtp_scram_auth_start;
  auth_class->next = smtp_scram_auth_next;
  auth_class->prepare_next = smtp_scram_auth_prepare_next;

  /**
   * SmtpScramAuth:identity:
   *
   * The identity to act as, empty for the one that belongs to the user name
   * (`authzid`, RFC 5801 §4).
   *
   * Since: 1.0
   */
  properties[PROP_IDENTITY] = g_param_spec_string ("identity", NULL, NULL, NULL, flags);

  /**
   * SmtpScramAuth:username:
   *
   * Whose password it is.
   *
   * Since: 1.0
   */
  properties[PROP_USERNAME] = g_param_spec_string ("username", NULL, NULL, NULL, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
smtp_scram_auth_init (SmtpScramAuth *self)
{
}

/**
 * smtp_scram_auth_new:
 * @username: whose password it is
 * @password: the password. It is copied, and the copy wiped in the end.
 *
 * Creates the `SCRAM` mechanism, which takes the strongest variant that the
 * server offers.
 *
 * Returns: (transfer full): a new mechanism
 *
 * Since: 1.0
 */
SmtpAuth *
smtp_scram_auth_new (const char *username,
                     const char *password)
{
  return smtp_scram_auth_new_full (NULL, username, password);
}

/**
 * smtp_scram_auth_new_full:
 * @identity: (nullable): the identity to act as; %NULL or empty for the one
 *   that belongs to @username
 * @username: whose password it is
 * @password: the password. It is copied, and the copy wiped in the end.
 *
 * Creates the `SCRAM` mechanism for acting as somebody else, where the server
 * permits that: a secretary's password for the mail of an office.
 *
 * Returns: (transfer full): a new mechanism
 *
 * Since: 1.0
 */
SmtpAuth *
smtp_scram_auth_new_full (const char *identity,
                          const char *username,
                          const char *password)
{
  SmtpScramAuth *self;

  g_return_val_if_fail (username != NULL, NULL);
  g_return_val_if_fail (password != NULL, NULL);

  self = g_object_new (SMTP_TYPE_SCRAM_AUTH,
                       "identity", identity,
                       "username", username,
                       NULL);
  self->password = smtp_secret_strdup (password);
  return SMTP_AUTH (self);
}
