// SPDX-License-Identifier: ISC
// The built-in pictures: eight trades in eight compositions, each of 1024 × 1024 in a process of its own, in every style.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from '../../site/harness.mjs';
import { row } from '../rows.mjs';

export default function sketch() {
  const found = JSON.parse(execFileSync(join(build, 'bench', 'sketch_bench'), { encoding: 'utf8' }));
  for (const [style, { ms, most_ms: most, bytes }] of Object.entries(found))
    row(`a built-in picture of 1024 × 1024, ${style}`, ms, 'ms CPU', { detail: { 'the longest': `${most} ms`, size: `${Math.round(bytes / 1000)} KB` } });
  row('  the one of all that took longest', Math.max(...Object.values(found).map((one) => one.most_ms)), 'ms CPU', { aim: '<= 60', say: 'a built-in picture of 1024 × 1024, drawn in a process of its own: the longest of 320' });
}
