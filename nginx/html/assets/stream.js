// SPDX-License-Identifier: ISC
// Server-sent events over a POST: EventSource can only GET, and an address is no place for what a visitor types.

import { language, problemOf } from "./common.js";

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
				if (line.startsWith("event:"))
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

// Sends `brief` and calls the handler named like each event with its data. Resolves to the data of `done`; throws {problem} otherwise,
// or what fetch throws when `signal` ends it.
export async function generate(brief, handlers, signal) {
	let response;
	try {
		response = await fetch("/api/generate", {
			method: "POST", signal, credentials: "omit", cache: "no-store",
			headers: { "Content-Type": "application/json", Accept: "text/event-stream", "Accept-Language": language },
			body: JSON.stringify(brief),
		});
		if (!response.ok || !(response.headers.get("Content-Type") || "").startsWith("text/event-stream"))
			throw { problem: await problemOf(response) };
		for await (const event of eventsOf(response.body)) {
			const data = JSON.parse(event.data);
			if (event.name === "error")
				throw { problem: data };
			if (event.name === "done")
				return data;
			handlers[event.name]?.(data);
		}
	} catch (thrown) {
		if (thrown.problem || thrown.name === "AbortError")
			throw thrown;
	}
	throw { problem: { status: 0 } };
}
