/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_BASE64_H
#define SMTP_BASE64_H

#include <glib.h>

G_BEGIN_DECLS

guint8 *smtp_base64_decode (const char   *text,
                            gsize         length,
                            gsize        *out_length);
char   *smtp_base64_encode (gconstpointer bytes,
                            gsize         length);

/* The same in memory for secrets. */
guint8 *smtp_base64_decode_secret (const char   *text,
                                   gsize         length,
                                   gsize        *out_length);
char   *smtp_base64_encode_secret (gconstpointer bytes,
                                   gsize         length);

G_END_DECLS

#endif
