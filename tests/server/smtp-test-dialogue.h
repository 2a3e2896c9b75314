/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-test-config.h"
#include "smtp-test-record.h"
#include "smtp-test-script.h"

G_BEGIN_DECLS

/* What the connection does once everything replied so far is on its way. */
typedef enum
{
  SMTP_TEST_ACTION_NONE,
  SMTP_TEST_ACTION_FLUSH,         /* only that: do not wait for more input */
  SMTP_TEST_ACTION_CLOSE,         /* close in good order */
  SMTP_TEST_ACTION_DROP,          /* close without a word */
  SMTP_TEST_ACTION_RESET,         /* close with a TCP reset */
  SMTP_TEST_ACTION_HANDSHAKE,     /* begin TLS */
  SMTP_TEST_ACTION_STOP_READING,  /* keep the connection, never read again */
  SMTP_TEST_ACTION_FLOOD          /* write without end */
} SmtpTestAction;

/* One step of the dialogue, to be carried out in this order: wait, reply, act. */
typedef struct
{
  guint delay;             /* milliseconds */
  GBytes *reply;           /* nullable */
  gboolean split;          /* one octet at a time */
  SmtpTestAction action;
  SmtpTestFlood flood;
} SmtpTestStep;

void smtp_test_step_clear (SmtpTestStep *step);

typedef struct _SmtpTestDialogue SmtpTestDialogue;

SmtpTestDialogue *smtp_test_dialogue_new            (SmtpTestConfig   *config,
                                                     SmtpTestScript   *script,
                                                     SmtpTestRecord   *record);
void              smtp_test_dialogue_free           (SmtpTestDialogue *self);
void              smtp_test_dialogue_start          (SmtpTestDialogue *self,
                                                     SmtpTestStep     *step);
void              smtp_test_dialogue_take_bindings  (SmtpTestDialogue *self,
                                                     char             *tls_unique,
                                                     char             *tls_exporter);
void              smtp_test_dialogue_set_certified  (SmtpTestDialogue *self,
                                                     gboolean          has_certificate);
void              smtp_test_dialogue_tls_done       (SmtpTestDialogue *self,
                                                     SmtpTestStep     *step);
gboolean          smtp_test_dialogue_feed           (SmtpTestDialogue *self,
                                                     const guint8     *data,
                                                     gsize             size,
                                                     gsize            *taken,
                                                     SmtpTestStep     *step);
guint64           smtp_test_dialogue_get_read_limit (SmtpTestDialogue *self);

G_END_DECLS
