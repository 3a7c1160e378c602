// SPDX-License-Identifier: ISC
// A stand-in for every vendor, at its documented hosts and paths, over TLS with one certificate for all of them: whoever connects every host to it (the
// testing build of egress by LETHE_CONNECT_TO, a client by its base URL) finds the vendor by the Host header, or else by the path.
//
//   const vendors = await startVendors(); vendors.of('fal').next('429:50@submit', 'ok'); vendors.of('ark').always = '500';
//   node tests/peers/vendors.mjs --help
//
// What a request meets is a scenario, NAME[:ARGUMENT][@STAGE]: the next one of the vendor's queue, or what always holds for the vendor, where the stage is that of the
// request. Stages: text, image (both when none is named), poll, result, picture (its file), cancel, remove.
// Scenarios: ok · a status, as the vendor writes it (429:MS says when to come again) · filter · filter-output · no-code · failed (work that fails, with 200) · nsfw (a black
// picture, or what the vendor does instead) · empty · not-image · hollow · foreign-url · short-base64 · html · wrong-type · redirect · nul (\u0000 and a lone surrogate beside the result) · error-null ·
// error-200 · pause:MS (before the last event) · and of streams: no-stream · partial-garbage · partial-many · partial-late · event-error · event-filter · event-none · event-bare · event-done · event-crlf · never (work that does not end) · slow:MS · hang · disconnect · and, as in azure.mjs: truncated · garbage · huge:BYTES · cut[:BYTES] · drip:MS · stall:BYTES · flood:BYTES · endless
// Every request is kept: vendors.of(ID).requests, each with its stage. What is unknown in a request is refused as the vendors do, so that it shows.
import { createSecureServer } from 'node:http2';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answer as azureAnswer, breakConnection, failures as azureFailures, hollow, json, makeCertificates, png, readAll, send } from './azure.mjs';

const sleep = (ms) => new Promise((r) => { setTimeout(r, ms).unref(); });
const asking = (stage) => stage === 'text' || stage === 'image';
const refuse = (vendor, status, code, param) => vendor.failure(status, { code, param });
const unknownIn = (object, known) => Object.keys(object || {}).find((name) => !known.includes(name));
const ratios = { '1:1': [1024, 1024], '2:3': [832, 1248], '3:2': [1248, 832], '16:9': [1344, 768], '9:16': [768, 1344] };

// ---- what vendors make ----

function pictureBytes({ scenario }, width, height, words) {
  if (scenario === 'not-image') return Buffer.from('<svg/>');
  if (scenario === 'hollow') return hollow;
  if (scenario === 'nsfw') return png(width, height, '');
  return png(width, height, words);
}
const base64 = (ask, ...rest) => (ask.scenario === 'short-base64' ? pictureBytes(ask, ...rest).toString('base64').slice(0, 101) : pictureBytes(ask, ...rest).toString('base64'));

// A file at the vendor, and its address.
function fileOf(ask, host, width, height, words) {
  if (ask.scenario === 'foreign-url') return 'https://pictures.evil.example/files/out-0.png';
  const name = `${ask.vendor.id}-${ask.vendor.files.size}.png`;
  ask.vendor.files.set(name, pictureBytes(ask, width, height, words));
  return `${ask.named ? `https://${host}` : ask.base}/files/${name}${ask.vendor.id === 'dashscope' ? '?Expires=1795000000&Signature=a%2Bb%3D' : ''}`;
}

function promptsFor(ask, words) {
  const count = ask.scenario === 'empty' ? 0 : Number(/exactly (\d+) prompts/.exec(words)?.[1] || 1);
  return JSON.stringify({ prompts: Array.from({ length: count }, (_, i) => `Prompt ${i + 1}: a bright photograph, view ${i + 1}.`) });
}

function completion(ask, message, finish = 'stop', more = {}) {
  return { status: 200, value: {
    id: 'chatcmpl-1', object: 'chat.completion', created: 1795000000, model: ask.body.model, system_fingerprint: 'fp_test', ...more,
    choices: [{ index: 0, message: { role: 'assistant', content: null, refusal: null, ...message }, logprobs: null, finish_reason: finish }],
    usage: { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20, prompt_tokens_details: { cached_tokens: 0 }, completion_tokens_details: { reasoning_tokens: 0 } },
  } };
}

function chat(ask, known) {
  const field = unknownIn(ask.body, known);
  if (field) return refuse(ask.vendor, 400, 'unknown_parameter', field);
  const words = ask.body.messages.map((m) => m.content).join('\n');
  if (ask.body.response_format?.type === 'json_object' && !/json/i.test(words)) return refuse(ask.vendor, 400, 'invalid_request_error', 'response_format');
  if (ask.scenario === 'filter-output') return completion(ask, { content: '' }, 'content_filter');
  if (ask.scenario === 'refusal') return completion(ask, { refusal: 'I cannot help with that.' });
  if (ask.scenario === 'not-image' || ask.scenario === 'hollow') return completion(ask, { content: 'Here are your prompts: a shop, a street' });
  return completion(ask, { content: ask.body.response_format ? promptsFor(ask, words) : 'Hello.' });
}

function images(ask, known, width, height) {
  const field = unknownIn(ask.body, known);
  if (field) return refuse(ask.vendor, 400, 'unknown_parameter', field);
  if (!ask.body.prompt) return refuse(ask.vendor, 400, 'missing_parameter', 'prompt');
  if (!(width > 0 && height > 0)) return refuse(ask.vendor, 400, 'invalid_size', 'size');
  const one = ask.scenario === 'foreign-url' ? { url: 'https://pictures.evil.example/x.png' } : { b64_json: base64(ask, width, height, ask.body.prompt) };
  return { status: 200, value: { created: 1795000000, data: ask.scenario === 'empty' ? [] : [one], usage: { input_tokens: 1, input_tokens_details: { text_tokens: 1, image_tokens: 0 }, output_tokens: 1, total_tokens: 2 } } };
}

// The same as events: partial pictures, each closer to what it will be, and the picture. An error in their midst, partial pictures that are none, more of them than were asked
// for and behind the picture, no event's name, the lines of other systems, a server that knows no streams.
function imageEvents(ask, known, edit, width, height) {
  const { stream, partial_images: partial = 0, ...body } = ask.body;
  const whole = images({ ...ask, body }, known, width, height), name = edit ? 'image_edit' : 'image_generation';
  if (!stream && ask.body.partial_images) return openaiFailure(400, { code: 'invalid_value', param: 'partial_images' });
  if (!stream || whole.status !== 200 || ask.scenario === 'no-stream') return whole;
  if (!(partial >= 0 && partial <= 3)) return openaiFailure(400, { code: 'invalid_value', param: 'partial_images' });
  const common = { created_at: 1795000000, size: ask.body.size, quality: 'medium', background: 'opaque', output_format: 'png' };
  const event = (type, more) => [type, { type: `${name}.${type}`, ...more, ...common }];
  const step = (i) => event('partial_image', { b64_json: ask.scenario === 'partial-garbage' ? Buffer.from('<svg/>').toString('base64') : png(width, height, `${ask.body.prompt} ${i}`).toString('base64'), partial_image_index: i });
  const events = Array.from({ length: ask.scenario === 'partial-many' ? 9 : partial }, (_, i) => step(i));
  if (ask.scenario === 'event-error') events.push(['error', { type: 'error', error: { type: 'image_generation_server_error', code: 'server_error', message: 'canary', param: null } }]);
  else if (ask.scenario === 'event-filter') events.push(['error', { type: 'error', error: { type: 'image_generation_user_error', code: 'moderation_blocked', message: 'canary', param: null } }]);
  else if (ask.scenario !== 'event-none' && whole.value.data.length) events.push(event('completed', { ...whole.value.data[0], usage: whole.value.usage }));
  if (ask.scenario === 'partial-late') events.push(step(partial));
  const text = events.map(([type, data]) => `${ask.scenario === 'event-bare' ? '' : `event: ${type === 'error' ? type : data.type}\n`}data: ${JSON.stringify(data)}\n\n`).join('') + (ask.scenario === 'event-done' ? 'data: [DONE]\n\n' : '');
  return { raw: { status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' }, body: Buffer.from(ask.scenario === 'event-crlf' ? text.replaceAll('\n', '\r\n') : text) } };
}

const openaiFailure = (status, { code = null, param = null, type = 'invalid_request_error', message = 'Something about canary words.' } = {}) => ({ status, value: { error: { message, type, param, code } } });
const openaiCodes = { 401: 'invalid_api_key', 402: 'insufficient_quota', 403: 'unsupported_country_region_territory', 404: 'model_not_found', 429: 'rate_limit_exceeded' };
const sizeOf = (text, between = 'x') => (text || '').split(between).map(Number);

// ---- queues ----

function queued(ask, output) {
  const work = { id: ask.vendor.newId(), polls: 0, scenario: ask.scenario, output, cancelled: false, removed: false, ask: { ...ask } };
  ask.vendor.work.set(work.id, work);
  return work;
}
// Asked for once more: waiting, done, failed or cancelled.
function stateOf(work, vendor) {
  if (work.cancelled) return 'cancelled';
  if (work.scenario === 'never' || work.polls++ < vendor.polls) return 'waiting';
  return ['failed', 'filter-output'].includes(work.scenario) || (work.scenario === 'nsfw' && vendor.id !== 'fal') ? 'failed' : 'done';
}

const replicateInput = {
  image: ['prompt', 'negative_prompt', 'image', 'mask', 'width', 'height', 'num_outputs', 'scheduler', 'num_inference_steps', 'guidance_scale', 'prompt_strength', 'seed', 'refine',
    'high_noise_frac', 'refine_steps', 'apply_watermark', 'lora_scale', 'replicate_weights', 'disable_safety_checker'],
  text: ['prompt', 'system_prompt', 'max_tokens', 'min_tokens', 'temperature', 'top_p', 'top_k', 'stop_sequences', 'presence_penalty', 'frequency_penalty', 'seed'],
};
function prediction(work, vendor) {
  const state = stateOf(work, vendor), { base, named } = work.ask, api = `${named ? 'https://api.replicate.com' : base}/v1/predictions/${work.id}`;
  const refused = ['nsfw', 'filter-output'].includes(work.scenario) ? 'NSFW content detected. Try running it again, or try a different prompt.' : 'CUDA out of memory';
  return { status: 200, value: {
    id: work.id, model: 'stability-ai/sdxl', version: 'hidden', input: work.ask.body.input, output: state === 'done' && !work.removed ? work.output() : null, error: state === 'failed' ? refused : null, logs: '',
    status: { waiting: work.polls > 0 ? 'processing' : 'starting', done: 'succeeded', failed: 'failed', cancelled: 'canceled' }[state],
    data_removed: work.removed, created_at: '2026-11-28T12:00:00Z', started_at: null, completed_at: null, metrics: {}, urls: { get: api, cancel: `${api}/cancel` },
  } };
}
function predict(ask) {
  const text = !/sdxl/.test(ask.body.version || ask.match[1] || '');
  const field = unknownIn(ask.body, ['version', 'input', 'webhook', 'webhook_events_filter']) || unknownIn(ask.body.input, text ? replicateInput.text : replicateInput.image);
  if (field) return { status: 422, value: { title: 'Input validation failed', detail: `- input: Additional property ${field} is not allowed`, status: 422, invalid_fields: [] } };
  const { input } = ask.body;
  const work = queued(ask, () => {
    if (ask.scenario === 'empty') return [];
    if (!text) return [fileOf(ask, 'replicate.delivery', input.width || 1024, input.height || 1024, input.prompt)];
    const words = ['not-image', 'hollow'].includes(ask.scenario) ? 'Here you are: a shop, a street' : promptsFor(ask, input.system_prompt || '');
    return ['Here you are:\n```json\n', ...(words.match(/.{1,20}/gs) || []), '\n```'];
  });
  work.polls = -1; // it is never done at once
  return { ...prediction(work, ask.vendor), status: 201 };
}

function falOutput(ask) {
  const [width, height] = typeof ask.body.image_size === 'object' ? [ask.body.image_size.width, ask.body.image_size.height] : [1024, 768];
  const bytes = () => base64(ask, width, height, ask.body.prompt);
  const url = ask.body.sync_mode && ask.scenario !== 'foreign-url' ? `data:image/png;base64,${bytes()}` : fileOf(ask, 'v3b.fal.media', width, height, ask.body.prompt);
  const list = ask.scenario === 'empty' ? [] : [{ url, width, height, content_type: 'image/png' }];
  return { status: 200, value: { images: list, seed: 1, has_nsfw_concepts: [ask.scenario === 'nsfw'], prompt: ask.body.prompt, timings: { inference: 1.2 } } };
}
function falAsk(ask) {
  const field = unknownIn(ask.body, ['prompt', 'image_size', 'num_images', 'seed', 'guidance_scale', 'num_inference_steps', 'enable_safety_checker', 'output_format', 'sync_mode', 'acceleration']);
  if (field) return { status: 422, value: { detail: [{ loc: ['body', field], msg: 'Extra inputs are not permitted', type: 'extra_forbidden' }] } };
  if (ask.host === 'fal.run') return ['failed', 'filter-output'].includes(ask.scenario) ? ask.vendor.failure(500) : falOutput(ask);
  const work = queued(ask, () => falOutput(ask)), at = `${ask.named ? 'https://queue.fal.run' : ask.base}/${ask.match[1]}/${ask.match[2]}/requests/${work.id}`;
  return { status: 200, value: { status: 'IN_QUEUE', request_id: work.id, response_url: at, status_url: `${at}/status`, cancel_url: `${at}/cancel`, queue_position: 0 } };
}

function dashscopeTask(work, vendor) {
  const state = stateOf(work, vendor), output = { task_id: work.id, task_status: { waiting: 'RUNNING', done: 'SUCCEEDED', failed: 'FAILED', cancelled: 'CANCELED' }[state] };
  if (state === 'done') Object.assign(output, { results: work.output(), task_metrics: { TOTAL: 1, SUCCEEDED: 1, FAILED: 0 } });
  if (state === 'failed') Object.assign(output, ['nsfw', 'filter-output'].includes(work.scenario) ? { code: 'DataInspectionFailed', message: 'canary' } : { code: 'InternalError', message: 'canary' });
  return { status: 200, value: { request_id: 'r-1', output, usage: { image_count: 1 } } };
}
const qwenSizes = ['1664*928', '1472*1104', '1328*1328', '1104*1472', '928*1664'];
function dashscopeAsk(ask, task) {
  const { input = {}, parameters = {}, model } = ask.body;
  const field = unknownIn(ask.body, ['model', 'input', 'parameters']) || unknownIn(input, task ? ['prompt'] : ['messages']) || unknownIn(parameters, ['size', 'n', 'negative_prompt', 'prompt_extend', 'watermark', 'seed']);
  const first = /^qwen-image(-plus|-max)?$/.test(model);
  if (field || (task ? ask.headers['x-dashscope-async'] !== 'enable' || !/^qwen-image(-plus)?$/.test(model) : ask.headers['x-dashscope-async'])) return refuse(ask.vendor, 400, 'InvalidParameter');
  if (first && (parameters.n !== 1 || !qwenSizes.includes(parameters.size))) return refuse(ask.vendor, 400, 'InvalidParameter');
  const [width, height] = sizeOf(parameters.size, '*'), words = task ? input.prompt : input.messages[0].content[0].text;
  const url = () => fileOf(ask, 'dashscope-result-bj.oss-cn-beijing.aliyuncs.com', width, height, words).replace(/^https/, ask.named ? 'http' : 'https');
  if (task) {
    const work = queued(ask, () => (ask.scenario === 'empty' ? [] : [{ url: url(), orig_prompt: words, actual_prompt: words }]));
    return { status: 200, value: { output: { task_status: 'PENDING', task_id: work.id }, request_id: 'r-1' } };
  }
  if (['failed', 'nsfw', 'filter-output'].includes(ask.scenario)) return ask.scenario === 'failed' ? ask.vendor.failure(500) : ask.vendor.filter();
  const content = ask.scenario === 'empty' ? [] : [{ image: url() }];
  return { status: 200, value: { output: { choices: [{ finish_reason: 'stop', message: { role: 'assistant', content } }] }, usage: { width, height, image_count: 1 }, request_id: 'r-1' } };
}

// What becomes of work: [stage, method, path, reply].
const workRoutes = (path, cancelMethod, poll, more = []) => [
  ['cancel', cancelMethod, new RegExp(`^${path}/([^/]+)/cancel$`), (ask, work) => { work.cancelled = true; return { status: 202, value: { status: 'CANCELLATION_REQUESTED' } }; }],
  ...more,
  ['poll', 'GET', new RegExp(`^${path}/([^/]+)${poll.behind || ''}$`), (ask, work) => poll.reply(work, ask.vendor)],
];

// ---- the vendors ----

const bearer = (headers, key) => headers.authorization === `Bearer ${key}`;
const openaiChatFields = ['model', 'messages', 'response_format', 'store', 'max_completion_tokens', 'temperature', 'stream', 'n'];
const openaiImageFields = ['model', 'prompt', 'n', 'size', 'quality', 'output_format', 'output_compression', 'background', 'moderation'];

const table = [
  {
    id: 'azure-openai', hosts: ['test.openai.azure.com'], variables: { url: 'AZURE_OPENAI_ENDPOINT', key: 'AZURE_OPENAI_API_KEY', at: 'https://test.openai.azure.com' }, region: 'Sweden Central',
    auth: (headers, key) => headers['api-key'] === key,
    failure: (status) => ({ raw: (azureFailures[status] || (() => json(status, { error: { code: String(status), message: 'canary' } })))() }),
    filter: (ask) => ({ raw: azureAnswer(ask.what, ask.body, 'filter') }),
    routes: [
      ['text', 'POST', /^\/openai\/v1\/chat\/completions$/, (ask) => chat({ ...ask, what: 'chat' }, openaiChatFields), 'chat'],
      ['image', 'POST', /^\/openai\/v1\/images\/generations$/, (ask) => imageEvents(ask, openaiImageFields, false, ...sizeOf(ask.body.size)), 'image'],
    ],
  },
  {
    id: 'openai', hosts: ['api.openai.com'], variables: { url: 'OPENAI_BASE_URL', key: 'OPENAI_API_KEY', path: '/v1' }, auth: bearer,
    failure: (status, more) => openaiFailure(status, { code: openaiCodes[status], ...more }),
    filter: () => ({ status: 400, value: { error: { message: 'Your request was rejected by the safety system: canary', type: 'image_generation_user_error', param: null, code: 'moderation_blocked',
      moderation_details: { moderation_stage: 'input', categories: ['harassment'] } } } }),
    routes: [
      ['text', 'POST', /^\/v1\/chat\/completions$/, (ask) => chat(ask, openaiChatFields)],
      ['image', 'POST', /^\/v1\/images\/edits$/, (ask) => ((ask.body.images ?? []).length > 0 && [...ask.body.images, ...(ask.body.mask ? [ask.body.mask] : [])].every((i) => /^data:image\/(?:png|jpeg);base64,[\w+/]+=*$/.test(i.image_url)) ? imageEvents(ask, [...openaiImageFields, 'images', 'mask'], true, ...sizeOf(ask.body.size)) : openaiFailure(400, { code: 'invalid_value', param: 'images' }))],
      ['image', 'POST', /^\/v1\/images\/generations$/, (ask) => (/^(dall-e-|gpt-image-1$)/.test(ask.body.model) ? openaiFailure(404, { code: 'model_not_found' }) : imageEvents(ask, openaiImageFields, false, ...sizeOf(ask.body.size)))],
    ],
  },
  {
    id: 'openrouter', hosts: ['openrouter.ai'], variables: { url: 'OPENROUTER_BASE_URL', key: 'OPENROUTER_API_KEY', path: '/api/v1' }, auth: bearer,
    failure: (status, { param } = {}) => ({ status, value: { error: { code: status, message: status === 404 ? 'No endpoints found matching your data policy' : `canary ${param || ''}` } } }),
    filter: () => ({ status: 403, value: { error: { code: 403, message: 'canary', metadata: { reasons: ['sexual'], flagged_input: 'canary', provider_name: 'Google', model_slug: 'google/gemini' } } } }),
    routes: [[(body) => (body.modalities ? 'image' : 'text'), 'POST', /^\/api\/v1\/chat\/completions$/, (ask) => {
      const known = ['model', 'messages', 'modalities', 'image_config', 'provider', 'stream', 'max_tokens', 'max_completion_tokens', 'response_format', 'temperature'];
      if (!ask.body.modalities) return chat(ask, known);
      const field = unknownIn(ask.body, known), [width, height] = ratios[ask.body.image_config?.aspect_ratio || '1:1'] || [];
      if (field || !width) return refuse(ask.vendor, 400, 400, field);
      if (['filter-output', 'nsfw'].includes(ask.scenario)) return completion(ask, { content: '' }, 'content_filter');
      if (ask.scenario === 'failed') return completion(ask, { content: '' }, 'error', { error: { code: 502, message: 'Provider returned error', metadata: { raw: 'canary' } } });
      const url = ask.scenario === 'foreign-url' ? 'https://pictures.evil.example/x.png' : `data:image/png;base64,${base64(ask, width, height, ask.body.messages[0].content)}`;
      return completion(ask, { content: 'Here it is.', ...(ask.scenario === 'empty' ? {} : { images: [{ type: 'image_url', image_url: { url } }] }) });
    }]],
  },
  {
    id: 'deepseek', hosts: ['api.deepseek.com'], variables: { url: 'DEEPSEEK_BASE_URL', key: 'DEEPSEEK_API_KEY' }, auth: bearer,
    failure: (status, more) => openaiFailure(status, { code: { 401: 'authentication_error', 402: 'invalid_request_error' }[status] || 'invalid_request_error', ...more }),
    filter: (ask) => completion(ask, { content: '' }, 'content_filter'),
    routes: [['text', 'POST', /^\/(v1\/)?chat\/completions$/, (ask) => {
      if (ask.scenario === 'failed') return completion(ask, { content: '' }, 'insufficient_system_resource');
      return chat(ask, ['model', 'messages', 'response_format', 'max_tokens', 'thinking', 'reasoning_effort', 'temperature', 'top_p', 'stream']);
    }]],
  },
  {
    id: 'ark', hosts: ['ark.cn-beijing.volces.com'], variables: { url: 'ARK_BASE_URL', key: 'ARK_API_KEY', path: '/api/v3' }, auth: bearer,
    failure: (status, { code, param = '' } = {}) => ({ status, value: { error: { code: code || { 401: 'AuthenticationError', 404: 'UnsupportedModel', 429: 'RateLimitExceeded', 500: 'InternalServiceError' }[status] || 'InvalidParameter',
      message: 'canary. Request id: 1', param, type: { 401: 'Unauthorized', 429: 'TooManyRequests' }[status] || 'BadRequest' } } }),
    filter: () => ({ status: 400, value: { error: { code: 'InputTextSensitiveContentDetected', message: 'canary. Request id: 1', param: '', type: 'BadRequest' } } }),
    routes: [['image', 'POST', /^\/api\/v3\/images\/generations$/, (ask) => {
      const [width, height] = sizeOf({ '1K': '1024x1024', '2K': '2048x2048' }[ask.body.size] || ask.body.size);
      if (width * height < (/lite/.test(ask.body.model) ? 3686400 : 921600)) return refuse(ask.vendor, 400, 'InvalidParameter', 'size');
      if (['filter-output', 'nsfw', 'failed'].includes(ask.scenario))
        return { status: 200, value: { model: ask.body.model, created: 1, data: [{ error: { code: ask.scenario === 'failed' ? 'InternalServiceError' : 'OutputImageSensitiveContentDetected', message: 'canary' } }] } };
      return images(ask, ['model', 'prompt', 'image', 'size', 'response_format', 'watermark', 'output_format', 'seed', 'optimize_prompt_options', 'sequential_image_generation'], width, height);
    }]],
  },
  {
    id: 'fal', hosts: ['queue.fal.run', 'fal.run', 'api.fal.ai', 'v3b.fal.media'], variables: { url: 'FAL_BASE_URL', key: 'FAL_KEY' }, auth: (headers, key) => headers.authorization === `Key ${key}`,
    failure: (status, { code } = {}) => ({ status, value: { detail: status === 422 ? [{ loc: ['body', 'prompt'], msg: 'canary', type: code || 'value_error' }] : 'canary' } }),
    filter: () => ({ status: 422, value: { detail: [{ loc: ['body', 'prompt'], msg: 'canary', type: 'content_policy_violation', url: 'https://docs.fal.ai/errors', ctx: {}, input: 'canary' }] } }),
    routes: [
      ['remove', 'DELETE', /^\/v1\/models\/requests\/([^/]+)\/payloads$/, (ask, work) => { if (work.removed) return ask.vendor.failure(404); work.removed = true; return { status: 200, value: { cdn_delete_results: [] } }; }],
      ...workRoutes('/[^/]+/[^/]+/requests', 'PUT', {
        behind: '/status',
        reply: (work, vendor) => ({ status: 200, value: { status: { waiting: work.polls > 1 ? 'IN_PROGRESS' : 'IN_QUEUE', done: 'COMPLETED', failed: 'COMPLETED', cancelled: 'COMPLETED' }[stateOf(work, vendor)], request_id: work.id, metrics: {} } }),
      }, [['result', 'GET', /^\/[^/]+\/[^/]+\/requests\/([^/]+)$/, (ask, work) => (work.removed && !ask.vendor.keeps ? ask.vendor.failure(404) : work.scenario === 'failed' ? ask.vendor.failure(500) : work.scenario === 'filter-output' ? ask.vendor.filter() : work.output())]]),
      ['image', 'POST', /^\/([^/]+)\/([^/]+)(?:\/[^/]+){0,2}$/, falAsk],
    ],
  },
  {
    id: 'replicate', hosts: ['api.replicate.com', 'replicate.delivery'], variables: { url: 'REPLICATE_BASE_URL', key: 'REPLICATE_API_TOKEN', path: '/v1' }, auth: bearer,
    failure: (status) => ({ status, value: { title: 'Failure', detail: status === 429 ? 'Request was throttled. Your rate limit resets in ~1s.' : 'canary', status } }),
    filter: (ask) => { const work = queued({ ...ask, scenario: 'nsfw' }, () => []); work.polls = 9; return { ...prediction(work, ask.vendor), status: 201 }; },
    routes: [
      [(body, path) => (/sdxl/.test(body.version || path) ? 'image' : 'text'), 'POST', /^\/v1\/(?:predictions|models\/([^/]+\/[^/]+)\/predictions)$/, predict],
      ...workRoutes('/v1/predictions', 'POST', { reply: prediction }),
    ],
  },
  {
    id: 'cloudflare', hosts: ['api.cloudflare.com'], variables: { url: 'CLOUDFLARE_BASE_URL', key: 'CLOUDFLARE_API_TOKEN', path: '/client/v4' }, auth: bearer,
    failure: (status) => ({ status, value: { success: false, errors: [{ code: status === 403 ? 10000 : 1012, message: 'canary' }], messages: [], result: null } }),
    filter: () => ({ status: 400, value: { success: false, errors: [], messages: [], result: null } }),
    routes: [['remove', 'POST', /^\/client\/v4\/zones\/([0-9a-f]{32})\/purge_cache$/, (ask) => {
      const { files } = ask.body;
      if (!Array.isArray(files) || !files.length || files.length > 30 || unknownIn(ask.body, ['files'])) return ask.vendor.failure(400);
      ask.vendor.purged = [...(ask.vendor.purged || []), ...files];
      return { status: 200, value: { success: true, errors: [], messages: [], result: { id: ask.match[1] } } };
    }, 'without work']],
  },
  {
    id: 'dashscope', hosts: ['dashscope.aliyuncs.com', 'dashscope-result-bj.oss-cn-beijing.aliyuncs.com'], variables: { url: 'DASHSCOPE_BASE_URL', key: 'DASHSCOPE_API_KEY' }, auth: bearer,
    failure: (status, { code } = {}) => ({ status, value: { request_id: 'r-1', code: code || { 401: 'InvalidApiKey', 402: 'Arrearage', 403: 'AccessDenied', 404: 'ModelNotFound', 429: 'Throttling.RateQuota', 500: 'InternalError' }[status] || 'InvalidParameter', message: 'canary' } }),
    filter: () => ({ status: 400, value: { request_id: 'r-1', code: 'DataInspectionFailed', message: 'Input data may contain inappropriate content: canary' } }),
    routes: [
      ['image', 'POST', /^\/api\/v1\/services\/aigc\/text2image\/image-synthesis$/, (ask) => dashscopeAsk(ask, true)],
      ['image', 'POST', /^\/api\/v1\/services\/aigc\/multimodal-generation\/generation$/, (ask) => dashscopeAsk(ask, false)],
      ...workRoutes('/api/v1/tasks', 'POST', { reply: dashscopeTask }),
    ],
  },
];

// ---- the server ----

function replyTo(vendor, ask, route) {
  const { scenario, argument } = ask;
  if (/^\d{3}$/.test(scenario)) {
    const failure = vendor.failure(Number(scenario));
    const wait = scenario === '429' ? { 'retry-after-ms': String(argument || 50), 'retry-after': '1' } : {};
    return failure.raw ? failure : { ...failure, headers: wait };
  }
  if (scenario === 'filter') return vendor.filter(ask);
  if (scenario === 'no-code') return { status: 400, value: { error: { message: 'canary' } } };
  if (scenario === 'error-200') return { status: 200, value: { error: { code: 502, message: 'canary' } } };
  if (scenario === 'html') return { raw: { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from('<html><h1>Welcome to nginx!</h1>') } };
  if (scenario === 'redirect') return { raw: { status: 302, headers: { location: 'https://elsewhere.evil.example/' }, body: Buffer.alloc(0) } };
  if (scenario === 'garbage') return { raw: { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from('\u0000\u0001{{{<html>') } };
  if (scenario === 'huge') return { raw: { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.alloc(Number(argument), 'a') } };
  const alone = asking(route.stage) || route.what === 'without work', work = alone ? null : vendor.work.get(ask.match[1]);
  if (!alone && !work) return vendor.failure(404);
  return route.reply(ask, work);
}

function encoded(reply, scenario) {
  if (reply.raw) return scenario === 'truncated' ? { ...reply.raw, body: reply.raw.body.subarray(0, reply.raw.body.length / 2) } : reply.raw;
  const value = scenario === 'error-null' ? { ...reply.value, error: reply.value.error ?? null } : reply.value;
  const out = json(reply.status, value, reply.headers || {});
  if (scenario === 'nul') out.body = Buffer.from(out.body.toString().replace(/^\{/, '{"note":"\\u0000 \\ud800",'));
  if (scenario === 'wrong-type') out.headers['content-type'] = 'text/plain';
  if (scenario === 'truncated') out.body = out.body.subarray(0, out.body.length / 2);
  return out;
}

export async function startVendors({ key = 'vendor-key', polls = 1, keepBodies = true } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-vendors-'));
  const certificates = makeCertificates(folder, ['localhost', ...table.flatMap((v) => v.hosts)]);
  const open = new Set();
  let base;
  const all = table.map((row) => {
    let ids = 0;
    const vendor = { ...row, key: `${key}-${row.id}`, polls, requests: [], always: null, queue: [], work: new Map(), files: new Map(), inFlight: 0, cancelled: 0, newId: () => `${row.id}-${++ids}-0123456789abcdef` };
    vendor.next = (...scenarios) => vendor.queue.push(...scenarios);
    vendor.reset = () => { Object.assign(vendor, { always: null, cancelled: 0, polls, keeps: false, purged: [] }); vendor.queue.length = vendor.requests.length = 0; vendor.work.clear(); vendor.files.clear(); };
    vendor.asks = () => vendor.requests.filter((r) => asking(r.stage));
    vendor.stages = () => vendor.requests.map((r) => r.stage);
    const { url, key: name, at } = row.variables;
    vendor.env = () => ({ [name]: vendor.key, ...(at ? { [url]: at } : {}) });
    vendor.baseEnv = () => ({ [name]: vendor.key, [url]: `${base}${row.variables.path || ''}` });
    return vendor;
  });

  function scenarioFor(vendor, stage) {
    const meant = (text) => (text.includes('@') ? text.split('@')[1] === stage : asking(stage));
    const text = (vendor.queue.length && meant(vendor.queue[0]) ? vendor.queue.shift() : vendor.always && meant(vendor.always) ? vendor.always : 'ok').split('@')[0];
    const colon = text.indexOf(':');
    return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  }

  async function handle(request, response) {
    const path = request.url.split('?')[0], host = (request.headers[':authority'] || request.headers.host || '').replace(/:\d+$/, '');
    const bytes = await readAll(request).catch(() => null);
    if (!bytes) return undefined;
    if (path === '/control') {
      const { vendor, ...wanted } = bytes.length ? JSON.parse(bytes) : {};
      for (const one of all.filter((v) => !vendor || v.id === vendor)) { if (wanted.next) one.next(...wanted.next); if ('always' in wanted) one.always = wanted.always; if (wanted.reset) one.reset(); }
      return send(response, json(200, all.map((v) => ({ id: v.id, requests: v.requests.map(({ stage, method, url }) => ({ stage, method, url })) }))));
    }
    const named = all.find((v) => v.hosts.includes(host));
    const file = /^\/files\/(([a-z-]+)-\d+\.png)$/.exec(path);
    let parsed = {};
    try { parsed = bytes.length ? JSON.parse(bytes) : {}; } catch { parsed = null; }
    let vendor = file ? all.find((v) => v.id === file[2]) : null, route = file ? { stage: 'picture' } : null, match = null;
    for (const one of file ? [] : named ? [named] : all) {
      const row = one.routes.find(([, method, pattern]) => method === request.method && (match = pattern.exec(path)));
      if (row) { vendor = one; route = { stage: typeof row[0] === 'string' ? row[0] : row[0](parsed || {}, path), reply: row[3], what: row[4] }; break; }
    }
    if (!vendor) return send(response, json(404, { error: { message: 'Not found', code: null, type: null, param: null } }));
    const [scenario, argument] = scenarioFor(vendor, route.stage);
    vendor.requests.push({ stage: route.stage, scenario, method: request.method, host, url: request.url, headers: { ...request.headers }, version: request.httpVersion, body: keepBodies ? bytes.toString() : null });
    vendor.inFlight++;
    response.once('close', () => { vendor.inFlight--; if (!response.answered) vendor.cancelled++; });
    if (scenario === 'hang') return undefined;
    if (scenario === 'disconnect') return breakConnection(response);
    if (scenario === 'slow') await sleep(Number(argument));
    let out;
    if (route.stage === 'picture') {
      const content = vendor.files.get(file[1]);
      out = { status: content ? 200 : 404, headers: { 'content-type': 'image/png' }, body: content || Buffer.from('gone') };
      if (/^\d{3}$/.test(scenario)) out = { status: Number(scenario), headers: { 'content-type': 'application/xml' }, body: Buffer.from('<Error><Code>AccessDenied</Code></Error>') };
      if (['html', 'redirect', 'huge'].includes(scenario)) out = replyTo(vendor, { scenario, argument }, route).raw;
      if (scenario === 'not-image') out.body = Buffer.from('<svg/>');
      if (scenario === 'truncated') out.body = out.body.subarray(0, out.body.length / 2);
    } else if (!vendor.auth(request.headers, vendor.key)) {
      out = encoded(vendor.failure(401), '');
    } else {
      if (!parsed) return send(response, encoded(vendor.failure(400), ''));
      out = encoded(replyTo(vendor, { vendor, body: parsed, headers: request.headers, scenario, argument, match, what: route.what, host, named: Boolean(named), base }, route), scenario);
    }
    if (vendor.region) out.headers = { ...out.headers, 'x-ms-region': vendor.region };
    return send(response, out, scenario, argument);
  }

  const server = createSecureServer({ ...certificates, allowHTTP1: true, settings: { maxConcurrentStreams: 250 } }, (request, response) => {
    response.on('error', () => {});
    handle(request, response).catch((error) => { console.error('vendors:', error.stack); breakConnection(response); });
  });
  server.on('secureConnection', (socket) => { open.add(socket); socket.on('error', () => {}); socket.once('close', () => open.delete(socket)); });
  server.on('sessionError', () => {});
  server.on('clientError', () => {});
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address();
  base = `https://localhost:${port}`;
  return {
    port, url: base, ca: certificates.ca, all, of: (id) => all.find((v) => v.id === id),
    reset: () => all.forEach((v) => v.reset()),
    // For egress: the vendors' own addresses, all of which are here; or (baseEnv) their variables for addresses.
    env: (ids = all.map((v) => v.id)) => Object.assign({ LETHE_CONNECT_TO: `::127.0.0.1:${port}`, LETHE_CA_FILE: certificates.ca }, ...all.filter((v) => ids.includes(v.id)).map((v) => v.env())),
    baseEnv: (ids = all.map((v) => v.id)) => Object.assign({ LETHE_CA_FILE: certificates.ca }, ...all.filter((v) => ids.includes(v.id)).map((v) => v.baseEnv())),
    close: () => new Promise((resolve) => {
      for (const socket of open) socket.destroy();
      const closed = () => { rmSync(folder, { recursive: true, force: true }); resolve(); };
      server.close(closed);
      setTimeout(closed, 2000).unref();
    }),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--help')) {
    console.log('usage: node tests/peers/vendors.mjs\nPrints one JSON line {"url","ca","env"} and serves until it is ended: with these variables a testing build of egress uses it.\nPOST /control {"vendor":"fal","next":["429"],"always":"500","reset":true}');
    process.exit(0);
  }
  const vendors = await startVendors();
  console.log(JSON.stringify({ url: vendors.url, ca: vendors.ca, env: vendors.baseEnv() }));
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => vendors.close().then(() => process.exit(0)));
}
