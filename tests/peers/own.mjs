// SPDX-License-Identifier: ISC
// A stand-in for an image and chat server on the operator's own machine, over plain http on loopback, with what LocalAI, stable-diffusion.cpp's server, vLLM and
// Ollama have in common of OpenAI's interface, each with its habits: a picture comes in base64 only when that is asked for, and fields that none of them
// knows are refused, so that they show.
import { createServer } from 'node:http';
import { png } from './azure.mjs';

const chatFields = ['model', 'messages', 'response_format', 'max_tokens', 'temperature', 'stream'];
const imageFields = ['model', 'prompt', 'n', 'size', 'response_format'];
const failure = (status, message) => [status, { error: { code: status, message, type: 'invalid_request_error', param: null } }];

function reply(path, body, url) {
  const image = path === '/v1/images/generations';
  const unknown = Object.keys(body).find((name) => !(image ? imageFields : chatFields).includes(name));
  if (unknown) return failure(400, `unknown field ${unknown}`);
  if (image) {
    const [width, height] = (body.size || '512x512').split('x').map(Number);
    if (!body.prompt || width % 64 || height % 64) return failure(400, 'prompt or size');
    const picture = body.response_format === 'b64_json' ? { b64_json: png(width, height, body.prompt).toString('base64') } : { url: `${url}/generated-images/1.png` };
    return [200, { created: 1795000000, output_format: 'png', data: [picture] }];
  }
  if (path !== '/v1/chat/completions') return failure(404, 'not found');
  const words = body.messages.map((m) => m.content).join('\n'), count = Number(/exactly (\d+) prompts/.exec(words)?.[1] || 1);
  if (body.response_format?.type !== 'json_object' || !/json/i.test(words)) return failure(400, 'response_format');
  return [200, { object: 'chat.completion', created: 1795000000, model: body.model || 'local', choices: [{ index: 0, finish_reason: 'stop',
    message: { role: 'assistant', content: JSON.stringify({ prompts: Array.from({ length: count }, (_, i) => `Prompt ${i + 1}: a quiet workshop, view ${i + 1}.`) }) } }], usage: { total_tokens: 20 } }];
}

export async function startOwn({ key = null, host = '127.0.0.1' } = {}) {
  const own = { requests: [], inFlight: 0, most: 0, redirect: null };
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const text = Buffer.concat(parts).toString();
    own.most = Math.max(own.most, ++own.inFlight);
    own.requests.push({ method: request.method, url: request.url, headers: request.headers, body: text });
    let out;
    if (own.redirect) out = [307, {}];
    else if (key && request.headers.authorization !== `Bearer ${key}`) out = failure(401, 'key');
    else out = reply(request.url, JSON.parse(text || '{}'), own.url);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
    own.inFlight--;
    response.writeHead(out[0], { 'content-type': 'application/json', ...(own.redirect ? { location: own.redirect } : {}) }).end(JSON.stringify(out[1]));
  });
  await new Promise((resolve) => { server.listen(0, host, resolve); });
  own.url = `http://${host}:${server.address().port}`;
  own.close = () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); });
  return own;
}
