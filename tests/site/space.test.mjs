// SPDX-License-Identifier: ISC
// A spool that holds a few sets: what does not fit is refused before anything is asked of anybody, and what was asked for arrives.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzure } from '../peers/azure.mjs';
import { generate, generateEvents, startSite } from './harness.mjs';

const description = 'A pottery studio by the sea: stoneware bowls, an old kiln, evening classes.';
let azure;
let site;
let run;
let why = process.getuid() !== 0 && 'needs root to mount a small file system';
before(async () => {
  if (why) return;
  const base = mkdtempSync(join(tmpdir(), 'lethe-space-'));
  run = mkdtempSync('/dev/shm/lethe-s-');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=26m,mode=755', 'tmpfs', run], { stdio: 'ignore' });
  } catch {
    why = 'no mount';
    return;
  }
  azure = await startAzure();
  site = await startSite({ testing: true, keep: { base, run, state: join(base, 'state') }, env: azure.env });
});
after(async () => {
  await site?.stop({ keep: true });
  if (site) execFileSync('umount', ['-l', run]);
  await azure?.close();
  for (const folder of [run, site?.base]) if (folder) execFileSync('rm', ['-rf', folder]);
});

test('more than fits: refused in time, with words and a time to come again; the others are made', async (t) => {
  if (why) return t.skip(why);
  azure.always = 'slow:1500';
  const answers = await Promise.all(Array.from({ length: 16 }, () => generate(site, { description, count: 1, provider: 'azure-openai' })));
  const made = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 503);
  assert.equal(made.length + refused.length, 16, JSON.stringify(answers.map(({ status }) => status)));
  assert.ok(made.length >= 4 && refused.length >= 4, `${made.length} made`); // a picture of the vendor's may have 4 MB
  for (const { body, headers } of refused) {
    assert.match(body.detail, /no space for another set at the moment; nothing was begun/);
    assert.ok(Number(headers.get('retry-after')) > 0);
  }
  assert.equal(azure.requests.filter(({ url }) => /images/.test(url)).length, made.length, 'nothing was asked for that did not arrive');
  for (const { body } of made) assert.equal((await fetch(site.url + body.images[0].url)).status, 200);
  assert.equal(readdirSync(join(run, 'spool')).length, made.length);
});

test('what was seen counts from then on, and space that was promised is given back', async (t) => {
  if (why) return t.skip(why);
  azure.always = null;
  for (let i = 0; i < 6; i++) await generate(site, { description, count: 1, provider: 'azure-openai' });
  azure.reset();
  azure.always = 'slow:1000';
  const answers = await Promise.all(Array.from({ length: 16 }, () => generate(site, { description, count: 1, provider: 'azure-openai' })));
  assert.deepEqual(answers.filter(({ status }) => status !== 200), []);
  azure.reset();
  const cancelled = Array.from({ length: 8 }, () => {
    const control = new AbortController();
    setTimeout(() => control.abort(), 300);
    return fetch(`${site.url}/api/generate`, { method: 'POST', signal: control.signal, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ description, count: 8, size: '1536x1024', provider: 'azure-openai' }) }).then((r) => r.status, () => 0);
  });
  await Promise.all(cancelled);
  assert.equal((await generate(site, { description, count: 2, size: '1536x1024', provider: 'azure-openai' })).status, 200);
});

test('the spool is filled by something else meanwhile: pictures that are there are kept, the others are named, no more are asked for', async (t) => {
  if (why) return t.skip(why);
  azure.reset();
  azure.pictureBytes = 1024 * 1024;
  azure.next('ok', 'ok', 'slow:1500', 'slow:1500');
  const filler = join(run, 'filler');
  t.after(() => { azure.pictureBytes = 0; rmSync(filler, { force: true }); });
  const events = [];
  for await (const event of generateEvents(site, { description, count: 3, provider: 'azure-openai' })) {
    events.push(event);
    if (event.event !== 'image') continue;
    const { bavail, bsize } = statfsSync(run);
    writeFileSync(filler, Buffer.alloc(bavail * bsize - 512 * 1024, 1));
  }
  const { event, data } = events.at(-1);
  assert.equal(event, 'done', JSON.stringify(data));
  assert.equal(data.missing.length, 2);
  for (const { reason } of data.missing) assert.match(reason, /no space left/);
  const shown = events.filter((one) => one.event === 'image');
  assert.equal(shown.length, 1);
  assert.equal((await fetch(site.url + shown[0].data.url)).status, 200);
  assert.equal((await fetch(site.url + data.archive.url)).status, 200);
});
