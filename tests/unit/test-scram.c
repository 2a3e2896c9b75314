/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <string.h>

#include "smtp-base64.h"
#include "smtp-error.h"
#include "smtp-scram.h"
#include "smtp-secret-memory.h"

#include "pieces.h"

/* ---- whole exchanges ------------------------------------------------------- */

#define NONCE_1 "fyko+d2lbbFgONRv9qkxdawL"
#define NONCE_256 "rOprNGfwEbeRWgbNEkqO"
#define WHOLE_256 NONCE_256 "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

static const struct
{
  SmtpScramHash  hash;
  const char    *nonce;
  const char    *client_first;
  const char    *server_first;
  const char    *client_final;
  const char    *server_final;
} exchanges[] = {
  /* RFC 5802 §5 */
  {
    SMTP_SCRAM_SHA_1, NONCE_1,
    "n,,n=user,r=" NONCE_1,
    "r=" NONCE_1 "3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    "c=biws,r=" NONCE_1 "3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
  },
  /* RFC 7677 §3 */
  {
    SMTP_SCRAM_SHA_256, NONCE_256,
    "n,,n=user,r=" NONCE_256,
    "r=" WHOLE_256 ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    "c=biws,r=" WHOLE_256 ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  },
  /* The same once more; worked out with Python's hashlib and hmac. */
  {
    SMTP_SCRAM_SHA_512, NONCE_256,
    "n,,n=user,r=" NONCE_256,
    "r=" WHOLE_256 ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    "c=biws,r=" WHOLE_256 ",p=gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==",
    "v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw==",
  },
};

static void
test_exchanges (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (exchanges); i++)
    {
      g_autoptr (SmtpScram) scram = smtp_scram_new (exchanges[i].hash, "n,,", NULL, "user", exchanges[i].nonce);
      g_autofree char *client_first = smtp_scram_client_first (scram);
      g_autoptr (SmtpSecretText) client_final = NULL;
      g_autoptr (SmtpScramKeys) keys = NULL;
      g_auto (SmtpScramFirst) first = { NULL, };
      g_autoptr (GError) error = NULL;

      g_assert_cmpstr (client_first, ==, exchanges[i].client_first);
      smtp_scram_parse_first (scram, exchanges[i].server_first, strlen (exchanges[i].server_first), &first, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (first.iterations, ==, 4096);
      keys = smtp_scram_keys_derive (exchanges[i].hash, "pencil", first.salt, first.iterations, &error);
      g_assert_no_error (error);
      client_final = smtp_scram_client_final (scram, &first, keys, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (client_final, ==, exchanges[i].client_final);
      smtp_scram_check_final (scram, exchanges[i].server_final, strlen (exchanges[i].server_final), &error);
      g_assert_no_error (error);
    }
}

static const guint8 salt_octets[] = { 0x41, 0x25, 0xc2, 0x47, 0xe4, 0x3a, 0xb1, 0xe9, 0x3c, 0x6d, 0xff, 0x76 };

static SmtpScramKeys *
derive (SmtpScramHash  hash,
        const char    *password)
{
  g_autoptr (GBytes) salt = g_bytes_new_static (salt_octets, sizeof salt_octets);
  g_autoptr (GError) error = NULL;
  SmtpScramKeys *keys = smtp_scram_keys_derive (hash, password, salt, 4096, &error);

  g_assert_no_error (error);
  return keys;
}

/* ---- keys ------------------------------------------------------------------ */

static void
test_keys_fit (void)
{
  g_autoptr (SmtpScramKeys) keys = derive (SMTP_SCRAM_SHA_256, "pencil");
  g_autoptr (GBytes) salt = g_bytes_new_static (salt_octets, sizeof salt_octets);
  g_autoptr (GBytes) shorter = g_bytes_new_static (salt_octets, sizeof salt_octets - 1);

  g_assert_true (smtp_scram_keys_fit (keys, SMTP_SCRAM_SHA_256, salt, 4096));
  g_assert_false (smtp_scram_keys_fit (keys, SMTP_SCRAM_SHA_1, salt, 4096));
  g_assert_false (smtp_scram_keys_fit (keys, SMTP_SCRAM_SHA_256, shorter, 4096));
  g_assert_false (smtp_scram_keys_fit (keys, SMTP_SCRAM_SHA_256, salt, 4097));
}

/* ---- an independent server --------------------------------------------------- */

/* The server's part as RFC 5802 §3 writes it, by the hashes of GLib. */
typedef struct
{
  GChecksumType checksum;
  gsize         length;
  guint8        client_key[SMTP_SCRAM_MAX_DIGEST];
  guint8        stored_key[SMTP_SCRAM_MAX_DIGEST];
  guint8        server_key[SMTP_SCRAM_MAX_DIGEST];
} Server;

static void
glib_hmac (Server       *server,
           gconstpointer key,
           gsize         key_length,
           gconstpointer text,
           gsize         length,
           guint8       *digest)
{
  g_autoptr (GHmac) hmac = g_hmac_new (server->checksum, key, key_length);
  gsize digest_length = server->length;

  g_hmac_update (hmac, text, length);
  g_hmac_get_digest (hmac, digest, &digest_length);
}

static void
server_init (Server        *server,
             SmtpScramHash  hash,
             const char    *password)
{
  const GChecksumType types[] = { G_CHECKSUM_SHA1, G_CHECKSUM_SHA256, G_CHECKSUM_SHA512 };
  g_autoptr (GByteArray) first = g_byte_array_new ();
  g_autoptr (GChecksum) checksum = g_checksum_new (types[hash]);
  guint8 salted[SMTP_SCRAM_MAX_DIGEST], turn[SMTP_SCRAM_MAX_DIGEST];
  gsize length;

  server->checksum = types[hash];
  server->length = length = g_checksum_type_get_length (types[hash]);
  g_byte_array_append (first, salt_octets, sizeof salt_octets);
  g_byte_array_append (first, (const guint8 *) "\0\0\0\1", 4);
  glib_hmac (server, password, strlen (password), first->data, first->len, turn);
  memcpy (salted, turn, length);
  for (guint i = 1; i < 4096; i++)
    {
      glib_hmac (server, password, strlen (password), turn, length, turn);
      for (gsize k = 0; k < length; k++)
        salted[k] ^= turn[k];
    }
  glib_hmac (server, salted, length, OCTETS ("Client Key"), server->client_key);
  glib_hmac (server, salted, length, OCTETS ("Server Key"), server->server_key);
  g_checksum_update (checksum, server->client_key, length);
  g_checksum_get_digest (checksum, server->stored_key, &length);
}

/* Verifies the client's proof, and returns server-final-message. */
static char *
server_verify (Server     *server,
               const char *client_first_bare,
               const char *server_first,
               const char *client_final)
{
  const char *p = strstr (client_final, ",p=");
  g_autofree char *unproven = g_strndup (client_final, p - client_final);
  g_autofree char *auth_message = g_strjoin (",", client_first_bare, server_first, unproven, NULL);
  g_autoptr (GChecksum) checksum = g_checksum_new (server->checksum);
  g_autofree guchar *key = NULL;
  g_autofree char *encoded = NULL;
  guint8 signature[SMTP_SCRAM_MAX_DIGEST], hashed[SMTP_SCRAM_MAX_DIGEST];
  gsize length, hashed_length = server->length;

  glib_hmac (server, server->stored_key, server->length, auth_message, strlen (auth_message), signature);
  key = g_base64_decode (p + strlen (",p="), &length);
  g_assert_cmpuint (length, ==, server->length);
  for (gsize i = 0; i < length; i++)
    key[i] ^= signature[i];
  g_checksum_update (checksum, key, length);
  g_checksum_get_digest (checksum, hashed, &hashed_length);
  g_assert_cmpmem (hashed, hashed_length, server->stored_key, server->length);

  glib_hmac (server, server->server_key, server->length, auth_message, strlen (auth_message), signature);
  encoded = g_base64_encode (signature, server->length);
  return g_strconcat ("v=", encoded, NULL);
}

static void
test_independent (void)
{
  const char *server_first = "r=ourstheirs,s=QSXCR+Q6sek8bf92,i=4096,x=an extension";

  for (SmtpScramHash hash = 0; hash < SMTP_SCRAM_N_HASHES; hash++)
    {
      g_autoptr (GBytes) binding = g_bytes_new_static (OCTETS ("\0binding\377"));
      g_autofree char *header = smtp_scram_gs2_header ("tls-unique", TRUE, "boss");
      g_autoptr (SmtpScram) scram = smtp_scram_new (hash, header, binding, "a,b=c", "ours");
      g_autoptr (SmtpScramKeys) keys = derive (hash, "p\303\244ss");
      g_auto (SmtpScramFirst) first = { NULL, };
      g_autoptr (GError) error = NULL;
      g_autofree char *client_first = smtp_scram_client_first (scram);
      g_autoptr (SmtpSecretText) client_final = NULL;
      g_autofree char *server_final = NULL;
      g_autofree char *c = g_base64_encode ((const guchar *) OCTETS ("p=tls-unique,a=boss,\0binding\377"));
      g_autofree char *expected = g_strdup_printf ("c=%s,r=ourstheirs,p=", c);
      Server server;

      g_assert_cmpstr (client_first, ==, "p=tls-unique,a=boss,n=a=2Cb=3Dc,r=ours");
      smtp_scram_parse_first (scram, server_first, strlen (server_first), &first, &error);
      g_assert_no_error (error);
      client_final = smtp_scram_client_final (scram, &first, keys, &error);
      g_assert_no_error (error);
      g_assert_true (g_str_has_prefix (client_final, expected));
      server_init (&server, hash, "p\303\244ss");
      server_final = server_verify (&server, "n=a=2Cb=3Dc,r=ours", server_first, client_final);
      smtp_scram_check_final (scram, server_final, strlen (server_final), &error);
      g_assert_no_error (error);
    }
}

/* ---- what a server may send instead ------------------------------------------ */

typedef struct
{
  const char *message;
  gsize       length;
  int         code;
  const char *part;    /* of the error's text */
} Refusal;

#define P SMTP_CLIENT_ERROR_PROTOCOL
#define U SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE
#define GOOD "r=ourstheirs,s=QSXCR+Q6sek8bf92,i="

static const Refusal bad_firsts[] = {
  { OCTETS (""), P, "empty" },
  { OCTETS ("r"), P, NULL },
  { OCTETS ("r="), P, NULL },
  { OCTETS ("r=ourstheirs"), P, "no nonce, salt and" },
  { OCTETS ("r=ourstheirs,"), P, NULL },
  { OCTETS ("r=ourstheirs,s=QSXCR+Q6sek8bf92"), P, "no nonce, salt and" },
  { OCTETS ("r=ourstheirs,s=QSXCR+Q6sek8bf92,"), P, NULL },
  { OCTETS (GOOD), P, NULL },
  { OCTETS (GOOD "4096,"), P, NULL },
  { OCTETS (GOOD "4096,x"), P, NULL },
  { OCTETS (GOOD "4096,x="), P, NULL },
  { OCTETS (GOOD "4096,9=x"), P, NULL },
  { OCTETS ("," GOOD "4096"), P, NULL },
  { OCTETS (GOOD "4096\0"), P, "UTF-8" },
  { OCTETS (GOOD "4096\377"), P, "UTF-8" },
  { OCTETS (GOOD "4096\r\n"), P, "not a number" },
  { OCTETS ("s=QSXCR+Q6sek8bf92,r=ourstheirs,i=4096"), P, "no nonce, salt and" },
  { OCTETS ("R=ourstheirs,S=QSXCR+Q6sek8bf92,I=4096"), P, "no nonce, salt and" },
  { OCTETS ("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), P, "no nonce, salt and" },
  /* the nonce */
  { OCTETS ("r=ours,s=QSXCR+Q6sek8bf92,i=4096"), P, "continue" },
  { OCTETS ("r=our,s=QSXCR+Q6sek8bf92,i=4096"), P, "continue" },
  { OCTETS ("r=theirsours,s=QSXCR+Q6sek8bf92,i=4096"), P, "continue" },
  { OCTETS ("r=OURStheirs,s=QSXCR+Q6sek8bf92,i=4096"), P, "continue" },
  { OCTETS ("r=ours theirs,s=QSXCR+Q6sek8bf92,i=4096"), P, "printable" },
  { OCTETS ("r=ours\001theirs,s=QSXCR+Q6sek8bf92,i=4096"), P, "printable" },
  { OCTETS ("r=ours\303\244,s=QSXCR+Q6sek8bf92,i=4096"), P, "printable" },
  /* the salt */
  { OCTETS ("r=ourstheirs,s=,i=4096"), P, NULL },
  { OCTETS ("r=ourstheirs,s=QSXCR+Q6sek8bf9,i=4096"), P, "base64" },
  { OCTETS ("r=ourstheirs,s=QSXCR-Q6sek8bf92,i=4096"), P, "base64" },
  { OCTETS ("r=ourstheirs,s=QSXC R+Q6sek8bf9,i=4096"), P, "base64" },
  { OCTETS ("r=ourstheirs,s=Zh==,i=4096"), P, "base64" },
  { OCTETS ("r=ourstheirs,s=====,i=4096"), P, "base64" },
  /* the count */
  { OCTETS (GOOD "1"), U, "1 iterations" },
  { OCTETS (GOOD "4095"), U, "4095 iterations" },
  { OCTETS (GOOD "1000001"), U, "1000001 iterations" },
  { OCTETS (GOOD "99999999999999999999999999999999"), U, "iterations" },
  { OCTETS (GOOD "4294971392"), U, "iterations" },            /* 2³² + 4096 */
  { OCTETS (GOOD "18446744073709555712"), U, "iterations" },  /* 2⁶⁴ + 4096 */
  { OCTETS (GOOD "0"), P, "not a number" },
  { OCTETS (GOOD "04096"), P, "not a number" },
  { OCTETS (GOOD "-4096"), P, "not a number" },
  { OCTETS (GOOD "+4096"), P, "not a number" },
  { OCTETS (GOOD " 4096"), P, "not a number" },
  { OCTETS (GOOD "4096 "), P, "not a number" },
  { OCTETS (GOOD "0x1000"), P, "not a number" },
  { OCTETS (GOOD "4096.0"), P, "not a number" },
  /* extensions that must not be passed over */
  { OCTETS ("m=new," GOOD "4096"), U, "extension" },
  { OCTETS (GOOD "4096,m=new"), U, "extension" },
  /* errors, early */
  { OCTETS ("e=unknown-user"), SMTP_CLIENT_ERROR_AUTH_REJECTED, "unknown-user" },
  { OCTETS ("e=server-does-support-channel-binding"), SMTP_CLIENT_ERROR_DOWNGRADE, "server-does-support" },
};

static SmtpScram *
new_scram (void)
{
  return smtp_scram_new (SMTP_SCRAM_SHA_1, "n,,", NULL, "user", "ours");
}

static void
expect_refusal (const Refusal *refusal,
                GError        *error)
{
  g_assert_error (error, SMTP_CLIENT_ERROR, refusal->code);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  if (refusal->part != NULL)
    g_assert_nonnull (strstr (error->message, refusal->part));
}

static void
test_bad_firsts (void)
{
  g_autoptr (SmtpScram) scram = new_scram ();

  for (gsize i = 0; i < G_N_ELEMENTS (bad_firsts); i++)
    {
      SmtpScramFirst first = { NULL, };
      g_autoptr (GError) error = NULL;
      /* So that reading beyond the end shows. */
      g_autofree char *copy = g_memdup2 (bad_firsts[i].message, bad_firsts[i].length);

      g_test_message ("row %" G_GSIZE_FORMAT, i);
      g_assert_false (smtp_scram_parse_first (scram, copy, bad_firsts[i].length, &first, &error));
      expect_refusal (&bad_firsts[i], error);
      g_assert_null (first.text);
      g_assert_null (first.nonce);
      g_assert_null (first.salt);
    }
}

/* Every beginning of a good message but the whole is refused. */
static void
test_truncated (void)
{
  const char *good = GOOD "65536";
  g_autoptr (SmtpScram) scram = new_scram ();

  for (gsize length = 0; length <= strlen (good); length++)
    {
      g_auto (SmtpScramFirst) first = { NULL, };
      g_autoptr (GError) error = NULL;
      g_autofree char *copy = g_memdup2 (good, length);
      gboolean result = smtp_scram_parse_first (scram, copy, length, &first, &error);

      /* "i=6553" is a count, too. */
      g_assert_cmpint (result, ==, length + 1 >= strlen (good));
      g_assert_cmpint (result, ==, error == NULL);
    }
}

static void
test_oversized (void)
{
  g_autoptr (SmtpScram) scram = new_scram ();

  for (gsize extra = 0; extra < 2; extra++)
    {
      const gsize fixed = strlen (GOOD "4096");
      g_autofree char *nonce = g_strnfill (SMTP_SCRAM_MAX_MESSAGE - fixed + extra, 'x');
      g_autofree char *message = g_strdup_printf ("r=ourstheirs%s,s=QSXCR+Q6sek8bf92,i=4096", nonce);
      g_auto (SmtpScramFirst) first = { NULL, };
      g_autoptr (GError) error = NULL;

      smtp_scram_parse_first (scram, message, strlen (message), &first, &error);
      if (extra == 0)
        g_assert_no_error (error);
      else
        g_assert_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL);
    }
}

static const struct
{
  const char *count;
  guint       iterations;
} counts[] = {
  { "4096", 4096 },
  { "10000", 10000 },
  { "1000000", 1000000 },
};

static void
test_counts (void)
{
  g_autoptr (SmtpScram) scram = new_scram ();

  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autofree char *message = g_strconcat (GOOD, counts[i].count, NULL);
      g_auto (SmtpScramFirst) first = { NULL, };
      g_autoptr (GError) error = NULL;

      smtp_scram_parse_first (scram, message, strlen (message), &first, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (first.iterations, ==, counts[i].iterations);
      g_assert_cmpstr (first.nonce, ==, "ourstheirs");
      g_assert_cmpmem (g_bytes_get_data (first.salt, NULL), g_bytes_get_size (first.salt),
                       salt_octets, sizeof salt_octets);
    }
}

static const Refusal bad_finals[] = {
  { OCTETS (""), P, "empty" },
  { OCTETS ("v"), P, NULL },
  { OCTETS ("v="), P, NULL },
  { OCTETS ("v=!"), P, "base64" },
  { OCTETS ("v=rmF9pqV8S7suAoZWja4dJRkFsKQ"), P, "base64" },
  { OCTETS ("v=rmF9pqV8S7suAoZWja4dJRkFsKR="), P, "base64" },       /* bits left over */
  { OCTETS ("v=rmF9pqV8S7suAoZWja4dJRkFsA=="), P, "wrong" },        /* too short */
  { OCTETS ("v=rmF9pqV8S7suAoZWja4dJRkFsKQA"), P, "wrong" },        /* too long */
  { OCTETS ("v=rmF9pqV8S7suAoZWja4dJRkFsKU="), P, "wrong" },        /* the last octet */
  { OCTETS ("v=r2F9pqV8S7suAoZWja4dJRkFsKQ="), P, "wrong" },        /* the first */
  { OCTETS ("v=AAAAAAAAAAAAAAAAAAAAAAAAAAA="), P, "wrong" },
  { OCTETS ("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), P, "wrong" }, /* of another hash */
  { OCTETS ("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=\0"), P, "UTF-8" },
  { OCTETS ("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=,"), P, NULL },
  { OCTETS ("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=,m=new"), U, "extension" },
  { OCTETS ("x=1,v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), P, "no signature" },
  { OCTETS ("r=ourstheirs,s=QSXCR+Q6sek8bf92,i=4096"), P, "no signature" },
  { OCTETS ("e="), P, NULL },
  { OCTETS ("e=invalid-proof"), SMTP_CLIENT_ERROR_AUTH_REJECTED, "invalid-proof" },
  { OCTETS ("e=unknown-user,x=y"), SMTP_CLIENT_ERROR_AUTH_REJECTED, ": unknown-user" },
  { OCTETS ("e=other-error"), SMTP_CLIENT_ERROR_AUTH_REJECTED, "other-error" },
  { OCTETS ("e=never heard of"), SMTP_CLIENT_ERROR_AUTH_REJECTED, "never heard of" },
  { OCTETS ("e=two\r\nlines"), SMTP_CLIENT_ERROR_AUTH_REJECTED, "two" },
  { OCTETS ("e=no-resources"), SMTP_CLIENT_ERROR_AUTH_TEMPORARY, "no-resources" },
  { OCTETS ("e=channel-bindings-dont-match"), SMTP_CLIENT_ERROR_DOWNGRADE, "dont-match" },
  { OCTETS ("e=server-does-support-channel-binding"), SMTP_CLIENT_ERROR_DOWNGRADE, "does-support" },
  { OCTETS ("e=channel-binding-not-supported"), U, "not-supported" },
  { OCTETS ("e=unsupported-channel-binding-type"), U, "type" },
};

/* The exchange of RFC 5802 §5, up to its last message. */
static SmtpScram *
almost_done (void)
{
  SmtpScram *scram = smtp_scram_new (SMTP_SCRAM_SHA_1, "n,,", NULL, "user", NONCE_1);
  g_autoptr (SmtpScramKeys) keys = derive (SMTP_SCRAM_SHA_1, "pencil");
  g_auto (SmtpScramFirst) first = { NULL, };
  g_autoptr (SmtpSecretText) final = NULL;
  g_autoptr (GError) error = NULL;

  smtp_scram_parse_first (scram, exchanges[0].server_first, strlen (exchanges[0].server_first), &first, &error);
  g_assert_no_error (error);
  final = smtp_scram_client_final (scram, &first, keys, &error);
  g_assert_no_error (error);
  return scram;
}

static void
test_bad_finals (void)
{
  g_autoptr (SmtpScram) scram = almost_done ();
  g_autoptr (GError) none = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (bad_finals); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *copy = g_memdup2 (bad_finals[i].message, bad_finals[i].length);

      g_test_message ("row %" G_GSIZE_FORMAT, i);
      g_assert_false (smtp_scram_check_final (scram, copy, bad_finals[i].length, &error));
      expect_refusal (&bad_finals[i], error);
      g_assert_null (strchr (error->message, '\n'));
    }

  g_assert_true (smtp_scram_check_final (scram, OCTETS ("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=,x=extension"), &none));
  g_assert_no_error (none);
}

/* Before the client has proved anything, nothing is right: not even zeroes. */
static void
test_final_too_early (void)
{
  g_autoptr (SmtpScram) scram = new_scram ();
  g_autoptr (GError) error = NULL;

  g_assert_false (smtp_scram_check_final (scram, OCTETS ("v=AAAAAAAAAAAAAAAAAAAAAAAAAAA="), &error));
  g_assert_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL);
}

/* ---- names ------------------------------------------------------------------- */

static const struct
{
  const char *name;
  const char *escaped;
} names[] = {
  { "user", "user" },
  { "a,b", "a=2Cb" },
  { "a=b", "a=3Db" },
  { "=2C", "=3D2C" },
  { ",=,", "=2C=3D=2C" },
  { "us\303\244r@example.org", "us\303\244r@example.org" },
  { "", "" },
};

static void
test_escape (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *escaped = smtp_scram_escape (names[i].name);

      g_assert_cmpstr (escaped, ==, names[i].escaped);
    }
}

static const struct
{
  const char *binding;
  gboolean    could_bind;
  const char *identity;
  const char *header;
} headers[] = {
  { NULL, FALSE, NULL, "n,," },
  { NULL, FALSE, "", "n,," },
  { NULL, TRUE, NULL, "y,," },
  { NULL, FALSE, "a,b=c", "n,a=a=2Cb=3Dc," },
  { NULL, TRUE, "boss", "y,a=boss," },
  { "tls-unique", TRUE, NULL, "p=tls-unique,," },
  { "tls-exporter", TRUE, "boss", "p=tls-exporter,a=boss," },
};

static void
test_headers (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      g_autofree char *header = smtp_scram_gs2_header (headers[i].binding, headers[i].could_bind, headers[i].identity);

      g_assert_cmpstr (header, ==, headers[i].header);
    }
}

static const struct
{
  const char *text;
  const char *prepared; /* NULL: refused */
} texts[] = {
  { "pencil", "pencil" },
  { " a b ", " a b " },
  { "Us\303\244r", "Us\303\244r" },
  { "Usa\314\210r", "Us\303\244r" },                 /* composed: RFC 8265 §4.2.2, 4 */
  { "a\302\240b\343\200\200c", "a b c" },             /* spaces: 2 */
  { "\342\205\250", "\342\205\250" },                 /* "Ⅸ" is kept */
  { "\360\237\230\200", "\360\237\230\200" },
  { "", NULL },
  { "a\tb", NULL },
  { "a\r\nb", NULL },
  { "a\177b", NULL },
  { "I\302\255X", NULL },                             /* a soft hyphen */
  { "a\302\205b", NULL },
  { "\377", NULL },
  { "\303", NULL },
};

static void
test_prepare (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (SmtpSecretText) prepared = smtp_scram_prepare (texts[i].text);

      g_assert_cmpstr (prepared, ==, texts[i].prepared);
    }
}

static void
test_mechanisms (void)
{
  g_assert_cmpstr (smtp_scram_mechanism (SMTP_SCRAM_SHA_1, FALSE), ==, "SCRAM-SHA-1");
  g_assert_cmpstr (smtp_scram_mechanism (SMTP_SCRAM_SHA_256, FALSE), ==, "SCRAM-SHA-256");
  g_assert_cmpstr (smtp_scram_mechanism (SMTP_SCRAM_SHA_512, TRUE), ==, "SCRAM-SHA-512-PLUS");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/scram/exchanges", test_exchanges);
  g_test_add_func ("/scram/keys-fit", test_keys_fit);
  g_test_add_func ("/scram/independent", test_independent);
  g_test_add_func ("/scram/bad-firsts", test_bad_firsts);
  g_test_add_func ("/scram/truncated", test_truncated);
  g_test_add_func ("/scram/oversized", test_oversized);
  g_test_add_func ("/scram/counts", test_counts);
  g_test_add_func ("/scram/bad-finals", test_bad_finals);
  g_test_add_func ("/scram/final-too-early", test_final_too_early);
  g_test_add_func ("/scram/escape", test_escape);
  g_test_add_func ("/scram/headers", test_headers);
  g_test_add_func ("/scram/prepare", test_prepare);
  g_test_add_func ("/scram/mechanisms", test_mechanisms);

  return g_test_run ();
}
