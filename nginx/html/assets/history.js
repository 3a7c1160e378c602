// SPDX-License-Identifier: ISC
// The sets made in this tab, kept only for who asks for it, and only where the policy declares it (session storage, "sets"): the browser keeps
// the list in the tab, sends it to nobody, and drops it with the tab.

import { $, element, language, word } from "./common.js";

const name = "sets";
const most = 20;
const stored = () => {
	try {
		return JSON.parse(sessionStorage.getItem(name)) || undefined;
	} catch { // not ours, or not allowed
		return undefined;
	}
};

function write(list) {
	try {
		if (list)
			sessionStorage.setItem(name, JSON.stringify(list.slice(0, most)));
		else
			sessionStorage.removeItem(name);
	} catch { /* the browser keeps nothing: then there is no list */ }
	draw();
}

let use = () => {};
function draw() {
	const list = stored();
	$("history-on").checked = list !== undefined;
	$("history").hidden = !list?.length;
	$("history-list").replaceChildren(...(list || []).map((one) => {
		const item = element("li");
		const text = one.url || one.description;
		const again = element("button", word("script.start.history.use"), { type: "button", className: "use" });
		const show = element("button", word("script.start.history.show"), { type: "button", className: "use" });
		again.addEventListener("click", () => use(one));
		show.addEventListener("click", () => { // as after a reload
			history.replaceState({ receipt: one.receipt }, "");
			location.reload();
		});
		item.append(element("q", text.length > 160 ? `${text.slice(0, 160)} …` : text), " ", element("time", new Date(one.at).toLocaleTimeString(language, { timeStyle: "short" })), " ", again);
		if (one.ends > Date.now())
			item.append(" ", show);
		return item;
	}));
}

// Nothing, unless it was asked for. `set` is finished, with the brief that it was made from.
let last;
export function keep(set) {
	last = set;
	const list = stored();
	if (!list || !$("history") || !set?.brief.style || list.some(({ receipt }) => receipt === set.receipt))
		return;
	const { url, description, style, size, count } = set.brief;
	write([{ at: Date.now(), ends: set.done.archive.expires ? Date.parse(set.done.archive.expires) : 0, receipt: set.receipt, url, description, style, size, count }, ...list]);
}

export function prepare(taken) {
	if (!$("history"))
		return;
	use = taken;
	$("history-on").addEventListener("change", () => {
		write($("history-on").checked ? [] : undefined);
		keep(last);
	});
	$("history-forget").addEventListener("click", () => write(undefined));
	draw();
}
