// SPDX-License-Identifier: ISC
// `lethe check` on a store of a million records, published and with nginx's configuration, but for the question to the site itself.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { layNginx } from '../../site/admin_support.mjs';
import { build, root } from '../../site/harness.mjs';
import { rounds, row, spread } from '../rows.mjs';

export default function check(folder) {
  const place = join(folder, 'check');
  const policy = join(root, 'policy/sites/bizimages.xml');
  mkdirSync(place);
  const out = execFileSync(join(build, 'bench', 'check_bench'), [policy, place, process.env.RECORDS || '1000000'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const found = JSON.parse(out);
  const env = { ...process.env, LETHE_STATE: join(place, 'state'), LETHE_RUN: join(place, 'run'), LETHE_POLICY: policy, LETHE_HTML: join(root, 'nginx/html'), LETHE_UNITS: join(build, 'units') };
  layNginx({ runFolder: env.LETHE_RUN, state: env.LETHE_STATE });
  execFileSync(join(build, 'bin', 'lethe'), ['publish'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    spawnSync(join(build, 'bin', 'lethe'), ['check', '--offline'], { env });
    return performance.now() - start;
  });
  row(`lethe check on ${found.records} records`, spread(times), 'ms', { aim: '< 1000', say: `\`lethe check\` on ${found.records.toLocaleString('en')} records` });
  for (const [name, value] of Object.entries(found)) if (name.endsWith('_ms')) row(`  ${name.slice(0, -3).replaceAll('_', ' ')}`, value, 'ms');
}
