// SPDX-License-Identifier: ISC
// One's rights, used as a person uses them: a step at a time, with and without a script, on a phone, by the keyboard.
import { after, afterEach, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, startSite } from '../site/harness.mjs';
import { assertAccessible, assertFits, assertPrivate, dark, finished, phone, screenshot, send, startBrowser, visit } from './browser.mjs';

let site, browser, folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-rights-'));
  browser = await startBrowser();
});
after(async () => { await browser?.close(); rmSync(folder, { recursive: true, force: true }); });
// A site for each test: one address may ask the rights program 20 times a minute, and all tests come from one address.
beforeEach(async () => { site = await startSite(); });
afterEach(async () => { await site?.stop(); });
const each = { timeout: 180000 };
const sign = () => assert.equal(site.officer(['prune', '--ahead', 'PT2M', '--quiet']).code, 0); // as each minute
const officer = (words) => site.officer(['requests', ...words], { more: { SUDO_USER: 'ann', USER: 'ann', LOGNAME: 'ann' } });
const text = (page) => page.locator('main').innerText();
const focused = (page) => page.evaluate(() => document.activeElement.textContent.trim());
async function check(page, what, name = what) {
  await assertAccessible(page, what);
  await assertFits(page, what);
  if (name) await screenshot(page, `rights-${name}`);
}
async function receiptOf(page) {
  await send(page, { count: 1 });
  await finished(page);
  return page.locator('#receipt').textContent();
}
const choose = (page, name) => page.locator('.choices').getByRole('link', { name }).click();
// Asks for a restriction, which a person of the site looks into; gives number and secret.
async function ask(page, { message = '', contact = '' } = {}) {
  await page.goto('/rights');
  await choose(page, /^Keep it, but do not use it/);
  await page.locator('#restriction-contact-1').fill(contact);
  await page.locator('#restriction-message-1').fill(message);
  await page.locator('.step:visible').getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Send the request' }).click();
  await page.getByRole('heading', { name: 'Recorded. Keep these two' }).waitFor();
  return page.locator('#own code').allTextContents();
}
async function lookUp(page, id, secret) {
  await page.goto('/rights');
  await choose(page, /^See my request/);
  await page.getByLabel('Number').fill(id);
  await page.getByLabel('Secret').fill(secret);
  await page.getByRole('button', { name: 'Look up' }).click();
}

for (const [name, options] of [['wide', {}], ['phone', phone], ['dark', { ...phone, ...dark }]])
  test(`everything made with a receipt is seen, erased, certified and checked: ${name}`, each, async () => {
    const v = await visit(browser, site, options), { page } = v;
    const receipt = await receiptOf(page);
    const address = await page.locator('#download').getAttribute('href');
    const [rights] = await Promise.all([v.context.waitForEvent('page'), page.getByRole('button', { name: 'Use my rights with it' }).click()]);
    assert.ok(!rights.url().includes(receipt));
    await choose(rights, /^Delete everything/);
    assert.equal(await focused(rights), 'Delete everything made with my receipt');
    assert.equal(await rights.locator('#erasure-receipt-1').inputValue(), receipt, 'it is filled in');
    await check(rights, `${name}-erase-2`);
    await rights.getByRole('button', { name: 'Show what would be deleted' }).click();
    await rights.getByText('This is what we found.').waitFor();
    assert.match(await text(rights), /entries about your sets: \d+[^]*lines in the log of visits: 1/);
    assert.equal((await fetch(site.url + address, { method: 'HEAD' })).status, 200, 'nothing is gone yet');
    const [yes, no] = [await rights.getByRole('button', { name: 'Yes, delete it all' }).boundingBox(), await rights.getByRole('link', { name: 'No, do nothing' }).boundingBox()];
    assert.ok(Math.abs(yes.width - no.width) < 2 && Math.abs(yes.height - no.height) < 2 && yes.height >= 44, 'no is as easy as yes');
    await check(rights, `${name}-erase-3`);
    await rights.getByRole('button', { name: 'Yes, delete it all' }).click();
    await rights.getByRole('heading', { level: 1, name: 'Erased' }).waitFor();
    assert.equal((await fetch(site.url + address)).status, 404);
    sign();
    await rights.getByText('It is signed.', { exact: true }).waitFor({ timeout: 60000 });
    assert.equal((await text(rights)).includes(receipt), false);
    await check(rights, `${name}-erase-4`);
    const [download] = await Promise.all([rights.waitForEvent('download'), rights.getByRole('link', { name: 'Save the certificate' }).click()]);
    await download.saveAs(join(folder, 'certificate.json'));
    const certificate = JSON.parse(readFileSync(join(folder, 'certificate.json'), 'utf8'));
    assert.equal(certificate.complete, true);
    assert.match(certificate.evidence.proof, /^c2sp\.org\/tlog-proof@v1\n/);
    const [verify] = await Promise.all([v.context.waitForEvent('page'), rights.getByRole('link', { name: 'Check it' }).click()]);
    await verify.getByRole('heading', { name: 'The certificate holds' }).waitFor();
    assert.ok(await verify.locator('.outcome dd').evaluateAll((all) => all.every((dd) => dd.getBoundingClientRect().width > 150)), 'what it says is read in lines, not letter by letter');
    assert.equal(new URL(verify.url()).hash, '', 'it does not stay in the address');
    await check(verify, `${name}-verified`);
    await assertPrivate(v, site);
    await v.close();
  });

test('a receipt that leads to nothing is told kindly, a mistyped one beside its field', each, async () => {
  for (const javaScriptEnabled of [true, false]) {
    const v = await visit(browser, site, { javaScriptEnabled }), { page } = v;
    for (const [right, button] of [['erasure', 'Show what would be deleted'], ['access', 'Get the ZIP']]) {
      await page.goto(`/rights#${right}`);
      await page.locator(`#${right}-receipt-1`).fill(' "><img src=x onerror=alert(1)> ');
      await page.locator('.step:visible').getByRole('button', { name: button }).click();
      await page.locator('.field-error').getByText('43').waitFor();
      const field = page.locator(`#${right}-receipt-1`);
      assert.equal(await field.getAttribute('aria-invalid'), 'true');
      assert.equal(await field.inputValue(), ' "><img src=x onerror=alert(1)> ', 'what was typed is still there');
      assert.equal(await field.evaluate((f) => document.getElementById(f.getAttribute('aria-describedby')).className), 'field-error');
      await field.and(page.locator(':focus')).waitFor(); // and its field has the focus
      if (javaScriptEnabled) await check(page, `fault-${right}`);
    }
    await page.goto('/rights#erasure');
    await page.locator('#erasure-receipt-1').fill('A'.repeat(43));
    await page.getByRole('button', { name: 'Show what would be deleted' }).click();
    await page.getByRole('heading', { level: 1, name: 'Nothing was found under this receipt' }).waitFor();
    assert.equal(await page.locator('.certificate').count(), 0, 'there is no certificate to keep');
    await v.close();
  }
});

test('a person takes all of it along, without a script, and reads it without a network', each, async () => {
  const v = await visit(browser, site);
  const receipt = await receiptOf(v.page);
  await v.close();
  const context = await browser.newContext({ baseURL: site.url, javaScriptEnabled: false, acceptDownloads: true });
  const page = await context.newPage();
  await page.goto('/rights');
  await choose(page, /^Get a copy of my data/);
  assert.equal(await page.locator('.step:visible').count(), 1, 'one step at a time');
  await page.locator('#access-receipt-1').fill(receipt);
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.step:visible').getByRole('button', { name: 'Get the ZIP' }).click()]);
  assert.equal(download.suggestedFilename(), 'bizimages-my-data.zip');
  await download.saveAs(join(folder, 'copy.zip'));
  execFileSync('unzip', ['-q', '-o', join(folder, 'copy.zip'), '-d', folder]);
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
  await alone.close();
});

test('a request is asked, looked up, added to, answered, and its certificate checked', each, async () => {
  const v = await visit(browser, site, phone), { page } = v;
  await page.goto('/rights');
  await check(page, 'phone-1');
  const [id, secret] = await ask(page, { message: 'While my question is open.', contact: 'visitor@example.org' });
  await check(page, 'phone-recorded');
  assert.match(await text(page), /We have to answer by \d+ [A-Z][a-z]+ 20\d\d\. Today is day 1\.[^]*Due by the GDPR[^]*So far: nobody\./);
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Save as text file' }).click()]);
  await saved.saveAs(join(folder, 'request.txt'));
  assert.ok(readFileSync(join(folder, 'request.txt'), 'utf8').includes(secret));
  await page.getByLabel('Add something to your request').fill('It is about the harbour set.');
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByText('It is about the harbour set.').waitFor();
  const shown = officer(['show', id, '--personal', '--reason', 'to answer it']);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /harbour set/);
  writeFileSync(join(folder, 'answer.txt'), 'We keep it and use it no more.\n\n<b>Best wishes</b>, Ann');
  const answered = officer(['answer', id, '--text', `@${join(folder, 'answer.txt')}`]);
  assert.equal(answered.code, 0, answered.stderr);
  sign();
  await lookUp(page, id, secret);
  await page.getByText(/^Done\. We answered on /).waitFor();
  assert.match(await text(page), /Our answer\s+We keep it and use it no more\.\s+<b>Best wishes<\/b>, Ann[^]*It is signed\.[^]*You added something.[^]*ann\s+to answer it/);
  assert.equal(await page.getByRole('button', { name: 'Take it back' }).count(), 0, 'it is over');
  await check(page, 'phone-answered');
  const [verify] = await Promise.all([v.context.waitForEvent('page'), page.getByRole('link', { name: 'Check it' }).click()]);
  await verify.getByRole('heading', { name: 'The certificate holds' }).waitFor();
  assert.ok(v.requests.every(({ url }) => !url.includes(secret)), 'the secret is in no address');
  await lookUp(page, id, 'x'.repeat(43));
  await page.getByText('There is no request with this number and this secret.').waitFor();
  await assertPrivate(v, site);
  await v.close();
});

test('every right of the policy can be chosen, and the page offers no other', each, async () => {
  const v = await visit(browser, site), { page } = v;
  await page.goto('/rights');
  const offered = await page.locator('.choices a').evaluateAll((links) => links.map((link) => link.hash.slice(1)).filter((id) => id !== 'lookup'));
  const policy = await (await fetch(`${site.url}/privacy.json`)).json();
  assert.deepEqual(offered.sort(), policy.rights.map((right) => right.id).sort());
  for (const id of [...offered, 'lookup']) {
    await page.goto(`/rights#${id}`);
    assert.equal(await page.locator('.step:visible').count(), 1, id);
    assert.equal(await page.evaluate(() => document.activeElement.id), id);
    const small = await page.locator('.step:visible').locator('input, textarea, button, summary').evaluateAll((all) => all.filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML));
    assert.deepEqual(small, [], id);
    await assertAccessible(page, id);
  }
  await v.close();
});

test('without a script a request is made, looked up, added to and taken back', each, async () => {
  const context = await browser.newContext({ baseURL: site.url, javaScriptEnabled: false });
  const page = await context.newPage();
  const [id, secret] = await ask(page);
  assert.equal(await page.locator('[data-copy], [data-print]').first().isVisible(), false, 'what needs a script is not shown');
  assert.equal((await page.reload()).status(), 201); // sends it again: the same request, with the same two to keep
  assert.deepEqual(await page.locator('#own code').allTextContents(), [id, secret]);
  assert.equal(JSON.parse(officer(['list', '--format', 'json']).stdout).length, 1);
  await screenshot(page, 'rights-without-script');
  await lookUp(page, id, secret);
  await page.getByLabel('Add something').fill('More.');
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByText('You added something.').waitFor();
  await page.reload(); // sends it again
  assert.equal(await page.getByText('You added something.').count(), 1);
  await page.getByLabel('How to reach you').fill('visitor@example.org');
  await page.getByRole('button', { name: 'Correct it' }).click();
  await page.getByText('was corrected').waitFor();
  assert.equal(officer(['show', id, '--personal', '--reason', 'to answer it', '--format', 'json']).stdout.includes('visitor@example.org'), true);
  await page.getByRole('button', { name: 'Take it back' }).click();
  await page.getByText('You took it back. Nothing more happens.').waitFor();
  assert.ok(!page.url().includes(secret));
  assert.equal(await page.getByRole('button', { name: 'Add it' }).count(), 0);
  await context.close();
});

test('an opt-out is one press, for the browser that asks', each, async () => {
  const other = await startSite({ site: 'blogimg', policy: join(root, 'policy/sites/blogimg.xml'), env: { LETHE_ALLOW_UNBUILT: '1' } });
  try {
    const v = await visit(browser, other, phone), { page } = v;
    await page.goto('/rights.de');
    await page.locator('.choices a[href="#opt-out-of-analytics"]').click();
    await check(page, 'phone-opt-out');
    await page.locator('.step:visible').getByRole('button', { name: 'Jetzt tun' }).click();
    await page.getByText(/^Erledigt\. Wir haben am /).waitFor();
    await check(page, 'phone-opted-out');
    await v.close();
  } finally { await other.stop(); }
});

test('the keyboard is enough, and what is hostile is shown as text', each, async () => {
  const v = await visit(browser, site, { viewport: { width: 320, height: 640 } }), { page } = v;
  const hostile = '"><script>document.title="x"</script>\u202e<img src=x onerror=alert(1)>&amp;{{w:x}}', plain = hostile.replace('\u202e', '');
  await page.goto('/rights');
  await page.keyboard.press('Tab');
  for (let i = 0; i < 40 && !(await focused(page)).startsWith('Keep it'); i++) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await focused(page), 'Keep it, but do not use it');
  // However late the script hears of the step, it takes nobody out of a field that they are in already.
  await page.locator('#restriction-receipt-1').focus();
  await page.evaluate(() => dispatchEvent(new HashChangeEvent('hashchange')));
  assert.equal(await page.evaluate(() => document.activeElement.id), 'restriction-receipt-1');
  await page.keyboard.press('Tab'); // archive
  await page.keyboard.press('Tab');
  await page.keyboard.type(`${plain} 1 Street`);
  await page.keyboard.press('Tab');
  await page.keyboard.insertText(hostile);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Send the request' }).waitFor();
  const seen = await text(page);
  assert.ok(seen.includes(hostile) && seen.includes(`${plain} 1 Street`), 'both texts, as they were typed');
  await check(page, 'narrow-hostile');
  await page.getByRole('button', { name: 'Send the request' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Recorded. Keep these two' }).waitFor();
  await page.getByLabel('Add something').fill(hostile);
  await page.getByRole('button', { name: 'Add it' }).press('Enter');
  await page.locator('.history').first().getByText(hostile).waitFor();
  await check(page, 'narrow-own');
  await page.emulateMedia({ media: 'print' });
  await screenshot(page, 'rights-print');
  assert.notEqual(await page.title(), 'x');
  assert.deepEqual(v.complaints, []);
  await v.close();
});
