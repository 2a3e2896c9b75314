/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-test-message.h"

G_BEGIN_DECLS

/* Filled once by the session that received it, then never written again:
 * that is what makes it safe to read from any thread. */
struct _SmtpTestMessage
{
  GObject parent_instance;

  guint64 number;             /* the N of "queued as N" */
  char *sender;
  char *sender_params;        /* what followed the path, "" when nothing did */
  char **recipients;
  char **recipient_params;    /* one for each recipient */
  GBytes *content;            /* NULL when the server keeps no content */
  GBytes *raw_content;
  guint64 size;
  char *sha256;
  char *authenticated_as;     /* NULL without AUTH */
  char *client_name;
  gboolean tls;
  gboolean via_bdat;
};

G_END_DECLS
