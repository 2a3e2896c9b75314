/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-cram-md5-auth.h"

#include <glib/gi18n-lib.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "smtp-error.h"
#include "smtp-secret.h"
#include "smtp-secret-memory.h"

/**
 * SmtpCramMd5Auth:
 *
 * The `CRAM-MD5` mechanism (RFC 2195): proves that the secret is known without
 * sending it.
 *
 * It is old: who listens can try passwords against what was said, and the
 * server proves nothing. Over TLS it does no harm.
 *
 * Since: 1.0
 */

struct _SmtpCramMd5Auth
{
  SmtpAuth  parent_instance;

  char     *username;
  char     *secret;
  gboolean  answered;
};

enum
{
  PROP_0,
  PROP_USERNAME,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (SmtpCramMd5Auth, smtp_cram_md5_auth, SMTP_TYPE_AUTH)

static gboolean
smtp_cram_md5_auth_start (SmtpAuth        *auth,
                          SmtpServerInfo  *server,
                          char           **mechanism,
                          GBytes         **initial_response,
                          GError         **error)
{
  SmtpCramMd5Auth *self = SMTP_CRAM_MD5_AUTH (auth);

  if (self->secret == NULL)
    {
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
                           _("CRAM-MD5 has no secret: create it with its constructor"));
      return FALSE;
    }

  self->answered = FALSE;
  *mechanism = g_strdup ("CRAM-MD5");
  return TRUE;
}

#define MD5_OCTETS 16

static void
append_hex (char         *out,
            const guint8 *octets,
            gsize         length)
{
  static const char digits[] = "0123456789abcdef";

  for (gsize i = 0; i < length; i++)
    {
      *out++ = digits[octets[i] >> 4];
      *out++ = digits[octets[i] & 0xf];
    }
}

/* RFC 2195 §2: username SP lower-case hexadecimal of HMAC-MD5 (secret, challenge) */
static GBytes *
make_response (SmtpCramMd5Auth *self,
               GBytes          *challenge,
               GError         **error)
{
  gsize start = strlen (self->username) + 1;
  guint8 digest[MD5_OCTETS];
  gsize length;
  const void *data = g_bytes_get_data (challenge, &length);
  char *response;
  int result = gnutls_hmac_fast (GNUTLS_MAC_MD5, self->secret, strlen (self->secret), data, length, digest);

  if (result < 0)
    {
      g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                   _("CRAM-MD5 cannot be used on this system: %s"), gnutls_strerror (result));
      return NULL;
    }

  response = smtp_secret_alloc (start + 2 * MD5_OCTETS);
  memcpy (response, self->username, start - 1);
  response[start - 1] = ' ';
  append_hex (response + start, digest, MD5_OCTETS);
  explicit_bzero (digest, sizeof digest);
  return g_bytes_new_with_free_func (response, start + 2 * MD5_OCTETS, smtp_secret_free, response);
}

static gboolean
smtp_cram_md5_auth_next (SmtpAuth  *auth,
                         GBytes    *challenge,
                         gboolean   more,
                         GBytes   **response,
                         GError   **error)
{
  SmtpCramMd5Auth *self = SMTP_CRAM_MD5_AUTH (auth);

  if (!more)
    return TRUE;

  if (self->answered)
    {
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                           _("The server sent a second challenge, CRAM-MD5 has one"));
      return FALSE;
    }

  self->answered = TRUE;
  *response = make_response (self, challenge, error);
  return *response != NULL;
}

static void
smtp_cram_md5_auth_finalize (GObject *object)
{
  SmtpCramMd5Auth *self = SMTP_CRAM_MD5_AUTH (object);

  g_free (self->username);
  smtp_secret_free (self->secret);
  G_OBJECT_CLASS (smtp_cram_md5_auth_parent_class)->finalize (object);
}

static void
smtp_cram_md5_auth_get_property (GObject    *object,
                              guint       id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  SmtpCramMd5Auth *self = SMTP_CRAM_MD5_AUTH (object);

  switch (id)
    {
    case PROP_USERNAME:
      g_value_set_string (value, self->username);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static char *
dup_or_empty (const GValue *value)
{
  const char *text = g_value_get_string (value);

  return g_strdup (text != NULL ? text : "");
}

static void
smtp_cram_md5_auth_set_property (GObject      *object,
                              guint         id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  SmtpCramMd5Auth *self = SMTP_CRAM_MD5_AUTH (object);

  switch (id)
    {
    case PROP_USERNAME:
      self->username = dup_or_empty (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_cram_md5_auth_class_init (SmtpCramMd5AuthClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  SmtpAuthClass *auth_class = SMTP_AUTH_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = smtp_cram_md5_auth_finalize;
  object_class->get_property = smtp_cram_md5_auth_get_property;
  object_class->set_property = smtp_cram_md5_auth_set_property;
  auth_class->start = smtp_cram_md5_auth_start;
  auth_class->next = smtp_cram_md5_auth_next;

  /**
   * SmtpCramMd5Auth:username:
   *
   * Whose password it is.
   *
   * Since: 1.0
   */
  properties[PROP_USERNAME] = g_param_spec_string ("username", NULL, NULL, NULL, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
smtp_cram_md5_auth_init (SmtpCramMd5Auth *self)
{
}

/**
 * smtp_cram_md5_auth_new:
 * @username: whose secret it is
 * @secret: the secret, usually a password. It is copied, and the copy wiped in
 *   the end.
 *
 * Creates the `CRAM-MD5` mechanism.
 *
 * Returns: (transfer full): a new mechanism
 *
 * Since: 1.0
 */
SmtpAuth *
smtp_cram_md5_auth_new (const char *username,
                        const char *secret)
{
  SmtpCramMd5Auth *self;

  g_return_val_if_fail (username != NULL, NULL);
  g_return_val_if_fail (secret != NULL, NULL);

  self = g_object_new (SMTP_TYPE_CRAM_MD5_AUTH, "username", username, NULL);
  self->secret = smtp_secret_strdup (secret);
  return SMTP_AUTH (self);
}
