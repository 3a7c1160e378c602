// SPDX-License-Identifier: ISC
// What the visitor may do with a finished set: take the ZIP, see its time run, end it, keep the receipt.

import { $, copyText, element, language, problemOf, saveText, say, spell, timeOf, word, wordsFor } from "./common.js";

let timer = 0;
let current = null;

// Pictures, the ZIP's address and the receipt are nowhere but in this tab: who has taken none of them is asked before they go.
let untaken = false;
function ask(event) {
	event.preventDefault();
	event.returnValue = true; // browsers that do not know the line above
}
function mayBeLost(yes) {
	untaken = yes;
	if (yes)
		addEventListener("beforeunload", ask);
	else
		removeEventListener("beforeunload", ask);
}
const safe = () => mayBeLost(false);

export const letGo = () => !untaken || confirm(word("script.start.untaken"));

const bytesWords = (bytes) => bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

function life(...parts) {
	$("life").replaceChildren(...parts);
}

// Why the ZIP is still there after it was to be deleted. Beside its time, which runs on.
function undeleted(words = "") {
	$("undeleted").textContent = words;
}

function over(words) {
	clearInterval(timer);
	history.replaceState(null, ""); // nothing is found by the receipt any more
	undeleted();
	$("download").hidden = $("delete").hidden = true;
	life(words);
}

function tick() {
	const ends = timeOf(current.archive.expires);
	const left = (ends - Date.now()) / 1000;
	if (left <= 0)
		return over(word("script.start.zip_ended"));
	const clock = ends.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
	life(word("script.start.zip_until"), element("strong", clock), " (", element("span", word("script.start.zip_left", { time: spell(left) })), ")",
	     word("script.start.zip_tab"));
}

export function show(done) {
	current = done;
	undeleted();
	$("download").hidden = $("delete").hidden = false;
	$("delete").disabled = false;
	Object.assign($("download"), { href: done.archive.url, download: "" });
	$("download-size").textContent = done.archive.bytes ? bytesWords(done.archive.bytes) : "";
	$("receipt").textContent = done.receipt;
	$("after").hidden = false;
	mayBeLost(true);
	clearInterval(timer);
	if (!done.archive.expires)
		return life(word("script.start.zip_kept"));
	timer = setInterval(tick, 1000);
	tick();
}

export function hide() {
	clearInterval(timer);
	safe();
	$("after").hidden = true;
	current = null;
}

async function remove() {
	const set = current;
	$("delete").disabled = true;
	undeleted();
	let problem;
	try {
		const response = await fetch(current.archive.url, { method: "DELETE", credentials: "omit", headers: { Accept: "application/json", "Accept-Language": language } });
		if (response.ok || response.status === 404) {
			over(word("script.start.zip_gone"));
			say(word("script.start.zip_deleted"));
			safe();
			$("keep-title").tabIndex = -1;
			$("keep-title").focus();
			return;
		}
		problem = await problemOf(response);
	} catch {
		problem = { status: 0 };
	}
	if (current !== set || $("download").hidden) // another set is made, or its time ended it meanwhile
		return;
	const words = wordsFor(problem);
	$("delete").disabled = false;
	say(word("script.start.not_deleted", words));
	undeleted(word("script.start.not_deleted_yet", words));
}

for (const id of ["download", "receipt-copy", "receipt-save"])
	$(id).addEventListener("click", safe);
$("delete").addEventListener("click", remove);
$("receipt-copy").addEventListener("click", () => copyText($("receipt-copy"), current.receipt, $("receipt")));
$("receipt-save").addEventListener("click", () => saveText(
	`${word("script.start.receipt.title")}\n\n${current.receipt}\n\n${word("script.start.receipt.made", { time: new Date().toISOString() })}\n` +
	`${word("script.start.receipt.site", { site: `${location.origin}/` })}\n\n${word("script.start.receipt.use")}\n${location.origin}/rights\n` +
	`${word("script.start.receipt.secret")}\n`,
	"receipt.txt"));
