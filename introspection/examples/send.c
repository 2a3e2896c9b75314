/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sends a message with an attachment, step by step. */

#include <gmime/gmime.h>
#include <locale.h>
#include <smtp-glib/smtp.h>
#include <stdio.h>
#include <unistd.h>

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
  { "user", 0, 0, G_OPTION_ARG_STRING, &opt_user, "Sign in; the password or the token is read from SMTP_PASSWORD", "NAME" },
  { "auth", 0, 0, G_OPTION_ARG_STRING, &opt_auth, "scram-sha-256, plain, oauthbearer, gssapi …; without it, the strongest there is", "MECHANISM" },
  { "ca", 0, 0, G_OPTION_ARG_FILENAME, &opt_ca, "Trust the certificates in this file", "FILE" },
  { "from", 0, 0, G_OPTION_ARG_STRING, &opt_from, "The sender", "ADDRESS" },
  { "to", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt_to, "A recipient; may be given several times", "ADDRESS" },
  { "subject", 0, 0, G_OPTION_ARG_STRING, &opt_subject, "The subject", "TEXT" },
  { "attach", 0, 0, G_OPTION_ARG_FILENAME, &opt_attach, "A file to attach", "FILE" },
  { "security", 0, 0, G_OPTION_ARG_STRING, &opt_security, "none, opportunistic, starttls or tls", "MODE" },
  { "transcript", 0, 0, G_OPTION_ARG_NONE, &opt_transcript, "Show the conversation", NULL },
  G_OPTION_ENTRY_NULL
};

/* ---- the message, by GMime -------------------------------------------------- */

static GMimeObject *
create_attachment (const char  *path,
                   GError     **error)
{
  g_autofree char *name = g_path_get_basename (path);
  GMimeStream *stream = g_mime_stream_file_open (path, "r", error);
  GMimeDataWrapper *content;
  GMimePart *part;

  if (stream == NULL)
    return NULL;

  part = g_mime_part_new_with_type ("application", "octet-stream");
  content = g_mime_data_wrapper_new_with_stream (stream, GMIME_CONTENT_ENCODING_DEFAULT);
  g_mime_part_set_content (part, content);
  g_mime_part_set_content_encoding (part, GMIME_CONTENT_ENCODING_BASE64);
  g_mime_part_set_filename (part, name);
  g_object_unref (content);
  g_object_unref (stream);
  return GMIME_OBJECT (part);
}

static GMimeObject *
create_body (GError **error)
{
  GMimeMultipart *body = g_mime_multipart_new_with_subtype ("mixed");
  GMimeTextPart *text = g_mime_text_part_new_with_subtype ("plain");
  GMimeObject *attachment;

  g_mime_text_part_set_text (text, "Sent by smtp-glib, from C.\n");
  g_mime_multipart_add (body, GMIME_OBJECT (text));
  g_object_unref (text);
  if (opt_attach == NULL)
    return GMIME_OBJECT (body);

  attachment = create_attachment (opt_attach, error);
  if (attachment == NULL)
    {
      g_object_unref (body);
      return NULL;
    }

  g_mime_multipart_add (body, attachment);
  g_object_unref (attachment);
  return GMIME_OBJECT (body);
}

static char *
build_message (GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  GMimeObject *body = create_body (error);
  GMimeMessage *message;
  char *text;

  if (body == NULL)
    return NULL;

  message = g_mime_message_new (TRUE);
  g_mime_message_add_mailbox (message, GMIME_ADDRESS_TYPE_FROM, NULL, opt_from);
  for (guint i = 0; opt_to[i] != NULL; i++)
    g_mime_message_add_mailbox (message, GMIME_ADDRESS_TYPE_TO, NULL, opt_to[i]);
  g_mime_message_set_subject (message, opt_subject != NULL ? opt_subject : "A message from smtp-glib", "utf-8");
  g_mime_message_set_date (message, now);
  g_mime_message_set_mime_part (message, body);
  text = g_mime_object_to_string (GMIME_OBJECT (message), NULL);
  g_object_unref (body);
  g_object_unref (message);
  return text;
}

/* ---- the client --------------------------------------------------------------- */

static void
on_transcript (SmtpClient   *client,
               SmtpDirection direction,
               const char   *text,
               gpointer      user_data)
{
  g_print ("%s %s\n", direction == SMTP_DIRECTION_SENT ? "C:" : "S:", text);
}

static SmtpClient *
create_client (const char *uri,
               GError    **error)
{
  g_autoptr (GEnumClass) modes = g_type_class_ref (SMTP_TYPE_SECURITY);
  g_autoptr (SmtpClient) client = smtp_client_new_for_uri (uri, error);
  GEnumValue *mode = opt_security != NULL ? g_enum_get_value_by_nick (modes, opt_security) : NULL;

  if (client != NULL && mode != NULL)
    {
      g_autoptr (SmtpClient) same = g_steal_pointer (&client);

      client = smtp_client_new (smtp_client_get_host (same), smtp_client_get_port (same), mode->value);
    }

  if (client != NULL && opt_ca != NULL)
    {
      /* The database wants an absolute path. */
      g_autofree char *path = g_canonicalize_filename (opt_ca, NULL);
      g_autoptr (GTlsDatabase) database = g_tls_file_database_new (path, error);

      if (database == NULL)
        return NULL;
      smtp_client_set_tls_database (client, database);
    }

  if (client != NULL && opt_transcript)
    g_signal_connect (client, "transcript", G_CALLBACK (on_transcript), NULL);
  return g_steal_pointer (&client);
}

/* A token is set as such; everything else is signed in with by a password, if by
 * anything. */
static SmtpCredentials *
create_credentials (const char *host)
{
  const char *secret = g_getenv ("SMTP_PASSWORD");
  gboolean is_token = opt_auth != NULL && strstr (opt_auth, "oauth") != NULL;
  SmtpCredentials *credentials = smtp_credentials_new (opt_user, is_token ? NULL : secret);

  smtp_credentials_set_host (credentials, host);
  if (is_token)
    smtp_credentials_set_access_token (credentials, secret);
  return credentials;
}

static SmtpAuth *
create_auth (const char  *host,
             GError     **error)
{
  g_autoptr (SmtpCredentials) credentials = create_credentials (host);
  g_autofree char *mechanism = opt_auth != NULL ? g_ascii_strup (opt_auth, -1) : NULL;

  if (mechanism == NULL)
    return smtp_auto_auth_new_for_credentials (credentials);

  return smtp_auth_create (mechanism, credentials, error);
}

static void
show_progress (SmtpMessage *message,
               GParamSpec  *pspec,
               gpointer     user_data)
{
  const gsize *length = user_data;
  guint64 sent = smtp_message_get_bytes_sent (message);

  fprintf (stderr, "\r%3" G_GUINT64_FORMAT " %%%s", 100 * sent / *length, sent == *length ? "\n" : "");
}

static SmtpMessage *
create_message (const char *text)
{
  g_autoptr (GBytes) content = g_bytes_new (text, strlen (text));
  SmtpMessage *message = smtp_message_new (opt_from);

  for (guint i = 0; opt_to[i] != NULL; i++)
    smtp_message_add_recipient (message, opt_to[i]);
  smtp_message_set_content_bytes (message, content);
  return message;
}

/* The server may have refused some of the recipients and taken the others. */
static void
print_result (SmtpMessage *message)
{
  GListModel *recipients = smtp_message_get_recipients (message);

  g_print ("Accepted: %s\n", smtp_reply_get_text (smtp_message_get_reply (message)));
  for (guint i = 0; i < g_list_model_get_n_items (recipients); i++)
    {
      g_autoptr (SmtpRecipient) recipient = g_list_model_get_item (recipients, i);

      if (!smtp_recipient_get_accepted (recipient))
        g_print ("Not for %s: %s\n", smtp_recipient_get_address (recipient),
                 smtp_reply_get_text (smtp_recipient_get_reply (recipient)));
    }
}

static gboolean
send_message (const char *uri,
              GError    **error)
{
  g_autofree char *text = build_message (error);
  g_autoptr (SmtpClient) client = text != NULL ? create_client (uri, error) : NULL;
  g_autoptr (SmtpAuth) auth = NULL;
  g_autoptr (SmtpMessage) message = NULL;
  gsize length = text != NULL ? strlen (text) : 0;

  if (client == NULL || !smtp_client_open (client, NULL, error))
    return FALSE;

  if (opt_user != NULL)
    {
      auth = create_auth (smtp_client_get_server_name (client), error);
      if (auth == NULL || !smtp_client_authenticate (client, auth, NULL, error))
        return FALSE;
    }

  message = create_message (text);
  if (isatty (STDERR_FILENO))
    g_signal_connect (message, "notify::bytes-sent", G_CALLBACK (show_progress), &length);
  if (!smtp_client_send (client, message, NULL, error))
    return FALSE;

  print_result (message);
  smtp_client_quit (client, NULL, NULL);
  return TRUE;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("URI");
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 2 || opt_from == NULL || opt_to == NULL)
    {
      g_printerr ("%s\n", error != NULL ? error->message : "A URI, --from and --to are needed; see --help");
      return 2;
    }

  g_mime_init ();
  if (send_message (argv[1], &error))
    return 0;

  g_printerr ("%s\n", error->message);
  if (g_error_matches (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN))
    g_printerr ("Look whether it arrived before you send it again.\n");
  return 1;
}
