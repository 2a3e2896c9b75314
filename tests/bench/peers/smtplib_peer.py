#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Python's smtplib: an SMTP object for each connection, a thread for each more
than one. It sends content as a whole, so "stream" reads the file for each
message. See smtp-bench-client.c for the arguments."""

import resource
import smtplib
import ssl
import sys
import threading
import time

SENDER = 'sender@example.org'


def is_canonical(content):
    lines = content.count(b'\r\n')
    return content.count(b'\r') == content.count(b'\n') == lines


def to_content(octets):
    """Octets are sent as they are; of text, smtplib mends the ends of lines."""
    if is_canonical(octets):
        return octets
    try:
        return octets.decode('ascii')
    except UnicodeDecodeError:
        print('smtplib mends the ends of lines in ASCII only', file=sys.stderr)
        sys.exit(77)


class Peer:
    def __init__(self, arguments):
        get = dict(argument.split('=', 1) for argument in arguments if '=' in argument).get
        self.host = get('host', '127.0.0.1')
        self.port = int(get('port', '25'))
        self.n = int(get('n', '1'))
        self.conns = max(1, int(get('conns', '1')))
        self.fresh = get('mode') == 'fresh'
        self.tls = get('tls', 'none')
        self.path = get('msg')
        self.recipients = ['user%d@example.net' % i for i in range(max(1, int(get('rcpts', '1'))))]
        self.context = ssl.create_default_context(cafile=get('ca')) if self.tls != 'none' else None
        self.content = None if self.path and get('stream') == '1' else self.load()
        self.errors = []

    def load(self):
        if self.path is None:
            return b'Subject: bench\r\n\r\nx\r\n'
        with open(self.path, 'rb') as file:
            return to_content(file.read())

    def open(self):
        # Otherwise it would look its own name up for each connection.
        name = dict(local_hostname='localhost')
        if self.tls == 'implicit':
            return smtplib.SMTP_SSL(self.host, self.port, context=self.context, **name)
        smtp = smtplib.SMTP(self.host, self.port, **name)
        if self.tls == 'starttls':
            smtp.starttls(context=self.context)
        return smtp

    def send(self, smtp):
        content = self.load() if self.content is None else self.content
        refused = smtp.sendmail(SENDER, self.recipients, content)
        if refused:
            raise smtplib.SMTPRecipientsRefused(refused)

    def share(self, n):
        smtp = self.open()
        for i in range(n):
            if self.fresh and i > 0:
                smtp.quit()
                smtp = self.open()
            self.send(smtp)
        smtp.quit()

    def thread(self, n):
        try:
            self.share(n)
        except BaseException as error:
            self.errors.append(error)

    def run(self):
        shares = [self.n // self.conns + (i < self.n % self.conns) for i in range(self.conns)]
        if self.conns == 1:
            self.share(self.n)
            return
        threads = [threading.Thread(target=self.thread, args=(n,)) for n in shares if n > 0]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]


def main():
    peer = Peer(sys.argv[1:])
    before = resource.getrusage(resource.RUSAGE_SELF)
    begun = time.monotonic()
    try:
        peer.run()
    except (OSError, smtplib.SMTPException) as error:
        sys.exit('smtplib: %s' % error)
    wall = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_SELF)
    print('RESULT wall=%.6f user=%.6f sys=%.6f sent=%d'
          % (wall, after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime, peer.n))


main()
