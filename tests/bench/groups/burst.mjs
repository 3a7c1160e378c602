// SPDX-License-Identifier: ISC
// More at once than the memory and the spool hold: 500 visitors ask for eight pictures of 2 MB each, all programs in 4 GB, the spool in 2 GB.
// What does not fit must be refused before a picture is paid for; what was paid for must arrive.
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep, startSite } from '../../site/harness.mjs';
import { Connection, takeSet } from '../load.mjs';
import { limitMemory, watchMemory } from '../machine.mjs';
import { SET_MAX, startUpstream } from '../peers.mjs';
import { png } from '../picture.mjs';
import { row } from '../rows.mjs';

const sets = Number(process.env.BURST || 500);
const GIB = 2 ** 30;

// A folder for sockets and spool, of 2 GB where we may mount one.
function boundedRun(folder) {
  const at = mkdtempSync(join(folder, 'memory-'));
  const run = join(at, 'run');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2g,mode=755', 'tmpfs', at], { stdio: 'ignore' });
    return { run, release: () => execFileSync('umount', ['-l', at], { stdio: 'ignore' }) };
  } catch {
    console.error('  no mount: the spool is as large as the disk');
    return { run, release: () => {} };
  }
}

export default async function burst(folder) {
  const picture = png(1024, 1024, 5);
  const upstream = await startUpstream(folder, picture);
  const { run, release } = boundedRun(folder);
  const base = mkdtempSync(join(tmpdir(), 'lethe-bench-'));
  const limit = limitMemory(4 * GIB);
  if (limit === null) console.error('  no cgroup: the memory of the suite is measured, not limited');
  let site;
  const one = async () => {
    const connection = new Connection(site.port);
    try {
      return { made: await takeSet(connection, { form: 'events', count: SET_MAX, least: picture.length }) };
    } catch (error) {
      return { status: error.status, why: error.message };
    } finally { connection.close(); }
  };
  try {
    site = await startSite({ testing: true, keep: { base, run, state: join(base, 'state') }, wrap: limit?.wrap, env: { LETHE_SANDBOX: '', ...upstream.settings } });
    await one();
    const already = upstream.asked();
    const { result: answers, peak, by } = await watchMemory(site.processes, () => Promise.all(Array.from({ length: sets }, one)));
    await sleep(1000);
    const made = answers.reduce((n, a) => n + (a.made || 0), 0);
    const refused = answers.filter((a) => a.status === 503).length;
    const asked = upstream.asked() - already;
    const why = {};
    for (const a of answers) if (!a.made && a.status !== 503) why[a.why.slice(0, 120)] = (why[a.why.slice(0, 120)] || 0) + 1;
    if (Object.keys(why).length) console.error(why);
    row(`${sets} sets of ${SET_MAX} × 2 MB at once, ${limit ? '4 GB of memory' : 'memory not limited'}: sets made whole`, answers.filter((a) => a.made).length, 'sets', { detail: { 'refused in time (503)': refused, 'failed otherwise': sets - refused - answers.filter((a) => a.made).length } });
    row('  pictures paid for and not delivered', asked - made, 'pictures', { aim: '= 0', say: `of ${sets} sets of ${SET_MAX} pictures of 2 MB asked for at once in 4 GB: pictures paid for and not delivered` });
    row('  programs ended for want of memory', limit ? limit.killed() : 0, 'times', { aim: '= 0' });
    row('  most memory of all processes together', peak / 1024, 'MiB', { detail: Object.fromEntries(Object.entries(by).map(([name, kib]) => [name, kib / 1024])) });
    if (limit) row('  most memory of the cgroup, the spool\'s files included', limit.peak() / 2 ** 20, 'MiB', { aim: '<= 4096' });
  } finally {
    await site?.stop();
    release();
    await limit?.remove();
    await upstream.stop();
  }
}
