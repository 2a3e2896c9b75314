// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests in JavaScript have in common. Each scenario runs twice: with
// the synchronous calls and with the asynchronous ones.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Smtp from 'gi://Smtp?version=1.0';
import SmtpTest from 'gi://SmtpTest?version=1.0';
import System from 'system';

export const CONTENT = 'Subject: test\r\n\r\nbody\r\n';
export const WAIT = 10000;
export const STARTTLS = {tls_mode: SmtpTest.Tls.STARTTLS};

for (const name of ['open', 'hello', 'authenticate', 'mail', 'rcpt', 'data', 'reset', 'noop', 'command', 'quit', 'send'])
    Gio._promisify(Smtp.Client.prototype, `${name}_async`, `${name}_finish`);
for (const name of ['write_bytes', 'close', 'splice'])
    Gio._promisify(Gio.OutputStream.prototype, `${name}_async`, `${name}_finish`);
Gio._promisify(Smtp, 'send_mail_async', 'send_mail_finish');

export const bytes = text => new GLib.Bytes(typeof text === 'string' ? new TextEncoder().encode(text) : text);
export const text = data => new TextDecoder().decode(data.toArray());
export const base64 = octets => GLib.base64_encode(octets);

// ---- calling ----------------------------------------------------------------

// A server, its client, and calls in one of the two forms.
export class Test {
    constructor(asynchronous) {
        this.async = asynchronous;
        this.server = SmtpTest.Server.new();
        this.transcript = [];
    }

    serve(properties = {}) {
        Object.assign(this.server, properties);
        this.server.start();
    }

    watch(client) {
        client.timeout = 10;
        client.connect('transcript', (_client, direction, line) => this.transcript.push([direction, line]));
        this.client = client;
        return client;
    }

    newClient(security = Smtp.Security.NONE) {
        return this.watch(Smtp.Client.new('127.0.0.1', this.server.get_port(), security));
    }

    async open(properties = {}) {
        this.serve(properties);
        this.newClient();
        await this.call('open');
    }

    // A method of the client.
    async call(name, ...args) {
        if (this.async)
            return await this.client[`${name}_async`](...args, null);
        return this.client[name](...args, null);
    }

    async write(stream, content) {
        for (let rest = new TextEncoder().encode(content); rest.length > 0;) {
            const n = this.async
                ? await stream.write_bytes_async(bytes(rest), GLib.PRIORITY_DEFAULT, null)
                : stream.write_bytes(bytes(rest), null);
            rest = rest.subarray(n);
        }
    }

    async close(stream, cancellable = null) {
        if (this.async)
            return await stream.close_async(GLib.PRIORITY_DEFAULT, cancellable);
        return stream.close(cancellable);
    }

    async splice(stream, source) {
        const flags = Gio.OutputStreamSpliceFlags.CLOSE_SOURCE | Gio.OutputStreamSpliceFlags.CLOSE_TARGET;
        if (this.async)
            return await stream.splice_async(source, flags, GLib.PRIORITY_DEFAULT, null);
        return stream.splice(source, flags, null);
    }

    async beginContent() {
        await this.call('mail', 'sender@example.org', null);
        await this.call('rcpt', 'recipient@example.net', null);
        return this.call('data');
    }

    async send(content = CONTENT) {
        const stream = await this.beginContent();
        await this.write(stream, content);
        await this.close(stream);
    }
}

export function assert(condition, message = 'not as expected') {
    if (!condition)
        throw new Error(message);
}

export function equal(value, expected) {
    const [a, b] = [JSON.stringify(value), JSON.stringify(expected)];
    assert(a === b, `${a} instead of ${b}`);
}

// Resolves to the error that the promise must end with; without a domain
// anything thrown will do.
export async function expectError(domain, code, promise) {
    let error = null;
    try {
        await promise;
    } catch (e) {
        error = e;
    }
    assert(error !== null, 'no error');
    assert(domain === null || (error instanceof GLib.Error && error.matches(domain, code)), `another error: ${error}`);
    return error;
}

export const expectSmtpError = (code, promise) => expectError(Smtp.ClientError, code, promise);

export function expectNoMessage(t) {
    assert(t.server.wait_for_closed(1, WAIT), 'the session goes on');
    equal(t.server.get_n_messages(), 0);
}

// Text, and nothing that could move a terminal's cursor.
export function expectClean(line) {
    for (const c of line) {
        const point = c.codePointAt(0);
        assert(point >= 32 && (point < 127 || point >= 160), JSON.stringify(line));
    }
}

// ---- running ----------------------------------------------------------------

async function run(scenario, asynchronous) {
    const t = new Test(asynchronous);
    try {
        const skipped = await scenario(t);
        return [true, skipped ? ` # SKIP ${skipped}` : ''];
    } catch (error) {
        const report = [`${error}`, error.stack ?? '', ...t.transcript.map(line => line.join(' '))].join('\n');
        print(report.trimEnd().replace(/^/gm, '# '));
        return [false, ''];
    } finally {
        t.client?.close();
        t.server.stop();
    }
}

async function runAll(scenarios) {
    const cases = Object.entries(scenarios)
        .filter(([name]) => System.programArgs.length === 0 || ARGV.includes(name))
        .flatMap(([name, scenario]) => [[`${name}/sync`, scenario, false], [`${name}/async`, scenario, true]]);
    let failed = 0;
    print(`1..${cases.length}`);
    for (const [i, [name, scenario, asynchronous]] of cases.entries()) {
        const [ok, skipped] = await run(scenario, asynchronous);
        failed += !ok;
        print(`${ok ? 'ok' : 'not ok'} ${i + 1} - ${name}${skipped}`);
    }
    return failed ? 1 : 0;
}

// Runs the scenarios, or those that the command line names, and exits.
export function main(scenarios) {
    const loop = new GLib.MainLoop(null, false);
    let status = 1;
    runAll(scenarios).then(result => {
        status = result;
    }, logError).finally(() => loop.quit());
    loop.run();
    System.exit(status);
}
