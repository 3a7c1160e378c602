// SPDX-License-Identifier: ISC
// What tests/trust.txt names is there, and nothing of it is asleep.
import test from 'node:test';
import assert from 'node:assert/strict';
import { hasTest, trustRows } from '../tables.mjs';
import { mutations } from '../mutations.mjs';

test('every row names tests that are there, and what shows that they are awake', () => {
  const rows = trustRows(), faults = [];
  assert.ok(rows.filter((r) => /^\d+$/.test(r.row)).length >= 24 && rows.filter((r) => /^[a-z]$/.test(r.row)).length >= 21);
  assert.equal(new Set(rows.map((r) => r.row)).size, rows.length);
  for (const r of rows) {
    if (r.tests.length === 0) faults.push(`row ${r.row} names no test`);
    for (const [file, name] of [...r.tests, ...(r.awake === 'mutation' ? [] : [r.awake])])
      if (!name || !hasTest(`tests/${file}`, name)) faults.push(`row ${r.row}: tests/${file} has no test “${name}”`);
    if (r.awake === 'mutation' && !mutations.some((m) => r.tests.some(([file, name]) => m.test[0] === file && m.test[1] === name)))
      faults.push(`row ${r.row}: no change of mutations.mjs must be noticed by one of its tests`);
  }
  assert.deepEqual(faults, []);
});
