/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "authority.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#define DAY (24 * 60 * 60)

struct _Authority
{
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t     certificate;
  char                 *pem;
};

static gboolean
check (int      result,
       GError **error)
{
  if (result >= 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Cannot make a certificate: %s", gnutls_strerror (result));
  return FALSE;
}

static void
clear_key (gnutls_x509_privkey_t *key)
{
  if (*key != NULL)
    gnutls_x509_privkey_deinit (*key);
}

static void
clear_certificate (gnutls_x509_crt_t *certificate)
{
  if (*certificate != NULL)
    gnutls_x509_crt_deinit (*certificate);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (gnutls_x509_privkey_t, clear_key)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (gnutls_x509_crt_t, clear_certificate)

static gboolean
make_key (gnutls_x509_privkey_t  *key,
          GError                **error)
{
  unsigned int bits = GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1);

  return check (gnutls_x509_privkey_init (key), error) &&
         check (gnutls_x509_privkey_generate (*key, GNUTLS_PK_ECDSA, bits, 0), error);
}

static gboolean
set_serial (gnutls_x509_crt_t   certificate,
            GError            **error)
{
  guint8 serial[16];

  if (!check (gnutls_rnd (GNUTLS_RND_NONCE, serial, sizeof serial), error))
    return FALSE;

  serial[0] = 0x40 | (serial[0] & 0x3f);
  return check (gnutls_x509_crt_set_serial (certificate, serial, sizeof serial), error);
}

/* What both kinds have. */
static gboolean
begin_certificate (gnutls_x509_crt_t      *certificate,
                   gnutls_x509_privkey_t   key,
                   const char             *common_name,
                   GError                **error)
{
  time_t now = g_get_real_time () / G_USEC_PER_SEC;

  return check (gnutls_x509_crt_init (certificate), error) &&
         check (gnutls_x509_crt_set_version (*certificate, 3), error) &&
         set_serial (*certificate, error) &&
         check (gnutls_x509_crt_set_activation_time (*certificate, now - DAY), error) &&
         check (gnutls_x509_crt_set_expiration_time (*certificate, now + 30 * DAY), error) &&
         check (gnutls_x509_crt_set_dn_by_oid (*certificate, GNUTLS_OID_X520_COMMON_NAME, 0,
                                               common_name, strlen (common_name)), error) &&
         check (gnutls_x509_crt_set_key (*certificate, key), error);
}

static gboolean
export_certificate (gnutls_x509_crt_t   certificate,
                    char              **pem,
                    GError            **error)
{
  gnutls_datum_t datum = { NULL, 0 };

  if (!check (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_PEM, &datum), error))
    return FALSE;

  *pem = g_strndup ((const char *) datum.data, datum.size);
  gnutls_free (datum.data);
  return TRUE;
}

/* PKCS #8, the form every TLS backend reads. */
static gboolean
export_key (gnutls_x509_privkey_t   key,
            char                  **pem,
            GError                **error)
{
  gnutls_datum_t datum = { NULL, 0 };

  if (!check (gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &datum), error))
    return FALSE;

  *pem = g_strndup ((const char *) datum.data, datum.size);
  gnutls_free (datum.data);
  return TRUE;
}

Authority *
authority_new (const char  *name,
               GError     **error)
{
  g_autoptr (Authority) self = g_new0 (Authority, 1);

  if (make_key (&self->key, error) &&
      begin_certificate (&self->certificate, self->key, name, error) &&
      check (gnutls_x509_crt_set_basic_constraints (self->certificate, 1, -1), error) &&
      check (gnutls_x509_crt_set_key_usage (self->certificate, GNUTLS_KEY_KEY_CERT_SIGN), error) &&
      check (gnutls_x509_crt_sign2 (self->certificate, self->certificate, self->key, GNUTLS_DIG_SHA256, 0), error) &&
      export_certificate (self->certificate, &self->pem, error))
    return g_steal_pointer (&self);

  return NULL;
}

void
authority_free (Authority *self)
{
  clear_certificate (&self->certificate);
  clear_key (&self->key);
  g_free (self->pem);
  g_free (self);
}

const char *
authority_get_pem (Authority *self)
{
  return self->pem;
}

GTlsCertificate *
authority_issue (Authority   *self,
                 const char  *common_name,
                 GError     **error)
{
  g_auto (gnutls_x509_privkey_t) key = NULL;
  g_auto (gnutls_x509_crt_t) certificate = NULL;
  g_autofree char *certificate_pem = NULL;
  g_autofree char *key_pem = NULL;
  g_autofree char *both = NULL;

  if (!make_key (&key, error) ||
      !begin_certificate (&certificate, key, common_name, error) ||
      !check (gnutls_x509_crt_set_basic_constraints (certificate, 0, -1), error) ||
      !check (gnutls_x509_crt_set_key_usage (certificate, GNUTLS_KEY_DIGITAL_SIGNATURE), error) ||
      !check (gnutls_x509_crt_set_key_purpose_oid (certificate, GNUTLS_KP_TLS_WWW_CLIENT, 0), error) ||
      !check (gnutls_x509_crt_sign2 (certificate, self->certificate, self->key, GNUTLS_DIG_SHA256, 0), error) ||
      !export_certificate (certificate, &certificate_pem, error) ||
      !export_key (key, &key_pem, error))
    return NULL;

  both = g_strconcat (certificate_pem, key_pem, NULL);
  return g_tls_certificate_new_from_pem (both, -1, error);
}
