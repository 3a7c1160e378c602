// SPDX-License-Identifier: ISC
// What `make install` lays down: units that systemd accepts and rates, an nginx configuration that nginx accepts, no test build.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './harness.mjs';

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
    'usr/lib/sysusers.d/lethe.conf', 'usr/lib/tmpfiles.d/lethe.conf', 'usr/share/doc/lethe/lethe.cron'])
    assert.ok(existsSync(join(to, file)), file);
  const egress = readFileSync(join(to, 'usr/lib/lethe/egress'));
  assert.ok(!egress.includes('testing build'), 'the build that may reach loopback is not installed');
});

for (const [unit, most] of [['generate', 5], ['download', 5], ['rights', 5], ['worker', 5], ['prune', 5], ['daily', 5], ['publish', 5], ['init', 5], ['egress', 12]]) {
  test(`systemd rates lethe-${unit} at most ${most / 10}`, () => {
    const result = spawnSync('systemd-analyze', ['security', '--offline=true', `--root=${to}`, `--threshold=${most}`, '--no-pager', `lethe-${unit}.service`], { encoding: 'utf8' });
    assert.equal(result.status, 0, result.stdout + result.stderr);
    assert.ok(!/ignoring/i.test(result.stderr), result.stderr);
  });
}

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
  assert.equal(cron.length, 3);
  for (const line of cron) assert.match(line, /^(\S+\s+){5}lethe\s+lethe /);
});

test('nginx accepts the installed configuration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-nginx-'));
  try {
    mkdirSync(join(folder, 'run/nginx'), { recursive: true });
    mkdirSync(join(folder, 'state/publish/nginx'), { recursive: true });
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
      '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')], { stdio: 'pipe' });
    execFileSync('sh', ['-c', `
      mkdir -p ${folder}/snippets
      for f in ${to}/etc/lethe/snippets/*.conf ${to}/etc/lethe/nginx.conf; do
        out=${folder}/snippets/$(basename $f); [ $(basename $f) = nginx.conf ] && out=${folder}/nginx.conf
        sed 's|/etc/lethe/snippets|${folder}/snippets|g; s|/run/lethe|${folder}/run|g; s|/var/lib/lethe|${folder}/state|g; s|/etc/lethe/tls/|${folder}/|g' $f > $out
      done; : > ${folder}/state/publish/nginx/headers.conf`]);
    const result = spawnSync('/usr/sbin/nginx', ['-t', '-q', '-c', join(folder, 'nginx.conf'), '-p', folder, '-e', 'stderr'], { encoding: 'utf8' });
    assert.equal(result.status, 0, result.stderr);
    const conf = readFileSync(join(folder, 'nginx.conf'), 'utf8') + readFileSync(join(folder, 'snippets/http.conf'), 'utf8');
    assert.ok(!/@[A-Z_]+@/.test(conf), 'every placeholder is filled');
    assert.match(conf, /access_log off/);
    assert.match(conf, /error_log \S+ crit/);
    assert.match(conf, /ssl_protocols TLSv1\.2 TLSv1\.3/);
  } finally { rmSync(folder, { recursive: true, force: true }); }
});
