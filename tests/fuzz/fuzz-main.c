/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a target without libFuzzer: over its seeds, and over mutations of them
 * that are the same every time. */

#include "fuzz.h"

#define ROUNDS 20000
#define MAX_LENGTH 4096

static void
mutate_once (GRand      *random,
             GByteArray *input)
{
  guint at = input->len > 0 ? g_rand_int_range (random, 0, input->len) : 0;
  guint8 octet = g_rand_int_range (random, 0, 256);

  switch (g_rand_int_range (random, 0, 5))
    {
    case 0:
      if (input->len > 0)
        input->data[at] = octet;
      break;
    case 1:
      if (input->len > 0)
        g_byte_array_remove_index (input, at);
      break;
    case 2:
      g_byte_array_append (input, &octet, 1);
      break;
    case 3: /* a piece of itself */
      if (input->len > 0 && input->len * 2 < MAX_LENGTH)
        {
          g_autofree guint8 *copy = g_memdup2 (input->data + at, input->len - at);

          g_byte_array_append (input, copy, input->len - at);
        }
      break;
    default:
      g_byte_array_append (input, (const guint8 *) "\r\n.", 1 + octet % 3);
      break;
    }
}

static void
run_mutation (GRand      *random,
              const char *seed)
{
  g_autoptr (GByteArray) input = g_byte_array_new ();
  guint n = g_rand_int_range (random, 0, 12);

  g_byte_array_append (input, (const guint8 *) seed, strlen (seed));
  for (guint i = 0; i < n; i++)
    mutate_once (random, input);
  LLVMFuzzerTestOneInput (input->data, input->len);
}

int
main (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (5321);
  guint n = 0;

  while (fuzz_seeds[n] != NULL)
    {
      LLVMFuzzerTestOneInput ((const uint8_t *) fuzz_seeds[n], strlen (fuzz_seeds[n]));
      n++;
    }

  for (guint i = 0; i < ROUNDS; i++)
    run_mutation (random, fuzz_seeds[i % n]);

  return 0;
}
