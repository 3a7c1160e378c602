// SPDX-License-Identifier: ISC
// The visit: a brief goes out, pictures come in. Without this script the same form works as plain HTML.

import { $, counted, element, say, word, wordsFor } from "./common.js";
import { cancel, generate, resume } from "./stream.js";
import * as archive from "./archive.js";
import * as sheet from "./sheet.js";
import { showProcessors } from "./processors.js";

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
let running = null;

const fromUrl = () => $("by-url")?.checked === true; // the policy may let no page be read

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

// --- words about the form ---
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
	control.focus();
	return true;
}

function notice(title, words, confirmable) {
	$("notice").classList.toggle("confirmable", confirmable);
	$("notice-title").textContent = title;
	$("notice-text").textContent = words;
	$("notice-actions").hidden = !confirmable;
	$("notice").hidden = false;
	$("notice").setAttribute("role", "group");
	$("notice").setAttribute("aria-labelledby", "notice-title");
	$("notice").focus();
	$("notice").scrollIntoView({ block: "center" });
}

function showProblem(problem) {
	const words = wordsFor(problem);
	if (problem.confirmable === true)
		notice(word("script.start.personal"), words.detail, true);
	else if (problem.parameter && fieldError(problem.parameter, words.detail))
		say(words.detail);
	else
		notice(words.title, words.detail, false);
}

// --- from the form to the work and back ---
function showForm() {
	document.querySelector(".hero").hidden = false;
	$("work").hidden = true;
	document.title = form.dataset.title;
	archive.hide();
	sheet.clear();
}

function showWork(brief) {
	clearErrors();
	form.dataset.title ??= document.title;
	document.querySelector(".hero").hidden = true;
	$("work").hidden = false;
	eyebrow("script.start.in_progress");
	$("work-title").textContent = counted("script.start.making", brief.count);
	$("work-actions").hidden = $("bar").hidden = $("stages").hidden = false;
	$("again").hidden = $("preview").hidden = $("missing").hidden = true;
	archive.hide();
	sheet.start(brief.count, brief.size);
	stages = (brief.url ? ["page"] : []).concat("prompts", "images", "archive").map((name) => ({ name, done: 0, of: 0 }));
	drawStages();
	scrollTo(0, 0);
	$("work-title").focus();
	say(word("script.start.started"));
}

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
	if (name === "images" && done > 0)
		say(word("script.start.picture_made", { done, of }));
	else if (done >= of)
		say(word("script.start.said", { stage: word(stageWords[name].done) }));
}

// Nobody else saw anything only where the prompts too were written here and every picture was drawn here.
function previewWords({ processor }) {
	const alone = processor.prompts === processor.id && sheet.allPreviews();
	return word(alone ? "script.start.drawn_alone" : "script.start.drawn", processor);
}

function showDone(done, brief) {
	const missing = done.missing || [];
	const made = sheet.finish(missing);
	eyebrow("script.start.done");
	$("work-title").textContent = counted("script.start.set", made);
	$("work-actions").hidden = $("bar").hidden = $("stages").hidden = true;
	document.title = form.dataset.title;
	if (done.processor?.preview)
		$("preview").textContent = previewWords(done);
	else if (done.processor?.name)
		$("preview").textContent = word("script.start.made_by", done.processor);
	$("preview").hidden = !done.processor?.name;
	if (made < brief.count) {
		$("missing").textContent = counted("script.start.missing", brief.count - made, { of: brief.count });
		$("missing").hidden = false;
	}
	archive.show(done);
	$("again").hidden = false;
	say(word("script.start.ready", { n: made, of: brief.count }));
	$("work-title").focus();
}

async function run(confirm) {
	if (running)
		return;
	const brief = briefOf(confirm);
	const needed = fromUrl() ? "url" : "description";
	clearErrors();
	if (!brief[needed])
		return fieldError(needed, word(fromUrl() ? "script.start.no_url" : "script.start.no_description"));
	showWork(brief);
	await make({}, brief);
}

// The set of this tab is found again by its receipt, after a reload too: the receipt is part of the tab's history entry and nowhere else.
const remember = (receipt) => history.replaceState(receipt ? { receipt } : null, "");

// Without a brief it has been sent before.
async function make(set, brief) {
	const abort = new AbortController();
	running = { set, abort };
	const begun = (data) => {
		if (running.cancelled)
			return end();
		if (!brief)
			showWork(brief = data); // after a reload
		remember(data.receipt);
		eyebrow("script.start.in_progress");
	};
	const lost = () => {
		eyebrow("script.start.lost");
		say(word("script.start.lost"));
	};
	const moved = (handler) => (data) => {
		eyebrow("script.start.in_progress");
		handler(data);
	};
	const handlers = { begun, lost, progress: moved(onProgress), prompt: moved(sheet.prompt), image: moved(sheet.image) };
	try {
		const done = await (brief ? generate(set, brief, handlers, abort.signal) : resume(set, handlers, abort.signal));
		showDone(done, brief);
	} catch (thrown) {
		if (thrown.problem?.status !== 0)
			remember(); // it is found no more; after a lost connection it may be
		if (brief)
			showForm();
		if (set.receipt && thrown.problem?.status === 404)
			notice(word("script.start.gone.title"), word("script.start.gone"), false);
		else if (thrown.problem)
			showProblem(thrown.problem);
		else {
			say(word("script.start.cancelled", { not_kept: form.dataset.notKept }));
			$("submit").focus();
		}
	} finally {
		running = null;
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
form.addEventListener("input", count);
$("notice-confirm").addEventListener("click", () => run(true));
$("notice-edit").addEventListener("click", () => {
	$("notice").hidden = true;
	(fromUrl() ? $("url") : $("description")).focus();
});
$("cancel").addEventListener("click", onCancel);
$("again").addEventListener("click", () => {
	if (!archive.letGo())
		return;
	remember();
	showForm();
	(fromUrl() ? $("url") : $("description")).focus();
});
for (const button of document.querySelectorAll(".use"))
	button.addEventListener("click", () => {
		$("by-description")?.click();
		$("description").value = button.parentElement.querySelector("q").textContent;
		form.querySelector(`[name="style"][value="${button.dataset.style}"]`).checked = true;
		count();
		$("description").focus();
	});
count();
showProcessors();
if (history.state?.receipt)
	make({ receipt: history.state.receipt });
