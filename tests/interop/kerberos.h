/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef KERBEROS_H
#define KERBEROS_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define KERBEROS_REALM "TEST.EXAMPLE"
#define KERBEROS_USER  "user"

/* A KDC of one's own, all of whose files are in one directory. It knows one
 * user, whose ticket is in a cache, and the services smtp and later at
 * 127.0.0.1. It ends with the thread that started it. */
typedef struct
{
  char        *directory;
  GSubprocess *process;
  guint16      port;
} Kerberos;

/* Why there can be none, or NULL. */
char     *kerberos_missing (void);

/* Sets the environment of Kerberos: before there are threads. */
Kerberos *kerberos_start   (GError   **error);
void      kerberos_stop    (Kerberos  *self);

/* The keys of the services. */
char     *kerberos_keytab  (Kerberos  *self);

/* Whether it answers. It has to in the end. */
void      kerberos_freeze  (Kerberos  *self,
                            gboolean   frozen);

G_END_DECLS

#endif
