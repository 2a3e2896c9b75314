# SPDX-License-Identifier: LGPL-2.1-or-later

"""A TLS session that one client object accepted, resumed by another.

GIO resumes sessions across objects, with the errors somebody accepted and
without asking again. Its own server side issues no TLS 1.3 tickets, and it
resumes nothing in a GLib test program: hence Python, with Python's server.
"""

import os
import socket
import ssl
import sys
import threading

import gi
gi.require_version('Smtp', '1.0')
from gi.repository import Gio, GLib, Smtp


class Server(threading.Thread):
    """Accepts anything, and remembers which sessions were resumed."""

    def __init__(self, certificate):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.reused = []
        self.lines = []

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            try:
                self.serve(self.context.wrap_socket(connection, server_side=True))
            except OSError:
                pass

    def serve(self, connection):
        self.reused.append(connection.session_reused)
        stream = connection.makefile('rwb')
        stream.write(b'220 ready\r\n')
        stream.flush()
        for line in stream:
            self.lines.append(line)
            stream.write(b'221 bye\r\n' if line.startswith(b'QUIT') else b'250 ok\r\n')
            stream.flush()
            if line.startswith(b'QUIT'):
                break
        connection.close()


def call(client, asynchronous, name):
    if not asynchronous:
        return getattr(client, name)(None)
    loop = GLib.MainLoop()
    outcome = []

    def done(source, result):
        try:
            outcome.append(getattr(source, name + '_finish')(result))
        except GLib.Error as error:
            outcome.append(error)
        loop.quit()

    getattr(client, name + '_async')(None, done)
    loop.run()
    if isinstance(outcome[0], GLib.Error):
        raise outcome[0]
    return outcome[0]


def session(server, asynchronous, answer):
    """Opens and ends a session; returns how often it was asked, and the error."""
    asked = []

    def on_accept(client, certificate, errors):
        asked.append(errors)
        return answer

    client = Smtp.Client.new('127.0.0.1', server.port, Smtp.Security.TLS)
    client.props.timeout = 10
    client.connect('accept-certificate', on_accept)
    try:
        call(client, asynchronous, 'open')
        call(client, asynchronous, 'noop')
        call(client, asynchronous, 'quit')
        return len(asked), None
    except GLib.Error as error:
        return len(asked), error


def check(asynchronous):
    server = Server(os.path.join(os.path.dirname(__file__), 'client.pem'))
    server.start()
    assert session(server, asynchronous, True) == (1, None)
    before = len(server.lines)
    asked, error = session(server, asynchronous, False)
    assert asked == 1, 'nobody was asked'
    assert error is not None and error.matches(Gio.tls_error_quark(), Gio.TlsError.BAD_CERTIFICATE), error
    assert session(server, asynchronous, True) == (1, None)
    # The server may not have come as far as to see the refused one.
    assert not server.reused[0] and server.reused[-1], 'no session was resumed: %s' % server.reused
    assert server.lines[before].startswith(b'EHLO') and len(server.lines) == before + 3, server.lines


def main():
    failed = False
    print('1..2')
    for number, asynchronous in enumerate((False, True), 1):
        name = 'resumption/' + ('async' if asynchronous else 'sync')
        try:
            check(asynchronous)
            print('ok %d - %s' % (number, name), flush=True)
        except AssertionError as error:
            failed = True
            print('not ok %d - %s: %s' % (number, name, error), flush=True)
    sys.exit(failed)


main()
