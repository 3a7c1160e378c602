// SPDX-License-Identifier: ISC
// A Debian 12 of its own with a real systemd, booted in a container: what `make install` lays down serves, is confined, comes back, is checked.
import { test } from 'node:test';
import { boot, roots } from './support.mjs';

const why = roots();
test('make install under a real systemd', { skip: why }, async (t) => {
  await boot(t, 'make -s install DESTDIR="$ROOT" SERVER_NAME=localhost && install -m 755 tests/system/install.sh "$ROOT/install" && chroot "$ROOT" /install',
    'tests/system/booted.sh');
});
