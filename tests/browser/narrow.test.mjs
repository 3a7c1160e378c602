// SPDX-License-Identifier: ISC
// On a phone nothing that is pressed is cut, hidden below the edge or broken into lines, and no text pushes the pictures away.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startSite } from '../site/harness.mjs';
import { finished, phone, screenshot, send, startBrowser, visit } from './browser.mjs';

let browser;
let site;
before(async () => { [site, browser] = await Promise.all([startSite(), startBrowser()]); });
after(async () => { await browser?.close(); await site?.stop(); });

// The buttons of a part of the page: those that do not lie in the window, whole, each on one line.
const cut = (page, selector) => page.locator(`${selector} :is(button, .button)`).evaluateAll((buttons) => buttons.filter((b) => b.checkVisibility()).map((b) => {
  const box = b.getBoundingClientRect();
  const whole = box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth && b.scrollWidth <= b.clientWidth && box.height < 60;
  return whole ? undefined : `${b.textContent.trim()} ${JSON.stringify(box)}`;
}).filter(Boolean));

test('360 px: what is pressed is in the window, whole, and prompts take two lines', { timeout: 120000 }, async () => {
  const v = await visit(browser, site, phone);
  const { page } = v;
  await send(page, { count: 8 });
  await finished(page);
  assert.deepEqual(await cut(page, '#dock'), []);
  const lines = await page.locator('.frame .words').evaluateAll((all) => all.map((words) => Math.round(words.clientHeight / parseFloat(getComputedStyle(words).lineHeight))));
  assert.equal(lines.length, 8);
  for (const n of lines) assert.ok(n <= 2, `${n} lines`);
  await page.locator('#save-open').click();
  await page.locator('#save[open] img').nth(7).waitFor();
  assert.equal(await page.locator('#save-title').innerText(), 'Save pictures');
  assert.deepEqual(await cut(page, '#save > .row'), []);
  await screenshot(page, 'narrow-save', { fullPage: false });
  await page.locator('#save-close').click();
  await page.locator('.frame .change').first().click();
  assert.deepEqual(await cut(page, '#change .row'), []);
  await page.locator('#change-close').click();
  await page.locator('.frame .open').first().click();
  await page.locator('#viewer[open]').waitFor();
  assert.deepEqual(await cut(page, '#viewer .row'), []);
  // The whole prompt is there, to be scrolled.
  const prompt = await page.locator('.frame .words').first().textContent();
  assert.ok((await page.locator('#viewer-caption').textContent()).endsWith(prompt));
  await v.close();
});
