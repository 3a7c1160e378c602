// SPDX-License-Identifier: ISC
// What officers write down about a person, as the person learns of it. What a legal hold keeps is told with the hold's end and ground: in the plan,
// the certificate, on the person's page and in the officer's list.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { place } from './admin_support.mjs';
import { generate, root, startSite } from './harness.mjs';

const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);
const prompt = { description: 'a bakery in Lyon with sourdough', count: 1, size: '1024x1024' };

// Whose policy lets holds keep ZIP files, and rows of the request log.
async function siteWithHolds(t) {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-held-'));
  const policy = join(folder, 'bizimages.xml');
  const text = readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8').replace(/(<kind id="(?:archive|request-log)"[^]*?<life [^>]*?)( hold="yes")?>/g, '$1 hold="yes">');
  writeFileSync(policy, text);
  const site = await startSite({ policy });
  t.after(async () => { await site.stop(); rmSync(folder, { recursive: true, force: true }); });
  const lethe = (words, input = '') => {
    const out = site.officer(words, { input, policy });
    assert.ok(out.code < 2, `${words.join(' ')}: ${out.stderr}`);
    return out.stdout;
  };
  const post = async (path, fields, accept = 'application/json') => {
    const html = accept === 'text/html';
    const answer = await fetch(site.url + path, { method: 'POST', headers: { accept, 'content-type': html ? 'application/x-www-form-urlencoded' : 'application/json' }, body: html ? new URLSearchParams(fields) : JSON.stringify(fields) });
    return html ? answer.text() : answer.json();
  };
  return { site, lethe, post };
}

test('what a hold keeps is told with its end and ground', async (t) => {
  const { site, lethe, post } = await siteWithHolds(t);
  const { receipt } = (await generate(site, prompt)).body;
  const until = day(100);
  lethe(['hold', 'place', '--receipt', '-', '--kind', 'archive', '--ground', 'legal-claims', '--citation', 'LG 9', '--review', day(30), '--expires', until], receipt);

  const plan = lethe(['erase', '--receipt', '-', '--dry-run', '--format', 'csv'], receipt);
  assert.ok(plan.includes(`1 archive: legal hold: legal-claims (Art. 17(3)(e)), until ${until}`), plan);

  const request = await post('/api/rights', { right: 'erasure', receipt });
  const shown = await post('/api/rights/look-up', { id: request.id, secret: request.secret });
  const kept = shown.certificate.kept.find((one) => one.kind === 'archive');
  assert.equal(kept.until.slice(0, 10), until);
  assert.equal(kept.ground, 'legal hold: legal-claims (Art. 17(3)(e))');
  assert.equal(shown.held_until.slice(0, 10), until);

  const page = await post('/api/rights/look-up', { id: request.id, secret: request.secret }, 'text/html');
  const spoken = new Date(`${until}T00:00Z`).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  assert.ok(page.includes(`but for what a legal hold keeps until <strong>${spoken}`) || page.replace(/<[^>]*>/g, '').includes(`but for what a legal hold keeps until ${spoken}`), page);
  assert.ok(page.replace(/<[^>]*>/g, '').includes(`Kept by a legal hold, until ${spoken}`), page);
  assert.doesNotMatch(page, /Not everything could be reached|We have to answer by/);

  const list = lethe(['requests', 'list']);
  assert.ok(list.includes(`held until ${until}`), list);
});

test('rows of the request log are copied into a hold', async (t) => {
  const { site, lethe } = await siteWithHolds(t);
  await generate(site, prompt);
  const placed = JSON.parse(lethe(['hold', 'place', '--ip', '-', '--ground', 'legal-claims', '--citation', 'LG 9', '--review', day(30), '--expires', day(100), '--format', 'json'], '127.0.0.1'));
  assert.ok(placed.log_rows > 0, JSON.stringify(placed));
  lethe(['erase', '--ip', '-', '--yes'], '127.0.0.1');
  const held = JSON.parse(lethe(['hold', 'show', placed.id, '--personal', '--reason', 'look', '--format', 'json']));
  assert.equal(held.rows[0].address, '127.0.0.1');
});

// The JSON of a copy, by the receipt alone.
async function copyOf(site, receipt, by = { receipt }) {
  const answer = await fetch(`${site.url}/api/export`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(by) });
  const file = join(site.base, 'copy.zip');
  writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
  return JSON.parse(execFileSync('unzip', ['-p', file, 'export.json'], { encoding: 'utf8', maxBuffer: 1 << 28 }));
}

test('what an authority asked is in the copy of whom it is about from the day that the officer says', async (t) => {
  const { site, lethe } = await siteWithHolds(t);
  const { receipt } = (await generate(site, prompt)).body;
  const asked = join(site.base, 'asked.txt'), who = join(site.base, 'who.txt'), cited = join(site.base, 'receipt.txt');
  writeFileSync(asked, 'all about this person');
  writeFileSync(who, 'LKA Hamburg');
  writeFileSync(cited, receipt);
  const add = (more = []) => JSON.parse(lethe(['authority', 'add', '--authority', `@${who}`, '--asked', `@${asked}`, '--ground', 'court-order', '--receipt', `@${cited}`, '--format', 'json', ...more])).id;
  const first = add();
  add(['--tell', day(10)]);
  lethe(['hold', 'place', '--receipt', '-', '--kind', 'archive', '--ground', 'legal-claims', '--citation', 'LG 9', '--review', day(30), '--expires', day(90)], receipt);

  const before = await copyOf(site, receipt);
  const store = (copy) => copy.stores.find((one) => one.store === 'accountability');
  assert.deepEqual([store(before).status, store(before).given, store(before).withheld], ['withheld', 0, [{ ground: 'internal', count: 2 }]]);
  assert.doesNotMatch(JSON.stringify({ ...before, notice: null }), /LKA|court-order|authority|LG 9/);
  assert.deepEqual(before.recipients, [], 'no vendor has a key here, as the ledger says');

  lethe(['authority', 'close', first, '--kind', 'archive', '--people', '1', '--tell', day(0)]);
  const after = await copyOf(site, receipt);
  assert.deepEqual([store(after).given, store(after).withheld], [1, [{ ground: 'internal', count: 1 }]]);
  const told = after.records.find((one) => one.kind === 'accountability').data;
  assert.deepEqual([told.authority, told.ground, told.outcome, told.kinds], ['LKA Hamburg', 'court-order', 'given', ['archive']]);
  assert.deepEqual(after.recipients.map(({ name, kinds }) => [name, kinds]), [['LKA Hamburg', ['archive']]]);
  assert.ok(!JSON.stringify(after).includes('all about this person'));
});

test('who may have got something of a set whose ZIP is gone is told by the ledger', async (t) => {
  const { site } = await siteWithHolds(t);
  const made = (await generate(site, prompt)).body;
  await fetch(site.url + made.archive.url, { method: 'DELETE' });
  const copy = await copyOf(site, made.receipt);
  assert.equal(copy.records.filter((one) => one.kind === 'archive').length, 0);
  assert.deepEqual(copy.recipients, []);
});

test('an erasure by the address of the ZIP is planned and done like one by receipt', async (t) => {
  const { site, post, lethe } = await siteWithHolds(t);
  const made = (await generate(site, prompt)).body, archive = site.url + made.archive.url;
  const placed = JSON.parse(lethe(['hold', 'place', '--receipt', '-', '--ground', 'legal-claims', '--citation', 'LG 9', '--review', day(30), '--expires', day(90), '--format', 'json'], made.receipt));
  const plan = await post('/api/rights/plan', { right: 'erasure', archive, language: 'en' }, 'text/html');
  assert.match(plan, /This is what we found/);
  assert.match(plan, /action="[^"]*\/api\/erase"/);
  const copy = await copyOf(site, null, { archive });
  assert.deepEqual([copy.records.map((one) => one.kind), copy.request_log], [['archive'], []], 'whoever has the link need not be who made them');
  assert.deepEqual(copy.stores.find((one) => one.store === 'hold').withheld, [{ ground: 'link', count: 1 }]);
  lethe(['hold', 'lift', placed.id, '--reason', 'settled']);
  const certificate = await post('/api/erase', { archive });
  assert.deepEqual([certificate.outcome, certificate.stores.find((one) => one.name === 'records').erased], ['erased', 1]);
  assert.equal((await fetch(archive)).status, 404);
  assert.equal((await post('/api/erase', { archive })).outcome, 'nothing-erased');
  const [both, none] = [await post('/api/erase', { archive, receipt: made.receipt }), await post('/api/erase', {})];
  assert.deepEqual([both.status, none.status], [422, 422]);
});

test('check tells that the ledger is not signed any more', async (t) => {
  const p = place(t);
  const ledger = () => JSON.parse(p.run(['check', '--offline', '--format', 'json']).stdout).filter((row) => row.check === 'ledger');
  assert.deepEqual(ledger().map((row) => row.result), ['kept']);
  const key = join(p.state, 'keys/signer/ledger.key'), seed = readFileSync(key, 'utf8');
  for (const other of ['', null, seed.replace(/^./, (c) => (c === '0' ? '1' : '0'))]) {
    if (other === null) rmSync(key);
    else writeFileSync(key, other, { mode: 0o600 });
    assert.equal(ledger()[0].result, 'BROKEN', JSON.stringify(ledger()));
    assert.match(ledger()[0].finding ?? JSON.stringify(ledger()[0]), /not signed any more/);
  }
  writeFileSync(key, seed, { mode: 0o600 });
  assert.deepEqual(ledger().map((row) => row.result), ['kept']);
});
