// SPDX-License-Identifier: ISC
// What the pages share. Nothing here, or in what uses it, stores anything on the visitor's device.

export const $ = (id) => document.getElementById(id);

export function element(name, text, properties = {}) {
	const made = Object.assign(document.createElement(name), properties);
	if (text !== undefined)
		made.textContent = text;
	return made;
}

// Says it to those who listen rather than look.
export function say(text) {
	$("live").textContent = text;
}

export async function copyText(button, text, fallback) {
	const before = button.textContent;
	try {
		await navigator.clipboard.writeText(text);
		button.textContent = "Copied";
	} catch {
		getSelection().selectAllChildren(fallback);
		button.textContent = "Selected: copy it now";
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

const titles = {
	0: "The connection was lost",
	413: "That is more than we take",
	429: "A moment, please",
	502: "The picture service did not answer",
	503: "Busy or not working right now",
	504: "It took too long",
};
const details = {
	0: "Nothing reached us, or the answer broke off. Check your connection and try again.",
	429: "Many requests came from your address just now.",
	503: "We cannot take this on right now.",
};

// The words for a problem: what happened, and what to do.
export function wordsFor(problem) {
	const status = problem.status || 0;
	let detail = problem.detail || details[status] || "Something failed on our side. Nothing of yours was kept.";
	if (problem.wait)
		detail += ` Try again in ${problem.wait} seconds.`;
	const otherwise = status >= 500 ? "Something failed on our side" : "That did not work";
	return { title: titles[status] || otherwise, detail };
}

// "30 minutes", "1 hour 5 minutes", "45 seconds"; a minute begun counts.
export function spell(seconds) {
	const unit = (n, name) => `${n} ${name}${n === 1 ? "" : "s"}`;
	if (seconds < 60)
		return unit(Math.max(0, Math.floor(seconds)), "second");
	const minutes = Math.ceil(seconds / 60);
	if (minutes < 60)
		return unit(minutes, "minute");
	const hours = Math.floor(minutes / 60);
	if (hours < 48)
		return unit(hours, "hour") + (minutes % 60 ? " " + unit(minutes % 60, "minute") : "");
	return unit(Math.floor(hours / 24), "day");
}

// A time as the programs write it: seconds since 1970, or RFC 3339.
export const timeOf = (value) => new Date(typeof value === "number" ? value * 1000 : value);
