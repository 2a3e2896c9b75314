/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_AUTH_PRIVATE_H
#define SMTP_AUTH_PRIVATE_H

#include "smtp-auth.h"

G_BEGIN_DECLS

/* What the mechanisms share in handling their credentials. */

SmtpAuth   *smtp_auth_new_with_password (GType        type,
                                         const char  *identity,
                                         const char  *username,
                                         const char  *password,
                                         const char  *host);
SmtpAuth   *smtp_auth_new_with_token    (GType        type,
                                         const char  *username,
                                         const char  *token,
                                         const char  *host);

/* Each is "" when there is none. */
const char *smtp_auth_peek_identity     (SmtpAuth    *self);
const char *smtp_auth_peek_username     (SmtpAuth    *self);

const char *smtp_auth_need_username     (SmtpAuth    *self,
                                         const char  *mechanism,
                                         GError     **error);
const char *smtp_auth_need_password     (SmtpAuth    *self,
                                         const char  *mechanism,
                                         GError     **error);
const char *smtp_auth_need_token        (SmtpAuth    *self,
                                         const char  *mechanism,
                                         GError     **error);

/* For mechanisms that have said everything at once. */
gboolean    smtp_auth_check_unchallenged (const char *mechanism,
                                         gboolean     more,
                                         GError     **error);

G_END_DECLS

#endif
