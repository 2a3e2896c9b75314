/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-secret-memory.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* AddressSanitizer has to see each secret by itself: it finds no overflow
 * inside a block, and looks for no pointers there, so that what a secret
 * refers to would seem lost. The allocator's own test defines SMTP_SECRET_BLOCKS. */
#ifdef __has_feature
#if __has_feature (address_sanitizer)
#define SANITIZED
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED
#endif

#if defined (SANITIZED) && !defined (SMTP_SECRET_BLOCKS)

#include <malloc.h>

gpointer
smtp_secret_alloc (gsize length)
{
  return g_malloc0 (MAX (length, 1));
}

void
smtp_secret_free (gpointer secret)
{
  if (secret == NULL)
    return;

  explicit_bzero (secret, malloc_usable_size (secret));
  g_free (secret);
}

#else

/* Secrets are short, and few pages may be locked (RLIMIT_MEMLOCK: 64 KiB on
 * many systems), so that many share a block. A block is divided into units; an
 * allocation is a run of them, found by the first fit: there are never many.
 *
 * A unit that belongs to no allocation is zero.
 *
 * What describes a block stands outside it: nothing that runs over a secret's
 * end can damage it, and it outlives the wiping of the block in a forked
 * child. */
#define UNIT 16
#define BLOCK_SIZE (16 * 1024)

/* A longer one has a mapping of its own. */
#define LONGEST_SHARED (4 * 1024)

typedef struct _Block Block;

struct _Block
{
  Block   *next;
  guint8  *memory;
  gsize    size;
  guint    n_secrets;
  guint    n_units;  /* 0: the whole of it is one secret */
  guint16  runs[];   /* by its first unit, how many an allocation has; otherwise 0 */
};

G_STATIC_ASSERT (LONGEST_SHARED / UNIT <= G_MAXUINT16);

/* All of what follows is guarded by the lock. */
static GMutex lock;
static Block *blocks;

/* ---- pages ---------------------------------------------------------------- */

/* Failures do not matter: then the secrets are only wiped.
 *
 * A forked child finds zeros. It must not find the secrets, as nobody would
 * wipe its copy, which the lock does not cover either. And it must find
 * something: without the pages (MADV_DONTFORK) a child that frees an object
 * would crash, or wipe what has been mapped in their place. One that calls
 * exec() sees nothing of all that. */
static void
protect_pages (guint8 *memory,
               gsize   size)
{
  mlock (memory, size);
#ifdef MADV_DONTDUMP
  madvise (memory, size, MADV_DONTDUMP);
#endif
#ifdef MADV_WIPEONFORK
  madvise (memory, size, MADV_WIPEONFORK);
#endif
}

static gsize
round_to_pages (gsize length)
{
  gsize page = sysconf (_SC_PAGESIZE);

  return (length + page - 1) / page * page;
}

/* Never fails, as g_malloc() never does. */
static guint8 *
map_pages (gsize size)
{
  void *memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED)
    g_error ("no memory for %" G_GSIZE_FORMAT " octets of secrets", size);

  protect_pages (memory, size);
  return memory;
}

/* ---- blocks --------------------------------------------------------------- */

static Block *
block_new (gsize    size,
           gboolean shared)
{
  guint n_units = shared ? size / UNIT : 0;
  Block *self = g_malloc0 (sizeof (Block) + n_units * sizeof self->runs[0]);

  self->memory = map_pages (size);
  self->size = size;
  self->n_units = n_units;
  self->next = blocks;
  blocks = self;
  return self;
}

static void
block_free (Block *self)
{
  Block **link = &blocks;

  while (*link != self)
    link = &(*link)->next;
  *link = self->next;
  munmap (self->memory, self->size);
  g_free (self);
}

static gpointer
block_take (Block *self,
            guint  needed)
{
  guint gap = 0;

  for (guint i = 0; i < self->n_units; i += MAX (self->runs[i], 1))
    {
      gap = self->runs[i] == 0 ? gap + 1 : 0;
      if (gap < needed)
        continue;

      i -= needed - 1;
      self->runs[i] = needed;
      self->n_secrets++;
      return self->memory + (gsize) i * UNIT;
    }

  return NULL;
}

/* Octets of the allocation that begins there; 0 if none does. */
static gsize
block_get_length (Block        *self,
                  const guint8 *secret)
{
  gsize offset = secret - self->memory;

  if (self->n_units == 0)
    return offset == 0 ? self->size : 0;

  return offset % UNIT == 0 ? (gsize) self->runs[offset / UNIT] * UNIT : 0;
}

/* One that is empty is kept, for the next sign-in. */
static gboolean
is_superfluous (Block *self)
{
  gboolean other = FALSE;

  for (Block *block = blocks; block != NULL; block = block->next)
    other = other || (block != self && block->n_units > 0 && block->n_secrets == 0);

  return self->n_secrets == 0 && (self->n_units == 0 || other);
}

static gpointer
take_shared (gsize length)
{
  guint needed = (MAX (length, 1) + UNIT - 1) / UNIT;
  gpointer secret = NULL;

  for (Block *block = blocks; block != NULL && secret == NULL; block = block->next)
    secret = block_take (block, needed);

  return secret != NULL ? secret : block_take (block_new (round_to_pages (BLOCK_SIZE), TRUE), needed);
}

static gpointer
take_own (gsize length)
{
  Block *block;

  if (length > G_MAXSSIZE)
    g_error ("no memory for %" G_GSIZE_FORMAT " octets of secrets", length);

  block = block_new (round_to_pages (length), FALSE);
  block->n_secrets = 1;
  return block->memory;
}

static Block *
find_block (const guint8 *secret)
{
  for (Block *block = blocks; block != NULL; block = block->next)
    if (secret >= block->memory && secret < block->memory + block->size)
      return block;

  return NULL;
}

/* ---- secrets -------------------------------------------------------------- */

static gboolean
give_back (guint8 *secret)
{
  Block *block = find_block (secret);
  gsize length = block != NULL ? block_get_length (block, secret) : 0;

  if (length == 0)
    return FALSE;

  explicit_bzero (secret, length);
  if (block->n_units > 0)
    block->runs[(secret - block->memory) / UNIT] = 0;
  block->n_secrets--;
  if (is_superfluous (block))
    block_free (block);
  return TRUE;
}

/*< private >
 * Memory that is zero, aligned as for any type that holds no vectors. To be
 * freed by smtp_secret_free().
 */
gpointer
smtp_secret_alloc (gsize length)
{
  gpointer secret;

  g_mutex_lock (&lock);
  secret = length <= LONGEST_SHARED ? take_shared (length) : take_own (length);
  g_mutex_unlock (&lock);
  return secret;
}

/*< private >
 * Wipes and frees. NULL is nothing.
 */
void
smtp_secret_free (gpointer secret)
{
  gboolean found;

  if (secret == NULL)
    return;

  g_mutex_lock (&lock);
  found = give_back (secret);
  g_mutex_unlock (&lock);
  if (!found)
    g_critical ("%p is no secret, or was freed before", secret);
}

#endif

/* ---- traces --------------------------------------------------------------- */

/* What is below the caller: reading and writing through TLS goes as deep as two
 * buffers of 16 KiB and what GnuTLS needs. */
#define TRACES (64 * 1024)

/* What copies or compares text does so in vector registers, and leaves it there.
 * The dynamic linker saves them all on the stack whenever a function is called
 * for the first time, so that a password may come to lie wherever somebody
 * happens to call one. */
#if defined (__x86_64__)

#define CLEAR(n) "vpxord %%zmm" #n ", %%zmm" #n ", %%zmm" #n "\n\t"
#define CLEAR_SSE(n) "pxor %%xmm" #n ", %%xmm" #n "\n\t"

__attribute__ ((target ("avx512f"))) static void
clear_upper_registers (void)
{
  __asm__ volatile (CLEAR (16) CLEAR (17) CLEAR (18) CLEAR (19) CLEAR (20) CLEAR (21) CLEAR (22) CLEAR (23)
                    CLEAR (24) CLEAR (25) CLEAR (26) CLEAR (27) CLEAR (28) CLEAR (29) CLEAR (30) CLEAR (31)
                    : : : "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",
                          "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
}

__attribute__ ((target ("avx"))) static void
clear_lower_registers (void)
{
  __asm__ volatile ("vzeroall"
                    : : : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                          "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

static void
clear_registers (void)
{
  if (__builtin_cpu_supports ("avx"))
    clear_lower_registers ();
  else
    __asm__ volatile (CLEAR_SSE (0) CLEAR_SSE (1) CLEAR_SSE (2) CLEAR_SSE (3)
                      CLEAR_SSE (4) CLEAR_SSE (5) CLEAR_SSE (6) CLEAR_SSE (7)
                      CLEAR_SSE (8) CLEAR_SSE (9) CLEAR_SSE (10) CLEAR_SSE (11)
                      CLEAR_SSE (12) CLEAR_SSE (13) CLEAR_SSE (14) CLEAR_SSE (15)
                      : : : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                            "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");

  if (__builtin_cpu_supports ("avx512f"))
    clear_upper_registers ();
}

#else

/* By copying zeros; each size takes other registers. */
static void
clear_registers (void)
{
  char zeros[2048] = { 0 };

  for (gsize size = 8; size <= sizeof zeros / 2; size *= 2)
    {
      memcpy (zeros + sizeof zeros / 2, zeros, size);
      __asm__ volatile ("" : : "r" (zeros) : "memory");
    }
}

#endif

/*< private >
 * Overwrites what working with secrets has left in the registers and on the
 * stack, below the caller. The library is linked so that this calls no function
 * for the first time.
 */
G_NO_INLINE void
smtp_secret_clear_traces (void)
{
  char below[TRACES];

  explicit_bzero (below, sizeof below);
  clear_registers ();
}

static char *
copy_text (const char *text,
           gsize       length)
{
  char *secret = smtp_secret_alloc (length + 1);

  memcpy (secret, text, length);
  clear_registers ();
  return secret;
}

char *
smtp_secret_strdup (const char *text)
{
  return text != NULL ? copy_text (text, strlen (text)) : NULL;
}

/*< private >
 * @length: copied at the most
 */
char *
smtp_secret_strndup (const char *text,
                     gsize       length)
{
  return text != NULL ? copy_text (text, strnlen (text, length)) : NULL;
}
