// SPDX-License-Identifier: ISC
// What a person may do at once with the rights of the site's policy.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { generate, lethe, root, startSite, until } from './harness.mjs';

let site;
before(async () => { site = await startSite(); });
after(async () => { await site?.stop(); });

test('the list of rights says which are carried out at once, and how', async () => {
  const answer = await fetch(`${site.url}/api/rights`);
  assert.equal(answer.status, 200);
  const { rights } = await answer.json();
  const policy = readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8');
  assert.deepEqual(rights.map((r) => r.id), [...policy.matchAll(/<right id="([a-z-]+)"/g)].map((m) => m[1]));
  for (const right of rights) {
    const [, attributes, name] = policy.match(new RegExp(`<right id="${right.id}"([^>]*)>\\s*<name>([^<]*)`));
    assert.equal(right.name, name);
    assert.equal(right.self_service, attributes.includes('self-service="yes"'), right.id);
    assert.equal(right.verify, attributes.match(/verify="([a-z]+)"/)[1]);
    assert.ok(right.self_service || !right.at_once, right.id);
    if (!right.at_once) assert.equal(right.path, '/api/rights');
  }
  assert.match(rights.find((r) => r.id === 'erasure').how, /on the page Your rights\./);
  assert.deepEqual(rights.filter((r) => r.at_once).map((r) => [r.id, r.path]),
    [['access', '/api/export'], ['erasure', '/api/erase'], ['portability', '/api/export']]);
});

const set = async (count = 1) => {
  const { status, body } = await generate(site, { description: 'A workshop that binds books by hand.', count });
  assert.equal(status, 200);
  return body;
};
const post = (path, fields) => fetch(site.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fields) });
const officer = (...args) => {
  const { code, stdout, stderr } = site.officer(args);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
};
const restrictions = () => JSON.parse(officer('restrict', 'list', '--format', 'json'));
const reads = (made) => [made.archive.url, made.images[0].url, `/api/generate/${made.receipt}`];
const statuses = async (made) => Promise.all(reads(made).map(async (path) => (await fetch(site.url + path)).status));

test('what is restricted is kept, and found for rights alone', async () => {
  const made = await set();
  const other = await set();
  assert.deepEqual(await statuses(made), [200, 200, 200]);
  const asked = await (await post('/api/rights', { right: 'restriction', receipt: made.receipt, contact: 'ines@example.org' })).json();
  assert.match(officer('restrict', 'place', asked.id, '--ground', 'claims-of-person', '--dry-run'), /would be restricted: 1 record,/);
  assert.deepEqual(await statuses(made), [200, 200, 200]);
  officer('restrict', 'place', asked.id, '--ground', 'claims-of-person', '--reason', 'A court will want it');
  assert.deepEqual(await statuses(made), [423, 423, 423]);
  assert.deepEqual(await statuses(other), [200, 200, 200]);
  // With a range, which nginx would answer, and in the words of each language.
  assert.equal((await fetch(site.url + made.archive.url, { headers: { range: 'bytes=0-9' } })).status, 423);
  for (const language of ['en', 'de', 'zh']) {
    const answer = await fetch(site.url + made.archive.url, { headers: { 'accept-language': language } });
    assert.equal((await answer.json()).title.length > 1, true);
  }
  assert.match(await (await fetch(site.url + made.archive.url, { headers: { accept: 'text/html' } })).text(), /kept and not used/);
  // A second time it is refused, and the person sees what was done.
  assert.equal(site.officer(['restrict', 'place', asked.id, '--ground', 'claims-of-person']).code, 1);
  const shown = await (await fetch(`${site.url}/api/rights/${asked.id}`, { headers: { authorization: `Bearer ${asked.secret}` } })).json();
  assert.equal(shown.state, 'fulfilled');
  assert.equal(shown.restricted, 'claims-of-person');
  assert.equal(shown.certificate.outcome, 'answered');
  assert.deepEqual(shown.events.map((e) => e.event), ['received', 'started', 'restricted', 'answered']);
  assert.deepEqual(restrictions().map((r) => [r.request, r.ground, r.kept, r.told, r.records]), [[asked.id, 'claims-of-person', 'yes', 'no', 1]]);
  assert.match(site.officer(['check']).stdout, /1 restrict what they name/);
  // Access is a right.
  assert.equal((await post('/api/export', { receipt: made.receipt })).status, 200);

  // It ends no earlier than the person was told.
  assert.equal(site.officer(['restrict', 'lift', asked.id]).code, 1);
  assert.deepEqual(await statuses(made), [423, 423, 423]);
  officer('restrict', 'tell', asked.id, '--reason', 'The court has it');
  assert.match(officer('requests', 'letter', asked.id, 'lift'), /We will end the restriction[^]*The court has it/);
  officer('restrict', 'lift', asked.id);
  assert.deepEqual(await statuses(made), [200, 200, 200]);
  assert.deepEqual(restrictions(), []);
  const ledger = site.officer(['audit', 'show', '--format', 'json']).stdout;
  assert.match(ledger, /restricted and kept/);
  assert.doesNotMatch(ledger, /ines@|court/);
});

const archiveId = async (made) => {
  const zip = join(mkdtempSync(join(tmpdir(), 'lethe-acts-')), 'x.zip');
  writeFileSync(zip, Buffer.from(await (await post('/api/export', { receipt: made.receipt })).arrayBuffer()));
  const { records } = JSON.parse(spawnSync('bsdtar', ['-xOf', zip, 'export.json'], { encoding: 'utf8' }).stdout);
  rmSync(dirname(zip), { recursive: true });
  return records.find((r) => r.kind === 'archive').id;
};

test('by the id of a record, too; and for what is not there no request is entered', async () => {
  const made = await set(), folder = mkdtempSync(join(tmpdir(), 'lethe-acts-'));
  const requests = () => JSON.parse(officer('requests', 'list', '--format', 'json')).length;
  const gone = join(folder, 'gone'), before = requests();
  writeFileSync(gone, `${made.receipt.slice(1)}A`); // shaped like one, and nobody's
  const nothing = site.officer(['restrict', 'place', '--receipt', `@${gone}`, '--ground', 'accuracy-contested', '--how', 'letter']);
  assert.equal(nothing.code, 1);
  assert.match(nothing.stderr, /no request was entered/);
  assert.equal(site.officer(['restrict', 'place', '--record', 'f'.repeat(32), '--ground', 'accuracy-contested']).code, 1);
  assert.equal(requests(), before, 'nothing is half done');
  writeFileSync(gone, made.receipt);
  assert.match(officer('restrict', 'place', '--receipt', `@${gone}`, '--ground', 'accuracy-contested', '--dry-run'), /^it would be restricted: 1 record, 1 with files/);
  assert.equal(requests(), before);
  const record = JSON.parse(officer('restrict', 'place', '--receipt', `@${gone}`, '--ground', 'accuracy-contested', '--format', 'json')).id;
  officer('restrict', 'tell', record, '--reason', 'It was right');
  officer('restrict', 'lift', record);
  assert.deepEqual(await statuses(made), [200, 200, 200]);
  const id = await archiveId(made);
  const second = JSON.parse(officer('restrict', 'place', '--record', id, '--ground', 'unlawful-processing', '--how', 'phone', '--format', 'json')).id;
  assert.deepEqual(await statuses(made), [423, 423, 423]);
  assert.equal(requests(), before + 2);
  officer('restrict', 'tell', second, '--reason', 'It was right');
  officer('restrict', 'lift', second);
  await post('/api/erase', { receipt: made.receipt });
  const left = requests();
  assert.equal(site.officer(['restrict', 'place', '--receipt', `@${gone}`, '--ground', 'accuracy-contested']).code, 1);
  assert.equal(requests(), left, 'nor for what was erased');
  rmSync(folder, { recursive: true });
});

test('by a contact all of a person is restricted and lifted: what was proven to be theirs, and nothing of who only gave the same one', async () => {
  const [first, second, strangers] = [await set(), await set(), await set()];
  const contact = 'ida.weide@example.org';
  const ask = async (made) => (await (await post('/api/rights', { right: 'complaint', receipt: made.receipt, contact })).json()).id;
  for (const made of [first, second]) officer('requests', 'verify', await ask(made), '--how', 'known', '--contact-too', '--reason', 'she rang');
  await ask(strangers);
  const place = (...more) => site.officer(['restrict', 'place', '--contact', '-', '--ground', 'accuracy-contested', ...more], { input: ` Ida.Weide@example.org` });
  const before = restrictions().length;
  assert.equal(place().code, 2);
  assert.match(place('--reason', 'she rang', '--dry-run').stdout, /^it would be restricted: 2 records, 2 with files/);
  const placed = place('--reason', 'she rang', '--format', 'json');
  assert.equal(placed.code, 0, placed.stderr);
  const { id, records } = JSON.parse(placed.stdout);
  assert.equal(records, 2);
  assert.deepEqual([await statuses(first), await statuses(second), await statuses(strangers)], [[423, 423, 423], [423, 423, 423], [200, 200, 200]]);
  assert.deepEqual(restrictions().filter((r) => r.request === id).map((r) => r.records), [2]);
  // What another request restricts, too, stays so.
  const folder = mkdtempSync(join(tmpdir(), 'lethe-acts-'));
  writeFileSync(join(folder, 'receipt'), second.receipt);
  const other = JSON.parse(officer('restrict', 'place', '--receipt', `@${join(folder, 'receipt')}`, '--ground', 'accuracy-contested', '--format', 'json')).id;
  officer('restrict', 'tell', id, '--reason', 'It was right');
  assert.match(officer('restrict', 'lift', id), /is lifted: 1 record,/);
  assert.deepEqual([await statuses(first), await statuses(second)], [[200, 200, 200], [423, 423, 423]]);
  officer('restrict', 'tell', other, '--reason', 'It was right');
  officer('restrict', 'lift', other);
  assert.deepEqual(await statuses(second), [200, 200, 200]);
  assert.equal(restrictions().length, before);
  const nobody = site.officer(['restrict', 'place', '--contact', '-', '--ground', 'accuracy-contested', '--reason', 'r'], { input: 'nobody@example.org' });
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /no request was entered/);
  rmSync(folder, { recursive: true });
});

test('an objection by letter is restricted until it is decided: overridden, or erased', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-acts-')), file = join(folder, 'receipt');
  const place = (made) => {
    writeFileSync(file, made.receipt);
    return JSON.parse(officer('object', 'place', '--receipt', `@${file}`, '--how', 'letter', '--reason', 'a particular situation', '--format', 'json')).id;
  };
  const shown = (id) => JSON.parse(officer('requests', 'show', id, '--format', 'json'));
  const made = await set(), id = place(made);
  assert.deepEqual(await statuses(made), [423, 423, 423]);
  assert.deepEqual([shown(id).right, shown(id).state, shown(id).restricted], ['objection', 'open', 'objection-pending']);
  assert.equal(site.officer(['object', 'override', id]).code, 2, 'a reason is needed');
  assert.deepEqual(await statuses(made), [423, 423, 423]);
  officer('object', 'override', id, '--reason', 'needed against abuse');
  assert.deepEqual(await statuses(made), [200, 200, 200]);
  const refused = shown(id);
  assert.deepEqual([refused.state, refused.certificate.outcome, refused.certificate.ground], ['refused', 'refused', 'compelling-grounds']);
  assert.deepEqual(refused.events.map((e) => e.event).slice(-4), ['restricted', 'refused', 'lift-told', 'lifted']);
  assert.equal(site.officer(['object', 'override', id, '--reason', 'again']).code, 0, 'done again, nothing happens');
  assert.equal(shown(id).events.length, refused.events.length);
  const other = await set(), right = place(other);
  officer('erase', '--request', right, '--yes');
  assert.deepEqual(await statuses(other), [404, 404, 404]);
  assert.deepEqual([shown(right).state, shown(right).certificate.complete], ['fulfilled', true]);
  const access = JSON.parse(officer('requests', 'add', '--right', 'access', '--format', 'json')).id;
  assert.equal(site.officer(['object', 'override', access, '--reason', 'no objection']).code, 2);
  assert.equal(site.officer(['requests', 'refuse', access, '--ground', 'compelling-grounds', '--reason', 'x']).code, 2, 'only of an objection');
  rmSync(folder, { recursive: true });
});

test('two requests for the same restrict it until both are lifted, and it can be erased meanwhile', async () => {
  const made = await set();
  const folder = mkdtempSync(join(tmpdir(), 'lethe-acts-'));
  writeFileSync(join(folder, 'receipt'), made.receipt);
  officer('restrict', 'place', '--receipt', `@${join(folder, 'receipt')}`, '--ground', 'accuracy-contested', '--how', 'letter');
  const asked = await (await post('/api/rights', { right: 'restriction', archive: made.archive.url })).json();
  officer('restrict', 'place', asked.id, '--ground', 'unlawful-processing');
  rmSync(folder, { recursive: true });
  assert.equal(restrictions().length, 2);
  for (const r of restrictions()) {
    assert.deepEqual(await statuses(made), [423, 423, 423]);
    officer('restrict', 'tell', r.request, '--reason', 'Done');
    officer('restrict', 'lift', r.request);
  }
  assert.deepEqual(await statuses(made), [200, 200, 200]);

  const again = await (await post('/api/rights', { right: 'restriction', receipt: made.receipt })).json();
  officer('restrict', 'place', again.id, '--ground', 'unlawful-processing');
  assert.deepEqual(await statuses(made), [423, 423, 423]);
  const certificate = await (await post('/api/erase', { receipt: made.receipt })).json();
  assert.equal(certificate.complete, true);
  assert.ok(certificate.stores.find((s) => s.name === 'spool').erased >= 1);
  assert.deepEqual(await statuses(made), [404, 404, 404]);
});

test('nobody gets what is restricted, however close they ask', async () => {
  const made = await set();
  const asked = await (await post('/api/rights', { right: 'restriction', receipt: made.receipt })).json();
  let done = false;
  let restrictedAt = 0;
  const late = [];
  const readers = [0, 1, 2].map(async () => {
    while (!done) {
      const placed = restrictedAt !== 0;
      const { status } = await fetch(site.url + made.archive.url);
      if (placed) late.push(status);
      else assert.ok(status === 200 || status === 423, status);
    }
  });
  await until(async () => (await fetch(site.url + made.archive.url)).status === 200);
  const placing = spawn(lethe, ['restrict', 'place', asked.id, '--ground', 'accuracy-contested'], { stdio: 'ignore',
    env: { ...process.env, LETHE_STATE: site.state, LETHE_RUN: site.run, LETHE_POLICY: join(root, 'policy/sites/bizimages.xml') } });
  assert.equal(await new Promise((resolve) => placing.once('exit', resolve)), 0);
  restrictedAt = Date.now();
  await until(() => late.length > 20);
  done = true;
  await Promise.all(readers);
  assert.deepEqual([...new Set(late)], [423]);
});

test('what an officer dates back is dated back for the person, too: the page says when it was written down', async () => {
  const came = new Date(Date.now() - 9 * 86400000).toISOString().slice(0, 10);
  const { id, secret } = JSON.parse(officer('requests', 'add', '--right', 'complaint', '--received', came, '--format', 'json'));
  const page = async () => (await (await fetch(`${site.url}/api/rights/look-up`, { method: 'POST', headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ id, secret }) })).text())
    .match(/<ol class="history">[^]*?<\/ol>/)[0].split('<li>').slice(1);
  const day = (time) => new Date(time).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  const told = await page();
  assert.match(told[0], new RegExp(`${day(came)}[^]*<small>written down on ${day(Date.now())}</small>`));
  assert.ok(told.slice(1).every((line) => !line.includes('written down on')));
  officer('requests', 'answer', id, '--at', came, '--how', 'letter', '--reason', 'letter 12');
  assert.match((await page()).at(-1), /written down on/);
});

test('a person corrects what an own open request says, and what it was goes with the answer', async () => {
  const wrong = `wrong-${process.pid}@example.org`;
  const { id, secret } = await (await post('/api/rights', { right: 'complaint', contact: wrong, message: 'The mill is blue' })).json();
  const correct = (fields) => post('/api/rights/rectify', { id, secret, ...fields });
  assert.equal((await post('/api/rights/rectify', { id, secret: secret.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')), contact: 'a@example.org' })).status, 404);
  assert.equal((await correct({})).status, 422);
  assert.equal((await correct({ right: 'erasure' })).status, 400);
  const answer = await correct({ contact: 'right@example.org', message: 'The mill is green' });
  assert.equal(answer.status, 200, await answer.clone().text());
  assert.equal((await correct({ contact: 'right@example.org' })).status, 422);
  const own = await answer.json(), event = own.events.at(-1);
  assert.deepEqual([event.event, event.by, event.fields], ['corrected', 'person', 'contact message']);
  assert.deepEqual(own.recipients, []); // no letter was sent, so nobody else has it
  const personal = () => JSON.parse(officer('requests', 'show', id, '--personal', '--reason', 'to answer', '--format', 'json'));
  assert.deepEqual([personal().contact, personal().message], ['right@example.org', 'The mill is green']);
  const exported = async () => Buffer.from(await (await post('/api/export', { id, secret })).arrayBuffer());
  assert.ok((await exported()).length > 0);
  assert.match(site.officer(['rectify', id, '--contact', '-', '--reason', 'as the letter says'], { input: 'other@example.org\n' }).stdout, /is corrected/);
  const body = () => JSON.parse(officer('requests', 'show', id, '--format', 'json'));
  assert.equal(body().events.filter((e) => e.event === 'corrected').length, 2);
  officer('requests', 'answer', id);
  assert.equal((await correct({ contact: 'late@example.org' })).status, 409);
  const ledger = site.officer(['audit', 'show', '--format', 'json']).stdout;
  assert.match(ledger, /contact message/);
  assert.doesNotMatch(ledger, /example\.org|mill/);
  const zip = join(mkdtempSync(join(tmpdir(), 'lethe-acts-')), 'x.zip');
  writeFileSync(zip, await exported());
  const json = spawnSync('bsdtar', ['-xOf', zip, 'export.json'], { encoding: 'utf8' }).stdout;
  assert.match(json, /other@example\.org/);
  assert.ok(!json.includes(wrong) && !json.includes('blue'));
  rmSync(dirname(zip), { recursive: true });
});
