/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_AUTH_PIN_PRIVATE_H
#define SMTP_AUTH_PIN_PRIVATE_H

#include "smtp-auth-pin.h"

G_BEGIN_DECLS

SmtpAuthPin *smtp_auth_pin_new          (const char  *server,
                                         const char  *mechanism,
                                         int          strength,
                                         gboolean     tls);
int          smtp_auth_pin_get_strength (SmtpAuthPin *self);

G_END_DECLS

#endif
