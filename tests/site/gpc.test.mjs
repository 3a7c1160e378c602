// SPDX-License-Identifier: ISC
// Global Privacy Control: where the policy says that the signal counts, it is read, shown and recorded; elsewhere nothing is said of it.
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rawRequest, root, startSite } from './harness.mjs';

const shipped = readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8');
const right = (id, signal) => `<right id="${id}" verify="none"${signal}><name>An opt-out</name><how>Say so.</how><answer regime="ccpa" within="statutory"/></right>\n  </rights>`;
const withRight = (id, signal) => shipped.replace('</rights>', right(id, signal));
const pages = ['/', '/privacy', '/subprocessors', '/rights', '/privacy/live'];
const says = /\(GPC\)\. That is honoured/;

async function onSite(text, run) {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-gpc-'));
  const policy = join(folder, 'policy.xml');
  writeFileSync(policy, text);
  let site;
  try {
    site = await startSite({ policy, env: { LETHE_POLICY: policy } });
    await run(site);
  } finally {
    await site?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
const get = async (site, path, headers = {}) => {
  const answer = await fetch(site.url + path, { headers });
  assert.equal(answer.status, 200, path);
  return { text: await answer.text(), vary: answer.headers.get('vary') ?? '' };
};
const ask = async (site, headers, fields = { right: 'opt-out-of-sale' }, accept = 'application/json') => {
  const answer = await fetch(`${site.url}/api/rights`, { method: 'POST', headers: { 'Content-Type': 'application/json', Accept: accept, ...headers }, body: JSON.stringify(fields) });
  const text = await answer.text();
  assert.equal(answer.status, 201, text);
  return accept.includes('json') ? JSON.parse(text) : text;
};

test('who sends the signal is told so and it is recorded', () => onSite(withRight('opt-out-of-sale', ' signal="gpc"'), async (site) => {
  assert.equal(JSON.parse((await get(site, '/.well-known/gpc.json')).text).gpc, true);
  for (const path of pages) {
    const shown = await get(site, path, { 'Sec-GPC': '1' });
    assert.match(shown.text, says, path);
    assert.match(shown.vary, /Sec-GPC/, path);
    for (const other of [{}, { 'Sec-GPC': '0' }, { 'Sec-GPC': '11' }, { 'Sec-GPC': 'true' }, { DNT: '1' }]) assert.doesNotMatch((await get(site, path, other)).text, says, path);
  }
  assert.equal((await fetch(`${site.url}/gpc/index.html`)).status, 404);

  const recorded = await ask(site, { 'Sec-GPC': '1' });
  assert.equal(recorded.signal, 'gpc');
  const looked = await fetch(`${site.url}/api/rights/${recorded.id}`, { headers: { Authorization: `Bearer ${recorded.secret}` } });
  assert.equal((await looked.json()).signal, 'gpc');
  assert.match(await ask(site, { 'Sec-GPC': '1' }, undefined, 'text/html'), /Opt-out signal \(GPC\)[^]*honoured and recorded/);
  assert.match(site.officer(['requests', 'show', recorded.id]).stdout, /gpc/);
  const ledger = site.officer(['audit', 'show', '--format', 'json']);
  assert.equal((ledger.stdout.match(/\\?"signal\\?": ?\\?"gpc\\?"/g) ?? []).length, 2, ledger.stdout + ledger.stderr);
  // Not sent, not exactly "1", or for a right that has nothing to do with it.
  for (const [headers, fields] of [[{}], [{ 'Sec-GPC': '1 1' }], [{ 'Sec-GPC': '1;0' }], [{ 'Sec-GPC': '0' }], [{ 'Sec-GPC': '0, 11' }], [{ 'Sec-GPC': '1' }, { right: 'access' }]])
    assert.equal((await ask(site, headers, fields)).signal, undefined);
}));

// One exact "1" wins. nginx before 1.23 tells of the first header of a name alone; what a proxy has put together it passes on.
test('sent several times, one that is exactly 1 is enough', () => onSite(withRight('opt-out-of-sale', ' signal="gpc"'), async (site) => {
  const joins = !/nginx\/1\.(?:\d|1\d|2[0-2])\./.test(spawnSync('nginx', ['-v'], { encoding: 'utf8' }).stderr);
  const body = '{"right":"opt-out-of-sale"}';
  const twice = async (...values) => {
    const lines = values.map((v) => `Sec-GPC: ${v}\r\n`).join('');
    const asked = await rawRequest(site.port, `POST /api/rights HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nConnection: close\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${lines}\r\n${body}`);
    assert.match(asked, /^HTTP\/1\.1 201/, asked);
    const page = await rawRequest(site.port, `GET /privacy HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nConnection: close\r\n${lines}\r\n`);
    const recorded = /"signal":\s*"gpc"/.test(asked);
    assert.equal(says.test(page), recorded, `page and record agree: ${values}`);
    return recorded;
  };
  for (const values of [['1', '0'], ['1', '1'], ['1', ''], ['0, 1'], ['0,1'], ['1, 1'], ['x ,\t1 , y']]) assert.equal(await twice(...values), true, String(values));
  for (const values of [['0', '0'], ['0, 0'], ['11', '0'], ['0, 1 1'], ['1x, 0']]) assert.equal(await twice(...values), false, String(values));
  assert.equal(await twice('0', '1'), joins);
}));

test('where the policy does not name the signal nothing is said of it', () => onSite(withRight('opt-out-of-sale', ''), async (site) => {
  assert.equal(JSON.parse((await get(site, '/.well-known/gpc.json')).text).gpc, undefined);
  for (const path of pages) {
    const shown = await get(site, path, { 'Sec-GPC': '1' });
    assert.doesNotMatch(shown.text, says, path);
    assert.doesNotMatch(shown.vary, /Sec-GPC/, path);
  }
  assert.equal((await ask(site, { 'Sec-GPC': '1' })).signal, undefined);
}));

test('a policy whose signal nothing would obey does not start', async () => {
  const sold = withRight('opt-out-of-sale', ' signal="gpc"').replace(/ *<promise id="no-sale">.*\n/, '');
  for (const [text, says] of [[sold, /“opt-out signals”, which this version does not have/], [withRight('opt-out-of-analytics', ' signal="gpc"'), /“opt-out signals”/],
    [withRight('feedback', ' signal="gpc"'), /right feedback is no opt-out/]])
    await assert.rejects(onSite(text, () => {}), (error) => { assert.match(error.output ?? error.message, says); return true; });
});
