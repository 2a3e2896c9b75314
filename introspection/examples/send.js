#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Sends a message with an attachment: the steps one by one, asynchronously.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GMime from 'gi://GMime?version=3.0';
import Smtp from 'gi://Smtp?version=1.0';
import System from 'system';

for (const name of ['open', 'authenticate', 'mail', 'rcpt', 'data', 'quit'])
    Gio._promisify(Smtp.Client.prototype, `${name}_async`, `${name}_finish`);
for (const name of ['write_bytes', 'close'])
    Gio._promisify(Gio.OutputStream.prototype, `${name}_async`, `${name}_finish`);
Gio._promisify(Gio.File.prototype, 'load_contents_async', 'load_contents_finish');

const TEXT = 'Hello,\n\nthis was sent from JavaScript, by smtp-glib. Grüße!\n';
const PIECE = 64 * 1024;
const USAGE = `Usage: send.js [OPTIONS] URI

Sends a message. URI is smtp://, submission:// or smtps:// with a host and a port.

  --user NAME        Authenticate as NAME, with the password in SMTP_PASSWORD
  --auth MECHANISM   How: plain (the default), login or cram-md5
  --ca FILE          Trust the certificates in FILE (PEM) instead of the system's
  --from ADDRESS     The sender
  --to ADDRESS       A recipient; may be given again
  --subject TEXT     The subject
  --attach FILE      Attach FILE
  --security KIND    none, opportunistic, starttls or tls, instead of what the URI says
  --transcript       Show the conversation with the server
  --help             Show this`;

// ---- the command line -------------------------------------------------------

const SECURITY = {
    none: Smtp.Security.NONE,
    opportunistic: Smtp.Security.OPPORTUNISTIC,
    starttls: Smtp.Security.STARTTLS,
    tls: Smtp.Security.TLS,
};

// What sends a password is told the host: it goes nowhere else.
const AUTH = {
    plain: (user, password, host) => Smtp.PlainAuth.new(null, user, password, host),
    login: (user, password, host) => Smtp.LoginAuth.new(user, password, host),
    'cram-md5': (user, password) => Smtp.CramMd5Auth.new(user, password),
};

function parseCommandLine(args) {
    const withValue = ['user', 'auth', 'ca', 'from', 'to', 'subject', 'attach', 'security'];
    const options = {auth: 'plain', subject: 'Hello', to: []};

    for (let i = 0; i < args.length; i++) {
        const [, name, inline] = /^--([^=]+)(?:=(.*))?$/s.exec(args[i]) ?? [];
        if (name === undefined && options.uri === undefined)
            options.uri = args[i];
        else if ((name === 'transcript' || name === 'help') && inline === undefined)
            options[name] = true;
        else if (withValue.includes(name) && (inline ?? args[i + 1]) !== undefined)
            options[name] = name === 'to' ? [...options.to, inline ?? args[++i]] : inline ?? args[++i];
        else
            throw new Error(`${args[i]} is not understood; see --help`);
    }

    if (options.help)
        return options;
    if (!options.uri || !options.from || !options.to.length)
        throw new Error('a URI, --from and --to are needed; see --help');
    if (options.security && !(options.security in SECURITY))
        throw new Error('--security is none, opportunistic, starttls or tls');
    if (!(options.auth in AUTH))
        throw new Error('--auth is plain, login or cram-md5');
    if (options.user && GLib.getenv('SMTP_PASSWORD') === null)
        throw new Error('--user needs the password in the environment variable SMTP_PASSWORD');
    return options;
}

// ---- the message: GMime writes it, so that any name and text is right -------

async function makeAttachment(path) {
    const [contents] = await Gio.File.new_for_path(path).load_contents_async(null);
    const name = GLib.filename_display_basename(path);
    const [type] = Gio.content_type_guess(name, contents);
    const stream = GMime.StreamMem.new_with_buffer(contents);
    const part = GMime.Part.new_with_type(...Gio.content_type_get_mime_type(type).split('/'));

    part.set_disposition('attachment');
    part.set_filename(name);
    part.set_content(GMime.DataWrapper.new_with_stream(stream, GMime.ContentEncoding.DEFAULT));
    part.set_content_encoding(GMime.ContentEncoding.BASE64);
    return part;
}

async function makeBody(options) {
    const text = GMime.TextPart.new();
    text.set_text(TEXT);
    if (!options.attach)
        return text;

    const multipart = GMime.Multipart.new_with_subtype('mixed');
    multipart.add(text);
    multipart.add(await makeAttachment(options.attach));
    return multipart;
}

async function makeMessage(options) {
    const message = GMime.Message.new(true);

    message.add_mailbox(GMime.AddressType.FROM, null, options.from);
    for (const recipient of options.to)
        message.add_mailbox(GMime.AddressType.TO, null, recipient);
    message.set_subject(options.subject, 'utf-8');
    message.set_date(GLib.DateTime.new_now_local());
    message.set_message_id(GMime.utils_generate_message_id(options.from.split('@').pop()));
    message.set_mime_part(await makeBody(options));

    // Every server takes seven bits.
    message.encode(GMime.EncodingConstraint['7BIT']);
    return new TextEncoder().encode(message.to_string(null));
}

// ---- sending it -------------------------------------------------------------

function makeClient(options) {
    let client = Smtp.Client.new_for_uri(options.uri);

    if (options.security)
        client = Smtp.Client.new(client.host, client.port, SECURITY[options.security]);
    if (options.ca)
        client.tls_database = Gio.TlsFileDatabase.new(options.ca);
    if (options.transcript) {
        client.connect('transcript', (_client, direction, text) => {
            print(direction === Smtp.Direction.SENT ? 'C:' : 'S:', text);
        });
    }
    return client;
}

const terminal = GLib.log_writer_supports_color(2) ? Gio.UnixOutputStream.new(2, false) : null;

function showProgress(done, length) {
    terminal?.write_all(new TextEncoder().encode(`\r${Math.floor(done * 100 / length)} %${done < length ? '' : '\n'}`), null);
}

// Closing the stream sends the message, and its result is the verdict. Without
// the close, after an error, nothing is delivered.
async function sendContent(client, content) {
    const stream = await client.data_async(null);

    for (let done = 0; done < content.length;) {
        const piece = new GLib.Bytes(content.subarray(done, done + PIECE));
        done += await stream.write_bytes_async(piece, GLib.PRIORITY_DEFAULT, null);
        showProgress(done, content.length);
    }
    await stream.close_async(GLib.PRIORITY_DEFAULT, null);
}

async function send(options) {
    const content = await makeMessage(options);
    const client = makeClient(options);

    await client.open_async(null);
    if (options.user) {
        const auth = AUTH[options.auth](options.user, GLib.getenv('SMTP_PASSWORD'), client.host);
        await client.authenticate_async(auth, null);
    }

    // All of the recipients or none: the first refusal ends it.
    await client.mail_async(options.from, null, null);
    for (const recipient of options.to)
        await client.rcpt_async(recipient, null, null);

    await sendContent(client, content);
    const reply = client.last_reply.to_string();

    // The message is accepted: how the goodbye goes changes nothing.
    await client.quit_async(null).catch(() => {});
    print(`The server has accepted the message: ${reply}`);
}

async function main(args) {
    try {
        const options = parseCommandLine(args);
        if (options.help)
            print(USAGE);
        else
            await send(options);
        return 0;
    } catch (error) {
        printerr(`send: ${error.message}`);
        if (error.matches?.(Smtp.ClientError, Smtp.ClientError.OUTCOME_UNKNOWN))
            printerr('The message may have been delivered. Find out before sending it again: it could arrive twice.');
        return 1;
    }
}

GMime.init();

// A program with windows has a main loop already.
const loop = new GLib.MainLoop(null, false);
let status = 1;
main(System.programArgs).then(result => {
    status = result;
}).finally(() => loop.quit());
loop.run();
System.exit(status);
