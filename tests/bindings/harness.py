# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the tests in Python have in common. Each scenario runs twice: with the
synchronous calls and with the asynchronous ones."""

import sys
import traceback

import gi
gi.require_version('Smtp', '1.0')
gi.require_version('SmtpTest', '1.0')
from gi.repository import Gio, GLib, Smtp, SmtpTest

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


def main(module, skipped={}):
    """Runs the test_ functions of a module, or those that the command line
    names; returns what to exit with."""
    scenarios = [(name[5:].replace('_', '-'), f) for name, f in vars(module).items() if name.startswith('test_')]
    only = sys.argv[1:]
    cases = [('%s/%s' % (name, form), f, form == 'async') for name, f in scenarios
             for form in ('sync', 'async') if not only or name in only]
    sys.excepthook = lambda *args: print('# expected:', args[1])  # what PyGObject reports
    failed = 0
    print('1..%d' % len(cases))
    for number, (name, scenario, asynchronous) in enumerate(cases, 1):
        if name in skipped:
            print('ok %d - %s # SKIP %s' % (number, name, skipped[name]), flush=True)
            continue
        ok = run(name, scenario, asynchronous)
        failed += not ok
        print('%s %d - %s' % ('ok' if ok else 'not ok', number, name), flush=True)
    return failed != 0
