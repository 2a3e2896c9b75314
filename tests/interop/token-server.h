/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef TOKEN_SERVER_H
#define TOKEN_SERVER_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* What tells mail servers whose an access token is (RFC 7662), over HTTP, on a
 * port and in a thread of its own. The token comes as RFC 6750 §2.1 has it. */
typedef struct _TokenServer TokenServer;

TokenServer *token_server_new          (GError      **error);
void         token_server_free         (TokenServer  *self);
guint16      token_server_get_port     (TokenServer  *self);

/* From now on it is this user's; NULL: it has expired. */
void         token_server_set_owner    (TokenServer  *self,
                                        const char   *token,
                                        const char   *username);

/* From now on it cannot say, or can again. */
void         token_server_set_broken   (TokenServer  *self,
                                        gboolean      broken);

guint        token_server_count        (TokenServer  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TokenServer, token_server_free)

G_END_DECLS

#endif
