/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_AUTH_EXTENSION_H
#define SMTP_AUTH_EXTENSION_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* The mechanisms there are: those of the library and those of modules. */

/* Strongest first. */
GList        *smtp_auth_extension_list (void);

/* NULL when there is none of that name. */
GIOExtension *smtp_auth_extension_find (const char *mechanism);

G_END_DECLS

#endif
