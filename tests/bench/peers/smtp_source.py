#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Postfix's load generator. It makes content of its own, with the file's body
giving its length, and it knows no TLS. See smtp-bench-client.c for the
arguments."""

import os
import resource
import shutil
import subprocess
import sys
import time

SENDER = 'sender@example.org'
RECIPIENT = 'user@example.net'  # numbered by smtp-source if there are more


def cannot(why):
    print(why, file=sys.stderr)
    sys.exit(77)


def body_length(path):
    """Headers are added to what smtp-source is told."""
    if path is None:
        return 3
    with open(path, 'rb') as file:
        content = file.read()
    ends = [content.find(end) + len(end) for end in (b'\r\n\r\n', b'\n\n') if end in content]
    return max(1, len(content) - min(ends, default=0))


def command(get):
    program = shutil.which('smtp-source', path=os.environ.get('PATH', '') + ':/usr/sbin:/usr/lib/postfix')
    if program is None:
        cannot('smtp-source is not installed')
    if get('tls', 'none') != 'none':
        cannot('smtp-source knows no TLS')
    reuse = [] if get('mode') == 'fresh' else ['-d']
    return [program, *reuse, '-f', SENDER, '-t', RECIPIENT, '-m', get('n', '1'), '-r', get('rcpts', '1'),
            '-s', get('conns', '1'), '-l', str(body_length(get('msg'))),
            'inet:%s:%s' % (get('host', '127.0.0.1'), get('port', '25'))]


def main():
    get = dict(argument.split('=', 1) for argument in sys.argv[1:] if '=' in argument).get
    arguments = command(get)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)  # of what exec()ed this
    begun = time.monotonic()
    status = subprocess.call(arguments, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - begun
    if status != 0:
        sys.exit('smtp-source: status %d' % status)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    print('RESULT wall=%.6f user=%.6f sys=%.6f sent=%s'
          % (wall, after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime, get('n', '1')))


main()
