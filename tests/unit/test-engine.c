/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole conversations without a socket. A transcript is a list of steps; each
 * is run three times, the server's octets fed whole, by line and one by one. */

#include "smtp-engine.h"

#include <string.h>

#include "pieces.h"
#include "smtp-error.h"

typedef enum
{
  END,
  S,        /* the server sends text */
  C,        /* the client must have queued exactly this */
  OPEN,     /* number: SmtpSecurity */
  DO,       /* number: SmtpCommand, text: its argument, params */
  AUTH,     /* text: mechanism, more: the initial response or NULL */
  RESPOND,  /* text: the response */
  CONFIRM,
  ABORT,
  BODY,     /* text: content */
  FLUSH,
  END_BODY,
  TLS,
  FAIL,     /* the connection is lost */
  HANG_UP,  /* EOF; number: whether it is expected */
  WANT,     /* number: SmtpEngineWant */
  OK,       /* the operation has succeeded */
  ERR,      /* it has failed; number: SmtpClientError, text: part of the message */
  STATE,    /* number: SmtpClientState */
  OFFERS,   /* text: a keyword that is offered */
  LACKS,    /* text: one that is not */
  REFUSED,  /* the next DO fails at once; number: SmtpClientError */
  STAY,     /* open after a refused AUTH */
  GIVE_UP,  /* the mechanism leaves it at the refusal; number: SmtpClientError */
  RETRY,    /* it begins anew */
  CHALLENGE /* text: what the mechanism is given; number: more */
} Kind;

typedef struct
{
  Kind        kind;
  int         number;
  const char *text;
  const char *more;
} Step;

typedef struct
{
  const char *name;
  Step        steps[40];
} Transcript;

#define EHLO_PLAIN { S, 0, "220 hi\r\n" }, { C, 0, "EHLO me.example\r\n" }, { S, 0, "250 server\r\n" }, { OK }
#define OPENED { OPEN, SMTP_SECURITY_NONE }, EHLO_PLAIN
#define OPENED_WITH(extensions) \
  { OPEN, SMTP_SECURITY_NONE }, { S, 0, "220 hi\r\n" }, { C, 0, "EHLO me.example\r\n" }, \
  { S, 0, "250-server\r\n" extensions }, { OK }
#define MAILED \
  { DO, SMTP_COMMAND_MAIL, "a@b.example" }, { C, 0, "MAIL FROM:<a@b.example>\r\n" }, { S, 0, "250 ok\r\n" }, { OK }, \
  { DO, SMTP_COMMAND_RCPT, "c@d.example" }, { C, 0, "RCPT TO:<c@d.example>\r\n" }, { S, 0, "250 ok\r\n" }, { OK }
#define KNOWN { CONFIRM }, { C, 0, "EHLO me.example\r\n" }, { S, 0, "250 server\r\n" }, { OK }
#define IN_DATA OPENED, MAILED, { DO, SMTP_COMMAND_DATA }, { C, 0, "DATA\r\n" }, { S, 0, "354 go\r\n" }, { WANT, SMTP_ENGINE_BODY }, { OK }

static const Transcript transcripts[] = {
  /* ---- greeting and EHLO ---- */
  { "ehlo", { { OPEN, SMTP_SECURITY_NONE }, { WANT, SMTP_ENGINE_READ }, { S, 0, "220-hi\r\n220 there\r\n" },
              { C, 0, "EHLO me.example\r\n" }, { S, 0, "250-server\r\n250-SIZE 10\r\n250-8bitmime\r\n250 \r\n" }, { OK },
              { STATE, SMTP_CLIENT_STATE_READY }, { OFFERS, 0, "size" }, { OFFERS, 0, "8BITMIME" }, { LACKS, 0, "AUTH" } } },
  { "helo-500", { { OPEN, SMTP_SECURITY_NONE }, { S, 0, "220 hi\r\n" }, { C, 0, "EHLO me.example\r\n" }, { S, 0, "500 what\r\n" },
                  { C, 0, "HELO me.example\r\n" }, { S, 0, "250 hello\r\n" }, { OK }, { LACKS, 0, "SIZE" } } },
  { "helo-502", { { OPEN, SMTP_SECURITY_NONE }, { S, 0, "220 hi\r\n" }, { C, 0, "EHLO me.example\r\n" }, { S, 0, "502 what\r\n" },
                  { C, 0, "HELO me.example\r\n" }, { S, 0, "550 no\r\n" }, { WANT, SMTP_ENGINE_FAILED }, { ERR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "550 no" } } },
  { "helo-550", { { OPEN, SMTP_SECURITY_NONE }, { S, 0, "220 hi\r\n" }, { C, 0, "EHLO me.example\r\n" }, { S, 0, "550 what\r\n" },
                  { C, 0, "HELO me.example\r\n" }, { S, 0, "250 hello\r\n" }, { OK } } },
  { "ehlo-554", { { OPEN, SMTP_SECURITY_NONE }, { S, 0, "220 hi\r\n" }, { C, 0, "EHLO me.example\r\n" }, { S, 0, "554 no\r\n" },
                  { ERR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "554 no" }, { STATE, SMTP_CLIENT_STATE_BROKEN } } },
  { "ehlo-451", { { OPEN, SMTP_SECURITY_NONE }, { S, 0, "220 hi\r\n" }, { C, 0, "EHLO me.example\r\n" }, { S, 0, "451 no\r\n" },
                  { ERR, SMTP_CLIENT_ERROR_REFUSED_TEMPORARY, "451 no" } } },
  { "greeting-554", { { OPEN, SMTP_SECURITY_NONE }, { S, 0, "554-go\r\n554 away\r\n" }, { ERR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "554 go away" } } },
  { "greeting-421", { { OPEN, SMTP_SECURITY_NONE }, { S, 0, "421 later\r\n" }, { ERR, SMTP_CLIENT_ERROR_SERVICE_CLOSED, "421 later" } } },
  { "greeting-garbage", { { OPEN, SMTP_SECURITY_NONE }, { S, 0, "SSH-2.0-x\r\n" }, { ERR, SMTP_CLIENT_ERROR_PROTOCOL, "SSH-2.0-x" }, { STATE, SMTP_CLIENT_STATE_BROKEN } } },
  { "two-greetings", { { OPEN, SMTP_SECURITY_NONE }, { S, 0, "220 hi\r\n250 hello\r\n" }, { ERR, SMTP_CLIENT_ERROR_PROTOCOL, "nobody asked for" } } },
  { "eof-in-greeting", { { OPEN, SMTP_SECURITY_NONE }, { S, 0, "220-hi\r\n" }, { HANG_UP, FALSE } } },

  /* ---- TLS ---- */
  { "starttls", { { OPEN, SMTP_SECURITY_STARTTLS }, { S, 0, "220 hi\r\n" }, { C, 0, "EHLO me.example\r\n" },
                  { S, 0, "250-server\r\n250-X-BEFORE\r\n250 STARTTLS\r\n" }, { C, 0, "STARTTLS\r\n" }, { S, 0, "220 go\r\n" }, { WANT, SMTP_ENGINE_TLS },
                  { TLS }, { C, 0, "EHLO me.example\r\n" }, { LACKS, 0, "X-BEFORE" }, { S, 0, "250-server\r\n250 X-AFTER\r\n" }, { OK }, { OFFERS, 0, "X-AFTER" } } },
  { "opportunistic-none", { { OPEN, SMTP_SECURITY_OPPORTUNISTIC }, EHLO_PLAIN } },
  { "required-none", { { OPEN, SMTP_SECURITY_STARTTLS }, { S, 0, "220 hi\r\n" }, { C, 0, "EHLO me.example\r\n" }, { S, 0, "250 server\r\n" },
                       { ERR, SMTP_CLIENT_ERROR_TLS_REQUIRED, "required" }, { STATE, SMTP_CLIENT_STATE_BROKEN } } },
  { "required-helo", { { OPEN, SMTP_SECURITY_STARTTLS }, { S, 0, "220 hi\r\n" }, { C, 0, "EHLO me.example\r\n" }, { S, 0, "500 server\r\n" },
                       { C, 0, "HELO me.example\r\n" }, { S, 0, "250 hello\r\n" }, { ERR, SMTP_CLIENT_ERROR_TLS_REQUIRED, "required" } } },
  { "opportunistic-refused", { { OPEN, SMTP_SECURITY_OPPORTUNISTIC }, { S, 0, "220 hi\r\n" }, { C, 0, "EHLO me.example\r\n" }, { S, 0, "250-server\r\n250 STARTTLS\r\n" },
                               { C, 0, "STARTTLS\r\n" }, { S, 0, "454 no\r\n" }, { ERR, SMTP_CLIENT_ERROR_TLS_REQUIRED, "454 no" } } },
  { "injection-at-once", { { OPEN, SMTP_SECURITY_STARTTLS }, { S, 0, "220 hi\r\n" }, { C, 0, "EHLO me.example\r\n" }, { S, 0, "250-server\r\n250 STARTTLS\r\n" },
                           { C, 0, "STARTTLS\r\n" }, { S, 0, "220 go\r\n250 evil\r\n" }, { ERR, SMTP_CLIENT_ERROR_PROTOCOL, "tampering" } } },
  { "injection-later", { { OPEN, SMTP_SECURITY_STARTTLS }, { S, 0, "220 hi\r\n" }, { C, 0, "EHLO me.example\r\n" }, { S, 0, "250-server\r\n250 STARTTLS\r\n" },
                         { C, 0, "STARTTLS\r\n" }, { S, 0, "220 go\r\n" }, { S, 0, "2" }, { ERR, SMTP_CLIENT_ERROR_PROTOCOL, "tampering" } } },
  { "ehlo-refused-after-tls", { { OPEN, SMTP_SECURITY_STARTTLS }, { S, 0, "220 hi\r\n" }, { C, 0, "EHLO me.example\r\n" }, { S, 0, "250-server\r\n250 STARTTLS\r\n" },
                                { C, 0, "STARTTLS\r\n" }, { S, 0, "220 go\r\n" }, { TLS }, { C, 0, "EHLO me.example\r\n" }, { S, 0, "502 no\r\n" },
                                { ERR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "502 no" }, { STATE, SMTP_CLIENT_STATE_BROKEN } } },
  { "implicit", { { OPEN, SMTP_SECURITY_TLS }, { WANT, SMTP_ENGINE_TLS }, { TLS }, { WANT, SMTP_ENGINE_READ }, EHLO_PLAIN } },
  { "own-starttls", { OPENED_WITH ("250 STARTTLS\r\n"), { DO, SMTP_COMMAND_STARTTLS }, { C, 0, "STARTTLS\r\n" }, { S, 0, "454 no\r\n" },
                      { ERR, SMTP_CLIENT_ERROR_REFUSED_TEMPORARY, "454 no" }, { STATE, SMTP_CLIENT_STATE_READY },
                      { DO, SMTP_COMMAND_STARTTLS }, { C, 0, "STARTTLS\r\n" }, { S, 0, "220 go\r\n" }, { TLS }, { C, 0, "EHLO me.example\r\n" },
                      { S, 0, "250 server\r\n" }, { OK }, { REFUSED, SMTP_CLIENT_ERROR_STATE }, { DO, SMTP_COMMAND_STARTTLS } } },

  /* ---- AUTH ---- */
  { "auth-plain", { OPENED_WITH ("250 AUTH PLAIN\r\n"), { AUTH, 0, "PLAIN", "secret" }, { C, 0, "AUTH PLAIN c2VjcmV0\r\n" }, { S, 0, "235 welcome\r\n" },
                    { WANT, SMTP_ENGINE_AUTH }, { CHALLENGE, FALSE, "welcome" }, KNOWN, { STATE, SMTP_CLIENT_STATE_READY },
                    { REFUSED, SMTP_CLIENT_ERROR_STATE }, { AUTH, 0, "PLAIN", "secret" } } },
  { "auth-empty-response", { OPENED_WITH ("250 AUTH EXTERNAL\r\n"), { AUTH, 0, "EXTERNAL", "" }, { C, 0, "AUTH EXTERNAL\r\n" }, { S, 0, "334 \r\n" },
                             { C, 0, "\r\n" }, { S, 0, "235 ok\r\n" }, KNOWN } },
  { "auth-steps", { OPENED_WITH ("250 AUTH=LOGIN\r\n"), { AUTH, 0, "LOGIN" }, { C, 0, "AUTH LOGIN\r\n" }, { S, 0, "334 VXNlcm5hbWU6\r\n" },
                    { CHALLENGE, TRUE, "Username:" }, { RESPOND, 0, "secret" }, { C, 0, "c2VjcmV0\r\n" }, { S, 0, "334\r\n" },
                    { CHALLENGE, TRUE, "" }, { RESPOND, 0, "" }, { C, 0, "\r\n" }, { S, 0, "235 ok\r\n" }, KNOWN } },
  { "auth-refused", { OPENED_WITH ("250 AUTH PLAIN\r\n"), { AUTH, 0, "PLAIN", "secret" }, { C, 0, "AUTH PLAIN c2VjcmV0\r\n" }, { S, 0, "535-no secret\r\n535 c2VjcmV0\r\n" },
                      { GIVE_UP, SMTP_CLIENT_ERROR_AUTH_REJECTED }, { C, 0, "QUIT\r\n" }, { WANT, SMTP_ENGINE_IDLE }, { ERR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535 no **** ****" }, { STATE, SMTP_CLIENT_STATE_CLOSED } } },
  { "auth-stay", { OPENED_WITH ("250 AUTH PLAIN\r\n"), { STAY }, { AUTH, 0, "PLAIN", "x" }, { C, 0, "AUTH PLAIN eA==\r\n" }, { S, 0, "454 later\r\n" },
                   { GIVE_UP, SMTP_CLIENT_ERROR_AUTH_TEMPORARY }, { ERR, SMTP_CLIENT_ERROR_AUTH_TEMPORARY, "454 later" }, { STATE, SMTP_CLIENT_STATE_READY },
                   { AUTH, 0, "PLAIN", "x" }, { C, 0, "AUTH PLAIN eA==\r\n" }, { S, 0, "235 ok\r\n" }, KNOWN } },
  { "auth-bad-base64", { OPENED_WITH ("250 AUTH LOGIN\r\n"), { STAY }, { AUTH, 0, "LOGIN" }, { C, 0, "AUTH LOGIN\r\n" }, { S, 0, "334 a*b=\r\n" },
                         { C, 0, "*\r\n" }, { S, 0, "501 aborted\r\n" }, { GIVE_UP, SMTP_CLIENT_ERROR_PROTOCOL }, { ERR, SMTP_CLIENT_ERROR_PROTOCOL, "base64" }, { STATE, SMTP_CLIENT_STATE_READY } } },
  { "auth-abort", { OPENED_WITH ("250 AUTH LOGIN\r\n"), { AUTH, 0, "LOGIN" }, { C, 0, "AUTH LOGIN\r\n" }, { S, 0, "334 \r\n" }, { ABORT },
                    { C, 0, "*\r\n" }, { S, 0, "501 aborted\r\n" }, { GIVE_UP, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE }, { C, 0, "QUIT\r\n" }, { ERR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "given up" }, { STATE, SMTP_CLIENT_STATE_CLOSED } } },
  { "auth-abort-ignored", { OPENED_WITH ("250 AUTH LOGIN\r\n"), { AUTH, 0, "LOGIN" }, { C, 0, "AUTH LOGIN\r\n" }, { S, 0, "334 \r\n" }, { ABORT },
                            { C, 0, "*\r\n" }, { S, 0, "334 UGFzc3dvcmQ6\r\n" }, { ERR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "given up" }, { STATE, SMTP_CLIENT_STATE_BROKEN } } },
  { "auth-distrusted", { OPENED_WITH ("250 AUTH PLAIN\r\n"), { AUTH, 0, "PLAIN", "x" }, { C, 0, "AUTH PLAIN eA==\r\n" }, { S, 0, "235 ok\r\n" }, { ABORT },
                         { ERR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "given up" }, { STATE, SMTP_CLIENT_STATE_BROKEN } } },
  { "auth-not-offered", { OPENED, { REFUSED, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE }, { AUTH, 0, "PLAIN", "x" }, { STATE, SMTP_CLIENT_STATE_READY } } },
  { "auth-malformed-reply", { OPENED_WITH ("250 AUTH PLAIN\r\n"), { AUTH, 0, "PLAIN", "secret" }, { C, 0, "AUTH PLAIN c2VjcmV0\r\n" }, { S, 0, "you said secret\r\n" },
                              { ERR, SMTP_CLIENT_ERROR_PROTOCOL, "during authentication" } } },
  { "auth-421", { OPENED_WITH ("250 AUTH PLAIN\r\n"), { AUTH, 0, "PLAIN", "secret" }, { C, 0, "AUTH PLAIN c2VjcmV0\r\n" }, { S, 0, "421 bye\r\n" }, { ERR, SMTP_CLIENT_ERROR_SERVICE_CLOSED, "421 bye" } } },
  { "auth-retry", { OPENED_WITH ("250 AUTH PLAIN LOGIN\r\n"), { AUTH, 0, "LOGIN" }, { C, 0, "AUTH LOGIN\r\n" }, { S, 0, "504 what\r\n" }, { WANT, SMTP_ENGINE_AUTH },
                    { RETRY }, { AUTH, 0, "PLAIN", "x" }, { C, 0, "AUTH PLAIN eA==\r\n" }, { S, 0, "235 ok\r\n" }, KNOWN } },
  { "auth-refused-421", { OPENED_WITH ("250 AUTH PLAIN\r\n"), { AUTH, 0, "PLAIN", "x" }, { C, 0, "AUTH PLAIN eA==\r\n" }, { S, 0, "535 no\r\n421 bye\r\n" },
                          { WANT, SMTP_ENGINE_FAILED }, { ERR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535 no" }, { STATE, SMTP_CLIENT_STATE_BROKEN } } },
  { "auth-more", { OPENED_WITH ("250-AUTH PLAIN\r\n250 X-BEFORE\r\n"), { AUTH, 0, "PLAIN", "x" }, { C, 0, "AUTH PLAIN eA==\r\n" }, { S, 0, "235 ok\r\n" }, { CONFIRM },
                   { C, 0, "EHLO me.example\r\n" }, { OFFERS, 0, "X-BEFORE" }, { S, 0, "250-server\r\n250 X-AFTER\r\n" }, { OK }, { OFFERS, 0, "X-AFTER" }, { LACKS, 0, "X-BEFORE" } } },
  { "auth-no-more", { OPENED_WITH ("250-AUTH PLAIN\r\n250 X-BEFORE\r\n"), { AUTH, 0, "PLAIN", "x" }, { C, 0, "AUTH PLAIN eA==\r\n" }, { S, 0, "235 ok\r\n" }, { CONFIRM },
                      { C, 0, "EHLO me.example\r\n" }, { S, 0, "503 said already\r\n" }, { OK }, { OFFERS, 0, "X-BEFORE" }, { STATE, SMTP_CLIENT_STATE_READY } } },
  { "auth-then-354", { OPENED_WITH ("250 AUTH PLAIN\r\n"), { AUTH, 0, "PLAIN", "x" }, { C, 0, "AUTH PLAIN eA==\r\n" }, { S, 0, "235 ok\r\n" }, { CONFIRM },
                       { C, 0, "EHLO me.example\r\n" }, { S, 0, "354 go\r\n" }, { ERR, SMTP_CLIENT_ERROR_PROTOCOL, "354 go" }, { STATE, SMTP_CLIENT_STATE_BROKEN } } },
  { "auth-then-421", { OPENED_WITH ("250 AUTH PLAIN\r\n"), { AUTH, 0, "PLAIN", "x" }, { C, 0, "AUTH PLAIN eA==\r\n" }, { S, 0, "235 ok\r\n" }, { CONFIRM },
                       { C, 0, "EHLO me.example\r\n" }, { S, 0, "421 bye\r\n" }, { ERR, SMTP_CLIENT_ERROR_SERVICE_CLOSED, "421 bye" } } },

  /* ---- a message ---- */
  { "message", { IN_DATA, { BODY, 0, "a\n.b" }, { WANT, SMTP_ENGINE_BODY }, { FLUSH }, { C, 0, "a\r\n..b" }, { BODY, 0, "c" }, { END_BODY }, { C, 0, "c\r\n.\r\n" },
                 { S, 0, "250 queued\r\n" }, { OK }, { STATE, SMTP_CLIENT_STATE_READY } } },
  { "mail-any-2yz", { OPENED, { DO, SMTP_COMMAND_MAIL, "a@b.example" }, { C, 0, "MAIL FROM:<a@b.example>\r\n" }, { S, 0, "271\r\n" }, { OK }, { STATE, SMTP_CLIENT_STATE_MAIL } } },
  { "rcpt-refused", { OPENED, MAILED, { DO, SMTP_COMMAND_RCPT, "x@d.example" }, { C, 0, "RCPT TO:<x@d.example>\r\n" }, { S, 0, "571 no\r\n" },
                      { ERR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "571 no" }, { STATE, SMTP_CLIENT_STATE_RCPT } } },
  { "data-refused", { OPENED, MAILED, { DO, SMTP_COMMAND_DATA }, { C, 0, "DATA\r\n" }, { S, 0, "451 no\r\n" }, { ERR, SMTP_CLIENT_ERROR_REFUSED_TEMPORARY, "451 no" }, { STATE, SMTP_CLIENT_STATE_RCPT } } },
  { "data-250", { OPENED, MAILED, { DO, SMTP_COMMAND_DATA }, { C, 0, "DATA\r\n" }, { S, 0, "250 no\r\n" }, { ERR, SMTP_CLIENT_ERROR_PROTOCOL, "does not fit" }, { STATE, SMTP_CLIENT_STATE_BROKEN } } },
  { "verdict-552", { IN_DATA, { END_BODY }, { C, 0, ".\r\n" }, { S, 0, "552 big\r\n" }, { ERR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "552 big" }, { STATE, SMTP_CLIENT_STATE_READY } } },
  { "verdict-421", { IN_DATA, { END_BODY }, { C, 0, ".\r\n" }, { S, 0, "421 bye\r\n" }, { ERR, SMTP_CLIENT_ERROR_SERVICE_CLOSED, "421 bye" } } },
  { "verdict-354", { IN_DATA, { END_BODY }, { C, 0, ".\r\n" }, { S, 0, "354 go\r\n" }, { ERR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN, "354 go" } } },
  { "verdict-garbage", { IN_DATA, { END_BODY }, { C, 0, ".\r\n" }, { S, 0, "hm\r\n" }, { ERR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN, "hm" } } },
  { "early-552", { IN_DATA, { BODY, 0, "abc" }, { S, 0, "552 big\r\n" }, { WANT, SMTP_ENGINE_FAILED }, { ERR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "552 big" }, { STATE, SMTP_CLIENT_STATE_BROKEN } } },
  { "early-250", { IN_DATA, { BODY, 0, "abc" }, { S, 0, "250 fine\r\n" }, { ERR, SMTP_CLIENT_ERROR_PROTOCOL, "nobody asked for" } } },
  { "reply-before-dot-left", { IN_DATA, { END_BODY }, { S, 0, "250 fine\r\n" }, { ERR, SMTP_CLIENT_ERROR_PROTOCOL, "nobody asked for" } } },
  { "refusal-before-dot-left", { IN_DATA, { END_BODY }, { S, 0, "554 no\r\n" }, { ERR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "554 no" }, { STATE, SMTP_CLIENT_STATE_BROKEN } } },
  { "lost-before-dot", { IN_DATA, { BODY, 0, "abc" }, { END_BODY }, { FAIL }, { ERR, SMTP_CLIENT_ERROR_BROKEN, "lost" } } },
  { "lost-after-dot", { IN_DATA, { BODY, 0, "abc" }, { END_BODY }, { C, 0, "abc\r\n.\r\n" }, { FAIL }, { ERR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN, "lost" } } },
  { "duplicate-verdict", { IN_DATA, { END_BODY }, { C, 0, ".\r\n" }, { S, 0, "250 queued\r\n250 queued\r\n" }, { OK }, { STATE, SMTP_CLIENT_STATE_BROKEN },
                           { REFUSED, SMTP_CLIENT_ERROR_BROKEN }, { DO, SMTP_COMMAND_NOOP } } },
  { "421-behind-verdict", { IN_DATA, { END_BODY }, { C, 0, ".\r\n" }, { S, 0, "250 queued\r\n421 bye\r\n" }, { OK }, { STATE, SMTP_CLIENT_STATE_BROKEN } } },

  /* ---- the rest ---- */
  { "reset", { OPENED, MAILED, { DO, SMTP_COMMAND_RSET }, { C, 0, "RSET\r\n" }, { S, 0, "250 ok\r\n" }, { OK }, { STATE, SMTP_CLIENT_STATE_READY } } },
  { "own-command", { OPENED, { DO, SMTP_COMMAND_OTHER, "XYZ a b" }, { C, 0, "XYZ a b\r\n" }, { S, 0, "599 no\r\n" }, { OK }, { STATE, SMTP_CLIENT_STATE_READY },
                     { DO, SMTP_COMMAND_OTHER, "XYZ" }, { C, 0, "XYZ\r\n" }, { S, 0, "354 go\r\n" }, { ERR, SMTP_CLIENT_ERROR_PROTOCOL, "354 go" } } },
  { "quit", { OPENED, { DO, SMTP_COMMAND_QUIT }, { C, 0, "QUIT\r\n" }, { S, 0, "221 bye\r\n" }, { OK }, { STATE, SMTP_CLIENT_STATE_CLOSED } } },
  { "quit-500", { OPENED, { DO, SMTP_COMMAND_QUIT }, { C, 0, "QUIT\r\n" }, { S, 0, "500 what\r\n" }, { OK }, { STATE, SMTP_CLIENT_STATE_CLOSED } } },
  { "quit-eof", { OPENED, { DO, SMTP_COMMAND_QUIT }, { C, 0, "QUIT\r\n" }, { HANG_UP, TRUE }, { OK }, { STATE, SMTP_CLIENT_STATE_CLOSED } } },
  { "noop-eof", { OPENED, { DO, SMTP_COMMAND_NOOP }, { C, 0, "NOOP\r\n" }, { HANG_UP, FALSE } } },
  { "second-hello", { OPENED_WITH ("250 SIZE\r\n"), { DO, SMTP_COMMAND_EHLO, "you.example" }, { C, 0, "EHLO you.example\r\n" }, { S, 0, "503 no\r\n" },
                      { ERR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "503 no" }, { OFFERS, 0, "SIZE" }, { STATE, SMTP_CLIENT_STATE_READY } } },

  /* ---- several at once ---- */
  { "pipelined", { OPENED_WITH ("250 PIPELINING\r\n"), { DO, SMTP_COMMAND_MAIL, "a@b.example" }, { DO, SMTP_COMMAND_RCPT, "c@d.example" }, { DO, SMTP_COMMAND_RCPT, "e@f.example" },
                   { C, 0, "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<e@f.example>\r\n" },
                   { S, 0, "250 a\r\n550 c\r\n250 e\r\n" }, { ERR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "550 c" }, { STATE, SMTP_CLIENT_STATE_RCPT } } },
  { "pipelined-refused-mail", { OPENED_WITH ("250 PIPELINING\r\n"), { DO, SMTP_COMMAND_MAIL, "a@b.example" }, { DO, SMTP_COMMAND_RCPT, "c@d.example" },
                                { C, 0, "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n" }, { S, 0, "550 a\r\n503 c\r\n" },
                                { ERR, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, "550 a" }, { STATE, SMTP_CLIENT_STATE_READY } } },
  { "not-pipelined", { OPENED, { DO, SMTP_COMMAND_MAIL, "a@b.example" }, { REFUSED, SMTP_CLIENT_ERROR_STATE }, { DO, SMTP_COMMAND_RCPT, "c@d.example" },
                       { C, 0, "MAIL FROM:<a@b.example>\r\n" } } },
  { "not-behind-noop", { OPENED_WITH ("250 PIPELINING\r\n"), { DO, SMTP_COMMAND_NOOP }, { REFUSED, SMTP_CLIENT_ERROR_STATE }, { DO, SMTP_COMMAND_NOOP }, { C, 0, "NOOP\r\n" } } },
};

/* ---- the runner ------------------------------------------------------------ */

typedef struct
{
  SmtpEngine *engine;
  Pieces      pieces;
  const char *where;
  int         refused; /* the code that the next operation must fail with; -1 */
  GString    *log;
} Run;

static void
feed (Run        *run,
      const char *text)
{
  gsize left = strlen (text);

  while (left > 0)
    {
      gsize n = piece_length (run->pieces, text, left);

      smtp_engine_feed (run->engine, text, n);
      text += n;
      left -= n;
    }
}

/* Takes the output a few octets at a time, as a slow network does. */
static void
expect_output (Run        *run,
               const char *expected)
{
  g_autoptr (GString) sent = g_string_new (NULL);

  while (smtp_engine_next (run->engine) == SMTP_ENGINE_WRITE)
    {
      gsize length;
      const guint8 *output = smtp_engine_get_output (run->engine, &length);

      length = run->pieces == PIECES_OCTETS ? 1 : length;
      g_string_append_len (sent, (const char *) output, length);
      smtp_engine_wrote (run->engine, length);
    }

  if (strcmp (sent->str, expected) != 0)
    g_error ("%s: “%s” was sent instead of “%s”", run->where, sent->str, expected);
}

/* What failed must have left nothing behind. */
static void
began (Run      *run,
       gboolean  success,
       GError   *error)
{
  gsize length;

  if (run->refused < 0)
    {
      g_assert_no_error (error);
      g_assert_true (success);
      return;
    }

  g_assert_false (success);
  g_assert_error (error, SMTP_CLIENT_ERROR, run->refused);
  smtp_engine_get_output (run->engine, &length);
  if (smtp_engine_next (run->engine) != SMTP_ENGINE_WRITE)
    g_assert_cmpuint (length, ==, 0);
  run->refused = -1;
  g_error_free (error);
}

static void
expect_error (Run        *run,
              int         code,
              const char *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (smtp_engine_finish (run->engine, &error));
  if (!g_error_matches (error, SMTP_CLIENT_ERROR, code) || strstr (error->message, part) == NULL)
    g_error ("%s: %d and “%s” instead of %d and “%s”", run->where, error->code, error->message, code, part);
  g_assert_null (strstr (error->message, "secret"));
}

static void
expect_challenge (Run        *run,
                  gboolean    more,
                  const char *text)
{
  gboolean has_more;
  GBytes *challenge = smtp_engine_get_challenge (run->engine, &has_more);

  g_assert_cmpint (smtp_engine_next (run->engine), ==, SMTP_ENGINE_AUTH);
  g_assert_cmpint (has_more, ==, more);
  g_assert_cmpmem (g_bytes_get_data (challenge, NULL), g_bytes_get_size (challenge), text, strlen (text));
}

static GError *
new_error (SmtpClientError code,
           const char     *message)
{
  return g_error_new_literal (SMTP_CLIENT_ERROR, code, message);
}

static void
run_auth_step (Run        *run,
               const Step *step)
{
  GError *error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gboolean success;

  switch (step->kind)
    {
    case AUTH:
      if (step->more != NULL)
        bytes = g_bytes_new_static (step->more, strlen (step->more));
      success = smtp_engine_auth (run->engine, step->text, bytes, &error);
      began (run, success, error);
      break;
    case RESPOND:
      bytes = g_bytes_new_static (step->text, strlen (step->text));
      smtp_engine_auth_respond (run->engine, bytes);
      break;
    case CONFIRM:
      smtp_engine_auth_confirm (run->engine);
      break;
    case ABORT:
      smtp_engine_auth_abort (run->engine, new_error (SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, "given up"));
      break;
    case GIVE_UP:
      g_assert_cmpint (smtp_engine_next (run->engine), ==, SMTP_ENGINE_AUTH);
      g_assert_error (smtp_engine_get_auth_refusal (run->engine), SMTP_CLIENT_ERROR, step->number);
      smtp_engine_auth_give_up (run->engine);
      break;
    case RETRY:
      smtp_engine_auth_retry (run->engine);
      break;
    case CHALLENGE:
      expect_challenge (run, step->number, step->text);
      break;
    case STAY:
      smtp_engine_set_stay_open (run->engine, TRUE);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
run_check (Run        *run,
           const Step *step)
{
  g_autoptr (GError) error = NULL;
  SmtpCapabilitySet *capabilities = smtp_engine_get_capabilities (run->engine);

  switch (step->kind)
    {
    case WANT:
      g_assert_cmpint (smtp_engine_next (run->engine), ==, step->number);
      break;
    case OK:
      smtp_engine_finish (run->engine, &error);
      g_assert_no_error (error);
      break;
    case ERR:
      expect_error (run, step->number, step->text);
      break;
    case STATE:
      g_assert_cmpint (smtp_engine_get_state (run->engine), ==, step->number);
      break;
    case OFFERS:
      g_assert_nonnull (smtp_capability_set_lookup (capabilities, step->text));
      break;
    case LACKS:
      g_assert_null (smtp_capability_set_lookup (capabilities, step->text));
      break;
    default:
      run_auth_step (run, step);
    }
}

static void
run_step (Run        *run,
          const Step *step)
{
  GError *error = NULL;
  gboolean success;

  switch (step->kind)
    {
    case S:
      feed (run, step->text);
      break;
    case C:
      expect_output (run, step->text);
      break;
    case OPEN:
      success = smtp_engine_open (run->engine, step->number, "me.example", &error);
      began (run, success, error);
      break;
    case DO:
      success = smtp_engine_submit (run->engine, step->number, step->text, NULL, &error);
      began (run, success, error);
      break;
    case BODY:
      g_assert_cmpuint (smtp_engine_body (run->engine, step->text, strlen (step->text)), ==, strlen (step->text));
      break;
    case FLUSH:
      smtp_engine_flush_body (run->engine);
      break;
    case END_BODY:
      smtp_engine_end_body (run->engine);
      break;
    case TLS:
      g_assert_cmpint (smtp_engine_next (run->engine), ==, SMTP_ENGINE_TLS);
      smtp_engine_tls_done (run->engine);
      break;
    case FAIL:
      smtp_engine_fail (run->engine, new_error (SMTP_CLIENT_ERROR_BROKEN, "lost"));
      break;
    case HANG_UP:
      g_assert_cmpint (smtp_engine_feed_eof (run->engine), ==, step->number);
      break;
    case REFUSED:
      run->refused = step->number;
      break;
    default:
      run_check (run, step);
    }
}

/* Nothing of the log may be dirty, or a secret. */
static void
check_log (Run *run)
{
  g_autoptr (GPtrArray) log = smtp_engine_take_log (run->engine);

  for (guint i = 0; log != NULL && i < log->len; i++)
    {
      const SmtpLogLine *line = g_ptr_array_index (log, i);

      g_assert_true (g_utf8_validate (line->text, -1, NULL));
      g_assert_null (strpbrk (line->text, "\r\n"));
      g_assert_null (strstr (line->text, "secret"));
      g_assert_null (strstr (line->text, "c2VjcmV0"));
    }
}

static void
run_transcript (gconstpointer data)
{
  const Transcript *transcript = data;

  for (Pieces pieces = 0; pieces < N_PIECES; pieces++)
    {
      g_autoptr (SmtpEngine) engine = smtp_engine_new ("mail.example");
      Run run = { .engine = engine, .pieces = pieces, .where = transcript->name, .refused = -1 };

      smtp_engine_set_log (engine, TRUE);
      for (const Step *step = transcript->steps; step->kind != END; step++)
        run_step (&run, step);
      g_assert_cmpint (run.refused, ==, -1);
      check_log (&run);
    }
}

/* ---- what no transcript shows ------------------------------------------------- */

static SmtpEngine *
open_engine (const char *extensions)
{
  SmtpEngine *engine = smtp_engine_new ("mail.example");
  Run run = { .engine = engine, .where = "open", .refused = -1 };
  g_autofree char *ehlo = g_strconcat ("250-server\r\n", extensions, NULL);

  g_assert_true (smtp_engine_open (engine, SMTP_SECURITY_NONE, "me.example", NULL));
  feed (&run, "220 hi\r\n");
  expect_output (&run, "EHLO me.example\r\n");
  feed (&run, ehlo);
  g_assert_true (smtp_engine_finish (engine, NULL));
  return engine;
}

/* A response that would make the AUTH line longer than 512 octets. */
static void
test_withheld_response (void)
{
  for (gsize length = 360; length < 400; length++)
    {
      g_autoptr (SmtpEngine) engine = open_engine ("250 AUTH PLAIN\r\n");
      g_autofree char *response = g_strnfill (length, 'x');
      g_autofree char *encoded = g_base64_encode ((const guchar *) response, length);
      g_autofree char *whole = g_strdup_printf ("AUTH PLAIN %s\r\n", encoded);
      g_autofree char *line = g_strdup_printf ("%s\r\n", encoded);
      g_autoptr (GBytes) bytes = g_bytes_new_static (response, length);
      Run run = { .engine = engine, .where = "withheld", .refused = -1 };

      g_assert_true (smtp_engine_auth (engine, "PLAIN", bytes, NULL));
      if (strlen (whole) <= 512)
        {
          expect_output (&run, whole);
          continue;
        }
      expect_output (&run, "AUTH PLAIN\r\n");
      feed (&run, "334 \r\n");
      expect_output (&run, line);
    }
}

static void
test_endless_challenges (void)
{
  g_autoptr (SmtpEngine) engine = open_engine ("250 AUTH LOGIN\r\n");
  g_autoptr (GBytes) response = g_bytes_new_static ("x", 1);
  Run run = { .engine = engine, .where = "endless", .refused = -1 };
  guint rounds = 0;

  g_assert_true (smtp_engine_auth (engine, "LOGIN", NULL, NULL));
  expect_output (&run, "AUTH LOGIN\r\n");
  for (;;)
    {
      feed (&run, "334 eA==\r\n");
      if (smtp_engine_next (engine) != SMTP_ENGINE_AUTH)
        break;
      g_assert_cmpuint (rounds++, <, 1000);
      smtp_engine_auth_respond (engine, response);
      expect_output (&run, "eA==\r\n");
    }
  expect_output (&run, "*\r\n");
  feed (&run, "501 ok\r\n");
  expect_error (&run, SMTP_CLIENT_ERROR_PROTOCOL, "end");
}

/* The time for a reply begins with the command and with each reply; octets in
 * between do not move it. */
static void
test_progress (void)
{
  g_autoptr (SmtpEngine) engine = open_engine ("250 SIZE\r\n");
  Run run = { .engine = engine, .where = "progress", .refused = -1 };
  guint before = smtp_engine_get_progress (engine);

  g_assert_true (smtp_engine_submit (engine, SMTP_COMMAND_MAIL, "a@b.example", NULL, NULL));
  g_assert_cmpuint (smtp_engine_get_progress (engine), !=, before);
  g_assert_cmpint (smtp_engine_get_phase (engine), ==, SMTP_PHASE_ORDINARY);
  before = smtp_engine_get_progress (engine);
  expect_output (&run, "MAIL FROM:<a@b.example>\r\n");
  feed (&run, "250-a\r\n250-b\r\n250 ");
  g_assert_cmpuint (smtp_engine_get_progress (engine), ==, before);
  feed (&run, "c\r\n");
  g_assert_cmpuint (smtp_engine_get_progress (engine), !=, before);

  g_assert_true (smtp_engine_submit (engine, SMTP_COMMAND_RCPT, "a@b.example", NULL, NULL));
  expect_output (&run, "RCPT TO:<a@b.example>\r\n");
  feed (&run, "250 ok\r\n");
  g_assert_true (smtp_engine_submit (engine, SMTP_COMMAND_DATA, NULL, NULL, NULL));
  g_assert_cmpint (smtp_engine_get_phase (engine), ==, SMTP_PHASE_DATA);
  expect_output (&run, "DATA\r\n");
  feed (&run, "354 ok\r\n");
  smtp_engine_body (engine, "x", 1);
  smtp_engine_flush_body (engine);
  g_assert_cmpint (smtp_engine_get_phase (engine), ==, SMTP_PHASE_BLOCK);
  expect_output (&run, "x");
  smtp_engine_end_body (engine);
  expect_output (&run, "\r\n.\r\n");
  g_assert_cmpint (smtp_engine_get_phase (engine), ==, SMTP_PHASE_VERDICT);
}

/* Every command where it does not belong. */
static void
test_order (void)
{
  static const struct
  {
    SmtpCommand command;
    const char *argument;
    const char *allowed; /* N new, R ready, M mail, C rcpt */
  } commands[] = {
    { SMTP_COMMAND_MAIL, "a@b.example", "R" }, { SMTP_COMMAND_RCPT, "a@b.example", "MC" }, { SMTP_COMMAND_DATA, NULL, "C" },
    { SMTP_COMMAND_RSET, NULL, "RMC" }, { SMTP_COMMAND_NOOP, NULL, "RMC" }, { SMTP_COMMAND_VRFY, "a", "RMC" },
    { SMTP_COMMAND_EXPN, "a", "RMC" }, { SMTP_COMMAND_HELP, NULL, "RMC" }, { SMTP_COMMAND_QUIT, NULL, "RMC" },
    { SMTP_COMMAND_OTHER, "X", "RMC" }, { SMTP_COMMAND_EHLO, "x.example", "R" }, { SMTP_COMMAND_STARTTLS, NULL, "R" },
  };

  for (const char *state = "NRMC"; *state != '\0'; state++)
    for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
      {
        g_autoptr (SmtpEngine) engine = *state == 'N' ? smtp_engine_new ("mail.example") : open_engine ("250 STARTTLS\r\n");
        g_autoptr (GError) error = NULL;
        Run run = { .engine = engine, .where = "order", .refused = -1 };
        gboolean allowed = strchr (commands[i].allowed, *state) != NULL;

        if (*state == 'M' || *state == 'C')
          {
            smtp_engine_submit (engine, SMTP_COMMAND_MAIL, "a@b.example", NULL, NULL);
            expect_output (&run, "MAIL FROM:<a@b.example>\r\n");
            feed (&run, "250 ok\r\n");
          }
        if (*state == 'C')
          {
            smtp_engine_submit (engine, SMTP_COMMAND_RCPT, "a@b.example", NULL, NULL);
            expect_output (&run, "RCPT TO:<a@b.example>\r\n");
            feed (&run, "250 ok\r\n");
          }
        g_assert_cmpint (smtp_engine_submit (engine, commands[i].command, commands[i].argument, NULL, &error), ==, allowed);
        if (allowed)
          g_assert_no_error (error);
        else
          {
            g_assert_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE);
            expect_output (&run, "");
          }
      }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (transcripts); i++)
    {
      g_autofree char *path = g_strconcat ("/engine/", transcripts[i].name, NULL);

      g_test_add_data_func (path, &transcripts[i], run_transcript);
    }
  g_test_add_func ("/engine/withheld-response", test_withheld_response);
  g_test_add_func ("/engine/endless-challenges", test_endless_challenges);
  g_test_add_func ("/engine/progress", test_progress);
  g_test_add_func ("/engine/order", test_order);

  return g_test_run ();
}
