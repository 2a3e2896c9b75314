/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-capability-set.h"

#include <string.h>

static const char * const keywords[SMTP_N_EXTENSIONS] = {
  [SMTP_EXTENSION_PIPELINING] = "PIPELINING",
  [SMTP_EXTENSION_SIZE] = "SIZE",
  [SMTP_EXTENSION_8BITMIME] = "8BITMIME",
  [SMTP_EXTENSION_CHUNKING] = "CHUNKING",
  [SMTP_EXTENSION_BINARYMIME] = "BINARYMIME",
  [SMTP_EXTENSION_SMTPUTF8] = "SMTPUTF8",
  [SMTP_EXTENSION_DSN] = "DSN",
  [SMTP_EXTENSION_AUTH] = "AUTH",
  [SMTP_EXTENSION_DELIVERBY] = "DELIVERBY",
  [SMTP_EXTENSION_MT_PRIORITY] = "MT-PRIORITY",
  [SMTP_EXTENSION_FUTURERELEASE] = "FUTURERELEASE",
  [SMTP_EXTENSION_REQUIRETLS] = "REQUIRETLS",
  [SMTP_EXTENSION_LIMITS] = "LIMITS",
  [SMTP_EXTENSION_RRVS] = "RRVS",
};

const char *
smtp_extension_get_keyword (SmtpExtension extension)
{
  return keywords[extension];
}

static guint
find_bits (const SmtpCapabilitySet *self)
{
  guint bits = 0;

  for (guint i = 0; i < SMTP_N_EXTENSIONS; i++)
    {
      if (smtp_capability_set_lookup (self, keywords[i]) != NULL)
        bits |= 1u << i;
    }

  return bits;
}

static void
capability_clear (gpointer data)
{
  SmtpCapability *capability = data;

  g_free (capability->keyword);
  g_free (capability->params);
}

static SmtpCapability *
find (const SmtpCapabilitySet *self,
      const char              *keyword)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      SmtpCapability *capability = &g_array_index (self->list, SmtpCapability, i);

      if (g_ascii_strcasecmp (capability->keyword, keyword) == 0)
        return capability;
    }

  return NULL;
}

/* A keyword that comes twice is one capability with all the parameters: some
 * servers write AUTH once for the RFC and once for old clients. */
static void
add (SmtpCapabilitySet *self,
     const char        *keyword,
     gsize              length,
     const char        *params)
{
  g_autofree char *upper = g_ascii_strup (keyword, length);
  SmtpCapability *known = find (self, upper);
  SmtpCapability capability;

  if (known != NULL)
    {
      if (*params != '\0' && strcmp (known->params, params) != 0)
        {
          g_autofree char *old = known->params;

          known->params = *old != '\0' ? g_strconcat (old, " ", params, NULL) : g_strdup (params);
        }
      return;
    }

  capability.keyword = g_steal_pointer (&upper);
  capability.params = g_strdup (params);
  g_array_append_val (self->list, capability);
}

static void
add_line (SmtpCapabilitySet *self,
          char              *line)
{
  gsize length;

  g_strstrip (line);
  /* "AUTH=PLAIN LOGIN": from before RFC 2554, and still seen. */
  if (g_ascii_strncasecmp (line, "AUTH=", 5) == 0)
    length = 4;
  else
    length = strcspn (line, " ");

  if (length == 0)
    return; /* some servers end their list with an empty line */

  add (self, line, length, g_strchug (line + length + (line[length] != '\0' ? 1 : 0)));
}

/*< private >
 * @ehlo_text: the lines of the reply joined by LF; the first is the server's
 * name and greeting. NULL for none, as after HELO.
 */
SmtpCapabilitySet *
smtp_capability_set_new (const char *ehlo_text)
{
  SmtpCapabilitySet *self = g_new0 (SmtpCapabilitySet, 1);
  g_auto (GStrv) lines = g_strsplit (ehlo_text != NULL ? ehlo_text : "", "\n", -1);

  g_atomic_ref_count_init (&self->ref_count);
  self->list = g_array_new (FALSE, FALSE, sizeof (SmtpCapability));
  g_array_set_clear_func (self->list, capability_clear);
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++)
    add_line (self, lines[i]);
  self->bits = find_bits (self);

  return self;
}

SmtpCapabilitySet *
smtp_capability_set_ref (SmtpCapabilitySet *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
smtp_capability_set_unref (SmtpCapabilitySet *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_array_unref (self->list);
  g_free (self);
}

const SmtpCapability *
smtp_capability_set_lookup (const SmtpCapabilitySet *self,
                            const char              *keyword)
{
  return find (self, keyword);
}

/*< private >
 * A number among an extension's parameters: the first of them (SIZE), or with
 * @name the one of the form NAME=number (LIMITS). 0 when there is none, or what
 * stands there is no number.
 */
guint64
smtp_capability_set_get_number (const SmtpCapabilitySet *self,
                                SmtpExtension            extension,
                                const char              *name)
{
  const SmtpCapability *capability = find (self, keywords[extension]);
  g_autofree char *prefix = name != NULL ? g_strconcat (name, "=", NULL) : g_strdup ("");
  g_auto (GStrv) words = NULL;
  guint64 number = 0;

  if (capability == NULL)
    return 0;

  words = g_strsplit (capability->params, " ", -1);
  for (guint i = 0; words[i] != NULL; i++)
    {
      if (g_ascii_strncasecmp (words[i], prefix, strlen (prefix)) != 0)
        continue;
      g_ascii_string_to_unsigned (words[i] + strlen (prefix), 10, 0, G_MAXUINT64, &number, NULL);
      break;
    }

  return number;
}

/*< private >
 * Whether one of the words after a keyword is the given one: a mechanism
 * behind AUTH.
 */
gboolean
smtp_capability_set_offers (const SmtpCapabilitySet *self,
                            const char              *keyword,
                            const char              *param)
{
  const SmtpCapability *capability = find (self, keyword);
  g_auto (GStrv) words = NULL;

  if (capability == NULL)
    return FALSE;

  words = g_strsplit (capability->params, " ", -1);
  for (guint i = 0; words[i] != NULL; i++)
    {
      if (g_ascii_strcasecmp (words[i], param) == 0)
        return TRUE;
    }

  return FALSE;
}
