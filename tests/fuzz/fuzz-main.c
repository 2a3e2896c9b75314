/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stands in for libFuzzer: runs a target over its seeds and over mutations of
 * them, the same ones each time. An input that crashes is left in a file. */

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define MUTATIONS 20000
#define LONGEST   4096

static GPtrArray *seeds; /* of GBytes */
static const char *artifact;
static GString *current;

/* Async-signal-safety does not matter any more: the process is lost, and the
 * input is worth the try. */
static void
on_crash (int number)
{
  signal (number, SIG_DFL);
  g_file_set_contents (artifact, current->str, current->len, NULL);
  g_printerr ("# the input is in %s\n", artifact);
  raise (number);
}

static void
run_current (void)
{
  /* A copy of just its size, so that reading beyond it is found. */
  uint8_t *data = malloc (current->len + (current->len == 0));

  memcpy (data, current->str, current->len);
  LLVMFuzzerTestOneInput (data, current->len);
  free (data);
}

static void
set_current (GBytes *bytes)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);

  g_string_truncate (current, 0);
  g_string_append_len (current, data, length);
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

static void
load_seeds (const char *directory)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (directory, 0, &error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  if (dir == NULL)
    g_error ("%s", error->message);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_build_filename (directory, name, NULL));

  /* The order of a directory is anything; that of the runs is not. */
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    {
      char *contents;
      gsize length;

      if (!g_file_get_contents (names->pdata[i], &contents, &length, &error))
        g_error ("%s", error->message);
      g_ptr_array_add (seeds, g_bytes_new_take (contents, length));
    }
}

/* ---- mutations -------------------------------------------------------------- */

static const char * const pieces[] = {
  "\r\n", "\n", "\r", ".", "\r\n.\r\n", "250 ", "250-", "354 ", "421 ", "550 5.1.1 ", "334 ", "235 ",
  "\377", "\302\205", "\342\200\256", "=", "<", ">", "\"", "\\", "@", "|", " ", "\nS", "\nW\n", "\no\n",
};

static gsize
random_place (GRand *rand)
{
  return g_rand_int_range (rand, 0, current->len + 1);
}

static void
mutate_once (GRand *rand)
{
  gsize at = random_place (rand);
  gsize n = g_rand_int_range (rand, 1, 20);

  n = MIN (n, current->len - at);
  switch (g_rand_int_range (rand, 0, 6))
    {
    case 0:
      if (at < current->len)
        current->str[at] = g_rand_int_range (rand, 0, 256);
      break;
    case 1:
      g_string_insert_c (current, at, g_rand_int_range (rand, 0, 256));
      break;
    case 2:
      g_string_erase (current, at, n);
      break;
    case 3:
      {
        g_autofree char *copy = g_strndup (current->str + at, n);

        g_string_insert (current, random_place (rand), copy);
        break;
      }
    case 4:
      g_string_insert (current, at, pieces[g_rand_int_range (rand, 0, G_N_ELEMENTS (pieces))]);
      break;
    default:
      {
        GBytes *other = seeds->pdata[g_rand_int_range (rand, 0, seeds->len)];
        gsize length;
        const char *data = g_bytes_get_data (other, &length);

        g_string_truncate (current, at);
        at = g_rand_int_range (rand, 0, length + 1);
        g_string_append_len (current, data + at, length - at);
      }
    }

  if (current->len > LONGEST)
    g_string_truncate (current, LONGEST);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1870);

  if (argc != 3)
    g_error ("usage: %s SEEDS ARTIFACT", argv[0]);

  seeds = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  current = g_string_new (NULL);
  artifact = argv[2];
  LLVMFuzzerInitialize (&argc, &argv);
  load_seeds (argv[1]);
  signal (SIGABRT, on_crash);
  signal (SIGSEGV, on_crash);
  signal (SIGTRAP, on_crash);

  g_print ("1..2\n");
  for (guint i = 0; i < seeds->len; i++)
    {
      set_current (seeds->pdata[i]);
      run_current ();
    }
  g_print ("ok 1 - %u seeds\n", seeds->len);

  for (guint i = 0; i < MUTATIONS; i++)
    {
      set_current (seeds->pdata[g_rand_int_range (rand, 0, seeds->len)]);
      for (int n = g_rand_int_range (rand, 1, 8); n > 0; n--)
        mutate_once (rand);
      run_current ();
    }
  g_print ("ok 2 - %u mutations\n", MUTATIONS);

  g_ptr_array_unref (seeds);
  g_string_free (current, TRUE);
  return 0;
}
