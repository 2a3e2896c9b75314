/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* SCRAM with channel binding against a second implementation of the server's
 * side, by GLib alone. It has what GNU SASL lacks: SHA-512, and a say in which
 * kind of binding it knows. */

#include "fixture.h"

#include <string.h>

#include "smtp-test-certificate.h"

#define PASSWORD "secret"
#define ITERATIONS 4096
#define LONGEST 64 /* octets of a digest */

typedef struct
{
  const char            *known;      /* the kinds of binding, each with a comma */
  const char            *offer;
  gboolean               another;    /* the channel is not the client's */

  SmtpTestIdentity      *identity;
  GSocketListener       *listener;
  guint16                port;
  GThread               *thread;
  GTlsConnection        *tls;
  GDataInputStream      *in;

  /* the exchange */
  GChecksumType          hash;
  char                  *first_bare;
  char                  *gs2_header;
  char                  *server_first;
  GTlsChannelBindingType type;
  GString               *tried;      /* mechanisms and headers */
} Verifier;

static const struct
{
  const char            *name;
  GTlsChannelBindingType type;
} types[] = {
  { "tls-unique", G_TLS_CHANNEL_BINDING_TLS_UNIQUE },
  { "tls-exporter", G_TLS_CHANNEL_BINDING_TLS_EXPORTER },
  { "tls-server-end-point", G_TLS_CHANNEL_BINDING_TLS_SERVER_END_POINT },
};

/* ---- RFC 5802 §3 ---------------------------------------------------------------- */

static gsize
get_length (Verifier *self)
{
  return g_checksum_type_get_length (self->hash);
}

static void
mac (Verifier      *self,
     const void    *key,
     gsize          key_length,
     const void    *data,
     gsize          length,
     guint8        *digest)
{
  g_autoptr (GHmac) hmac = g_hmac_new (self->hash, key, key_length);
  gsize size = LONGEST;

  g_hmac_update (hmac, data, length);
  g_hmac_get_digest (hmac, digest, &size);
}

/* Hi (): one block of PBKDF2. */
static void
salt_password (Verifier   *self,
               const char *salt,
               guint8     *salted)
{
  g_autofree char *begin = g_strconcat (salt, "0001", NULL);
  gsize length = strlen (salt);
  guint8 u[LONGEST];

  memcpy (begin + length, "\0\0\0\1", 4);
  mac (self, PASSWORD, strlen (PASSWORD), begin, length + 4, u);
  memcpy (salted, u, get_length (self));
  for (guint i = 1; i < ITERATIONS; i++)
    {
      mac (self, PASSWORD, strlen (PASSWORD), u, get_length (self), u);
      for (gsize j = 0; j < get_length (self); j++)
        salted[j] ^= u[j];
    }
}

/* Whether the proof is that of the password; and the server's own. */
static gboolean
verify (Verifier   *self,
        const char *auth_message,
        const char *proof,
        char      **server_final)
{
  guint8 salted[LONGEST], client_key[LONGEST], stored_key[LONGEST], signature[LONGEST], server_key[LONGEST];
  gsize length = get_length (self), proof_length, size = LONGEST;
  g_autofree guchar *claimed = g_base64_decode (proof, &proof_length);
  g_autoptr (GChecksum) checksum = g_checksum_new (self->hash);
  g_autofree char *encoded = NULL;
  gboolean right = proof_length == length;

  salt_password (self, "pinch", salted);
  mac (self, salted, length, "Client Key", 10, client_key);
  g_checksum_update (checksum, client_key, length);
  g_checksum_get_digest (checksum, stored_key, &size);
  mac (self, stored_key, length, auth_message, strlen (auth_message), signature);
  for (gsize i = 0; right && i < length; i++)
    right = claimed[i] == (client_key[i] ^ signature[i]);

  mac (self, salted, length, "Server Key", 10, server_key);
  mac (self, server_key, length, auth_message, strlen (auth_message), signature);
  encoded = g_base64_encode (signature, length);
  *server_final = g_strconcat ("v=", encoded, NULL);
  return right;
}

/* ---- the dialogue ---------------------------------------------------------------- */

static void
say (Verifier   *self,
     const char *line)
{
  g_autofree char *terminated = g_strconcat (line, "\r\n", NULL);

  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (self->tls)),
                             terminated, strlen (terminated), NULL, NULL, NULL);
}

static void
challenge (Verifier   *self,
           const char *text)
{
  g_autofree char *encoded = g_base64_encode ((const guchar *) text, strlen (text));
  g_autofree char *line = g_strconcat ("334 ", encoded, NULL);

  say (self, line);
}

static char *
decode (const char *text)
{
  gsize length;
  g_autofree guchar *data = g_base64_decode (text, &length);

  return g_strndup ((const char *) data, length);
}

static gboolean
knows (Verifier *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autofree char *header = g_strconcat ("p=", types[i].name, ",,", NULL);
      g_autofree char *word = g_strconcat (types[i].name, ",", NULL);

      self->type = types[i].type;
      if (g_str_equal (header, self->gs2_header))
        return strstr (self->known, word) != NULL;
    }

  return FALSE;
}

static void
take_auth (Verifier   *self,
           const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 3);
  g_autofree char *first = decode (words[2]);
  const char *bare = strstr (first, "n=user,r=");

  g_assert_nonnull (bare);
  self->hash = strstr (words[1], "512") != NULL ? G_CHECKSUM_SHA512
               : strstr (words[1], "256") != NULL ? G_CHECKSUM_SHA256 : G_CHECKSUM_SHA1;
  g_free (self->first_bare);
  g_free (self->gs2_header);
  g_free (self->server_first);
  self->first_bare = g_strdup (bare);
  self->gs2_header = g_strndup (first, bare - first);
  self->server_first = g_strdup_printf ("r=%sverifier,s=cGluY2g=,i=%d", bare + strlen ("n=user,r="), ITERATIONS);
  g_string_append_printf (self->tried, "%s %s ", words[1], self->gs2_header);
  challenge (self, knows (self) ? self->server_first : "e=unsupported-channel-binding-type");
}

/* c= must be the header and the data of the channel. */
static gboolean
is_bound (Verifier   *self,
          const char *client_final)
{
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autofree char *encoded = NULL;
  g_autofree char *attribute = NULL;

  g_tls_connection_get_channel_binding_data (self->tls, self->type, data, NULL);
  g_assert_cmpuint (data->len, >, 0);
  data->data[0] ^= self->another;
  g_byte_array_append (expected, (const guint8 *) self->gs2_header, strlen (self->gs2_header));
  g_byte_array_append (expected, data->data, data->len);
  encoded = g_base64_encode (expected->data, expected->len);
  attribute = g_strconcat ("c=", encoded, ",", NULL);
  return g_str_has_prefix (client_final, attribute);
}

static void
take_response (Verifier   *self,
               const char *line)
{
  g_autofree char *client_final = decode (line);
  g_autofree char *auth_message = NULL;
  g_autofree char *server_final = NULL;
  char *proof = strstr (client_final, ",p=");

  if (proof == NULL)
    {
      say (self, "235 2.7.0 welcome");
      return;
    }

  *proof = '\0';
  auth_message = g_strjoin (",", self->first_bare, self->server_first, client_final, NULL);
  if (!is_bound (self, client_final))
    challenge (self, "e=channel-bindings-dont-match");
  else if (!verify (self, auth_message, proof + strlen (",p="), &server_final))
    challenge (self, "e=invalid-proof");
  else
    challenge (self, server_final);
}

static void
take_line (Verifier   *self,
           const char *line)
{
  g_autofree char *greeting = g_strdup_printf ("250-verifier.example\r\n250 AUTH %s", self->offer);

  if (g_str_has_prefix (line, "EHLO"))
    say (self, greeting);
  else if (g_str_has_prefix (line, "AUTH "))
    take_auth (self, line);
  else if (g_str_equal (line, "*"))
    say (self, "501 5.7.0 as you like");
  else if (g_str_equal (line, "QUIT"))
    say (self, "221 bye");
  else
    take_response (self, line);
}

static gpointer
run_verifier (gpointer data)
{
  Verifier *self = data;
  g_autoptr (GSocketConnection) connection = g_socket_listener_accept (self->listener, NULL, NULL, NULL);
  g_autoptr (GIOStream) tls = g_tls_server_connection_new (G_IO_STREAM (connection),
                                                           self->identity->certificate, NULL);
  g_autoptr (GDataInputStream) in = NULL;
  char *line;

  self->tls = G_TLS_CONNECTION (tls);
  g_tls_connection_set_require_close_notify (self->tls, FALSE);
  in = g_data_input_stream_new (g_io_stream_get_input_stream (tls));
  g_data_input_stream_set_newline_type (in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  say (self, "220 verifier.example");
  while ((line = g_data_input_stream_read_line (in, NULL, NULL, NULL)) != NULL)
    {
      take_line (self, line);
      g_free (line);
    }
  return NULL;
}

static gboolean
accept_any (SmtpClient           *client,
            GTlsCertificate      *certificate,
            GTlsCertificateFlags  errors,
            gpointer              user_data)
{
  return TRUE;
}

static void
open_verifier (Fixture  *f,
               Verifier *verifier)
{
  const char *names[] = { "127.0.0.1", NULL };

  verifier->tried = g_string_new (NULL);
  verifier->identity = smtp_test_identity_new ((char **) names, FALSE, &f->error);
  g_assert_no_error (f->error);
  verifier->listener = g_socket_listener_new ();
  verifier->port = g_socket_listener_add_any_inet_port (verifier->listener, NULL, NULL);
  verifier->thread = g_thread_new ("verifier", run_verifier, verifier);
  f->client = smtp_client_new ("127.0.0.1", verifier->port, SMTP_SECURITY_TLS);
  smtp_client_set_timeout (f->client, 10);
  g_signal_connect (f->client, "accept-certificate", G_CALLBACK (accept_any), NULL);
  x_open (f);
  g_assert_no_error (f->error);
}

/* Ends the client, then the verifier, whose fields may be looked at from then
 * on. */
static void
end_verifier (Fixture  *f,
              Verifier *verifier)
{
  smtp_client_close (f->client);
  g_thread_join (verifier->thread);
}

static void
verifier_clear (Verifier *verifier)
{
  g_string_free (verifier->tried, TRUE);
  g_object_unref (verifier->listener);
  smtp_test_identity_unref (verifier->identity);
  g_free (verifier->first_bare);
  g_free (verifier->gs2_header);
  g_free (verifier->server_first);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Verifier, verifier_clear)

/* ---- the tests --------------------------------------------------------------------- */

/* What is tried when the server knows the last kind of binding, or none. One
 * run of this program has TLS 1.2 only, where there is one kind more. */
static char *
list_tries (const char *mechanism)
{
  GString *tries = g_string_new (NULL);

  if (g_getenv ("G_TLS_GNUTLS_PRIORITY") != NULL)
    g_string_append_printf (tries, "%s p=tls-unique,, ", mechanism);
  g_string_append_printf (tries, "%s p=tls-exporter,, ", mechanism);
  g_string_append_printf (tries, "%s p=tls-server-end-point,, ", mechanism);
  return g_string_free (tries, FALSE);
}

static const char *
get_first_type (void)
{
  return g_getenv ("G_TLS_GNUTLS_PRIORITY") != NULL ? "tls-unique" : "tls-exporter";
}

static const char * const hashes[] = { "SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS" };

static SmtpAuth *
make_auth (gboolean automatic)
{
  return automatic ? smtp_auto_auth_new ("user", PASSWORD) : smtp_scram_auth_new ("user", PASSWORD);
}

static void
check_hash (Fixture    *f,
            const char *known,
            gboolean    automatic,
            const char *expected)
{
  g_auto (Verifier) verifier = { .offer = f->row, .known = known };
  g_autoptr (SmtpAuth) auth = make_auth (automatic);

  open_verifier (f, &verifier);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
  g_assert_true (smtp_client_get_authenticated (f->client));
  end_verifier (f, &verifier);
  g_assert_cmpstr (verifier.tried->str, ==, expected);
}

static void
test_hash (Fixture *f)
{
  g_autofree char *expected = g_strdup_printf ("%s p=%s,, ", (const char *) f->row, get_first_type ());

  check_hash (f, "tls-unique,tls-exporter,", FALSE, expected);
}

/* The server does not know the better kind: the other one, and never none. */
static void
check_other_type (Fixture *f,
                  gboolean automatic)
{
  g_autofree char *expected = list_tries (f->row);

  check_hash (f, "tls-server-end-point,", automatic, expected);
}

static void
test_other_type (Fixture *f)
{
  check_other_type (f, FALSE);
}

static void
test_other_type_auto (Fixture *f)
{
  check_other_type (f, TRUE);
}

/* The server knows no kind at all, and offers everything else. */
static void
check_no_type (Fixture *f,
               gboolean automatic)
{
  g_auto (Verifier) verifier = {
    .offer = "SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-512 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN", .known = "",
  };
  g_autoptr (SmtpAuth) auth = make_auth (automatic);
  g_autofree char *expected = list_tries ("SCRAM-SHA-512-PLUS");

  open_verifier (f, &verifier);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "unsupported-channel-binding-type");
  end_verifier (f, &verifier);
  g_assert_cmpstr (verifier.tried->str, ==, expected);
}

static void
test_no_type (Fixture *f)
{
  check_no_type (f, FALSE);
}

static void
test_no_type_auto (Fixture *f)
{
  check_no_type (f, TRUE);
}

/* Somebody between the two has TLS with each of them. */
static void
test_another_channel (Fixture *f)
{
  g_auto (Verifier) verifier = {
    .offer = "SCRAM-SHA-512-PLUS SCRAM-SHA-512 PLAIN", .known = "tls-unique,tls-exporter,", .another = TRUE,
  };
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new ("user", PASSWORD);

  smtp_auto_auth_set_allow_fallback (SMTP_AUTO_AUTH (auth), TRUE);
  open_verifier (f, &verifier);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_DOWNGRADE, "dont-match");
  end_verifier (f, &verifier);
  g_assert_true (g_str_has_prefix (verifier.tried->str, "SCRAM-SHA-512-PLUS p="));
  g_assert_null (strstr (verifier.tried->str + 1, "SCRAM"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (hashes); i++)
    {
      g_autofree char *path = g_strconcat ("/scram-plus/hash/", hashes[i], NULL);

      add_row_scenario (path, test_hash, hashes[i]);
    }
  add_row_scenario ("/scram-plus/other-type", test_other_type, hashes[0]);
  add_row_scenario ("/scram-plus/other-type-auto", test_other_type_auto, hashes[0]);
  add_scenario ("/scram-plus/no-type", test_no_type);
  add_scenario ("/scram-plus/no-type-auto", test_no_type_auto);
  add_scenario ("/scram-plus/another-channel", test_another_channel);

  return g_test_run ();
}
