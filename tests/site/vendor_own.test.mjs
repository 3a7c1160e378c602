// SPDX-License-Identifier: ISC
// A site whose only processor is a server of the controller's own: it makes the set, and nothing leaves, as every document and answer says.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOwn } from '../peers/own.mjs';
import { generate, root, startSite } from './harness.mjs';

const description = 'A pottery studio by the sea: stoneware bowls, an old kiln, evening classes.';
const folder = mkdtempSync(join(tmpdir(), 'lethe-own-'));
const policyWith = (name, within) => {
  const file = join(folder, `${name}.xml`);
  writeFileSync(file, readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8')
    .replace(/(<processor id="azure-openai"[^>]*order=")1"/, '$190"').replace(/(<processor id="sketch"[^>]*order=")2"/, '$191"')
    .replace('<processors>', `<processors><processor id="self-hosted" name="BizImages" brand="Our own model" service="A model on our own machine" roles="text image" order="1" standing="own" trains="no"
      added="2026-05-11" effective="2026-05-11"><task>Writes the prompts and makes the pictures</task><for purpose="make"/>${within}
      <receives kind="input"/><receives kind="page"/><receives kind="prompt"/></processor>`));
  return file;
};
let own;
let site;
before(async () => {
  own = await startOwn({ key: 'own-key' });
  const policy = policyWith('policy', '<within>127.0.0.1</within>');
  site = await startSite({ policy, testing: true, env: { LETHE_POLICY: policy, SELF_HOSTED_URL: own.url, SELF_HOSTED_API_KEY: 'own-key', SELF_HOSTED_IMAGE_MODEL: 'stablediffusion' } });
});
after(async () => { await site?.stop(); await own?.close(); rmSync(folder, { recursive: true, force: true }); });
beforeEach(() => { own.requests.length = 0; own.most = 0; own.redirect = null; });

test('it writes the prompts and makes the pictures, one after the other, and nothing was sent to anybody', async () => {
  const { status, body } = await generate(site, { description, count: 3, size: '1536x1024' });
  assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
  assert.equal(body.images.length, 3);
  assert.equal(body.processor.id, 'self-hosted');
  assert.equal(body.processor.preview, false);
  assert.deepEqual(body.sent_to, []);
  assert.deepEqual(own.requests.map((r) => r.url), ['/v1/chat/completions', ...Array(3).fill('/v1/images/generations')]);
  assert.equal(own.most, 1);
  const { model, response_format: form, size } = JSON.parse(own.requests[1].body);
  assert.deepEqual([model, form, size], ['stablediffusion', 'b64_json', '1536x1024']);
  assert.ok(own.requests.every(({ headers }) => headers.authorization === 'Bearer own-key' && headers['user-agent'] === 'lethe' && !headers.cookie));
  const picture = Buffer.from(await (await fetch(site.url + body.images[0].url)).arrayBuffer());
  assert.ok(picture.includes('trainedAlgorithmicMedia')); // a model made it, wherever it stands
});

test('the notice and the page say that it is our own, and no list of recipients has it', async () => {
  const notice = await (await fetch(`${site.url}/privacy`)).text();
  assert.match(notice, /<strong>Our own model<\/strong> is a server of our own: what it is sent stays with us\./);
  const list = await (await fetch(`${site.url}/subprocessors.json`)).json();
  assert.ok(!JSON.stringify(list).includes('self-hosted'));
  const { pictures } = await (await fetch(`${site.url}/api/processors`)).json();
  assert.deepEqual(pictures.map(({ id, where, preview }) => [id, where, preview])[0], ['self-hosted', 'our own server', false]);
  const live = await (await fetch(`${site.url}/privacy/live.json`)).text();
  assert.match(live, /request to our own server|requests to our own server/);
});

test('a redirect elsewhere is not followed: the built-in one draws instead', async () => {
  let visited = 0;
  const other = createServer((request, response) => { visited++; response.end('{}'); });
  await new Promise((resolve) => { other.listen(0, '127.0.0.1', resolve); });
  own.redirect = `http://127.0.0.1:${other.address().port}/`;
  const { status, body } = await generate(site, { description, count: 1 });
  assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
  assert.equal(body.processor.id, 'sketch');
  assert.equal(visited, 0);
  await new Promise((resolve) => { other.close(resolve); });
});

test('at an address that the policy does not name it gets nothing', async () => {
  const policy = policyWith('elsewhere', '<within>10.0.0.0/8</within>');
  const outside = await startSite({ policy, testing: true, env: { LETHE_POLICY: policy, SELF_HOSTED_URL: own.url.replace('127.0.0.1', 'localhost') } });
  try {
    const { status, body } = await generate(outside, { description, count: 1 });
    assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
    assert.equal(body.processor.id, 'sketch');
    assert.equal(own.requests.length, 0);
  } finally { await outside.stop(); }
});
