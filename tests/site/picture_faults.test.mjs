// SPDX-License-Identifier: ISC
// Whatever an upstream answers instead of a picture, or breaks off, the reader of pictures in generate and the transfers of egress stand it. Also
// run with sanitizers, which see what a plain run does not.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startAzure } from '../peers/azure.mjs';
import { generate, generateEvents, startSite } from './harness.mjs';

let azure;
let site;
before(async () => {
  azure = await startAzure({ tls: true, pictureBytes: 300000 });
  site = await startSite({ testing: true, env: azure.env });
});
after(async () => { await site?.stop(); await azure?.close(); });

const faults = ['not-image', 'hollow', 'empty', 'garbage', 'truncated', 'cut:60', 'cut:70000', 'cut:262144', 'flood:100000', 'huge:3000000', 'disconnect', 'moderation', '400', '500'];
const fields = { description: 'A pottery studio by the sea.', provider: 'azure-openai', count: 1 };
const programs = () => ['generate', 'egress', 'worker'].map((name) => site.program(name));

test('faults in place of a picture end nothing but the picture', async () => {
  const before = programs();
  for (const fault of faults) {
    azure.reset();
    azure.next('ok'); // the prompts
    azure.always = fault;
    const { status } = await generate(site, fields);
    assert.ok(status === 200 || status === 422 || (status >= 500 && status < 505), `${fault}: ${status}`);
    assert.ok(azure.requests.length >= 2, `${fault}: the picture was asked for`);
  }
  azure.reset();
  azure.next('ok', ...['not-image', 'cut:70000', 'garbage', 'ok']); // at once, with events
  const events = [];
  for await (const { event } of generateEvents(site, { ...fields, count: 4 })) events.push(event);
  assert.equal(events.at(-1), 'done');
  azure.reset();
  const { status, body } = await generate(site, { ...fields, count: 2 });
  assert.equal(status, 200);
  assert.equal(body.images.length, 2);
  assert.deepEqual(programs(), before, 'no program ended');
  assert.doesNotMatch(site.output(), /Sanitizer|runtime error/);
});
