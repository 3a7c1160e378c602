// SPDX-License-Identifier: ISC
// A page that the visitor named: one ordinary GET, at most five redirects, and never to an address that is not public. The URL comes from a
// visitor who may be hostile, and so does every byte of the answer.
#ifndef LETHE_EGRESS_PAGE_CALL_H
#define LETHE_EGRESS_PAGE_CALL_H

#include "fcgi/egress/caller.h"
#include "fcgi/ipc/egress_call.h"

void page_call_begin(struct caller *c, const struct egress_call *call);

#endif
