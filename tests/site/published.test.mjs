// SPDX-License-Identifier: ISC
// Everything that is published, of every site, judged by programs that we did not write: html-validate, xmllint, ajv, jsonld, csv-parse.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import Ajv from 'ajv';
import { parse } from 'csv-parse/sync';
import { HtmlValidate } from 'html-validate';
import jsonld from 'jsonld';
import { root, runOfficer } from './harness.mjs';

const sites = readdirSync(join(root, 'policy', 'sites')).filter((f) => f.endsWith('.xml')).map((f) => basename(f, '.xml'));
const here = join(root, 'tests', 'site');
let base;
before(() => { base = mkdtempSync(join(tmpdir(), 'lethe-published-')); });
after(() => rmSync(base, { recursive: true, force: true }));

let places = 0;
function place(policy) {
  const at = join(base, String(places++));
  mkdirSync(join(at, 'state'), { recursive: true });
  mkdirSync(join(at, 'run'));
  writeFileSync(join(at, 'master.key'), randomBytes(32).toString('hex'), { mode: 0o400 });
  const env = { PATH: process.env.PATH, LETHE_POLICY: policy, LETHE_STATE: join(at, 'state'), LETHE_RUN: join(at, 'run'),
    LETHE_MASTER_KEY_FILE: join(at, 'master.key'), LETHE_HTML: join(root, 'nginx', 'html'), LETHE_ALLOW_UNBUILT: '1' };
  const officer = (words) => {
    const r = runOfficer(words, { env });
    assert.equal(r.code, 0, `${words.join(' ')}: ${r.stderr}`);
    return r.stdout;
  };
  officer(['keys', 'init']);
  const out = join(at, 'out');
  return { out, officer, publish: () => officer(['publish', out]), html: join(out, 'html'), read: (name) => readFileSync(join(out, 'html', name), 'utf8') };
}

const published = new Map();
function site(name) {
  if (!published.has(name)) {
    const at = place(join(root, 'policy', 'sites', `${name}.xml`));
    at.publish();
    published.set(name, at);
  }
  return published.get(name);
}

// --- the judges ---
const html = new HtmlValidate({ extends: ['html-validate:standard'], rules: { 'long-title': 'off' } });
async function judgeHtml(text, name) {
  const report = await html.validateString(text, name);
  assert.deepEqual(report.results.flatMap((r) => r.messages.map((m) => `${name}:${m.line}: ${m.ruleId}: ${m.message}`)), []);
}
function judgeAtom(file) {
  execFileSync('xmllint', ['--noout', '--nonet', '--relaxng', join(here, 'atom.rng'), file], { stdio: 'pipe' });
  const text = readFileSync(file, 'utf8');
  const ids = [...text.matchAll(/<id>([^<]*)<\/id>/g)].map((m) => m[1]);
  assert.equal(new Set(ids).size, ids.length, 'every id is there once');
  return { text, ids };
}
const tilt = new Ajv({ allErrors: true }).compile(JSON.parse(readFileSync(join(here, 'tilt.schema.json'))));
function judgeTilt(text) {
  const document = JSON.parse(text);
  assert.ok(tilt(document), JSON.stringify(tilt.errors, null, 1));
  return document;
}
// The terms of DPV 2.3, its personal data and GDPR extensions that are used here.
const vocabulary = new Set(`Process PrivacyNotice DataController DataProcessor DataSubProcessor ThirdParty Recipient Representative DataProtectionOfficer
  DataProtectionAuthority DataSubject hasPurpose hasPersonalData hasLegalBasis hasDataSubject hasDataController hasRecipient hasStorageCondition hasDuration
  hasLocation hasTechnicalOrganisationalMeasure hasRight hasNotice hasName hasContact hasAddress StorageCondition TemporalDuration UntilEventDuration
  SafeguardForDataTransfer Purpose LegalBasis PersonalData ProvidedPersonalData ObservedPersonalData CollectedPersonalData GeneratedPersonalData
  RequestedServiceProvision TechnicalServiceProvision ServiceOptimisation EnforceSecurity MisusePreventionAndDetection FraudPreventionAndDetection
  PaymentManagement CommunicationForCustomerCare RecordManagement FulfilmentOfObligation RightsFulfilment ResearchAndDevelopment DirectMarketing Personalisation
  Picture IPAddress UserAgent AccountIdentifier EmailAddress A6-1-a A6-1-b A6-1-c A6-1-d A6-1-e A6-1-f A7-3 A15 A16 A17 A18 A20 A21 A22 A77
  A45-3 A46-2-b A46-2-c A49-1-a`.split(/\s+/));
const documentLoader = (url) => { throw new Error(`${url} was asked for: the document must need no network`); };
async function judgeDpv(text) {
  const document = JSON.parse(text);
  const expanded = await jsonld.expand(document, { documentLoader, safe: true });
  const quads = await jsonld.canonize(document, { documentLoader, algorithm: 'RDFC-1.0', safe: true });
  assert.ok(quads.split('\n').length > 20, quads);
  const names = [...quads.replace(/"(?:[^"\\]|\\.)*"/g, '""').matchAll(/<([^>]*)>/g)].map((m) => m[1]);
  for (const one of names) assert.match(one, /^https?:/, 'every name is an address');
  for (const one of names.filter((n) => n.startsWith('https://w3id.org/dpv'))) assert.ok(vocabulary.has(one.split('#')[1]), one);
  return { expanded, quads };
}
function judgeCsv(text) {
  const rows = parse(text, { record_delimiter: '\r\n', relax_column_count: false });
  for (const cell of rows.flat()) assert.doesNotMatch(cell, /^[=+\-@\t\r]/, 'a spreadsheet would read it as a formula');
  return rows;
}

for (const name of sites) {
  test(`${name}: every page is sound HTML`, async () => {
    const at = site(name);
    const pages = readdirSync(at.html).filter((f) => f.endsWith('.html'));
    assert.ok(pages.length >= 8, pages.join());
    for (const page of pages) await judgeHtml(at.read(page), `${name}/${page}`);
    for (const columns of ['ico', 'dpc', 'cnil']) await judgeHtml(at.officer(['register', '--format', 'html', '--columns', columns]), `${name}/${columns}`);
    await judgeHtml(at.officer(['subprocessors', '--format', 'html']), `${name}/list`);
  });

  test(`${name}: links within the notice lead somewhere, in every language`, () => {
    const at = site(name);
    const policy = JSON.parse(at.read('privacy.json'));
    const files = readdirSync(at.html).filter((f) => /^privacy(\.[A-Za-z-]+)?\.html$/.test(f));
    const languages = [...readFileSync(join(root, 'policy', 'sites', `${name}.xml`), 'utf8').matchAll(/<language code="([^"]+)"/g)].map((m) => m[1]);
    assert.equal(files.length, languages.length);
    for (const file of files) {
      const page = at.read(file);
      for (const [, id] of page.matchAll(/href="#([^"]+)"/g)) assert.ok(page.includes(`id="${id}"`), `${file}: #${id}`);
      for (const section of policy.sections) assert.ok(page.includes(`id="${section.id}"`), `${file}: ${section.id}`);
      assert.equal([...page.matchAll(/<h1[ >]/g)].length, 1);
      if (languages.length > 1) for (const code of languages) assert.ok(page.includes(`hreflang="${code}"`), `${file}: ${code}`);
    }
  });

  test(`${name}: the feeds are Atom`, () => {
    const at = site(name);
    const list = JSON.parse(at.read('subprocessors.json')).subprocessors;
    const changes = judgeAtom(join(at.html, 'subprocessors.atom'));
    for (const one of list) assert.ok(changes.ids.some((id) => id.includes(`/subprocessors/${one.id}/`)), one.id);
    const versions = judgeAtom(join(at.html, 'privacy.atom'));
    for (const version of JSON.parse(at.read('privacy.json')).versions) assert.ok(versions.ids.some((id) => id.endsWith(`/privacy/${version.id}`)));
  });

  test(`${name}: TILT has its 14 members`, () => {
    const at = site(name);
    const document = judgeTilt(at.read('privacy.tilt.json'));
    const policy = JSON.parse(at.read('privacy.json'));
    assert.deepEqual(document.dataDisclosed.map((d) => d._id), policy.kinds.map((k) => k.id));
    assert.equal(document.meta._hash, policy.policy_sha256);
    assert.equal(document.rightToWithdrawConsent.available, policy.rights.some((r) => r.id === 'withdrawal'));
  });

  test(`${name}: the DPV document expands and canonises without a network`, async () => {
    const at = site(name);
    const policy = JSON.parse(at.read('privacy.json'));
    const { quads } = await judgeDpv(at.read('privacy.dpv.jsonld'));
    for (const purpose of policy.purposes) assert.match(quads, new RegExp(`privacy#process-${purpose.id}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/dpv#Process>`));
    for (const kind of policy.kinds) assert.ok(quads.includes(`privacy#kind-${kind.id}> <https://w3id.org/dpv#hasStorageCondition>`), kind.id);
  });

  test(`${name}: lists and registers are CSV, one row per processor and per purpose`, () => {
    const at = site(name);
    const policy = JSON.parse(at.read('privacy.json'));
    const list = judgeCsv(at.read('subprocessors.csv'));
    assert.equal(list.length - 1, policy.processors.filter((p) => !p.local).length);
    for (const [columns, words] of [['ico', 'DPA 2018 Schedule 1 condition'], ['dpc', 'Link to another impact assessment'], ['cnil', "Délais de conservation et d'effacement"]]) {
      const rows = judgeCsv(at.officer(['register', '--format', 'csv', '--columns', columns]));
      assert.equal(rows.length - 1, policy.purposes.length);
      assert.ok(rows[0].includes(words), columns);
      assert.ok(rows[0].length >= 38 && rows.every((row) => row.length === rows[0].length));
    }
    execFileSync('xmllint', ['--noout', '--nonet', join(at.html, 'subprocessors.xml')], { stdio: 'pipe' });
  });

  test(`${name}: pages say of it only what its policy says`, () => {
    const at = site(name);
    const claims = new Set(JSON.parse(at.read('privacy.json')).promises.filter((p) => !p.kind && !p.processor).map((p) => p.id));
    const index = at.read('index.html').replace(/<[^>]+>/g, ' ');
    assert.equal(/no account/i.test(index), claims.has('no-account'));
    assert.equal(/no cookies/i.test(index), claims.has('no-cookies'));
    const input = JSON.parse(at.read('privacy.json')).kinds.find((k) => k.id === 'input');
    assert.equal(index.includes('In memory only'), input?.keep === 'memory');
    for (const page of readdirSync(at.html).filter((f) => f.endsWith('.html'))) assert.doesNotMatch(at.read(page), /\{\{|not kept kept|BizImages is run by(?! BizImages)/);
  });

  test(`${name}: publishing again changes no file`, () => {
    const at = site(name);
    const dates = () => readdirSync(at.html, { recursive: true }).sort().map((f) => [f, statSync(join(at.html, f)).mtimeMs]);
    const first = dates();
    at.publish();
    assert.deepEqual(dates(), first);
  });
}

// --- a policy that is hostile in every text ---
const evil = '&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x onerror=alert(2)&gt; ]]&gt; "&apos; ';
function hostile() {
  return readFileSync(join(root, 'policy', 'sites', 'bizimages.xml'), 'utf8')
    .replace(/<(name|what|category|where|reason|interest|task|never|training|how|p|lead|title|paste|publish|measure|change|li)(\s[^>]*)?>(?=[^<])/g, (tag) => tag + evil)
    .replace(/ (brand|service|place)="/g, (tag) => `${tag}=HYPERLINK(1) &lt;script&gt;alert(1)&lt;/script&gt; `);
}

test('a policy with <script> in every text shows it as text, in every form', async () => {
  const file = join(base, 'hostile.xml');
  writeFileSync(file, hostile());
  const at = place(file);
  at.publish();
  for (const page of readdirSync(at.html).filter((f) => f.endsWith('.html'))) {
    await judgeHtml(at.read(page), page);
    assert.doesNotMatch(at.read(page), /<script>|<img src=x/, page);
  }
  assert.ok(at.read('privacy.html').split('&lt;script&gt;alert(1)').length > 60);
  for (const name of ['privacy.md', 'subprocessors.md', 'privacy.atom', 'subprocessors.atom', 'subprocessors.xml']) assert.doesNotMatch(at.read(name), /<script>|<img/, name);
  judgeAtom(join(at.html, 'privacy.atom'));
  assert.ok(judgeAtom(join(at.html, 'subprocessors.atom')).text.includes('&lt;script&gt;'));
  judgeTilt(at.read('privacy.tilt.json'));
  await judgeDpv(at.read('privacy.dpv.jsonld'));
  judgeCsv(at.read('subprocessors.csv'));
  for (const columns of ['ico', 'dpc', 'cnil']) {
    judgeCsv(at.officer(['register', '--format', 'csv', '--columns', columns]));
    await judgeHtml(at.officer(['register', '--format', 'html', '--columns', columns]), `register ${columns}`);
  }
  assert.ok(JSON.parse(at.read('privacy.json')).summary.startsWith('<script>alert(1)</script>'), 'JSON holds the text as it is');
});

test('the feed tells what is added, coming and removed, with ids and dates that stay', () => {
  const policy = readFileSync(join(root, 'policy', 'sites', 'bizimages.xml'), 'utf8');
  const dated = (dates) => {
    const file = join(base, `dated-${places}.xml`);
    writeFileSync(file, policy.replace('added="2026-05-11" effective="2026-05-11">\n      <task>Writes the prompts and makes', `${dates}>\n      <task>Writes the prompts and makes`));
    const at = place(file);
    at.publish();
    const told = JSON.parse(at.read('privacy.json')).processors.find((one) => one.id === 'azure-openai');
    return { ...judgeAtom(join(at.html, 'subprocessors.atom')), told };
  };
  const plain = dated('added="2026-05-11" effective="2026-05-11"');
  assert.ok(plain.ids.includes('tag:bizimages.example,2026-05-11:bizimages/subprocessors/azure-openai/added'));
  const coming = dated('added="2026-05-11" effective="2126-05-11"');
  assert.match(coming.text, /<title>Coming: Azure OpenAI, from 2126-05-11<\/title>\n<updated>2026-05-11T00:00:00Z/);
  assert.doesNotMatch(coming.text, /<title>Added: Azure/);
  const leaving = dated('added="2026-05-11" effective="2026-05-11" removed="2126-01-02"');
  assert.match(leaving.text, /<title>Leaving: Azure OpenAI, from 2126-01-02<\/title>/);
  assert.deepEqual(leaving.ids.filter((id) => plain.ids.includes(id)), plain.ids, 'what was told before keeps its id');
  const gone = dated('added="2026-05-11" effective="2026-05-11" removed="2026-05-12"');
  for (const one of [plain, leaving]) assert.ok(one.told.roles.length && one.told.receives.length && one.told.hosts.length);
  assert.deepEqual({ ...coming.told, roles: plain.told.roles, effective_from: plain.told.effective_from }, plain.told, 'not in force: listed without roles');
  assert.deepEqual(coming.told.roles, []);
  for (const member of ['roles', 'receives', 'hosts']) assert.deepEqual(gone.told[member], [], member);
});
