// SPDX-License-Identifier: ISC
// One's rights, used on the page: erase by receipt, make a request, look it up.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSite } from '../site/harness.mjs';
import { assertAccessible, assertPrivate, finished, screenshot, send, startBrowser, visit } from './browser.mjs';

let site;
let browser;
before(async () => { [site, browser] = await Promise.all([startSite(), startBrowser()]); });
after(async () => { await browser?.close(); await site?.stop(); });
const each = { timeout: 120000 };

test('a receipt erases its set, and says so with a certificate', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  await send(page, { count: 1 });
  await finished(page);
  const receipt = await page.locator('#receipt').textContent();
  const address = await page.locator('#download').getAttribute('href');
  await page.locator('.receipt').getByRole('link', { name: 'your rights' }).click();
  await page.locator('#erase-receipt').fill(receipt);
  await page.getByRole('button', { name: 'Erase' }).click();
  await page.locator('#erase-outcome').getByText('Erased', { exact: true }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'erase-outcome');
  await page.getByText('The certificate', { exact: true }).click();
  const certificate = JSON.parse(await page.locator('#erase-outcome pre').textContent());
  assert.equal(certificate.complete, true);
  assert.equal(JSON.stringify(certificate).includes(receipt), false);
  assert.equal((await fetch(site.url + address)).status, 404);
  await assertAccessible(page, 'erased');
  await screenshot(page, 'erased');

  for (const [what, text] of [['mistyped', (receipt[0] === 'A' ? 'B' : 'A') + receipt.slice(1)], ['used before', receipt]]) {
    await page.locator('#erase-receipt').fill(text);
    await page.getByRole('button', { name: 'Erase' }).click();
    await page.locator('#erase-outcome').getByRole('heading', { name: 'Nothing was found under this receipt' }).waitFor();
    assert.match(await page.locator('#erase-outcome p').first().textContent(), /^Check it/, what);
    assert.equal(await page.locator('#erase-outcome').getByText('Erased', { exact: true }).count(), 0, what);
    assert.equal(await page.locator('#erase-outcome button').count(), 0, `${what}: there is no certificate to keep`);
  }
  await screenshot(page, 'nothing-found');
  await assertPrivate(v, site);
  await v.close();
});

test('a person takes all of it along, without a script, and reads it without a network', each, async () => {
  const v = await visit(browser, site);
  await send(v.page, { count: 1 });
  await finished(v.page);
  const receipt = await v.page.locator('#receipt').textContent();
  await v.close();
  const context = await browser.newContext({ baseURL: site.url, javaScriptEnabled: false, acceptDownloads: true });
  const page = await context.newPage();
  await page.goto('/rights');
  await page.locator('#export-receipt').fill(receipt);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Get the ZIP' }).click()]);
  assert.equal(download.suggestedFilename(), 'bizimages-my-data.zip');
  const folder = mkdtempSync(join(tmpdir(), 'lethe-copy-'));
  try {
    await download.saveAs(join(folder, 'copy.zip'));
    execFileSync('unzip', ['-q', join(folder, 'copy.zip'), '-d', folder]);
    await context.close();
    const alone = await browser.newContext({ offline: true });
    const copy = await alone.newPage();
    const asked = [];
    copy.on('request', (request) => asked.push(request.url()));
    await copy.goto(`file://${folder}/index.html`);
    await copy.getByRole('heading', { level: 1, name: 'Your data at' }).waitFor();
    assert.ok(await copy.locator('img').evaluateAll((all) => all.length === 1 && all.every((i) => i.complete && i.naturalWidth > 0)), 'the picture shows');
    assert.equal(await copy.getByRole('row', { name: /Mozilla/ }).count(), 1, 'the row of the request log');
    assert.ok(await copy.getByText('Article 6').count() > 0);
    assert.ok(asked.every((url) => url.startsWith('file://')), String(asked));
    await copy.close();
    await alone.close();
  } finally { rmSync(folder, { recursive: true, force: true }); }
});

test('a request is recorded, and its owner alone can look it up', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  await page.goto('/rights');
  await page.getByLabel('What do you want?').selectOption('access');
  await page.getByLabel(/How to reach you/).fill('visitor@example.org');
  await page.getByRole('button', { name: 'Send the request' }).click();
  await page.locator('#request-outcome').getByRole('heading', { name: /^Recorded/ }).waitFor();
  const [id, secret, due] = await page.locator('#request-outcome dd').allTextContents();
  assert.match(due, /20\d\d/);
  await assertAccessible(page, 'recorded');
  await page.getByLabel('Number').fill(id);
  await page.getByLabel('Secret').fill(secret);
  await page.getByRole('button', { name: 'Look up' }).click();
  await page.locator('#lookup-outcome').getByText('access', { exact: true }).waitFor();
  await assertAccessible(page, 'looked up');
  assert.match(await page.locator('#lookup-outcome').textContent(), /Due by the GDPR.*What happened.*received/);
  await screenshot(page, 'looked-up');
  await page.getByLabel('Number').fill(id);
  await page.getByLabel('Secret').fill('x'.repeat(secret.length));
  await page.getByRole('button', { name: 'Look up' }).click();
  await page.locator('#lookup-outcome.bad').waitFor();
  assert.match(await page.locator('#lookup-outcome').textContent(), /no request/);
  await page.getByLabel('Secret').fill(secret);
  await page.getByRole('button', { name: 'Take it back' }).click();
  await page.locator('#lookup-outcome').getByText('taken back', { exact: true }).waitFor();
  assert.ok(v.requests.every(({ url }) => !url.includes(secret)), 'the secret is in no address');
  await assertPrivate(v, site);
  await v.close();
});

test('every right of the policy can be asked for, and the page offers no other', each, async () => {
  const v = await visit(browser, site);
  await v.page.goto('/rights');
  const offered = await v.page.locator('#right option').evaluateAll((options) => options.map((o) => o.value));
  const policy = await (await fetch(`${site.url}/privacy.json`)).json();
  assert.deepEqual(offered.sort(), policy.rights.map((right) => right.id).sort());
  await v.close();
});

test('without JavaScript the forms work too', each, async () => {
  const context = await browser.newContext({ baseURL: site.url, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto('/rights');
  await page.locator('#erase-receipt').fill('A'.repeat(43));
  await page.getByRole('button', { name: 'Erase' }).click();
  await page.getByRole('heading', { level: 1, name: 'Nothing was found under this receipt' }).waitFor();
  await page.goto('/rights');
  await page.getByRole('button', { name: 'Send the request' }).click();
  await page.getByRole('heading', { level: 1, name: /recorded/ }).waitFor();
  assert.match(await page.locator('dd').last().textContent(), /^\d{1,2} [A-Z][a-z]+ 20\d\d$/);
  assert.equal(await page.locator('dd code').count(), 2, 'the number and the secret');
  await screenshot(page, 'recorded-without-script');
  // Looked up and taken back, with number and secret alone, which stand in no address.
  const [id, secret] = await page.locator('dd code').allTextContents();
  for (const [button, state] of [['Look up', 'open'], ['Take it back', 'taken back']]) {
    await page.goto('/rights');
    await page.getByLabel('Number').fill(id);
    await page.getByLabel('Secret').fill(secret);
    await page.getByRole('button', { name: button }).click();
    await page.getByRole('heading', { level: 1, name: 'Your request' }).waitFor();
    assert.ok(!page.url().includes(secret));
    assert.ok((await page.locator('dd').allTextContents()).some((text) => text.trim() === state), button);
    assert.match(await page.locator('main').textContent(), /Due by the GDPR/);
  }
  await page.goto('/rights');
  await page.getByLabel('Number').fill(id);
  await page.getByLabel('Secret').fill(secret);
  await page.getByRole('button', { name: 'Take it back' }).click();
  await page.getByText('This request is over already.').waitFor();
  await context.close();
});
