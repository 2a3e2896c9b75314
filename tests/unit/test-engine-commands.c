/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What goes onto the wire, and what never does. */

#include <string.h>

#include "smtp-error.h"
#include "stages.h"

#define PARAMS(...) (const char * const []) { __VA_ARGS__, NULL }
#define NOT_SUPPORTED SMTP_CLIENT_ERROR_NOT_SUPPORTED
#define INVALID SMTP_CLIENT_ERROR_INVALID_ARGUMENT

/* One command, and the line it makes or the error it is. */
typedef struct
{
  const char         *offers;
  SmtpCommand         command;
  const char         *argument;
  const char * const *params;
  const char         *line; /* NULL: refused */
  int                 code;
  const char         *part; /* in the message */
} Case;

static void
run_case (Stage       stage,
          const Case *c)
{
  g_autoptr (SmtpEngine) engine = engine_at (stage, c->offers);
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;
  gboolean success = smtp_engine_submit (engine, c->command, c->argument, c->params, &error);

  if (c->line != NULL)
    {
      g_assert_no_error (error);
      g_assert_true (success);
      line = g_strconcat (c->line, "\r\n", NULL);
      assert_sends (engine, line);
      return;
    }

  if (success)
    g_error ("command %d with “%s” is accepted", c->command, c->argument);
  g_assert_error (error, SMTP_CLIENT_ERROR, c->code);
  if (c->part != NULL)
    g_assert_nonnull (strstr (error->message, c->part));
  assert_sends (engine, "");
  g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_IDLE);
  submit (engine, SMTP_COMMAND_NOOP, NULL);
}

/* ---- MAIL and RCPT ---------------------------------------------------------- */

#define MAIL SMTP_COMMAND_MAIL
#define RCPT SMTP_COMMAND_RCPT

static const Case mails[] = {
  { "", MAIL, "a@b", NULL, "MAIL FROM:<a@b>" },
  { "", MAIL, "", NULL, "MAIL FROM:<>" },
  { "", MAIL, "\"a> b\"@c", NULL, "MAIL FROM:<\"a> b\"@c>" },
  { "", MAIL, "a@b", PARAMS ("X-OWN=1", "Y"), "MAIL FROM:<a@b> X-OWN=1 Y" },
  { "", MAIL, "Postmaster", NULL, NULL, INVALID, "Postmaster" },
  { "", MAIL, "a@b", PARAMS ("X", "Y Z"), NULL, INVALID, "Y Z" },

  { "8BITMIME", MAIL, "a@b", NULL, "MAIL FROM:<a@b> BODY=8BITMIME" },
  { "8BITMIME", MAIL, "a@b", PARAMS ("BODY=7BIT"), "MAIL FROM:<a@b> BODY=7BIT" },
  { "8BITMIME", MAIL, "a@b", PARAMS ("body=8bitmime"), "MAIL FROM:<a@b> body=8bitmime" },
  { "8BITMIME", MAIL, "a@b", PARAMS ("BODYX=1"), "MAIL FROM:<a@b> BODYX=1 BODY=8BITMIME" },
  { "", MAIL, "a@b", PARAMS ("BODY=8BITMIME"), NULL, NOT_SUPPORTED, "8BITMIME" },
  { "", MAIL, "a@b", PARAMS ("Body=7bit"), NULL, NOT_SUPPORTED, "8BITMIME" },
  { "8BITMIME|BINARYMIME|CHUNKING", MAIL, "a@b", PARAMS ("BODY=BINARYMIME"), NULL, NOT_SUPPORTED, "BINARYMIME" },
  { "8BITMIME|BINARYMIME", MAIL, "a@b", PARAMS ("body=binarymime"), NULL, NOT_SUPPORTED, "BINARYMIME" },

  { "SIZE 10", MAIL, "a@b", PARAMS ("SIZE=5"), "MAIL FROM:<a@b> SIZE=5" },
  { "", MAIL, "a@b", PARAMS ("SIZE=5"), NULL, NOT_SUPPORTED, "SIZE" },
  { "", MAIL, "a@b", PARAMS ("size=5"), NULL, NOT_SUPPORTED, "SIZE" },
  { "AUTH PLAIN", MAIL, "a@b", PARAMS ("AUTH=<>"), "MAIL FROM:<a@b> AUTH=<>" },
  { "", MAIL, "a@b", PARAMS ("AUTH=<>"), NULL, NOT_SUPPORTED, "AUTH" },
  { "DSN", MAIL, "a@b", PARAMS ("RET=HDRS", "ENVID=x"), "MAIL FROM:<a@b> RET=HDRS ENVID=x" },
  { "", MAIL, "a@b", PARAMS ("RET=HDRS"), NULL, NOT_SUPPORTED, "DSN" },
  { "", MAIL, "a@b", PARAMS ("ENVID=x"), NULL, NOT_SUPPORTED, "DSN" },

  { "SMTPUTF8", MAIL, "\303\244@b", NULL, "MAIL FROM:<\303\244@b> SMTPUTF8" },
  { "SMTPUTF8", MAIL, "\303\244@b", PARAMS ("SMTPUTF8"), "MAIL FROM:<\303\244@b> SMTPUTF8" },
  { "SMTPUTF8", MAIL, "a@b", PARAMS ("smtputf8"), "MAIL FROM:<a@b> smtputf8" },
  { "SMTPUTF8", MAIL, "a@b", NULL, "MAIL FROM:<a@b>" },
  { "SMTPUTF8|8BITMIME", MAIL, "a@\303\244", NULL, "MAIL FROM:<a@\303\244> BODY=8BITMIME SMTPUTF8" },
  { "SMTPUTF8", MAIL, "a@b", PARAMS ("X=\303\244"), NULL, NOT_SUPPORTED, "SMTPUTF8" },
  { "SMTPUTF8", MAIL, "a@b", PARAMS ("SMTPUTF8", "X=\303\244"), "MAIL FROM:<a@b> SMTPUTF8 X=\303\244" },
  { "", MAIL, "\303\244@b", NULL, NULL, NOT_SUPPORTED, "SMTPUTF8" },
  { "", MAIL, "a@b", PARAMS ("SMTPUTF8"), NULL, NOT_SUPPORTED, "SMTPUTF8" },
};

static const Case rcpts[] = {
  { "", RCPT, "a@b", NULL, "RCPT TO:<a@b>" },
  { "8BITMIME", RCPT, "Postmaster", NULL, "RCPT TO:<Postmaster>" },
  { "", RCPT, "a@b", PARAMS ("X=1"), "RCPT TO:<a@b> X=1" },
  { "", RCPT, "", NULL, NULL, INVALID, NULL },
  { "", RCPT, "a@b", PARAMS ("="), NULL, INVALID, NULL },
  { "DSN", RCPT, "a@b", PARAMS ("NOTIFY=NEVER", "ORCPT=rfc822;x@y"), "RCPT TO:<a@b> NOTIFY=NEVER ORCPT=rfc822;x@y" },
  { "", RCPT, "a@b", PARAMS ("NOTIFY=NEVER"), NULL, NOT_SUPPORTED, "DSN" },
  { "", RCPT, "a@b", PARAMS ("orcpt=rfc822;x@y"), NULL, NOT_SUPPORTED, "DSN" },
  { "SMTPUTF8", RCPT, "\303\244@b", NULL, NULL, NOT_SUPPORTED, "SMTPUTF8" },
  { "SMTPUTF8", RCPT, "a@b", PARAMS ("X=\303\244"), NULL, NOT_SUPPORTED, "SMTPUTF8" },
};

static void
test_mail (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (mails); i++)
    run_case (AT_READY, &mails[i]);
}

static void
test_rcpt (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rcpts); i++)
    run_case (AT_MAIL, &rcpts[i]);
}

/* Whether a recipient may have UTF-8 is for MAIL to say: the one accepted, or
 * the one under way in front of it. */
static void
test_utf8_transaction (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_READY, "SMTPUTF8|PIPELINING");
  g_autoptr (GError) error = NULL;

  submit (engine, MAIL, "\303\244@b");
  submit (engine, RCPT, "\303\266@b");
  assert_sends (engine, "MAIL FROM:<\303\244@b> SMTPUTF8\r\nRCPT TO:<\303\266@b>\r\n");
  say (engine, "250 ok\r\n250 ok\r\n");
  submit (engine, RCPT, "\303\274@b");
  assert_sends (engine, "RCPT TO:<\303\274@b>\r\n");
  say (engine, "250 ok\r\n");

  submit (engine, SMTP_COMMAND_RSET, NULL);
  submit (engine, MAIL, "a@b");
  g_assert_false (smtp_engine_submit (engine, RCPT, "\303\266@b", NULL, &error));
  g_assert_error (error, SMTP_CLIENT_ERROR, NOT_SUPPORTED);
  assert_sends (engine, "RSET\r\nMAIL FROM:<a@b>\r\n");
  say (engine, "250 ok\r\n250 ok\r\n");
  g_assert_false (smtp_engine_submit (engine, RCPT, "\303\266@b", NULL, NULL));
}

static void
test_rcpt_replies (void)
{
  static const struct
  {
    const char     *reply;
    int             code;
    SmtpClientState state;
  } replies[] = {
    { "250 2.1.5 ok\r\n", -1, SMTP_CLIENT_STATE_RCPT },
    { "251 will forward\r\n", -1, SMTP_CLIENT_STATE_RCPT },
    { "252 perhaps\r\n", -1, SMTP_CLIENT_STATE_RCPT },
    { "450 4.2.0 later\r\n", SMTP_CLIENT_ERROR_REFUSED_TEMPORARY, SMTP_CLIENT_STATE_MAIL },
    { "550 5.1.1 no\r\n", SMTP_CLIENT_ERROR_REFUSED_PERMANENT, SMTP_CLIENT_STATE_MAIL },
    { "551 elsewhere\r\n", SMTP_CLIENT_ERROR_REFUSED_PERMANENT, SMTP_CLIENT_STATE_MAIL },
    { "571 no\r\n", SMTP_CLIENT_ERROR_REFUSED_PERMANENT, SMTP_CLIENT_STATE_MAIL },
    { "354 go\r\n", SMTP_CLIENT_ERROR_PROTOCOL, SMTP_CLIENT_STATE_BROKEN },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_MAIL, OFFERS);
      g_autofree char *quoted = g_strndup (replies[i].reply, strlen (replies[i].reply) - 2);

      submit (engine, RCPT, "x@y");
      assert_sends (engine, "RCPT TO:<x@y>\r\n");
      say (engine, replies[i].reply);
      assert_ends (engine, replies[i].code, quoted);
      g_assert_cmpint (smtp_engine_get_state (engine), ==, replies[i].state);
    }
}

/* ---- the other commands ----------------------------------------------------- */

#define VRFY SMTP_COMMAND_VRFY
#define EXPN SMTP_COMMAND_EXPN
#define HELP SMTP_COMMAND_HELP
#define OTHER SMTP_COMMAND_OTHER

static const Case others[] = {
  { "", SMTP_COMMAND_NOOP, NULL, NULL, "NOOP" },
  { "", SMTP_COMMAND_RSET, NULL, NULL, "RSET" },
  { "", SMTP_COMMAND_QUIT, NULL, NULL, "QUIT" },
  { "", SMTP_COMMAND_EHLO, "[192.0.2.1]", NULL, "EHLO [192.0.2.1]" },
  { "", SMTP_COMMAND_EHLO, "my_host", NULL, NULL, INVALID, "my_host" },
  { "", SMTP_COMMAND_STARTTLS, NULL, NULL, NULL, NOT_SUPPORTED, "STARTTLS" },
  { "STARTTLS", SMTP_COMMAND_STARTTLS, NULL, NULL, "STARTTLS" },
  { "", VRFY, "joe", NULL, "VRFY joe" },
  { "", VRFY, "Joe <a@b>", NULL, "VRFY Joe <a@b>" },
  { "", VRFY, "", NULL, NULL, INVALID, NULL },
  { "", VRFY, "\303\244", NULL, NULL, NOT_SUPPORTED, "SMTPUTF8" },
  { "SMTPUTF8", VRFY, "\303\244", NULL, "VRFY \303\244 SMTPUTF8" },
  { "SMTPUTF8", VRFY, "a", NULL, "VRFY a" },
  { "", EXPN, "list", NULL, "EXPN list" },
  { "", EXPN, "", NULL, NULL, INVALID, NULL },
  { "SMTPUTF8", EXPN, "\303\244", NULL, "EXPN \303\244 SMTPUTF8" },
  { "", HELP, NULL, NULL, "HELP" },
  { "", HELP, "MAIL", NULL, "HELP MAIL" },
  { "", HELP, "", NULL, NULL, INVALID, NULL },
  { "", HELP, "\303\244", NULL, NULL, NOT_SUPPORTED, "SMTPUTF8" },
  { "", OTHER, "XYZ", NULL, "XYZ" },
  { "", OTHER, "xyz a  b", NULL, "xyz a  b" },
  { "", OTHER, "ETRN example.org", NULL, "ETRN example.org" },
  { "", OTHER, "QUITS", NULL, "QUITS" },
  { "", OTHER, "", NULL, NULL, INVALID, NULL },
  { "", OTHER, " XYZ", NULL, NULL, INVALID, NULL },
  { "", OTHER, " DATA", NULL, NULL, INVALID, NULL },
  { "", OTHER, "XYZ \303\244", NULL, NULL, NOT_SUPPORTED, "SMTPUTF8" },
  { "SMTPUTF8", OTHER, "XYZ \303\244", NULL, "XYZ \303\244" },
};

static void
test_others (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    run_case (AT_READY, &others[i]);
}

static void
test_reserved (void)
{
  static const char * const verbs[] = {
    "EHLO", "HELO", "LHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "QUIT",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      g_autofree char *lower = g_ascii_strdown (verbs[i], -1);
      g_autofree char *with_argument = g_strconcat (verbs[i], " x", NULL);
      const Case cases[] = {
        { "", OTHER, verbs[i], NULL, NULL, INVALID, verbs[i] },
        { "", OTHER, lower, NULL, NULL, INVALID, verbs[i] },
        { "", OTHER, with_argument, NULL, NULL, INVALID, verbs[i] },
      };

      for (gsize n = 0; n < G_N_ELEMENTS (cases); n++)
        run_case (AT_READY, &cases[n]);
    }
}

/* No argument adds a line, and none is refused after something was queued. */
static void
test_injections (void)
{
  static const char * const injections[] = {
    "a@b\r\nQUIT", "a@b\nQUIT", "a@b\rQUIT", "\r\na@b", "a@b\r\n", "a@b\001", "a@b\033", "a@b\177",
    "a@b\302\205", "a@b\377", "\n", "\r",
  };
  static const SmtpCommand commands[] = { MAIL, VRFY, EXPN, HELP, OTHER, SMTP_COMMAND_EHLO };

  for (gsize i = 0; i < G_N_ELEMENTS (injections); i++)
    {
      g_autofree char *param = g_strconcat ("X=", injections[i], NULL);
      const Case rcpt = { "SMTPUTF8", RCPT, injections[i], NULL, NULL, INVALID, NULL };
      const Case rcpt_param = { "SMTPUTF8", RCPT, "a@b", PARAMS (param), NULL, INVALID, NULL };
      const Case mail_param = { "SMTPUTF8", MAIL, "a@b", PARAMS ("Y", param), NULL, INVALID, NULL };
      const Case mail_keyword = { "SMTPUTF8", MAIL, "a@b", PARAMS (injections[i]), NULL, INVALID, NULL };

      run_case (AT_MAIL, &rcpt);
      run_case (AT_MAIL, &rcpt_param);
      run_case (AT_READY, &mail_param);
      run_case (AT_READY, &mail_keyword);
      for (gsize n = 0; n < G_N_ELEMENTS (commands); n++)
        {
          const Case c = { "SMTPUTF8", commands[n], injections[i], NULL, NULL, INVALID, NULL };

          run_case (AT_READY, &c);
        }
    }
}

static void
test_local_name (void)
{
  static const char * const names[] = { "", "a b", "my_host", "x\r\nQUIT", "x\n", "\303\244", "[127.0.0.1]\r" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (SmtpEngine) engine = smtp_engine_new ("mail.example");
      g_autoptr (GError) error = NULL;

      g_assert_false (smtp_engine_open (engine, SMTP_SECURITY_NONE, names[i], &error));
      g_assert_error (error, SMTP_CLIENT_ERROR, INVALID);
      g_assert_cmpint (smtp_engine_get_state (engine), ==, SMTP_CLIENT_STATE_NEW);
      g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_IDLE);
    }
}

/* Every command refused: the connection goes on, and the message says what. */
static void
test_refusals (void)
{
  static const struct
  {
    Stage       stage;
    SmtpCommand command;
    const char *argument;
  } commands[] = {
    { AT_READY, MAIL, "a@b" }, { AT_MAIL, RCPT, "a@b" }, { AT_RCPT, SMTP_COMMAND_DATA, NULL },
    { AT_RCPT, SMTP_COMMAND_RSET, NULL }, { AT_READY, SMTP_COMMAND_NOOP, NULL }, { AT_READY, VRFY, "a" },
    { AT_MAIL, EXPN, "a" }, { AT_READY, HELP, NULL }, { AT_READY, SMTP_COMMAND_STARTTLS, NULL },
    { AT_READY, SMTP_COMMAND_EHLO, "x" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (commands[i].stage, OFFERS);
      SmtpClientState state = smtp_engine_get_state (engine);

      submit (engine, commands[i].command, commands[i].argument);
      g_free (take_output (engine));
      say (engine, "451-4.3.0 not\r\n451 4.3.0 now\r\n");
      assert_ends (engine, SMTP_CLIENT_ERROR_REFUSED_TEMPORARY, "mail.example");
      submit (engine, commands[i].command, commands[i].argument);
      g_free (take_output (engine));
      say (engine, "550 never\r\n");
      assert_ends (engine, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "550 never");
      g_assert_cmpint (smtp_engine_get_state (engine), ==, state);
    }
}

/* ---- replies ---------------------------------------------------------------- */

static void
test_reply (void)
{
  g_autoptr (SmtpEngine) engine = smtp_engine_new ("mail.example");
  const SmtpReplyData *reply;

  g_assert_null (smtp_engine_get_reply (engine));
  g_assert_true (smtp_engine_open (engine, SMTP_SECURITY_NONE, "x", NULL));
  g_assert_cmpuint (smtp_engine_get_reply_count (engine), ==, 0);
  say (engine, "220-2.0.0 a\r\n220 b\r\n");
  reply = smtp_engine_get_reply (engine);
  g_assert_cmpuint (reply->code, ==, 220);
  g_assert_cmpuint (reply->n_lines, ==, 2);
  g_assert_cmpstr (reply->enhanced, ==, "2.0.0");
  g_assert_cmpstr (reply->text->str, ==, "2.0.0 a\nb");
  g_assert_cmpuint (smtp_engine_get_reply_count (engine), ==, 1);
}

static void
say_lines (SmtpEngine *engine,
           guint       n)
{
  for (guint i = 1; i < n; i++)
    say (engine, "250-x\r\n");
  say (engine, "250 x\r\n");
}

/* EXPN and HELP may be as long as they like, within 64 KiB. */
static void
test_reply_limits (void)
{
  static const struct
  {
    SmtpCommand command;
    guint       lines;
    gboolean    fits;
  } limits[] = {
    { SMTP_COMMAND_NOOP, 128, TRUE }, { SMTP_COMMAND_NOOP, 129, FALSE },
    { HELP, 129, TRUE }, { HELP, 9362, TRUE }, { HELP, 9363, FALSE },
    { EXPN, 5000, TRUE }, { VRFY, 129, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_READY, OFFERS);

      submit (engine, limits[i].command, limits[i].command == VRFY || limits[i].command == EXPN ? "a" : NULL);
      g_free (take_output (engine));
      say_lines (engine, limits[i].lines);
      assert_ends (engine, limits[i].fits ? -1 : SMTP_CLIENT_ERROR_PROTOCOL, "more than");
    }
}

/* A reply of any length makes a message that can be shown. */
static void
test_long_refusal (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_MAIL_SENT, OFFERS);
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 20; i++)
    say (engine, "550-\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244"
                 "\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244 \033[1m\r\n");
  say (engine, "550 end\r\n");
  g_assert_false (smtp_engine_finish (engine, &error));
  g_assert_cmpuint (strlen (error->message), <, 700);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strpbrk (error->message, "\n\r\033"));
}

/* ---- pipelining ------------------------------------------------------------- */

/* RFC 2920 §3.1: what must be the last of a group. */
static void
test_barriers (void)
{
  static const struct
  {
    Stage       stage;
    SmtpCommand command;
    const char *argument;
    gboolean    barrier;
  } firsts[] = {
    { AT_READY, SMTP_COMMAND_EHLO, "x", TRUE }, { AT_READY, SMTP_COMMAND_STARTTLS, NULL, TRUE },
    { AT_READY, VRFY, "a", TRUE }, { AT_READY, EXPN, "a", TRUE }, { AT_READY, HELP, NULL, TRUE },
    { AT_READY, SMTP_COMMAND_NOOP, NULL, TRUE }, { AT_READY, SMTP_COMMAND_QUIT, NULL, TRUE },
    { AT_READY, OTHER, "XYZ", TRUE }, { AT_RCPT, SMTP_COMMAND_DATA, NULL, TRUE },
    { AT_READY, SMTP_COMMAND_RSET, NULL, FALSE }, { AT_READY, MAIL, "a@b", FALSE }, { AT_MAIL, RCPT, "a@b", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (firsts); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (firsts[i].stage, "PIPELINING|STARTTLS");
      g_autoptr (GError) error = NULL;

      submit (engine, firsts[i].command, firsts[i].argument);
      g_assert_cmpint (smtp_engine_submit (engine, SMTP_COMMAND_RSET, NULL, NULL, &error), ==, !firsts[i].barrier);
      if (firsts[i].barrier)
        g_assert_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE);
    }
}

/* What follows is judged by what was sent before it, not by what was answered. */
static void
test_assumed (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_READY, "PIPELINING");

  g_assert_false (smtp_engine_submit (engine, RCPT, "a@b", NULL, NULL));
  submit (engine, MAIL, "a@b");
  g_assert_false (smtp_engine_submit (engine, MAIL, "a@b", NULL, NULL));
  submit (engine, RCPT, "c@d");
  submit (engine, SMTP_COMMAND_RSET, NULL);
  g_assert_false (smtp_engine_submit (engine, RCPT, "a@b", NULL, NULL));
  submit (engine, MAIL, "e@f");
  assert_sends (engine, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRSET\r\nMAIL FROM:<e@f>\r\n");
  say (engine, "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n");
  assert_ends (engine, -1, NULL);
  g_assert_cmpint (smtp_engine_get_state (engine), ==, SMTP_CLIENT_STATE_MAIL);
}

/* DATA behind recipients that may all be refused could deliver an empty
 * message: it waits. */
static void
test_data_waits (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_READY, "PIPELINING");
  g_autoptr (GError) error = NULL;

  submit (engine, MAIL, "a@b");
  submit (engine, RCPT, "c@d");
  g_assert_false (smtp_engine_submit (engine, SMTP_COMMAND_DATA, NULL, NULL, &error));
  g_assert_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE);
  assert_sends (engine, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
  say (engine, "250 ok\r\n");
  g_assert_false (smtp_engine_submit (engine, SMTP_COMMAND_DATA, NULL, NULL, NULL));
  say (engine, "250 ok\r\n");
  submit (engine, SMTP_COMMAND_DATA, NULL);
  assert_sends (engine, "DATA\r\n");
}

/* Replies that do not fit together: nobody knows whose recipients these are. */
static void
test_reset_refused (gconstpointer data)
{
  Stage stage = GPOINTER_TO_INT (data);
  g_autoptr (SmtpEngine) engine = engine_at (stage, "PIPELINING");

  submit (engine, SMTP_COMMAND_RSET, NULL);
  submit (engine, MAIL, "e@f");
  assert_sends (engine, "RSET\r\nMAIL FROM:<e@f>\r\n");
  say (engine, "502 no\r\n250 ok\r\n");
  assert_ends (engine, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "502 no");
  g_assert_cmpint (smtp_engine_get_state (engine), ==, SMTP_CLIENT_STATE_BROKEN);
}

/* A recipient accepted without a sender is none. */
static void
test_rcpt_without_mail (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_READY, "PIPELINING");

  submit (engine, MAIL, "a@b");
  submit (engine, RCPT, "c@d");
  assert_sends (engine, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
  say (engine, "550 no\r\n250 ok\r\n");
  assert_ends (engine, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "550 no");
  g_assert_cmpint (smtp_engine_get_state (engine), ==, SMTP_CLIENT_STATE_READY);
  g_assert_false (smtp_engine_submit (engine, SMTP_COMMAND_DATA, NULL, NULL, NULL));
}

/* A reply before its command was written is for no command. */
static void
test_reply_too_early (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_READY, "PIPELINING");

  submit (engine, MAIL, "a@b");
  submit (engine, RCPT, "c@d");
  smtp_engine_wrote (engine, strlen ("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r"));
  say (engine, "250 ok\r\n");
  g_assert_cmpint (smtp_engine_get_state (engine), ==, SMTP_CLIENT_STATE_MAIL);
  say (engine, "250 ok\r\n");
  assert_ends (engine, SMTP_CLIENT_ERROR_PROTOCOL, "nobody asked for");
}

static void
test_bounded (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_MAIL, "PIPELINING");
  g_autoptr (GError) error = NULL;
  guint n = 0;

  while (n < 10000 && smtp_engine_submit (engine, RCPT, "c@d", NULL, &error))
    n++;
  g_assert_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE);
  g_assert_cmpuint (n, ==, 512);
  g_free (take_output (engine));
  for (guint i = 0; i < 1000; i++)
    {
      say (engine, "250 ok\r\n");
      submit (engine, RCPT, "c@d");
      assert_sends (engine, "RCPT TO:<c@d>\r\n");
    }
  for (; n > 0; n--)
    say (engine, "250 ok\r\n");
  assert_ends (engine, -1, NULL);
}

/* ---- content ---------------------------------------------------------------- */

/* Little content waits for more; flushed, full or ended it goes. */
static void
test_hold (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_BODY, OFFERS);
  g_autofree char *much = g_strnfill (16 * 1024, 'x');
  g_autofree char *sent = NULL;

  smtp_engine_body (engine, much, 16 * 1024 - 1);
  g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_BODY);
  smtp_engine_body (engine, "xx", 2);
  g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_WRITE);
  sent = take_output (engine);
  g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_BODY);
  smtp_engine_body (engine, "y", 1);
  g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_BODY);
  smtp_engine_flush_body (engine);
  assert_sends (engine, "y");
  smtp_engine_body (engine, "z", 1);
  smtp_engine_end_body (engine);
  assert_sends (engine, "z\r\n.\r\n");
}

/* The engine takes no more than it can hold, and the rest later. */
static void
test_bounded_body (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_BODY, OFFERS);
  gsize length = 1024 * 1024;
  g_autofree char *content = g_strnfill (length, '.');
  gsize done = smtp_engine_body (engine, content, length);
  gsize sent = 0;

  g_assert_cmpuint (done, >, 0);
  g_assert_cmpuint (done, <=, 64 * 1024);
  g_assert_cmpuint (smtp_engine_body (engine, content, length), ==, 0);
  while (done < length)
    {
      g_autofree char *output = take_output (engine);

      sent += strlen (output);
      done += smtp_engine_body (engine, content + done, length - done);
    }
  smtp_engine_end_body (engine);
  for (gsize n; smtp_engine_next (engine) == SMTP_ENGINE_WRITE; sent += n)
    {
      smtp_engine_get_output (engine, &n);
      smtp_engine_wrote (engine, n);
    }
  g_assert_cmpuint (sent, ==, length + strlen ("\r\n.\r\n"));
}

/* What was handed over stays the same until it is written. */
static void
test_stable_output (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_BODY, OFFERS);
  g_autofree char *more = g_strnfill (5000, 'y');
  gsize length;

  smtp_engine_body (engine, "abcdef", 6);
  smtp_engine_flush_body (engine);
  g_assert_cmpint (memcmp (smtp_engine_get_output (engine, &length), "abcdef", 6), ==, 0);
  for (int i = 0; i < 12; i++)
    {
      smtp_engine_body (engine, more, 5000);
      g_assert_cmpint (memcmp (smtp_engine_get_output (engine, &length), "abcdef", 6), ==, 0);
    }
  smtp_engine_end_body (engine);
  g_assert_cmpint (memcmp (smtp_engine_get_output (engine, &length), "abcdef", 6), ==, 0);
  smtp_engine_wrote (engine, 2);
  g_assert_cmpint (memcmp (smtp_engine_get_output (engine, &length), "cdef", 4), ==, 0);
}

/* The next message begins as the first did, whatever the first ended with. */
static void
test_second_content (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_VERDICT, OFFERS);

  for (int i = 0; i < 2; i++)
    {
      say (engine, "250 ok\r\n");
      assert_ends (engine, -1, NULL);
      submit (engine, MAIL, "a@b");
      g_free (take_output (engine));
      say (engine, "250 ok\r\n");
      submit (engine, RCPT, "a@b");
      g_free (take_output (engine));
      say (engine, "250 ok\r\n");
      submit (engine, SMTP_COMMAND_DATA, NULL);
      g_free (take_output (engine));
      say (engine, "354 ok\r\n");
      smtp_engine_body (engine, ".x\r", 3);
      smtp_engine_end_body (engine);
      assert_sends (engine, "..x\r\n.\r\n");
    }
}

/* ---- the log ---------------------------------------------------------------- */

static char *
take_log (SmtpEngine *engine)
{
  g_autoptr (GPtrArray) log = smtp_engine_take_log (engine);
  GString *text = g_string_new (NULL);

  for (guint i = 0; log != NULL && i < log->len; i++)
    {
      const SmtpLogLine *line = g_ptr_array_index (log, i);

      g_string_append_printf (text, "%c %s\n", line->direction == SMTP_DIRECTION_SENT ? 'C' : 'S', line->text);
    }

  return g_string_free (text, FALSE);
}

static void
assert_log (SmtpEngine *engine,
            const char *expected)
{
  g_autofree char *log = take_log (engine);

  g_assert_cmpstr (log, ==, expected);
}

static void
test_log (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_READY, OFFERS);

  g_assert_null (smtp_engine_take_log (engine));
  smtp_engine_set_log (engine, TRUE);
  g_assert_null (smtp_engine_take_log (engine));
  submit (engine, SMTP_COMMAND_NOOP, NULL);
  g_free (take_output (engine));
  say (engine, "250-a\r\n250-\r\n250 \377\033\r\n");
  assert_log (engine, "C NOOP\nS 250-a\nS 250-\nS 250 \357\277\275\357\277\275\n");
  submit (engine, SMTP_COMMAND_NOOP, NULL);
  g_free (take_output (engine));
  say (engine, "250\r\n");
  assert_log (engine, "C NOOP\nS 250\n");
  submit (engine, SMTP_COMMAND_NOOP, NULL);
  smtp_engine_set_log (engine, FALSE);
  g_assert_null (smtp_engine_take_log (engine));
}

/* Content is counted, not shown: whole or cut off. */
static void
test_log_content (void)
{
  g_autoptr (SmtpEngine) whole = engine_at (AT_BODY, OFFERS);
  g_autoptr (SmtpEngine) cut = engine_at (AT_BODY, OFFERS);

  smtp_engine_set_log (whole, TRUE);
  smtp_engine_body (whole, "private\r\n", 9);
  smtp_engine_end_body (whole);
  assert_log (whole, "C [12 octets of content]\nC .\n");

  smtp_engine_set_log (cut, TRUE);
  smtp_engine_body (cut, "private", 7);
  say (cut, "552 enough\r\n");
  assert_log (cut, "S 552 enough\nC [10 octets of content]\n");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/engine-commands/mail", test_mail);
  g_test_add_func ("/engine-commands/rcpt", test_rcpt);
  g_test_add_func ("/engine-commands/utf8-transaction", test_utf8_transaction);
  g_test_add_func ("/engine-commands/rcpt-replies", test_rcpt_replies);
  g_test_add_func ("/engine-commands/others", test_others);
  g_test_add_func ("/engine-commands/reserved", test_reserved);
  g_test_add_func ("/engine-commands/injections", test_injections);
  g_test_add_func ("/engine-commands/local-name", test_local_name);
  g_test_add_func ("/engine-commands/refusals", test_refusals);
  g_test_add_func ("/engine-commands/reply", test_reply);
  g_test_add_func ("/engine-commands/reply-limits", test_reply_limits);
  g_test_add_func ("/engine-commands/long-refusal", test_long_refusal);
  g_test_add_func ("/engine-commands/pipelining/barriers", test_barriers);
  g_test_add_func ("/engine-commands/pipelining/assumed", test_assumed);
  g_test_add_func ("/engine-commands/pipelining/data-waits", test_data_waits);
  g_test_add_data_func ("/engine-commands/pipelining/reset-refused/mail", GINT_TO_POINTER (AT_MAIL), test_reset_refused);
  g_test_add_data_func ("/engine-commands/pipelining/reset-refused/rcpt", GINT_TO_POINTER (AT_RCPT), test_reset_refused);
  g_test_add_func ("/engine-commands/pipelining/rcpt-without-mail", test_rcpt_without_mail);
  g_test_add_func ("/engine-commands/pipelining/reply-too-early", test_reply_too_early);
  g_test_add_func ("/engine-commands/pipelining/bounded", test_bounded);
  g_test_add_func ("/engine-commands/content/hold", test_hold);
  g_test_add_func ("/engine-commands/content/bounded", test_bounded_body);
  g_test_add_func ("/engine-commands/content/stable-output", test_stable_output);
  g_test_add_func ("/engine-commands/content/second", test_second_content);
  g_test_add_func ("/engine-commands/log", test_log);
  g_test_add_func ("/engine-commands/log-content", test_log_content);

  return g_test_run ();
}
