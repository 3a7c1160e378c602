// SPDX-License-Identifier: ISC
// The officer's look at policies: lint, diff, and files that are no policies. Whatever the file, a published site stays whole.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './harness.mjs';
import { place } from './admin_support.mjs';

const good = readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8');
const file = (p, text, name = 'policy.xml') => { const path = join(p.base, name); writeFileSync(path, text); return path; };
const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(good, 'utf16le')]);
const bomb = (n) => `<!DOCTYPE policy [${Array.from({ length: n }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('')}<!ENTITY e0 "ha">]>\n<policy>&e${n};</policy>`;

const bad = {
  'empty': '',
  'no XML': 'retention: 14 days\n',
  'half of it': good.slice(0, good.length / 2),
  'an element not closed': good.replace('</lead>', ''),
  'another root': '<html></html>',
  'an unknown element': good.replace('<lead>', '<leed/><lead>'),
  'UTF-16': utf16,
  'Latin-1': Buffer.from(good.replace('There is no registration.', 'Caf\u00e9.'), 'latin1'),
  'a NUL': good.replace('There is no', 'There\0is no'),
  'an entity bomb': bomb(9),
  'an external entity': good.replace('<policy ', '<!DOCTYPE policy [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<policy ').replace('There is no registration.', '&x;'),
  'an external DTD': good.replace('<policy ', '<!DOCTYPE policy SYSTEM "http://127.0.0.1:9/x.dtd">\n<policy '),
  'a schema of its own': good.replace('<policy ', '<policy xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="/etc/passwd" '),
  '10 MB': good.replace('</policy>', `<!-- ${'x'.repeat(10 * 1024 * 1024)} --></policy>`),
  'a hundred thousand levels': '<policy>'.repeat(100000),
  'a dangling reference': good.replace('<for purpose="make"/>', '<for purpose="fun"/>'),
  'a negative duration': good.replace('length="P14D"', 'length="-P14D"'),
  'a duration beyond the clock': good.replace('length="P14D"', 'length="P9999Y"'),
  'a schema of a newer version': good.replace('format="1"', 'format="2"'),
  'binary': Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 97) % 256)),
};

const tree = (folder) => createHash('sha256').update(readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile())
  .map((e) => join(e.parentPath ?? e.path, e.name)).sort().map((f) => `${f} ${createHash('sha256').update(readFileSync(f)).digest('hex')}`).join('\n')).digest('hex');

test('files that are no policies: a clear message, no crash, and the published site stays as it is', (t) => {
  const p = place(t);
  assert.equal(p.run(['publish']).status, 0);
  const before = tree(join(p.state, 'publish'));
  for (const [name, text] of Object.entries(bad)) {
    const path = file(p, text);
    const lint = p.run(['policy', 'lint', path]);
    assert.equal(lint.status, 1, `${name}: ${lint.stdout}${lint.stderr}`);
    const lines = lint.stdout.trim().split('\n');
    for (const line of lines) assert.match(line, /policy\.xml:\d+: (error|warning): [^;]+; .*; .+$/, `${name}: ${line}`);
    assert.ok(lint.stdout.length < 100000, name);
    assert.doesNotMatch(lint.stdout, /root:/, name);
    const publish = p.run(['publish'], { env: { LETHE_POLICY: path } });
    assert.equal(publish.status, 2, `${name}: ${publish.stderr}`);
    assert.match(publish.stderr, /nothing was done/, name);
    assert.equal(tree(join(p.state, 'publish')), before, name);
  }
});

test('lint: 0 for a clean policy, 1 for an error, 2 for what cannot be read; --strict counts warnings', (t) => {
  const p = place(t, { init: false });
  const clean = p.run(['policy', 'lint', '--strict', file(p, good)]);
  assert.equal(clean.stdout, `${join(p.base, 'policy.xml')}: no findings\n`);
  assert.equal(clean.status, 0);
  const warned = file(p, good.replace(' policy="https://privacy.microsoft.com/privacystatement"', ''));
  assert.equal(p.run(['policy', 'lint', warned]).status, 0);
  assert.match(p.run(['policy', 'lint', warned]).stdout, /warning: processor azure-openai has no link/);
  assert.equal(p.run(['policy', 'lint', '--strict', warned]).status, 1);
  assert.equal(p.run(['policy', 'lint', join(p.base, 'none.xml')]).status, 2);
  assert.equal(p.run(['policy', 'lint', p.base]).status, 2);
});

test('lint as JSON: one object with what, why and instead for each finding', (t) => {
  const p = place(t, { init: false });
  const lint = (text) => { const result = p.run(['policy', 'lint', '--format', 'json', file(p, text)]); assert.equal(result.status, 1); return JSON.parse(result.stdout); };
  const refused = lint(good.replace('<retention longest="P30D">', '<retention longest="P1D">'));
  assert.deepEqual([refused.errors, refused.findings.length], [1, 1], 'nothing else is looked for in what no program takes');
  assert.match(refused.findings[0].what, /longer than the 1 day promised here/);
  const report = lint(good.replace('id="complaint"', 'id="feedback"'));
  assert.equal(report.errors, 1);
  assert.equal(report.findings.length, report.errors + report.warnings);
  const complaint = report.findings.find((f) => f.what.includes('complaint'));
  assert.equal(complaint.what, 'Article 13(2)(d): the right complaint is missing');
  assert.equal(complaint.instead, 'add <right id="complaint">');
  for (const f of [...refused.findings, ...report.findings]) for (const member of ['file', 'severity', 'what', 'why', 'instead']) assert.ok(f[member], `${member} of ${JSON.stringify(f)}`);
});

test('lint compares units with the version in force, or the one that is named', (t) => {
  const p = place(t);
  assert.equal(p.run(['publish']).status, 0);
  const slip = file(p, good.replace('<life length="P14D"', '<life length="P14M"'));
  assert.match(p.run(['policy', 'lint', slip]).stdout, /warning: kind request-log lived for 14 days in the version before/);
  assert.match(p.run(['policy', 'lint', '--against', join(root, 'policy/sites/bizimages.xml'), slip]).stdout, /lived for 14 days/);
  assert.equal(p.run(['policy', 'lint', '--against', join(p.base, 'none.xml'), slip]).status, 2);
});

test('the copies that keep the faults of published policies are found out', (t) => {
  const p = place(t, { init: false });
  const contradiction = p.run(['policy', 'lint', join(root, 'tests/policies/image-describer-contradiction.xml')]);
  assert.equal(contradiction.status, 1);
  assert.match(contradiction.stdout, /promises no-sharing, but a processor/);
  assert.match(contradiction.stdout, /promises no-personal-data, but IP addresses/);
  const shield = p.run(['policy', 'lint', join(root, 'tests/policies/blogimg-privacy-shield.xml')]);
  assert.equal(shield.status, 1);
  assert.match(shield.stdout, /privacy-shield no longer protects anything; the Court of Justice struck it down/);
});

test('diff: classes, JSON, the words for the notice, and exit statuses', (t) => {
  const p = place(t, { init: false });
  const old = file(p, good, 'old.xml');
  const next = file(p, good.replace('<life length="P14D"', '<life length="P20D"').replace('There is no advertising.', 'No <em>ads</em> & no banners.'.replace('&', '&amp;')), 'new.xml');
  const text = p.run(['policy', 'diff', old, next]);
  assert.equal(text.status, 1);
  assert.match(text.stdout, /new\.xml:\d+: material: kind request-log: Request log: kept longer, 20 days instead of 14 days\.\n/);
  assert.match(text.stdout, /\n1 material, \d+ editorial\n$/);
  const json = JSON.parse(p.run(['policy', 'diff', '--format', 'json', old, next]).stdout);
  assert.equal(json.material, 1);
  assert.deepEqual({ ...json.changes[0], line: 0, what: '' }, { class: 'material', part: 'kind', id: 'request-log', line: 0, what: '', before: '14 days', after: '20 days' });
  assert.match(p.run(['policy', 'diff', '--format', 'notice', old, next]).stdout, /^<change material="yes">Request log: kept longer, 20 days instead of 14 days\.<\/change>\n/);
  const none = p.run(['policy', 'diff', old, old]);
  assert.deepEqual([none.status, none.stdout], [0, '0 material, 0 editorial\n']);
  assert.equal(p.run(['policy', 'diff', old, join(p.base, 'none.xml')]).status, 2);
});
