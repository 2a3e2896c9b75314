/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-gssapi-context.h"

#include <glib/gi18n-lib.h>
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#include <smtp-glib/smtp.h>
#include <string.h>

#include "smtp-text.h"

struct _SmtpGssapiContext
{
  char          *service;
  char          *host;
  char          *username;  /* NULL for whoever has a ticket */
  gboolean       began;
  gss_name_t     target;
  gss_cred_id_t  credentials;
  gss_ctx_id_t   context;
  gboolean       complete;
};

/*< private >
 * @username: (nullable): the principal whose ticket to use; NULL for the
 *   default one
 */
SmtpGssapiContext *
smtp_gssapi_context_new (const char *service,
                         const char *host,
                         const char *username)
{
  SmtpGssapiContext *self = g_new0 (SmtpGssapiContext, 1);

  self->service = g_strdup (service);
  self->host = g_strdup (host);
  self->username = g_strdup (username);
  self->target = GSS_C_NO_NAME;
  self->credentials = GSS_C_NO_CREDENTIAL;
  self->context = GSS_C_NO_CONTEXT;
  return self;
}

void
smtp_gssapi_context_free (SmtpGssapiContext *self)
{
  OM_uint32 minor;

  gss_delete_sec_context (&minor, &self->context, GSS_C_NO_BUFFER);
  gss_release_cred (&minor, &self->credentials);
  gss_release_name (&minor, &self->target);
  g_free (self->service);
  g_free (self->host);
  g_free (self->username);
  g_free (self);
}

gboolean
smtp_gssapi_context_is_complete (SmtpGssapiContext *self)
{
  return self->complete;
}

/* ---- what went wrong --------------------------------------------------------- */

/* What a KDC said may be among it: it is made fit for display as what a server
 * says is. */
static char *
clean (gss_buffer_t message)
{
  GString *text = g_string_new (NULL);

  smtp_text_append_clean (text, message->value, message->length);
  return g_string_free (text, FALSE);
}

static void
append_status (GString   *text,
               OM_uint32  status,
               int        type)
{
  OM_uint32 more = 0;

  do
    {
      gss_buffer_desc message = GSS_C_EMPTY_BUFFER;
      g_autofree char *part = NULL;
      OM_uint32 minor;

      if (GSS_ERROR (gss_display_status (&minor, status, type, (gss_OID) gss_mech_krb5, &more, &message)))
        return;

      part = clean (&message);
      gss_release_buffer (&minor, &message);
      /* "Success" is what there is to say of a minor status that is none. */
      if (strstr (text->str, part) == NULL && !g_str_equal (part, g_strerror (0)))
        g_string_append_printf (text, "%s%s", text->len > 0 ? "; " : "", part);
    }
  while (more != 0);
}

static gboolean
fail (GError          **error,
      SmtpClientError   code,
      OM_uint32         major,
      OM_uint32         minor)
{
  g_autoptr (GString) text = g_string_new (NULL);

  append_status (text, major, GSS_C_GSS_CODE);
  if (minor != 0)
    append_status (text, minor, GSS_C_MECH_CODE);
  g_set_error (error, SMTP_CLIENT_ERROR, code, _("Kerberos: %s"), text->str);
  return FALSE;
}

static gboolean
refuse (GError     **error,
        const char  *what)
{
  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL, _("The server's GSSAPI message is wrong: %s"), what);
  return FALSE;
}

/* ---- the names and the ticket ------------------------------------------------- */

static gboolean
import_name (const char  *text,
             gss_OID      type,
             gss_name_t  *name,
             GError     **error)
{
  gss_buffer_desc buffer = { strlen (text), (void *) text };
  OM_uint32 minor;
  OM_uint32 major = gss_import_name (&minor, &buffer, type, name);

  return !GSS_ERROR (major) || fail (error, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, major, minor);
}

/* A principal that is none is found out here. */
static SmtpClientError
get_acquire_code (OM_uint32 major)
{
  return GSS_ROUTINE_ERROR (major) == GSS_S_BAD_NAME ? SMTP_CLIENT_ERROR_INVALID_ARGUMENT
                                                     : SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE;
}

static gboolean
acquire (SmtpGssapiContext  *self,
         GError            **error)
{
  gss_OID_set_desc mechanisms = { 1, (gss_OID) gss_mech_krb5 };
  gss_name_t name = GSS_C_NO_NAME;
  OM_uint32 major, minor, ignored;

  if (self->username == NULL)
    return TRUE;

  if (!import_name (self->username, GSS_C_NT_USER_NAME, &name, error))
    return FALSE;

  major = gss_acquire_cred (&minor, name, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE,
                            &self->credentials, NULL, NULL);
  if (GSS_ERROR (major))
    fail (error, get_acquire_code (major), major, minor);
  gss_release_name (&ignored, &name);
  return !GSS_ERROR (major);
}

static gboolean
begin (SmtpGssapiContext  *self,
       GError            **error)
{
  g_autofree char *target = g_strconcat (self->service, "@", self->host, NULL);

  if (self->began)
    return TRUE;

  self->began = TRUE;
  return import_name (target, GSS_C_NT_HOSTBASED_SERVICE, &self->target, error) && acquire (self, error);
}

/* ---- the context ----------------------------------------------------------------- */

/* A message of no octets may have memory all the same, which MIT Kerberos (1.20)
 * releases only where there is a length. */
static GBytes *
take_buffer (gss_buffer_t buffer)
{
  GBytes *bytes = g_bytes_new (buffer->value, buffer->length);
  OM_uint32 minor;

  if (buffer->value != NULL && buffer->length == 0)
    buffer->length = 1;
  gss_release_buffer (&minor, buffer);
  return bytes;
}

/* The first call fails for want of a ticket, of a server or of a KDC, which is
 * our own side; a later one for what the server sent. */
static gboolean
check_step (SmtpGssapiContext  *self,
            gboolean            first,
            OM_uint32           major,
            OM_uint32           minor,
            OM_uint32           flags,
            GError            **error)
{
  if (GSS_ERROR (major))
    return fail (error, first ? SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE : SMTP_CLIENT_ERROR_PROTOCOL, major, minor);

  self->complete = major == GSS_S_COMPLETE;
  if (self->complete && !(flags & GSS_C_MUTUAL_FLAG))
    return refuse (error, _("it has not proved who it is"));

  return TRUE;
}

/*< private >
 * Goes one step on with the context. The first step asks the KDC, unless there
 * is a ticket for the server already: it takes as long as that takes.
 *
 * @input: (nullable): the server's token; NULL for the first step
 * @output: (out): the answer, which may be empty
 */
gboolean
smtp_gssapi_context_step (SmtpGssapiContext  *self,
                          GBytes             *input,
                          GBytes            **output,
                          GError            **error)
{
  gss_buffer_desc in = GSS_C_EMPTY_BUFFER, out = GSS_C_EMPTY_BUFFER;
  OM_uint32 major, minor, flags = 0, ignored;

  if (!begin (self, error))
    return FALSE;

  if (input != NULL)
    in.value = (void *) g_bytes_get_data (input, &in.length);
  major = gss_init_sec_context (&minor, self->credentials, &self->context, self->target,
                                (gss_OID) gss_mech_krb5, GSS_C_MUTUAL_FLAG | GSS_C_INTEG_FLAG, 0,
                                GSS_C_NO_CHANNEL_BINDINGS, &in, NULL, &out, &flags, NULL);
  if (!check_step (self, input == NULL, major, minor, flags, error))
    {
      gss_release_buffer (&ignored, &out);
      return FALSE;
    }

  *output = take_buffer (&out);
  return TRUE;
}

/* ---- the security layer -------------------------------------------------------------- */

#define LAYER_NONE 0x01
#define LAYER_OCTETS 4

/* RFC 4752 §3.1: the layers that the server has, and how much it takes at once.
 * That has to be 0 where there is no layer; but Dovecot (2.3) says 16 MiB then,
 * and it means nothing to who takes no layer. */
static gboolean
read_offer (SmtpGssapiContext  *self,
            GBytes             *offer,
            guint8             *layers,
            GError            **error)
{
  gss_buffer_desc in, out = GSS_C_EMPTY_BUFFER;
  OM_uint32 major, minor;
  g_autoptr (GBytes) plain = NULL;

  in.value = (void *) g_bytes_get_data (offer, &in.length);
  major = gss_unwrap (&minor, self->context, &in, &out, NULL, NULL);
  if (GSS_ERROR (major))
    return fail (error, SMTP_CLIENT_ERROR_PROTOCOL, major, minor);

  plain = take_buffer (&out);
  if (g_bytes_get_size (plain) != LAYER_OCTETS)
    return refuse (error, _("its offer of security layers has another length"));

  *layers = *(const guint8 *) g_bytes_get_data (plain, NULL);
  return TRUE;
}

/*< private >
 * Answers the server's offer of security layers: none, and whom to act as.
 *
 * @identity: "" for the one that belongs to the ticket
 */
GBytes *
smtp_gssapi_context_choose_layer (SmtpGssapiContext  *self,
                                  GBytes             *offer,
                                  const char         *identity,
                                  GError            **error)
{
  g_autofree char *plain = g_strconcat ("\001___", identity, NULL);
  gss_buffer_desc in = { LAYER_OCTETS + strlen (identity), plain }, out = GSS_C_EMPTY_BUFFER;
  OM_uint32 major, minor;
  guint8 layers = 0;

  if (!read_offer (self, offer, &layers, error))
    return NULL;

  if (!(layers & LAYER_NONE))
    {
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                           _("The server demands a security layer of GSSAPI, which TLS has taken the place of"));
      return NULL;
    }

  /* Without a layer, nothing is ever wrapped: the size is zero. */
  memset (plain + 1, 0, LAYER_OCTETS - 1);
  major = gss_wrap (&minor, self->context, FALSE, GSS_C_QOP_DEFAULT, &in, NULL, &out);
  if (!GSS_ERROR (major))
    return take_buffer (&out);

  fail (error, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, major, minor);
  return NULL;
}
