// SPDX-License-Identifier: ISC
// The sheet of pictures: frames that wait, fill and open, and the viewer.

import { $, element, word } from "./common.js";
import { pause, waitAfter } from "./stream.js";

const atOnce = 3; // pictures on the line: the first ones are there first
const silentMs = 60000; // a line that brings nothing for so long is broken
const endings = { "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp" };
let frames = [];
let shown = 0;
let loading = 0;
let leave = new AbortController(); // of this sheet

export function clear() {
	leave.abort();
	leave = new AbortController();
	loading = 0;
	for (const { url, thumbnail } of frames)
		for (const held of [url, thumbnail])
			if (held)
				URL.revokeObjectURL(held);
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

// The bytes of a picture, in as many pieces as the line breaks them into. Undefined: it is not there any more.
async function bytesOf(address, type, signal, tell) {
	let pieces = [];
	let have = 0;
	for (let tries = 0; ; tries++) {
		const silence = new AbortController();
		const leaving = () => silence.abort();
		signal.addEventListener("abort", leaving);
		let timer = setTimeout(leaving, silentMs);
		try {
			const headers = have ? { Range: `bytes=${have}-` } : {};
			const response = await fetch(address, { signal: silence.signal, credentials: "omit", cache: "no-store", headers });
			if (response.status === 404)
				return undefined;
			if (have && response.status === 200) {
				pieces = [];
				have = 0;
			}
			const reader = response.ok ? response.body.getReader() : undefined;
			for (let piece; reader && !(piece = await reader.read()).done; ) {
				pieces.push(piece.value);
				have += piece.value.length;
				tries = 0;
				tell(have);
				clearTimeout(timer);
				timer = setTimeout(leaving, silentMs);
			}
			if (reader)
				return new Blob(pieces, { type });
		} catch { /* again, from where it broke */
		} finally {
			clearTimeout(timer);
			signal.removeEventListener("abort", leaving);
		}
		await pause(waitAfter(tries), signal);
	}
}

export function image({ index, type, url, bytes, preview, thumbnail }) {
	const frame = frames[index];
	if (!frame || frame.address)
		return; // told once more
	Object.assign(frame, { address: url, type, bytes, preview: preview === true });
	if (thumbnail)
		preload(frame, index, thumbnail);
	load();
}

function fill(frame, index, src) {
	frame.part(".picture").replaceChildren(element("img", undefined, { src, alt: frame.text || word("script.start.frame.alt", { n: index + 1 }),
									   width: frame.width, height: frame.height }));
}

// The thumbnail stands in for its picture until that is there: over a slow line it comes a minute earlier.
async function preload(frame, index, address) {
	try {
		const blob = await bytesOf(address, "image/webp", leave.signal, () => {});
		if (blob && !frame.url) {
			frame.thumbnail = URL.createObjectURL(blob);
			fill(frame, index, frame.thumbnail);
		}
	} catch { /* another sheet took its place */ }
}

async function load() {
	const index = frames.findIndex((one) => one.address && !one.begun);
	const frame = frames[index];
	const { signal } = leave;
	if (!frame || loading === atOnce)
		return;
	frame.begun = true;
	loading++;
	try {
		const blob = await bytesOf(frame.address, frame.type, signal, (have) => {
			frame.part(".open").ariaLabel = word("script.start.frame.loading", { n: index + 1, percent: Math.floor(100 * have / frame.bytes) });
			frame.part(".picture").style.setProperty("--loaded", `${100 * have / frame.bytes}%`);
		});
		if (blob)
			show(frame, index, blob);
		else
			failed(frame, index);
	} catch { /* another sheet took its place */
		return;
	}
	loading--;
	load();
}

function show(frame, index, blob) {
	frame.url = URL.createObjectURL(blob);
	frame.name = `picture-${index + 1}.${endings[frame.type] || "img"}`;
	fill(frame, index, frame.url);
	frame.part(".open").disabled = false;
	frame.part(".open").ariaLabel = word("script.start.frame.enlarge", { n: index + 1 });
	Object.assign(frame.part(".save"), { href: frame.url, download: frame.name, hidden: false, ariaLabel: word("script.start.frame.save", { n: index + 1 }) });
	frame.item.classList.remove("waiting");
}

// Whether every picture that came was drawn by the site itself.
export const allPreviews = () => frames.filter((frame) => frame.address).every((frame) => frame.preview);

function failed(frame, index, reason) {
	frame.item.classList.remove("waiting");
	frame.item.classList.add("failed");
	frame.part(".open").ariaLabel = word("script.start.frame.failed", { n: index + 1 });
	frame.part(".words").textContent = word(reason ? "script.start.frame.not_made_why" : "script.start.frame.not_made", { reason });
}

// Every frame still waiting gets its reason.
export function finish(missing) {
	const reasons = new Map(missing.map((one) => [one.index, one.reason]));
	frames.forEach((frame, index) => {
		if (!frame.address)
			failed(frame, index, reasons.get(index));
	});
	return frames.filter((frame) => frame.address).length;
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
