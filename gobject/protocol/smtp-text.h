/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_TEXT_H
#define SMTP_TEXT_H

#include <glib.h>

G_BEGIN_DECLS

void     smtp_text_append_clean (GString    *out,
                                 const char *bytes,
                                 gsize       length);
gboolean smtp_text_is_plain     (const char *text);
gboolean smtp_text_is_ascii     (const char *text);

G_END_DECLS

#endif
