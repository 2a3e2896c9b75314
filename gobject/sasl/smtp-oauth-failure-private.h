/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_OAUTH_FAILURE_PRIVATE_H
#define SMTP_OAUTH_FAILURE_PRIVATE_H

#include "smtp-mask.h"
#include "smtp-oauth-failure.h"

G_BEGIN_DECLS

SmtpOauthFailure *smtp_oauth_failure_parse (const char *document,
                                            gsize       length,
                                            SmtpMask   *mask);

G_END_DECLS

#endif
