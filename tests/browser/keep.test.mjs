// SPDX-License-Identifier: ISC
// What has arrived is the visitor's: it stays when the rest does not come, can be made once more, and be saved in the form that is needed.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startAzure } from '../peers/azure.mjs';
import { startSite, until } from '../site/harness.mjs';
import { assertAccessible, assertFits, assertPrivate, bakery, finished, phone, screenshot, send, startBrowser, visit } from './browser.mjs';

let azure;
let site;
let browser;
before(async () => {
  azure = await startAzure();
  [site, browser] = await Promise.all([startSite({ testing: true, env: azure.env }), startBrowser()]);
});
after(async () => { await browser?.close(); await site?.stop(); await azure?.close(); });
beforeEach(() => azure.reset());
const each = { timeout: 120000 };
const made = (page, n) => page.waitForFunction((count) => document.querySelectorAll('.frame:not(.waiting):not(.failed)').length === count, n);
const inSight = (locator) => locator.evaluate((e) => {
  const { top, bottom, height } = e.getBoundingClientRect();
  return height > 0 && top >= 0 && bottom <= innerHeight;
});

test('cancelled: what has arrived stays, and the missing ones can be made', each, async () => {
  const v = await visit(browser, site, phone);
  const { page } = v;
  azure.always = 'hang';
  azure.next('ok', 'ok');
  await send(page, { count: 3 });
  await made(page, 1);
  await until(() => azure.inFlight === 2, 5000, 'two under way');
  assert.match(await page.locator('#estimate').textContent(), /^(About .* left|Almost done)$/, 'by the one that is here');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('#work-eyebrow').getByText('Stopped').waitFor();
  assert.equal(await page.locator('#work-title').textContent(), 'Your picture');
  assert.equal(await page.locator('.frame img').count(), 1);
  assert.equal(await page.locator('.frame.failed').count(), 2);
  await until(() => azure.cancelled === 2, 3000, 'the vendor is told');
  assert.equal(await page.locator('#download').isVisible(), false, 'the server has kept nothing');
  assert.match(await page.locator('#life').textContent(), /only in this tab/);
  await assertAccessible(page, 'stopped');
  await assertFits(page, 'stopped');
  await screenshot(page, 'stopped');
  azure.reset();
  await page.getByRole('button', { name: 'Make the missing 2' }).click();
  await made(page, 3);
  await page.waitForFunction(() => document.getElementById('receipt').textContent.split('\n').length === 2); // one for each set, when it is done
  assert.ok(await page.locator('#missing').isHidden());
  page.once('dialog', (dialog) => dialog.accept());
  await page.reload();
  await made(page, 2);
  await assertPrivate(v, site);
  await v.close();
});

test('one picture once more, from a changed text; the old one stays', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  await send(page, { count: 2 });
  await finished(page);
  azure.requests.length = 0;
  await page.getByRole('button', { name: 'Change picture 1' }).click();
  const text = page.getByLabel('What the picture shows');
  assert.equal(await text.inputValue(), await page.locator('.frame .words').first().textContent());
  await assertAccessible(page, 'the text is changed');
  await text.fill('A rye bread on blue tiles, seen from above, morning light.');
  await text.press('Control+Enter');
  await made(page, 3);
  await page.locator('#dock').waitFor();
  assert.equal(await page.locator('.frame img').count(), 3);
  assert.ok(azure.requests.some((one) => String(one.body).includes('seen from above')), 'the changed text is what went');
  assert.ok(await page.getByText('The ZIP holds the first set').isVisible());
  await page.getByRole('button', { name: 'Change picture 3' }).click();
  await text.fill('Orders to anna@example.org, rye bread.');
  await page.getByRole('button', { name: 'Make the picture', exact: true }).click();
  await page.locator('#work-notice #notice.confirmable').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'notice');
  await assertAccessible(page, 'the question about a changed text');
  await page.getByRole('button', { name: 'Edit the text' }).click();
  assert.equal(await text.inputValue(), 'Orders to anna@example.org, rye bread.');
  await text.fill('Orders by post, rye bread.');
  await page.getByRole('button', { name: 'Make the picture', exact: true }).click();
  await made(page, 4);
  assert.equal(await page.locator('.frame').count(), 4);
  await v.close();
});

test('a set that is lost for good: its pictures stay', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
  await page.route('**/pictures/*', (route) => route.fulfill({ status: 200, headers: { 'Content-Type': 'image/png' }, body: pixel }));
  await page.route('**/api/generate', (route) => route.fulfill({ status: 200, headers: { 'Content-Type': 'text/event-stream' },
    body: [['begun', { receipt: 'A'.repeat(43), count: 2, size: '1024x1024' }], ['image', { index: 0, type: 'image/png', url: '/pictures/x-1', bytes: pixel.length }]]
      .map(([name, data], i) => `id: ${i + 1}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join('') }));
  await send(page, { count: 2 });
  await page.locator('#work-notice').getByText('This set is not there any more').waitFor();
  await made(page, 1);
  assert.equal(await page.locator('.frame.failed').count(), 1);
  assert.ok(await page.getByRole('button', { name: 'Make the missing one' }).isEnabled());
  assert.equal(await page.evaluate(() => history.state), null);
  await v.close();
});

test('some or all pictures are saved, in another format and size, with the mark of how they were made', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  await send(page, { count: 3 });
  await finished(page);
  const save = async (format, side, pictures) => {
    await page.getByRole('button', { name: 'Save pictures' }).click();
    await page.locator('#save-format').selectOption({ label: format });
    await page.locator('#save-size').selectOption({ label: side });
    for (const n of [1, 2, 3]) await page.locator(`#save-pictures [value="${n}"]`).setChecked(pictures.includes(n));
    const [file] = await Promise.all([page.waitForEvent('download'), page.locator('#save-now').click()]);
    const path = join(site.base, `saved-${Math.random()}`);
    await file.saveAs(path);
    return { name: file.suggestedFilename(), path, bytes: readFileSync(path) };
  };
  const decoded = (bytes, type) => page.evaluate(async ([data, mime]) => {
    const image = new Image();
    image.src = `data:${mime};base64,${data}`;
    await image.decode();
    return image.naturalWidth;
  }, [bytes.toString('base64'), type]);
  for (const [format, ending, type] of [['JPEG', 'jpg', 'image/jpeg'], ['WebP', 'webp', 'image/webp'], ['PNG', 'png', 'image/png']]) {
    const { name, bytes } = await save(format, '800 pixels', [2]);
    assert.equal(name, `picture-2.${ending}`);
    assert.equal(await decoded(bytes, type), 800, format);
    assert.ok(bytes.includes('digitalsourcetype/trainedAlgorithmicMedia'), `${format} says that it was made by AI`);
  }
  const { name, path } = await save('WebP', '400 pixels', [1, 3]);
  assert.equal(name, 'pictures.zip');
  execFileSync('unzip', ['-t', '-q', path]);
  assert.deepEqual(execFileSync('unzip', ['-Z1', path], { encoding: 'utf8' }).trim().split('\n'), ['picture-1.webp', 'picture-3.webp']);
  const whole = await save('As it is', 'As it is (1024 pixels)', [1]);
  const [own] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Save picture 1' }).click()]);
  await own.saveAs(join(site.base, 'own.png'));
  assert.ok(whole.bytes.equals(readFileSync(join(site.base, 'own.png'))), 'as it is means untouched');
  await page.getByRole('button', { name: 'Save pictures' }).click();
  await assertAccessible(page, 'the dialog');
  await screenshot(page, 'save', { fullPage: false });
  await page.locator('#save-pictures input').first().uncheck();
  assert.equal(await page.locator('#save-now').textContent(), 'Save 2 pictures');
  await v.close();
});

test('on a phone: what is wrong is in sight, and so is the ZIP however long the sheet', each, async () => {
  const v = await visit(browser, site, phone);
  const { page } = v;
  await page.goto('/');
  await page.locator('#submit').scrollIntoViewIfNeeded();
  await page.getByRole('button', { name: 'Make the pictures' }).click();
  assert.ok(await inSight(page.locator('#description-error')), 'an empty form');
  await page.route('**/api/generate', (route) => route.fulfill({ status: 429, headers: { 'Content-Type': 'text/html' }, body: 'no' }));
  await page.locator('#description').fill(bakery);
  await page.getByRole('button', { name: 'Make the pictures' }).click();
  await page.locator('#notice:visible').waitFor();
  assert.ok(await inSight(page.locator('#notice')), 'a refusal');
  await page.unroute('**/api/generate');
  await send(page, { count: 4 });
  await finished(page);
  for (const at of [0, 1000, 2000]) {
    await page.evaluate((y) => scrollTo(0, y), at);
    assert.ok(await inSight(page.locator('#download')), `at ${at}`);
    assert.ok(await inSight(page.locator('#save-open')), `at ${at}`);
  }
  await screenshot(page, 'dock', { fullPage: false });
  await v.close();
});

test('thumbnails first: no picture is asked for while a thumbnail is on its way', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  const asked = [];
  const held = [];
  await page.route('**/pictures/*', async (route) => {
    const small = route.request().url().endsWith('t');
    asked.push(small);
    if (small) await new Promise((release) => { held.push(release); });
    return route.continue();
  });
  await send(page, { count: 3 });
  await until(() => held.length === 1, 20000, 'the first thumbnail');
  await page.locator('#after').waitFor();
  assert.deepEqual(asked, [true], 'which has the line to itself');
  held.shift()();
  await page.locator('.frame.waiting img').waitFor();
  await until(() => held.length === 2, 5000, 'the other thumbnails');
  assert.ok(!asked.includes(false));
  for (const release of held.splice(0)) release();
  await finished(page);
  assert.equal(asked.filter((small) => !small).length, 3);
  await v.close();
});

test('the keyboard sends, and a pasted address is a page', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  const paste = (text) => page.locator('#description').evaluate((field, data) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text', data);
    field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, cancelable: true, bubbles: true }));
  }, text);
  await page.goto('/');
  await paste('We sell bread, see https://bread.example/');
  assert.ok(await page.locator('#description').isVisible(), 'a text is a text');
  await paste(' https://bread.example/shop ');
  assert.equal(await page.locator('#url').inputValue(), 'https://bread.example/shop');
  await page.locator('#by-description').check({ force: true });
  await page.locator('#description').fill(bakery);
  await page.locator('[name=count][value="1"]').check();
  await page.locator('#description').press('Control+Enter');
  await finished(page);
  await v.close();
});

test('a list of the sets made in a tab: for who asks for it, in that tab, until it is forgotten', each, async () => {
  const v = await visit(browser, site);
  const { page, context } = v;
  const stored = (where = page) => where.evaluate(() => [sessionStorage.length, localStorage.length]);
  await send(page, { count: 1 });
  await finished(page);
  assert.deepEqual(await stored(), [0, 0], 'nothing unasked');
  await page.getByLabel('Remember my sets in this tab').check();
  assert.deepEqual(await stored(), [1, 0]);
  await assertAccessible(page, 'the list is asked for');
  page.on('dialog', (dialog) => dialog.accept());
  await page.getByRole('button', { name: 'Make another set' }).click();
  const list = page.locator('#history');
  assert.ok((await list.locator('q').textContent()).includes(bakery.slice(0, 100)));
  await page.locator('#description').fill('');
  await list.getByRole('button', { name: 'Use this text' }).click();
  assert.equal(await page.locator('#description').inputValue(), bakery);
  assert.equal(await page.locator('[name=count]:checked').inputValue(), '1');
  await assertAccessible(page, 'the list');
  await screenshot(page, 'history');
  const other = await context.newPage();
  await other.goto('/');
  assert.equal(await other.locator('#history').isVisible(), false, 'another tab has none');
  await other.close();
  await list.getByRole('button', { name: 'Show the set' }).click();
  await made(page, 1);
  assert.ok(await page.getByLabel('Remember my sets in this tab').isChecked());
  await page.getByRole('button', { name: 'Make another set' }).click();
  await page.getByRole('button', { name: 'Forget this list' }).click();
  await list.waitFor({ state: 'hidden' });
  await assertPrivate(v, site);
  await v.close();
});

test('a vendor that failed after it was sent something: the page says so, and offers to try again', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  azure.always = '400';
  await send(page, { count: 1 });
  await finished(page);
  assert.match(await page.locator('#preview').textContent(), /^Built-in previews: drawn here\. Your text was sent to Azure OpenAI\./);
  await assertAccessible(page, 'previews in place of pictures');
  azure.reset();
  page.on('dialog', (dialog) => dialog.accept());
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Made by Azure OpenAI').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Try again' }).isVisible(), false);
  await page.getByRole('button', { name: 'Make another set' }).click();
  azure.always = '400';
  await page.locator('#provider').selectOption('Azure OpenAI');
  await page.getByRole('button', { name: 'Make the pictures' }).click();
  await page.locator('#notice').getByText('Your text had already been sent to Azure OpenAI.').waitFor();
  await v.close();
});
