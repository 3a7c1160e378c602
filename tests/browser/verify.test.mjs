// SPDX-License-Identifier: ISC
// A person erases, receives the certificate, and checks it in the browser, which sends nothing; an altered one is told.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { forge } from '../site/forge.mjs';
import { startSite } from '../site/harness.mjs';
import { assertAccessible, finished, screenshot, send, startBrowser, visit } from './browser.mjs';

let site, browser, receipt, certificate;
before(async () => { [site, browser] = await Promise.all([startSite(), startBrowser()]); });
after(async () => { await browser?.close(); await site?.stop(); });
const each = { timeout: 180000 };
const verify = async (page, text) => {
  if (text !== undefined) await page.locator('#certificate').fill(typeof text === 'string' ? text : JSON.stringify(text, null, 2));
  await page.locator('#verify-outcome').evaluate((box) => { box.hidden = true; });
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await page.locator('#verify-outcome').waitFor();
  return page.locator('#verify-outcome').innerText();
};

test('the certificate of an erasure is signed while its page is open', each, async () => {
  const v = await visit(browser, site), { page } = v;
  await send(page, { count: 1 });
  await finished(page);
  receipt = await page.locator('#receipt').textContent();
  await page.goto('/rights#erasure');
  await page.locator('#erasure-receipt-1').fill(receipt);
  await page.getByRole('button', { name: 'Show what would be deleted' }).click();
  await page.getByRole('button', { name: 'Yes, delete it all' }).click();
  await page.getByRole('heading', { name: 'Erased' }).waitFor();
  assert.equal(site.officer(['prune', '--ahead', 'PT2M', '--quiet']).code, 0); // as each minute
  await page.getByText('It is signed.', { exact: true }).waitFor({ timeout: 60000 });
  certificate = JSON.parse(await page.locator('.certificate code').textContent());
  assert.match(certificate.evidence.proof, /^c2sp\.org\/tlog-proof@v1\n/);
  await v.close();
});

test('it holds, also as a file and with its proof behind it; what was altered does not, and says what', each, async () => {
  const v = await visit(browser, site), { page } = v;
  const answer = await page.goto('/verify');
  assert.match(answer.headers()['content-security-policy'], /connect-src 'none'/);
  await page.waitForFunction(() => document.getElementById('key').value !== '');
  const sent = [];
  page.on('request', (request) => sent.push(request.url()));
  const holds = await verify(page, certificate);
  assert.match(holds, /^The certificate holds/);
  assert.match(holds, new RegExp(`${certificate.evidence.entry.index} / `));
  await assertAccessible(page, 'verified');
  await screenshot(page, 'verified');
  await page.locator('#receipt').fill(receipt);
  assert.match(await verify(page), /It is about what was made under this receipt\./);
  await page.locator('#receipt').fill(`x${receipt.slice(1)}`);
  assert.match(await verify(page), /But it is not about/);
  await page.locator('#receipt').fill('');
  const unsigned = { ...certificate, evidence: { ...certificate.evidence, proof: null } };
  assert.match(await verify(page, unsigned), /has no proof yet/);
  assert.match(await verify(page, `${JSON.stringify(unsigned)}\n${certificate.evidence.proof}`), /^The certificate holds/);
  const file = join(site.base, 'certificate.json');
  writeFileSync(file, JSON.stringify(certificate));
  await page.locator('#certificate').fill('');
  await page.locator('#file').setInputFiles(file);
  await page.waitForFunction(() => document.getElementById('certificate').value !== '');
  assert.match(await verify(page), /^The certificate holds/);

  const evidence = (more) => ({ ...certificate, evidence: { ...certificate.evidence, ...more } });
  const { proof, entry } = certificate.evidence, flip = (c) => c === 'A' ? 'B' : 'A';
  for (const [altered, why] of [[{ ...certificate, complete: false }, /^The certificate does not hold\s+Its text is another/],
    [{ ...certificate, stores: certificate.stores.slice(1) }, /Its text is another/], [{ ...certificate, more: 1 }, /Its text is another/],
    [evidence({ entry: { ...entry, at: entry.at + 1 } }), /does not lead to what was signed/],
    [evidence({ proof: proof.replace(/(index \d+\n)(.)/, (_, index, c) => index + flip(c)) }), /does not lead to what was signed/],
    [evidence({ proof: proof.replace(/(\n\n[^\n]+\n)\d+/, '$1999') }), /signature is not that/], [evidence({ proof: proof.replace(/.(?=[^\n]{9}\n$)/, flip) }), /signature is not that/],
    ['{}', /^It could not be checked/], ['', /^It could not be checked/]]) assert.match(await verify(page, altered), why);
  await page.locator('#key').fill('example.org+00000000+AAAA');
  assert.match(await verify(page, certificate), /This is no verifier key/);
  assert.deepEqual(sent, [], 'nothing was sent');
  assert.equal(await page.evaluate(() => fetch('/healthz').then(() => 'sent', () => 'refused')), 'refused', 'nor may it be');
  await v.close();
});

test('saved as one file it checks without the site and without a network; so does the one of an auditor\'s bundle', each, async () => {
  const v = await visit(browser, site), { page } = v, saved = join(site.base, 'verify.html'), keys = join(site.base, 'ledger.json'), bundle = join(site.base, 'bundle');
  await page.goto('/verify');
  for (const [name, file] of [['Save this page', saved], ['Save the keys', keys]]) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()]);
    await download.saveAs(file);
  }
  await v.close();
  assert.equal(site.officer(['audit', 'bundle', bundle]).code, 0);
  const file = join(site.base, 'certificate.json'), altered = join(site.base, 'altered.json');
  writeFileSync(file, JSON.stringify(certificate));
  writeFileSync(altered, JSON.stringify({ ...certificate, complete: false }));
  for (const [html, ledger] of [[saved, keys], [join(bundle, 'verify.html'), join(bundle, 'log/.well-known/ledger.json')]]) {
    const context = await browser.newContext({ offline: true }), alone = await context.newPage(), asked = [], complaints = [];
    alone.on('request', (request) => asked.push(request.url()));
    alone.on('console', (message) => { if (['error', 'warning'].includes(message.type())) complaints.push(message.text()); });
    await alone.goto(`file://${html}`);
    assert.equal(await alone.locator('h1').evaluate((h) => getComputedStyle(h).fontWeight >= 600), true, 'its style is in it');
    assert.equal(await alone.locator('a[href^="/"]').count(), 0, 'nothing leads to what is not there');
    await alone.locator('#file').setInputFiles([ledger, file]);
    await alone.waitForFunction(() => document.getElementById('key').value !== '');
    assert.match(await verify(alone), /^The certificate holds[^]*The key is from the file ledger\.json\. The certificate is worth as much as that file/);
    await screenshot(alone, 'verify-alone');
    await alone.locator('#file').setInputFiles(altered);
    await alone.waitForFunction(() => document.getElementById('certificate').value.includes('"complete":false'));
    assert.match(await verify(alone), /^The certificate does not hold\s+Its text is another/);
    assert.deepEqual([asked.filter((url) => url !== `file://${html}` && !url.startsWith('data:')), complaints], [[], []]);
    assert.equal(await alone.evaluate(() => fetch('data:,x').then(() => 'sent', () => 'refused')), 'refused', 'it may send nothing either');
    await context.close();
  }
});

test('on the site itself no file takes the place of its keys: what another one signed is told, where all came together', each, async () => {
  const name = readFileSync(join(site.state, 'keys/ledger.pub'), 'utf8').split('+')[0], { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const typed = Buffer.concat([Buffer.from([1]), publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)]);
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest('hex').slice(0, 8), line = `${name}+${id}+${typed.toString('base64')}`;
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('hex');
  const file = join(site.base, 'certificate.json'), ledger = join(site.base, 'forged', 'ledger.json'), foreign = /^It was signed with a key that is not this site's\s+This site does not publish that key/;
  mkdirSync(join(site.base, 'forged'));
  writeFileSync(file, JSON.stringify(forge(certificate, { seed, line }, 1000)));
  writeFileSync(ledger, JSON.stringify({ key: line, keys: [{ key: line }] }));
  const v = await visit(browser, site), { page } = v;
  await page.goto('/verify');
  await page.waitForFunction(() => document.getElementById('key').value !== '');
  const own = await page.locator('#key').inputValue();
  await page.locator('#file').setInputFiles([file, ledger]);
  await page.waitForFunction((key) => document.getElementById('key').value === key, line);
  assert.match(await verify(page), foreign);
  assert.match(await page.locator('#verify-outcome').getAttribute('class'), /bad/);
  await page.locator('#key').fill(own);
  assert.match(await verify(page), /^It could not be checked\s+It was signed with another key/);
  assert.match(await verify(page, certificate), /^The certificate holds(?![^]*The key is)/, 'the site has its own keys still');
  await v.close();
});

test('what a key signed that was given up is decided by a proof of now, whatever its size, and by whichever key that was kept', each, async () => {
  const of = (name) => readFileSync(join(site.state, 'keys', name), 'utf8'), stolen = { seed: of('signer/ledger.key'), line: of('ledger.pub').trim() };
  const changed = site.officer(['keys', 'rotate', '--ledger', '--format', 'json']);
  assert.equal(changed.code, 0, changed.stderr);
  const { keys: [{ until_size: until }] } = JSON.parse(changed.stdout);
  const v = await visit(browser, site), { page } = v;
  await page.goto('/verify');
  await page.waitForFunction(() => document.getElementById('key').value !== '');
  assert.notEqual(await page.locator('#key').inputValue(), stolen.line);
  for (const key of [undefined, stolen.line]) {
    if (key !== undefined) await page.locator('#key').fill(key);
    const of_now = async (one) => {
      assert.match(await verify(page, one), /^It could not be checked\s+The key that signed it was given up since/);
      const address = await page.locator('#verify-outcome a').getAttribute('href');
      return `${JSON.stringify(one)}\n${await (await fetch(site.url + address)).text()}`;
    };
    assert.match(await verify(page, await of_now(certificate)), /^The certificate holds/);
    for (const size of [until - 1, until]) assert.match(await verify(page, await of_now(forge(certificate, stolen, size))), /^The certificate does not hold\s+The entry does not lead/);
    assert.match(await verify(page, forge(certificate, stolen, until + 1)), /^The certificate does not hold\s+It was signed with a key that had been given up/);
  }
  await v.close();
});
