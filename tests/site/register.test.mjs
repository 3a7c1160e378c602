// SPDX-License-Identifier: ISC
// The register of processing: it speaks of people, names its empty cells, and keeps what the officer filled in.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { place } from './admin_support.mjs';
import { root } from './harness.mjs';

const cells = (p, words = []) => JSON.parse(p.run(['register', '--format', 'json', ...words]).stdout);
const make = 'Making the pictures that people ask for and handing them to people.';
const csv = (rows, separator = ',') => '\ufeff' + rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(separator)).join('\r\n') + '\r\n';

test('it speaks of people, in every language and whatever the policy', (t) => {
  const p = place(t);
  for (const site of ['bizimages', 'imagedesigner', 'product-images', 'blogimg', 'image-describer']) {
    const env = { LETHE_ALLOW_UNBUILT: '1', LETHE_POLICY: join(root, `policy/sites/${site}.xml`) };
    for (const columns of ['ico', 'dpc', 'cnil']) {
      const result = p.run(['register', '--format', 'json', '--columns', columns], { env });
      assert.equal(result.status, 0, result.stderr);
      for (const row of JSON.parse(result.stdout).activities)
        for (const [column, cell] of Object.entries(row)) assert.doesNotMatch(cell, /\b[Yy]ou(r|rs|rself|rselves)?\b(?!\.\w)|您/, `${site}: ${column}`);
    }
  }
  const answers = join(p.base, 'answers');
  for (const [language, never] of [['zh', /您/], ['de', /[a-zäöüß,] (Sie|Ihnen|Ihre[mnrs]?|Ihr)\b/]]) {
    const policy = join(p.base, `new-${language}.xml`);
    writeFileSync(answers, `site=bizimages\ncontroller=A\naddress=B\ncountry=DE\nmail=a@b.example\nlanguages=${language}\n`);
    assert.equal(p.run(['policy', 'new', '--from', answers, policy]).status, 0);
    const result = p.run(['register', '--format', 'json'], { env: { LETHE_POLICY: policy } });
    assert.equal(result.status, 0, result.stderr);
    assert.doesNotMatch(result.stdout, never, language);
  }
});

test('empty cells are named: on standard error, in JSON, and as words on the page', (t) => {
  const p = place(t);
  const page = p.run(['register']);
  assert.match(page.stderr, /\d+ cells are empty, for the officer to fill in[^]*^Department: empty in 4 of 4 activities$[^]*^Breach handling: empty in 4 of 4/m);
  assert.match(page.stdout, /Department<\/th><td>to be filled in<\/td>/);
  const register = cells(p);
  assert.equal(register.model, 'dpc');
  assert.equal(register.activities.length, 4);
  const empty = register.activities.flatMap((row) => Object.entries(row).filter(([, v]) => v === '').map(([column]) => ({ activity: row['Processing activity'], column })));
  assert.deepEqual(register.blank, empty);
  assert.ok(register.blank.some((b) => b.activity === make && b.column === 'Department'));
});

test("the officer's cells are taken over from an earlier one; what the policy says is not", (t) => {
  const p = place(t);
  const before = cells(p);
  const titles = Object.keys(before.activities[0]);
  for (const separator of [',', ';', '\t']) {
    const rows = before.activities.map((row) => titles.map((title) => row[title]));
    const set = (title, value) => { rows.find((row) => row[0] === make)[titles.indexOf(title)] = value; };
    set('Department', 'Legal, "Privacy"; 2nd\nfloor');
    set('Joint controllers', 'Other GmbH');
    set('Breach handling', "'=SUM(1)");
    set('Description', 'another site');
    const file = join(p.base, 'filled.csv');
    writeFileSync(file, csv([titles, ...rows], separator));
    const merged = cells(p, ['--merge', file]).activities.find((row) => row['Processing activity'] === make);
    assert.equal(merged.Department, 'Legal, "Privacy"; 2nd\nfloor');
    assert.equal(merged['Joint controllers'], 'Other GmbH');
    assert.equal(merged['Breach handling'], '=SUM(1)');
    assert.equal(merged.Description, 'BizImages');
    assert.ok(!cells(p, ['--merge', file]).blank.some((b) => b.activity === make && b.column === 'Department'));
    // What it prints itself can be merged again, and again.
    const again = p.run(['register', '--format', 'csv', '--merge', file]).stdout;
    writeFileSync(file, again);
    assert.equal(p.run(['register', '--format', 'csv', '--merge', file]).stdout, again);
    assert.match(again, /"'=SUM\(1\)"/);
  }
});

test('nothing that was filled in is lost without a word', (t) => {
  const p = place(t);
  const file = join(p.base, 'filled.csv');
  writeFileSync(file, csv([['Processing activity', 'Department', 'Joint controllers'], ['What we did once', 'Sales', 'none'], ['What nobody filled in', '', 'none']]));
  const result = p.run(['register', '--merge', file]);
  assert.equal(result.status, 0);
  assert.match(result.stderr, /activities that this policy has not, with what was filled in:\nWhat we did once: Department "Sales"\n/);
});

test('a file that is no register is told, and so is one that is not there', (t) => {
  const p = place(t);
  const file = join(p.base, 'filled.csv');
  for (const text of ['', 'a,b,c\n1,2,3\n', '<html>', '"Processing activity', 'Department,Processing activity\n']) {
    writeFileSync(file, text);
    const result = p.run(['register', '--merge', file]);
    assert.equal(result.status, 2, text);
    assert.match(result.stderr, /filled\.csv: it is no register as CSV with these columns: its first line should begin with "Processing activity"/);
  }
  assert.equal(p.run(['register', '--merge', join(p.base, 'none')]).status, 2);
});
