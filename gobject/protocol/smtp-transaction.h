/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_TRANSACTION_H
#define SMTP_TRANSACTION_H

#include "smtp-engine.h"
#include "smtp-envelope.h"

G_BEGIN_DECLS

/* A message on its way through the engine: MAIL, RCPT and the content, in as
 * few writes as may be (RFC 5321 §3.3, RFC 2920, RFC 3030).
 *
 * The fields are the transaction's own, but for what its user fills in before
 * smtp_engine_begin_transaction() and takes out when it is over. */
typedef enum
{
  SMTP_TRANSACTION_MAIL,    /* MAIL is to be sent */
  SMTP_TRANSACTION_RCPT,    /* … and recipients */
  SMTP_TRANSACTION_COMMAND, /* … and DATA or BDAT */
  SMTP_TRANSACTION_GO,      /* 354 is awaited */
  SMTP_TRANSACTION_CONTENT, /* the content is sent */
  SMTP_TRANSACTION_VERDICT, /* all was queued */
  SMTP_TRANSACTION_FAILED,  /* replies are outstanding, then RSET */
  SMTP_TRANSACTION_RESET,   /* RSET is queued */
  SMTP_TRANSACTION_OVER,
} SmtpTransactionStage;

struct _SmtpTransaction
{
  /* filled in by the user */
  const SmtpEnvelope   *envelope;
  SmtpPlan              plan;
  gboolean              clean;     /* the content at hand is all, and leaves as it is */

  /* content at hand, the user's own */
  const char           *bytes;
  gsize                 length;
  gboolean              last;      /* nothing follows it */

  SmtpTransaction      *next;      /* begun behind this one */
  SmtpTransactionStage  stage;
  guint                 asked;     /* recipients sent … */
  guint                 answered;  /* … answered … */
  guint                 accepted;  /* … and accepted */
  gboolean              reset;     /* RSET goes before MAIL */
  gboolean              in_mail;   /* MAIL was accepted */
  gboolean              hopeless;  /* it must not be delivered any more */
  SmtpContent           content;
  guint64               start;     /* of the content, in the octets ever queued; 0 before */
  guint64               end;       /* behind it; 0 before */

  /* what became of it */
  guint64               sent;      /* octets of content that were written */
  SmtpOutcome           outcome;
  SmtpAnswer            answer;    /* the verdict, or what came in its place */
  GError               *error;     /* NULL: accepted, at least for some */
};

gboolean smtp_engine_check_transaction  (SmtpEngine      *self,
                                         gboolean         behind,
                                         GError         **error);
void     smtp_engine_await_room         (SmtpEngine      *self,
                                         guint            limit);
void     smtp_engine_begin_transaction  (SmtpEngine      *self,
                                         SmtpTransaction *transaction);
gboolean smtp_transaction_is_sent       (SmtpTransaction *transaction);
gboolean smtp_transaction_wants_content (SmtpTransaction *transaction);
void     smtp_transaction_give_content  (SmtpTransaction *transaction,
                                         const char      *bytes,
                                         gsize            length,
                                         gboolean         last);
void     smtp_transaction_clear         (SmtpTransaction *transaction);

G_END_DECLS

#endif
