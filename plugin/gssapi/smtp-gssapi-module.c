/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-gssapi-auth.h"

/* Below what a password serves for, above CRAM-MD5; the documentation of
 * SMTP_AUTH_EXTENSION_POINT_NAME has the others. */
#define STRENGTH 60

G_MODULE_EXPORT void    g_io_module_load   (GIOModule *module);
G_MODULE_EXPORT void    g_io_module_unload (GIOModule *module);
G_MODULE_EXPORT char  **g_io_module_query  (void);

/* Its code stays: there may be objects, and threads at work. */
void
g_io_module_load (GIOModule *module)
{
  g_type_module_use (G_TYPE_MODULE (module));
  smtp_gssapi_auth_register (G_TYPE_MODULE (module));
  g_io_extension_point_implement (SMTP_AUTH_EXTENSION_POINT_NAME, SMTP_TYPE_GSSAPI_AUTH, "GSSAPI", STRENGTH);
}

void
g_io_module_unload (GIOModule *module)
{
}

char **
g_io_module_query (void)
{
  const char *points[] = { SMTP_AUTH_EXTENSION_POINT_NAME, NULL };

  return g_strdupv ((char **) points);
}
