/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <string.h>

#include "smtp-buffer.h"

#define SECRET "open sesame"

/* Linked with --wrap: each wiping is seen before it happens, as the memory is
 * gone afterwards. */
void __real_explicit_bzero (void *memory, size_t length);
void __wrap_explicit_bzero (void *memory, size_t length);

static GString *wiped;

void
__wrap_explicit_bzero (void   *memory,
                       size_t  length)
{
  if (wiped != NULL)
    g_string_append_len (wiped, memory, length);
  __real_explicit_bzero (memory, length);
}

static gboolean
was_wiped (const char *secret)
{
  return memmem (wiped->str, wiped->len, secret, strlen (secret)) != NULL;
}

static void
assert_holds (const SmtpBuffer *buffer,
              const char       *expected)
{
  g_assert_cmpmem (smtp_buffer_head (buffer), smtp_buffer_length (buffer), expected, strlen (expected));
}

static void
test_queue (void)
{
  SmtpBuffer buffer = { 0 };

  g_assert_cmpuint (smtp_buffer_length (&buffer), ==, 0);
  g_assert_null (smtp_buffer_head (&buffer));
  smtp_buffer_append (&buffer, NULL, 0);
  smtp_buffer_consume (&buffer, 0);
  g_assert_cmpuint (smtp_buffer_length (&buffer), ==, 0);

  smtp_buffer_append (&buffer, "hello ", 6);
  smtp_buffer_append (&buffer, "world", 5);
  assert_holds (&buffer, "hello world");
  smtp_buffer_consume (&buffer, 4);
  assert_holds (&buffer, "o world");
  smtp_buffer_append (&buffer, "!", 1);
  assert_holds (&buffer, "o world!");
  smtp_buffer_consume (&buffer, 8);
  g_assert_cmpuint (smtp_buffer_length (&buffer), ==, 0);
  smtp_buffer_append (&buffer, "again", 5);
  assert_holds (&buffer, "again");
  smtp_buffer_clear (&buffer);
  g_assert_cmpuint (smtp_buffer_length (&buffer), ==, 0);
  smtp_buffer_clear (&buffer);
}

static void
test_reserve (void)
{
  SmtpBuffer buffer = { 0 };

  memcpy (smtp_buffer_reserve (&buffer, 5000), "abc", 3);
  buffer.end += 3;
  assert_holds (&buffer, "abc");
  g_assert_cmpuint (buffer.size, >=, 5000);
  smtp_buffer_clear (&buffer);
}

/* Against a GString that does the same. */
static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autoptr (GString) model = g_string_new (NULL);
  SmtpBuffer buffer = { 0 };
  char piece[700];

  for (int i = 0; i < 20000; i++)
    {
      gsize n = g_rand_int_range (rand, 0, sizeof piece);

      if (g_rand_int_range (rand, 0, 100) < 49)
        {
          memset (piece, 'a' + i % 26, n);
          smtp_buffer_append (&buffer, piece, n);
          g_string_append_len (model, piece, n);
        }
      else
        {
          n = MIN (n, model->len);
          smtp_buffer_consume (&buffer, n);
          g_string_erase (model, 0, n);
        }

      g_assert_cmpuint (smtp_buffer_length (&buffer), ==, model->len);
      if (model->len > 0)
        g_assert_cmpint (memcmp (smtp_buffer_head (&buffer), model->str, model->len), ==, 0);
    }

  smtp_buffer_clear (&buffer);
}

/* TLS wants the same octets again: more behind them changes nothing. */
static void
test_stable_head (void)
{
  SmtpBuffer buffer = { 0 };
  char filling[1000];

  memset (filling, 'x', sizeof filling);
  smtp_buffer_append (&buffer, "..head", 6);
  smtp_buffer_consume (&buffer, 2);
  for (int i = 0; i < 300; i++)
    {
      smtp_buffer_append (&buffer, filling, sizeof filling);
      g_assert_cmpint (memcmp (smtp_buffer_head (&buffer), "headx", 5), ==, 0);
    }
  smtp_buffer_clear (&buffer);
}

static void
test_wipe_consumed (void)
{
  SmtpBuffer buffer = { 0 };

  smtp_buffer_append (&buffer, SECRET, strlen (SECRET));
  smtp_buffer_consume (&buffer, 4);
  smtp_buffer_consume (&buffer, strlen (SECRET) - 4);
  g_assert_nonnull (buffer.data);
  for (gsize i = 0; i < strlen (SECRET); i++)
    g_assert_cmpint (buffer.data[i], ==, 0);
  smtp_buffer_clear (&buffer);
}

static void
test_wipe_grown (void)
{
  SmtpBuffer buffer = { 0 };
  char filling[8192] = { 0 };

  wiped = g_string_new (NULL);
  smtp_buffer_append (&buffer, SECRET, strlen (SECRET));
  g_assert_false (was_wiped (SECRET));
  smtp_buffer_append (&buffer, filling, sizeof filling);
  g_assert_true (was_wiped (SECRET));
  g_string_free (g_steal_pointer (&wiped), TRUE);
  smtp_buffer_clear (&buffer);
}

/* What was consumed lies before the head, and is wiped with it. */
static void
test_wipe_cleared (void)
{
  SmtpBuffer buffer = { 0 };

  wiped = g_string_new (NULL);
  smtp_buffer_append (&buffer, SECRET, strlen (SECRET));
  smtp_buffer_consume (&buffer, 5);
  smtp_buffer_clear (&buffer);
  g_assert_true (was_wiped (SECRET));
  g_string_free (g_steal_pointer (&wiped), TRUE);
}

static void
test_gives_back (void)
{
  SmtpBuffer buffer = { 0 };
  gsize length = 4 * 1024 * 1024;
  g_autofree char *filling = g_malloc0 (length);

  smtp_buffer_append (&buffer, filling, length);
  smtp_buffer_consume (&buffer, length);
  g_assert_null (buffer.data);
  g_assert_cmpuint (buffer.size, ==, 0);
  smtp_buffer_append (&buffer, "x", 1);
  assert_holds (&buffer, "x");
  smtp_buffer_consume (&buffer, 1);
  g_assert_nonnull (buffer.data);
  smtp_buffer_clear (&buffer);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/buffer/queue", test_queue);
  g_test_add_func ("/buffer/reserve", test_reserve);
  g_test_add_func ("/buffer/random", test_random);
  g_test_add_func ("/buffer/stable-head", test_stable_head);
  g_test_add_func ("/buffer/wipe/consumed", test_wipe_consumed);
  g_test_add_func ("/buffer/wipe/grown", test_wipe_grown);
  g_test_add_func ("/buffer/wipe/cleared", test_wipe_cleared);
  g_test_add_func ("/buffer/gives-back", test_gives_back);
  return g_test_run ();
}
