// SPDX-License-Identifier: ISC
// Thousands of sets at once that wait for a slow upstream: none may fail, and each may cost little memory.
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { root, sleep, startSite } from '../../site/harness.mjs';
import { Connection } from '../load.mjs';
import { by, cpu, less, pss, total } from '../machine.mjs';
import { number, percentile, row } from '../rows.mjs';

const wanted = Number(process.env.WAITING || 10000);
// A waiting set takes two open files of its program, and some are needed to make them; where nobody may have so many, fewer sets are begun, and the row says so.
const files = Number(execFileSync('/bin/sh', ['-c', 'ulimit -n 65536 2>/dev/null; ulimit -n'], { encoding: 'utf8' }));
const waiting = Math.min(wanted, Math.floor(((files - 256) * 2) / 5));
// Begun evenly, 500 a second, so that what is measured is the suite and neither the stand-in nor this process making all connections in one
// moment; the upstream takes ten seconds longer than that, so that then all of them wait at once.
const BEGUN_WITHIN_MS = Number(process.env.BEGUN_WITHIN_MS || waiting * 2);
const UPSTREAM_MS = BEGUN_WITHIN_MS + 10000;

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
    const standIn = () => [{ pid: upstream.pid, name: 'the vendor\'s stand-in' }, { pid: process.pid, name: 'the visitors\' stand-in' }];
    const used = [cpu(site.processes()), cpu(standIn())];
    const all = Array.from({ length: waiting }, (_, i) => sleep((i * BEGUN_WITHIN_MS) / waiting).then(one));
    await sleep(BEGUN_WITHIN_MS + 1500);
    const during = pss(site.processes());
    const answers = await Promise.all(all);
    const failures = {};
    for (const a of answers) if (!a.made) failures[a.why] = (failures[a.why] || 0) + 1;
    if (Object.keys(failures).length) console.error(failures);
    const times = answers.filter((a) => a.made).map((a) => a.ms - UPSTREAM_MS);
    row(`${waiting} sets with events, begun within ${number(BEGUN_WITHIN_MS / 1000)} s, each ${number(UPSTREAM_MS / 1000)} s upstream: succeeded`, times.length, 'sets', { aim: `= ${wanted}`, ...(waiting < wanted ? { detail: { 'open files that a program may have here': files } } : {}), say: `of ${waiting} sets at once${waiting < wanted ? `, which is what ${files} open files are enough for` : ''}, ${number(UPSTREAM_MS / 1000)} s upstream each: succeeded` });
    const each = (after, from) => by(less(after, from), waiting);
    const suite = each(cpu(site.processes()), used[0]);
    row('  CPU of the suite per set', total(suite), 'ms', { detail: { ...suite, ...each(cpu(standIn()), used[1]) } });
    row('  added p50', percentile(times, 50), 'ms');
    row('  added p99', percentile(times, 99), 'ms', { aim: '<= 500', say: '  time added to the upstream\'s, p99' });
    const held = each(during, before);
    row('  memory of the suite per waiting set', total(held), 'KiB', { aim: '<= 64', detail: held, say: '  memory of the suite for each' });
  } finally { await site.stop(); upstream.kill('SIGTERM'); }
}
