// SPDX-License-Identifier: ISC
// Which route of its program a request takes, and whether it may.
#ifndef LETHE_SERVE_ROUTE_H
#define LETHE_SERVE_ROUTE_H

#include "fcgi/serve/problem.h"
#include "fcgi/serve/program.h"

// The route of the request: 404, 405 with `allow`, 431.
int route_find(struct request *r, const struct route *routes, struct problem *why);
// Whether the request may be read further: origin, type and length as announced. *kind is set.
int route_admit(struct request *r, enum body_type *kind, struct problem *why);
// Refuses a table that touches kinds which the policy does not declare.
int route_check(const struct route *routes, const struct policy *p, struct err *e);

#endif
