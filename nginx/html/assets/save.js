// SPDX-License-Identifier: ISC
// The dialog that saves some or all pictures, as they are or in another format and size.

import { $, counted, element, saveBlob, word } from "./common.js";
import { convert, ending, formats, zip } from "./convert.js";
import * as sheet from "./sheet.js";

const dialog = $("save");
const sides = [1600, 1200, 800, 400];
const names = { "image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP" };
const chosen = () => sheet.made().filter((frame) => $("save-pictures").querySelector(`[value="${frame.n}"]`)?.checked);

function tell() {
	const n = chosen().length;
	$("save-now").textContent = counted("script.start.save", n);
	$("save-now").disabled = n === 0;
	$("save-error").textContent = "";
}

function open() {
	const made = sheet.made();
	const widest = Math.max(...made.map((frame) => Math.max(frame.width, frame.height)));
	$("save-pictures").replaceChildren(...made.map((frame) => {
		const label = element("label");
		label.append(element("input", undefined, { type: "checkbox", value: frame.n, checked: true }),
			element("img", undefined, { src: frame.thumbnail || frame.url, alt: word("script.start.frame.alt", frame) }));
		return label;
	}));
	$("save-size").replaceChildren(element("option", word("script.start.save.size", { n: widest }), { value: 0 }),
		...sides.filter((side) => side < widest).map((side) => element("option", word("script.start.save.side", { n: side }), { value: side })));
	tell();
	dialog.showModal();
}

// One picture is saved as it is, several as a ZIP.
async function save() {
	const frames = chosen();
	$("save-now").disabled = true;
	$("save-now").textContent = word("script.start.save.working");
	try {
		const files = [];
		for (const frame of frames) { // one after the other: a large picture takes its memory once
			const blob = await convert(frame.blob, $("save-format").value, Number($("save-size").value), frame.preview);
			files.push({ name: `picture-${frame.n}.${ending(blob.type)}`, blob });
		}
		const [first] = files;
		saveBlob(files.length === 1 ? first.blob : await zip(files), files.length === 1 ? first.name : "pictures.zip");
		for (const frame of frames)
			frame.saved = true;
		dialog.close();
		return true;
	} catch {
		tell();
		$("save-error").textContent = word("script.start.save.failed");
		return false;
	}
}

export function prepare(saved) {
	$("save-format").append(...formats.map((type) => element("option", names[type], { value: type })));
	$("save-open").addEventListener("click", open);
	$("save-pictures").addEventListener("change", tell);
	$("save-close").addEventListener("click", () => dialog.close());
	$("save-now").addEventListener("click", async () => await save() && saved());
	dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
