// SPDX-License-Identifier: ISC
// What `make install` lays down: units that systemd accepts and rates, an nginx configuration that nginx accepts, no test build.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, generate, root, until } from './harness.mjs';

// The rows of the table of programs.
const programs = [...readFileSync(join(root, 'fcgi/ipc/programs.def'), 'utf8').matchAll(/^PROGRAM\((\w+), ("[^"]*", ){3}([A-Z_ |0]*),/gm)]
  .map(([, name, , needs]) => ({ name, vault: needs.includes('VAULT'), online: needs.includes('INTERNET') }));
let to;
const units = () => join(to, 'usr/lib/systemd/system');
before(() => {
  to = mkdtempSync(join(tmpdir(), 'lethe-install-'));
  execFileSync('make', ['-s', 'install', `DESTDIR=${to}`, 'prefix=/usr', 'VARIANT=release'], { cwd: root, stdio: 'pipe', env: { ...process.env, MAKEFLAGS: '' } });
});
after(() => rmSync(to, { recursive: true, force: true }));

test('programs, man pages, policies, units, and no test build', () => {
  for (const file of ['usr/sbin/lethe', 'usr/sbin/lethe-run', 'usr/lib/lethe/generate', 'usr/lib/lethe/egress', 'usr/lib/lethe/worker', 'usr/share/man/man8/lethe.8',
    'usr/share/man/man5/policy.5', 'usr/share/lethe/policies/bizimages.xml', 'usr/share/lethe/html/index.html', 'etc/lethe/policy.xml', 'etc/lethe/nginx.conf',
    'usr/lib/sysusers.d/lethe.conf', 'usr/sbin/lethe-setup', 'usr/share/doc/lethe/LICENSE', 'usr/share/doc/lethe/CHANGELOG.md', 'usr/lib/tmpfiles.d/lethe.conf', 'usr/share/doc/lethe/lethe.cron'])
    assert.ok(existsSync(join(to, file)), file);
  const egress = readFileSync(join(to, 'usr/lib/lethe/egress'));
  assert.ok(!egress.includes('testing build'), 'the build that may reach loopback is not installed');
});

for (const [unit, most] of [...programs.map(({ name, online }) => [name, online ? 12 : 5]), ['prune', 5], ['daily', 5], ['publish', 5], ['init', 5]]) {
  test(`systemd rates lethe-${unit} at most ${most / 10}`, () => {
    const result = spawnSync('systemd-analyze', ['security', '--offline=true', `--root=${to}`, `--threshold=${most}`, '--no-pager', `lethe-${unit}.service`], { encoding: 'utf8' });
    assert.equal(result.status, 0, result.stdout + result.stderr);
    assert.ok(!/ignoring/i.test(result.stderr), result.stderr);
  });
}

test('a unit and a socket for each program; none writes the policy in force, what is published, or beside the archives', () => {
  assert.ok(programs.length >= 5 && programs.some((p) => p.vault) && programs.some((p) => p.online));
  for (const { name, vault, online } of programs) {
    assert.ok(existsSync(join(to, 'usr/lib/lethe', name)), name);
    assert.match(readFileSync(join(units(), `lethe-${name}.socket`), 'utf8'), new RegExp(`^ListenStream=/run/lethe/${name}\\.sock$`, 'm'));
    assert.match(readFileSync(join(units(), 'lethe.target'), 'utf8'), new RegExp(`\\blethe-${name}\\.socket\\b`));
    const unit = readFileSync(join(units(), `lethe-${name}.service`), 'utf8');
    const paths = (setting) => [...unit.matchAll(new RegExp(`^${setting}=(.*)$`, 'gm'))].flatMap((m) => m[1].split(' '));
    assert.equal(/^PrivateNetwork=yes$/m.test(unit), !online, name);
    assert.equal(paths('LoadCredential').includes('LETHE_MASTER_KEY:/etc/lethe/master.key'), vault, name);
    const writes = paths('ReadWritePaths');
    assert.deepEqual(paths('BindPaths').sort(), [...writes].sort(), name);
    for (const path of writes) assert.ok((vault && ['/var/lib/lethe', '/run/lethe/spool'].includes(path)) || /^\/var\/lib\/lethe\/(?!policy|publish)\w+$/.test(path), `${name}: ${path}`);
    if (vault) assert.deepEqual(paths('ReadOnlyPaths'), ['/var/lib/lethe/policy', '/var/lib/lethe/publish'], name);
  }
  // The officer's units may.
  assert.doesNotMatch(readFileSync(join(units(), 'lethe-publish.service'), 'utf8'), /^ReadOnlyPaths/m);
});

test('every program starts from an empty root, and what calls systemctl can reach systemd from there', () => {
  const hardening = readFileSync(join(units(), 'lethe-.service.d/hardening.conf'), 'utf8');
  assert.match(hardening, /^TemporaryFileSystem=\/:ro \/run:ro$/m);
  assert.match(readFileSync(join(units(), 'lethe-egress.service'), 'utf8'), /^BindReadOnlyPaths=\/etc /m, 'a new resolv.conf is seen');
  for (const file of readdirSync(units()).filter((name) => /^lethe-.*\.service$/.test(name))) {
    const unit = hardening + readFileSync(join(units(), file), 'utf8');
    // Both mount "/", and of two mounts of one folder systemd makes one: the other.
    assert.doesNotMatch(unit, /^ProtectSystem=(?!no$)/m, file);
    if (/^Exec.*systemctl/m.test(unit)) assert.match(unit, /^BindReadOnlyPaths=\/run\/systemd\/private \/run\/systemd\/system$/m, file);
  }
});

test('systemd understands every line of the units', () => {
  for (const file of readdirSync(units())) {
    if (!/\.(service|socket|timer|target)$/.test(file)) continue;
    const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', join(units(), file)], { encoding: 'utf8' });
    const odd = stderr.split('\n').filter((l) => l.includes(to) && /ignoring|unknown|invalid|failed to parse/i.test(l));
    assert.deepEqual(odd, [], file);
  }
  const calendar = spawnSync('systemd-analyze', ['calendar', 'minutely', '*-*-* 03:10:00', '*-*-* 00:05:00']);
  assert.equal(calendar.status, 0);
});

test('sysusers, tmpfiles and cron files are well-formed', () => {
  const users = spawnSync('systemd-sysusers', ['--dry-run', '--root', to, join(to, 'usr/lib/sysusers.d/lethe.conf')], { encoding: 'utf8' });
  if (!users.error) assert.equal(users.status, 0, users.stderr);
  const cron = readFileSync(join(to, 'usr/share/doc/lethe/lethe.cron'), 'utf8').split('\n').filter((l) => /^[\d*]/.test(l));
  assert.equal(cron.length, 4);
  for (const line of cron) assert.match(line, /^(\S+\s+){5}lethe\s+lethe /);
});

test('the README shows nothing that is not installed beside it', () => {
  const doc = join(to, 'usr/share/doc/lethe');
  const pictures = [...readFileSync(join(doc, 'README.md'), 'utf8').matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map((m) => m[1]);
  assert.ok(pictures.length > 0);
  for (const picture of pictures) assert.ok(existsSync(join(doc, picture)), picture);
});

test('units forget where a lethe-run worked before them', () => {
  assert.match(readFileSync(join(units(), 'lethe-init.service'), 'utf8'), /^ExecStartPre=\S*rm -f \/var\/lib\/lethe\/run\.env$/m);
});

test('without systemd: an installed lethe-run serves, and what cron runs finds the folder that it works in', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-cron-'));
  const state = join(folder, 'state');
  const key = join(folder, 'master.key');
  writeFileSync(key, `${'5a'.repeat(32)}\n`, { mode: 0o400 });
  const port = await freePort();
  const share = join(to, 'usr/share/lethe');
  const child = spawn(join(to, 'usr/sbin/lethe-run'), ['--policy', join(to, 'etc/lethe/policy.xml'), '--state', state, '--bin', join(to, 'usr/lib/lethe'), '--html', join(share, 'html'),
    '--nginx', join(share, 'nginx'), '--listen', `127.0.0.1:${port}`], { env: { PATH: process.env.PATH, LETHE_MASTER_KEY_FILE: key }, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((r) => child.once('exit', r));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (d) => { output += d; });
  try {
    await until(() => output.includes('Lethe serves') || child.exitCode !== null, 30000, 'the site');
    assert.match(output, /Lethe serves bizimages/);
    const run = readFileSync(join(state, 'run.env'), 'utf8').match(/^LETHE_RUN=(.+)$/m)[1];
    assert.match(run, /^\/dev\/shm\//);
    const { status } = await generate({ url: `http://127.0.0.1:${port}` }, { description: 'A quiet guest house by a lake.', count: 1 });
    assert.equal(status, 200);
    assert.equal(readdirSync(join(run, 'spool')).length, 1);
    // As cron would: its own environment and nothing else. Only where the site is differs from an installed one.
    const text = readFileSync(join(to, 'usr/share/doc/lethe/lethe.cron'), 'utf8');
    const env = { LETHE_STATE: state };
    for (const [, name, value] of text.matchAll(/^([A-Z_]+)=(.*)$/gm)) env[name] = value;
    env.PATH = `${join(to, 'usr/sbin')}:${env.PATH}`;
    const commands = [...text.matchAll(/^[\d*](?:\S*\s+){5}lethe\s+(.+)$/gm)].map((m) => m[1]);
    const cron = (command, wrap = []) => {
      const [program, ...words] = [...wrap, env.SHELL, '-c', command];
      return spawnSync(program, words, { env, encoding: 'utf8' });
    };
    assert.match(commands[0], /^lethe prune --ahead/);
    for (const command of commands) {
      const result = cron(command);
      assert.equal(result.stderr, '', command);
      assert.deepEqual(result.stdout.split('\n').filter((line) => /^BROKEN/.test(line)), [], command);
    }
    const pruned = cron(commands[0], ['faketime', '-f', '+1h']);
    assert.equal(pruned.stderr + pruned.stdout, '', 'nothing to be mailed');
    assert.equal(pruned.status, 0);
    assert.deepEqual(readdirSync(join(run, 'spool')), [], 'the archive that was due is gone from memory');
  } finally {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
});

test('elsewhere: every installed file follows prefix and sysconfdir, and the programs find what is theirs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-prefix-'));
  try {
    // A build folder of its own: the programs are linked anew, and other tests run those of this one.
    const build = join(folder, 'build');
    cpSync(join(root, 'build/release'), join(build, 'release'), { recursive: true, preserveTimestamps: true });
    const [prefix, etc] = [join(folder, 'opt'), join(folder, 'opt/etc')];
    execFileSync('make', ['-s', 'install', `B=${build}`, `prefix=${prefix}`, `sysconfdir=${etc}`, 'VARIANT=release'],
      { cwd: root, stdio: 'pipe', env: { ...process.env, MAKEFLAGS: '' } });
    const files = readdirSync(prefix, { recursive: true }).map((name) => join(prefix, name)).filter((file) => statSync(file).isFile());
    assert.ok(files.length > 60, `${files.length} files`);
    for (const file of files) {
      const text = readFileSync(file, 'latin1').replaceAll(`${etc}/`, '').replaceAll(`${prefix}/`, '');
      assert.deepEqual(text.match(/(?:\/usr\/(?:lib|sbin|share)|\/etc)\/lethe\b.{0,40}/g), null, file);
    }
    const unit = (name) => readFileSync(join(prefix, 'lib/systemd/system', name), 'utf8');
    assert.ok(unit('lethe-egress.service').includes(`ExecStart=${prefix}/lib/lethe/egress\n`));
    assert.ok(unit('lethe-.service.d/hardening.conf').includes(`BindReadOnlyPaths=/usr ${prefix} /lib /lib64 -${etc}/lethe `), 'the programs see themselves');
    assert.ok(readFileSync(join(prefix, 'share/doc/lethe/lethe.cron'), 'utf8').includes(`\nPATH=${prefix}/sbin:/usr/sbin:`));
    const env = { PATH: process.env.PATH, LETHE_STATE: join(folder, 'state'), LETHE_RUN: join(folder, 'run') };
    for (const words of [['keys', 'init'], ['publish']]) {
      const result = spawnSync(join(prefix, 'sbin/lethe'), words, { env, encoding: 'utf8' });
      assert.equal(result.status, 0, result.stdout + result.stderr);
    }
  } finally { rmSync(folder, { recursive: true, force: true }); }
});

// As on a machine where make install ran before, and somebody edited.
const again = (folder, ...words) => spawnSync('make', ['-s', 'install', `DESTDIR=${folder}`, 'VARIANT=release', ...words], { cwd: root, encoding: 'utf8', env: { ...process.env, MAKEFLAGS: '' } });

test('installed again: names are remembered, what was edited stays, the new one is beside it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-again-'));
  const etc = join(folder, 'etc/lethe');
  const read = (name) => readFileSync(join(etc, name), 'utf8');
  try {
    assert.equal(again(folder, 'SERVER_NAME=images.example', 'CERT=/srv/my certificates/cert.pem', 'CERT_KEY=/srv/key.pem').status, 0);
    assert.match(read('nginx.conf'), /server_name images\.example;/);
    assert.match(read('nginx.conf'), /ssl_certificate "\/srv\/my certificates\/cert\.pem";/);
    const first = read('nginx.conf');
    writeFileSync(join(etc, 'lethe.env'), `${read('lethe.env')}# mine\n`);
    const result = again(folder);
    assert.equal(result.status, 0, result.stderr);
    assert.equal(read('nginx.conf'), first);
    assert.match(read('lethe.env'), /^# mine$/m);
    assert.ok(!existsSync(join(etc, 'lethe.env.new')), 'this version has nothing new');
    writeFileSync(join(etc, 'nginx.conf'), `${first}# mine\n`);
    assert.match(again(folder, 'SERVER_NAME=other.example').stdout, /nginx\.conf was edited and stays as it is/);
    assert.match(read('nginx.conf'), /# mine/);
    assert.match(read('nginx.conf.new'), /server_name other\.example;/);
    assert.match(read('nginx.conf.new'), /ssl_certificate "\/srv\/my certificates/);
    for (const name of ['', 'a;b', 'a"b', '$a'])
      assert.match(again(folder, `SERVER_NAME=${name.replace('$', '$$')}`).stderr, /SERVER_NAME is (empty|no name)/, name);
    const gone = spawnSync('make', ['-s', 'uninstall', `DESTDIR=${folder}`], { cwd: root, encoding: 'utf8', env: { ...process.env, MAKEFLAGS: '' } });
    assert.equal(gone.status, 0, gone.stderr);
    assert.deepEqual(readdirSync(join(folder, 'usr'), { recursive: true }).filter((name) => statSync(join(folder, 'usr', name)).isFile()), []);
    assert.match(read('nginx.conf'), /# mine/);
  } finally { rmSync(folder, { recursive: true, force: true }); }
});

test('every program says which version it is, and shells complete its commands', () => {
  const version = readFileSync(join(root, 'Makefile'), 'utf8').match(/^VERSION := (.+)$/m)[1];
  for (const file of ['sbin/lethe', 'sbin/lethe-run', 'sbin/lethe-setup', ...programs.map(({ name }) => `lib/lethe/${name}`)])
    assert.equal(execFileSync(join(to, 'usr', file), ['--version'], { encoding: 'utf8' }), `${file.split('/').pop()} (Lethe) ${version}\n`);
  const complete = (line) => execFileSync('bash', ['-c', '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lethe; echo "${COMPREPLY[*]}"',
    join(to, 'usr/share/bash-completion/completions/lethe'), 'lethe', ...line], { encoding: 'utf8' }).trim();
  assert.equal(complete(['po']), 'policy');
  assert.match(complete(['policy', '']), /\blint\b.*\bdiff\b.*--state/);
  assert.equal(complete(['check', '--format', 'j']), 'json');
  for (const [file, sign] of [['zsh/vendor-completions/_lethe', '#compdef lethe'], ['fish/vendor_completions.d/lethe.fish', 'complete -c lethe']])
    assert.ok(readFileSync(join(to, 'usr/share', file), 'utf8').includes(sign), file);
});

test('nginx accepts the installed configuration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-nginx-'));
  try {
    mkdirSync(join(folder, 'run/nginx'), { recursive: true });
    const env = { PATH: process.env.PATH, LETHE_STATE: join(folder, 'state'), LETHE_RUN: join(folder, 'run'), LETHE_POLICY: join(to, 'etc/lethe/policy.xml'),
      LETHE_HTML: join(to, 'usr/share/lethe/html') };
    for (const words of [['keys', 'init'], ['publish']]) assert.equal(spawnSync(join(to, 'usr/sbin/lethe'), words, { env }).status, 0, words.join(' '));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
      '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')], { stdio: 'pipe' });
    execFileSync('sh', ['-c', `
      mkdir -p ${folder}/snippets
      for f in ${to}/etc/lethe/snippets/*.conf ${to}/etc/lethe/nginx.conf; do
        out=${folder}/snippets/$(basename $f); [ $(basename $f) = nginx.conf ] && out=${folder}/nginx.conf
        sed 's|/etc/lethe/snippets|${folder}/snippets|g; s|/run/lethe|${folder}/run|g; s|/var/lib/lethe|${folder}/state|g; s|/etc/lethe/tls/|${folder}/|g' $f > $out
      done`]);
    const result = spawnSync('/usr/sbin/nginx', ['-t', '-q', '-c', join(folder, 'nginx.conf'), '-p', folder, '-e', 'stderr'], { encoding: 'utf8' });
    assert.equal(result.status, 0, result.stderr);
    const conf = readFileSync(join(folder, 'nginx.conf'), 'utf8') + readFileSync(join(folder, 'snippets/http.conf'), 'utf8');
    assert.ok(!/@[A-Z_]+@/.test(conf), 'every placeholder is filled');
    assert.match(conf, /access_log off/);
    assert.match(conf, /error_log \S+ crit/);
    assert.match(conf, /ssl_protocols TLSv1\.2 TLSv1\.3/);
  } finally { rmSync(folder, { recursive: true, force: true }); }
});
