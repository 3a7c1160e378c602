// SPDX-License-Identifier: ISC
// Thousands of sets at once that wait for a slow upstream: none may fail, and each may cost little memory.
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { root, sleep, startSite } from '../../site/harness.mjs';
import { Connection } from '../load.mjs';
import { less, pss, total } from '../machine.mjs';
import { percentile, row } from '../rows.mjs';

const UPSTREAM_MS = 10000;
const wanted = Number(process.env.WAITING || 10000);
// A set takes three open files of its program; where nobody may have so many, fewer sets are begun, and the row says so.
const files = Number(execFileSync('/bin/sh', ['-c', 'ulimit -n 65536 2>/dev/null; ulimit -n'], { encoding: 'utf8' }));
const waiting = Math.min(wanted, Math.floor((files - 256) / 3));
// Begun evenly, so that what is measured is the suite and not this process making all connections in one moment; then all of them wait at once.
const BEGUN_WITHIN_MS = Number(process.env.BEGUN_WITHIN_MS || 6000);

export default async function waitingSets() {
  // Azure's stand-in, over TLS and HTTP/2, in a process of its own.
  const upstream = spawn(process.execPath, [join(root, 'tests/peers/azure.mjs'), '--tls', '--forget'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const azure = JSON.parse(await new Promise((r) => { upstream.stdout.once('data', r); }));
  // As many open files as the units give the programs, where we may.
  const wrap = ['/bin/sh', '-c', 'ulimit -n 65536 2>/dev/null; exec "$0" "$@"'];
  const site = await startSite({ testing: true, wrap, env: { LETHE_SANDBOX: '', LETHE_REQUESTS_MAX: String(wanted), LETHE_CA_FILE: azure.ca, AZURE_OPENAI_ENDPOINT: azure.url, AZURE_OPENAI_API_KEY: 'test-key', AZURE_OPENAI_IMAGE_DEPLOYMENT: `image--slow:${UPSTREAM_MS}` } });
  const one = async () => {
    const connection = new Connection(site.port);
    const start = performance.now();
    let words = '';
    try {
      const { status } = await connection.request('POST', '/api/generate', { headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
        body: '{"description":"A calm shop for paper and ink.","count":1,"provider":"azure-openai"}', take: (piece) => { words = words.slice(-4000) + piece.toString('latin1'); } });
      return { made: status === 200 && words.includes('event: done'), why: `${status} ${words.slice(-120)}`, ms: performance.now() - start };
    } catch (error) {
      return { made: false, why: error.code || error.message, ms: 0 };
    } finally { connection.close(); }
  };
  try {
    await Promise.all(Array.from({ length: 8 }, one)); // as many pictures as teach how large they are: space is promised by that
    const before = pss(site.processes());
    const all = Array.from({ length: waiting }, (_, i) => sleep((i * BEGUN_WITHIN_MS) / waiting).then(one));
    await sleep(BEGUN_WITHIN_MS + 1500);
    const during = pss(site.processes());
    const answers = await Promise.all(all);
    const failures = {};
    for (const a of answers) if (!a.made) failures[a.why] = (failures[a.why] || 0) + 1;
    if (Object.keys(failures).length) console.error(failures);
    const times = answers.filter((a) => a.made).map((a) => a.ms - UPSTREAM_MS);
    row(`${waiting} sets with events, begun within ${BEGUN_WITHIN_MS / 1000} s, each ${UPSTREAM_MS / 1000} s upstream: succeeded`, times.length, 'sets', { aim: `= ${wanted}`, ...(waiting < wanted ? { detail: { 'open files that a program may have here': files } } : {}), say: `of ${waiting} sets at once${waiting < wanted ? `, which is what ${files} open files are enough for` : ''}, ${UPSTREAM_MS / 1000} s upstream each: succeeded` });
    row('  added p50', percentile(times, 50), 'ms');
    row('  added p99', percentile(times, 99), 'ms', { aim: '<= 500', say: '  time added to the upstream\'s, p99' });
    const each = Object.fromEntries(Object.entries(less(during, before)).map(([name, kib]) => [name, kib / waiting]));
    row('  memory of the suite per waiting set', total(each), 'KiB', { aim: '<= 64', detail: each, say: '  memory of the suite for each' });
  } finally { await site.stop(); upstream.kill('SIGTERM'); }
}
