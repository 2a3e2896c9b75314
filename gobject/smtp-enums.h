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

G_END_DECLS

#endif
