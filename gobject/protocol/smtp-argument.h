/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_ARGUMENT_H
#define SMTP_ARGUMENT_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  SMTP_PATH_SENDER,
  SMTP_PATH_RECIPIENT,
} SmtpPathKind;

/* Whether an argument may go onto the wire. Each returns FALSE with
 * SMTP_CLIENT_ERROR_INVALID_ARGUMENT, whose message tells what is wrong. */
gboolean smtp_check_path       (const char         *address,
                                SmtpPathKind        kind,
                                GError            **error);
gboolean smtp_check_parameters (const char * const *params,
                                GError            **error);
gboolean smtp_check_ehlo_name  (const char         *name,
                                GError            **error);
gboolean smtp_check_text       (const char         *text,
                                gboolean            may_be_empty,
                                GError            **error);
gboolean smtp_check_mechanism  (const char         *name,
                                GError            **error);

G_END_DECLS

#endif
