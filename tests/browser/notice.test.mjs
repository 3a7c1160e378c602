// SPDX-License-Identifier: ISC
// What every site says of itself, in a real browser: on a screen, on a phone, in the dark and on paper. axe-core finds nothing, no header is
// violated, nothing is asked of anybody else.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { generate, root, startSite } from '../site/harness.mjs';
import { assertAccessible, assertFits, assertPrivate, dark, phone, screenshot, startBrowser, visit } from './browser.mjs';

const sites = readdirSync(join(root, 'policy', 'sites')).filter((f) => f.endsWith('.xml')).map((f) => basename(f, '.xml'));
const each = { timeout: 180000 };
let browser;
before(async () => { browser = await startBrowser(); });
after(async () => { await browser?.close(); });

const policyOf = (name) => join(root, 'policy', 'sites', `${name}.xml`);
const start = (name) => startSite({ site: name, env: { LETHE_ALLOW_UNBUILT: '1', LETHE_POLICY: policyOf(name) } });

async function look(page, what) {
  await assertAccessible(page, what);
  await assertFits(page, what);
}

for (const name of sites) {
  test(`${name}: notice, list and live page, on a screen and on paper`, each, async () => {
    const site = await start(name);
    try {
      const v = await visit(browser, site);
      const policy = await (await fetch(`${site.url}/privacy.json`)).json();
      for (const path of ['/privacy', '/subprocessors', '/privacy/live', '/rights', '/']) {
        await v.page.goto(path);
        if (path === '/privacy/live') await v.page.locator('.live-state.good').waitFor();
        await look(v.page, `${name} ${path}`);
        await v.page.emulateMedia({ media: 'print' });
        await assertAccessible(v.page, `${name} ${path}, on paper`);
        await v.page.emulateMedia({ media: 'screen' });
        if (path !== '/') await screenshot(v.page, `${name}${path.replaceAll('/', '-')}`);
      }
      await v.page.goto('/privacy');
      assert.equal(await v.page.locator('.contents a').count(), policy.sections.length);
      assert.equal(await v.page.locator('.summary tbody tr').count(), policy.kinds.length);
      assert.equal(await v.page.locator('.vows li').count(), policy.promises.length);
      await v.page.locator('.contents a').last().click();
      assert.ok(await v.page.locator(`#${policy.sections.at(-1).id}`).evaluate((h) => h.getBoundingClientRect().top < innerHeight), 'the contents lead there');
      const paper = await v.page.pdf({ format: 'A4' });
      assert.ok(paper.length > 10000);
      await assertPrivate(v, site);
      await v.close();
    } finally {
      await site.stop();
    }
  });

  test(`${name}: narrow, dark, in every language, and the registers`, each, async () => {
    const site = await start(name);
    try {
      const narrow = await visit(browser, site, phone), night = await visit(browser, site, dark);
      await narrow.page.goto('/privacy');
      await narrow.page.locator('.contents').evaluate((bar) => new Promise((seen) => { // at the end of a long text the way to each part is in sight
        scrollTo({ top: bar.parentElement.offsetTop + bar.parentElement.offsetHeight - innerHeight, behavior: 'instant' });
        requestAnimationFrame(() => seen());
      }));
      const bar = await narrow.page.locator('.contents').boundingBox();
      assert.ok(bar.y >= 0 && bar.y + bar.height < 100, JSON.stringify(bar));
      await narrow.page.locator('.contents a').nth(3).click();
      await narrow.page.locator('.sections h2').nth(3).evaluate(async (title) => {
        for (let i = 0; i < 200 && Math.abs(title.getBoundingClientRect().top - 90) > 60; i++) await new Promise(requestAnimationFrame);
      });
      const title = await narrow.page.locator('.sections h2').nth(3).boundingBox();
      assert.ok(title.y >= bar.height && title.y < 200, `the bar leads there and does not cover it: ${title.y}`);
      for (const v of [narrow, night]) {
        for (const path of ['/privacy', '/subprocessors', '/privacy/live']) {
          await v.page.goto(path);
          if (path === '/privacy/live') await v.page.locator('.live-state.good').waitFor();
          await look(v.page, `${name} ${path}`);
        }
      }
      await narrow.page.goto('/privacy');
      await screenshot(narrow.page, `${name}-privacy-phone`);
      const links = await narrow.page.locator('.languages a').evaluateAll((all) => all.map((a) => [a.getAttribute('href'), a.hreflang]));
      for (const [path, language] of links) {
        await night.page.goto(path);
        assert.equal(await night.page.locator('html').getAttribute('lang'), language);
        await look(night.page, `${name} ${path}`);
        await screenshot(night.page, `${name}-privacy-${language}`);
        for (const form of ['md', 'txt']) assert.equal((await fetch(`${site.url}${path}.${form}`)).status, 200);
      }
      for (const columns of ['ico', 'dpc', 'cnil']) {
        const page = site.officer(['register', '--columns', columns], { policy: policyOf(name) });
        assert.equal(page.code, 0, page.stderr);
        await night.page.emulateMedia({ colorScheme: 'light' });
        await night.page.goto('about:blank');
        await night.page.setContent(page.stdout);
        await look(night.page, `${name} register ${columns}`);
        await night.page.emulateMedia({ media: 'print' });
        await assertAccessible(night.page, `${name} register ${columns}, on paper`);
        await night.page.emulateMedia({ media: 'screen' });
        if (columns === 'dpc') await screenshot(night.page, `${name}-register`);
      }
      for (const v of [narrow, night]) {
        assert.deepEqual(v.complaints, []);
        await v.close();
      }
    } finally {
      await site.stop();
    }
  });
}

test('the live page: what keeps each sentence, on a screen, on a phone, in the dark, and without a script', each, async () => {
  const site = await start('bizimages');
  try {
    assert.equal((await generate(site, { description: 'A small bakery', count: 1 })).status, 200);
    site.officer(['check', '--offline', '--record']);
    const v = await visit(browser, site);
    await v.page.goto('/privacy');
    await v.page.locator('#life-archive-3 .proof').click();
    assert.match(v.page.url(), /\/privacy\/live#life-archive-3$/);
    const archive = v.page.locator('#life-archive-3');
    assert.match(await archive.textContent(), /1 stored/);
    assert.ok(await archive.locator('meter').isVisible());
    assert.ok(await archive.evaluate((row) => { const box = row.getBoundingClientRect(); return box.top >= 0 && box.top < innerHeight; }), 'the row is in sight');
    await archive.locator('summary').click();
    assert.match(await archive.textContent(), /vault_prune.*tests\/unit\/vault_retention_test/s);
    await v.page.locator('.people').first().locator('summary').click();
    await look(v.page, 'with figures');
    await screenshot(v.page, 'live');
    await v.close();
    const narrow = await visit(browser, site, { ...phone, javaScriptEnabled: false });
    await narrow.page.goto('/privacy/live');
    await screenshot(narrow.page, 'live-360');
    await narrow.page.getByRole('link', { name: 'live.json' }).click();
    assert.match(await narrow.page.content(), /"statements"/);
    await narrow.close();
    spawnSync('sqlite3', [join(site.state, 'vault.db'), "INSERT INTO record(id, kind, made, due, state, file) VALUES('0123456789abcdef0123456789abcdef', 'archive', unixepoch() - 90000, unixepoch() - 3600, '', 0)"]);
    const night = await visit(browser, site, { ...phone, ...dark });
    await night.page.goto('/privacy/live');
    await night.page.locator('.live-state.bad').waitFor();
    assert.match(await night.page.locator('#life-archive').textContent(), /Broken\./);
    await look(night.page, 'late');
    await screenshot(night.page, 'live-360-late');
    await night.close();
  } finally {
    await site.stop();
  }
});

test('what each form is served as, and that an erasure clears the browser too', each, async () => {
  const site = await start('bizimages');
  try {
    const rows = [['/privacy.atom', 'application/atom+xml'], ['/subprocessors.atom', 'application/atom+xml'], ['/privacy.dpv.jsonld', 'application/ld+json'],
      ['/privacy.tilt.json', 'application/json'], ['/privacy.json', 'application/json'], ['/privacy.md', 'text/markdown'], ['/privacy.txt', 'text/plain'],
      ['/subprocessors.csv', 'text/csv'], ['/subprocessors.xml', 'application/xml'], ['/privacy/live', 'text/html'], ['/.well-known/gpc.json', 'application/json'],
      ['/.well-known/security.txt', 'text/plain']];
    for (const [path, type] of rows) {
      const answer = await fetch(site.url + path);
      assert.equal(answer.status, 200, path);
      assert.equal(answer.headers.get('content-type').split(';')[0], type, path);
      assert.match(answer.headers.get('content-security-policy'), /default-src 'none'/, path);
      assert.equal(answer.headers.get('clear-site-data'), null, path);
    }
    for (const path of ['/live.html', '/privacy.xx', '/privacy.tilt', '/privacy.html', '/privacy.dpv.json']) assert.equal((await fetch(site.url + path)).status, 404, path);
    const erased = await fetch(`${site.url}/api/erase`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ receipt: 'A'.repeat(43) }) });
    assert.equal(erased.headers.get('clear-site-data'), '"cache", "storage"', 'the list of sets goes too');
  } finally {
    await site.stop();
  }
});
