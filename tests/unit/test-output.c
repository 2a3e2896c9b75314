/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The queue of what waits to be written, against a plain array of octets. */

#include <glib.h>
#include <string.h>

#include "smtp-output.h"
#include "smtp-secret-memory.h"

/* From here on octets are referred to; fewer are copied. */
#define SHARED 4096

#define SOURCE (256 * 1024)

typedef struct
{
  SmtpOutput  out;
  GByteArray *model;
  guint8     *source;  /* octets to refer to; they never change */
} Pair;

static void
pair_init (Pair *pair)
{
  memset (&pair->out, 0, sizeof pair->out);
  pair->model = g_byte_array_new ();
  pair->source = g_malloc (SOURCE);
  for (gsize i = 0; i < SOURCE; i++)
    pair->source[i] = (guint8) (i * 2654435761u >> 13);
}

static void
pair_clear (Pair *pair)
{
  smtp_output_clear (&pair->out);
  g_byte_array_unref (pair->model);
  g_free (pair->source);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pair, pair_clear)

static void
assert_same (Pair *pair)
{
  SmtpSpan spans[SMTP_OUTPUT_SPANS];
  guint n = smtp_output_get_spans (&pair->out, spans, SMTP_OUTPUT_SPANS);
  gsize done = 0;

  g_assert_cmpuint (smtp_output_length (&pair->out), ==, pair->model->len);
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpuint (spans[i].length, >, 0);
      g_assert_cmpuint (done + spans[i].length, <=, pair->model->len);
      g_assert_true (memcmp (spans[i].data, pair->model->data + done, spans[i].length) == 0);
      done += spans[i].length;
    }

  g_assert_cmpuint (done, ==, pair->model->len);
}

static void
append (Pair  *pair,
        gsize  offset,
        gsize  length)
{
  smtp_output_append (&pair->out, pair->source + offset, length);
  g_byte_array_append (pair->model, pair->source + offset, length);
}

static void
share (Pair  *pair,
       gsize  offset,
       gsize  length)
{
  smtp_output_share (&pair->out, pair->source + offset, length);
  g_byte_array_append (pair->model, pair->source + offset, length);
}

/* More is reserved than is used, as for content. */
static void
commit (Pair  *pair,
        gsize  offset,
        gsize  length)
{
  memcpy (smtp_output_reserve (&pair->out, length + 100), pair->source + offset, length);
  smtp_output_commit (&pair->out, length);
  g_byte_array_append (pair->model, pair->source + offset, length);
}

static void
consume (Pair  *pair,
         gsize  length)
{
  smtp_output_consume (&pair->out, length);
  if (length > 0)
    g_byte_array_remove_range (pair->model, 0, length);
}

static void
step (Pair  *pair,
      GRand *rand,
      guint  sharing)
{
  static const gsize lengths[] = { 2, 10, 200, SHARED - 1, SHARED, 3 * SHARED, 40000 };
  gsize length = g_rand_int_range (rand, 0, lengths[g_rand_int_range (rand, 0, G_N_ELEMENTS (lengths))]);
  gsize offset = g_rand_int_range (rand, 0, SOURCE - length);
  guint what = g_rand_int_range (rand, 0, 10);

  if (what < sharing)
    share (pair, offset, length + (length < SHARED && offset + 2 * SHARED < SOURCE ? SHARED : 0));
  else if (what < 6)
    append (pair, offset, length);
  else if (what < 8)
    commit (pair, offset, length);
  else
    consume (pair, MIN (length * 3, pair->model->len));
}

/* With few octets referred to, and with many. */
static void
test_random (gconstpointer data)
{
  for (guint32 seed = 0; seed < 20; seed++)
    {
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
      g_auto (Pair) pair = { 0 };

      pair_init (&pair);
      for (guint i = 0; i < 500; i++)
        {
          step (&pair, rand, GPOINTER_TO_UINT (data));
          if (pair.model->len > 300000)
            consume (&pair, pair.model->len - g_rand_int_range (rand, 0, 3));
          assert_same (&pair);
        }
      consume (&pair, pair.model->len);
      assert_same (&pair);
    }
}

static void
test_empty (void)
{
  SmtpOutput out = { 0 };
  SmtpSpan span;

  smtp_output_append (&out, "", 0);
  smtp_output_share (&out, "", 0);
  smtp_output_commit (&out, 0);
  smtp_output_consume (&out, 0);
  g_assert_cmpuint (smtp_output_length (&out), ==, 0);
  g_assert_cmpuint (smtp_output_get_spans (&out, &span, 1), ==, 0);
  smtp_output_clear (&out);
}

/* Long ones are referred to, short ones are copied. */
static void
test_shared (void)
{
  static const struct
  {
    gsize    length;
    gboolean shared;
  } cases[] = { { 1, FALSE }, { SHARED - 1, FALSE }, { SHARED, TRUE }, { SOURCE, TRUE } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Pair) pair = { 0 };
      SmtpSpan span;

      pair_init (&pair);
      share (&pair, 0, cases[i].length);
      g_assert_cmpuint (smtp_output_get_spans (&pair.out, &span, 1), ==, 1);
      g_assert_cmpint (span.data == pair.source, ==, cases[i].shared);
      assert_same (&pair);
      consume (&pair, cases[i].length / 2);
      assert_same (&pair);
    }
}

/* What stands side by side is one. */
static void
test_joined (void)
{
  g_auto (Pair) pair = { 0 };

  pair_init (&pair);
  share (&pair, 0, SHARED);
  share (&pair, SHARED, SHARED);
  g_assert_cmpuint (pair.out.n, ==, 1);
  append (&pair, 0, 10);
  append (&pair, 10, 10);
  commit (&pair, 20, 10);
  g_assert_cmpuint (pair.out.n, ==, 2);
  share (&pair, 2 * SHARED, SHARED);
  g_assert_cmpuint (pair.out.n, ==, 3);
  share (&pair, 0, SHARED);
  g_assert_cmpuint (pair.out.n, ==, 4);
  assert_same (&pair);
}

/* When no place is left, what would be referred to is copied, and nothing is
 * lost; when one is left again, it is used. */
static void
test_full (void)
{
  g_auto (Pair) pair = { 0 };

  pair_init (&pair);
  for (guint round = 0; round < 3; round++)
    {
      for (guint i = 0; i < 3 * SMTP_OUTPUT_SPANS; i++)
        {
          share (&pair, (i % 7) * 2 * SHARED, SHARED + i);
          if (i % 3 == 0)
            append (&pair, i, 5);
          g_assert_cmpuint (pair.out.n, <=, SMTP_OUTPUT_SPANS);
          assert_same (&pair);
        }
      g_assert_cmpuint (pair.out.n, >=, SMTP_OUTPUT_SPANS - 1);
      consume (&pair, pair.model->len - 3);
      g_assert_cmpuint (pair.out.n, ==, 1);
      assert_same (&pair);
    }
}

/* The first spans alone, as many as there is room for. */
static void
test_some_spans (void)
{
  g_auto (Pair) pair = { 0 };
  SmtpSpan spans[2];

  pair_init (&pair);
  append (&pair, 0, 7);
  share (&pair, 100, SHARED);
  append (&pair, 0, 9);
  g_assert_cmpuint (smtp_output_get_spans (&pair.out, spans, 0), ==, 0);
  g_assert_cmpuint (smtp_output_get_spans (&pair.out, spans, 2), ==, 2);
  g_assert_cmpuint (spans[0].length, ==, 7);
  g_assert_true (spans[1].data == pair.source + 100);
  consume (&pair, 8);
  g_assert_cmpuint (smtp_output_get_spans (&pair.out, spans, 2), ==, 2);
  g_assert_true (spans[0].data == pair.source + 101);
  g_assert_cmpmem (spans[1].data, spans[1].length, pair.source, 9);
}

/* ---- secrets ---------------------------------------------------------------- */

#define SECRET "AUTH PLAIN b3BlbiBzZXNhbWU=\r\n"

/* Linked with --wrap: how often the secret was wiped. */
void __real_explicit_bzero (void *memory, size_t length);
void __wrap_explicit_bzero (void *memory, size_t length);

static guint n_wiped;

void
__wrap_explicit_bzero (void   *memory,
                       size_t  length)
{
  if (memmem (memory, length, SECRET, strlen (SECRET)) != NULL)
    n_wiped++;
  __real_explicit_bzero (memory, length);
}

static const char *
take_secret (Pair *pair)
{
  char *secret = smtp_secret_strdup (SECRET);

  n_wiped = 0;
  smtp_output_take_secret (&pair->out, secret, strlen (SECRET));
  g_byte_array_append (pair->model, (const guint8 *) SECRET, strlen (SECRET));
  return secret;
}

/* It leaves from where it is, and is gone with its last octet. */
static void
test_secret (void)
{
  g_auto (Pair) pair = { 0 };
  const char *secret;
  SmtpSpan span;

  pair_init (&pair);
  secret = take_secret (&pair);
  g_assert_cmpuint (smtp_output_get_spans (&pair.out, &span, 1), ==, 1);
  g_assert_true (span.data == (const guint8 *) secret);
  g_assert_cmpuint (smtp_output_get_copied (&pair.out), ==, 0);
  assert_same (&pair);
  consume (&pair, 5);
  assert_same (&pair);
  g_assert_cmpuint (n_wiped, ==, 0);
  consume (&pair, pair.model->len);
  g_assert_cmpuint (n_wiped, ==, 1);
  append (&pair, 0, 10);
  assert_same (&pair);
}

static void
test_secret_among_others (void)
{
  g_auto (Pair) pair = { 0 };

  pair_init (&pair);
  append (&pair, 0, 10);
  take_secret (&pair);
  append (&pair, 0, 10);
  share (&pair, 0, SHARED);
  assert_same (&pair);
  consume (&pair, 15);
  assert_same (&pair);
  consume (&pair, pair.model->len);
  g_assert_cmpuint (n_wiped, ==, 1);
}

static void
test_secret_cleared (void)
{
  g_auto (Pair) pair = { 0 };

  pair_init (&pair);
  take_secret (&pair);
  consume (&pair, 5);
  smtp_output_clear (&pair.out);
  g_assert_cmpuint (n_wiped, ==, 1);
  g_byte_array_set_size (pair.model, 0);
  assert_same (&pair);
}

/* There is no place for it: it is copied, and the copy wiped like it. */
static void
test_secret_copied (gconstpointer full)
{
  g_auto (Pair) pair = { 0 };

  pair_init (&pair);
  if (full != NULL)
    for (guint i = 0; i < SMTP_OUTPUT_SPANS; i++)
      share (&pair, (i % 7) * 2 * SHARED, SHARED);
  else
    take_secret (&pair);
  take_secret (&pair);
  g_assert_cmpuint (n_wiped, ==, 1);
  assert_same (&pair);
  consume (&pair, pair.model->len);
  g_assert_cmpuint (n_wiped, ==, full != NULL ? 2 : 3);
}

static void
test_secret_empty (void)
{
  g_auto (Pair) pair = { 0 };

  pair_init (&pair);
  smtp_output_take_secret (&pair.out, smtp_secret_strdup (""), 0);
  assert_same (&pair);
  take_secret (&pair);
  assert_same (&pair);
}

/* Nothing is left of it, and it may be used again. */
static void
test_clear (void)
{
  g_auto (Pair) pair = { 0 };

  pair_init (&pair);
  append (&pair, 0, 100);
  share (&pair, 0, SHARED);
  smtp_output_clear (&pair.out);
  g_byte_array_set_size (pair.model, 0);
  assert_same (&pair);
  append (&pair, 5, 100);
  share (&pair, 9, SHARED);
  assert_same (&pair);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/output/empty", test_empty);
  g_test_add_data_func ("/output/random/copied", GUINT_TO_POINTER (1), test_random);
  g_test_add_data_func ("/output/random/shared", GUINT_TO_POINTER (5), test_random);
  g_test_add_func ("/output/shared", test_shared);
  g_test_add_func ("/output/joined", test_joined);
  g_test_add_func ("/output/full", test_full);
  g_test_add_func ("/output/some-spans", test_some_spans);
  g_test_add_func ("/output/clear", test_clear);
  g_test_add_func ("/output/secret/alone", test_secret);
  g_test_add_func ("/output/secret/among-others", test_secret_among_others);
  g_test_add_func ("/output/secret/cleared", test_secret_cleared);
  g_test_add_data_func ("/output/secret/full", GUINT_TO_POINTER (TRUE), test_secret_copied);
  g_test_add_data_func ("/output/secret/second", NULL, test_secret_copied);
  g_test_add_func ("/output/secret/empty", test_secret_empty);

  return g_test_run ();
}
