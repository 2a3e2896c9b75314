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

#define RAW_TYPE_AUTH (raw_auth_get_type ())
G_DECLARE_FINAL_TYPE (RawAuth, raw_auth, RAW, AUTH, SmtpAuth)

struct _RawAuth
{
  SmtpAuth parent_instance;
  char    *mechanism;
  char    *first;
  char    *answer;
};

G_DEFINE_FINAL_TYPE (RawAuth, raw_auth, SMTP_TYPE_AUTH)

static gboolean
raw_auth_start (SmtpAuth        *auth,
                SmtpServerInfo  *server,
                char           **mechanism,
                GBytes         **initial_response,
                GError         **error)
{
  RawAuth *self = RAW_AUTH (auth);

  *mechanism = g_strdup (self->mechanism);
  *initial_response = g_bytes_new (self->first, strlen (self->first));
  return TRUE;
}

static gboolean
raw_auth_next (SmtpAuth  *auth,
               GBytes    *challenge,
               gboolean   more,
               GBytes   **response,
               GError   **error)
{
  RawAuth *self = RAW_AUTH (auth);

  if (more)
    *response = g_bytes_new (self->answer, strlen (self->answer));
  g_test_message ("%.*s", (int) g_bytes_get_size (challenge), (char *) g_bytes_get_data (challenge, NULL));
  return TRUE;
}

static void
raw_auth_finalize (GObject *object)
{
  RawAuth *self = RAW_AUTH (object);

  g_free (self->mechanism);
  g_free (self->first);
  g_free (self->answer);
  G_OBJECT_CLASS (raw_auth_parent_class)->finalize (object);
}

static void
raw_auth_class_init (RawAuthClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = raw_auth_finalize;
  SMTP_AUTH_CLASS (klass)->start = raw_auth_start;
  SMTP_AUTH_CLASS (klass)->next = raw_auth_next;
}

static void
raw_auth_init (RawAuth *self)
{
}

static SmtpAuth *
new_raw (const char *mechanism,
         char       *first,
         const char *answer)
{
  RawAuth *self = g_object_new (RAW_TYPE_AUTH, NULL);

  self->mechanism = g_strdup (mechanism);
  self->first = first;
  self->answer = g_strdup (answer);
  return SMTP_AUTH (self);
}

static SmtpAuth *
new_xoauth2 (const char *username,
             const char *token)
{
  return new_raw ("XOAUTH2", g_strdup_printf ("user=%s\001auth=Bearer %s\001\001", username, token), "");
}

static SmtpAuth *
new_oauthbearer (const char *username,
                 const char *token)
{
  return new_raw ("OAUTHBEARER",
                  g_strdup_printf ("n,a=%s,\001host=127.0.0.1\001auth=Bearer %s\001\001", username, token), "\001");
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

/* ---- running ---------------------------------------------------------------------- */

static const struct
{
  const char *name;
  Scenario    scenario;
} exercises[] = {
  { "sign-in", test_sign_in },
  { "wrong-token", test_wrong_token },
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
