/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signing in to Dovecot's submission service by access tokens, about which
 * Dovecot asks a server of the test's own. */

#include "fixture.h"

#include <string.h>

#include "dovecot-session.h"
#include "raw-auth.h"
#include "token-server.h"

#define USER  "user@example.org"
#define TOKEN "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg~/+=="

static TokenServer *tokens;

/* ---- the mechanisms ------------------------------------------------------------ */

static SmtpAuth *
new_xoauth2 (const char *username,
             const char *token)
{
  g_autofree char *first = g_strdup_printf ("user=%s\001auth=Bearer %s\001\001", username, token);

  return raw_auth_new ("XOAUTH2", first, "");
}

static SmtpAuth *
new_oauthbearer (const char *username,
                 const char *token)
{
  g_autofree char *first = g_strdup_printf ("n,a=%s,\001host=127.0.0.1\001auth=Bearer %s\001\001", username, token);

  return raw_auth_new ("OAUTHBEARER", first, "\001");
}

typedef struct
{
  const char  *name;
  const char  *offer;
  SmtpAuth  *(*create) (const char *username,
                        const char *token);
  const char  *mechanism;
} Way;

static const Way ways[] = {
  { "xoauth2", "xoauth2", new_xoauth2, "XOAUTH2" },
  { "oauthbearer", "oauthbearer", new_oauthbearer, "OAUTHBEARER" },
};

/* ---- the server ------------------------------------------------------------------ */

static const char settings[] =
  "passdb {\n"
  "  driver = oauth2\n"
  "  mechanisms = xoauth2 oauthbearer\n"
  "  args = @D@/oauth2\n"
  "}\n";

static const char oauth2[] =
  "introspection_mode = auth\n"
  "introspection_url = http://127.0.0.1:%u/introspect\n"
  "active_attribute = active\n"
  "active_value = true\n"
  "username_attribute = username\n";

static void
open_with_tokens (Fixture *f)
{
  const Way *way = f->row;

  use_dovecot (f, way->offer, settings);
  open_dovecot (f);
}

static void
sign_in_as (Fixture    *f,
            const char *username,
            const char *token)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) auth = way->create (username, token);

  sign_in (f, auth, username, way->mechanism);
}

static void
refuse_as (Fixture    *f,
           const char *username,
           const char *token)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) auth = way->create (username, token);

  refuse (f, auth, "535");
}

/* ---- scenarios ------------------------------------------------------------------- */

static void
test_sign_in (Fixture *f)
{
  guint before = token_server_count (tokens);

  open_with_tokens (f);
  sign_in_as (f, USER, TOKEN);
  g_assert_cmpuint (token_server_count (tokens), >, before);
  send_message (f);
  leave (f);
}

static void
test_wrong_token (Fixture *f)
{
  open_with_tokens (f);
  refuse_as (f, USER, "another");
  refuse_as (f, "other@example.org", TOKEN);
  sign_in_as (f, USER, TOKEN);
  leave (f);
}

/* As long as the providers' are: too long for the line with AUTH. */
static void
test_long_token (Fixture *f)
{
  g_autofree char *token = g_strnfill (2500, 'x');
  g_autofree char *other = g_strnfill (2500, 'y');

  token_server_set_owner (tokens, token, USER);
  open_with_tokens (f);
  refuse_as (f, USER, other);
  sign_in_as (f, USER, token);
  leave (f);
}

static void
test_utf8 (Fixture *f)
{
  token_server_set_owner (tokens, "for-juergen", "jürgen@example.org");
  open_with_tokens (f);
  sign_in_as (f, "jürgen@example.org", "for-juergen");
  leave (f);
}

/* Nobody knows whether the token is good. */
static void
test_cannot_say (Fixture *f)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) auth = way->create (USER, TOKEN);

  open_with_tokens (f);
  token_server_set_broken (tokens, TRUE);
  x_authenticate (f, auth);
  token_server_set_broken (tokens, FALSE);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_TEMPORARY, "454");
  g_assert_false (smtp_client_get_authenticated (f->client));
  sign_in_as (f, USER, TOKEN);
  leave (f);
}

/* ---- running ---------------------------------------------------------------------- */

static const struct
{
  const char *name;
  Scenario    scenario;
} exercises[] = {
  { "sign-in", test_sign_in },
  { "wrong-token", test_wrong_token },
  { "long-token", test_long_token },
  { "utf-8", test_utf8 },
  { "cannot-say", test_cannot_say },
};

static void
add_scenarios (void)
{
  g_autofree char *config = g_strdup_printf (oauth2, token_server_get_port (tokens));

  add_dovecot_file ("oauth2", config);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    for (guint j = 0; j < G_N_ELEMENTS (exercises); j++)
      {
        g_autofree char *name = g_strdup_printf ("/interop/auth-token/%s/%s", ways[i].name, exercises[j].name);

        add_row_scenario (name, exercises[j].scenario, &ways[i]);
      }
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GError) error = NULL;
  int status;

  tokens = token_server_new (&error);
  g_assert_no_error (error);
  token_server_set_owner (tokens, TOKEN, USER);
  status = run_with_dovecot (argc, argv, "/interop/auth-token", add_scenarios);
  token_server_free (tokens);

  return status;
}
