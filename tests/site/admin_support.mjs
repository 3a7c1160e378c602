// SPDX-License-Identifier: ISC
// The officer's command on stores of its own, and a stand-in for egress that answers one status.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lethe, root } from './harness.mjs';

const memory = () => {
  try { accessSync('/dev/shm', 7); return '/dev/shm'; } catch { return tmpdir(); }
};

// Fills in nginx's configuration for the place, as lethe-run does. Nothing listens there.
export function layNginx(p, listen = '127.0.0.1:9') {
  const values = { RUN: p.runFolder, STATE: p.state, SNIPPETS: join(p.runFolder, 'nginx/snippets'), LISTEN: listen, USER: process.getuid() === 0 ? 'user root;' : '', PROXIED: '' };
  const fill = (from, to) => writeFileSync(to, readFileSync(from, 'utf8').replace(/@([A-Z_]+)@/g, (whole, key) => values[key] ?? whole));
  mkdirSync(values.SNIPPETS, { recursive: true });
  for (const file of readdirSync(join(root, 'nginx/snippets'))) fill(join(root, 'nginx/snippets', file), join(values.SNIPPETS, file));
  fill(join(root, 'nginx/run.conf'), join(p.runFolder, 'nginx/nginx.conf'));
  return join(p.runFolder, 'nginx/nginx.conf');
}

// A fresh place with stores. `t` is the test that it ends with. Its run() gives {status, stdout, stderr}.
export function place(t, { init = true } = {}) {
  const base = mkdtempSync(join(tmpdir(), 'lethe-admin-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const state = join(base, 'state');
  // Where there is memory to put it into, as the site has it.
  const runFolder = mkdtempSync(join(memory(), 'lethe-run-'));
  t.after(() => rmSync(runFolder, { recursive: true, force: true }));
  chmodSync(runFolder, 0o755);
  chmodSync(base, 0o755);
  const env = {};
  for (const [name, value] of Object.entries(process.env))
    if (!/^(LETHE_|AZURE_|OPENAI_|CREDENTIALS_DIRECTORY|NODE_TEST_CONTEXT)/.test(name)) env[name] = value;
  Object.assign(env, { LETHE_STATE: state, LETHE_RUN: runFolder, LETHE_POLICY: join(root, 'policy/sites/bizimages.xml'), LETHE_HTML: join(root, 'nginx/html') });
  const run = (words, { input = '', wrap = [], env: extra = {} } = {}) => {
    const [program, ...rest] = [...wrap, lethe, ...words];
    // A session of its own has no terminal to ask on.
    const result = spawnSync('setsid', ['-w', program, ...rest], { input, env: { ...env, ...extra }, encoding: 'utf8', timeout: 60000 });
    if (result.error) throw result.error;
    return { status: result.status, stdout: result.stdout, stderr: result.stderr };
  };
  if (init) {
    const made = run(['keys', 'init']);
    if (made.status !== 0) throw new Error(`keys init: ${made.stderr}`);
  }
  return { base, state, runFolder, run, env };
}

// Answers each question on egress.sock with `status` (an object, or the bytes of a whole answer), in a process of its own because run() waits.
export async function fakeEgress(t, runFolder, status) {
  let answer = status;
  if (!Buffer.isBuffer(status)) {
    const head = Buffer.from(JSON.stringify(status));
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32BE(head.length, 0);
    answer = Buffer.concat([lengths, head]);
  }
  const program = fileURLToPath(new URL('./admin_egress.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, join(runFolder, 'egress.sock'), answer.toString('hex')], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', reject);
  });
}
