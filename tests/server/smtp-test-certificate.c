/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Makes a certificate on the spot, so that no key lies in the tree and none
 * ever expires there. It is its own authority: CA:TRUE makes every TLS library
 * accept it as a trust anchor, not only those that take a bare leaf. */

#include "smtp-test-certificate.h"

#include <gnutls/gnutls.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>

#define DAY (24 * 60 * 60)

typedef struct
{
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t crt;
} Pair;

static void
pair_clear (Pair *pair)
{
  if (pair->crt != NULL)
    gnutls_x509_crt_deinit (pair->crt);
  if (pair->key != NULL)
    gnutls_x509_privkey_deinit (pair->key);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pair, pair_clear)

static int
pair_generate (Pair *pair)
{
  unsigned int bits = GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1);
  int rc;

  if ((rc = gnutls_x509_privkey_init (&pair->key)) < 0 ||
      (rc = gnutls_x509_crt_init (&pair->crt)) < 0)
    return rc;

  return gnutls_x509_privkey_generate (pair->key, GNUTLS_PK_ECDSA, bits, 0);
}

static int
crt_add_name (gnutls_x509_crt_t  crt,
              const char        *name)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (name);

  if (address == NULL)
    return gnutls_x509_crt_set_subject_alt_name (crt, GNUTLS_SAN_DNSNAME, name, strlen (name),
                                                 GNUTLS_FSAN_APPEND);

  return gnutls_x509_crt_set_subject_alt_name (crt, GNUTLS_SAN_IPADDRESS,
                                               g_inet_address_to_bytes (address),
                                               g_inet_address_get_native_size (address),
                                               GNUTLS_FSAN_APPEND);
}

static int
crt_set_names (gnutls_x509_crt_t   crt,
               char              **names)
{
  const char *common_name = names[0] != NULL ? names[0] : "test.example";
  int rc;

  rc = gnutls_x509_crt_set_dn_by_oid (crt, GNUTLS_OID_X520_COMMON_NAME, 0,
                                      common_name, strlen (common_name));
  for (gsize i = 0; rc >= 0 && names[i] != NULL; i++)
    rc = crt_add_name (crt, names[i]);

  return rc;
}

static int
crt_set_times (gnutls_x509_crt_t crt,
               gboolean          expired)
{
  time_t now = g_get_real_time () / G_USEC_PER_SEC;
  int rc;

  /* A day of slack: the clock of a test machine may be adjusted meanwhile. */
  if ((rc = gnutls_x509_crt_set_activation_time (crt, now - 3 * DAY)) < 0)
    return rc;

  return gnutls_x509_crt_set_expiration_time (crt, expired ? now - DAY : now + 30 * DAY);
}

static int
crt_set_serial (gnutls_x509_crt_t crt)
{
  guint8 serial[16];
  int rc;

  /* Two servers with one issuer name must not share a serial number. */
  if ((rc = gnutls_rnd (GNUTLS_RND_NONCE, serial, sizeof serial)) < 0)
    return rc;
  serial[0] = 0x40 | (serial[0] & 0x3f);

  return gnutls_x509_crt_set_serial (crt, serial, sizeof serial);
}

static int
crt_set_usage (gnutls_x509_crt_t     crt,
               gnutls_x509_privkey_t key)
{
  guint8 id[64];
  size_t length = sizeof id;
  int rc;

  if ((rc = gnutls_x509_crt_set_basic_constraints (crt, 1, -1)) < 0 ||
      (rc = gnutls_x509_crt_set_key_usage (crt, GNUTLS_KEY_DIGITAL_SIGNATURE |
                                                GNUTLS_KEY_KEY_CERT_SIGN)) < 0 ||
      (rc = gnutls_x509_crt_set_key_purpose_oid (crt, GNUTLS_KP_TLS_WWW_SERVER, 0)) < 0 ||
      (rc = gnutls_x509_privkey_get_key_id (key, GNUTLS_KEYID_USE_SHA1, id, &length)) < 0)
    return rc;

  return gnutls_x509_crt_set_subject_key_id (crt, id, length);
}

static int
pair_fill (Pair      *pair,
           char     **names,
           gboolean   expired)
{
  int rc;

  if ((rc = gnutls_x509_crt_set_version (pair->crt, 3)) < 0 ||
      (rc = crt_set_serial (pair->crt)) < 0 ||
      (rc = crt_set_times (pair->crt, expired)) < 0 ||
      (rc = crt_set_names (pair->crt, names)) < 0 ||
      (rc = gnutls_x509_crt_set_key (pair->crt, pair->key)) < 0 ||
      (rc = crt_set_usage (pair->crt, pair->key)) < 0)
    return rc;

  return gnutls_x509_crt_sign2 (pair->crt, pair->crt, pair->key, GNUTLS_DIG_SHA256, 0);
}

static char *
take_datum (gnutls_datum_t *datum)
{
  char *text = g_strndup ((const char *) datum->data, datum->size);

  gnutls_free (datum->data);

  return text;
}

static int
pair_export (Pair  *pair,
             char **certificate_pem,
             char **key_pem)
{
  gnutls_datum_t datum = { NULL, 0 };
  int rc;

  if ((rc = gnutls_x509_crt_export2 (pair->crt, GNUTLS_X509_FMT_PEM, &datum)) < 0)
    return rc;
  *certificate_pem = take_datum (&datum);

  /* PKCS #8, the form every TLS backend reads. */
  if ((rc = gnutls_x509_privkey_export2_pkcs8 (pair->key, GNUTLS_X509_FMT_PEM, NULL,
                                               GNUTLS_PKCS_PLAIN, &datum)) < 0)
    return rc;
  *key_pem = take_datum (&datum);

  return 0;
}

static gboolean
identity_load (SmtpTestIdentity  *self,
               GError           **error)
{
  g_autofree char *both = g_strconcat (self->certificate_pem, self->key_pem, NULL);

  self->certificate = g_tls_certificate_new_from_pem (both, -1, error);

  return self->certificate != NULL;
}

SmtpTestIdentity *
smtp_test_identity_new (char     **names,
                        gboolean   expired,
                        GError   **error)
{
  g_autoptr (SmtpTestIdentity) self = g_new0 (SmtpTestIdentity, 1);
  g_auto (Pair) pair = { NULL, NULL };
  int rc;

  g_atomic_ref_count_init (&self->ref_count);
  if ((rc = pair_generate (&pair)) < 0 ||
      (rc = pair_fill (&pair, names, expired)) < 0 ||
      (rc = pair_export (&pair, &self->certificate_pem, &self->key_pem)) < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                   "Cannot make a certificate: %s", gnutls_strerror (rc));
      return NULL;
    }

  return identity_load (self, error) ? g_steal_pointer (&self) : NULL;
}

SmtpTestIdentity *
smtp_test_identity_ref (SmtpTestIdentity *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
smtp_test_identity_unref (SmtpTestIdentity *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_free (self->certificate_pem);
  g_free (self->key_pem);
  g_clear_object (&self->certificate);
  g_free (self);
}
