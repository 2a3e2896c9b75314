/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_SCRAM_AUTH_PRIVATE_H
#define SMTP_SCRAM_AUTH_PRIVATE_H

#include "smtp-scram-auth.h"

G_BEGIN_DECLS

const char *smtp_scram_auth_register_variant    (guint          i,
                                                 GType         *type);
gboolean    smtp_scram_auth_was_binding_refused (SmtpScramAuth *self);

G_END_DECLS

#endif
