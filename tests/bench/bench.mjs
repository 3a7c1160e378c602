// SPDX-License-Identifier: ISC
// What we claim, measured beside something everybody knows, in one run. Prints a table and writes build/bench.json.
//   node tests/bench/bench.mjs [GROUP…]   a file of groups/ each, all without a name.  SECONDS=8 ROUNDS=5 WAITING=10000 CALLS=10000 BURST=500 SLOW=400:8 SETS=10000 RESULTS=file
//   node tests/bench/bench.mjs --readme   writes what was measured last into the README's table
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../site/harness.mjs';
import { begin, finish, markdown } from './rows.mjs';

const wanted = process.argv.slice(2);
const file = process.env.RESULTS || join(root, 'build', 'bench.json');
const order = ['pictures', 'bytes', 'gateway', 'waiting', 'egress', 'burst', 'slow', 'phone', 'sketch', 'download', 'store', 'growth', 'check', 'rights', 'policy'];
const groups = readdirSync(join(root, 'tests/bench/groups')).map((f) => f.replace('.mjs', '')).sort((a, b) => order.indexOf(a) - order.indexOf(b));

if (wanted[0] === '--readme') {
  const readme = join(root, 'README.md');
  writeFileSync(readme, readFileSync(readme, 'utf8').replace(/^\| measured \|.*\n(\|.*\n)+/m, `${markdown(JSON.parse(readFileSync(file, 'utf8')))}\n`));
} else {
  const unknown = wanted.filter((name) => !groups.includes(name));
  if (unknown.length) {
    console.error(`no such group: ${unknown.join(' ')}; there are ${groups.join(' ')}`);
    process.exit(2);
  }
  const folder = mkdtempSync(join(tmpdir(), 'lethe-bench-'));
  try {
    for (const name of groups) {
      if (wanted.length && !wanted.includes(name)) continue;
      process.stderr.write(`${name} …\n`);
      begin(name);
      await (await import(`./groups/${name}.mjs`)).default(folder);
    }
  } finally { rmSync(folder, { recursive: true, force: true }); }
  finish(file);
}
