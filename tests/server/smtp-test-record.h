/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "smtp-test-message.h"

G_BEGIN_DECLS

/* What the server has seen. Sessions write it, any thread reads it or waits
 * for it to grow. */
typedef struct
{
  GMutex lock;
  GCond changed;
  GPtrArray *messages;       /* of SmtpTestMessage */
  GPtrArray *commands;       /* of char * */
  guint64 last_number;       /* of a message */
  guint sessions_opened;
  guint sessions_closed;
  guint round_trips;
  guint64 bytes_received;
  guint interruptions;       /* grows when those who wait are to give up */
  char *client_certificate;  /* PEM, of the last TLS client that had one */
} SmtpTestRecord;

void             smtp_test_record_init                   (SmtpTestRecord  *self);
void             smtp_test_record_clear                  (SmtpTestRecord  *self);
void             smtp_test_record_interrupt              (SmtpTestRecord  *self);

void             smtp_test_record_session_opened         (SmtpTestRecord  *self);
void             smtp_test_record_session_closed         (SmtpTestRecord  *self);
void             smtp_test_record_add_command            (SmtpTestRecord  *self,
                                                          const char      *line);
void             smtp_test_record_add_bytes              (SmtpTestRecord  *self,
                                                          gsize            count);
void             smtp_test_record_add_round_trip         (SmtpTestRecord  *self);
void             smtp_test_record_set_client_certificate (SmtpTestRecord  *self,
                                                          GTlsCertificate *certificate);
guint64          smtp_test_record_next_number            (SmtpTestRecord  *self);
void             smtp_test_record_add_message            (SmtpTestRecord  *self,
                                                          SmtpTestMessage *message);

SmtpTestMessage *smtp_test_record_get_message            (SmtpTestRecord  *self,
                                                          guint            index);
void             smtp_test_record_clear_messages         (SmtpTestRecord  *self);
char           **smtp_test_record_dup_commands           (SmtpTestRecord  *self);
void             smtp_test_record_clear_commands         (SmtpTestRecord  *self);
gboolean         smtp_test_record_wait_messages          (SmtpTestRecord  *self,
                                                          guint            count,
                                                          int              timeout_ms);
gboolean         smtp_test_record_wait_closed            (SmtpTestRecord  *self,
                                                          guint            count,
                                                          int              timeout_ms);

G_END_DECLS
