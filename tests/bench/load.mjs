// SPDX-License-Identifier: ISC
// Clients: wrk for small answers, and one of our own for pictures, which takes whole sets as a page does and looks at what it gets.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { percentile, seconds } from './rows.mjs';

export function wrk(folder, url, { connections = 32, script = '', time = seconds } = {}) {
  const file = join(folder, 'wrk.lua');
  writeFileSync(file, `${script}
    done = function(summary, latency)
      io.write(string.format("RESULT %f %d %d %d %d %d\\n", summary.requests / (summary.duration / 1e6), latency:percentile(50), latency:percentile(99),
        summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.timeout, summary.bytes))
    end`);
  const out = execFileSync('wrk', ['-t', '1', '-c', String(connections), '-d', `${time}s`, '--timeout', '30s', '-s', file, url], { encoding: 'utf8' });
  const [rate, p50, p99, bad, broken] = out.match(/RESULT (.*)/)[1].split(' ').map(Number);
  return { rate, p50: p50 / 1000, p99: p99 / 1000, errors: bad + broken };
}
export const post = (body, headers) => `
  wrk.method = "POST"; wrk.body = [[${body}]]
  ${Object.entries(headers).map(([k, v]) => `wrk.headers["${k}"] = "${v}"`).join('\n')}`;

// One HTTP/1.1 connection that stays open, without copies of what it receives: each piece is given to `take` and forgotten.
class Connection {
  constructor(port) { this.port = port; }

  open() {
    return new Promise((resolve, reject) => {
      this.socket = connect({ host: '127.0.0.1', port: this.port, noDelay: true, onread: { buffer: Connection.buffer, callback: (n, bytes) => { this.received(bytes.subarray(0, n)); return true; } } }, resolve);
      this.socket.on('error', (error) => { reject(error); this.failed?.(error); });
      this.socket.on('close', () => { this.socket = null; this.failed?.(new Error('closed')); });
    });
  }

  // {status, headers, bytes}; the body goes to take(piece).
  async request(method, path, { headers = {}, body = '', take = () => {} } = {}) {
    if (!this.socket) await this.open();
    return new Promise((resolve, reject) => {
      this.failed = (error) => { this.failed = null; this.socket?.destroy(); reject(error); };
      this.answered = (answer) => { this.failed = null; resolve(answer); };
      this.state = { head: Buffer.alloc(0), take, bytes: 0 };
      const words = Object.entries({ Host: 'localhost', ...headers, ...(body || method === 'POST' ? { 'Content-Length': Buffer.byteLength(body) } : {}) });
      this.socket.write(`${method} ${path} HTTP/1.1\r\n${words.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n${body}`);
    });
  }

  received(bytes) {
    const s = this.state;
    if (!s.headers) {
      s.head = Buffer.concat([s.head, bytes]);
      const end = s.head.indexOf('\r\n\r\n');
      if (end < 0) return;
      bytes = s.head.subarray(end + 4);
      const [first, ...lines] = s.head.subarray(0, end).toString('latin1').split('\r\n');
      s.status = Number(first.split(' ')[1]);
      s.headers = Object.fromEntries(lines.map((l) => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 1).trim()]));
      s.chunked = s.headers['transfer-encoding'] === 'chunked';
      s.left = s.chunked ? 0 : Number(s.headers['content-length'] || 0);
      s.line = '';
    }
    if (s.chunked) this.chunks(bytes);
    else {
      this.piece(bytes.subarray(0, s.left));
      if (s.left === 0) this.end();
    }
  }

  piece(bytes) {
    const s = this.state;
    s.left -= bytes.length;
    s.bytes += bytes.length;
    if (bytes.length) s.take(bytes);
  }

  chunks(bytes) {
    const s = this.state;
    for (let at = 0; at < bytes.length;) {
      if (s.left > 0) {
        const part = bytes.subarray(at, at + s.left);
        this.piece(part);
        at += part.length;
        continue;
      }
      const end = bytes.indexOf(10, at);
      s.line += bytes.toString('latin1', at, end < 0 ? bytes.length : end);
      if (end < 0) return;
      at = end + 1;
      const line = s.line.trim();
      s.line = '';
      if (s.last && line === '') { this.end(); return; }
      if (line === '') continue; // behind a chunk
      s.left = parseInt(line, 16);
      s.last = s.left === 0;
    }
  }

  end() { this.answered?.({ status: this.state.status, headers: this.state.headers, bytes: this.state.bytes }); }
  close() { this.failed = null; this.socket?.destroy(); }
}
Connection.buffer = Buffer.alloc(1 << 18);
export { Connection };

// A set as a page takes it: asked for as JSON or as events, each picture fetched by its URL, or all inline in base64. Gives how many whole
// pictures came; throws where one is missing.
export async function takeSet(connection, { form, count, inline = false, thumbnails = false, least, headers = {} }) {
  const pieces = [];
  const answer = await connection.request('POST', '/api/generate', {
    headers: { 'Content-Type': 'application/json', Accept: form === 'events' ? 'text/event-stream' : 'application/json', ...headers },
    body: JSON.stringify({ description: 'A calm shop for paper and ink.', count, ...(inline ? { images: 'base64' } : {}), thumbnails }),
    take: inline ? undefined : (piece) => pieces.push(Buffer.from(piece)),
  });
  if (answer.status !== 200) throw Object.assign(new Error(`${answer.status} ${Buffer.concat(pieces).toString().slice(0, 200)}`), { status: answer.status });
  if (inline) {
    if (answer.bytes < (count * least * 4) / 3) throw new Error(`only ${answer.bytes} bytes came`);
    return count;
  }
  const urls = [...Buffer.concat(pieces).toString().matchAll(/"url":"(\/pictures\/[^"]+)"/g)].map((m) => m[1]);
  if (urls.length !== count) throw new Error(`${urls.length} of ${count} pictures`);
  for (const url of thumbnails ? urls.flatMap((u) => [`${u}t`, u]) : urls) {
    const picture = await connection.request('GET', url);
    if (picture.status !== 200 || (picture.bytes < least && !url.endsWith('t'))) throw new Error(`picture: ${picture.status}, ${picture.bytes} bytes`);
  }
  return count;
}

// `clients` connections to a port, each doing `one` again and again for `time` seconds: {rate (pictures/s), p50, p99 (ms of one), pictures, errors}.
export async function load(port, one, { clients = 8, time = seconds } = {}) {
  const times = [];
  let pictures = 0;
  let errors = 0;
  let said = false;
  const begin = performance.now();
  const end = begin + time * 1000;
  await Promise.all(Array.from({ length: clients }, async () => {
    const connection = new Connection(port);
    while (performance.now() < end) {
      const start = performance.now();
      try {
        const more = await one(connection);
        pictures += more;
        times.push(performance.now() - start);
      } catch (error) {
        if (!said) console.error(`  ${error.message}`);
        said = true;
        errors++;
        connection.close();
        if (errors > 1000) break;
      }
    }
    connection.close();
  }));
  return { rate: (pictures * 1000) / (performance.now() - begin), p50: percentile(times, 50), p99: percentile(times, 99), pictures, errors };
}
