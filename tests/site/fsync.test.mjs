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

// The n-th sync of the program fails: the request's, that of the generation, that of the set that is there; the visitor sends the same until there is an answer.
test('a set that is sent again with its key, whichever sync failed, is one set', { skip: traced }, async (t) => {
  const site = await startSite({ env: { LETHE_SANDBOX: '' } });
  const kept = async () => (await (await fetch(`${site.url}/privacy/live.json`)).json()).kinds.find((k) => (k.name || k.kind) === 'archive').count;
  const found = [];
  try {
    for (let n = 1; n <= 4; n++) {
      const key = randomUUID(), program = site.program('generate'), before = await kept();
      const ask = (accept = 'application/json') => fetch(`${site.url}/api/generate`, { method: 'POST', headers: { accept, 'content-type': 'application/json', 'idempotency-key': key }, body: JSON.stringify({ description: 'A florist with a greenhouse full of ferns.', count: 1 }) });
      const tracer = spawn('strace', ['-f', '-qq', '-o', '/dev/null', '-p', String(program), '-e', 'trace=fdatasync,fsync', '-e', `inject=fdatasync,fsync:error=EIO:when=${n}`], { stdio: 'ignore' });
      await sleep(800);
      const first = await ask().then(async (r) => [r.status, await r.text()], () => [0, '']);
      if (first[0] !== 200) await until(() => ![undefined, program].includes(site.program('generate')), 15000, 'the next program');
      tracer.kill('SIGKILL');
      await until(async () => (await fetch(`${site.url}/healthz`).catch(() => ({}))).status === 200, 15000, 'a healthy site');
      const answers = [];
      for (let i = 0; i < 2; i++) {
        const answer = await ask();
        assert.equal(answer.status, 200);
        answers.push(await answer.json());
      }
      assert.deepEqual(answers[1], answers[0]);
      if (first[0] === 200) assert.deepEqual(answers[0], JSON.parse(first[1]));
      else assert.ok(first[0] === 0 || first[0] >= 500, `${first}`);
      assert.equal(answers[0].images.length, 1);
      assert.equal(answers[0].prompts.length, 1);
      assert.equal((await fetch(site.url + answers[0].archive.url)).status, 200);
      const events = await (await ask('text/event-stream')).text();
      assert.ok(events.includes('event: done') && events.includes(answers[0].receipt));
      assert.equal(await kept(), before + 1, `after the ${n}. sync failed`);
      found.push(first[0]);
    }
    // Two at once: one makes it, the other is told so, or comes late enough to get the same.
    const key = randomUUID(), before = await kept();
    const both = await Promise.all([1, 2].map(() => fetch(`${site.url}/api/generate`, { method: 'POST', headers: { accept: 'application/json', 'content-type': 'application/json', 'idempotency-key': key }, body: JSON.stringify({ description: 'A florist with a greenhouse full of ferns.', count: 2 }) })));
    assert.ok(both.some((r) => r.status === 200) && both.every((r) => [200, 409].includes(r.status)), `${both.map((r) => r.status)}`);
    assert.equal(await kept(), before + 1);
    const audit = site.officer(['audit', 'verify']);
    assert.equal(audit.code, 0, audit.stdout + audit.stderr);
    assert.ok(found.some((status) => status !== 200), `${found}`);
    t.diagnostic(`answers while the n-th sync failed: ${found}`);
  } finally { await site.stop(); }
});
