// SPDX-License-Identifier: ISC
// ImageDesigner.AI makes sets with the vendor that the visitor chose, of the visitor's own words; and who has no key is neither offered nor asked.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startVendors } from '../peers/vendors.mjs';
import { generate, root, startSite } from './harness.mjs';

const description = 'A pottery studio by the sea, in the morning light';
const policy = join(root, 'policy/sites/imagedesigner.xml');
let vendors;
let site;
before(async () => {
  vendors = await startVendors();
  // OpenAI and fal.ai have keys, OpenRouter, which has an address of its own as they do, has none.
  site = await startSite({ site: 'imagedesigner', policy, testing: true, env: { LETHE_ALLOW_UNBUILT: '1', ...vendors.baseEnv(['openai', 'fal']) } });
});
after(async () => { await site?.stop(); await vendors?.close(); });
beforeEach(() => vendors.reset());

test('who has a key is offered, and no other', async () => {
  const { prompts, pictures, choose } = await (await fetch(`${site.url}/api/processors`)).json();
  assert.deepEqual([prompts.map(({ id }) => id), pictures.map(({ id }) => id), choose], [[], ['openai', 'fal'], true]);
  const page = await (await fetch(`${site.url}/`)).text();
  assert.match(page, /<form/);
  assert.match(page, /name="provider"/);
});

for (const id of ['openai', 'fal']) {
  test(`a set of the visitor's own words by ${id}`, async () => {
    const { status, body } = await generate(site, { description, count: 2, provider: id });
    assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
    assert.equal(body.images.length, 2);
    assert.equal(body.processor.id, id);
    assert.deepEqual(body.sent_to.map(({ id: to }) => to), [id]);
    assert.deepEqual(vendors.all.filter((v) => v.requests.length > 0).map((v) => v.id), [id]);
    const asks = vendors.of(id).asks();
    assert.deepEqual(asks.map(({ stage, body: sent }) => [stage, JSON.parse(sent).prompt]), [['image', description], ['image', description]]);
    const expires = (Date.parse(body.archive.expires) - Date.now()) / 3600e3;
    assert.ok(expires > 5.9 && expires <= 6, `${expires} hours`);
    const answer = await fetch(site.url + body.archive.url);
    assert.equal(answer.status, 200);
    await answer.arrayBuffer();
  });
}

test('by a form without scripts, too', async () => {
  const answer = await fetch(`${site.url}/api/generate`, { method: 'POST', body: new URLSearchParams({ description, count: '1', provider: 'openai' }), headers: { accept: 'text/html' } });
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /\/downloads\//);
});

test('without a choice nothing goes to anybody, and who has no key is not asked', async () => {
  for (const [provider, wanted] of [[undefined, [422, 'provider']], ['openrouter', [503, 'provider']]]) {
    const { status, body } = await generate(site, { description, count: 1, provider });
    assert.deepEqual([status, body.field ?? body.errors?.[0]?.field ?? 'provider'], wanted, JSON.stringify(body));
  }
  assert.equal(vendors.all.flatMap((v) => v.requests).length, 0);
});
