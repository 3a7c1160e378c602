// SPDX-License-Identifier: ISC
#ifndef LETHE_GENERATE_MAKE_H
#define LETHE_GENERATE_MAKE_H

#include "fcgi/generate/generator.h"

// POST /api/generate: one set, from the request to the answer. `context` is the generator.
void make_handle(struct request *r, void *context);
// GET /api/processors: {"pictures":[{"id","name","where","preview"}]}: who can be chosen as `provider` here and now, in the policy's order.
void offer_handle(struct request *r, void *context);
// GET /healthz: whether a set could be made now.
void health_handle(struct request *r, void *context);
// Can the smallest set be made now? Without room in the spool, or on the stores' disk for its records, every one is refused.
bool make_has_room(const struct generator *g);

#endif
