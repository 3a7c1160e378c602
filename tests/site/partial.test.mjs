// SPDX-License-Identifier: ISC
// Partial pictures, where a vendor shows them and somebody asks for them: small, marked, in order, before the picture; and nothing of them stays.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { png } from '../peers/azure.mjs';
import { startVendors } from '../peers/vendors.mjs';
import { startSite, until } from './harness.mjs';
import { policyText } from './vendor_support.mjs';

const prompt = 'A pottery studio by the sea: stoneware bowls.';
const upload = `<kind id="upload" keep="memory" source="visitor"><name>Pictures to start from</name><what>Pictures that you send to be changed.</what><category>Uploaded pictures</category>
  <where>In the memory of our server, for as long as your request runs.</where><about subject="visitor"/><for purpose="make"/></kind>`;
let vendors, folder, policy, site, shown, client;
before(async () => {
  vendors = await startVendors();
  folder = mkdtempSync(join(tmpdir(), 'lethe-partial-'));
  policy = join(folder, 'policy.xml');
  writeFileSync(policy, policyText([{ id: 'openai', roles: 'image' }, { id: 'ark', roles: 'image' }]).replace('<kinds>', `<kinds>${upload}`).replace('<receives kind="prompt"/>', '<receives kind="prompt"/><receives kind="upload"/>'));
  const env = { LETHE_POLICY: policy, ...vendors.env(['openai', 'ark']) };
  [site, shown] = await Promise.all([startSite({ policy, testing: true, env }), startSite({ policy, testing: true, env: { ...env, LETHE_PARTIAL_IMAGES: '2' } })]);
  client = new OpenAI({ apiKey: 'none', baseURL: `${site.url}/v1`, maxRetries: 0 });
});
after(async () => { await site?.stop(); await shown?.stop(); await vendors?.close(); rmSync(folder, { recursive: true, force: true }); });
beforeEach(() => vendors.reset());

const openai = () => vendors.of('openai');
const asked = () => JSON.parse(openai().requests.filter(({ stage }) => stage === 'image').at(-1).body);
const stream = async (more = {}) => {
  const seen = [];
  for await (const event of await client.images.generate({ prompt, model: 'openai', stream: true, ...more })) seen.push(event);
  return seen;
};
const types = (events) => events.map(({ type }) => type.split('.')[1]);
function isSmall(b64) {
  const bytes = Buffer.from(b64, 'base64');
  assert.deepEqual([bytes.subarray(0, 4).toString(), bytes.subarray(8, 12).toString()], ['RIFF', 'WEBP']);
  assert.ok(bytes.length <= 40 * 1024, `${bytes.length}`);
  assert.ok(bytes.includes('trainedAlgorithmicMedia'), 'it says that a model made it');
  return bytes;
}
// The events of a page's set, as they come.
async function* events(at, path = '/api/generate', body = { description: prompt, count: 1, provider: 'openai', verbatim: true }) {
  const response = await fetch(at.url + path, body ? { method: 'POST', headers: { 'content-type': 'application/json', accept: 'text/event-stream' }, body: JSON.stringify(body) } : { headers: { accept: 'text/event-stream' } });
  assert.equal(response.status, 200);
  let text = '';
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
      const lines = Object.fromEntries(text.slice(0, end).split('\n').filter((l) => l[0] !== ':').map((l) => [l.slice(0, l.indexOf(':')), l.slice(l.indexOf(':') + 2)]));
      if (lines.event) yield { name: lines.event, id: lines.id, data: JSON.parse(lines.data) };
    }
  }
}
const all = async (from) => { const list = []; for await (const one of from) list.push(one); return list; };

test("OpenAI's client gets the partial pictures that it asks for, each before what follows, and then the picture", async () => {
  openai().next('pause:700');
  const seen = [], times = [];
  for await (const event of await client.images.generate({ prompt, model: 'openai', stream: true, partial_images: 3, size: '1536x1024' })) { seen.push(event); times.push(openai().inFlight); }
  assert.deepEqual(types(seen), ['partial_image', 'partial_image', 'partial_image', 'completed']);
  assert.equal(times[0], 1, 'the vendor is still at work');
  assert.deepEqual([asked().stream, asked().partial_images, asked().n], [true, 3, 1]);
  const small = seen.slice(0, 3).map((event, i) => {
    assert.deepEqual([event.partial_image_index, event.output_format, event.size, event.quality, event.background, event.lethe.index], [i, 'webp', '1536x1024', 'auto', 'opaque', 0]);
    assert.ok(event.created_at > 0);
    return isSmall(event.b64_json);
  });
  assert.ok(!small[0].equals(small[2]));
  assert.equal(Buffer.from(seen[3].b64_json, 'base64').subarray(1, 4).toString(), 'PNG');
  const several = await stream({ n: 3, partial_images: 1 });
  assert.deepEqual(several.filter(({ type }) => type.endsWith('partial_image')).map(({ lethe }) => lethe.index).sort(), [0, 1, 2]);
});

test('nobody who does not ask pays for any', async () => {
  assert.deepEqual(types(await stream()), ['completed']);
  assert.ok(!('stream' in asked()) && !('partial_images' in asked()));
  assert.deepEqual(types(await stream({ partial_images: 0 })), ['completed']);
  assert.ok(!('stream' in asked()));
  await client.images.generate({ prompt, model: 'openai', partial_images: 2 }); // without a stream there is no place for them
  assert.ok(!('stream' in asked()));
  assert.ok(!(await all(events(site))).some(({ name }) => name === 'partial'));
  assert.ok(!('stream' in asked()));
  // Who shows none is not asked for any.
  assert.deepEqual(types(await stream({ model: 'ark', partial_images: 2 })), ['completed']);
  assert.ok(!('stream' in JSON.parse(vendors.of('ark').requests[0].body)));
});

test('the page is shown them where the setting says so; nothing of them is told again or stands anywhere', async () => {
  const seen = await all(events(shown));
  assert.deepEqual(seen.map(({ name }) => name).filter((name) => name !== 'progress'), ['begun', 'prompt', 'partial', 'partial', 'image', 'done']);
  assert.deepEqual(asked().partial_images, 2);
  for (const { data, id } of seen.filter(({ name }) => name === 'partial')) {
    assert.deepEqual([data.index, data.type, id], [0, 'image/webp', undefined]);
    isSmall(data.base64);
  }
  const { receipt, archive } = seen.at(-1).data;
  assert.ok(!(await all(events(shown, `/api/generate/${receipt}`, null))).some(({ name }) => name === 'partial'));
  const zip = join(folder, 'set.zip');
  writeFileSync(zip, Buffer.from(await (await fetch(shown.url + archive.url)).arrayBuffer()));
  assert.equal(execFileSync('unzip', ['-Z1', zip], { encoding: 'utf8' }).split('\n').filter((name) => /\.(png|webp|jpe?g)$/.test(name)).length, 1);
  // Somebody who reads along while it is made is told as much as the record will: not these.
  openai().always = 'pause:1500';
  const made = events(shown);
  let found;
  for (let one; (one = (await made.next()).value).name !== 'partial';) if (one.name === 'begun') found = one.data.receipt;
  const along = await all(events(shown, `/api/generate/${found}`, null));
  assert.deepEqual([along.at(-1).name, along.some(({ name }) => name === 'partial')], ['done', false]);
  await all(made);
});

test('edits have them, too', async () => {
  const seen = [];
  for await (const event of await client.images.edit({ image: await toFile(png(300, 200, 'bowl'), 'a.png', { type: 'image/png' }), prompt, model: 'openai', stream: true, partial_images: 2 })) seen.push(event);
  assert.deepEqual(seen.map(({ type }) => type), ['image_edit.partial_image', 'image_edit.partial_image', 'image_edit.completed']);
  isSmall(seen[0].b64_json);
});

for (const [scenario, what] of Object.entries({
  'partial-garbage': ['completed'], // what is no picture is not shown, and costs nothing else
  'partial-many': ['partial_image', 'partial_image', 'completed'],
  'partial-late': ['partial_image', 'partial_image', 'completed'],
  'event-bare': ['partial_image', 'partial_image', 'completed'],
  'event-done': ['partial_image', 'partial_image', 'completed'],
  'event-crlf': ['partial_image', 'partial_image', 'completed'],
  'no-stream': ['completed'],
  'slow:300': ['partial_image', 'partial_image', 'completed'],
})) test(`a stream of a vendor that is otherwise than expected: ${scenario}`, async () => {
  openai().next(scenario);
  assert.deepEqual(types(await stream({ partial_images: 2 })), what);
  assert.equal(openai().requests.length, 1);
});

for (const [scenario, code] of Object.entries({ 'event-error': 'provider_down', 'event-filter': 'moderation_blocked', 'event-none': 'provider_down', empty: 'provider_down', 'short-base64': 'provider_down', truncated: 'provider_down', garbage: 'provider_down', html: 'provider_down' }))
  test(`a stream of a vendor that ends without a picture: ${scenario}`, async () => {
    openai().always = scenario;
    const seen = [];
    await assert.rejects(async () => { for await (const event of await client.images.generate({ prompt, model: 'openai', stream: true, partial_images: 1 })) seen.push(event.type); }, (e) => e.code === code);
    assert.ok(!seen.includes('image_generation.completed'));
  });

test('a worker that does not answer is waited for once in a set', async () => {
  const told = () => site.output().split('a partial picture is not shown').length - 1, before = told(), worker = site.program('worker');
  process.kill(worker, 'SIGSTOP');
  try {
    assert.deepEqual(types(await stream({ n: 3, partial_images: 2 })), ['completed', 'completed', 'completed']);
    await until(() => told() > before, 5000, 'what is not shown');
    assert.equal(told() - before, 1);
  } finally {
    process.kill(worker, 'SIGCONT');
  }
  assert.ok(types(await stream({ partial_images: 2 })).includes('partial_image'));
});

test('a stream that breaks off is asked for again, and its partial pictures begin anew', async () => {
  openai().next('cut:300', 'ok');
  const seen = await stream({ partial_images: 2 });
  assert.deepEqual(seen.filter(({ type }) => type.endsWith('partial_image')).map((e) => e.partial_image_index), [0, 1]);
  assert.equal(seen.at(-1).type, 'image_generation.completed');
});

test('who leaves in the midst of a stream ends it at the vendor, and nothing stays', async () => {
  openai().always = 'pause:20000';
  const controller = new AbortController();
  const made = await client.images.generate({ prompt, model: 'openai', stream: true, partial_images: 1 }, { signal: controller.signal });
  for await (const event of made) { assert.equal(event.type, 'image_generation.partial_image'); controller.abort(); break; }
  await until(() => openai().inFlight === 0, 10000, 'the end of what nobody waits for');
  await until(() => readdirSync(join(site.run, 'spool')).filter((f) => !f.startsWith('.') && !f.endsWith('.zip')).length === 0, 5000, 'an empty spool');
});
