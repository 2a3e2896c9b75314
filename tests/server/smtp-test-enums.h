/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* The scanner reads past the attribute; everything else stays hidden. */
#define SMTP_TEST_API __attribute__((visibility ("default"))) extern

/**
 * SmtpTestTls:
 * @SMTP_TEST_TLS_NONE: clear text only
 * @SMTP_TEST_TLS_STARTTLS: STARTTLS is offered
 * @SMTP_TEST_TLS_IMPLICIT: a TLS handshake comes before the greeting
 *
 * How the server speaks TLS.
 */
typedef enum
{
  SMTP_TEST_TLS_NONE,
  SMTP_TEST_TLS_STARTTLS,
  SMTP_TEST_TLS_IMPLICIT
} SmtpTestTls;

/**
 * SmtpTestFlood:
 * @SMTP_TEST_FLOOD_LINE: one reply line without end
 * @SMTP_TEST_FLOOD_LINES: one reply with lines without end
 *
 * What an endless reply looks like.
 */
typedef enum
{
  SMTP_TEST_FLOOD_LINE,
  SMTP_TEST_FLOOD_LINES
} SmtpTestFlood;

#define SMTP_TEST_TYPE_TLS (smtp_test_tls_get_type ())
#define SMTP_TEST_TYPE_FLOOD (smtp_test_flood_get_type ())

SMTP_TEST_API
GType smtp_test_tls_get_type (void) G_GNUC_CONST;
SMTP_TEST_API
GType smtp_test_flood_get_type (void) G_GNUC_CONST;

G_END_DECLS
