// SPDX-License-Identifier: ISC
// One request from its beginning to its end, on a phone, as a person walks it: asked, the mail that shows who asks, answered by an officer, fetched, and
// its certificate verified.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSmtp } from '../peers/smtp.mjs';
import { generate, root, startSite, until } from '../site/harness.mjs';
import { assertAccessible, assertFits, assertPrivate, phone, screenshot, startBrowser, visit } from './browser.mjs';

let folder, server, site, browser;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-walk-'));
  server = await startSmtp();
  const policy = join(folder, 'policy.xml');
  const text = readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8');
  writeFileSync(policy, text.replace('<right id="access" verify="receipt" self-service="yes">', '<right id="access" verify="mail">')
    .replace('<right id="portability" verify="receipt" self-service="yes">', '<right id="portability" verify="mail">'));
  site = await startSite({ testing: true, policy, env: { ...server.env, LETHE_POLICY: policy } });
  browser = await startBrowser();
});
after(async () => { await browser?.close(); await site?.stop(); await server?.close(); rmSync(folder, { recursive: true, force: true }); });

const officer = (words, input) => {
  const ran = site.officer(words, { input, more: { SUDO_USER: 'ann', USER: 'ann', LOGNAME: 'ann' } });
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  return ran.stdout;
};
const mailText = (mail) => execFileSync('/usr/bin/python3', ['-c',
  'import sys, email, email.policy; print(email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default).get_content())'],
{ input: Buffer.from(mail.data, 'latin1'), encoding: 'utf8' }).replaceAll('\r\n', '\n');

test('asked, shown who asks, answered, fetched, verified', { timeout: 180000 }, async () => {
  const made = (await generate(site, { description: 'A pottery studio by the sea with a wood-fired kiln.', count: 1 })).body;
  const v = await visit(browser, site, phone), { page } = v;
  const check = async (what) => {
    await assertAccessible(page, what);
    await assertFits(page, what);
    await screenshot(page, `walk-${what}`);
  };
  const text = () => page.locator('main').innerText();
  // Asked.
  await page.goto('/rights');
  await page.locator('.choices').getByRole('link', { name: /^Get a copy of my data/ }).click();
  await page.locator('#access-receipt-1').fill(made.receipt);
  await page.locator('#access-contact-1').fill('ada@example.org');
  await page.locator('.step:visible').getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Send the request' }).waitFor();
  const ledger = () => officer(['audit', 'show', '--format', 'json']);
  const before_ = ledger();
  assert.match(await text(), /Nothing is recorded before you send it\./);
  assert.deepEqual(JSON.parse(officer(['requests', 'list', '--format', 'json'])), []);
  await page.getByRole('button', { name: 'Send the request' }).click();
  await page.getByRole('heading', { name: 'Recorded. Keep these two' }).waitFor();
  const [id, secret] = await page.locator('#own code').allTextContents();
  assert.equal(await page.getByRole('button', { name: 'Get the ZIP' }).count(), 0, 'nothing is given out before one has shown who one is');
  await check('1-asked');
  assert.notEqual(ledger(), before_);
  assert.equal((await fetch(`${site.url}/api/export`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ id, secret }) })).status, 403);
  // The mail, and its link.
  officer(['outbox', 'send']);
  const find = () => server.mails().map(mailText).map((t) => /https:\/\/bizimages\.example(\/rights\/confirm\/[\w-]{43})\n/.exec(t)?.[1]).find(Boolean);
  await until(() => find(), 10000, 'the mail');
  assert.deepEqual(server.mails().at(-1).to, ['ada@example.org']);
  await page.goto(find());
  await check('2-link');
  assert.equal(JSON.parse(officer(['requests', 'show', id, '--format', 'json'])).verified, false, 'looking is not showing');
  await page.getByRole('button', { name: 'Yes, the request is mine' }).click();
  await page.getByText('Thank you: you showed that the request is yours.').waitFor();
  const own = (await page.locator('#own code').allTextContents())[1];
  await check('3-shown');
  assert.equal(JSON.parse(officer(['requests', 'show', id, '--format', 'json'])).verified, true);
  // An officer looks at it and answers.
  officer(['requests', 'show', id, '--personal', '--reason', 'to answer it']);
  officer(['requests', 'answer', id, '--text', '-'], 'Dear Ada,\n\nhere is all that we have.\n\nAnn');
  officer(['prune', '--ahead', 'PT2M', '--quiet']); // as each minute; signs
  // Fetched by whoever reads the mails; who only sent the request is told that it is answered, and where.
  const lookUp = async (word) => {
    await page.goto('/rights');
    await page.locator('.choices').getByRole('link', { name: /^See my request/ }).click();
    await page.getByLabel('Number').fill(id);
    await page.getByLabel('Secret').fill(word);
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.getByText(/^Done\. We answered on /).waitFor();
  };
  await lookUp(secret);
  assert.match(await text(), /was given a secret of their own/);
  assert.doesNotMatch(await text(), /here is all that we have/);
  assert.equal(await page.getByRole('button', { name: 'Get the ZIP' }).count(), 0);
  await lookUp(own);
  assert.match(await text(), /here is all that we have[^]*It is signed\.[^]*A letter was sent to you\.\s+With it you show that it is you\.[^]*You showed that it is you\.\s+By the button behind the link of our mail\.[^]*ann\s+to answer it/);
  await check('4-answered');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Get the ZIP' }).click()]);
  await download.saveAs(join(folder, 'copy.zip'));
  const names = execFileSync('unzip', ['-Z1', join(folder, 'copy.zip')], { encoding: 'utf8' });
  assert.match(names, /files\/\d+\/images\/01-/);
  assert.equal(JSON.parse(execFileSync('unzip', ['-p', join(folder, 'copy.zip'), 'export.json'], { maxBuffer: 1 << 26 })).complete, true);
  // Verified, by the file that was saved.
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Save the certificate' }).click()]);
  await saved.saveAs(join(folder, 'certificate.json'));
  await page.goto('/verify');
  await page.locator('input[type=file]').setInputFiles(join(folder, 'certificate.json'));
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await page.getByRole('heading', { name: 'The certificate holds' }).waitFor();
  await check('5-verified');
  const altered = readFileSync(join(folder, 'certificate.json'), 'utf8').replace('"outcome":"answered"', '"outcome":"refused"');
  await page.locator('textarea').first().fill(altered);
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await page.getByRole('heading', { name: 'The certificate does not hold' }).waitFor();
  assert.ok(v.requests.every(({ url }) => !url.includes(secret) && !url.includes(own)), 'no secret is in an address');
  await assertPrivate(v, site);
  await v.close();
});
