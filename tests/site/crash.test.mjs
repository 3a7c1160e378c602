// SPDX-License-Identifier: ISC
// Bad days: programs die, the disk is full, the site stops and starts. What was acknowledged is there afterwards.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { renameSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { generate, startSite, until } from './harness.mjs';

const fields = { description: 'A florist with a greenhouse full of ferns, citrus trees and dried bouquets.', count: 1 };
const healthy = (site) => until(async () => (await fetch(`${site.url}/healthz`).catch(() => ({}))).status === 200, 15000, 'a healthy site');

test('kill -9 of any program loses nothing that was acknowledged', async () => {
  const site = await startSite();
  try {
    const made = [];
    for (const name of ['generate', 'download', 'rights', 'egress', 'worker', 'nginx']) {
      const { status, body } = await generate(site, fields);
      assert.equal(status, 200, name);
      made.push(body);
      process.kill(site.program(name), 'SIGKILL');
      await healthy(site);
      await until(async () => (await fetch(site.url + made[0].archive.url, { method: 'HEAD' }).catch(() => ({}))).status === 200, 10000, `downloads after ${name}`);
    }
    for (const { archive } of made) assert.equal((await fetch(site.url + archive.url)).status, 200);
    const audit = site.officer(['audit', 'verify']);
    assert.equal(audit.code, 0, audit.stdout + audit.stderr);
    const live = await (await fetch(`${site.url}/privacy/live.json`)).json();
    assert.equal(live.kinds.find((k) => (k.name || k.kind) === 'archive').count, made.length);
  } finally { await site.stop(); }
});

// Who is not ready gets no visitors; who is not alive is started again.
test('/healthz?ready is what /healthz says, /healthz?live that the program answers, whoever else is down', async () => {
  const site = await startSite();
  try {
    const asked = async (query) => { const answer = await fetch(`${site.url}/healthz${query}`); return [answer.status, await answer.json()]; };
    assert.equal((await asked('?ready'))[0], 200);
    const socket = join(site.run, 'egress.sock');
    renameSync(socket, `${socket}.away`);
    await until(async () => (await asked('?ready'))[0] === 503, 5000, 'a site that is not ready');
    assert.deepEqual((await asked('?ready'))[1].down, ['egress']);
    assert.deepEqual(await asked('?live'), [200, { ok: true }]);
    renameSync(`${socket}.away`, socket);
    await until(async () => (await asked('?ready'))[0] === 200, 5000, 'a site that is ready again');
    // Another policy in force: until the program was started again under it, it is not ready. It may be quicker than we are; so again.
    const active = join(site.state, 'policy/active.xml');
    await until(async () => { utimesSync(active, new Date(), new Date()); return (await asked('?ready').catch(() => [0, {}]))[1].down?.includes('policy'); }, 15000, 'a program that knows that its policy is not the one in force');
  } finally { await site.stop(); }
});

// A program that is there and does not answer is as good as none; one whose socket is gone is known at once.
test('/healthz says within three seconds who is down, and when all are up again', async () => {
  const site = await startSite();
  try {
    const health = async () => { const answer = await fetch(`${site.url}/healthz`); return [answer.status, (await answer.json()).down.join()]; };
    const says = (...wanted) => until(async () => (await health()).join(' ') === wanted.join(' '), 3000, `/healthz with ${wanted}`);
    await says(200, '');
    for (const name of ['worker', 'egress']) {
      const socket = join(site.run, `${name}.sock`), pid = site.program(name);
      process.kill(pid, 'SIGSTOP');
      try { await says(503, name); } finally { process.kill(pid, 'SIGCONT'); }
      await says(200, '');
      renameSync(socket, `${socket}.away`);
      await says(503, name);
      renameSync(`${socket}.away`, socket);
      await says(200, '');
    }
  } finally { await site.stop(); }
});

// nginx keeps its connections to this program, so some end just when a request is to go out on them.
test('the program of the downloads may be replaced under way: no visitor notices', async () => {
  const site = await startSite();
  try {
    const { body } = await generate(site, fields);
    const statuses = {};
    let going = true;
    const visitor = async (headers) => {
      while (going) {
        const { status } = await fetch(site.url + body.archive.url, { headers }).catch((error) => ({ status: String(error.cause) }));
        statuses[status] = (statuses[status] || 0) + 1;
      }
    };
    const visitors = [{}, {}, {}, { range: 'bytes=0-9' }, { 'if-none-match': '"x"' }].map(visitor);
    for (let i = 0; i < 4; i++) {
      const before = site.program('download');
      process.kill(before, 'SIGTERM');
      await until(() => ![undefined, before].includes(site.program('download')), 10000, 'the next download program');
      await healthy(site);
    }
    going = false;
    await Promise.all(visitors);
    assert.deepEqual(Object.keys(statuses).sort(), ['200', '206'], JSON.stringify(statuses));
  } finally { await site.stop(); }
});

test('a stop by SIGTERM leaves no process and no ZIP, and the next start goes on with the same state', async () => {
  const site = await startSite();
  const { body } = await generate(site, fields);
  const request = await (await fetch(`${site.url}/api/rights`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ right: 'access', contact: 'someone@example.org' }) })).json();
  const before = site.processes();
  assert.ok(before.length >= 7, JSON.stringify(before));
  const { code, keep } = await site.stop({ keep: true });
  assert.equal(code, 0);
  for (const { pid } of before) assert.throws(() => process.kill(pid, 0), `process ${pid} is gone`);
  const again = await startSite({ keep });
  try {
    const mine = await fetch(`${again.url}/api/rights/${request.id}`, { headers: { authorization: `Bearer ${request.secret}` } });
    assert.equal(mine.status, 200);
    assert.equal((await fetch(again.url + body.archive.url)).status, 404, 'the ZIP went with the site');
    assert.equal(again.officer(['audit', 'verify']).code, 0);
    assert.equal((await generate(again, fields)).status, 200);
  } finally { await again.stop(); }
});

test('kill -9 of everything at once: the next start is clean', async () => {
  const site = await startSite();
  const { body } = await generate(site, fields);
  const all = site.processes();
  process.kill(site.pid, 'SIGKILL');
  for (const { pid } of all) try { process.kill(pid, 'SIGKILL'); } catch { /* it went with its parent */ }
  const { keep } = await site.stop({ keep: true });
  const again = await startSite({ keep });
  try {
    assert.equal((await fetch(again.url + body.archive.url)).status, 200, 'an acknowledged ZIP in the spool that is still there');
    assert.equal(again.officer(['audit', 'verify']).code, 0);
    assert.equal((await generate(again, fields)).status, 200);
  } finally { await again.stop(); }
});
