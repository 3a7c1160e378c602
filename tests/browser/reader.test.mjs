// SPDX-License-Identifier: ISC
// The page reader sees what Chromium shows: both read the same bytes of each page of tests/pages, and the words are compared, how many of the
// browser's the reader has (recall) and how many of the reader's the browser shows (precision). The reader leaves out what surrounds a page's
// text (menus, footers, buttons, consent banners), so the browser's page is rid of that first, by the elements' names.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { pages } from '../pages/pages.mjs';
import { startReader } from '../pages/reader.mjs';
import { startBrowser } from './browser.mjs';

let reader, browser, server, page;
before(async () => {
  reader = await startReader();
  browser = await startBrowser();
  server = createServer((request, response) => {
    const wanted = pages[Number(request.url.slice(1))];
    response.writeHead(wanted ? 200 : 404, wanted?.type ? { 'content-type': wanted.type } : {});
    response.end(wanted?.bytes);
  });
  await new Promise((r) => { server.listen(0, '127.0.0.1', r); });
  page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  await page.route((url) => !/^\/\d+$/.test(url.pathname), (route) => route.abort());
});
after(async () => { await browser?.close(); server?.close(); await reader?.stop(); });

// Runs in the browser.
function shown() {
  const bytes = (text) => new TextEncoder().encode(text.trim().replace(/\s+/g, ' ')).length;
  const { title } = document;
  const description = [...document.querySelectorAll('meta[name=description i]')].map((m) => m.content.trim()).find((t) => t) || '';
  const whole = document.body?.innerText || '';
  const around = 'nav, footer, aside, select, dialog, svg text, math, [data-around], [role=navigation], [role=search], [role=dialog], [role=contentinfo]';
  for (const e of document.querySelectorAll(around)) if (!e.closest('[data-keep]')) e.replaceWith(' ');
  for (const e of document.querySelectorAll('button')) if (!e.closest('h1, h2, h3, summary')) e.replaceWith(' ');
  const text = (selector) => [...document.querySelectorAll(selector)].filter((e) => !e.parentElement.closest(selector) && e.checkVisibility()).map((e) => e.innerText).join('\n');
  const body = document.body?.innerText || '';
  const main = text('main, [role=main]');
  const articles = text('article');
  const headings = [...new Set([...document.querySelectorAll('h1, h2, h3')].filter((e) => !e.parentElement.closest('h1, h2, h3')).map((e) => e.innerText.trim().replace(/\s+/g, ' ')).filter((t) => t))];
  return { title, description, headings, text: bytes(main) >= 200 ? main : bytes(articles) >= 200 && bytes(articles) * 2 >= bytes(body) ? articles : body.trim() ? body : whole };
}

// Words as letters and digits, single characters where a script has no spaces.
const wordsOf = (text) => text.normalize('NFKC').toLowerCase().replace(/\p{Cf}/gu, '')
  .match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}\p{M}\p{So}\p{Co}\p{Sc}]+|\ufffd/gu) || [];
function overlap(a, b) {
  const left = new Map();
  for (const w of b) left.set(w, (left.get(w) || 0) + 1);
  const common = a.filter((w) => { const n = left.get(w) || 0; left.set(w, n - 1); return n > 0; }).length;
  return a.length ? common / a.length : 1;
}

test(`${pages.length} pages are read as Chromium shows them`, { timeout: 300000 }, async () => {
  assert.ok(pages.length >= 150);
  const wrong = [];
  let [recalls, precisions] = [0, 0];
  for (const [i, { name, type, bytes }] of pages.entries()) {
    await page.goto(`http://127.0.0.1:${server.address().port}/${i}`);
    const browsers = await page.evaluate(shown);
    const ours = await reader.read(bytes, type);
    const text = ours.error ? '' : ours.text;
    const recall = overlap(wordsOf(browsers.text), wordsOf(text));
    const precision = overlap(wordsOf(text), wordsOf(browsers.text));
    recalls += recall;
    precisions += precision;
    const same = (ours.error || ours.title === browsers.title || browsers.title === '') && (ours.error || browsers.description === '' || ours.description === browsers.description.replace(/\s+/g, ' '));
    if (recall < 0.98 || precision < 0.98 || !same || (ours.error && browsers.text.trim()))
      wrong.push(`${name}: recall ${recall.toFixed(2)}, precision ${precision.toFixed(2)}\n    Chromium ${JSON.stringify(browsers)}\n    reader   ${JSON.stringify(ours)}`);
  }
  console.log(`${pages.length} pages: recall ${(recalls / pages.length).toFixed(4)}, precision ${(precisions / pages.length).toFixed(4)}`);
  assert.deepEqual(wrong, []);
});
