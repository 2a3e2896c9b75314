/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-gssapi-auth.h"

#include <glib/gi18n-lib.h>

#include "smtp-gssapi-context.h"

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

enum
{
  PROP_0,
  PROP_SERVICE_NAME,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_DYNAMIC_TYPE (SmtpGssapiAuth, smtp_gssapi_auth, SMTP_TYPE_AUTH)

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
  GTask             *preparation;
} Step;

static void
step_free (gpointer data)
{
  Step *step = data;

  g_clear_pointer (&step->context, smtp_gssapi_context_free);
  g_clear_pointer (&step->input, g_bytes_unref);
  g_object_unref (step->preparation);
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

static void
on_stepped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  SmtpGssapiAuth *self = SMTP_GSSAPI_AUTH (source);
  Step *step = g_task_get_task_data (G_TASK (result));
  g_autoptr (GTask) preparation = g_object_ref (step->preparation);
  GError *error = NULL;
  GBytes *output = g_task_propagate_pointer (G_TASK (result), &error);

  /* The exchange may have been given up, and another have begun. */
  if (self->stepping != G_TASK (result))
    {
      g_clear_pointer (&output, g_bytes_unref);
      g_clear_error (&error);
      g_task_return_boolean (preparation, TRUE);
      return;
    }

  g_clear_object (&self->stepping);
  if (error != NULL)
    {
      g_prefix_error (&error, "%s: ", self->server_name);
      forget_exchange (self);
      g_task_return_error (preparation, error);
      return;
    }

  self->context = g_steal_pointer (&step->context);
  self->token = output;
  g_task_return_boolean (preparation, TRUE);
}

/* A call to the KDC cannot be interrupted: who does not wait any more leaves
 * the thread to itself. */
static void
step_later (SmtpGssapiAuth *self,
            GBytes         *input,
            GTask          *preparation)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, on_stepped, NULL);
  Step *step = g_new (Step, 1);

  step->context = g_steal_pointer (&self->context);
  step->input = input != NULL ? g_bytes_ref (input) : NULL;
  step->preparation = g_object_ref (preparation);
  g_task_set_name (task, "[smtp-glib] GSSAPI");
  g_task_set_source_tag (task, step_later);
  g_task_set_task_data (task, step, step_free);
  g_set_object (&self->stepping, task);
  g_task_run_in_thread (task, step_in_thread);
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

static void
smtp_gssapi_auth_prepare (SmtpAuth       *auth,
                          SmtpServerInfo *server,
                          GTask          *task)
{
  SmtpGssapiAuth *self = SMTP_GSSAPI_AUTH (auth);
  SmtpCredentials *credentials = smtp_auth_get_credentials (auth);
  const char *username = credentials != NULL ? smtp_credentials_get_username (credentials) : NULL;
  GError *error = NULL;

  forget_exchange (self);
  if (!check_credentials (credentials, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  self->server_name = g_strdup (smtp_server_info_get_name (server));
  self->context = smtp_gssapi_context_new (self->service_name, self->server_name, username);
  step_later (self, NULL, task);
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
  SmtpCredentials *credentials = smtp_auth_get_credentials (SMTP_AUTH (self));
  const char *identity = credentials != NULL ? smtp_credentials_get_identity (credentials) : NULL;
  GBytes *answer = smtp_gssapi_context_choose_layer (self->context, challenge, identity != NULL ? identity : "", error);

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
      self->service_name = g_value_dup_string (value);
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

  /* What the server is called in Kerberos, before "@" and its host. */
  properties[PROP_SERVICE_NAME] =
    g_param_spec_string ("service-name", NULL, NULL, "smtp",
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
