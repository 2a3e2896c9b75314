/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sends one message many times and says what it took. Arguments are
 * "key=value"; unknown keys are ignored:
 *
 *   host= port=             the server
 *   n= rcpts= conns=        messages in all, recipients of each, connections at once
 *   mode=reuse|fresh        a connection for all messages, or one for each
 *   tls=none|starttls|implicit   ca=FILE
 *   msg=FILE stream=0|1     the content; read beforehand, or as it is sent
 *   user= pass=             authenticate by PLAIN
 *   variant=sync|async      a thread for each connection, or one main loop
 *   pipeline=0|1 window=N   for queued messages (async): see SmtpClient
 */

#include <smtp-glib/smtp.h>
#include <string.h>

#include "arguments.h"
#include "usage.h"

#define SENDER "sender@example.org"

typedef struct
{
  const char   *host;
  guint         port;
  guint         n;
  guint         rcpts;
  guint         conns;
  gboolean      fresh;
  SmtpSecurity  security;
  GTlsDatabase *database;
  GFile        *file;
  GBytes       *content;  /* NULL: the file is streamed */
  const char   *user;
  const char   *pass;
  gboolean      async;
  gboolean      pipeline;
  guint         window;
  char        **addresses;
} Options;

/* ---- options -------------------------------------------------------------- */

static SmtpSecurity
get_security (char **argv)
{
  const char *tls = argument_get (argv, "tls", "none");

  if (strcmp (tls, "starttls") == 0)
    return SMTP_SECURITY_STARTTLS;

  return strcmp (tls, "implicit") == 0 ? SMTP_SECURITY_TLS : SMTP_SECURITY_NONE;
}

static void
load_files (char   **argv,
            Options *options)
{
  g_autoptr (GError) error = NULL;
  const char *ca = argument_get (argv, "ca", NULL);
  const char *msg = argument_get (argv, "msg", NULL);

  if (ca != NULL && options->security != SMTP_SECURITY_NONE)
    options->database = g_tls_file_database_new (ca, &error);
  if (error == NULL && msg != NULL)
    options->file = g_file_new_for_path (msg);
  if (error == NULL && options->file != NULL && argument_get_number (argv, "stream", 0) == 0)
    options->content = g_file_load_bytes (options->file, NULL, NULL, &error);
  if (error != NULL)
    die ("%s", error->message);
  if (options->file == NULL)
    options->content = g_bytes_new_static ("Subject: bench\r\n\r\nx\r\n", 21);
}

static void
read_options (char   **argv,
              Options *options)
{
  options->host = argument_get (argv, "host", "127.0.0.1");
  options->port = argument_get_number (argv, "port", 25);
  options->n = argument_get_number (argv, "n", 1);
  options->rcpts = MAX (1, argument_get_number (argv, "rcpts", 1));
  options->conns = MAX (1, argument_get_number (argv, "conns", 1));
  options->fresh = argument_is (argv, "mode", "fresh");
  options->security = get_security (argv);
  options->user = argument_get (argv, "user", NULL);
  options->pass = argument_get (argv, "pass", "");
  options->async = argument_is (argv, "variant", "async");
  options->pipeline = argument_get_number (argv, "pipeline", 0) != 0;
  options->window = MAX (1, argument_get_number (argv, "window", 1));
  options->addresses = g_new0 (char *, options->rcpts + 1);
  for (guint i = 0; i < options->rcpts; i++)
    options->addresses[i] = g_strdup_printf ("user%u@example.net", i);
  load_files (argv, options);
}

static void
clear_options (Options *options)
{
  g_clear_object (&options->database);
  g_clear_object (&options->file);
  g_clear_pointer (&options->content, g_bytes_unref);
  g_strfreev (options->addresses);
}

static SmtpMessage *
make_message (const Options *options)
{
  SmtpMessage *message = smtp_message_new (SENDER);

  for (guint i = 0; i < options->rcpts; i++)
    smtp_message_add_recipient (message, options->addresses[i]);
  if (options->content != NULL)
    smtp_message_set_content_bytes (message, options->content);
  else
    smtp_message_set_content_file (message, options->file);
  return message;
}

static SmtpClient *
make_client (const Options *options)
{
  SmtpClient *client = smtp_client_new (options->host, (guint16) options->port, options->security);

  smtp_client_set_tls_database (client, options->database);
  smtp_client_set_pipeline_messages (client, options->pipeline);
  smtp_client_set_window (client, options->window);
  return client;
}

static SmtpAuth *
make_auth (const Options *options)
{
  return smtp_plain_auth_new (NULL, options->user, options->pass, options->host);
}

/* ---- sync ----------------------------------------------------------------- */

static SmtpClient *
open_client (const Options *options)
{
  g_autoptr (GError) error = NULL;
  SmtpClient *client = make_client (options);

  smtp_client_open (client, NULL, &error);
  if (error == NULL && options->user != NULL)
    {
      g_autoptr (SmtpAuth) auth = make_auth (options);

      smtp_client_authenticate (client, auth, NULL, &error);
    }
  if (error != NULL)
    die ("%s", error->message);
  return client;
}

static void
send_one (const Options *options,
          SmtpClient    *client)
{
  g_autoptr (SmtpMessage) message = make_message (options);
  g_autoptr (GError) error = NULL;

  if (!smtp_client_send (client, message, NULL, &error))
    die ("%s", error->message);
}

static void
quit_client (SmtpClient *client)
{
  smtp_client_quit (client, NULL, NULL);
  g_object_unref (client);
}

typedef struct
{
  const Options *options;
  guint          n;
} Share;

static gpointer
send_share (gpointer data)
{
  const Share *share = data;
  SmtpClient *client = share->options->fresh ? NULL : open_client (share->options);

  for (guint i = 0; i < share->n; i++)
    {
      if (share->options->fresh)
        client = open_client (share->options);
      send_one (share->options, client);
      if (share->options->fresh)
        quit_client (client);
    }

  if (!share->options->fresh)
    quit_client (client);
  return NULL;
}

static void
run_sync (const Options *options)
{
  g_autofree Share *shares = g_new (Share, options->conns);
  g_autofree GThread **threads = g_new (GThread *, options->conns);

  for (guint i = 0; i < options->conns; i++)
    shares[i] = (Share) { options, share_of (options->n, options->conns, i) };

  if (options->conns == 1)
    {
      send_share (&shares[0]);
      return;
    }

  for (guint i = 0; i < options->conns; i++)
    threads[i] = g_thread_new ("send", send_share, &shares[i]);
  for (guint i = 0; i < options->conns; i++)
    g_thread_join (threads[i]);
}

/* ---- async ---------------------------------------------------------------- */

typedef struct
{
  const Options *options;
  SmtpClient    *client;
  guint          left;     /* messages to begin … */
  guint          unsent;   /* … and to end */
  GMainLoop     *loop;
  guint         *running;
} Line;

static void line_open (Line *line);
static void line_send (Line *line);

static void
line_over (Line *line)
{
  if (--*line->running == 0)
    g_main_loop_quit (line->loop);
}

static void
on_quit (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  Line *line = data;

  smtp_client_quit_finish (line->client, result, NULL);
  g_clear_object (&line->client);
  if (line->unsent > 0)
    line_open (line);
  else
    line_over (line);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  Line *line = data;
  g_autoptr (GError) error = NULL;

  if (!smtp_client_send_finish (line->client, result, &error))
    die ("%s", error->message);

  line->unsent--;
  if (line->unsent == 0 || line->options->fresh)
    smtp_client_quit_async (line->client, NULL, on_quit, line);
  else if (line->left > 0)
    line_send (line);
}

static void
line_send (Line *line)
{
  g_autoptr (SmtpMessage) message = make_message (line->options);

  line->left--;
  smtp_client_send_async (line->client, message, NULL, on_sent, line);
}

/* As many as can be under way, and more that are there when one of them
 * ends. */
static void
line_begin (Line *line)
{
  const Options *options = line->options;
  guint queued = options->fresh ? 1 : options->window + (options->pipeline ? 8 : 1);

  for (guint i = 0; i < queued && line->left > 0; i++)
    line_send (line);
}

static void
on_authenticated (GObject      *source,
                  GAsyncResult *result,
                  gpointer      data)
{
  Line *line = data;
  g_autoptr (GError) error = NULL;

  if (!smtp_client_authenticate_finish (line->client, result, &error))
    die ("%s", error->message);
  line_begin (line);
}

static void
on_open (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  Line *line = data;
  g_autoptr (GError) error = NULL;

  if (!smtp_client_open_finish (line->client, result, &error))
    die ("%s", error->message);

  if (line->options->user != NULL)
    {
      g_autoptr (SmtpAuth) auth = make_auth (line->options);

      smtp_client_authenticate_async (line->client, auth, NULL, on_authenticated, line);
    }
  else
    line_begin (line);
}

static void
line_open (Line *line)
{
  line->client = make_client (line->options);
  smtp_client_open_async (line->client, NULL, on_open, line);
}

static void
run_async (const Options *options)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autofree Line *lines = g_new0 (Line, options->conns);
  guint running = 0;

  for (guint i = 0; i < options->conns; i++)
    {
      guint n = share_of (options->n, options->conns, i);

      lines[i] = (Line) { .options = options, .left = n, .unsent = n, .loop = loop, .running = &running };
      if (n == 0)
        continue;
      running++;
      line_open (&lines[i]);
    }

  if (running > 0)
    g_main_loop_run (loop);
}

int
main (int    argc,
      char **argv)
{
  Options options = { 0 };
  UsageStart start;

  read_options (argv + 1, &options);
  usage_begin (&start);
  if (options.async)
    run_async (&options);
  else
    run_sync (&options);
  usage_print (&start, options.n);
  clear_options (&options);
  return 0;
}
