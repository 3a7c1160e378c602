// SPDX-License-Identifier: ISC
// The simulator that the Azure tests rest on, exercised by the official SDK: what this client understands is how the service speaks.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import OpenAI, { AzureOpenAI } from 'openai';
import { startAzure } from '../peers/azure.mjs';

let azure;
before(async () => { azure = await startAzure({ deployments: ['gpt-4.1-mini', 'gpt-image-2'] }); });
after(() => azure.close());
beforeEach(() => azure.reset());

const client = (more = {}) => new AzureOpenAI({ endpoint: azure.url, apiKey: azure.key, apiVersion: '2025-04-01-preview', maxRetries: 0, timeout: 5000, ...more });
// The v1 paths are those of the plain client; the Azure client knows the classic ones.
const v1 = () => new OpenAI({ baseURL: `${azure.url}/openai/v1`, apiKey: azure.key, maxRetries: 0, timeout: 5000 });
const image = (c, more = {}) => c.images.generate({ model: 'gpt-image-2', prompt: 'A bakery at dawn', size: '1536x1024', quality: 'medium', output_format: 'png', ...more });
const schema = { type: 'json_schema', json_schema: { name: 'image_prompts', strict: true, schema: { type: 'object', properties: { prompts: { type: 'array', items: { type: 'string' } } }, required: ['prompts'], additionalProperties: false } } };
const chat = (c, more = {}) => c.chat.completions.create({ model: 'gpt-4.1-mini', messages: [{ role: 'system', content: 'You make exactly 3 prompts.' }, { role: 'user', content: '{}' }], response_format: schema, store: false, max_completion_tokens: 900, ...more });

test('chat completions answer a json_schema with so many prompts', async () => {
  const reply = await chat(client());
  assert.equal(JSON.parse(reply.choices[0].message.content).prompts.length, 3);
  assert.equal(reply.choices[0].finish_reason, 'stop');
  assert.ok(reply.prompt_filter_results);
});

test('the image is a PNG of the size asked for', async () => {
  const reply = await image(client());
  const bytes = Buffer.from(reply.data[0].b64_json, 'base64');
  assert.equal(bytes.subarray(1, 4).toString(), 'PNG');
  assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [1536, 1024]);
});

test('the v1 paths take the deployment as the model', async () => {
  await chat(v1());
  await image(v1());
  assert.deepEqual(azure.requests.map((r) => r.url.split('?')[0]), ['/openai/v1/chat/completions', '/openai/v1/images/generations']);
});

test('a wrong key is an AuthenticationError', async () => {
  await assert.rejects(chat(client({ apiKey: 'wrong' })), (e) => e.status === 401);
});

test('an unknown deployment is a NotFoundError with the code DeploymentNotFound', async () => {
  await assert.rejects(image(client(), { model: 'nothing' }), (e) => e.status === 404 && e.code === 'DeploymentNotFound');
});

test('both filters are BadRequestErrors with their own codes', async () => {
  azure.always = 'filter';
  await assert.rejects(chat(client()), (e) => e.status === 400 && e.code === 'content_filter' && e.error.innererror.code === 'ResponsibleAIPolicyViolation');
  await assert.rejects(image(client()), (e) => e.status === 400 && e.code === 'contentFilter');
  azure.always = 'moderation';
  await assert.rejects(image(client()), (e) => e.code === 'moderation_blocked');
});

test('an answer filtered on its way out says so in finish_reason', async () => {
  azure.always = 'filter-output';
  assert.equal((await chat(client())).choices[0].finish_reason, 'content_filter');
});

test('429 names the wait, and the SDK honours it', async () => {
  azure.next('429:120', '500', 'ok');
  const start = Date.now();
  const reply = await image(client({ maxRetries: 3 }));
  assert.ok(reply.data[0].b64_json);
  assert.ok(Date.now() - start >= 110);
  assert.equal(azure.requests.length, 3);
});

test('503, a broken connection, a broken body and a hang are errors of their own kinds', async () => {
  azure.next('503');
  await assert.rejects(image(client()), (e) => e.status === 503);
  azure.next('disconnect');
  await assert.rejects(image(client()), (e) => e.constructor.name === 'APIConnectionError');
  azure.next('truncated');
  await assert.rejects(image(client()));
  azure.next('cut');
  await assert.rejects(image(client()));
  azure.next('hang');
  await assert.rejects(image(client({ timeout: 300 })), (e) => e.constructor.name === 'APIConnectionTimeoutError');
});

test('a field that gpt-image models do not know is refused', async () => {
  await assert.rejects(image(client(), { response_format: 'b64_json' }), (e) => e.status === 400 && e.param === 'response_format');
});

test('the region is named in x-ms-region, also a wrong one', async () => {
  const { response } = await chat(client()).withResponse();
  assert.equal(response.headers.get('x-ms-region'), 'Sweden Central');
  azure.next('region:East US');
  assert.equal((await chat(client()).withResponse()).response.headers.get('x-ms-region'), 'East US');
});
