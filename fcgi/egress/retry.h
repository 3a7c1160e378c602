// SPDX-License-Identifier: ISC
// Whether and when a request to a processor is tried again. Pure.
#ifndef LETHE_EGRESS_RETRY_H
#define LETHE_EGRESS_RETRY_H

#include <stdbool.h>
#include <stdint.h>

enum { RETRY_ATTEMPTS_MAX = 4, RETRY_BASE_MS = 500, RETRY_MS_MAX = 8000 };

struct retry_facts {
	bool repeatable;   // the caller says so
	bool no_answer;    // no whole answer came: connecting failed or the connection broke
	long status;       // of the answer, when there is one
	bool told_not_to;  // the answer said x-should-retry: false
	double asked_ms;   // how long the upstream asks us to wait; < 0: it does not say
	unsigned attempts; // made so far, at least 1
	uint64_t left_ms;  // until the call's deadline
	uint32_t chance;   // random
};
// Milliseconds to wait before the next attempt, or -1: do not try again.
int64_t retry_delay(const struct retry_facts *f);
// The value of a Retry-After-Ms header (milliseconds) or a Retry-After header (seconds or an HTTP date), in ms; -1 if it is neither.
double retry_after_ms(const char *value, bool in_ms, int64_t now);

#endif
