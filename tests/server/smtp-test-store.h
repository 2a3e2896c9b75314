/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-test-message.h"

G_BEGIN_DECLS

gboolean smtp_test_store_has_number (const char       *directory,
                                     guint64           number);
gboolean smtp_test_store_write      (const char       *directory,
                                     SmtpTestMessage  *message,
                                     GError          **error);

G_END_DECLS
