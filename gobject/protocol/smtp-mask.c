/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-mask.h"

#include <string.h>

#include "smtp-base64.h"
#include "smtp-secret-memory.h"
#include "smtp-text.h"

/* Shorter pieces are left alone: hiding each "a" of a reply would spoil the
 * reply and give the secret away all the same. */
#define SHORTEST_SECRET 3

/* The longest first, so that one that contains another is hidden whole. */
static int
compare_length (gconstpointer a,
                gconstpointer b)
{
  gsize length_a = strlen (*(const char * const *) a);
  gsize length_b = strlen (*(const char * const *) b);

  return (length_a < length_b) - (length_a > length_b);
}

/* As it would look in a reply, which was made fit for display. The string does
 * not grow, which it could not: its memory is no string's. */
static char *
clean_copy (const char *piece,
            gsize       length)
{
  gsize longest = length * strlen ("\357\277\275");
  GString clean = { smtp_secret_alloc (longest + 1), 0, longest + 1 };

  smtp_text_append_clean (&clean, piece, length);
  return clean.str;
}

static void
add_secret (SmtpMask   *self,
            const char *piece,
            gsize       length)
{
  if (length < SHORTEST_SECRET)
    return;

  if (self->secrets == NULL)
    self->secrets = g_ptr_array_new_with_free_func (smtp_secret_free);
  g_ptr_array_add (self->secrets, clean_copy (piece, length));
  g_ptr_array_sort (self->secrets, compare_length);
}

#define BEFORE_TOKEN "auth=Bearer "

/* A piece in clear and in base64, and a token without what tells its kind. */
static void
add_piece (SmtpMask   *self,
           const char *piece,
           gsize       length)
{
  const gsize before = strlen (BEFORE_TOKEN);
  g_autoptr (SmtpSecretText) encoded = NULL;

  if (length > before && memcmp (piece, BEFORE_TOKEN, before) == 0)
    add_piece (self, piece + before, length - before);

  add_secret (self, piece, length);
  if (length < SHORTEST_SECRET)
    return;

  encoded = smtp_base64_encode_secret (piece, length);
  add_secret (self, encoded, strlen (encoded));
}

/*< private >
 * Remembers a response, as it went onto the wire and piece by piece:
 * mechanisms separate their fields by NUL (PLAIN) or 0x01 (OAuth).
 */
void
smtp_mask_add (SmtpMask     *self,
               const char   *encoded,
               gconstpointer bytes,
               gsize         length)
{
  const char *piece = bytes != NULL ? bytes : ""; /* of an empty GBytes */
  const char *end = piece + length;

  add_secret (self, encoded, strlen (encoded));
  for (const char *p = piece; p < end; p++)
    {
      if (*p != '\0' && *p != '\001')
        continue;
      add_piece (self, piece, p - piece);
      piece = p + 1;
    }
  if (length > 0)
    add_piece (self, piece, end - piece);
}

void
smtp_mask_apply (SmtpMask *self,
                 GString  *text)
{
  if (self->secrets == NULL)
    return;

  for (guint i = 0; i < self->secrets->len; i++)
    {
      const char *secret = g_ptr_array_index (self->secrets, i);

      if (strstr (text->str, secret) != NULL)
        g_string_replace (text, secret, SMTP_MASKED, 0);
    }

  /* Behind the end, which has moved. */
  explicit_bzero (text->str + text->len, text->allocated_len - text->len);
}

void
smtp_mask_clear (SmtpMask *self)
{
  g_clear_pointer (&self->secrets, g_ptr_array_unref);
}
