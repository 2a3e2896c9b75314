/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-test-certificate.h"
#include "smtp-test-enums.h"

G_BEGIN_DECLS

/* What the properties of the server say. A change of a property makes a new
 * one, and a session keeps the one it began with: so nothing changes under a
 * running session, and sessions read it without a lock. */
typedef struct
{
  gatomicrefcount ref_count;

  char **extensions;
  char **tls_extensions;           /* NULL: the same list after TLS */
  char **auth_mechanisms;
  char **certificate_names;
  char *username;
  char *password;
  char *greeting;
  char *address;
  char *directory;                 /* NULL: messages are kept in memory only */
  SmtpTestTls tls_mode;
  gboolean auth_before_tls;
  gboolean ehlo_allowed;
  gboolean allow_relay;
  gboolean keep_content;
  gboolean certificate_expired;
  gboolean request_client_certificate;
  guint delay;
  guint max_recipients;            /* 0: any number */
  guint receive_buffer;            /* 0: the kernel's choice */
  guint send_buffer;

  SmtpTestIdentity *identity;      /* made when first needed */
} SmtpTestConfig;

SmtpTestConfig *smtp_test_config_new   (void);
SmtpTestConfig *smtp_test_config_copy  (SmtpTestConfig *self);
SmtpTestConfig *smtp_test_config_ref   (SmtpTestConfig *self);
void            smtp_test_config_unref (SmtpTestConfig *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpTestConfig, smtp_test_config_unref)

/* The current configuration, shared by the server and its thread. */
typedef struct
{
  GMutex lock;
  SmtpTestConfig *current;
} SmtpTestSettings;

void            smtp_test_settings_init             (SmtpTestSettings  *self);
void            smtp_test_settings_clear            (SmtpTestSettings  *self);
SmtpTestConfig *smtp_test_settings_ref_config       (SmtpTestSettings  *self);
SmtpTestConfig *smtp_test_settings_ref_with_identity (SmtpTestSettings  *self,
                                                     GError           **error);

G_END_DECLS
