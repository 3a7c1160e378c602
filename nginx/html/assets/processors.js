// SPDX-License-Identifier: ISC
// Who makes the pictures: the policy names all who may, and the server alone knows who is set up now. Where there is a choice, it is offered;
// where there is none, the page says who it is. Without an answer the page stays as it is, and the choice is left to the server.

import { $, element, language, word } from "./common.js";

const joined = (names) => [names.slice(0, -1).join(word("script.start.comma")), ...names.slice(-1)].filter(Boolean).join(word("script.start.or"));

function show(processors) {
	// What is drawn by a program is never a photograph.
	if (processors.some(({ preview }) => !preview)) {
		$("photo").hidden = false;
		$("photo").querySelector("input").checked = true;
	}
	// A label and names, not a sentence: some are companies, one is what the server draws itself.
	$("makers").textContent = word("script.start.makers", { names: joined(processors.map(({ name }) => name)) });
	$("places").textContent = word("script.start.places", { places: joined([...new Set(processors.map(({ where }) => where))]) });
	if (processors.length > 1) {
		$("provider").append(...processors.map(({ id, name }) => element("option", name, { value: id })));
		$("provider-field").hidden = false;
	} else {
		const [one] = processors;
		$("maker").textContent = word(one.preview ? "script.start.simple" : "script.start.made_where", one);
	}
}

export async function showProcessors() {
	let answer;
	try {
		const response = await fetch("/api/processors", { credentials: "omit", cache: "no-store", headers: { "Accept-Language": language } });
		answer = response.ok && await response.json();
	} catch { /* as without an answer */ }
	if (!answer)
		return;
	if (answer.pictures.length) {
		show(answer.pictures);
	} else {
		$("maker").textContent = word("script.start.nobody");
		$("submit").disabled = true;
	}
}
