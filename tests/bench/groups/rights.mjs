// SPDX-License-Identifier: ISC
// What a data-subject request costs, from a small store to a large one, beside plain SQLite tables that do the mix of GDPRbench's customer and
// regulator. They are as durable, overwrite what they delete and enter what is done in a table; they neither seal, nor keep a ledger that shows when
// it was altered, nor destroy keys, nor search for what is left. A row of the table is the dearest of all sizes, with the least and the most.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, root } from '../../site/harness.mjs';
import { row } from '../rows.mjs';

const sizes = (process.env.SUBJECT_RECORDS || '10000,100000,1000000,3000000').split(',').map(Number);
const logRows = Number(process.env.LOG_ROWS || 1000000);
const aims = { find: ['find one subject everywhere', 50], export: ['export one subject', 300], erase: ['erase one subject, until it is erased', 200] };
const plain = { mix: 'read, update, delete by key, read metadata, data and log rows by user, entered', erase: 'delete by user' };

const dearest = (list) => ({ value: Math.max(...list), least: Math.min(...list), most: Math.max(...list) });

export default function rights(folder) {
  const results = sizes.map((records) => {
    const place = join(folder, 'rights');
    mkdirSync(place);
    const out = execFileSync(join(build, 'bench', 'rights_bench'), [join(root, 'policy/sites/bizimages.xml'), place, String(records), String(logRows)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    rmSync(place, { recursive: true });
    return JSON.parse(out);
  });
  const bySize = (value) => Object.fromEntries(results.map((r) => [`${r.records.toLocaleString('en')} records`, value(r)]));
  const among = `among ${sizes.map((n) => n.toLocaleString('en')).join(', ')} records of 10,000 subjects and ${results[0].log_rows.toLocaleString('en')} log rows of 14 days`;
  for (const [name, [what, most]] of Object.entries(aims)) {
    const say = name === 'find' ? `${what}, ${among}` : what;
    row(`${what}, ${among}`, dearest(results.map((r) => r[name].ms)), 'ms', { aim: `<= ${most}`, detail: bySize((r) => r[name].ms), say });
    row('  CPU time', dearest(results.map((r) => r[name].cpu_ms)), 'ms', { detail: { ...bySize((r) => r[name].cpu_ms), 'fsyncs for each': results.at(-1)[name].syncs }, say: '  CPU time' });
  }
  for (const [name, what] of Object.entries(plain)) {
    for (const [time, unit] of [['ms', 'ms'], ['cpu_ms', 'ms CPU']]) {
      const worst = results.reduce((a, b) => (a[name][time] / a[`plain_${name}`][time] > b[name][time] / b[`plain_${name}`][time] ? a : b));
      const other = worst[`plain_${name}`];
      row(`  ${what}`, worst[name][time], unit, { beside: 'plain SQLite tables, unsealed', other: other[time], ratio: worst[name][time] / other[time], ...(name === 'mix' && { aim: '<= 3' }), detail: { 'fsyncs': worst[name].syncs, 'fsyncs of plain SQLite': other.syncs }, say: `  ${what}` });
    }
  }
}
