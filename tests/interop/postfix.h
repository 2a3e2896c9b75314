/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef POSTFIX_H
#define POSTFIX_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define POSTFIX_DOMAIN   "interop.example"
#define POSTFIX_USER     "user"
#define POSTFIX_PASSWORD "pass word"
#define POSTFIX_MAILBOX  "box@" POSTFIX_DOMAIN

/* Larger than this is refused. */
#define POSTFIX_MAX_SIZE 4194304

/* A Postfix of one's own, all of whose files are in one directory. It
 * delivers to one mailbox; what it relays, it discards. */
typedef struct
{
  char   *directory;
  char   *certificate; /* file name */
  char   *new_mail;    /* the directory that mail appears in */
  guint16 port;
  gsize   seen;        /* so much of the log */
} Postfix;

/* Why there can be none, or NULL. */
char    *postfix_missing         (void);
gboolean postfix_may_start       (void);

Postfix *postfix_start           (GError    **error);
void     postfix_stop            (Postfix    *self);
void     postfix_print_log       (Postfix    *self);

/* While it runs, for connections to come, each of which has a process of its
 * own. */
gboolean postfix_offer           (Postfix    *self,
                                  const char *mechanisms,
                                  GError    **error);
gboolean postfix_add_user        (Postfix    *self,
                                  const char *username,
                                  const char *password,
                                  GError    **error);

/* Whether that is in the log within a time in which it has to be. The next
 * search begins behind it. */
gboolean postfix_wait_for_log    (Postfix    *self,
                                  const char *text);

/* The file name of a message in the mailbox, or NULL if there is none; or if
 * none comes within a time in which it has to. */
char    *postfix_find_mail       (Postfix    *self);
char    *postfix_wait_for_mail   (Postfix    *self);

/* The environment for another process, and what that finds there. */
char   **postfix_export          (Postfix    *self);
Postfix *postfix_import          (void);
void     postfix_free            (Postfix    *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Postfix, postfix_free)

G_END_DECLS

#endif
