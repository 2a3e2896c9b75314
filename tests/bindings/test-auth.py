# SPDX-License-Identifier: LGPL-2.1-or-later

"""Credentials, tokens and the choice among mechanisms, from Python."""

import sys

from harness import expect_error, expect_smtp_error, main
from gi.repository import Gio, GLib, Smtp



def equal(value, expected):
    assert value == expected, '%r instead of %r' % (value, expected)


def sign_in(t, auth, *mechanisms):
    t.open(auth_mechanisms=mechanisms)
    t.call('authenticate', auth)
    assert t.client.props.authenticated
    t.send()
    equal(t.server.get_message(0).get_authenticated_as(), 'user')
    assert 'secret' not in t.text()


def tried(t):
    return [line.split()[1] for line in t.server.get_commands() if line.startswith('AUTH ')]


# ---- the choice ---------------------------------------------------------------

def test_strongest(t):
    auth = Smtp.AutoAuth.new('user', 'secret')
    sign_in(t, auth, 'LOGIN', 'PLAIN', 'CRAM-MD5')
    equal((auth.props.mechanism, tried(t)), ('CRAM-MD5', ['CRAM-MD5']))
    equal(auth.props.credentials.props.host, '127.0.0.1')


def test_next_weaker(t):
    auth = Smtp.AutoAuth.new('user', 'secret')
    t.server.script_reply_text('AUTH', '504 5.5.4 unknown')
    sign_in(t, auth, 'LOGIN', 'PLAIN', 'CRAM-MD5')
    equal(tried(t), ['CRAM-MD5', 'PLAIN'])


def test_nothing_fits(t):
    t.open(auth_mechanisms=['X-OTHER'])
    auth = Smtp.AutoAuth.new('user', 'secret')
    error = expect_smtp_error(Smtp.ClientError.AUTH_UNAVAILABLE, t.call, 'authenticate', auth)
    assert 'X-OTHER' in error.message and 'SCRAM-SHA-512-PLUS' in error.message, error.message


def test_fallback(t):
    auth = Smtp.AutoAuth(credentials=Smtp.Credentials.new('user', 'secret'), allow_fallback=True)
    t.server.script_reply_text('AUTH', '535 5.7.8 refused')
    sign_in(t, auth, 'PLAIN', 'CRAM-MD5')
    equal(tried(t), ['CRAM-MD5', 'PLAIN'])


def test_pin(t):
    auth = Smtp.AutoAuth.new('user', 'secret')
    notified = []
    auth.connect('notify::pin', lambda auth, pspec: notified.append(auth.get_pin().to_string()))
    sign_in(t, auth, 'CRAM-MD5')
    equal(notified, ['smtp-pin-1 30 CRAM-MD5 clear 127.0.0.1'])

    pin = Smtp.AuthPin.new_from_string(notified[0])
    equal((pin.get_server(), pin.get_mechanism(), pin.get_tls()), ('127.0.0.1', 'CRAM-MD5', False))
    t.server.props.auth_mechanisms = ['PLAIN']
    t.new_client()
    t.call('open')
    later = Smtp.AutoAuth(credentials=Smtp.Credentials.new('user', 'secret'), pin=pin)
    expect_smtp_error(Smtp.ClientError.DOWNGRADE, t.call, 'authenticate', later)
    expect_smtp_error(Smtp.ClientError.INVALID_ARGUMENT, Smtp.AuthPin.new_from_string, 'x')


def test_by_name(t):
    assert 'SCRAM-SHA-256-PLUS' in Smtp.Auth.list_mechanisms()
    credentials = Smtp.Credentials.new('user', 'secret')
    credentials.props.host = '127.0.0.1'
    sign_in(t, Smtp.Auth.create('PLAIN', credentials), 'PLAIN')
    expect_smtp_error(Smtp.ClientError.AUTH_UNAVAILABLE, Smtp.Auth.create, 'X-NOT-THERE', credentials)


# ---- a token that expires -------------------------------------------------------

class Account:
    """Has a new token after a moment, or an error."""

    def __init__(self, token, error=None):
        self.token = token
        self.error = error
        self.asked = 0

    def on_refresh(self, credentials, task):
        self.asked += 1
        source = GLib.Timeout(5)
        source.set_callback(self.on_ready, (credentials, task))
        source.attach(task.get_context())
        return True

    def on_ready(self, pair):
        credentials, task = pair
        credentials.set_access_token(self.token)
        if self.error is not None:
            task.return_error(self.error)
        else:
            task.return_boolean(True)
        return GLib.SOURCE_REMOVE


def make_token_auth(account, first):
    credentials = Smtp.Credentials.new('user', None)
    credentials.set_access_token(first)
    credentials.connect('refresh', account.on_refresh)
    return Smtp.AutoAuth.new_for_credentials(credentials)


def test_refresh(t):
    account = Account('secret')
    sign_in(t, make_token_auth(account, 'expired'), 'PLAIN', 'XOAUTH2')
    equal((account.asked, tried(t)), (1, ['XOAUTH2', 'XOAUTH2']))


def test_first_token(t):
    account = Account('secret')
    sign_in(t, make_token_auth(account, None), 'OAUTHBEARER')
    equal((account.asked, tried(t)), (1, ['OAUTHBEARER']))


def test_refresh_in_vain(t):
    account = Account('expired-too')
    auth = make_token_auth(account, 'expired')
    t.open(auth_mechanisms=['XOAUTH2'])
    expect_smtp_error(Smtp.ClientError.AUTH_REJECTED, t.call, 'authenticate', auth)
    equal((account.asked, tried(t)), (1, ['XOAUTH2', 'XOAUTH2']))
    failure = auth.get_failure()
    equal((failure.get_status(), failure.get_scope()), ('invalid_token', 'https://mail.test.example/'))
    assert 'expired' not in t.text()


def test_refresh_fails(t):
    account = Account(None, GLib.Error.new_literal(Gio.io_error_quark(), 'no account', Gio.IOErrorEnum.NOT_FOUND))
    t.open(auth_mechanisms=['XOAUTH2'])
    expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND,
                 t.call, 'authenticate', make_token_auth(account, None))
    equal(tried(t), [])


class OwnCredentials(Smtp.Credentials):
    """The same as a subclass."""

    asked = 0

    def do_refresh(self, task):
        self.asked += 1
        self.set_access_token('secret')
        task.return_boolean(True)
        return True


def test_own_credentials(t):
    credentials = OwnCredentials(username='user')
    sign_in(t, Smtp.AutoAuth.new_for_credentials(credentials), 'XOAUTH2')
    equal(credentials.asked, 1)


# ---- a mechanism of one's own that begins anew -------------------------------------

class Persistent(Smtp.Auth):
    """Guesses, and is told by the credentials when it was wrong."""

    def __init__(self, **properties):
        super().__init__(**properties)
        self.failures = []

    def do_start(self, server):
        return True, 'PLAIN', GLib.Bytes.new(b'\0user\0guess') if not self.failures else self.answer()

    def answer(self):
        credentials = self.get_credentials()
        password = credentials.dup_password().get_data()
        return GLib.Bytes.new(b'\0' + credentials.props.username.encode() + b'\0' + password)

    def do_next(self, challenge, more):
        return True, None

    def do_retry(self, server, failure):
        assert server.get_name() == '127.0.0.1'
        self.failures.append(failure)
        return len(self.failures) == 1


def test_retry(t):
    auth = Persistent(credentials=Smtp.Credentials.new('user', 'secret'))
    sign_in(t, auth, 'PLAIN')
    equal(tried(t), ['PLAIN', 'PLAIN'])
    assert auth.failures[0].matches(Smtp.client_error_quark(), Smtp.ClientError.AUTH_REJECTED)


def test_retry_in_vain(t):
    auth = Persistent(credentials=Smtp.Credentials.new('user', 'another guess'))
    t.open(auth_mechanisms=['PLAIN'])
    expect_smtp_error(Smtp.ClientError.AUTH_REJECTED, t.call, 'authenticate', auth)
    equal(len(auth.failures), 2)


sys.exit(main(sys.modules[__name__]))
