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
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

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

G_GNUC_NORETURN static void
die (const GError *error)
{
  g_printerr ("%s\n", error->message);
  exit (1);
}

/* ---- options -------------------------------------------------------------- */

static const char *
get (char      **argv,
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

static guint
get_number (char      **argv,
            const char *key,
            const char *fallback)
{
  return (guint) strtoul (get (argv, key, fallback), NULL, 10);
}

static SmtpSecurity
get_security (char **argv)
{
  const char *tls = get (argv, "tls", "none");

  if (strcmp (tls, "starttls") == 0)
    return SMTP_SECURITY_STARTTLS;

  return strcmp (tls, "implicit") == 0 ? SMTP_SECURITY_TLS : SMTP_SECURITY_NONE;
}

static void
load_files (char   **argv,
            Options *options)
{
  g_autoptr (GError) error = NULL;
  const char *ca = get (argv, "ca", NULL);
  const char *msg = get (argv, "msg", NULL);

  if (ca != NULL && options->security != SMTP_SECURITY_NONE)
    options->database = g_tls_file_database_new (ca, &error);
  if (error == NULL && msg != NULL)
    options->file = g_file_new_for_path (msg);
  if (error == NULL && options->file != NULL && get_number (argv, "stream", "0") == 0)
    options->content = g_file_load_bytes (options->file, NULL, NULL, &error);
  if (error != NULL)
    die (error);
  if (options->file == NULL)
    options->content = g_bytes_new_static ("Subject: bench\r\n\r\nx\r\n", 21);
}

static void
read_options (char   **argv,
              Options *options)
{
  options->host = get (argv, "host", "127.0.0.1");
  options->port = get_number (argv, "port", "25");
  options->n = get_number (argv, "n", "1");
  options->rcpts = MAX (1, get_number (argv, "rcpts", "1"));
  options->conns = MAX (1, get_number (argv, "conns", "1"));
  options->fresh = strcmp (get (argv, "mode", "reuse"), "fresh") == 0;
  options->security = get_security (argv);
  options->user = get (argv, "user", NULL);
  options->pass = get (argv, "pass", "");
  options->async = strcmp (get (argv, "variant", "sync"), "async") == 0;
  options->pipeline = get_number (argv, "pipeline", "0") != 0;
  options->window = MAX (1, get_number (argv, "window", "1"));
  options->addresses = g_new0 (char *, options->rcpts + 1);
  for (guint i = 0; i < options->rcpts; i++)
    options->addresses[i] = g_strdup_printf ("user%u@example.net", i);
  load_files (argv, options);
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

/* The messages of one connection. */
static guint
share_of (const Options *options,
          guint          i)
{
  return options->n / options->conns + (i < options->n % options->conns);
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
    die (error);
  return client;
}

static void
send_one (const Options *options,
          SmtpClient    *client)
{
  g_autoptr (SmtpMessage) message = make_message (options);
  g_autoptr (GError) error = NULL;

  if (!smtp_client_send (client, message, NULL, &error))
    die (error);
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
    shares[i] = (Share) { options, share_of (options, i) };

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
    die (error);

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

/* As many as can be under way, so that there is always one behind. */
static void
line_begin (Line *line)
{
  const Options *options = line->options;
  guint queued = MAX (options->window, options->pipeline ? 2 : 1);

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
    die (error);
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
    die (error);

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
      guint n = share_of (options, i);

      lines[i] = (Line) { .options = options, .left = n, .unsent = n, .loop = loop, .running = &running };
      if (n == 0)
        continue;
      running++;
      line_open (&lines[i]);
    }

  if (running > 0)
    g_main_loop_run (loop);
}

/* ---- what it took --------------------------------------------------------- */

static double
seconds (struct timeval time)
{
  return (double) time.tv_sec + (double) time.tv_usec / 1e6;
}

int
main (int    argc,
      char **argv)
{
  Options options = { 0 };
  struct rusage before, after;
  gint64 begun;

  read_options (argv + 1, &options);
  getrusage (RUSAGE_SELF, &before);
  begun = g_get_monotonic_time ();
  if (options.async)
    run_async (&options);
  else
    run_sync (&options);
  getrusage (RUSAGE_SELF, &after);

  g_print ("RESULT wall=%.6f user=%.6f sys=%.6f sent=%u\n",
           (double) (g_get_monotonic_time () - begun) / 1e6,
           seconds (after.ru_utime) - seconds (before.ru_utime),
           seconds (after.ru_stime) - seconds (before.ru_stime), options.n);
  return 0;
}
