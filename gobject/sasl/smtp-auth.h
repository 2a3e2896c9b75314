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

/**
 * SMTP_AUTH_EXTENSION_POINT_NAME:
 *
 * The name of the GIO extension point for authentication mechanisms.
 *
 * An extension is a subclass of [class@Auth], and its name that of the
 * mechanism (`GSSAPI`). It is created by `g_object_new()` with nothing but
 * its [property@Auth:credentials]. Its priority is its strength, by which
 * [class@AutoAuth] chooses:
 *
 * - 95 … 93: `SCRAM-SHA-512-PLUS`, `SCRAM-SHA-256-PLUS`, `SCRAM-SHA-1-PLUS`:
 *   both sides prove that they know the password and that nobody is between
 *   them
 * - 90: `EXTERNAL`: a client certificate says who it is
 * - 80 … 78: `SCRAM-SHA-512`, `SCRAM-SHA-256`, `SCRAM-SHA-1`: both sides prove
 *   that they know the password
 * - 65, 64: `OAUTHBEARER`, `XOAUTH2`: the client shows a token that expires
 * - 60: `GSSAPI`: both sides have a ticket
 * - 30: `CRAM-MD5`: the client proves it
 * - 20, 10: `PLAIN`, `LOGIN`: the client says it
 * - 0 and below: never chosen automatically
 *
 * Modules are loaded when the first mechanism is looked for, from
 * `$libdir/smtp-glib-1.0/modules` and from the directories in the environment
 * variable `SMTP_MODULE_DIR`, which come first and are separated by `:`. They
 * are modules of GIO: they export `g_io_module_load()`,
 * `g_io_module_unload()` and `g_io_module_query()`, and `gio-querymodules`
 * makes a cache of them, so that they are loaded only where they are needed.
 *
 * Since: 1.0
 */
#define SMTP_AUTH_EXTENSION_POINT_NAME "smtp-auth"

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
SmtpAuth *smtp_auth_create            (const char      *mechanism,
                                       SmtpCredentials *credentials,
                                       GError         **error);
SMTP_AVAILABLE_IN_1_0
char    **smtp_auth_list_mechanisms   (void);

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
