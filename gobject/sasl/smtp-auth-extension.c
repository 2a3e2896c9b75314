/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-auth-extension.h"

#include <stdlib.h>

#include "smtp-anonymous-auth.h"
#include "smtp-auth.h"
#include "smtp-cram-md5-auth.h"
#include "smtp-external-auth.h"
#include "smtp-login-auth.h"
#include "smtp-oauthbearer-auth.h"
#include "smtp-plain-auth.h"
#include "smtp-scram-auth-private.h"
#include "smtp-xoauth2-auth.h"

/* The strength of what the library has; SMTP_AUTH_EXTENSION_POINT_NAME says
 * what the numbers mean. They are written into pins: never change one. */
#define BOUND_STRENGTH 95 /* of the strongest SCRAM with channel binding … */
#define SCRAM_STRENGTH 80 /* … and without; the others are just below */
#define BOUND_VARIANTS 3

static const struct
{
  GType      (*get_type) (void);
  const char  *mechanism;
  int          strength;
} built_in[] = {
  { smtp_external_auth_get_type, "EXTERNAL", 90 },
  { smtp_oauthbearer_auth_get_type, "OAUTHBEARER", 65 },
  { smtp_xoauth2_auth_get_type, "XOAUTH2", 64 },
  { smtp_cram_md5_auth_get_type, "CRAM-MD5", 30 },
  { smtp_plain_auth_get_type, "PLAIN", 20 },
  { smtp_login_auth_get_type, "LOGIN", 10 },
  { smtp_anonymous_auth_get_type, "ANONYMOUS", 0 },
};

static void
register_scram (void)
{
  GType type;
  const char *mechanism;

  for (guint i = 0; (mechanism = smtp_scram_auth_register_variant (i, &type)) != NULL; i++)
    g_io_extension_point_implement (SMTP_AUTH_EXTENSION_POINT_NAME, type, mechanism,
                                    i < BOUND_VARIANTS ? BOUND_STRENGTH - (int) i
                                                       : SCRAM_STRENGTH - (int) (i - BOUND_VARIANTS));
}

static void
register_built_in (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (built_in); i++)
    g_io_extension_point_implement (SMTP_AUTH_EXTENSION_POINT_NAME, built_in[i].get_type (),
                                    built_in[i].mechanism, built_in[i].strength);
}

/* A module of the same name in an earlier directory hides one in a later.
 * Whoever started a program that has more rights than himself does not decide
 * what it loads: secure_getenv() gives nothing there. */
static void
load_modules (void)
{
  GIOModuleScope *scope = g_io_module_scope_new (G_IO_MODULE_SCOPE_BLOCK_DUPLICATES);
  const char *own = secure_getenv ("SMTP_MODULE_DIR");
  g_auto (GStrv) directories = g_strsplit (own != NULL ? own : "", G_SEARCHPATH_SEPARATOR_S, -1);

  for (guint i = 0; directories[i] != NULL; i++)
    if (*directories[i] != '\0')
      g_io_modules_scan_all_in_directory_with_scope (directories[i], scope);
  g_io_modules_scan_all_in_directory_with_scope (SMTP_MODULES_DIRECTORY, scope);
  g_io_module_scope_free (scope);
}

static GIOExtensionPoint *
get_point (void)
{
  static gsize once;

  if (g_once_init_enter (&once))
    {
      GIOExtensionPoint *point = g_io_extension_point_register (SMTP_AUTH_EXTENSION_POINT_NAME);

      g_io_extension_point_set_required_type (point, SMTP_TYPE_AUTH);
      register_scram ();
      register_built_in ();
      load_modules ();
      g_once_init_leave (&once, GPOINTER_TO_SIZE (point));
    }

  return GSIZE_TO_POINTER (once);
}

GList *
smtp_auth_extension_list (void)
{
  return g_io_extension_point_get_extensions (get_point ());
}

GIOExtension *
smtp_auth_extension_find (const char *mechanism)
{
  return g_io_extension_point_get_extension_by_name (get_point (), mechanism);
}
