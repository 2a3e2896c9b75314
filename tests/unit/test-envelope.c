/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From what is asked for a message to the lines of its envelope, or to the
 * reason why there are none. */

#include <glib.h>
#include <string.h>

#include "smtp-envelope.h"
#include "smtp-error.h"

#define NOT_SUPPORTED SMTP_CLIENT_ERROR_NOT_SUPPORTED
#define INVALID SMTP_CLIENT_ERROR_INVALID_ARGUMENT
#define TLS_REQUIRED SMTP_CLIENT_ERROR_TLS_REQUIRED

#define E_ACUTE "\303\251" /* é */
#define SECONDS_2030 G_GINT64_CONSTANT (1893456000)
#define YEAR_10000 G_GINT64_CONSTANT (253402300800)

/* A message to one, and the lines it makes or the error it is. All that is not
 * set is left out. */
typedef struct
{
  const char    *name;
  const char    *offers;     /* lines of EHLO, with "|" between */

  const char    *sender;     /* NULL: me@a */
  const char    *recipient;  /* NULL: you@b */
  SmtpBody       body;
  SmtpDsnReturn  dsn_return;
  const char    *envelope_id;
  const char    *auth_sender;
  SmtpDeliverBy  deliver_by;
  int            deliver_within;
  gboolean       deliver_trace;
  int            priority;
  guint          hold_for;
  gint64         hold_until;
  gboolean       require_tls;
  gboolean       tls_verified;
  gboolean       allow_8bit;
  gboolean       allow_long_lines;
  const char    *param;
  SmtpDsnNotify  notify;
  const char    *original;
  gint64         valid_since;
  const char    *rcpt_param;
  const char    *content;    /* NULL: nothing is known of it */
  guint          n_messages;

  const char    *mail;       /* without "MAIL FROM:" */
  const char    *rcpt;       /* without "RCPT TO:"; NULL: <you@b> */
  int            code;       /* when mail is NULL */
  const char    *part;       /* of the error's message */
} Case;

static void
recipient_free (gpointer data)
{
  SmtpRecipientData *recipient = data;

  g_free (recipient->address);
  g_free (recipient->original);
  g_clear_pointer (&recipient->params, g_ptr_array_unref);
  g_free (recipient);
}

static GPtrArray *
make_params (const char *param)
{
  GPtrArray *params;

  if (param == NULL)
    return NULL;

  params = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (params, g_strdup (param));
  return params;
}

static SmtpRecipientData *
add_recipient (SmtpEnvelope *envelope,
               const char   *address)
{
  SmtpRecipientData *recipient = g_new0 (SmtpRecipientData, 1);

  recipient->address = g_strdup (address);
  g_ptr_array_add (envelope->recipients, recipient);
  return recipient;
}

static void
fill_envelope (SmtpEnvelope *envelope,
               const Case   *c)
{
  SmtpRecipientData *recipient;

  *envelope = (SmtpEnvelope) {
    .sender = g_strdup (c->sender != NULL ? c->sender : "me@a"),
    .recipients = g_ptr_array_new_with_free_func (recipient_free),
    .body = c->body, .dsn_return = c->dsn_return,
    .envelope_id = g_strdup (c->envelope_id), .auth_sender = g_strdup (c->auth_sender),
    .deliver_by = c->deliver_by, .deliver_within = c->deliver_within, .deliver_trace = c->deliver_trace,
    .priority = c->priority, .hold_for = c->hold_for, .hold_until = c->hold_until,
    .require_tls = c->require_tls, .allow_8bit = c->allow_8bit, .allow_long_lines = c->allow_long_lines,
    .params = make_params (c->param),
  };

  recipient = add_recipient (envelope, c->recipient != NULL ? c->recipient : "you@b");
  recipient->notify = c->notify;
  recipient->original = g_strdup (c->original);
  recipient->valid_since = c->valid_since;
  recipient->params = make_params (c->rcpt_param);
}

static void
envelope_clear (SmtpEnvelope *envelope)
{
  g_free (envelope->sender);
  g_free (envelope->envelope_id);
  g_free (envelope->auth_sender);
  g_ptr_array_unref (envelope->recipients);
  g_clear_pointer (&envelope->params, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SmtpEnvelope, envelope_clear)

static SmtpCapabilitySet *
make_offers (const char *offers)
{
  g_autofree char *text = g_strconcat ("mail.example|", offers, NULL);

  return smtp_capability_set_new (g_strdelimit (text, "|", '\n'));
}

static gboolean
make_plan (const SmtpEnvelope *envelope,
           const Case         *c,
           SmtpPlan           *plan,
           GError            **error)
{
  g_autoptr (SmtpCapabilitySet) capabilities = make_offers (c->offers);
  const SmtpServerFacts server = { "mail.example", capabilities, c->tls_verified, c->n_messages };
  SmtpContentOutline outline = { .size = -1 };

  if (c->content != NULL)
    {
      smtp_content_survey (c->content, strlen (c->content), TRUE, &outline.facts);
      outline.whole = TRUE;
      outline.size = strlen (c->content);
    }

  return smtp_plan_make (envelope, &outline, &server, plan, error);
}

static void
assert_lines (const SmtpEnvelope *envelope,
              const SmtpPlan     *plan,
              const Case         *c)
{
  g_autoptr (GString) mail = g_string_new (NULL);
  g_autoptr (GString) rcpt = g_string_new (NULL);
  g_autofree char *expected_mail = g_strconcat ("MAIL FROM:", c->mail, NULL);
  g_autofree char *expected_rcpt = g_strconcat ("RCPT TO:", c->rcpt != NULL ? c->rcpt : "<you@b>", NULL);

  smtp_envelope_append_mail (envelope, plan, mail);
  smtp_envelope_append_rcpt (g_ptr_array_index (envelope->recipients, 0), plan, rcpt);
  g_assert_cmpstr (mail->str, ==, expected_mail);
  g_assert_cmpstr (rcpt->str, ==, expected_rcpt);
}

static void
run_case (const Case *c)
{
  g_auto (SmtpEnvelope) envelope = { 0 };
  g_autoptr (GError) error = NULL;
  SmtpPlan plan;
  gboolean made;

  fill_envelope (&envelope, c);
  made = make_plan (&envelope, c, &plan, &error);
  if (c->mail != NULL)
    {
      g_assert_no_error (error);
      g_assert_true (made);
      assert_lines (&envelope, &plan, c);
      return;
    }

  g_assert_false (made);
  g_assert_error (error, SMTP_CLIENT_ERROR, c->code);
  if (c->part != NULL && strstr (error->message, c->part) == NULL)
    g_error ("“%s” is not in “%s”", c->part, error->message);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_case (gconstpointer data)
{
  run_case (data);
}

#define TEXT "Subject: x\r\n\r\ntext\r\n"       /* 20 octets */
#define EIGHT "Subject: x\r\n\r\n\344\r\n"      /* 17 octets */
#define EIGHT_HEAD "Subject: " E_ACUTE "\r\n\r\nx\r\n"
#define X100 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG "Subject: x\r\n\r\n" X100 X100 X100 X100 X100 X100 X100 X100 X100 X100 "\r\n"
#define REFUSED(error, text) .code = error, .part = text

static const Case cases[] = {
  { "plain", "", .mail = "<me@a>" },
  { "null-sender", "", .sender = "", .mail = "<>" },
  { "postmaster", "", .recipient = "Postmaster", .mail = "<me@a>", .rcpt = "<Postmaster>" },
  { "quoted", "", .sender = "\"a> b\"@c", .mail = "<\"a> b\"@c>" },
  { "sender/bad", "", .sender = "joe", REFUSED (INVALID, "joe") },
  { "recipient/bad", "", .recipient = "joe", REFUSED (INVALID, "joe") },
  { "recipient/empty", "", .recipient = "", REFUSED (INVALID, NULL) },

  /* SIZE */
  { "size", "SIZE", .content = TEXT, .mail = "<me@a> SIZE=20" },
  { "size/zero", "SIZE 0", .content = TEXT, .mail = "<me@a> SIZE=20" },
  { "size/fits", "SIZE 20", .content = TEXT, .mail = "<me@a> SIZE=20" },
  { "size/exceeds", "SIZE 19", .content = TEXT, REFUSED (NOT_SUPPORTED, "19") },
  { "size/unknown", "SIZE 19", .mail = "<me@a>" },
  { "size/not-offered", "", .content = TEXT, .mail = "<me@a>" },
  { "size/as-it-leaves", "SIZE 22", .content = "a\nb\n.c", .mail = "<me@a> SIZE=10" },
  { "size/empty", "SIZE", .content = "", .mail = "<me@a> SIZE=0" },

  /* BODY */
  { "body/auto", "8BITMIME", .content = TEXT, .mail = "<me@a> BODY=8BITMIME" },
  { "body/auto-8bit", "8BITMIME", .content = EIGHT, .mail = "<me@a> BODY=8BITMIME" },
  { "body/auto-not-offered", "", .content = TEXT, .mail = "<me@a>" },
  { "body/auto-8bit-not-offered", "", .content = EIGHT, REFUSED (NOT_SUPPORTED, "8BITMIME") },
  { "body/auto-8bit-allowed", "", .content = EIGHT, .allow_8bit = TRUE, .mail = "<me@a>" },
  { "body/7bit", "8BITMIME", .body = SMTP_BODY_7BIT, .content = TEXT, .mail = "<me@a> BODY=7BIT" },
  { "body/7bit-not-offered", "", .body = SMTP_BODY_7BIT, .content = TEXT, .mail = "<me@a>" },
  { "body/7bit-8bit", "8BITMIME", .body = SMTP_BODY_7BIT, .content = EIGHT, REFUSED (INVALID, NULL) },
  { "body/8bitmime", "8BITMIME", .body = SMTP_BODY_8BITMIME, .content = TEXT, .mail = "<me@a> BODY=8BITMIME" },
  { "body/8bitmime-not-offered", "", .body = SMTP_BODY_8BITMIME, .content = TEXT, REFUSED (NOT_SUPPORTED, "8BITMIME") },
  { "body/8bitmime-allowed", "", .body = SMTP_BODY_8BITMIME, .allow_8bit = TRUE, .content = EIGHT, .mail = "<me@a>" },
  { "body/binary", "BINARYMIME|CHUNKING|SIZE", .body = SMTP_BODY_BINARYMIME, .content = EIGHT,
    .mail = "<me@a> SIZE=17 BODY=BINARYMIME" },
  { "body/binary-as-it-is", "BINARYMIME|CHUNKING|SIZE", .body = SMTP_BODY_BINARYMIME, .content = "a\n\nb\r\377",
    .mail = "<me@a> SIZE=6 BODY=BINARYMIME" },
  { "body/binary-no-chunking", "BINARYMIME", .body = SMTP_BODY_BINARYMIME, .content = TEXT, REFUSED (NOT_SUPPORTED, "CHUNKING") },
  { "body/binary-not-offered", "CHUNKING|8BITMIME", .body = SMTP_BODY_BINARYMIME, .content = TEXT,
    REFUSED (NOT_SUPPORTED, "BINARYMIME") },
  { "body/binary-no-size", "BINARYMIME|CHUNKING", .body = SMTP_BODY_BINARYMIME, REFUSED (INVALID, "size") },
  { "body/binary-too-large", "BINARYMIME|CHUNKING|SIZE 4", .body = SMTP_BODY_BINARYMIME, .content = TEXT,
    REFUSED (NOT_SUPPORTED, "20") },
  { "body/long-line", "", .content = LONG, REFUSED (INVALID, "998") },
  { "body/long-line-allowed", "", .content = LONG, .allow_long_lines = TRUE, .mail = "<me@a>" },
  { "body/long-line-binary", "BINARYMIME|CHUNKING", .body = SMTP_BODY_BINARYMIME, .content = LONG,
    .mail = "<me@a> BODY=BINARYMIME" },

  /* SMTPUTF8 */
  { "utf8/not-needed", "SMTPUTF8", .mail = "<me@a>" },
  { "utf8/sender", "SMTPUTF8", .sender = E_ACUTE "@a", .mail = "<" E_ACUTE "@a> SMTPUTF8" },
  { "utf8/sender-not-offered", "", .sender = E_ACUTE "@a", REFUSED (NOT_SUPPORTED, "SMTPUTF8") },
  { "utf8/recipient", "SMTPUTF8", .recipient = E_ACUTE "@b", .mail = "<me@a> SMTPUTF8", .rcpt = "<" E_ACUTE "@b>" },
  { "utf8/recipient-not-offered", "", .recipient = E_ACUTE "@b", REFUSED (NOT_SUPPORTED, "SMTPUTF8") },
  { "utf8/quoted-at", "", .recipient = "\"" E_ACUTE "@x\"@b", REFUSED (NOT_SUPPORTED, "SMTPUTF8") },
  { "utf8/domain", "", .sender = "me@" E_ACUTE ".example", .recipient = "you@" E_ACUTE ".example",
    .mail = "<me@xn--9ca.example>", .rcpt = "<you@xn--9ca.example>" },
  { "utf8/domain-offered", "SMTPUTF8", .sender = "me@" E_ACUTE ".example", .mail = "<me@xn--9ca.example>" },
  { "utf8/domain-and-local", "SMTPUTF8", .sender = E_ACUTE "@" E_ACUTE ".example", .recipient = "you@" E_ACUTE ".example",
    .mail = "<" E_ACUTE "@" E_ACUTE ".example> SMTPUTF8", .rcpt = "<you@" E_ACUTE ".example>" },
  { "utf8/domain-quoted-local", "", .recipient = "\"a@b\"@" E_ACUTE ".example", .mail = "<me@a>",
    .rcpt = "<\"a@b\"@xn--9ca.example>" },
  { "utf8/domain-impossible", "", .recipient = "you@\357\277\276", REFUSED (INVALID, NULL) },
  { "utf8/header", "SMTPUTF8|8BITMIME", .content = EIGHT_HEAD, .mail = "<me@a> BODY=8BITMIME SMTPUTF8" },
  { "utf8/header-not-offered", "8BITMIME", .content = EIGHT_HEAD, REFUSED (NOT_SUPPORTED, "SMTPUTF8") },
  { "utf8/header-allowed", "8BITMIME", .content = EIGHT_HEAD, .allow_8bit = TRUE, .mail = "<me@a> BODY=8BITMIME" },
  { "utf8/body-only", "SMTPUTF8|8BITMIME", .content = EIGHT, .mail = "<me@a> BODY=8BITMIME" },
  { "utf8/param", "SMTPUTF8", .param = "X=" E_ACUTE, .mail = "<me@a> SMTPUTF8 X=" E_ACUTE },
  { "utf8/param-not-offered", "", .param = "X=" E_ACUTE, REFUSED (NOT_SUPPORTED, "SMTPUTF8") },
  { "utf8/rcpt-param", "SMTPUTF8", .rcpt_param = "X=" E_ACUTE, .mail = "<me@a> SMTPUTF8", .rcpt = "<you@b> X=" E_ACUTE },

  /* DSN */
  { "dsn/full", "DSN", .dsn_return = SMTP_DSN_RETURN_FULL, .mail = "<me@a> RET=FULL" },
  { "dsn/headers", "DSN", .dsn_return = SMTP_DSN_RETURN_HEADERS, .mail = "<me@a> RET=HDRS" },
  { "dsn/ret-not-offered", "", .dsn_return = SMTP_DSN_RETURN_FULL, REFUSED (NOT_SUPPORTED, "DSN") },
  { "dsn/envid", "DSN", .envelope_id = "QQ314159", .mail = "<me@a> ENVID=QQ314159" },
  { "dsn/envid-xtext", "DSN", .envelope_id = "a+b=c d~", .mail = "<me@a> ENVID=a+2Bb+3Dc+20d~" },
  { "dsn/envid-parameter", "DSN", .envelope_id = "x SIZE=1", .mail = "<me@a> ENVID=x+20SIZE+3D1" },
  { "dsn/envid-not-offered", "", .envelope_id = "x", REFUSED (NOT_SUPPORTED, "DSN") },
  { "dsn/envid-100", "DSN", .envelope_id = X100, .mail = "<me@a> ENVID=" X100 },
  { "dsn/envid-101", "DSN", .envelope_id = X100 "x", REFUSED (INVALID, "100") },
  { "dsn/envid-empty", "DSN", .envelope_id = "", REFUSED (INVALID, NULL) },
  { "dsn/envid-utf8", "DSN", .envelope_id = E_ACUTE, REFUSED (INVALID, NULL) },
  { "dsn/notify", "DSN", .notify = SMTP_DSN_NOTIFY_SUCCESS | SMTP_DSN_NOTIFY_FAILURE | SMTP_DSN_NOTIFY_DELAY,
    .mail = "<me@a>", .rcpt = "<you@b> NOTIFY=SUCCESS,FAILURE,DELAY" },
  { "dsn/notify-delay", "DSN", .notify = SMTP_DSN_NOTIFY_DELAY, .mail = "<me@a>", .rcpt = "<you@b> NOTIFY=DELAY" },
  { "dsn/never", "DSN", .notify = SMTP_DSN_NOTIFY_NEVER, .mail = "<me@a>", .rcpt = "<you@b> NOTIFY=NEVER" },
  { "dsn/never-and", "DSN", .notify = SMTP_DSN_NOTIFY_NEVER | SMTP_DSN_NOTIFY_DELAY, REFUSED (INVALID, "you@b") },
  { "dsn/notify-not-offered", "", .notify = SMTP_DSN_NOTIFY_NEVER, REFUSED (NOT_SUPPORTED, "DSN") },
  { "dsn/original", "DSN", .original = "joe@c", .mail = "<me@a>", .rcpt = "<you@b> ORCPT=rfc822;joe@c" },
  { "dsn/original-xtext", "DSN", .original = "\"a +=\"@c", .mail = "<me@a>",
    .rcpt = "<you@b> ORCPT=rfc822;\"a+20+2B+3D\"@c" },
  { "dsn/original-type", "DSN", .original = "x400;/c=de/", .mail = "<me@a>", .rcpt = "<you@b> ORCPT=x400;/c+3Dde/" },
  { "dsn/original-rfc822", "DSN", .original = "rfc822;a b", .mail = "<me@a>", .rcpt = "<you@b> ORCPT=rfc822;a+20b" },
  { "dsn/original-utf8", "DSN", .original = E_ACUTE "+\\ =@c", .mail = "<me@a>",
    .rcpt = "<you@b> ORCPT=utf-8;\\x{E9}\\x{2B}\\x{5C}\\x{20}\\x{3D}@c" },
  { "dsn/original-utf8-long", "DSN", .original = "\360\237\223\250@c", .mail = "<me@a>",
    .rcpt = "<you@b> ORCPT=utf-8;\\x{1F4E8}@c" },
  { "dsn/original-utf8-type", "DSN", .original = "UTF-8;a+b", .mail = "<me@a>", .rcpt = "<you@b> ORCPT=UTF-8;a\\x{2B}b" },
  { "dsn/original-unitext", "DSN|SMTPUTF8", .sender = E_ACUTE "@a", .original = E_ACUTE "+\\ =@c",
    .mail = "<" E_ACUTE "@a> SMTPUTF8", .rcpt = "<you@b> ORCPT=utf-8;" E_ACUTE "\\x{2B}\\x{5C}\\x{20}\\x{3D}@c" },
  { "dsn/original-xtext-in-utf8", "DSN|SMTPUTF8", .original = E_ACUTE "@c", .mail = "<me@a>",
    .rcpt = "<you@b> ORCPT=utf-8;\\x{E9}@c" },
  { "dsn/original-not-offered", "", .original = "joe@c", REFUSED (NOT_SUPPORTED, "DSN") },
  { "dsn/original-empty", "DSN", .original = "", REFUSED (INVALID, NULL) },
  { "dsn/original-500", "DSN", .original = X100 X100 X100 X100 X100, REFUSED (INVALID, NULL) },
  { "dsn/original-type-utf8", "DSN", .original = "rfc822;" E_ACUTE "@c", REFUSED (INVALID, NULL) },

  /* AUTH */
  { "auth/none", "AUTH PLAIN", .auth_sender = "", .mail = "<me@a> AUTH=<>" },
  { "auth/address", "AUTH PLAIN", .auth_sender = "e+mc2@c", .mail = "<me@a> AUTH=e+2Bmc2@c" },
  { "auth/quoted", "AUTH PLAIN", .auth_sender = "\"a =\"@c", .mail = "<me@a> AUTH=\"a+20+3D\"@c" },
  { "auth/old", "AUTH=PLAIN", .auth_sender = "", .mail = "<me@a> AUTH=<>" },
  { "auth/not-offered", "", .auth_sender = "", REFUSED (NOT_SUPPORTED, "AUTH") },
  { "auth/bad", "AUTH PLAIN", .auth_sender = "joe", REFUSED (INVALID, "joe") },

  /* DELIVERBY */
  { "by/return", "DELIVERBY", .deliver_by = SMTP_DELIVER_BY_RETURN, .deliver_within = 120, .mail = "<me@a> BY=120;R" },
  { "by/notify", "DELIVERBY", .deliver_by = SMTP_DELIVER_BY_NOTIFY, .deliver_within = -5, .mail = "<me@a> BY=-5;N" },
  { "by/notify-zero", "DELIVERBY", .deliver_by = SMTP_DELIVER_BY_NOTIFY, .mail = "<me@a> BY=0;N" },
  { "by/trace", "DELIVERBY", .deliver_by = SMTP_DELIVER_BY_RETURN, .deliver_within = 1, .deliver_trace = TRUE,
    .mail = "<me@a> BY=1;RT" },
  { "by/least", "DELIVERBY 240", .deliver_by = SMTP_DELIVER_BY_RETURN, .deliver_within = 240, .mail = "<me@a> BY=240;R" },
  { "by/too-short", "DELIVERBY 240", .deliver_by = SMTP_DELIVER_BY_RETURN, .deliver_within = 239, REFUSED (NOT_SUPPORTED, "240") },
  { "by/notify-short", "DELIVERBY 240", .deliver_by = SMTP_DELIVER_BY_NOTIFY, .deliver_within = 5, .mail = "<me@a> BY=5;N" },
  { "by/return-zero", "DELIVERBY", .deliver_by = SMTP_DELIVER_BY_RETURN, REFUSED (INVALID, "0") },
  { "by/return-negative", "DELIVERBY", .deliver_by = SMTP_DELIVER_BY_RETURN, .deliver_within = -1, REFUSED (INVALID, "-1") },
  { "by/most", "DELIVERBY", .deliver_by = SMTP_DELIVER_BY_NOTIFY, .deliver_within = -999999999, .mail = "<me@a> BY=-999999999;N" },
  { "by/too-long", "DELIVERBY", .deliver_by = SMTP_DELIVER_BY_RETURN, .deliver_within = 1000000000, REFUSED (INVALID, NULL) },
  { "by/too-late", "DELIVERBY", .deliver_by = SMTP_DELIVER_BY_NOTIFY, .deliver_within = -1000000000, REFUSED (INVALID, NULL) },
  { "by/int-min", "DELIVERBY", .deliver_by = SMTP_DELIVER_BY_NOTIFY, .deliver_within = G_MININT, REFUSED (INVALID, NULL) },
  { "by/not-offered", "", .deliver_by = SMTP_DELIVER_BY_NOTIFY, REFUSED (NOT_SUPPORTED, "DELIVERBY") },

  /* MT-PRIORITY */
  { "priority/high", "MT-PRIORITY MIXER", .priority = 9, .mail = "<me@a> MT-PRIORITY=9" },
  { "priority/low", "MT-PRIORITY", .priority = -9, .mail = "<me@a> MT-PRIORITY=-9" },
  { "priority/too-high", "MT-PRIORITY", .priority = 10, REFUSED (INVALID, "10") },
  { "priority/too-low", "MT-PRIORITY", .priority = -10, REFUSED (INVALID, "-10") },
  { "priority/int-min", "MT-PRIORITY", .priority = G_MININT, REFUSED (INVALID, NULL) },
  { "priority/not-offered", "", .priority = 1, REFUSED (NOT_SUPPORTED, "MT-PRIORITY") },

  /* FUTURERELEASE */
  { "hold/for", "FUTURERELEASE 3600 2030-01-01T00:00:00Z", .hold_for = 3600, .mail = "<me@a> HOLDFOR=3600" },
  { "hold/for-too-long", "FUTURERELEASE 3600 2030-01-01T00:00:00Z", .hold_for = 3601, REFUSED (NOT_SUPPORTED, "3600") },
  { "hold/for-most", "FUTURERELEASE", .hold_for = 999999999, .mail = "<me@a> HOLDFOR=999999999" },
  { "hold/for-too-many", "FUTURERELEASE", .hold_for = 1000000000, REFUSED (INVALID, NULL) },
  { "hold/for-not-offered", "", .hold_for = 1, REFUSED (NOT_SUPPORTED, "FUTURERELEASE") },
  { "hold/until", "FUTURERELEASE 3600 2030-01-01T00:00:00Z", .hold_until = SECONDS_2030,
    .mail = "<me@a> HOLDUNTIL=2030-01-01T00:00:00Z" },
  { "hold/until-too-late", "FUTURERELEASE 3600 2030-01-01T00:00:00Z", .hold_until = SECONDS_2030 + 1, REFUSED (NOT_SUPPORTED, "2030") },
  { "hold/until-offset", "FUTURERELEASE 3600 2030-01-01T01:00:00+01:00", .hold_until = SECONDS_2030 + 1, REFUSED (NOT_SUPPORTED, NULL) },
  { "hold/until-not-offered", "", .hold_until = 1, REFUSED (NOT_SUPPORTED, "FUTURERELEASE") },
  { "hold/until-last", "FUTURERELEASE", .hold_until = YEAR_10000 - 1, .mail = "<me@a> HOLDUNTIL=9999-12-31T23:59:59Z" },
  { "hold/until-never", "FUTURERELEASE", .hold_until = YEAR_10000, REFUSED (INVALID, NULL) },
  { "hold/until-max", "FUTURERELEASE", .hold_until = G_MAXINT64, REFUSED (INVALID, NULL) },
  { "hold/until-negative", "FUTURERELEASE", .hold_until = -1, REFUSED (INVALID, NULL) },
  { "hold/both", "FUTURERELEASE", .hold_for = 1, .hold_until = 1, REFUSED (INVALID, "not both") },
  { "hold/odd-offer", "FUTURERELEASE x y", .hold_for = 5, .mail = "<me@a> HOLDFOR=5" },

  /* REQUIRETLS */
  { "tls/verified", "REQUIRETLS", .require_tls = TRUE, .tls_verified = TRUE, .mail = "<me@a> REQUIRETLS" },
  { "tls/not-verified", "REQUIRETLS", .require_tls = TRUE, REFUSED (TLS_REQUIRED, NULL) },
  { "tls/not-offered", "", .require_tls = TRUE, .tls_verified = TRUE, REFUSED (NOT_SUPPORTED, "REQUIRETLS") },
  { "tls/neither", "", .require_tls = TRUE, REFUSED (TLS_REQUIRED, NULL) },
  { "tls/not-wanted", "REQUIRETLS", .tls_verified = TRUE, .mail = "<me@a>" },

  /* RRVS */
  { "rrvs", "RRVS", .valid_since = SECONDS_2030, .mail = "<me@a>", .rcpt = "<you@b> RRVS=2030-01-01T00:00:00Z" },
  { "rrvs/not-offered", "", .valid_since = 1, REFUSED (NOT_SUPPORTED, "RRVS") },
  { "rrvs/max", "RRVS", .valid_since = G_MAXINT64, REFUSED (INVALID, NULL) },
  { "rrvs/negative", "RRVS", .valid_since = -1, REFUSED (INVALID, NULL) },

  /* LIMITS that a message to one may exceed */
  { "limits/mailmax", "LIMITS MAILMAX=3", .n_messages = 2, .mail = "<me@a>" },
  { "limits/mailmax-exceeded", "LIMITS RCPTMAX=5 MAILMAX=3", .n_messages = 3, REFUSED (NOT_SUPPORTED, "MAILMAX=3") },
  { "limits/none", "LIMITS", .n_messages = 300, .mail = "<me@a>" },
  { "limits/odd", "LIMITS MAILMAX=x RCPTMAX= MAILMAXX=1 XMAILMAX=1", .n_messages = 300, .mail = "<me@a>" },

  /* parameters of one's own */
  { "own/mail", "", .param = "X-OWN=1", .mail = "<me@a> X-OWN=1" },
  { "own/keyword", "", .param = "XYZ", .mail = "<me@a> XYZ" },
  { "own/rcpt", "", .rcpt_param = "XYZ=<>", .mail = "<me@a>", .rcpt = "<you@b> XYZ=<>" },
  { "own/longer-than-known", "", .param = "SIZES=1", .mail = "<me@a> SIZES=1" },
  { "own/empty", "", .param = "", REFUSED (INVALID, NULL) },
  { "own/no-keyword", "", .param = "=x", REFUSED (INVALID, NULL) },
  { "own/no-value", "", .param = "X=", REFUSED (INVALID, NULL) },
  { "own/two-values", "", .param = "X=a=b", REFUSED (INVALID, NULL) },
  { "own/bad-keyword", "", .param = "X_Y=1", REFUSED (INVALID, "X_Y") },
  { "own/dash-first", "", .param = "-X=1", REFUSED (INVALID, NULL) },

  /* all there is, in its order */
  { "everything", "SIZE|8BITMIME|SMTPUTF8|DSN|AUTH|DELIVERBY|FUTURERELEASE|MT-PRIORITY|REQUIRETLS|RRVS",
    .sender = E_ACUTE "@a", .content = TEXT, .dsn_return = SMTP_DSN_RETURN_FULL, .envelope_id = "x", .auth_sender = "",
    .deliver_by = SMTP_DELIVER_BY_NOTIFY, .deliver_within = 60, .hold_for = 7, .priority = 3, .require_tls = TRUE,
    .tls_verified = TRUE, .param = "OWN", .notify = SMTP_DSN_NOTIFY_NEVER, .original = "j@c", .valid_since = SECONDS_2030,
    .rcpt_param = "OWN=2",
    .mail = "<" E_ACUTE "@a> SIZE=20 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=x AUTH=<> BY=60;N HOLDFOR=7 "
            "MT-PRIORITY=3 REQUIRETLS OWN",
    .rcpt = "<you@b> NOTIFY=NEVER ORCPT=rfc822;j@c RRVS=2030-01-01T00:00:00Z OWN=2" },
};

/* ---- parameters that have properties of their own ------------------------------ */

static void
test_known_params (void)
{
  static const char * const keywords[] = {
    "SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "AUTH", "BY", "HOLDFOR", "HOLDUNTIL", "MT-PRIORITY",
    "REQUIRETLS", "NOTIFY", "ORCPT", "RRVS",
  };
  static const char offers[] = "SIZE|8BITMIME|SMTPUTF8|DSN|AUTH|DELIVERBY|FUTURERELEASE|MT-PRIORITY|REQUIRETLS|RRVS";

  for (gsize i = 0; i < G_N_ELEMENTS (keywords); i++)
    {
      g_autofree char *lower = g_ascii_strdown (keywords[i], -1);
      g_autofree char *value = g_strconcat (lower, "=1", NULL);
      const Case refused[] = {
        { "", offers, .param = keywords[i], REFUSED (INVALID, keywords[i]) },
        { "", offers, .param = lower, REFUSED (INVALID, keywords[i]) },
        { "", offers, .param = value, REFUSED (INVALID, keywords[i]) },
        { "", offers, .rcpt_param = keywords[i], REFUSED (INVALID, keywords[i]) },
        { "", offers, .rcpt_param = value, REFUSED (INVALID, keywords[i]) },
      };

      for (gsize n = 0; n < G_N_ELEMENTS (refused); n++)
        run_case (&refused[n]);
    }
}

/* ---- injections ------------------------------------------------------------------ */

/* Nothing but spaces, or a "<" more than there may be, is not for each field to
 * refuse; what counts is the line. */
static guint
count_words (const char *line)
{
  guint words = 1;
  gboolean quoted = FALSE;

  for (; *line != '\0'; line++)
    {
      quoted ^= *line == '"' && line[-1] != '\\';
      words += *line == ' ' && !quoted;
    }

  return words;
}

typedef enum { SENDER, RECIPIENT, ENVID, AUTH_SENDER, ORIGINAL, PARAM, RCPT_PARAM, N_FIELDS } Field;

static void
set_field (Case       *c,
           Field       field,
           const char *value)
{
  const char **fields[] = {
    [SENDER] = &c->sender, [RECIPIENT] = &c->recipient, [ENVID] = &c->envelope_id, [AUTH_SENDER] = &c->auth_sender,
    [ORIGINAL] = &c->original, [PARAM] = &c->param, [RCPT_PARAM] = &c->rcpt_param,
  };

  *fields[field] = value;
}

/* Every line has as many words as it has parameters, and no control. */
static void
assert_harmless (const Case *c,
                 Field       field)
{
  g_auto (SmtpEnvelope) envelope = { 0 };
  g_autoptr (GString) mail = g_string_new (NULL);
  g_autoptr (GString) rcpt = g_string_new (NULL);
  gboolean on_mail = field == ENVID || field == AUTH_SENDER || field == PARAM;
  gboolean on_rcpt = field == ORIGINAL || field == RCPT_PARAM;
  SmtpPlan plan;

  fill_envelope (&envelope, c);
  if (!make_plan (&envelope, c, &plan, NULL))
    return;

  smtp_envelope_append_mail (&envelope, &plan, mail);
  smtp_envelope_append_rcpt (g_ptr_array_index (envelope.recipients, 0), &plan, rcpt);
  g_assert_cmpuint (count_words (mail->str), ==, 2u + plan.utf8 + on_mail);
  g_assert_cmpuint (count_words (rcpt->str), ==, 2u + on_rcpt);
  for (const char *p = mail->str; *p != '\0'; p++)
    g_assert_true ((guchar) *p >= 0x20 && *p != 0x7f);
  for (const char *p = rcpt->str; *p != '\0'; p++)
    g_assert_true ((guchar) *p >= 0x20 && *p != 0x7f);
}

static void
test_injections (void)
{
  static const char * const heads[] = { "", "a", "a@b", "X", "X=", "rfc822;a", "utf-8;a", "\"a", E_ACUTE };
  static const char * const bad[] = {
    "\r\n", "\n", "\r", "\t", "\001", "\033", "\177", "\302\205", "\377", " ", "<", ">", "> X=1", "> SIZE=1",
    "\r\nRCPT TO:<x@y>", "\nQUIT", "\rQUIT", " NOTIFY=NEVER", "=", "+", "\\", "\"", "\342\200\250",
  };
  static const char * const tails[] = { "", "b", "@b", "\"@b" };
  static const char * const offers[] = { "DSN|AUTH|SMTPUTF8", "DSN|AUTH" };

  for (gsize n = 0; n < G_N_ELEMENTS (heads) * G_N_ELEMENTS (bad) * G_N_ELEMENTS (tails); n++)
    {
      const char *part = bad[n % G_N_ELEMENTS (bad)];
      gsize rest = n / G_N_ELEMENTS (bad);
      g_autofree char *value = g_strconcat (heads[rest % G_N_ELEMENTS (heads)], part,
                                            tails[rest / G_N_ELEMENTS (heads)], NULL);

      for (Field field = 0; field < N_FIELDS; field++)
        {
          for (gsize i = 0; i < G_N_ELEMENTS (offers); i++)
            {
              Case c = { "", offers[i] };

              set_field (&c, field, value);
              assert_harmless (&c, field);
            }
        }
    }
}

/* What cannot stand on a line is refused, whatever the field. */
static void
test_controls (void)
{
  static const char * const controls[] = {
    "a\r\n@b", "a\n@b", "a@b\r\n", "a@b\n", "a@b\r", "\r\na@b", "a@b\001", "a@b\177", "a@b\302\205", "a@b\377", "X=\r\n", "X\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (controls); i++)
    {
      for (Field field = 0; field < N_FIELDS; field++)
        {
          Case c = { "", "DSN|AUTH|SMTPUTF8", REFUSED (INVALID, NULL) };

          set_field (&c, field, controls[i]);
          run_case (&c);
        }
    }
}

/* ---- several recipients ------------------------------------------------------------ */

static void
test_limits (void)
{
  static const struct
  {
    const char *offers;
    const char *recipients;
    const char *part; /* NULL: it fits */
  } limits[] = {
    { "LIMITS RCPTMAX=2", "a@x|b@x", NULL },
    { "LIMITS RCPTMAX=2", "a@x|b@x|c@x", "RCPTMAX=2" },
    { "LIMITS rcptmax=2", "a@x|b@x|c@x", "RCPTMAX=2" },
    { "LIMITS MAILMAX=9 RCPTMAX=1", "a@x|b@x", "RCPTMAX=1" },
    { "LIMITS RCPTMAX=0", "a@x|b@x", NULL },
    { "LIMITS RCPTDOMAINMAX=1", "a@x|b@X|c@x", NULL },
    { "LIMITS RCPTDOMAINMAX=1", "a@x|b@y", "RCPTDOMAINMAX=1" },
    { "LIMITS RCPTDOMAINMAX=1", "\"a@y\"@x|b@x", NULL },
    { "LIMITS RCPTDOMAINMAX=2", "a@x|postmaster|b@x", NULL },
    { "LIMITS RCPTDOMAINMAX=2 RCPTMAX=3", "a@x|b@y|c@x|d@y", "RCPTMAX=3" },
    { "LIMITS RCPTDOMAINMAX=2 RCPTMAX=4", "a@x|b@y|c@z", "RCPTDOMAINMAX=2" },
    { "RCPTMAX=1", "a@x|b@x", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      const Case c = { "", limits[i].offers };
      g_auto (SmtpEnvelope) envelope = { 0 };
      g_auto (GStrv) addresses = g_strsplit (limits[i].recipients, "|", -1);
      g_autoptr (GError) error = NULL;
      SmtpPlan plan;

      fill_envelope (&envelope, &c);
      g_ptr_array_set_size (envelope.recipients, 0);
      for (guint n = 0; addresses[n] != NULL; n++)
        add_recipient (&envelope, addresses[n]);
      g_assert_cmpint (make_plan (&envelope, &c, &plan, &error), ==, limits[i].part == NULL);
      if (limits[i].part == NULL)
        continue;
      g_assert_error (error, SMTP_CLIENT_ERROR, NOT_SUPPORTED);
      g_assert_nonnull (strstr (error->message, limits[i].part));
    }
}

static void
test_no_recipient (void)
{
  const Case c = { "", "" };
  g_auto (SmtpEnvelope) envelope = { 0 };
  g_autoptr (GError) error = NULL;
  SmtpPlan plan;

  fill_envelope (&envelope, &c);
  g_ptr_array_set_size (envelope.recipients, 0);
  g_assert_false (make_plan (&envelope, &c, &plan, &error));
  g_assert_error (error, SMTP_CLIENT_ERROR, INVALID);
}

/* The last is as bad as the first: nothing is sent. */
static void
test_second_recipient (void)
{
  static const char * const bad[] = { "joe", "", "a@b\r\nQUIT", E_ACUTE "@b" };
  const Case c = { "", "" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_auto (SmtpEnvelope) envelope = { 0 };
      SmtpPlan plan;

      fill_envelope (&envelope, &c);
      add_recipient (&envelope, bad[i]);
      g_assert_false (make_plan (&envelope, &c, &plan, NULL));
    }
}

/* ---- the way it is sent --------------------------------------------------------------- */

static void
test_ways (void)
{
  static const struct
  {
    const char    *offers;
    SmtpRecipients policy;
    guint          more;       /* recipients */
    gint64         size;       /* of a canonical stream */
    gboolean       pipelining, bdat, early;
  } ways[] = {
    { "", SMTP_RECIPIENTS_ANY, 0, 10, FALSE, FALSE, FALSE },
    { "CHUNKING", SMTP_RECIPIENTS_ANY, 0, 10, FALSE, TRUE, FALSE },
    { "CHUNKING", SMTP_RECIPIENTS_ANY, 0, -1, FALSE, FALSE, FALSE },
    { "PIPELINING", SMTP_RECIPIENTS_ANY, 3, 10, TRUE, FALSE, TRUE },
    { "PIPELINING", SMTP_RECIPIENTS_ALL, 3, 10, TRUE, FALSE, FALSE },
    { "PIPELINING", SMTP_RECIPIENTS_ALL, 0, -1, TRUE, FALSE, TRUE },
    { "PIPELINING|CHUNKING", SMTP_RECIPIENTS_ANY, 3, 65536, TRUE, TRUE, TRUE },
    { "PIPELINING|CHUNKING", SMTP_RECIPIENTS_ANY, 3, 65537, TRUE, TRUE, FALSE },
    { "PIPELINING|CHUNKING", SMTP_RECIPIENTS_ALL, 3, 10, TRUE, TRUE, FALSE },
    { "PIPELINING|CHUNKING", SMTP_RECIPIENTS_ALL, 0, 10, TRUE, TRUE, TRUE },
    { "PIPELINING|CHUNKING", SMTP_RECIPIENTS_ANY, 0, -1, TRUE, FALSE, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      const Case c = { "", ways[i].offers };
      g_autoptr (SmtpCapabilitySet) capabilities = make_offers (ways[i].offers);
      const SmtpServerFacts server = { "mail.example", capabilities };
      const SmtpContentOutline outline = { .canonical = ways[i].size >= 0, .size = ways[i].size };
      g_auto (SmtpEnvelope) envelope = { 0 };
      SmtpPlan plan;

      fill_envelope (&envelope, &c);
      envelope.policy = ways[i].policy;
      for (guint n = 0; n < ways[i].more; n++)
        add_recipient (&envelope, "x@y");
      g_assert_true (smtp_plan_make (&envelope, &outline, &server, &plan, NULL));
      g_assert_cmpint (plan.pipelining, ==, ways[i].pipelining);
      g_assert_cmpint (plan.bdat, ==, ways[i].bdat);
      g_assert_cmpint (plan.early_content, ==, ways[i].early);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/envelope/", cases[i].name, "/line", NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/envelope/own/known", test_known_params);
  g_test_add_func ("/envelope/injections/harmless", test_injections);
  g_test_add_func ("/envelope/injections/controls", test_controls);
  g_test_add_func ("/envelope/recipients/limits", test_limits);
  g_test_add_func ("/envelope/recipients/none", test_no_recipient);
  g_test_add_func ("/envelope/recipients/second", test_second_recipient);
  g_test_add_func ("/envelope/ways", test_ways);

  return g_test_run ();
}
