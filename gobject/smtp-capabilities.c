/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-capabilities.h"

#include <string.h>

#include "smtp-capability-set.h"

/**
 * SmtpCapabilities:
 *
 * The extensions that a server offered in its reply to `EHLO`
 * (RFC 5321 §4.1.1.1).
 *
 * Capabilities never change and may be used from any thread; after STARTTLS a
 * client has new ones. A server that knows only `HELO` has none.
 *
 * Since: 1.0
 */
G_DEFINE_BOXED_TYPE (SmtpCapabilities, smtp_capabilities, smtp_capabilities_ref, smtp_capabilities_unref)

/**
 * smtp_capabilities_ref:
 * @self: capabilities
 *
 * Adds a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
SmtpCapabilities *
smtp_capabilities_ref (SmtpCapabilities *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return smtp_capability_set_ref (self);
}

/**
 * smtp_capabilities_unref:
 * @self: (transfer full): capabilities
 *
 * Drops a reference, and with the last one the capabilities.
 *
 * Since: 1.0
 */
void
smtp_capabilities_unref (SmtpCapabilities *self)
{
  g_return_if_fail (self != NULL);

  smtp_capability_set_unref (self);
}

/**
 * smtp_capabilities_has:
 * @self: capabilities
 * @name: a keyword such as `SIZE`, in any case
 *
 * Tells whether an extension is offered.
 *
 * Returns: whether it is
 *
 * Since: 1.0
 */
gboolean
smtp_capabilities_has (SmtpCapabilities *self,
                       const char       *name)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  return smtp_capability_set_lookup (self, name) != NULL;
}

/**
 * smtp_capabilities_get_params:
 * @self: capabilities
 * @name: a keyword such as `AUTH`, in any case
 *
 * What stands behind a keyword.
 *
 * Returns: (nullable): the parameters as the server wrote them, empty when
 *   there are none, %NULL when the extension is not offered
 *
 * Since: 1.0
 */
const char *
smtp_capabilities_get_params (SmtpCapabilities *self,
                              const char       *name)
{
  const SmtpCapability *capability;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  capability = smtp_capability_set_lookup (self, name);
  return capability != NULL ? capability->params : NULL;
}

/**
 * smtp_capabilities_get_size:
 * @self: capabilities
 *
 * The largest message the server takes (RFC 1870).
 *
 * Returns: the size in octets, 0 when the server states no limit
 *
 * Since: 1.0
 */
guint64
smtp_capabilities_get_size (SmtpCapabilities *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return smtp_capability_set_get_number (self, SMTP_EXTENSION_SIZE, NULL);
}

/**
 * smtp_capabilities_get_auth_mechanisms:
 * @self: capabilities
 *
 * The mechanisms offered for authentication (RFC 4954), in the server's order
 * and in upper case.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names, none when
 *   `AUTH` is not offered
 *
 * Since: 1.0
 */
char **
smtp_capabilities_get_auth_mechanisms (SmtpCapabilities *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto (GStrv) words = NULL;
  const char *params;

  g_return_val_if_fail (self != NULL, NULL);

  params = smtp_capabilities_get_params (self, "AUTH");
  words = g_strsplit (params != NULL ? params : "", " ", -1);
  for (guint i = 0; words[i] != NULL; i++)
    {
      char *name = g_ascii_strup (words[i], -1);

      if (*name != '\0' && !g_hash_table_contains (seen, name))
        g_strv_builder_add (builder, name);
      g_hash_table_add (seen, name);
    }

  return g_strv_builder_end (builder);
}

/* A number too large for the type limits nothing that could happen. */
static void
set_limit (SmtpCapabilities *self,
           const char       *name,
           guint            *limit)
{
  guint64 number = smtp_capability_set_get_number (self, SMTP_EXTENSION_LIMITS, name);

  if (limit != NULL)
    *limit = number <= G_MAXUINT ? (guint) number : 0;
}

/**
 * smtp_capabilities_get_limits:
 * @self: capabilities
 * @mail_max: (out) (optional): messages on one connection, 0 for no limit
 * @rcpt_max: (out) (optional): recipients of one message, 0 for no limit
 * @rcpt_domain_max: (out) (optional): domains among the recipients of one
 *   message, 0 for no limit
 *
 * The limits that the server states (RFC 9422).
 *
 * Returns: whether it states any
 *
 * Since: 1.0
 */
gboolean
smtp_capabilities_get_limits (SmtpCapabilities *self,
                              guint            *mail_max,
                              guint            *rcpt_max,
                              guint            *rcpt_domain_max)
{
  g_return_val_if_fail (self != NULL, FALSE);

  set_limit (self, "MAILMAX", mail_max);
  set_limit (self, "RCPTMAX", rcpt_max);
  set_limit (self, "RCPTDOMAINMAX", rcpt_domain_max);
  return smtp_capability_set_has (self, SMTP_EXTENSION_LIMITS);
}

/**
 * smtp_capabilities_list:
 * @self: capabilities
 *
 * The keywords of all extensions, in upper case and in the server's order.
 *
 * Returns: (transfer full) (array zero-terminated=1): the keywords
 *
 * Since: 1.0
 */
char **
smtp_capabilities_list (SmtpCapabilities *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_return_val_if_fail (self != NULL, NULL);

  for (guint i = 0; i < self->list->len; i++)
    g_strv_builder_add (builder, g_array_index (self->list, SmtpCapability, i).keyword);

  return g_strv_builder_end (builder);
}
