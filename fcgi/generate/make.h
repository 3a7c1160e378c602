// SPDX-License-Identifier: ISC
#ifndef LETHE_GENERATE_MAKE_H
#define LETHE_GENERATE_MAKE_H

#include "fcgi/generate/generator.h"

// POST /api/generate: one set, from the request to the answer. `context` is the generator.
void make_handle(struct request *r, void *context);
// Can the smallest set be made now? Without space in the spool, or on the stores' disk for its records, every one is refused.
bool make_has_space(const struct generator *g);

#endif
