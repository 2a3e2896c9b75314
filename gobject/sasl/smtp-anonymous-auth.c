/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-anonymous-auth.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-argument.h"
#include "smtp-auth-private.h"
#include "smtp-error.h"
#include "smtp-text.h"

/**
 * SmtpAnonymousAuth:
 *
 * The `ANONYMOUS` mechanism (RFC 4505): says that nobody in particular is
 * there, and perhaps leaves a trace.
 *
 * It proves nothing. Servers have it that give guests less than what they give
 * to others, and want that to be said.
 *
 * ```c
 * g_autoptr (SmtpAuth) auth = smtp_anonymous_auth_new ("guest@example.org");
 *
 * if (!smtp_client_authenticate (client, auth, cancellable, &error))
 *   return FALSE;
 * ```
 *
 * [method@Client.authenticate] ends with these errors of [error@ClientError]
 * besides its own:
 *
 * - `INVALID_ARGUMENT`: the [property@AnonymousAuth:trace] is too long, has
 *   control characters, or an `@` without being a mail address. Nothing was
 *   sent.
 * - `AUTH_REJECTED`: the server has no guests.
 * - `PROTOCOL`: the server sent a challenge.
 *
 * Since: 1.0
 */

struct _SmtpAnonymousAuth
{
  SmtpAuth  parent_instance;
  char     *trace; /* NULL for none */
};

enum
{
  PROP_0,
  PROP_TRACE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (SmtpAnonymousAuth, smtp_anonymous_auth, SMTP_TYPE_AUTH)

#define MAX_TRACE 255 /* characters: RFC 4505 §2 */

/* RFC 4505 §2: an "@" is a mail address's alone. */
static gboolean
is_trace (const char *trace)
{
  if (!smtp_text_is_plain (trace) || g_utf8_strlen (trace, -1) > MAX_TRACE)
    return FALSE;

  return strchr (trace, '@') == NULL || smtp_check_path (trace, SMTP_PATH_RECIPIENT, NULL);
}

static gboolean
smtp_anonymous_auth_start (SmtpAuth        *auth,
                           SmtpServerInfo  *server,
                           char           **mechanism,
                           GBytes         **initial_response,
                           GError         **error)
{
  SmtpAnonymousAuth *self = SMTP_ANONYMOUS_AUTH (auth);
  const char *trace = self->trace != NULL ? self->trace : "";

  if (!is_trace (trace))
    {
      g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                   _("ANONYMOUS cannot use this trace: it must be a mail address, or text of up to %d characters "
                     "without control characters and “@”"), MAX_TRACE);
      return FALSE;
    }

  *mechanism = g_strdup ("ANONYMOUS");
  *initial_response = g_bytes_new (trace, strlen (trace));
  return TRUE;
}

static gboolean
smtp_anonymous_auth_next (SmtpAuth  *auth,
                          GBytes    *challenge,
                          gboolean   more,
                          GBytes   **response,
                          GError   **error)
{
  return smtp_auth_check_unchallenged ("ANONYMOUS", more, error);
}

static void
smtp_anonymous_auth_finalize (GObject *object)
{
  g_free (SMTP_ANONYMOUS_AUTH (object)->trace);
  G_OBJECT_CLASS (smtp_anonymous_auth_parent_class)->finalize (object);
}

static void
smtp_anonymous_auth_get_property (GObject    *object,
                                  guint       id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_TRACE:
      g_value_set_string (value, SMTP_ANONYMOUS_AUTH (object)->trace);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_anonymous_auth_set_property (GObject      *object,
                                  guint         id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  switch (id)
    {
    case PROP_TRACE:
      SMTP_ANONYMOUS_AUTH (object)->trace = g_value_dup_string (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_anonymous_auth_class_init (SmtpAnonymousAuthClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  SmtpAuthClass *auth_class = SMTP_AUTH_CLASS (klass);

  object_class->finalize = smtp_anonymous_auth_finalize;
  object_class->get_property = smtp_anonymous_auth_get_property;
  object_class->set_property = smtp_anonymous_auth_set_property;
  auth_class->start = smtp_anonymous_auth_start;
  auth_class->next = smtp_anonymous_auth_next;

  /**
   * SmtpAnonymousAuth:trace: (getter get_trace)
   *
   * What the server may put into its log: a mail address, or up to 255
   * characters without control characters and `@`; %NULL for nothing.
   *
   * Since: 1.0
   */
  properties[PROP_TRACE] =
    g_param_spec_string ("trace", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
smtp_anonymous_auth_init (SmtpAnonymousAuth *self)
{
}

/**
 * smtp_anonymous_auth_new:
 * @trace: (nullable): what the server may put into its log: a mail address, or
 *   up to 255 characters without control characters and `@`; %NULL or empty for
 *   nothing. It is looked at when the mechanism is used.
 *
 * Creates the `ANONYMOUS` mechanism.
 *
 * Returns: (transfer full): a new mechanism
 *
 * Since: 1.0
 */
SmtpAuth *
smtp_anonymous_auth_new (const char *trace)
{
  return g_object_new (SMTP_TYPE_ANONYMOUS_AUTH, "trace", trace, NULL);
}

/**
 * smtp_anonymous_auth_get_trace: (get-property trace)
 * @self: a mechanism
 *
 * Gets what the server may put into its log.
 *
 * Returns: (nullable): the trace
 *
 * Since: 1.0
 */
const char *
smtp_anonymous_auth_get_trace (SmtpAnonymousAuth *self)
{
  g_return_val_if_fail (SMTP_IS_ANONYMOUS_AUTH (self), NULL);

  return self->trace;
}
