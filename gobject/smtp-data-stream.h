/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_DATA_STREAM_H
#define SMTP_DATA_STREAM_H

#include "smtp-client.h"

G_BEGIN_DECLS

#define SMTP_TYPE_DATA_STREAM (smtp_data_stream_get_type ())

G_DECLARE_FINAL_TYPE (SmtpDataStream, smtp_data_stream, SMTP, DATA_STREAM, GOutputStream)

GOutputStream *smtp_data_stream_new (SmtpClient *client);

G_END_DECLS

#endif
