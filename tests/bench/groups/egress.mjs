// SPDX-License-Identifier: ISC
// egress alone: thousands of calls at once to one slow upstream over TLS and HTTP/2. All must succeed, over few connections and in little memory.
import { execFileSync, spawn } from 'node:child_process';
import { request } from 'node:https';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, sleep } from '../../site/harness.mjs';
import { askEgress, job, picture, startEgress } from '../../site/egress_support.mjs';
import { cpu, peakRss } from '../machine.mjs';
import { number, percentile, row } from '../rows.mjs';

const wanted = Number(process.env.CALLS || 10000);
// A call is an open file of egress and one of the caller's.
const files = Number(execFileSync('/bin/sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }));
const calls = Math.min(wanted, files - 1000);
// The upstream answers after eight seconds; all calls are under way after three quarters of that.
const UPSTREAM_MS = Number(process.env.UPSTREAM_MS || 8000);
const BEGUN_WITHIN_MS = UPSTREAM_MS * 0.75;

export default async function egressAlone() {
  const peer = spawn(process.execPath, [join(root, 'tests/peers/azure.mjs'), '--tls', '--forget'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const azure = JSON.parse(await new Promise((r) => { peer.stdout.once('data', r); }));
  const control = () => new Promise((resolve, reject) => {
    request(`${azure.url}/control`, { method: 'POST', ca: readFileSync(azure.ca), agent: false }, (answer) => {
      let text = '';
      answer.on('data', (d) => { text += d; });
      answer.on('end', () => resolve(JSON.parse(text)));
    }).on('error', reject).end('{}');
  });
  const egress = await startEgress({ LETHE_SANDBOX: '', LETHE_EGRESS_JOBS: String(calls + 100), LETHE_CA_FILE: azure.ca, AZURE_OPENAI_ENDPOINT: azure.url, AZURE_OPENAI_API_KEY: 'test-key' });
  const processes = [{ pid: egress.pid, name: 'egress' }];
  try {
    const body = picture({ model: `image--slow:${UPSTREAM_MS}` }), head = job({ deadline_ms: 60000, stream: true });
    const before = cpu(processes).egress, first = (await control()).connections;
    const one = async () => {
      const began = performance.now();
      try {
        const answer = await askEgress(egress, head, body);
        return { good: answer.head.status === 200 && answer.body.includes('b64_json'), why: JSON.stringify(answer.head), ms: performance.now() - began - UPSTREAM_MS };
      } catch (error) { return { good: false, why: error.code || error.message, ms: 0 }; }
    };
    const all = Array.from({ length: calls }, (_, i) => sleep((i * BEGUN_WITHIN_MS) / calls).then(one));
    const answers = await Promise.all(all);
    const { mostInFlight, connections } = await control(), failures = {};
    for (const a of answers) if (!a.good) failures[a.why] = (failures[a.why] || 0) + 1;
    if (Object.keys(failures).length) console.error(failures);
    const good = answers.filter((a) => a.good);
    row(`${calls} calls of egress, begun within ${number(BEGUN_WITHIN_MS / 1000)} s, each ${number(UPSTREAM_MS / 1000)} s upstream, TLS and HTTP/2: succeeded`, good.length, 'calls', { aim: `= ${wanted}`, say: `of ${calls} calls of egress alone, ${number(UPSTREAM_MS / 1000)} s upstream each, TLS and HTTP/2: succeeded` });
    row('  most of them in flight at once, at the upstream', mostInFlight, 'calls', { say: '  most of them in flight at once' });
    row('  connections to the upstream', connections - first - 1, 'connections', { aim: '<= 128', say: '  connections for all of them' });
    row('  most memory of egress', peakRss(processes).egress / 1024, 'MiB', { aim: '<= 350', say: '  most memory of egress' });
    row('  CPU of egress for each', (cpu(processes).egress - before) / calls, 'ms');
    row('  added p50', percentile(good.map((a) => a.ms), 50), 'ms');
    row('  added p99', percentile(good.map((a) => a.ms), 99), 'ms', { say: '  time added to the upstream\'s, p99' });
  } finally { await egress.stop(); peer.kill('SIGTERM'); }
}
