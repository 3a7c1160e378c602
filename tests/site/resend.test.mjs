// SPDX-License-Identifier: ISC
// Mails by Resend's API: what it gets, beside what its own client sends; what each of its errors means; which of two that deliver is asked; and what a program that
// was taken over cannot have it sent.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Resend } from 'resend';
import { errors, startResend } from '../peers/resend.mjs';
import { startSmtp } from '../peers/smtp.mjs';
import { askEgress, startEgress } from './egress_support.mjs';
import { filesHolding, policyWithMail, root, startSite } from './harness.mjs';

const id = '0123456789abcdef0123456789abcdef';
const mail = (more = {}) => ({ op: 'mail', processor: 'resend', kinds: ['outbox', 'rights-request'], to: 'ada@example.org', subject: 'Your request', id, deadline_ms: 20000, ...more });
let folder, resend;
before(async () => { folder = mkdtempSync(join(tmpdir(), 'lethe-resend-')); resend = await startResend(); });
after(async () => { await resend?.close(); rmSync(folder, { recursive: true, force: true }); });
beforeEach(() => resend.reset());

// The shipped policy of bizimages with Resend before its own mail server, or in its place.
function policyWithResend(name, { smtp = false } = {}) {
  const path = policyWithMail(folder), text = readFileSync(path, 'utf8'), own = /<processor id="smtp"[\s\S]*?<\/processor>/.exec(text)[0];
  const block = /<processor id="resend"[\s\S]*?<\/processor>/.exec(readFileSync(join(root, 'policy/sites/product-images.xml'), 'utf8'))[0].replace(/ *<[^<>]* lang="zh-Hans"[^]*?<\/[a-z]+>\n/g, '')
    .replaceAll('2026-06-03', '2026-05-11').replace('<for purpose="membership"/>', '<for purpose="answer"/>').replace('<receives kind="account"/>', '<receives kind="outbox"/><receives kind="rights-request"/>');
  const file = join(folder, `${name}.xml`);
  writeFileSync(file, text.replace(own, `${block}\n${smtp ? own.replace('order="1"', 'order="2"') : ''}`));
  return file;
}

async function withEgress(run, env = {}) {
  const egress = await startEgress({ ...resend.env, LETHE_POLICY: policyWithResend('alone'), ...env });
  try {
    await run((more, body = 'Hello\n') => askEgress(egress, mail(more), body), egress);
  } finally { await egress.stop(); }
}

test('what it gets is the mail, as its own client sends it', () => withEgress(async (ask, egress) => {
  const subject = 'Ihre Anfrage: 您的请求', text = 'Grüße,\n\n"two" \\ lines\n';
  assert.deepEqual((await ask({ subject }, text)).head, { status: 200 });
  const [ours] = resend.requests;
  resend.reset();
  const { data, error } = await new Resend(resend.key, { baseUrl: resend.url }).emails.send({ from: 'BizImages <privacy@bizimages.example>', to: ['ada@example.org'], subject, text }, { idempotencyKey: id });
  assert.equal(error, null);
  assert.match(data.id, /^[\da-f-]{36}$/);
  const [theirs] = resend.requests;
  assert.deepEqual(JSON.parse(ours.text), JSON.parse(theirs.text));
  assert.deepEqual([ours.method, ours.url], [theirs.method, theirs.url]);
  for (const name of ['authorization', 'content-type', 'idempotency-key']) assert.equal(ours.headers[name], theirs.headers[name], name);
  assert.equal(ours.headers['user-agent'], 'lethe');
  assert.deepEqual(Object.keys(ours.headers).filter((name) => !(name in theirs.headers)), [], 'no header that it does not send');
  // Its client reads the stand-in's errors as they are documented.
  for (const [name, statusCode] of Object.entries(errors)) {
    resend.next(name);
    const failed = await new Resend(resend.key, { baseUrl: resend.url }).emails.send({ from: 'a@b.example', to: 'c@d.example', subject: 's', text: 't' });
    assert.deepEqual([failed.error.name, failed.error.statusCode], [name, statusCode]);
  }
  const status = (await askEgress(egress, { op: 'status' }, '')).head.processors.find((p) => p.id === 'resend');
  assert.deepEqual([status.requests, status.failures, [...status.kinds].sort()], [1, 0, ['outbox', 'rights-request']]);
  assert.ok(!/re_test_canary|ada@/.test(egress.errors()));
  assert.ok(!readFileSync(`/proc/${egress.pid}/environ`, 'latin1').includes('re_test_canary'));
}));

// What came, and the word for it. `tries`: requests that one call makes.
const faults = [
  ['invalid_idempotency_key', 'mail-refused'], ['validation_error', 'mail-refused'], ['validation_error@400', 'mail-refused'], ['validation_error@403', 'mail-sender'],
  ['validation_error@401', 'login'], ['missing_api_key', 'login'], ['restricted_api_key', 'login'], ['invalid_api_key', 'login'], ['not_found', 'not-configured'],
  ['method_not_allowed', 'not-configured'], ['redirect', 'not-configured'], ['invalid_idempotent_request', 'mail-differs'], ['concurrent_idempotent_requests', 'mail-unsure'],
  ['invalid_attachment', 'mail-refused'], ['invalid_from_address', 'mail-sender'], ['invalid_access', 'mail-refused'], ['invalid_parameter', 'mail-refused'],
  ['invalid_region', 'mail-refused'], ['missing_required_field', 'mail-refused'], ['security_error', 'mail-refused'], ['rate_limit_exceeded:3600', 'mail-later', 3600000],
  ['daily_quota_exceeded:7200', 'mail-quota', 7200000], ['monthly_quota_exceeded:7200', 'mail-quota', 7200000], ['application_error:60', 'mail-unsure', 60000],
  ['internal_server_error:60', 'mail-unsure', 60000], ['html', 'mail-unsure'], ['hollow', 'mail-unsure'],
];
for (const [scenario, word, wait] of faults)
  test(`a fault: ${scenario} is ${word}`, () => withShared(async (ask) => {
    resend.always = scenario;
    const { head } = await ask({});
    assert.equal(head.error?.code, word);
    assert.equal(head.error.retry_after_ms, wait);
    assert.ok(!/canary|example\.org/.test(JSON.stringify(head)), 'what it said is told to nobody');
    assert.equal(resend.requests.length, 1);
  }));

let shared;
async function withShared(run) {
  shared ??= await startEgress({ ...resend.env, LETHE_POLICY: policyWithResend('shared') });
  await run((more, body = 'Hello\n') => askEgress(shared, mail(more), body));
}
after(() => shared?.stop());

test('what passes is asked again at once, with the same number: one mail', () => withShared(async (ask) => {
  for (const [...scenarios] of [['rate_limit_exceeded:0', 'ok'], ['application_error', 'ok'], ['disconnect', 'ok'], ['lost', 'ok'], ['truncated', 'ok'], ['lost', 'concurrent_idempotent_requests@500', 'ok']]) {
    resend.reset();
    resend.next(...scenarios);
    assert.deepEqual((await ask({})).head, { status: 200 }, scenarios.join());
    assert.equal(resend.mails.length, 1, scenarios.join());
    assert.deepEqual(resend.requests.map((r) => [r.headers['idempotency-key'], r.text]), Array(scenarios.length).fill([id, resend.requests[0].text]));
  }
  resend.reset();
  resend.always = 'hang';
  assert.equal((await ask({ deadline_ms: 1000 })).head.error.code, 'timeout');
  resend.always = 'disconnect';
  assert.equal((await ask({ deadline_ms: 1500 })).head.error.code, 'truncated', 'it may have been taken');
}));

// Raw frames, from who has taken over a program that may send mails.
test('a program that was taken over has it sent to one address, and nothing beside the mail', () => withShared(async (ask) => {
  const send = (body, more = {}) => askEgress(shared, { op: 'send', processor: 'resend', method: 'POST', path: '/emails', headers: { 'content-type': 'application/json' }, kinds: ['outbox'], deadline_ms: 5000, ...more }, JSON.stringify(body));
  const plain = { from: 'BizImages <privacy@bizimages.example>', to: ['ada@example.org'], subject: 's', text: 't' };
  for (const more of [{}, { cc: 'eve@example.org' }, { bcc: ['eve@example.org'] }, { attachments: [{ filename: 'a', content: 'eA==' }] }, { tags: [{ name: 'user', value: 'ada' }] },
    { headers: { 'X-Account': 'Ada Lovelace' } }, { html: '<img src="https://evil.example/?ada">' }, { reply_to: 'eve@example.org' }, { template: { id: 'x', variables: { name: 'Ada Lovelace' } } }])
    assert.equal((await send({ ...plain, ...more })).head.error.code, 'path-not-allowed', JSON.stringify(more));
  for (const path of ['/emails/batch', '/audiences', '/contacts', '/emails?x=1']) assert.equal((await send(plain, { path })).head.error.code, 'path-not-allowed', path);
  for (const [head, code] of [
    [{ to: 'Ada Lovelace <ada@example.org>' }, 'bad-mail'], [{ to: 'ada@example.org, eve@example.org' }, 'bad-mail'], [{ to: ['ada@example.org', 'eve@example.org'] }, 'bad-call'],
    [{ to: 'ada@example.org\r\nBcc: eve@example.org' }, 'bad-mail'], [{ subject: 'a\nBcc: eve@example.org' }, 'bad-mail'], [{ cc: 'eve@example.org' }, 'bad-call'],
    [{ name: 'Ada Lovelace' }, 'bad-call'], [{ from: 'eve@example.org' }, 'bad-call'], [{ kinds: ['outbox', 'account'] }, 'kind-not-shared'], [{ kinds: ['rights-request', 'request-log'] }, 'kind-not-shared'],
    [{ kinds: [] }, 'kind-not-shared'], [{ kinds: ['rights-request'] }, 'kind-not-shared'], [{ id: 'x' }, 'bad-mail'], [{ id: `${id}\r\nX-User: ada` }, 'bad-mail'],
  ]) assert.match((await ask(head)).head.error?.code ?? 'sent', new RegExp(`^(${code}|bad-call)$`), JSON.stringify(head));
  assert.equal((await ask({}, Buffer.from([0xff]))).head.error.code, 'bad-mail');
  assert.equal((await ask({}, 'a\u0000b')).head.error.code, 'bad-mail');
  assert.deepEqual(resend.requests, []);
}));

test('a data-subject request is confirmed by a mail that holds the address and the words, and nothing else', async () => {
  const policy = policyWithResend('site');
  const site = await startSite({ testing: true, policy, env: { ...resend.env, LETHE_POLICY: policy } });
  try {
    const post = (path, fields) => fetch(site.url + path, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'canary-browser' }, body: JSON.stringify(fields) });
    const request = await (await post('/api/rights', { right: 'restriction', contact: 'ada.eiche@example.org', message: 'canary-message of Ada Lovelace' })).json();
    resend.next('lost', 'internal_server_error', 'internal_server_error', 'internal_server_error');
    await site.officerBeside(['outbox', 'send']);
    const list = () => JSON.parse(site.officer(['outbox', 'list', '--format', 'json']).stdout);
    assert.deepEqual(list().map((row) => [row.state, row.failure]), [['waiting', 'mail-unsure']]);
    assert.match(list()[0].do, /tried again/);
    resend.always = 'ok';
    assert.equal((await site.officerBeside(['outbox', 'send', '--now'])).code, 0);
    assert.deepEqual(list(), []);
    assert.equal(resend.mails.length, 1, 'one mail, although its first answer was lost');
    const [sent] = resend.mails;
    assert.deepEqual(Object.keys(sent).filter((name) => name !== 'id').sort(), ['from', 'subject', 'text', 'to']);
    assert.deepEqual([sent.from, sent.to], ['BizImages <privacy@bizimages.example>', ['ada.eiche@example.org']]);
    for (const { headers, text } of resend.requests) {
      assert.deepEqual(Object.keys(headers).sort(), ['accept', 'authorization', 'content-length', 'content-type', 'host', 'idempotency-key', 'user-agent']);
      assert.ok(!/canary-message|canary-browser|Lovelace|127\.0\.0\.1/.test(text), text);
    }
    // The mail shows who asked.
    const code = /: (\d{6})\n/.exec(sent.text)[1];
    assert.equal((await post('/api/rights/confirm', { id: request.id, secret: request.secret, code })).status, 200);
    assert.deepEqual(filesHolding('re_test_canary', [site.state, site.run]), []);
    assert.ok(!/ada\.eiche|re_test_canary/.test(site.output()));
  } finally { await site.stop(); }
});

test('the policy says who delivers, in its order; another one only where the mail was certainly not taken', async () => {
  const policy = policyWithResend('both', { smtp: true }), server = await startSmtp();
  const site = await startSite({ testing: true, policy, env: { ...resend.env, ...server.env, LETHE_POLICY: policy } });
  const enter = (contact) => JSON.parse(site.officer(['requests', 'add', '--right', 'access', '--contact', '-', '--format', 'json'], { input: contact }).stdout).id;
  const letter = (contact) => site.officerBeside(['requests', 'letter', enter(contact), 'acknowledge', '--send', '--yes']);
  const list = () => JSON.parse(site.officer(['outbox', 'list', '--format', 'json']).stdout);
  try {
    assert.equal((await letter('first@example.org')).code, 0);
    assert.deepEqual([resend.mails.length, server.mails().length], [1, 0]);
    for (const [i, scenario] of ['invalid_api_key', 'daily_quota_exceeded:90000', 'validation_error@403'].entries()) {
      resend.always = scenario;
      assert.equal((await letter(`other${i}@example.org`)).code, 0, scenario);
      assert.equal(server.mails().length, i + 1, scenario);
    }
    // It may have been taken: nobody else is asked, not even later when the first one has another failure.
    resend.next('lost');
    resend.always = 'application_error';
    await letter('unsure@example.org');
    assert.deepEqual([server.mails().length, list().map((row) => row.failure)], [3, ['mail-unsure']]);
    resend.always = 'invalid_api_key';
    await site.officerBeside(['outbox', 'send', '--now']);
    assert.deepEqual([server.mails().length, list().map((row) => row.failure)], [3, ['login']]);
    resend.always = 'ok';
    assert.equal((await site.officerBeside(['outbox', 'send', '--now'])).code, 0);
    assert.equal(server.mails().length, 3);
    assert.equal(resend.mails.filter((m) => m.to[0] === 'unsure@example.org').length, 1);
    // A refusal of the mail is one for all.
    resend.always = 'validation_error';
    assert.notEqual((await letter('never@example.org')).code, 0);
    assert.equal(server.mails().length, 3);
    assert.deepEqual(list().map((row) => [row.state, row.failure]), [['failed', 'mail-refused']]);
    assert.match(list()[0].do, /lethe outbox show.*drop/);
  } finally { await site.stop(); await server.close(); }
});

test('its settings without the policy keep egress from starting', async () => {
  await assert.rejects(async () => { await (await startEgress(resend.env)).stop(); }, /RESEND_BASE_URL is set, but the policy declares no processor "resend"/);
});
