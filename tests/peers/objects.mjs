// SPDX-License-Identifier: ISC
// An object storage: a real S3-compatible server (s3rver, which keeps files) behind a front that verifies every signature with the vendor's own code
// (@smithy/signature-v4), as s3rver does not look at those of version 4, and that plays faults. Buckets are named by the path, or by the host where it is one of `hosts`.
//
//   const objects = await startObjects({ keyId, secret, region, buckets: ['hosting'], hosts: { 'bucket.host.example': 'bucket' } });
//   objects.next('SlowDown'); objects.requests; await objects.close();
import { createHash } from 'node:crypto';
import { createServer } from 'node:https';
import { request as ask } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import S3rver from 's3rver';
import { makeCertificates, readAll } from './azure.mjs';

const xml = (code, more = '') => `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>canary words</Message>${more}<RequestId>1</RequestId></Error>`;
const failure = (status, code, headers = {}) => ({ status, headers: { 'content-type': 'application/xml', ...headers }, body: xml(code) });
const bomb = `<?xml version="1.0"?><!DOCTYPE Error [<!ENTITY a "${'canary '.repeat(100)}">${'bcdefgh'.split('').map((n, i) => `<!ENTITY ${n} "${`&${'abcdefg'[i]};`.repeat(10)}">`).join('')}]><Error><Code>&h;</Code></Error>`;
const listed = (names, more) => `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>${more}</IsTruncated>${
  names.map((name) => `<Contents><Key>${name}</Key><LastModified>2026-11-28T12:00:00.000Z</LastModified><Size>1</Size></Contents>`).join('')}</ListBucketResult>`;

// What the storage answers instead of doing what it is asked.
export const faults = {
  SignatureDoesNotMatch: () => failure(403, 'SignatureDoesNotMatch'),
  InvalidAccessKeyId: () => failure(403, 'InvalidAccessKeyId'),
  AccessDenied: () => failure(403, 'AccessDenied'),
  RequestTimeTooSkewed: () => failure(403, 'RequestTimeTooSkewed'),
  NoSuchBucket: () => failure(404, 'NoSuchBucket'),
  NoSuchKey: () => failure(404, 'NoSuchKey'),
  SlowDown: () => failure(503, 'SlowDown', { 'retry-after-ms': '1' }),
  TooManyRequests: () => failure(429, 'TooManyRequests', { 'retry-after-ms': '1' }),
  InternalError: () => failure(500, 'InternalError', { 'retry-after-ms': '1' }),
  PermanentRedirect: () => failure(301, 'PermanentRedirect', { location: 'https://elsewhere.evil.example/' }),
  TemporaryRedirect: () => failure(307, 'TemporaryRedirect', { location: 'https://elsewhere.evil.example/' }),
  AuthorizationHeaderMalformed: () => failure(400, 'AuthorizationHeaderMalformed'),
  'odd-code': () => failure(400, 'Not &lt;a&gt; code'),
  html: () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html><h1>Welcome to nginx!</h1>' }),
  'error-200': () => ({ status: 200, headers: { 'content-type': 'application/xml' }, body: xml('InternalError') }),
  garbage: () => ({ status: 200, headers: { 'content-type': 'application/xml' }, body: '<<<\u0000{' }),
  bomb: () => ({ status: 403, headers: { 'content-type': 'application/xml' }, body: bomb }),
  giant: () => ({ status: 200, headers: { 'content-type': 'application/xml' }, body: listed(Array.from({ length: 20000 }, (_, i) => `temporary/${String(i).padStart(43, '0')}`), false) }),
  many: () => ({ status: 200, headers: { 'content-type': 'application/xml' }, body: listed(Array.from({ length: 1001 }, (_, i) => `temporary/${String(i).padStart(43, '0')}`), false) }),
  endless: () => ({ status: 200, headers: { 'content-type': 'application/xml' }, body: listed([`temporary/${'0'.repeat(43)}`], true) }),
  'empty-truncated': () => ({ status: 200, headers: { 'content-type': 'application/xml' }, body: listed([], true) }),
  deep: () => ({ status: 200, headers: { 'content-type': 'application/xml' }, body: `${'<a>'.repeat(50)}${'</a>'.repeat(50)}` }),
  truncated: () => ({ status: 200, headers: { 'content-type': 'application/xml', 'content-length': 5000 }, body: '<ListBucketResult>', cut: true }),
  hang: () => null,
};

export async function startObjects({ keyId = 'key-id', secret = 'secret-canary', region = 'auto', buckets = ['hosting'], hosts = {}, names = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-objects-'));
  const certificates = makeCertificates(folder, ['localhost', ...names, ...Object.keys(hosts)]);
  const store = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory: join(folder, 'store'), vhostBuckets: false, configureBuckets: buckets.map((name) => ({ name })) });
  const { port: behind } = await store.run();
  const requests = [], queue = [], open = new Set();
  const signer = new SignatureV4({ credentials: { accessKeyId: keyId, secretAccessKey: secret }, region, service: 's3', sha256: Sha256, uriEscapePath: false, applyChecksum: false });

  // The failure that the signature deserves, or null.
  async function judge(request, url, body) {
    const query = {};
    for (const [name, value] of url.searchParams) query[name] = value;
    const signed = (query['X-Amz-SignedHeaders'] ?? /SignedHeaders=([^,]+)/.exec(request.headers.authorization ?? '')?.[1] ?? '').split(';');
    const headers = Object.fromEntries(signed.filter((name) => request.headers[name] !== undefined).map((name) => [name, request.headers[name]]));
    const date = query['X-Amz-Date'] ?? request.headers['x-amz-date'] ?? '';
    const at = new Date(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
    const scope = (query['X-Amz-Credential'] ?? /Credential=([^,]+)/.exec(request.headers.authorization ?? '')?.[1] ?? '').split('/');
    if (scope[0] !== keyId) return failure(403, scope[0] ? 'InvalidAccessKeyId' : 'AccessDenied');
    if (scope[2] !== region) return failure(400, 'AuthorizationHeaderMalformed');
    const plain = { method: request.method, protocol: 'https:', hostname: request.headers.host, path: url.pathname };
    if (query['X-Amz-Signature']) {
      const seconds = Number(query['X-Amz-Expires']);
      if (request.method !== 'GET' || !(Date.now() < at.getTime() + seconds * 1000) || Date.now() < at.getTime() - 15 * 60e3) return failure(403, 'AccessDenied');
      const bare = Object.fromEntries(Object.entries(query).filter(([name]) => !name.startsWith('X-Amz-')));
      const unsigned = new Set(['x-amz-content-sha256']);
      const own = await signer.presign(new HttpRequest({ ...plain, query: bare, headers: { ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }),
        { signingDate: at, expiresIn: seconds, unsignableHeaders: unsigned, unhoistableHeaders: unsigned });
      return own.query['X-Amz-Signature'] === query['X-Amz-Signature'] ? null : failure(403, 'SignatureDoesNotMatch');
    }
    if (!(Math.abs(Date.now() - at.getTime()) <= 15 * 60e3)) return failure(403, 'RequestTimeTooSkewed');
    // R2 and AWS ask for the hash of the body in each request; and it must be that of what came.
    if (headers['x-amz-content-sha256'] !== createHash('sha256').update(body).digest('hex') || !headers.host) return failure(400, 'XAmzContentSHA256Mismatch');
    const own = await signer.sign(new HttpRequest({ ...plain, query, headers }), { signingDate: at });
    return own.headers.authorization === request.headers.authorization ? null : failure(403, 'SignatureDoesNotMatch');
  }

  const reply = (response, { status, headers, body, cut }) => {
    response.writeHead(status, headers);
    if (!cut) return response.end(response.req.method === 'HEAD' ? undefined : body);
    response.write(body);
    return setTimeout(() => response.socket.destroy(), 50);
  };
  // To the server behind, which knows one key of its own.
  function pass(request, url, body, response) {
    const host = request.headers.host.replace(/:\d+$/, '');
    for (const name of [...url.searchParams.keys()].filter((n) => n.startsWith('X-Amz-'))) url.searchParams.delete(name);
    const path = `${hosts[host] ? `/${hosts[host]}` : ''}${url.pathname}${url.search}`;
    const headers = { ...request.headers, host: `127.0.0.1:${behind}`, authorization: 'AWS4-HMAC-SHA256 Credential=S3RVER/20261128/auto/s3/aws4_request, SignedHeaders=host, Signature=0',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', 'x-amz-date': new Date().toISOString().replace(/[-:]|\.\d+/g, '') };
    const sending = ask({ host: '127.0.0.1', port: behind, method: request.method, path, headers }, (from) => {
      response.writeHead(from.statusCode, Object.fromEntries(Object.entries(from.headers).filter(([name]) => name !== 'connection')));
      from.pipe(response);
    });
    sending.on('error', () => response.destroy());
    sending.end(body);
  }
  const server = createServer(certificates, async (request, response) => {
    const body = await readAll(request).catch(() => null);
    if (!body) return undefined;
    const url = new URL(request.url, 'https://host.example');
    const fault = queue.shift();
    const out = fault ? faults[fault]() : await judge(request, url, body);
    requests.push({ method: request.method, host: request.headers.host, url: request.url, headers: { ...request.headers }, bytes: body.length, fault: fault ?? (out && /<Code>(\w+)/.exec(out.body)?.[1]) ?? null });
    if (fault && !out) return undefined;
    return out ? reply(response, out) : pass(request, url, body, response);
  });
  server.on('secureConnection', (socket) => { open.add(socket); socket.on('error', () => {}); socket.once('close', () => open.delete(socket)); });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address();
  return {
    port, ca: certificates.ca, requests, next: (...names_) => queue.push(...names_), keyId, secret, region,
    reset: () => { requests.length = queue.length = 0; },
    env: { LETHE_CONNECT_TO: `::127.0.0.1:${port}`, LETHE_CA_FILE: certificates.ca },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => { server.close(resolve); });
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
