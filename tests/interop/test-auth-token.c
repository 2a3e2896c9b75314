/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signing in to Dovecot's submission service by access tokens, about which
 * Dovecot asks a server of the test's own. */

#include "fixture.h"

#include <string.h>

#include "dovecot-session.h"
#include "token-server.h"

#define USER  "user@example.org"
#define TOKEN "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg~/+=="

static TokenServer *tokens;

/* ---- the mechanisms ------------------------------------------------------------ */

typedef struct
{
  const char  *name;
  const char  *offer;
  SmtpAuth  *(*create) (const char *username,
                        const char *token,
                        const char *host);
  const char  *mechanism;
  const char  *status;  /* of a token that is refused */
} Way;

static const Way ways[] = {
  { "xoauth2", "xoauth2", smtp_xoauth2_auth_new, "XOAUTH2", "401" },
  { "oauthbearer", "oauthbearer", smtp_oauthbearer_auth_new, "OAUTHBEARER", "invalid_token" },
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
  g_autoptr (SmtpAuth) auth = way->create (username, token, "127.0.0.1");

  sign_in (f, auth, username, way->mechanism);
}

/* What Dovecot says of it while it refuses it. */
static void
expect_failure (SmtpAuth   *auth,
                const char *status)
{
  g_autoptr (SmtpOauthFailure) failure = NULL;

  g_object_get (auth, "failure", &failure, NULL);
  g_assert_nonnull (failure);
  g_assert_cmpstr (smtp_oauth_failure_get_status (failure), ==, status);
}

static void
refuse_as (Fixture    *f,
           const char *username,
           const char *token)
{
  const Way *way = f->row;
  g_autoptr (SmtpAuth) auth = way->create (username, token, "127.0.0.1");

  refuse (f, auth, "535");
  expect_failure (auth, way->status);
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
  g_autoptr (SmtpAuth) auth = way->create (USER, TOKEN, "127.0.0.1");

  open_with_tokens (f);
  token_server_set_broken (tokens, TRUE);
  x_authenticate (f, auth);
  token_server_set_broken (tokens, FALSE);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_TEMPORARY, "454");
  g_assert_false (smtp_client_get_authenticated (f->client));
  sign_in_as (f, USER, TOKEN);
  leave (f);
}

/* ---- tokens that are obtained ------------------------------------------------------ */

typedef struct
{
  const char *token; /* the next one */
  guint       n;
} Provider;

static gboolean
on_provided (gpointer user_data)
{
  GTask *task = user_data;

  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
  return G_SOURCE_REMOVE;
}

/* Later, in the context that the one who asks is waiting in. */
static gboolean
on_refresh (SmtpCredentials *credentials,
            GTask           *task,
            Provider        *provider)
{
  g_autoptr (GSource) source = g_timeout_source_new (1);

  provider->n++;
  smtp_credentials_set_access_token (credentials, provider->token);
  g_source_set_static_name (source, "[smtp-glib] refresh");
  g_source_set_callback (source, on_provided, g_object_ref (task), NULL);
  g_source_attach (source, g_task_get_context (task));
  return TRUE;
}

static SmtpAuth *
new_refreshing (Fixture    *f,
                const char *token,
                Provider   *provider)
{
  const Way *way = f->row;
  SmtpAuth *auth = way->create (USER, token, "127.0.0.1");

  g_signal_connect (smtp_auth_get_credentials (auth), "refresh", G_CALLBACK (on_refresh), provider);
  return auth;
}

static void
test_expired (Fixture *f)
{
  const Way *way = f->row;
  Provider provider = { TOKEN, 0 };
  g_autoptr (SmtpAuth) auth = new_refreshing (f, "expired", &provider);

  open_with_tokens (f);
  sign_in (f, auth, USER, way->mechanism);
  g_assert_cmpuint (provider.n, ==, 1);
  send_message (f);
  leave (f);
}

static void
test_no_token_yet (Fixture *f)
{
  const Way *way = f->row;
  Provider provider = { TOKEN, 0 };
  g_autoptr (SmtpAuth) auth = new_refreshing (f, NULL, &provider);

  open_with_tokens (f);
  sign_in (f, auth, USER, way->mechanism);
  g_assert_cmpuint (provider.n, ==, 1);
  leave (f);
}

/* Nobody asks again and again. */
static void
test_expired_too (Fixture *f)
{
  const Way *way = f->row;
  Provider provider = { "expired-too", 0 };
  g_autoptr (SmtpAuth) auth = new_refreshing (f, "expired", &provider);

  open_with_tokens (f);
  refuse (f, auth, "535");
  expect_failure (auth, way->status);
  g_assert_cmpuint (provider.n, ==, 1);
  provider.token = TOKEN;
  sign_in (f, auth, USER, way->mechanism);
  g_assert_cmpuint (provider.n, ==, 2);
  leave (f);
}

/* ---- the automatic choice ------------------------------------------------------------ */

static const Way choices[] = {
  { "one", "plain login xoauth2", NULL, "XOAUTH2", NULL },
  { "both", "plain login cram-md5 xoauth2 oauthbearer", NULL, "OAUTHBEARER", NULL },
};

static void
test_auto (Fixture *f)
{
  const Way *way = f->row;
  g_autoptr (SmtpCredentials) credentials = smtp_credentials_new (USER, NULL);
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new_for_credentials (credentials);

  smtp_credentials_set_access_token (credentials, TOKEN);
  open_with_tokens (f);
  sign_in (f, auth, USER, way->mechanism);
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
  { "expired", test_expired },
  { "no-token-yet", test_no_token_yet },
  { "expired-too", test_expired_too },
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
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++)
    {
      g_autofree char *name = g_strdup_printf ("/interop/auth-token/auto/%s", choices[i].name);

      add_row_scenario (name, test_auto, &choices[i]);
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
