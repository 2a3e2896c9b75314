/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What holds at every point of a conversation, tried at every point of it. */

#include <string.h>

#include "smtp-error.h"
#include "stages.h"

/* ---- commands --------------------------------------------------------------- */

static const struct
{
  SmtpCommand command;
  const char *argument;
  const char *stages; /* where it may be given */
} commands[] = {
  { SMTP_COMMAND_EHLO, "x.example", "ready" },
  { SMTP_COMMAND_STARTTLS, NULL, "ready" },
  { SMTP_COMMAND_MAIL, "a@b.example", "ready" },
  { SMTP_COMMAND_RCPT, "a@b.example", "mail rcpt" },
  { SMTP_COMMAND_DATA, NULL, "rcpt" },
  { SMTP_COMMAND_RSET, NULL, "ready mail rcpt" },
  { SMTP_COMMAND_NOOP, NULL, "ready mail rcpt" },
  { SMTP_COMMAND_VRFY, "a", "ready mail rcpt" },
  { SMTP_COMMAND_EXPN, "a", "ready mail rcpt" },
  { SMTP_COMMAND_HELP, NULL, "ready mail rcpt" },
  { SMTP_COMMAND_QUIT, NULL, "ready mail rcpt" },
  { SMTP_COMMAND_OTHER, "XYZ", "ready mail rcpt" },
};

static gboolean
is_among (Stage       stage,
          const char *stages)
{
  g_auto (GStrv) words = g_strsplit (stages, " ", -1);

  return g_strv_contains ((const char * const *) words, stage_name (stage));
}

static int
refusal_at (Stage stage)
{
  return stage == AT_CLOSED || stage == AT_BROKEN ? SMTP_CLIENT_ERROR_BROKEN : SMTP_CLIENT_ERROR_STATE;
}

static void
check_command (Stage  stage,
               gsize  i)
{
  g_autoptr (SmtpEngine) engine = engine_at (stage, OFFERS);
  g_autoptr (GError) error = NULL;
  SmtpEngineWant want = smtp_engine_next (engine);
  SmtpClientState state = smtp_engine_get_state (engine);
  gsize before, after;
  gboolean success;

  smtp_engine_get_output (engine, &before);
  success = smtp_engine_submit (engine, commands[i].command, commands[i].argument, NULL, &error);
  smtp_engine_get_output (engine, &after);
  if (success != is_among (stage, commands[i].stages))
    g_error ("%s: command %d is %s", stage_name (stage), commands[i].command, success ? "accepted" : error->message);
  if (success)
    {
      g_assert_cmpuint (after, >, before);
      return;
    }

  g_assert_error (error, SMTP_CLIENT_ERROR, refusal_at (stage));
  g_assert_cmpuint (after, ==, before);
  g_assert_cmpint (smtp_engine_next (engine), ==, want);
  g_assert_cmpint (smtp_engine_get_state (engine), ==, state);
}

static void
test_commands (gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    check_command (GPOINTER_TO_INT (data), i);
}

static void
test_auth (gconstpointer data)
{
  Stage stage = GPOINTER_TO_INT (data);
  g_autoptr (SmtpEngine) engine = engine_at (stage, OFFERS);
  g_autoptr (GError) error = NULL;
  gsize before, after;
  gboolean success;

  smtp_engine_get_output (engine, &before);
  success = smtp_engine_auth (engine, "LOGIN", NULL, &error);
  smtp_engine_get_output (engine, &after);
  g_assert_cmpint (success, ==, stage == AT_READY);
  if (success)
    return;
  g_assert_error (error, SMTP_CLIENT_ERROR, refusal_at (stage));
  g_assert_cmpuint (after, ==, before);
}

/* A connection is opened once. */
static void
test_open (gconstpointer data)
{
  Stage stage = GPOINTER_TO_INT (data);
  g_autoptr (SmtpEngine) engine = engine_at (stage, OFFERS);
  g_autoptr (GError) error = NULL;
  SmtpClientState state = smtp_engine_get_state (engine);

  if (smtp_engine_open (engine, SMTP_SECURITY_NONE, "me.example", &error))
    {
      g_assert_cmpint (stage, ==, AT_NEW);
      return;
    }

  g_assert_cmpint (stage, !=, AT_NEW);
  g_assert_error (error, SMTP_CLIENT_ERROR, refusal_at (stage));
  g_assert_cmpint (smtp_engine_get_state (engine), ==, state);
}

/* ---- how it may end --------------------------------------------------------- */

/* Between operations: what ends the connection there is not their error. */
static gboolean
is_between (Stage stage)
{
  return stage == AT_NEW || stage == AT_READY || stage == AT_MAIL || stage == AT_RCPT;
}

static gboolean
is_ended (Stage stage)
{
  return stage == AT_CLOSED || stage == AT_BROKEN;
}

/* What the operation had failed with before. */
static int
earlier_error (Stage stage)
{
  if (stage == AT_LEAVING)
    return SMTP_CLIENT_ERROR_AUTH_REJECTED;
  if (stage == AT_ABORT)
    return SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE;
  return -1;
}

static void
assert_broken (SmtpEngine *engine,
               const char *part)
{
  g_autoptr (GError) error = NULL;
  gsize length;

  g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_FAILED);
  g_assert_cmpint (smtp_engine_get_state (engine), ==, SMTP_CLIENT_STATE_BROKEN);
  g_assert_nonnull (smtp_engine_get_failure (engine));
  smtp_engine_get_output (engine, &length);
  g_assert_cmpuint (length, ==, 0);
  g_assert_false (smtp_engine_submit (engine, SMTP_COMMAND_NOOP, NULL, NULL, &error));
  g_assert_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” is not in “%s”", part, error->message);
}

/* The operation's error, and the connection's: @code unless there was an
 * earlier one, or no operation. */
static void
assert_ended (SmtpEngine *engine,
              Stage       stage,
              int         code,
              const char *part)
{
  if (is_between (stage) && stage != AT_NEW)
    code = -1;
  if (earlier_error (stage) >= 0)
    assert_ends (engine, earlier_error (stage), NULL);
  else
    assert_ends (engine, code, part);
  assert_broken (engine, part);
}

static void
test_lost (gconstpointer data)
{
  Stage stage = GPOINTER_TO_INT (data);
  g_autoptr (SmtpEngine) engine = engine_at (stage, OFFERS);
  SmtpClientState state = smtp_engine_get_state (engine);

  smtp_engine_fail (engine, g_error_new_literal (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_DOWNGRADE, "the wire was cut"));
  if (is_ended (stage))
    g_assert_cmpint (smtp_engine_get_state (engine), ==, state);
  else
    assert_ended (engine, stage,
                  stage == AT_VERDICT ? SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN : SMTP_CLIENT_ERROR_DOWNGRADE,
                  "the wire was cut");
}

/* The first cause stands. */
static void
test_lost_twice (gconstpointer data)
{
  Stage stage = GPOINTER_TO_INT (data);
  g_autoptr (SmtpEngine) engine = engine_at (stage, OFFERS);

  if (is_ended (stage))
    return;
  smtp_engine_fail (engine, g_error_new_literal (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_DOWNGRADE, "the first"));
  smtp_engine_fail (engine, g_error_new_literal (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_DOWNGRADE, "the second"));
  assert_broken (engine, "the first");
}

/* The end of the server's side is in order behind QUIT alone. */
static void
test_eof (gconstpointer data)
{
  Stage stage = GPOINTER_TO_INT (data);
  g_autoptr (SmtpEngine) engine = engine_at (stage, OFFERS);
  gboolean fine = stage == AT_QUIT_SENT || stage == AT_CLOSED;

  g_assert_cmpint (smtp_engine_feed_eof (engine), ==, fine);
  if (!fine)
    return;
  g_assert_cmpint (smtp_engine_get_state (engine), ==, SMTP_CLIENT_STATE_CLOSED);
  assert_ends (engine, -1, NULL);
}

/* In the middle of the server's farewell, too. */
static void
test_eof_in_reply (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_QUIT_SENT, OFFERS);

  say (engine, "221-by");
  g_assert_true (smtp_engine_feed_eof (engine));
  assert_ends (engine, -1, NULL);
}

/* 421 may come at any time. */
static void
test_421 (gconstpointer data)
{
  Stage stage = GPOINTER_TO_INT (data);
  g_autoptr (SmtpEngine) engine = engine_at (stage, OFFERS);

  say (engine, "421 good night\r\n");
  if (is_ended (stage))
    return;
  if (stage == AT_TLS)
    assert_ended (engine, stage, SMTP_CLIENT_ERROR_PROTOCOL, "tampering");
  else
    assert_ended (engine, stage, SMTP_CLIENT_ERROR_SERVICE_CLOSED, "good night");
}

/* What is no SMTP ends it at any time. */
static void
test_garbage (gconstpointer data)
{
  static const char * const garbage[] = {
    "hello\r\n", "150 wait\r\n", "650 what\r\n", "\r\n", "250-a\r\n550 b\r\n", "250\tok\r\n",
  };
  Stage stage = GPOINTER_TO_INT (data);

  for (gsize i = 0; i < G_N_ELEMENTS (garbage); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (stage, OFFERS);
      gboolean unknown = stage == AT_VERDICT;

      say (engine, garbage[i]);
      if (!is_ended (stage))
        assert_ended (engine, stage, unknown ? SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN : SMTP_CLIENT_ERROR_PROTOCOL, ":");
    }
}

/* A reply that nobody waits for is never taken for another. */
static void
test_unasked (gconstpointer data)
{
  static const char * const replies[] = { "250 ok\r\n", "235 ok\r\n", "354 go\r\n", "334 eA==\r\n", "550 no\r\n" };
  Stage stage = GPOINTER_TO_INT (data);

  for (gsize i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (stage, OFFERS);
      gboolean refusal = (stage == AT_BODY || stage == AT_DOT_QUEUED) && *replies[i] == '5';

      if (smtp_engine_next (engine) == SMTP_ENGINE_READ || is_ended (stage))
        continue;
      say (engine, replies[i]);
      assert_ended (engine, stage, refusal ? SMTP_CLIENT_ERROR_REFUSED_PERMANENT : SMTP_CLIENT_ERROR_PROTOCOL,
                    "mail.example");
      g_assert_false (smtp_engine_is_authenticated (engine));
    }
}

/* 3yz where nothing is to follow. */
static void
test_3yz (gconstpointer data)
{
  Stage stage = GPOINTER_TO_INT (data);
  g_autoptr (SmtpEngine) engine = engine_at (stage, OFFERS);
  int code = SMTP_CLIENT_ERROR_PROTOCOL;

  if (smtp_engine_next (engine) != SMTP_ENGINE_READ)
    return;

  say (engine, "399 go on\r\n");
  if (stage == AT_DATA_SENT || stage == AT_QUIT_SENT)
    {
      assert_ends (engine, -1, NULL);
      return;
    }
  if (stage == AT_VERDICT)
    code = SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN;
  else if (stage == AT_STARTTLS)
    code = SMTP_CLIENT_ERROR_TLS_REQUIRED;
  assert_ended (engine, stage, code, "399 go on");
}

/* Half a reply is no reply. */
static void
test_half_reply (gconstpointer data)
{
  Stage stage = GPOINTER_TO_INT (data);
  g_autoptr (SmtpEngine) engine = engine_at (stage, OFFERS);
  SmtpEngineWant want = smtp_engine_next (engine);
  SmtpClientState state = smtp_engine_get_state (engine);
  guint progress = smtp_engine_get_progress (engine);
  guint count = smtp_engine_get_reply_count (engine);

  if (stage == AT_TLS)
    return;
  say (engine, "250-half\r\n250 a");
  g_assert_cmpint (smtp_engine_next (engine), ==, want);
  g_assert_cmpint (smtp_engine_get_state (engine), ==, state);
  g_assert_cmpuint (smtp_engine_get_progress (engine), ==, progress);
  g_assert_cmpuint (smtp_engine_get_reply_count (engine), ==, count);
}

/* The program closes: nothing more is sent, taken or said. */
static void
test_close (gconstpointer data)
{
  Stage stage = GPOINTER_TO_INT (data);
  g_autoptr (SmtpEngine) engine = engine_at (stage, OFFERS);
  g_autoptr (GError) error = NULL;

  smtp_engine_close (engine);
  if (stage == AT_BROKEN)
    {
      assert_broken (engine, "421 gone");
      return;
    }

  g_assert_cmpint (smtp_engine_get_state (engine), ==, SMTP_CLIENT_STATE_CLOSED);
  g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_IDLE);
  smtp_engine_close (engine);
  say (engine, "250 ok\r\n421 bye\r\nhello\r\n");
  g_assert_cmpint (smtp_engine_get_state (engine), ==, SMTP_CLIENT_STATE_CLOSED);
  g_assert_false (smtp_engine_check_usable (engine, &error));
  g_assert_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_BROKEN);
}

/* ---- the outcome ------------------------------------------------------------ */

/* At each octet of the end of the content: only behind the last is the
 * outcome unknown. */
static void
test_outcome (void)
{
  const gsize end = strlen ("\r\n.\r\n");

  for (gsize written = 0; written <= end; written++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_DOT_QUEUED, OFFERS);

      for (gsize n = 0; n < written; n++)
        {
          g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_WRITE);
          smtp_engine_wrote (engine, 1);
        }
      g_assert_cmpint (smtp_engine_next (engine), ==, written < end ? SMTP_ENGINE_WRITE : SMTP_ENGINE_READ);
      smtp_engine_fail (engine, g_error_new_literal (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_DOWNGRADE, "cut"));
      assert_ends (engine, written < end ? SMTP_CLIENT_ERROR_DOWNGRADE : SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN, "cut");
    }
}

/* A verdict counts from the last octet on, too. */
static void
test_verdict_counts (void)
{
  static const struct
  {
    const char *reply;
    gboolean    written;
    int         code;
  } verdicts[] = {
    { "250 ok\r\n", TRUE, -1 },
    { "250 ok\r\n", FALSE, SMTP_CLIENT_ERROR_PROTOCOL },
    { "452 full\r\n", TRUE, SMTP_CLIENT_ERROR_REFUSED_TEMPORARY },
    { "452 full\r\n", FALSE, SMTP_CLIENT_ERROR_REFUSED_TEMPORARY },
    { "554 spam\r\n", TRUE, SMTP_CLIENT_ERROR_REFUSED_PERMANENT },
    { "554 spam\r\n", FALSE, SMTP_CLIENT_ERROR_REFUSED_PERMANENT },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (verdicts); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_DOT_QUEUED, OFFERS);

      smtp_engine_wrote (engine, verdicts[i].written ? 5 : 4);
      say (engine, verdicts[i].reply);
      assert_ends (engine, verdicts[i].code, NULL);
      g_assert_cmpint (smtp_engine_get_state (engine), ==,
                       verdicts[i].written ? SMTP_CLIENT_STATE_READY : SMTP_CLIENT_STATE_BROKEN);
    }
}

/* ---- time ------------------------------------------------------------------- */

static void
test_phases (void)
{
  static const struct
  {
    Stage     stage;
    SmtpPhase phase;
  } phases[] = {
    { AT_GREETING, SMTP_PHASE_ORDINARY }, { AT_EHLO, SMTP_PHASE_ORDINARY }, { AT_AUTH, SMTP_PHASE_ORDINARY },
    { AT_MAIL_SENT, SMTP_PHASE_ORDINARY }, { AT_RCPT_SENT, SMTP_PHASE_ORDINARY }, { AT_DATA_SENT, SMTP_PHASE_DATA },
    { AT_DOT_QUEUED, SMTP_PHASE_BLOCK }, { AT_VERDICT, SMTP_PHASE_VERDICT }, { AT_QUIT_SENT, SMTP_PHASE_FAREWELL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (phases); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (phases[i].stage, OFFERS);

      g_assert_cmpint (smtp_engine_get_phase (engine), ==, phases[i].phase);
    }
}

/* Writing a command does not move its deadline, writing content does. */
static void
test_progress_of_writing (void)
{
  g_autoptr (SmtpEngine) ready = engine_at (AT_READY, OFFERS);
  g_autoptr (SmtpEngine) dot = engine_at (AT_DOT_QUEUED, OFFERS);
  guint before;

  submit (ready, SMTP_COMMAND_NOOP, NULL);
  before = smtp_engine_get_progress (ready);
  smtp_engine_wrote (ready, 1);
  g_assert_cmpuint (smtp_engine_get_progress (ready), ==, before);
  smtp_engine_wrote (ready, 0);
  g_assert_cmpuint (smtp_engine_get_progress (ready), ==, before);

  before = smtp_engine_get_progress (dot);
  smtp_engine_wrote (dot, 1);
  g_assert_cmpuint (smtp_engine_get_progress (dot), !=, before);
  before = smtp_engine_get_progress (dot);
  smtp_engine_wrote (dot, 0);
  g_assert_cmpuint (smtp_engine_get_progress (dot), ==, before);
}

static void
add_at_stages (const char    *name,
               GTestDataFunc  func)
{
  for (int i = 0; i < N_STAGES; i++)
    {
      g_autofree char *path = g_strdup_printf ("/engine-stages/%s/%s", name, stage_name (i));

      g_test_add_data_func (path, GINT_TO_POINTER (i), func);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_at_stages ("commands", test_commands);
  add_at_stages ("auth", test_auth);
  add_at_stages ("open", test_open);
  add_at_stages ("lost", test_lost);
  add_at_stages ("lost-twice", test_lost_twice);
  add_at_stages ("eof", test_eof);
  add_at_stages ("421", test_421);
  add_at_stages ("garbage", test_garbage);
  add_at_stages ("unasked", test_unasked);
  add_at_stages ("3yz", test_3yz);
  add_at_stages ("half-reply", test_half_reply);
  add_at_stages ("close", test_close);
  g_test_add_func ("/engine-stages/eof-in-reply", test_eof_in_reply);
  g_test_add_func ("/engine-stages/outcome", test_outcome);
  g_test_add_func ("/engine-stages/verdict-counts", test_verdict_counts);
  g_test_add_func ("/engine-stages/phases", test_phases);
  g_test_add_func ("/engine-stages/progress-of-writing", test_progress_of_writing);

  return g_test_run ();
}
