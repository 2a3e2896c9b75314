/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The program runs itself once more for the scenarios, so that the first
 * process can stop Postfix whatever becomes of the second. */

#include "postfix-session.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files.h"

static volatile sig_atomic_t scenarios_pid;
static volatile sig_atomic_t ended_by;

static void
on_signal (int number)
{
  ended_by = number;
  if (scenarios_pid > 0)
    kill (scenarios_pid, number);
}

static void
catch_signals (void)
{
  static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
  struct sigaction action = { .sa_handler = on_signal };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    sigaction (numbers[i], &action, NULL);
}

static int
wait_for_scenarios (GPid pid)
{
  int status = 0;

  scenarios_pid = pid;
  if (ended_by != 0)
    kill (pid, ended_by);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  scenarios_pid = 0;

  return status;
}

/* Returns how the second process ended, or -1. */
static int
run_again (Postfix  *postfix,
           char    **argv,
           GError  **error)
{
  g_auto (GStrv) variables = postfix_export (postfix);
  GPid pid;

  if (!g_spawn_async (NULL, argv, variables, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN,
                      NULL, NULL, &pid, error))
    return -1;

  return wait_for_scenarios (pid);
}

static int
exit_like (int status)
{
  if (!WIFSIGNALED (status))
    return WEXITSTATUS (status);

  signal (WTERMSIG (status), SIG_DFL);
  raise (WTERMSIG (status));
  return EXIT_FAILURE;
}

static int
start_and_run (int          argc,
               char       **argv,
               const char  *name)
{
  Postfix *postfix;
  g_autoptr (GError) error = NULL;
  int status = -1;

  catch_signals ();
  postfix = postfix_start (&error);
  if (postfix != NULL)
    {
      status = run_again (postfix, argv, &error);
      if (status != 0)
        postfix_print_log (postfix);
      postfix_stop (postfix);
    }
  g_clear_pointer (&postfix, postfix_free);

  return error == NULL ? exit_like (status) : report_instead (argc, argv, name, TRUE, error->message);
}

static int
run_scenarios (int       argc,
               char    **argv,
               Postfix  *postfix,
               void    (*add_scenarios) (Postfix *postfix))
{
  g_test_init (&argc, &argv, NULL);
  add_scenarios (postfix);
  return g_test_run ();
}

int
run_with_postfix (int          argc,
                  char       **argv,
                  const char  *name,
                  void       (*add_scenarios) (Postfix *postfix))
{
  g_autoptr (Postfix) postfix = postfix_import ();
  g_autofree char *missing = NULL;

  if (postfix != NULL)
    return run_scenarios (argc, argv, postfix, add_scenarios);
  if (!postfix_may_start ())
    return report_instead (argc, argv, name, FALSE, "Postfix must be started by root");

  missing = postfix_missing ();
  if (missing != NULL)
    return report_instead (argc, argv, name, is_ci (), missing);

  return start_and_run (argc, argv, name);
}
