// SPDX-License-Identifier: ISC
// Object storages by the real egress: objects are put, fetched, looked for, listed and deleted, and opened by an address for a while, at Cloudflare R2, Tencent COS and a
// storage of one's own. Each signature is verified by the vendor's own code, and what is signed is compared with what the vendor's own client signs, byte by byte.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, beforeEach, test } from 'node:test';
import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { faults, startObjects } from '../peers/objects.mjs';
import { askEgress, startEgress } from './egress_support.mjs';
import { build, root, until } from './harness.mjs';
import { startVendorSite } from './vendor_support.mjs';

const folder = mkdtempSync(join(tmpdir(), 'lethe-objects-policies-'));
const r2Host = '0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com', cosHost = 'hosting-1250000000.cos.na-siliconvalley.myqcloud.com';
const text = 'A picture, as bytes', hash = createHash('sha256').update(text).digest('hex');

// The program that drives the vendor's steps.
function drive(egress, processor) {
  const child = spawn(join(build, 'site', 'objects'), [egress?.path ?? '', processor ?? ''], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(job) { child.stdin.write(`${JSON.stringify(job)}\n`); return JSON.parse((await lines.next()).value); },
    end: () => new Promise((resolve) => { child.once('exit', resolve); child.stdin.end(); }),
  };
}

const ownPolicy = (within) => {
  const file = join(folder, `own-${within.replace(/\W/g, '')}.xml`);
  writeFileSync(file, readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8').replace('<processors>', `<processors><processor id="self-hosted-storage" name="BizImages"
    brand="Our own storage" service="A storage on our own machine" roles="storage" order="9" standing="own" trains="no" added="2026-05-11" effective="2026-05-11"><task>Holds pictures</task><for purpose="make"/>
    <within>${within}</within><receives kind="image"/></processor>`));
  return file;
};

const storages = [
  { id: 'cloudflare-r2', policy: 'policy/sites/image-describer.xml', kind: 'upload', never: 'image', keys: ['R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY'], address: 'R2_BUCKET_URL',
    url: () => `https://${r2Host}/hosting`, host: r2Host, path: '/hosting/', region: 'auto' },
  { id: 'tencent-cos', policy: 'policy/sites/product-images.xml', kind: 'image', never: 'prompt', keys: ['COS_SECRET_ID', 'COS_SECRET_KEY'], address: 'COS_BUCKET_URL',
    url: () => `https://${cosHost}`, host: cosHost, path: '/', region: 'na-siliconvalley', hosts: { [cosHost]: 'hosting' } },
  { id: 'self-hosted-storage', policy: ownPolicy('127.0.0.1'), kind: 'image', never: 'upload', keys: ['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'], address: 'S3_BUCKET_URL',
    url: (port) => `https://localhost:${port}/hosting/`, host: 'localhost', path: '/hosting/', region: 'us-east-1' },
];
const policyOf = (storage) => (storage.policy.startsWith('/') ? storage.policy : join(root, storage.policy));
const settings = (storage, more = {}) => ({ LETHE_ALLOW_UNBUILT: '1', LETHE_POLICY: policyOf(storage), ...storage.objects.env, [storage.keys[0]]: 'key-id', [storage.keys[1]]: 'secret-canary',
  [storage.address]: storage.url(storage.objects.port), ...more });
before(async () => {
  for (const storage of storages) {
    storage.objects = await startObjects({ region: storage.region, names: [r2Host], hosts: storage.hosts });
    storage.egress = await startEgress(settings(storage));
    await until(() => storage.egress.errors().includes(`processor ${storage.id}: ${storage.host}\n`), 10000, storage.id);
    storage.drive = drive(storage.egress, storage.id);
    storage.name = async () => (await storage.drive.ask({ do: 'name', folder: 'temporary' })).name;
    storage.put = async (more = {}) => {
      const name = await storage.name();
      const done = await storage.drive.ask({ do: 'put', name, text, type: 'image/png', kinds: [storage.kind], ...more });
      return { name, ...done };
    };
  }
});
after(async () => {
  for (const { drive: driver, egress, objects } of storages) { await driver?.end(); await egress?.stop(); await objects?.close(); }
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => storages.forEach(({ objects }) => objects.reset()));

// As a vendor fetches it that was given the address.
const fetchLink = (objects, link) => new Promise((resolve, reject) => {
  const { host, hostname, pathname, search } = new URL(link);
  request({ host: '127.0.0.1', port: objects.port, servername: hostname, ca: readFileSync(objects.ca), path: pathname + search, headers: { host } }, (reply) => {
    const pieces = [];
    reply.on('data', (d) => pieces.push(d));
    reply.on('end', () => resolve({ status: reply.statusCode, type: reply.headers['content-type'], body: Buffer.concat(pieces).toString() }));
  }).on('error', reject).end();
});

for (const storage of storages) {
  test(`${storage.id}: an object is put, opened, fetched, listed and deleted`, async () => {
    const { drive: { ask }, objects } = storage;
    const put = await storage.put();
    assert.equal(put.result, 'ok', JSON.stringify(put));
    const [sent] = objects.requests;
    assert.deepEqual([sent.method, sent.url, sent.fault], ['PUT', `${storage.path}${put.name}`, null]);
    assert.equal(sent.headers['content-type'], 'image/png');
    assert.equal(sent.headers['content-length'], String(text.length));
    assert.equal(sent.headers['x-amz-content-sha256'], hash);
    assert.match(sent.headers.authorization, new RegExp(`^AWS4-HMAC-SHA256 Credential=key-id/\\d{8}/${storage.region}/s3/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature=`));
    assert.match(put.name, /^temporary\/[\w-]{43}$/);
    const got = await ask({ do: 'get', name: put.name });
    assert.deepEqual([got.result, got.bytes, got.sha256], ['ok', text.length, hash]);
    const { link } = await ask({ do: 'link', name: put.name, seconds: 600 });
    const count = objects.requests.length;
    assert.deepEqual(await fetchLink(objects, link), { status: 200, type: 'image/png', body: text });
    assert.equal(count, 2); // nothing was sent to have an address
    assert.match(link, /X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature=[0-9a-f]{64}$/);
    assert.equal((await fetchLink(objects, link.replace('Expires=600', 'Expires=601'))).status, 403);
    assert.equal((await fetchLink(objects, link.replace(put.name, await storage.name()))).status, 403);
    assert.equal((await ask({ do: 'look', name: put.name })).kept, 'still');
    const list = await ask({ do: 'list', folder: 'temporary' });
    assert.deepEqual([list.result, list.objects, list.foreign, list.last], ['ok', [put.name], 0, undefined]);
    assert.ok(Math.abs(list.times[0] - Date.now() / 1000) < 3600);
    assert.deepEqual((await ask({ do: 'list', folder: 'pictures' })).objects, []);
    assert.equal((await ask({ do: 'remove', name: put.name })).kept, 'gone');
    assert.equal((await ask({ do: 'look', name: put.name })).kept, 'gone');
    assert.deepEqual((await ask({ do: 'list', folder: 'temporary' })).objects, []);
    const missing = await ask({ do: 'get', name: put.name });
    assert.deepEqual([missing.result, missing.say], ['refused', 'There is no such object, or not any more.']);
    assert.equal((await fetchLink(objects, link)).status, 404);
    assert.equal((await ask({ do: 'remove', name: put.name })).kept, 'gone');
    assert.ok(objects.requests.every(({ headers }) => headers['user-agent'] !== undefined ? headers['user-agent'] === 'lethe' : true));
  });
}

test('what is not there any more is no refusal of the key, and what left is counted', async () => {
  for (const storage of storages) {
    const { head } = await askEgress(storage.egress, { op: 'status' });
    const row = head.processors.find(({ id }) => id === storage.id);
    assert.deepEqual([row.refusal, row.kinds, row.failures], [undefined, [storage.kind], 0], storage.id);
    assert.ok(row.requests >= 10 && row.bytes_sent >= text.length);
    assert.equal(row.billed, 1); // what was put
  }
});

const r2 = storages[0];
test('an object of 5 MB arrives whole, and is looked for without being fetched', async () => {
  const put = await r2.put({ text: '', bytes: 5e6 });
  assert.equal(put.result, 'ok', JSON.stringify(put));
  assert.equal((await r2.drive.ask({ do: 'look', name: put.name })).kept, 'still');
  const got = await r2.drive.ask({ do: 'get', name: put.name });
  assert.deepEqual([got.result, got.bytes], ['ok', 5e6]);
  assert.equal((await r2.drive.ask({ do: 'remove', name: put.name })).kept, 'gone');
});

test('what the policy does not share with the storage, and what is not below the bucket, does not leave', async () => {
  for (const storage of storages) {
    const refused = await storage.put({ kinds: [storage.never] });
    assert.equal(refused.egress, 'kind-not-shared', storage.id);
    assert.equal((await storage.put({ kinds: [] })).egress, 'kind-not-shared');
  }
  const call = (method, path, more = {}) => askEgress(r2.egress, { op: 'send', processor: 'cloudflare-r2', method, path, headers: {}, kinds: [], deadline_ms: 5000, repeatable: true, ...more });
  const name = 'temporary/'.padEnd(53, 'x');
  for (const [method, path] of [['DELETE', '/'], ['GET', '/?acl'], ['GET', '/?policy'], ['GET', '/?list-type=2&delimiter=%2F'], ['PUT', '/x'], ['PUT', `/${name}?acl`], ['PUT', '/a/b/c'], ['POST', `/${name}`], ['GET', '/../other/x'],
    ['GET', '/%2e%2e/other'], ['GET', `https://${r2Host}/other-bucket/${name}`], ['DELETE', `https://${r2Host}/hosting/${name}`]]) {
    const { head } = await call(method, path);
    assert.match(head.error?.code ?? JSON.stringify(head), /^path-not-allowed$/, `${method} ${path}`);
  }
  for (const [wanted, more] of [['bad-call', { seconds: 0 }], ['bad-call', { seconds: 3601 }], ['bad-call', { seconds: 604800 }], ['path-not-allowed', { path: '/' }], ['path-not-allowed', { path: '/?list-type=2' }],
    ['path-not-allowed', { path: `/${name}?x=1` }], ['bad-url', { path: `https://${r2Host}/x/y` }], ['undeclared-processor', { processor: 'tencent-cos' }], ['not-configured', { processor: 'replicate' }]]) {
    const { head } = await askEgress(r2.egress, { op: 'link', processor: 'cloudflare-r2', path: `/${name}`, seconds: 600, ...more });
    assert.equal(head.error?.code, wanted, JSON.stringify(more));
  }
  for (const bad of ['jane.doe@example.com/picture', 'temporary/jane', '../x', `Temporary/${'x'.repeat(43)}`, `/${'x'.repeat(43)}`, '']) {
    const refused = await r2.drive.ask({ do: 'put', name: bad, text, type: 'image/png', kinds: ['upload'] });
    assert.deepEqual([refused.result, refused.say], ['refused', 'An object has no such name.'], bad);
    assert.equal((await r2.drive.ask({ do: 'remove', name: bad })).kept, 'unknown');
  }
  assert.equal((await r2.drive.ask({ do: 'list', folder: '../x' })).result, 'refused');
  assert.deepEqual(storages.flatMap(({ objects }) => objects.requests), []);
});

test('a folder of the name of the bucket is one like others', async () => {
  const { name } = await r2.drive.ask({ do: 'name', folder: 'hosting' });
  assert.equal((await r2.drive.ask({ do: 'put', name, text, type: 'image/png', kinds: ['upload'] })).result, 'ok');
  assert.equal(r2.objects.requests[0].url, `/hosting/${name}`);
  assert.deepEqual((await r2.drive.ask({ do: 'list', folder: 'hosting' })).objects, [name]);
  assert.equal((await r2.drive.ask({ do: 'remove', name })).kept, 'gone');
});

test('a list comes in parts, and what others put there is counted and not named', async () => {
  const client = clientOf(r2);
  const names = [];
  for (let i = 0; i < 3; i++) names.push((await r2.put()).name);
  await client.send(new PutObjectCommand({ Bucket: 'hosting', Key: 'temporary/somebody else', Body: 'x' }));
  const whole = await r2.drive.ask({ do: 'list', folder: 'temporary' });
  assert.deepEqual([whole.objects, whole.foreign, whole.last], [[...names].sort(), 1, undefined]);
  const [first, ...rest] = whole.objects;
  assert.deepEqual((await r2.drive.ask({ do: 'list', folder: 'temporary', behind: first })).objects, rest);
  for (const name of names) assert.equal((await r2.drive.ask({ do: 'remove', name })).kept, 'gone');
  await client.send(new DeleteObjectCommand({ Bucket: 'hosting', Key: 'temporary/somebody else' }));
});

// ---- failures: what each means for each call ----

const meanings = { // result of put, get and list; what remove and look know
  SignatureDoesNotMatch: ['refused', /does not accept the key: check R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY .* R2_BUCKET_URL \(403, SignatureDoesNotMatch\)/, 'refused', 'refused'],
  InvalidAccessKeyId: ['refused', /does not accept the key.*InvalidAccessKeyId/, 'refused', 'refused'],
  AccessDenied: ['refused', /does not accept the key.*AccessDenied/, 'refused', 'refused'],
  RequestTimeTooSkewed: ['refused', /set this machine's clock \(403, RequestTimeTooSkewed\)/, 'refused', 'refused'],
  NoSuchBucket: ['refused', /has no such bucket: check R2_BUCKET_URL/, 'unknown', 'gone'], // HEAD has no words: a bucket and an object look the same
  NoSuchKey: ['refused', /There is no such object/, 'gone', 'gone'],
  SlowDown: ['limited', /is at its limit/, 'unknown', 'unknown', 503],
  TooManyRequests: ['limited', /is at its limit/, 'unknown', 'unknown', 429],
  InternalError: ['down', /is not working/, 'unknown', 'unknown', 500],
  PermanentRedirect: ['refused', /has the bucket elsewhere: check R2_BUCKET_URL \(301, PermanentRedirect\)/, 'unknown', 'unknown'],
  TemporaryRedirect: ['refused', /has the bucket elsewhere.*307/, 'unknown', 'unknown'],
  AuthorizationHeaderMalformed: ['refused', /has the bucket elsewhere.*400/, 'unknown', 'unknown'],
  'odd-code': ['refused', /does not take the request \(400, no code\)/, 'unknown', 'unknown'],
  html: ['bad-reply', /not what was asked for/, 'unknown', 'unknown'],
  bomb: ['refused', /does not accept the key.*no code/, 'refused', 'refused'],
};
const here = { // in what some calls differ
  'error-200': { put: 'down', list: 'down', remove: 'unknown' },
  garbage: { put: 'bad-reply', list: 'bad-reply', remove: 'unknown' },
  deep: { put: 'bad-reply', list: 'bad-reply', remove: 'unknown' },
  giant: { put: 'bad-reply', list: 'bad-reply', remove: 'unknown' },
  many: { list: 'bad-reply' },
  endless: { list: 'ok' }, // once; behind that name no further part may begin with it
  'empty-truncated': { list: 'bad-reply' },
  truncated: { put: 'bad-reply', get: 'bad-reply', list: 'bad-reply', remove: 'unknown' },
  hang: { put: 'down', get: 'down', list: 'down', remove: 'unknown', look: 'unknown' },
};
const jobs = (name) => ({ put: { name, text, type: 'image/png', kinds: ['upload'] }, get: { name }, list: { folder: 'temporary' }, remove: { name }, look: { name } });

test('each failure has its meaning, for each call', async (t) => {
  // Of its own: its breaker opens.
  const name = await r2.name();
  let cells = 0;
  for (const fault of Object.keys(faults)) {
    const [result, say, removed, looked, status] = meanings[fault] ?? [];
    const wanted = meanings[fault] ? { put: result, get: result, list: result, remove: removed, look: looked } : here[fault];
    const egress = await startEgress(settings(r2)), driver = drive(egress, r2.id);
    try {
      for (const [what, came] of Object.entries(wanted)) {
        r2.objects.reset();
        r2.objects.next(...Array(4).fill(fault));
        const out = await driver.ask({ do: what, ms: fault === 'hang' ? 300 : 4000, ...jobs(name)[what] });
        assert.equal(out.result ?? out.kept, came, `${fault}, ${what}: ${JSON.stringify(out)}`);
        if (say && out.say !== undefined) assert.match(out.say, say, `${fault}, ${what}`);
        assert.ok(!JSON.stringify(out).includes('canary') && !JSON.stringify(out).includes('evil'), JSON.stringify(out));
        if (status) assert.ok(out.attempts > 1 && r2.objects.requests.length === out.attempts, `${fault}, ${what}: repeated`);
        else if (fault !== 'hang' && fault !== 'truncated') assert.equal(r2.objects.requests.length, 1, `${fault}, ${what}`);
        cells++;
      }
      assert.ok(!egress.errors().includes('canary'));
    } finally { await driver.end(); await egress.stop(); }
  }
  t.diagnostic(`${cells} cells`);
  assert.ok(cells >= 90);
});

test('a list that does not come further ends', async () => {
  r2.objects.next('endless');
  assert.equal((await r2.drive.ask({ do: 'list', folder: 'temporary' })).last, `temporary/${'0'.repeat(43)}`);
  r2.objects.next('endless');
  assert.equal((await r2.drive.ask({ do: 'list', folder: 'temporary', behind: `temporary/${'0'.repeat(43)}` })).result, 'bad-reply');
});

test('a drill: an object is put, deleted and looked for; one that cannot be put is a failure', async () => {
  const site = await startVendorSite(null, [{ id: 'cloudflare-r2', roles: 'storage', receives: ['image'] }], settings(r2), { again: true });
  const drill = async () => { const { code, stdout, stderr } = await site.officerBeside(['drill', 'cloudflare-r2', '--format', 'json']); return [code, JSON.parse(stdout || '[{}]')[0].result, stderr]; };
  try {
    const [code, result, words] = await drill();
    assert.deepEqual([code, result], [0, 'gone'], words);
    assert.deepEqual(r2.objects.requests.map(({ method, fault }) => [method, fault]), [['PUT', null], ['DELETE', null], ['HEAD', null]]);
    assert.match(r2.objects.requests[0].url, /^\/hosting\/canary\/[\w-]{43}$/);
    r2.objects.next('AccessDenied');
    assert.deepEqual((await drill()).slice(0, 2), [1, 'failed']);
    assert.deepEqual(JSON.parse((await site.officerBeside(['outbox', 'list', '--format', 'json'])).stdout), []);
  } finally { await site.stop(); }
});

// ---- settings ----

test('a key of another, a wrong region and a wrong bucket are told by the storage and named', async () => {
  for (const [more, wanted] of [[{ R2_SECRET_ACCESS_KEY: 'other' }, /does not accept the key.*SignatureDoesNotMatch/], [{ R2_ACCESS_KEY_ID: 'other' }, /does not accept the key.*InvalidAccessKeyId/],
    [{ R2_BUCKET_URL: `https://${r2Host}/elsewhere` }, /has no such bucket: check R2_BUCKET_URL/]]) {
    const egress = await startEgress(settings(r2, more)), driver = drive(egress, r2.id);
    const { name } = await driver.ask({ do: 'name', folder: 'temporary' });
    const out = await driver.ask({ do: 'put', name, text, type: 'image/png', kinds: ['upload'] });
    assert.equal(out.result, 'refused');
    assert.match(out.say, wanted);
    await driver.end();
    await egress.stop();
  }
  const cos = storages[1];
  const { head } = await askEgress(cos.egress, { op: 'status' });
  assert.equal(head.processors.find(({ id }) => id === 'tencent-cos').configured, true);
});

test('keys come from files, too; what is set up by half is named, and what contradicts the policy does not start', async () => {
  const file = join(folder, 'key');
  writeFileSync(file, 'secret-canary\n');
  const egress = await startEgress(settings(r2, { R2_SECRET_ACCESS_KEY: undefined, R2_SECRET_ACCESS_KEY_FILE: file })), driver = drive(egress, r2.id);
  const { name } = await driver.ask({ do: 'name', folder: 'temporary' });
  assert.equal((await driver.ask({ do: 'put', name, text, type: 'image/png', kinds: ['upload'] })).result, 'ok');
  assert.equal((await driver.ask({ do: 'remove', name })).kept, 'gone');
  await driver.end();
  await egress.stop();
  for (const [storage, more, wanted] of [
    ...['R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY', 'R2_BUCKET_URL'].map((name) => [r2, { [name]: undefined }, `cloudflare-r2 is set up by half: ${name} is missing`]),
    [r2, { R2_BUCKET_URL: `https://${r2Host}` }, 'R2_BUCKET_URL must be the address of a bucket: https://host.example/bucket'],
    [r2, { R2_BUCKET_URL: `https://${r2Host}/a/b` }, 'must be the address of a bucket'],
    [r2, { R2_BUCKET_URL: 'https://storage.example/hosting' }, 'the policy names no host like "storage.example" for the processor "cloudflare-r2"'],
    [storages[1], { COS_BUCKET_URL: `https://${cosHost}/hosting` }, 'COS_BUCKET_URL must be the address of a bucket: https://bucket.host.example, without a path'],
    [storages[1], { COS_REGION: 'ap-guangzhou' }, 'the policy names no region "ap-guangzhou" (COS_REGION) for "tencent-cos"'],
    [storages[1], { COS_REGION: 'AP Guangzhou' }, 'COS_REGION is no region'],
    [storages[1], { R2_ACCESS_KEY_ID: 'x' }, 'R2_ACCESS_KEY_ID is set, but the policy declares no processor "cloudflare-r2"'],
  ]) {
    const one = await startEgress(settings(storage, more));
    await until(() => one.errors().includes(wanted), 10000, wanted);
    if (wanted.includes('by half')) await one.stop();
    else { assert.ok(!one.errors().includes('ready')); await one.stop().catch(() => {}); }
  }
});

test('a storage of one\'s own gets nothing at an address that the policy does not name', async () => {
  const own = storages[2];
  const egress = await startEgress(settings({ ...own, policy: ownPolicy('10.0.0.0/8') })), driver = drive(egress, own.id);
  const { name } = await driver.ask({ do: 'name', folder: 'temporary' });
  assert.equal((await driver.ask({ do: 'put', name, text, type: 'image/png', kinds: ['image'] })).egress, 'address-forbidden');
  assert.deepEqual(own.objects.requests, []);
  await driver.end();
  await egress.stop();
});

// ---- the vendor's own client ----

const odd = ['plain', 'a b', 'a+b=c,d;e', 'f:g@h&i', 'ümläut/日本語.png', 'tilde~(paren)\'!*', 'double//slash', '%41 percent', 'temporary/x.png', '~/-_.'];
const signedHeaders = (headers) => Object.fromEntries(/SignedHeaders=([^,]+)/.exec(headers.authorization)[1].split(';').map((name) => [name, headers[name]]));
const rawQuery = (query) => Object.entries(query ?? {}).flatMap(([name, value]) => [value].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one ?? '')}`)).join('&');
function clientOf(storage, requestHandler, secretAccessKey = 'secret-canary') {
  const through = {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: (ask) => new Promise((resolve, reject) => {
      const path = `${ask.path}${ask.query && Object.keys(ask.query).length ? `?${rawQuery(ask.query)}` : ''}`;
      const sending = request({ host: '127.0.0.1', port: storage.objects.port, servername: r2Host, ca: readFileSync(storage.objects.ca), method: ask.method, path, headers: ask.headers },
        (reply) => resolve({ response: { statusCode: reply.statusCode, headers: reply.headers, body: reply } }));
      sending.on('error', reject);
      sending.end(ask.body);
    }),
  };
  return new S3Client({ region: storage.region, endpoint: `https://${r2Host}`, forcePathStyle: true, credentials: { accessKeyId: 'key-id', secretAccessKey }, maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED', requestHandler: requestHandler ?? through });
}

test('the storage that the tests rest on serves the vendor\'s own client', async () => {
  const client = clientOf(r2), Bucket = 'hosting';
  for (const Key of odd.filter((key) => !key.includes('//'))) { // of which s3rver makes files
    await client.send(new PutObjectCommand({ Bucket, Key, Body: text, ContentType: 'image/png' }));
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    assert.equal(await Body.transformToString(), text, Key);
    await client.send(new DeleteObjectCommand({ Bucket, Key }));
  }
  await assert.rejects(clientOf(r2, undefined, 'wrong').send(new ListObjectsV2Command({ Bucket })), { name: 'SignatureDoesNotMatch' });
});

test('what is signed is byte for byte what the vendor\'s own client signs', async (t) => {
  const sign = drive(), Bucket = 'hosting', kept = [];
  const client = clientOf(r2, { metadata: { handlerProtocol: 'http/1.1' }, handle: async (ask) => { kept.push(ask); throw new Error('kept'); } });
  const signer = new SignatureV4({ credentials: { accessKeyId: 'key-id', secretAccessKey: 'secret-canary' }, region: 'auto', service: 's3', sha256: Sha256, uriEscapePath: false });
  const keys = { id: 'key-id', secret: 'secret-canary', region: 'auto' };
  const commands = [
    ...odd.flatMap((Key) => [new PutObjectCommand({ Bucket, Key, Body: text, ContentType: 'image/png' }), new GetObjectCommand({ Bucket, Key }), new HeadObjectCommand({ Bucket, Key }), new DeleteObjectCommand({ Bucket, Key })]),
    new ListObjectsV2Command({ Bucket }), new ListObjectsV2Command({ Bucket, Prefix: 'temporary/', MaxKeys: 500, StartAfter: 'temporary/x y' }), new ListObjectsV2Command({ Bucket, Prefix: 'ü+=&', Delimiter: '/', EncodingType: 'url' }),
    new PutObjectCommand({ Bucket, Key: 'empty', Body: '', ContentType: '  text/plain;   charset=utf-8 ' }), new PutObjectCommand({ Bucket, Key: 'meta', Body: 'x', Metadata: { a: ' two  spaces ' } }),
  ];
  let compared = 0;
  for (const command of commands) {
    await client.send(command).catch((error) => { if (error.message !== 'kept') throw error; });
    const ask = kept.pop();
    const at = Date.parse(ask.headers['x-amz-date'].replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')) / 1000;
    const job = { at, method: ask.method, path: ask.path, query: rawQuery(ask.query), headers: signedHeaders(ask.headers), payload: ask.headers['x-amz-content-sha256'], ...keys };
    assert.equal((await sign.ask({ do: 'authorize', ...job })).text, ask.headers.authorization, `${ask.method} ${ask.path}`);
    const canonical = Object.fromEntries(Object.entries(job.headers).map(([name, value]) => [name, value.trim().replace(/\s+/g, ' ')]));
    assert.equal((await sign.ask({ do: 'canonical', ...job })).text, await signer.createCanonicalRequest(ask, canonical, job.payload));
    compared++;
  }
  // Addresses: the client adds parameters of its own, so its address is signed again with all of them; and ours is judged by its signer, as above.
  for (const Key of odd)
    for (const expiresIn of [1, 600, 3600]) {
      const url = new URL(await getSignedUrl(clientOf(r2), new GetObjectCommand({ Bucket, Key }), { expiresIn }));
      const signature = url.searchParams.get('X-Amz-Signature'), date = url.searchParams.get('X-Amz-Date');
      const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')) / 1000;
      const query = url.search.slice(1).split('&').filter((p) => !p.startsWith('X-Amz-Signature=')).join('&');
      const own = await sign.ask({ do: 'authorize', at, method: 'GET', path: url.pathname, query, headers: { host: url.host }, payload: 'UNSIGNED-PAYLOAD', ...keys });
      assert.equal(own.text.split('Signature=')[1], signature, Key);
      const link = (await sign.ask({ do: 'sign-link', at, host: url.host, path: url.pathname, seconds: expiresIn, ...keys })).text;
      const again = await sign.ask({ do: 'authorize', at, method: 'GET', path: url.pathname, query: link.replace(/&X-Amz-Signature=.*/, ''), headers: { host: url.host }, payload: 'UNSIGNED-PAYLOAD', ...keys });
      assert.equal(again.text.split('Signature=')[1], link.split('X-Amz-Signature=')[1]);
      compared++;
    }
  await sign.end();
  t.diagnostic(`${compared} signatures`);
  assert.ok(compared >= 75);
});

test('an address that has expired, and one that is not valid yet, open nothing', async () => {
  const put = await r2.put(), sign = drive();
  const address = async (at) => `https://${r2Host}/hosting/${put.name}?${(await sign.ask({ do: 'sign-link', at, host: r2Host, path: `/hosting/${put.name}`, seconds: 600, id: 'key-id', secret: 'secret-canary', region: 'auto' })).text}`;
  const now = Math.floor(Date.now() / 1000);
  assert.equal((await fetchLink(r2.objects, await address(now))).status, 200);
  assert.equal((await fetchLink(r2.objects, await address(now - 700))).status, 403);
  assert.equal((await fetchLink(r2.objects, await address(now + 3600))).status, 403);
  await sign.end();
  assert.equal((await r2.drive.ask({ do: 'remove', name: put.name })).kept, 'gone');
});
