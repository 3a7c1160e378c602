// SPDX-License-Identifier: ISC
// What a vendor got is deleted there: at once, again until it says so, once more on erasure; by faults, kills, a full disk; and drills.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { startVendors } from '../peers/vendors.mjs';
import { faketime, filesHolding, generate, sleep, until } from './harness.mjs';
import { startVendorSite } from './vendor_support.mjs';

const description = 'A pottery studio by the sea: stoneware bowls, an old kiln, evening classes.';
const zone = '0123456789abcdef0123456789abcdef';
const order = [{ id: 'fal', roles: 'image' }, { id: 'replicate', roles: 'image', more: 'use="choice"' }, { id: 'dashscope', roles: 'image', more: 'use="choice"' },
  { id: 'cloudflare', roles: 'network', receives: ['image'] }];
let vendors;
let site;
before(async () => {
  vendors = await startVendors();
  site = await startVendorSite(vendors, order, { ...vendors.env(order.map((v) => v.id)), CLOUDFLARE_ZONE_ID: zone }, { again: true });
});
after(async () => { await site?.stop(); await vendors?.close(); });
beforeEach(async () => {
  vendors.reset();
  for (const { id } of await waiting()) assert.equal((await site.officerBeside(['outbox', 'drop', id])).code, 0);
});

const fal = () => vendors.of('fal');
const waiting = async () => JSON.parse((await site.officerBeside(['outbox', 'list', '--format', 'json'])).stdout);
const send = (...words) => site.officerBeside(['outbox', 'send', '--now', ...words]);
const make = async (fields = {}) => {
  const { status, body } = await generate(site, { description, count: 1, verbatim: true, ...fields });
  assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
  return body;
};
const post = (path, body) => fetch(site.url + path, { method: 'POST', headers: { 'content-type': 'application/json', origin: site.url }, body: JSON.stringify(body) });
const erase = async (receipt) => (await post('/api/erase', { receipt })).json();
const ofVendor = (certificate, id) => certificate.recipients.find((r) => r.id === id);
const check = async () => JSON.parse((await site.officerBeside(['check', '--format', 'json'])).stdout).filter((f) => f.check === 'deletions');

test('after delivery it is deleted, and an erasure says when and has it asked once more', async () => {
  const { receipt } = await make({ count: 2 });
  assert.equal(fal().stages().filter((s) => s === 'remove').length, 2);
  assert.deepEqual(await waiting(), []);
  for (const work of fal().work.keys()) assert.deepEqual(filesHolding(work, [site.state, site.run]), [], 'the vendor\'s number is sealed');
  const certificate = await erase(receipt), row = ofVendor(certificate, 'fal');
  assert.equal(row.deletion, 'deleted');
  assert.ok(Math.abs(Date.parse(row.deleted_at) - Date.now()) < 60000);
  assert.equal(ofVendor(certificate, 'cloudflare').deletion, 'asked');
  assert.equal(certificate.complete, true);
  assert.deepEqual((await waiting()).map((r) => r.letter).sort(), ['deletion cloudflare', 'deletion fal', 'deletion fal']);
  const sent = await send();
  assert.equal(sent.code, 0, sent.stderr);
  assert.match(sent.stderr, /3 confirmed, 0 waiting/);
  assert.equal(fal().stages().filter((s) => s === 'remove').length, 4);
  const { purged } = vendors.of('cloudflare');
  assert.equal(purged.length, 17);
  assert.ok(purged.every((url) => /^https:\/\/bizimages\.example\/(downloads\/[\w-]{43}\.zip|pictures\/[\w-]{43}-\d+t?)$/.test(url)), purged[0]);
  const token = /pictures\/([\w-]{43})/.exec(purged[1])[1];
  assert.deepEqual(filesHolding(token, [site.state]), []);
  assert.ok(!site.output().includes(token));
  assert.deepEqual(await waiting(), []);
});

// The vendor is asked again in each case, and what is gone is gone.
for (const [fault, outcome] of Object.entries({
  hang: 'waits', 401: 'refused', 403: 'refused', 404: 'gone', '429:100': 'waits', 500: 'waits', 503: 'waits', disconnect: 'waits', html: 'waits', redirect: 'waits', garbage: 'waits', 'slow:200': 'gone',
})) {
  test(`fal answers a deletion with ${fault}: it ${outcome === 'gone' ? 'is gone' : 'is asked again until it is'}`, async () => {
    fal().always = `${fault}@remove`;
    const { receipt } = await make();
    if (outcome === 'gone') {
      assert.deepEqual(await waiting(), []);
      return;
    }
    assert.equal((await waiting()).length, 1);
    const ids = (await waiting()).map((r) => r.id);
    assert.equal((await send(ids[0])).code, 1);
    const [row] = await waiting();
    assert.equal(row.attempts, 1);
    if (outcome === 'refused') {
      assert.equal(row.failure, 'refused');
      assert.ok((await check()).some((f) => f.result === 'overdue'), JSON.stringify(await check()));
    } else if (fault === '500') {
      const at = (clock) => JSON.parse(site.officer(['check', '--offline', '--format', 'json'], { more: { LD_PRELOAD: faketime(), FAKETIME: clock } }).stdout)
        .filter((f) => f.check === 'deletions').map((f) => f.result);
      assert.deepEqual([at('+58m'), at('+62m')], [['kept'], ['overdue']]);
    }
    assert.equal(ofVendor(await erase(receipt), 'fal').deletion, 'asked');
    fal().always = null;
    assert.equal((await send()).code, 0);
    assert.deepEqual(await waiting(), []);
    assert.ok([...fal().work.values()].every((w) => w.removed));
    assert.ok((await check()).every((f) => f.result !== 'overdue'));
  });
}

test('kill -9 while it is made: what the vendor has is deleted all the same', async () => {
  fal().always = 'never';
  const lost = generate(site, { description, count: 1, verbatim: true }).catch(() => null);
  await until(async () => fal().work.size === 1 && (await waiting()).length === 1, 10000, 'a piece of work');
  process.kill(site.program('generate'), 'SIGKILL');
  await lost;
  await until(async () => (await fetch(`${site.url}/healthz`).catch(() => ({}))).status === 200, 15000, 'a healthy site');
  assert.equal((await waiting()).length, 1);
  // It is not asked for before the work is over in any case.
  await site.officerBeside(['outbox', 'send']);
  assert.ok(!fal().stages().includes('remove'));
  assert.equal((await send()).code, 0);
  assert.ok([...fal().work.values()].every((w) => w.removed));
  assert.deepEqual(await waiting(), []);
});

test('kill -9 of egress and of who asks: it is asked again', async () => {
  fal().always = 'hang@remove';
  await make();
  const asking = send();
  await until(() => fal().stages().filter((s) => s === 'remove').length >= 2, 10000, 'a question');
  process.kill(site.program('egress'), 'SIGKILL');
  await asking;
  await until(async () => (await fetch(`${site.url}/healthz`).catch(() => ({}))).status === 200, 15000, 'a healthy site');
  assert.equal((await waiting()).length, 1);
  fal().always = null;
  assert.equal((await send()).code, 0);
  assert.deepEqual(await waiting(), []);
});

test('Replicate deletes by itself: it is asked afterwards whether it did', async () => {
  const vendor = vendors.of('replicate');
  const { receipt } = await make({ provider: 'replicate' });
  await site.officerBeside(['outbox', 'send']);
  assert.ok(!vendor.requests.slice(-1)[0].url.endsWith('/payloads'));
  assert.equal((await waiting())[0].attempts, 0, 'not before its hour is over');
  assert.equal((await send()).code, 0);
  assert.equal((await waiting())[0].failure, 'still-there');
  assert.equal(ofVendor(await erase(receipt), 'replicate').deletion, 'asked');
  for (const work of vendor.work.values()) work.removed = true;
  await send();
  assert.deepEqual(await waiting(), []);
});

test('where there is only a promise, the certificate has its date', async () => {
  const { receipt } = await make({ provider: 'dashscope' });
  const row = ofVendor(await erase(receipt), 'dashscope');
  assert.equal(row.deletion, undefined);
  assert.ok(Date.parse(row.expires_by) > Date.now());
});

test('a drill: a canary is deleted and cannot be fetched any more; one that still can is found', async () => {
  const before = (await (await fetch(`${site.url}/privacy/live.json`)).json()).drills;
  assert.deepEqual(before, []);
  assert.ok((await check()).every((f) => f.result !== 'overdue'));
  const good = await site.officerBeside(['drill', 'fal', '--format', 'json']);
  assert.equal(good.code, 0, good.stderr + good.stdout);
  assert.equal(JSON.parse(good.stdout)[0].result, 'gone');
  assert.deepEqual(fal().stages().filter((s) => ['image', 'remove', 'result'].includes(s)), ['image', 'result', 'remove', 'result']);
  let live = await (await fetch(`${site.url}/privacy/live.json`)).json();
  assert.deepEqual(live.drills.map((d) => [d.id, d.result]), [['fal', 'gone']]);
  assert.match(await (await fetch(`${site.url}/privacy/live`)).text(), /could not be fetched any more/);
  fal().next('ok@result', '401@result'); // of the picture, and of the look
  const unsure = await site.officerBeside(['drill', 'fal', '--format', 'json']);
  assert.deepEqual([unsure.code, JSON.parse(unsure.stdout)[0].result], [1, 'unsure']);
  assert.ok((await check()).some((f) => f.result === 'unsure'), JSON.stringify(await check()));
  assert.match(await (await fetch(`${site.url}/privacy/live`)).text(), /could still be fetched is not known/);
  fal().keeps = true;
  assert.equal((await site.officerBeside(['drill', 'fal'])).code, 1);
  assert.ok((await check()).some((f) => f.result === 'overdue'));
  fal().keeps = false;
  fal().always = '403@remove';
  assert.equal((await site.officerBeside(['drill', 'fal'])).code, 1);
  live = await (await fetch(`${site.url}/privacy/live.json`)).json();
  assert.equal(live.drills[0].result, 'failed');
  assert.equal((await waiting()).length, 1, 'the canary is still to be deleted');
  fal().always = null;
  assert.equal((await send()).code, 0);
  live = await (await fetch(`${site.url}/privacy/live.json`)).json();
  assert.equal(live.drills[0].result, 'gone');
});

test('drills of the others: one that deletes later, one that only purges, one that offers nothing', async () => {
  const result = async (id) => { const r = await site.officerBeside(['drill', id, '--format', 'json']); return [r.code, JSON.parse(r.stdout)[0].result]; };
  assert.deepEqual(await result('replicate'), [0, 'waiting']);
  for (const work of vendors.of('replicate').work.values()) work.removed = true;
  await send();
  const live = await (await fetch(`${site.url}/privacy/live.json`)).json();
  assert.equal(live.drills.find((d) => d.id === 'replicate').result, 'gone');
  assert.deepEqual(await result('cloudflare'), [0, 'confirmed']);
  assert.deepEqual(await result('dashscope'), [0, 'none']);
  assert.equal((await site.officerBeside(['drill', 'nobody'])).code, 2);
  const asked = vendors.all.reduce((n, v) => n + v.requests.length, 0);
  assert.equal((await site.officerBeside(['drill', '--dry-run'])).code, 0);
  assert.equal(vendors.all.reduce((n, v) => n + v.requests.length, 0), asked);
});
