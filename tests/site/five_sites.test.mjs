// SPDX-License-Identifier: ISC
// Each of the five sites runs from its one policy file. What a site needs and this version lacks: no start without leave; with it, the notice
// and the lists are served, and what is not there says so.
import { test, after } from 'node:test';
import assert from 'node:assert/strict';
import { startSite } from './harness.mjs';

const sites = {
  bizimages: { shown: 'BizImages', lacks: null },
  imagedesigner: { shown: 'ImageDesigner.AI', lacks: 'gallery' },
  'product-images': { shown: 'Product Images', lacks: 'accounts' },
  'image-describer': { shown: 'AI Image Description Generator', lacks: 'descriptions' },
  blogimg: { shown: 'BlogImg', lacks: 'payments' },
};
const running = [];
after(() => Promise.all(running.map((s) => s.stop())));

async function start(site) {
  const env = sites[site].lacks ? { LETHE_ALLOW_UNBUILT: '1' } : {};
  const s = await startSite({ site, env });
  running.push(s);
  return s;
}

for (const [site, { shown, lacks }] of Object.entries(sites)) {
  test(`${site} serves its notice and its lists`, async () => {
    const s = await start(site);
    for (const path of ['/', '/privacy', '/privacy.json', '/subprocessors', '/subprocessors.csv', '/rights', '/privacy/live.json', '/healthz']) {
      const answer = await fetch(s.url + path);
      assert.equal(answer.status, 200, path);
      await answer.arrayBuffer();
    }
    const notice = await (await fetch(s.url + '/privacy')).text();
    assert.ok(notice.includes(shown));
    assert.ok(notice.includes(`privacy@${site}.example`));
    const json = await (await fetch(s.url + '/privacy.json')).json();
    assert.equal(json.site, site);
  });

  if (!lacks) continue;
  test(`${site} does not start without leave, and says what is missing`, async () => {
    await assert.rejects(startSite({ site }), (error) => {
      assert.match(error.output, new RegExp(`policy/sites/${site}\\.xml:\\d+: error: .* needs “${lacks}”, which this version does not have; `));
      assert.match(error.output, /LETHE_ALLOW_UNBUILT=1/);
      assert.equal(error.exit.code, 1);
      return true;
    });
  });

  test(`${site} answers what it does not offer with a problem`, async () => {
    const s = running.find((r) => r.output().includes(`Lethe serves ${site} `));
    const answers = [
      await fetch(s.url + '/api/generate', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"description":"A small bakery"}' }),
      await fetch(s.url + '/downloads/none.zip'),
    ];
    for (const answer of answers) {
      assert.equal(answer.status, 503);
      await answer.arrayBuffer();
    }
    const again = await fetch(s.url + '/api/generate', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    const problem = await again.json();
    assert.equal(problem.type, '/problems/not-offered');
    assert.match(problem.detail, /does not offer this/);
    assert.equal((await fetch(s.url + '/healthz')).status, 200); // nothing fell over
  });
}
