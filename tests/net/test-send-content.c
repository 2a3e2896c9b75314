/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The octets of a content, from every source by every way: what the server has
 * in the end is what RFC 5321 makes of them, and nothing else. */

#include "fixture.h"

#include <string.h>

#define LONG (3 * 1024 * 1024)

typedef struct
{
  const char         *name;
  const char * const *extensions;
} Way;

static const Way ways[] = {
  { "bdat", offer_chunking },
  { "data", offer_pipelining },
  { "plain", offer_nothing },
};

/* ---- contents -------------------------------------------------------------- */

typedef struct
{
  const char *name;
  const char *octets;    /* … */
  gsize       repeat;    /* … until there are so many */
  gboolean    canonical; /* the caller says so */
} Content;

static const Content contents[] = {
  { "lines", "Subject: x\r\n\r\none\r\ntwo\r\n" },
  { "leading-dots", ".one\r\n..two\r\n...\r\nfour.\r\n" },
  { "lone-dots", ".\r\n.\r\nmiddle\r\n.\r\n" },
  { "final-dot", "one\r\n." },
  { "smuggled-dots", "one\n.\ntwo\r.\rthree\n.\r\nfour\r.\r\n\r\n.\n" },
  { "no-final-newline", "one\r\ntwo" },
  { "blank-end", "one\r\n\r\n\r\n" },
  { "bare-lf", "\none\n\ntwo\n" },
  { "bare-cr", "\rone\r\rtwo\r" },
  { "mixed-ends", "one\r\r\ntwo\n\r\nthree\n\rfour\r\n\n" },
  { "lone-cr", "\r" },
  { "lone-lf", "\n" },
  { "empty", "" },
  { "8-bit", "Subject: x\n\ncaf\303\251\n\377\376.\n\200" },
  { "long", "A line, and then\n.\r\n..of dots\rand bare ends\n\r\n", LONG },
  { "long-clean", "A line of the length that lines have in the average letter\r\n", LONG },
  { "long-canonical", "A line that has no dot at its beginning\r\n..and two that have\r\n.\r\n", LONG, TRUE },
};

static GBytes *
make_octets (const Content *content)
{
  gsize piece = strlen (content->octets);
  GByteArray *array = g_byte_array_new ();

  do
    g_byte_array_append (array, (const guint8 *) content->octets, piece);
  while (array->len < content->repeat);

  return g_byte_array_free_to_bytes (array);
}

/* Each line end, of whatever kind, is CRLF, and the last line has one. The
 * library does this another way. */
static GBytes *
make_canonical (GBytes *octets)
{
  g_autoptr (GRegex) ends = g_regex_new ("\\r\\n|\\r|\\n", G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, NULL);
  gsize length;
  const char *data = g_bytes_get_data (octets, &length);
  g_autofree char *text = NULL;
  char *whole;

  if (length == 0)
    return g_bytes_ref (octets);

  text = g_regex_replace_literal (ends, data, (gssize) length, 0, "\r\n", 0, NULL);
  whole = g_strconcat (text, g_str_has_suffix (text, "\r\n") ? "" : "\r\n", NULL);
  return g_bytes_new_take (whole, strlen (whole));
}

/* How it travels by DATA. */
static gsize
count_stuffed (GBytes *canonical)
{
  gsize length;
  const char *data = g_bytes_get_data (canonical, &length);
  gsize n = length;

  for (gsize i = 0; i < length; i++)
    n += data[i] == '.' && (i == 0 || data[i - 1] == '\n');

  return n;
}

static gboolean
is_8bit (GBytes *octets)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (octets, &length);

  for (gsize i = 0; i < length; i++)
    {
      if (data[i] > 127)
        return TRUE;
    }

  return FALSE;
}

/* ---- a stream that comes in pieces -------------------------------------------- */

/* Gives what is asked for in pieces of all sizes, so that they end between CR
 * and LF, too, and cannot be rewound. */
#define TEST_TYPE_STREAM (test_stream_get_type ())
G_DECLARE_FINAL_TYPE (TestStream, test_stream, TEST, STREAM, GInputStream)

struct _TestStream
{
  GInputStream parent_instance;

  GBytes      *octets;    /* NULL: lines are made up */
  guint64      size;
  const char  *eol;       /* of made up lines */
  guint64      position;
  guint64      breaks_at; /* a piece ends here; 0 for nowhere */
  guint64      fails_at;  /* likewise */
};

G_DEFINE_FINAL_TYPE (TestStream, test_stream, G_TYPE_INPUT_STREAM)

#define LINE_LENGTH 61

/* The octet at this place of made up lines: each is of another letter, and
 * some begin with a dot. */
static char
make_octet (guint64     position,
            const char *eol)
{
  guint64 line = position / (LINE_LENGTH + strlen (eol));
  guint64 column = position % (LINE_LENGTH + strlen (eol));

  if (column >= LINE_LENGTH)
    return eol[column - LINE_LENGTH];
  if (column == 0 && line % 7 == 0)
    return '.';

  return (char) ('a' + (line + column) % 26);
}

static gssize
test_stream_read (GInputStream *stream,
                  void         *buffer,
                  gsize         count,
                  GCancellable *cancellable,
                  GError      **error)
{
  TestStream *self = TEST_STREAM (stream);
  gsize piece = MIN (count, 1 + self->position % 8191);

  if (self->fails_at != 0 && self->position >= self->fails_at)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "the source has failed");
      return -1;
    }

  piece = MIN (piece, self->size - self->position);
  if (self->position < self->breaks_at)
    piece = MIN (piece, self->breaks_at - self->position);
  if (self->octets != NULL && piece > 0)
    memcpy (buffer, (const char *) g_bytes_get_data (self->octets, NULL) + self->position, piece);
  for (gsize i = 0; self->octets == NULL && i < piece; i++)
    ((char *) buffer)[i] = make_octet (self->position + i, self->eol);
  self->position += piece;
  return (gssize) piece;
}

static void
test_stream_finalize (GObject *object)
{
  g_clear_pointer (&TEST_STREAM (object)->octets, g_bytes_unref);
  G_OBJECT_CLASS (test_stream_parent_class)->finalize (object);
}

static void
test_stream_class_init (TestStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_stream_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = test_stream_read;
}

static void
test_stream_init (TestStream *self)
{
}

static TestStream *
test_stream_new (GBytes *octets)
{
  TestStream *self = g_object_new (TEST_TYPE_STREAM, NULL);

  self->octets = g_bytes_ref (octets);
  self->size = g_bytes_get_size (octets);
  return self;
}

static TestStream *
test_stream_new_lines (guint64     lines,
                       const char *eol)
{
  TestStream *self = g_object_new (TEST_TYPE_STREAM, NULL);

  self->size = lines * (LINE_LENGTH + strlen (eol));
  self->eol = eol;
  return self;
}

/* ---- sources ------------------------------------------------------------------ */

typedef void (*SetContent) (SmtpMessage *message,
                            GBytes      *octets);

static void
set_sized_stream (SmtpMessage *message,
                  GBytes      *octets)
{
  g_autoptr (GInputStream) stream = g_memory_input_stream_new_from_bytes (octets);

  smtp_message_set_content_stream (message, stream, (gint64) g_bytes_get_size (octets));
}

static void
set_stream (SmtpMessage *message,
            GBytes      *octets)
{
  g_autoptr (TestStream) stream = test_stream_new (octets);

  smtp_message_set_content_stream (message, G_INPUT_STREAM (stream), -1);
}

static GFile *
make_file (GBytes *octets)
{
  g_autoptr (GFileIOStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;
  const char *data = g_bytes_get_data (octets, &length);
  GFile *file = g_file_new_tmp ("smtp-content-XXXXXX", &stream, &error);

  g_assert_no_error (error);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (stream)), data, length, NULL, NULL, &error);
  g_assert_no_error (error);
  return file;
}

static void
remove_file (gpointer data)
{
  g_autoptr (GFile) file = data;

  g_file_delete (file, NULL, NULL);
}

static void
set_file (SmtpMessage *message,
          GBytes      *octets)
{
  GFile *file = make_file (octets);

  smtp_message_set_content_file (message, file);
  g_object_set_data_full (G_OBJECT (message), "file", file, remove_file);
}

static const struct
{
  const char *name;
  SetContent  set;
  gboolean    sized; /* the size is known without reading it */
} sources[] = {
  { "bytes", smtp_message_set_content_bytes, TRUE },
  { "sized-stream", set_sized_stream, TRUE },
  { "stream", set_stream, FALSE },
  { "file", set_file, TRUE },
};

/* ---- what arrives ----------------------------------------------------------------- */

static void
expect_octets (SmtpTestMessage *received,
               GBytes          *expected)
{
  GBytes *content = smtp_test_message_get_content (received);

  /* Not compared by g_assert_cmpmem(), which would print megabytes. */
  g_assert_cmpuint (g_bytes_get_size (content), ==, g_bytes_get_size (expected));
  g_assert_true (g_bytes_equal (content, expected));
}

/* What the server was told beforehand must be true. */
static void
expect_size (SmtpTestMessage *received)
{
  g_autofree char *size = g_strdup_printf ("SIZE=%" G_GUINT64_FORMAT, smtp_test_message_get_size (received));
  g_auto (GStrv) params = g_strsplit (smtp_test_message_get_sender_params (received), " ", -1);

  g_assert_true (g_strv_contains ((const char * const *) params, size));
}

static void
send_good (Fixture     *f,
           SmtpMessage *message)
{
  x_send (f, message);
  g_assert_no_error (f->error);
  g_assert_cmpint (smtp_message_get_outcome (message), ==, SMTP_OUTCOME_ACCEPTED);
}

/* BDAT needs the length of what travels: of what was read beforehand, or
 * bytes, or by the caller's word. */
static gboolean
wants_bdat (const Content *content,
            const Way     *way,
            guint          source)
{
  gboolean whole = content->repeat == 0 || source == 0;

  return way->extensions == offer_chunking && (whole || (content->canonical && sources[source].sized));
}

static void
check_content (Fixture       *f,
               const Content *content,
               const Way     *way,
               guint          source)
{
  guint index = smtp_test_server_get_n_messages (f->server);
  g_autoptr (SmtpMessage) message = make_message (1, "");
  g_autoptr (GBytes) octets = make_octets (content);
  g_autoptr (GBytes) expected = make_canonical (octets);
  g_autoptr (SmtpTestMessage) received = NULL;
  gboolean bdat = wants_bdat (content, way, source);

  sources[source].set (message, octets);
  smtp_message_set_content_is_canonical (message, content->canonical);
  smtp_message_set_allow_8bit (message, is_8bit (octets) && way->extensions != offer_chunking);
  send_good (f, message);
  received = smtp_test_server_get_message (f->server, index);
  g_assert_nonnull (received);
  expect_octets (received, expected);
  g_assert_cmpint (smtp_test_message_get_via_bdat (received), ==, bdat);
  g_assert_cmpuint (smtp_message_get_bytes_sent (message), ==,
                    bdat ? g_bytes_get_size (expected) : count_stuffed (expected));
  if (bdat)
    expect_size (received);
}

typedef struct
{
  const Way *way;
  guint      source;
} ContentRow;

/* All over one connection: what is left of one would show in the next. */
static void
test_contents (Fixture *f)
{
  const ContentRow *row = f->row;

  open_offering (f, row->way->extensions);
  for (guint i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_test_message ("%s", contents[i].name);
      check_content (f, &contents[i], row->way, row->source);
    }
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, G_N_ELEMENTS (contents));
}

/* ---- what is too large to be kept ------------------------------------------------- */

#define HUGE_LINES ((guint64) 64 * 1024 * 1024 / (LINE_LENGTH + 2))

typedef struct
{
  const char *name;
  const Way  *way;
  const char *eol;
  gboolean    sized; /* and canonical */
} HugeRow;

static const HugeRow huge_rows[] = {
  { "bdat", &ways[0], "\r\n", TRUE },
  { "data", &ways[1], "\n", FALSE },
  { "plain", &ways[2], "\r", FALSE },
};

static char *
hash_lines (void)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 line[LINE_LENGTH + 2];

  for (guint64 i = 0; i < HUGE_LINES; i++)
    {
      for (gsize j = 0; j < sizeof line; j++)
        line[j] = (guint8) make_octet (i * sizeof line + j, "\r\n");
      g_checksum_update (checksum, line, sizeof line);
    }

  return g_strdup (g_checksum_get_string (checksum));
}

static void
test_huge (Fixture *f)
{
  const HugeRow *row = f->row;
  g_autoptr (SmtpMessage) message = make_message (1, "");
  g_autoptr (TestStream) stream = test_stream_new_lines (HUGE_LINES, row->eol);
  g_autoptr (SmtpTestMessage) received = NULL;
  g_autofree char *hash = hash_lines ();

  g_object_set (f->server, "keep-content", FALSE, NULL);
  smtp_message_set_content_stream (message, G_INPUT_STREAM (stream), row->sized ? (gint64) stream->size : -1);
  smtp_message_set_content_is_canonical (message, row->sized);
  open_offering (f, row->way->extensions);
  send_good (f, message);
  received = smtp_test_server_get_message (f->server, 0);
  g_assert_cmpint (smtp_test_message_get_via_bdat (received), ==, row->sized);
  g_assert_cmpuint (smtp_test_message_get_size (received), ==, HUGE_LINES * (LINE_LENGTH + 2));
  g_assert_cmpstr (smtp_test_message_get_sha256 (received), ==, hash);
}

/* ---- what is not sent ---------------------------------------------------------------- */

typedef struct
{
  const char     *name;
  const char     *line;      /* what is wrong; NULL: a line of 999 octets */
  SmtpBody        body;
  gboolean        late;      /* behind what is read beforehand */
  SmtpClientError error;
  const char     *allowance; /* a property that has it sent all the same, or NULL */
} BadRow;

static const BadRow bad_rows[] = {
  { "8bit", "caf\303\251\r\n", SMTP_BODY_AUTO, FALSE, SMTP_CLIENT_ERROR_NOT_SUPPORTED, "allow-8bit" },
  { "8bit-late", "caf\303\251\r\n", SMTP_BODY_AUTO, TRUE, SMTP_CLIENT_ERROR_NOT_SUPPORTED, "allow-8bit" },
  { "8bitmime", "text\r\n", SMTP_BODY_8BITMIME, FALSE, SMTP_CLIENT_ERROR_NOT_SUPPORTED, "allow-8bit" },
  { "long-line", NULL, SMTP_BODY_AUTO, FALSE, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, "allow-long-lines" },
  { "long-line-late", NULL, SMTP_BODY_AUTO, TRUE, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, "allow-long-lines" },
};

static GBytes *
make_bad (const BadRow *row)
{
  GString *text = g_string_new ("Subject: bad\r\n\r\n");

  while (row->late && text->len < LONG)
    g_string_append (text, "A good line\r\n");
  if (row->line != NULL)
    g_string_append (text, row->line);
  else
    {
      g_autofree char *line = g_strnfill (999, 'x');

      g_string_append_printf (text, "%s\r\n", line);
    }
  return g_string_free_to_bytes (text);
}

/* Before anything is sent when it is known by then. Otherwise nothing but the
 * end of the connection keeps it from being delivered. */
static void
expect_not_sent (Fixture     *f,
                 SmtpMessage *message,
                 gboolean     late)
{
  g_assert_cmpint (smtp_message_get_outcome (message), ==, SMTP_OUTCOME_NOT_SENT);
  g_assert_null (smtp_message_get_reply (message));
  if (late)
    {
      expect_state (f, SMTP_CLIENT_STATE_BROKEN);
      expect_no_message (f);
      return;
    }

  expect_state (f, SMTP_CLIENT_STATE_READY);
  g_assert_cmpuint (count_commands (f, "MAIL"), ==, 0);
  g_assert_cmpuint (smtp_message_get_bytes_sent (message), ==, 0);
}

static void
test_bad (Fixture *f)
{
  const BadRow *row = f->row;
  g_autoptr (SmtpMessage) message = make_message (1, "");
  g_autoptr (GBytes) octets = make_bad (row);

  set_stream (message, octets);
  smtp_message_set_body (message, row->body);
  open_offering (f, offer_pipelining);
  g_assert_false (x_send (f, message));
  expect_error (f, SMTP_CLIENT_ERROR, row->error, NULL);
  expect_not_sent (f, message, row->late);
}

static void
test_allowed (Fixture *f)
{
  const BadRow *row = f->row;
  g_autoptr (SmtpMessage) message = make_message (1, "");
  g_autoptr (GBytes) octets = make_bad (row);
  g_autoptr (SmtpTestMessage) received = NULL;

  set_stream (message, octets);
  smtp_message_set_body (message, row->body);
  g_object_set (message, row->allowance, TRUE, NULL);
  open_offering (f, offer_pipelining);
  send_good (f, message);
  received = smtp_test_server_get_message (f->server, 0);
  expect_octets (received, octets);
  g_assert_cmpstr (smtp_test_message_get_sender_params (received), ==, "");
}

/* The longest line that may be. */
static void
test_line_of_998 (Fixture *f)
{
  const Way *way = f->row;
  g_autofree char *line = g_strnfill (998, 'x');
  g_autofree char *text = g_strdup_printf ("Subject: x\n\n%s\n.%s", line, line + 1);
  g_autofree char *expected = g_strdup_printf ("Subject: x\r\n\r\n%s\r\n.%s\r\n", line, line + 1);
  g_autoptr (SmtpMessage) message = make_message (1, text);

  open_offering (f, way->extensions);
  send_good (f, message);
  expect_content (f, 0, expected);
}

/* 7BIT is a promise, whatever the server could take. */
static void
test_7bit (Fixture *f)
{
  g_autoptr (SmtpMessage) good = make_message (1, CONTENT);
  g_autoptr (SmtpMessage) bad = make_message (1, "Subject: x\r\n\r\ncaf\303\251\r\n");
  g_autoptr (SmtpTestMessage) received = NULL;

  open_offering (f, offer_chunking);
  smtp_message_set_body (bad, SMTP_BODY_7BIT);
  g_assert_false (x_send (f, bad));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, NULL);
  expect_not_sent (f, bad, FALSE);
  smtp_message_set_body (good, SMTP_BODY_7BIT);
  send_good (f, good);
  received = smtp_test_server_get_message (f->server, 0);
  g_assert_null (strstr (smtp_test_message_get_sender_params (received), "8BITMIME"));
}

static void
test_8bitmime (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (1, CONTENT);
  g_autoptr (SmtpTestMessage) received = NULL;

  open_offering (f, offer_chunking);
  send_good (f, message);
  received = smtp_test_server_get_message (f->server, 0);
  g_assert_nonnull (strstr (smtp_test_message_get_sender_params (received), "BODY=8BITMIME"));
}

/* ---- sources that do not keep their word ------------------------------------------------ */

typedef struct
{
  const char *name;
  const char *eol;
  gint64      more; /* than the stream has are announced */
} LieRow;

static const LieRow lie_rows[] = {
  { "too-short", "\r\n", 100 },
  { "too-long", "\r\n", -(LINE_LENGTH + 2) },
  { "one-too-long", "\r\n", -1 },
  { "not-canonical", "\n", 0 },
};

/* One that is too long has had what was announced for a moment: a server that
 * was sent all of that would deliver it. */
static void
test_lie (Fixture *f)
{
  const LieRow *row = f->row;
  g_autoptr (SmtpMessage) message = make_message (1, "");
  g_autoptr (TestStream) stream = test_stream_new_lines (LONG / LINE_LENGTH, row->eol);

  stream->breaks_at = stream->size + row->more;
  smtp_message_set_content_stream (message, G_INPUT_STREAM (stream), (gint64) stream->breaks_at);
  smtp_message_set_content_is_canonical (message, TRUE);
  open_offering (f, offer_chunking);
  g_assert_false (x_send (f, message));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, NULL);
  expect_not_sent (f, message, TRUE);
}

typedef struct
{
  const Way *way;
  guint64    fails_at;
} FailRow;

static const FailRow fail_rows[] = {
  { &ways[0], 1 }, { &ways[1], 1 }, { &ways[0], LONG - 1000 }, { &ways[1], LONG - 1000 },
};

static void
test_failing (Fixture *f)
{
  const FailRow *row = f->row;
  g_autoptr (SmtpMessage) message = make_message (1, "");
  g_autoptr (TestStream) stream = test_stream_new_lines (LONG / LINE_LENGTH, "\r\n");

  stream->fails_at = row->fails_at;
  smtp_message_set_content_stream (message, G_INPUT_STREAM (stream), (gint64) stream->size);
  smtp_message_set_content_is_canonical (message, TRUE);
  open_offering (f, row->way->extensions);
  g_assert_false (x_send (f, message));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "the source has failed");
  expect_not_sent (f, message, row->fails_at > 1);
}

static void
test_no_file (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (1, "");
  g_autoptr (GBytes) octets = g_bytes_new_static (CONTENT, strlen (CONTENT));
  GFile *file = make_file (octets);

  smtp_message_set_content_file (message, file);
  remove_file (file);
  open_offering (f, offer_chunking);
  g_assert_false (x_send (f, message));
  expect_error (f, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, NULL);
  expect_not_sent (f, message, FALSE);
}

/* A message is sent again: from where the stream stood, if it can go back. */
static void
test_again (Fixture *f)
{
  static const char text[] = "not of it" CONTENT;
  g_autoptr (SmtpMessage) message = make_message (1, "");
  g_autoptr (GInputStream) stream = g_memory_input_stream_new_from_data (text, sizeof text - 1, NULL);

  g_seekable_seek (G_SEEKABLE (stream), strlen ("not of it"), G_SEEK_SET, NULL, NULL);
  smtp_message_set_content_stream (message, stream, -1);
  open_offering (f, offer_pipelining);
  for (guint i = 0; i < 3; i++)
    {
      send_good (f, message);
      expect_content (f, i, CONTENT);
    }
}

static void
test_not_again (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (1, "");
  g_autoptr (GBytes) octets = g_bytes_new_static (CONTENT, strlen (CONTENT));

  set_stream (message, octets);
  open_offering (f, offer_pipelining);
  send_good (f, message);
  smtp_test_server_clear_commands (f->server);
  g_assert_false (x_send (f, message));
  expect_error (f, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_INVALID_ARGUMENT, NULL);
  expect_not_sent (f, message, FALSE);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 1);
}

/* ---- the list ----------------------------------------------------------------------------- */

static void
add_contents (void)
{
  static ContentRow rows[G_N_ELEMENTS (ways) * G_N_ELEMENTS (sources)];

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *name = NULL;

      rows[i] = (ContentRow) { &ways[i / G_N_ELEMENTS (sources)], i % G_N_ELEMENTS (sources) };
      name = g_strdup_printf ("/send-content/%s/%s", rows[i].way->name, sources[rows[i].source].name);
      add_row_scenario (name, test_contents, &rows[i]);
    }
}

static void
add_bad (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad_rows); i++)
    {
      g_autofree char *bad = g_strconcat ("/send-content/bad/", bad_rows[i].name, NULL);
      g_autofree char *allowed = g_strconcat ("/send-content/allowed/", bad_rows[i].name, NULL);

      add_row_scenario (bad, test_bad, &bad_rows[i]);
      if (bad_rows[i].allowance != NULL)
        add_row_scenario (allowed, test_allowed, &bad_rows[i]);
    }
}

static void
add_others (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (huge_rows); i++)
    {
      g_autofree char *name = g_strconcat ("/send-content/huge/", huge_rows[i].name, NULL);

      add_row_scenario (name, test_huge, &huge_rows[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (lie_rows); i++)
    {
      g_autofree char *name = g_strconcat ("/send-content/lie/", lie_rows[i].name, NULL);

      add_row_scenario (name, test_lie, &lie_rows[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (fail_rows); i++)
    {
      g_autofree char *name = g_strdup_printf ("/send-content/failing/%s/%s", fail_rows[i].way->name,
                                               fail_rows[i].fails_at > 1 ? "late" : "early");

      add_row_scenario (name, test_failing, &fail_rows[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *name = g_strconcat ("/send-content/line-of-998/", ways[i].name, NULL);

      add_row_scenario (name, test_line_of_998, &ways[i]);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_contents ();
  add_bad ();
  add_others ();
  add_scenario ("/send-content/7bit", test_7bit);
  add_scenario ("/send-content/8bitmime", test_8bitmime);
  add_scenario ("/send-content/no-file", test_no_file);
  add_scenario ("/send-content/again", test_again);
  add_scenario ("/send-content/not-again", test_not_again);
  return g_test_run ();
}
