/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "usage.h"

void
usage_begin (UsageStart *start)
{
  getrusage (RUSAGE_SELF, &start->usage);
  start->time = g_get_monotonic_time ();
}

static double
seconds (const struct timeval *time)
{
  return (double) time->tv_sec + (double) time->tv_usec / 1e6;
}

void
usage_print (const UsageStart *start,
             guint             sent)
{
  double wall = (double) (g_get_monotonic_time () - start->time) / 1e6;
  struct rusage now;

  getrusage (RUSAGE_SELF, &now);
  g_print ("RESULT wall=%.6f user=%.6f sys=%.6f sent=%u\n", wall,
           seconds (&now.ru_utime) - seconds (&start->usage.ru_utime),
           seconds (&now.ru_stime) - seconds (&start->usage.ru_stime), sent);
}
