/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sends a message with an attachment: the steps one by one, asynchronously. */

const string TEXT = "Hello,\n\nthis was sent from Vala, by smtp-glib. Grüße!\n";
const int PIECE = 64 * 1024;

string? opt_user;
string? opt_auth;
string? opt_ca;
string? opt_from;
[CCode (array_length = false, array_null_terminated = true)]
string[]? opt_to;
string? opt_subject;
string? opt_attach;
string? opt_security;
bool opt_transcript;

const OptionEntry[] ENTRIES = {
    { "user", 0, 0, OptionArg.STRING, ref opt_user, "Authenticate as NAME, with the password in SMTP_PASSWORD", "NAME" },
    { "auth", 0, 0, OptionArg.STRING, ref opt_auth, "How: plain (the default), login or cram-md5", "MECHANISM" },
    { "ca", 0, 0, OptionArg.FILENAME, ref opt_ca, "Trust the certificates in FILE (PEM) instead of the system's", "FILE" },
    { "from", 0, 0, OptionArg.STRING, ref opt_from, "The sender", "ADDRESS" },
    { "to", 0, 0, OptionArg.STRING_ARRAY, ref opt_to, "A recipient; may be given again", "ADDRESS" },
    { "subject", 0, 0, OptionArg.STRING, ref opt_subject, "The subject", "TEXT" },
    { "attach", 0, 0, OptionArg.FILENAME, ref opt_attach, "Attach FILE", "FILE" },
    { "security", 0, 0, OptionArg.STRING, ref opt_security, "none, opportunistic, starttls or tls, instead of what the URI says", "KIND" },
    { "transcript", 0, 0, OptionArg.NONE, ref opt_transcript, "Show the conversation with the server", null },
    { null }
};

/* ---- the message: GMime writes it, so that any name and text is right ----- */

async GMime.Part make_attachment (string path) throws Error {
    uint8[] contents;
    yield File.new_for_path (path).load_contents_async (null, out contents, null);

    var name = Filename.display_basename (path);
    var type = ContentType.guess (name, contents, null);
    var types = (ContentType.get_mime_type (type) ?? "application/octet-stream").split ("/", 2);

    var stream = new GMime.StreamMem.with_buffer (contents);
    var part = new GMime.Part.with_type (types[0], types[1]);
    part.set_disposition ("attachment");
    part.set_filename (name);
    part.set_content (new GMime.DataWrapper.with_stream (stream, GMime.ContentEncoding.DEFAULT));
    part.set_content_encoding (GMime.ContentEncoding.BASE64);
    return part;
}

async GMime.Object make_body () throws Error {
    var text = new GMime.TextPart ();
    text.set_text (TEXT);
    if (opt_attach == null)
        return text;

    var multipart = new GMime.Multipart.with_subtype ("mixed");
    multipart.add (text);
    multipart.add (yield make_attachment (opt_attach));
    return multipart;
}

async string make_message () throws Error {
    var message = new GMime.Message (true);

    message.add_mailbox (GMime.AddressType.FROM, null, opt_from);
    foreach (unowned string recipient in opt_to)
        message.add_mailbox (GMime.AddressType.TO, null, recipient);
    message.set_subject (opt_subject ?? "Hello", "utf-8");
    message.set_date (new DateTime.now_local ());
    message.set_message_id (GMime.utils_generate_message_id (opt_from.substring (opt_from.last_index_of_char ('@') + 1)));
    message.set_mime_part (yield make_body ());

    // Every server takes seven bits.
    message.encode (GMime.EncodingConstraint.@7BIT);
    return message.to_string (null);
}

/* ---- sending it ----------------------------------------------------------- */

Smtp.Client make_client (string uri) throws Error {
    var client = new Smtp.Client.for_uri (uri);

    if (opt_security != null) {
        var kinds = (EnumClass) typeof (Smtp.Security).class_ref ();
        unowned EnumValue? kind = kinds.get_value_by_nick (opt_security);
        if (kind == null)
            throw new OptionError.BAD_VALUE ("--security is none, opportunistic, starttls or tls");
        client = new Smtp.Client (client.host, (uint16) client.port, (Smtp.Security) kind.value);
    }

    if (opt_ca != null)
        client.tls_database = TlsFileDatabase.@new (opt_ca);

    if (opt_transcript)
        client.transcript.connect ((direction, text) => {
            print ("%s %s\n", direction == Smtp.Direction.SENT ? "C:" : "S:", text);
        });

    return client;
}

/* The host is told to whoever sends the password: it goes nowhere else. */
Smtp.Auth make_auth (string host) throws Error {
    unowned string? password = Environment.get_variable ("SMTP_PASSWORD");
    if (password == null)
        throw new OptionError.BAD_VALUE ("--user needs the password in the environment variable SMTP_PASSWORD");

    switch (opt_auth ?? "plain") {
    case "plain":
        return new Smtp.PlainAuth (null, opt_user, password, host);
    case "login":
        return new Smtp.LoginAuth (opt_user, password, host);
    case "cram-md5":
        return new Smtp.CramMd5Auth (opt_user, password);
    default:
        throw new OptionError.BAD_VALUE ("--auth is plain, login or cram-md5");
    }
}

void show_progress (size_t done, size_t length) {
    if (Posix.isatty (Posix.STDERR_FILENO))
        printerr ("\r%d %%%s", (int) (done * 100 / length), done < length ? "" : "\n");
}

/* Closing the stream sends the message, and its result is the verdict. Without
 * the close, after an error, nothing is delivered. */
async void send_content (Smtp.Client client, string message) throws Error {
    var stream = yield client.data_async (null);
    unowned uint8[] content = message.data;

    for (size_t done = 0; done < content.length; ) {
        done += yield stream.write_async (content[done : size_t.min (done + PIECE, content.length)]);
        show_progress (done, content.length);
    }

    yield stream.close_async ();
}

async void send_message (string uri) throws Error {
    var message = yield make_message ();
    var client = make_client (uri);

    yield client.open_async (null);
    if (opt_user != null)
        yield client.authenticate_async (make_auth (client.host), null);

    // All of the recipients or none: the first refusal ends it.
    yield client.mail_async (opt_from, null, null);
    foreach (unowned string recipient in opt_to)
        yield client.rcpt_async (recipient, null, null);

    yield send_content (client, message);
    var reply = client.last_reply.to_string ();

    try {
        yield client.quit_async (null);
    } catch (Error error) {
        // The message is accepted: how the goodbye goes changes nothing.
    }
    print ("The server has accepted the message: %s\n", reply);
}

void parse_command_line (ref unowned string[] args) throws Error {
    var context = new OptionContext ("URI");

    context.set_summary ("Sends a message. URI is smtp://, submission:// or smtps:// with a host and a port.");
    context.add_main_entries (ENTRIES, null);
    context.parse (ref args);
    if (args.length != 2 || opt_from == null || opt_to == null)
        throw new OptionError.BAD_VALUE ("a URI, --from and --to are needed; see --help");
}

async int run (string[] command_line) {
    unowned string[] args = command_line;

    try {
        parse_command_line (ref args);
        yield send_message (args[1]);
        return 0;
    } catch (Error error) {
        printerr ("send: %s\n", error.message);
        if (error is Smtp.ClientError.OUTCOME_UNKNOWN)
            printerr ("The message may have been delivered. Find out before sending it again: it could arrive twice.\n");
        return 1;
    }
}

/* A program with windows has a main loop already. */
int main (string[] args) {
    var loop = new MainLoop ();
    int status = 1;

    Intl.setlocale (LocaleCategory.ALL, "");
    GMime.init ();

    run.begin (args, (source, result) => {
        status = run.end (result);
        loop.quit ();
    });
    loop.run ();
    return status;
}
