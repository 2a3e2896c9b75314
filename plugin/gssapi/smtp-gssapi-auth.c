/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-gssapi-auth.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-gssapi-context.h"
#include "smtp-text.h"

/* The GSSAPI mechanism (RFC 4752): who has a ticket of Kerberos needs no
 * password. Programs get it by smtp_auth_create ("GSSAPI", …), or let
 * SmtpAutoAuth choose it; the manual says how.
 *
 * Whatever may ask a KDC happens in a thread, on a context that belongs to that
 * thread until it is done: an exchange that was given up takes it along. */

typedef enum
{
  STAGE_NONE,    /* nothing was sent, or it has gone wrong */
  STAGE_TOKENS,  /* the context is being made */
  STAGE_LAYER,   /* the server's offer of security layers is due */
  STAGE_DONE,    /* we have answered it */
} Stage;

struct _SmtpGssapiAuth
{
  SmtpAuth           parent_instance;

  char              *service_name;

  Stage              stage;
  char              *server_name;
  SmtpGssapiContext *context;
  GTask             *stepping;   /* the thread that has the context */
  GBytes            *token;      /* what it made: the next to be sent */
};

#define DEFAULT_SERVICE "smtp"

enum
{
  PROP_0,
  PROP_SERVICE_NAME,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_DYNAMIC_TYPE_EXTENDED (SmtpGssapiAuth, smtp_gssapi_auth, SMTP_TYPE_AUTH, G_TYPE_FLAG_FINAL, {})

static void
forget_exchange (SmtpGssapiAuth *self)
{
  self->stage = STAGE_NONE;
  g_clear_pointer (&self->server_name, g_free);
  g_clear_pointer (&self->context, smtp_gssapi_context_free);
  g_clear_pointer (&self->token, g_bytes_unref);
  g_clear_object (&self->stepping);
}

/* ---- steps in a thread ----------------------------------------------------------- */

/* What the thread works with: nothing that it would share with the object. */
typedef struct
{
  SmtpGssapiContext *context;
  GBytes            *input;   /* NULL for the first step */
} Step;

static void
step_free (gpointer data)
{
  Step *step = data;

  g_clear_pointer (&step->context, smtp_gssapi_context_free);
  g_clear_pointer (&step->input, g_bytes_unref);
  g_free (step);
}

static void
step_in_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  Step *step = task_data;
  GBytes *output = NULL;
  GError *error = NULL;

  if (smtp_gssapi_context_step (step->context, step->input, &output, &error))
    g_task_return_pointer (task, output, (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, error);
}

/* Who waits for it. The thread holds neither. */
typedef struct
{
  SmtpGssapiAuth *auth;
  GTask          *preparation;
} Waiting;

static Waiting *
waiting_new (SmtpGssapiAuth *auth,
             GTask          *preparation)
{
  Waiting *self = g_new (Waiting, 1);

  self->auth = g_object_ref (auth);
  self->preparation = g_object_ref (preparation);
  return self;
}

static void
waiting_free (Waiting *self)
{
  g_object_unref (self->preparation);
  g_object_unref (self->auth);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Waiting, waiting_free)

/* Takes the result of the step. */
static void
take_result (SmtpGssapiAuth *self,
             GTask          *task,
             GBytes         *output,
             GError        **error)
{
  Step *step = g_task_get_task_data (task);

  g_clear_object (&self->stepping);
  if (output != NULL)
    {
      self->context = g_steal_pointer (&step->context);
      self->token = output;
      return;
    }

  g_prefix_error (error, "%s: ", self->server_name);
  forget_exchange (self);
}

static void
on_stepped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (Waiting) waiting = user_data;
  GTask *task = G_TASK (result);
  GError *error = NULL;
  GBytes *output = g_task_propagate_pointer (task, &error);

  /* The exchange may have been given up, and another have begun. */
  if (waiting->auth->stepping == task)
    take_result (waiting->auth, task, output, &error);
  else
    g_clear_pointer (&output, g_bytes_unref);

  if (error != NULL)
    g_task_return_error (waiting->preparation, error);
  else
    g_task_return_boolean (waiting->preparation, TRUE);
}

/* A call to the KDC cannot be interrupted: who does not wait any more is told at
 * once, while there is a context to be told in, and leaves the thread to
 * itself. */
static void
step_later (SmtpGssapiAuth *self,
            GBytes         *input,
            GTask          *preparation)
{
  g_autoptr (GTask) task = g_task_new (NULL, g_task_get_cancellable (preparation), on_stepped,
                                       waiting_new (self, preparation));
  Step *step = g_new (Step, 1);

  step->context = g_steal_pointer (&self->context);
  step->input = input != NULL ? g_bytes_ref (input) : NULL;
  g_task_set_name (task, "[smtp-glib] GSSAPI");
  g_task_set_source_tag (task, step_later);
  g_task_set_task_data (task, step, step_free);
  g_task_set_return_on_cancel (task, TRUE);
  g_set_object (&self->stepping, task);
  g_task_run_in_thread (task, step_in_thread);
}

/* ---- whose ticket, and whom to act as -------------------------------------------- */

/* NULL for whoever has a ticket. */
static const char *
get_username (SmtpGssapiAuth *self)
{
  SmtpCredentials *credentials = smtp_auth_get_credentials (SMTP_AUTH (self));
  const char *username = credentials != NULL ? smtp_credentials_get_username (credentials) : NULL;

  return username != NULL && *username != '\0' ? username : NULL;
}

/* "" for the one that belongs to the ticket. */
static const char *
get_identity (SmtpGssapiAuth *self)
{
  SmtpCredentials *credentials = smtp_auth_get_credentials (SMTP_AUTH (self));
  const char *identity = credentials != NULL ? smtp_credentials_get_identity (credentials) : NULL;

  return identity != NULL ? identity : "";
}

/* ---- the beginning ------------------------------------------------------------------ */

/* Credentials that have something to say by themselves are for other
 * mechanisms: whoever gave a password wants it used. */
static gboolean
check_credentials (SmtpCredentials  *credentials,
                   GError          **error)
{
  g_autoptr (GBytes) password = NULL;
  g_autoptr (GBytes) token = NULL;

  if (credentials == NULL)
    return TRUE;

  password = smtp_credentials_dup_password (credentials);
  token = smtp_credentials_dup_access_token (credentials);
  if (password == NULL && token == NULL)
    return TRUE;

  g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                       _("GSSAPI is for credentials without a password or a token"));
  return FALSE;
}

/* The KDC need not know of a server that would not have it. */
static gboolean
check_offered (SmtpServerInfo  *server,
               GError         **error)
{
  if (smtp_server_info_has_mechanism (server, "GSSAPI"))
    return TRUE;

  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
               _("%s does not offer GSSAPI"), smtp_server_info_get_name (server));
  return FALSE;
}

static gboolean
check_text (const char  *text,
            const char  *forbidden,
            const char  *complaint,
            GError     **error)
{
  if (smtp_text_is_plain (text) && strpbrk (text, forbidden) == NULL)
    return TRUE;

  g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, complaint);
  return FALSE;
}

/* "service@host" has no way to quote. */
#define NOT_IN_SERVICE "@/\\ "

/* @username: (nullable) */
static gboolean
check_names (SmtpGssapiAuth  *self,
             const char      *host,
             const char      *username,
             GError         **error)
{
  return check_text (self->service_name, NOT_IN_SERVICE,
                     _("GSSAPI cannot use this service name: it has control characters, “@” or “/”"), error) &&
         check_text (host, NOT_IN_SERVICE,
                     _("GSSAPI cannot use this server name: it has control characters, “@” or “/”"), error) &&
         check_text (username != NULL ? username : "", "",
                     _("GSSAPI cannot use this user name: it has control characters"), error) &&
         check_text (get_identity (self), "",
                     _("GSSAPI cannot use this identity: it has control characters"), error);
}

static gboolean
begin_exchange (SmtpGssapiAuth  *self,
                SmtpServerInfo  *server,
                GError         **error)
{
  const char *host = smtp_server_info_get_name (server);
  const char *username = get_username (self);

  forget_exchange (self);
  if (!check_offered (server, error) ||
      !check_credentials (smtp_auth_get_credentials (SMTP_AUTH (self)), error) ||
      !check_names (self, host, username, error))
    return FALSE;

  self->server_name = g_strdup (host);
  self->context = smtp_gssapi_context_new (self->service_name, host, username);
  return TRUE;
}

static void
smtp_gssapi_auth_prepare (SmtpAuth       *auth,
                          SmtpServerInfo *server,
                          GTask          *task)
{
  SmtpGssapiAuth *self = SMTP_GSSAPI_AUTH (auth);
  GError *error = NULL;

  if (begin_exchange (self, server, &error))
    step_later (self, NULL, task);
  else
    g_task_return_error (task, error);
}

/* The next token is due once the context is complete, or to be made from the
 * server's answer. */
static void
set_stage (SmtpGssapiAuth *self)
{
  self->stage = smtp_gssapi_context_is_complete (self->context) ? STAGE_LAYER : STAGE_TOKENS;
}

static gboolean
smtp_gssapi_auth_start (SmtpAuth        *auth,
                        SmtpServerInfo  *server,
                        char           **mechanism,
                        GBytes         **initial_response,
                        GError         **error)
{
  SmtpGssapiAuth *self = SMTP_GSSAPI_AUTH (auth);

  if (self->context == NULL || self->token == NULL)
    {
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE,
                           _("GSSAPI begins with its preparation"));
      return FALSE;
    }

  set_stage (self);
  *mechanism = g_strdup ("GSSAPI");
  *initial_response = g_steal_pointer (&self->token);
  return TRUE;
}

/* ---- the exchange ---------------------------------------------------------------------- */

static void
smtp_gssapi_auth_prepare_next (SmtpAuth *auth,
                               GBytes   *challenge,
                               GTask    *task)
{
  SmtpGssapiAuth *self = SMTP_GSSAPI_AUTH (auth);

  if (self->stage == STAGE_TOKENS && self->context != NULL)
    step_later (self, challenge, task);
  else
    g_task_return_boolean (task, TRUE);
}

static GBytes *
answer_offer (SmtpGssapiAuth  *self,
              GBytes          *challenge,
              GError         **error)
{
  GBytes *answer = smtp_gssapi_context_choose_layer (self->context, challenge, get_identity (self), error);

  if (answer != NULL)
    self->stage = STAGE_DONE;
  return answer;
}

static GBytes *
answer (SmtpGssapiAuth  *self,
        GBytes          *challenge,
        GError         **error)
{
  if (self->stage == STAGE_TOKENS && self->token != NULL)
    {
      set_stage (self);
      return g_steal_pointer (&self->token);
    }

  if (self->stage == STAGE_LAYER)
    return answer_offer (self, challenge, error);

  g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                       _("The server sent a challenge that GSSAPI does not have"));
  return NULL;
}

/* The server says yes: that counts only from who has proved itself. */
static gboolean
confirm (SmtpGssapiAuth  *self,
         GError         **error)
{
  gboolean done = self->stage == STAGE_DONE;

  if (!done)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                 _("%s reports success, but has not proved who it is"), self->server_name);
  forget_exchange (self);
  return done;
}

static gboolean
smtp_gssapi_auth_next (SmtpAuth  *auth,
                       GBytes    *challenge,
                       gboolean   more,
                       GBytes   **response,
                       GError   **error)
{
  SmtpGssapiAuth *self = SMTP_GSSAPI_AUTH (auth);

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

/* ---- the object ---------------------------------------------------------------------------- */

static void
smtp_gssapi_auth_finalize (GObject *object)
{
  SmtpGssapiAuth *self = SMTP_GSSAPI_AUTH (object);

  forget_exchange (self);
  g_free (self->service_name);
  G_OBJECT_CLASS (smtp_gssapi_auth_parent_class)->finalize (object);
}

static void
smtp_gssapi_auth_get_property (GObject    *object,
                               guint       id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_SERVICE_NAME:
      g_value_set_string (value, SMTP_GSSAPI_AUTH (object)->service_name);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_gssapi_auth_set_property (GObject      *object,
                               guint         id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  SmtpGssapiAuth *self = SMTP_GSSAPI_AUTH (object);

  switch (id)
    {
    case PROP_SERVICE_NAME:
      g_free (self->service_name);
      self->service_name = g_strdup (g_value_get_string (value) != NULL ? g_value_get_string (value) : DEFAULT_SERVICE);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_gssapi_auth_class_init (SmtpGssapiAuthClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  SmtpAuthClass *auth_class = SMTP_AUTH_CLASS (klass);

  object_class->finalize = smtp_gssapi_auth_finalize;
  object_class->get_property = smtp_gssapi_auth_get_property;
  object_class->set_property = smtp_gssapi_auth_set_property;
  auth_class->prepare = smtp_gssapi_auth_prepare;
  auth_class->start = smtp_gssapi_auth_start;
  auth_class->prepare_next = smtp_gssapi_auth_prepare_next;
  auth_class->next = smtp_gssapi_auth_next;

  /* What the server is called in Kerberos, before "@" and its host; NULL is the
   * default. */
  properties[PROP_SERVICE_NAME] =
    g_param_spec_string ("service-name", NULL, NULL, DEFAULT_SERVICE,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
smtp_gssapi_auth_class_finalize (SmtpGssapiAuthClass *klass)
{
}

static void
smtp_gssapi_auth_init (SmtpGssapiAuth *self)
{
}

/* G_DEFINE_DYNAMIC_TYPE makes a static function of it. */
void
smtp_gssapi_auth_register (GTypeModule *module)
{
  smtp_gssapi_auth_register_type (module);
}
