// SPDX-License-Identifier: ISC
// Pictures that vendors' stand-ins send: small ones, and ones as large as they really are.
import { createHash } from 'node:crypto';
import { crc32 as zlibCrc32, deflateSync } from 'node:zlib';

function crc32(bytes) {
  if (zlibCrc32) return zlibCrc32(bytes);
  let c = ~0;
  for (const b of bytes) { c ^= b; for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (0xedb88320 & -(c & 1)); }
  return ~c >>> 0;
}

// An RGB picture whose values have so many bits of noise: with 5, a PNG of 1024×1024 takes 2 MB, as photographs do.
export function png(width, height, noiseBits = 0) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), body.length + 4);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc((width * 3 + 1) * height, 0x80);
  let chaos = 12345;
  for (let y = 0; y < height; y++) {
    const start = y * (width * 3 + 1);
    rows[start] = 0; // no filter
    for (let x = 1; noiseBits > 0 && x <= width * 3; x++) {
      chaos = (Math.imul(chaos, 1664525) + 1013904223) >>> 0;
      rows[start + x] = 0x40 + (chaos >>> (32 - noiseBits));
    }
  }
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows, { level: 1 })), chunk('IEND', Buffer.alloc(0))]);
}

// A hash of all that makes the pixels of a PNG: the same for a marked picture as for the one that the vendor sent.
export function pixelsHash(bytes) {
  const hash = createHash('sha256');
  for (let at = 8; at + 12 <= bytes.length;) {
    const size = bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT') hash.update(bytes.subarray(at + 8, at + 8 + size));
    at += size + 12;
  }
  return hash.digest('hex');
}
