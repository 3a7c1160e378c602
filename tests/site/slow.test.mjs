// SPDX-License-Identifier: ISC
// Visitors on slow lines, and such as take nothing for a while: everything that was made arrives, bit for bit, and nobody else waits.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startUpstream } from '../bench/peers.mjs';
import { pixelsHash, png } from '../bench/picture.mjs';
import { generate, root, sleep, startSite } from './harness.mjs';

const STALL_MS = 35000; // longer than any program may wait for another
let folder;
let upstream;
let site;
const picture = png(1024, 1024, 5); // 2 MB, as real ones are
const small = png(320, 320, 5);
const description = 'A pottery studio by the sea: stoneware bowls, an old kiln, evening classes.';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-slow-'));
  upstream = await startUpstream(folder, picture);
  site = await startSite({ testing: true, env: upstream.settings });
});
after(async () => { await site?.stop(); await upstream?.stop(); rmSync(folder, { recursive: true, force: true }); });

// The body of the answer to a visitor who takes its beginning, then nothing for a while, then the rest.
const stalled = (method, path, { body = '', accept = '*/*', ms = STALL_MS } = {}) => new Promise((resolve, reject) => {
  const pieces = [];
  let stopped = false;
  const socket = connect(site.port, '127.0.0.1', () => socket.write(`${method} ${path} HTTP/1.0\r\nHost: 127.0.0.1:${site.port}\r\nAccept: ${accept}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
  socket.on('data', (piece) => {
    pieces.push(piece);
    if (!stopped) {
      stopped = true;
      socket.pause();
      setTimeout(() => socket.resume(), ms);
    }
  });
  socket.on('error', reject);
  socket.on('end', () => {
    const all = Buffer.concat(pieces);
    const end = all.indexOf('\r\n\r\n');
    assert.match(all.subarray(0, end).toString(), /^HTTP\/1\.[01] 200 /);
    resolve(all.subarray(end + 4));
  });
});
const send = (fields) => JSON.stringify({ description, provider: 'azure-openai', ...fields });

test('a visitor who takes nothing for a while loses nothing: pictures, ZIP, both old forms; others do not wait', { timeout: 120000 }, async () => {
  const { body } = await generate(site, { description, provider: 'azure-openai', count: 8 });
  assert.equal(body.images.length, 8);
  const start = Date.now();
  const one = async (url) => assert.equal(pixelsHash(await stalled('GET', url)), pixelsHash(picture));
  const all = [one(body.images[0].url), one(body.images[7].url),
    stalled('GET', body.archive.url).then((zip) => assert.equal(zip.length, body.archive.bytes)),
    stalled('POST', '/api/generate', { body: send({ count: 4, images: 'base64' }) }).then((text) => {
      for (const { base64 } of JSON.parse(text).images) assert.equal(pixelsHash(Buffer.from(base64, 'base64')), pixelsHash(picture));
    }),
    stalled('POST', '/api/generate', { body: send({ count: 3, images: 'base64' }), accept: 'text/event-stream' }).then((text) => {
      const shown = [...text.toString().matchAll(/^event: image\ndata: (.*)$/gm)].map(([, data]) => JSON.parse(data));
      assert.equal(shown.length, 3);
      for (const { base64 } of shown) assert.equal(pixelsHash(Buffer.from(base64, 'base64')), pixelsHash(picture));
      assert.match(text.toString(), /^event: done$/m);
    })];
  await sleep(2000);
  for (let i = 0; i < 3; i++) assert.equal((await generate(site, { description, provider: 'azure-openai', count: 8 })).status, 200);
  assert.ok(Date.now() - start < STALL_MS, 'meanwhile');
  await Promise.all(all);
  assert.ok(Date.now() - start >= STALL_MS);
});

test('slow lines that break in every picture: all of them arrive', { timeout: 120000 }, async () => {
  const slow = await startUpstream(folder, small);
  const other = await startSite({ testing: true, env: slow.settings });
  try {
    const visitors = await Promise.all([[100, 8], [40, 4], [20, 2]].map(async ([rate, count]) => {
      const { stdout } = await promisify(execFile)('/usr/bin/python3', [join(root, 'tests/bench/slow_visitor.py'), other.url, String(rate * 1000), String(count), '90000'], { maxBuffer: 1 << 26 });
      return { count, ...JSON.parse(stdout) };
    }));
    for (const { count, pictures, why } of visitors) {
      assert.equal(pictures.length, count, why);
      for (const { pixels, preview } of pictures) assert.deepEqual([pixels, preview], [pixelsHash(small), false]);
    }
  } finally { await other.stop(); await slow.stop(); }
});
