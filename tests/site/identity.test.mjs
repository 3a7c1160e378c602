// SPDX-License-Identifier: ISC
// Who asks shows that the mail address is theirs: a mail with a link and a code, a page with a button, and nothing that tells more to who guesses.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startSmtp } from '../peers/smtp.mjs';
import { filesHolding, generate, policyWithMail, rawRequest, startSite, until } from './harness.mjs';

let folder;
let server;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-identity-'));
  server = await startSmtp();
});
after(async () => { await server?.close(); rmSync(folder, { recursive: true, force: true }); });

const form = (fields) => new URLSearchParams(fields).toString();
const types = { html: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' }, json: { 'content-type': 'application/json', accept: 'application/json' } };

// A site of its own for each test: one address may ask the rights program only so often.
async function withSite(run, options = {}) {
  const policy = policyWithMail(folder);
  const site = await startSite({ testing: true, policy, env: { ...server.env, LETHE_POLICY: policy }, ...options });
  const on = {
    site,
    officer: (...words) => site.officer(words),
    post: (path, fields, type = 'json') => fetch(site.url + path, { method: 'POST', headers: types[type], body: type === 'json' ? JSON.stringify(fields) : form(fields) }),
    ask: async (contact, right = 'restriction') => (await on.post('/api/rights', { right, contact })).json(),
    // The mail that goes out next: {path, code}.
    mail: async () => {
      const count = server.mails().length;
      const sent = site.officer(['outbox', 'send']);
      assert.equal(sent.code, 0, sent.stderr);
      await until(() => server.mails().length > count, 5000, 'the mail');
      return read(server.mails().at(-1));
    },
    shown: async ({ id }) => JSON.parse(site.officer(['requests', 'show', id, '--format', 'json']).stdout),
    events: async (request) => (await on.shown(request)).events.map((e) => e.event),
  };
  try {
    return await run(on);
  } finally {
    if (!on.kept) await site.stop();
  }
}

function read(mail) {
  const script = 'import sys, email, email.policy; print(email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default).get_content())';
  const text = execFileSync('/usr/bin/python3', ['-c', script], { input: Buffer.from(mail.data, 'latin1'), encoding: 'utf8' }).replaceAll('\r\n', '\n');
  const link = /https:\/\/bizimages\.example(\/rights\/confirm\/[\w-]{43})\n/.exec(text);
  const code = /: (\d{6})\n/.exec(text);
  assert.ok(link && code, text);
  return { to: mail.to, text, path: link[1], code: code[1] };
}

const wrong = (code, n = 1) => String((Number(code) + n) % 1000000).padStart(6, '0');

test('no copy is handed out for a request that waits for its identity, whatever else is self-service', async () => {
  const policy = policyWithMail(folder);
  writeFileSync(policy, readFileSync(policy, 'utf8').replace(/<right id="access" [^>]*>/, '<right id="access" verify="mail">'));
  const site = await startSite({ testing: true, policy, env: { ...server.env, LETHE_POLICY: policy } });
  const post = (path, fields) => fetch(site.url + path, { method: 'POST', headers: types.json, body: JSON.stringify(fields) });
  try {
    const { receipt } = (await generate(site, { description: 'A bakery in the old town, rye bread and rolls.', count: 1 })).body;
    const { id, secret } = await (await post('/api/rights', { right: 'access', contact: 'mallory@example.org', receipt })).json();
    assert.equal((await post('/api/export', { id, secret })).status, 403);
    assert.equal(site.officer(['requests', 'verify', id, '--how', 'known', '--reason', 'she rang']).code, 0);
    assert.equal((await post('/api/export', { id, secret })).status, 403, 'an answer gives it out');
    assert.equal(site.officer(['export', '--request', id, '--reason', 'asked for', '--output', join(folder, 'a.zip')]).code, 0);
    // It is recorded for a request that names nothing and whose contact is not proven, too.
    const bare = await (await post('/api/rights', { right: 'access', contact: 'mallory@example.org' })).json();
    assert.equal(site.officer(['requests', 'verify', bare.id, '--how', 'known', '--reason', 'she rang']).code, 0);
    const exports = () => site.officer(['audit', 'show', '--format', 'json']).stdout.split('"export"').length;
    const before = exports();
    assert.equal(site.officer(['export', '--request', bare.id, '--reason', 'asked for', '--output', join(folder, 'bare.zip')]).code, 0);
    assert.equal(exports(), before + 1);
    assert.equal(site.officer(['requests', 'answer', id]).code, 0);
    assert.equal((await post('/api/export', { id, secret })).status, 200);
  } finally { await site.stop(); }
});

test('who presses the button has the copy, with all that the address bears, and who sent the request has not; after thirty days nobody has', async () => {
  const policy = join(folder, 'access-by-mail.xml');
  writeFileSync(policy, readFileSync(policyWithMail(folder), 'utf8').replace(/<right id="access" [^>]*>/, '<right id="access" verify="mail">'));
  const options = { policy, env: { ...server.env, LETHE_POLICY: policy } };
  let kept;
  let first;
  let second;
  await withSite(async (on) => {
    const { id, secret } = await on.ask('Ines.Probe@Example.org', 'access');
    const mail = await on.mail();
    const { id: complaint } = await on.ask('ines.probe@example.org', 'complaint');
    await on.ask('Ines.probe@example.org', 'complaint'); // of anybody, who cannot read her mails
    assert.equal(on.officer('requests', 'verify', complaint, '--how', 'known', '--contact-too', '--reason', 'she rang').code, 0);
    const counted = JSON.parse(on.officer('access', '--request', id, '--format', 'json').stdout).find((row) => row.store === 'rights-request');
    assert.match(counted.withheld, /2 contact-not-proven/);
    const page = await (await on.post(mail.path, {}, 'html')).text();
    const shown = /<dd class="code"><code>([\w-]{43})<\/code>/.exec(page);
    assert.ok(shown && shown[1] !== secret, page);
    first = { id, secret };
    second = { id, secret: shown[1] };
    const zip = join(folder, 'person.zip');
    assert.equal(on.officer('export', '--request', id, '--reason', 'asked for', '--output', zip).code, 0);
    assert.equal(on.officer('requests', 'answer', id).code, 0);
    const copy = await on.post('/api/export', second);
    assert.equal(copy.status, 200);
    writeFileSync(zip, Buffer.from(await copy.arrayBuffer()));
    const held = JSON.parse(execFileSync('/usr/bin/python3', ['-c', 'import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read("export.json").decode())', zip], { encoding: 'utf8' }));
    assert.deepEqual(held.records.filter((r) => r.kind === 'rights-request').map((r) => r.data.right).sort(), ['access', 'complaint']);
    assert.deepEqual(held.not_searched, []);
    const refused = await on.post('/api/export', first);
    assert.equal(refused.status, 403);
    assert.match((await refused.json()).detail, /behind the button of that mail/);
    const own = await on.post('/api/rights/look-up', first, 'html');
    const less = await own.text();
    assert.match(less, /given a secret of their own/);
    assert.doesNotMatch(less, /\/api\/rights\/(withdraw|add|rectify)/);
    // That somebody asked is told to who says why, and recorded.
    const list = (...words) => on.site.officer(['requests', 'list', '--contact', '-', '--format', 'json', ...words], { input: 'INES.PROBE@example.org' });
    assert.equal(list().code, 2);
    assert.equal(JSON.parse(list('--reason', 'she rang').stdout).length, 3);
    assert.match(on.officer('audit', 'show', '--format', 'json').stdout, /request-read/);
    on.kept = true;
    ({ keep: kept } = await on.site.stop({ keep: true }));
  }, options);
  await withSite(async (on) => {
    const over = await on.post('/api/export', second);
    assert.equal(over.status, 410);
    assert.match(await (await on.post('/api/rights/look-up', second, 'html')).text(), /could be fetched here until/);
  }, { ...options, keep: kept, clock: '+31d' });
});

test('a request that asks for no copy hands out itself alone; the first secret does nothing once the button was pressed, whatever is corrected', async () => {
  const policy = join(folder, 'access-by-identity.xml');
  writeFileSync(policy, readFileSync(policyWithMail(folder), 'utf8').replace(/<right id="access" [^>]*>/, '<right id="access" verify="identity">'));
  await withSite(async (on) => {
    const letter = join(folder, 'letter.txt');
    writeFileSync(letter, 'what only she knows');
    const added = on.site.officer(['requests', 'add', '--right', 'access', '--contact', '-', '--message', `@${letter}`, '--format', 'json'], { input: 'vera@example.org' });
    assert.equal(added.code, 0, added.stderr);
    const verified = on.officer('requests', 'verify', JSON.parse(added.stdout).id, '--how', 'document', '--contact-too', '--reason', 'at the desk', '--format', 'json');
    assert.equal(JSON.parse(verified.stdout).events.at(-1).contact_too, true);
    const asked = await on.ask('vera@old.example');
    const first = { id: asked.id, secret: asked.secret };
    const { path } = await on.mail();
    const before = (await (await on.post(path, {})).json()).secret;
    const owner = { id: asked.id, secret: (await (await on.post(path, {})).json()).secret }; // pressed twice
    assert.equal((await on.post('/api/rights/look-up', { id: asked.id, secret: before })).status, 404);
    assert.equal((await on.post('/api/rights/rectify', { ...owner, contact: 'vera@example.org' })).status, 200);
    assert.equal((await on.post('/api/rights/confirm', { ...owner, code: (await on.mail()).code })).status, 200);
    const own = await on.post('/api/export', owner);
    assert.equal(own.status, 200);
    const zip = join(folder, 'alone.zip');
    writeFileSync(zip, Buffer.from(await own.arrayBuffer()));
    const held = execFileSync('unzip', ['-p', zip, 'export.json'], { encoding: 'utf8' });
    assert.doesNotMatch(held, /what only she knows/);
    assert.equal(JSON.parse(held).records.length, 1);
    assert.deepEqual(JSON.parse(held).not_searched, ['contact']);
    assert.equal((await on.post('/api/export', first)).status, 403);
    assert.equal((await (await on.post('/api/rights/look-up', first)).json()).mailbox, true);
    for (const [path, more] of [['withdraw', {}], ['add', { text: 'and mine' }], ['rectify', { message: 'mine' }]]) {
      const refused = await on.post(`/api/rights/${path}`, { ...first, ...more });
      assert.equal(refused.status, 403, path);
      assert.match((await refused.json()).detail, /behind the button of that mail/);
    }
    assert.equal((await on.shown(first)).state, 'open');
    assert.equal((await on.post('/api/rights/withdraw', owner)).status, 200);
  }, { policy, env: { ...server.env, LETHE_POLICY: policy } });
});

test('the mail goes out by itself; looking changes nothing; the button shows it', () => withSite(async (on) => {
  const request = await on.ask('ada.eiche@example.org');
  assert.deepEqual((await on.events(request)).slice(-2), ['mail-queued', 'identity-asked']);
  const waiting = JSON.parse((await on.officer('outbox', 'list', '--format', 'json')).stdout);
  assert.deepEqual(waiting.map((m) => [m.letter, m.request, m.state]), [['confirm', request.id, 'waiting']]);
  const look = on.officer('outbox', 'show', waiting[0].id, '--reason', 'what is in it');
  const mail = await on.mail();
  assert.deepEqual(mail.to, ['ada.eiche@example.org']);
  assert.match(mail.text, new RegExp(`${request.id}`));
  for (const secret of [mail.path, mail.path.slice(-43), mail.code]) {
    assert.ok(!look.stdout.includes(secret), 'an officer who looks at it sees neither');
    assert.deepEqual(filesHolding(secret, [on.site.state, on.site.run]), []);
  }
  const before = await on.shown(request);
  assert.equal(before.verified, false);
  for (const method of ['GET', 'HEAD', 'GET']) {
    const page = await fetch(on.site.url + mail.path, { method, headers: { accept: 'text/html' } });
    assert.equal(page.status, 200);
    assert.equal(page.headers.get('cache-control'), 'no-store');
    assert.equal(page.headers.get('referrer-policy').split(', ').at(-1), 'no-referrer');
    assert.match(page.headers.get('x-robots-tag'), /noindex/);
    const html = await page.text();
    if (method === 'GET') assert.match(html, new RegExp(`<form[^>]* method="post" action="${mail.path}"[^]*${request.id}|${request.id}[^]*<form[^>]* method="post" action="${mail.path}"`));
  }
  assert.deepEqual(await on.shown(request), before);
  assert.equal((await fetch(on.site.url + mail.path, { method: 'POST', headers: { ...types.html, 'sec-fetch-site': 'cross-site' }, body: '' })).status, 403);
  assert.equal((await on.shown(request)).verified, false);
  const pressed = await on.post(mail.path, { language: 'en' }, 'html');
  assert.equal(pressed.status, 200);
  const after_ = await on.shown(request);
  assert.equal(after_.verified, true);
  const given = after_.events.at(-1);
  assert.deepEqual([given.event, given.by, given.how], ['identity-given', 'person', 'mail']);
  assert.deepEqual(after_.events.map((e) => e.event).filter((e) => e === 'acknowledged'), ['acknowledged'], 'it was said that it came, too');
  for (const again of [await on.post(mail.path, {}, 'html'), await fetch(on.site.url + mail.path)]) assert.equal(again.status, 200, 'for its hour');
  // Nobody's address, link or code stands in the ledger or in what the programs say.
  const ledger = on.officer('audit', 'show', '--format', 'json').stdout;
  assert.equal((await on.events(request)).filter((e) => e === 'identity-given').length, 1);
  for (const secret of ['ada.eiche', mail.path.slice(-43), mail.code]) assert.ok(!ledger.includes(secret) && !on.site.output().includes(secret), secret);
}));

test('who mistyped the address corrects it on the page, and the mail goes to the right one; nothing shows what the wrong one would have', () => withSite(async (on) => {
  const request = await on.ask('ada.eihce@example.org'), { id, secret } = request;
  const away = await on.mail();
  const page = await on.post('/api/rights/look-up', { id, secret }, 'html'), own = await page.text();
  assert.match(own, /<form[^>]* action="\/api\/rights\/rectify"[^>]*>[^]*?name="contact"[^]*?name="message"[^]*?<\/form>/);
  const wrong = await on.post('/api/rights/rectify', { id, secret, contact: 'ab', message: '' }, 'html');
  assert.equal(wrong.status, 422);
  const faulty = await on.post('/api/rights/rectify', { id, secret, contact: 'nobody@nowhere', message: 'More' }, 'html'), again = await faulty.text();
  assert.equal(faulty.status, 422);
  assert.match(again, /<input id="contact"[^>]* aria-invalid="true"[^>]* value="nobody@nowhere">\s*<p class="field-error"/);
  assert.match(again, />\sMore<\/textarea>/);
  assert.equal((await on.post('/api/rights/rectify', { id, secret, contact: '', message: '' }, 'html')).status, 422);
  assert.equal((await on.events(request)).includes('corrected'), false);
  const done = await on.post('/api/rights/rectify', { id, secret, contact: 'ada.eiche@example.org', message: '' }, 'html');
  assert.equal(done.status, 200);
  assert.match(await done.text(), /name="code"/, 'the code of the new mail is asked for');
  const mail = await on.mail();
  assert.deepEqual(mail.to, ['ada.eiche@example.org']);
  assert.equal((await on.post(away.path, {}, 'html')).status, 404);
  assert.equal((await on.post('/api/rights/confirm', { id, secret, code: mail.code })).status, 200);
  assert.equal((await on.shown(request)).verified, true);
}));

test('a link that is unknown or wrong, and one whose request is over, is answered with the same bytes', () => withSite(async (on) => {
  const request = await on.ask('bea.linde@example.org');
  const older = await on.mail();
  assert.equal(on.officer('requests', 'identify', request.id, '--send').code, 0);
  await until(() => server.mails().length && read(server.mails().at(-1)).path !== older.path, 5000, 'the newer mail');
  const newer = read(server.mails().at(-1));
  assert.equal((await on.post(newer.path, {}, 'html')).status, 200);
  assert.equal((await on.post(newer.path, {}, 'html')).status, 200, 'pressed twice');
  assert.equal(on.officer('requests', 'withdraw', request.id, '--reason', 'rang').code, 0);
  const other = await on.ask('cleo.esche@example.org');
  const open = await on.mail();
  const altered = open.path.slice(0, -5) + (open.path.at(-5) === 'A' ? 'B' : 'A') + open.path.slice(-4);
  const never = [altered, `/rights/confirm/${'A'.repeat(43)}`, '/rights/confirm/x'];
  // The link of a request that is over shows others of its address, by their number.
  const form_ = await (await fetch(on.site.url + newer.path, { headers: { accept: 'text/html' } })).text();
  assert.match(form_, /<input id="id" name="id"/);
  assert.ok(!form_.includes(request.id));
  const headers = `Host: 127.0.0.1:${on.site.port}\r\nAccept: text/html\r\nConnection: close\r\n`;
  for (const [method, rest] of [['GET', '\r\n'], ['POST', 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n']]) {
    const answers = [];
    const paths = method === 'GET' ? never : [...never, older.path, newer.path];
    for (const path of paths) answers.push((await rawRequest(on.site.port, `${method} ${path} HTTP/1.1\r\n${headers}${rest}`)).toString().replace(/\r\nDate: [^\r]*/, ''));
    assert.match(answers[0], /^HTTP\/1\.1 404 /);
    for (const [i, answer] of answers.entries()) assert.equal(answer, answers[0], `${method} ${paths[i]}`);
  }
  assert.equal((await on.shown(other)).verified, false);
}));

test('five wrong codes are the last, for who may see the request; for others each is the same', () => withSite(async (on) => {
  const { id, secret } = await on.ask('dora.ulme@example.org');
  const { code } = await on.mail();
  const answer = async (fields) => { const r = await on.post('/api/rights/confirm', fields); return { status: r.status, body: await r.text() }; };
  const unknown = { id: 'f'.repeat(32), secret, code };
  const none = [await answer(unknown), await answer({ id, secret: 'A'.repeat(43), code }), await answer({ ...unknown, code: wrong(code) }), await answer({ id, secret: 'x', code: '1' })];
  for (const one of none) assert.deepEqual(one, none[0]);
  assert.equal(none[0].status, 404);
  const wrongs = [];
  for (let i = 1; i <= 5; i++) wrongs.push(await answer({ id, secret, code: wrong(code, i) }));
  wrongs.push(await answer({ id, secret, code }), await answer({ id, secret, code: 'nonsense' }));
  for (const one of wrongs) assert.deepEqual(one, wrongs[0]);
  assert.equal(wrongs[0].status, 422);
  assert.equal((await on.shown({ id })).verified, false);
  assert.equal((await on.events({ id })).filter((e) => e === 'identity-failed').length, 5);
  // While the mail is fresh no other one goes, and nothing says so; that of an officer does, and its code holds.
  const count = server.mails().length;
  assert.equal((await on.post('/api/rights/mail', { id, secret })).status, 200);
  assert.equal(on.officer('outbox', 'send').code, 0);
  assert.equal(server.mails().length, count);
  assert.deepEqual((await on.events({ id })).slice(-2), ['acknowledged', 'mail-sent']);
  assert.equal(on.officer('requests', 'identify', id, '--send').code, 0);
  await until(() => server.mails().length > count, 5000, 'the mail of the officer');
  const again = read(server.mails().at(-1));
  const page = await on.post('/api/rights/confirm', { id, secret, code: wrong(again.code) }, 'html');
  assert.equal(page.status, 422);
  assert.match(await page.text(), /id="code-fault"/);
  assert.equal((await answer({ id, secret, code: `${again.code.slice(0, 3)} ${again.code.slice(3)}` })).status, 200);
  assert.equal((await on.shown({ id })).verified, true);
  assert.equal((await on.post('/api/rights/mail', { id, secret })).status, 409, 'it was shown');
}));

test('an hour later the code does not hold, a day later the link does not, and a mail that could not go is not sent any more', async () => {
  let kept, request, mail, late;
  await withSite(async (on) => {
    request = await on.ask('elsa.birke@example.org');
    mail = await on.mail();
    late = await on.ask('later.buche@example.org');
    assert.equal(on.officer('outbox', 'send').code, 1);
    on.kept = true;
    ({ keep: kept } = await on.site.stop({ keep: true }));
  });
  await withSite(async (on) => {
    const count = server.mails().length;
    assert.equal((await fetch(on.site.url + mail.path)).status, 200);
    assert.equal((await on.post('/api/rights/confirm', { ...request, due: undefined, signal: undefined, code: mail.code })).status, 422);
    on.site.officer(['outbox', 'send', '--now'], { wrap: ['faketime', '-f', '+61m'] });
    assert.equal(server.mails().length, count);
    assert.deepEqual(JSON.parse(on.officer('outbox', 'list', '--format', 'json').stdout), []);
    assert.equal((await on.shown(late)).events.at(-1).reason, 'confirm: expired');
    on.kept = true;
    ({ keep: kept } = await on.site.stop({ keep: true }));
  }, { keep: kept, clock: '+61m' });
  await withSite(async (on) => {
    assert.equal((await fetch(on.site.url + mail.path)).status, 404);
    assert.equal((await on.post(mail.path, {}, 'html')).status, 404);
  }, { keep: kept, clock: '+25h' });
});

test('who asked for an address before is not to be seen: the same answers, page, figures and events; the owner of the mails shows theirs by the link of another’s', () => withSite(async (on) => {
  const contact = 'gesa.tanne@example.org';
  const plain = (text, { id, secret }) => text.replaceAll(id, 'ID').replaceAll(secret, 'SECRET').replace(/\d{4}-\d\d-\d\dT[\d:]+Z/g, 'TIME').replace(/base64,[^"]*/g, 'BASE64');
  const outbox = async () => (await (await fetch(`${on.site.url}/privacy/live.json`)).json()).kinds.find((k) => k.kind === 'outbox' || k.id === 'outbox');
  const seen = async (address) => {
    const made = await on.post('/api/rights', { right: 'restriction', contact: address });
    const request = await made.json();
    const before = await outbox();
    on.officer('outbox', 'send');
    const own = { id: request.id, secret: request.secret };
    const page = await (await on.post('/api/rights/look-up', own, 'html')).text();
    const json = await (await on.post('/api/rights/look-up', own)).text();
    return { request: own, all: [made.status, plain(JSON.stringify(request), own), plain(page, own), plain(json, own), (await outbox())?.count - before?.count] };
  };
  const count = server.mails().length;
  const first = await seen(contact);
  assert.equal(server.mails().length, count + 1);
  const mail = read(server.mails().at(-1));
  assert.equal((await on.post('/api/rights/withdraw', first.request)).status, 200);
  const second = await seen(contact);
  assert.equal(server.mails().length, count + 1, 'one is fresh');
  assert.deepEqual(second.all, first.all);
  assert.deepEqual((await seen('hanna.tanne@example.org')).all, first.all);
  assert.equal((await on.post(mail.path, {})).status, 404);
  assert.equal((await on.post(mail.path, { id: 'f'.repeat(32) })).status, 404);
  assert.equal((await on.post(mail.path, { id: 'x' })).status, 404);
  const shown = await on.post(mail.path, { id: ` ${second.request.id} ` }, 'html');
  assert.equal(shown.status, 200);
  assert.match(await shown.text(), /you showed that the request is yours/);
  assert.equal((await on.shown(second.request)).verified, true);
}));

test('who gave no mail address is shown to the officer, who asks in another way; nothing is answered before', () => withSite(async (on) => {
  // What no mail can be written to is no answer to whom the policy asks by mail.
  for (const contact of ['12 St James Square, London', 'Ann <ann@example.org>', 'a@example.org, b@example.org', 'j\u00f6rg@example.org']) {
    const refused = await on.post('/api/rights', { right: 'restriction', contact });
    assert.deepEqual([refused.status, (await refused.json()).parameter], [422, 'contact'], contact);
    const page = await on.post('/api/rights', { right: 'restriction', contact }, 'html');
    assert.equal(page.status, 422);
    assert.match(await page.text(), /give one plain address/);
  }
  const given = await on.ask('ines.probe@example.org');
  assert.equal((await on.post('/api/rights/rectify', { id: given.id, secret: given.secret, contact: '+49 30 123456' })).status, 422);
  assert.equal(on.officer('outbox', 'drop', JSON.parse(on.officer('outbox', 'list', '--format', 'json').stdout)[0].id).code, 0);
  assert.equal(on.officer('requests', 'withdraw', given.id).code, 0);
  const { id } = await on.ask(undefined);
  const finding = () => JSON.parse(on.officer('check', '--offline', '--format', 'json').stdout).filter((f) => f.check === 'requests' && /show who asks/.test(f.finding));
  assert.deepEqual(finding().map((f) => f.result), ['overdue']);
  assert.equal(on.officer('requests', 'identify', id, '--send').code, 1);
  const refused = on.officer('requests', 'answer', id);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /has not shown what the policy asks for/);
  assert.equal(on.officer('requests', 'identify', id, '--reason', 'a letter with no sender').code, 0);
  assert.deepEqual(finding(), []);
  assert.equal(on.officer('requests', 'verify', id, '--how', 'known', '--reason', 'by phone at the number that we have').code, 0);
  assert.equal(on.officer('requests', 'answer', id).code, 0);
  // What the policy asks nothing for has a confirmation as ever, and no question.
  await on.ask('flora.kiefer@example.org', 'complaint');
  assert.deepEqual(JSON.parse(on.officer('outbox', 'list', '--format', 'json').stdout).map((m) => m.letter), ['acknowledge']);
}));
