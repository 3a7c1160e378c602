// SPDX-License-Identifier: ISC
// The document of the interface: linted, and of the same addresses and methods as the tables of routes; and what the image API answers is what it says.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import Ajv from 'ajv/dist/2020.js';
import { root, startSite } from './harness.mjs';

const text = readFileSync(join(root, 'nginx/html/assets/openapi.json'), 'utf8');
const document = JSON.parse(text);

test('a linter finds nothing', async () => {
  const config = await createConfig({ extends: ['recommended-strict'], rules: { 'no-server-example.com': 'off' } });
  const problems = await lintFromString({ source: text, absoluteRef: 'openapi.json', config });
  assert.deepEqual(problems.map((p) => `${p.location[0]?.pointer}: ${p.ruleId}: ${p.message}`), []);
});

test('it has every route of the programs, and no other', () => {
  const within = ['/live/*', '/sealed/*']; // of the programs among themselves
  const routes = [];
  for (const file of ['fcgi/generate/main.c', 'fcgi/download/download.c', 'fcgi/rights/rights_program.c']) {
    const table = /const struct route \w*routes\[\] = \{([^]*?)\n\};/.exec(readFileSync(join(root, file), 'utf8'))[1];
    for (const row of table.replace(/\/\/.*$/gm, '').split(/\},?\s*\n\s*\{|^\s*\{/m)) {
      const path = /\.path = "([^"]+)"/.exec(row)?.[1];
      const method = /TAKES\(/.test(row) ? 'POST' : /\.method = "(\w+)"/.exec(row)?.[1];
      if (path && !within.includes(path)) routes.push(`${method} ${path}`);
    }
  }
  const documented = Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((m) => `${m.toUpperCase()} ${path.replace(/\{\w+\}/, '*')}`));
  assert.ok(routes.length > 40);
  assert.deepEqual(documented.sort(), routes.sort());
});

test('the image API has its headers and the code of what no vendor takes', () => {
  for (const path of ['/v1/images/generations', '/v1/images/edits']) {
    const { parameters, responses } = document.paths[path].post;
    assert.deepEqual(parameters.map(({ name }) => name), ['Idempotency-Key', 'api-version']);
    for (const header of ['X-Request-Id', ...['Images', 'Requests'].flatMap((unit) => ['Limit', 'Remaining', 'Reset'].map((what) => `X-RateLimit-${what}-${unit}`))]) for (const code of ['200', '4XX', '5XX']) assert.ok(responses[code].headers[header], `${path} ${code} ${header}`);
    for (const header of ['X-Should-Retry', 'Retry-After']) assert.ok(responses['4XX'].headers[header]);
  }
  const code = /\{"no-edits", "(\w+)"/.exec(readFileSync(join(root, 'policy/publish/api_error.c'), 'utf8'))[1];
  assert.match(document.paths['/v1/images/edits'].post.description, new RegExp(`error ${code}\\.`));
});

test('a program that is to stop has time for the longest request', () => {
  const longest = Math.max(...[...readFileSync(join(root, 'fcgi/generate/main.c'), 'utf8').matchAll(/\.deadline_ms = (\d+) \* 1000/g)].map(([, s]) => Number(s)));
  assert.ok(longest >= 110);
  for (const unit of ['program.service.in', 'nginx-lethe.service']) assert.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(readFileSync(join(root, 'systemd', unit), 'utf8'))[1]) > longest, unit);
});

test('it is served, and answers of the image API are what it says', async () => {
  const site = await startSite();
  try {
    const served = await fetch(`${site.url}/api/openapi.json`);
    assert.equal(served.headers.get('content-type'), 'application/json');
    assert.deepEqual(await served.json(), document);
    const ajv = new Ajv({ strict: false, validateFormats: false });
    ajv.addSchema(document, 'openapi');
    const fits = (name, value) => { const check = ajv.getSchema(`openapi#/components/schemas/${name}`); assert.ok(check(value), JSON.stringify(check.errors)); };
    const prompt = 'A pottery studio by the sea';
    const post = (body) => fetch(`${site.url}/v1/images/generations`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    for (const response_format of ['b64_json', 'url']) {
      fits('ImageRequest', { prompt, response_format });
      fits('Pictures', await (await post({ prompt, response_format })).json());
    }
    // A stream has base64 whatever is wished, and wishes are taken.
    const stream = await (await post({ prompt, stream: true, response_format: 'url', quality: 'high', style: 'vivid', partial_images: 2, moderation: 'low' })).text();
    assert.match(stream, /"b64_json":"/);
    assert.doesNotMatch(stream, /partial_image|"url":"http/);
    const { error } = await (await fetch(`${site.url}/v1/images/edits`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: Buffer.alloc(13 * 1024 * 1024) })).json();
    assert.equal(error.code, 'body_too_large');
    for (const [language, pictures] of [['en', 'pictures'], ['de', 'Bilder'], ['zh', '图片']]) {
      const words = readFileSync(join(root, `policy/publish/words/${language}.txt`), 'utf8'), said = (key) => words.split('\n').find((line) => line.startsWith(`${key} = `));
      assert.ok(said('problem.body-too-large.any').includes(pictures), language);
      if (language === 'en') assert.ok(said('problem.body-too-large.any').endsWith(error.message));
      for (const wish of ['quality', 'style', 'partial_images', 'input_fidelity', 'moderation', 'response_format']) assert.ok(said('page.api.know.stream').includes(wish), `${language}: ${wish}`);
    }
    for (const model of (await (await fetch(`${site.url}/v1/models`)).json()).data) fits('Model', model);
    fits('Error', await (await post({})).json());
    fits('Problem', await (await fetch(`${site.url}/api/generate`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).json());
    // What the document knows of a request is what the program takes.
    for (const [name, { enum: choices, minimum, maximum }] of Object.entries(document.components.schemas.ImageRequest.properties)) {
      const error = (await (await post({ [name]: {} })).json()).error;
      assert.notEqual(error.code, 'unknown_parameter', name);
      if (choices) { const { message } = (await (await post({ prompt, [name]: 'none-of-them' })).json()).error; for (const one of choices) assert.ok(message.includes(one), `${name}: ${one}`); }
      if (maximum !== undefined) for (const wrong of [minimum - 1, maximum + 1]) assert.equal((await (await post({ prompt, [name]: wrong })).json()).error.param, name);
    }
  } finally { await site.stop(); }
});

test('the page shows calls that work as they stand', async () => {
  const site = await startSite();
  const folder = mkdtempSync(join(tmpdir(), 'lethe-api-page-'));
  try {
    const page = await (await fetch(`${site.url}/api`)).text();
    assert.match(await (await fetch(`${site.url}/`)).text(), /<footer[^]*<a href="\/api">/);
    const blocks = [...page.matchAll(/<pre[^>]*><code>([^]*?)<\/code>/g)].map(([, text]) => text.replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&').replaceAll('https://bizimages.example', site.url));
    assert.equal(blocks.length, 3);
    const run = (program, words) => new Promise((resolve, reject) => execFile(program, words, { cwd: folder, env: { ...process.env, KEY: 'none' } }, (error, stdout) => (error ? reject(error) : resolve(stdout))));
    const made = JSON.parse(await run('sh', ['-c', blocks[0]]));
    assert.ok(made.data[0].url.startsWith(site.url));
    symlinkSync(join(root, 'tests/node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'example.mjs'), blocks[2]);
    await run(process.execPath, ['example.mjs']);
    assert.equal(readFileSync(join(folder, 'picture.png')).subarray(1, 4).toString(), 'PNG');
    // Python's client is not here: its call is that of JavaScript, and the rest is Python.
    writeFileSync(join(folder, 'example.py'), blocks[1]);
    await run('python3', ['-m', 'py_compile', 'example.py']);
  } finally { await site.stop(); rmSync(folder, { recursive: true, force: true }); }
});
