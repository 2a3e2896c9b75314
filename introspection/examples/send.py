#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Sends a message with an attachment: the steps one by one, synchronously."""

import argparse
import mimetypes
import os
import sys
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, make_msgid

import gi

gi.require_version('Smtp', '1.0')
from gi.repository import Gio, GLib, Smtp

TEXT = 'Hello,\n\nthis was sent from Python, by smtp-glib. Grüße!\n'
PIECE = 64 * 1024


def parse_command_line():
    parser = argparse.ArgumentParser(description='Sends a message.')
    parser.add_argument('uri', metavar='URI', help='smtp://, submission:// or smtps:// with a host and a port')
    parser.add_argument('--user', metavar='NAME', help='authenticate as NAME, with the password in SMTP_PASSWORD')
    parser.add_argument('--auth', choices=['plain', 'login', 'cram-md5'], default='plain', help='how (default: plain)')
    parser.add_argument('--ca', metavar='FILE', help="trust the certificates in FILE (PEM) instead of the system's")
    parser.add_argument('--from', metavar='ADDRESS', required=True, dest='sender', help='the sender')
    parser.add_argument('--to', metavar='ADDRESS', required=True, action='append', help='a recipient; may be given again')
    parser.add_argument('--subject', metavar='TEXT', default='Hello', help='the subject')
    parser.add_argument('--attach', metavar='FILE', help='attach FILE')
    parser.add_argument('--security', choices=['none', 'opportunistic', 'starttls', 'tls'],
                        help='instead of what the URI says')
    parser.add_argument('--transcript', action='store_true', help='show the conversation with the server')
    options = parser.parse_args()
    if options.user is not None and 'SMTP_PASSWORD' not in os.environ:
        parser.error('--user needs the password in the environment variable SMTP_PASSWORD')
    return options


def make_message(options):
    message = EmailMessage(policy=SMTP)
    message['From'] = options.sender
    message['To'] = ', '.join(options.to)
    message['Subject'] = options.subject
    message['Date'] = localtime()
    message['Message-ID'] = make_msgid(domain=options.sender.rpartition('@')[2])
    # Every server takes seven bits.
    message.set_content(TEXT, cte='quoted-printable')

    if options.attach is not None:
        kind, encoding = mimetypes.guess_type(options.attach)
        if kind is None or encoding is not None:
            kind = 'application/octet-stream'
        maintype, subtype = kind.split('/')
        with open(options.attach, 'rb') as file:
            message.add_attachment(file.read(), maintype, subtype, filename=os.path.basename(options.attach))

    return message.as_bytes()


def on_transcript(_client, direction, text):
    print('C:' if direction == Smtp.Direction.SENT else 'S:', text)


def make_client(options):
    client = Smtp.Client.new_for_uri(options.uri)
    if options.security is not None:
        security = getattr(Smtp.Security, options.security.upper())
        client = Smtp.Client.new(client.props.host, client.props.port, security)
    if options.ca is not None:
        client.props.tls_database = Gio.TlsFileDatabase.new(options.ca)
    if options.transcript:
        client.connect('transcript', on_transcript)
    return client


def make_auth(options, host):
    # The host is told to whoever sends the password: it goes nowhere else.
    password = os.environ['SMTP_PASSWORD']
    if options.auth == 'login':
        return Smtp.LoginAuth.new(options.user, password, host)
    if options.auth == 'cram-md5':
        return Smtp.CramMd5Auth.new(options.user, password)
    return Smtp.PlainAuth.new(None, options.user, password, host)


def show_progress(done, length):
    if sys.stderr.isatty():
        print(f'\r{done * 100 // length} %', end='' if done < length else '\n', file=sys.stderr, flush=True)


def send_content(client, content):
    """Closing the stream sends the message, and its result is the verdict.

    Without the close, after an error, nothing is delivered.
    """
    stream = client.data()
    for start in range(0, len(content), PIECE):
        piece = content[start:start + PIECE]
        stream.write_all(piece)
        show_progress(start + len(piece), len(content))
    stream.close()


def send(options):
    content = make_message(options)
    client = make_client(options)

    client.open()
    if options.user is not None:
        client.authenticate(make_auth(options, client.props.host))

    # All of the recipients or none: the first refusal ends it.
    client.mail(options.sender)
    for recipient in options.to:
        client.rcpt(recipient)

    send_content(client, content)
    reply = client.props.last_reply.to_string()

    try:
        client.quit()
    except GLib.Error:
        pass  # The message is accepted: how the goodbye goes changes nothing.
    print('The server has accepted the message:', reply)


def main():
    options = parse_command_line()
    try:
        send(options)
    except OSError as error:
        sys.exit(f'send: {error}')
    except GLib.Error as error:
        print('send:', error.message, file=sys.stderr)
        if error.matches(Smtp.ClientError.quark(), Smtp.ClientError.OUTCOME_UNKNOWN):
            print('The message may have been delivered. Find out before sending it again: it could arrive twice.',
                  file=sys.stderr)
        sys.exit(1)


main()
