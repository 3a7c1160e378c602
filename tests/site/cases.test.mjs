// SPDX-License-Identifier: ISC
// Holds, requests of authorities, incidents and assessments, as an officer works with them.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { place } from './admin_support.mjs';
import { root } from './harness.mjs';

const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);
const json = (out) => { assert.ok(out.status < 2, out.stderr); return JSON.parse(out.stdout); };
const check = (p, name) => JSON.parse(p.run(['check', '--offline', '--format', 'json']).stdout).filter((row) => row.check === name);

test('a hold on a request is placed, told of by check, reviewed and lifted', (t) => {
  const p = place(t);
  const request = json(p.run(['requests', 'add', '--right', 'access', '--contact', '-', '--format', 'json'], { input: 'ines@example.org\n' }));
  const hold = ['hold', 'place', '--request', request.id, '--ground', 'legal-claims', '--citation', '324 O 17/26', '--review', day(30), '--expires', day(90)];
  assert.match(p.run([...hold, '--kind', 'archive']).stderr, /line \d+, <kind id="archive">, has no life with hold="yes"/);
  const { id, records } = json(p.run([...hold, '--format', 'json']));
  assert.equal(records, 1);
  assert.equal(check(p, 'holds')[0].result, 'kept');
  assert.equal(p.run(['hold', 'list', '--overdue']).status, 0);
  assert.equal(p.run(['hold', 'review', id.slice(0, 10), '--review', day(60), '--reason', 'still open']).status, 0);
  assert.ok(!p.run(['hold', 'show', id]).stdout.includes(request.id.slice(0, 8) + '_'));
  assert.equal(json(p.run(['hold', 'lift', id, '--reason', 'settled', '--format', 'json'])).released, 1);
  assert.equal(p.run(['hold', 'lift', id, '--reason', 'again']).status, 1);
  // Each of its entries in the ledger names it, from the first on.
  const entries = json(p.run(['audit', 'show', '--format', 'json'])).filter((row) => row.event === 'hold').map((row) => JSON.parse(row.details));
  assert.deepEqual([entries[0].event, entries[1].event, ...new Set(entries.map((entry) => entry.hold))], ['placed', 'reviewed', id]);
});

test('an id that is too short or that several have is told the same way everywhere', (t) => {
  const p = place(t);
  for (const words of [['hold', 'lift', '6b0ac', '--reason', 'x'], ['hold', 'show', '6b0ac'], ['authority', 'show', '6b0ac'], ['incident', 'show', '6b0ac'], ['assess', 'show', '6b0ac'],
    ['requests', 'show', '6b0ac'], ['restrict', 'lift', '6b0ac'], ['consents', 'show', '6b0ac'], ['outbox', 'show', '6b0ac', '--reason', 'x'], ['erase', '--request', '6b0ac', '--dry-run']]) {
    const result = p.run(words);
    assert.deepEqual([result.status, /: give 8 characters of the id at least\n$/.test(result.stderr)], [2, true], `${words}: ${result.stderr}`);
  }
});

// What people write keeps its lines, each at the column where values begin, and steers no terminal.
test('a letter is shown in its lines', (t) => {
  const p = place(t), letter = join(p.base, 'letter');
  writeFileSync(letter, 'Dear Sir,\r\n\r\nplease tell me what you hold.\nstate  fulfilled\u001b[2J\n');
  const { id } = json(p.run(['requests', 'add', '--right', 'access', '--contact', '-', '--message', `@${letter}`, '--format', 'json'], { input: 'jo@example.org' }));
  const lines = p.run(['requests', 'show', id, '--personal', '--reason', 'to answer']).stdout.split('\n'), at = lines.findIndex((l) => l.startsWith('message'));
  const column = lines[at].indexOf('Dear'), indent = ' '.repeat(column);
  assert.deepEqual(lines.slice(at, at + 4), [`message${' '.repeat(column - 7)}Dear Sir,`, '', `${indent}please tell me what you hold.`, `${indent}state  fulfilled?[2J`]);
});

test('what an authority asked and got is written down as the policy lets it', (t) => {
  const p = place(t), asked = join(p.base, 'asked.txt');
  writeFileSync(asked, 'who used 198.51.100.7');
  const add = (ground) => json(p.run(['authority', 'add', '--authority', '-', '--asked', `@${asked}`, '--ground', ground, '--format', 'json'], { input: 'Polizei Köln' })).id;
  const voluntary = add('voluntary'), order = add('court-order');
  assert.match(p.run(['authority', 'close', voluntary, '--kind', 'request-log', '--people', '1']).stderr, /lets nothing be given/);
  assert.equal(p.run(['authority', 'close', voluntary, '--refused', 'no-legal-basis']).status, 0);
  assert.equal(p.run(['authority', 'close', order, '--kind', 'request-log', '--people', '1']).status, 0);
  const note = p.run(['audit', 'checkpoint']).stdout, year = new Date().getUTCFullYear();
  assert.match(note, new RegExp(`\\nauthorities ${year} asked 2 given 1 nothing 0 refused 1\\n\\n`));
  assert.equal(p.run(['audit', 'verify']).status, 0);
  const ledger = p.run(['audit', 'show', '--format', 'json']).stdout;
  assert.ok(!ledger.includes('Polizei') && !ledger.includes('198.51'));
});

test('an incident counts whom it touches, and is overdue after 72 hours until the authority was told', (t) => {
  const p = place(t), what = join(p.base, 'what.txt');
  writeFileSync(what, 'A disk was stolen');
  json(p.run(['requests', 'add', '--right', 'access', '--contact', '-', '--format', 'json'], { input: 'ines@example.org\n' }));
  const { id, subjects, records } = json(p.run(['incident', 'open', '--happened', day(-6), '--noticed', day(-4), '--kind', 'rights-request', '--what', `@${what}`, '--format', 'json']));
  assert.deepEqual([subjects, records], [0, 0], 'what came later is not touched');
  assert.equal(check(p, 'accountability')[0].result, 'BROKEN');
  assert.equal(p.run(['incident', 'list', '--overdue']).status, 1);
  assert.match(p.run(['metrics']).stdout, /^lethe_incidents_overdue 1$/m);
  const clock = (of) => JSON.parse(p.run(['incident', 'list', '--format', 'json']).stdout).find((row) => row.id === of).art_33;
  assert.match(clock(id), /^\d+ h over$/);
  assert.ok(parseInt(clock(id)) >= 24 && parseInt(clock(id)) < 48);
  assert.equal(p.run(['incident', 'close', id, '--reason', 'over']).status, 1);
  assert.equal(p.run(['incident', 'assess', id, '--risk', 'risk', '--reason', 'it was not encrypted', '--measures', 'New disks']).status, 0);
  assert.equal(p.run(['incident', 'close', id, '--reason', 'over']).status, 1, 'the authority was not told');
  const letter = p.run(['incident', 'letter', id, '--sent']).stdout;
  assert.match(letter, /A disk was stolen[^]*New disks/);
  assert.ok(!letter.includes('{'));
  assert.equal(clock(id), '', 'the authority was told');
  assert.equal(p.run(['incident', 'list', '--overdue']).status, 0);
  assert.equal(p.run(['incident', 'close', id, '--reason', 'over']).status, 0);
  const now = new Date().toISOString().slice(0, 19) + 'Z';
  const second = json(p.run(['incident', 'open', '--happened', day(-1), '--noticed', now, '--kind', 'rights-request', '--what', `@${what}`, '--format', 'json']));
  assert.deepEqual([second.subjects, second.records, second.reachable], [1, 1, 1]);
  assert.match(clock(second.id), /^7[12] h left$/);
  const noticed = new Date(Date.now() - 40.5 * 3600000).toISOString().slice(0, 19) + 'Z';
  const third = json(p.run(['incident', 'open', '--happened', day(-4), '--noticed', noticed, '--kind', 'rights-request', '--what', `@${what}`, '--format', 'json']));
  assert.equal(clock(third.id), '31 h left');
  // Of which kinds is not said: those of people, and not what officers and the software write beside it.
  const any = json(p.run(['incident', 'open', '--happened', day(-1), '--noticed', now, '--what', `@${what}`, '--format', 'json']));
  assert.deepEqual(any.kinds.sort(), ['archive', 'error-log', 'request-log', 'rights-request']);
  assert.match(p.run(['incident', 'list']).stdout, /31 h left/);
});

// As it is, with an authority that has a mail address; a mail that goes is tests/unit/outbox_test.c's.
const withAuthority = (p) => {
  const policy = join(p.base, 'authority.xml');
  writeFileSync(policy, readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8').replace(/(<controller name="BizImages"[^>]*>)/, '$1\n  <authority name="The Authority" mail="breaches@authority.example" web="https://authority.example/"/>'));
  return (args, options) => p.run(['--policy', policy, ...args], options);
};

test('the letters of an incident say what they do not say yet, and go to everybody whose address is known', (t) => {
  const p = place(t), run = withAuthority(p), what = join(p.base, 'what.txt');
  writeFileSync(what, 'A disk was stolen');
  const add = (contact, right = 'access') => json(run(['requests', 'add', '--right', right, '--contact', '-', '--format', 'json'], { input: contact })).id;
  const ines = add('ines@example.org'), again = add('INES@example.org', 'complaint'), paul = add('paul@example.org');
  add('By post: 12 St James Square, London');
  json(run(['requests', 'add', '--right', 'complaint', '--format', 'json']));
  const { id } = json(run(['incident', 'open', '--happened', day(-1), '--kind', 'rights-request', '--what', `@${what}`, '--format', 'json']));
  // What is missing is said, and not sent.
  const incomplete = run(['incident', 'letter', id]);
  assert.equal(incomplete.status, 1);
  assert.match(incomplete.stderr, /does not say yet: consequences \(lethe incident assess --consequences\), measures/);
  assert.match(incomplete.stdout, /Likely consequences: not known yet/);
  assert.doesNotMatch(incomplete.stdout, /–$/m);
  assert.equal(run(['incident', 'letter', id, '--to', 'people', '--send', '--yes']).status, 1);
  assert.deepEqual(json(run(['outbox', 'list', '--format', 'json'])), []);
  // To the authority at once, the rest follows.
  const first = run(['incident', 'letter', id, '--send', '--yes', '--incomplete']);
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stderr, /breaches@authority\.example is queued/);
  assert.equal(run(['incident', 'assess', id, '--risk', 'high', '--reason', 'not encrypted', '--consequences', 'Others may read it', '--measures', 'New disks']).status, 0);
  assert.equal(json(run(['incident', 'show', id, '--format', 'json'])).authority_notified, undefined, 'nobody has it yet');
  const complete = run(['incident', 'letter', id, '--to', 'people']);
  assert.deepEqual([complete.status, complete.stderr], [0, '']);
  // To the people: once each, and who cannot be reached is counted.
  const letters = () => json(run(['outbox', 'list', '--format', 'json'])).filter((m) => m.letter === `incident ${id.slice(0, 12)}`).map((m) => m.request).sort();
  const sent = run(['incident', 'letter', id, '--to', 'people', '--send', '--yes', '--format', 'json']);
  assert.equal(sent.status, 1, 'somebody is left');
  const counts = JSON.parse(sent.stdout);
  assert.deepEqual([counts.queued, counts.queued_before, counts.by_hand, counts.unreachable], [2, 0, 1, 1], sent.stderr);
  assert.match(sent.stderr, /only be told in public/);
  assert.equal(letters().length, 2);
  assert.ok(letters().includes(paul) && (letters().includes(ines) || letters().includes(again)));
  const repeated = JSON.parse(run(['incident', 'letter', id, '--to', 'people', '--send', '--yes', '--format', 'json']).stdout);
  assert.deepEqual([repeated.queued, repeated.queued_before], [0, 2]);
  assert.equal(letters().length, 2, 'nobody gets two');
  const shown = json(run(['incident', 'show', id, '--format', 'json']));
  assert.ok(shown.people_notified);
  assert.match(shown.events.find((e) => e.event === 'people-notified').reason, /^2 queued, 0 queued before, 1 with an address that is none for mail, 1 without any$/);
  assert.ok(json(run(['requests', 'show', paul, '--format', 'json'])).events.some((e) => e.event === 'mail-queued'));
  assert.doesNotMatch(run(['audit', 'show', '--format', 'json']).stdout, /example\.org|stolen/);
});

test('an incident counts people and not records: who gave a contact is one person, and only who gave none cannot be reached', (t) => {
  const p = place(t), run = withAuthority(p), what = join(p.base, 'what.txt');
  writeFileSync(what, 'A disk was stolen');
  const add = (contact) => json(run(['requests', 'add', '--right', 'complaint', ...(contact !== '' ? ['--contact', '-'] : []), '--format', 'json'], { input: contact }));
  for (const contact of ['jo@example.org', 'JO@example.org', ' jo@example.org', 'jo@example.org', 'jo@example.org']) add(contact);
  add('');
  const opened = json(run(['incident', 'open', '--happened', day(-1), '--kind', 'rights-request', '--what', `@${what}`, '--format', 'json']));
  assert.deepEqual([opened.records, opened.subjects, opened.reachable, opened.without_subject], [6, 2, 1, 0]);
  assert.match(run(['incident', 'letter', opened.id]).stdout, /About 2 people/);
  run(['incident', 'assess', opened.id, '--risk', 'high', '--reason', 'x', '--consequences', 'x', '--measures', 'x']);
  const counts = JSON.parse(run(['incident', 'letter', opened.id, '--to', 'people', '--send', '--yes', '--format', 'json']).stdout);
  assert.deepEqual([counts.queued, counts.queued_before, counts.by_hand, counts.unreachable], [1, 0, 0, 1]);
});

test('the people of an incident are told apart as requests tell them: however a contact is written, and each of a firm\'s requests is another\'s', (t) => {
  const p = place(t), run = withAuthority(p), what = join(p.base, 'what.txt');
  writeFileSync(what, 'A disk was stolen');
  const add = (contact, ...more) => json(run(['requests', 'add', '--right', 'complaint', '--contact', '-', ...more, '--format', 'json'], { input: contact })).id;
  for (let i = 0; i < 3; i++) add('office@firm.example', '--agent', 'A firm');
  for (const contact of ['Anna <anna@example.org>', 'Anna@example.org', '+49 30 1234567', '0049 30 123 45 67', 'office@firm.example']) add(contact);
  for (const contact of ['bo@example.org', 'Bo <bo@example.org>']) add(contact, '--agent', 'A firm', '--answer-to', 'person');
  const opened = json(run(['incident', 'open', '--happened', day(-1), '--kind', 'rights-request', '--what', `@${what}`, '--format', 'json']));
  assert.deepEqual([opened.records, opened.subjects, opened.reachable], [10, 7, 7]);
  run(['incident', 'assess', opened.id, '--risk', 'high', '--reason', 'x', '--consequences', 'x', '--measures', 'x']);
  const send = () => { const c = JSON.parse(run(['incident', 'letter', opened.id, '--to', 'people', '--send', '--yes', '--format', 'json']).stdout); return [c.queued, c.queued_before, c.by_hand, c.unreachable]; };
  assert.deepEqual([send(), send()], [[6, 0, 1, 0], [0, 6, 1, 0]]);
});

// Lists of what officers work with are one table at 80 columns, however many there are; `requests list` marks whose mail could not go.
test('lists stay one table at 80 columns', (t) => {
  const p = place(t), run = withAuthority(p), file = join(p.base, 'a.txt');
  writeFileSync(file, 'Some text that is long enough to be wrapped when a letter of it is printed to a terminal of eighty columns.');
  const table = (args, rows) => {
    const lines = run(args, { env: { COLUMNS: '80' } }).stdout.trimEnd().split('\n');
    assert.ok(lines[0].startsWith('id '), `${args}: ${lines[0]}`);
    assert.ok(lines.every((l) => [...l].length <= 80), `${args}: ${lines.find((l) => [...l].length > 80)}`);
    assert.equal(lines.slice(1).filter((l) => /^[0-9a-f]{8}/.test(l)).length, rows, args.join(' '));
    return lines;
  };
  const rights = ['access', 'rectification', 'erasure', 'portability', 'restriction', 'objection', 'complaint'], ids = [];
  for (let i = 0; i < 180; i++)
    ids.push(json(run(['requests', 'add', '--right', rights[i % rights.length], '--received', day(-(i % 60)), '--contact', '-', '--format', 'json'], { input: `person${i}@example.org` })).id);
  assert.equal(run(['requests', 'letter', ids[0], 'acknowledge']).stdout.split('\n').filter((l) => l.length > 80).length, 0);
  table(['requests', 'list'], 180);
  for (const ground of ['legal-claims', 'legally-required'])
    json(run(['hold', 'place', '--request', ids[1], '--ground', ground, '--citation', 'Art. 17(3) GDPR, a long reason', '--review', day(30), '--expires', day(90), '--format', 'json']));
  json(run(['authority', 'add', '--authority', '-', '--asked', `@${file}`, '--ground', 'voluntary', '--format', 'json'], { input: 'Polizeipräsidium der Stadt, Dezernat für Internet und andere Sachen' }));
  for (let i = 0; i < 3; i++) json(run(['incident', 'open', '--happened', day(-9), '--noticed', day(-8 + i), '--what', `@${file}`, '--format', 'json']));
  json(run(['assess', 'add', '--about', 'legitimate-interest', '--of', 'make', '--title', 'A title that goes on', '--file', file, '--review', day(9), '--format', 'json']));
  table(['hold', 'list'], 2);
  table(['authority', 'list'], 1);
  table(['incident', 'list'], 3);
  table(['assess', 'list'], 1);
  assert.match(run(['requests', 'list', '--format', 'csv']).stdout, /^id,right,state,how,due,left,received,late,mail\r\n/);
});

test('an assessment is tied to the policy by id, and asked for again', (t) => {
  const p = place(t), file = join(p.base, 'dpia.txt');
  writeFileSync(file, 'DPIA');
  const add = (of, about = 'dpia') => p.run(['assess', 'add', '--about', about, '--of', of, '--title', 'DPIA', '--file', file, '--review', day(100), '--format', 'json']);
  assert.equal(add('nothing').status, 2);
  assert.equal(add('make', 'contract').status, 2, 'a contract is with a processor');
  const { id, sha256 } = json(add('make'));
  assert.equal(sha256.length, 64);
  assert.equal(check(p, 'accountability')[0].result, 'kept');
  assert.equal(p.run(['assess', 'review', id, '--close', '--reason', 'replaced']).status, 0);
  assert.equal(json(p.run(['assess', 'list', '--format', 'json']))[0].state, 'closed');
});

test('what was noted of a file is compared with it: changed, gone, and noted anew', (t) => {
  const p = place(t), file = join(p.base, 'lia.txt'), row = () => JSON.parse(p.run(['assess', 'list', '--format', 'json']).stdout)[0];
  const found = () => check(p, 'accountability').filter((f) => f.result !== 'due').map((f) => `${f.result}: ${f.finding}`);
  writeFileSync(file, 'LIA');
  const added = json(p.run(['assess', 'add', '--about', 'legitimate-interest', '--of', 'protect', '--title', 'LIA', '--file', relative(process.cwd(), file), '--review', day(100), '--format', 'json']));
  assert.equal(added.file, realpathSync(file), 'the whole path');
  assert.deepEqual([row().state, ...found()], ['open', 'kept: 1 open, none overdue']);
  writeFileSync(file, 'LIA 2');
  const changed = 'overdue: of the files of assessments and contracts, 1 changed since they were noted, and 0 are gone';
  assert.deepEqual([row().state, row().overdue, ...found()], ['changed', true, changed]);
  assert.equal(p.run(['assess', 'list', '--overdue']).status, 1);
  const review = (...words) => p.run(['assess', 'review', added.id, '--reason', 'looked at', '--review', day(50), ...words, '--format', 'json']);
  assert.equal(review().status, 0);
  assert.equal(row().state, 'changed', 'looking at it notes nothing');
  const noted = json(review('--file', file));
  assert.notEqual(noted.sha256, added.sha256);
  assert.deepEqual([row().state, noted.events.at(-1).sha256], ['open', noted.sha256]);
  const is = (state, finding) => assert.deepEqual([row().state, ...found()], [state, finding]), unseen = 'unsure: of the files of assessments and contracts, 1 cannot be read here: whether they changed is not known';
  if (spawnSync('unshare', ['-m', 'true']).status === 0) { // as a unit has it: an empty file system, with what it needs
    const within = join(p.base, 'root'), folders = ['/usr', '/lib', '/lib64', root, p.state, p.runFolder];
    mkdirSync(within);
    const wrap = ['unshare', '-m', 'sh', '-ec', 'r=$1; shift; mount -t tmpfs none "$r"; mkdir "$r/tmp"; mount -t tmpfs none "$r/tmp"; while [ "$1" != -- ]; do mkdir -p "$r$1"; [ ! -e "$1" ] || mount --rbind "$1" "$r$1"; shift; done; shift; exec chroot "$r" "$@"', 'sh', within, ...folders, '--'];
    const seen = p.run(['check', '--offline', '--format', 'json'], { wrap });
    assert.ok(JSON.parse(seen.stdout).some((f) => `${f.result}: ${f.finding}` === unseen), seen.stdout + seen.stderr);
    // Its folder is there, and another one: a unit's own /tmp.
    const temporary = join(mkdtempSync('/tmp/lethe-cases-'), 'dpa.txt');
    writeFileSync(temporary, 'LIA');
    assert.equal(review('--file', temporary).status, 0);
    const own = p.run(['check', '--offline', '--format', 'json'], { wrap: [...wrap.slice(0, -1), dirname(temporary), '--'].map((w) => w.replace('mkdir -p "$r$1"; [ ! -e', 'mkdir -p "$r$1"; case $1 in */lethe-cases-*) shift; continue;; esac; [ ! -e')) });
    assert.ok(JSON.parse(own.stdout).some((f) => `${f.result}: ${f.finding}` === unseen), own.stdout + own.stderr);
    rmSync(dirname(temporary), { recursive: true });
    is('not-seen', unseen);
    assert.equal(review('--file', file).status, 0);
  }
  rmSync(file);
  execFileSync('mkfifo', [file]);
  is('changed', changed);
  assert.match(review('--file', file).stderr, /is not a file/);
  rmSync(file);
  writeFileSync(file, '');
  truncateSync(file, 70 << 20);
  is('changed', changed);
  const away = join(p.base, 'elsewhere'), large = join(away, 'large.txt');
  mkdirSync(away);
  renameSync(file, large);
  assert.equal(review('--file', large).status, 0, 'of any size');
  is('open', 'kept: 1 open, none overdue');
  renameSync(away, `${away}.not`);
  is('not-seen', unseen);
  renameSync(`${away}.not`, away);
  renameSync(large, file);
  assert.equal(review('--file', file).status, 0);
  rmSync(file);
  assert.deepEqual([row().state, ...found()], ['gone', changed.replace('1 changed', '0 changed').replace('0 are', '1 are')]);
  assert.equal(p.run(['assess', 'review', added.id, '--close', '--reason', 'over']).status, 0);
  assert.deepEqual([row().state, ...found()], ['closed', 'nothing: none is open']);
});

test('a contract is renewed, and what is not noted yet is due, which breaks nothing', (t) => {
  const p = place(t), file = join(p.base, 'dpa.txt');
  const due = () => check(p, 'accountability').filter((f) => f.result === 'due').map((f) => f.finding);
  const all = p.run(['check', '--offline']);
  assert.match(all.stdout, /^due {5}accountability no contract is noted/m);
  assert.match(all.stdout, /; something is due\.$/m);
  assert.deepEqual(due(), ['no contract is noted (Article 28 of the GDPR) with: azure-openai, smtp', 'no assessment is noted of the legitimate interests for: protect']);
  writeFileSync(file, 'DPA');
  const add = (about, of, ...more) => json(p.run(['assess', 'add', '--about', about, '--of', of, '--title', 'T', '--file', file, '--review', day(9), ...more, '--format', 'json'])).id;
  add('dpia', 'protect');
  const contract = add('contract', 'azure-openai', '--until', day(-1));
  assert.deepEqual(due(), ['no contract is noted (Article 28 of the GDPR) with: smtp', 'no assessment is noted of the legitimate interests for: protect']);
  add('contract', 'smtp');
  const row = () => JSON.parse(p.run(['assess', 'list', '--format', 'json']).stdout).find((r) => r.id === contract);
  assert.deepEqual([row().overdue, row().until.slice(0, 10)], [true, day(-1)]);
  const renewed = json(p.run(['assess', 'review', contract, '--reason', 'renewed', '--review', day(300), '--until', day(365), '--format', 'json']));
  assert.deepEqual([row().overdue, row().until.slice(0, 10), renewed.events.at(-1).due.slice(0, 10)], [false, day(365), day(365)]);
  add('legitimate-interest', 'protect');
  assert.deepEqual(due(), []);
  assert.equal(p.run(['assess', 'review', contract, '--close', '--reason', 'ended']).status, 0);
  assert.deepEqual(due(), ['no contract is noted (Article 28 of the GDPR) with: azure-openai']);
});

test('for more of one person than is restricted at once no request is entered', (t) => {
  const p = place(t), run = withAuthority(p), contact = { input: 'jo@example.org' };
  const entered = () => json(run(['requests', 'list', '--format', 'json'])).length;
  const receipt = join(p.base, 'receipt');
  for (let i = 0; i < 30; i++) { // each leads to itself and to a receipt
    writeFileSync(receipt, String(i).padStart(43, 'A'));
    const { id } = json(run(['requests', 'add', '--right', 'complaint', '--contact', '-', '--receipt', `@${receipt}`, '--format', 'json'], contact));
    run(['requests', 'verify', id, '--how', 'known', '--contact-too', '--reason', 'rang']);
  }
  const more = run(['restrict', 'place', '--contact', '-', '--ground', 'accuracy-contested', '--reason', 'rang'], contact);
  assert.equal(more.status, 1);
  assert.match(more.stderr, /more of one person than is restricted at once: no request was entered/);
  assert.equal(entered(), 30);
});
