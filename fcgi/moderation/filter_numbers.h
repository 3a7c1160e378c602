// SPDX-License-Identifier: ISC
#ifndef LETHE_MODERATION_FILTER_NUMBERS_H
#define LETHE_MODERATION_FILTER_NUMBERS_H

#include "fcgi/moderation/fold.h"
#include "policy/model/policy.h"

// Where a text meets a content rule.
struct filter_hit {
	enum policy_content rule;
	size_t start, end; // bytes of the source
};
struct filter_hits {
	struct filter_hit *at;
	size_t count, capacity;
};

int filter_hits_add(struct filter_hits *hits, enum policy_content rule, size_t start, size_t end); // -1 when memory is gone
// By start, and none overlaps another: the earlier one wins, so that a card number is not a phone number too.
void filter_hits_settle(struct filter_hits *hits);
void filter_hits_free(struct filter_hits *hits);
#define FILTER_HITS_AUTO __attribute__((cleanup(filter_hits_free)))

// Adds the card, bank account and phone numbers. -1 when memory is gone.
int filter_numbers(const struct folded *f, struct filter_hits *hits);

#endif
