// SPDX-License-Identifier: ISC
// A disk that fails to sync: who asked is told that it did not work, the program ends, because nobody knows what reached the disk, and the next one looks
// the stores over before it goes on.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { sleep, startSite, until } from './harness.mjs';

const traced = (() => { try { execFileSync('strace', ['-V'], { stdio: 'ignore' }); return process.getuid() !== 0 && 'needs root to trace'; } catch { return 'no strace'; } })();

for (const [what, when] of [['once', '1'], ['for good', '1+']]) {
  test(`a sync that fails ${what}: the answer says so, the program ends, and the next goes on with whole stores`, { skip: traced }, async (t) => {
    const site = await startSite({ env: { LETHE_SANDBOX: '' } }); // which takes the call that strace makes of it for a forbidden one
    const ask = (key, fields) => fetch(`${site.url}/api/rights`, { method: 'POST', headers: { 'content-type': 'application/json', ...key && { 'idempotency-key': key } }, body: JSON.stringify({ right: 'access', contact: 'someone@example.org', ...fields }) });
    const listed = () => JSON.parse(site.officer(['requests', 'list', '--format', 'json']).stdout).map(({ id }) => id);
    try {
      const first = await (await ask()).json(), key = randomUUID(), program = site.program('rights');
      const tracer = spawn('strace', ['-f', '-qq', '-o', '/dev/null', '-p', String(program), '-e', 'trace=fdatasync,fsync', '-e', `inject=fdatasync,fsync:error=EIO:when=${when}`], { stdio: 'ignore' });
      await sleep(800);
      const statuses = [];
      for (let i = 0; i < 20 && site.program('rights') === program; i++) {
        statuses.push(await ask(key).then((r) => r.status, () => 0));
        await sleep(100);
      }
      await until(() => ![undefined, program].includes(site.program('rights')), 15000, 'the next program');
      tracer.kill('SIGKILL');
      await until(async () => (await fetch(`${site.url}/healthz`).catch(() => ({}))).status === 200, 15000, 'a healthy site');
      assert.ok(statuses.length > 0 && statuses.every((s) => s === 0 || s >= 500), `${statuses}`);
      assert.match(site.output(), /rights: the outcome of a commit is unknown/);
      // Who sends it again until there is an answer has one request, whichever of them reached the disk; with other fields it is another one.
      const answers = [];
      for (const [k, fields] of [[key], [`"${key}"`], [key, { message: 'more' }], ['too-short']]) answers.push(await ask(k, fields));
      assert.deepEqual(answers.map((r) => r.status), [201, 201, 201, 400]);
      const [next, again, other] = await Promise.all(answers.map((r) => r.json()));
      assert.deepEqual(again, next);
      assert.notEqual(other.id, next.id);
      assert.notEqual(other.secret, next.secret);
      const ids = listed();
      assert.deepEqual(ids.sort(), [first.id, next.id, other.id].sort());
      const audit = site.officer(['audit', 'verify']);
      assert.equal(audit.code, 0, audit.stdout + audit.stderr);
      t.diagnostic(`answers meanwhile: ${statuses}; ${ids.length} requests stored`);
    } finally { await site.stop(); }
  });
}
