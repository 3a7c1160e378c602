// SPDX-License-Identifier: ISC
// When something is wrong: words that help, focus where it is needed, nothing lost that the visitor typed.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startPages, startSite } from '../site/harness.mjs';
import { assertAccessible, assertPrivate, bakery, finished, screenshot, send, startBrowser, visit } from './browser.mjs';

let site;
let browser;
before(async () => { [site, browser] = await Promise.all([startSite({ testing: true }), startBrowser()]); });
after(async () => { await browser?.close(); await site?.stop(); });
const each = { timeout: 120000 };
const focusedId = (page) => page.evaluate(() => document.activeElement.id);

test('a test build says so on every page', each, async () => {
  const v = await visit(browser, site);
  for (const path of ['/', '/rights', '/privacy', '/subprocessors', '/nothing-here']) {
    await v.page.goto(path);
    assert.match(await v.page.locator('.banner').textContent(), /[Tt]est/);
    await assertAccessible(v.page, `${path} with the banner`);
  }
  await v.close();
});

test('personal data is asked about first; the visitor may edit, or send it all the same', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  const text = 'A bakery in a harbour town. Orders to anna@example.org, fresh every morning.';
  await send(page, { description: text, count: 1 });
  await page.locator('#notice.confirmable').waitFor();
  assert.equal(await focusedId(page), 'notice');
  assert.match(await page.locator('#notice-text').textContent(), /mail address/);
  assert.equal(await page.locator('#description').inputValue(), text);
  await assertAccessible(page, 'the question');
  await screenshot(page, 'personal-data');
  await page.getByRole('button', { name: 'Edit the text' }).click();
  assert.equal(await focusedId(page), 'description');
  await page.getByRole('button', { name: 'Make the pictures' }).click();
  await page.getByRole('button', { name: 'Send anyway' }).click();
  await finished(page);
  assert.equal(await page.locator('.frame img').count(), 1);
  await assertPrivate(v, site);
  await v.close();
});

test('what is refused is refused without a way round', each, async () => {
  const v = await visit(browser, site);
  await send(v.page, { description: 'A bakery in a harbour town. Pay to card 4111 1111 1111 1111.' });
  await v.page.locator('#description-error:not(:empty)').waitFor();
  assert.equal(await focusedId(v.page), 'description');
  assert.equal(await v.page.locator('#description').getAttribute('aria-invalid'), 'true');
  assert.equal(await v.page.getByRole('button', { name: 'Send anyway' }).isVisible(), false);
  await assertAccessible(v.page, 'refused');
  await screenshot(v.page, 'refused');
  await v.close();
});

test('an empty form and a wrong address are explained where they stand', each, async () => {
  const v = await visit(browser, site);
  const { page, requests } = v;
  await page.goto('/');
  await page.getByRole('button', { name: 'Make the pictures' }).click();
  assert.match(await page.locator('#description-error').textContent(), /few words/);
  assert.equal(await focusedId(page), 'description');
  assert.equal(requests.filter((r) => r.method === 'POST').length, 0);
  await page.locator('label', { hasText: 'A web page' }).click();
  await page.getByLabel('Address of a public page').fill('ftp://example.org/');
  await page.getByRole('button', { name: 'Make the pictures' }).click();
  await page.locator('#url-error:not(:empty)').waitFor();
  assert.equal(await focusedId(page), 'url');
  assert.equal(await page.locator('#url').inputValue(), 'ftp://example.org/');
  await assertAccessible(page, 'a wrong address');
  await v.close();
});

test('the address of a page becomes a set; one that cannot be read is explained', each, async () => {
  const pages = await startPages((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end('<!doctype html><html lang="en"><title>Harbour Bicycles</title><h1>Bicycles for long roads</h1><p>We build steel frames and wheels by the harbour.</p></html>');
  });
  const v = await visit(browser, site);
  const { page } = v;
  await page.goto('/');
  await page.locator('label', { hasText: 'A web page' }).click();
  await page.locator('[name=count][value="1"]').check();
  await page.getByLabel('Address of a public page').fill(`${pages.url}/`);
  await page.getByRole('button', { name: 'Make the pictures' }).click();
  await page.locator('#stages').getByText('Page read').waitFor();
  await finished(page);
  assert.equal(await page.locator('.frame img').count(), 1);
  await pages.close();
  page.once('dialog', (dialog) => dialog.accept()); // nothing of the set was taken
  await page.getByRole('button', { name: 'Make another set' }).click();
  assert.equal(await focusedId(page), 'url');
  await page.getByRole('button', { name: 'Make the pictures' }).click();
  await page.locator('#url-error:not(:empty)').waitFor();
  assert.match(await page.locator('#url-error').textContent(), /cannot be reached|did not arrive|address/);
  await assertAccessible(page, 'a page that cannot be read');
  await v.close();
});

// Answers of the server that are hard to bring about, made up at the network.
const answers = [
  ['too many', { status: 429, headers: { 'Retry-After': '20', 'Content-Type': 'application/problem+json' }, body: '{"type":"/problems/too-many-requests","status":429,"detail":"Too many requests from your address."}' }, /moment.*20 seconds/s],
  ['full', { status: 503, headers: { 'Retry-After': '5', 'Content-Type': 'text/html' }, body: '<h1>no</h1>' }, /Busy.*5 seconds/s],
  ['broken off', { status: 200, headers: { 'Content-Type': 'text/event-stream' }, body: 'event: progress\ndata: {"stage":"prompts","done":1,"of":4}\n\nevent: ima' }, /connection was lost/],
  ['an error in the stream', { status: 200, headers: { 'Content-Type': 'text/event-stream' },
    body: 'event: error\ndata: {"type":"/problems/provider","title":"Bad Gateway","status":502,"detail":"The picture service failed three times. Try again in a minute."}\n\n' }, /failed three times/],
  ['garbage', { status: 200, headers: { 'Content-Type': 'text/event-stream' }, body: 'event: image\ndata: {{{\n\n' }, /connection was lost/],
];
test('bad answers come out as words, and the form is as it was', each, async () => {
  for (const [name, answer, words] of answers) {
    const v = await visit(browser, site);
    await v.page.route('**/api/generate', (route) => route.fulfill(answer));
    await send(v.page);
    await v.page.locator('#notice:visible').waitFor();
    assert.match(await v.page.locator('#notice').textContent(), words, name);
    assert.equal(await focusedId(v.page), 'notice', name);
    assert.equal(await v.page.locator('#description').inputValue(), bakery, name);
    await assertAccessible(v.page, name);
    if (name === 'too many') await screenshot(v.page, 'too-many');
    await v.close();
  }
});

test('no connection at all', each, async () => {
  const v = await visit(browser, site);
  await v.page.route('**/api/generate', (route) => route.abort());
  await send(v.page);
  await v.page.locator('#notice:visible').waitFor();
  assert.match(await v.page.locator('#notice').textContent(), /connection was lost/i);
  await v.close();
});

// A set of one picture whose ZIP lives that long.
function answerWithSet(page, livesMs, missing = []) {
  const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  const bytes = Buffer.from(pixel, 'base64');
  page.route('**/pictures/*', (route) => route.fulfill({ status: 200, headers: { 'Content-Type': 'image/png' }, body: bytes }));
  return page.route('**/api/generate', (route) => {
    const events = [['image', { index: 0, type: 'image/png', url: '/pictures/x-1', bytes: bytes.length }],
      ['done', { receipt: 'r', archive: { url: '/downloads/x.zip', bytes: 9, expires: new Date(Date.now() + livesMs).toISOString() }, missing, processor: { id: 'a', name: 'A', preview: false } }]];
    return route.fulfill({ status: 200, headers: { 'Content-Type': 'text/event-stream' },
      body: events.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join('') });
  });
}

test('a ZIP that could not be deleted: said beside its time, which runs on to the end', each, async () => {
  const v = await visit(browser, site);
  const { page } = v;
  await page.clock.install();
  await answerWithSet(page, 10 * 60000);
  await page.route('**/downloads/x.zip', (route) => route.fulfill({ status: 503, headers: { 'Content-Type': 'text/html' }, body: 'no' }));
  await send(page, { count: 1 });
  await finished(page);
  await page.getByRole('button', { name: 'Delete now' }).click();
  const words = page.getByText('Not deleted yet. Busy');
  await words.waitFor();
  assert.match(await page.locator('#live').textContent(), /^Not deleted\. Busy/);
  assert.ok(await page.getByRole('button', { name: 'Delete now' }).isEnabled());
  await assertAccessible(page, 'not deleted');
  await page.clock.fastForward('05:30');
  await page.locator('#life').getByText(/^[45] minutes left$/).waitFor();
  assert.ok(await words.isVisible(), 'the time leaves the words where they are');
  await page.clock.fastForward('05:00');
  await page.getByText('The time is over').waitFor();
  for (const gone of [words, page.locator('#download'), page.locator('#delete')]) assert.equal(await gone.isVisible(), false);
  await v.close();
});

test('a set with a picture missing says which and why', each, async () => {
  const v = await visit(browser, site);
  await answerWithSet(v.page, 1500, [{ index: 1, reason: 'the service refused it' }]);
  await send(v.page);
  await finished(v.page);
  assert.match(await v.page.locator('#missing').textContent(), /1 of 2 could not be made; its frame says why/);
  assert.match(await v.page.locator('.frame.failed').textContent(), /the service refused it/);
  assert.match(await v.page.locator('#preview').textContent(), /Made by A/);
  await assertAccessible(v.page, 'a partial set');
  await screenshot(v.page, 'partial');
  await v.page.getByText('The time is over').waitFor(); // the time runs out before one's eyes
  assert.equal(await v.page.locator('#download').isVisible(), false);
  await v.close();
});

test('cancel ends the request, and nothing typed is lost', each, async () => {
  const v = await visit(browser, site);
  await v.page.route('**/api/generate', async () => {}); // never answered
  await send(v.page);
  const ended = v.page.waitForEvent('requestfailed');
  await v.page.getByRole('button', { name: 'Cancel' }).click();
  await ended;
  assert.equal(await focusedId(v.page), 'submit');
  assert.equal(await v.page.locator('#description').inputValue(), bakery);
  assert.equal(await v.page.locator('#live').textContent(), 'Cancelled. What you typed was not kept.');
  await v.close();
});

test('another set starts with the form as it was, and the old pictures are gone from memory', each, async () => {
  const v = await visit(browser, site);
  await send(v.page, { count: 1 });
  await finished(v.page);
  const picture = await v.page.locator('.frame img').getAttribute('src');
  const another = async (answer) => {
    let asked;
    v.page.once('dialog', (dialog) => { asked = dialog.message(); return dialog[answer](); });
    await v.page.getByRole('button', { name: 'Make another set' }).click();
    assert.match(asked, /not saved this set/);
  };
  await another('dismiss');
  assert.ok(await v.page.locator('.frame img').isVisible(), 'nothing is lost unasked');
  await another('accept');
  await v.page.locator('#description').waitFor();
  assert.equal(await focusedId(v.page), 'description');
  assert.equal(await v.page.locator('#description').inputValue(), bakery);
  assert.equal(await v.page.evaluate((url) => fetch(url).then(() => 'there', () => 'gone'), picture), 'gone');
  await v.close();
});
