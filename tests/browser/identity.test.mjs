// SPDX-License-Identifier: ISC
// Showing that the mail address is one's own, as a person does it: the button behind the link of the mail, or its code, without a script and on a phone.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSmtp } from '../peers/smtp.mjs';
import { policyWithMail, startSite, until } from '../site/harness.mjs';
import { assertAccessible, assertFits, assertPrivate, dark, phone, screenshot, startBrowser, visit } from './browser.mjs';

let browser, folder, server;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-identity-'));
  server = await startSmtp();
  browser = await startBrowser();
});
after(async () => { await browser?.close(); await server?.close(); rmSync(folder, { recursive: true, force: true }); });

// axe-core is a script, too.
async function check(page, name) {
  if (name.startsWith('no-script')) return;
  await assertAccessible(page, name);
  await assertFits(page, name);
  await screenshot(page, `identity-${name}`);
}

// Its quoted-printable lines end with "=".
async function mail(site) {
  const count = server.mails().length;
  const sent = site.officer(['outbox', 'send']);
  assert.equal(sent.code, 0, sent.stderr);
  await until(() => server.mails().length > count, 5000, 'the mail');
  const text = server.mails().at(-1).data.replaceAll('=\r\n', '');
  return { path: /https:\/\/bizimages\.example(\/rights\/confirm\/[\w-]{43})/.exec(text)[1], code: /: (\d{6})\r\n/.exec(text)[1] };
}

for (const [name, options] of [['dark', dark], ['phone', phone], ['no-script', { ...phone, javaScriptEnabled: false }]])
  test(`who asks shows that the address is theirs: ${name}`, { timeout: 180000 }, async () => {
    const policy = policyWithMail(folder);
    const site = await startSite({ testing: true, policy, env: { ...server.env, LETHE_POLICY: policy } });
    const v = await visit(browser, site, options), { page } = v;
    const ask = async (contact) => {
      await page.goto('/rights');
      await page.locator('.choices').getByRole('link', { name: /^Keep it, but do not use it/ }).click();
      await page.locator('#restriction-contact-1').fill(contact);
      await page.locator('.step:visible').getByRole('button', { name: 'Continue' }).click();
      await page.getByRole('button', { name: 'Send the request' }).click();
      await page.getByRole('heading', { name: 'Show that it is you' }).waitFor();
      return (await page.locator('#own code').allTextContents())[0];
    };
    try {
      // By the code: a wrong one is told beside its field, the right one is taken as people type it.
      await ask('ines.code@example.org');
      await check(page, `${name}-asked`);
      const { code } = await mail(site);
      await page.getByLabel('Code of six digits').fill(String((Number(code) + 1) % 1000000).padStart(6, '0'));
      await page.getByRole('button', { name: 'Confirm' }).click();
      await page.locator('.field-error').getByText('This code does not hold').waitFor();
      assert.equal(await page.getByLabel('Code of six digits').getAttribute('aria-describedby'), 'code-fault');
      await check(page, `${name}-wrong`);
      await page.getByLabel('Code of six digits').fill(`${code.slice(0, 3)} ${code.slice(3)}`);
      await page.getByRole('button', { name: 'Confirm' }).click();
      await page.getByText('You showed that it is you.').waitFor();
      assert.equal(await page.getByRole('heading', { name: 'Show that it is you' }).count(), 0, 'it is asked no more');
      // By the button behind the link. A new mail that the person asks for is withheld while the first one holds: its link goes on leading there.
      const id = await ask('ines.link@example.org');
      const { path } = await mail(site);
      await page.getByRole('button', { name: 'Send a new mail' }).click();
      await page.getByText('A letter to you waits to be sent.').nth(1).waitFor();
      const sent = server.mails().length;
      assert.equal(site.officer(['outbox', 'send']).code, 0);
      assert.equal(server.mails().length, sent, 'one link at a time');
      await page.goto(path.replace(/.$/, (last) => last === 'A' ? 'E' : 'A'));
      await page.getByText('This link does not hold').waitFor();
      await check(page, `${name}-dead`);
      await page.goto(path);
      await page.getByRole('heading', { level: 1, name: 'Is it you who asks?' }).waitFor();
      assert.ok((await page.locator('main').innerText()).includes(id));
      await check(page, `${name}-button`);
      await page.getByRole('button', { name: 'Yes, the request is mine' }).click();
      await page.getByText('Thank you: you showed that the request is yours.').waitFor();
      const shown = await page.locator('#own code').allTextContents();
      assert.equal(shown[0], id);
      assert.match(shown[1], /^[\w-]{43}$/); // the new secret, for whoever reads these mails
      await check(page, `${name}-done`);
      if (name !== 'no-script') await assertPrivate(v, site);
      assert.equal(JSON.parse(site.officer(['requests', 'show', id, '--format', 'json']).stdout).verified, true);
    } finally {
      await v.close?.();
      await site.stop();
    }
  });
