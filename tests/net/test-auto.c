/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The choice among mechanisms. What SCRAM has to do with it when the server is
 * not what it should be stands in test-scram.c. */

#include "fixture.h"

#include <string.h>

#define WRONG "535 5.7.8 wrong"
#define UNKNOWN "504 5.5.4 unknown"
#define TOO_WEAK "534 5.7.9 too weak"
#define WANTS_TLS "538 5.7.11 encrypt"
#define NOT_NOW "454 4.7.0 later"

/* ---- what is offered, what is tried, what comes of it ------------------------ */

typedef struct
{
  const char *name;
  gboolean    tls;
  gboolean    allow_fallback;
  const char *offers;
  const char *replies[4]; /* to AUTH; NULL: an honest one */
  const char *tried;      /* the mechanisms, in their order */
  int         code;       /* -1: signed in */
  const char *part;
  const char *and_part;
} Choice;

#define ALL "LOGIN PLAIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS"
#define UNBOUND "LOGIN PLAIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256"
#define UNAVAILABLE SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE
#define REJECTED SMTP_CLIENT_ERROR_AUTH_REJECTED

static const Choice choices[] = {
  { "cram-md5", FALSE, FALSE, "LOGIN PLAIN CRAM-MD5", { NULL }, "CRAM-MD5 ", -1 },
  { "plain", FALSE, FALSE, "LOGIN PLAIN", { NULL }, "PLAIN ", -1 },
  { "login", FALSE, FALSE, "X-OTHER LOGIN", { NULL }, "LOGIN ", -1 },
  { "nothing-known", FALSE, FALSE, "X-OTHER DIGEST-MD5", { NULL }, "", UNAVAILABLE, "X-OTHER DIGEST-MD5", "CRAM-MD5 PLAIN" },
  { "anonymous", FALSE, FALSE, "ANONYMOUS", { NULL }, "", UNAVAILABLE, "ANONYMOUS" },
  { "external", FALSE, FALSE, "EXTERNAL PLAIN", { NULL }, "PLAIN ", -1 },

  { "unknown", FALSE, FALSE, "LOGIN PLAIN CRAM-MD5", { UNKNOWN }, "CRAM-MD5 PLAIN ", -1 },
  { "too-weak", FALSE, FALSE, "LOGIN PLAIN CRAM-MD5", { TOO_WEAK, TOO_WEAK }, "CRAM-MD5 PLAIN LOGIN ", -1 },
  { "all-unknown", FALSE, FALSE, "LOGIN PLAIN CRAM-MD5", { UNKNOWN, UNKNOWN, UNKNOWN }, "CRAM-MD5 PLAIN LOGIN ",
    UNAVAILABLE, "PLAIN: 127.0.0.1 refused", "504 5.5.4" },
  { "wants-tls", FALSE, FALSE, "LOGIN PLAIN", { WANTS_TLS, WANTS_TLS }, "PLAIN LOGIN ",
    SMTP_CLIENT_ERROR_TLS_REQUIRED, "538" },
  { "not-now", FALSE, TRUE, "LOGIN PLAIN CRAM-MD5", { NOT_NOW }, "CRAM-MD5 ", SMTP_CLIENT_ERROR_AUTH_TEMPORARY, "454" },
  { "wrong", FALSE, FALSE, "LOGIN PLAIN CRAM-MD5", { WRONG }, "CRAM-MD5 ", REJECTED, "535" },
  { "wrong-for-one", FALSE, TRUE, "LOGIN PLAIN CRAM-MD5", { WRONG }, "CRAM-MD5 PLAIN ", -1 },
  { "wrong-for-all", FALSE, TRUE, "LOGIN PLAIN CRAM-MD5", { WRONG, WRONG, WRONG }, "CRAM-MD5 PLAIN LOGIN ", REJECTED, "LOGIN: ", "535" },

  /* After SCRAM nothing weaker, whatever is allowed. */
  { "scram-wrong", FALSE, FALSE, UNBOUND, { WRONG }, "SCRAM-SHA-256 ", REJECTED, "535" },
  { "scram-wrong-fallback", FALSE, TRUE, UNBOUND, { WRONG }, "SCRAM-SHA-256 ", REJECTED, "535", "a stronger one was refused" },
  { "scram-unknown-then-wrong", FALSE, TRUE, UNBOUND, { UNKNOWN, WRONG }, "SCRAM-SHA-256 SCRAM-SHA-1 ", REJECTED, "535" },
  { "scram-unknown", FALSE, FALSE, UNBOUND, { UNKNOWN, UNKNOWN }, "SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 ", -1 },
  { "plus-wrong", TRUE, FALSE, ALL, { WRONG }, "SCRAM-SHA-256-PLUS ", REJECTED, "535" },
  { "plus-wrong-fallback", TRUE, TRUE, ALL, { WRONG, WRONG }, "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS ", REJECTED, "535",
    "no channel binding" },
  { "plus-unknown", TRUE, FALSE, "SCRAM-SHA-256-PLUS PLAIN", { UNKNOWN }, "SCRAM-SHA-256-PLUS PLAIN ", -1 },
  { "plus-in-clear", FALSE, FALSE, "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS CRAM-MD5", { NULL }, "CRAM-MD5 ", -1 },
  { "plus-only-in-clear", FALSE, FALSE, "SCRAM-SHA-256-PLUS", { NULL }, "", UNAVAILABLE, "channel binding" },
};

/* The mechanisms that AUTH named, from the transcript. */
static char *
list_tried (Fixture *f)
{
  g_auto (GStrv) lines = g_strsplit (f->transcript->str, "\n", -1);
  GString *tried = g_string_new (NULL);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *auth = strstr (lines[i], "C: AUTH ");

      if (auth == NULL)
        continue;
      auth += strlen ("C: AUTH ");
      g_string_append_len (tried, auth, strcspn (auth, " \r"));
      g_string_append_c (tried, ' ');
    }

  return g_string_free (tried, FALSE);
}

static void
expect_tried (Fixture    *f,
              const char *expected)
{
  g_autofree char *tried = list_tried (f);

  g_assert_cmpstr (tried, ==, expected);
}

static void
offer (Fixture    *f,
       const char *offers)
{
  g_auto (GStrv) mechanisms = g_strsplit (offers, " ", -1);

  g_object_set (f->server, "auth-mechanisms", mechanisms, NULL);
}

static void
open_secured (Fixture *f,
              gboolean tls)
{
  if (tls)
    g_object_set (f->server, "tls-mode", SMTP_TEST_TLS_STARTTLS, NULL);
  open_client (f);
  if (!tls)
    return;

  trust_server (f);
  x_start_tls (f);
  g_assert_no_error (f->error);
}

static void
expect_outcome (Fixture    *f,
                int         code,
                const char *part,
                const char *and_part)
{
  if (code < 0)
    {
      g_assert_no_error (f->error);
      g_assert_true (smtp_client_get_authenticated (f->client));
      return;
    }

  g_assert_false (smtp_client_get_authenticated (f->client));
  g_assert_nonnull (f->error);
  g_assert_nonnull (strstr (f->error->message, and_part != NULL ? and_part : ""));
  g_assert_null (strstr (f->error->message, "secret"));
  expect_error (f, SMTP_CLIENT_ERROR, code, part);
}

static void
test_choice (Fixture *f)
{
  const Choice *row = f->row;
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new ("user", "secret");

  offer (f, row->offers);
  for (guint i = 0; row->replies[i] != NULL; i++)
    smtp_test_server_script_reply_text (f->server, "AUTH", row->replies[i]);
  smtp_auto_auth_set_allow_fallback (SMTP_AUTO_AUTH (auth), row->allow_fallback);
  open_secured (f, row->tls);
  x_authenticate (f, auth);
  expect_outcome (f, row->code, row->part, row->and_part);
  expect_tried (f, row->tried);
  g_assert_null (strstr (f->transcript->str, "secret"));
}

#ifdef HAVE_GSASL
/* Everything honest: the strongest there is. */
static void
test_strongest (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new ("user", "secret");

  offer (f, ALL);
  open_secured (f, TRUE);
  x_authenticate (f, auth);
  expect_outcome (f, -1, NULL, NULL);
  expect_tried (f, "SCRAM-SHA-256-PLUS ");
  g_assert_cmpstr (smtp_auto_auth_get_mechanism (SMTP_AUTO_AUTH (auth)), ==, "SCRAM-SHA-256-PLUS");
}
#endif

/* ---- later connections ---------------------------------------------------------- */

/* Another connection to the same server, with a transcript of its own. */
static void
open_again (Fixture *f)
{
  g_clear_object (&f->client);
  g_string_truncate (f->transcript, 0);
  new_client (f, SMTP_SECURITY_NONE);
  x_open (f);
  g_assert_no_error (f->error);
}

/* The server that offered SCRAM and called the password wrong offers only PLAIN
 * the next time. */
static void
test_later_connection (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new ("user", "secret");

  offer (f, UNBOUND);
  smtp_test_server_script_reply_text (f->server, "AUTH", WRONG);
  open_client (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, REJECTED, "535");

  offer (f, "PLAIN LOGIN");
  open_again (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, UNAVAILABLE, "a stronger one was refused");
  expect_tried (f, "");
}

#ifdef HAVE_GSASL
/* The user has found the password meanwhile: SCRAM itself may be used again. */
static void
test_right_at_last (Fixture *f)
{
  g_autoptr (SmtpCredentials) credentials = smtp_credentials_new ("user", "guess");
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new_for_credentials (credentials);

  offer (f, UNBOUND);
  open_client (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, REJECTED, NULL);

  smtp_credentials_set_password (credentials, "secret");
  open_again (f);
  x_authenticate (f, auth);
  expect_outcome (f, -1, NULL, NULL);
  expect_tried (f, "SCRAM-SHA-256 ");
}
#endif

/* The password is for the server that it was used with first. */
static void
test_other_server (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new ("user", "secret");

  offer (f, "PLAIN");
  open_client (f);
  x_authenticate (f, auth);
  expect_outcome (f, -1, NULL, NULL);
  g_assert_cmpstr (smtp_credentials_get_host (smtp_auth_get_credentials (auth)), ==, "127.0.0.1");

  g_clear_object (&f->client);
  f->client = g_object_new (SMTP_TYPE_CLIENT,
                            "host", "127.0.0.1",
                            "port", smtp_test_server_get_port (f->server),
                            "server-name", "elsewhere.example",
                            NULL);
  x_open (f);
  g_assert_no_error (f->error);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, UNAVAILABLE, "elsewhere.example");
}

/* ---- in clear text ---------------------------------------------------------------- */

static void
test_clear_text (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new ("user", "secret");

  offer (f, "LOGIN PLAIN OAUTHBEARER XOAUTH2");
  open_unknown_stream (f);
  x_authenticate (f, auth);
  g_assert_nonnull (strstr (f->error->message, "PLAIN: PLAIN would send a secret to test.example in clear text"));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_TLS_REQUIRED, "LOGIN PLAIN OAUTHBEARER XOAUTH2");
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
}

/* What says no password may go that way. */
static void
test_clear_text_challenge (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new ("user", "secret");

  offer (f, "LOGIN PLAIN CRAM-MD5");
  open_unknown_stream (f);
  x_authenticate (f, auth);
  expect_outcome (f, -1, NULL, NULL);
  g_assert_cmpuint (count_commands (f, "AUTH CRAM-MD5"), ==, 1);
}

/* It refused that: nothing else is left. */
static void
test_clear_text_after_challenge (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new ("user", "secret");

  offer (f, "LOGIN PLAIN CRAM-MD5");
  smtp_test_server_script_reply_text (f->server, "AUTH", UNKNOWN);
  open_unknown_stream (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_TLS_REQUIRED, "504");
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 1);
}

/* ---- pins ------------------------------------------------------------------------- */

typedef struct
{
  const char *name;
  const char *pin;
  const char *offers;
  const char *tried;
  int         code;
  const char *part;
  const char *new_pin;
} Pinned;

static const Pinned pinned[] = {
  { "none", NULL, "CRAM-MD5 PLAIN", "CRAM-MD5 ", -1, NULL, "smtp-pin-1 30 CRAM-MD5 clear 127.0.0.1" },
  { "same", "smtp-pin-1 30 CRAM-MD5 clear 127.0.0.1", "CRAM-MD5 PLAIN", "CRAM-MD5 ", -1, NULL,
    "smtp-pin-1 30 CRAM-MD5 clear 127.0.0.1" },
  { "better", "smtp-pin-1 10 LOGIN clear 127.0.0.1", "CRAM-MD5 PLAIN", "CRAM-MD5 ", -1, NULL,
    "smtp-pin-1 30 CRAM-MD5 clear 127.0.0.1" },
  { "worse", "smtp-pin-1 79 SCRAM-SHA-256 clear 127.0.0.1", "CRAM-MD5 PLAIN", "", SMTP_CLIENT_ERROR_DOWNGRADE,
    "SCRAM-SHA-256", "smtp-pin-1 79 SCRAM-SHA-256 clear 127.0.0.1" },
  { "no-tls", "smtp-pin-1 10 LOGIN tls 127.0.0.1", "CRAM-MD5 PLAIN", "", SMTP_CLIENT_ERROR_DOWNGRADE,
    "TLS", "smtp-pin-1 10 LOGIN tls 127.0.0.1" },
  { "other-server", "smtp-pin-1 10 LOGIN clear elsewhere.example", "PLAIN", "", SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
    "elsewhere.example", "smtp-pin-1 10 LOGIN clear elsewhere.example" },
};

static void
test_pinned (Fixture *f)
{
  const Pinned *row = f->row;
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new ("user", "secret");
  g_autofree char *new_pin = NULL;

  if (row->pin != NULL)
    {
      g_autoptr (SmtpAuthPin) pin = smtp_auth_pin_new_from_string (row->pin, &f->error);

      g_assert_no_error (f->error);
      smtp_auto_auth_set_pin (SMTP_AUTO_AUTH (auth), pin);
    }
  offer (f, row->offers);
  open_client (f);
  x_authenticate (f, auth);
  expect_outcome (f, row->code, row->part, NULL);
  expect_tried (f, row->tried);
  new_pin = smtp_auth_pin_to_string (smtp_auto_auth_get_pin (SMTP_AUTO_AUTH (auth)));
  g_assert_cmpstr (new_pin, ==, row->new_pin);
}

/* A server that refuses what the pin wants leaves something weaker. */
static void
test_pinned_refused (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new ("user", "secret");
  g_autoptr (SmtpAuthPin) pin = smtp_auth_pin_new_from_string ("smtp-pin-1 30 CRAM-MD5 clear 127.0.0.1", NULL);

  smtp_auto_auth_set_pin (SMTP_AUTO_AUTH (auth), pin);
  smtp_test_server_script_reply_text (f->server, "AUTH", UNKNOWN);
  offer (f, "PLAIN CRAM-MD5");
  open_client (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_DOWNGRADE, "504");
  expect_tried (f, "CRAM-MD5 ");
}

/* From one start of a program to the next. */
static void
test_pin_tls (Fixture *f)
{
  g_autoptr (SmtpAuth) first = smtp_auto_auth_new ("user", "secret");
  g_autoptr (SmtpAuth) second = smtp_auto_auth_new ("user", "secret");
  g_autoptr (SmtpAuthPin) pin = NULL;
  g_autofree char *text = NULL;

  offer (f, "PLAIN");
  open_secured (f, TRUE);
  x_authenticate (f, first);
  g_assert_no_error (f->error);
  text = smtp_auth_pin_to_string (smtp_auto_auth_get_pin (SMTP_AUTO_AUTH (first)));
  g_assert_cmpstr (text, ==, "smtp-pin-1 20 PLAIN tls 127.0.0.1");

  pin = smtp_auth_pin_new_from_string (text, NULL);
  g_assert_cmpstr (smtp_auth_pin_get_server (pin), ==, "127.0.0.1");
  g_assert_cmpstr (smtp_auth_pin_get_mechanism (pin), ==, "PLAIN");
  g_assert_true (smtp_auth_pin_get_tls (pin));
  smtp_auto_auth_set_pin (SMTP_AUTO_AUTH (second), pin);
  open_again (f);
  x_authenticate (f, second);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_DOWNGRADE, "TLS");
  expect_tried (f, "");
}

static void
test_bad_pins (void)
{
  static const char * const texts[] = {
    "", "x", "smtp-pin-1", "smtp-pin-1 20 PLAIN tls", "smtp-pin-1 20 PLAIN tls ", "smtp-pin-2 20 PLAIN tls a",
    "smtp-pin-1 -1 PLAIN tls a", "smtp-pin-1 x PLAIN tls a", "smtp-pin-1 99999999999 PLAIN tls a",
    "smtp-pin-1 20 plain tls a", "smtp-pin-1 20  tls a", "smtp-pin-1 20 PLAIN TLS a", "smtp-pin-1 20 PLAIN tls \377",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (smtp_auth_pin_new_from_string (texts[i], &error));
      g_assert_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (choices); i++)
    {
      g_autofree char *path = g_strconcat ("/auto/choice/", choices[i].name, NULL);

      add_row_scenario (path, test_choice, &choices[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (pinned); i++)
    {
      g_autofree char *path = g_strconcat ("/auto/pin/", pinned[i].name, NULL);

      add_row_scenario (path, test_pinned, &pinned[i]);
    }
#ifdef HAVE_GSASL
  add_scenario ("/auto/strongest", test_strongest);
  add_scenario ("/auto/right-at-last", test_right_at_last);
#endif
  add_scenario ("/auto/later-connection", test_later_connection);
  add_scenario ("/auto/other-server", test_other_server);
  add_scenario ("/auto/clear-text", test_clear_text);
  add_scenario ("/auto/clear-text-challenge", test_clear_text_challenge);
  add_scenario ("/auto/clear-text-after-challenge", test_clear_text_after_challenge);
  add_scenario ("/auto/pin-refused", test_pinned_refused);
  add_scenario ("/auto/pin-tls", test_pin_tls);
  g_test_add_func ("/auto/bad-pins", test_bad_pins);

  return g_test_run ();
}
