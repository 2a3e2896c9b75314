/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signing in to Dovecot's submission service by passwords: by each mechanism
 * that knows one, and by the one that the library chooses. */

#include "fixture.h"

#include <string.h>

#include "dovecot-session.h"

#define USER     DOVECOT_USER
#define PASSWORD DOVECOT_PASSWORD

static const char users[] =
  USER ":" PASSWORD "\n"
  "jürgen:пароль\n"
  "a,b=c:x,y=z\n"
  "boss:not known to anybody\n";

/* They may act as any user. */
static const char masters[] =
  "secretary:master key\n";

/* ---- the mechanisms that know a password ------------------------------------- */

#define ALL_MECHANISMS "plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256"

typedef SmtpAuth *(*NewAuth) (const char *username,
                              const char *password);

static SmtpAuth *
new_plain (const char *username,
           const char *password)
{
  return smtp_plain_auth_new (NULL, username, password, "127.0.0.1");
}

static SmtpAuth *
new_login (const char *username,
           const char *password)
{
  return smtp_login_auth_new (username, password, "127.0.0.1");
}

typedef struct
{
  const char *name;
  const char *offer;
  NewAuth     create;
  const char *mechanism; /* the one used */
} Way;

static const Way ways[] = {
  { "plain", "plain", new_plain, "PLAIN" },
  { "login", "login", new_login, "LOGIN" },
  { "cram-md5", "cram-md5", smtp_cram_md5_auth_new, "CRAM-MD5" },
  { "scram-sha-1", "scram-sha-1", smtp_scram_auth_new, "SCRAM-SHA-1" },
  { "scram-sha-256", "scram-sha-256", smtp_scram_auth_new, "SCRAM-SHA-256" },
  { "auto-plain", "plain", smtp_auto_auth_new, "PLAIN" },
};

/* Chosen among others. */
static const Way choices[] = {
  { "plain", ALL_MECHANISMS, new_plain, "PLAIN" },
  { "login", ALL_MECHANISMS, new_login, "LOGIN" },
  { "cram-md5", ALL_MECHANISMS, smtp_cram_md5_auth_new, "CRAM-MD5" },
  { "scram", ALL_MECHANISMS, smtp_scram_auth_new, "SCRAM-SHA-256" },
  { "auto", ALL_MECHANISMS, smtp_auto_auth_new, "SCRAM-SHA-256" },
};

static void
sign_in_as (Fixture    *f,
            const char *username,
            const char *password)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) auth = way->create (username, password);

  sign_in (f, auth, username, way->mechanism);
}

static void
refuse_as (Fixture    *f,
           const char *username,
           const char *password)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) auth = way->create (username, password);

  refuse (f, auth, "535");
}

static void
test_sign_in (Fixture *f)
{
  const Way *way = f->row;

  use_dovecot (f, way->offer, "");
  open_dovecot (f);
  sign_in_as (f, USER, PASSWORD);
  send_message (f);
  leave (f);
}

/* The right password serves on the same connection. Dovecot takes half a second
 * for a refusal, and does not know MAIL from anybody who has not signed in. */
static void
test_wrong_password (Fixture *f)
{
  const Way *way = f->row;

  use_dovecot (f, way->offer, "");
  open_dovecot (f);
  refuse_as (f, USER, "wrong");
  refuse_as (f, "nobody", PASSWORD);
  x_mail (f, "sender@example.org", NULL);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, NULL);
  sign_in_as (f, USER, PASSWORD);
  leave (f);
}

static void
test_utf8 (Fixture *f)
{
  const Way *way = f->row;

  use_dovecot (f, way->offer, "");
  open_dovecot (f);
  refuse_as (f, "jürgen", "парол");
  sign_in_as (f, "jürgen", "пароль");
  leave (f);
}

/* What has a meaning in SCRAM's messages. */
static void
test_comma (Fixture *f)
{
  const Way *way = f->row;

  use_dovecot (f, way->offer, "");
  open_dovecot (f);
  sign_in_as (f, "a,b=c", "x,y=z");
  leave (f);
}

/* ---- acting as somebody else -------------------------------------------------- */

static const char master_settings[] =
  "passdb {\n"
  "  driver = passwd-file\n"
  "  args = scheme=plain @D@/masters\n"
  "  master = yes\n"
  "}\n";

static SmtpAuth *
new_plain_for_boss (const char *username,
                    const char *password)
{
  return smtp_plain_auth_new ("boss", username, password, "127.0.0.1");
}

static SmtpAuth *
new_scram_for_boss (const char *username,
                    const char *password)
{
  return smtp_scram_auth_new_full ("boss", username, password);
}

static const Way identities[] = {
  { "plain", "plain", new_plain_for_boss, "PLAIN" },
  { "scram", "scram-sha-256", new_scram_for_boss, "SCRAM-SHA-256" },
};

static void
test_identity (Fixture *f)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) auth = way->create ("secretary", "master key");

  use_dovecot (f, way->offer, master_settings);
  open_dovecot (f);
  refuse_as (f, "secretary", "wrong");
  refuse_as (f, USER, PASSWORD);
  sign_in (f, auth, "boss", way->mechanism);
  send_message (f);
  leave (f);
}

/* ---- without TLS ---------------------------------------------------------------- */

/* Over a connection that Dovecot does not count as secure. */
static void
open_in_clear (Fixture *f)
{
  use_dovecot (f, ALL_MECHANISMS, "");
  new_dovecot_client (f, "127.0.0.2", SMTP_SECURITY_NONE);
  x_open (f);
  g_assert_no_error (f->error);
}

static gboolean
is_offered (Fixture    *f,
            const char *mechanism)
{
  g_auto (GStrv) mechanisms = smtp_capabilities_get_auth_mechanisms (smtp_client_get_capabilities (f->client));

  return g_strv_contains ((const char * const *) mechanisms, mechanism);
}

static void
test_clear_plain (Fixture *f)
{
  g_autoptr (SmtpAuth) plain = smtp_plain_auth_new (NULL, USER, PASSWORD, "127.0.0.2");

  open_in_clear (f);
  g_assert_false (is_offered (f, "PLAIN"));
  x_authenticate (f, plain);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "PLAIN");
  x_start_tls (f);
  g_assert_no_error (f->error);
  sign_in (f, plain, USER, "PLAIN");
  leave (f);
}

static const Way challenges[] = {
  { "cram-md5", NULL, smtp_cram_md5_auth_new, "CRAM-MD5" },
  { "scram", NULL, smtp_scram_auth_new, "SCRAM-SHA-256" },
  { "auto", NULL, smtp_auto_auth_new, "SCRAM-SHA-256" },
};

/* Those that do not send the password are offered there, too. */
static void
test_clear_challenge (Fixture *f)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) auth = way->create (USER, PASSWORD);

  open_in_clear (f);
  g_assert_null (smtp_client_get_tls_connection (f->client));
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  expect_login (USER, way->mechanism, "");
  leave (f);
}

/* The machine's own address: Dovecot, and the library, let a password travel. */
static void
test_clear_local (Fixture *f)
{
  g_autoptr (SmtpAuth) plain = new_plain (USER, PASSWORD);

  use_dovecot (f, ALL_MECHANISMS, "");
  new_dovecot_client (f, "127.0.0.1", SMTP_SECURITY_NONE);
  x_open (f);
  g_assert_no_error (f->error);
  x_authenticate (f, plain);
  g_assert_no_error (f->error);
  expect_login (USER, "PLAIN", ", secured");
  leave (f);
}

/* ---- several mechanisms ---------------------------------------------------------- */

static void
append_line (SmtpClient    *client,
             SmtpDirection  direction,
             const char    *text,
             Fixture       *f)
{
  g_string_append_printf (f->transcript, "%s\n", text);
}

static guint
count_auth (Fixture *f)
{
  guint n = 0;

  for (const char *p = f->transcript->str; (p = strstr (p, "AUTH SCRAM")) != NULL; p++)
    n++;
  g_assert_null (strstr (f->transcript->str, "AUTH PLAIN"));
  g_assert_null (strstr (f->transcript->str, "AUTH LOGIN"));
  g_assert_null (strstr (f->transcript->str, "AUTH CRAM"));
  return n;
}

/* A wrong password is said once, and by no weaker mechanism, even to who would
 * fall back: what refuses it may be somebody between the two. */
static void
check_auto_refused (Fixture  *f,
                    gboolean  allow_fallback)
{
  g_autoptr (SmtpAuth) wrong = smtp_auto_auth_new (USER, "wrong");
  g_autoptr (SmtpAuth) right = smtp_auto_auth_new (USER, PASSWORD);

  smtp_auto_auth_set_allow_fallback (SMTP_AUTO_AUTH (wrong), allow_fallback);
  use_dovecot (f, ALL_MECHANISMS, "");
  open_dovecot (f);
  g_signal_connect (f->client, "transcript", G_CALLBACK (append_line), f);
  refuse (f, wrong, "535");
  g_assert_cmpuint (count_auth (f), ==, 1);
  sign_in (f, right, USER, "SCRAM-SHA-256");
  g_assert_cmpstr (smtp_auto_auth_get_mechanism (SMTP_AUTO_AUTH (right)), ==, "SCRAM-SHA-256");
  g_assert_cmpuint (count_auth (f), ==, 2);
  leave (f);
}

static void
test_auto_refused (Fixture *f)
{
  check_auto_refused (f, FALSE);
}

static void
test_auto_fallback (Fixture *f)
{
  check_auto_refused (f, TRUE);
}

/* What was remembered of a server that had SCRAM is not given up for PLAIN. */
static void
test_auto_pin (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new (USER, PASSWORD);

  use_dovecot (f, ALL_MECHANISMS, "");
  open_dovecot (f);
  sign_in (f, auth, USER, "SCRAM-SHA-256");
  leave (f);
  g_assert_nonnull (smtp_auto_auth_get_pin (SMTP_AUTO_AUTH (auth)));
  g_clear_object (&f->client);
  use_dovecot (f, "plain login", "");
  open_dovecot (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_DOWNGRADE, "SCRAM-SHA-256");
  leave (f);
}

/* ---- running --------------------------------------------------------------- */

static const struct
{
  const char *name;
  Scenario    scenario;
} exercises[] = {
  { "sign-in", test_sign_in },
  { "wrong-password", test_wrong_password },
  { "utf-8", test_utf8 },
  { "comma", test_comma },
};

static void
add_ways (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    for (guint j = 0; j < G_N_ELEMENTS (exercises); j++)
      {
        g_autofree char *name = g_strdup_printf ("/interop/auth-dovecot/%s/%s", ways[i].name, exercises[j].name);

        add_row_scenario (name, exercises[j].scenario, &ways[i]);
      }
}

static void
add_rows (const char *test,
          Scenario    scenario,
          const Way  *rows,
          guint       n_rows)
{
  for (guint i = 0; i < n_rows; i++)
    {
      g_autofree char *name = g_strdup_printf ("/interop/auth-dovecot/%s/%s", test, rows[i].name);

      add_row_scenario (name, scenario, &rows[i]);
    }
}

static void
add_scenarios (void)
{
  add_dovecot_file ("users", users);
  add_dovecot_file ("masters", masters);
  add_ways ();
  add_rows ("identity", test_identity, identities, G_N_ELEMENTS (identities));
  add_rows ("choose", test_sign_in, choices, G_N_ELEMENTS (choices));
  add_rows ("clear", test_clear_challenge, challenges, G_N_ELEMENTS (challenges));
  add_scenario ("/interop/auth-dovecot/clear/plain", test_clear_plain);
  add_scenario ("/interop/auth-dovecot/clear/local", test_clear_local);
  add_scenario ("/interop/auth-dovecot/auto-refused", test_auto_refused);
  add_scenario ("/interop/auth-dovecot/auto-fallback", test_auto_fallback);
  add_scenario ("/interop/auth-dovecot/auto-pin", test_auto_pin);
}

int
main (int    argc,
      char **argv)
{
  return run_with_dovecot (argc, argv, "/interop/auth-dovecot", add_scenarios);
}
