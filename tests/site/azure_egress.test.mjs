// SPDX-License-Identifier: ISC
// egress itself (the testing build) against the Azure simulator over TLS and HTTP/2: what the wire looks like, trust, regions, crowds.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { startAzure } from '../peers/azure.mjs';
import { askEgress as ask, job, picture, startEgress } from './egress_support.mjs';
import { build, sleep, until } from './harness.mjs';

// A certificate that signs nothing here.
function another(folder) {
  const file = join(folder, 'another.pem');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=another', '-out', file], { stdio: 'ignore' });
  return file;
}

let azure;
let egress;
before(async () => {
  azure = await startAzure({ tls: true });
  egress = await startEgress(azure.env);
});
after(async () => {
  await egress.stop();
  await azure.close();
});
beforeEach(() => azure.reset());

// Raw frames, from who has taken over a program that may ask for pictures and prompts.
test('a program that was taken over adds nothing to what is asked', async () => {
  const code = async (body, more = {}) => (await ask(egress, job(more), body)).head.error?.code ?? 'sent';
  const texts = { path: '/openai/v1/chat/completions', kinds: ['input'] }, chat = (more) => JSON.stringify({ model: 'm', store: false, messages: [{ role: 'user', content: 'x' }], ...more });
  for (const more of [{ user: 'ada@example.org' }, { safety_identifier: 'ada' }, { metadata: { name: 'Ada' } }, { prompt_cache_key: 'ada' }, { image: 'data:image/png;base64,AA==' }, { model: { user: 'ada' } }, { size: 'ada '.repeat(99) }])
    assert.equal(await code(picture(more)), 'member-not-allowed', JSON.stringify(more).slice(0, 80));
  for (const more of [{ user: 'ada' }, { metadata: {} }, { web_search_options: {} }, { tools: [] }, { messages: [{ role: 'user', name: 'Ada', content: 'x' }] }, { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:x' } }] }] }])
    assert.equal(await code(chat(more), texts), 'member-not-allowed', JSON.stringify(more));
  assert.equal(await code(chat({ store: true }), texts), 'flags-missing');
  // What it says to carry is not what it carries, or not what the policy lets go there.
  assert.equal(await code(picture(), { kinds: ['input'] }), 'kind-not-shared');
  assert.equal(await code(picture(), { kinds: ['prompt', 'account'] }), 'kind-not-shared');
  const form = (name, value) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n--b--\r\n`, edit = { path: '/openai/v1/images/edits', headers: { 'content-type': 'multipart/form-data; boundary=b' } };
  assert.equal(await code(form('user', 'ada'), edit), 'member-not-allowed');
  const file = (name, type = 'image/png') => `--b\r\nContent-Disposition: form-data; name="${name}"; filename="0.png"\r\nContent-Type: ${type}\r\n\r\nada\r\n--b--\r\n`;
  assert.equal(await code(file('image[]'), edit), 'kind-not-shared');
  for (const one of [file('prompt'), file('image[]', 'text/plain'), form('image[]', 'ada'), form('prompt"; filename="a.txt', 'ada')]) assert.equal(await code(one, edit), 'member-not-allowed', one);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded']) assert.equal(await code('user=ada', { headers: { 'content-type': type } }), 'member-not-allowed');
  assert.deepEqual(azure.requests, []);
});

test('a picture comes over HTTP/2 with the key, from the region of the policy', async () => {
  const { head, body } = await ask(egress, job(), picture());
  assert.equal(head.status, 200, JSON.stringify(head));
  assert.equal(head.region, 'swedencentral');
  assert.equal(head.sent, picture().length);
  assert.equal(Buffer.from(JSON.parse(body).data[0].b64_json, 'base64').subarray(1, 4).toString(), 'PNG');
  const [request] = azure.requests;
  assert.equal(request.version, '2.0');
  assert.equal(request.headers['api-key'], azure.key);
  assert.equal(request.body.toString(), picture());
  assert.deepEqual(Object.keys(request.headers).filter((h) => !h.startsWith(':')).sort(), ['accept', 'api-key', 'content-length', 'content-type', 'user-agent']);
});

test('a certificate of an unknown authority is refused, and nothing is sent', async () => {
  const { LETHE_CA_FILE, ...rest } = azure.env;
  assert.ok(LETHE_CA_FILE);
  const other = await startEgress(rest);
  const { head } = await ask(other, job(), picture());
  assert.equal(head.error.code, 'tls');
  assert.equal(azure.requests.length, 0);
  await other.stop();
});

test('a connection that rests is closed, and the next one trusts what the file of certificates says then', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-trust-'));
  const file = join(folder, 'ca.pem');
  copyFileSync(azure.ca, file);
  const other = await startEgress({ ...azure.env, LETHE_CA_FILE: file });
  try {
    assert.equal((await ask(other, job(), picture())).head.status, 200);
    const connections = azure.connections;
    await until(() => azure.open() === 0, 20000, 'the end of the connections');
    assert.equal((await ask(other, job(), picture())).head.status, 200);
    assert.equal(azure.connections, connections + 1);
    copyFileSync(another(folder), file);
    await until(() => azure.open() === 0, 20000, 'the end of the connections');
    assert.equal((await ask(other, job(), picture())).head.error.code, 'tls');
  } finally {
    await other.stop();
    rmSync(folder, { recursive: true });
  }
});

test('an answer from another region is dropped', async () => {
  azure.next('region:East US');
  const { head, body } = await ask(egress, job(), picture());
  assert.equal(head.error.code, 'region-mismatch');
  assert.equal(body.length, 0);
  azure.next('no-region');
  assert.equal((await ask(egress, job(), picture())).head.status, 200);
});

test('429 with retry-after-ms, 500, a broken connection and half a body are repeated', async () => {
  azure.next('429:60', '500', 'ok');
  const first = await ask(egress, job(), picture());
  assert.deepEqual([first.head.status, first.head.attempts], [200, 3]);
  azure.next('disconnect', 'ok');
  const second = await ask(egress, job(), picture());
  assert.deepEqual([second.head.status, second.head.attempts], [200, 2]);
  azure.next('cut', 'ok');
  const third = await ask(egress, job(), picture());
  assert.deepEqual([third.head.status, third.head.attempts], [200, 2]);
});

test('a content filter is handed on, never repeated', async () => {
  for (const scenario of ['filter', 'moderation']) {
    azure.next(scenario);
    const { head, body } = await ask(egress, job(), picture());
    assert.deepEqual([head.status, head.attempts], [400, 1]);
    assert.match(JSON.parse(body).error.code, /contentFilter|moderation_blocked/);
  }
});

// Leaves a job that hangs upstream, and says how long the upstream went without noticing.
async function leaveOne(others) {
  const leave = new AbortController();
  azure.next('hang');
  const left = ask(egress, job(), picture(), { signal: leave.signal }).catch((e) => e.message);
  await until(() => azure.inFlight === others + 1);
  const start = Date.now();
  leave.abort();
  assert.equal(await left, 'left');
  await until(() => azure.cancelled === 1, 5000, 'the cancellation');
  return Date.now() - start;
}

test('a caller that leaves cancels its request at once', async () => {
  assert.ok(await leaveOne(0) < 1000);
});

test('a caller that leaves cancels its stream at once, and no other on the same connection', async () => {
  azure.next('slow:2500');
  const stays = ask(egress, job(), picture());
  await until(() => azure.inFlight === 1);
  const connections = azure.connections;
  assert.ok(await leaveOne(1) < 1000);
  assert.equal(azure.connections, connections);
  assert.equal((await stays).head.status, 200);
  assert.equal(azure.cancelled, 1);
});

test('an answer that is too large ends', async () => {
  azure.next(`huge:${50 * 1024 * 1024}`);
  assert.equal((await ask(egress, job({ repeatable: false }), picture())).head.error.code, 'too-large');
});

// The asking side runs in this process too, so the times here are loose; the benchmark measures.
test('2,000 jobs that wait share a few connections and little memory', async () => {
  await ask(egress, job(), picture());
  const connections = azure.connections;
  const idle = egress.memory();
  azure.hold();
  const start = Date.now();
  const all = Promise.all(Array.from({ length: 2000 }, () => ask(egress, job({ deadline_ms: 110000 }), picture()).then(({ head }) => head.status ?? head.error.code)));
  await until(() => azure.inFlight === 2000, 100000, 'all of them under way');
  const each = (egress.memory() - idle) / 2000;
  azure.release();
  const replies = await all;
  assert.deepEqual(replies.filter((s) => s !== 200), []);
  assert.ok(azure.connections - connections <= 64, `${azure.connections - connections} connections`);
  // A sanitizer's memory is not ours.
  if (build.endsWith('release')) assert.ok(each <= 40, `${each.toFixed(1)} KiB for each`);
  console.log(`# 2,000 jobs: ${each.toFixed(1)} KiB each, ${azure.connections - connections} connections, ${Date.now() - start} ms`);
});

test('nothing that was sent is in what egress says', async () => {
  azure.next('garbage', '500', '500', '500', '500');
  await ask(egress, job(), picture({ prompt: 'canary-prompt' }));
  await ask(egress, job(), picture({ prompt: 'canary-prompt' }));
  await sleep(50);
  assert.doesNotMatch(egress.errors(), /canary|test-key/);
});
