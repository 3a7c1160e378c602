// SPDX-License-Identifier: ISC
#ifndef LETHE_GENERATE_HEALTH_H
#define LETHE_GENERATE_HEALTH_H

#include "fcgi/serve/request.h"

// GET /healthz, or /healthz?ready: whether a set could be made now: {"ok","down":["vault","egress","worker","space","policy"],"policy"}, 200 or 503. Of the
// other programs it says what was so a second ago at most, and one that does not answer is down after two more; policy: another one is in force, and
// this program is about to be started again under it. /healthz?live: that this program answers, and nothing else. `context` is the generator.
void health_handle(struct request *r, void *context);

#endif
