// SPDX-License-Identifier: ISC
// The pages of one's rights work without this. It fills in a receipt that the tab still has, copies, prints, says that something is under way, and
// waits for the proof of a certificate. What it says stands in the page.

const $all = (selector) => document.querySelectorAll(selector);

// A step is a place on the page: its heading is focused, also by browsers that only scroll there. Whoever was quicker is in it already.
const step = () => {
	const heading = document.getElementById(location.hash.slice(1));
	if (heading && !heading.closest(".step")?.contains(document.activeElement))
		heading.focus();
};
addEventListener("hashchange", step);
if (location.hash)
	step();

// Two presses are one request. A download leaves the page where it is, and the back button may bring it back.
for (const form of $all("form[data-busy]")) {
	form.addEventListener("submit", (event) => {
		const button = event.submitter ?? form.querySelector("button"), text = button.textContent;
		const ready = () => { button.disabled = false; button.textContent = text; };
		setTimeout(() => { button.disabled = true; button.textContent = form.dataset.busy; });
		addEventListener("pageshow", ready, { once: true });
		if (form.action.endsWith("/api/export"))
			setTimeout(ready, 4000);
	});
}

for (const button of $all("[data-copy]")) {
	button.addEventListener("click", async () => {
		const box = document.getElementById(button.dataset.copy), text = button.textContent;
		const rows = [...box.querySelectorAll("dt")].map((name) => `${name.textContent}: ${name.nextElementSibling.textContent}\n`);
		try {
			await navigator.clipboard.writeText(rows.join(""));
			button.textContent = button.dataset.done;
			setTimeout(() => { button.textContent = text; }, 3000);
		} catch {
			getSelection().selectAllChildren(box);
		}
	});
}
for (const button of $all("[data-print]"))
	button.addEventListener("click", () => print());

// The sets made in this tab, where the visitor asked for that list and the policy declares it.
let sets = [];
try {
	sets = JSON.parse(sessionStorage.getItem("sets")) ?? [];
} catch { /* not ours, or not allowed */ }
for (const field of sets[0]?.receipt ? $all("input[data-receipt]") : []) {
	if (field.value)
		continue;
	const note = document.createElement("p");
	field.value = sets[0].receipt;
	note.className = "hint filled";
	note.textContent = field.dataset.receipt.replace("{time}", new Date(sets[0].at).toLocaleTimeString(document.documentElement.lang, { timeStyle: "short" }));
	field.after(note);
}

// The ledger is signed within a minute: then the certificate is whole.
for (const line of $all("[data-proof]")) {
	const card = line.closest(".certificate"), code = card.querySelector("code");
	const [save, check] = card.querySelectorAll("a.button");
	for (let tries = 0; tries < 40; tries++) {
		const answer = await fetch(line.dataset.proof, { credentials: "omit", cache: "no-store" }).catch(() => null);
		if (answer?.ok) {
			const certificate = JSON.parse(code.textContent);
			certificate.evidence.proof = await answer.text();
			const text = JSON.stringify(certificate, null, 2);
			code.textContent = text;
			save.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
			check.href = `${check.pathname}#${encodeURIComponent(text)}`;
			line.textContent = line.dataset.signed;
			break;
		}
		await new Promise((resolve) => setTimeout(resolve, 5000));
	}
}
