// SPDX-License-Identifier: LGPL-2.1-or-later

// The library from Vala. Each scenario runs twice: with the synchronous calls
// and with the asynchronous ones.

const string CONTENT = "Subject: test\r\n\r\nbody\r\n";
const int WAIT = 10000;

// ---- calling ----------------------------------------------------------------

errordomain TestError {
    FAILED
}

// A server, its client, and calls in one of the two forms.
class Fixture {
    public bool asynchronous;
    public SmtpTest.Server server = new SmtpTest.Server ();
    public Smtp.Client? client;
    public string[] transcript = {};
    private AsyncResult? result;

    public Fixture (bool asynchronous) {
        this.asynchronous = asynchronous;
    }

    public unowned Smtp.Client watch (Smtp.Client client) {
        client.timeout = 10;
        client.transcript.connect ((direction, text) => {
            transcript += (direction == SENT ? "C: " : "S: ") + text;
        });
        this.client = client;
        return this.client;
    }

    public unowned Smtp.Client new_client (Smtp.Security security = NONE) {
        return watch (new Smtp.Client ("127.0.0.1", server.get_port (), security));
    }

    public void start (string[]? mechanisms = null) throws Error {
        if (mechanisms != null)
            server.auth_mechanisms = mechanisms;
        server.start ();
        new_client ();
        open ();
    }

    public void start_for_auth (string[] mechanisms) throws Error {
        start (mechanisms);
        client.stay_open_after_refusal = true;
    }

    private void done (Object? source, AsyncResult result) {
        this.result = result;
    }

    private AsyncResult wait () {
        while (result == null)
            MainContext.default ().iteration (true);
        return (owned) result;
    }

    public bool open () throws Error {
        if (!asynchronous)
            return client.open ();
        client.open_async.begin (null, done);
        return client.open_async.end (wait ());
    }

    public bool authenticate (Smtp.Auth auth) throws Error {
        if (!asynchronous)
            return client.authenticate (auth);
        client.authenticate_async.begin (auth, null, done);
        return client.authenticate_async.end (wait ());
    }

    public bool mail (string sender = "sender@example.org", string[]? parameters = null) throws Error {
        if (!asynchronous)
            return client.mail (sender, parameters);
        client.mail_async.begin (sender, parameters, null, done);
        return client.mail_async.end (wait ());
    }

    public bool rcpt (string recipient = "recipient@example.net") throws Error {
        if (!asynchronous)
            return client.rcpt (recipient, null);
        client.rcpt_async.begin (recipient, null, null, done);
        return client.rcpt_async.end (wait ());
    }

    public OutputStream data () throws Error {
        if (!asynchronous)
            return client.data ();
        client.data_async.begin (null, done);
        return client.data_async.end (wait ());
    }

    public bool noop () throws Error {
        if (!asynchronous)
            return client.noop ();
        client.noop_async.begin (null, done);
        return client.noop_async.end (wait ());
    }

    public Smtp.Reply command (string line) throws Error {
        if (!asynchronous)
            return client.command (line);
        client.command_async.begin (line, null, done);
        return client.command_async.end (wait ());
    }

    public bool reset () throws Error {
        if (!asynchronous)
            return client.reset ();
        client.reset_async.begin (null, done);
        return client.reset_async.end (wait ());
    }

    public bool quit () throws Error {
        if (!asynchronous)
            return client.quit ();
        client.quit_async.begin (null, done);
        return client.quit_async.end (wait ());
    }

    public void write (OutputStream stream, string content) throws Error {
        size_t n;

        if (!asynchronous) {
            stream.write_all (content.data, out n);
            return;
        }
        stream.write_all_async.begin (content.data, Priority.DEFAULT, null, done);
        stream.write_all_async.end (wait (), out n);
    }

    public bool close (OutputStream stream, Cancellable? cancellable = null) throws Error {
        if (!asynchronous)
            return stream.close (cancellable);
        stream.close_async.begin (Priority.DEFAULT, cancellable, done);
        return stream.close_async.end (wait ());
    }

    public ssize_t splice (OutputStream stream, InputStream source) throws Error {
        const OutputStreamSpliceFlags FLAGS = OutputStreamSpliceFlags.CLOSE_SOURCE | OutputStreamSpliceFlags.CLOSE_TARGET;

        if (!asynchronous)
            return stream.splice (source, FLAGS);
        stream.splice_async.begin (source, FLAGS, Priority.DEFAULT, null, done);
        return stream.splice_async.end (wait ());
    }

    public bool send_mail (Smtp.Auth? auth, string[] recipients, Bytes content) throws Error {
        if (!asynchronous)
            return Smtp.send_mail (server.get_uri (), auth, "a@b.example", recipients, content);
        Smtp.send_mail_async.begin (server.get_uri (), auth, "a@b.example", recipients, content, null, done);
        return Smtp.send_mail_async.end (wait ());
    }

    public bool send_message (Smtp.Message message) throws Error {
        if (!asynchronous)
            return client.send (message);
        client.send_async.begin (message, null, done);
        return client.send_async.end (wait ());
    }

    public OutputStream begin_content () throws Error {
        mail ();
        rcpt ();
        return data ();
    }

    public void send (string content = CONTENT) throws Error {
        var stream = begin_content ();

        write (stream, content);
        close (stream);
    }

    public string all () {
        return string.joinv ("\n", transcript);
    }

    // ---- expectations -------------------------------------------------------

    public delegate void Call () throws Error;

    // Returns the error that the call must end with.
    public Error expect_error (Quark domain, int code, Call call) throws TestError {
        try {
            call ();
        } catch (Error e) {
            check (e.matches (domain, code), "another error: " + e.message);
            return e;
        }
        throw new TestError.FAILED ("no error");
    }

    public Error expect_smtp_error (int code, Call call) throws TestError {
        return expect_error (Smtp.ClientError.quark (), code, call);
    }

    public void expect_no_message () throws TestError {
        check (server.wait_for_closed (1, WAIT), "the session goes on");
        check (server.get_n_messages () == 0, "a message was delivered");
    }

    public void expect_content (string content) throws TestError {
        check (server.get_n_messages () == 1, "no message was delivered");
        check (server.get_message (0).content.compare (new Bytes (content.data)) == 0, "another content");
    }

    public bool saw (string command) {
        return command in server.get_commands ();
    }
}

void check (bool condition, string message = "not as expected") throws TestError {
    if (!condition)
        throw new TestError.FAILED (message);
}

// Text, and nothing that could move a terminal's cursor.
void check_clean (string text) throws TestError {
    unichar c;

    check (text.validate ());
    for (int i = 0; text.get_next_char (ref i, out c); )
        check (c >= 32 && (c < 127 || c >= 160), text.escape ());
}

// ---- messages ---------------------------------------------------------------

void test_message (Fixture t) throws Error {
    t.start ();
    t.send ("Subject: dots\r\n\r\n.\r\n..two\r\n.one\r\nlast\r\n.");
    t.expect_content ("Subject: dots\r\n\r\n.\r\n..two\r\n.one\r\nlast\r\n.\r\n");
    check (t.server.get_message (0).sender == "sender@example.org");
    check (string.joinv (",", t.server.get_message (0).recipients) == "recipient@example.net");
    t.quit ();
    check (t.server.wait_for_closed (1, WAIT));
}

void test_send_mail (Fixture t) throws Error {
    t.server.auth_mechanisms = { "PLAIN" };
    t.server.start ();
    check (t.send_mail (new Smtp.PlainAuth (null, "user", "secret", "127.0.0.1"),
                        { "c@d.example", "e@f.example" }, new Bytes (".\r\nno newline".data)));
    t.expect_content (".\r\nno newline\r\n");
    check (string.joinv (",", t.server.get_message (0).recipients) == "c@d.example,e@f.example");
    check (t.server.get_message (0).authenticated_as == "user");
}

void test_stream_dropped (Fixture t) throws Error {
    t.start ();
    OutputStream? stream = t.begin_content ();
    t.write (stream, CONTENT);
    stream = null;
    t.expect_no_message ();
    check (t.client.state == BROKEN);
}

class FailingStream : InputStream {
    public override ssize_t read (uint8[] buffer, Cancellable? cancellable = null) throws IOError {
        throw new IOError.NO_SPACE ("on purpose");
    }

    public override bool close (Cancellable? cancellable = null) throws IOError {
        return true;
    }
}

void test_failing_source (Fixture t) throws Error {
    t.start ();
    var stream = t.begin_content ();
    t.write (stream, CONTENT);
    t.expect_error (IOError.quark (), IOError.NO_SPACE, () => t.splice (stream, new FailingStream ()));
    t.expect_no_message ();
}

void test_cancelled_close (Fixture t) throws Error {
    var cancellable = new Cancellable ();

    t.start ();
    var stream = t.begin_content ();
    t.write (stream, CONTENT);
    cancellable.cancel ();
    t.expect_error (IOError.quark (), IOError.CANCELLED, () => t.close (stream, cancellable));
    t.expect_no_message ();
}

void test_outcome_unknown (Fixture t) throws Error {
    t.start ();
    t.server.script_drop (".", 0, true);
    var stream = t.begin_content ();
    t.write (stream, CONTENT);
    t.expect_smtp_error (Smtp.ClientError.OUTCOME_UNKNOWN, () => t.close (stream));
    check (t.server.wait_for_messages (1, WAIT));
}

void test_injection (Fixture t) throws Error {
    int invalid = Smtp.ClientError.INVALID_ARGUMENT;

    t.start ();
    var before = t.server.get_bytes_received ();
    t.expect_smtp_error (invalid, () => t.mail ("a@b.example> SIZE=1"));
    t.expect_smtp_error (invalid, () => t.mail ("a@b.example\r\nRSET"));
    t.expect_smtp_error (invalid, () => t.mail ("a@b.example", { "SIZE=1 BODY=7BIT" }));
    t.expect_smtp_error (invalid, () => t.command ("NOOP\r\nRSET"));
    check (t.server.get_bytes_received () == before);
    t.mail ("a@b.example", { "SIZE=1" });
    check (t.saw ("MAIL FROM:<a@b.example> SIZE=1 BODY=8BITMIME"));
    check (!t.saw ("RSET"));
}

// ---- connections ------------------------------------------------------------

void test_capabilities (Fixture t) throws Error {
    unowned string? parameters;

    t.server.extensions = { "SIZE 1000", "X-OWN a b", "8bitmime" };
    t.start ();
    unowned Smtp.Capabilities capabilities = t.client.capabilities;
    check (string.joinv (",", capabilities.list ()) == "SIZE,X-OWN,8BITMIME");
    check (capabilities.get_size () == 1000);
    check (capabilities.has ("x-own") && !capabilities.has ("PIPELINING"));
    check (t.client.get_extension ("x-own", out parameters) && parameters == "a b");
    check (!t.client.get_extension ("PIPELINING", out parameters) && parameters == null);
}

void test_signals (Fixture t) throws Error {
    string[] states = {};

    t.server.auth_mechanisms = { "PLAIN", "LOGIN" };
    t.server.start ();
    t.new_client ().notify["state"].connect (() => {
        states += t.client.state.to_string ().replace ("SMTP_CLIENT_STATE_", "");
    });
    t.open ();
    t.authenticate (new Smtp.LoginAuth ("user", "secret", "127.0.0.1"));
    t.send ();
    t.quit ();
    check (string.joinv (" ", states) == "OPENING READY MAIL RCPT DATA READY CLOSED", string.joinv (" ", states));
    check (t.transcript[0] == "S: 220 test.example ESMTP ready");
    check ("C: QUIT" in t.transcript);
    check (!("secret" in t.all ()) && !(Base64.encode ("secret".data) in t.all ()));
}

Bytes strange_reply (string code) {
    var reply = new ByteArray ();

    reply.append (code.data);
    reply.append ({ ' ', 'a', 0xff, 'b', 0, 'c', 0x1b, '[', '2', 'J', 'd', 7, 0xc2, 0x9b, 'e', '\r', '\n' });
    return ByteArray.free_to_bytes ((owned) reply);
}

void test_strange_reply (Fixture t) throws Error {
    t.start ();
    t.server.script_reply ("NOOP", strange_reply ("250"), 0);
    t.noop ();
    var text = t.client.last_reply.get_text ().dup ();
    check (text.has_prefix ("a") && text.has_suffix ("e"), text.escape ());
    check_clean (text);
    t.server.script_reply ("NOOP", strange_reply ("550"), 0);
    var error = t.expect_smtp_error (Smtp.ClientError.REFUSED_PERMANENT, () => t.noop ());
    check (text in error.message);
    check_clean (error.message);
    check (t.transcript[t.transcript.length - 1].has_suffix (text));
    check_clean (t.transcript[t.transcript.length - 1]);
}

// GLib can make no pair of sockets: a connection to a listener is one.
void make_pair (out SocketConnection near, out SocketConnection far) throws Error {
    var listener = new SocketListener ();
    var port = listener.add_any_inet_port (null);

    near = new SocketClient ().connect_to_host ("127.0.0.1", port);
    far = listener.accept (null);
    listener.close ();
}

void test_for_stream (Fixture t) throws Error {
    SocketConnection near, far;

    t.server.start ();
    make_pair (out near, out far);
    t.server.accept_stream (far);
    unowned var client = t.watch (new Smtp.Client.for_stream (near, "test.example"));
    check (client.stream == near && client.server_name == "test.example");
    t.open ();
    t.send ();
    t.expect_content (CONTENT);
    t.quit ();
}

void test_pending (Fixture t) throws Error {
    AsyncResult? first = null;

    t.start ();
    t.server.script_delay ("NOOP", 100, 0);
    t.client.noop_async.begin (null, (source, result) => first = result);
    t.expect_error (IOError.quark (), IOError.PENDING, () => t.reset ());
    while (first == null)
        MainContext.default ().iteration (true);
    check (t.client.noop_async.end (first));
    check (!t.saw ("RSET"));
}

void test_error_codes (Fixture t) throws Error {
    t.server.start ();
    t.new_client ();
    var error = t.expect_smtp_error (Smtp.ClientError.STATE, () => t.noop ());
    check (error is Smtp.ClientError.STATE && !(error is Smtp.ClientError.BROKEN) && !(error is IOError));
    check (error.domain == Smtp.ClientError.quark ());
    t.open ();
    t.server.script_reply_text ("MAIL", "452 4.3.1 later");
    try {
        t.mail ("a@b.example");
        check (false, "no error");
    } catch (Smtp.ClientError.REFUSED_TEMPORARY e) {
        check ("452 4.3.1 later" in e.message && "127.0.0.1" in e.message);
    }
    check (t.client.last_reply.get_enhanced_code () == "4.3.1");
}

// ---- TLS --------------------------------------------------------------------

void test_starttls (Fixture t) throws Error {
    t.server.tls_mode = STARTTLS;
    t.server.start ();
    t.new_client (STARTTLS).tls_database = t.server.create_database ();
    t.open ();
    check (t.client.tls_connection.get_peer_certificate () != null);
    t.send ();
    check (t.server.get_message (0).tls);
    t.quit ();
}

// A new client that is asked once.
void open_asking (Fixture t, bool answer) throws Error {
    int asked = 0;
    TlsCertificateFlags flags = 0;

    t.new_client (STARTTLS).accept_certificate.connect ((certificate, errors) => {
        asked++;
        flags = errors;
        return answer;
    });
    if (answer)
        t.open ();
    else
        t.expect_error (TlsError.quark (), TlsError.BAD_CERTIFICATE, () => t.open ());
    check (asked == 1 && (flags & TlsCertificateFlags.UNKNOWN_CA) != 0, "asked %d times".printf (asked));
}

void test_certificate_accepted (Fixture t) throws Error {
    t.server.tls_mode = STARTTLS;
    t.server.start ();
    open_asking (t, true);
    t.send ();
    check (t.server.get_message (0).tls);
}

void test_certificate_refused (Fixture t) throws Error {
    t.server.tls_mode = STARTTLS;
    t.server.start ();
    open_asking (t, false);
    check (t.client.state == BROKEN);
}

// What one client accepted is not accepted for another: tests/net has the same
// with a server that certainly resumes the session.
void test_certificate_asked_again (Fixture t) throws Error {
    t.server.tls_mode = STARTTLS;
    t.server.start ();
    open_asking (t, true);
    t.noop ();
    t.quit ();
    open_asking (t, false);
}

// ---- AUTH -------------------------------------------------------------------

void sign_in (Fixture t, string mechanism, Smtp.Auth auth) throws Error {
    t.start_for_auth ({ mechanism });
    t.authenticate (auth);
    check (t.client.authenticated);
    t.send ();
    check (t.server.get_message (0).authenticated_as == "user");
}

void test_plain (Fixture t) throws Error {
    sign_in (t, "PLAIN", new Smtp.PlainAuth (null, "user", "secret", "127.0.0.1"));
}

void test_login (Fixture t) throws Error {
    sign_in (t, "LOGIN", new Smtp.LoginAuth ("user", "secret", "127.0.0.1"));
}

void test_cram_md5 (Fixture t) throws Error {
    sign_in (t, "CRAM-MD5", new Smtp.CramMd5Auth ("user", "secret"));
}

void test_wrong_password (Fixture t) throws Error {
    Smtp.Auth[] wrong = {
        new Smtp.PlainAuth (null, "user", "wrong", "127.0.0.1"),
        new Smtp.LoginAuth ("user", "wrong", "127.0.0.1"),
        new Smtp.CramMd5Auth ("user", "wrong"),
    };

    t.start_for_auth ({ "PLAIN", "LOGIN", "CRAM-MD5" });
    foreach (var auth in wrong) {
        t.expect_smtp_error (Smtp.ClientError.AUTH_REJECTED, () => t.authenticate (auth));
        check (!t.client.authenticated);
    }
}

void test_refusal_closes (Fixture t) throws Error {
    t.start ({ "PLAIN" });
    t.expect_smtp_error (Smtp.ClientError.AUTH_REJECTED,
                         () => t.authenticate (new Smtp.PlainAuth (null, "user", "wrong", "127.0.0.1")));
    t.expect_smtp_error (Smtp.ClientError.BROKEN, () => t.mail ());
    check (t.server.wait_for_closed (1, WAIT));
}

// PLAIN, written by hand.
class OwnPlain : Smtp.Auth {
    public override bool start (Smtp.ServerInfo server, out string mechanism, out Bytes? initial_response) throws Error {
        check (server.get_name () == "127.0.0.1" && server.has_mechanism ("PLAIN"));
        mechanism = "PLAIN";
        initial_response = null;
        return true;
    }

    public override bool next (Bytes challenge, bool more, out Bytes? response) throws Error {
        const uint8[] ANSWER = { 0, 'u', 's', 'e', 'r', 0, 's', 'e', 'c', 'r', 'e', 't' };

        response = more ? new Bytes (ANSWER) : null;
        return true;
    }
}

void test_own_auth (Fixture t) throws Error {
    sign_in (t, "PLAIN", new OwnPlain ());
}

// Gets ready later, on the context it was asked on.
class Prepared : OwnPlain {
    public Error? error;

    public override void prepare (Smtp.ServerInfo server, Task task) {
        var source = new TimeoutSource (5);

        source.set_callback (() => {
            if (error != null)
                task.return_error (error.copy ());
            else
                task.return_boolean (true);
            return Source.REMOVE;
        });
        source.attach (task.get_context ());
    }
}

void test_prepare (Fixture t) throws Error {
    sign_in (t, "PLAIN", new Prepared ());
}

void test_prepare_fails (Fixture t) throws Error {
    var auth = new Prepared ();

    auth.error = new IOError.NOT_FOUND ("no token");
    t.start_for_auth ({ "PLAIN" });
    t.expect_error (IOError.quark (), IOError.NOT_FOUND, () => t.authenticate (auth));
    foreach (var command in t.server.get_commands ())
        check (!command.has_prefix ("AUTH"), command);
}

// Fails where it is told to, with an error or by a mere false.
class Failing : Smtp.Auth {
    public bool in_start;
    public bool silently;

    public Failing (bool in_start, bool silently) {
        this.in_start = in_start;
        this.silently = silently;
    }

    private bool fail () throws Error {
        if (!silently)
            throw new IOError.NOT_FOUND ("on purpose");
        return false;
    }

    public override bool start (Smtp.ServerInfo server, out string mechanism, out Bytes? initial_response) throws Error {
        mechanism = "PLAIN";
        initial_response = null;
        return in_start ? fail () : true;
    }

    public override bool next (Bytes challenge, bool more, out Bytes? response) throws Error {
        response = null;
        return fail ();
    }
}

void test_start_fails (Fixture t) throws Error {
    t.start_for_auth ({ "PLAIN" });
    var before = t.server.get_bytes_received ();
    var error = t.expect_error (IOError.quark (), IOError.NOT_FOUND, () => t.authenticate (new Failing (true, false)));
    check ("on purpose" in error.message);
    t.expect_smtp_error (Smtp.ClientError.AUTH_UNAVAILABLE, () => t.authenticate (new Failing (true, true)));
    check (t.server.get_bytes_received () == before);
    t.noop ();
}

void test_next_fails (Fixture t) throws Error {
    t.start_for_auth ({ "PLAIN" });
    t.expect_error (IOError.quark (), IOError.NOT_FOUND, () => t.authenticate (new Failing (false, false)));
    check (!t.client.authenticated && t.saw ("*"));
    t.server.clear_commands ();
    t.expect_smtp_error (Smtp.ClientError.AUTH_UNAVAILABLE, () => t.authenticate (new Failing (false, true)));
    check (!t.client.authenticated && t.saw ("*"));
    t.noop ();
}

uint8[] all_octets () {
    var octets = new uint8[256];

    for (int i = 0; i < 256; i++)
        octets[i] = (uint8) i;
    return octets;
}

class Binary : Smtp.Auth {
    public Bytes? challenge;

    public override bool start (Smtp.ServerInfo server, out string mechanism, out Bytes? initial_response) throws Error {
        mechanism = "X-BINARY";
        initial_response = new Bytes ({ 0, 'x', 0 });
        return true;
    }

    public override bool next (Bytes challenge, bool more, out Bytes? response) throws Error {
        if (more)
            this.challenge = challenge;
        response = new Bytes (all_octets ());
        return true;
    }
}

void test_binary (Fixture t) throws Error {
    var auth = new Binary ();

    t.start_for_auth ({ "X-BINARY" });
    t.server.script_reply_text ("AUTH", "334 " + Base64.encode (all_octets ()));
    t.server.script_reply_text ("AUTH-RESPONSE", "235 2.7.0 yes");
    t.authenticate (auth);
    check (auth.challenge.compare (new Bytes (all_octets ())) == 0);
    check (t.saw ("AUTH X-BINARY " + Base64.encode ({ 0, 'x', 0 })));
    check (t.saw (Base64.encode (all_octets ())));
    check (t.client.authenticated);
}

// ---- whole messages ---------------------------------------------------------

const string[] EVERYTHING = {
    "PIPELINING", "8BITMIME", "SIZE 1000000", "CHUNKING", "BINARYMIME", "SMTPUTF8", "DSN", "DELIVERBY", "MT-PRIORITY",
    "FUTURERELEASE 100000 2099-01-01T00:00:00Z", "RRVS", "AUTH PLAIN", "X-OWN"
};

Smtp.Message new_message (uint recipients = 1, string content = CONTENT) {
    var message = new Smtp.Message ("sender@example.org");

    for (uint i = 0; i < recipients; i++)
        message.add_recipient ("user%u@example.net".printf (i));
    message.set_content_bytes (new Bytes (content.data));
    return message;
}

Smtp.Recipient recipient_of (Smtp.Message message, uint i) {
    return (Smtp.Recipient) message.recipients.get_item (i);
}

// "yn" for one that was accepted and one that was not.
string accepted_of (Smtp.Message message) {
    var text = "";

    for (uint i = 0; i < message.recipients.get_n_items (); i++)
        text += recipient_of (message, i).accepted ? "y" : "n";
    return text;
}

void start_offering (Fixture t, string[] extensions) throws Error {
    t.server.extensions = extensions;
    t.start ();
}

string last_content (Fixture t) {
    unowned var data = t.server.get_message (t.server.get_n_messages () - 1).content.get_data ();

    return ((string) data).substring (0, data.length);
}

string command_of (Fixture t, string verb) {
    foreach (var command in t.server.get_commands ()) {
        if (command.has_prefix (verb))
            return command;
    }
    return "";
}

void test_message_properties (Fixture t) throws Error {
    var message = new_message ();
    var until = new DateTime.utc (2040, 1, 2, 3, 4, 5);

    message.recipient_policy = ALL;
    message.body = BINARYMIME;
    message.dsn_return = HEADERS;
    message.envelope_id = "QQ314159";
    message.authenticated_sender = "real@example.org";
    message.deliver_by = NOTIFY;
    message.deliver_within = -120;
    message.deliver_trace = true;
    message.priority = -3;
    message.hold_for = 3600;
    message.hold_until = until;
    message.require_tls = true;
    message.allow_8bit = true;
    message.allow_long_lines = true;
    message.content_is_canonical = true;

    check (message.get_sender () == "sender@example.org");
    check (message.get_recipient_policy () == Smtp.Recipients.ALL && message.get_body () == Smtp.Body.BINARYMIME);
    check (message.get_dsn_return () == Smtp.DsnReturn.HEADERS && message.get_envelope_id () == "QQ314159");
    check (message.get_authenticated_sender () == "real@example.org");
    check (message.get_deliver_by () == Smtp.DeliverBy.NOTIFY && message.get_deliver_within () == -120);
    check (message.get_deliver_trace () && message.get_priority () == -3 && message.get_hold_for () == 3600);
    check (message.dup_hold_until ().equal (until) && message.get_require_tls () && message.get_allow_8bit ());
    check (message.get_allow_long_lines () && message.get_content_is_canonical ());
    message.set_envelope_id (null);
    message.set_hold_until (null);
    check (message.envelope_id == null && message.dup_hold_until () == null);
}

void test_recipient_properties (Fixture t) throws Error {
    var message = new_message (2);
    var recipient = message.add_recipient ("third@example.net");
    var since = new DateTime.utc (2020, 1, 2, 3, 4, 5);

    check (message.recipients.get_n_items () == 3 && recipient_of (message, 2) == recipient);
    check (recipient_of (message, 1).address == "user1@example.net" && recipient.get_address () == "third@example.net");
    check (!recipient.accepted && recipient.get_reply () == null);
    recipient.dsn_notify = SUCCESS | DELAY;
    check (recipient.get_dsn_notify () == (Smtp.DsnNotify.SUCCESS | Smtp.DsnNotify.DELAY));
    recipient.original_recipient = "rfc822;first@example.net";
    check (recipient.get_original_recipient () == "rfc822;first@example.net");
    recipient.valid_since = since;
    check (recipient.dup_valid_since ().equal (since));
}

void test_envelope (Fixture t) throws Error {
    var message = new_message (1, "Subject: é\r\n\r\n");
    var recipient = recipient_of (message, 0);

    start_offering (t, EVERYTHING);
    message.dsn_return = FULL;
    message.envelope_id = "a+b";
    message.authenticated_sender = "real@example.org";
    message.priority = 3;
    message.deliver_by = RETURN;
    message.deliver_within = 300;
    message.hold_for = 60;
    message.add_parameter ("X-OWN", "value");
    recipient.dsn_notify = SUCCESS | FAILURE;
    recipient.original_recipient = "rfc822;first@example.net";
    recipient.valid_since = new DateTime.utc (2020, 1, 2, 3, 4, 5);
    recipient.add_parameter ("X-ALSO", null);
    check (t.send_message (message));
    foreach (var part in new string[] { "BODY=8BITMIME", "SMTPUTF8", "RET=FULL", "ENVID=a+2Bb", "AUTH=real@example.org",
                                        "MT-PRIORITY=3", "BY=300;R", "HOLDFOR=60", "X-OWN=value", "SIZE=" })
        check ((" " + part) in command_of (t, "MAIL"), part);
    foreach (var part in new string[] { "NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;first@example.net",
                                        "RRVS=2020-01-02T03:04:05Z", "X-ALSO" })
        check ((" " + part) in command_of (t, "RCPT"), part);
}

void test_accepted (Fixture t) throws Error {
    var message = new_message (2);
    uint64 progress = 0;

    start_offering (t, EVERYTHING);
    message.notify["bytes-sent"].connect (() => progress = message.bytes_sent);
    check (t.send_message (message));
    check (message.outcome == ACCEPTED && message.reply.get_code () == 250 && message.queue_id != null);
    check (message.get_bytes_sent () == CONTENT.length && progress == CONTENT.length);
    check (accepted_of (message) == "yy" && recipient_of (message, 1).reply.get_code () == 250);
    check (last_content (t) == CONTENT);
}

void test_sources (Fixture t) throws Error {
    var message = new_message ();
    FileIOStream stream;
    var file = File.new_tmp ("smtp-XXXXXX", out stream);

    start_offering (t, EVERYTHING);
    message.set_content_stream (new MemoryInputStream.from_bytes (new Bytes ("of a stream\n".data)), -1);
    check (t.send_message (message));
    check (last_content (t) == "of a stream\r\n");
    stream.output_stream.write_all ("of a file\r\n".data, null);
    stream.close ();
    message.set_content_file (file);
    check (t.send_message (message));
    file.delete ();
    check (last_content (t) == "of a file\r\n");
    t.expect_error (IOError.quark (), IOError.NOT_FOUND, () => t.send_message (message));
    check (message.outcome == NOT_SENT);
}

Smtp.Message refuse_first (Fixture t, Smtp.Recipients policy) throws Error {
    var message = new_message (3);

    t.server.script_reply_text ("RCPT", "550 5.1.1 no such user");
    start_offering (t, EVERYTHING);
    message.recipient_policy = policy;
    return message;
}

void test_partial (Fixture t) throws Error {
    var message = refuse_first (t, ANY);

    check (t.send_message (message));
    check (message.outcome == PARTIAL && accepted_of (message) == "nyy");
    check (recipient_of (message, 0).reply.get_enhanced_code () == "5.1.1");
    check (string.joinv (",", t.server.get_message (0).recipients) == "user1@example.net,user2@example.net");
}

void test_all_or_none (Fixture t) throws Error {
    var message = refuse_first (t, ALL);
    var error = t.expect_smtp_error (Smtp.ClientError.REFUSED_PERMANENT, () => t.send_message (message));

    check ("no such user" in error.message);
    check (message.outcome == REJECTED && t.server.get_n_messages () == 0);
    message.recipient_policy = ANY;
    check (t.send_message (message) && t.server.get_n_messages () == 1);
}

void test_content_refused (Fixture t) throws Error {
    var message = new_message ();

    t.server.script_reply_text (".", "452 4.3.1 no room");
    start_offering (t, { "PIPELINING" });
    t.expect_smtp_error (Smtp.ClientError.REFUSED_TEMPORARY, () => t.send_message (message));
    check (message.outcome == REJECTED && message.reply.get_code () == 452);
}

void test_not_offered (Fixture t) throws Error {
    var message = new_message ();

    start_offering (t, {});
    message.envelope_id = "x";
    var before = t.server.get_bytes_received ();
    t.expect_smtp_error (Smtp.ClientError.NOT_SUPPORTED, () => t.send_message (message));
    check (message.outcome == NOT_SENT && t.server.get_bytes_received () == before);
}

void test_lost_verdict (Fixture t) throws Error {
    var message = new_message ();

    t.server.script_drop (".", 0, true);
    start_offering (t, { "PIPELINING" });
    t.expect_smtp_error (Smtp.ClientError.OUTCOME_UNKNOWN, () => t.send_message (message));
    check (message.outcome == UNKNOWN && message.reply == null);
}

class Order {
    public string text = "";
}

async void send_numbered (Fixture t, Smtp.Message message, int i, Order done) {
    try {
        yield t.client.send_async (message, null);
        done.text += i.to_string ();
    } catch (Error error) {
        done.text += "?";
    }
}

// Only the asynchronous call queues; the order is that of the calls.
void test_queue (Fixture t) throws Error {
    var done = new Order ();

    start_offering (t, EVERYTHING);
    t.client.window = 3;
    t.client.pipeline_messages = true;
    check (t.client.get_window () == 3 && t.client.get_pipeline_messages ());
    for (int i = 0; i < 6; i++) {
        var message = new_message (1, "number %d\r\n".printf (i));

        if (t.asynchronous)
            send_numbered.begin (t, message, i, done);
        else if (t.send_message (message))
            done.text += i.to_string ();
    }
    while (done.text.length < 6)
        MainContext.default ().iteration (true);
    check (done.text == "012345", done.text);
    for (int i = 0; i < 6; i++)
        check (t.server.get_message (i).content.compare (new Bytes ("number %d\r\n".printf (i).data)) == 0);
}

// ---- running ----------------------------------------------------------------

delegate void Scenario (Fixture t) throws Error;

int number = 0;
int failed = 0;

bool succeeds (Scenario scenario, bool asynchronous) {
    var t = new Fixture (asynchronous);

    try {
        scenario (t);
        return true;
    } catch (Error e) {
        print ("# %s\n# %s\n", e.message, t.all ().replace ("\n", "\n# "));
        return false;
    } finally {
        t.client = null;
        t.server.stop ();
    }
}

void run (string name, Scenario scenario) {
    foreach (var asynchronous in new bool[] { false, true }) {
        var ok = succeeds (scenario, asynchronous);

        failed += ok ? 0 : 1;
        print ("%s %d - %s/%s\n", ok ? "ok" : "not ok", ++number, name, asynchronous ? "async" : "sync");
    }
}

int main () {
    run ("message", test_message);
    run ("send-mail", test_send_mail);
    run ("stream-dropped", test_stream_dropped);
    run ("failing-source", test_failing_source);
    run ("cancelled-close", test_cancelled_close);
    run ("outcome-unknown", test_outcome_unknown);
    run ("injection", test_injection);
    run ("capabilities", test_capabilities);
    run ("signals", test_signals);
    run ("strange-reply", test_strange_reply);
    run ("for-stream", test_for_stream);
    run ("pending", test_pending);
    run ("error-codes", test_error_codes);
    run ("starttls", test_starttls);
    run ("certificate-accepted", test_certificate_accepted);
    run ("certificate-refused", test_certificate_refused);
    run ("certificate-asked-again", test_certificate_asked_again);
    run ("plain", test_plain);
    run ("login", test_login);
    run ("cram-md5", test_cram_md5);
    run ("wrong-password", test_wrong_password);
    run ("refusal-closes", test_refusal_closes);
    run ("own-auth", test_own_auth);
    run ("prepare", test_prepare);
    run ("prepare-fails", test_prepare_fails);
    run ("start-fails", test_start_fails);
    run ("next-fails", test_next_fails);
    run ("binary", test_binary);
    run ("message-properties", test_message_properties);
    run ("recipient-properties", test_recipient_properties);
    run ("envelope", test_envelope);
    run ("accepted", test_accepted);
    run ("sources", test_sources);
    run ("partial", test_partial);
    run ("all-or-none", test_all_or_none);
    run ("content-refused", test_content_refused);
    run ("not-offered", test_not_offered);
    run ("lost-verdict", test_lost_verdict);
    run ("queue", test_queue);
    print ("1..%d\n", number);
    return failed == 0 ? 0 : 1;
}
