// SPDX-License-Identifier: LGPL-2.1-or-later

// Credentials, tokens and the choice among mechanisms, from JavaScript.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Smtp from 'gi://Smtp?version=1.0';

import {assert, bytes, equal, expectError, expectSmtpError, main} from './harness.js';

async function signIn(t, auth, ...mechanisms) {
    await t.open({auth_mechanisms: mechanisms});
    await t.call('authenticate', auth);
    assert(t.client.authenticated);
    await t.send();
    equal(t.server.get_message(0).get_authenticated_as(), 'user');
    assert(!t.transcript.some(([, line]) => line.includes('secret')));
}

const tried = t => t.server.get_commands().filter(line => line.startsWith('AUTH ')).map(line => line.split(' ')[1]);

const scenarios = {};

// ---- the choice ---------------------------------------------------------------

scenarios['strongest'] = async t => {
    const auth = Smtp.AutoAuth.new('user', 'secret');
    await signIn(t, auth, 'LOGIN', 'PLAIN', 'CRAM-MD5');
    equal([auth.mechanism, tried(t)], ['CRAM-MD5', ['CRAM-MD5']]);
    equal(auth.credentials.host, '127.0.0.1');
};

scenarios['next-weaker'] = async t => {
    t.server.script_reply_text('AUTH', '504 5.5.4 unknown');
    await signIn(t, Smtp.AutoAuth.new('user', 'secret'), 'LOGIN', 'PLAIN', 'CRAM-MD5');
    equal(tried(t), ['CRAM-MD5', 'PLAIN']);
};

scenarios['nothing-fits'] = async t => {
    await t.open({auth_mechanisms: ['X-OTHER']});
    const error = await expectSmtpError(Smtp.ClientError.AUTH_UNAVAILABLE,
        t.call('authenticate', Smtp.AutoAuth.new('user', 'secret')));
    assert(error.message.includes('X-OTHER') && error.message.includes('SCRAM-SHA-512-PLUS'), error.message);
};

scenarios['fallback'] = async t => {
    const auth = new Smtp.AutoAuth({credentials: Smtp.Credentials.new('user', 'secret'), allow_fallback: true});
    t.server.script_reply_text('AUTH', '535 5.7.8 refused');
    await signIn(t, auth, 'PLAIN', 'CRAM-MD5');
    equal(tried(t), ['CRAM-MD5', 'PLAIN']);
};

scenarios['pin'] = async t => {
    const auth = Smtp.AutoAuth.new('user', 'secret');
    const notified = [];
    auth.connect('notify::pin', () => notified.push(auth.pin.to_string()));
    await signIn(t, auth, 'CRAM-MD5');
    equal(notified, ['smtp-pin-1 30 CRAM-MD5 clear 127.0.0.1']);

    const pin = Smtp.AuthPin.new_from_string(notified[0]);
    equal([pin.get_server(), pin.get_mechanism(), pin.get_tls()], ['127.0.0.1', 'CRAM-MD5', false]);
    t.server.auth_mechanisms = ['PLAIN'];
    t.newClient();
    await t.call('open');
    const later = new Smtp.AutoAuth({credentials: Smtp.Credentials.new('user', 'secret'), pin});
    await expectSmtpError(Smtp.ClientError.DOWNGRADE, t.call('authenticate', later));
    await expectSmtpError(Smtp.ClientError.INVALID_ARGUMENT, (async () => Smtp.AuthPin.new_from_string('x'))());
};

scenarios['by-name'] = async t => {
    assert(Smtp.Auth.list_mechanisms().includes('SCRAM-SHA-256-PLUS'));
    const credentials = Smtp.Credentials.new('user', 'secret');
    credentials.host = '127.0.0.1';
    await signIn(t, Smtp.Auth.create('PLAIN', credentials), 'PLAIN');
    await expectSmtpError(Smtp.ClientError.AUTH_UNAVAILABLE,
        (async () => Smtp.Auth.create('X-NOT-THERE', credentials))());
};

// ---- a token that expires -------------------------------------------------------

// Has a new token after a moment, or an error.
class Account {
    asked = 0;

    constructor(token, error = null) {
        this.token = token;
        this.error = error;
    }

    refresh(credentials, task) {
        this.asked++;
        const source = GLib.timeout_source_new(5);
        source.set_callback(() => {
            credentials.set_access_token(this.token);
            if (this.error !== null)
                task.return_error(this.error);
            else
                task.return_boolean(true);
            return GLib.SOURCE_REMOVE;
        });
        source.attach(task.get_context());
        return true;
    }
}

function makeTokenAuth(account, first) {
    const credentials = Smtp.Credentials.new('user', null);
    credentials.set_access_token(first);
    credentials.connect('refresh', (self, task) => account.refresh(self, task));
    return Smtp.AutoAuth.new_for_credentials(credentials);
}

scenarios['refresh'] = async t => {
    const account = new Account('secret');
    await signIn(t, makeTokenAuth(account, 'expired'), 'PLAIN', 'XOAUTH2');
    equal([account.asked, tried(t)], [1, ['XOAUTH2', 'XOAUTH2']]);
};

scenarios['first-token'] = async t => {
    const account = new Account('secret');
    await signIn(t, makeTokenAuth(account, null), 'OAUTHBEARER');
    equal([account.asked, tried(t)], [1, ['OAUTHBEARER']]);
};

scenarios['refresh-in-vain'] = async t => {
    const account = new Account('expired-too');
    const auth = makeTokenAuth(account, 'expired');
    await t.open({auth_mechanisms: ['XOAUTH2']});
    await expectSmtpError(Smtp.ClientError.AUTH_REJECTED, t.call('authenticate', auth));
    equal([account.asked, tried(t)], [1, ['XOAUTH2', 'XOAUTH2']]);
    const failure = auth.get_failure();
    equal([failure.get_status(), failure.get_scope()], ['invalid_token', 'https://mail.test.example/']);
    assert(!t.transcript.some(([, line]) => line.includes('expired')));
};

scenarios['refresh-fails'] = async t => {
    const error = new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, 'no account');
    await t.open({auth_mechanisms: ['XOAUTH2']});
    await expectError(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND,
        t.call('authenticate', makeTokenAuth(new Account(null, error), null)));
    equal(tried(t), []);
};

// The same as a subclass.
const OwnCredentials = GObject.registerClass(class OwnCredentials extends Smtp.Credentials {
    asked = 0;

    vfunc_refresh(task) {
        this.asked++;
        this.set_access_token('secret');
        task.return_boolean(true);
        return true;
    }
});

scenarios['own-credentials'] = async t => {
    const credentials = new OwnCredentials({username: 'user'});
    await signIn(t, Smtp.AutoAuth.new_for_credentials(credentials), 'XOAUTH2');
    equal(credentials.asked, 1);
};

// ---- a mechanism of one's own that begins anew -------------------------------------

// Guesses, and is told by the credentials when it was wrong.
const Persistent = GObject.registerClass(class Persistent extends Smtp.Auth {
    failures = [];

    vfunc_start() {
        const {username} = this.credentials;
        const password = this.failures.length === 0
            ? 'guess' : new TextDecoder().decode(this.credentials.dup_password().toArray());
        return [true, 'PLAIN', bytes(`\0${username}\0${password}`)];
    }

    vfunc_next() {
        return [true, null];
    }

    vfunc_retry(server, failure) {
        equal(server.get_name(), '127.0.0.1');
        this.failures.push(failure);
        return this.failures.length === 1;
    }
});

scenarios['retry'] = async t => {
    const auth = new Persistent({credentials: Smtp.Credentials.new('user', 'secret')});
    await signIn(t, auth, 'PLAIN');
    equal(tried(t), ['PLAIN', 'PLAIN']);
    assert(auth.failures[0].matches(Smtp.ClientError, Smtp.ClientError.AUTH_REJECTED));
};

scenarios['retry-in-vain'] = async t => {
    const auth = new Persistent({credentials: Smtp.Credentials.new('user', 'another guess')});
    await t.open({auth_mechanisms: ['PLAIN']});
    await expectSmtpError(Smtp.ClientError.AUTH_REJECTED, t.call('authenticate', auth));
    equal(auth.failures.length, 2);
};

main(scenarios);
