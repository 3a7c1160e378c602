// SPDX-License-Identifier: ISC
// Thumbnails of pictures, where they are asked for: small, marked as their pictures are, in the ZIP and gone with it; and done without when
// the worker cannot make one.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startAzure } from '../peers/azure.mjs';
import { generate, generateEvents, startSite, until } from './harness.mjs';

const description = 'A pottery studio by the sea: stoneware bowls, an old kiln, evening classes.';
let azure;
let site;
before(async () => {
  azure = await startAzure();
  site = await startSite({ testing: true, env: azure.env });
});
after(async () => { await site?.stop(); await azure?.close(); });
beforeEach(() => azure.reset());

async function get(url) {
  const response = await fetch(site.url + url);
  return { status: response.status, type: response.headers.get('content-type'), bytes: Buffer.from(await response.arrayBuffer()) };
}

// A WebP of at most 40 KB and 512 pixels that says how its picture was made, and nothing else.
async function checkThumbnail(url, source) {
  const { status, type, bytes } = await get(url);
  assert.equal(status, 200);
  assert.equal(type, 'image/webp');
  assert.ok(bytes.length <= 40 * 1024, `${bytes.length} bytes`);
  assert.equal(bytes.toString('latin1', 12, 16), 'VP8X');
  assert.ok(Math.max(bytes.readUIntLE(24, 3), bytes.readUIntLE(27, 3)) + 1 <= 512);
  assert.match(bytes.toString('latin1'), new RegExp(`digitalsourcetype/${source}"`));
  assert.equal(bytes.toString('latin1').split('XMP ').length, 2);
  return bytes;
}

async function events(fields) {
  const images = [];
  let done;
  for await (const { event, data } of generateEvents(site, { description, ...fields })) {
    if (event === 'image') images.push(data);
    if (event === 'done') done = data;
  }
  return { images: images.sort((a, b) => a.index - b.index), done };
}
const zipOf = async (done) => {
  const spool = join(site.run, 'spool');
  const wanted = (await get(done.archive.url)).bytes;
  return readdirSync(spool).map((f) => join(spool, f)).find((f) => execFileSync('sha256sum', [f], { encoding: 'utf8' }).split(' ')[0] === execFileSync('sha256sum', { input: wanted, encoding: 'utf8' }).split(' ')[0]);
};

for (const [provider, source] of [['sketch', 'algorithmicMedia'], ['azure-openai', 'trainedAlgorithmicMedia']])
  test(`${provider}: each picture comes with its thumbnail, which is in the ZIP and gone with it`, async () => {
    const { images, done } = await events({ provider, count: 3, thumbnails: true, style: 'watercolour' });
    assert.equal(images.length, 3);
    const zip = await zipOf(done);
    for (const { index, url, thumbnail } of images) {
      assert.equal(thumbnail, `${url}t`);
      const bytes = await checkThumbnail(thumbnail, source);
      assert.ok(bytes.equals(execFileSync('unzip', ['-p', zip, `thumbnails/0${index + 1}-watercolour.webp`])));
    }
    assert.match(execFileSync('unzip', ['-p', zip, 'README.txt'], { encoding: 'utf8' }), /^thumbnails\/ /m);
    const again = await (await fetch(`${site.url}/api/generate/${done.receipt}`)).text();
    for (const { thumbnail } of images) assert.ok(again.includes(`"thumbnail":"${thumbnail}"`), 'who comes back is told, too');
    const range = await fetch(site.url + images[0].thumbnail, { headers: { range: 'bytes=0-3' } });
    assert.deepEqual([range.status, await range.text()], [206, 'RIFF']);
    for (const wrong of [`${images[0].url}tt`, `${images[0].url}T`, `${images[0].url.slice(0, -1)}9t`, `${images[0].url.slice(0, -1)}t`, `${images[0].url.slice(0, -1)}4t`])
      assert.equal((await get(wrong)).status, 404, wrong);
    await fetch(site.url + done.archive.url, { method: 'DELETE' });
    for (const { url, thumbnail } of images) assert.deepEqual([(await get(url)).status, (await get(thumbnail)).status], [404, 404]);
  });

test('one JSON object tells them as well', async () => {
  const { status, body } = await generate(site, { description, count: 2, thumbnails: true });
  assert.equal(status, 200);
  for (const { thumbnail } of body.images) await checkThumbnail(thumbnail, 'trainedAlgorithmicMedia');
});

test('who does not ask for thumbnails gets none', async () => {
  const { images, done } = await events({ count: 1 });
  assert.equal(images[0].thumbnail, undefined);
  assert.equal((await get(`${images[0].url}t`)).status, 404);
  const zip = await zipOf(done);
  assert.ok(!execFileSync('unzip', ['-Z1', zip], { encoding: 'utf8' }).includes('thumbnails'));
  assert.ok(!execFileSync('unzip', ['-p', zip, 'README.txt'], { encoding: 'utf8' }).includes('thumbnails'));
});

test('a picture that cannot be made small is shown without a thumbnail', async () => {
  azure.next('ok', 'hollow', 'hollow');
  const { images, done } = await events({ provider: 'azure-openai', count: 2, thumbnails: true });
  assert.equal(images.length, 2);
  for (const { url, thumbnail } of images) {
    assert.equal(thumbnail, undefined);
    assert.equal((await get(url)).status, 200);
  }
  assert.ok(!execFileSync('unzip', ['-Z1', await zipOf(done)], { encoding: 'utf8' }).includes('thumbnails'));
});

test('cancelling does not wait for the worker', async () => {
  const stopped = site.program('worker');
  process.kill(stopped, 'SIGSTOP');
  try {
    const response = await fetch(`${site.url}/api/generate`, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ description, provider: 'azure-openai', count: 1, thumbnails: true }) });
    const reader = response.body.getReader();
    const receipt = new TextDecoder().decode((await reader.read()).value).match(/"receipt":"([^"]+)"/)[1];
    await until(() => azure.requests.length === 2, 8000, 'the picture');
    await reader.cancel();
    const cancelled = await fetch(`${site.url}/api/generate/${receipt}`, { method: 'DELETE' });
    assert.ok(cancelled.ok, 'it is over, though the worker has not answered');
  } finally { process.kill(stopped, 'SIGCONT'); }
  const { images } = await events({ provider: 'azure-openai', count: 1, thumbnails: true });
  assert.ok(images[0].thumbnail);
});
