/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "arguments.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *
argument_get (char      **argv,
              const char *key,
              const char *fallback)
{
  gsize length = strlen (key);

  for (; *argv != NULL; argv++)
    {
      if (strncmp (*argv, key, length) == 0 && (*argv)[length] == '=')
        return *argv + length + 1;
    }

  return fallback;
}

guint
argument_get_number (char      **argv,
                     const char *key,
                     guint       fallback)
{
  const char *value = argument_get (argv, key, NULL);

  return value != NULL ? (guint) strtoul (value, NULL, 10) : fallback;
}

gboolean
argument_is (char      **argv,
             const char *key,
             const char *value)
{
  return g_strcmp0 (argument_get (argv, key, NULL), value) == 0;
}

guint
share_of (guint n,
          guint connections,
          guint i)
{
  return n / connections + (i < n % connections);
}

void
die (const char *format,
     ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("%s\n", text);
  exit (1);
}
