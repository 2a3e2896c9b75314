/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What EHLO offers. */

#include "smtp-test-dialogue-private.h"

#include <string.h>

static char **
get_extensions (SmtpTestDialogue *self)
{
  SmtpTestConfig *config = self->config;

  return self->tls && config->tls_extensions != NULL ? config->tls_extensions : config->extensions;
}

/* The parameters of @keyword in @line, or NULL for another keyword. */
static const char *
match_keyword (const char *line,
               const char *keyword)
{
  gsize length = strlen (keyword);

  if (g_ascii_strncasecmp (line, keyword, length) != 0)
    return NULL;

  return line[length] == ' ' || line[length] == '\0' ? line + length : NULL;
}

gboolean
smtp_test_dialogue_offers (SmtpTestDialogue *self,
                           const char       *keyword)
{
  char **extensions = get_extensions (self);

  for (gsize i = 0; extensions[i] != NULL; i++)
    if (match_keyword (extensions[i], keyword) != NULL)
      return TRUE;

  return FALSE;
}

/* What SIZE says; 0 for no limit. */
guint64
smtp_test_dialogue_get_size_limit (SmtpTestDialogue *self)
{
  char **extensions = get_extensions (self);

  for (gsize i = 0; extensions[i] != NULL; i++)
    {
      const char *value = match_keyword (extensions[i], "SIZE");

      if (value != NULL)
        return g_ascii_strtoull (value, NULL, 10);
    }

  return 0;
}

static gboolean
offers_auth (SmtpTestDialogue *self)
{
  return self->config->auth_mechanisms[0] != NULL &&
         (self->tls || self->config->auth_before_tls);
}

static GPtrArray *
list_lines (SmtpTestDialogue *self)
{
  char **extensions = get_extensions (self);
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (lines, g_strdup_printf ("test.example greets %s", self->argument));
  for (gsize i = 0; extensions[i] != NULL; i++)
    g_ptr_array_add (lines, g_strdup (extensions[i]));

  if (self->config->tls_mode == SMTP_TEST_TLS_STARTTLS && !self->tls)
    g_ptr_array_add (lines, g_strdup ("STARTTLS"));

  if (offers_auth (self))
    {
      g_autofree char *names = g_strjoinv (" ", self->config->auth_mechanisms);

      g_ptr_array_add (lines, g_strconcat ("AUTH ", names, NULL));
    }

  return lines;
}

/* The reply to an accepted EHLO, without its last CRLF. */
char *
smtp_test_dialogue_hello (SmtpTestDialogue *self)
{
  g_autoptr (GPtrArray) lines = list_lines (self);
  GString *reply = g_string_new (NULL);

  for (guint i = 0; i < lines->len; i++)
    g_string_append_printf (reply, "%s250%c%s",
                            i > 0 ? "\r\n" : "", i + 1 < lines->len ? '-' : ' ',
                            (char *) g_ptr_array_index (lines, i));

  return g_string_free (reply, FALSE);
}
