// SPDX-License-Identifier: ISC
// The way of a picture's bytes from the reply into the ZIP, in one process, where a spool is: in memory.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../../site/harness.mjs';
import { row } from '../rows.mjs';

export default function bytes() {
  const place = mkdtempSync('/dev/shm/lethe-bench-');
  try {
    const found = JSON.parse(execFileSync(join(build, 'bench', 'picture_bench'), [place], { encoding: 'utf8' }));
    row(`a picture of ${(found.bytes / 1e6).toFixed(1)} MB scanned and decoded`, found.decoded_ms, 'ms CPU');
    row('  marked as well', found.marked_ms, 'ms CPU');
    row('  and written into the ZIP', found.one_by_one_ms, 'ms CPU', { aim: '<= 1.5' });
    row('  eight at once', found.eight_at_once_ms, 'ms CPU');
    row('  sealed, as for a disk', found.sealed_one_by_one_ms, 'ms CPU');
    row('  sealed, eight at once', found.sealed_eight_at_once_ms, 'ms CPU');
  } finally { rmSync(place, { recursive: true, force: true }); }
}
