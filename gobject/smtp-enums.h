/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_ENUMS_H
#define SMTP_ENUMS_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include <glib.h>

#include "smtp-version.h"

G_BEGIN_DECLS

/**
 * SmtpSecurity:
 * @SMTP_SECURITY_NONE: no TLS. The connection stays in clear text.
 * @SMTP_SECURITY_OPPORTUNISTIC: STARTTLS (RFC 3207) when the server offers it.
 *   A server that does not offer it is spoken to in clear text; one that
 *   offers it and then refuses, or shows a certificate that nobody accepts,
 *   is an error. An attacker in between can hide the offer, so this protects
 *   against listening only.
 * @SMTP_SECURITY_STARTTLS: STARTTLS is required.
 * @SMTP_SECURITY_TLS: implicit TLS (RFC 8314): the handshake comes before the
 *   greeting.
 *
 * How a connection is secured.
 *
 * Since: 1.0
 */
typedef enum {
  SMTP_SECURITY_NONE,
  SMTP_SECURITY_OPPORTUNISTIC,
  SMTP_SECURITY_STARTTLS,
  SMTP_SECURITY_TLS,
} SmtpSecurity;

/**
 * SmtpClientState:
 * @SMTP_CLIENT_STATE_NEW: not opened yet
 * @SMTP_CLIENT_STATE_OPENING: connecting, or between the first octet and the
 *   end of the greeting and EHLO
 * @SMTP_CLIENT_STATE_READY: open, outside a mail transaction
 * @SMTP_CLIENT_STATE_MAIL: the server has accepted a sender
 * @SMTP_CLIENT_STATE_RCPT: the server has accepted at least one recipient
 * @SMTP_CLIENT_STATE_DATA: the content is being sent, or its verdict is awaited
 * @SMTP_CLIENT_STATE_CLOSED: ended in good order, or by
 *   [method@Client.close]
 * @SMTP_CLIENT_STATE_BROKEN: ended by an error: a lost connection, a time-out,
 *   a cancelled command, a reply that is no SMTP
 *
 * Where a [class@Client] stands.
 *
 * A client is opened once: from [enum@Smtp.ClientState.closed] and
 * [enum@Smtp.ClientState.broken] no way leads back.
 *
 * Since: 1.0
 */
typedef enum {
  SMTP_CLIENT_STATE_NEW,
  SMTP_CLIENT_STATE_OPENING,
  SMTP_CLIENT_STATE_READY,
  SMTP_CLIENT_STATE_MAIL,
  SMTP_CLIENT_STATE_RCPT,
  SMTP_CLIENT_STATE_DATA,
  SMTP_CLIENT_STATE_CLOSED,
  SMTP_CLIENT_STATE_BROKEN,
} SmtpClientState;

/**
 * SmtpDirection:
 * @SMTP_DIRECTION_SENT: from the client to the server
 * @SMTP_DIRECTION_RECEIVED: from the server to the client
 *
 * Which way a line of [signal@Client::transcript] went.
 *
 * Since: 1.0
 */
typedef enum {
  SMTP_DIRECTION_SENT,
  SMTP_DIRECTION_RECEIVED,
} SmtpDirection;

/**
 * SmtpOutcome:
 * @SMTP_OUTCOME_NOT_SENT: the message was not handed over. It can be sent
 *   again, over this connection or another.
 * @SMTP_OUTCOME_ACCEPTED: the server has taken it for every recipient
 * @SMTP_OUTCOME_PARTIAL: the server has taken it for some recipients and
 *   refused others: see [property@Recipient:accepted]
 * @SMTP_OUTCOME_REJECTED: the server refused it, the sender, or every
 *   recipient
 * @SMTP_OUTCOME_UNKNOWN: all of it was handed over and no verdict came. The
 *   server may have taken it: to send it again may deliver it twice.
 *
 * What became of a message.
 *
 * Since: 1.0
 */
typedef enum {
  SMTP_OUTCOME_NOT_SENT,
  SMTP_OUTCOME_ACCEPTED,
  SMTP_OUTCOME_PARTIAL,
  SMTP_OUTCOME_REJECTED,
  SMTP_OUTCOME_UNKNOWN,
} SmtpOutcome;

/**
 * SmtpRecipients:
 * @SMTP_RECIPIENTS_ANY: the message goes to those the server accepts
 * @SMTP_RECIPIENTS_ALL: the message goes to all or to nobody
 *
 * What happens when the server refuses some of the recipients.
 *
 * Since: 1.0
 */
typedef enum {
  SMTP_RECIPIENTS_ANY,
  SMTP_RECIPIENTS_ALL,
} SmtpRecipients;

/**
 * SmtpBody:
 * @SMTP_BODY_AUTO: text. `BODY=8BITMIME` is said to every server that knows
 *   it, and octets over 127 are an error with one that does not.
 * @SMTP_BODY_7BIT: text of octets up to 127; others are an error
 * @SMTP_BODY_8BITMIME: text of any octets (RFC 6152)
 * @SMTP_BODY_BINARYMIME: octets, which leave as they are, line ends included
 *   (RFC 3030). The server must offer BINARYMIME and CHUNKING.
 *
 * What the content of a message is made of.
 *
 * Since: 1.0
 */
typedef enum {
  SMTP_BODY_AUTO,
  SMTP_BODY_7BIT,
  SMTP_BODY_8BITMIME,
  SMTP_BODY_BINARYMIME,
} SmtpBody;

/**
 * SmtpDsnReturn:
 * @SMTP_DSN_RETURN_DEFAULT: as the server likes
 * @SMTP_DSN_RETURN_FULL: the whole message
 * @SMTP_DSN_RETURN_HEADERS: its header only
 *
 * How much of the message a report about a failed delivery brings back
 * (RFC 3461 §4.3).
 *
 * Since: 1.0
 */
typedef enum {
  SMTP_DSN_RETURN_DEFAULT,
  SMTP_DSN_RETURN_FULL,
  SMTP_DSN_RETURN_HEADERS,
} SmtpDsnReturn;

/**
 * SmtpDsnNotify:
 * @SMTP_DSN_NOTIFY_DEFAULT: as the server likes, which is on failure
 * @SMTP_DSN_NOTIFY_SUCCESS: when it was delivered
 * @SMTP_DSN_NOTIFY_FAILURE: when it cannot be delivered
 * @SMTP_DSN_NOTIFY_DELAY: when it takes longer than usual
 * @SMTP_DSN_NOTIFY_NEVER: not at all; stands alone
 *
 * When a report about a recipient is wanted (RFC 3461 §4.1).
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/ {
  SMTP_DSN_NOTIFY_DEFAULT = 0,
  SMTP_DSN_NOTIFY_SUCCESS = 1 << 0,
  SMTP_DSN_NOTIFY_FAILURE = 1 << 1,
  SMTP_DSN_NOTIFY_DELAY = 1 << 2,
  SMTP_DSN_NOTIFY_NEVER = 1 << 3,
} SmtpDsnNotify;

/**
 * SmtpDeliverBy:
 * @SMTP_DELIVER_BY_NONE: no time is set
 * @SMTP_DELIVER_BY_RETURN: what is late is returned instead of delivered
 * @SMTP_DELIVER_BY_NOTIFY: what is late is delivered, and the sender is told
 *
 * What happens to a message that is not delivered in time (RFC 2852).
 *
 * Since: 1.0
 */
typedef enum {
  SMTP_DELIVER_BY_NONE,
  SMTP_DELIVER_BY_RETURN,
  SMTP_DELIVER_BY_NOTIFY,
} SmtpDeliverBy;

G_END_DECLS

#endif
