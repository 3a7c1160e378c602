// SPDX-License-Identifier: ISC
// A set and its visitor's connection: it breaks and he comes back, he does not come back, he cancels, he erases, the program is stopped.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startAzure } from '../peers/azure.mjs';
import { eventsOf, filesHolding, generate, generateEvents, sleep, startSite, until } from './harness.mjs';

const ALONE_MS = 6000; // in place of the minute; long enough for a crowded machine
let azure;
let site;
before(async () => {
  azure = await startAzure();
  site = await startSite({ testing: true, env: { ...azure.env, LETHE_ALONE_MS: String(ALONE_MS) } });
});
after(async () => { await site?.stop(); await azure?.close(); });
beforeEach(() => azure.reset());

const description = 'A pottery studio by the sea: stoneware bowls, an old kiln, evening classes.';
const chats = () => azure.requests.filter((r) => /chat/.test(r.url)).length;
const images = () => azure.requests.filter((r) => /images/.test(r.url)).length;
const spool = () => readdirSync(join(site.run, 'spool'));

// Begins a set, reads events until `enough` says so of the last one, and breaks the connection. Gives what came.
async function broken(fields, enough) {
  const control = new AbortController();
  const seen = [];
  try {
    for await (const event of generateEvents(site, { description, provider: 'azure-openai', ...fields }, { signal: control.signal })) {
      seen.push(event);
      if (enough(event)) { control.abort(); break; }
    }
  } catch (error) { if (error.name !== 'AbortError') throw error; }
  return { seen, receipt: seen[0].data.receipt };
}
const follow = (receipt, headers = {}, signal) => fetch(`${site.url}/api/generate/${receipt}`, { headers, signal });
async function followed(receipt, headers) {
  const response = await follow(receipt, headers);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/event-stream/);
  assert.equal(response.headers.get('cache-control'), 'no-store, no-transform');
  assert.equal(response.headers.get('x-accel-buffering'), 'no');
  const events = [];
  for await (const event of eventsOf(response)) events.push(event);
  return events;
}
const picture = async (url, headers = {}, method = 'GET') => {
  const response = await fetch(site.url + url, { headers, method });
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
};

// The set as the events tell it is the set as the ZIP holds it.
async function checkSet(events, count) {
  const done = events.at(-1);
  assert.equal(done.event, 'done', JSON.stringify(done));
  const zip = await fetch(site.url + done.data.archive.url);
  const path = join(site.base, `set-${Math.random()}.zip`);
  writeFileSync(path, Buffer.from(await zip.arrayBuffer()));
  const names = execFileSync('unzip', ['-Z1', path], { encoding: 'utf8' }).trim().split('\n').filter((n) => n.startsWith('images/'));
  const shown = events.filter(({ event }) => event === 'image').map(({ data }) => data).sort((a, b) => a.index - b.index);
  assert.equal(shown.length, count);
  assert.equal(names.length, count);
  for (const [i, { url, type, bytes }] of shown.entries()) {
    const got = await picture(url);
    assert.equal(got.status, 200);
    assert.equal(got.headers.get('content-type'), type);
    assert.equal(got.bytes.length, bytes);
    assert.ok(got.bytes.equals(execFileSync('unzip', ['-p', path, names[i]], { maxBuffer: 1 << 28 })), 'the picture is the one in the ZIP');
  }
}

test('the connection breaks while prompts are written: nothing new is begun until the visitor is back, then the set goes on', async () => {
  azure.next('slow:700');
  const { receipt } = await broken({ count: 3 }, ({ event }) => event === 'begun');
  await until(() => azure.inFlight === 0 && chats() === 1, 5000, 'the prompts');
  await sleep(400);
  assert.equal(images(), 0, 'no picture is begun for somebody who is away');
  const events = await followed(receipt);
  assert.equal(images(), 3);
  assert.equal(chats(), 1, 'what was under way was finished, and not asked twice');
  assert.deepEqual(events.map(({ id }) => id), events.map((_, i) => i + 1));
  await checkSet(events, 3);
});

test('the connection breaks while pictures are made: they are finished and kept', async () => {
  azure.next('ok', 'slow:800', 'slow:800', 'slow:800');
  const { seen, receipt } = await broken({ count: 3 }, ({ event, data }) => event === 'progress' && data.stage === 'images');
  assert.equal(seen.filter(({ event }) => event === 'prompt').length, 3);
  await until(() => spool().some((name) => /^[0-9a-f]{32}\.zip$/.test(name) && azure.inFlight === 0), 5000, 'the archive');
  assert.equal(azure.cancelled, 0);
  await checkSet(await followed(receipt), 3);
  await checkSet(await followed(receipt, { 'last-event-id': '3' }), 3); // of a finished set all is told once more
});

test('coming back with the number of the last event gives what came after it, to as many as ask', async () => {
  azure.next('ok', 'slow:1200');
  const { seen, receipt } = await broken({ count: 1 }, ({ event, data }) => event === 'progress' && data.stage === 'images');
  const head = await fetch(`${site.url}/api/generate/${receipt}`, { method: 'HEAD' });
  assert.equal(head.status, 200, 'and who asks for the head alone is not told to wait');
  const [rest, all] = await Promise.all([followed(receipt, { 'last-event-id': String(seen.at(-1).id) }), followed(receipt)]);
  assert.equal(rest[0].id, seen.at(-1).id + 1);
  assert.deepEqual([...seen, ...rest], all);
  await checkSet(all, 1);
});

test('the visitor breaks off, comes back and breaks off again: what counts is the last time', async () => {
  azure.next('slow:600');
  const { receipt } = await broken({ count: 1 }, ({ event }) => event === 'begun');
  for (let i = 0; i < 3; i++) {
    await sleep(ALONE_MS * 0.6);
    const control = new AbortController();
    const response = await follow(receipt, {}, control.signal);
    assert.equal(response.status, 200, `time ${i}`);
    if (i < 2) azure.always = 'slow:3000';
    await sleep(50);
    control.abort();
  }
  azure.always = null;
  await checkSet(await followed(receipt), 1);
});

test('who only asks whether the set is there has not come back', async () => {
  azure.next('slow:300');
  const { receipt } = await broken({ count: 1 }, ({ event }) => event === 'begun');
  const head = () => fetch(`${site.url}/api/generate/${receipt}`, { method: 'HEAD' }).then(({ status }) => status);
  const answers = [];
  for (let i = 0; i < 3; i++) {
    await sleep(ALONE_MS * 0.6);
    answers.push(await head());
  }
  assert.deepEqual(answers, [200, 404, 404]);
  assert.equal(images(), 0);
});

test('nobody comes back: the set is closed with what is there, and what was typed is gone', async () => {
  const word = `Zanzibarquartz${process.pid}away`;
  azure.next('ok', 'ok', 'hang', 'hang');
  const { receipt } = await broken({ count: 3, description: `${description} ${word}` }, ({ event }) => event === 'image');
  await until(() => azure.inFlight === 2, 2000, 'two under way');
  await until(() => azure.cancelled === 2, ALONE_MS + 3000, 'the end of what nobody waits for');
  await until(() => !spool().some((name) => name.startsWith('new-')), 2000, 'the archive');
  const events = await followed(receipt);
  await checkSet(events, 1);
  const { missing } = events.at(-1).data;
  assert.equal(missing.length, 2);
  for (const { reason } of missing) assert.match(reason, /away for more than a minute/);
  assert.ok(!site.output().includes(word));
});

test('nobody comes back and nothing was made: nothing is kept', async () => {
  const before = spool().length;
  azure.next('slow:300');
  const { receipt } = await broken({ count: 2 }, ({ event }) => event === 'begun');
  await sleep(ALONE_MS + 800);
  assert.equal((await follow(receipt)).status, 404);
  assert.equal(spool().length, before);
  assert.equal(images(), 0);
});

test('cancelling ends everything at once, there and here', async () => {
  const before = spool();
  azure.always = 'hang';
  azure.next('ok');
  const control = new AbortController();
  const events = generateEvents(site, { description, provider: 'azure-openai', count: 4 }, { signal: control.signal });
  const { value: begun } = await events.next();
  const receipt = begun.data.receipt;
  assert.match(receipt, /^[A-Za-z0-9_-]{43}$/);
  await until(() => azure.inFlight === 4, 3000, 'four pictures under way');
  const answer = await fetch(`${site.url}/api/generate/${receipt}`, { method: 'DELETE' });
  assert.equal(answer.status, 204);
  await until(() => azure.cancelled === 4, 2000, 'the vendor is told');
  assert.deepEqual(spool(), before, 'nothing is left');
  const rest = [];
  for await (const event of events) rest.push(event.event);
  assert.ok(!rest.includes('done') && !rest.includes('error'), String(rest));
  for (const method of ['GET', 'DELETE']) assert.equal((await fetch(`${site.url}/api/generate/${receipt}`, { method })).status, 404);
});

test('cancelling works for a visitor whose connection is broken, and for a set that is finished', async () => {
  azure.next('ok', 'hang');
  const { receipt } = await broken({ count: 1 }, ({ event, data }) => event === 'progress' && data.stage === 'images');
  await until(() => azure.inFlight === 1, 2000, 'the picture');
  assert.equal((await fetch(`${site.url}/api/generate/${receipt}`, { method: 'DELETE' })).status, 204);
  await until(() => azure.cancelled === 1, 2000, 'the vendor is told');
  const { body } = await generate(site, { description, count: 1 });
  assert.equal((await picture(body.images[0].url)).status, 200);
  assert.equal((await fetch(`${site.url}/api/generate/${body.receipt}`, { method: 'DELETE' })).status, 204);
  for (const url of [body.archive.url, body.images[0].url, `/api/generate/${body.receipt}`]) assert.equal((await fetch(site.url + url)).status, 404, url);
});

test('a visitor who takes nothing of the pictures that are handed over to him does not hold up the end of the set', async (t) => {
  const before = spool();
  azure.pictureBytes = 2 * 1024 * 1024;
  t.after(() => { azure.pictureBytes = 0; });
  const body = JSON.stringify({ description, provider: 'azure-openai', count: 4, images: 'base64' });
  const socket = connect(site.port, '127.0.0.1', () => socket.write(`POST /api/generate HTTP/1.0\r\nHost: 127.0.0.1:${site.port}\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
  t.after(() => socket.destroy());
  const receipt = await new Promise((resolve, reject) => socket.on('error', reject).on('data', (piece) => {
    socket.pause();
    resolve(/"receipt":"([^"]+)"/.exec(piece)?.[1]);
  }));
  await until(() => spool().length > before.length && spool().every((name) => !name.startsWith('new-')), 10000, 'the archive');
  await sleep(300);
  assert.equal((await fetch(`${site.url}/api/generate/${receipt}`, { method: 'DELETE' })).status, 204);
  assert.deepEqual(spool(), before);
});

test('who waits for an answer at the end and leaves has cancelled', async () => {
  const before = spool();
  azure.next('ok', 'hang');
  const control = new AbortController();
  const made = fetch(`${site.url}/api/generate`, { method: 'POST', signal: control.signal, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ description, count: 1, provider: 'azure-openai' }) });
  await until(() => azure.inFlight === 1 && images() === 1, 3000, 'the picture');
  control.abort();
  await assert.rejects(made);
  await until(() => azure.cancelled === 1, 2000, 'the vendor is told');
  await until(() => spool().length === before.length, 2000, 'nothing left');
});

test('erasing by the receipt reaches a set that is being made', async () => {
  const before = spool();
  azure.always = 'hang';
  azure.next('ok', 'ok');
  const { receipt } = await broken({ count: 2 }, ({ event }) => event === 'image');
  const erased = await fetch(`${site.url}/api/erase`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ receipt }) });
  const certificate = await erased.json();
  assert.equal(certificate.complete, true, JSON.stringify(certificate));
  assert.deepEqual(spool(), before, 'its file went at once');
  assert.equal(azure.cancelled, 1);
  await sleep(ALONE_MS + 500);
  assert.equal((await follow(receipt)).status, 404);
  assert.deepEqual(spool(), before, 'and it is not recorded afterwards');
});

test('the officer erases a set that is being made', async () => {
  const before = spool();
  azure.always = 'hang';
  azure.next('ok');
  const { receipt } = await broken({ count: 1 }, ({ event, data }) => event === 'progress' && data.stage === 'images');
  const done = site.officer(['erase', '--receipt', '-', '--yes'], { input: `${receipt}\n` });
  assert.equal(done.code, 0, done.stdout + done.stderr);
  assert.deepEqual(spool(), before);
  assert.equal((await follow(receipt)).status, 404);
});

test('erasing by the address ends what is being made for it, in every form of the answer, and says before that an address may be shared', async () => {
  const before = spool();
  azure.always = 'hang';
  azure.next('ok');
  const events = generateEvents(site, { description, provider: 'azure-openai', count: 1 });
  const { receipt } = (await events.next()).value.data;
  await until(() => azure.inFlight === 1, 3000, 'the first');
  azure.next('ok');
  const waiting = generate(site, { description, count: 1, provider: 'azure-openai' });
  await until(() => images() === 2 && azure.inFlight === 2, 3000, 'two under way');
  const others = site.officer(['erase', '--ip', '-', '--yes'], { input: '203.0.113.77\n' });
  assert.equal(others.code, 0, others.stdout + others.stderr);
  assert.equal(JSON.parse(others.stdout).audit_index, null, 'of nothing there is nothing to record');
  assert.equal(azure.inFlight, 2);
  const address = join(site.base, 'address');
  writeFileSync(address, '127.0.0.1\n');
  const asked = site.officer(['erase', '--ip', `@${address}`], { wrap: ['setsid', '-w'] }); // nobody is there to say yes
  assert.match(asked.stderr, /may be shared/);
  assert.equal(azure.inFlight, 2);
  const done = site.officer(['erase', '--ip', `@${address}`, '--yes']);
  assert.equal(done.code, 0, done.stdout + done.stderr);
  assert.equal(JSON.parse(done.stdout).complete, true);
  await until(() => azure.inFlight === 0 && azure.cancelled >= 2, 2000, 'the vendor is told');
  const { status, body: problem } = await waiting;
  assert.deepEqual([status, problem.type, problem.sent_to.map((to) => to.id)], [410, '/problems/ended', ['azure-openai']]);
  for await (const { event } of events) assert.ok(!['done', 'error'].includes(event), event);
  assert.equal((await follow(receipt)).status, 404);
  assert.deepEqual(spool(), before);
});

test('wrong receipts, old ones and nonsense look the same', async () => {
  const { body } = await generate(site, { description, count: 1 });
  await fetch(site.url + body.archive.url, { method: 'DELETE' });
  const answers = new Set();
  for (const receipt of ['A'.repeat(43), body.receipt, body.receipt.toLowerCase(), 'x', `${'B'.repeat(43)}.zip`]) {
    for (const method of ['GET', 'DELETE']) {
      const answer = await fetch(`${site.url}/api/generate/${receipt}`, { method });
      assert.equal(answer.status, 404, receipt);
      answers.add(await answer.text());
    }
  }
  for (const token of ['A'.repeat(43), body.images[0].url.slice(10, 53), 'x']) {
    for (const end of ['-1', '-9', '-0', '', '-1.png']) {
      const answer = await fetch(`${site.url}/pictures/${token}${end}`);
      assert.equal(answer.status, 404, token + end);
      answers.add(await answer.text());
    }
  }
  assert.equal(answers.size, 1);
});

test('a picture can be looked at while the others are made; in parts; and nobody can cache it', async () => {
  azure.next('ok', 'ok', 'slow:1500');
  const control = new AbortController();
  let checked = 0;
  for await (const { event, data } of generateEvents(site, { description, provider: 'azure-openai', count: 2 }, { signal: control.signal })) {
    if (event !== 'image' || checked++) continue;
    await until(() => azure.inFlight === 1, 1000, 'another, still being made');
    const whole = await picture(data.url);
    assert.equal(whole.status, 200);
    assert.equal(whole.bytes.subarray(1, 4).toString(), 'PNG');
    assert.ok(whole.bytes.includes('trainedAlgorithmicMedia'), 'marked');
    assert.equal(whole.headers.get('cache-control'), 'private, no-store');
    assert.match(whole.headers.get('x-robots-tag'), /noindex/);
    assert.equal(whole.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(whole.headers.get('content-disposition'), `inline; filename="picture-${data.index + 1}.png"`);
    const head = await picture(data.url, {}, 'HEAD');
    assert.equal(head.headers.get('content-length'), String(data.bytes));
    assert.equal(head.bytes.length, 0);
    const part = await picture(data.url, { range: 'bytes=0-3' }, 'HEAD'); // a range is a matter of GET
    assert.equal(part.status, 200);
    assert.equal(part.headers.get('content-length'), String(data.bytes));
    const ended = await picture(data.url, {}, 'DELETE'); // the ZIP ends at once or not at all
    assert.equal(ended.status, 405);
    assert.equal(ended.headers.get('allow'), 'GET, HEAD');
    const size = data.bytes;
    for (const [range, from, to] of [['bytes=0-3', 0, 4], ['bytes=10-', 10, size], [`bytes=5-${size * 2}`, 5, size], ['bytes=-7', size - 7, size], [`bytes=-${size * 2}`, 0, size]]) {
      const part = await picture(data.url, { range });
      assert.equal(part.status, 206, range);
      assert.equal(part.headers.get('content-range'), `bytes ${from}-${to - 1}/${size}`);
      assert.ok(part.bytes.equals(whole.bytes.subarray(from, to)), range);
    }
    for (const range of [`bytes=${size}-`, 'bytes=-0']) {
      const beyond = await picture(data.url, { range });
      assert.equal(beyond.status, 416, range);
      assert.equal(beyond.headers.get('content-range'), `bytes */${size}`);
    }
    for (const range of ['bytes=3-1', 'bytes=1-2,5-6', 'bytes=a-', 'octets=1-2', 'bytes=-', 'bytes=1-2x', 'bytes=--1', 'bytes=+1-2'])
      assert.equal((await picture(data.url, { range })).status, 200, range);
    const etag = whole.headers.get('etag');
    assert.equal((await picture(data.url, { 'if-none-match': etag })).status, 304);
    assert.equal((await picture(data.url, { 'if-none-match': '"other"' })).status, 200);
  }
  assert.equal(checked, 2);
});

test('in base64 for who asks: the bytes are those of the address, in both forms of the answer', async () => {
  const fields = { description, provider: 'azure-openai', count: 2, images: 'base64' };
  const { body } = await generate(site, fields);
  assert.equal(body.images.length, 2);
  const events = [];
  for await (const event of generateEvents(site, fields)) events.push(event);
  const shown = events.filter(({ event }) => event === 'image');
  assert.equal(shown.length, 2);
  const again = (await followed(events[0].data.receipt)).filter(({ event }) => event === 'image');
  for (const [i, { data }] of shown.entries()) {
    assert.ok(Buffer.from(data.base64, 'base64').equals((await picture(again[i].data.url)).bytes));
    assert.deepEqual(Object.keys(data), Object.keys(body.images[i]));
  }
  assert.equal((await generate(site, { ...fields, images: 'jpeg' })).status, 422);
});

test('the program is stopped: a set without its visitor is closed with what is there, and found after the start', async () => {
  azure.always = 'hang';
  azure.next('ok', 'ok');
  const { receipt } = await broken({ count: 2 }, ({ event }) => event === 'image');
  await until(() => azure.inFlight === 1, 2000, 'one under way');
  const pid = site.program('generate');
  const start = Date.now();
  process.kill(pid, 'SIGTERM');
  await until(() => ![undefined, pid].includes(site.program('generate')), 8000, 'another process');
  assert.ok(Date.now() - start < ALONE_MS + 4000);
  await checkSet(await followed(receipt), 1);
});

test('no trace of what was typed in any file', () => {
  assert.deepEqual(filesHolding(`Zanzibarquartz${process.pid}`, [site.state, '/dev/shm']).filter((f) => !/\/spool\/[0-9a-f]{32}\.zip$/.test(f)), []);
});
