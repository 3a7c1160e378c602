// SPDX-License-Identifier: ISC
// What a program could do that somebody else has taken over: system calls made from inside each running program (inside.c), program by attempt.
// The same under the units of systemd: tests/system/booted.sh.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, generate, root, startSite } from './harness.mjs';

// The rows of the table of programs.
const programs = [...readFileSync(join(root, 'fcgi/ipc/programs.def'), 'utf8').matchAll(/^PROGRAM\((\w+), ("[^"]*", ){3}([A-Z_ |0]*), "(\w*)", "([^"]*)"/gm)]
  .map(([, name, , needs, writes, calls]) => ({ name, vault: needs.includes('VAULT'), online: needs.includes('INTERNET'), writes, calls: calls.split(' ').filter(Boolean) }));
let site;
before(async () => {
  const base = mkdtempSync(join(tmpdir(), 'lethe-inside-')), state = join(base, 'state');
  mkdirSync(join(state, 'egress'), { recursive: true, mode: 0o700 });
  site = await startSite({ env: { LETHE_SANDBOX: '' }, keep: { base, run: mkdtempSync('/dev/shm/lethe-t-'), state } });
});
after(() => site?.stop());

// What became of each attempt: 'done' or the name of an error.
function attempts(name, lines) {
  const { status, stdout, stderr } = spawnSync(join(build, 'site/inside'), [String(site.program(name))], { input: `${lines.join('\n')}\n`, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const said = stdout.trim().split('\n').map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]);
  assert.deepEqual(said.map(([line]) => line), lines);
  return Object.fromEntries(said);
}

function skips() {
  if (process.getuid() !== 0 || process.arch !== 'x64') return 'only root can look into a program, on x86-64';
  if (/NO LANDLOCK|NO SECCOMP/.test(site.output())) return 'this kernel confines nobody';
  return false;
}

test('no program that is taken over reaches what is not its own', async (t) => {
  if (skips()) return t.skip(skips());
  for (const { name, vault, online, writes, calls } of programs) await t.test(name, () => {
    const { state, run } = site, other = site.program(name === 'rights' ? 'download' : 'rights');
    const refused = [
      // Includes of nginx, pages, the policy in force.
      `write ${state}/publish/nginx/headers.conf`, `create ${state}/publish/nginx/proxies-inside.conf`, `rename ${state}/publish/nginx/headers.conf ${state}/publish/nginx/other.conf`,
      `create ${state}/publish/html/inside.html`, `write ${state}/publish/html/index.html`, `write ${state}/policy/active.xml`, `create ${state}/policy/inside.xml`,
      `rename ${state}/policy/active.xml ${state}/policy/other.xml`, `create ${run}/nginx/inside`, `write ${run}/nginx/nginx.conf`, `create ${state}/inside`, `create ${run}/inside.sock`,
      // Other programs: their folders, processes, sockets.
      ...programs.filter((p) => p.writes && p.writes !== writes).map((p) => `create ${state}/${p.writes}/inside`),
      `kill ${other}`, `trace ${other}`, `memory ${other}`, `kill ${site.pid}`, `read /proc/${other}/environ`, `read /proc/${site.pid}/environ`, `list /proc`,
      ...(calls.length ? [] : programs.map((p) => `unix ${run}/${p.name}.sock`)),
      // What signs the ledger, the keys of the machine, what lies in the state folder beside the stores.
      ...['read', 'write', 'unlink'].flatMap((verb) => ['keys/signer/ledger.key', 'keys/ledger.pub', 'keys/master.key', 'run.env'].map((file) => `${verb} ${state}/${file}`)),
      `list ${state}/keys/signer`, `list ${state}/keys`, `create ${state}/keys/signer/ledger.key.next`, `rename ${state}/keys/signer/ledger.key ${state}/log/inside`,
      `rename ${state}/vault.db ${state}/keys/signer/ledger.key`, `create ${state}/officer/agents.json`, ...(name === 'rights' ? [] : [`list ${state}/officer`, `list ${state}/ledger`]),
      // Keys and stores of who has none, the network.
      ...(vault ? ['read /etc/passwd'] : [`read ${state}/keys/keys.db`, `read ${state}/vault.db`, `write ${state}/vault.db`, `list ${state}/log`, `list ${run}/spool`,
        `create ${run}/spool/inside`]),
      'write /etc/hosts', 'read /root/.bashrc', 'list /root', 'create /tmp/inside', 'create /dev/shm/inside',
      ...(online ? [] : ['tcp 127.0.0.1 80', `tcp 127.0.0.1 ${site.port}`, 'tcp 192.0.2.1 443']),
    ];
    const found = attempts(name, refused);
    const open = Object.entries(found).filter(([, result]) => !['EACCES', 'EPERM'].includes(result));
    assert.deepEqual(open, []);
    // That nothing is done is not for want of trying.
    const own = [...(writes ? [`create ${state}/${writes}/inside`] : []), ...(vault ? [`create ${run}/spool/inside.tmp`, `read ${state}/policy/active.xml`] : []), ...calls.map((p) => `unix ${run}/${p}.sock`)];
    for (const [line, result] of Object.entries(own.length ? attempts(name, own) : {})) assert.equal(result, 'done', line);
    for (const path of [`${state}/${writes}/inside`, `${run}/spool/inside.tmp`]) rmSync(path, { force: true });
  });
});

test('nothing came of it, and the site goes on', async () => {
  for (const path of ['publish/nginx/proxies-inside.conf', 'publish/html/inside.html', 'inside']) assert.ok(!existsSync(join(site.state, path)), path);
  const { status, body } = await generate(site, { description: 'A quiet guest house by a lake.', count: 1 });
  assert.equal(status, 200);
  assert.equal((await fetch(`${site.url}${body.archive.url}`)).status, 200);
  assert.doesNotMatch(site.output(), /starting it again/);
});
