/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gssapi-peer.h"

#include <string.h>

typedef enum
{
  STAGE_NONE,
  STAGE_TOKEN,   /* the client's is awaited */
  STAGE_LAYERS,  /* its empty answer is */
  STAGE_CHOICE,  /* its choice of a layer is */
  STAGE_OVER,
} Stage;

static void
say (GssapiPeer *self,
     const char *line)
{
  g_autofree char *terminated = g_strconcat (line, "\r\n", NULL);

  g_output_stream_write_all (self->out, terminated, strlen (terminated), NULL, NULL, NULL);
}

/* Takes the buffer. */
static void
say_challenge (GssapiPeer   *self,
               gss_buffer_t  buffer,
               gboolean      spoils)
{
  g_autofree char *encoded = NULL;
  g_autofree char *line = NULL;
  OM_uint32 minor;

  if (spoils)
    ((guint8 *) buffer->value)[buffer->length - 1] ^= 1;
  encoded = g_base64_encode (buffer->value, buffer->length);
  line = g_strconcat ("334 ", encoded, NULL);
  say (self, line);
  gss_release_buffer (&minor, buffer);
}

/* ---- the exchange --------------------------------------------------------------- */

static void
note_initiator (GssapiPeer *self,
                gss_name_t  name)
{
  gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
  OM_uint32 minor;

  if (gss_display_name (&minor, name, &text, NULL) == GSS_S_COMPLETE)
    self->initiator = g_strndup (text.value, text.length);
  gss_release_buffer (&minor, &text);
}

/* Whoever refuses a ticket may say why in a token, too. */
static void
take_token (GssapiPeer   *self,
            gss_buffer_t  token)
{
  gss_buffer_desc answer = GSS_C_EMPTY_BUFFER;
  gss_name_t initiator = GSS_C_NO_NAME;
  OM_uint32 major, minor, flags = 0, ignored;

  major = gss_accept_sec_context (&minor, &self->context, GSS_C_NO_CREDENTIAL, token,
                                  GSS_C_NO_CHANNEL_BINDINGS, &initiator, NULL, &answer, &flags, NULL, NULL);
  self->delegated = (flags & GSS_C_DELEG_FLAG) != 0;
  if (major == GSS_S_COMPLETE)
    note_initiator (self, initiator);
  gss_release_name (&ignored, &initiator);

  self->stage = STAGE_LAYERS;
  if (self->token != NULL)
    {
      say (self, self->token);
      gss_release_buffer (&ignored, &answer);
    }
  else if (answer.length > 0)
    say_challenge (self, &answer, self->spoils_token);
  else
    say (self, "535 5.7.8 no");
}

static void
offer_layers (GssapiPeer *self)
{
  gss_buffer_desc offer = { self->offer_length, (void *) self->offer };
  gss_buffer_desc wrapped = GSS_C_EMPTY_BUFFER;
  OM_uint32 minor;

  self->stage = STAGE_CHOICE;
  if (self->layers != NULL)
    {
      say (self, self->layers);
      return;
    }

  gss_wrap (&minor, self->context, self->encrypted, GSS_C_QOP_DEFAULT, &offer, NULL, &wrapped);
  say_challenge (self, &wrapped, self->spoils_offer);
}

static void
take_choice (GssapiPeer   *self,
             gss_buffer_t  wrapped)
{
  gss_buffer_desc choice = GSS_C_EMPTY_BUFFER;
  OM_uint32 minor;
  int encrypted = 0;

  self->stage = STAGE_OVER;
  if (gss_unwrap (&minor, self->context, wrapped, &choice, &encrypted, NULL) != GSS_S_COMPLETE)
    {
      say (self, "535 5.7.8 no");
      return;
    }

  self->choice = g_bytes_new (choice.value, choice.length);
  self->choice_encrypted = encrypted;
  gss_release_buffer (&minor, &choice);
  say (self, self->last != NULL ? self->last : "235 2.7.0 welcome");
}

static void
take_response (GssapiPeer *self,
               const char *line)
{
  gsize length = 0;
  g_autofree guchar *data = g_base64_decode (line, &length);
  gss_buffer_desc buffer = { length, data };

  switch ((Stage) self->stage)
    {
    case STAGE_TOKEN:
      take_token (self, &buffer);
      break;
    case STAGE_LAYERS:
      offer_layers (self);
      break;
    case STAGE_CHOICE:
      take_choice (self, &buffer);
      break;
    case STAGE_NONE:
    case STAGE_OVER:
    default:
      say (self, "500 5.5.1 what?");
    }
}

/* ---- the session ------------------------------------------------------------------ */

static void
take_line (GssapiPeer *self,
           const char *line)
{
  if (g_str_has_prefix (line, "EHLO"))
    say (self, "250-peer.example\r\n250 AUTH GSSAPI");
  else if (g_str_has_prefix (line, "AUTH GSSAPI"))
    {
      self->n_auths++;
      self->stage = STAGE_TOKEN;
      if (strlen (line) == strlen ("AUTH GSSAPI"))
        say (self, "334 ");
      else
        take_response (self, line + strlen ("AUTH GSSAPI "));
    }
  else if (g_str_equal (line, "*"))
    {
      self->n_aborts++;
      self->stage = STAGE_NONE;
      say (self, "501 5.7.0 as you like");
    }
  else if (g_str_equal (line, "QUIT"))
    say (self, "221 bye");
  else
    take_response (self, line);
}

static gpointer
serve (gpointer data)
{
  GssapiPeer *self = data;
  g_autoptr (GSocketConnection) connection = g_socket_listener_accept (self->listener, NULL, NULL, NULL);
  OM_uint32 minor;
  char *line;

  self->in = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  self->out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_data_input_stream_set_newline_type (self->in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  say (self, "220 peer.example");
  while ((line = g_data_input_stream_read_line (self->in, NULL, NULL, NULL)) != NULL)
    {
      take_line (self, line);
      g_free (line);
    }
  g_object_unref (self->in);
  gss_delete_sec_context (&minor, &self->context, GSS_C_NO_BUFFER);
  return NULL;
}

void
gssapi_peer_start (GssapiPeer *self)
{
  self->context = GSS_C_NO_CONTEXT;
  self->listener = g_socket_listener_new ();
  self->port = g_socket_listener_add_any_inet_port (self->listener, NULL, NULL);
  self->thread = g_thread_new ("peer", serve, self);
}

void
gssapi_peer_join (GssapiPeer *self)
{
  g_thread_join (self->thread);
  g_clear_object (&self->listener);
}

void
gssapi_peer_clear (GssapiPeer *self)
{
  g_free (self->initiator);
  g_clear_pointer (&self->choice, g_bytes_unref);
}
