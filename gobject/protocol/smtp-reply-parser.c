/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-reply-parser.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "smtp-error.h"
#include "smtp-text.h"

/* How much of a malformed line is quoted. */
#define QUOTED 80

void
smtp_reply_parser_init (SmtpReplyParser *self)
{
  memset (self, 0, sizeof *self);
  self->line = g_string_new (NULL);
  self->reply.text = g_string_new (NULL);
  self->max_line = SMTP_REPLY_MAX_LINE;
  self->max_lines = SMTP_REPLY_MAX_LINES;
}

void
smtp_reply_parser_clear (SmtpReplyParser *self)
{
  g_string_free (self->line, TRUE);
  g_string_free (self->reply.text, TRUE);
}

/*< private >
 * Whether the octets fed so far end with a whole reply.
 */
gboolean
smtp_reply_parser_is_between (const SmtpReplyParser *self)
{
  return self->octets == 0 || self->complete;
}

static void
begin_reply (SmtpReplyParser *self)
{
  self->complete = FALSE;
  self->octets = 0;
  self->reply.code = 0;
  self->reply.n_lines = 0;
  self->reply.enhanced[0] = '\0';
  g_string_truncate (self->reply.text, 0);
}

static void
set_malformed (GError    **error,
               const char *line,
               gsize       length)
{
  g_autoptr (GString) quoted = g_string_new (NULL);

  smtp_text_append_clean (quoted, line, MIN (length, QUOTED));
  if (length > QUOTED)
    g_string_append (quoted, "…");
  g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
               _("not an SMTP reply: “%s”"), quoted->str);
}

/* RFC 5321 §4.2: three digits, the first from 2 to 5 (1yz is not used). */
static guint
parse_code (const char *line,
            gsize       length)
{
  if (length < 3 || line[0] < '2' || line[0] > '5' ||
      !g_ascii_isdigit (line[1]) || !g_ascii_isdigit (line[2]))
    return 0;

  if (length > 3 && line[3] != ' ' && line[3] != '-')
    return 0;

  return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

static gsize
count_digits (const char *text)
{
  gsize n = 0;

  while (g_ascii_isdigit (text[n]))
    n++;

  return n;
}

/* RFC 2034, RFC 3463 §2: class "." subject "." detail, one to three digits
 * in the last two, and the class must be that of the reply. */
static void
parse_enhanced (SmtpReplyData *reply,
                const char    *text)
{
  gsize subject, detail, length;

  if (text[0] != (char) ('0' + reply->code / 100) || text[0] == '3' || text[1] != '.')
    return;

  subject = count_digits (text + 2);
  if (subject < 1 || subject > 3 || text[2 + subject] != '.')
    return;

  detail = count_digits (text + 3 + subject);
  length = 3 + subject + detail;
  if (detail < 1 || detail > 3 || (text[length] != ' ' && text[length] != '\0'))
    return;

  memcpy (reply->enhanced, text, length);
  reply->enhanced[length] = '\0';
}

static SmtpParseResult
take_line (SmtpReplyParser *self,
           const char      *line,
           gsize            length,
           GError         **error)
{
  SmtpReplyData *reply = &self->reply;
  guint code = parse_code (line, length);
  gsize text_start;

  if (code == 0 || (reply->n_lines > 0 && code != reply->code))
    {
      set_malformed (error, line, length);
      return SMTP_PARSE_ERROR;
    }

  if (self->max_lines > 0 && reply->n_lines == self->max_lines)
    {
      g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                   _("a reply of more than %u lines"), self->max_lines);
      return SMTP_PARSE_ERROR;
    }

  reply->code = code;
  if (reply->n_lines++ > 0)
    g_string_append_c (reply->text, '\n');
  text_start = reply->text->len;
  if (length > 4)
    smtp_text_append_clean (reply->text, line + 4, length - 4);

  /* Some servers put the enhanced code on the last line only. */
  if (reply->enhanced[0] == '\0')
    parse_enhanced (reply, reply->text->str + text_start);

  if (length > 3 && line[3] == '-')
    return SMTP_PARSE_MORE;

  self->complete = TRUE;
  return SMTP_PARSE_REPLY;
}

static gboolean
check_limits (SmtpReplyParser *self,
              gsize            line_length,
              GError         **error)
{
  if (line_length > self->max_line)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                 _("a reply line of more than %" G_GSIZE_FORMAT " octets"), self->max_line);
  else if (self->octets > SMTP_REPLY_MAX_OCTETS)
    g_set_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                 _("a reply of more than %d octets"), SMTP_REPLY_MAX_OCTETS);
  else
    return TRUE;

  return FALSE;
}

/* Keeps what no LF has ended yet. */
static SmtpParseResult
keep_part (SmtpReplyParser *self,
           const char      *bytes,
           gsize            length,
           GError         **error)
{
  self->octets += length;
  if (!check_limits (self, self->line->len + length, error))
    return SMTP_PARSE_ERROR;

  g_string_append_len (self->line, bytes, length);
  return SMTP_PARSE_MORE;
}

static SmtpParseResult
finish_line (SmtpReplyParser *self,
             const char      *bytes,
             gsize            length,
             GError         **error)
{
  SmtpParseResult result;
  gboolean joined = self->line->len > 0;

  self->octets += length;
  if (!check_limits (self, self->line->len + length, error))
    return SMTP_PARSE_ERROR;

  if (joined)
    {
      g_string_append_len (self->line, bytes, length);
      bytes = self->line->str;
      length = self->line->len;
    }

  length--; /* the LF */
  if (length > 0 && bytes[length - 1] == '\r')
    length--;

  result = take_line (self, bytes, length, error);

  /* It may repeat a secret, and the next may be shorter. */
  explicit_bzero (self->line->str, self->line->len);
  g_string_truncate (self->line, 0);
  return result;
}

/*< private >
 * Parses up to the end of one reply. *consumed tells how many octets belong
 * to it.
 *
 * Returns SMTP_PARSE_REPLY when self->reply is whole; it stays so until the
 * next call.
 */
SmtpParseResult
smtp_reply_parser_feed (SmtpReplyParser *self,
                        const char      *bytes,
                        gsize            length,
                        gsize           *consumed,
                        GError         **error)
{
  gsize done = 0;
  SmtpParseResult result = SMTP_PARSE_MORE;

  if (self->complete && length > 0)
    begin_reply (self);

  while (done < length && result == SMTP_PARSE_MORE)
    {
      const char *lf = memchr (bytes + done, '\n', length - done);
      gsize part = lf != NULL ? (gsize) (lf + 1 - (bytes + done)) : length - done;

      if (lf != NULL)
        result = finish_line (self, bytes + done, part, error);
      else
        result = keep_part (self, bytes + done, part, error);
      done += part;
    }

  *consumed = done;
  return result;
}
