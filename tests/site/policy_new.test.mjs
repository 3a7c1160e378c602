// SPDX-License-Identifier: ISC
// A policy from answers: whatever they are, it lints clean or says what to answer instead; and a site starts on it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { generate, lethe, root, runOfficer, startSite, until } from './harness.mjs';

let base, count = 0;
before(() => { base = mkdtempSync(join(tmpdir(), 'lethe-new-')); });
after(() => rmSync(base, { recursive: true, force: true }));

const needed = { site: 'shop', controller: 'A & B "Shop" <GmbH>', address: 'Weg 1, 10115 Berlin', country: 'DE', mail: 'privacy@shop.example' };
const file = (text) => { const path = join(base, `answers-${++count}`); writeFileSync(path, text); return path; };
const lines = (answers) => Object.entries(answers).filter(([, v]) => v !== undefined).map(([k, v]) => `${k}=${v}\n`).join('');
const make = (text, words = []) => {
  const path = join(base, `policy-${++count}.xml`);
  return { path, ...runOfficer(['policy', 'new', '--from', file(text), ...words, path]) };
};

const outside = { country: 'US', representative: 'Rep in the Union', 'representative-mail': 'rep@shop.example' };
const everything = 'azure-openai sketch cloudflare alibaba-cloud tencent-cloud';
const matrix = {
  'only what is needed': {},
  'German': { languages: 'de' },
  'Chinese first, then English and German': { languages: 'zh en de' },
  'a page alone': { input: 'url' },
  'a prompt alone': { input: 'prompt' },
  'all that comes in': { input: 'prompt description url', languages: 'en de zh' },
  'Azure in the Union': { processors: 'azure-openai' },
  'Azure elsewhere': { processors: 'sketch azure-openai', 'azure-region': 'eastus', 'azure-country': 'US', languages: 'zh' },
  'every processor, every law, every language': { ...outside, processors: everything, regimes: 'gdpr uk-gdpr ccpa', languages: 'en de zh' },
  'the United Kingdom': { ...outside, country: 'GB', regimes: 'uk-gdpr' },
  'California alone': { ...outside, regimes: 'ccpa', languages: 'de en' },
  'the shortest times': { 'archive-hours': 1, 'log-days': 1, 'requests-months': 2, 'notice-days': 30, 'minimum-age': 13, languages: 'en de zh' },
  'the longest times': { 'archive-hours': 168, 'log-days': 180, 'requests-months': 120, 'notice-days': 365, 'minimum-age': 21, languages: 'en de zh' },
  'an officer and an address': { officer: 'Dr. Müller', 'officer-mail': 'dpo@shop.example', web: 'https://shop.example/', name: 'Shop {{site}} 图' },
};
for (const [name, answers] of Object.entries(matrix)) {
  test(`lints clean: ${name}`, () => {
    const made = make(lines({ ...needed, ...answers }), ['--format', 'json']);
    assert.equal(made.code, 0, made.stderr);
    assert.equal(JSON.parse(made.stdout).warnings, 0);
    const lint = runOfficer(['policy', 'lint', '--strict', made.path]);
    assert.equal(lint.stdout, `${made.path}: no findings\n`);
    assert.equal(lint.code, 0);
    const shown = runOfficer(['--policy', made.path, 'policy', 'show', '--format', 'json']);
    const says = JSON.parse(shown.stdout);
    const given = { processors: 'sketch', ...answers };
    assert.deepEqual(says.filter((r) => r.part === 'processor').map((r) => r.name).sort(), given.processors.split(' ').sort());
    assert.equal(says.some((r) => r.name === 'page'), (answers.input ?? 'description url').includes('url'));
    assert.match(says.find((r) => r.name === 'request-log').says, new RegExp(`\\b${answers['log-days'] ?? 14} day`));
    assert.doesNotMatch(readFileSync(made.path, 'utf8').replaceAll('Shop {{site}} 图', ''), /\{\{/);
  });
}

const wrong = {
  'nothing': [{}, /site is not answered[^]*controller is not answered[^]*country is not answered[^]*mail is not answered/],
  'a key that nobody knows': [{ ...needed, proccessors: 'sketch' }, /:6: proccessors is unknown; did you mean processors\?/],
  'a processor that nobody knows': [{ ...needed, processors: 'acme' }, /processors: "acme" is unknown; it takes one or more of azure-openai, sketch/],
  'a processor that is declared by hand': [{ ...needed, processors: 'openai' }, /processors: openai is to be declared by hand afterwards; the answer takes one or more of azure-openai/],
  'nobody who makes pictures': [{ ...needed, processors: 'cloudflare' }, /nobody makes the pictures: add azure-openai, sketch/],
  'no representative': [{ ...needed, country: 'US' }, /Article 27 GDPR asks for a representative in the Union: give representative and representative-mail/],
  'a country in words': [{ ...needed, country: 'Germany' }, /country: "Germany" is not two capital letters, such as DE/],
  'too long a log': [{ ...needed, 'log-days': '400' }, /log-days: "400" is not a whole number from 1 to 180/],
  'days with a unit': [{ ...needed, 'log-days': '14d' }, /log-days: "14d" is not a whole number/],
  'a child': [{ ...needed, 'minimum-age': '12' }, /minimum-age: "12" is not a whole number from 13 to 21/],
  'a language twice': [{ ...needed, languages: 'en en' }, /languages: en is there twice/],
  'half an officer': [{ ...needed, officer: 'X' }, /give both officer and officer-mail/],
  'http': [{ ...needed, web: 'http://shop.example' }, /not an address that begins with https/],
};
for (const [name, [answers, says]] of Object.entries(wrong)) {
  test(`a wrong answer is told: ${name}`, () => {
    const made = make(lines(answers));
    assert.equal(made.code, 2);
    assert.match(made.stderr, says);
    assert.ok(!existsSync(made.path));
  });
}

test('lines that are no answers, and answers given twice, are told by their number', () => {
  const made = make(`# comment\n\n  site = shop \nsite=other\nwhat is this\n`);
  assert.equal(made.code, 2);
  assert.match(made.stderr, /:4: site is answered in line 3 already/);
  assert.match(made.stderr, /:5: this is no line KEY=VALUE/);
});

test('no file is written over', () => {
  const made = make(lines(needed));
  const before = readFileSync(made.path, 'utf8');
  const again = runOfficer(['policy', 'new', '--from', file(lines({ ...needed, site: 'other' })), made.path]);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /is there already, and nothing is written over it: name another file/);
  assert.equal(readFileSync(made.path, 'utf8'), before);
});

// What a terminal takes for a character: two columns for Chinese and its punctuation.
const columns = (line) => [...line].reduce((sum, c) => sum + (/[\u3000-\u9fff\uff00-\uff60]/.test(c) ? 2 : 1), 0);
for (const [languages, title, says] of [['en', 'In short', /^- Kept for a time: Your ZIP \(5 hours\)/m], ['de en', 'Kurz gesagt', /^- Für eine Zeit gespeichert: Ihr ZIP \(5 Stunden\)/m],
  ['zh', '概要', /^- 在一段时间内保存: 您的 ZIP 文件（5 小时）/m]]) {
  test(`its notice is previewed: ${languages}`, () => {
    const made = make(lines({ ...needed, languages, processors: everything, 'archive-hours': 5 }));
    assert.equal(made.code, 0, made.stderr);
    const page = made.path.replace(/xml$/, 'html');
    assert.ok(made.stdout.split('\n').includes(`its notice, to be looked at: ${page}`), made.stdout);
    assert.match(made.stdout, new RegExp(`^${title}\n-+\n`, 'm'));
    assert.match(made.stdout, says);
    const short = made.stdout.slice(made.stdout.indexOf(`\n${title}\n`));
    for (const line of short.split('\n')) assert.ok(columns(line) <= 80, `${columns(line)} columns: ${line}`);
    assert.ok(short.split('\n').some((line) => columns(line) > 70), short);
    const html = readFileSync(page, 'utf8');
    assert.match(html, new RegExp(`^<!doctype html>\\n<html lang="${languages.slice(0, 2)}`));
    assert.match(html, /A &amp; B (&quot;|&#34;|")Shop(&quot;|&#34;|") &lt;GmbH&gt;/);
    assert.doesNotMatch(html, /<(script|link|img)/);
  });
}

test('the preview is written where --preview says, and over nothing', () => {
  const page = join(base, 'preview of it.html');
  const made = make(lines(needed), ['--preview', page, '--format', 'json']);
  assert.equal(made.code, 0, made.stderr);
  assert.equal(JSON.parse(made.stdout).notice, page);
  assert.ok(!existsSync(made.path.replace(/xml$/, 'html')));
  const before = readFileSync(page, 'utf8');
  const again = make(lines(needed), ['--preview', page]);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /preview of it\.html is there already, and nothing is written over it: name another file with --preview/);
  assert.ok(!existsSync(again.path));
  assert.equal(readFileSync(page, 'utf8'), before);
});

test('on a terminal it asks, again after a wrong answer, and only what applies', async () => {
  const path = join(base, 'asked.xml');
  const child = spawn('script', ['-qefc', `${lethe} policy new ${path}`, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let seen = '';
  child.stdout.on('data', (d) => { seen += d; });
  const over = new Promise((resolve) => child.on('close', resolve));
  const answers = [['Short name', 'Shop!'], ['Short name', 'shop'], ['Name of the site', ''], ['legal name', 'Shop GmbH'], ['postal address', 'Weg 1'],
    ['country', 'DE'], ['mail address for privacy', 'p@shop.example'], ['Address of the site', ''], ['data protection officer', ''], ['Languages', ''],
    ['visitors give', 'description'], ['processes data', ''], ['ZIP is kept', '2'], ['request log', ''], ['data-subject request', ''],
    ['material change', ''], ['Minimum age', ''], ['Laws', '']];
  for (const [question, answer] of answers) {
    let at;
    await until(() => { at = seen.match(new RegExp(`${question}[^\\n]*: $`)); return at; }, 10000, `${question} in: ${seen}`);
    seen += '\n';
    child.stdin.write(`${answer}\n`);
  }
  assert.equal(await over, 0, seen);
  assert.match(seen, /"Shop!" is not small letters/);
  assert.doesNotMatch(seen, /representative|Azure's region/);
  assert.match(readFileSync(path, 'utf8'), /PT2H/);
});

test('without a terminal and without a file it says how to go on', () => {
  const result = runOfficer(['policy', 'new', join(base, 'none.xml')], { wrap: ['setsid', '--wait'] });
  assert.equal(result.code, 2);
  assert.match(result.stderr, /there is no terminal to ask on; --from ANSWERS/);
});

test('the manual page names every question', () => {
  const manual = readFileSync(join(root, 'admin/lethe.8'), 'utf8').replaceAll('\\-', '-');
  const source = readFileSync(join(root, 'admin/policy_new.c'), 'utf8');
  const keys = [...source.slice(source.indexOf('questions[] = {'), source.indexOf('QUESTIONS =')).matchAll(/^ {4}\{"([a-z-]+)"/gm)].map((m) => m[1]);
  assert.ok(keys.length > 20);
  for (const key of keys) assert.ok(manual.includes(`.It Cm ${key}\n`), key);
});

test('a site starts on the shortest answers and makes a set with the built-in processor', async () => {
  const made = make(lines(needed));
  const site = await startSite({ policy: made.path });
  try {
    const result = await generate(site, { description: 'A small bakery by the harbour', count: 1 });
    assert.equal(result.status, 200, JSON.stringify(result.body));
    const notice = await (await fetch(`${site.url}/privacy`)).text();
    assert.match(notice, /A &amp; B (&quot;|&#34;|")Shop(&quot;|&#34;|") &lt;GmbH&gt;/);
  } finally {
    await site.stop();
  }
});
