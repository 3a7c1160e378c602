// SPDX-License-Identifier: ISC
// Runs what `make test` is made of, counts, and ends with one line: N passed, N failed.
// Each group is a list of commands; a command's tests are counted from its own output (cmocka, node --test) or it is one test itself.
import { spawn } from 'node:child_process';
import { readdirSync, existsSync, mkdirSync, writeFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const wanted = process.argv.slice(2);
const list = (folder, end) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)).filter((f) => f.endsWith(end)).sort() : []);

const unit = (variant) => list(`build/${variant}/unit`, '_test').map((name) => ({ name: `${variant} ${name}`, words: [`build/${variant}/unit/${name}`] }));
const node = (folder) => list(folder, '.test.mjs').map((name) => ({
  name: `${folder.split('/').pop()} ${basename(name, '.test.mjs')}`,
  words: [process.execPath, '--test', '--test-reporter=tap', `${folder}/${name}`],
}));
const fuzz = list('build/fuzz/fuzz', '_fuzz').map((name) => ({
  name: `fuzz ${name}`,
  words: [`build/fuzz/fuzz/${name}`, '-runs=20000', '-max_total_time=8', '-max_len=65536', '-rss_limit_mb=4096', '-timeout=20', '-print_final_stats=0',
    `-artifact_prefix=build/fuzz/`, ...['build/fuzz/corpus', 'tests/fuzz/seeds'].map((d) => `${d}/${basename(name, '_fuzz')}`)],
  prepare: () => mkdirSync(join(root, 'build/fuzz/corpus', basename(name, '_fuzz')), { recursive: true }),
}));

const groups = {
  lint: [{ name: 'lint', words: ['sh', 'tests/lint.sh', 'third'], minutes: 20 }],
  unit: [...unit('release'), ...unit('asan'), ...unit('tsan'), { name: 'asan picture_faults', words: ['env', 'VARIANT=asan', process.execPath, '--test', '--test-reporter=tap', 'tests/site/picture_faults.test.mjs'] }],
  fuzz,
  site: node('tests/site'),
  browser: node('tests/browser'),
  system: node('tests/system'),
  mutate: [{ name: 'mutate', words: [process.execPath, 'tests/mutate.mjs', 'third'] }],
};

function count(output, code) {
  const cmocka = [...output.matchAll(/^\[ {2}(PASSED|FAILED) {2}\] (\d+) test/gm)];
  const tap = { pass: output.match(/^# pass (\d+)/m), fail: output.match(/^# fail (\d+)/m), skip: output.match(/^# skipped (\d+)/m) };
  const marked = output.match(/^(\d+) passed, (\d+) failed$/m);
  let passed = 0, failed = 0, skipped = 0;
  if (tap.pass) [passed, failed, skipped] = [tap.pass, tap.fail, tap.skip].map((m) => Number(m?.[1] || 0));
  else if (marked) [passed, failed] = [Number(marked[1]), Number(marked[2])];
  else if (cmocka.length) for (const [, what, n] of cmocka) what === 'PASSED' ? (passed += Number(n)) : (failed += Number(n));
  else if (code === 0) passed = 1;
  if (code !== 0 && failed === 0) failed = 1;
  return { passed, failed, skipped };
}

// Each command is a group of processes of its own, which is ended whole.
const running = new Set();
const end = (child) => { try { process.kill(-child.pid, 'SIGKILL'); } catch { /* it ended meanwhile */ } };
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => { running.forEach(end); process.exit(1); });

function runOne(job) {
  job.prepare?.();
  return new Promise((resolve) => {
    const start = Date.now();
    let output = '';
    const child = spawn(job.words[0], job.words.slice(1), { cwd: root, env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0', TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1' }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    running.add(child);
    const minutes = job.minutes ?? 10;
    const timer = setTimeout(() => { output += `\nended: it took longer than ${minutes} minutes\n`; end(child); }, minutes * 60000);
    child.stdout.on('data', (d) => { output += d; });
    child.stderr.on('data', (d) => { output += d; });
    child.on('error', (e) => { output += String(e); });
    child.on('close', (code) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ ...job, ...count(output, code), output, seconds: (Date.now() - start) / 1000 });
    });
  });
}

async function runGroup(jobs, width, report) {
  const queue = [...jobs];
  await Promise.all(Array.from({ length: width }, async () => {
    for (let job; (job = queue.shift());) report(await runOne(job));
  }));
}

let passed = 0, failed = 0, skipped = 0;
const log = [];
const report = (r) => {
  passed += r.passed; failed += r.failed; skipped += r.skipped;
  log.push(`===== ${r.name} (${r.seconds.toFixed(1)} s)\n${r.output}`);
  console.log(`${r.failed ? 'FAIL' : 'ok  '} ${r.name}: ${r.passed} passed${r.failed ? `, ${r.failed} FAILED` : ''}${r.skipped ? `, ${r.skipped} skipped` : ''} (${r.seconds.toFixed(1)} s)`);
  if (r.failed) console.log(r.output.split('\n').slice(-120).map((l) => `    ${l}`).join('\n'));
};

const start = Date.now();
for (const [name, jobs] of Object.entries(groups)) {
  if (wanted.length && !wanted.includes(name)) continue;
  if (jobs.length === 0) { console.log(`FAIL ${name}: there is nothing to run`); failed += 1; continue; }
  await runGroup(jobs, 2, report);
}
mkdirSync(join(root, 'build'), { recursive: true });
writeFileSync(join(root, 'build', 'test.log'), log.join('\n'));
console.log(`\nThe whole output is in build/test.log. ${((Date.now() - start) / 1000).toFixed(0)} s.`);
if (skipped) console.log(`${skipped} skipped: see the log for why.`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
