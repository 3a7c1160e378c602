// SPDX-License-Identifier: ISC
// A stand-in for Resend's API of mails: takes what its documentation knows (https://resend.com/docs/api-reference/emails/send-email), keeps idempotency keys, and
// answers with the errors that it documents.
//
//   const resend = await startResend(); resend.next('rate_limit_exceeded:1', 'ok'); resend.always = 'html';
//
// A scenario is ok · NAME of an error, [@STATUS], [:SECONDS of retry-after] · html (with 200) · hollow (200 and no id) · truncated (half of the answer) · hang · disconnect ·
// lost (the mail is taken, its answer never comes). `requests` has what came, `mails` what was taken.
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';

export const errors = {
  invalid_idempotency_key: 400, validation_error: 422, missing_api_key: 401, restricted_api_key: 401, invalid_api_key: 403, not_found: 404, method_not_allowed: 405,
  invalid_idempotent_request: 409, concurrent_idempotent_requests: 409, invalid_attachment: 422, invalid_from_address: 422, invalid_access: 422, invalid_parameter: 422,
  invalid_region: 422, missing_required_field: 422, monthly_quota_exceeded: 429, daily_quota_exceeded: 429, rate_limit_exceeded: 429, security_error: 451,
  application_error: 500, internal_server_error: 500,
};
const members = ['attachments', 'bcc', 'cc', 'from', 'headers', 'html', 'reply_to', 'scheduled_at', 'subject', 'tags', 'template', 'text', 'to', 'topic_id'];
const mailbox = /^(?:[^<>"]+ )?<?[^\s<>@]+@[^\s<>@]+\.[a-z]+>?$/i;

export async function startResend({ key = 're_test_canary' } = {}) {
  const requests = [], mails = [], queue = [], known = new Map(), sockets = new Set();
  const peer = { key, requests, mails, always: 'ok', next: (...more) => queue.push(...more) };
  const answer = (response, status, value, more = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', 'ratelimit-limit': '2', 'ratelimit-remaining': '1', 'ratelimit-reset': '1', ...more });
    response.end(JSON.stringify(value));
  };
  const fail = (response, name, status = errors[name], more = {}) => answer(response, status, { statusCode: status, message: `canary of ${name}`, name }, more);
  const server = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const text = Buffer.concat(pieces).toString(), { headers, method, url } = request, once = headers['idempotency-key'];
    requests.push({ method, url, headers, text });
    const [scenario, wait] = (queue.shift() ?? peer.always).split(':'), [name, status] = scenario.split('@');
    if (name === 'hang') return undefined;
    if (name === 'disconnect') return request.socket.destroy();
    if (name === 'html') { response.writeHead(200, { 'content-type': 'text/html' }); return response.end('<html><h1>Welcome to nginx!</h1>'); }
    if (name === 'hollow') return answer(response, 200, {});
    if (name === 'redirect') { response.writeHead(302, { location: 'https://elsewhere.evil.example/' }); return response.end(); }
    if (errors[name]) return fail(response, name, status ? Number(status) : errors[name], wait ? { 'retry-after': wait } : {});
    if (!headers['user-agent']) return fail(response, 'validation_error', 403);
    if (!headers.authorization) return fail(response, 'missing_api_key');
    if (headers.authorization !== `Bearer ${key}`) return fail(response, 'invalid_api_key');
    if (url !== '/emails') return fail(response, 'not_found');
    if (method !== 'POST') return fail(response, 'method_not_allowed');
    if (once !== undefined && (once.length < 1 || once.length > 256)) return fail(response, 'invalid_idempotency_key');
    const before = once !== undefined ? known.get(once) : undefined;
    if (before) return before.text === text ? answer(response, 200, { id: before.id }) : fail(response, 'invalid_idempotent_request');
    let mail;
    try { mail = JSON.parse(text); } catch { return fail(response, 'validation_error'); }
    const to = [mail.to].flat();
    if (Object.keys(mail).some((member) => !members.includes(member)) || to.length > 50 || !to.every((one) => mailbox.test(one))) return fail(response, 'validation_error');
    if (!mail.from || !mail.subject || !(mail.text || mail.html)) return fail(response, 'missing_required_field');
    if (!mailbox.test(mail.from)) return fail(response, 'invalid_from_address');
    const id = randomUUID();
    mails.push({ id, ...mail });
    if (once !== undefined) known.set(once, { text, id });
    if (name === 'lost') return request.socket.destroy();
    if (name === 'truncated') { response.writeHead(200, { 'content-type': 'application/json', 'content-length': '60' }); response.write('{"id":"'); return setTimeout(() => request.socket.destroy(), 20); }
    return answer(response, 200, { id });
  });
  server.on('connection', (socket) => { sockets.add(socket); socket.once('close', () => sockets.delete(socket)); });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  peer.url = `http://127.0.0.1:${server.address().port}`;
  peer.env = { RESEND_BASE_URL: peer.url, RESEND_API_KEY: key };
  peer.reset = () => { requests.length = mails.length = queue.length = 0; known.clear(); peer.always = 'ok'; };
  peer.close = () => new Promise((done) => { server.close(done); for (const socket of sockets) socket.destroy(); });
  return peer;
}
