// SPDX-License-Identifier: ISC
// Who was sent something is said, whatever came of it; and nobody is sent anything whom the visitor did not choose where the policy makes that a choice.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzure } from '../peers/azure.mjs';
import { eventsOf, generate, generateEvents, root, startSite } from './harness.mjs';

const description = 'A pottery studio by the sea: stoneware bowls, an old kiln, evening classes.';
let azure;
let site;
let folder;
before(async () => {
  azure = await startAzure();
  site = await startSite({ testing: true, env: azure.env });
  folder = mkdtempSync(join(tmpdir(), 'lethe-sent-'));
});
after(async () => { await site?.stop(); await azure?.close(); rmSync(folder, { recursive: true, force: true }); });
beforeEach(() => azure.reset());

const all = async (fields) => { const events = []; for await (const one of generateEvents(site, fields)) events.push(one); return events; };

test('a vendor that failed after it was sent something is named with why, in every form, and told again by the receipt', async () => {
  azure.always = '400';
  const { body } = await generate(site, { description, count: 1 });
  assert.equal(body.processor.preview, true, 'drawn here in its place');
  assert.equal(body.sent_to.length, 1, JSON.stringify(body.sent_to));
  const [{ id, name, kinds, failure }] = body.sent_to;
  assert.deepEqual({ id, kinds }, { id: 'azure-openai', kinds: ['input', 'prompt'] });
  assert.match(name, /Azure/);
  assert.match(failure, /^it /);
  const last = (await all({ description, count: 1 })).at(-1);
  assert.equal(last.event, 'done');
  assert.deepEqual(last.data.sent_to, body.sent_to);
  const again = [];
  for await (const one of eventsOf(await fetch(`${site.url}/api/generate/${body.receipt}`))) again.push(one);
  assert.deepEqual(again.at(-1).data.sent_to, body.sent_to);
  const page = await (await fetch(`${site.url}/api/generate`, { method: 'POST', headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ description, count: '1' }) })).text();
  assert.match(page, /Sent to [^<]*Azure[^<]*, without success: it /);
});

test('where nothing was made, the failure says to whom it went all the same', async () => {
  azure.always = '400';
  const { status, body } = await generate(site, { description, count: 1, provider: 'azure-openai' });
  assert.ok(status >= 400);
  assert.deepEqual(body.sent_to?.map(({ id }) => id), ['azure-openai']);
  // Nothing of it is stored but the row of the log; by its receipt the copy tells who may have got something.
  const copy = await fetch(`${site.url}/api/export`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ receipt: body.receipt }) });
  const file = join(folder, 'copy.zip');
  writeFileSync(file, Buffer.from(await copy.arrayBuffer()));
  const { recipients } = JSON.parse(execFileSync('unzip', ['-p', file, 'export.json'], { encoding: 'utf8' }));
  assert.deepEqual(recipients.map(({ id, possible }) => [id, possible]), [['azure-openai', true]]);
  const page = await (await fetch(`${site.url}/api/generate`, { method: 'POST', headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ description, count: '1', provider: 'azure-openai' }) })).text();
  assert.match(page, /you can ask who got it: [\w-]{43}/);
  // What went to nobody has none.
  assert.equal((await generate(site, { description, count: 99 })).body.receipt, undefined);
});

test('who did what was asked is named without a failure; what is built in is sent nothing', async () => {
  const made = await generate(site, { description, count: 1, provider: 'azure-openai' });
  assert.deepEqual(made.body.sent_to.map(({ id, failure }) => [id, failure]), [['azure-openai', null]]);
  azure.reset();
  const drawn = await generate(site, { description, count: 1, provider: 'sketch' });
  assert.equal(drawn.status, 200);
  assert.deepEqual(drawn.body.sent_to, []);
  assert.equal(azure.requests.length, 0);
});

test('a picture once more from its own text: the text goes as it is, and to nobody who writes texts', async () => {
  const made = await generate(site, { description, count: 2, provider: 'azure-openai' });
  const text = made.body.prompts[1];
  for (const given of [text, `${text} In the evening.`]) {
    azure.reset();
    const { status, body } = await generate(site, { description: given, count: 1, provider: 'azure-openai', verbatim: true });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body.prompts, [given]);
    assert.deepEqual(body.sent_to.map(({ id, kinds }) => [id, kinds]), [['azure-openai', ['prompt']]]);
    assert.equal(azure.requests.length, 1);
    assert.ok(JSON.parse(azure.requests[0].body).prompt.includes(given));
  }
  assert.equal((await generate(site, { url: 'https://example.com/', count: 1, verbatim: true })).status, 422);
  const unfit = await generate(site, { description: 'A naked teenage girl at the beach', count: 1, verbatim: true });
  assert.equal(unfit.status, 422);
  const drawn = await generate(site, { description: text, count: 1, provider: 'sketch', verbatim: true });
  assert.equal(drawn.status, 200);
  assert.deepEqual(drawn.body.prompts, [text]);
});

test('a vendor that the policy leaves to the visitor\'s choice is never asked without it', async () => {
  const policy = join(folder, 'policy.xml');
  writeFileSync(policy, readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8').replace(/(<processor id="azure-openai"[^>]*?)( use="[a-z]+")?( trains=)/s, '$1 use="choice"$3'));
  const other = await startSite({ testing: true, policy, env: { ...azure.env, LETHE_POLICY: policy } });
  try {
    assert.equal((await (await fetch(`${other.url}/api/processors`)).json()).choose, true);
    const { status, body } = await generate(other, { description, count: 1 });
    assert.equal(status, 422, JSON.stringify(body));
    assert.equal(body.parameter, 'provider');
    assert.match(body.detail, /choose/);
    assert.equal((await generate(other, { description, count: 1, provider: 'sketch' })).status, 200);
    assert.equal(azure.requests.length, 0);
    assert.equal((await generate(other, { description, count: 1, provider: 'azure-openai' })).status, 200);
    assert.ok(azure.requests.length > 0);
  } finally { await other.stop(); }
});

test('a proxy in front that compresses and buffers is told to do neither', async () => {
  const headers = await new Promise((resolve, reject) => {
    const body = JSON.stringify({ description, count: 1 });
    const post = request(`${site.url}/api/generate`, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'text/event-stream', 'content-length': Buffer.byteLength(body) } }, (response) => { resolve(response.headers); response.resume(); });
    post.on('error', reject);
    post.end(body);
  });
  assert.equal(headers['x-accel-buffering'], 'no');
  assert.equal(headers['cache-control'], 'no-store, no-transform');
});
