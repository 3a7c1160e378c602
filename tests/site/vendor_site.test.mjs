// SPDX-License-Identifier: ISC
// The whole site on each vendor: what leaves and what does not, in which order they are asked, what is cancelled and deleted there.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startVendors } from '../peers/vendors.mjs';
import { filesHolding, generate, generateEvents, until } from './harness.mjs';
import { startVendorSite } from './vendor_support.mjs';

const description = 'A pottery studio by the sea: stoneware bowls, an old kiln, evening classes.';
let vendors;
let site;
// The order: the first writes, Ark makes the pictures, and the others follow.
const order = [{ id: 'deepseek', roles: 'text' }, { id: 'ark', roles: 'image' }, { id: 'dashscope', roles: 'image' }, { id: 'openai', roles: 'text image' }, { id: 'openrouter', roles: 'text image', more: 'use="choice"' },
  { id: 'fal', roles: 'image', more: 'use="choice"' }, { id: 'replicate', roles: 'text image', more: 'use="choice"' }];
before(async () => {
  vendors = await startVendors();
  site = await startVendorSite(vendors, order, vendors.env(order.map((v) => v.id)));
});
after(async () => { await site?.stop(); await vendors?.close(); });
beforeEach(() => vendors.reset());

const asked = () => vendors.all.filter((v) => v.requests.length > 0).map((v) => v.id).sort();
const pictureOf = async ({ url }) => Buffer.from(await (await fetch(site.url + url)).arrayBuffer());

test('a set by the first of the order: its prompts, its pictures, and nothing to anybody else', async () => {
  const { status, body } = await generate(site, { description, count: 3, size: '1536x1024' }, { 'user-agent': 'Visitor-Agent/77' });
  assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
  assert.equal(body.images.length, 3);
  assert.deepEqual(body.sent_to.map(({ id, failure }) => [id, failure]).sort(), [['ark', null], ['deepseek', null]]);
  assert.deepEqual(asked(), ['ark', 'deepseek']);
  for (const one of body.images) {
    const bytes = await pictureOf(one);
    assert.ok(bytes.includes('trainedAlgorithmicMedia'));
    assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [1536, 1024]);
  }
  for (const { headers, body: bytes } of vendors.all.flatMap((v) => v.requests)) {
    const everything = JSON.stringify(headers) + bytes;
    assert.ok(!everything.includes('Visitor-Agent') && !everything.includes(body.receipt) && !everything.includes('127.0.0.2'));
    for (const name of ['cookie', 'referer', 'http-referer', 'x-title', 'x-forwarded-for']) assert.equal(headers[name], undefined, name);
  }
});

for (const [id, holds] of Object.entries({
  ark: ({ body }) => body.response_format === 'b64_json' && body.watermark === false,
  openrouter: ({ body }) => body.provider.data_collection === 'deny' && body.provider.zdr === true,
  fal: ({ body, headers }) => body.sync_mode === true && headers['x-fal-store-io'] === '0' && JSON.parse(headers['x-fal-object-lifecycle-preference']).expiration_duration_seconds === 3600,
  replicate: ({ headers }) => headers.prefer === 'wait=1',
  dashscope: ({ body, headers }) => body.parameters.prompt_extend === false && body.parameters.watermark === false && headers['x-dashscope-async'] === 'enable',
  openai: ({ body }) => body.output_format === 'png',
})) {
  test(`${id}: its flags go with every picture, and who made it is said`, async () => {
    const { status, body } = await generate(site, { description, count: 2, provider: id, verbatim: true });
    assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
    assert.equal(body.processor.id, id);
    assert.deepEqual(body.sent_to.map(({ id: to }) => to), [id]);
    assert.deepEqual(asked(), [id]);
    const asks = vendors.of(id).asks();
    assert.equal(asks.length, 2);
    for (const { body: bytes, headers } of asks) assert.ok(holds({ body: JSON.parse(bytes), headers }), bytes);
  });
}

test('one fails, the next of the order takes over, and both are named', async () => {
  vendors.of('ark').always = '400';
  const { status, body } = await generate(site, { description, count: 2 });
  assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
  assert.deepEqual(body.images.map(({ processor }) => processor?.id ?? body.processor.id), ['dashscope', 'dashscope']);
  assert.deepEqual(body.sent_to.map(({ id, failure }) => [id, failure !== null]).sort(), [['ark', true], ['dashscope', false], ['deepseek', false]]);
  assert.deepEqual(asked(), ['ark', 'dashscope', 'deepseek'], 'and nobody behind it');
});

test('one picture of a set fails there: only that one goes on', async () => {
  vendors.of('ark').next('ok', '404');
  const { body } = await generate(site, { description, count: 3 });
  assert.equal(body.images.length, 3);
  assert.equal(vendors.of('ark').asks().length, 3);
  assert.equal(vendors.of('dashscope').asks().length, 1);
});

test('what is refused for its content is not tried elsewhere', async () => {
  vendors.of('ark').always = 'filter';
  const { status, body } = await generate(site, { description, count: 1 });
  assert.equal(status, 422);
  assert.match(body.type, /content-filtered/);
  assert.deepEqual(asked(), ['ark', 'deepseek']);
});

test('all of the order fail: the built-in one draws, and nobody is asked whom the visitor would have had to choose', async () => {
  for (const id of ['ark', 'dashscope', 'openai', 'deepseek']) vendors.of(id).always = '400';
  const { status, body } = await generate(site, { description, count: 1 });
  assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
  assert.equal(body.processor.preview, true);
  assert.deepEqual(asked(), ['ark', 'dashscope', 'deepseek', 'openai']);
});

test('a vendor that hangs is left when the visitor leaves, at once', async () => {
  for (const id of ['ark', 'openai', 'openrouter', 'fal', 'replicate', 'dashscope']) {
    const vendor = vendors.of(id);
    vendor.always = 'hang';
    let receipt;
    const visit = (async () => { for await (const { data } of generateEvents(site, { description, count: 1, provider: id, verbatim: true })) receipt ??= data.receipt; })().catch(() => {});
    await until(() => vendor.inFlight === 1, 8000, `${id} under way`);
    await fetch(`${site.url}/api/generate/${receipt}`, { method: 'DELETE' });
    await until(() => vendor.inFlight === 0, 5000, `the end at ${id}`);
    await visit;
  }
});

for (const id of ['fal', 'replicate', 'dashscope']) {
  test(`${id}: work that nobody waits for is cancelled there`, async () => {
    const vendor = vendors.of(id);
    vendor.always = 'never';
    let receipt;
    const visit = (async () => { for await (const { data } of generateEvents(site, { description, count: 2, provider: id, verbatim: true })) receipt ??= data.receipt; })().catch(() => {});
    await until(() => vendor.requests.filter((r) => r.stage === 'poll').length >= 2, 8000, 'two under way');
    await fetch(`${site.url}/api/generate/${receipt}`, { method: 'DELETE' });
    await visit;
    await until(() => vendor.requests.filter((r) => r.stage === 'cancel').length === 2, 5000, 'the cancellations');
    assert.ok([...vendor.work.values()].every((w) => w.cancelled));
  });
}

// Who has no id cannot cancel, nor have anything deleted: it comes with the answer, a moment later.
test('work that is left while it is asked for is cancelled there, too', async () => {
  for (const id of ['fal', 'replicate', 'dashscope']) {
    const vendor = vendors.of(id);
    vendor.always = 'slow:1000';
    vendor.polls = 1000;
    let receipt;
    const visit = (async () => { for await (const { data } of generateEvents(site, { description, count: 2, provider: id, verbatim: true })) receipt ??= data.receipt; })().catch(() => {});
    await until(() => vendor.inFlight === 2, 8000, 'two under way');
    assert.equal(vendor.work.size, 0);
    await fetch(`${site.url}/api/generate/${receipt}`, { method: 'DELETE' });
    await visit;
    await until(() => vendor.requests.filter((r) => r.stage === 'cancel').length === 2, 5000, `the cancellations at ${id}`);
    assert.ok([...vendor.work.values()].every((w) => w.cancelled));
    if (id === 'fal') await until(() => [...vendor.work.values()].every((w) => w.removed), 5000, 'the deletion');
  }
});

test('fal: what was asked and answered is deleted after delivery, and where it is not allowed the visitor has his picture all the same', async () => {
  const vendor = vendors.of('fal');
  await generate(site, { description, count: 2, provider: 'fal', verbatim: true });
  assert.equal(vendor.requests.filter(({ stage, host }) => stage === 'remove' && host === 'api.fal.ai').length, 2);
  assert.ok([...vendor.work.values()].every((w) => w.removed));
  vendor.reset();
  vendor.always = '403@remove';
  assert.equal((await generate(site, { description, count: 1, provider: 'fal', verbatim: true })).status, 200);
});

test("what a day may cost: the last picture is fetched and deleted there all the same, and egress has not forgotten it after a crash or the site's end", async () => {
  const vendor = vendors.of('fal');
  const only = [{ id: 'fal', roles: 'image' }];
  const env = { ...vendors.env(['fal']), LETHE_EGRESS_LIMITS: 'fal calls=1' };
  const ask = (at) => generate(at, { description, count: 1, verbatim: true });
  let limited = await startVendorSite(vendors, only, env);
  let keep;
  try {
    assert.equal((await ask(limited)).status, 200);
    const asked = vendor.stages();
    assert.equal(asked.filter((stage) => stage === 'remove').length, 1, asked.join(' '));
    const counts = join(limited.state, 'egress/traffic.json');
    await until(() => existsSync(counts) && JSON.parse(readFileSync(counts, 'utf8')).processors.some(({ id, today }) => id === 'fal' && today === 1), 5000, 'the count');
    const pid = limited.program('egress');
    process.kill(pid, 'SIGKILL');
    await until(() => ![undefined, pid].includes(limited.program('egress')), 10000, 'egress again');
    await ask(limited);
    assert.deepEqual(vendor.stages(), asked, 'after the crash');
    ({ keep } = await limited.stop({ keep: true }));
    limited = await startVendorSite(vendors, only, env, { keep });
    keep = null;
    await ask(limited);
    assert.deepEqual(vendor.stages(), asked, 'on another start');
  } finally {
    await limited.stop();
    if (keep) for (const at of Object.values(keep)) rmSync(at, { recursive: true, force: true });
  }
});

test('a file at a vendor is fetched without our key where it is at another firm', async () => {
  await generate(site, { description, count: 1, provider: 'dashscope', verbatim: true });
  const [file] = vendors.of('dashscope').requests.filter(({ stage }) => stage === 'picture');
  assert.equal(file.host, 'dashscope-result-bj.oss-cn-beijing.aliyuncs.com');
  assert.equal(file.headers.authorization, undefined);
});

test('nothing of it is on a disk or in a message: no words of the visitor, no key', async () => {
  const word = `Quarzhimmel${process.pid}`;
  for (const { id } of order) for (const scenario of ['ok', 'filter', 'garbage']) {
    vendors.of(id).always = scenario;
    await generate(site, { description: `A ${word} workshop for wooden toys.`, count: 1, ...(id === 'deepseek' ? {} : { provider: id }) });
  }
  assert.deepEqual(filesHolding(word, [site.state, site.run]).filter((f) => !/\/spool\/[0-9a-f]{32}\.zip$/.test(f)), []);
  for (const secret of [word, 'canary', ...vendors.all.map((v) => v.key)]) assert.ok(!site.output().includes(secret), secret);
  for (const { key } of vendors.all) assert.deepEqual(filesHolding(key, [site.state, site.run]), []);
});

test('the addresses of the variables are used where they are set, and fal answers without its queue where that is its address', async () => {
  const other = await startVendorSite(vendors, [{ id: 'openai', roles: 'text image' }, { id: 'fal', roles: 'image', more: 'use="choice"' }],
    { ...vendors.baseEnv(['openai']), ...vendors.env(['fal']), FAL_BASE_URL: 'https://fal.run', LETHE_CONNECT_TO: `::127.0.0.1:${vendors.port}` });
  try {
    const made = await generate(other, { description, count: 1, provider: 'openai' });
    assert.equal(made.status, 200, JSON.stringify(made.body).slice(0, 300));
    assert.ok(vendors.of('openai').requests.every(({ host }) => host === 'localhost'));
    vendors.reset();
    assert.equal((await generate(other, { description, count: 1, provider: 'fal', verbatim: true })).status, 200);
    assert.deepEqual(vendors.of('fal').requests.map(({ host, stage }) => [host, stage]), [['fal.run', 'image']]);
  } finally { await other.stop(); }
});

test('a model that its vendor has switched off: no start, and why', async () => {
  await assert.rejects(startVendorSite(vendors, [{ id: 'openai', roles: 'image' }], { ...vendors.env(['openai']), OPENAI_IMAGE_MODEL: 'dall-e-3' }),
    (error) => /OPENAI_IMAGE_MODEL is dall-e-3, which OpenAI has switched off: today's is gpt-image-2.5-flare/.test(error.output));
});
