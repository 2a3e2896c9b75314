/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a program took between two points, as the RESULT line that each
 * contestant of the benchmark prints. */

#pragma once

#include <glib.h>
#include <sys/resource.h>

G_BEGIN_DECLS

typedef struct
{
  struct rusage usage;
  gint64        time;
} UsageStart;

void usage_begin (UsageStart       *start);
void usage_print (const UsageStart *start,
                  guint             sent);

G_END_DECLS
