// SPDX-License-Identifier: ISC
// What the site hands out as proof, checked as others would: over HTTP alone, with openssl, with a Merkle tree written anew from RFC 6962, and
// with golang.org/x/mod/sumdb.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { forge } from './forge.mjs';
import { generate, lethe, root, startSite } from './harness.mjs';

let site, certificate, receipt, program;
const sha256 = (...parts) => { const h = createHash('sha256'); for (const part of parts) h.update(part); return h.digest(); };
const leafHash = (entry) => sha256(Buffer.of(0), entry);
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);
const split = (n) => { let k = 1; while (k * 2 < n) k *= 2; return k; };
// MTH of RFC 6962 §2.1, and the root that a path leads to (§2.1.1), as they stand there.
const treeHash = (leaves) => leaves.length === 0 ? sha256() : leaves.length === 1 ? leaves[0] : nodeHash(treeHash(leaves.slice(0, split(leaves.length))), treeHash(leaves.slice(split(leaves.length))));
const rootOf = (hash, index, size, path) => {
  if (size === 1) { assert.equal(path.length, 0); return hash; }
  const k = split(size), top = path.at(-1), rest = path.slice(0, -1);
  return index < k ? nodeHash(rootOf(hash, index, k, rest), top) : nodeHash(top, rootOf(hash, index - k, size - k, rest));
};

// C2SP signed-note: the text, and whether openssl says that the key signed it.
function openNote(note, key) {
  const [name, id, ...rest] = key.split('+'), typed = Buffer.from(rest.join('+'), 'base64');
  assert.equal(typed[0], 1);
  assert.equal(sha256(Buffer.from(`${name}\n`), typed).subarray(0, 4).toString('hex'), id);
  const cut = note.lastIndexOf('\n\n'), text = note.slice(0, cut + 1), lines = note.slice(cut + 2).split('\n');
  assert.equal(lines.pop(), '');
  const blobs = lines.map((line) => (assert.ok(line.startsWith(`— ${name} `)), Buffer.from(line.slice(`— ${name} `.length), 'base64')));
  const blob = blobs.find((one) => one.subarray(0, 4).toString('hex') === id);
  assert.ok(blob, 'one signature is by this key');
  const at = (file) => join(site.base, file);
  writeFileSync(at('key.der'), Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), typed.subarray(1)]));
  writeFileSync(at('text'), text);
  writeFileSync(at('signature'), blob.subarray(4));
  const { status } = spawnSync('openssl', ['pkeyutl', '-verify', '-pubin', '-keyform', 'DER', '-inkey', at('key.der'), '-rawin', '-in', at('text'), '-sigfile', at('signature')]);
  return { text, good: status === 0 };
}
function readCheckpoint(note, key) {
  const { text, good } = openNote(note, key);
  assert.ok(good, 'openssl verifies the signature');
  const [origin, size, root, ...more] = text.split('\n'), end = more.pop();
  assert.equal(origin, key.split('+')[0]);
  assert.equal(end, '');
  return { size: Number(size), root: Buffer.from(root, 'base64'), more };
}
const sorted = (value) => Array.isArray(value) ? value.map(sorted) : value !== null && typeof value === 'object' ? Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])])) : value;
const text = async (path) => { const answer = await fetch(site.url + path); assert.equal(answer.status, 200, path); return answer.text(); };
const bytes = async (path) => { const answer = await fetch(site.url + path); assert.equal(answer.status, 200, path); return Buffer.from(await answer.arrayBuffer()); };
const erase = async () => {
  ({ body: { receipt } } = await generate(site, { description: 'A bakery in a small town that bakes bread with its own sourdough', count: 1 }));
  return (await fetch(`${site.url}/api/erase`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ receipt }) })).json();
};
const sign = () => assert.equal(site.officer(['prune', '--ahead', 'PT2M', '--quiet']).code, 0);
const hasProof = async (c) => ({ ...c, evidence: { ...c.evidence, proof: await text(`/api/proofs/${c.evidence.entry.index}`) } });
// With neither a store nor a policy.
const check = (c, key) => {
  const file = join(site.base, 'certificate.json');
  writeFileSync(file, typeof c === 'string' ? c : JSON.stringify(c, null, 2));
  return spawnSync(lethe, ['audit', 'verify', '--certificate', file, '--key', key], { encoding: 'utf8', env: { LETHE_STATE: '/nowhere', LETHE_POLICY: '/nowhere' } });
};

// tests/peers/verify_log.go: the code of Go's checksum database.
const independent = (words, input) => spawnSync(program, words, { encoding: 'utf8', input });

before(async () => {
  site = await startSite();
  program = join(site.base, 'verify_log');
  const built = spawnSync('go', ['build', '-o', program, join(root, 'tests/peers/verify_log.go')], { encoding: 'utf8', env: { PATH: process.env.PATH, GOPATH: '/usr/share/gocode', GO111MODULE: 'off', GOCACHE: join(site.base, 'go') } });
  assert.equal(built.status, 0, built.stderr);
  certificate = await erase();
});
after(() => site?.stop());

test('a certificate is signed within a minute, and holds for whoever has the key alone', async () => {
  const key = readFileSync(join(site.state, 'keys/ledger.pub'), 'utf8').trim();
  assert.equal(certificate.evidence.proof, null);
  assert.equal(check(certificate, key).status, 5, 'not signed yet');
  assert.equal((await fetch(`${site.url}/api/proofs/${certificate.evidence.entry.index}`)).status, 404);
  sign();
  const whole = await hasProof(certificate), answer = check(whole, key);
  assert.equal(answer.status, 0, answer.stderr);
  assert.match(answer.stdout, /^the certificate holds: /);
  assert.equal(check({ ...whole, executed_at: '2026-01-01T00:00:00Z' }, key).status, 1);
  assert.equal(check({ ...whole, stores: whole.stores.map((s) => ({ ...s, erased: s.erased + 1 })) }, key).status, 1);
  assert.equal(check({ ...whole, evidence: { ...whole.evidence, proof: whole.evidence.proof.replace(/(index \d+\n)(.)/, (_, head, one) => head + (one === 'A' ? 'B' : 'A')) } }, key).status, 1);
  assert.equal(check('no certificate', key).status, 5);
  // As it was handed out, with its proof behind it.
  const proof = whole.evidence.proof;
  for (const between of ['', '\n']) assert.equal(check(`${JSON.stringify(certificate, null, 2)}${between}${proof}`, key).status, 0);
  assert.equal(check(`${JSON.stringify({ ...certificate, executed_at: '2026-01-01T00:00:00Z' })}\n${proof}`, key).status, 1);
  assert.equal(check(`${JSON.stringify(certificate)}\n${proof.replace(/(index \d+\n)(.)/, (_, head, one) => head + (one === 'A' ? 'B' : 'A'))}`, key).status, 1);
  assert.equal(check(`${JSON.stringify(certificate)}\nsomething\n${proof}`, key).status, 5);
  assert.equal(check(proof, key).status, 5);
  assert.equal(createHmac('sha256', Buffer.from(whole.evidence.salt, 'hex')).update(`subject\0${receipt}`).digest('hex'), whole.subject_ref);
  assert.ok(!JSON.stringify(whole).includes(receipt));
});

test('over HTTP alone: the checkpoint, the tiles, the entries and the certificate lead to one root', async () => {
  sign();
  const { origin, key, minimum_index: minimum, size: told } = JSON.parse(await text('/.well-known/ledger.json'));
  const note = await text('/.well-known/checkpoint'), { size, root } = readCheckpoint(note, key);
  assert.equal(await text('/checkpoint'), note);
  assert.equal(key.split('+')[0], origin);
  assert.deepEqual([minimum, told], [0, size]);
  const hashes = await bytes(`/tile/0/000.p/${size}`), entries = await bytes(`/tile/entries/000.p/${size}`);
  const leaves = [...Array(size)].map((_, i) => hashes.subarray(32 * i, 32 * i + 32));
  assert.deepEqual(treeHash(leaves), root);
  const list = [];
  for (let at = 0; at < entries.length;) { const len = entries.readUInt16BE(at); list.push(entries.subarray(at + 2, at + 2 + len)); at += 2 + len; }
  assert.equal(list.length, size);
  list.forEach((entry, i) => assert.deepEqual(leafHash(entry), leaves[i]));
  const { index, details } = certificate.evidence.entry, { evidence, ...facts } = certificate;
  assert.equal(JSON.parse(details).sha256, sha256(JSON.stringify(sorted(facts))).toString('hex'));
  assert.ok(list[index].subarray(0, -32).toString().endsWith(`\ncertificate\n${evidence.entry.policy}\n${details}\n`));
  // And the proof that is handed out, by the formula of the standard.
  const proof = await text(`/api/proofs/${index}`), cut = proof.indexOf('\n\n');
  const [first, second, ...path] = proof.slice(0, cut).split('\n');
  assert.deepEqual([first, second], ['c2sp.org/tlog-proof@v1', `index ${index}`]);
  const under = readCheckpoint(proof.slice(cut + 2), key);
  assert.deepEqual(rootOf(leafHash(list[index]), index, under.size, path.map((line) => Buffer.from(line, 'base64'))), under.root);
  assert.ok(!openNote(note.replace(/\n(\d+)\n/, (_, n) => `\n${Number(n) + 1}\n`), key).good, 'an altered note does not verify');
});

test('the code of Go’s checksum database finds the same: notes, inclusion, and that the tree only grew', async () => {
  sign();
  const { key } = JSON.parse(await text('/.well-known/ledger.json'));
  const at = (file, content) => { writeFileSync(join(site.base, file), content); return join(site.base, file); };
  const log = async () => {
    const note = await text('/.well-known/checkpoint'), size = Number(note.split('\n')[1]);
    return { note, size, leaves: await bytes(`/tile/0/000.p/${size}`), entries: await bytes(`/tile/entries/000.p/${size}`) };
  };
  const older = await log(), list = [];
  for (let n = 0; n < older.entries.length;) { const len = older.entries.readUInt16BE(n); list.push(older.entries.subarray(n + 2, n + 2 + len)); n += 2 + len; }
  const { index } = certificate.evidence.entry, proof = await text(`/api/proofs/${index}`);
  const entry = at('entry', list[index]), other = at('other', list[index - 1]), first = at('older', older.note);
  const holds = ({ status, stdout, stderr }, what) => { assert.equal(status, 0, stderr); assert.match(stdout, what); };
  const not = ({ status, stderr }) => { assert.equal(status, 1); assert.match(stderr, /^DOES NOT HOLD: /); };
  holds(independent([key, 'proof', entry], proof), new RegExp(`^holds: entry ${index} of \\d+\n$`));
  not(independent([key, 'proof', other], proof));
  not(independent([key, 'proof', entry], proof.replace(/(\n\n.+\n)(\d+\n)/, '$11$2')));
  holds(independent([key, 'tree', first], older.leaves), new RegExp(`^holds: a tree of ${older.size}\n$`));
  not(independent([key, 'tree', first], Buffer.concat([older.leaves.subarray(0, 40), Buffer.of(older.leaves[40] ^ 1), older.leaves.subarray(41)])));
  const told = at('authority', 'A court');
  assert.equal(site.officer(['authority', 'add', '--authority', `@${told}`, '--asked', `@${told}`, '--ground', 'court-order']).code, 0);
  await erase();
  sign();
  assert.match(await text('/privacy/live'), /<dt>Requests of authorities<\/dt>\s*<dd>1, of which 0 were given data<\/dd>/);
  const newer = await log(), second = at('newer', newer.note);
  assert.ok(newer.size > older.size);
  assert.match(newer.note, /^.+\n\d+\n.+\nauthorities /, 'a line of our own stands behind the root');
  holds(independent([key, 'prefix', second, first], newer.leaves), new RegExp(`^holds: a tree of ${newer.size}\n$`));
});

test('full tiles stay, partial ones that were signed until they are full, and what is published is the same whenever it is published', async () => {
  const at = (path) => join(site.state, 'publish/html', path);
  const { size: before } = JSON.parse(await text('/.well-known/ledger.json'));
  const many = [...Array(60)].map(() => fetch(`${site.url}/api/rights`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ right: 'access', contact: 'someone@example.org' }) }));
  assert.ok((await Promise.all(many)).some(({ status }) => status === 201));
  certificate = await erase();
  sign();
  const { size } = JSON.parse(await text('/.well-known/ledger.json'));
  assert.ok(size > before);
  assert.ok((await bytes(`/tile/0/000.p/${size}`)).subarray(0, before * 32).equals(await bytes(`/tile/0/000.p/${before}`)), 'for who has the older checkpoint');
  assert.ok(existsSync(at(`tile/0/000.p/${size}`)));
  assert.ok(gunzipSync(readFileSync(at(`tile/entries/000.p/${size}.gz`))).length > 0);
  const tiles = readFileSync(at(`tile/0/000.p/${size}`));
  writeFileSync(at('.well-known/checkpoint'), 'damaged');
  writeFileSync(at(`tile/0/000.p/${size}`), 'damaged');
  assert.equal(site.officer(['audit', 'checkpoint']).code, 0);
  assert.deepEqual(readFileSync(at(`tile/0/000.p/${size}`)), tiles, 'made anew');
});

test('a bundle for an auditor is verified by its own script, with Python and openssl alone', async () => {
  const folder = join(site.base, 'bundle'), key = readFileSync(join(site.state, 'keys/ledger.pub'), 'utf8').trim();
  const made = site.officer(['audit', 'bundle', folder]);
  assert.equal(made.code, 0, made.stderr);
  for (const name of ['policy/active.xml', 'policy/notice.md', 'register.json', 'check.json', 'audit-verify.json', 'ledger.json', 'README.txt', 'log/.well-known/checkpoint']) assert.ok(existsSync(join(folder, name)), name);
  assert.equal(site.officer(['audit', 'bundle', folder]).code, 2, 'a folder that is there is left alone');
  assert.equal(JSON.parse(readFileSync(join(folder, 'audit-verify.json'))).result, 'intact');
  // From the bundle alone, somewhere else.
  const away = join(site.base, 'away');
  renameSync(folder, away);
  const verify = (...words) => spawnSync('python3', [join(away, 'verify.py'), ...words], { encoding: 'utf8', cwd: '/', env: { PATH: process.env.PATH } });
  const { size } = JSON.parse(readFileSync(join(away, 'log/.well-known/ledger.json')));
  for (const words of [[], [key]]) {
    const { status, stdout, stderr } = verify(...words);
    assert.equal(status, 0, stderr);
    assert.match(stdout, new RegExp(`^holds: ${size} entries`));
  }
  assert.match(verify(key.replace(/.$/, (c) => c === 'A' ? 'B' : 'A')).stderr, /DOES NOT HOLD|padding/);
  const altered = (file, change, why) => {
    const path = join(away, file), was = readFileSync(path);
    writeFileSync(path, change(was));
    const { status, stderr } = verify();
    assert.notEqual(status, 0, file);
    assert.match(stderr, why);
    writeFileSync(path, was);
  };
  const flip = (at) => (bytes) => { const copy = Buffer.from(bytes); copy[at < 0 ? copy.length + at : at] ^= 1; return copy; };
  altered('policy/active.xml', flip(9), /active\.xml is another/);
  const [version] = readdirSync(join(away, 'policy/versions')).filter((name) => name.endsWith('.xml'));
  altered(`policy/versions/${version}`, flip(9), /version .* is not the one that came into force/);
  altered(`log/tile/0/000.p/${size}`, flip(40), /signed root/);
  altered(`log/tile/entries/000.p/${size}.gz`, (bytes) => gzipSync(flip(30)(gunzipSync(bytes))), /entry 0 was altered/);
  altered('log/.well-known/checkpoint', flip(-9), /signature|binascii/);
  altered('log/.well-known/checkpoint', (bytes) => bytes.toString().replace(/\n(\d+)\n/, (_, n) => `\n${n - 1}\n`), /signature/);
  assert.equal(verify().status, 0);
});

test('the ledger’s key is changed: old certificates hold, who knows the old key is led to the new one, and both are published with their ranges', async () => {
  const old = readFileSync(join(site.state, 'keys/ledger.pub'), 'utf8').trim(), before = await hasProof(certificate);
  const stolen = { seed: readFileSync(join(site.state, 'keys/signer/ledger.key'), 'utf8'), line: old };
  const note = join(site.base, 'note-before');
  writeFileSync(note, await text('/.well-known/checkpoint'));
  const changed = site.officer(['keys', 'rotate', '--ledger', '--format', 'json']);
  assert.equal(changed.code, 0, changed.stderr);
  const { keys } = JSON.parse(changed.stdout), now = keys[1].key;
  assert.deepEqual(keys.map(({ key }) => key), [old, readFileSync(join(site.state, 'keys/ledger.pub'), 'utf8').trim()]);
  const published = JSON.parse(await text('/.well-known/ledger.json'));
  assert.deepEqual(published.keys, keys);
  assert.equal(published.key, now);
  // Of what was signed before, the old key is enough, and the new one says that it was not its own.
  assert.equal(check(before, old).status, 0);
  assert.equal(check(before, now).status, 5);
  // The handover bears both signatures: for anybody’s code.
  const { handover, until_size: size } = keys[0];
  for (const key of [old, now]) assert.equal(readCheckpoint(handover, key).size, size);
  const hashes = await bytes(`/tile/0/000.p/${size}`), file = join(site.base, 'handover');
  writeFileSync(file, handover);
  for (const key of [old, now]) assert.equal(independent([key, 'tree', file], hashes).status, 0);
  // A certificate made since is signed by the new key alone.
  const later = await erase();
  sign();
  const whole = await hasProof(later);
  assert.equal(check(whole, now).status, 0);
  assert.equal(check(whole, old).status, 5);
  const here = (words) => site.officer(['audit', 'verify', ...words]);
  const certificateFile = join(site.base, 'later.json');
  writeFileSync(certificateFile, JSON.stringify(whole));
  const led = here(['--certificate', certificateFile, '--key', old]);
  assert.equal(led.code, 0, led.stderr);
  assert.match(led.stderr, /was changed since the one that was given/);
  // What the old key signs now is not this ledger, at whatever size.
  for (const [one, code] of [[before, 0], [whole, 0], [forge(before, stolen, 4), 3], [forge(before, stolen, size), 3], [forge(before, stolen, size + 1), 1], [forge(before, { seed: readFileSync(join(site.state, 'keys/signer/ledger.key'), 'utf8'), line: now }, 1000000), 2]]) {
    writeFileSync(certificateFile, JSON.stringify(one));
    const found = here(['--certificate', certificateFile]);
    assert.equal(found.code, code, found.stderr);
  }
  // The checkpoint that was kept before, and one of now, by the old key.
  assert.equal(here(['--against', note, '--key', old]).code, 0);
  writeFileSync(file, await text('/.well-known/checkpoint'));
  const against = here(['--against', file, '--key', old]);
  assert.equal(against.code, 0, against.stderr);
  assert.match(against.stdout, /leads, by checkpoints that both signed/);
  assert.equal(here(['--against', note, '--key', now]).code, 5, 'the new key vouches for nothing from before it');
  assert.equal(independent([now, 'tree', file], await bytes(`/tile/0/000.p/${readCheckpoint(await text('/.well-known/checkpoint'), now).size}`)).status, 0);
  // And the bundle's own script, by both keys; by the old one no more when the handover is not both's.
  const folder = join(site.base, 'bundle-after');
  assert.equal(site.officer(['audit', 'bundle', folder]).code, 0);
  const python = (...words) => spawnSync('python3', [join(folder, 'verify.py'), ...words], { encoding: 'utf8', cwd: '/', env: { PATH: process.env.PATH } });
  for (const words of [[], [old], [now]]) assert.match(python(...words).stdout, /^holds: /);
  const facts = join(folder, 'log/.well-known/ledger.json'), told = JSON.parse(readFileSync(facts));
  told.keys[0].handover = told.keys[0].handover.split('\n').filter((line) => !line.startsWith('—') || line.includes(told.keys[0].handover.split('\n').find((l) => l.startsWith('—')).split(' ')[2])).join('\n');
  writeFileSync(facts, JSON.stringify(told));
  assert.match(python(old).stderr, /DOES NOT HOLD/);
  const page = await text('/privacy/live');
  for (const key of [old, now]) assert.ok(page.includes(key.replaceAll('+', '&#43;')) || page.includes(key), 'both keys are on the page');
});
