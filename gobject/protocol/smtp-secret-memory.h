/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_SECRET_MEMORY_H
#define SMTP_SECRET_MEMORY_H

#include <glib.h>

G_BEGIN_DECLS

/* Memory for passwords, tokens and what is made of them: zero when it is
 * handed out, wiped when it is freed, kept out of core dumps and of the swap
 * space as far as the system permits. Not to be mixed with g_malloc(). */

gpointer smtp_secret_alloc   (gsize        length);
void     smtp_secret_free    (gpointer     secret);
char    *smtp_secret_strdup  (const char  *text);
char    *smtp_secret_strndup (const char  *text,
                              gsize        length);
void     smtp_secret_clear_traces (void);

/* g_autoptr (SmtpSecretText) is wiped when it goes. */
typedef char SmtpSecretText;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpSecretText, smtp_secret_free)

G_END_DECLS

#endif
