// SPDX-License-Identifier: ISC
// libcurl's multi interface in our event loop.
#ifndef LETHE_EGRESS_ENGINE_H
#define LETHE_EGRESS_ENGINE_H

#include "fcgi/egress/loop.h"
#include <curl/curl.h>

// A member of whoever owns the transfer; LOOP_OWNER leads back to it.
struct engine_transfer {
	CURL *easy; // NULL: there is none
	struct engine_transfer *previous, *next;
	bool added;
};

enum { FLUSHES_MAX = 256 };

struct engine {
	struct loop *loop;
	unsigned connections, connections_most; // to one host
	CURLM *multi;
	struct loop sockets; // libcurl's, watched as one by the loop
	struct watch watch;
	struct timer timer;
	bool held, late;               // late: the timer fired meanwhile
	struct engine_transfer *first; // of those under way
	uint64_t used_at;              // monotonic_ms() when a transfer began or ended last; 0: no connection is kept
	struct timer flush;
	long ports[FLUSHES_MAX]; // local ports of the connections to flush
	size_t flushes;
	// A transfer ended; it is out of the multi already and belongs to the callee, who may add others.
	void (*done)(struct engine_transfer *t, CURLcode result);
	void (*acted)(struct engine *g); // libcurl has handed over what it had
};

// At most so many `connections` to one host, and `most` of them once an upstream has answered in HTTP/1.1; further transfers wait for one, or
// share one (HTTP/2).
int engine_open(struct engine *g, struct loop *l, unsigned connections, unsigned most, void (*done)(struct engine_transfer *, CURLcode),
		void (*acted)(struct engine *), struct err *e);
void engine_close(struct engine *g);
int engine_add(struct engine *g, struct engine_transfer *t); // -1 when there is no memory
// Cancels, if it is under way: closes the connection, or resets the stream, at once. The handle stays the caller's.
void engine_remove(struct engine *g, struct engine_transfer *t);
// Closes the connections that are kept for other transfers when there was none for a while: libraries leave in them what was sent last.
void engine_rest(struct engine *g);
// Nothing is read from any upstream, nor sent to one, until this ends. May be within a callback of libcurl's, which goes on to its end.
void engine_hold(struct engine *g, bool hold);
// Takes nothing more from the upstream, or goes on. Not within a callback of libcurl's.
void engine_pause(struct engine *g, struct engine_transfer *t, bool pause);

#endif
