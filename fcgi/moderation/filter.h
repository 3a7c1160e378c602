// SPDX-License-Identifier: ISC
// The policy's content rules: personal data and forbidden content in what a visitor writes, in a page, in prompts that came back. Pure: a
// text in, findings out. Texts are valid UTF-8.
#ifndef LETHE_MODERATION_FILTER_H
#define LETHE_MODERATION_FILTER_H

#include "fcgi/moderation/fold.h"
#include "policy/base/buf.h"
#include "policy/model/policy.h"

typedef unsigned rule_set; // bit (1u << enum content_rule)
#define RULE_BIT(r)    (1u << (r))
#define RULES_PERSONAL (RULE_BIT(RULE_MAIL_ADDRESS) | RULE_BIT(RULE_PHONE_NUMBER) | RULE_BIT(RULE_CARD_NUMBER) | RULE_BIT(RULE_IBAN))

struct filter_hit {
	enum content_rule rule;
	size_t start, end; // bytes of the source
};
struct filter_hits {
	struct filter_hit *at; // by start, none overlaps another
	size_t count, room;
};
void filter_hits_free(struct filter_hits *hits);
#define HITS_AUTO __attribute__((cleanup(filter_hits_free)))

// Mail addresses, phone, card and IBAN numbers. -1 when memory is gone.
int filter_personal(const char *text, struct filter_hits *hits);
// Minors in a sexualised or violent context; English and German, and the plain words of French and Spanish. Memory gone counts as found: nothing passes unread.
bool filter_minors(const char *text);

// Which rules the text meets.
int filter_find(const char *text, rule_set *found);
// The text with every finding of `rules` replaced by what it was: "[mail address]".
int filter_mask(const char *text, rule_set rules, struct buf *out);

struct filter_verdict {
	enum content_action action; // the gravest: refuse, then warn, then anonymise
	rule_set rules;             // those that call for it
	rule_set mask;              // those to be masked when the text goes on
};
// What the policy wants done about what was found. `confirmed`: the visitor has read the warning.
struct filter_verdict filter_judge(const enum content_action content[RULE_COUNT], rule_set found, bool confirmed);
// "a mail address and a phone number"
void filter_words(char *out, size_t size, rule_set rules);

// For the two halves of the filter only.
int filter_hit_add(struct filter_hits *hits, enum content_rule rule, size_t start, size_t end);
int filter_numbers(const struct folded *f, struct filter_hits *hits);

#endif
