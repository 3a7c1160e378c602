// SPDX-License-Identifier: ISC
// Calls to the other programs, and what their replies mean.
#ifndef LETHE_GENERATE_PEER_H
#define LETHE_GENERATE_PEER_H

#include "fcgi/generate/generator.h"
#include "fcgi/ipc/call.h"
#include "fcgi/provider/provider.h"

// Starts a provider's request through egress. -1: it could not be built or sent.
int peer_send(struct call *c, const struct generator *g, const struct processor *to, struct provider_request *request, kind_set kinds,
	      uint64_t deadline, struct err *e);
// What egress's reply means before the provider's reader sees it: PROVIDER_OK when there is a body to read. A refused region is
// recorded in the ledger.
enum provider_verdict peer_verdict(const struct generator *g, const struct call *c, const struct processor *from, int *status,
				   struct err *say);
bool peer_refused_region(enum provider_verdict v, const struct err *say); // that is what the verdict was for

// How long one of several processors may take: what is left, but not all of it while another could still take over.
uint64_t peer_share(uint64_t deadline, bool another);

#endif
