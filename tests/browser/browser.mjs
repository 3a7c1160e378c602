// SPDX-License-Identifier: ISC
// A real browser on the real site. Every request of every page is recorded, so that a test can say what a visit touches.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { root } from '../site/harness.mjs';

const shots = join(root, 'build', 'screenshots');
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// Options: fonts, a file of fontconfig.
export const startBrowser = ({ fonts } = {}) => chromium.launch({
  env: fonts ? { ...process.env, FONTCONFIG_FILE: fonts } : process.env,
  executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

export const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
export const dark = { colorScheme: 'dark' };

// Opens a page on `site` in a context of its own. requests: every request as {method, url}; complaints: what the page or the browser
// (a Content-Security-Policy, say) found wrong.
export async function visit(browser, site, options = {}) {
  const context = await browser.newContext({ baseURL: site.url, viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', acceptDownloads: true, ...options });
  const page = await context.newPage();
  const requests = [];
  const complaints = [];
  context.on('request', (r) => requests.push({ method: r.method(), url: r.url() }));
  page.on('pageerror', (error) => complaints.push(String(error)));
  // The browser says of every answer from 400 that it "failed to load"; those are the tests' own business. And a Permissions-Policy may
  // name what only other browsers have.
  const expected = /^Failed to load resource|Permissions-Policy header: Unrecognized feature/;
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !expected.test(message.text())) complaints.push(message.text());
  });
  return { page, context, requests, complaints, close: () => context.close() };
}

// Nothing but this site was asked, nothing is stored in the browser, nothing was complained about.
export async function assertPrivate({ page, context, requests, complaints }, site) {
  const foreign = requests.filter(({ url }) => !url.startsWith(`${site.url}/`) && !/^(blob|data):/.test(url));
  assert.deepEqual(foreign, [], 'requests to other places');
  assert.deepEqual(await context.cookies(), []);
  const stored = await page.evaluate(async () => ({
    local: localStorage.length, session: sessionStorage.length, databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
  }));
  assert.deepEqual(stored, { local: 0, session: 0, databases: 0, caches: 0, workers: 0 });
  assert.deepEqual(complaints, []);
}

// Once the page is complete: until its style sheet is here, an element that is waited for can be there already, and be measured bare.
const complete = (page) => page.waitForLoadState('load');

// axe-core finds nothing to complain about.
export async function assertAccessible(page, what) {
  await complete(page);
  const violations = await page.evaluate(`${axeSource}; axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations
    .map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ') + ' ' + n.failureSummary).join(' | ')))`);
  assert.deepEqual(violations, [], what);
}

// Nothing runs over the edge of a narrow window.
export async function assertFits(page, what) {
  await complete(page);
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= window, `${what}: ${wide} px wide in a window of ${window} px`);
}

export async function screenshot(page, name, options = {}) {
  await complete(page);
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true, ...options });
}

export const bakery = 'A family bakery in a harbour town: sourdough, rye bread and cinnamon buns, baked before dawn, blue tiles, warm light.';

// Fills the form and sends it.
export async function send(page, { description = bakery, count = 2, style = 'flat', size, load = true } = {}) {
  if (load) await page.goto('/');
  await page.getByLabel('Describe the business').fill(description);
  await page.locator(`[name=count][value="${count}"]`).check();
  await page.locator(`[name=style][value="${style}"]`).check();
  if (size) await page.locator(`[name=size][value="${size}"]`).check();
  await page.getByRole('button', { name: 'Make the pictures' }).click();
}

// Waits for the end of a set; a notice in its place is a failure with the notice's words.
export async function finished(page) {
  await page.locator('#after:visible, #notice:visible').first().waitFor({ timeout: 60000 });
  if (await page.locator('#notice').isVisible()) assert.fail(`instead of a set: ${await page.locator('#notice').innerText()}`);
  await page.waitForFunction(() => !document.querySelector('.frame.waiting')); // what is made is here
}
