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

/* Feeds the content cut at the given places, and returns the wire form. */
static GBytes *
encode_cut (const char *content,
            gsize       length,
            gsize       first,
            gsize       rest)
{
  SmtpContent state = { 0 };
  SmtpBuffer out = { 0 };
  GBytes *wire;
  gsize piece = first;

  for (gsize done = 0; done < length; done += piece, piece = rest)
    {
      piece = MIN (piece, length - done);
      smtp_content_encode (&state, content + done, piece, &out);
      if (piece == 0)
        continue;
      smtp_content_encode (&state, "", 0, &out);
    }

  smtp_content_finish (&state, &out);
  wire = g_bytes_new (smtp_buffer_head (&out), smtp_buffer_length (&out));
  smtp_buffer_clear (&out);
  return wire;
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

static gint64
time_of (char  octet,
         gsize length)
{
  g_autofree char *content = g_malloc (length);
  gint64 begun;

  memset (content, octet, length);
  begun = g_get_monotonic_time ();
  g_bytes_unref (encode_cut (content, length, length, length));
  return g_get_monotonic_time () - begun;
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
  g_test_add_func ("/content/linear", test_linear);
  return g_test_run ();
}
