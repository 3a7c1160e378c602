// SPDX-License-Identifier: ISC
// Object storages that speak S3: what a request to one carries, and addresses that open an object for a while.
#ifndef LETHE_EGRESS_OBJECT_H
#define LETHE_EGRESS_OBJECT_H

#include "fcgi/egress/upstream.h"
#include "policy/base/err.h"

// Lines of a request.
struct object_lines {
	char authorization[1024], date[40], payload[96];
};

// Signs a request as it will leave: `content_type` is the value of that header, "" where there is none. ERR_INPUT, ERR_MEMORY.
int object_sign(struct object_lines *out, const struct upstream *u, CURLU *url, const char *method, const char *content_type,
		const void *body, size_t len, struct err *e);

#endif
