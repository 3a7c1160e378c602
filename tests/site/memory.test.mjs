// SPDX-License-Identifier: ISC
// What the visitor typed is in the memory of no program of ours once it is answered: every byte of every process is looked through. nginx, whose
// buffers are not ours, is left out: see the README's limits.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzure } from '../peers/azure.mjs';
import { build, generate, generateEvents, policyWithDisk, sleep, startSite } from './harness.mjs';

const SOON_MS = 25000; // connections to upstreams, which remember what went over them last, are closed when they are not used

let azure;
let folder;
let site; // the one that a test is about
const sites = {}; // ZIPs in memory, and sealed on a disk
before(async () => {
  azure = await startAzure({ tls: true });
  folder = mkdtempSync(join(tmpdir(), 'lethe-memory-'));
  const disk = policyWithDisk(folder);
  const env = { ...azure.env, LETHE_SANDBOX: '' };
  sites.memory = await startSite({ testing: true, env });
  sites.disk = await startSite({ testing: true, policy: disk, env: { ...env, LETHE_POLICY: disk } });
});
after(async () => {
  for (const one of Object.values(sites)) await one.stop();
  await azure?.close();
  rmSync(folder, { recursive: true, force: true });
});

// How often the word is in the memory that the process can write to.
function count(pid, word) {
  let found = 0;
  const fd = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n').filter((l) => / rw/.test(l))) {
      const [from, to] = line.split(' ')[0].split('-').map((n) => parseInt(n, 16));
      for (let at = from; at < to; at += 1 << 24) {
        const bytes = Buffer.alloc(Math.min(to - at, (1 << 24) + word.length));
        let have = 0;
        try { for (let n; have < bytes.length && (n = readSync(fd, bytes, have, bytes.length - have, at + have)) > 0;) have += n; } catch { /* not there */ }
        for (let i = bytes.indexOf(word); i >= 0 && i < have; i = bytes.indexOf(word, i + 1)) found++;
      }
    }
  } finally { closeSync(fd); }
  return found;
}
const holding = (word) => site.processes().filter(({ name }) => name !== 'nginx').filter(({ pid }) => count(pid, word) > 0).map(({ name }) => name);

const untraceable = build.endsWith('release') ? process.getuid() !== 0 && 'needs root to read the memory of programs' : 'a sanitizer keeps what is freed';
const describe = (word) => `A workshop called ${word} that restores wooden sailing boats and teaches the craft.`;

for (const place of ['memory', 'disk']) {
  test(`the search finds what a program holds, ZIPs in the ${place}`, { skip: untraceable }, async () => {
    site = sites[place];
    const word = `Zanzibarquartz${process.pid}x0${place}`;
    azure.always = 'slow:3000';
    const answer = generate(site, { description: describe(word), count: 1 });
    await sleep(1500);
    const found = holding(word);
    azure.always = null;
    assert.ok(found.includes('generate') && found.includes('egress'), `${found}`);
    await answer;
  });

  test(`no program holds what was typed, ZIPs in the ${place}`, { skip: untraceable }, async () => {
    site = sites[place];
    const word = `Zanzibarquartz${process.pid}x1${place}`;
    const { status, body } = await generate(site, { description: describe(word), count: 2, style: 'flat' });
    assert.equal(status, 200);
    for (const path of [body.archive.url, ...body.images.map(({ url }) => url)]) assert.ok((await (await fetch(site.url + path)).arrayBuffer()).byteLength > 0, path);
    for await (const { event } of generateEvents(site, { description: describe(word), count: 2 })) if (event === 'error') assert.fail('the generation failed');
    assert.ok((await generate(site, { description: `${describe(word)} Pay with 4111 1111 1111 1111.`, size: 'huge' })).status >= 400);
    azure.next('500', '500', '500', '500');
    await generate(site, { description: describe(word), count: 1 });
    let found = ['all'];
    for (const end = Date.now() + SOON_MS; found.length > 0 && Date.now() < end;) {
      await sleep(500);
      found = holding(word);
    }
    assert.deepEqual(found, []);
  });
}

// lethe-run, which is given the vendor's key to give it on, is not among them; on an installed site systemd is in its place.
test('keys are in the memory of whoever needs them alone: a vendor\'s in egress, the store\'s in the programs that open it', { skip: untraceable }, async () => {
  site = sites.memory;
  assert.equal((await generate(site, { description: describe('Quartz'), count: 1 })).status, 200);
  const all = site.processes(), who = (key) => [...new Set(all.filter(({ pid }) => count(pid, key) > 0).map(({ name }) => name))].sort();
  const master = readFileSync(join(site.state, 'keys/master.key')), raw = /^[0-9a-f]{64}\s*$/.test(master) ? Buffer.from(master.toString().trim(), 'hex') : master;
  assert.deepEqual(who(azure.env.AZURE_OPENAI_API_KEY), ['egress']);
  assert.deepEqual(who(raw), ['download', 'generate', 'rights']);
  for (const { pid, name } of all) assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size +0 +/m, name);
});
