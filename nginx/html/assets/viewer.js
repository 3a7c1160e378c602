// SPDX-License-Identifier: ISC
// One picture, as large as the window.

import { $, copyText, word } from "./common.js";
import * as sheet from "./sheet.js";

let shown;
const dialog = $("viewer");

export function view(frame) {
	const caption = $("viewer-caption");
	shown = frame;
	$("viewer-image").src = frame.url;
	$("viewer-image").alt = frame.text || word("script.start.frame.alt", frame);
	caption.textContent = word("script.start.frame.of", { n: frame.n, of: sheet.frames.length, text: frame.text });
	Object.assign($("viewer-save"), { href: frame.url, download: frame.name });
	if (!dialog.open)
		dialog.showModal();
	caption.scrollTop = 0;
	if (caption.scrollHeight > caption.clientHeight)
		caption.tabIndex = 0; // the keyboard must be able to scroll it
	else
		caption.removeAttribute("tabindex");
}

function step(by) {
	const made = sheet.made();
	view(made[(made.indexOf(shown) + by + made.length) % made.length]);
}

export function prepare(saved) {
	$("viewer-close").addEventListener("click", () => dialog.close());
	$("viewer-previous").addEventListener("click", () => step(-1));
	$("viewer-next").addEventListener("click", () => step(1));
	$("viewer-copy").addEventListener("click", () => copyText($("viewer-copy"), shown.text, $("viewer-caption")));
	$("viewer-save").addEventListener("click", () => {
		shown.saved = true;
		saved();
	});
	dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
	dialog.addEventListener("keydown", (event) => {
		if (event.key === "ArrowLeft")
			step(-1);
		if (event.key === "ArrowRight")
			step(1);
	});
}
