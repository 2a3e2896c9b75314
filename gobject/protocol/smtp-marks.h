/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_MARKS_H
#define SMTP_MARKS_H

#include <glib.h>

G_BEGIN_DECLS

/* As many octets as are looked at in one call. */
#define SMTP_MARKS_BLOCK (16 * 1024)

/* RFC 5321 §4.5.3.1.6: a line without its CRLF. */
#define SMTP_MAX_LINE 998

/* What is found in passing, and what must be known of the octets before. All
 * zero at the beginning of a content. */
typedef struct
{
  gboolean mid_line;  /* the last octet was not the end of a line */
  gboolean eight_bit; /* an octet over 127 was seen */
  gboolean long_line; /* a line of more than 998 octets was seen */
  gsize    run;       /* octets of the line so far */
} SmtpLineState;

/* How the octets are looked at, from the least to the best. */
typedef enum
{
  SMTP_MARKS_PLAIN,
  SMTP_MARKS_AVX2,
  SMTP_MARKS_AVX512,
} SmtpMarksWay;

guint smtp_find_marks    (SmtpLineState *state,
                          const guint8  *bytes,
                          gsize          length,
                          gboolean       stuff,
                          guint16       *marks);

guint smtp_find_marks_by (SmtpMarksWay   way,
                          SmtpLineState *state,
                          const guint8  *bytes,
                          gsize          length,
                          gboolean       stuff,
                          guint16       *marks);

G_END_DECLS

#endif
