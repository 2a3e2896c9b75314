/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-server-uri.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-error.h"

static const struct
{
  const char   *scheme;
  guint16       port;
  SmtpSecurity  security;
} schemes[] = {
  { "smtp",        SMTP_PORT,            SMTP_SECURITY_OPPORTUNISTIC },
  { "submission",  SMTP_PORT_SUBMISSION, SMTP_SECURITY_STARTTLS },
  { "smtps",       SMTP_PORT_TLS,        SMTP_SECURITY_TLS },
  { "submissions", SMTP_PORT_TLS,        SMTP_SECURITY_TLS },
};

static gboolean
fail (const char *text,
      GError    **error)
{
  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
               _("“%s” names no mail server: it should be host:port, or smtp://, submission:// "
                 "or smtps:// with a host and a port"), text);
  return FALSE;
}

/* The text is not quoted: there may be a password in it. */
static gboolean
fail_user (GError **error)
{
  g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                       _("The name of a server holds no user name or password: "
                         "they are given to a mechanism of authentication"));
  return FALSE;
}

static gboolean
parse_scheme (const char    *scheme,
              SmtpServerUri *uri)
{
  for (guint i = 0; i < G_N_ELEMENTS (schemes); i++)
    {
      if (g_ascii_strcasecmp (scheme, schemes[i].scheme) != 0)
        continue;

      uri->port = schemes[i].port;
      uri->security = schemes[i].security;
      return TRUE;
    }

  return FALSE;
}

static gboolean
parse_uri (const char    *text,
           SmtpServerUri *uri,
           GError       **error)
{
  g_autoptr (GUri) parsed = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);
  const char *host = parsed != NULL ? g_uri_get_host (parsed) : NULL;

  if (host == NULL || *host == '\0' || !parse_scheme (g_uri_get_scheme (parsed), uri))
    return fail (text, error);

  if (g_uri_get_query (parsed) != NULL || g_uri_get_fragment (parsed) != NULL ||
      strlen (g_uri_get_path (parsed)) > 1)
    return fail (text, error);

  if (g_uri_get_port (parsed) == 0)
    return fail (text, error);
  if (g_uri_get_port (parsed) > 0)
    uri->port = g_uri_get_port (parsed);
  uri->host = g_strdup (host);
  return TRUE;
}

static gboolean
parse_host_and_port (const char    *text,
                     SmtpServerUri *uri,
                     GError       **error)
{
  g_autoptr (GSocketConnectable) address = g_network_address_parse (text, SMTP_PORT, NULL);

  if (address == NULL || g_network_address_get_port (G_NETWORK_ADDRESS (address)) == 0 ||
      *g_network_address_get_hostname (G_NETWORK_ADDRESS (address)) == '\0' ||
      strpbrk (text, " /?#") != NULL)
    return fail (text, error);

  uri->host = g_strdup (g_network_address_get_hostname (G_NETWORK_ADDRESS (address)));
  uri->port = g_network_address_get_port (G_NETWORK_ADDRESS (address));
  uri->security = SMTP_SECURITY_OPPORTUNISTIC;
  return TRUE;
}

/*< private >
 * Reads host:port, smtp://, submission:// (RFC 8314: STARTTLS required) and
 * smtps:// or submissions:// (implicit TLS).
 */
gboolean
smtp_server_uri_parse (const char     *text,
                       SmtpServerUri  *uri,
                       GError        **error)
{
  if (strchr (text, '@') != NULL)
    return fail_user (error);

  if (strstr (text, "://") != NULL)
    return parse_uri (text, uri, error);

  return parse_host_and_port (text, uri, error);
}

void
smtp_server_uri_clear (SmtpServerUri *uri)
{
  g_clear_pointer (&uri->host, g_free);
}
