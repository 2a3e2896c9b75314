// SPDX-License-Identifier: LGPL-2.1-or-later

// Messages as a whole, from JavaScript.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Smtp from 'gi://Smtp?version=1.0';
import System from 'system';

import {
    CONTENT, STARTTLS, WAIT, assert, bytes, equal, expectError, expectSmtpError, main, text,
} from './harness.js';

const CHUNKING = ['PIPELINING', '8BITMIME', 'SIZE 100000000', 'CHUNKING'];
const PIPELINING = ['PIPELINING', '8BITMIME', 'SIZE 100000000'];
const RICH = [...PIPELINING, 'DSN', 'SMTPUTF8', 'MT-PRIORITY MIXER', 'DELIVERBY', 'FUTURERELEASE', 'RRVS', 'X-OWN'];
const NOTHING = [];

// 2031-02-03, an hour before UTC, and a fraction that is dropped
const TIME = GLib.DateTime.new_from_iso8601('2031-02-03T04:05:06.7-01:00', null);
const TIME_TEXT = '2031-02-03T05:05:06Z';

const {ACCEPTED, PARTIAL, REJECTED, NOT_SENT, UNKNOWN} = Smtp.Outcome;

function makeMessage({to = ['one@example.net'], content = CONTENT, ...properties} = {}) {
    const message = new Smtp.Message({sender: 'sender@example.org', ...properties});
    for (const address of to)
        message.add_recipient(address);
    message.set_content_bytes(bytes(content));
    return message;
}

// A GListModel as an array: GJS iterates over a GListStore only.
const list = model => Array.from({length: model.get_n_items()}, (_, i) => model.get_item(i));
const recipient = (message, i) => message.recipients.get_item(i);
const accepted = message => list(message.recipients).map(one => one.accepted);
const send = (t, message) => t.call('send', message);
const content = (t, i = 0) => text(t.server.get_message(i).content);
const contents = t => Array.from({length: t.server.get_n_messages()}, (_, i) => content(t, i));
const commands = (t, verb) => t.server.get_commands().filter(line => line.startsWith(verb));
const state = t => t.client.state;
const {READY, BROKEN} = Smtp.ClientState;

const range = n => Array.from({length: n}, (_, i) => i);

// Lets what the garbage collector queued happen.
async function collect() {
    for (let i = 0; i < 3; i++) {
        System.gc();
        await new Promise(resolve => GLib.idle_add(GLib.PRIORITY_LOW, () => {
            resolve();
            return GLib.SOURCE_REMOVE;
        }));
    }
}

const scenarios = {};

// ---- properties -------------------------------------------------------------

const MESSAGE_SETTINGS = [  // name, what it is at first, something else
    ['recipient_policy', Smtp.Recipients.ANY, Smtp.Recipients.ALL],
    ['body', Smtp.Body.AUTO, Smtp.Body['8BITMIME']],
    ['dsn_return', Smtp.DsnReturn.DEFAULT, Smtp.DsnReturn.HEADERS],
    ['envelope_id', null, 'an id'],
    ['authenticated_sender', null, 'author@example.org'],
    ['deliver_by', Smtp.DeliverBy.NONE, Smtp.DeliverBy.NOTIFY],
    ['deliver_within', 0, -999999999],
    ['deliver_trace', false, true],
    ['priority', 0, -9],
    ['hold_for', 0, 999999999],
    ['hold_until', null, TIME],
    ['require_tls', false, true],
    ['allow_8bit', false, true],
    ['allow_long_lines', false, true],
    ['content_is_canonical', false, true],
];
const RECIPIENT_SETTINGS = [
    ['dsn_notify', Smtp.DsnNotify.DEFAULT, Smtp.DsnNotify.SUCCESS | Smtp.DsnNotify.DELAY],
    ['original_recipient', null, 'rfc822;bücher@example.net'],
    ['valid_since', null, TIME],
];
const MESSAGE_RESULTS = ['recipients', 'outcome', 'reply', 'queue_id', 'bytes_sent'];
const RECIPIENT_RESULTS = ['address', 'reply', 'accepted'];

const plain = value => value instanceof GLib.DateTime ? value.format_iso8601() : value;
const expected = value => value === TIME ? TIME_TEXT : value;
// GJS finds no camel case name where a digit begins a word.
const camel = name => name.replace(/_([a-z])/g, (_, c) => c.toUpperCase());

function checkSettings(make, settings) {
    for (const [name, first, other] of settings) {
        const target = make();
        const getter = target[`get_${name}`] ?? target[`dup_${name}`];
        let notified = 0;
        target.connect(`notify::${name.replaceAll('_', '-')}`, () => notified++);

        const expect = (value, n) => {
            for (const read of [target[name], target[camel(name)], getter.call(target)])
                equal([name, plain(read)], [name, expected(value)]);
            equal([name, notified], [name, n]);
        };

        expect(first, 0);
        target[name] = other;
        expect(other, 1);
        target[`set_${name}`](other);
        expect(other, 1);
        target[`set_${name}`](first);
        expect(first, 2);
        target[camel(name)] = other;
        expect(other, 3);
        target[name] = first;
        expect(first, 4);
        target[`set_${name}`](other);
        expect(other, 5);
    }
}

// The names that a class has for its own properties.
const propertyNames = type => GObject.Object.list_properties.call(type).map(pspec => pspec.name.replaceAll('-', '_')).sort();

scenarios['message-settings'] = async () => {
    checkSettings(() => Smtp.Message.new('a@b.example'), MESSAGE_SETTINGS);
    const everything = new Smtp.Message({
        sender: 'a@b.example',
        ...Object.fromEntries(MESSAGE_SETTINGS.map(([name, , other]) => [name, other])),
    });
    for (const [name, , other] of MESSAGE_SETTINGS)
        equal([name, plain(everything[name])], [name, expected(other)]);
    equal(propertyNames(Smtp.Message), [...MESSAGE_SETTINGS.map(([name]) => name), ...MESSAGE_RESULTS, 'sender'].sort());
};

scenarios['recipient-settings'] = async () => {
    const message = makeMessage();
    checkSettings(() => message.add_recipient('one@example.net'), RECIPIENT_SETTINGS);
    equal(propertyNames(Smtp.Recipient), [...RECIPIENT_SETTINGS.map(([name]) => name), ...RECIPIENT_RESULTS].sort());
};

scenarios['sender'] = async () => {
    for (const sender of ['a@b.example', 'jürgen@bücher.example', '']) {
        const message = Smtp.Message.new(sender);
        equal([message.sender, message.get_sender()], [sender, sender]);
    }
    equal(new Smtp.Message().sender, '');
    const pspec = GObject.Object.find_property.call(Smtp.Message, 'sender');
    assert(pspec.flags & GObject.ParamFlags.CONSTRUCT_ONLY);
};

scenarios['results-before'] = async () => {
    const message = makeMessage();
    const one = recipient(message, 0);
    equal([message.outcome, message.get_outcome()], [NOT_SENT, NOT_SENT]);
    equal([message.reply, message.get_reply(), message.queue_id, message.get_queue_id()], [null, null, null, null]);
    equal([message.bytes_sent, message.get_bytes_sent()], [0, 0]);
    equal([one.reply, one.get_reply(), one.accepted, one.get_accepted()], [null, null, false, false]);
    for (const name of MESSAGE_RESULTS) {
        await expectError(null, null, (async () => {
            message[name] = null;
        })());
    }
};

// The methods take what no property holds; the sending does not.
scenarios['out-of-range'] = async t => {
    await t.open({extensions: RICH});
    for (const [name, value] of [['priority', 10], ['deliver_within', 2 ** 31 - 1], ['hold_for', 2 ** 32 - 1]]) {
        const message = makeMessage({deliver_by: Smtp.DeliverBy.NOTIFY});
        message[`set_${name}`](value);
        await expectSmtpError(Smtp.ClientError.INVALID_ARGUMENT, send(t, message));
        equal(message.outcome, NOT_SENT);
    }
    equal(commands(t, 'MAIL'), []);
};

// ---- recipients -------------------------------------------------------------

scenarios['recipients'] = async () => {
    const message = Smtp.Message.new('a@b.example');
    const before = message.add_recipient('one@example.net');
    const {recipients} = message;
    const changes = [];
    recipients.connect('items-changed', (_model, ...change) => changes.push(change));
    const after = message.add_recipient('two@example.net');
    const again = message.add_recipient('one@example.net');
    assert(recipients === message.get_recipients() && recipients instanceof Gio.ListModel);
    equal(recipients.get_item_type().name, 'SmtpRecipient');
    equal(recipients.get_n_items(), 3);
    for (const [i, one] of [before, after, again].entries())
        assert(recipients.get_item(i) === one && list(recipients)[i] === one && one instanceof Smtp.Recipient);
    equal(recipients.get_item(3), null);
    equal(list(recipients).map(one => one.address), ['one@example.net', 'two@example.net', 'one@example.net']);
    equal(before.get_address(), 'one@example.net');
    equal(changes, [[1, 0, 1], [2, 0, 1]]);
};

async function sendAndForget(t) {
    const message = makeMessage({to: ['one@example.net', 'refused@example.net']});
    await send(t, message);
    return [message.recipients, message.reply, recipient(message, 1), recipient(message, 1).get_reply()];
}

// What came out of a message outlives it.
scenarios['kept-alone'] = async t => {
    await t.open({extensions: CHUNKING});
    const [recipients, reply, one, answer] = await sendAndForget(t);
    await collect();
    equal(list(recipients).map(r => r.accepted), [true, false]);
    one.original_recipient = 'two@example.net';
    one.add_parameter('X-OWN', null);
    equal([one.address, one.original_recipient], ['refused@example.net', 'two@example.net']);
    equal([reply.get_code(), answer.get_code(), answer.get_enhanced_code()], [250, 550, '5.1.1']);
};

// ---- what is asked of the server --------------------------------------------

scenarios['parameters'] = async t => {
    await t.open({extensions: RICH, auth_mechanisms: ['PLAIN']});
    const message = makeMessage({
        to: ['one@example.net', 'jürgen@example.net', 'plain@example.net'],
        dsn_return: Smtp.DsnReturn.HEADERS,
        envelope_id: 'an id+',
        priority: -3,
        hold_for: 3600,
        authenticated_sender: 'author@example.org',
        deliver_by: Smtp.DeliverBy.RETURN,
        deliver_within: 600,
        deliver_trace: true,
    });
    message.add_parameter('X-OWN', 'value');
    message.add_parameter('X-FLAG', null);
    const [one, two] = list(message.recipients);
    one.dsn_notify = Smtp.DsnNotify.SUCCESS | Smtp.DsnNotify.FAILURE | Smtp.DsnNotify.DELAY;
    one.original_recipient = 'first+@example.net';
    one.valid_since = TIME;
    two.dsn_notify = Smtp.DsnNotify.NEVER;
    two.add_parameter('X-OWN', 'two');
    assert(await send(t, message));
    equal(commands(t, 'MAIL'), [`MAIL FROM:<sender@example.org> SIZE=${CONTENT.length} BODY=8BITMIME SMTPUTF8 RET=HDRS ` +
        'ENVID=an+20id+2B AUTH=author@example.org BY=600;RT HOLDFOR=3600 MT-PRIORITY=-3 X-OWN=value X-FLAG']);
    equal(commands(t, 'RCPT'), [
        `RCPT TO:<one@example.net> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;first+2B@example.net RRVS=${TIME_TEXT}`,
        'RCPT TO:<jürgen@example.net> NOTIFY=NEVER X-OWN=two',
        'RCPT TO:<plain@example.net>',
    ]);
    equal(message.outcome, ACCEPTED);
};

const PARAMETERS = [  // the properties, and what they put on the line
    [{dsn_return: Smtp.DsnReturn.FULL}, 'RET=FULL'],
    [{authenticated_sender: ''}, 'AUTH=<>'],
    [{hold_until: TIME}, `HOLDUNTIL=${TIME_TEXT}`],
    [{deliver_by: Smtp.DeliverBy.NOTIFY, deliver_within: -60}, 'BY=-60;N'],
    [{priority: 9}, 'MT-PRIORITY=9'],
    [{body: Smtp.Body['7BIT']}, 'BODY=7BIT'],
    [{body: Smtp.Body['8BITMIME']}, 'BODY=8BITMIME'],
    [{sender: ''}, 'FROM:<>'],
];

scenarios['each-parameter'] = async t => {
    await t.open({extensions: RICH, auth_mechanisms: ['PLAIN']});
    for (const [properties, parameter] of PARAMETERS) {
        t.server.clear_commands();
        assert(await send(t, makeMessage(properties)));
        const [line] = commands(t, 'MAIL');
        assert(line.split(' ').includes(parameter), line);
    }
};

scenarios['require-tls'] = async t => {
    t.serve({extensions: ['PIPELINING', 'REQUIRETLS'], ...STARTTLS});
    t.newClient(Smtp.Security.STARTTLS).tls_database = t.server.create_database();
    await t.call('open');
    assert(await send(t, makeMessage({require_tls: true})));
    equal(commands(t, 'MAIL'), ['MAIL FROM:<sender@example.org> REQUIRETLS']);
    await t.call('quit');
};

scenarios['require-tls-in-clear'] = async t => {
    await t.open({extensions: ['PIPELINING', 'REQUIRETLS']});
    await expectSmtpError(Smtp.ClientError.TLS_REQUIRED, send(t, makeMessage({require_tls: true})));
    equal(commands(t, 'MAIL'), []);
};

scenarios['bad-parameters'] = async t => {
    await t.open({extensions: RICH});
    const before = t.server.get_bytes_received();
    const refuse = message => expectSmtpError(Smtp.ClientError.INVALID_ARGUMENT, send(t, message));
    for (const parameter of [['SIZE', '1'], ['X OWN', null], ['X-OWN', 'a b'], ['X-OWN', 'a\r\nRSET'], ['', null]]) {
        const [message, other] = [makeMessage(), makeMessage()];
        message.add_parameter(...parameter);
        await refuse(message);
        recipient(other, 0).add_parameter(...parameter);
        await refuse(other);
    }
    for (const properties of [{envelope_id: ''}, {envelope_id: 'a\r\nb'}, {authenticated_sender: 'nobody'},
        {hold_for: 1, hold_until: TIME}, {sender: 'a@b.example> SIZE=1'}, {to: ['a@b.example\r\nRSET']}])
        await refuse(makeMessage(properties));
    equal(t.server.get_bytes_received(), before);
    assert(await send(t, makeMessage()));
};

// ---- content ----------------------------------------------------------------

const TEXT = 'Subject: Grüße\n\n.\n..two\nno newline';
const ON_THE_WIRE = 'Subject: Grüße\r\n\r\n.\r\n..two\r\nno newline\r\n';

const memory = octets => Gio.MemoryInputStream.new_from_bytes(bytes(octets));

// A stream that cannot be rewound.
const oneWay = octets => Gio.ConverterInputStream.new(memory(octets), Gio.CharsetConverter.new('UTF-8', 'UTF-8'));

function makeFile(octets) {
    const [file, stream] = Gio.File.new_tmp('smtp-message-XXXXXX');
    stream.get_output_stream().write_all(octets, null);
    stream.close(null);
    return file;
}

async function sendContents(t, extensions) {
    await t.open({extensions: [...extensions, 'SMTPUTF8']});
    const octets = new TextEncoder().encode(TEXT);
    const file = makeFile(octets);
    const message = makeMessage({content: TEXT});
    assert(await send(t, message));
    for (const size of [octets.length, -1]) {
        message.set_content_stream(memory(TEXT), size);
        assert(await send(t, message));
    }
    assert(await send(t, message));  // it is rewound
    message.set_content_file(file);
    assert(await send(t, message));
    file.delete(null);
    equal(contents(t), range(5).map(() => ON_THE_WIRE));
    equal(t.server.get_message(0).via_bdat, extensions === CHUNKING);
}

scenarios['content'] = t => sendContents(t, CHUNKING);
scenarios['content-by-data'] = t => sendContents(t, PIPELINING);

scenarios['no-content'] = async t => {
    await t.open({extensions: CHUNKING});
    const message = Smtp.Message.new('a@b.example');
    message.add_recipient('one@example.net');
    assert(await send(t, message));
    equal(contents(t), ['']);
};

scenarios['binary'] = async t => {
    const octets = Uint8Array.from([...new TextEncoder().encode('Subject: binary\r\n\r\n'), ...range(768)]);
    await t.open({extensions: [...CHUNKING, 'BINARYMIME']});
    assert(await send(t, makeMessage({content: octets, body: Smtp.Body.BINARYMIME})));
    equal([...t.server.get_message(0).content.toArray()], [...octets]);
    assert(commands(t, 'MAIL')[0].includes(' BODY=BINARYMIME'), commands(t, 'MAIL'));
};

scenarios['missing-file'] = async t => {
    await t.open({extensions: CHUNKING});
    const message = makeMessage();
    message.set_content_file(Gio.File.new_for_path('/nonexistent/message'));
    const error = await expectError(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, send(t, message));
    assert(error.message.includes('content'), error.message);
    equal([message.outcome, commands(t, 'MAIL'), state(t)], [NOT_SENT, [], READY]);
};

scenarios['spent-stream'] = async t => {
    await t.open({extensions: CHUNKING});
    const message = makeMessage();
    message.set_content_stream(oneWay(CONTENT), -1);
    assert(await send(t, message));
    await expectError(null, null, send(t, message));
    equal([message.outcome, contents(t)], [NOT_SENT, [CONTENT]]);
};

scenarios['8bit'] = async t => {
    await t.open({extensions: NOTHING});
    const message = makeMessage({content: 'Subject: test\r\n\r\nGrüße\r\n'});
    await expectSmtpError(Smtp.ClientError.NOT_SUPPORTED, send(t, message));
    message.allow_8bit = true;
    assert(await send(t, message));
    equal(contents(t), ['Subject: test\r\n\r\nGrüße\r\n']);
};

scenarios['long-lines'] = async t => {
    await t.open({extensions: NOTHING});
    const long = `Subject: test\r\n\r\n${'x'.repeat(999)}\r\n`;
    const message = makeMessage({content: long});
    await expectSmtpError(Smtp.ClientError.INVALID_ARGUMENT, send(t, message));
    message.allow_long_lines = true;
    assert(await send(t, message));
    equal(contents(t), [long]);
};

// The promise lets a long stream go by BDAT; broken, it delivers nothing.
scenarios['canonical'] = async t => {
    const long = `Subject: long\r\n\r\n${'A line of some length, and its end.\r\n'.repeat(60000)}`;
    const broken = long.replaceAll('\r', '');
    await t.open({extensions: CHUNKING});
    const message = makeMessage({content_is_canonical: true});
    message.set_content_stream(oneWay(long), long.length);
    assert(await send(t, message));
    assert(content(t) === long && t.server.get_message(0).via_bdat);
    message.set_content_stream(oneWay(broken), broken.length);
    await expectSmtpError(Smtp.ClientError.INVALID_ARGUMENT, send(t, message));
    equal([message.outcome, t.server.get_n_messages()], [NOT_SENT, 1]);
};

// ---- what became of it ------------------------------------------------------

scenarios['accepted'] = async t => {
    await t.open({extensions: CHUNKING});
    const message = makeMessage({to: ['one@example.net', 'two@example.net']});
    equal(await send(t, message), true);
    equal([message.outcome, message.get_outcome()], [ACCEPTED, ACCEPTED]);
    for (const reply of [message.reply, message.get_reply()]) {
        equal([reply.get_code(), reply.get_enhanced_code()], [250, '2.0.0']);
        assert(reply.get_text().includes('queued as'), reply.get_text());
    }
    const number = `${t.server.get_message(0).number}`;
    equal([message.queue_id, message.get_queue_id()], [number, number]);
    equal([message.bytes_sent, message.get_bytes_sent()], [CONTENT.length, CONTENT.length]);
    for (const one of list(message.recipients)) {
        equal([one.accepted, one.get_accepted()], [true, true]);
        equal([one.reply.get_code(), one.get_reply().get_enhanced_code()], [250, '2.1.5']);
    }
    equal(state(t), READY);
};

scenarios['partial'] = async t => {
    await t.open({extensions: CHUNKING});
    const message = makeMessage({to: ['one@example.net', 'refused@example.net', 'later@example.net']});
    assert(await send(t, message));
    equal([message.outcome, accepted(message)], [PARTIAL, [true, false, false]]);
    equal(list(message.recipients).map(one => one.get_accepted()), [true, false, false]);
    equal(list(message.recipients).map(one => one.reply.get_code()), [250, 550, 450]);
    equal(recipient(message, 1).reply.get_text(), '5.1.1 No such user');
    equal(t.server.get_message(0).recipients, ['one@example.net']);
    assert(message.queue_id !== null);
};

scenarios['rejected-recipient'] = async t => {
    await t.open({extensions: CHUNKING});
    const message = makeMessage({
        to: ['one@example.net', 'refused@example.net'],
        recipient_policy: Smtp.Recipients.ALL,
    });
    const error = await expectSmtpError(Smtp.ClientError.REFUSED_PERMANENT, send(t, message));
    assert(error.message.includes('No such user'), error.message);
    equal([message.outcome, message.reply.get_code(), message.queue_id], [REJECTED, 550, null]);
    equal([t.server.get_n_messages(), accepted(message)], [0, [true, false]]);
    message.recipient_policy = Smtp.Recipients.ANY;
    assert(await send(t, message));
    equal(message.outcome, PARTIAL);
};

scenarios['rejected-content'] = async t => {
    await t.open({extensions: CHUNKING});
    t.server.script_reply_text('.', '554-5.7.1 This is spam\r\n554 5.7.1 queued as nothing');
    const message = makeMessage();
    await expectSmtpError(Smtp.ClientError.REFUSED_PERMANENT, send(t, message));
    equal([message.outcome, message.queue_id, accepted(message)], [REJECTED, null, [true]]);
    equal([message.reply.get_code(), message.reply.get_enhanced_code()], [554, '5.7.1']);
    equal(message.reply.get_lines(), ['5.7.1 This is spam', '5.7.1 queued as nothing']);
    equal(state(t), READY);
};

scenarios['refused-later'] = async t => {
    await t.open({extensions: PIPELINING});
    t.server.script_reply_text('MAIL', '452 4.3.1 later');
    const message = makeMessage();
    await expectSmtpError(Smtp.ClientError.REFUSED_TEMPORARY, send(t, message));
    equal([message.outcome, message.reply.get_enhanced_code()], [REJECTED, '4.3.1']);
};

const NOT_OFFERED = [
    {envelope_id: 'x'}, {dsn_return: Smtp.DsnReturn.FULL}, {priority: 1}, {hold_for: 1}, {hold_until: TIME},
    {deliver_by: Smtp.DeliverBy.NOTIFY}, {body: Smtp.Body.BINARYMIME}, {body: Smtp.Body['8BITMIME']},
    {authenticated_sender: 'a@b.example'}, {sender: 'jürgen@example.org'},
];

scenarios['not-sent'] = async t => {
    await t.open({extensions: NOTHING});
    const messages = NOT_OFFERED.map(makeMessage);
    for (const properties of [{dsn_notify: Smtp.DsnNotify.NEVER}, {original_recipient: 'a@b.example'}, {valid_since: TIME}]) {
        messages.push(makeMessage());
        Object.assign(recipient(messages.at(-1), 0), properties);
    }
    for (const message of messages) {
        try {
            await send(t, message);
            assert(false, 'sent');
        } catch (error) {
            assert(error instanceof Smtp.ClientError && error.code === Smtp.ClientError.NOT_SUPPORTED, `${error}`);
            assert(error.matches(Smtp.ClientError, Smtp.ClientError.NOT_SUPPORTED), `${error}`);
        }
        equal([message.outcome, message.reply], [NOT_SENT, null]);
    }
    equal([commands(t, 'MAIL'), state(t)], [[], READY]);
};

scenarios['too-large'] = async t => {
    await t.open({extensions: ['SIZE 20']});
    const message = makeMessage();
    const error = await expectSmtpError(Smtp.ClientError.NOT_SUPPORTED, send(t, message));
    assert(error.message.includes('20'), error.message);
    equal([message.outcome, commands(t, 'MAIL')], [NOT_SENT, []]);
};

scenarios['unknown'] = async t => {
    await t.open({extensions: PIPELINING});
    t.server.script_drop('.', 0, true);
    const message = makeMessage();
    await expectSmtpError(Smtp.ClientError.OUTCOME_UNKNOWN, send(t, message));
    equal([message.outcome, message.reply, accepted(message)], [UNKNOWN, null, [true]]);
    assert(t.server.wait_for_messages(1, WAIT));
    equal(state(t), BROKEN);
};

// What became of it is about the last send, also when that never began.
scenarios['closed'] = async t => {
    await t.open({extensions: CHUNKING});
    const message = makeMessage();
    assert(await send(t, message));
    t.client.close();
    await expectSmtpError(Smtp.ClientError.BROKEN, send(t, message));
    equal([message.outcome, message.queue_id, message.reply], [NOT_SENT, null, null]);
};

scenarios['again'] = async t => {
    await t.open({extensions: CHUNKING});
    const message = makeMessage();
    assert(await send(t, message));
    const first = message.queue_id;
    message.add_recipient('refused@example.net');
    assert(await send(t, message));
    assert(message.queue_id !== null && message.queue_id !== first);
    equal([message.outcome, t.server.get_n_messages()], [PARTIAL, 2]);
};

const cancelledError = promise => expectError(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED, promise);

scenarios['cancelled'] = async t => {
    await t.open({extensions: CHUNKING});
    const [message, cancellable] = [makeMessage(), new Gio.Cancellable()];
    cancellable.cancel();
    await cancelledError(t.async ? t.client.send_async(message, cancellable)
        : (async () => t.client.send(message, cancellable))());
    equal([message.outcome, t.server.get_n_messages()], [NOT_SENT, 0]);
};

// ---- signals ----------------------------------------------------------------

scenarios['progress'] = async t => {
    await t.open({extensions: PIPELINING});
    const long = `Subject: long\r\n\r\n${'A line of some length, and its end.\r\n'.repeat(100000)}`;
    const message = makeMessage({to: ['one@example.net', 'refused@example.net']});
    message.set_content_stream(oneWay(long), long.length);
    const [sent, told] = [[], []];
    message.connect('notify::bytes-sent', () => sent.push(message.bytes_sent));
    for (const name of ['outcome', 'reply', 'queue-id'])
        message.connect(`notify::${name}`, (_message, pspec) => told.push(`${pspec.name} ${message.outcome}`));
    for (const [i, one] of list(message.recipients).entries()) {
        for (const name of ['reply', 'accepted']) {
            one.connect(`notify::${name}`,
                (_one, pspec) => told.push(`${i} ${pspec.name} ${one.reply.get_code()} ${one.accepted}`));
        }
    }
    assert(await send(t, message));
    assert(content(t) === long, 'another content');
    assert(sent.length > 2 && sent[0] > 0, `${sent}`);
    assert(sent.every((n, i) => i === 0 || n > sent[i - 1]), `${sent}`);
    equal([sent.at(-1), message.bytes_sent], [long.length, long.length]);
    equal(told.sort(), ['0 accepted 250 true', '0 reply 250 true', '1 accepted 550 false', '1 reply 550 false',
        `outcome ${PARTIAL}`, `queue-id ${PARTIAL}`, `reply ${PARTIAL}`]);
};

// ---- several on one connection ----------------------------------------------

// Sends them at once; done has their order, and the promise is of their errors.
function queue(t, messages, cancellables = [], done = []) {
    return Promise.all(messages.map(async (message, i) => {
        try {
            assert(await t.client.send_async(message, cancellables[i] ?? null));
            return null;
        } catch (error) {
            return error;
        } finally {
            done.push(i);
        }
    }));
}

const makeSeveral = n => range(n).map(i => makeMessage({to: [`user${i}@example.net`], content: `Subject: ${i}\r\n\r\n`}));

// In the order of the calls, each with its own result; the synchronous form
// cannot queue, and sends one by one.
scenarios['queue'] = async t => {
    await t.open({extensions: PIPELINING});
    const messages = makeSeveral(8);
    messages[3] = makeMessage({to: ['refused@example.net']});
    if (t.async) {
        const done = [];
        const errors = await queue(t, messages, [], done);
        equal(done, range(8));
        equal(errors.map(error => error !== null), range(8).map(i => i === 3));
        assert(errors[3].matches(Smtp.ClientError, Smtp.ClientError.REFUSED_PERMANENT), `${errors[3]}`);
    } else {
        for (const [i, message] of messages.entries()) {
            if (i === 3)
                await expectSmtpError(Smtp.ClientError.REFUSED_PERMANENT, send(t, message));
            else
                assert(t.client.send(message, null));
        }
    }
    equal(messages.map(message => message.outcome), range(8).map(i => i === 3 ? REJECTED : ACCEPTED));
    equal(contents(t), range(8).filter(i => i !== 3).map(i => `Subject: ${i}\r\n\r\n`));
    equal(t.server.get_session_count(), 1);
};

// What is sent once another is through.
scenarios['queue-from-result'] = async t => {
    await t.open({extensions: CHUNKING});
    const [first, second] = makeSeveral(2);
    await t.client.send_async(first, null).then(() => t.client.send_async(second, null));
    equal([first.outcome, second.outcome, t.server.get_n_messages()], [ACCEPTED, ACCEPTED, 2]);
};

scenarios['queue-cancelled'] = async t => {
    await t.open({extensions: PIPELINING});
    const messages = makeSeveral(3);
    const cancellable = new Gio.Cancellable();
    const errors = queue(t, messages, [null, cancellable]);
    cancellable.cancel();
    const [one, two, three] = await errors;
    equal([one, three], [null, null]);
    assert(two.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED), `${two}`);
    equal([messages[1].outcome, t.server.get_n_messages()], [NOT_SENT, 2]);
};

// Another operation, and the same message, while one is sent.
scenarios['pending'] = async t => {
    await t.open({extensions: PIPELINING});
    const message = makeMessage();
    const sends = queue(t, [message, message]);
    await expectError(Gio.IOErrorEnum, Gio.IOErrorEnum.PENDING, t.call('noop'));
    const errors = (await sends).filter(error => error !== null);
    assert(errors.length === 1 && errors[0].matches(Gio.IOErrorEnum, Gio.IOErrorEnum.PENDING), `${errors}`);
    equal([message.outcome, t.server.get_n_messages()], [ACCEPTED, 1]);
};

// A message that nobody holds is sent.
scenarios['message-forgotten'] = async t => {
    await t.open({extensions: CHUNKING});
    const sent = (() => t.client.send_async(makeMessage(), null))();
    System.gc();
    assert(await sent);
    equal(contents(t), [CONTENT]);
};

async function sendSeveral(t, n) {
    t.server.clear_messages();
    const messages = makeSeveral(n);
    const done = [];
    equal(await queue(t, messages, [], done), range(n).map(() => null));
    equal(done, range(n));
    equal(messages.map(message => message.outcome), range(n).map(() => ACCEPTED));
    equal(contents(t), range(n).map(i => `Subject: ${i}\r\n\r\n`));
}

const linesSent = (t, begin) => t.transcript.filter(([direction, line]) =>
    direction === Smtp.Direction.SENT && line.startsWith(begin));

// Waits until so many lines were sent although no verdict comes, and ends it;
// resolves to the outcomes.
async function sendWithoutVerdict(t, n, begin, count) {
    t.server.script_silence('.', 0);
    t.transcript.length = 0;
    const [messages, cancellable] = [makeSeveral(n), new Gio.Cancellable()];
    const sends = queue(t, messages, [cancellable]);
    const seen = new Promise(resolve => t.client.connect_after('transcript', () => {
        if (linesSent(t, begin).length >= count)
            resolve();
    }));
    await Promise.race([sends, seen]);
    cancellable.cancel();
    const errors = await sends;
    equal(linesSent(t, begin).length, count);
    assert(errors[0].matches(Smtp.ClientError, Smtp.ClientError.OUTCOME_UNKNOWN), `${errors[0]}`);
    assert(errors.every(error => error !== null), `${errors}`);
    return messages.map(message => message.outcome);
}

scenarios['pipeline-messages'] = async t => {
    await t.open({extensions: PIPELINING});
    const {client} = t;
    let notified = 0;
    client.connect('notify::pipeline-messages', () => notified++);
    equal([client.pipeline_messages, client.get_pipeline_messages()], [false, false]);
    await sendSeveral(t, 4);
    equal(linesSent(t, 'RSET'), []);
    client.set_pipeline_messages(true);
    client.pipeline_messages = false;
    client.pipelineMessages = true;
    equal([client.pipeline_messages, client.get_pipeline_messages(), notified], [true, true, 3]);
    await sendSeveral(t, 4);
    equal(await sendWithoutVerdict(t, 3, 'RSET', 1), [UNKNOWN, NOT_SENT, NOT_SENT]);
};

scenarios['window'] = async t => {
    await t.open({extensions: CHUNKING});
    const {client} = t;
    let notified = 0;
    client.connect('notify::window', () => notified++);
    equal([client.window, client.get_window()], [1, 1]);
    client.window = 1000;
    equal([client.window, client.get_window()], [1000, 1000]);
    client.set_window(3);
    equal([client.window, notified], [3, 2]);
    await sendSeveral(t, 8);
    client.pipeline_messages = true;
    await sendSeveral(t, 8);
    equal(await sendWithoutVerdict(t, 5, 'MAIL', 3), [UNKNOWN, UNKNOWN, UNKNOWN, NOT_SENT, NOT_SENT]);
    equal(new Smtp.Client({window: 7, pipeline_messages: true}).get_window(), 7);
};

main(scenarios);
