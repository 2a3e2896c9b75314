/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-scram.h"

#include <glib/gi18n-lib.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "smtp-base64.h"
#include "smtp-error.h"
#include "smtp-normalize.h"
#include "smtp-secret-memory.h"
#include "smtp-text.h"

/* The names are those of RFC 5802 §3: SaltedPassword, ClientKey, StoredKey,
 * ServerKey, AuthMessage, ClientSignature, ClientProof, ServerSignature. */

struct _SmtpScram
{
  SmtpScramHash  hash;
  char          *gs2_header;
  GBytes        *binding;     /* NULL but with "p=" */
  char          *first_bare;  /* client-first-message-bare: it is signed */
  char          *nonce;       /* ours alone */
  gboolean       binding_refused; /* its kind */
  gboolean       has_signature;
  guint8         signature[SMTP_SCRAM_MAX_DIGEST]; /* ServerSignature, as it has to be */
};

static const struct
{
  const char                *name;
  const char                *bound_name;
  gnutls_mac_algorithm_t     mac;
  gnutls_digest_algorithm_t  digest;
  gsize                      length;
} hashes[SMTP_SCRAM_N_HASHES] = {
  { "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", GNUTLS_MAC_SHA1, GNUTLS_DIG_SHA1, 20 },
  { "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", GNUTLS_MAC_SHA256, GNUTLS_DIG_SHA256, 32 },
  { "SCRAM-SHA-512", "SCRAM-SHA-512-PLUS", GNUTLS_MAC_SHA512, GNUTLS_DIG_SHA512, 64 },
};

/*< private >
 * @bound: with channel binding
 */
const char *
smtp_scram_mechanism (SmtpScramHash hash,
                      gboolean      bound)
{
  return bound ? hashes[hash].bound_name : hashes[hash].name;
}

/* ---- names ---------------------------------------------------------------- */

/* What the profile makes of one character, appended; FALSE if it forbids it.
 * GnuTLS knows that, but is given no more at once: it frees copies of the text
 * that it does not wipe. */
static gboolean
prepare_character (const char  *character,
                   char       **end)
{
  gsize length = g_utf8_next_char (character) - character;
  gnutls_datum_t prepared;

  if (length == 1 && g_ascii_isprint (*character))
    {
      *(*end)++ = *character;
      return TRUE;
    }

  if (gnutls_utf8_password_normalize ((const guint8 *) character, length, &prepared, 0) < 0)
    return FALSE;

  *end = mempcpy (*end, prepared.data, prepared.size);
  gnutls_memset (prepared.data, 0, prepared.size);
  gnutls_free (prepared.data);
  return TRUE;
}

/* One character becomes at most three times as long. */
#define LONGEST_PREPARED 3

/*< private >
 * Makes one text of all that look and are meant alike, as the server does
 * before it compares: the OpaqueString profile of RFC 8265 §4.2, which
 * replaces the SASLprep that RFC 5802 names, and which GnuTLS has. They differ
 * for compatibility characters, such as "Ⅸ", which SASLprep would turn into
 * "IX", and for invisible ones, which it would drop and this refuses. ASCII is
 * the same under both.
 *
 * Returns NULL for what is no UTF-8, empty, or has characters that the profile
 * forbids: control characters, unassigned ones. The result is memory for
 * secrets.
 */
char *
smtp_scram_prepare (const char *text)
{
  g_autoptr (SmtpSecretText) prepared = NULL;
  char *end;

  if (*text == '\0' || !g_utf8_validate (text, -1, NULL))
    return NULL;

  prepared = smtp_secret_alloc (strlen (text) * LONGEST_PREPARED + 1);
  end = prepared;
  for (; *text != '\0'; text = g_utf8_next_char (text))
    if (!prepare_character (text, &end))
      return NULL;

  return smtp_normalize_secret (prepared);
}

/*< private >
 * saslname (RFC 5802 §5.1): "," and "=" would end a value.
 */
char *
smtp_scram_escape (const char *name)
{
  GString *escaped = g_string_new (NULL);

  for (const char *p = name; *p != '\0'; p++)
    {
      if (*p == ',')
        g_string_append (escaped, "=2C");
      else if (*p == '=')
        g_string_append (escaped, "=3D");
      else
        g_string_append_c (escaped, *p);
    }

  return g_string_free (escaped, FALSE);
}

/*< private >
 * gs2-header (RFC 5802 §6): the flag is a promise that the server checks, so
 * that nobody between the two can hide the variants with channel binding.
 *
 * @binding_type: (nullable): the channel binding's name: "p="
 * @could_bind: without a binding, whether the server only had to offer it: "y"
 * @identity: (nullable): prepared, not escaped; NULL or empty for none
 */
char *
smtp_scram_gs2_header (const char *binding_type,
                       gboolean    could_bind,
                       const char *identity)
{
  g_autofree char *escaped = NULL;

  if (identity != NULL && *identity != '\0')
    escaped = smtp_scram_escape (identity);

  return g_strconcat (binding_type != NULL ? "p=" : could_bind ? "y" : "n",
                      binding_type != NULL ? binding_type : "",
                      escaped != NULL ? ",a=" : ",",
                      escaped != NULL ? escaped : "",
                      ",", NULL);
}

/* ---- keys ----------------------------------------------------------------- */

static gboolean
check_gnutls (int      result,
              GError **error)
{
  if (result >= 0)
    return TRUE;

  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
               _("SCRAM cannot be used on this system: %s"), gnutls_strerror (result));
  return FALSE;
}

static gboolean
hmac (SmtpScramHash  hash,
      const guint8  *key,
      const char    *text,
      guint8        *digest,
      GError       **error)
{
  return check_gnutls (gnutls_hmac_fast (hashes[hash].mac, key, hashes[hash].length,
                                         text, strlen (text), digest), error);
}

/* SaltedPassword, which RFC 5802 §2.2 calls Hi (): PBKDF2 with HMAC. */
static gboolean
salt_password (SmtpScramHash   hash,
               const char     *password,
               GBytes         *salt,
               guint           iterations,
               guint8         *salted,
               GError        **error)
{
  gsize length;
  const guint8 *octets = g_bytes_get_data (salt, &length);
  const gnutls_datum_t key = { (guint8 *) password, strlen (password) };
  const gnutls_datum_t with = { (guint8 *) octets, length };

  return check_gnutls (gnutls_pbkdf2 (hashes[hash].mac, &key, &with, iterations, salted, hashes[hash].length), error);
}

/*< private >
 * The step that takes time: about a second for a million iterations.
 *
 * @password: prepared
 */
SmtpScramKeys *
smtp_scram_keys_derive (SmtpScramHash   hash,
                        const char     *password,
                        GBytes         *salt,
                        guint           iterations,
                        GError        **error)
{
  g_autoptr (SmtpScramKeys) self = smtp_secret_alloc (sizeof *self);
  guint8 *salted = smtp_secret_alloc (SMTP_SCRAM_MAX_DIGEST);
  gboolean result;

  self->hash = hash;
  self->salt = g_bytes_ref (salt);
  self->iterations = iterations;
  result = salt_password (hash, password, salt, iterations, salted, error) &&
           hmac (hash, salted, "Client Key", self->client_key, error) &&
           hmac (hash, salted, "Server Key", self->server_key, error);
  smtp_secret_free (salted);

  /* What HMAC begins with is the password, but for a constant. */
  smtp_secret_clear_traces ();
  return result ? g_steal_pointer (&self) : NULL;
}

void
smtp_scram_keys_free (SmtpScramKeys *self)
{
  g_bytes_unref (self->salt);
  smtp_secret_free (self);
}

/*< private >
 * Whether these are the keys that a server asks for.
 */
gboolean
smtp_scram_keys_fit (SmtpScramKeys *self,
                     SmtpScramHash  hash,
                     GBytes        *salt,
                     guint          iterations)
{
  return self->hash == hash && self->iterations == iterations && g_bytes_equal (self->salt, salt);
}

/* ---- one exchange --------------------------------------------------------- */

/*< private >
 * @binding: (nullable): the channel binding's data, with a header of "p="
 * @username: prepared, not escaped
 * @nonce: printable ASCII without a comma; never the same twice
 */
SmtpScram *
smtp_scram_new (SmtpScramHash  hash,
                const char    *gs2_header,
                GBytes        *binding,
                const char    *username,
                const char    *nonce)
{
  SmtpScram *self = smtp_secret_alloc (sizeof *self);
  g_autofree char *name = smtp_scram_escape (username);

  self->hash = hash;
  self->gs2_header = g_strdup (gs2_header);
  self->binding = binding != NULL ? g_bytes_ref (binding) : NULL;
  self->nonce = g_strdup (nonce);
  self->first_bare = g_strconcat ("n=", name, ",r=", nonce, NULL);
  return self;
}

void
smtp_scram_free (SmtpScram *self)
{
  g_free (self->gs2_header);
  g_free (self->first_bare);
  g_free (self->nonce);
  g_clear_pointer (&self->binding, g_bytes_unref);
  smtp_secret_free (self);
}

char *
smtp_scram_client_first (SmtpScram *self)
{
  return g_strconcat (self->gs2_header, self->first_bare, NULL);
}

/* ---- the server's messages ------------------------------------------------- */

static gboolean
refuse (GError     **error,
        const char  *what)
{
  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
               _("The server's SCRAM message is malformed: %s"), what);
  return FALSE;
}

/* The attributes of a message, or NULL. Each is a letter, "=" and something. */
static char **
split_message (const char  *message,
               gsize        length,
               GError     **error)
{
  g_auto (GStrv) attributes = NULL;
  g_autofree char *text = NULL;

  /* The data of an empty GBytes is NULL. */
  if (length == 0 || length > SMTP_SCRAM_MAX_MESSAGE || !g_utf8_validate_len (message, length, NULL))
    {
      refuse (error, length == 0 ? _("it is empty") : length > SMTP_SCRAM_MAX_MESSAGE ? _("it is too long")
                                                                                      : _("it is not UTF-8"));
      return NULL;
    }

  text = g_strndup (message, length);
  attributes = g_strsplit (text, ",", -1);
  for (guint i = 0; attributes[i] != NULL; i++)
    {
      if (g_ascii_isalpha (attributes[i][0]) && attributes[i][1] == '=' && attributes[i][2] != '\0')
        continue;
      refuse (error, _("an attribute is no letter with a value"));
      return NULL;
    }

  return g_steal_pointer (&attributes);
}

/* RFC 5802 §7, server-error-value: what is told apart. The first two come to
 * light only when somebody between the two has changed what was said. */
static const struct
{
  const char      *value;
  SmtpClientError  code;
} server_errors[] = {
  { "server-does-support-channel-binding", SMTP_CLIENT_ERROR_DOWNGRADE },
  { "channel-bindings-dont-match", SMTP_CLIENT_ERROR_DOWNGRADE },
  { "channel-binding-not-supported", SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE },
  { "unsupported-channel-binding-type", SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE },
  { "extensions-not-supported", SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE },
  { "no-resources", SMTP_CLIENT_ERROR_AUTH_TEMPORARY },
};

static void
set_server_error (SmtpScram   *self,
                  const char  *value,
                  GError     **error)
{
  GString *clean = g_string_new (NULL);
  SmtpClientError code = SMTP_CLIENT_ERROR_AUTH_REJECTED;

  for (guint i = 0; i < G_N_ELEMENTS (server_errors); i++)
    if (g_str_equal (value, server_errors[i].value))
      code = server_errors[i].code;

  self->binding_refused = g_str_equal (value, "unsupported-channel-binding-type");
  smtp_text_append_clean (clean, value, strlen (value));
  g_set_error (error, SMTP_CLIENT_ERROR, code, _("The server refused the SCRAM authentication: %s"), clean->str);
  g_string_free (clean, TRUE);
}

/* Splits a message whose first attribute may be an error. RFC 5802 has it in
 * the last message only, but there are servers that do not wait for that. */
static char **
split_reply (SmtpScram   *self,
             const char  *message,
             gsize        length,
             GError     **error)
{
  g_auto (GStrv) attributes = split_message (message, length, error);

  if (attributes == NULL)
    return NULL;

  if (attributes[0][0] == 'e')
    {
      set_server_error (self, attributes[0] + 2, error);
      return NULL;
    }

  /* RFC 5802 §5.1: m= announces what must not be passed over. */
  for (guint i = 0; attributes[i] != NULL; i++)
    if (attributes[i][0] == 'm')
      {
        g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                             _("The server demands an extension of SCRAM that this library does not have"));
        return NULL;
      }

  return g_steal_pointer (&attributes);
}

/* A nonce that does not begin with ours answers another exchange; one that is
 * ours alone would let the server replay an old one. */
static gboolean
take_nonce (SmtpScram       *self,
            const char      *value,
            SmtpScramFirst  *first,
            GError         **error)
{
  for (const char *p = value; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      return refuse (error, _("the nonce is not printable"));

  if (!g_str_has_prefix (value, self->nonce) || value[strlen (self->nonce)] == '\0')
    return refuse (error, _("the nonce does not continue ours"));

  first->nonce = g_strdup (value);
  return TRUE;
}

static gboolean
take_salt (const char      *value,
           SmtpScramFirst  *first,
           GError         **error)
{
  gsize length;
  guint8 *salt = smtp_base64_decode (value, strlen (value), &length);

  if (salt == NULL)
    return refuse (error, _("the salt is not base64"));

  first->salt = g_bytes_new_take (salt, length);
  return TRUE;
}

/* Too few would give the password away to who sees the proof, too many would
 * keep us busy for as long as the server likes. */
static gboolean
take_iterations (const char      *value,
                 SmtpScramFirst  *first,
                 GError         **error)
{
  guint64 count = 0;

  if (value[0] == '0')
    return refuse (error, _("the iteration count is not a number"));
  for (const char *p = value; *p != '\0'; p++)
    {
      if (!g_ascii_isdigit (*p))
        return refuse (error, _("the iteration count is not a number"));
      count = MIN (count * 10 + g_ascii_digit_value (*p), G_MAXUINT32);
    }

  if (count < SMTP_SCRAM_MIN_ITERATIONS || count > SMTP_SCRAM_MAX_ITERATIONS)
    {
      g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                   _("The server asks for %" G_GUINT64_FORMAT " iterations of SCRAM, %d to %d are accepted"),
                   count, SMTP_SCRAM_MIN_ITERATIONS, SMTP_SCRAM_MAX_ITERATIONS);
      return FALSE;
    }

  first->iterations = count;
  return TRUE;
}

void
smtp_scram_first_clear (SmtpScramFirst *self)
{
  g_clear_pointer (&self->text, g_free);
  g_clear_pointer (&self->nonce, g_free);
  g_clear_pointer (&self->salt, g_bytes_unref);
}

/*< private >
 * Reads server-first-message. Changes nothing, so that it can be read twice.
 *
 * @first: (out): to be cleared, when TRUE is returned
 */
gboolean
smtp_scram_parse_first (SmtpScram       *self,
                        const char      *message,
                        gsize            length,
                        SmtpScramFirst  *first,
                        GError         **error)
{
  g_auto (SmtpScramFirst) found = { NULL, };
  g_auto (GStrv) attributes = split_reply (self, message, length, error);

  if (attributes == NULL)
    return FALSE;

  if (g_strv_length (attributes) < 3 ||
      attributes[0][0] != 'r' || attributes[1][0] != 's' || attributes[2][0] != 'i')
    return refuse (error, _("it has no nonce, salt and iteration count"));

  if (!take_nonce (self, attributes[0] + 2, &found, error) ||
      !take_salt (attributes[1] + 2, &found, error) ||
      !take_iterations (attributes[2] + 2, &found, error))
    return FALSE;

  found.text = g_strndup (message, length);
  *first = found;
  found = (SmtpScramFirst) { NULL, };
  return TRUE;
}

/* client-final-message-without-proof: c= repeats the header, and binds. */
static char *
make_unproven (SmtpScram      *self,
               SmtpScramFirst *first)
{
  g_autoptr (GByteArray) input = g_byte_array_new ();
  g_autofree char *encoded = NULL;

  g_byte_array_append (input, (const guint8 *) self->gs2_header, strlen (self->gs2_header));
  if (self->binding != NULL)
    {
      gsize length;
      const guint8 *data = g_bytes_get_data (self->binding, &length);

      g_byte_array_append (input, data, length);
    }

  encoded = smtp_base64_encode (input->data, input->len);
  return g_strconcat ("c=", encoded, ",r=", first->nonce, NULL);
}

/* ClientProof := ClientKey XOR HMAC (H (ClientKey), AuthMessage) */
static gboolean
prove (SmtpScramKeys  *keys,
       const char     *auth_message,
       guint8         *proof,
       GError        **error)
{
  const gsize length = hashes[keys->hash].length;
  guint8 *stored_key = smtp_secret_alloc (SMTP_SCRAM_MAX_DIGEST);
  gboolean result;

  result = check_gnutls (gnutls_hash_fast (hashes[keys->hash].digest, keys->client_key, length, stored_key), error) &&
           hmac (keys->hash, stored_key, auth_message, proof, error);
  for (gsize i = 0; result && i < length; i++)
    proof[i] ^= keys->client_key[i];
  smtp_secret_free (stored_key);
  return result;
}

static char *
add_proof (const char   *unproven,
           const guint8 *proof,
           gsize         length)
{
  g_autoptr (SmtpSecretText) encoded = smtp_base64_encode_secret (proof, length);
  char *message = smtp_secret_alloc (strlen (unproven) + strlen (",p=") + strlen (encoded) + 1);

  strcpy (stpcpy (stpcpy (message, unproven), ",p="), encoded);
  return message;
}

/*< private >
 * Makes client-final-message, and remembers the signature that the server has
 * to answer with. The message is in memory for secrets: with all that went
 * before it, passwords can be tried against it.
 */
char *
smtp_scram_client_final (SmtpScram       *self,
                         SmtpScramFirst  *first,
                         SmtpScramKeys   *keys,
                         GError         **error)
{
  g_autofree char *unproven = make_unproven (self, first);
  g_autofree char *auth_message = g_strconcat (self->first_bare, ",", first->text, ",", unproven, NULL);
  guint8 *proof = smtp_secret_alloc (SMTP_SCRAM_MAX_DIGEST);
  char *message = NULL;

  self->has_signature = prove (keys, auth_message, proof, error) &&
                        hmac (self->hash, keys->server_key, auth_message, self->signature, error);
  if (self->has_signature)
    message = add_proof (unproven, proof, hashes[self->hash].length);
  smtp_secret_free (proof);
  return message;
}

/*< private >
 * Reads server-final-message: does the server know the password, too?
 */
gboolean
smtp_scram_check_final (SmtpScram   *self,
                        const char  *message,
                        gsize        length,
                        GError     **error)
{
  g_auto (GStrv) attributes = split_reply (self, message, length, error);
  g_autofree guint8 *signature = NULL;
  gsize signature_length;

  if (attributes == NULL)
    return FALSE;

  if (attributes[0][0] != 'v')
    return refuse (error, _("it has no signature"));

  signature = smtp_base64_decode (attributes[0] + 2, strlen (attributes[0] + 2), &signature_length);
  if (signature == NULL)
    return refuse (error, _("the signature is not base64"));

  if (self->has_signature && signature_length == hashes[self->hash].length &&
      gnutls_memcmp (signature, self->signature, signature_length) == 0)
    return TRUE;

  g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                       _("The server's SCRAM signature is wrong: it does not know the password"));
  return FALSE;
}

/*< private >
 * Whether the server said that it does not know this kind of channel binding.
 */
gboolean
smtp_scram_is_binding_refused (SmtpScram *self)
{
  return self->binding_refused;
}
