// SPDX-License-Identifier: ISC
// The program that makes sets is ended, by SIGKILL and by SIGTERM, at every step of a set, with the ZIPs in memory and sealed on a disk: nothing is
// left that no record owns, nothing that was typed is in a file, what SIGTERM finds made is kept, and the next set is made as if nothing had been.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzure } from '../peers/azure.mjs';
import { eventsOf, filesHolding, generate, processesBelow, root, sleep, startSite, until } from './harness.mjs';

const MB = 1024 * 1024;
let folder;
before(() => { folder = mkdtempSync(join(tmpdir(), 'lethe-kill-')); });
after(() => rmSync(folder, { recursive: true, force: true }));

function thaw(site) {
  for (const pid of site.frozen.splice(0)) try { process.kill(pid, 'SIGCONT'); } catch { /* it ended */ }
}
// Nobody can write a record meanwhile.
async function lockStore(site) {
  const holder = spawn('flock', ['--no-fork', join(site.state, 'vault.lock'), 'sleep', '60'], { stdio: 'ignore' });
  await until(() => { try { execFileSync('flock', ['-n', join(site.state, 'vault.lock'), 'true'], { stdio: 'ignore' }); return false; } catch { return true; } }, 5000, 'the lock');
  return () => holder.kill('SIGKILL');
}
const half = (site) => readdirSync(site.spool).some((name) => name.startsWith('new-') && statSync(join(site.spool, name)).size > 100_000);

// `answers`: of the vendor, the prompts first. `ready`: the event after which `then` is awaited and the program ended; `then` may give what is to be
// undone afterwards. `made`: pictures that SIGTERM finds.
const steps = [
  { name: 'the prompts are written', answers: ['hang'], ready: ({ event }) => event === 'begun', then: async (site) => { await until(() => site.azure.inFlight === 1, 5000, 'the call'); }, made: 0 },
  { name: 'the first picture is half there', answers: ['ok', 'stall:400000'], bytes: MB, ready: ({ event }) => event === 'prompt', then: async (site) => { await until(() => half(site), 5000, 'half a picture'); }, made: 0 },
  { name: 'one picture is there and one is not', answers: ['ok', 'ok', 'hang'], count: 2, ready: ({ event }) => event === 'image', then: async (site) => { await until(() => site.azure.inFlight === 1, 5000, 'the other'); }, made: 1 },
  {
    name: 'a thumbnail is made', answers: ['ok', 'ok'], thumbnails: true, ready: ({ event }) => event === 'prompt', made: 1,
    begin: (site) => { for (const { pid, name } of processesBelow(site.pid)) if (name === 'worker') { site.frozen.push(pid); process.kill(pid, 'SIGSTOP'); } },
    then: async (site) => { await until(() => site.azure.requests.length === 2 && site.azure.inFlight === 0, 5000, 'the picture'); await sleep(300); return () => thaw(site); },
  },
  {
    name: 'the set is complete and not recorded', answers: ['ok', 'ok', 'slow:1500'], count: 2, made: 2, stays: true,
    ready: ({ event }) => event === 'image',
    then: async (site) => {
      const release = await lockStore(site);
      await until(() => site.azure.requests.length === 3 && site.azure.inFlight === 0, 5000, 'the pictures');
      await sleep(300);
      return release;
    },
  },
  { name: 'the visitor has left and come back', answers: ['ok', 'ok', 'hang'], count: 2, again: true, ready: ({ event }) => event === 'image', then: async (site) => { await until(() => site.azure.inFlight === 1, 5000, 'the other'); }, made: 1 },
];

// Reads the events until one is `enough`; gives the first one's receipt and what breaks the connection.
async function begin(site, fields, enough) {
  const control = new AbortController();
  const open = (path, more) => fetch(site.url + path, { signal: control.signal, ...more });
  const response = await open('/api/generate', { method: 'POST', headers: { 'content-type': 'application/json', accept: 'text/event-stream' }, body: JSON.stringify(fields) });
  let receipt;
  const events = eventsOf(response);
  for (let one; (one = (await events.next()).value);) {
    receipt ??= one.data.receipt;
    assert.notEqual(one.event, 'error', JSON.stringify(one.data));
    if (enough(one)) break;
  }
  (async () => { try { while (!(await events.next()).done); } catch { /* it breaks */ } })();
  return { receipt, leave: () => control.abort() };
}

async function comeBack(site, receipt) {
  const control = new AbortController();
  const response = await fetch(`${site.url}/api/generate/${receipt}`, { signal: control.signal });
  assert.equal(response.status, 200);
  (async () => { try { for await (const event of eventsOf(response)) void event; } catch { /* it breaks */ } })();
  return () => control.abort();
}

const endAtEveryStep = (t, place) =>
  t.test(`with the ZIPs ${place === 'disk' ? 'sealed on a disk' : 'in memory'}`, async (t) => {
    const azure = await startAzure();
    let text = readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8');
    if (place === 'disk') text = text.replace('<kind id="archive"', '<kind id="archive" place="disk"').replace(/ *<promise id="no-disk".*\n/g, '');
    const policy = join(folder, `${place}.xml`);
    writeFileSync(policy, text);
    const site = await startSite({ testing: true, policy, env: { ...azure.env, LETHE_POLICY: policy } });
    Object.assign(site, { azure, frozen: [] });
    site.spool = join(place === 'disk' ? site.state : site.run, 'spool');
    const spool = () => readdirSync(site.spool);
    let serial = 0;
    try {
      for (const signal of ['SIGKILL', 'SIGTERM']) {
        for (const step of steps) {
          await t.test(`${signal} while ${step.name}`, async () => {
            const word = `Zanzibarquartz${process.pid}x${place}${++serial}`;
            const description = `A workshop called ${word} that restores wooden sailing boats and teaches the craft.`;
            const before = spool().length;
            azure.reset();
            azure.pictureBytes = step.bytes || 0;
            azure.always = 'hang';
            azure.next(...step.answers);
            step.begin?.(site);
            const set = await begin(site, { description, count: step.count || 1, provider: 'azure-openai', thumbnails: step.thumbnails === true }, step.ready);
            if (step.again) {
              set.leave();
              set.leave = await comeBack(site, set.receipt);
            }
            const undo = await step.then(site);
            const pid = site.program('generate');
            process.kill(pid, signal);
            if (!step.stays) set.leave();
            undo?.();
            await until(async () => ![undefined, pid].includes(site.program('generate')) && (await fetch(`${site.url}/healthz`).catch(() => ({}))).status === 200, 20000, 'generate again');
            set.leave();
            await until(() => azure.inFlight === 0, 5000, 'the end of what the vendor makes');
            const kept = signal === 'SIGTERM' && step.made > 0;
            assert.deepEqual(spool().filter((name) => !/^[0-9a-f]{32}\.zip$/.test(name)), []);
            assert.equal(spool().length, before + kept);
            assert.deepEqual(filesHolding(word, [site.state, site.run]).filter((file) => place === 'disk' || !/\/spool\/[0-9a-f]{32}\.zip$/.test(file)), []);
            assert.ok(!site.output().includes(word));
            const told = await fetch(`${site.url}/api/generate/${set.receipt}`);
            assert.equal(told.status, kept ? 200 : 404);
            if (kept) {
              const events = [];
              for await (const event of eventsOf(told)) events.push(event);
              const { event, data } = events.at(-1);
              assert.equal(event, 'done');
              const zip = join(folder, 'kept.zip');
              writeFileSync(zip, Buffer.from(await (await fetch(site.url + data.archive.url)).arrayBuffer()));
              execFileSync('unzip', ['-tq', zip]);
              assert.equal(execFileSync('unzip', ['-Z1', zip, 'images/*'], { encoding: 'utf8' }).trim().split('\n').length, step.made);
            }
            azure.reset();
            const { status, body } = await generate(site, { description: 'A bakery on the corner with sourdough bread.', count: 1, provider: 'azure-openai' });
            assert.equal(status, 200, JSON.stringify(body));
            assert.equal((await fetch(site.url + body.archive.url, { method: 'DELETE' })).status, 204);
          });
        }
      }
      const audit = site.officer(['audit', 'verify'], { policy });
      assert.equal(audit.code, 0, audit.stdout + audit.stderr);
    } finally {
      thaw(site);
      await site.stop();
      await azure.close();
    }
  });

test('ended at every step', { concurrency: 2 }, (t) => Promise.all(['memory', 'disk'].map((place) => endAtEveryStep(t, place))));
