/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* GSSAPI with a private KDC: against Dovecot, against a server that says what
 * it is told to, and against a KDC that is not there or says nothing. */

#include "fixture.h"

#include <gmodule.h>
#include <string.h>

#include "dovecot-session.h"
#include "files.h"
#include "gssapi-peer.h"
#include "kerberos.h"

#define DOVECOT_GSSAPI "/usr/lib/dovecot/modules/auth/libmech_gssapi.so"
#define TIMEOUT_SECONDS 30
#define PRINCIPAL KERBEROS_USER "@" KERBEROS_REALM

static Kerberos *kerberos;

/* ---- the client ---------------------------------------------------------------- */

/* Under the name that the KDC knows. */
static void
make_client (Fixture    *f,
             guint16     port,
             const char *server_name)
{
  f->client = g_object_new (SMTP_TYPE_CLIENT,
                            "host", "127.0.0.1",
                            "port", (guint) port,
                            "security", SMTP_SECURITY_NONE,
                            "server-name", server_name,
                            "timeout", TIMEOUT_SECONDS,
                            NULL);
  x_open (f);
  g_assert_no_error (f->error);
}

static SmtpAuth *
new_gssapi (SmtpCredentials *credentials)
{
  g_autoptr (GError) error = NULL;
  SmtpAuth *auth = smtp_auth_create ("GSSAPI", credentials, &error);

  g_assert_no_error (error);
  return auth;
}

static void
use_ticket (const char *name)
{
  const char * const names[] = { name, NULL };

  kerberos_use_tickets (kerberos, names);
}

/* ---- Dovecot ---------------------------------------------------------------------- */

/* What Dovecot makes of the principal. */
#define LOGIN KERBEROS_USER "@interop.example"

static void
open_kerberized (Fixture *f)
{
  g_autofree char *settings = g_strdup_printf ("auth_krb5_keytab = %s\n"
                                               "auth_gssapi_hostname = \"$ALL\"\n"
                                               "import_environment = $import_environment KRB5_CONFIG=%s KRB5RCACHENAME=none:\n",
                                               kerberos->keytab, kerberos->config);

  use_ticket (KERBEROS_USER);
  use_dovecot (f, "gssapi plain login", settings);
  open_dovecot (f);
}

static void
test_dovecot (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = new_gssapi (NULL);

  open_kerberized (f);
  sign_in (f, auth, LOGIN, "GSSAPI");
  send_message (f);
  leave (f);
}

/* One object, several exchanges, and a ticket that is there already. */
static void
test_dovecot_again (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = new_gssapi (NULL);

  open_kerberized (f);
  for (guint i = 0; i < 3; i++)
    {
      sign_in (f, auth, LOGIN, "GSSAPI");
      leave (f);
      g_clear_object (&f->client);
      open_dovecot (f);
    }
  g_assert_true (kerberos_has_grown (kerberos, KERBEROS_USER));
}

static void
test_dovecot_identity (Fixture *f)
{
  g_autoptr (SmtpCredentials) credentials = smtp_credentials_new (NULL, NULL);
  g_autoptr (SmtpAuth) auth = new_gssapi (credentials);

  smtp_credentials_set_identity (credentials, KERBEROS_USER);
  open_kerberized (f);
  sign_in (f, auth, KERBEROS_USER, "GSSAPI");
  leave (f);
}

/* The ticket is good, but not for being somebody else. */
static void
test_dovecot_other_identity (Fixture *f)
{
  g_autoptr (SmtpCredentials) credentials = smtp_credentials_new (NULL, NULL);
  g_autoptr (SmtpAuth) auth = new_gssapi (credentials);

  smtp_credentials_set_identity (credentials, KERBEROS_BOSS);
  open_kerberized (f);
  refuse (f, auth, "535");
  smtp_credentials_set_identity (credentials, NULL);
  sign_in (f, auth, LOGIN, "GSSAPI");
  leave (f);
}

/* The KDC knows this service, and Dovecot does not. */
static void
test_dovecot_other_service (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = new_gssapi (NULL);

  g_object_set (auth, "service-name", KERBEROS_OTHER_SERVICE, NULL);
  open_kerberized (f);
  refuse (f, auth, "535");
}

/* ---- the automatic choice ------------------------------------------------------- */

typedef struct
{
  const char *name;
  const char *ticket;
  const char *username;
  const char *password;
  const char *mechanism; /* NULL: none serves */
  const char *login;
} Choice;

static const Choice choices[] = {
  { "ticket", KERBEROS_USER, NULL, NULL, "GSSAPI", LOGIN },
  { "ticket-of", KERBEROS_USER, KERBEROS_USER, NULL, "GSSAPI", LOGIN },
  { "password", KERBEROS_USER, DOVECOT_USER, DOVECOT_PASSWORD, "PLAIN", DOVECOT_USER },
  { "nothing", NULL, NULL, NULL, NULL },
};

static void
test_choice (Fixture *f)
{
  const Choice *row = f->row;
  g_autoptr (SmtpCredentials) credentials = smtp_credentials_new (row->username, row->password);
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new_for_credentials (credentials);

  open_kerberized (f);
  use_ticket (row->ticket);
  if (row->mechanism != NULL)
    {
      sign_in (f, auth, row->login, row->mechanism);
      g_assert_cmpstr (smtp_auto_auth_get_mechanism (SMTP_AUTO_AUTH (auth)), ==, row->mechanism);
      return;
    }

  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "No Kerberos credentials");
}

/* ---- what ends before anything is sent ------------------------------------------ */

typedef struct
{
  const char *name;
  const char *ticket;
  const char *server_name;
  const char *service;
  const char *username;   /* of the credentials */
  const char *identity;
  const char *password;
  const char *token;
  const char *offers;
  int         code;
  const char *part;
  const char *and_part;
} Unusable;

#define UNAVAILABLE SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE
#define INVALID SMTP_CLIENT_ERROR_INVALID_ARGUMENT

static const Unusable unusables[] = {
  { "no-ticket", .code = UNAVAILABLE, .part = "No Kerberos credentials" },
  { "expired", .ticket = "expired", .code = UNAVAILABLE, .part = "expired" },
  { "not-offered", KERBEROS_USER, .offers = "PLAIN LOGIN", .code = UNAVAILABLE, .part = "does not offer GSSAPI" },
  { "unknown-service", KERBEROS_USER, .service = "nosuch",
    .code = UNAVAILABLE, .part = "nosuch/" KERBEROS_SERVER, .and_part = "not found in Kerberos database" },
  { "unknown-server", KERBEROS_USER, .server_name = "else.interop.example",
    .code = UNAVAILABLE, .part = "smtp/else.interop.example", .and_part = "not found in Kerberos database" },
  { "unknown-user", KERBEROS_USER, .username = "nobody",
    .code = UNAVAILABLE, .part = "principal nobody@" KERBEROS_REALM },
  { "other-realm", KERBEROS_USER, .username = "user@elsewhere.example",
    .code = UNAVAILABLE, .part = "principal user@elsewhere.example" },
  { "bad-username", KERBEROS_USER, .username = "a@b@c", .code = INVALID, .part = "Kerberos" },
  { "control-in-username", KERBEROS_USER, .username = "us\ner", .code = INVALID, .part = "user name" },
  { "control-in-identity", KERBEROS_USER, .identity = "us\001er", .code = INVALID, .part = "identity" },
  { "at-in-service", KERBEROS_USER, .service = "smtp@other", .code = INVALID, .part = "service name" },
  { "slash-in-server", KERBEROS_USER, .server_name = "mail/" KERBEROS_SERVER, .code = INVALID, .part = "server name" },
  { "password", KERBEROS_USER, .password = "secret", .code = UNAVAILABLE, .part = "without a password" },
  { "token", KERBEROS_USER, .token = "secret", .code = UNAVAILABLE, .part = "or a token" },
};

static void
open_capture (Fixture    *f,
              const char *offers,
              const char *server_name)
{
  g_auto (GStrv) mechanisms = g_strsplit (offers, " ", -1);

  g_object_set (f->server, "auth-mechanisms", mechanisms, NULL);
  start_server (f);
  make_client (f, smtp_test_server_get_port (f->server), server_name);
}

/* The connection is as good as before, and ends or stays as it was told. */
static void
check_unused (Fixture  *f,
              gboolean  stays)
{
  g_autoptr (SmtpAuth) plain = smtp_plain_auth_new (NULL, "user", "secret", smtp_client_get_server_name (f->client));

  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
  expect_state (f, stays ? SMTP_CLIENT_STATE_READY : SMTP_CLIENT_STATE_CLOSED);
  if (!stays)
    return;

  x_authenticate (f, plain);
  g_assert_no_error (f->error);
}

static void
check_unusable (Fixture        *f,
                const Unusable *row,
                gboolean        stays)
{
  g_autoptr (SmtpCredentials) credentials = smtp_credentials_new (row->username, row->password);
  g_autoptr (SmtpAuth) auth = new_gssapi (credentials);
  const char *server_name = row->server_name != NULL ? row->server_name : KERBEROS_SERVER;

  smtp_credentials_set_access_token (credentials, row->token);
  smtp_credentials_set_identity (credentials, row->identity);
  if (row->service != NULL)
    g_object_set (auth, "service-name", row->service, NULL);
  use_ticket (row->ticket);
  open_capture (f, row->offers != NULL ? row->offers : "GSSAPI PLAIN", server_name);
  smtp_client_set_stay_open_after_refusal (f->client, stays);
  x_authenticate (f, auth);
  g_test_message ("%s", f->error->message);
  if (row->code == UNAVAILABLE && row->password == NULL && row->token == NULL)
    g_assert_nonnull (strstr (f->error->message, server_name));
  if (row->and_part != NULL)
    g_assert_nonnull (strstr (f->error->message, row->and_part));
  expect_error (f, SMTP_CLIENT_ERROR, row->code, row->part);
  check_unused (f, stays);
}

static void
test_unusable (Fixture *f)
{
  check_unusable (f, f->row, TRUE);
}

static void
test_unusable_ends (Fixture *f)
{
  check_unusable (f, &unusables[0], FALSE);
}

/* ---- a server that is not what it should be ------------------------------------- */

#define OCTETS(text) .offer = (text), .offer_length = sizeof (text) - 1
#define NONE OCTETS ("\001\000\000\000")

typedef struct
{
  const char      *name;
  GssapiPeer       peer;
  int              code;     /* -1: signed in */
  const char      *part;
  guint            n_aborts;
  SmtpClientState  state;
} Dialogue;

#define PROTOCOL SMTP_CLIENT_ERROR_PROTOCOL
#define CLOSED SMTP_CLIENT_STATE_CLOSED
#define BROKEN SMTP_CLIENT_STATE_BROKEN
#define READY SMTP_CLIENT_STATE_READY

static const Dialogue dialogues[] = {
  { "none", { NONE }, -1, NULL, 0, READY },
  { "all-layers", { OCTETS ("\007\000\377\377") }, -1, NULL, 0, READY },
  { "all-layers-no-size", { OCTETS ("\007\000\000\000") }, -1, NULL, 0, READY },
  /* Dovecot's. */
  { "size-without-layer", { OCTETS ("\001\377\377\377") }, -1, NULL, 0, READY },
  { "encrypted", { NONE, .encrypted = TRUE }, -1, NULL, 0, READY },

  { "integrity-only", { OCTETS ("\002\000\020\000") }, UNAVAILABLE, "security layer", 1, CLOSED },
  { "encryption-only", { OCTETS ("\004\000\020\000") }, UNAVAILABLE, "security layer", 1, CLOSED },
  { "no-layer", { OCTETS ("\000\000\000\000") }, UNAVAILABLE, "security layer", 1, CLOSED },
  { "short-offer", { OCTETS ("\001\000\000") }, PROTOCOL, "another length", 1, CLOSED },
  { "long-offer", { OCTETS ("\001\000\000\000user") }, PROTOCOL, "another length", 1, CLOSED },
  { "empty-offer", { OCTETS ("") }, PROTOCOL, "another length", 1, CLOSED },
  { "spoilt-offer", { NONE, .spoils_offer = TRUE }, PROTOCOL, "Kerberos", 1, CLOSED },
  { "unwrapped-offer", { NONE, .layers = "334 AQAAAA==" }, PROTOCOL, "Kerberos", 1, CLOSED },
  { "no-offer", { NONE, .layers = "334 " }, PROTOCOL, "Kerberos", 1, CLOSED },

  { "spoilt-token", { NONE, .spoils_token = TRUE }, PROTOCOL, "Kerberos", 1, CLOSED },
  { "garbage", { NONE, .token = "334 Z2FyYmFnZQ==" }, PROTOCOL, "Kerberos", 1, CLOSED },
  { "empty-token", { NONE, .token = "334 " }, PROTOCOL, "Kerberos", 1, CLOSED },
  { "token-not-base64", { NONE, .token = "334 ?" }, PROTOCOL, "base64", 1, CLOSED },
  { "one-more", { NONE, .last = "334 AQAAAA==" }, PROTOCOL, "does not have", 1, CLOSED },

  /* Whoever accepts anything has no key. */
  { "success-at-once", { NONE, .token = "235 2.7.0 welcome" }, PROTOCOL, "not proved", 0, BROKEN },
  { "success-without-offer", { NONE, .layers = "235 2.7.0 welcome" }, PROTOCOL, "not proved", 0, BROKEN },

  { "refused-at-once", { NONE, .token = "535 5.7.8 no" }, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535", 0, CLOSED },
  { "refused", { NONE, .last = "535 5.7.8 no" }, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535", 0, CLOSED },
  { "not-now", { NONE, .last = "454 4.7.0 no" }, SMTP_CLIENT_ERROR_AUTH_TEMPORARY, "454", 0, CLOSED },
};

static void
open_peer (Fixture    *f,
           GssapiPeer *peer)
{
  gssapi_peer_start (peer);
  make_client (f, peer->port, KERBEROS_SERVER);
}

static void
end_peer (Fixture    *f,
          GssapiPeer *peer)
{
  smtp_client_close (f->client);
  gssapi_peer_join (peer);
}

/* No layer, no size, and who we want to be; not encrypted, nothing
 * delegated. */
static void
check_choice (GssapiPeer *peer,
              const char *initiator,
              const char *identity)
{
  gsize length;
  const char *choice = g_bytes_get_data (peer->choice, &length);

  g_assert_cmpstr (peer->initiator, ==, initiator);
  g_assert_cmpmem (choice, MIN (length, 4), "\001\000\000\000", 4);
  g_assert_cmpmem (choice + 4, length - 4, identity, strlen (identity));
  g_assert_false (peer->choice_encrypted);
  g_assert_false (peer->delegated);
}

static void
test_dialogue (Fixture *f)
{
  const Dialogue *row = f->row;
  g_auto (GssapiPeer) peer = row->peer;
  g_autoptr (SmtpAuth) auth = new_gssapi (NULL);

  use_ticket (KERBEROS_USER);
  open_peer (f, &peer);
  x_authenticate (f, auth);
  expect_state (f, row->state);
  g_assert_cmpint (smtp_client_get_authenticated (f->client), ==, row->code == -1);
  end_peer (f, &peer);
  g_assert_cmpuint (peer.n_auths, ==, 1);
  g_assert_cmpuint (peer.n_aborts, ==, row->n_aborts);
  if (row->code == -1)
    {
      g_assert_no_error (f->error);
      check_choice (&peer, PRINCIPAL, "");
      return;
    }

  g_test_message ("%s", f->error->message);
  g_assert_nonnull (strstr (f->error->message, KERBEROS_SERVER));
  expect_error (f, SMTP_CLIENT_ERROR, row->code, row->part);
}

/* A server without the key says so in a token. */
static void
test_error_token (Fixture *f)
{
  g_auto (GssapiPeer) peer = { NONE };
  g_autoptr (SmtpAuth) auth = new_gssapi (NULL);

  g_object_set (auth, "service-name", KERBEROS_OTHER_SERVICE, NULL);
  use_ticket (KERBEROS_USER);
  open_peer (f, &peer);
  x_authenticate (f, auth);
  g_test_message ("%s", f->error->message);
  expect_error (f, SMTP_CLIENT_ERROR, PROTOCOL, "Kerberos");
  end_peer (f, &peer);
  g_assert_null (peer.initiator);
}

/* ---- who --------------------------------------------------------------------------- */

typedef struct
{
  const char *name;
  const char *username;
  const char *identity;
  const char *initiator;
  const char *authorized;
} Who;

static const Who whos[] = {
  { "default", NULL, NULL, "user", "" },
  { "username", "boss", NULL, "boss", "" },
  { "with-realm", "boss@" KERBEROS_REALM, NULL, "boss", "" },
  { "identity", NULL, "the boss \303\274", "user", "the boss \303\274" },
  { "both", "boss", "office", "boss", "office" },
  { "empty", "", "", "user", "" },
};

static void
test_who (Fixture *f)
{
  static const char * const tickets[] = { KERBEROS_USER, KERBEROS_BOSS, NULL };
  const Who *row = f->row;
  g_auto (GssapiPeer) peer = { NONE };
  g_autoptr (SmtpCredentials) credentials = smtp_credentials_new (row->username, NULL);
  g_autoptr (SmtpAuth) auth = new_gssapi (credentials);
  g_autofree char *initiator = g_strconcat (row->initiator, "@", KERBEROS_REALM, NULL);

  smtp_credentials_set_identity (credentials, row->identity);
  kerberos_use_tickets (kerberos, tickets);
  open_peer (f, &peer);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  end_peer (f, &peer);
  check_choice (&peer, initiator, row->authorized);
}

/* ---- the KDC ------------------------------------------------------------------------ */

static void
test_kdc_stopped (Fixture *f)
{
  static const Unusable stopped = {
    NULL, KERBEROS_USER, .code = UNAVAILABLE, .part = "Cannot contact any KDC",
  };
  g_autoptr (GError) error = NULL;

  kerberos_stop_kdc (kerberos);
  check_unusable (f, &stopped, TRUE);
  kerberos_start_kdc (kerberos, &error);
  g_assert_no_error (error);
}

/* The ticket for the server is there already. */
static void
test_kdc_not_needed (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = new_gssapi (NULL);
  g_autoptr (GError) error = NULL;

  open_kerberized (f);
  sign_in (f, auth, LOGIN, "GSSAPI");
  leave (f);
  g_clear_object (&f->client);

  kerberos_stop_kdc (kerberos);
  open_dovecot (f);
  x_authenticate (f, auth);
  kerberos_start_kdc (kerberos, &error);
  g_assert_no_error (error);
  g_assert_no_error (f->error);
}

/* The threads that were left behind end when they have their ticket. */
static void
wake_kdc (void)
{
  gint64 deadline = g_get_monotonic_time () + TIMEOUT_SECONDS * G_TIME_SPAN_SECOND;

  kerberos_wake_kdc (kerberos);
  while (!kerberos_has_grown (kerberos, KERBEROS_USER) && g_get_monotonic_time () < deadline)
    g_usleep (1000);
  g_assert_true (kerberos_has_grown (kerberos, KERBEROS_USER));
}

static void
open_silent (Fixture *f)
{
  use_ticket (KERBEROS_USER);
  open_capture (f, "GSSAPI PLAIN", KERBEROS_SERVER);
  kerberos_silence_kdc (kerberos);
}

typedef struct
{
  guint         n;
  guint         last;
  gint64        cancelled; /* when */
  GCancellable *cancellable;
} Ticks;

static gboolean
on_tick (gpointer data)
{
  Ticks *ticks = data;

  if (++ticks->n == ticks->last)
    {
      ticks->cancelled = g_get_monotonic_time ();
      g_cancellable_cancel (ticks->cancellable);
    }
  return G_SOURCE_CONTINUE;
}

/* While the KDC is silent the program goes on, and may have enough of it at any
 * time. The KDC is asked for longer than the ticks take; if the call waited for
 * it, the error would be another. */
static void
test_does_not_block (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = new_gssapi (NULL);
  Ticks ticks = { .last = 100 };
  guint timer;

  open_silent (f);
  f->cancellable = g_cancellable_new ();
  ticks.cancellable = f->cancellable;
  timer = g_timeout_add (1, on_tick, &ticks);
  x_authenticate (f, auth);
  g_source_remove (timer);
  g_test_message ("%u ticks, ended %d µs after the last", ticks.n,
                  (int) (g_get_monotonic_time () - ticks.cancelled));
  g_assert_cmpuint (ticks.n, >=, ticks.last);
  g_assert_cmpuint (ticks.n, <, ticks.last + 10);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, KERBEROS_SERVER);
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
  wake_kdc ();
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (50 * 1000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* Nothing of the program is held by a thread that was left behind: what has
 * been told to the program's context meanwhile is all there is. */
static void
expect_gone (SmtpAuth *auth)
{
  g_object_add_weak_pointer (G_OBJECT (auth), (gpointer *) &auth);
  g_object_unref (auth);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (auth);
}

/* In either form, from another thread. The object is used again while the
 * thread of the first time may still be there. */
static void
test_cancelled (Fixture *f)
{
  SmtpAuth *auth = new_gssapi (NULL);
  GThread *thread;

  open_silent (f);
  f->cancellable = g_cancellable_new ();
  thread = g_thread_new ("cancel", cancel_soon, f->cancellable);
  x_authenticate (f, auth);
  g_thread_join (thread);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);

  kerberos_wake_kdc (kerberos);
  g_clear_object (&f->cancellable);
  g_clear_object (&f->client);
  open_kerberized (f);
  sign_in (f, auth, LOGIN, "GSSAPI");
  leave (f);
  expect_gone (auth);
}

static void
test_timed_out (Fixture *f)
{
  SmtpAuth *auth = new_gssapi (NULL);

  open_silent (f);
  smtp_client_set_timeout (f->client, 1);
  smtp_client_set_stay_open_after_refusal (f->client, TRUE);
  x_authenticate (f, auth);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, KERBEROS_SERVER);
  expect_gone (auth);
  check_unused (f, TRUE);
  wake_kdc ();
}

typedef struct
{
  Fixture  *f;
  SmtpAuth *auth;
} Call;

static gpointer
authenticate (gpointer data)
{
  Call *call = data;

  smtp_client_authenticate (call->f->client, call->auth, NULL, &call->f->error);
  return NULL;
}

/* The thread that called is gone, and its context, before the KDC answers. */
static void
test_thread (Fixture *f)
{
  Call call = { f, new_gssapi (NULL) };

  open_silent (f);
  smtp_client_set_timeout (f->client, 1);
  g_thread_join (g_thread_new ("call", authenticate, &call));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, KERBEROS_SERVER);
  expect_gone (call.auth);
  wake_kdc ();
}

static void
test_closed (Fixture *f)
{
  SmtpAuth *auth = new_gssapi (NULL);

  open_silent (f);
  g_idle_add_once ((GSourceOnceFunc) (void (*) (void)) smtp_client_close, f->client);
  x_authenticate (f, auth);
  g_clear_error (&f->error);
  g_assert_cmpuint (count_commands (f, "AUTH"), ==, 0);
  expect_gone (auth);
  wake_kdc ();
}

/* ---- the module ---------------------------------------------------------------------- */

static void
test_module (void)
{
  static const char * const wanted[] = { "g_io_module_load", "g_io_module_unload", "g_io_module_query" };
  static const char * const hidden[] = { "smtp_gssapi_auth_get_type", "smtp_gssapi_step", "smtp_text_is_plain" };
  g_autofree char *path = g_build_filename (g_getenv ("SMTP_MODULE_DIR"), "libsmtpgssapi.so", NULL);
  GModule *module = g_module_open (path, G_MODULE_BIND_LOCAL | G_MODULE_BIND_LAZY);
  g_auto (GStrv) points = NULL;
  gpointer symbol;

  g_assert_nonnull (module);
  for (guint i = 0; i < G_N_ELEMENTS (hidden); i++)
    g_assert_false (g_module_symbol (module, hidden[i], &symbol));
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    g_assert_true (g_module_symbol (module, wanted[i], &symbol));

  points = ((char **(*) (void)) symbol) ();
  g_assert_cmpstr (points[0], ==, SMTP_AUTH_EXTENSION_POINT_NAME);
  g_assert_null (points[1]);
  g_module_close (module);
}

static void
test_service_name (void)
{
  g_autoptr (SmtpAuth) auth = new_gssapi (NULL);
  static const struct { const char *set, *got; } names[] = {
    { "submission", "submission" },
    { NULL, "smtp" },
  };
  g_autofree char *first = NULL;

  g_object_get (auth, "service-name", &first, NULL);
  g_assert_cmpstr (first, ==, "smtp");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *name = NULL;

      g_object_set (auth, "service-name", names[i].set, NULL);
      g_object_get (auth, "service-name", &name, NULL);
      g_assert_cmpstr (name, ==, names[i].got);
    }
}

/* Below what proves a password, above what says one. */
static void
test_strength (void)
{
  g_auto (GStrv) names = smtp_auth_list_mechanisms ();
  g_autofree char *list = g_strjoinv (" ", names);

  g_assert_nonnull (strstr (list, "XOAUTH2 GSSAPI CRAM-MD5"));
}

/* ---- running ---------------------------------------------------------------------------- */

static void
add_rows (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++)
    {
      g_autofree char *path = g_strconcat ("/interop/gssapi/choice/", choices[i].name, NULL);

      add_row_scenario (path, test_choice, &choices[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (unusables); i++)
    {
      g_autofree char *path = g_strconcat ("/interop/gssapi/unusable/", unusables[i].name, NULL);

      add_row_scenario (path, test_unusable, &unusables[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (dialogues); i++)
    {
      g_autofree char *path = g_strconcat ("/interop/gssapi/dialogue/", dialogues[i].name, NULL);

      add_row_scenario (path, test_dialogue, &dialogues[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (whos); i++)
    {
      g_autofree char *path = g_strconcat ("/interop/gssapi/who/", whos[i].name, NULL);

      add_row_scenario (path, test_who, &whos[i]);
    }
}

static void
add_scenarios (void)
{
  g_test_add_func ("/interop/gssapi/module", test_module);
  g_test_add_func ("/interop/gssapi/service-name", test_service_name);
  g_test_add_func ("/interop/gssapi/strength", test_strength);
  add_scenario ("/interop/gssapi/dovecot/success", test_dovecot);
  add_scenario ("/interop/gssapi/dovecot/again", test_dovecot_again);
  add_scenario ("/interop/gssapi/dovecot/identity", test_dovecot_identity);
  add_scenario ("/interop/gssapi/dovecot/other-identity", test_dovecot_other_identity);
  add_scenario ("/interop/gssapi/dovecot/other-service", test_dovecot_other_service);
  add_rows ();
  add_scenario ("/interop/gssapi/unusable/ends", test_unusable_ends);
  add_scenario ("/interop/gssapi/dialogue/error-token", test_error_token);
  add_scenario ("/interop/gssapi/kdc/stopped", test_kdc_stopped);
  add_scenario ("/interop/gssapi/kdc/not-needed", test_kdc_not_needed);
  add_async_scenario ("/interop/gssapi/kdc/does-not-block", test_does_not_block, NULL);
  add_scenario ("/interop/gssapi/kdc/cancelled", test_cancelled);
  add_scenario ("/interop/gssapi/kdc/timed-out", test_timed_out);
  add_async_scenario ("/interop/gssapi/kdc/thread", test_thread, NULL);
  add_async_scenario ("/interop/gssapi/kdc/closed", test_closed, NULL);
}

/* To some of Kerberos, a ticket is good in the second of its end. */
static void
wait_for_expiry (void)
{
  gint64 deadline = g_get_monotonic_time () + TIMEOUT_SECONDS * G_TIME_SPAN_SECOND;
  gint64 second;

  while (!kerberos_has_expired (kerberos, "expired") && g_get_monotonic_time () < deadline)
    g_usleep (10000);
  g_assert_true (kerberos_has_expired (kerberos, "expired"));
  second = g_get_real_time () / G_USEC_PER_SEC;
  while (g_get_real_time () / G_USEC_PER_SEC == second)
    g_usleep (10000);
}

static gboolean
get_tickets (GError **error)
{
  if (!kerberos_get_ticket (kerberos, KERBEROS_USER, "1s", "expired", error) ||
      !kerberos_get_ticket (kerberos, KERBEROS_USER, "30m", KERBEROS_USER, error) ||
      !kerberos_get_ticket (kerberos, KERBEROS_BOSS, "30m", KERBEROS_BOSS, error))
    return FALSE;

  wait_for_expiry ();
  return TRUE;
}

static char *
find_missing (void)
{
  char *missing = kerberos_missing ();

  if (missing == NULL && !g_file_test (DOVECOT_GSSAPI, G_FILE_TEST_EXISTS))
    missing = g_strdup ("Dovecot's GSSAPI is not installed");
  return missing;
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *missing = find_missing ();
  g_autoptr (GError) error = NULL;
  int status = EXIT_FAILURE;

  if (missing != NULL)
    return report_instead (argc, argv, "/interop/gssapi", is_ci (), missing);

  kerberos = kerberos_start (&error);
  if (kerberos != NULL && get_tickets (&error))
    status = run_with_dovecot (argc, argv, "/interop/gssapi", add_scenarios);
  if (kerberos != NULL && status != 0)
    kerberos_print_log (kerberos);
  g_clear_pointer (&kerberos, kerberos_stop);

  return error == NULL ? status : report_instead (argc, argv, "/interop/gssapi", TRUE, error->message);
}
