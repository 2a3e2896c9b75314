/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_ENGINE_H
#define SMTP_ENGINE_H

#include <glib.h>

#include "smtp-capability-set.h"
#include "smtp-enums.h"
#include "smtp-output.h"
#include "smtp-reply-parser.h"

G_BEGIN_DECLS

/* The protocol without a connection.
 *
 * A caller begins an operation (smtp_engine_open(), smtp_engine_submit(), …),
 * then asks smtp_engine_next() what to do and does it, until it says IDLE,
 * BODY or FAILED. Whatever arrives is fed in, in pieces of any size and at any
 * time; nothing is read or written from here, and nobody is called back.
 *
 * Arguments are checked before anything is queued: an operation that returns
 * FALSE has left no trace.
 */
typedef struct _SmtpEngine SmtpEngine;

/* A message as a whole: smtp-transaction.h. */
typedef struct _SmtpTransaction SmtpTransaction;

typedef enum
{
  SMTP_ENGINE_IDLE,   /* the operation is over: smtp_engine_finish() */
  SMTP_ENGINE_WRITE,  /* send smtp_engine_get_output(), say smtp_engine_wrote() */
  SMTP_ENGINE_READ,   /* smtp_engine_feed() or smtp_engine_feed_eof() */
  SMTP_ENGINE_BODY,   /* smtp_engine_body() or smtp_engine_end_body(), or content for
                       * smtp_engine_get_hungry() */
  SMTP_ENGINE_ROOM,   /* a transaction may follow: smtp_engine_await_room() */
  SMTP_ENGINE_TLS,    /* handshake, then smtp_engine_tls_done() */
  SMTP_ENGINE_AUTH,   /* smtp_engine_get_challenge(), then answer it */
  SMTP_ENGINE_FAILED, /* the connection is of no more use: smtp_engine_finish() */
} SmtpEngineWant;

typedef enum
{
  SMTP_COMMAND_GREETING, /* no command: what the server says first */
  SMTP_COMMAND_EHLO,
  SMTP_COMMAND_HELO,
  SMTP_COMMAND_STARTTLS,
  SMTP_COMMAND_AUTH,
  SMTP_COMMAND_RESPONSE, /* a line within AUTH */
  SMTP_COMMAND_ABORT,    /* the "*" that ends AUTH */
  SMTP_COMMAND_MAIL,
  SMTP_COMMAND_RCPT,
  SMTP_COMMAND_DATA,
  SMTP_COMMAND_CONTENT,  /* the dot */
  SMTP_COMMAND_BDAT,     /* and its content */
  SMTP_COMMAND_RSET,
  SMTP_COMMAND_NOOP,
  SMTP_COMMAND_VRFY,
  SMTP_COMMAND_EXPN,
  SMTP_COMMAND_HELP,
  SMTP_COMMAND_QUIT,
  SMTP_COMMAND_OTHER,    /* a line of the caller's own */
  SMTP_N_COMMANDS
} SmtpCommand;

/* Time-outs in fifths of the one for an ordinary reply: RFC 5321 §4.5.3.2
 * gives an ordinary reply 5 minutes, the reply to DATA 2, a block of content
 * 3 and the verdict 10. Nothing depends on the reply to QUIT, which is given
 * a moment. */
typedef enum
{
  SMTP_PHASE_FAREWELL = 0,
  SMTP_PHASE_DATA = 2,
  SMTP_PHASE_BLOCK = 3,
  SMTP_PHASE_ORDINARY = 5,
  SMTP_PHASE_VERDICT = 10,
} SmtpPhase;

/* One line of the conversation, fit for display, secrets masked. */
typedef struct
{
  SmtpDirection direction;
  char         *text;
} SmtpLogLine;

SmtpEngine          *smtp_engine_new               (const char            *server_name);
void                 smtp_engine_free              (SmtpEngine            *self);
void                 smtp_engine_set_log           (SmtpEngine            *self,
                                                    gboolean               log);
gboolean             smtp_engine_has_log           (SmtpEngine            *self);
GPtrArray           *smtp_engine_take_log          (SmtpEngine            *self);
void                 smtp_engine_set_stay_open     (SmtpEngine            *self,
                                                    gboolean               stay_open);
void                 smtp_engine_set_tls           (SmtpEngine            *self);
void                 smtp_engine_set_opening       (SmtpEngine            *self);

/* Operations */
void                 smtp_engine_begin             (SmtpEngine            *self);
gboolean             smtp_engine_open              (SmtpEngine            *self,
                                                    SmtpSecurity           security,
                                                    const char            *local_name,
                                                    GError               **error);
gboolean             smtp_engine_submit            (SmtpEngine            *self,
                                                    SmtpCommand            command,
                                                    const char            *argument,
                                                    const char * const    *params,
                                                    GError               **error);
gboolean             smtp_engine_check_auth        (SmtpEngine            *self,
                                                    const char            *mechanism,
                                                    GError               **error);
gboolean             smtp_engine_auth              (SmtpEngine            *self,
                                                    const char            *mechanism,
                                                    GBytes                *initial_response,
                                                    GError               **error);
void                 smtp_engine_auth_respond      (SmtpEngine            *self,
                                                    GBytes                *response);
void                 smtp_engine_auth_confirm      (SmtpEngine            *self);
void                 smtp_engine_auth_abort        (SmtpEngine            *self,
                                                    GError                *cause);
const GError        *smtp_engine_get_auth_refusal  (SmtpEngine            *self);
void                 smtp_engine_auth_retry        (SmtpEngine            *self);
void                 smtp_engine_auth_give_up      (SmtpEngine            *self);
void                 smtp_engine_auth_refuse       (SmtpEngine            *self,
                                                    GError                *cause);
gsize                smtp_engine_body              (SmtpEngine            *self,
                                                    const char            *bytes,
                                                    gsize                  length);
void                 smtp_engine_flush_body        (SmtpEngine            *self);
void                 smtp_engine_end_body          (SmtpEngine            *self);

/* The step function and its answers */
SmtpEngineWant       smtp_engine_next              (SmtpEngine            *self);
const guint8        *smtp_engine_get_output        (SmtpEngine            *self,
                                                    gsize                 *length);
SmtpTransaction     *smtp_engine_get_hungry        (SmtpEngine            *self);
guint                smtp_engine_get_spans         (SmtpEngine            *self,
                                                    SmtpSpan              *spans,
                                                    guint                  max);
void                 smtp_engine_wrote             (SmtpEngine            *self,
                                                    gsize                  n);
void                 smtp_engine_feed              (SmtpEngine            *self,
                                                    const char            *bytes,
                                                    gsize                  length);
gboolean             smtp_engine_feed_eof          (SmtpEngine            *self);
void                 smtp_engine_tls_done          (SmtpEngine            *self);
GBytes              *smtp_engine_get_challenge     (SmtpEngine            *self,
                                                    gboolean              *more);
void                 smtp_engine_fail              (SmtpEngine            *self,
                                                    GError                *cause);
void                 smtp_engine_close             (SmtpEngine            *self);
gboolean             smtp_engine_finish            (SmtpEngine            *self,
                                                    GError               **error);

/* What is known */
SmtpClientState      smtp_engine_get_state         (SmtpEngine            *self);
gboolean             smtp_engine_is_authenticated  (SmtpEngine            *self);
SmtpCapabilitySet   *smtp_engine_get_capabilities  (SmtpEngine            *self);
const SmtpReplyData *smtp_engine_get_reply         (SmtpEngine            *self);
guint                smtp_engine_get_n_messages    (SmtpEngine            *self);
guint                smtp_engine_get_reply_count   (SmtpEngine            *self);
gboolean             smtp_engine_is_uploading      (SmtpEngine            *self);
gboolean             smtp_engine_has_transactions  (SmtpEngine            *self);
SmtpPhase            smtp_engine_get_phase         (SmtpEngine            *self);
guint                smtp_engine_get_progress      (SmtpEngine            *self);
const GError        *smtp_engine_get_failure       (SmtpEngine            *self);
gboolean             smtp_engine_check_usable      (SmtpEngine            *self,
                                                    GError               **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpEngine, smtp_engine_free)

G_END_DECLS

#endif
