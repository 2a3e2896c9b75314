/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unicode's normal form C (UAX #15). GLib and GnuTLS have it, too, but leave
 * the text behind in memory that they free. */

#include "smtp-normalize.h"

#include "smtp-secret-memory.h"

/* No character is decomposed into more, canonically. */
#define LONGEST_DECOMPOSITION 4

static gsize
decompose (const char *text,
           gunichar   *out)
{
  gsize n = 0;

  for (; *text != '\0'; text = g_utf8_next_char (text))
    n += g_unichar_fully_decompose (g_utf8_get_char (text), FALSE, out + n, LONGEST_DECOMPOSITION);

  return n;
}

/* Each run of marks by their classes; those of one class stay in their order. */
static void
sort_marks (gunichar *text,
            gsize     length)
{
  for (gsize i = 1; i < length; i++)
    {
      gunichar c = text[i];
      int class = g_unichar_combining_class (c);
      gsize to = i;

      for (; class != 0 && to > 0 && g_unichar_combining_class (text[to - 1]) > class; to--)
        text[to] = text[to - 1];
      text[to] = c;
    }
}

/* Joins marks, or the parts of a Hangul syllable, to the starter before them,
 * unless one that stays stands between and is of the same class or a higher
 * one. */
static gsize
compose (gunichar *text,
         gsize     length)
{
  gunichar *starter = NULL;
  gsize n = 0;

  for (gsize i = 0; i < length; i++)
    {
      gunichar c = text[i], composed;
      int class = g_unichar_combining_class (c);
      gboolean reaches = starter != NULL && (starter == text + n - 1 ||
                                             g_unichar_combining_class (text[n - 1]) < class);

      if (reaches && g_unichar_compose (*starter, c, &composed))
        {
          *starter = composed;
          continue;
        }

      text[n] = c;
      if (class == 0)
        starter = text + n;
      n++;
    }

  return n;
}

static char *
encode (const gunichar *text,
        gsize           length)
{
  char *out = smtp_secret_alloc (length * 6 + 1);
  char *end = out;

  for (gsize i = 0; i < length; i++)
    end += g_unichar_to_utf8 (text[i], end);

  return out;
}

/*< private >
 * @text: valid UTF-8
 *
 * The result, and all that leads to it, is in memory for secrets.
 */
char *
smtp_normalize_secret (const char *text)
{
  gsize size = (g_utf8_strlen (text, -1) + 1) * LONGEST_DECOMPOSITION;
  gunichar *characters = smtp_secret_alloc (size * sizeof (gunichar));
  gsize length = decompose (text, characters);
  char *normal;

  sort_marks (characters, length);
  normal = encode (characters, compose (characters, length));
  smtp_secret_free (characters);
  return normal;
}
