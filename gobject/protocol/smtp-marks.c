/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Finds the octets of a mail content that cannot leave as they are: a CR or LF
 * that stands alone, and, before dot-stuffing, a dot at the start of a line.
 *
 * Every octet of every message passes here, so it is looked at 64 octets at a
 * time: each kind of octet becomes a word of 64 bits, the rules become shifts
 * of these words, and there is no branch on what the octets are. The words are
 * made by vectors, or by plain arithmetic; the rest is common. */

#include "smtp-marks.h"

#include <string.h>

#if defined (__x86_64__) && defined (__GNUC__)
# include <immintrin.h>
# define HAVE_VECTORS 1
#endif

#define STEP 64

/* Where lines are not long, more at a time. */
#define GROUP 256

typedef struct
{
  guint64 cr;
  guint64 lf;
  guint64 dot;
  guint64 high;
} Words;

typedef struct
{
  guint64  marks[GROUP / STEP];
  gboolean ends;
  gboolean high;
} Group;

/* ---- 64 octets to words ---------------------------------------------------- */

#ifdef HAVE_VECTORS

__attribute__ ((target ("avx2"))) static inline guint64
avx2_equals (__m256i low,
             __m256i high,
             char    octet)
{
  const __m256i wanted = _mm256_set1_epi8 (octet);
  guint32 a = _mm256_movemask_epi8 (_mm256_cmpeq_epi8 (low, wanted));
  guint32 b = _mm256_movemask_epi8 (_mm256_cmpeq_epi8 (high, wanted));

  return a | (guint64) b << 32;
}

__attribute__ ((target ("avx2"))) static inline void
avx2_words (const guint8 *bytes,
            Words        *words)
{
  const __m256i low = _mm256_loadu_si256 ((const void *) bytes);
  const __m256i high = _mm256_loadu_si256 ((const void *) (bytes + 32));

  words->cr = avx2_equals (low, high, '\r');
  words->lf = avx2_equals (low, high, '\n');
  words->dot = avx2_equals (low, high, '.');
  words->high = (guint32) _mm256_movemask_epi8 (_mm256_or_si256 (low, high));
}

/* Whether the group has an end of line, and nothing that would be marked. The
 * octet before it is read, too. */
__attribute__ ((target ("avx2"))) static inline gboolean
avx2_is_clean (const guint8 *bytes,
               guint64       stuff,
               gboolean     *high)
{
  const __m256i cr = _mm256_set1_epi8 ('\r');
  const __m256i lf = _mm256_set1_epi8 ('\n');
  const __m256i dot = _mm256_set1_epi8 (stuff != 0 ? '.' : '\n');
  __m256i wrong = _mm256_setzero_si256 ();
  __m256i ends = _mm256_setzero_si256 ();
  __m256i any = _mm256_setzero_si256 ();

  for (guint i = 0; i < GROUP; i += 32)
    {
      const __m256i here = _mm256_loadu_si256 ((const void *) (bytes + i));
      const __m256i before = _mm256_loadu_si256 ((const void *) (bytes + i - 1));
      const __m256i here_lf = _mm256_cmpeq_epi8 (here, lf);
      const __m256i before_lf = _mm256_cmpeq_epi8 (before, lf);

      wrong = _mm256_or_si256 (wrong, _mm256_xor_si256 (here_lf, _mm256_cmpeq_epi8 (before, cr)));
      wrong = _mm256_or_si256 (wrong, _mm256_and_si256 (before_lf, _mm256_cmpeq_epi8 (here, dot)));
      ends = _mm256_or_si256 (ends, here_lf);
      any = _mm256_or_si256 (any, here);
    }

  *high = _mm256_movemask_epi8 (any) != 0;
  return _mm256_testz_si256 (wrong, wrong) && !_mm256_testz_si256 (ends, ends);
}

/* What is to be marked among 32 octets. Those before and behind are read, too. */
__attribute__ ((target ("avx2"))) static inline guint32
avx2_marks (const guint8 *bytes,
            __m256i       dot,
            __m256i      *ends,
            __m256i      *any)
{
  const __m256i cr = _mm256_set1_epi8 ('\r');
  const __m256i lf = _mm256_set1_epi8 ('\n');
  const __m256i here = _mm256_loadu_si256 ((const void *) bytes);
  const __m256i before = _mm256_loadu_si256 ((const void *) (bytes - 1));
  const __m256i after = _mm256_loadu_si256 ((const void *) (bytes + 1));
  const __m256i here_lf = _mm256_cmpeq_epi8 (here, lf);
  const __m256i before_cr = _mm256_cmpeq_epi8 (before, cr);
  const __m256i bare_lf = _mm256_andnot_si256 (before_cr, here_lf);
  const __m256i bare_cr = _mm256_andnot_si256 (_mm256_cmpeq_epi8 (after, lf), _mm256_cmpeq_epi8 (here, cr));
  const __m256i start = _mm256_or_si256 (before_cr, _mm256_cmpeq_epi8 (before, lf));
  const __m256i dots = _mm256_and_si256 (start, _mm256_cmpeq_epi8 (here, dot));
  const __m256i bare = _mm256_or_si256 (bare_lf, bare_cr);

  *ends = _mm256_or_si256 (*ends, _mm256_or_si256 (here_lf, bare_cr));
  *any = _mm256_or_si256 (*any, here);
  return (guint32) _mm256_movemask_epi8 (_mm256_or_si256 (bare, dots));
}

__attribute__ ((target ("avx2"))) static inline void
avx2_look (const guint8 *bytes,
           guint64       stuff,
           Group        *group)
{
  /* Behind a line end, no other octet than a dot would be that and be marked. */
  const __m256i dot = _mm256_set1_epi8 (stuff != 0 ? '.' : '\0');
  __m256i ends = _mm256_setzero_si256 ();
  __m256i any = _mm256_setzero_si256 ();

  for (guint i = 0; i < GROUP / STEP; i++)
    {
      guint64 low = avx2_marks (bytes + i * STEP, dot, &ends, &any);
      guint64 high = avx2_marks (bytes + i * STEP + 32, dot, &ends, &any);

      group->marks[i] = low | high << 32;
    }

  group->high = _mm256_movemask_epi8 (any) != 0;
  group->ends = !_mm256_testz_si256 (ends, ends);
}

__attribute__ ((target ("avx512bw"))) static inline void
avx512_words (const guint8 *bytes,
              Words        *words)
{
  const __m512i here = _mm512_loadu_si512 (bytes);

  words->cr = _mm512_cmpeq_epi8_mask (here, _mm512_set1_epi8 ('\r'));
  words->lf = _mm512_cmpeq_epi8_mask (here, _mm512_set1_epi8 ('\n'));
  words->dot = _mm512_cmpeq_epi8_mask (here, _mm512_set1_epi8 ('.'));
  words->high = _mm512_movepi8_mask (here);
}

__attribute__ ((target ("avx512bw"))) static inline gboolean
avx512_is_clean (const guint8 *bytes,
                 guint64       stuff,
                 gboolean     *high)
{
  const __m512i cr = _mm512_set1_epi8 ('\r');
  const __m512i lf = _mm512_set1_epi8 ('\n');
  const __m512i dot = _mm512_set1_epi8 ('.');
  __m512i any = _mm512_setzero_si512 ();
  guint64 wrong = 0;
  guint64 ends = 0;

  for (guint i = 0; i < GROUP; i += 64)
    {
      const __m512i here = _mm512_loadu_si512 (bytes + i);
      const __m512i before = _mm512_loadu_si512 (bytes + i - 1);
      guint64 here_lf = _mm512_cmpeq_epi8_mask (here, lf);

      wrong |= here_lf ^ _mm512_cmpeq_epi8_mask (before, cr);
      wrong |= _mm512_cmpeq_epi8_mask (before, lf) & _mm512_cmpeq_epi8_mask (here, dot) & stuff;
      ends |= here_lf;
      any = _mm512_or_si512 (any, here);
    }

  *high = _mm512_movepi8_mask (any) != 0;
  return wrong == 0 && ends != 0;
}

__attribute__ ((target ("avx512bw"))) static inline void
avx512_look (const guint8 *bytes,
             guint64       stuff,
             Group        *group)
{
  const __m512i cr = _mm512_set1_epi8 ('\r');
  const __m512i lf = _mm512_set1_epi8 ('\n');
  const __m512i dot = _mm512_set1_epi8 ('.');
  __m512i any = _mm512_setzero_si512 ();
  guint64 ends = 0;

  for (guint i = 0; i < GROUP / STEP; i++, bytes += STEP)
    {
      const __m512i here = _mm512_loadu_si512 (bytes);
      const __m512i before = _mm512_loadu_si512 (bytes - 1);
      guint64 before_cr = _mm512_cmpeq_epi8_mask (before, cr);
      guint64 here_lf = _mm512_cmpeq_epi8_mask (here, lf);
      guint64 bare_cr = _mm512_cmpeq_epi8_mask (here, cr) &
                        ~_mm512_cmpeq_epi8_mask (_mm512_loadu_si512 (bytes + 1), lf);
      guint64 start = before_cr | _mm512_cmpeq_epi8_mask (before, lf);

      group->marks[i] = (here_lf & ~before_cr) | bare_cr |
                        (_mm512_cmpeq_epi8_mask (here, dot) & start & stuff);
      ends |= here_lf | bare_cr;
      any = _mm512_or_si512 (any, here);
    }

  group->high = _mm512_movepi8_mask (any) != 0;
  group->ends = ends != 0;
}

#endif

/* A bit per octet of eight that equals the wanted one. */
static inline guint64
word_equals (guint64 octets,
             guint8  wanted)
{
  const guint64 ones = G_GUINT64_CONSTANT (0x0101010101010101);
  const guint64 sevens = G_GUINT64_CONSTANT (0x7f7f7f7f7f7f7f7f);
  guint64 difference = octets ^ (ones * wanted);
  guint64 equal = ~(((difference & sevens) + sevens) | difference | sevens);

  /* Each eighth bit to one of the highest octet. */
  return ((equal >> 7) * G_GUINT64_CONSTANT (0x0102040810204080)) >> 56;
}

static inline void
plain_words (const guint8 *bytes,
             Words        *words)
{
  memset (words, 0, sizeof *words);
  for (guint i = 0; i < STEP / 8; i++)
    {
      guint64 octets;

      memcpy (&octets, bytes + i * 8, 8);
      octets = GUINT64_FROM_LE (octets);
      words->cr |= word_equals (octets, '\r') << (i * 8);
      words->lf |= word_equals (octets, '\n') << (i * 8);
      words->dot |= word_equals (octets, '.') << (i * 8);
      words->high |= octets & G_GUINT64_CONSTANT (0x8080808080808080);
    }
}

/* ---- words to marks -------------------------------------------------------- */

/* What the octets before the words leave behind. */
typedef struct
{
  guint64 after_cr;    /* bit 0: the last was a CR */
  guint64 line_start;  /* bit 0: the words begin a line */

  /* Where the open line began: behind the last of these bits. To count it for
   * each line would cost as much as all the rest, and few lines are long. */
  guint64 last_ends;
  gssize  last_offset;
} Carry;

static gssize
line_start (const Carry *carry)
{
  if (carry->last_ends == 0)
    return carry->last_offset; /* nothing but the octets of it since */

  return carry->last_offset + STEP - __builtin_clzll (carry->last_ends);
}

G_GNUC_NO_INLINE static gboolean
is_long_line (const Carry *carry,
              guint64      ends,
              const Words *words,
              gssize       offset)
{
  guint first = (guint) __builtin_ctzll (ends);
  guint64 crlf = words->lf & (words->cr << 1 | carry->after_cr);

  return offset + first - line_start (carry) - (gssize) (crlf >> first & 1) > SMTP_MAX_LINE;
}

G_GNUC_NO_INLINE static guint16 *
list_many (guint16 *marks,
           guint64  word,
           guint    offset)
{
  for (; word != 0; word &= word - 1)
    *marks++ = (guint16) (offset + (guint) __builtin_ctzll (word));

  return marks;
}

static inline guint16 *
list_marks (guint16 *marks,
            guint64  word,
            guint    offset)
{
  const guint64 top = G_GUINT64_CONSTANT (1) << 63; /* for words without a bit */
  guint64 second = word & (word - 1);

  if (G_UNLIKELY ((second & (second - 1)) != 0))
    return list_many (marks, word, offset);

  /* Two at once and unasked: one line or two end in 64 octets of prose, and
   * to guess would cost more than to write what is not counted. */
  marks[0] = (guint16) (offset + (guint) __builtin_ctzll (word | top));
  marks[1] = (guint16) (offset + (guint) __builtin_ctzll (second | top));
  return marks + (word != 0) + (second != 0);
}

static inline guint16 *
take_words (SmtpLineState *state,
            Carry         *carry,
            const Words   *words,
            guint64        next_lf,
            guint          n,
            guint          offset,
            guint64        stuff,
            guint16       *marks)
{
  guint64 bare_cr = words->cr & ~(words->lf >> 1 | next_lf << 63);
  guint64 bare_lf = words->lf & ~(words->cr << 1 | carry->after_cr);
  guint64 ends = words->lf | bare_cr;
  guint64 dots = words->dot & (ends << 1 | carry->line_start) & stuff;

  if (G_UNLIKELY ((gssize) offset - carry->last_offset > SMTP_MAX_LINE - STEP) && ends != 0)
    state->long_line |= is_long_line (carry, ends, words, offset);
  carry->last_offset = ends != 0 ? (gssize) offset : carry->last_offset;
  carry->last_ends = ends != 0 ? ends : carry->last_ends;
  carry->after_cr = words->cr >> 63;
  carry->line_start = ends >> (n - 1) & 1;
  return list_marks (marks, bare_cr | bare_lf | dots, offset);
}

/* Fewer than 64 octets are filled up by some that mean nothing. */
static guint16 *
take_tail (SmtpLineState *state,
           Carry         *carry,
           const guint8  *bytes,
           guint          n,
           guint          offset,
           guint64        stuff,
           guint16       *marks)
{
  guint8 filled[STEP];
  Words words;

  if (n == 0)
    return marks;

  memset (filled, 'x', sizeof filled);
  memcpy (filled, bytes, n);
  plain_words (filled, &words);
  if (words.high != 0)
    state->eight_bit = TRUE;
  return take_words (state, carry, &words, 0, n, offset, stuff, marks);
}

/* ---- many octets at a time ------------------------------------------------- */

/* The same as of the octets before an offset, which must not be 0. */
static Carry
carry_from (const guint8 *bytes,
            gsize         offset,
            gssize        line)
{
  gboolean after_cr = bytes[offset - 1] == '\r';
  gsize i = offset - after_cr;

  while ((gssize) i > line && i > 0 && bytes[i - 1] != '\n' && bytes[i - 1] != '\r')
    i--;

  /* A CR at the end is one of a line if no LF follows. */
  if (after_cr && bytes[offset] != '\n')
    i = offset;

  return (Carry) {
    .after_cr = after_cr,
    .line_start = i == offset,
    .last_offset = i > 0 ? (gssize) i : line,
  };
}

typedef void (*MakeWords) (const guint8 *bytes,
                           Words        *words);
typedef void (*Look) (const guint8 *bytes,
                      guint64       stuff,
                      Group        *group);
typedef gboolean (*IsClean) (const guint8 *bytes,
                             guint64       stuff,
                             gboolean     *high);

/* Skips groups that are clean. Returns where it stopped. */
__attribute__ ((always_inline)) static inline gsize
skip_clean (IsClean        is_clean,
            SmtpLineState *state,
            const guint8  *bytes,
            gsize          offset,
            gsize          length,
            guint64        stuff)
{
  gsize i = offset;
  gboolean high;

  for (; i + GROUP < length && is_clean (bytes + i, stuff, &high); i += GROUP)
    state->eight_bit |= high;

  /* A CR at the end of a group waits for its LF in the next. */
  return i > offset && bytes[i - 1] == '\r' && bytes[i] != '\n' ? i - GROUP : i;
}

/* Groups, as long as no line is long. Returns where it stopped; @line is where
 * the line that is open there began, or an octet before that. */
__attribute__ ((always_inline)) static inline gsize
take_groups (Look           look,
             IsClean        is_clean,
             SmtpLineState *state,
             gssize        *line,
             const guint8  *bytes,
             gsize          offset,
             gsize          length,
             guint64        stuff,
             guint16      **marks)
{
  gsize i = offset;

  while (i + GROUP < length && (gssize) i - *line <= SMTP_MAX_LINE - 2 * GROUP)
    {
      guint16 *before = *marks;
      Group group;

      look (bytes + i, stuff, &group);
      state->eight_bit |= group.high;
      for (guint w = 0; w < GROUP / STEP; w++)
        *marks = list_marks (*marks, group.marks[w], (guint) i + w * STEP);
      if (group.ends)
        *line = (gssize) i;
      i += GROUP;

      if (*marks == before)
        {
          gsize clean = skip_clean (is_clean, state, bytes, i, length, stuff);

          if (clean > i)
            *line = (gssize) clean - GROUP;
          i = clean;
        }
    }

  return i;
}

__attribute__ ((always_inline)) static inline guint
find_marks (MakeWords      make_words,
            Look           look,
            IsClean        is_clean,
            SmtpLineState *state,
            const guint8  *bytes,
            gsize          length,
            guint64        stuff,
            guint16       *marks)
{
  SmtpLineState s = *state;
  Carry carry = { .line_start = !s.mid_line, .last_offset = -(gssize) s.run };
  guint64 high = 0;
  guint16 *end = marks;
  gsize i = 0;

  while (i + STEP <= length)
    {
      guint64 next_lf = i + STEP < length && bytes[i + STEP] == '\n';
      gssize line;
      gsize begun;
      Words words;

      make_words (bytes + i, &words);
      high |= words.high;
      end = take_words (&s, &carry, &words, next_lf, STEP, (guint) i, stuff, end);
      i += STEP;
      if (look == NULL)
        continue;

      begun = i;
      line = line_start (&carry);
      i = take_groups (look, is_clean, &s, &line, bytes, i, length, stuff, &end);
      if (i > begun)
        carry = carry_from (bytes, i, line);
    }

  end = take_tail (&s, &carry, bytes + i, (guint) (length - i), (guint) i, stuff, end);
  s.run = (gsize) ((gssize) length - line_start (&carry));
  s.long_line |= s.run > SMTP_MAX_LINE;
  s.mid_line = !carry.line_start;
  s.eight_bit |= high != 0;
  *state = s;
  return (guint) (end - marks);
}

#ifdef HAVE_VECTORS

__attribute__ ((target ("avx2,bmi,popcnt"))) static guint
find_marks_avx2 (SmtpLineState *state,
                 const guint8  *bytes,
                 gsize          length,
                 guint64        stuff,
                 guint16       *marks)
{
  return find_marks (avx2_words, avx2_look, avx2_is_clean, state, bytes, length, stuff, marks);
}

__attribute__ ((target ("avx512bw,bmi,popcnt"))) static guint
find_marks_avx512 (SmtpLineState *state,
                   const guint8  *bytes,
                   gsize          length,
                   guint64        stuff,
                   guint16       *marks)
{
  return find_marks (avx512_words, avx512_look, avx512_is_clean, state, bytes, length, stuff, marks);
}

#endif

typedef guint (*FindMarks) (SmtpLineState *state,
                            const guint8  *bytes,
                            gsize          length,
                            guint64        stuff,
                            guint16       *marks);

static guint
find_marks_plain (SmtpLineState *state,
                  const guint8  *bytes,
                  gsize          length,
                  guint64        stuff,
                  guint16       *marks)
{
  return find_marks (plain_words, NULL, NULL, state, bytes, length, stuff, marks);
}

/* The best that this processor can. */
static FindMarks
choose (SmtpMarksWay best)
{
#ifdef HAVE_VECTORS
  gboolean bits = __builtin_cpu_supports ("bmi") && __builtin_cpu_supports ("popcnt");

  if (best >= SMTP_MARKS_AVX512 && bits && __builtin_cpu_supports ("avx512bw"))
    return find_marks_avx512;
  if (best >= SMTP_MARKS_AVX2 && bits && __builtin_cpu_supports ("avx2"))
    return find_marks_avx2;
#endif
  return find_marks_plain;
}

/*< private >
 * The same as smtp_find_marks(), by one way, or a lesser one where the
 * processor has not got that.
 */
guint
smtp_find_marks_by (SmtpMarksWay   way,
                    SmtpLineState *state,
                    const guint8  *bytes,
                    gsize          length,
                    gboolean       stuff,
                    guint16       *marks)
{
  return choose (way) (state, bytes, length, stuff ? G_MAXUINT64 : 0, marks);
}

/*< private >
 * Lists where the octets stand that must leave as two: a CR or an LF that
 * stands alone as CR LF, and with @stuff a dot at the start of a line as two
 * dots.
 *
 * @bytes: at most SMTP_MARKS_BLOCK, of which the last is no CR: what follows
 *   it would have to be known
 * @marks: room for SMTP_MARKS_BLOCK + 2
 *
 * Returns their number.
 */
guint
smtp_find_marks (SmtpLineState *state,
                 const guint8  *bytes,
                 gsize          length,
                 gboolean       stuff,
                 guint16       *marks)
{
  return smtp_find_marks_by (SMTP_MARKS_AVX512, state, bytes, length, stuff, marks);
}
