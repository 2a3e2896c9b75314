// SPDX-License-Identifier: LGPL-2.1-or-later

// The library from Vala, command by command.

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

void test_xoauth2 (Fixture t) throws Error {
    sign_in (t, "XOAUTH2", new Smtp.Xoauth2Auth ("user", "secret", "127.0.0.1"));
}

void test_oauthbearer (Fixture t) throws Error {
    sign_in (t, "OAUTHBEARER", new Smtp.OauthbearerAuth ("user", "secret", "127.0.0.1"));
}

void test_anonymous (Fixture t) throws Error {
    var auth = new Smtp.AnonymousAuth ("guest");

    check (auth.trace == "guest");
    t.start_for_auth ({ "ANONYMOUS" });
    t.authenticate (auth);
    check (t.client.authenticated);
}

void test_external (Fixture t) throws Error {
    t.start_for_auth ({ "EXTERNAL" });
    t.expect_smtp_error (Smtp.ClientError.AUTH_REJECTED, () => t.authenticate (new Smtp.ExternalAuth (null)));
    check ("AUTH EXTERNAL" in t.server.get_commands ());
}

void test_refused_token (Fixture t) throws Error {
    var auth = new Smtp.OauthbearerAuth ("user", "wrong", "127.0.0.1");

    t.start_for_auth ({ "OAUTHBEARER" });
    check (auth.failure == null);
    t.expect_smtp_error (Smtp.ClientError.AUTH_REJECTED, () => t.authenticate (auth));
    check (auth.failure.get_status () == "invalid_token");
    check (auth.failure.get_openid_configuration () == null);
}

void test_refresh (Fixture t) throws Error {
    var auth = new Smtp.OauthbearerAuth ("user", null, "127.0.0.1");

    auth.credentials.refresh.connect ((credentials, task) => {
        credentials.set_access_token ("secret");
        task.return_boolean (true);
        return true;
    });
    sign_in (t, "OAUTHBEARER", auth);
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

// ---- running ----------------------------------------------------------------

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
    run ("xoauth2", test_xoauth2);
    run ("oauthbearer", test_oauthbearer);
    run ("anonymous", test_anonymous);
    run ("external", test_external);
    run ("refused-token", test_refused_token);
    run ("refresh", test_refresh);
    run ("wrong-password", test_wrong_password);
    run ("refusal-closes", test_refusal_closes);
    run ("own-auth", test_own_auth);
    run ("prepare", test_prepare);
    run ("prepare-fails", test_prepare_fails);
    run ("start-fails", test_start_fails);
    run ("next-fails", test_next_fails);
    run ("binary", test_binary);
    return finish ();
}
