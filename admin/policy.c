// SPDX-License-Identifier: ISC
#include "admin/table.h"
#include <stdio.h>

static enum status policy_show(const struct admin *a, const struct arguments *args)
{
	static const char *const columns[] = {"part", "name", "says", NULL};
	char date[WHEN_DATE], words[256], says[512];
	POLICY_AUTO struct policy *p = site_policy(a);
	TABLE_AUTO struct table t;

	table_init(&t, columns, "sss");
	if (p == NULL)
		return STATUS_UNSURE;
	table_add(&t, "policy", "site", p->site);
	table_add(&t, "policy", "shown-as", p->shown_as);
	table_add(&t, "policy", "version", p->version);
	when_date(date, p->effective);
	table_add(&t, "policy", "effective", date);
	table_add(&t, "policy", "sha256", p->sha256);
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		const struct policy_kind *k = &p->kinds[i];
		if (k->keep == KEEP_UNDECLARED)
			continue;
		if (k->keep == KEEP_MEMORY)
			snprintf(says, sizeof says, "only in memory, for the request");
		else if (k->life_count == 1 && duration_is_zero(life_longest(k)))
			snprintf(says, sizeof says, "stored, with no fixed end");
		else {
			life_words(words, sizeof words, k, true);
			snprintf(says, sizeof says, "stored %s", words);
		}
		table_add(&t, "kind", kind_row((enum kind)i)->name, says);
	}
	for (size_t i = 0; i < p->processor_count; i++) {
		const struct policy_processor *x = &p->processors[i];
		kind_set_words(words, sizeof words, x->kinds);
		snprintf(says, sizeof says, "%s; gets %s%s", x->name, *words ? words : "nothing",
			 x->local ? "; built in, nothing leaves" : "");
		table_add(&t, "processor", x->id, says);
	}
	for (size_t i = 0; i < p->right_count; i++) {
		duration_words(words, sizeof words, p->rights[i].answer);
		snprintf(says, sizeof says, "answered within %s", p->rights[i].statutory ? "the statutory month" : words);
		table_add(&t, "right", policy_word(&policy_right_words, p->rights[i].id), says);
	}
	for (size_t i = 0; i < p->cookie_count; i++)
		table_add(&t, "cookie", p->cookies[i].name, p->cookies[i].purpose);
	return table_output(&t, args, NULL);
}

const struct command policy_command = {
    .name = "policy",
    .line = "look at a policy; write one; withdraw one that is announced",
    .sub = (const struct command *const[]){&policy_lint_command, &policy_diff_command,
					   &(const struct command){"show", policy_show, "what it declares", .options = LIST_OPTIONS},
					   &policy_new_command, &policy_withdraw_command, NULL}};
