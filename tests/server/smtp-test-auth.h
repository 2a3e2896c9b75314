/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SmtpTestAuth SmtpTestAuth;

SmtpTestAuth *smtp_test_auth_new      (const char   *mechanism,
                                       const char   *username,
                                       const char   *password);
void          smtp_test_auth_free     (SmtpTestAuth *self);
char         *smtp_test_auth_step     (SmtpTestAuth *self,
                                       const char   *response);
const char   *smtp_test_auth_get_user (SmtpTestAuth *self);

G_END_DECLS
