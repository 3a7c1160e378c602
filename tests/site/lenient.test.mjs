// SPDX-License-Identifier: ISC
// What visitors, browsers and other servers send a little wrong is understood on the whole site, and what cannot be read is said truly.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { generate, rawRequest, startPages, startSite } from './harness.mjs';

const answers = {
  '/good': [200, { 'content-type': 'text/html' }, '<title>Haus Adler Bakery</title><p>We bake rye bread.'],
  '/meta': [200, { 'content-type': 'text/html' }, '<meta http-equiv="refresh" content="0; url=good">'],
  '/meta-later': [200, { 'content-type': 'text/html' }, '<title>Splash</title><meta http-equiv=refresh content="2;URL=\'/good\'"><p>One moment'],
  '/header': [200, { 'content-type': 'text/html', refresh: '0; url=/good' }, ''],
  '/meta-loop': [200, { 'content-type': 'text/html' }, '<meta http-equiv=refresh content="0;url=/meta-loop?">'],
  '/meta-away': [200, { 'content-type': 'text/html' }, '<meta http-equiv=refresh content="0;url=http://10.0.0.1/">'],
  '/meta-file': [200, { 'content-type': 'text/html' }, '<meta http-equiv=refresh content="0;url=file:///etc/passwd">'],
  '/meta-script': [200, { 'content-type': 'text/html' }, '<noscript><meta http-equiv=refresh content="0;url=/gone"></noscript><p>Haus Adler bakes.'],
  '/none': [200, {}, '<title>Haus Adler</title><p>Rye bread.'],
  '/png': [200, {}, Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')],
  '/frames': [200, { 'content-type': 'text/html' }, '<frameset><frame src=a></frameset>'],
  '/pictures': [200, { 'content-type': 'text/html' }, '<img src=a.jpg><img src=b.jpg>'],
  '/hidden': [200, { 'content-type': 'text/html' }, '<div style="display:none">x</div>'],
  '/script': [200, { 'content-type': 'text/html' }, '<div id=app></div><script src=app.js></script>'],
  '/nothing': [200, { 'content-type': 'text/html' }, '<html><body></body></html>'],
};
let site, pages;
before(async () => {
  pages = await startPages((request, response) => {
    const [status, headers, body] = answers[request.url.split('?')[0]] || [404, {}, ''];
    response.writeHead(status, headers);
    response.end(body);
  });
  site = await startSite({ testing: true });
});
after(async () => { await site?.stop(); await pages?.close(); });

test('a page that sends its visitors on is followed, and judged anew', async () => {
  for (const path of ['/good', '/meta', '/meta-later', '/header', '/none', '/meta-script']) {
    const { status, body } = await generate(site, { url: pages.url + path, count: 1 });
    assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
  }
  for (const [path, words] of [['/meta-loop', /in circles/], ['/meta-away', /public/], ['/meta-file', /cannot be used/]]) {
    const { status, body } = await generate(site, { url: pages.url + path, count: 1 });
    assert.ok(status >= 400, path);
    assert.match(body.detail, words, path);
  }
});

test('why a page cannot be read is said truly', async () => {
  for (const [path, words] of [['/png', /something else/], ['/frames', /in frames/], ['/pictures', /consists of pictures/], ['/hidden', /hides all of its text/],
    ['/script', /perhaps a script/], ['/nothing', /is empty/]]) {
    const { status, body } = await generate(site, { url: pages.url + path, count: 1 });
    assert.equal(status, 422, path);
    assert.match(body.detail, words, path);
  }
});

test('addresses of pages that end in a slash lead to the page', async () => {
  for (const path of ['/privacy/', '/rights/', '/subprocessors/', '/privacy/live/', '/privacy//']) {
    const response = await fetch(site.url + path, { redirect: 'manual' });
    assert.equal(response.status, 308, path);
    assert.equal(response.headers.get('location'), path.replace(/\/+$/, ''));
    assert.equal((await fetch(site.url + path)).status, 200);
  }
  for (const path of ['/privacy/x/', '/assets/', '/api/rights/', '/nothing/']) assert.notEqual((await fetch(site.url + path, { redirect: 'manual' })).status, 308, path);
});

test('a body that begins with a byte order mark, and a contact as an input method writes it, are taken', async () => {
  const post = (body) => fetch(`${site.url}/api/rights`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  for (const contact of ['jane@example.org', '用户@例子。公司', 'jane@example．org', 'jane@example.org\n'])
    assert.equal((await post(`\ufeff${JSON.stringify({ right: 'access', contact })}`)).status, 201, contact);
  assert.equal((await post('\ufeff')).status, 400);
});

test('a form without scripts sends its origin; one that hides it is taken only where the browser says that it is of this site', async () => {
  assert.equal((await fetch(`${site.url}/rights`)).headers.get('referrer-policy'), 'same-origin');
  const send = (path, origin, fields, more = '') => rawRequest(site.port, `POST ${path} HTTP/1.1\r\nHost: lan.example\r\nOrigin: ${origin}\r\n${more}Accept: text/html\r\n` +
    `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${fields.length}\r\nConnection: close\r\n\r\n${fields}`).then((text) => Number(text.split(' ')[1]));
  const asking = 'right=access&contact=jane@example.org';
  assert.equal(await send('/api/rights', 'http://lan.example', asking), 201);
  assert.equal(await send('/api/rights', 'null', asking, 'Sec-Fetch-Site: same-origin\r\n'), 201);
  for (const more of ['', 'Sec-Fetch-Site: cross-site\r\n']) assert.equal(await send('/api/rights', 'null', asking, more), 403);
  assert.equal(await send('/api/rights', 'http://evil.example', asking), 403);
  assert.equal(await send('/api/erase', 'null', 'receipt=x'), 403);
  assert.equal(await send('/api/generate', 'null', 'description=bread'), 403);
});
