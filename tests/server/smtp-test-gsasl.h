/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The server's side of SCRAM, by GNU SASL: another's reading of the RFCs. */
typedef struct _SmtpTestGsasl SmtpTestGsasl;

SmtpTestGsasl *smtp_test_gsasl_new  (const char    *mechanism,
                                     const char    *username,
                                     const char    *password,
                                     const char    *tls_unique,
                                     const char    *tls_exporter);
void           smtp_test_gsasl_free (SmtpTestGsasl *self);
char          *smtp_test_gsasl_step (SmtpTestGsasl *self,
                                     const char    *data,
                                     gsize          length,
                                     gboolean      *accepted,
                                     char         **user);

G_END_DECLS
