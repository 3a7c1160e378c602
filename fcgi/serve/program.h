// SPDX-License-Identifier: ISC
// What a program is to fcgi/serve.
#ifndef LETHE_SERVE_PROGRAM_H
#define LETHE_SERVE_PROGRAM_H

#include "fcgi/serve/route.h"
#include "policy/vault/vault.h"

struct program {
	const char *name;           // of its row in fcgi/ipc/programs.def, which says whether it has a vault and what it may write
	const struct route *routes; // ended by {0}
	// Once, before the sandbox and the first request: open what is needed. *context goes to the handlers; without start, they get the
	// vault. -1: the program ends with the message.
	int (*start)(const struct policy *p, struct vault *v, void **context, struct err *e);
	void (*stop)(void *context);   // after the last request
	const char *const *read_paths; // landlock: folders it may read besides the state; NULL-terminated; NULL: none
	// 0: a thread for each request, for handlers that wait for others. Else so many threads in all, for handlers that look something up;
	// routes that change state may take longer, as many at once as there are further threads. A request must not come slowly, so nginx
	// passes such a program no bodies.
	unsigned threads;
	unsigned in_flight_max; // requests at once; 0: IN_FLIGHT_MAX
	unsigned drain_ms;      // for requests under way after SIGTERM; 0: a minute
};

#endif
