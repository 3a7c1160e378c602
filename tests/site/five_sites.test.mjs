// SPDX-License-Identifier: ISC
// Each of the five sites runs from its one policy file. What a site needs and this version lacks: no start without leave; with it, the notice
// and the lists are served, and what is not there says so.
import { test, after } from 'node:test';
import assert from 'node:assert/strict';
import { runOfficer, startSite } from './harness.mjs';

const sites = {
  bizimages: { shown: 'BizImages', lacks: null },
  imagedesigner: { shown: 'ImageDesigner.AI', lacks: 'gallery', makes: true, lead: 'From a prompt, a few settings and, if you like, pictures of your own to new pictures, made by the model you choose.' },
  'product-images': { shown: 'Product Images', lacks: 'accounts', lead: 'From the description of a product to pictures of it, for people with an account.' },
  'image-describer': { shown: 'AI Image Description Generator', lacks: 'descriptions', lead: 'From a picture that you upload to a description of it in words.' },
  blogimg: { shown: 'BlogImg', lacks: 'payments', lead: 'From a blog post to pictures that match it, for people with an account, credit packs and a dashboard.' },
};
const running = [];
after(() => Promise.all(running.map((s) => s.stop())));

async function start(site) {
  const env = sites[site].lacks ? { LETHE_ALLOW_UNBUILT: '1' } : {};
  const s = await startSite({ site, env });
  running.push(s);
  return s;
}

for (const [site, { shown, lacks, makes = !lacks, lead }] of Object.entries(sites)) {
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

  test(`${site}: a form only where it can be served, and otherwise what the site will do`, async () => {
    const s = running.find((r) => r.output().includes(`Lethe serves ${site} `));
    const page = await (await fetch(s.url + '/')).text();
    const served = await fetch(s.url + '/api/generate', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    assert.equal(page.includes('<form'), served.status !== 503);
    assert.equal(page.includes('<script'), served.status !== 503);
    assert.equal(page.includes('is not open yet.'), served.status === 503);
    for (const path of ['/privacy', '/subprocessors', '/rights']) assert.ok(page.includes(`href="${path}"`), path);
    if (!makes) assert.ok(new RegExp(`<p class="lead">[^<]* ${lead}</p>`).test(page), 'what it will do, in the words of its policy');
    assert.equal((await fetch(s.url + '/api/processors')).status, makes ? 200 : 503);
  });

  test(`${site}: warnings are counted once, and not told by every program`, () => {
    const output = running.find((r) => r.output().includes(`Lethe serves ${site} `)).output();
    const lines = output.split('\n').filter((line) => /warning/.test(line));
    if (lacks) assert.match(lines[0], new RegExp(`^lethe: (\\S+/policy/sites/${site}\\.xml): [0-9]+ warnings: lethe policy lint \\1 shows them$`));
    assert.equal(lines.length, lacks ? 1 : 0, lines.join('\n'));
    if (!lacks) return;
    const said = runOfficer(['policy', 'lint', lines[0].match(/lint (\S+)/)[1]], { env: { PATH: process.env.PATH } });
    assert.ok(said.stdout.split('\n').filter((line) => /needs “|is to be filled in/.test(line)).length >= Number(lines[0].match(/(\d+) warnings/)[1]), said.stdout);
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

  if (makes) continue;
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
    // For clients of the API it is not there, in the shape that they know; none asks for it once more.
    for (const [method, path] of [['POST', '/v1/images/generations'], ['POST', '/v1/images/edits'], ['GET', '/v1/models'], ['GET', '/v1/models/default']]) {
      const answer = await fetch(s.url + path, { method, ...(method === 'POST' ? { headers: { 'content-type': 'application/json' }, body: '{"prompt":"A small bakery"}' } : {}) });
      assert.equal(answer.status, 404, path);
      assert.match(answer.headers.get('content-type'), /^application\/json/);
      assert.equal(answer.headers.get('retry-after'), null);
      const { error } = await answer.json();
      assert.deepEqual([error.type, error.code], ['invalid_request_error', 'not_offered'], path);
    }
    assert.equal((await fetch(s.url + '/healthz')).status, 200); // nothing fell over
  });
}
