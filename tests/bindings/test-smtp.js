// SPDX-License-Identifier: LGPL-2.1-or-later

// The library from JavaScript, command by command.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Smtp from 'gi://Smtp?version=1.0';
import System from 'system';

import {
    CONTENT, STARTTLS, WAIT, assert, base64, bytes, equal, expectClean, expectError, expectNoMessage,
    expectSmtpError, main, text,
} from './harness.js';

const scenarios = {};

// ---- messages ---------------------------------------------------------------

scenarios['message'] = async t => {
    await t.open();
    await t.send('Subject: dots\r\n\r\n.\r\n..two\r\n.one\r\nlast\r\n.');
    const message = t.server.get_message(0);
    equal(text(message.content), 'Subject: dots\r\n\r\n.\r\n..two\r\n.one\r\nlast\r\n.\r\n');
    equal(message.sender, 'sender@example.org');
    equal(message.recipients, ['recipient@example.net']);
    await t.call('quit');
    assert(t.server.wait_for_closed(1, WAIT));
};

scenarios['send-mail'] = async t => {
    t.serve({auth_mechanisms: ['PLAIN']});
    const args = [t.server.get_uri(), Smtp.PlainAuth.new(null, 'user', 'secret', '127.0.0.1'),
        'a@b.example', ['c@d.example', 'e@f.example'], bytes('.\r\nno newline'), null];
    assert(t.async ? await Smtp.send_mail_async(...args) : Smtp.send_mail(...args));
    const message = t.server.get_message(0);
    equal(text(message.content), '.\r\nno newline\r\n');
    equal(message.recipients, ['c@d.example', 'e@f.example']);
    equal(message.authenticated_as, 'user');
};

async function writeAndForget(t) {
    await t.write(await t.beginContent(), CONTENT);
}

// Lets what the garbage collector queued happen.
function idle() {
    return new Promise(resolve => GLib.idle_add(GLib.PRIORITY_LOW, () => {
        resolve();
        return GLib.SOURCE_REMOVE;
    }));
}

async function collect() {
    for (let i = 0; i < 3; i++) {
        await idle();
        System.gc();
    }
    await idle();
}

scenarios['stream-dropped'] = async t => {
    await t.open();
    await writeAndForget(t);
    GObject.signal_handlers_destroy(t.client);  // GJS allows no handler within its collection
    await collect();
    expectNoMessage(t);
    equal(t.client.state, Smtp.ClientState.BROKEN);
};

scenarios['failing-source'] = async t => {
    await t.open();
    const stream = await t.beginContent();
    await t.write(stream, CONTENT);
    const source = Gio.File.new_for_path('/proc/self/mem').read(null);  // nothing is mapped at 0
    await expectError(null, null, t.splice(stream, source));
    expectNoMessage(t);
};

const RaisingStream = GObject.registerClass(class RaisingStream extends Gio.InputStream {
    vfunc_read_fn() {
        throw new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.NO_SPACE, 'no more');
    }
});

scenarios['raising-source'] = async t => {
    if (t.async)
        return 'GIO would call it in a thread, which GJS does not allow';
    await t.open();
    const stream = await t.beginContent();
    await t.write(stream, CONTENT);
    await expectError(Gio.IOErrorEnum, Gio.IOErrorEnum.NO_SPACE, t.splice(stream, new RaisingStream()));
    expectNoMessage(t);
};

scenarios['cancelled-close'] = async t => {
    await t.open();
    const stream = await t.beginContent();
    await t.write(stream, CONTENT);
    const cancellable = new Gio.Cancellable();
    cancellable.cancel();
    await expectError(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED, t.close(stream, cancellable));
    expectNoMessage(t);
};

scenarios['outcome-unknown'] = async t => {
    await t.open();
    t.server.script_drop('.', 0, true);
    const stream = await t.beginContent();
    await t.write(stream, CONTENT);
    await expectSmtpError(Smtp.ClientError.OUTCOME_UNKNOWN, t.close(stream));
    assert(t.server.wait_for_messages(1, WAIT));
};

scenarios['injection'] = async t => {
    await t.open();
    const before = t.server.get_bytes_received();
    const invalid = Smtp.ClientError.INVALID_ARGUMENT;
    await expectSmtpError(invalid, t.call('mail', 'a@b.example> SIZE=1', null));
    await expectSmtpError(invalid, t.call('mail', 'a@b.example\r\nRSET', null));
    await expectSmtpError(invalid, t.call('mail', 'a@b.example', ['SIZE=1 BODY=7BIT']));
    await expectSmtpError(invalid, t.call('command', 'NOOP\r\nRSET'));
    equal(t.server.get_bytes_received(), before);
    await t.call('mail', 'a@b.example', ['SIZE=1']);
    const commands = t.server.get_commands();
    assert(commands.includes('MAIL FROM:<a@b.example> SIZE=1 BODY=8BITMIME'), commands);
    assert(!commands.includes('RSET'), commands);
};

// ---- connections ------------------------------------------------------------

scenarios['capabilities'] = async t => {
    await t.open({extensions: ['SIZE 1000', 'X-OWN a b', '8bitmime']});
    const capabilities = t.client.capabilities;
    equal(capabilities.list(), ['SIZE', 'X-OWN', '8BITMIME']);
    equal(capabilities.get_size(), 1000);
    assert(capabilities.has('x-own') && !capabilities.has('PIPELINING'));
    equal(t.client.get_extension('x-own'), [true, 'a b']);
    equal(t.client.get_extension('PIPELINING'), [false, null]);
};

scenarios['signals'] = async t => {
    const states = [];
    t.serve({auth_mechanisms: ['PLAIN', 'LOGIN']});
    t.newClient().connect('notify::state', client => states.push(client.state));
    await t.call('open');
    await t.call('authenticate', Smtp.LoginAuth.new('user', 'secret', '127.0.0.1'));
    await t.send();
    await t.call('quit');
    const {OPENING, READY, MAIL, RCPT, DATA, CLOSED} = Smtp.ClientState;
    equal(states, [OPENING, READY, MAIL, RCPT, DATA, READY, CLOSED]);
    equal(t.transcript[0], [Smtp.Direction.RECEIVED, '220 test.example ESMTP ready']);
    const all = t.transcript.map(([, line]) => line).join('\n');
    assert(all.includes('QUIT'));
    assert(!all.includes('secret') && !all.includes(base64(new TextEncoder().encode('secret'))), all);
};

function strangeReply(code) {
    const encoder = new TextEncoder();
    return bytes(new Uint8Array([...encoder.encode(`${code} a`), 0xff, 0x62, 0, 0x63, 0x1b, ...encoder.encode('[2Jd'),
        7, 0xc2, 0x9b, 0x65, 13, 10]));
}

scenarios['strange-reply'] = async t => {
    await t.open();
    t.server.script_reply('NOOP', strangeReply(250), 0);
    await t.call('noop');
    const reply = t.client.last_reply.get_text();
    assert(reply.startsWith('a') && reply.endsWith('e'), reply);
    expectClean(reply);
    t.server.script_reply('NOOP', strangeReply(550), 0);
    const error = await expectSmtpError(Smtp.ClientError.REFUSED_PERMANENT, t.call('noop'));
    assert(error.message.includes(reply), error.message);
    expectClean(error.message);
    const [, last] = t.transcript[t.transcript.length - 1];
    assert(last.endsWith(reply), last);
    expectClean(last);
};

// GLib can make no pair of sockets: a connection to a listener is one.
function streamPair() {
    const listener = new Gio.SocketListener();
    const port = listener.add_any_inet_port(null);
    const near = new Gio.SocketClient().connect_to_host('127.0.0.1', port, null);
    const [far] = listener.accept(null);
    listener.close();
    return [near, far];
}

scenarios['for-stream'] = async t => {
    t.serve();
    const [near, far] = streamPair();
    t.server.accept_stream(far);
    const client = t.watch(Smtp.Client.new_for_stream(near, 'test.example'));
    assert(client.stream === near);
    equal(client.server_name, 'test.example');
    await t.call('open');
    await t.send();
    equal(text(t.server.get_message(0).content), CONTENT);
    await t.call('quit');
};

scenarios['pending'] = async t => {
    await t.open();
    t.server.script_delay('NOOP', 100, 0);
    const first = t.client.noop_async(null);
    await expectError(Gio.IOErrorEnum, Gio.IOErrorEnum.PENDING, t.call('reset'));
    assert(await first);
    assert(!t.server.get_commands().includes('RSET'));
};

scenarios['error-codes'] = async t => {
    t.serve();
    t.newClient();
    let error = await expectSmtpError(Smtp.ClientError.STATE, t.call('noop'));
    assert(error instanceof Smtp.ClientError);
    assert(error.matches(Smtp.client_error_quark(), Smtp.ClientError.STATE));
    assert(!error.matches(Smtp.ClientError, Smtp.ClientError.BROKEN));
    assert(!error.matches(Gio.IOErrorEnum, Smtp.ClientError.STATE));
    await t.call('open');
    t.server.script_reply_text('MAIL', '452 4.3.1 later');
    error = await expectSmtpError(Smtp.ClientError.REFUSED_TEMPORARY, t.call('mail', 'a@b.example', null));
    assert(error.message.includes('452 4.3.1 later') && error.message.includes('127.0.0.1'), error.message);
    equal(t.client.last_reply.get_enhanced_code(), '4.3.1');
};

// ---- TLS --------------------------------------------------------------------

scenarios['starttls'] = async t => {
    t.serve(STARTTLS);
    t.newClient(Smtp.Security.STARTTLS).tls_database = t.server.create_database();
    await t.call('open');
    assert(t.client.tls_connection.get_peer_certificate() !== null);
    await t.send();
    assert(t.server.get_message(0).tls);
    await t.call('quit');
};

// A new client that is asked; resolves to what it was asked, and the error.
async function openAsking(t, answer) {
    const asked = [];
    t.newClient(Smtp.Security.STARTTLS).connect('accept-certificate', (_client, certificate, errors) => {
        assert(certificate instanceof Gio.TlsCertificate);
        asked.push(errors);
        return answer;
    });
    try {
        await t.call('open');
    } catch (error) {
        return [asked, error];
    }
    return [asked, null];
}

function expectRefused([asked, error]) {
    equal(asked.length, 1);
    assert(error !== null && error.matches(Gio.TlsError, Gio.TlsError.BAD_CERTIFICATE), `${error}`);
}

scenarios['certificate-accepted'] = async t => {
    t.serve(STARTTLS);
    const [asked, error] = await openAsking(t, true);
    assert(error === null && asked.length === 1, `${error}`);
    assert(asked[0] & Gio.TlsCertificateFlags.UNKNOWN_CA);
    await t.send();
    assert(t.server.get_message(0).tls);
};

scenarios['certificate-refused'] = async t => {
    t.serve(STARTTLS);
    expectRefused(await openAsking(t, false));
    equal(t.client.state, Smtp.ClientState.BROKEN);
};

// What one client accepted is not accepted for another: tests/net has the same
// with a server that certainly resumes the session.
scenarios['certificate-asked-again'] = async t => {
    t.serve(STARTTLS);
    const [, error] = await openAsking(t, true);
    assert(error === null, `${error}`);
    await t.call('noop');
    await t.call('quit');
    expectRefused(await openAsking(t, false));
};

// ---- AUTH -------------------------------------------------------------------

async function openForAuth(t, ...mechanisms) {
    await t.open({auth_mechanisms: mechanisms});
    t.client.stay_open_after_refusal = true;
}

async function signIn(t, mechanism, auth) {
    await openForAuth(t, mechanism);
    await t.call('authenticate', auth);
    assert(t.client.authenticated);
    await t.send();
    equal(t.server.get_message(0).authenticated_as, 'user');
}

scenarios['plain'] = t => signIn(t, 'PLAIN', Smtp.PlainAuth.new(null, 'user', 'secret', '127.0.0.1'));
scenarios['login'] = t => signIn(t, 'LOGIN', Smtp.LoginAuth.new('user', 'secret', '127.0.0.1'));
scenarios['cram-md5'] = t => signIn(t, 'CRAM-MD5', Smtp.CramMd5Auth.new('user', 'secret'));

scenarios['xoauth2'] = t => signIn(t, 'XOAUTH2', Smtp.Xoauth2Auth.new('user', 'secret', '127.0.0.1'));
scenarios['oauthbearer'] = t => signIn(t, 'OAUTHBEARER', Smtp.OauthbearerAuth.new('user', 'secret', '127.0.0.1'));

scenarios['anonymous'] = async t => {
    const auth = Smtp.AnonymousAuth.new('guest');
    equal(auth.trace, 'guest');
    await openForAuth(t, 'ANONYMOUS');
    await t.call('authenticate', auth);
    assert(t.client.authenticated);
};

scenarios['external'] = async t => {
    await openForAuth(t, 'EXTERNAL');
    await expectSmtpError(Smtp.ClientError.AUTH_REJECTED, t.call('authenticate', Smtp.ExternalAuth.new(null)));
    assert(t.server.get_commands().includes('AUTH EXTERNAL'));
};

scenarios['refused-token'] = async t => {
    await openForAuth(t, 'XOAUTH2', 'OAUTHBEARER');
    for (const auth of [
        Smtp.Xoauth2Auth.new('user', 'wrong', '127.0.0.1'),
        Smtp.OauthbearerAuth.new('user', 'wrong', '127.0.0.1'),
    ]) {
        equal(auth.failure, null);
        await expectSmtpError(Smtp.ClientError.AUTH_REJECTED, t.call('authenticate', auth));
        equal(auth.get_failure().get_status(), 'invalid_token');
        equal(auth.failure.get_openid_configuration(), null);
    }
};

scenarios['refresh'] = t => {
    const auth = Smtp.OauthbearerAuth.new('user', null, '127.0.0.1');
    auth.credentials.connect('refresh', (credentials, task) => {
        credentials.set_access_token('secret');
        task.return_boolean(true);
        return true;
    });
    return signIn(t, 'OAUTHBEARER', auth);
};

scenarios['wrong-password'] = async t => {
    await openForAuth(t, 'PLAIN', 'LOGIN', 'CRAM-MD5');
    for (const auth of [
        Smtp.PlainAuth.new(null, 'user', 'wrong', '127.0.0.1'),
        Smtp.LoginAuth.new('user', 'wrong', '127.0.0.1'),
        Smtp.CramMd5Auth.new('user', 'wrong'),
    ]) {
        await expectSmtpError(Smtp.ClientError.AUTH_REJECTED, t.call('authenticate', auth));
        assert(!t.client.authenticated);
    }
};

scenarios['refusal-closes'] = async t => {
    await t.open({auth_mechanisms: ['PLAIN']});
    const auth = Smtp.PlainAuth.new(null, 'user', 'wrong', '127.0.0.1');
    await expectSmtpError(Smtp.ClientError.AUTH_REJECTED, t.call('authenticate', auth));
    await expectSmtpError(Smtp.ClientError.BROKEN, t.call('mail', 'a@b.example', null));
    assert(t.server.wait_for_closed(1, WAIT));
};

// PLAIN, written by hand.
const OwnPlain = GObject.registerClass(class OwnPlain extends Smtp.Auth {
    vfunc_start(server) {
        assert(server.get_name() === '127.0.0.1' && server.has_mechanism('PLAIN'));
        return [true, 'PLAIN', null];
    }

    vfunc_next(challenge, more) {
        return [true, more ? bytes('\0user\0secret') : null];
    }
});

scenarios['own-auth'] = t => signIn(t, 'PLAIN', new OwnPlain());

// Gets ready later, on the context it was asked on.
const Prepared = GObject.registerClass(class Prepared extends OwnPlain {
    vfunc_prepare(server, task) {
        const source = GLib.timeout_source_new(5);
        GObject.source_set_closure(source, () => {
            if (this.error)
                task.return_error(this.error);
            else
                task.return_boolean(true);
            return GLib.SOURCE_REMOVE;
        });
        source.attach(task.get_context());
    }
});

scenarios['prepare'] = t => signIn(t, 'PLAIN', new Prepared());

const ownError = () => new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, 'on purpose');

scenarios['prepare-fails'] = async t => {
    await openForAuth(t, 'PLAIN');
    const auth = new Prepared();
    auth.error = ownError();
    await expectError(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, t.call('authenticate', auth));
    assert(!t.server.get_commands().some(command => command.startsWith('AUTH')));
};

// Takes its time before an answer.
const Thoughtful = GObject.registerClass(class Thoughtful extends Prepared {
    vfunc_prepare(server, task) {
        task.return_boolean(true);
    }

    vfunc_prepare_next(challenge, task) {
        this.challenges = (this.challenges ?? 0) + 1;
        super.vfunc_prepare(null, task);
    }
});

scenarios['prepare-next'] = async t => {
    const auth = new Thoughtful();
    await signIn(t, 'PLAIN', auth);
    assert(auth.challenges === 1);
};

scenarios['prepare-next-fails'] = async t => {
    await openForAuth(t, 'PLAIN');
    const auth = new Thoughtful();
    auth.error = ownError();
    await expectError(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, t.call('authenticate', auth));
    assert(t.server.get_commands().includes('*'));
};

// Throws what it is told to, where it is told to.
const Failing = GObject.registerClass(class Failing extends Smtp.Auth {
    vfunc_start() {
        if (this.inStart)
            throw this.inStart;
        return [true, 'PLAIN', null];
    }

    vfunc_next() {
        throw this.inNext;
    }
});

scenarios['start-fails'] = async t => {
    await openForAuth(t, 'PLAIN');
    const before = t.server.get_bytes_received();
    const failure = Object.assign(new Failing(), {inStart: ownError()});
    const error = await expectError(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, t.call('authenticate', failure));
    assert(error.message.includes('on purpose'));
    const thrower = Object.assign(new Failing(), {inStart: new TypeError('on purpose')});
    await expectError(null, null, t.call('authenticate', thrower));
    equal(t.server.get_bytes_received(), before);
    await t.call('noop');
};

async function nextFails(t, exception, domain, code) {
    await openForAuth(t, 'PLAIN');
    const auth = Object.assign(new Failing(), {inNext: exception});
    await expectError(domain, code, t.call('authenticate', auth));
    assert(!t.client.authenticated);
    assert(t.server.get_commands().includes('*'), t.server.get_commands());
    await t.call('noop');
}

scenarios['next-fails'] = t => nextFails(t, ownError(), Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND);
scenarios['next-throws'] = t => nextFails(t, new TypeError('on purpose'), null, null);

const OCTETS = Uint8Array.from({length: 256}, (_, i) => i);

const Binary = GObject.registerClass(class Binary extends Smtp.Auth {
    vfunc_start() {
        return [true, 'X-BINARY', bytes('\0first\0')];
    }

    vfunc_next(challenge, more) {
        if (more)
            this.challenge = challenge.toArray();
        return [true, bytes(OCTETS)];
    }
});

scenarios['binary'] = async t => {
    await openForAuth(t, 'X-BINARY');
    t.server.script_reply_text('AUTH', `334 ${base64(OCTETS)}`);
    t.server.script_reply_text('AUTH-RESPONSE', '235 2.7.0 yes');
    const auth = new Binary();
    await t.call('authenticate', auth);
    equal([...auth.challenge], [...OCTETS]);
    const commands = t.server.get_commands();
    assert(commands.includes(`AUTH X-BINARY ${base64(new TextEncoder().encode('\0first\0'))}`), commands);
    assert(commands.includes(base64(OCTETS)), commands);
    assert(t.client.authenticated);
};

main(scenarios);
