# SPDX-License-Identifier: LGPL-2.1-or-later

"""Looks for the password in the memory of a program that has signed in.

The program is another process, and the server a third, as the server knows the
password. What a core dump would hold is read from /proc, first while the client
and the mechanism are alive (without what is kept out of dumps), then after they
are gone (everything). Where the system writes cores to the current directory,
a real one is searched, too.

Usage: test-core-dump.py CLIENT SANDBOX
"""

import base64
import contextlib
import glob
import hashlib
import hmac
import os
import random
import re
import resource
import socket
import string
import subprocess
import sys
import tempfile
import threading

CLIENT, SANDBOX = map(os.path.abspath, sys.argv[1:3])

# As much of a secret as must not be left: what is shorter may be chance.
WINDOW = 8

PAGE = 4096

HEADER = re.compile(r'([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ (\d+) *(.*)')


# ---- what is looked for -----------------------------------------------------

def windows(octets, size=WINDOW):
    """Pieces that any longer rest of the octets has one of."""
    step = max(size, len(octets) // 8)
    return {octets[i:i + size] for i in range(0, len(octets) - size + 1, step)}


def in_base64(secret, phase):
    """As it looks behind that many octets, without the letters that others have a part in."""
    text = base64.b64encode(bytes(phase) + secret)
    return text[(phase * 8 + 5) // 6:(phase + len(secret)) * 8 // 6]


def forms_of_text(name, text):
    # Big endian is the same for ASCII, but for where it begins.
    for encoding, size in ('utf-16-le', 2), ('utf-32-le', 4):
        yield '%s in %s' % (name, encoding), windows(text.encode(encoding), WINDOW * size)
    yield from forms_of_octets(name, text.encode())


def forms_of_octets(name, octets):
    yield name, windows(octets)
    for phase in range(3):
        yield '%s in base64, phase %d' % (name, phase), windows(in_base64(octets, phase))
    # HMAC begins with these.
    for pad in 0x36, 0x5c:
        yield '%s xor %#x' % (name, pad), windows(bytes(octet ^ pad for octet in octets))


def decoded(line):
    return base64.b64decode(line.split()[-1]).decode()


def scram_keys(password, lines):
    """The names are those of RFC 5802 §3. @lines: of the exchange, in their order."""
    client_first, server_first, client_final = (decoded(line) for line in lines)
    values = dict(part.split('=', 1) for part in server_first.split(','))
    salted = hashlib.pbkdf2_hmac('sha256', password.encode(), base64.b64decode(values['s']), int(values['i']))
    client_key = hmac.digest(salted, b'Client Key', 'sha256')
    stored_key = hashlib.sha256(client_key).digest()
    unproven, proof = client_final.rsplit(',p=', 1)
    message = ','.join((client_first.split(',', 2)[2], server_first, unproven))
    signature = hmac.digest(stored_key, message.encode(), 'sha256')
    assert bytes(a ^ b for a, b in zip(client_key, signature)) == base64.b64decode(proof), 'these are not the keys'
    return {
        'SaltedPassword': salted, 'ClientKey': client_key, 'StoredKey': stored_key,
        'ServerKey': hmac.digest(salted, b'Server Key', 'sha256'),
        'ClientSignature': signature, 'ClientProof': base64.b64decode(proof),
    }


# ---- what is looked at ------------------------------------------------------

class Region:
    def __init__(self, match):
        self.start, self.end = (int(match.group(i), 16) for i in (1, 2))
        self.permissions = match.group(3)
        self.in_file = match.group(4) != '0'
        self.name = match.group(5) or 'anonymous'
        self.present = 0
        self.flags = []

    def is_interesting(self):
        return ('r' in self.permissions and self.present > 0 and not self.name.startswith('[v') and
                ('w' in self.permissions or not self.in_file))

    def is_dumped(self):
        return 'dd' not in self.flags


def get_regions(pid):
    regions = []
    with open('/proc/%d/smaps' % pid) as smaps:
        for line in smaps:
            match = HEADER.match(line)
            if match:
                regions.append(Region(match))
                continue
            key, values = line.split(':', 1)
            if key in ('Rss', 'Swap'):
                regions[-1].present += int(values.split()[0])
            elif key == 'VmFlags':
                regions[-1].flags = values.split()
    return regions


def without_zeros(start, octets):
    """The parts between pages that are zero."""
    zeros = bytes(PAGE)
    begin = 0
    for at in range(0, len(octets), PAGE):
        if octets[at:at + PAGE] == zeros:
            if begin < at:
                yield start + begin, octets[begin:at]
            begin = at + PAGE
    if begin < len(octets):
        yield start + begin, octets[begin:]


class Memory:
    """Of a process that stands still, or of a core file."""

    def __init__(self):
        self.pieces = []  # start, name, octets

    def add(self, start, name, octets):
        self.pieces.extend((at, name, part) for at, part in without_zeros(start, octets))

    @classmethod
    def of_process(cls, pid, wanted):
        self = cls()
        with open('/proc/%d/mem' % pid, 'rb', buffering=0) as memory:
            for region in get_regions(pid):
                if region.is_interesting() and wanted(region):
                    self.add(region.start, region.name,
                             os.pread(memory.fileno(), region.end - region.start, region.start))
        return self

    @classmethod
    def of_file(cls, path):
        self = cls()
        with open(path, 'rb') as core:
            self.add(0, 'core file', core.read())
        return self

    def find(self, octets):
        for start, name, piece in self.pieces:
            at = piece.find(octets)
            if at >= 0:
                return '%s, %#x' % (name, start + at)
        return None

    def find_forms(self, forms):
        found = []
        for name, pieces in forms:
            for window in pieces:
                where = self.find(window)
                if where is not None:
                    found.append('%s (%s)' % (name, where))
                    break
        return found


# ---- who takes part ---------------------------------------------------------

class Sandbox:
    """The capture server, with one account."""

    def __init__(self, directory, mechanism, tls, password):
        self.port_file = os.path.join(directory, 'port')
        environment = dict(os.environ, SMTP_SANDBOX_PASSWORD=password)
        self.process = subprocess.Popen(
            [SANDBOX, '--quiet', '--tls=' + ('starttls' if tls else 'none'), '--auth=' + mechanism,
             '--directory=' + directory, '--port-file=' + self.port_file],
            env=environment, stdout=subprocess.PIPE)
        self.process.stdout.readline()  # it listens
        with open(self.port_file) as port:
            self.port = int(port.read())

    def stop(self):
        self.process.terminate()
        self.process.communicate()


class Tap:
    """Stands between client and server and keeps what they say, line by line."""

    def __init__(self, port, echo=None, iterations=None):
        self.lines = []
        self.echo = echo  # what a refusal repeats, besides the last line
        self.iterations = iterations  # of SCRAM, instead of the server's
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, args=(port,), daemon=True).start()

    def run(self, port):
        client, _ = self.listener.accept()
        server = socket.create_connection(('127.0.0.1', port))
        threading.Thread(target=self.pump, args=(client, server), daemon=True).start()
        self.pump(server, client)

    def pump(self, source, sink):
        with contextlib.suppress(OSError):  # one of them has gone
            self.copy(source, sink)
            sink.shutdown(socket.SHUT_WR)

    def copy(self, source, sink):
        with source.makefile('rb') as lines:
            for line in lines:
                self.lines.append(self.change(line))
                sink.sendall(self.lines[-1])

    def change(self, line):
        if line.startswith(b'535') and self.echo is not None:
            return b'535-%s?\r\n535 %s?\r\n' % (self.lines[-1].split()[-1], self.echo.encode())
        if line.startswith(b'334 ') and self.iterations is not None and ',i=' in decoded(line):
            message = decoded(line).rsplit(',i=', 1)[0] + ',i=%d' % self.iterations
            return b'334 %s\r\n' % base64.b64encode(message.encode())
        return line

    def exchange(self):
        """What was said between AUTH and the verdict, both included."""
        start = next(i for i, line in enumerate(self.lines) if line.startswith(b'AUTH '))
        return self.lines[start:]


class Client:
    def __init__(self, directory, port, case):
        def unlimited():
            hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
            resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

        self.process = subprocess.Popen(
            [CLIENT, str(port), case.mechanism, 'tls' if case.tls else 'clear', case.mode],
            cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=unlimited)
        self.directory = directory
        self.say(case.password + '\n' + case.control)
        self.expect('signed in' if case.accepted else 'refused')

    def say(self, text):
        self.process.stdin.write(text.encode() + b'\n')
        self.process.stdin.flush()

    def expect(self, text):
        line = self.process.stdout.readline().decode().strip()
        assert line == text, 'the client said "%s" instead of "%s"' % (line, text)

    def memory(self, wanted=lambda region: True):
        return Memory.of_process(self.process.pid, wanted)

    def stop(self):
        self.process.communicate()


# ---- the cases --------------------------------------------------------------

def letters(length):
    return ''.join(random.SystemRandom().choices(string.ascii_letters + string.digits, k=length))


class Case:
    def __init__(self, mechanism, tls, mode, password, note='', accepted=True, echo=False, iterations=None, offered=None):
        self.mechanism, self.tls, self.mode, self.password = mechanism, tls, mode, password
        self.accepted, self.echo, self.iterations = accepted, echo, iterations
        self.offered = offered or mechanism
        self.name = '/'.join(filter(None, [mechanism.lower(), 'tls' if tls else 'clear', mode, note]))
        self.control = letters(40)

    def forms(self, tap):
        yield from forms_of_text('the password', self.password)
        if tap is not None and self.mechanism == 'SCRAM-SHA-256':
            for name, key in scram_keys(self.password, tap.exchange()[:3]).items():
                yield from forms_of_octets(name, key)
        elif tap is not None and self.mechanism == 'CRAM-MD5':
            yield from forms_of_text('the digest', decoded(tap.exchange()[2]).split()[-1])

    def expect_clean(self, memory, forms):
        assert memory.find(self.control.encode()), 'not even the text that was left is found'
        found = memory.find_forms(forms)
        assert not found, 'found: ' + '; '.join(found)

    def check_alive(self, client, forms):
        self.expect_clean(client.memory(Region.is_dumped), forms)
        # It is in use: where it is kept it must be found, and nothing be found nowhere.
        kept = client.memory(lambda region: not region.is_dumped())
        assert kept.find(self.password.encode()), 'the password is not where it should be'

    def check_freed(self, client, forms):
        client.say('free')
        client.expect('freed')
        self.expect_clean(client.memory(), forms)

    def check_core(self, client, forms):
        client.say('abort')
        client.stop()
        files = glob.glob(os.path.join(client.directory, 'core*'))
        if files:
            self.expect_clean(Memory.of_file(files[0]), forms)
        return bool(files)


def run(case, checks):
    """Yields a name, and None or what is wrong."""
    with tempfile.TemporaryDirectory() as directory:
        sandbox = Sandbox(directory, case.offered, case.tls, case.password if case.accepted else 'another')
        try:
            tap = None if case.tls else Tap(sandbox.port, case.password if case.echo else None, case.iterations)
            client = Client(directory, (tap or sandbox).port, case)
            forms = list(case.forms(tap))
            for check in checks:
                name = '%s/%s' % (case.name, check.__name__.replace('check_', ''))
                try:
                    yield name, None, check(case, client, forms)
                except AssertionError as error:
                    yield name, error, None
            client.stop()
        finally:
            sandbox.stop()


def get_cases():
    for mechanism in 'PLAIN', 'LOGIN', 'CRAM-MD5', 'SCRAM-SHA-256':
        for tls in False, True:
            for mode in 'sync', 'async':
                yield Case(mechanism, tls, mode, letters(32))
    for tls in False, True:
        yield Case('PLAIN', tls, 'sync', letters(1500), 'long')
        for mechanism in 'XOAUTH2', 'OAUTHBEARER':
            yield Case(mechanism, tls, 'async', letters(1500), 'long')
        yield Case('AUTO', tls, 'sync', letters(32), 'scram', offered='SCRAM-SHA-256,PLAIN')
        yield Case('AUTO', tls, 'async', letters(32), 'plain', offered='LOGIN,PLAIN')
        for mechanism in 'PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2':
            yield Case(mechanism, tls, 'sync', letters(32), 'refused', accepted=False)
        yield Case('SCRAM-SHA-256', tls, 'sync', letters(16) + '\u00e4\u4e2d' + letters(16), 'utf8')
    for mode in 'sync', 'async':
        yield Case('PLAIN', False, mode, letters(32), 'repeated', accepted=False, echo=True)
    # So many that a thread derives the keys. The server does not agree.
    yield Case('SCRAM-SHA-256', False, 'async', letters(32), 'thread', accepted=False, iterations=30000)


def may_look():
    """Whether one may look at one's children."""
    with subprocess.Popen(['cat'], stdin=subprocess.PIPE) as process:
        try:
            with open('/proc/%d/mem' % process.pid, 'rb'):
                return any(region.flags for region in get_regions(process.pid))
        except OSError:
            return False


def report(number, name, error, skipped=''):
    print('%sok %d - core-dump/%s%s' % ('not ' if error else '', number, name, skipped), flush=True)
    if error:
        print('# %s' % error, flush=True)
    return bool(error)


def main():
    if not may_look():
        print('1..0 # SKIP the memory of another process cannot be read here')
        return False

    failed = False
    number = 0
    for case in get_cases():
        for name, error, _ in run(case, (Case.check_alive, Case.check_freed)):
            number += 1
            failed |= report(number, name, error)
    for name, error, written in run(Case('PLAIN', True, 'sync', letters(32)), (Case.check_core,)):
        number += 1
        failed |= report(number, name, error, '' if error or written else ' # SKIP no core file was written')
    print('1..%d' % number)
    return failed


sys.exit(main())
