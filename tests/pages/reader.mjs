// SPDX-License-Identifier: ISC
// The program `worker` alone, on a socket of its own, to read pages with.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../site/harness.mjs';

export async function startReader() {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-reader-'));
  const listener = createServer();
  await new Promise((r) => { listener.listen({ path: join(folder, 'first'), backlog: 128 }, r); });
  const path = join(folder, 'worker.sock');
  renameSync(join(folder, 'first'), path); // Node would unlink the name it knows
  const child = spawn(join(build, 'bin', 'worker'), [], { env: { ...process.env, LETHE_SANDBOX: 'kill' }, stdio: [listener._handle.fd, 'ignore', 'inherit'] });
  const ended = new Promise((r) => { child.once('exit', (code, signal) => r({ code, signal })); });
  listener.close();
  return {
    // The facts of a page, or {error}.
    read(bytes, type) {
      return new Promise((resolve, reject) => {
        const head = Buffer.from(JSON.stringify({ op: 'page', ...(type === undefined ? {} : { type }), url: '' }));
        const lengths = Buffer.alloc(8);
        lengths.writeUInt32BE(head.length, 0);
        lengths.writeUInt32BE(bytes.length, 4);
        const socket = connect(path, () => socket.write(Buffer.concat([lengths, head, bytes])));
        const parts = [];
        socket.on('data', (d) => parts.push(d));
        socket.on('error', reject);
        socket.on('close', () => {
          const all = Buffer.concat(parts);
          if (all.length < 8) reject(new Error('the worker did not answer'));
          else resolve(JSON.parse(all.toString('utf8', 8, 8 + all.readUInt32BE(0))));
        });
      });
    },
    async stop() {
      child.kill('SIGTERM');
      const how = await ended;
      rmSync(folder, { recursive: true, force: true });
      assert.deepEqual(how, { code: 0, signal: null });
    },
  };
}
