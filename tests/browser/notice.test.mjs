// SPDX-License-Identifier: ISC
// What every site says of itself, in a real browser: on a screen, on a phone, in the dark and on paper. axe-core finds nothing, no header is
// violated, nothing is asked of anybody else.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
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

test('the live page shows what is held, its age against the promise, and that something is late', each, async () => {
  const site = await start('bizimages');
  try {
    assert.equal((await generate(site, { description: 'A small bakery', count: 1 })).status, 200);
    const v = await visit(browser, site);
    await v.page.goto('/privacy/live');
    const archive = v.page.locator('tr[data-kind=archive]');
    await archive.locator('meter').waitFor();
    assert.equal(await archive.locator('.held').textContent(), '1');
    assert.match(await archive.locator('meter').getAttribute('aria-label'), /^\d+ seconds? of 1 hour$/);
    assert.equal(await v.page.locator('tr[data-kind=input] .held').textContent(), 'nothing is stored');
    await look(v.page, 'with figures');
    await screenshot(v.page, 'live');
    await v.page.route('**/privacy/live.json', async (route) => {
      const answer = await (await route.fetch()).json();
      const kind = answer.kinds.find((k) => k.kind === 'archive');
      Object.assign(kind, { late: true, oldest_seconds: 2 * kind.limit_seconds });
      await route.fulfill({ json: answer });
    });
    await v.page.getByRole('button', { name: 'Refresh' }).click();
    await v.page.locator('.live-state.bad').waitFor();
    assert.match(await v.page.locator('#live-state').textContent(), /older than promised/);
    await look(v.page, 'late');
    await v.page.unroute('**/privacy/live.json');
    await v.page.route('**/privacy/live.json', (route) => route.abort());
    await v.page.getByRole('button', { name: 'Refresh' }).click();
    await v.page.getByText('cannot be loaded').waitFor();
    await v.close();
    const plain = await browser.newContext({ baseURL: site.url, javaScriptEnabled: false });
    const page = await plain.newPage();
    await page.goto('/privacy/live');
    await page.getByRole('link', { name: 'live.json' }).first().click();
    assert.match(await page.content(), /"kinds"/);
    await plain.close();
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
