/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_AUTH_H
#define SMTP_AUTH_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include <gio/gio.h>

#include "smtp-credentials.h"
#include "smtp-server-info.h"
#include "smtp-version.h"

G_BEGIN_DECLS

#define SMTP_TYPE_AUTH (smtp_auth_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (SmtpAuth, smtp_auth, SMTP, AUTH, GObject)

/**
 * SmtpAuthClass:
 * @start: begins an exchange; see [vfunc@Auth.start]
 * @next: answers a challenge; see [vfunc@Auth.next]
 * @prepare: optional: obtains what must be waited for; see
 *   [vfunc@Auth.prepare]
 * @prepare_next: optional: does what takes time before a challenge is
 *   answered; see [vfunc@Auth.prepare_next]
 * @retry: optional: whether to begin anew after a failure; see
 *   [vfunc@Auth.retry]
 *
 * What a mechanism implements.
 *
 * Since: 1.0
 */
struct _SmtpAuthClass
{
  /*< private >*/
  GObjectClass parent_class;

  /*< public >*/
  gboolean (*start)   (SmtpAuth        *self,
                       SmtpServerInfo  *server,
                       char           **mechanism,
                       GBytes         **initial_response,
                       GError         **error);
  gboolean (*next)    (SmtpAuth        *self,
                       GBytes          *challenge,
                       gboolean         more,
                       GBytes         **response,
                       GError         **error);
  void     (*prepare) (SmtpAuth        *self,
                       SmtpServerInfo  *server,
                       GTask           *task);
  void     (*prepare_next) (SmtpAuth   *self,
                       GBytes          *challenge,
                       GTask           *task);
  gboolean (*retry)   (SmtpAuth        *self,
                       SmtpServerInfo  *server,
                       const GError    *failure);

  /*< private >*/
  gpointer padding[6];
};

SMTP_AVAILABLE_IN_1_0
SmtpCredentials *smtp_auth_get_credentials (SmtpAuth *self);

SMTP_AVAILABLE_IN_1_0
gboolean smtp_auth_start   (SmtpAuth        *self,
                            SmtpServerInfo  *server,
                            char           **mechanism,
                            GBytes         **initial_response,
                            GError         **error);
SMTP_AVAILABLE_IN_1_0
gboolean smtp_auth_next    (SmtpAuth        *self,
                            GBytes          *challenge,
                            gboolean         more,
                            GBytes         **response,
                            GError         **error);
SMTP_AVAILABLE_IN_1_0
void     smtp_auth_prepare (SmtpAuth        *self,
                            SmtpServerInfo  *server,
                            GTask           *task);
SMTP_AVAILABLE_IN_1_0
void     smtp_auth_prepare_next (SmtpAuth   *self,
                            GBytes          *challenge,
                            GTask           *task);
SMTP_AVAILABLE_IN_1_0
gboolean smtp_auth_retry   (SmtpAuth        *self,
                            SmtpServerInfo  *server,
                            const GError    *failure);

G_END_DECLS

#endif
