/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-test-enums.h"

G_DEFINE_ENUM_TYPE (SmtpTestTls, smtp_test_tls,
  G_DEFINE_ENUM_VALUE (SMTP_TEST_TLS_NONE, "none"),
  G_DEFINE_ENUM_VALUE (SMTP_TEST_TLS_STARTTLS, "starttls"),
  G_DEFINE_ENUM_VALUE (SMTP_TEST_TLS_IMPLICIT, "implicit"))

G_DEFINE_ENUM_TYPE (SmtpTestFlood, smtp_test_flood,
  G_DEFINE_ENUM_VALUE (SMTP_TEST_FLOOD_LINE, "line"),
  G_DEFINE_ENUM_VALUE (SMTP_TEST_FLOOD_LINES, "lines"))
