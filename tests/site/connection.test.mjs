// SPDX-License-Identifier: ISC
// Proof by the same connection: who asks from an address sees and erases what the request log has of it, without a receipt, and learns nothing that may be another's.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate, root, startSite } from './harness.mjs';
import { ask as askNginx, fill, startNginx, startProgram } from './nginx_support.mjs';

const PROXY = { LETHE_TRUSTED_PROXIES: '127.0.0.1' };
const home = '203.0.113.7', elsewhere = '2a02:db8:1::5';
const mine = 'Mine-of-mine/1.0', theirs = 'Neighbour-behind-it/2.0';
let site, folder;
const shipped = readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8');
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-connection-'));
  const policy = join(folder, 'holds.xml');
  writeFileSync(policy, shipped.replace(/(<kind id="request-log"[^]*?<life [^>]*?)>/, '$1 hold="yes">'));
  site = await startSite({ policy, env: { ...PROXY, LETHE_POLICY: policy } });
});
after(async () => { await site?.stop(); rmSync(folder, { recursive: true, force: true }); });

const visitor = (address, agent = mine) => ({ 'x-forwarded-for': address, 'user-agent': agent });
const post = (path, fields, headers = {}, at = site) => fetch(at.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(fields) });
const form = (path, fields, headers = {}) => fetch(site.url + path, { method: 'POST', headers: { accept: 'text/html', ...headers }, body: new URLSearchParams(fields) });
const make = async (headers, at = site) => {
  const { status, body } = await generate(at, { description: 'A bakery in a village with a stone oven.', count: 1 }, headers);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};
let number = 0;
function copyOf(bytes) {
  const file = join(folder, `${++number}.zip`);
  writeFileSync(file, bytes);
  const of = (name) => execFileSync('unzip', ['-p', file, name], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return { ...JSON.parse(of('export.json')), page: of('index.html'), all: of('*') };
}
const exported = async (fields, headers) => {
  const answer = await post('/api/export', fields, headers);
  assert.equal(answer.status, 200, answer.status === 200 ? '' : await answer.text());
  return copyOf(Buffer.from(await answer.arrayBuffer()));
};
const log = (copy) => copy.stores.find((s) => s.store === 'request-log');
const entries = (name) => JSON.parse(site.officer(['audit', 'show', '--format', 'json']).stdout).filter((e) => (e.event ?? e.name) === name);
const today = () => new Date().toISOString().slice(0, 10);

test('the lines of the address that asks: of a browser of the same name by the day, of others their number, of other addresses nothing', async () => {
  const set = await make(visitor(home));
  await make(visitor(home, theirs));
  await make(visitor(elsewhere, theirs));
  const before = entries('export').length;
  const copy = await exported({ connection: true }, visitor(home));
  assert.deepEqual(copy.request_log, [{ day: today(), address: home, user_agent: mine }]);
  assert.deepEqual([log(copy).found, log(copy).given, log(copy).withheld], [2, 1, [{ ground: 'others', count: 1 }]]);
  assert.deepEqual(copy.records, []);
  assert.deepEqual(copy.recipients, [], 'sets that were asked for from the address are not told of');
  for (const secret of [theirs, elsewhere, set.receipt]) assert.ok(!copy.all.includes(secret), secret);
  assert.match(copy.page, /Others may share this IP address/);
  // What a neighbour sees, who calls his browser anything.
  const neighbour = await exported({ connection: true }, visitor(home, 'Guess/1.0'));
  assert.deepEqual(neighbour.request_log, []);
  assert.deepEqual(log(neighbour).withheld, [{ ground: 'others', count: 2 }]);
  // The same address, written another way; and one from which nobody came.
  assert.equal((await exported({ connection: true }, visitor(elsewhere.replace('::', ':0:0:0:0:'), theirs))).request_log[0].address, elsewhere);
  assert.deepEqual(log(await exported({ connection: true }, visitor('203.0.113.99'))).found, 0);
  const after = entries('export').slice(before);
  assert.equal(after.length, 3, 'each that found something is in the ledger');
  assert.match(JSON.stringify(after[0]), /"how\\?": ?\\?"connection/);
  assert.ok(!JSON.stringify(after).includes(home));
});

test('erased at once, after a look at what goes: all lines of the address, no set, nothing of another address', async () => {
  const set = await make(visitor(home));
  const page = await (await fetch(`${site.url}/rights`)).text();
  assert.equal(page.match(/name="connection" value="yes"/g).length, 2, 'a form to see it and one to erase it');
  const plan = await (await form('/api/rights/plan', { right: 'erasure', connection: 'yes' }, visitor(home))).text();
  assert.match(plan, /action="\/api\/erase"[^]*name="connection" value="yes"/);
  assert.match(plan, /lines in the log of visits: [2-9]/);
  assert.match(await (await form('/api/rights/plan', { right: 'erasure', connection: 'yes' }, visitor('203.0.113.98'))).text(), /Nothing was found under your IP address/);
  assert.ok(log(await exported({ connection: true }, visitor(home))).found >= 2, 'the look changed nothing');

  assert.equal((await form('/api/erase', { connection: 'yes' }, { ...visitor(home), origin: 'https://evil.example' })).status, 403, 'no other site has it done');
  const done = await post('/api/erase', { connection: true }, visitor(home));
  const certificate = await done.json();
  assert.equal(done.status, 200, JSON.stringify(certificate));
  assert.deepEqual([certificate.outcome, certificate.operator_role, certificate.complete, certificate.subject_ref], ['erased', 'self-service', true, null]);
  const store = certificate.stores.find((s) => s.name === 'request-log');
  assert.ok(store.found >= 2 && store.erased === store.found && store.verified_at);
  assert.ok(certificate.stores.every((s) => s === store || s.found === 0));
  assert.deepEqual(certificate.recipients, []);
  assert.ok(!JSON.stringify(certificate).includes(home));
  assert.equal(log(await exported({ connection: true }, visitor(home))).found, 0);
  assert.equal(log(await exported({ connection: true }, visitor(elsewhere, theirs))).given, 1);
  const left = await exported({ receipt: set.receipt }, visitor(home));
  assert.deepEqual([left.records.length, left.request_log.length], [1, 0]);
  // Again there is nothing to do, and nothing to record.
  assert.equal((await (await post('/api/erase', { connection: true }, visitor(home))).json()).audit_index, null);
  assert.match(await (await form('/api/erase', { connection: 'yes' }, visitor(home))).text(), /Nothing was found under your IP address/);
  await make(visitor(home));
  assert.match(await (await form('/api/erase', { connection: 'yes' }, visitor(home))).text(), /of your IP address is gone/);
});

test('a hold on the address is not shown to who shares it, and what it keeps stays', async () => {
  await make(visitor('203.0.113.20'));
  const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);
  const placed = site.officer(['hold', 'place', '--ip', '-', '--ground', 'legal-claims', '--citation', 'LG 9', '--review', day(30), '--expires', day(100)], { input: '203.0.113.20' });
  assert.equal(placed.code, 0, placed.stderr);
  const copy = await exported({ connection: true }, visitor('203.0.113.20', theirs));
  assert.deepEqual([copy.records, copy.request_log], [[], []]);
  assert.deepEqual(copy.stores.find((s) => s.store === 'hold').withheld, [{ ground: 'others', count: 1 }]);
  const certificate = await (await post('/api/erase', { connection: true }, visitor('203.0.113.20'))).json();
  assert.deepEqual(certificate.kept.map((k) => [k.kind, k.count]), [['hold', 1]]);
});

test('an address that nobody on the Internet has, and one that a proxy hides, is refused; so is more than one proof', async () => {
  for (const path of ['/api/export', '/api/erase']) {
    for (const address of ['10.1.2.3', '192.168.0.7', '127.0.0.1', '::1', 'fd00::7', '100.64.3.3'])
      assert.equal((await post(path, { connection: true }, visitor(address))).status, 409, address);
    assert.equal((await post(path, { connection: true })).status, 409, 'no proxy told whose it is');
    assert.equal((await post(path, { connection: true, receipt: 'x'.repeat(43) }, visitor(home))).status, 422);
    assert.equal((await post(path, { connection: false }, visitor(home))).status, 422);
  }
  assert.equal((await post('/api/rights', { right: 'erasure', connection: true }, visitor(home))).status, 400, 'a recorded request has no connection');
});

test('only where the policy offers it', async () => {
  const offered = async (at) => Object.fromEntries((await (await fetch(`${at.url}/api/rights`)).json()).rights.filter((r) => r.connection).map((r) => [r.id, r.connection]));
  assert.deepEqual(await offered(site), { access: '/api/export', erasure: '/api/erase' });
  assert.match(await (await fetch(`${site.url}/privacy`)).text(), /whoever asks from an IP address can see on/);
  const policy = join(folder, 'policy.xml');
  writeFileSync(policy, shipped.replace('<rights connection="yes">', '<rights>'));
  const other = await startSite({ policy, env: { ...PROXY, LETHE_POLICY: policy } });
  try {
    assert.deepEqual(await offered(other), {});
    for (const path of ['/rights', '/privacy']) assert.doesNotMatch(await (await fetch(other.url + path)).text(), /name="connection"|whoever asks from an IP address/);
    await make(visitor(home), other);
    for (const path of ['/api/export', '/api/erase']) assert.equal((await post(path, { connection: true }, visitor(home), other)).status, 403);
    const dry = other.officer(['erase', '--ip', '-', '--dry-run', '--format', 'json'], { input: home, policy });
    assert.equal(JSON.parse(dry.stdout).find((r) => r.store === 'request-log').found, 1, dry.stderr);
  } finally {
    await other.stop();
  }
});

// Of every policy that keeps addresses in a request log, and of no other.
test('the shipped policies that keep an address offer it', () => {
  for (const name of ['bizimages', 'blogimg', 'image-describer', 'imagedesigner', 'product-images']) {
    const text = readFileSync(join(root, `policy/sites/${name}.xml`), 'utf8');
    assert.equal(text.includes('<rights connection="yes">'), text.includes('<kind id="request-log" keep="stored"'), name);
  }
});

test('nginx says how it knows the address, and nothing where somebody who is not trusted passed the request on', async () => {
  const at = await fill('run.conf');
  const seen = [];
  const program = await startProgram(join(at.run, 'rights.sock'), (call) => { seen.push(call.params); call.write('Status: 204 No Content\r\n\r\n'); call.end(); });
  const said = async (headers) => {
    const answer = await askNginx(at, '/api/export', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{}' });
    assert.equal(answer.status, 204, JSON.stringify(answer));
    return `${seen.at(-1).REMOTE_ADDR} ${seen.at(-1).LETHE_CONNECTION}`.trim();
  };
  const through = ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip'];
  let nginx = await startNginx(at);
  try {
    assert.equal(await said({}), '127.0.0.1 direct');
    for (const header of through) assert.equal(await said({ [header]: home }), '127.0.0.1', header);
    await nginx.stop();
    copyFileSync(join(site.state, 'publish/nginx/proxies.conf'), join(at.state, 'publish/nginx/proxies.conf'));
    nginx = await startNginx(at);
    assert.equal(await said({ 'x-forwarded-for': home }), `${home} told`);
    assert.equal(await said({ 'x-forwarded-for': `198.51.100.1, ${home}`, via: '1.1 proxy' }), `${home} told`, 'what the visitor says of himself is not heard');
    assert.equal(await said({ via: '1.1 proxy' }), '127.0.0.1');
    assert.equal(await said({}), '127.0.0.1', 'a trusted proxy that says nothing is not the visitor');
    await nginx.stop();
    writeFileSync(join(at.state, 'publish/nginx/proxies.conf'), readFileSync(join(site.state, 'publish/nginx/proxies.conf'), 'utf8').replaceAll('127.0.0.1', '198.51.100.0/24'));
    nginx = await startNginx(at);
    assert.equal(await said({}), '127.0.0.1 direct', 'only who is trusted is taken for one');
  } finally {
    await nginx.stop();
    await program.close();
    at.discard();
  }
});

test('the officer by an address: the day of each line; whole where nobody else has it; with a reason that the ledger keeps', async () => {
  const address = '198.51.100.44';
  await make(visitor(address));
  const file = join(folder, 'officer.zip');
  const run = (more) => site.officer(['export', '--ip', '-', '--output', file, ...more], { input: address });
  assert.equal(run([]).code, 2, 'no reason');
  assert.equal(site.officer(['export', '--record', '0'.repeat(32), '--sole', '--reason', 'x', '--output', file]).code, 2);
  assert.equal(run(['--reason', 'letter of 3 May']).code, 0);
  assert.deepEqual(copyOf(readFileSync(file)).request_log, [{ day: today(), address }]);
  assert.equal(run(['--sole', '--reason', 'fixed address, contract seen']).code, 0);
  const row = copyOf(readFileSync(file)).request_log[0];
  assert.deepEqual([row.address, row.user_agent, row.at.slice(0, 10)], [address, mine, today()]);
  assert.match(JSON.stringify(entries('export').at(-1)), /"how\\?": ?\\?"address[^]*contract seen/);
  const counted = JSON.parse(site.officer(['access', '--ip', '-', '--format', 'json'], { input: address }).stdout);
  assert.equal(counted.find((s) => s.store === 'request-log').given, 1);
});
