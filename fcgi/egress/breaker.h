// SPDX-License-Identifier: ISC
// A circuit breaker: after several failures in a row an upstream is left alone for a while, then tried with one request.
// Pure: the caller brings the time (monotonic_ms()).
#ifndef LETHE_EGRESS_BREAKER_H
#define LETHE_EGRESS_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum { BREAKER_FAILURES = 8, BREAKER_OPEN_MS = 5000, BREAKER_OPEN_MS_MAX = 60000 };

enum breaker_state { BREAKER_CLOSED = 0, BREAKER_OPEN, BREAKER_HALF_OPEN };
enum breaker_answer { BREAKER_REFUSED = 0, BREAKER_GO, BREAKER_PROBE };

struct breaker {
	enum breaker_state state;
	unsigned failures; // in a row
	uint64_t until;    // open until then
	uint64_t open_ms;  // length of the present or last open time; doubles with each failed probe
	bool probing;      // half-open, and its one request is under way
};

// May a request go? BREAKER_PROBE: it may, as the one that tries whether the upstream is back; hand that on to breaker_result().
enum breaker_answer breaker_ask(struct breaker *b, uint64_t now);
bool breaker_refuses(const struct breaker *b, uint64_t now); // what breaker_ask() would say; nothing changes
enum breaker_outcome { OUTCOME_GOOD, OUTCOME_FAILED, OUTCOME_UNKNOWN /* cancelled by the caller: says nothing */ };
void breaker_result(struct breaker *b, enum breaker_outcome outcome, bool probe, uint64_t now);
enum breaker_state breaker_state(const struct breaker *b, uint64_t now);
const char *breaker_words(enum breaker_state state); // closed | open | half-open

#endif
