/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-queue-id.h"

#include <string.h>

/* How servers name the message in the reply to its content. No standard says
 * it; these are the words of those that are met. */
static const struct
{
  const char *before; /* stands right before the identifier, or … */
  const char *after;  /* … is the next word behind it */
  const char *end;    /* octets that end it, besides the space */
} forms[] = {
  { "queued as ", NULL, "\n" },                  /* Postfix, and most relays */
  { "OK id=", NULL, "\n" },                      /* Exim */
  { "Message Queued (", NULL, ")\n" },           /* Haraka */
  { "InternalId=", NULL, ",]\n" },               /* Exchange */
  { " qp ", NULL, "\n" },                        /* qmail */
  { NULL, "Message accepted for delivery", NULL }, /* sendmail, OpenSMTPD */
  { NULL, "- gsmtp", NULL },                     /* Gmail */
};

static const char *
find_folded (const char *text,
             const char *wanted)
{
  gsize length = strlen (wanted);

  for (; *text != '\0'; text++)
    {
      if (g_ascii_strncasecmp (text, wanted, length) == 0)
        return text;
    }

  return NULL;
}

static char *
take_behind (const char *text,
             const char *before,
             const char *end)
{
  const char *found = find_folded (text, before);
  gsize length = 0;

  if (found == NULL)
    return NULL;

  found += strlen (before);
  while (found[length] != '\0' && found[length] != ' ' && strchr (end, found[length]) == NULL)
    length++;
  return length > 0 ? g_strndup (found, length) : NULL;
}

/* The word before; a status code such as "2.0.0" is none. */
static char *
take_before (const char *text,
             const char *after)
{
  const char *found = find_folded (text, after);
  const char *end, *start;

  if (found == NULL || found == text || found[-1] != ' ')
    return NULL;

  for (end = found; end > text && end[-1] == ' ';)
    end--;
  for (start = end; start > text && start[-1] != ' ' && start[-1] != '\n';)
    start--;
  if (start == end || (strspn (start, "0123456789.") >= (gsize) (end - start) && memchr (start, '.', end - start) != NULL))
    return NULL;

  return g_strndup (start, end - start);
}

/*< private >
 * The server's name for a message it has accepted, or NULL when its reply has
 * none.
 *
 * @text: the reply's lines without their codes
 */
char *
smtp_find_queue_id (const char *text)
{
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      char *id = forms[i].before != NULL ? take_behind (text, forms[i].before, forms[i].end)
                                         : take_before (text, forms[i].after);

      if (id != NULL)
        return id;
    }

  return NULL;
}
