/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The commands, a row each: when they may be sent, how they are written
 * (cmd_x), what their reply means (rsp_x), how long it may take, and what a
 * refusal is called. To add a command is to add a row. */

#include "smtp-engine-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-argument.h"
#include "smtp-error.h"
#include "smtp-text.h"

#define IN(state) (1u << SMTP_CLIENT_STATE_##state)
#define IN_SESSION (IN (READY) | IN (MAIL) | IN (RCPT))

typedef struct
{
  const char         *argument;
  const char * const *params;
} Arguments;

/* Appends the command line, without CRLF, or refuses. */
typedef gboolean (*Encode) (SmtpEngine      *self,
                            const Arguments *arguments,
                            GString         *line,
                            GError         **error);
typedef void (*Respond) (SmtpEngine *self);

typedef struct
{
  const char      *verb;
  guint            states;
  SmtpClientState  leads_to; /* assumed for what is pipelined behind; NEW: no change */
  Encode           cmd;
  Respond          rsp;
  SmtpPhase        phase;
  gboolean         barrier;  /* nothing may be pipelined behind (RFC 2920 §3.1) */
  guint            max_lines;
  const char      *refusal;  /* server, reply */
} CommandInfo;

/* ---- what all have in common ---------------------------------------------- */

static gboolean
is_positive (SmtpEngine *self)
{
  return self->parser.reply.code / 100 == 2;
}

static gboolean
has_extension (SmtpEngine *self,
               const char *name)
{
  return smtp_capability_set_lookup (self->capabilities, name) != NULL;
}

static gboolean
fail_unsupported (SmtpEngine *self,
                  const char *extension,
                  const char *what,
                  GError    **error)
{
  return smtp_fail_unsupported (self->server_name, extension, what, error);
}

/*< private >
 * A reply of a kind that the command cannot get: nobody knows what the server
 * waits for now.
 */
void
smtp_command_break_unexpected (SmtpEngine *self)
{
  g_autofree char *quoted = smtp_engine_quote_reply (self);

  smtp_engine_fail (self, g_error_new (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                                       _("%s sent a reply that does not fit: %s"),
                                       self->server_name, quoted));
}

/* Whether the reply is positive. One that is neither yes nor no ends the
 * connection, as nobody knows what the server waits for. */
static gboolean
accepted (SmtpEngine  *self,
          SmtpCommand  command)
{
  if (is_positive (self))
    return TRUE;

  if (self->parser.reply.code < 400)
    smtp_command_break_unexpected (self);
  else
    smtp_engine_set_error (self, smtp_command_refusal (self, command));

  return FALSE;
}

/* Refused where no way leads on. */
static void
break_refused (SmtpEngine  *self,
               SmtpCommand  command)
{
  if (self->parser.reply.code < 400)
    smtp_command_break_unexpected (self);
  else
    smtp_engine_break (self, smtp_command_refusal (self, command));
}

/* ---- greeting, EHLO, HELO ------------------------------------------------- */

static void
rsp_greeting (SmtpEngine *self)
{
  if (is_positive (self))
    smtp_command_greet (self);
  else
    break_refused (self, SMTP_COMMAND_GREETING);
}

static gboolean
cmd_hello (SmtpEngine      *self,
           const Arguments *arguments,
           GString         *line,
           GError         **error)
{
  if (!smtp_check_ehlo_name (arguments->argument, error))
    return FALSE;

  if (self->used)
    {
      g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE,
                   _("EHLO comes before any other command to %s"), self->server_name);
      return FALSE;
    }

  g_free (self->local_name);
  self->local_name = g_strdup (arguments->argument);
  g_string_append_printf (line, " %s", arguments->argument);
  return TRUE;
}

static void
greet_as (SmtpEngine  *self,
          SmtpCommand  command,
          const char  *verb)
{
  g_autofree char *line = g_strdup_printf ("%s %s", verb, self->local_name);

  smtp_engine_queue (self, command, line, NULL);
}

/*< private >
 * Introduces the client, after the greeting and again after STARTTLS.
 */
void
smtp_command_greet (SmtpEngine *self)
{
  smtp_engine_set_capabilities (self, NULL);
  self->greeting = TRUE;
  greet_as (self, SMTP_COMMAND_EHLO, "EHLO");
}

/*< private >
 * Introduces the client once more, after AUTH (RFC 4954 §4 lets the server
 * answer otherwise than before).
 */
void
smtp_command_renew_greeting (SmtpEngine *self)
{
  self->renewing = TRUE;
  greet_as (self, SMTP_COMMAND_EHLO, "EHLO");
}

static void
submit_starttls (SmtpEngine *self)
{
  smtp_engine_queue (self, SMTP_COMMAND_STARTTLS, "STARTTLS", NULL);
}

/* EHLO or HELO is through: what open does next. */
static void
after_hello (SmtpEngine *self)
{
  gboolean wanted = self->security == SMTP_SECURITY_STARTTLS ||
                    self->security == SMTP_SECURITY_OPPORTUNISTIC;

  smtp_engine_set_state (self, SMTP_CLIENT_STATE_READY);
  if (!self->opening || self->tls || !wanted)
    return;

  if (has_extension (self, "STARTTLS"))
    submit_starttls (self);
  else if (self->security == SMTP_SECURITY_STARTTLS)
    smtp_engine_break (self, g_error_new (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_TLS_REQUIRED,
                                          _("%s does not offer STARTTLS, which is required here"),
                                          self->server_name));
}

/* Codes by which a server says that it knows no EHLO. */
static gboolean
is_ehlo_unknown (guint code)
{
  return (code >= 500 && code <= 504) || code == 550;
}

/* Servers may well refuse an EHLO after AUTH: what they offered stands. */
static void
rsp_renewed_ehlo (SmtpEngine *self)
{
  self->renewing = FALSE;
  if (is_positive (self))
    smtp_engine_set_capabilities (self, self->parser.reply.text->str);
  else if (self->parser.reply.code < 400)
    smtp_command_break_unexpected (self);
}

static void
rsp_ehlo (SmtpEngine *self)
{
  gboolean greeting = self->greeting;

  if (self->renewing)
    {
      rsp_renewed_ehlo (self);
      return;
    }

  self->greeting = FALSE;
  if (is_positive (self))
    {
      smtp_engine_set_capabilities (self, self->parser.reply.text->str);
      after_hello (self);
      return;
    }

  if (self->state == SMTP_CLIENT_STATE_OPENING && is_ehlo_unknown (self->parser.reply.code))
    greet_as (self, SMTP_COMMAND_HELO, "HELO");
  else if (greeting)
    break_refused (self, SMTP_COMMAND_EHLO);
  else
    accepted (self, SMTP_COMMAND_EHLO); /* hello() again: what was agreed stands */
}

static void
rsp_helo (SmtpEngine *self)
{
  if (is_positive (self))
    after_hello (self);
  else
    break_refused (self, SMTP_COMMAND_HELO);
}

/* ---- STARTTLS ------------------------------------------------------------- */

static gboolean
cmd_starttls (SmtpEngine      *self,
              const Arguments *arguments,
              GString         *line,
              GError         **error)
{
  if (self->tls || self->authenticated)
    {
      g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE,
                   self->tls ? _("The connection to %s is secured by TLS already")
                             : _("STARTTLS comes before AUTH to %s"),
                   self->server_name);
      return FALSE;
    }

  if (!has_extension (self, "STARTTLS"))
    return fail_unsupported (self, "STARTTLS", "TLS", error);

  return TRUE;
}

static void
rsp_starttls (SmtpEngine *self)
{
  if (is_positive (self))
    {
      smtp_engine_want_tls (self);
      return;
    }

  /* In open, TLS was wanted and there is no way on. A caller's own start_tls()
   * leaves it to the caller. */
  if (self->opening)
    {
      g_autofree char *quoted = smtp_engine_quote_reply (self);

      smtp_engine_break (self, g_error_new (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_TLS_REQUIRED,
                                            _("%s offers STARTTLS and refused it: %s"),
                                            self->server_name, quoted));
    }
  else
    accepted (self, SMTP_COMMAND_STARTTLS);
}

/* ---- MAIL, RCPT ----------------------------------------------------------- */

/* The parameters that belong to an extension. Others are the caller's own
 * business. */
static const struct
{
  const char *param;     /* up to the "=" */
  const char *extension;
} param_extensions[] = {
  { "BODY=8BITMIME", "8BITMIME" }, { "BODY=7BIT", "8BITMIME" },
  { "SIZE", "SIZE" },              { "SMTPUTF8", "SMTPUTF8" },
  { "AUTH", "AUTH" },              { "RET", "DSN" },
  { "ENVID", "DSN" },              { "NOTIFY", "DSN" },
  { "ORCPT", "DSN" },
};

static gboolean
matches_param (const char *param,
               const char *name)
{
  gsize length = strlen (name);

  return g_ascii_strncasecmp (param, name, length) == 0 &&
         (param[length] == '\0' || param[length] == '=');
}

static const char *
find_param (const char * const *params,
            const char         *name)
{
  for (; params != NULL && *params != NULL; params++)
    {
      if (matches_param (*params, name))
        return *params;
    }

  return NULL;
}

static gboolean
check_param_offered (SmtpEngine *self,
                     const char *param,
                     GError    **error)
{
  /* RFC 3030 §3: not with DATA. */
  if (g_ascii_strcasecmp (param, "BODY=BINARYMIME") == 0)
    return fail_unsupported (self, "BINARYMIME with DATA", param, error);

  for (guint i = 0; i < G_N_ELEMENTS (param_extensions); i++)
    {
      if (matches_param (param, param_extensions[i].param) &&
          !has_extension (self, param_extensions[i].extension))
        return fail_unsupported (self, param_extensions[i].extension, param, error);
    }

  return TRUE;
}

static gboolean
append_params (SmtpEngine         *self,
               GString            *line,
               const char * const *params,
               gboolean            utf8,
               GError            **error)
{
  if (!smtp_check_parameters (params, error))
    return FALSE;

  for (; params != NULL && *params != NULL; params++)
    {
      if (!check_param_offered (self, *params, error))
        return FALSE;
      if (!utf8 && !smtp_text_is_ascii (*params))
        return fail_unsupported (self, "SMTPUTF8", *params, error);
      g_string_append_printf (line, " %s", *params);
    }

  return TRUE;
}

static gboolean
cmd_mail (SmtpEngine      *self,
          const Arguments *arguments,
          GString         *line,
          GError         **error)
{
  const char *sender = arguments->argument;
  gboolean given = find_param (arguments->params, "SMTPUTF8") != NULL;
  gboolean utf8 = given || !smtp_text_is_ascii (sender);

  if (!smtp_check_path (sender, SMTP_PATH_SENDER, error))
    return FALSE;
  if (utf8 && !has_extension (self, "SMTPUTF8"))
    return fail_unsupported (self, "SMTPUTF8", given ? "SMTPUTF8" : sender, error);

  g_string_append_printf (line, " FROM:<%s>", sender);
  if (!append_params (self, line, arguments->params, utf8, error))
    return FALSE;
  if (has_extension (self, "8BITMIME") && find_param (arguments->params, "BODY") == NULL)
    g_string_append (line, " BODY=8BITMIME");
  if (utf8 && !given)
    g_string_append (line, " SMTPUTF8");
  self->new_utf8 = utf8;
  return TRUE;
}

static void
rsp_mail (SmtpEngine *self)
{
  if (!accepted (self, SMTP_COMMAND_MAIL))
    return;

  /* Behind a refused RSET that was pipelined: whose recipients would it have? */
  if (self->state != SMTP_CLIENT_STATE_READY)
    {
      smtp_command_break_unexpected (self);
      return;
    }

  self->utf8 = self->new_utf8;
  self->n_messages++;
  smtp_engine_set_state (self, SMTP_CLIENT_STATE_MAIL);
}

static gboolean
cmd_rcpt (SmtpEngine      *self,
          const Arguments *arguments,
          GString         *line,
          GError         **error)
{
  const char *recipient = arguments->argument;
  gboolean utf8 = self->n_pending > 0 ? self->new_utf8 : self->utf8;

  if (!smtp_check_path (recipient, SMTP_PATH_RECIPIENT, error))
    return FALSE;
  if (!utf8 && !smtp_text_is_ascii (recipient))
    {
      g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_NOT_SUPPORTED,
                   _("“%s” needs a transaction that began with the parameter SMTPUTF8"), recipient);
      return FALSE;
    }

  g_string_append_printf (line, " TO:<%s>", recipient);
  return append_params (self, line, arguments->params, utf8, error);
}

static void
rsp_rcpt (SmtpEngine *self)
{
  /* Behind a refused MAIL that was pipelined there is no transaction. */
  if (accepted (self, SMTP_COMMAND_RCPT) && self->state != SMTP_CLIENT_STATE_READY)
    smtp_engine_set_state (self, SMTP_CLIENT_STATE_RCPT);
}

/* ---- DATA ----------------------------------------------------------------- */

/* Behind recipients that may all be refused it could deliver an empty message:
 * it waits for their replies. */
static gboolean
cmd_data (SmtpEngine      *self,
          const Arguments *arguments,
          GString         *line,
          GError         **error)
{
  if (self->n_pending == 0)
    return TRUE;

  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE,
               _("DATA to %s has to wait for the replies to RCPT"), self->server_name);
  return FALSE;
}

static void
rsp_data (SmtpEngine *self)
{
  if (self->parser.reply.code / 100 == 3)
    {
      memset (&self->content, 0, sizeof self->content);
      self->content_octets = 0;
      self->content_ended = FALSE;
      smtp_engine_set_state (self, SMTP_CLIENT_STATE_DATA);
    }
  else if (self->parser.reply.code >= 400)
    smtp_engine_set_error (self, smtp_command_refusal (self, SMTP_COMMAND_DATA));
  else
    smtp_command_break_unexpected (self);
}

static void
rsp_content (SmtpEngine *self)
{
  if (accepted (self, SMTP_COMMAND_CONTENT) || self->failure == NULL)
    smtp_engine_set_state (self, SMTP_CLIENT_STATE_READY);
}

/* ---- the rest ------------------------------------------------------------- */

static gboolean
cmd_bare (SmtpEngine      *self,
          const Arguments *arguments,
          GString         *line,
          GError         **error)
{
  return TRUE;
}

static void
rsp_reset (SmtpEngine *self)
{
  if (accepted (self, SMTP_COMMAND_RSET))
    smtp_engine_set_state (self, SMTP_CLIENT_STATE_READY);
}

static gboolean
append_text (SmtpEngine *self,
             GString    *line,
             const char *text,
             GError    **error)
{
  if (!smtp_text_is_ascii (text) && !has_extension (self, "SMTPUTF8"))
    return fail_unsupported (self, "SMTPUTF8", text, error);

  g_string_append (line, text);
  return TRUE;
}

/* VRFY and EXPN: RFC 6531 §3.7.4.2 adds the keyword. */
static gboolean
cmd_lookup (SmtpEngine      *self,
            const Arguments *arguments,
            GString         *line,
            GError         **error)
{
  if (!smtp_check_text (arguments->argument, FALSE, error))
    return FALSE;

  g_string_append_c (line, ' ');
  if (!append_text (self, line, arguments->argument, error))
    return FALSE;
  if (!smtp_text_is_ascii (arguments->argument))
    g_string_append (line, " SMTPUTF8");
  return TRUE;
}

static gboolean
cmd_help (SmtpEngine      *self,
          const Arguments *arguments,
          GString         *line,
          GError         **error)
{
  if (arguments->argument == NULL)
    return TRUE;

  g_string_append_c (line, ' ');
  return smtp_check_text (arguments->argument, FALSE, error) &&
         append_text (self, line, arguments->argument, error);
}

/* What command() leaves to the operations that know its consequences. */
static const char * const reserved[] = {
  "EHLO", "HELO", "LHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "QUIT", NULL
};

static gboolean
cmd_other (SmtpEngine      *self,
           const Arguments *arguments,
           GString         *line,
           GError         **error)
{
  g_autofree char *verb = NULL;

  if (!smtp_check_text (arguments->argument, FALSE, error))
    return FALSE;

  verb = g_ascii_strup (arguments->argument, strcspn (arguments->argument, " "));
  if (*verb == '\0' || g_strv_contains (reserved, verb))
    {
      g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                   _("“%s” cannot be sent as a command of one's own: it has an operation of its name"), verb);
      return FALSE;
    }

  return append_text (self, line, arguments->argument, error);
}

/* Any reply will do: the caller asked for it. */
static void
rsp_other (SmtpEngine *self)
{
  if (self->parser.reply.code / 100 == 3)
    smtp_command_break_unexpected (self);
}

static void
rsp_quit (SmtpEngine *self)
{
  smtp_engine_close (self);
}

#define RSP_PLAIN(name, command) \
  static void name (SmtpEngine *self) { accepted (self, command); }

RSP_PLAIN (rsp_noop, SMTP_COMMAND_NOOP)
RSP_PLAIN (rsp_vrfy, SMTP_COMMAND_VRFY)
RSP_PLAIN (rsp_expn, SMTP_COMMAND_EXPN)
RSP_PLAIN (rsp_help, SMTP_COMMAND_HELP)

/* ---- the table ------------------------------------------------------------ */

#define LINES SMTP_REPLY_MAX_LINES
#define STAYS SMTP_CLIENT_STATE_NEW

static const CommandInfo commands[SMTP_N_COMMANDS] = {
  [SMTP_COMMAND_GREETING] = { NULL, 0, STAYS, NULL, rsp_greeting, SMTP_PHASE_ORDINARY, TRUE, LINES,
                              N_("%s does not welcome us: %s") },
  [SMTP_COMMAND_EHLO]     = { "EHLO", IN (READY), STAYS, cmd_hello, rsp_ehlo, SMTP_PHASE_ORDINARY, TRUE, LINES,
                              N_("%s refused EHLO: %s") },
  [SMTP_COMMAND_HELO]     = { "HELO", 0, STAYS, NULL, rsp_helo, SMTP_PHASE_ORDINARY, TRUE, LINES,
                              N_("%s refused HELO: %s") },
  [SMTP_COMMAND_STARTTLS] = { "STARTTLS", IN (READY), STAYS, cmd_starttls, rsp_starttls, SMTP_PHASE_ORDINARY, TRUE, LINES,
                              N_("%s refused STARTTLS: %s") },
  [SMTP_COMMAND_AUTH]     = { "AUTH", IN (READY), STAYS, NULL, smtp_engine_rsp_auth, SMTP_PHASE_ORDINARY, TRUE, LINES,
                              N_("%s refused the authentication: %s") },
  [SMTP_COMMAND_RESPONSE] = { NULL, 0, STAYS, NULL, smtp_engine_rsp_auth, SMTP_PHASE_ORDINARY, TRUE, LINES,
                              N_("%s refused the authentication: %s") },
  [SMTP_COMMAND_ABORT]    = { NULL, 0, STAYS, NULL, smtp_engine_rsp_abort, SMTP_PHASE_ORDINARY, TRUE, LINES,
                              N_("%s refused the authentication: %s") },
  [SMTP_COMMAND_MAIL]     = { "MAIL", IN (READY), SMTP_CLIENT_STATE_MAIL, cmd_mail, rsp_mail, SMTP_PHASE_ORDINARY, FALSE, LINES,
                              N_("%s refused the sender: %s") },
  [SMTP_COMMAND_RCPT]     = { "RCPT", IN (MAIL) | IN (RCPT), SMTP_CLIENT_STATE_RCPT, cmd_rcpt, rsp_rcpt, SMTP_PHASE_ORDINARY, FALSE, LINES,
                              N_("%s refused the recipient: %s") },
  [SMTP_COMMAND_DATA]     = { "DATA", IN (RCPT), STAYS, cmd_data, rsp_data, SMTP_PHASE_DATA, TRUE, LINES,
                              N_("%s refused to take the content: %s") },
  [SMTP_COMMAND_CONTENT]  = { NULL, 0, STAYS, NULL, rsp_content, SMTP_PHASE_VERDICT, TRUE, LINES,
                              N_("%s refused the message: %s") },
  [SMTP_COMMAND_BDAT]     = { "BDAT", 0, STAYS, NULL, rsp_content, SMTP_PHASE_VERDICT, TRUE, LINES,
                              N_("%s refused the message: %s") },
  [SMTP_COMMAND_RSET]     = { "RSET", IN_SESSION, SMTP_CLIENT_STATE_READY, cmd_bare, rsp_reset, SMTP_PHASE_ORDINARY, FALSE, LINES,
                              N_("%s refused RSET: %s") },
  [SMTP_COMMAND_NOOP]     = { "NOOP", IN_SESSION, STAYS, cmd_bare, rsp_noop, SMTP_PHASE_ORDINARY, TRUE, LINES,
                              N_("%s refused NOOP: %s") },
  [SMTP_COMMAND_VRFY]     = { "VRFY", IN_SESSION, STAYS, cmd_lookup, rsp_vrfy, SMTP_PHASE_ORDINARY, TRUE, LINES,
                              N_("%s did not verify the address: %s") },
  [SMTP_COMMAND_EXPN]     = { "EXPN", IN_SESSION, STAYS, cmd_lookup, rsp_expn, SMTP_PHASE_ORDINARY, TRUE, 0,
                              N_("%s did not expand the list: %s") },
  [SMTP_COMMAND_HELP]     = { "HELP", IN_SESSION, STAYS, cmd_help, rsp_help, SMTP_PHASE_ORDINARY, TRUE, 0,
                              N_("%s gave no help: %s") },
  [SMTP_COMMAND_QUIT]     = { "QUIT", IN_SESSION, STAYS, cmd_bare, rsp_quit, SMTP_PHASE_FAREWELL, TRUE, LINES,
                              N_("%s refused QUIT: %s") },
  [SMTP_COMMAND_OTHER]    = { "", IN_SESSION, STAYS, cmd_other, rsp_other, SMTP_PHASE_ORDINARY, TRUE, LINES,
                              N_("%s refused the command: %s") },
};

SmtpPhase
smtp_command_phase (SmtpCommand command)
{
  return commands[command].phase;
}

guint
smtp_command_max_lines (SmtpCommand command)
{
  return commands[command].max_lines;
}

void
smtp_command_respond (SmtpEngine  *self,
                      SmtpCommand  command)
{
  commands[command].rsp (self);
}

/* RFC 4954 §6 for what AUTH may answer. */
static SmtpClientError
refusal_code (SmtpCommand command,
              guint       code)
{
  gboolean auth = command == SMTP_COMMAND_AUTH || command == SMTP_COMMAND_RESPONSE;

  if (auth && (code == 504 || code == 534))
    return SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE;
  if (auth && code == 538)
    return SMTP_CLIENT_ERROR_TLS_REQUIRED;
  if (auth)
    return code < 500 ? SMTP_CLIENT_ERROR_AUTH_TEMPORARY : SMTP_CLIENT_ERROR_AUTH_REJECTED;

  return code < 500 ? SMTP_CLIENT_ERROR_REFUSED_TEMPORARY : SMTP_CLIENT_ERROR_REFUSED_PERMANENT;
}

/*< private >
 * The error that the last reply, a refusal of this command, amounts to.
 */
GError *
smtp_command_refusal (SmtpEngine  *self,
                      SmtpCommand  command)
{
  g_autofree char *quoted = smtp_engine_quote_reply (self);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  return g_error_new (SMTP_CLIENT_ERROR, refusal_code (command, self->parser.reply.code),
                      _(commands[command].refusal), self->server_name, quoted);
#pragma GCC diagnostic pop
}

/* RFC 2920 §3.1, and the ring has an end. */
static gboolean
may_pipeline (SmtpEngine *self)
{
  guint last = (self->first_pending + self->n_pending - 1) % SMTP_MAX_PENDING;

  return self->n_pending < SMTP_MAX_PENDING && has_extension (self, "PIPELINING") &&
         !commands[self->pending[last].command].barrier;
}

/* Something that is no reply is waited for: a handshake, the mechanism's
 * answer, the end of a farewell. */
static gboolean
is_engaged (SmtpEngine *self)
{
  return self->want_tls || self->auth_stage != SMTP_AUTH_NONE || self->leaving || self->transactions != NULL;
}

/*< private >
 * Whether a command fits in here: the connection stands, the transaction is
 * where the command needs it, and nothing is under way that it must wait for.
 */
gboolean
smtp_command_allowed (SmtpEngine  *self,
                      SmtpCommand  command,
                      GError     **error)
{
  const CommandInfo *info = &commands[command];
  SmtpClientState state = self->n_pending > 0 ? self->assumed : self->state;

  if (!smtp_engine_check_usable (self, error))
    return FALSE;

  if ((info->states & (1u << state)) && !is_engaged (self) &&
      (self->n_pending == 0 || may_pipeline (self)))
    return TRUE;

  if (state < SMTP_CLIENT_STATE_READY)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE,
                 _("The connection to %s is not open yet"), self->server_name);
  else if (state == SMTP_CLIENT_STATE_DATA)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE,
                 _("The content of a message to %s is being sent: its stream must be closed first"),
                 self->server_name);
  else
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE,
                 _("%s is out of order: a message is sent to %s by MAIL, then RCPT, then DATA"),
                 info->verb, self->server_name);
  return FALSE;
}

/*< private >
 * Checks a command, encodes it and queues it. With PIPELINING it may be called
 * again before the reply has come.
 */
gboolean
smtp_engine_submit (SmtpEngine         *self,
                    SmtpCommand         command,
                    const char         *argument,
                    const char * const *params,
                    GError            **error)
{
  const CommandInfo *info = &commands[command];
  const Arguments arguments = { argument, params };
  g_autoptr (GString) line = g_string_new (info->verb);

  if (!smtp_command_allowed (self, command, error) ||
      !info->cmd (self, &arguments, line, error))
    return FALSE;

  if (command != SMTP_COMMAND_EHLO && command != SMTP_COMMAND_STARTTLS)
    self->used = TRUE;
  if (self->n_pending == 0)
    self->assumed = self->state;
  if (info->leads_to != STAYS)
    self->assumed = info->leads_to;
  self->op_over = FALSE;
  smtp_engine_queue (self, command, line->str, NULL);
  return TRUE;
}

/*< private >
 * Begins a connection: greeting, EHLO or HELO, and TLS as @security says.
 */
gboolean
smtp_engine_open (SmtpEngine   *self,
                  SmtpSecurity  security,
                  const char   *local_name,
                  GError      **error)
{
  if (!smtp_engine_check_usable (self, error))
    return FALSE;

  if (self->opening || self->state > SMTP_CLIENT_STATE_OPENING)
    {
      g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE,
                   _("The connection to %s is open already"), self->server_name);
      return FALSE;
    }

  if (!smtp_check_ehlo_name (local_name, error))
    return FALSE;

  smtp_engine_set_state (self, SMTP_CLIENT_STATE_OPENING);
  g_free (self->local_name);
  self->local_name = g_strdup (local_name);
  self->security = security;
  self->opening = TRUE;
  self->op_over = FALSE;
  if (security == SMTP_SECURITY_TLS)
    smtp_engine_want_tls (self);
  else
    smtp_engine_expect (self, SMTP_COMMAND_GREETING);
  return TRUE;
}
