// SPDX-License-Identifier: ISC
// What is held at this moment, put beside what was promised.

import { $, element, spell, timeOf } from "./common.js";

const moment = (value) => timeOf(value).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });

// How much of its time the oldest has used: a bar, and the same in words.
function age(kind) {
	if (!kind.count)
		return ["–"];
	const words = element("span", spell(kind.oldest_seconds));
	if (!kind.limit_seconds)
		return [words];
	const bar = element("meter", undefined, { min: 0, max: kind.limit_seconds, value: Math.min(kind.oldest_seconds, kind.limit_seconds) });
	bar.setAttribute("aria-label", `${spell(kind.oldest_seconds)} of ${kind.limit}`);
	bar.classList.toggle("late", kind.late);
	return [bar, words];
}

function held(kind) {
	if (kind.keep !== "stored")
		return kind.count ? `${kind.count}: this should not be` : "nothing is stored";
	return kind.count ? kind.count.toLocaleString() : "nothing";
}

function show(live) {
	for (const row of $("figures").rows) {
		const kind = live.kinds.find((one) => one.kind === row.dataset.kind);
		if (!kind)
			continue;
		row.querySelector(".held").textContent = held(kind);
		row.querySelector(".age").replaceChildren(...age(kind));
		row.classList.toggle("late", kind.late);
		row.classList.toggle("empty", !kind.count);
	}
	const late = live.kinds.filter((kind) => kind.late).length;
	$("verdict").className = late ? "verdict bad" : "verdict good";
	$("verdict").replaceChildren(
		element("p", late ? `${late} of ${live.kinds.length} kinds of data are older than promised. It is being looked at.`
				  : "Everything is within what was promised."),
		element("p", `As of ${moment(live.at)}. ${live.last_prune ? `What was due was last ended ${moment(live.last_prune)}.` : "Nothing was due yet."} Policy ${live.policy.version}.`, { className: "hint" }));
}

async function ask() {
	$("refresh").disabled = true;
	try {
		const response = await fetch("/privacy/live.json", { credentials: "omit", cache: "no-store", headers: { Accept: "application/json" } });
		if (!response.ok)
			throw new Error(String(response.status));
		show(await response.json());
	} catch {
		$("verdict").className = "verdict bad";
		$("verdict").replaceChildren(element("p", "The figures cannot be had at this moment. Try again soon."));
	} finally {
		$("refresh").disabled = false;
	}
}

$("refresh").addEventListener("click", ask);
ask();
