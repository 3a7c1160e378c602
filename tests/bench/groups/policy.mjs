// SPDX-License-Identifier: ISC
// Lint, diff and the whole publication of the largest policy.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { build, root } from '../../site/harness.mjs';
import { row } from '../rows.mjs';

export default function policy() {
  const found = JSON.parse(execFileSync(join(build, 'bench', 'policy_bench'), { cwd: root, encoding: 'utf8' }));
  for (const what of ['lint', 'diff', 'publish']) row(`CPU time of ${what} of ${found.file} (${found.bytes} bytes)`, found[`${what}_ms`], 'ms', { aim: '< 100' });
}
