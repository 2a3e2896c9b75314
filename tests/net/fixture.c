/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fixture.h"

#include <string.h>

#define TIMEOUT_SECONDS 10

/* ---- waiting for an asynchronous call ------------------------------------- */

static void
on_done (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  GAsyncResult **slot = user_data;

  *slot = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **slot)
{
  while (*slot == NULL)
    g_main_context_iteration (NULL, TRUE);

  return *slot;
}

/* ---- scenarios ------------------------------------------------------------ */

typedef struct
{
  gboolean      async;
  Scenario      scenario;
  gconstpointer row;
} Case;

static void
append_line (SmtpClient   *client,
             SmtpDirection direction,
             const char   *text,
             Fixture      *f)
{
  g_string_append_printf (f->transcript, "%s %s\n", direction == SMTP_DIRECTION_SENT ? "C:" : "S:", text);
}

static void
run_case (gconstpointer data)
{
  const Case *c = data;
  Fixture f = { .async = c->async, .row = c->row };

  f.transcript = g_string_new (NULL);
  f.server = smtp_test_server_new ();
  c->scenario (&f);
  g_assert_no_error (f.error);

  /* A client left behind would be a leak, and shows here. */
  if (f.client != NULL)
    {
      g_object_add_weak_pointer (G_OBJECT (f.client), (gpointer *) &f.client);
      g_object_unref (f.client);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_assert_null (f.client);
    }
  smtp_test_server_stop (f.server);
  g_object_unref (f.server);
  g_clear_object (&f.cancellable);
  g_string_free (f.transcript, TRUE);
}

static void
add_case (const char   *name,
          const char   *form,
          gboolean      async,
          Scenario      scenario,
          gconstpointer row)
{
  g_autofree char *path = g_strdup_printf ("%s/%s", name, form);
  Case *c = g_new (Case, 1);

  c->async = async;
  c->scenario = scenario;
  c->row = row;
  g_test_add_data_func_full (path, c, run_case, g_free);
}

void
add_scenario (const char *name,
              Scenario    scenario)
{
  add_row_scenario (name, scenario, NULL);
}

void
add_async_scenario (const char   *name,
                    Scenario      scenario,
                    gconstpointer row)
{
  add_case (name, "async", TRUE, scenario, row);
}

void
add_row_scenario (const char   *name,
                  Scenario      scenario,
                  gconstpointer row)
{
  add_case (name, "sync", FALSE, scenario, row);
  add_case (name, "async", TRUE, scenario, row);
}

const char * const offer_chunking[] = { "PIPELINING", "8BITMIME", "SIZE 100000000", "CHUNKING", NULL };
const char * const offer_pipelining[] = { "PIPELINING", NULL };
const char * const offer_nothing[] = { NULL };

void
start_server (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  smtp_test_server_start (f->server, &error);
  g_assert_no_error (error);
}

/* Replaces the fixture's client. */
SmtpClient *
new_client (Fixture      *f,
            SmtpSecurity  security)
{
  g_clear_object (&f->client);
  f->client = smtp_client_new ("127.0.0.1", smtp_test_server_get_port (f->server), security);
  smtp_client_set_timeout (f->client, TIMEOUT_SECONDS);
  g_signal_connect (f->client, "transcript", G_CALLBACK (append_line), f);
  return f->client;
}

/* Has the client accept the server's certificate, which it made itself. */
void
trust_server (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsDatabase) database = smtp_test_server_create_database (f->server, &error);

  g_assert_no_error (error);
  smtp_client_set_tls_database (f->client, database);
}

/* Starts the server as it was set up, and opens a client in clear text. */
void
open_client (Fixture *f)
{
  start_server (f);
  new_client (f, SMTP_SECURITY_NONE);
  x_open (f);
  g_assert_no_error (f->error);
}

void
open_unknown_stream (Fixture *f)
{
  g_autoptr (GSocketClient) connector = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;

  start_server (f);
  connection = g_socket_client_connect_to_host (connector, "127.0.0.1", smtp_test_server_get_port (f->server),
                                                NULL, &f->error);
  g_assert_no_error (f->error);
  f->client = smtp_client_new_for_stream (G_IO_STREAM (connection), "test.example");
  x_open (f);
  g_assert_no_error (f->error);
}

void
open_offering (Fixture            *f,
               const char * const *extensions)
{
  g_object_set (f->server, "extensions", extensions, NULL);
  open_client (f);
  smtp_test_server_clear_commands (f->server);
}

SmtpMessage *
make_message (guint       recipients,
              const char *content)
{
  SmtpMessage *message = smtp_message_new ("sender@example.org");
  g_autoptr (GBytes) bytes = g_bytes_new (content, strlen (content));

  for (guint i = 0; i < recipients; i++)
    {
      g_autofree char *address = g_strdup_printf ("user%u@example.net", i);

      smtp_message_add_recipient (message, address);
    }
  smtp_message_set_content_bytes (message, bytes);
  return message;
}

void
begin_message (Fixture *f)
{
  x_mail (f, "sender@example.org", NULL);
  g_assert_no_error (f->error);
  x_rcpt (f, "recipient@example.net", NULL);
  g_assert_no_error (f->error);
}

GOutputStream *
begin_content (Fixture *f)
{
  GOutputStream *stream;

  begin_message (f);
  stream = x_data (f);
  g_assert_no_error (f->error);
  return stream;
}

/* ---- expectations --------------------------------------------------------- */

void
expect_error (Fixture    *f,
              GQuark      domain,
              int         code,
              const char *part_of_message)
{
  g_assert_error (f->error, domain, code);
  g_assert_true (g_utf8_validate (f->error->message, -1, NULL));
  if (part_of_message != NULL && strstr (f->error->message, part_of_message) == NULL)
    g_error ("“%s” does not say “%s”", f->error->message, part_of_message);
  g_clear_error (&f->error);
}

void
expect_state (Fixture         *f,
              SmtpClientState  state)
{
  g_assert_cmpint (smtp_client_get_state (f->client), ==, state);
}

/* Waits for the session to end, so that nothing can be on its way any more. */
void
expect_no_message (Fixture *f)
{
  g_assert_true (smtp_test_server_wait_for_closed (f->server, 1, TIMEOUT_SECONDS * 1000));
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 0);
}

void
expect_content (Fixture    *f,
                guint       index,
                const char *content)
{
  g_autoptr (SmtpTestMessage) message = NULL;
  GBytes *bytes;

  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), >, index);
  message = smtp_test_server_get_message (f->server, index);
  bytes = smtp_test_message_get_content (message);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), content, strlen (content));
}

guint
count_commands (Fixture    *f,
                const char *prefix)
{
  g_auto (GStrv) commands = smtp_test_server_get_commands (f->server);
  guint n = 0;

  for (guint i = 0; commands[i] != NULL; i++)
    n += g_str_has_prefix (commands[i], prefix);

  return n;
}

gsize
count_command_octets (Fixture *f)
{
  g_auto (GStrv) lines = smtp_test_server_get_commands (f->server);
  gsize n = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    n += strlen (lines[i]) + strlen ("\r\n");

  return n;
}

/* ---- the calls ------------------------------------------------------------ */

gboolean
x_open (Fixture *f)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_client_open (f->client, f->cancellable, &f->error);

  smtp_client_open_async (f->client, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_client_open_finish (f->client, result, &f->error);
}

gboolean
x_hello (Fixture *f, const char *name)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_client_hello (f->client, name, f->cancellable, &f->error);

  smtp_client_hello_async (f->client, name, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_client_hello_finish (f->client, result, &f->error);
}

gboolean
x_start_tls (Fixture *f)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_client_start_tls (f->client, f->cancellable, &f->error);

  smtp_client_start_tls_async (f->client, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_client_start_tls_finish (f->client, result, &f->error);
}

gboolean
x_authenticate (Fixture *f, SmtpAuth *auth)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_client_authenticate (f->client, auth, f->cancellable, &f->error);

  smtp_client_authenticate_async (f->client, auth, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_client_authenticate_finish (f->client, result, &f->error);
}

gboolean
x_mail (Fixture *f, const char *sender, const char * const *params)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_client_mail (f->client, sender, params, f->cancellable, &f->error);

  smtp_client_mail_async (f->client, sender, params, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_client_mail_finish (f->client, result, &f->error);
}

gboolean
x_rcpt (Fixture *f, const char *recipient, const char * const *params)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_client_rcpt (f->client, recipient, params, f->cancellable, &f->error);

  smtp_client_rcpt_async (f->client, recipient, params, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_client_rcpt_finish (f->client, result, &f->error);
}

GOutputStream *
x_data (Fixture *f)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_client_data (f->client, f->cancellable, &f->error);

  smtp_client_data_async (f->client, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_client_data_finish (f->client, result, &f->error);
}

gboolean
x_reset (Fixture *f)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_client_reset (f->client, f->cancellable, &f->error);

  smtp_client_reset_async (f->client, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_client_reset_finish (f->client, result, &f->error);
}

SmtpReply *
x_verify (Fixture *f, const char *address)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_client_verify (f->client, address, f->cancellable, &f->error);

  smtp_client_verify_async (f->client, address, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_client_verify_finish (f->client, result, &f->error);
}

SmtpReply *
x_expand (Fixture *f, const char *list)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_client_expand (f->client, list, f->cancellable, &f->error);

  smtp_client_expand_async (f->client, list, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_client_expand_finish (f->client, result, &f->error);
}

SmtpReply *
x_help (Fixture *f, const char *topic)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_client_help (f->client, topic, f->cancellable, &f->error);

  smtp_client_help_async (f->client, topic, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_client_help_finish (f->client, result, &f->error);
}

gboolean
x_noop (Fixture *f)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_client_noop (f->client, f->cancellable, &f->error);

  smtp_client_noop_async (f->client, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_client_noop_finish (f->client, result, &f->error);
}

SmtpReply *
x_command (Fixture *f, const char *line)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_client_command (f->client, line, f->cancellable, &f->error);

  smtp_client_command_async (f->client, line, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_client_command_finish (f->client, result, &f->error);
}

gboolean
x_quit (Fixture *f)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_client_quit (f->client, f->cancellable, &f->error);

  smtp_client_quit_async (f->client, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_client_quit_finish (f->client, result, &f->error);
}

gboolean
x_write (Fixture *f, GOutputStream *stream, const void *bytes, gsize length)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return g_output_stream_write_all (stream, bytes, length, NULL, f->cancellable, &f->error);

  g_output_stream_write_all_async (stream, bytes, length, G_PRIORITY_DEFAULT, f->cancellable, on_done, &result);
  wait_for (&result);
  return g_output_stream_write_all_finish (stream, result, NULL, &f->error);
}

gboolean
x_flush (Fixture *f, GOutputStream *stream)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return g_output_stream_flush (stream, f->cancellable, &f->error);

  g_output_stream_flush_async (stream, G_PRIORITY_DEFAULT, f->cancellable, on_done, &result);
  wait_for (&result);
  return g_output_stream_flush_finish (stream, result, &f->error);
}

gboolean
x_close (Fixture *f, GOutputStream *stream)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return g_output_stream_close (stream, f->cancellable, &f->error);

  g_output_stream_close_async (stream, G_PRIORITY_DEFAULT, f->cancellable, on_done, &result);
  wait_for (&result);
  return g_output_stream_close_finish (stream, result, &f->error);
}

gssize
x_splice (Fixture *f, GOutputStream *stream, GInputStream *source, GOutputStreamSpliceFlags flags)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return g_output_stream_splice (stream, source, flags, f->cancellable, &f->error);

  g_output_stream_splice_async (stream, source, flags, G_PRIORITY_DEFAULT, f->cancellable, on_done, &result);
  wait_for (&result);
  return g_output_stream_splice_finish (stream, result, &f->error);
}

gboolean
x_send (Fixture *f, SmtpMessage *message)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_client_send (f->client, message, f->cancellable, &f->error);

  smtp_client_send_async (f->client, message, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_client_send_finish (f->client, result, &f->error);
}

gboolean
x_send_mail (Fixture *f, const char *uri, SmtpAuth *auth, const char *sender, const char * const *recipients, const char *content)
{
  g_autoptr (GBytes) bytes = g_bytes_new (content, strlen (content));
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_no_error (f->error);
  if (!f->async)
    return smtp_send_mail (uri, auth, sender, recipients, bytes, f->cancellable, &f->error);

  smtp_send_mail_async (uri, auth, sender, recipients, bytes, f->cancellable, on_done, &result);
  wait_for (&result);
  return smtp_send_mail_finish (result, &f->error);
}
