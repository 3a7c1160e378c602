// SPDX-License-Identifier: ISC
// The privacy officer's work with requests: when they are due, by a calendar of its own here, written without a look at the program's.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lethe, root } from './harness.mjs';
import { place } from './admin_support.mjs';

const policyOf = (site) => join(root, `policy/sites/${site}.xml`);
const iso = (date) => date.toISOString().slice(0, 10);
const plus = (date, days) => new Date(date.getTime() + days * 86400000);

// Easter by the Gregorian computus of Gauss and Lichtenberg.
function easter(year) {
  const a = year % 19, k = Math.floor(year / 100);
  const m = 15 + Math.floor((3 * k + 3) / 4) - Math.floor((8 * k + 13) / 25), s = 2 - Math.floor((3 * k + 3) / 4);
  const d = (19 * a + m) % 30, r = Math.floor((d + Math.floor(a / 11)) / 29), og = 21 + d - r;
  const sz = 7 - (year + Math.floor(year / 4) + s) % 7, oe = 7 - (og - sz) % 7;
  return new Date(Date.UTC(year, 2, og + oe));
}
// Holidays of a year as dates: fixed ones, distances from Easter, and what the country does with a weekend.
const calendars = {
  none: (y) => [`${y}-01-01`, `${y}-12-25`],
  DE: (y) => [`${y}-01-01`, `${y}-05-01`, `${y}-10-03`, `${y}-12-25`, `${y}-12-26`, ...[-2, 1, 39, 50].map((n) => iso(plus(easter(y), n)))],
  FR: (y) => [`${y}-01-01`, `${y}-05-01`, `${y}-05-08`, `${y}-07-14`, `${y}-08-15`, `${y}-11-01`, `${y}-11-11`, `${y}-12-25`, ...[1, 39, 50].map((n) => iso(plus(easter(y), n)))],
  GB: (y) => {
    const monday = (from) => { let d = new Date(Date.UTC(y, 4, from)); while (d.getUTCDay() !== 1) d = plus(d, 1); return iso(d); };
    const christmas = { 6: ['12-25', '12-26', '12-27', '12-28'], 0: ['12-25', '12-26', '12-27'], 5: ['12-25', '12-26', '12-28'] }[new Date(`${y}-12-25`).getUTCDay()] ?? ['12-25', '12-26'];
    const year = { 6: '01-03', 0: '01-02' }[new Date(`${y}-01-01`).getUTCDay()] ?? '01-01';
    return [`${y}-${year}`, iso(plus(easter(y), -2)), monday(1), monday(25), ...christmas.map((d) => `${y}-${d}`)];
  },
};
const working = (date, country) => ![0, 6].includes(date.getUTCDay()) && !calendars[country](date.getUTCFullYear()).includes(iso(date));
function month(received, months, country) {
  const [y, m, d] = received.split('-').map(Number);
  const last = new Date(Date.UTC(y, m - 1 + months + 1, 0)).getUTCDate();
  let end = new Date(Date.UTC(y, m - 1 + months, Math.min(d, last)));
  while (!working(end, country)) end = plus(end, 1);
  return iso(end);
}
// Receipt at 00:00 UTC is the evening before in California.
function businessDays(received, n) {
  let day = plus(new Date(received), -1);
  for (let left = n; left > 0;) { day = plus(day, 1); if (![0, 6].includes(day.getUTCDay())) left--; }
  return iso(day);
}
const clocks = (p, policy, words) => {
  const file = join(p.base, 'clocks.json');
  const out = p.run(['requests', 'clock', '--policy', policy, '--format', 'json', '--output', file, ...words], { env: { LETHE_ALLOW_UNBUILT: '1' } });
  assert.equal(out.status, 0, out.stderr);
  return JSON.parse(readFileSync(file, 'utf8'));
};

test('every receipt date of ten years is due when an independent calendar says so, in each country', (t) => {
  const p = place(t, { init: false });
  const text = readFileSync(policyOf('imagedesigner'), 'utf8');
  for (const country of Object.keys(calendars)) {
    const policy = join(p.base, `${country}.xml`);
    const changed = country === 'none' ? text : text.replace(/(<controller name="[^"]*")/, `$1 country="${country}"`);
    assert.equal(changed === text, country === 'none');
    writeFileSync(policy, changed);
    for (const [months, extra] of [[1, () => []], [3, (day) => ['--extended', day]]]) {
      // Told on the day of receipt, every one is extended; the option is one date, so each year is asked for by itself.
      const spans = months === 1 ? [['2024-01-01', '2033-12-31']] : ['2027-01-31', '2028-01-31', '2027-11-30'].map((day) => [day, day]);
      for (const [from, until] of spans) {
        const rows = clocks(p, policy, ['--right', 'access', '--received', from, '--until', until, ...extra(from)]);
        assert.equal(rows.length % 3, 0);
        for (let i = 0; i < rows.length; i += 3) {
          const received = rows[i].received.slice(0, 10);
          const due = Object.fromEntries(rows.slice(i, i + 3).map((row) => [row.clock, row.due.slice(0, 10)]));
          assert.deepEqual(due, { 'ccpa-acknowledge': businessDays(received, 10), gdpr: month(received, months, country),
            ccpa: iso(plus(new Date(received), months === 1 ? 45 : 90)) }, `${country} ${received}`);
          assert.deepEqual(rows.slice(i, i + 3).map((row) => row.earliest), [true, false, false]);
          assert.ok(rows[i].due <= rows[i + 1].due && rows[i + 1].due <= rows[i + 2].due);
        }
        if (months === 1) assert.equal(rows.length / 3, 3653);
      }
    }
  }
});

test('the clocks of the five sites: their own time, the law, and the earliest of all', (t) => {
  const p = place(t, { init: false });
  const of = (site, right, received) => clocks(p, policyOf(site), ['--right', right, '--received', received]).map((row) => [row.clock, row.due]);
  assert.deepEqual(of('image-describer', 'access', '2026-11-20T22:15:01Z'), [['house', '2026-11-22T22:15:01Z'], ['gdpr', '2026-12-21T20:59:59Z']]);
  assert.deepEqual(of('product-images', 'access', '2027-02-10').map(([clock]) => clock), ['gdpr', 'house'], '30 days are late in February');
  assert.deepEqual(of('bizimages', 'access', '2026-12-01'), [['gdpr', '2027-01-04T20:59:59Z']]);
  const sale = of('imagedesigner', 'opt-out-of-sale', '2026-11-02T20:00:00Z').map(([clock, due]) => [clock, due.slice(0, 10)]);
  assert.ok(sale.some(([clock, due]) => clock === 'ccpa-opt-out' && due === '2026-11-23'), JSON.stringify(sale));
  for (const [words, message] of [[['--received', 'yesterday'], /2026-11-22/], [[], /--received DATE is needed/], [['--received', '2026-01-01', '--right', 'x'], /no such right/]]) {
    const out = p.run(['requests', 'clock', ...words]);
    assert.equal(out.status, 2);
    assert.match(out.stderr, message);
  }
});

// ---- an officer's day, without a site ----

const store = (t) => {
  const p = place(t);
  const ok = (words, options) => { const out = p.run(['requests', ...words], options); assert.equal(out.status, 0, `${words.join(' ')}: ${out.stdout}${out.stderr}`); return out.stdout; };
  const json = (words, options) => JSON.parse(ok([...words, '--format', 'json'], options));
  const add = (right, received, message) => json(['add', '--right', right, '--received', received, '--how', 'letter', '--message', '-'], { input: message });
  return { p, ok, json, add };
};
const day = (ago) => iso(plus(new Date(), -ago));

test('a letter is entered, acknowledged, extended and answered, and each step can be seen', (t) => {
  const { p, ok, json, add } = store(t);
  const { id, secret } = add('access', day(10), 'All that you have on Karla Brief\nand more.\n');
  assert.match(secret, /^[\w-]{43}$/);
  assert.match(ok(['acknowledge', id.slice(0, 8)]), /is open; recorded: acknowledged/);
  assert.equal(json(['identify', id, '--reason', 'the letter has no address']).state, 'waiting');
  assert.match(ok(['list']), /clock stands still/);
  assert.equal(json(['verify', id, '--how', 'document', '--reason', 'shown at the desk']).verified, true);
  assert.equal(json(['extend', id, '--ground', 'complexity', '--reason', 'archives are searched by hand']).clocks[0].extended, true);
  // What the person left is shown for a reason, and that is recorded.
  assert.equal(p.run(['requests', 'show', id, '--personal']).status, 2);
  assert.doesNotMatch(ok(['show', id]), /Karla/);
  assert.match(ok(['show', id, '--personal', '--reason', 'to answer it']), /Karla Brief/);
  ok(['answer', id, '--text', '-'], { input: 'Enclosed.\n' });
  const shown = json(['show', id]);
  assert.equal(shown.state, 'fulfilled');
  assert.deepEqual(shown.events.map(({ event }) => event),
    ['received', 'recognised', 'acknowledged', 'identity-asked', 'identity-given', 'extended', 'read', 'answered']);
  assert.equal(shown.read[0].reason, 'to answer it');
  assert.ok(shown.read[0].by);
  // The answer has a certificate, and it holds once the ledger is signed.
  assert.match(ok(['show', id]), /certificate +answered/);
  const verify = (certificate) => {
    const file = join(p.base, 'certificate.json');
    writeFileSync(file, JSON.stringify(certificate));
    return p.run(['audit', 'verify', '--certificate', file, '--key', join(p.state, 'keys/ledger.pub')]);
  };
  assert.equal(verify(shown.certificate).status, 5, 'not signed yet');
  assert.equal(p.run(['audit', 'checkpoint']).status, 0);
  const { certificate } = json(['show', id]), holds = verify(certificate);
  assert.equal(holds.status, 0, holds.stderr);
  assert.equal(verify({ ...certificate, outcome: 'refused' }).status, 1);
  const ledger = p.run(['audit', 'show', '--format', 'json']).stdout;
  assert.match(ledger, /request-read/);
  assert.doesNotMatch(ledger, /Karla|Enclosed|to answer it/);
  const lines = p.run(['audit', 'show']).stdout.split('\n');
  assert.deepEqual(lines.filter((line) => line.length > 80), []);
  assert.ok(lines.some((line) => line.includes(`request: ${id}`)), 'in words');
  assert.ok(!ledger.includes(`"${shown.read[0].by}"`) && !ledger.includes(`\\"${shown.read[0].by}\\"`), 'nor which officer it was');
  for (const [words, message] of [[['refuse', id, '--reason', 'x'], /is fulfilled|ground/], [['answer', id], /fulfilled/], [['reopen', id], /reason/], [['close', id, '--ground', 'spam'], /fulfilled/]]) {
    const out = p.run(['requests', ...words]);
    assert.notEqual(out.status, 0);
    assert.match(out.stderr, message);
  }
  assert.equal(json(['reopen', id, '--reason', 'a page was missing']).state, 'open');
});

test('the list: overdue ones first, filters, eighty columns, and status 1 while one is overdue', (t) => {
  const { p, ok, json, add } = store(t);
  const late = add('erasure', day(60), 'x').id;
  const soon = add('objection', day(25), 'x').id;
  const fresh = add('access', day(0), 'x').id;
  const list = (...words) => { const out = p.run(['requests', 'list', ...words, '--format', 'json']); return { status: out.status, ids: JSON.parse(out.stdout).map((row) => row.id) }; };
  assert.deepEqual(list(), { status: 1, ids: [late, soon, fresh] });
  assert.deepEqual(list('--overdue').ids, [late]);
  assert.deepEqual(list('--right', 'access').ids, [fresh]);
  assert.deepEqual(list('--due-within', 'P10D').ids, [late, soon]);
  const text = p.run(['requests', 'list']).stdout;
  assert.match(text, /\d+ days late/);
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  const check = p.run(['check', '--offline', '--format', 'json']).stdout;
  assert.ok(JSON.parse(check).some((row) => row.check === 'requests' && row.result === 'BROKEN'), 'what an officer has entered is a promise');
  const metrics = p.run(['metrics']).stdout;
  assert.match(metrics, /^lethe_requests_open 3$[^]*^lethe_requests_overdue 1$/m);
  assert.equal(Number(/^lethe_requests_oldest_timestamp_seconds (\d+)$/m.exec(metrics)[1]), new Date(json(['show', late]).received) / 1000);
  assert.equal(Number(/^lethe_requests_next_due_timestamp_seconds (\d+)$/m.exec(metrics)[1]), new Date(json(['show', late]).due) / 1000);
  assert.equal(json(['refuse', late, '--ground', 'legally-required', '--reason', 'tax law']).state, 'refused');
  assert.deepEqual(list(), { status: 0, ids: [soon, fresh, late] });
  assert.deepEqual(list('--status', 'refused').ids, [late]);
  const refused = p.run(['requests', 'join', fresh, soon]);
  assert.match(refused.stderr, /one asks for access, the other for objection/);
  // What is joined is late in its own time, and makes the other one due then; a filter's status is of what it shows.
  const early = add('objection', day(60), 'x').id, young = add('objection', day(1), 'x').id;
  assert.equal(json(['join', early, young]).joined, true);
  assert.match(p.run(['requests', 'join', young, early]).stderr, /joined already/);
  assert.deepEqual(new Set(list('--overdue').ids), new Set([early, young]));
  assert.equal(list().status, 1);
  assert.deepEqual(list('--right', 'access'), { status: 0, ids: [fresh] });
  assert.match(p.run(['check', '--offline', '--format', 'json']).stdout, /1 of 4 open requests are late/);
  assert.equal(json(['close', young, '--ground', 'non-responsive']).state, 'closed');
  assert.equal(json(['show', early]).state, 'open', 'what is closed for its sender leaves the other one to be answered');
  assert.equal(json(['join', early, soon]).joined, true);
  ok(['answer', soon]);
  assert.equal(json(['show', early]).state, 'fulfilled', 'what is joined ends with the other');
  assert.deepEqual(list(), { status: 0, ids: [fresh, early, soon, young, late].sort((a, b) => list().ids.indexOf(a) - list().ids.indexOf(b)) });
});

test('what is dated back says so: nothing that an officer enters holds a clock in the past', (t) => {
  const { p, json, add } = store(t);
  const { id } = add('access', day(60), 'x');
  const failing = (words) => { const out = p.run(['requests', ...words]); assert.notEqual(out.status, 0); return out.stderr; };
  assert.match(failing(['extend', id, '--ground', 'complexity', '--reason', 'late', '--at', day(40)]), /--how/);
  assert.match(failing(['extend', id, '--ground', 'complexity', '--reason', 'letter 7', '--how', 'letter', '--at', day(40)]), /it was entered at/);
  assert.match(failing(['identify', id, '--reason', 'letter 7', '--how', 'letter', '--at', day(40)]), /it was entered at/);
  const complaint = add('complaint', day(2), 'x').id;
  assert.match(failing(['identify', complaint, '--reason', 'a doubt']), /asks nobody/);
  assert.match(failing(['add', '--right', 'complaint', '--received', '1900-01-01']), /so long ago/);
  const [received] = json(['show', id]).events;
  assert.equal(received.at.slice(0, 10), day(60));
  assert.equal(received.entered.slice(0, 10), day(0));
  // Neither is an erasure or a copy answered that nobody made.
  assert.match(failing(['answer', id]), /has not shown/);
  json(['verify', id, '--how', 'known', '--reason', 'at the desk']);
  assert.match(failing(['answer', id]), /nothing was handed out/);
  const erasure = add('erasure', day(1), 'x').id;
  json(['verify', erasure, '--how', 'known', '--reason', 'at the desk']);
  assert.match(failing(['answer', erasure]), /nothing was erased/);
});

test('every command on a request: wrong words, ids, times and states are refused, and of many at once one ends it', async (t) => {
  const { p, add, json } = store(t), text = `@${join(p.base, 'text')}`;
  writeFileSync(text.slice(1), 'A text.\n');
  const verbs = {
    acknowledge: [], identify: ['--reason', 'r'], verify: ['--how', 'known', '--reason', 'r'], clarify: ['--reason', 'r'], clarified: ['--text', text],
    extend: ['--ground', 'complexity', '--reason', 'r'], answer: ['--text', text], refuse: ['--ground', 'manifestly-unfounded', '--reason', 'r'],
    close: ['--ground', 'spam'], withdraw: [], reopen: ['--reason', 'r'], note: ['--text', text],
  };
  const run = (verb, ...words) => p.run(['requests', verb, ...words]);
  const told = (out, status, message, what) => {
    assert.equal(out.status, status, `${what}: ${out.stdout}${out.stderr}`);
    assert.equal(out.stdout, '', what);
    assert.match(out.stderr, message, what);
  };
  const id = add('objection', day(3), 'x').id;
  for (const [verb, words] of Object.entries(verbs)) {
    told(run(verb, ...words), 2, /ID( \.\.\.)? is needed/, verb);
    if (/ID \.\.\. is needed/.test(run(verb, ...words).stderr)) told(run(verb, 'f'.repeat(32), id, ...words), 1, /no such request/, `${verb}: the first that cannot be ends it`);
    else told(run(verb, id, id, ...words), 2, /too many arguments/, verb);
    for (const short of ['', id.slice(0, 7)]) told(run(verb, short, ...words), 2, /give 8 characters/, `${verb} ${short}`);
    for (const wrong of ['f'.repeat(32), 'f'.repeat(31), 'f'.repeat(5000), '../../etc/passwd', `${id}0`]) told(run(verb, wrong, ...words), 1, /no such request/, `${verb} ${wrong}`);
    for (const time of ['yesterday', '2026-13-01', '2026-02-30', '', '20261128']) told(run(verb, id, ...words, '--at', time), 2, /--at/, `${verb} ${time}`);
    if (!['reopen', 'clarified'].includes(verb))
      for (const time of ['2999-01-01', '2001-01-01']) told(run(verb, id, ...words, '--at', time), 2, /neither before the request was received nor after now/, `${verb} ${time}`);
    for (const name of new Set(words.filter((word) => word.startsWith('--') && word !== '--how' && !['answer', 'clarified'].includes(verb)))) {
      const without = words.toSpliced(words.indexOf(name), 2);
      told(run(verb, id, ...without), verb === 'reopen' ? 1 : 2, /is needed|it is open/, `${verb} without ${name}`);
    }
  }
  assert.deepEqual(json(['show', id]).events.map(({ event }) => event), ['received', 'recognised'], 'nothing of it is recorded');
  // What may happen in which state.
  const states = { open: [], waiting: ['clarify'], fulfilled: ['answer'], refused: ['refuse'], closed: ['close'], withdrawn: ['withdraw'] };
  for (const [state, before] of Object.entries(states))
    for (const [verb, words] of Object.entries(verbs)) {
      const one = add('objection', day(3), 'x').id, what = `${verb} of what is ${state}`;
      for (const first of before) assert.equal(run(first, one, ...verbs[first]).status, 0, what);
      const events = json(['show', one]).events.length, over = !['open', 'waiting'].includes(state);
      const may = verb === 'note' || (over ? verb === 'reopen' : verb !== 'reopen' && (verb !== 'clarified' || state === 'waiting'));
      const out = run(verb, one, ...words);
      assert.equal(out.status, may ? 0 : 1, `${what}: ${out.stderr}`);
      if (!may) assert.match(out.stderr, new RegExp(`it is ${state}|nobody was asked`), what);
      assert.equal(json(['show', one]).events.length, events + may, what);
    }
  // At once: each is one process.
  const ends = ['answer', 'refuse', 'close', 'withdraw'].flatMap((verb) => [verb, verb, verb]);
  const codes = await Promise.all(ends.map((verb) => {
    const child = spawn(lethe, ['requests', verb, id, ...verbs[verb]], { env: p.env, stdio: 'ignore' });
    return once(child, 'close').then(([code]) => code);
  }));
  assert.deepEqual(codes.toSorted(), [0, ...Array(ends.length - 1).fill(1)]);
  const after = json(['show', id]);
  assert.deepEqual(after.events.slice(2).length, 1);
  assert.ok(after.state !== 'open');
  const notes = await Promise.all(Array.from({ length: 8 }, () => {
    const child = spawn(lethe, ['requests', 'note', id, '--text', text], { env: p.env, stdio: 'ignore' });
    return once(child, 'close').then(([code]) => code);
  }));
  assert.deepEqual([notes, json(['show', id]).events.length], [Array(8).fill(0), 3 + 8], 'nothing that is recorded is lost');
  // join takes two, and the lists their filters.
  for (const words of [[], [id], [id, id, id]]) assert.equal(run('join', ...words).status, 2);
  told(run('join', id, id), 1, /to itself/, 'join');
  for (const words of [['--status', 'asleep'], ['--due-within', 'soon'], ['--due-within'], ['--format', 'yaml'], ['x']]) assert.equal(run('list', ...words).status, 2, words.join(' '));
});

test('the same contact is a hint for the officer', (t) => {
  const { p, ok, json } = store(t);
  const contact = join(p.base, 'contact');
  writeFileSync(contact, 'karla@example.org\n');
  const add = (right) => json(['add', '--right', right, '--contact', `@${contact}`]).id;
  const [one, two, other] = ['objection', 'objection', 'complaint'].map(add);
  assert.deepEqual(json(['show', two]).perhaps_same, [one]);
  assert.equal(json(['show', two]).joined, false);
  assert.match(ok(['show', two]), new RegExp(`perhaps_same\\S* +${one}`));
  assert.deepEqual(json(['show', other]).perhaps_same, []);
});

test('a request that comes while the clock is wrong is dated by what is known of the time', (t) => {
  const { p, ok, json } = store(t);
  assert.equal(p.run(['prune']).status, 0, 'the time is noted');
  for (const wrong of ['-100d', '+400d']) {
    const wrap = ['faketime', '-f', wrong];
    const { id } = json(['add', '--right', 'access', '--how', 'letter', '--message', '-'], { input: 'x', wrap });
    p.run(['prune']);
    const { received } = JSON.parse(ok(['show', id, '--format', 'json']));
    assert.ok(Math.abs(new Date(received) - Date.now()) < 600000, `${wrong}: ${received}`);
  }
});

test('letters name the day of the answer, not that of an acknowledgement, and that of an extension where there is one', (t) => {
  const p = place(t, { init: false });
  Object.assign(p.env, { LETHE_POLICY: policyOf('blogimg'), LETHE_ALLOW_UNBUILT: '1' });
  assert.equal(p.run(['keys', 'init']).status, 0);
  const ok = (...words) => { const out = p.run(['requests', ...words], { input: 'x' }); assert.equal(out.status, 0, out.stderr); return out.stdout; };
  const { id } = JSON.parse(ok('add', '--right', 'access', '--received', day(3), '--how', 'letter', '--message', '-', '--format', 'json'));
  const clocks = () => JSON.parse(ok('show', id, '--format', 'json')).clocks;
  const said = (letter) => iso(new Date(`${/answer by (\d+ \w+ \d{4})/.exec(ok('letter', id, letter).replaceAll('\n', ' '))[1]} UTC`));
  const [first] = clocks();
  assert.equal(first.name, 'ccpa-acknowledge', 'it ends before any answer is due');
  const promise = clocks().find(({ name }) => name === 'house');
  assert.equal(said('acknowledge'), promise.due.slice(0, 10));
  const german = JSON.parse(ok('add', '--right', 'access', '--how', 'letter', '--language', 'de', '--format', 'json')).id;
  assert.match(ok('letter', german, 'acknowledge'), /Ihr Antrag/, 'in the language of who wrote it');
  assert.doesNotMatch(ok('letter', german, 'acknowledge', '--language', 'en'), /Ihr Antrag/);
  assert.match(p.run(['requests', 'add', '--right', 'access', '--language', 'xx']).stderr, /not written in that language/);
  ok('extend', id, '--ground', 'complexity', '--reason', 'there are many');
  assert.equal(said('extend'), clocks().find(({ extended }) => extended).due.slice(0, 10));
});

test('letters say what was recorded, with the policy\'s facts, and can be edited', (t) => {
  const { p, ok, add } = store(t);
  const id = add('erasure', day(3), 'x').id;
  assert.match(ok(['letter', id, 'acknowledge']).replaceAll('\n', ' '), /You will have our answer by \d+ [A-Z][a-z]+ 20\d\d/);
  assert.equal(p.run(['requests', 'letter', id, 'identify']).status, 2, 'what is asked is not left out');
  assert.match(ok(['letter', id, 'identify', '--reason', 'two people have this name.']).replaceAll('\n', ' '), /it is you who asks: two people have this name\. Please/);
  const early = p.run(['requests', 'letter', id, 'refuse']);
  assert.equal(early.status, 1);
  assert.match(early.stderr, /lethe requests refuse first/);
  ok(['refuse', id, '--ground', 'legally-required', '--reason', 'Tax law asks for it.', '--text', '-'], { input: 'Until 2031.' });
  const letter = join(p.base, 'letter.txt');
  ok(['letter', id, 'refuse', '--output', letter]);
  const text = readFileSync(letter, 'utf8').replaceAll('\n', ' ');
  for (const words of [id, /Article 17\(3\)\(b\)/, /Tax law asks for it\./, /Until 2031\./, /You may complain to a data-protection authority/, /privacy@bizimages\.example/])
    assert.match(text, new RegExp(words));
  assert.doesNotMatch(text, /\{|–/, 'every placeholder is filled');
  assert.match(ok(['letter', id, 'refuse', '--edit'], { env: { VISUAL: '', EDITOR: 'sed -i s/Tax/Bookkeeping/' } }), /Bookkeeping law/);
  const failed = p.run(['requests', 'letter', id, 'refuse', '--edit'], { env: { VISUAL: '', EDITOR: 'false' } });
  assert.equal(failed.status, 2);
  assert.equal(failed.stdout, '');
});

test('a list that is watched is printed again when it has changed', { timeout: 60000 }, async (t) => {
  const { p, ok, add } = store(t);
  const watch = spawn(lethe, ['requests', 'list', '--watch'], { env: p.env });
  t.after(() => watch.kill('SIGKILL'));
  let text = '';
  watch.stdout.on('data', (bytes) => { text += bytes; });
  const until = async (pattern) => { while (!pattern.test(text)) await once(watch.stdout, 'data'); };
  await until(/There are no requests\./);
  const { id } = add('access', day(1), 'x');
  await until(new RegExp(`${id.slice(0, 8)}\\w* .* open `));
  ok(['refuse', id, '--ground', 'manifestly-unfounded', '--reason', 'x']);
  await until(new RegExp(`${id.slice(0, 8)}\\w* .* refused `));
  watch.kill('SIGTERM');
  await once(watch, 'close');
  // Nothing changes any more, and nobody reads: it ends all the same.
  const unread = spawn(lethe, ['requests', 'list', '--watch', '--format', 'json'], { env: p.env });
  t.after(() => unread.kill('SIGKILL'));
  await once(unread.stdout, 'data');
  unread.stdout.destroy();
  await once(unread, 'exit');
});
