// SPDX-License-Identifier: ISC
// The lock of the stores: in a model of it nothing acknowledged is lost, and is where the lock is not taken; and the programs write to no store, empty no
// write-ahead log, without it.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate, root, sleep, startSite } from './harness.mjs';

const folder = mkdtempSync(join(tmpdir(), 'lethe-lock-'));
after(() => rmSync(folder, { recursive: true, force: true }));

// What spin's search of every order of steps says: 'holds', or what it found.
function search(t, ...defines) {
  const model = join(root, 'tests/model/wal.pml');
  execFileSync('spin', [...defines, '-a', model], { cwd: folder, stdio: 'pipe' });
  execFileSync('gcc', ['-O1', '-w', '-DSAFETY', '-o', 'pan', 'pan.c'], { cwd: folder, stdio: 'pipe' });
  const { stdout } = spawnSync(join(folder, 'pan'), ['-m100000'], { cwd: folder, encoding: 'utf8' });
  assert.match(stdout, /errors: \d+/, stdout);
  const [, states] = stdout.match(/([\d.e+]+) states, stored/) ?? [];
  const found = stdout.match(/^pan:1: (.*?) \(at depth/m)?.[1] ?? 'holds';
  t.diagnostic(`${defines.join(' ') || 'as it is'}: ${Number(states)} states, ${found}`);
  if (found === 'holds') assert.ok(/errors: 0/.test(stdout) && !/Search not completed|max search depth/.test(stdout) && states > 10000, stdout);
  return found;
}

test('in the model nothing acknowledged is lost and nobody waits for ever', (t) => assert.equal(search(t), 'holds'));

test('in the model without the lock an acknowledged transaction is lost', (t) => assert.match(search(t, '-DUNLOCKED=1'), /^assertion violated/));

test('in the model with the lanes taken in two orders all wait for ever', (t) => assert.match(search(t, '-DREVERSED=1'), /^invalid end state/));

// The model is of our SQLite and our lock: with another journal, or with checkpoints by whoever closes, it says nothing.
test('the model has the locks and the order of the code', () => {
  const source = (f) => readFileSync(join(root, 'policy/vault', f), 'utf8');
  assert.match(source('sqlite/db.c'), /SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1/);
  assert.match(source('sqlite/db.c'), /"BEGIN IMMEDIATE"/);
  const alone = source('commit.c').match(/^int commit_alone\(struct vault \*v[\s\S]*?^}/m)[0];
  assert.ok(alone.indexOf('LANE_LOG') < alone.indexOf('LANE_RECORDS') && alone.includes('LANE_RECORDS'));
});

// What system calls say of one thread after the other: each write to a store must come between its flock and the end of that.
function judge(trace, state) {
  const held = new Map(), waiting = new Map(), faults = [], counts = { locked: 0, written: 0, files: 0 };
  const lockOf = (path) => (path.startsWith(join(state, 'log/')) ? join(state, 'log') : join(state, 'vault.lock'));
  const isStore = (path) => /\.db(-wal)?$/.test(path) && path.startsWith(state);
  for (const line of trace.split('\n')) {
    const [, tid, call] = line.match(/^(\d+) +(.*)$/) ?? [];
    if (!tid) continue;
    const mine = held.get(tid) ?? held.set(tid, new Set()).get(tid);
    let m;
    if ((m = call.match(/^flock\(\d+<([^>]*)>, (LOCK_EX|LOCK_UN)(.*)$/))) {
      const [, path, how, rest] = m;
      if (how === 'LOCK_UN') mine.delete(path);
      else if (rest.includes('unfinished')) waiting.set(tid, path);
      else if (/= 0$/.test(rest)) { mine.add(path); counts.locked++; }
    } else if (/^<\.\.\. flock resumed>/.test(call)) {
      if (/= 0$/.test(call) && waiting.has(tid)) { mine.add(waiting.get(tid)); counts.locked++; }
      waiting.delete(tid);
    } else if ((m = call.match(/^(pwrite64|write|ftruncate|fallocate)\(\d+<([^>]*)>/)) && isStore(m[2])) {
      counts.written++;
      counts.files += m[2].endsWith('.db'); // which in this mode is a checkpoint
      if (!mine.has(lockOf(m[2]))) faults.push(line);
    }
  }
  return { faults, counts };
}

const CALLS = ['-f', '-y', '-qq', '-s', '0', '-e', 'trace=flock,pwrite64,write,ftruncate,fallocate'];
const traced = (() => { try { execFileSync('strace', ['-V'], { stdio: 'ignore' }); return process.getuid() !== 0 && 'needs root to trace'; } catch { return 'no strace'; } })();

test('no store is written and no log emptied outside the lock', { skip: traced }, async (t) => {
  const site = await startSite();
  const log = (n) => join(folder, `trace.${n}`), officers = [];
  const officer = (words, input) => {
    const { code, stderr } = site.officer(words, { input, wrap: ['strace', ...CALLS, '-o', log(officers.length + 1)] });
    officers.push(words[0]);
    assert.ok(code === 0 || code === 1, `${words}: ${stderr}`);
  };
  try {
    const tracer = spawn('strace', [...CALLS, '-o', log(0), ...site.processes().flatMap((p) => ['-p', String(p.pid)])], { stdio: 'ignore' });
    await sleep(800);
    for (let i = 0; i < 3; i++) {
      const { status, body } = await generate(site, { description: 'A florist with a greenhouse full of ferns.', count: 1 });
      assert.equal(status, 200);
      if (i === 0) assert.equal((await fetch(site.url + body.archive.url, { method: 'DELETE' })).status, 204);
      if (i === 1) {
        writeFileSync(join(folder, 'receipt'), body.receipt);
        officer(['erase', '--receipt', `@${join(folder, 'receipt')}`, '--yes']);
      }
    }
    officer(['requests', 'add', '--right', 'access', '--message', '-'], 'a letter');
    officer(['prune']);
    officer(['keys', 'init']);
    officer(['audit', 'verify']);
    tracer.kill('SIGINT');
    await new Promise((r) => tracer.once('exit', r));
  } finally { await site.stop(); }
  const all = readdirSync(folder).filter((f) => f.startsWith('trace.')).map((f) => [f === 'trace.0' ? 'the programs' : officers[f.slice(6) - 1], judge(readFileSync(join(folder, f), 'utf8'), site.state)]);
  for (const [who, { faults, counts }] of all) {
    t.diagnostic(`${who}: ${counts.locked} times locked, ${counts.written} writes, ${counts.files} of them into a store's file`);
    assert.deepEqual(faults.slice(0, 5), [], who);
  }
  const sum = (what) => all.reduce((n, [, { counts }]) => n + counts[what], 0);
  assert.ok(sum('written') > 50 && sum('files') > 5 && all.length === 6, JSON.stringify(all.map(([, r]) => r.counts)));
});

test('an erasure beside four open readers ends in time, says that it is partial, and its status is not 0; without them it is completed', async () => {
  const site = await startSite(), readers = [];
  try {
    const { body } = await generate(site, { description: 'A florist with a greenhouse full of ferns.', count: 1 });
    for (let i = 0; i < 4; i++) {
      const reader = spawn('sqlite3', ['-readonly', join(site.state, 'vault.db')], { stdio: ['pipe', 'pipe', 'ignore'] });
      readers.push(reader);
      reader.stdin.write('BEGIN; SELECT count(*) FROM record;\n');
      await new Promise((r) => reader.stdout.once('data', r));
    }
    const erase = () => site.officer(['erase', '--receipt', '-', '--yes'], { input: body.receipt }), begun = Date.now();
    const held = erase();
    assert.notEqual(held.code, 0, held.stdout + held.stderr);
    assert.match(held.stdout + held.stderr, /partial|"complete": ?false/);
    assert.ok(Date.now() - begun < 30000);
    // By who erases with a key: the request is found from then on, and the same key finishes it.
    const own = (await generate(site, { description: 'A florist with a greenhouse full of ferns.', count: 1 })).body;
    const keyed = () => fetch(`${site.url}/api/erase`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ receipt: own.receipt, key: 'l'.repeat(43) }) });
    const unfinished = await keyed(), { certificate, id, secret } = await unfinished.json();
    assert.deepEqual([unfinished.status, certificate.complete], [503, false]);
    assert.equal((await fetch(`${site.url}/api/rights/${id}`, { headers: { authorization: `Bearer ${secret}` } })).status, 200);
    for (const reader of readers) { reader.stdin.end(); await new Promise((r) => reader.once('exit', r)); }
    assert.equal((await (await keyed()).json()).complete, true);
    const done = erase();
    assert.equal(done.code, 0, done.stdout + done.stderr);
    assert.match(done.stdout, /"complete": ?true/);
  } finally {
    readers.forEach((r) => r.kill('SIGKILL'));
    await site.stop();
  }
});
