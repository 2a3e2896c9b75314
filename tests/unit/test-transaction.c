/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages as a whole: what is sent when, and what becomes of them however the
 * conversation goes. */

#include <string.h>

#include "pieces.h"
#include "smtp-engine-private.h"
#include "smtp-error.h"
#include "stages.h"

#define ANY SMTP_RECIPIENTS_ANY
#define ALL SMTP_RECIPIENTS_ALL
#define PIPELINING "PIPELINING"
#define CHUNKING "CHUNKING"
#define BOTH "PIPELINING|CHUNKING"
#define ALL_OFFERS "PIPELINING|CHUNKING|BINARYMIME|8BITMIME|SIZE"

/* 20 octets, and a dot that DATA doubles. */
#define SMALL "Subject: x\r\n\r\n.dot\r\n"

/* More than goes before it is known whether anybody will have it. */
#define LARGE (64 * 1024 + 1)

/* ---- messages --------------------------------------------------------------- */

typedef struct
{
  SmtpEnvelope       envelope;
  SmtpContentOutline outline;
  SmtpTransaction    transaction;
} Message;

static void
recipient_free (gpointer data)
{
  SmtpRecipientData *recipient = data;

  smtp_answer_clear (&recipient->answer);
  g_free (recipient->address);
  g_free (recipient);
}

static void
message_add_recipient (Message *message,
                       char    *address)
{
  SmtpRecipientData *recipient = g_new0 (SmtpRecipientData, 1);

  recipient->address = address;
  g_ptr_array_add (message->envelope.recipients, recipient);
}

/* To so many, as r0@x, r1@x, … */
static Message *
message_new (guint          n_recipients,
             SmtpRecipients policy)
{
  Message *message = g_new0 (Message, 1);

  message->envelope.sender = g_strdup ("me@a");
  message->envelope.policy = policy;
  message->envelope.recipients = g_ptr_array_new_with_free_func (recipient_free);
  message->outline.size = -1;
  for (guint i = 0; i < n_recipients; i++)
    message_add_recipient (message, g_strdup_printf ("r%u@x", i));
  return message;
}

static void
message_free (Message *message)
{
  smtp_transaction_clear (&message->transaction);
  g_ptr_array_unref (message->envelope.recipients);
  g_free (message->envelope.sender);
  g_free (message);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Message, message_free)

static const SmtpRecipientData *
get_recipient (const Message *message,
               guint          i)
{
  return g_ptr_array_index (message->envelope.recipients, i);
}

static void
message_plan (Message    *message,
              SmtpEngine *engine)
{
  const SmtpServerFacts server = {
    "mail.example", smtp_engine_get_capabilities (engine), FALSE, smtp_engine_get_n_messages (engine)
  };
  g_autoptr (GError) error = NULL;

  smtp_plan_make (&message->envelope, &message->outline, &server, &message->transaction.plan, &error);
  g_assert_no_error (error);
  message->transaction.envelope = &message->envelope;
}

static void
message_begin (Message    *message,
               SmtpEngine *engine,
               gboolean    behind)
{
  g_autoptr (GError) error = NULL;

  message_plan (message, engine);
  g_assert_true (smtp_engine_check_transaction (engine, behind, &error));
  g_assert_no_error (error);
  smtp_engine_begin_transaction (engine, &message->transaction);
}

/* All of the content is at hand. */
static void
message_begin_whole (Message    *message,
                     SmtpEngine *engine,
                     const char *content,
                     gsize       length,
                     gboolean    behind)
{
  SmtpTransaction *transaction = &message->transaction;
  SmtpContentOutline *outline = &message->outline;

  smtp_content_survey (content, length, TRUE, &outline->facts);
  outline->whole = TRUE;
  outline->size = length;
  message_begin (message, engine, behind);
  transaction->clean = outline->facts.clean && (transaction->plan.bdat || !outline->facts.dots);
  transaction->bytes = content;
  transaction->length = length;
  transaction->last = TRUE;
}

static gboolean
is_over (const Message *message)
{
  return message->transaction.stage == SMTP_TRANSACTION_OVER;
}

/* Code -1: without an error. */
static void
assert_outcome (const Message *message,
                SmtpOutcome    outcome,
                int            code)
{
  const SmtpTransaction *transaction = &message->transaction;

  g_assert_true (is_over (message));
  if (code < 0)
    g_assert_no_error (transaction->error);
  else
    g_assert_error (transaction->error, SMTP_CLIENT_ERROR, code);
  g_assert_cmpint (transaction->outcome, ==, outcome);
}

/* ---- dialogues --------------------------------------------------------------- */

/* What is said in turn: lines that begin with "C" are the client's, those with
 * "S" the server's. */
typedef struct
{
  gboolean server;
  GString *text;
  guint    lines;
} Turn;

static void
turn_free (gpointer data)
{
  Turn *turn = data;

  g_string_free (turn->text, TRUE);
  g_free (turn);
}

static Turn *
add_turn (GPtrArray *turns,
          gboolean   server)
{
  Turn *turn = turns->len > 0 ? g_ptr_array_index (turns, turns->len - 1) : NULL;

  if (turn != NULL && turn->server == server)
    return turn;

  turn = g_new0 (Turn, 1);
  turn->server = server;
  turn->text = g_string_new (NULL);
  g_ptr_array_add (turns, turn);
  return turn;
}

static GPtrArray *
parse_dialogue (const char *dialogue)
{
  GPtrArray *turns = g_ptr_array_new_with_free_func (turn_free);
  g_auto (GStrv) lines = g_strsplit (dialogue, "\n", -1);

  for (guint i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
    {
      Turn *turn = add_turn (turns, lines[i][0] == 'S');

      g_string_append (turn->text, lines[i] + 2);
      g_string_append (turn->text, "\r\n");
      turn->lines++;
    }

  return turns;
}

/* All that waits leaves in one vector, and nothing more comes behind it. */
static char *
write_once (SmtpEngine *engine)
{
  GString *sent = g_string_new (NULL);
  SmtpSpan spans[SMTP_OUTPUT_SPANS];
  guint n;

  g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_WRITE);
  n = smtp_engine_get_spans (engine, spans, SMTP_OUTPUT_SPANS);
  for (guint i = 0; i < n; i++)
    g_string_append_len (sent, (const char *) spans[i].data, spans[i].length);
  smtp_engine_wrote (engine, sent->len);
  g_assert_cmpint (smtp_engine_next (engine), !=, SMTP_ENGINE_WRITE);
  return g_string_free (sent, FALSE);
}

static void
say_pieces (SmtpEngine *engine,
            const char *text,
            gsize       length,
            Pieces      pieces)
{
  for (gsize n; length > 0; text += n, length -= n)
    {
      n = piece_length (pieces, text, length);
      smtp_engine_feed (engine, text, n);
      smtp_engine_next (engine);
    }
}

static void
play_turn (SmtpEngine *engine,
           const Turn *turn,
           Pieces      pieces)
{
  g_autofree char *sent = NULL;

  if (turn->server)
    {
      say_pieces (engine, turn->text->str, turn->text->len, pieces);
      return;
    }

  sent = write_once (engine);
  g_assert_cmpstr (sent, ==, turn->text->str);
}

static void
play (SmtpEngine *engine,
      GPtrArray  *turns,
      Pieces      pieces)
{
  for (guint i = 0; i < turns->len; i++)
    play_turn (engine, g_ptr_array_index (turns, i), pieces);
}

/* ---- whole transcripts ------------------------------------------------------- */

#define MAIL "C MAIL FROM:<me@a>\n"
#define RCPT0 "C RCPT TO:<r0@x>\n"
#define RCPT1 "C RCPT TO:<r1@x>\n"
#define RCPT2 "C RCPT TO:<r2@x>\n"
#define RCPTS RCPT0 RCPT1 RCPT2
#define DATA "C DATA\n"
#define STUFFED "C Subject: x\nC \nC ..dot\nC .\n"
#define BDAT "C BDAT 20 LAST\nC Subject: x\nC \nC .dot\n"
#define DOT "C .\n"
#define RSET "C RSET\nS 250 2.0.0 reset\n"
#define OK "S 250 2.0.0 ok\n"
#define OK3 OK OK OK
#define NO "S 550 5.1.1 nobody\n"
#define LATER "S 450 4.2.0 later\n"
#define NONE "S 554 5.5.1 no recipients\n"
#define SEQUENCE "S 503 5.5.1 out of order\n"
#define GO "S 354 go\n"
#define TAKEN "S 250 2.6.0 taken\n"

#define PERMANENT SMTP_CLIENT_ERROR_REFUSED_PERMANENT
#define TEMPORARY SMTP_CLIENT_ERROR_REFUSED_TEMPORARY
#define PROTOCOL SMTP_CLIENT_ERROR_PROTOCOL
#define READY SMTP_CLIENT_STATE_READY
#define BROKEN SMTP_CLIENT_STATE_BROKEN

typedef struct
{
  const char     *name;
  const char     *offers;
  SmtpRecipients  policy;
  const char     *accepted; /* a recipient each: "+", "-" or "?" for no answer */
  const char     *dialogue;
  SmtpOutcome     outcome;
  int             code;     /* of the error, -1 for none */
  guint           answer;   /* of the server to the message as a whole */
  SmtpClientState state;
} Scenario;

static const Scenario scenarios[] = {
  /* accepted */
  { "both", BOTH, ANY, "+++", MAIL RCPTS BDAT OK OK3 TAKEN,
    SMTP_OUTCOME_ACCEPTED, -1, 250, READY },
  { "both-one-of-one", BOTH, ALL, "+", MAIL RCPT0 BDAT OK OK TAKEN,
    SMTP_OUTCOME_ACCEPTED, -1, 250, READY },
  { "both-all", BOTH, ALL, "+++", MAIL RCPTS OK OK3 BDAT TAKEN,
    SMTP_OUTCOME_ACCEPTED, -1, 250, READY },
  { "chunking", CHUNKING, ANY, "++", MAIL OK RCPT0 OK RCPT1 OK BDAT TAKEN,
    SMTP_OUTCOME_ACCEPTED, -1, 250, READY },
  { "pipelining", PIPELINING, ANY, "+++", MAIL RCPTS DATA OK OK3 GO STUFFED TAKEN,
    SMTP_OUTCOME_ACCEPTED, -1, 250, READY },
  { "pipelining-all", PIPELINING, ALL, "++", MAIL RCPT0 RCPT1 OK OK OK DATA GO STUFFED TAKEN,
    SMTP_OUTCOME_ACCEPTED, -1, 250, READY },
  { "nothing", "", ANY, "++", MAIL OK RCPT0 OK RCPT1 OK DATA GO STUFFED TAKEN,
    SMTP_OUTCOME_ACCEPTED, -1, 250, READY },
  { "nothing-all", "", ALL, "++", MAIL OK RCPT0 OK RCPT1 OK DATA GO STUFFED TAKEN,
    SMTP_OUTCOME_ACCEPTED, -1, 250, READY },
  { "forwarded", "", ANY, "++", MAIL OK RCPT0 "S 251 2.1.5 will forward\n" RCPT1 "S 252 2.1.5 perhaps\n" DATA GO STUFFED TAKEN,
    SMTP_OUTCOME_ACCEPTED, -1, 250, READY },
  { "long-replies", BOTH, ANY, "+", MAIL RCPT0 BDAT "S 250-2.1.0 a\nS 250 2.1.0 b\nS 250-c\nS 250 d\nS 250-e\nS 250 f\n",
    SMTP_OUTCOME_ACCEPTED, -1, 250, READY },

  /* some recipients refused */
  { "both-first", BOTH, ANY, "-++", MAIL RCPTS BDAT OK NO OK OK TAKEN,
    SMTP_OUTCOME_PARTIAL, -1, 250, READY },
  { "both-last", BOTH, ANY, "++-", MAIL RCPTS BDAT OK OK OK LATER TAKEN,
    SMTP_OUTCOME_PARTIAL, -1, 250, READY },
  { "chunking-first", CHUNKING, ANY, "-+", MAIL OK RCPT0 NO RCPT1 OK BDAT TAKEN,
    SMTP_OUTCOME_PARTIAL, -1, 250, READY },
  { "chunking-last", CHUNKING, ANY, "+-", MAIL OK RCPT0 OK RCPT1 NO BDAT TAKEN,
    SMTP_OUTCOME_PARTIAL, -1, 250, READY },
  { "pipelining-first", PIPELINING, ANY, "-++", MAIL RCPTS DATA OK NO OK OK GO STUFFED TAKEN,
    SMTP_OUTCOME_PARTIAL, -1, 250, READY },
  { "pipelining-last", PIPELINING, ANY, "+--", MAIL RCPTS DATA OK OK NO LATER GO STUFFED TAKEN,
    SMTP_OUTCOME_PARTIAL, -1, 250, READY },
  { "nothing-first", "", ANY, "-+", MAIL OK RCPT0 NO RCPT1 OK DATA GO STUFFED TAKEN,
    SMTP_OUTCOME_PARTIAL, -1, 250, READY },
  { "nothing-last", "", ANY, "+-", MAIL OK RCPT0 OK RCPT1 NO DATA GO STUFFED TAKEN,
    SMTP_OUTCOME_PARTIAL, -1, 250, READY },

  /* some refused, and so it goes to nobody */
  { "both-all-first", BOTH, ALL, "-++", MAIL RCPTS OK NO OK OK RSET,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "both-all-last", BOTH, ALL, "++-", MAIL RCPTS OK OK OK LATER RSET,
    SMTP_OUTCOME_REJECTED, TEMPORARY, 450, READY },
  { "chunking-all-first", CHUNKING, ALL, "-?", MAIL OK RCPT0 NO RSET,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "chunking-all-last", CHUNKING, ALL, "+-", MAIL OK RCPT0 OK RCPT1 NO RSET,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "pipelining-all-first", PIPELINING, ALL, "-++", MAIL RCPTS OK NO OK OK RSET,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "pipelining-all-two", PIPELINING, ALL, "+--", MAIL RCPTS OK OK LATER NO RSET,
    SMTP_OUTCOME_REJECTED, TEMPORARY, 450, READY },
  { "nothing-all-first", "", ALL, "-?", MAIL OK RCPT0 NO RSET,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "nothing-all-last", "", ALL, "+-", MAIL OK RCPT0 OK RCPT1 LATER RSET,
    SMTP_OUTCOME_REJECTED, TEMPORARY, 450, READY },

  /* all refused */
  { "both-none", BOTH, ANY, "--", MAIL RCPT0 RCPT1 BDAT OK LATER NO NONE RSET,
    SMTP_OUTCOME_REJECTED, TEMPORARY, 450, READY },
  { "both-none-taken", BOTH, ANY, "-", MAIL RCPT0 BDAT OK NO TAKEN RSET,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "both-none-all", BOTH, ALL, "--", MAIL RCPT0 RCPT1 OK NO NO RSET,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "both-none-of-one", BOTH, ALL, "-", MAIL RCPT0 BDAT OK NO NONE RSET,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "chunking-none", CHUNKING, ANY, "--", MAIL OK RCPT0 NO RCPT1 NO RSET,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "pipelining-none", PIPELINING, ANY, "---", MAIL RCPTS DATA OK NO LATER NO NONE RSET,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "pipelining-none-dot", PIPELINING, ANY, "--", MAIL RCPT0 RCPT1 DATA OK NO NO GO DOT NONE,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "pipelining-none-dot-taken", PIPELINING, ANY, "-", MAIL RCPT0 DATA OK LATER GO DOT TAKEN,
    SMTP_OUTCOME_REJECTED, TEMPORARY, 450, READY },
  { "pipelining-none-dot-all", PIPELINING, ALL, "-", MAIL RCPT0 DATA OK NO GO DOT NONE,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "nothing-none", "", ANY, "--", MAIL OK RCPT0 NO RCPT1 NO RSET,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },

  /* the sender refused: no transaction, no RSET */
  { "both-mail", BOTH, ANY, "--", MAIL RCPT0 RCPT1 BDAT LATER SEQUENCE SEQUENCE SEQUENCE,
    SMTP_OUTCOME_REJECTED, TEMPORARY, 450, READY },
  { "both-mail-all", BOTH, ALL, "--", MAIL RCPT0 RCPT1 NO SEQUENCE SEQUENCE,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "both-mail-confused", BOTH, ANY, "-", MAIL RCPT0 BDAT NO OK TAKEN,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "chunking-mail", CHUNKING, ANY, "?", MAIL NO,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "pipelining-mail", PIPELINING, ANY, "--", MAIL RCPT0 RCPT1 DATA NO SEQUENCE SEQUENCE SEQUENCE,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "pipelining-mail-dot", PIPELINING, ANY, "-", MAIL RCPT0 DATA NO SEQUENCE GO DOT SEQUENCE,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "nothing-mail", "", ANY, "??", MAIL LATER,
    SMTP_OUTCOME_REJECTED, TEMPORARY, 450, READY },

  /* the content refused */
  { "pipelining-data", PIPELINING, ANY, "+", MAIL RCPT0 DATA OK OK LATER RSET,
    SMTP_OUTCOME_REJECTED, TEMPORARY, 450, READY },
  { "pipelining-data-partial", PIPELINING, ANY, "-+", MAIL RCPT0 RCPT1 DATA OK LATER OK NO RSET,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "nothing-data", "", ANY, "+", MAIL OK RCPT0 OK DATA NO RSET,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "nothing-verdict", "", ANY, "+", MAIL OK RCPT0 OK DATA GO STUFFED NO,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "pipelining-verdict", PIPELINING, ANY, "+", MAIL RCPT0 DATA OK OK GO STUFFED LATER,
    SMTP_OUTCOME_REJECTED, TEMPORARY, 450, READY },
  { "pipelining-verdict-partial", PIPELINING, ANY, "-+", MAIL RCPT0 RCPT1 DATA OK NO OK GO STUFFED LATER,
    SMTP_OUTCOME_REJECTED, TEMPORARY, 450, READY },
  { "both-verdict", BOTH, ANY, "+", MAIL RCPT0 BDAT OK OK NO RSET,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, READY },
  { "both-verdict-partial", BOTH, ANY, "+-", MAIL RCPT0 RCPT1 BDAT OK OK NO LATER RSET,
    SMTP_OUTCOME_REJECTED, TEMPORARY, 450, READY },
  { "chunking-verdict", CHUNKING, ALL, "+", MAIL OK RCPT0 OK BDAT LATER RSET,
    SMTP_OUTCOME_REJECTED, TEMPORARY, 450, READY },

  /* RSET refused: nobody knows what the server holds, but what became of the
   * message is known */
  { "reset-refused", "", ALL, "-", MAIL OK RCPT0 NO "C RSET\n" LATER,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, BROKEN },
  { "reset-unexpected", BOTH, ANY, "+", MAIL RCPT0 BDAT OK OK NO "C RSET\n" GO,
    SMTP_OUTCOME_REJECTED, PERMANENT, 550, BROKEN },

  /* replies that are neither yes nor no */
  { "mail-354", "", ANY, "?", MAIL GO, SMTP_OUTCOME_NOT_SENT, PROTOCOL, 0, BROKEN },
  { "mail-334", PIPELINING, ANY, "?", MAIL RCPT0 DATA "S 334 what\n", SMTP_OUTCOME_NOT_SENT, PROTOCOL, 0, BROKEN },
  { "rcpt-354", "", ANY, "?", MAIL OK RCPT0 GO, SMTP_OUTCOME_NOT_SENT, PROTOCOL, 0, BROKEN },
  { "rcpt-354-pipelined", PIPELINING, ANY, "+?", MAIL RCPT0 RCPT1 DATA OK OK GO,
    SMTP_OUTCOME_NOT_SENT, PROTOCOL, 0, BROKEN },
  { "data-250", "", ANY, "+", MAIL OK RCPT0 OK DATA OK, SMTP_OUTCOME_NOT_SENT, PROTOCOL, 0, BROKEN },
  { "data-250-pipelined", PIPELINING, ANY, "-+", MAIL RCPT0 RCPT1 DATA OK NO OK OK,
    SMTP_OUTCOME_NOT_SENT, PROTOCOL, 0, BROKEN },
  { "verdict-354", "", ANY, "+", MAIL OK RCPT0 OK DATA GO STUFFED GO,
    SMTP_OUTCOME_UNKNOWN, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN, 0, BROKEN },
  { "verdict-354-partial", BOTH, ANY, "-+", MAIL RCPT0 RCPT1 BDAT OK NO OK GO,
    SMTP_OUTCOME_UNKNOWN, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN, 0, BROKEN },
  { "rcpt-354-all-written", BOTH, ANY, "?", MAIL RCPT0 BDAT OK GO,
    SMTP_OUTCOME_UNKNOWN, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN, 0, BROKEN },

  /* more replies than commands */
  { "reply-too-many", "", ANY, "?", MAIL OK OK, SMTP_OUTCOME_NOT_SENT, PROTOCOL, 250, BROKEN },
  { "malformed", "", ANY, "?", MAIL OK RCPT0 "S what?\n", SMTP_OUTCOME_NOT_SENT, PROTOCOL, 0, BROKEN },
  { "malformed-verdict", BOTH, ANY, "+", MAIL RCPT0 BDAT OK OK "S what?\n",
    SMTP_OUTCOME_UNKNOWN, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN, 0, BROKEN },
};

static const Scenario *
find_scenario (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (scenarios); i++)
    {
      if (g_str_equal (scenarios[i].name, name))
        return &scenarios[i];
    }

  g_assert_not_reached ();
}

static Message *
begin_scenario (const Scenario *scenario,
                SmtpEngine     *engine)
{
  Message *message = message_new (strlen (scenario->accepted), scenario->policy);

  message_begin_whole (message, engine, SMALL, strlen (SMALL), FALSE);
  return message;
}

static void
assert_recipients (const Message *message,
                   const char    *accepted)
{
  for (guint i = 0; accepted[i] != '\0'; i++)
    {
      const SmtpRecipientData *recipient = get_recipient (message, i);

      g_assert_cmpint (recipient->accepted, ==, accepted[i] == '+');
      g_assert_cmpint (recipient->answer.code != 0, ==, accepted[i] != '?');
    }
}

/* Another message goes as if it were the first. */
static void
assert_reusable (SmtpEngine *engine,
                 const char *offers)
{
  static const char * const names[] = { "nothing", "pipelining", "chunking", "both" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const Scenario *next = find_scenario (names[i]);
      g_autoptr (GPtrArray) turns = parse_dialogue (next->dialogue);
      g_autoptr (Message) message = NULL;

      if (!g_str_equal (next->offers, offers))
        continue;

      g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_IDLE);
      message = begin_scenario (next, engine);
      play (engine, turns, PIECES_LINES);
      assert_outcome (message, SMTP_OUTCOME_ACCEPTED, -1);
    }
}

static void
run_scenario (const Scenario *scenario,
              Pieces          pieces)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_READY, scenario->offers);
  g_autoptr (Message) message = begin_scenario (scenario, engine);
  g_autoptr (GPtrArray) turns = parse_dialogue (scenario->dialogue);

  play (engine, turns, pieces);
  assert_outcome (message, scenario->outcome, scenario->code);
  assert_recipients (message, scenario->accepted);
  g_assert_cmpuint (message->transaction.answer.code, ==, scenario->answer);
  g_assert_cmpint (smtp_engine_get_state (engine), ==, scenario->state);
  if (scenario->state == READY)
    assert_reusable (engine, scenario->offers);
}

static void
test_scenario (gconstpointer data)
{
  for (Pieces pieces = 0; pieces < N_PIECES; pieces++)
    run_scenario (data, pieces);
}

/* The answers are those to the message and to each recipient. */
static void
test_answers (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_READY, BOTH);
  const Scenario *scenario = find_scenario ("both-first");
  g_autoptr (Message) message = begin_scenario (scenario, engine);
  g_autoptr (GPtrArray) turns = parse_dialogue (scenario->dialogue);

  play (engine, turns, PIECES_WHOLE);
  g_assert_cmpstr (message->transaction.answer.text, ==, "2.6.0 taken");
  g_assert_cmpstr (message->transaction.answer.enhanced, ==, "2.6.0");
  g_assert_cmpuint (get_recipient (message, 0)->answer.code, ==, 550);
  g_assert_cmpstr (get_recipient (message, 0)->answer.enhanced, ==, "5.1.1");
  g_assert_cmpstr (get_recipient (message, 0)->answer.text, ==, "5.1.1 nobody");
  g_assert_cmpuint (get_recipient (message, 2)->answer.code, ==, 250);
  g_assert_cmpuint (message->transaction.sent, ==, strlen (SMALL));
}

/* ---- the connection ends ------------------------------------------------------ */

/* Octets of a dialogue that are the client's. */
static gsize
count_sent (GPtrArray *turns)
{
  gsize sent = 0;

  for (guint i = 0; i < turns->len; i++)
    {
      const Turn *turn = g_ptr_array_index (turns, i);

      sent += turn->server ? 0 : turn->text->len;
    }

  return sent;
}

/* Writes so many octets, one at a time. Returns how many were written before
 * nothing was left. */
static gsize
write_some (SmtpEngine *engine,
            gsize       n)
{
  gsize done = 0;
  gsize length;

  while (done < n && smtp_engine_next (engine) == SMTP_ENGINE_WRITE)
    {
      smtp_engine_get_output (engine, &length);
      smtp_engine_wrote (engine, 1);
      done++;
    }

  return done;
}

/* Plays until so many octets were written, and says so many of those that come
 * after that. Returns whether there were so many. */
static gboolean
play_until (SmtpEngine *engine,
            GPtrArray  *turns,
            gsize       octets,
            gsize       heard)
{
  for (guint i = 0; i < turns->len; i++)
    {
      const Turn *turn = g_ptr_array_index (turns, i);

      if (turn->server)
        {
          gboolean stop = octets == 0;

          say_pieces (engine, turn->text->str, stop ? MIN (heard, turn->text->len) : turn->text->len, PIECES_WHOLE);
          if (stop)
            return heard < turn->text->len;
          continue;
        }

      octets -= write_some (engine, MIN (octets, turn->text->len));
      if (octets == 0 && heard == 0)
        return TRUE;
    }

  return FALSE;
}

static GError *
make_loss (void)
{
  return g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_PIPE, "gone");
}

static void
assert_lost (const Message *message,
             gboolean       whole)
{
  const SmtpTransaction *transaction = &message->transaction;

  if (whole)
    {
      assert_outcome (message, SMTP_OUTCOME_UNKNOWN, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN);
      g_assert_nonnull (strstr (transaction->error->message, "gone"));
      g_assert_cmpuint (transaction->answer.code, ==, 0);
      return;
    }

  g_assert_true (is_over (message));
  g_assert_error (transaction->error, G_FILE_ERROR, G_FILE_ERROR_PIPE);
  g_assert_cmpint (transaction->outcome, ==, SMTP_OUTCOME_NOT_SENT);
}

static const char * const losses[] = {
  "both", "both-all", "both-first", "both-last", "chunking", "chunking-first", "pipelining", "pipelining-first",
  "pipelining-all", "nothing", "nothing-last",
};

/* Lost at every octet written, and then at every octet of what was said. */
static void
test_lost (gconstpointer data)
{
  const Scenario *scenario = find_scenario (data);
  g_autoptr (GPtrArray) turns = parse_dialogue (scenario->dialogue);
  gsize total = count_sent (turns);

  for (gsize octets = 0; octets <= total; octets++)
    {
      gboolean more = TRUE;

      for (gsize heard = 0; more && (heard == 0 || octets == total); heard++)
        {
          g_autoptr (SmtpEngine) engine = engine_at (AT_READY, scenario->offers);
          g_autoptr (Message) message = begin_scenario (scenario, engine);

          more = play_until (engine, turns, octets, heard);
          if (!more)
            break;
          smtp_engine_fail (engine, make_loss ());
          assert_lost (message, octets == total);
          g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_FAILED);
        }
    }
}

/* 421 at every octet written: an answer, so nothing is unknown. */
static void
test_service_closed (gconstpointer data)
{
  const Scenario *scenario = find_scenario (data);
  g_autoptr (GPtrArray) turns = parse_dialogue (scenario->dialogue);
  gsize total = count_sent (turns);

  for (gsize octets = 0; octets <= total; octets++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_READY, scenario->offers);
      g_autoptr (Message) message = begin_scenario (scenario, engine);

      g_assert_true (play_until (engine, turns, octets, 0));
      say (engine, "421 4.3.2 shutting down\r\n");
      assert_outcome (message, octets == total ? SMTP_OUTCOME_REJECTED : SMTP_OUTCOME_NOT_SENT,
                      SMTP_CLIENT_ERROR_SERVICE_CLOSED);
      g_assert_cmpuint (message->transaction.answer.code, ==, 421);
      g_assert_cmpint (smtp_engine_get_state (engine), ==, BROKEN);
    }
}

/* 421 in the place of every reply. */
static void
test_service_closed_replies (gconstpointer data)
{
  const Scenario *scenario = find_scenario (data);
  g_autoptr (GPtrArray) turns = parse_dialogue (scenario->dialogue);

  for (guint stop = 0; stop < turns->len; stop++)
    {
      const Turn *turn = g_ptr_array_index (turns, stop);
      gboolean last = stop == turns->len - 1;

      for (guint line = 0; turn->server && line < turn->lines; line++)
        {
          g_autoptr (SmtpEngine) engine = engine_at (AT_READY, scenario->offers);
          g_autoptr (Message) message = begin_scenario (scenario, engine);
          const char *text = turn->text->str;

          for (guint i = 0; i < stop; i++)
            play_turn (engine, g_ptr_array_index (turns, i), PIECES_WHOLE);
          for (guint i = 0; i < line; i++)
            text = strchr (text, '\n') + 1;
          smtp_engine_feed (engine, turn->text->str, text - turn->text->str);
          say (engine, "421 4.3.2 shutting down\r\n");
          assert_outcome (message, last ? SMTP_OUTCOME_REJECTED : SMTP_OUTCOME_NOT_SENT,
                          SMTP_CLIENT_ERROR_SERVICE_CLOSED);
        }
    }
}

/* What was refused stays refused, however the connection ends then. */
static void
test_lost_after_refusal (void)
{
  static const struct
  {
    const char *scenario;
    guint       turns;   /* that are played */
    int         code;
  } cases[] = {
    { "both-verdict", 2, PERMANENT }, { "both-verdict", 3, PERMANENT }, { "nothing-all-last", 6, TEMPORARY },
    { "pipelining-none-dot", 2, PERMANENT }, { "pipelining-none-dot", 3, PERMANENT },
    { "pipelining-data", 2, TEMPORARY }, { "both-all-first", 2, PERMANENT },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Scenario *scenario = find_scenario (cases[i].scenario);
      g_autoptr (SmtpEngine) engine = engine_at (AT_READY, scenario->offers);
      g_autoptr (Message) message = begin_scenario (scenario, engine);
      g_autoptr (GPtrArray) turns = parse_dialogue (scenario->dialogue);

      for (guint n = 0; n < cases[i].turns; n++)
        play_turn (engine, g_ptr_array_index (turns, n), PIECES_WHOLE);
      smtp_engine_fail (engine, make_loss ());
      assert_outcome (message, SMTP_OUTCOME_REJECTED, cases[i].code);
    }
}

/* ---- content in pieces -------------------------------------------------------- */

#define ENVELOPE_OK "250 ok\r\n250 ok\r\n"

static void
append_output (SmtpEngine *engine,
               GByteArray *wire)
{
  while (smtp_engine_next (engine) == SMTP_ENGINE_WRITE)
    {
      gsize length;
      const guint8 *output = smtp_engine_get_output (engine, &length);

      g_byte_array_append (wire, output, length);
      smtp_engine_wrote (engine, length);
    }
}

/* Gives it all, so many octets at a time, and says that it was the last with
 * the last of them, or afterwards. */
static void
give_pieces (SmtpEngine *engine,
             const char *content,
             gsize       length,
             gsize       piece,
             gboolean    late_end,
             GByteArray *wire)
{
  for (;;)
    {
      SmtpTransaction *hungry;
      gsize n = MIN (piece, length);

      append_output (engine, wire);
      hungry = smtp_engine_get_hungry (engine);
      if (hungry == NULL)
        return;

      g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_BODY);
      smtp_transaction_give_content (hungry, content, n, n == length && (!late_end || n == 0));
      content += n;
      length -= n;
    }
}

/* A message of which nothing but, perhaps, its size is known. */
static Message *
begin_stream (SmtpEngine *engine,
              SmtpBody    body,
              gint64      size)
{
  Message *message = message_new (1, ANY);

  message->envelope.body = body;
  message->outline.canonical = size >= 0;
  message->outline.size = size;
  message_begin (message, engine, FALSE);
  return message;
}

/* A stream whose content is the next that is wanted. */
static SmtpEngine *
engine_at_stream (const char *offers,
                  SmtpBody    body,
                  gint64      size,
                  Message   **message)
{
  SmtpEngine *engine = engine_at (AT_READY, offers);
  g_autofree char *sent = NULL;

  *message = begin_stream (engine, body, size);
  if ((*message)->transaction.plan.bdat)
    return engine;

  sent = take_output (engine);
  say (engine, ENVELOPE_OK "354 go\r\n");
  g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_BODY);
  return engine;
}

static const gsize piece_sizes[] = {
  1, 2, 3, 5, 7, 19, 64, 100, 997, 1024, 4095, 4096, 16383, 16384, 16385, 65536, 262144, 262145, 1000000,
};

/* Lines of all lengths, with dots. */
static char *
make_text (gsize length)
{
  char *text = g_malloc (length + 1);
  gsize done = 0;

  for (gsize width = 0; done < length; width = (width + 7) % 120)
    {
      gsize n = length - done < width + 4 ? length - done : width + 2;

      for (gsize i = 0; i < n; i++)
        text[done + i] = (char) ('a' + (done + i) % 26);
      if (n > 2 && width % 3 == 0)
        text[done] = '.';
      memcpy (text + done + n - 2, "\r\n", 2);
      done += n;
    }

  text[length] = '\0';
  return text;
}

static GString *
stuff (const char *text,
       gsize       length)
{
  GString *stuffed = g_string_new (NULL);

  for (gsize i = 0; i < length; i++)
    {
      if (text[i] == '.' && (i == 0 || text[i - 1] == '\n'))
        g_string_append_c (stuffed, '.');
      g_string_append_c (stuffed, text[i]);
    }

  return stuffed;
}

static void
run_stream (gsize    length,
            gsize    piece,
            gboolean late_end,
            gboolean bdat)
{
  Message *m;
  g_autofree char *text = make_text (length);
  g_autoptr (SmtpEngine) engine = engine_at_stream (bdat ? CHUNKING : PIPELINING, SMTP_BODY_AUTO,
                                                    bdat ? (gint64) length : -1, &m);
  g_autoptr (Message) message = m;
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  g_autoptr (GString) expected = bdat ? g_string_new_len (text, length) : stuff (text, length);
  g_autofree char *command = g_strdup_printf ("BDAT %" G_GSIZE_FORMAT " LAST\r\n", length);

  if (bdat)
    {
      g_free (take_output (engine));
      say (engine, "250 ok\r\n");
      g_free (take_output (engine));
      say (engine, "250 ok\r\n");
      g_string_prepend (expected, command);
    }
  else
    g_string_append (expected, ".\r\n");
  give_pieces (engine, text, length, piece, late_end, wire);
  g_assert_cmpmem (wire->data, wire->len, expected->str, expected->len);
  say (engine, "250 taken\r\n");
  assert_outcome (message, SMTP_OUTCOME_ACCEPTED, -1);
}

static void
test_stream (gconstpointer data)
{
  gboolean bdat = GPOINTER_TO_INT (data);

  for (gsize i = 0; i < G_N_ELEMENTS (piece_sizes); i++)
    {
      run_stream (piece_sizes[i] < 64 ? 3000 : 700001, piece_sizes[i], FALSE, bdat);
      run_stream (piece_sizes[i] < 64 ? 3000 : 700001, piece_sizes[i], TRUE, bdat);
    }
}

static void
test_stream_empty (void)
{
  for (int bdat = 0; bdat < 2; bdat++)
    {
      run_stream (0, 1, FALSE, bdat);
      run_stream (0, 1, TRUE, bdat);
    }
}

/* Octets that are no text leave as they are. */
static void
test_binary (void)
{
  g_autoptr (GString) content = g_string_new (NULL);

  for (guint i = 0; i < 5000; i++)
    g_string_append_len (content, "\0\n.\r\377\r\n..\r", 10);
  for (gsize i = 0; i < G_N_ELEMENTS (piece_sizes); i++)
    {
      Message *m;
      g_autoptr (SmtpEngine) engine = engine_at_stream (ALL_OFFERS, SMTP_BODY_BINARYMIME, content->len, &m);
      g_autoptr (Message) message = m;
      g_autoptr (GByteArray) wire = g_byte_array_new ();
      g_autofree char *head = g_strdup_printf ("MAIL FROM:<me@a> SIZE=%" G_GSIZE_FORMAT " BODY=BINARYMIME\r\n"
                                               "RCPT TO:<r0@x>\r\nBDAT %" G_GSIZE_FORMAT " LAST\r\n",
                                               content->len, content->len);

      give_pieces (engine, content->str, content->len, piece_sizes[i], i % 2, wire);
      g_assert_cmpmem (wire->data, strlen (head), head, strlen (head));
      g_assert_cmpmem (wire->data + strlen (head), wire->len - strlen (head), content->str, content->len);
      say (engine, ENVELOPE_OK "250 taken\r\n");
      assert_outcome (message, SMTP_OUTCOME_ACCEPTED, -1);
    }
}

/* Content that is not as it was promised: what was written must not be all the
 * server waits for, or it would be delivered as it is. */
static void
test_broken_promise (void)
{
  static const struct
  {
    const char *offers;
    SmtpBody    body;
    gint64      size;
    const char *content;
    int         code;
  } cases[] = {
    { BOTH, SMTP_BODY_AUTO, 9, "one\r\ntwo\r\n", SMTP_CLIENT_ERROR_INVALID_ARGUMENT },   /* too long */
    { BOTH, SMTP_BODY_AUTO, 5, "one\r\ntwo\r\n", SMTP_CLIENT_ERROR_INVALID_ARGUMENT },
    { BOTH, SMTP_BODY_AUTO, 0, "one\r\ntwo\r\n", SMTP_CLIENT_ERROR_INVALID_ARGUMENT },
    { BOTH, SMTP_BODY_AUTO, 11, "one\r\ntwo\r\n", SMTP_CLIENT_ERROR_INVALID_ARGUMENT },  /* too short */
    { BOTH, SMTP_BODY_AUTO, 1000, "one\r\ntwo\r\n", SMTP_CLIENT_ERROR_INVALID_ARGUMENT },
    { BOTH, SMTP_BODY_AUTO, 1, "", SMTP_CLIENT_ERROR_INVALID_ARGUMENT },
    { BOTH, SMTP_BODY_AUTO, 8, "one\ntwo\n", SMTP_CLIENT_ERROR_INVALID_ARGUMENT },       /* not canonical */
    { BOTH, SMTP_BODY_AUTO, 8, "one\rtwo\r", SMTP_CLIENT_ERROR_INVALID_ARGUMENT },
    { BOTH, SMTP_BODY_AUTO, 8, "one\r\ntwo", SMTP_CLIENT_ERROR_INVALID_ARGUMENT },
    { ALL_OFFERS, SMTP_BODY_BINARYMIME, 2, "\1\2\3", SMTP_CLIENT_ERROR_INVALID_ARGUMENT },
    { ALL_OFFERS, SMTP_BODY_BINARYMIME, 4, "\1\2\3", SMTP_CLIENT_ERROR_INVALID_ARGUMENT },
    { BOTH, SMTP_BODY_AUTO, 8, "one\r\n\344\r\n", SMTP_CLIENT_ERROR_NOT_SUPPORTED },     /* 8-bit */
    { PIPELINING, SMTP_BODY_AUTO, -1, "one\r\n\344\r\n", SMTP_CLIENT_ERROR_NOT_SUPPORTED },
    { PIPELINING "|8BITMIME", SMTP_BODY_7BIT, -1, "one\r\n\344\r\n", SMTP_CLIENT_ERROR_NOT_SUPPORTED },
    { BOTH "|8BITMIME", SMTP_BODY_7BIT, 8, "one\r\n\344\r\n", SMTP_CLIENT_ERROR_NOT_SUPPORTED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      for (gsize piece = 1; piece < 12; piece++)
        {
          for (gboolean late_end = 0; late_end < 2; late_end++)
            {
              Message *m;
              g_autoptr (SmtpEngine) engine = engine_at_stream (cases[i].offers, cases[i].body, cases[i].size, &m);
              g_autoptr (Message) message = m;
              g_autoptr (GByteArray) wire = g_byte_array_new ();
              const char *end;

              g_byte_array_append (wire, (const guint8 *) "\n", 1);
              give_pieces (engine, cases[i].content, strlen (cases[i].content), piece, late_end, wire);
              assert_outcome (message, SMTP_OUTCOME_NOT_SENT, cases[i].code);
              g_assert_cmpint (smtp_engine_get_state (engine), ==, BROKEN);
              g_assert_cmpuint (smtp_engine_next (engine), ==, SMTP_ENGINE_FAILED);
              end = g_strstr_len ((const char *) wire->data, wire->len, "LAST\r\n");
              if (end != NULL)
                g_assert_cmpint ((const char *) wire->data + wire->len - end - 6, <, MAX (cases[i].size, 1));
              else
                g_assert_null (g_strstr_len ((const char *) wire->data, wire->len, "\r\n.\r\n"));
            }
        }
    }
}

/* Not in the head that was looked at, but in the middle of what follows. */
static void
test_long_line (void)
{
  g_autofree char *line = g_strnfill (999, 'x');
  g_autofree char *content = g_strconcat ("Subject: x\r\n\r\n", line, "\r\nend\r\n", NULL);
  static const char * const offers[] = { PIPELINING, BOTH };

  for (gsize i = 0; i < G_N_ELEMENTS (offers); i++)
    {
      for (gsize n = 0; n < G_N_ELEMENTS (piece_sizes); n++)
        {
          Message *m;
          gint64 size = i == 1 ? (gint64) strlen (content) : -1;
          g_autoptr (SmtpEngine) engine = engine_at_stream (offers[i], SMTP_BODY_AUTO, size, &m);
          g_autoptr (Message) message = m;
          g_autoptr (GByteArray) wire = g_byte_array_new ();

          give_pieces (engine, content, strlen (content), piece_sizes[n], FALSE, wire);
          assert_outcome (message, SMTP_OUTCOME_NOT_SENT, SMTP_CLIENT_ERROR_INVALID_ARGUMENT);
          g_assert_cmpint (smtp_engine_get_state (engine), ==, BROKEN);
        }
    }
}

/* All the octets that were announced have come, but not yet the word that they
 * are all: the server must not have them, or it would answer too early. */
static void
test_end_unknown (void)
{
  static const gint64 sizes[] = { 0, 1, 8 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      for (int late = 0; late < 2; late++)
        {
          Message *m;
          g_autoptr (SmtpEngine) engine = engine_at_stream (ALL_OFFERS, SMTP_BODY_BINARYMIME, sizes[i], &m);
          g_autoptr (Message) message = m;
          g_autoptr (GByteArray) wire = g_byte_array_new ();
          SmtpTransaction *hungry;

          append_output (engine, wire);
          smtp_transaction_give_content (smtp_engine_get_hungry (engine), "12345678", sizes[i], FALSE);
          append_output (engine, wire);
          g_assert_cmpmem (wire->data + wire->len - 1, 1, sizes[i] == 0 ? "\r" : &"\n1234567"[sizes[i] - 1], 1);
          hungry = smtp_engine_get_hungry (engine);
          g_assert_true (hungry == &message->transaction);
          g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_BODY);
          if (late == 0)
            {
              smtp_engine_fail (engine, make_loss ());
              assert_lost (message, FALSE);
              continue;
            }

          smtp_transaction_give_content (hungry, NULL, 0, TRUE);
          append_output (engine, wire);
          g_assert_cmpmem (wire->data + wire->len - sizes[i], sizes[i], "12345678", sizes[i]);
          say (engine, ENVELOPE_OK "250 taken\r\n");
          assert_outcome (message, SMTP_OUTCOME_ACCEPTED, -1);
        }
    }
}

/* ---- large content -------------------------------------------------------------- */

static void
test_large_waits (void)
{
  static const struct
  {
    gsize    length;
    gboolean early;
  } cases[] = { { LARGE - 1, TRUE }, { LARGE, FALSE } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_READY, BOTH);
      g_autoptr (Message) message = message_new (2, ANY);
      g_autofree char *content = make_text (cases[i].length);
      g_autofree char *first = NULL;
      g_autofree char *second = NULL;

      message_begin_whole (message, engine, content, cases[i].length, FALSE);
      first = write_once (engine);
      g_assert_cmpint (strstr (first, "BDAT") != NULL, ==, cases[i].early);
      say (engine, "250 ok\r\n250 ok\r\n");
      g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_READ);
      say (engine, "550 no\r\n");
      if (!cases[i].early)
        second = write_once (engine);
      g_assert_true (g_str_has_suffix (cases[i].early ? first : second, content));
      say (engine, "250 taken\r\n");
      assert_outcome (message, SMTP_OUTCOME_PARTIAL, -1);
    }
}

/* Content that is at hand and clean is not copied. */
static void
test_not_copied (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_READY, BOTH);
  g_autoptr (Message) message = message_new (1, ANY);
  g_autofree char *content = make_text (LARGE);
  SmtpSpan spans[SMTP_OUTPUT_SPANS];

  message_begin_whole (message, engine, content, LARGE, FALSE);
  g_free (write_once (engine));
  say (engine, ENVELOPE_OK);
  g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_WRITE);
  g_assert_cmpuint (smtp_engine_get_spans (engine, spans, SMTP_OUTPUT_SPANS), ==, 2);
  g_assert_true (spans[1].data == (const guint8 *) content);
  g_assert_cmpuint (spans[1].length, ==, LARGE);
}

/* ---- refused on the way ---------------------------------------------------------- */

/* The server has seen enough: the connection ends without the dot. */
static void
test_early_refusal (gconstpointer data)
{
  gboolean bdat = GPOINTER_TO_INT (data);
  static const struct
  {
    const char *reply;
    SmtpOutcome outcome;
    int         code;
  } replies[] = {
    { "552 5.3.4 too much\r\n", SMTP_OUTCOME_REJECTED, PERMANENT },
    { "452 4.3.1 full\r\n", SMTP_OUTCOME_REJECTED, TEMPORARY },
    { "250 2.0.0 taken\r\n", SMTP_OUTCOME_NOT_SENT, PROTOCOL },
    { "354 go\r\n", SMTP_OUTCOME_NOT_SENT, PROTOCOL },
    { "421 4.3.2 leaving\r\n", SMTP_OUTCOME_NOT_SENT, SMTP_CLIENT_ERROR_SERVICE_CLOSED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      for (gsize octets = 0; octets < 10; octets++)
        {
          Message *m;
          g_autoptr (SmtpEngine) engine = engine_at_stream (bdat ? BOTH : PIPELINING, SMTP_BODY_AUTO, bdat ? 100000 : -1, &m);
          g_autoptr (Message) message = m;
          g_autofree char *content = make_text (100000);

          if (bdat)
            {
              g_free (take_output (engine));
              say (engine, ENVELOPE_OK);
              g_free (take_output (engine));
            }
          smtp_transaction_give_content (smtp_engine_get_hungry (engine), content, 20000, FALSE);
          g_assert_cmpuint (write_some (engine, octets), ==, octets);
          say (engine, replies[i].reply);
          assert_outcome (message, replies[i].outcome, replies[i].code);
          g_assert_cmpint (smtp_engine_get_state (engine), ==, BROKEN);
          assert_sends (engine, "");
          g_assert_null (smtp_engine_get_hungry (engine));
        }
    }
}

/* The same with the end queued, but not yet written. */
static void
test_refusal_before_dot (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_READY, "");
  const Scenario *scenario = find_scenario ("nothing");
  g_autoptr (Message) message = begin_scenario (scenario, engine);
  g_autoptr (GPtrArray) turns = parse_dialogue (scenario->dialogue);

  play_until (engine, turns, count_sent (turns) - 1, 0);
  say (engine, "552 5.3.4 too much\r\n");
  assert_outcome (message, SMTP_OUTCOME_REJECTED, PERMANENT);
  g_assert_cmpint (smtp_engine_get_state (engine), ==, BROKEN);
}

/* ---- several behind each other ------------------------------------------------- */

#define N_MESSAGES 4

typedef struct
{
  SmtpEngine *engine;
  Message    *messages[N_MESSAGES];
} Queue;

/* All of them are written before any reply has come. */
static void
queue_start (Queue      *queue,
             const char *offers,
             GString    *sent)
{
  queue->engine = engine_at (AT_READY, offers);
  for (guint i = 0; i < N_MESSAGES; i++)
    {
      g_autofree char *output = NULL;

      queue->messages[i] = message_new (1, ANY);
      message_begin_whole (queue->messages[i], queue->engine, SMALL, strlen (SMALL), i > 0);
      output = take_output (queue->engine);
      g_string_append (sent, output);
    }
}

static void
queue_clear (Queue *queue)
{
  smtp_engine_free (queue->engine);
  for (guint i = 0; i < N_MESSAGES; i++)
    message_free (queue->messages[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Queue, queue_clear)

#define ONE "MAIL FROM:<me@a>\r\nRCPT TO:<r0@x>\r\nBDAT 20 LAST\r\n" SMALL

static void
test_behind (void)
{
  /* The replies to each: behind the first they begin with that to RSET. */
  static const struct
  {
    const char *replies;
    SmtpOutcome outcome;
    int         code;
  } cases[] = {
    { "250 ok\r\n250 ok\r\n250 taken\r\n", SMTP_OUTCOME_ACCEPTED, -1 },
    { "250 ok\r\n250 ok\r\n552 too much\r\n", SMTP_OUTCOME_REJECTED, PERMANENT },
    { "250 ok\r\n450 later\r\n554 none\r\n", SMTP_OUTCOME_REJECTED, TEMPORARY },
    { "550 no\r\n503 order\r\n503 order\r\n", SMTP_OUTCOME_REJECTED, PERMANENT },
  };

  for (guint first = 0; first < G_N_ELEMENTS (cases); first++)
    {
      for (Pieces pieces = 0; pieces < N_PIECES; pieces++)
        {
          g_autoptr (GString) sent = g_string_new (NULL);
          g_auto (Queue) queue = { NULL };

          queue_start (&queue, BOTH, sent);
          g_assert_cmpstr (sent->str, ==, ONE "RSET\r\n" ONE "RSET\r\n" ONE "RSET\r\n" ONE);
          for (guint i = 0; i < N_MESSAGES; i++)
            {
              guint n = (first + i) % G_N_ELEMENTS (cases);

              if (i > 0)
                say (queue.engine, "250 reset\r\n");
              say_pieces (queue.engine, cases[n].replies, strlen (cases[n].replies), pieces);
              if (i == N_MESSAGES - 1 && (n == 1 || n == 2))
                {
                  assert_sends (queue.engine, "RSET\r\n");
                  say (queue.engine, "250 reset\r\n");
                }
              assert_outcome (queue.messages[i], cases[n].outcome, cases[n].code);
              g_assert_cmpuint (queue.messages[i]->transaction.sent, ==, strlen (SMALL));
            }
          g_assert_cmpint (smtp_engine_get_state (queue.engine), ==, READY);
          assert_reusable (queue.engine, BOTH);
        }
    }
}

/* Lost after so many replies: what was answered stands, the rest is unknown. */
static void
test_behind_lost (void)
{
  static const char replies[] = "250 ok\r\n250 ok\r\n250 taken\r\n"
                                "250 reset\r\n250 ok\r\n250 ok\r\n250 taken\r\n"
                                "250 reset\r\n250 ok\r\n250 ok\r\n250 taken\r\n"
                                "250 reset\r\n250 ok\r\n250 ok\r\n250 taken\r\n";
  static const guint last[N_MESSAGES] = { 3, 7, 11, 15 };

  for (guint n = 0; n < 15; n++)
    {
      for (int closed = 0; closed < 2; closed++)
        {
          g_autoptr (GString) sent = g_string_new (NULL);
          g_auto (Queue) queue = { NULL };
          const char *text = replies;
          gboolean first = TRUE;

          queue_start (&queue, BOTH, sent);
          for (guint i = 0; i < n; i++)
            text = strchr (text, '\n') + 1;
          smtp_engine_feed (queue.engine, replies, text - replies);
          if (closed)
            say (queue.engine, "421 leaving\r\n");
          else
            smtp_engine_fail (queue.engine, make_loss ());
          for (guint i = 0; i < N_MESSAGES; i++)
            {
              if (n >= last[i])
                assert_outcome (queue.messages[i], SMTP_OUTCOME_ACCEPTED, -1);
              else if (closed && first)
                assert_outcome (queue.messages[i], SMTP_OUTCOME_REJECTED, SMTP_CLIENT_ERROR_SERVICE_CLOSED);
              else
                assert_outcome (queue.messages[i], SMTP_OUTCOME_UNKNOWN, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN);
              first &= n >= last[i];
            }
        }
    }
}

/* Lost while the second of them is being written. */
static void
test_behind_lost_writing (void)
{
  gsize whole = strlen ("RSET\r\n" ONE);

  for (gsize octets = 0; octets <= whole; octets++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_READY, BOTH);
      g_autoptr (Message) first = message_new (1, ANY);
      g_autoptr (Message) second = message_new (1, ANY);

      message_begin_whole (first, engine, SMALL, strlen (SMALL), FALSE);
      assert_sends (engine, ONE);
      message_begin_whole (second, engine, SMALL, strlen (SMALL), TRUE);
      g_assert_cmpuint (write_some (engine, octets), ==, octets);
      smtp_engine_fail (engine, make_loss ());
      assert_lost (first, TRUE);
      assert_lost (second, octets == whole);
    }
}

/* RSET between them is refused: the second may be anything. */
static void
test_behind_reset_refused (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_READY, BOTH);
  g_autoptr (Message) first = message_new (1, ANY);
  g_autoptr (Message) second = message_new (1, ANY);

  message_begin_whole (first, engine, SMALL, strlen (SMALL), FALSE);
  g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_WRITE);
  message_begin_whole (second, engine, SMALL, strlen (SMALL), TRUE);
  assert_sends (engine, ONE "RSET\r\n" ONE);
  say (engine, "250 ok\r\n250 ok\r\n250 taken\r\n500 no\r\n");
  assert_outcome (first, SMTP_OUTCOME_ACCEPTED, -1);
  assert_outcome (second, SMTP_OUTCOME_UNKNOWN, SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN);
}

/* One goes behind another only when all of that is queued and may be taken. */
static void
test_behind_check (void)
{
  static const struct
  {
    const char *scenario;
    guint       turns;
    gboolean    allowed; /* behind */
  } cases[] = {
    { "both", 0, FALSE }, { "both", 1, TRUE }, { "pipelining", 1, FALSE }, { "pipelining", 2, TRUE },
    { "pipelining", 3, TRUE }, { "both-verdict", 2, FALSE }, { "both-all-first", 2, FALSE },
    { "pipelining-none-dot", 2, FALSE }, { "pipelining-none-dot", 3, FALSE }, { "nothing", 5, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Scenario *scenario = find_scenario (cases[i].scenario);
      g_autoptr (SmtpEngine) engine = engine_at (AT_READY, scenario->offers);
      g_autoptr (Message) message = begin_scenario (scenario, engine);
      g_autoptr (GPtrArray) turns = parse_dialogue (scenario->dialogue);
      g_autoptr (GError) error = NULL;

      for (guint n = 0; n < cases[i].turns; n++)
        play_turn (engine, g_ptr_array_index (turns, n), PIECES_WHOLE);
      g_assert_cmpint (smtp_engine_check_transaction (engine, TRUE, NULL), ==, cases[i].allowed);
      g_assert_false (smtp_engine_check_transaction (engine, FALSE, &error));
      g_assert_error (error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_STATE);
      smtp_engine_fail (engine, make_loss ());
      g_assert_true (is_over (message));
    }
}

/* ---- a server that answers -------------------------------------------------------- */

typedef struct
{
  GString *heard;    /* not yet a line */
  GString *replies;  /* not yet said */
  GString *content;
  gsize    chunk;    /* octets of BDAT to come */
  gboolean data;
  guint    n_rcpt;
} Server;

/* Each seventh recipient is refused, in a reply that names it. */
static void
answer_rcpt (Server     *server,
             const char *line)
{
  gboolean refused = server->n_rcpt++ % 7 == 0;

  g_string_append_printf (server->replies, "%s %s\r\n", refused ? "550 5.1.1" : "250 2.1.5", line + strlen ("RCPT TO:"));
}

static void
answer_line (Server     *server,
             const char *line)
{
  if (g_str_has_prefix (line, "RCPT"))
    answer_rcpt (server, line);
  else if (g_str_has_prefix (line, "BDAT"))
    server->chunk = g_ascii_strtoull (line + strlen ("BDAT "), NULL, 10);
  else if (g_str_equal (line, "DATA"))
    server->data = TRUE;
  if (!g_str_has_prefix (line, "RCPT") && !g_str_has_prefix (line, "BDAT"))
    g_string_append (server->replies, server->data ? "354 go\r\n" : "250 ok\r\n");
}

static void
hear_content (Server   *server,
              gsize     length,
              gboolean  end)
{
  g_string_append_len (server->content, server->heard->str, length);
  g_string_erase (server->heard, 0, length);
  if (end)
    g_string_append (server->replies, "250 taken\r\n");
}

static gboolean
hear_one (Server *server)
{
  char *crlf = strstr (server->heard->str, "\r\n");
  g_autofree char *line = NULL;

  if (server->chunk > 0)
    {
      gsize n = MIN (server->chunk, server->heard->len);

      server->chunk -= n;
      hear_content (server, n, n > 0 && server->chunk == 0);
      return server->chunk == 0;
    }
  if (crlf == NULL)
    return FALSE;

  line = g_strndup (server->heard->str, crlf - server->heard->str);
  if (server->data)
    {
      server->data = !g_str_equal (line, ".");
      hear_content (server, strlen (line) + 2, !server->data);
      return TRUE;
    }

  g_string_erase (server->heard, 0, strlen (line) + 2);
  answer_line (server, line);
  return TRUE;
}

static gsize
server_hear (Server     *server,
             SmtpEngine *engine,
             GRand      *rand)
{
  SmtpSpan span;
  gsize length;

  g_assert_cmpuint (smtp_engine_get_spans (engine, &span, 1), ==, 1);
  length = g_rand_int_range (rand, 1, MIN (span.length, 30000) + 1);
  g_string_append_len (server->heard, (const char *) span.data, length);
  smtp_engine_wrote (engine, length);
  while (hear_one (server))
    ;
  return length;
}

static void
server_say (Server     *server,
            SmtpEngine *engine,
            GRand      *rand)
{
  gsize length = g_rand_int_range (rand, 1, MIN (server->replies->len, 40000) + 1);

  smtp_engine_feed (engine, server->replies->str, length);
  g_string_erase (server->replies, 0, length);
}

static void
assert_bounded (SmtpEngine *engine)
{
  g_assert_cmpuint (engine->n_pending, <, SMTP_MAX_PENDING);
  g_assert_cmpuint (smtp_output_length (&engine->out), <=, 64 * 1024 + 1100);
}

/* Until nothing is left to do. */
static void
drive (SmtpEngine *engine,
       Server     *server,
       GRand      *rand)
{
  for (;;)
    {
      SmtpEngineWant want = smtp_engine_next (engine);

      assert_bounded (engine);
      if (want == SMTP_ENGINE_WRITE && (server->replies->len == 0 || g_rand_boolean (rand)))
        server_hear (server, engine, rand);
      else if (server->replies->len > 0)
        server_say (server, engine, rand);
      else
        break;
    }
}

#define MANY 100000

static void
test_many_recipients (gconstpointer data)
{
  const char *offers = data;
  g_autoptr (SmtpEngine) engine = engine_at (AT_READY, offers);
  g_autoptr (Message) message = message_new (MANY, ANY);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autoptr (GString) heard = g_string_new (NULL);
  g_autoptr (GString) replies = g_string_new (NULL);
  g_autoptr (GString) content = g_string_new (NULL);
  Server server = { heard, replies, content };

  message_begin_whole (message, engine, SMALL, strlen (SMALL), FALSE);
  drive (engine, &server, rand);
  assert_outcome (message, SMTP_OUTCOME_PARTIAL, -1);
  g_assert_cmpuint (server.n_rcpt, ==, MANY);
  for (guint i = 0; i < MANY; i++)
    {
      const SmtpRecipientData *recipient = get_recipient (message, i);

      g_assert_cmpint (recipient->accepted, ==, i % 7 != 0);
      g_assert_true (strstr (recipient->answer.text, recipient->address) != NULL &&
                     g_str_has_suffix (recipient->answer.text, ">"));
      g_assert_cmpuint (recipient->answer.code, ==, i % 7 == 0 ? 550 : 250);
    }
  g_assert_cmpint (smtp_engine_get_state (engine), ==, READY);
}

/* Messages of all kinds and sizes, one after another and behind each other. */
static void
test_random (gconstpointer data)
{
  const char *offers = data;
  g_autoptr (SmtpEngine) engine = engine_at (AT_READY, offers);
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  g_autoptr (GString) heard = g_string_new (NULL);
  g_autoptr (GString) replies = g_string_new (NULL);
  g_autoptr (GString) content = g_string_new (NULL);
  Server server = { heard, replies, content };

  for (guint i = 0; i < 200; i++)
    {
      guint n_recipients = g_rand_int_range (rand, 2, 40);
      gsize length = g_rand_int_range (rand, 2, i % 20 == 0 ? 60000 : 3000);
      g_autoptr (Message) message = message_new (n_recipients, i % 5 == 4 ? ALL : ANY);
      g_autofree char *text = make_text (length);
      g_autoptr (GString) stuffed = stuff (text, length);

      g_string_truncate (content, 0);
      server.n_rcpt = i % 5 == 4 ? 1 : 0;
      message_begin_whole (message, engine, text, length, FALSE);
      drive (engine, &server, rand);
      if (i % 5 == 4 && n_recipients > 6)
        {
          assert_outcome (message, SMTP_OUTCOME_REJECTED, PERMANENT);
          g_assert_cmpuint (content->len, ==, 0);
          continue;
        }
      assert_outcome (message, i % 5 == 4 ? SMTP_OUTCOME_ACCEPTED : SMTP_OUTCOME_PARTIAL, -1);
      if (message->transaction.plan.bdat)
        g_assert_cmpmem (content->str, content->len, text, length);
      else
        g_assert_cmpmem (content->str, content->len - 3, stuffed->str, stuffed->len);
    }
}

/* ---- the engine besides --------------------------------------------------------- */

/* The caller closes the connection: no message stays begun for ever. */
static void
test_closed (void)
{
  static const struct
  {
    guint       turns;
    SmtpOutcome outcome;
  } cases[] = { { 0, SMTP_OUTCOME_NOT_SENT }, { 1, SMTP_OUTCOME_NOT_SENT }, { 3, SMTP_OUTCOME_NOT_SENT },
                { 9, SMTP_OUTCOME_UNKNOWN } };
  const Scenario *scenario = find_scenario ("nothing");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SmtpEngine) engine = engine_at (AT_READY, scenario->offers);
      g_autoptr (Message) message = begin_scenario (scenario, engine);
      g_autoptr (GPtrArray) turns = parse_dialogue (scenario->dialogue);

      for (guint n = 0; n < cases[i].turns; n++)
        play_turn (engine, g_ptr_array_index (turns, n), PIECES_WHOLE);
      smtp_engine_close (engine);
      g_assert_cmpint (smtp_engine_next (engine), ==, SMTP_ENGINE_IDLE);
      g_assert_true (is_over (message));
      g_assert_nonnull (message->transaction.error);
      g_assert_cmpint (message->transaction.outcome, ==, cases[i].outcome);
    }
}

/* The transcript shows what was said, and counts the content. */
static void
test_log (void)
{
  static const struct
  {
    const char *scenario;
    const char *log;
  } cases[] = {
    { "both-one-of-one", "MAIL FROM:<me@a>|RCPT TO:<r0@x>|BDAT 20 LAST|[20 octets of content]|"
                         "250 2.0.0 ok|250 2.0.0 ok|250 2.6.0 taken" },
    { "pipelining-verdict", "MAIL FROM:<me@a>|RCPT TO:<r0@x>|DATA|250 2.0.0 ok|250 2.0.0 ok|354 go|"
                            "[21 octets of content]|.|450 4.2.0 later" },
    { "pipelining-none-dot-all", "MAIL FROM:<me@a>|RCPT TO:<r0@x>|DATA|250 2.0.0 ok|550 5.1.1 nobody|354 go|"
                                 "[0 octets of content]|.|554 5.5.1 no recipients" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Scenario *scenario = find_scenario (cases[i].scenario);
      g_autoptr (SmtpEngine) engine = engine_at (AT_READY, scenario->offers);
      g_autoptr (Message) message = begin_scenario (scenario, engine);
      g_autoptr (GPtrArray) turns = parse_dialogue (scenario->dialogue);
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (GPtrArray) log = NULL;

      smtp_engine_set_log (engine, TRUE);
      play (engine, turns, PIECES_WHOLE);
      g_assert_true (is_over (message));
      log = smtp_engine_take_log (engine);
      for (guint n = 0; n < log->len; n++)
        {
          const SmtpLogLine *line = g_ptr_array_index (log, n);

          g_string_append_printf (text, "%s%s", n > 0 ? "|" : "", line->text);
        }
      g_assert_cmpstr (text->str, ==, cases[i].log);
    }
}

/* The content is counted once, also when the server closes the connection in
 * place of its verdict. */
static void
test_log_421 (void)
{
  const Scenario *scenario = find_scenario ("pipelining-verdict");
  g_autoptr (SmtpEngine) engine = engine_at (AT_READY, scenario->offers);
  g_autoptr (Message) message = begin_scenario (scenario, engine);
  g_autoptr (GPtrArray) turns = parse_dialogue (scenario->dialogue);
  g_autoptr (GPtrArray) log = NULL;
  guint counted = 0;

  smtp_engine_set_log (engine, TRUE);
  g_ptr_array_remove_index (turns, turns->len - 1);
  play (engine, turns, PIECES_WHOLE);
  say (engine, "421 4.3.2 leaving\r\n");
  g_assert_cmpint (message->transaction.outcome, ==, SMTP_OUTCOME_REJECTED);
  log = smtp_engine_take_log (engine);
  for (guint n = 0; n < log->len; n++)
    counted += strstr (((const SmtpLogLine *) g_ptr_array_index (log, n))->text, "octets of content") != NULL;
  g_assert_cmpuint (counted, ==, 1);
}

/* Each part of it has its own time: a block of content, the verdict. */
static void
test_phases (void)
{
  g_autoptr (SmtpEngine) engine = engine_at (AT_READY, "");
  const Scenario *scenario = find_scenario ("nothing");
  g_autoptr (Message) message = begin_scenario (scenario, engine);
  g_autoptr (GPtrArray) turns = parse_dialogue (scenario->dialogue);
  static const SmtpPhase phases[] = {
    SMTP_PHASE_ORDINARY, SMTP_PHASE_ORDINARY, SMTP_PHASE_ORDINARY, SMTP_PHASE_ORDINARY, SMTP_PHASE_ORDINARY,
    SMTP_PHASE_DATA, SMTP_PHASE_DATA, SMTP_PHASE_BLOCK, SMTP_PHASE_VERDICT,
  };

  for (guint i = 0; i < G_N_ELEMENTS (phases); i++)
    {
      play_turn (engine, g_ptr_array_index (turns, i), PIECES_WHOLE);
      g_assert_cmpint (smtp_engine_get_phase (engine), ==, phases[i]);
    }
  play_turn (engine, g_ptr_array_index (turns, G_N_ELEMENTS (phases)), PIECES_WHOLE);
  assert_outcome (message, SMTP_OUTCOME_ACCEPTED, -1);
}

static void
add_named (const char       *directory,
           const char       *name,
           gconstpointer     data,
           GTestDataFunc     func)
{
  g_autofree char *path = g_strconcat ("/transaction/", directory, "/", name, NULL);

  g_test_add_data_func (path, data, func);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (scenarios); i++)
    add_named ("transcript", scenarios[i].name, &scenarios[i], test_scenario);
  for (gsize i = 0; i < G_N_ELEMENTS (losses); i++)
    {
      add_named ("lost", losses[i], losses[i], test_lost);
      add_named ("421-while-writing", losses[i], losses[i], test_service_closed);
      add_named ("421-for-a-reply", losses[i], losses[i], test_service_closed_replies);
    }
  g_test_add_func ("/transaction/answers", test_answers);
  g_test_add_func ("/transaction/lost-after-refusal", test_lost_after_refusal);
  g_test_add_data_func ("/transaction/stream/data", GINT_TO_POINTER (FALSE), test_stream);
  g_test_add_data_func ("/transaction/stream/bdat", GINT_TO_POINTER (TRUE), test_stream);
  g_test_add_func ("/transaction/stream/empty", test_stream_empty);
  g_test_add_func ("/transaction/stream/binary", test_binary);
  g_test_add_func ("/transaction/stream/broken-promise", test_broken_promise);
  g_test_add_func ("/transaction/stream/long-line", test_long_line);
  g_test_add_func ("/transaction/stream/end-unknown", test_end_unknown);
  g_test_add_func ("/transaction/large/waits", test_large_waits);
  g_test_add_func ("/transaction/large/not-copied", test_not_copied);
  g_test_add_data_func ("/transaction/early-refusal/data", GINT_TO_POINTER (FALSE), test_early_refusal);
  g_test_add_data_func ("/transaction/early-refusal/bdat", GINT_TO_POINTER (TRUE), test_early_refusal);
  g_test_add_func ("/transaction/early-refusal/before-dot", test_refusal_before_dot);
  g_test_add_func ("/transaction/behind/outcomes", test_behind);
  g_test_add_func ("/transaction/behind/lost", test_behind_lost);
  g_test_add_func ("/transaction/behind/lost-writing", test_behind_lost_writing);
  g_test_add_func ("/transaction/behind/reset-refused", test_behind_reset_refused);
  g_test_add_func ("/transaction/behind/check", test_behind_check);
  g_test_add_data_func ("/transaction/many-recipients/pipelining", PIPELINING, test_many_recipients);
  g_test_add_data_func ("/transaction/many-recipients/both", BOTH, test_many_recipients);
  g_test_add_data_func ("/transaction/many-recipients/nothing", "", test_many_recipients);
  add_named ("random", "both", BOTH, test_random);
  add_named ("random", "pipelining", PIPELINING, test_random);
  add_named ("random", "chunking", CHUNKING, test_random);
  add_named ("random", "nothing", "", test_random);
  g_test_add_func ("/transaction/closed", test_closed);
  g_test_add_func ("/transaction/log", test_log);
  g_test_add_func ("/transaction/log-421", test_log_421);
  g_test_add_func ("/transaction/phases", test_phases);

  return g_test_run ();
}
