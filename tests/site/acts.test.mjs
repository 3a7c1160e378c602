// SPDX-License-Identifier: ISC
// What a person may do at once with the rights of the site's policy.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, startSite } from './harness.mjs';

let site;
before(async () => { site = await startSite(); });
after(async () => { await site?.stop(); });

test('the list of rights says which are carried out at once, and how', async () => {
  const answer = await fetch(`${site.url}/api/rights`);
  assert.equal(answer.status, 200);
  const { rights } = await answer.json();
  const policy = readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8');
  assert.deepEqual(rights.map((r) => r.id), [...policy.matchAll(/<right id="([a-z-]+)"/g)].map((m) => m[1]));
  for (const right of rights) {
    const [, attributes, name] = policy.match(new RegExp(`<right id="${right.id}"([^>]*)>\\s*<name>([^<]*)`));
    assert.equal(right.name, name);
    assert.equal(right.self_service, attributes.includes('self-service="yes"'), right.id);
    assert.equal(right.verify, attributes.match(/verify="([a-z]+)"/)[1]);
    assert.ok(right.self_service || !right.at_once, right.id);
    if (!right.at_once) assert.equal(right.path, '/api/rights');
  }
  assert.match(rights.find((r) => r.id === 'erasure').how, /on the page Your rights\./);
  assert.deepEqual(rights.filter((r) => r.at_once).map((r) => [r.id, r.path]),
    [['access', '/api/export'], ['erasure', '/api/erase'], ['portability', '/api/export']]);
});
