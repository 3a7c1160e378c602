// SPDX-License-Identifier: ISC
// What stands before and beside the suite: an upstream that answers at once, nginx passing it on, and a gateway.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, processesBelow, root, until } from '../site/harness.mjs';

export const SET_MAX = 8; // pictures

// nginx with these servers; `more` stands in the block of http.
async function startNginx(place, port, servers, more = '') {
  mkdirSync(join(place, 'files'), { recursive: true });
  writeFileSync(join(place, 'nginx.conf'), `
    ${process.getuid() === 0 ? 'user root;' : ''}
    daemon off; worker_processes 1; pid ${place}/pid; error_log stderr crit; worker_rlimit_nofile 16384;
    events { worker_connections 8192; }
    http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; keepalive_timeout 600s;
      client_body_temp_path ${place}/b; fastcgi_temp_path ${place}/f; proxy_temp_path ${place}/p; uwsgi_temp_path ${place}/u; scgi_temp_path ${place}/s;
      ${more}
      ${servers} }`);
  const child = spawn('/usr/sbin/nginx', ['-p', place, '-c', join(place, 'nginx.conf'), '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'inherit'] });
  process.once('exit', () => child.kill()); // when a group fails
  await until(() => fetch(`http://127.0.0.1:${port}/`).catch(() => null), 5000, 'nginx');
  return {
    port,
    processes: () => [{ pid: child.pid, name: 'nginx' }, ...processesBelow(child.pid)],
    stop: () => new Promise((r) => { child.once('exit', r); child.kill('SIGTERM'); }),
  };
}

// Azure's text and image deployments, answered from nginx' files: `picture` as base64 in JSON. asked() counts the pictures that were asked for.
export async function startUpstream(folder, picture) {
  const port = await freePort();
  const place = join(folder, `upstream-${port}`);
  const prompts = Array.from({ length: SET_MAX }, (_, i) => `A calm still life with paper and light, number ${i + 1}.`);
  mkdirSync(join(place, 'files'), { recursive: true });
  writeFileSync(join(place, 'files', 'chat.json'), JSON.stringify({ choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: JSON.stringify({ prompts }) } }] }));
  writeFileSync(join(place, 'files', 'image.json'), JSON.stringify({ created: 1, data: [{ b64_json: picture.toString('base64') }] }));
  writeFileSync(join(place, 'asked'), '');
  // What is asked for is no file, and a file answers a GET only.
  const answer = (what, more = '') => `location ~ ${what === 'chat' ? 'chat/completions' : 'images/generations'} { error_page 404 405 =200 /${what}.json; ${more} } location = /${what}.json { ${more} }`;
  const nginx = await startNginx(place, port, `server { listen 127.0.0.1:${port} backlog=8192; root ${place}/files; default_type application/json; types { }
    open_file_cache max=10;
    ${answer('chat')} ${answer('image', `access_log ${place}/asked picture;`)} }`, 'log_format picture ".";');
  const asked = () => readFileSync(join(place, 'asked'), 'latin1').split('\n').length - 1;
  return { ...nginx, asked, settings: { AZURE_OPENAI_BASE_URL: `http://127.0.0.1:${port}`, AZURE_OPENAI_API_KEY: 'bench', AZURE_OPENAI_CHAT_DEPLOYMENT: 'chat', AZURE_OPENAI_IMAGE_DEPLOYMENT: 'image' } };
}

// nginx that only moves the upstream's bytes.
export async function startProxy(folder, upstream) {
  const port = await freePort();
  return startNginx(join(folder, 'proxy'), port, `server { listen 127.0.0.1:${port};
    location / { proxy_pass http://upstream; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffers 32 64k; proxy_buffer_size 64k; proxy_max_temp_file_size 0; } }`,
  `upstream upstream { server 127.0.0.1:${upstream.port}; keepalive 64; }`);
}

export async function startGateway() {
  const port = await freePort();
  const child = spawn(process.execPath, ['--import', join(root, 'tests/bench/loopback.mjs'), join(root, 'tests/node_modules/@portkey-ai/gateway/build/start-server.js'), `--port=${port}`, '--headless'],
    { stdio: 'ignore', env: { ...process.env, NODE_ENV: 'production' } });
  process.once('exit', () => child.kill());
  await until(() => fetch(`http://127.0.0.1:${port}/`).catch(() => null), 20000, 'the gateway');
  return {
    port,
    processes: () => [{ pid: child.pid, name: 'gateway' }, ...processesBelow(child.pid)],
    stop: () => { child.kill('SIGKILL'); },
  };
}
export const gatewayHeaders = (upstream) => ({ 'Content-Type': 'application/json', 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://127.0.0.1:${upstream.port}/v1`, Authorization: 'Bearer bench' });
export const imageCall = '{"model":"image","prompt":"A calm still life with paper and light."}';
