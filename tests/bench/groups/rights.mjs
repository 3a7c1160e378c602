// SPDX-License-Identifier: ISC
// What a data-subject request costs, from a small store to a large one, beside plain SQLite tables that do the mix of GDPRbench's customer and
// regulator: they are as durable, and neither seal, nor keep a ledger, nor destroy keys, nor overwrite what they delete.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, root } from '../../site/harness.mjs';
import { row } from '../rows.mjs';

const sizes = (process.env.SUBJECT_RECORDS || '10000,100000,1000000,3000000').split(',').map(Number);
const logRows = Number(process.env.LOG_ROWS || 1000000);
const aims = { find: ['find one subject everywhere', 50], export: ['export one subject', 300], erase: ['erase one subject, until it is erased', 200] };

export default function rights(folder) {
  const results = sizes.map((records) => {
    const place = join(folder, 'rights');
    mkdirSync(place);
    const out = execFileSync(join(build, 'bench', 'rights_bench'), [join(root, 'policy/sites/bizimages.xml'), place, String(records), String(logRows)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    rmSync(place, { recursive: true });
    return JSON.parse(out);
  });
  for (const found of results) {
    const among = `${found.records.toLocaleString('en')} records and ${found.log_rows.toLocaleString('en')} log rows`;
    const last = found === results.at(-1);
    for (const [name, [what, most]] of Object.entries(aims)) {
      row(`${what}, among ${among}`, found[name].ms, 'ms', { aim: `<= ${most}`, detail: { 'ms CPU': found[name].cpu_ms, 'fsyncs for each': found[name].syncs }, ...(last && { say: `${what}, among ${among}` }) });
    }
    for (const [name, what] of [['mix', 'read, update, delete by key, read metadata, data and log rows by user'], ['erase', 'delete by user']])
      row(`  ${what}`, found[name].ms, 'ms', { beside: 'plain SQLite, WAL and synchronous=FULL', other: found[`plain_${name}`].ms, ratio: found[name].ms / found[`plain_${name}`].ms, aim: '<= 3', detail: { 'ms CPU': found[name].cpu_ms, 'ms CPU of plain SQLite': found[`plain_${name}`].cpu_ms, 'fsyncs of plain SQLite': found[`plain_${name}`].syncs }, ...(last && { say: `${what}, the same store` }) });
  }
  for (const [name, [what]] of Object.entries(aims))
    row(`  ${what}: CPU time in the largest store, of that in the smallest`, results.at(-1)[name].cpu_ms / results[0][name].cpu_ms, 'times');
}
