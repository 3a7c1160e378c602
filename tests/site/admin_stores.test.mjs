// SPDX-License-Identifier: ISC
// The commands that make things: stores, the published site, the ledger; and how the officer is asked.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, rmdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lethe, root, until } from './harness.mjs';
import { place } from './admin_support.mjs';

const events = (p) => JSON.parse(p.run(['audit', 'show', '--format', 'json']).stdout).map((entry) => entry.event);
const activations = (p) => events(p).filter((name) => name === 'activation').length;

test('keys init makes what is missing and leaves what is there', (t) => {
  const p = place(t);
  const key = readFileSync(join(p.state, 'keys/master.key'));
  assert.equal(statSync(join(p.state, 'keys/master.key')).mode & 0o077, 0);
  rmSync(join(p.state, 'space-reserve'));
  assert.equal(p.run(['keys', 'init']).stdout, `the store in ${p.state} is there already\n`);
  assert.deepEqual(readFileSync(join(p.state, 'keys/master.key')), key);
  assert.ok(statSync(join(p.state, 'space-reserve')).size > 0);
});

test('a lost master key is not replaced by another one', (t) => {
  const p = place(t);
  rmSync(join(p.state, 'keys/master.key'));
  const result = p.run(['keys', 'init']);
  assert.equal(result.status, 2);
  assert.match(result.stderr, /master key/);
  assert.ok(!existsSync(join(p.state, 'keys/master.key')));
  const check = JSON.parse(p.run(['check', '--offline', '--format', 'json']).stdout);
  const found = check.find((f) => f.check === 'master-key');
  assert.match(found.remedy, /^Put it back/);
  assert.deepEqual(check.filter((f) => ['master-key', 'stores'].includes(f.check) && /keys init/.test(f.remedy)), [], 'no remedy that would be refused');
});

test('keys init says where it made a store', (t) => {
  const p = place(t, { init: false });
  assert.deepEqual(p.run(['keys', 'init']), { status: 0, stdout: `made the store in ${p.state}\n`, stderr: '' });
});

test('a store without its keys is neither worked on nor given new ones', (t) => {
  const p = place(t);
  assert.equal(p.run(['publish']).status, 0);
  rmSync(join(p.state, 'keys'), { recursive: true });
  for (const words of [['keys', 'init'], ['publish'], ['prune'], ['requests', 'list']]) {
    const result = p.run(words);
    assert.equal(result.status, 2, words.join(' '));
    assert.match(result.stderr, /^lethe: .*keys\.db[^\n]*put it back[^\n]*\n$/);
  }
  assert.ok(!existsSync(join(p.state, 'keys')));
});

// Of everything below the stores that is not for everybody: what others can use.
const open = (state) => execFileSync('find', [state, '-type', 'f', '-perm', '/077', '-not', '-path', '*/publish/*', '-not', '-path', '*/policy/*', '-not', '-name', 'ledger.pub'], { encoding: 'utf8' });
const careless = ['sh', '-c', 'umask 0; exec "$@"', 'sh'];

test('the stores are for their owner alone, whatever the umask; check finds what is not, keys init mends it', (t) => {
  const p = place(t, { init: false });
  for (const words of [['keys', 'init'], ['publish'], ['prune'], ['audit', 'checkpoint'], ['requests', 'list']])
    assert.equal(p.run(words, { wrap: careless }).status, 0, words.join(' '));
  for (const name of ['vault.db', 'vault.db-wal', 'vault.db-shm', 'vault.lock', 'keys/keys.db', 'keys/keys.db-wal', 'space-reserve']) assert.equal(statSync(join(p.state, name)).mode & 0o777, 0o600, name);
  assert.equal(open(p.state), '');
  const finding = () => JSON.parse(p.run(['check', '--offline', '--format', 'json']).stdout).filter((f) => f.check === 'private');
  assert.deepEqual(finding().map((f) => f.result), ['kept']);
  for (const name of ['vault.db', 'keys/keys.db-wal', 'keys/signer/ledger.key']) {
    chmodSync(join(p.state, name), 0o640);
    assert.deepEqual(finding().map((f) => [f.result, f.finding.includes(join(p.state, name))]), [['BROKEN', true]]);
    assert.match(p.run(['keys', 'init']).stdout, /1 of its files/);
    assert.equal(open(p.state), '');
  }
});

test('check as the first command after an upgrade finds nothing wrong with where earlier versions kept their files', (t) => {
  const p = place(t), wrong = () => JSON.parse(p.run(['check', '--offline', '--format', 'json']).stdout).filter((f) => /ledger\.key|signed|json/.test(f.finding) && !['kept', 'nothing'].includes(f.result)).map((f) => `${f.result}: ${f.finding}`);
  assert.equal(p.run(['check', '--offline', '--record']).status < 2, true);
  const before = wrong();
  renameSync(join(p.state, 'keys/signer/ledger.key'), join(p.state, 'keys/ledger.key'));
  renameSync(join(p.state, 'officer/check.json'), join(p.state, 'check.json'));
  for (const folder of ['keys/signer', 'officer']) rmdirSync(join(p.state, folder));
  assert.deepEqual([before, wrong()], [[], []]);
  assert.ok(existsSync(join(p.state, 'keys/signer/ledger.key')));
});

test('publish records each policy once, before it shows it; a dry run does neither', (t) => {
  const p = place(t);
  const policy = join(p.base, 'policy.xml');
  copyFileSync(join(root, 'policy/sites/bizimages.xml'), policy);
  const publish = (...words) => {
    const result = p.run(['--policy', policy, 'publish', ...words]);
    assert.equal(result.status, 0, result.stderr);
    return result.stdout;
  };
  assert.match(publish('--dry-run'), /would make [^\n]*: \d+ files in /);
  const untemplated = p.run(['--policy', policy, 'publish', '--dry-run'], { env: { LETHE_HTML: join(p.base, 'nowhere') } });
  assert.equal(untemplated.status, 1);
  assert.match(untemplated.stderr, /nowhere/);
  assert.equal(activations(p), 0);
  assert.ok(!existsSync(join(p.state, 'publish')));
  assert.match(publish(), /activated/);
  assert.equal(activations(p), 1);
  const notice = join(p.state, 'publish/html/privacy.html');
  const { mtimeMs } = statSync(notice);
  assert.match(publish(), / 0 written/);
  assert.equal(activations(p), 1);
  assert.equal(statSync(notice).mtimeMs, mtimeMs);
  appendFileSync(policy, '<!-- later -->\n');
  publish();
  assert.equal(activations(p), 2);
  publish(join(p.base, 'elsewhere'));
  assert.ok(existsSync(join(p.base, 'elsewhere/html/index.html')));
});

test('an invalid policy publishes nothing, and what was published stays', (t) => {
  const p = place(t);
  assert.equal(p.run(['publish']).status, 0);
  const policy = join(p.base, 'policy.xml');
  copyFileSync(join(root, 'policy/sites/bizimages.xml'), policy);
  appendFileSync(policy, '<broken>');
  const notice = readFileSync(join(p.state, 'publish/html/privacy.html'), 'utf8');
  const result = p.run(['--policy', policy, 'publish']);
  assert.equal(result.status, 2);
  assert.match(result.stderr, /policy\.xml:\d+: error: /);
  assert.equal(readFileSync(join(p.state, 'publish/html/privacy.html'), 'utf8'), notice);
  assert.equal(activations(p), 1);
});

test('a first policy that takes effect later is published by nobody, and lethe check says why', (t) => {
  const p = place(t);
  const policy = join(p.base, 'policy.xml');
  writeFileSync(policy, readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8').replace(/(<version id="[^"]*" effective=)"[^"]*"/, '$1"2126-05-11"'));
  const why = /policy\.xml:\d+: error: version 2026-05-11 takes effect on 2126-05-11, [^;]*; [^;]*; [^;]*/;
  for (const words of [['publish'], ['publish', '--dry-run']]) {
    const result = p.run(['--policy', policy, ...words]);
    assert.equal(result.status, 1);
    assert.match(result.stderr, why);
    assert.ok(!existsSync(join(p.state, 'policy/active.xml')) && !existsSync(join(p.state, 'publish')));
  }
  const found = JSON.parse(p.run(['--policy', policy, 'check', '--offline', '--format', 'json']).stdout).filter((f) => f.check === 'policy' && f.result === 'BROKEN');
  assert.equal(found.length, 1);
  assert.match(found[0].finding, why);
  assert.equal(activations(p), 0);
});

test('a test build says so on every page', (t) => {
  const p = place(t);
  const pages = () => readdirSync(join(p.state, 'publish/html')).filter((name) => name.endsWith('.html'))
    .map((name) => readFileSync(join(p.state, 'publish/html', name), 'utf8'));
  p.run(['publish']);
  const plain = pages();
  p.run(['publish'], { env: { LETHE_TESTING: '1' } });
  assert.ok(plain.length > 3);
  pages().forEach((text, i) => assert.ok(text.length > plain[i].length && /test/i.test(text)));
});

test('what root makes in somebody\'s folder is that user\'s', { skip: process.getuid() !== 0 && 'needs root' }, (t) => {
  const p = place(t, { init: false });
  mkdirSync(p.state);
  chownSync(p.state, 65534, 65534);
  assert.equal(p.run(['keys', 'init']).status, 0);
  assert.equal(p.run(['prune']).status, 0);
  assert.equal(execFileSync('find', [p.state, '-not', '-user', '65534'], { encoding: 'utf8' }), '');
});

test('root publishes as the user that owns the stores', { skip: process.getuid() !== 0 && 'needs root' }, (t) => {
  const p = place(t);
  for (const path of [p.state, p.runFolder, ...readdirSync(p.state).map((name) => join(p.state, name))]) chownSync(path, 65534, 65534);
  const result = p.run(['publish'], { env: { ASAN_OPTIONS: 'detect_leaks=0' } }); // the leak scan does not survive a change of user
  assert.equal(result.status, 0, result.stderr);
  for (const name of ['publish', 'publish/html', 'publish/html/index.html', 'publish/nginx/headers.conf']) assert.equal(statSync(join(p.state, name)).uid, 65534, name);
});

test('an entry altered behind our back is found by audit verify and by check', (t) => {
  const p = place(t);
  p.run(['publish']);
  p.run(['prune']);
  assert.equal(p.run(['audit', 'verify']).status, 0);
  execFileSync('sqlite3', [join(p.state, 'vault.db'), "DROP TRIGGER ledger_keep_values; UPDATE ledger SET details = replace(details, '2026-05-11', '2026-05-12') WHERE name = 'activation';"]);
  const result = p.run(['audit', 'verify']);
  assert.equal(result.status, 1);
  assert.match(result.stderr, /ALTERED/);
  const check = p.run(['check', '--format', 'json']);
  assert.equal(check.status, 1);
  assert.ok(JSON.parse(check.stdout).some((f) => f.check === 'ledger' && f.result === 'BROKEN'));
});

test('a ledger whose checkpoints were taken out is not called one that was never signed', (t) => {
  const p = place(t), elsewhere = join(p.base, 'elsewhere'), env = { LETHE_CHECKPOINT_COPY: elsewhere }, published = join(p.state, 'publish/html/.well-known/checkpoint');
  const verify = () => p.run(['audit', 'verify', '--format', 'json'], { env });
  const sql = (statements) => execFileSync('sqlite3', [join(p.state, 'vault.db'), statements]);
  mkdirSync(elsewhere);
  const never = p.run(['audit', 'verify'], { env });
  assert.equal(never.status, 0, never.stderr);
  assert.match(never.stdout, /^never signed: /m);
  assert.equal(JSON.parse(verify().stdout).signed, false);
  p.run(['publish']);
  assert.equal(p.run(['audit', 'checkpoint'], { env }).status, 0);
  const [copy] = readdirSync(elsewhere).map((name) => join(elsewhere, name)), note = readFileSync(copy, 'utf8'), size = Number(note.split('\n')[1]);
  assert.equal(readFileSync(published, 'utf8'), note);
  assert.equal(JSON.parse(verify().stdout).signed, true);
  sql('DROP TRIGGER checkpoint_keep_rows; DELETE FROM checkpoint;');
  const found = (code) => {
    const { status, stdout, stderr } = verify();
    assert.equal(status, code, stderr);
    return { stderr, ...JSON.parse(stdout) };
  };
  const taken = found(1);
  assert.deepEqual([taken.result, taken.altered_at], ['altered', size]);
  assert.match(taken.stderr, /taken out/);
  rmSync(published);
  assert.ok(found(1).finding.includes(copy));
  rmSync(copy);
  assert.equal(found(0).signed, false);
  writeFileSync(published, note);
  assert.ok(found(1).finding.includes(published));
  // An older state, whose end was cut off.
  rmSync(published);
  const older = join(p.base, 'older');
  execFileSync('cp', ['-a', p.state, older]);
  assert.equal(p.run(['requests', 'add', '--right', 'complaint', '--contact', '-'], { input: 'someone@example.org' }).status, 0);
  assert.equal(p.run(['audit', 'checkpoint'], { env }).status, 0);
  rmSync(p.state, { recursive: true });
  execFileSync('cp', ['-a', older, p.state]);
  assert.equal(found(2).result, 'truncated');
  rmSync(copy);
  // Signed again, and the key changed: keys/ledger.past tells alone.
  assert.equal(p.run(['keys', 'rotate', '--ledger']).status, 0);
  sql('DELETE FROM checkpoint;');
  rmSync(published);
  assert.match(found(1).finding, /ledger\.past/);
});

test('audit verify names the key’s file that is missing or damaged, and calls nothing altered', (t) => {
  const p = place(t), at = (name) => join(p.state, 'keys', name);
  assert.equal(p.run(['audit', 'checkpoint']).status, 0);
  assert.equal(p.run(['keys', 'rotate', '--ledger']).status, 0);
  assert.equal(p.run(['audit', 'verify']).status, 0);
  for (const [name, content, why] of [['ledger.pub', '', 'is damaged'], ['ledger.pub', 'nothing\n', 'is damaged'], ['ledger.pub', null, 'is missing'], ['ledger.past', '', 'is damaged'], ['ledger.past', '{}', 'is damaged'], ['ledger.past', '[{"key":1}]', 'is damaged']]) {
    const was = readFileSync(at(name));
    rmSync(at(name));
    if (content !== null) writeFileSync(at(name), content);
    const { status, stderr } = p.run(['audit', 'verify']);
    assert.equal(status, 5, `${name} ${content}: ${stderr}`);
    assert.ok(stderr.includes(`${at(name)} ${why}`), stderr);
    assert.doesNotMatch(stderr, /ALTERED/);
    assert.ok(p.run(['check', '--offline']).status < 3);
    writeFileSync(at(name), was);
  }
});

test('audit verify --against a checkpoint kept elsewhere: 0 grown out of it, 2 cut, 3 another, 5 cannot tell', async (t) => {
  const p = place(t), other = place(t), note = join(p.base, 'checkpoint'), key = join(p.state, 'keys/ledger.pub');
  p.run(['publish']);
  writeFileSync(note, p.run(['audit', 'checkpoint']).stdout);
  const against = (place, ...words) => place.run(['audit', 'verify', '--format', 'json', '--against', note, ...words]);
  assert.equal(JSON.parse(against(p).stdout).result, 'intact');
  assert.equal(against(other).status, 5, 'it was signed with another key');
  const cut = against(other, '--key', key);
  assert.equal(cut.status, 2, cut.stderr);
  assert.match(cut.stderr, /TRUNCATED/);
  assert.equal(JSON.parse(cut.stdout).result, 'truncated');
  await new Promise((resolve) => setTimeout(resolve, 1100)); // the same entry in another second
  other.run(['publish']);
  const forked = against(other, '--key', key);
  assert.equal(forked.status, 3, forked.stderr);
  assert.equal(JSON.parse(forked.stdout).result, 'forked');
  writeFileSync(note, 'nothing');
  assert.equal(against(p).status, 5);
  // By a key alone the published checkpoint is judged.
  const alone = (...words) => p.run(['audit', 'verify', ...words]);
  assert.equal(alone('--key', key).status, 0, alone('--key', key).stderr);
  assert.match(alone('--key', key).stdout, /grown out of the checkpoint in .*well-known\/checkpoint/);
  assert.equal(alone('--key', join(other.state, 'keys/ledger.pub')).status, 5, 'it signed nothing of it');
  assert.equal(alone('--key', key, '--since-last').status, 5);
  const old = readFileSync(key, 'utf8').trim();
  assert.equal(p.run(['keys', 'rotate', '--ledger']).status, 0);
  assert.equal(alone('--key', old).status, 0, 'both keys signed it');
  assert.equal(p.run(['requests', 'add', '--right', 'access', '--contact', '-'], { input: 'a@example.org' }).status, 0);
  assert.equal(p.run(['audit', 'checkpoint']).status, 0);
  assert.match(alone('--key', old).stdout, /was changed since the one that was given/);
  rmSync(join(p.state, 'publish/html/.well-known/checkpoint'));
  assert.equal(alone('--key', old).status, 5, 'nothing is published');
  assert.equal(p.run(['audit', 'verify', '--nonsense']).status, 5);
  assert.equal(p.run(['audit', 'verify', '--since-last']).status, 0);
});

test('LETHE_CHECKPOINT_COPY: a copy is kept elsewhere, check says when it is old, and what the ledger did not grow out of stays', (t) => {
  const p = place(t), other = place(t), folder = join(p.base, 'elsewhere'), copy = join(folder, 'bizimages.checkpoint'), env = { LETHE_CHECKPOINT_COPY: folder };
  mkdirSync(folder);
  p.run(['publish']);
  const found = (more = env) => JSON.parse(p.run(['check', '--offline', '--format', 'json'], { env: more }).stdout).find((f) => f.check === 'checkpoint-copy');
  assert.equal(found({}).result, 'nothing');
  assert.equal(found().result, 'BROKEN');
  const note = p.run(['audit', 'checkpoint'], { env }).stdout;
  assert.equal(readFileSync(copy, 'utf8'), note);
  assert.equal(found().result, 'kept');
  const old = new Date(Date.now() - 26 * 3600 * 1000);
  utimesSync(copy, old, old);
  assert.match(found().finding, /older than a day/);
  p.run(['audit', 'checkpoint'], { env });
  assert.equal(found().result, 'kept');
  // Of another ledger.
  other.run(['publish']);
  writeFileSync(copy, other.run(['audit', 'checkpoint']).stdout);
  assert.equal(found().result, 'BROKEN');
  const refused = p.run(['audit', 'checkpoint'], { env });
  assert.equal(refused.status, 1, refused.stderr);
  assert.ok(readFileSync(copy, 'utf8') !== note, 'what is there is evidence, and stays');
});

const mounts = spawnSync('unshare', ['-m', 'true']).status === 0;
test('audit verify reads stores that nobody can write, and leaves them as they are', { skip: !mounts && 'needs the right to mount' }, (t) => {
  const p = place(t);
  p.run(['publish']);
  p.run(['prune']);
  const wrap = ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && ! touch "$0/new" 2>&- && exec "$@"', p.state];
  const files = () => execFileSync('find', [p.state, '-printf', '%p %s %T@\n'], { encoding: 'utf8' });
  const before = files();
  const { status, stderr } = p.run(['audit', 'verify'], { wrap });
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  assert.equal(files(), before);
  execFileSync('sqlite3', [join(p.state, 'vault.db'), "DROP TRIGGER ledger_keep_values; UPDATE ledger SET name = 'another' WHERE name = 'activation';"]);
  assert.equal(p.run(['audit', 'verify'], { wrap }).status, 1);
});

test('what takes longer than a second says so on standard error, what is quick does not', (t) => {
  const p = place(t);
  const start = Date.now();
  const quick = p.run(['prune']);
  if (Date.now() - start < 900) assert.equal(quick.stderr, '');
  const held = p.run(['prune'], { wrap: ['sh', '-c', 'flock "$0" sleep 2.3 & sleep 0.2; "$@"; code=$?; wait; exit $code', join(p.state, 'vault.lock')] });
  assert.equal(held.status, 0, held.stderr);
  assert.match(held.stderr, /^lethe: .+ …$/m);
});

// Types `line` at the prompt of a command that has a terminal; gives all that the terminal showed, and the exit status.
async function typed(p, words, prompt, line) {
  const command = [lethe, ...words].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qefc', command, '/dev/null'], { env: p.env, stdio: ['pipe', 'pipe', 'inherit'] });
  let shown = '';
  child.stdout.on('data', (d) => { shown += d; });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await until(() => shown.includes(prompt), 10000, prompt);
  child.stdin.write(line);
  const status = await ended;
  return { shown, status };
}

test('on a terminal an address is asked for and not shown', async (t) => {
  const p = place(t);
  const { shown, status } = await typed(p, ['erase', '--ip', '--dry-run'], '(not shown): ', '203.0.113.77\n');
  assert.equal(status, 0, shown);
  assert.ok(!shown.includes('203.0.113.77'));
  assert.match(shown, /store +found +goes/); // a terminal: a heading and columns
});

test('an interruption at the prompt ends it, and the terminal is put back', async (t) => {
  const p = place(t);
  const { shown, status } = await typed(p, ['erase', '--ip', '--dry-run'], '(not shown): ', '\x03');
  assert.notEqual(status, 0);
  assert.doesNotMatch(shown, /found/);
});

test('only the word yes erases', async (t) => {
  const p = place(t);
  const id = 'a'.repeat(32);
  const sql = (text) => execFileSync('sqlite3', [join(p.state, 'vault.db'), text], { encoding: 'utf8' });
  const held = () => Number(sql('SELECT count(*) FROM record'));
  sql(`INSERT INTO record(id, kind, state, made, file, facts) VALUES('${id}', 'ticket', 'open', unixepoch(), 0, '')`);
  for (const answer of ['\n', 'y\n', 'no\n']) {
    const { shown, status } = await typed(p, ['erase', '--record', id], 'Type yes: ', answer);
    assert.equal(status, 2, shown);
    assert.match(shown, /nothing was erased/);
  }
  assert.ok(!events(p).includes('erasure') && held() === 1);
  const { shown, status } = await typed(p, ['erase', '--record', id], 'Type yes: ', 'yes\n');
  assert.equal(status, 0, shown);
  assert.match(shown, /"cert_id"/);
  assert.ok(events(p).includes('erasure') && held() === 0);
});

test('audit show --last N: the newest entries, or all where there are fewer', (t) => {
  const p = place(t);
  const policy = join(p.base, 'policy.xml');
  copyFileSync(join(root, 'policy/sites/bizimages.xml'), policy);
  for (let i = 0; i < 3; i++) {
    assert.equal(p.run(['--policy', policy, 'publish']).status, 0);
    appendFileSync(policy, '<!-- later -->\n');
  }
  const show = (...words) => JSON.parse(p.run(['audit', 'show', '--format', 'json', ...words]).stdout);
  const all = show();
  assert.ok(all.length >= 3, `${all.length} entries`);
  assert.deepEqual(show('--last', '1'), all.slice(-1));
  assert.deepEqual(show('--last', '2'), all.slice(-2));
  assert.deepEqual(show('--last', '1000000'), all);
});

// Each sample has a type, and no label says anything but the names of kinds, processors and parts.
test('metrics are counters and gauges, and tell nothing of anybody', async (t) => {
  const p = place(t);
  assert.equal(p.run(['publish']).status, 0);
  const read = (words = [], options) => { const r = p.run(['metrics', ...words], options); assert.equal(r.status, 0, r.stderr); return r.stdout; };
  const value = (text, sample) => { const line = text.split('\n').find((l) => l.startsWith(`lethe_${sample} `)); return line && Number(line.split(' ').pop()); };
  let text = read();
  const typed = new Set([...text.matchAll(/^# TYPE (\w+) (?:counter|gauge)$/gm)].map((m) => m[1]));
  for (const line of text.split('\n').filter((l) => l && !l.startsWith('#'))) {
    const sample = line.match(/^(lethe_[a-z_]+)(?:\{(?:kind|processor|part|what|outcome|result|state|version)="[A-Za-z0-9-]+"\})? -?\d+$/);
    assert.ok(sample && typed.has(sample[1]), line);
  }
  assert.equal(value(text, 'last_prune_timestamp_seconds'), 0);
  assert.equal(value(text, 'egress_up'), 0);
  assert.equal(value(text, 'last_check_timestamp_seconds'), undefined, 'there was none');
  const entries = value(text, 'records{kind="ledger"}');
  assert.ok(entries >= 1);
  // What egress wrote down last, and what the daily check did.
  mkdirSync(join(p.state, 'egress'), { recursive: true });
  writeFileSync(join(p.state, 'egress/traffic.json'), JSON.stringify({ processors: [{ id: 'azure-openai', requests: 7, failures: 2, bytes_sent: 900, region_mismatches: 1, billed: 5, spent_today: 0.25, day: new Date().toISOString().slice(0, 10) }, { id: 'sketch', spent_today: 9, day: '2026-01-01' }], pages: { requests: 3, refused: 4 } }));
  writeFileSync(join(p.state, 'officer/check.json'), p.run(['check', '--offline', '--format', 'json']).stdout);
  const found = JSON.parse(readFileSync(join(p.state, 'officer/check.json'), 'utf8'));
  assert.equal(p.run(['prune']).status, 0);
  text = read();
  for (const [name, wanted] of [['requests', 7], ['failures', 2], ['bytes_sent', 900], ['billed', 5], ['region_mismatches', 1]]) assert.equal(value(text, `upstream_${name}_total{processor="azure-openai"}`), wanted);
  assert.deepEqual(['azure-openai', 'sketch'].map((id) => value(text, `upstream_spent_today{processor="${id}"}`)), [0.25, 0]);
  assert.deepEqual([value(text, 'pages_total{outcome="fetched"}'), value(text, 'pages_total{outcome="refused"}')], [3, 4]);
  for (const result of ['kept', 'BROKEN', 'unsure']) assert.equal(value(text, `check_findings{result="${result}"}`), found.filter((f) => f.result === result).length, result);
  assert.ok(value(text, 'last_prune_timestamp_seconds') > Date.now() / 1000 - 600);
  assert.ok(value(text, 'last_check_timestamp_seconds') > Date.now() / 1000 - 600);
  assert.ok(value(text, 'bytes{part="database"}') > 0);
  // As its socket starts it: a request in, the same text out, and nothing after it.
  const asked = spawnSync('python3', ['-c', `
import socket, subprocess, sys
ours, theirs = socket.socketpair()
ours.sendall(b"GET /metrics HTTP/1.1\\r\\nHost: localhost\\r\\n")
child = subprocess.Popen(sys.argv[1:], stdin=theirs)
theirs.close()
ours.sendall(b"Accept: */*\\r\\n\\r\\n")
answer = b""
while True:
    more = ours.recv(65536)
    if not more: break
    answer += more
sys.stdout.buffer.write(answer)
sys.exit(child.wait())`, lethe, 'metrics', '--http'], { env: p.env, encoding: 'utf8', timeout: 30000 });
  assert.equal(asked.status, 0, asked.stderr);
  const [head, body] = asked.stdout.split('\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain; version=0\.0\.4/);
  assert.equal(Number(head.match(/Content-Length: (\d+)/)[1]), Buffer.byteLength(body));
  assert.match(body, /^lethe_upstream_requests_total\{processor="azure-openai"\} 7$/m);
});
