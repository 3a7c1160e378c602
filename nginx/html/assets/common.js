// SPDX-License-Identifier: ISC
// What the pages share. Nothing here, or in what uses it, stores anything on the visitor's device.

export const $ = (id) => document.getElementById(id);

export function element(name, text, properties = {}) {
	const made = Object.assign(document.createElement(name), properties);
	if (text !== undefined)
		made.textContent = text;
	return made;
}

// What the page says in its language, as the template rendered it.
const words = Object.assign({}, ...JSON.parse($("words").textContent));
export const language = document.documentElement.lang;

// The word with this key, its {placeholders} filled.
export const word = (key, values = {}) => (words[key] ?? key).replace(/\{([a-z_]+)\}/g, (whole, name) => values[name] ?? whole);
// For a number that has a form of its own when it is one.
export const counted = (key, n, values = {}) => word(`${key}.${n === 1 ? "one" : "many"}`, { n, ...values });

// Says it to those who listen rather than look.
export function say(text) {
	$("live").textContent = text;
}

export async function copyText(button, text, fallback) {
	const before = button.textContent;
	try {
		await navigator.clipboard.writeText(text);
		button.textContent = word("script.all.copied");
	} catch {
		getSelection().selectAllChildren(fallback);
		button.textContent = word("script.all.selected");
	}
	setTimeout(() => { button.textContent = before; }, 3000);
}

export function saveBlob(blob, name) {
	const url = URL.createObjectURL(blob);
	element("a", undefined, { href: url, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(url), 10000);
}

export const saveText = (text, name) => saveBlob(new Blob([text], { type: "text/plain;charset=utf-8" }), name);

// An error answer as a problem object (RFC 9457), whatever arrived.
export async function problemOf(response) {
	const problem = { status: response.status };
	if ((response.headers.get("Content-Type") || "").includes("json")) {
		try {
			Object.assign(problem, await response.json());
		} catch { /* the words below will do */ }
	}
	const wait = Number(response.headers.get("Retry-After"));
	if (wait > 0)
		problem.wait = wait;
	return problem;
}

const titled = [0, 413, 429, 502, 503, 504];
const detailed = [0, 429, 503];

// The words for a problem: what happened, and what to do.
export function wordsFor(problem) {
	const status = problem.status || 0;
	let detail = problem.detail || word(`script.all.detail.${detailed.includes(status) ? status : "other"}`);
	if (problem.wait)
		detail += word("script.all.wait", { n: problem.wait });
	return { title: word(`script.all.title.${titled.includes(status) ? status : status >= 500 ? "ours" : "other"}`), detail };
}

// "30 minutes", "1 hour 5 minutes", "45 seconds"; a minute begun counts.
export function spell(seconds) {
	if (seconds < 60)
		return counted("time.second", Math.max(0, Math.floor(seconds)));
	const minutes = Math.ceil(seconds / 60);
	if (minutes < 60)
		return counted("time.minute", minutes);
	const hours = Math.floor(minutes / 60);
	if (hours < 48)
		return counted("time.hour", hours) + (minutes % 60 ? " " + counted("time.minute", minutes % 60) : "");
	return counted("time.day", Math.floor(hours / 24));
}

// A time as the programs write it: seconds since 1970, or RFC 3339.
export const timeOf = (value) => new Date(typeof value === "number" ? value * 1000 : value);
