/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The server's key and its self-signed certificate. Immutable. */
typedef struct
{
  gatomicrefcount ref_count;
  char *certificate_pem;
  char *key_pem;
  GTlsCertificate *certificate;   /* with the key; for the server alone */
} SmtpTestIdentity;

SmtpTestIdentity *smtp_test_identity_new   (char             **names,
                                            gboolean           expired,
                                            GError           **error);
SmtpTestIdentity *smtp_test_identity_ref   (SmtpTestIdentity  *self);
void              smtp_test_identity_unref (SmtpTestIdentity  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpTestIdentity, smtp_test_identity_unref)

G_END_DECLS
