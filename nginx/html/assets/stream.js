// SPDX-License-Identifier: ISC
// A set as server-sent events. It begins with a POST (EventSource can only GET, and an address is no place for what a visitor types); when the
// line breaks, it goes on by the receipt that the first event brings.

import { language, problemOf } from "./common.js";

const waits = [500, 1000, 2000, 4000, 8000, 15000];
const triesMax = 40; // ten minutes

export const pause = (ms, signal) => new Promise((resolve, reject) => {
	const timer = setTimeout(resolve, ms);
	signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); });
});
export const waitAfter = (tries) => waits[Math.min(tries, waits.length - 1)];

async function* eventsOf(stream) {
	const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
	let pending = "";
	for (;;) {
		const { value, done } = await reader.read();
		if (done)
			return;
		// The end of an event may be split between two pieces, so look one character back.
		let from = Math.max(0, pending.length - 1);
		pending += value;
		for (let end; (end = pending.indexOf("\n\n", from)) >= 0; from = 0) {
			const event = { name: "message", data: "" };
			for (const line of pending.slice(0, end).split("\n")) {
				if (line.startsWith("id:"))
					event.id = line.slice(3).trim();
				else if (line.startsWith("event:"))
					event.name = line.slice(6).trim();
				else if (line.startsWith("data:"))
					event.data += line.slice(5).trimStart();
			}
			pending = pending.slice(end + 2);
			if (event.data)
				yield event;
		}
	}
}

// Calls the handler named like each event with its data, and `lost` when the line broke. Resolves to the data of `done`; throws {problem}
// otherwise, or what fetch throws when `signal` ends it. `set` is {} or {receipt}, and learns the receipt.
async function follow(set, request, handlers, signal) {
	for (let tries = 0, last; ; ) {
		try {
			const response = await request(last);
			if (!response.ok || !(response.headers.get("Content-Type") || "").startsWith("text/event-stream"))
				throw { problem: await problemOf(response), later: set.receipt && [429, 502, 503, 504].includes(response.status) };
			for await (const event of eventsOf(response.body)) {
				const data = JSON.parse(event.data);
				if (event.name === "error")
					throw { problem: data };
				if (event.name === "begun")
					set.receipt = data.receipt;
				if (event.name === "done")
					return data;
				handlers[event.name]?.(data);
				tries = 0;
				last = event.id ?? last; // a partial picture has none
			}
		} catch (thrown) {
			if (signal.aborted || (thrown.problem && !thrown.later))
				throw thrown;
		}
		if (!set.receipt || tries === triesMax)
			throw { problem: { status: 0 } };
		handlers.lost?.();
		await pause(waitAfter(tries++), signal);
		request = (id) => ask(set.receipt, signal, id);
	}
}

const ask = (receipt, signal, last) => fetch(`/api/generate/${receipt}`, {
	signal, credentials: "omit", cache: "no-store",
	headers: { Accept: "text/event-stream", "Accept-Language": language, ...last && { "Last-Event-ID": last } },
});

export const generate = (set, brief, handlers, signal) => follow(set, () => fetch("/api/generate", {
	method: "POST", signal, credentials: "omit", cache: "no-store",
	headers: { "Content-Type": "application/json", Accept: "text/event-stream", "Accept-Language": language },
	body: JSON.stringify(brief),
}), handlers, signal);

export const resume = (set, handlers, signal) => follow(set, () => ask(set.receipt, signal), handlers, signal);

// Ends it there, too: leaving alone would let it be finished.
export const cancel = (set) => fetch(`/api/generate/${set.receipt}`, { method: "DELETE", keepalive: true, credentials: "omit" }).catch(() => {});
