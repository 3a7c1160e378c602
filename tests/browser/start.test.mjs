// SPDX-License-Identifier: ISC
// The start page promises what the site can do here and now: who makes the pictures, as it is set up; and no form where none is served.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzure } from '../peers/azure.mjs';
import { generate, root, startSite } from '../site/harness.mjs';
import { assertAccessible, assertFits, assertPrivate, bakery, dark, finished, phone, screenshot, startBrowser, visit } from './browser.mjs';

const each = { timeout: 180000 };
const ways = { desk: {}, phone, dark, 'phone-dark': { ...phone, ...dark }, narrow: { viewport: { width: 320, height: 640 } } };
let browser;
let wide; // a browser that has only the widest of the usual fonts, as a bare machine has them
let fonts;
let azure;
before(async () => {
  fonts = mkdtempSync(join(tmpdir(), 'lethe-fonts-'));
  for (const name of ['Sans', 'Sans-Bold', 'SansMono', 'SansMono-Bold', 'Serif', 'Serif-Bold']) symlinkSync(`/usr/share/fonts/truetype/dejavu/DejaVu${name}.ttf`, join(fonts, `${name}.ttf`));
  writeFileSync(join(fonts, 'fonts.conf'), `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${fonts}</dir><cachedir>${fonts}/cache</cachedir></fontconfig>`);
  [browser, wide, azure] = await Promise.all([startBrowser(), startBrowser({ fonts: join(fonts, 'fonts.conf') }), startAzure({ tls: true })]);
});
after(async () => {
  await Promise.all([browser?.close(), wide?.close(), azure?.close()]);
  rmSync(fonts, { recursive: true, force: true });
});

async function fitsAnyFont(site, what) {
  const v = await visit(wide, site, ways.narrow);
  for (const path of ['/', '/privacy', '/rights', '/subprocessors', '/nothing-here']) {
    await v.page.goto(path);
    await assertFits(v.page, `${what} ${path} in wide letters`);
  }
  await v.close();
}

const offered = async (site) => (await (await fetch(`${site.url}/api/processors`)).json()).pictures;
const ids = async (site) => (await offered(site)).map((one) => one.id);

test('one who is set up: no choice, and the page says who it is', each, async () => {
  const site = await startSite();
  try {
    const sketch = [{ id: 'sketch', name: 'Built-in previews', where: 'our own server', preview: true }];
    assert.deepEqual(await (await fetch(`${site.url}/api/processors`)).json(), { prompts: sketch, pictures: sketch, choose: false });
    for (const [name, options] of Object.entries(ways)) {
      const v = await visit(browser, site, options);
      await v.page.goto('/');
      await v.page.getByText('Built-in previews: simple drawings, made on our own server.').waitFor();
      assert.equal(await v.page.locator('#provider').isVisible(), false);
      assert.equal(await v.page.locator('#makers').textContent(), 'Pictures: Built-in previews');
      assert.equal(await v.page.getByText('Azure').count(), 0);
      await assertAccessible(v.page, name);
      await assertFits(v.page, name);
      await assertPrivate(v, site);
      await v.close();
    }
    await fitsAnyFont(site, 'bizimages');
  } finally {
    await site.stop();
  }
});

test('two who are set up: a choice, which holds; after a restart with other settings the page knows', each, async () => {
  let site = await startSite({ testing: true, env: azure.env });
  let keep;
  try {
    assert.deepEqual(await offered(site), [
      { id: 'azure-openai', name: 'Azure OpenAI', where: 'Sweden Central (European Union)', preview: false },
      { id: 'sketch', name: 'Built-in previews', where: 'our own server', preview: true }]);
    const v = await visit(browser, site);
    const { page } = v;
    await page.goto('/');
    await page.getByLabel('Who makes the pictures').waitFor();
    await page.getByText('Azure OpenAI may keep what it gets for up to 30 days.').waitFor();
    const leaves = page.locator('#leaves');
    await page.getByText('What leaves our server').click();
    await page.getByLabel('Describe the business').fill(`\n  ${bakery} “Fresh” & <warm>.  `);
    assert.match(await leaves.innerText(), /Azure OpenAI \(Sweden Central \(European Union\)\) gets exactly this[^]*Azure OpenAI [^]* gets these descriptions[^]*Nothing else leaves/);
    const promised = await leaves.locator('blockquote').textContent();
    await assertAccessible(page, 'what leaves');
    await screenshot(page, 'start-leaves');
    await page.locator('[name=count][value="1"]').check();
    await page.getByRole('button', { name: 'Make the pictures' }).click();
    await finished(page);
    const [brief] = azure.requests.map((one) => JSON.parse(String(one.body))).filter((one) => one.messages).map((one) => JSON.parse(one.messages.find(({ role }) => role === 'user').content));
    assert.deepEqual(brief, { description: promised }, 'the very words that the page showed');
    azure.requests.length = 0;
    page.once('dialog', (dialog) => dialog.accept());
    await page.getByRole('button', { name: 'Make another set' }).click();
    await page.locator('label', { hasText: 'A web page' }).click();
    await page.locator('#url').fill('https://bread.example/');
    assert.match(await leaves.innerText(), /ordinary request:\s*https:\/\/bread.example\/\s*Azure OpenAI [^]* gets words and colours/);
    await page.locator('label', { hasText: 'A description' }).click();
    assert.deepEqual(await page.locator('#provider option').allTextContents(), ['Choose for me', 'Azure OpenAI', 'Built-in previews']);
    assert.equal(await page.locator('#maker').textContent(), '');
    assert.equal(await page.locator('#makers').textContent(), 'Pictures: Azure OpenAI or Built-in previews');
    await assertAccessible(page, 'a choice');
    await screenshot(page, 'start-choice');
    await page.getByLabel('Who makes the pictures').selectOption('Built-in previews');
    assert.match(await leaves.innerText(), /^What leaves our server\s*Nothing\. /);
    await page.getByLabel('Describe the business').fill(bakery);
    await page.locator('[name=count][value="1"]').check();
    await page.getByRole('button', { name: 'Make the pictures' }).click();
    await finished(page);
    assert.equal(azure.requests.length, 0, 'who chose the previews is not sent elsewhere');
    await assertPrivate(v, site);
    await v.close();
    await withoutScript(site, async (plain) => {
      assert.equal(await plain.locator('#provider').isVisible(), false, 'without a script the choice is left to the server');
      assert.ok(await plain.getByText('Pictures: Azure OpenAI or Built-in previews').isVisible());
    });

    ({ keep } = await site.stop({ keep: true }));
    site = null;
    site = await startSite({ testing: true, keep });
    keep = null;
    assert.deepEqual(await ids(site), ['sketch']);
    const again = await visit(browser, site);
    await again.page.goto('/');
    await again.page.getByText('Built-in previews: simple drawings').waitFor();
    assert.equal(await again.page.locator('#provider').isVisible(), false);
    await again.close();
  } finally {
    await site?.stop();
    if (keep) for (const folder of Object.values(keep)) rmSync(folder, { recursive: true, force: true });
  }
});

async function withoutScript(site, look) {
  const context = await browser.newContext({ baseURL: site.url, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto('/');
  await look(page);
  await context.close();
}

test('an address without a key is not set up; neither is anybody while egress does not answer', each, async () => {
  const { AZURE_OPENAI_API_KEY: key, ...rest } = azure.env;
  assert.ok(key);
  const keyless = await startSite({ testing: true, env: rest });
  try {
    assert.deepEqual(await ids(keyless), ['sketch']);
  } finally {
    await keyless.stop();
  }
  const site = await startSite({ testing: true, env: azure.env });
  try {
    process.kill(site.program('egress'), 'SIGSTOP');
    assert.deepEqual(await ids(site), ['sketch']);
    process.kill(site.program('egress'), 'SIGCONT');
    assert.deepEqual(await ids(site), ['azure-openai', 'sketch']);
  } finally {
    await site.stop();
  }
});

test('nobody is set up: the page says so, and sends nothing', each, async () => {
  const own = mkdtempSync(join(tmpdir(), 'lethe-nobody-'));
  const policy = join(own, 'policy.xml');
  writeFileSync(policy, readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8').replace(/ *<processor id="sketch"[^]*?<\/processor>\n/, ''));
  let site;
  try {
    site = await startSite({ policy });
    assert.deepEqual(await offered(site), []);
    assert.equal((await generate(site, { description: bakery })).body.type, '/problems/not-configured');
    const v = await visit(browser, site);
    await v.page.goto('/');
    await v.page.getByText('Nothing that makes pictures is set up here').waitFor();
    assert.ok(await v.page.locator('#submit').isDisabled());
    await assertAccessible(v.page, 'nobody is set up');
    await screenshot(v.page, 'start-nobody');
    await v.close();
  } finally {
    await site?.stop();
    rmSync(own, { recursive: true, force: true });
  }
});

test('when nobody answers who is set up, the form works all the same', each, async () => {
  const site = await startSite();
  try {
    for (const answer of [(route) => route.abort(), (route) => route.fulfill({ status: 503, body: '{}' }), (route) => route.fulfill({ status: 200, body: '<h1>' })]) {
      const v = await visit(browser, site);
      await v.page.route('**/api/processors', answer);
      await v.page.goto('/');
      await v.page.getByLabel('Describe the business').fill(bakery);
      await v.page.locator('[name=count][value="1"]').check();
      await v.page.getByRole('button', { name: 'Make the pictures' }).click();
      await finished(v.page);
      assert.deepEqual(v.complaints, []);
      await v.close();
    }
  } finally {
    await site.stop();
  }
});

test('imagedesigner offers its form, and the choice of who makes the pictures, on every screen', each, async () => {
  const site = await startSite({ site: 'imagedesigner', env: { LETHE_ALLOW_UNBUILT: '1' } });
  try {
    for (const [way, options] of Object.entries(ways)) {
      const v = await visit(browser, site, options);
      await v.page.goto('/');
      await v.page.locator('#submit').waitFor();
      await assertAccessible(v.page, `imagedesigner ${way}`);
      await assertFits(v.page, `imagedesigner ${way}`);
      await screenshot(v.page, `start-imagedesigner-${way}`);
      await v.close();
    }
    await fitsAnyFont(site, 'imagedesigner');
  } finally {
    await site.stop();
  }
});

for (const name of ['product-images', 'image-describer', 'blogimg']) {
  test(`${name} is not open yet, and says so kindly, on every screen`, each, async () => {
    const site = await startSite({ site: name, env: { LETHE_ALLOW_UNBUILT: '1' } });
    try {
      for (const [way, options] of Object.entries(ways)) {
        const v = await visit(browser, site, options);
        await v.page.goto('/');
        assert.match(await v.page.locator('h1').innerText(), /is not open yet\.$/);
        assert.equal(await v.page.locator('form, button, input, textarea, select').count(), 0);
        await assertAccessible(v.page, `${name} ${way}`);
        await assertFits(v.page, `${name} ${way}`);
        await screenshot(v.page, `soon-${name}-${way}`);
        for (const link of ['Privacy notice', 'Subprocessors', 'Your rights', 'What is held now']) {
          await v.page.locator('main').getByRole('link', { name: link, exact: true }).click();
          await v.page.locator('h1').waitFor();
          assert.notEqual(new URL(v.page.url()).pathname, '/', link);
          await v.page.goBack();
        }
        await assertPrivate(v, site);
        await v.close();
      }
      await fitsAnyFont(site, name);
    } finally {
      await site.stop();
    }
  });
}
