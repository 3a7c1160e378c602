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
  assert.match(page.stderr, /\d+ cells are empty, for the officer to fill in[^]*^Department: empty in 4 of 4 activities$[^]*^DPIA required, and link: empty in 4 of 4/m);
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

for (const [languages, code, title, heads, blank] of [
  ['de en', 'de', 'Verzeichnis von Verarbeitungstätigkeiten (Artikel 30 DSGVO)', ['Verarbeitungstätigkeit', 'Abteilung', 'Löschfristen je Kategorie', 'Umgang mit Datenpannen'], 'noch auszufüllen'],
  ['zh en', 'zh-Hans', '处理活动记录（GDPR 第 30 条）', ['处理活动', '部门', '各类别的保存期限', '数据泄露处理'], '待填写']]) {
  test(`the labels are in the main language of the policy, the members of JSON are not: ${code}`, (t) => {
    const p = place(t);
    const policy = join(p.base, 'new.xml'), answers = join(p.base, 'answers'), file = join(p.base, 'filled.csv');
    writeFileSync(answers, `site=bizimages\ncontroller=A\naddress=B\ncountry=DE\nmail=a@b.example\nlanguages=${languages}\n`);
    assert.equal(p.run(['policy', 'new', '--from', answers, policy]).status, 0);
    const run = (...words) => {
      const result = p.run(['register', ...words], { env: { LETHE_POLICY: policy } });
      assert.equal(result.status, 0, result.stderr);
      return result;
    };
    const english = JSON.parse(readFileSync(join(root, 'policy/publish/documents/register.json'), 'utf8')).columns;
    const of = (name, text) => text.split('\n').map((line) => line.match(new RegExp(`^register\\.column\\.${name} = (.*)$`))?.[1]).find(Boolean);
    const words = readFileSync(join(root, `policy/publish/words/${code.slice(0, 2)}.txt`), 'utf8');
    for (const model of ['dpc', 'ico', 'cnil']) {
      const wanted = english.filter((column) => column[model]).map((column) => of(column.id, words));
      const made = run('--format', 'csv', '--columns', model).stdout.split('\r\n')[0].replace(/^\ufeff/, '');
      assert.equal(made, wanted.map((cell) => (cell.includes(',') ? `"${cell}"` : cell)).join(','), model);
      assert.equal(new Set(wanted).size, wanted.length);
    }
    const page = run().stdout, text = run('--format', 'text').stdout;
    assert.ok(page.includes(`<html lang="${code}">`) && page.includes(`<h1>${title}</h1>`), page.slice(0, 400));
    for (const head of heads.slice(1)) assert.ok(page.includes(`<th scope="row">${head}</th>`) && text.includes(`\n${head}: `), head);
    assert.ok(text.startsWith(`${heads[0]}: `) && text.includes(`\n${heads[1]}: ${blank}\n`) && page.includes(`<td>${blank}</td>`), text.slice(0, 400));
    assert.doesNotMatch(page + text, /Department|Breach handling|Retention per/);
    for (const line of text.split('\n')) assert.ok([...line].reduce((sum, c) => sum + (/[\u3000-\u9fff\uff00-\uff60]/.test(c) ? 2 : 1), 0) <= 80, line);
    assert.match(run().stderr, new RegExp(`^${heads[1]}: empty in 4 of 4`, 'm'));
    const json = JSON.parse(run('--format', 'json').stdout);
    assert.deepEqual(Object.keys(json.activities[0]), english.filter((column) => column.dpc).map((column) => column.dpc === true ? of(column.id, readFileSync(join(root, 'policy/publish/words/en.txt'), 'utf8')) : column.dpc));
    assert.equal(json.blank[0].column, 'Department');
    // What was filled in is taken over, under its headings and under the English ones of an earlier version.
    const activity = json.activities[0]['Processing activity'];
    for (const names of [heads, ['Processing activity', 'Department']]) {
      writeFileSync(file, csv([[names[0], names[1]], [activity, 'Recht; §']], ';'));
      assert.equal(JSON.parse(run('--format', 'json', '--merge', file).stdout).activities[0].Department, 'Recht; §');
    }
  });
}

// What the policy knows not to apply is said so, and what is written down is pointed to: what stays blank is the officer's to know.
test('cells are blank only where nobody has said anything yet', (t) => {
  const p = place(t), blog = { env: { LETHE_ALLOW_UNBUILT: '1', LETHE_POLICY: join(root, 'policy/sites/blogimg.xml') } };
  const left = { dpc: ['DPIA required, and link', 'Data stewards', 'Department', 'Link to the legitimate interests assessment'], cnil: ['AIPD', "Lien vers l'évaluation des intérêts légitimes", 'Responsables des données', 'Service'] };
  left.ico = left.dpc;
  for (const model of Object.keys(left))
    assert.deepEqual([...new Set(cells(p, ['--columns', model]).blank.map((b) => b.column))].sort(), left[model], model);
  const protect = 'Keeping the site working and stopping abuse.', interests = 'Link to the legitimate interests assessment';
  const register = cells(p), of = (name, activity = make) => register.activities.find((row) => row['Processing activity'] === activity)[name];
  for (const name of ['Reason if not', 'Legitimate interests', interests, 'Link to the record of consent', 'Link to another impact assessment', 'Article 9 condition']) assert.equal(of(name), 'not applicable', name);
  assert.deepEqual([of('Breach handling'), of('Link to the record of breaches'), of('Link to the Article 28 contract', protect)], ['none noted', '0 noted (lethe incident list)', 'not needed: no processor is used']);
  assert.equal(of(interests, protect), '');
  assert.match(of('Legitimate interests', protect), /^A free service/);
  const shown = JSON.parse(p.run(['register', '--format', 'json'], blog).stdout).activities;
  assert.deepEqual([...new Set(shown.map((row) => row['Link to the record of consent'].replace(/^.*0 decisions kept .lethe consents list --purpose (\w+).$/, '$1')))].sort(), ['analytics', 'marketing', 'not applicable', 'surveys']);
  for (const row of shown) assert.equal(row['Link to another impact assessment'] === 'not applicable', row['Transfers to third countries'] === 'none outside the EEA', 'a transfer is to be assessed');
  // A word that stood where nothing was is nothing that the officer filled in.
  const file = join(p.base, 'stale.csv');
  writeFileSync(file, csv([['Processing activity', interests, 'Breach handling'], [protect, 'not applicable', 'none noted']]));
  const merged = cells(p, ['--merge', file]).activities.find((row) => row['Processing activity'] === protect);
  assert.equal(merged[interests], '');
});

test('assessments, contracts and incidents stand in the cells of the purposes that they are about, and the officer fills in the rest', (t) => {
  const p = place(t), paper = join(p.base, 'paper.txt'), day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);
  const run = (...words) => { const result = p.run([...words, '--format', 'json']); assert.equal(result.status, 0, result.stderr); return JSON.parse(result.stdout); };
  const add = (about, of, title) => run('assess', 'add', '--about', about, '--of', of, '--title', title, '--file', paper, '--review', day(90)).id;
  writeFileSync(paper, 'what was assessed');
  const before = cells(p), column = (register, name) => Object.fromEntries(register.activities.map((row) => [row['Processing activity'], row[name]]));
  const names = ['DPIA required, and link', 'Link to the legitimate interests assessment', 'Link to another impact assessment', 'Breach handling', 'Link to the Article 28 contract'];
  const dpia = add('dpia', 'make', 'Impact 2026');
  add('legitimate-interest', 'make', 'Balance');
  add('transfer', 'azure-openai', 'Transfer');
  add('contract', 'azure-openai', 'DPA 7');
  const { id } = run('incident', 'open', '--happened', day(-2), '--noticed', day(-1), '--kind', 'image', '--what', `@${paper}`);
  const after = cells(p);
  for (const [name, words] of [[names[0], `Impact 2026: ${paper}`], [names[1], `Balance: ${paper}`], [names[2], `Transfer: ${paper}`], [names[3], `noticed ${day(-1)}, authority not told (lethe incident show ${id})`], [names[4], `DPA 7: ${paper}`]]) {
    assert.ok(column(after, name)[make].endsWith(words), `${name}: ${column(after, name)[make]}`);
    assert.ok(Object.entries(column(after, name)).some(([activity, cell]) => activity !== make && cell === column(before, name)[activity]), `${name} of what it is not about`);
  }
  assert.ok(!JSON.stringify(after).includes('what was assessed'), 'what happened is not told');
  assert.ok(after.blank.length < before.blank.length);
  // What the officer filled in gives way to what was written down, and stands where nothing was.
  const file = join(p.base, 'filled.csv');
  writeFileSync(file, csv([['Processing activity', names[0], names[1]], ...after.activities.map((row) => [row['Processing activity'], 'by hand', '']), ['What we did once', 'by hand', '']]));
  const merged = column(cells(p, ['--merge', file]), names[0]);
  assert.equal(merged[make], `Impact 2026: ${paper}`);
  assert.ok(Object.entries(merged).every(([activity, cell]) => activity === make || cell === 'by hand'));
  assert.match(p.run(['register', '--merge', file]).stderr, /What we did once: .*"by hand"/);
  run('assess', 'review', dpia, '--close', '--reason', 'replaced');
  assert.equal(column(cells(p), names[0])[make], '');
});
