// SPDX-License-Identifier: ISC
// The sheet of pictures: frames that wait, fill and open, and the viewer.

import { $, element, word } from "./common.js";

const endings = { "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp" };
let frames = [];
let shown = 0;

export function clear() {
	for (const frame of frames)
		if (frame.url)
			URL.revokeObjectURL(frame.url);
	frames = [];
	$("sheet").replaceChildren();
}

export function start(count, size) {
	clear();
	const [width, height] = size.split("x");
	$("sheet").style.setProperty("--shape", `${width} / ${height}`);
	for (let index = 0; index < count; index++) {
		const item = $("frame").content.firstElementChild.cloneNode(true);
		const part = (selector) => item.querySelector(selector);
		const frame = { item, part, width, height, text: "" };
		part(".no").textContent = String(index + 1).padStart(2, "0");
		part(".open").ariaLabel = word("script.start.frame.waiting", { n: index + 1 });
		part(".open").addEventListener("click", () => view(index));
		frames.push(frame);
		$("sheet").append(item);
	}
}

export function prompt({ index, text }) {
	const frame = frames[index];
	if (!frame)
		return;
	frame.text = text;
	frame.part(".words").textContent = text;
	frame.part(".words").title = text;
}

export function image({ index, type, base64, preview }) {
	const frame = frames[index];
	if (!frame)
		return;
	const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
	frame.preview = preview === true;
	frame.url = URL.createObjectURL(new Blob([bytes], { type }));
	frame.name = `picture-${index + 1}.${endings[type] || "img"}`;
	const picture = element("img", undefined, { src: frame.url, alt: frame.text || word("script.start.frame.alt", { n: index + 1 }),
						      width: frame.width, height: frame.height });
	frame.part(".picture").replaceChildren(picture);
	frame.part(".open").disabled = false;
	frame.part(".open").ariaLabel = word("script.start.frame.enlarge", { n: index + 1 });
	Object.assign(frame.part(".save"), { href: frame.url, download: frame.name, hidden: false, ariaLabel: word("script.start.frame.save", { n: index + 1 }) });
	frame.item.classList.remove("waiting");
}

// Whether every picture that came was drawn by the site itself.
export const allPreviews = () => frames.filter((frame) => frame.url).every((frame) => frame.preview);

// Every frame still waiting gets its reason.
export function finish(missing) {
	const reasons = new Map(missing.map((one) => [one.index, one.reason]));
	frames.forEach((frame, index) => {
		if (frame.url)
			return;
		frame.item.classList.remove("waiting");
		frame.item.classList.add("failed");
		frame.part(".open").ariaLabel = word("script.start.frame.failed", { n: index + 1 });
		frame.part(".words").textContent = word(reasons.has(index) ? "script.start.frame.not_made_why" : "script.start.frame.not_made", { reason: reasons.get(index) });
	});
	return frames.filter((frame) => frame.url).length;
}

function view(index) {
	const frame = frames[index];
	shown = index;
	$("viewer-image").src = frame.url;
	$("viewer-image").alt = frame.text || word("script.start.frame.alt", { n: index + 1 });
	$("viewer-caption").textContent = word("script.start.frame.of", { n: index + 1, of: frames.length, text: frame.text });
	Object.assign($("viewer-save"), { href: frame.url, download: frame.name });
	if (!$("viewer").open)
		$("viewer").showModal();
	const caption = $("viewer-caption");
	caption.scrollTop = 0;
	if (caption.scrollHeight > caption.clientHeight)
		caption.tabIndex = 0; // the keyboard must be able to scroll it
	else
		caption.removeAttribute("tabindex");
}

function step(by) {
	for (let i = 1; i <= frames.length; i++) {
		const index = (shown + by * i + frames.length * i) % frames.length;
		if (frames[index].url)
			return view(index);
	}
}

$("viewer-close").addEventListener("click", () => $("viewer").close());
$("viewer-previous").addEventListener("click", () => step(-1));
$("viewer-next").addEventListener("click", () => step(1));
$("viewer").addEventListener("click", (event) => event.target === $("viewer") && $("viewer").close());
$("viewer").addEventListener("keydown", (event) => {
	if (event.key === "ArrowLeft")
		step(-1);
	if (event.key === "ArrowRight")
		step(1);
});
