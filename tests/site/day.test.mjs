// SPDX-License-Identifier: ISC
// The worked day of lethe(8): each command of it is run, in its order, on a site with sets and requests, and does what the section says.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate, lethe, root, startSite } from './harness.mjs';

test('the worked day of the manual can be worked', async () => {
  const manual = readFileSync(join(root, 'admin/lethe.8'), 'utf8');
  const section = manual.slice(manual.indexOf(".Ss A day's work"), manual.indexOf('.Sh SEE ALSO'));
  const commands = section.replace(/\\e\n\s+/g, '').split('\n').filter((l) => l.startsWith('$ lethe ')).map((l) => l.slice(2));
  assert.ok(commands.length >= 20, `${commands.length} commands`);
  const site = await startSite();
  const folder = mkdtempSync(join(tmpdir(), 'lethe-day-'));
  const run = (line, input = '') => spawnSync('setsid', ['-w', 'sh', '-c', line.replace(/^lethe /, '"$LETHE" ').replace(/ \| lethe /g, ' | "$LETHE" ')], { cwd: folder, input, encoding: 'utf8', env: { ...process.env, LETHE_STATE: site.state, LETHE_RUN: site.run, LETHE_HTML: join(root, 'nginx/html'), LETHE_POLICY: join(root, 'policy/sites/bizimages.xml'), LETHE: lethe } });
  const id = (text) => text.match(/\b[0-9a-f]{8,32}\b/)[0];
  try {
    const sets = [await generate(site, { description: 'A bakery by the sea', count: 1 }), await generate(site, { description: 'A bicycle shop', count: 1 })].map((s) => s.receipt ?? s.body?.receipt);
    for (const [name, text] of Object.entries({ contact: 'jane@example.org', new: 'jane.new@example.org', message: 'What do you hold?', letter: 'What do you hold?', text: 'Here it is.', answer: 'Here it is.', pass: 'a long passphrase',
      who: 'A court', asked: 'Who visited?', what: 'A laptop was lost.', lia: 'An assessment.', receipt: sets[0] })) for (const end of ['', '.txt']) writeFileSync(join(folder, name + end), text);
    // The manual's ids are those of its day: each stands for one of ours.
    const known = new Map();
    const ours = (theirs, line, printed) => {
      if (!known.has(theirs)) {
        const right = /refuse|rectify/.test(line) ? 'rectification' : /extend/.test(line) ? 'objection' : 'access';
        const fresh = () => id(run(`lethe requests add --right ${right} --received 2026-11-20 --how letter --contact @contact.txt --message @letter.txt --format text`).stdout);
        known.set(theirs, / (authority|incident|assess|hold) /.test(line.slice(0, 20)) && printed ? id(printed) : fresh());
      }
      return known.get(theirs);
    };
    let printed = '';
    for (const line of commands) {
      const real = line.replace(/\b6b0a[0-9a-f]{4,8}\b/g, (theirs) => ours(theirs, line, printed)).replace('--passphrase ', '--passphrase @pass ').replace('2026-11-20', new Date(Date.now() - 8 * 86400000).toISOString().slice(0, 10));
      const r = run(real);
      const may = /^lethe (check|requests list)/.test(line) ? [0, 1, 2] : [0];
      assert.ok(may.includes(r.status), `${real}: ${r.status} ${r.stdout}${r.stderr}`);
      if (/ (add|open) /.test(line)) printed = r.stdout;
    }
    assert.match(run('lethe audit verify').stdout, /intact/);
  } finally {
    await site.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
