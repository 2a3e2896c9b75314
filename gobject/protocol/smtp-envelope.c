/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From what is asked for a message and what the server offers to the lines of
 * its envelope, or to the reason why it cannot be sent. */

#include "smtp-envelope.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-argument.h"
#include "smtp-error.h"
#include "smtp-text.h"

/* Content that goes before it is known whether anybody will have it. */
#define EARLY_CONTENT (64 * 1024)

/* RFC 3461 §4.2, §4.4 */
#define MAX_ORCPT 500
#define MAX_ENVID 100

/* RFC 2852 §4, RFC 6710 §5, RFC 4865 §3 */
#define MAX_BY_TIME 999999999
#define MAX_PRIORITY 9
#define MAX_HOLD_FOR 999999999

/* The end of the year 9999: RFC 3339 writes a year in four digits. */
#define MAX_TIME G_GINT64_CONSTANT (253402300799)

void
smtp_answer_clear (SmtpAnswer *answer)
{
  g_free (answer->text);
  memset (answer, 0, sizeof *answer);
}

/* ---- errors --------------------------------------------------------------- */

gboolean
smtp_fail_unsupported (const char *server_name,
                       const char *extension,
                       const char *what,
                       GError    **error)
{
  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED,
               _("%s does not offer %s, which is needed for %s"),
               server_name, extension, what);
  return FALSE;
}

G_GNUC_PRINTF (2, 3)
static gboolean
fail_argument (GError    **error,
               const char *format,
               ...)
{
  va_list args;

  if (error == NULL)
    return FALSE;

  va_start (args, format);
  *error = g_error_new_valist (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, format, args);
  va_end (args);
  return FALSE;
}

static gboolean
need (const SmtpServerFacts *server,
      SmtpExtension          extension,
      const char            *what,
      GError               **error)
{
  if (smtp_capability_set_has (server->capabilities, extension))
    return TRUE;

  return smtp_fail_unsupported (server->name, smtp_extension_get_keyword (extension), what, error);
}

/* ---- text forms ----------------------------------------------------------- */

/* RFC 3461 §4: printable ASCII but "+" and "=", others as +HH. */
static void
append_xtext (GString    *line,
              const char *text)
{
  for (; *text != '\0'; text++)
    {
      guchar c = *text;

      if (c > 0x20 && c < 0x7f && c != '+' && c != '=')
        g_string_append_c (line, *text);
      else
        g_string_append_printf (line, "+%02X", c);
    }
}

/* RFC 6533 §3: with SMTPUTF8 utf-8-addr-unitext, otherwise utf-8-addr-xtext. */
static void
append_utf8_address (GString    *line,
                     const char *address,
                     gboolean    unitext)
{
  for (; *address != '\0'; address = g_utf8_next_char (address))
    {
      gunichar c = g_utf8_get_char (address);
      gboolean plain = c < 0x80 ? c > 0x20 && c < 0x7f && strchr ("\\+=", (int) c) == NULL : unitext;

      if (plain)
        g_string_append_unichar (line, c);
      else
        g_string_append_printf (line, "\\x{%02X}", c);
    }
}

/* "type;address", or NULL behind an address alone. */
static const char *
find_address_type_end (const char *original)
{
  gsize n = 0;

  while (g_ascii_isalnum (original[n]) || original[n] == '-')
    n++;

  return n > 0 && original[n] == ';' ? original + n : NULL;
}

static void
append_original (GString    *line,
                 const char *original,
                 gboolean    unitext)
{
  const char *type_end = find_address_type_end (original);
  const char *address = type_end != NULL ? type_end + 1 : original;
  gboolean utf8 = !smtp_text_is_ascii (address);

  if (type_end != NULL)
    {
      utf8 = g_ascii_strncasecmp (original, "utf-8;", 6) == 0;
      g_string_append_len (line, original, address - original);
    }
  else
    g_string_append (line, utf8 ? "utf-8;" : "rfc822;");

  if (utf8)
    append_utf8_address (line, address, unitext);
  else
    append_xtext (line, address);
}

static void
append_time (GString *line,
             gint64   time)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (time);
  g_autofree char *text = g_date_time_format (date, "%Y-%m-%dT%H:%M:%SZ");

  g_string_append (line, text);
}

/* Without SMTPUTF8 a domain goes in its ASCII form. The local part is ASCII
 * then, which was checked. */
static void
append_path (GString    *line,
             const char *address,
             gboolean    utf8)
{
  const char *at;
  g_autofree char *domain = NULL;

  if (utf8 || smtp_text_is_ascii (address))
    {
      g_string_append (line, address);
      return;
    }

  at = strrchr (address, '@') + 1;
  domain = g_hostname_to_ascii (at);
  g_string_append_len (line, address, at - address);
  g_string_append (line, domain);
}

static void
append_own (GString         *line,
            const GPtrArray *params)
{
  for (guint i = 0; params != NULL && i < params->len; i++)
    {
      g_string_append_c (line, ' ');
      g_string_append (line, g_ptr_array_index (params, i));
    }
}

/* ---- MAIL and RCPT -------------------------------------------------------- */

static void
append_dsn (const SmtpEnvelope *envelope,
            GString            *line)
{
  if (envelope->dsn_return != SMTP_DSN_RETURN_DEFAULT)
    g_string_append (line, envelope->dsn_return == SMTP_DSN_RETURN_FULL ? " RET=FULL" : " RET=HDRS");
  if (envelope->envelope_id != NULL)
    {
      g_string_append (line, " ENVID=");
      append_xtext (line, envelope->envelope_id);
    }
}

static void
append_auth (const SmtpEnvelope *envelope,
             GString            *line)
{
  if (envelope->auth_sender == NULL)
    return;

  g_string_append (line, " AUTH=");
  append_xtext (line, *envelope->auth_sender != '\0' ? envelope->auth_sender : "<>");
}

static void
append_times (const SmtpEnvelope *envelope,
              GString            *line)
{
  if (envelope->deliver_by != SMTP_DELIVER_BY_NONE)
    g_string_append_printf (line, " BY=%d;%c%s", envelope->deliver_within,
                            envelope->deliver_by == SMTP_DELIVER_BY_RETURN ? 'R' : 'N',
                            envelope->deliver_trace ? "T" : "");
  if (envelope->hold_for > 0)
    g_string_append_printf (line, " HOLDFOR=%u", envelope->hold_for);
  if (envelope->hold_until > 0)
    {
      g_string_append (line, " HOLDUNTIL=");
      append_time (line, envelope->hold_until);
    }
}

/*< private >
 * The line of MAIL (RFC 5321 §4.1.1.2), without its end.
 */
void
smtp_envelope_append_mail (const SmtpEnvelope *envelope,
                           const SmtpPlan     *plan,
                           GString            *line)
{
  g_string_append (line, "MAIL FROM:<");
  append_path (line, envelope->sender, plan->utf8);
  g_string_append_c (line, '>');
  if (plan->announce_size)
    g_string_append_printf (line, " SIZE=%" G_GINT64_FORMAT, plan->size);
  if (plan->body != NULL)
    {
      g_string_append (line, " BODY=");
      g_string_append (line, plan->body);
    }
  if (plan->utf8)
    g_string_append (line, " SMTPUTF8");
  append_dsn (envelope, line);
  append_auth (envelope, line);
  append_times (envelope, line);
  if (envelope->priority != 0)
    g_string_append_printf (line, " MT-PRIORITY=%d", envelope->priority);
  if (envelope->require_tls)
    g_string_append (line, " REQUIRETLS");
  append_own (line, envelope->params);
}

static void
append_notify (SmtpDsnNotify notify,
               GString      *line)
{
  static const char * const words[] = { "SUCCESS", "FAILURE", "DELAY", "NEVER" };
  const char *before = " NOTIFY=";

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      if (!(notify & (1u << i)))
        continue;
      g_string_append (line, before);
      g_string_append (line, words[i]);
      before = ",";
    }
}

/*< private >
 * The line of RCPT (RFC 5321 §4.1.1.3), without its end.
 */
void
smtp_envelope_append_rcpt (const SmtpRecipientData *recipient,
                           const SmtpPlan          *plan,
                           GString                 *line)
{
  g_string_append (line, "RCPT TO:<");
  append_path (line, recipient->address, plan->utf8);
  g_string_append_c (line, '>');
  append_notify (recipient->notify, line);
  if (recipient->original != NULL)
    {
      g_string_append (line, " ORCPT=");
      append_original (line, recipient->original, plan->utf8);
    }
  if (recipient->valid_since > 0)
    {
      g_string_append (line, " RRVS=");
      append_time (line, recipient->valid_since);
    }
  append_own (line, recipient->params);
}

/* ---- addresses ------------------------------------------------------------ */

/* Whether an address can only be written with SMTPUTF8: its local part has no
 * other form. */
static gboolean
needs_utf8 (const char *address)
{
  const char *at = strrchr (address, '@');

  for (const char *p = address; *p != '\0' && p != at; p++)
    {
      if ((guchar) *p > 127)
        return TRUE;
    }

  return FALSE;
}

static gboolean
check_address (const char   *address,
               SmtpPathKind  kind,
               GError      **error)
{
  g_autofree char *domain = NULL;

  if (!smtp_check_path (address, kind, error))
    return FALSE;
  if (smtp_text_is_ascii (address))
    return TRUE;

  domain = g_hostname_to_ascii (strrchr (address, '@') + 1);
  return domain != NULL || fail_argument (error, _("“%s” has a domain that no server can have"), address);
}

/* The keywords that have properties of their own. */
static const char * const known_params[] = {
  "SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "AUTH", "BY", "HOLDFOR", "HOLDUNTIL", "MT-PRIORITY",
  "REQUIRETLS", "NOTIFY", "ORCPT", "RRVS",
};

static gboolean
check_own (const GPtrArray *params,
           GError         **error)
{
  for (guint i = 0; params != NULL && i < params->len; i++)
    {
      const char *param = g_ptr_array_index (params, i);
      const char * const one[] = { param, NULL };

      if (!smtp_check_parameters (one, error))
        return FALSE;
      for (guint k = 0; k < G_N_ELEMENTS (known_params); k++)
        {
          gsize length = strlen (known_params[k]);

          if (g_ascii_strncasecmp (param, known_params[k], length) == 0 &&
              (param[length] == '\0' || param[length] == '='))
            return fail_argument (error, _("The parameter %s has a property of its own"), known_params[k]);
        }
    }

  return TRUE;
}

static gboolean
is_utf8_param (const GPtrArray *params)
{
  for (guint i = 0; params != NULL && i < params->len; i++)
    {
      if (!smtp_text_is_ascii (g_ptr_array_index (params, i)))
        return TRUE;
    }

  return FALSE;
}

static gboolean
check_time (gint64   time,
            GError **error)
{
  if (time >= 0 && time <= MAX_TIME)
    return TRUE;

  return fail_argument (error, _("A time of %" G_GINT64_FORMAT " seconds since 1970 cannot be written"), time);
}

/* ---- what stands on RCPT -------------------------------------------------- */

static gboolean
check_original (const char *original,
                GError    **error)
{
  g_autoptr (GString) written = g_string_new (NULL);

  if (!smtp_text_is_plain (original) || *original == '\0')
    return fail_argument (error, _("The original recipient is empty or contains control characters"));

  /* RFC 3461 §4.2: xtext carries ASCII only. */
  if (!smtp_text_is_ascii (original) && find_address_type_end (original) != NULL &&
      g_ascii_strncasecmp (original, "utf-8;", 6) != 0)
    return fail_argument (error, _("The original recipient is not ASCII, and not of the type utf-8"));

  append_original (written, original, FALSE);
  return written->len <= MAX_ORCPT || fail_argument (error, _("The original recipient is too long"));
}

static gboolean
check_recipient_dsn (const SmtpRecipientData *recipient,
                     const SmtpServerFacts   *server,
                     GError                 **error)
{
  if (recipient->notify != SMTP_DSN_NOTIFY_DEFAULT && !need (server, SMTP_EXTENSION_DSN, "NOTIFY", error))
    return FALSE;
  if ((recipient->notify & SMTP_DSN_NOTIFY_NEVER) && recipient->notify != SMTP_DSN_NOTIFY_NEVER)
    return fail_argument (error, _("To be notified never and on something for “%s” does not go together"),
                          recipient->address);
  if (recipient->original == NULL)
    return TRUE;

  return need (server, SMTP_EXTENSION_DSN, "ORCPT", error) && check_original (recipient->original, error);
}

static gboolean
check_recipient (const SmtpRecipientData *recipient,
                 const SmtpServerFacts   *server,
                 GError                 **error)
{
  if (!check_address (recipient->address, SMTP_PATH_RECIPIENT, error) ||
      !check_own (recipient->params, error) ||
      !check_recipient_dsn (recipient, server, error))
    return FALSE;

  return recipient->valid_since == 0 ||
         (check_time (recipient->valid_since, error) && need (server, SMTP_EXTENSION_RRVS, "RRVS", error));
}

static guint
count_domains (const SmtpEnvelope *envelope)
{
  g_autoptr (GHashTable) domains = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < envelope->recipients->len; i++)
    {
      const SmtpRecipientData *recipient = g_ptr_array_index (envelope->recipients, i);
      const char *at = strrchr (recipient->address, '@');

      g_hash_table_add (domains, g_ascii_strdown (at != NULL ? at + 1 : "", -1));
    }

  return g_hash_table_size (domains);
}

static gboolean
check_limit (const SmtpServerFacts *server,
             guint64                limit,
             guint                  value,
             const char            *name,
             GError               **error)
{
  if (limit == 0 || value <= limit)
    return TRUE;

  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED,
               _("%s states a limit of %s=%" G_GUINT64_FORMAT ", which this message exceeds"),
               server->name, name, limit);
  return FALSE;
}

/* RFC 9422 */
static gboolean
check_limits (const SmtpEnvelope    *envelope,
              const SmtpServerFacts *server,
              GError               **error)
{
  const SmtpCapabilitySet *capabilities = server->capabilities;
  guint64 domains;

  if (!smtp_capability_set_has (capabilities, SMTP_EXTENSION_LIMITS))
    return TRUE;

  domains = smtp_capability_set_get_number (capabilities, SMTP_EXTENSION_LIMITS, "RCPTDOMAINMAX");
  return check_limit (server, smtp_capability_set_get_number (capabilities, SMTP_EXTENSION_LIMITS, "MAILMAX"),
                      server->n_messages + 1, "MAILMAX", error) &&
         check_limit (server, smtp_capability_set_get_number (capabilities, SMTP_EXTENSION_LIMITS, "RCPTMAX"),
                      envelope->recipients->len, "RCPTMAX", error) &&
         check_limit (server, domains, domains > 0 ? count_domains (envelope) : 0, "RCPTDOMAINMAX", error);
}

static gboolean
check_recipients (const SmtpEnvelope    *envelope,
                  const SmtpServerFacts *server,
                  gboolean              *utf8,
                  GError               **error)
{
  if (envelope->recipients->len == 0)
    return fail_argument (error, _("The message has no recipient"));

  for (guint i = 0; i < envelope->recipients->len; i++)
    {
      const SmtpRecipientData *recipient = g_ptr_array_index (envelope->recipients, i);

      if (!check_recipient (recipient, server, error))
        return FALSE;
      *utf8 |= needs_utf8 (recipient->address) || is_utf8_param (recipient->params);
    }

  return check_limits (envelope, server, error);
}

/* ---- what stands on MAIL -------------------------------------------------- */

static gboolean
check_dsn (const SmtpEnvelope    *envelope,
           const SmtpServerFacts *server,
           GError               **error)
{
  const char *id = envelope->envelope_id;

  if (envelope->dsn_return != SMTP_DSN_RETURN_DEFAULT && !need (server, SMTP_EXTENSION_DSN, "RET", error))
    return FALSE;
  if (id == NULL)
    return TRUE;
  if (*id == '\0' || strlen (id) > MAX_ENVID || !smtp_text_is_ascii (id) || !smtp_text_is_plain (id))
    return fail_argument (error, _("The envelope identifier must be 1 to %d printable ASCII characters"), MAX_ENVID);

  return need (server, SMTP_EXTENSION_DSN, "ENVID", error);
}

static gboolean
check_auth (const SmtpEnvelope    *envelope,
            const SmtpServerFacts *server,
            GError               **error)
{
  if (envelope->auth_sender == NULL)
    return TRUE;

  return smtp_check_path (envelope->auth_sender, SMTP_PATH_SENDER, error) &&
         need (server, SMTP_EXTENSION_AUTH, "AUTH=", error);
}

static gboolean
check_deliver_by (const SmtpEnvelope    *envelope,
                  const SmtpServerFacts *server,
                  GError               **error)
{
  gboolean returned = envelope->deliver_by == SMTP_DELIVER_BY_RETURN;
  guint64 least;

  if (envelope->deliver_by == SMTP_DELIVER_BY_NONE)
    return TRUE;
  if (envelope->deliver_within > MAX_BY_TIME || envelope->deliver_within < -MAX_BY_TIME ||
      (returned && envelope->deliver_within <= 0))
    return fail_argument (error, _("%d seconds is no time to deliver a message by"), envelope->deliver_within);
  if (!need (server, SMTP_EXTENSION_DELIVERBY, "BY", error))
    return FALSE;

  least = smtp_capability_set_get_number (server->capabilities, SMTP_EXTENSION_DELIVERBY, NULL);
  if (!returned || (guint64) envelope->deliver_within >= least)
    return TRUE;

  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED,
               _("%s needs at least %" G_GUINT64_FORMAT " seconds to deliver a message by"), server->name, least);
  return FALSE;
}

static gboolean
check_hold_limit (const SmtpEnvelope    *envelope,
                  const SmtpServerFacts *server,
                  GError               **error)
{
  const char *params = smtp_capability_set_lookup (server->capabilities, "FUTURERELEASE")->params;
  g_auto (GStrv) words = g_strsplit (params, " ", 2);
  gboolean both = g_strv_length (words) == 2;
  guint64 interval = both ? g_ascii_strtoull (words[0], NULL, 10) : 0;
  g_autoptr (GDateTime) until = both ? g_date_time_new_from_iso8601 (words[1], NULL) : NULL;

  if ((interval > 0 && envelope->hold_for > interval) ||
      (until != NULL && envelope->hold_until > g_date_time_to_unix (until)))
    {
      g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED,
                   _("%s does not hold a message for that long: %s"), server->name, params);
      return FALSE;
    }

  return TRUE;
}

/* RFC 4865 */
static gboolean
check_hold (const SmtpEnvelope    *envelope,
            const SmtpServerFacts *server,
            GError               **error)
{
  if (envelope->hold_for == 0 && envelope->hold_until == 0)
    return TRUE;
  if (envelope->hold_for > 0 && envelope->hold_until > 0)
    return fail_argument (error, _("A message is held for a time or until one, not both"));
  if (envelope->hold_for > MAX_HOLD_FOR)
    return fail_argument (error, _("%u seconds is too long to hold a message"), envelope->hold_for);

  return check_time (envelope->hold_until, error) &&
         need (server, SMTP_EXTENSION_FUTURERELEASE, "HOLDFOR, HOLDUNTIL", error) &&
         check_hold_limit (envelope, server, error);
}

static gboolean
check_priority (const SmtpEnvelope    *envelope,
                const SmtpServerFacts *server,
                GError               **error)
{
  if (envelope->priority == 0)
    return TRUE;
  if (envelope->priority > MAX_PRIORITY || envelope->priority < -MAX_PRIORITY)
    return fail_argument (error, _("A priority is from -9 to 9, not %d"), envelope->priority);

  return need (server, SMTP_EXTENSION_MT_PRIORITY, "MT-PRIORITY", error);
}

/* RFC 8689 §2: the server must have proved who it is. */
static gboolean
check_require_tls (const SmtpEnvelope    *envelope,
                   const SmtpServerFacts *server,
                   GError               **error)
{
  if (!envelope->require_tls)
    return TRUE;
  if (server->tls_verified)
    return need (server, SMTP_EXTENSION_REQUIRETLS, "REQUIRETLS", error);

  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_TLS_REQUIRED,
               _("The message requires TLS, and the connection to %s is not secured by a verified certificate"),
               server->name);
  return FALSE;
}

static gboolean
check_sender (const SmtpEnvelope    *envelope,
              const SmtpServerFacts *server,
              gboolean              *utf8,
              GError               **error)
{
  *utf8 |= needs_utf8 (envelope->sender) || is_utf8_param (envelope->params);
  return check_address (envelope->sender, SMTP_PATH_SENDER, error) &&
         check_own (envelope->params, error) &&
         check_dsn (envelope, server, error) &&
         check_auth (envelope, server, error) &&
         check_deliver_by (envelope, server, error) &&
         check_hold (envelope, server, error) &&
         check_priority (envelope, server, error) &&
         check_require_tls (envelope, server, error);
}

/* ---- the content ---------------------------------------------------------- */

static gboolean
plan_binary (const SmtpContentOutline *outline,
             const SmtpServerFacts    *server,
             SmtpPlan                 *plan,
             GError                  **error)
{
  if (!need (server, SMTP_EXTENSION_BINARYMIME, "BODY=BINARYMIME", error) ||
      !need (server, SMTP_EXTENSION_CHUNKING, "BODY=BINARYMIME", error))
    return FALSE;
  if (outline->size < 0)
    return fail_argument (error, _("The size of binary content must be known"));

  plan->bdat = TRUE;
  plan->body = "BINARYMIME";
  plan->size = outline->size;
  return TRUE;
}

static gboolean
plan_text (const SmtpEnvelope       *envelope,
           const SmtpContentOutline *outline,
           const SmtpServerFacts    *server,
           SmtpPlan                 *plan,
           GError                  **error)
{
  gboolean offered = smtp_capability_set_has (server->capabilities, SMTP_EXTENSION_8BITMIME);

  if (offered)
    plan->body = envelope->body == SMTP_BODY_7BIT ? "7BIT" : "8BITMIME";
  else if (envelope->body == SMTP_BODY_8BITMIME && !envelope->allow_8bit)
    return smtp_fail_unsupported (server->name, "8BITMIME", "BODY=8BITMIME", error);

  plan->forbid_8bit = !envelope->allow_8bit && (envelope->body == SMTP_BODY_7BIT || !offered);
  plan->forbid_long_lines = !envelope->allow_long_lines;
  if (outline->facts.eight_bit && plan->forbid_8bit)
    return envelope->body == SMTP_BODY_7BIT
             ? fail_argument (error, _("The content was to be 7-bit and has octets over 127"))
             : smtp_fail_unsupported (server->name, "8BITMIME", _("content with octets over 127"), error);
  if (outline->facts.long_line && plan->forbid_long_lines)
    return fail_argument (error, _("The content has a line of more than %d octets"), SMTP_MAX_LINE);

  plan->size = outline->whole ? (gint64) outline->facts.size : outline->size;
  plan->bdat = smtp_capability_set_has (server->capabilities, SMTP_EXTENSION_CHUNKING) &&
               (outline->whole || (outline->canonical && outline->size >= 0));
  return TRUE;
}

static gboolean
plan_size (const SmtpServerFacts *server,
           SmtpPlan              *plan,
           GError               **error)
{
  guint64 limit;

  plan->announce_size = plan->size >= 0 && smtp_capability_set_has (server->capabilities, SMTP_EXTENSION_SIZE);
  if (!plan->announce_size)
    return TRUE;

  limit = smtp_capability_set_get_number (server->capabilities, SMTP_EXTENSION_SIZE, NULL);
  if (limit == 0 || (guint64) plan->size <= limit)
    return TRUE;

  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED,
               _("%s takes messages of up to %" G_GUINT64_FORMAT " octets, and this one has %" G_GINT64_FORMAT),
               server->name, limit, plan->size);
  return FALSE;
}

/* RFC 6531 */
static gboolean
plan_utf8 (const SmtpEnvelope       *envelope,
           const SmtpContentOutline *outline,
           const SmtpServerFacts    *server,
           gboolean                  utf8,
           SmtpPlan                 *plan,
           GError                  **error)
{
  gboolean offered = smtp_capability_set_has (server->capabilities, SMTP_EXTENSION_SMTPUTF8);

  if (utf8 && !offered)
    return smtp_fail_unsupported (server->name, "SMTPUTF8", _("an address that is not ASCII"), error);
  if (outline->facts.eight_bit_header && !offered && !envelope->allow_8bit)
    return smtp_fail_unsupported (server->name, "SMTPUTF8", _("a header that is not ASCII"), error);

  plan->utf8 = offered && (utf8 || outline->facts.eight_bit_header);
  return TRUE;
}

/*< private >
 * Decides how a message is sent, or why it cannot be. Nothing has been
 * written then.
 */
gboolean
smtp_plan_make (const SmtpEnvelope       *envelope,
                const SmtpContentOutline *outline,
                const SmtpServerFacts    *server,
                SmtpPlan                 *plan,
                GError                  **error)
{
  gboolean binary = envelope->body == SMTP_BODY_BINARYMIME;
  gboolean utf8 = FALSE;

  memset (plan, 0, sizeof *plan);
  if (!check_sender (envelope, server, &utf8, error) ||
      !check_recipients (envelope, server, &utf8, error) ||
      !(binary ? plan_binary (outline, server, plan, error)
               : plan_text (envelope, outline, server, plan, error)) ||
      !plan_size (server, plan, error) ||
      !plan_utf8 (envelope, outline, server, utf8, plan, error))
    return FALSE;

  /* What follows a refused recipient could deliver what must not be: an empty
   * message, or one that was for all or nobody. */
  plan->pipelining = smtp_capability_set_has (server->capabilities, SMTP_EXTENSION_PIPELINING);
  plan->early_content = plan->pipelining &&
                        (envelope->policy == SMTP_RECIPIENTS_ANY || envelope->recipients->len == 1) &&
                        (!plan->bdat || plan->size <= EARLY_CONTENT);
  return TRUE;
}
