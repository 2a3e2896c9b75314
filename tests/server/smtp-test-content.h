/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SmtpTestContent SmtpTestContent;

SmtpTestContent *smtp_test_content_new          (gboolean         keep);
void             smtp_test_content_free         (SmtpTestContent *self);
gsize            smtp_test_content_feed_data    (SmtpTestContent *self,
                                                 const guint8    *data,
                                                 gsize            size,
                                                 gboolean        *end);
void             smtp_test_content_feed_chunk   (SmtpTestContent *self,
                                                 const guint8    *data,
                                                 gsize            size);
void             smtp_test_content_discard      (SmtpTestContent *self);
guint64          smtp_test_content_get_received (SmtpTestContent *self);
guint64          smtp_test_content_get_size     (SmtpTestContent *self);
char            *smtp_test_content_dup_sha256   (SmtpTestContent *self);
GBytes          *smtp_test_content_steal        (SmtpTestContent *self);
GBytes          *smtp_test_content_steal_raw    (SmtpTestContent *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpTestContent, smtp_test_content_free)

G_END_DECLS
