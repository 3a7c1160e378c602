// SPDX-License-Identifier: ISC
// The whole site on Azure OpenAI (its stand-in, over TLS and HTTP/2): what leaves, what is retried, what is refused, what is told.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzure } from '../peers/azure.mjs';
import { filesHolding, generate, generateEvents, startPages, startSite, until } from './harness.mjs';

let azure;
let site;
before(async () => {
  azure = await startAzure({ tls: true });
  site = await startSite({ testing: true, env: { ...azure.env, AZURE_OPENAI_IMAGE_QUALITY: 'auto' } });
});
after(async () => { await site?.stop(); await azure?.close(); });
beforeEach(() => azure.reset());

const description = 'A pottery studio by the sea: stoneware bowls, an old kiln, evening classes.';
const chats = () => azure.requests.filter((r) => /chat/.test(r.url));
const images = () => azure.requests.filter((r) => /images/.test(r.url));

test('a set from Azure: what is sent is the input and the prompts, and nothing about the visitor', async () => {
  const { status, body } = await generate(site, { description, count: 3, size: '1536x1024' }, { 'user-agent': 'Visitor-Agent/77' });
  assert.equal(status, 200, JSON.stringify(body).slice(0, 400));
  assert.equal(body.images.length, 3);
  assert.equal(chats().length, 1);
  assert.equal(images().length, 3);
  for (const { headers, body: bytes, url, version } of azure.requests) {
    assert.equal(version, '2.0');
    assert.match(url, /^\/openai\/v1\//);
    assert.equal(headers['api-key'], azure.key);
    const all = JSON.stringify(headers) + bytes;
    assert.ok(!all.includes('Visitor-Agent') && !all.includes('127.0.0.2') && !all.includes(body.receipt));
    assert.deepEqual([body.processor.id, body.processor.name], ['azure-openai', 'Azure OpenAI'], 'the name that visitors know');
    for (const name of ['cookie', 'referer', 'x-forwarded-for', 'authorization']) assert.equal(headers[name], undefined, name);
  }
  const chat = JSON.parse(chats()[0].body);
  assert.equal(chat.store, false, 'the provider is told not to keep the exchange');
  assert.ok(JSON.stringify(chat.messages).includes('pottery'));
  for (const { body: bytes } of images()) {
    const sent = JSON.parse(bytes);
    assert.deepEqual(Object.keys(sent).sort(), ['model', 'n', 'output_format', 'prompt', 'quality', 'size']);
    assert.equal(sent.size, '1536x1024');
    assert.equal(sent.quality, 'auto', 'as it is set, where the vendor knows it');
  }
  for (const { url } of body.images) assert.ok(Buffer.from(await (await fetch(site.url + url)).arrayBuffer()).includes('trainedAlgorithmicMedia'));
});

test('who got something is told as long as a trace is left: for certain by the set, else as it may have been', async () => {
  const post = async (path, body) => fetch(site.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const { body: certain } = await generate(site, { description, count: 1 }), { body: ended } = await generate(site, { description, count: 1 });
  assert.equal((await fetch(site.url + ended.archive.url, { method: 'DELETE' })).ok, true);
  const folder = mkdtempSync(join(tmpdir(), 'lethe-copy-')), copy = join(folder, 'copy.zip');
  writeFileSync(copy, Buffer.from(await (await post('/api/export', { receipt: ended.receipt })).arrayBuffer()));
  const of = (name) => execFileSync('unzip', ['-p', copy, `*${name}`], { encoding: 'utf8', maxBuffer: 1 << 26 });
  assert.deepEqual(JSON.parse(of('export.json')).recipients.map(({ id, possible }) => [id, possible]), [['azure-openai', true]]);
  assert.match(of('index.html'), /perhaps: what would tell is gone with the ZIP/);
  rmSync(folder, { recursive: true });
  const [sure, perhaps] = [await (await post('/api/erase', { receipt: certain.receipt })).json(), await (await post('/api/erase', { receipt: ended.receipt })).json()];
  assert.deepEqual([sure.recipients.map(({ id, possible }) => [id, possible]), sure.known_ungoverned], [[['azure-openai', undefined]], ['browser-downloads', 'recipient-copies']]);
  assert.deepEqual([perhaps.recipients.map(({ id, possible }) => [id, possible]), perhaps.known_ungoverned], [[['azure-openai', true]], ['recipient-copies']]);
  assert.ok(new Date(perhaps.recipients[0].expires_by) > new Date(Date.now() + 29 * 86400000));
});

test('a page and a description are in no file while egress holds them, nor after its kill -9', async () => {
  const word = `Zanzibarquartz${process.pid}azure`;
  // The one place where it may be is the ZIP itself, which holds the prompts.
  const elsewhere = () => filesHolding(word, [site.state, site.run, '/dev/shm']).filter((f) => !/\/spool\/[0-9a-f]{32}\.zip$/.test(f));
  const pages = await startPages((request, response) => response.setHeader('content-type', 'text/html').end(`<title>${word}</title><p>${word} mends wooden sailing boats.</p>`));
  try {
    for (const fields of [{ url: `${pages.url}/` }, { description: `A workshop called ${word} that mends wooden sailing boats.` }]) {
      azure.reset();
      azure.always = 'slow:4000';
      const made = generate(site, { ...fields, count: 2, provider: 'azure-openai' }).catch(() => ({}));
      await until(() => azure.requests.some(({ body }) => body.includes(word)), 8000, 'a request with the words of the visitor');
      assert.deepEqual(elsewhere(), [], `${Object.keys(fields)}: while it waits`);
      process.kill(site.program('egress'), 'SIGKILL');
      await made;
      assert.deepEqual(elsewhere(), [], `${Object.keys(fields)}: after kill -9`);
      assert.ok(!site.output().includes(word));
      azure.reset();
      await until(async () => (await generate(site, { description, count: 1, provider: 'azure-openai' })).status === 200, 15000, 'egress again');
    }
  } finally { await pages.close(); }
});

test('a refused description is not tried again, and the visitor is told what to do', async () => {
  azure.always = 'filter';
  const { status, body } = await generate(site, { description, count: 1, provider: 'azure-openai' });
  assert.equal(status, 422);
  assert.match(body.type, /filtered/);
  assert.equal(azure.requests.length, 1);
});

test('too many requests: waits as long as Azure says, then goes on', async () => {
  azure.next('429:150', 'ok', '429:150', 'ok');
  const { status, body } = await generate(site, { description, count: 1, provider: 'azure-openai' });
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(azure.requests.length, 4);
});

test('one picture refused: the others are delivered, and what is missing is said', async () => {
  azure.next('ok', 'ok', 'filter', 'ok');
  const { status, body } = await generate(site, { description, count: 3, provider: 'azure-openai' });
  assert.equal(status, 200);
  assert.equal(body.images.length, 2);
  assert.equal(body.missing.length, 1);
  assert.ok(body.missing[0].reason.length > 10);
});

for (const scenario of ['garbage', 'truncated', 'cut', 'not-image', 'empty', 'disconnect', '500', '503', '401', '404']) {
  test(`${scenario}: a clear error to who chose Azure, a preview to who did not`, async () => {
    azure.always = scenario;
    const chosen = await generate(site, { description, count: 1, provider: 'azure-openai' });
    assert.ok([502, 503, 504].includes(chosen.status), `${chosen.status} ${JSON.stringify(chosen.body).slice(0, 200)}`);
    assert.match(chosen.headers.get('content-type'), /problem\+json/);
    assert.ok(!JSON.stringify(chosen.body).includes(azure.key));
    const open = await generate(site, { description, count: 1 });
    assert.equal(open.status, 200);
    assert.equal(open.body.images.length, 1);
    assert.equal(open.body.processor?.preview ?? open.body.images[0].preview, true, 'labelled as a preview');
    azure.always = null;
    // The breaker may have opened: it closes again by itself.
    await until(async () => (await generate(site, { description, count: 1, provider: 'azure-openai' })).status === 200, 30000, 'Azure again');
  });
}

test('another region answered: refused, counted, and reported by lethe check', async () => {
  azure.always = 'region:East US';
  const { status, body } = await generate(site, { description, count: 1, provider: 'azure-openai' });
  assert.equal(status, 503);
  assert.match(body.type, /region/);
  azure.always = null;
  const check = site.officer(['check', '--format', 'json']);
  assert.equal(check.code, 1, check.stdout + check.stderr);
  assert.ok(JSON.parse(check.stdout).some((f) => f.check === 'regions' && f.result === 'BROKEN'), check.stdout);
});

for (const [status, words, remedy] of [[401, /refuses our key \(401\) since 20\d\d-\d\d-\d\dT/, /Renew AZURE_OPENAI_API_KEY/], [403, /denies us access \(403\)/, /AZURE_OPENAI_API_KEY/],
  [404, /does not know what we ask for \(404\)/, /AZURE_OPENAI_ENDPOINT/]]) {
  test(`${status}: visitors get previews, and lethe check says why, until Azure takes what it is sent`, async () => {
    const egress = () => JSON.parse(site.officer(['check', '--format', 'json']).stdout).filter((f) => f.check === 'egress');
    const failed = () => Number(egress().map((f) => f.finding.match(/azure-openai: .* (\d+) failed/)?.[1]).find(Boolean));
    const before = failed();
    azure.always = String(status);
    for (let i = 0; i < 2; i++) assert.equal((await generate(site, { description, count: 1 })).body.images.length, 1);
    const findings = egress().filter((f) => f.result === 'BROKEN' && words.test(f.finding));
    assert.equal(findings.length, 1, JSON.stringify(egress()));
    assert.match(findings[0].remedy, remedy);
    assert.equal(site.officer(['check']).code, 1);
    assert.equal(failed(), before + azure.requests.length, 'each is counted');
    azure.always = 'filter'; // what was refused then is a description
    await generate(site, { description, count: 1, provider: 'azure-openai' });
    assert.deepEqual(egress().filter((f) => f.result === 'BROKEN' && words.test(f.finding)), []);
    assert.equal(failed(), before + azure.requests.length);
  });
}

test('the visitor cancels: upstream work stops', async () => {
  azure.next('ok');
  azure.always = 'hang';
  let receipt;
  const visit = (async () => {
    for await (const { data } of generateEvents(site, { description, count: 4, provider: 'azure-openai' })) receipt ??= data.receipt;
  })().catch(() => {});
  await until(() => images().length === 4, 10000, 'four pictures under way');
  await fetch(`${site.url}/api/generate/${receipt}`, { method: 'DELETE' });
  await until(() => azure.inFlight === 0, 5000, 'the end upstream');
  await visit;
});

test('nothing of it is on a disk or in a message, whatever happened', async () => {
  const word = `Xylophonmeer${process.pid}`;
  for (const scenario of ['ok', 'filter', 'garbage', '500', 'cut']) {
    azure.always = scenario;
    await generate(site, { description: `A ${word} workshop for wooden toys.`, count: 1 });
  }
  assert.deepEqual(filesHolding(word, [site.state, site.run]).filter((f) => !/\/spool\/[0-9a-f]{32}\.zip$/.test(f)), []);
  assert.ok(!site.output().includes(word));
  assert.ok(!site.output().includes(azure.key));
  assert.deepEqual(filesHolding(azure.key, [site.state, site.run]), []);
});
