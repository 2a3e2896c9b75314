/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Keeps messages as files: N.eml is the content, N.json the envelope. */

#include "smtp-test-store.h"

#include "smtp-test-message-private.h"

static char *
store_get_path (const char *directory,
                guint64     number,
                const char *suffix)
{
  g_autofree char *name = g_strdup_printf ("%" G_GUINT64_FORMAT ".%s", number, suffix);

  return g_build_filename (directory, name, NULL);
}

gboolean
smtp_test_store_has_number (const char *directory,
                            guint64     number)
{
  g_autofree char *path = store_get_path (directory, number, "json");

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
json_append_string (GString    *json,
                    const char *text)
{
  if (text == NULL)
    {
      g_string_append (json, "null");
      return;
    }

  g_string_append_c (json, '"');
  for (; *text != '\0'; text++)
    if (*text == '"' || *text == '\\')
      g_string_append_printf (json, "\\%c", *text);
    else if ((guchar) *text < 0x20)
      g_string_append_printf (json, "\\u%04x", (guint) *text);
    else
      g_string_append_c (json, *text);
  g_string_append_c (json, '"');
}

static void
json_append_member (GString    *json,
                    const char *name,
                    const char *text)
{
  g_string_append_printf (json, "  \"%s\": ", name);
  json_append_string (json, text);
  g_string_append (json, ",\n");
}

static void
json_append_strv (GString     *json,
                  const char  *name,
                  char       **strv)
{
  g_string_append_printf (json, "  \"%s\": [", name);
  for (gsize i = 0; strv[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append (json, ", ");
      json_append_string (json, strv[i]);
    }
  g_string_append (json, "],\n");
}

static char *
message_to_json (SmtpTestMessage *message)
{
  GString *json = g_string_new ("{\n");

  json_append_member (json, "sender", message->sender);
  json_append_member (json, "sender-params", message->sender_params);
  json_append_strv (json, "recipients", message->recipients);
  json_append_strv (json, "recipient-params", message->recipient_params);
  json_append_member (json, "client-name", message->client_name);
  json_append_member (json, "authenticated-as", message->authenticated_as);
  json_append_member (json, "sha256", message->sha256);
  g_string_append_printf (json, "  \"tls\": %s,\n", message->tls ? "true" : "false");
  g_string_append_printf (json, "  \"via-bdat\": %s,\n", message->via_bdat ? "true" : "false");
  g_string_append_printf (json, "  \"size\": %" G_GUINT64_FORMAT "\n}\n", message->size);

  return g_string_free (json, FALSE);
}

static gboolean
write_file (const char  *path,
            GBytes      *bytes,
            GError     **error)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  return g_file_set_contents_full (path, data, size, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

/* The envelope comes last: where it is, the content is complete. */
gboolean
smtp_test_store_write (const char       *directory,
                       SmtpTestMessage  *message,
                       GError          **error)
{
  g_autofree char *eml = store_get_path (directory, message->number, "eml");
  g_autofree char *json = store_get_path (directory, message->number, "json");
  g_autofree char *envelope = message_to_json (message);

  if (message->content != NULL && !write_file (eml, message->content, error))
    return FALSE;

  return g_file_set_contents_full (json, envelope, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}
