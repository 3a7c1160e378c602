// SPDX-License-Identifier: ISC
// egress alone (the testing build) on a socket of its own, and calls to it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, root, until } from './harness.mjs';

// A listening socket handed over as descriptor 0, as systemd does it.
export async function startEgress(env) {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-egress-'));
  const server = createServer();
  await new Promise((r) => { server.listen({ path: join(folder, 'first'), backlog: 4096 }, r); });
  const path = join(folder, 'egress.sock');
  renameSync(join(folder, 'first'), path); // Node would unlink the name it knows
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(LETHE_|AZURE_|OPENAI_|SMTP_)/.test(name)));
  const child = spawn(join(build, 'testing', 'egress'), [], {
    env: { ...clean, LETHE_POLICY: join(root, 'policy/sites/bizimages.xml'), LETHE_STATE: folder, LETHE_SANDBOX: 'kill', LETHE_EGRESS_DAILY: '0', ...env },
    stdio: [server._handle.fd, 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (d) => { errors += d; });
  const ended = new Promise((r) => { child.once('exit', (code, signal) => r({ code, signal })); });
  server.close();
  await Promise.race([ended, until(() => errors.includes('egress: ready'), 20000, 'egress')]);
  return {
    path, pid: child.pid, errors: () => errors,
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]),
    async stop() {
      child.kill('SIGTERM');
      const how = await ended;
      rmSync(folder, { recursive: true, force: true });
      assert.deepEqual(how, { code: 0, signal: null }, errors);
    },
  };
}

export const job = (more = {}) => ({
  op: 'send', processor: 'azure-openai', method: 'POST', path: '/openai/v1/images/generations', headers: { 'content-type': 'application/json' },
  kinds: ['prompt'], deadline_ms: 20000, repeatable: true, ...more,
});
export const picture = (more = {}) => JSON.stringify({ model: 'gpt-image-2', prompt: 'A bakery', n: 1, size: '64x64', quality: 'low', output_format: 'png', ...more });

// One job. Answers {head, body}; `signal` closes the connection.
export function askEgress(egress, head, text = Buffer.alloc(0), { signal } = {}) {
  return new Promise((resolve, reject) => {
    const body = Buffer.from(text);
    const socket = connect(egress.path);
    const pieces = [];
    const words = Buffer.from(JSON.stringify(head));
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32BE(words.length, 0);
    lengths.writeUInt32BE(body.length, 4);
    socket.write(Buffer.concat([lengths, words, body]));
    signal?.addEventListener('abort', () => { socket.destroy(); reject(new Error('left')); });
    socket.on('data', (d) => pieces.push(d));
    socket.on('error', reject);
    socket.on('close', () => {
      const all = Buffer.concat(pieces);
      if (all.length < 8) return reject(new Error('no answer'));
      const size = all.readUInt32BE(0);
      return resolve({ head: JSON.parse(all.subarray(8, 8 + size)), body: all.subarray(8 + size) });
    });
  });
}
