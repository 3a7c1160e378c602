// SPDX-License-Identifier: ISC
// The visit: a brief goes out, pictures come in. Without this script the same form works as plain HTML.

import { $, counted, element, say, spell, word, wordsFor } from "./common.js";
import { cancel, generate, resume } from "./stream.js";
import * as archive from "./archive.js";
import * as history from "./history.js";
import * as save from "./save.js";
import * as sheet from "./sheet.js";
import * as viewer from "./viewer.js";
import { showLeaving, showProcessors } from "./processors.js";

const form = $("brief");
// How much of the whole each stage takes.
const stageWeights = { page: 8, prompts: 12, images: 75, archive: 5 };
const stageWords = {
	page: { "": "script.start.page", now: "script.start.page.now", done: "script.start.page.done" },
	prompts: { "": "script.start.prompts", now: "script.start.prompts.now", done: "script.start.prompts.done" },
	images: { "": "script.start.images", now: "script.start.images.now", done: "script.start.images.done" },
	archive: { "": "script.start.archive", now: "script.start.archive.now", done: "script.start.archive.done" },
};
let stages = [];
// What is being made: {set, abort, cancelled}.
let running = null;
// The sets of the sheet: {receipt, brief, frames, done}. The first is the one that the form asked for, each further one a picture made again.
let sets = [];

const fromUrl = () => $("by-url")?.checked === true; // the policy may let no page be read
const source = () => fromUrl() ? $("url") : $("description");

function briefOf(confirm) {
	const data = new FormData(form);
	const brief = fromUrl() ? { url: data.get("url").trim() } : { description: data.get("description").trim() };
	Object.assign(brief, { count: Number(data.get("count")), size: data.get("size"), style: data.get("style"), thumbnails: true });
	if (data.get("provider"))
		brief.provider = data.get("provider");
	if (confirm)
		brief.confirm = true;
	return brief;
}

// --- words about the form, and about a set ---
function clearErrors() {
	$("notice").hidden = true;
	for (const error of form.querySelectorAll(".field-error"))
		error.textContent = "";
	for (const field of form.querySelectorAll("[aria-invalid]"))
		field.removeAttribute("aria-invalid");
}

function fieldError(name, words) {
	const error = $(`${name}-error`);
	const field = form.elements[name];
	if (!error || !field || error.closest(".field, fieldset").offsetParent === null)
		return false;
	error.textContent = words;
	const control = field instanceof RadioNodeList ? form.querySelector(`[name="${name}"]:checked`) : field;
	control.setAttribute("aria-invalid", "true");
	control.focus({ preventScroll: true });
	error.scrollIntoView({ block: "center", behavior: "instant" }); // on a phone the keyboard takes half of the window
	return true;
}

// What the notice is about: how to change it, how to send it all the same. Above the form, or above the sheet.
let answers = {};
function notice(title, words, confirmable) {
	const box = $("notice");
	$(document.querySelector(".hero").hidden ? "work-notice" : "form-notice").append(box);
	box.classList.toggle("confirmable", confirmable !== undefined);
	$("notice-title").textContent = title;
	$("notice-text").textContent = words;
	answers = confirmable || {};
	$("notice-actions").hidden = !confirmable;
	box.hidden = false;
	box.setAttribute("role", "group");
	box.setAttribute("aria-labelledby", "notice-title");
	box.focus({ preventScroll: true });
	box.scrollIntoView({ block: "center", behavior: "instant" });
}

function showProblem(problem, confirmable) {
	const words = wordsFor(problem);
	if (problem.sent_to?.length > 0)
		words.detail += word("script.start.sent", { names: namesOf(problem.sent_to) });
	if (problem.confirmable === true)
		notice(word("script.start.personal"), words.detail, confirmable);
	else if (problem.parameter && fieldError(problem.parameter, words.detail))
		say(words.detail);
	else
		notice(words.title, words.detail);
}

// --- from the form to the work and back ---
function showForm() {
	document.querySelector(".hero").hidden = false;
	$("work").hidden = true;
	document.title = form.dataset.title;
	estimate();
	archive.hide();
	sheet.clear();
	sets = [];
}

function showWork() {
	clearErrors();
	form.dataset.title ??= document.title;
	document.querySelector(".hero").hidden = true;
	$("work").hidden = false;
	sheet.clear();
	scrollTo(0, 0);
}

// Something is being made for these frames, or nothing is.
function showMaking(set) {
	sheet.busy(true);
	$("notice").hidden = true;
	eyebrow("script.start.in_progress");
	$("work-title").textContent = counted("script.start.making", set.frames.length);
	$("work-actions").hidden = $("bar").hidden = $("stages").hidden = false;
	$("dock").hidden = $("again").hidden = $("preview").hidden = $("retry").hidden = $("missing").hidden = true;
	archive.hide();
	stages = (set.brief.url ? ["page"] : []).concat("prompts", "images", "archive").map((name) => ({ name, done: 0, of: 0 }));
	drawStages();
	$("work-title").focus({ preventScroll: sets.length > 1 });
	if (sets.length > 1)
		set.frames[0].item.scrollIntoView({ block: "center" });
	times.began = performance.now();
	estimate(times.last && times.last * set.frames.length);
	say(word("script.start.started"));
}

// What the sheet has, once nothing is being made.
function showResults(title) {
	const made = sheet.arrived().length;
	const missing = sheet.missing().length;
	const finished = sets.filter((set) => set.done);
	sheet.busy(false);
	estimate();
	eyebrow(title);
	$("work-title").textContent = counted("script.start.set", made);
	$("work-actions").hidden = $("bar").hidden = $("stages").hidden = true;
	$("dock").hidden = $("again").hidden = false;
	document.title = form.dataset.title;
	const makers = [...new Set(finished.flatMap((set) => [madeBy(set), ...failures(set)]))].filter(Boolean);
	$("preview").textContent = makers.join(" · ");
	$("preview").hidden = makers.length === 0;
	$("retry").hidden = !finished.some((set) => failures(set).length > 0) || !sets[0].brief.style; // after a reload the words are not known any more
	$("missing").hidden = missing === 0;
	$("missing-text").textContent = counted("script.start.missing", missing, { of: sheet.frames.length });
	$("missing-make").textContent = counted("script.start.missing.make", missing);
	archive.show(finished, sheet.frames.length > (finished[0]?.frames.length || 0));
}

const namesOf = (recipients) => recipients.map(({ name }) => name).join(word("script.start.comma"));

// Nobody else saw anything only where the prompts too were written here and every picture was drawn here.
function madeBy({ done: { processor, sent_to: sentTo } }) {
	if (!processor?.name)
		return "";
	if (!processor.preview)
		return word("script.start.made_by", processor);
	if (sentTo?.length > 0)
		return word("script.start.drawn_sent", { ...processor, names: namesOf(sentTo) });
	const alone = sentTo || (processor.prompts === processor.id && sheet.allPreviews());
	return word(alone ? "script.start.drawn_alone" : "script.start.drawn", processor);
}

// Who was sent something all the same, and why nothing came of it.
const failures = ({ done: { sent_to: recipients = [] } }) =>
	recipients.filter(({ failure }) => failure).map((one) => word("script.start.sent_failed", one));

function drawStages() {
	const isDone = (stage) => stage.of > 0 && stage.done >= stage.of;
	const now = stages.find((stage) => !isDone(stage));
	$("stages").replaceChildren(...stages.map((stage) => {
		const state = isDone(stage) ? "done" : stage === now ? "now" : "";
		const name = word(stageWords[stage.name][state]);
		const item = element("li", stage.name === "images" && stage.of > 0 ? word("script.start.counted", { ...stage, stage: name }) : name);
		item.className = state;
		if (stage === now)
			item.setAttribute("aria-current", "step");
		return item;
	}));
	const total = stages.reduce((sum, stage) => sum + stageWeights[stage.name], 0);
	const moved = stages.reduce((sum, stage) => sum + stageWeights[stage.name] * (stage.of ? Math.min(1, stage.done / stage.of) : 0), 0);
	$("bar").value = 100 * moved / total;
	document.title = `${Math.round($("bar").value)} % · ${form.dataset.title}`;
}

// How long it still takes: by the pictures of this set that are there, before that by the set before, if there was one.
let times = {}; // began: of the set; due: when it will be done; last: how long a picture of the set before took
function estimate(left) {
	clearInterval(times.timer);
	times.due = left === undefined ? undefined : performance.now() + left;
	const tell = () => {
		const seconds = Math.round((times.due - performance.now()) / 1000);
		$("estimate").textContent = !(seconds > -5) ? "" : seconds < 2 ? word("script.start.almost") : word("script.start.about", { time: spell(seconds) });
	};
	if (times.due !== undefined)
		times.timer = setInterval(tell, 1000);
	tell();
}

function measure(done, of) {
	const took = performance.now() - times.began;
	if (done > 0)
		times.last = took / done;
	estimate(done > 0 ? took / done * (of - done) : times.last && times.last * of);
}

function onProgress({ stage: name, done, of }) {
	const stage = stages.find((one) => one.name === name);
	if (!stage)
		return;
	// A later stage that moves means the earlier ones are over.
	for (const earlier of stages.slice(0, stages.indexOf(stage)))
		if (earlier.done < earlier.of || !earlier.of)
			earlier.done = earlier.of = earlier.of || 1;
	Object.assign(stage, { done, of });
	drawStages();
	if (name === "images")
		measure(done, of);
	if (name === "images" && done > 0)
		say(word("script.start.picture_made", { done, of }));
	else if (done >= of)
		say(word("script.start.said", { stage: word(stageWords[name].done) }));
}

async function run(confirm) {
	if (running)
		return;
	const brief = briefOf(confirm);
	const needed = fromUrl() ? "url" : "description";
	clearErrors();
	if (!brief[needed])
		return fieldError(needed, word(fromUrl() ? "script.start.no_url" : "script.start.no_description"));
	await begin(brief);
}

async function begin(brief) {
	showWork();
	sets = [{ brief, frames: Array.from({ length: brief.count }, () => sheet.add(brief.size)) }];
	await make(sets[0], false);
}

// One picture more, from a text: in the frame that has none, or in a new one.
async function makeOne(text, frame, confirm) {
	const [{ brief: { url, description, ...first } }] = sets;
	const brief = { ...first, thumbnails: true, count: 1, ...text ? { description: text, verbatim: true } : url ? { url } : { description }, ...confirm && { confirm } };
	if (frame)
		sheet.wait(frame);
	const set = { brief, frames: [frame || sheet.add(brief.size)], text };
	sets.push(set);
	await make(set, false);
	return set.done !== undefined;
}

async function makeMissing() {
	for (const frame of sheet.missing())
		if (!await makeOne(frame.text, frame))
			return;
}

// The sets of this tab are found again by their receipts, after a reload too: these are part of the tab's history entry and nowhere else.
function remember() {
	const [first, ...more] = sets.filter((set) => set.receipt && !set.gone).map((set) => set.receipt);
	window.history.replaceState(first ? { receipt: first, more } : null, "");
}

// Makes a set, or finds one that was begun.
async function make(set, found) {
	const abort = new AbortController();
	running = { set, abort };
	if (!found)
		showMaking(set);
	const moved = (handler) => (data) => {
		eyebrow("script.start.in_progress");
		handler(data);
	};
	const handlers = {
		begun({ count, size }) {
			if (running.cancelled)
				return end();
			if (!set.brief) { // after a reload
				if (set === sets[0])
					showWork();
				set.brief = { count, size };
				set.frames = Array.from({ length: count }, () => sheet.add(size));
				showMaking(set);
			}
			remember();
			eyebrow("script.start.in_progress");
		},
		lost() {
			eyebrow("script.start.lost");
			say(word("script.start.lost"));
		},
		progress: moved(onProgress),
		prompt: moved(({ index, text }) => sheet.prompt(set.frames[index], text)),
		partial: (data) => sheet.partial(set.frames[data.index], data),
		image: moved((data) => sheet.image(set.frames[data.index], data)),
	};
	try {
		set.done = await (found ? resume(set, handlers, abort.signal) : generate(set, set.brief, handlers, abort.signal));
		const reasons = new Map((set.done.missing || []).map((one) => [one.index, one.reason]));
		set.frames.forEach((frame, index) => frame.address || sheet.failed(frame, reasons.get(index)));
		running = null;
		showResults("script.start.done");
		if (set === sets[0])
			history.keep(set);
		say(word("script.start.ready", { n: sheet.arrived().length, of: sheet.frames.length }));
		$("work-title").focus({ preventScroll: sets.length > 1 });
	} catch (thrown) {
		running = null;
		broke(set, thrown);
	}
}

// A set came to no end. What has arrived stays: it may be all that is left of it.
function broke(set, thrown) {
	const { problem } = thrown;
	const gone = set.receipt && problem?.status === 404;
	set.gone = problem?.status !== 0; // it is found no more; after a lost connection it may be
	remember();
	if (!set.frames) { // found nothing after a reload
		sets = sets.filter((one) => one !== set);
		if (sets.length > 0)
			return;
	} else {
		for (const frame of set.frames)
			if (!frame.address)
				sheet.failed(frame, problem ? undefined : word("script.start.frame.cancelled"));
	}
	const kept = sheet.arrived().length > 0;
	if (kept)
		showResults(problem ? "script.start.broken" : "script.start.stopped");
	else if (set.frames)
		showForm();
	if (gone)
		notice(word("script.start.gone.title"), word("script.start.gone"));
	else if (problem)
		showProblem(problem, set === sets[0] || !kept
			? { edit: () => source().focus(), confirm: () => run(true) }
			: { edit: () => change(set.frames[0], set.text), confirm: () => makeOne(set.text, set.frames[0], true) });
	else {
		say(word("script.start.cancelled", { not_kept: form.dataset.notKept }));
		(kept ? $("work-title") : $("submit")).focus();
	}
}

function eyebrow(key) {
	$("work-eyebrow").textContent = word(key);
}

function end() {
	if (running.set.receipt)
		cancel(running.set);
	running.abort.abort();
}

// Before the receipt is there nothing can be cancelled at the server; it comes at once, or nothing does.
function onCancel() {
	if (!running)
		return;
	running.cancelled = true;
	const { abort, set } = running;
	if (set.receipt)
		end();
	else
		setTimeout(() => abort.abort(), 2000);
}

// --- a picture once more, from a changed text ---
let changed; // the frame whose text is being changed
function change(frame, text = frame.text) {
	changed = frame;
	$("change-title").textContent = word("script.start.frame.change", frame);
	$("change-text").value = text;
	$("change").showModal();
	$("change-text").focus();
	$("change-text").setSelectionRange(0, 0);
	$("change-text").scrollTop = 0;
}

$("change-form").addEventListener("submit", (event) => {
	event.preventDefault();
	const text = $("change-text").value.trim();
	if (!text)
		return;
	$("change").close();
	makeOne(text, changed.state === "failed" ? changed : undefined);
});
$("change-close").addEventListener("click", () => $("change").close());

// --- the form itself ---
function count() {
	const { length } = $("description").value;
	const left = $("description").maxLength - length;
	$("description-count").textContent = word(length ? "script.start.characters" : "script.start.up_to", { n: length || $("description").maxLength, left });
}

form.noValidate = true; // our own words, and one place for them
form.addEventListener("submit", (event) => {
	event.preventDefault();
	run(false);
});
form.addEventListener("input", () => {
	count();
	showLeaving(briefOf(false));
});
for (const one of document.querySelectorAll("[form=choice]"))
	one.addEventListener("change", () => showLeaving(briefOf(false)));
$("leaves").addEventListener("toggle", () => showLeaving(briefOf(false)));
for (const field of document.querySelectorAll("#brief, #change-form"))
	field.addEventListener("keydown", (event) => {
		if (event.key === "Enter" && (event.ctrlKey || event.metaKey))
			field.requestSubmit();
	});
// Who pastes nothing but the address of a page means the page.
$("description").addEventListener("paste", (event) => {
	const text = event.clipboardData.getData("text").trim();
	if ($("url") && !$("description").value.trim() && /^https?:\/\/[^\s]+$/i.test(text)) {
		event.preventDefault();
		$("by-url").click();
		$("url").value = text;
		$("url").focus();
	}
});
// Fills the form with the words and settings of an example, or of a set that was made before.
function take({ url, description, style, ...more }) {
	$(url ? "by-url" : "by-description")?.click();
	(url ? $("url") : $("description")).value = url || description;
	for (const [name, value] of Object.entries({ style, size: more.size, count: more.count }))
		if (value)
			form.querySelector(`[name="${name}"][value="${value}"]`).checked = true;
	count();
	showLeaving(briefOf(false));
	source().focus();
}

for (const button of document.querySelectorAll(".example .use"))
	button.addEventListener("click", () => take({ description: button.parentElement.querySelector("q").textContent, style: button.dataset.style }));
history.prepare(take);
$("notice-confirm").addEventListener("click", () => answers.confirm());
$("notice-edit").addEventListener("click", () => {
	$("notice").hidden = true;
	answers.edit();
});
$("cancel").addEventListener("click", onCancel);
$("missing-make").addEventListener("click", makeMissing);
$("retry-now").addEventListener("click", () => archive.letGo() && begin(sets[0].brief));
$("again").addEventListener("click", () => {
	if (!archive.letGo())
		return;
	showForm();
	remember();
	source().focus();
});
const saved = () => sheet.made().every((frame) => frame.saved) && archive.safe();
save.prepare(saved);
viewer.prepare(saved);
sheet.onAsked({ saved, change, view: viewer.view, make: (frame) => frame.text ? makeOne(frame.text, frame) : makeOne("", frame), shown: () => {} });
count();
showProcessors();

const { receipt, more = [] } = window.history.state || {};
if (receipt) {
	for (const one of [receipt, ...more]) {
		sets.push({ receipt: one });
		await make(sets.at(-1), true);
	}
}
