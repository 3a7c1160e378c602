// SPDX-License-Identifier: ISC
// A call for a processor: everything that the policy, the settings or the vendor's row forbid is refused before a byte leaves, then the
// request is made, repeated where that is safe, and its answer handed back unless it comes from the wrong region.
#ifndef LETHE_EGRESS_PROCESSOR_CALL_H
#define LETHE_EGRESS_PROCESSOR_CALL_H

#include "fcgi/egress/caller.h"
#include "fcgi/ipc/egress_call.h"

void processor_call_begin(struct caller *c, const struct egress_call *call);

#endif
