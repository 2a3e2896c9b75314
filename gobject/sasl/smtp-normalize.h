/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_NORMALIZE_H
#define SMTP_NORMALIZE_H

#include <glib.h>

G_BEGIN_DECLS

char *smtp_normalize_secret (const char *text);

G_END_DECLS

#endif
