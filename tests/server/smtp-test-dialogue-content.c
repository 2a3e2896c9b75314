/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The content, by DATA or by BDAT, and the verdict on it. */

#include "smtp-test-dialogue-private.h"
#include "smtp-test-message-private.h"
#include "smtp-test-store.h"

void
smtp_test_dialogue_begin_content (SmtpTestDialogue *self)
{
  if (self->content == NULL)
    self->content = smtp_test_content_new (self->config->keep_content);
}

static char **
dup_array (GPtrArray *array)
{
  char **strv = g_new0 (char *, array->len + 1);

  for (guint i = 0; i < array->len; i++)
    strv[i] = g_strdup (g_ptr_array_index (array, i));

  return strv;
}

static SmtpTestMessage *
build_message (SmtpTestDialogue *self)
{
  SmtpTestMessage *message = g_object_new (SMTP_TEST_TYPE_MESSAGE, NULL);

  message->number = self->number;
  message->sender = g_strdup (self->sender != NULL ? self->sender : "");
  message->sender_params = g_strdup (self->sender_params != NULL ? self->sender_params : "");
  message->recipients = dup_array (self->recipients);
  message->recipient_params = dup_array (self->recipient_params);
  message->size = smtp_test_content_get_size (self->content);
  message->sha256 = smtp_test_content_dup_sha256 (self->content);
  message->content = smtp_test_content_steal (self->content);
  message->raw_content = smtp_test_content_steal_raw (self->content);
  message->authenticated_as = g_strdup (self->authenticated_as);
  message->client_name = g_strdup (self->client_name);
  message->tls = self->tls;
  message->via_bdat = self->phase == PHASE_CHUNK;

  return message;
}

/* The effect of an accepted end of content. */
static void
store_message (SmtpTestDialogue *self,
               char              digit,
               SmtpTestStep     *step)
{
  const char *directory = self->config->directory;
  SmtpTestMessage *message = build_message (self);
  g_autoptr (GError) error = NULL;

  if (directory != NULL && !smtp_test_store_write (directory, message, &error))
    g_warning ("Cannot keep message %" G_GUINT64_FORMAT ": %s", self->number, error->message);

  smtp_test_record_add_message (self->record, message);
}

/* The next number that no file has yet. */
static guint64
reserve_number (SmtpTestDialogue *self)
{
  const char *directory = self->config->directory;
  guint64 number;

  do
    number = smtp_test_record_next_number (self->record);
  while (directory != NULL && smtp_test_store_has_number (directory, number));

  return number;
}

static gboolean
is_too_big (SmtpTestDialogue *self)
{
  guint64 limit = smtp_test_dialogue_get_size_limit (self);

  return limit != 0 && smtp_test_content_get_size (self->content) > limit;
}

/* LMTP has a verdict for each recipient, SMTP one for all. */
static char *
describe_verdict (SmtpTestDialogue *self)
{
  GString *reply;

  if (is_too_big (self))
    return g_strdup ("552 5.3.4 Message too big");

  self->number = reserve_number (self);
  reply = g_string_new (NULL);
  for (guint i = 0; i < (self->lmtp ? self->recipients->len : 1); i++)
    g_string_append_printf (reply, "%s250 2.0.0 OK queued as %" G_GUINT64_FORMAT,
                            i > 0 ? "\r\n" : "", self->number);

  return g_string_free (reply, FALSE);
}

static void
finish_data (SmtpTestDialogue *self,
             SmtpTestStep     *step)
{
  g_autofree char *reply = NULL;

  if (!self->answered)
    {
      reply = describe_verdict (self);
      smtp_test_dialogue_answer (self, ".", NULL, reply, store_message, step);
    }

  self->phase = PHASE_COMMAND;
  smtp_test_dialogue_reset (self);
}

static char
get_digit (SmtpTestStep *step)
{
  gsize size;
  const char *reply;

  if (step->reply == NULL)
    return '\0';

  reply = g_bytes_get_data (step->reply, &size);
  return size > 0 ? reply[0] : '\0';
}

static void
answer_chunk (SmtpTestDialogue *self,
              SmtpTestStep     *step)
{
  g_autofree char *reply = NULL;

  if (self->chunk_last)
    reply = describe_verdict (self);
  else if (is_too_big (self))
    reply = g_strdup ("552 5.3.4 Message too big");
  else
    reply = g_strdup ("250 2.0.0 Chunk received");

  smtp_test_dialogue_answer (self, "BDAT", self->chunk_last ? "." : NULL, reply,
                             self->chunk_last ? store_message : NULL, step);
  self->chunks_refused = get_digit (step) != '2';
}

static void
refuse_chunk (SmtpTestDialogue *self,
              SmtpTestStep     *step)
{
  const char *reply = smtp_test_dialogue_offers (self, "CHUNKING")
                        ? "503 5.5.1 No transaction for this chunk"
                        : "502 5.5.1 BDAT is not implemented";

  smtp_test_dialogue_answer (self, "BDAT", self->chunk_last ? "." : NULL, reply, NULL, step);
  self->chunks_refused = TRUE;
}

static void
finish_chunk (SmtpTestDialogue *self,
              SmtpTestStep     *step)
{
  gboolean last = self->chunk_last;

  if (!self->answered && self->chunk_unwanted)
    refuse_chunk (self, step);
  else if (!self->answered)
    answer_chunk (self, step);
  else
    self->chunks_refused = TRUE;

  self->answered = FALSE;
  self->phase = PHASE_COMMAND;
  if (last)
    smtp_test_dialogue_reset (self);
}

/* "BDAT size" or "BDAT size LAST" */
static gboolean
parse_chunk (SmtpTestDialogue *self)
{
  g_auto (GStrv) words = g_strsplit (self->argument, " ", 2);

  if (words[0] == NULL ||
      !g_ascii_string_to_unsigned (words[0], 10, 0, G_MAXINT64, &self->chunk_left, NULL))
    return FALSE;

  self->chunk_last = words[1] != NULL && g_ascii_strcasecmp (words[1], "LAST") == 0;

  return words[1] == NULL || self->chunk_last;
}

/* The reply comes behind the octets of the chunk: those are swallowed even
 * when they are refused, or they would be taken for commands. */
void
smtp_test_dialogue_begin_chunk (SmtpTestDialogue *self,
                                SmtpTestStep     *step)
{
  if (!parse_chunk (self))
    {
      smtp_test_dialogue_answer (self, "BDAT", NULL, "501 5.5.4 BDAT needs a size", NULL, step);
      return;
    }

  self->phase = PHASE_CHUNK;
  self->chunk_unwanted = !smtp_test_dialogue_offers (self, "CHUNKING") || self->sender == NULL ||
                         self->recipients->len == 0 || self->chunks_refused;
  smtp_test_dialogue_begin_content (self);
  if (self->chunk_unwanted)
    smtp_test_content_discard (self->content);
}

static void
fire (SmtpTestDialogue     *self,
      SmtpTestContentFault *fault,
      SmtpTestStep         *step)
{
  if (fault->reply == NULL)
    {
      step->action = fault->reset ? SMTP_TEST_ACTION_RESET : SMTP_TEST_ACTION_DROP;
      return;
    }

  step->reply = g_steal_pointer (&fault->reply);
  step->action = fault->stop_reading ? SMTP_TEST_ACTION_STOP_READING : SMTP_TEST_ACTION_FLUSH;
  self->answered = TRUE;
  smtp_test_content_discard (self->content);
}

static guint64
get_octets_before_fault (SmtpTestDialogue *self)
{
  guint64 received = smtp_test_content_get_received (self->content);
  guint64 after = smtp_test_script_get_next_fault (self->script);

  if (self->answered || self->silent || after == G_MAXUINT64)
    return G_MAXUINT64;

  return after > received ? after - received : 0;
}

/* Reads no further than the next fault: then a test knows to the octet what
 * the server had when it struck. */
guint64
smtp_test_dialogue_get_read_limit (SmtpTestDialogue *self)
{
  if (self->phase != PHASE_DATA && self->phase != PHASE_CHUNK)
    return G_MAXUINT64;

  return MAX (get_octets_before_fault (self), 1);
}

static gboolean
try_fault (SmtpTestDialogue *self,
           SmtpTestStep     *step)
{
  g_autoptr (SmtpTestContentFault) fault = NULL;

  if (self->answered || self->silent)
    return FALSE;

  fault = smtp_test_script_take_content_fault (self->script,
                                               smtp_test_content_get_received (self->content));
  if (fault == NULL)
    return FALSE;

  fire (self, fault, step);
  return TRUE;
}

static gboolean
feed_chunk (SmtpTestDialogue *self,
            const guint8     *data,
            gsize             size,
            gsize            *taken,
            SmtpTestStep     *step)
{
  *taken = MIN (size, self->chunk_left);
  smtp_test_content_feed_chunk (self->content, data, *taken);
  self->chunk_left -= *taken;

  if (self->chunk_left > 0)
    return *taken > 0;

  finish_chunk (self, step);
  return TRUE;
}

static gboolean
feed_data (SmtpTestDialogue *self,
           const guint8     *data,
           gsize             size,
           gsize            *taken,
           SmtpTestStep     *step)
{
  gboolean end;

  *taken = smtp_test_content_feed_data (self->content, data, size, &end);
  if (end)
    finish_data (self, step);

  return *taken > 0;
}

gboolean
smtp_test_dialogue_feed_content (SmtpTestDialogue *self,
                                 const guint8     *data,
                                 gsize             size,
                                 gsize            *taken,
                                 SmtpTestStep     *step)
{
  if (try_fault (self, step))
    return TRUE;

  size = MIN (size, get_octets_before_fault (self));
  if (self->phase == PHASE_CHUNK)
    return feed_chunk (self, data, size, taken, step);

  return feed_data (self, data, size, taken, step);
}
