// SPDX-License-Identifier: ISC
// What the visitor typed is in no file: not during the request, not after it, not after errors, not after kill -9.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, execFileSync } from 'node:child_process';
import { writeFileSync, mkdtempSync, readFileSync, rmSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesHolding, generate, generateEvents, sleep, startSite, until } from './harness.mjs';

let site;
let temporary;
before(async () => {
  temporary = mkdtempSync(join(tmpdir(), 'lethe-canary-'));
  site = await startSite({ env: { TMPDIR: temporary } });
});
after(async () => { await site?.stop(); rmSync(temporary, { recursive: true, force: true }); });

let serial = 0;
const canary = () => `Zanzibarquartz${process.pid}x${++serial}`;
const describe = (word) => `A workshop called ${word} that restores wooden sailing boats and teaches the craft.`;
// The one place where it may be is the ZIP itself, which holds the prompts.
const elsewhere = (word) => filesHolding(word, [site.state, site.run, temporary, '/dev/shm'])
  .filter((f) => !/\/spool\/[0-9a-f]{32}\.zip$/.test(f));

test('not after a generation', async () => {
  const word = canary();
  const { status } = await generate(site, { description: describe(word), count: 2 });
  assert.equal(status, 200);
  assert.deepEqual(elsewhere(word), []);
  assert.ok(!site.output().includes(word));
});

test('not while it runs', async () => {
  const word = canary();
  let looks = 0;
  for await (const { event } of generateEvents(site, { description: describe(word), count: 4 })) {
    if (event === 'error') assert.fail('the generation failed');
    assert.deepEqual(elsewhere(word).filter((f) => !/\/spool\/[^/]*$/.test(f)), []);
    looks++;
  }
  assert.ok(looks > 5);
});

test('not after requests that fail', async () => {
  const word = canary();
  const bad = [
    { description: describe(word), count: 99 },
    { description: describe(word), size: word },
    { description: describe(word), [word]: 1 },
    { description: `${describe(word)} Pay with 4111 1111 1111 1111.` },
    { url: `http://127.0.0.1/${word}` },
    { url: `ftp://example.org/${word}` },
  ];
  for (const fields of bad) {
    const { status } = await generate(site, fields);
    assert.ok(status >= 400 && status < 600, JSON.stringify(status));
  }
  await fetch(`${site.url}/api/generate?${word}`, { method: 'POST', body: word, headers: { 'content-type': 'text/plain' } });
  await fetch(`${site.url}/${word}`);
  await fetch(`${site.url}/downloads/${word}.zip`);
  assert.deepEqual(elsewhere(word), []);
  assert.ok(!site.output().includes(word), 'and in no message of a program');
});

test('not after the visitor leaves in the middle', async () => {
  const word = canary();
  const control = new AbortController();
  let receipt;
  await assert.rejects(async () => {
    for await (const { event, data } of generateEvents(site, { description: describe(word), count: 8 }, { signal: control.signal })) {
      receipt ??= data.receipt;
      if (event === 'image') control.abort();
    }
  });
  await sleep(1000);
  assert.deepEqual(elsewhere(word), [], 'while he may come back');
  assert.equal((await fetch(`${site.url}/api/generate/${receipt}`, { method: 'DELETE' })).status, 204);
  assert.deepEqual(elsewhere(word), []);
  const spool = readdirSync(join(site.run, 'spool'));
  assert.ok(spool.every((f) => /^[0-9a-f]{32}\.zip$/.test(f)), `no half-made file: ${spool}`);
});

test('not after kill -9 of each program in the middle', async () => {
  for (const name of ['generate', 'worker', 'egress', 'nginx']) {
    const word = canary();
    const pid = site.program(name);
    const events = generateEvents(site, { description: describe(word), count: 8 });
    try {
      for await (const { event } of events)
        if (event === 'image') { process.kill(pid, 'SIGKILL'); break; }
    } catch { /* the connection may break: that is the point */ }
    // Workers of a killed nginx may still answer until they are ended too.
    await until(async () => ![undefined, pid].includes(site.program(name)) && (await fetch(`${site.url}/healthz`).catch(() => ({}))).status === 200, 15000, `${name} again`);
    assert.deepEqual(elsewhere(word), [], `after kill -9 of ${name}`);
    assert.ok(!site.output().includes(word));
  }
  const { status } = await generate(site, { description: describe(canary()), count: 1 });
  assert.equal(status, 200);
});

test('no address of a visitor is in the clear in any file', async () => {
  // Two names of loopback that a visitor would have: what is stored must be sealed.
  assert.deepEqual(filesHolding('127.0.0.1', [site.state]).filter((f) => !/publish|nginx/.test(f)), []);
  assert.deepEqual(filesHolding('node', [join(site.state, 'log')]), []);
});

test('no program opens a file for writing but in state, run and its devices', { skip: (() => { try { execFileSync('strace', ['-V']); return process.getuid() !== 0 && 'needs root to trace'; } catch { return 'no strace'; } })() }, async () => {
  const word = canary();
  const log = join(temporary, 'trace');
  const pids = site.processes().flatMap((p) => ['-p', String(p.pid)]);
  const tracer = spawn('strace', ['-f', '-qq', '-e', 'trace=openat,open,creat', '-o', log, ...pids], { stdio: 'ignore' });
  try {
    await sleep(800);
    const { status } = await generate(site, { description: describe(word), count: 2 });
    assert.equal(status, 200);
  } finally {
    tracer.kill('SIGINT');
    await new Promise((r) => tracer.once('exit', r));
  }
  const writes = readFileSync(log, 'utf8').split('\n').filter((l) => /O_(WRONLY|RDWR|CREAT)/.test(l) && !/ENOENT|EACCES/.test(l));
  const odd = writes.map((l) => l.match(/"([^"]*)"/)?.[1] || l)
    .filter((p) => !p.startsWith(site.state) && !p.startsWith(site.run) && !p.startsWith('/dev/') && !p.startsWith('/proc/self'));
  assert.deepEqual(odd, []);
  writeFileSync(log, '');
});
