/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-guard.h"

struct _SmtpGuard
{
  GCancellable *inner;
  GSource      *cancelled;
  GSource      *deadline;
  GSource      *interrupted;
  GMainContext *context;
  gboolean      timed_out;
  GSourceFunc   on_abort;
  gpointer      user_data;
};

static void
abort_step (SmtpGuard *self)
{
  g_cancellable_cancel (self->inner);
  if (self->on_abort != NULL)
    self->on_abort (self->user_data);
}

static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  abort_step (user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_interrupted (gpointer user_data)
{
  abort_step (user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_deadline (gpointer user_data)
{
  SmtpGuard *self = user_data;

  self->timed_out = TRUE;
  abort_step (self);
  return G_SOURCE_REMOVE;
}

static GSource *
attach (SmtpGuard  *self,
        GSource    *source,
        const char *name,
        GSourceFunc callback)
{
  g_source_set_static_name (source, name);
  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, self->context);
  return source;
}

static void
detach (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/*< private >
 * @timeout: seconds, 0 for none
 * @on_abort: (nullable): called in the thread-default context of now when the
 * deadline or the caller's cancellable ends the step
 */
SmtpGuard *
smtp_guard_new (GCancellable *cancellable,
                guint         timeout,
                GSourceFunc   on_abort,
                gpointer      user_data)
{
  SmtpGuard *self = g_new0 (SmtpGuard, 1);

  self->inner = g_cancellable_new ();
  self->context = g_main_context_ref_thread_default ();
  self->on_abort = on_abort;
  self->user_data = user_data;
  if (cancellable != NULL)
    self->cancelled = attach (self, g_cancellable_source_new (cancellable), "[smtp-glib] cancelled",
                              (GSourceFunc) (void (*) (void)) on_cancelled);
  if (timeout > 0)
    self->deadline = attach (self, g_timeout_source_new_seconds (timeout), "[smtp-glib] deadline", on_deadline);
  return self;
}

void
smtp_guard_free (SmtpGuard *self)
{
  detach (&self->cancelled);
  detach (&self->deadline);
  detach (&self->interrupted);
  g_main_context_unref (self->context);
  g_object_unref (self->inner);
  g_free (self);
}

GCancellable *
smtp_guard_get_cancellable (SmtpGuard *self)
{
  return self->inner;
}

/*< private >
 * Ends the step, as soon as its context runs.
 */
void
smtp_guard_cancel (SmtpGuard *self)
{
  if (self->interrupted == NULL)
    self->interrupted = attach (self, g_idle_source_new (), "[smtp-glib] interrupted", on_interrupted);
}

gboolean
smtp_guard_timed_out (SmtpGuard *self)
{
  return self->timed_out;
}
