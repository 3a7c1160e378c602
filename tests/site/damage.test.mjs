// SPDX-License-Identifier: ISC
// A store that is damaged somewhere: whatever byte it is, each command of the officer ends, by itself and in time, and where it does not succeed it names
// a cause. What only reads leaves the damage as it found it.
import test from 'node:test';
import assert from 'node:assert/strict';
import { accessSync, cpSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { trustSeed, trustSize } from '../tables.mjs';
import { place } from './admin_support.mjs';

const count = trustSize(96, 100000), seed = trustSeed(20261128);

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

test('whatever is damaged, every command ends in time and says what is wrong', (t) => {
  const p = place(t);
  const random = numbers(seed);
  assert.equal(p.run(['publish']).status, 0);
  for (let i = 0; i < 6; i++) p.run(['requests', 'add', '--right', 'access', '--received', `2026-11-${10 + i}`, '--message', '-'], { input: `letter ${i}` });
  p.run(['prune']);
  const id = JSON.parse(p.run(['requests', 'list', '--format', 'json']).stdout)[0]?.id ?? '0'.repeat(32);
  const receipt = join(p.base, 'receipt');
  writeFileSync(receipt, 'A'.repeat(43));
  const commands = [
    { words: ['check', '--quiet'], reads: true }, { words: ['requests', 'list'], reads: true }, { words: ['audit', 'verify'] }, { words: ['audit', 'show'], reads: true },
    { words: ['prune', '--dry-run'], reads: true }, { words: ['prune'] }, { words: ['erase', '--receipt', `@${receipt}`, '--yes'] }, { words: ['export', '--request', id, '--output', join(p.base, 'export.zip')] },
    { words: ['requests', 'show', id] }, { words: ['requests', 'acknowledge', id] }, { words: ['metrics'], reads: true }, { words: ['register'], reads: true }, { words: ['keys', 'init'] },
    { words: ['clock', 'show'], reads: true }, { words: ['publish'] }, { words: ['requests', 'add', '--right', 'access', '--message', '-'], input: 'another' },
  ];
  const sound = join(p.base, 'sound');
  cpSync(p.state, sound, { recursive: true, preserveTimestamps: true });
  const results = {};
  for (let n = 0; n < count; n++) {
    rmSync(p.state, { recursive: true });
    cpSync(sound, p.state, { recursive: true, preserveTimestamps: true });
    rmSync(join(p.base, 'export.zip'), { force: true });
    const files = filesBelow(p.state).filter((f) => !f.includes('/publish/') && statSync(f).size > 0);
    const file = files[random(files.length)], size = statSync(file).size, how = random(4);
    if (how === 0) truncateSync(file, random(size));
    else {
      const bytes = readFileSync(file);
      for (let i = 0; i < (how === 1 ? 1 : 16); i++) bytes[random(size)] ^= 1 << random(8);
      if (how === 3) bytes.fill(0, Math.floor(size / 4096 / 2) * 4096, Math.min(size, (Math.floor(size / 4096 / 2) + 1) * 4096));
      writeFileSync(file, bytes);
    }
    const command = commands[n % commands.length], name = command.words.slice(0, 2).join(' ');
    const what = `number ${n}: ${name} with ${file.slice(p.state.length + 1)} damaged (${['cut', 'one bit', 'bits', 'a page of zeros'][how]})`;
    const watched = command.reads ? files.filter((f) => !/-(shm|wal)$|lock$/.test(f)) : [];
    const before = digest(watched), begun = Date.now();
    const { status, stdout, stderr } = p.run(command.words, { input: command.input ?? '' });
    assert.ok(status !== null && status >= 0 && status <= 5, `${what}: status ${status} ${stderr}`);
    assert.ok(Date.now() - begun < 30000, `${what}: it took too long`); // not how fast it is: that it ends
    if (status !== 0) assert.ok(`${stdout}${stderr}`.trim().length > 10, `${what}: no cause was named`);
    assert.doesNotMatch(stderr, /AddressSanitizer|runtime error|assertion|letter \d/i, what);
    assert.equal(digest(watched), before, `${what}: a command that only reads changed a store`);
    (results[name] ??= {})[status] = (results[name][status] ?? 0) + 1;
  }
  t.diagnostic(`seed ${seed}, ${count} damaged stores: ${JSON.stringify(results)}`);
});
