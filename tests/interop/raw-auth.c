/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "raw-auth.h"

#include <string.h>

#define RAW_TYPE_AUTH (raw_auth_get_type ())
G_DECLARE_FINAL_TYPE (RawAuth, raw_auth, RAW, AUTH, SmtpAuth)

struct _RawAuth
{
  SmtpAuth parent_instance;
  char    *mechanism;
  char    *first;
  char    *answer;
};

G_DEFINE_FINAL_TYPE (RawAuth, raw_auth, SMTP_TYPE_AUTH)

static gboolean
raw_auth_start (SmtpAuth        *auth,
                SmtpServerInfo  *server,
                char           **mechanism,
                GBytes         **initial_response,
                GError         **error)
{
  RawAuth *self = RAW_AUTH (auth);

  *mechanism = g_strdup (self->mechanism);
  *initial_response = g_bytes_new (self->first, strlen (self->first));
  return TRUE;
}

static gboolean
raw_auth_next (SmtpAuth  *auth,
               GBytes    *challenge,
               gboolean   more,
               GBytes   **response,
               GError   **error)
{
  RawAuth *self = RAW_AUTH (auth);

  if (more)
    *response = g_bytes_new (self->answer, strlen (self->answer));
  return TRUE;
}

static void
raw_auth_finalize (GObject *object)
{
  RawAuth *self = RAW_AUTH (object);

  g_free (self->mechanism);
  g_free (self->first);
  g_free (self->answer);
  G_OBJECT_CLASS (raw_auth_parent_class)->finalize (object);
}

static void
raw_auth_class_init (RawAuthClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = raw_auth_finalize;
  SMTP_AUTH_CLASS (klass)->start = raw_auth_start;
  SMTP_AUTH_CLASS (klass)->next = raw_auth_next;
}

static void
raw_auth_init (RawAuth *self)
{
}

SmtpAuth *
raw_auth_new (const char *mechanism,
              const char *first,
              const char *answer)
{
  RawAuth *self = g_object_new (RAW_TYPE_AUTH, NULL);

  self->mechanism = g_strdup (mechanism);
  self->first = g_strdup (first);
  self->answer = g_strdup (answer);
  return SMTP_AUTH (self);
}
