// SPDX-License-Identifier: ISC
// Pictures of their real size on their way through egress (the testing build), over HTTP/1.1 and over HTTP/2: they come as they are, whatever
// breaks off on the way, and neither an upstream nor a caller costs memory or holds up the others.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { setMaxListeners } from 'node:events';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startAzure } from '../peers/azure.mjs';
import { job, picture, startEgress } from './egress_support.mjs';
import { build, sleep, until } from './harness.mjs';

const MEGABYTE = 1024 * 1024;
const REAL = 2 * MEGABYTE;
const STREAMED = 0xffffffff;

// One call whose reply is streamed. Calls back with `begins`, `piece`, `again`; answers {head, body, again}. `take: false` never reads.
function stream(egress, head, body, { signal, take = true, onPiece = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const socket = connect(egress.path);
    const words = Buffer.from(JSON.stringify(head));
    const lengths = Buffer.alloc(8);
    let bytes = Buffer.alloc(0);
    let reply = null;
    let pieces = [];
    let again = 0;
    lengths.writeUInt32BE(words.length, 0);
    lengths.writeUInt32BE(Buffer.byteLength(body), 4);
    socket.write(Buffer.concat([lengths, words, Buffer.from(body)]));
    signal?.addEventListener('abort', () => { socket.destroy(); reject(new Error('left')); });
    socket.on('error', reject);
    const finish = (value) => { socket.destroy(); resolve({ ...value, again }); };
    // Reads what is whole in `bytes`; answers whether there may be more.
    const read = () => {
      if (!reply) {
        if (bytes.length < 8) return false;
        const size = bytes.readUInt32BE(0);
        const whole = bytes.readUInt32BE(4);
        if (bytes.length < 8 + size + (whole === STREAMED ? 0 : whole)) return false;
        const said = JSON.parse(bytes.subarray(8, 8 + size));
        if (whole !== STREAMED) return finish({ head: said, body: bytes.subarray(8 + size, 8 + size + whole), streamed: false });
        reply = said;
        bytes = bytes.subarray(8 + size);
        return true;
      }
      if (bytes.length < 4) return false;
      const length = bytes.readUInt32BE(0);
      if (length === 0) return finish({ head: reply, body: Buffer.concat(pieces), streamed: true });
      if (length === STREAMED) {
        reply = null;
        pieces = [];
        again++;
        bytes = bytes.subarray(4);
        return true;
      }
      assert.ok(length <= 65536, `a chunk of ${length} bytes`);
      if (bytes.length < 4 + length) return false;
      pieces.push(bytes.subarray(4, 4 + length));
      onPiece(length);
      bytes = bytes.subarray(4 + length);
      return true;
    };
    if (take) socket.on('data', (d) => { bytes = Buffer.concat([bytes, d]); while (!socket.destroyed && read()); });
    socket.on('close', () => reject(new Error('the connection ended before the reply was whole')));
  });
}

const call = (more = {}) => job({ stream: true, ...more });
const ask = picture({ size: '1024x1024' });
const inspect = (said) => JSON.stringify(said).slice(0, 300);

for (const tls of [false, true]) {
  describe(tls ? 'over HTTP/2' : 'over HTTP/1.1', () => {
    let azure;
    let egress;
    let expected; // what the upstream sends
    before(async () => {
      azure = await startAzure({ tls, keepBodies: false, pictureBytes: REAL });
      egress = await startEgress(azure.env);
      const { head, body, streamed } = await stream(egress, call(), ask);
      assert.equal(head.status, 200, inspect(head));
      assert.ok(streamed);
      expected = body;
    });
    after(async () => {
      await egress.stop();
      await azure.close();
    });
    beforeEach(() => {
      azure.reset();
      azure.pictureBytes = REAL;
    });

    test('a picture of 2 MB comes as it was sent', async () => {
      assert.ok(expected.length > REAL * 4 / 3);
      assert.equal(Buffer.from(JSON.parse(expected).data[0].b64_json, 'base64').subarray(1, 4).toString(), 'PNG');
      const whole = await stream(egress, job({ repeatable: false }), ask); // by a caller that wants it whole: nobody may have it held
      assert.equal(whole.head.error.code, 'too-large');
      const many = await Promise.all(Array.from({ length: 12 }, () => stream(egress, call(), ask)));
      for (const { head, body, again } of many) {
        assert.deepEqual([head.status, head.region, head.type, head.attempts, again], [200, 'swedencentral', 'application/json', 1, 0]);
        assert.ok(body.equals(expected));
      }
    });

    test('what is no picture comes whole', async () => {
      azure.next('filter', '400', 'garbage');
      const [filter, bad, garbage] = [await stream(egress, call(), ask), await stream(egress, call(), ask), await stream(egress, call(), ask)];
      assert.deepEqual([filter.head.status, filter.streamed, bad.head.status, bad.streamed], [400, false, 400, false]);
      assert.deepEqual([garbage.head.status, garbage.streamed], [200, true]);
      azure.next('region:East US');
      const elsewhere = await stream(egress, call(), ask);
      assert.deepEqual([elsewhere.head.error.code, elsewhere.streamed, elsewhere.again], ['region-mismatch', false, 0]);
    });

    test('one that breaks off is asked for again, and its bytes come once', async () => {
      for (const at of [0, 1, 100, 70000, Math.floor(expected.length / 2), expected.length - 1]) {
        azure.next(`cut:${at}`, 'ok');
        const { head, body, again } = await stream(egress, call(), ask);
        assert.deepEqual([head.status, head.attempts], [200, 2], `cut after ${at}: ${inspect(head)}`);
        assert.ok(again <= 1);
        assert.ok(body.equals(expected), `cut after ${at}: ${body.length} bytes`);
      }
      azure.next('429:20', 'cut:1', 'cut:200000', 'ok');
      const { head, body } = await stream(egress, call({ deadline_ms: 30000 }), ask);
      assert.deepEqual([head.status, head.attempts], [200, 4]);
      assert.ok(body.equals(expected));
    });

    test('one that breaks off and may not be repeated fails, after what came was taken back', async () => {
      azure.next('cut:200000');
      const { head, again, streamed } = await stream(egress, call({ repeatable: false }), ask);
      assert.deepEqual([head.error.code, again, streamed], ['truncated', 1, false]);
      // The repeat meets an answer of another kind, which comes whole.
      azure.next('cut:200000', 'filter');
      const other = await stream(egress, call(), ask);
      assert.deepEqual([other.head.status, other.again, other.streamed], [400, 1, false]);
    });

    test('an upstream that stops in the middle meets the deadline', async () => {
      azure.next('stall:300000');
      const { head, again } = await stream(egress, call({ deadline_ms: 1500, repeatable: false }), ask);
      assert.deepEqual([head.error.code, again], ['timeout', 1]);
      await until(() => azure.inFlight === 0, 5000, 'the upstream is left');
      azure.next('drip:20');
      assert.equal((await stream(egress, call({ deadline_ms: 1500, repeatable: false }), ask)).head.error.code, 'timeout');
    });

    // Each has an upstream and an egress of its own: such an upstream goes on, and node does not always notice that nobody is there any more.
    const alone = async () => {
      const own = await startAzure({ tls, keepBodies: false, pictureBytes: REAL });
      return [own, await startEgress(own.env)];
    };
    const open = ({ pid }) => readdirSync(`/proc/${pid}/fd`).length;

    test('an upstream that sends without end gets no memory', async () => {
      const [own, its] = await alone();
      const [before, descriptors] = [its.memory(), open(its)];
      own.next('endless', `huge:${50 * MEGABYTE}`);
      let most = 0;
      const endless = await stream(its, call({ repeatable: false }), ask, { onPiece: () => { most = Math.max(most, its.memory()); } });
      assert.equal(endless.head.error.code, 'too-large', inspect(endless.head));
      await until(() => open(its) === descriptors, 5000, 'the upstream is left');
      assert.equal((await stream(its, call({ repeatable: false }), ask)).head.error.code, 'too-large');
      await until(() => open(its) === descriptors, 5000, 'the upstream is left');
      if (build.endsWith('release')) assert.ok(most - before < (tls ? 40 : 8) * 1024, `${most - before} KiB`);
      await its.stop();
      await own.close();
    });

    test('an upstream that sends more than it announced', async () => {
      const [own, its] = await alone();
      const before = its.memory();
      own.next(`flood:${3 * 1024 * MEGABYTE}`);
      const { head, body } = await stream(its, call({ repeatable: false }), ask);
      assert.ok(head.status === 200 ? body.equals(expected) : head.error, inspect(head)); // what was announced, or nothing
      assert.ok((await stream(its, call(), ask)).body.equals(expected));
      if (build.endsWith('release')) assert.ok(its.memory() - before < (tls ? 40 : 8) * 1024, `${its.memory() - before} KiB`);
      await its.stop();
      await own.close();
    });

    test('a caller that leaves in the middle cancels its request at once', async () => {
      azure.next('stall:500000');
      const leave = new AbortController();
      let came = 0;
      const left = stream(egress, call(), ask, { signal: leave.signal, onPiece: (n) => { came += n; } }).catch((e) => e.message);
      await until(() => came > 400000, 5000, 'some of the picture');
      leave.abort();
      assert.ok(await left === 'left');
      await until(() => azure.inFlight === 0, 2000, 'the cancellation');
    });

    test('callers that do not take hold up nobody and cost little', async () => {
      azure.pictureBytes = 8 * MEGABYTE;
      const size = JSON.stringify({ model: 'gpt-image-2', prompt: 'x', n: 1, size: '2048x2048', quality: 'low', output_format: 'png' });
      const before = egress.memory();
      const leave = new AbortController();
      setMaxListeners(0, leave.signal);
      const count = tls ? 4 : 20;
      const idle = Array.from({ length: count }, () => stream(egress, call({ deadline_ms: 60000 }), size, { signal: leave.signal, take: false }).catch((e) => e.message));
      await until(() => azure.requests.length === count, 10000, 'all of them');
      await sleep(500);
      azure.pictureBytes = REAL;
      for (let i = 0; i < 8; i++) assert.ok((await stream(egress, call({ deadline_ms: 15000, repeatable: false }), ask)).body.equals(expected));
      if (build.endsWith('release')) assert.ok(egress.memory() - before < (tls ? 40 * 1024 : 20 * 400), `${egress.memory() - before} KiB`);
      leave.abort();
      assert.ok((await Promise.all(idle)).every((how) => /left|ended/.test(how)));
      await until(() => azure.inFlight === 0, 3000, 'the cancellation');
    });

    test('one that takes nothing is ended when its time is over, and meanwhile nobody waits for it', { skip: !tls && 'its connection is its own' }, async () => {
      azure.pictureBytes = 8 * MEGABYTE;
      const size = JSON.stringify({ model: 'gpt-image-2', prompt: 'x', n: 1, size: '2048x2048', quality: 'low', output_format: 'png' });
      const leave = new AbortController();
      const local = () => { // descriptors of Unix sockets
        const sockets = new Set(readFileSync('/proc/net/unix', 'utf8').split('\n').map((line) => `socket:[${line.trim().split(/\s+/)[6]}]`));
        return readdirSync(`/proc/${egress.pid}/fd`).filter((fd) => { try { return sockets.has(readlinkSync(`/proc/${egress.pid}/fd/${fd}`)); } catch { return false; } }).length;
      };
      const before = local();
      const begin = (body) => stream(egress, call({ deadline_ms: 60000 }), body, { signal: leave.signal, take: false }).catch((e) => e.message);
      const idle = Array.from({ length: 5 }, () => begin(size)); // too much for egress to keep
      await until(() => azure.requests.length === 5, 10000, 'all of them');
      azure.pictureBytes = REAL;
      idle.push(begin(ask)); // no more than it keeps
      const end = Date.now() + 45000;
      while (local() > before && Date.now() < end) {
        const asked = Promise.race([stream(egress, call({ repeatable: false }), ask), sleep(2500)]);
        assert.ok((await asked)?.body.equals(expected), 'it was held up');
        await sleep(200);
      }
      assert.equal(local(), before, 'some are held still');
      leave.abort();
      await Promise.all(idle);
    });

    test('a caller that takes slowly gets all of it', async () => {
      const socket = { paused: 0 };
      const { body } = await slowly(egress, socket);
      assert.ok(body.equals(expected));
      assert.ok(socket.paused > 5);
    });
  });
}

// Takes 200 KB, then nothing for 50 ms, and so on.
function slowly(egress, counts) {
  const wait = new Int32Array(new SharedArrayBuffer(4));
  let since = 0;
  return stream(egress, call(), ask, {
    onPiece: (n) => {
      since += n;
      if (since < 200000) return;
      since = 0;
      counts.paused++;
      Atomics.wait(wait, 0, 0, 50);
    },
  });
}
