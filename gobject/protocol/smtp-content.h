/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_CONTENT_H
#define SMTP_CONTENT_H

#include <glib.h>

#include "smtp-buffer.h"

G_BEGIN_DECLS

/* Mail content on its way to DATA (RFC 5321 §4.5.2).
 *
 * Lines leave ended by CRLF whatever ended them before: a bare LF or a bare
 * CR would let the content smuggle an end of data past some servers. A dot at
 * the start of a line is doubled. A last line without an end gets one; nothing
 * else is added, so that a signature over the content still holds. */
typedef struct
{
  gboolean mid_line;   /* the last octet sent was not the end of a line */
  gboolean pending_cr; /* the input ended in a CR: what follows decides */
} SmtpContent;

void smtp_content_encode (SmtpContent *self,
                          const char  *bytes,
                          gsize        length,
                          SmtpBuffer  *out);
void smtp_content_finish (SmtpContent *self,
                          SmtpBuffer  *out);

G_END_DECLS

#endif
