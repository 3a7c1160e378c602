// SPDX-License-Identifier: ISC
// nginx alone, with the configuration of the site, in front of programs that are made up here: what reaches them, and what comes back.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, root, until } from './harness.mjs';

const nginxFolder = join(root, 'nginx');
const problems = { 400: 'bad-request', 404: 'not-found', 405: 'method-not-allowed', 412: 'precondition-failed', 413: 'body-too-large',
  414: 'address-too-long', 416: 'range-not-satisfiable', 421: 'wrong-site', 429: 'too-many-requests', 431: 'headers-too-large', 500: 'internal', 501: 'not-implemented',
  503: 'unavailable', 504: 'timeout', 505: 'http-version' };
const asRoot = process.getuid() === 0;
const hasIpv6 = Object.values(networkInterfaces()).flat().some((one) => one.family === 'IPv6');

// A FastCGI record as bytes.
function record(type, content) {
  const head = Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0]);
  return Buffer.concat([head, content]);
}

function paramsOf(bytes) {
  const params = {};
  for (let at = 0; at < bytes.length;) {
    const lengths = [0, 0].map(() => {
      const long = bytes[at] & 128;
      const length = long ? bytes.readUInt32BE(at) & 0x7fffffff : bytes[at];
      at += long ? 4 : 1;
      return length;
    });
    params[bytes.toString('latin1', at, at + lengths[0])] = bytes.toString('latin1', at + lengths[0], at + lengths[0] + lengths[1]);
    at += lengths[0] + lengths[1];
  }
  return params;
}

// A program on a Unix socket. handle({params, body, socket, write(text), end(), keep()}) is called when the whole request is there.
export async function startProgram(path, handle) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    let rest = Buffer.alloc(0);
    let parts = { 4: [], 5: [] };
    socket.on('data', (piece) => {
      rest = Buffer.concat([rest, piece]);
      while (rest.length >= 8 && rest.length >= 8 + rest.readUInt16BE(4) + rest[6]) {
        const type = rest[1];
        const content = rest.subarray(8, 8 + rest.readUInt16BE(4));
        rest = rest.subarray(8 + content.length + rest[6]);
        if (content.length) parts[type]?.push(content);
        else if (type === 5) {
          const { 4: params, 5: body } = parts;
          const last = Buffer.concat([record(6, Buffer.alloc(0)), record(3, Buffer.alloc(8))]);
          parts = { 4: [], 5: [] };
          handle({
            params: paramsOf(Buffer.concat(params)), body: Buffer.concat(body), socket,
            write: (text) => { for (let b = Buffer.from(text); b.length; b = b.subarray(32768)) socket.write(record(6, b.subarray(0, 32768))); },
            end: () => socket.end(last),
            keep: () => socket.write(last), // the end of the answer, not of the connection
          });
        }
      }
    });
  });
  await new Promise((r) => server.listen(path, r));
  chmodSync(path, 0o666);
  return { close: () => { for (const s of sockets) s.destroy(); return new Promise((r) => server.close(r)); } };
}

// Folders, published files and the configuration `name` filled in. `change` may alter each file's text before it is written.
export async function fill(name, change = (text) => text) {
  const base = mkdtempSync(join(tmpdir(), 'lethe-nginx-'));
  const at = { base, run: join(base, 'run'), state: join(base, 'state'), snippets: join(base, 'snippets'), port: await freePort(),
    plainPort: await freePort(), cert: join(base, 'cert.pem'), key: join(base, 'key.pem'), config: join(base, name) };
  const html = join(at.state, 'publish', 'html');
  chmodSync(base, 0o755);
  for (const folder of [join(at.run, 'nginx'), join(at.run, 'spool'), at.snippets, join(html, 'assets'), join(html, '.well-known'), join(at.state, 'publish', 'nginx')])
    mkdirSync(folder, { recursive: true });
  for (const page of ['index', 'privacy', 'subprocessors', 'rights', '404', '405', '413', '429', '50x'])
    writeFileSync(join(html, `${page}.html`), `<!doctype html><title>${page}</title>${' filler'.repeat(300)}`);
  for (const file of ['privacy.json', 'subprocessors.csv', 'subprocessors.md', 'subprocessors.txt', 'subprocessors.xml', 'subprocessors.atom', 'assets/app.css',
    'assets/app.js', 'assets/favicon.svg', '.well-known/gpc.json', '.well-known/security.txt', 'secret.json', '.hidden'])
    writeFileSync(join(html, file), `${file}\n`);
  for (const name of ['headers.conf', 'verify.conf']) writeFileSync(join(at.state, 'publish', 'nginx', name), 'add_header X-From-Policy yes always;\n');
  writeFileSync(join(at.state, 'publish', 'nginx', 'connections.conf'), 'worker_connections 1024;\n');
  for (const file of ['cookies.conf', 'clear.conf']) writeFileSync(join(at.state, 'publish', 'nginx', file), '');
  writeFileSync(join(at.state, 'publish', 'nginx', 'problems.conf'), `map "" $lethe_language { default ""; }\nmap $status $lethe_problem {\n${Object.entries(problems)
    .map(([status, slug]) => `${status} '{"type":"/problems/${slug}","title":"Title","status":${status},"detail":"Words."}\\n';\n`).join('')}}\n`);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=site.example',
    '-keyout', at.key, '-out', at.cert], { stdio: 'ignore' });
  const values = { RUN: at.run, STATE: at.state, SNIPPETS: at.snippets, LISTEN: `127.0.0.1:${at.port}`, USER: asRoot ? 'user www-data;' : '', PROXIED: '',
    SERVER_NAME: 'site.example', CERT: at.cert, CERT_KEY: at.key };
  const filled = (text) => text.replace(/@([A-Z_]+)@/g, (whole, key) => values[key] ?? whole);
  const put = (from, to) => writeFileSync(to, change(filled(readFileSync(from, 'utf8')), from));
  for (const file of readdirSync(join(nginxFolder, 'snippets'))) put(join(nginxFolder, 'snippets', file), join(at.snippets, file));
  put(join(nginxFolder, name), at.config);
  if (name === 'lethe.conf') usePorts(at);
  if (asRoot) for (const folder of ['', 'nginx', 'spool']) chownSync(join(at.run, folder), 33, 33);
  at.discard = () => rmSync(base, { recursive: true, force: true });
  return at;
}

// The deployed configuration on ports that anybody may open.
function usePorts(at) {
  const ports = (text) => text.replace(/listen 443/g, `listen 127.0.0.1:${at.port}`).replace(/listen 80/g, `listen 127.0.0.1:${at.plainPort}`)
    .replace(/listen \[::\]:443/g, `listen [::1]:${at.port}`).replace(/listen \[::\]:80/g, `listen [::1]:${at.plainPort}`);
  const change = (file) => writeFileSync(file, ports(readFileSync(file, 'utf8')));
  change(at.config);
  // As nginx's unit does before it starts.
  const more = `${at.run}-nginx`;
  mkdirSync(more);
  execFileSync('sh', [join(root, 'systemd/nginx-listeners'), more]);
  for (const file of readdirSync(more)) change(join(more, file));
}

// What `nginx -t` says; throws when it refuses.
export const testConfig = (at) => execFileSync('nginx', ['-t', '-q', '-e', 'stderr', '-c', at.config], { stdio: ['ignore', 'pipe', 'pipe'] }).toString();

export async function startNginx(at) {
  const words = ['-e', 'stderr', '-c', at.config, ...(at.config.endsWith('run.conf') ? [] : ['-g', 'daemon off;'])];
  const child = spawn('nginx', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (d) => { errors += d; });
  const ended = new Promise((r) => child.once('exit', r));
  const open = () => new Promise((r) => {
    const socket = connect(at.port, '127.0.0.1', () => { socket.destroy(); r(true); }).on('error', () => r(child.exitCode !== null));
  });
  await until(open, 10000, 'nginx');
  if (child.exitCode !== null) throw new Error(`nginx did not start:\n${errors}`);
  return { errors: () => errors, stop: () => { child.kill('SIGTERM'); return ended; } };
}

// One request: {status, headers, body}. `from` is a loopback address to come from.
export function ask(at, path, { method = 'GET', headers = {}, body, from } = {}) {
  return new Promise((resolve, reject) => {
    const out = request({ host: '127.0.0.1', port: at.port, path, method, headers, localAddress: from, agent: false }, (answer) => {
      const pieces = [];
      answer.on('data', (d) => pieces.push(d)).on('error', reject)
        .on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(pieces).toString() }));
    });
    out.on('error', reject);
    out.end(body);
  });
}
