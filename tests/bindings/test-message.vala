// SPDX-License-Identifier: LGPL-2.1-or-later

// Messages as a whole, from Vala.

const string[] CHUNKING = { "PIPELINING", "8BITMIME", "SIZE 100000000", "CHUNKING" };
const string[] PIPELINING = { "PIPELINING", "8BITMIME", "SIZE 100000000" };
const string[] RICH = {
    "PIPELINING", "8BITMIME", "SIZE 100000000", "DSN", "SMTPUTF8", "MT-PRIORITY MIXER", "DELIVERBY", "FUTURERELEASE",
    "RRVS", "X-OWN"
};
const string TIME_TEXT = "2031-02-03T05:05:06Z";

// The same, an hour before UTC, and a fraction that is dropped.
DateTime a_time () {
    return new DateTime.from_iso8601 ("2031-02-03T04:05:06.7-01:00", null);
}

void equal (string? value, string? expected) throws TestError {
    check (value == expected, "“%s” instead of “%s”".printf (value ?? "null", expected ?? "null"));
}

Smtp.Message make_message (string[] recipients = { "one@example.net" }, string content = CONTENT,
                           string sender = "sender@example.org") {
    var message = new Smtp.Message (sender);

    foreach (var address in recipients)
        message.add_recipient (address);
    message.set_content_bytes (new Bytes (content.data));
    return message;
}

Smtp.Message[] make_several (int n) {
    Smtp.Message[] messages = {};

    for (int i = 0; i < n; i++)
        messages += make_message ({ "user%d@example.net".printf (i) }, "Subject: %d\r\n\r\n".printf (i));
    return messages;
}

void start (Fixture t, string[] extensions, string[]? mechanisms = null) throws Error {
    // A constant array of Vala has no NULL at its end, one that grew has.
    string[] terminated = {};
    foreach (var extension in extensions)
        terminated += extension;
    t.server.extensions = terminated;
    t.start (mechanisms);
}

Smtp.Recipient recipient (Smtp.Message message, uint i) {
    return (Smtp.Recipient) message.recipients.get_item (i);
}

// "yn" for one that was accepted and one that was not.
string accepted (Smtp.Message message) {
    var text = new StringBuilder ();

    for (uint i = 0; i < message.recipients.get_n_items (); i++)
        text.append_c (recipient (message, i).accepted ? 'y' : 'n');
    return text.str;
}

bool same_content (Fixture t, uint i, string expected) {
    return i < t.server.get_n_messages () &&
           t.server.get_message (i).content.compare (new Bytes (expected.data)) == 0;
}

string commands (Fixture t, string verb) {
    string[] found = {};

    foreach (var command in t.server.get_commands ()) {
        if (command.has_prefix (verb))
            found += command;
    }
    return string.joinv ("\n", found);
}

void refuse_argument (Fixture t, Smtp.Message message) throws Error {
    t.expect_smtp_error (Smtp.ClientError.INVALID_ARGUMENT, () => t.send_message (message));
    check (message.outcome == NOT_SENT);
}

// ---- properties -------------------------------------------------------------

delegate string? Read ();
delegate void Write (bool other);

// A property and its two methods, read as text; written, it becomes something
// else or what it is at first.
void check_setting (Object target, string property, string? first, string? other,
                    Read by_property, Read by_method, Write set_property, Write set_method) throws Error {
    int notified = 0;
    target.notify[property].connect (() => notified++);
    string?[] expected = { first, other, other, first, other, first, other };
    int[] counts = { 0, 1, 1, 2, 3, 4, 5 };

    for (int step = 0; step < expected.length; step++) {
        if (step == 1 || step == 4 || step == 5)
            set_property (expected[step] == other);
        else if (step > 0)
            set_method (expected[step] == other);
        check (by_property () == expected[step], "%s: %s".printf (property, by_property () ?? "null"));
        check (by_method () == expected[step], "%s: %s".printf (property, by_method () ?? "null"));
        check (notified == counts[step], "%s was notified %d times".printf (property, notified));
    }
}

string? text_of (DateTime? time) {
    return time == null ? null : time.format_iso8601 ();
}

string property_names (Type type) {
    string[] names = {};

    foreach (unowned var pspec in ((ObjectClass) type.class_ref ()).list_properties ())
        names += pspec.name;
    return string.joinv (" ", names);
}

void test_message_settings (Fixture t) throws Error {
    var m = new Smtp.Message ("a@b.example");

    check_setting (m, "recipient-policy", "SMTP_RECIPIENTS_ANY", "SMTP_RECIPIENTS_ALL",
                   () => m.recipient_policy.to_string (), () => m.get_recipient_policy ().to_string (),
                   other => m.recipient_policy = other ? Smtp.Recipients.ALL : Smtp.Recipients.ANY,
                   other => m.set_recipient_policy (other ? Smtp.Recipients.ALL : Smtp.Recipients.ANY));
    check_setting (m, "body", "SMTP_BODY_AUTO", "SMTP_BODY_8BITMIME",
                   () => m.body.to_string (), () => m.get_body ().to_string (),
                   other => m.body = other ? Smtp.Body.@8BITMIME : Smtp.Body.AUTO,
                   other => m.set_body (other ? Smtp.Body.@8BITMIME : Smtp.Body.AUTO));
    check_setting (m, "dsn-return", "SMTP_DSN_RETURN_DEFAULT", "SMTP_DSN_RETURN_HEADERS",
                   () => m.dsn_return.to_string (), () => m.get_dsn_return ().to_string (),
                   other => m.dsn_return = other ? Smtp.DsnReturn.HEADERS : Smtp.DsnReturn.DEFAULT,
                   other => m.set_dsn_return (other ? Smtp.DsnReturn.HEADERS : Smtp.DsnReturn.DEFAULT));
    check_setting (m, "envelope-id", null, "an id",
                   () => m.envelope_id, () => m.get_envelope_id (),
                   other => m.envelope_id = other ? "an id" : null,
                   other => m.set_envelope_id (other ? "an id" : null));
    check_setting (m, "authenticated-sender", null, "author@example.org",
                   () => m.authenticated_sender, () => m.get_authenticated_sender (),
                   other => m.authenticated_sender = other ? "author@example.org" : null,
                   other => m.set_authenticated_sender (other ? "author@example.org" : null));
    check_setting (m, "deliver-by", "SMTP_DELIVER_BY_NONE", "SMTP_DELIVER_BY_NOTIFY",
                   () => m.deliver_by.to_string (), () => m.get_deliver_by ().to_string (),
                   other => m.deliver_by = other ? Smtp.DeliverBy.NOTIFY : Smtp.DeliverBy.NONE,
                   other => m.set_deliver_by (other ? Smtp.DeliverBy.NOTIFY : Smtp.DeliverBy.NONE));
    check_setting (m, "deliver-within", "0", "-999999999",
                   () => m.deliver_within.to_string (), () => m.get_deliver_within ().to_string (),
                   other => m.deliver_within = other ? -999999999 : 0,
                   other => m.set_deliver_within (other ? -999999999 : 0));
    check_setting (m, "deliver-trace", "false", "true",
                   () => m.deliver_trace.to_string (), () => m.get_deliver_trace ().to_string (),
                   other => m.deliver_trace = other, other => m.set_deliver_trace (other));
    check_setting (m, "priority", "0", "-9",
                   () => m.priority.to_string (), () => m.get_priority ().to_string (),
                   other => m.priority = other ? -9 : 0, other => m.set_priority (other ? -9 : 0));
    check_setting (m, "hold-for", "0", "999999999",
                   () => m.hold_for.to_string (), () => m.get_hold_for ().to_string (),
                   other => m.hold_for = other ? 999999999 : 0, other => m.set_hold_for (other ? 999999999 : 0));
    check_setting (m, "hold-until", null, TIME_TEXT,
                   () => text_of (m.hold_until), () => text_of (m.dup_hold_until ()),
                   other => m.hold_until = other ? a_time () : null,
                   other => m.set_hold_until (other ? a_time () : null));
    check_setting (m, "require-tls", "false", "true",
                   () => m.require_tls.to_string (), () => m.get_require_tls ().to_string (),
                   other => m.require_tls = other, other => m.set_require_tls (other));
    check_setting (m, "allow-8bit", "false", "true",
                   () => m.allow_8bit.to_string (), () => m.get_allow_8bit ().to_string (),
                   other => m.allow_8bit = other, other => m.set_allow_8bit (other));
    check_setting (m, "allow-long-lines", "false", "true",
                   () => m.allow_long_lines.to_string (), () => m.get_allow_long_lines ().to_string (),
                   other => m.allow_long_lines = other, other => m.set_allow_long_lines (other));
    check_setting (m, "content-is-canonical", "false", "true",
                   () => m.content_is_canonical.to_string (), () => m.get_content_is_canonical ().to_string (),
                   other => m.content_is_canonical = other, other => m.set_content_is_canonical (other));
    equal (property_names (typeof (Smtp.Message)),
           "sender recipient-policy body dsn-return envelope-id authenticated-sender deliver-by deliver-within " +
           "deliver-trace priority hold-for hold-until require-tls allow-8bit allow-long-lines content-is-canonical " +
           "recipients outcome reply queue-id bytes-sent");
}

void test_recipient_settings (Fixture t) throws Error {
    var message = make_message ();
    var r = recipient (message, 0);
    Smtp.DsnNotify both = Smtp.DsnNotify.SUCCESS | Smtp.DsnNotify.DELAY;

    check_setting (r, "dsn-notify", "0", "5",
                   () => ((int) r.dsn_notify).to_string (), () => ((int) r.get_dsn_notify ()).to_string (),
                   other => r.dsn_notify = other ? both : Smtp.DsnNotify.DEFAULT,
                   other => r.set_dsn_notify (other ? both : Smtp.DsnNotify.DEFAULT));
    check_setting (r, "original-recipient", null, "rfc822;bücher@example.net",
                   () => r.original_recipient, () => r.get_original_recipient (),
                   other => r.original_recipient = other ? "rfc822;bücher@example.net" : null,
                   other => r.set_original_recipient (other ? "rfc822;bücher@example.net" : null));
    check_setting (r, "valid-since", null, TIME_TEXT,
                   () => text_of (r.valid_since), () => text_of (r.dup_valid_since ()),
                   other => r.valid_since = other ? a_time () : null,
                   other => r.set_valid_since (other ? a_time () : null));
    equal (property_names (typeof (Smtp.Recipient)),
           "address dsn-notify original-recipient valid-since reply accepted");
}

void test_sender (Fixture t) throws Error {
    foreach (var sender in new string[] { "a@b.example", "jürgen@bücher.example", "" }) {
        var message = new Smtp.Message (sender);

        equal (message.sender, sender);
        equal (message.get_sender (), sender);
    }
    var built = (Smtp.Message) Object.new (typeof (Smtp.Message), priority: 3, hold_until: a_time (),
                                           body: Smtp.Body.@7BIT, deliver_trace: true, envelope_id: "an id");
    equal (built.sender, "");
    check (built.priority == 3 && text_of (built.hold_until) == TIME_TEXT && built.body == Smtp.Body.@7BIT);
    check (built.deliver_trace && built.envelope_id == "an id");
}

void test_results_before (Fixture t) throws Error {
    var message = make_message ();
    var r = recipient (message, 0);

    check (message.outcome == NOT_SENT && message.get_outcome () == Smtp.Outcome.NOT_SENT);
    check (message.reply == null && message.get_reply () == null);
    check (message.queue_id == null && message.get_queue_id () == null);
    check (message.bytes_sent == 0 && message.get_bytes_sent () == 0);
    check (r.reply == null && r.get_reply () == null && !r.accepted && !r.get_accepted ());
}

// The methods take what no property holds; the sending does not.
void test_out_of_range (Fixture t) throws Error {
    start (t, RICH);
    for (int i = 0; i < 3; i++) {
        var message = make_message ();

        message.deliver_by = NOTIFY;
        if (i == 0)
            message.set_priority (10);
        else if (i == 1)
            message.set_deliver_within (int.MAX);
        else
            message.set_hold_for (uint.MAX);
        refuse_argument (t, message);
    }
    equal (commands (t, "MAIL"), "");
}

// ---- recipients -------------------------------------------------------------

void test_recipients (Fixture t) throws Error {
    var message = new Smtp.Message ("a@b.example");
    unowned var before = message.add_recipient ("one@example.net");
    unowned ListModel recipients = message.recipients;
    var changes = "";

    recipients.items_changed.connect ((at, removed, added) => changes += "%u-%u+%u ".printf (at, removed, added));
    unowned var after = message.add_recipient ("two@example.net");
    unowned var again = message.add_recipient ("one@example.net");
    check (recipients == message.get_recipients () && recipients.get_item_type () == typeof (Smtp.Recipient));
    check (recipients.get_n_items () == 3 && recipients.get_item (3) == null);
    check (recipient (message, 0) == before && recipient (message, 1) == after && recipient (message, 2) == again);
    equal (recipient (message, 1).address, "two@example.net");
    equal (again.get_address (), "one@example.net");
    equal (changes, "1-0+1 2-0+1 ");
}

// What came out of a message outlives it.
void test_kept_alone (Fixture t) throws Error {
    Smtp.Message? message = make_message ({ "one@example.net", "refused@example.net" });
    var gone = WeakRef (message);

    start (t, CHUNKING);
    t.send_message (message);
    ListModel? recipients = message.recipients;
    var reply = message.reply;
    var r = recipient (message, 1);
    var answer = r.get_reply ();
    message = null;
    check (gone.get () == null, "somebody holds the message");
    check (recipients.get_n_items () == 2 && ((Smtp.Recipient) recipients.get_item (0)).accepted);
    recipients = null;
    r.original_recipient = "two@example.net";
    r.add_parameter ("X-OWN", null);
    equal (r.address + " " + r.original_recipient, "refused@example.net two@example.net");
    check (reply.get_code () == 250 && answer.get_code () == 550 && answer.get_enhanced_code () == "5.1.1");
}

// ---- what is asked of the server --------------------------------------------

void test_parameters (Fixture t) throws Error {
    var message = make_message ({ "one@example.net", "jürgen@example.net", "plain@example.net" });
    var one = recipient (message, 0);
    var two = recipient (message, 1);

    start (t, RICH, { "PLAIN" });
    message.dsn_return = HEADERS;
    message.envelope_id = "an id+";
    message.priority = -3;
    message.hold_for = 3600;
    message.authenticated_sender = "author@example.org";
    message.deliver_by = RETURN;
    message.deliver_within = 600;
    message.deliver_trace = true;
    message.add_parameter ("X-OWN", "value");
    message.add_parameter ("X-FLAG", null);
    one.dsn_notify = SUCCESS | FAILURE | DELAY;
    one.original_recipient = "first+@example.net";
    one.valid_since = a_time ();
    two.dsn_notify = NEVER;
    two.add_parameter ("X-OWN", "two");
    check (t.send_message (message));
    equal (commands (t, "MAIL"), ("MAIL FROM:<sender@example.org> SIZE=%d BODY=8BITMIME SMTPUTF8 RET=HDRS " +
                                  "ENVID=an+20id+2B AUTH=author@example.org BY=600;RT HOLDFOR=3600 MT-PRIORITY=-3 " +
                                  "X-OWN=value X-FLAG").printf (CONTENT.length));
    equal (commands (t, "RCPT"), "RCPT TO:<one@example.net> NOTIFY=SUCCESS,FAILURE,DELAY " +
                                 "ORCPT=rfc822;first+2B@example.net RRVS=" + TIME_TEXT + "\n" +
                                 "RCPT TO:<jürgen@example.net> NOTIFY=NEVER X-OWN=two\n" +
                                 "RCPT TO:<plain@example.net>");
    check (message.outcome == ACCEPTED);
}

void expect_parameter (Fixture t, Smtp.Message message, string parameter) throws Error {
    t.server.clear_commands ();
    check (t.send_message (message));
    check (parameter in commands (t, "MAIL").split (" "), commands (t, "MAIL"));
}

void test_each_parameter (Fixture t) throws Error {
    Smtp.Message[] m = {};

    for (int i = 0; i < 7; i++)
        m += make_message ();
    start (t, RICH, { "PLAIN" });
    m[0].dsn_return = FULL;
    m[1].authenticated_sender = "";
    m[2].hold_until = a_time ();
    m[3].deliver_by = NOTIFY;
    m[3].deliver_within = -60;
    m[4].priority = 9;
    m[5].body = Smtp.Body.@7BIT;
    m[6].body = Smtp.Body.@8BITMIME;
    expect_parameter (t, m[0], "RET=FULL");
    expect_parameter (t, m[1], "AUTH=<>");
    expect_parameter (t, m[2], "HOLDUNTIL=" + TIME_TEXT);
    expect_parameter (t, m[3], "BY=-60;N");
    expect_parameter (t, m[4], "MT-PRIORITY=9");
    expect_parameter (t, m[5], "BODY=7BIT");
    expect_parameter (t, m[6], "BODY=8BITMIME");
    expect_parameter (t, make_message ({ "one@example.net" }, CONTENT, ""), "FROM:<>");
}

void test_require_tls (Fixture t) throws Error {
    var message = make_message ();

    t.server.extensions = { "PIPELINING", "REQUIRETLS" };
    t.server.tls_mode = STARTTLS;
    t.server.start ();
    t.new_client (STARTTLS).tls_database = t.server.create_database ();
    t.open ();
    message.require_tls = true;
    check (t.send_message (message));
    equal (commands (t, "MAIL"), "MAIL FROM:<sender@example.org> REQUIRETLS");
    t.quit ();
}

void test_require_tls_in_clear (Fixture t) throws Error {
    var message = make_message ();

    start (t, { "PIPELINING", "REQUIRETLS" });
    message.require_tls = true;
    t.expect_smtp_error (Smtp.ClientError.TLS_REQUIRED, () => t.send_message (message));
    equal (commands (t, "MAIL"), "");
}

struct Parameter {
    string name;
    string? value;
}

void test_bad_parameters (Fixture t) throws Error {
    Parameter[] bad = {
        { "SIZE", "1" }, { "X OWN", null }, { "X-OWN", "a b" }, { "X-OWN", "a\r\nRSET" }, { "", null }
    };

    start (t, RICH);
    var before = t.server.get_bytes_received ();
    foreach (var parameter in bad) {
        var message = make_message ();
        var other = make_message ();

        message.add_parameter (parameter.name, parameter.value);
        refuse_argument (t, message);
        recipient (other, 0).add_parameter (parameter.name, parameter.value);
        refuse_argument (t, other);
    }
    foreach (var id in new string[] { "", "a\r\nb" }) {
        var message = make_message ();

        message.envelope_id = id;
        refuse_argument (t, message);
    }
    var nobody = make_message ();
    nobody.authenticated_sender = "nobody";
    refuse_argument (t, nobody);
    var both = make_message ();
    both.hold_for = 1;
    both.hold_until = a_time ();
    refuse_argument (t, both);
    refuse_argument (t, make_message ({ "one@example.net" }, CONTENT, "a@b.example> SIZE=1"));
    refuse_argument (t, make_message ({ "a@b.example\r\nRSET" }));
    check (t.server.get_bytes_received () == before);
    check (t.send_message (make_message ()));
}

// ---- content ----------------------------------------------------------------

const string TEXT = "Subject: Grüße\n\n.\n..two\nno newline";
const string ON_THE_WIRE = "Subject: Grüße\r\n\r\n.\r\n..two\r\nno newline\r\n";

InputStream memory (string text) {
    return new MemoryInputStream.from_bytes (new Bytes (text.data));
}

// A stream that cannot be rewound.
InputStream one_way (string text) throws Error {
    return new ConverterInputStream (memory (text), new CharsetConverter ("UTF-8", "UTF-8"));
}

string long_text (int lines, string end = "\r\n") {
    var text = new StringBuilder ("Subject: long" + end + end);

    for (int i = 0; i < lines; i++)
        text.append ("A line of some length, and its end." + end);
    return text.str;
}

void send_contents (Fixture t, string[] extensions, bool bdat) throws Error {
    string[] offered = extensions;
    var message = make_message ({ "one@example.net" }, TEXT);
    FileIOStream stream;
    var file = File.new_tmp ("smtp-message-XXXXXX", out stream);

    stream.output_stream.write_all (TEXT.data, null);
    stream.close ();
    offered += "SMTPUTF8";
    start (t, offered);
    check (t.send_message (message));
    foreach (var size in new int64[] { TEXT.length, -1 }) {
        message.set_content_stream (memory (TEXT), size);
        check (t.send_message (message));
    }
    check (t.send_message (message));  // it is rewound
    message.set_content_file (file);
    check (t.send_message (message));
    file.delete ();
    check (t.server.get_n_messages () == 5);
    for (int i = 0; i < 5; i++)
        check (same_content (t, i, ON_THE_WIRE), "another content");
    check (t.server.get_message (0).via_bdat == bdat);
}

void test_content (Fixture t) throws Error {
    send_contents (t, CHUNKING, true);
}

void test_content_by_data (Fixture t) throws Error {
    send_contents (t, PIPELINING, false);
}

void test_no_content (Fixture t) throws Error {
    var message = new Smtp.Message ("a@b.example");

    start (t, CHUNKING);
    message.add_recipient ("one@example.net");
    check (t.send_message (message));
    check (same_content (t, 0, ""));
}

void test_binary (Fixture t) throws Error {
    uint8[] octets = "Subject: binary\r\n\r\n".data;
    var message = make_message ();

    for (int i = 0; i < 768; i++)
        octets += (uint8) (i & 255);
    start (t, { "PIPELINING", "8BITMIME", "CHUNKING", "BINARYMIME" });
    message.set_content_bytes (new Bytes (octets));
    message.body = BINARYMIME;
    check (t.send_message (message));
    check (t.server.get_message (0).content.compare (new Bytes (octets)) == 0, "another content");
    check (" BODY=BINARYMIME" in commands (t, "MAIL"), commands (t, "MAIL"));
}

// The content is let go with what replaces it.
void test_bytes_released (Fixture t) throws Error {
    var message = make_message ();
    InputStream? stream = memory (CONTENT);
    var gone = WeakRef (stream);

    start (t, CHUNKING);
    message.set_content_stream (stream, -1);
    stream = null;
    check (t.send_message (message) && same_content (t, 0, CONTENT));
    check (gone.get () != null);
    message.set_content_bytes (new Bytes ({}));
    check (gone.get () == null, "somebody holds the stream");
}

void test_missing_file (Fixture t) throws Error {
    var message = make_message ();

    start (t, CHUNKING);
    message.set_content_file (File.new_for_path ("/nonexistent/message"));
    var error = t.expect_error (IOError.quark (), IOError.NOT_FOUND, () => t.send_message (message));
    check ("content" in error.message, error.message);
    check (message.outcome == NOT_SENT && commands (t, "MAIL") == "" && t.client.state == READY);
}

void test_spent_stream (Fixture t) throws Error {
    var message = make_message ();
    bool sent = false;

    start (t, CHUNKING);
    message.set_content_stream (one_way (CONTENT), -1);
    check (t.send_message (message));
    try {
        sent = t.send_message (message);
    } catch (Error e) {
    }
    check (!sent && message.outcome == NOT_SENT);
    check (t.server.get_n_messages () == 1 && same_content (t, 0, CONTENT));
}

void test_8bit (Fixture t) throws Error {
    const string OCTETS = "Subject: test\r\n\r\nGrüße\r\n";
    var message = make_message ({ "one@example.net" }, OCTETS);

    start (t, {});
    t.expect_smtp_error (Smtp.ClientError.NOT_SUPPORTED, () => t.send_message (message));
    message.allow_8bit = true;
    check (t.send_message (message) && same_content (t, 0, OCTETS));
}

void test_long_lines (Fixture t) throws Error {
    var text = "Subject: test\r\n\r\n" + string.nfill (999, 'x') + "\r\n";
    var message = make_message ({ "one@example.net" }, text);

    start (t, {});
    refuse_argument (t, message);
    message.allow_long_lines = true;
    check (t.send_message (message) && same_content (t, 0, text));
}

// The promise lets a long stream go by BDAT; broken, it delivers nothing.
void test_canonical (Fixture t) throws Error {
    var message = make_message ();
    var text = long_text (60000);
    var broken = long_text (60000, "\n");

    start (t, CHUNKING);
    message.content_is_canonical = true;
    message.set_content_stream (one_way (text), text.length);
    check (t.send_message (message) && same_content (t, 0, text) && t.server.get_message (0).via_bdat);
    message.set_content_stream (one_way (broken), broken.length);
    refuse_argument (t, message);
    check (t.server.get_n_messages () == 1);
}

// ---- what became of it ------------------------------------------------------

void test_accepted (Fixture t) throws Error {
    var message = make_message ({ "one@example.net", "two@example.net" });

    start (t, CHUNKING);
    check (t.send_message (message));
    check (message.outcome == ACCEPTED && message.get_outcome () == Smtp.Outcome.ACCEPTED);
    check (message.reply == message.get_reply () && message.reply.get_code () == 250);
    check (message.reply.get_enhanced_code () == "2.0.0" && "queued as" in message.reply.get_text ());
    equal (message.queue_id, t.server.get_message (0).number.to_string ());
    equal (message.get_queue_id (), message.queue_id);
    check (message.bytes_sent == CONTENT.length && message.get_bytes_sent () == CONTENT.length);
    for (uint i = 0; i < 2; i++) {
        var r = recipient (message, i);

        check (r.accepted && r.get_accepted () && r.reply.get_code () == 250);
        equal (r.get_reply ().get_enhanced_code (), "2.1.5");
    }
    check (t.client.state == READY);
}

void test_partial (Fixture t) throws Error {
    var message = make_message ({ "one@example.net", "refused@example.net", "later@example.net" });

    start (t, CHUNKING);
    check (t.send_message (message));
    check (message.outcome == PARTIAL && message.queue_id != null);
    equal (accepted (message), "ynn");
    check (recipient (message, 1).reply.get_code () == 550 && recipient (message, 2).reply.get_code () == 450);
    equal (recipient (message, 1).reply.get_text (), "5.1.1 No such user");
    equal (string.joinv (",", t.server.get_message (0).recipients), "one@example.net");
}

void test_rejected_recipient (Fixture t) throws Error {
    var message = make_message ({ "one@example.net", "refused@example.net" });

    start (t, CHUNKING);
    message.recipient_policy = ALL;
    try {
        t.send_message (message);
        check (false, "sent");
    } catch (Smtp.ClientError.REFUSED_PERMANENT e) {
        check ("No such user" in e.message, e.message);
    }
    check (message.outcome == REJECTED && message.reply.get_code () == 550 && message.queue_id == null);
    equal (accepted (message), "yn");
    check (t.server.get_n_messages () == 0);
    message.recipient_policy = ANY;
    check (t.send_message (message) && message.outcome == PARTIAL);
}

void test_rejected_content (Fixture t) throws Error {
    var message = make_message ();

    start (t, CHUNKING);
    t.server.script_reply_text (".", "554-5.7.1 This is spam\r\n554 5.7.1 queued as nothing");
    t.expect_smtp_error (Smtp.ClientError.REFUSED_PERMANENT, () => t.send_message (message));
    check (message.outcome == REJECTED && message.queue_id == null && accepted (message) == "y");
    check (message.reply.get_code () == 554 && message.reply.get_enhanced_code () == "5.7.1");
    equal (string.joinv ("|", message.reply.get_lines ()), "5.7.1 This is spam|5.7.1 queued as nothing");
    check (t.client.state == READY);
}

void test_refused_later (Fixture t) throws Error {
    var message = make_message ();

    start (t, PIPELINING);
    t.server.script_reply_text ("MAIL", "452 4.3.1 later");
    t.expect_smtp_error (Smtp.ClientError.REFUSED_TEMPORARY, () => t.send_message (message));
    check (message.outcome == REJECTED && message.reply.get_enhanced_code () == "4.3.1");
}

void test_not_sent (Fixture t) throws Error {
    Smtp.Message[] m = { make_message ({ "one@example.net" }, CONTENT, "jürgen@example.org") };

    for (int i = 1; i < 13; i++)
        m += make_message ();
    m[1].envelope_id = "x";
    m[2].dsn_return = FULL;
    m[3].priority = 1;
    m[4].hold_for = 1;
    m[5].hold_until = a_time ();
    m[6].deliver_by = NOTIFY;
    m[7].body = BINARYMIME;
    m[8].body = Smtp.Body.@8BITMIME;
    m[9].authenticated_sender = "a@b.example";
    recipient (m[10], 0).dsn_notify = NEVER;
    recipient (m[11], 0).original_recipient = "a@b.example";
    recipient (m[12], 0).valid_since = a_time ();
    start (t, {});
    foreach (var message in m) {
        try {
            t.send_message (message);
            check (false, "sent");
        } catch (Smtp.ClientError.NOT_SUPPORTED e) {
            check (message.outcome == NOT_SENT && message.reply == null);
        }
    }
    check (commands (t, "MAIL") == "" && t.client.state == READY);
}

void test_too_large (Fixture t) throws Error {
    var message = make_message ();

    start (t, { "SIZE 20" });
    var error = t.expect_smtp_error (Smtp.ClientError.NOT_SUPPORTED, () => t.send_message (message));
    check ("20" in error.message, error.message);
    check (message.outcome == NOT_SENT && commands (t, "MAIL") == "");
}

void test_unknown (Fixture t) throws Error {
    var message = make_message ();

    start (t, PIPELINING);
    t.server.script_drop (".", 0, true);
    t.expect_smtp_error (Smtp.ClientError.OUTCOME_UNKNOWN, () => t.send_message (message));
    check (message.outcome == UNKNOWN && message.reply == null && accepted (message) == "y");
    check (t.server.wait_for_messages (1, WAIT) && t.client.state == BROKEN);
}

// What became of it is about the last send, also when that never began.
void test_closed (Fixture t) throws Error {
    var message = make_message ();

    start (t, CHUNKING);
    check (t.send_message (message));
    t.client.close ();
    t.expect_smtp_error (Smtp.ClientError.BROKEN, () => t.send_message (message));
    check (message.outcome == NOT_SENT && message.queue_id == null && message.reply == null);
}

void test_again (Fixture t) throws Error {
    var message = make_message ();

    start (t, CHUNKING);
    check (t.send_message (message));
    var first = message.queue_id.dup ();
    message.add_recipient ("refused@example.net");
    check (t.send_message (message));
    check (message.queue_id != null && message.queue_id != first);
    check (message.outcome == PARTIAL && t.server.get_n_messages () == 2);
}

void test_cancelled (Fixture t) throws Error {
    var message = make_message ();
    var cancellable = new Cancellable ();

    start (t, CHUNKING);
    cancellable.cancel ();
    try {
        t.send_message (message, cancellable);
        check (false, "sent");
    } catch (IOError.CANCELLED e) {
        check (message.outcome == NOT_SENT && t.server.get_n_messages () == 0);
    }
}

// ---- signals ----------------------------------------------------------------

class Progress {
    public unowned uint64[] sent { get { return numbers; } }
    private uint64[] numbers = {};
    private string[] told = {};

    private void watch_recipient (uint i, Smtp.Recipient r) {
        r.notify.connect (pspec => {
            told += "%u %s %u %s".printf (i, pspec.name, r.reply.get_code (), r.accepted.to_string ());
        });
    }

    public Progress (Smtp.Message message) {
        message.notify["bytes-sent"].connect (() => numbers += message.bytes_sent);
        foreach (var name in new string[] { "outcome", "reply", "queue-id" })
            message.notify[name].connect (pspec => told += pspec.name + " " + message.outcome.to_string ());
        for (uint i = 0; i < message.recipients.get_n_items (); i++)
            watch_recipient (i, recipient (message, i));
    }

    public string all_told () {
        var sorted = new GenericArray<string> ();

        foreach (var line in told)
            sorted.add (line);
        sorted.sort (strcmp);
        return string.joinv (", ", sorted.data);
    }
}

void test_progress (Fixture t) throws Error {
    var message = make_message ({ "one@example.net", "refused@example.net" });
    var text = long_text (100000);

    start (t, PIPELINING);
    message.set_content_stream (one_way (text), text.length);
    var progress = new Progress (message);
    check (t.send_message (message));
    check (same_content (t, 0, text), "another content");
    check (progress.sent.length > 2 && progress.sent[0] > 0, "%d steps".printf (progress.sent.length));
    for (int i = 1; i < progress.sent.length; i++)
        check (progress.sent[i] > progress.sent[i - 1]);
    check (progress.sent[progress.sent.length - 1] == text.length && message.bytes_sent == text.length);
    equal (progress.all_told (),
           "0 accepted 250 true, 0 reply 250 true, 1 accepted 550 false, 1 reply 550 false, " +
           "outcome SMTP_OUTCOME_PARTIAL, queue-id SMTP_OUTCOME_PARTIAL, reply SMTP_OUTCOME_PARTIAL");
}

// ---- several on one connection ----------------------------------------------

// Messages that are sent at once, and how they end.
class Queue {
    public string order = "";
    public int n_done;
    private GenericArray<Smtp.Message> messages = new GenericArray<Smtp.Message> ();
    private GenericArray<Error?> errors = new GenericArray<Error?> ();

    private async void send (Smtp.Client client, int i, Cancellable? cancellable) {
        try {
            if (!yield client.send_async (messages[i], cancellable))
                order += "!";
        } catch (Error e) {
            errors[i] = e;
        }
        order += i.to_string ();
        n_done++;
    }

    public void add (Smtp.Client client, Smtp.Message message, Cancellable? cancellable = null) {
        messages.add (message);
        errors.add (null);
        send.begin (client, messages.length - 1, cancellable);
    }

    public void wait () {
        while (n_done < messages.length)
            MainContext.default ().iteration (true);
    }

    public Error? get_error (int i) {
        return errors[i];
    }

    // "AAR" for two that were accepted and one that was rejected
    public string outcomes () {
        var text = new StringBuilder ();

        foreach (unowned var message in messages.data)
            text.append_c (message.outcome.to_string ().replace ("SMTP_OUTCOME_", "")[0]);
        return text.str;
    }
}

// In the order of the calls, each with its own result; the synchronous form
// cannot queue, and sends one by one.
void test_queue (Fixture t) throws Error {
    var messages = make_several (8);
    var queue = new Queue ();
    uint n = 0;

    start (t, PIPELINING);
    messages[3] = make_message ({ "refused@example.net" });
    foreach (var message in messages) {
        if (t.asynchronous)
            queue.add (t.client, message);
        else if (message == messages[3])
            t.expect_smtp_error (Smtp.ClientError.REFUSED_PERMANENT, () => t.client.send (message));
        else
            check (t.client.send (message));
    }
    queue.wait ();
    if (t.asynchronous) {
        equal (queue.order, "01234567");
        equal (queue.outcomes (), "AAARAAAA");
        check (queue.get_error (3) is Smtp.ClientError.REFUSED_PERMANENT && queue.get_error (4) == null);
    }
    for (int i = 0; i < 8; i++) {
        check (messages[i].outcome == (i == 3 ? Smtp.Outcome.REJECTED : Smtp.Outcome.ACCEPTED));
        check (i == 3 || same_content (t, n++, "Subject: %d\r\n\r\n".printf (i)));
    }
    check (t.server.get_n_messages () == 7 && t.server.get_session_count () == 1);
}

async void send_both (Smtp.Client client, Smtp.Message first, Smtp.Message second, Queue queue) {
    try {
        yield client.send_async (first, null);
        yield client.send_async (second, null);
    } catch (Error e) {
        queue.order = e.message;
    }
    queue.n_done++;
}

// What is sent once another is through.
void test_queue_from_result (Fixture t) throws Error {
    var messages = make_several (2);
    var queue = new Queue ();

    start (t, CHUNKING);
    send_both.begin (t.client, messages[0], messages[1], queue);
    while (queue.n_done == 0)
        MainContext.default ().iteration (true);
    equal (queue.order, "");
    check (messages[0].outcome == ACCEPTED && messages[1].outcome == ACCEPTED && t.server.get_n_messages () == 2);
}

void test_queue_cancelled (Fixture t) throws Error {
    var queue = new Queue ();
    var cancellable = new Cancellable ();
    var messages = make_several (3);

    start (t, PIPELINING);
    for (int i = 0; i < 3; i++)
        queue.add (t.client, messages[i], i == 1 ? cancellable : null);
    cancellable.cancel ();
    queue.wait ();
    equal (queue.outcomes (), "ANA");
    check (queue.get_error (0) == null && queue.get_error (2) == null && queue.get_error (1) is IOError.CANCELLED);
    check (t.server.get_n_messages () == 2);
}

// Another operation, and the same message, while one is sent.
void test_pending (Fixture t) throws Error {
    var message = make_message ();
    var queue = new Queue ();

    start (t, PIPELINING);
    queue.add (t.client, message);
    queue.add (t.client, message);
    t.expect_error (IOError.quark (), IOError.PENDING, () => t.noop ());
    queue.wait ();
    check (queue.get_error (0) == null && queue.get_error (1) is IOError.PENDING);
    check (message.outcome == ACCEPTED && t.server.get_n_messages () == 1);
}

// A message that nobody holds is sent, and gone afterwards.
void test_message_forgotten (Fixture t) throws Error {
    Smtp.Message? message = make_message ();
    var gone = WeakRef (message);
    AsyncResult? result = null;

    start (t, CHUNKING);
    t.client.send_async.begin (message, null, (source, r) => result = r);
    message = null;
    check (gone.get () != null, "nobody holds the message");
    while (result == null)
        MainContext.default ().iteration (true);
    check (t.client.send_async.end (result));
    result = null;
    while (MainContext.default ().iteration (false))
        continue;
    check (gone.get () == null, "somebody holds the message");
    check (t.server.get_n_messages () == 1 && same_content (t, 0, CONTENT));
}

void send_several (Fixture t, int n) throws Error {
    var queue = new Queue ();
    var order = "";

    t.server.clear_messages ();
    foreach (var message in make_several (n))
        queue.add (t.client, message);
    queue.wait ();
    for (int i = 0; i < n; i++) {
        check (same_content (t, i, "Subject: %d\r\n\r\n".printf (i)), "another order");
        order += i.to_string ();
    }
    equal (queue.order, order);
    equal (queue.outcomes (), string.nfill (n, 'A'));
}

int count_sent (Fixture t, string begin, int since = 0) {
    int n = 0;

    for (int i = since; i < t.transcript.length; i++)
        n += t.transcript[i].has_prefix ("C: " + begin) ? 1 : 0;
    return n;
}

// Waits until so many lines were sent although no verdict comes, and ends it.
string send_without_verdict (Fixture t, int n, string begin, int count) throws Error {
    var queue = new Queue ();
    var cancellable = new Cancellable ();
    int since = t.transcript.length;

    t.server.script_silence (".", 0);
    foreach (var message in make_several (n))
        queue.add (t.client, message, queue.outcomes () == "" ? cancellable : null);
    while (queue.n_done == 0 && count_sent (t, begin, since) < count)
        MainContext.default ().iteration (true);
    cancellable.cancel ();
    queue.wait ();
    check (count_sent (t, begin, since) == count, "%d of %s".printf (count_sent (t, begin, since), begin));
    check (queue.get_error (0) is Smtp.ClientError.OUTCOME_UNKNOWN);
    for (int i = 0; i < n; i++)
        check (queue.get_error (i) != null);
    return queue.outcomes ();
}

void test_pipeline_messages (Fixture t) throws Error {
    int notified = 0;

    start (t, PIPELINING);
    t.client.notify["pipeline-messages"].connect (() => notified++);
    check (!t.client.pipeline_messages && !t.client.get_pipeline_messages ());
    send_several (t, 4);
    check (count_sent (t, "RSET") == 0);
    t.client.set_pipeline_messages (true);
    t.client.pipeline_messages = false;
    t.client.pipeline_messages = true;
    check (t.client.pipeline_messages && t.client.get_pipeline_messages () && notified == 3);
    send_several (t, 4);
    equal (send_without_verdict (t, 3, "RSET", 1), "UNN");
}

void test_window (Fixture t) throws Error {
    int notified = 0;

    start (t, CHUNKING);
    t.client.notify["window"].connect (() => notified++);
    check (t.client.window == 1 && t.client.get_window () == 1);
    t.client.window = 1000;
    check (t.client.window == 1000 && t.client.get_window () == 1000);
    t.client.set_window (3);
    check (t.client.window == 3 && notified == 2);
    send_several (t, 8);
    t.client.pipeline_messages = true;
    send_several (t, 8);
    equal (send_without_verdict (t, 5, "MAIL", 3), "UUUNN");
}

// ---- running ----------------------------------------------------------------

int main () {
    run ("message-settings", test_message_settings);
    run ("recipient-settings", test_recipient_settings);
    run ("sender", test_sender);
    run ("results-before", test_results_before);
    run ("out-of-range", test_out_of_range);
    run ("recipients", test_recipients);
    run ("kept-alone", test_kept_alone);
    run ("parameters", test_parameters);
    run ("each-parameter", test_each_parameter);
    run ("require-tls", test_require_tls);
    run ("require-tls-in-clear", test_require_tls_in_clear);
    run ("bad-parameters", test_bad_parameters);
    run ("content", test_content);
    run ("content-by-data", test_content_by_data);
    run ("no-content", test_no_content);
    run ("binary", test_binary);
    run ("bytes-released", test_bytes_released);
    run ("missing-file", test_missing_file);
    run ("spent-stream", test_spent_stream);
    run ("8bit", test_8bit);
    run ("long-lines", test_long_lines);
    run ("canonical", test_canonical);
    run ("accepted", test_accepted);
    run ("partial", test_partial);
    run ("rejected-recipient", test_rejected_recipient);
    run ("rejected-content", test_rejected_content);
    run ("refused-later", test_refused_later);
    run ("not-sent", test_not_sent);
    run ("too-large", test_too_large);
    run ("unknown", test_unknown);
    run ("closed", test_closed);
    run ("again", test_again);
    run ("cancelled", test_cancelled);
    run ("progress", test_progress);
    run ("queue", test_queue);
    run ("queue-from-result", test_queue_from_result);
    run ("queue-cancelled", test_queue_cancelled);
    run ("pending", test_pending);
    run ("message-forgotten", test_message_forgotten);
    run ("pipeline-messages", test_pipeline_messages);
    run ("window", test_window);
    return finish ();
}
