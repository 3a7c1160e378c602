// SPDX-License-Identifier: ISC
// An upstream over HTTP/2 and TLS whose pictures take a while: prompts at once, images after `DELAY_MS`. Prints its port.
import { createSecureServer } from 'node:http2';
import { readFileSync } from 'node:fs';

const delay = Number(process.env.DELAY_MS || 10000);
const image = readFileSync(process.env.IMAGE).toString('base64');
const prompts = { choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: JSON.stringify({ prompts: ['A calm still life with paper and light.'] }) } }] };
const answers = { chat: JSON.stringify(prompts), image: JSON.stringify({ created: 1, data: [{ b64_json: image }] }) };

const server = createSecureServer({ key: readFileSync(process.env.KEY), cert: readFileSync(process.env.CERT), settings: { maxConcurrentStreams: 250 } });
server.on('stream', (stream, headers) => {
  const chat = headers[':path'].includes('chat');
  stream.on('error', () => {});
  stream.resume();
  setTimeout(() => {
    if (stream.destroyed) return;
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
    stream.end(chat ? answers.chat : answers.image);
  }, chat ? 0 : delay);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
