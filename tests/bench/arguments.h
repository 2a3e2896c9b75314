/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The arguments of the benchmark's programs: "key=value", in any order;
 * unknown keys are ignored. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

const char *argument_get        (char      **argv,
                                 const char *key,
                                 const char *fallback);
guint       argument_get_number (char      **argv,
                                 const char *key,
                                 guint       fallback);
gboolean    argument_is         (char      **argv,
                                 const char *key,
                                 const char *value);

/* Of n messages, those of connection i of as many as there are. */
guint       share_of            (guint       n,
                                 guint       connections,
                                 guint       i);

/* Ends the program with status 1. */
void        die                 (const char *format,
                                 ...) G_GNUC_PRINTF (1, 2) G_GNUC_NORETURN;

G_END_DECLS
