/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef KERBEROS_H
#define KERBEROS_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define KERBEROS_REALM  "INTEROP.EXAMPLE"

/* The server that has a key, and whose key the keytab has; so has 127.0.0.1. */
#define KERBEROS_SERVER "mail.interop.example"

/* Another service of it that has a key, which the keytab does not have. */
#define KERBEROS_OTHER_SERVICE "other"

/* Two users. */
#define KERBEROS_USER   "user"
#define KERBEROS_BOSS   "boss"

/* A realm of one's own, all of whose files are in one directory, with a KDC
 * (MIT Kerberos) on a loopback port. It ends with the thread that started
 * it. */
typedef struct
{
  char        *directory;
  char        *config;   /* file names */
  char        *keytab;   /* the server's */
  GSubprocess *kdc;      /* NULL while it does not run */
  guint16      port;
} Kerberos;

/* Why there can be none, or NULL. */
char     *kerberos_missing      (void);

/* Sets the environment of this process: that is this realm from here on. */
Kerberos *kerberos_start        (GError     **error);
void      kerberos_stop         (Kerberos    *self);
void      kerberos_print_log    (Kerberos    *self);

/* The KDC alone, on the same port. */
gboolean  kerberos_start_kdc    (Kerberos    *self,
                                 GError     **error);
void      kerberos_stop_kdc     (Kerberos    *self);

/* It does not answer, but is there. */
void      kerberos_silence_kdc  (Kerberos    *self);
void      kerberos_wake_kdc     (Kerberos    *self);

/* Obtains a ticket, and keeps it in a file of the given name. */
gboolean  kerberos_get_ticket   (Kerberos    *self,
                                 const char  *user,
                                 const char  *lifetime,
                                 const char  *name,
                                 GError     **error);
gboolean  kerberos_has_expired  (Kerberos    *self,
                                 const char  *name);

/* What programs find from now on: these tickets, of which the first is the
 * default, and none for any server. */
void      kerberos_use_tickets  (Kerberos           *self,
                                 const char * const *names);

/* Whether a ticket for a server has come to the first of them. */
gboolean  kerberos_has_grown    (Kerberos    *self,
                                 const char  *name);

G_END_DECLS

#endif
