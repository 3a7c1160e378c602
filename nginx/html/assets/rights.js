// SPDX-License-Identifier: ISC
// The page of rights: erase by receipt, make a request, look one up.

import { $, copyText, element, language, problemOf, saveText, timeOf, word, wordsFor } from "./common.js";

const day = (value) => timeOf(value).toLocaleDateString(language, { dateStyle: "long" });
const labels = {
	id: "script.rights.number", right: "script.rights.right", state: "script.rights.state", received: "script.rights.received",
	due: "script.rights.due", answered: "script.rights.answered",
};

function outcome(id, title, ...parts) {
	const box = $(id);
	box.replaceChildren(element("h3", title), ...parts);
	box.classList.remove("bad");
	box.hidden = false;
	box.focus();
}

function clearErrors(form) {
	for (const error of form.querySelectorAll(".field-error"))
		error.textContent = "";
	for (const field of form.querySelectorAll("[aria-invalid]"))
		field.removeAttribute("aria-invalid");
}

// Where the problem names a field of the form it stands beside that field, else in the box below.
function failed(form, box, problem) {
	const words = wordsFor(problem);
	const field = problem.parameter && form.elements[problem.parameter];
	const error = field && form.querySelector(`#${field.id}-error`);
	if (!error) {
		outcome(box, words.title, element("p", words.detail));
		$(box).classList.add("bad");
		return;
	}
	error.textContent = words.detail;
	field.setAttribute("aria-invalid", "true");
	field.focus();
}

function record(rows) {
	const list = element("dl", undefined, { className: "record" });
	for (const [name, value] of rows)
		list.append(element("dt", name), element("dd", value));
	return list;
}

function buttons(text, name, code) {
	const row = element("p", undefined, { className: "row" });
	const copy = element("button", word("script.rights.copy"), { type: "button", className: "quiet" });
	const save = element("button", word("script.rights.save"), { type: "button", className: "quiet" });
	copy.addEventListener("click", () => copyText(copy, text(), code));
	save.addEventListener("click", () => saveText(text(), name));
	row.append(copy, save);
	return row;
}

// Sends, with the form's button off meanwhile; the parsed answer goes to `show`.
async function send(form, box, address, options, show) {
	const button = form.querySelector("button");
	clearErrors(form);
	$(box).hidden = true;
	button.disabled = true;
	let problem;
	try {
		const response = await fetch(address, { credentials: "omit", cache: "no-store", ...options });
		if (response.ok) {
			const answer = await response.json();
			form.reset();
			show(answer);
			return;
		}
		problem = await problemOf(response);
	} catch {
		problem = { status: 0 };
	} finally {
		button.disabled = false;
	}
	failed(form, box, problem);
}

// Empty fields are left out: nothing is sent that was not given.
const post = (form) => ({
	method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json", "Accept-Language": language },
	body: JSON.stringify(Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([name, value]) => value && name !== "language"))),
});

// The ledger is signed within a minute: then the certificate is whole.
async function addProof(certificate, code, signed) {
	const entry = certificate.evidence?.entry?.index;
	for (let tries = 0; entry !== undefined && tries < 18; tries++) {
		const answer = await fetch(`/api/proofs/${entry}`).catch(() => null);
		if (answer?.ok) {
			certificate.evidence.proof = await answer.text();
			code.textContent = JSON.stringify(certificate, null, 2);
			signed.textContent = word("script.rights.signed");
			return;
		}
		await new Promise((resolve) => setTimeout(resolve, 10000));
	}
}

// What a person needs of one: whether it is signed already, how to save it, and its text.
function certificateParts(certificate, file) {
	const code = element("pre", undefined, { tabIndex: 0 }); // it scrolls
	const details = element("details");
	const proven = Boolean(certificate.evidence?.proof);
	const signed = element("p", word(proven ? "script.rights.signed" : "script.rights.unsigned"));
	code.append(element("code", JSON.stringify(certificate, null, 2)));
	details.append(element("summary", word("script.rights.certificate")), code);
	if (!proven)
		addProof(certificate, code.firstChild, signed);
	return [signed, buttons(() => `${code.textContent}\n`, file, code), details];
}

$("erase")?.addEventListener("submit", (event) => {
	event.preventDefault();
	// With credentials, or the browser would not heed what the answer says of its own copies (Clear-Site-Data).
	const options = { ...post($("erase")), credentials: "same-origin" };
	send($("erase"), "erase-outcome", "/api/erase", options, (certificate) => {
		if (certificate.audit_index === null) { // nothing was erased or recorded: that is no certificate
			const details = element("details");
			const code = element("pre", undefined, { tabIndex: 0 });
			code.append(element("code", JSON.stringify(certificate, null, 2)));
			details.append(element("summary", word("script.rights.looked")), code);
			outcome("erase-outcome", word("script.rights.unknown.title"),
				element("p", word("script.rights.unknown")), details);
			return;
		}
		outcome("erase-outcome", word("script.rights.erased.title"), element("p", word("script.rights.erased")),
			...certificateParts(certificate, "erasure-certificate.json"));
	});
});

$("request").addEventListener("submit", (event) => {
	event.preventDefault();
	send($("request"), "request-outcome", "/api/rights", post($("request")), ({ id, secret, due, signal }) => {
		const rows = [[word("script.rights.number"), id], [word("script.rights.secret"), secret], [word("script.rights.by"), day(due)]];
		if (signal)
			rows.push([word("script.rights.signal"), word("script.rights.signal.recorded")]);
		const list = record(rows);
		const text = [...rows, [word("script.rights.look_it_up"), `${location.origin}${location.pathname}`]];
		outcome("request-outcome", word("script.rights.recorded.title"), element("p", word("script.rights.recorded")), list,
			buttons(() => text.map((row) => `${row.join(": ")}\n`).join(""), "request.txt", list));
	});
});

$("lookup").addEventListener("submit", (event) => {
	event.preventDefault();
	const withdraw = event.submitter?.id === "withdraw";
	const options = withdraw ? post($("lookup"))
		: { headers: { Authorization: `Bearer ${$("lookup-secret").value.trim()}`, Accept: "application/json", "Accept-Language": language } };
	const address = withdraw ? "/api/rights/withdraw" : `/api/rights/${encodeURIComponent($("lookup-id").value.trim())}`;
	send($("lookup"), "lookup-outcome", address, options, (found) => {
		const right = (id) => [...$("right").options].find((option) => option.value === id)?.text ?? id;
		const value = (name) => ["received", "due", "answered"].includes(name) ? day(found[name])
			: name === "state" ? word(`script.rights.state.${found.state}`) : name === "right" && language !== "en" ? right(found.right) : String(found[name]);
		const rows = Object.keys(labels).filter((name) => found[name] !== undefined && found[name] !== null).map((name) => [word(labels[name]), value(name)]);
		if (found.signal)
			rows.push([word("script.rights.signal"), word("script.rights.signal.recorded")]);
		if (found.late === true)
			rows.push([word("script.rights.late"), word("script.rights.late_words")]);
		for (const clock of found.clocks)
			rows.push([word(`script.rights.clock.${clock.name}`), day(clock.due)]);
		const lines = (title, list, line) => list.length ? [[word(title), list.map(line).join("\n")]] : [];
		rows.push(...lines("script.rights.history", found.events, (one) => [`${day(one.at)}: ${word(`script.rights.event.${one.event}`)}`,
			one.reason, one.text].filter(Boolean).join("; ")));
		rows.push(...lines("script.rights.read", found.read, (one) => `${day(one.at)}: ${one.by}; ${one.reason}`));
		outcome("lookup-outcome", word("script.rights.yours"), record(rows),
			...(found.certificate ? certificateParts(found.certificate, "certificate.json") : []));
	});
});
