// SPDX-License-Identifier: ISC
// What we claim, measured beside something everybody knows, in one run. Prints a table and writes build/bench.json.
//   node tests/bench/bench.mjs [gateway] [waiting] [download] [store] [check] [policy] [picture]      SECONDS=8 ROUNDS=5
import { spawn, spawnSync, execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, writeFileSync, readFileSync, readdirSync, rmSync, renameSync, symlinkSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, crc32 as zlibCrc32 } from 'node:zlib';
import { layNginx } from '../site/admin_support.mjs';
import { build, freePort, generate, root, sleep, startSite, until } from '../site/harness.mjs';

const wanted = process.argv.slice(2);
const seconds = Number(process.env.SECONDS || 8);
const rounds = Number(process.env.ROUNDS || 5);
const folder = mkdtempSync(join(tmpdir(), 'lethe-bench-'));
const results = { date: new Date().toISOString(), cores: Number(execFileSync('nproc', { encoding: 'utf8' })), rows: [] };
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const row = (what, value, unit, beside = {}) => results.rows.push({ what, value, unit, ...beside });

function crc32(bytes) {
  if (zlibCrc32) return zlibCrc32(bytes);
  let c = ~0;
  for (const b of bytes) { c ^= b; for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (0xedb88320 & -(c & 1)); }
  return ~c >>> 0;
}

function png(width, height) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), body.length + 4);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.alloc((width + 1) * height, 0x80))), chunk('IEND', Buffer.alloc(0))]);
}

const SET_MAX = 8; // pictures

// --- an immediate upstream: nginx answering from its configuration ---
async function immediateUpstream() {
  const port = await freePort();
  const prompts = Array.from({ length: SET_MAX }, (_, i) => `A calm still life with paper and light, number ${i + 1}.`);
  const chat = JSON.stringify({ choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: JSON.stringify({ prompts }) } }] });
  const image = JSON.stringify({ created: 1, data: [{ b64_json: png(64, 64).toString('base64') }] });
  const place = join(folder, 'upstream');
  mkdirSync(place, { recursive: true });
  const quote = (s) => `'${s.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
  writeFileSync(join(place, 'nginx.conf'), `
    ${process.getuid() === 0 ? 'user root;' : ''}
    daemon off; worker_processes 1; pid ${place}/pid; error_log stderr crit;
    events { worker_connections 4096; }
    http { access_log off; keepalive_requests 1000000; keepalive_timeout 600s; client_body_temp_path ${place}/b; fastcgi_temp_path ${place}/f; proxy_temp_path ${place}/p; uwsgi_temp_path ${place}/u; scgi_temp_path ${place}/s;
      server { listen 127.0.0.1:${port}; default_type application/json;
        location ~ chat/completions { return 200 ${quote(chat)}; }
        location ~ images/generations { return 200 ${quote(image)}; }
 } }`);
  const child = spawn('/usr/sbin/nginx', ['-p', place, '-c', join(place, 'nginx.conf'), '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'inherit'] });
  await until(() => fetch(`http://127.0.0.1:${port}/`).catch(() => null), 5000, 'the upstream');
  return { port, stop: () => new Promise((r) => { child.once('exit', r); child.kill('SIGTERM'); }) };
}

function wrk(url, { connections = 32, script = '', time = seconds } = {}) {
  const file = join(folder, 'wrk.lua');
  writeFileSync(file, `${script}
    done = function(summary, latency)
      io.write(string.format("RESULT %f %d %d %d %d %d\\n", summary.requests / (summary.duration / 1e6), latency:percentile(50), latency:percentile(99),
        summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.timeout, summary.bytes))
    end`);
  const out = execFileSync('wrk', ['-t', '1', '-c', String(connections), '-d', `${time}s`, '--timeout', '30s', '-s', file, url], { encoding: 'utf8' });
  const [rate, p50, p99, bad, broken, bytes] = out.match(/RESULT (.*)/)[1].split(' ').map(Number);
  return { rate, p50: p50 / 1000, p99: p99 / 1000, bad, broken, bytes };
}
const post = (body, headers) => `
  wrk.method = "POST"; wrk.body = [[${body}]]
  ${Object.entries(headers).map(([k, v]) => `wrk.headers["${k}"] = "${v}"`).join('\n')}`;

// Rounds of A and B in turn, so that what else the machine does hits both.
function inTurn(a, b) {
  const left = [], right = [];
  for (let i = 0; i < rounds; i++) { left.push(a()); right.push(b()); }
  const middle = (list) => Object.fromEntries(Object.keys(list[0]).map((k) => [k, median(list.map((r) => r[k]))]));
  const ratio = median(left.map((r, i) => r.rate / right[i].rate)); // of neighbours in time: the machine is not equally fast all the while
  return [middle(left), middle(right), left.concat(right).reduce((n, r) => n + r.bad + r.broken, 0), ratio];
}

async function benchGateway() {
  const upstream = await immediateUpstream();
  const site = await startSite({ testing: true, env: { LETHE_SANDBOX: '', AZURE_OPENAI_BASE_URL: `http://127.0.0.1:${upstream.port}`, AZURE_OPENAI_API_KEY: 'bench', AZURE_OPENAI_CHAT_DEPLOYMENT: 'chat', AZURE_OPENAI_IMAGE_DEPLOYMENT: 'image' } });
  const port = await freePort();
  const gateway = spawn(process.execPath, ['--import', join(root, 'tests/bench/loopback.mjs'), join(root, 'tests/node_modules/@portkey-ai/gateway/build/start-server.js'), `--port=${port}`, '--headless'],
    { stdio: 'ignore', env: { ...process.env, NODE_ENV: 'production' } });
  try {
    await until(() => fetch(`http://127.0.0.1:${port}/`).catch(() => null), 20000, 'the gateway');
    const ours = (count, time) => wrk(`${site.url}/api/generate`, { time, script: post(JSON.stringify({ description: 'A calm shop for paper and ink.', count }), { 'Content-Type': 'application/json', Accept: 'application/json' }) });
    const theirs = () => wrk(`http://127.0.0.1:${port}/v1/images/generations`, { script: post('{"model":"image","prompt":"A calm still life with paper and light."}',
      { 'Content-Type': 'application/json', 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://127.0.0.1:${upstream.port}/v1`, Authorization: 'Bearer bench' }) });
    ours(1, 2);
    const [a, b, errors, ratio] = inTurn(() => ours(1), theirs);
    row('generation, immediate upstream, 32 clients: whole sets (prompts, image, ledger, ZIP)', a.rate, 'sets/s', { beside: 'Portkey gateway, one image call', other: b.rate, ratio, aim: '>= 10', errors });
    row('  p50 of the whole set', a.p50, 'ms', { beside: 'Portkey', other: b.p50, ratio: b.p50 / a.p50 });
    row('  p99 of the whole set', a.p99, 'ms', { beside: 'Portkey', other: b.p99, ratio: b.p99 / a.p99 });
    // The same work on both sides: image calls handed on in a second. A set hands on eight, and its prompts, ledger and ZIP besides.
    const pictures = (r) => ({ ...r, rate: r.rate * SET_MAX });
    const [c, d, failed, perPicture] = inTurn(() => pictures(ours(SET_MAX)), theirs);
    row(`  in sets of ${SET_MAX}: pictures`, c.rate, 'pictures/s', { beside: 'Portkey gateway, image calls', other: d.rate, ratio: perPicture, aim: '>= 10', errors: failed });
  } finally { gateway.kill('SIGKILL'); await site.stop(); await upstream.stop(); }
}

function memory(site) {
  let kib = 0;
  const by = {};
  for (const { pid, name } of site.processes()) {
    try {
      const pss = Number(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').match(/^Pss:\s+(\d+)/m)[1]);
      kib += pss;
      by[name] = (by[name] || 0) + pss;
    } catch { /* it ended */ }
  }
  return { kib, by };
}

// Sets that wait for their upstream, all at once: begun evenly over a while, so that what is measured is the suite and not this process making
// thousands of connections in one moment; after that, all of them wait for some seconds more.
const crowds = process.env.WAITING ? [Number(process.env.WAITING)] : [2000, 10000];
async function benchWaiting() {
  for (const count of crowds) for (const accept of count > 2000 ? ['text/event-stream'] : ['application/json', 'text/event-stream']) await waitTogether(count, accept);
}

async function waitTogether(count, accept) {
  const upstreamMs = 10000, begunWithinMs = Number(process.env.BEGUN_WITHIN_MS || Math.min(4000 * count / 2000, upstreamMs - 2000));
  // Azure's stand-in, over TLS and HTTP/2, in a process of its own.
  const upstream = spawn(process.execPath, [join(root, 'tests/peers/azure.mjs'), '--tls', '--forget'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const azure = JSON.parse(await new Promise((r) => upstream.stdout.once('data', r)));
  const site = await startSite({ testing: true, env: { LETHE_SANDBOX: '', LETHE_CA_FILE: azure.ca, AZURE_OPENAI_ENDPOINT: azure.url, AZURE_OPENAI_API_KEY: 'test-key', AZURE_OPENAI_IMAGE_DEPLOYMENT: `image--slow:${upstreamMs}` } });
  const agent = new Agent({ keepAlive: false, maxSockets: Infinity });
  const one = () => new Promise((resolve) => {
    const start = process.hrtime.bigint();
    const r = request(`${site.url}/api/generate`, { agent, method: 'POST', headers: { 'content-type': 'application/json', accept } }, (response) => {
      let last = '';
      response.on('data', (d) => { last = (last + d.toString('latin1')).slice(-2000); });
      response.on('end', () => resolve({ whole: response.statusCode === 200 && (accept === 'application/json' || last.includes('\nevent: done\n')), status: response.statusCode, words: last, ms: Number(process.hrtime.bigint() - start) / 1e6 }));
      response.on('error', (error) => resolve({ status: 0, words: error.code, ms: 0 }));
    });
    r.on('error', (error) => resolve({ status: 0, words: error.code, ms: 0 }));
    r.end('{"description":"A calm shop for paper and ink.","count":1,"provider":"azure-openai"}');
  });
  try {
    await one();
    const before = memory(site);
    const all = Array.from({ length: count }, (_, i) => sleep((i * begunWithinMs) / count).then(one));
    await sleep(begunWithinMs + 1500);
    const during = memory(site);
    const answers = await Promise.all(all);
    const failures = {};
    for (const a of answers.filter((x) => !x.whole)) failures[`${a.status} ${a.words.slice(0, 90)}`] = (failures[`${a.status} ${a.words.slice(0, 90)}`] || 0) + 1;
    if (Object.keys(failures).length) console.error(failures);
    const times = answers.filter((a) => a.whole).map((a) => a.ms - upstreamMs).sort((x, y) => x - y);
    row(`${count} generations (${accept}), begun within ${begunWithinMs / 1000} s, each ${upstreamMs / 1000} s upstream: succeeded`, times.length, 'of ' + count, { aim: `${count}` });
    row('  added p50', times[Math.floor(times.length / 2)], 'ms');
    row('  added p99', times[Math.floor(times.length * 0.99)], 'ms', { aim: '<= 500' });
    row('  memory of the suite per waiting request', (during.kib - before.kib) / count, 'KiB', { aim: '<= 64', detail: Object.fromEntries(Object.entries(during.by).map(([k, v]) => [k, ((v - (before.by[k] || 0)) / count).toFixed(1)])) });
  } finally { agent.destroy(); await site.stop(); upstream.kill('SIGTERM'); }
}

// The same file from the same nginx: once through the program and the store, once as if it were a published file of the site.
async function benchDownload() {
  const site = await startSite({ env: { LETHE_SANDBOX: '' } });
  try {
    for (const [name, size, aim, connections] of [['1 KiB', 1024, '>= 0.6', 32], ['10 MiB', 10 << 20, '>= 0.95', 4]]) {
      const { body } = await generate(site, { description: 'A calm shop for paper and ink.', count: 1 });
      const spool = join(site.run, 'spool');
      const file = readdirSync(spool).filter((f) => f.endsWith('.zip')).map((f) => join(spool, f)).at(-1);
      const target = (await latestSpoolFile(spool)) || file;
      writeFileSync(`${target}.new`, Buffer.alloc(size, 7));
      renameSync(`${target}.new`, target);
      symlinkSync(target, join(site.state, 'publish', 'html', 'assets', `${size}.zip`));
      const [a, b, errors, ratio] = inTurn(() => wrk(site.url + body.archive.url, { connections }), () => wrk(`${site.url}/assets/${size}.zip`, { connections }));
      row(`download of a ZIP of ${name}`, a.rate, 'requests/s', { beside: 'nginx, same file', other: b.rate, ratio, aim, errors });
    }
  } finally { await site.stop(); }
}

async function latestSpoolFile(spool) {
  const { statSync } = await import('node:fs');
  const files = readdirSync(spool).filter((f) => f.endsWith('.zip')).map((f) => join(spool, f));
  return files.sort((x, y) => statSync(y).ctimeMs - statSync(x).ctimeMs)[0];
}

async function benchStore() {
  const state = join(folder, 'store');
  mkdirSync(state);
  const out = execFileSync(join(build, 'bench', 'vault_bench'), [state, process.env.ROWS || '5000000'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const found = JSON.parse(out.trim().split('\n').at(-1));
  for (const [name, value] of Object.entries(found)) row(`store: ${name.replaceAll('_', ' ')}`, value, name.endsWith('ms') ? 'ms' : name.includes('ratio') ? 'x' : name.includes('per_s') ? '/s' : '');
}

// A store of a million records, and `lethe check` on it, published and with nginx's configuration, but for the question to the site itself.
function benchCheck() {
  const place = join(folder, 'check');
  const policy = join(root, 'policy/sites/bizimages.xml');
  mkdirSync(place);
  const out = execFileSync(join(build, 'bench', 'check_bench'), [policy, place, process.env.RECORDS || '1000000'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const found = JSON.parse(out);
  const env = { ...process.env, LETHE_STATE: join(place, 'state'), LETHE_RUN: join(place, 'run'), LETHE_POLICY: policy, LETHE_HTML: join(root, 'nginx/html'), LETHE_UNITS: join(build, 'units') };
  layNginx({ runFolder: env.LETHE_RUN, state: env.LETHE_STATE });
  execFileSync(join(build, 'bin', 'lethe'), ['publish'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const times = Array.from({ length: 5 }, () => {
    const start = process.hrtime.bigint();
    spawnSync(join(build, 'bin', 'lethe'), ['check', '--offline'], { env });
    return Number(process.hrtime.bigint() - start) / 1e6;
  });
  row(`lethe check on ${found.records} records`, median(times), 'ms', { aim: '< 1000' });
  for (const [name, value] of Object.entries(found)) if (name.endsWith('_ms')) row(`  ${name.slice(0, -3).replaceAll('_', ' ')}`, value, 'ms');
}

// Lint, diff and the whole publication of the largest policy.
function benchPolicy() {
  const found = JSON.parse(execFileSync(join(build, 'bench', 'policy_bench'), { cwd: root, encoding: 'utf8' }));
  for (const what of ['lint', 'diff', 'publish']) row(`${what} of ${found.file} (${found.bytes} bytes)`, found[`${what}_ms`], 'ms', { aim: '< 100' });
}

// A picture's bytes from the reply into the ZIP, in one process, where a spool is: in memory.
function benchPicture() {
  const place = mkdtempSync(join('/dev/shm', 'lethe-bench-'));
  try {
    const found = JSON.parse(execFileSync(join(build, 'bench', 'picture_bench'), [place], { encoding: 'utf8' }));
    const size = `${(found.bytes / 1e6).toFixed(1)} MB`;
    row(`a picture of ${size} scanned and decoded`, found.decoded_ms, 'ms CPU');
    row('  marked as well', found.marked_ms, 'ms CPU');
    row('  and written into the ZIP', found.one_by_one_ms, 'ms CPU', { aim: '<= 1.5' });
    row('  eight at once', found.eight_at_once_ms, 'ms CPU');
  } finally { rmSync(place, { recursive: true, force: true }); }
}

const all = { gateway: benchGateway, waiting: benchWaiting, download: benchDownload, store: benchStore, check: benchCheck, policy: benchPolicy, picture: benchPicture };
try {
  for (const [name, run] of Object.entries(all)) {
    if (wanted.length && !wanted.includes(name)) continue;
    process.stderr.write(`${name} …\n`);
    await run();
  }
} finally { rmSync(folder, { recursive: true, force: true }); }
const number = (n) => (n === undefined ? '' : typeof n !== 'number' ? String(n) : n >= 100 ? n.toFixed(0) : n >= 1 ? n.toFixed(1) : n.toFixed(3));
for (const r of results.rows)
  console.log(`${r.what.padEnd(92)} ${number(r.value).padStart(9)} ${r.unit.padEnd(11)}${r.beside ? ` ${r.beside}: ${number(r.other)}  ratio ${number(r.ratio)}` : ''}${r.aim ? `  (aim ${r.aim})` : ''}${r.errors ? `  ERRORS ${r.errors}` : ''}`);
if (process.env.DETAIL) for (const r of results.rows) if (r.detail) console.log(JSON.stringify(r.detail));
writeFileSync(join(root, 'build', 'bench.json'), JSON.stringify(results, null, 2));
