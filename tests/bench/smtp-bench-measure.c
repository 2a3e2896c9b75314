/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a program on one processor and says how much memory it took at most:
 *
 *   smtp-bench-measure CPU|any PROGRAM ARGUMENT…
 *
 * "MEMORY peak=KIB" comes after what the program prints. A program of its own
 * for it, as a child begins with the peak of whoever forks it, and this one is
 * small. */

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void
run (char **argv)
{
  cpu_set_t set;

  if (strcmp (argv[0], "any") != 0)
    {
      CPU_ZERO (&set);
      CPU_SET (atoi (argv[0]), &set);
      sched_setaffinity (0, sizeof set, &set);
    }

  execvp (argv[1], argv + 1);
  perror (argv[1]);
  _exit (127);
}

int
main (int    argc,
      char **argv)
{
  struct rusage usage;
  pid_t pid;
  int status;

  if (argc < 3)
    return 2;

  pid = fork ();
  if (pid == 0)
    run (argv + 1);
  if (pid < 0 || wait4 (pid, &status, 0, &usage) != pid)
    return 1;

  printf ("MEMORY peak=%ld\n", usage.ru_maxrss);
  return WIFEXITED (status) ? WEXITSTATUS (status) : 1;
}
