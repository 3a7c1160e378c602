// SPDX-License-Identifier: ISC
// `make bench` is run seldom; that its programs still work is seen here, on little data. What they measure decides nothing.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, root } from './harness.mjs';

const folder = mkdtempSync(join(tmpdir(), 'lethe-bench-'));
const run = (name, ...words) => JSON.parse(execFileSync(join(build, 'bench', name), words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 120000 }).trim().split('\n').at(-1));

test('the programs of the bench run on little data', () => {
  try {
    const store = run('vault_bench', folder, '1500');
    assert.equal(store.pruned_rows, 100);
    assert.equal(store.plain_deleted_rows, 100);
    mkdirSync(join(folder, 'check'));
    assert.equal(run('check_bench', join(root, 'policy/sites/bizimages.xml'), join(folder, 'check'), '20000').records, 20000);
    assert.ok(run('policy_bench').lint_ms > 0);
    assert.ok(run('picture_bench', folder, '1').eight_at_once_ms > 0);
  } finally { rmSync(folder, { recursive: true, force: true }); }
});
