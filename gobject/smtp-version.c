/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-version.h"

/**
 * smtp_get_major_version:
 *
 * The major version of the library that is running, which may differ from
 * [const@MAJOR_VERSION], the one the program was compiled against.
 *
 * Returns: the major version
 *
 * Since: 1.0
 */
guint
smtp_get_major_version (void)
{
  return SMTP_MAJOR_VERSION;
}

/**
 * smtp_get_minor_version:
 *
 * The minor version of the library that is running.
 *
 * Returns: the minor version
 *
 * Since: 1.0
 */
guint
smtp_get_minor_version (void)
{
  return SMTP_MINOR_VERSION;
}

/**
 * smtp_get_micro_version:
 *
 * The micro version of the library that is running.
 *
 * Returns: the micro version
 *
 * Since: 1.0
 */
guint
smtp_get_micro_version (void)
{
  return SMTP_MICRO_VERSION;
}
