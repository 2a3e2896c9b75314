/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <string.h>

#include "pieces.h"
#include "smtp-content.h"

#define MIB (1024 * 1024)

static const struct
{
  const char *content;
  gsize       length;
  const char *wire;
  gsize       wire_length;
} cases[] = {
  { OCTETS (""), OCTETS (".\r\n") },
  { OCTETS ("a"), OCTETS ("a\r\n.\r\n") },
  { OCTETS ("a\r\n"), OCTETS ("a\r\n.\r\n") },
  { OCTETS ("a\n"), OCTETS ("a\r\n.\r\n") },
  { OCTETS ("a\r"), OCTETS ("a\r\n.\r\n") },
  { OCTETS ("\r\n"), OCTETS ("\r\n.\r\n") },
  { OCTETS ("\n"), OCTETS ("\r\n.\r\n") },
  { OCTETS ("\r"), OCTETS ("\r\n.\r\n") },
  { OCTETS ("\n\n"), OCTETS ("\r\n\r\n.\r\n") },
  { OCTETS ("\r\r"), OCTETS ("\r\n\r\n.\r\n") },
  { OCTETS ("\n\r"), OCTETS ("\r\n\r\n.\r\n") },
  { OCTETS ("\r\r\n"), OCTETS ("\r\n\r\n.\r\n") },
  { OCTETS ("\r\n\r\n"), OCTETS ("\r\n\r\n.\r\n") },
  { OCTETS ("a\rb\nc\r\nd"), OCTETS ("a\r\nb\r\nc\r\nd\r\n.\r\n") },
  { OCTETS ("."), OCTETS ("..\r\n.\r\n") },
  { OCTETS (".."), OCTETS ("...\r\n.\r\n") },
  { OCTETS (".\r\n"), OCTETS ("..\r\n.\r\n") },
  { OCTETS (".\n"), OCTETS ("..\r\n.\r\n") },
  { OCTETS (".\r"), OCTETS ("..\r\n.\r\n") },
  { OCTETS ("a."), OCTETS ("a.\r\n.\r\n") },
  { OCTETS ("a\r\n.\r\nb"), OCTETS ("a\r\n..\r\nb\r\n.\r\n") },
  { OCTETS ("a\n.\nb"), OCTETS ("a\r\n..\r\nb\r\n.\r\n") },
  { OCTETS ("a\r.\rb"), OCTETS ("a\r\n..\r\nb\r\n.\r\n") },
  { OCTETS ("a\n.\r\nb"), OCTETS ("a\r\n..\r\nb\r\n.\r\n") },
  { OCTETS ("a\r\n.\rMAIL FROM:<x>\r\n"), OCTETS ("a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n") },
  { OCTETS (".a\r\n..b\r\nc.d"), OCTETS ("..a\r\n...b\r\nc.d\r\n.\r\n") },
  { OCTETS ("a\0b\377\r\n"), OCTETS ("a\0b\377\r\n.\r\n") },
  { OCTETS ("Subject: x\r\n\r\nline\r\n"), OCTETS ("Subject: x\r\n\r\nline\r\n.\r\n") },
};

static GBytes *
take_output (SmtpOutput *out)
{
  GByteArray *wire = g_byte_array_new ();

  while (smtp_output_length (out) > 0)
    {
      SmtpSpan span;

      g_assert_cmpuint (smtp_output_get_spans (out, &span, 1), ==, 1);
      g_byte_array_append (wire, span.data, span.length);
      smtp_output_consume (out, span.length);
    }

  smtp_output_clear (out);
  return g_byte_array_free_to_bytes (wire);
}

/* Feeds the content cut at the given places, and returns the wire form. */
static GBytes *
encode_cut (const char *content,
            gsize       length,
            gsize       first,
            gsize       rest)
{
  SmtpContent state = { 0 };
  SmtpOutput out = { 0 };
  gsize piece = first;

  for (gsize done = 0; done < length; done += piece, piece = rest)
    {
      piece = MIN (piece, length - done);
      smtp_content_encode (&state, content + done, piece, first % 2, &out);
      if (piece == 0)
        continue;
      smtp_content_encode (&state, "", 0, FALSE, &out);
    }

  smtp_content_end (&state, &out);
  smtp_output_append (&out, ".\r\n", 3);
  return take_output (&out);
}

static void
assert_wire (GBytes     *wire,
             const char *expected,
             gsize       length)
{
  gsize n;
  const char *bytes = g_bytes_get_data (wire, &n);

  g_assert_cmpmem (bytes, n, expected, length);
}

/* Whole, by octet, and in every split of two. */
static void
assert_all_cuts (const char *content,
                 gsize       length,
                 const char *expected,
                 gsize       expected_length)
{
  g_autoptr (GBytes) by_octet = encode_cut (content, length, 1, 1);

  assert_wire (by_octet, expected, expected_length);
  for (gsize first = 0; first <= length; first++)
    {
      g_autoptr (GBytes) wire = encode_cut (content, length, first, length + 1);

      assert_wire (wire, expected, expected_length);
    }
}

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_all_cuts (cases[i].content, cases[i].length, cases[i].wire, cases[i].wire_length);
}

/* The same in the plainest way: first the lines, then the dots. */
static GString *
normalise (const char *content,
           gsize       length)
{
  GString *out = g_string_new (NULL);

  for (gsize i = 0; i < length; i++)
    {
      if (content[i] == '\n' && i > 0 && content[i - 1] == '\r')
        continue;
      if (content[i] == '\r' || content[i] == '\n')
        g_string_append (out, "\r\n");
      else
        g_string_append_c (out, content[i]);
    }

  if (out->len > 0 && out->str[out->len - 1] != '\n')
    g_string_append (out, "\r\n");
  return out;
}

static GString *
stuff (const GString *lines)
{
  GString *out = g_string_new (NULL);

  for (gsize i = 0; i < lines->len; i++)
    {
      if (lines->str[i] == '.' && (i == 0 || lines->str[i - 1] == '\n'))
        g_string_append_c (out, '.');
      g_string_append_c (out, lines->str[i]);
    }

  return g_string_append (out, ".\r\n");
}

/* As a server reads it (RFC 5321 §4.5.2): up to the line that is one dot. */
static GString *
unstuff (const GString *wire)
{
  GString *out = g_string_new (NULL);
  const char *p = wire->str;
  const char *end = p + wire->len;

  for (;;)
    {
      const char *lf = memchr (p, '\n', end - p);

      g_assert_nonnull (lf);
      g_assert_true (lf > p && lf[-1] == '\r');
      g_assert_null (memchr (p, '\r', lf - 1 - p));
      if (*p == '.' && lf - p == 2)
        break;
      p += *p == '.';
      g_string_append_len (out, p, lf + 1 - p);
      p = lf + 1;
    }

  g_assert_true (p + 3 == end);
  return out;
}

static gsize
random_content (GRand *rand,
                char  *content,
                gsize  limit)
{
  static const char letters[] = { '\r', '\n', '.', 'a', '\0', '\r', '\n', '.' };
  gsize length = g_rand_int_range (rand, 0, limit);
  gint kinds = g_rand_int_range (rand, 1, G_N_ELEMENTS (letters) + 1);

  for (gsize i = 0; i < length; i++)
    content[i] = letters[g_rand_int_range (rand, 0, kinds)];
  return length;
}

static void
test_property (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5321);

  for (int i = 0; i < 2000; i++)
    {
      char content[40];
      gsize length = random_content (rand, content, sizeof content);
      g_autoptr (GString) lines = normalise (content, length);
      g_autoptr (GString) wire = stuff (lines);
      g_autoptr (GString) back = unstuff (wire);

      assert_all_cuts (content, length, wire->str, wire->len);
      g_assert_cmpmem (back->str, back->len, lines->str, lines->len);
    }
}

/* Longer than the windows it looks through, with rare line ends. */
static void
test_long_lines (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (512);

  for (int i = 0; i < 200; i++)
    {
      char content[3000];
      gsize length = g_rand_int_range (rand, 400, sizeof content);
      g_autoptr (GString) lines = NULL;
      g_autoptr (GString) wire = NULL;
      g_autoptr (GBytes) found = NULL;

      memset (content, 'x', length);
      for (int n = g_rand_int_range (rand, 0, 6); n > 0; n--)
        content[g_rand_int_range (rand, 0, length)] = "\r\n."[n % 3];
      lines = normalise (content, length);
      wire = stuff (lines);
      found = encode_cut (content, length, g_rand_int_range (rand, 1, length), 511);
      assert_wire (found, wire->str, wire->len);
    }
}

/* ---- larger ones -------------------------------------------------------------- */

/* Several blocks of lines, some of them long, with a fault now and then. */
static char *
make_lines (GRand *rand,
            gsize *length)
{
  static const char * const faults[] = { "\n", "\r", "\r\n.", ".", "\r\r\n", "\303\251", "\n\r\n.\r", "\r\n..\r\n" };
  GString *content = g_string_new (NULL);
  int one_in = g_rand_int_range (rand, 0, 3) == 0 ? 3 : 2000;

  *length = g_rand_int_range (rand, 100, 70000);
  while (content->len < *length)
    {
      gsize line = g_rand_int_range (rand, 0, g_rand_int_range (rand, 0, 300) == 0 ? 2500 : 90);

      for (gsize i = 0; i < line; i++)
        g_string_append_c (content, 'a' + (char) (i % 26));
      g_string_append (content, g_rand_int_range (rand, 0, one_in) == 0
                                  ? faults[g_rand_int_range (rand, 0, G_N_ELEMENTS (faults))] : "\r\n");
    }

  g_string_truncate (content, *length);
  return g_string_free (content, FALSE);
}

static gboolean
has_long_line (const GString *lines)
{
  g_auto (GStrv) all = g_strsplit (lines->str, "\r\n", -1);

  for (guint i = 0; all[i] != NULL; i++)
    {
      if (strlen (all[i]) > SMTP_MAX_LINE)
        return TRUE;
    }

  return FALSE;
}

static void
check_survey (const char    *content,
              gsize          length,
              const GString *lines,
              const GString *wire)
{
  SmtpContentFacts facts;

  smtp_content_survey (content, length, TRUE, &facts);
  g_assert_cmpuint (facts.size, ==, lines->len);
  g_assert_cmpint (facts.dots, ==, wire->len - 3 > lines->len);
  g_assert_cmpint (facts.eight_bit, ==, memchr (content, 0303, length) != NULL);
  g_assert_cmpint (facts.long_line, ==, has_long_line (lines));
  g_assert_cmpint (facts.clean, ==, lines->len == length && memcmp (lines->str, content, length) == 0);
}

/* Every way to find what is to be changed finds the same. */
static void
check_marks (const char *content,
             gsize       length,
             gboolean    stuff)
{
  const guint8 *bytes = (const guint8 *) content;
  g_autofree guint16 *plain = g_new (guint16, SMTP_MARKS_BLOCK + 2);
  g_autofree guint16 *quick = g_new (guint16, SMTP_MARKS_BLOCK + 2);
  const SmtpLineState before = { .run = 990, .mid_line = TRUE };
  SmtpLineState a = before;
  guint n;

  length = MIN (length, SMTP_MARKS_BLOCK);
  while (length > 0 && content[length - 1] == '\r')
    length--;
  n = smtp_find_marks_by (SMTP_MARKS_PLAIN, &a, bytes, length, stuff, plain);
  for (SmtpMarksWay way = SMTP_MARKS_AVX2; way <= SMTP_MARKS_AVX512; way++)
    {
      SmtpLineState b = before;

      g_assert_cmpuint (smtp_find_marks_by (way, &b, bytes, length, stuff, quick), ==, n);
      g_assert_cmpmem (plain, n * 2, quick, n * 2);
      g_assert_cmpuint (a.run, ==, b.run);
      g_assert_cmpint (a.mid_line, ==, b.mid_line);
      g_assert_cmpint (a.eight_bit, ==, b.eight_bit);
      g_assert_cmpint (a.long_line, ==, b.long_line);
    }
}

static void
test_blocks (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (16384);

  for (int i = 0; i < 300; i++)
    {
      gsize length;
      g_autofree char *content = make_lines (rand, &length);
      g_autoptr (GString) lines = normalise (content, length);
      g_autoptr (GString) wire = stuff (lines);
      g_autoptr (GBytes) found = NULL;

      found = encode_cut (content, length, g_rand_int_range (rand, 1, length), g_rand_int_range (rand, 1, 40000));
      assert_wire (found, wire->str, wire->len);
      check_survey (content, length, lines, wire);
      check_marks (content, length, i % 2);
    }
}

/* RFC 5321 §4.5.3.1.6 counts a line with its CRLF: 1000. */
static void
test_line_limit (void)
{
  static const char * const ends[] = { "\r\n", "\n", "\r", "" };

  for (gsize e = 0; e < G_N_ELEMENTS (ends); e++)
    {
      for (gsize before = 0; before < 200; before++)
        {
          for (gsize octets = 997; octets <= 1000; octets++)
            {
              g_autofree char *line = g_strnfill (octets, 'x');
              g_autofree char *head = g_strnfill (before, 'y');
              g_autofree char *content = g_strconcat (head, "\r\n", line, ends[e], NULL);
              SmtpContentFacts facts;

              smtp_content_survey (content, strlen (content), TRUE, &facts);
              g_assert_cmpint (facts.long_line, ==, octets > 998);
            }
        }
    }
}

static void
test_header (void)
{
  static const struct
  {
    const char *content;
    gboolean    eight_bit;
    gboolean    in_header;
  } all[] = {
    { "Subject: x\r\n\r\nbody\r\n", FALSE, FALSE },
    { "Subject: \303\251\r\n\r\nbody\r\n", TRUE, TRUE },
    { "Subject: x\r\n\r\n\303\251\r\n", TRUE, FALSE },
    { "Subject: x\n\n\303\251\n", TRUE, FALSE },
    { "Subject: x\n\303\251: y\n", TRUE, TRUE },
    { "\r\n\303\251\r\n", TRUE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    {
      SmtpContentFacts facts;

      smtp_content_survey (all[i].content, strlen (all[i].content), TRUE, &facts);
      g_assert_cmpint (facts.eight_bit, ==, all[i].eight_bit);
      g_assert_cmpint (facts.eight_bit_header, ==, all[i].in_header);
    }
}

static void
test_unstuffed (void)
{
  SmtpContent state = { .unstuffed = TRUE };
  SmtpOutput out = { 0 };
  g_autoptr (GBytes) wire = NULL;

  smtp_content_encode (&state, ".\n..a\r", 6, FALSE, &out);
  smtp_content_end (&state, &out);
  wire = take_output (&out);
  assert_wire (wire, OCTETS (".\r\n..a\r\n"));
}

static void
test_binary (void)
{
  SmtpContent state = { .binary = TRUE };
  SmtpOutput out = { 0 };
  g_autoptr (GBytes) wire = NULL;

  smtp_content_encode (&state, ".\n..a\r", 6, FALSE, &out);
  smtp_content_end (&state, &out);
  wire = take_output (&out);
  assert_wire (wire, OCTETS (".\n..a\r"));
}

static gint64
time_of (char  octet,
         gsize length)
{
  g_autofree char *content = g_malloc (length);
  SmtpContent state = { 0 };
  SmtpOutput out = { 0 };
  gint64 begun;

  memset (content, octet, length);
  begun = g_get_monotonic_time ();
  for (gsize done = 0; done < length; done += MIB / 16)
    {
      smtp_content_encode (&state, content + done, MIB / 16, TRUE, &out);
      smtp_output_consume (&out, smtp_output_length (&out));
    }
  begun = g_get_monotonic_time () - begun;
  smtp_output_clear (&out);
  return begun;
}

/* Four times the content may not take sixteen times the time. The bound is
 * loose: a machine may be busy. */
static void
test_linear (void)
{
  static const char octets[] = { '\r', '\n', '.', 'a' };

  for (gsize i = 0; i < G_N_ELEMENTS (octets); i++)
    {
      gint64 small = MAX (time_of (octets[i], MIB / 4), 1000);
      gint64 large = time_of (octets[i], 4 * MIB);

      g_test_message ("%02x: %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT " µs", octets[i], small, large);
      g_assert_cmpint (large, <, small * 16 * 10);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/content/cases", test_cases);
  g_test_add_func ("/content/property", test_property);
  g_test_add_func ("/content/long-lines", test_long_lines);
  g_test_add_func ("/content/blocks", test_blocks);
  g_test_add_func ("/content/line-limit", test_line_limit);
  g_test_add_func ("/content/header", test_header);
  g_test_add_func ("/content/unstuffed", test_unstuffed);
  g_test_add_func ("/content/binary", test_binary);
  g_test_add_func ("/content/linear", test_linear);
  return g_test_run ();
}
