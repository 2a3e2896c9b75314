#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Sends a message with an attachment, step by step."""

import argparse
import email.message
import email.utils
import mimetypes
import os
import sys

import gi
gi.require_version('Smtp', '1.0')
from gi.repository import Gio, GLib, Smtp

def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--user', help='sign in; the password or the token is read from SMTP_PASSWORD')
    parser.add_argument('--auth', metavar='MECHANISM',
                        help='scram-sha-256, plain, oauthbearer, gssapi …; without it, the strongest there is')
    parser.add_argument('--ca', metavar='FILE', help='trust the certificates in this file')
    parser.add_argument('--from', dest='sender', required=True, metavar='ADDRESS')
    parser.add_argument('--to', action='append', required=True, metavar='ADDRESS')
    parser.add_argument('--subject', default='A message from smtp-glib')
    parser.add_argument('--attach', metavar='FILE')
    parser.add_argument('--security', choices=('none', 'opportunistic', 'starttls', 'tls'))
    parser.add_argument('--transcript', action='store_true', help='show the conversation')
    parser.add_argument('uri', metavar='URI', help='smtp://, submission:// or smtps:// and a host')
    return parser.parse_args()

def build_message(arguments):
    message = email.message.EmailMessage()
    message['From'] = arguments.sender
    message['To'] = ', '.join(arguments.to)
    message['Subject'] = arguments.subject
    message['Date'] = email.utils.localtime()
    message.set_content('Sent by smtp-glib, from Python.\n')
    if arguments.attach:
        kind = mimetypes.guess_type(arguments.attach)[0] or 'application/octet-stream'
        with open(arguments.attach, 'rb') as file:
            message.add_attachment(file.read(), *kind.split('/'), filename=os.path.basename(arguments.attach))
    return bytes(message)

def create_client(arguments):
    client = Smtp.Client.new_for_uri(arguments.uri)
    if arguments.security:
        client = Smtp.Client.new(client.props.host, client.props.port,
                                 getattr(Smtp.Security, arguments.security.upper()))
    if arguments.ca:
        client.set_tls_database(Gio.TlsFileDatabase.new(os.path.abspath(arguments.ca)))
    if arguments.transcript:
        client.connect('transcript', lambda client, direction, text:
                       print('C:' if direction == Smtp.Direction.SENT else 'S:', text))
    return client

def create_auth(arguments, host):
    secret = os.environ.get('SMTP_PASSWORD')
    is_token = 'oauth' in (arguments.auth or '')
    credentials = Smtp.Credentials.new(arguments.user, None if is_token else secret)
    credentials.set_host(host)
    if is_token:
        credentials.set_access_token(secret)
    if arguments.auth is None:
        return Smtp.AutoAuth.new_for_credentials(credentials)
    return Smtp.Auth.create(arguments.auth.upper(), credentials)

def create_message(arguments):
    content = build_message(arguments)
    message = Smtp.Message.new(arguments.sender)
    for recipient in arguments.to:
        message.add_recipient(recipient)
    message.set_content_bytes(GLib.Bytes.new(content))
    if sys.stderr.isatty():
        message.connect('notify::bytes-sent', show_progress, len(content))
    return message

def show_progress(message, pspec, length):
    sent = message.props.bytes_sent
    print('\r%3d %%' % (100 * sent // length), end='\n' if sent == length else '', file=sys.stderr)

def send(arguments):
    message = create_message(arguments)
    client = create_client(arguments)
    client.open(None)
    if arguments.user:
        client.authenticate(create_auth(arguments, client.props.server_name), None)
    client.send(message, None)
    print('Accepted:', message.props.reply.get_text())
    for recipient in message.props.recipients:
        if not recipient.props.accepted:  # the others have it
            print('Not for %s: %s' % (recipient.props.address, recipient.props.reply.get_text()))
    client.quit(None)

def main():
    try:
        send(parse_arguments())
    except GLib.Error as error:
        print(error.message, file=sys.stderr)
        if error.matches(Smtp.client_error_quark(), Smtp.ClientError.OUTCOME_UNKNOWN):
            print('Look whether it arrived before you send it again.', file=sys.stderr)
        return 1
    return 0

sys.exit(main())
