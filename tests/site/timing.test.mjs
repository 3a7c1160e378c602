// SPDX-License-Identifier: ISC
// How long a running site takes to refuse a wrong secret or address tells nothing of whether something is there: two classes of wrong ones in random order
// over one connection, Welch's t of what both took (see vault_timing_test.c, which measures the same without a network). Judged by `make trust` alone, as time is no
// condition of `make test`; that both get an answer of one size, by both.
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { Agent, request } from 'node:http';
import { after, before, test } from 'node:test';
import { trustSize } from '../tables.mjs';
import { generate, startSite } from './harness.mjs';

const T_MAX = 4.5, BATCH = 200, KEPT = 0.9;
let site, agent;
before(async () => { site = await startSite({ env: { LETHE_TRUSTED_PROXIES: '127.0.0.1' } }); agent = new Agent({ keepAlive: true, maxSockets: 1 }); });
after(async () => { agent?.destroy(); await site?.stop(); });

// Each as another visitor, or who asks so often would be told to wait.
const visitor = () => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`;
function ask({ method = 'GET', path, headers = {}, body }) {
  return new Promise((resolve, reject) => {
    const begun = process.hrtime.bigint();
    const r = request({ agent, port: site.port, host: '127.0.0.1', method, path, headers: { 'x-forwarded-for': visitor(), ...(body && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }), ...headers } }, (answer) => {
      let size = 0;
      answer.on('data', (d) => { size += d.length; });
      answer.on('end', () => resolve({ took: Number(process.hrtime.bigint() - begun) / 1000, status: answer.statusCode, size }));
    });
    r.on('error', reject);
    r.end(body);
  });
}

const mean = (list) => list.reduce((sum, x) => sum + x, 0) / list.length;
const error2 = (list, m) => list.reduce((sum, x) => sum + (x - m) ** 2, 0) / (list.length - 1) / list.length;

// What was slower than nine tenths of a first batch was interrupted, and is left out.
async function compare(t, what, classes, samples, status = 404) {
  const took = [[], []], seen = new Set();
  let longest = 0;
  for (let done = -BATCH; done < samples; done++) {
    const which = randomInt(2), answer = await ask(classes[which]());
    seen.add(`${answer.status}, ${answer.size} bytes`);
    if (done < 0) took[which].push(answer.took);
    else if (answer.took <= longest) took[which].push(answer.took);
    if (done === -1) {
      longest = took.flat().sort((a, b) => a - b)[Math.floor(KEPT * BATCH)];
      took[0].length = took[1].length = 0;
    }
  }
  const [a, b] = took.map(mean), value = Math.abs(a - b) / Math.sqrt(error2(took[0], a) + error2(took[1], b));
  t.diagnostic(`${what}: ${samples} samples, ${a.toFixed(1)} and ${b.toFixed(1)} µs, |t| ${value.toFixed(2)}; ${[...seen].join('; ')}`);
  assert.equal(seen.size, 1, [...seen].join('; '));
  assert.match([...seen][0], new RegExp(`^${status}`));
  assert.ok(process.env.LETHE_TRUST === undefined || value < T_MAX, `|t| ${value}`);
}

const SAMPLES = trustSize(60, 100000);
const link = (id) => ({ path: `/rights/confirm/${Buffer.concat([Buffer.from(id, 'hex'), randomBytes(16)]).toString('base64url')}` });
// All but two letters of it.
function nearly(secret) {
  const other = secret.slice(0, 40) + randomBytes(2).toString('base64url').slice(0, 2) + secret.slice(42);
  return other === secret ? nearly(secret) : other;
}

test('a wrong secret: whether there is such a request', async (t) => {
  const made = await (await fetch(`${site.url}/api/rights`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ right: 'access', contact: 'someone@example.org' }) })).json();
  const token = () => randomBytes(32).toString('base64url'), near = () => nearly(made.secret), id = () => randomBytes(16).toString('hex');
  await compare(t, 'link of a mail', [() => link(made.id), () => link(id())], SAMPLES);
  const show = (id, secret) => ({ path: `/api/rights/${id}`, headers: { authorization: `Bearer ${secret}` } });
  const act = (what, more) => (id, secret) => ({ method: 'POST', path: `/api/rights/${what}`, body: JSON.stringify({ id, secret, ...more }) });
  for (const [name, send] of Object.entries({ 'GET': show, 'confirm by a code': act('confirm', { code: '123456' }), 'another mail': act('mail'), withdraw: act('withdraw') }))
    await compare(t, name, [() => send(made.id, near()), () => send(id(), token())], SAMPLES);
});

test('a wrong address: whether it is near one that is there', async (t) => {
  const { archive } = (await generate(site, { description: 'A florist with a greenhouse full of ferns.', count: 1 })).body;
  const random = () => randomBytes(32).toString('base64url'), right = archive.url.match(/[\w-]{43}/)[0];
  const at = (token) => ({ path: archive.url.replace(right, token) });
  await compare(t, 'ZIP', [() => at(nearly(right)), () => at(random())], SAMPLES);
});

// Each is recorded, so there are fewer. From loopback, which no limit of one visitor holds back.
test('a new request: whether others gave the same contact', async (t) => {
  const contact = (i) => `person${i}@example.org`, random = () => `${randomBytes(8).toString('hex').slice(0, 7)}@example.org`.replace(/^./, 'p');
  const send = (to) => ({ method: 'POST', path: '/api/rights', headers: { 'x-forwarded-for': '127.0.0.1' }, body: JSON.stringify({ right: 'access', contact: to }) });
  for (let i = 0; i < 50; i++) assert.equal((await ask(send(contact(i % 10)))).status, 201);
  await compare(t, 'known and unknown contact', [() => send(contact(randomInt(10))), () => send(random())], trustSize(60, 5000), 201);
});
