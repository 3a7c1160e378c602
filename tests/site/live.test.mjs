// SPDX-License-Identifier: ISC
// /privacy/live: every sentence of the notice, what keeps it, and its figure now; and what was published before.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { generate, root, startSite, until } from './harness.mjs';

const sites = ['bizimages', 'blogimg', 'image-describer', 'imagedesigner', 'product-images'];
const start = (site) => startSite({ site, env: site === 'bizimages' ? {} : { LETHE_ALLOW_UNBUILT: '1' } });
const get = async (site, path) => { const answer = await fetch(site.url + path); assert.equal(answer.status, 200, path); return answer.text(); };
const json = async (site, headers = {}) => (await fetch(`${site.url}/privacy/live.json`, { headers })).json();
// As a reader has it: without markup, white space and the marks of links.
const plain = (html) => html.replace(/<a class="proof".*?<\/a>/g, '').replace(/<[^>]*>/g, '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&').replace(/\s+/g, ' ').trim();
const squeezed = (text) => text.replace(/\s+/g, '');
const sql = (site, text) => { const { status, stderr } = spawnSync('sqlite3', [join(site.state, 'vault.db'), text], { encoding: 'utf8' }); assert.equal(status, 0, stderr); };

for (const name of sites) {
  test(`${name}: each sentence of the notice has its row, in each language, and each row its sentence`, async () => {
    const site = await start(name);
    try {
      const views = [...readFileSync(join(root, 'policy/sites', `${name}.xml`), 'utf8').matchAll(/<language code="([^"]+)"/g)].map(([, code]) => code);
      assert.ok(views.length > 0);
      const main = views[0];
      for (const language of views) {
        const notice = await get(site, language === main ? '/privacy' : `/privacy.${language}`);
        const page = await get(site, language === main ? '/privacy/live' : `/privacy/live.${language}`);
        const { statements } = await json(site, { 'accept-language': language });
        const told = squeezed(statements.map((s) => s.text).join('\n'));
        const body = notice.slice(notice.indexOf('<div class="sections">'), notice.indexOf('<p class="forms">'));
        let count = 0;
        for (const [, tag, attributes, inner] of body.matchAll(/<(p|li|td)((?: [^>]*)?)>(.*?)<\/\1>/gs)) {
          const text = plain(inner);
          if (text === '' || /href="\/rights(\.\w+(-\w+)?)?"/.test(inner)) continue; // where to use the rights: no promise
          assert.ok(told.includes(squeezed(text)), `${language}: no row for: ${text}`);
          count++;
          const link = inner.match(/<a class="proof" href="([^"#]*)#([^"]*)"/);
          if (!link) continue;
          assert.equal(link[1], language === main ? '/privacy/live' : `/privacy/live.${language}`);
          assert.ok(page.includes(`<li id="${link[2]}"`), `${link[2]} has a row`);
          const id = attributes.match(/ id="([^"]*)"/);
          assert.equal(id?.[1], link[2], `${tag} of ${link[2]} is its anchor`);
        }
        assert.ok(count > 30, `${count} sentences`);
        // Names of vendors aside, each language says it in its own words.
        if (!language.startsWith('en')) assert.equal(plain(body.replace(/<code>.*?<\/code>/gs, '')).match(/\b(the|of|and|with|your|providers?|(?<!Stripe )payments|delivery|storage|request)\b/i)?.[0], undefined, language);
        for (const s of statements) {
          assert.ok(['program', 'people', 'nothing yet'].includes(s.kept_by), s.id);
          assert.ok(page.includes(`<li id="${s.id}"`), `${s.id} stands on the page`);
          if (s.kept_by !== 'program') continue;
          assert.ok(Buffer.byteLength(s.how) > 20 && !s.how.startsWith('keeper.') && Buffer.byteLength(s.figure) > 5, s.id);
          const [file, ...words] = s.test.split(' ');
          const source = ['c', 'test.mjs'].map((end) => join(root, 'tests', `${file}.${end}`)).find(existsSync);
          assert.doesNotMatch(file, s.id.startsWith('promise') ? /^unit\/policy_/ : /^$/, `${s.id}: that a policy contradicts itself is no proof of what is done`);
          assert.ok(source && squeezed(readFileSync(source, 'utf8').replace(/_/g, ' ')).includes(squeezed(words.join(' '))), s.test);
        }
        assert.equal(new Set(statements.map((s) => s.id)).size, statements.length);
        // Of a policy that this version keeps in parts only, nothing is said to be kept because the programs run on it.
        for (const s of statements.filter((one) => /^(content|cookie|resource|version)/.test(one.id))) assert.equal(s.state, name === 'bizimages' ? 'kept' : 'unknown', s.id);
        assert.ok(!/<script/.test(page), 'no script is needed');
      }
      assert.equal((await fetch(`${site.url}/privacy/live.xx`)).status, 404);
    } finally {
      await site.stop();
    }
  });
}

test('a sentence whose figure breaks its promise is shown as broken, and the last check as it was', async () => {
  const site = await start('bizimages');
  try {
    assert.equal((await generate(site, { description: 'A small bakery in a small town', count: 1 })).status, 200);
    const row = async (id) => (await json(site)).statements.find((s) => s.id === id);
    const archive = await row('life-archive');
    assert.deepEqual([archive.state, archive.meter.max], ['kept', 3600]);
    assert.match(archive.figure, /^1 stored\. The oldest is \d+ seconds? old; promised: 1 hour\.$/);
    assert.match((await row('built-in-sketch')).figure, /nothing can leave/);
    assert.equal((await row('memory-input')).state, 'kept');
    assert.match(await get(site, '/privacy/live'), /live-state good/);
    assert.match((await row('right-access')).figure, /^0 open, 0 of them overdue; 0 ended/);
    await fetch(`${site.url}/api/rights`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ right: 'access', contact: 'someone@example.org' }) });
    assert.match((await row('right-access')).figure, /^1 open, 0 of them overdue; 0 ended/);
    // A record that nothing ended.
    sql(site, "INSERT INTO record(id, kind, made, due, state, file) VALUES('0123456789abcdef0123456789abcdef', 'archive', unixepoch() - 90000, unixepoch() - 3600, '', 0)");
    const late = await row('life-archive');
    assert.equal(late.state, 'broken');
    const page = await get(site, '/privacy/live');
    assert.match(page, /live-state bad/);
    assert.match(page, /<li id="life-archive" class="broken">/);
    // What the check found is written down, and stands beside each sentence that it looked at.
    assert.equal((await json(site)).check, null);
    assert.equal(site.officer(['check', '--offline', '--record']).code, 1);
    assert.deepEqual({ ...(await row('life-archive')).check, at: '' }, { name: 'retention', result: 'BROKEN', at: '' });
    assert.equal(site.officer(['prune']).code, 0);
    site.officer(['check', '--offline', '--record']);
    assert.equal((await row('life-archive')).check.result, 'kept');
    assert.equal((await row('life-archive')).state, 'kept');
    assert.ok((await json(site)).check.kept > 10);
    assert.equal(site.officer(['check', '--record', '--at', '2030-01-01']).code, 2);
  } finally {
    await site.stop();
  }
});

test('earlier versions stay as they were published, however often there is published', async () => {
  const site = await start('bizimages');
  try {
    const first = await get(site, '/privacy'), policy = join(site.base, 'next.xml'), source = readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8');
    const [version] = source.match(/(?<=<version id=")[^"]+/);
    assert.equal(await get(site, `/privacy/versions/${version}`), first);
    assert.equal(await get(site, `/privacy/versions/${version}.xml`), source);
    // Only words are changed: it is in force at once.
    const next = source.replace(/<version id="/, '<version id="2026-11-01" effective="2026-11-01" updated="2026-11-01"><change>A sentence is clearer.</change></version>\n    <version id="').replace('Payment data', 'Payment details');
    writeFileSync(policy, next);
    for (let i = 0; i < 3; i++) {
      const { code, stderr } = site.officer(['publish'], { policy });
      assert.equal(code, 0, stderr);
    }
    await until(async () => (await get(site, '/privacy')).includes('Payment details'), 10000, 'the new notice');
    assert.equal(await get(site, `/privacy/versions/${version}`), first);
    assert.equal(await get(site, `/privacy/versions/${version}.xml`), source);
    assert.equal(await get(site, '/privacy/versions/2026-11-01.xml'), next);
    const list = await until(async () => { const text = await get(site, '/privacy/versions').catch(() => ''); return text.includes('2026-11-01') && text; }, 10000, 'the list');
    assert.match(list, /2026-11-01.*In force since .*A sentence is clearer\..*In force from .* until the version above/s);
    assert.ok(list.indexOf('2026-11-01') < list.indexOf(`/privacy/versions/${version}`));
    for (const text of [source, next]) assert.ok(list.includes(createHash('sha256').update(text).digest('hex')));
    // Its entry in the ledger says the same.
    const [, index] = list.match(/\/api\/proofs\/(\d+)/), entries = JSON.parse(site.officer(['audit', 'show', '--format', 'json']).stdout);
    assert.match(JSON.stringify(entries.find((e) => String(e.index) === index)), /activation.*2026-11-01/);
    // What is lost of the published pages comes back from what is kept.
    rmSync(join(site.state, 'publish/html/versions'), { recursive: true });
    assert.equal(site.officer(['publish'], { policy }).code, 0);
    assert.equal(await get(site, `/privacy/versions/${version}`), first);
    assert.equal((await fetch(`${site.url}/privacy/versions/2020-01-01`)).status, 404);
    // The key that all of it is verified with.
    const key = readFileSync(join(site.state, 'keys/ledger.pub'), 'utf8').trim();
    assert.equal(site.officer(['audit', 'checkpoint']).code, 0);
    assert.match(await get(site, '/privacy'), /href="\/privacy\/live#ledger"/);
    assert.ok((await get(site, '/privacy/live')).includes(`<code>${key}</code>`));
  } finally {
    await site.stop();
  }
});
