// SPDX-License-Identifier: ISC
// The same file from the same nginx: once through the program and the store, once as if it were a published file of the site.
import { readdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate, startSite } from '../../site/harness.mjs';
import { wrk } from '../load.mjs';
import { inTurn, median, of, ratioOf, row, spread } from '../rows.mjs';

export default async function download(folder) {
  const site = await startSite({ env: { LETHE_SANDBOX: '' } });
  try {
    for (const [name, size, aim, connections] of [['1 KiB', 1024, '>= 0.6', 32], ['10 MiB', 10 << 20, '>= 0.95', 4]]) {
      const { body } = await generate(site, { description: 'A calm shop for paper and ink.', count: 1 });
      const spool = join(site.run, 'spool');
      const newest = readdirSync(spool).filter((f) => f.endsWith('.zip')).map((f) => join(spool, f)).sort((x, y) => statSync(y).ctimeMs - statSync(x).ctimeMs)[0];
      writeFileSync(`${newest}.new`, Buffer.alloc(size, 7));
      renameSync(`${newest}.new`, newest);
      symlinkSync(newest, join(site.state, 'publish', 'html', 'assets', `${size}.zip`));
      const { ours, plain } = await inTurn({ ours: () => wrk(folder, site.url + body.archive.url, { connections }), plain: () => wrk(folder, `${site.url}/assets/${size}.zip`, { connections }) });
      row(`download of a ZIP of ${name}`, spread(of(ours, 'rate')), 'requests/s', { beside: 'nginx, same file', other: median(of(plain, 'rate')), ratio: ratioOf(of(ours, 'rate'), of(plain, 'rate')), aim,
        errors: [...ours, ...plain].reduce((n, r) => n + r.errors, 0), say: `downloads of a ZIP of ${name} a second` });
    }
  } finally { await site.stop(); }
}
