// SPDX-License-Identifier: ISC
// A German site is German throughout and a Chinese one Chinese: whatever a visitor can read, of pages, scripts, problems and answers, in a
// browser with and without JavaScript, on a phone. And a site of several languages has each page in each of them.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, startSite } from '../site/harness.mjs';
import { assertAccessible, assertFits, assertPrivate, finished, phone, screenshot, startBrowser, visit } from './browser.mjs';

const each = { timeout: 180000 };
let browser;
let folder;
before(async () => { browser = await startBrowser(); folder = mkdtempSync(join(tmpdir(), 'lethe-languages-')); });
after(async () => { await browser?.close(); rmSync(folder, { recursive: true, force: true }); });

const source = (name) => readFileSync(join(root, 'policy/sites', `${name}.xml`), 'utf8');
function wordsOf(language) {
  const text = readFileSync(join(root, 'policy/publish/words', `${language}.txt`), 'utf8');
  return new Map([...text.matchAll(/^([a-z0-9._-]+) = (.*)$/gm)].map(([, key, words]) => [key, words.replace(/^"(.*)"$/, '$1')]));
}
const english = wordsOf('en');
const plain = (words) => words.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/\*([^*]*)\*/g, '$1').trim();
const pattern = (words) => new RegExp(`^${plain(words).split(/\{[a-z_]+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`, 's');

// What of these texts is English: one of our own words that the language has otherwise, or words that nothing but English has. What the
// policy itself says is in the language that it was written in.
function foreign(texts, language, policy) {
  const own = [...wordsOf(language).values()].filter((words) => /\p{L}/u.test(plain(words).replace(/\{[a-z_]+\}/g, ''))).map(pattern);
  const theirs = [...english].filter(([, words]) => /[A-Za-z]{3}/.test(plain(words).replace(/\{[a-z_]+\}/g, ''))).map(([, words]) => pattern(words));
  const telling = /\b(the|and|your|you|of|with|are|this|what|from|please|nothing|picture|pictures|request|page|made|could|within)\b/i;
  return texts.filter((text) => !policy.includes(text) &&
    (telling.test(text) || (theirs.some((one) => one.test(text)) && !own.some((one) => one.test(text)))));
}

// Every text that is shown or read out, but codes, what somebody typed, prompts, which the pictures were made from, and the notice's sentences where
// they are proved: those are looked at in the notice.
const readable = (page) => page.evaluate(() => {
  const found = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement: at, data } = walker.currentNode;
    if (data.trim() && !at.closest('script, noscript, code, pre, .words, figcaption, textarea, .made, .sentence') && at.checkVisibility()) found.push(data.trim().replace(/\s+/g, ' '));
  }
  for (const at of document.querySelectorAll('[placeholder], [aria-label], [title], img[alt]'))
    if (at.checkVisibility() && !at.closest('.words, #sheet img, figure img')) found.push(...['placeholder', 'aria-label', 'title', 'alt'].map((name) => at.getAttribute(name)).filter(Boolean));
  return found;
});

const inLanguage = (site, code, name) => {
  const path = join(folder, `${site}.${code}.xml`);
  const logged = { de: ['IP-Adresse', 'Browserkennung', 'Zeit'], 'zh-Hans': ['IP 地址', '浏览器标识', '时间'] }[code];
  writeFileSync(path, ['ip-address', 'user-agent', 'time'].reduce((text, is, i) => text.replace(new RegExp(`(<category is="${is}">)[^<]*`), `$1${logged[i]}`), source(site))
    .replace('<language code="en" name="English"/>', `<language code="${code}" name="${name}"/>`));
  return path;
};

for (const [code, name, language] of [['de', 'Deutsch', 'de'], ['zh-Hans', '简体中文', 'zh']]) {
  const words = wordsOf(language);
  const word = (key) => plain(words.get(key));
  const policy = source('bizimages').replace(/&amp;/g, '&').replace(/\s+/g, ' ');

  test(`${code}: a visit on a phone, with its script`, each, async () => {
    const site = await startSite({ policy: inLanguage('bizimages', code, name) });
    try {
      const v = await visit(browser, site, { ...phone, locale: 'en-US' });
      const { page } = v;
      const check = async (what) => {
        assert.equal(await page.evaluate(() => document.documentElement.lang), code, what);
        assert.deepEqual(foreign((await readable(page)).map((text) => text.replace('Your requests to us', '')), language, policy), [], what); // a name of the policy, within a sentence of ours
        await assertFits(page, what);
      };
      await page.goto('/');
      await check('start');
      await screenshot(page, `${code}-start`);
      await page.locator('#submit').click();
      await page.locator('#description-error').getByText(word('script.start.no_description')).waitFor();
      await check('nothing typed');
      await page.locator('#description').fill('Bäckerei am Hafen, someone@example.org');
      await page.locator('#submit').click();
      await page.locator('#notice-title').getByText(word('script.start.personal')).waitFor();
      await check('personal data');
      await page.locator('#description').fill('Bäckerei am Hafen: Sauerteig, blaue Kacheln, warmes Licht.');
      await page.locator('[name=count][value="2"]').check({ force: true });
      await page.locator('#submit').click();
      await finished(page);
      await check('a set');
      await assertAccessible(page, 'a set');
      await screenshot(page, `${code}-set`);
      await page.locator('#sheet .open').first().click();
      await page.locator('#viewer').waitFor();
      await check('the viewer');
      await page.locator('#viewer-close').click();
      await page.locator('#delete').click();
      await page.locator('#life').getByText(word('script.start.zip_gone')).waitFor();
      await check('deleted');
      const receipt = await page.locator('#receipt').textContent();
      await page.evaluate(() => history.replaceState({ receipt: 'A'.repeat(43) }, ''));
      await page.reload();
      await page.locator('#notice-title').getByText(word('script.start.gone.title')).waitFor();
      await check('a set that is gone');
      await page.goto('/rights');
      await check('rights');
      const step = page.locator('.step:visible');
      await page.locator('.choices a[href="#erasure"]').click();
      await check('what an erasure needs');
      await step.locator('#erasure-receipt-1').fill('abc');
      await step.locator('button').first().click();
      await page.locator('.field-error').waitFor();
      await check('no receipt');
      await page.locator('#erasure-receipt-1').fill(receipt);
      await page.locator('form button').first().click();
      await page.locator('.choice-of-two').waitFor();
      await check('what would be erased');
      await page.locator('.choice-of-two button').click();
      await page.locator('.certificate').waitFor();
      await check('erased');
      await page.goto('/rights#restriction');
      await page.locator('.step:visible button').click();
      await page.locator('.choice-of-two').waitFor();
      await check('what will happen');
      await page.locator('.choice-of-two button').click();
      await page.locator('#own').waitFor();
      await check('requested');
      await screenshot(page, `${code}-requested`);
      const [id, secret] = await page.locator('#own code').allTextContents();
      await page.goto('/rights#lookup');
      await page.locator('#lookup-id').fill(id);
      await page.locator('#lookup-secret').fill(secret);
      await page.locator('.step:visible button').click();
      await page.locator('.history').first().waitFor();
      await check('looked up');
      await screenshot(page, `${code}-rights`);
      await page.goto('/privacy/live');
      await page.locator('.live-state.good').waitFor();
      await check('live');
      await screenshot(page, `${code}-live`);
      for (const path of ['/nowhere', '/downloads/none']) {
        await page.goto(path);
        await check(path);
      }
      await assertPrivate(v, site);
      await v.close();
    } finally {
      await site.stop();
    }
  });

  test(`${code}: the same without JavaScript, and what programs are told`, each, async () => {
    const site = await startSite({ policy: inLanguage('bizimages', code, name) });
    try {
      const v = await visit(browser, site, { ...phone, javaScriptEnabled: false });
      const { page } = v;
      const texts = async () => (await page.locator('body').innerHTML()).replace(/<(figcaption|code|svg|textarea)[^]*?<\/\1>/g, '')
        .split(/<[^>]*>/).map((text) => text.replaceAll('&amp;', '&').trim().replace(/\s+/g, ' ')).filter(Boolean);
      const check = async (what) => {
        assert.deepEqual(foreign([await page.title(), ...await texts()], language, policy), [], what);
        assert.equal(await page.locator('html').getAttribute('lang'), code, what);
      };
      const send = async (description) => {
        await page.goto('/');
        await page.locator('#description').fill(description);
        await page.locator('[name=count][value="1"]').check({ force: true });
        await page.locator('#submit').click();
      };
      await send('');
      await check('nothing typed');
      await send('Bäckerei am Hafen, someone@example.org');
      await page.locator('button[name=confirm]').waitFor();
      await check('personal data');
      await screenshot(page, `${code}-confirm`);
      await send('Bäckerei am Hafen: Sauerteig, blaue Kacheln.');
      await page.locator('figure img').waitFor();
      await check('a set');
      await screenshot(page, `${code}-plain-set`);
      await page.locator('button.danger').click();
      await page.locator('dl.record').waitFor();
      await check('erased');
      await screenshot(page, `${code}-certificate`);
      await page.goto('/rights#complaint');
      await page.locator('#complaint-message-1').fill('Hafen');
      await page.locator('.step:visible button').click();
      await page.locator('.choice-of-two button').click();
      await page.locator('#own').waitFor();
      await check('requested');
      await v.close();

      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      const parts = { 'content-type': 'multipart/form-data; boundary=b' };
      const bodies = [[{ 'content-type': 'application/json' }, ...['{"description":', '{"a":tru}', '{"a":01}', '{"a":"\\x"}', '{"a":"\\u0000"}', '{"a":"', '}', '['.repeat(99), `[${'1,'.repeat(70000)}1]`.slice(0, 60000), '{"a":1e999}']],
        [form, 'a=%zz', 'a=%00', 'a=%ff', '=', 'a=1&a=2', 'a&'.repeat(70)], [parts, 'x', '--b\r\nx', '--b\r\n\r\n\r\n--b--', '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx']];
      const problems = [
        ...bodies.flatMap(([headers, ...texts]) => texts.map((body) => ['/api/rights', { method: 'POST', headers, body }])),
        ['/api/generate', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"count":99}' }],
        ['/api/generate', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"size":"x","description":"abc"}' }],
        ['/api/generate', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' }],
        ['/api/generate', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"url":"javascript:x"}' }],
        ['/api/rights', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"right":"nonsense"}' }],
        ['/api/rights', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"right":"erasure","contact":"x@"}' }],
        ['/api/rights/0', {}], ['/downloads/none', {}], ['/nowhere', {}], ['/', { method: 'POST' }],
      ];
      for (const [path, options] of problems) {
        const { type, title, detail } = await (await fetch(site.url + path, { ...options, headers: { accept: 'application/json', ...options.headers } })).json();
        assert.deepEqual(foreign([title, detail], language, policy), [], `${path} ${type}`);
        assert.ok([...words.values()].includes(title), title);
      }
    } finally {
      await site.stop();
    }
  });
}

for (const [name, code, language] of [['blogimg', 'de', 'de'], ['product-images', 'zh-Hans', 'zh']]) {
  test(`${name}: each page in each language, with links between them, and programs that answer in the visitor's`, each, async () => {
    const site = await startSite({ site: name, env: { LETHE_ALLOW_UNBUILT: '1', LETHE_POLICY: join(root, 'policy/sites', `${name}.xml`) } });
    try {
      const v = await visit(browser, site, phone);
      const { page } = v;
      const pages = { '/': `/index.${code}`, '/rights': `/rights.${code}`, '/privacy/live': `/privacy/live.${code}`, '/privacy': `/privacy.${code}`, '/subprocessors': `/subprocessors.${code}` };
      const translated = source(name).replace(/&amp;/g, '&').replace(/\s+/g, ' ');
      for (const [main, other] of Object.entries(pages)) {
        await page.goto(main);
        assert.equal(await page.evaluate(() => document.documentElement.lang), 'en', main);
        assert.deepEqual(await page.locator('link[hreflang]').evaluateAll((links) => links.map((link) => [link.hreflang, new URL(link.href).pathname])), [['en', main], [code, other]]);
        await page.locator(`.languages a[hreflang="${code}"]`).click();
        assert.equal(new URL(page.url()).pathname, other);
        if (main === '/privacy/live') await page.locator('.live-state.good').waitFor();
        assert.equal(await page.evaluate(() => document.documentElement.lang), code);
        const banner = await page.locator('.banner').textContent();
        // The banner names what is not built, and a service stands under the name that its vendor gave it.
        const services = [...translated.matchAll(/ service="([^"]+)"/g)].map((m) => m[1]);
        const texts = (await readable(page)).filter((text) => text !== banner.trim().replace(/\s+/g, ' '))
          .map((text) => services.reduce((rest, service) => rest.replace(service, ''), text));
        assert.deepEqual(foreign(texts, language, translated), [], other);
        await assertFits(page, other);
        await assertAccessible(page, other);
        for (const link of await page.locator('nav a, .brand, .ways a').evaluateAll((links) => links.filter((a) => !a.hreflang).map((a) => a.getAttribute('href'))))
          assert.ok(link.endsWith(`.${code}`) || link.startsWith('#'), `${other} leads to ${link}`);
      }
      await page.goto(`/rights.${code}`);
      await screenshot(page, `${name}-rights-${code}`);
      await v.close();

      const ask = async (accept) => {
        const response = await fetch(`${site.url}/api/rights/0`, { headers: { accept: 'application/json', ...(accept && { 'accept-language': accept }) } });
        return { language: response.headers.get('content-language'), vary: response.headers.get('vary'), detail: (await response.json()).detail };
      };
      const answers = { en: english.get('problem.not-found.request'), [code]: wordsOf(language).get('problem.not-found.request') };
      const first = code.slice(0, 2);
      for (const [accept, expected] of [[undefined, 'en'], [code, code], [`${first}-${first === 'de' ? 'AT' : 'CN'}`, code], [first, code], ['fr', 'en'],
        [`fr, ${first};q=0.8, en;q=0.5`, code], [`en, ${first};q=0.9`, 'en'], [`${first};q=0.1,en;q=0.2`, 'en'], ['*', 'en'], [';;q=,,', 'en']])
        assert.deepEqual(await ask(accept), { language: expected, vary: 'Accept-Language', detail: answers[expected] }, String(accept));

      // nginx, too, answers in the language that is named first: it knows no weights.
      const nowhere = async (accept, language) => (await fetch(`${site.url}/nowhere`, { headers: { accept, 'accept-language': language } })).text();
      for (const [accept, expected] of [[code, code], [`fr, ${first};q=0.8, en;q=0.5`, code], [`en, ${first}`, 'en'], ['*', 'en'], [`x${first}`, 'en']]) {
        assert.match(await nowhere('text/html', accept), new RegExp(`<html lang="${expected}">`), accept);
        assert.equal(JSON.parse(await nowhere('application/json', accept)).detail, wordsOf(expected === 'en' ? 'en' : language).get('problem.not-found'), accept);
      }

      // A form says in which language it is, whatever the browser prefers.
      const form = (fields) => fetch(`${site.url}/api/erase`, { method: 'POST', body: new URLSearchParams(fields), headers: { accept: 'text/html', 'accept-language': 'en' } });
      const answer = await form({ language: code, receipt: 'x' });
      assert.equal(answer.headers.get('content-language'), code);
      const text = await answer.text();
      assert.match(text, new RegExp(`<html lang="${code}">`));
      assert.ok(text.includes(wordsOf(language).get('page.rights.mend')));
      assert.equal((await form({ language: 'xx', receipt: 'x' })).headers.get('content-language'), 'en', 'one that the site does not have');
    } finally {
      await site.stop();
    }
  });
}
