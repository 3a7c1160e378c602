// SPDX-License-Identifier: ISC
// What the notice says that a site does not do: no account, no name, nothing to pay, no cookies, nobody else, nothing that leads from one visit to another.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate, root, sleep, startSite } from './harness.mjs';

let site;
before(async () => { site = await startSite(); });
after(async () => { await site?.stop(); });

const form = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' };
const send = (path, fields, headers = {}) => fetch(site.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(fields) });
const typed = (path, fields) => fetch(site.url + path, { method: 'POST', headers: form, body: new URLSearchParams(fields) });
const published = () => readdirSync(join(site.state, 'publish/html'), { recursive: true }).map((name) => `/${name.replaceAll('\\', '/')}`);
// Each page, those of the programs among them: [where it is, its text].
async function pages() {
  const all = published().filter((name) => name.endsWith('.html')).map((name) => [name, readFileSync(join(site.state, 'publish/html', name), 'utf8')]);
  for (const path of ['/privacy/live', '/privacy/versions', '/nothing']) all.push([path, await (await fetch(site.url + path, { headers: { accept: 'text/html' } })).text()]);
  for (const right of ['restriction', 'complaint']) all.push([`the plan of a ${right}`, await (await typed('/api/rights/plan', { right, message: 'x' })).text()]);
  all.push(['one\'s own request', await (await typed('/api/rights', { right: 'restriction', message: 'x' })).text()]);
  all.push(['a fault', await (await typed('/api/rights/plan', { right: 'restriction', receipt: 'x' })).text()]);
  assert.ok(all.length > 12 && all.every(([, text]) => text.includes('</html>')), all.map(([name]) => name).join());
  return all;
}
const addresses = () => [...readFileSync(join(root, 'nginx/snippets/routes.conf'), 'utf8').matchAll(/^location (?:= |\^~ )?(\/[\w./-]*) /gm)].map(([, path]) => path);

test('nothing asks who a visitor is: no address wants a login or sets a cookie, whatever is sent', async () => {
  const asked = [...new Set([...addresses(), ...published().map((name) => name.replace(/\.html$/, ''))])];
  assert.ok(asked.length > 60, String(asked.length));
  for (const path of asked)
    for (const [method, headers] of [['GET', {}], ['GET', { cookie: 'id=1; session=2', authorization: 'Basic eDp4' }], ['POST', form], ['DELETE', {}]]) {
      const answer = await fetch(site.url + path, { method, headers, redirect: 'manual' });
      await answer.arrayBuffer();
      assert.ok(answer.status !== 401 && answer.status !== 407, `${method} ${path}: ${answer.status}`);
      assert.equal(answer.headers.get('www-authenticate'), null, `${method} ${path}`);
      assert.equal(answer.headers.get('set-cookie'), null, `${method} ${path}`);
    }
});

// Where an answer may go is asked of who makes a request, and need not be told.
const fields = ['description', 'url', 'style', 'count', 'size', 'provider', 'source', 'example', 'confirmed', 'language', 'receipt', 'archive', 'connection', 'right', 'key', 'message', 'contact', 'id', 'secret', 'text'];
test('forms ask for no name, no address, no password and no money', async () => {
  const seen = new Set();
  for (const [where, text] of await pages()) {
    for (const [tag, attributes] of [...text.matchAll(/<(?:input|textarea|select)\b([^>]*)>/g)]) {
      const name = attributes.match(/ name="([^"]*)"/)?.[1], type = attributes.match(/ type="([^"]*)"/)?.[1];
      assert.ok(!['password', 'email', 'tel'].includes(type), `${where}: ${tag}`);
      assert.doesNotMatch(attributes, /autocomplete="(?!off|email|one-time-code)/, `${where}: ${tag}`);
      if (name === undefined) continue;
      assert.ok(fields.includes(name), `${where}: ${tag}`);
      if (name === 'contact') assert.doesNotMatch(attributes, / required/, where);
      seen.add(name);
    }
  }
  assert.ok(['description', 'contact', 'secret', 'key'].every((name) => seen.has(name)), [...seen].join());
  for (const path of ['/api/generate', '/api/rights', '/api/erase', '/api/export'])
    for (const name of ['name', 'mail', 'phone', 'account', 'password', 'card']) {
      let answer;
      while ((answer = await send(path, { [name]: 'x' })).status === 429) await sleep(1000);
      assert.equal(answer.status, 400, `${path} ${name}`);
      assert.match(await answer.text(), new RegExp(`"${name}"`));
    }
});

test('a page loads from this site, sends to this site, and has nothing in it that counts or tracks', async () => {
  for (const [where, text] of await pages()) {
    for (const [tag, , address] of text.matchAll(/<(?:script|img|link|iframe|source|video|audio|object|embed|form|use)\b[^>]*? (src|href|action|data|srcset)="([^"]*)"[^>]*>/g))
      if (!/^<link rel="(?:canonical|alternate)"/.test(tag)) assert.match(address, /^(?:\/(?!\/)|#|data:)/, `${where}: ${tag}`);
    assert.doesNotMatch(text, /<a\b[^>]* ping=|<meta[^>]*http-equiv="(?!Content-Security-Policy")/i, where);
  }
  for (const path of ['/', '/rights', '/privacy', '/privacy/live', '/verify', '/nothing', '/assets/app.js', '/healthz']) {
    const { headers } = await fetch(site.url + path);
    for (const name of ['report-to', 'reporting-endpoints', 'nel', 'content-security-policy-report-only', 'accept-ch', 'attribution-reporting-register-source', 'link'])
      assert.equal(headers.get(name), null, `${path} ${name}`);
    for (const [directive] of (headers.get('content-security-policy') ?? assert.fail(path)).matchAll(/[\w-]+ [^;,]*/g)) assert.doesNotMatch(directive, /\*|https?:|report/, `${path}: ${directive}`);
  }
  for (const name of readdirSync(join(root, 'nginx/html/assets')).filter((one) => one.endsWith('.js'))) {
    const script = readFileSync(join(root, 'nginx/html/assets', name), 'utf8');
    assert.doesNotMatch(script, /sendBeacon|new Image\b|WebSocket|document\.cookie|indexedDB|serviceWorker/, name);
    for (const [address] of script.matchAll(/(?:https?:)?\/\/(?=\w+\.)[\w.-]+/g)) assert.match(address, /\/\/(?:www\.w3\.org|(?:cv\.)?iptc\.org|ns\.adobe\.com)$/, `${name}: ${address}`);
  }
});

test('nothing leads from one visit to another: what is sent to one browser is sent to each, and a receipt opens its own set alone', async () => {
  const visitor = { 'user-agent': 'One and the same', 'accept-language': 'en' };
  const made = [];
  for (const description of ['A mill by the river', 'A mill by the lake']) made.push((await generate(site, { description, count: 1 }, visitor)).body);
  const [first, second] = made;
  for (const name of ['receipt', 'archive']) assert.notDeepEqual(first[name], second[name]);
  // What a browser keeps of an answer and sends back later tells browsers apart only where it differs between them.
  for (const path of ['/', '/rights', '/privacy', '/privacy/live', '/verify', '/subprocessors', '/assets/app.js', '/assets/rights.js', '/api/processors', '/api/rights', '/healthz']) {
    const kept = [];
    for (const headers of [visitor, { 'user-agent': 'Another', 'accept-language': 'en', 'x-forwarded-for': '203.0.113.9' }]) {
      const answer = await fetch(site.url + path, { headers });
      kept.push([answer.status, answer.headers.get('etag'), answer.headers.get('last-modified'), answer.headers.get('location'), path === '/privacy/live' ? '' : await answer.text()]);
    }
    assert.deepEqual(kept[1], kept[0], path);
  }
  // All that is here under the first receipt, as its owner gets it.
  const zip = Buffer.from(await (await send('/api/export', { receipt: first.receipt }, visitor)).arrayBuffer()), file = join(site.base, 'first.zip');
  writeFileSync(file, zip);
  const copy = spawnSync('bsdtar', ['-xOf', file, 'export.json'], { encoding: 'utf8' });
  assert.equal(copy.status, 0, copy.stderr);
  const { stores, records } = JSON.parse(copy.stdout);
  assert.deepEqual(records.map(({ kind }) => kind), ['archive']);
  assert.deepEqual(stores.filter(({ store, found }) => found > 0 && store !== 'files').map(({ store, found }) => [store, found]), [['archive', 1], ['request-log', 1]], 'and the row of its own visit');
  assert.ok(!copy.stdout.includes(second.archive.url.match(/[\w-]{43}/)[0]));
  // And erasing it leaves the second as it was.
  assert.equal((await send('/api/erase', { receipt: first.receipt })).status, 200);
  assert.equal((await fetch(site.url + first.archive.url)).status, 404);
  assert.equal((await fetch(site.url + second.archive.url)).status, 200);
});
