/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef DOVECOT_H
#define DOVECOT_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define DOVECOT_USER     "user"
#define DOVECOT_PASSWORD "pass word"

/* A Dovecot of one's own, all of whose files are in one directory. It takes
 * submissions of one user, and relays them to a port of this machine while the
 * client waits. It ends with the thread that started it. */
typedef struct
{
  char        *directory;
  GSubprocess *process;
  guint16      port;
} Dovecot;

/* Why there can be none, or NULL. */
char    *dovecot_missing   (void);

Dovecot *dovecot_start     (guint16    relay_port,
                            GError   **error);
void     dovecot_stop      (Dovecot   *self);
void     dovecot_print_log (Dovecot   *self);

G_END_DECLS

#endif
