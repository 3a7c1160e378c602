// SPDX-License-Identifier: ISC
// A store that is damaged somewhere: whatever byte it is, each command of the officer ends, by itself and in time, and where it does not succeed it names
// a cause. What only reads leaves the damage as it found it, and nothing writes into a file that SQLite itself calls damaged.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { accessSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { lethe, root } from './harness.mjs';
import { trustSeed, trustSize } from '../tables.mjs';
import { place } from './admin_support.mjs';

const count = trustSize(126, 100000), seed = trustSeed(20261128);

// The same numbers in every run.
function numbers(seed) {
  let s = seed >>> 0;
  return (below) => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return Math.floor((s / 2 ** 32) * below);
  };
}

const filesBelow = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).map((f) => join(f.parentPath ?? f.path, f.name));
const digest = (files) => createHash('sha256').update(Buffer.concat(files.map((f) => readFileSync(f)))).digest('hex');

try { accessSync('/dev/shm', 7); process.env.TMPDIR = '/dev/shm'; } catch { /* then on the disk, which is slower */ }

// Puts back what is not as it was, and takes away what was not there. `placed`: what it was put back as.
function restore(sound, state, placed) {
  const mark = (file) => { const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true }); return `${ino} ${size} ${mtimeNs} ${ctimeNs}`; };
  const there = new Set(filesBelow(state).map((f) => f.slice(state.length)));
  for (const name of there) if (!sound.files.includes(name)) rmSync(join(state, name));
  for (const name of sound.files) {
    const to = join(state, name);
    if (there.has(name) && placed.get(name) === mark(to)) continue;
    mkdirSync(dirname(to), { recursive: true });
    if (there.has(name)) rmSync(to);
    copyFileSync(join(sound.folder, name), to);
    placed.set(name, mark(to));
  }
}

// Never an error of its own: {status, text}, with a status of null for who was killed.
const command = (p, words, input) => new Promise((resolve) => {
  const child = spawn('setsid', ['-w', lethe, ...words], { env: p.env, timeout: 60000, killSignal: 'SIGKILL' });
  let stderr = '', all = '';
  child.stdout.on('data', (piece) => { if (all.length < 1000) all += piece; });
  child.stderr.on('data', (piece) => { stderr += piece; all += piece; });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  child.on('close', (status) => resolve({ status, stderr, all }));
});

function isSick(file, copy) {
  for (const end of ['', '-wal', '-shm', '-journal']) { rmSync(copy + end, { force: true }); if (end !== '-shm') try { copyFileSync(file + end, copy + end); } catch { /* there is none */ } }
  const { status, stdout } = spawnSync('sqlite3', [copy, 'PRAGMA quick_check'], { encoding: 'utf8' });
  return status !== 0 || stdout.trim() !== 'ok';
}

test('whatever is damaged, every command ends in time and says what is wrong', async (t) => {
  const p = place(t, { init: false }), policy = readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8'), [log] = policy.match(/ *<kind id="error-log"[\s\S]*?<\/kind>\n/);
  p.env.LETHE_POLICY = join(p.base, 'policy.xml');
  writeFileSync(p.env.LETHE_POLICY, policy.replace(log, log + log.replace('"error-log"', '"backup"').replace(/length="[^"]*"/, 'length="P30D"')));
  const run = p.run;
  p.run = (words, options) => run(words, { ...options, env: { LETHE_POLICY: p.env.LETHE_POLICY, ...options?.env } });
  for (const words of [['keys', 'init'], ['publish']]) assert.equal(p.run(words).status, 0);
  for (let i = 0; i < 6; i++) p.run(['requests', 'add', '--right', 'access', '--received', `2026-11-${10 + i}`, '--message', '-'], { input: `letter ${i}` });
  p.run(['prune']);
  const id = JSON.parse(p.run(['requests', 'list', '--format', 'json']).stdout)[0]?.id ?? '0'.repeat(32);
  assert.equal(p.run(['requests', 'verify', id, '--how', 'document', '--reason', 'seen']).status, 0);
  const receipt = join(p.base, 'receipt'), sound = { folder: join(p.base, 'sound') };
  writeFileSync(receipt, 'A'.repeat(43));
  // What was saved is damaged, too, where a command reads that.
  const saved = { folder: join(p.base, 'saved') };
  for (const name of ['data', 'keys']) mkdirSync(join(saved.folder, name), { recursive: true });
  const backup = p.run(['backup', join(saved.folder, 'data'), '--keys', join(saved.folder, 'keys'), '--format', 'json']);
  assert.equal(backup.status, 0, backup.stderr);
  saved.files = filesBelow(saved.folder).map((f) => f.slice(saved.folder.length));
  const [whole] = readdirSync(join(saved.folder, 'data')), [keys] = readdirSync(join(saved.folder, 'keys'));
  cpSync(p.state, sound.folder, { recursive: true });
  sound.files = filesBelow(sound.folder).map((f) => f.slice(sound.folder.length));
  // And with all that is stored in the files themselves, where no page of a log stands before a damaged one.
  const flat = { folder: join(p.base, 'flat') };
  cpSync(sound.folder, flat.folder, { recursive: true });
  for (const db of ['vault.db', 'keys/keys.db']) execFileSync('sqlite3', [join(flat.folder, db), 'PRAGMA wal_checkpoint(TRUNCATE)']);
  flat.files = filesBelow(flat.folder).map((f) => f.slice(flat.folder.length));
  const reads = ['check --quiet', 'requests list', 'audit show', 'prune --dry-run', 'metrics', 'register', 'clock show', `requests show ${id}`, `requests recipients ${id}`,
    'outbox list', 'agents list', 'hold list', 'authority list', 'incident list', 'assess list', 'consents list', 'consents export', 'restrict list', `access --receipt @${receipt}`, `export --receipt @${receipt} --output EXPORT --reason asked`,
    'audit proof 1', 'policy lint', 'subprocessors', 'backup --check WHOLE'];
  const writes = ['audit verify', 'audit checkpoint', 'audit bundle FOLDER', 'prune', `erase --receipt @${receipt} --yes`, `export --request ${id} --output EXPORT`, `requests acknowledge ${id}`, `requests note ${id} --text -`,
    `requests close ${id} --ground spam`, `rectify ${id} --message - --reason typing`, 'keys init', 'keys rotate', 'publish', 'requests add --right access --message -',
    `hold place --ground statute --citation none --review 2040-01-01 --owner anna --request ${id}`, 'outbox send', 'backup DATA --keys KEYS', 'restore WHOLE --keys COPY --replace'];
  const commands = [...reads.map((words) => ({ words, reads: true })), ...writes.map((words) => ({ words }))];
  const results = {}, random = numbers(seed);
  let next = 0, sickTried = 0;

  // In places of their own; which damage a number has, does not go by who tries it.
  const plan = () => ({ n: next++, draws: Array.from({ length: 40 }, () => random(2 ** 31)) });
  async function walk(number) {
    const mine = { ...p, base: join(p.base, `place-${number}`), env: { ...p.env, LETHE_STATE: join(p.base, `place-${number}`, 'state') } }, placed = new Map(), kept = join(mine.base, 'saved');
    mine.state = mine.env.LETHE_STATE;
    const folders = () => { for (const folder of ['ledger', 'log', 'tombstones', 'policy', 'keys', 'publish']) mkdirSync(join(mine.state, folder), { recursive: true }); };
    folders();
    let lastFlat = -1;
    const fill = (word) => ({ EXPORT: join(mine.base, 'export.zip'), FOLDER: join(mine.base, 'folder'), DATA: join(mine.base, 'data'), KEYS: join(mine.base, 'keys'), WHOLE: join(kept, 'data', whole), COPY: join(kept, 'keys', keys) })[word] ?? word;
    while (next < count) {
      const { n, draws } = plan(), draw = (below) => draws.pop() % below;
      if (n % 2 !== lastFlat) placed.clear();
      lastFlat = n % 2;
      restore(lastFlat ? flat : sound, mine.state, placed);
      for (const made of ['EXPORT', 'FOLDER', 'DATA', 'KEYS']) rmSync(fill(made), { recursive: true, force: true });
      for (const made of ['DATA', 'KEYS']) mkdirSync(fill(made));
      const c = commands[n % commands.length], ofSaved = c.words.includes('WHOLE'), home = ofSaved ? kept : mine.state;
      if (ofSaved) rmSync(kept, { recursive: true, force: true });
      if (ofSaved) cpSync(saved.folder, kept, { recursive: true });
      const files = filesBelow(home).filter((f) => !f.includes('/publish/') && !f.endsWith('/space-reserve') && statSync(f).size > 0);
      const stores = files.filter((f) => f.endsWith('.db')), from = lastFlat && n % 4 === 1 ? stores : files;
      const file = from[draw(from.length)], size = statSync(file).size, how = draw(4);
      if (how === 0) truncateSync(file, draw(size));
      else {
        const bytes = readFileSync(file);
        for (let i = 0; i < (how === 1 ? 1 : 16); i++) bytes[draw(size)] ^= 1 << draw(8);
        if (how === 3) bytes.fill(0, Math.floor(size / 4096 / 2) * 4096, Math.min(size, (Math.floor(size / 4096 / 2) + 1) * 4096));
        writeFileSync(file, bytes);
      }
      const words = c.words.split(' ').map(fill), name = words.slice(0, 2).map((w) => (w.startsWith(p.base) || w === id ? '…' : w)).join(' ');
      const what = `number ${n}: ${name} with ${file.slice(home.length + 1)} damaged (${['cut', 'one bit', 'bits', 'a page of zeros'][how]})`;
      // SQLite itself says whether it could still be written to; it is asked of a copy, with its log.
      const sick = !c.reads && file.endsWith('.db') && isSick(file, join(mine.base, 'copy.db')), sickBytes = sick ? digest([file, `${file}-wal`].filter(existsSync)) : '';
      const watched = c.reads ? files.filter((f) => !/-(shm|wal)$|lock$/.test(f)) : [];
      const before = digest(watched);
      const { status, stderr, all } = await command(mine, words, 'another letter');
      assert.ok(status !== null, `${what}: it did not end in time, or was ended by a signal: ${stderr}`); // not how fast it is: that it ends
      assert.ok(status >= 0 && status <= 5, `${what}: status ${status} ${stderr}`);
      if (status !== 0) assert.ok(all.trim().length > 10, `${what}: no cause was named`);
      assert.doesNotMatch(stderr, /AddressSanitizer|runtime error|assertion|letter \d/i, what);
      assert.equal(digest(watched), before, `${what}: a command that only reads changed a store`);
      if (sick) {
        sickTried++;
        assert.notEqual(status, 0, `${what}: it wrote into a file that SQLite calls damaged`);
        assert.equal(digest([file, `${file}-wal`].filter(existsSync)), sickBytes, `${what}: a file that SQLite calls damaged was written to`);
      }
      if (c.words.startsWith('restore')) { // other files may be there now
        for (const name of readdirSync(mine.state)) rmSync(join(mine.state, name), { recursive: true });
        placed.clear();
        folders();
      }
      (results[name] ??= {})[status] = (results[name][status] ?? 0) + 1;
    }
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 8) }, (_, i) => walk(i)));
  assert.ok(sickTried >= count / 50, `${sickTried} commands would have written into a damaged file`);
  t.diagnostic(`seed ${seed}, ${count} damaged stores, ${sickTried} of which SQLite calls damaged and a command was to write to: ${JSON.stringify(results)}`);
});
