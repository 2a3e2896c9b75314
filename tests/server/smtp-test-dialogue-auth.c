/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The AUTH command and the lines of its exchange. */

#include "smtp-test-dialogue-private.h"

static const char *
check_auth (SmtpTestDialogue *self,
            const char       *mechanism)
{
  SmtpTestConfig *config = self->config;

  if (config->auth_mechanisms[0] == NULL)
    return "502 5.5.1 AUTH is not implemented";
  if (self->client_name == NULL)
    return "503 5.5.1 Say EHLO first";
  if (self->authenticated_as != NULL)
    return "503 5.5.1 Already authenticated";
  if (self->sender != NULL)
    return "503 5.5.1 Not within a transaction";
  if (!self->tls && !config->auth_before_tls)
    return "538 5.7.11 Encryption required for the requested authentication mechanism";
  if (mechanism == NULL || *mechanism == '\0')
    return "501 5.5.4 AUTH needs a mechanism";

  for (gsize i = 0; config->auth_mechanisms[i] != NULL; i++)
    if (g_ascii_strcasecmp (config->auth_mechanisms[i], mechanism) == 0)
      return NULL;

  return "504 5.5.4 Unknown authentication mechanism";
}

static char *
auth_step (SmtpTestDialogue *self,
           const char       *response)
{
  if (self->auth == NULL)
    return g_strdup ("504 5.5.4 Only a script can play this mechanism");

  return smtp_test_auth_step (self->auth, response);
}

static gboolean
offers_binding (SmtpTestConfig *config)
{
  for (gsize i = 0; config->auth_mechanisms[i] != NULL; i++)
    if (g_str_has_suffix (config->auth_mechanisms[i], "-PLUS"))
      return TRUE;

  return FALSE;
}

/* A server that does not offer channel binding knows nothing of it. One that
 * does notices a client that was told otherwise. */
static SmtpTestAuth *
new_auth (SmtpTestDialogue *self,
          const char       *mechanism)
{
  gboolean binds = offers_binding (self->config);
  const SmtpTestAccount account = {
    .username = self->config->username,
    .password = self->config->password,
    .tls_unique = binds ? self->tls_unique : NULL,
    .tls_exporter = binds ? self->tls_exporter : NULL,
    .has_certificate = self->has_certificate,
  };

  return smtp_test_auth_new (mechanism, &account);
}

/* Begins an exchange, and gives the reply that is due. */
char *
smtp_test_dialogue_auth (SmtpTestDialogue *self)
{
  g_auto (GStrv) words = g_strsplit (self->argument, " ", 2);
  const char *refusal = check_auth (self, words[0]);
  const char *initial;

  g_clear_pointer (&self->auth, smtp_test_auth_free);
  if (refusal != NULL)
    return g_strdup (refusal);

  self->auth = new_auth (self, words[0]);
  initial = words[1];
  /* RFC 4954: "=" stands for an initial response without octets. */
  if (initial != NULL && g_str_equal (initial, "="))
    initial = "";

  return auth_step (self, initial);
}

static void
set_authenticated (SmtpTestDialogue *self)
{
  const char *user = self->auth != NULL ? smtp_test_auth_get_user (self->auth) : NULL;

  g_free (self->authenticated_as);
  self->authenticated_as = g_strdup (user != NULL ? user : self->config->username);
}

/* Goes by the reply that is really sent: a script may accept what the
 * mechanism refuses. */
void
smtp_test_dialogue_auth_effect (SmtpTestDialogue *self,
                                char              digit,
                                SmtpTestStep     *step)
{
  if (digit == '3')
    self->phase = PHASE_AUTH;
  else
    set_authenticated (self);
}

void
smtp_test_dialogue_auth_line (SmtpTestDialogue *self,
                              const char       *line,
                              SmtpTestStep     *step)
{
  g_autofree char *reply = NULL;

  /* Whatever is no 334 ends the exchange. */
  self->phase = PHASE_COMMAND;
  reply = g_str_equal (line, "*") ? g_strdup ("501 5.7.0 Authentication cancelled")
                                  : auth_step (self, line);
  smtp_test_dialogue_answer (self, "AUTH-RESPONSE", NULL, reply,
                             smtp_test_dialogue_auth_effect, step);
}
