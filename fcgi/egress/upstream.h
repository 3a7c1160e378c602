// SPDX-License-Identifier: ISC
// The processors that the policy declares, as egress sees them: where they are, with which key, how they fare, what they were sent.
#ifndef LETHE_EGRESS_UPSTREAM_H
#define LETHE_EGRESS_UPSTREAM_H

#include "fcgi/egress/breaker.h"
#include "fcgi/egress/limits.h"
#include "policy/base/address_range.h"
#include "policy/model/policy.h"
#include "policy/processors/processors.h"
#include <curl/curl.h>

// Counts since the counting began; kept over restarts. Nothing about a person is in it.
struct traffic {
	uint64_t requests, bytes_sent, failures, region_mismatches;
	uint64_t masked; // passages that were taken out of what it was to get, where the policy says so
	kind_set kinds;
	char region_seen[64]; // the last one, normalised
	char day[WHEN_DATE];  // the UTC day of `today`
	uint64_t today;       // requests of that day that are paid for, and mails
	uint64_t billed;      // requests that are paid for, since the counting began
	uint64_t spent_today; // money, as the operator's prices say
	bool spent_told;      // that they are as many as a day may have
	long refusal;         // 401, 403 or 404, where that was the last answer; 0: it was not. Not kept: a restart brings other settings
	time_t refused_since;
};

struct processor_call;
struct upstream {
	const struct policy_processor *declared;
	const struct processor_facts *facts; // NULL: this software knows no such vendor
	const char *base;                    // NULL: not configured
	const char *missing;                 // the setting without which the others are of no use; NULL: none
	char host[256];
	struct curl_slist key; // one header line, in locked memory; NULL data: none
	// A server of the controller's own: where it must be, and whether its base address is without TLS (then it is on this machine).
	struct address_range within[POLICY_WITHIN_MAX];
	size_t within_count; // 0: it is somebody else's
	bool plain;
	// An object storage that speaks S3 (facts->s3).
	struct {
		const char *id, *secret; // in locked memory; NULL: it is none, or not set up
		const char *region;
	} s3;
	struct {
		const char *user;
		char *password; // in locked memory; NULL: none
		bool plain;     // without TLS
	} mail;
	struct limits limits;
	uint64_t next_ms;                     // when the next request that is paid for may go (limits.minute), in monotonic_ms()
	size_t under_way;                     // calls
	size_t paid_under_way;                // attempts of calls that are paid for, under way or about to be
	struct processor_call *first, **last; // that wait until fewer are (limits.at_once)
	struct breaker breaker;
	struct traffic traffic;
};

struct upstreams {
	struct upstream *list;
	size_t count;
	char *keys; // locked, never in a core dump
	size_t keys_size;
};

// Reads the settings and keys of every declared processor. Fails (ERR_REFUSED) where the deployment contradicts the policy: a base URL
// whose host is not the processor's, or settings for a processor that the policy does not declare; and where a file that NAME_FILE names
// cannot be read. Variables that held a key are wiped.
int upstreams_open(struct upstreams *u, const struct policy *p, struct err *e);
void upstreams_close(struct upstreams *u); // wipes the keys
struct upstream *upstream_find(struct upstreams *u, const char *id);
// "Sweden Central" and "swedencentral" are one region: lower case, no spaces. `out` has `size` bytes.
void upstream_region_normalise(char *out, size_t size, const char *region);
// Is it one of the policy's regions for this processor? A processor without regions in the policy may answer from anywhere.
bool upstream_region_allowed(const struct upstream *u, const char *normalised);
// Whether what is for a server of the controller's own may go to this address.
bool upstream_address_allowed(const struct upstream *u, const struct sockaddr *address, socklen_t len);
// Learns from an answer's status whether the processor takes what we are set up with. Only these say that it does not: a 400 may be about
// what a visitor wrote, and one that is overloaded has not looked.
void traffic_answered(struct traffic *t, long status, time_t now);
bool upstream_refuses_us(long status); // 401, 403, 404
// Whether the day's requests (UTC; `daily`, unless the upstream has a limit of its own; 0: none) and its money last for one more that costs so much.
bool upstream_affords(struct upstream *u, time_t now, uint64_t daily, uint64_t cost);
void upstream_spend(struct upstream *u, uint64_t cost); // counts it, in the day that upstream_affords() was asked for
// What a call of this route costs at most.
uint64_t upstream_cost(const struct upstream *u, const struct processor_route *r);

#endif
