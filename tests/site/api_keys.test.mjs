// SPDX-License-Identifier: ISC
// Keys of the image API, where the policy has accounts: who has one is served within what it allows, who has none is not; it ends when it is revoked, over, or erased.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import OpenAI from 'openai';
import { startVendors } from '../peers/vendors.mjs';
import { filesHolding, startSite, until } from './harness.mjs';
import { policyText } from './vendor_support.mjs';

const prompt = 'A pottery studio by the sea: stoneware bowls.';
// The shipped policy, with accounts.
const account = `<kind id="account" keep="stored" source="server" needed="yes">
  <name>Your key of the API</name><what>A hash of your key, what it allows and how much of its budget is used.</what><category>Hash of the key</category><category>Limits, and use of today</category>
  <where>In an encrypted database on our server.</where><about subject="visitor"/><for purpose="make"/>
  <life while="account"><reason>It stays as long as you use the API.</reason></life>
</kind>`;
let site, vendors, policy, folder;
const officer = (...words) => site.officer(words, { policy, more: { LETHE_ALLOW_UNBUILT: '1' } });
const officerWith = (input, ...words) => site.officer(words, { input, policy, more: { LETHE_ALLOW_UNBUILT: '1' } });
const create = (...words) => { const { code, stdout, stderr } = officer('keys', 'api', 'create', '--format', 'json', ...words); assert.equal(code, 0, stderr); return JSON.parse(stdout); };
const list = () => JSON.parse(officer('keys', 'api', 'list', '--format', 'json').stdout);
const client = (apiKey) => new OpenAI({ apiKey, baseURL: `${site.url}/v1`, maxRetries: 0 });
const make = (key, more = {}, options = {}) => client(key).images.generate({ prompt, model: 'ark', ...more }, options);
before(async () => {
  vendors = await startVendors();
  folder = mkdtempSync(join(tmpdir(), 'lethe-keys-'));
  policy = join(folder, 'policy.xml');
  writeFileSync(policy, policyText([{ id: 'ark', roles: 'image' }]).replace('<kinds>', `<kinds>${account}`).replace(/ *<promise id="(?:no-account|no-name|no-linking)".*\n/g, ''));
  site = await startSite({ policy, testing: true, env: { LETHE_ALLOW_UNBUILT: '1', LETHE_POLICY: policy, ...vendors.env(['ark']) } });
});
after(async () => { await site?.stop(); await vendors?.close(); rmSync(folder, { recursive: true, force: true }); });
beforeEach(() => vendors.reset());

test('without a key that holds nothing is told and nothing made', async () => {
  const { key } = create();
  for (const wrong of ['none', 'lethe-', `${key}x`, key.slice(0, -1), `lethe-${'A'.repeat(43)}`, key.toLowerCase(), `lethe-${'ä'.repeat(43)}`.normalize('NFD').replace(/[^ -~]/g, '~'), 'x'.repeat(4000)]) {
    await assert.rejects(make(wrong), (e) => e.status === 401 && e.code === 'invalid_api_key' && e.headers.get('www-authenticate') === 'Bearer', wrong);
    await assert.rejects(client(wrong).models.list(), (e) => e.status === 401);
  }
  for (const authorization of ['', 'Bearer', 'Bearer ', `Basic ${Buffer.from(`:${key}`).toString('base64')}`, key]) {
    const response = await fetch(`${site.url}/v1/models`, { headers: { authorization } });
    assert.equal(response.status, 401);
    assert.equal((await response.json()).error.code, 'invalid_api_key');
  }
  assert.equal(vendors.of('ark').requests.length, 0);
  assert.equal((await make(key)).data.length, 1);
});

test('the key is stored nowhere, and shown once', async () => {
  const { key, receipt } = create('--daily', '5');
  await make(key);
  assert.deepEqual(filesHolding(key.slice(6), [site.state, site.run]), []);
  assert.deepEqual(filesHolding(receipt, [site.state, site.run]), []);
  assert.doesNotMatch(officer('keys', 'api', 'list').stdout, new RegExp(key.slice(6)));
  assert.doesNotMatch(site.output(), new RegExp(key.slice(6)));
});

test('a key allows what its scope says', async () => {
  const images = create('--scope', 'images').key, models = create('--scope', 'models').key;
  assert.equal((await make(images)).data.length, 1);
  await assert.rejects(client(images).models.list(), (e) => e.status === 403 && e.code === 'insufficient_permissions');
  assert.ok((await client(models).models.list()).data.length > 0);
  await assert.rejects(make(models), (e) => e.status === 403);
  for (const words of [['--scope', 'admin'], ['--daily', '0'], ['--daily', '-1'], ['--daily', '99999999'], ['--until', '2020-01-01'], ['--until', 'tomorrow'], ['--receipt', 'x']]) assert.equal(officer('keys', 'api', 'create', ...words).code, 2, words.join(' '));
});

test('the budget of a day holds, also for many at once; what is not made is given back', async () => {
  const { key, id } = create('--daily', '5');
  const used = () => list().find((k) => k.id === id).today;
  const { data: made, response } = await make(key, { n: 2 }).withResponse();
  assert.equal(made.data.length, 2);
  assert.equal(response.headers.get('x-ratelimit-limit-images'), '5');
  assert.equal(response.headers.get('x-ratelimit-remaining-images'), '3');
  assert.match(response.headers.get('x-ratelimit-reset-images'), /^\d+s$/);
  for (const name of ['limit', 'remaining', 'reset']) assert.equal(response.headers.get(`x-ratelimit-${name}-requests`), response.headers.get(`x-ratelimit-${name}-images`), name);
  const { response: models } = await client(key).models.list().withResponse();
  assert.equal(models.headers.get('x-ratelimit-remaining-requests'), '3');
  await assert.rejects(make(key, { n: 4 }), (e) => e.status === 429 && e.code === 'insufficient_quota' && e.headers.get('x-should-retry') === 'false' && Number(e.headers.get('retry-after')) > 0 && e.headers.get('x-ratelimit-remaining-requests') === '3');
  const results = await Promise.allSettled([1, 2, 3, 4, 5, 6].map(() => make(key)));
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 3);
  assert.ok(results.filter(({ status }) => status === 'rejected').every(({ reason }) => reason.status === 429));
  assert.equal(used(), 5);
  // Of a set that failed, that was refused, and that nobody waits for.
  const { key: other, id: otherId } = create('--daily', '3');
  const otherUsed = () => list().find((k) => k.id === otherId).today;
  vendors.of('ark').always = 'filter';
  await assert.rejects(make(other, { n: 3 }), (e) => e.code === 'moderation_blocked');
  await until(() => otherUsed() === 0, 5000, 'the budget of what failed');
  await assert.rejects(make(other, { n: 9 }), (e) => e.status === 400);
  assert.equal(otherUsed(), 0);
  // What is sent to a vendor is billed, whoever hangs up meanwhile.
  vendors.of('ark').always = 'hang';
  for (const stream of [false, true]) {
    const { key: third, id: thirdId } = create('--daily', '3');
    const controller = new AbortController();
    const waits = make(third, { n: 3, stream }, { signal: controller.signal });
    waits.catch(() => {});
    await until(() => vendors.of('ark').inFlight === 3, 10000, 'the requests');
    controller.abort();
    await until(() => vendors.of('ark').inFlight === 0, 10000, 'the end of what nobody waits for');
    await assert.rejects(make(third), (e) => e.status === 429 && e.headers.get('x-ratelimit-remaining-images') === '0');
    assert.equal(list().find((k) => k.id === thirdId).today, 3);
  }
});

test('what is left of a budget is told as it is after the answer', async () => {
  const { key } = create('--daily', '5');
  vendors.of('ark').always = 'filter';
  await assert.rejects(make(key, { n: 3 }), (e) => e.headers.get('x-ratelimit-remaining-images') === '5');
  vendors.of('ark').always = null;
  const { data: stream, response } = await make(key, { stream: true }).withResponse();
  for await (const { type } of stream) assert.equal(type, 'image_generation.completed');
  assert.equal(response.headers.get('x-ratelimit-remaining-images'), '4');
});

test('what one key sends again with a number is nothing that another key gets', async () => {
  const [one, two] = [create(), create()];
  const headers = { 'idempotency-key': 'the-same-number-of-two-customers' };
  const first = await make(one.key, {}, { headers }), again = await make(one.key, {}, { headers }), others = await make(two.key, {}, { headers });
  assert.equal(again.lethe.receipt, first.lethe.receipt);
  assert.notEqual(others.lethe.receipt, first.lethe.receipt);
  assert.equal(vendors.of('ark').requests.length, 2);
});

test('what is sent without a key is not read', async () => {
  const { key } = create();
  const send = (path, given) => fetch(`${site.url}/v1/images/${path}`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${given}` }, body: '{'.repeat(50000) });
  for (const path of ['generations', 'edits']) {
    assert.equal((await send(path, 'none')).status, 401); // whatever it is
    assert.equal((await send(path, key)).status, 400);
  }
});

test('a key that is refused leaves a row in the request log', async () => {
  const rows = () => JSON.parse(officerWith('127.0.0.1', 'erase', '--ip', '-', '--dry-run', '--format', 'json').stdout).find((r) => r.store === 'request-log').found;
  const before = rows(), { key } = create('--scope', 'models');
  await assert.rejects(make('none'), (e) => e.status === 401);
  await assert.rejects(make(key), (e) => e.status === 403);
  assert.equal(rows(), before + 2);
});

test('a key ends when it is revoked, when it is over, and when its receipt is erased; a copy tells of it', async () => {
  const { key: revoked, id } = create();
  assert.equal((await client(revoked).models.list()).object, 'list');
  assert.equal(officer('keys', 'api', 'revoke', id.slice(0, 12)).code, 0);
  await assert.rejects(client(revoked).models.list(), (e) => e.status === 401);
  assert.equal(officer('keys', 'api', 'revoke', id).code, 1);
  assert.equal(officer('keys', 'api', 'revoke', '0123').code, 2);
  const { key, receipt } = create('--daily', '7');
  const zip = join(folder, 'copy.zip');
  const copy = site.officer(['export', '--receipt', '-', '--reason', 'asked for', '--output', zip], { input: receipt, policy, more: { LETHE_ALLOW_UNBUILT: '1' } });
  assert.equal(copy.code, 0, copy.stderr);
  const told = execFileSync('unzip', ['-p', zip], { encoding: 'latin1' });
  assert.match(told, /"daily":\s*7/);
  assert.ok(!told.includes(key.slice(6)));
  const erased = site.officer(['erase', '--yes', '--receipt', '-'], { input: receipt, policy, more: { LETHE_ALLOW_UNBUILT: '1' } });
  assert.ok(erased.code === 0, erased.stdout + erased.stderr);
  await assert.rejects(client(key).models.list(), (e) => e.status === 401);
  // Two of one person.
  const first = create(), second = site.officer(['keys', 'api', 'create', '--receipt', '-', '--format', 'json'], { input: first.receipt, policy, more: { LETHE_ALLOW_UNBUILT: '1' } });
  assert.equal(JSON.parse(second.stdout).receipt, first.receipt);
  assert.notEqual(JSON.parse(second.stdout).key, first.key);
});

test('a key that ends while a set is made ends the set, at the vendor too, and the answer says so', async () => {
  const spool = () => readdirSync(join(site.run, 'spool')).filter((f) => !f.startsWith('.')).length, before = spool();
  const ways = {
    revoked: [[], ({ id }) => officer('keys', 'api', 'revoke', id)],
    erased: [[], ({ receipt }) => officerWith(receipt, 'erase', '--yes', '--receipt', '-')],
    over: [['--until', new Date(Date.now() + 7000).toISOString().replace(/\.\d+/, '')], () => ({ code: 0 })],
  };
  const ended = Object.entries(ways).map(async ([name, [words, end]]) => {
    const one = create(...words), inFlight = () => vendors.of('ark').inFlight;
    const whole = make(one.key, { n: 2 }).then(() => assert.fail(name), (e) => e), stream = await make(one.key, { stream: true });
    const events = (async () => { for await (const event of stream) assert.fail(event.type); })().then(() => assert.fail(name), (e) => e);
    await until(() => inFlight() > 0, 10000, 'the requests');
    return async () => {
      const done = end(one);
      assert.equal(done.code, 0, done.stderr);
      for (const e of [await whole, await events]) assert.equal(e.code, 'invalid_api_key', `${name}: ${e}`);
      assert.equal((await whole).status, 401);
      assert.deepEqual((await whole).error.sent_to.map(({ id }) => id), ['ark']);
      assert.match((await whole).message, /while the set was being made/);
      await assert.rejects(make(one.key), (e) => e.status === 401);
    };
  });
  vendors.of('ark').always = 'hang';
  for (const check of await Promise.all(ended)) await check();
  await until(() => vendors.of('ark').inFlight === 0, 10000, 'the end of what nobody waits for');
  assert.equal(spool(), before);
});

test('where the policy has no accounts there are no keys', async () => {
  const open = await startSite();
  try {
    const { code, stderr } = open.officer(['keys', 'api', 'create']);
    assert.equal(code, 2);
    assert.match(stderr, /no accounts/);
  } finally { await open.stop(); }
});
