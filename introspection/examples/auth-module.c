/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A mechanism of one's own, as a module that every program finds which uses the
 * library. Copy this file, and rename what has "example" in it.
 *
 *   cc -shared -fPIC -o libsmtpexample.so auth-module.c \
 *      $(pkg-config --cflags --libs smtp-glib-1.0)
 *
 * Try it by SMTP_MODULE_DIR=$PWD. To install it, put it into the directory that
 * pkg-config --variable=modulesdir smtp-glib-1.0 names, and run
 * gio-querymodules on that: programs then load it when they need it, not
 * whenever they start.
 *
 * This mechanism, X-EXAMPLE, says the user name, and answers one challenge by
 * its HMAC-SHA-256 with the password as the key, in hexadecimal. */

#include <string.h>

#include <smtp-glib/smtp.h>

/* ---- the mechanism --------------------------------------------------------- */

typedef struct
{
  SmtpAuth parent_instance;
  gboolean answered;
} ExampleAuth;

typedef SmtpAuthClass ExampleAuthClass;

static GType example_auth_get_type (void);

/* A type of a module: it is registered when the module is loaded. */
G_DEFINE_DYNAMIC_TYPE (ExampleAuth, example_auth, SMTP_TYPE_AUTH)

/* Nothing is sent yet. A mechanism that sends the password itself refuses here
 * when smtp_server_info_get_tls() and get_local() say that others could read
 * it, and when the credentials are for another host. This one never sends it. */
static gboolean
example_auth_start (SmtpAuth        *auth,
                    SmtpServerInfo  *server,
                    char           **mechanism,
                    GBytes         **initial_response,
                    GError         **error)
{
  ExampleAuth *self = (ExampleAuth *) auth;
  SmtpCredentials *credentials = smtp_auth_get_credentials (auth);
  g_autoptr (GBytes) password = NULL;
  const char *username = NULL;

  if (credentials != NULL)
    {
      username = smtp_credentials_get_username (credentials);
      password = smtp_credentials_dup_password (credentials);
    }

  /* AUTH_UNAVAILABLE means "not me": an automatic choice goes on to others. */
  if (username == NULL || password == NULL)
    {
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE,
                           "X-EXAMPLE needs a user name and a password");
      return FALSE;
    }

  self->answered = FALSE;
  *mechanism = g_strdup ("X-EXAMPLE");
  *initial_response = g_bytes_new (username, strlen (username));
  return TRUE;
}

static gboolean
example_auth_next (SmtpAuth  *auth,
                   GBytes    *challenge,
                   gboolean   more,
                   GBytes   **response,
                   GError   **error)
{
  ExampleAuth *self = (ExampleAuth *) auth;
  g_autoptr (GBytes) password = NULL;
  char *digest;

  /* The server says yes. A mechanism in which the server proves something
   * returns FALSE here when it has not. */
  if (!more)
    return TRUE;

  if (self->answered)
    {
      g_set_error_literal (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_PROTOCOL,
                           "The server sent a second challenge, X-EXAMPLE has one");
      return FALSE;
    }

  self->answered = TRUE;
  password = smtp_credentials_dup_password (smtp_auth_get_credentials (auth));
  digest = g_compute_hmac_for_data (G_CHECKSUM_SHA256,
                                    g_bytes_get_data (password, NULL), g_bytes_get_size (password),
                                    g_bytes_get_data (challenge, NULL), g_bytes_get_size (challenge));
  *response = g_bytes_new_take (digest, strlen (digest));
  return TRUE;
}

static void
example_auth_class_init (ExampleAuthClass *klass)
{
  klass->start = example_auth_start;
  klass->next = example_auth_next;
}

static void
example_auth_class_finalize (ExampleAuthClass *klass)
{
}

static void
example_auth_init (ExampleAuth *self)
{
}

/* ---- the module ------------------------------------------------------------- */

/* Between CRAM-MD5 and the mechanisms that show a token: the documentation of
 * SMTP_AUTH_EXTENSION_POINT_NAME has the strengths of all others. */
#define STRENGTH 40

/* What GIO looks for. Everything else is better kept hidden. */
G_MODULE_EXPORT void    g_io_module_load   (GIOModule *module);
G_MODULE_EXPORT void    g_io_module_unload (GIOModule *module);
G_MODULE_EXPORT char  **g_io_module_query  (void);

void
g_io_module_load (GIOModule *module)
{
  /* Its code has to stay where it is while there may be objects. */
  g_type_module_use (G_TYPE_MODULE (module));
  example_auth_register_type (G_TYPE_MODULE (module));
  g_io_extension_point_implement (SMTP_AUTH_EXTENSION_POINT_NAME, example_auth_get_type (), "X-EXAMPLE", STRENGTH);
}

void
g_io_module_unload (GIOModule *module)
{
}

/* For gio-querymodules, which does not load what the module needs. */
char **
g_io_module_query (void)
{
  const char *points[] = { SMTP_AUTH_EXTENSION_POINT_NAME, NULL };

  return g_strdupv ((char **) points);
}
