// SPDX-License-Identifier: ISC
// Who makes the pictures: the policy names all who may, and the server alone knows who is set up now. Where there is a choice, it is offered;
// where there is none, the page says who it is. Without an answer the page stays as it is, and the choice is left to the server.

import { $, element, language, word } from "./common.js";

let known; // what the server said
const joined = (names) => [names.slice(0, -1).join(word("script.start.comma")), ...names.slice(-1)].filter(Boolean).join(word("script.start.or"));

function show({ prompts, pictures: processors, choose }) {
	// Who is not set up gets nothing, and keeps nothing.
	const set = [...prompts, ...processors].map(({ id }) => id);
	for (const sentence of document.querySelectorAll("[data-keeps]"))
		if (!set.includes(sentence.dataset.keeps))
			sentence.remove();
	// What is drawn by a program is never a photograph.
	if (processors.some(({ preview }) => !preview)) {
		$("photo").hidden = false;
		$("photo").querySelector("input").checked = true;
	}
	// A label and names, not a sentence: some are companies, one is what the server draws itself.
	$("makers").textContent = word("script.start.makers", { names: joined(processors.map(({ name }) => name)) });
	$("places").textContent = word("script.start.places", { places: joined([...new Set(processors.map(({ where }) => where))]) });
	if (processors.length > 1 || choose) {
		$("provider").append(...processors.map(({ id, name }) => element("option", name, { value: id })));
		$("provider-field").hidden = false;
		if (choose) { // the policy promises that nothing goes to who was not chosen
			$("provider").options[0].textContent = word("script.start.please_choose");
			$("provider").required = true;
		}
	} else {
		const [one] = processors;
		$("maker").textContent = word(one.preview ? "script.start.simple" : "script.start.made_where", one);
	}
}

// What is sent, and to whom, when the button is pressed: of text the very words. `brief` as it would be sent.
export function showLeaving(brief) {
	if (!known || !$("leaves").open)
		return;
	const chosen = known.pictures.filter(({ id }) => !brief.provider || id === brief.provider);
	const own = chosen.every(({ preview }) => preview) && (brief.provider || known.prompts.every(({ preview }) => preview));
	const named = (list) => {
		const others = list.filter(({ preview }) => !preview);
		return { names: joined(others.map(({ name, where }) => word("script.start.leaves.who", { name, where }))) };
	};
	const written = known.prompts.length > 0; // else the visitor's words are the prompt
	const writers = named(written ? known.prompts : chosen);
	const painters = named(chosen);
	const words = [];
	if (brief.url) {
		words.push(element("p", word("script.start.leaves.page")), element("blockquote", brief.url));
		if (writers.names && !own)
			words.push(element("p", word("script.start.leaves.words", writers)));
	} else if (writers.names && !own) {
		words.push(element("p", word("script.start.leaves.text", writers)), element("blockquote", brief.description || "…"));
		if ($("leaves").dataset.masks)
			words.push(element("p", $("leaves").dataset.masks));
	}
	if (painters.names && !own && written)
		words.push(element("p", word("script.start.leaves.descriptions", painters)));
	words.push(element("p", word(words.length > 0 ? "script.start.leaves.else" : "script.start.leaves.nothing")));
	$("leaves-words").replaceChildren(...words);
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
		known = answer;
		$("leaves").hidden = false;
		show(answer);
	} else {
		$("maker").textContent = word("script.start.nobody");
		$("submit").disabled = true;
	}
}
