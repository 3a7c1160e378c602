// SPDX-License-Identifier: ISC
// The side that faces the other programs: connections, frames in, frames out. Nothing here blocks. A connection is one call; when it closes,
// the call ends with it, in whatever step it is.
#ifndef LETHE_EGRESS_CALLER_H
#define LETHE_EGRESS_CALLER_H

#include "fcgi/egress/egress.h"
#include "fcgi/egress/failure.h"
#include "fcgi/ipc/frame.h"

enum caller_step { CALLER_SENDS, CALLER_WAITS, CALLER_RECEIVES };

struct caller;

// What a call is worked on by. It begins with this member, and belongs to the caller from then on.
struct call_work {
	const struct call_work_type {
		void (*due)(struct call_work *w);             // the time that was set for it (caller_at()) has come
		void (*left)(struct call_work *w);            // the caller left; NULL: it does not matter
		void (*full)(struct call_work *w, bool full); // what is streamed is not taken for now, or is again
		void (*free)(struct call_work *w);
	} * type;
};

struct caller {
	struct watch watch;
	struct timer timer;
	struct egress *egress;
	enum caller_step step;
	struct frame call;
	struct call_work *work;
	size_t held;            // bytes of `call`, as counted in egress->calls_bytes
	struct buf reply, body; // what is to be written, or was not taken yet
	size_t written;         // of both
	uint64_t due;           // when the work is due
	bool streaming;         // a streamed reply has begun
	bool shared;            // the upstream's connection carries others, too: it cannot wait for this caller
	bool full;              // the caller has not taken what is in `reply`: it is in egress->full
	uint64_t full_until;    // when that ends the call
	size_t pending;         // memory of `reply`, where `shared`, as counted in egress->replies_bytes
	struct caller *full_previous, *full_next;
};

// Serves the listening socket; `dispatch` gets each call that is whole, in call.head and call.body. The head goes when it returns.
int callers_open(struct egress *g, int listener, void (*dispatch)(struct caller *c), struct err *e);
// When the work is due, in monotonic_ms(). -1 when there is no memory.
int caller_at(struct caller *c, uint64_t at);
// Answers; the work is freed. `head` is consumed, and *body (NULL: none) taken over.
void caller_reply(struct caller *c, cJSON *head, struct buf *body);
// A reply whose body is handed on as it comes, instead of caller_reply(). `head` is consumed. -1: no memory. What comes over a shared
// connection is always taken: libcurl 7.88 would go on reading for a paused HTTP/2 stream, into memory of its own. What callers have not taken
// of that is limited for all of them together: then nothing more is read from any upstream until they have, and who stalls then is ended.
int caller_stream(struct caller *c, cJSON *head, bool shared);
// Pieces of at most FRAME_CHUNK_MAX bytes. -1: the caller has to take what came before; offer it again after work->full(…, false).
int caller_stream_add(struct caller *c, const char *bytes, size_t len);
void caller_stream_void(struct caller *c);                   // takes it all back, if it was begun; another reply follows, streamed or not
void caller_stream_end(struct caller *c);                    // the body is whole; the work is freed
void callers_flush(struct egress *g);                        // sends what was gathered of pieces
void caller_refuse(struct caller *c, enum egress_failure f); // in the failure's own words
void caller_refuse_with(struct caller *c, enum egress_failure f, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
