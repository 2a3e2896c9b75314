/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-scram-auth-private.h"

#include <glib/gi18n-lib.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "smtp-auth-private.h"
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

/* In the order of preference. There is no way to ask a server of SMTP which of
 * them it knows: below TLS 1.3 each that binds knows tls-unique (RFC 5802
 * §6.1), and on TLS 1.3, where that does not exist, tls-exporter (RFC 9266
 * §2). */
typedef struct
{
  GTlsChannelBindingType  type;
  const char             *name;
} Binding;

static const Binding bindings[] = {
  { G_TLS_CHANNEL_BINDING_TLS_UNIQUE, "tls-unique" },
  { G_TLS_CHANNEL_BINDING_TLS_EXPORTER, "tls-exporter" },
  { G_TLS_CHANNEL_BINDING_TLS_SERVER_END_POINT, "tls-server-end-point" },
};

struct _SmtpScramAuth
{
  SmtpAuth       parent_instance;

  /* the exchange */
  Stage          stage;
  char          *server_name;
  SmtpScramHash  hash;
  const Binding *binding;       /* NULL for none */
  gboolean       type_refused;  /* the server does not know that kind of binding */
  guint          refused_types; /* bits of GTlsChannelBindingType */
  SmtpScram     *scram;

  char          *prepared;      /* the password of the last exchange … */
  SmtpScramKeys *keys;          /* … and what was derived from it */
  GTask         *deriving;      /* whose result will be the keys */
};

/* Not final, for the variants below; nobody else can derive from it. */
G_DEFINE_TYPE (SmtpScramAuth, smtp_scram_auth, SMTP_TYPE_AUTH)

static void
forget_exchange (SmtpScramAuth *self)
{
  self->stage = STAGE_NONE;
  g_clear_pointer (&self->server_name, g_free);
  g_clear_pointer (&self->scram, smtp_scram_free);
}

/* ---- the variants ----------------------------------------------------------- */

/* Each mechanism is a type of its own as well, for who looks one up by its
 * name: an extension has one type, and a type one extension. */
typedef struct
{
  const char    *type_name;
  SmtpScramHash  hash;
  gboolean       bound;
} Variant;

static const Variant variants[] = {
  { "SmtpScramSha512PlusAuth", SMTP_SCRAM_SHA_512, TRUE },
  { "SmtpScramSha256PlusAuth", SMTP_SCRAM_SHA_256, TRUE },
  { "SmtpScramSha1PlusAuth", SMTP_SCRAM_SHA_1, TRUE },
  { "SmtpScramSha512Auth", SMTP_SCRAM_SHA_512, FALSE },
  { "SmtpScramSha256Auth", SMTP_SCRAM_SHA_256, FALSE },
  { "SmtpScramSha1Auth", SMTP_SCRAM_SHA_1, FALSE },
};

static G_DEFINE_QUARK (smtp-scram-variant, variant)

/*< private >
 * Registers the types of the mechanisms one by one, strongest first. NULL
 * behind the last.
 */
const char *
smtp_scram_auth_register_variant (guint  i,
                                  GType *type)
{
  const GTypeInfo info = {
    .class_size = sizeof (SmtpScramAuthClass),
    .instance_size = sizeof (SmtpScramAuth),
  };

  if (i >= G_N_ELEMENTS (variants))
    return NULL;

  *type = g_type_register_static (SMTP_TYPE_SCRAM_AUTH, variants[i].type_name, &info, G_TYPE_FLAG_FINAL);
  g_type_set_qdata (*type, variant_quark (), (gpointer) &variants[i]);
  return smtp_scram_mechanism (variants[i].hash, variants[i].bound);
}

static gboolean
may_use (SmtpScramAuth *self,
         SmtpScramHash  hash,
         gboolean       bound)
{
  const Variant *variant = g_type_get_qdata (G_OBJECT_TYPE (self), variant_quark ());

  return variant == NULL || (variant->hash == hash && variant->bound == bound);
}

/* ---- the choice ------------------------------------------------------------ */

static const Binding *
find_binding (SmtpScramAuth  *self,
              SmtpServerInfo *server)
{
  for (guint i = 0; i < G_N_ELEMENTS (bindings); i++)
    if (!(self->refused_types & (1u << bindings[i].type)) &&
        smtp_server_info_get_channel_binding (server, bindings[i].type) != NULL)
      return &bindings[i];

  return NULL;
}

static gboolean
find_hash (SmtpScramAuth  *self,
           SmtpServerInfo *server,
           gboolean        bound,
           SmtpScramHash  *found)
{
  for (int hash = SMTP_SCRAM_N_HASHES - 1; hash >= 0; hash--)
    if (may_use (self, hash, bound) && smtp_server_info_has_mechanism (server, smtp_scram_mechanism (hash, bound)))
      {
        *found = hash;
        return TRUE;
      }

  return FALSE;
}

static void
set_not_offered (SmtpScramAuth   *self,
                 SmtpServerInfo  *server,
                 GError         **error)
{
  SmtpScramHash hash;

  if (find_hash (self, server, TRUE, &hash))
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

/* Keys are those of a password. */
static void
take_password (SmtpScramAuth *self,
               char          *prepared)
{
  if (g_strcmp0 (self->prepared, prepared) != 0)
    {
      g_clear_object (&self->deriving);
      g_clear_pointer (&self->keys, smtp_scram_keys_free);
    }
  smtp_secret_free (self->prepared);
  self->prepared = prepared;
}

static gboolean
prepare_names (SmtpScramAuth  *self,
               char          **username,
               char          **identity,
               GError        **error)
{
  SmtpAuth *auth = SMTP_AUTH (self);
  const char *name = smtp_auth_need_username (auth, "SCRAM", error);
  const char *password = name != NULL ? smtp_auth_need_password (auth, "SCRAM", error) : NULL;
  char *prepared;

  if (password == NULL ||
      !prepare_text (name, _("SCRAM cannot use this user name: it is empty or has control characters"),
                     username, error) ||
      (*smtp_auth_peek_identity (auth) != '\0' &&
       !prepare_text (smtp_auth_peek_identity (auth),
                      _("SCRAM cannot use this identity: it has control characters"), identity, error)) ||
      !prepare_text (password, _("SCRAM cannot use this password: it is empty or has control characters"),
                     &prepared, error))
    return FALSE;

  take_password (self, prepared);
  return TRUE;
}

/* @binding: (nullable): what the exchange is bound to
 * @could_bind: whether it could have been, if the server offered it */
static gboolean
begin_exchange (SmtpScramAuth  *self,
                GBytes         *binding,
                gboolean        could_bind,
                GError        **error)
{
  g_autoptr (SmtpSecretText) username = NULL;
  g_autoptr (SmtpSecretText) identity = NULL;
  g_autofree char *header = NULL;
  g_autofree char *nonce = NULL;

  if (!prepare_names (self, &username, &identity, error))
    return FALSE;

  nonce = make_nonce (error);
  if (nonce == NULL)
    return FALSE;

  header = smtp_scram_gs2_header (binding != NULL ? self->binding->name : NULL, could_bind, identity);
  self->scram = smtp_scram_new (self->hash, header, binding, username, nonce);
  return TRUE;
}

/* Whether the exchange is to be bound, and by which hash. A kind of binding
 * that the server has refused leaves others, but never the way without: RFC
 * 5802 §6 has a client that can bind use what is offered. */
static gboolean
choose (SmtpScramAuth   *self,
        SmtpServerInfo  *server,
        gboolean        *bound,
        GError         **error)
{
  self->binding = find_binding (self, server);
  *bound = self->binding != NULL && find_hash (self, server, TRUE, &self->hash);
  if (*bound || (self->refused_types == 0 && find_hash (self, server, FALSE, &self->hash)))
    return TRUE;

  set_not_offered (self, server, error);
  return FALSE;
}

static gboolean
smtp_scram_auth_start (SmtpAuth        *auth,
                       SmtpServerInfo  *server,
                       char           **mechanism,
                       GBytes         **initial_response,
                       GError         **error)
{
  SmtpScramAuth *self = SMTP_SCRAM_AUTH (auth);
  g_autofree char *message = NULL;
  GBytes *binding = NULL;
  gboolean bound;

  forget_exchange (self);
  if (!choose (self, server, &bound, error))
    return FALSE;

  if (bound)
    binding = smtp_server_info_get_channel_binding (server, self->binding->type);
  if (!begin_exchange (self, binding, self->binding != NULL, error))
    return FALSE;

  self->stage = STAGE_FIRST;
  self->type_refused = FALSE;
  self->server_name = g_strdup (smtp_server_info_get_name (server));
  message = smtp_scram_client_first (self->scram);
  *mechanism = g_strdup (smtp_scram_mechanism (self->hash, bound));
  *initial_response = g_bytes_new (message, strlen (message));
  return TRUE;
}

/* Another kind of binding may be one that the server knows. */
static gboolean
smtp_scram_auth_retry (SmtpAuth       *auth,
                       SmtpServerInfo *server,
                       const GError   *failure)
{
  SmtpScramAuth *self = SMTP_SCRAM_AUTH (auth);

  if (self->type_refused && self->binding != NULL)
    {
      self->refused_types |= 1u << self->binding->type;
      if (find_binding (self, server) != NULL)
        return TRUE;
    }

  self->refused_types = 0;
  return FALSE;
}

/*< private >
 * Whether the last exchange ended because the server did not know the kind of
 * channel binding.
 */
gboolean
smtp_scram_auth_was_binding_refused (SmtpScramAuth *self)
{
  return self->type_refused;
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

  self->type_refused = self->scram != NULL && smtp_scram_is_binding_refused (self->scram);
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
  smtp_secret_free (self->prepared);
  G_OBJECT_CLASS (smtp_scram_auth_parent_class)->finalize (object);
}

static void
smtp_scram_auth_class_init (SmtpScramAuthClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  SmtpAuthClass *auth_class = SMTP_AUTH_CLASS (klass);

  object_class->finalize = smtp_scram_auth_finalize;
  auth_class->start = smtp_scram_auth_start;
  auth_class->next = smtp_scram_auth_next;
  auth_class->prepare_next = smtp_scram_auth_prepare_next;
  auth_class->retry = smtp_scram_auth_retry;
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
  g_return_val_if_fail (username != NULL, NULL);
  g_return_val_if_fail (password != NULL, NULL);

  return smtp_auth_new_with_password (SMTP_TYPE_SCRAM_AUTH, identity, username, password, NULL);
}
