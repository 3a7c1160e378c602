// SPDX-License-Identifier: ISC
// The sheet of pictures: frames that wait, fill and open.

import { $, copyText, element, word } from "./common.js";
import { ending } from "./convert.js";
import { pause, waitAfter } from "./stream.js";

const picturesAtOnce = 3; // on the line: the first ones are there first
const thumbnailsAtOnce = 4;
const slowMs = 1000; // a line that takes longer for a thumbnail is slow
const silentMs = 60000; // a line that brings nothing for so long is broken
export let frames = [];
let under = { thumbnails: 0, pictures: 0 }; // way
let slow = true; // until it is known
let leave = new AbortController(); // of this sheet
let asked = {}; // what the buttons of a frame do: change(frame), make(frame), view(frame), saved()

export const onAsked = (handlers) => { asked = handlers; };

export function clear() {
	leave.abort();
	leave = new AbortController();
	under = { thumbnails: 0, pictures: 0 };
	for (const { url, thumbnail } of frames)
		for (const held of [url, thumbnail])
			if (held)
				URL.revokeObjectURL(held);
	frames = [];
	$("sheet").replaceChildren();
}

// One more frame at the end, which waits.
export function add(size) {
	const [width, height] = size.split("x");
	const item = $("frame").content.firstElementChild.cloneNode(true);
	const part = (selector) => item.querySelector(selector);
	const n = frames.length + 1;
	const frame = { item, part, n, width, height, text: "" };
	$("sheet").style.setProperty("--shape", `${width} / ${height}`);
	part(".no").textContent = String(n).padStart(2, "0");
	part(".open").addEventListener("click", () => asked.view(frame));
	part(".save").addEventListener("click", () => {
		frame.saved = true;
		asked.saved();
	});
	part(".copy").ariaLabel = word("script.start.frame.copy", { n });
	part(".copy").addEventListener("click", () => copyText(part(".copy"), frame.text, part(".words")));
	part(".change").ariaLabel = word("script.start.frame.change", { n });
	part(".change").addEventListener("click", () => asked.change(frame));
	part(".make").ariaLabel = word("script.start.frame.make", { n });
	part(".make").addEventListener("click", () => asked.make(frame));
	frames.push(frame);
	$("sheet").append(item);
	wait(frame);
	return frame;
}

// Back to the beginning, when it is made once more.
export function wait(frame) {
	Object.assign(frame, { address: undefined, state: "waiting" });
	frame.item.className = "frame waiting";
	frame.part(".row").hidden = frame.part(".make").hidden = true;
	frame.part(".words").textContent = frame.text || frame.part(".words").dataset.waiting;
	frame.part(".open").ariaLabel = word("script.start.frame.waiting", { n: frame.n });
}

export function prompt(frame, text) {
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

// What it looks like so far: until there is more of it, and kept by nobody.
export function partial(frame, { type, base64 }) {
	if (frame?.state === "waiting" && !frame.thumbnail)
		fill(frame, `data:${type};base64,${base64}`);
}

export function image(frame, { type, url, bytes, preview, thumbnail }) {
	if (!frame || frame.address)
		return; // told once more
	Object.assign(frame, { address: url, type, bytes, preview: preview === true, small: thumbnail, begun: false });
	load();
}

function fill(frame, src) {
	frame.part(".picture").replaceChildren(element("img", undefined, { src, alt: frame.text || word("script.start.frame.alt", frame),
									   width: frame.width, height: frame.height }));
}

// Thumbnails come before pictures, and over a slow line one picture at a time while others are still being made, so that there is soon
// something to see; the first thumbnail has the line to itself.
function load() {
	const loads = (what, most, run) => {
		for (let frame; under[what] < most && (frame = frames.find(run.next)); ) {
			under[what]++;
			run.begin(frame).then(() => {
				under[what]--;
				load();
			}, () => {}); // another sheet took its place
		}
	};
	loads("thumbnails", frames.some((frame) => frame.thumbnail) ? thumbnailsAtOnce : 1, { next: (frame) => frame.small, begin: loadThumbnail });
	if (under.thumbnails === 0)
		loads("pictures", slow && frames.some((frame) => !frame.address && frame.state === "waiting") ? 1 : picturesAtOnce,
			{ next: (frame) => frame.address && !frame.begun, begin: loadPicture });
}

async function loadThumbnail(frame) {
	const address = frame.small;
	const began = performance.now();
	frame.small = undefined;
	const blob = await bytesOf(address, "image/webp", leave.signal, () => {});
	slow = performance.now() - began > slowMs;
	if (blob && !frame.url) {
		frame.thumbnail = URL.createObjectURL(blob);
		frame.thumbnailBlob = blob;
		fill(frame, frame.thumbnail);
	}
}

async function loadPicture(frame) {
	frame.begun = true;
	const blob = await bytesOf(frame.address, frame.type, leave.signal, (have) => {
		frame.part(".open").ariaLabel = word("script.start.frame.loading", { n: frame.n, percent: Math.floor(100 * have / frame.bytes) });
		frame.part(".picture").style.setProperty("--loaded", `${100 * have / frame.bytes}%`);
	});
	if (blob || frame.thumbnailBlob) // its thumbnail is better than nothing
		show(frame, blob || frame.thumbnailBlob);
	else
		failed(frame);
}

function show(frame, blob) {
	frame.state = "made";
	frame.blob = blob;
	frame.url = URL.createObjectURL(blob);
	frame.name = `picture-${frame.n}.${ending(blob.type)}`;
	fill(frame, frame.url);
	frame.part(".open").disabled = false;
	frame.part(".open").ariaLabel = word("script.start.frame.enlarge", frame);
	Object.assign(frame.part(".save"), { href: frame.url, download: frame.name, ariaLabel: word("script.start.frame.save", frame) });
	frame.part(".row").hidden = false;
	frame.item.className = "frame";
	asked.shown();
}

// What is here or on its way. Where nothing is, a set that broke leaves nothing behind.
export const arrived = () => frames.filter((frame) => frame.state === "made" || frame.address);
export const made = () => frames.filter((frame) => frame.state === "made");
export const missing = () => frames.filter((frame) => frame.state === "failed");
// Whether every picture that came was drawn by the site itself.
export const allPreviews = () => arrived().every((frame) => frame.preview);

export function failed(frame, reason) {
	frame.state = "failed";
	frame.item.className = "frame failed";
	frame.part(".picture").replaceChildren();
	frame.part(".open").ariaLabel = word("script.start.frame.failed", frame);
	frame.part(".words").textContent = word(reason ? "script.start.frame.not_made_why" : "script.start.frame.not_made", { reason });
	frame.part(".make").hidden = false;
}

// While something is made nothing else can be.
export function busy(yes) {
	for (const frame of frames)
		frame.part(".change").disabled = frame.part(".make").disabled = yes;
}
