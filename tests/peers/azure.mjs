// SPDX-License-Identifier: ISC
// A stand-in for Azure OpenAI: v1 and classic paths, chat completions with json_schema and image generations, the errors that the documents
// describe, and bad days on demand. In a test: const azure = await startAzure({…}); on the command line: node tests/peers/azure.mjs --help
//
// What a request meets is a scenario, from one of three places, the first that says something:
//   azure.next('429', 'ok', …)     one for each coming request, in order        POST /control {"next":["429","ok"]}
//   azure.always = 'slow:500'      for all requests                             POST /control {"always":"slow:500"}
//   the deployment's name          "gpt-image-2--filter" meets "filter"
// Scenarios: ok · slow:MS · filter · filter-output · moderation · 401 · 403 · 404 · 429 · 429:MS · 500 · 503 · 400 · truncated (broken JSON, whole HTTP) · cut (the
// connection breaks in mid-body; cut:BYTES: after so many) · garbage · not-json · not-image · hollow (a picture without pixels) · empty · few (one prompt) · hang · held (until azure.release(), from azure.hold() on) · disconnect · region:NAME · no-region ·
// huge:BYTES · refusal · drip:MS (a byte of the body each MS ms) · stall:BYTES (of the body, then nothing) · flood:BYTES
// (so many more than announced) · endless (a body without an announced length that never ends)
// Pictures are small and of one colour, or of about azure.pictureBytes (POST /control {"pictureBytes":…}, --picture-bytes …).
// Every request is kept: azure.requests, or GET /control/requests.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createSecureServer } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 as zlibCrc32, deflateSync } from 'node:zlib';

// ---- PNG ----

const crcTable = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});
const crc32 = zlibCrc32 || ((bytes) => {
  let c = 0xffffffff;
  for (const b of bytes) c = crcTable[(c ^ b) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
});

function chunk(type, data) {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

const pngs = new Map();
// What does not compress; the same at each run.
function noise(size) {
  const out = Buffer.alloc(size + 4);
  for (let at = 0, x = 0x9e3779b9; at < size; at += 4) {
    x ^= x << 13; x ^= x >>> 17; x ^= x << 5;
    out.writeInt32LE(x | 0, at);
  }
  return out.subarray(0, size);
}

// A picture of the size in pixels and of about so many bytes: the left of each row is noise.
export function pngOfBytes(width, height, bytes) {
  const name = `${width}x${height}*${bytes}`;
  if (!pngs.has(name)) {
    const rows = Buffer.alloc(height * (1 + width * 3));
    const each = Math.min(width * 3, Math.floor(bytes / height));
    const random = noise(each * height);
    for (let y = 0; y < height; y++) random.copy(rows, y * (1 + width * 3) + 1, y * each, (y + 1) * each);
    pngs.set(name, pngFile(width, height, rows));
  }
  return pngs.get(name);
}

const encoded = new WeakMap();
function base64Of(bytes) {
  if (!encoded.has(bytes)) encoded.set(bytes, bytes.toString('base64'));
  return encoded.get(bytes);
}

function pngFile(width, height, rows) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(rows, { level: 1 })), chunk('IEND', Buffer.alloc(0))]);
}

// A real picture of the size: one colour, taken from the words.
export function png(width, height, words = '') {
  const hue = [...words].reduce((a, c) => (a * 31 + c.charCodeAt(0)) >>> 0, 7);
  const name = `${width}x${height}#${hue}`;
  if (!pngs.has(name)) {
    const row = Buffer.alloc(1 + width * 3);
    for (let x = 0; x < width; x++) row.set([hue & 255, (hue >> 8) & 255, (hue >> 16) & 255], 1 + x * 3);
    const rows = Buffer.concat(Array(height).fill(row));
    if (pngs.size > 64) pngs.clear();
    pngs.set(name, pngFile(width, height, rows));
  }
  return pngs.get(name);
}

// One that says where everything is, and whose pixels are none.
export const hollow = Buffer.concat([png(1024, 1024).subarray(0, 33), chunk('IDAT', Buffer.from('these are no pixels')), chunk('IEND', Buffer.alloc(0))]);

// ---- a certificate authority of our own, and a certificate for localhost ----

export function makeCertificates(folder, names = ['localhost']) {
  const at = (name) => join(folder, name);
  const openssl = (...words) => execFileSync('openssl', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650', '-subj', '/CN=Lethe test authority',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-keyout', at('ca.key'), '-out', at('ca.pem'));
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650', '-subj', '/CN=localhost',
    '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-addext', 'basicConstraints=critical,CA:FALSE',
    '-addext', `subjectAltName=${names.map((n) => `DNS:${n}`).join(',')},IP:127.0.0.1`, '-keyout', at('server.key'), '-out', at('server.pem'));
  return { ca: at('ca.pem'), key: readFileSync(at('server.key')), cert: readFileSync(at('server.pem')) };
}

// ---- answers ----

export const json = (status, value, headers = {}) => ({ status, headers: { 'content-type': 'application/json', ...headers }, body: Buffer.from(JSON.stringify(value)) });
const failure = (status, code, message, more = {}, headers = {}) => json(status, { error: { code, message, type: null, param: null, ...more } }, headers);

const chatFilter = () => failure(400, 'content_filter',
  "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", {
    param: 'prompt', status: 400,
    innererror: {
      code: 'ResponsibleAIPolicyViolation',
      content_filter_result: {
        hate: { filtered: true, severity: 'high' }, jailbreak: { filtered: false, detected: false }, self_harm: { filtered: false, severity: 'safe' },
        sexual: { filtered: false, severity: 'safe' }, violence: { filtered: false, severity: 'safe' },
      },
    },
  });
const imageFilter = () => json(400, { created: 1698435368, error: { code: 'contentFilter', message: 'Your task failed as a result of our safety system.' } });
const moderation = () => failure(400, 'moderation_blocked', 'Your request was rejected by the safety system.', {
  type: 'image_generation_user_error', moderation_details: { moderation_stage: 'input', categories: ['harassment'] },
});
export const failures = {
  400: () => failure(400, 'invalid_request_error', 'Unknown parameter.'),
  401: () => failure(401, '401', 'Access denied due to invalid subscription key or wrong API endpoint.'),
  403: () => failure(403, '403', 'Access denied due to Virtual Network/Firewall rules.'),
  404: () => failure(404, 'DeploymentNotFound', 'The API deployment for this resource does not exist.'),
  429: (ms) => failure(429, '429', 'Requests have exceeded the call rate limit.', {}, { 'retry-after-ms': String(ms || 50), 'retry-after': '1', 'x-ratelimit-remaining-requests': '0' }),
  500: () => failure(500, 'InternalServerError', 'The server had an error while processing your request.'),
  503: () => failure(503, 'ServiceUnavailable', 'The service is temporarily unable to process your request.'),
};
const safe = { hate: { filtered: false, severity: 'safe' }, self_harm: { filtered: false, severity: 'safe' }, sexual: { filtered: false, severity: 'safe' }, violence: { filtered: false, severity: 'safe' } };

function completion(model, content, finish = 'stop', refusal = null) {
  return json(200, {
    id: 'chatcmpl-test', object: 'chat.completion', created: 1795000000, model,
    prompt_filter_results: [{ prompt_index: 0, content_filter_results: { ...safe, jailbreak: { filtered: false, detected: false } } }],
    choices: [{ index: 0, message: { role: 'assistant', content, refusal }, logprobs: null, finish_reason: finish, content_filter_results: safe }],
    usage: { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20, prompt_tokens_details: { cached_tokens: 0 }, completion_tokens_details: { reasoning_tokens: 0 } },
  });
}

// As the service: what it does not know is an error, so that a request with a wrong field shows in the tests.
const chatFields = ['model', 'messages', 'response_format', 'store', 'max_completion_tokens', 'temperature', 'stream', 'n'];
const imageFields = ['model', 'prompt', 'n', 'size', 'quality', 'output_format', 'output_compression', 'background'];
const unknown = (body, known) => Object.keys(body).find((name) => !known.includes(name));
const bad = (param, message) => failure(400, 'invalid_request_error', message, { param, type: 'invalid_request_error' });

function chat(body, scenario) {
  const field = unknown(body, chatFields);
  if (field) return bad(field, `Unknown parameter: '${field}'.`);
  if (!Array.isArray(body.messages) || !body.messages.every((m) => ['system', 'user', 'assistant', 'developer'].includes(m.role))) return bad('messages', 'Invalid messages.');
  if (scenario === 'filter-output') return completion(body.model, '', 'content_filter');
  if (scenario === 'refusal') return completion(body.model, null, 'stop', "I'm sorry, I can't help with that.");
  if (scenario === 'not-json') return completion(body.model, 'Here are your prompts: a shop, a street');
  if (body.response_format?.type !== 'json_schema') return completion(body.model, 'Hello.');
  const text = body.messages.map((m) => (typeof m.content === 'string' ? m.content : '')).join('\n');
  const count = scenario === 'few' ? 1 : scenario === 'empty' ? 0 : Number(text.match(/exactly (\d+) prompts/)?.[1] || 1);
  const prompts = Array.from({ length: count }, (_, i) => `Prompt ${i + 1}: a bright photograph of the business, view ${i + 1}.`);
  return completion(body.model, JSON.stringify({ prompts }));
}

function image(body, scenario, bytes) {
  const field = unknown(body, imageFields);
  const size = /^(\d+)x(\d+)$/.exec(body.size || '1024x1024');
  if (field) return bad(field, `Unknown parameter: '${field}'.`);
  if (typeof body.prompt !== 'string' || !body.prompt) return bad('prompt', 'Missing prompt.');
  if (!size || Number(size[1]) % 16 || Number(size[2]) % 16) return bad('size', 'Invalid size.');
  if (!['low', 'medium', 'high', 'auto', undefined].includes(body.quality)) return bad('quality', 'Invalid quality.');
  if (!['png', 'jpeg', undefined].includes(body.output_format)) return bad('output_format', 'Invalid output format.');
  if (scenario === 'empty') return json(200, { created: 1795000000, data: [] });
  if (scenario === 'not-image') return json(200, { created: 1795000000, data: [{ b64_json: Buffer.from('<svg/>').toString('base64') }] });
  const [width, height] = [Number(size[1]), Number(size[2])];
  const picture = (words) => base64Of(scenario === 'hollow' ? hollow : bytes ? pngOfBytes(width, height, bytes) : png(width, height, words));
  const data = Array.from({ length: body.n || 1 }, (_, i) => ({ b64_json: picture(`${body.prompt}${i}`) }));
  return json(200, { created: 1795000000, data, size: body.size, quality: body.quality || 'high', output_format: body.output_format || 'png' });
}

const sleep = (ms) => new Promise((r) => { setTimeout(r, ms).unref(); });

// What the service says in this scenario: {status, headers, body}.
export function answer(what, body, scenario, argument, bytes) {
  if (scenario === 'filter') return what === 'chat' ? chatFilter() : imageFilter();
  if (scenario === 'moderation') return moderation();
  if (failures[scenario]) return failures[scenario](argument);
  if (scenario === 'garbage') return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from('\u0000\u0001{{{<html>') };
  if (scenario === 'huge') return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.alloc(Number(argument), 'a') };
  const good = what === 'chat' ? chat(body, scenario) : image(body, scenario, bytes);
  if (scenario === 'truncated') good.body = good.body.subarray(0, good.body.length / 2);
  return good;
}

// ---- the server ----

const routes = [
  [/^\/openai\/v1\/chat\/completions$/, 'chat'], [/^\/openai\/v1\/images\/generations$/, 'image'],
  [/^\/openai\/deployments\/([^/]+)\/chat\/completions$/, 'chat'], [/^\/openai\/deployments\/([^/]+)\/images\/generations$/, 'image'],
];

export async function readAll(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

export function breakConnection(response) {
  response.answered = true;
  if (response.stream?.session) response.stream.session.destroy();
  else response.socket?.destroy();
}

// Sends what is to be said, as badly as the scenario wants it.
export function send(response, { status, headers, body }, scenario = '', argument = '') {
  if (response.destroyed || response.writableEnded) return;
  response.answered = !['drip', 'stall', 'endless'].includes(scenario); // a stream that is reset also counts as finished in node:http2
  response.writeHead(status, { ...headers, ...(scenario === 'endless' ? {} : { 'content-length': String(body.length) }) });
  const much = Buffer.alloc(256 * 1024, 'a');
  const gone = () => response.destroyed || response.stream?.destroyed;
  const pour = (left) => { // until nobody takes it
    if (left <= 0) response.end();
    else if (!gone()) response.write(left < much.length ? much.subarray(0, left) : much, (error) => { if (!error) pour(left - much.length); });
  };
  const drip = (at) => {
    if (gone()) return;
    if (at < body.length) response.write(body.subarray(at, at + 1), () => { setTimeout(() => drip(at + 1), Number(argument)).unref(); });
    else response.end();
  };
  if (scenario === 'cut') response.write(body.subarray(0, argument === '' ? body.length / 2 : Number(argument)), () => breakConnection(response));
  else if (scenario === 'pause') {
    const last = Math.max(body.lastIndexOf('event: '), 0);
    response.write(body.subarray(0, last));
    setTimeout(() => { if (!gone()) response.end(body.subarray(last)); }, Number(argument)).unref();
  } else if (scenario === 'stall') response.write(body.subarray(0, Number(argument)));
  else if (scenario === 'drip') drip(0);
  else if (scenario === 'flood') response.write(body, () => pour(Number(argument)));
  else if (scenario === 'endless') pour(Infinity);
  else response.end(body);
}

export async function startAzure({ tls = false, key = 'test-key', deployments = [], region = 'Sweden Central', keepBodies = true, pictureBytes = 0 } = {}) {
  const folder = tls ? mkdtempSync(join(tmpdir(), 'lethe-azure-')) : null;
  const certificates = tls ? makeCertificates(folder) : null;
  const azure = { pictureBytes, requests: [], always: null, inFlight: 0, mostInFlight: 0, cancelled: 0, connections: 0, key, ca: certificates?.ca };
  const queue = [];
  const open = new Set();
  azure.open = () => open.size; // connections now
  azure.next = (...scenarios) => queue.push(...scenarios);
  let released;
  azure.hold = () => { azure.always = 'held'; released = new Promise((resolve) => { azure.release = resolve; }); };
  azure.reset = () => { azure.release?.(); queue.length = 0; azure.always = null; azure.requests.length = 0; azure.cancelled = 0; azure.mostInFlight = 0; };

  function scenarioFor(model) {
    const text = queue.shift() || azure.always || /--([a-z0-9:.-]+)$/i.exec(model || '')?.[1] || 'ok';
    const colon = text.indexOf(':');
    return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  }

  function control(path, body, response) {
    if (path === '/control/requests') return send(response, json(200, azure.requests.map((r) => ({ ...r, body: r.body?.toString('utf8') }))));
    const wanted = body.length ? JSON.parse(body) : {};
    if (wanted.reset) azure.reset();
    if (wanted.next) azure.next(...wanted.next);
    if ('always' in wanted) azure.always = wanted.always;
    if ('pictureBytes' in wanted) azure.pictureBytes = wanted.pictureBytes;
    return send(response, json(200, { inFlight: azure.inFlight, mostInFlight: azure.mostInFlight, cancelled: azure.cancelled, requests: azure.requests.length, connections: azure.connections }));
  }

  async function serve(what, deployment, request, response, bytes) {
    let body = {};
    try { body = JSON.parse(bytes); } catch { return send(response, failure(400, 'invalid_request_error', 'Invalid JSON.')); }
    const model = deployment || body.model;
    const [scenario, argument] = scenarioFor(model);
    const common = scenario === 'no-region' ? {} : { 'x-ms-region': scenario === 'region' ? argument : region };
    const headers = { ...common, 'x-request-id': `test-${azure.requests.length}`, 'x-ratelimit-remaining-requests': '9' };
    const name = String(model || '').replace(/--.*$/, '');
    if (request.headers['api-key'] !== key && request.headers.authorization !== `Bearer ${key}`) return send(response, failures[401]());
    if (deployments.length && !deployments.includes(name)) return send(response, failures[404]());
    if (scenario === 'hang') return undefined;
    if (scenario === 'disconnect') return breakConnection(response);
    if (scenario === 'slow') await sleep(Number(argument));
    if (scenario === 'held') await released;
    const good = answer(what, body, scenario, argument, azure.pictureBytes);
    good.headers = { ...headers, ...good.headers };
    return send(response, good, scenario, argument);
  }

  async function handle(request, response) {
    const path = request.url.split('?')[0];
    const bytes = await readAll(request).catch(() => null);
    if (!bytes) return undefined; // the client left while it was sending
    if (path.startsWith('/control')) return control(path, bytes, response);
    azure.requests.push({ method: request.method, url: request.url, headers: { ...request.headers }, version: request.httpVersion, body: keepBodies ? bytes : null });
    azure.mostInFlight = Math.max(azure.mostInFlight, ++azure.inFlight);
    response.once('close', () => { azure.inFlight--; if (!response.answered) azure.cancelled++; });
    for (const [pattern, what] of routes) {
      const match = pattern.exec(path);
      if (match && request.method === 'POST') return serve(what, match[1], request, response, bytes);
    }
    return send(response, failure(404, '404', 'Resource not found'));
  }

  const listener = (request, response) => { response.on('error', () => {}); handle(request, response).catch((error) => { console.error('azure simulator:', error.message); breakConnection(response); }); };
  const server = tls ? createSecureServer({ ...certificates, allowHTTP1: true, maxSessionMemory: 10000, settings: { maxConcurrentStreams: 250 } }, listener) : createHttp({ keepAliveTimeout: 60000 }, listener);
  server.on(tls ? 'secureConnection' : 'connection', (socket) => { azure.connections++; open.add(socket); socket.on('error', () => {}); socket.once('close', () => open.delete(socket)); });
  server.on('sessionError', () => {});
  server.on('clientError', () => {});
  await new Promise((resolve) => { server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve); });
  azure.port = server.address().port;
  azure.url = `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${azure.port}`;
  // What a site needs to use it.
  azure.env = { AZURE_OPENAI_ENDPOINT: azure.url, AZURE_OPENAI_API_KEY: key, ...(tls ? { LETHE_CA_FILE: certificates.ca } : {}) };
  azure.close = () => new Promise((resolve) => {
    for (const socket of open) socket.destroy();
    const closed = () => { if (folder) rmSync(folder, { recursive: true, force: true }); resolve(); };
    server.close(closed);
    setTimeout(closed, 2000).unref(); // node never learns of some connections that broke under a write
  });
  return azure;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const words = process.argv.slice(2);
  if (words.includes('--help')) {
    console.log('usage: node tests/peers/azure.mjs [--tls] [--forget] [--picture-bytes N]\nPrints one JSON line {"port","url","ca"} and serves until it is ended. --forget keeps no bodies.');
    process.exit(0);
  }
  const azure = await startAzure({ tls: words.includes('--tls'), keepBodies: !words.includes('--forget'), pictureBytes: words.includes('--picture-bytes') ? Number(words[words.indexOf('--picture-bytes') + 1]) : 0 });
  console.log(JSON.stringify({ port: azure.port, url: azure.url, ca: azure.ca || null }));
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => azure.close().then(() => process.exit(0)));
}
