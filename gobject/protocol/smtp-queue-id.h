/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_QUEUE_ID_H
#define SMTP_QUEUE_ID_H

#include <glib.h>

G_BEGIN_DECLS

char *smtp_find_queue_id (const char *text);

G_END_DECLS

#endif
