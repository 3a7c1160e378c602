// SPDX-License-Identifier: ISC
// What all calls share. One thread, one event loop: a call is a connection of another program (caller.c); it is read, judged (dispatch.c) and
// made into a transfer (processor_call.c, page_call.c), whose end is answered on the same connection.
#ifndef LETHE_EGRESS_EGRESS_H
#define LETHE_EGRESS_EGRESS_H

#include "fcgi/egress/engine.h"
#include "fcgi/egress/loop.h"
#include "fcgi/egress/upstream.h"
#include "fcgi/ipc/listener.h"
#include "policy/model/policy.h"

#ifdef LETHE_TESTING
enum { EGRESS_TESTING = 1 };
#else
enum { EGRESS_TESTING = 0 };
#endif

struct caller;
struct egress {
	struct loop loop;
	struct engine engine;
	const struct policy *policy;
	struct upstreams upstreams;
	struct {
		const char *ca_file;  // certificates to trust
		unsigned connections; // to one host
		uint64_t calls;       // under way at once
		uint64_t daily;       // requests to one processor in one UTC day; 0: no limit
	} settings;
	struct listener listener;
	void (*dispatch)(struct caller *c);
	struct watch listening, signals;
	struct timer rest;       // the listener rests when descriptors run out
	struct timer save;       // of the traffic counts
	char traffic_file[4096]; // "": they are not kept
	bool traffic_changed;
	uint64_t pages, pages_refused;
	size_t connections; // callers in whatever step
	size_t under_way;   // of them with a transfer, or waiting to repeat one
	bool stopping, killed;
};

#endif
