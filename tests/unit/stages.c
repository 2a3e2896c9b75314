/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "stages.h"

#include <string.h>

#include "smtp-error.h"

static const char * const names[N_STAGES] = {
  "new", "greeting", "ehlo", "starttls", "tls", "ready", "auth", "challenge", "response", "confirm",
  "abort", "leaving", "mail-sent", "mail", "rcpt-sent", "rcpt", "data-sent", "body", "dot-queued",
  "verdict", "noop-sent", "quit-sent", "closed", "broken",
};

const char *
stage_name (Stage stage)
{
  return names[stage];
}

/* The server says. */
void
say (SmtpEngine *engine,
     const char *text)
{
  smtp_engine_feed (engine, text, strlen (text));
}

/* The server says a line of this length, CRLF included. */
void
say_long (SmtpEngine *engine,
          const char *head,
          gsize       length)
{
  g_autofree char *filling = g_strnfill (length - strlen (head) - 2, 'A');
  g_autofree char *line = g_strconcat (head, filling, "\r\n", NULL);

  say (engine, line);
}

/* Writes all that is queued. */
char *
take_output (SmtpEngine *engine)
{
  GString *sent = g_string_new (NULL);

  while (smtp_engine_next (engine) == SMTP_ENGINE_WRITE)
    {
      gsize length;
      const guint8 *output = smtp_engine_get_output (engine, &length);

      g_string_append_len (sent, (const char *) output, length);
      smtp_engine_wrote (engine, length);
    }

  return g_string_free (sent, FALSE);
}

void
assert_sends (SmtpEngine *engine,
              const char *expected)
{
  g_autofree char *sent = take_output (engine);

  g_assert_cmpstr (sent, ==, expected);
}

void
submit (SmtpEngine *engine,
        SmtpCommand command,
        const char *argument)
{
  g_autoptr (GError) error = NULL;

  smtp_engine_submit (engine, command, argument, NULL, &error);
  g_assert_no_error (error);
}

/* The operation is over; code -1: with success. */
void
assert_ends (SmtpEngine *engine,
             int         code,
             const char *part)
{
  g_autoptr (GError) error = NULL;
  SmtpEngineWant want = smtp_engine_next (engine);
  gboolean success = smtp_engine_finish (engine, &error);

  g_assert_true (want == SMTP_ENGINE_IDLE || want == SMTP_ENGINE_FAILED || want == SMTP_ENGINE_BODY);
  if (code < 0)
    {
      g_assert_no_error (error);
      g_assert_true (success);
      return;
    }

  g_assert_error (error, SMTP_CLIENT_ERROR, code);
  g_assert_false (success);
  if (part != NULL && strstr (error->message, part) == NULL)
    g_error ("“%s” is not in “%s”", part, error->message);
}

static void
say_offers (SmtpEngine *engine,
            const char *offers)
{
  g_auto (GStrv) lines = g_strsplit (offers, "|", -1);
  g_autoptr (GString) reply = g_string_new ("250-server\r\n");

  for (guint i = 0; lines[i] != NULL; i++)
    g_string_append_printf (reply, "250%c%s\r\n", lines[i + 1] != NULL ? '-' : ' ', lines[i]);
  if (lines[0] == NULL)
    g_string_append (reply, "250 \r\n");
  say (engine, reply->str);
}

static void
go_to_opening (SmtpEngine *engine,
               Stage       stage,
               const char *offers)
{
  gboolean tls = stage == AT_STARTTLS || stage == AT_TLS;

  g_assert_true (smtp_engine_open (engine, tls ? SMTP_SECURITY_STARTTLS : SMTP_SECURITY_NONE,
                                   "me.example", NULL));
  if (stage == AT_GREETING)
    return;
  say (engine, "220 hi\r\n");
  assert_sends (engine, "EHLO me.example\r\n");
  if (stage == AT_EHLO)
    return;
  say_offers (engine, offers);
  if (!tls)
    {
      assert_ends (engine, -1, NULL);
      return;
    }
  assert_sends (engine, "STARTTLS\r\n");
  if (stage == AT_TLS)
    say (engine, "220 go\r\n");
}

static void
go_to_auth (SmtpEngine *engine,
            Stage       stage)
{
  g_autoptr (GBytes) response = g_bytes_new_static ("sesame", 6);

  g_assert_true (smtp_engine_auth (engine, "LOGIN", NULL, NULL));
  assert_sends (engine, "AUTH LOGIN\r\n");
  if (stage == AT_AUTH)
    return;
  if (stage == AT_LEAVING)
    {
      say (engine, "535 no\r\n");
      return;
    }
  say (engine, "334 UGFzc3dvcmQ6\r\n");
  if (stage == AT_CHALLENGE)
    return;
  if (stage == AT_ABORT)
    {
      smtp_engine_auth_abort (engine, g_error_new_literal (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                                                           "given up"));
      assert_sends (engine, "*\r\n");
      return;
    }
  smtp_engine_auth_respond (engine, response);
  assert_sends (engine, "c2VzYW1l\r\n");
  if (stage == AT_CONFIRM)
    say (engine, "235 ok\r\n");
}

/* Sends a command and stops there, or takes the reply, too. */
static gboolean
exchange (SmtpEngine *engine,
          SmtpCommand command,
          const char *argument,
          gboolean    stop,
          const char *reply)
{
  submit (engine, command, argument);
  g_free (take_output (engine));
  if (stop)
    return TRUE;
  say (engine, reply);
  assert_ends (engine, -1, NULL);
  return FALSE;
}

static void
go_to_message (SmtpEngine *engine,
               Stage       stage)
{
  if (exchange (engine, SMTP_COMMAND_MAIL, "a@b.example", stage == AT_MAIL_SENT, "250 ok\r\n") || stage == AT_MAIL)
    return;
  if (exchange (engine, SMTP_COMMAND_RCPT, "c@d.example", stage == AT_RCPT_SENT, "250 ok\r\n") || stage == AT_RCPT)
    return;
  if (exchange (engine, SMTP_COMMAND_DATA, NULL, stage == AT_DATA_SENT, "354 go\r\n"))
    return;
  g_assert_cmpuint (smtp_engine_body (engine, "abc", 3), ==, 3);
  smtp_engine_flush_body (engine);
  assert_sends (engine, "abc");
  if (stage == AT_BODY)
    return;
  smtp_engine_end_body (engine);
  if (stage == AT_VERDICT)
    assert_sends (engine, "\r\n.\r\n");
}

static void
go_to_end (SmtpEngine *engine,
           Stage       stage)
{
  if (stage == AT_BROKEN)
    {
      say (engine, "421 gone\r\n");
      return;
    }

  if (exchange (engine, stage == AT_NOOP_SENT ? SMTP_COMMAND_NOOP : SMTP_COMMAND_QUIT, NULL,
                stage != AT_CLOSED, "221 bye\r\n"))
    return;
}

SmtpEngine *
engine_at (Stage       stage,
           const char *offers)
{
  SmtpEngine *engine = smtp_engine_new ("mail.example");

  if (stage == AT_NEW)
    return engine;

  go_to_opening (engine, stage, offers);
  if (stage >= AT_AUTH && stage <= AT_LEAVING)
    go_to_auth (engine, stage);
  else if (stage >= AT_MAIL_SENT && stage <= AT_VERDICT)
    go_to_message (engine, stage);
  else if (stage >= AT_NOOP_SENT)
    go_to_end (engine, stage);
  return engine;
}
