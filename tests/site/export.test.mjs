// SPDX-License-Identifier: ISC
// Access and portability: the person gets all of his own and nothing of anybody else, no secret goes along, and what is missing is said to be.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import { filesHolding, generate, lethe, root, startSite } from './harness.mjs';

const schema = JSON.parse(readFileSync(join(root, 'policy/rights/export.schema.json'), 'utf8'));
const ajv = new Ajv({ strict: false });
const validExport = ajv.compile(schema);
const validManifest = ajv.compile({ ...schema, $id: 'manifest', $ref: '#/$defs/manifest', type: undefined, required: undefined, properties: undefined, additionalProperties: undefined });

const agents = { mine: `Mine-${process.pid}/1.0`, other: `Other-${process.pid}/1.0` };
const words = { mine: `Quaggamine${process.pid}`, other: `Okapiother${process.pid}` };
let folder;
let site;
const sets = {};
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-export-'));
  site = await startSite();
  for (const who of ['mine', 'other']) {
    const { status, body } = await generate(site, { description: `A workshop called ${words[who]} that binds books by hand.`, count: 2 }, { 'user-agent': agents[who] });
    assert.equal(status, 200);
    sets[who] = { ...body, zip: Buffer.from(await (await fetch(site.url + body.archive.url)).arrayBuffer()) };
  }
});
after(async () => { await site?.stop(); rmSync(folder, { recursive: true, force: true }); });

const post = (path, fields, headers = {}) => fetch(site.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(fields) });
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
const ledger = () => site.officer(['audit', 'show', '--format', 'json']).stdout;
const exportsIn = (text) => JSON.parse(text).filter((e) => (e.name ?? e.event) === 'export').length;

// A ZIP taken apart: {names, of(name), json, manifest}; the promises of every export are checked on the way.
function taken(bytes, { password } = {}) {
  const file = join(folder, `${Math.random()}.zip`);
  const into = join(folder, `d${Math.random()}`);
  writeFileSync(file, bytes);
  mkdirSync(into);
  execFileSync('7zz', ['x', '-y', `-o${into}`, ...(password ? [`-p${password}`] : []), file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const names = execFileSync('bsdtar', ['-tf', file, ...(password ? ['--passphrase', password] : [])], { encoding: 'utf8' }).trim().split('\n');
  const of = (name) => readFileSync(join(into, name));
  const json = JSON.parse(of('export.json'));
  const manifest = JSON.parse(of('manifest.json'));
  assert.ok(validExport(json), JSON.stringify(validExport.errors));
  assert.ok(validManifest(manifest), JSON.stringify(validManifest.errors));
  assert.deepEqual(manifest.files.map((f) => f.path).sort(), names.filter((n) => n !== 'manifest.json').sort());
  for (const f of manifest.files) {
    assert.equal(hash(of(f.path)), f.sha256, f.path);
    assert.equal(of(f.path).length, f.bytes);
  }
  return { file, into, names, of, json, manifest, all: Buffer.concat(names.map(of)) };
}
const store = (got, name) => got.manifest.stores.find((s) => s.store === name);

test('the person gets all of his own, bit by bit, and nothing of another', async () => {
  const answer = await post('/api/export', { receipt: sets.mine.receipt });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/zip');
  assert.match(answer.headers.get('content-disposition'), /^attachment; filename="bizimages-my-data\.zip"$/);
  assert.match(answer.headers.get('cache-control'), /no-store/);
  const got = taken(Buffer.from(await answer.arrayBuffer()));
  assert.equal(got.json.complete, true);
  assert.deepEqual(got.json.records.map((r) => r.kind), ['archive']);
  const set = join(folder, 'set.zip');
  writeFileSync(set, sets.mine.zip);
  const inSet = execFileSync('unzip', ['-Z1', set], { encoding: 'utf8' }).trim().split('\n');
  assert.deepEqual(got.names.filter((n) => n.startsWith('files/1/')).map((n) => n.slice(8)).sort(), inSet.sort());
  for (const name of inSet) assert.ok(got.of(`files/1/${name}`).equals(execFileSync('unzip', ['-p', set, name], { maxBuffer: 1 << 28 })), name);
  assert.ok(inSet.filter((n) => n.startsWith('images/')).length === 2);
  assert.deepEqual(got.json.request_log.map((r) => r.user_agent), [agents.mine]);
  assert.equal(got.json.records[0].prompts.pictures.length, 2);
  assert.match(JSON.stringify(got.json), new RegExp(words.mine));
  assert.ok(!got.all.includes(words.other) && !got.all.includes(agents.other), 'nothing of the other');
  // What is about nobody, or nowhere, is named too.
  assert.equal(store(got, 'request-log').status, 'found');
  assert.equal(store(got, 'input').status, 'not-applicable');
  assert.equal(store(got, 'input').ground, 'memory-only');
  assert.equal(store(got, 'rights-request').status, 'none');
  assert.equal(store(got, 'files').found, inSet.length);
  // Article 15 in the page.
  const page = got.of('index.html').toString();
  for (const what of ['Article 6', 'No decision about you is made by a machine alone.', 'We build no profiles.', 'privacy@bizimages.example', words.mine, 'files/1/images/', agents.mine]) assert.ok(page.includes(what), what);
  assert.doesNotMatch(page, /<script|href="\/|src="http/);
});

test('no secret goes along: not the receipt, not a token, key or hash', async () => {
  const asked = await (await post('/api/rights', { right: 'access', receipt: sets.mine.receipt, contact: 'ada@example.org', message: `My receipt is ${sets.mine.receipt}.` })).json();
  const got = taken(Buffer.from(await (await post('/api/export', { id: asked.id, secret: asked.secret })).arrayBuffer()));
  assert.deepEqual(got.json.records.map((r) => r.kind).sort(), ['archive', 'rights-request']);
  assert.equal(got.json.records.find((r) => r.kind === 'rights-request').data.contact, 'ada@example.org');
  const zipToken = sets.mine.archive.url.match(/\/([\w-]{43})\.zip/)[1];
  const pictureToken = sets.mine.images[0].url.match(/\/pictures\/([\w-]{43})/)[1];
  const keys = [...execFileSync('sqlite3', [join(site.state, 'keys/keys.db'), 'select hex(wrapped) || char(10) || hex(id) from key'], { encoding: 'utf8' }).trim().split('\n'),
    ...execFileSync('sqlite3', [join(site.state, 'vault.db'), 'select hex(hash) from tag union all select hex(subject) from record'], { encoding: 'utf8' }).trim().split('\n')].filter(Boolean);
  assert.ok(keys.length > 4);
  const text = got.all.toString('latin1');
  for (const secret of [sets.mine.receipt, asked.secret, zipToken, pictureToken, ...keys, ...keys.map((k) => k.toLowerCase())])
    assert.ok(!text.includes(secret) && !got.all.includes(Buffer.from(secret, /^[0-9A-F]+$/i.test(secret) ? 'hex' : 'utf8')), secret);
  const redacted = Object.fromEntries(got.manifest.redactions.map((r) => [`${r.path.split('/').at(-1)} ${r.reason}`, r.count]));
  assert.equal(redacted['receipt secret'], 1);
  assert.equal(redacted['message secret'], 1);
  assert.match(got.json.records.find((r) => r.kind === 'rights-request').data.message, /^My receipt is \*{43}\.$/);
});

test('an export by a request answers it, with a certificate; one that names nothing stays open', async () => {
  const look = async ({ id, secret }) => (await fetch(`${site.url}/api/rights/${id}`, { headers: { authorization: `Bearer ${secret}` } })).json();
  for (const [fields, state] of [[{ right: 'access', receipt: sets.other.receipt }, 'fulfilled'], [{ right: 'rectification', receipt: sets.other.receipt, message: 'x' }, 'open'],
    [{ right: 'access', contact: 'nobody@example.org' }, 'open']]) {
    const asked = await (await post('/api/rights', fields)).json();
    assert.equal((await look(asked)).state, 'open');
    const answer = await post('/api/export', { id: asked.id, secret: asked.secret });
    assert.equal(answer.status, 200);
    await answer.arrayBuffer();
    const after = await look(asked);
    assert.equal(after.state, state, JSON.stringify(fields));
    assert.equal(after.certificate?.outcome, state === 'fulfilled' ? 'answered' : undefined);
    assert.equal(after.certificate?.operator_role, state === 'fulfilled' ? 'self-service' : undefined);
  }
});

test('a request tells its events and its answer; a note among officers is withheld and counted', async () => {
  const asked = await (await post('/api/rights', { right: 'rectification', contact: 'grace@example.org', message: 'My name is Grace.' })).json();
  for (const [act, text] of [['note', 'Rang twice, in a bad mood.'], ['answer', 'It was corrected.']]) {
    const run = site.officer(['requests', act, asked.id, '--text', '-'], { input: text });
    assert.equal(run.code, 0, run.stderr);
  }
  const got = taken(Buffer.from(await (await post('/api/export', { id: asked.id, secret: asked.secret })).arrayBuffer()));
  const { events } = got.json.records.find((r) => r.kind === 'rights-request').data;
  assert.equal(events.find((e) => e.event === 'answered').text, 'It was corrected.');
  assert.ok(!got.all.includes('bad mood'));
  assert.ok(got.manifest.redactions.some((r) => r.path.endsWith('/events/*') && r.reason === 'internal' && r.count >= 1), JSON.stringify(got.manifest.redactions));
});

test('a wrong receipt and an erased one get the same: everything was searched, nothing is kept, nothing is recorded', async () => {
  const made = (await generate(site, { description: 'A bakery with sourdough bread and a garden.', count: 1 })).body;
  assert.equal((await post('/api/erase', { receipt: made.receipt })).status, 200);
  const before = exportsIn(ledger());
  const shapes = [];
  for (const receipt of [made.receipt, 'A'.repeat(43)]) {
    const got = taken(Buffer.from(await (await post('/api/export', { receipt })).arrayBuffer()));
    assert.ok(got.manifest.stores.every((s) => s.found === 0 && ['none', 'not-applicable'].includes(s.status)));
    assert.deepEqual(got.json.records, []);
    shapes.push(JSON.stringify({ ...got.manifest, made: 0, files: got.manifest.files.map((f) => f.path) }));
  }
  assert.equal(shapes[0], shapes[1]);
  assert.equal(exportsIn(ledger()), before);
});

test('what is wrong is said; another site’s page cannot have it downloaded', async () => {
  assert.equal((await post('/api/export', {})).status, 422);
  assert.equal((await post('/api/export', { receipt: 'short' })).status, 422);
  assert.equal((await post('/api/export', { receipt: sets.mine.receipt, id: 'x', secret: 'y' })).status, 422);
  assert.equal((await post('/api/export', { id: '0'.repeat(32), secret: 'B'.repeat(43) })).status, 404);
  assert.equal((await post('/api/export', { receipt: sets.mine.receipt }, { 'sec-fetch-site': 'cross-site' })).status, 403);
  assert.equal((await fetch(`${site.url}/api/export`)).status, 405);
});

test('the officer: counted, encrypted, recorded with who and why, and the person sees it', async () => {
  const asked = await (await post('/api/rights', { right: 'access', receipt: sets.mine.receipt })).json();
  const counted = site.officer(['access', '--request', asked.id.slice(0, 12), '--format', 'json']);
  assert.equal(counted.code, 0, counted.stderr);
  assert.equal(JSON.parse(counted.stdout).find((s) => s.store === 'archive').given, 1);
  const text = site.officer(['access', '--receipt', '-'], { input: `${sets.mine.receipt}\n` });
  assert.ok(text.stdout.split('\n').every((line) => line.length <= 80), text.stdout);
  const file = join(folder, 'officer.zip');
  const pass = join(folder, 'pass');
  writeFileSync(pass, 'eleven char\n');
  const weak = site.officer(['export', '--request', asked.id, '--output', file, '--passphrase', `@${pass}`, '--reason', 'asked by letter']);
  assert.deepEqual([weak.code, /soon guessed/.test(weak.stderr)], [2, true]);
  assert.ok(!existsSync(file));
  writeFileSync(pass, 'correct horse battery\n');
  const before = exportsIn(ledger());
  const run = site.officer(['export', '--request', asked.id, '--output', file, '--passphrase', `@${pass}`, '--reason', 'asked by letter'], { more: { SUDO_USER: 'adaofficer' } });
  assert.equal(run.code, 0, run.stderr);
  assert.equal(run.stdout, '');
  assert.ok(exportsIn(ledger()) > before);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.ok(!readFileSync(file).includes(words.mine));
  const got = taken(readFileSync(file), { password: 'correct horse battery' });
  // The set, this request, and the earlier one that names the same receipt.
  assert.deepEqual(got.json.records.map((r) => r.kind).sort(), ['archive', 'rights-request', 'rights-request']);
  assert.match(execFileSync('7zz', ['l', '-slt', '-pcorrect horse battery', file], { encoding: 'utf8' }), /Method = AES-256/);
  const wrong = spawnSync('7zz', ['t', '-pwrong', file], { encoding: 'utf8' });
  assert.notEqual(wrong.status, 0);
  // The ledger has for which request, and neither who nor why.
  const entry = JSON.parse(JSON.parse(ledger()).filter((e) => e.event === 'export').at(-1).details);
  assert.deepEqual([entry.by, entry.request], ['officer', asked.id]);
  assert.doesNotMatch(ledger(), /adaofficer|asked by letter/);
  // It is in the person's next copy.
  const seen = taken(Buffer.from(await (await post('/api/export', { receipt: sets.mine.receipt })).arrayBuffer())).json.seen_by;
  assert.ok(seen.some((s) => s.officer === (process.getuid() === 0 ? 'adaofficer' : userInfo().username) && s.reason === 'asked by letter'), JSON.stringify(seen));
  const others = taken(Buffer.from(await (await post('/api/export', { receipt: sets.other.receipt })).arrayBuffer())).json.seen_by;
  assert.deepEqual(others, []);
  // Usage.
  assert.equal(site.officer(['export', '--record', '0'.repeat(32), '--output', join(folder, 'x.zip')]).code, 2, 'no reason');
  assert.equal(site.officer(['export', '--receipt', sets.mine.receipt, '--reason', 'x', '--output', join(folder, 'x.zip')]).code, 2, 'in the command line');
});

test('damage makes it partial, and it says so everywhere', async () => {
  const made = (await generate(site, { description: 'A flower shop with tulips and roses.', count: 1 })).body;
  const asked = taken(Buffer.from(await (await post('/api/export', { receipt: made.receipt })).arrayBuffer()));
  const spool = join(site.run, 'spool', `${asked.json.records[0].id}.zip`);
  const bytes = readFileSync(spool);
  bytes[bytes.indexOf('IHDR') + 600] ^= 0xff; // in the middle of a picture
  writeFileSync(spool, bytes);
  const got = taken(Buffer.from(await (await post('/api/export', { receipt: made.receipt })).arrayBuffer()));
  assert.equal(got.json.complete, false);
  assert.equal(got.manifest.complete, false);
  assert.equal(store(got, 'files').status, 'failed');
  assert.match(got.of('index.html').toString(), /not complete/);
  execFileSync('sqlite3', [join(site.state, 'vault.db'), `update record set body = zeroblob(length(body)) where id = '${asked.json.records[0].id}'`]);
  const file = join(folder, 'damaged.zip');
  const run = site.officer(['export', '--receipt', '-', '--reason', 'test', '--output', file], { input: made.receipt });
  assert.equal(run.code, 1);
  assert.match(run.stderr, /PARTIAL/);
  const damaged = taken(readFileSync(file));
  assert.equal(store(damaged, 'archive').status, 'failed');
  assert.deepEqual(store(damaged, 'archive').withheld, [{ ground: 'unreadable', count: 1 }]);
});

test('killed in the middle, it leaves nothing behind', async () => {
  const into = join(folder, 'killed');
  mkdirSync(into);
  const env = { ...process.env, LETHE_STATE: site.state, LETHE_RUN: site.run, LETHE_POLICY: join(root, 'policy/sites/bizimages.xml') };
  for (const ms of [5, 15, 25, 40]) {
    const child = spawn(lethe, ['export', '--receipt', '-', '--reason', 'test', '--output', join(into, 'x.zip')], { env, stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin.end(sets.mine.receipt);
    const gone = new Promise((r) => child.once('exit', r));
    setTimeout(() => child.kill('SIGKILL'), ms);
    await gone;
    if (!readdirSync(into).length) continue;
    assert.deepEqual(readdirSync(into), ['x.zip']); // it was whole already
    taken(readFileSync(join(into, 'x.zip')));
    rmSync(join(into, 'x.zip'));
  }
  // The person's copy is nowhere on the server.
  await (await post('/api/export', { receipt: sets.mine.receipt })).arrayBuffer();
  assert.deepEqual(filesHolding('lethe-export/1', [site.state, site.run]), []);
});
