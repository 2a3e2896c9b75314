/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-test-config.h"

static const char * const default_extensions[] = {
  "PIPELINING", "SIZE 104857600", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "HELP", NULL
};

static const char * const default_names[] = {
  "localhost", "test.example", "127.0.0.1", "::1", NULL
};

SmtpTestConfig *
smtp_test_config_new (void)
{
  SmtpTestConfig *self = g_new0 (SmtpTestConfig, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->extensions = g_strdupv ((char **) default_extensions);
  self->auth_mechanisms = g_new0 (char *, 1);
  self->certificate_names = g_strdupv ((char **) default_names);
  self->username = g_strdup ("user");
  self->password = g_strdup ("secret");
  self->greeting = g_strdup ("220 test.example ESMTP ready");
  self->address = g_strdup ("127.0.0.1");
  self->auth_before_tls = TRUE;
  self->ehlo_allowed = TRUE;
  self->allow_relay = TRUE;
  self->keep_content = TRUE;

  return self;
}

SmtpTestConfig *
smtp_test_config_copy (SmtpTestConfig *self)
{
  SmtpTestConfig *copy = g_memdup2 (self, sizeof *self);

  g_atomic_ref_count_init (&copy->ref_count);
  copy->extensions = g_strdupv (self->extensions);
  copy->tls_extensions = g_strdupv (self->tls_extensions);
  copy->auth_mechanisms = g_strdupv (self->auth_mechanisms);
  copy->certificate_names = g_strdupv (self->certificate_names);
  copy->username = g_strdup (self->username);
  copy->password = g_strdup (self->password);
  copy->greeting = g_strdup (self->greeting);
  copy->address = g_strdup (self->address);
  copy->directory = g_strdup (self->directory);
  if (self->identity != NULL)
    smtp_test_identity_ref (self->identity);

  return copy;
}

SmtpTestConfig *
smtp_test_config_ref (SmtpTestConfig *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
smtp_test_config_unref (SmtpTestConfig *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_strfreev (self->extensions);
  g_strfreev (self->tls_extensions);
  g_strfreev (self->auth_mechanisms);
  g_strfreev (self->certificate_names);
  g_free (self->username);
  g_free (self->password);
  g_free (self->greeting);
  g_free (self->address);
  g_free (self->directory);
  g_clear_pointer (&self->identity, smtp_test_identity_unref);
  g_free (self);
}

void
smtp_test_settings_init (SmtpTestSettings *self)
{
  g_mutex_init (&self->lock);
  self->current = smtp_test_config_new ();
}

void
smtp_test_settings_clear (SmtpTestSettings *self)
{
  g_clear_pointer (&self->current, smtp_test_config_unref);
  g_mutex_clear (&self->lock);
}

SmtpTestConfig *
smtp_test_settings_ref_config (SmtpTestSettings *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return smtp_test_config_ref (self->current);
}

/* The identity is the one field added to a configuration that others may hold
 * already; all who look at it come through here, and so through the lock. */
SmtpTestConfig *
smtp_test_settings_ref_with_identity (SmtpTestSettings  *self,
                                      GError           **error)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  SmtpTestConfig *config = self->current;

  if (config->identity == NULL)
    config->identity = smtp_test_identity_new (config->certificate_names,
                                               config->certificate_expired, error);

  return config->identity != NULL ? smtp_test_config_ref (config) : NULL;
}
