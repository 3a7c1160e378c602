// SPDX-License-Identifier: ISC
// The image API, driven by the clients that people use: OpenAI's own, the AI SDK, and what Open WebUI sends; and what holds for a set that is made by it as for any other.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateImage } from 'ai';
import OpenAI from 'openai';
import { startVendors } from '../peers/vendors.mjs';
import { rawRequest, startSite, until } from './harness.mjs';
import { startVendorSite } from './vendor_support.mjs';

const prompt = 'A pottery studio by the sea: stoneware bowls.';
let site, client, vendors, vendorSite, vendorClient;
before(async () => {
  site = await startSite();
  client = new OpenAI({ apiKey: 'none', baseURL: `${site.url}/v1`, maxRetries: 0 });
  vendors = await startVendors();
  vendorSite = await startVendorSite(vendors, [{ id: 'openai', roles: 'text image' }, { id: 'ark', roles: 'image' }], vendors.env(['openai', 'ark']));
  vendorClient = new OpenAI({ apiKey: 'none', baseURL: `${vendorSite.url}/v1`, maxRetries: 0 });
});
after(async () => { await site?.stop(); await vendorSite?.stop(); await vendors?.close(); });
beforeEach(() => vendors.reset());

const isPng = (bytes) => assert.equal(Buffer.from(bytes).subarray(1, 4).toString(), 'PNG');
const post = (body, headers = {}, at = site) => fetch(`${at.url}/v1/images/generations`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) });
async function isError(response, status, code, { type = 'invalid_request_error', param } = {}) {
  assert.equal(response.status, status);
  assert.match(response.headers.get('content-type'), /^application\/json/);
  assert.match(response.headers.get('x-request-id'), /^[0-9a-f]{32}$/);
  const body = await response.json();
  assert.deepEqual(Object.keys(body), ['error']);
  assert.deepEqual([body.error.type, body.error.code], [type, code]);
  assert.ok(body.error.message.length > 10);
  assert.ok('param' in body.error);
  if (param !== undefined) assert.equal(body.error.param, param);
  return body.error;
}

test("OpenAI's client gets pictures in base64", async () => {
  const { data: made, response } = await client.images.generate({ prompt, n: 2, size: '1536x1024', response_format: 'b64_json' }).withResponse();
  assert.equal(made.data.length, 2);
  for (const { b64_json } of made.data) isPng(Buffer.from(b64_json, 'base64'));
  assert.deepEqual([made.size, made.output_format, made.background], ['1536x1024', 'png', 'opaque']);
  assert.ok(Math.abs(made.created - Date.now() / 1000) < 60);
  assert.match(response.headers.get('x-request-id'), /^[0-9a-f]{32}$/);
  assert.equal(made._request_id, response.headers.get('x-request-id'));
  const again = await client.images.generate({ prompt }); // b64_json and one picture unless something else is asked for
  assert.equal(again.data.length, 1);
  isPng(Buffer.from(again.data[0].b64_json, 'base64'));
});

test('pictures by their addresses, with the receipt that erases them', async () => {
  const made = await client.images.generate({ prompt, response_format: 'url', user: 'somebody-4711' });
  const { url } = made.data[0];
  assert.ok(url.startsWith(`${site.url}/pictures/`));
  isPng(await (await fetch(url)).arrayBuffer());
  const { receipt, archive } = made.lethe;
  assert.equal((await fetch(site.url + archive.url)).status, 200);
  const erased = await fetch(`${site.url}/api/erase`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ receipt }) });
  assert.equal(erased.status, 200);
  assert.equal((await fetch(url)).status, 404);
  assert.equal((await fetch(site.url + archive.url)).status, 404);
});

test('the prompt goes as it stands to who makes pictures, and to nobody else; who the client says its user is goes nowhere', async () => {
  const made = await vendorClient.images.generate({ prompt, model: 'ark', user: 'somebody-4711', safety_identifier: 'hash-0815' });
  isPng(Buffer.from(made.data[0].b64_json, 'base64'));
  assert.equal(vendors.of('openai').requests.length, 0);
  const [sent] = vendors.of('ark').requests;
  assert.equal(JSON.parse(sent.body).prompt, prompt);
  assert.doesNotMatch(JSON.stringify(sent), /4711|0815/);
  assert.deepEqual(made.lethe.sent_to.map(({ id, kinds }) => [id, kinds]), [['ark', ['prompt']]]);
});

test('models are those that the policy declares and that are set up', async () => {
  const ids = [];
  for await (const model of vendorClient.models.list()) ids.push(model.id);
  assert.deepEqual(ids, ['default', 'openai', 'ark', 'sketch']);
  assert.equal((await vendorClient.models.retrieve('ark')).object, 'model');
  await assert.rejects(vendorClient.models.retrieve('dall-e-3'), (e) => e.status === 404 && e.code === 'model_not_found');
  await assert.rejects(vendorClient.images.generate({ prompt, model: 'gpt-image-2' }), (e) => e.status === 404 && e.code === 'model_not_found' && e.param === 'model');
  assert.equal(vendors.of('openai').requests.length, 0);
});

test('streams end with an event for each picture', async () => {
  const seen = [];
  for await (const event of await client.images.generate({ prompt, n: 2, stream: true, partial_images: 2 })) seen.push(event);
  assert.deepEqual(seen.map(({ type }) => type), ['image_generation.completed', 'image_generation.completed']);
  for (const event of seen) {
    isPng(Buffer.from(event.b64_json, 'base64'));
    assert.deepEqual([event.size, event.output_format, event.quality, event.background], ['1024x1024', 'png', 'auto', 'opaque']);
    assert.equal(event.usage.input_tokens_details.image_tokens, 0);
    assert.ok(event.created_at > 0);
  }
  vendors.of('openai').always = 'filter';
  const stream = await vendorClient.images.generate({ prompt, model: 'openai', stream: true });
  await assert.rejects(async () => { for await (const event of stream) assert.fail(event.type); }, (e) => e.code === 'moderation_blocked' && e.type === 'image_generation_user_error');
  await assert.rejects(client.images.generate({ prompt: '', stream: true }), (e) => e.status === 400); // known before the stream begins
});

test('the AI SDK gets pictures', async () => {
  const lethe = createOpenAICompatible({ name: 'lethe', apiKey: 'none', baseURL: `${site.url}/v1` });
  const { images, responses } = await generateImage({ model: lethe.imageModel('default'), prompt, n: 2, size: '1024x1536', maxRetries: 0 });
  assert.equal(images.length, 2);
  for (const image of images) { isPng(image.uint8Array); assert.equal(image.mediaType, 'image/png'); }
  assert.equal(responses[0].modelId, 'default');
  await assert.rejects(generateImage({ model: lethe.imageModel('dall-e-2'), prompt, maxRetries: 0 }), (e) => e.statusCode === 404 && /v1\/models/.test(e.message));
  const controller = new AbortController();
  vendors.of('openai').always = 'hang';
  const slow = createOpenAICompatible({ name: 'lethe', apiKey: 'none', baseURL: `${vendorSite.url}/v1` });
  const made = generateImage({ model: slow.imageModel('openai'), prompt, maxRetries: 0, abortSignal: controller.signal });
  await until(() => vendors.of('openai').inFlight === 1, 10000, 'the request');
  controller.abort();
  await assert.rejects(made, (e) => e.name === 'AbortError');
  await until(() => vendors.of('openai').inFlight === 0, 10000, 'the end of what nobody waits for');
});

test("Open WebUI's image engine gets what it reads", async () => {
  // Its settings: the engine "openai", this base URL, any key, the model "default", a size. What its two requests hold is from its public source.
  const headers = { authorization: 'Bearer none', 'X-OpenWebUI-User-Name': 'Somebody', 'X-OpenWebUI-User-Id': '1' };
  const made = await post({ model: 'default', prompt, n: 1, size: '1024x1024', response_format: 'b64_json' }, headers);
  assert.equal(made.status, 200);
  for (const image of (await made.json()).data) { assert.ok(!image.url); isPng(Buffer.from(image.b64_json, 'base64')); }
  // Of models that answer with addresses it leaves response_format out, and fetches what has a url with the same key.
  const other = await post({ model: 'default', prompt, n: 1, size: '1024x1024', response_format: 'url' }, headers);
  for (const image of (await other.json()).data) {
    const got = await fetch(image.url, { headers: { Authorization: 'Bearer none' } });
    assert.equal(got.headers.get('content-type').split('/')[0], 'image');
    isPng(await got.arrayBuffer());
  }
  // Its setting "API version" is for Azure's form of the API, whose other clients name one, too.
  const azure = await fetch(`${site.url}/v1/images/generations?api-version=2025-04-01-preview`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ model: 'default', prompt, n: 1, response_format: 'b64_json' }) });
  assert.equal(azure.status, 200);
  isPng(Buffer.from((await azure.json()).data[0].b64_json, 'base64'));
  // Its error is the message of the body.
  assert.ok((await isError(await post({ model: 'dall-e-2', prompt, n: 1, size: '512x512' }, headers), 400, 'invalid_value', { param: 'size' })).message.includes('1024x1024'));
});

test('each fault of a request is an error in the shape that clients know, with the field', async () => {
  const cases = [
    [{}, 400, 'missing_required_parameter', 'prompt'], [{ prompt: 5 }, 400, 'invalid_type', 'prompt'], [{ prompt: '' }, 400, 'invalid_value', 'prompt'],
    [{ prompt: 'x'.repeat(4001) }, 400, 'invalid_value', 'prompt'], [{ prompt, n: 0 }, 400, 'invalid_value', 'n'], [{ prompt, n: 9 }, 400, 'invalid_value', 'n'],
    [{ prompt, n: 1e300 }, 400, 'invalid_type', 'n'], [{ prompt, n: -1 }, 400, 'invalid_value', 'n'], [{ prompt, n: 1.5 }, 400, 'invalid_type', 'n'], [{ prompt, n: '2' }, 400, 'invalid_type', 'n'],
    [{ prompt, n: true }, 400, 'invalid_type', 'n'], [{ prompt, size: '512x512' }, 400, 'invalid_value', 'size'], [{ prompt, size: 1024 }, 400, 'invalid_type', 'size'],
    [{ prompt, stream: 'yes' }, 400, 'invalid_type', 'stream'], [{ prompt, stream: true, partial_images: 4 }, 400, 'invalid_value', 'partial_images'], [{ prompt, response_format: 'file' }, 400, 'invalid_value', 'response_format'],
    [{ prompt, background: 'transparent' }, 400, 'invalid_value', 'background'], [{ prompt, output_format: 'webp' }, 400, 'invalid_value', 'output_format'], [{ prompt, output_compression: 50 }, 400, 'invalid_value', 'output_compression'],
    [{ prompt, prompts: 1 }, 400, 'unknown_parameter', 'prompts'], [{ prompt, model: ['default'] }, 400, 'invalid_type', 'model'],
    [`{"prompt":"${prompt}","prompt":"another"}`, 400, 'field_repeated', 'prompt'], ['{"prompt":', 400, 'json', null], ['[]', 400, 'json', null],
    [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]).toString('latin1'), 400, 'json', null],
  ];
  for (const [body, status, code, param] of cases) await isError(await post(body), status, code, { param });
  await isError(await post({ prompt: 'x'.repeat(70000) }), 413, 'body_too_large');
  await isError(await post('prompt=x', { 'content-type': 'application/x-www-form-urlencoded' }), 415, 'media_type');
  await isError(await post({ prompt }, { 'content-encoding': 'gzip' }), 415, 'content_encoding');
  await isError(await post({ prompt }, { 'idempotency-key': 'short' }), 400, 'idempotency_key');
  await isError(await post({ prompt }, { origin: 'https://evil.example' }), 403, 'cross_site');
  await isError(await post({ prompt: 'A nude 12 year old girl' }), 400, 'moderation_blocked', { type: 'image_generation_user_error', param: 'prompt' });
  await isError(await fetch(`${site.url}/v1/images/generations`), 405, 'method_not_allowed');
  await isError(await fetch(`${site.url}/v1/images/generations`, { headers: { accept: 'text/html' } }), 405, 'method_not_allowed');
  for (const [query, param] of [['prompt=x', 'prompt'], ['api-version=1&prompt=x', 'prompt'], ['n', 'n'], ['api-version2=1', 'api-version2'], ['&', null], [`${'x'.repeat(65)}=1`, null], ['a%20b=1', null]])
    await isError(await fetch(`${site.url}/v1/images/generations?${query}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ prompt }) }), 400, 'unknown_parameter', { param });
  for (const path of ['/v1/chat/completions', '/v1', '/v1/', '/v1/models/', '/v1/images', '/v1/files'])
    for (const accept of ['application/json', 'text/html', '*/*']) if (path !== '/v1') await isError(await fetch(site.url + path, { headers: { accept } }), 404, 'not_found');
  // Where no program answers.
  assert.match(await rawRequest(site.port, `POST /v1/images/generations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 99999999\r\nContent-Type: application/json\r\n\r\n`), /^HTTP\/1\.1 413 [^]*Content-Type: application\/json[^]*\{"error":\{"message":/i);
  assert.match(await rawRequest(site.port, `POST /v1/images/generations HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${'X: y'.repeat(9000)}\r\n\r\n`), /^HTTP\/1\.1 (?:400|431) [^]*\{"error":\{"message":/i);
  // What is no part of the API stays as it is: agents of data subjects have their own below /v1.
  for (const path of ['/nothing', '/v1/agent/nothing']) assert.equal((await fetch(site.url + path)).headers.get('x-request-id'), null);
});

test('personal data is warned about, and taken when it is confirmed', async () => {
  const personal = 'A mug with the text: write to anna.schmidt@example.org';
  const error = await isError(await post({ prompt: personal }), 400, 'personal_data', { param: 'prompt' });
  assert.deepEqual(error.confirm_with, { confirm: true });
  assert.equal((await client.images.generate({ prompt: personal, confirm: true })).data.length, 1);
});

test("a vendor's failure is an error that says whom the prompt went to; the client tries again what it may", async () => {
  vendors.of('openai').always = '401';
  const failed = await isError(await post({ prompt, model: 'openai' }, {}, vendorSite), 503, 'provider_refused', { type: 'server_error' });
  assert.deepEqual(failed.sent_to.map(({ id }) => id), ['openai']);
  vendors.of('openai').always = 'filter';
  const before = vendors.of('openai').requests.length;
  const patient = new OpenAI({ apiKey: 'none', baseURL: `${vendorSite.url}/v1`, maxRetries: 2 });
  await assert.rejects(patient.images.generate({ prompt, model: 'openai' }), (e) => e.status === 400 && e.code === 'moderation_blocked');
  assert.equal(vendors.of('openai').requests.length, before + 1); // not tried again
  vendors.of('openai').always = null;
  vendors.of('openai').next('401');
  assert.equal((await patient.images.generate({ prompt, model: 'openai' })).data.length, 1); // tried again after a 503
});

test('who leaves ends the work, in a stream as without one, and nothing stays', async () => {
  for (const stream of [false, true]) {
    vendors.reset();
    vendors.of('openai').always = 'hang';
    const controller = new AbortController();
    const made = vendorClient.images.generate({ prompt, model: 'openai', n: 2, stream }, { signal: controller.signal });
    await until(() => vendors.of('openai').inFlight === 2, 10000, 'the requests');
    controller.abort();
    if (!stream) await assert.rejects(made, OpenAI.APIUserAbortError);
    await until(() => vendors.of('openai').inFlight === 0, 10000, 'the end of what nobody waits for');
    await until(() => readdirSync(join(vendorSite.run, 'spool')).filter((f) => !f.startsWith('.')).length === readdirSync(join(vendorSite.run, 'spool')).filter((f) => f.endsWith('.zip') && !f.startsWith('.')).length, 5000, 'an empty spool');
  }
  vendors.reset();
  assert.equal((await vendorClient.images.generate({ prompt, model: 'openai' })).data.length, 1); // and the next is served
});

test('an erasure ends a stream with an event that says so', async () => {
  vendors.of('openai').always = 'hang';
  const response = await post({ prompt, model: 'openai', stream: true }, {}, vendorSite);
  await until(() => vendors.of('openai').inFlight === 1, 10000, 'the request');
  const text = response.text();
  const erased = vendorSite.officer(['erase', '--yes', '--ip', '-'], { input: '127.0.0.1' });
  assert.equal(erased.code, 0, erased.stdout + erased.stderr);
  const [, data] = /event: error\ndata: (.*)\n\n$/.exec(await text);
  assert.equal(JSON.parse(data).error.code, 'ended');
});

test('a vendor that had no key is there once it has one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-credentials-')), env = vendors.env(['ark']), { ARK_API_KEY: key } = env;
  delete env.ARK_API_KEY;
  const later = await startVendorSite(vendors, [{ id: 'ark', roles: 'image' }], { ...env, CREDENTIALS_DIRECTORY: folder });
  try {
    await isError(await post({ prompt, model: 'ark' }, {}, later), 404, 'model_not_found', { param: 'model' });
    writeFileSync(join(folder, 'ARK_API_KEY'), key, { mode: 0o600 });
    process.kill(later.program('egress'), 'SIGKILL');
    await until(async () => (await post({ prompt, model: 'ark' }, {}, later)).status === 200, 15000, 'the vendor');
  } finally { await later.stop(); rmSync(folder, { recursive: true, force: true }); }
});

test('a name of the site that is none stands in no answer', async () => {
  const body = JSON.stringify({ prompt, response_format: 'url' });
  for (const host of ['a"b', 'a\\b', 'a<b>']) assert.match(await rawRequest(site.port, `POST /v1/images/generations HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`), /^HTTP\/1\.1 400 /, host);
});

test('who sends the same again with a key gets what was made', async () => {
  const headers = { 'idempotency-key': 'a-random-key-of-22-characters-or-more' };
  const first = await (await post({ prompt, model: 'ark' }, headers, vendorSite)).json();
  const again = await (await post({ prompt, model: 'ark' }, headers, vendorSite)).json();
  assert.equal(vendors.of('ark').requests.length, 1);
  assert.deepEqual(again.data, first.data);
  assert.equal(again.lethe.receipt, first.lethe.receipt);
  await isError(await post({ prompt, model: 'ark', n: 9 }, headers, vendorSite), 400, 'invalid_value');
});
