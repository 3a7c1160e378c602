// SPDX-License-Identifier: ISC
// The policy's content rules: personal data and forbidden content in what a visitor writes, in a page, in prompts that came back. Pure: a
// text in, findings out. Texts are valid UTF-8, unless said otherwise.
#ifndef LETHE_MODERATION_FILTER_H
#define LETHE_MODERATION_FILTER_H

#include "fcgi/moderation/filter_numbers.h"
#include "policy/base/buf.h"
#include "policy/model/policy.h"
#include "policy/publish/words/words.h"

typedef unsigned rule_set; // of RULE_BIT(enum policy_content or enum filter_class)
#define RULE_BIT(r)    (1u << (r))
#define RULES_PERSONAL (RULE_BIT(RULE_MAIL_ADDRESS) | RULE_BIT(RULE_PHONE_NUMBER) | RULE_BIT(RULE_CARD_NUMBER) | RULE_BIT(RULE_IBAN))
// What a text is freed of that is to be anonymised.
#define FILTER_ANONYMISED                                                                                                                  \
	(RULES_PERSONAL | RULE_BIT(FILTER_NAME) | RULE_BIT(FILTER_ID_NUMBER) | RULE_BIT(FILTER_USER_PAGE) | RULE_BIT(FILTER_IP_ADDRESS))

// Which rules the text meets. -1 when memory is gone.
int filter_find(const char *text, rule_set *found);
// Where: mail addresses, phone, card and IBAN numbers, and of `set` the rest; in their order, none over another. -1 when memory is gone. The text may
// hold what is not UTF-8.
int filter_spans(const char *text, rule_set set, struct filter_hits *hits);
// The text with every finding of `rules` replaced by what it was: "[mail address]". *masked (NULL: not asked): how many there were. -1 when memory is
// gone or *out is full. The text may hold what is not UTF-8.
int filter_mask(const char *text, rule_set rules, struct buf *out, unsigned *masked);

// Minors in a sexualised or violent context; English and German, and the plain words of French, Spanish and Chinese. Memory gone counts as found:
// nothing passes unread.
bool filter_minors(const char *text);

struct filter_result {
	enum policy_action action; // the gravest: refuse, then warn, then anonymise
	rule_set rules;            // those that call for it
	rule_set mask;             // those to be masked when the text goes on
};
// What the policy wants done about what was found. `confirmed`: the visitor has read the warning.
struct filter_result filter_judge(const enum policy_action content[RULE_COUNT], rule_set found, bool confirmed);
// Adds "a mail address and a phone number".
void filter_describe(struct buf *out, rule_set rules, enum language language);

#endif
