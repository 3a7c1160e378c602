// SPDX-License-Identifier: ISC
// The mail server of smtp.py as a process, and what it was told.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root, until } from '../site/harness.mjs';

// A certificate for this machine, which signs itself, and its key.
export function mailCertificate(folder) {
  const certificate = join(folder, 'mail.pem');
  const key = join(folder, 'mail.key');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-out', certificate], { stdio: 'ignore' });
  return [certificate, key];
}

// {url, env, mails, events, close}; `tls`: "starttls" or "implicit".
export async function startSmtp({ tls, user } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-smtp-'));
  const files = tls ? mailCertificate(folder) : [];
  const words = [...(tls === 'starttls' ? ['--starttls', ...files] : []), ...(tls === 'implicit' ? ['--tls', ...files] : []), ...(user ? ['--user', ...user] : [])];
  const child = spawn('/usr/bin/python3', [join(root, 'tests/peers/smtp.py'), ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
  const events = [];
  let errors = '';
  child.stderr.on('data', (d) => { errors += d; });
  createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line)));
  await until(() => events.length > 0, 20000, `the mail server ${errors}`);
  const { port } = events.shift();
  const url = `${tls === 'implicit' ? 'smtps' : 'smtp'}://127.0.0.1:${port}`;
  return {
    url, events, port, certificate: files[0],
    env: { SMTP_URL: url, ...(tls === 'starttls' ? { SMTP_TLS: 'required' } : {}), ...(files[0] ? { LETHE_CA_FILE: files[0] } : {}), ...(user ? { SMTP_USER: user[0], SMTP_PASSWORD: user[1] } : {}) },
    mails: () => events.filter((e) => e.data !== undefined),
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((r) => { child.once('exit', r); });
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
