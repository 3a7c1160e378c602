// SPDX-License-Identifier: ISC
// The officer's backups: made and checked by the command, deleted when the policy says so, brought back without those who were erased.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, startSite } from './harness.mjs';
import { place } from './admin_support.mjs';

// A site whose policy keeps backups for 30 days, with places for them and for their keys; `ending`: of which requests that were closed end by an erasure.
function placeWithBackups(t, { ending = false } = {}) {
  const p = place(t, { init: false });
  const shipped = readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8');
  const text = ending ? shipped.replace(/(<life length="P24M" after="closing" then="delete" hold="yes") ends-on-erasure="no"/, '$1') : shipped;
  const [log] = text.match(/ *<kind id="error-log"[\s\S]*?<\/kind>\n/);
  p.policy = join(p.base, 'policy.xml');
  writeFileSync(p.policy, text.replace(log, log + log.replace('"error-log"', '"backup"').replace(/length="[^"]*"/, 'length="P30D"')));
  p.env.LETHE_POLICY = p.policy;
  for (const name of ['data', 'keys', 'copy']) mkdirSync((p[name] = join(p.base, `for-${name}`)));
  const env = { LETHE_BACKUP: p.data, LETHE_BACKUP_KEYS: p.keys, LETHE_CHECKPOINT_COPY: p.copy };
  const run = p.run;
  p.run = (words, options = {}) => run(words, { ...options, env: { LETHE_POLICY: p.policy, ...env, ...options.env } });
  assert.equal(p.run(['keys', 'init']).stderr, '');
  assert.equal(p.run(['audit', 'checkpoint']).status, 0);
  return p;
}
const ask = (p, contact) => {
  const result = p.run(['requests', 'add', '--right', 'access', '--contact', '-', '--received', new Date(Date.now() - 1000).toISOString().slice(0, 10)], { input: contact });
  assert.equal(result.status, 0, result.stderr);
};
const refuse = (p, id) => assert.equal(p.run(['requests', 'refuse', id, '--ground', 'manifestly-unfounded', '--reason', 'sent to everybody']).status, 0);
const requests = (p) => JSON.parse(p.run(['requests', 'list', '--format', 'json']).stdout);
const finding = (p) => JSON.parse(p.run(['check', '--offline', '--format', 'json']).stdout).filter((f) => f.check === 'backups');

test('a backup is made, checked, shown by check, and brought back into an empty folder', (t) => {
  const p = placeWithBackups(t);
  assert.equal(finding(p)[0].result, 'overdue');
  ask(p, 'somebody@example.org');
  assert.equal(requests(p).length, 1);
  const backup = p.run(['backup', '--format', 'json']); assert.equal(backup.status, 0, backup.stderr);
  const made = JSON.parse(backup.stdout);
  assert.match(made.path, /\/lethe-bizimages-\d{8}T\d{6}Z$/);
  assert.equal(made.records, 1);
  assert.deepEqual(readdirSync(join(p.keys, 'lethe-bizimages-keys')).includes('keys.db'), true);
  for (const file of readdirSync(made.path, { recursive: true })) assert.doesNotMatch(file, /keys/);
  assert.equal(p.run(['backup', '--check', made.path]).status, 0);
  assert.match(p.run(['backup', '--check', made.path]).stdout, /^whole, and signed/);
  assert.equal(finding(p)[0].result, 'kept');
  // The machine burns down.
  rmSync(p.state, { recursive: true });
  const back = p.run(['restore', made.path, '--keys', join(p.keys, 'lethe-bizimages-keys')]);
  assert.equal(back.status, 0, back.stderr);
  assert.match(back.stdout, /^restored from the backup of /);
  assert.equal(requests(p).length, 1);
  assert.equal(p.run(['audit', 'verify']).status, 0);
  assert.ok(!existsSync(join(p.state, 'restoring')));
  assert.doesNotMatch(back.stderr, /no signature/);
  // Altered, it is refused, and nothing is touched; without its signature, that is said.
  const manifest = join(made.path, 'manifest'), text = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, text.replace(/^made .*$/m, 'made 2020-01-01T00:00:00Z'));
  assert.match(p.run(['restore', made.path, '--replace']).stderr, /signature does not hold/);
  assert.equal(requests(p).length, 1);
  writeFileSync(manifest, text.slice(0, text.indexOf('\n\n') + 1));
  assert.match(p.run(['restore', made.path, '--replace']).stderr, /bears no signature/);
});

test('what the ledger lost is told by a checkpoint that was kept elsewhere, with its reason, and the copy is kept', (t) => {
  const p = placeWithBackups(t);
  const backup = p.run(['backup', '--format', 'json']); assert.equal(backup.status, 0, backup.stderr);
  const made = JSON.parse(backup.stdout);
  for (let i = 0; i < 6; i++) ask(p, `later-${i}@example.org`);
  assert.equal(p.run(['audit', 'checkpoint']).status, 0);
  const kept = join(p.base, 'kept');
  writeFileSync(kept, readFileSync(join(p.copy, 'bizimages.checkpoint')));
  const refused = p.run(['restore', made.path]);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /--replace/);
  const back = p.run(['restore', made.path, '--replace']);
  assert.equal(back.status, 0, back.stderr);
  // The requests are there again, the entries of the ledger are not, which is said until an officer has taken note of it.
  assert.equal(requests(p).length, 6);
  assert.match(back.stdout, /lost: (\d+) entries of the ledger \([^)]*6 request/);
  const waiting = finding(p)[0];
  assert.equal(waiting.result, 'overdue');
  assert.match(waiting.text ?? JSON.stringify(waiting), /entry \d+: restored from the backup of .*; lost since: \d+ entries of the ledger \(.*request log/);
  const confirmed = p.run(['restore', '--confirm']);
  assert.equal(confirmed.status, 0, confirmed.stderr);
  assert.equal(finding(p)[0].result, 'kept');
  assert.equal(p.run(['restore', '--confirm']).status, 2);
  assert.match(p.run(['audit', 'show', '--format', 'json']).stdout, /restore-confirmed/);
  const verify = p.run(['audit', 'verify', '--against', kept]);
  assert.ok([2, 3].includes(verify.status), `${verify.status}`);
  assert.match(verify.stderr, /entry \d+ tells that the stores were restored/);
  assert.equal(readdirSync(p.copy).filter((name) => name.startsWith('bizimages.checkpoint.before-')).length, 1);
  assert.equal(p.run(['audit', 'checkpoint']).status, 0, 'the ledger goes on');
});

test('what a restore throws away is counted from the last entry that the backup has, too, on whatever branch it was made', (t) => {
  const p = placeWithBackups(t);
  const json = (words) => { const r = p.run([...words, '--format', 'json']); assert.equal(r.status, 0, r.stderr); return JSON.parse(r.stdout); };
  const old = json(['backup']);
  for (let i = 0; i < 9; i++) ask(p, `first-branch-${i}@example.org`);
  const later = json(['backup']);
  assert.ok(later.events > old.events + 9);
  json(['restore', old.path, '--replace']);
  assert.equal(p.run(['restore', '--confirm']).status, 0);
  ask(p, 'second-branch@example.org');
  const size = json(['audit', 'verify']).entries;
  const { lost } = json(['restore', later.path, '--replace']);
  assert.equal(lost.entries, size - old.events);
  assert.equal(Object.values(lost.names).reduce((a, b) => a + b), lost.entries);
  assert.equal(lost.names.restore, 1);
  assert.equal(p.run(['restore', '--confirm']).status, 0);
  // One of the same branch: as many as were written since.
  const newest = json(['backup']);
  ask(p, 'third-branch@example.org');
  const now = json(['audit', 'verify']).entries;
  assert.equal(json(['restore', newest.path, '--replace']).lost.entries, now - newest.events);
  assert.equal(p.run(['audit', 'checkpoint']).status, 0);
  // The machine burns down: the checkpoint's number alone tells nothing, as there was a restore since.
  rmSync(p.state, { recursive: true });
  const back = p.run(['restore', later.path, '--keys', p.keys]);
  assert.equal(back.status, 0, back.stderr);
  assert.match(back.stdout, /lost: it is not known how many entries of the ledger, and/);
});

test('the folder that backup --keys was given is what restore --keys takes, or the copy in it; another is refused by name', (t) => {
  const p = placeWithBackups(t);
  ask(p, 'somebody@example.org');
  const { path } = JSON.parse(p.run(['backup', '--format', 'json']).stdout);
  for (const keys of [p.keys, join(p.keys, 'lethe-bizimages-keys')]) {
    rmSync(p.state, { recursive: true });
    const back = p.run(['restore', path, '--keys', keys]);
    assert.equal(back.status, 0, back.stderr);
    assert.equal(requests(p).length, 1);
  }
  const refused = p.run(['restore', path, '--replace', '--keys', p.copy]);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /holds no copy of the keys of the site bizimages/);
  assert.equal(requests(p).length, 1);
});

test('nothing that was kept is overwritten by what is kept in the same second', (t) => {
  const p = placeWithBackups(t);
  const { path } = JSON.parse(p.run(['backup', '--format', 'json']).stdout);
  for (let i = 0; i < 3; i++) { const more = p.run(['backup']); assert.equal(more.status, 0, more.stderr); }
  assert.equal(readdirSync(p.data).length, 4);
  for (let i = 0; i < 4; i++) ask(p, `later-${i}@example.org`);
  assert.equal(p.run(['audit', 'checkpoint']).status, 0);
  const kept = [...Array(120).keys()].map((s) => join(p.copy, `bizimages.checkpoint.before-${new Date(Date.now() + s * 1000).toISOString().slice(0, 19)}Z`));
  for (const file of kept) writeFileSync(file, 'of an earlier restore');
  const last = readFileSync(join(p.copy, 'bizimages.checkpoint'), 'utf8');
  assert.equal(p.run(['restore', path, '--replace']).status, 0);
  for (const file of kept) assert.equal(readFileSync(file, 'utf8'), 'of an earlier restore');
  const second = readdirSync(p.copy).filter((name) => name.endsWith('Z-2'));
  assert.equal(second.length, 1);
  assert.equal(readFileSync(join(p.copy, second[0]), 'utf8'), last);
});

test('the certificate of an erasure says by which tombstone backups obey it, and when the last of them is gone', (t) => {
  const p = placeWithBackups(t, { ending: true });
  ask(p, 'first@example.org');
  ask(p, 'second@example.org');
  const before = Date.now(), made = requests(p).map(({ id }) => {
    refuse(p, id);
    const result = p.run(['erase', '--record', id, '--yes', '--format', 'json']);
    assert.equal(result.status, 0, result.stderr);
    return JSON.parse(result.stdout);
  });
  const certificates = made.map((c) => c.certificate ?? c);
  assert.deepEqual(certificates.map(({ backups }) => backups.tombstone_id), [4, 6]); // 1, 2, 3 and 5 carry the requests, twice each: as they came and when they were closed
  const lines = readFileSync(join(p.state, 'tombstones/list'), 'utf8').trim().split('\n').map((line) => line.split(' '));
  certificates.forEach(({ backups }) => {
    const line = lines.find(([number]) => number === `${backups.tombstone_id}`);
    assert.equal(line[3], 'erased');
    assert.equal(Date.parse(backups.purge_by) / 1000, Number(line[2]));
    assert.ok(Date.parse(backups.purge_by) >= before + 30 * 86400000 - 1000);
  });
});

test('a hold placed after the backup holds after its restore, one that was lifted does not, and a machine that burned down loses neither', (t) => {
  const p = placeWithBackups(t);
  ask(p, 'held@example.org'); ask(p, 'free@example.org');
  const [first, second] = requests(p), day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);
  const place = (id) => JSON.parse(p.run(['hold', 'place', '--request', id, '--ground', 'legal-claims', '--citation', '1 O 1/26', '--review', day(20), '--expires', day(60), '--format', 'json']).stdout).id;
  const lifted = place(second.id);
  const made = JSON.parse(p.run(['backup', '--format', 'json']).stdout);
  const placed = place(first.id);
  assert.equal(p.run(['hold', 'lift', lifted, '--reason', 'settled']).status, 0);
  assert.equal(p.run(['prune']).status, 0);
  assert.equal(p.run(['audit', 'checkpoint']).status, 0);
  rmSync(p.state, { recursive: true });
  const back = p.run(['restore', made.path, '--keys', join(p.keys, 'lethe-bizimages-keys')]);
  assert.equal(back.status, 0, back.stderr);
  assert.match(back.stdout, /lost: \d+ entries of the ledger, and/);
  const holds = JSON.parse(p.run(['hold', 'list', '--format', 'json']).stdout || '[]');
  assert.deepEqual(holds.map(({ id, state }) => [id, state]).sort(), [[placed, 'active'], [lifted, 'lifted']].sort());
  assert.equal(holds.find(({ id }) => id === placed).records, 1);
  // And that is what an erasure goes by.
  const kept = (id) => p.run(['erase', '--record', id, '--yes']).stdout;
  assert.match(kept(first.id), /legal hold/);
  assert.doesNotMatch(kept(second.id), /legal hold/);
});

test('a request that was answered after the backup has a certificate that holds after the restore', (t) => {
  const p = placeWithBackups(t), file = join(p.base, 'certificate.json');
  ask(p, 'first@example.org'); ask(p, 'second@example.org');
  const [before, after] = requests(p).map(({ id }) => id);
  const certificate = (id) => JSON.parse(p.run(['requests', 'show', id, '--format', 'json']).stdout).certificate;
  const holds = (id) => { writeFileSync(file, JSON.stringify(certificate(id))); return p.run(['audit', 'verify', '--certificate', file]); };
  refuse(p, before);
  assert.equal(p.run(['audit', 'checkpoint']).status, 0);
  const made = JSON.parse(p.run(['backup', '--format', 'json']).stdout), kept = certificate(before);
  assert.equal(p.run(['publish']).status, 0); // the ledger goes on
  refuse(p, after);
  assert.equal(p.run(['audit', 'checkpoint']).status, 0);
  const lost = certificate(after);
  assert.equal(holds(after).status, 0);
  for (let times = 0; times < 2; times++) { // what was entered again is in no backup either
    const back = p.run(['restore', made.path, '--replace']);
    assert.equal(back.status, 0, back.stderr);
    const { status, stderr } = holds(after);
    assert.equal(status, 0, stderr);
    const { evidence, ...facts } = certificate(after), { evidence: old, ...same } = lost;
    assert.deepEqual(facts, same, 'it is the same certificate');
    assert.deepEqual([evidence.salt, evidence.entry.details], [old.salt, old.entry.details]);
    assert.equal(holds(before).status, 0);
    assert.deepEqual(certificate(before).evidence.entry, kept.evidence.entry, 'whose entry was not lost is entered once');
  }
});

test('without the kind in its policy a site makes none', (t) => {
  const p = place(t);
  const data = join(p.base, 'data');
  mkdirSync(data);
  const result = p.run(['backup', data]);
  assert.equal(result.status, 2);
  assert.match(result.stderr, /the policy keeps no backups/);
  assert.deepEqual(readdirSync(data), []);
});

test('a full disk leaves no half of one', { skip: process.getuid() !== 0 }, (t) => {
  const p = placeWithBackups(t);
  for (let i = 0; i < 3; i++) ask(p, `somebody-${i}@example.org`);
  const result = p.run(['backup', p.data], { wrap: ['unshare', '-m', 'sh', '-c', `mount -t tmpfs -o size=64k none ${p.data} && "$@"; s=$?; ls -A ${p.data} >${p.base}/left; exit $s`, 'sh'] });
  assert.equal(result.status, 1, result.stderr);
  assert.equal(readFileSync(join(p.base, 'left'), 'utf8'), '');
});

test('erasures made since the backup are done again, by the copy of the list that is kept elsewhere', (t) => {
  const p = placeWithBackups(t, { ending: true });
  ask(p, 'somebody@example.org'); ask(p, 'restricted@example.org');
  const backup = p.run(['backup', '--format', 'json']); assert.equal(backup.status, 0, backup.stderr);
  const made = JSON.parse(backup.stdout);
  const [first] = requests(p);
  refuse(p, first.id);
  const erased = p.run(['erase', '--record', first.id, '--yes']);
  assert.ok([0, 1].includes(erased.status), erased.stderr);
  const list = join(p.state, 'tombstones/list');
  if (!existsSync(list)) return assert.fail(`no list: ${erased.stdout}${erased.stderr}`);
  assert.equal(p.run(['prune']).status, 0);
  const copy = join(p.copy, 'bizimages.tombstones');
  assert.deepEqual(readFileSync(copy), readFileSync(list));
  // The list is lost: it is noticed, the copy stays, and is used.
  rmSync(list);
  assert.equal(finding(p)[0].result, 'BROKEN');
  const prune = p.run(['prune']);
  assert.equal(prune.status, 1);
  assert.match(prune.stderr, /lacks number 1 /); // which carries a request
  assert.ok(existsSync(copy));
  const back = p.run(['restore', made.path, '--replace', '--format', 'json']);
  assert.equal(back.status, 0, back.stderr);
  assert.equal(JSON.parse(back.stdout).erasures_again, 2); // and the request, which is kept as it is open
  assert.equal(JSON.parse(back.stdout).tombstones, copy);
  assert.equal(p.run(['restore', '--confirm']).status, 0);
  assert.equal(finding(p)[0].result, 'kept');
});

test('a site whose policy keeps backups: its confined program lists what it ends and carries, also after the list was pruned', { timeout: 120000 }, async (t) => {
  const site = await startSite({ site: 'blogimg', policy: join(root, 'policy/sites/blogimg.xml'), env: { LETHE_ALLOW_UNBUILT: '1' } });
  t.after(() => site.stop());
  const post = (path, body) => fetch(site.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const list = () => readFileSync(join(site.state, 'tombstones/list'), 'utf8');
  for (let i = 0; i < 2; i++) {
    const made = await post('/api/rights', { right: 'opt-out-of-analytics' });
    assert.equal(made.status, 201);
    const { id, secret } = await made.json();
    const asked = await post('/api/rights', { right: 'complaint', message: 'x' });
    assert.equal(asked.status, 201);
    const open = await asked.json();
    const more = await post('/api/rights/add', { id: open.id, secret: open.secret, text: 'y' });
    assert.ok(more.ok, await more.text());
    assert.ok(list().includes(id) && list().split(open.id).length === 3, 'both versions of the one that was added to');
    assert.equal(site.officer(['prune']).code, 0);
    assert.equal(list().split(open.id).length, 2);
    assert.ok(secret);
  }
  assert.equal(site.officer(['check', '--format', 'json'], {}).stdout.includes('list of erasures lacks'), false);
});
