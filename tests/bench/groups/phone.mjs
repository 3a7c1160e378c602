// SPDX-License-Identifier: ISC
// A phone on a slow line (400 kbit/s each way, 400 ms for each request, as "slow 3G" is emulated elsewhere): how long a visitor looks at nothing
// after pressing the button, with four pictures of 1 MB from an upstream that answers at once.
import { startAzure } from '../../peers/azure.mjs';
import { startSite } from '../../site/harness.mjs';
import { row, spread } from '../rows.mjs';

const line = { offline: false, latency: 400, downloadThroughput: 400e3 / 8, uploadThroughput: 400e3 / 8 };
const times = Number(process.env.PHONE || 3);

export default async function phone() {
  const { phone: screen, send, startBrowser, visit } = await import('../../browser/browser.mjs');
  const azure = await startAzure();
  azure.pictureBytes = 1e6;
  const [site, browser] = await Promise.all([startSite({ testing: true, env: azure.env }), startBrowser()]);
  const first = [];
  const four = [];
  try {
    for (let i = 0; i < times; i++) {
      const { page, context, close } = await visit(browser, site, screen);
      await page.goto('/');
      await (await context.newCDPSession(page)).send('Network.emulateNetworkConditions', line);
      await page.evaluate(() => document.getElementById('submit').addEventListener('click', () => { window.pressed = performance.now(); }));
      await send(page, { count: 4, load: false });
      const shown = (n) => page.waitForFunction((count) => document.querySelectorAll('.frame img').length >= count && performance.now() - window.pressed, n, { timeout: 200000, polling: 50 });
      first.push(await (await shown(1)).jsonValue() / 1000);
      four.push(await (await shown(4)).jsonValue() / 1000);
      await close();
    }
  } finally {
    await browser.close();
    await site.stop();
    await azure.close();
  }
  row('on a slow 3G line: from the button until the first of four pictures is seen, small', spread(first), 's', { aim: '< 5' });
  row('  until all four are', spread(four), 's');
}
