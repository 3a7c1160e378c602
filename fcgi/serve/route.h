// SPDX-License-Identifier: ISC
// The routes of a program, as a table, and which of them a request takes.
#ifndef LETHE_SERVE_ROUTE_H
#define LETHE_SERVE_ROUTE_H

#include "fcgi/serve/problem.h"
#include "fcgi/serve/request.h"
#include "policy/base/err.h"
#include "policy/model/policy.h"
#include <stdbool.h>
#include <stddef.h>

// Body types a route takes.
enum body_type { BODY_NONE = 0, BODY_JSON = 1, BODY_FORM = 2, BODY_MULTIPART = 4 };

struct route {
	const char *method;   // "GET" also answers HEAD
	const char *path;     // exact; a trailing "*" matches any rest without "/", see request_rest()
	size_t body_max;      // 413 above it
	unsigned body_types;  // 415 for others
	unsigned deadline_ms; // whole request; 504 problem
	kind_set kinds;       // kinds of data the handler touches: all must be declared in the policy or the program does not start
	bool changes_state;   // Sec-Fetch-Site, then Origin, are checked first
	bool logged;          // one request-log row before the handler runs (if the policy keeps a request log)
	// Instead: the handler calls request_log() once it knows the receipt. Until it did, an answer below 400 is replaced by 500:
	// nothing is done that the log does not know.
	bool logs_itself;
	// Answers with one of the respond_* functions. What it returns is ignored if it answered; if it did not, 500.
	void (*handle)(struct request *r, void *context);
};

// The route of the request: 404, 405 with `allow`, 431.
int route_find(struct request *r, const struct route *routes, struct problem *why);
// Whether the request may be read further: origin, type and length as announced. *kind is set.
int route_admit(struct request *r, enum body_type *kind, struct problem *why);
// Refuses a table that touches kinds which the policy does not declare.
int route_check(const struct route *routes, const struct policy *p, struct err *e);

#endif
