// SPDX-License-Identifier: ISC
// The whole visit, as people make it: with a mouse, with a keyboard, on a phone, in the dark, and without JavaScript.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startSite } from '../site/harness.mjs';
import { assertAccessible, assertFits, assertPrivate, bakery, dark, finished, phone, screenshot, send, startBrowser, visit } from './browser.mjs';

let site;
let browser;
before(async () => { [site, browser] = await Promise.all([startSite(), startBrowser()]); });
after(async () => { await browser?.close(); await site?.stop(); });
const each = { timeout: 120000 };

async function download(page, name) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()]);
  const path = join(site.base, `download-${Math.random()}`);
  await file.saveAs(path);
  return { path, name: file.suggestedFilename() };
}

test('a description becomes pictures, a ZIP and a receipt; nobody else hears of it', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  await page.goto('/');
  await assertAccessible(page, 'the start');
  await screenshot(page, 'start');
  await send(page, { count: 3 });
  await finished(page);
  await page.locator('.frame:not(.waiting) img').nth(2).waitFor();
  assert.equal(await page.locator('.frame img').count(), 3);
  for (const image of await page.locator('.frame img').all()) {
    assert.ok(await image.evaluate((i) => i.complete && i.naturalWidth === 1024));
    assert.ok((await image.getAttribute('alt')).length > 10, 'the prompt is the text for those who do not see the picture');
  }
  assert.match(await page.locator('#life').textContent(), /We keep the ZIP until .*\(1 hour left\)/);
  assert.match(await page.locator('#preview').textContent(), /^Built-in previews: drawn here, sent to nobody$/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'work-title');
  await assertAccessible(page, 'the results');
  await screenshot(page, 'results');

  const zip = await download(page, /Download ZIP/);
  assert.match(zip.name, /\.zip$/);
  execFileSync('unzip', ['-t', '-q', zip.path]);
  const single = await download(page, 'Save picture 2');
  assert.match(single.name, /^picture-2\.(png|jpg|webp)$/);
  assert.ok(statSync(single.path).size > 1000);
  const [receipt] = await Promise.all([page.waitForEvent('download'), page.locator('#receipt-save').click()]);
  const path = join(site.base, 'receipt.txt');
  await receipt.saveAs(path);
  assert.ok(readFileSync(path, 'utf8').includes(await page.locator('#receipt').textContent()));

  await assertPrivate(v, site);
  const asked = new Set(v.requests.filter(({ url }) => url.startsWith('http')).map(({ method, url }) => `${method} ${new URL(url).pathname.replace(/[\w-]{43}/, '…')}`));
  assert.deepEqual([...asked].sort(), ['GET /', 'GET /api/processors', 'GET /assets/app.css', 'GET /assets/app.js', 'GET /assets/archive.js', 'GET /assets/common.js', 'GET /assets/convert.js', ...[1, 2, 3, 4].map((n) => `GET /assets/example-en-1-${n}.webp`), 'GET /assets/favicon.svg', 'GET /assets/history.js',
    'GET /assets/processors.js', 'GET /assets/save.js', 'GET /assets/sheet.js', 'GET /assets/stream.js', 'GET /assets/viewer.js', 'GET /pictures/…-1', 'GET /pictures/…-1t', 'GET /pictures/…-2', 'GET /pictures/…-2t', 'GET /pictures/…-3', 'GET /pictures/…-3t', 'POST /api/generate'], 'a download is not told to the driver; all else is here');
  await v.close();
});

test('progress moves when work is done, and says so to screen readers', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  await page.goto('/');
  await page.evaluate(() => {
    window.heard = [];
    window.bars = [];
    new MutationObserver(() => window.heard.push(document.getElementById('live').textContent)).observe(document.getElementById('live'), { childList: true, characterData: true, subtree: true });
    window.stages = [];
    new MutationObserver(() => {
      window.bars.push(document.getElementById('bar').value);
      window.stages.push([...document.querySelectorAll('#stages li')].map((one) => one.textContent).join('|'));
    }).observe(document.getElementById('stages'), { childList: true });
  });
  await page.getByLabel('Describe the business').fill(bakery);
  await page.getByRole('button', { name: 'Make the pictures' }).click();
  await page.locator('.frame img').first().waitFor();
  await screenshot(page, 'progress');
  await finished(page);
  const { heard, bars, stages } = await page.evaluate(() => ({ heard: window.heard, bars: window.bars, stages: window.stages }));
  for (const words of ['Writing the descriptions', 'Descriptions written', 'ZIP']) assert.ok(stages.some((one) => one.split('|').includes(words)), `${words} in ${stages}`);
  assert.ok(stages.every((one) => !/written.*written/.test(one) && !/(^|\|)Descriptions written.*Writing/.test(one)));
  assert.equal(heard[0], 'Started.');
  for (const words of ['Picture 1 of 4 is made.', 'Picture 4 of 4 is made.', 'Done. 4 of 4 pictures are ready.']) assert.ok(heard.includes(words), `${words} in ${heard}`);
  assert.deepEqual(bars, [...bars].sort((a, b) => a - b), 'the bar never goes back');
  assert.ok(new Set(bars).size >= 5);
  await v.close();
});

test('the start shows what was drawn here from the texts beside it, and takes such a text', each, async () => {
  for (const [name, options] of [['desk', {}], ['phone', phone], ['plain', { javaScriptEnabled: false }]]) {
    const context = await browser.newContext({ baseURL: site.url, viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    await page.goto('/');
    const shown = page.locator('.example:visible');
    assert.equal(await shown.count(), 1, name);
    if (name !== 'phone') await page.locator('label', { hasText: 'Bicycles' }).click();
    await shown.scrollIntoViewIfNeeded();
    assert.equal(await shown.locator('img').count(), 4);
    for (const image of await shown.locator('img').all()) assert.ok(await image.evaluate(async (i) => { await i.decode(); return i.naturalWidth >= 256; }), name);
    if (name !== 'plain') {
      await shown.getByRole('button', { name: 'Use this text' }).click();
      assert.equal(await page.locator('#description').inputValue(), (await shown.locator('q').textContent()).trim());
      assert.equal(await page.locator('[name=style]:checked').inputValue(), name === 'phone' ? 'soft' : 'flat');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'description');
    } else {
      assert.equal(await shown.getByRole('button').count(), 0, 'no button that does nothing');
    }
    await context.close();
  }
});

test('delete now: the ZIP is gone for everybody', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  await send(page, { count: 1 });
  await finished(page);
  const address = await page.locator('#download').getAttribute('href');
  assert.equal((await fetch(site.url + address, { method: 'HEAD' })).status, 200);
  await page.getByRole('button', { name: 'Delete now' }).click();
  await page.getByText('Deleted. The ZIP is gone').waitFor();
  assert.equal((await fetch(site.url + address)).status, 404);
  assert.equal(await page.locator('#download').isVisible(), false);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'keep-title');
  await assertAccessible(page, 'after deleting');
  await v.close();
});

test('whoever has taken nothing is asked before leaving, and nobody else', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  let asked = 0;
  page.on('dialog', (dialog) => { asked++; return dialog.accept(); });
  const taken = {
    nothing: () => {},
    zip: () => download(page, /Download ZIP/),
    receipt: () => Promise.all([page.waitForEvent('download'), page.locator('#receipt-save').click()]),
    copy: () => page.locator('#receipt-copy').click(),
    deleted: async () => { await page.getByRole('button', { name: 'Delete now' }).click(); await page.getByText('Deleted. The ZIP is gone').waitFor(); },
    another: () => page.getByRole('button', { name: 'Make another set' }).click(),
  };
  for (const [what, take] of Object.entries(taken)) {
    await send(page, { count: 1 });
    await finished(page);
    await take();
    asked = 0;
    await page.reload();
    assert.equal(asked, what === 'nothing' ? 1 : 0, what);
    if (['deleted', 'another'].includes(what)) assert.ok(await page.locator('#description').isVisible(), what);
    else await finished(page); // the tab finds its set again
    await page.evaluate(() => history.replaceState(null, ''));
  }
  await v.close();
});

test('the viewer shows the picture, its buttons and its prompt, however small the screen', each, async () => {
  const inside = (locator) => locator.evaluate((e) => {
    const { top, left, bottom, right, width, height } = e.getBoundingClientRect();
    return width > 0 && height > 0 && top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
  });
  for (const [name, options] of [['phone', phone], ['phone-dark', { ...phone, ...dark }], ['lying', { ...phone, viewport: { width: 740, height: 360 } }], ['desk', {}]]) {
    for (const size of ['1024x1024', '1024x1536']) {
      const v = await visit(browser, site, options);
      const { page } = v;
      await page.route('**/api/generate', async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: (await response.text()).replace(/^(event: prompt\ndata: \{.*"text":")/gm, `$1${bakery.repeat(8)} `) });
      });
      await send(page, { count: 2, size });
      await finished(page);
      await page.getByRole('button', { name: 'Enlarge picture 1' }).click();
      await page.locator('#viewer[open]').waitFor();
      await page.locator('#viewer-image').evaluate((image) => image.decode());
      for (const part of ['#viewer-image', '#viewer-caption', '#viewer-previous', '#viewer-next', '#viewer-save', '#viewer-close'])
        assert.ok(await inside(page.locator(part)), `${part} ${size} ${name}`);
      assert.ok((await page.locator('#viewer-image').boundingBox()).height >= 100, `${size} ${name}`);
      assert.ok((await page.locator('#viewer-caption').textContent()).length > bakery.length * 8);
      await screenshot(page, `viewer-${size}-${name}`, { fullPage: false });
      await page.locator('#viewer-next').click();
      await assertAccessible(page, `the viewer ${name}`);
      await v.close();
    }
  }
});

test('with the keyboard alone', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  const press = async (key, times = 1) => { for (let i = 0; i < times; i++) await page.keyboard.press(key); };
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.name || document.activeElement.textContent.trim());
  const tabTo = async (what) => {
    for (let i = 0; i < 30 && (await focused()) !== what; i++) await press('Tab');
    assert.equal(await focused(), what);
  };
  await page.goto('/');
  await press('Tab');
  assert.equal(await focused(), 'Skip to the content');
  await press('Enter');
  await tabTo('by-description');
  await press('ArrowRight');
  assert.ok(await page.getByLabel('Address of a public page').isVisible());
  await press('ArrowLeft');
  await tabTo('description');
  await page.keyboard.type(bakery);
  await tabTo('style');
  await press('ArrowRight', 2);
  await tabTo('count');
  await press('ArrowLeft', 2);
  await tabTo('submit');
  await press('Enter');
  await finished(page);
  assert.equal(await page.locator('.frame img').count(), 2);
  await press('Tab');
  assert.match(await page.evaluate(() => document.activeElement.ariaLabel), /Enlarge picture 1/);
  await press('Enter');
  await page.locator('#viewer[open]').waitFor();
  await assertAccessible(page, 'the viewer');
  await press('ArrowRight');
  assert.match(await page.locator('#viewer-caption').textContent(), /^2 of 2/);
  await press('Escape');
  assert.match(await page.evaluate(() => document.activeElement.ariaLabel), /Enlarge picture 1/, 'back where it was opened');
  await v.close();
});

test('on a phone and in the dark: nothing runs over the edge, everything is readable', each, async () => {
  for (const [name, options] of [['phone', phone], ['phone-dark', { ...phone, ...dark }], ['dark', dark], ['narrow', { viewport: { width: 320, height: 640 } }]]) {
    const v = await visit(browser, site, options);
    for (const path of ['/', '/rights', '/privacy', '/subprocessors', '/api', '/nothing-here']) {
      await v.page.goto(path);
      await assertFits(v.page, `${path} ${name}`);
      await assertAccessible(v.page, `${path} ${name}`);
      await screenshot(v.page, `${path === '/' ? 'start' : path.slice(1)}-${name}`);
    }
    await send(v.page, { count: 2, size: '1536x1024' });
    await finished(v.page);
    await assertFits(v.page, `results ${name}`);
    await assertAccessible(v.page, `results ${name}`);
    await screenshot(v.page, `results-${name}`);
    await assertPrivate(v, site);
    await v.close();
  }
});

test('tables: on a phone every row is a card, nothing is cut off, and they stay tables to those who listen', each, async () => {
  for (const [name, options, cards] of [['phone', phone, true], ['phone-dark', { ...phone, ...dark }, true], ['tablet', { viewport: { width: 800, height: 1000 } }, false]]) {
    const v = await visit(browser, site, options);
    for (const path of ['/privacy', '/subprocessors']) {
      await v.page.goto(path);
      assert.ok(await v.page.getByRole('table').count() >= 1, path);
      for (const table of await v.page.getByRole('table').all()) {
        const heads = await table.getByRole('columnheader').allTextContents();
        for (const row of (await table.getByRole('row').all()).slice(1)) {
          assert.equal(await row.getByRole('rowheader').count(), 1, path);
          assert.deepEqual(await row.getByRole('cell').evaluateAll((cells) => cells.map((c) => c.dataset.label)), heads.slice(1), path);
        }
        const cut = await table.evaluate((t) => [t, ...t.querySelectorAll('tbody *')].filter((e) => e.getBoundingClientRect().right > innerWidth || (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && e.tagName !== 'METER')).map((e) => e.outerHTML.slice(0, 80)));
        assert.deepEqual(cut, [], `${path} ${name}`);
        const labels = await table.locator('td').evaluateAll((cells) => cells.map((c) => getComputedStyle(c, '::before').content));
        assert.ok(labels.every((label) => (label !== 'none') === cards), `${path} ${name}: ${labels}`);
      }
      await assertFits(v.page, `${path} ${name}`);
      await assertAccessible(v.page, `${path} ${name}`);
      await screenshot(v.page, `tables${path.replaceAll('/', '-')}-${name}`);
    }
    await v.close();
  }
});

test('the other pages, on a desk', each, async () => {
  const v = await visit(browser, site);
  for (const path of ['/privacy', '/subprocessors', '/rights', '/nothing-here']) {
    await v.page.goto(path);
    await assertAccessible(v.page, path);
    assert.equal(await v.page.locator('h1').count(), 1, path);
    assert.equal(await v.page.locator('.banner').isVisible(), false, 'no banner on an ordinary site');
    for (const name of ['Privacy notice', 'Subprocessors', 'Your rights']) assert.ok(await v.page.locator('footer').getByRole('link', { name }).isVisible());
    await screenshot(v.page, path.slice(1));
  }
  await v.page.goto('/privacy');
  await v.page.emulateMedia({ media: 'print' });
  assert.equal(await v.page.locator('.top nav').isVisible(), false);
  await assertAccessible(v.page, 'the notice in print');
  await screenshot(v.page, 'privacy-print');
  await assertPrivate(v, site);
  await v.close();
});

test('without JavaScript the same form gives the same set', each, async () => {
  const context = await browser.newContext({ baseURL: site.url, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto('/');
  await page.locator('label', { hasText: 'A web page' }).click();
  assert.ok(await page.locator('#url').isVisible());
  assert.equal(await page.locator('#description').isVisible(), false);
  await page.locator('label', { hasText: 'A description' }).click();
  await page.locator('#description').fill(bakery);
  await page.locator('[name=count][value="2"]').check();
  await page.getByRole('button', { name: 'Make the pictures' }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  assert.equal(await page.locator('img').count(), 2);
  assert.match(await page.locator('img').first().getAttribute('src'), /^\/pictures\/[\w-]{43}-1$/);
  for (const image of await page.locator('img').all()) assert.ok(await image.evaluate(async (i) => { await i.decode(); return i.naturalWidth === 1024; }));
  await screenshot(page, 'without-script');
  const advice = page.locator('section', { has: page.getByRole('heading', { name: 'Before you publish, check' }) });
  assert.ok(await advice.locator('li').count() >= 3);
  const address = await page.getByRole('link', { name: /ZIP/ }).getAttribute('href');
  assert.equal((await fetch(new URL(address, site.url), { method: 'HEAD' })).status, 200);
  await page.getByRole('button', { name: 'Delete now' }).click();
  await page.getByRole('heading', { level: 1, name: 'Erased', exact: true }).waitFor();
  assert.equal((await fetch(new URL(address, site.url), { method: 'HEAD' })).status, 404);

  await page.goto('/');
  await page.locator('#description').fill('Write to anna@example.org for bread in the harbour town.');
  await page.locator('[name=count][value="3"]').check();
  await page.getByRole('button', { name: 'Make the pictures' }).click();
  await page.getByText(/mail address/).waitFor();
  assert.equal(await page.locator('#description').inputValue(), 'Write to anna@example.org for bread in the harbour town.');
  await page.getByRole('button', { name: 'Send the changed text' }).click();
  await page.getByText(/mail address/).waitFor();
  await screenshot(page, 'confirm-without-script');
  await page.getByRole('button', { name: 'Send it anyway' }).click();
  await page.locator('img').first().waitFor();
  assert.equal(await page.locator('img').count(), 3, 'the other settings are those of the first time');
  await page.goto('/');
  await page.locator('#description').fill('Write to anna@example.org for bread in the harbour town.');
  await page.locator('[name=count][value="1"]').check();
  await page.getByRole('button', { name: 'Make the pictures' }).click();
  await page.getByLabel('Your description').fill('Bread in the harbour town, sold from a boat.');
  await page.getByRole('button', { name: 'Send the changed text' }).click();
  await page.locator('img').waitFor();
  assert.deepEqual(await context.cookies(), []);
  await context.close();
});

// The scripts do not arrive, but axe can run: these are the pages that the programs themselves make.
test('pages of the programs look like the others, on every screen', each, async () => {
  for (const [name, options] of [['desk', {}], ['phone', phone], ['phone-dark', { ...phone, ...dark }], ['dark', dark]]) {
    const v = await visit(browser, site, options);
    const { page } = v;
    await page.route('**/assets/*.js', (route) => route.abort());
    const submit = async (path, fields, button, what) => {
      await page.goto(path);
      for (const [field, text] of Object.entries(fields)) await page.locator(field).fill(text);
      if (path === '/') await page.locator('[name=count][value="1"]').check();
      await page.getByRole('button', { name: button, exact: true }).click();
      await page.locator('.answer h1').waitFor();
      assert.equal(await page.locator('h1').count(), 1, what);
      for (const link of ['Privacy notice', 'Subprocessors', 'Your rights']) assert.ok(await page.locator('footer').getByRole('link', { name: link }).isVisible(), what);
      await assertAccessible(page, `${what} ${name}`);
      await assertFits(page, `${what} ${name}`);
      await screenshot(page, `${what}-${name}`);
    };
    await submit('/', { '#description': `${bakery}\nWrite to anna@example.org.` }, 'Make the pictures', 'plain-confirm');
    await submit('/', { '#description': `${bakery} Card 4111 1111 1111 1111.` }, 'Make the pictures', 'plain-refused');
    await submit('/', { '#description': bakery }, 'Make the pictures', 'plain-set');
    const receipt = await page.locator('.code code').textContent();
    await submit('/rights#erasure', { '#erasure-receipt-1': receipt }, 'Show what would be deleted', 'plain-plan');
    assert.ok(v.requests.every(({ url }) => url.startsWith(`${site.url}/`) || /^(blob|data):/.test(url)));
    await v.close();
  }
});
