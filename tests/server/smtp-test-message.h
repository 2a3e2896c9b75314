/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "smtp-test-enums.h"

G_BEGIN_DECLS

#define SMTP_TEST_TYPE_MESSAGE (smtp_test_message_get_type ())

SMTP_TEST_API
G_DECLARE_FINAL_TYPE (SmtpTestMessage, smtp_test_message, SMTP_TEST, MESSAGE, GObject)

SMTP_TEST_API
const char         *smtp_test_message_get_sender           (SmtpTestMessage *self);
SMTP_TEST_API
const char         *smtp_test_message_get_sender_params    (SmtpTestMessage *self);
SMTP_TEST_API
const char * const *smtp_test_message_get_recipients       (SmtpTestMessage *self);
SMTP_TEST_API
const char * const *smtp_test_message_get_recipient_params (SmtpTestMessage *self);
SMTP_TEST_API
GBytes             *smtp_test_message_get_content          (SmtpTestMessage *self);
SMTP_TEST_API
GBytes             *smtp_test_message_get_raw_content      (SmtpTestMessage *self);
SMTP_TEST_API
guint64             smtp_test_message_get_size             (SmtpTestMessage *self);
SMTP_TEST_API
const char         *smtp_test_message_get_sha256           (SmtpTestMessage *self);
SMTP_TEST_API
const char         *smtp_test_message_get_authenticated_as (SmtpTestMessage *self);
SMTP_TEST_API
gboolean            smtp_test_message_get_tls              (SmtpTestMessage *self);
SMTP_TEST_API
const char         *smtp_test_message_get_client_name      (SmtpTestMessage *self);
SMTP_TEST_API
gboolean            smtp_test_message_get_via_bdat         (SmtpTestMessage *self);
SMTP_TEST_API
guint64             smtp_test_message_get_number           (SmtpTestMessage *self);

G_END_DECLS
