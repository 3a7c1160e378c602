// SPDX-License-Identifier: ISC
// The officer's work on a site that visitors have used: requests, erasure with its certificate, and retention as time passes.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { generate, startSite } from './harness.mjs';

const CONTACT = 'ines.probe@example.org';
const MESSAGE = 'about the water mill';
const DAY = 86400;
const seconds = () => Math.floor(Date.now() / 1000);
// Words that run a program with its clock started at this second.
const at = (second) => ['env', 'TZ=UTC', 'faketime', '-f', `@${new Date(second * 1000).toISOString().slice(0, 19).replace('T', ' ')}`];
const json = (result) => JSON.parse(result.stdout);
const counts = (result) => Object.fromEntries(json(result).map((row) => [row.what ?? row.store, row.count ?? row.found]));

async function ask(site, fields) {
  const response = await fetch(`${site.url}/api/rights`, {
    method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json' }, body: JSON.stringify(fields),
  });
  assert.equal(response.status, 201);
  return response.json();
}

// One small set; its receipt.
async function make(site) {
  const { status, body } = await generate(site, { description: 'A water mill that grinds flour for bakeries', count: 1, size: '1024x1024' });
  assert.equal(status, 200, JSON.stringify(body).slice(0, 500));
  return body;
}
const spool = (site) => readdirSync(join(site.run, 'spool')).filter((name) => name.endsWith('.zip'));

describe('requests and erasure', () => {
  let site;
  let folder;
  before(async () => {
    site = await startSite();
    folder = mkdtempSync(join(tmpdir(), 'lethe-officer-'));
  });
  after(async () => {
    await site?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a running site keeps its policy', () => {
    const check = site.officer(['check', '--format', 'json']);
    assert.deepEqual(json(check).filter((f) => f.result === 'BROKEN' || f.result === 'unsure'), []);
    assert.equal(check.code, 0);
    assert.ok(json(check).some((f) => f.check === 'egress' && /egress runs/.test(f.finding)));
  });

  test('requests are listed without personal data, and shown with it only when asked', async () => {
    const { id, due } = await ask(site, { right: 'access', contact: CONTACT, message: MESSAGE });
    const list = site.officer(['requests', 'list', '--format', 'json']);
    const row = json(list).find((r) => r.id === id);
    assert.equal(list.code, 0);
    assert.equal(row.state, 'open');
    assert.equal(row.due, due);
    assert.equal(row.late, false);
    const plain = site.officer(['requests', 'show', id]);
    assert.equal(plain.code, 0);
    for (const text of [list.stdout, plain.stdout]) assert.ok(!text.includes(CONTACT) && !text.includes(MESSAGE));
    for (const name of ['contact', 'message']) assert.match(plain.stdout, new RegExp(`^has_${name} +yes: --personal shows it$`, 'm'));
    const personal = json(site.officer(['requests', 'show', '--personal', '--reason', 'to answer it', '--format', 'json', id]));
    assert.equal(personal.contact, CONTACT);
    assert.equal(personal.message, MESSAGE);
    assert.equal(site.officer(['requests', 'show', '0'.repeat(32)]).code, 1);
  });

  test('a request that nobody answered is late, and cron can tell', async () => {
    await ask(site, { right: 'objection' });
    const wrap = at(seconds() + 40 * DAY);
    const list = site.officer(['requests', 'list', '--format', 'json'], { wrap });
    assert.equal(list.code, 1);
    assert.ok(json(list).every((row) => row.late));
    const check = site.officer(['check', '--format', 'json'], { wrap });
    assert.equal(check.code, 1);
    assert.ok(json(check).some((f) => f.check === 'requests' && f.result === 'overdue'), 'what anybody can send breaks no promise by itself');
  });

  test('an address: counted, left alone without a yes, then gone from the log, with a certificate', async () => {
    await make(site);
    const file = join(folder, 'address');
    writeFileSync(file, '::ffff:127.0.0.1\n');
    const none = site.officer(['erase', '--ip', '-', '--dry-run', '--format', 'json'], { input: '203.0.113.200' });
    assert.equal(counts(none)['request-log'], 0);
    writeFileSync(file, '127.0.0.1\n');
    const dry = ['erase', '--ip', `@${file}`, '--dry-run', '--yes', '--format', 'json']; // only counts, whatever else is said
    assert.equal(site.officer(dry).code, 0);
    const before = counts(site.officer(dry));
    assert.ok(before['request-log'] > 0, JSON.stringify(before));
    const unasked = site.officer(['erase', '--ip', `@${file}`], { wrap: ['setsid', '-w'] });
    assert.equal(unasked.code, 2);
    assert.match(unasked.stderr, /nothing was erased/);
    assert.deepEqual(counts(site.officer(dry)), before);
    const done = site.officer(['erase', '--ip', `@${file}`, '--yes']);
    assert.equal(done.code, 0, done.stderr);
    const certificate = json(done);
    assert.equal(certificate.complete, true);
    assert.equal(certificate.residue_scan.hits, 0);
    assert.ok(certificate.residue_scan.files > 0);
    assert.ok(certificate.stores.find((s) => s.name === 'request-log').erased >= before['request-log']);
    assert.ok(!done.stdout.includes('127.0.0.1'));
    assert.equal(counts(site.officer(dry))['request-log'], 0);
    const entry = json(site.officer(['audit', 'show', '--format', 'json', '--from', String(certificate.audit_index)]))[0];
    assert.equal(entry.event, 'erasure');
    assert.ok(!JSON.stringify(entry).includes('127.0.0.1'));
  });

  test('a receipt: its archive and its log rows go, those of others stay', async () => {
    const mine = await make(site);
    const theirs = await make(site);
    const dry = json(site.officer(['erase', '--receipt', '-', '--dry-run', '--format', 'json'], { input: mine.receipt }));
    assert.deepEqual(dry.map((r) => [r.store, r.found]).filter(([s]) => ['records', 'spool', 'request-log'].includes(s)), [['records', 1], ['spool', 1], ['request-log', 1]]);
    assert.ok((await fetch(new URL(mine.archive.url, site.url), { method: 'HEAD' })).ok); // a dry run changes nothing
    const done = site.officer(['erase', '--receipt', '-', '--yes'], { input: mine.receipt });
    assert.equal(done.code, 0, done.stderr);
    assert.equal(json(done).complete, true);
    for (const text of [done.stdout, done.stderr]) assert.ok(!text.includes(mine.receipt));
    assert.equal((await fetch(new URL(mine.archive.url, site.url))).status, 404);
    assert.ok((await fetch(new URL(theirs.archive.url, site.url), { method: 'HEAD' })).ok);
  });

  test('a recorded request for erasure is done at once; what it did not name cannot be carried out', async () => {
    const { receipt, archive } = await make(site);
    const { id } = await ask(site, { right: 'erasure', receipt });
    assert.equal((await fetch(new URL(archive.url, site.url))).status, 404);
    const shown = json(site.officer(['requests', 'show', '--format', 'json', id]));
    assert.equal(shown.state, 'fulfilled');
    assert.equal(shown.certificate.complete, true);
    const lines = site.officer(['requests', 'show', id]).stdout;
    assert.doesNotMatch(lines, /[{}]/);
    assert.match(lines, /^certificate +\S/m);
    assert.match(lines, /^has_message +no$/m);
    assert.equal(site.officer(['erase', '--request', id, '--yes']).code, 2);
    const open = await ask(site, { right: 'erasure' });
    const refused = site.officer(['erase', '--request', open.id, '--yes']);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /no receipt/);
    assert.equal(site.officer(['erase', '--request', '0'.repeat(32), '--yes']).code, 1);
  });

  test('one record goes by its id; first it is told what it is about, what goes, what stays and why', async () => {
    const { receipt } = await make(site);
    const open = await ask(site, { right: 'objection', receipt });
    const dry = site.officer(['erase', '--receipt', '-', '--dry-run'], { input: receipt });
    assert.match(dry.stdout, /^store +found +goes +stays +why$/m);
    assert.match(dry.stdout, /^records +2 +1 +1 +1 rights-request: a request that is still\n +to be answered, until \d{4}-\d\d-\d\d$/m);
    const done = site.officer(['erase', '--receipt', '-', '--yes', '--format', 'csv'], { input: receipt });
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stderr, /would be erased, by the receipt given, with (a record|records) of \d{4}-/);
    assert.match(done.stdout, /^name,value\r\n/);
    assert.match(done.stdout, /^complete,yes\r$/m);
    assert.match(done.stdout, /^stores\.records\.erased,1\r$/m);
    const text = site.officer(['erase', '--record', open.id, '--yes', '--format', 'text']);
    assert.match(text.stderr, /would be erased, by record \w+, with a record of \d{4}-/);
    assert.match(text.stdout, /^stores\.records\.kept +1$/m);
    assert.match(text.stdout, /^kept\.\S*ground +a request that is still to be answered$/m);
    assert.doesNotMatch(text.stdout, /[{}]/);
    assert.equal(site.officer(['requests', 'show', open.id]).code, 0);
  });

  test('the ledger verifies, its checkpoint is a signed note, and an altered entry is found', async () => {
    const verified = site.officer(['audit', 'verify']);
    assert.equal(verified.code, 0, verified.stderr);
    assert.match(verified.stdout, /^intact: \d+ entries, root [0-9a-f]{64}\n$/);
    assert.match(site.officer(['audit', 'checkpoint']).stdout, /^[^\n]+\n\d+\n[A-Za-z0-9+/=]{44}\n\n— \S+ [A-Za-z0-9+/=]+\n$/);
    const names = json(site.officer(['audit', 'show', '--format', 'json'])).map((entry) => entry.event);
    for (const name of ['activation', 'request', 'erasure']) assert.ok(names.includes(name), name);
  });
});

test('the check of a date to come finds requests that nobody answers: late in two months, there for ever after', async () => {
  const site = await startSite();
  const at = (days) => {
    const found = site.officer(['check', '--at', new Date(Date.now() + days * DAY * 1000).toISOString().slice(0, 10), '--format', 'json']);
    return { code: found.code, rows: json(found) };
  };
  try {
    await make(site);
    assert.equal(at(20).code, 0, JSON.stringify(at(20).rows.filter((r) => r.result === 'BROKEN')));
    await ask(site, { right: 'access', contact: CONTACT });
    const late = at(60);
    assert.equal(late.code, 0);
    assert.deepEqual(late.rows.filter((r) => r.result === 'overdue').map((r) => r.check), ['requests']);
    const never = at(3650);
    assert.ok(never.rows.some((r) => r.finding.startsWith('rights-request: of what is held now nothing')), 'what nobody closes ends, too');
    assert.ok(never.rows.some((r) => r.finding.startsWith('archive: of what is held now nothing')));
    assert.equal(site.officer(['check', '--at', '2020-01-01']).code, 2);
  } finally { await site.stop(); }
});

describe('the clock', () => {
  let site;
  const officer = (...all) => site.officer(...all);
  const ago = (days) => ({ wrap: ['faketime', '-f', `+${days}d`] });
  const held = () => json(officer(['erase', '--ip', '-', '--dry-run', '--format', 'json'], { input: '127.0.0.1' })).find((r) => r.store === 'request-log').found;
  before(async () => { site = await startSite(); await make(site); });
  after(() => site?.stop());

  test('400 days ahead while the machine runs: nothing is ended, and afterwards all is as before', () => {
    const rows = held();
    const leapt = officer(['prune', '--format', 'json'], ago(400));
    assert.equal(leapt.code, 1);
    assert.match(leapt.stderr, /the clock leapt to .* lethe clock confirm/);
    assert.equal(counts(leapt).records + counts(leapt)['request-log rows'], 0);
    assert.equal(officer(['prune', '--dry-run', '--format', 'json'], ago(400)).code, 1);
    assert.ok(json(officer(['check', '--format', 'json'], ago(400))).some((f) => f.check === 'clock' && f.result === 'BROKEN' && /leapt ahead/.test(f.finding)));
    assert.equal(officer(['clock', 'show'], ago(400)).code, 1);
    assert.equal(spool(site).length, 1);
    assert.equal(held(), rows);
    const after = officer(['prune']);
    assert.equal(after.code, 0);
    assert.equal(after.stderr, '');
    assert.equal(officer(['clock', 'show']).code, 0);
  });

  test('confirmed with a reason, which the ledger has, what is due ends; and so it does when the clock comes back', () => {
    const said = officer(['clock', 'confirm', '--reason', 'switched off over the year'], ago(400));
    assert.equal(said.code, 0, said.stderr);
    const entry = json(officer(['audit', 'show', '--format', 'json'])).find((e) => e.event === 'clock');
    assert.match(entry.details, /"reason":"switched off over the year"/);
    assert.equal(officer(['prune'], ago(400)).code, 0);
    assert.deepEqual(spool(site), []);
    const back = officer(['prune']);
    assert.equal(back.code, 0, back.stderr);
    assert.match(back.stderr, /dated in the future/);
    assert.ok(json(officer(['check', '--format', 'json'])).some((f) => f.check === 'clock' && f.result === 'BROKEN'));
    assert.equal(officer(['clock', 'confirm', '--reason', 'it was wrong']).code, 0);
    const quiet = officer(['prune', '--quiet']);
    assert.equal(quiet.code, 0);
    assert.equal(quiet.stderr, '');
    assert.ok(json(officer(['check', '--format', 'json'])).some((f) => f.check === 'clock' && f.result === 'kept'));
    assert.equal(officer(['audit', 'verify']).code, 0);
  });
});

test('a site serves though something was stored while its clock was ten years ahead, and what is due by the right clock ends', async () => {
  let site = await startSite({ clock: '+3650d' });
  await make(site);
  const { keep } = await site.stop({ keep: true });
  site = await startSite({ keep });
  try {
    await make(site);
    const pruned = site.officer(['prune', '--format', 'json'], { wrap: ['faketime', '-f', '+15d'] });
    assert.equal(pruned.code, 0, pruned.stderr);
    assert.equal(counts(pruned).records, 1);
    assert.equal(counts(pruned)['request-log days'], 1);
  } finally {
    await site.stop();
  }
});

describe('retention', () => {
  let site;
  let first; // no row is older
  let last; // none is younger
  const officer = (...all) => site.officer(...all);
  const rows = () => json(officer(['erase', '--ip', '-', '--dry-run', '--format', 'json'], { input: '127.0.0.1' })).find((r) => r.store === 'request-log').found;
  before(async () => {
    site = await startSite();
    // Only these rows shall count: nothing of the start.
    officer(['erase', '--ip', '-', '--yes'], { input: '127.0.0.1' });
    first = seconds();
    await make(site);
    last = seconds();
  });
  after(() => site?.stop());

  test('with the clock set back nothing is ended, and that is told', () => {
    const held = rows();
    assert.ok(held > 0);
    const back = officer(['prune', '--format', 'json'], { wrap: at(first - 30 * DAY) });
    assert.equal(back.code, 0, back.stderr);
    assert.match(back.stderr, /dated in the future/);
    assert.equal(rows(), held);
  });

  test('an archive stays until its hour is over, then goes with its file', () => {
    assert.equal(spool(site).length, 1);
    const early = officer(['prune', '--format', 'json'], { wrap: at(first + 3598) });
    assert.equal(early.code, 0, early.stderr);
    assert.equal(spool(site).length, 1);
    const pruned = officer(['prune', '--format', 'json'], { wrap: at(last + 3601) });
    assert.equal(counts(pruned).records, 1);
    assert.equal(counts(pruned).files, 1);
    assert.deepEqual(spool(site), []);
  });

  test('at 13 days, 23:59:59 a row of the request log stays', () => {
    const wrap = at(first + 14 * DAY - 2);
    assert.equal(counts(officer(['prune', '--dry-run', '--format', 'json'], { wrap }))['request-log rows'], 0);
    const pruned = officer(['prune', '--format', 'json'], { wrap });
    assert.equal(pruned.code, 0, pruned.stderr);
    assert.equal(counts(pruned)['request-log rows'], 0);
    assert.ok(rows() > 0);
  });

  test('a dry run at 14 days counts it and leaves it, and the check says it is late', () => {
    const wrap = at(last + 14 * DAY + 1);
    const held = rows();
    const dry = officer(['prune', '--dry-run', '--format', 'json'], { wrap });
    assert.equal(counts(dry)['request-log rows'], held);
    assert.equal(rows(), held);
    const check = officer(['check', '--format', 'json'], { wrap });
    assert.equal(check.code, 1);
    assert.ok(json(check).some((f) => f.check === 'retention' && f.result === 'BROKEN' && f.finding.startsWith('request-log')));
  });

  test('--ahead ends it before its time, so that no row ever gets older', () => {
    const dry = officer(['prune', '--dry-run', '--ahead', 'PT1H', '--format', 'json'], { wrap: at(first + 14 * DAY - 1800) });
    assert.ok(counts(dry)['request-log rows'] > 0);
  });

  test('at 14 days, 00:00:01 it is gone with its file and its key; again: nothing to do', () => {
    const wrap = at(last + 14 * DAY + 1);
    const pruned = officer(['prune', '--format', 'json'], { wrap });
    assert.equal(pruned.code, 0, pruned.stderr);
    assert.ok(counts(pruned)['request-log rows'] > 0);
    assert.ok(counts(pruned)['request-log days'] > 0);
    assert.equal(rows(), 0);
    assert.deepEqual(readdirSync(join(site.state, 'log')).filter((name) => name.endsWith('.db')), []);
    const again = officer(['prune', '--quiet'], { wrap });
    assert.equal(again.code, 0);
    assert.equal(again.stdout, '');
    assert.ok(existsSync(join(site.state, 'vault.db')));
  });
});
