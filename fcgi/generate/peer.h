// SPDX-License-Identifier: ISC
// Calls to the other programs, and what their replies mean.
#ifndef LETHE_GENERATE_PEER_H
#define LETHE_GENERATE_PEER_H

#include "fcgi/generate/generator.h"
#include "fcgi/ipc/call.h"
#include "fcgi/provider/provider.h"

// A provider's task on its way: its requests and replies, one after the other, each over this call. A zeroed one is idle.
struct peer_work {
	struct provider_task task; // over when its step is PROVIDER_ENDED
	struct call *call;
	const struct processor *by;
	kind_set kinds;                   // of data in the requests that have a body
	uint64_t deadline;                // of all of it
	uint64_t at;                      // when the request goes; 0: it went
	bool sent;                        // something of the task has, or may have, left this machine
	bool sent_before;                 // before the request that is under way
	bool answered;                    // that one, or nobody took the connection
	const char *receipt;              // of the set: whose it is what a vendor knows by its own reference
	char deletion[RECORD_ID_LEN + 1]; // by which the vendor is asked to delete it (policy/rights/deletion.h); "": nothing is to be
};
void peer_begin(struct peer_work *w, const struct generator *g, const struct processor *by, enum provider_ability ability,
		const struct provider_input *in);
// Takes what came and sends what is due.
void peer_go_on(struct peer_work *w, const struct generator *g);
// Until one of them can go on: 0. ERR_TIMEOUT at `until`, ERR_GONE when the visitor left. calls[i] is the call of works[i].
int peer_wait(struct peer_work *works, struct call *calls, size_t count, int hangup_fd, uint64_t until, struct err *e);
// Ends them, whatever their state: cancels and deletes at the vendors what there is, within a few seconds, and frees. What a vendor did not confirm by then waits to be
// asked again.
void peer_leave(struct peer_work *works, struct call *calls, size_t count, const struct generator *g);
// In words for visitors, as keys: why a picture is missing; why who got something gave nothing.
struct peer_failure {
	const char *missing, *sent;
};
struct peer_failure peer_failure(enum provider_result result, const struct err *say);
bool peer_refused_region(enum provider_result result, const struct err *say); // that is what the result was for

// How long one of several processors may take: what is left, but not all of it while another could still take over.
uint64_t peer_share(uint64_t deadline, bool another);

#endif
