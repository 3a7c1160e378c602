// SPDX-License-Identifier: ISC
// The page finds its set again: after a reload, after the line broke, with pictures that come in pieces; and lets it go.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { startAzure } from '../peers/azure.mjs';
import { startSite, until } from '../site/harness.mjs';
import { assertAccessible, assertFits, assertPrivate, finished, phone, screenshot, send, startBrowser, visit } from './browser.mjs';

let azure;
let site;
let browser;
before(async () => {
  azure = await startAzure();
  [site, browser] = await Promise.all([startSite({ testing: true, env: { ...azure.env, LETHE_ALONE_MS: '4000' } }), startBrowser()]);
});
after(async () => { await browser?.close(); await site?.stop(); await azure?.close(); });
beforeEach(() => azure.reset());
const each = { timeout: 120000 };
const images = () => azure.requests.filter((r) => /images/.test(r.url)).length;

test('a reload while pictures are made: the same set goes on, each picture once', each, async () => {
  for (const [name, options] of [['desk', {}], ['phone', phone]]) {
    azure.reset();
    const v = await visit(browser, site, options);
    const { page } = v;
    azure.next('ok', 'ok', 'slow:2500', 'slow:2500');
    await send(page, { count: 3 });
    await page.locator('.frame:not(.waiting)').first().waitFor();
    await page.reload();
    await page.locator('#work:visible').waitFor();
    assert.equal(await page.locator('.frame').count(), 3);
    await assertFits(page, name);
    await assertAccessible(page, `found again, ${name}`);
    await finished(page);
    assert.equal(await page.locator('.frame img').count(), 3);
    assert.equal(images(), 3);
    await page.reload(); // and once more when it is finished
    await finished(page);
    assert.equal(await page.locator('.frame img').count(), 3);
    assert.match(await page.locator('#life').textContent(), /We keep the ZIP until/);
    assert.match(await page.locator('#receipt').textContent(), /^[\w-]{43}$/);
    await screenshot(page, `found-again-${name}`);
    await assertPrivate(v, site);
    await v.close();
  }
});

test('the line breaks: the page says so, looks for its set and goes on where it was', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  azure.next('ok', 'ok', 'slow:3000');
  await send(page, { count: 2 });
  await page.locator('.frame:not(.waiting)').first().waitFor();
  await v.context.setOffline(true);
  await page.evaluate(() => { window.heard = []; new MutationObserver(() => window.heard.push(document.getElementById('live').textContent)).observe(document.getElementById('live'), { childList: true }); });
  // An open connection outlives that: nginx ends it.
  process.kill(site.program('nginx'), 'SIGKILL');
  await page.locator('#work-eyebrow').getByText('The connection broke').waitFor();
  await assertAccessible(page, 'the line is broken');
  await screenshot(page, 'line-broken');
  await until(async () => (await fetch(`${site.url}/healthz`).catch(() => ({}))).status === 200, 15000, 'nginx again');
  await v.context.setOffline(false);
  await finished(page);
  assert.equal(await page.locator('.frame img').count(), 2);
  assert.ok((await page.evaluate(() => window.heard)).includes('The connection broke. Looking for your set …'));
  await v.close();
});

const widthOf = (page) => page.locator('.frame img').evaluate(async (image) => { await image.decode(); return image.naturalWidth; });

test('a picture comes in as many pieces as the line breaks it into', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  const ranges = [];
  await page.route('**/pictures/*-1', async (route) => {
    const range = route.request().headers().range;
    ranges.push(range);
    const response = await route.fetch();
    const body = await response.body();
    if (ranges.length === 1) return route.abort('connectionreset');
    return route.fulfill({ response, body });
  });
  await send(page, { count: 1 });
  await finished(page);
  await page.locator('.frame:not(.waiting) img').waitFor();
  assert.equal(ranges.length, 2);
  assert.equal(await widthOf(page), 1024);
  await v.close();
});

test('a thumbnail stands in for its picture until that is there', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  let release;
  const held = new Promise((r) => { release = r; });
  await page.route('**/pictures/*-1', async (route) => { await held; return route.continue(); });
  await send(page, { count: 1 });
  await page.locator('.frame.waiting img').waitFor();
  assert.equal(await widthOf(page), 512);
  await assertAccessible(page, 'a thumbnail');
  release();
  await page.locator('.frame:not(.waiting) img').waitFor();
  assert.equal(await widthOf(page), 1024);
  await v.close();
});

test('cancel reaches the server: nothing goes on, nothing is found', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  azure.always = 'hang';
  azure.next('ok');
  await send(page, { count: 4 });
  await until(() => azure.inFlight === 4, 5000, 'four under way');
  const receipt = await page.evaluate(() => history.state.receipt);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('#description:visible').waitFor();
  assert.equal(await page.locator('#live').textContent(), 'Cancelled. What you typed was not kept.');
  await until(() => azure.cancelled === 4, 3000, 'the vendor is told');
  assert.equal((await fetch(`${site.url}/api/generate/${receipt}`)).status, 404);
  assert.equal(await page.evaluate(() => history.state), null);
  await page.reload();
  assert.ok(await page.locator('#description').isVisible());
  await v.close();
});

test('a set that is gone is said to be', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  await page.goto('/');
  await page.evaluate(() => history.replaceState({ receipt: 'A'.repeat(43) }, ''));
  await page.reload();
  await page.locator('#notice:visible').waitFor();
  assert.equal(await page.locator('#notice-title').textContent(), 'This set is not there any more');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'notice');
  await assertAccessible(page, 'gone');
  assert.equal(await page.evaluate(() => history.state), null);
  await v.close();
});

test('another set, or its end: the tab forgets the one before', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  await send(page, { count: 1 });
  await finished(page);
  await page.getByRole('button', { name: 'Delete now' }).click();
  await page.getByText('Deleted. The ZIP is gone').waitFor();
  assert.equal(await page.evaluate(() => history.state), null);
  assert.ok(await page.locator('.frame img').isVisible(), 'what is in the tab stays in it');
  await v.close();
});
