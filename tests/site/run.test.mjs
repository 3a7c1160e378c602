// SPDX-License-Identifier: ISC
// Starting: what stands in the way is said with file, line and remedy, and nothing half-started stays.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync, execFileSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdtempSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync, existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, freePort, generate, lethe, rawRequest, root, startSite, until } from './harness.mjs';

const policy = readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8');

async function refusesPolicy(text, expected) {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-policy-'));
  const file = join(folder, 'policy.xml');
  writeFileSync(file, text);
  try {
    await assert.rejects(startSite({ policy: file }).then((site) => site.stop()), (error) => {
      assert.match(error.output, expected);
      assert.match(error.output, /policy\.xml:\d+: error: /);
      assert.equal(error.exit.code, 1);
      return true;
    });
  } finally { rmSync(folder, { recursive: true }); }
}

test('folders with a blank in their path are served; those that nginx cannot write are refused by name', async () => {
  const base = mkdtempSync('/dev/shm/lethe-t a ');
  const words = (state) => ['--policy', join(root, 'policy/sites/bizimages.xml'), '--state', join(base, state), '--run', join(base, 'run it'), '--bin', join(build, 'bin'),
    '--html', join(root, 'nginx/html'), '--nginx', join(root, 'nginx'), '--listen'];
  try {
    const port = await freePort();
    const child = spawn(join(build, 'bin/lethe-run'), [...words('the state'), `127.0.0.1:${port}`], { stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = new Promise((r) => child.once('exit', r));
    let output = '';
    child.stdout.on('data', (d) => { output += d; });
    try {
      await until(() => output.includes('Lethe serves') || child.exitCode !== null, 30000, 'the site');
      assert.equal((await fetch(`http://127.0.0.1:${port}/privacy`)).status, 200);
    } finally { child.kill('SIGTERM'); await ended; }
    const refused = spawnSync(join(build, 'bin/lethe-run'), [...words('a$b'), `127.0.0.1:${port}`], { encoding: 'utf8' });
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /nginx cannot use a path with the character \$/);
  } finally { rmSync(base, { recursive: true, force: true }); }
});

test('behind a proxy that is trusted, limits and erasing go by the visitor; nobody else is believed', async () => {
  const ask = (site, from, path = '/api/generate') => fetch(`${site.url}${path}`, { method: 'POST', headers: { 'x-forwarded-for': from, 'content-type': 'application/json' }, body: '{"description":"x"}' }).then((r) => r.status);
  const all = (site, from) => Promise.all(Array.from({ length: 60 }, () => ask(site, from)));
  const behind = await startSite({ env: { LETHE_TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' } });
  try {
    assert.ok((await all(behind, '198.51.100.7')).includes(429), 'one visitor');
    assert.notEqual(await ask(behind, '198.51.100.8'), 429, 'another');
    assert.notEqual(await ask(behind, '198.51.100.7, 198.51.100.9'), 429, 'what a visitor says before the proxy is not believed');
    const found = spawnSync(lethe, ['erase', '--ip', '-', '--state', behind.state], { input: '198.51.100.8', encoding: 'utf8' });
    assert.match(found.stdout + found.stderr, /request-log +1 /);
  } finally { await behind.stop(); }
  const alone = await startSite();
  try {
    assert.ok(!(await all(alone, '198.51.100.7')).includes(429), 'not trusted: everybody is who connects, and loopback is not counted');
  } finally { await alone.stop(); }
});

test('behind a proxy that speaks the PROXY protocol the visitor is who it says; without its line nobody is answered', async () => {
  const post = (from) => `${from}POST /api/generate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 19\r\nConnection: close\r\n\r\n{"description":"x"}`;
  const site = await startSite({ env: { LETHE_TRUSTED_PROXIES: '127.0.0.1', LETHE_PROXY_HEADER: 'proxy_protocol' } });
  try {
    assert.match(await rawRequest(site.port, post('PROXY TCP4 198.51.100.8 127.0.0.1 1000 80\r\n')), /^HTTP\/1.1 422 /);
    assert.doesNotMatch(await rawRequest(site.port, post('')), /^HTTP\/1.1 (2|422)/);
    const found = spawnSync(lethe, ['erase', '--ip', '-', '--state', site.state], { input: '198.51.100.8', encoding: 'utf8' });
    assert.match(found.stdout + found.stderr, /request-log +1 /);
    const checked = JSON.parse(site.officer(['check', '--format', 'json'], { more: { LETHE_TRUSTED_PROXIES: '127.0.0.1', LETHE_PROXY_HEADER: 'proxy_protocol' } }).stdout);
    assert.deepEqual(checked.filter((f) => ['sent', 'tls', 'proxies'].includes(f.check) && !['kept', 'nothing to judge'].includes(f.result)), []);
    const otherwise = JSON.parse(site.officer(['check', '--format', 'json'], { more: { LETHE_TRUSTED_PROXIES: '127.0.0.1', LETHE_PROXY_HEADER: 'X-Forwarded-For' } }).stdout);
    assert.ok(otherwise.some((f) => f.result === 'BROKEN' && /listens for the PROXY protocol/.test(f.finding)));
  } finally { await site.stop(); }
});

test('a clone below a folder with a blank and a dollar is compiled', () => {
  const base = mkdtempSync(join(tmpdir(), 'lethe my $clone '));
  try {
    for (const name of ['Makefile', 'policy/base', 'fcgi/ipc']) cpSync(join(root, name), join(base, name), { recursive: true });
    const made = spawnSync('make', ['-s', 'build/release/obj/policy/base/text.o'], { cwd: base, encoding: 'utf8', env: { ...process.env, MAKEFLAGS: '' } });
    assert.equal(made.status, 0, made.stderr);
  } finally { rmSync(base, { recursive: true, force: true }); }
});

test('an invalid policy: no start, and the line that is wrong', async () => {
  await refusesPolicy(policy.slice(0, policy.length / 2), /policy\.xml:\d+/);
  await refusesPolicy(policy.replace('P14D', '-P14D'), /P14D/);
  await refusesPolicy(policy.replace(/<\?xml[^>]*\?>/, '$&<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), /DOCTYPE|document type/i);
});

test('a policy that takes effect later: no start where nothing is in force, and an older version goes on until then', async () => {
  const later = policy.replace(/(<version id="[^"]*" effective=)"[^"]*"/, '$1"2126-05-11"');
  assert.notEqual(later, policy);
  await refusesPolicy(later, /policy\.xml:\d+: error: version 2026-05-11 takes effect on 2126-05-11, and no older one is in force here; .*; .*\nlethe-run: [^\n]*\n$/);
  const folder = mkdtempSync(join(tmpdir(), 'lethe-later-'));
  const file = join(folder, 'policy.xml');
  let site = await startSite();
  let keep;
  try {
    ({ keep } = await site.stop({ keep: true }));
    site = null;
    writeFileSync(file, policy.replace('<versions>', '$&<version id="next" effective="2126-05-11" updated="2026-05-12"><change>Nothing but the date.</change></version>'));
    site = await startSite({ policy: file, keep });
    keep = null;
    assert.match(site.output(), /announced: policy next, in force from 2126-05-11/);
    assert.equal((await (await fetch(`${site.url}/privacy.json`)).json()).effective, '2026-05-11');
  } finally {
    await site?.stop();
    if (keep) for (const at of Object.values(keep)) rmSync(at, { recursive: true, force: true });
    rmSync(folder, { recursive: true });
  }
});

// lethe-run on a state, with options besides; ended after a while when it serves all the same.
async function runOn(state, words = [], { port = 0, ...options } = {}) {
  return spawnSync(join(build, 'bin/lethe-run'), ['--policy', join(root, 'policy/sites/bizimages.xml'), '--state', state, '--bin', join(build, 'bin'),
    '--html', join(root, 'nginx/html'), '--nginx', join(root, 'nginx'), '--listen', `127.0.0.1:${port || await freePort()}`, ...words],
  { encoding: 'utf8', timeout: 10000, env: { PATH: process.env.PATH }, ...options });
}

test('a taken port is named, and the state is left as it was', async () => {
  const server = createServer();
  await new Promise((r) => server.listen(0, '127.0.0.1', r));
  const state = mkdtempSync(join(tmpdir(), 'lethe-port-'));
  const result = await runOn(join(state, 's'), ['--run', join(state, 'r')], { port: server.address().port });
  assert.equal(result.status, 1);
  assert.match(result.stderr, /choose another port with PORT=/);
  assert.ok(!existsSync(join(state, 's', 'vault.db')));
  server.close();
  rmSync(state, { recursive: true });
});

// As lethe-run names it: FNV-1a of the state's path.
function defaultRunFolder(state) {
  let hash = 14695981039346656037n;
  for (const byte of Buffer.from(state)) hash = ((hash ^ BigInt(byte)) * 1099511628211n) & 0xffffffffffffffffn;
  return `/dev/shm/lethe-${process.geteuid()}-${(hash >> 32n).toString(16).padStart(8, '0')}`;
}

test('a run folder that somebody else made is not used', async () => {
  const base = mkdtempSync(join(tmpdir(), 'lethe-shm-'));
  const state = join(base, 'state');
  const folder = defaultRunFolder(state);
  const refused = async (words, expected) => {
    const { status, stderr } = await runOn(state, words);
    assert.match(stderr, expected);
    assert.match(stderr, /remove it, or choose another run folder with --run/);
    assert.equal(status, 1);
  };
  try {
    mkdirSync(join(base, 'elsewhere'));
    symlinkSync(join(base, 'elsewhere'), folder);
    await refused([], /\/dev\/shm\/lethe-\d+-[0-9a-f]{8} is a link/);
    assert.ok(!existsSync(join(base, 'elsewhere/spool')));
    rmSync(folder);
    if (process.getuid() === 0) {
      mkdirSync(folder);
      chownSync(folder, 65534, 65534);
      await refused([], /\/dev\/shm\/lethe-\d+-[0-9a-f]{8} is another user's/);
      assert.ok(!existsSync(join(folder, 'spool')));
      await refused(['--run', folder], /is another user's/);
      chownSync(folder, 0, 0);
      mkdirSync(join(folder, 'spool'));
      chownSync(join(folder, 'spool'), 65534, 65534);
      await refused([], /\/spool is another user's/);
    }
  } finally { for (const path of [folder, base]) rmSync(path, { recursive: true, force: true }); }
});

test('a run folder of ours that others could write is closed to them', async () => {
  const base = mkdtempSync(join(tmpdir(), 'lethe-open-'));
  const run = join(base, 'run');
  mkdirSync(join(run, 'spool'), { recursive: true });
  for (const folder of [run, join(run, 'spool')]) chmodSync(folder, 0o777);
  const site = await startSite({ keep: { base, run, state: join(base, 'state') } });
  try {
    for (const folder of [run, join(run, 'spool')]) assert.equal(statSync(folder).mode & 0o022, 0, folder);
  } finally { await site.stop(); }
});

test('folders named from the current one serve as well as absolute ones', async () => {
  const base = mkdtempSync(join(tmpdir(), 'lethe-here-'));
  const port = await freePort();
  const child = spawn(join(build, 'bin/lethe-run'), ['--policy', join(root, 'policy/sites/bizimages.xml'), '--state', './s', '--run', './r', '--bin', join(build, 'bin'),
    '--html', join(root, 'nginx/html'), '--nginx', join(root, 'nginx'), '--listen', `127.0.0.1:${port}`], { cwd: base, env: { PATH: process.env.PATH } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (d) => { output += d; });
  const ended = new Promise((r) => child.once('exit', r));
  try {
    await until(() => output.includes('Lethe serves') || child.exitCode !== null, 30000, 'the site');
    assert.match(output, /Lethe serves/);
    assert.match(readFileSync(join(base, 's/run.env'), 'utf8'), new RegExp(`^LETHE_RUN=${base}/r$`, 'm'));
    const { status, body } = await generate({ url: `http://127.0.0.1:${port}` }, { description: 'A quiet guest house by a lake.', count: 1 });
    assert.equal(status, 200);
    assert.equal((await fetch(`http://127.0.0.1:${port}${body.archive.url}`)).status, 200);
  } finally {
    child.kill('SIGTERM');
    await ended;
    rmSync(base, { recursive: true, force: true });
  }
});

test('two sites on one state: the second says so', async () => {
  const site = await startSite();
  try {
    await assert.rejects(startSite({ keep: { base: site.base, run: `${site.run}-2`, state: site.state } }).catch((e) => { throw e; }), /another lethe-run/);
  } finally { await site.stop(); }
});

// A site that cannot start, in these folders, which are left as they are.
const second = async (base, run) => spawnSync(join(build, 'bin/lethe-run'), ['--policy', join(root, 'policy/sites/bizimages.xml'), '--state', join(base, 'state-2'), '--run', run,
  '--bin', join(build, 'bin'), '--html', join(root, 'nginx/html'), '--nginx', join(root, 'nginx'), '--listen', `127.0.0.1:${await freePort()}`], { encoding: 'utf8', timeout: 30000 });

test('two sites on one run folder: the second says so, and takes nothing from the first', async () => {
  const site = await startSite();
  try {
    const { status, stderr } = await second(site.base, site.run);
    assert.equal(status, 1);
    assert.match(stderr, /another lethe-run works in the run folder/);
    assert.equal((await generate(site, { description: 'A quiet guest house by a lake.', count: 1 })).status, 200);
  } finally { await site.stop(); }
});

test('a run folder with something else in it is refused and left as it is; what comes into one meanwhile stays, and all else goes', async () => {
  const base = mkdtempSync(join(tmpdir(), 'lethe-mine-'));
  const run = mkdtempSync('/dev/shm/lethe-mine-');
  try {
    writeFileSync(join(run, 'letter.txt'), 'mine');
    const refused = await second(base, run);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /has something else in it, letter\.txt/);
    assert.deepEqual(readdirSync(run), ['letter.txt']);
    rmSync(join(run, 'letter.txt'));
    const site = await startSite({ keep: { base, run, state: join(base, 'state') } });
    writeFileSync(join(run, 'letter.txt'), 'mine');
    await site.stop({ keep: true });
    assert.deepEqual(readdirSync(run), ['letter.txt']);
  } finally { for (const path of [run, base]) rmSync(path, { recursive: true, force: true }); }
});

test('Ctrl-C and SIGTERM stop it cleanly with status 0', async () => {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    const site = await startSite();
    const pids = site.processes().map((p) => p.pid);
    const { code } = await site.stop({ signal });
    assert.equal(code, 0, signal);
    assert.match(site.output(), /\nlethe-run: stopped\n$/, signal);
    for (const pid of pids) assert.throws(() => process.kill(pid, 0));
  }
});

test('each program says at start how it is locked in', async () => {
  const site = await startSite();
  try {
    for (const name of ['generate', 'download', 'rights', 'worker', 'egress'])
      assert.match(site.output(), new RegExp(`^${name}: sandbox: .*seccomp`, 'm'), name);
    for (const name of ['generate', 'download', 'rights', 'worker', 'egress']) {
      const status = readFileSync(`/proc/${site.program(name)}/status`, 'utf8');
      assert.match(status, /^Seccomp:\s+2$/m, name);
      assert.match(status, /^NoNewPrivs:\s+1$/m, name);
    }
  } finally { await site.stop(); }
});

// An address of the policy's: nothing is sent in these tests.
const endpoint = { AZURE_OPENAI_ENDPOINT: 'https://example.openai.azure.com' };
for (const [name, env, words] of [
  ['a key in a file that cannot be read', { ...endpoint, AZURE_OPENAI_API_KEY_FILE: '/nope' }, /^egress: AZURE_OPENAI_API_KEY_FILE: \/nope: No such file/m],
  ['such a file and no address', { AZURE_OPENAI_API_KEY_FILE: '/nope' }, /^egress: AZURE_OPENAI_API_KEY_FILE: \/nope: No such file/m],
  ['an address that the policy does not name', { AZURE_OPENAI_ENDPOINT: 'https://elsewhere.example', AZURE_OPENAI_API_KEY: 'k' }, /^egress: the setting AZURE_OPENAI_ENDPOINT does not fit the policy/m],
  ['a quality that the vendor does not know', { AZURE_OPENAI_IMAGE_QUALITY: 'ultra' }, /^generate: AZURE_OPENAI_IMAGE_QUALITY is ultra/m],
]) {
  test(`${name}: no start, said once and at once`, async () => {
    const start = Date.now();
    await assert.rejects(startSite({ env }), (error) => {
      assert.match(error.output, words);
      assert.match(error.output, /^lethe-run: (?:egress|generate) cannot start/m);
      assert.doesNotMatch(error.output, /starting it again|healthz/);
      assert.equal(error.output.split('\n').filter((line) => words.test(line)).length, 1);
      assert.equal(error.exit.code, 1);
      return true;
    });
    assert.ok(Date.now() - start < 60000, `${Date.now() - start} ms`);
  });
}

for (const [env, missing] of [[endpoint, 'AZURE_OPENAI_API_KEY'], [{ AZURE_OPENAI_API_KEY: 'k' }, 'AZURE_OPENAI_ENDPOINT']]) {
  test(`Azure set up by half: ${missing} is said to be missing, at start and by lethe check`, async () => {
    const site = await startSite({ env });
    try {
      assert.match(site.output(), new RegExp(`^egress: WARNING: azure-openai is set up by half: ${missing} is missing`, 'm'));
      const found = JSON.parse(site.officer(['check', '--format', 'json']).stdout).find((f) => f.check === 'egress' && f.finding.includes('by half'));
      assert.equal(found?.result, 'BROKEN');
      assert.ok(found.finding.includes(`${missing} is missing`), found.finding);
    } finally { await site.stop(); }
  });
}

test('what was left open by whoever starts a program or lethe-run is closed', async () => {
  const left = 'import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); os.dup2(s.fileno(), 0); os.dup2(1, 50); os.execv(sys.argv[2], sys.argv[2:])';
  const site = await startSite({ wrap: ['python3', '-c', 'import os, sys; os.dup2(1, 50); os.execv(sys.argv[1], sys.argv[1:])'] });
  try {
    for (const { pid, name } of [{ pid: site.pid, name: 'lethe-run' }, ...site.processes()]) assert.ok(!readdirSync(`/proc/${pid}/fd`).includes('50'), name);
    for (const name of ['generate', 'download', 'rights', 'worker', 'egress']) {
      const env = { PATH: process.env.PATH, LETHE_STATE: site.state, LETHE_RUN: site.run, LETHE_POLICY: join(root, 'policy/sites/bizimages.xml') };
      const child = spawn('python3', ['-c', left, join(site.base, `${name}.sock`), join(build, 'bin', name)], { env, stdio: ['ignore', 'ignore', 'pipe'] });
      const ended = new Promise((r) => child.once('exit', r));
      let said = '';
      child.stderr.on('data', (d) => { said += d; });
      try {
        await until(() => /sandbox: /.test(said) || child.exitCode !== null, 20000, name);
        assert.match(said, /sandbox: /);
        assert.ok(!readdirSync(`/proc/${child.pid}/fd`).includes('50'), name);
      } finally { child.kill('SIGKILL'); await ended; }
    }
  } finally { await site.stop(); }
});

test('keys reach egress alone', async () => {
  const site = await startSite({ env: { AZURE_OPENAI_API_KEY: 'k-secret-canary', AZURE_OPENAI_ENDPOINT: 'https://example.openai.azure.com' } });
  try {
    for (const { pid, name } of site.processes()) {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      assert.ok(!environment.includes('k-secret-canary'), `${name}: egress takes it and wipes it, the others never see it`);
      assert.ok(!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('secret'));
    }
  } finally { await site.stop(); }
});

test('an ordinary user runs the whole site', { skip: process.getuid() !== 0 && 'this run is one already' }, async () => {
  // A copy that the user may read, and folders that are his.
  const folder = mkdtempSync(join(tmpdir(), 'lethe-user-'));
  chmodSync(folder, 0o755);
  for (const [from, to] of [[join(build, 'bin'), 'bin'], [join(root, 'nginx'), 'nginx'], [join(root, 'policy/sites'), 'sites']])
    cpSync(from, join(folder, to), { recursive: true });
  mkdirSync(join(folder, 'work'));
  const port = await freePort();
  const uid = 65534;
  execFileSync('chown', ['-R', `${uid}:${uid}`, join(folder, 'work')]);
  const child = spawn(join(folder, 'bin/lethe-run'), ['--policy', join(folder, 'sites/bizimages.xml'), '--state', join(folder, 'work/state'),
    '--run', join(folder, 'work/run'), '--bin', join(folder, 'bin'), '--html', join(folder, 'nginx/html'), '--nginx', join(folder, 'nginx'),
    '--listen', `127.0.0.1:${port}`], { uid, gid: uid, cwd: folder, env: { PATH: process.env.PATH, LETHE_SANDBOX: 'kill' } });
  let output = '';
  child.stdout.on('data', (d) => { output += d; });
  child.stderr.on('data', (d) => { output += d; });
  try {
    await until(() => output.includes('Lethe serves bizimages'), 30000, `the site (${output})`);
    const { status, body } = await generate({ url: `http://127.0.0.1:${port}` }, { description: 'A quiet guest house by a lake.', count: 1 });
    assert.equal(status, 200);
    assert.equal((await fetch(`http://127.0.0.1:${port}${body.archive.url}`)).status, 200);
  } finally {
    child.kill('SIGTERM');
    await new Promise((r) => child.once('exit', r));
    rmSync(folder, { recursive: true, force: true });
  }
});

test('no room for another set: /healthz says so, until there is', async (t) => {
  const base = mkdtempSync(join(tmpdir(), 'lethe-full-'));
  const run = join(base, 'run');
  mkdirSync(run);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', run]).status !== 0) {
    rmSync(base, { recursive: true });
    return t.skip('a small file system cannot be mounted here');
  }
  let site;
  try {
    site = await startSite({ keep: { base, run, state: join(base, 'state') } });
    const health = async () => { const answer = await fetch(`${site.url}/healthz`); return [answer.status, await answer.json()]; };
    const policy = (await health())[1].policy;
    assert.deepEqual(await health(), [200, { ok: true, down: [], policy }]);
    spawnSync('dd', ['if=/dev/zero', `of=${join(run, 'spool/full.tmp')}`, 'bs=64k', 'count=200']);
    const { status, body } = await generate(site, { description: 'A quiet guest house by a lake.', count: 1 });
    assert.equal(status, 503);
    assert.match(body.type, /busy/);
    assert.deepEqual(await health(), [503, { ok: false, down: ['space'], policy }]);
    rmSync(join(run, 'spool/full.tmp'));
    assert.equal((await health())[0], 200);
  } finally {
    await site?.stop({ keep: true });
    spawnSync('umount', [run]);
    rmSync(base, { recursive: true, force: true });
  }
});
