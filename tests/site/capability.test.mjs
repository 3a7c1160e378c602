// SPDX-License-Identifier: ISC
// Addresses and secrets that are all that opens something: a wrong one, one that is over and one of somebody else get the same answer, byte by byte; and
// whoever only looks (a scanner of mails, a browser that fetches ahead) changes nothing.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate, rawRequest, root, startSite } from './harness.mjs';

let site;
before(async () => { site = await startSite(); });
after(async () => { await site?.stop(); });

const made = async () => (await generate(site, { description: 'A florist with a greenhouse full of ferns.', count: 1 })).body;
const send = (path, fields, method = 'POST') => fetch(site.url + path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(fields) });
// The whole answer but for what is the time.
async function asked(method, path, headers = '') {
  const answer = await rawRequest(site.port, `${method} ${path} HTTP/1.1\r\nHost: localhost:${site.port}\r\nConnection: close\r\n${headers}\r\n`);
  return answer.replace(/^Date: .*\r\n/m, '');
}

test('a wrong address, one that was deleted and one that was erased: the same answer, byte by byte', async () => {
  const [deleted, erased, alive] = [await made(), await made(), await made()];
  assert.equal((await fetch(site.url + deleted.archive.url, { method: 'DELETE' })).status, 204);
  assert.equal((await send('/api/erase', { receipt: erased.receipt })).status, 200);
  const wrong = alive.archive.url.replace(/[\w-]{43}/, 'A'.repeat(43)), near = alive.archive.url.replace(/(?<=[\w-]{41})[\w-]{2}(?=\.zip)/, 'AA');
  assert.ok(wrong !== alive.archive.url && near !== alive.archive.url && near.length === alive.archive.url.length);
  for (const method of ['GET', 'HEAD', 'DELETE']) {
    const answers = [];
    for (const url of [wrong, near, deleted.archive.url, erased.archive.url]) answers.push(await asked(method, url));
    assert.match(answers[0], /^HTTP\/1\.1 404/, method);
    assert.equal(new Set(answers).size, 1, answers.join('\n---\n'));
    assert.match(answers[0], /^X-Robots-Tag: noindex/mi, method);
    assert.match(answers[0], /^Referrer-Policy: (no-referrer|same-origin)\r$/mi, method);
    assert.match(answers[0], /^Cache-Control: .*no-store/mi, method);
  }
  assert.match(await asked('HEAD', alive.archive.url), /^HTTP\/1\.1 200/);
});

test('a wrong secret, another person\'s, none and an unknown request: the same answer, byte by byte', async () => {
  const add = async () => (await send('/api/rights', { right: 'access', contact: 'someone@example.org' })).json();
  const a = await add(), b = await add();
  const bearer = (secret) => `Authorization: Bearer ${secret}\r\nAccept: application/json\r\n`;
  const answers = [];
  for (const [id, secret] of [[a.id, 'A'.repeat(43)], [a.id, b.secret], [b.id, a.secret], ['0'.repeat(32), a.secret], ['0'.repeat(32), 'A'.repeat(43)], [a.id, `${a.secret.slice(0, 41)}AA`]])
    answers.push((await asked('GET', `/api/rights/${id}`, bearer(secret))).replaceAll(id, 'ID'));
  assert.match(answers[0], /^HTTP\/1\.1 404/);
  assert.equal(new Set(answers).size, 1, answers.join('\n---\n'));
  assert.match(await asked('GET', `/api/rights/${a.id}`, bearer(a.secret)), /^HTTP\/1\.1 200/);
});

test('whoever fetches every address that was given changes nothing', async () => {
  const set = await made();
  const request = await (await send('/api/rights', { right: 'access', contact: 'someone@example.org' })).json();
  const addresses = [...new Set(JSON.stringify([set, request]).match(/\/[a-z]+\/[\w/.-]*[\w-]{32,43}[\w/.-]*/g))].filter((a) => !a.includes('//'));
  assert.ok(addresses.length >= 2, addresses.join());
  addresses.push(`/api/rights/${request.id}`);
  const look = async () => JSON.stringify([
    JSON.parse(site.officer(['audit', 'show', '--format', 'json']).stdout).length,
    JSON.parse(site.officer(['requests', 'list', '--format', 'json']).stdout).map(({ id, state, events }) => [id, state, events]),
    (await (await fetch(`${site.url}/privacy/live.json`)).json()).kinds.filter((k) => (k.name ?? k.kind) !== 'request-log').map((k) => [k.name ?? k.kind, k.count]),
    await (await fetch(`${site.url}/api/rights/${request.id}`, { headers: { authorization: `Bearer ${request.secret}` } })).text(),
  ]);
  const before = await look();
  for (const address of addresses)
    for (const method of ['GET', 'HEAD', 'OPTIONS'])
      await fetch(site.url + address, { method, redirect: 'manual', headers: { 'user-agent': 'Mail-Scanner/1.0', purpose: 'prefetch', 'sec-purpose': 'prefetch' } }).then((r) => r.arrayBuffer());
  assert.equal(await look(), before);
  assert.equal((await fetch(site.url + set.archive.url)).status, 200);
});

// Each address to which something may be sent, as nginx has them; and what it needs of whoever sends is asked before anything is looked up.
test('every address that changes something refuses what another site\'s page sends', async () => {
  const routes = [...readFileSync(join(root, 'nginx/snippets/routes.conf'), 'utf8').matchAll(/^location (?:= |\^~ )?(\/(?:api|downloads|pictures|v1|opendsr)[\w/.-]*) /gm)].map((m) => m[1]);
  assert.ok(routes.length > 12, routes.join());
  const tried = [];
  for (const route of routes) {
    const path = route.endsWith('/') ? `${route}${'0'.repeat(32)}` : route;
    for (const method of ['POST', 'DELETE', 'PUT']) {
      const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
      const { status } = await fetch(site.url + path, { method, headers, body: '{}' });
      tried.push(`${method} ${path} ${status}`);
      if (![403, 404, 405].includes(status)) assert.fail(`${method} ${path}: ${status}`);
    }
  }
  assert.ok(tried.filter((t) => t.endsWith(' 403')).length >= 6, tried.join('\n'));
});
