// SPDX-License-Identifier: ISC
// Checks a certificate in the browser: its SHA-256 stands in an entry of the ledger, the entry's path leads to the root that was signed, and the
// signature is that of the key. Nothing is sent: the page may not (connect-src 'none'). It stands in its page, which works where it is saved, too.

import { $, element, language, word } from "./common.js";

// What it says is the key of a word; `address`: where what is missing can be fetched.
class Fault extends Error {
	constructor(said, address) {
		super(said);
		this.address = address;
	}
}

const encoder = new TextEncoder();
const join = (...parts) => new Uint8Array(parts.flatMap((part) => [...part]));
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text) => new Uint8Array((text.match(/../g) ?? []).map((pair) => parseInt(pair, 16)));
const equal = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

function base64(text) {
	if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text))
		throw new Fault("form");
	return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

// RFC 8785, for whole numbers: members sorted, no spaces.
function canonical(value) {
	if (Array.isArray(value))
		return `[${value.map(canonical).join(",")}]`;
	if (value !== null && typeof value === "object")
		return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
	return JSON.stringify(value);
}

// C2SP: NAME+ID+KEY.
async function readKey(line) {
	const [, name, id, encoded] = line.trim().match(/^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/) ?? [];
	if (name === undefined)
		throw new Fault("key");
	const typed = base64(encoded);
	if (typed.length !== 33 || typed[0] !== 1 || hex((await sha256(encoder.encode(`${name}\n`), typed)).slice(0, 4)) !== id)
		throw new Fault("key");
	return { line: line.trim(), name, id, bytes: typed.slice(1) };
}

// A signed checkpoint: its size and root, once the signature holds.
async function openCheckpoint(note, key) {
	const cut = note.lastIndexOf("\n\n"), text = note.slice(0, cut + 1);
	const [origin, size, root, ...more] = text.split("\n"), end = more.pop(); // what else is signed is none of this page's
	const prefix = `— ${key.name} `;
	const blobs = note.slice(cut + 2).split("\n").filter((one) => one.startsWith(prefix)).map((one) => base64(one.slice(prefix.length)));
	const blob = blobs.find((one) => hex(one.slice(0, 4)) === key.id); // while the key is changed the old one and the new one sign
	if (cut < 0 || end !== "" || !/^[0-9]{1,15}$/.test(size))
		throw new Fault("form");
	if (origin !== key.name || blob === undefined)
		throw new Fault("other_key");
	const verifier = await crypto.subtle.importKey("raw", key.bytes, "Ed25519", false, ["verify"]);
	if (!await crypto.subtle.verify("Ed25519", verifier, blob.slice(4), encoder.encode(text)))
		throw new Fault("signature");
	return { size: Number(size), root: base64(root) };
}

// RFC 9162 §2.1.3.2. Numbers of up to 15 digits, beyond what shifts can take.
async function rootOf(leaf, index, size, path) {
	let hash = leaf, node = index, last = size - 1, used = 0;
	for (; last > 0; node = Math.floor(node / 2), last = Math.floor(last / 2)) {
		if (node % 2 === 0 && node === last)
			continue;
		if (used === path.length)
			throw new Fault("path");
		hash = await (node % 2 === 1 ? sha256([1], path[used], hash) : sha256([1], hash, path[used]));
		used++;
	}
	if (used !== path.length || index >= size)
		throw new Fault("path");
	return hash;
}

// The keys to which one leads: each was handed over to the next by a checkpoint that both signed.
async function follow(given, all) {
	const keys = [given];
	for (let i = all.findIndex((one) => one.key === given.line); i > 0; i--) {
		const next = await readKey(all[i - 1].key);
		for (const key of [keys[0], next]) {
			const { size } = await openCheckpoint(all[i].handover ?? "", key);
			if (size !== all[i].until_size)
				throw new Fault("other_key");
		}
		keys.unshift(next);
	}
	return keys;
}

// Of the site itself, where they are published, the present one first; else the key, or a file with all of them, is asked for. One that was given up
// counts for nothing where it is not told up to which size it signed.
const saved = location.protocol === "file:";
const keysOf = ({ key, keys = [] }) => [{ key }, ...keys.slice(1).filter((one) => Number.isSafeInteger(one.until_size))];
let keyFile; // the key's, when it is from one
let published = saved ? Promise.resolve([]) : import("/.well-known/ledger.js").then(keysOf, () => []);

async function check(text, keyLine, receipt) {
	const begins = text.search(/^c2sp\.org\/tlog-proof@v1$/m); // a proof that was fetched later, behind the certificate
	let certificate;
	try {
		certificate = JSON.parse(begins < 0 ? text : text.slice(0, begins));
	} catch {
		throw new Fault("form");
	}
	const { evidence, ...facts } = certificate ?? {};
	if (typeof facts.cert_id !== "string" || evidence === undefined)
		throw new Fault("form");
	if (evidence === null)
		throw new Fault("nothing");
	const proof = begins < 0 ? evidence.proof : text.slice(begins), entry = evidence.entry;
	if (typeof proof !== "string")
		throw new Fault("unsigned");
	const given = await readKey(keyLine), all = await published;
	const cut = proof.indexOf("\n\n"), [first, ...rest] = proof.slice(0, Math.max(cut, 0)).split("\n");
	const lines = rest.filter((line) => !line.startsWith("extra "));
	if (first !== "c2sp.org/tlog-proof@v1" || lines[0] !== `index ${entry.index}` || !Number.isSafeInteger(entry.index))
		throw new Fault("form");
	// Whoever took a key that was given up can have made whatever it signed, of any size: only what the present one signs tells.
	const old = keyLine.trim() === all[0]?.key ? all.slice(1).map((one) => one.key) : [];
	const candidates = [...await follow(given, all), ...await Promise.all(old.map(readKey))];
	let key, checkpoint;
	for (key of candidates) {
		try {
			checkpoint = await openCheckpoint(proof.slice(cut + 2), key);
			break;
		} catch (error) {
			if (!(error instanceof Fault && error.message === "other_key") || key === candidates.at(-1))
				throw error;
		}
	}
	const past = all.slice(1).find((one) => one.key === key.line);
	if (past !== undefined)
		throw checkpoint.size > past.until_size ? new Fault("given_up") : new Fault("old_key", `/api/proofs/${entry.index}`);
	const line = `lethe-ledger/v1\n${entry.index}\n${entry.at}\n${entry.event}\n${entry.policy}\n${entry.details}\n`;
	const leaf = await sha256([0], encoder.encode(line), new Uint8Array(32));
	if (!equal(await rootOf(leaf, entry.index, checkpoint.size, lines.slice(1).map(base64)), checkpoint.root))
		throw new Fault("path");
	const said = JSON.parse(entry.details);
	if (entry.event !== "certificate" || said.id !== facts.cert_id || said.sha256 !== hex(await sha256(encoder.encode(canonical(facts)))))
		throw new Fault("altered");
	let mine;
	if (receipt !== "" && facts.subject_ref && evidence.salt) {
		const secret = await crypto.subtle.importKey("raw", unhex(evidence.salt), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
		mine = hex(new Uint8Array(await crypto.subtle.sign("HMAC", secret, encoder.encode(`subject\0${receipt}`)))) === facts.subject_ref;
	}
	// Whoever made a certificate up can have made a key for it: on the site itself it is told whether the key is the site's, elsewhere where it is from.
	return { facts, entry, checkpoint, key, mine, ours: saved || all.length === 0 ? undefined : all.some((one) => one.key === key.line) };
}

function outcome(good, title, ...content) {
	const box = $("verify-outcome");
	box.className = `outcome ${good ? "good" : "bad"}`;
	box.replaceChildren(element("h2", title), ...content);
	box.hidden = false;
	box.focus();
}

const moment = (value) => new Date(value).toLocaleString(language === "en" ? "en-GB" : language, { dateStyle: "long", timeStyle: "medium" });

function show({ facts, entry, checkpoint, key, mine, ours }) {
	const list = element("dl");
	const erased = (facts.stores ?? []).reduce((sum, store) => sum + store.erased, 0);
	const rows = { controller: facts.controller, right: /^A\d+$/.test(facts.right) ? word("script.verify.article", { n: facts.right.slice(1) }) : facts.right, executed: moment(facts.executed_at), policy: facts.policy_version,
		...(facts.stores && { erased: erased.toLocaleString(language) }), entry: `${entry.index} / ${checkpoint.size}`,
		recorded: moment(entry.at * 1000), log: key.name };
	for (const [name, value] of Object.entries(rows))
		list.append(element("dt", word(`script.verify.${name}`)), element("dd", String(value)));
	const from = keyFile === undefined ? word("script.verify.key_typed") : word("script.verify.key_file", { file: keyFile });
	outcome(mine !== false && ours !== false, word(ours === false ? "script.verify.not_ours" : "script.verify.holds"),
		...[word(ours === false ? "script.verify.not_ours_why" : "script.verify.holds_why"), ...(ours === undefined ? [from] : [])].map((text) => element("p", text)),
		...(mine === undefined ? [] : [element("p", word(mine ? "script.verify.mine" : "script.verify.not_mine"))]), list);
}

$("verify").addEventListener("submit", async (event) => {
	event.preventDefault();
	if (!globalThis.crypto?.subtle)
		return outcome(false, word("script.verify.cannot"), element("p", word("script.verify.insecure")));
	try {
		show(await check($("certificate").value, $("key").value, $("receipt").value.trim()));
	} catch (error) {
		const known = error instanceof Fault, cannot = known && ["form", "key", "unsigned", "nothing", "other_key", "old_key"].includes(error.message);
		const said = element("p", known ? word(`script.verify.${error.message}`) : `${word("script.verify.form")} (${error.message})`);
		if (error.address !== undefined) {
			const link = element("a", word("script.verify.fetch"));
			link.href = error.address;
			link.target = "_blank";
			said.append(" ", link);
		}
		outcome(false, word(cannot || !known ? "script.verify.cannot" : "script.verify.fails"), said);
	}
});

// What ledger.json says of the keys, which whoever is without a network has as a file.
function keysIn(text) {
	try {
		const said = JSON.parse(text);
		return typeof said.key === "string" && said.cert_id === undefined ? said : null;
	} catch {
		return null;
	}
}

$("file").addEventListener("change", async () => {
	const texts = await Promise.all([...$("file").files].map(async (file) => [file.name, await file.text()])), certificates = [];
	for (const [name, text] of texts) {
		const ledger = /^\s*\{/.test(text) && keysIn(text);
		if (ledger && saved) // the site has its own, which no file takes the place of
			published = Promise.resolve(keysOf(ledger));
		if (ledger || /^\S+\+[0-9a-f]{8}\+\S+\s*$/.test(text)) {
			$("key").value = ledger ? ledger.key : text.trim();
			keyFile = name;
		} else
			certificates.push(text);
	}
	// The certificate first, then its proof.
	if (certificates.length > 0)
		$("certificate").value = certificates.sort((a, b) => a.startsWith("c2sp.org") - b.startsWith("c2sp.org")).join("\n");
});
$("key").addEventListener("input", () => { keyFile = undefined; });
$("certificate").addEventListener("dragover", (event) => event.preventDefault());
$("certificate").addEventListener("drop", async (event) => {
	if (event.dataTransfer.files.length === 0)
		return;
	event.preventDefault();
	$("certificate").value = await event.dataTransfer.files[0].text();
});

// A certificate that was handed over with the address, which no server gets to see: it is checked at once, and leaves the address.
const handed = decodeURIComponent(location.hash.slice(1));
if (handed.startsWith("{")) {
	$("certificate").value = handed;
	history.replaceState(null, "", location.pathname);
}
// A saved page leads to nothing of the site.
for (const part of saved ? document.querySelectorAll(".skip, .bar, .online") : [])
	part.remove();
for (const link of saved ? document.querySelectorAll("a[href^='/']") : [])
	link.replaceWith(link.textContent);
published.then(([now]) => {
	$("key").value ||= now?.key ?? "";
	if (handed.startsWith("{"))
		$("verify").requestSubmit();
});
