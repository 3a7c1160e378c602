// SPDX-License-Identifier: ISC
// The README's two commands on a machine that has nothing: a Debian 12 of its own, without systemd, /tmp in memory, the clone in /root.
// LETHE_SYSTEM=whole compiles in there too, and tries what `make test` begins with, which takes some minutes more.
import { test } from 'node:test';
import { freePort } from '../site/harness.mjs';
import { bare, roots } from './support.mjs';

test('make run on a bare machine', { skip: roots() }, async (t) => { await bare(t, 'tests/system/bare.sh', { PORT: String(await freePort()), WHOLE: process.env.LETHE_SYSTEM === 'whole' ? '1' : '' }); });
