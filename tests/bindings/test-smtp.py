# SPDX-License-Identifier: LGPL-2.1-or-later

"""The library from Python. Each scenario runs twice: with the synchronous
calls and with the asynchronous ones."""

import base64
import gc
import os
import socket
import sys
import traceback

import gi
gi.require_version('Smtp', '1.0')
gi.require_version('SmtpTest', '1.0')
from gi.repository import Gio, GLib, GObject, Smtp, SmtpTest

CONTENT = b'Subject: test\r\n\r\nbody\r\n'
WAIT = 10000
STARTTLS = dict(tls_mode=SmtpTest.Tls.STARTTLS)


# ---- calling ----------------------------------------------------------------

class Test:
    """A server, its client, and calls in one of the two forms."""

    def __init__(self, asynchronous):
        self.asynchronous = asynchronous
        self.server = SmtpTest.Server.new()
        self.client = None
        self.transcript = []
        self.states = []

    def serve(self, **properties):
        for name, value in properties.items():
            self.server.set_property(name, value)
        self.server.start()

    def watch(self, client):
        client.props.timeout = 10
        client.connect('transcript', lambda client, direction, text: self.transcript.append((direction, text)))
        client.connect('notify::state', lambda client, pspec: self.states.append(client.props.state))
        self.client = client
        return client

    def new_client(self, security=Smtp.Security.NONE):
        return self.watch(Smtp.Client.new('127.0.0.1', self.server.get_port(), security))

    def open(self, **properties):
        self.serve(**properties)
        self.new_client()
        self.call('open')

    def run(self, function, finish, *args):
        """Calls an asynchronous function and waits for its result."""
        results = []
        function(*args, lambda source, result: results.append(result))
        while not results:
            GLib.MainContext.default().iteration(True)
        return finish(results[0])

    def call(self, name, *args, cancellable=None):
        """A method of the client."""
        client = self.client
        if not self.asynchronous:
            return getattr(client, name)(*args, cancellable)
        return self.run(getattr(client, name + '_async'), getattr(client, name + '_finish'), *args, cancellable)

    def write(self, stream, content):
        if not self.asynchronous:
            return stream.write_all(content, None)
        while content:  # write_all_async() does not keep a binding's array
            n = self.run(stream.write_bytes_async, stream.write_bytes_finish,
                         GLib.Bytes.new(content), GLib.PRIORITY_DEFAULT, None)
            content = content[n:]

    def close(self, stream, cancellable=None):
        if not self.asynchronous:
            return stream.close(cancellable)
        return self.run(stream.close_async, stream.close_finish, GLib.PRIORITY_DEFAULT, cancellable)

    def splice(self, stream, source):
        flags = Gio.OutputStreamSpliceFlags.CLOSE_SOURCE | Gio.OutputStreamSpliceFlags.CLOSE_TARGET
        if not self.asynchronous:
            return stream.splice(source, flags, None)
        return self.run(stream.splice_async, stream.splice_finish, source, flags, GLib.PRIORITY_DEFAULT, None)

    def begin_content(self):
        self.call('mail', 'sender@example.org', None)
        self.call('rcpt', 'recipient@example.net', None)
        return self.call('data')

    def send(self, content=CONTENT):
        stream = self.begin_content()
        self.write(stream, content)
        self.close(stream)

    def text(self):
        return '\n'.join(text for direction, text in self.transcript)


def expect_error(domain, code, call, *args, **named):
    """Returns the error that the call must end with."""
    try:
        call(*args, **named)
    except GLib.Error as error:
        assert error.matches(domain, code), '%s %d: %s' % (error.domain, error.code, error.message)
        return error
    raise AssertionError('no error')


def expect_smtp_error(code, call, *args, **named):
    return expect_error(Smtp.client_error_quark(), code, call, *args, **named)


def expect_no_message(t):
    assert t.server.wait_for_closed(1, WAIT), 'the session goes on'
    assert t.server.get_n_messages() == 0, 'a message was delivered'


def expect_clean(text):
    """Text, and nothing that could move a terminal's cursor."""
    for c in text:
        assert ord(c) >= 32 and not 127 <= ord(c) < 160, repr(text)


# ---- messages ---------------------------------------------------------------

def test_message(t):
    t.open()
    t.send(b'Subject: dots\r\n\r\n.\r\n..two\r\n.one\r\nlast\r\n.')
    message = t.server.get_message(0)
    assert message.get_content().get_data() == b'Subject: dots\r\n\r\n.\r\n..two\r\n.one\r\nlast\r\n.\r\n'
    assert message.get_sender() == 'sender@example.org'
    assert message.get_recipients() == ['recipient@example.net']
    t.call('quit')
    assert t.server.wait_for_closed(1, WAIT)


def test_send_mail(t):
    t.serve(auth_mechanisms=['PLAIN'])
    arguments = (t.server.get_uri(), Smtp.PlainAuth.new(None, 'user', 'secret', '127.0.0.1'),
                 'a@b.example', ['c@d.example', 'e@f.example'], GLib.Bytes.new(b'.\r\nno newline'), None)
    if t.asynchronous:
        assert t.run(Smtp.send_mail_async, Smtp.send_mail_finish, *arguments)
    else:
        assert Smtp.send_mail(*arguments)
    message = t.server.get_message(0)
    assert message.get_content().get_data() == b'.\r\nno newline\r\n'
    assert message.get_recipients() == ['c@d.example', 'e@f.example']
    assert message.get_authenticated_as() == 'user'


def test_stream_dropped(t):
    t.open()
    stream = t.begin_content()
    t.write(stream, CONTENT)
    del stream
    gc.collect()
    expect_no_message(t)
    assert t.client.props.state == Smtp.ClientState.BROKEN


def test_failing_source(t):
    t.open()
    stream = t.begin_content()
    t.write(stream, CONTENT)
    source = Gio.UnixInputStream.new(os.open('/', os.O_RDONLY), True)
    expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.IS_DIRECTORY, t.splice, stream, source)
    expect_no_message(t)


def test_closed_source(t):
    t.open()
    stream = t.begin_content()
    t.write(stream, CONTENT)
    source = Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(CONTENT))
    source.close(None)
    expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.CLOSED, t.splice, stream, source)
    del stream  # GIO refused without asking it
    gc.collect()
    expect_no_message(t)


class RaisingStream(Gio.InputStream):
    def do_read_fn(self, *args):
        raise GLib.Error.new_literal(Gio.io_error_quark(), 'no more', Gio.IOErrorEnum.NO_SPACE)


def test_raising_source(t):
    t.open()
    stream = t.begin_content()
    t.write(stream, CONTENT)
    expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.NO_SPACE, t.splice, stream, RaisingStream())
    expect_no_message(t)


def test_cancelled_close(t):
    t.open()
    stream = t.begin_content()
    t.write(stream, CONTENT)
    cancellable = Gio.Cancellable()
    cancellable.cancel()
    expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED, t.close, stream, cancellable)
    expect_no_message(t)


def test_outcome_unknown(t):
    t.open()
    t.server.script_drop('.', 0, True)
    stream = t.begin_content()
    t.write(stream, CONTENT)
    expect_smtp_error(Smtp.ClientError.OUTCOME_UNKNOWN, t.close, stream)
    assert t.server.wait_for_messages(1, WAIT)


def test_injection(t):
    t.open()
    before = t.server.get_bytes_received()
    invalid = Smtp.ClientError.INVALID_ARGUMENT
    expect_smtp_error(invalid, t.call, 'mail', 'a@b.example> SIZE=1', None)
    expect_smtp_error(invalid, t.call, 'mail', 'a@b.example\r\nRSET', None)
    expect_smtp_error(invalid, t.call, 'mail', 'a@b.example', ['SIZE=1 BODY=7BIT'])
    expect_smtp_error(invalid, t.call, 'command', 'NOOP\r\nRSET')
    assert t.server.get_bytes_received() == before
    t.call('mail', 'a@b.example', ['SIZE=1'])
    assert 'MAIL FROM:<a@b.example> SIZE=1 BODY=8BITMIME' in t.server.get_commands()
    assert 'RSET' not in t.server.get_commands()


# ---- connections ------------------------------------------------------------

def test_capabilities(t):
    t.open(extensions=['SIZE 1000', 'X-OWN a b', '8bitmime'])
    capabilities = t.client.props.capabilities
    assert capabilities.list() == ['SIZE', 'X-OWN', '8BITMIME'], capabilities.list()
    assert capabilities.get_size() == 1000
    assert capabilities.has('x-own') and not capabilities.has('PIPELINING')
    assert t.client.get_extension('x-own') == (True, 'a b')
    assert t.client.get_extension('PIPELINING') == (False, None)


def test_signals(t):
    t.open(auth_mechanisms=['PLAIN', 'LOGIN'])
    t.call('authenticate', Smtp.LoginAuth.new('user', 'secret', '127.0.0.1'))
    t.send()
    t.call('quit')
    s = Smtp.ClientState
    assert t.states == [s.OPENING, s.READY, s.MAIL, s.RCPT, s.DATA, s.READY, s.CLOSED], t.states
    assert (Smtp.Direction.SENT, 'QUIT') in t.transcript
    assert t.transcript[0] == (Smtp.Direction.RECEIVED, '220 test.example ESMTP ready'), t.transcript[0]
    for form in ('secret', base64.b64encode(b'secret').decode()):
        assert form not in t.text(), t.text()


def test_strange_reply(t):
    t.open()
    t.server.script_reply('NOOP', GLib.Bytes.new(b'250 a\xffb\0c\x1b[2Jd\x07\xc2\x9be\r\n'), 0)
    t.call('noop')
    text = t.client.props.last_reply.get_text()
    assert text.startswith('a') and text.endswith('e'), text
    expect_clean(text)
    t.server.script_reply('NOOP', GLib.Bytes.new(b'550 a\xffb\0c\x1b[2Jd\x07\xc2\x9be\r\n'), 0)
    error = expect_smtp_error(Smtp.ClientError.REFUSED_PERMANENT, t.call, 'noop')
    assert text in error.message, error.message
    expect_clean(error.message)
    assert t.transcript[-1][1].endswith(text), t.transcript[-1]
    expect_clean(t.transcript[-1][1])


def test_for_stream(t):
    t.serve()
    ends = [Gio.SocketConnection(socket=Gio.Socket.new_from_fd(s.detach())) for s in socket.socketpair()]
    t.server.accept_stream(ends[1])
    client = t.watch(Smtp.Client.new_for_stream(ends[0], 'test.example'))
    assert client.props.stream == ends[0] and client.props.server_name == 'test.example'
    t.call('open')
    t.send()
    assert t.server.get_message(0).get_content().get_data() == CONTENT
    t.call('quit')


def test_pending(t):
    t.open()
    t.server.script_delay('NOOP', 100, 0)
    results = []
    t.client.noop_async(None, lambda client, result: results.append(result))
    expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.PENDING, t.call, 'reset')
    while not results:
        GLib.MainContext.default().iteration(True)
    assert t.client.noop_finish(results[0])
    assert 'RSET' not in t.server.get_commands()


def test_error_codes(t):
    t.serve()
    t.new_client()
    error = expect_smtp_error(Smtp.ClientError.STATE, t.call, 'noop')
    assert error.domain == GLib.quark_to_string(Smtp.client_error_quark())
    assert not error.matches(Smtp.client_error_quark(), Smtp.ClientError.BROKEN)
    assert not error.matches(Gio.io_error_quark(), Smtp.ClientError.STATE)
    t.call('open')
    t.server.script_reply_text('MAIL', '452 4.3.1 later')
    error = expect_smtp_error(Smtp.ClientError.REFUSED_TEMPORARY, t.call, 'mail', 'a@b.example', None)
    assert '452 4.3.1 later' in error.message and '127.0.0.1' in error.message
    assert t.client.props.last_reply.get_enhanced_code() == '4.3.1'


# ---- TLS --------------------------------------------------------------------

def test_starttls(t):
    t.serve(**STARTTLS)
    database = t.server.create_database()
    t.new_client(Smtp.Security.STARTTLS).props.tls_database = database
    assert t.client.props.tls_database == database
    t.call('open')
    assert t.client.props.tls_connection.get_peer_certificate() is not None
    t.send()
    assert t.server.get_message(0).get_tls()
    t.call('quit')


def open_asking(t, answer):
    """A new client that is asked; returns how often, and the error."""
    asked = []

    def on_accept(client, certificate, errors):
        assert isinstance(certificate, Gio.TlsCertificate)
        asked.append(errors)
        return answer

    t.new_client(Smtp.Security.STARTTLS).connect('accept-certificate', on_accept)
    try:
        t.call('open')
    except GLib.Error as error:
        return asked, error
    return asked, None


def test_certificate_accepted(t):
    t.serve(**STARTTLS)
    asked, error = open_asking(t, True)
    assert error is None and len(asked) == 1, error
    assert asked[0] & Gio.TlsCertificateFlags.UNKNOWN_CA
    t.send()
    assert t.server.get_message(0).get_tls()


def test_certificate_refused(t):
    t.serve(**STARTTLS)
    asked, error = open_asking(t, False)
    assert len(asked) == 1
    assert error.matches(Gio.tls_error_quark(), Gio.TlsError.BAD_CERTIFICATE), error
    assert t.client.props.state == Smtp.ClientState.BROKEN


def test_certificate_asked_again(t):
    """What one client accepted is not accepted for another: tests/net has the
    same with a server that certainly resumes the session."""
    t.serve(**STARTTLS)
    assert open_asking(t, True)[1] is None
    t.call('noop')
    t.call('quit')
    asked, error = open_asking(t, False)
    assert len(asked) == 1, 'nobody was asked'
    assert error.matches(Gio.tls_error_quark(), Gio.TlsError.BAD_CERTIFICATE), error


# ---- AUTH -------------------------------------------------------------------

def open_for_auth(t, *mechanisms):
    t.open(auth_mechanisms=mechanisms)
    t.client.props.stay_open_after_refusal = True


def sign_in(t, mechanism, auth):
    open_for_auth(t, mechanism)
    t.call('authenticate', auth)
    assert t.client.props.authenticated
    t.send()
    assert t.server.get_message(0).get_authenticated_as() == 'user'


def test_plain(t):
    sign_in(t, 'PLAIN', Smtp.PlainAuth.new(None, 'user', 'secret', '127.0.0.1'))


def test_login(t):
    sign_in(t, 'LOGIN', Smtp.LoginAuth.new('user', 'secret', '127.0.0.1'))


def test_cram_md5(t):
    sign_in(t, 'CRAM-MD5', Smtp.CramMd5Auth.new('user', 'secret'))


def test_wrong_password(t):
    open_for_auth(t, 'PLAIN', 'LOGIN', 'CRAM-MD5')
    for auth in (Smtp.PlainAuth.new(None, 'user', 'wrong', '127.0.0.1'),
                 Smtp.LoginAuth.new('user', 'wrong', '127.0.0.1'),
                 Smtp.CramMd5Auth.new('user', 'wrong')):
        expect_smtp_error(Smtp.ClientError.AUTH_REJECTED, t.call, 'authenticate', auth)
        assert not t.client.props.authenticated


def test_refusal_closes(t):
    t.open(auth_mechanisms=['PLAIN'])
    auth = Smtp.PlainAuth.new(None, 'user', 'wrong', '127.0.0.1')
    expect_smtp_error(Smtp.ClientError.AUTH_REJECTED, t.call, 'authenticate', auth)
    expect_smtp_error(Smtp.ClientError.BROKEN, t.call, 'mail', 'a@b.example', None)
    assert t.server.wait_for_closed(1, WAIT)


class OwnPlain(Smtp.Auth):
    """PLAIN, written by hand."""

    def do_start(self, server):
        assert server.get_name() == '127.0.0.1' and server.has_mechanism('PLAIN')
        return True, 'PLAIN', None

    def do_next(self, challenge, more):
        return True, GLib.Bytes.new(b'\0user\0secret') if more else None


def test_own_auth(t):
    sign_in(t, 'PLAIN', OwnPlain())


class Prepared(OwnPlain):
    """Gets ready later, on the context it was asked on."""

    error = None

    def do_prepare(self, server, task):
        source = GLib.Timeout(5)
        source.set_callback(self.on_ready, task)
        source.attach(task.get_context())

    def on_ready(self, task):
        if self.error is not None:
            task.return_error(self.error)
        else:
            task.return_boolean(True)
        return GLib.SOURCE_REMOVE


def test_prepare(t):
    sign_in(t, 'PLAIN', Prepared())


def test_prepare_fails(t):
    open_for_auth(t, 'PLAIN')
    auth = Prepared()
    auth.error = GLib.Error.new_literal(Gio.io_error_quark(), 'no token', Gio.IOErrorEnum.NOT_FOUND)
    expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND, t.call, 'authenticate', auth)
    assert not any(command.startswith('AUTH') for command in t.server.get_commands())


class Thoughtful(Prepared):
    """Takes its time before an answer."""

    challenges = 0

    def do_prepare(self, server, task):
        task.return_boolean(True)

    def do_prepare_next(self, challenge, task):
        self.challenges += 1
        Prepared.do_prepare(self, None, task)


def test_prepare_next(t):
    auth = Thoughtful()
    sign_in(t, 'PLAIN', auth)
    assert auth.challenges == 1


def test_prepare_next_fails(t):
    open_for_auth(t, 'PLAIN')
    auth = Thoughtful()
    auth.error = GLib.Error.new_literal(Gio.io_error_quark(), 'no card', Gio.IOErrorEnum.NOT_FOUND)
    expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND, t.call, 'authenticate', auth)
    assert '*' in t.server.get_commands()


class Failing(Smtp.Auth):
    """Raises what it is told to, where it is told to."""

    def __init__(self, in_start=None, in_next=None):
        super().__init__()
        self.in_start = in_start
        self.in_next = in_next

    def do_start(self, server):
        if self.in_start is not None:
            raise self.in_start
        return True, 'PLAIN', None

    def do_next(self, challenge, more):
        raise self.in_next


OWN_ERROR = GLib.Error.new_literal(Gio.io_error_quark(), 'on purpose', Gio.IOErrorEnum.NOT_FOUND)


def test_start_fails(t):
    open_for_auth(t, 'PLAIN')
    before = t.server.get_bytes_received()
    error = expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND,
                         t.call, 'authenticate', Failing(in_start=OWN_ERROR))
    assert 'on purpose' in error.message
    expect_smtp_error(Smtp.ClientError.AUTH_UNAVAILABLE,
                      t.call, 'authenticate', Failing(in_start=RuntimeError('on purpose')))
    assert t.server.get_bytes_received() == before
    t.call('noop')


def next_fails(t, exception, domain, code):
    open_for_auth(t, 'PLAIN')
    expect_error(domain, code, t.call, 'authenticate', Failing(in_next=exception))
    assert not t.client.props.authenticated
    assert '*' in t.server.get_commands(), t.server.get_commands()
    t.call('noop')


def test_next_fails(t):
    next_fails(t, OWN_ERROR, Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND)


def test_next_raises(t):
    next_fails(t, RuntimeError('on purpose'), Smtp.client_error_quark(), Smtp.ClientError.AUTH_UNAVAILABLE)


class Binary(Smtp.Auth):
    challenge = None
    OCTETS = bytes(range(256))

    def do_start(self, server):
        return True, 'X-BINARY', GLib.Bytes.new(b'\0first\0')

    def do_next(self, challenge, more):
        if more:
            self.challenge = challenge.get_data()
        return True, GLib.Bytes.new(self.OCTETS)


def test_binary(t):
    open_for_auth(t, 'X-BINARY')
    encoded = base64.b64encode(Binary.OCTETS).decode()
    t.server.script_reply_text('AUTH', '334 ' + encoded)
    t.server.script_reply_text('AUTH-RESPONSE', '235 2.7.0 yes')
    auth = Binary()
    t.call('authenticate', auth)
    assert auth.challenge == Binary.OCTETS
    commands = t.server.get_commands()
    assert 'AUTH X-BINARY ' + base64.b64encode(b'\0first\0').decode() in commands, commands
    assert encoded in commands, commands
    assert t.client.props.authenticated


# ---- whole messages ---------------------------------------------------------

EVERYTHING = ['PIPELINING', '8BITMIME', 'SIZE 1000000', 'CHUNKING', 'BINARYMIME', 'SMTPUTF8', 'DSN', 'DELIVERBY',
              'MT-PRIORITY', 'FUTURERELEASE 100000 2099-01-01T00:00:00Z', 'RRVS', 'AUTH PLAIN', 'X-OWN']


def new_message(recipients=1, content=CONTENT):
    message = Smtp.Message.new('sender@example.org')
    for i in range(recipients):
        message.add_recipient('user%d@example.net' % i)
    message.set_content_bytes(GLib.Bytes.new(content))
    return message


MESSAGE_PROPERTIES = {
    'recipient_policy': Smtp.Recipients.ALL,
    'body': Smtp.Body.BINARYMIME,
    'dsn_return': Smtp.DsnReturn.HEADERS,
    'envelope_id': 'QQ314159',
    'authenticated_sender': 'real@example.org',
    'deliver_by': Smtp.DeliverBy.NOTIFY,
    'deliver_within': -120,
    'deliver_trace': True,
    'priority': -3,
    'hold_for': 3600,
    'require_tls': True,
    'allow_8bit': True,
    'allow_long_lines': True,
    'content_is_canonical': True,
}


def test_message_properties(t):
    message = new_message()
    for name, value in MESSAGE_PROPERTIES.items():
        getattr(message, 'set_' + name)(value)
        assert getattr(message, 'get_' + name)() == value, name
        assert getattr(message.props, name) == value, name
    other = new_message()
    for name, value in MESSAGE_PROPERTIES.items():
        setattr(other.props, name, value)
        assert getattr(other, 'get_' + name)() == value, name
    for name in ('envelope_id', 'authenticated_sender'):
        getattr(message, 'set_' + name)(None)
        assert getattr(message, 'get_' + name)() is None, name
    until = GLib.DateTime.new_utc(2040, 1, 2, 3, 4, 5)
    message.set_hold_until(until)
    assert message.dup_hold_until().equal(until) and message.props.hold_until.equal(until)
    message.set_hold_until(None)
    assert message.dup_hold_until() is None
    assert message.get_sender() == 'sender@example.org' == message.props.sender


def test_recipient_properties(t):
    message = new_message(2)
    recipients = message.get_recipients()
    assert [r.get_address() for r in recipients] == ['user0@example.net', 'user1@example.net']
    assert len(message.props.recipients) == 2 and recipients.get_item_type() == Smtp.Recipient.__gtype__
    recipient = message.add_recipient('third@example.net')
    assert recipients[2] is recipient and not recipient.get_accepted() and recipient.get_reply() is None
    notify = Smtp.DsnNotify.SUCCESS | Smtp.DsnNotify.DELAY
    recipient.set_dsn_notify(notify)
    assert recipient.get_dsn_notify() == notify == recipient.props.dsn_notify
    recipient.props.original_recipient = 'rfc822;first@example.net'
    assert recipient.get_original_recipient() == 'rfc822;first@example.net'
    since = GLib.DateTime.new_utc(2020, 1, 2, 3, 4, 5)
    recipient.props.valid_since = since
    assert recipient.dup_valid_since().equal(since)


def test_envelope(t):
    t.open(extensions=EVERYTHING)
    message = new_message(content='Subject: é\r\n\r\n'.encode())
    message.set_dsn_return(Smtp.DsnReturn.FULL)
    message.set_envelope_id('a+b')
    message.set_authenticated_sender('real@example.org')
    message.set_priority(3)
    message.set_deliver_by(Smtp.DeliverBy.RETURN)
    message.set_deliver_within(300)
    message.set_hold_for(60)
    message.add_parameter('X-OWN', 'value')
    recipient = message.get_recipients()[0]
    recipient.set_dsn_notify(Smtp.DsnNotify.SUCCESS | Smtp.DsnNotify.FAILURE)
    recipient.set_original_recipient('rfc822;first@example.net')
    recipient.set_valid_since(GLib.DateTime.new_utc(2020, 1, 2, 3, 4, 5))
    recipient.add_parameter('X-ALSO', None)
    assert t.call('send', message)
    mail, rcpt = [next(c for c in t.server.get_commands() if c.startswith(verb)) for verb in ('MAIL', 'RCPT')]
    for part in ('BODY=8BITMIME', 'SMTPUTF8', 'RET=FULL', 'ENVID=a+2Bb', 'AUTH=real@example.org', 'MT-PRIORITY=3',
                 'BY=300;R', 'HOLDFOR=60', 'X-OWN=value', 'SIZE='):
        assert ' ' + part in mail, (part, mail)
    for part in ('NOTIFY=SUCCESS,FAILURE', 'ORCPT=rfc822;first@example.net', 'RRVS=2020-01-02T03:04:05Z', 'X-ALSO'):
        assert ' ' + part in rcpt, (part, rcpt)


def expect_content(t, content):
    assert t.server.get_message(t.server.get_n_messages() - 1).get_content().get_data() == content


def test_accepted(t):
    t.open(extensions=EVERYTHING)
    message = new_message(2)
    progress = []
    message.connect('notify::bytes-sent', lambda message, pspec: progress.append(message.props.bytes_sent))
    assert t.call('send', message)
    assert message.props.outcome == Smtp.Outcome.ACCEPTED
    assert message.get_reply().get_code() == 250 and message.props.queue_id
    assert message.get_bytes_sent() == len(CONTENT) and progress[-1] == len(CONTENT)
    assert [(r.props.accepted, r.get_reply().get_code()) for r in message.get_recipients()] == [(True, 250)] * 2
    expect_content(t, CONTENT)


def test_sources(t):
    t.open(extensions=EVERYTHING)
    message = new_message()
    message.set_content_stream(Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(b'of a stream\n')), -1)
    assert t.call('send', message)
    expect_content(t, b'of a stream\r\n')
    file, stream = Gio.File.new_tmp('smtp-XXXXXX')
    stream.get_output_stream().write_all(b'of a file\r\n', None)
    stream.close(None)
    message.set_content_file(file)
    assert t.call('send', message)
    file.delete(None)
    expect_content(t, b'of a file\r\n')
    error = expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND, t.call, 'send', message)
    assert 'content' in error.message and message.props.outcome == Smtp.Outcome.NOT_SENT


def refuse_first(t, policy):
    t.server.script_reply_text('RCPT', '550 5.1.1 no such user')
    t.open(extensions=EVERYTHING)
    message = new_message(3)
    message.props.recipient_policy = policy
    return message


def test_partial(t):
    message = refuse_first(t, Smtp.Recipients.ANY)
    assert t.call('send', message)
    assert message.props.outcome == Smtp.Outcome.PARTIAL
    assert [r.props.accepted for r in message.get_recipients()] == [False, True, True]
    assert message.get_recipients()[0].get_reply().get_enhanced_code() == '5.1.1'
    assert t.server.get_message(0).get_recipients() == ['user1@example.net', 'user2@example.net']


def test_all_or_none(t):
    message = refuse_first(t, Smtp.Recipients.ALL)
    error = expect_smtp_error(Smtp.ClientError.REFUSED_PERMANENT, t.call, 'send', message)
    assert 'no such user' in error.message
    assert message.props.outcome == Smtp.Outcome.REJECTED and t.server.get_n_messages() == 0
    message.props.recipient_policy = Smtp.Recipients.ANY
    assert t.call('send', message) and t.server.get_n_messages() == 1


def test_content_refused(t):
    t.server.script_reply_text('.', '452 4.3.1 no room')
    t.open(extensions=['PIPELINING'])
    message = new_message()
    expect_smtp_error(Smtp.ClientError.REFUSED_TEMPORARY, t.call, 'send', message)
    assert message.props.outcome == Smtp.Outcome.REJECTED and message.props.reply.get_code() == 452


def test_not_offered(t):
    t.open(extensions=[])
    message = new_message()
    message.props.envelope_id = 'x'
    before = t.server.get_bytes_received()
    expect_smtp_error(Smtp.ClientError.NOT_SUPPORTED, t.call, 'send', message)
    assert message.props.outcome == Smtp.Outcome.NOT_SENT and t.server.get_bytes_received() == before


def test_lost_verdict(t):
    t.server.script_drop('.', 0, True)
    t.open(extensions=['PIPELINING'])
    message = new_message()
    expect_smtp_error(Smtp.ClientError.OUTCOME_UNKNOWN, t.call, 'send', message)
    assert message.props.outcome == Smtp.Outcome.UNKNOWN and message.props.reply is None


def test_queue(t):
    """Only the asynchronous call queues; the order is that of the calls."""
    t.open(extensions=EVERYTHING)
    t.client.props.window = 3
    t.client.props.pipeline_messages = True
    assert t.client.get_window() == 3 and t.client.get_pipeline_messages()
    contents = [b'number %d\r\n' % i for i in range(6)]
    messages = [new_message(content=content) for content in contents]
    if not t.asynchronous:
        for message in messages:
            assert t.call('send', message)
    else:
        done = []
        for i, message in enumerate(messages):
            t.client.send_async(message, None, lambda client, result, i: done.append((i, client.send_finish(result))), i)
        while len(done) < len(messages):
            GLib.MainContext.default().iteration(True)
        assert done == [(i, True) for i in range(6)], done
    assert [t.server.get_message(i).get_content().get_data() for i in range(6)] == contents
    assert all(message.props.outcome == Smtp.Outcome.ACCEPTED for message in messages)


# PyGObject returns 0 beside the error, and the thread that reads for GIO's
# asynchronous splice takes that for the end of the source: the error is lost
# before the library could see it.
SKIPPED = {'raising-source/async': 'GIO drops an error that comes with 0'}


# ---- running ----------------------------------------------------------------

def run(name, scenario, asynchronous):
    t = Test(asynchronous)
    try:
        scenario(t)
        return True
    except Exception:
        for line in traceback.format_exc().splitlines() + ['%s %s' % (d.value_nick, text) for d, text in t.transcript]:
            print('#', line)
        return False
    finally:
        t.client = None
        t.server.stop()


def main():
    scenarios = [(name[5:].replace('_', '-'), f) for name, f in globals().items() if name.startswith('test_')]
    only = sys.argv[1:]
    cases = [('%s/%s' % (name, form), f, form == 'async') for name, f in scenarios
             for form in ('sync', 'async') if not only or name in only]
    sys.excepthook = lambda *args: print('# expected:', args[1])  # what PyGObject reports
    failed = 0
    print('1..%d' % len(cases))
    for number, (name, scenario, asynchronous) in enumerate(cases, 1):
        if name in SKIPPED:
            print('ok %d - %s # SKIP %s' % (number, name, SKIPPED[name]), flush=True)
            continue
        ok = run(name, scenario, asynchronous)
        failed += not ok
        print('%s %d - %s' % ('ok' if ok else 'not ok', number, name), flush=True)
    return failed != 0


sys.exit(main())
