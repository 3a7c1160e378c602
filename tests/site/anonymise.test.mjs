// SPDX-License-Identifier: ISC
// What is anonymised where the policy says so, through the whole site: what arrives at the vendor, what the visitor is told, and what the live page counts.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startVendors } from '../peers/vendors.mjs';
import { generate } from './harness.mjs';
import { policyText, startVendorSite } from './vendor_support.mjs';

const personal = ['Tilda Wexford', 'tilda@example.com', 'GB82 WEST 1234 5698 7654 32', '203.0.113.77'];
const description = `A pottery studio by the sea, year 1998, colour #aabbcc. My name is ${personal[0]}, write to ${personal[1]}, pay to ${personal[2]}, server ${personal[3]}.`;
// The two vendors differ in the one word. The site's own rules ask for nothing here: `confirm` passes a mail address, and accounts are allowed.
const order = [{ id: 'replicate', roles: 'text image', more: 'anonymised="yes"' }, { id: 'openai', roles: 'text image' }];
let vendors;
let site;
let folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-anonymise-'));
  vendors = await startVendors();
  const policy = join(folder, 'policy.xml');
  writeFileSync(policy, policyText(order).replace(/(<rule id="iban" action=")refuse"/, '$1warn"'));
  site = await startVendorSite(order, order, { ...vendors.env(order.map((v) => v.id)) }, { policy, env: { ...vendors.env(order.map((v) => v.id)), LETHE_POLICY: policy } });
});
after(async () => { await site?.stop(); await vendors?.close(); rmSync(folder, { recursive: true, force: true }); });
beforeEach(() => vendors.reset());

const sentTo = (id) => vendors.of(id).requests.map((r) => JSON.stringify(r.body)).join('\n');
const live = async () => JSON.parse(await (await fetch(`${site.url}/privacy/live.json`)).text());

test('who is to get it anonymised gets neither name nor mail, account or address; the rest arrives', async () => {
  const { status, body } = await generate(site, { description, count: 1, provider: 'replicate', verbatim: true, confirm: true });
  assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
  const sent = sentTo('replicate');
  for (const one of personal) assert.ok(!sent.includes(one), one);
  assert.ok(sent.includes('A pottery studio by the sea, year 1998, colour #aabbcc. My name is [name], write to [mail address], pay to [IBAN], server [IP address].'), sent);
  assert.deepEqual(body.sent_to.map(({ id, anonymised }) => [id, anonymised]), [['replicate', true]]);
  // The copy of all that is the visitor's says so, too.
  const copy = await fetch(`${site.url}/api/export`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ receipt: body.receipt }) });
  const file = join(folder, 'copy.zip');
  writeFileSync(file, Buffer.from(await copy.arrayBuffer()));
  const of = (name) => execFileSync('unzip', ['-p', file, name], { encoding: 'utf8' });
  assert.deepEqual(JSON.parse(of('export.json')).recipients.map(({ id, anonymised }) => [id, anonymised]), [['replicate', true]]);
  assert.match(of('index.html'), /anonymised before it was sent/);
});

test('a brief for prompts is anonymised, too, within the JSON that it is sent as', async () => {
  const { status } = await generate(site, { description, count: 1, provider: 'replicate', confirm: true });
  assert.equal(status, 200);
  const all = vendors.all.flatMap((v) => v.requests.map((r) => JSON.stringify(r.body))).join('\n');
  assert.ok(all.includes('My name is [name]'), all.slice(0, 2000));
  for (const one of personal) assert.ok(!all.includes(one), one);
});

test('without the word it arrives as it was typed', async () => {
  const { status, body } = await generate(site, { description, count: 1, provider: 'openai', verbatim: true, confirm: true });
  assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
  const sent = sentTo('openai');
  for (const one of personal) assert.ok(sent.includes(one), one);
  assert.deepEqual(body.sent_to.map(({ id, anonymised }) => [id, anonymised]), [['openai', undefined]]);
});

test('the notice claims it, and the live page counts what was taken out', async () => {
  const page = await (await fetch(`${site.url}/privacy`)).text();
  assert.match(page, /id="anonymised-replicate"/);
  assert.match(page, /mail addresses, telephone numbers, numbers of cards/);
  const figure = JSON.stringify(await live()).match(/(\d+) passages were taken out so far, in (\d+) requests?/);
  assert.ok(figure && Number(figure[1]) >= 8, JSON.stringify(await live()).slice(0, 3000));
});
