/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-test-record.h"

typedef guint (*CountFunc) (SmtpTestRecord *self);

void
smtp_test_record_init (SmtpTestRecord *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->messages = g_ptr_array_new_with_free_func (g_object_unref);
  self->commands = g_ptr_array_new_with_free_func (g_free);
}

void
smtp_test_record_clear (SmtpTestRecord *self)
{
  g_clear_pointer (&self->messages, g_ptr_array_unref);
  g_clear_pointer (&self->commands, g_ptr_array_unref);
  g_clear_pointer (&self->client_certificate, g_free);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
}

void
smtp_test_record_interrupt (SmtpTestRecord *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->interruptions++;
  g_cond_broadcast (&self->changed);
}

void
smtp_test_record_session_opened (SmtpTestRecord *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->sessions_opened++;
}

void
smtp_test_record_session_closed (SmtpTestRecord *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->sessions_closed++;
  g_cond_broadcast (&self->changed);
}

void
smtp_test_record_add_command (SmtpTestRecord *self,
                              const char     *line)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_ptr_array_add (self->commands, g_strdup (line));
}

void
smtp_test_record_add_bytes (SmtpTestRecord *self,
                            gsize           count)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->bytes_received += count;
}

void
smtp_test_record_add_round_trip (SmtpTestRecord *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->round_trips++;
}

void
smtp_test_record_set_client_certificate (SmtpTestRecord  *self,
                                         GTlsCertificate *certificate)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = NULL;
  g_autofree char *pem = NULL;

  if (certificate != NULL)
    g_object_get (certificate, "certificate-pem", &pem, NULL);

  locker = g_mutex_locker_new (&self->lock);
  g_free (self->client_certificate);
  self->client_certificate = g_steal_pointer (&pem);
}

guint64
smtp_test_record_next_number (SmtpTestRecord *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return ++self->last_number;
}

/* Takes the ownership of @message: after this call the server's thread never
 * touches it again, so that a language binding may own it. */
void
smtp_test_record_add_message (SmtpTestRecord  *self,
                              SmtpTestMessage *message)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_ptr_array_add (self->messages, message);
  g_cond_broadcast (&self->changed);
}

SmtpTestMessage *
smtp_test_record_get_message (SmtpTestRecord *self,
                              guint           index)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (index >= self->messages->len)
    return NULL;

  return g_object_ref (g_ptr_array_index (self->messages, index));
}

void
smtp_test_record_clear_messages (SmtpTestRecord *self)
{
  g_autoptr (GPtrArray) old = NULL;
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  /* The old ones are released outside the lock: a binding may run code then. */
  old = g_steal_pointer (&self->messages);
  self->messages = g_ptr_array_new_with_free_func (g_object_unref);
  g_clear_pointer (&locker, g_mutex_locker_free);
}

char **
smtp_test_record_dup_commands (SmtpTestRecord *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  char **commands = g_new0 (char *, self->commands->len + 1);

  for (guint i = 0; i < self->commands->len; i++)
    commands[i] = g_strdup (g_ptr_array_index (self->commands, i));

  return commands;
}

void
smtp_test_record_clear_commands (SmtpTestRecord *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_ptr_array_set_size (self->commands, 0);
}

/* Returns FALSE when the time is over. */
static gboolean
record_wait_once (SmtpTestRecord *self,
                  int             timeout_ms,
                  gint64          end)
{
  if (timeout_ms >= 0)
    return g_cond_wait_until (&self->changed, &self->lock, end);

  g_cond_wait (&self->changed, &self->lock);
  return TRUE;
}

static gboolean
record_wait (SmtpTestRecord *self,
             CountFunc       get_count,
             guint           count,
             int             timeout_ms)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gint64 end = g_get_monotonic_time () + (gint64) timeout_ms * 1000;
  guint interruptions = self->interruptions;

  while (get_count (self) < count)
    if (interruptions != self->interruptions || !record_wait_once (self, timeout_ms, end))
      return get_count (self) >= count;

  return TRUE;
}

static guint
count_messages (SmtpTestRecord *self)
{
  return self->messages->len;
}

static guint
count_closed (SmtpTestRecord *self)
{
  return self->sessions_closed;
}

gboolean
smtp_test_record_wait_messages (SmtpTestRecord *self,
                                guint           count,
                                int             timeout_ms)
{
  return record_wait (self, count_messages, count, timeout_ms);
}

gboolean
smtp_test_record_wait_closed (SmtpTestRecord *self,
                              guint           count,
                              int             timeout_ms)
{
  return record_wait (self, count_closed, count, timeout_ms);
}
