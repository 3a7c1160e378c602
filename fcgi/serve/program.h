// SPDX-License-Identifier: ISC
// What a program is to fcgi/serve: its routes and how it starts.
#ifndef LETHE_SERVE_PROGRAM_H
#define LETHE_SERVE_PROGRAM_H

#include "fcgi/serve/request.h"
#include "policy/vault/vault.h"

// Body types a route takes. BODY_TEXT is text/plain and BODY_RAW application/json, both as they came: request_body() has them.
enum body_type { BODY_NONE = 0, BODY_JSON = 1, BODY_FORM = 2, BODY_MULTIPART = 4, BODY_TEXT = 8, BODY_RAW = 16 };

struct route {
	const char *method; // "GET" also answers HEAD
	const char *path;   // exact; a trailing "*" matches any rest without "/", see request_rest()
	// Parameters that clients send in the address, and that nobody reads; all others are refused. NULL-terminated; NULL: none. Of routes without a body,
	// any may come.
	const char *const *query_ignored;
	size_t body_max;      // 413 above it
	unsigned body_types;  // 415 for others
	unsigned deadline_ms; // whole request; 504 problem
	kind_set kinds;       // kinds of data the handler touches: all must be declared in the policy or the program does not start
	bool changes_state;   // Sec-Fetch-Site, then Origin, are checked first
	bool
	    from_anywhere; // nothing in it depends on whose network it comes from: an Origin that a browser hides ("null") is as good as none
	bool logged;       // one request-log row before the handler runs (if the policy keeps a request log)
	// Instead: the handler calls request_log() once it knows the receipt. Until it did, an answer below 400 is replaced by 500:
	// nothing is done that the log does not know.
	bool logs_itself;
	// Before the body is read. False: it has answered, and the body is not wanted. NULL: whoever comes is let in.
	bool (*admit)(struct request *r, void *context);
	// Answers with one of the respond_* functions. What it returns is ignored if it answered; if it did not, 500.
	void (*handle)(struct request *r, void *context);
};

struct program {
	const char *name;           // of its row in fcgi/ipc/programs.def, which says whether it has a vault and what it may write
	const struct route *routes; // ended by {0}
	const char *api_below;      // addresses that begin so answer errors in the shape of OpenAI's API (api_error.h); NULL: none
	// Once, before the sandbox and the first request: open what is needed. *context goes to the handlers; without start, they get the
	// vault. -1: the program ends with the message.
	int (*start)(const struct policy *p, struct vault *v, void **context, struct err *e);
	void (*stopping)(void *context); // at the stop, before requests under way are waited for: they should come to an end
	void (*stop)(void *context);     // after the last request
	const char *const *reads; // folders of the state folder that it reads beside the policy and the pages; NULL-terminated; NULL: none
	// 0: a thread for each request, for handlers that wait for others. Else so many threads in all, for handlers that look something up;
	// routes that change state may take longer, as many at once as there are further threads. A request must not come slowly, so nginx
	// passes such a program no bodies.
	unsigned threads;
	unsigned in_flight_max; // requests at once; 0: as many as the site (policy/base/requests.h) and the limit of open files allow
	unsigned drain_ms;      // for requests under way after SIGTERM; 0: a minute
};

#endif
