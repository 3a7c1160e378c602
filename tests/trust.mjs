// SPDX-License-Identifier: ISC
// Runs the numbered rows of trust.txt at full sizes and writes build/trust.json: what held, how much was tried, with which seed, of which commit; signed
// with build/trust.key, which is made where there is none.
//
//   node tests/trust.mjs [ROW …]      LETHE_TRUST_SCALE: how many times the sizes of `make test` (40)
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, trustRows } from './tables.mjs';

const scale = process.env.LETHE_TRUST_SCALE || '40';
const env = { ...process.env, LETHE_TRUST_SCALE: scale };
const wanted = process.argv.slice(2);
const rows = trustRows().filter((r) => /^\d+$/.test(r.row) && (wanted.length === 0 || wanted.includes(r.row)));
const outputs = new Map();

// What a test said of itself: its sizes, and the seed where it has one.
function unit(file, name) {
  if (!outputs.has(file)) {
    const r = spawnSync(join(root, 'build/release', file.replace(/\.c$/, '')), [], { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 28 });
    outputs.set(file, `${r.stdout}${r.stderr}`);
  }
  const output = outputs.get(file), called = name.replaceAll(' ', '_');
  const [, said = ''] = output.match(new RegExp(`\\[ RUN      \\] ${called}\\n([\\s\\S]*?)\\[  (?:     OK|FAILED|SKIPPED)`)) ?? [];
  return { held: output.includes(`[       OK ] ${called}\n`), said: said.trim().split('\n').filter(Boolean).slice(0, 5) };
}

function node(file, name) {
  const r = spawnSync(process.execPath, ['--test', '--test-reporter=tap', `--test-name-pattern=^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`, `tests/${file}`], { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 28 });
  const lines = r.stdout.split('\n').map((l) => l.trim());
  const own = lines.filter((l) => /^(not )?ok \d+ - /.test(l) && l.includes(` - ${name}`) && !l.includes('# SKIP'));
  return { held: own.length > 0 && own.every((l) => l.startsWith('ok')), said: lines.filter((l) => /^# .*\d/.test(l) && !/^# (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms|Subtest)/.test(l)).map((l) => l.slice(2)).slice(0, 5) };
}

let failed = 0;
const results = [];
for (const r of rows) {
  const tests = r.tests.map(([file, name]) => ({ test: `${file} “${name}”`, ...(file.startsWith('unit/') ? unit : node)(file, name) }));
  failed += tests.filter((t) => !t.held).length;
  console.log(`${tests.every((t) => t.held) ? 'held  ' : 'FAILED'} ${r.row.padStart(2)} ${r.what}`);
  for (const t of tests) console.log(`          ${t.held ? 'ok' : 'not ok'} ${t.test}${t.said.length ? `\n             ${t.said.join('\n             ')}` : ''}`);
  results.push({ row: Number(r.row), what: r.what, held: tests.every((t) => t.held), tests });
}
const git = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' });
const [result, signature, key, pub] = ['trust.json', 'trust.json.sig', 'trust.key', 'trust.pub'].map((f) => join(root, 'build', f));
writeFileSync(result, `${JSON.stringify({ at: new Date().toISOString(), commit: git.status === 0 ? git.stdout.trim() : null, scale: Number(scale), seeds: 'each test has a fixed one, which its source names', rows: results }, null, 1)}\n`);
if (!existsSync(key)) {
  execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', key]);
  chmodSync(key, 0o600);
}
execFileSync('openssl', ['pkey', '-in', key, '-pubout', '-out', pub]);
execFileSync('openssl', ['pkeyutl', '-sign', '-inkey', key, '-rawin', '-in', result, '-out', signature]);
console.log(`build/trust.json is signed: openssl pkeyutl -verify -pubin -inkey build/trust.pub -rawin -in build/trust.json -sigfile build/trust.json.sig`);
console.log(`${results.flatMap((r) => r.tests).length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
