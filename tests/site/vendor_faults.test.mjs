// SPDX-License-Identifier: ISC
// Every vendor with every fault, through the whole site: what the visitor is told, how often the vendor was asked, and that it works again afterwards.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startVendors } from '../peers/vendors.mjs';
import { generate } from './harness.mjs';
import { startVendorSite } from './vendor_support.mjs';

const description = 'A pottery studio by the sea: stoneware bowls, an old kiln, evening classes.';
const pictures = ['openai', 'openrouter', 'ark', 'fal', 'replicate', 'dashscope', 'azure-openai'];
const texts = ['openai', 'openrouter', 'deepseek', 'replicate', 'azure-openai'];
const queues = ['fal', 'replicate', 'dashscope'];
const files = ['replicate', 'dashscope'];

const made = [200], filtered = [422, /content-filtered/], refused = [503, /provider-refused/], busy = [503, /provider-busy/], down = [502, /provider-down/];
// scenarios (each for one request, the last for all that follow), what comes of it, how often the vendor is asked.
const always = [
  [['ok'], made, 1], [['filter'], filtered, 1], [['filter-output'], filtered, 1, (id) => !['openai', 'azure-openai'].includes(id)],
  [['400'], refused, 1], [['401'], refused, 1], [['402'], refused, 1], [['403'], refused, 1], [['404'], refused, 1], [['no-code'], refused, 1],
  [['429:20', 'ok'], made, 2], [['429:1'], busy, 4],
  [['html'], down, 1], [['garbage'], down, 1], [['truncated'], down, 1], [['redirect'], down, 1], [['empty'], down, 1], [['error-200'], down, 1], [['huge:3000000'], down, 1],
  [['error-null'], made, 1], [['nul'], made, 1], [['wrong-type'], made, 1], [['slow:200'], made, 1],
];
const repeatable = [[['500', 'ok'], made, 2], [['503', 'ok'], made, 2], [['disconnect', 'ok'], made, 2], [['cut:40', 'ok'], made, 2]];
const once = [[['500'], down, 1], [['503'], down, 1], [['disconnect'], down, 1], [['cut:40'], down, 1]];
const image = [[['foreign-url'], (id) => (['openai', 'azure-openai', 'ark', 'openrouter'].includes(id) ? down : refused), 1], [['not-image'], down, 1]];
const base64 = [[['short-base64'], down, 1, (id) => !files.includes(id)]];
const work = [
  [['failed'], down, 1], [['500@poll', 'ok'], made, 1], [['disconnect@poll', 'ok'], made, 1], [['garbage@poll'], down, 1], [['404@poll'], refused, 1], [['html@poll'], down, 1],
];
const file = [[['404@picture'], down, 1], [['403@picture'], down, 1], [['html@picture'], down, 1], [['not-image@picture'], down, 1], [['truncated@picture'], down, 1], [['redirect@picture'], down, 1],
  [['503@picture', 'ok'], made, 1], [['cut@picture', 'ok'], made, 1]];
const nsfw = [[['nsfw'], filtered, 1]];

const imageCells = (id) => [...always, ...(queues.includes(id) ? [...once, ...work] : repeatable), ...image, ...base64, ...(files.includes(id) ? file : []),
  ...(['openai', 'azure-openai'].includes(id) ? [] : nsfw), ...(['ark', 'openrouter'].includes(id) ? [[['failed'], down, 1]] : []),
  ...(id === 'fal' ? [[['422@result'], refused, 1], [['garbage@result'], down, 1]] : [])];
const textCells = (id) => [...always.filter(([s]) => s[0] !== 'filter-output' || id !== 'replicate'), ...(id === 'replicate' ? [...once, ...work] : repeatable), [['not-image'], down, 1],
  ...(id === 'deepseek' ? [[['failed'], down, 1]] : []), ...(['openai', 'azure-openai', 'openrouter'].includes(id) ? [[['refusal'], filtered, 1]] : [])];

let vendors;
let cells = 0;
before(async () => { vendors = await startVendors({ polls: 0 }); });
after(async () => { await vendors?.close(); });

// One cell. Returns what is wrong with it.
async function cell(site, id, stage, [scenarios, wanted, asks, applies], fields) {
  if (applies && !applies(id)) return [];
  const vendor = vendors.of(id), [status, type] = typeof wanted === 'function' ? wanted(id) : wanted;
  const staged = scenarios.map((s) => (s.includes('@') ? s : `${s}@${/@/.test(scenarios[0]) ? scenarios[0].split('@')[1] : stage}`));
  const wrong = [];
  vendor.reset();
  vendor.next(...staged.slice(0, -1));
  vendor.always = staged.at(-1);
  const { status: got, body } = await generate(site, fields);
  const asked = vendor.requests.filter((r) => r.stage === stage).length;
  const told = JSON.stringify(body);
  if (got !== status || (type && !type.test(body.type))) wrong.push(`${got} ${told.slice(0, 160)}`);
  if (asked !== asks) wrong.push(`asked ${asked} times`);
  if (told.includes('canary') || told.includes(vendor.key)) wrong.push('the words of the vendor are passed on');
  vendor.reset();
  const again = await generate(site, fields);
  if (again.status !== 200) wrong.push(`afterwards ${again.status} ${JSON.stringify(again.body).slice(0, 160)}`);
  cells++;
  return wrong.map((w) => `${id} ${stage} ${scenarios}: ${w}`);
}

test('pictures: every vendor, every fault', async () => {
  const site = await startVendorSite(vendors, pictures.filter((id) => id !== 'azure-openai').map((id) => ({ id, roles: 'image' })), vendors.env(pictures));
  try {
    const wrong = await Promise.all(pictures.map(async (id) => {
      const all = [];
      for (const one of imageCells(id)) all.push(...await cell(site, id, 'image', one, { description, count: 1, verbatim: true, provider: id }));
      return all;
    }));
    assert.deepEqual(wrong.flat(), []);
    for (const { key } of vendors.all) assert.ok(!site.output().includes(key));
    assert.ok(!site.output().includes('canary'));
  } finally { await site.stop(); }
});

for (const id of texts) {
  test(`prompts: ${id}, every fault`, async () => {
    const list = [{ id, roles: 'text' }, { id: 'ark', roles: 'image' }].filter((v) => v.id !== 'azure-openai');
    const site = await startVendorSite(vendors, list, vendors.env([id, 'ark']));
    try {
      // The built-in writer stands at the end of the order: who is told what came of the vendor is its `sent_to`.
      const wrong = [];
      for (const [scenarios, wanted, ...rest] of textCells(id)) {
        const falls = wanted !== made && wanted !== filtered;
        wrong.push(...await cell(site, id, 'text', [scenarios, falls ? made : wanted, ...rest], { description, count: 1, provider: 'ark' }));
      }
      assert.deepEqual(wrong, []);
      assert.ok(!site.output().includes('canary'));
    } finally { await site.stop(); }
  });
}

test('the table has at least two hundred cells', () => { assert.ok(cells >= 200, `${cells}`); console.log(`# ${cells} cells`); });
