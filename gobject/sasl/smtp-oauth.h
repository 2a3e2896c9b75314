/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_OAUTH_H
#define SMTP_OAUTH_H

#include "smtp-auth.h"
#include "smtp-mask.h"
#include "smtp-oauth-failure.h"

G_BEGIN_DECLS

/* What XOAUTH2 and OAUTHBEARER share: nearly everything. */

typedef struct
{
  const char *name;

  /* What stands in front of the token, up to the first 0x01.
   * @host: (nullable): the server, where its name can be sent */
  char     *(*make_head) (const char *user,
                          const char *host);

  /* What a client says when the server has told why it refuses the token. */
  const char *farewell;
} SmtpOauthMechanism;

/* An abstract class that nobody else sees. It has no class struct of its own:
 * the mechanisms' are declared as if they came from SmtpAuth. */
typedef struct
{
  SmtpAuth                  parent_instance;

  const SmtpOauthMechanism *mechanism;   /* set once, by the mechanism's init */

  /* the exchange */
  gboolean                  challenged;
  SmtpMask                  mask;        /* what was sent */
  SmtpOauthFailure         *failure;     /* NULL for none */

  /* the authentication, which may be two exchanges */
  gboolean                  retrying;    /* the next preparation belongs to the same */
  gboolean                  refreshed;   /* a new token was asked for */
} SmtpOauth;

typedef SmtpAuthClass SmtpOauthClass;

#define SMTP_TYPE_OAUTH (smtp_oauth_get_type ())

GType             smtp_oauth_get_type         (void);
void              smtp_oauth_install_failure  (gpointer   klass,
                                               GParamSpec *pspec);
SmtpOauthFailure *smtp_oauth_get_failure      (SmtpAuth  *auth);

G_END_DECLS

#endif
