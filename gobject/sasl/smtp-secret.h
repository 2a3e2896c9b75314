/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_SECRET_H
#define SMTP_SECRET_H

#include <glib.h>

#include "smtp-auth.h"

G_BEGIN_DECLS

/* What the mechanisms share in handling a password. */

GBytes  *smtp_secret_bytes_new  (gconstpointer   bytes,
                                 gsize           length);
GBytes  *smtp_secret_take       (GByteArray     *array);
gboolean smtp_secret_may_travel (SmtpServerInfo *server,
                                 SmtpAuth       *auth,
                                 const char     *mechanism,
                                 GError        **error);

G_END_DECLS

#endif
