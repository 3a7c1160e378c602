// SPDX-License-Identifier: ISC
// Edits by the image API: pictures to start from reach who takes them, made anew and without what else was in the file; nobody else gets them, and nothing keeps them.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { after, before, beforeEach, test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { png } from '../peers/azure.mjs';
import { startVendors } from '../peers/vendors.mjs';
import { filesHolding, startSite, until } from './harness.mjs';
import { policyText } from './vendor_support.mjs';

const prompt = 'The same bowl, in blue';
const marker = 'Anna Schmidt, 52.5200N';
const upload = `<kind id="upload" keep="memory" source="visitor"><name>Pictures to start from</name><what>Pictures that you send to be changed.</what><category>Uploaded pictures</category>
  <where>In the memory of our server, for as long as your request runs.</where><about subject="visitor"/><for purpose="make"/></kind>`;
let site, vendors, client, folder;
before(async () => {
  vendors = await startVendors();
  folder = mkdtempSync(join(tmpdir(), 'lethe-edits-'));
  const policy = join(folder, 'policy.xml');
  writeFileSync(policy, policyText([{ id: 'openai', roles: 'image' }, { id: 'fal', roles: 'image' }]).replace('<kinds>', `<kinds>${upload}`).replace('<receives kind="prompt"/>', '<receives kind="prompt"/><receives kind="upload"/>'));
  site = await startSite({ policy, testing: true, env: { LETHE_POLICY: policy, ...vendors.env(['openai', 'fal']) } });
  client = new OpenAI({ apiKey: 'none', baseURL: `${site.url}/v1`, maxRetries: 0 });
});
after(async () => { await site?.stop(); await vendors?.close(); rmSync(folder, { recursive: true, force: true }); });
beforeEach(() => vendors.reset());

// A PNG with words about who made it.
function signed(bytes) {
  const data = Buffer.from(`tEXtAuthor\0${marker}`, 'latin1');
  const table = Array.from({ length: 256 }, (_, n) => { let c = n; for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1; return c >>> 0; });
  const crc = (b) => { let c = 0xffffffff; for (const byte of b) c = table[(c ^ byte) & 255] ^ (c >>> 8); return (c ^ 0xffffffff) >>> 0; };
  const number = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n >>> 0); return b; };
  return Buffer.concat([bytes.subarray(0, 33), number(data.length - 4), data, number(crc(data)), bytes.subarray(33)]);
}
// See-through on its left half.
function mask(width, height) {
  const rows = Buffer.concat(Array.from({ length: height }, () => Buffer.concat([Buffer.from([0]), Buffer.from(Array.from({ length: width * 4 }, (_, i) => (i % 4 === 3 && i / 4 < width / 2 ? 0 : 200)))])));
  const one = png(1, 1, '');
  const table = Array.from({ length: 256 }, (_, n) => { let c = n; for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1; return c >>> 0; });
  const crc = (b) => { let c = 0xffffffff; for (const byte of b) c = table[(c ^ byte) & 255] ^ (c >>> 8); return (c ^ 0xffffffff) >>> 0; };
  const chunk = (type, data) => { const b = Buffer.concat([Buffer.from(type), data]); const n = Buffer.alloc(4), k = Buffer.alloc(4); n.writeUInt32BE(data.length); k.writeUInt32BE(crc(b)); return Buffer.concat([n, b, k]); };
  const head = Buffer.alloc(13); head.writeUInt32BE(width, 0); head.writeUInt32BE(height, 4); head[8] = 8; head[9] = 6;
  return Buffer.concat([one.subarray(0, 8), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}
const photo = () => signed(png(300, 200, 'bowl'));
const file = (bytes, name = 'photo.png') => toFile(bytes, name, { type: 'image/png' });
const sent = () => vendors.of('openai').requests.filter(({ stage }) => stage === 'image');
const isPng = (b64) => assert.equal(Buffer.from(b64, 'base64').subarray(1, 4).toString(), 'PNG');
const json = (body, headers = {}) => fetch(`${site.url}/v1/images/edits`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
const url = (bytes, type = 'image/png') => ({ image_url: `data:${type};base64,${bytes.toString('base64')}` });
async function refused(response, status, code, param) {
  const body = await response.json();
  assert.deepEqual([response.status, body.error.code], [status, code], JSON.stringify(body));
  if (param) assert.equal(body.error.param, param);
}

test("OpenAI's client sends one picture, several, and a mask, as a form", async () => {
  const made = await client.images.edit({ image: await file(photo()), prompt, n: 1 });
  isPng(made.data[0].b64_json);
  assert.equal(sent().length, 1);
  const body = JSON.parse(sent()[0].body);
  assert.equal(sent()[0].url, '/v1/images/edits');
  assert.equal(body.prompt, prompt);
  assert.equal(body.images.length, 1);
  const left = Buffer.from(body.images[0].image_url.split(',')[1], 'base64');
  assert.ok(!left.includes('Schmidt'), 'what else was in the file does not leave');
  assert.deepEqual(made.lethe.sent_to.map(({ id, kinds }) => [id, [...kinds].sort()]), [['openai', ['prompt', 'upload']]]);
  vendors.reset();
  // As clients of Azure's form of the API and Open WebUI send it.
  const azure = new OpenAI({ apiKey: 'none', baseURL: `${site.url}/v1`, maxRetries: 0, defaultQuery: { 'api-version': '2025-04-01-preview' } });
  await azure.images.edit({ image: [await file(photo(), 'a.png'), await file(photo(), 'b.png')], mask: await file(mask(300, 200), 'mask.png'), prompt });
  const both = JSON.parse(sent()[0].body);
  assert.equal(both.images.length, 2);
  assert.match(both.mask.image_url, /^data:image\/png;base64,/);
  assert.equal(vendors.of('fal').requests.length, 0);
  const ledger = site.officer(['audit', 'show', '--format', 'json'], { policy: join(folder, 'policy.xml') }).stdout;
  assert.match(ledger, /upload/);
});

test('the same as JSON, and as a stream', async () => {
  const response = await json({ prompt, images: [url(photo())], response_format: 'url' });
  const made = await response.json();
  assert.equal(response.status, 200, JSON.stringify(made));
  assert.equal((await fetch(made.data[0].url)).status, 200);
  const seen = [];
  for await (const event of await client.images.edit({ image: await file(photo()), prompt, n: 2, stream: true })) seen.push(event);
  assert.deepEqual(seen.map(({ type }) => type), ['image_edit.completed', 'image_edit.completed']);
  for (const { b64_json } of seen) isPng(b64_json);
});

test('Open WebUI sends its form', async () => {
  const form = new FormData(); // model, prompt, n and size as fields, the pictures as image or image[]
  for (const [name, value] of Object.entries({ model: 'default', prompt, n: '1', size: '1024x1024', response_format: 'b64_json' })) form.set(name, value);
  form.append('image[]', new Blob([photo()], { type: 'image/png' }), 'image.png');
  form.append('image[]', new Blob([photo()], { type: 'image/png' }), 'image.png');
  const response = await fetch(`${site.url}/v1/images/edits`, { method: 'POST', headers: { authorization: 'Bearer none' }, body: form });
  const made = await response.json();
  assert.equal(response.status, 200, JSON.stringify(made));
  isPng(made.data[0].b64_json);
  assert.equal(JSON.parse(sent()[0].body).images.length, 2);
});

test('what is no such picture is refused, and leaves for nobody', async () => {
  const good = url(photo());
  await refused(await json({ prompt }), 400, 'missing_required_parameter', 'image');
  await refused(await json({ images: [good] }), 400, 'missing_required_parameter', 'prompt');
  await refused(await json({ prompt, images: 'x' }), 400, 'invalid_type', 'images');
  await refused(await json({ prompt, images: [] }), 400, 'missing_required_parameter', 'image');
  for (const one of ['x', 5, null, [], {}, { file_id: 'file-1' }, { image_url: 'https://example.org/a.png' }, { image_url: 'data:image/png;base64,%%%' }, { image_url: 'data:text/html;base64,PGI+' }, { image_url: 5 }, { ...good, file_id: 'x' }]) await refused(await json({ prompt, images: [one] }), 400, 'picture_url', 'images');
  await refused(await json({ prompt, images: [good], mask: 'x' }), 400, 'invalid_type', 'mask');
  await refused(await json({ prompt, images: [good, good, good, good, good] }), 400, 'pictures_many', 'image');
  await refused(await json({ prompt, images: [url(Buffer.from('<svg/>'))] }), 400, 'picture_unreadable', 'image');
  await refused(await json({ prompt, images: [url(photo().subarray(0, 90))] }), 400, 'picture_unreadable', 'image');
  await refused(await json({ prompt, images: [good], mask: url(mask(10, 10)) }), 400, 'picture_mask', 'mask');
  await refused(await json({ prompt, images: [good], mask: url(png(300, 200, 'x')) }), 400, 'picture_mask', 'mask');
  await refused(await json({ prompt, images: [good], model: 'fal' }), 400, 'unsupported_operation', 'model');
  await refused(await json({ prompt, images: [url(Buffer.alloc(13 * 1024 * 1024))] }), 413, 'body_too_large');
  const form = (body) => fetch(`${site.url}/v1/images/edits`, { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=b' }, body });
  const part = (name, text, more = '') => `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${text}\r\n`;
  await refused(await form(`${part('prompt', prompt)}--b\r\nContent-Disposition: form-data; name="image"; filename="x.png"\r\n\r\nhalf`), 400, 'form');
  await refused(await form(`${part('prompt', prompt)}${part('prompt', prompt)}--b--\r\n`), 400, 'form', 'prompt');
  await refused(await form(`${part('prompt', prompt)}${part('picture', 'x', '; filename="x.png"')}--b--\r\n`), 400, 'unknown_parameter', 'picture');
  await refused(await form(`${part('prompt', prompt)}${part('n', '9')}${part('image', 'x', '; filename="x.png"')}--b--\r\n`), 400, 'invalid_value', 'n');
  const zero = await form(`${part('prompt', `${prompt}\0and more`)}${part('image', 'x', '; filename="x.png"')}--b--\r\n`);
  assert.match((await zero.clone().json()).error.message, /U\+0000/); // as of any form
  await refused(zero, 400, 'form', 'prompt');
  await refused(await form(`${part('prompt', prompt)}${part('image', 'x')}--b--\r\n`), 400, 'unknown_parameter', 'image');
  assert.equal(sent().length, 0);
});

// Of all visitors together, however nginx is configured; who sends is not waited for.
test('sixteen sets of pictures are taken in at once, and no more', async () => {
  const sockets = [];
  try {
    for (let i = 0; i < 16; i++) {
      const socket = connect({ port: site.port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (i >> 2)}` });
      socket.on('error', () => {});
      sockets.push(socket);
      await new Promise((resolve) => { socket.write('POST /v1/images/edits HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9000\r\nExpect: 100-continue\r\n\r\n'); socket.once('data', resolve); });
    }
    await refused(await json({ prompt, images: [url(photo())] }), 429, 'rate_limit_exceeded');
  } finally { for (const socket of sockets) socket.destroy(); }
  await until(async () => (await json({ prompt, images: [] })).status === 400, 10000, 'space for another');
});

test('who may not be sent pictures is not asked to change any; who writes no prompts is not needed for a list of models', async () => {
  const policy = join(folder, 'other.xml');
  writeFileSync(policy, policyText([{ id: 'openai', roles: 'image' }, { id: 'openrouter', roles: 'text' }]).replace('<kinds>', `<kinds>${upload}`).replace(/(<processor id="(?:sketch|azure-openai)"[^>]*roles=")text image"/g, '$1image"'));
  const other = await startSite({ policy, testing: true, env: { LETHE_POLICY: policy, ...vendors.env(['openai']) } });
  try {
    await refused(await fetch(`${other.url}/v1/images/edits`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ prompt, images: [url(photo())] }) }), 400, 'unsupported_operation');
    const { data } = await (await fetch(`${other.url}/v1/models`)).json();
    assert.deepEqual(data.map(({ id }) => id), ['default', 'openai', 'sketch']);
    assert.deepEqual((await (await fetch(`${other.url}/api/processors`)).json()).pictures, []);
  } finally { await other.stop(); }
});

test('who leaves ends the work; nothing of a picture is kept', async () => {
  vendors.of('openai').always = 'hang';
  const controller = new AbortController();
  const made = client.images.edit({ image: await file(photo()), prompt }, { signal: controller.signal });
  made.catch(() => {});
  await until(() => vendors.of('openai').inFlight === 1, 10000, 'the request');
  controller.abort();
  await until(() => vendors.of('openai').inFlight === 0, 10000, 'the end of what nobody waits for');
  assert.deepEqual(filesHolding('Schmidt', [site.state, site.run]), []);
});

test('where nobody takes pictures, or the policy has none, there are no edits', async () => {
  const open = await startSite();
  try {
    const response = await fetch(`${open.url}/v1/images/edits`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ prompt, images: [url(photo())] }) });
    await refused(response, 400, 'unsupported_operation');
  } finally { await open.stop(); }
});
