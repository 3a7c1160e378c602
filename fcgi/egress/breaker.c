// SPDX-License-Identifier: ISC
#include "fcgi/egress/breaker.h"

enum breaker_state breaker_state(const struct breaker *b, uint64_t now)
{
	return b->state == BREAKER_OPEN && now >= b->until ? BREAKER_HALF_OPEN : b->state;
}

bool breaker_refuses(const struct breaker *b, uint64_t now)
{
	enum breaker_state state = breaker_state(b, now);
	return state == BREAKER_OPEN || (state == BREAKER_HALF_OPEN && b->probing);
}

enum breaker_answer breaker_ask(struct breaker *b, uint64_t now)
{
	if (breaker_refuses(b, now))
		return BREAKER_REFUSED;
	b->state = breaker_state(b, now);
	if (b->state == BREAKER_CLOSED)
		return BREAKER_GO;
	b->probing = true;
	return BREAKER_PROBE;
}

void breaker_result(struct breaker *b, enum breaker_outcome outcome, bool probe, uint64_t now)
{
	if (probe)
		b->probing = false;
	// While it is open or half-open only the probe decides: what was sent before it opened is old news.
	if (outcome == OUTCOME_UNKNOWN || (b->state != BREAKER_CLOSED && !probe))
		return;
	if (outcome == OUTCOME_GOOD) {
		*b = (struct breaker){0};
		return;
	}
	if (++b->failures < BREAKER_FAILURES && !probe)
		return;
	uint64_t ms = probe ? b->open_ms * 2 : BREAKER_OPEN_MS;
	b->state = BREAKER_OPEN;
	b->open_ms = ms < BREAKER_OPEN_MS_MAX ? ms : BREAKER_OPEN_MS_MAX;
	b->until = now + b->open_ms;
}

const char *breaker_words(enum breaker_state state)
{
	static const char *const words[] = {"closed", "open", "half-open"};
	return words[state];
}
