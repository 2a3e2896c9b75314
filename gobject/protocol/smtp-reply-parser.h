/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_REPLY_PARSER_H
#define SMTP_REPLY_PARSER_H

#include <glib.h>

G_BEGIN_DECLS

#define SMTP_REPLY_MAX_LINE       2048
#define SMTP_REPLY_MAX_AUTH_LINE 16384
#define SMTP_REPLY_MAX_LINES       128
#define SMTP_REPLY_MAX_OCTETS  (64 * 1024)

/* One reply, its text already made fit for display. */
typedef struct
{
  guint    code;
  char     enhanced[12]; /* "5.1.1", or "" */
  guint    n_lines;
  GString *text;         /* the lines without their codes, joined by LF */
} SmtpReplyData;

typedef enum
{
  SMTP_PARSE_MORE,
  SMTP_PARSE_REPLY,
  SMTP_PARSE_ERROR,
} SmtpParseResult;

/* Resumable: octets come in pieces of any size, and the parser stops behind
 * the last octet of a reply. Capped: see the limits above. */
typedef struct
{
  GString      *line;      /* an unfinished line */
  gsize         octets;    /* of this reply so far */
  gsize         max_line;
  guint         max_lines; /* 0: bounded by octets alone (EXPN, HELP) */
  gboolean      complete;  /* the reply below is whole; the next octet starts another */
  SmtpReplyData reply;
} SmtpReplyParser;

void            smtp_reply_parser_init  (SmtpReplyParser  *self);
void            smtp_reply_parser_clear (SmtpReplyParser  *self);
gboolean        smtp_reply_parser_is_between (const SmtpReplyParser *self);
SmtpParseResult smtp_reply_parser_feed  (SmtpReplyParser  *self,
                                         const char       *bytes,
                                         gsize             length,
                                         gsize            *consumed,
                                         GError          **error);

G_END_DECLS

#endif
