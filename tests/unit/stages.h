/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef STAGES_H
#define STAGES_H

#include "smtp-engine.h"

/* Where a conversation may stand. */
typedef enum
{
  AT_NEW,
  AT_GREETING,   /* opened, nothing has come */
  AT_EHLO,       /* EHLO sent */
  AT_STARTTLS,   /* STARTTLS sent, by open */
  AT_TLS,        /* the handshake is wanted */
  AT_READY,
  AT_AUTH,       /* AUTH sent */
  AT_CHALLENGE,  /* the mechanism is to answer */
  AT_RESPONSE,   /* it has answered "sesame" */
  AT_CONFIRM,    /* 235 has come */
  AT_ABORT,      /* "*" sent */
  AT_LEAVING,    /* refused, QUIT not written yet */
  AT_MAIL_SENT,
  AT_MAIL,
  AT_RCPT_SENT,
  AT_RCPT,
  AT_DATA_SENT,
  AT_BODY,       /* some content was written */
  AT_DOT_QUEUED, /* the end of the content is queued, nothing of it written */
  AT_VERDICT,    /* it is written */
  AT_NOOP_SENT,
  AT_QUIT_SENT,
  AT_CLOSED,
  AT_BROKEN,
  N_STAGES
} Stage;

/* What the server offers by default. */
#define OFFERS "STARTTLS|AUTH LOGIN"

const char *stage_name   (Stage       stage);
SmtpEngine *engine_at    (Stage       stage,
                          const char *offers);
void        say          (SmtpEngine *engine,
                          const char *text);
void        say_long     (SmtpEngine *engine,
                          const char *head,
                          gsize       length);
char       *take_output  (SmtpEngine *engine);
void        assert_sends (SmtpEngine *engine,
                          const char *expected);
void        submit       (SmtpEngine *engine,
                          SmtpCommand command,
                          const char *argument);
void        assert_ends  (SmtpEngine *engine,
                          int         code,
                          const char *part);

#endif
