/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SmtpTestAuth SmtpTestAuth;

/* Whom to accept, and over which connection. All of it lives as long as the
 * session. */
typedef struct
{
  const char *username;
  const char *password;      /* and the only token */
  const char *tls_unique;    /* in base64; NULL: no channel binding */
  const char *tls_exporter;
  gboolean has_certificate;  /* the client showed one */
} SmtpTestAccount;

SmtpTestAuth *smtp_test_auth_new      (const char            *mechanism,
                                       const SmtpTestAccount *account);
void          smtp_test_auth_free     (SmtpTestAuth *self);
char         *smtp_test_auth_step     (SmtpTestAuth *self,
                                       const char   *response);
const char   *smtp_test_auth_get_user (SmtpTestAuth *self);

G_END_DECLS
