// SPDX-License-Identifier: ISC
// What this program can do at this moment. `context` is the generator.
#ifndef LETHE_GENERATE_STATUS_H
#define LETHE_GENERATE_STATUS_H

#include "fcgi/serve/serve.h"

// GET /api/processors: {"pictures":[{"id","name","where","preview"}]}: who can be chosen as `provider` here and now, in the policy's order.
void status_processors(struct request *r, void *context);
// GET /healthz: whether a set could be made now.
void status_health(struct request *r, void *context);

#endif
