/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The commands. Each has a check, which says what the reply would be, and an
 * effect, which follows the reply that is really sent: where a script answers
 * instead, the session goes on as the client must believe it does. */

#include "smtp-test-dialogue-private.h"

#include <string.h>

/* Returns the reply without its last CRLF. */
typedef char *(*CheckFunc) (SmtpTestDialogue *self);

static char *
check_hello (SmtpTestDialogue *self)
{
  gboolean extended = !g_str_equal (self->verb, "HELO");

  if (extended && !self->config->ehlo_allowed)
    return g_strdup ("502 5.5.1 Command not implemented");
  if (*self->argument == '\0')
    return g_strdup_printf ("501 5.5.4 %s needs a name", self->verb);

  return extended ? smtp_test_dialogue_hello (self)
                  : g_strdup_printf ("250 test.example greets %s", self->argument);
}

static void
do_hello (SmtpTestDialogue *self,
          char              digit,
          SmtpTestStep     *step)
{
  smtp_test_dialogue_reset (self);
  g_free (self->client_name);
  self->client_name = g_strdup (self->argument);
  self->lmtp = g_str_equal (self->verb, "LHLO");
}

/* Splits the argument into path and parameters. */
static gboolean
parse_path (SmtpTestDialogue *self,
            const char       *prefix)
{
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->params, g_free);

  return g_ascii_strncasecmp (self->argument, prefix, strlen (prefix)) == 0 &&
         smtp_test_path_parse (self->argument + strlen (prefix), &self->path, &self->params);
}

static gboolean
declares_too_much (SmtpTestDialogue *self)
{
  g_auto (GStrv) words = g_strsplit (self->params, " ", -1);
  guint64 limit = smtp_test_dialogue_get_size_limit (self);

  for (gsize i = 0; limit != 0 && words[i] != NULL; i++)
    if (g_ascii_strncasecmp (words[i], "SIZE=", 5) == 0)
      return g_ascii_strtoull (words[i] + 5, NULL, 10) > limit;

  return FALSE;
}

static char *
check_mail (SmtpTestDialogue *self)
{
  gboolean parsed = parse_path (self, "FROM:");

  if (self->client_name == NULL)
    return g_strdup ("503 5.5.1 Say EHLO first");
  if (self->authenticated_as == NULL && !self->config->allow_relay)
    return g_strdup ("530 5.7.0 Authentication required");
  if (self->sender != NULL)
    return g_strdup ("503 5.5.1 A transaction is open");
  if (!parsed)
    return g_strdup ("501 5.5.4 Syntax: MAIL FROM:<path> [parameters]");
  if (declares_too_much (self))
    return g_strdup ("552 5.3.4 Message too big");

  return g_strdup ("250 2.1.0 Sender OK");
}

static void
do_mail (SmtpTestDialogue *self,
         char              digit,
         SmtpTestStep     *step)
{
  smtp_test_dialogue_reset (self);
  self->sender = g_strdup (self->path != NULL ? self->path : self->argument);
  self->sender_params = g_strdup (self->params != NULL ? self->params : "");
}

static char *
check_rcpt (SmtpTestDialogue *self)
{
  gboolean parsed = parse_path (self, "TO:");
  guint max = self->config->max_recipients;

  if (self->sender == NULL)
    return g_strdup ("503 5.5.1 MAIL comes first");
  if (!parsed || *self->path == '\0')
    return g_strdup ("501 5.5.4 Syntax: RCPT TO:<path> [parameters]");
  if (g_ascii_strncasecmp (self->path, "refuse", 6) == 0)
    return g_strdup ("550 5.1.1 No such user");
  if (g_ascii_strncasecmp (self->path, "later", 5) == 0)
    return g_strdup ("450 4.2.1 Mailbox busy, try again later");
  if (max != 0 && self->recipients->len >= max)
    return g_strdup ("452 4.5.3 Too many recipients");

  return g_strdup ("250 2.1.5 Recipient OK");
}

static void
do_rcpt (SmtpTestDialogue *self,
         char              digit,
         SmtpTestStep     *step)
{
  const char *path = self->path != NULL ? self->path : self->argument;
  const char *params = self->params != NULL ? self->params : "";

  g_ptr_array_add (self->recipients, g_strdup (path));
  g_ptr_array_add (self->recipient_params, g_strdup (params));
}

static char *
check_data (SmtpTestDialogue *self)
{
  if (self->sender == NULL)
    return g_strdup ("503 5.5.1 MAIL comes first");
  if (self->content != NULL)
    return g_strdup ("503 5.5.1 BDAT is under way");
  if (self->recipients->len == 0)
    return g_strdup ("554 5.5.1 No valid recipients");

  return g_strdup ("354 End data with <CR><LF>.<CR><LF>");
}

static void
do_data (SmtpTestDialogue *self,
         char              digit,
         SmtpTestStep     *step)
{
  smtp_test_dialogue_begin_content (self);
  self->phase = PHASE_DATA;
}

static char *
check_rset (SmtpTestDialogue *self)
{
  return g_strdup ("250 2.0.0 Reset");
}

static void
do_rset (SmtpTestDialogue *self,
         char              digit,
         SmtpTestStep     *step)
{
  smtp_test_dialogue_reset (self);
}

static char *
check_noop (SmtpTestDialogue *self)
{
  return g_strdup ("250 2.0.0 OK");
}

static char *
check_vrfy (SmtpTestDialogue *self)
{
  if (*self->argument == '\0')
    return g_strdup ("501 5.5.4 VRFY needs a name");

  return g_strdup ("252 2.5.0 Cannot verify, but will try to deliver");
}

static char *
check_expn (SmtpTestDialogue *self)
{
  if (*self->argument == '\0')
    return g_strdup ("501 5.5.4 EXPN needs a name");

  return g_strdup ("250-2.1.5 Alice <alice@test.example>\r\n"
                   "250 2.1.5 Bob <bob@test.example>");
}

static char *
check_help (SmtpTestDialogue *self)
{
  return g_strdup ("214-2.0.0 This server keeps what it is sent\r\n"
                   "214 2.0.0 and delivers nothing");
}

static char *
check_quit (SmtpTestDialogue *self)
{
  return g_strdup ("221 2.0.0 Bye");
}

static void
do_quit (SmtpTestDialogue *self,
         char              digit,
         SmtpTestStep     *step)
{
  step->action = SMTP_TEST_ACTION_CLOSE;
}

static char *
check_starttls (SmtpTestDialogue *self)
{
  if (self->config->tls_mode != SMTP_TEST_TLS_STARTTLS)
    return g_strdup ("502 5.5.1 Command not implemented");
  if (self->tls)
    return g_strdup ("503 5.5.1 TLS is active already");
  if (*self->argument != '\0')
    return g_strdup ("501 5.5.4 STARTTLS takes no parameter");

  return g_strdup ("220 2.0.0 Ready to start TLS");
}

static void
do_starttls (SmtpTestDialogue *self,
             char              digit,
             SmtpTestStep     *step)
{
  if (smtp_test_script_take_bad_handshake (self->script))
    self->phase = PHASE_GARBAGE;
  else
    step->action = SMTP_TEST_ACTION_HANDSHAKE;
}

static const struct
{
  const char *verb;
  CheckFunc check;
  EffectFunc effect;
} commands[] = {
  { "EHLO",     check_hello,             do_hello },
  { "HELO",     check_hello,             do_hello },
  { "LHLO",     check_hello,             do_hello },
  { "MAIL",     check_mail,              do_mail },
  { "RCPT",     check_rcpt,              do_rcpt },
  { "DATA",     check_data,              do_data },
  { "RSET",     check_rset,              do_rset },
  { "NOOP",     check_noop,              NULL },
  { "VRFY",     check_vrfy,              NULL },
  { "EXPN",     check_expn,              NULL },
  { "HELP",     check_help,              NULL },
  { "QUIT",     check_quit,              do_quit },
  { "STARTTLS", check_starttls,          do_starttls },
  { "AUTH",     smtp_test_dialogue_auth, smtp_test_dialogue_auth_effect },
};

static void
set_command (SmtpTestDialogue *self,
             const char       *line)
{
  const char *space = strchr (line, ' ');
  gsize length = space != NULL ? (gsize) (space - line) : strlen (line);

  g_free (self->verb);
  g_free (self->argument);
  self->verb = g_ascii_strup (line, length);
  self->argument = g_strdup (space != NULL ? space + 1 : "");
}

static void
answer_command (SmtpTestDialogue *self,
                gsize             index,
                SmtpTestStep     *step)
{
  g_autofree char *reply = commands[index].check (self);

  smtp_test_dialogue_answer (self, self->verb, NULL, reply, commands[index].effect, step);
}

void
smtp_test_dialogue_command (SmtpTestDialogue *self,
                            const char       *line,
                            SmtpTestStep     *step)
{
  set_command (self, line);

  if (self->refused && !g_str_equal (self->verb, "QUIT"))
    {
      smtp_test_dialogue_answer (self, self->verb, NULL, "503 5.5.1 No service here", NULL, step);
      return;
    }
  if (g_str_equal (self->verb, "BDAT"))
    {
      smtp_test_dialogue_begin_chunk (self, step);
      return;
    }

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (self->verb, commands[i].verb))
      {
        answer_command (self, i, step);
        return;
      }

  smtp_test_dialogue_answer (self, self->verb, NULL, "500 5.5.2 Unknown command", NULL, step);
}
