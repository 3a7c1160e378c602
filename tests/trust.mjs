// SPDX-License-Identifier: ISC
// Runs the numbered rows of trust.txt at full sizes and writes build/trust.json: what held, how much was tried, with which seed, in what time, of which
// commit; signed with build/trust.key, which is made where there is none. A row that is run by itself takes the place of its earlier result there.
//
//   node tests/trust.mjs [ROW …]      LETHE_TRUST: percent of the full sizes (100); LETHE_TRUST_SEED: another seed than each test's own
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, trustRows } from './tables.mjs';

const percent = process.env.LETHE_TRUST || '100';
const env = { ...process.env, LETHE_TRUST: percent };
const wanted = process.argv.slice(2);
const rows = trustRows().filter((r) => /^\d+$/.test(r.row) && (wanted.length === 0 || wanted.includes(r.row)));
const done = new Map(); // a test that several rows name is run once

// What a test said of itself: its seed and its sizes.
function unit(file, name) {
  const called = name.replaceAll(' ', '_');
  const r = spawnSync(join(root, 'build/release', file.replace(/\.c$/, '')), [], { cwd: root, env: { ...env, LETHE_TEST: called }, encoding: 'utf8', maxBuffer: 1 << 28 });
  const output = `${r.stdout}${r.stderr}`;
  if (r.signal) return { held: false, said: [`ended by ${r.signal}`, ...output.trim().split('\n').slice(-5)] }; // what it had to say may be lost with it
  const [, said = ''] = output.match(new RegExp(`\\[ RUN      \\] ${called}\\n([\\s\\S]*?)\\[  (?:     OK|FAILED|SKIPPED)`)) ?? [];
  return { held: output.includes(`[       OK ] ${called}\n`), said: said.trim().split('\n').filter(Boolean).slice(0, 12) };
}

function node(file, name) {
  const r = spawnSync(process.execPath, ['--test', '--test-reporter=tap', `--test-name-pattern=^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`, `tests/${file}`], { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 28 });
  const lines = r.stdout.split('\n').map((l) => l.trim());
  const own = lines.filter((l) => /^(not )?ok \d+ - /.test(l) && l.includes(` - ${name}`) && !l.includes('# SKIP'));
  const held = own.length > 0 && own.every((l) => l.startsWith('ok'));
  const said = lines.filter((l) => /^# .*\d/.test(l) && !/^# (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms|Subtest)/.test(l)).map((l) => l.slice(2));
  return { held, said: held ? said.slice(0, 12) : lines.filter((l) => /^error:|^not ok/.test(l)).slice(0, 12) };
}

function run([file, name]) {
  const test = `${file} “${name}”`, start = Date.now();
  if (!done.has(test)) done.set(test, { test, ...(file.startsWith('unit/') ? unit : node)(file, name), seconds: Math.round((Date.now() - start) / 100) / 10 });
  return done.get(test);
}

const git = (...words) => { const r = spawnSync('git', words, { cwd: root, encoding: 'utf8' }); return r.status === 0 ? r.stdout.trim() : null; };
const commit = git('rev-parse', 'HEAD'), altered = git('status', '--porcelain') !== '';
const [result, signature, key, pub] = ['trust.json', 'trust.json.sig', 'trust.key', 'trust.pub'].map((f) => join(root, 'build', f));

if (!existsSync(key)) {
  execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', key]);
  chmodSync(key, 0o600);
}
execFileSync('openssl', ['pkey', '-in', key, '-pubout', '-out', pub]);

// After each row, as all of them take hours.
const results = wanted.length > 0 && existsSync(result) ? JSON.parse(readFileSync(result, 'utf8')).rows.filter((e) => e.commit) : [];
function save(row) {
  results.splice(0, results.length, ...results.filter((r) => r.row !== row.row), row);
  writeFileSync(result, `${JSON.stringify({ rows: results.sort((a, b) => a.row - b.row) }, null, 1)}\n`);
  execFileSync('openssl', ['pkeyutl', '-sign', '-inkey', key, '-rawin', '-in', result, '-out', signature]);
}

// In the order in which they were asked for.
if (wanted.length > 0) rows.sort((a, b) => wanted.indexOf(a.row) - wanted.indexOf(b.row));
let passed = 0, failed = 0;
for (const r of rows) {
  const tests = r.tests.map(run), held = tests.every((t) => t.held);
  passed += tests.filter((t) => t.held).length;
  failed += tests.filter((t) => !t.held).length;
  console.log(`${held ? 'held  ' : 'FAILED'} ${r.row.padStart(2)} ${r.what}`);
  for (const t of tests) console.log(`          ${t.held ? 'ok' : 'not ok'} ${t.test} (${t.seconds} s)${t.said.length ? `\n             ${t.said.join('\n             ')}` : ''}`);
  save({ row: Number(r.row), what: r.what, held, at: new Date().toISOString(), commit, altered, percent: Number(percent), tests });
}
console.log('build/trust.json is signed: openssl pkeyutl -verify -pubin -inkey build/trust.pub -rawin -in build/trust.json -sigfile build/trust.json.sig');
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
