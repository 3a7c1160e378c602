// SPDX-License-Identifier: ISC
// Our own forms, without scripts, on a name that is neither loopback nor HTTPS: there the browser sends no Sec-Fetch-Site, and what tells our
// page from another site's is the Origin that our Referrer-Policy lets it name.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { startPages, startSite } from '../site/harness.mjs';

let site, foreign, browser;
before(async () => {
  site = await startSite();
  foreign = await startPages((request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<form method=post action="http://lan.example:${site.port}${request.url}"><input name=right value=access><input name=contact value=jane@example.org>
      <input name=receipt value=x><input name=description value=bread><button>Go</button></form>`);
  });
  browser = await chromium.launch({ executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync),
    args: ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP lan.example 127.0.0.1, MAP evil.example 127.0.0.1'] });
});
after(async () => { await browser?.close(); await foreign?.close(); await site?.stop(); });

async function press(url, button, prepare = async () => {}) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  let sent;
  page.on('request', (r) => { if (r.method() === 'POST') sent = r.allHeaders(); });
  await page.goto(url);
  await prepare(page);
  const [response] = await Promise.all([page.waitForNavigation(), page.click(button)]);
  const headers = await sent;
  await context.close();
  return { status: response.status(), origin: headers.origin, site: headers['sec-fetch-site'] };
}

test('a form of ours is taken', { timeout: 60000 }, async () => {
  const { status, origin, site: said } = await press(`http://lan.example:${site.port}/rights#complaint`, 'form[action="/api/rights"] button', async (page) => {
    await page.fill('form:has([value=complaint]) [name=contact]', 'jane@example.org');
    await page.fill('form:has([value=complaint]) [name=message]', 'It went wrong.');
    await Promise.all([page.waitForNavigation(), page.click('form:has([value=complaint]) button')]);
  });
  assert.equal(said, undefined);
  assert.equal(origin, `http://lan.example:${site.port}`);
  assert.equal(status, 201);
});

test('a form of another site is not', { timeout: 60000 }, async () => {
  for (const path of ['/api/rights', '/api/erase', '/api/generate'])
    assert.equal((await press(`http://evil.example:${foreign.port}${path}`, 'button')).status, 403, path);
});
