/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-reply-private.h"

/**
 * SmtpReply:
 *
 * What a server answered: a code and one line of text or more
 * (RFC 5321 §4.2).
 *
 * A reply never changes and may be used from any thread. Its text is valid
 * UTF-8 whatever the server sent: octets that are not, control characters and
 * marks that reorder text became U+FFFD.
 *
 * Since: 1.0
 */
struct _SmtpReply
{
  gatomicrefcount ref_count;
  guint           code;
  char           *enhanced;
  char           *text;
  char          **lines;
};

G_DEFINE_BOXED_TYPE (SmtpReply, smtp_reply, smtp_reply_ref, smtp_reply_unref)

static SmtpReply *
create (guint       code,
        const char *enhanced,
        const char *text)
{
  SmtpReply *self = g_new0 (SmtpReply, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->code = code;
  self->enhanced = *enhanced != '\0' ? g_strdup (enhanced) : NULL;
  self->text = g_strdup (text);
  /* An empty text is one empty line, but no piece to g_strsplit(). */
  self->lines = *self->text != '\0' ? g_strsplit (self->text, "\n", -1)
                                    : g_strdupv ((char *[]) { (char *) "", NULL });
  return self;
}

SmtpReply *
smtp_reply_new (const SmtpReplyData *data)
{
  return create (data->code, data->enhanced, data->text->str);
}

SmtpReply *
smtp_reply_new_from_answer (const SmtpAnswer *answer)
{
  return create (answer->code, answer->enhanced, answer->text);
}

/**
 * smtp_reply_ref:
 * @self: a reply
 *
 * Adds a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
SmtpReply *
smtp_reply_ref (SmtpReply *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * smtp_reply_unref:
 * @self: (transfer full): a reply
 *
 * Drops a reference, and with the last one the reply.
 *
 * Since: 1.0
 */
void
smtp_reply_unref (SmtpReply *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_free (self->enhanced);
  g_free (self->text);
  g_strfreev (self->lines);
  g_free (self);
}

/**
 * smtp_reply_get_code:
 * @self: a reply
 *
 * The three-digit code. The first digit says what it means: 2 and 3 yes, 4 not
 * now, 5 no.
 *
 * Returns: the code, 200 to 599
 *
 * Since: 1.0
 */
guint
smtp_reply_get_code (SmtpReply *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->code;
}

/**
 * smtp_reply_get_enhanced_code:
 * @self: a reply
 *
 * The enhanced status code (RFC 3463), such as `5.1.1`, from the first line
 * that has one.
 *
 * Returns: (nullable): the enhanced code, or %NULL
 *
 * Since: 1.0
 */
const char *
smtp_reply_get_enhanced_code (SmtpReply *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->enhanced;
}

/**
 * smtp_reply_get_lines:
 * @self: a reply
 *
 * The lines without their codes.
 *
 * Returns: (transfer none) (array zero-terminated=1): the lines, at least one
 *
 * Since: 1.0
 */
const char * const *
smtp_reply_get_lines (SmtpReply *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return (const char * const *) self->lines;
}

/**
 * smtp_reply_get_text:
 * @self: a reply
 *
 * The lines without their codes, joined by line feeds.
 *
 * Returns: the text
 *
 * Since: 1.0
 */
const char *
smtp_reply_get_text (SmtpReply *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->text;
}

/**
 * smtp_reply_to_string:
 * @self: a reply
 *
 * The reply as the server wrote it: each line behind the code, joined by line
 * feeds.
 *
 * Returns: (transfer full): the reply as text
 *
 * Since: 1.0
 */
char *
smtp_reply_to_string (SmtpReply *self)
{
  g_autoptr (GString) string = g_string_new (NULL);

  g_return_val_if_fail (self != NULL, NULL);

  for (guint i = 0; self->lines[i] != NULL; i++)
    g_string_append_printf (string, "%s%u%c%s", i > 0 ? "\n" : "", self->code,
                            self->lines[i + 1] != NULL ? '-' : ' ', self->lines[i]);

  return g_string_free (g_steal_pointer (&string), FALSE);
}
