// SPDX-License-Identifier: ISC
// The visitor of a set, as the thread that makes it sees him: there, away for a moment, or gone for good.
//
// Who gets events has the receipt and may come back: what is under way is finished meanwhile, and nothing new is begun. Who waits for an answer at
// the end has nothing to come back with: his leaving cancels.
#ifndef LETHE_GENERATE_VISITOR_H
#define LETHE_GENERATE_VISITOR_H

#include "fcgi/generate/generate.h"
#include "fcgi/generate/peer.h"

// Whether the set goes on, with him or in expectation of him. False: it is closed with what is there, or cancelled; see the set.
bool visitor_stays(struct set *s);
bool visitor_is_there(struct set *s);
// Waits so long, or until he comes or goes. -1: the set is cancelled.
int visitor_pause(struct set *s, unsigned ms);
// Waits until he is there. -1: the set does not go on.
int visitor_await(struct set *s);
// peer_wait(), or where there are no works call_wait(), until something moves or the visitor comes or goes. ERR_GONE: the set does not go on.
int visitor_wait(struct set *s, struct peer_work *works, struct call *calls, size_t count, uint64_t until, struct err *e);

#endif
