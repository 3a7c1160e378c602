// SPDX-License-Identifier: ISC
// The store alone, and what it costs as it grows.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../../site/harness.mjs';
import { row } from '../rows.mjs';

export default function store(folder) {
  const state = join(folder, 'store');
  mkdirSync(state);
  const out = execFileSync(join(build, 'bench', 'vault_bench'), [state, process.env.ROWS || '5000000'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const found = JSON.parse(out.trim().split('\n').at(-1));
  row('rows of the request log a second, each durable before it is acknowledged: one thread', found.log_rows_per_second_1_thread, 'rows/s');
  row('  eight threads', found.log_rows_per_second_8_threads, 'rows/s');
  row(`pruning a day (${found.pruned_rows} rows) out of 15 with ${found.rows} rows`, found.prune_ms, 'ms', { beside: 'the same DELETE in plain SQLite', other: found.plain_delete_ms, ratio: found.prune_ratio,
    say: `pruning a day out of 15 with ${found.rows.toLocaleString('en')} rows of the request log` });
  row(`  a day of ${found.pruned_small_rows} rows`, found.prune_small_ms, 'ms');
}
