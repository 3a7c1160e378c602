// SPDX-License-Identifier: ISC
// What the staff reads of what a person left is recorded, for the person to see: by every command that shows it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { place } from './admin_support.mjs';

// The commands that open it, with words that make them: ID is a request, HOLD a hold on it, ASKED an authority's question, MAIL a mail about it.
const opens = {
  'requests show': ['ID', '--personal', '--reason', 'REASON'],
  'requests letter': ['ID', 'acknowledge'],
  'outbox show': ['MAIL', '--reason', 'REASON'],
  'hold show': ['HOLD', '--personal', '--reason', 'REASON'],
  'authority show': ['ASKED', '--personal', '--reason', 'REASON'],
  export: ['--request', 'ID', '--reason', 'REASON', '--output', 'ZIP'],
};
// All others show nothing of what a person left. Whoever writes a command decides here where it belongs.
const others = `check, publish, policy lint, policy diff, policy show, policy new, policy withdraw, subprocessors, register, prune, clock show, clock confirm, requests list, requests add,
requests acknowledge, requests identify, requests verify, requests clarify, requests clarified, requests extend, requests answer, requests refuse, requests close, requests withdraw,
requests reopen, requests note, requests join, requests recipients, requests clock, requests report, outbox list, outbox send, outbox drop, drill, agents add, agents list, agents remove, access, erase,
hold place, hold lift, hold list, hold review, authority add, authority list, authority close, incident open, incident list, incident show, incident assess, incident letter,
incident close, assess add, assess list, assess show, assess review, rectify, restrict place, restrict tell, restrict lift, restrict list, object place, object uphold, object override,
consents list, consents show, consents export, audit show, audit verify, audit proof, audit checkpoint, audit bundle, metrics, backup, restore, keys init, keys rotate, keys api create, keys api list, keys api revoke, completion, import`.split(/,\s+/);

// As the help tells of them.
function commands(p, path = []) {
  const out = p.run(['help', ...path]).stdout;
  const names = [...out.matchAll(/^ {2}([a-z][a-z-]*) /gm)].map((m) => m[1]);
  return / COMMAND …$/.test(out.split('\n')[0]) ? names.flatMap((name) => commands(p, [...path, name])) : [path.join(' ')];
}

test('every command that shows what a person left records who read it, and the person sees that', (t) => {
  const p = place(t), person = 'ines.kastanie@example.org', day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);
  const all = commands(p);
  assert.ok(all.length > 60, 'the help is read');
  assert.deepEqual(all.filter((c) => !(c in opens) && !others.includes(c)), [], 'a new command: does it show what a person left?');
  const made = (args, options) => { const r = p.run([...args, '--format', 'json'], options); assert.equal(r.status, 0, r.stderr); return JSON.parse(r.stdout); };
  const words = { ID: made(['requests', 'add', '--right', 'access', '--contact', '-'], { input: person }).id, ZIP: join(p.base, 'copy.zip') };
  p.run(['requests', 'verify', words.ID, '--how', 'known', '--reason', 'met']);
  words.HOLD = made(['hold', 'place', '--request', words.ID, '--ground', 'legal-claims', '--citation', 'a case', '--review', day(30), '--expires', day(90)]).id;
  const asked = ['--ground', 'court-order', '--authority', '-', '--asked', `@${join(p.base, 'asked')}`];
  writeFileSync(join(p.base, 'asked'), `what of ${person}`);
  words.ASKED = made(['authority', 'add', ...asked, '--record', words.ID], { input: 'Polizei Köln' }).id;
  p.run(['requests', 'letter', words.ID, 'acknowledge', '--send', '--yes']); // no server: it waits
  words.MAIL = made(['outbox', 'list'])[0].id;
  const read = () => made(['requests', 'show', words.ID]).read;
  const exported = () => {
    assert.equal(p.run(['export', '--record', words.ID, '--reason', 'to look', '--output', words.ZIP]).status, 0);
    return JSON.parse(spawnSync('bsdtar', ['-xOf', words.ZIP, 'export.json'], { encoding: 'utf8' }).stdout).seen_by;
  };
  for (const [command, args] of Object.entries(opens)) {
    words.REASON = `because of ${command}`;
    const before = exported(), events = read().length, run = p.run([...command.split(' '), ...args.map((word) => words[word] ?? word)]);
    assert.equal(run.status, 0, `${command}: ${run.stderr}`);
    const seen = exported().slice(before.length + 1); // the look itself is one
    assert.equal(seen.length, 1, command);
    const told = seen.some((s) => args.includes('REASON') ? s.reason === words.REASON : s.reason.length > 0);
    assert.ok(told, `${command} is not in what the person is told: ${JSON.stringify(exported())}`);
    // The ledger has of which record, and not who.
    const entries = made(['audit', 'show']).map((entry) => JSON.parse(entry.details || '{}'));
    const of = { 'hold show': words.HOLD, 'authority show': words.ASKED }[command] ?? words.ID;
    assert.ok(entries.some((d) => d.event === 'read' && d.by === 'officer' && [d.request, d.hold, d.authority].includes(of)), `${command}: ${JSON.stringify(entries)}`);
    if (command === 'export') assert.ok(entries.some((d) => d.records > 0 && d.by === 'officer' && d.request === of));
    assert.ok(entries.some((d) => d.records > 0 && d.by === 'officer' && d.record === words.ID), 'a copy of a record alone');
    if (!['hold show', 'authority show'].includes(command)) assert.equal(read().length, events + 1, `${command} is no event of the request`);
  }
  // Without a reason nothing is shown, and nothing personal is in the ledger itself.
  for (const [command, args] of Object.entries(opens).filter(([, a]) => a.includes('--reason') && !a.includes('--request')))
    assert.equal(p.run([...command.split(' '), ...args.slice(0, args.indexOf('--reason')).map((word) => words[word] ?? word)]).status, 2, command);
  // Nor what an authority asked, and what happened in an incident, which nobody left here.
  assert.ok(!p.run(['authority', 'show', words.ASKED]).stdout.includes(person));
  const incident = made(['incident', 'open', '--happened', day(-1), '--what', `@${join(p.base, 'asked')}`]);
  assert.deepEqual([incident.what, made(['incident', 'show', incident.id]).what], [undefined, undefined]);
  assert.equal(p.run(['incident', 'show', incident.id, '--personal']).status, 2);
  assert.equal(made(['incident', 'show', incident.id, '--personal', '--reason', 'because of a letter']).what, `what of ${person}`);
  const ledger = p.run(['audit', 'show', '--format', 'json']).stdout;
  assert.ok(ledger.includes(`{\\"incident\\":\\"${incident.id}\\",\\"event\\":\\"read\\"`));
  assert.doesNotMatch(ledger, /kastanie|because of/);
});

test('a reason that would be recorded nowhere is refused, and not taken in silence', (t) => {
  const p = place(t), none = '0'.repeat(32);
  for (const [words, option] of [[['requests', 'list'], 'contact'], [['requests', 'show', none], 'personal'], [['hold', 'show', none], 'personal'], [['access', '--record', none], 'contact']]) {
    const r = p.run([...words, '--reason', 'asked']);
    assert.equal(r.status, 2, words.join(' '));
    assert.match(r.stderr, new RegExp(`--reason is given with --${option}`));
  }
  assert.notEqual(p.run(['export', '--record', none, '--reason', 'asked', '--output', join(p.base, 'x.zip')]).status, 2, 'which has a reason of its own');
});
