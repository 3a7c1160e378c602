// SPDX-License-Identifier: ISC
// What is held at this moment, put beside what was promised.

import { $, element, language, spell, timeOf, word } from "./common.js";

const moment = (value) => timeOf(value).toLocaleString(language, { dateStyle: "medium", timeStyle: "medium" });

// How much of its time the oldest has used: a bar, and the same in words.
function age(kind) {
	if (!kind.count)
		return ["–"];
	const words = element("span", spell(kind.oldest_seconds));
	if (!kind.limit_seconds)
		return [words];
	const bar = element("meter", undefined, { min: 0, max: kind.limit_seconds, value: Math.min(kind.oldest_seconds, kind.limit_seconds) });
	bar.setAttribute("aria-label", word("script.live.of", { age: spell(kind.oldest_seconds), limit: kind.limit }));
	bar.classList.toggle("late", kind.late);
	return [bar, words];
}

function held(kind) {
	if (kind.keep !== "stored")
		return word(kind.count ? "script.live.wrong" : "script.live.not_stored", { n: kind.count });
	return kind.count ? kind.count.toLocaleString(language) : word("script.live.nothing");
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
	$("live-state").className = late ? "live-state bad" : "live-state good";
	$("live-state").replaceChildren(
		element("p", word(late ? "script.live.late" : "script.live.good", { late, of: live.kinds.length })),
		element("p", word("script.live.as_of", {
			time: moment(live.at), version: live.policy.version,
			pruned: live.last_prune ? word("script.live.pruned", { time: moment(live.last_prune) }) : word("script.live.not_due"),
		}), { className: "hint" }));
}

async function ask() {
	$("refresh").disabled = true;
	try {
		const response = await fetch("/privacy/live.json", { credentials: "omit", cache: "no-store", headers: { Accept: "application/json", "Accept-Language": language } });
		if (!response.ok)
			throw new Error(String(response.status));
		show(await response.json());
	} catch {
		$("live-state").className = "live-state bad";
		$("live-state").replaceChildren(element("p", word("script.live.failed")));
	} finally {
		$("refresh").disabled = false;
	}
}

$("refresh").addEventListener("click", ask);
ask();
