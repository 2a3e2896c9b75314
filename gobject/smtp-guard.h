/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_GUARD_H
#define SMTP_GUARD_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* Bounds a step of GIO's own that takes a GCancellable and no deadline:
 * connecting, a TLS handshake, a mechanism's preparation. The step is given
 * the guard's cancellable, which is cancelled by the caller's, by the deadline
 * and by smtp_guard_cancel().
 *
 * Sources rather than g_cancellable_connect(): its handler runs in whatever
 * thread cancels, and must not be disconnected from inside. */
typedef struct _SmtpGuard SmtpGuard;

SmtpGuard    *smtp_guard_new             (GCancellable *cancellable,
                                          guint         timeout,
                                          GSourceFunc   on_abort,
                                          gpointer      user_data);
void          smtp_guard_free            (SmtpGuard    *self);
GCancellable *smtp_guard_get_cancellable (SmtpGuard    *self);
void          smtp_guard_cancel          (SmtpGuard    *self);
gboolean      smtp_guard_timed_out       (SmtpGuard    *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpGuard, smtp_guard_free)

G_END_DECLS

#endif
