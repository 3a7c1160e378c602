// SPDX-License-Identifier: ISC
// What lethe check says flips from "kept" to "BROKEN" for each way in which a running site can drift from its policy, names it, and flips
// back when it is repaired.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, freePort, root, startSite, until } from './harness.mjs';

let site;
let own; // a folder of ours: units, policies
let policy;
before(async () => {
  own = mkdtempSync(join(tmpdir(), 'lethe-drift-'));
  policy = join(own, 'policy.xml');
  copyFileSync(join(root, 'policy/sites/bizimages.xml'), policy);
  cpSync(join(build, 'units'), join(own, 'units'), { recursive: true });
  site = await startSite({ policy });
  await until(() => check().code === 0, 10000, 'a site that keeps its policy');
});
after(async () => {
  await site?.stop();
  rmSync(own, { recursive: true, force: true });
});

function check({ env = {}, wrap = [], words = [] } = {}) {
  const result = site.officer(['check', '--format', 'json', ...words], { policy, wrap, more: { LETHE_UNITS: join(own, 'units'), ...env } });
  const findings = result.stdout ? JSON.parse(result.stdout) : [];
  return { code: result.code, bad: findings.filter((f) => f.result === 'BROKEN' || f.result === 'unsure'), stderr: result.stderr };
}
const officer = (...words) => {
  const result = site.officer(words, { policy });
  assert.equal(result.code, 0, result.stderr);
};

// Changes a file; gives what puts it back, its date included.
function change(path, alter) {
  const text = readFileSync(path);
  const { mode, mtime } = statSync(path);
  writeFileSync(path, alter(text.toString()));
  return () => { writeFileSync(path, text, { mode }); execFileSync('touch', ['-d', mtime.toISOString(), path]); };
}
const swap = (from, to) => (text) => {
  const changed = text.replace(from, to);
  assert.notEqual(changed, text, `${from} is there`);
  return changed;
};
function add(path, text = 'x') {
  writeFileSync(path, text);
  return () => rmSync(path, { force: true });
}
const sql = (file, text) => execFileSync('sqlite3', [join(site.state, file), text], { encoding: 'utf8' });
const conf = () => join(site.run, 'nginx/nginx.conf');
const snippet = (name) => join(site.run, 'nginx/snippets', name);
const unit = (name) => join(own, 'units', `${name}.service`);
const family = () => join(own, 'units/lethe-.service.d', readdirSync(join(own, 'units/lethe-.service.d'))[0]); // holds for every unit
const day = (days) => new Date(Date.now() - days * 86400000);
const stamp = (date) => `${date.getFullYear()}/${String(date.getMonth() + 1).padStart(2, '0')}/${String(date.getDate()).padStart(2, '0')} 00:00:00`;
// A header of the running nginx, changed for real while the files say what they should.
// nginx's workers that take new connections. A reload starts others, and those before still answer for a moment.
function workers() {
  const master = site.program('nginx');
  return readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ').filter((pid) => {
    try { return !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('shutting down'); } catch { return false; }
  });
}
async function serveWith(path, alter, sees) {
  const back = change(path, alter);
  const headers = async () => (await fetch(`${site.url}/`, { headers: { connection: 'close' } })).headers;
  const reload = async (seen) => {
    const old = new Set(workers());
    process.kill(site.program('nginx'), 'SIGHUP');
    await until(async () => !workers().some((pid) => old.has(pid)) && seen(await headers()), 10000, 'the configuration');
  };
  await reload(sees);
  back();
  return () => reload((h) => !sees(h));
}

// name: [check, what the finding says, cause]. The cause gives options for the check, or a function that repairs, or both.
const drifts = {
  'a key of a processor that is not declared': ['settings', /OPENAI_API_KEY/, () => ({ env: { OPENAI_API_KEY: 'k' } })],
  'an endpoint at somebody else': ['settings', /AZURE_OPENAI_ENDPOINT .*example\.net/, () => ({ env: { AZURE_OPENAI_ENDPOINT: 'https://x.openai.azure.com.example.net/' } })],
  'a test build': ['testing', /LETHE_TESTING/, () => ({ env: { LETHE_TESTING: '1' } })],
  'what is not built is allowed': ['unbuilt', /LETHE_ALLOW_UNBUILT/, () => ({ env: { LETHE_ALLOW_UNBUILT: '1' } })],
  'a table of somebody': ['tables', /table notes is there/, () => { sql('vault.db', 'CREATE TABLE notes(text)'); return () => sql('vault.db', 'DROP TABLE notes'); }],
  'a column of somebody': ['tables', /record\.email is there/, () => {
    sql('vault.db', 'ALTER TABLE record ADD COLUMN email TEXT');
    return () => sql('vault.db', 'ALTER TABLE record DROP COLUMN email');
  }],
  'a safeguard of the ledger is gone': ['tables', /ledger_keep_rows is missing/, () => {
    const text = sql('vault.db', "SELECT sql FROM sqlite_schema WHERE name = 'ledger_keep_rows'");
    sql('vault.db', 'DROP TRIGGER ledger_keep_rows');
    return () => sql('vault.db', text);
  }],
  'a record of no kind': ['tables', /kind "diary"/, () => {
    sql('vault.db', "INSERT INTO record(id, kind, made, state, file) VALUES('0123456789abcdef0123456789abcdef', 'diary', 1, '', 0)");
    return () => sql('vault.db', "DELETE FROM record WHERE kind = 'diary'; DELETE FROM tally WHERE kind = 'diary'");
  }],
  'a record of a kind that is not kept': ['retention', /account: 1 are stored/, () => {
    sql('vault.db', "INSERT INTO record(id, kind, made, state, file) VALUES('0123456789abcdef0123456789abcdef', 'account', unixepoch(), '', 0)");
    return () => sql('vault.db', "DELETE FROM record WHERE kind = 'account'; DELETE FROM tally WHERE kind = 'account'");
  }],
  'a store that others can read': ['private', /vault\.db has mode 0644/, () => { chmodSync(join(site.state, 'vault.db'), 0o644); return () => officer('keys', 'init'); }],
  'a day of the request log that others can read': ['private', /log\/2020-01-01\.db has mode 0604/, () => {
    const path = join(site.state, 'log/2020-01-01.db');
    writeFileSync(path, '');
    chmodSync(path, 0o604);
    return () => rmSync(path);
  }],
  'a file beside the stores': ['folders', /visitors\.csv is a file/, () => add(join(site.state, 'visitors.csv'))],
  'a copy of a day of the request log': ['folders', /2020-01-01\.db\.bak/, () => add(join(site.state, 'log/2020-01-01.db.bak'))],
  'a file in the spool that is no archive': ['folders', /upload\.png/, () => add(join(site.run, 'spool/upload.png'))],
  'a link out of the stores': ['folders', /is a link/, () => { symlinkSync('/tmp', join(site.state, 'log/more')); return () => rmSync(join(site.state, 'log/more')); }],
  'a folder of somebody': ['folders', /sessions is a folder/, () => { mkdirSync(join(site.run, 'sessions')); return () => rmSync(join(site.run, 'sessions'), { recursive: true }); }],
  'archives on a disk': ['spool', /written to a disk/, () => { mkdirSync(join(own, 'run'), { recursive: true }); return { env: { LETHE_RUN: join(own, 'run') } }; }],
  'an archive that outlived its time': ['retention', /archive: the oldest/, () => {
    sql('vault.db', "INSERT INTO record(id, kind, made, due, state, file) VALUES('0123456789abcdef0123456789abcdef', 'archive', unixepoch() - 90000, unixepoch() - 3600, '', 0)");
    return () => officer('prune');
  }],
  'an old line in the error log': ['error-log', /oldest line of error\.log is 40 days old/, () => {
    writeFileSync(join(site.run, 'error.log'), `${stamp(day(40))} [crit] 7#7: an example\n${stamp(day(0))} [crit] 7#7: another\n`);
    return () => { officer('prune'); assert.equal(readFileSync(join(site.run, 'error.log'), 'utf8'), ''); rmSync(join(site.run, 'error.log')); };
  }],
  'pruning stopped': ['prune', /last ran 2 hours ago/, () => { sql('vault.db', "UPDATE fact SET value = unixepoch() - 7300 WHERE name = 'last_prune'"); return () => officer('prune'); }],
  'a clock that went back': ['clock', /before the newest record/, () => ({ wrap: ['faketime', '-f', '-1d'] })],
  'more visitors at once than the machine is set up for': ['requests', /100000 requests at once need vm\.max_map_count of 202000/, () => ({ env: { LETHE_REQUESTS_MAX: '100000' } })],
  'a number of visitors that is none': ['requests', /LETHE_REQUESTS_MAX is no number/, () => ({ env: { LETHE_REQUESTS_MAX: '10k' } })],
  'no space reserve': ['space-reserve', /space-reserve/, () => { rmSync(join(site.state, 'space-reserve')); return () => officer('keys', 'init'); }],
  'a master key for everybody': ['master-key', /0644/, () => { chmodSync(join(site.state, 'keys/master.key'), 0o644); return () => chmodSync(join(site.state, 'keys/master.key'), 0o400); }],
  'an altered entry of the ledger': ['ledger', /was altered/, () => {
    const text = sql('vault.db', "SELECT sql FROM sqlite_schema WHERE name = 'ledger_keep_values'");
    sql('vault.db', "DROP TRIGGER ledger_keep_values; UPDATE ledger SET at = at - 1 WHERE seq = 0;");
    return () => sql('vault.db', `UPDATE ledger SET at = at + 1 WHERE seq = 0; ${text}`);
  }],
  'a page that somebody edited': ['published', /privacy\.html is not what follows/, () => change(join(site.state, 'publish/html/privacy.html'), (t) => t.replace('</body>', '<p>We sell everything.</p></body>'))],
  'a page that is gone': ['published', /subprocessors\.json is missing/, () => { rmSync(join(site.state, 'publish/html/subprocessors.json')); return () => officer('publish'); }],
  'a policy that was changed and not published': ['activation', /nobody published it/, () => change(policy, (t) => `${t}<!-- later -->\n`)],
  'an invalid policy': ['policy', /policy\.xml:\d+/, () => change(policy, swap('P14D', 'fortnight'))],
  'an access log': ['logs', /access_log \/var\/log.* access log that the policy/, () => change(snippet('http.conf'), swap('access_log off', 'access_log /var/log/visits.log'))],
  'an access log in one place only': ['logs', /access log/, () => change(snippet('routes.conf'), swap('location = /healthz {', 'location = /healthz { access_log /var/log/health.log;'))],
  'nothing turns the access log off': ['logs', /nothing turns the access log off/, () => change(snippet('http.conf'), swap('access_log off;', ''))],
  'an error log that names visitors': ['logs', /writes the addresses/, () => change(conf(), swap('error_log stderr crit', 'error_log stderr info'))],
  'an error log that nobody ends': ['logs', /ended by nobody/, () => change(conf(), swap('error_log stderr crit', 'error_log /var/log/nginx/lethe.log crit'))],
  'temporary files on a disk': ['temp-files', /client_body_temp_path is \/var\/tmp/, () => change(snippet('http.conf'), swap(/client_body_temp_path [^;]+/, 'client_body_temp_path /var/tmp/body'))],
  'temporary files where nginx likes': ['temp-files', /fastcgi_temp_path is not set/, () => change(snippet('http.conf'), swap(/fastcgi_temp_path [^;]+;/, ''))],
  'uploads gathered before they are passed on': ['spill', /fastcgi_request_buffering is not off/, () => change(snippet('params.conf'), swap('fastcgi_request_buffering off;', ''))],
  'bodies kept in files': ['spill', /every request's body/, () => change(snippet('http.conf'), (t) => `${t}\nclient_body_in_file_only on;\n`)],
  'another way out of nginx': ['listeners', /proxy_pass http:\/\/192\.0\.2\.7: it sends requests/, () => change(snippet('routes.conf'), (t) => `${t}\nlocation = /metrics { proxy_pass http://192.0.2.7; }\n`)],
  'a site without encryption': ['tls', /without encryption, at 0\.0\.0\.0/, () => change(conf(), swap('listen 127.0.0.1:', 'listen 0.0.0.0:'))],
  'an old TLS': ['tls', /TLSv1\.1: it is not safe/, () => change(conf(), swap('http {', 'http { ssl_protocols TLSv1.1 TLSv1.2;'))],
  'a page without the headers': ['headers', /\/rights lacks the headers/, () => change(snippet('routes.conf'), swap(/location = \/rights \{[^}]*\}/, 'location = /rights { try_files /rights.html =404; }'))],
  'an answer without the headers that no error leads to': ['headers', /\/error\/416\S* lacks the headers/, () => change(snippet('errors.conf'), swap('error_page 416 /error/416$lethe_api;', ''))],
  'a header that hides the others': ['headers', /lacks the headers/, () => change(snippet('headers.conf'), () => 'add_header X-Shop example always;\n')],
  'a cookie of nginx': ['headers', /a cookie of its own/, () => change(snippet('http.conf'), (t) => `${t}\nadd_header Set-Cookie id=1;\n`)],
  'a configuration that is none': ['nginx', /./, () => change(conf(), swap('http {', 'http { {'))],
  'a Content-Security-Policy that is still sent': ['sent', /not the policy's/, () => serveWith(join(site.state, 'publish/nginx/headers.conf'), swap("script-src 'self'", 'script-src *'),
    (h) => h.get('content-security-policy').includes('script-src *'))],
  'a cookie that is sent': ['sent', /sets the cookie visitor/, () => serveWith(join(site.state, 'publish/nginx/headers.conf'), (t) => `${t}add_header Set-Cookie "visitor=7; Path=/" always;\n`,
    (h) => h.get('set-cookie') !== null)],
  'core dumps for all programs': ['units', /hardening\.conf:\d+ is not as shipped: LimitCORE=infinity instead of LimitCORE=0/, () => change(family(), swap('LimitCORE=0', 'LimitCORE=infinity'))],
  'core dumps for nginx': ['units', /nginx-lethe\.service:\d+ is not as shipped: .* instead of LimitCORE=0/, () => change(unit('nginx-lethe'), swap('LimitCORE=0', ''))],
  'a network for a program': ['units', /lethe-generate\.service:\d+ is not as shipped: .* instead of PrivateNetwork=yes/, () => change(unit('lethe-generate'), swap('PrivateNetwork=yes', ''))],
  'a drop-in that takes a restriction away': ['units', /lethe-worker\.service: NoNewPrivileges is set to no in .*local\.conf/, () => {
    const folder = join(own, 'units/lethe-worker.service.d');
    mkdirSync(folder);
    writeFileSync(join(folder, 'local.conf'), '[Service]\nNoNewPrivileges=no\n');
    return () => rmSync(folder, { recursive: true });
  }],
  'a unit that is missing': ['units', /lethe-prune\.service is missing/, () => { const text = readFileSync(unit('lethe-prune')); rmSync(unit('lethe-prune')); return () => writeFileSync(unit('lethe-prune'), text); }],
  'swap for a program': ['units', /MemorySwapMax=infinity instead of MemorySwapMax=0/, () => change(family(), swap('MemorySwapMax=0', 'MemorySwapMax=infinity'))],
};

for (const [name, [expected, words, cause]] of Object.entries(drifts)) {
  test(`found and gone again: ${name}`, async () => {
    const made = await cause();
    const repair = typeof made === 'function' ? made : () => {};
    const options = typeof made === 'function' ? {} : made;
    let result;
    try { result = check(options); } finally { await repair(); }
    const found = result.bad.find((f) => f.result === 'BROKEN' && f.check === expected && words.test(f.finding));
    assert.ok(found, JSON.stringify(result.bad, null, 1));
    assert.ok(found.promise && found.remedy, JSON.stringify(found));
    assert.equal(result.code, 1);
    const repaired = check();
    assert.deepEqual(repaired.bad, []);
    assert.equal(repaired.code, 0);
  });
}

test('what cannot be told is 2: no nginx, no site, no units', () => {
  for (const [expected, options] of [
    ['nginx', { words: ['--nginx', '/nowhere/nginx.conf'] }],
    ['sent', { words: ['--url', 'http://127.0.0.1:9/'] }],
    ['sent', { words: ['--url', 'http://192.0.2.1/'] }],
  ]) {
    const { code, bad } = check(options);
    assert.ok(bad.some((f) => f.result === 'unsure' && f.check === expected), JSON.stringify(bad));
    assert.ok(bad.every((f) => f.result === 'unsure'), JSON.stringify(bad));
    assert.equal(code, 2);
  }
});

test('the installed configuration keeps the policy, asked over TLS; with its headers gone it does not', async () => {
  const port = await freePort();
  const plain = await freePort();
  const file = join(own, 'lethe.conf');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=site.example', '-keyout', join(own, 'key.pem'),
    '-out', join(own, 'cert.pem')], { stdio: 'ignore' });
  const values = { RUN: site.run, STATE: site.state, SNIPPETS: join(site.run, 'nginx/snippets'), SERVER_NAME: 'site.example', CERT: join(own, 'cert.pem'), CERT_KEY: join(own, 'key.pem') };
  writeFileSync(file, readFileSync(join(root, 'nginx/lethe.conf'), 'utf8').replace(/@([A-Z_]+)@/g, (whole, key) => values[key]).replace('user www-data;', process.getuid() === 0 ? 'user root;' : '')
    .replace('nginx.pid', 'second.pid').replace(/^.*listen \[::\].*$/gm, '').replace(/listen 443/g, `listen 127.0.0.1:${port}`).replace('listen 80', `listen 127.0.0.1:${plain}`));
  const child = spawn('/usr/sbin/nginx', ['-e', 'stderr', '-c', file, '-g', 'daemon off;'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((r) => child.once('exit', r));
  let errors = '';
  child.stderr.on('data', (d) => { errors += d; });
  const words = ['--nginx', file];
  try {
    await until(() => check({ words }).bad.every((f) => f.check !== 'sent') || child.exitCode !== null, 10000, 'nginx');
    const good = check({ words });
    assert.deepEqual(good.bad.filter((f) => f.check !== 'folders'), [], errors); // the second pid file is ours
    assert.match(site.officer(['check'], { policy, more: { LETHE_UNITS: join(own, 'units'), LETHE_NGINX_CONF: file } }).stdout, /^kept +sent /m);
    const back = change(snippet('headers.conf'), swap(/add_header Strict-Transport-Security[^;]+;/, ''));
    try {
      child.kill('SIGHUP');
      await until(() => check({ words }).bad.some((f) => f.check === 'sent' && /without Strict-Transport-Security/.test(f.finding)), 10000, 'the finding');
    } finally { back(); }
    const old = change(file, swap('TLSv1.2 TLSv1.3', 'TLSv1 TLSv1.2 TLSv1.3'));
    assert.ok(check({ words }).bad.some((f) => f.check === 'tls' && /TLSv1: it is not safe/.test(f.finding)));
    old();
  } finally {
    child.kill('SIGTERM');
    await ended;
    rmSync(join(site.run, 'error.log'), { force: true });
  }
});

test('without units a site below lethe-run is walled in by itself', () => {
  assert.equal(check({ env: { LETHE_UNITS: join(own, 'none') } }).code, 0);
});

test('--quiet says nothing of a site that keeps its policy, and only what is wrong of one that does not', () => {
  const words = ['check', '--quiet'];
  const more = { LETHE_UNITS: join(own, 'units') };
  const good = site.officer(words, { policy, more });
  assert.deepEqual([good.code, good.stdout, good.stderr], [0, '', '']);
  const bad = site.officer(words, { policy, more: { ...more, LETHE_TESTING: '1' } });
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /^BROKEN +testing +LETHE_TESTING is set[^]*?\n +Promise: [^]+?\n +Remedy: /);
  assert.match(bad.stdout, /\n\n\d+ broken, 0 unsure, \d+ kept; nothing to judge in \d+(?:; something is (?:over)?due)*\.\n$/);
  assert.doesNotMatch(bad.stdout, /^kept/m);
});

test('the file of a set in the making is no drift', (t) => {
  const file = join(site.run, `spool/new-${'0a'.repeat(16)}`);
  writeFileSync(file, '');
  t.after(() => rmSync(file, { force: true }));
  assert.doesNotMatch(site.officer(['check', '--quiet'], { policy, more: { LETHE_UNITS: join(own, 'units') } }).stdout, /^BROKEN +folders/m);
});

test('the check leaves no trace: no entry, no row in the request log, no file', () => {
  const state = () => execFileSync('sh', ['-c', `find ${site.state} ${site.run} | sort; sqlite3 ${site.state}/vault.db 'SELECT count(*) FROM ledger'`], { encoding: 'utf8' });
  const was = state();
  check();
  assert.equal(state(), was);
});

test('the error log is emptied before its oldest line is too old, and not a second earlier', () => {
  const log = join(site.run, 'error.log');
  const at = (date, words) => site.officer(words, { policy, wrap: ['faketime', date] });
  const local = (ms) => { const d = new Date(ms); const two = (n) => String(n).padStart(2, '0'); return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`; };
  const life = Number(readFileSync(policy, 'utf8').match(/<kind[^>]*id="error-log"[\s\S]*?length="P(\d+)D"/)[1]) * 86400000;
  const start = Math.floor(Date.now() / 1000) * 1000 + 1000;
  const line = `${local(start).replaceAll('-', '/')} [crit] 7#7: an example\n`;
  try {
    writeFileSync(log, line);
    execFileSync('touch', ['-d', new Date(start).toISOString(), log]);
    const file = statSync(log).ino;
    assert.equal(at(local(start + life - 2000), ['prune', '--format', 'json']).code, 0);
    assert.equal(readFileSync(log, 'utf8'), line);
    const dry = at(local(start + life + 1000), ['prune', '--dry-run', '--format', 'json']);
    assert.equal(JSON.parse(dry.stdout).find((r) => r.what === 'error-log lines').count, 1);
    assert.equal(readFileSync(log, 'utf8'), line);
    assert.equal(at(local(start + life - 60000), ['prune', '--ahead', 'PT2M']).code, 0);
    assert.equal(readFileSync(log, 'utf8'), '');
    // Emptied in place: who has it open to append goes on.
    assert.equal(statSync(log).ino, file);
    appendFileSync(log, 'no date\n');
    execFileSync('touch', ['-d', new Date(start - life - 86400000).toISOString(), log]);
    assert.equal(at(local(start + life), ['prune']).code, 0);
    assert.equal(readFileSync(log, 'utf8'), '');
  } finally { rmSync(log, { force: true }); }
});
