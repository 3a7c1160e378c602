// SPDX-License-Identifier: ISC
// Roots of Debian 12 in memory, each in a mount namespace of its own, so that nothing is left whatever happens.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const packages = ['ca-certificates', 'curl', 'fonts-dejavu-core', 'libcairo2', 'libcjson1', 'libcurl4', 'libdeflate0', 'libfcgi0ldbl', 'libharfbuzz0b',
  'libpangocairo-1.0-0', 'libpng16-16', 'librsvg2-2', 'libseccomp2', 'libsqlite3-0', 'libturbojpeg0', 'libwebp7', 'libxml2', 'nginx-light', 'openssl', 'procps',
  'systemd', 'systemd-sysv'];
const tar = join(root, 'build/system/systemd.tar');

// Why no root can be made here, or false.
export function roots() {
  if (process.getuid() !== 0) return 'only root can boot a root of its own';
  if (spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status !== 0) return 'this machine allows no mount namespaces';
  for (const program of ['mmdebstrap', 'systemd-nspawn'])
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) return `${program} is not installed`;
  return false;
}

// Boots the root after `prepare`, a command of sh that finds it in $ROOT; each line that `script` prints in there is a test.
export async function boot(t, prepare, script) {
  const made = spawnSync('sh', ['tests/system/root.sh', tar, ...packages], { cwd: root, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stdout + made.stderr);
  const at = mkdtempSync(join(tmpdir(), 'lethe-system-'));
  try {
    const result = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-euc', `
      mount -t tmpfs -o mode=755 tmpfs "$ROOT"
      tar -xf ${tar} -C "$ROOT"
      { ${prepare}; } >&2
      sh tests/system/boot.sh "$ROOT" ${script}
      cat "$ROOT/result" || { cat "$ROOT/console"; exit 1; }`],
    { cwd: root, env: { ...process.env, ROOT: at, MAKEFLAGS: '' }, encoding: 'utf8', maxBuffer: 1 << 26, timeout: 500000 });
    assert.equal(result.status, 0, result.stdout + result.stderr);
    if (process.env.LETHE_KEEP) writeFileSync(process.env.LETHE_KEEP, result.stdout);
    const lines = result.stdout.split('\n');
    for (const [i, line] of lines.entries()) {
      const [, not, name] = line.match(/^(not )?ok (.*)$/) ?? [];
      if (name === undefined) continue;
      const found = lines.slice(i + 1).findIndex((l) => !l.startsWith('  '));
      await t.test(name, () => assert.ok(!not, lines.slice(i + 1, i + 1 + found).join('\n')));
    }
    assert.match(result.stdout, /^end \d+$/m, `it ended early:\n${result.stdout}`);
  } finally { rmSync(at, { recursive: true, force: true }); }
}
