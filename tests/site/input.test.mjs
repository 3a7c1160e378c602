// SPDX-License-Identifier: ISC
// Bad input: the answer names the parameter and the rule, nothing leaves, nothing stays.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesHolding, generate, rawRequest, root, startSite } from './harness.mjs';

let site;
before(async () => { site = await startSite(); });
after(async () => { await site?.stop(); });

const good = 'A tea shop with a wall of tin caddies and a long table for tastings.';
const post = (body, headers, path = '/api/generate') => fetch(site.url + path, { method: 'POST', body, headers: { accept: 'application/json', ...headers }, duplex: 'half' });

async function problem(response, status, parameter) {
  assert.equal(response.status, status, await response.clone().text());
  assert.match(response.headers.get('content-type'), /^application\/problem\+json/);
  const body = await response.json();
  assert.equal(body.status, status);
  assert.match(body.type, /^\/problems\//);
  assert.ok(body.title && body.detail.length > 15, `says what to do: ${JSON.stringify(body)}`);
  if (parameter) assert.equal(body.parameter, parameter, JSON.stringify(body));
  return body;
}
const json = (fields) => post(JSON.stringify(fields), { 'content-type': 'application/json' });

const refused = [
  ['nothing at all', {}, /^(description|url)$/],
  ['both description and URL', { description: good, url: 'https://example.com/' }, /^(description|url)$/],
  ['an empty description', { description: '' }, 'description'],
  ['a blank description', { description: '  \n ' }, 'description'],
  ['a description over 4,000 characters', { description: 'x'.repeat(4001) }, 'description'],
  ['a description that is a number', { description: 7 }, 'description'],
  ['a count of 0', { description: good, count: 0 }, 'count'],
  ['a count of 9', { description: good, count: 9 }, 'count'],
  ['a count of 1.5', { description: good, count: 1.5 }, 'count'],
  ['a count that is no number', { description: good, count: 'many' }, 'count'],
  ['an unknown size', { description: good, size: '12x12' }, 'size'],
  ['an unknown style', { description: good, style: 'cubist' }, 'style'],
  ['an undeclared provider', { description: good, provider: 'openai' }, 'provider'],
  ['an unknown parameter', { description: good, colour: 'blue' }, 'colour'],
  ['a parameter that is an object', { description: { a: 1 } }, 'description'],
  ['a URL that is none', { url: 'not a url' }, 'url'],
  ['ftp', { url: 'ftp://example.com/' }, 'url'],
  ['file', { url: 'file:///etc/passwd' }, 'url'],
  ['gopher', { url: 'gopher://example.com/' }, 'url'],
  ['user and password in the URL', { url: 'http://user:secret@example.com/' }, 'url'],
  ['another port', { url: 'http://example.com:22/' }, 'url'],
  ['a URL over 2,048 bytes', { url: `http://example.com/${'a'.repeat(2100)}` }, 'url'],
];
for (const [what, fields, parameter] of refused) {
  test(`refused: ${what}`, async () => {
    const response = await json(fields);
    assert.ok([400, 422].includes(response.status), `${response.status}`);
    const body = await problem(response, response.status);
    if (parameter instanceof RegExp) assert.match(body.parameter, parameter);
    else assert.equal(body.parameter, parameter, JSON.stringify(body));
  });
}

const addresses = ['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '0.0.0.0', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:a9fe:a9fe]',
  '169.254.169.254', '10.0.0.1', '192.168.1.1', '172.16.0.1', '100.100.100.200', '168.63.129.16', '[fd00:ec2::254]', '[fe80::1]',
  '[64:ff9b::7f00:1]', '[2002:7f00:1::]', 'localhost', 'LOCALHOST', 'foo.localhost', '127.0.0.1.', '[::]', '224.0.0.1', '255.255.255.255'];
for (const address of addresses) {
  test(`no packet to ${address}`, async () => {
    const start = Date.now();
    const response = await json({ url: `http://${address}/latest/meta-data/` });
    assert.ok([422, 502].includes(response.status), `${response.status}`);
    assert.equal((await problem(response, response.status)).parameter, 'url');
    assert.ok(Date.now() - start < 16000, 'within the deadline');
  });
}

test('a user name or password in an address is named as the trouble, and not repeated', async () => {
  for (const url of ['http://user:hunter2@example.com/', 'https://hunter2@example.com/', 'user:hunter2@example.com/x', 'hunter2@example.com', 'http://:hunter2@example.com?a=b']) {
    const body = await problem(await json({ url }), 422, 'url');
    assert.match(body.detail, /user name or password/, url);
    assert.ok(!JSON.stringify(body).includes('hunter2'), url);
  }
  const other = await problem(await json({ url: 'http://exa mple.com/@me' }), 422, 'url');
  assert.doesNotMatch(other.detail, /user name/);
});

test('nginx and the programs call the same trouble by the same name', async () => {
  const ask = async (path, options) => {
    const response = await fetch(site.url + path, { ...options, headers: { accept: 'application/json', 'content-type': 'application/json' } });
    const { type, title, status } = await response.json();
    assert.equal(response.status, status, path);
    return { type, title, status };
  };
  const body = (length) => ({ method: 'POST', body: JSON.stringify({ receipt: 'x'.repeat(length) }) });
  assert.deepEqual(await ask('/nothing'), await ask(`/downloads/${'A'.repeat(43)}.zip`));
  assert.deepEqual(await ask('/privacy', { method: 'POST', body: '{}' }), await ask('/api/generate'));
  const [byNginx, byProgram] = [await ask('/api/erase', body(70000)), await ask('/api/erase', body(40000))];
  assert.deepEqual(byNginx, byProgram);
  assert.equal(byNginx.status, 413);
});

test('every type that nginx answers with is one of the programs, or of nginx alone', () => {
  const published = readFileSync(join(site.state, 'publish/nginx/problems.conf'), 'utf8');
  const sources = ['fcgi/serve', 'fcgi/generate', 'fcgi/download', 'fcgi/rights'].flatMap((folder) => readdirSync(join(root, folder)).filter((f) => f.endsWith('.c'))
    .map((f) => readFileSync(join(root, folder, f), 'utf8'))).join('\n');
  const own = { 400: 'bad-request', 412: 'precondition-failed', 414: 'address-too-long', 416: 'range-not-satisfiable', 421: 'wrong-site', 429: 'too-many-requests', 501: 'not-implemented', 505: 'http-version' };
  const answers = [...published.matchAll(/^\t(\d{3}) '(\{.*\})\\n';$/gm)];
  assert.ok(answers.length >= 11);
  for (const [, status, text] of answers) {
    const problem = JSON.parse(text.replace(/\\(.)/g, '$1')); // as nginx reads it
    const slug = problem.type.replace('/problems/', '');
    assert.equal(problem.status, Number(status));
    assert.ok(own[status] === slug || new RegExp(`\\b${status}, *"problem\\.${slug}[".]`).test(sources), `${status} ${slug}`);
  }
});

test('not JSON, not a form, not UTF-8, too large', async () => {
  await problem(await post('{"description":', { 'content-type': 'application/json' }), 400);
  await problem(await post('[1,2]', { 'content-type': 'application/json' }), 400);
  await problem(await post('{"description":"a","description":"b"}', { 'content-type': 'application/json' }), 400);
  await problem(await post('{"count":1,"count":2,"description":"x"}', { 'content-type': 'application/json' }), 400);
  await problem(await post(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), { 'content-type': 'application/json' }), 400);
  await problem(await post('hello', { 'content-type': 'text/plain' }), 415);
  await problem(await post('<a/>', { 'content-type': 'application/xml' }), 415);
  await problem(await post('a', {}), 415);
  await problem(await post('{"description":"a"}', { 'content-type': 'application/json', 'content-encoding': 'gzip' }), 415);
  const large = await post(JSON.stringify({ description: 'x'.repeat(70000) }), { 'content-type': 'application/json' });
  await problem(large, 413);
  await problem(await post('description=a&description=b', { 'content-type': 'application/x-www-form-urlencoded' }), 400, 'description');
  await problem(await post('description=%zz', { 'content-type': 'application/x-www-form-urlencoded' }), 400);
  const zero = await post('description=a%00b', { 'content-type': 'application/x-www-form-urlencoded' });
  assert.equal(zero.status, 400);
  assert.match((await zero.json()).detail, /a character that is not allowed/);
});

test('what is wrong with JSON is said with its place, and never in its words', async () => {
  const places = { '{"description":"secretword",\n "count": 01}': [2, 11, /number is malformed/], '{"description":\n\n  secretword}': [3, 3, /not true, false or null/],
    '{"secretword":"ü€",}': [1, 20, /syntax is wrong/], '{"a":"secretword\t"}': [1, 18, /control character/], '{"a":1} x': [1, 9, /not true/], };
  for (const [text, wanted] of Object.entries(places)) {
    const said = await problem(await post(text, { 'content-type': 'application/json' }), 400);
    const [, line, column] = said.detail.match(/Line (\d+), column (\d+): /) ?? [];
    assert.deepEqual([Number(line), Number(column)], wanted.slice(0, 2), `${text}: ${said.detail}`);
    assert.match(said.detail, wanted[2]);
    assert.ok(!JSON.stringify(said).includes('secretword'));
  }
  const utf8 = await problem(await post(Buffer.from('{"a":"\n\xff"}', 'latin1'), { 'content-type': 'application/json' }), 400);
  assert.match(utf8.detail, /Line 2, column 1: not valid UTF-8/);
});

test('a form works as JSON does', async () => {
  const response = await post(new URLSearchParams({ description: good, count: '1' }).toString(), { 'content-type': 'application/x-www-form-urlencoded' });
  assert.equal(response.status, 200);
  assert.equal((await response.json()).images.length, 1);
});

test('methods: only those that an address takes', async () => {
  const get = await fetch(`${site.url}/api/generate`, { headers: { accept: 'application/json' } });
  await problem(get, 405);
  assert.match(get.headers.get('allow'), /POST/);
  assert.equal((await fetch(`${site.url}/downloads/x.zip`, { method: 'PUT' })).status >= 400, true);
  await problem(await fetch(`${site.url}/nothing/here`, { headers: { accept: 'application/json' } }), 404);
});

test('personal data in the description: refused or asked about, as the policy says', async () => {
  const card = await problem(await json({ description: `${good} Card 4111 1111 1111 1111.` }), 422, 'description');
  assert.ok(!card.confirmable && !JSON.stringify(card).includes('4111'));
  await problem(await json({ description: `${good} IBAN DE89 3704 0044 0532 0130 00.` }), 422, 'description');
  const mail = await problem(await json({ description: `${good} Write to someone@example.org.` }), 422, 'description');
  assert.equal(mail.confirmable, true);
  assert.ok(!JSON.stringify(mail).includes('someone'));
  assert.deepEqual(mail.confirm_with, { confirm: true }, 'a program is told how');
  assert.equal(card.confirm_with, undefined);
  const confirmed = await json({ description: `${good} Write to someone@example.org.`, count: 1, confirm: true });
  assert.equal(confirmed.status, 200);
  await problem(await json({ description: `${good} Card 4111 1111 1111 1111.`, confirm: true }), 422, 'description');
});

test('without JavaScript the question comes as a form with all that was sent, as text', async () => {
  const evil = `${good} Write to someone@example.org.\n"><script>alert(1)</script></textarea><img src=x onerror=alert(2)>`;
  const form = { description: evil, count: '2', style: 'minimal', size: '1536x1024', provider: 'sketch' };
  const ask = (fields) => post(new URLSearchParams(fields).toString(), { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' });
  const response = await ask(form);
  assert.equal(response.status, 422);
  assert.match(response.headers.get('content-type'), /^text\/html/);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const page = await response.text();
  assert.doesNotMatch(page, /<script|<img src=x|<\/textarea>[^<]*&/);
  assert.match(page, /<form [^>]*method="post" action="\/api\/generate"/);
  const plain = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
  const again = Object.fromEntries([...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map((m) => [m[1], plain(m[2])]));
  assert.equal(again.confirm, undefined, 'not confirmed unasked');
  again.description = plain(page.match(/<textarea[^>]*>\n([^]*?)<\/textarea>/)[1]);
  assert.deepEqual(again, { ...form, language: 'en' });
  const [, name, value] = page.match(/<button[^>]* name="([^"]*)" value="([^"]*)">/);
  const made = await ask({ ...again, count: '1', [name]: value });
  assert.equal(made.status, 200, await made.clone().text());
  assert.match(await made.text(), /<img /);
  const refused = await (await ask({ ...form, description: `${good} Card 4111 1111 1111 1111.` })).text();
  assert.doesNotMatch(refused, /<form|4111/, 'what is refused can not be confirmed');
});

test('what the filter took as a description is not refused as a prompt of the built-in writer', async () => {
  const { status, body } = await generate(site, { description: 'Sex education for schools, teenagers', count: 4 });
  assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
  assert.equal(body.images.length, 4);
  assert.deepEqual(body.missing ?? [], []);
});

test('images of minors in inappropriate contexts are refused', async () => {
  const body = await problem(await json({ description: 'Sexy photos of a twelve year old girl in lingerie.' }), 422, 'description');
  assert.ok(!body.confirmable);
  assert.equal((await json({ description: 'A toy shop for children with wooden trains and a reading corner.', count: 1 })).status, 200);
});

test('requests from other sites are refused, other programs are not', async () => {
  const fields = JSON.stringify({ description: good, count: 1 });
  const type = { 'content-type': 'application/json' };
  assert.equal((await post(fields, { ...type, 'sec-fetch-site': 'cross-site' })).status, 403);
  assert.equal((await post(fields, { ...type, 'sec-fetch-site': 'same-site' })).status, 403);
  assert.equal((await post(fields, { ...type, origin: 'https://evil.example' })).status, 403);
  assert.equal((await post(fields, { ...type, 'sec-fetch-site': 'same-origin' })).status, 200);
  assert.equal((await post(fields, { ...type, origin: site.url })).status, 200);
  assert.equal((await post(JSON.stringify({ receipt: 'A'.repeat(43) }), { ...type, 'sec-fetch-site': 'cross-site' }, '/api/erase')).status, 403);
});

test('malformed HTTP never reaches a program', async () => {
  const heads = [
    'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'POST /api/generate HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    'POST /api/generate HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /api/generate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(70000)}\r\n\r\n`,
    'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n',
  ];
  for (const head of heads) {
    const answer = await rawRequest(site.port, head);
    assert.match(answer, /^HTTP\/1\.1 (400|405|414|494|501|431)/, JSON.stringify(head.slice(0, 60)) + answer.slice(0, 60));
  }
  assert.equal((await fetch(site.url)).status, 200);
});

test('rights: unknown ones are refused with the list of those there are', async () => {
  const send = (fields) => post(JSON.stringify(fields), { 'content-type': 'application/json' }, '/api/rights');
  const body = await problem(await send({ right: 'immortality', contact: 'someone@example.org' }), 422, 'right');
  const { rights } = await (await fetch(`${site.url}/privacy.json`)).json();
  assert.match(body.detail, /^[A-Z].*\.$/);
  assert.ok(rights.length > 3);
  for (const { id } of rights) assert.ok(body.detail.includes(id), id);
  await problem(await send({}), 422, 'right').catch(async () => problem(await send({}), 400, 'right'));
  await problem(await post('{"receipt":"abc"}', { 'content-type': 'application/json' }, '/api/erase'), 422, 'receipt');
  for (const receipt of ['bad', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}!`, `${'A'.repeat(21)} ${'A'.repeat(21)}`]) {
    const refused = await problem(await send({ right: 'access', receipt }), 422, 'receipt');
    assert.match(refused.detail, /43 letters/);
    assert.ok(!refused.detail.includes(receipt));
  }
  assert.equal((await send({ right: 'access', receipt: ` ${'A'.repeat(43)}\n` })).status, 201, 'as people paste it');
  for (const contact of ['a\u0007b@example.org', 'line\nline 1', 'ines@', 'ines', '12-34', '\u202egro']) {
    const refused = await problem(await send({ right: 'access', contact }), 422, 'contact');
    assert.ok(!refused.detail.includes(contact));
  }
  for (const contact of ['ines@example.org', '+49 30 123456', '1 Mill Lane, Ely', '北京市朝阳区建国路'])
    assert.equal((await send({ right: 'access', contact })).status, 201, contact);
  const erase = await post('{}', { 'content-type': 'application/json' }, '/api/erase');
  assert.ok([400, 422].includes(erase.status));
});

test('rights: who has only the address of a ZIP may name that', async () => {
  const send = (fields) => post(JSON.stringify({ right: 'erasure', ...fields }), { 'content-type': 'application/json' }, '/api/rights');
  const { body: mine } = await generate(site, { description: 'A calm shop for paper and ink.', count: 1 });
  const { body: other } = await generate(site, { description: 'A calm shop for paper and ink.', count: 1 });
  for (const archive of ['bad', `/downloads/${'A'.repeat(42)}.zip`, `${mine.archive.url}.exe`, `${mine.archive.url}?x=1`]) await problem(await send({ archive }), 422, 'archive');
  await problem(await send({ archive: mine.archive.url, receipt: mine.receipt }), 422, 'archive');
  assert.equal((await send({ archive: `${site.url}${mine.archive.url}\n` })).status, 201);
  assert.equal((await fetch(site.url + mine.archive.url)).status, 404);
  assert.equal((await fetch(site.url + other.archive.url)).status, 200);
  const again = await (await send({ archive: mine.archive.url })).json();
  const shown = await (await fetch(`${site.url}/api/rights/${again.id}`, { headers: { authorization: `Bearer ${again.secret}` } })).json();
  assert.equal(shown.state, 'fulfilled');
  assert.ok(shown.certificate.stores.every(({ found }) => found === 0));
});

test('what is sent after a question mark is refused, not overlooked', async () => {
  const headers = { 'content-type': 'application/json' };
  for (const [path, parameter] of [['/api/generate?count=2', 'count'], ['/api/generate?description=secret&x=1', 'description'], ['/api/rights?right=erasure', 'right'],
    ['/api/erase?x', 'x'], ['/api/generate?%3Cb%3E=1', undefined]])
    await problem(await post('{"description":"A calm shop for paper and ink.","count":1}', headers, path), 400, parameter);
  assert.equal((await fetch(`${site.url}/healthz?now=1`)).status, 200);
});

test('rights: a form without script is answered for people, with dates in words and ids to be copied', async () => {
  const form = async (path, fields) => {
    const response = await post(new URLSearchParams(fields).toString(), { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html,*/*;q=0.8' }, path);
    assert.match(response.headers.get('content-type'), /^text\/html/);
    return { status: response.status, text: await response.text() };
  };
  const recorded = await form('/api/rights', { right: 'access', contact: '', receipt: '', message: '' });
  assert.equal(recorded.status, 201);
  assert.match(recorded.text, /<dt>Due by the GDPR<\/dt><dd>\d{1,2} [A-Z][a-z]+ 20\d\d<\/dd>/);
  const [id, secret] = [...recorded.text.matchAll(/<code>([^<]+)<\/code>/g)].map((m) => m[1]);
  assert.equal((await fetch(`${site.url}/api/rights/${id}`, { headers: { authorization: `Bearer ${secret}` } })).status, 200, 'what is shown is what works');
  const { body } = await generate(site, { description: 'A small bakery by the harbour', count: 1 });
  const erased = await form('/api/erase', { receipt: body.receipt });
  assert.equal(erased.status, 200);
  assert.match(erased.text, /<dt>Erased on<\/dt><dd>\d{1,2} [A-Z][a-z]+ 20\d\d<\/dd>/);
  assert.match(erased.text, /download="certificate\.json" href="data:application\/json;charset=utf-8;base64,/);
  assert.match(erased.text, /href="\/api\/proofs\/\d+"/);
  // From the page it is a request: loaded again, and by its number and secret, the certificate is there; nobody else is told anything, and nothing of the receipt is kept.
  const other = (await generate(site, { description: 'A small bakery by the harbour', count: 1 })).body;
  const plan = await form('/api/rights/plan', { right: 'erasure', receipt: other.receipt });
  assert.match(plan.text, /Your request is recorded now\. You get a number and a secret[^]*The request itself is deleted after/);
  assert.doesNotMatch(plan.text, /<dt>/, 'nothing is waited for');
  const [, key] = /name="key" value="([\w-]{43})"/.exec(plan.text);
  const [first, reloaded] = [await form('/api/erase', { receipt: other.receipt, key }), await form('/api/erase', { receipt: other.receipt, key })];
  const saved = (text) => JSON.parse(Buffer.from(/certificate\.json" href="data:application\/json;charset=utf-8;base64,([^"]+)"/.exec(text)[1], 'base64').toString());
  assert.match(first.text, /<dt>Erased on<\/dt>/);
  const [number, own] = [...first.text.matchAll(/<code>([\w-]+)<\/code>/g)].map((m) => m[1]);
  assert.equal(saved(reloaded.text).cert_id, saved(first.text).cert_id);
  const looked = await form('/api/rights/look-up', { id: number, secret: own });
  assert.equal(saved(looked.text).cert_id, saved(first.text).cert_id);
  const json = (fields) => fetch(`${site.url}/api/erase`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fields) });
  const spent = await (await json({ receipt: other.receipt, key: 'k'.repeat(43) })).json();
  assert.notEqual(spent.cert_id, saved(first.text).cert_id, 'another key opens nothing');
  // Of the receipt there is that request alone, which stays: nothing is offered to be erased, and nothing is.
  assert.deepEqual([spent.audit_index, spent.outcome], [null, 'nothing-erased']);
  assert.match((await form('/api/rights/plan', { right: 'erasure', receipt: other.receipt })).text, /<h1>Nothing was found under this receipt<\/h1>/);
  const again = (await generate(site, { description: 'A small bakery by the harbour', count: 1 })).body, asked = { receipt: again.receipt, key: 'x'.repeat(43) };
  const [one, two] = [await (await json(asked)).json(), await (await json(asked)).json()];
  assert.ok(one.audit_index !== null && one.cert_id === two.cert_id);
  const count = JSON.parse(site.officer(['requests', 'list', '--format', 'json']).stdout).length;
  for (const kept of [asked, { receipt: 'A'.repeat(43), key: 'y'.repeat(43) }]) await json(kept);
  assert.equal(JSON.parse(site.officer(['requests', 'list', '--format', 'json']).stdout).length, count, 'sent twice it is one request; for nothing there is none');
  assert.deepEqual(filesHolding(other.receipt, [site.state, site.run]), []);
  const none = await form('/api/erase', { receipt: 'A'.repeat(43) });
  assert.equal(none.status, 200);
  assert.match(none.text, /<h1>Nothing was found under this receipt<\/h1>/);
  assert.doesNotMatch(none.text, /ertificate\.json|Erased/);
  for (const { text } of [recorded, erased, none].map(({ text }) => ({ text: text.replace(/<code>[^]*?<\/code>/g, '') }))) assert.doesNotMatch(text, /\dT\d\d:|<dt>[a-z_]+</);
  const wrong = await form('/api/rights', { right: 'access', contact: 'ines@' });
  assert.equal(wrong.status, 422);
  assert.match(wrong.text, /value="ines@"[^]*<p class="field-error"[^>]*>[^<]*name@example\.org/, 'beside its field, with what was typed');
});

test('a name of a private network is answered as a name that is not there', async (t) => {
  if (process.getuid() !== 0 || spawnSync('unshare', ['--mount', 'true']).status !== 0) return t.skip('only root can give a process other names');
  const folder = mkdtempSync(join(tmpdir(), 'lethe-names-'));
  writeFileSync(join(folder, 'hosts'), '127.0.0.1 localhost\n10.1.2.3 intranet.example\nfd00::7 six.example\n169.254.169.254 metadata.example\n');
  writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.9\noptions timeout:1 attempts:1\n'); // nobody is there
  const own = await startSite({ wrap: ['unshare', '--mount', 'sh', '-c', `mount --bind ${folder}/hosts /etc/hosts && mount --bind ${folder}/resolv.conf /etc/resolv.conf && exec "$@"`, 'sh'] });
  try {
    const answers = {};
    for (const name of ['nowhere', 'intranet', 'six', 'metadata']) {
      const { status, body } = await generate(own, { url: `https://${name}.example/`, count: 1 });
      answers[name] = { status, body };
    }
    assert.equal(answers.nowhere.status, 422);
    for (const name of ['intranet', 'six', 'metadata']) assert.deepEqual(answers[name], answers.nowhere, name);
  } finally {
    await own.stop();
    rmSync(folder, { recursive: true });
  }
});
