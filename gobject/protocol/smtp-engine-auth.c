/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* AUTH (RFC 4954). The engine carries challenges and responses; what they
 * mean is the mechanism's business, which the caller asks between two steps. */

#include "smtp-engine-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-argument.h"
#include "smtp-base64.h"
#include "smtp-error.h"

/* RFC 5321 §4.5.3.1.4, with CRLF: several servers take no longer AUTH line,
 * whatever RFC 4954 says, but take a response on a line of its own. */
#define MAX_COMMAND_LINE 512

/* No mechanism has as many turns: the server would have us go on for ever. */
#define MAX_ROUNDS 64

/*< private >
 * Whether AUTH, and with a mechanism's name that mechanism, may begin.
 */
gboolean
smtp_engine_check_auth (SmtpEngine *self,
                        const char *mechanism,
                        GError    **error)
{
  if (!smtp_command_allowed (self, SMTP_COMMAND_AUTH, error))
    return FALSE;

  if (self->authenticated)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE,
                 _("The connection to %s is authenticated already"), self->server_name);
  else if (smtp_capability_set_lookup (self->capabilities, "AUTH") == NULL)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                 _("%s offers no authentication"), self->server_name);
  else if (mechanism == NULL)
    return TRUE;
  else if (!smtp_check_mechanism (mechanism, error))
    return FALSE;
  else if (!smtp_capability_set_offers (self->capabilities, "AUTH", mechanism))
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                 _("%s does not offer the authentication mechanism %s, but %s"),
                 self->server_name, mechanism,
                 smtp_capability_set_lookup (self->capabilities, "AUTH")->params);
  else
    return TRUE;

  return FALSE;
}

/* The caller wipes it. */
static char *
encode (SmtpEngine *self,
        GBytes     *bytes)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  char *encoded = smtp_base64_encode (data, length);

  smtp_mask_add (&self->mask, encoded, data, length);
  return encoded;
}

static void
send_auth_line (SmtpEngine *self,
                const char *mechanism,
                const char *encoded)
{
  g_autofree char *log = g_strdup_printf ("AUTH %s%s", mechanism, encoded != NULL ? " " SMTP_MASKED : "");

  smtp_engine_append (self, "AUTH ", strlen ("AUTH "));
  smtp_engine_append (self, mechanism, strlen (mechanism));
  if (encoded != NULL)
    smtp_engine_append (self, " ", 1);
  smtp_engine_queue (self, SMTP_COMMAND_AUTH, encoded != NULL ? encoded : "", log);
}

/* RFC 4954 §4 has "=" for an empty one, which Postfix with Cyrus SASL takes for
 * wrong credentials. */
static gboolean
fits_auth_line (const char *mechanism,
                const char *encoded)
{
  return *encoded != '\0' &&
         strlen ("AUTH ") + strlen (mechanism) + 1 + strlen (encoded) + 2 <= MAX_COMMAND_LINE;
}

/*< private >
 * Begins an exchange. An initial response that is too long for the AUTH line,
 * or empty, goes behind the first 334.
 */
gboolean
smtp_engine_auth (SmtpEngine *self,
                  const char *mechanism,
                  GBytes     *initial_response,
                  GError    **error)
{
  char *encoded = NULL;

  if (!smtp_engine_check_auth (self, mechanism, error))
    return FALSE;

  self->used = TRUE;
  self->op_over = FALSE;
  self->auth_rounds = 0;
  self->auth_stage = SMTP_AUTH_AWAITING;
  if (initial_response != NULL)
    encoded = encode (self, initial_response);

  if (encoded != NULL && !fits_auth_line (mechanism, encoded))
    {
      self->withheld = g_bytes_ref (initial_response);
      send_auth_line (self, mechanism, NULL);
    }
  else
    send_auth_line (self, mechanism, encoded);

  smtp_wipe_free (encoded);
  return TRUE;
}

/*< private >
 * The mechanism's answer to a challenge.
 */
void
smtp_engine_auth_respond (SmtpEngine *self,
                          GBytes     *response)
{
  char *encoded;

  g_return_if_fail (self->auth_stage == SMTP_AUTH_CHALLENGED);

  encoded = encode (self, response);
  self->auth_stage = SMTP_AUTH_AWAITING;
  g_clear_pointer (&self->challenge, g_bytes_unref);
  smtp_engine_queue (self, SMTP_COMMAND_RESPONSE, encoded, SMTP_MASKED);
  smtp_wipe_free (encoded);
}

/*< private >
 * The mechanism is content with the server's success. Some servers offer more
 * to those they know.
 */
void
smtp_engine_auth_confirm (SmtpEngine *self)
{
  g_return_if_fail (self->auth_stage == SMTP_AUTH_CONFIRMING);

  self->authenticated = TRUE;
  smtp_engine_end_auth (self);
  smtp_command_renew_greeting (self);
}

/*< private >
 * What the exchange failed for: the server's refusal, or what made the
 * mechanism abort it. NULL when it has not.
 */
const GError *
smtp_engine_get_auth_refusal (SmtpEngine *self)
{
  return self->auth_stage == SMTP_AUTH_REFUSED ? self->op_error : NULL;
}

/*< private >
 * The mechanism begins anew after a refusal.
 */
void
smtp_engine_auth_retry (SmtpEngine *self)
{
  g_return_if_fail (self->auth_stage == SMTP_AUTH_REFUSED);

  g_clear_error (&self->op_error);
  smtp_engine_end_auth (self);
}

/*< private >
 * The refusal is final. A refused client takes its leave without waiting for
 * the answer, unless it may try again.
 */
void
smtp_engine_auth_give_up (SmtpEngine *self)
{
  g_return_if_fail (self->auth_stage == SMTP_AUTH_REFUSED);

  smtp_engine_end_auth (self);
  if (!self->stay_open)
    smtp_engine_leave (self);
}

/*< private >
 * The mechanism cannot go on. Takes the cause. After the server's success it
 * means that the server is not the one it claims to be: the connection ends.
 */
void
smtp_engine_auth_abort (SmtpEngine *self,
                        GError     *cause)
{
  g_return_if_fail (self->auth_stage != SMTP_AUTH_NONE);

  if (self->auth_stage == SMTP_AUTH_CONFIRMING)
    {
      smtp_engine_break (self, cause);
      return;
    }

  smtp_engine_set_error (self, cause);
  self->auth_stage = SMTP_AUTH_AWAITING;
  smtp_engine_queue (self, SMTP_COMMAND_ABORT, "*", NULL);
}

/*< private >
 * The mechanism does not begin. Takes the cause. Without authentication the
 * connection is not used further, unless another may be tried on it.
 */
void
smtp_engine_auth_refuse (SmtpEngine *self,
                         GError     *cause)
{
  self->op_over = FALSE;
  smtp_engine_set_error (self, cause);
  if (!self->stay_open && smtp_engine_check_usable (self, NULL))
    smtp_engine_leave (self);
}

GBytes *
smtp_engine_get_challenge (SmtpEngine *self,
                           gboolean   *more)
{
  *more = self->auth_stage == SMTP_AUTH_CHALLENGED;
  return self->challenge;
}

void
smtp_engine_end_auth (SmtpEngine *self)
{
  self->auth_stage = SMTP_AUTH_NONE;
  g_clear_pointer (&self->withheld, g_bytes_unref);
  g_clear_pointer (&self->challenge, g_bytes_unref);
  g_clear_pointer (&self->challenge_text, smtp_wipe_free);
}

static void
end_refused (SmtpEngine *self)
{
  smtp_engine_end_auth (self);
  self->auth_stage = SMTP_AUTH_REFUSED;
}

static void
abort_protocol (SmtpEngine *self,
                const char *what)
{
  smtp_engine_auth_abort (self, g_error_new (SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                                             "%s: %s", self->server_name, what));
}

static void
take_challenge (SmtpEngine *self)
{
  gsize length;
  guint8 *bytes;

  g_strchomp (self->challenge_text);
  bytes = smtp_base64_decode (self->challenge_text, strlen (self->challenge_text), &length);
  if (self->withheld != NULL)
    {
      g_autoptr (GBytes) response = g_steal_pointer (&self->withheld);

      g_free (bytes);
      self->auth_stage = SMTP_AUTH_CHALLENGED;
      smtp_engine_auth_respond (self, response);
    }
  else if (bytes == NULL)
    abort_protocol (self, _("a challenge that is not base64"));
  else if (self->auth_rounds++ >= MAX_ROUNDS)
    {
      g_free (bytes);
      abort_protocol (self, _("the authentication does not come to an end"));
    }
  else
    {
      g_clear_pointer (&self->challenge, g_bytes_unref);
      self->challenge = g_bytes_new_take (bytes, length);
      self->auth_stage = SMTP_AUTH_CHALLENGED;
    }
}

void
smtp_engine_rsp_auth (SmtpEngine *self)
{
  const SmtpReplyData *reply = &self->parser.reply;

  if (reply->code == 334)
    take_challenge (self);
  else if (reply->code / 100 == 2)
    {
      g_clear_pointer (&self->challenge, g_bytes_unref);
      self->challenge = g_bytes_new (reply->text->str, reply->text->len);
      self->auth_stage = SMTP_AUTH_CONFIRMING;
    }
  else if (reply->code >= 400)
    {
      smtp_engine_set_error (self, smtp_command_refusal (self, SMTP_COMMAND_AUTH));
      end_refused (self);
    }
  else
    smtp_command_break_unexpected (self);
}

/* RFC 4954 §4 has the server answer 501. One that goes on with the exchange,
 * or calls it a success, is not to be spoken to any longer. */
void
smtp_engine_rsp_abort (SmtpEngine *self)
{
  if (self->parser.reply.code >= 400)
    end_refused (self);
  else
    smtp_command_break_unexpected (self);
}
