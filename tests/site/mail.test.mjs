// SPDX-License-Identifier: ISC
// Mails through egress: a real mail server, with TLS by a test's authority, a login, greylisting, refusals, broken connections; and hostile content.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startSmtp } from '../peers/smtp.mjs';
import { askEgress, startEgress } from './egress_support.mjs';
import { filesHolding, root, startSite, until } from './harness.mjs';

const id = '0123456789abcdef0123456789abcdef';
const mail = (more = {}) => ({ op: 'mail', processor: 'smtp', kinds: ['outbox', 'rights-request'], to: 'ada@example.org', subject: 'Your request', id, deadline_ms: 20000, ...more });

async function withMail(options, env, run) {
  const server = await startSmtp(options);
  const egress = await startEgress({ ...server.env, ...env });
  try {
    await run((more, body = 'Hello\n') => askEgress(egress, mail(more), body), server, egress);
  } finally {
    await egress.stop();
    await server.close();
  }
}

// As Python's own library reads it.
function parsed(data) {
  const script = `import sys, json, email, email.policy
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
print(json.dumps({"headers": [[k, str(v)] for k, v in m.items()], "text": m.get_content(), "defects": [str(d) for d in m.defects]}))`;
  return JSON.parse(execFileSync('/usr/bin/python3', ['-c', script], { input: Buffer.from(data, 'latin1') }));
}

test('a mail is sent as the policy says, and no other', async () => {
  await withMail({ tls: 'starttls', user: ['lethe', 'geheim-7f3'] }, {}, async (ask, server, egress) => {
    const text = 'Grüße,\n.a dot\n..two\nFrom here\n\nends with white space \n' + 'xyz'.repeat(90) + '\n';
    assert.deepEqual((await ask({ subject: 'Ihre Anfrage: 您的请求 – ' + 'ä'.repeat(60) }, text)).head, { status: 250 });
    const [got] = server.mails();
    assert.deepEqual([got.from, got.to, got.tls, got.auth, got.helo], ['privacy@bizimages.example', ['ada@example.org'], true, 'lethe', 'bizimages.example']);
    assert.ok(got.data.split('\r\n').every((l) => l.length <= 78), 'no line is too long');
    assert.ok(/^[\x20-\x7e\r\n]*$/.test(got.data), 'eight bits nowhere');
    const read = parsed(got.data);
    assert.deepEqual(read.defects, []);
    assert.equal(read.text.replaceAll('\r\n', '\n'), text);
    const headers = Object.fromEntries(read.headers);
    assert.equal(headers.Subject, 'Ihre Anfrage: 您的请求 – ' + 'ä'.repeat(60));
    assert.equal(headers.From, 'BizImages <privacy@bizimages.example>');
    assert.equal(headers['Message-ID'], `<${id}@bizimages.example>`);
    assert.equal(headers['Auto-Submitted'], 'auto-generated');
    assert.ok(Math.abs(Date.parse(headers.Date) - Date.now()) < 60000, headers.Date);
    assert.deepEqual(read.headers.map(([name]) => name).sort(),
      ['Auto-Submitted', 'Content-Transfer-Encoding', 'Content-Type', 'Date', 'From', 'MIME-Version', 'Message-ID', 'Subject', 'To']);
    // What the policy does not say does not go.
    assert.equal((await ask({ processor: 'azure-openai' })).head.error.code, 'undeclared-processor');
    assert.equal((await ask({ processor: 'nobody' })).head.error.code, 'undeclared-processor');
    assert.equal((await ask({ kinds: ['outbox', 'request-log'] })).head.error.code, 'kind-not-shared');
    assert.equal((await ask({ kinds: [] })).head.error.code, 'kind-not-shared');
    assert.equal(server.mails().length, 1);
    const status = (await askEgress(egress, { op: 'status' }, '')).head.processors.find((p) => p.id === 'smtp');
    assert.deepEqual([status.requests, status.failures, status.kinds], [1, 0, ['rights-request', 'outbox'].sort((a, b) => status.kinds.indexOf(a) - status.kinds.indexOf(b))]);
  });
});

test('nothing that a mail says can become a header, a command or another recipient', async () => {
  await withMail({}, {}, async (ask, server) => {
    const bad = ['ada@example.org\r\nBcc: eve@example.org', 'ada@example.org\nRCPT TO:<eve@example.org>', 'ada@example.org>,<eve@example.org', 'ada@example.org, eve@example.org',
      '"ada b"@example.org', 'adä@example.org', 'ada@[127.0.0.1]', 'ada', '@example.org', 'ada@', 'ada@example', 'a..b@example.org', `${'a'.repeat(65)}@example.org`, 'ada@exa mple.org'];
    for (const to of bad) assert.equal((await ask({ to })).head.error?.code, 'bad-mail', to);
    for (const more of [{ to: ['ada@example.org', 'eve@example.org'] }, { cc: 'eve@example.org' }, { bcc: 'eve@example.org' }, { from: 'eve@example.org' }, { headers: { 'X-Name': 'Ada' } }, { kinds: ['outbox', 'account'] }])
      assert.match((await ask(more)).head.error?.code, /^(bad-call|kind-not-shared)$/, JSON.stringify(more));
    assert.equal((await ask({ to: 'Ada Lovelace <ada@example.org>' })).head.error?.code, 'bad-mail');
    for (const subject of ['a\r\nBcc: eve@example.org', 'a\nb', 'a\u0000b', 'a\rb', 'x'.repeat(401)])
      assert.match((await ask({ subject })).head.error?.code, /^bad-(mail|call)$/, subject);
    for (const number of ['', 'x', `${id}@x>\r\nBcc: e@x`]) assert.match((await ask({ id: number })).head.error?.code, /^bad-(mail|call)$/);
    assert.equal((await ask({}, Buffer.from([0xff, 0xfe]))).head.error.code, 'bad-mail');
    assert.equal((await ask({}, 'x'.repeat(1000000))).head.error.code, 'bad-mail');
    assert.deepEqual(server.events, []);
    assert.deepEqual((await ask({ to: ' Ada@bücher.Example ' }, '.\r\n.\r\nQUIT\r\n')).head, { status: 250 });
    assert.deepEqual(server.mails()[0].to, ['Ada@xn--bcher-kva.example']);
    assert.equal(parsed(server.mails()[0].data).text.replaceAll('\r\n', '\n'), '.\n.\nQUIT\n');
    assert.deepEqual((await ask({ subject: '=?UTF-8?B?QmNj?=' })).head, { status: 250 });
    assert.equal(Object.fromEntries(parsed(server.mails()[1].data).headers).Subject, '=?UTF-8?B?QmNj?=');
  });
});

test('what a server says becomes a word, and nobody learns more', async () => {
  await withMail({}, {}, async (ask, server, egress) => {
    const words = { later1: 'mail-later', full: 'mail-later', never: 'mail-refused', reject: 'mail-refused', drop: 'truncated', after: 'truncated' };
    for (const [name, word] of Object.entries(words)) {
      const { head } = await ask({ to: `${name}@example.org` });
      assert.ok(head.error !== undefined, name);
      if (word === 'truncated') assert.match(head.error.code, /^(truncated|unreachable)$/, name);
      else assert.equal(head.error.code, word, name);
      assert.ok(!JSON.stringify(head).includes('example.org'), 'what it said is told to nobody');
    }
    assert.equal((await ask({ to: 'mute@example.org', deadline_ms: 1500 })).head.error.code, 'timeout');
    assert.deepEqual((await ask({ to: 'slow@example.org' })).head, { status: 250 });
    assert.ok(!/example\.org|greylisted/.test(egress.errors()), 'not in its messages either');
    await server.close();
    assert.equal((await ask({})).head.error.code, 'unreachable');
  });
});

test('a mail server that is slow holds up nobody else', async () => {
  await withMail({}, {}, async (ask, server, egress) => {
    const waiting = ask({ to: 'mute@example.org', deadline_ms: 8000 });
    while (!server.events.some((e) => e.mute)) await new Promise((r) => { setTimeout(r, 20); });
    assert.ok(Array.isArray((await askEgress(egress, { op: 'status' }, '')).head.processors), 'it answers meanwhile');
    assert.deepEqual((await ask({})).head, { status: 250 });
    assert.equal((await waiting).head.error.code, 'timeout');
  });
});

test('TLS is demanded, its authority must be known, and a password never travels without it', async () => {
  await withMail({}, { SMTP_TLS: 'required' }, async (ask, server) => {
    assert.equal((await ask({})).head.error.code, 'tls');
    assert.deepEqual(server.mails(), []);
  });
  await withMail({ tls: 'implicit' }, {}, async (ask, server) => {
    assert.deepEqual((await ask({})).head, { status: 250 });
    assert.equal(server.mails()[0].tls, true);
  });
  await withMail({ tls: 'implicit' }, { LETHE_CA_FILE: '/etc/ssl/certs/ca-certificates.crt' }, async (ask, server) => {
    assert.equal((await ask({})).head.error.code, 'tls');
    assert.deepEqual(server.mails(), []);
  });
  await withMail({ tls: 'starttls', user: ['lethe', 'right'] }, { SMTP_PASSWORD: 'wrong' }, async (ask) => {
    assert.equal((await ask({})).head.error.code, 'login');
  });
});

test('settings that do not fit the policy keep egress from starting', async () => {
  const fails = async (env, words) => assert.rejects(async () => { await (await startEgress(env)).stop(); }, (e) => words.test(e.message));
  await fails({ SMTP_URL: 'smtp://mail.elsewhere.example' }, /names no host/);
  await fails({ SMTP_URL: 'smtp://user:secret@mail.bizimages.example' }, /must look like/);
  await fails({ SMTP_URL: 'https://mail.bizimages.example' }, /must look like/);
  await fails({ SMTP_URL: 'smtp://mail.bizimages.example', SMTP_USER: 'a', SMTP_PASSWORD: 'b', SMTP_TLS: 'none' }, /without encryption/);
  await fails({ SMTP_URL: 'smtp://mail.example', LETHE_POLICY: join(root, 'policy/sites/image-describer.xml'), LETHE_ALLOW_UNBUILT: '1' }, /declares no processor/);
  const half = await startEgress({ SMTP_URL: 'smtp://mail.bizimages.example', SMTP_USER: 'lethe' });
  assert.match(half.errors(), /smtp is set up by half: SMTP_PASSWORD is missing/);
  assert.equal((await askEgress(half, mail(), 'x')).head.error.code, 'not-configured');
  assert.ok(!/SMTP_PASSWORD/.test(readFileSync(`/proc/${half.pid}/environ`, 'latin1')));
  await half.stop();
});

test('a letter goes from the officer to the person, waits where it must, and is forgotten', async () => {
  const server = await startSmtp({ user: ['lethe', 'kennwort-5d1'] });
  const site = await startSite({ testing: true, env: server.env });
  try {
    const enter = async (contact) => JSON.parse((await site.officer(['requests', 'add', '--right', 'access', '--contact', '-', '--format', 'json'], { input: contact })).stdout).id;
    const eventsOf = async (id) => JSON.parse((await site.officer(['requests', 'show', id, '--format', 'json'])).stdout).events.map((e) => e.event);
    const list = async () => { const r = await site.officer(['outbox', 'list', '--format', 'json']); return { code: r.code, rows: JSON.parse(r.stdout) }; };
    const id = await enter('ada.lovely@example.org');
    const sent = await site.officer(['requests', 'letter', id, 'acknowledge', '--send', '--yes']);
    assert.equal(sent.code, 0, sent.stderr);
    await until(() => server.mails().length === 1, 5000, 'the mail');
    const [mail] = server.mails();
    assert.deepEqual(mail.to, ['ada.lovely@example.org']);
    assert.match(parsed(mail.data).text, new RegExp(`${id}`));
    assert.deepEqual((await eventsOf(id)).slice(-4), ['read', 'mail-queued', 'acknowledged', 'mail-sent']);
    assert.deepEqual(await list(), { code: 0, rows: [] });
    // The same letter is not sent twice by mistake.
    const twice = await site.officer(['requests', 'letter', id, 'acknowledge', '--send', '--yes']);
    assert.equal(twice.code, 1);
    assert.match(twice.stderr, /this letter was sent by mail already, on 20.*Z\n.*nothing was sent\. Give --again/);
    assert.equal((await eventsOf(id)).at(-1), 'read');
    // What is asked becomes an event with the letter; what waits is shown and tried again.
    const other = await enter('later.kastanie@example.org');
    assert.equal((await site.officer(['requests', 'letter', other, 'identify', '--reason', 'two people have this name', '--send', '--yes'])).code, 0);
    const waiting = await list();
    assert.deepEqual(waiting.rows.map((r) => [r.letter, r.request, r.state, r.attempts, r.failure]), [['identify', other, 'waiting', 1, 'mail-later']]);
    assert.ok((await eventsOf(other)).includes('identity-asked'));
    await site.officer(['outbox', 'send', '--now']);
    assert.equal((await site.officer(['outbox', 'send', '--now'])).code, 0);
    assert.deepEqual((await list()).rows, []);
    await until(() => server.mails().length === 2, 5000, 'the other mail');
    // One that is refused shows, in the list, in the check and by the exit status, until somebody has seen to it.
    const third = await enter('never@example.org');
    assert.equal((await site.officer(['requests', 'letter', third, 'acknowledge', '--send', '--yes'])).code, 1);
    const refused = await list();
    assert.deepEqual([refused.code, refused.rows[0].state, refused.rows[0].failure], [1, 'failed', 'mail-refused']);
    const check = JSON.parse((await site.officer(['check', '--offline', '--format', 'json'])).stdout);
    assert.ok((check.findings ?? check).some((f) => f.check === 'outbox' && f.result === 'overdue'), JSON.stringify((check.findings ?? check).filter((f) => f.check === 'outbox')));
    const shown = await site.officer(['outbox', 'show', refused.rows[0].id, '--reason', 'why was it refused']);
    assert.match(shown.stdout, /To: never@example\.org/);
    assert.equal((await site.officer(['outbox', 'drop', refused.rows[0].id])).code, 0);
    assert.deepEqual((await list()).rows, []);
    assert.equal((await eventsOf(third)).at(-1), 'mail-failed');
    // One that comes by the page is confirmed by itself, in the language of the person, by the minute's run; the same for everybody who left an address.
    const ask = async (contact) => (await (await fetch(`${site.url}/api/rights`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ right: 'access', contact }) })).json()).id;
    const own = await ask('eve.selbst@example.org');
    assert.deepEqual((await list()).rows.map((r) => [r.letter, r.request]), [['acknowledge', own]]);
    const again = await ask('EVE.selbst@example.org'); // the same address in another spelling: no proof that it is the same person
    assert.notEqual(again, own);
    await ask('By post: 12 St James Square, London');
    assert.equal((await list()).rows.length, 2);
    await site.officer(['outbox', 'send']);
    await until(() => server.mails().length === 3, 5000, 'the confirmation');
    // One a day to an address; of the other one only the ledger says that it was left out.
    assert.deepEqual((await list()).rows, []);
    assert.deepEqual(server.mails().slice(2).map((mail) => mail.to[0].toLowerCase()), ['eve.selbst@example.org']);
    for (const id of [own, again]) assert.deepEqual((await eventsOf(id)).slice(-3), ['mail-queued', 'acknowledged', 'mail-sent']);
    assert.equal((await site.officer(['audit', 'show', '--format', 'json'])).stdout.match(/withheld/g)?.length, 1);
    // No address: nothing can be sent. And nobody but egress has the password, or writes an address down.
    const letter = await enter('Ada Lovelace, 12 St James Square, London');
    assert.equal((await site.officer(['requests', 'letter', letter, 'acknowledge', '--send', '--yes'])).code, 2);
    assert.ok(!/kastanie|ada\.lovely|kennwort-5d1/.test(site.output()), 'not in messages');
    assert.deepEqual(filesHolding('kastanie', [site.state, site.run]), []);
    assert.deepEqual(filesHolding('ada.lovely', [site.state, site.run]), []);
    assert.doesNotMatch((await site.officer(['audit', 'show', '--format', 'json'])).stdout, /kastanie|lovely|example\.org/);
    for (const { pid, name } of site.processes()) {
      const has = readFileSync(`/proc/${pid}/environ`, 'latin1').includes('kennwort-5d1');
      assert.ok(!has || name === 'lethe-run' || name === 'egress', `${name} has the password`);
    }
  } finally {
    await site.stop();
    await server.close();
  }
});
