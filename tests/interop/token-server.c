/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "token-server.h"

#include <string.h>

#define TIMEOUT_SECONDS 10

struct _TokenServer
{
  GMainContext   *context;
  GMainLoop      *loop;
  GThread        *thread;
  GSocketService *service;
  guint16         port;

  GMutex          lock;     /* for what follows */
  GHashTable     *owners;   /* of the tokens */
  gboolean        broken;
  guint           n_requests;
};

/* ---- an answer ---------------------------------------------------------------- */

static char *
make_answer (TokenServer *self,
             const char  *token)
{
  const char *owner;
  char *answer;

  g_mutex_lock (&self->lock);
  self->n_requests++;
  owner = g_hash_table_lookup (self->owners, token);
  if (self->broken)
    answer = NULL;
  else if (owner == NULL)
    answer = g_strdup ("{\"active\":false}");
  else
    answer = g_strdup_printf ("{\"active\":true,\"username\":\"%s\",\"scope\":\"mail\"}", owner);
  g_mutex_unlock (&self->lock);

  return answer;
}

/* Up to the empty line; there is no body. */
static char *
read_token (GInputStream *input)
{
  static const char field[] = "Authorization: Bearer ";
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (input);
  char *token = g_strdup ("");
  char *line;

  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (lines), FALSE);
  g_data_input_stream_set_newline_type (lines, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  while ((line = g_data_input_stream_read_line (lines, NULL, NULL, NULL)) != NULL && *line != '\0')
    {
      if (g_ascii_strncasecmp (line, field, strlen (field)) == 0)
        {
          g_free (token);
          token = g_strdup (line + strlen (field));
        }
      g_free (line);
    }

  g_free (line);
  return token;
}

static gboolean
on_incoming (GSocketService    *service,
             GSocketConnection *connection,
             GObject           *source,
             gpointer           user_data)
{
  TokenServer *self = user_data;
  GIOStream *stream = G_IO_STREAM (connection);
  g_autofree char *token = NULL;
  g_autofree char *answer = NULL;
  g_autoptr (GString) response = g_string_new (NULL);

  g_socket_set_timeout (g_socket_connection_get_socket (connection), TIMEOUT_SECONDS);
  token = read_token (g_io_stream_get_input_stream (stream));
  answer = make_answer (self, token);
  g_string_printf (response, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nConnection: close\r\n"
                             "Content-Length: %zu\r\n\r\n%s",
                   answer != NULL ? "200 OK" : "503 Service Unavailable",
                   answer != NULL ? strlen (answer) : 0, answer != NULL ? answer : "");
  g_output_stream_write_all (g_io_stream_get_output_stream (stream), response->str, response->len, NULL, NULL, NULL);
  g_io_stream_close (stream, NULL, NULL);
  return TRUE;
}

/* ---- the thread ----------------------------------------------------------------- */

static gpointer
run_server (gpointer data)
{
  TokenServer *self = data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static gboolean
listen_in_context (TokenServer  *self,
                   GError      **error)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;

  if (!g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), address, G_SOCKET_TYPE_STREAM,
                                      G_SOCKET_PROTOCOL_TCP, NULL, &bound, error))
    return FALSE;

  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return TRUE;
}

TokenServer *
token_server_new (GError **error)
{
  g_autoptr (TokenServer) self = g_new0 (TokenServer, 1);
  gboolean listens;

  g_mutex_init (&self->lock);
  self->owners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);

  g_main_context_push_thread_default (self->context);
  self->service = g_socket_service_new ();
  g_signal_connect (self->service, "incoming", G_CALLBACK (on_incoming), self);
  listens = listen_in_context (self, error);
  g_main_context_pop_thread_default (self->context);
  if (!listens)
    return NULL;

  self->thread = g_thread_new ("token-server", run_server, self);
  return g_steal_pointer (&self);
}

static gboolean
quit_loop (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

/* Not before the loop has begun. */
static void
stop_thread (TokenServer *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, quit_loop, self->loop, NULL);
  g_source_set_static_name (source, "[smtp-glib] token-server");
  g_source_attach (source, self->context);
  g_thread_join (self->thread);
}

void
token_server_free (TokenServer *self)
{
  if (self->thread != NULL)
    stop_thread (self);
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_object_unref (self->service);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_hash_table_unref (self->owners);
  g_mutex_clear (&self->lock);
  g_free (self);
}

guint16
token_server_get_port (TokenServer *self)
{
  return self->port;
}

/* ---- what it knows ---------------------------------------------------------------- */

void
token_server_set_owner (TokenServer *self,
                        const char  *token,
                        const char  *username)
{
  g_mutex_lock (&self->lock);
  if (username != NULL)
    g_hash_table_insert (self->owners, g_strdup (token), g_strdup (username));
  else
    g_hash_table_remove (self->owners, token);
  g_mutex_unlock (&self->lock);
}

void
token_server_set_broken (TokenServer *self,
                         gboolean     broken)
{
  g_mutex_lock (&self->lock);
  self->broken = broken;
  g_mutex_unlock (&self->lock);
}

guint
token_server_count (TokenServer *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->n_requests;
  g_mutex_unlock (&self->lock);
  return n;
}
