/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_GSSAPI_CONTEXT_H
#define SMTP_GSSAPI_CONTEXT_H

#include <glib.h>

G_BEGIN_DECLS

/* One security context of GSSAPI (RFC 2743) with Kerberos (RFC 4121), the
 * client's side. Nothing here knows of objects or main loops; a context is used
 * by one thread at a time. */
typedef struct _SmtpGssapiContext SmtpGssapiContext;

SmtpGssapiContext *smtp_gssapi_context_new         (const char         *service,
                                                    const char         *host,
                                                    const char         *username);
void               smtp_gssapi_context_free        (SmtpGssapiContext  *self);
gboolean           smtp_gssapi_context_step        (SmtpGssapiContext  *self,
                                                    GBytes             *input,
                                                    GBytes            **output,
                                                    GError            **error);
gboolean           smtp_gssapi_context_is_complete (SmtpGssapiContext  *self);
GBytes            *smtp_gssapi_context_choose_layer (SmtpGssapiContext *self,
                                                    GBytes             *offer,
                                                    const char         *identity,
                                                    GError            **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpGssapiContext, smtp_gssapi_context_free)

G_END_DECLS

#endif
