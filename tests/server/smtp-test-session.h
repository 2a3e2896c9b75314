/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "smtp-test-dialogue.h"

G_BEGIN_DECLS

/* One connection: carries octets between a stream and a dialogue. It lives in
 * the server's thread and frees itself when it has ended. */
typedef struct _SmtpTestSession SmtpTestSession;

typedef void (*SmtpTestSessionEnded) (SmtpTestSession *session,
                                      gpointer         user_data);

SmtpTestSession *smtp_test_session_new   (GIOStream            *stream,
                                          SmtpTestConfig       *config,
                                          SmtpTestScript       *script,
                                          SmtpTestRecord       *record,
                                          SmtpTestSessionEnded  ended,
                                          gpointer              user_data);
void             smtp_test_session_stop  (SmtpTestSession      *self);
void             smtp_test_session_hurry (SmtpTestSession      *self);

G_END_DECLS
