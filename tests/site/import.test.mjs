// SPDX-License-Identifier: ISC
// Portability: what one Lethe exports, another imports: the person has the same bytes there, no longer than its policy says, once, and all of it or
// nothing. What comes is taken for hostile.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesHolding, generate, lethe, policyWithDisk, root, startSite } from './harness.mjs';

const word = `Capercaillie${process.pid}`;
let folder;
let from; // the site that the person leaves
let to; // and the one that he goes to, which keeps its ZIPs on a disk
let made;
const xml = (site) => readFileSync(join(root, `policy/sites/${site}.xml`), 'utf8');
const variant = (name, change) => {
  const file = join(folder, `${name}.xml`);
  writeFileSync(file, change(xml('bizimages')));
  return file;
};
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-import-'));
  const policy = policyWithDisk(folder);
  from = await startSite();
  to = await startSite({ policy, env: { LETHE_POLICY: policy } });
  made = (await generate(from, { description: `A workshop called ${word} that binds books by hand.`, count: 2, thumbnails: true })).body;
});
after(async () => { await from?.stop(); await to?.stop(); rmSync(folder, { recursive: true, force: true }); });

const post = (site, path, fields) => fetch(site.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fields) });
const bytesOf = async (site, path) => Buffer.from(await (await fetch(site.url + path)).arrayBuffer());
const exported = async (site, receipt) => Buffer.from(await (await post(site, '/api/export', { receipt })).arrayBuffer());
const count = (site, kind) => Number(execFileSync('sqlite3', [join(site.state, 'vault.db'), `select count(*) from record where kind = '${kind}'`], { encoding: 'utf8' }));
const save = (name, bytes) => { const file = join(folder, name); writeFileSync(file, bytes); return file; };
const run = (file, options = [], more = {}) => to.officer(['import', file, ...options], more);
const json = (file, options = []) => {
  const ran = run(file, ['--format', 'json', ...options]);
  return { ...ran, out: JSON.parse(ran.stdout || 'null') };
};
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
// An export taken apart, to be changed and put together again; `honest` leaves its manifest true to what is in it.
function changed(bytes, change, { honest = true } = {}) {
  const into = mkdtempSync(join(folder, 'x-'));
  const zip = save('to-change.zip', bytes);
  execFileSync('7zz', ['x', '-y', `-o${into}`, zip], { stdio: 'ignore' });
  const path = (name) => join(into, name);
  const read = (name) => JSON.parse(readFileSync(path(name), 'utf8'));
  const write = (name, value) => writeFileSync(path(name), typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value));
  change({ path, read, write });
  if (honest) {
    const names = execFileSync('find', ['.', '-type', 'f', '-printf', '%P\n'], { cwd: into, encoding: 'utf8' }).trim().split('\n').filter((n) => n !== 'manifest.json');
    const files = names.map((n) => ({ path: n, bytes: readFileSync(path(n)).length, sha256: hash(readFileSync(path(n))) }));
    const doc = read('export.json');
    for (const r of doc.records) r.files = r.files.map((f) => files.find((g) => g.path === f.path) ?? f);
    write('export.json', doc);
    const at = files.find((f) => f.path === 'export.json');
    Object.assign(at, { bytes: readFileSync(path('export.json')).length, sha256: hash(readFileSync(path('export.json'))) });
    write('manifest.json', { ...read('manifest.json'), files });
  }
  const out = join(into, '..', `${hash(into).slice(0, 12)}.zip`);
  execFileSync('bsdtar', ['-cf', out, '--format=zip', '-C', into, '.'], { stdio: 'ignore' });
  // Names without the "./" that bsdtar puts before them, and without folders.
  rmSync(out);
  execFileSync('sh', ['-c', `cd "${into}" && zip -q -y -D -r "${out}" .`]);
  return out;
}

test('a round trip: dry, then stored; the same bytes, words and times, under a new receipt; once', async () => {
  const original = await exported(from, made.receipt);
  const file = save('mine.zip', original);
  const before = to.officer(['audit', 'show', '--format', 'json']).stdout;
  const dry = json(file, ['--dry-run']);
  assert.equal(dry.code, 0, dry.stderr);
  assert.equal(dry.out.receipt, undefined);
  assert.equal(count(to, 'archive'), 0);
  assert.equal(to.officer(['audit', 'show', '--format', 'json']).stdout, before);

  const took = json(file, ['--reason', 'moved here']);
  assert.equal(took.code, 0, took.stderr);
  assert.deepEqual(took.out.items.map((i) => [i.data, i.result]), [['archive', 'taken'], ['request-log', 'not-portable']]);
  assert.match(took.out.items[1].why, /other site/);
  assert.match(took.out.receipt, /^[\w-]{43}$/);
  assert.notEqual(took.out.receipt, made.receipt);
  const events = JSON.parse(to.officer(['audit', 'show', '--format', 'json']).stdout).filter((e) => (e.name ?? e.event) === 'import');
  assert.equal(events.length, 1);
  assert.doesNotMatch(JSON.stringify(events), /moved here/);

  // Field by field. What differs by nature: ids, when it was stored here, whom the other site sent it to.
  const part = (zip) => {
    const at = save('part.zip', zip);
    const names = execFileSync('unzip', ['-Z1', at], { encoding: 'utf8' }).trim().split('\n');
    const of = (name) => execFileSync('unzip', ['-p', at, name], { maxBuffer: 1 << 28 });
    return { json: JSON.parse(of('export.json')), files: Object.fromEntries(names.filter((n) => n.startsWith('files/')).map((n) => [n, hash(of(n))])) };
  };
  const a = part(original);
  const b = part(await exported(to, took.out.receipt));
  const [before_, after_] = [a.json.records[0], b.json.records[0]];
  assert.deepEqual(b.files, a.files);
  assert.ok(Object.keys(a.files).filter((n) => /images|thumbnails/.test(n)).length === 4);
  assert.deepEqual(after_.files, before_.files);
  assert.deepEqual(after_.prompts, before_.prompts);
  assert.equal(after_.ends, before_.ends);
  assert.ok(after_.stored >= before_.stored);
  assert.deepEqual({ ...after_.data, bytes: 0 }, { ...before_.data, bytes: 0, sent_to: [] });
  assert.deepEqual(b.json.recipients, []);
  assert.deepEqual(b.json.request_log, []);
  assert.deepEqual(b.json.seen_by.map((s) => [s.what, s.reason]), [['import', 'moved here']]);

  // The person has it as every other set: the ZIP, its pictures, its thumbnails.
  const zip = await bytesOf(to, took.out.addresses[0]);
  assert.equal(execFileSync('unzip', ['-tq', save('set.zip', zip)]).includes('No errors'), true);
  const told = await (await fetch(`${to.url}/api/generate/${took.out.receipt}`)).text();
  const pictures = [...told.matchAll(/"url":"(\/pictures\/[^"]+)"/g)].map((m) => m[1]);
  assert.equal(pictures.length, 2);
  const sums = Object.values(a.files);
  for (const url of pictures) for (const small of ['', 't']) assert.ok(sums.includes(hash(await bytesOf(to, url + small))), url + small);
  assert.deepEqual(filesHolding(word, [to.state]), []); // sealed where it lies on the disk

  // Once.
  const again = json(file);
  assert.equal(again.code, 0, again.stderr);
  assert.equal(again.out.items[0].result, 'already-here');
  assert.equal(again.out.receipt, undefined);
  assert.match(again.stderr, /already here/);
  assert.equal(count(to, 'archive'), 1);
  // Where it came from it is known, too.
  const own = from.officer(['import', file, '--format', 'json']);
  assert.equal(JSON.parse(own.stdout).items[0].result, 'already-here');

  // It ends as all else does.
  assert.equal((await post(to, '/api/erase', { receipt: took.out.receipt })).status, 200);
  assert.equal(count(to, 'archive'), 0);
  assert.equal((await fetch(to.url + took.out.addresses[0])).status, 404);
  assert.equal(to.officer(['check']).stdout.includes('drift'), false);
});

test('an encrypted export opens with its passphrase alone', async () => {
  const pass = save('pass', 'correct horse battery\n');
  const file = join(folder, 'sealed-export.zip');
  const wrote = from.officer(['export', '--receipt', '-', '--reason', 'x', '--passphrase', `@${pass}`, '--output', file], { input: made.receipt });
  assert.equal(wrote.code, 0, wrote.stderr);
  assert.match(run(file, ['--dry-run']).stderr, /--passphrase/);
  const wrong = run(file, ['--dry-run', '--passphrase', '-'], { input: 'wrong' });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /passphrase/);
  const right = run(file, ['--dry-run', '--passphrase', `@${pass}`]);
  assert.equal(right.code, 0, right.stderr);
  assert.match(right.stdout, /^taken +archive, until /m);
  assert.ok(right.stdout.split('\n').every((line) => line.length <= 80), right.stdout);
});

test('what the policy has no place for is left, and said to be', async () => {
  const bytes = await exported(from, made.receipt);
  const results = (file, more) => JSON.parse(to.officer(['import', file, '--dry-run', '--format', 'json'], more).stdout).items.map((i) => `${i.data} ${i.result}`);
  const old = changed(bytes, ({ read, write }) => { const d = read('export.json'); d.records[0].stored = '2020-02-02T02:02:02Z'; write('export.json', d); });
  assert.ok(results(old).includes('archive over'));
  const others = changed(bytes, ({ read, write }) => {
    const d = read('export.json');
    for (const kind of ['rights-request', 'consent', 'gallery', 'sort-of-new'])
      d.records.push({ ...d.records[0], kind, id: hash(kind).slice(0, 32), number: d.records.length + 1, files: [], data: {} });
    write('export.json', d);
  });
  assert.deepEqual(results(others), ['archive taken', 'rights-request not-portable', 'consent not-portable', 'gallery unknown', 'sort-of-new unknown', 'request-log not-portable', 'ledger not-portable']);
  const lacks = changed(bytes, ({ path, read, write }) => {
    const d = read('export.json');
    const gone = d.records[0].files.find((f) => f.path.includes('/images/02'));
    d.records[0].files = d.records[0].files.filter((f) => f !== gone);
    rmSync(path(gone.path));
    write('export.json', d);
  });
  assert.ok(results(lacks).includes('archive incomplete'));
  // A time to come is no longer life than a policy gives.
  const future = changed(bytes, ({ read, write }) => { const d = read('export.json'); d.records[0].stored = '2999-01-01T00:00:00Z'; write('export.json', d); });
  const [item] = JSON.parse(to.officer(['import', future, '--dry-run', '--format', 'json']).stdout).items;
  assert.ok(Date.parse(item.until) <= Date.now() + 3600 * 1000, item.until);
  // Policies that have no archive, or keep it in memory: `lethe import` goes by the one in force, so each has a site of its own.
  const state = mkdtempSync(join(folder, 'none-'));
  const env = { LETHE_STATE: join(state, 's'), LETHE_RUN: join(state, 'r'), LETHE_POLICY: join(root, 'policy/sites/blogimg.xml'), LETHE_ALLOW_UNBUILT: '1' };
  mkdirSync(env.LETHE_STATE);
  mkdirSync(env.LETHE_RUN);
  assert.equal(to.officer(['keys', 'init'], { more: env }).code, 0);
  assert.ok(results(save('mine.zip', bytes), { more: env, policy: env.LETHE_POLICY }).some((r) => /^archive (no-kind|memory-only)$/.test(r)));
});

test('what was altered, or is no export, is refused whole', async () => {
  const bytes = await exported(from, made.receipt);
  const before = count(to, 'archive');
  const image = ({ read }) => read('export.json').records[0].files.find((f) => f.path.includes('/images/')).path;
  const record = (change) => ({ read, write }) => { const d = read('export.json'); change(d.records[0], d); write('export.json', d); };
  const cases = {
    'a picture': [(x) => { const b = readFileSync(x.path(image(x))); b[900] ^= 1; x.write(image(x), b); }, false, /altered or is damaged/],
    'a picture, the lists made to fit': [(x) => x.write(image(x), 'GIF89a no picture'), true, /images\/0\d/],
    'something that the lists do not have': [(x) => x.write('files/1/more.exe', 'MZ'), false, /not in manifest/],
    'something more, and listed': [(x) => { x.write('files/1/more.exe', 'MZ'); record((r) => r.files.push({ path: 'files/1/more.exe', bytes: 0, sha256: '' }))(x); }, true, /no file of a set|not allowed/],
    'something listed that is not there': [(x) => { const m = x.read('manifest.json'); m.files.push({ path: 'files/1/none.png', bytes: 1, sha256: '0'.repeat(64) }); x.write('manifest.json', m); }, false, /not in it/],
    'a link': [(x) => symlinkSync('/etc/passwd', x.path('files/1/link.png')), false, /not a file/],
    'no manifest': [(x) => rmSync(x.path('manifest.json')), false, /manifest\.json is missing/],
    'no JSON': [(x) => x.write('export.json', '{'), true, /JSON|export\.json/],
    'another format': [record((r, d) => { d.format = 'lethe-export/2'; }), true, /lethe-export\/1/],
    'an id that is none': [record((r) => { r.id = '../../etc'; }), true, /id/],
    'a time that is none': [record((r) => { r.stored = 'tomorrow'; }), true, /stored/],
    'a set of a thousand': [record((r) => { r.data.count = 1000; }), true, /how many/],
    'a picture twice': [record((r) => { r.data.pictures[1].index = 0; }), true, /twice/],
    'data that is a list': [record((r) => { r.data = []; }), true, /no object/],
    'prompts that are none': [(x) => x.write('files/1/prompts.json', '["'), true, /prompts/],
  };
  for (const [name, [change, honest, why]] of Object.entries(cases)) {
    let file;
    try { file = changed(bytes, change, { honest }); } catch (error) {
      if (name !== 'no JSON') throw error; // the helper itself cannot make the lists fit
      file = changed(bytes, change, { honest: false });
    }
    const ran = run(file);
    assert.equal(ran.code, 2, `${name}: ${ran.stdout}${ran.stderr}`);
    assert.match(ran.stderr, why, name);
    assert.match(ran.stderr, /nothing was stored/, name);
    assert.equal(ran.stdout, '', name);
  }
  for (const [name, wrong] of [['cut', bytes.subarray(0, bytes.length / 2)], ['empty', Buffer.alloc(0)], ['text', Buffer.from('PK, not')]]) assert.equal(run(save(`${name}.zip`, wrong)).code, 2, name);
  assert.equal(run(join(folder, 'nowhere.zip')).code, 2);
  assert.equal(count(to, 'archive'), before);
  assert.deepEqual(readdirSync(join(to.state, 'spool')).filter((n) => n.startsWith('new-')), []);
});

test('what a picture carries beside its pixels stays behind, and it says that a machine made it', async () => {
  const bytes = await exported(from, made.receipt);
  const secret = `Hidden${process.pid}`;
  const file = changed(bytes, (x) => {
    const path = x.read('export.json').records[0].files.find((f) => f.path.includes('/images/')).path;
    const png = readFileSync(x.path(path));
    const data = Buffer.from(`Comment\0${secret}`);
    const chunk = Buffer.concat([Buffer.alloc(4), Buffer.from('tEXt'), data, Buffer.alloc(4)]);
    chunk.writeUInt32BE(data.length, 0);
    let crc = ~0;
    for (const b of chunk.subarray(4, 8 + data.length)) { crc ^= b; for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1; }
    chunk.writeUInt32BE(~crc >>> 0, 8 + data.length);
    x.write(path, Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]));
  });
  const took = json(file);
  assert.equal(took.code, 0, took.stderr);
  const zip = await bytesOf(to, took.out.addresses[0]);
  assert.ok(!zip.includes(secret));
  assert.ok(zip.includes('DigitalSourceType'));
  assert.equal((await post(to, '/api/erase', { receipt: took.out.receipt })).status, 200);
});

test('killed in the middle, nothing is half there: it is all in, with the receipt that was printed, or not at all', async () => {
  const file = save('mine.zip', await exported(from, made.receipt));
  const policy = join(folder, 'policy.xml');
  const env = { ...process.env, LETHE_STATE: to.state, LETHE_RUN: to.run, LETHE_POLICY: policy };
  let whole = 0;
  let none = 0;
  for (let ms = 4; ms < 400 && (whole < 2 || none < 2); ms = Math.ceil(ms * 1.35)) {
    const child = spawn(lethe, ['import', file, '--format', 'json'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    let out = '';
    child.stdout.on('data', (d) => { out += d; });
    const gone = new Promise((r) => child.once('close', r));
    const timer = setTimeout(() => child.kill('SIGKILL'), ms);
    await gone;
    clearTimeout(timer);
    const receipt = /"receipt":\s*"([\w-]{43})"/.exec(out)?.[1];
    const stored = count(to, 'archive');
    if (stored === 0) { none++; continue; }
    whole++;
    assert.equal(stored, 1);
    assert.ok(receipt, 'what is stored has a receipt that was told');
    assert.equal((await post(to, '/api/erase', { receipt })).status, 200);
    assert.equal(count(to, 'archive'), 0);
  }
  assert.ok(whole > 0 && none > 0, `${whole} whole, ${none} not at all`);
  // What was left in the spool goes with the next that writes there; here one that nobody disturbs.
  const last = json(file);
  assert.equal(last.code, 0, last.stderr);
  assert.equal(last.out.taken, 1);
});

test('two at once store it once', async () => {
  const again = await generate(from, { description: 'A bakery with sourdough bread and a garden.', count: 1 });
  const file = save('twice.zip', await exported(from, again.body.receipt));
  const env = { ...process.env, LETHE_STATE: to.state, LETHE_RUN: to.run, LETHE_POLICY: join(folder, 'policy.xml') };
  const before = count(to, 'archive');
  const codes = await Promise.all([0, 1, 2].map(() => new Promise((resolve) => {
    spawn(lethe, ['import', file], { env, stdio: 'ignore' }).once('exit', resolve);
  })));
  assert.equal(count(to, 'archive'), before + 1, String(codes));
  assert.ok(codes.includes(0));
});
