// SPDX-License-Identifier: ISC
// Consents of a browser: recorded where the policy declares them, bound to its cookie, withdrawn at once, and shown by the officer.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesHolding, root, startSite, until } from './harness.mjs';

const right = (id) => `<right id="${id}" verify="none" self-service="yes"><name>The ${id}</name><how>Say so.</how><answer regime="gdpr" within="statutory"/></right>\n`;
const policyText = readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8')
  .replace(/ *<promise id="(no-cookies|no-tracking|no-advertising|no-analytics|no-linking|no-sharing|no-profiles)">.*\n/g, '')
  .replace('</cookies>', `<cookie name="__Host-consent" class="necessary" lasts="P1Y"><purpose>Your choices</purpose></cookie>
    <cookie name="news" class="marketing" lasts="P1M" consent="news"><purpose>Offers</purpose></cookie></cookies>`)
  .replace('<kind id="ledger"', `<kind id="consent" keep="stored" source="visitor"><name>Choices</name><what>What you chose.</what><category>Consents</category>
      <where>On our server.</where><about subject="visitor"/><for purpose="account"/><life while="consent"><reason>Proof.</reason></life></kind>\n    <kind id="ledger"`)
  .replace('</rights>', `${right('withdrawal')}${right('opt-out-of-marketing')}${right('cookie-preferences')}</rights>
  <consents><consent id="news" form="opt-in"><what>May we show you offers?</what><withdraw>Say no.</withdraw></consent>
  <consent id="view" form="opt-in"><what>May we remember your view?</what><withdraw>Say no.</withdraw></consent></consents>`);

let folder;
let site;
let plain;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-consents-'));
  const policy = join(folder, 'policy.xml');
  writeFileSync(policy, policyText);
  site = await startSite({ policy, env: { LETHE_POLICY: policy, LETHE_ALLOW_UNBUILT: '1' } });
  site.policyFile = policy;
});
after(async () => { await site?.stop(); await plain?.stop(); rmSync(folder, { recursive: true, force: true }); });

const decide = (fields, headers = {}, path = '/api/consents') => fetch(site.url + path, { method: 'POST',
  headers: { 'content-type': 'application/json', accept: 'application/json', ...headers }, body: JSON.stringify(fields) });
const cookieOf = (answer) => answer.headers.get('set-cookie')?.split(';')[0];
const now = async (headers = {}) => Object.fromEntries((await (await fetch(`${site.url}/api/consents`, { headers })).json()).consents.map((c) => [c.id, c]));
const officer = (...args) => {
  const { code, stdout, stderr } = site.officer(args, { policy: site.policyFile, more: { LETHE_ALLOW_UNBUILT: '1' } });
  assert.equal(code, 0, stdout + stderr);
  return stdout;
};
const list = () => JSON.parse(officer('consents', 'list', '--format', 'json'));

test('only what the policy declares is decided', async () => {
  assert.equal((await now()).news.state, 'unasked');
  const given = await decide({ news: true, view: false });
  assert.equal(given.status, 200, await given.clone().text());
  assert.match(given.headers.get('set-cookie'), /^__Host-consent=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=\d+$/);
  const cookie = cookieOf(given);
  let states = await now({ cookie });
  assert.deepEqual([states.news.state, states.news.allowed, states.news.ask, states.view.state, states.view.allowed], ['given', true, false, 'refused', false]);
  assert.equal(states.news.text, 'May we show you offers?');
  assert.equal((await now()).news.state, 'unasked');
  assert.equal((await now({ cookie: `other=1; ${cookie}; more=2` })).news.state, 'given');
  assert.equal((await decide({ sell: true }, { cookie })).status, 400);
  assert.equal((await decide({}, { cookie })).status, 422);
  assert.equal((await decide({ news: true }, { cookie, 'sec-fetch-site': 'cross-site' })).status, 403);
  // Without a script, as a form; and no second record of the same.
  const form = await fetch(`${site.url}/api/consents`, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html', cookie }, body: 'news=true' });
  assert.match(await form.text(), /May we show you offers\?[^]*given/);
  assert.equal(list().length, 2);
  // The cookie's value is in no file.
  assert.deepEqual(filesHolding(site.state, cookie.split('=')[1]), []);

  const one = list().find((c) => c.consent === 'news');
  const shown = JSON.parse(officer('consents', 'show', one.id.slice(0, 30), '--format', 'json'));
  const rows = officer('consents', 'list').split('\n');
  assert.match(rows[0], /^id +at +consent +decision +until +surface +holds$/);
  assert.deepEqual(rows.filter((line) => line.length > 80), []);
  const [short] = rows.find((line) => / news /.test(line)).split(' ');
  assert.ok(one.id.startsWith(short) && short.length < one.id.length);
  assert.equal(JSON.parse(officer('consents', 'show', short, '--format', 'json')).record_id, one.id);
  assert.equal(shown.notice_text, 'May we show you offers?');
  assert.equal(shown['@type'], 'https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr');
  assert.equal(JSON.parse(officer('consents', 'export')).length, 2);
  assert.match(officer('audit', 'show', '--format', 'json'), /"consent"/);

  // Withdrawn at once, as a right, with a certificate.
  const asked = await decide({ right: 'withdrawal' }, { cookie }, '/api/rights');
  assert.equal(asked.status, 201);
  const { id, secret } = await asked.json();
  const request = await (await fetch(`${site.url}/api/rights/${id}`, { headers: { authorization: `Bearer ${secret}` } })).json();
  assert.equal(request.state, 'fulfilled');
  assert.equal(request.certificate.outcome, 'answered');
  states = await now({ cookie });
  assert.deepEqual([states.news.state, states.news.allowed, states.view.state], ['withdrawn', false, 'refused']);
  // A browser that never consented has nothing to take back, and is told so; nothing is recorded. Who says more is heard by a person.
  const requests = () => officer('requests', 'list', '--format', 'json');
  const listed = requests();
  const none = await decide({ right: 'withdrawal' }, {}, '/api/rights');
  assert.equal(none.status, 409);
  assert.match((await none.json()).type, /consents-none/);
  const page = await fetch(`${site.url}/api/rights`, { method: 'POST', headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' }, body: 'right=withdrawal' });
  assert.equal(page.status, 200);
  assert.match(await page.text(), /There is nothing to take back[^]*nothing was recorded/);
  assert.equal(requests(), listed);
  assert.equal((await decide({ right: 'withdrawal', contact: 'ada@example.org' }, {}, '/api/rights')).status, 201);
  assert.equal(JSON.parse(officer('requests', 'list', '--format', 'json')).filter((r) => r.state === 'open').length, 1);
});

test('an opt-out is kept for who decided nothing yet, and the signal says no', async () => {
  const asked = await decide({ right: 'opt-out-of-marketing' }, {}, '/api/rights');
  const { id, secret } = await asked.json();
  const cookie = cookieOf(asked);
  const states = await now({ cookie });
  assert.deepEqual([states.news.state, states.view.state], ['refused', 'unasked']);
  assert.equal((await (await fetch(`${site.url}/api/rights/${id}`, { headers: { authorization: `Bearer ${secret}` } })).json()).state, 'fulfilled');

  const signalled = await decide({ news: true, view: true }, { 'sec-gpc': '1' });
  const after_ = await now({ cookie: cookieOf(signalled) });
  assert.deepEqual([after_.news.state, after_.view.state], ['refused', 'given']);
  const rights = (await (await fetch(`${site.url}/api/rights`)).json()).rights;
  assert.deepEqual(rights.filter((r) => r.acts_on === 'consents').map((r) => [r.id, r.path]),
    [['withdrawal', '/api/rights'], ['opt-out-of-marketing', '/api/rights'], ['cookie-preferences', '/api/rights']]);
});

test('what ends at once waits for the next pruning, and check calls that no breach', async () => {
  const given = await decide({ view: true });
  const cookie = cookieOf(given);
  assert.equal((await decide({ view: false }, { cookie })).status, 200);
  const held = JSON.parse(site.officer(['check', '--offline', '--format', 'json'], { policy: site.policyFile }).stdout).filter((f) => f.check === 'retention' && f.finding.startsWith('consent'));
  assert.deepEqual(held.map((f) => f.result), ['kept']);
});

// What a receipt says of the policy is what that said when it was decided.
test('a receipt has the version of the policy that was in force then', async () => {
  const cookie = cookieOf(await decide({ news: true }));
  const of = () => JSON.parse(officer('consents', 'export')).filter((r) => r.event.at(-1).event_state === 'given').at(-1).pii_processing[0];
  const before = of(), today = new Date().toISOString().slice(0, 10);
  assert.ok(cookie);
  writeFileSync(site.policyFile, policyText.replace('<versions>', `<versions>\n<version id="later" effective="${today}" updated="${today}"><change>Worded better.</change></version>`)
    .replaceAll('<withdraw>Say no.</withdraw>', '<withdraw>Say so.</withdraw>').replaceAll('The withdrawal', 'Taking back'));
  assert.match(officer('publish'), /later/);
  await until(async () => ((await now({ cookie })).news.withdraw ?? 'Say so.') === 'Say so.');
  assert.deepEqual([before.policy_version, before.withdrawal_method], ['2026-05-11', 'Say no.']);
  assert.deepEqual(of(), before, 'the other version is in force now');
  // Of a version that is not kept, the one in force speaks, and says that it does.
  rmSync(join(site.state, 'policy/versions/2026-05-11.xml'));
  assert.deepEqual([of().policy_version, of().withdrawal_method, of().privacy_notice_version], ['later', 'Say so.', '2026-05-11']);
});

test('where the policy asks for none, nothing is decided and no cookie set', async () => {
  plain = await startSite();
  const answer = await fetch(`${plain.url}/api/consents`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"news":true}' });
  assert.equal(answer.status, 404);
  assert.equal(answer.headers.get('set-cookie'), null);
  assert.equal((await fetch(`${plain.url}/api/consents`)).status, 404);
});
