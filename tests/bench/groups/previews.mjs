// SPDX-License-Identifier: ISC
// The built-in pictures, by style.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from '../../site/harness.mjs';
import { row } from '../rows.mjs';

export default function previews() {
  const found = JSON.parse(execFileSync(join(build, 'bench', 'sketch_bench'), { encoding: 'utf8' }));
  for (const [style, { ms }] of Object.entries(found)) row(`a built-in picture of 1024 × 1024 in the style "${style}"`, ms, 'ms CPU', { aim: '<= 60' });
}
