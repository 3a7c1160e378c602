// SPDX-License-Identifier: ISC
// Breaks the code of each promise of the README's table, one at a time, and expects the test that the row names to fail. In a copy of the
// tree below build/mutate/, where only what a change touches is built again.
//
//   node tests/mutate.mjs          all of them, after a run of each test without any change
//   node tests/mutate.mjs third    a third of the README's and a tenth of those that only trust.txt needs: which ones goes round with the commits
//   node tests/mutate.mjs WORD …   those whose promise, file or test has the word
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasTest, root, testFile } from './tables.mjs';
import { TRUST, mutations } from './mutations.mjs';

const tree = join(root, 'build', 'mutate');
const wanted = process.argv.slice(2);

// ---- the table of the README: each promise has a mutation, each mutation a promise, and each test that a row names is there ----

function readTable() {
  const lines = readFileSync(join(root, 'README.md'), 'utf8').split('\n');
  const start = lines.findIndex((l) => l.startsWith('| the notice says |'));
  const rows = lines.slice(start + 2, lines.indexOf('', start)).map((l) => l.split('|').map((c) => c.trim()).slice(1, 3));
  const faults = [];
  for (const [promise, tests] of rows) {
    if (!mutations.some((m) => m.promise === promise)) faults.push(`no mutation breaks the promise “${promise}”`);
    let file = null;
    for (const [, code, quoted] of tests.matchAll(/`([^`]+)`|["“]([^"”]+)["”]/g)) {
      const name = code?.replace(/^tests\/\w+\//, '').replace(/(\.test\.mjs|\.c)$/, '');
      if (code && !(file = testFile(name))) faults.push(`the row “${promise}” names ${code}, which is no test`);
      if (quoted && file && !hasTest(file, quoted)) faults.push(`the row “${promise}” names “${quoted}”, which ${file} does not have`);
    }
  }
  for (const m of mutations) {
    if (m.promise !== TRUST && !rows.some(([promise]) => promise === m.promise)) faults.push(`the README has no promise “${m.promise}”`);
    if (!hasTest(`tests/${m.test[0]}`, m.test[1])) faults.push(`tests/${m.test[0]} has no test “${m.test[1]}”`);
    const count = existsSync(join(root, m.file)) ? readFileSync(join(root, m.file), 'utf8').split(m.from).length - 1 : 0;
    if (count !== 1) faults.push(`${m.file}: what the mutation of “${m.promise}” replaces stands there ${count} times, not once: ${m.from}`);
  }
  return faults;
}

// ---- the copy ----

function copyTree() {
  mkdirSync(tree, { recursive: true });
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' }).split('\0').filter((f) => f && existsSync(join(root, f)));
  const listed = new Set(files);
  if (existsSync(join(tree, '.files'))) {
    for (const f of readFileSync(join(tree, '.files'), 'utf8').split('\n')) if (f && !listed.has(f)) rmSync(join(tree, f), { force: true });
  }
  for (const f of files) {
    const from = join(root, f), to = join(tree, f);
    if (existsSync(to) && readFileSync(to).equals(readFileSync(from))) continue;
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to, { preserveTimestamps: !existsSync(join(tree, 'build')) });
  }
  writeFileSync(join(tree, '.files'), files.join('\n'));
  if (!existsSync(join(tree, 'build')) && existsSync(join(root, 'build', 'release'))) {
    mkdirSync(join(tree, 'build'));
    cpSync(join(root, 'build', 'release'), join(tree, 'build', 'release'), { recursive: true, preserveTimestamps: true });
  }
  for (const [from, to] of [['tests/node_modules', 'tests/node_modules'], ['build/node', 'build/node']]) {
    if (existsSync(join(root, from)) && !existsSync(join(tree, to))) symlinkSync(join(root, from), join(tree, to));
  }
}

function build(test) {
  const targets = test.startsWith('unit/') ? [`build/release/${test.replace(/\.c$/, '')}`] : ['programs', 'bench-programs'];
  if (test.startsWith('unit/egress_')) targets.push('programs'); // which these start
  const r = spawnSync('make', ['-s', '-j2', 'CFLAGS=-w', ...targets], { cwd: tree, encoding: 'utf8' });
  return r.status === 0 ? null : (r.stdout + r.stderr).slice(-2000);
}

// 'passed' or 'failed': what became of the one test that is named; anything else says that it did not run.
function run([file, name]) {
  const unit = file.startsWith('unit/');
  const words = unit ? [join(tree, 'build/release', file.replace(/\.c$/, ''))]
    : [process.execPath, '--test', '--test-reporter=tap', `--test-name-pattern=^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`, `tests/${file}`];
  const called = name.replaceAll(' ', '_');
  const r = spawnSync(words[0], words.slice(1), { cwd: tree, env: { ...process.env, LETHE_TEST: called }, encoding: 'utf8', timeout: 180000, maxBuffer: 1 << 28 });
  const output = `${r.stdout}${r.stderr}`;
  if (unit) {
    if (output.includes(`[       OK ] ${called}\n`)) return 'passed';
    return output.includes(`[  FAILED  ] ${called}`) || output.includes(`[ RUN      ] ${called}\n`) ? 'failed' : `did not run:\n${output.slice(-1000)}`;
  }
  const lines = output.split('\n').map((l) => l.trim()).filter((l) => /^(not )?ok \d+ - /.test(l) && l.includes(` - ${name}`) && !l.includes('# SKIP'));
  if (lines.length === 0) return `did not run:\n${output.slice(-1000)}`;
  return lines.some((l) => l.startsWith('not ok')) ? 'failed' : 'passed';
}

// ---- one mutation ----

function mutate(m) {
  const path = join(tree, m.file), text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(m.from, () => m.to));
  try {
    const broken = build(m.test[0]);
    if (broken) return `does not build:\n${broken}`;
    const result = run(m.test);
    return result === 'failed' ? null : result === 'passed' ? `tests/${m.test[0]} “${m.test[1]}” did not notice` : result;
  } finally {
    writeFileSync(path, text); // newer than what was built of it
  }
}

function choose() {
  if (wanted.length === 0) return mutations;
  if (wanted[0] !== 'third') return mutations.filter((m) => wanted.some((w) => `${m.promise} ${m.file} ${m.test.join(' ')}`.includes(w)));
  const git = spawnSync('git', ['rev-list', '--count', 'HEAD'], { cwd: root, encoding: 'utf8' });
  const turn = git.status === 0 ? Number(git.stdout) : Math.floor(Date.now() / 86400000);
  const share = (list, n) => list.filter((_, i) => i % n === turn % n);
  console.log(`of the README's mutations the third number ${(turn % 3) + 1}, of those of trust.txt the tenth number ${(turn % 10) + 1}`);
  return [...share(mutations.filter((m) => m.promise !== TRUST), 3), ...share(mutations.filter((m) => m.promise === TRUST), 10)];
}

let passed = 0;
const faults = readTable();
for (const f of faults) console.log(`FAIL ${f}`);
if (faults.length === 0) {
  copyTree();
  const chosen = choose(), tests = new Map();
  if (wanted.length === 0) for (const m of chosen) tests.set(m.test.join(' '), m.test);
  for (const test of tests.values()) {
    const broken = build(test[0]), result = broken ? `does not build: ${broken}` : run(test);
    if (result === 'passed') continue;
    faults.push(test);
    console.log(`FAIL without any change, tests/${test[0]} “${test[1]}”: ${result}`);
  }
  for (const m of chosen) {
    const start = Date.now(), fault = mutate(m);
    if (fault) faults.push(m); else passed += 1;
    console.log(`${fault ? 'FAIL' : 'ok  '} ${m.promise}: ${m.file} (${((Date.now() - start) / 1000).toFixed(1)} s)${fault ? `\n     ${fault}` : ''}`);
  }
}
console.log(`${passed} passed, ${faults.length} failed`);
process.exit(faults.length ? 1 : 0);
