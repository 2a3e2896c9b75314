/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The module for GSSAPI, with a KDC of the test's own: against Dovecot, and
 * against a server that says what it is told to. */

#include "fixture.h"

#include <gssapi/gssapi.h>
#include <string.h>

#include "dovecot-session.h"
#include "files.h"
#include "kerberos.h"

#define USER "user@test.example"

/* LeakSanitizer asks for it. libgssapi_krb5 allocates an octet for a message of
 * none, and frees it only where there are any. */
const char *__lsan_default_suppressions (void);

const char *
__lsan_default_suppressions (void)
{
  return "leak:gss_krb5int_unseal_token_v3";
}

static Kerberos *kerberos;

static SmtpAuth *
make_auth (const char *username,
           const char *identity,
           const char *service)
{
  g_autoptr (SmtpCredentials) credentials = smtp_credentials_new (username, NULL);
  g_autoptr (GError) error = NULL;
  SmtpAuth *auth;

  smtp_credentials_set_identity (credentials, identity);
  auth = smtp_auth_create ("GSSAPI", credentials, &error);
  g_assert_no_error (error);
  if (service != NULL)
    g_object_set (auth, "service-name", service, NULL);
  return auth;
}

/* ---- Dovecot ------------------------------------------------------------------- */

static void
open_kerberized (Fixture *f)
{
  g_autofree char *keytab = kerberos_keytab (kerberos);
  g_autofree char *settings = g_strdup_printf ("import_environment = KRB5_CONFIG=%s\n"
                                               "auth_krb5_keytab = %s\n"
                                               "auth_gssapi_hostname = \"$ALL\"\n",
                                               g_getenv ("KRB5_CONFIG"), keytab);

  use_dovecot (f, "gssapi plain login", settings);
  open_dovecot (f);
}

static void
test_ticket (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = make_auth (NULL, NULL, NULL);

  open_kerberized (f);
  sign_in (f, auth, USER, "GSSAPI");
  send_message (f);
  leave (f);
}

/* The same object serves again. */
static void
test_twice (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = make_auth (KERBEROS_USER, NULL, NULL);

  for (guint i = 0; i < 2; i++)
    {
      g_clear_object (&f->client);
      open_kerberized (f);
      sign_in (f, auth, USER, "GSSAPI");
      leave (f);
    }
}

/* Credentials without a password leave nothing else; those with one have it
 * used. */
static void
test_chosen (Fixture *f)
{
  g_autoptr (SmtpCredentials) credentials = smtp_credentials_new (KERBEROS_USER, NULL);
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new_for_credentials (credentials);

  open_kerberized (f);
  sign_in (f, auth, USER, "GSSAPI");
  g_assert_cmpstr (smtp_auto_auth_get_mechanism (SMTP_AUTO_AUTH (auth)), ==, "GSSAPI");
  leave (f);
}

static void
test_not_chosen (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = smtp_auto_auth_new (DOVECOT_USER, DOVECOT_PASSWORD);

  open_kerberized (f);
  sign_in (f, auth, DOVECOT_USER, "PLAIN");
  leave (f);
}

/* Nobody may act as somebody else. */
static void
test_identity (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = make_auth (NULL, "boss", NULL);

  open_kerberized (f);
  x_authenticate (f, auth);
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_REJECTED, "535");
}

/* ---- without a ticket ------------------------------------------------------------- */

typedef struct
{
  const char *name;
  const char *username;
  const char *service;
  const char *part;
} Unavailable;

static const Unavailable unavailables[] = {
  { "no-ticket", "nobody", NULL, "Kerberos: " },
  { "unknown-server", NULL, "unknown", "Server unknown/127.0.0.1@" KERBEROS_REALM " not found" },
};

static void
test_unavailable (Fixture *f)
{
  const Unavailable *row = f->row;
  g_autoptr (SmtpAuth) auth = make_auth (row->username, NULL, row->service);
  g_autoptr (SmtpAuth) other = smtp_plain_auth_new (NULL, DOVECOT_USER, DOVECOT_PASSWORD, "127.0.0.1");

  open_kerberized (f);
  x_authenticate (f, auth);
  g_assert_nonnull (strstr (f->error->message, "127.0.0.1: "));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, row->part);
  sign_in (f, other, DOVECOT_USER, "PLAIN");
  leave (f);
}

/* ---- a KDC that does not answer --------------------------------------------------------- */

typedef struct
{
  GCancellable *cancellable;
  guint         ticks;
} Patience;

/* A tick of a millisecond goes on, and gives up in the end. */
static gboolean
on_tick (gpointer data)
{
  Patience *patience = data;

  if (++patience->ticks == 100)
    g_cancellable_cancel (patience->cancellable);
  return G_SOURCE_CONTINUE;
}

/* Perhaps in the thread, which may be the last to let go. */
static void
on_gone (gpointer data,
         GObject *where_the_object_was)
{
  g_atomic_int_set ((int *) data, TRUE);
  g_main_context_wakeup (NULL);
}

static void
test_silent_kdc (Fixture *f)
{
  g_autoptr (SmtpAuth) auth = make_auth (NULL, NULL, "later");
  Patience patience = { 0, };
  guint timer;
  int gone = FALSE;

  open_kerberized (f);
  f->cancellable = patience.cancellable = g_cancellable_new ();
  kerberos_freeze (kerberos, TRUE);
  timer = g_timeout_add (1, on_tick, &patience);
  x_authenticate (f, auth);
  g_source_remove (timer);
  kerberos_freeze (kerberos, FALSE);
  expect_error (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, "127.0.0.1");
  g_assert_cmpuint (patience.ticks, >=, 100);

  /* The thread comes to its end, and finds nobody waiting. */
  g_object_weak_ref (G_OBJECT (auth), on_gone, &gone);
  g_clear_object (&auth);
  while (!g_atomic_int_get (&gone))
    g_main_context_iteration (NULL, TRUE);
}

/* ---- a server that is not what it should be ------------------------------------------------ */

typedef struct
{
  const char      *name;
  const char      *offer;     /* of security layers */
  gsize            length;
  gboolean         garbage;   /* instead of a token */
  gboolean         at_once;   /* says yes without having proved anything */
  gboolean         unwrapped;
  int              code;      /* -1: signed in */
  const char      *part;

  GSocketListener *listener;
  guint16          port;
  GOutputStream   *out;
  gss_ctx_id_t     context;
  gboolean         complete;
  char            *answered;
} Acceptor;

static const Acceptor acceptors[] = {
  { "none", "\1\0\0\0", 4, .code = -1 },
  { "any-layer", "\7\0\20\0", 4, .code = -1 },
  { "layer-only", "\6\0\20\0", 4, .code = SMTP_CLIENT_ERROR_AUTH_UNAVAILABLE, .part = "security layer" },
  { "short-offer", "\1\0\0", 3, .code = SMTP_CLIENT_ERROR_PROTOCOL, .part = "length" },
  { "long-offer", "\1\0\0\0\0", 5, .code = SMTP_CLIENT_ERROR_PROTOCOL, .part = "length" },
  { "empty-offer", "", 0, .code = SMTP_CLIENT_ERROR_PROTOCOL, .part = "length" },
  { "unwrapped-offer", "\1\0\0\0", 4, .unwrapped = TRUE, .code = SMTP_CLIENT_ERROR_PROTOCOL, .part = "Kerberos" },
  { "garbage", .garbage = TRUE, .code = SMTP_CLIENT_ERROR_PROTOCOL, .part = "Kerberos" },
  { "at-once", .at_once = TRUE, .code = SMTP_CLIENT_ERROR_PROTOCOL, .part = "not proved" },
};

static void
say (Acceptor   *self,
     const char *line)
{
  g_autofree char *terminated = g_strconcat (line, "\r\n", NULL);

  g_output_stream_write_all (self->out, terminated, strlen (terminated), NULL, NULL, NULL);
}

static void
challenge (Acceptor   *self,
           const void *data,
           gsize       length)
{
  g_autofree char *encoded = g_base64_encode (data, length);
  g_autofree char *line = g_strconcat ("334 ", encoded, NULL);

  say (self, line);
}

static void
offer_layers (Acceptor *self)
{
  gss_buffer_desc in = { self->length, (void *) self->offer }, out = GSS_C_EMPTY_BUFFER;
  OM_uint32 minor;

  if (self->unwrapped)
    {
      challenge (self, self->offer, self->length);
      return;
    }

  g_assert_cmpuint (gss_wrap (&minor, self->context, FALSE, GSS_C_QOP_DEFAULT, &in, NULL, &out), ==, GSS_S_COMPLETE);
  challenge (self, out.value, out.length);
  gss_release_buffer (&minor, &out);
}

static void
take_token (Acceptor     *self,
            gss_buffer_t  in)
{
  gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
  OM_uint32 minor, major;

  if (self->garbage)
    {
      challenge (self, "garbage", 7);
      return;
    }

  major = gss_accept_sec_context (&minor, &self->context, GSS_C_NO_CREDENTIAL, in, GSS_C_NO_CHANNEL_BINDINGS,
                                  NULL, NULL, &out, NULL, NULL, NULL);
  g_assert_cmpuint (major, ==, GSS_S_COMPLETE);
  self->complete = TRUE;
  challenge (self, out.value, out.length);
  gss_release_buffer (&minor, &out);
}

/* Four octets, and whom to act as. */
static void
take_answer (Acceptor     *self,
             gss_buffer_t  in)
{
  gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
  OM_uint32 minor;

  if (in->length == 0)
    {
      offer_layers (self);
      return;
    }

  g_assert_cmpuint (gss_unwrap (&minor, self->context, in, &out, NULL, NULL), ==, GSS_S_COMPLETE);
  g_assert_cmpuint (out.length, >=, 4);
  g_assert_cmpmem (out.value, 4, "\1\0\0\0", 4);
  self->answered = g_strndup ((char *) out.value + 4, out.length - 4);
  gss_release_buffer (&minor, &out);
  say (self, "235 2.7.0 welcome");
}

static void
take_line (Acceptor   *self,
           const char *line)
{
  gss_buffer_desc in;

  if (g_str_has_prefix (line, "EHLO"))
    say (self, "250-acceptor.example\r\n250 AUTH GSSAPI");
  else if (g_str_equal (line, "AUTH GSSAPI"))
    challenge (self, NULL, 0); /* the token is too long for that line */
  else if (g_str_equal (line, "*"))
    say (self, "501 5.7.0 as you like");
  else if (g_str_equal (line, "QUIT"))
    say (self, "221 bye");
  else if (self->at_once)
    say (self, "235 2.7.0 welcome");
  else
    {
      g_autofree guchar *data = g_base64_decode (line, &in.length);

      in.value = data;
      if (self->complete)
        take_answer (self, &in);
      else
        take_token (self, &in);
    }
}

static gpointer
run_acceptor (gpointer data)
{
  Acceptor *self = data;
  g_autoptr (GSocketConnection) connection = g_socket_listener_accept (self->listener, NULL, NULL, NULL);
  g_autoptr (GDataInputStream) in = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  OM_uint32 minor;
  char *line;

  self->out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_data_input_stream_set_newline_type (in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  say (self, "220 acceptor.example");
  while ((line = g_data_input_stream_read_line (in, NULL, NULL, NULL)) != NULL)
    {
      take_line (self, line);
      g_free (line);
    }
  gss_delete_sec_context (&minor, &self->context, GSS_C_NO_BUFFER);
  return NULL;
}

static void
run_exchange (Fixture  *f,
              Acceptor *acceptor,
              SmtpAuth *auth)
{
  GThread *thread;

  acceptor->context = GSS_C_NO_CONTEXT;
  acceptor->listener = g_socket_listener_new ();
  acceptor->port = g_socket_listener_add_any_inet_port (acceptor->listener, NULL, NULL);
  thread = g_thread_new ("acceptor", run_acceptor, acceptor);
  f->client = smtp_client_new ("127.0.0.1", acceptor->port, SMTP_SECURITY_NONE);
  smtp_client_set_timeout (f->client, 30);
  x_open (f);
  g_assert_no_error (f->error);
  x_authenticate (f, auth);
  smtp_client_close (f->client);
  g_thread_join (thread);
  g_object_unref (acceptor->listener);
}

static void
test_acceptor (Fixture *f)
{
  Acceptor acceptor = *(const Acceptor *) f->row;
  g_autoptr (SmtpAuth) auth = make_auth (NULL, NULL, NULL);

  run_exchange (f, &acceptor, auth);
  if (acceptor.code < 0)
    {
      g_assert_no_error (f->error);
      g_assert_cmpstr (acceptor.answered, ==, "");
    }
  else
    {
      g_assert_nonnull (strstr (f->error->message, "127.0.0.1"));
      expect_error (f, SMTP_CLIENT_ERROR, acceptor.code, acceptor.part);
    }
  g_free (acceptor.answered);
}

/* Nothing is lost of it. */
static void
test_acceptor_identity (Fixture *f)
{
  Acceptor acceptor = acceptors[0];
  g_autoptr (SmtpAuth) auth = make_auth (NULL, "j\303\274rgen", NULL);

  run_exchange (f, &acceptor, auth);
  g_assert_no_error (f->error);
  g_assert_cmpstr (acceptor.answered, ==, "j\303\274rgen");
  g_free (acceptor.answered);
}

/* ---- running ------------------------------------------------------------------------------- */

static void
add_scenarios (void)
{
  add_scenario ("/interop/gssapi/ticket", test_ticket);
  add_scenario ("/interop/gssapi/twice", test_twice);
  add_scenario ("/interop/gssapi/chosen", test_chosen);
  add_scenario ("/interop/gssapi/not-chosen", test_not_chosen);
  add_scenario ("/interop/gssapi/identity", test_identity);
  for (guint i = 0; i < G_N_ELEMENTS (unavailables); i++)
    {
      g_autofree char *path = g_strconcat ("/interop/gssapi/", unavailables[i].name, NULL);

      add_row_scenario (path, test_unavailable, &unavailables[i]);
    }
  add_async_scenario ("/interop/gssapi/silent-kdc", test_silent_kdc, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (acceptors); i++)
    {
      g_autofree char *path = g_strconcat ("/interop/gssapi/server/", acceptors[i].name, NULL);

      add_row_scenario (path, test_acceptor, &acceptors[i]);
    }
  add_scenario ("/interop/gssapi/server/identity", test_acceptor_identity);
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *missing = kerberos_missing ();
  g_autoptr (GError) error = NULL;
  int status;

  if (missing != NULL)
    return report_instead (argc, argv, "/interop/gssapi", is_ci (), missing);

  kerberos = kerberos_start (&error);
  g_assert_no_error (error);
  status = run_with_dovecot (argc, argv, "/interop/gssapi", add_scenarios);
  kerberos_stop (kerberos);
  return status;
}
