# SPDX-License-Identifier: LGPL-2.1-or-later

"""Messages as a whole, from Python."""

import gc
import sys

from harness import CONTENT, STARTTLS, WAIT, expect_error, expect_smtp_error, main
from gi.repository import Gio, GLib, GObject, Smtp

CHUNKING = ['PIPELINING', '8BITMIME', 'SIZE 100000000', 'CHUNKING']
PIPELINING = ['PIPELINING', '8BITMIME', 'SIZE 100000000']
RICH = PIPELINING + ['DSN', 'SMTPUTF8', 'MT-PRIORITY MIXER', 'DELIVERBY', 'FUTURERELEASE', 'RRVS', 'X-OWN']
NOTHING = []

# 2031-02-03, an hour before UTC, and a fraction that is dropped
TIME = GLib.DateTime.new_from_iso8601('2031-02-03T04:05:06.7-01:00', None)
TIME_TEXT = '2031-02-03T05:05:06Z'

BIT8 = getattr(Smtp.Body, '8BITMIME')  # a name that Python has no syntax for
BIT7 = getattr(Smtp.Body, '7BIT')


def equal(value, expected):
    assert value == expected, '%r instead of %r' % (value, expected)


def make_message(*recipients, content=CONTENT, sender='sender@example.org', **properties):
    message = Smtp.Message(sender=sender, **properties)
    for address in recipients or ('one@example.net',):
        message.add_recipient(address)
    message.set_content_bytes(GLib.Bytes.new(content))
    return message


def send(t, message, cancellable=None):
    """As a Python program does it."""
    return t.call('send', message, cancellable=cancellable)


def queue(t, messages, cancellables=None):
    """Sends them at once; returns each message with its error, or None, in
    the order in which they are through."""
    done = []

    def on_sent(client, result, message):
        try:
            assert client.send_finish(result)
            done.append((message, None))
        except GLib.Error as error:
            done.append((message, error))

    for i, message in enumerate(messages):
        t.client.send_async(message, cancellables and cancellables.get(i), on_sent, message)
    return done


def wait(done, n):
    while len(done) < n:
        GLib.MainContext.default().iteration(True)
    return done


def content(t, index=0):
    return t.server.get_message(index).get_content().get_data()


def mail(t):
    return [command for command in t.server.get_commands() if command.startswith('MAIL')]


def rcpt(t):
    return [command for command in t.server.get_commands() if command.startswith('RCPT')]


# ---- properties -------------------------------------------------------------

MESSAGE_SETTINGS = [  # name, what it is at first, something else
    ('recipient-policy', Smtp.Recipients.ANY, Smtp.Recipients.ALL),
    ('body', Smtp.Body.AUTO, BIT8),
    ('dsn-return', Smtp.DsnReturn.DEFAULT, Smtp.DsnReturn.HEADERS),
    ('envelope-id', None, 'an id'),
    ('authenticated-sender', None, 'author@example.org'),
    ('deliver-by', Smtp.DeliverBy.NONE, Smtp.DeliverBy.NOTIFY),
    ('deliver-within', 0, -999999999),
    ('deliver-trace', False, True),
    ('priority', 0, -9),
    ('hold-for', 0, 999999999),
    ('hold-until', None, TIME),
    ('require-tls', False, True),
    ('allow-8bit', False, True),
    ('allow-long-lines', False, True),
    ('content-is-canonical', False, True),
]
RECIPIENT_SETTINGS = [
    ('dsn-notify', Smtp.DsnNotify.DEFAULT, Smtp.DsnNotify.SUCCESS | Smtp.DsnNotify.DELAY),
    ('original-recipient', None, 'rfc822;bücher@example.net'),
    ('valid-since', None, TIME),
]
MESSAGE_RESULTS = {'recipients', 'outcome', 'reply', 'queue-id', 'bytes-sent'}
RECIPIENT_RESULTS = {'address', 'reply', 'accepted'}


def same(value, expected):
    if isinstance(expected, GLib.DateTime):
        return value.format_iso8601() == TIME_TEXT
    return value == expected and type(value) is type(expected)


def check_settings(make, settings):
    for property, first, other in settings:
        name = property.replace('-', '_')
        target = make()
        notified = []
        getter = getattr(target, 'get_' + name, None) or getattr(target, 'dup_' + name)
        setter = getattr(target, 'set_' + name)
        target.connect('notify::' + property, lambda target, pspec: notified.append(pspec.name))

        def expect(value, n):
            for read in (getattr(target.props, name), target.get_property(property), getter()):
                assert same(read, value), '%s is %r instead of %r' % (name, read, value)
            assert notified == [property] * n, (name, notified)

        expect(first, 0)
        setattr(target.props, name, other)
        expect(other, 1)
        setter(other)
        expect(other, 1)
        setter(first)
        expect(first, 2)
        target.set_property(property, other)
        expect(other, 3)
        setattr(target.props, name, first)
        expect(first, 4)
        setter(other)
        expect(other, 5)


def test_message_settings(t):
    check_settings(lambda: Smtp.Message.new('a@b.example'), MESSAGE_SETTINGS)
    everything = Smtp.Message(sender='a@b.example', **{p.replace('-', '_'): v for p, f, v in MESSAGE_SETTINGS})
    for property, first, other in MESSAGE_SETTINGS:
        assert same(everything.get_property(property), other), property
    names = {pspec.name for pspec in Smtp.Message.list_properties()}
    equal(names, {setting[0] for setting in MESSAGE_SETTINGS} | MESSAGE_RESULTS | {'sender'})


def test_recipient_settings(t):
    message = make_message()
    check_settings(lambda: message.add_recipient('one@example.net'), RECIPIENT_SETTINGS)
    names = {pspec.name for pspec in Smtp.Recipient.list_properties()}
    equal(names, {setting[0] for setting in RECIPIENT_SETTINGS} | RECIPIENT_RESULTS)


def test_sender(t):
    for sender in ('a@b.example', 'jürgen@bücher.example', ''):
        message = Smtp.Message.new(sender)
        equal((message.props.sender, message.get_sender()), (sender, sender))
    equal(Smtp.Message().props.sender, '')
    assert message.find_property('sender').flags & GObject.ParamFlags.CONSTRUCT_ONLY


def test_results_before(t):
    message = make_message()
    equal((message.props.outcome, message.get_outcome()), (Smtp.Outcome.NOT_SENT,) * 2)
    equal((message.props.reply, message.get_reply()), (None, None))
    equal((message.props.queue_id, message.get_queue_id()), (None, None))
    equal((message.props.bytes_sent, message.get_bytes_sent()), (0, 0))
    for recipient in message.props.recipients:
        equal((recipient.props.reply, recipient.get_reply()), (None, None))
        equal((recipient.props.accepted, recipient.get_accepted()), (False, False))
    for name in MESSAGE_RESULTS:
        try:
            message.set_property(name, None)
            raise AssertionError('%s can be set' % name)
        except TypeError:
            pass


def test_out_of_range(t):
    """The methods take what no property holds; the sending does not."""
    t.open(extensions=RICH)
    for name, value in (('priority', 10), ('deliver_within', 2 ** 31 - 1), ('hold_for', 2 ** 32 - 1)):
        message = make_message(deliver_by=Smtp.DeliverBy.NOTIFY)
        getattr(message, 'set_' + name)(value)
        expect_smtp_error(Smtp.ClientError.INVALID_ARGUMENT, send, t, message)
        equal(message.props.outcome, Smtp.Outcome.NOT_SENT)
    equal(mail(t), [])


# ---- recipients -------------------------------------------------------------

def test_recipients(t):
    message = Smtp.Message.new('a@b.example')
    before = message.add_recipient('one@example.net')
    recipients = message.props.recipients
    changes = []
    recipients.connect('items-changed', lambda model, *change: changes.append(change))
    after = message.add_recipient('two@example.net')
    again = message.add_recipient('one@example.net')
    assert isinstance(recipients, Gio.ListModel) and recipients is message.get_recipients()
    equal(recipients.get_item_type(), Smtp.Recipient.__gtype__)
    equal((recipients.get_n_items(), len(recipients)), (3, 3))
    equal(list(recipients), [before, after, again])
    assert recipients[0] is before and recipients.get_item(1) is after and recipients[-1] is again
    assert recipients.get_item(3) is None
    equal([recipient.props.address for recipient in recipients],
          ['one@example.net', 'two@example.net', 'one@example.net'])
    equal(before.get_address(), 'one@example.net')
    equal(changes, [(1, 0, 1), (2, 0, 1)])


def test_kept_alone(t):
    """What came out of a message outlives it."""
    t.open(extensions=CHUNKING)
    message = make_message('one@example.net', 'refused@example.net')
    send(t, message)
    gone = []
    message.weak_ref(lambda: gone.append(True))
    recipients, reply = message.props.recipients, message.props.reply
    recipient, answer = recipients[1], recipients[1].get_reply()
    del message
    gc.collect()
    equal(gone, [True])
    equal((len(recipients), recipients[0].props.accepted), (2, True))
    del recipients
    gc.collect()
    recipient.props.original_recipient = 'two@example.net'
    recipient.add_parameter('X-OWN', None)
    equal((recipient.props.address, recipient.props.original_recipient), ('refused@example.net', 'two@example.net'))
    equal((reply.get_code(), answer.get_code(), answer.get_enhanced_code()), (250, 550, '5.1.1'))


# ---- what is asked of the server --------------------------------------------

def test_parameters(t):
    t.open(extensions=RICH, auth_mechanisms=['PLAIN'])
    message = make_message('one@example.net', 'jürgen@example.net', 'plain@example.net',
                           dsn_return=Smtp.DsnReturn.HEADERS, envelope_id='an id+', priority=-3, hold_for=3600,
                           authenticated_sender='author@example.org', deliver_by=Smtp.DeliverBy.RETURN,
                           deliver_within=600, deliver_trace=True)
    message.add_parameter('X-OWN', 'value')
    message.add_parameter('X-FLAG', None)
    one, two, plain = message.props.recipients
    one.props.dsn_notify = Smtp.DsnNotify.SUCCESS | Smtp.DsnNotify.FAILURE | Smtp.DsnNotify.DELAY
    one.props.original_recipient = 'first+@example.net'
    one.props.valid_since = TIME
    two.props.dsn_notify = Smtp.DsnNotify.NEVER
    two.add_parameter('X-OWN', 'two')
    assert send(t, message)
    equal(mail(t), ['MAIL FROM:<sender@example.org> SIZE=%d BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=an+20id+2B '
                    'AUTH=author@example.org BY=600;RT HOLDFOR=3600 MT-PRIORITY=-3 X-OWN=value X-FLAG' % len(CONTENT)])
    equal(rcpt(t), ['RCPT TO:<one@example.net> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;first+2B@example.net '
                    'RRVS=' + TIME_TEXT,
                    'RCPT TO:<jürgen@example.net> NOTIFY=NEVER X-OWN=two',
                    'RCPT TO:<plain@example.net>'])
    equal(message.props.outcome, Smtp.Outcome.ACCEPTED)


PARAMETERS = [  # the properties, and what they put on the line
    (dict(dsn_return=Smtp.DsnReturn.FULL), 'RET=FULL'),
    (dict(authenticated_sender=''), 'AUTH=<>'),
    (dict(hold_until=TIME), 'HOLDUNTIL=' + TIME_TEXT),
    (dict(deliver_by=Smtp.DeliverBy.NOTIFY, deliver_within=-60), 'BY=-60;N'),
    (dict(priority=9), 'MT-PRIORITY=9'),
    (dict(body=BIT7), 'BODY=7BIT'),
    (dict(body=BIT8), 'BODY=8BITMIME'),
    (dict(sender=''), 'FROM:<>'),
]


def test_each_parameter(t):
    t.open(extensions=RICH, auth_mechanisms=['PLAIN'])
    for properties, expected in PARAMETERS:
        t.server.clear_commands()
        assert send(t, make_message(**properties))
        assert expected in mail(t)[0].split(' '), mail(t)


def test_require_tls(t):
    t.serve(extensions=['PIPELINING', 'REQUIRETLS'], **STARTTLS)
    database = t.server.create_database()
    t.new_client(Smtp.Security.STARTTLS).props.tls_database = database
    t.call('open')
    assert send(t, make_message(require_tls=True))
    equal(mail(t), ['MAIL FROM:<sender@example.org> REQUIRETLS'])
    t.call('quit')


def test_require_tls_in_clear(t):
    t.open(extensions=['PIPELINING', 'REQUIRETLS'])
    expect_smtp_error(Smtp.ClientError.TLS_REQUIRED, send, t, make_message(require_tls=True))
    equal(mail(t), [])


def test_bad_parameters(t):
    t.open(extensions=RICH)
    before = t.server.get_bytes_received()
    for name, value in (('SIZE', '1'), ('X OWN', None), ('X-OWN', 'a b'), ('X-OWN', 'a\r\nRSET'), ('', None)):
        message = make_message()
        message.add_parameter(name, value)
        expect_smtp_error(Smtp.ClientError.INVALID_ARGUMENT, send, t, message)
        message = make_message()
        message.props.recipients[0].add_parameter(name, value)
        expect_smtp_error(Smtp.ClientError.INVALID_ARGUMENT, send, t, message)
    for properties in (dict(envelope_id=''), dict(envelope_id='a\r\nb'), dict(authenticated_sender='nobody'),
                       dict(hold_for=1, hold_until=TIME), dict(sender='a@b.example> SIZE=1')):
        expect_smtp_error(Smtp.ClientError.INVALID_ARGUMENT, send, t, make_message(**properties))
    expect_smtp_error(Smtp.ClientError.INVALID_ARGUMENT, send, t, make_message('a@b.example\r\nRSET'))
    equal(t.server.get_bytes_received(), before)
    assert send(t, make_message())


# ---- content ----------------------------------------------------------------

TEXT = 'Subject: Grüße\n\n.\n..two\nno newline'.encode()
ON_THE_WIRE = 'Subject: Grüße\r\n\r\n.\r\n..two\r\nno newline\r\n'.encode()


def make_file(octets):
    file, stream = Gio.File.new_tmp('smtp-message-XXXXXX')
    stream.get_output_stream().write_all(octets, None)
    stream.close(None)
    return file


def one_way(octets):
    """A stream that cannot be rewound."""
    memory = Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(octets))
    return Gio.ConverterInputStream.new(memory, Gio.CharsetConverter.new('UTF-8', 'UTF-8'))


def send_contents(t, extensions):
    t.open(extensions=extensions + ['SMTPUTF8'])
    file = make_file(TEXT)
    message = make_message(content=TEXT)
    assert send(t, message)
    for size in (len(TEXT), -1):
        message.set_content_stream(Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(TEXT)), size)
        assert send(t, message)
    assert send(t, message)  # it is rewound
    message.set_content_file(file)
    assert send(t, message)
    file.delete(None)
    equal([content(t, i) for i in range(t.server.get_n_messages())], [ON_THE_WIRE] * 5)


def test_content(t):
    send_contents(t, CHUNKING)
    assert t.server.get_message(0).get_via_bdat()


def test_content_by_data(t):
    send_contents(t, PIPELINING)
    assert not t.server.get_message(0).get_via_bdat()


def test_no_content(t):
    t.open(extensions=CHUNKING)
    message = Smtp.Message.new('a@b.example')
    message.add_recipient('one@example.net')
    assert send(t, message)
    equal(content(t), b'')


def test_binary(t):
    octets = b'Subject: binary\r\n\r\n' + bytes(range(256)) * 3
    t.open(extensions=CHUNKING + ['BINARYMIME'])
    message = make_message(content=octets, body=Smtp.Body.BINARYMIME)
    assert send(t, message)
    equal(content(t), octets)
    assert 'BODY=BINARYMIME' in mail(t)[0], mail(t)


def test_bytes_released(t):
    """The content is let go with the message."""
    t.open(extensions=CHUNKING)
    stream = Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(CONTENT))
    gone = []
    stream.weak_ref(lambda: gone.append(True))
    message = make_message()
    message.set_content_stream(stream, -1)
    del stream
    assert send(t, message)
    equal((content(t), gone), (CONTENT, []))
    message.set_content_bytes(GLib.Bytes.new(b''))
    equal(gone, [True])


def test_missing_file(t):
    t.open(extensions=CHUNKING)
    message = make_message()
    message.set_content_file(Gio.File.new_for_path('/nonexistent/message'))
    error = expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND, send, t, message)
    assert 'content' in error.message, error.message
    equal((message.props.outcome, mail(t)), (Smtp.Outcome.NOT_SENT, []))
    equal(t.client.props.state, Smtp.ClientState.READY)


def test_spent_stream(t):
    t.open(extensions=CHUNKING)
    message = make_message()
    message.set_content_stream(one_way(CONTENT), -1)
    assert send(t, message)
    try:
        send(t, message)
        raise AssertionError('sent twice')
    except GLib.Error:
        pass
    equal((message.props.outcome, t.server.get_n_messages(), content(t)), (Smtp.Outcome.NOT_SENT, 1, CONTENT))


def test_8bit(t):
    t.open(extensions=NOTHING)
    octets = 'Subject: test\r\n\r\nGrüße\r\n'.encode()
    message = make_message(content=octets)
    expect_smtp_error(Smtp.ClientError.NOT_SUPPORTED, send, t, message)
    message.props.allow_8bit = True
    assert send(t, message)
    equal(content(t), octets)


def test_long_lines(t):
    t.open(extensions=NOTHING)
    octets = b'Subject: test\r\n\r\n' + b'x' * 999 + b'\r\n'
    message = make_message(content=octets)
    expect_smtp_error(Smtp.ClientError.INVALID_ARGUMENT, send, t, message)
    message.props.allow_long_lines = True
    assert send(t, message)
    equal(content(t), octets)


def test_canonical(t):
    """The promise lets a long stream go by BDAT; broken, it delivers nothing."""
    line = b'A line of some length, and its end.\r\n'
    text = b'Subject: long\r\n\r\n' + line * 60000
    t.open(extensions=CHUNKING)
    for canonical in (False, True):
        message = make_message(content_is_canonical=canonical)
        message.set_content_stream(one_way(text), len(text))
        assert send(t, message)
        assert content(t, canonical) == text, 'another content'
        assert t.server.get_message(canonical).get_via_bdat() or not canonical
    message.set_content_stream(one_way(text.replace(b'\r', b'')), len(text) - text.count(b'\r'))
    expect_smtp_error(Smtp.ClientError.INVALID_ARGUMENT, send, t, message)
    equal((message.props.outcome, t.server.get_n_messages()), (Smtp.Outcome.NOT_SENT, 2))


# ---- what became of it ------------------------------------------------------

def test_accepted(t):
    t.open(extensions=CHUNKING)
    message = make_message('one@example.net', 'two@example.net')
    assert send(t, message) is True
    equal((message.props.outcome, message.get_outcome()), (Smtp.Outcome.ACCEPTED,) * 2)
    for reply in (message.props.reply, message.get_reply()):
        equal((reply.get_code(), reply.get_enhanced_code()), (250, '2.0.0'))
        assert 'queued as' in reply.get_text(), reply.get_text()
    number = str(t.server.get_message(0).get_number())
    equal((message.props.queue_id, message.get_queue_id()), (number, number))
    equal((message.props.bytes_sent, message.get_bytes_sent()), (len(CONTENT),) * 2)
    for recipient in message.props.recipients:
        equal((recipient.props.accepted, recipient.get_accepted()), (True, True))
        equal((recipient.props.reply.get_code(), recipient.get_reply().get_enhanced_code()), (250, '2.1.5'))
    equal(t.client.props.state, Smtp.ClientState.READY)


def test_partial(t):
    t.open(extensions=CHUNKING)
    message = make_message('one@example.net', 'refused@example.net', 'later@example.net')
    assert send(t, message)
    equal(message.props.outcome, Smtp.Outcome.PARTIAL)
    equal([recipient.props.accepted for recipient in message.props.recipients], [True, False, False])
    equal([recipient.get_accepted() for recipient in message.props.recipients], [True, False, False])
    equal([recipient.props.reply.get_code() for recipient in message.props.recipients], [250, 550, 450])
    equal(message.props.recipients[1].props.reply.get_text(), '5.1.1 No such user')
    equal(t.server.get_message(0).get_recipients(), ['one@example.net'])
    assert message.props.queue_id is not None


def test_rejected_recipient(t):
    t.open(extensions=CHUNKING)
    message = make_message('one@example.net', 'refused@example.net', recipient_policy=Smtp.Recipients.ALL)
    error = expect_smtp_error(Smtp.ClientError.REFUSED_PERMANENT, send, t, message)
    assert 'No such user' in error.message, error.message
    equal((message.props.outcome, message.props.reply.get_code()), (Smtp.Outcome.REJECTED, 550))
    equal((message.props.queue_id, t.server.get_n_messages()), (None, 0))
    equal([recipient.props.accepted for recipient in message.props.recipients], [True, False])
    message.props.recipient_policy = Smtp.Recipients.ANY
    assert send(t, message)
    equal(message.props.outcome, Smtp.Outcome.PARTIAL)


def test_rejected_content(t):
    t.open(extensions=CHUNKING)
    t.server.script_reply_text('.', '554-5.7.1 This is spam\r\n554 5.7.1 queued as nothing')
    message = make_message()
    expect_smtp_error(Smtp.ClientError.REFUSED_PERMANENT, send, t, message)
    equal((message.props.outcome, message.props.queue_id), (Smtp.Outcome.REJECTED, None))
    reply = message.props.reply
    equal((reply.get_code(), reply.get_enhanced_code()), (554, '5.7.1'))
    equal(reply.get_lines(), ['5.7.1 This is spam', '5.7.1 queued as nothing'])
    assert message.props.recipients[0].props.accepted
    equal(t.client.props.state, Smtp.ClientState.READY)


def test_refused_later(t):
    t.open(extensions=PIPELINING)
    t.server.script_reply_text('MAIL', '452 4.3.1 later')
    message = make_message()
    expect_smtp_error(Smtp.ClientError.REFUSED_TEMPORARY, send, t, message)
    equal((message.props.outcome, message.props.reply.get_enhanced_code()), (Smtp.Outcome.REJECTED, '4.3.1'))


NOT_OFFERED = [
    dict(envelope_id='x'), dict(dsn_return=Smtp.DsnReturn.FULL), dict(priority=1), dict(hold_for=1),
    dict(hold_until=TIME), dict(deliver_by=Smtp.DeliverBy.NOTIFY), dict(body=Smtp.Body.BINARYMIME),
    dict(body=BIT8), dict(authenticated_sender='a@b.example'), dict(sender='jürgen@example.org'),
]


def test_not_sent(t):
    t.open(extensions=NOTHING)
    messages = [make_message(**properties) for properties in NOT_OFFERED]
    for name, value in (('dsn_notify', Smtp.DsnNotify.NEVER), ('original_recipient', 'a@b.example'),
                        ('valid_since', TIME)):
        messages.append(make_message())
        setattr(messages[-1].props.recipients[0].props, name, value)
    for message in messages:
        try:
            send(t, message)
            raise AssertionError('sent')
        except GLib.Error as error:
            assert error.matches(Smtp.ClientError.quark(), Smtp.ClientError.NOT_SUPPORTED), error
        equal((message.props.outcome, message.props.reply), (Smtp.Outcome.NOT_SENT, None))
    equal(mail(t), [])
    equal(t.client.props.state, Smtp.ClientState.READY)


def test_too_large(t):
    t.open(extensions=['SIZE 20'])
    message = make_message()
    error = expect_smtp_error(Smtp.ClientError.NOT_SUPPORTED, send, t, message)
    assert '20' in error.message, error.message
    equal((message.props.outcome, mail(t)), (Smtp.Outcome.NOT_SENT, []))


def unknown(t, extensions):
    t.open(extensions=extensions)
    t.server.script_drop('.', 0, True)
    message = make_message()
    expect_smtp_error(Smtp.ClientError.OUTCOME_UNKNOWN, send, t, message)
    equal((message.props.outcome, message.props.reply), (Smtp.Outcome.UNKNOWN, None))
    assert message.props.recipients[0].props.accepted == (extensions is PIPELINING)
    assert t.server.wait_for_messages(1, WAIT)
    equal(t.client.props.state, Smtp.ClientState.BROKEN)


def test_unknown(t):
    unknown(t, PIPELINING)


def test_closed(t):
    """What became of it is about the last send, also when that never began."""
    t.open(extensions=CHUNKING)
    message = make_message()
    assert send(t, message)
    t.client.close()
    expect_smtp_error(Smtp.ClientError.BROKEN, send, t, message)
    equal((message.props.outcome, message.props.queue_id, message.props.reply), (Smtp.Outcome.NOT_SENT, None, None))


def test_again(t):
    t.open(extensions=CHUNKING)
    message = make_message('one@example.net')
    assert send(t, message)
    first = message.props.queue_id
    message.add_recipient('refused@example.net')
    assert send(t, message)
    assert message.props.queue_id not in (None, first)
    equal((message.props.outcome, t.server.get_n_messages()), (Smtp.Outcome.PARTIAL, 2))


def test_cancelled(t):
    t.open(extensions=CHUNKING)
    message, cancellable = make_message(), Gio.Cancellable()
    cancellable.cancel()
    expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED, send, t, message, cancellable)
    equal((message.props.outcome, t.server.get_n_messages()), (Smtp.Outcome.NOT_SENT, 0))


# ---- signals ----------------------------------------------------------------

def test_progress(t):
    t.open(extensions=PIPELINING)
    text = b'Subject: long\r\n\r\n' + b'A line of some length, and its end.\r\n' * 100000
    message = make_message('one@example.net', 'refused@example.net')
    message.set_content_stream(one_way(text), len(text))
    sent, told = [], []
    message.connect('notify::bytes-sent', lambda message, pspec: sent.append(message.props.bytes_sent))
    for name in ('outcome', 'reply', 'queue-id'):
        message.connect('notify::' + name,
                        lambda message, pspec: told.append((pspec.name, message.get_property(pspec.name) is not None,
                                                            message.props.outcome)))
    for i, recipient in enumerate(message.props.recipients):
        for name in ('reply', 'accepted'):
            recipient.connect('notify::' + name, lambda recipient, pspec, i: told.append(
                (i, pspec.name, recipient.props.reply.get_code(), recipient.props.accepted)), i)
    assert send(t, message)
    assert content(t) == text, 'another content'
    assert len(sent) > 2 and sent == sorted(set(sent)) and sent[0] > 0, sent
    equal((sent[-1], message.props.bytes_sent), (len(text), len(text)))
    partial = Smtp.Outcome.PARTIAL
    equal(set(told), {('outcome', True, partial), ('reply', True, partial), ('queue-id', True, partial),
                      (0, 'reply', 250, True), (0, 'accepted', 250, True),
                      (1, 'reply', 550, False), (1, 'accepted', 550, False)})
    equal(len(told), 7)


# ---- several on one connection ----------------------------------------------

def test_queue(t):
    """In the order of the calls, each with its own result; the synchronous
    form cannot queue, and sends one by one."""
    t.open(extensions=PIPELINING)
    messages = [make_message('%s%d@example.net' % ('refused' if i == 3 else 'user', i),
                             content=b'Subject: %d\r\n\r\n' % i) for i in range(8)]
    if t.asynchronous:
        results = wait(queue(t, messages), 8)
        equal([message for message, error in results], messages)
        for i, (message, error) in enumerate(results):
            equal(error is not None, i == 3)
            assert i != 3 or error.matches(Smtp.ClientError.quark(), Smtp.ClientError.REFUSED_PERMANENT)
    else:
        for i, message in enumerate(messages):
            if i == 3:
                expect_smtp_error(Smtp.ClientError.REFUSED_PERMANENT, send, t, message)
            else:
                assert send(t, message)
    accepted, rejected = Smtp.Outcome.ACCEPTED, Smtp.Outcome.REJECTED
    equal([message.props.outcome for message in messages], [rejected if i == 3 else accepted for i in range(8)])
    equal([content(t, i) for i in range(t.server.get_n_messages())],
          [b'Subject: %d\r\n\r\n' % i for i in range(8) if i != 3])
    equal(t.server.get_session_count(), 1)


def test_queue_from_callback(t):
    """What is sent in the callback of another goes behind it."""
    t.open(extensions=CHUNKING)
    second, done = make_message('two@example.net'), []

    def on_second(client, result):
        done.append(client.send_finish(result))

    def on_first(client, result):
        done.append(client.send_finish(result))
        client.send_async(second, None, on_second)

    t.client.send_async(make_message(), None, on_first)
    equal(wait(done, 2), [True, True])
    equal(second.props.outcome, Smtp.Outcome.ACCEPTED)
    equal(t.server.get_n_messages(), 2)


def test_queue_cancelled(t):
    t.open(extensions=PIPELINING)
    messages = [make_message('user%d@example.net' % i) for i in range(3)]
    cancellable = Gio.Cancellable()
    done = queue(t, messages, {1: cancellable})
    cancellable.cancel()
    wait(done, 3)
    errors = {message: error for message, error in done}
    assert errors[messages[0]] is None and errors[messages[2]] is None, errors
    assert errors[messages[1]].matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED), errors
    equal(messages[1].props.outcome, Smtp.Outcome.NOT_SENT)
    equal(t.server.get_n_messages(), 2)


def test_pending(t):
    """Another operation, and the same message, while one is sent."""
    t.open(extensions=PIPELINING)
    message = make_message()
    done = queue(t, [message, message])
    expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.PENDING, t.call, 'noop')
    wait(done, 2)
    errors = [error for m, error in done if error is not None]
    assert len(errors) == 1 and errors[0].matches(Gio.io_error_quark(), Gio.IOErrorEnum.PENDING), errors
    equal((message.props.outcome, t.server.get_n_messages()), (Smtp.Outcome.ACCEPTED, 1))


def test_message_forgotten(t):
    """A message that nobody holds is sent, and gone afterwards."""
    t.open(extensions=CHUNKING)
    message, gone = make_message(), []
    message.weak_ref(lambda: gone.append(True))
    done = []
    t.client.send_async(message, None, lambda client, result: done.append(client.send_finish(result)))
    del message
    gc.collect()
    equal(gone, [])
    equal(wait(done, 1), [True])
    while GLib.MainContext.default().iteration(False):
        pass
    gc.collect()
    equal((gone, t.server.get_n_messages()), ([True], 1))


def send_several(t, n):
    t.server.clear_messages()
    messages = [make_message('user%d@example.net' % i) for i in range(n)]
    equal(wait(queue(t, messages), n), [(message, None) for message in messages])
    equal([message.props.outcome for message in messages], [Smtp.Outcome.ACCEPTED] * n)
    equal([t.server.get_message(i).get_recipients() for i in range(t.server.get_n_messages())],
          [['user%d@example.net' % i] for i in range(n)])


def lines_sent(t, begin):
    return [line for direction, line in t.transcript if direction == Smtp.Direction.SENT and line.startswith(begin)]


def send_without_verdict(t, n, begin, expected):
    """Waits until so many lines were sent although no verdict comes, and ends
    it; returns the outcomes."""
    t.server.script_silence('.', 0)
    del t.transcript[:]
    messages, cancellable = [make_message('user%d@example.net' % i) for i in range(n)], Gio.Cancellable()
    done = queue(t, messages, {0: cancellable})
    while not done and len(lines_sent(t, begin)) < expected:
        GLib.MainContext.default().iteration(True)
    cancellable.cancel()
    errors = {message: error for message, error in wait(done, n)}
    equal(len(lines_sent(t, begin)), expected)
    assert errors[messages[0]].matches(Smtp.ClientError.quark(), Smtp.ClientError.OUTCOME_UNKNOWN), errors
    assert all(errors.values()), errors
    return [message.props.outcome for message in messages]


def test_pipeline_messages(t):
    t.open(extensions=PIPELINING)
    client, notified = t.client, []
    client.connect('notify::pipeline-messages', lambda client, pspec: notified.append(pspec.name))
    equal((client.props.pipeline_messages, client.get_pipeline_messages()), (False, False))
    send_several(t, 4)
    equal(lines_sent(t, 'RSET'), [])
    client.set_pipeline_messages(True)
    client.props.pipeline_messages = False
    client.props.pipeline_messages = True
    equal((client.props.pipeline_messages, client.get_pipeline_messages()), (True, True))
    equal(notified, ['pipeline-messages'] * 3)
    send_several(t, 4)
    unknown, not_sent = Smtp.Outcome.UNKNOWN, Smtp.Outcome.NOT_SENT
    equal(send_without_verdict(t, 3, 'RSET', 1), [unknown, not_sent, not_sent])


def test_window(t):
    t.open(extensions=CHUNKING)
    client, notified = t.client, []
    client.connect('notify::window', lambda client, pspec: notified.append(pspec.name))
    equal((client.props.window, client.get_window()), (1, 1))
    client.props.window = 1000
    equal((client.props.window, client.get_window()), (1000, 1000))
    client.set_window(3)
    equal((client.props.window, notified), (3, ['window'] * 2))
    send_several(t, 8)
    client.props.pipeline_messages = True
    send_several(t, 8)
    unknown, not_sent = Smtp.Outcome.UNKNOWN, Smtp.Outcome.NOT_SENT
    equal(send_without_verdict(t, 5, 'MAIL', 3), [unknown] * 3 + [not_sent] * 2)
    equal(Smtp.Client(window=7, pipeline_messages=True).get_window(), 7)


sys.exit(main(sys.modules[__name__]))
