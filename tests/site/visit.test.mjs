// SPDX-License-Identifier: ISC
// The main job: a description, or the URL of a page, becomes a set of pictures and a ZIP in the visitor's hands.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate, generateEvents, runOfficer, startPages, startSite } from './harness.mjs';

let site;
let pages;
const bakery = 'A small bakery in a harbour town: sourdough, rye bread and cinnamon buns, baked before dawn, sold from a blue wooden counter.';

before(async () => {
  pages = await startPages((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><html lang="en"><head><title>Harbour Bicycles</title><meta name="theme-color" content="#0a6e5c">
      <meta name="description" content="Hand-built touring bicycles and repairs by the harbour."></head>
      <body><h1>Bicycles for long roads</h1><p>We build steel frames and wheels.</p></body></html>`);
  });
  site = await startSite({ testing: true });
});
after(async () => { await site?.stop(); await pages?.close(); });

function checkArchive(bytes, count) {
  const path = join(site.base, `set-${Math.random()}.zip`);
  writeFileSync(path, bytes);
  execFileSync('unzip', ['-t', '-q', path]);
  const names = execFileSync('unzip', ['-Z1', path], { encoding: 'utf8' }).trim().split('\n');
  assert.equal(names.filter((n) => /^images\/[A-Za-z0-9._-]+\.(png|jpg|webp)$/.test(n)).length, count);
  assert.deepEqual(names.slice(0, 2), ['README.txt', 'prompts.json']);
  assert.deepEqual(names.slice(2), names.slice(2).sort(), 'pictures in the order of their numbers');
  const python = execFileSync('python3', ['-c', 'import sys,zipfile;z=zipfile.ZipFile(sys.argv[1]);print(z.testzip(),len(z.namelist()))', path], { encoding: 'utf8' });
  assert.equal(python.trim(), `None ${names.length}`);
  return { path, names };
}

test('a preview is drawn from what the description says, the same each time', async () => {
  const draw = async (description) => (await generate(site, { description, count: 1, style: 'illustration', images: 'base64' })).body.images[0].base64;
  const first = await draw('Bakery Kornblume with blue tiles');
  assert.equal(await draw('Bakery Kornblume with blue tiles'), first);
  assert.notEqual(await draw('Bakery Kornblume with green tiles'), first);
});

test('a description gives a set and a ZIP that unzip accepts', async () => {
  const { status, body, headers } = await generate(site, { description: bakery, count: 3, size: '1024x1024', style: 'illustration' });
  assert.equal(status, 200);
  assert.match(headers.get('cache-control'), /no-store/);
  assert.equal(body.images.length, 3);
  assert.equal(body.prompts.length, 3);
  assert.equal(new Set(body.prompts).size, 3);
  for (const image of body.images) {
    const bytes = Buffer.from(await (await fetch(site.url + image.url)).arrayBuffer());
    assert.equal(bytes.subarray(1, 4).toString(), 'PNG');
    assert.equal(bytes.readUInt32BE(16), 1024);
    assert.ok(bytes.includes('digitalsourcetype/algorithmicMedia'), 'the preview is marked as drawn by a program');
    assert.ok(!bytes.includes('trainedAlgorithmicMedia'), 'and not as made by AI');
    assert.ok(!bytes.includes('bakery'), 'and carries nothing of the description');
  }
  const zip = await fetch(site.url + body.archive.url);
  assert.equal(zip.status, 200);
  assert.equal(zip.headers.get('content-type'), 'application/zip');
  assert.match(zip.headers.get('x-robots-tag'), /noindex/);
  assert.match(zip.headers.get('content-disposition'), /^attachment; filename="[A-Za-z0-9._-]+\.zip"/);
  const bytes = Buffer.from(await zip.arrayBuffer());
  assert.equal(bytes.length, body.archive.bytes);
  checkArchive(bytes, 3);
  const minutes = (Date.parse(body.archive.expires) - Date.now()) / 60000;
  assert.ok(minutes > 58 && minutes < 61, `lives for the hour that the policy states, not ${minutes} minutes`);
});

test('a URL gives a set in the words and colours of the page, with real progress', async () => {
  const seen = [];
  let done;
  for await (const { event, data } of generateEvents(site, { url: `${pages.url}/`, count: 2, style: 'photo' })) {
    seen.push(event === 'progress' ? `progress ${data.stage}` : event);
    if (event === 'done') done = data;
    if (event === 'error') assert.fail(JSON.stringify(data));
    if (event === 'prompt') assert.match(JSON.stringify(data), /bicycle/i);
  }
  assert.ok(seen.indexOf('progress page') < seen.indexOf('prompt'));
  assert.equal(seen.filter((s) => s === 'prompt').length, 2);
  assert.equal(seen.filter((s) => s === 'image').length, 2);
  assert.ok(seen.lastIndexOf('image') < seen.indexOf('done'));
  const zip = await fetch(site.url + done.archive.url);
  checkArchive(Buffer.from(await zip.arrayBuffer()), 2);
});

test('the ZIP answers HEAD and ranges, and is gone after DELETE', async () => {
  const { body } = await generate(site, { description: bakery, count: 1 });
  const url = site.url + body.archive.url;
  const head = await fetch(url, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(Number(head.headers.get('content-length')), body.archive.bytes);
  const part = await fetch(url, { headers: { range: 'bytes=0-3' } });
  assert.equal(part.status, 206);
  assert.equal(Buffer.from(await part.arrayBuffer()).toString('latin1'), 'PK\x03\x04');
  const beyond = await fetch(url, { headers: { range: 'bytes=99999999-' } });
  assert.equal(beyond.status, 416);
  assert.equal(beyond.headers.get('content-type'), 'application/problem+json');
  assert.equal(beyond.headers.get('content-range'), `bytes */${body.archive.bytes}`);
  assert.equal(beyond.headers.get('x-robots-tag'), 'noindex, nofollow');
  assert.equal(beyond.headers.get('content-security-policy'), head.headers.get('content-security-policy'));
  assert.equal((await beyond.json()).status, 416);
  assert.equal((await fetch(url, { method: 'DELETE' })).status, 204);
  const gone = await fetch(url);
  const never = await fetch(`${site.url}/downloads/${'A'.repeat(43)}.zip`);
  assert.equal(gone.status, 404);
  assert.equal(never.status, 404);
  assert.equal(await gone.text(), await never.text());
});

// The program sends small archives itself and leaves larger ones and parts to nginx; nobody should be able to tell.
test('small and large ZIPs are sent alike', async () => {
  const answers = [];
  for (const size of [1000, 32 * 1024, 32 * 1024 + 1, 300000]) {
    const { body } = await generate(site, { description: `${bakery} Shelf ${size}.`, count: 1 });
    const made = Buffer.from(await (await fetch(site.url + body.archive.url)).arrayBuffer());
    const file = readdirSync(join(site.run, 'spool')).map((name) => join(site.run, 'spool', name)).find((path) => readFileSync(path).equals(made));
    const bytes = randomBytes(size);
    writeFileSync(`${file}.new`, bytes);
    renameSync(`${file}.new`, file);
    const url = site.url + body.archive.url;
    const whole = await fetch(url);
    assert.ok(Buffer.from(await whole.arrayBuffer()).equals(bytes), `${size} bytes`);
    const head = await fetch(url, { method: 'HEAD' });
    for (const { headers } of [whole, head]) {
      assert.equal(Number(headers.get('content-length')), size);
      assert.match(headers.get('last-modified'), /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
      answers.push([...headers].filter(([name]) => !['date', 'etag', 'last-modified', 'content-length', 'connection', 'keep-alive'].includes(name)).map(String).sort());
    }
    const etag = whole.headers.get('etag');
    assert.equal(head.headers.get('etag'), etag);
    for (const [name, value, status] of [['if-none-match', etag, 304], ['if-none-match', '"another"', 200], ['if-match', '"another"', 412],
      ['if-modified-since', whole.headers.get('last-modified'), 304], ['if-unmodified-since', 'Sun, 01 Jan 2023 00:00:00 GMT', 412]])
      assert.equal((await fetch(url, { headers: { [name]: value } })).status, status, `${size} bytes, ${name}`);
    const rest = await fetch(url, { headers: { range: 'bytes=500-', 'if-range': etag } });
    assert.equal(rest.status, 206);
    assert.ok(Buffer.from(await rest.arrayBuffer()).equals(bytes.subarray(500)));
    assert.equal((await fetch(url, { headers: { range: 'bytes=500-', 'if-range': '"another"' } })).status, 200);
  }
  for (const headers of answers) assert.deepEqual(headers, answers[0]);
});

test('a receipt erases everything made under it, and says so', async () => {
  const { body } = await generate(site, { description: bakery, count: 1 });
  const erased = await fetch(`${site.url}/api/erase`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ receipt: body.receipt }),
  });
  assert.equal(erased.status, 200);
  const certificate = await erased.json();
  assert.equal(certificate.complete, true);
  assert.ok(certificate.stores.some((s) => s.erased > 0));
  assert.equal((await fetch(site.url + body.archive.url)).status, 404);
  const rows = certificate.stores.find((s) => /log/.test(s.name));
  assert.equal(rows.erased, 1, 'the row of the request log that belongs to the receipt went too');
});

test('a wrong receipt is told that nothing was found, and leaves no entry in the ledger', async () => {
  const entries = () => JSON.parse(site.officer(['audit', 'show', '--format', 'json']).stdout).length;
  const before = entries();
  for (const receipt of ['A'.repeat(43), 'B'.repeat(43)]) {
    const answer = await fetch(`${site.url}/api/erase`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ receipt }) });
    assert.equal(answer.status, 200);
    const { audit_index: entry, stores, note, complete } = await answer.json();
    assert.deepEqual([entry, complete, stores.some((s) => s.found > 0)], [null, true, false]);
    assert.match(note, /^Nothing was found/);
  }
  assert.equal(entries(), before);
  const officer = site.officer(['erase', '--receipt', '-', '--yes'], { input: 'A'.repeat(43) });
  assert.equal(JSON.parse(officer.stdout).audit_index, null, 'nor is it recorded when the officer asks');
  assert.equal(entries(), before);
});

test('the officer erases from beside the store: the file goes too, and a missing run folder is not taken for an empty one', async () => {
  const { body } = await generate(site, { description: bakery, count: 1 });
  const files = () => readdirSync(join(site.run, 'spool')).length;
  const held = files();
  const words = ['erase', '--receipt', '-', '--yes', '--state', site.state];
  const env = { PATH: process.env.PATH };
  const lost = runOfficer([...words, '--run', join(site.base, 'elsewhere')], { input: `${body.receipt}\n`, env });
  assert.notEqual(lost.code, 0, lost.stdout + lost.stderr);
  assert.match(lost.stdout + lost.stderr, /nothing was erased.*LETHE_RUN/);
  assert.equal((await fetch(site.url + body.archive.url, { method: 'HEAD' })).status, 200);
  const done = runOfficer(words, { input: `${body.receipt}\n`, env });
  assert.equal(done.code, 0, done.stdout + done.stderr);
  assert.equal(files(), held - 1, 'what lethe-run noted beside the store led to the spool');
  assert.equal((await fetch(site.url + body.archive.url)).status, 404);
});

test('a request of a data subject is recorded, shown to its owner, and to nobody else', async () => {
  const made = await fetch(`${site.url}/api/rights`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ right: 'access', contact: 'someone@example.org', message: 'What do you hold about me?' }),
  });
  assert.equal(made.status, 201);
  const { id, secret, due } = await made.json();
  assert.ok(Date.parse(due) > Date.now() + 27 * 86400e3);
  const mine = await fetch(`${site.url}/api/rights/${id}`, { headers: { authorization: `Bearer ${secret}` } });
  assert.equal(mine.status, 200);
  assert.equal((await mine.json()).right, 'access');
  for (const [path, bearer] of [[id, 'A'.repeat(43)], ['0'.repeat(32), secret], [id, '']])
    assert.equal((await fetch(`${site.url}/api/rights/${path}`, { headers: bearer ? { authorization: `Bearer ${bearer}` } : {} })).status, 404);
  const listed = site.officer(['requests', 'list', '--format', 'json']);
  assert.equal(listed.code, 0);
  assert.ok(JSON.parse(listed.stdout).some((r) => r.id === id));
});

test('what the site holds is public, and within what it promised', async () => {
  const live = await (await fetch(`${site.url}/privacy/live.json`)).json();
  const log = live.kinds.find((k) => k.name === 'request-log' || k.kind === 'request-log');
  assert.ok(log.count > 0);
  assert.ok(live.kinds.every((k) => !k.late));
  assert.match(live.policy.sha256, /^[0-9a-f]{64}$/);
});

test('the notice, the list, and the well-known files are there', async () => {
  for (const [path, type] of [['/privacy', 'text/html'], ['/privacy.json', 'application/json'], ['/subprocessors', 'text/html'],
    ['/subprocessors.json', 'application/json'], ['/subprocessors.csv', 'text/csv'], ['/subprocessors.xml', 'application/xml'],
    ['/.well-known/gpc.json', 'application/json'], ['/.well-known/security.txt', 'text/plain'], ['/rights', 'text/html']]) {
    const response = await fetch(site.url + path);
    assert.equal(response.status, 200, path);
    assert.ok(response.headers.get('content-type').startsWith(type), `${path}: ${response.headers.get('content-type')}`);
    assert.match(response.headers.get('content-security-policy'), /default-src 'none'/, path);
    assert.equal(response.headers.get('set-cookie'), null, path);
    await response.arrayBuffer();
  }
});

test('a test build says so on every page', async () => {
  for (const path of ['/', '/privacy', '/rights', '/subprocessors'])
    assert.match(await (await fetch(site.url + path)).text(), /test build/i, path);
});
