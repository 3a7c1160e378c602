// SPDX-License-Identifier: ISC
#include "admin/policy.h"
#include "admin/table.h"
#include <stdio.h>
#include <string.h>

static const struct option_row show_options[] = {FORMAT_OPTION, {0}};

static enum status show(const struct admin *a, const struct arguments *args);

const struct command policy_commands[] = {
    {"lint", policy_lint_command, "what is wrong with it? one line for each finding; exit status 1 for an error, 2 when it cannot be read",
     "[FILE]", 0, 1, policy_lint_options, NULL},
    {"diff", policy_diff_command, "what changed, material or editorial? exit status 1 when something material did", "[[OLD] NEW]", 0, 2,
     policy_diff_options, NULL},
    {"show", show, "what it declares", "", 0, 0, show_options, NULL},
    {0},
};

static void add(struct table *t, const char *part, const char *name, const char *says)
{
	cJSON *row = table_row(t);

	table_text(t, row, "part", part);
	table_text(t, row, "name", name);
	table_text(t, row, "says", says);
}

static void add_kinds(struct table *t, const struct policy *p)
{
	char life[96], says[160];

	for (unsigned i = 0; i < KIND_COUNT; i++) {
		const struct policy_kind *k = &p->kinds[i];
		if (k->keep == KEEP_UNDECLARED)
			continue;
		duration_words(life, sizeof life, k->life);
		if (k->keep == KEEP_MEMORY)
			snprintf(says, sizeof says, "only in memory, for the request");
		else if (duration_is_zero(k->life))
			snprintf(says, sizeof says, "stored, with no fixed end");
		else
			snprintf(says, sizeof says, "stored for %s, then %s", life, k->ending == END_DELETE ? "deleted" : "anonymised");
		add(t, "kind", kind_row((enum kind)i)->name, says);
	}
}

static void add_processors(struct table *t, const struct policy *p)
{
	char kinds[256], says[512];

	for (size_t i = 0; i < p->processor_count; i++) {
		const struct policy_processor *x = &p->processors[i];
		kind_set_words(kinds, sizeof kinds, x->kinds);
		snprintf(says, sizeof says, "%s; gets %s%s", x->name, *kinds ? kinds : "nothing",
			 x->local ? "; built in, nothing leaves" : "");
		add(t, "processor", x->id, says);
	}
}

static void add_rights(struct table *t, const struct policy *p)
{
	char words[96], says[128];

	for (size_t i = 0; i < p->right_count; i++) {
		duration_words(words, sizeof words, p->rights[i].answer);
		snprintf(says, sizeof says, "answered within %s", p->rights[i].statutory ? "the statutory month" : words);
		add(t, "right", policy_word(&policy_right_words, p->rights[i].id), says);
	}
}

static enum status show(const struct admin *a, const struct arguments *args)
{
	static const char *const columns[] = {"part", "name", "says", NULL};
	char date[WHEN_DATE];
	POLICY_AUTO struct policy *p = policy_open(a);
	TABLE_AUTO struct table t;

	table_init(&t, columns);
	if (p == NULL)
		return STATUS_UNSURE;
	add(&t, "policy", "site", p->site);
	add(&t, "policy", "shown-as", p->shown_as);
	add(&t, "policy", "version", p->version);
	when_date(date, p->effective);
	add(&t, "policy", "effective", date);
	add(&t, "policy", "sha256", p->sha256);
	add_kinds(&t, p);
	add_processors(&t, p);
	add_rights(&t, p);
	for (size_t i = 0; i < p->cookie_count; i++)
		add(&t, "cookie", p->cookies[i].name, p->cookies[i].purpose);
	return table_output(&t, args, NULL);
}
