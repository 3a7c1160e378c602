// SPDX-License-Identifier: ISC
// Agents: the Data Rights Protocol 1.0 and OpenDSR 2.0 over the real nginx, spoken by clients that are written here with Node's own cryptography.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, randomUUID, sign, verify, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesHolding, generate, startSite } from './harness.mjs';

const BUSINESS = 'LETHE_TEST', DOMAIN = 'privacy.example.org';
const keys = { mine: generateKeyPairSync('ed25519'), other: generateKeyPairSync('ed25519') };
const raw = (key) => Buffer.from(key.export({ format: 'jwk' }).x, 'base64url').toString('base64');
const token = {};
let folder, site, controller, set;

const iso = (ms) => new Date(Date.now() + ms).toISOString();
const pack = (claims, key = keys.mine.privateKey) => {
  const text = Buffer.from(typeof claims === 'string' ? claims : JSON.stringify(claims));
  return Buffer.concat([sign(null, text, key), text]).toString('base64');
};
const known = (id) => assert.equal(site.officer(['requests', 'verify', id, '--how', 'known', '--reason', 'seen']).code, 0);
const head = (more = {}) => ({ 'agent-id': 'AGENT_ONE', 'business-id': BUSINESS, 'issued-at': iso(-1000), 'expires-at': iso(600000), 'drp.version': '1.0', ...more });
const claim = (more = {}) => head({ exercise: 'access', regime: 'ccpa', name: 'Ines Probe', email: 'ines.probe@example.org', email_verified: true, ...more });
const send = (method, path, body, headers = {}) => fetch(site.url + path, { method, headers: { ...(body !== undefined ? { 'content-type': 'text/plain' } : {}), ...headers }, body });
const bearer = (t) => ({ authorization: `Bearer ${t}` });
const exercise = (claims, { key, as = token.mine } = {}) => send('POST', '/v1/data-rights-request', pack(claims, key), bearer(as));
const shown = (id, ...more) => JSON.parse(site.officer(['requests', 'show', id, '--format', 'json', ...more]).stdout);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-agents-'));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${DOMAIN}`, '-days', '2', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')], { stdio: 'ignore' });
  site = await startSite({ env: { LETHE_DRP_BUSINESS: BUSINESS, LETHE_OPENDSR_DOMAIN: DOMAIN, LETHE_OPENDSR_KEY_FILE: join(folder, 'key.pem'), LETHE_OPENDSR_CERTIFICATE_FILE: join(folder, 'cert.pem') } });
  for (const [id, key] of [['AGENT_ONE', keys.mine], ['AGENT_TWO', keys.other]]) {
    const run = site.officer(['agents', 'add', id, '--name', `Firm ${id}`, '--key', raw(key.publicKey), '--technical-contact', 'desk@agents.example']);
    assert.equal(run.code, 0, run.stderr);
  }
  const run = site.officer(['agents', 'add', 'acme', '--name', 'Acme', '--opendsr', '--format', 'json']);
  assert.equal(run.code, 0, run.stderr);
  controller = JSON.parse(run.stdout).token;
  for (const [who, id] of [['mine', 'AGENT_ONE'], ['other', 'AGENT_TWO']]) {
    const answer = await send('POST', `/v1/agent/${id}`, pack(head({ 'agent-id': id }), keys[who].privateKey));
    assert.equal(answer.status, 200);
    const body = await answer.json();
    assert.deepEqual(Object.keys(body).sort(), ['agent-id', 'token']);
    assert.equal(body['agent-id'], id);
    token[who] = body.token;
  }
  const made = await generate(site, { description: 'A mill that grinds rye for two villages.', count: 1 });
  assert.equal(made.status, 200);
  set = made.body;
});
after(async () => { await site?.stop(); rmSync(folder, { recursive: true, force: true }); });

test('a token is given for a signed message of that agent alone; whatever is wrong is answered with 403 and nothing', async () => {
  const wrong = {
    'another key': pack(head(), keys.other.privateKey),
    'another agent': pack(head({ 'agent-id': 'AGENT_TWO' })),
    'another business': pack(head({ 'business-id': 'SOMEBODY' })),
    early: pack(head({ 'issued-at': iso(60000) })),
    expired: pack(head({ 'expires-at': iso(-1) })),
    version: pack(head({ 'drp.version': '0.5' })),
    'no base64': '§§§',
  };
  for (const [what, body] of Object.entries(wrong)) {
    const answer = await send('POST', '/v1/agent/AGENT_ONE', body);
    assert.equal(answer.status, 403, what);
    assert.equal(await answer.text(), '', what);
  }
  assert.equal((await send('POST', '/v1/agent/NOBODY', pack(head({ 'agent-id': 'NOBODY' })))).status, 403);
  const good = await send('GET', '/v1/agent/AGENT_ONE', undefined, bearer(token.mine));
  assert.deepEqual([good.status, await good.json()], [200, {}]);
  for (const headers of [bearer(token.other), bearer('x'.repeat(43)), {}]) assert.equal((await send('GET', '/v1/agent/AGENT_ONE', undefined, headers)).status, 403);
  // The file of agents is one of the state folder's.
  assert.deepEqual(JSON.parse(site.officer(['check', '--offline', '--format', 'json']).stdout).filter((f) => f.check === 'folders' && f.result === 'BROKEN'), []);
});

test('an exercise becomes a request like any other; the same message, or the same number, makes no second one', async () => {
  const body = pack(claim({ 'agent-request-id': 'first', relationships: ['customer'], status_callback: 'https://agent.example/cb', power_of_attorney: 'https://agent.example/poa/7' }));
  const one = await (await send('POST', '/v1/data-rights-request', body, bearer(token.mine))).json();
  assert.match(one.request_id, /^[0-9a-f]{32}$/);
  assert.equal(one.agent_request_id, 'first');
  assert.equal(one.status, 'in_progress');
  assert.ok(Date.parse(one.expected_by) > Date.parse(one.received_at));
  assert.match(one.processing_details, /status_callback is not called/);
  assert.equal(one.results_url, undefined);
  for (const again of [body, pack(claim({ 'agent-request-id': 'first' }))])
    assert.equal((await (await send('POST', '/v1/data-rights-request', again, bearer(token.mine))).json()).request_id, one.request_id);
  const conflict = await exercise(claim({ 'agent-request-id': 'first', exercise: 'deletion' }));
  assert.deepEqual([conflict.status, (await conflict.json()).code], [409, '409']);
  const unnumbered = pack(claim({ email: 'other.probe@example.org' }));
  const ids = [];
  for (let i = 0; i < 2; i++) ids.push((await (await send('POST', '/v1/data-rights-request', unnumbered, bearer(token.mine))).json()).request_id);
  assert.equal(ids[0], ids[1]);
  const own = shown(one.request_id, '--personal', '--reason', 'test');
  assert.equal(own.contact, 'ines.probe@example.org');
  assert.match(own.message, /email: ines\.probe@example\.org \(verified by the sender\)/);
  assert.match(own.message, /relationship: customer/);
  assert.equal(own.due, one.expected_by);
  assert.equal(own.how, 'drp');
  assert.equal(own.agent.name, 'Firm AGENT_ONE');
  assert.equal(own.agent.answer_to, 'agent');
  assert.equal(own.agent.mandate.sha256, createHash('sha256').update('https://agent.example/poa/7').digest('hex'));
  assert.deepEqual(filesHolding('ines.probe', [site.state]), []);
});

test('each fault has its row: nothing is stored, and the reply says what is wrong', async () => {
  const before = JSON.parse(site.officer(['requests', 'list', '--format', 'json']).stdout).length;
  const bytes = (length) => Buffer.alloc(length, 65).toString('base64');
  const rows = [
    ['no base64', '###', 400, /base64/, true],
    ['too short', bytes(64), 400, /base64/, true],
    ['not signed', bytes(300), 403, /signature/, true],
    ['of another key', pack(claim(), keys.other.privateKey), 403, /signature/, true],
    ['no JSON', pack('{"agent-id":'), 400, /JSON/, true],
    ['a member twice', pack('{"agent-id":"AGENT_ONE","agent-id":"AGENT_ONE"}'), 400, /JSON/, true],
    ['no object', pack('[]'), 400, /JSON object/, true],
    ['another agent', pack(claim({ 'agent-id': 'AGENT_TWO' })), 403, /agent-id/, true],
    ['no agent', pack(claim({ 'agent-id': undefined })), 403, /agent-id/, true],
    ['another business', pack(claim({ 'business-id': 'SOMEBODY' })), 403, /business-id/, true],
    ['no time', pack(claim({ 'issued-at': undefined })), 400, /issued-at/, true],
    ['a bad time', pack(claim({ 'expires-at': 'tomorrow' })), 400, /expires-at/, true],
    ['held for years', pack(claim({ 'expires-at': '2099-01-01T00:00:00Z' })), 400, /more than a day/, true],
    ['too early', pack(claim({ 'issued-at': iso(60000) })), 400, /issued-at/, undefined],
    ['too late', pack(claim({ 'issued-at': iso(-9000), 'expires-at': iso(-1000) })), 400, /expires-at is over/, true],
    ['another version', pack(claim({ 'drp.version': '0.5' })), 400, /drp\.version/, true],
    ['an action that is not offered', pack(claim({ exercise: 'sale:opt-in' })), 400, /^Unsupported rights actions submitted\.$/, true],
    ['no action', pack(claim({ exercise: undefined })), 400, /Unsupported/, true],
    ['another regime', pack(claim({ regime: 'gdpr' })), 400, /regime/, true],
    ['nobody', pack(claim({ email: undefined })), 400, /email or phone_number/, true],
    ['no address', pack(claim({ email: 'nonsense@' })), 400, /cannot be one/, true],
    ['no text', pack(claim({ name: 5 })), 400, /texts/, true],
    ['too long', pack(claim({ name: 'n'.repeat(600) })), 400, /too long/, true],
    ['a number too long', pack(claim({ 'agent-request-id': 'n'.repeat(200) })), 400, /agent-request-id/, true],
    ['no receipt', pack(claim({ receipt: 'short' })), 400, /receipt/, true],
  ];
  for (const [what, body, status, message, fatal] of rows) {
    const answer = await send('POST', '/v1/data-rights-request', body, bearer(token.mine));
    const fault = await answer.json();
    assert.equal(answer.status, status, what);
    assert.equal(fault.code, String(status), what);
    assert.match(fault.message, message, what);
    assert.equal(fault.fatal, fatal, what);
  }
  for (const as of ['x'.repeat(43), controller, '']) assert.equal((await exercise(claim(), { as })).status, 401);
  assert.equal((await send('POST', '/v1/data-rights-request', pack(claim()), { ...bearer(token.mine), 'content-type': 'application/json' })).status, 415);
  assert.equal((await send('POST', '/v1/data-rights-request', 'A'.repeat(40000), bearer(token.mine))).status, 413);
  assert.equal(JSON.parse(site.officer(['requests', 'list', '--format', 'json']).stdout).length, before);
});

test('states and grounds are told in the words of the protocol; another agent is told nothing', async () => {
  const ask = async (n) => (await (await exercise(claim({ 'agent-request-id': `state-${n}`, email: `state${n}@example.org`, exercise: 'access' }))).json()).request_id;
  const status = async (id, as = token.mine) => (await send('GET', `/v1/data-rights-request/${id}`, undefined, bearer(as)));
  const rows = [
    [['identify', '--reason', 'a doubt'], { status: 'in_progress', reason: 'need_user_verification' }],
    [['clarify', '--reason', 'which one'], { status: 'in_progress', reason: undefined }],
    [['answer'], { status: 'fulfilled', reason: undefined }],
    [['refuse', '--ground', 'identity-failure', '--reason', 'r'], { status: 'denied', reason: 'insuf_verification' }],
    [['refuse', '--ground', 'information-required', '--reason', 'r'], { status: 'denied', reason: 'no_match' }],
    [['refuse', '--ground', 'manifestly-excessive', '--reason', 'r'], { status: 'denied', reason: 'too_many_requests' }],
    [['refuse', '--ground', 'malicious-intent', '--reason', 'r'], { status: 'denied', reason: 'suspected_fraud' }],
    [['refuse', '--ground', 'manifestly-unfounded', '--reason', 'r'], { status: 'denied', reason: 'other' }],
    [['close', '--ground', 'spam'], { status: 'denied', reason: 'suspected_fraud' }],
    [['withdraw'], { status: 'revoked', reason: undefined }],
  ];
  let n = 0;
  for (const [[command, ...words], wanted] of rows) {
    const id = await ask(++n);
    if (command === 'answer') {
      assert.notEqual(site.officer(['requests', command, id]).code, 0, 'nobody knows who asks');
      known(id);
    }
    const run = site.officer(['requests', command, id, ...words]);
    assert.equal(run.code, 0, run.stderr);
    const body = await (await status(id)).json();
    assert.deepEqual({ status: body.status, reason: body.reason }, wanted, command);
    if (wanted.reason === 'need_user_verification') assert.match(body.user_verification_url, /^http.*\/rights$/);
    assert.equal((await status(id, token.other)).status, 403);
  }
  assert.equal((await status('0'.repeat(32))).status, 403);
  assert.equal((await status('x', '')).status, 401);
});

test('a mandate is kept until the decision, and that it was seen afterwards', async () => {
  const { request_id: id } = await (await exercise(claim({ email: 'mandate@example.org', power_of_attorney: 'paper 9' }))).json();
  assert.match(shown(id).agent.mandate.sha256, /^[0-9a-f]{64}$/);
  known(id);
  assert.equal(site.officer(['requests', 'answer', id]).code, 0);
  assert.deepEqual(Object.keys(shown(id).agent.mandate), ['seen']);
  // A letter of an agent.
  const paper = join(folder, 'mandate.pdf');
  writeFileSync(paper, 'I let Kanzlei Muster act for me.');
  const run = site.officer(['requests', 'add', '--right', 'access', '--agent', 'Kanzlei Muster', '--mandate', paper, '--answer-to', 'person', '--format', 'json']);
  assert.equal(run.code, 0, run.stderr);
  const letter = shown(JSON.parse(run.stdout).id).agent;
  assert.equal(letter.name, 'Kanzlei Muster');
  assert.equal(letter.answer_to, 'person');
  assert.equal(letter.mandate.sha256, createHash('sha256').update(readFileSync(paper)).digest('hex'));
  assert.equal(site.officer(['requests', 'add', '--right', 'access', '--mandate', paper]).code, 2);
  // Without one nothing is handed out, erased or answered, whatever receipt it names.
  const { receipt } = (await generate(site, { description: 'A bakery in the old town, rye bread and rolls.', count: 1 })).body;
  const acts = (right) => JSON.parse(site.officer(['requests', 'add', '--right', right, '--agent', 'Kanzlei Muster', '--receipt', '-', '--format', 'json'], { input: receipt }).stdout).id;
  const access = acts('access'), erasure = acts('erasure');
  assert.match(site.officer(['requests', 'answer', access]).stderr, /without a mandate/);
  assert.match(site.officer(['export', '--request', access, '--output', join(folder, 'none.zip')]).stderr, /without a mandate/);
  assert.match(site.officer(['erase', '--request', erasure, '--yes']).stderr, /without a mandate/);
  writeFileSync(paper, '');
  assert.match(site.officer(['requests', 'add', '--right', 'access', '--agent', 'Kanzlei Muster', '--mandate', paper]).stderr, /is empty/);
  assert.equal(site.officer(['requests', 'verify', access, '--how', 'mandate', '--reason', 'file 12/26']).code, 0);
  assert.equal(site.officer(['export', '--request', access, '--output', join(folder, 'some.zip')]).code, 0);
});

test('it is taken back by a signed message, once; what is over cannot be', async () => {
  const { request_id: id } = await (await exercise(claim({ email: 'revoke@example.org' }))).json();
  const revoke = (as = token.mine, key = keys.mine.privateKey) => send('DELETE', `/v1/data-rights-request/${id}`, pack({ reason: 'changed my mind' }, key), bearer(as));
  assert.equal((await revoke(token.other, keys.other.privateKey)).status, 403);
  assert.equal((await revoke(token.mine, keys.other.privateKey)).status, 403);
  for (const bad of [claim({ email: 'revoke@example.org' }), claim({ reason: 'x' }), {}, { reason: 7 }])
    assert.equal((await send('DELETE', `/v1/data-rights-request/${id}`, pack(bad), bearer(token.mine))).status, 400, 'what asks for something takes nothing back');
  for (let i = 0; i < 2; i++) {
    const answer = await revoke();
    assert.deepEqual([answer.status, (await answer.json()).status], [200, 'revoked']);
  }
  const { request_id: over } = await (await exercise(claim({ email: 'over@example.org' }))).json();
  site.officer(['requests', 'refuse', over, '--ground', 'manifestly-unfounded', '--reason', 'x']);
  assert.equal((await send('DELETE', `/v1/data-rights-request/${over}`, pack({ reason: 'x' }), bearer(token.mine))).status, 409);
});

test('a message that took one request back is good for no other, and not again when that is open anew', async () => {
  const ask = async (who) => (await (await exercise(claim({ email: `${who}@example.org`, 'agent-request-id': who }))).json()).request_id;
  const revoke = async (id, body) => {
    const answer = await send('DELETE', `/v1/data-rights-request/${id}`, body, bearer(token.mine));
    return [answer.status, (await answer.json()).message ?? ''];
  };
  const [one, two, three] = [await ask('bound-one'), await ask('bound-two'), await ask('bound-three')];
  const plain = pack({ reason: 'as the protocol has it' });
  const both = (await Promise.all([one, two].map((id) => revoke(id, plain)))).map(([status]) => status);
  assert.deepEqual([...both].sort(), [200, 409], 'at once, too, it takes back one of them');
  const [taken, left] = both[0] === 200 ? [one, two] : [two, one];
  assert.equal(shown(left).state, 'open');
  assert.match((await revoke(left, plain))[1], /name request_id in the one that you sign/);
  assert.equal((await revoke(taken, plain))[0], 200, 'its answer was lost');
  assert.equal(shown(taken).events.filter(({ event }) => event === 'withdrawn').length, 1);
  assert.equal(site.officer(['requests', 'reopen', taken, '--reason', 'a mistake']).code, 0);
  assert.equal((await revoke(taken, plain))[0], 409);
  assert.equal(shown(taken).state, 'open');
  // What names its request is bound from the beginning; both names must be those of the request.
  for (const names of [{ request_id: taken }, { 'agent-request-id': 'bound-one' }, { request_id: 7 }, { request_id: three, 'agent-request-id': 'bound-two' }])
    assert.deepEqual(await revoke(three, pack({ reason: 'x', ...names })), [403, 'The message takes back another request.']);
  assert.equal(shown(three).state, 'open');
  const times = { 'issued-at': iso(-1000), 'expires-at': iso(86500000) };
  assert.match((await revoke(three, pack({ reason: 'x', request_id: three, ...times })))[1], /more than a day/);
  assert.equal((await revoke(three, pack({ reason: 'x', request_id: three, 'agent-request-id': 'bound-three' })))[0], 200);
  // The same words of another agent are another message, and nobody is shown its hash.
  const foreign = await (await exercise(claim({ 'agent-id': 'AGENT_TWO', email: 'foreign@example.org' }), { key: keys.other.privateKey, as: token.other })).json();
  assert.equal((await send('DELETE', `/v1/data-rights-request/${foreign.request_id}`, pack({ reason: 'as the protocol has it' }, keys.other.privateKey), bearer(token.other))).status, 200);
  assert.doesNotMatch(JSON.stringify(shown(three, '--personal', '--reason', 'test')), /signed_sha256/);
});

test('with the receipt, a copy is there at once by a link that nobody can make or lengthen, and a deletion is done', async () => {
  const got = await (await exercise(claim({ 'agent-request-id': 'copy', receipt: set.receipt }))).json();
  assert.equal(got.status, 'fulfilled');
  assert.ok(Date.parse(got.expires_at) > Date.now());
  const zip = await fetch(got.results_url);
  assert.equal(zip.status, 200);
  assert.equal(zip.headers.get('content-type'), 'application/zip');
  writeFileSync(join(folder, 'copy.zip'), Buffer.from(await zip.arrayBuffer()));
  assert.match(execFileSync('7zz', ['l', join(folder, 'copy.zip')], { encoding: 'utf8' }), /export\.json/);
  const [, id, end, mac] = /results\/(\w+)\.(\d+)\.(.+)$/.exec(got.results_url);
  for (const link of [`${id}.${Number(end) + 1}.${mac}`, `${'0'.repeat(32)}.${end}.${mac}`, `${id}.${end}.${'A'.repeat(43)}`, 'x'])
    assert.equal((await fetch(`${site.url}/api/results/${link}`)).status, 404, link);
  const gone = await (await exercise(claim({ exercise: 'deletion', receipt: set.receipt }))).json();
  assert.equal(gone.status, 'fulfilled');
  assert.equal((await fetch(site.url + set.archive.url)).status, 404);
});

test('OpenDSR: what is offered is found, and each answer is signed by the certificate that is handed out', async () => {
  const discovery = await (await fetch(`${site.url}/opendsr/v2/discovery`)).json();
  assert.equal(discovery.api_version, '2.0');
  assert.deepEqual(discovery.supported_subject_request_types, ['access', 'portability', 'erasure']);
  assert.deepEqual(discovery.supported_identities, ['email', 'controller_customer_id'].map((identity_type) => ({ identity_type, identity_format: 'raw' })));
  assert.equal(discovery.processor_certificate, `https://${DOMAIN}/opendsr/v2/certificate.pem`);
  const certificate = new X509Certificate(Buffer.from(await (await fetch(`${site.url}/opendsr/v2/certificate.pem`)).arrayBuffer()));
  assert.match(certificate.subject, new RegExp(DOMAIN));
  const ask = (method, path, body, as = controller) => send(method, `/opendsr/v2/requests${path}`, body, { 'content-type': 'application/json', ...bearer(as) });
  const signedJson = async (answer) => {
    const body = Buffer.from(await answer.arrayBuffer());
    assert.equal(answer.headers.get('x-opendsr-processor-domain'), DOMAIN);
    assert.ok(verify('RSA-SHA256', body, certificate.publicKey, Buffer.from(answer.headers.get('x-opendsr-signature'), 'base64')));
    assert.ok(!verify('RSA-SHA256', Buffer.concat([body, Buffer.from(' ')]), certificate.publicKey, Buffer.from(answer.headers.get('x-opendsr-signature'), 'base64')));
    return JSON.parse(body);
  };
  const wish = (more = {}) => ({ regulation: 'gdpr', subject_request_id: randomUUID(), subject_request_type: 'access', submitted_time: iso(-3600000), api_version: '2.0', subject_identities: [{ identity_type: 'email', identity_value: 'dsr@example.org', identity_format: 'raw' }], ...more });
  const first = wish(), text = JSON.stringify(first, null, 2);
  const answer = await ask('POST', '', text);
  assert.equal(answer.status, 201);
  const receipt = await signedJson(answer);
  assert.equal(receipt.controller_id, 'acme');
  assert.equal(receipt.subject_request_id, first.subject_request_id);
  assert.equal(Buffer.from(receipt.encoded_request, 'base64').toString(), text);
  assert.ok(Date.parse(receipt.expected_completion_time) > Date.now());
  const state = async (id) => (await signedJson(await ask('GET', `/${id}`))).request_status;
  assert.equal(await state(first.subject_request_id), 'pending');
  const list = JSON.parse(site.officer(['requests', 'list', '--format', 'json']).stdout);
  const mine = list.map((l) => shown(l.id)).find((r) => r.agent?.request === first.subject_request_id);
  assert.equal(mine.agent.regime, 'gdpr');
  assert.equal(mine.received, first.submitted_time.replace(/\.\d+/, ''));
  site.officer(['requests', 'acknowledge', mine.id]);
  assert.equal(await state(first.subject_request_id), 'in_progress');
  assert.equal((await ask('DELETE', `/${first.subject_request_id}`)).status, 400);
  known(mine.id);
  site.officer(['requests', 'answer', mine.id]);
  assert.equal(await state(first.subject_request_id), 'completed');
  const second = wish({ subject_request_type: 'portability' });
  assert.equal((await ask('POST', '', JSON.stringify(second))).status, 201);
  const cancelled = await ask('DELETE', `/${second.subject_request_id}`);
  assert.equal(cancelled.status, 202);
  assert.equal((await signedJson(cancelled)).subject_request_id, second.subject_request_id);
  assert.equal(await state(second.subject_request_id), 'cancelled');
  const rows = [
    ['again', first, /sent before/], ['regulation', wish({ regulation: 'pipl' }), /regulation/], ['id', wish({ subject_request_id: 'A'.repeat(36) }), /UUID/],
    ['version of the id', wish({ subject_request_id: '00000000-0000-1000-8000-000000000000' }), /UUID/],
    ['type', wish({ subject_request_type: 'rectification' }), /subject_request_type/], ['time', wish({ submitted_time: 'now' }), /submitted_time/],
    ['future', wish({ submitted_time: iso(3600000) }), /still to come/], ['far future', wish({ submitted_time: '9999-12-31T23:59:59Z' }), /still to come/],
    ['long ago', wish({ submitted_time: iso(-400 * 86400000) }), /more than a year ago/], ['before all', wish({ submitted_time: '1970-01-01T00:00:00Z' }), /more than a year ago/],
    ...['2026-11-28', '2026-11-28 09:00:00Z', '2026-11-28T09:00:00', '2026-02-30T09:00:00Z', '2026-11-28T24:00:00Z', '', 1764320400, null, {}, []]
      .map((submitted_time) => [`time ${JSON.stringify(submitted_time)}`, wish({ submitted_time }), /RFC 3339/]),
    ['version', wish({ api_version: '1.0' }), /api_version/], ['version as a number', wish({ api_version: 2.0 }), /api_version/],
    ['callback', wish({ status_callback_urls: ['https://a.example/'] }), /not offered/],
    ...['https://a.example/', { 0: 'https://a.example/' }, 1, null, true].map((urls) => [`callback ${JSON.stringify(urls)}`, wish({ status_callback_urls: urls }), /must be an array/]),
    ...['x', [], null].map((extensions) => [`extensions ${JSON.stringify(extensions)}`, wish({ extensions }), /extensions must be an object/]),
    ...['Erasure', 'erasure ', '', 7, null, ['erasure'], {}].map((type) => [`type ${JSON.stringify(type)}`, wish({ subject_request_type: type }), /subject_request_type/]),
    ...['GDPR', '', 1, null, ['gdpr']].map((regulation) => [`regulation ${JSON.stringify(regulation)}`, wish({ regulation }), /regulation/]),
    ...[7, null, '', randomUUID().toUpperCase(), `${randomUUID()} `, `{${randomUUID()}}`].map((id) => [`id ${JSON.stringify(id)}`, wish({ subject_request_id: id }), /UUID/]),
    ...['dsr@example.org', {}, null, 7].map((identities) => [`identities ${JSON.stringify(identities)}`, wish({ subject_identities: identities }), /subject_identities/]),
    ...[7, null, 'x', {}, [], { identity_type: 'email', identity_value: 'a@b.example' }, { identity_type: 'email', identity_value: 7, identity_format: 'raw' }]
      .map((identity) => [`identity ${JSON.stringify(identity)}`, wish({ subject_identities: [identity] }), /required in each identity/]),
    ['two people', wish({ subject_identities: ['a', 'b'].map((who) => ({ identity_type: 'email', identity_value: `${who}@example.org`, identity_format: 'raw' })) }), /two of one identity_type/],
    ['too many', wish({ subject_identities: Array(9).fill({ identity_type: 'email', identity_value: 'a@example.org', identity_format: 'raw' }) }), /too many/],
    ['nobody', wish({ subject_identities: [] }), /subject_identities/],
    ['digest', wish({ subject_identities: [{ identity_type: 'email', identity_value: 'ab', identity_format: 'sha256' }] }), /raw/],
    ['identity', wish({ subject_identities: [{ identity_type: 'android_id', identity_value: 'ab', identity_format: 'raw' }] }), /identity_type/],
    ['mail', wish({ subject_identities: [{ identity_type: 'email', identity_value: 'nonsense', identity_format: 'raw' }] }), /mail/],
    ['receipt', wish({ subject_identities: [{ identity_type: 'controller_customer_id', identity_value: 'ab', identity_format: 'raw' }] }), /receipt/],
  ];
  const before = JSON.parse(site.officer(['requests', 'list', '--format', 'json']).stdout).length;
  const text_ = JSON.stringify(wish());
  const bodies = [...rows.map(([what, body, message]) => [what, JSON.stringify(body), message]),
    ...['', '{"regulation":', '[]', 'null', '"x"', `${text_}x`, text_.replace('{', '{"regulation":"gdpr",'), '['.repeat(4000), Buffer.from([0x7b, 0xff, 0x7d])].map((body, i) => [`body ${i}`, body, /JSON object/])];
  for (const [what, body, message] of bodies) {
    const wrong = await ask('POST', '', body);
    assert.equal(wrong.status, 400, what);
    const { error } = await wrong.json();
    assert.equal(error.code, 400);
    assert.match(error.message, message, what);
    assert.deepEqual(Object.keys(error.errors[0]).sort(), ['domain', 'message', 'reason']);
  }
  assert.equal(JSON.parse(site.officer(['requests', 'list', '--format', 'json']).stdout).length, before, 'nothing of it is stored');
  for (const as of ['', token.mine]) assert.equal((await ask('GET', `/${first.subject_request_id}`, undefined, as)).status, 401);
  assert.equal((await ask('GET', `/${randomUUID()}`)).status, 404);
});

test('who is removed or replaced has no token any more; the file is for the site alone, and the ledger names no token', async () => {
  const file = join(site.state, 'officer/agents.json');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  for (const secret of [token.mine, controller]) assert.ok(!readFileSync(file, 'utf8').includes(secret));
  assert.match(site.officer(['agents', 'list']).stdout, /AGENT_ONE +drp +Firm AGENT_ONE/);
  assert.equal(site.officer(['agents', 'add', 'AGENT_ONE', '--name', 'Firm', '--key', raw(keys.mine.publicKey)]).code, 0);
  assert.equal((await exercise(claim())).status, 401);
  assert.equal(site.officer(['agents', 'remove', 'acme', '--opendsr']).code, 0);
  assert.equal(site.officer(['agents', 'remove', 'acme', '--opendsr']).code, 1);
  assert.equal((await send('GET', `/opendsr/v2/requests/${randomUUID()}`, undefined, bearer(controller))).status, 401);
  const ledger = site.officer(['audit', 'show', '--format', 'json']).stdout;
  assert.match(ledger, /"what\\?":\\?"removed/);
  for (const words of [['add', 'a b', '--name', 'x', '--opendsr'], ['add', 'A', '--name', 'x'], ['add', 'A', '--name', 'x', '--key', 'AAAA'], ['add', 'A', '--opendsr']])
    assert.equal(site.officer(['agents', ...words]).code, 2, words.join(' '));
});

test('without the settings nothing of either protocol is there', async () => {
  const plain = await startSite();
  try {
    for (const [method, path, type] of [['POST', '/v1/data-rights-request', 'text/plain'], ['GET', '/v1/data-rights-request/x'], ['POST', '/v1/agent/X', 'text/plain'], ['GET', '/v1/agent/X'], ['GET', '/opendsr/v2/discovery'], ['GET', '/opendsr/v2/certificate.pem'], ['POST', '/opendsr/v2/requests', 'application/json']]) {
      const answer = await fetch(plain.url + path, { method, headers: type ? { 'content-type': type } : {}, body: type ? 'x' : undefined });
      assert.equal(answer.status, 404, path);
    }
  } finally { await plain.stop(); }
});

test('a page in a sandboxed frame files nothing for its visitor; what is full says so', async () => {
  const file = (headers) => fetch(`${site.url}/api/rights`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{"right":"complaint"}' });
  assert.equal((await file({ origin: 'null' })).status, 403);
  assert.equal((await file({ origin: 'null', 'sec-fetch-site': 'cross-site' })).status, 403);
  assert.equal((await file({ origin: 'null', 'sec-fetch-site': 'same-origin' })).status, 201);
  const { id, secret } = await (await file({})).json();
  const add = (text) => fetch(`${site.url}/api/rights/add`, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json' }, body: JSON.stringify({ id, secret, text }) });
  for (let i = 0; i < 50; i++) assert.equal((await add(`x${i}`)).status, 200);
  const full = await add('x');
  assert.equal(full.status, 409);
  assert.match(await full.text(), /No more can be added|nichts mehr hinzu/);
});
