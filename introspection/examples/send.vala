/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sends a message with an attachment, step by step. */

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

const OptionEntry[] entries = {
    { "user", 0, 0, OptionArg.STRING, ref opt_user, "Sign in; the password or the token is read from SMTP_PASSWORD", "NAME" },
    { "auth", 0, 0, OptionArg.STRING, ref opt_auth, "scram-sha-256, plain, oauthbearer, gssapi …; without it, the strongest there is", "MECHANISM" },
    { "ca", 0, 0, OptionArg.FILENAME, ref opt_ca, "Trust the certificates in this file", "FILE" },
    { "from", 0, 0, OptionArg.STRING, ref opt_from, "The sender", "ADDRESS" },
    { "to", 0, 0, OptionArg.STRING_ARRAY, ref opt_to, "A recipient; may be given several times", "ADDRESS" },
    { "subject", 0, 0, OptionArg.STRING, ref opt_subject, "The subject", "TEXT" },
    { "attach", 0, 0, OptionArg.FILENAME, ref opt_attach, "A file to attach", "FILE" },
    { "security", 0, 0, OptionArg.STRING, ref opt_security, "none, opportunistic, starttls or tls", "MODE" },
    { "transcript", 0, 0, OptionArg.NONE, ref opt_transcript, "Show the conversation", null },
    { null }
};

GMime.Part create_attachment (string path) throws Error {
    var part = new GMime.Part.with_type ("application", "octet-stream");
    var stream = GMime.StreamFile.open (path, "r");
    part.set_content (new GMime.DataWrapper.with_stream (stream, GMime.ContentEncoding.DEFAULT));
    part.set_content_encoding (GMime.ContentEncoding.BASE64);
    part.set_filename (Path.get_basename (path));
    return part;
}

string build_message () throws Error {
    var message = new GMime.Message (true);
    message.add_mailbox (GMime.AddressType.FROM, "", opt_from);
    foreach (unowned var recipient in opt_to)
        message.add_mailbox (GMime.AddressType.TO, "", recipient);
    message.set_subject (opt_subject ?? "A message from smtp-glib", "utf-8");
    message.set_date (new DateTime.now_local ());

    var body = new GMime.Multipart.with_subtype ("mixed");
    var text = new GMime.TextPart.with_subtype ("plain");
    text.set_text ("Sent by smtp-glib, from Vala.\n");
    body.add (text);
    if (opt_attach != null)
        body.add (create_attachment (opt_attach));
    message.set_mime_part (body);
    return message.to_string (null);
}

Smtp.Client create_client (string uri) throws Error {
    var client = new Smtp.Client.for_uri (uri);
    if (opt_security != null) {
        unowned var mode = ((EnumClass) typeof (Smtp.Security).class_ref ()).get_value_by_nick (opt_security);
        if (mode != null)
            client = new Smtp.Client (client.host, (uint16) client.port, (Smtp.Security) mode.value);
    }
    if (opt_ca != null)
        client.tls_database = TlsFileDatabase.@new (Filename.canonicalize (opt_ca));
    if (opt_transcript)
        client.transcript.connect ((direction, text) => {
            print ("%s %s\n", direction == Smtp.Direction.SENT ? "C:" : "S:", text);
        });
    return client;
}

Smtp.Auth create_auth (string host) throws Error {
    var secret = Environment.get_variable ("SMTP_PASSWORD");
    var is_token = opt_auth != null && opt_auth.contains ("oauth");
    var credentials = new Smtp.Credentials (opt_user, is_token ? null : secret);
    credentials.host = host;
    if (is_token)
        credentials.set_access_token (secret);
    if (opt_auth == null)
        return new Smtp.AutoAuth.for_credentials (credentials);
    return Smtp.Auth.create (opt_auth.up (), credentials);
}

Smtp.Message create_message () throws Error {
    var text = build_message ();
    var message = new Smtp.Message (opt_from);
    foreach (unowned var recipient in opt_to)
        message.add_recipient (recipient);
    message.set_content_bytes (new Bytes (text.data));
    if (Posix.isatty (Posix.STDERR_FILENO)) {
        message.notify["bytes-sent"].connect (() =>
            printerr ("\r%3d %%%s", (int) (100 * message.bytes_sent / text.length),
                      message.bytes_sent == text.length ? "\n" : ""));
    }
    return message;
}

// The server may have refused some of the recipients and taken the others.
void print_result (Smtp.Message message) {
    print ("Accepted: %s\n", message.reply.get_text ());
    for (uint i = 0; i < message.recipients.get_n_items (); i++) {
        var recipient = (Smtp.Recipient) message.recipients.get_item (i);
        if (!recipient.accepted)
            print ("Not for %s: %s\n", recipient.address, recipient.reply.get_text ());
    }
}

async void send_message (string uri) throws Error {
    var message = create_message ();
    var client = create_client (uri);
    yield client.open_async (null);
    if (opt_user != null)
        yield client.authenticate_async (create_auth (client.server_name), null);
    yield client.send_async (message, null);
    print_result (message);
    yield client.quit_async (null);
}

int main (string[] args) {
    Intl.setlocale ();
    var context = new OptionContext ("URI");
    context.add_main_entries (entries, null);
    try {
        context.parse (ref args);
    } catch (OptionError error) {
        printerr ("%s\n", error.message);
        return 2;
    }
    if (args.length != 2 || opt_from == null || opt_to == null) {
        printerr ("A URI, --from and --to are needed; see --help\n");
        return 2;
    }

    GMime.init ();
    var loop = new MainLoop ();
    var status = 0;
    send_message.begin (args[1], (source, result) => {
        try {
            send_message.end (result);
        } catch (Error error) {
            printerr ("%s\n", error.message);
            if (error is Smtp.ClientError.OUTCOME_UNKNOWN)
                printerr ("Look whether it arrived before you send it again.\n");
            status = 1;
        }
        loop.quit ();
    });
    loop.run ();
    return status;
}
