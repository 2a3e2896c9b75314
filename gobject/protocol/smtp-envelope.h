/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_ENVELOPE_H
#define SMTP_ENVELOPE_H

#include <glib.h>

#include "smtp-capability-set.h"
#include "smtp-content.h"
#include "smtp-enums.h"

G_BEGIN_DECLS

/* A reply that is kept. Code 0: none has come. */
typedef struct
{
  guint code;
  char  enhanced[12];
  char *text;
} SmtpAnswer;

typedef struct
{
  char         *address;
  SmtpDsnNotify notify;
  char         *original;      /* ORCPT: an address, or "type;address" */
  gint64        valid_since;   /* RRVS: seconds since 1970, 0 for none */
  GPtrArray    *params;        /* of KEYWORD[=VALUE], NULL for none */

  /* what became of it */
  SmtpAnswer    answer;
  gboolean      accepted;
} SmtpRecipientData;

/* Who a message is from and for, and what is asked of the server with it. */
typedef struct
{
  char          *sender;
  GPtrArray     *recipients;   /* of SmtpRecipientData */
  SmtpRecipients policy;
  SmtpBody       body;
  SmtpDsnReturn  dsn_return;
  char          *envelope_id;
  char          *auth_sender;  /* AUTH=, "" for <> */
  SmtpDeliverBy  deliver_by;
  int            deliver_within;
  gboolean       deliver_trace;
  int            priority;
  guint          hold_for;
  gint64         hold_until;   /* seconds since 1970, 0 for none */
  gboolean       require_tls;
  gboolean       allow_8bit;
  gboolean       allow_long_lines;
  GPtrArray     *params;       /* of KEYWORD[=VALUE], NULL for none */
} SmtpEnvelope;

/* What is known of the content before it is sent. */
typedef struct
{
  SmtpContentFacts facts;      /* of all of it, or of its head */
  gboolean         whole;      /* all of it was looked at */
  gboolean         canonical;  /* the caller says that it leaves as it is … */
  gint64           size;       /* … and how long it is, or -1 */
} SmtpContentOutline;

/* To whom it goes. */
typedef struct
{
  const char              *name;
  const SmtpCapabilitySet *capabilities;
  gboolean                 tls_verified;
  guint                    n_messages;   /* begun on this connection */
} SmtpServerFacts;

/* How a message is sent: decided before the first octet is. */
typedef struct
{
  gboolean    pipelining;
  gboolean    bdat;
  gboolean    early_content;   /* DATA, or BDAT and content, go before the replies to RCPT */
  gboolean    utf8;
  const char *body;            /* of BODY=, NULL for none */
  gint64      size;            /* of SIZE= and BDAT, -1 for none */
  gboolean    announce_size;
  gboolean    forbid_8bit;     /* for what is not known yet */
  gboolean    forbid_long_lines;
} SmtpPlan;

gboolean smtp_plan_make            (const SmtpEnvelope       *envelope,
                                    const SmtpContentOutline *outline,
                                    const SmtpServerFacts    *server,
                                    SmtpPlan                 *plan,
                                    GError                  **error);
void     smtp_envelope_append_mail (const SmtpEnvelope       *envelope,
                                    const SmtpPlan           *plan,
                                    GString                  *line);
void     smtp_envelope_append_rcpt (const SmtpRecipientData  *recipient,
                                    const SmtpPlan           *plan,
                                    GString                  *line);
gboolean smtp_fail_unsupported     (const char               *server_name,
                                    const char               *extension,
                                    const char               *what,
                                    GError                  **error);
void     smtp_answer_clear         (SmtpAnswer               *answer);

G_END_DECLS

#endif
