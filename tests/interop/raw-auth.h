/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef RAW_AUTH_H
#define RAW_AUTH_H

#include <smtp-glib/smtp.h>

G_BEGIN_DECLS

/* A mechanism that says what it is told to: first this, and that to whatever
 * the server asks. */
SmtpAuth *raw_auth_new (const char *mechanism,
                        const char *first,
                        const char *answer);

G_END_DECLS

#endif
