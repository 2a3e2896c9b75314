/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-error.h"

G_DEFINE_QUARK (smtp-client-error-quark, smtp_client_error)
