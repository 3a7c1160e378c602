// SPDX-License-Identifier: ISC
// The image API, driven by the clients that people use: OpenAI's own, the AI SDK, and what Open WebUI sends; and what holds for a set that is made by it as for any other.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { startSite } from './harness.mjs';

const prompt = 'A pottery studio by the sea: stoneware bowls.';
let site, client;
before(async () => {
  site = await startSite();
  client = new OpenAI({ apiKey: 'none', baseURL: `${site.url}/v1`, maxRetries: 0 });
});
after(() => site?.stop());

const png = (b64) => { const bytes = Buffer.from(b64, 'base64'); assert.equal(bytes.subarray(1, 4).toString(), 'PNG'); return bytes; };

test("OpenAI's client gets pictures in base64", async () => {
  const made = await client.images.generate({ prompt, n: 2, size: '1536x1024', response_format: 'b64_json' });
  assert.equal(made.data.length, 2);
  for (const { b64_json } of made.data) png(b64_json);
  assert.deepEqual([made.size, made.output_format, made.background], ['1536x1024', 'png', 'opaque']);
  assert.ok(Math.abs(made.created - Date.now() / 1000) < 60);
});
