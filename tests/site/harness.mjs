// SPDX-License-Identifier: ISC
// Starts a whole site — the real nginx and the real programs — on free ports and folders of its own, and ends it without a trace.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, readdirSync, readFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const build = join(root, 'build', process.env.VARIANT || 'release');
export const lethe = join(build, 'bin', 'lethe');

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createTcpServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

// Waits until `check` answers something true; fails after four times `ms`, which is what a machine takes that does nothing else.
export async function until(check, ms = 10000, what = 'the condition') {
  const end = Date.now() + 4 * ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what} did not come within ${4 * ms} ms`);
    await sleep(20);
  }
}

// Process ids below `pid`, with their names.
export function processesBelow(pid) {
  const parents = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const close = stat.lastIndexOf(')');
      const parent = Number(stat.slice(close + 2).split(' ')[1]);
      const name = stat.slice(stat.indexOf('(') + 1, close);
      if (!parents.has(parent)) parents.set(parent, []);
      parents.get(parent).push({ pid: Number(entry), name });
    } catch { /* it ended meanwhile */ }
  }
  const found = [];
  const walk = (p) => { for (const c of parents.get(p) || []) { found.push(c); walk(c.pid); } };
  walk(pid);
  return found;
}

// A policy whose ZIPs lie on a disk, sealed.
export function policyWithDisk(folder) {
  const policy = join(folder, 'policy.xml');
  writeFileSync(policy, readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8')
    .replace('<kind id="archive"', '<kind id="archive" place="disk"')
    .replace(/ *<promise id="no-disk".*\n/g, ''));
  return policy;
}

// A policy that asks who wants a restriction to show that they read the mails of their address.
export function policyWithMail(folder) {
  const policy = join(folder, 'policy.xml');
  const text = readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8');
  writeFileSync(policy, text.replace('<right id="restriction" verify="receipt">', '<right id="restriction" verify="mail">'));
  return policy;
}

function folders() {
  const base = mkdtempSync(join(tmpdir(), 'lethe-site-'));
  const run = mkdtempSync('/dev/shm/lethe-t-');
  return { base, run, state: join(base, 'state') };
}

// Environment of a site: ours without anything that configures one.
function cleanEnvironment(extra) {
  const env = { ...process.env };
  for (const name of Object.keys(env))
    if (/^(LETHE_|AZURE_|OPENAI_|OPENROUTER_|DEEPSEEK_|ARK_|FAL_|REPLICATE_|DASHSCOPE_|CLOUDFLARE_)/.test(name) || name === 'NODE_TEST_CONTEXT') delete env[name];
  return { ...env, LETHE_SANDBOX: 'kill', LETHE_EGRESS_DAILY: '0', ...extra };
}

export const faketime = () => execFileSync('sh', ['-c', 'ls /usr/lib/*/faketime/libfaketimeMT.so.1'], { encoding: 'utf8' }).trim();

// Options: site (name below policy/sites) or policy (path), env, testing, keep (folders to start on again: what stop({keep:true}) gave),
// wrap (words before the program), clock (how far it is ahead, as '+61m': not by faketime(1), which would stand between the site and the signal
// that ends it, and the library needs calls that the sandbox has not).
export async function startSite({ site = 'bizimages', policy, env = {}, testing = false, keep, wrap = [], clock } = {}) {
  if (clock) {
    wrap = ['env', `LD_PRELOAD=${faketime()}`, `FAKETIME=${clock}`, ...wrap];
    env = { ...env, LETHE_SANDBOX: '' };
  }
  const at = keep || folders();
  mkdirSync(at.run, { recursive: true });
  const port = await freePort();
  const words = [
    ...wrap, join(build, 'bin', 'lethe-run'),
    '--policy', policy || join(root, 'policy', 'sites', `${site}.xml`),
    '--state', at.state, '--run', at.run, '--bin', join(build, 'bin'),
    '--html', join(root, 'nginx', 'html'), '--nginx', join(root, 'nginx'),
    '--listen', `127.0.0.1:${port}`, ...(testing ? ['--testing'] : []),
  ];
  const child = spawn(words[0], words.slice(1), { env: cleanEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let errors = '';
  child.stdout.on('data', (d) => { out += d; });
  child.stderr.on('data', (d) => { errors += d; });
  const ended = new Promise((r) => child.once('exit', (code, signal) => r({ code, signal })));
  const said = new Promise((r) => child.once('close', r)); // what it said may be read after its end
  const first = await Promise.race([ended, until(() => out.includes('Lethe serves') || child.exitCode !== null, 40000, 'the site').catch((e) => e)]);
  if (!out.includes('Lethe serves')) {
    child.kill('SIGKILL');
    await said;
    discard(at);
    const error = new Error(`the site did not start (${JSON.stringify(first)}):\n${errors}`);
    error.output = errors;
    error.exit = first;
    throw error;
  }
  return siteHandle({ child, at, port, ended, output: () => out + errors, env: cleanEnvironment(env) });
}

function discard(at) {
  rmSync(at.base, { recursive: true, force: true });
  rmSync(at.run, { recursive: true, force: true });
}

function siteHandle({ child, at, port, ended, output, env }) {
  const url = `http://127.0.0.1:${port}`;
  const settings = { ...env, LETHE_STATE: at.state, LETHE_RUN: at.run, LETHE_HTML: join(root, 'nginx', 'html') };
  return {
    url, port, state: at.state, run: at.run, base: at.base, pid: child.pid, output, ended,
    processes: () => processesBelow(child.pid),
    // The pid of one program: 'generate', 'nginx' (the master) …
    program: (name) => processesBelow(child.pid).find((p) => p.name === name)?.pid,
    // Runs the officer's command on this site. Options: input, wrap.
    officer(words, { input, wrap = [], policy, more = {} } = {}) {
      return runOfficer(words, { input, wrap, env: { ...settings, LETHE_POLICY: policy || env.LETHE_POLICY || join(root, 'policy', 'sites', 'bizimages.xml'), ...more } });
    },
    // The same, while peers in this process go on answering.
    officerBeside(words, { input = '' } = {}) {
      const beside = spawn(lethe, words, { env: { ...settings, LETHE_POLICY: env.LETHE_POLICY || join(root, 'policy', 'sites', 'bizimages.xml') } });
      let stdout = '', stderr = '';
      beside.stdout.on('data', (d) => { stdout += d; });
      beside.stderr.on('data', (d) => { stderr += d; });
      beside.stdin.on('error', () => {}); // it may have ended without reading
      beside.stdin.end(input);
      return new Promise((done) => { beside.once('close', (code) => done({ code, stdout, stderr })); });
    },
    async stop({ keep = false, signal = 'SIGTERM' } = {}) {
      child.kill(signal);
      const how = await ended;
      if (!keep) discard(at);
      return { ...how, keep: at };
    },
  };
}

// Runs `lethe`; never throws for its exit code.
export function runOfficer(words, { input = '', wrap = [], env = process.env } = {}) {
  const all = [...wrap, lethe, ...words];
  const { status, stdout, stderr, error } = spawnSync(all[0], all.slice(1), { env, input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status === null) throw error ?? new Error(`${words[0]} was ended`);
  return { code: status, stdout, stderr };
}

// The server-sent events of an answer as {event, data} and, where it has a number, id.
export async function* eventsOf(response) {
  let rest = '';
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    rest += piece;
    for (let end; (end = rest.indexOf('\n\n')) >= 0; rest = rest.slice(end + 2)) {
      const lines = rest.slice(0, end).split('\n');
      const event = lines.find((l) => l.startsWith('event:'))?.slice(6).trim();
      const data = lines.filter((l) => l.startsWith('data:')).map((l) => l.slice(5).trim()).join('\n');
      const id = Number(lines.find((l) => l.startsWith('id:'))?.slice(3));
      if (event) yield { event, data: JSON.parse(data), ...(id ? { id } : {}) };
    }
  }
}

// POSTs a generation and yields its server-sent events as {event, data}.
export async function* generateEvents(site, fields, { signal, headers = {} } = {}) {
  const response = await fetch(`${site.url}/api/generate`, {
    method: 'POST', signal,
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify(fields),
  });
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    yield { event: 'http', status: response.status, data: await response.json().catch(() => null) };
    return;
  }
  yield* eventsOf(response);
}

// One generation as one JSON object: {status, headers, body}.
export async function generate(site, fields, headers = {}) {
  const response = await fetch(`${site.url}/api/generate`, {
    method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    body: JSON.stringify(fields),
  });
  const text = await response.text();
  let body;
  try { body = JSON.parse(text); } catch { body = text; }
  return { status: response.status, headers: response.headers, body };
}

// A web server on loopback for pages to read; `handle` as in node:http. close() ends it and every connection.
export async function startPages(handle) {
  const server = createServer(handle);
  await new Promise((r) => server.listen(0, '127.0.0.1', r));
  return {
    url: `http://127.0.0.1:${server.address().port}`, port: server.address().port,
    close: () => new Promise((r) => { server.closeAllConnections(); server.close(r); }),
  };
}

// Bytes exactly as given to the port, the answer as text: for requests that no client would send.
export function rawRequest(port, text, { ms = 5000 } = {}) {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setTimeout(ms, () => socket.destroy());
    socket.on('data', (d) => { answer += d.toString('latin1'); });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}

// Every regular file below the folders whose bytes hold the marker.
export function filesHolding(marker, where) {
  const found = [];
  const needle = Buffer.from(marker);
  const walk = (path) => {
    let entries;
    try { entries = readdirSync(path, { withFileTypes: true }); } catch { return; }
    for (const entry of entries) {
      const full = join(path, entry.name);
      if (entry.isDirectory()) walk(full);
      else if (entry.isFile()) {
        try { if (readFileSync(full).includes(needle)) found.push(full); } catch { /* it went meanwhile */ }
      }
    }
  };
  for (const folder of where) if (existsSync(folder)) walk(folder);
  return found;
}
