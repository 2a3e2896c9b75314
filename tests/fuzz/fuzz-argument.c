/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Arguments: what is accepted stays where it is put. The first octet chooses
 * what the rest is. */

#include <string.h>

#include "fuzz.h"
#include "smtp-argument.h"
#include "smtp-engine.h"
#include "smtp-error.h"

static void
check_refusal (GError **error)
{
  g_assert_error (*error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT);
  g_assert_true (g_utf8_validate ((*error)->message, -1, NULL));
  g_assert_null (strpbrk ((*error)->message, "\r\n\033"));
  g_clear_error (error);
}

static void
assert_one_line (const char *text)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (; *text != '\0'; text++)
    g_assert_false (g_ascii_iscntrl (*text));
}

/* Outside quotes nothing ends the path or begins a parameter. */
static void
assert_path (const char *path)
{
  gboolean quoted = FALSE;

  assert_one_line (path);
  for (; *path != '\0'; path++)
    {
      if (*path == '"')
        quoted = !quoted;
      else if (quoted && *path == '\\')
        g_assert_cmpint (*++path, !=, '\0');
      else if (!quoted)
        g_assert_null (strchr ("<> ,;()\\", *path));
    }
  g_assert_false (quoted);
}

static void
fuzz_path (const char   *text,
           SmtpPathKind  kind)
{
  g_autoptr (GError) error = NULL;

  if (smtp_check_path (text, kind, &error))
    assert_path (text);
  else
    check_refusal (&error);
}

static void
fuzz_parameter (const char *text)
{
  const char *params[] = { text, NULL };
  g_autoptr (GError) error = NULL;

  if (!smtp_check_parameters (params, &error))
    {
      check_refusal (&error);
      return;
    }
  assert_one_line (text);
  g_assert_null (strchr (text, ' '));
}

static void
fuzz_name (const char *text)
{
  g_autoptr (GError) error = NULL;

  if (smtp_check_ehlo_name (text, &error))
    g_assert_cmpuint (strspn (text, "[]:.-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
                      ==, strlen (text));
  else
    check_refusal (&error);
}

static void
fuzz_mechanism (const char *text)
{
  g_autoptr (GError) error = NULL;

  if (smtp_check_mechanism (text, &error))
    g_assert_cmpuint (strlen (text), <=, 20);
  else
    check_refusal (&error);
}

static void
fuzz_text (const char *text)
{
  g_autoptr (GError) error = NULL;

  if (smtp_check_text (text, TRUE, &error))
    assert_one_line (text);
  else
    check_refusal (&error);
}

/* ---- through the engine ------------------------------------------------------- */

static void
say (SmtpEngine *engine,
     const char *text)
{
  smtp_engine_feed (engine, text, strlen (text));
}

static void
write_all (SmtpEngine *engine)
{
  gsize length;

  smtp_engine_get_output (engine, &length);
  smtp_engine_wrote (engine, length);
}

static SmtpEngine *
open_engine (void)
{
  SmtpEngine *engine = smtp_engine_new ("mail.example");

  g_assert_true (smtp_engine_open (engine, SMTP_SECURITY_NONE, "x", NULL));
  say (engine, "220 hi\r\n");
  write_all (engine);
  say (engine, "250-hi\r\n250-8BITMIME\r\n250-SIZE\r\n250-DSN\r\n250 SMTPUTF8\r\n");
  g_assert_true (smtp_engine_finish (engine, NULL));
  return engine;
}

/* A command makes one line or none. */
static void
fuzz_command (const char  *text,
              SmtpCommand  command)
{
  g_autoptr (SmtpEngine) engine = open_engine ();
  g_auto (GStrv) words = g_strsplit (text, "|", -1);
  g_autoptr (GError) error = NULL;
  const char *argument = words[0] != NULL ? words[0] : "";
  const char *params = words[0] != NULL ? words[1] : NULL;
  const char *output;
  gsize length;
  gboolean success;

  success = smtp_engine_submit (engine, command, argument,
                                params != NULL ? (const char * const *) words + 1 : NULL, &error);
  output = (const char *) smtp_engine_get_output (engine, &length);
  if (!success)
    {
      g_assert_nonnull (error);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_cmpuint (length, ==, 0);
      return;
    }

  g_assert_true (memchr (output, '\n', length) == output + length - 1);
  g_assert_true (memchr (output, '\r', length) == output + length - 2);
  g_assert_null (memchr (output, '\0', length));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  static const SmtpCommand commands[] = {
    SMTP_COMMAND_MAIL, SMTP_COMMAND_VRFY, SMTP_COMMAND_HELP, SMTP_COMMAND_OTHER, SMTP_COMMAND_EHLO,
  };
  g_autofree char *text = NULL;

  if (size == 0)
    return 0;

  text = g_strndup ((const char *) data + 1, size - 1);
  fuzz_path (text, SMTP_PATH_SENDER);
  fuzz_path (text, SMTP_PATH_RECIPIENT);
  fuzz_parameter (text);
  fuzz_name (text);
  fuzz_mechanism (text);
  fuzz_text (text);
  fuzz_command (text, commands[data[0] % G_N_ELEMENTS (commands)]);
  return 0;
}
