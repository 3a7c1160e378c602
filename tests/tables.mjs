// SPDX-License-Identifier: ISC
// The tables that name tests: the README's promises, trust.txt, and the changes of mutations.mjs; and whether what they name is there.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

// How much a test of trust.txt tries, as trust_size() of tests/unit/test.h: LETHE_TRUST percent of `full`, and never less than `quick`.
export const trustSize = (quick, full) => Math.max(quick, Math.floor((Number(process.env.LETHE_TRUST || 0) / 100) * full));
export const trustSeed = (usual) => Number(process.env.LETHE_TRUST_SEED || usual) >>> 0;

// "X_test", "visit" and the like.
export const testFile = (name) => ['unit', 'site', 'browser'].map((d) => `tests/${d}/${name}${d === 'unit' ? '.c' : '.test.mjs'}`).find((f) => existsSync(join(root, f)));

export function hasTest(file, name) {
  if (!existsSync(join(root, file))) return false;
  const text = readFileSync(join(root, file), 'utf8');
  return file.endsWith('.c') ? new RegExp(`^(static void ${name.replaceAll(' ', '_')}\\(void \\*\\*state\\)|ENGINE_TEST\\(${name.replaceAll(' ', '_')}\\))`, 'm').test(text)
    : text.includes(`test('${name.replaceAll("'", "\\'")}`) || text.includes(`test(\`${name}`);
}

// [{row, what, tests: [[file, name]], awake}]; `awake` is "mutation" or such a pair.
export function trustRows() {
  const pair = (text) => {
    const [, path, name] = text.trim().match(/^(\S+) "(.+)"$/) ?? [null, text.trim(), ''];
    return [`${path}${path.startsWith('unit/') ? '.c' : '.test.mjs'}`, name];
  };
  return readFileSync(join(root, 'tests/trust.txt'), 'utf8').split('\n').filter((l) => l && !l.startsWith('#')).map((line) => {
    const [row, what, tests, awake] = line.split(' | ');
    return { row, what, tests: (tests ?? '').match(/\S+ "[^"]+"/g)?.map(pair) ?? [], awake: awake === 'mutation' ? awake : pair(awake ?? '') };
  });
}
