/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_CREDENTIALS_H
#define SMTP_CREDENTIALS_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include <gio/gio.h>

#include "smtp-version.h"

G_BEGIN_DECLS

#define SMTP_TYPE_CREDENTIALS (smtp_credentials_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (SmtpCredentials, smtp_credentials, SMTP, CREDENTIALS, GObject)

/**
 * SmtpCredentialsClass:
 * @refresh: the default handler of [signal@Credentials::refresh]
 *
 * What a subclass may override.
 *
 * Since: 1.0
 */
struct _SmtpCredentialsClass
{
  /*< private >*/
  GObjectClass parent_class;

  /*< public >*/
  gboolean (*refresh) (SmtpCredentials *self,
                       GTask           *task);

  /*< private >*/
  gpointer padding[8];
};

SMTP_AVAILABLE_IN_1_0
SmtpCredentials *smtp_credentials_new               (const char           *username,
                                                     const char           *password);
SMTP_AVAILABLE_IN_1_0
const char      *smtp_credentials_get_username      (SmtpCredentials      *self);
SMTP_AVAILABLE_IN_1_0
const char      *smtp_credentials_get_identity      (SmtpCredentials      *self);
SMTP_AVAILABLE_IN_1_0
void             smtp_credentials_set_identity      (SmtpCredentials      *self,
                                                     const char           *identity);
SMTP_AVAILABLE_IN_1_0
const char      *smtp_credentials_get_host          (SmtpCredentials      *self);
SMTP_AVAILABLE_IN_1_0
void             smtp_credentials_set_host          (SmtpCredentials      *self,
                                                     const char           *host);
SMTP_AVAILABLE_IN_1_0
void             smtp_credentials_set_password      (SmtpCredentials      *self,
                                                     const char           *password);
SMTP_AVAILABLE_IN_1_0
GBytes          *smtp_credentials_dup_password      (SmtpCredentials      *self);
SMTP_AVAILABLE_IN_1_0
void             smtp_credentials_set_access_token  (SmtpCredentials      *self,
                                                     const char           *token);
SMTP_AVAILABLE_IN_1_0
GBytes          *smtp_credentials_dup_access_token  (SmtpCredentials      *self);
SMTP_AVAILABLE_IN_1_0
void             smtp_credentials_refresh_async     (SmtpCredentials      *self,
                                                     GCancellable         *cancellable,
                                                     GAsyncReadyCallback   callback,
                                                     gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
gboolean         smtp_credentials_refresh_finish    (SmtpCredentials      *self,
                                                     GAsyncResult         *result,
                                                     GError              **error);

G_END_DECLS

#endif
