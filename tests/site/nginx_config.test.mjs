// SPDX-License-Identifier: ISC
// nginx as the one door in: what it accepts, what it tells the programs, what it never writes, what it answers by itself.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, watch, writeFileSync } from 'node:fs';
import { connect as connectTls } from 'node:tls';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:http';
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { rawRequest, sleep, until } from './harness.mjs';
import { ask, fill, startNginx, startProgram, testConfig } from './nginx_support.mjs';

let at;
let nginx;
const programs = [];
const seen = []; // requests that reached a program
let answer; // what the programs do

before(async () => {
  at = await fill('run.conf');
  for (const name of ['generate', 'download', 'rights'])
    programs.push(await startProgram(join(at.run, `${name}.sock`), (call) => { seen.push({ name, ...call }); answer(call); }));
  nginx = await startNginx(at);
});
after(async () => {
  await nginx?.stop();
  for (const program of programs) await program.close();
  at?.discard();
});
const plain = (call) => { call.write('Content-Type: text/plain\r\n\r\nhello'); call.end(); };

test('both configurations are accepted, with every placeholder filled', async () => {
  for (const name of ['run.conf', 'lethe.conf']) {
    const files = [];
    const config = await fill(name, (text) => { files.push(text); return text; });
    testConfig(config);
    for (const text of files) assert.doesNotMatch(text.replace(/^\s*#.*$/gm, ''), /@[A-Z_]+@/);
    config.discard();
  }
});

test('nothing is logged about visits, and errors only from crit', () => {
  for (const name of ['run.conf', 'lethe.conf']) {
    const text = readFileSync(join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../nginx', name), 'utf8');
    assert.match(text, /error_log \S+ crit;/);
  }
  const whole = execFileSync('nginx', ['-T', '-q', '-e', 'stderr', '-c', at.config], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  assert.match(whole, /access_log off;/);
  assert.doesNotMatch(whole, /log_format|access_log (?!off)/);
  for (const kind of ['client_body', 'fastcgi', 'proxy', 'uwsgi', 'scgi']) assert.match(whole, new RegExp(`${kind}_temp_path ${at.run}/nginx/`));
});

test('every address serves its file in its type, with the headers of the policy', async () => {
  const files = { '/': /^text\/html; charset=utf-8$/, '/privacy': /html/, '/subprocessors': /html/, '/rights': /html/, '/privacy.json': /^application\/json/,
    '/subprocessors.csv': /^text\/csv; charset=utf-8$/, '/subprocessors.md': /^text\/markdown; charset=utf-8$/, '/subprocessors.txt': /^text\/plain; charset=utf-8$/,
    '/subprocessors.xml': /^application\/xml/, '/subprocessors.atom': /^application\/atom\+xml/, '/assets/app.css': /^text\/css/,
    '/assets/app.js': /^text\/javascript/, '/assets/favicon.svg': /^image\/svg\+xml/, '/.well-known/gpc.json': /^application\/json/,
    '/.well-known/security.txt': /^text\/plain/ };
  for (const [path, type] of Object.entries(files)) {
    const { status, headers } = await ask(at, path);
    assert.equal(status, 200, path);
    assert.match(headers['content-type'], type, path);
    assert.equal(headers['x-from-policy'], 'yes', path);
    assert.equal(headers['cache-control'], 'no-cache', path);
    assert.equal(headers['strict-transport-security'], undefined, path);
    assert.equal(headers.server, 'nginx');
  }
  const zipped = await ask(at, '/', { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(zipped.headers['content-encoding'], 'gzip');
});

test('nothing else is there', async () => {
  for (const path of ['/secret.json', '/.hidden', '/index.html', '/assets/', '/assets', '/assets/../secret.json', '/assets/%2e%2e/secret.json', '/.well-known/',
    '/spool/x.zip', '/error/html/404', '/error/json/429', '/privacy.html', '/privacy.json/x', '/api/nothing', '/nginx_status']) {
    const { status, headers, body } = await ask(at, path);
    assert.equal(status, 404, path);
    assert.equal(headers['x-from-policy'], 'yes', path);
    assert.equal(JSON.parse(body).type, '/problems/not-found', path);
  }
  assert.equal((await ask(at, '/', { method: 'POST', body: 'x' })).status, 405);
  assert.equal((await ask(at, '/', { method: 'TRACE' })).status, 405);
});

test('errors come as a page to those who ask for one, as a problem document to others', async () => {
  const page = await ask(at, '/nowhere', { headers: { accept: 'text/html,*/*' } });
  assert.equal(page.status, 404);
  assert.match(page.body, /<title>404/);
  await programs[2].close();
  const away = await ask(at, '/api/rights/x');
  assert.equal(away.status, 503);
  assert.equal(away.headers['content-type'], 'application/problem+json');
  assert.equal(away.headers['retry-after'], '20');
  assert.equal(away.headers['cache-control'], 'no-store');
  assert.equal(JSON.parse(away.body).status, 503);
  assert.match((await ask(at, '/api/rights/x', { headers: { accept: 'text/html' } })).body, /<title>50x/);
  programs[2] = await startProgram(join(at.run, 'rights.sock'), (call) => { seen.push({ name: 'rights', ...call }); answer(call); });
  const large = await ask(at, '/api/generate', { method: 'POST', body: 'x'.repeat(70000) });
  assert.equal(large.status, 413);
  assert.equal(JSON.parse(large.body).type, '/problems/body-too-large');
  const method = await ask(at, '/privacy', { method: 'POST', body: 'x' });
  assert.equal(method.status, 405);
  assert.equal(method.headers.allow, 'GET, HEAD');
  assert.equal(JSON.parse(method.body).type, '/problems/method-not-allowed');
  const page405 = await ask(at, '/privacy', { method: 'POST', body: 'x', headers: { accept: 'text/html' } });
  assert.deepEqual([page405.status, page405.headers.allow], [405, 'GET, HEAD']);
  assert.match(page405.body, /<title>405/);
});

test('a range beyond the end: a problem document, every header once, the length told', async () => {
  writeFileSync(join(at.run, 'spool', 'a.zip'), 'x'.repeat(1000));
  answer = (call) => { call.write('Content-Type: application/zip\r\nCache-Control: private, no-store\r\nX-Accel-Redirect: /spool/a.zip\r\n\r\n'); call.end(); };
  for (const [path, cache] of [['/downloads/a.zip', 'private, no-store'], ['/privacy.json', 'no-cache']]) {
    for (const accept of ['*/*', 'text/html']) {
      const raw = await rawRequest(at.port, `GET ${path} HTTP/1.1\r\nHost: x\r\nAccept: ${accept}\r\nRange: bytes=5000-6000\r\nConnection: close\r\n\r\n`);
      const [head, body] = raw.split('\r\n\r\n');
      const lines = head.split('\r\n');
      assert.match(lines[0], / 416 /, path);
      const names = lines.slice(1).map((line) => line.split(':')[0].toLowerCase());
      assert.deepEqual(names, [...new Set(names)], `${path}: every header once`);
      for (const line of ['Content-Type: application/problem+json', 'X-From-Policy: yes', `Cache-Control: ${cache}`]) assert.ok(lines.includes(line), `${line} in ${head}`);
      assert.match(head, /Content-Range: bytes \*\/\d+/);
      assert.equal(JSON.parse(body).type, '/problems/range-not-satisfiable');
    }
  }
  assert.equal((await ask(at, '/error/416')).status, 404, 'not an address of its own');
});

test('a precondition that does not hold: a problem document, every header once', async () => {
  writeFileSync(join(at.run, 'spool', 'b.zip'), 'x'.repeat(1000));
  answer = (call) => { call.write('Content-Type: application/zip\r\nCache-Control: private, no-store\r\nX-Accel-Redirect: /spool/b.zip\r\n\r\n'); call.end(); };
  for (const path of ['/downloads/b.zip', '/privacy.json']) {
    for (const header of ['If-Match: "other"', 'If-Unmodified-Since: Mon, 01 Jan 2001 00:00:00 GMT']) {
      const raw = await rawRequest(at.port, `GET ${path} HTTP/1.1\r\nHost: x\r\n${header}\r\nConnection: close\r\n\r\n`);
      const [head, body] = raw.split('\r\n\r\n');
      const lines = head.split('\r\n');
      assert.match(lines[0], / 412 /, path);
      const names = lines.slice(1).map((line) => line.split(':')[0].toLowerCase());
      assert.deepEqual(names, [...new Set(names)], `${path}: every header once`);
      for (const line of ['Content-Type: application/problem+json', 'X-From-Policy: yes', 'Cache-Control: no-store']) assert.ok(lines.includes(line), `${line} in ${head}`);
      assert.equal(JSON.parse(body).type, '/problems/precondition-failed');
    }
  }
  assert.equal((await ask(at, '/error/412')).status, 404, 'not an address of its own');
});

test('a folder of addresses is no address, with or without its slash', async () => {
  for (const path of ['/downloads', '/spool', '/spool/', '/assets', '/assets/', '/.well-known', '/.well-known/', '/api', '/api/', '/error', '/error/', '/error/html', '/privacy/nothing/']) {
    const { status, headers, body } = await ask(at, path);
    assert.equal(status, 404, path);
    assert.equal(headers.location, undefined, path);
    assert.equal(JSON.parse(body).type, '/problems/not-found', path);
    assert.match((await ask(at, path, { headers: { accept: 'text/html' } })).body, /<title>404/, path);
  }
});

test('a program learns what it reads about a visitor, and nothing more', async () => {
  answer = plain;
  seen.length = 0;
  await ask(at, '/api/rights/abc?q=1', { headers: { cookie: 'a=b', referer: 'http://elsewhere.example/', 'x-forwarded-for': '203.0.113.9', 'accept-language': 'de',
    proxy: 'http://evil.example', dnt: '1', 'sec-gpc': '1', authorization: 'Bearer s', 'user-agent': 'Test/1', origin: 'http://site.example', accept: 'application/json' } });
  assert.equal(seen[0].name, 'rights');
  assert.deepEqual(seen[0].params, { REQUEST_METHOD: 'GET', DOCUMENT_URI: '/api/rights/abc', QUERY_STRING: 'q=1', CONTENT_TYPE: '', CONTENT_LENGTH: '',
    REMOTE_ADDR: '127.0.0.1', SERVER_PROTOCOL: 'HTTP/1.1', REQUEST_SCHEME: 'http', HTTP_HOST: `127.0.0.1:${at.port}`, HTTP_ACCEPT: 'application/json', HTTP_ACCEPT_LANGUAGE: 'de',
    HTTP_ORIGIN: 'http://site.example', HTTP_SEC_FETCH_SITE: '', HTTP_SEC_GPC: '1', LETHE_CONNECTION: '', HTTP_AUTHORIZATION: 'Bearer s', HTTP_CONTENT_ENCODING: '', HTTP_USER_AGENT: 'Test/1' }); // an empty HTTP_PROXY is not sent at all
});

test('each address reaches its program', async () => {
  answer = plain;
  const ways = { '/api/generate': 'generate', '/healthz': 'generate', '/api/processors': 'generate', '/downloads/a.zip': 'download', '/api/rights': 'rights', '/api/rights/x': 'rights',
    '/api/erase': 'rights', '/privacy/live.json': 'rights' };
  for (const [path, name] of Object.entries(ways)) {
    seen.length = 0;
    const { headers } = await ask(at, path, { method: 'POST', body: 'a=b' });
    assert.equal(seen[0]?.name, name, path);
    assert.equal(seen[0].body.toString(), name === 'download' ? '' : 'a=b', path);
    assert.equal(headers['x-from-policy'], 'yes', path);
  }
});

// A few threads answer all downloads, so nothing that a visitor sends slowly may reach them.
test('the download program is told little, gets no bodies, and keeps its connections', async () => {
  answer = (call) => { call.write('Content-Type: text/plain\r\n\r\nhello'); call.keep(); };
  seen.length = 0;
  const headers = { range: 'bytes=0-1', accept: 'text/html', 'user-agent': 'Test/1', authorization: 'Bearer s', cookie: 'a=b', connection: 'close' };
  const times = availableParallelism() + 1; // once more than nginx has workers
  for (let i = 0; i < times; i++) assert.equal((await ask(at, '/downloads/t.zip?q=1', { method: 'DELETE', body: 'x=y', headers })).status, 200);
  assert.deepEqual(seen[0].params, { REQUEST_METHOD: 'DELETE', DOCUMENT_URI: '/downloads/t.zip', HTTP_HOST: `127.0.0.1:${at.port}`, HTTP_ACCEPT: 'text/html', HTTP_ACCEPT_LANGUAGE: '',
    HTTP_ORIGIN: '', HTTP_SEC_FETCH_SITE: '', HTTP_RANGE: 'bytes=0-1' });
  for (const call of seen) assert.equal(call.body.length, 0);
  assert.ok(new Set(seen.map((call) => call.socket)).size < times);
  for (const call of seen) call.socket.destroy(); // the program ends
  assert.equal((await ask(at, '/downloads/t.zip')).status, 200, 'a new connection is made');
});

test('events pass at once, and the visitor who leaves is noticed', { timeout: 10000 }, async () => {
  let left;
  const gone = new Promise((r) => { left = r; });
  answer = async (call) => {
    call.socket.on('close', left);
    call.write('Content-Type: text/event-stream\r\n\r\n');
    for (let i = 0; i < 3; i++) {
      call.write(`event: progress\ndata: ${i}\n\n`);
      await sleep(150);
    }
  };
  const times = [];
  const out = request({ host: '127.0.0.1', port: at.port, path: '/api/generate', method: 'POST', agent: false });
  await new Promise((resolve) => {
    out.on('response', (response) => response.on('data', () => { times.push(Date.now()); if (times.length === 3) resolve(); }).on('error', () => {}));
    out.on('error', () => {});
    out.end('{}');
  });
  assert.ok(times[2] - times[0] > 200, 'three pieces came apart');
  out.destroy();
  await gone;
});

test('neither bodies nor answers are spilled to files', async () => {
  const written = [];
  const watchers = ['body', 'fastcgi', 'proxy'].map((name) => watch(join(at.run, 'nginx', name), (kind, file) => written.push(file)));
  answer = (call) => { call.write(`Content-Type: text/plain\r\n\r\n${'y'.repeat(8 << 20)}`); call.end(); };
  const sizes = { before: readdirSync(at.run).length };
  // A chunk per byte: the framing is six times the text, and once made nginx write.
  const text = 'k'.repeat(60000).replace(/k/g, '1\r\nk\r\n');
  const tiny = await rawRequest(at.port, `POST /api/generate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${text}0\r\n\r\n`, { ms: 8000 });
  assert.match(tiny, /^HTTP\/1.1 200/);
  assert.equal(seen.at(-1).body.length, 60000);
  // A reader that is slow to take a large answer.
  await new Promise((resolve) => {
    const socket = connect(at.port, '127.0.0.1', () => socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'));
    socket.pause();
    setTimeout(() => socket.resume(), 700);
    socket.on('close', resolve);
  });
  for (const one of watchers) one.close();
  assert.deepEqual(written, []);
  assert.equal(readdirSync(at.run).length, sizes.before);
});

test('an archive goes out only through the download program, in ranges too', async () => {
  writeFileSync(join(at.run, 'spool', 'abc.zip'), '0123456789', { mode: 0o644 });
  answer = (call) => {
    call.write('Content-Type: application/zip\r\nContent-Disposition: attachment; filename="set.zip"\r\nCache-Control: no-store\r\nX-Accel-Redirect: /spool/abc.zip\r\n\r\n');
    call.end();
  };
  const whole = await ask(at, '/downloads/token.zip');
  assert.equal(whole.body, '0123456789');
  assert.equal(whole.headers['content-disposition'], 'attachment; filename="set.zip"');
  assert.equal(whole.headers['cache-control'], 'no-store');
  assert.equal(whole.headers['x-from-policy'], 'yes');
  const part = await ask(at, '/downloads/token.zip', { headers: { range: 'bytes=2-4' } });
  assert.equal(part.status, 206);
  assert.equal(part.body, '234');
  assert.equal((await ask(at, '/spool/abc.zip')).status, 404);
});

test('one visitor cannot take all: 429 says when to come again, others go on', async () => {
  answer = plain;
  const post = (from) => ask(at, '/api/generate', { method: 'POST', body: '{}', from });
  const answers = [];
  for (let i = 0; i < 14; i++) answers.push(await post('127.0.0.2'));
  assert.equal(answers[9].status, 200, 'ten in a row are a person in a hurry');
  const refused = answers.at(-1);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers['retry-after'], '20');
  assert.equal(JSON.parse(refused.body).type, '/problems/too-many-requests');
  assert.equal((await post('127.0.0.3')).status, 200);
});

test('a client of the API is told how many requests a minute it has, where that is why it is refused', async () => {
  answer = plain;
  const post = (path, from) => ask(at, path, { method: 'POST', body: '{}', from });
  const rate = Number(/zone=generate:10m rate=(\d+)r\/m/.exec(readFileSync(new URL('../../nginx/snippets/http.conf', import.meta.url), 'utf8'))[1]);
  const limits = ({ headers }) => ['limit', 'remaining', 'reset'].map((name) => headers[`x-ratelimit-${name}-requests`]);
  let refused;
  for (let i = 0; i < 14; i++) refused = await post('/v1/images/generations', '127.0.0.4');
  assert.equal(refused.status, 429);
  assert.equal(refused.headers['retry-after'], '20');
  assert.deepEqual(limits(refused), [String(rate), '0', `${60 / rate}s`]);
  refused = await post('/api/generate', '127.0.0.4'); // the same limit, of the pages
  assert.deepEqual([refused.status, ...limits(refused)], [429, undefined, undefined, undefined]);
});

// Made-up requests from many networks: a customer, an organisation and a provider each have their part, and others go on; agents have another.
test('who has many addresses does not take the data-subject requests of others', async () => {
  const site = await fill('run.conf', (text) => text.replace(/(map \S+ \$lethe_visitor \{[^]*?\n\t\})/, '$1\nset_real_ip_from 127.0.0.1;\nreal_ip_header X-Test-From;'));
  const program = await startProgram(join(site.run, 'rights.sock'), plain);
  let server;
  const post = (from, path = '/api/rights') => ask(site, path, { method: 'POST', body: '{}', headers: { 'x-test-from': from } });
  const many = async (address, count, path) => {
    let taken = 0;
    for (let i = 0; i < count; i++) taken += (await post(address(i), path)).status === 200;
    return taken;
  };
  const within = (taken, burst, what) => assert.ok(taken > burst && taken <= burst + 10, `${what}: ${taken}`); // some more as time goes by
  const hex = (i) => (i + 1).toString(16);
  try {
    server = await startNginx(site);
    within(await many((i) => `2001:db8:1:${hex(i)}::1`, 40), 20, 'a /48');
    within(await many((i) => `2001:dba:${hex(i)}:1::1`, 90), 60, 'a /32');
    within(await many((i) => `198.51.100.${i + 1}`, 40), 20, 'a /24');
    within(await many((i) => `198.52.${i}.1`, 90), 60, 'a /16');
    assert.equal((await post('203.0.113.7')).status, 200, 'others go on');
    const [rest] = [await many((i) => `2a${hex(i + 16)}:1::1`, 120)];
    assert.ok(rest < 100, `in all there is an end: ${rest}`);
    const refused = await post('2c0f:1::1');
    assert.equal(refused.status, 429);
    assert.equal(refused.headers['retry-after'], '20');
    assert.equal((await post('2c0f:1::1', '/opendsr/v2/requests')).status, 200, 'agents have their own');
    within(await many((i) => `2001:db8:2:${hex(i)}::1`, 140, '/v1/data-rights-request'), 100, 'agents of one provider');
  } finally {
    await server?.stop();
    await program.close();
    site.discard();
  }
});

for (const file of ['lethe.conf', 'run.conf'])
test(`one visitor with a network of IPv6 addresses is still one, and IPv4 addresses written in IPv6 are many: ${file}`, async () => {
  const deployed = readFileSync(new URL(`../../nginx/${file}`, import.meta.url), 'utf8').match(/map \S+ \$lethe_visitor \{(?:.*\}\n|[^]*?\n\t\})/)[0];
  const site = await fill('run.conf', (text) => text.replace(/map \S+ \$lethe_visitor \{[^]*?\n\t\}/,
    () => `${deployed}\nset_real_ip_from 127.0.0.1;\nreal_ip_header X-Test-From;`));
  const program = await startProgram(join(site.run, 'generate.sock'), plain);
  let server;
  const post = (from) => ask(site, '/api/generate', { method: 'POST', body: '{}', headers: { 'x-test-from': from } }).then(({ status }) => status);
  try {
    server = await startNginx(site);
    for (const [from, other] of [[(i) => `2001:db8:a:a:${i}::${i + 1}`, '2001:db8:a:b::1'], [() => '192.0.2.1', '192.0.2.2'], [() => '::ffff:198.51.100.1', '::ffff:198.51.100.2']]) {
      const answers = [];
      for (let i = 0; i < 14; i++) answers.push(await post(from(i)));
      assert.deepEqual([answers[9], answers.at(-1)], [200, 429]);
      assert.equal(await post(other), 200);
    }
    // Bytes that look like a line's end are no end.
    const lines = [];
    for (let i = 0; i < 14; i++) lines.push(await post(`2001:db8:a0a:a0a:a0a:a0a:a0a:a${i.toString(16)}a`));
    assert.equal(lines.at(-1), 429);
  } finally {
    await server?.stop();
    await program.close();
    site.discard();
  }
});

test('what nginx gives up on before it knows the visitor is a problem document too', async () => {
  const head = 'GET / HTTP/1.1\r\nHost: x\r\n';
  for (const [text, status] of [['NONSENSE\r\n\r\n', 400], ['GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n', 400], [`GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414],
    [`${head}X-A: ${'b'.repeat(9000)}\r\n\r\n`, 431], ['GET / HTTP/1.1\r\n\r\n', 400],
    [`${head}Transfer-Encoding: x\r\n\r\n`, 501], ['GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505]]) {
    const said = await rawRequest(at.port, text);
    const [top, body] = said.split('\r\n\r\n');
    assert.match(top, new RegExp(`^HTTP/1.1 ${status} [^]*Content-Type: application/problem\\+json\r[^]*X-From-Policy: yes`));
    assert.equal(JSON.parse(body).status, status);
  }
});

test('requests that mean two things are refused', async () => {
  answer = plain;
  seen.length = 0;
  const body = 'Host: x\r\nContent-Length: 4\r\n';
  for (const bad of [`${body}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, `${body}Content-Length: 5\r\n\r\nabcd`, 'Host: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'Host: x\r\nHost: y\r\n\r\n']) {
    const said = await rawRequest(at.port, `POST /api/rights HTTP/1.1\r\n${bad}`);
    assert.match(said, /^HTTP\/1.1 (400|501) /, bad);
  }
  assert.deepEqual(seen, []);
});

// --- on the Internet ---
const tlsTry = (port, options) => new Promise((resolve) => {
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => {
    resolve({ protocol: socket.getProtocol(), alpn: socket.alpnProtocol });
    socket.destroy();
  }).on('error', (error) => resolve({ error: error.code }));
});

test('TLS from 1.2, HTTP/2, HSTS, only its own name, everything else sent there', async () => {
  const site = await fill('lethe.conf');
  const server = await startNginx(site);
  try {
    const name = { servername: 'site.example' };
    assert.equal((await tlsTry(site.port, { ...name, ALPNProtocols: ['h2', 'http/1.1'] })).alpn, 'h2');
    assert.equal((await tlsTry(site.port, { ...name, maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2');
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' };
    assert.ok((await tlsTry(site.port, { ...name, ...old })).error);
    assert.ok((await tlsTry(site.port, { servername: 'other.example' })).error);
    const session = connectHttp2(`https://127.0.0.1:${site.port}`, { rejectUnauthorized: false, servername: 'site.example' });
    const headers = await new Promise((resolve, reject) => session.on('error', reject).request({ ':path': '/', ':authority': 'site.example' }).on('response', resolve).end());
    session.close();
    assert.equal(headers[':status'], 200);
    assert.match(headers['strict-transport-security'], /max-age=\d{8}/);
    assert.equal(headers['x-from-policy'], 'yes');
    const away = await ask({ port: site.plainPort }, '/privacy?x=1', { headers: { host: 'evil.example' } });
    assert.equal(away.status, 301);
    assert.equal(away.headers['x-from-policy'], 'yes');
    // Errors there, plain HTTP on the port of TLS, and another site's name under our certificate.
    for (const [port, text, status] of [[site.plainPort, 'NONSENSE\r\n\r\n', 400], [site.plainPort, 'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505], [site.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 400]]) {
      const said = await rawRequest(port, text);
      assert.match(said, new RegExp(`^HTTP/1.1 ${status} [^]*Content-Type: application/problem\\+json\r[^]*X-From-Policy: yes`));
    }
    const other = await new Promise((resolve, reject) => {
      let said = '';
      const socket = connectTls({ host: '127.0.0.1', port: site.port, rejectUnauthorized: false, servername: 'site.example' }, () => socket.write('GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n'));
      socket.on('data', (d) => { said += d; }).on('end', () => resolve(said)).on('error', reject);
    });
    assert.match(other, /^HTTP\/1.1 421 [^]*X-From-Policy: yes[^]*"\/problems\/wrong-site"/);
    assert.equal(away.headers.location, 'https://site.example/privacy?x=1');
  } finally {
    await server.stop();
    site.discard();
  }
});

test('no line about a visitor was written by any of this', async () => {
  await until(() => true);
  assert.doesNotMatch(nginx.errors(), /client:/);
});
