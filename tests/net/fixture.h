/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef FIXTURE_H
#define FIXTURE_H

#include <smtp-glib/smtp.h>

#include "smtp-test-server.h"

G_BEGIN_DECLS

/* A scenario is written once and run twice: x_open() and its like are the
 * synchronous call or the asynchronous one, as the fixture says. */
typedef struct
{
  gboolean        async;
  SmtpTestServer *server;
  SmtpClient     *client;
  GCancellable   *cancellable; /* given to every call; NULL by default */
  GError         *error;
  GString        *transcript;
  gconstpointer   row;         /* what add_row_scenario() was given */
} Fixture;

typedef void (*Scenario) (Fixture *f);

/* Adds name/sync and name/async. */
void           add_scenario      (const char         *name,
                                  Scenario            scenario);

/* The same for one row of a table, which each run finds in the fixture. */
void           add_row_scenario  (const char         *name,
                                  Scenario            scenario,
                                  gconstpointer       row);

/* The same for what only asynchronous calls can do. */
void           add_async_scenario (const char        *name,
                                  Scenario            scenario,
                                  gconstpointer       row);

/* What a server offers: the three ways that a message may take. */
extern const char * const offer_chunking[];
extern const char * const offer_pipelining[];
extern const char * const offer_nothing[];

/* The server, and a client of it that has a 10 s time-out. */
void           start_server      (Fixture            *f);
SmtpClient    *new_client        (Fixture            *f,
                                  SmtpSecurity        security);
void           trust_server      (Fixture            *f);
void           open_client       (Fixture            *f);

/* A client of a stream that the test made, of which nothing is known: neither
 * that it stays on the machine nor that it is secure. */
void           open_unknown_stream (Fixture         *f);

/* A client as open_client() makes it; the server remembers the commands from
 * then on. */
void           open_offering     (Fixture            *f,
                                  const char * const *extensions);
void           begin_message     (Fixture            *f);
GOutputStream *begin_content     (Fixture            *f);

/* A message from sender@example.org to user0@example.net and so on. */
SmtpMessage   *make_message      (guint               recipients,
                                  const char         *content);

/* A short content that is on the wire as it is. */
#define CONTENT "Subject: test\r\n\r\nbody\r\n"

/* The last call must have failed like this. Clears the error. */
void           expect_error      (Fixture            *f,
                                  GQuark              domain,
                                  int                 code,
                                  const char         *part_of_message);
void           expect_state      (Fixture            *f,
                                  SmtpClientState     state);
void           expect_no_message (Fixture            *f);
void           expect_content    (Fixture            *f,
                                  guint               index,
                                  const char         *content);
guint          count_commands    (Fixture            *f,
                                  const char         *prefix);

/* The length of all commands the server was sent. */
gsize          count_command_octets (Fixture         *f);

gboolean       x_open            (Fixture            *f);
gboolean       x_hello           (Fixture            *f,
                                  const char         *name);
gboolean       x_start_tls       (Fixture            *f);
gboolean       x_authenticate    (Fixture            *f,
                                  SmtpAuth           *auth);
gboolean       x_mail            (Fixture            *f,
                                  const char         *sender,
                                  const char * const *params);
gboolean       x_rcpt            (Fixture            *f,
                                  const char         *recipient,
                                  const char * const *params);
GOutputStream *x_data            (Fixture            *f);
gboolean       x_reset           (Fixture            *f);
SmtpReply     *x_verify          (Fixture            *f,
                                  const char         *address);
SmtpReply     *x_expand          (Fixture            *f,
                                  const char         *list);
SmtpReply     *x_help            (Fixture            *f,
                                  const char         *topic);
gboolean       x_noop            (Fixture            *f);
SmtpReply     *x_command         (Fixture            *f,
                                  const char         *line);
gboolean       x_quit            (Fixture            *f);
gboolean       x_write           (Fixture            *f,
                                  GOutputStream      *stream,
                                  const void         *bytes,
                                  gsize               length);
gboolean       x_flush           (Fixture            *f,
                                  GOutputStream      *stream);
gboolean       x_close           (Fixture            *f,
                                  GOutputStream      *stream);
gssize         x_splice          (Fixture            *f,
                                  GOutputStream      *stream,
                                  GInputStream       *source,
                                  GOutputStreamSpliceFlags flags);
gboolean       x_send            (Fixture            *f,
                                  SmtpMessage        *message);
gboolean       x_send_mail       (Fixture            *f,
                                  const char         *uri,
                                  SmtpAuth           *auth,
                                  const char         *sender,
                                  const char * const *recipients,
                                  const char         *content);

G_END_DECLS

#endif
