#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later

// nodemailer: its pool of connections, or without it a connection for each
// message. Node finds the module by NODE_PATH. See smtp-bench-client.c for the
// arguments.

'use strict';

const fs = require('fs');

const SENDER = 'sender@example.org';

function load() {
  try {
    return require('nodemailer');
  } catch (error) {
    console.error(error.message.split('\n')[0]);
    process.exit(77);
  }
}

function readOptions(args) {
  const options = { host: '127.0.0.1', port: '25', n: '1', rcpts: '1', conns: '1', tls: 'none', mode: 'reuse' };

  for (const argument of args) {
    const at = argument.indexOf('=');
    options[argument.slice(0, at)] = argument.slice(at + 1);
  }
  for (const key of ['port', 'n', 'rcpts', 'conns']) {
    options[key] = Math.max(1, Number(options[key]));
  }
  return options;
}

function makeContent(options) {
  if (!options.msg) {
    return 'Subject: bench\r\n\r\nx\r\n';
  }
  return options.stream === '1' ? { path: options.msg } : fs.readFileSync(options.msg);
}

// A pool's connections end after 100 messages unless told otherwise.
function makeTransport(options) {
  return load().createTransport({
    host: options.host,
    port: options.port,
    secure: options.tls === 'implicit',
    requireTLS: options.tls === 'starttls',
    ignoreTLS: options.tls === 'none',
    tls: options.ca ? { ca: fs.readFileSync(options.ca) } : {},
    pool: options.mode !== 'fresh',
    maxConnections: options.conns,
    maxMessages: Infinity,
  });
}

function makeMessage(options) {
  const to = Array.from({ length: options.rcpts }, (_, i) => `user${i}@example.net`);

  return { envelope: { from: SENDER, to }, raw: makeContent(options) };
}

async function send(transport, message) {
  const info = await transport.sendMail({ ...message });

  if (info.rejected.length > 0) {
    throw info.rejectedErrors[0];
  }
}

// A pool has one message waiting behind each that is being sent.
async function run(transport, message, options) {
  let left = options.n;
  const line = async () => {
    while (left-- > 0) {
      await send(transport, message);
    }
  };
  const lines = options.mode === 'fresh' ? options.conns : 2 * options.conns;

  await Promise.all(Array.from({ length: lines }, line));
  transport.close();
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  const transport = makeTransport(options);
  const message = makeMessage(options);
  const before = process.cpuUsage();
  const begun = process.hrtime.bigint();

  await run(transport, message, options);
  const wall = Number(process.hrtime.bigint() - begun) / 1e9;
  const { user, system } = process.cpuUsage(before);
  const [w, u, s] = [wall, user / 1e6, system / 1e6].map((seconds) => seconds.toFixed(6));
  console.log(`RESULT wall=${w} user=${u} sys=${s} sent=${options.n}`);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
