// SPDX-License-Identifier: ISC
// Pictures in other formats and sizes, and several of them as one ZIP, made in this tab: nothing is sent. What is made anew says how it was
// made, as the server's own do (IPTC digital source type in XMP).

const text = (string) => new TextEncoder().encode(string);
const endings = { "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp" };
export const ending = (type) => endings[type] || "img";

const crcs = Uint32Array.from({ length: 256 }, (unused, n) => {
	for (let bit = 0; bit < 8; bit++)
		n = n & 1 ? 0xedb88320 ^ n >>> 1 : n >>> 1;
	return n;
});
function crc32(bytes) {
	let crc = ~0;
	for (const byte of bytes)
		crc = crcs[(crc ^ byte) & 255] ^ crc >>> 8;
	return ~crc >>> 0;
}

// Bytes from numbers of so many bytes: [[4, 7], [2, 1]].
function packed(numbers, little = true) {
	const view = new DataView(new ArrayBuffer(numbers.reduce((sum, [size]) => sum + size, 0)));
	let at = 0;
	for (const [size, value] of numbers) {
		view[`setUint${8 * size}`](at, value, little);
		at += size;
	}
	return new Uint8Array(view.buffer);
}

function joined(parts) {
	const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}

const packet = (drawn) => text("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>" +
	"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">" +
	"<rdf:Description rdf:about=\"\" xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" Iptc4xmpExt:DigitalSourceType=" +
	`"http://cv.iptc.org/newscodes/digitalsourcetype/${drawn ? "algorithmicMedia" : "trainedAlgorithmicMedia"}"/>` +
	"</rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>");

// The encoded bytes with the packet where readers of metadata look for it. `width` and `height` are those of the picture.
const marks = {
	"image/png": (bytes, xmp) => { // behind the signature and IHDR
		const chunk = joined([text("iTXtXML:com.adobe.xmp\0\0\0\0\0"), xmp]);
		return joined([bytes.subarray(0, 33), packed([[4, chunk.length - 4]], false), chunk, packed([[4, crc32(chunk)]], false), bytes.subarray(33)]);
	},
	"image/jpeg": (bytes, xmp) => { // an APP1 segment behind the start
		const segment = joined([text("http://ns.adobe.com/xap/1.0/\0"), xmp]);
		return joined([bytes.subarray(0, 2), packed([[2, 0xffe1], [2, segment.length + 2]], false), segment, bytes.subarray(2)]);
	},
	"image/webp": (bytes, xmp, width, height) => { // at the end, announced in the extended header
		const extended = bytes[15] === 88; // VP8X
		const head = extended ? bytes.slice(12, 30) : joined([text("VP8X"), packed([[4, 10], [4, 0], [2, width - 1 & 0xffff], [1, width - 1 >> 16],
			[2, height - 1 & 0xffff], [1, height - 1 >> 16]])]);
		head[8] |= 4;
		const padding = new Uint8Array(xmp.length & 1);
		const body = joined([text("WEBP"), head, bytes.subarray(extended ? 30 : 12), text("XMP "), packed([[4, xmp.length]]), xmp, padding]);
		return joined([text("RIFF"), packed([[4, body.length]]), body]);
	},
};

// The formats that this browser writes.
export const formats = Object.keys(marks).filter((type) => document.createElement("canvas").toDataURL(type).startsWith(`data:${type}`));

// `blob` as `type` ("" as it is), at most `side` wide and high (0 as it is).
export async function convert(blob, type, side, drawn) {
	if (!type && !side)
		return blob;
	const image = await createImageBitmap(blob);
	const scale = Math.min(1, side ? side / Math.max(image.width, image.height) : 1);
	const canvas = document.createElement("canvas");
	canvas.width = Math.round(image.width * scale);
	canvas.height = Math.round(image.height * scale);
	const context = canvas.getContext("2d");
	context.imageSmoothingQuality = "high";
	context.drawImage(image, 0, 0, canvas.width, canvas.height);
	image.close();
	const wanted = type || (formats.includes(blob.type) ? blob.type : "image/png");
	const made = await new Promise((resolve) => { canvas.toBlob(resolve, wanted, 0.88); });
	const bytes = new Uint8Array(await made.arrayBuffer());
	return new Blob([marks[made.type](bytes, packet(drawn), canvas.width, canvas.height)], { type: made.type });
}

// A ZIP of [{name, blob}], not compressed: pictures are already.
export async function zip(files) {
	const now = new Date();
	const stamp = [[2, now.getHours() << 11 | now.getMinutes() << 5 | now.getSeconds() >> 1],
		[2, now.getFullYear() - 1980 << 9 | now.getMonth() + 1 << 5 | now.getDate()]];
	const parts = [];
	const directory = [];
	let at = 0;
	for (const { name, blob } of files) {
		const bytes = new Uint8Array(await blob.arrayBuffer());
		const called = text(name);
		const facts = [[2, 0x800], [2, 0], ...stamp, [4, crc32(bytes)], [4, bytes.length], [4, bytes.length], [2, called.length], [2, 0]];
		const head = packed([[4, 0x04034b50], [2, 20], ...facts]);
		directory.push(packed([[4, 0x02014b50], [2, 20], [2, 20], ...facts, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]]), called);
		parts.push(head, called, bytes);
		at += head.length + called.length + bytes.length;
	}
	const size = directory.reduce((sum, { length }) => sum + length, 0);
	return new Blob([...parts, ...directory, packed([[4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, at], [2, 0]])],
		{ type: "application/zip" });
}
