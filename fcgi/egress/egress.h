// SPDX-License-Identifier: ISC
// What all calls share. One thread, one event loop: a call is a connection of another program (caller.c); it is read, judged (run.c) and
// made into a transfer (processor_call.c, page_call.c), whose end is answered on the same connection.
#ifndef LETHE_EGRESS_EGRESS_H
#define LETHE_EGRESS_EGRESS_H

#include "fcgi/egress/engine.h"
#include "fcgi/egress/loop.h"
#include "fcgi/egress/trust.h"
#include "fcgi/egress/upstream.h"
#include "fcgi/ipc/frame.h"
#include "fcgi/ipc/listener.h"
#include "policy/model/policy.h"

#ifdef LETHE_TESTING
enum { EGRESS_TESTING = 1 };
#else
enum { EGRESS_TESTING = 0 };
#endif

struct caller;
struct egress_call;
struct egress {
	struct loop loop;
	struct engine engine;
	const struct policy *policy;
	struct upstreams upstreams;
	struct trust trust;
	struct {
		uint64_t calls; // under way at once
		uint64_t daily; // requests to one processor in one UTC day; 0: no limit
	} settings;
	struct listener listener;
	void (*dispatch)(struct caller *c);
	struct watch listening, signals;
	struct timer rest;       // the listener rests when descriptors run out
	struct timer save;       // of the traffic counts
	char traffic_file[4096]; // "": they are not kept
	bool traffic_changed;
	uint64_t pages, pages_refused;
	unsigned mails; // threads that send one
	// Pieces of one streamed reply, which leave together: libcurl hands them over by 16 KiB. The length of the chunk stands before them and the
	// end of the body may follow.
	struct {
		struct caller *caller; // NULL: there are none
		size_t len;
		size_t used; // of `bytes`, before it was last overwritten
		char bytes[FRAME_CHUNK_LENGTH + FRAME_CHUNK_MAX + FRAME_CHUNK_LENGTH];
	} gathered;
	size_t calls_bytes;    // of the calls that are held
	size_t answers_bytes;  // of the answers that are not streamed, until callers have taken them
	size_t replies_bytes;  // memory of the replies that callers have not taken yet
	size_t replies_before; // that, when it was last looked whether they take
	struct timer look;     // for that, while nothing is read from upstreams
	struct caller *full;   // the callers of those
	size_t connections;    // callers in whatever step
	size_t under_way;      // of them with a transfer, or waiting to repeat one
	bool stopping, killed;
};

// A call for a processor: everything that the policy, the settings or the vendor's row forbid is refused before a byte leaves, then the
// request is made, repeated where that is safe, and its answer handed back unless it comes from the wrong region.
void processor_call_begin(struct caller *c, const struct egress_call *call);
// A page that the visitor named: one ordinary GET, at most five redirects, and never to an address that is not public. The URL comes from a
// visitor who may be hostile, and so does every byte of the answer.
void page_call_begin(struct caller *c, const struct egress_call *call);
// A mail, through the server of the policy's processor for it, in a thread of its own: libcurl waits for a mail server where the loop could not.
void mail_call_begin(struct caller *c, const struct egress_call *call);

// An address that opens an object for a while: signed here, where the key is, and judged as if it were fetched.
void object_link_begin(struct caller *c, const struct egress_call *call);

// What left and how the processors fare: the answer to "status", and the counts kept over restarts in $LETHE_STATE/egress/traffic.json.
// The counts are written within a second and at the end; a kill may lose the last of them. Nothing about a person is in them.
cJSON *status_reply(const struct egress *g);
void traffic_load(struct egress *g); // and saves from now on
void traffic_save(struct egress *g);

#endif
