// SPDX-License-Identifier: ISC
// Roots of Debian 12 in memory, each in a mount namespace of its own, so that nothing is left whatever happens.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
// The package, made once: what it depends on is what the root needs.
let made;
export const deb = () => (made ??= execFileSync('make', ['-s', 'deb'], { cwd: root, encoding: 'utf8', env: { ...process.env, MAKEFLAGS: '' } }).trim().split('\n').pop());
const depends = () => [...execFileSync('dpkg-deb', ['-f', deb(), 'Depends'], { encoding: 'utf8' }).matchAll(/(?:^|, )([a-z0-9][a-z0-9.+-]*)/g)].map((m) => m[1]);

// Why no root can be made here, or false.
export function roots() {
  if (process.getuid() !== 0) return 'only root can boot a root of its own';
  if (spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status !== 0) return 'this machine allows no mount namespaces';
  for (const program of ['mmdebstrap', 'systemd-nspawn'])
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) return `${program} is not installed`;
  return false;
}

// A root of these packages, in $ROOT; `commands` end with the result on standard output: each line of a check is a test.
async function inRoot(t, name, packages, commands, env = {}) {
  const tar = join(root, `build/system/${name}-${createHash('sha256').update(packages.join()).digest('hex').slice(0, 8)}.tar`);
  const made = spawnSync('sh', ['tests/system/root.sh', tar, ...packages], { cwd: root, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stdout + made.stderr);
  const at = mkdtempSync(join(tmpdir(), 'lethe-system-'));
  try {
    const result = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-euc', `mount -t tmpfs -o mode=755 tmpfs "$ROOT"; tar -xf "${tar}" -C "$ROOT"; ${commands}`],
      { cwd: root, env: { ...process.env, ...env, ROOT: at, TAR: tar, MAKEFLAGS: '' }, encoding: 'utf8', maxBuffer: 1 << 26, timeout: env.WHOLE ? 3600000 : 580000 });
    assert.equal(result.status, 0, result.stdout + result.stderr);
    const lines = result.stdout.split('\n');
    for (const [i, line] of lines.entries()) {
      const [, not, check] = line.match(/^(not )?ok (.*)$/) ?? [];
      if (check === undefined) continue;
      const found = lines.slice(i + 1).findIndex((l) => !l.startsWith('  '));
      await t.test(check, () => assert.ok(!not, lines.slice(i + 1, i + 1 + found).join('\n')));
    }
    assert.match(result.stdout, /^end \d+$/m, `it ended early:\n${result.stdout}`);
  } finally { rmSync(at, { recursive: true, force: true }); }
}

// Boots the root after `prepare`, commands of sh, and runs the script in it.
export const boot = (t, prepare, script) => inRoot(t, 'systemd', [...depends(), 'curl', 'procps', 'systemd-sysv'], `
  mount -t proc proc "$ROOT/proc"
  ( ${prepare} ) >&2
  umount "$ROOT/proc"
  sh tests/system/boot.sh "$ROOT" ${script}
  cat "$ROOT/result" || { cat "$ROOT/console"; exit 1; }`);

// The script in a root with git and make, apt's settings of this machine, and a clone in /root/lethe. Without a process namespace of its own what
// is left over would go on: it ends with the script.
export const bare = (t, script, env) => inRoot(t, 'bare', ['ca-certificates', 'git', 'make'], `
  cp /etc/resolv.conf "$ROOT/etc/"; cp /etc/ssl/certs/ca-certificates.crt "$ROOT/etc/ssl/certs/"
  rm -f "$ROOT"/etc/apt/sources.list.d/*; cp "$TAR.list" "$ROOT/etc/apt/sources.list"
  apt-config dump Acquire | grep -i '::proxy ' > "$ROOT/etc/apt/apt.conf.d/99proxy" || true
  npm config get registry 2>/dev/null | sed 's/^/registry=/' > "$ROOT/root/.npmrc" || true
  for folder in sys dev; do mount --rbind "/$folder" "$ROOT/$folder"; done
  mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
  git clone -q --no-hardlinks . "$ROOT/root/lethe"; chmod 700 "$ROOT/root"
  # Unless all is wanted, what was compiled here is taken over.
  [ -n "$WHOLE" ] || { find "$ROOT/root/lethe" -exec touch -h -d 2000-01-01 {} +; mkdir "$ROOT/root/lethe/build"; cp -a build/release "$ROOT/root/lethe/build/"; }
  install -m 755 ${script} "$ROOT/script"; install -m 644 tests/system/checks.sh "$ROOT/checks"
  unshare --pid --fork --kill-child --mount-proc="$ROOT/proc" chroot "$ROOT" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin PORT="$PORT" WHOLE="$WHOLE" \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt /script`, env);
