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
  gsize        seen;      /* so much of the log */
} Dovecot;

/* Why there can be none, or NULL. */
char    *dovecot_missing      (void);

Dovecot *dovecot_start        (guint16      relay_port,
                               GError     **error);

/* The same in two steps: between them files may be written into its directory.
 * The settings come behind its own, so that they replace those of the same
 * name; in them @D@ is the directory. What could not be run is to be stopped,
 * too. */
Dovecot *dovecot_new          (GError     **error);
gboolean dovecot_run          (Dovecot     *self,
                               guint16      relay_port,
                               const char  *settings,
                               GError     **error);

void     dovecot_stop         (Dovecot     *self);
void     dovecot_print_log    (Dovecot     *self);

/* Whether that is in the log within a time in which it has to be. The next
 * search begins behind it. */
gboolean dovecot_wait_for_log (Dovecot     *self,
                               const char  *text);

G_END_DECLS

#endif
