/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_ERROR_H
#define SMTP_ERROR_H

#if !defined(SMTP_GLIB_INSIDE) && !defined(SMTP_GLIB_COMPILATION)
# error "Only <smtp-glib/smtp.h> can be included directly."
#endif

#include <glib.h>

#include "smtp-version.h"

G_BEGIN_DECLS

/**
 * SMTP_CLIENT_ERROR:
 *
 * The error domain of this library. See [error@ClientError].
 *
 * Since: 1.0
 */
#define SMTP_CLIENT_ERROR (smtp_client_error_quark ())

/**
 * SmtpClientError:
 * @SMTP_CLIENT_ERROR_PROTOCOL: the server sent what is no SMTP, answered out
 *   of turn, or beyond the limits of a reply. The connection is broken.
 * @SMTP_CLIENT_ERROR_INVALID_ARGUMENT: an argument that cannot go onto the
 *   wire: a control character, a malformed address or parameter. Nothing was
 *   written, the connection is as it was.
 * @SMTP_CLIENT_ERROR_STATE: the operation does not fit here: `RCPT` before
 *   `MAIL`, an operation before [method@Client.open]. Nothing was written.
 * @SMTP_CLIENT_ERROR_NOT_SUPPORTED: the server does not offer the extension
 *   that this needs, or the stream cannot be polled. Nothing was written.
 * @SMTP_CLIENT_ERROR_TLS_REQUIRED: TLS was asked for and the server does not
 *   offer it or refuses it; or a password was about to travel in clear text;
 *   or the server demands TLS for this (538).
 * @SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE: the server offers no AUTH, or not this
 *   mechanism (504, 534).
 * @SMTP_CLIENT_ERROR_AUTH_REJECTED: the server refused the credentials (535).
 * @SMTP_CLIENT_ERROR_AUTH_TEMPORARY: the server could not authenticate now
 *   (454 and other 4xx): the credentials may be right.
 * @SMTP_CLIENT_ERROR_REFUSED_TEMPORARY: the server refused with a 4xx reply:
 *   the same may succeed later.
 * @SMTP_CLIENT_ERROR_REFUSED_PERMANENT: the server refused with a 5xx reply.
 * @SMTP_CLIENT_ERROR_SERVICE_CLOSED: the server said 421 and is closing.
 * @SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN: the whole content was handed over, but
 *   the connection ended before the server's verdict: the message may or may
 *   not have been accepted. Sending again may deliver it twice.
 * @SMTP_CLIENT_ERROR_DOWNGRADE: the server offers less protection than it was
 *   known to offer.
 * @SMTP_CLIENT_ERROR_BROKEN: an operation on a connection that has ended. The
 *   message tells why it ended.
 *
 * Errors of this library.
 *
 * The message of each names the server and quotes its reply, made fit for
 * display. Errors of others keep their domains: `G_IO_ERROR_CANCELLED`,
 * `G_IO_ERROR_TIMED_OUT`, `G_IO_ERROR_PENDING` (another operation is running),
 * `G_IO_ERROR_CONNECTION_CLOSED` (the server closed without a word),
 * `G_RESOLVER_ERROR` and `G_TLS_ERROR` among them.
 *
 * Since: 1.0
 */
typedef enum {
  SMTP_CLIENT_ERROR_PROTOCOL,
  SMTP_CLIENT_ERROR_INVALID_ARGUMENT,
  SMTP_CLIENT_ERROR_STATE,
  SMTP_CLIENT_ERROR_NOT_SUPPORTED,
  SMTP_CLIENT_ERROR_TLS_REQUIRED,
  SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
  SMTP_CLIENT_ERROR_AUTH_REJECTED,
  SMTP_CLIENT_ERROR_AUTH_TEMPORARY,
  SMTP_CLIENT_ERROR_REFUSED_TEMPORARY,
  SMTP_CLIENT_ERROR_REFUSED_PERMANENT,
  SMTP_CLIENT_ERROR_SERVICE_CLOSED,
  SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN,
  SMTP_CLIENT_ERROR_DOWNGRADE,
  SMTP_CLIENT_ERROR_BROKEN,
} SmtpClientError;

SMTP_AVAILABLE_IN_1_0
GQuark smtp_client_error_quark (void);

G_END_DECLS

#endif
