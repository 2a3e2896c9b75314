/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "smtp-test-enums.h"
#include "smtp-test-message.h"

G_BEGIN_DECLS

#define SMTP_TEST_TYPE_SERVER (smtp_test_server_get_type ())

SMTP_TEST_API
G_DECLARE_FINAL_TYPE (SmtpTestServer, smtp_test_server, SMTP_TEST, SERVER, GObject)

SMTP_TEST_API
SmtpTestServer  *smtp_test_server_new                  (void);
SMTP_TEST_API
gboolean         smtp_test_server_start                (SmtpTestServer *self,
                                                        GError        **error);
SMTP_TEST_API
void             smtp_test_server_stop                 (SmtpTestServer *self);
SMTP_TEST_API
void             smtp_test_server_accept_stream        (SmtpTestServer *self,
                                                        GIOStream      *stream);

SMTP_TEST_API
guint16          smtp_test_server_get_port             (SmtpTestServer *self);
SMTP_TEST_API
char            *smtp_test_server_get_uri              (SmtpTestServer *self);
SMTP_TEST_API
char            *smtp_test_server_get_certificate_pem  (SmtpTestServer *self);
SMTP_TEST_API
GTlsCertificate *smtp_test_server_get_certificate      (SmtpTestServer *self,
                                                        GError        **error);
SMTP_TEST_API
GTlsDatabase    *smtp_test_server_create_database      (SmtpTestServer *self,
                                                        GError        **error);
SMTP_TEST_API
char            *smtp_test_server_get_last_client_certificate_pem (SmtpTestServer *self);

SMTP_TEST_API
guint            smtp_test_server_get_n_messages       (SmtpTestServer *self);
SMTP_TEST_API
SmtpTestMessage *smtp_test_server_get_message          (SmtpTestServer *self,
                                                        guint           index);
SMTP_TEST_API
void             smtp_test_server_clear_messages       (SmtpTestServer *self);
SMTP_TEST_API
gboolean         smtp_test_server_wait_for_messages    (SmtpTestServer *self,
                                                        guint           n_messages,
                                                        int             timeout_ms);
SMTP_TEST_API
char           **smtp_test_server_get_commands         (SmtpTestServer *self);
SMTP_TEST_API
void             smtp_test_server_clear_commands       (SmtpTestServer *self);
SMTP_TEST_API
guint            smtp_test_server_get_session_count    (SmtpTestServer *self);
SMTP_TEST_API
guint            smtp_test_server_get_open_sessions    (SmtpTestServer *self);
SMTP_TEST_API
gboolean         smtp_test_server_wait_for_closed      (SmtpTestServer *self,
                                                        guint           n_sessions,
                                                        int             timeout_ms);
SMTP_TEST_API
guint            smtp_test_server_get_round_trips      (SmtpTestServer *self);
SMTP_TEST_API
guint64          smtp_test_server_get_bytes_received   (SmtpTestServer *self);

SMTP_TEST_API
void             smtp_test_server_script_reply         (SmtpTestServer *self,
                                                        const char     *verb,
                                                        GBytes         *reply,
                                                        int             skip);
SMTP_TEST_API
void             smtp_test_server_script_reply_text    (SmtpTestServer *self,
                                                        const char     *verb,
                                                        const char     *reply);
SMTP_TEST_API
void             smtp_test_server_script_drop          (SmtpTestServer *self,
                                                        const char     *verb,
                                                        int             skip,
                                                        gboolean        accept);
SMTP_TEST_API
void             smtp_test_server_script_delay         (SmtpTestServer *self,
                                                        const char     *verb,
                                                        guint           milliseconds,
                                                        int             skip);
SMTP_TEST_API
void             smtp_test_server_end_delays           (SmtpTestServer *self);
SMTP_TEST_API
void             smtp_test_server_script_silence       (SmtpTestServer *self,
                                                        const char     *verb,
                                                        int             skip);
SMTP_TEST_API
void             smtp_test_server_script_split         (SmtpTestServer *self,
                                                        const char     *verb,
                                                        int             skip);
SMTP_TEST_API
void             smtp_test_server_script_append        (SmtpTestServer *self,
                                                        const char     *verb,
                                                        GBytes         *bytes,
                                                        int             skip);
SMTP_TEST_API
void             smtp_test_server_script_flood         (SmtpTestServer *self,
                                                        const char     *verb,
                                                        SmtpTestFlood   flood);
SMTP_TEST_API
void             smtp_test_server_script_early_reply   (SmtpTestServer *self,
                                                        guint64         after_octets,
                                                        GBytes         *reply,
                                                        gboolean        stop_reading);
SMTP_TEST_API
void             smtp_test_server_script_drop_in_content (SmtpTestServer *self,
                                                        guint64         after_octets,
                                                        gboolean        reset);
SMTP_TEST_API
void             smtp_test_server_script_no_tls_handshake (SmtpTestServer *self);
SMTP_TEST_API
void             smtp_test_server_clear_script         (SmtpTestServer *self);

G_END_DECLS
