// SPDX-License-Identifier: ISC
// Where the site asks a vendor for partial pictures, the page shows them in the place of the picture until that is there.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startVendors } from '../peers/vendors.mjs';
import { startVendorSite } from '../site/vendor_support.mjs';
import { assertAccessible, assertFits, assertPrivate, finished, screenshot, send, startBrowser, visit } from './browser.mjs';

let vendors, site, browser;
before(async () => {
  vendors = await startVendors();
  [site, browser] = await Promise.all([startVendorSite(vendors, [{ id: 'openai', roles: 'text image' }], { ...vendors.env(['openai']), LETHE_PARTIAL_IMAGES: '2' }), startBrowser()]);
});
after(async () => { await browser?.close(); await site?.stop(); await vendors?.close(); });

test('a frame that waits shows what there is of its picture so far', { timeout: 120000 }, async () => {
  const v = await visit(browser, site);
  const { page } = v, waiting = page.locator('.frame.waiting img[src^="data:image/webp;base64,"]');
  vendors.of('openai').always = 'pause:4000@image';
  await send(page, { count: 2 });
  await waiting.nth(1).waitFor();
  assert.ok(await waiting.first().evaluate((img) => img.decode().then(() => img.naturalWidth)) > 0);
  assert.equal(await page.locator('.frame .open:not(:disabled)').count(), 0, 'it is no picture yet: nothing opens or saves it');
  await assertAccessible(page, 'a partial picture');
  await assertFits(page, 'a partial picture');
  await screenshot(page, 'partial');
  await finished(page);
  assert.equal(await page.locator('.frame img[src^="data:"]').count(), 0);
  assert.equal(await page.locator('.frame img[src^="blob:"]').count(), 2);
  await assertPrivate(v, site);
  await v.close();
});
