// SPDX-License-Identifier: ISC
// A Debian 12 of its own with a real systemd, booted in a container: what `make install` lays down serves, is confined, comes back, is checked.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { boot, deb, roots } from './support.mjs';

const why = roots();
test('make install under a real systemd', { skip: why }, async (t) => {
  await boot(t, 'install -m 755 build/release/site/inside "$ROOT/inside"; cp fcgi/ipc/programs.def "$ROOT/"; make -s install DESTDIR="$ROOT" SERVER_NAME=localhost && chroot "$ROOT" sh -ec "lethe-setup; nginx -t -q -c /etc/lethe/nginx.conf; systemctl -q disable nginx; systemctl -q enable lethe.target"',
    'tests/system/booted.sh');
});

test('make deb: installed, upgraded, removed, purged', { skip: why }, async (t) => {
  await t.test('lintian finds nothing', () => {
    const { stdout } = spawnSync('lintian', ['--no-cfg', '--allow-root', '--tag-display-limit', '0', deb()], { encoding: 'utf8' });
    assert.equal(stdout, '');
  });
  // The version before: other text in a file that each of dpkg and lethe-setup looks after.
  await boot(t, `cp ${deb()} "$ROOT/new.deb"; mkdir "$ROOT/old"; dpkg-deb -R ${deb()} "$ROOT/old"; cd "$ROOT/old"
    sed -i 's/^Version: .*/Version: 0.8.0-1/' DEBIAN/control; sed -i 's/ 0\\.9\\.0$/ 0.8.0/; s/^version=.*/version=0.8.0/' usr/sbin/lethe-setup
    echo '# of 0.8.0' >> etc/lethe/lethe.env; echo '# of 0.8.0' >> usr/share/lethe/nginx/lethe.conf; echo '# of 0.8.0' >> usr/share/lethe/nginx/snippets/http.conf
    dpkg-deb --root-owner-group -b . ../old.deb; cd /; rm -r "$ROOT/old"; chroot "$ROOT" systemctl -q disable nginx`, 'tests/system/packaged.sh');
});
