// SPDX-License-Identifier: ISC
// lethe check: 0 when the installation keeps its policy, 1 for each way to break it, 2 when that cannot be told.
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, chownSync, copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { build, root } from './harness.mjs';
import { fakeEgress, layNginx, place } from './admin_support.mjs';

const AZURE = { id: 'azure-openai', configured: true, host: 'example.openai.azure.com', region_seen: 'swedencentral', breaker: 'closed', requests: 3, bytes_sent: 900,
  failures: 0, region_mismatches: 0, kinds: ['prompt', 'input'] };
const STATUS = { processors: [AZURE, { id: 'sketch', configured: true, host: '', breaker: 'closed', requests: 0, bytes_sent: 0, failures: 0, kinds: [] }],
  pages: { requests: 1, refused: 0 }, testing: false };

// Findings of the check by name: {policy: [{result, …}], …}
function check(p, options) {
  const result = p.run(['check', '--offline', '--format', 'json'], options);
  assert.notEqual(result.stdout, '', result.stderr);
  const findings = JSON.parse(result.stdout);
  for (const f of findings) {
    assert.ok(['kept', 'BROKEN', 'unsure', 'nothing', 'due'].includes(f.result));
    assert.ok(f.promise && f.finding, JSON.stringify(f));
    assert.ok(f.result === 'kept' || f.result === 'nothing' || f.remedy, JSON.stringify(f));
  }
  return { status: result.status, findings, bad: findings.filter((f) => f.result === 'BROKEN' || f.result === 'unsure') };
}

async function site(t, status = STATUS, edit = (policy) => policy) {
  const p = place(t);
  p.policy = join(p.base, 'policy.xml');
  writeFileSync(p.policy, edit(readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8')));
  const run = p.run;
  p.run = (words, { env, ...rest } = {}) => run(words, { ...rest, env: { LETHE_POLICY: p.policy, LETHE_UNITS: join(build, 'units'), ...env } });
  layNginx(p);
  assert.equal(p.run(['prune']).status, 0);
  const published = p.run(['publish']);
  assert.equal(published.status, 0, published.stderr);
  if (status) await fakeEgress(t, p.runFolder, status);
  return p;
}

test('a fresh, published site with egress keeps its policy', async (t) => {
  const p = await site(t);
  const { status, bad } = check(p);
  assert.deepEqual(bad, []);
  assert.equal(status, 0);
  assert.equal(p.run(['check', '--offline', '--quiet']).stdout, '');
});

test('without egress it cannot be told', async (t) => {
  const p = await site(t, null);
  const { status, bad } = check(p);
  assert.deepEqual(bad.map((f) => [f.result, f.check]), [['unsure', 'egress']]);
  assert.equal(status, 2);
});

// Each breaks one thing; the check of that name must find it, with exit status 1.
const drifts = {
  'a key for an undeclared processor': ['settings', () => ({ env: { OPENAI_API_KEY: 'k' } })],
  'a key file for an undeclared processor': ['settings', () => ({ env: { REPLICATE_API_TOKEN_FILE: '/nowhere' } })],
  'an endpoint elsewhere': ['settings', () => ({ env: { AZURE_OPENAI_ENDPOINT: 'https://openai.azure.com.example.net/' } })],
  'an endpoint behind a user name': ['settings', () => ({ env: { AZURE_OPENAI_ENDPOINT: 'https://x.openai.azure.com@example.net/' } })],
  'an unencrypted endpoint': ['settings', () => ({ env: { AZURE_OPENAI_ENDPOINT: 'http://x.openai.azure.com/' } })],
  'a quality that the vendor does not know': ['settings', () => ({ env: { AZURE_OPENAI_ENDPOINT: 'https://x.openai.azure.com/', AZURE_OPENAI_IMAGE_QUALITY: 'ultra' } })],
  'an endpoint that is no URL': ['settings', () => ({ env: { AZURE_OPENAI_BASE_URL: 'x.openai.azure.com' } })],
  'a test build': ['testing', () => ({ env: { LETHE_TESTING: '1' } })],
  'a master key that others can read': ['master-key', (p) => chmodSync(join(p.state, 'keys/master.key'), 0o644)],
  'no space reserve': ['space-reserve', (p) => rmSync(join(p.state, 'space-reserve'))],
  'a space reserve without content': ['space-reserve', (p) => writeFileSync(join(p.state, 'space-reserve'), 'x')],
  'a page is gone': ['published', (p) => rmSync(join(p.state, 'publish/html/privacy.html'))],
  'a list is empty': ['published', (p) => writeFileSync(join(p.state, 'publish/html/subprocessors.csv'), '')],
  'a notice of another policy': ['published', (p) => {
    const file = join(p.state, 'publish/html/privacy.json');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/[0-9a-f]{64}/g, '0'.repeat(64)));
  }],
  'headers of another policy': ['published', (p) => {
    const file = join(p.state, 'publish/nginx/headers.conf');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll("'self'", '*'));
  }],
  'a policy changed after it was published': ['activation', (p) => appendFileSync(p.policy, '<!-- later -->\n')],
  'an invalid policy': ['policy', (p) => writeFileSync(p.policy, readFileSync(p.policy, 'utf8').replace('P14D', 'fortnight'))],
  'no prune for a day': ['prune', () => ({ wrap: ['faketime', '-f', '+1d'] })],
  'a clock that went back': ['prune', () => ({ wrap: ['faketime', '-f', '-1d'] })],
};
for (const [name, [expected, cause]] of Object.entries(drifts)) {
  test(`found: ${name}`, async (t) => {
    const p = await site(t, null);
    const options = cause(p) || {};
    const { status, bad } = check(p, options);
    assert.ok(bad.some((f) => f.result === 'BROKEN' && f.check === expected), JSON.stringify(bad, null, 1));
    assert.equal(status, 1);
  });
}

test('one\'s own server may be anywhere unless the policy names its hosts, and needs no TLS on this machine', async (t) => {
  const declared = (host) => (policy) => policy.replace('<processors>', `<processors><processor id="self-hosted" name="BizImages" brand="Our own model" service="A model on our own machine" roles="image" order="9"
    standing="own" trains="no" added="2026-05-11" effective="2026-05-11"><task>Makes the pictures</task><for purpose="make"/>${host}<within>127.0.0.1</within><receives kind="prompt"/></processor>`);
  const sites = { anywhere: await site(t, null, declared('')), named: await site(t, null, declared('<host>models.example.net</host>')) };
  for (const [where, url, result, words] of [
    ['anywhere', 'http://127.0.0.1:9000/', 'kept', /points to a host of self-hosted/],
    ['anywhere', 'https://models.example.net/', 'kept', /points to a host of self-hosted/],
    ['anywhere', 'http://models.example.net/', 'BROKEN', /without encryption/],
    ['named', 'https://models.example.net/', 'kept', /points to a host of self-hosted/],
    ['named', 'https://models.example.org/', 'BROKEN', /which the policy does not name/],
  ]) {
    const said = check(sites[where], { env: { SELF_HOSTED_URL: url } }).findings.filter((f) => f.check === 'settings' && f.finding.startsWith('SELF_HOSTED_URL'));
    assert.deepEqual([said.at(-1).result, words.test(said.at(-1).finding)], [result, true], `${where} ${url} ${JSON.stringify(said)}`);
  }
});

test('found: a space reserve that was cut short; what the check advises brings it back', async (t) => {
  const p = await site(t);
  const reserve = join(p.state, 'space-reserve');
  truncateSync(reserve, 300 * 1024);
  const { status, bad } = check(p);
  assert.deepEqual([status, ...bad.map((f) => [f.result, f.check])], [1, ['BROKEN', 'space-reserve']]);
  assert.match(bad[0].remedy, /remove what is left of it, then run lethe keys init/);
  rmSync(reserve);
  assert.equal(p.run(['keys', 'init']).status, 0);
  assert.equal(check(p).status, 0);
});

// What egress reports, against the policy.
const reports = {
  'the test build of egress': { testing: true },
  'a host that is not the processor\'s': { processors: [{ ...AZURE, host: 'example.net' }] },
  'a processor that is not declared': { processors: [{ ...AZURE, id: 'openai' }] },
  'a kind that is not shared': { processors: [{ ...AZURE, kinds: ['prompt', 'request-log'] }] },
  'a processor that does not answer': { processors: [{ ...AZURE, breaker: 'open' }] },
  'another region': { processors: [{ ...AZURE, region_seen: 'eastus2', region_mismatches: 2 }] },
};
for (const [name, part] of Object.entries(reports)) {
  test(`found in egress: ${name}`, async (t) => {
    const p = await site(t, { ...STATUS, ...part });
    const { status, bad } = check(p);
    assert.ok(bad.length > 0 && bad.every((f) => f.result === 'BROKEN' && f.check === 'egress'), JSON.stringify(bad, null, 1));
    assert.equal(status, 1);
  });
}

test('a day\'s budget that is nearly used up is told, one of another day is not', async (t) => {
  const day = new Date().toISOString().slice(0, 10);
  for (const [part, wanted] of [[{ day, spent_today: 4, limits: { money: 5 } }, /^azure-openai has used 4 of today's 5 of money$/], [{ day, today: 400, limits: { calls: 500 } }, /^azure-openai has used 400 of today's 500 requests$/],
    [{ day, spent_today: 3.9, today: 10, limits: { money: 5, calls: 500 } }, null], [{ day: '2026-01-01', spent_today: 5, limits: { money: 5 } }, null], [{ day, spent_today: 5, limits: {} }, null]]) {
    const p = await site(t, { ...STATUS, processors: [{ ...AZURE, ...part }] });
    const { status, findings } = check(p), due = findings.filter((f) => f.check === 'egress' && f.result === 'due');
    assert.equal(status, 0, 'a reminder is no breach');
    assert.deepEqual([due.length, wanted === null || wanted.test(due[0].finding)], [wanted ? 1 : 0, true], JSON.stringify(due));
  }
});

test('the same region in another spelling, and refusals long past, are kept', async (t) => {
  const p = await site(t, { ...STATUS, processors: [{ ...AZURE, region_seen: 'Sweden Central', region_mismatches: 2 }] });
  assert.equal(check(p).status, 0);
});

test('what egress fetched, in words that add up', async (t) => {
  const said = async (pages) => {
    const p = await site(t, { ...STATUS, processors: [{ ...AZURE, configured: false }, STATUS.processors[1]], pages });
    const { status, findings } = check(p);
    assert.equal(status, 0);
    return findings.filter((f) => f.check === 'egress').map((f) => f.finding).join('\n');
  };
  const failed = await said({ requests: 15, refused: 15 });
  assert.match(failed, /asked for so far: 15; fetched: 0; [^;]*: 15$/m);
  assert.match(failed, /azure-openai is not set up: nothing is sent to it/);
  assert.match(failed, /sketch is built in: nothing leaves/);
  assert.match(await said({ requests: 3, refused: 1 }), /asked for so far: 3; fetched: 2; [^;]*: 1$/m);
  assert.match(await said({ requests: 0, refused: 0 }), /no page has been asked for/);
});

for (const [name, bytes] of Object.entries({
  'garbage': Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
  'nothing': Buffer.alloc(0),
  'a status without processors': { hello: 1 },
})) {
  test(`egress answers ${name}: cannot be told`, async (t) => {
    const p = await site(t, bytes);
    const { status, bad } = check(p);
    assert.deepEqual(bad.map((f) => [f.result, f.check]), [['unsure', 'egress']]);
    assert.equal(status, 2);
  });
}

test('a missing policy or missing stores cannot be told', async (t) => {
  const p = place(t);
  const none = check(p, { env: { LETHE_POLICY: join(p.base, 'none.xml') } });
  assert.ok(none.bad.some((f) => f.check === 'policy' && f.result === 'unsure'));
  rmSync(join(p.base, 'state'), { recursive: true, force: true });
  for (const env of [{}, { LETHE_POLICY: join(p.base, 'none.xml') }]) {
    const result = p.run(['check'], { env });
    assert.deepEqual([result.status, result.stdout], [2, '']);
    assert.match(result.stderr, /^lethe: no store in [^\n]*keys init\n$/, 'one line, not one for each check');
  }
});

// nginx loads the modules that a configuration names even to print it: as root that would be code of whoever can write there.
test('root runs nginx on root\'s own configuration only', { skip: process.getuid() !== 0 && 'needs root' }, async (t) => {
  const p = await site(t);
  const folder = join(p.runFolder, 'nginx');
  const conf = join(folder, 'nginx.conf');
  const shipped = readFileSync(conf, 'utf8');
  writeFileSync(conf, `load_module /nowhere/module.so;\n${shipped}`);
  const found = (env) => check(p, { env }).findings.filter((f) => f.check === 'nginx').map((f) => `${f.result} ${f.finding}`).join('\n');
  const asked = () => assert.match(found(), /^BROKEN nginx does not accept .*module\.so/m);
  asked();
  const named = { LETHE_NGINX_CONF: join(p.base, 'named.conf') };
  for (const [alter, repair, env] of [
    [() => chownSync(conf, 65534, 0), () => chownSync(conf, 0, 0)],
    [() => chmodSync(conf, 0o664), () => chmodSync(conf, 0o644)],
    [() => chmodSync(conf, 0o646), () => chmodSync(conf, 0o644)],
    [() => chownSync(folder, 65534, 0), () => chownSync(folder, 0, 0)],
    [() => chmodSync(folder, 0o1777), () => chmodSync(folder, 0o755)],
    [() => chownSync(p.runFolder, 65534, 0), () => chownSync(p.runFolder, 0, 0)],
    [() => chmodSync(p.runFolder, 0o775), () => chmodSync(p.runFolder, 0o755)],
    [() => { copyFileSync(conf, named.LETHE_NGINX_CONF); chownSync(named.LETHE_NGINX_CONF, 65534, 65534); }, () => rmSync(named.LETHE_NGINX_CONF), named],
  ]) {
    alter();
    assert.match(found(env), /^unsure root runs nginx on no configuration that others can change, and line 1 of run\.conf is not as shipped: load_module /m, String(alter));
    repair();
    asked();
  }
  // What nginx cannot be asked about says as much when it is the shipped one.
  writeFileSync(conf, shipped);
  chownSync(conf, 65534, 0);
  assert.match(found(), /^kept .* as shipped \(root runs nginx on no configuration that others can change\)$/m);
});

test('the check changes nothing', async (t) => {
  const p = await site(t);
  const before = p.run(['audit', 'show', '--format', 'json']).stdout;
  check(p);
  check(p, { wrap: ['faketime', '-f', '+400d'] });
  assert.equal(p.run(['audit', 'show', '--format', 'json']).stdout, before);
});
