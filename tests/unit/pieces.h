/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef PIECES_H
#define PIECES_H

#include <glib.h>
#include <string.h>

/* Ways to cut what a peer sends. Nothing may depend on them. */
typedef enum
{
  PIECES_WHOLE,
  PIECES_LINES,
  PIECES_OCTETS,
  N_PIECES
} Pieces;

#define OCTETS(literal) (literal), sizeof (literal) - 1

/* How long the next piece is. */
static inline gsize
piece_length (Pieces      pieces,
              const char *bytes,
              gsize       length)
{
  const char *lf;

  if (pieces == PIECES_WHOLE)
    return length;
  if (pieces == PIECES_OCTETS)
    return MIN (length, 1);

  lf = memchr (bytes, '\n', length);
  return lf != NULL ? (gsize) (lf + 1 - bytes) : length;
}

#endif
