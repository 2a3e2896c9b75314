/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <string.h>

#include "pieces.h"
#include "smtp-error.h"
#include "smtp-reply-parser.h"

#define FFFD "\357\277\275"

static const struct
{
  const char *input;
  gsize       length;
  guint       code;
  const char *enhanced;
  guint       n_lines;
  const char *text;
} replies[] = {
  { OCTETS ("250 OK\r\n"), 250, "", 1, "OK" },
  { OCTETS ("250\r\n"), 250, "", 1, "" },
  { OCTETS ("250 \r\n"), 250, "", 1, "" },
  { OCTETS ("250 OK\n"), 250, "", 1, "OK" },
  { OCTETS ("250\n"), 250, "", 1, "" },
  { OCTETS ("250  two  spaces \r\n"), 250, "", 1, " two  spaces " },
  { OCTETS ("571 x\r\n"), 571, "", 1, "x" },
  { OCTETS ("299 x\r\n"), 299, "", 1, "x" },
  { OCTETS ("354 go\r\n"), 354, "", 1, "go" },
  { OCTETS ("200 x\r\n"), 200, "", 1, "x" },
  { OCTETS ("599 x\r\n"), 599, "", 1, "x" },
  { OCTETS ("250-a\r\n250-b\r\n250 c\r\n"), 250, "", 3, "a\nb\nc" },
  { OCTETS ("250-a\n250-b\r\n250 c\n"), 250, "", 3, "a\nb\nc" },
  { OCTETS ("250-a\r\n250\r\n"), 250, "", 2, "a\n" },
  { OCTETS ("250-\r\n250-\r\n250 \r\n"), 250, "", 3, "\n\n" },
  { OCTETS ("250-250 a\r\n250 250-b\r\n"), 250, "", 2, "250 a\n250-b" },

  /* enhanced status codes */
  { OCTETS ("250 2.1.0 OK\r\n"), 250, "2.1.0", 1, "2.1.0 OK" },
  { OCTETS ("250 2.1.0\r\n"), 250, "2.1.0", 1, "2.1.0" },
  { OCTETS ("550 5.1.1 no\r\n"), 550, "5.1.1", 1, "5.1.1 no" },
  { OCTETS ("450 4.123.987 x\r\n"), 450, "4.123.987", 1, "4.123.987 x" },
  { OCTETS ("550-no\r\n550 5.7.1 x\r\n"), 550, "5.7.1", 2, "no\n5.7.1 x" },
  { OCTETS ("550-5.1.1 a\r\n550 5.2.2 b\r\n"), 550, "5.1.1", 2, "5.1.1 a\n5.2.2 b" },
  { OCTETS ("550 4.1.1 x\r\n"), 550, "", 1, "4.1.1 x" },
  { OCTETS ("354 3.1.1 x\r\n"), 354, "", 1, "3.1.1 x" },
  { OCTETS ("354 2.1.1 x\r\n"), 354, "", 1, "2.1.1 x" },
  { OCTETS ("550 5.1.1234 x\r\n"), 550, "", 1, "5.1.1234 x" },
  { OCTETS ("550 5.1234.1 x\r\n"), 550, "", 1, "5.1234.1 x" },
  { OCTETS ("550 5.1 x\r\n"), 550, "", 1, "5.1 x" },
  { OCTETS ("550 5.1. x\r\n"), 550, "", 1, "5.1. x" },
  { OCTETS ("550 5..1 x\r\n"), 550, "", 1, "5..1 x" },
  { OCTETS ("550 5.1.1x\r\n"), 550, "", 1, "5.1.1x" },
  { OCTETS ("550 5.1.1.1 x\r\n"), 550, "", 1, "5.1.1.1 x" },
  { OCTETS ("550 55.1.1 x\r\n"), 550, "", 1, "55.1.1 x" },
  { OCTETS ("550  5.1.1 x\r\n"), 550, "", 1, " 5.1.1 x" },
  { OCTETS ("550 5.1.1\tx\r\n"), 550, "5.1.1", 1, "5.1.1 x" },

  /* what is not fit for display */
  { OCTETS ("250 \377\r\n"), 250, "", 1, FFFD },
  { OCTETS ("250 a\0b\r\n"), 250, "", 1, "a" FFFD "b" },
  { OCTETS ("250 \033[2Jx\r\n"), 250, "", 1, FFFD "[2Jx" },
  { OCTETS ("250 \177\r\n"), 250, "", 1, FFFD },
  { OCTETS ("250 a\tb\r\n"), 250, "", 1, "a b" },
  { OCTETS ("250 a\rb\r\n"), 250, "", 1, "a" FFFD "b" },
  { OCTETS ("250 a\r\r\n"), 250, "", 1, "a" FFFD },
  { OCTETS ("250 \302\205x\r\n"), 250, "", 1, FFFD "x" },             /* C1 in UTF-8 */
  { OCTETS ("250 \205x\r\n"), 250, "", 1, FFFD "x" },                 /* and bare */
  { OCTETS ("250 \342\200\256x\r\n"), 250, "", 1, FFFD "x" },         /* U+202E */
  { OCTETS ("250 \342\201\246x\342\201\251\r\n"), 250, "", 1, FFFD "x" FFFD }, /* U+2066, U+2069 */
  { OCTETS ("250 \342\200\216\342\200\217\330\234\r\n"), 250, "", 1, FFFD FFFD FFFD }, /* LRM, RLM, ALM */
  { OCTETS ("250 \342\200\250\342\200\251\r\n"), 250, "", 1, FFFD FFFD }, /* line separators */
  { OCTETS ("250 \300\257\r\n"), 250, "", 1, FFFD FFFD },             /* overlong "/" */
  { OCTETS ("250 \355\240\200\r\n"), 250, "", 1, FFFD FFFD FFFD },    /* a surrogate */
  { OCTETS ("250 \364\220\200\200\r\n"), 250, "", 1, FFFD FFFD FFFD FFFD }, /* beyond U+10FFFF */
  { OCTETS ("250 \342\202\r\n"), 250, "", 1, FFFD FFFD },             /* cut short */
  { OCTETS ("250 \303\r\n"), 250, "", 1, FFFD },
  { OCTETS ("250 gr\303\274n \342\202\254 \360\237\223\250\r\n"), 250, "", 1, "gr\303\274n \342\202\254 \360\237\223\250" },
};

static const struct
{
  const char *input;
  gsize       length;
  const char *quoted; /* in the message */
} malformed[] = {
  { OCTETS ("\r\n"), "“”" },
  { OCTETS ("\n"), "“”" },
  { OCTETS ("25\r\n"), "“25”" },
  { OCTETS ("2\r\n"), "“2”" },
  { OCTETS ("OK\r\n"), "“OK”" },
  { OCTETS (" 250 OK\r\n"), "“ 250 OK”" },
  { OCTETS ("250OK\r\n"), "“250OK”" },
  { OCTETS ("2500 OK\r\n"), "“2500 OK”" },
  { OCTETS ("250\tOK\r\n"), "“250 OK”" },
  { OCTETS ("250_OK\r\n"), "“250_OK”" },
  { OCTETS ("250\0OK\r\n"), "“250" FFFD "OK”" },
  { OCTETS ("2x0 OK\r\n"), "“2x0 OK”" },
  { OCTETS ("25x OK\r\n"), "“25x OK”" },
  { OCTETS ("099 x\r\n"), "“099 x”" },
  { OCTETS ("100 x\r\n"), "“100 x”" },
  { OCTETS ("199 x\r\n"), "“199 x”" },
  { OCTETS ("600 x\r\n"), "“600 x”" },
  { OCTETS ("999 x\r\n"), "“999 x”" },
  { OCTETS ("-50 x\r\n"), "“-50 x”" },
  { OCTETS ("+250 x\r\n"), "“+250 x”" },
  { OCTETS ("\262\265\260 x\r\n"), "x”" },
  { OCTETS ("\357\273\277250 x\r\n"), "250 x”" },
  { OCTETS ("250-a\r\n251 b\r\n"), "“251 b”" },
  { OCTETS ("250-a\r\n550 b\r\n"), "“550 b”" },
  { OCTETS ("250-a\r\nb\r\n"), "“b”" },
  { OCTETS ("250-a\r\n\r\n"), "“”" },
  { OCTETS ("250-a\r\n250xb\r\n"), "“250xb”" },
  { OCTETS ("HTTP/1.1 400 Bad Request\r\n"), "“HTTP/1.1 400 Bad Request”" },
  { OCTETS ("\033[31m\r\n"), "“" FFFD "[31m”" },
  { OCTETS ("\026\003\001\n"), "“" FFFD FFFD FFFD "”" },
};

/* Feeds in pieces until the parser has come to an end. */
static SmtpParseResult
feed (SmtpReplyParser *parser,
      Pieces           pieces,
      const char      *bytes,
      gsize            length,
      gsize           *consumed,
      GError         **error)
{
  SmtpParseResult result = SMTP_PARSE_MORE;

  *consumed = 0;
  while (*consumed < length && result == SMTP_PARSE_MORE)
    {
      gsize piece = piece_length (pieces, bytes + *consumed, length - *consumed);
      gsize n = 0;

      result = smtp_reply_parser_feed (parser, bytes + *consumed, piece, &n, error);
      g_assert_cmpuint (n, <=, piece);
      if (result == SMTP_PARSE_MORE)
        g_assert_cmpuint (n, ==, piece);
      *consumed += n;
    }

  return result;
}

static void
assert_reply (const SmtpReplyParser *parser,
              guint                  code,
              const char            *enhanced,
              guint                  n_lines,
              const char            *text)
{
  g_assert_true (parser->complete);
  g_assert_true (smtp_reply_parser_is_between (parser));
  g_assert_cmpuint (parser->reply.code, ==, code);
  g_assert_cmpstr (parser->reply.enhanced, ==, enhanced);
  g_assert_cmpuint (parser->reply.n_lines, ==, n_lines);
  g_assert_cmpstr (parser->reply.text->str, ==, text);
  g_assert_cmpuint (parser->reply.text->len, ==, strlen (text));
  g_assert_true (g_utf8_validate (parser->reply.text->str, -1, NULL));
}

static void
test_replies (gconstpointer data)
{
  Pieces pieces = GPOINTER_TO_INT (data);
  SmtpReplyParser parser;

  smtp_reply_parser_init (&parser);
  g_assert_true (smtp_reply_parser_is_between (&parser));
  for (gsize i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      g_autoptr (GError) error = NULL;
      gsize consumed;
      SmtpParseResult result = feed (&parser, pieces, replies[i].input, replies[i].length, &consumed, &error);

      g_assert_no_error (error);
      g_assert_cmpint (result, ==, SMTP_PARSE_REPLY);
      g_assert_cmpuint (consumed, ==, replies[i].length);
      assert_reply (&parser, replies[i].code, replies[i].enhanced, replies[i].n_lines, replies[i].text);
    }
  smtp_reply_parser_clear (&parser);
}

/* Until its last octet no reply is there. */
static void
test_unfinished (gconstpointer data)
{
  Pieces pieces = GPOINTER_TO_INT (data);

  for (gsize i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      for (gsize length = 1; length < replies[i].length; length++)
        {
          SmtpReplyParser parser;
          gsize consumed;

          smtp_reply_parser_init (&parser);
          g_assert_cmpint (feed (&parser, pieces, replies[i].input, length, &consumed, NULL), ==, SMTP_PARSE_MORE);
          g_assert_false (parser.complete);
          g_assert_false (smtp_reply_parser_is_between (&parser));
          smtp_reply_parser_clear (&parser);
        }
    }
}

static void
test_malformed (gconstpointer data)
{
  Pieces pieces = GPOINTER_TO_INT (data);

  for (gsize i = 0; i < G_N_ELEMENTS (malformed); i++)
    {
      g_autoptr (GError) error = NULL;
      SmtpReplyParser parser;
      gsize consumed;

      smtp_reply_parser_init (&parser);
      g_assert_cmpint (feed (&parser, pieces, malformed[i].input, malformed[i].length, &consumed, &error),
                       ==, SMTP_PARSE_ERROR);
      g_assert_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL);
      g_assert_nonnull (strstr (error->message, malformed[i].quoted));
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      smtp_reply_parser_clear (&parser);
    }
}

static void
test_long_quote (void)
{
  g_autofree char *line = g_strnfill (1000, 'x');
  g_autofree char *input = g_strconcat (line, "\r\n", NULL);
  g_autoptr (GError) error = NULL;
  SmtpReplyParser parser;
  gsize consumed;

  smtp_reply_parser_init (&parser);
  g_assert_cmpint (feed (&parser, PIECES_WHOLE, input, strlen (input), &consumed, &error), ==, SMTP_PARSE_ERROR);
  g_assert_cmpuint (strlen (error->message), <, 200);
  g_assert_nonnull (strstr (error->message, "x…"));
  smtp_reply_parser_clear (&parser);
}

/* All codes there could be. */
static void
test_codes (void)
{
  for (guint code = 0; code < 1000; code++)
    {
      g_autofree char *input = g_strdup_printf ("%03u x\r\n", code);
      SmtpReplyParser parser;
      gsize consumed;
      SmtpParseResult result;

      smtp_reply_parser_init (&parser);
      result = feed (&parser, PIECES_WHOLE, input, strlen (input), &consumed, NULL);
      g_assert_cmpint (result, ==, code >= 200 && code < 600 ? SMTP_PARSE_REPLY : SMTP_PARSE_ERROR);
      if (result == SMTP_PARSE_REPLY)
        g_assert_cmpuint (parser.reply.code, ==, code);
      smtp_reply_parser_clear (&parser);
    }
}

/* A reply made of lines all of one length, CRLF included. */
static GString *
make_reply (guint n_lines,
            gsize line_length)
{
  GString *reply = g_string_new (NULL);

  for (guint i = 0; i < n_lines; i++)
    {
      g_string_append (reply, i + 1 < n_lines ? "250-" : "250 ");
      for (gsize n = 6; n < line_length; n++)
        g_string_append_c (reply, 'x');
      g_string_append (reply, "\r\n");
    }

  return reply;
}

static void
test_limits (gconstpointer data)
{
  static const struct
  {
    gsize       max_line;
    guint       max_lines;
    guint       n_lines;
    gsize       line_length;
    const char *error;
  } limits[] = {
    { SMTP_REPLY_MAX_LINE, SMTP_REPLY_MAX_LINES, 1, 2048, NULL },
    { SMTP_REPLY_MAX_LINE, SMTP_REPLY_MAX_LINES, 1, 2049, "more than 2048 octets" },
    { SMTP_REPLY_MAX_LINE, SMTP_REPLY_MAX_LINES, 2, 2049, "more than 2048 octets" },
    { SMTP_REPLY_MAX_LINE, SMTP_REPLY_MAX_LINES, 1, 100000, "more than 2048 octets" },
    { SMTP_REPLY_MAX_AUTH_LINE, SMTP_REPLY_MAX_LINES, 1, 2049, NULL },
    { SMTP_REPLY_MAX_AUTH_LINE, SMTP_REPLY_MAX_LINES, 1, 16384, NULL },
    { SMTP_REPLY_MAX_AUTH_LINE, SMTP_REPLY_MAX_LINES, 1, 16385, "more than 16384 octets" },
    { SMTP_REPLY_MAX_LINE, SMTP_REPLY_MAX_LINES, 128, 10, NULL },
    { SMTP_REPLY_MAX_LINE, SMTP_REPLY_MAX_LINES, 129, 10, "more than 128 lines" },
    { SMTP_REPLY_MAX_LINE, 0, 129, 10, NULL },
    { SMTP_REPLY_MAX_LINE, 0, 6553, 10, NULL },
    { SMTP_REPLY_MAX_LINE, 0, 6554, 10, "more than 65536 octets" },
    { SMTP_REPLY_MAX_LINE, SMTP_REPLY_MAX_LINES, 64, 1024, NULL },
    { SMTP_REPLY_MAX_LINE, SMTP_REPLY_MAX_LINES, 65, 1024, "more than 65536 octets" },
    { SMTP_REPLY_MAX_LINE, SMTP_REPLY_MAX_LINES, 32, 2048, NULL },
    { SMTP_REPLY_MAX_LINE, SMTP_REPLY_MAX_LINES, 33, 2048, "more than 65536 octets" },
  };
  Pieces pieces = GPOINTER_TO_INT (data);

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      g_autoptr (GString) input = make_reply (limits[i].n_lines, limits[i].line_length);
      g_autoptr (GError) error = NULL;
      SmtpReplyParser parser;
      gsize consumed;
      SmtpParseResult result;

      smtp_reply_parser_init (&parser);
      parser.max_line = limits[i].max_line;
      parser.max_lines = limits[i].max_lines;
      result = feed (&parser, pieces, input->str, input->len, &consumed, &error);
      if (limits[i].error == NULL)
        {
          g_assert_no_error (error);
          g_assert_cmpint (result, ==, SMTP_PARSE_REPLY);
          g_assert_cmpuint (parser.reply.n_lines, ==, limits[i].n_lines);
        }
      else
        {
          g_assert_cmpint (result, ==, SMTP_PARSE_ERROR);
          g_assert_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL);
          g_assert_nonnull (strstr (error->message, limits[i].error));
        }
      smtp_reply_parser_clear (&parser);
    }
}

/* The limits hold without any LF, and memory is not taken beyond them. */
static void
test_no_line_end (void)
{
  g_autofree char *octets = g_strnfill (64 * 1024, '2');
  g_autoptr (GError) error = NULL;
  SmtpReplyParser parser;
  gsize consumed;

  smtp_reply_parser_init (&parser);
  g_assert_cmpint (feed (&parser, PIECES_OCTETS, octets, 64 * 1024, &consumed, &error), ==, SMTP_PARSE_ERROR);
  g_assert_cmpuint (consumed, ==, SMTP_REPLY_MAX_LINE + 1);
  g_assert_cmpuint (parser.line->len, <=, SMTP_REPLY_MAX_LINE);
  smtp_reply_parser_clear (&parser);
}

/* The first limit does not stick to the next reply. */
static void
test_limits_begin_anew (void)
{
  g_autoptr (GString) input = make_reply (100, 500);
  SmtpReplyParser parser;
  gsize consumed;

  smtp_reply_parser_init (&parser);
  for (int i = 0; i < 5; i++)
    {
      g_assert_cmpint (feed (&parser, PIECES_WHOLE, input->str, input->len, &consumed, NULL), ==, SMTP_PARSE_REPLY);
      g_assert_cmpuint (parser.reply.n_lines, ==, 100);
    }
  smtp_reply_parser_clear (&parser);
}

static void
test_two_replies (gconstpointer data)
{
  Pieces pieces = GPOINTER_TO_INT (data);
  const char *input = "250-2.1.0 a\r\n250 b\r\n550 c\r\n35";
  gsize length = strlen (input);
  SmtpReplyParser parser;
  gsize consumed;

  smtp_reply_parser_init (&parser);
  g_assert_cmpint (feed (&parser, pieces, input, length, &consumed, NULL), ==, SMTP_PARSE_REPLY);
  g_assert_cmpuint (consumed, ==, strlen ("250-2.1.0 a\r\n250 b\r\n"));
  assert_reply (&parser, 250, "2.1.0", 2, "2.1.0 a\nb");

  input += consumed;
  length -= consumed;
  g_assert_cmpint (feed (&parser, pieces, input, length, &consumed, NULL), ==, SMTP_PARSE_REPLY);
  g_assert_cmpuint (consumed, ==, strlen ("550 c\r\n"));
  assert_reply (&parser, 550, "", 1, "c");

  g_assert_cmpint (feed (&parser, pieces, input + consumed, 2, &consumed, NULL), ==, SMTP_PARSE_MORE);
  g_assert_false (smtp_reply_parser_is_between (&parser));
  smtp_reply_parser_clear (&parser);
}

/* A whole reply stays until the next octet. */
/* During AUTH a line may repeat a secret. */
static void
test_line_wiped (void)
{
  SmtpReplyParser parser;
  const char *pieces[] = { "535 not open ses", "ame\r\n" };
  gsize consumed;

  smtp_reply_parser_init (&parser);
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    smtp_reply_parser_feed (&parser, pieces[i], strlen (pieces[i]), &consumed, NULL);
  g_assert_cmpstr (parser.reply.text->str, ==, "not open sesame");
  for (gsize i = 0; i < strlen ("535 not open sesame"); i++)
    g_assert_cmpint (parser.line->str[i], ==, '\0');
  smtp_reply_parser_clear (&parser);
}

static void
test_empty_feed (void)
{
  SmtpReplyParser parser;
  gsize consumed = 99;

  smtp_reply_parser_init (&parser);
  g_assert_cmpint (smtp_reply_parser_feed (&parser, "", 0, &consumed, NULL), ==, SMTP_PARSE_MORE);
  g_assert_cmpuint (consumed, ==, 0);
  feed (&parser, PIECES_WHOLE, "250 a\r\n", 7, &consumed, NULL);
  g_assert_cmpint (smtp_reply_parser_feed (&parser, "", 0, &consumed, NULL), ==, SMTP_PARSE_MORE);
  assert_reply (&parser, 250, "", 1, "a");
  smtp_reply_parser_feed (&parser, "5", 1, &consumed, NULL);
  g_assert_false (parser.complete);
  smtp_reply_parser_clear (&parser);
}

static gboolean
is_fit_for_display (const char *text)
{
  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);

      if ((g_unichar_iscntrl (c) && c != '\n') || (c >= 0x202a && c <= 0x202e) ||
          (c >= 0x2066 && c <= 0x2069))
        return FALSE;
    }

  return TRUE;
}

/* Whatever comes, what comes out is fit for display and does not depend on
 * how it was cut. */
static void
test_random (void)
{
  static const char octets[] = "\0\a\b\t\r \033.-5a\177\200\205\233\302\342\200\256\342\201\246\360\237\377";
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);

  for (int i = 0; i < 3000; i++)
    {
      g_autoptr (GString) input = g_string_new ("250 ");
      g_autofree char *first = NULL;

      for (int n = g_rand_int_range (rand, 0, 60); n > 0; n--)
        g_string_append_c (input, octets[g_rand_int_range (rand, 0, sizeof octets)]);
      g_string_append (input, "\r\n");
      for (Pieces pieces = 0; pieces < N_PIECES; pieces++)
        {
          SmtpReplyParser parser;
          gsize consumed;

          smtp_reply_parser_init (&parser);
          g_assert_cmpint (feed (&parser, pieces, input->str, input->len, &consumed, NULL), ==, SMTP_PARSE_REPLY);
          g_assert_true (g_utf8_validate (parser.reply.text->str, parser.reply.text->len, NULL));
          g_assert_true (is_fit_for_display (parser.reply.text->str));
          if (first == NULL)
            first = g_strdup (parser.reply.text->str);
          g_assert_cmpstr (parser.reply.text->str, ==, first);
          smtp_reply_parser_clear (&parser);
        }
    }
}

static void
add_in_pieces (const char    *name,
               GTestDataFunc  func)
{
  static const char * const names[] = { "whole", "lines", "octets" };

  for (int i = 0; i < N_PIECES; i++)
    {
      g_autofree char *path = g_strdup_printf ("/reply-parser/%s/%s", name, names[i]);

      g_test_add_data_func (path, GINT_TO_POINTER (i), func);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_in_pieces ("replies", test_replies);
  add_in_pieces ("unfinished", test_unfinished);
  add_in_pieces ("malformed", test_malformed);
  add_in_pieces ("limits", test_limits);
  add_in_pieces ("two-replies", test_two_replies);
  g_test_add_func ("/reply-parser/codes", test_codes);
  g_test_add_func ("/reply-parser/long-quote", test_long_quote);
  g_test_add_func ("/reply-parser/no-line-end", test_no_line_end);
  g_test_add_func ("/reply-parser/limits-begin-anew", test_limits_begin_anew);
  g_test_add_func ("/reply-parser/line-wiped", test_line_wiped);
  g_test_add_func ("/reply-parser/empty-feed", test_empty_feed);
  g_test_add_func ("/reply-parser/random", test_random);
  return g_test_run ();
}
