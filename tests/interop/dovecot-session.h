/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Scenarios that sign in to a Dovecot, over TLS if not said otherwise. Who
 * signed in, and by what, is in Dovecot's log. */

#ifndef DOVECOT_SESSION_H
#define DOVECOT_SESSION_H

#include "dovecot.h"
#include "fixture.h"

G_BEGIN_DECLS

/* A test program; it is skipped or fails where there is no Dovecot. */
int  run_with_dovecot   (int            argc,
                         char         **argv,
                         const char    *name,
                         void         (*add_scenarios) (void));

/* In the directory of each Dovecot that is started from now on. */
void add_dovecot_file   (const char    *name,
                         const char    *text);

/* One that offers these mechanisms, and has more settings. */
void use_dovecot        (Fixture       *f,
                         const char    *mechanisms,
                         const char    *more_settings);

/* The fixture's client, which stays open after a refusal. */
void new_dovecot_client (Fixture       *f,
                         const char    *host,
                         SmtpSecurity   security);
void open_dovecot       (Fixture       *f);

/* That Dovecot says so, too; secured is empty, ", TLS" or ", secured". */
void expect_login       (const char    *username,
                         const char    *mechanism,
                         const char    *secured);
void sign_in            (Fixture       *f,
                         SmtpAuth      *auth,
                         const char    *username,
                         const char    *mechanism);
void refuse             (Fixture       *f,
                         SmtpAuth      *auth,
                         const char    *part_of_message);

/* It has to arrive where Dovecot relays to. */
void send_message       (Fixture       *f);
void leave              (Fixture       *f);

G_END_DECLS

#endif
