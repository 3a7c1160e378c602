// SPDX-License-Identifier: ISC
// What a site of many years costs: stores that so many sets have gone through, whose pictures are gone.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../../site/harness.mjs';
import { row } from '../rows.mjs';

// Events a day, days that they are kept, checkpoints a day, years. 3000,365,1,10 take half an hour.
const [aDay, life, signed, years] = (process.env.YEARS || '20,365,4,10').split(',').map(Number);
const sizes = (process.env.SETS || '10000,1000000').split(',').map(Number); // 10,000,000 take a quarter of an hour

export default function growth(folder) {
  const place = join(folder, 'growth');
  mkdirSync(place);
  for (const sets of sizes) {
    const found = JSON.parse(execFileSync(join(build, 'bench', 'growth_bench'), [place, String(sets)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim().split('\n').at(-1));
    const after = `after ${sets.toLocaleString('en')} sets`;
    row(`${after}: on disk for each, its pictures gone`, found.disk_bytes_per_set, 'bytes', { aim: '<= 200', say: `${after} whose pictures are gone: on disk for each` });
    row('  the store opened', found.start_ms, 'ms', { aim: '<= 1000', say: `${after}: the store opened` });
    row('  the store opened after an unclean stop', found.start_unclean_ms, 'ms', { aim: '<= 1000' });
    row("  a visitor's Delete", found.visitor_delete_ms, 'ms', { aim: '<= 100', detail: { 'ms CPU': found.visitor_delete_cpu_ms }, say: `${after}: a visitor's Delete` });
    row("  an officer's erasure, until it is erased", found.officer_erase_ms, 'ms', { aim: '<= 200', detail: { 'ms CPU': found.officer_erase_cpu_ms }, say: `${after}: an officer's erasure` });
    row('  the longest that a commit waited meanwhile', found.longest_wait_ms, 'ms');
    row('  what `lethe check` reads: counts and the open part of the ledger', found.census_ms + found.verify_open_ms, 'ms', { aim: '<= 200', say: `${after}: what \`lethe check\` reads of the store` });
    row('  the whole ledger verified', found.verify_whole_s * 1000, 'ms');
  }
  const found = execFileSync(join(build, 'bench', 'years_bench'), [place, aDay, life, signed, years].map(String), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim().split('\n').map((line) => JSON.parse(line));
  const last = found.at(-1), bytes = (year) => year.store_kb + year.segments_kb + year.tiles_kb, half = found[Math.ceil(years / 2) - 1];
  const of = `a ledger of ${aDay} events a day that are kept ${life} days, after ${years} years`;
  row(`${of}: on disk, with what is published`, bytes(last), 'KiB', { beside: 'after half of them', other: bytes(half), ratio: bytes(last) / bytes(half), aim: '<= 2', say: `${of}: on disk` });
  row('  pruned, CPU', last.prune_ms, 'ms', { aim: '<= 5' });
  row('  signed and published, CPU', last.sign_ms, 'ms', { aim: '<= 100' });
  row('  a proof, CPU', last.proof_ms, 'ms', { aim: '<= 100' });
  row('  verified, CPU', last.verify_whole_ms, 'ms', { detail: { entries: last.entries, kept: last.kept, 'since the last time, ms': last.verify_since_ms } });
}
