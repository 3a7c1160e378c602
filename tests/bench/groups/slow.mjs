// SPDX-License-Identifier: ISC
// Visitors on slow lines, all at the same time, whose connections break in the middle of each picture: every picture must arrive, the very one
// that the vendor sent but for its mark.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root, startSite } from '../../site/harness.mjs';
import { startUpstream } from '../peers.mjs';
import { pixelsHash, png } from '../picture.mjs';
import { row } from '../rows.mjs';

// KB/s and pictures; fewer on the slowest lines, so that they end within four minutes.
const lines = (process.env.SLOW || '400:8,100:8,50:4,20:2').split(',').map((l) => l.split(':').map(Number));

export default async function slow(folder) {
  const picture = png(1024, 1024, 5);
  const upstream = await startUpstream(folder, picture);
  const site = await startSite({ testing: true, env: { LETHE_SANDBOX: '', ...upstream.settings } });
  const visitor = (rate, count) => new Promise((resolve) => {
    let out = '';
    const child = spawn('/usr/bin/python3', [join(root, 'tests/bench/slow_visitor.py'), site.url, String(rate * 1000), String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (d) => { out += d; });
    child.once('exit', () => resolve(out ? JSON.parse(out) : { pictures: [], seconds: 0 }));
  });
  try {
    const found = await Promise.all(lines.map(([rate, count]) => visitor(rate, count)));
    for (const [i, [rate, count]] of lines.entries()) {
      const whole = found[i].pictures.filter((p) => p.pixels === pixelsHash(picture) && !p.preview).length;
      row(`a line of ${rate} KB/s that breaks in every picture: pictures of 2 MB that arrive whole`, whole, 'pictures', { aim: `= ${count}`, detail: { seconds: found[i].seconds, breaks: found[i].breaks, ...(found[i].why ? { why: found[i].why } : {}) },
        say: `pictures of 2 MB that arrive over a line of ${rate} KB/s which breaks in the middle of each` });
    }
  } finally { await site.stop(); await upstream.stop(); }
}
