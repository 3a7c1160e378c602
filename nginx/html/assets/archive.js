// SPDX-License-Identifier: ISC
// What the visitor may do with finished sets: take the ZIP, see its time run, end it, keep the receipt.

import { $, copyText, element, language, problemOf, saveText, say, spell, timeOf, word, wordsFor } from "./common.js";

let timer = 0;
let current = []; // sets with what `done` said of them; the ZIP is that of the first

// Pictures, the ZIP's address and the receipt are nowhere but in this tab: who has taken none of them is asked before they go. A ZIP or a
// receipt leads back to what was made; of single pictures it takes all.
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
export const safe = () => mayBeLost(false);

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
	const ends = timeOf(current[0].done.archive.expires);
	const left = (ends - Date.now()) / 1000;
	if (left <= 0)
		return over(word("script.start.zip_ended"));
	const clock = ends.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
	life(word("script.start.zip_until"), element("strong", clock), " (", element("span", word("script.start.zip_left", { time: spell(left) })), ")",
	     word("script.start.zip_tab"));
}

// `partly`: the sheet has pictures that are not in the ZIP.
export function show(sets, partly) {
	current = sets;
	undeleted();
	clearInterval(timer);
	$("after").hidden = false;
	$("zip-partly").hidden = !partly || sets.length === 0;
	$("download").hidden = $("delete").hidden = $("receipt-card").hidden = sets.length === 0;
	mayBeLost(true);
	if (sets.length === 0)
		return life(word("script.start.zip_none"));
	const { archive } = sets[0].done;
	$("delete").disabled = false;
	Object.assign($("download"), { href: archive.url, download: "" });
	$("download-size").textContent = archive.bytes ? bytesWords(archive.bytes) : "";
	$("receipt").textContent = receipts();
	$("receipt-use").hidden = sets.length > 1; // a form takes one
	$("receipt-use").elements.receipt.value = sets[0].done.receipt;
	if (!archive.expires)
		return life(word("script.start.zip_kept"));
	timer = setInterval(tick, 1000);
	tick();
}

const receipts = () => current.map(({ done }) => done.receipt).join("\n");

export function hide() {
	clearInterval(timer);
	safe();
	$("after").hidden = true;
	current = [];
}

// What went wrong, or undefined when it is gone.
async function end(address) {
	try {
		const response = await fetch(address, { method: "DELETE", credentials: "omit", headers: { Accept: "application/json", "Accept-Language": language } });
		return response.ok || response.status === 404 ? undefined : await problemOf(response);
	} catch {
		return { status: 0 };
	}
}

async function remove() {
	const sets = current;
	$("delete").disabled = true;
	undeleted();
	const problem = (await Promise.all(sets.map(({ done }) => end(done.archive.url)))).find(Boolean);
	if (!problem) {
		over(word("script.start.zip_gone"));
		say(word("script.start.zip_deleted"));
		safe();
		$("keep-title").tabIndex = -1;
		$("keep-title").focus();
		return;
	}
	if (current !== sets || $("download").hidden) // another set is made, or its time ended it meanwhile
		return;
	const words = wordsFor(problem);
	$("delete").disabled = false;
	say(word("script.start.not_deleted", words));
	undeleted(word("script.start.not_deleted_yet", words));
}

for (const id of ["download", "receipt-copy", "receipt-save"])
	$(id).addEventListener("click", safe);
$("delete").addEventListener("click", remove);
$("receipt-copy").addEventListener("click", () => copyText($("receipt-copy"), receipts(), $("receipt")));
$("receipt-save").addEventListener("click", () => saveText(
	`${word("script.start.receipt.title")}\n\n${receipts()}\n\n${word("script.start.receipt.made", { time: new Date().toISOString() })}\n` +
	`${word("script.start.receipt.site", { site: `${location.origin}/` })}\n\n${word("script.start.receipt.use")}\n${location.origin}/rights\n` +
	`${word("script.start.receipt.secret")}\n`,
	"receipt.txt"));
