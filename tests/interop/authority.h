/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef AUTHORITY_H
#define AUTHORITY_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* What issues certificates for the clients of a server. */
typedef struct _Authority Authority;

Authority       *authority_new     (const char   *name,
                                    GError      **error);
void             authority_free    (Authority    *self);

/* Its own certificate, for the server. */
const char      *authority_get_pem (Authority    *self);

/* With the key. */
GTlsCertificate *authority_issue   (Authority    *self,
                                    const char   *common_name,
                                    GError      **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Authority, authority_free)

G_END_DECLS

#endif
