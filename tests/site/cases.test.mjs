// SPDX-License-Identifier: ISC
// Holds, requests of authorities, incidents and assessments, as an officer works with them.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { place } from './admin_support.mjs';

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
  assert.match(p.run(['incident', 'list']).stdout, /31 h left/);
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
