/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a server says in SCRAM. A message is made of two lines: the server's
 * first message, and its last. "%" stands for the client's nonce. */

#include <string.h>

#include "fuzz.h"
#include "smtp-scram.h"
#include "smtp-secret-memory.h"

#define NONCE "fyko+d2lbbFgONRv9qkxdawL"

/* Deriving takes time: with a count that is the same for all. */
static SmtpScramKeys *
make_keys (void)
{
  g_autoptr (GBytes) salt = g_bytes_new_static ("salt", 4);

  return smtp_scram_keys_derive (SMTP_SCRAM_SHA_256, "pencil", salt, SMTP_SCRAM_MIN_ITERATIONS, NULL);
}

static char *
fill_in (const char *bytes,
         gsize       length)
{
  GString *text = g_string_new_len (bytes, length);
  char *nonce = memchr (text->str, '%', text->len);

  if (nonce != NULL)
    {
      gsize position = nonce - text->str;

      g_string_erase (text, position, 1);
      g_string_insert (text, position, NONCE);
    }
  g_string_append_c (text, '\0');
  return g_string_free (text, FALSE);
}

static void
check_first (const SmtpScramFirst *first)
{
  g_assert_true (g_str_has_prefix (first->nonce, NONCE));
  g_assert_cmpuint (strlen (first->nonce), >, strlen (NONCE));
  g_assert_cmpuint (g_bytes_get_size (first->salt), >, 0);
  g_assert_cmpuint (first->iterations, >=, SMTP_SCRAM_MIN_ITERATIONS);
  g_assert_cmpuint (first->iterations, <=, SMTP_SCRAM_MAX_ITERATIONS);
}

static void
check_error (GError *error)
{
  g_assert_nonnull (error);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_error_free (error);
}

/* A server that does not know the password must not get through, whatever it
 * says. */
static void
run_exchange (SmtpScram  *scram,
              const char *first_message,
              gsize       first_length,
              const char *final_message,
              gsize       final_length)
{
  static SmtpScramKeys *keys;
  g_auto (SmtpScramFirst) first = { NULL, };
  GError *error = NULL;
  char *proof;

  if (!smtp_scram_parse_first (scram, first_message, first_length, &first, &error))
    {
      check_error (error);
      return;
    }

  if (keys == NULL)
    keys = make_keys ();
  check_first (&first);
  proof = smtp_scram_client_final (scram, &first, keys, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (proof, ",p="));
  smtp_secret_free (proof);
  g_assert_false (smtp_scram_check_final (scram, final_message, final_length, &error));
  check_error (error);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         length)
{
  const char *bytes = (const char *) data;
  g_autoptr (SmtpScram) scram = smtp_scram_new (SMTP_SCRAM_SHA_256, "n,,", NULL, "user", NONCE);
  const char *line = length > 0 ? memchr (bytes, '\n', length) : NULL;
  gsize first_length = line != NULL ? (gsize) (line - bytes) : length;
  g_autofree char *first = fill_in (bytes, first_length);
  const char *final = line != NULL ? line + 1 : "";
  gboolean has_nonce = first_length > 0 && memchr (bytes, '%', first_length) != NULL;

  run_exchange (scram, first, first_length + (has_nonce ? strlen (NONCE) - 1 : 0),
                final, line != NULL ? length - first_length - 1 : 0);
  return 0;
}
