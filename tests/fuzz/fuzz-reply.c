/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Replies: whole and octet by octet they are the same, and fit for display.
 * The first octet chooses the limits. */

#include <string.h>

#include "fuzz.h"
#include "smtp-reply-parser.h"

static void
check_text (const GString *text)
{
  g_assert_true (g_utf8_validate (text->str, text->len, NULL));
  g_assert_null (strpbrk (text->str, "\r\033\t\177"));
}

static void
describe (GString               *out,
          const SmtpReplyParser *parser)
{
  const SmtpReplyData *reply = &parser->reply;
  guint lines = 1;

  g_assert_true (smtp_reply_parser_is_between (parser));
  g_assert_cmpuint (reply->code, >=, 200);
  g_assert_cmpuint (reply->code, <, 600);
  g_assert_cmpuint (reply->n_lines, >=, 1);
  g_assert_true (parser->max_lines == 0 || reply->n_lines <= parser->max_lines);
  check_text (reply->text);
  for (const char *p = reply->text->str; *p != '\0'; p++)
    lines += *p == '\n';
  g_assert_cmpuint (lines, ==, reply->n_lines);
  g_string_append_printf (out, "%u %s %u %s;", reply->code, reply->enhanced, reply->n_lines, reply->text->str);
}

/* Parses to the end, or to the first error. */
static char *
parse (const char *bytes,
       gsize       length,
       guint       limits,
       gsize       piece)
{
  GString *out = g_string_new (NULL);
  SmtpReplyParser parser;
  SmtpParseResult result = SMTP_PARSE_MORE;

  smtp_reply_parser_init (&parser);
  parser.max_line = limits & 1 ? SMTP_REPLY_MAX_AUTH_LINE : limits & 4 ? 20 : SMTP_REPLY_MAX_LINE;
  parser.max_lines = limits & 2 ? 0 : limits & 8 ? 3 : SMTP_REPLY_MAX_LINES;
  while (length > 0 && result != SMTP_PARSE_ERROR)
    {
      g_autoptr (GError) error = NULL;
      gsize consumed;

      result = smtp_reply_parser_feed (&parser, bytes, MIN (piece, length), &consumed, &error);
      g_assert_cmpuint (consumed, >, 0);
      g_assert_cmpuint (consumed, <=, length);
      g_assert_true ((result == SMTP_PARSE_ERROR) == (error != NULL));
      bytes += consumed;
      length -= consumed;
      if (result == SMTP_PARSE_REPLY)
        describe (out, &parser);
      else if (result == SMTP_PARSE_ERROR)
        g_string_append (out, "error");
      if (error != NULL)
        g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }

  smtp_reply_parser_clear (&parser);
  return g_string_free (out, FALSE);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  g_autofree char *whole = NULL;
  g_autofree char *by_octet = NULL;
  g_autofree char *by_seven = NULL;

  if (size == 0)
    return 0;

  whole = parse ((const char *) data + 1, size - 1, data[0], size);
  by_octet = parse ((const char *) data + 1, size - 1, data[0], 1);
  by_seven = parse ((const char *) data + 1, size - 1, data[0], 7);
  g_assert_cmpstr (whole, ==, by_octet);
  g_assert_cmpstr (whole, ==, by_seven);
  return 0;
}
