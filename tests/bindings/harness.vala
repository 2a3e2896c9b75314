// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests in Vala have in common. Each scenario runs twice: with the
// synchronous calls and with the asynchronous ones.
//
// All of it is public, as no test uses the whole.

public const string CONTENT = "Subject: test\r\n\r\nbody\r\n";
public const int WAIT = 10000;

// ---- calling ----------------------------------------------------------------

public errordomain TestError {
    FAILED
}

// A server, its client, and calls in one of the two forms.
public class Fixture {
    public bool asynchronous;
    public SmtpTest.Server server = new SmtpTest.Server ();
    public Smtp.Client? client;
    public unowned string[] transcript { get { return lines; } }
    private string[] lines = {};
    private AsyncResult? result;

    public Fixture (bool asynchronous) {
        this.asynchronous = asynchronous;
    }

    public unowned Smtp.Client watch (Smtp.Client client) {
        client.timeout = 10;
        client.transcript.connect ((direction, text) => {
            lines += (direction == SENT ? "C: " : "S: ") + text;
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

    public bool send_message (Smtp.Message message, Cancellable? cancellable = null) throws Error {
        if (!asynchronous)
            return client.send (message, cancellable);
        client.send_async.begin (message, cancellable, done);
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

public void check (bool condition, string message = "not as expected") throws TestError {
    if (!condition)
        throw new TestError.FAILED (message);
}

// Text, and nothing that could move a terminal's cursor.
public void check_clean (string text) throws TestError {
    unichar c;

    check (text.validate ());
    for (int i = 0; text.get_next_char (ref i, out c); )
        check (c >= 32 && (c < 127 || c >= 160), text.escape ());
}

// ---- running ----------------------------------------------------------------

public delegate void Scenario (Fixture t) throws Error;

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

public void run (string name, Scenario scenario) {
    foreach (var asynchronous in new bool[] { false, true }) {
        var ok = succeeds (scenario, asynchronous);

        failed += ok ? 0 : 1;
        print ("%s %d - %s/%s\n", ok ? "ok" : "not ok", ++number, name, asynchronous ? "async" : "sync");
    }
}

// Ends the report; returns what to exit with.
public int finish () {
    print ("1..%d\n", number);
    return failed == 0 ? 0 : 1;
}
