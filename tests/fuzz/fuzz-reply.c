/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Replies, whole and octet by octet: the results must be the same, and fit for
 * display. */

#include "fuzz.h"

#include "smtp-reply-parser.h"

const char * const fuzz_seeds[] = {
  "250 ok\r\n", "250-a\r\n250-b\r\n250 c\r\n", "550 5.1.1 nobody\r\n", "334 VXNlcm5hbWU6\r\n", "421\r\n",
  "250-\377\376\r\n250 \303\250\342\200\256\r\n", "220 a\n220 b\n", NULL
};

static void
parse (const char *data,
       gsize       size,
       gsize       piece,
       GString    *result)
{
  SmtpReplyParser parser;

  smtp_reply_parser_init (&parser);
  while (size > 0)
    {
      g_autoptr (GError) error = NULL;
      gsize length = MIN (piece, size), consumed;
      SmtpParseResult parsed = smtp_reply_parser_feed (&parser, data, length, &consumed, &error);

      g_assert (consumed <= length && (consumed > 0 || length == 0));
      data += consumed;
      size -= consumed;
      if (parsed == SMTP_PARSE_ERROR)
        {
          g_assert (error != NULL && g_utf8_validate (error->message, -1, NULL));
          g_string_append (result, "error");
          break;
        }
      if (parsed != SMTP_PARSE_REPLY)
        continue;

      g_assert (parser.reply.code >= 200 && parser.reply.code < 600);
      g_assert (g_utf8_validate (parser.reply.text->str, parser.reply.text->len, NULL));
      g_string_append_printf (result, "%u/%s/%u/%s|", parser.reply.code, parser.reply.enhanced,
                              parser.reply.n_lines, parser.reply.text->str);
    }
  smtp_reply_parser_clear (&parser);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  g_autoptr (GString) whole = g_string_new (NULL);
  g_autoptr (GString) octets = g_string_new (NULL);

  parse ((const char *) data, size, size, whole);
  parse ((const char *) data, size, 1, octets);
  g_assert_cmpstr (whole->str, ==, octets->str);
  return 0;
}
