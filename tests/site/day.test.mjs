// SPDX-License-Identifier: ISC
// The worked day of lethe(8): each command of it is run, in its order, on a site with sets and requests, and prints what the section says it does.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSmtp } from '../peers/smtp.mjs';
import { generate, lethe, root, startSite, until } from './harness.mjs';

// A line of the section as a pattern: numbers, times, ids and names of officers are those of its day.
function pattern(line) {
  const tokens = line.trim().split(/(\[\.\.\.\]|[0-9a-f]{8,32}\b|\d{4}-\d\d-\d\d(?:T[\d:]+Z)?|\d+|anna|\s+)/);
  return new RegExp(tokens.map((t) => (t === '[...]' ? '.*' : /^\s+$/.test(t) ? '\\s+' : /^[0-9a-f]{8,32}$/.test(t) ? '[0-9a-f]{8,32}' : /^\d{4}-/.test(t) ? '\\d{4}-\\d\\d-\\d\\d(T[\\d:]+Z)?' : /^\d+$/.test(t) ? '\\d+' : t === 'anna' ? '\\S+' : t.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))).join('')
    .replace('days\\s+late', 'days\\s+(late|left)').replace('page', '(page|letter)'));
}

test('the worked day of the manual can be worked, and prints what it says', async () => {
  const manual = readFileSync(join(root, 'admin/lethe.8'), 'utf8');
  const section = manual.slice(manual.indexOf(".Ss A day's work"), manual.indexOf('.Sh SEE ALSO'));
  const lines = [...section.replace(/\\e\n\s+/g, '').matchAll(/^\.Bd .*\n([^]*?)^\.Ed$/gm)].flatMap(([, text]) => text.trim().split('\n'));
  const smtp = await startSmtp({});
  const site = await startSite({ env: smtp.env });
  const folder = mkdtempSync(join(tmpdir(), 'lethe-day-'));
  const run = (line, input = '') => spawnSync('setsid', ['-w', 'sh', '-c', line.replace(/^lethe /, '"$LETHE" ')], { cwd: folder, input, encoding: 'utf8', env: { ...process.env, COLUMNS: '80', LETHE_STATE: site.state, LETHE_RUN: site.run, LETHE_HTML: join(root, 'nginx/html'), LETHE_POLICY: join(root, 'policy/sites/bizimages.xml'), LETHE: lethe } });
  const id = (text) => text.match(/\b[0-9a-f]{8,32}\b/)[0];
  try {
    const sets = [];
    for (const description of ['A bakery by the sea', 'A bicycle shop']) sets.push((await generate(site, { description, count: 1 })).body.receipt);
    for (const [name, text] of Object.entries({ 'contact.txt': 'jane@example.org', 'new.txt': 'jane.new@example.org', 'letter.txt': 'What do you hold?', 'spam.txt': 'Buy watches.', 'answer.txt': 'Here it is.', pass: 'a long passphrase',
      who: 'A court', asked: 'Who visited?', what: 'A laptop was lost.', 'lia.txt': 'An assessment.', receipt: sets[0], contested: sets[1], 'ada.txt': 'ada@example.org' })) writeFileSync(join(folder, name), text);
    const day = (ago) => new Date(Date.now() - ago * 86400000).toISOString().slice(0, 10);
    const ask = (right, message = 'letter.txt', ago = 3) => id(run(`lethe requests add --right ${right} --received ${day(ago)} --how letter --contact @ada.txt --message @${message}`).stdout);
    // The manual's ids are those of its day: each stands for one of ours.
    const known = new Map([['6b0a769e29', ask('complaint', 'spam.txt')], ['6b0a769e30', ask('complaint', 'spam.txt')], ['6b0a769f4c', ask('access')], ['6b0a769d4b', ask('rectification')], ['6b0a769fda', ask('objection')]]);
    for (const right of ['erasure', 'objection']) ask(right, 'letter.txt', 45);
    let printed = '', count = 0, opened = '';
    for (const line of lines) {
      if (!line.startsWith('$ ')) {
        const wanted = pattern(line);
        assert.ok(printed.split('\n').some((l) => wanted.test(l)), `${line}\n${wanted}\n${printed}`);
        continue;
      }
      const real = line.slice(2).replace(/\b6b0a[0-9a-f]{4,8}\b/g, (theirs) => known.get(theirs) ?? known.set(theirs, id(opened)).get(theirs))
        .replace('--passphrase ', '--passphrase @pass ').replace('2026-11-20', day(8));
      const r = run(real);
      // What check and the lists find is an exit status; so is who can only be told in public.
      const may = /^lethe (check|requests list|incident letter)/.test(real) ? [0, 1] : [0];
      assert.ok(may.includes(r.status), `${real}: ${r.status} ${r.stdout}${r.stderr}`);
      for (const l of r.stdout.split('\n')) assert.ok(/^check/.test(real.slice(6)) || l.length <= 100 || l.startsWith('the certificate') || l.startsWith('intact'), `${real}: wide: ${l}`);
      printed = r.stdout + r.stderr;
      if (/ (add|open) /.test(real)) opened = r.stdout.match(/^id +(\S+)/m)?.[1] ?? opened;
      count++;
    }
    assert.ok(count >= 30, `${count} commands`);
    // The link, the answer, and what happened to the laptop: each went once, to who is meant.
    await until(() => smtp.mails().length >= 5, 10000, 'the mails');
    assert.deepEqual(smtp.mails().map((m) => m.to[0]).sort(), ['ada@example.org', 'ada@example.org', 'ada@example.org', 'jane.new@example.org', 'jane@example.org']);
  } finally {
    await site.stop();
    await smtp.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
