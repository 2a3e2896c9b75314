/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-test-gsasl.h"

#include <gsasl.h>

struct _SmtpTestGsasl
{
  Gsasl         *library;
  Gsasl_session *session;
  const char    *username;
  const char    *password;
  gboolean       proved;   /* all that is left is the client's empty response */
};

/* Asked for what was not set beforehand. */
static int
on_question (Gsasl          *library,
             Gsasl_session  *session,
             Gsasl_property  property)
{
  SmtpTestGsasl *self = gsasl_session_hook_get (session);

  if (property != GSASL_PASSWORD ||
      g_strcmp0 (gsasl_property_fast (session, GSASL_AUTHID), self->username) != 0)
    return GSASL_NO_CALLBACK;

  return gsasl_property_set (session, GSASL_PASSWORD, self->password);
}

/* Returns NULL when GNU SASL does not have the mechanism.
 * @username, @password: they live as long as this
 * @tls_unique: (nullable): in base64 */
SmtpTestGsasl *
smtp_test_gsasl_new (const char *mechanism,
                     const char *username,
                     const char *password,
                     const char *tls_unique,
                     const char *tls_exporter)
{
  SmtpTestGsasl *self = g_new0 (SmtpTestGsasl, 1);
  g_autofree char *name = g_ascii_strup (mechanism, -1);

  self->username = username;
  self->password = password;
  if (gsasl_init (&self->library) != GSASL_OK ||
      gsasl_server_start (self->library, name, &self->session) != GSASL_OK)
    {
      smtp_test_gsasl_free (self);
      return NULL;
    }

  gsasl_callback_set (self->library, on_question);
  gsasl_session_hook_set (self->session, self);
  if (tls_unique != NULL)
    gsasl_property_set (self->session, GSASL_CB_TLS_UNIQUE, tls_unique);
  if (tls_exporter != NULL)
    gsasl_property_set (self->session, GSASL_CB_TLS_EXPORTER, tls_exporter);
  return self;
}

void
smtp_test_gsasl_free (SmtpTestGsasl *self)
{
  if (self->session != NULL)
    gsasl_finish (self->session);
  if (self->library != NULL)
    gsasl_done (self->library);
  g_free (self);
}

/* An identity, if one was asked for, is who the user acts as. */
static char *
get_identity (SmtpTestGsasl *self)
{
  const char *identity = gsasl_property_fast (self->session, GSASL_AUTHZID);

  return g_strdup (identity != NULL && *identity != '\0' ? identity : self->username);
}

/* Returns the challenge, still to be encoded, or NULL at the end. */
char *
smtp_test_gsasl_step (SmtpTestGsasl *self,
                      const char    *data,
                      gsize          length,
                      gboolean      *accepted,
                      char         **user)
{
  char *output = NULL;
  size_t output_length = 0;
  char *challenge;
  int result;

  *accepted = FALSE;
  if (self->proved)
    {
      *accepted = length == 0;
      if (*accepted)
        *user = get_identity (self);
      return NULL;
    }

  result = gsasl_step (self->session, data, length, &output, &output_length);
  self->proved = result == GSASL_OK;
  challenge = result == GSASL_OK || result == GSASL_NEEDS_MORE
              ? g_strndup (output != NULL ? output : "", output_length) : NULL;
  gsasl_free (output);
  return challenge;
}
