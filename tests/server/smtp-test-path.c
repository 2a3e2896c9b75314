/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The argument of MAIL FROM: and RCPT TO:, "<path>" and what follows it. */

#include "smtp-test-dialogue-private.h"

#include <string.h>

/* Where the path ends: a quoted local part may hold the bracket too. */
static const char *
find_bracket (const char *text)
{
  gboolean quoted = FALSE;

  for (; *text != '\0'; text++)
    if (quoted && *text == '\\' && text[1] != '\0')
      text++;
    else if (*text == '"')
      quoted = !quoted;
    else if (*text == '>' && !quoted)
      return text;

  return NULL;
}

/* No space may stand before the path: RFC 5321 knows none, and a client that
 * sends one is to be told. */
gboolean
smtp_test_path_parse (const char  *text,
                      char       **path,
                      char       **params)
{
  const char *end;

  if (*text != '<')
    return FALSE;

  end = find_bracket (text + 1);
  if (end == NULL || (end[1] != '\0' && (end[1] != ' ' || end[2] == '\0')))
    return FALSE;

  *path = g_strndup (text + 1, end - text - 1);
  *params = g_strdup (end[1] == ' ' ? end + 2 : "");

  return TRUE;
}
