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
  for (const [name, value] of Object.entries(found)) row(`store: ${name.replaceAll('_', ' ')}`, value, name.endsWith('ms') ? 'ms' : name.includes('ratio') ? 'x' : name.includes('per_s') ? '/s' : '');
}
