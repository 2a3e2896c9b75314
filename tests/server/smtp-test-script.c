/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The faults a test has asked for, in order.
 *
 * An entry has a verb and a number of occurrences of that verb to let pass.
 * Its turn comes when the entries before it that concern the same verb are
 * used up; only then does it begin to count. There are four independent
 * aspects of a reply: what is answered, how late, in which pieces, and what
 * is stuck to its end. Each aspect has an order of its own, so that a scripted
 * reply may also be a late one. */

#include "smtp-test-script.h"

typedef enum
{
  ASPECT_ANSWER,
  ASPECT_DELAY,
  ASPECT_SPLIT,
  ASPECT_APPEND,
  N_ASPECTS
} Aspect;

typedef struct
{
  SmtpTestCueKind kind;
  char *verb;
  int skip;              /* occurrences still to pass */
  SmtpTestCue value;     /* only the fields of its kind */
} Entry;

static GBytes *
ref_or_null (GBytes *bytes)
{
  return bytes != NULL ? g_bytes_ref (bytes) : NULL;
}

void
smtp_test_cue_clear (SmtpTestCue *cue)
{
  g_clear_pointer (&cue->reply, g_bytes_unref);
  g_clear_pointer (&cue->append, g_bytes_unref);
}

void
smtp_test_content_fault_free (SmtpTestContentFault *fault)
{
  g_clear_pointer (&fault->reply, g_bytes_unref);
  g_free (fault);
}

static void
entry_free (Entry *entry)
{
  smtp_test_cue_clear (&entry->value);
  g_free (entry->verb);
  g_free (entry);
}

static Aspect
entry_get_aspect (Entry *entry)
{
  switch (entry->kind)
    {
    case SMTP_TEST_CUE_DELAY:   return ASPECT_DELAY;
    case SMTP_TEST_CUE_SPLIT:   return ASPECT_SPLIT;
    case SMTP_TEST_CUE_APPEND:  return ASPECT_APPEND;
    case SMTP_TEST_CUE_NONE:
    case SMTP_TEST_CUE_REPLY:
    case SMTP_TEST_CUE_DROP:
    case SMTP_TEST_CUE_SILENCE:
    case SMTP_TEST_CUE_FLOOD:
    default:                    return ASPECT_ANSWER;
    }
}

void
smtp_test_script_init (SmtpTestScript *self)
{
  g_mutex_init (&self->lock);
  g_queue_init (&self->entries);
  g_queue_init (&self->content_faults);
  self->bad_handshakes = 0;
}

void
smtp_test_script_reset (SmtpTestScript *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_queue_clear_full (&self->entries, (GDestroyNotify) entry_free);
  g_queue_clear_full (&self->content_faults, (GDestroyNotify) smtp_test_content_fault_free);
  self->bad_handshakes = 0;
}

void
smtp_test_script_clear (SmtpTestScript *self)
{
  smtp_test_script_reset (self);
  g_mutex_clear (&self->lock);
}

void
smtp_test_script_add (SmtpTestScript    *self,
                      SmtpTestCueKind    kind,
                      const char        *verb,
                      int                skip,
                      const SmtpTestCue *value)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  Entry *entry = g_new0 (Entry, 1);

  entry->kind = kind;
  entry->verb = g_ascii_strup (verb, -1);
  entry->skip = MAX (skip, 0);
  entry->value = *value;
  entry->value.reply = ref_or_null (value->reply);
  entry->value.append = ref_or_null (value->append);
  g_queue_push_tail (&self->entries, entry);
}

static gboolean
entry_matches (Entry      *entry,
               const char *verb,
               const char *alias)
{
  return g_str_equal (entry->verb, "*") || g_str_equal (entry->verb, verb) ||
         (alias != NULL && g_str_equal (entry->verb, alias));
}

/* Moves what the entry holds into the cue. */
static void
entry_apply (Entry       *entry,
             SmtpTestCue *cue)
{
  switch (entry_get_aspect (entry))
    {
    case ASPECT_DELAY:
      cue->delay = entry->value.delay;
      break;

    case ASPECT_SPLIT:
      cue->split = TRUE;
      break;

    case ASPECT_APPEND:
      cue->append = g_steal_pointer (&entry->value.append);
      break;

    case ASPECT_ANSWER:
    case N_ASPECTS:
    default:
      cue->answer = entry->kind;
      cue->reply = g_steal_pointer (&entry->value.reply);
      cue->accept = entry->value.accept;
      cue->flood = entry->value.flood;
      break;
    }
}

/* Says what the script wants for this occurrence of @verb, and counts it.
 * @alias is a second name of the same occurrence. */
void
smtp_test_script_take (SmtpTestScript *self,
                       const char     *verb,
                       const char     *alias,
                       SmtpTestCue    *cue)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gboolean seen[N_ASPECTS] = { FALSE, };
  GList *next;

  *cue = (SmtpTestCue) { 0, };
  for (GList *l = self->entries.head; l != NULL; l = next)
    {
      Entry *entry = l->data;
      Aspect aspect = entry_get_aspect (entry);

      next = l->next;
      if (seen[aspect] || !entry_matches (entry, verb, alias))
        continue;

      seen[aspect] = TRUE;
      if (entry->skip-- > 0)
        continue;

      entry_apply (entry, cue);
      entry_free (entry);
      g_queue_delete_link (&self->entries, l);
    }
}

/* Takes the ownership of @fault. */
void
smtp_test_script_add_content_fault (SmtpTestScript       *self,
                                    SmtpTestContentFault *fault)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_queue_push_tail (&self->content_faults, fault);
}

/* After how many octets of content the next fault comes. */
guint64
smtp_test_script_get_next_fault (SmtpTestScript *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  SmtpTestContentFault *fault = g_queue_peek_head (&self->content_faults);

  return fault != NULL ? fault->after : G_MAXUINT64;
}

SmtpTestContentFault *
smtp_test_script_take_content_fault (SmtpTestScript *self,
                                     guint64         received)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  SmtpTestContentFault *fault = g_queue_peek_head (&self->content_faults);

  if (fault == NULL || received < fault->after)
    return NULL;

  return g_queue_pop_head (&self->content_faults);
}

void
smtp_test_script_add_bad_handshake (SmtpTestScript *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->bad_handshakes++;
}

gboolean
smtp_test_script_take_bad_handshake (SmtpTestScript *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->bad_handshakes == 0)
    return FALSE;

  self->bad_handshakes--;
  return TRUE;
}
