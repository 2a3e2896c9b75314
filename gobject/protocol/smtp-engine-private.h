/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_ENGINE_PRIVATE_H
#define SMTP_ENGINE_PRIVATE_H

#include "smtp-content.h"
#include "smtp-engine.h"
#include "smtp-mask.h"
#include "smtp-output.h"
#include "smtp-transaction.h"

G_BEGIN_DECLS

/* How it works
 *
 * A command is checked, encoded into the output and entered into the ring of
 * expected replies, all by smtp_engine_submit() with the command's row of the
 * table in smtp-commands.c. A reply belongs to the oldest entry; the row says
 * what it means, which may be another command (a STARTTLS after EHLO). An
 * operation is over when output and ring are empty.
 *
 * Invariants
 *
 *  - A reply counts only when the last octet of its command was handed to the
 *    stream (queued position <= written). One that comes earlier, or that
 *    nobody waits for, is not an answer: the connection breaks. That alone
 *    keeps injected or duplicated replies from being taken for others.
 *  - While content is sent, the ring is empty until the dot is queued, so an
 *    early reply is seen as such by the same rule.
 *  - op_error is the first thing that went wrong in the running operation,
 *    failure the first thing that ended the connection. Neither is replaced.
 *  - A message as a whole (SmtpTransaction) speaks through the same ring and is
 *    told of its replies; it keeps its own error, as several may be under way.
 *  - Once the dot is written, only a reply may say what became of the message;
 *    every other end is OUTCOME_UNKNOWN. See smtp_engine_fail().
 *  - The state changes in set_state() and nowhere else.
 */

/* As many replies as are awaited at once: a round trip for each so many
 * recipients. */
#define SMTP_MAX_PENDING 512

typedef struct
{
  SmtpCommand      command;
  guint            index;       /* of the recipient */
  SmtpTransaction *transaction; /* whose command it is, or NULL */
  guint64          position;    /* of the octet behind the command, from the first ever queued */
} SmtpPending;

typedef enum
{
  SMTP_AUTH_NONE,
  SMTP_AUTH_AWAITING,   /* a line is on its way, its reply is awaited */
  SMTP_AUTH_CHALLENGED, /* the mechanism is to answer */
  SMTP_AUTH_CONFIRMING, /* 235 has come: the mechanism has the last word */
  SMTP_AUTH_REFUSED,    /* so has the refusal: does the mechanism begin anew? */
} SmtpAuthStage;

struct _SmtpEngine
{
  char             *server_name;
  SmtpClientState   state;

  /* output */
  SmtpOutput        out;
  guint64           queued;        /* octets ever put into out … */
  guint64           written;       /* … and ever taken from it */
  gsize             hold;          /* this many may wait for more content */

  /* expected replies */
  SmtpPending       pending[SMTP_MAX_PENDING];
  guint             first_pending;
  guint             n_pending;
  SmtpClientState   assumed;       /* the state once all pending replies are positive */
  SmtpReplyParser   parser;
  guint             n_replies;
  guint             progress;      /* goes on whenever a deadline starts anew */

  /* the running operation */
  GError           *op_error;
  guint             n_transactions;
  guint             room_limit;     /* of them; 0: nobody waits for room */
  gboolean          op_over;       /* what comes now is not about it any more */
  gboolean          opening;       /* it is open: EHLO leads to STARTTLS */
  gboolean          want_tls;
  gboolean          leaving;       /* the connection closes once the output is written */

  /* the session */
  SmtpSecurity      security;
  gboolean          tls;
  gboolean          used;          /* a command other than EHLO or STARTTLS was sent */
  gboolean          authenticated;
  gboolean          stay_open;     /* after a refused AUTH */
  char             *local_name;
  gboolean          renewing;      /* the EHLO under way is the one after AUTH */
  gboolean          greeting;      /* the EHLO under way is the first, or the first over TLS */
  SmtpCapabilitySet *capabilities;
  GError           *failure;

  /* AUTH */
  SmtpAuthStage     auth_stage;
  guint             auth_rounds;
  GBytes           *withheld;      /* an initial response too long for the AUTH line, or empty */
  char             *challenge_text; /* of the last 334, in base64 */
  GBytes           *challenge;
  SmtpMask          mask;

  /* the transaction */
  gboolean          utf8;          /* MAIL had SMTPUTF8 */
  gboolean          new_utf8;      /* the MAIL that is under way has it */
  SmtpContent       content;
  guint64           content_octets;
  gboolean          content_ended; /* the dot is queued */

  /* messages as a whole, in their order */
  SmtpTransaction  *transactions;
  SmtpTransaction  *last_transaction;
  guint             n_messages;    /* begun on this connection */
  GString          *line;          /* that is being made */

  GPtrArray        *log;           /* of SmtpLogLine; NULL when nobody listens */
};

/* smtp-engine.c, for the table */
void     smtp_engine_set_state     (SmtpEngine      *self,
                                    SmtpClientState  state);
void     smtp_engine_queue         (SmtpEngine      *self,
                                    SmtpCommand      command,
                                    const char      *line,
                                    const char      *log);
void     smtp_engine_expect        (SmtpEngine      *self,
                                    SmtpCommand      command);
void     smtp_engine_own_last      (SmtpEngine      *self,
                                    SmtpTransaction *transaction,
                                    guint            index);
SmtpPending *smtp_engine_get_pending (SmtpEngine    *self,
                                    guint            i);
void     smtp_engine_append_line   (SmtpEngine      *self,
                                    const char      *line,
                                    const char      *log);
void     smtp_engine_log_content   (SmtpEngine      *self,
                                    guint64          octets,
                                    gboolean         dot);
void     smtp_engine_append        (SmtpEngine      *self,
                                    gconstpointer    bytes,
                                    gsize            length);
void     smtp_engine_log           (SmtpEngine      *self,
                                    SmtpDirection    direction,
                                    char            *text);
void     smtp_engine_set_error     (SmtpEngine      *self,
                                    GError          *error);
void     smtp_engine_break         (SmtpEngine      *self,
                                    GError          *cause);
char    *smtp_engine_quote_reply   (SmtpEngine      *self);
void     smtp_engine_set_capabilities (SmtpEngine   *self,
                                    const char      *ehlo_text);
void     smtp_engine_want_tls      (SmtpEngine      *self);
void     smtp_engine_leave         (SmtpEngine      *self);

/* smtp-commands.c */
gboolean smtp_command_is_barrier   (SmtpCommand      command);
guint    smtp_command_max_lines    (SmtpCommand      command);
SmtpPhase smtp_command_phase       (SmtpCommand      command);
void     smtp_command_respond      (SmtpEngine      *self,
                                    SmtpCommand      command);
GError  *smtp_command_refusal      (SmtpEngine      *self,
                                    SmtpCommand      command);
void     smtp_command_greet        (SmtpEngine      *self);
void     smtp_command_renew_greeting (SmtpEngine    *self);
void     smtp_command_break_unexpected (SmtpEngine  *self);

gboolean smtp_command_allowed      (SmtpEngine      *self,
                                    SmtpCommand      command,
                                    GError         **error);

/* smtp-transaction.c */
void     smtp_engine_advance_transactions (SmtpEngine *self);
SmtpTransaction *smtp_engine_get_uploading (SmtpEngine *self);
gsize    smtp_engine_get_withheld  (SmtpEngine      *self);
void     smtp_engine_end_transaction (SmtpEngine    *self,
                                    SmtpTransaction *transaction);
void     smtp_engine_lose_transactions (SmtpEngine  *self,
                                    const GError    *cause,
                                    gboolean         verdict);
void     smtp_transaction_respond  (SmtpEngine      *self,
                                    SmtpTransaction *transaction,
                                    SmtpCommand      command,
                                    guint            index);
void     smtp_transaction_refuse   (SmtpEngine      *self,
                                    SmtpTransaction *transaction);

/* smtp-engine-auth.c */
void     smtp_engine_rsp_auth      (SmtpEngine      *self);
void     smtp_engine_rsp_abort     (SmtpEngine      *self);
void     smtp_engine_end_auth      (SmtpEngine      *self);

G_END_DECLS

#endif
