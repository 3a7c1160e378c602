// SPDX-License-Identifier: ISC
#ifndef LETHE_MODERATION_FILTER_NUMBERS_H
#define LETHE_MODERATION_FILTER_NUMBERS_H

#include "fcgi/moderation/fold.h"
#include "policy/model/policy.h"

// What is found: personal data and forbidden content of enum policy_content, and what is personal besides.
enum filter_class { FILTER_NAME = RULE_COUNT, FILTER_ID_NUMBER, FILTER_USER_PAGE, FILTER_IP_ADDRESS, FILTER_CLASSES };
struct filter_hit {
	unsigned class;    // enum policy_content or enum filter_class
	size_t start, end; // bytes of the source
};
struct filter_hits {
	struct filter_hit *at;
	size_t count, capacity;
};

int filter_hits_add(struct filter_hits *hits, unsigned class, size_t start, size_t end); // -1 when memory is gone
// By start, and none overlaps another: the earlier one wins, and of two that begin together the later class, so that a card number is not a phone number too.
void filter_hits_settle(struct filter_hits *hits);
void filter_hits_free(struct filter_hits *hits);
#define FILTER_HITS_AUTO __attribute__((cleanup(filter_hits_free)))

// Adds the card, bank account and phone numbers. -1 when memory is gone.
int filter_numbers(const struct folded *f, struct filter_hits *hits);
// Adds the numbers of identity documents, of Germany, France, Spain, the United Kingdom, the United States and China by their form and check digits,
// others by the word before them.
int filter_ids(const struct folded *f, struct filter_hits *hits);
// Adds the names of persons, where the words before or after say that one stands there. Mail addresses must have been added.
int filter_names(const struct folded *f, struct filter_hits *hits);
// Adds addresses of machines (IPv4, IPv6) and addresses of pages with the name of a user.
int filter_web(const struct folded *f, struct filter_hits *hits);
// Whether a word stands before what begins at `at` that says that it numbers a thing: "ISBN", "model no.".
bool filter_names_thing(const struct folded *f, size_t at);

#endif
