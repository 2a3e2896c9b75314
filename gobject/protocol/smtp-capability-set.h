/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_CAPABILITY_SET_H
#define SMTP_CAPABILITY_SET_H

#include <glib.h>

G_BEGIN_DECLS

/* Extensions that are asked for with each message: a bit each. */
typedef enum
{
  SMTP_EXTENSION_PIPELINING,
  SMTP_EXTENSION_SIZE,
  SMTP_EXTENSION_8BITMIME,
  SMTP_EXTENSION_CHUNKING,
  SMTP_EXTENSION_BINARYMIME,
  SMTP_EXTENSION_SMTPUTF8,
  SMTP_EXTENSION_DSN,
  SMTP_EXTENSION_AUTH,
  SMTP_EXTENSION_DELIVERBY,
  SMTP_EXTENSION_MT_PRIORITY,
  SMTP_EXTENSION_FUTURERELEASE,
  SMTP_EXTENSION_REQUIRETLS,
  SMTP_EXTENSION_LIMITS,
  SMTP_EXTENSION_RRVS,
  SMTP_N_EXTENSIONS
} SmtpExtension;

typedef struct
{
  char *keyword; /* upper case */
  char *params;  /* as the server wrote them; "" when there are none */
} SmtpCapability;

/* What a reply to EHLO offers, in its order. Never changed once made; the
 * public SmtpCapabilities is this same structure. */
struct _SmtpCapabilities
{
  gatomicrefcount ref_count;
  GArray         *list; /* of SmtpCapability */
  guint           bits; /* of SmtpExtension */
};

typedef struct _SmtpCapabilities SmtpCapabilitySet;

SmtpCapabilitySet    *smtp_capability_set_new    (const char              *ehlo_text);
SmtpCapabilitySet    *smtp_capability_set_ref    (SmtpCapabilitySet       *self);
void                  smtp_capability_set_unref  (SmtpCapabilitySet       *self);
const SmtpCapability *smtp_capability_set_lookup (const SmtpCapabilitySet *self,
                                                  const char              *keyword);
const char           *smtp_extension_get_keyword (SmtpExtension            extension);
guint64               smtp_capability_set_get_number (const SmtpCapabilitySet *self,
                                                  SmtpExtension            extension,
                                                  const char              *name);
gboolean              smtp_capability_set_offers (const SmtpCapabilitySet *self,
                                                  const char              *keyword,
                                                  const char              *param);

static inline gboolean
smtp_capability_set_has (const SmtpCapabilitySet *self,
                         SmtpExtension            extension)
{
  return (self->bits >> extension) & 1;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpCapabilitySet, smtp_capability_set_unref)

G_END_DECLS

#endif
