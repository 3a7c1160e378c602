// SPDX-License-Identifier: ISC
// What whoever took a key of the ledger can make with it: a certificate of what never was, in a tree of its own, of any size.
import { createHash, createPrivateKey, sign } from 'node:crypto';

const sha256 = (...parts) => { const h = createHash('sha256'); for (const part of parts) h.update(part); return h.digest(); };
const canonical = (value) => Array.isArray(value) ? `[${value.map(canonical)}]` : value !== null && typeof value === 'object' ? `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)}}` : JSON.stringify(value);

// `seed`, `line`: what keys/signer/ledger.key and keys/ledger.pub hold.
export function forge(certificate, { seed, line }, size) {
  const [, name, id] = line.match(/^(.+)\+([0-9a-f]{8})\+/);
  const key = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(seed.trim(), 'hex')]), format: 'der', type: 'pkcs8' });
  const { evidence, ...was } = certificate, facts = { ...was, executed_at: '2026-01-01T00:00:00Z' };
  const entry = { ...evidence.entry, index: 0, details: JSON.stringify({ id: facts.cert_id, sha256: sha256(canonical(facts)).toString('hex') }) };
  const path = [];
  let root = sha256(Buffer.of(0), `lethe-ledger/v1\n0\n${entry.at}\n${entry.event}\n${entry.policy}\n${entry.details}\n`, Buffer.alloc(32));
  for (let last = size - 1; last > 0; last = Math.floor(last / 2)) {
    path.push(Buffer.alloc(32, 7));
    root = sha256(Buffer.of(1), root, path.at(-1));
  }
  const text = `${name}\n${size}\n${root.toString('base64')}\n`, signature = sign(null, Buffer.from(text), key);
  const note = `${text}\n— ${name} ${Buffer.concat([Buffer.from(id, 'hex'), signature]).toString('base64')}\n`;
  return { ...facts, evidence: { ...evidence, entry, proof: `c2sp.org/tlog-proof@v1\nindex 0\n${path.map((one) => `${one.toString('base64')}\n`).join('')}\n${note}` } };
}
