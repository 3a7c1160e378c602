// SPDX-License-Identifier: ISC
// Who makes the pictures: the policy names all who may, and the server alone knows who is set up now. Where there is a choice, it is offered;
// where there is none, the page says who it is. Without an answer the page stays as it is, and the choice is left to the server.

import { $, element } from "./common.js";

const joined = (words) => words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

function show(processors) {
	// A label and names, not a sentence: some are companies, one is what the server draws itself.
	$("makers").textContent = `Pictures: ${joined(processors.map(({ name }) => name))}`;
	$("places").textContent = `Where: ${joined([...new Set(processors.map(({ where }) => where))])}.`;
	if (processors.length > 1) {
		$("provider").append(...processors.map(({ id, name }) => element("option", name, { value: id })));
		$("provider-field").hidden = false;
	} else {
		const [{ name, where, preview }] = processors;
		$("maker").textContent = preview ? `${name}: simple, drawn on ${where}.` : `Made by ${name} (${where}).`;
	}
}

export async function showProcessors() {
	let answer;
	try {
		const response = await fetch("/api/processors", { credentials: "omit", cache: "no-store" });
		answer = response.ok && await response.json();
	} catch { /* as without an answer */ }
	if (!answer)
		return;
	if (answer.pictures.length) {
		show(answer.pictures);
	} else {
		$("maker").textContent = "Nothing that makes pictures is set up here at the moment. Please come back later.";
		$("submit").disabled = true;
	}
}
