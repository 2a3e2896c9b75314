/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a private server needs around it: programs, ports, files. */

#ifndef FILES_H
#define FILES_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* Servers' programs need not be in the path of a user. */
char    *find_program      (const char  *name);

/* Free now; another may take it before the server does. 0: an error. */
guint16  find_port         (GError     **error);

/* A server that was started is to listen on its port within a time in which it
 * has to. */
gboolean wait_for_port     (guint16      port,
                            GSubprocess *process,
                            GError     **error);

/* For a child: it ends with its parent, whatever becomes of the test. */
void     end_with_parent   (gpointer     user_data);

/* Always FALSE. */
gboolean fail_errno        (GError     **error,
                            const char  *path);

gboolean write_file        (const char  *directory,
                            const char  *name,
                            const char  *text,
                            int          mode,
                            GError     **error);

/* certificate.pem and key.pem, for 127.0.0.1 and 127.0.0.2. */
gboolean write_certificate (const char  *directory,
                            GError     **error);

/* Whether that is in a file within a time in which it has to be. *seen is where
 * to begin, and then the end of what was found. */
gboolean wait_for_text     (const char  *path,
                            const char  *text,
                            gsize       *seen);

void     remove_tree       (const char  *path);

/* Whether what is missing is a failure and no reason to skip. */
gboolean is_ci             (void);

/* A test program with one test, which is skipped or fails. */
int      report_instead    (int          argc,
                            char       **argv,
                            const char  *name,
                            gboolean     failure,
                            const char  *reason);

G_END_DECLS

#endif
