/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_H
#define SMTP_H

#define SMTP_GLIB_INSIDE

#include "smtp-version.h"

#include "smtp-enums.h"
#include "smtp-enum-types.h"
#include "smtp-error.h"
#include "smtp-reply.h"
#include "smtp-capabilities.h"
#include "smtp-server-info.h"
#include "smtp-credentials.h"
#include "smtp-auth.h"
#include "smtp-auth-pin.h"
#include "smtp-auto-auth.h"
#include "smtp-plain-auth.h"
#include "smtp-login-auth.h"
#include "smtp-cram-md5-auth.h"
#include "smtp-scram-auth.h"
#include "smtp-oauth-failure.h"
#include "smtp-oauthbearer-auth.h"
#include "smtp-xoauth2-auth.h"
#include "smtp-external-auth.h"
#include "smtp-anonymous-auth.h"
#include "smtp-recipient.h"
#include "smtp-message.h"
#include "smtp-client.h"
#include "smtp-send-mail.h"

#undef SMTP_GLIB_INSIDE

#endif
