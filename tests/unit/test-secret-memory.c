/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "smtp-secret-memory.h"

#define SECRET "open sesame, and be quick about it"

/* Longer than what shares a block. */
#define LONG (100 * 1024)

static gboolean
is_zero (const guint8 *memory,
         gsize         length)
{
  for (gsize i = 0; i < length; i++)
    if (memory[i] != 0)
      return FALSE;

  return TRUE;
}

static gboolean
is_filled (const guint8 *memory,
           gsize         length,
           guint8        value)
{
  for (gsize i = 0; i < length; i++)
    if (memory[i] != value)
      return FALSE;

  return TRUE;
}

static gboolean
is_mapped (gconstpointer memory)
{
  uintptr_t page = (uintptr_t) memory & ~((uintptr_t) sysconf (_SC_PAGESIZE) - 1);
  unsigned char resident;

  return mincore ((void *) page, 1, &resident) == 0;
}

/* ---- contents ------------------------------------------------------------- */

static const gsize sizes[] = {
  0, 1, 2, 15, 16, 17, 31, 32, 33, 100, 1000, 1500, 4080, 4095, 4096, 4097, 5000, 16383, 16384, 16385, 65536, 1000000,
};

static void
test_sizes (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      guint8 *secret = smtp_secret_alloc (sizes[i]);

      g_assert_nonnull (secret);
      g_assert_cmpuint ((uintptr_t) secret % 16, ==, 0);
      g_assert_true (is_zero (secret, sizes[i]));
      memset (secret, 0xa5, sizes[i]);
      smtp_secret_free (secret);
    }
}

static void
test_all_at_once (void)
{
  guint8 *secrets[G_N_ELEMENTS (sizes)];

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      secrets[i] = smtp_secret_alloc (sizes[i]);
      memset (secrets[i], i + 1, sizes[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    g_assert_true (is_filled (secrets[i], sizes[i], i + 1));
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    smtp_secret_free (secrets[i]);
}

static void
test_text (void)
{
  static const struct
  {
    const char *text;
    gsize       length;
    const char *copy;
  } cases[] = {
    { "sesame", 6, "sesame" },
    { "sesame", 3, "ses" },
    { "sesame", 0, "" },
    { "sesame", 100, "sesame" },
    { "", 5, "" },
    { NULL, 5, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char *part = smtp_secret_strndup (cases[i].text, cases[i].length);
      char *whole = smtp_secret_strdup (cases[i].text);

      g_assert_cmpstr (part, ==, cases[i].copy);
      g_assert_cmpstr (whole, ==, cases[i].text);
      smtp_secret_free (part);
      smtp_secret_free (whole);
    }
}

/* The first keeps the block, through which the rest is seen. */
static void
test_wiped (void)
{
  char *first = smtp_secret_strdup ("first");
  char *secret = smtp_secret_strdup (SECRET);
  char *last = smtp_secret_strdup ("last");
  const guint8 *seen = (const guint8 *) secret;

  g_assert_cmpmem (seen, sizeof SECRET, SECRET, sizeof SECRET);
  smtp_secret_free (secret);
  g_assert_true (is_zero (seen, sizeof SECRET));
  g_assert_cmpstr (first, ==, "first");
  g_assert_cmpstr (last, ==, "last");
  smtp_secret_free (first);
  smtp_secret_free (last);
}

/* All of it, and not only up to the first NUL or to the length asked for. */
static void
test_wiped_whole (void)
{
  char *first = smtp_secret_strdup ("first");
  guint8 *secret = smtp_secret_alloc (40);
  const guint8 *seen = secret;

  memset (secret + 1, 0xa5, 47);
  smtp_secret_free (secret);
  g_assert_true (is_zero (seen, 48));
  smtp_secret_free (first);
}

static void
test_null (void)
{
  smtp_secret_free (NULL);
}

/* ---- blocks --------------------------------------------------------------- */

/* Pages are scarce: what is free is used again, and short ones share. */
static void
test_shared (void)
{
  char *secrets[100];
  uintptr_t lowest = UINTPTR_MAX, highest = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (secrets); i++)
    {
      secrets[i] = smtp_secret_strdup (SECRET);
      lowest = MIN (lowest, (uintptr_t) secrets[i]);
      highest = MAX (highest, (uintptr_t) secrets[i]);
    }
  g_assert_cmpuint (highest - lowest, <, 16 * 1024);
  for (gsize i = 0; i < G_N_ELEMENTS (secrets); i++)
    smtp_secret_free (secrets[i]);
}

static void
test_reused (void)
{
  char *first = smtp_secret_strdup ("first");
  uintptr_t seen = 0;

  for (guint i = 0; i < 100000; i++)
    {
      char *secret = smtp_secret_alloc (100);

      g_assert_true (seen == 0 || seen == (uintptr_t) secret);
      seen = (uintptr_t) secret;
      smtp_secret_free (secret);
    }
  smtp_secret_free (first);
}

static void
test_given_back (void)
{
  guint8 *own = smtp_secret_alloc (LONG);
  guint8 *many[64];
  guint n_mapped = 0;

  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    many[i] = smtp_secret_alloc (4096);
  smtp_secret_free (own);
  g_assert_false (is_mapped (own));
  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    smtp_secret_free (many[i]);
  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    n_mapped += is_mapped (many[i]);

  /* One block is kept. */
  g_assert_cmpuint (n_mapped, >, 0);
  g_assert_cmpuint (n_mapped, <=, 4);
}

/* ---- at random, in threads ------------------------------------------------ */

typedef struct
{
  guint8 *memory;
  gsize   length;
  guint8  value;
} Piece;

static void
replace_piece (Piece *piece,
               GRand *rand)
{
  g_assert_true (is_filled (piece->memory, piece->length, piece->value));
  smtp_secret_free (piece->memory);
  piece->length = g_rand_int_range (rand, 0, g_rand_int_range (rand, 0, 50) == 0 ? 20000 : 300);
  piece->value = g_rand_int_range (rand, 1, 256);
  piece->memory = smtp_secret_alloc (piece->length);
  g_assert_true (is_zero (piece->memory, piece->length));
  memset (piece->memory, piece->value, piece->length);
}

static gpointer
replace_at_random (gpointer seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (GPOINTER_TO_UINT (seed));
  Piece pieces[100] = { { NULL, 0, 0 } };

  for (guint i = 0; i < 3000; i++)
    replace_piece (&pieces[g_rand_int_range (rand, 0, G_N_ELEMENTS (pieces))], rand);
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    smtp_secret_free (pieces[i].memory);
  return NULL;
}

static void
test_random (void)
{
  replace_at_random (GUINT_TO_POINTER (1));
}

static void
test_threads (void)
{
  GThread *threads[8];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new (NULL, replace_at_random, GUINT_TO_POINTER (i));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* ---- what the system does for it ------------------------------------------- */

/* The flags of the mapping, each with a space on both sides; NULL when the
 * system does not tell. */
static char *
get_flags (gconstpointer memory)
{
  FILE *smaps = fopen ("/proc/self/smaps", "r");
  char line[1024];
  gboolean here = FALSE;
  char *flags = NULL;

  while (smaps != NULL && flags == NULL && fgets (line, sizeof line, smaps) != NULL)
    {
      unsigned long start, end;

      if (sscanf (line, "%lx-%lx ", &start, &end) == 2)
        here = (uintptr_t) memory >= start && (uintptr_t) memory < end;
      else if (here && g_str_has_prefix (line, "VmFlags:"))
        flags = g_strdelimit (g_strdup (line + strlen ("VmFlags:")), "\n", ' ');
    }

  if (smaps != NULL)
    fclose (smaps);
  return flags;
}

/* AddressSanitizer has mlock() succeed and do nothing. */
static gboolean
may_lock (void)
{
  gsize size = 64 * 1024;
  void *memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  gboolean done = mlock (memory, size) == 0;
  g_autofree char *flags = get_flags (memory);

  munmap (memory, size);
  return done && flags != NULL && strstr (flags, " lo ") != NULL;
}

static void
check_flags (gconstpointer secret,
             gboolean      locked)
{
  g_autofree char *flags = get_flags (secret);

  if (flags == NULL)
    {
      g_test_skip ("/proc does not tell the flags of a mapping");
      return;
    }

  g_test_message ("flags:%s", flags);
  g_assert_nonnull (strstr (flags, " dd "));
  g_assert_nonnull (strstr (flags, " wf "));
  g_assert_cmpint (strstr (flags, " lo ") != NULL, ==, locked);
}

static void
test_flags (gconstpointer length)
{
  gpointer secret = smtp_secret_alloc (GPOINTER_TO_SIZE (length));

  check_flags (secret, may_lock ());
  smtp_secret_free (secret);
}

/* Root may lock whatever the limit says. */
static void
give_up_locking (void)
{
  const struct rlimit none = { 0, 0 };

  g_assert_cmpint (setrlimit (RLIMIT_MEMLOCK, &none), ==, 0);
  if (geteuid () == 0)
    g_assert_cmpint (setresuid (65534, 65534, 65534), ==, 0);
  prctl (PR_SET_DUMPABLE, 1);
}

static void
test_unlocked (void)
{
  if (g_test_subprocess ())
    {
      give_up_locking ();
      g_assert_false (may_lock ());
      test_sizes ();
      test_all_at_once ();
      test_wiped ();
      test_flags (GSIZE_TO_POINTER (10));
      test_flags (GSIZE_TO_POINTER (LONG));
      return;
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

/* It finds nothing, and may nevertheless free what it has. */
static void
run_child (char *text,
           char *other)
{
  gboolean hidden = is_zero ((guint8 *) text, sizeof SECRET);
  char *own;

  smtp_secret_free (text);
  own = smtp_secret_strdup (SECRET);
  hidden = hidden && g_str_equal (own, SECRET);
  smtp_secret_free (own);
  smtp_secret_free (other);
  _exit (hidden ? 0 : 1);
}

static void
test_forked (void)
{
  char *text = smtp_secret_strdup (SECRET);
  char *other = smtp_secret_alloc (LONG);
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    run_child (text, other);

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpstr (text, ==, SECRET);
  smtp_secret_free (text);
  smtp_secret_free (other);
}

/* ---- mistakes ------------------------------------------------------------- */

typedef void (*Mistake) (void);

static void
free_twice (void)
{
  char *first = smtp_secret_strdup ("first");
  char *secret = smtp_secret_strdup (SECRET);

  smtp_secret_free (secret);
  smtp_secret_free (secret);
  smtp_secret_free (first);
}

static void
free_middle (void)
{
  smtp_secret_free ((char *) smtp_secret_alloc (64) + 16);
}

static void
free_inside_long (void)
{
  smtp_secret_free ((char *) smtp_secret_alloc (LONG) + 4096);
}

static void
free_foreign (void)
{
  char text[] = "text";

  smtp_secret_free (text);
}

static void
test_mistake (gconstpointer data)
{
  if (g_test_subprocess ())
    {
      ((Mistake) data) ();
      return;
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*is no secret*");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/secret-memory/sizes", test_sizes);
  g_test_add_func ("/secret-memory/all-at-once", test_all_at_once);
  g_test_add_func ("/secret-memory/text", test_text);
  g_test_add_func ("/secret-memory/wiped", test_wiped);
  g_test_add_func ("/secret-memory/wiped-whole", test_wiped_whole);
  g_test_add_func ("/secret-memory/null", test_null);
  g_test_add_func ("/secret-memory/shared", test_shared);
  g_test_add_func ("/secret-memory/reused", test_reused);
  g_test_add_func ("/secret-memory/given-back", test_given_back);
  g_test_add_func ("/secret-memory/random", test_random);
  g_test_add_func ("/secret-memory/threads", test_threads);
  g_test_add_data_func ("/secret-memory/flags/shared", GSIZE_TO_POINTER (10), test_flags);
  g_test_add_data_func ("/secret-memory/flags/long", GSIZE_TO_POINTER (LONG), test_flags);
  g_test_add_func ("/secret-memory/unlocked", test_unlocked);
  g_test_add_func ("/secret-memory/forked", test_forked);
  g_test_add_data_func ("/secret-memory/mistake/twice", (gpointer) free_twice, test_mistake);
  g_test_add_data_func ("/secret-memory/mistake/middle", (gpointer) free_middle, test_mistake);
  g_test_add_data_func ("/secret-memory/mistake/inside-long", (gpointer) free_inside_long, test_mistake);
  g_test_add_data_func ("/secret-memory/mistake/foreign", (gpointer) free_foreign, test_mistake);

  return g_test_run ();
}
