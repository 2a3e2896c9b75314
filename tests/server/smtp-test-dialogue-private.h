/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-test-auth.h"
#include "smtp-test-content.h"
#include "smtp-test-dialogue.h"

G_BEGIN_DECLS

typedef enum
{
  PHASE_COMMAND,
  PHASE_AUTH,      /* the next line belongs to an AUTH exchange */
  PHASE_DATA,      /* behind 354, until the final dot */
  PHASE_CHUNK,     /* in the octets of a BDAT */
  PHASE_GARBAGE    /* instead of a TLS handshake */
} Phase;

/* The transaction begins with an accepted MAIL (sender is set then) and ends
 * with RSET, EHLO, HELO, LHLO, TLS, or the verdict on the content. */
struct _SmtpTestDialogue
{
  SmtpTestConfig *config;
  SmtpTestScript *script;
  SmtpTestRecord *record;

  Phase phase;
  gboolean refused;          /* the greeting was no welcome */
  gboolean silent;           /* never answers again */
  gboolean tls;
  gboolean lmtp;             /* LHLO: a verdict for each recipient */
  char *client_name;         /* NULL before EHLO, HELO or LHLO */
  SmtpTestAuth *auth;        /* the exchange under way */
  char *authenticated_as;
  char *tls_unique;          /* channel bindings in base64, NULL for none */
  char *tls_exporter;
  gboolean has_certificate;  /* the client showed one */

  /* the command being answered */
  char *verb;
  char *argument;            /* behind the verb and one space, never NULL */
  char *path;                /* of MAIL and RCPT; NULL when malformed */
  char *params;

  /* the transaction */
  char *sender;
  char *sender_params;
  GPtrArray *recipients;
  GPtrArray *recipient_params;
  SmtpTestContent *content;
  guint64 number;            /* of the message, once the verdict is near */
  gboolean answered;         /* an early reply was the verdict already */

  /* BDAT */
  guint64 chunk_left;
  gboolean chunk_last;
  gboolean chunk_unwanted;   /* swallowed: out of order, or after a refusal */
  gboolean chunks_refused;
};

/* How a command ends: @digit is the first of the reply, '2' or '3'. */
typedef void (*EffectFunc) (SmtpTestDialogue *self,
                            char              digit,
                            SmtpTestStep     *step);

void smtp_test_dialogue_answer  (SmtpTestDialogue *self,
                                 const char       *verb,
                                 const char       *alias,
                                 const char       *reply,
                                 EffectFunc        effect,
                                 SmtpTestStep     *step);
void smtp_test_dialogue_reset   (SmtpTestDialogue *self);
void smtp_test_dialogue_command (SmtpTestDialogue *self,
                                 const char       *line,
                                 SmtpTestStep     *step);

gboolean smtp_test_dialogue_offers         (SmtpTestDialogue *self,
                                            const char       *keyword);
guint64  smtp_test_dialogue_get_size_limit (SmtpTestDialogue *self);
char    *smtp_test_dialogue_hello          (SmtpTestDialogue *self);

char *smtp_test_dialogue_auth         (SmtpTestDialogue *self);
void  smtp_test_dialogue_auth_effect  (SmtpTestDialogue *self,
                                       char              digit,
                                       SmtpTestStep     *step);
void  smtp_test_dialogue_auth_line    (SmtpTestDialogue *self,
                                       const char       *line,
                                       SmtpTestStep     *step);

void     smtp_test_dialogue_begin_content (SmtpTestDialogue *self);
void     smtp_test_dialogue_begin_chunk   (SmtpTestDialogue *self,
                                           SmtpTestStep     *step);
gboolean smtp_test_dialogue_feed_content  (SmtpTestDialogue *self,
                                           const guint8     *data,
                                           gsize             size,
                                           gsize            *taken,
                                           SmtpTestStep     *step);

gboolean smtp_test_path_parse (const char  *text,
                               char       **path,
                               char       **params);

G_END_DECLS
