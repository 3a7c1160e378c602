// SPDX-License-Identifier: ISC
// Draws the example pictures of the start page anew (node tests/browser/examples.mjs): what the site makes of the texts that stand beside them,
// in each language, small.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate, root, startSite } from '../site/harness.mjs';
import { startBrowser } from './browser.mjs';

const styles = ['soft', 'flat', 'night']; // as in nginx/html/index.html
const chosen = [1, 0, 3, 7]; // of the eight compositions of a set
const sides = [512, 256, 256, 256]; // as wide as the page shows them
const languages = { en: '<language code="en" name="English"/>', de: '<language code="de" name="Deutsch"/>', zh: '<language code="zh-Hans" name="简体中文"/>' };

const browser = await startBrowser();
for (const [language, element] of Object.entries(languages)) {
  const words = readFileSync(join(root, 'policy/publish/words', `${language}.txt`), 'utf8');
  const policy = join(tmpdir(), `lethe-examples-${process.pid}.xml`);
  writeFileSync(policy, readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8').replace(languages.en, element));
  const site = await startSite({ policy });
  const page = await browser.newPage();
  try {
    await page.goto(`${site.url}/privacy`);
    for (const [i, style] of styles.entries()) {
      const [, description] = words.match(new RegExp(`^page\\.start\\.example\\.${i + 1} = (.*)$`, 'm'));
      const { body } = await generate(site, { description, style, count: 8, thumbnails: true });
      for (const [n, of] of chosen.entries()) {
        const data = await page.evaluate(async ([address, width]) => {
          const image = await createImageBitmap(await (await fetch(address)).blob(), { resizeWidth: width, resizeHeight: width, resizeQuality: 'high' });
          const canvas = Object.assign(document.createElement('canvas'), { width, height: width });
          canvas.getContext('2d').drawImage(image, 0, 0);
          return canvas.toDataURL('image/webp', 0.75);
        }, [body.images[of].url, sides[n]]);
        writeFileSync(join(root, 'nginx/html/assets', `example-${language}-${i + 1}-${n + 1}.webp`), Buffer.from(data.split(',')[1], 'base64'));
      }
    }
  } finally {
    await site.stop();
    rmSync(policy);
  }
}
await browser.close();
