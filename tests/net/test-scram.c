/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fixture.h"

#include <gnutls/crypto.h>
#include <string.h>

/* ---- a server that says what it is told to -------------------------------- */

#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
#define FIRST(count) "r=%stheirs,s=" SALT ",i=" count
#define RIGHT "the signature, as it has to be"

/* The capture server has no SHA-512, and what it says is right. This one
 * serves one connection. */
typedef struct
{
  const char      *offer;   /* the mechanisms */
  const char      *first;   /* to the client's nonce; or a reply of its own */
  const char      *final;   /* RIGHT, a text to be encoded, or a reply */

  GSocketListener *listener;
  guint16          port;
  GThread         *thread;
  GDataInputStream *in;
  GOutputStream   *out;
  GString         *mechanisms; /* that were asked for, each with a space */
  char            *client_first;
  char            *server_first;
  guint            n_aborts;
} Peer;

static gboolean
is_reply (const char *text)
{
  return g_ascii_isdigit (text[0]) && g_ascii_isdigit (text[1]);
}

static void
say (Peer       *self,
     const char *line)
{
  g_autofree char *terminated = g_strconcat (line, "\r\n", NULL);

  g_output_stream_write_all (self->out, terminated, strlen (terminated), NULL, NULL, NULL);
}

static void
say_challenge (Peer       *self,
               const char *text)
{
  g_autofree char *encoded = g_base64_encode ((const guchar *) text, strlen (text));
  g_autofree char *line = g_strconcat ("334 ", encoded, NULL);

  say (self, is_reply (text) ? text : line);
}

static char *
decode (const char *text)
{
  gsize length;
  g_autofree guchar *data = g_base64_decode (text, &length);

  return g_strndup ((const char *) data, length);
}

static void
take_auth (Peer       *self,
           const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 3);
  const char *nonce;

  g_string_append_printf (self->mechanisms, "%s ", words[1]);
  g_free (self->client_first);
  self->client_first = decode (words[2]);
  nonce = strstr (self->client_first, ",r=") + strlen (",r=");
  g_free (self->server_first);
  self->server_first = strstr (self->first, "%s") != NULL
                       ? g_strconcat ("r=", nonce, self->first + strlen ("r=%s"), NULL) : g_strdup (self->first);
  say_challenge (self, self->server_first);
}

static GChecksumType
get_checksum (Peer *self)
{
  return strstr (self->mechanisms->str, "512") != NULL ? G_CHECKSUM_SHA512
         : strstr (self->mechanisms->str, "256") != NULL ? G_CHECKSUM_SHA256 : G_CHECKSUM_SHA1;
}

static void
glib_hmac (GChecksumType  type,
           const guint8  *key,
           const char    *text,
           guint8        *digest)
{
  gsize length = g_checksum_type_get_length (type);
  g_autoptr (GHmac) hmac = g_hmac_new (type, key, length);

  g_hmac_update (hmac, (const guchar *) text, -1);
  g_hmac_get_digest (hmac, digest, &length);
}

/* ServerSignature for the password "secret" (RFC 5802 §3). */
static char *
make_signature (Peer       *self,
                const char *client_final)
{
  GChecksumType type = get_checksum (self);
  gsize length = g_checksum_type_get_length (type), salt_length;
  g_autofree guchar *salt = g_base64_decode (SALT, &salt_length);
  const gnutls_datum_t password = { (guchar *) "secret", 6 }, with = { salt, salt_length };
  g_autofree char *unproven = g_strndup (client_final, strstr (client_final, ",p=") - client_final);
  g_autofree char *message = g_strjoin (",", strstr (self->client_first, "n="), self->server_first, unproven, NULL);
  g_autofree char *encoded = NULL;
  guint8 salted[64], key[64], signature[64];

  gnutls_pbkdf2 (length == 64 ? GNUTLS_MAC_SHA512 : length == 32 ? GNUTLS_MAC_SHA256 : GNUTLS_MAC_SHA1,
                 &password, &with, atoi (strstr (self->server_first, ",i=") + 3), salted, length);
  glib_hmac (type, salted, "Server Key", key);
  glib_hmac (type, key, message, signature);
  encoded = g_base64_encode (signature, length);
  return g_strconcat ("v=", encoded, NULL);
}

static void
take_response (Peer       *self,
               const char *line)
{
  g_autofree char *text = decode (line);
  g_autofree char *right = NULL;

  if (*text == '\0')
    {
      say (self, "235 2.7.0 welcome");
      return;
    }

  if (g_str_equal (self->final, RIGHT))
    right = make_signature (self, text);
  say_challenge (self, right != NULL ? right : self->final);
}

static void
take_line (Peer       *self,
           const char *line)
{
  g_autofree char *greeting = g_strdup_printf ("250-peer.example\r\n250 AUTH %s", self->offer);

  if (g_str_has_prefix (line, "EHLO"))
    say (self, greeting);
  else if (g_str_has_prefix (line, "AUTH "))
    take_auth (self, line);
  else if (g_str_equal (line, "*"))
    {
      self->n_aborts++;
      say (self, "501 5.7.0 as you like");
    }
  else if (g_str_equal (line, "QUIT"))
    say (self, "221 bye");
  else
    take_response (self, line);
}

static gpointer
run_peer (gpointer data)
{
  Peer *self = data;
  g_autoptr (GSocketConnection) connection = g_socket_listener_accept (self->listener, NULL, NULL, NULL);
  char *line;

  self->in = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  self->out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_data_input_stream_set_newline_type (self->in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  say (self, "220 peer.example");
  while ((line = g_data_input_stream_read_line (self->in, NULL, NULL, NULL)) != NULL)
    {
      take_line (self, line);
      g_free (line);
    }
  g_object_unref (self->in);
  return NULL;
}

/* Begins the peer, and opens a client of it. */
static void
open_peer (Fixture *f,
           Peer    *peer)
{
  peer->mechanisms = g_string_new (NULL);
  peer->listener = g_socket_listener_new ();
  peer->port = g_socket_listener_add_any_inet_port (peer->listener, NULL, NULL);
  peer->thread = g_thread_new ("peer", run_peer, peer);
  start_server (f);
  new_client (f, SMTP_SECURITY_NONE);
  g_object_unref (f->client);
  f->client = smtp_client_new ("127.0.0.1", peer->port, SMTP_SECURITY_NONE);
  smtp_client_set_timeout (f->client, 10);
  x_open (f);
  g_assert_no_error (f->error);
}

/* Ends the client, then the peer, whose fields may be looked at from then on. */
static void
end_peer (Fixture *f,
          Peer    *peer)
{
  smtp_client_close (f->client);
  g_thread_join (peer->thread);
  g_object_unref (peer->listener);
}

static void
peer_clear (Peer *peer)
{
  g_string_free (peer->mechanisms, TRUE);
  g_free (peer->client_first);
  g_free (peer->server_first);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Peer, peer_clear)

/* ---- the choice ------------------------------------------------------------ */

typedef struct
{
  const char *name;
  const char *offer;
  const char *chosen;
} Choice;

static const Choice choices[] = {
  { "sha-512", "PLAIN SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512 LOGIN", "SCRAM-SHA-512 " },
  { "sha-256", "SCRAM-SHA-256 SCRAM-SHA-1 SCRAM-SHA3-512", "SCRAM-SHA-256 " },
  { "sha-1", "SCRAM-SHA-1", "SCRAM-SHA-1 " },
  /* Without TLS there is nothing to bind to. */
  { "plus-in-clear", "SCRAM-SHA-512-PLUS SCRAM-SHA-1 SCRAM-SHA-256", "SCRAM-SHA-256 " },
};

static void
test_choice (Fixture *f)
{
  const Choice *choice = f->row;
  g_auto (Peer) peer = { .offer = choice->offer, .first = FIRST ("4096"), .final = RIGHT };
  g_autoptr (SmtpAuth) auth = smtp_scram_auth_new ("us,er", "secret");

  open_peer (f, &peer);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  g_assert_true (smtp_client_get_authenticated (f->client));
  end_peer (f, &peer);
  g_assert_cmpstr (peer.mechanisms->str, ==, choice->chosen);
  g_assert_true (g_str_has_prefix (peer.client_first, "n,,n=us=2Cer,r="));
}

typedef struct
{
  const char *name;
  const char *offer;
  const char *identity;
  const char *username;
  const char *password;
  int         code;
  const char *part;
} Unusable;

#define S "SCRAM-SHA-256"

static const Unusable unusables[] = {
  { "not-offered", "PLAIN", NULL, "user", "secret", SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "does not offer SCRAM" },
  { "unknown-hash", "SCRAM-SHA3-512", NULL, "user", "secret", SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "does not offer" },
  { "plus-only", S "-PLUS", NULL, "user", "secret", SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "channel binding only" },
  { "no-username", S, NULL, "", "secret", SMTP_CLIENT_ERROR_INVALID_ARGUMENT, "user name" },
  { "no-password", S, NULL, "user", "", SMTP_CLIENT_ERROR_INVALID_ARGUMENT, "password" },
  { "control-in-username", S, NULL, "us\ner", "secret", SMTP_CLIENT_ERROR_INVALID_ARGUMENT, "user name" },
  { "control-in-password", S, NULL, "user", "sec\001ret", SMTP_CLIENT_ERROR_INVALID_ARGUMENT, "password" },
  { "control-in-identity", S, "bo\rss", "user", "secret", SMTP_CLIENT_ERROR_INVALID_ARGUMENT, "identity" },
};

static void
test_unusable (Fixture *f)
{
  const Unusable *row = f->row;
  g_auto (Peer) peer = { .offer = row->offer, .first = FIRST ("4096"), .final = RIGHT };
  g_autoptr (SmtpAuth) auth = smtp_scram_auth_new_full (row->identity, row->username, row->password);

  open_peer (f, &peer);
  x_authenticate (f, auth);
  g_assert_null (strstr (f->error->message, "secret"));
  expect_error (f, SMTP_CLIENT_ERROR, row->code, row->part);
  end_peer (f, &peer);
  g_assert_cmpstr (peer.mechanisms->str, ==, "");
}

/* ---- a server that is not what it should be ---------------------------------- */

typedef struct
{
  const char      *name;
  const char      *first;
  const char      *final;
  int              code;
  const char      *part;
  guint            n_aborts;
  SmtpClientState  state;
} Dialogue;

#define WRONG "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static const Dialogue dialogues[] = {
  { "wrong-signature", FIRST ("4096"), WRONG,
    SMTP_CLIENT_ERROR_PROTOCOL, "signature", 1, SMTP_CLIENT_STATE_CLOSED },
  { "no-signature", FIRST ("4096"), "x=y",
    SMTP_CLIENT_ERROR_PROTOCOL, "signature", 1, SMTP_CLIENT_STATE_CLOSED },
  { "error", FIRST ("4096"), "e=invalid-proof",
    SMTP_CLIENT_ERROR_AUTH_REJECTED, "invalid-proof", 1, SMTP_CLIENT_STATE_CLOSED },
  { "error-at-once", "e=unknown-user", RIGHT,
    SMTP_CLIENT_ERROR_AUTH_REJECTED, "unknown-user", 1, SMTP_CLIENT_STATE_CLOSED },
  { "bindings-dont-match", FIRST ("4096"), "e=channel-bindings-dont-match",
    SMTP_CLIENT_ERROR_DOWNGRADE, "dont-match", 1, SMTP_CLIENT_STATE_CLOSED },
  { "refused", FIRST ("4096"), "535 5.7.8 no",
    SMTP_CLIENT_ERROR_AUTH_REJECTED, "535", 0, SMTP_CLIENT_STATE_CLOSED },
  { "not-now", FIRST ("4096"), "454 4.7.0 no",
    SMTP_CLIENT_ERROR_AUTH_TEMPORARY, "454", 0, SMTP_CLIENT_STATE_CLOSED },
  /* Whoever accepts anything does not know the password. */
  { "success-without-signature", FIRST ("4096"), "235 2.7.0 welcome",
    SMTP_CLIENT_ERROR_PROTOCOL, "not proved", 0, SMTP_CLIENT_STATE_BROKEN },
  { "success-at-once", "235 2.7.0 welcome", RIGHT,
    SMTP_CLIENT_ERROR_PROTOCOL, "not proved", 0, SMTP_CLIENT_STATE_BROKEN },
  { "other-nonce", "r=another,s=" SALT ",i=4096", RIGHT,
    SMTP_CLIENT_ERROR_PROTOCOL, "nonce", 1, SMTP_CLIENT_STATE_CLOSED },
  { "same-nonce", "r=%s,s=" SALT ",i=4096", RIGHT,
    SMTP_CLIENT_ERROR_PROTOCOL, "nonce", 1, SMTP_CLIENT_STATE_CLOSED },
  { "few-iterations", FIRST ("4095"), RIGHT,
    SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "4095", 1, SMTP_CLIENT_STATE_CLOSED },
  { "many-iterations", FIRST ("1000001"), RIGHT,
    SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "1000001", 1, SMTP_CLIENT_STATE_CLOSED },
  { "extension", FIRST ("4096,m=more"), RIGHT,
    SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "extension", 1, SMTP_CLIENT_STATE_CLOSED },
  { "empty", "334 ", RIGHT,
    SMTP_CLIENT_ERROR_PROTOCOL, "empty", 1, SMTP_CLIENT_STATE_CLOSED },
};

static void
test_dialogue (Fixture *f)
{
  const Dialogue *row = f->row;
  g_auto (Peer) peer = { .offer = "SCRAM-SHA-256", .first = row->first, .final = row->final };
  g_autoptr (SmtpAuth) auth = smtp_scram_auth_new ("user", "secret");

  open_peer (f, &peer);
  x_authenticate (f, auth);
  g_assert_nonnull (strstr (f->error->message, "127.0.0.1"));
  expect_error (f, SMTP_CLIENT_ERROR, row->code, row->part);
  g_assert_false (smtp_client_get_authenticated (f->client));
  expect_state (f, row->state);
  end_peer (f, &peer);
  g_assert_cmpuint (peer.n_aborts, ==, row->n_aborts);
}

/* However SCRAM ends, the automatic choice does not go on to what says the
 * password, not even when it may. */
static void
test_dialogue_auto (Fixture *f)
{
  const Dialogue *row = f->row;
  g_auto (Peer) peer = { .offer = "LOGIN PLAIN CRAM-MD5 SCRAM-SHA-256 SCRAM-SHA-1", .first = row->first, .final = row->final };
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new ("user", "secret");

  smtp_auto_auth_set_allow_fallback (SMTP_AUTO_AUTH (auth), TRUE);
  open_peer (f, &peer);
  x_authenticate (f, auth);
  g_assert_nonnull (f->error);
  g_clear_error (&f->error);
  g_assert_false (smtp_client_get_authenticated (f->client));
  end_peer (f, &peer);
  g_assert_cmpstr (peer.mechanisms->str, ==, "SCRAM-SHA-256 ");
}

/* ---- time --------------------------------------------------------------------- */

/* Half a second and more on most machines. */
#define LONG FIRST ("1000000")
#define SHA_512 "SCRAM-SHA-512"

static gint64
measure_derivation (void)
{
  const gnutls_datum_t text = { (guchar *) "secret", 6 };
  guint8 output[64];
  gint64 begin = g_get_monotonic_time ();

  gnutls_pbkdf2 (GNUTLS_MAC_SHA512, &text, &text, 1000000, output, sizeof output);
  return g_get_monotonic_time () - begin;
}

typedef struct
{
  gint64 last;
  gint64 longest;
  guint  n;
} Ticks;

static gboolean
on_tick (gpointer data)
{
  Ticks *ticks = data;
  gint64 now = g_get_monotonic_time ();

  if (ticks->last != 0)
    ticks->longest = MAX (ticks->longest, now - ticks->last);
  ticks->last = now;
  ticks->n++;
  return G_SOURCE_CONTINUE;
}

/* A program's own sources have their turn while the keys are derived. */
static void
test_does_not_block (Fixture *f)
{
  g_auto (Peer) peer = { .offer = SHA_512, .first = LONG, .final = "535 5.7.8 no" };
  g_autoptr (SmtpAuth) auth = smtp_scram_auth_new ("user", "secret");
  gint64 needed = measure_derivation ();
  Ticks ticks = { 0, };
  guint timer;

  open_peer (f, &peer);
  timer = g_timeout_add (1, on_tick, &ticks);
  x_authenticate (f, auth);
  g_source_remove (timer);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535");
  end_peer (f, &peer);
  g_test_message ("derived in %d ms, %u ticks, %d ms apart at most",
                  (int) (needed / 1000), ticks.n, (int) (ticks.longest / 1000));
  g_assert_cmpuint (ticks.n, >, 10);
  g_assert_cmpint (ticks.longest, <, needed / 2);
}

/* With the same salt and count, nothing is derived a second time. */
static void
test_keeps_keys (Fixture *f)
{
  g_auto (Peer) peer = { .offer = SHA_512, .first = LONG, .final = "535 5.7.8 no" };
  g_autoptr (SmtpAuth) auth = smtp_scram_auth_new ("user", "secret");
  gint64 needed = measure_derivation ();
  gint64 begin;

  open_peer (f, &peer);
  smtp_client_set_stay_open_after_refusal (f->client, TRUE);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535");
  begin = g_get_monotonic_time ();
  x_authenticate (f, auth);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, needed / 2);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535");
  end_peer (f, &peer);
  g_assert_cmpstr (peer.mechanisms->str, ==, "SCRAM-SHA-512 SCRAM-SHA-512 ");
}

static gboolean
cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

/* Perhaps from the thread that derived, which may be the last to let go. */
static void
on_gone (gpointer data,
         GObject *where_the_object_was)
{
  g_atomic_int_set ((int *) data, TRUE);
  g_main_context_wakeup (NULL);
}

/* The call ends at once, the thread when it is done; nothing is left. */
static void
test_cancelled (Fixture *f)
{
  g_auto (Peer) peer = { .offer = SHA_512, .first = LONG, .final = RIGHT };
  SmtpAuth *auth = smtp_scram_auth_new ("user", "secret");
  gint64 needed = measure_derivation ();
  gint64 begin;
  int gone = FALSE;

  open_peer (f, &peer);
  f->cancellable = g_cancellable_new ();
  g_timeout_add (20, cancel, f->cancellable);
  begin = g_get_monotonic_time ();
  x_authenticate (f, auth);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, needed);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, "127.0.0.1");
  expect_state (f, SMTP_CLIENT_STATE_BROKEN);
  end_peer (f, &peer);

  g_object_weak_ref (G_OBJECT (auth), on_gone, &gone);
  g_object_unref (auth);
  while (!g_atomic_int_get (&gone))
    g_main_context_iteration (NULL, TRUE);
}

/* ---- against GNU SASL ------------------------------------------------------- */

#ifdef HAVE_GSASL

static void
offer (Fixture    *f,
       const char *mechanisms)
{
  g_auto (GStrv) list = g_strsplit (mechanisms, " ", -1);

  g_object_set (f->server, "auth-mechanisms", list, NULL);
}

/* The client's first message, as the server was sent it. */
static char *
get_client_first (Fixture *f)
{
  g_auto (GStrv) commands = smtp_test_server_get_commands (f->server);

  for (guint i = 0; commands[i] != NULL; i++)
    if (g_str_has_prefix (commands[i], "AUTH "))
      return decode (strrchr (commands[i], ' ') + 1);

  g_assert_not_reached ();
}

static void
open_tls (Fixture *f)
{
  GTlsProtocolVersion version;

  g_object_set (f->server, "tls-mode", SMTP_TEST_TLS_IMPLICIT, NULL);
  start_server (f);
  new_client (f, SMTP_SECURITY_TLS);
  trust_server (f);
  x_open (f);
  g_assert_no_error (f->error);

  /* One run of this program has it restricted. */
  version = g_tls_connection_get_protocol_version (smtp_client_get_tls_connection (f->client));
  g_assert_cmpint (version, ==, g_getenv ("G_TLS_GNUTLS_PRIORITY") != NULL ? G_TLS_PROTOCOL_VERSION_TLS_1_2
                                                                          : G_TLS_PROTOCOL_VERSION_TLS_1_3);
}

static const char *
get_binding (void)
{
  return g_getenv ("G_TLS_GNUTLS_PRIORITY") != NULL ? "p=tls-unique,," : "p=tls-exporter,,";
}

typedef struct
{
  const char *name;
  gboolean    tls;
  const char *offer;
  const char *chosen;
  const char *header;   /* NULL: bound */
} Gsasl;

static const Gsasl gsasl[] = {
  { "sha-1", FALSE, "SCRAM-SHA-1", "AUTH SCRAM-SHA-1 ", "n,," },
  { "sha-256", FALSE, "SCRAM-SHA-1 SCRAM-SHA-256", "AUTH SCRAM-SHA-256 ", "n,," },
  { "in-clear", FALSE, "SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "AUTH SCRAM-SHA-256 ", "n,," },
  { "tls-sha-1", TRUE, "SCRAM-SHA-1", "AUTH SCRAM-SHA-1 ", "y,," },
  { "tls-sha-256", TRUE, "SCRAM-SHA-256 SCRAM-SHA-1", "AUTH SCRAM-SHA-256 ", "y,," },
  { "tls-sha-1-plus", TRUE, "SCRAM-SHA-1 SCRAM-SHA-1-PLUS", "AUTH SCRAM-SHA-1-PLUS ", NULL },
  { "tls-sha-256-plus", TRUE, "SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1 SCRAM-SHA-256",
    "AUTH SCRAM-SHA-256-PLUS ", NULL },
  /* Binding matters more than the hash. */
  { "tls-plus-first", TRUE, "SCRAM-SHA-1-PLUS SCRAM-SHA-1 SCRAM-SHA-256", "AUTH SCRAM-SHA-1-PLUS ", NULL },
};

static void
test_gsasl (Fixture *f)
{
  const Gsasl *row = f->row;
  g_autoptr (SmtpAuth) auth = smtp_scram_auth_new ("user", "secret");
  g_autofree char *first = NULL;

  offer (f, row->offer);
  if (row->tls)
    open_tls (f);
  else
    open_client (f);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  g_assert_true (smtp_client_get_authenticated (f->client));
  g_assert_cmpuint (count_commands (f, row->chosen), ==, 1);
  first = get_client_first (f);
  g_assert_true (g_str_has_prefix (first, row->header != NULL ? row->header : get_binding ()));
  g_assert_null (strstr (f->transcript->str, "n=user"));
}

static void
test_gsasl_wrong_password (Fixture *f)
{
  g_autoptr (SmtpAuth) wrong = smtp_scram_auth_new ("user", "wrong");
  g_autoptr (SmtpAuth) nobody = smtp_scram_auth_new ("nobody", "secret");
  g_autoptr (SmtpAuth) right = smtp_scram_auth_new ("user", "secret");

  offer (f, "SCRAM-SHA-256-PLUS SCRAM-SHA-256");
  open_tls (f);
  smtp_client_set_stay_open_after_refusal (f->client, TRUE);
  x_authenticate (f, wrong);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535");
  x_authenticate (f, nobody);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535");
  x_authenticate (f, right);
  g_assert_no_error (f->error);
}

/* Somebody between the two hides what is bound. The server offered it, the
 * client says that it saw none. */
static void
test_gsasl_stripped (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_scram_auth_new ("user", "secret");
  g_autofree char *first = NULL;

  offer (f, "SCRAM-SHA-256-PLUS SCRAM-SHA-256");
  smtp_test_server_script_reply_text (f->server, "EHLO", "250-test.example\r\n250 AUTH SCRAM-SHA-256");
  open_tls (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535");
  g_assert_false (smtp_client_get_authenticated (f->client));
  g_assert_cmpuint (count_commands (f, "AUTH SCRAM-SHA-256 "), ==, 1);
  first = get_client_first (f);
  g_assert_true (g_str_has_prefix (first, "y,,"));
}

typedef struct
{
  const char *name;
  const char *identity;
  const char *username;
  const char *password;
  const char *server_username;
  const char *server_password;
  const char *accepted;
} Names;

static const Names names[] = {
  { "identity", "the,boss", "user", "secret", "user", "secret", "the,boss" },
  { "escaped", NULL, "a,b=c", "secret", "a,b=c", "secret", "a,b=c" },
  { "spaces", NULL, "a user", " a secret ", "a user", " a secret ", "a user" },
  /* GNU SASL prepares by SASLprep: the same where the two profiles agree. */
  { "composed", NULL, "us\303\244r", "pa\314\210ss", "us\303\244r", "p\303\244ss", "us\303\244r" },
};

static void
test_gsasl_names (Fixture *f)
{
  const Names *row = f->row;
  g_autoptr (SmtpAuth) auth = smtp_scram_auth_new_full (row->identity, row->username, row->password);
  g_autoptr (SmtpTestMessage) message = NULL;
  g_autoptr (GOutputStream) stream = NULL;

  g_object_set (f->server, "username", row->server_username, "password", row->server_password, NULL);
  offer (f, "SCRAM-SHA-256");
  open_client (f);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  stream = begin_content (f);
  x_close (f, stream);
  g_assert_no_error (f->error);
  message = smtp_test_server_get_message (f->server, 0);
  g_assert_cmpstr (smtp_test_message_get_authenticated_as (message), ==, row->accepted);
}

/* A first message that is too long for the AUTH line goes behind a 334. */
static void
test_gsasl_long_name (Fixture *f)
{
  g_autofree char *name = g_strnfill (400, 'u');
  g_autoptr (SmtpAuth) auth = smtp_scram_auth_new (name, "secret");

  g_object_set (f->server, "username", name, NULL);
  offer (f, "SCRAM-SHA-256");
  open_client (f);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  g_assert_cmpuint (count_commands (f, "AUTH SCRAM-SHA-256"), ==, 1);
  g_assert_cmpuint (count_commands (f, "AUTH SCRAM-SHA-256 "), ==, 0);
}

static void
add_gsasl (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (gsasl); i++)
    {
      g_autofree char *path = g_strconcat ("/scram/gsasl/", gsasl[i].name, NULL);

      add_row_scenario (path, test_gsasl, &gsasl[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strconcat ("/scram/gsasl/names/", names[i].name, NULL);

      add_row_scenario (path, test_gsasl_names, &names[i]);
    }
  add_scenario ("/scram/gsasl/wrong-password", test_gsasl_wrong_password);
  add_scenario ("/scram/gsasl/stripped", test_gsasl_stripped);
  add_scenario ("/scram/gsasl/long-name", test_gsasl_long_name);
}

#else

static void
add_gsasl (void)
{
}

#endif

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (choices); i++)
    {
      g_autofree char *path = g_strconcat ("/scram/choice/", choices[i].name, NULL);

      add_row_scenario (path, test_choice, &choices[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (unusables); i++)
    {
      g_autofree char *path = g_strconcat ("/scram/unusable/", unusables[i].name, NULL);

      add_row_scenario (path, test_unusable, &unusables[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (dialogues); i++)
    {
      g_autofree char *path = g_strconcat ("/scram/dialogue/", dialogues[i].name, NULL);
      g_autofree char *auto_path = g_strconcat ("/scram/dialogue-auto/", dialogues[i].name, NULL);

      add_row_scenario (path, test_dialogue, &dialogues[i]);
      add_row_scenario (auto_path, test_dialogue_auto, &dialogues[i]);
    }
  add_async_scenario ("/scram/does-not-block", test_does_not_block, NULL);
  add_async_scenario ("/scram/cancelled", test_cancelled, NULL);
  add_scenario ("/scram/keeps-keys", test_keeps_keys);
  add_gsasl ();

  return g_test_run ();
}
