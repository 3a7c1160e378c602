// SPDX-License-Identifier: ISC
// `make bench` is run seldom; that every group of it still works is seen here, on little data. What is measured decides nothing, but what must
// hold whatever the speed does.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './harness.mjs';

const folder = mkdtempSync(join(tmpdir(), 'lethe-bench-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const little = {
  bytes: {}, policy: {}, gateway: {}, pictures: {}, download: {},
  store: { ROWS: '1500' }, growth: { SETS: '3000', YEARS: '20,10,1,1' }, check: { RECORDS: '20000' }, rights: { SUBJECT_RECORDS: '300,1000', LOG_ROWS: '1400' }, waiting: { WAITING: '20', BEGUN_WITHIN_MS: '200' }, egress: { CALLS: '50', UPSTREAM_MS: '400' }, burst: { BURST: '3' }, slow: { SLOW: '4000:1' }, phone: { PHONE: '1' },
};
const rowsOf = {};

test('every group but the built-in pictures, of which there are many, has its little data', () => {
  assert.deepEqual([...Object.keys(little), 'sketch'].sort(), readdirSync(join(root, 'tests/bench/groups')).map((f) => f.replace('.mjs', '')).sort());
});

for (const [group, env] of Object.entries(little))
  test(`bench: ${group}`, async () => {
    const results = join(folder, `${group}.json`);
    await promisify(execFile)(process.execPath, [join(root, 'tests/bench/bench.mjs'), group], { env: { ...process.env, SECONDS: '1', ROUNDS: '1', RESULTS: results, ...env }, timeout: 180000 });
    const rows = rowsOf[group] = JSON.parse(readFileSync(results, 'utf8')).rows;
    assert.ok(rows.length > 0);
    for (const r of rows) {
      assert.equal(r.group, group);
      assert.equal(typeof r.value, 'number', r.what);
      assert.ok(Number.isFinite(r.value), r.what);
      assert.equal(r.errors || 0, 0, r.what);
      if (r.aim?.startsWith('=')) assert.equal(r.value, Number(r.aim.slice(2)), r.what);
    }
  });

test('what was counted is what was there', () => {
  assert.match(rowsOf.store.map((r) => r.what).join('\n'), /pruning a day \(100 rows\) out of 15 with 1500 rows/);
  assert.match(rowsOf.check[0].what, /20000 records/);
  assert.equal(rowsOf.burst[0].value, 3);
  assert.deepEqual(rowsOf.slow[0].detail.breaks, 1);
});
