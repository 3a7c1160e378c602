// SPDX-License-Identifier: ISC
// A spool that holds a few sets: what does not fit is refused before anything is asked of anybody, and what was asked for arrives.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzure } from '../peers/azure.mjs';
import { generate, generateEvents, startSite, until } from './harness.mjs';

// To the last byte, whatever else is written there meanwhile.
function fill(folder) {
  const { bavail, bsize } = statfsSync(folder);
  const file = openSync(join(folder, 'filler'), 'w');
  try {
    for (let left = bavail * bsize; left > 0;) left -= writeSync(file, Buffer.alloc(left, 1));
  } catch (e) {
    assert.equal(e.code, 'ENOSPC');
  }
  closeSync(file);
  assert.equal(statfsSync(folder).bavail, 0);
}
const empty = (folder) => rmSync(join(folder, 'filler'), { force: true });

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
    mkdirSync(join(base, 'state'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m,mode=755', 'tmpfs', join(base, 'state')], { stdio: 'ignore' });
  } catch {
    why = 'no mount';
    return;
  }
  azure = await startAzure();
  site = await startSite({ testing: true, keep: { base, run, state: join(base, 'state') }, env: azure.env });
});
after(async () => {
  await site?.stop({ keep: true });
  if (site) execFileSync('umount', ['-l', run, site.state]);
  await azure?.close();
  for (const folder of [run, site?.base]) if (folder) execFileSync('rm', ['-rf', folder]);
});

// The first of all: the write-ahead log of a store that has been used a while has space of its own. The second picture comes when the disk is full.
test('the disk of the stores is full when a set is complete: it can be looked at meanwhile and is recorded as soon as there is space', async (t) => {
  if (why) return t.skip(why);
  azure.reset();
  azure.always = 'slow:1500';
  azure.next('ok', 'ok');
  t.after(() => empty(site.state));
  const shown = [];
  let waited = false;
  let last;
  for await (const event of generateEvents(site, { description, count: 2, provider: 'azure-openai' })) {
    last = event;
    if (event.event === 'image' && shown.push(event.data.url) === 1) fill(site.state);
    if (event.event !== 'progress' || event.data.stage !== 'archive' || event.data.done !== 0) continue;
    await until(() => /a finished set waits to be recorded/.test(site.output()), 5000, 'the attempt that fails');
    waited = true;
    for (const url of shown) assert.equal((await fetch(site.url + url)).status, 200);
    empty(site.state);
  }
  assert.ok(waited);
  assert.equal(last.event, 'done', JSON.stringify(last.data));
  assert.equal(last.data.missing.length, 0);
  assert.equal((await fetch(site.url + last.data.archive.url)).status, 200);
  await fetch(site.url + last.data.archive.url, { method: 'DELETE' });
});

test('more than fits: refused in time, with words and a time to come again; the others are made', async (t) => {
  if (why) return t.skip(why);
  azure.reset();
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
  azure.always = 'slow:1500';
  azure.next('ok', 'ok');
  t.after(() => { azure.pictureBytes = 0; empty(run); });
  const events = [];
  for await (const event of generateEvents(site, { description, count: 8, provider: 'azure-openai' })) {
    events.push(event);
    if (event.event !== 'image') continue;
    fill(run);
  }
  const { event, data } = events.at(-1);
  assert.equal(event, 'done', JSON.stringify(data));
  assert.equal(data.missing.length, 7);
  for (const { reason } of data.missing) assert.match(reason, /no space left/);
  const shown = events.filter((one) => one.event === 'image');
  assert.equal(shown.length, 1);
  assert.equal((await fetch(site.url + shown[0].data.url)).status, 200);
  assert.equal((await fetch(site.url + data.archive.url)).status, 200);
});

test('on a full disk everything that a visitor ends ends: a ZIP, a set by its receipt, and what hangs on one', async (t) => {
  if (why) return t.skip(why);
  azure.reset();
  azure.always = null;
  t.after(() => empty(site.state));
  const sets = [];
  for (let i = 0; i < 5; i++) sets.push((await generate(site, { description, count: 1, provider: 'azure-openai' })).body);
  const erase = ({ receipt }, key) => fetch(`${site.url}/api/erase`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ receipt, key }) });
  assert.equal((await erase(sets[0])).status, 200); // the write-ahead log has no space of its own afterwards
  fill(site.state);
  assert.equal((await fetch(site.url + sets[1].archive.url, { method: 'DELETE' })).status, 204);
  assert.equal((await fetch(site.url + sets[1].archive.url)).status, 404);
  empty(site.state);
  assert.equal(site.officer(['prune']).code, 0); // which takes the reserve again
  assert.equal((await erase((await generate(site, { description, count: 1, provider: 'azure-openai' })).body)).status, 200);
  fill(site.state);
  assert.equal((await erase(sets[4], 'as-a-page-sends-it-0001')).status, 200);
  assert.equal((await fetch(`${site.url}/api/generate/${sets[2].receipt}`, { method: 'DELETE' })).status, 204);
  assert.equal((await erase(sets[3])).status, 200);
  for (const { archive } of sets) assert.equal((await fetch(site.url + archive.url)).status, 404);
});
