/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* AUTH, and the ways into TLS and HELO, by tables of replies. */

#include <string.h>

#include "smtp-error.h"
#include "stages.h"

/* ---- EHLO and HELO ---------------------------------------------------------- */

/* HELO is for servers that know no EHLO, and for the first one alone. */
static void
test_helo (void)
{
  for (guint code = 400; code < 600; code++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_EHLO, OFFERS);
      g_autofree char *reply = g_strdup_printf ("%u no\r\n", code);
      gboolean fallback = (code >= 500 && code <= 504) || code == 550;

      say (engine, reply);
      if (!fallback)
        {
          assert_ends (engine, code == 421 ? SMTP_CLIENT_ERROR_SERVICE_CLOSED
                               : code < 500 ? SMTP_CLIENT_ERROR_REFUSED_TEMPORARY
                                            : SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "no");
          g_assert_cmpint (smtp_engine_get_state (engine), ==, SMTP_CLIENT_STATE_BROKEN);
          continue;
        }

      assert_sends (engine, "HELO me.example\r\n");
      say (engine, "250-server\r\n250 SIZE\r\n");
      assert_ends (engine, -1, NULL);
      g_assert_null (smtp_capability_set_lookup (smtp_engine_get_capabilities (engine), "SIZE"));
    }
}

/* Over TLS there was an EHLO already. */
static void
test_no_helo_over_tls (void)
{
  for (guint code = 500; code < 560; code++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_TLS, OFFERS);
      g_autofree char *reply = g_strdup_printf ("%u no\r\n", code);

      smtp_engine_tls_done (engine);
      g_assert_null (smtp_capability_set_lookup (smtp_engine_get_capabilities (engine), "AUTH"));
      assert_sends (engine, "EHLO me.example\r\n");
      say (engine, reply);
      assert_ends (engine, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "no");
      g_assert_cmpint (smtp_engine_get_state (engine), ==, SMTP_CLIENT_STATE_BROKEN);
    }
}

static void
test_greetings (void)
{
  static const struct
  {
    const char *greeting;
    int         code;
  } greetings[] = {
    { "220 hi\r\n", -1 }, { "220\r\n", -1 }, { "250 hi\r\n", -1 },
    { "354 hi\r\n", SMTP_CLIENT_ERROR_PROTOCOL }, { "120 wait\r\n", SMTP_CLIENT_ERROR_PROTOCOL },
    { "421 busy\r\n", SMTP_CLIENT_ERROR_SERVICE_CLOSED }, { "450 busy\r\n", SMTP_CLIENT_ERROR_REFUSED_TEMPORARY },
    { "521 no\r\n", SMTP_CLIENT_ERROR_REFUSED_PERMANENT }, { "554 no\r\n", SMTP_CLIENT_ERROR_REFUSED_PERMANENT },
    { "* OK IMAP4rev1\r\n", SMTP_CLIENT_ERROR_PROTOCOL }, { "+OK POP3\r\n", SMTP_CLIENT_ERROR_PROTOCOL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (greetings); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_GREETING, OFFERS);

      say (engine, greetings[i].greeting);
      if (greetings[i].code < 0)
        assert_sends (engine, "EHLO me.example\r\n");
      else
        assert_ends (engine, greetings[i].code, "mail.example");
    }
}

/* ---- TLS -------------------------------------------------------------------- */

/* What each kind of security makes of an offer of STARTTLS. */
static void
test_security (void)
{
  static const struct
  {
    SmtpSecurity security;
    gboolean     secured; /* by the caller's own stream */
    const char  *ehlo;
    gboolean     starttls;
    int          code;
  } cases[] = {
    { SMTP_SECURITY_NONE, FALSE, "250-s\r\n250 STARTTLS\r\n", FALSE, -1 },
    { SMTP_SECURITY_OPPORTUNISTIC, FALSE, "250-s\r\n250 STARTTLS\r\n", TRUE, -1 },
    { SMTP_SECURITY_OPPORTUNISTIC, FALSE, "250 s\r\n", FALSE, -1 },
    { SMTP_SECURITY_STARTTLS, FALSE, "250-s\r\n250 starttls\r\n", TRUE, -1 },
    { SMTP_SECURITY_STARTTLS, FALSE, "250 STARTTLS\r\n", FALSE, SMTP_CLIENT_ERROR_TLS_REQUIRED },
    { SMTP_SECURITY_STARTTLS, FALSE, "250-s\r\n250 XSTARTTLS\r\n", FALSE, SMTP_CLIENT_ERROR_TLS_REQUIRED },
    { SMTP_SECURITY_STARTTLS, TRUE, "250-s\r\n250 STARTTLS\r\n", FALSE, -1 },
    { SMTP_SECURITY_OPPORTUNISTIC, TRUE, "250-s\r\n250 STARTTLS\r\n", FALSE, -1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SmtpEngine) engine = smtp_engine_new ("mail.example");

      if (cases[i].secured)
        smtp_engine_set_tls (engine);
      g_assert_true (smtp_engine_open (engine, cases[i].security, "x", NULL));
      say (engine, "220 hi\r\n");
      assert_sends (engine, "EHLO x\r\n");
      say (engine, cases[i].ehlo);
      if (cases[i].starttls)
        assert_sends (engine, "STARTTLS\r\n");
      else
        assert_ends (engine, cases[i].code, NULL);
    }
}

/* TLS was wanted and offered: no refusal leads on in clear text. */
static void
test_starttls_refused (void)
{
  static const char * const replies[] = { "454 no\r\n", "500 no\r\n", "501 no\r\n", "502 no\r\n", "503 no\r\n", "554 no\r\n", "354 no\r\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_STARTTLS, OFFERS);

      say (engine, replies[i]);
      assert_ends (engine, SMTP_CLIENT_ERROR_TLS_REQUIRED, "no");
      g_assert_cmpint (smtp_engine_get_state (engine), ==, SMTP_CLIENT_STATE_BROKEN);
    }
}

/* Nothing of what an attacker adds around STARTTLS is read over TLS. */
static void
test_injection (void)
{
  static const char * const octets[] = {
    "2", "\r\n", "250 evil\r\n", "220 go\r\n", "\026\003\001", "\377", "421 bye\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (octets); i++)
    {
      g_autoptr (SmtpEngine) at_once = engine_at (AT_STARTTLS, OFFERS);
      g_autoptr (SmtpEngine) later = engine_at (AT_TLS, OFFERS);
      g_autofree char *reply = g_strconcat ("220 go\r\n", octets[i], NULL);

      say (at_once, reply);
      assert_ends (at_once, SMTP_CLIENT_ERROR_PROTOCOL, "tampering");
      say (later, octets[i]);
      assert_ends (later, SMTP_CLIENT_ERROR_PROTOCOL, "tampering");
    }
}

/* The reply to STARTTLS before STARTTLS was written. */
static void
test_starttls_answered_early (void)
{
  g_autoptr (SmtpEngine) engine = smtp_engine_new ("mail.example");

  g_assert_true (smtp_engine_open (engine, SMTP_SECURITY_STARTTLS, "x", NULL));
  say (engine, "220 hi\r\n");
  assert_sends (engine, "EHLO x\r\n");
  say (engine, "250-s\r\n250 STARTTLS\r\n220 go\r\n");
  assert_ends (engine, SMTP_CLIENT_ERROR_PROTOCOL, "nobody asked for");
}

/* ---- AUTH ------------------------------------------------------------------- */

static const struct
{
  const char *reply;
  int         code;
} refusals[] = {
  { "454 4.7.0 later\r\n", SMTP_CLIENT_ERROR_AUTH_TEMPORARY },
  { "432 4.7.12 change it\r\n", SMTP_CLIENT_ERROR_AUTH_TEMPORARY },
  { "450 x\r\n", SMTP_CLIENT_ERROR_AUTH_TEMPORARY },
  { "500 5.5.6 too long\r\n", SMTP_CLIENT_ERROR_AUTH_REJECTED },
  { "501 x\r\n", SMTP_CLIENT_ERROR_AUTH_REJECTED },
  { "504 5.5.4 what\r\n", SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE },
  { "530 5.7.0 x\r\n", SMTP_CLIENT_ERROR_AUTH_REJECTED },
  { "534 5.7.9 too weak\r\n", SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE },
  { "535 5.7.8 no\r\n", SMTP_CLIENT_ERROR_AUTH_REJECTED },
  { "538 5.7.11 encrypt\r\n", SMTP_CLIENT_ERROR_TLS_REQUIRED },
  { "554 x\r\n", SMTP_CLIENT_ERROR_AUTH_REJECTED },
  { "571 x\r\n", SMTP_CLIENT_ERROR_AUTH_REJECTED },
};

/* The mechanism is asked, and leaves it at that. */
static void
give_up (SmtpEngine *engine)
{
  assert_sends (engine, "");
  g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_AUTH);
  g_assert_nonnull (smtp_engine_get_auth_refusal (engine));
  smtp_engine_auth_give_up (engine);
}

static void
check_refusal (Stage    stage,
               gsize    i,
               gboolean stay)
{
  g_autoptr (SmtpEngine) engine = engine_at (stage, OFFERS);
  g_autofree char *quoted = g_strndup (refusals[i].reply, strlen (refusals[i].reply) - 2);

  smtp_engine_set_stay_open (engine, stay);
  say (engine, refusals[i].reply);
  give_up (engine);
  assert_sends (engine, stay ? "" : "QUIT\r\n");
  assert_ends (engine, refusals[i].code, quoted);
  g_assert_false (smtp_engine_is_authenticated (engine));
  g_assert_cmpint (smtp_engine_get_state (engine), ==, stay ? SMTP_CLIENT_STATE_READY : SMTP_CLIENT_STATE_CLOSED);
  g_assert_cmpint (smtp_engine_check_auth (engine, NULL, NULL), ==, stay);
}

static void
test_refusals (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      check_refusal (AT_AUTH, i, FALSE);
      check_refusal (AT_AUTH, i, TRUE);
      check_refusal (AT_RESPONSE, i, FALSE);
      check_refusal (AT_RESPONSE, i, TRUE);
    }
}

/* The mechanism does not begin at all. */
static void
test_refuse (void)
{
  for (int stay = FALSE; stay <= TRUE; stay++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_READY, OFFERS);

      smtp_engine_set_stay_open (engine, stay);
      smtp_engine_auth_refuse (engine, g_error_new_literal (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_DOWNGRADE, "not here"));
      assert_sends (engine, stay ? "" : "QUIT\r\n");
      assert_ends (engine, SMTP_CLIENT_ERROR_DOWNGRADE, "not here");
    }
}

static void
test_check_auth (void)
{
  static const struct
  {
    const char *offers;
    const char *mechanism;
    int         code;
  } checks[] = {
    { "AUTH PLAIN", "PLAIN", -1 }, { "auth plain", "PLAIN", -1 }, { "AUTH=PLAIN", "PLAIN", -1 },
    { "AUTH PLAIN", NULL, -1 }, { "AUTH", NULL, -1 },
    { "SIZE", NULL, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE }, { "SIZE", "PLAIN", SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE },
    { "AUTH LOGIN", "PLAIN", SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE }, { "AUTH", "PLAIN", SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE },
    { "AUTH PLAIN", "plain", SMTP_CLIENT_ERROR_INVALID_ARGUMENT }, { "AUTH PLAIN", "", SMTP_CLIENT_ERROR_INVALID_ARGUMENT },
    { "AUTH PLAIN", "PLAIN\r\nQUIT", SMTP_CLIENT_ERROR_INVALID_ARGUMENT },
    { "AUTH PLAIN", "PLAIN =", SMTP_CLIENT_ERROR_INVALID_ARGUMENT },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_READY, checks[i].offers);
      g_autoptr (GError) error = NULL;
      gboolean success = smtp_engine_check_auth (engine, checks[i].mechanism, &error);

      g_assert_cmpint (success, ==, checks[i].code < 0);
      if (!success)
        g_assert_error (error, SMTP_CLIENT_ERROR, checks[i].code);
      if (checks[i].mechanism == NULL || success)
        continue;
      g_assert_false (smtp_engine_auth (engine, checks[i].mechanism, NULL, NULL));
      assert_sends (engine, "");
    }
}

/* Not twice, and what was said before is kept over a second refused EHLO. */
static void
test_authenticated (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_CONFIRM, OFFERS);
  g_autoptr (GError) error = NULL;

  g_assert_false (smtp_engine_is_authenticated (engine));
  smtp_engine_auth_confirm (engine);
  assert_sends (engine, "EHLO me.example\r\n");
  say (engine, "503 said already\r\n");
  assert_ends (engine, -1, NULL);
  g_assert_true (smtp_engine_is_authenticated (engine));
  g_assert_false (smtp_engine_check_auth (engine, NULL, &error));
  g_assert_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE);
  g_assert_false (smtp_engine_submit (engine, SMTP_COMMAND_EHLO, "x", NULL, NULL));
  g_assert_false (smtp_engine_submit (engine, SMTP_COMMAND_STARTTLS, NULL, NULL, NULL));
  submit (engine, SMTP_COMMAND_MAIL, "a@b");
}

static void
test_challenges (void)
{
  static const struct
  {
    const char *line;
    const char *challenge; /* NULL: aborted */
  } challenges[] = {
    { "334 VXNlcm5hbWU6\r\n", "Username:" },
    { "334 \r\n", "" }, { "334\r\n", "" }, { "334 YQ==  \r\n", "a" }, { "334 YWI=\r\n", "ab" },
    { "334 YQ\r\n", NULL }, { "334 YQ=\r\n", NULL }, { "334 Y Q==\r\n", NULL }, { "334 =\r\n", NULL },
    { "334 Username:\r\n", NULL }, { "334 YR==\r\n", NULL }, { "334 \377\r\n", NULL },
    { "334-YWJj\r\n334 YWJj\r\n", NULL },
    /* it repeats the "sesame" that was sent, in base64 and in clear */
    { "334 c2VzYW1l\r\n", "sesame" }, { "334 sesamesesame\r\n", "\261\353\032\231\353\036\261\251\236" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (challenges); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_RESPONSE, OFFERS);
      gboolean more = FALSE;
      GBytes *challenge;

      say (engine, challenges[i].line);
      if (challenges[i].challenge == NULL)
        {
          assert_sends (engine, "*\r\n");
          say (engine, "501 ok\r\n");
          give_up (engine);
          assert_sends (engine, "QUIT\r\n");
          assert_ends (engine, SMTP_CLIENT_ERROR_PROTOCOL, "base64");
          continue;
        }

      g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_AUTH);
      challenge = smtp_engine_get_challenge (engine, &more);
      g_assert_true (more);
      g_assert_cmpmem (g_bytes_get_data (challenge, NULL), g_bytes_get_size (challenge),
                       challenges[i].challenge, strlen (challenges[i].challenge));
    }
}

/* RFC 4954 §4: lines of AUTH may be long, others not. */
static void
test_long_lines (void)
{
  static const struct
  {
    gsize    length; /* of the line, CRLF included, its base64 a multiple of four */
    gboolean fits;
  } lines[] = {
    { 6 + 2048, TRUE }, { 6 + 16376, TRUE }, { 6 + 16380, FALSE }, { 6 + 40000, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_AUTH, OFFERS);

      say_long (engine, "334 ", lines[i].length);
      if (lines[i].fits)
        g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_AUTH);
      else
        assert_ends (engine, SMTP_CLIENT_ERROR_PROTOCOL, "more than 16384");
    }
}

static void
test_long_line_outside (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_NOOP_SENT, OFFERS);

  say_long (engine, "250 ", 2049);
  assert_ends (engine, SMTP_CLIENT_ERROR_PROTOCOL, "more than 2048");
}

/* The server answers "*" with anything but a refusal. */
static void
test_abort_answered (void)
{
  static const struct
  {
    const char     *reply;
    const char     *sent;
    SmtpClientState state;
  } answers[] = {
    { "501 ok\r\n", "QUIT\r\n", SMTP_CLIENT_STATE_CLOSED },
    { "535 no\r\n", "QUIT\r\n", SMTP_CLIENT_STATE_CLOSED },
    { "454 no\r\n", "QUIT\r\n", SMTP_CLIENT_STATE_CLOSED },
    { "235 welcome\r\n", "", SMTP_CLIENT_STATE_BROKEN },
    { "250 ok\r\n", "", SMTP_CLIENT_STATE_BROKEN },
    { "334 eA==\r\n", "", SMTP_CLIENT_STATE_BROKEN },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_ABORT, OFFERS);

      say (engine, answers[i].reply);
      if (answers[i].state == SMTP_CLIENT_STATE_CLOSED)
        give_up (engine);
      assert_sends (engine, answers[i].sent);
      assert_ends (engine, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "given up");
      g_assert_cmpint (smtp_engine_get_state (engine), ==, answers[i].state);
      g_assert_false (smtp_engine_is_authenticated (engine));
    }
}

/* ---- secrets ---------------------------------------------------------------- */

static void
assert_hidden (const char *text)
{
  if (strstr (text, "sesame") != NULL || strstr (text, "c2VzYW1l") != NULL || strstr (text, "AGpvZQBzZXNhbWU=") != NULL)
    g_error ("“%s” shows a secret", text);
}

static void
assert_log_hides (SmtpEngine *engine)
{
  g_autoptr (GPtrArray) log = smtp_engine_take_log (engine);

  g_assert_nonnull (log);
  for (guint i = 0; i < log->len; i++)
    assert_hidden (((const SmtpLogLine *) g_ptr_array_index (log, i))->text);
}

/* Whatever the server makes of what was sent, it comes out masked. */
static void
check_echo (SmtpEngine *engine,
            const char *echo,
            const char *sent)
{
  g_auto (GStrv) parts = g_strsplit (echo, "<sent>", -1);
  g_autofree char *reply_text = g_strjoinv (sent, parts);
  g_autoptr (GError) error = NULL;
  const SmtpReplyData *reply;
  gboolean more;
  GBytes *challenge;

  say (engine, reply_text);
  if (smtp_engine_get_auth_refusal (engine) != NULL)
    assert_hidden (smtp_engine_get_auth_refusal (engine)->message);
  else if (smtp_engine_next (engine) == SMTP_ENGINE_AUTH)
    {
      challenge = smtp_engine_get_challenge (engine, &more);
      if (!more)
        g_assert_null (g_strstr_len (g_bytes_get_data (challenge, NULL), g_bytes_get_size (challenge), "sesame"));
    }
  reply = smtp_engine_get_reply (engine);
  if (reply != NULL)
    assert_hidden (reply->text->str);
  if (!smtp_engine_finish (engine, &error))
    assert_hidden (error->message);
  if (smtp_engine_get_failure (engine) != NULL)
    assert_hidden (smtp_engine_get_failure (engine)->message);
  assert_log_hides (engine);
}

/* <sent> stands for the response as it went onto the wire. */
static const char * const echoes[] = {
  "235 hello sesame\r\n", "250 sesame <sent>\r\n", "334 <sent>\r\n", "334 sesame\r\n",
  "354 sesame\r\n", "421 sesame\r\n", "454 sesame\r\n", "535 <sent>\r\n", "535-joe\r\n535-sesame\r\n535 <sent>\r\n",
  "535 5.7.8 bad password: sesamesesame\r\n", "sesame\r\n", "535-sesame\r\nsesame\r\n", "535-a\r\n550 sesame\r\n",
  "<sent> what?\r\n", "500 AUTH PLAIN <sent>\r\n",
  "235 ok\r\n535 sesame\r\n", "235 ok\r\nsesame\r\n", "535 no\r\n535 sesame\r\n", "535 no\r\nsesame\r\n",
};

static void
test_echo_response (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (echoes); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_CHALLENGE, OFFERS);
      g_autoptr (GBytes) response = g_bytes_new_static ("sesame", 6);

      smtp_engine_set_log (engine, TRUE);
      smtp_engine_auth_respond (engine, response);
      assert_sends (engine, "c2VzYW1l\r\n");
      check_echo (engine, echoes[i], "c2VzYW1l");
    }
}

static void
test_echo_initial_response (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (echoes); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_READY, "AUTH PLAIN");
      g_autoptr (GBytes) response = g_bytes_new_static ("\0joe\0sesame", 11);

      smtp_engine_set_log (engine, TRUE);
      g_assert_true (smtp_engine_auth (engine, "PLAIN", response, NULL));
      assert_sends (engine, "AUTH PLAIN AGpvZQBzZXNhbWU=\r\n");
      check_echo (engine, echoes[i], "AGpvZQBzZXNhbWU=");
    }
}

/* Behind "*" as well. */
static void
test_echo_abort (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (echoes); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_RESPONSE, OFFERS);

      smtp_engine_set_log (engine, TRUE);
      say (engine, "334 \r\n");
      smtp_engine_auth_abort (engine, g_error_new_literal (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "x"));
      assert_sends (engine, "*\r\n");
      check_echo (engine, echoes[i], "c2VzYW1l");
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/engine-auth/helo", test_helo);
  g_test_add_func ("/engine-auth/no-helo-over-tls", test_no_helo_over_tls);
  g_test_add_func ("/engine-auth/greetings", test_greetings);
  g_test_add_func ("/engine-auth/security", test_security);
  g_test_add_func ("/engine-auth/starttls-refused", test_starttls_refused);
  g_test_add_func ("/engine-auth/injection", test_injection);
  g_test_add_func ("/engine-auth/starttls-answered-early", test_starttls_answered_early);
  g_test_add_func ("/engine-auth/refusals", test_refusals);
  g_test_add_func ("/engine-auth/refuse", test_refuse);
  g_test_add_func ("/engine-auth/check", test_check_auth);
  g_test_add_func ("/engine-auth/authenticated", test_authenticated);
  g_test_add_func ("/engine-auth/challenges", test_challenges);
  g_test_add_func ("/engine-auth/long-lines", test_long_lines);
  g_test_add_func ("/engine-auth/long-line-outside", test_long_line_outside);
  g_test_add_func ("/engine-auth/abort-answered", test_abort_answered);
  g_test_add_func ("/engine-auth/echo/response", test_echo_response);
  g_test_add_func ("/engine-auth/echo/initial-response", test_echo_initial_response);
  g_test_add_func ("/engine-auth/echo/abort", test_echo_abort);

  return g_test_run ();
}
