// SPDX-License-Identifier: ISC
// A policy that lets the ZIPs lie on a disk: nothing can be read there, at no time, and visitors get the same bytes in the same ways.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesHolding, generate, generateEvents, policyWithDisk, startSite, until } from './harness.mjs';

let folder;
let site;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-sealed-'));
  const policy = policyWithDisk(folder);
  site = await startSite({ policy, env: { LETHE_POLICY: policy } });
});
after(async () => { await site?.stop(); rmSync(folder, { recursive: true, force: true }); });

const word = `Zanzibarquartz${process.pid}`;
const description = `A workshop called ${word} that restores wooden sailing boats and teaches the craft.`;
const spool = () => readdirSync(join(site.state, 'spool'));
const bytesOf = async (path, headers = {}) => {
  const answer = await fetch(site.url + path, { headers });
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
};
const nowhere = (what) => assert.deepEqual(filesHolding(what, [site.state, site.run, '/dev/shm']), []);

test('while it is made and afterwards, the disk holds nothing that can be read', async () => {
  let looks = 0;
  for await (const { event } of generateEvents(site, { description, count: 3 })) {
    assert.notEqual(event, 'error');
    for (const what of [word, 'prompts.json', 'c2pa', 'IHDR']) assert.ok(!spool().some((name) => readFileSync(join(site.state, 'spool', name)).includes(what)), what);
    nowhere(word);
    looks++;
  }
  assert.ok(looks > 4);
  assert.equal(spool().filter((name) => name.endsWith('.zip')).length, 1);
  assert.deepEqual(readdirSync(join(site.run, 'spool')), []);
});

test('ZIP and pictures: whole, in parts, unchanged, gone', async () => {
  const { status, body } = await generate(site, { description, count: 2 });
  assert.equal(status, 200);
  const zip = await bytesOf(body.archive.url);
  assert.equal(zip.status, 200);
  assert.equal(zip.bytes.length, body.archive.bytes);
  assert.equal(zip.headers.get('content-type'), 'application/zip');
  assert.equal(zip.headers.get('cache-control'), 'private, no-store');
  assert.equal(zip.headers.get('accept-ranges'), 'bytes');
  assert.match(zip.headers.get('content-disposition'), /^attachment; filename="bizimages-images\.zip"$/);
  assert.equal(zip.headers.get('x-accel-redirect'), null);
  const file = join(folder, 'a.zip');
  writeFileSync(file, zip.bytes);
  execFileSync('unzip', ['-tq', file]);
  execFileSync('bsdtar', ['-tf', file]);
  assert.match(execFileSync('unzip', ['-p', file, 'prompts.json'], { encoding: 'utf8' }), new RegExp(word));
  for (const [n, { url }] of body.images.entries()) {
    const picture = await bytesOf(url);
    const name = execFileSync('unzip', ['-Z1', file, 'images/*'], { encoding: 'utf8' }).trim().split('\n')[n];
    assert.ok(picture.bytes.equals(execFileSync('unzip', ['-p', file, name])), 'a picture is what the ZIP has');
    for (const [first, last] of [[0, 0], [1, 4096], [4095, 4097], [picture.bytes.length - 5, picture.bytes.length - 1]]) {
      const part = await bytesOf(url, { range: `bytes=${first}-${last}` });
      assert.equal(part.status, 206);
      assert.ok(part.bytes.equals(picture.bytes.subarray(first, last + 1)));
    }
  }
  for (const [range, expected] of [['bytes=0-9', zip.bytes.subarray(0, 10)], ['bytes=-22', zip.bytes.subarray(-22)], ['bytes=4000-40000', zip.bytes.subarray(4000, 40001)]]) {
    const part = await bytesOf(body.archive.url, { range });
    assert.equal(part.status, 206);
    assert.ok(part.bytes.equals(expected), range);
  }
  assert.equal((await bytesOf(body.archive.url, { range: `bytes=${zip.bytes.length}-` })).status, 416);
  assert.equal((await bytesOf(body.archive.url, { 'if-none-match': zip.headers.get('etag') })).status, 304);
  const head = await fetch(site.url + body.archive.url, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(Number(head.headers.get('content-length')), zip.bytes.length);
  const token = body.archive.url.match(/[^/]*(?=\.zip$)/)[0];
  assert.equal((await bytesOf(`/sealed/${token}`)).status, 404, 'only by way of the download program');
  const held = spool().length;
  assert.equal((await fetch(site.url + body.archive.url, { method: 'DELETE' })).status, 204);
  assert.equal((await bytesOf(body.archive.url)).status, 404);
  assert.equal(spool().length, held - 1);
});

test('an altered file is another picture or none, and nothing crashes', async () => {
  const { body } = await generate(site, { description, count: 1 });
  const newest = spool().map((name) => join(site.state, 'spool', name)).sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
  const program = site.program('generate');
  const bytes = readFileSync(newest);
  writeFileSync(newest, bytes.map((b) => b ^ 1));
  assert.equal((await bytesOf(body.archive.url)).bytes.length, body.archive.bytes);
  writeFileSync(newest, bytes.subarray(0, bytes.length - 4096));
  await assert.rejects(bytesOf(body.archive.url), 'shorter than announced: the connection ends');
  writeFileSync(newest, '');
  assert.equal((await bytesOf(body.archive.url)).status, 503);
  assert.equal((await fetch(`${site.url}/healthz`)).status, 200);
  assert.equal(site.program('generate'), program);
});

test('kill -9 in the middle leaves nothing that can be read, and the next start removes it', async () => {
  const pid = site.program('generate');
  try {
    for await (const { event } of generateEvents(site, { description, count: 8 }))
      if (event === 'image') { process.kill(pid, 'SIGKILL'); break; }
  } catch { /* the connection breaks */ }
  nowhere(word);
  await until(async () => ![undefined, pid].includes(site.program('generate')) && (await fetch(`${site.url}/healthz`).catch(() => ({}))).status === 200, 15000, 'generate again');
  assert.ok(spool().every((name) => /^[0-9a-f]{32}\.zip$/.test(name)), spool().join(' '));
});

test('the notice says where they are, and lethe check agrees', async () => {
  const notice = await (await fetch(`${site.url}/privacy.json`)).json();
  assert.equal(notice.kinds.find(({ id }) => id === 'archive').place, 'disk');
  assert.match(await (await fetch(`${site.url}/privacy`)).text(), /On a disk of the server, sealed with a key of its own, which ends with it/);
  const { stdout } = site.officer(['check', '--format', 'json', '--offline'], { policy: join(folder, 'policy.xml') });
  const findings = JSON.parse(stdout);
  const about = JSON.stringify(findings);
  assert.match(about, /the archives in [^"]*\/state\/spool are sealed/);
  assert.doesNotMatch(about, /no kind of data that the policy declares is kept there/);
});
