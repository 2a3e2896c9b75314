/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Against Dovecot's submission service, which relays to the capture server
 * while the client waits: what arrives there is what was sent, once. */

#include "fixture.h"

#include <string.h>

#include "dovecot.h"
#include "files.h"

#define TIMEOUT_SECONDS 30
#define MAX_QUEUE       10

static Dovecot *dovecot;

/* ---- the relay ------------------------------------------------------------ */

/* Dovecot's configuration has one port, but each scenario a server of its own:
 * connections are handed to that of the running one. */
typedef struct
{
  GSocket        *socket;
  GCancellable   *cancellable;
  GThread        *thread;
  GMutex          lock;
  SmtpTestServer *server; /* NULL between scenarios */
} Relay;

static Relay relay;

static gpointer
hand_over (gpointer data)
{
  GSocket *accepted;

  while ((accepted = g_socket_accept (relay.socket, relay.cancellable, NULL)) != NULL)
    {
      g_autoptr (GSocketConnection) connection = g_socket_connection_factory_create_connection (accepted);

      g_object_unref (accepted);
      g_mutex_lock (&relay.lock);
      if (relay.server != NULL)
        smtp_test_server_accept_stream (relay.server, G_IO_STREAM (connection));
      g_mutex_unlock (&relay.lock);
    }

  return NULL;
}

static guint16
relay_start (GError **error)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;

  relay.socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  if (relay.socket == NULL || !g_socket_bind (relay.socket, address, FALSE, error) ||
      !g_socket_listen (relay.socket, error) ||
      (bound = g_socket_get_local_address (relay.socket, error)) == NULL)
    return 0;

  relay.cancellable = g_cancellable_new ();
  relay.thread = g_thread_new ("relay", hand_over, NULL);
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
}

static void
relay_stop (void)
{
  if (relay.thread != NULL)
    {
      g_cancellable_cancel (relay.cancellable);
      g_thread_join (relay.thread);
    }
  g_clear_object (&relay.cancellable);
  g_clear_object (&relay.socket);
}

static void
relay_to (SmtpTestServer *server)
{
  g_mutex_lock (&relay.lock);
  relay.server = server;
  g_mutex_unlock (&relay.lock);
}

/* ---- the client ----------------------------------------------------------- */

static void
open_dovecot (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_plain_auth_new (NULL, DOVECOT_USER, DOVECOT_PASSWORD, "127.0.0.1");

  g_assert_true (smtp_test_server_start (f->server, &f->error));
  g_assert_no_error (f->error);
  relay_to (f->server);
  f->client = smtp_client_new ("127.0.0.1", dovecot->port, SMTP_SECURITY_NONE);
  smtp_client_set_timeout (f->client, TIMEOUT_SECONDS);
  x_open (f);
  g_assert_no_error (f->error);
  x_authenticate (f, auth);
  g_assert_no_error (f->error);
}

static void
leave (Fixture *f)
{
  x_quit (f);
  g_assert_no_error (f->error);
  relay_to (NULL);
}

/* Dovecot puts a trace field in front. */
static const char *
skip_trace (const char *text)
{
  if (!g_str_has_prefix (text, "Received:"))
    return text;

  do
    text = strstr (text, "\r\n") + 2;
  while (*text == ' ' || *text == '\t');
  return text;
}

static char *
get_relayed (Fixture *f,
             guint    index)
{
  g_autoptr (SmtpTestMessage) message = smtp_test_server_get_message (f->server, index);
  g_autofree char *text = NULL;
  GBytes *bytes;
  gsize length;

  g_assert_nonnull (message);
  bytes = smtp_test_message_get_content (message);
  text = g_strndup (g_bytes_get_data (bytes, &length), g_bytes_get_size (bytes));
  return g_strdup (skip_trace (text));
}

static void
expect_relayed (Fixture    *f,
                guint       index,
                const char *content)
{
  g_autofree char *text = get_relayed (f, index);

  g_assert_cmpstr (text, ==, content);
}

static void
send_message (Fixture     *f,
              SmtpMessage *message,
              SmtpOutcome  outcome)
{
  gboolean arrives = outcome == SMTP_OUTCOME_ACCEPTED || outcome == SMTP_OUTCOME_PARTIAL;
  guint before = smtp_test_server_get_n_messages (f->server);

  g_assert_cmpint (x_send (f, message), ==, arrives);
  if (arrives)
    g_assert_no_error (f->error);
  g_assert_cmpint (smtp_message_get_outcome (message), ==, outcome);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, before + arrives);
  expect_state (f, SMTP_CLIENT_STATE_READY);
}

/* ---- scenarios ------------------------------------------------------------ */

static void
test_contents (Fixture *f)
{
  static const struct { const char *given, *relayed; } contents[] = {
    { CONTENT, CONTENT },
    { "Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n", "Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n" },
    { "Subject: end\r\n\r\nno end", "Subject: end\r\n\r\nno end\r\n" },
    { "Subject: lf\n\n.\nx\n", "Subject: lf\r\n\r\n.\r\nx\r\n" },
    { "Subject: eight\r\n\r\n\303\274\r\n", "Subject: eight\r\n\r\n\303\274\r\n" },
  };

  open_dovecot (f);
  for (guint i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autoptr (SmtpMessage) message = make_message (i == 0 ? 10 : 1, contents[i].given);

      send_message (f, message, SMTP_OUTCOME_ACCEPTED);
      expect_relayed (f, i, contents[i].relayed);
    }
  leave (f);
}

/* By DATA, as its line ends are not known before it is read. */
static void
test_stream (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (1, CONTENT);
  g_autoptr (GString) text = g_string_new ("Subject: long\r\n\r\n");
  g_autoptr (GInputStream) stream = NULL;

  while (text->len < 3 * 1024 * 1024)
    g_string_append (text, "A line of some length, and a dot:\r\n.\r\n");
  stream = g_memory_input_stream_new_from_data (text->str, (gssize) text->len, NULL);
  smtp_message_set_content_stream (message, stream, -1);
  open_dovecot (f);
  send_message (f, message, SMTP_OUTCOME_ACCEPTED);
  expect_relayed (f, 0, text->str);
  leave (f);
}

/* The relay refuses the first of three, and Dovecot passes that on. */
static void
check_refused (Fixture        *f,
               SmtpRecipients  policy)
{
  g_autoptr (SmtpMessage) message = make_message (3, CONTENT);
  g_autoptr (SmtpMessage) next = make_message (1, "Subject: next\r\n\r\n");
  g_autoptr (SmtpRecipient) first = g_list_model_get_item (smtp_message_get_recipients (message), 0);
  gboolean any = policy == SMTP_RECIPIENTS_ANY;

  smtp_message_set_recipient_policy (message, policy);
  smtp_test_server_script_reply_text (f->server, "RCPT", "550 5.1.1 no such user\r\n");
  open_dovecot (f);
  send_message (f, message, any ? SMTP_OUTCOME_PARTIAL : SMTP_OUTCOME_REJECTED);
  if (!any)
    expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "no such user");
  g_assert_false (smtp_recipient_get_accepted (first));
  send_message (f, next, SMTP_OUTCOME_ACCEPTED);
  expect_relayed (f, any, "Subject: next\r\n\r\n");
  leave (f);
}

static void
test_to_any (Fixture *f)
{
  check_refused (f, SMTP_RECIPIENTS_ANY);
}

static void
test_to_all (Fixture *f)
{
  check_refused (f, SMTP_RECIPIENTS_ALL);
}

static void
test_to_nobody (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (1, CONTENT);
  g_autoptr (SmtpMessage) next = make_message (1, CONTENT);

  smtp_test_server_script_reply_text (f->server, "RCPT", "550 5.1.1 no such user\r\n");
  open_dovecot (f);
  send_message (f, message, SMTP_OUTCOME_REJECTED);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "no such user");
  send_message (f, next, SMTP_OUTCOME_ACCEPTED);
  leave (f);
}

static void
test_content_refused (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (1, CONTENT);
  g_autoptr (SmtpMessage) next = make_message (1, CONTENT);

  smtp_test_server_script_reply_text (f->server, ".", "554 5.6.0 not that\r\n");
  open_dovecot (f);
  send_message (f, message, SMTP_OUTCOME_REJECTED);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "not that");
  send_message (f, next, SMTP_OUTCOME_ACCEPTED);
  leave (f);
}

/* ---- queues --------------------------------------------------------------- */

typedef struct
{
  SmtpMessage *messages[MAX_QUEUE];
  guint        left;
} Queue;

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Queue *queue = user_data;

  smtp_client_send_finish (SMTP_CLIENT (source), result, NULL);
  queue->left--;
}

static guint
count_relayed (Fixture    *f,
               const char *content)
{
  guint n = 0;

  for (guint i = 0; i < smtp_test_server_get_n_messages (f->server); i++)
    {
      g_autofree char *text = get_relayed (f, i);

      n += strcmp (text, content) == 0;
    }

  return n;
}

/* What the client says of each is what the relay has of it. */
static void
check_queue (Fixture *f,
             guint    least)
{
  Queue queue = { .left = MAX_QUEUE };
  guint accepted = 0;

  for (guint i = 0; i < MAX_QUEUE; i++)
    {
      g_autofree char *content = g_strdup_printf ("Subject: %u\r\n\r\n", i);

      queue.messages[i] = make_message (1, content);
      smtp_client_send_async (f->client, queue.messages[i], NULL, on_sent, &queue);
    }
  while (queue.left > 0)
    g_main_context_iteration (NULL, TRUE);

  for (guint i = 0; i < MAX_QUEUE; i++)
    {
      g_autofree char *content = g_strdup_printf ("Subject: %u\r\n\r\n", i);
      SmtpOutcome outcome = smtp_message_get_outcome (queue.messages[i]);
      guint relayed = count_relayed (f, content);

      accepted += outcome == SMTP_OUTCOME_ACCEPTED;
      if (outcome == SMTP_OUTCOME_ACCEPTED)
        g_assert_cmpuint (relayed, ==, 1);
      else if (outcome == SMTP_OUTCOME_UNKNOWN)
        g_assert_cmpuint (relayed, <=, 1);
      else
        g_assert_cmpuint (relayed, ==, 0);
      g_object_unref (queue.messages[i]);
    }
  g_assert_cmpuint (accepted, >=, least);
}

static void
test_queue (Fixture *f)
{
  open_dovecot (f);
  check_queue (f, MAX_QUEUE);
  leave (f);
}

/* RSET is what makes it sound to Dovecot, which aborts, with the message
 * relayed, when MAIL itself is behind the end of a content. */
static void
test_window (Fixture *f)
{
  open_dovecot (f);
  smtp_client_set_window (f->client, 4);
  check_queue (f, MAX_QUEUE);
  leave (f);
}

static void
test_pipeline (Fixture *f)
{
  open_dovecot (f);
  smtp_client_set_pipeline_messages (f->client, TRUE);
  check_queue (f, MAX_QUEUE);
  leave (f);
}

/* ---- running -------------------------------------------------------------- */

static int
run_scenarios (int    argc,
               char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_scenario ("/interop/dovecot/contents", test_contents);
  add_scenario ("/interop/dovecot/stream", test_stream);
  add_scenario ("/interop/dovecot/to-any", test_to_any);
  add_scenario ("/interop/dovecot/to-all", test_to_all);
  add_scenario ("/interop/dovecot/to-nobody", test_to_nobody);
  add_scenario ("/interop/dovecot/content-refused", test_content_refused);
  add_async_scenario ("/interop/dovecot/queue", test_queue, NULL);
  add_async_scenario ("/interop/dovecot/window", test_window, NULL);
  add_async_scenario ("/interop/dovecot/pipeline", test_pipeline, NULL);
  return g_test_run ();
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *missing = dovecot_missing ();
  g_autoptr (GError) error = NULL;
  guint16 port;
  int status = EXIT_FAILURE;

  if (missing != NULL)
    return report_instead (argc, argv, "/interop/dovecot", is_ci (), missing);

  port = relay_start (&error);
  dovecot = port != 0 ? dovecot_start (port, &error) : NULL;
  if (dovecot != NULL)
    {
      status = run_scenarios (argc, argv);
      if (status != 0)
        dovecot_print_log (dovecot);
      dovecot_stop (dovecot);
    }
  relay_stop ();

  return error == NULL ? status : report_instead (argc, argv, "/interop/dovecot", TRUE, error->message);
}
