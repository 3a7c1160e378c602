// SPDX-License-Identifier: ISC
// The command line of lethe: its help, its man page, its exit statuses, and that nothing personal is taken from the command line.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './harness.mjs';
import { place } from './admin_support.mjs';

const RECEIPT = 'rJ2vT0c4yWkqC9mB7nZ1xL5sD3fG6hJ8kQ0wE2rT4yU';
const page = readFileSync(join(root, 'admin/lethe.8'), 'utf8').replaceAll('\\-', '-');
const commands = (help) => [...help.matchAll(/^ {2}([a-z]+) /gm)].map((m) => m[1]);
const options = (help) => [...help.matchAll(/^ {2}--([a-z-]+)/gm)].map((m) => m[1]);

test('every command and option in the help is in the man page, and has a help of its own', (t) => {
  const { run } = place(t, { init: false });
  const all = run(['--help']);
  assert.equal(all.status, 0);
  assert.ok(commands(all.stdout).length >= 9, all.stdout);
  const walk = (path, help) => {
    for (const name of commands(help)) {
      const words = [...path, name];
      const one = run([...words, '--help']);
      assert.equal(one.status, 0, words.join(' '));
      assert.equal(one.stderr, '');
      assert.match(one.stdout, new RegExp(`^usage: lethe ${words.join(' ')}`));
      if (commands(one.stdout).length === 0) assert.ok(page.includes(`.Cm ${words.join(' ')}`), `${words.join(' ')} is not in the man page`);
      for (const option of options(one.stdout)) assert.ok(page.includes(`Fl -${option}`), `--${option} of ${words.join(' ')} is not in the man page`);
      walk(words, one.stdout);
    }
  };
  walk([], all.stdout);
});

test('help comes before a command too, in 80 columns, and a typing mistake is answered with what is meant', (t) => {
  const { run } = place(t, { init: false });
  assert.equal(run(['help']).stdout, run(['--help']).stdout);
  assert.equal(run(['help', 'requests', 'show']).stdout, run(['requests', 'show', '--help']).stdout);
  assert.match(run(['requests', 'list', '--help']).stdout, /--status open\|[a-z|]+\|withdrawn\|unreadable\n/, 'all that may be chosen');
  for (const words of [['help'], ...commands(run(['help']).stdout).map((name) => ['help', name])])
    for (const line of run(words).stdout.split('\n')) assert.ok([...line].length <= 80, `${words.join(' ')}: ${line}`);
  assert.match(run(['chekc']).stderr, /did you mean check\?/);
  assert.match(run(['requests', 'lsit']).stderr, /did you mean list\?/);
  assert.match(run(['check', '--fromat', 'json']).stderr, /did you mean --format\?/);
  assert.doesNotMatch(run(['nonsense']).stderr, /did you mean/);
});

test('every command prints JSON, and into a file that a failure leaves as it was', (t) => {
  const p = place(t);
  const json = (...words) => JSON.parse(p.run([...words, '--format', 'json']).stdout);
  assert.deepEqual(json('keys', 'init'), { state: p.state, made: false, closed: 0 });
  assert.equal(json('publish', '--dry-run').dry_run, true);
  const published = json('publish');
  assert.equal(published.wanted_is, 'activated');
  assert.ok(published.written > 20);
  assert.equal(json('audit', 'verify').intact, true);
  assert.match(json('audit', 'checkpoint').checkpoint, /\n/);
  assert.match(json('audit', 'proof', '0').proof, /\n/);
  assert.equal(json('policy', 'lint').errors, 0);
  for (const words of [['policy', 'show'], ['requests', 'list'], ['audit', 'show'], ['prune'], ['check', '--offline']]) assert.ok(Array.isArray(json(...words)), words.join(' '));
  const file = join(p.base, 'out.json');
  assert.equal(p.run(['audit', 'verify', '--format', 'json', '--output', file]).stdout, '');
  const before = readFileSync(file, 'utf8');
  assert.equal(JSON.parse(before).intact, true);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(p.run(['audit', 'show', '--from', 'nonsense', '--output', file]).status, 2);
  assert.equal(readFileSync(file, 'utf8'), before);
  assert.deepEqual(readdirSync(p.base).filter((name) => name.endsWith('.tmp')), []);
});

test('lethe check ends with a line that counts, and no line is longer than 80 columns', (t) => {
  const p = place(t);
  p.run(['publish']);
  const text = p.run(['check', '--offline']).stdout;
  const [, broken, unsure, kept, nothing] = /\n\n(\d+) broken, (\d+) unsure, (\d+) kept; nothing to judge in (\d+)(?:; something is (?:over)?due)*\.\n$/.exec(text);
  const findings = JSON.parse(p.run(['check', '--offline', '--format', 'json']).stdout);
  const count = (result) => String(findings.filter((f) => f.result === result).length);
  assert.deepEqual([broken, unsure, kept, nothing], ['BROKEN', 'unsure', 'kept', 'nothing'].map(count));
  for (const line of text.split('\n')) assert.ok([...line].length <= 80 || !line.slice(23).includes(' '), line); // a path is not broken
});

test('the man page is without a finding of mandoc, and tells of its bugs', () => {
  const lint = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', join(root, 'admin/lethe.8')], { encoding: 'utf8' });
  assert.equal(lint.stdout + lint.stderr, '');
  assert.match(page, /^\.Sh BUGS$/m);
});

// The source files below a folder, as one text each.
const sources = (folder) => readdirSync(join(root, folder), { recursive: true }).filter((name) => name.endsWith('.c')).map((name) => readFileSync(join(root, folder, name), 'utf8'));

test('the other man pages know every setting, every option and every word of the policy language', () => {
  const pages = ['admin/lethe.8', 'fcgi/lethe-programs.8', 'systemd/lethe-run.8', 'policy/policy.5'].map((name) => readFileSync(join(root, name), 'utf8').replaceAll('\\-', '-'));
  const settings = new Set(['admin', 'fcgi', 'policy', 'systemd'].flatMap(sources).flatMap((text) => [...text.matchAll(/setting\("(\w+)"|_setting = "(\w+)"/g)].map((m) => m[1] ?? m[2])));
  for (const name of ['CREDENTIALS_DIRECTORY', 'NOTIFY_SOCKET', 'LETHE_CONNECT_TO']) settings.delete(name); // systemd's, and one of testing builds
  assert.ok(settings.size > 12);
  for (const name of settings) assert.ok(pages.some((text) => text.includes(name)), name);
  const run = readFileSync(join(root, 'systemd/run/main.c'), 'utf8');
  const words = [...run.matchAll(/\{"([a-z]+)", [01], NULL, \w/g)].map((m) => m[1]);
  assert.ok(words.length > 6);
  for (const option of words) assert.ok(pages[2].includes(`.It Fl -${option}`), option);
  const schema = readFileSync(join(root, 'policy/policy.xsd'), 'utf8');
  const vocabulary = new Set([...schema.matchAll(/(?:enumeration value|attribute name|element name)="([^"]+)"/g)].map((m) => m[1]));
  assert.ok(vocabulary.size > 150);
  for (const word of vocabulary) assert.match(pages[3], new RegExp(`(?<![a-z-])${word}(?![a-z-])`), word);
});

test('wrong usage is 2, says what is wrong and how to get help, and changes nothing', (t) => {
  const { run, base } = place(t, { init: false });
  const wrong = [[], ['nonsense'], ['requests'], ['requests', 'nonsense'], ['requests', 'show'], ['requests', 'show', 'a', 'b'], ['check', 'word'],
    ['check', '--format', 'xml'], ['check', '--format'], ['prune', '--ahead', 'tomorrow'], ['prune', '--ahead', '-PT2M'], ['prune', '--nonsense'],
    ['erase'], ['erase', '--yes'], ['erase', '--ip', '-', '--receipt', '-'], ['audit', 'show', '--from', 'x'], ['audit', 'show', '--from', '-1'], ['audit', 'show', '--last', 'x'], ['audit', 'show', '--last', '1', '--from', '0'], ['--state']];
  for (const words of wrong) {
    const result = run(words);
    assert.equal(result.status, 2, `lethe ${words.join(' ')}: ${result.stderr}`);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, /^lethe: .+\n$/);
  }
  assert.deepEqual(readdirSync(base), []);
});

test('a receipt or an address in the command line is refused, with the reason, and not repeated', (t) => {
  const { run } = place(t);
  for (const words of [['--receipt', RECEIPT], [`--receipt=${RECEIPT}`], ['--ip', '203.0.113.7'], ['--ip=2001:db8::7']]) {
    const result = run(['erase', ...words, '--yes']);
    assert.equal(result.status, 2);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, /history/);
    assert.match(result.stderr, /@FILE/);
    for (const secret of [RECEIPT, '203.0.113.7', '2001:db8::7']) assert.ok(!result.stderr.includes(secret));
  }
  const stray = run(['erase', RECEIPT]);
  assert.equal(stray.status, 2);
  assert.ok(!stray.stderr.includes(RECEIPT));
});

test('a receipt comes from a file or standard input; without either and without a terminal: 2', (t) => {
  const { run, base } = place(t);
  const file = join(base, 'receipt');
  writeFileSync(file, `  ${RECEIPT}\n`);
  for (const [words, input] of [[['--receipt', `@${file}`], ''], [[`--receipt=@${file}`], ''], [['--receipt', '-'], `${RECEIPT}\n`]]) {
    const result = run(['erase', ...words, '--dry-run', '--format', 'json'], { input });
    assert.equal(result.status, 0, result.stderr);
    for (const row of JSON.parse(result.stdout)) assert.equal(row.found, 0);
  }
  const refused = [[['--receipt', '--dry-run'], ''], [['--receipt', '-', '--dry-run'], ''], [['--receipt', '-', '--dry-run'], ' \n'], [['--receipt', '-', '--dry-run'], 'a\nb\n'],
    [['--receipt', `@${base}/none`, '--dry-run'], ''], [['--ip', '-', '--dry-run'], '203.0.113.999'], [['--receipt', '-', '--dry-run'], 'x'.repeat(100000)],
    [['--receipt', '-', '--yes'], 'hello'], [['--receipt', '-', '--yes'], `${RECEIPT}A`]];
  for (const [words, input] of refused) {
    const result = run(['erase', ...words], { input });
    assert.equal(result.status, 2, `${words}: ${result.stdout}${result.stderr}`);
    assert.equal(result.stdout, '');
    assert.ok(!result.stderr.includes('203.0.113.999'));
  }
});

test('without stores or a policy nothing is done, and the message says what to do', (t) => {
  const { run, base, state, runFolder } = place(t, { init: false });
  const nobody = '0'.repeat(32);
  for (const words of [['publish'], ['publish', '--dry-run'], ['publish', join(base, 'elsewhere')], ['check'], ['check', '--offline', '--format', 'json'], ['requests', 'list'], ['requests', 'show', nobody], ['audit', 'verify'],
    ['audit', 'show'], ['audit', 'checkpoint'], ['prune'], ['prune', '--dry-run'], ['register'], ['erase', '--record', nobody, '--yes'], ['erase', '--record', nobody, '--dry-run']]) {
    const result = run(words), unsure = words[1] === 'verify' ? 5 : 2; // which has exit statuses of its own
    assert.equal(result.status, unsure, words.join(' '));
    assert.equal(result.stdout, '');
    assert.match(result.stderr, /^lethe: no store in [^\n]*: [^\n]*--state[^\n]*lethe keys init\n$/, words.join(' '));
    assert.ok(result.stderr.includes(state));
    const typo = run(['--state', join(base, 'tpyo'), ...words]);
    assert.equal(typo.status, unsure);
    assert.ok(typo.stderr.includes(join(base, 'tpyo')));
  }
  assert.deepEqual(readdirSync(runFolder), []);
  const none = ['--policy', join(base, 'none.xml')];
  for (const words of [['keys', 'init'], ['subprocessors'], ['policy', 'show']]) {
    const result = run([...none, ...words]);
    assert.equal(result.status, 2, words.join(' '));
    assert.match(result.stderr, /none\.xml/);
  }
  assert.match(run([...none, 'publish']).stderr, /^lethe: no store in /, 'a mistyped folder is named first');
  assert.deepEqual(readdirSync(base), []);
  assert.equal(run(['keys', 'init']).status, 0);
  for (const words of [['publish'], ['prune'], ['requests', 'list']]) {
    const result = run([...none, ...words]);
    assert.equal(result.status, 2, words.join(' '));
    assert.match(result.stderr, /none\.xml/);
  }
});

test('who only looks makes nothing, in the store or in a run folder that may be the wrong one', (t) => {
  const { run, state, runFolder } = place(t);
  rmSync(join(state, 'space-reserve'));
  const was = readdirSync(state, { recursive: true }).sort();
  for (const words of [['requests', 'list'], ['requests', 'show', '0'.repeat(32)], ['requests', 'recipients', '0'.repeat(32)], ['audit', 'show'], ['audit', 'verify'], ['register'], ['check', '--offline'], ['publish', '--dry-run'], ['prune', '--dry-run'],
    ['erase', '--record', '0'.repeat(32), '--dry-run']]) {
    run(words);
    assert.deepEqual(readdirSync(state, { recursive: true }).sort(), was, words.join(' '));
    assert.deepEqual(readdirSync(runFolder), [], words.join(' '));
  }
});

test('policy lint: 0 valid, 1 with file:line, 2 unreadable', (t) => {
  const { run, base } = place(t, { init: false });
  const policy = join(root, 'policy/sites/bizimages.xml');
  const good = run(['policy', 'lint', policy]);
  assert.equal(good.status, 0, good.stdout);
  assert.equal(good.stdout, `${policy}: no findings\n`);
  assert.deepEqual(JSON.parse(run(['policy', 'lint', '--format', 'json', policy]).stdout), { file: policy, errors: 0, warnings: 0, findings: [] });
  const bad = join(base, 'bad.xml');
  writeFileSync(bad, readFileSync(policy, 'utf8').replace('length="P14D"', 'length="fortnight"'));
  const found = run(['policy', 'lint', bad]);
  assert.equal(found.status, 1);
  assert.match(found.stdout, /bad\.xml:\d+: error: /);
  assert.doesNotMatch(found.stdout, /no findings/);
  const none = run(['policy', 'lint', join(base, 'none.xml')]);
  assert.equal(none.status, 2);
  assert.match(none.stderr, /none\.xml/);
});

test('policy show and subprocessors print every format', (t) => {
  const { run } = place(t, { init: false });
  const shown = JSON.parse(run(['policy', 'show', '--format', 'json']).stdout);
  const says = (part, name) => shown.find((row) => row.part === part && row.name === name)?.says;
  assert.match(says('kind', 'request-log'), /14 days/);
  assert.match(says('kind', 'input'), /memory/);
  assert.match(says('processor', 'azure-openai'), /prompt/);
  assert.match(says('right', 'erasure'), /statutory/);
  for (const format of ['text', 'json', 'csv', 'md', 'html', 'xml']) {
    const list = run(['subprocessors', '--format', format]);
    assert.equal(list.status, 0, list.stderr);
    assert.match(list.stdout, /Microsoft Ireland/, format);
  }
});

test('every list says what its columns are, also where no terminal is; an empty one says so', (t) => {
  const { run } = place(t);
  for (const [words, heading] of [[['policy', 'show'], /^part +name +says$/], [['audit', 'show'], /^There are no entries\.$/], [['requests', 'list'], /^There are no requests\.$/],
    [['prune', '--dry-run'], /^what +count$/], [['erase', '--record', '0'.repeat(32), '--dry-run'], /^store +found +goes +stays +why$/], [['check', '--offline'], /^kept +policy +\S/]]) {
    const { stdout, stderr } = run(words);
    const [first] = stdout.split('\n');
    assert.match(first, heading, words.join(' ') + stderr);
    assert.ok(!stdout.includes('\t'), words.join(' '));
  }
  assert.equal(run(['publish']).status, 0);
  const lines = run(['audit', 'show']).stdout.trimEnd().split('\n');
  assert.match(lines[0], /^index +0$/, 'where hashes are too wide for columns, each row is a block');
  assert.ok(lines.some((line) => /^event +activation$/.test(line)));
  assert.equal(run(['requests', 'list', '--format', 'json']).stdout, '[]\n');
  assert.equal(run(['requests', 'list', '--format', 'csv']).stdout, 'id,right,state,how,due,left,received,late,mail\r\n');
  assert.equal(run(['prune', '--quiet']).stdout, '');
});

test('output that cannot be written is not taken for success', (t) => {
  const { env } = place(t, { init: false });
  const result = spawnSync('sh', ['-c', '"$0" policy show >/dev/full', join(root, 'build', process.env.VARIANT || 'release', 'bin/lethe')], { env, encoding: 'utf8' });
  assert.equal(result.status, 2);
  assert.match(result.stderr, /standard output/);
});
