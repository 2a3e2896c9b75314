/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_CONTENT_H
#define SMTP_CONTENT_H

#include <glib.h>

#include "smtp-marks.h"
#include "smtp-output.h"

G_BEGIN_DECLS

/* Mail content on its way to DATA (RFC 5321 §4.5.2) or BDAT (RFC 3030).
 *
 * Lines leave ended by CRLF whatever ended them before: a bare LF or a bare
 * CR would let the content smuggle an end of data past some servers. For DATA
 * a dot at the start of a line is doubled. A last line without an end gets
 * one; nothing else is added, so that a signature over the content still
 * holds. Binary content (BINARYMIME) leaves as it is.
 *
 * All zero at the beginning, but for what is chosen. */
typedef struct
{
  gboolean      unstuffed;  /* chosen: for BDAT, dots stay single */
  gboolean      binary;     /* chosen: nothing is changed */
  gboolean      pending_cr; /* the input ended in a CR: what follows decides */
  SmtpLineState lines;
} SmtpContent;

/* What stands in a content as a whole. */
typedef struct
{
  gsize    size;             /* as it leaves, before dot-stuffing */
  gboolean clean;            /* it leaves as it is … */
  gboolean dots;             /* … but for dots that DATA wants doubled */
  gboolean eight_bit;
  gboolean eight_bit_header; /* in the header section */
  gboolean long_line;
} SmtpContentFacts;

void smtp_content_encode (SmtpContent      *self,
                          const char       *bytes,
                          gsize             length,
                          gboolean          share,
                          SmtpOutput       *out);
void smtp_content_end    (SmtpContent      *self,
                          SmtpOutput       *out);
void smtp_content_survey (const char       *bytes,
                          gsize             length,
                          gboolean          whole,
                          SmtpContentFacts *facts);

G_END_DECLS

#endif
