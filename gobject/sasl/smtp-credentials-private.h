/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_CREDENTIALS_PRIVATE_H
#define SMTP_CREDENTIALS_PRIVATE_H

#include "smtp-credentials.h"
#include "smtp-server-info.h"

G_BEGIN_DECLS

/* The secrets where they lie: nothing that outlives the next setter. */
const char *smtp_credentials_peek_password     (SmtpCredentials  *self);
const char *smtp_credentials_peek_access_token (SmtpCredentials  *self);

void        smtp_credentials_bind              (SmtpCredentials  *self,
                                                SmtpServerInfo   *server);
gboolean    smtp_credentials_check_host        (SmtpCredentials  *self,
                                                SmtpServerInfo   *server,
                                                GError          **error);
gboolean    smtp_credentials_check_refreshable (SmtpCredentials  *self);

G_END_DECLS

#endif
