/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-error.h"

/**
 * smtp_client_error_quark:
 *
 * The domain of [error@ClientError].
 *
 * Returns: the quark
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (smtp-client-error-quark, smtp_client_error)
