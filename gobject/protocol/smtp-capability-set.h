/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_CAPABILITY_SET_H
#define SMTP_CAPABILITY_SET_H

#include <glib.h>

G_BEGIN_DECLS

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
};

typedef struct _SmtpCapabilities SmtpCapabilitySet;

SmtpCapabilitySet    *smtp_capability_set_new    (const char              *ehlo_text);
SmtpCapabilitySet    *smtp_capability_set_ref    (SmtpCapabilitySet       *self);
void                  smtp_capability_set_unref  (SmtpCapabilitySet       *self);
const SmtpCapability *smtp_capability_set_lookup (const SmtpCapabilitySet *self,
                                                  const char              *keyword);
gboolean              smtp_capability_set_offers (const SmtpCapabilitySet *self,
                                                  const char              *keyword,
                                                  const char              *param);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpCapabilitySet, smtp_capability_set_unref)

G_END_DECLS

#endif
