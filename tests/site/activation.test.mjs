// SPDX-License-Identifier: ISC
// A new version of the policy: announced, waited for, put in force; and no visitor notices the moment.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { generate, root, startSite, until } from './harness.mjs';

let base, policy, site;
const original = readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8');
const officer = (words, options = {}) => site.officer(words, { policy, ...options });
const change = (...pairs) => {
  let text = readFileSync(policy, 'utf8');
  for (const [from, to] of pairs) {
    assert.ok(text.includes(from), `the policy holds ${from}`);
    text = text.replace(from, to);
  }
  writeFileSync(policy, text);
};
const today = new Date().toISOString().slice(0, 10);
const newVersion = (id, date = today) => ['<versions>', `<versions>\n    <version id="${id}" effective="${date}" updated="${date}"><change material="yes">Times changed.</change></version>`];
const later = (days) => ({ wrap: ['faketime', '-f', `+${days}d`] });
const events = (name) => JSON.parse(officer(['audit', 'show', '--format', 'json']).stdout).filter((e) => e.event === name);
const versionServed = async () => (await (await fetch(`${site.url}/privacy/live.json`)).json()).policy.version;
const versionShown = async () => (await (await fetch(`${site.url}/privacy.json`)).text()).match(/"version":\s*"([^"]+)"/)?.[1];
const inForce = () => readFileSync(join(site.state, 'policy/active.xml'), 'utf8');

before(async () => {
  base = mkdtempSync(join(tmpdir(), 'lethe-activation-'));
  policy = join(base, 'policy.xml');
  copyFileSync(join(root, 'policy/sites/bizimages.xml'), policy);
  site = await startSite({ policy });
});
after(async () => {
  await site?.stop();
  rmSync(base, { recursive: true, force: true });
});

test('the first policy of a site is in force at once', async () => {
  assert.equal(inForce(), original);
  assert.equal(events('activation').length, 1);
  assert.equal(await versionServed(), '2026-05-11');
  assert.equal(officer(['policy', 'show'], { wrap: ['faketime', '2026-01-01 00:00:00'] }).code, 0, 'and stays so when the clock is set back');
});

test('what is only put differently needs a date of its own; then it is in force at once, and the programs start again under it', async () => {
  const old = site.program('rights');
  change(['There is no advertising.', 'Nothing is advertised here.']);
  const refused = officer(['publish']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /give <version> a new id.*first difference: promises no-advertising what: “There is no advertising\.” is to be “Nothing is advertised here\.”/);
  assert.equal(events('activation').length, 1);
  change(newVersion('1b', '2026-06-01'));
  const result = officer(['publish']);
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /activated: policy 1b/);
  assert.match(await (await fetch(`${site.url}/privacy`)).text(), /Nothing is advertised here/);
  await until(() => { const now = site.program('rights'); return now && now !== old; }, 15000, 'a new rights program');
  assert.equal(events('activation').length, 2);
});

test('a material change needs a version of its own', () => {
  change(['<life length="P14D" after="creation" then="delete">\n        <reason>Attacks', '<life length="P20D" after="creation" then="delete">\n        <reason>Attacks']);
  const result = officer(['publish']);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /still calls itself version 1b; give <version> a new id and dates \(1 material change/);
  assert.doesNotMatch(inForce(), /P20D/);
  assert.equal(events('announcement').length, 0);
});

test('then it is announced: the site runs on as before and says what is coming', async () => {
  change(newVersion('2'));
  const dry = officer(['publish', '--dry-run']);
  assert.match(dry.stdout, /would announce: policy 2/);
  assert.equal(events('announcement').length, 0);
  const result = officer(['publish']);
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /announced: policy 2, in force from \d{4}-.*until then the site runs under policy 1b/);
  assert.doesNotMatch(inForce(), /P20D/);
  assert.equal(await versionShown(), '1b');
  for (const path of ['/', '/privacy', '/rights', '/subprocessors']) {
    const page = await (await fetch(`${site.url}${path}`)).text();
    assert.match(page, /From \d{4}-\d\d-\d\d a new version of our privacy notice applies/, path);
    assert.match(page, /Request log: kept longer, 20 days instead of 14 days/, path);
  }
  const [event] = events('announcement');
  const details = typeof event.details === 'string' ? JSON.parse(event.details) : event.details;
  assert.equal(details.version, '2');
  assert.match(details.sha256, /^[0-9a-f]{64}$/);
  const days = (Date.parse(details.from) - Date.parse(details.announced)) / 86400000;
  assert.ok(days >= 30, `${days} days`);
});

test('it waits until the notice period is over', async () => {
  assert.match(officer(['publish']).stdout, /waiting: policy 2, announced/);
  assert.match(officer(['publish'], later(29)).stdout, /waiting: policy 2/);
  assert.doesNotMatch(inForce(), /P20D/);
  assert.equal(events('announcement').length, 1);
  assert.equal(events('activation').length, 2);
});

test('a file that is broken meanwhile changes nothing, also for programs that start again', async () => {
  const good = readFileSync(policy, 'utf8');
  for (const bad of [good.slice(0, good.length / 2), '', '<policy/>', good.replace('<policy ', '<!DOCTYPE policy [<!ENTITY a "b">]>\n<policy ')]) {
    writeFileSync(policy, bad);
    const result = officer(['publish']);
    assert.equal(result.code, 2);
    assert.match(result.stderr, /policy\.xml:\d+: error: .*;.*;/);
  }
  const old = site.program('generate');
  process.kill(old, 'SIGKILL');
  await until(() => { const now = site.program('generate'); return now && now !== old; }, 15000, 'a new generate program');
  await until(async () => (await fetch(`${site.url}/healthz`)).status === 200, 10000, 'an answer');
  assert.equal(await versionShown(), '1b');
  writeFileSync(policy, good);
});

test('the announced version in better words keeps its date; taken back, it is withdrawn', () => {
  const wanted = readFileSync(policy, 'utf8');
  const from = JSON.parse(readFileSync(join(site.state, 'policy/coming.json'))).from;
  change(['There is no registration.', 'Nobody registers.']);
  assert.match(officer(['publish'], later(5)).stdout, /announced: policy 2/);
  assert.equal(JSON.parse(readFileSync(join(site.state, 'policy/coming.json'))).from, from);
  writeFileSync(policy, inForce());
  assert.match(officer(['publish']).stdout, /withdrawn: policy 2/);
  assert.ok(!existsSync(join(site.state, 'policy/coming.xml')));
  assert.equal(events('announcement-withdrawn').length, 1);
  writeFileSync(policy, wanted);
  assert.match(officer(['publish']).stdout, /announced: policy 2/);
});

test('withdrawn by the officer it is never announced again, until it has another id', async () => {
  assert.match(await (await fetch(`${site.url}/`)).text(), /a new version of our privacy notice applies/);
  const withdrawals = events('announcement-withdrawn').length;
  const result = officer(['policy', 'withdraw', '--reason', 'The contract fell through', '--format', 'json']);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(JSON.parse(result.stdout).withdrawn, '2');
  assert.equal(JSON.parse(result.stdout).in_force, '1b');
  const event = events('announcement-withdrawn').at(-1);
  const details = typeof event.details === 'string' ? JSON.parse(event.details) : event.details;
  assert.equal(events('announcement-withdrawn').length, withdrawals + 1);
  assert.equal(details.version, '2');
  assert.equal(details.reason, 'The contract fell through');
  for (const path of ['/', '/privacy', '/subprocessors'])
    assert.doesNotMatch(await (await fetch(`${site.url}${path}`)).text(), /a new version of our privacy notice applies/, path);
  assert.match(officer(['publish']).stdout, /not announced: policy 2, which was withdrawn on .*policy 1b stays in force/);
  assert.doesNotMatch(inForce(), /P20D/);
  const again = officer(['policy', 'withdraw']);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /no version is announced; version 1b is in force/);
  assert.match(officer(['check', '--offline']).stdout.replace(/\s+/g, ' '), /version 2, which .* still holds, was withdrawn on/);
  change(['<version id="2"', '<version id="3"']);
  assert.match(officer(['publish']).stdout, /announced: policy 3/);
});

test('a clock that leaps ahead puts nothing in force early', () => {
  const result = officer(['publish'], later(400));
  assert.match(result.stderr, /too far ahead to be believed.*lethe clock confirm/);
  assert.match(result.stdout, /waiting: policy 3/);
  assert.doesNotMatch(inForce(), /P20D/);
});

test('when it is over the version comes into force, and no request is lost', async () => {
  let running = true;
  const statuses = new Map();
  const count = (status, body) => statuses.set(status === 200 ? 200 : `${status} ${JSON.stringify(body)}`, (statuses.get(status) || 0) + 1);
  const visitors = [
    ...Array.from({ length: 4 }, async () => { while (running) { const r = await fetch(`${site.url}/privacy/live.json`); count(r.status, await r.text()); } }),
    ...Array.from({ length: 2 }, async () => {
      while (running) { const r = await generate(site, { description: 'A small bakery by the harbour', count: 1 }); count(r.status, r.body); }
    }),
  ];
  const ids = ['generate', 'rights', 'download', 'egress'].map((name) => site.program(name));
  const result = officer(['publish'], { wrap: ['faketime', '-f', '+732h'] });
  assert.match(result.stdout, /activated: policy 3/, result.stderr);
  await until(() => ['generate', 'rights', 'download', 'egress'].every((name, i) => { const now = site.program(name); return now && now !== ids[i]; }), 30000, 'new programs');
  await until(async () => (await versionServed()) === '3', 10000, 'the new version');
  running = false;
  await Promise.all(visitors);
  assert.deepEqual([...statuses.keys()], [200], JSON.stringify([...statuses]));
  assert.match(inForce(), /P20D/);
  assert.equal(await versionShown(), '3');
  assert.equal(events('activation').length, 3);
  assert.doesNotMatch(await (await fetch(`${site.url}/`)).text(), /a new version of our privacy notice/);
});
