/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages, senders and recipients that the server refuses: who got what, what
 * the caller is told, and whether the connection is good for the next. */

#include "fixture.h"

#include <string.h>

#define N_RECIPIENTS 3

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

/* ---- what is expected of each ---------------------------------------------- */

static void
expect_reply (SmtpReply  *reply,
              guint       code,
              const char *text)
{
  g_assert_nonnull (reply);
  g_assert_cmpuint (smtp_reply_get_code (reply), ==, code);
  g_assert_nonnull (strstr (smtp_reply_get_text (reply), text));
}

static void
expect_recipient (SmtpMessage *message,
                  guint        index,
                  gboolean     accepted,
                  guint        code,
                  const char  *text)
{
  g_autoptr (SmtpRecipient) recipient = g_list_model_get_item (smtp_message_get_recipients (message), index);

  g_assert_cmpint (smtp_recipient_get_accepted (recipient), ==, accepted);
  if (code == 0)
    g_assert_null (smtp_recipient_get_reply (recipient));
  else
    expect_reply (smtp_recipient_get_reply (recipient), code, text);
}

/* The message went to those recipients that are not in the mask. */
static void
expect_delivered (Fixture *f,
                  guint    index,
                  guint    refused)
{
  g_autoptr (SmtpTestMessage) message = smtp_test_server_get_message (f->server, index);
  const char * const *recipients = smtp_test_message_get_recipients (message);

  for (guint i = 0; i < N_RECIPIENTS; i++)
    {
      g_autofree char *address = g_strdup_printf ("user%u@example.net", i);

      if ((refused & 1u << i) == 0)
        g_assert_cmpstr (*recipients++, ==, address);
    }
  g_assert_null (*recipients);
  expect_content (f, index, CONTENT);
}

/* Nothing of what was refused hangs on: neither in the state of either side,
 * nor as a reply that comes too late. */
static void
expect_good_message (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (N_RECIPIENTS, CONTENT);
  guint before = smtp_test_server_get_n_messages (f->server);

  expect_state (f, SMTP_CLIENT_STATE_READY);
  g_assert_true (x_send (f, message));
  g_assert_no_error (f->error);
  g_assert_cmpint (smtp_message_get_outcome (message), ==, SMTP_OUTCOME_ACCEPTED);
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, before + 1);
  expect_delivered (f, before, 0);
  for (guint i = 0; i < N_RECIPIENTS; i++)
    expect_recipient (message, i, TRUE, 250, "Recipient OK");
  g_assert_cmpuint (smtp_test_server_get_session_count (f->server), ==, 1);
}

static void
expect_rejected (Fixture        *f,
                 SmtpMessage    *message,
                 SmtpClientError error,
                 guint           code,
                 const char     *text)
{
  expect_error (f, SMTP_CLIENT_ERROR, error, text);
  g_assert_cmpint (smtp_message_get_outcome (message), ==, SMTP_OUTCOME_REJECTED);
  expect_reply (smtp_message_get_reply (message), code, text);
  g_assert_null (smtp_message_get_queue_id (message));
}

/* ---- recipients -------------------------------------------------------------- */

typedef struct
{
  const Way     *way;
  SmtpRecipients policy;
  guint          refused; /* a bit for each recipient */
} RecipientsRow;

/* Each reply has a text of its own, so that one at the wrong recipient shows. */
static void
script_recipients (Fixture *f,
                   guint    refused)
{
  for (guint i = 0; i < N_RECIPIENTS; i++)
    {
      gboolean bad = (refused & 1u << i) != 0;
      g_autofree char *reply = g_strdup_printf (bad ? "55%u 5.1.1 no user%u" : "25%u 2.1.5 yes user%u", i, i);

      smtp_test_server_script_reply_text (f->server, "RCPT", reply);
    }
}

/* Without PIPELINING a client that wants all stops asking at the first no. */
static gboolean
was_asked (const RecipientsRow *row,
           guint                index)
{
  guint before = (1u << index) - 1;

  return row->way->extensions != offer_nothing || row->policy == SMTP_RECIPIENTS_ANY || (row->refused & before) == 0;
}

static void
expect_recipients (SmtpMessage         *message,
                   const RecipientsRow *row)
{
  for (guint i = 0; i < N_RECIPIENTS; i++)
    {
      gboolean asked = was_asked (row, i);
      gboolean bad = (row->refused & 1u << i) != 0;
      g_autofree char *text = g_strdup_printf (bad ? "no user%u" : "yes user%u", i);

      expect_recipient (message, i, asked && !bad, !asked ? 0 : bad ? 550 + i : 250 + i, text);
    }
}

static void
expect_none_delivered (Fixture             *f,
                       SmtpMessage         *message,
                       const RecipientsRow *row)
{
  guint first = (row->refused & 1) != 0 ? 0 : (row->refused & 2) != 0 ? 1 : 2;
  g_autofree char *text = g_strdup_printf ("no user%u", first);

  expect_rejected (f, message, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, 550 + first, text);
  g_assert_cmpuint (smtp_message_get_bytes_sent (message), <=, strlen (CONTENT));
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 0);
}

static void
expect_some_delivered (Fixture             *f,
                       SmtpMessage         *message,
                       const RecipientsRow *row)
{
  g_assert_no_error (f->error);
  g_assert_cmpint (smtp_message_get_outcome (message), ==, SMTP_OUTCOME_PARTIAL);
  expect_reply (smtp_message_get_reply (message), 250, "queued as");
  g_assert_nonnull (smtp_message_get_queue_id (message));
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 1);
  expect_delivered (f, 0, row->refused);
}

static void
test_recipients (Fixture *f)
{
  const RecipientsRow *row = f->row;
  g_autoptr (SmtpMessage) message = make_message (N_RECIPIENTS, CONTENT);
  gboolean some = row->policy == SMTP_RECIPIENTS_ANY && row->refused != (1u << N_RECIPIENTS) - 1;

  smtp_message_set_recipient_policy (message, row->policy);
  script_recipients (f, row->refused);
  open_offering (f, row->way->extensions);
  g_assert_cmpint (x_send (f, message), ==, some);
  if (some)
    expect_some_delivered (f, message, row);
  else
    expect_none_delivered (f, message, row);
  expect_recipients (message, row);
  smtp_test_server_clear_script (f->server);
  expect_good_message (f);
}

static const struct
{
  const char *name;
  guint       mask;
} refusals[] = {
  { "first", 1 },
  { "last", 4 },
  { "all", 7 },
};

static void
add_recipients (const Way     *way,
                SmtpRecipients policy)
{
  static RecipientsRow rows[G_N_ELEMENTS (ways) * 2 * G_N_ELEMENTS (refusals)];
  static guint n_rows;

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *name = g_strdup_printf ("/send-refused/%s/%s/%s", way->name,
                                               policy == SMTP_RECIPIENTS_ANY ? "any" : "all", refusals[i].name);
      RecipientsRow *row = &rows[n_rows++];

      *row = (RecipientsRow) { way, policy, refusals[i].mask };
      add_row_scenario (name, test_recipients, row);
    }
}

/* ---- other commands ---------------------------------------------------------- */

typedef struct
{
  const char     *name;
  const char     *verb;  /* what the server refuses */
  guint           code;
  SmtpClientError error;
} Refusal;

static const Refusal commands[] = {
  { "mail-5xx", "MAIL", 553, SMTP_CLIENT_ERROR_REFUSED_PERMANENT },
  { "mail-4xx", "MAIL", 451, SMTP_CLIENT_ERROR_REFUSED_TEMPORARY },
  { "rcpt-4xx", "RCPT", 450, SMTP_CLIENT_ERROR_REFUSED_TEMPORARY },
  { "data-5xx", "DATA", 554, SMTP_CLIENT_ERROR_REFUSED_PERMANENT },
  { "data-4xx", "DATA", 451, SMTP_CLIENT_ERROR_REFUSED_TEMPORARY },
  { "content-5xx", ".", 571, SMTP_CLIENT_ERROR_REFUSED_PERMANENT },
  { "content-4xx", ".", 452, SMTP_CLIENT_ERROR_REFUSED_TEMPORARY },
};

typedef struct
{
  const Way     *way;
  const Refusal *refusal;
} CommandRow;

/* Behind a refused MAIL a pipelined RCPT is refused for that, and no reply of
 * the kind makes a recipient an accepted one. */
static void
expect_no_recipient (SmtpMessage *message)
{
  for (guint i = 0; i < N_RECIPIENTS; i++)
    {
      g_autoptr (SmtpRecipient) recipient = g_list_model_get_item (smtp_message_get_recipients (message), i);

      g_assert_false (smtp_recipient_get_accepted (recipient));
    }
}

static void
expect_all_recipients (SmtpMessage *message)
{
  for (guint i = 0; i < N_RECIPIENTS; i++)
    expect_recipient (message, i, TRUE, 250, "Recipient OK");
}

static void
script_refusal (Fixture       *f,
                const Refusal *refusal)
{
  g_autofree char *reply = g_strdup_printf ("%u %u.7.1 not like this", refusal->code, refusal->code / 100);
  guint times = g_str_equal (refusal->verb, "RCPT") ? N_RECIPIENTS : 1;

  for (guint i = 0; i < times; i++)
    smtp_test_server_script_reply_text (f->server, refusal->verb, reply);
}

static void
test_command (Fixture *f)
{
  const CommandRow *row = f->row;
  const Refusal *refusal = row->refusal;
  g_autoptr (SmtpMessage) message = make_message (N_RECIPIENTS, CONTENT);

  script_refusal (f, refusal);
  open_offering (f, row->way->extensions);
  g_assert_false (x_send (f, message));
  expect_rejected (f, message, refusal->error, refusal->code, "not like this");
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, 0);
  if (g_str_equal (refusal->verb, "MAIL") || g_str_equal (refusal->verb, "RCPT"))
    expect_no_recipient (message);
  else
    expect_all_recipients (message);
  expect_good_message (f);
}

static void
add_commands (const Way *way)
{
  static CommandRow rows[G_N_ELEMENTS (ways) * G_N_ELEMENTS (commands)];
  static guint n_rows;

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *name = g_strdup_printf ("/send-refused/%s/%s", way->name, commands[i].name);
      CommandRow *row = &rows[n_rows++];

      if (g_str_equal (commands[i].verb, "DATA") && way->extensions == offer_chunking)
        continue;

      *row = (CommandRow) { way, &commands[i] };
      add_row_scenario (name, test_command, row);
    }
}

/* ---- a server that waits for a content nobody is to have ---------------------- */

/* One dot and no content ends it, and whatever is said to that, the message was
 * refused for its recipients. */
static void
test_go_ahead (Fixture *f)
{
  g_autoptr (SmtpMessage) message = make_message (N_RECIPIENTS, CONTENT);
  gboolean taken = g_str_has_prefix (f->row, "250");
  guint64 before;

  script_recipients (f, 7);
  smtp_test_server_script_reply_text (f->server, "DATA", "354 go on");
  smtp_test_server_script_reply_text (f->server, ".", f->row);
  open_offering (f, offer_pipelining);
  before = smtp_test_server_get_bytes_received (f->server);
  g_assert_false (x_send (f, message));
  expect_rejected (f, message, SMTP_CLIENT_ERROR_REFUSED_PERMANENT, 550, "no user0");
  g_assert_cmpuint (smtp_test_server_get_n_messages (f->server), ==, taken);
  g_assert_cmpuint (count_commands (f, "DATA"), ==, 1);
  g_assert_cmpuint (smtp_test_server_get_bytes_received (f->server) - before, ==,
                    count_command_octets (f) + strlen (".\r\n"));
  expect_good_message (f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      add_recipients (&ways[i], SMTP_RECIPIENTS_ANY);
      add_recipients (&ways[i], SMTP_RECIPIENTS_ALL);
      add_commands (&ways[i]);
    }
  add_row_scenario ("/send-refused/go-ahead/refused", test_go_ahead, "554 5.5.1 nobody to have it");
  add_row_scenario ("/send-refused/go-ahead/taken", test_go_ahead, "250 2.0.0 queued as nothing");
  return g_test_run ();
}
