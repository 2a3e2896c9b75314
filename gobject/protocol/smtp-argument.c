/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-argument.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-error.h"
#include "smtp-text.h"

/* RFC 5321 §4.5.3.1.2 */
#define MAX_DOMAIN 255
#define MAX_LABEL   63

/* Well beyond any real address (64 + 255), and short of any line limit. */
#define MAX_PATH 1000

#define MAX_MECHANISM 20 /* RFC 4422 §3.1 */

static gboolean
fail (GError    **error,
      const char *format,
      const char *argument)
{
  g_autoptr (GString) clean = g_string_new (NULL);

  smtp_text_append_clean (clean, argument, strlen (argument));
  /* format is always a literal of this file, translated. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
               format, clean->str);
#pragma GCC diagnostic pop
  return FALSE;
}

/* RFC 5321 §4.1.2 atext, and with RFC 6531 any character beyond ASCII. */
static gboolean
is_atext (guchar c)
{
  return c >= 0x80 || g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static const char *
skip_dot_string (const char *p)
{
  const char *start;

  do
    {
      start = p;
      while (is_atext (*p))
        p++;
      if (p == start)
        return NULL;
    }
  while (*p == '.' && p++);

  return p;
}

static const char *
skip_quoted_string (const char *p)
{
  for (p++; *p != '"'; p++)
    {
      if (*p == '\\')
        p++;
      if (*p == '\0' || (guchar) *p < 0x20 || *p == 0x7f)
        return NULL;
    }

  return p + 1;
}

static const char *
skip_local_part (const char *p)
{
  return *p == '"' ? skip_quoted_string (p) : skip_dot_string (p);
}

static gboolean
is_let_dig (guchar c)
{
  return c >= 0x80 || g_ascii_isalnum (c);
}

static gboolean
is_label (const char *label,
          gsize       length)
{
  if (length == 0 || length > MAX_LABEL)
    return FALSE;

  if (!is_let_dig (label[0]) || !is_let_dig (label[length - 1]))
    return FALSE;

  for (gsize i = 0; i < length; i++)
    {
      if (!is_let_dig (label[i]) && label[i] != '-')
        return FALSE;
    }

  return TRUE;
}

static gboolean
is_domain (const char *domain)
{
  if (strlen (domain) > MAX_DOMAIN)
    return FALSE;

  for (;;)
    {
      gsize length = strcspn (domain, ".");

      if (!is_label (domain, length))
        return FALSE;
      if (domain[length] == '\0')
        return TRUE;
      domain += length + 1;
    }
}

/* RFC 5321 §4.1.3: [192.0.2.1], [IPv6:2001:db8::1], [tag:dcontent]. Of
 * dcontent, which would let < and > through, what addresses are made of. */
static gboolean
is_address_literal (const char *text)
{
  gsize length = strlen (text);

  if (length < 3 || text[0] != '[' || text[length - 1] != ']')
    return FALSE;

  for (gsize i = 1; i < length - 1; i++)
    {
      if (!g_ascii_isalnum (text[i]) && strchr (".:-", text[i]) == NULL)
        return FALSE;
    }

  return TRUE;
}

static gboolean
is_domain_or_literal (const char *text)
{
  return text[0] == '[' ? is_address_literal (text) : is_domain (text);
}

static gboolean
is_mailbox (const char *address)
{
  const char *p = skip_local_part (address);

  return p != NULL && *p == '@' && is_domain_or_literal (p + 1);
}

/*< private >
 * RFC 5321 §4.1.2: what may stand between < and > of MAIL and RCPT. The empty
 * reverse-path is a sender, Postmaster without a domain a recipient. Source
 * routes are obsolete and not accepted.
 */
gboolean
smtp_check_path (const char   *address,
                 SmtpPathKind  kind,
                 GError      **error)
{
  if (!smtp_text_is_plain (address) || strlen (address) > MAX_PATH)
    return fail (error, _("“%s” is no mail address: it is too long or contains control characters"), address);

  if (kind == SMTP_PATH_SENDER && *address == '\0')
    return TRUE;

  if (kind == SMTP_PATH_RECIPIENT && g_ascii_strcasecmp (address, "postmaster") == 0)
    return TRUE;

  if (!is_mailbox (address))
    return fail (error, _("“%s” is no mail address of the form local-part@domain"), address);

  return TRUE;
}

static gboolean
is_keyword (const char *text,
            gsize       length)
{
  if (length == 0 || !g_ascii_isalnum (text[0]))
    return FALSE;

  for (gsize i = 1; i < length; i++)
    {
      if (!g_ascii_isalnum (text[i]) && text[i] != '-')
        return FALSE;
    }

  return TRUE;
}

/* RFC 5321 §4.1.2 esmtp-value, and with RFC 6531 §3.3 beyond ASCII. */
static gboolean
is_value (const char *value)
{
  if (*value == '\0')
    return FALSE;

  for (; *value != '\0'; value++)
    {
      guchar c = *value;

      if (c <= 0x20 || c == '=' || c == 0x7f)
        return FALSE;
    }

  return TRUE;
}

static gboolean
is_parameter (const char *param)
{
  gsize keyword = strcspn (param, "=");

  if (!smtp_text_is_plain (param) || strlen (param) > MAX_PATH)
    return FALSE;

  return is_keyword (param, keyword) &&
         (param[keyword] == '\0' || is_value (param + keyword + 1));
}

gboolean
smtp_check_parameters (const char * const *params,
                       GError            **error)
{
  for (; params != NULL && *params != NULL; params++)
    {
      if (!is_parameter (*params))
        return fail (error, _("“%s” is no parameter of the form KEYWORD or KEYWORD=VALUE"), *params);
    }

  return TRUE;
}

/*< private >
 * RFC 5321 §4.1.1.1: a domain or an address literal.
 */
gboolean
smtp_check_ehlo_name (const char *name,
                      GError    **error)
{
  if (!smtp_text_is_ascii (name) || !is_domain_or_literal (name))
    return fail (error, _("“%s” is no name to introduce oneself with: "
                          "it must be a domain (letters, digits, hyphens and dots) "
                          "or an address literal such as [192.0.2.1]"), name);

  return TRUE;
}

/*< private >
 * Any text that stays on its line: the argument of VRFY, EXPN, HELP, a command
 * of the caller's own.
 */
gboolean
smtp_check_text (const char *text,
                 gboolean    may_be_empty,
                 GError    **error)
{
  if (!smtp_text_is_plain (text) || strlen (text) > MAX_PATH)
    return fail (error, _("“%s” cannot be sent: it is too long or contains control characters"), text);

  if (*text == '\0' && !may_be_empty)
    {
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                           _("an argument is missing"));
      return FALSE;
    }

  return TRUE;
}

/*< private >
 * RFC 4422 §3.1 sasl-mech.
 */
gboolean
smtp_check_mechanism (const char *name,
                      GError    **error)
{
  gsize length = strlen (name);

  if (length == 0 || length > MAX_MECHANISM ||
      strspn (name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != length)
    return fail (error, _("“%s” is no name of an authentication mechanism"), name);

  return TRUE;
}
