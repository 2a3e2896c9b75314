#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Sends a message with an attachment, step by step.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Smtp from 'gi://Smtp?version=1.0';
import System from 'system';

for (const name of ['open', 'authenticate', 'send', 'quit'])
    Gio._promisify(Smtp.Client.prototype, `${name}_async`, `${name}_finish`);

const USAGE = `usage: send.js [OPTIONS] URI
  --user NAME       sign in; the password or the token is read from SMTP_PASSWORD
  --auth MECHANISM  scram-sha-256, plain, oauthbearer, gssapi …; without it,
                    the strongest there is
  --ca FILE         trust the certificates in this file
  --from ADDRESS    the sender
  --to ADDRESS      a recipient; may be given several times
  --subject TEXT
  --attach FILE
  --security MODE   none, opportunistic, starttls or tls
  --transcript      show the conversation`;

function parseArguments(args) {
    const options = {subject: 'A message from smtp-glib', to: []};
    while (args.length > 0) {
        const [argument, name, given] = args.shift().match(/^(?:--([a-z]+)(?:=(.*))?|.*)$/s);
        if (!name)
            options.uri = argument;
        else if (name === 'transcript')
            options.transcript = true;
        else if (name === 'to')
            options.to.push(given ?? args.shift());
        else
            options[name] = given ?? args.shift();
    }
    if (!options.uri || !options.from || options.to.length === 0) {
        printerr(USAGE);
        System.exit(2);
    }
    return options;
}

// GMime cannot be used from GJS (its introspection data names functions that
// the library does not export), so this little MIME is written out.
function wrapBase64(bytes) {
    return GLib.base64_encode(bytes).replace(/.{76}/g, '$&\r\n');
}

function encodeHeader(text) {
    const words = text.match(/.{1,10}/gsu) ?? [];
    return words.map(word => `=?utf-8?B?${GLib.base64_encode(new TextEncoder().encode(word))}?=`).join('\r\n ');
}

function buildPart(headers, bytes) {
    return [...headers, 'Content-Transfer-Encoding: base64', '', wrapBase64(bytes), ''].join('\r\n');
}

function buildAttachment(path) {
    const file = Gio.File.new_for_path(path);
    const [, bytes] = file.load_contents(null);
    const kind = Gio.content_type_get_mime_type(Gio.content_type_guess(path, null)[0]);
    return buildPart([
        `Content-Type: ${kind ?? 'application/octet-stream'}`,
        `Content-Disposition: attachment; filename*=utf-8''${encodeURIComponent(file.get_basename())}`,
    ], bytes);
}

function buildMessage(options) {
    const boundary = `=_${GLib.uuid_string_random()}`;
    const parts = [buildPart(['Content-Type: text/plain; charset=utf-8'],
        new TextEncoder().encode('Sent by smtp-glib, from JavaScript.\r\n'))];
    if (options.attach)
        parts.push(buildAttachment(options.attach));
    return new TextEncoder().encode([
        `From: ${options.from}`,
        `To: ${options.to.join(',\r\n ')}`,
        `Subject: ${encodeHeader(options.subject)}`,
        `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
        'MIME-Version: 1.0',
        `Content-Type: multipart/mixed; boundary="${boundary}"`,
        '',
        ...parts.map(part => `--${boundary}\r\n${part}`),
        `--${boundary}--`,
        '',
    ].join('\r\n'));
}

function createClient(options) {
    let client = Smtp.Client.new_for_uri(options.uri);
    if (options.security)
        client = Smtp.Client.new(client.host, client.port, Smtp.Security[options.security.toUpperCase()]);
    if (options.ca)
        client.tls_database = Gio.TlsFileDatabase.new(Gio.File.new_for_path(options.ca).get_path());
    if (options.transcript) {
        client.connect('transcript', (_client, direction, text) =>
            print(direction === Smtp.Direction.SENT ? 'C:' : 'S:', text));
    }
    return client;
}

function createAuth(options, host) {
    const secret = GLib.getenv('SMTP_PASSWORD');
    const isToken = options.auth?.includes('oauth');
    const credentials = Smtp.Credentials.new(options.user, isToken ? null : secret);
    credentials.host = host;
    if (isToken)
        credentials.set_access_token(secret);
    if (!options.auth)
        return Smtp.AutoAuth.new_for_credentials(credentials);
    return Smtp.Auth.create(options.auth.toUpperCase(), credentials);
}

function createMessage(options) {
    const content = buildMessage(options);
    const message = Smtp.Message.new(options.from);
    for (const recipient of options.to)
        message.add_recipient(recipient);
    message.set_content_bytes(new GLib.Bytes(content));
    if (GLib.log_writer_supports_color(2)) {
        message.connect('notify::bytes-sent', () =>
            printerr(`${Math.floor(100 * message.bytes_sent / content.length)} %`));
    }
    return message;
}

async function send(options) {
    const message = createMessage(options);
    const client = createClient(options);
    await client.open_async(null);
    if (options.user)
        await client.authenticate_async(createAuth(options, client.server_name), null);
    await client.send_async(message, null);
    print('Accepted:', message.reply.get_text());
    for (let i = 0; i < message.recipients.get_n_items(); i++) {
        const recipient = message.recipients.get_item(i);
        if (!recipient.accepted) // the others have it
            print(`Not for ${recipient.address}: ${recipient.reply.get_text()}`);
    }
    await client.quit_async(null);
}

const loop = new GLib.MainLoop(null, false);
let status = 0;
send(parseArguments([...System.programArgs])).catch(error => {
    printerr(error.message);
    if (error instanceof GLib.Error && error.matches(Smtp.ClientError, Smtp.ClientError.OUTCOME_UNKNOWN))
        printerr('Look whether it arrived before you send it again.');
    status = 1;
}).finally(() => loop.quit());
loop.run();
System.exit(status);
