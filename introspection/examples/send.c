/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sends a message with an attachment: the steps one by one, synchronously. */

#include <gmime/gmime.h>
#include <locale.h>
#include <smtp-glib/smtp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT "Hello,\n\nthis was sent from C, by smtp-glib. Grüße!\n"
#define PIECE (64 * 1024)

static char *opt_user;
static char *opt_auth;
static char *opt_ca;
static char *opt_from;
static char **opt_to;
static char *opt_subject;
static char *opt_attach;
static char *opt_security;
static gboolean opt_transcript;

static const GOptionEntry entries[] = {
  { "user", 0, 0, G_OPTION_ARG_STRING, &opt_user, "Authenticate as NAME, with the password in SMTP_PASSWORD", "NAME" },
  { "auth", 0, 0, G_OPTION_ARG_STRING, &opt_auth, "How: plain (the default), login or cram-md5", "MECHANISM" },
  { "ca", 0, 0, G_OPTION_ARG_FILENAME, &opt_ca, "Trust the certificates in FILE (PEM) instead of the system's", "FILE" },
  { "from", 0, 0, G_OPTION_ARG_STRING, &opt_from, "The sender", "ADDRESS" },
  { "to", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt_to, "A recipient; may be given again", "ADDRESS" },
  { "subject", 0, 0, G_OPTION_ARG_STRING, &opt_subject, "The subject", "TEXT" },
  { "attach", 0, 0, G_OPTION_ARG_FILENAME, &opt_attach, "Attach FILE", "FILE" },
  { "security", 0, 0, G_OPTION_ARG_STRING, &opt_security, "none, opportunistic, starttls or tls, instead of what the URI says", "KIND" },
  { "transcript", 0, 0, G_OPTION_ARG_NONE, &opt_transcript, "Show the conversation with the server", NULL },
  G_OPTION_ENTRY_NULL
};

static gboolean
usage_error (GError     **error,
             const char  *text)
{
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
  return FALSE;
}

/* ---- the message: GMime writes it, so that any name and text is right ----- */

static GMimeObject *
make_attachment (const char  *path,
                 GError     **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  g_autofree char *type = NULL;
  g_autofree char *mime = NULL;
  g_autofree char *contents = NULL;
  g_auto (GStrv) types = NULL;
  g_autoptr (GMimeStream) stream = NULL;
  g_autoptr (GMimeDataWrapper) wrapper = NULL;
  GMimePart *part;
  gsize length;

  if (!g_file_get_contents (path, &contents, &length, error))
    return NULL;

  type = g_content_type_guess (name, (const guchar *) contents, length, NULL);
  mime = g_content_type_get_mime_type (type);
  types = g_strsplit (mime != NULL ? mime : "application/octet-stream", "/", 2);
  stream = g_mime_stream_mem_new_with_buffer (contents, length);
  wrapper = g_mime_data_wrapper_new_with_stream (stream, GMIME_CONTENT_ENCODING_DEFAULT);

  part = g_mime_part_new_with_type (types[0], types[1]);
  g_mime_object_set_disposition (GMIME_OBJECT (part), GMIME_DISPOSITION_ATTACHMENT);
  g_mime_part_set_filename (part, name);
  g_mime_part_set_content (part, wrapper);
  g_mime_part_set_content_encoding (part, GMIME_CONTENT_ENCODING_BASE64);
  return GMIME_OBJECT (part);
}

static GMimeObject *
make_body (GError **error)
{
  g_autoptr (GMimeTextPart) text = g_mime_text_part_new ();
  g_autoptr (GMimeObject) attachment = NULL;
  GMimeMultipart *multipart;

  g_mime_text_part_set_text (text, TEXT);
  if (opt_attach == NULL)
    return GMIME_OBJECT (g_steal_pointer (&text));

  attachment = make_attachment (opt_attach, error);
  if (attachment == NULL)
    return NULL;

  multipart = g_mime_multipart_new_with_subtype ("mixed");
  g_mime_multipart_add (multipart, GMIME_OBJECT (text));
  g_mime_multipart_add (multipart, attachment);
  return GMIME_OBJECT (multipart);
}

static char *
make_message (GError **error)
{
  g_autoptr (GMimeMessage) message = g_mime_message_new (TRUE);
  g_autoptr (GMimeObject) body = make_body (error);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *id = NULL;
  const char *at = strrchr (opt_from, '@');

  if (body == NULL)
    return NULL;

  id = g_mime_utils_generate_message_id (at != NULL ? at + 1 : "localhost");
  g_mime_message_add_mailbox (message, GMIME_ADDRESS_TYPE_FROM, NULL, opt_from);
  for (gsize i = 0; opt_to[i] != NULL; i++)
    g_mime_message_add_mailbox (message, GMIME_ADDRESS_TYPE_TO, NULL, opt_to[i]);
  g_mime_message_set_subject (message, opt_subject != NULL ? opt_subject : "Hello", "utf-8");
  g_mime_message_set_date (message, now);
  g_mime_message_set_message_id (message, id);
  g_mime_message_set_mime_part (message, body);

  /* Every server takes seven bits. */
  g_mime_object_encode (GMIME_OBJECT (message), GMIME_ENCODING_CONSTRAINT_7BIT);
  return g_mime_object_to_string (GMIME_OBJECT (message), NULL);
}

/* ---- sending it ----------------------------------------------------------- */

static void
on_transcript (SmtpClient    *client,
               SmtpDirection  direction,
               const char    *text,
               gpointer       user_data)
{
  g_print ("%s %s\n", direction == SMTP_DIRECTION_SENT ? "C:" : "S:", text);
}

static SmtpClient *
make_client (const char  *uri,
             GError     **error)
{
  g_autoptr (SmtpClient) client = smtp_client_new_for_uri (uri, error);

  if (client == NULL)
    return NULL;

  if (opt_security != NULL)
    {
      g_autoptr (GEnumClass) kinds = g_type_class_ref (SMTP_TYPE_SECURITY);
      GEnumValue *kind = g_enum_get_value_by_nick (kinds, opt_security);
      SmtpClient *other;

      if (kind == NULL)
        {
          usage_error (error, "--security is none, opportunistic, starttls or tls");
          return NULL;
        }

      other = smtp_client_new (smtp_client_get_host (client), smtp_client_get_port (client), kind->value);
      g_object_unref (client);
      client = other;
    }

  if (opt_ca != NULL)
    {
      g_autoptr (GTlsDatabase) database = g_tls_file_database_new (opt_ca, error);

      if (database == NULL)
        return NULL;
      smtp_client_set_tls_database (client, database);
    }

  if (opt_transcript)
    g_signal_connect (client, "transcript", G_CALLBACK (on_transcript), NULL);
  return g_steal_pointer (&client);
}

/* The host is told to whoever sends the password: it goes nowhere else. */
static SmtpAuth *
make_auth (const char  *host,
           GError     **error)
{
  const char *password = g_getenv ("SMTP_PASSWORD");

  if (password == NULL)
    usage_error (error, "--user needs the password in the environment variable SMTP_PASSWORD");
  else if (opt_auth == NULL || strcmp (opt_auth, "plain") == 0)
    return smtp_plain_auth_new (NULL, opt_user, password, host);
  else if (strcmp (opt_auth, "login") == 0)
    return smtp_login_auth_new (opt_user, password, host);
  else if (strcmp (opt_auth, "cram-md5") == 0)
    return smtp_cram_md5_auth_new (opt_user, password);
  else
    usage_error (error, "--auth is plain, login or cram-md5");

  return NULL;
}

static gboolean
authenticate (SmtpClient  *client,
              GError     **error)
{
  g_autoptr (SmtpAuth) auth = NULL;

  if (opt_user == NULL)
    return TRUE;

  auth = make_auth (smtp_client_get_host (client), error);
  return auth != NULL && smtp_client_authenticate (client, auth, NULL, error);
}

/* All of the recipients or none: the first refusal ends it. */
static gboolean
send_envelope (SmtpClient  *client,
               GError     **error)
{
  if (!smtp_client_mail (client, opt_from, NULL, NULL, error))
    return FALSE;

  for (gsize i = 0; opt_to[i] != NULL; i++)
    if (!smtp_client_rcpt (client, opt_to[i], NULL, NULL, error))
      return FALSE;

  return TRUE;
}

static void
show_progress (gsize done,
               gsize length)
{
  if (isatty (STDERR_FILENO))
    g_printerr ("\r%" G_GSIZE_FORMAT " %%%s", done * 100 / length, done < length ? "" : "\n");
}

/* Closing the stream sends the message, and its result is the verdict. Without
 * the close, after an error, nothing is delivered. */
static gboolean
send_content (SmtpClient  *client,
              const char  *message,
              GError     **error)
{
  g_autoptr (GOutputStream) stream = smtp_client_data (client, NULL, error);
  gsize length = strlen (message);
  gsize piece;

  if (stream == NULL)
    return FALSE;

  for (gsize done = 0; done < length; done += piece)
    {
      piece = MIN (PIECE, length - done);
      if (!g_output_stream_write_all (stream, message + done, piece, NULL, NULL, error))
        return FALSE;
      show_progress (done + piece, length);
    }

  return g_output_stream_close (stream, NULL, error);
}

static gboolean
send_message (const char  *uri,
              GError     **error)
{
  g_autofree char *message = make_message (error);
  g_autofree char *reply = NULL;
  g_autoptr (SmtpClient) client = NULL;

  if (message == NULL)
    return FALSE;

  client = make_client (uri, error);
  if (client == NULL ||
      !smtp_client_open (client, NULL, error) ||
      !authenticate (client, error) ||
      !send_envelope (client, error) ||
      !send_content (client, message, error))
    return FALSE;

  reply = smtp_reply_to_string (smtp_client_get_last_reply (client));

  /* The message is accepted: how the goodbye goes changes nothing. */
  smtp_client_quit (client, NULL, NULL);
  g_print ("The server has accepted the message: %s\n", reply);
  return TRUE;
}

static gboolean
parse_command_line (int      *argc,
                    char   ***argv,
                    GError  **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("URI");

  g_option_context_set_summary (context, "Sends a message. URI is smtp://, submission:// or smtps:// with a host and a port.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;

  if (*argc != 2 || opt_from == NULL || opt_to == NULL)
    return usage_error (error, "a URI, --from and --to are needed; see --help");

  return TRUE;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_mime_init ();

  if (parse_command_line (&argc, &argv, &error) && send_message (argv[1], &error))
    return EXIT_SUCCESS;

  g_printerr ("send: %s\n", error->message);
  if (g_error_matches (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN))
    g_printerr ("The message may have been delivered. Find out before sending it again: it could arrive twice.\n");
  return EXIT_FAILURE;
}
