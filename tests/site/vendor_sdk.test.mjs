// SPDX-License-Identifier: ISC
// The stand-in that the tests of the vendors rest on, driven by the vendors' own clients; and what they send, field by field, beside what we send for the same picture
// or the same prompts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { after, before, beforeEach, test } from 'node:test';
import { createByteDance } from '@ai-sdk/bytedance';
import { createAlibaba } from '@ai-sdk/alibaba';
import { createDeepSeek } from '@ai-sdk/deepseek';
import { createFalClient } from '@fal-ai/client';
import { HTTPClient, OpenRouter } from '@openrouter/sdk';
import OpenAI from 'openai';
import Replicate from 'replicate';
import { startVendors } from '../peers/vendors.mjs';
import { generate } from './harness.mjs';
import { startVendorSite } from './vendor_support.mjs';

const description = 'A pottery studio by the sea: stoneware bowls.';
const ours = ['openai', 'openrouter', 'deepseek', 'ark', 'fal', 'replicate', 'dashscope'];
const text = ['openai', 'openrouter', 'replicate', 'deepseek'];
let vendors;
const sent = {}; // by us: what each vendor got for a picture, and for prompts
before(async () => {
  vendors = await startVendors();
  for (const writer of text) {
    const list = [{ id: writer, roles: 'text' }, ...ours.filter((id) => id !== 'deepseek').map((id) => ({ id, roles: id === writer ? 'text image' : 'image' }))].filter((v, i, all) => all.findLastIndex((w) => w.id === v.id) === i);
    const site = await startVendorSite(vendors, list, vendors.env(list.map((v) => v.id)));
    try {
      vendors.reset();
      assert.equal((await generate(site, { description, count: 1, provider: 'ark' })).status, 200);
      sent[`${writer} text`] = vendors.of(writer).requests.find(({ stage }) => stage === 'text');
      if (writer !== 'deepseek') continue;
      for (const id of ours.filter((v) => v !== 'deepseek')) {
        vendors.reset();
        assert.equal((await generate(site, { description, count: 1, provider: id, verbatim: true })).status, 200, id);
        sent[`${id} image`] = vendors.of(id).requests.find(({ stage }) => stage === 'image');
      }
    } finally { await site.stop(); }
  }
});
after(() => vendors?.close());
beforeEach(() => vendors.reset());

// Every host is the stand-in.
async function through(url, init = {}) {
  const from = url instanceof Request ? url : new Request(url, { ...init, duplex: 'half' });
  const { hostname, pathname, search } = new URL(from.url);
  const body = Buffer.from(await from.arrayBuffer());
  return new Promise((resolve, reject) => {
    const headers = { ...Object.fromEntries(from.headers), host: hostname, 'content-length': body.length };
    const sending = request({ host: '127.0.0.1', port: vendors.port, servername: hostname, ca: readFileSync(vendors.ca), method: from.method, path: pathname + search, headers }, (reply) => {
      const pieces = [];
      reply.on('data', (d) => pieces.push(d));
      reply.on('end', () => resolve(new Response(reply.statusCode === 204 ? null : Buffer.concat(pieces), { status: reply.statusCode, headers: Object.entries(reply.headers).filter(([, v]) => typeof v === 'string') })));
      reply.on('error', reject);
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

const bodyOf = (name) => JSON.parse(sent[name].body);
const theirs = (id, stage = 'image') => vendors.of(id).requests.find((r) => r.stage === stage);
// The same address, method, credentials and body; but for what the caller says is ours alone.
function same(name, id, { alone = {}, stage = name.split(' ')[1] } = {}) {
  const a = sent[name], b = theirs(id, stage), mine = JSON.parse(a.body), other = JSON.parse(b.body);
  assert.deepEqual([a.method, a.host, a.url], [b.method, b.host, b.url]);
  assert.equal(a.headers.authorization, b.headers.authorization);
  assert.match(b.headers['content-type'], /^application\/json/);
  assert.equal(a.headers['content-type'], 'application/json');
  for (const [member, value] of Object.entries(alone)) { assert.deepEqual(mine[member], value, member); delete mine[member]; }
  assert.deepEqual(mine, other);
}
const isPng = (bytes) => assert.equal(Buffer.from(bytes).subarray(1, 4).toString(), 'PNG');

test('OpenAI: its client', async () => {
  const client = new OpenAI({ apiKey: vendors.of('openai').key, maxRetries: 0, fetch: through });
  const made = await client.images.generate(bodyOf('openai image'));
  isPng(Buffer.from(made.data[0].b64_json, 'base64'));
  same('openai image', 'openai');
  const { model, messages, response_format, max_completion_tokens, store } = bodyOf('openai text');
  const wrote = await client.chat.completions.create({ model, messages, response_format, max_completion_tokens, store });
  assert.equal(JSON.parse(wrote.choices[0].message.content).prompts.length, 1);
  same('openai text', 'openai');
  vendors.of('openai').always = 'filter';
  await assert.rejects(client.images.generate(bodyOf('openai image')), (e) => e.status === 400 && e.code === 'moderation_blocked');
  vendors.of('openai').always = '429';
  await assert.rejects(client.images.generate(bodyOf('openai image')), (e) => e.constructor.name === 'RateLimitError');
});

test('OpenAI: its client, with partial pictures', async () => {
  const client = new OpenAI({ apiKey: vendors.of('openai').key, maxRetries: 0, fetch: through });
  const seen = [];
  for await (const event of await client.images.generate({ ...bodyOf('openai image'), stream: true, partial_images: 2 })) seen.push(event);
  assert.deepEqual(seen.map(({ type, partial_image_index }) => [type.split('.')[1], partial_image_index]), [['partial_image', 0], ['partial_image', 1], ['completed', undefined]]);
  for (const { b64_json } of seen) assert.equal(Buffer.from(b64_json, 'base64').subarray(1, 4).toString(), 'PNG');
  const site = await startVendorSite(vendors, [{ id: 'openai', roles: 'text image' }], { ...vendors.env(['openai']), LETHE_PARTIAL_IMAGES: '2' });
  try {
    vendors.reset();
    const response = await fetch(`${site.url}/api/generate`, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'text/event-stream' }, body: JSON.stringify({ description, count: 1, provider: 'openai', verbatim: true }) });
    assert.match(await response.text(), /event: partial\n/);
    sent['openai stream'] = vendors.of('openai').requests[0];
  } finally { await site.stop(); }
  vendors.reset();
  for await (const { type } of await client.images.generate({ ...bodyOf('openai image'), stream: true, partial_images: 2 })) assert.ok(type);
  same('openai stream', 'openai', { stage: 'image' });
});

test('OpenRouter: its client', async () => {
  const client = new OpenRouter({ apiKey: vendors.of('openrouter').key, httpClient: new HTTPClient({ fetcher: through }), retryConfig: { strategy: 'none' } });
  const { model, messages, modalities, image_config: { aspect_ratio } } = bodyOf('openrouter image');
  const made = await client.chat.send({ chatRequest: { model, messages, modalities, imageConfig: { aspect_ratio }, provider: { dataCollection: 'deny', zdr: true }, stream: false } });
  assert.match(made.choices[0].message.images[0].imageUrl.url, /^data:image\/png;base64,/);
  const other = JSON.parse(theirs('openrouter').body);
  delete other.stream;
  assert.deepEqual(bodyOf('openrouter image'), other);
  assert.equal(theirs('openrouter').url, sent['openrouter image'].url);
  assert.equal(theirs('openrouter').headers.authorization, sent['openrouter image'].headers.authorization);
  vendors.of('openrouter').always = '402';
  await assert.rejects(client.chat.send({ chatRequest: { model, messages, stream: false } }), (e) => e.statusCode === 402);
});

test('DeepSeek: the AI SDK', async () => {
  const mine = bodyOf('deepseek text');
  const model = createDeepSeek({ apiKey: vendors.of('deepseek').key, fetch: through })(mine.model);
  const prompt = [{ role: 'system', content: mine.messages[0].content }, { role: 'user', content: [{ type: 'text', text: mine.messages[1].content }] }];
  const wrote = await model.doGenerate({ prompt, maxOutputTokens: mine.max_tokens, responseFormat: { type: 'json' }, providerOptions: { deepseek: { thinking: { type: 'disabled' } } } });
  assert.equal(JSON.parse(wrote.content[0].text).prompts.length, 1);
  const other = JSON.parse(theirs('deepseek', 'text').body);
  other.messages = other.messages.filter(({ content }) => content !== 'Return JSON.'); // the SDK says it, our instructions do too
  assert.deepEqual(mine, other);
  assert.deepEqual([theirs('deepseek', 'text').host, theirs('deepseek', 'text').url], [sent['deepseek text'].host, sent['deepseek text'].url]);
});

test('Ark: the AI SDK for ByteDance', async () => {
  const { model, prompt, size } = bodyOf('ark image');
  const made = await createByteDance({ apiKey: vendors.of('ark').key, baseURL: 'https://ark.cn-beijing.volces.com/api/v3', fetch: through }).image(model)
    .doGenerate({ prompt, n: 1, size, providerOptions: { bytedance: { watermark: false, outputFormat: 'png' } }, headers: {} });
  isPng(typeof made.images[0] === 'string' ? Buffer.from(made.images[0], 'base64') : made.images[0]);
  same('ark image', 'ark');
});

test('fal.ai: its client, by the queue', async () => {
  const client = createFalClient({ credentials: vendors.of('fal').key, fetch: through });
  const input = bodyOf('fal image');
  const { request_id: id } = await client.queue.submit('fal-ai/flux/dev', { input });
  same('fal image', 'fal');
  assert.equal((await client.queue.status('fal-ai/flux/dev', { requestId: id })).status, 'IN_QUEUE');
  const stages = vendors.of('fal').requests.map(({ method, url }) => `${method} ${url.replace(id, 'ID').split('?')[0]}`);
  const { data } = await client.queue.subscribeToStatus('fal-ai/flux/dev', { requestId: id, pollInterval: 10 }).then(() => client.queue.result('fal-ai/flux/dev', { requestId: id }));
  assert.match(data.images[0].url, /^data:image\/png;base64,/);
  assert.deepEqual(stages, ['POST /fal-ai/flux/dev', 'GET /fal-ai/flux/requests/ID/status']);
  await client.queue.cancel('fal-ai/flux/dev', { requestId: id });
  assert.deepEqual(vendors.of('fal').requests.slice(-2).map(({ method, url }) => `${method} ${url.replace(id, 'ID')}`), ['GET /fal-ai/flux/requests/ID', 'PUT /fal-ai/flux/requests/ID/cancel']);
  vendors.of('fal').always = 'filter';
  await assert.rejects(client.queue.submit('fal-ai/flux/dev', { input }), (e) => e.status === 422 && e.body.detail[0].type === 'content_policy_violation');
});

test('Replicate: its client', async () => {
  const client = new Replicate({ auth: vendors.of('replicate').key, fetch: through, useFileOutput: false });
  const { version, input } = bodyOf('replicate image');
  const prediction = await client.predictions.create({ version, input, wait: 1 });
  same('replicate image', 'replicate');
  assert.equal(theirs('replicate').headers.prefer, sent['replicate image'].headers.prefer);
  const done = await client.wait(prediction, { interval: 10 });
  assert.equal(done.status, 'succeeded');
  assert.match(done.output[0], /^https:\/\/replicate\.delivery\//);
  vendors.reset();
  const words = bodyOf('replicate text');
  const [owner, name] = sent['replicate text'].url.split('/').slice(3, 5);
  await client.predictions.create({ model: `${owner}/${name}`, input: words.input, wait: 1 });
  same('replicate text', 'replicate');
  vendors.of('replicate').always = 'never';
  const { id } = await client.predictions.create({ version, input });
  await client.predictions.cancel(id);
  assert.equal(vendors.of('replicate').work.get(id).cancelled, true);
});

// Their client makes no pictures; its videos are tasks like ours.
test('DashScope: the tasks, asked for as the AI SDK for Alibaba does', async () => {
  const videos = [];
  const model = createAlibaba({ apiKey: vendors.of('dashscope').key, baseURL: 'https://dashscope.aliyuncs.com/compatible-mode/v1', videoBaseURL: 'https://dashscope.aliyuncs.com',
    fetch: (url, init) => { videos.push({ url: String(url), init }); return through(String(url).replace('video-generation/video-synthesis', 'text2image/image-synthesis'), { ...init, ...(init.method === 'POST' ? { body: sent['dashscope image'].body } : {}) }); } }).video('wan2.6-t2v');
  const { operation } = await model.doStart({ prompt: 'x', n: 1, providerOptions: {} });
  vendors.of('dashscope').polls = 1;
  assert.equal((await model.doStatus({ operation })).status, 'pending');
  vendors.of('dashscope').work.get(operation.taskId).scenario = 'failed';
  const failed = await model.doStatus({ operation });
  assert.deepEqual([failed.status, /canary/.test(failed.error)], ['error', true]);
  const [ask, ...polls] = videos;
  assert.equal(new Headers(ask.init.headers).get('x-dashscope-async'), sent['dashscope image'].headers['x-dashscope-async']);
  assert.equal(new Headers(ask.init.headers).get('authorization'), sent['dashscope image'].headers.authorization);
  assert.deepEqual(Object.keys(JSON.parse(ask.init.body)).sort(), Object.keys(bodyOf('dashscope image')).sort());
  assert.ok(polls.length >= 2 && polls.every(({ url }) => /^https:\/\/dashscope\.aliyuncs\.com\/api\/v1\/tasks\/[^/]+$/.test(url)), JSON.stringify(polls.map((p) => p.url)));
  const [got] = vendors.of('dashscope').requests.filter(({ stage }) => stage === 'poll');
  assert.equal(got.method, 'GET');
});
