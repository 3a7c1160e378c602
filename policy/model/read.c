// SPDX-License-Identifier: ISC
// The first half of reading: what the programs obey.
#include "policy/model/node.h"
#include <stdlib.h>
#include <string.h>

struct word {
	const char *name;
	int value;
};
static const struct word keeps[] = {{"memory", KEEP_MEMORY}, {"stored", KEEP_STORED}, {NULL, 0}};
static const struct word starts[] = {{"creation", START_CREATION},
				     {"completion", START_COMPLETION},
				     {"closing", START_CLOSING},
				     {"account-end", START_ACCOUNT_END},
				     {NULL, 0}};
static const struct word endings[] = {{"delete", END_DELETE}, {"anonymise", END_ANONYMISE}, {NULL, 0}};
static const struct word roles[] = {{"text", ROLE_TEXT},       {"image", ROLE_IMAGE},     {"description", ROLE_DESCRIPTION},
				    {"hosting", ROLE_HOSTING}, {"storage", ROLE_STORAGE}, {"network", ROLE_NETWORK},
				    {"mail", ROLE_MAIL},       {"payment", ROLE_PAYMENT}, {"analytics", ROLE_ANALYTICS},
				    {"support", ROLE_SUPPORT}, {NULL, ROLE_SUPPORT}};
static const struct word uses[] = {{"primary", USE_PRIMARY}, {"backup", USE_BACKUP}, {"choice", USE_CHOICE}, {NULL, USE_PRIMARY}};
static const struct word actions[] = {
    {"allow", CONTENT_ALLOW}, {"warn", CONTENT_WARN}, {"refuse", CONTENT_REFUSE}, {"anonymise", CONTENT_ANONYMISE}, {NULL, 0}};
static const struct word rules[] = {{"mail-address", RULE_MAIL_ADDRESS},
				    {"phone-number", RULE_PHONE_NUMBER},
				    {"card-number", RULE_CARD_NUMBER},
				    {"iban", RULE_IBAN},
				    {"minors", RULE_MINORS},
				    {NULL, 0}};

static int word_value(const struct word *table, const char *name)
{
	while (table->name != NULL && strcmp(table->name, name) != 0)
		table++;
	return table->value;
}

enum start_event start_event_from(const char *name)
{
	return (enum start_event)word_value(starts, name);
}

enum ending ending_from(const char *name)
{
	return (enum ending)word_value(endings, name);
}

// The life that counts for the programs: the longest of those without a condition.
static void read_life(struct reader *r, const xmlNode *node, struct policy_kind *out)
{
	FOR_CHILDREN(life, node, "life")
	{
		struct duration length;
		const char *condition = attribute(r, life, "while");
		if (out->lasts_while == NULL)
			out->lasts_while = condition;
		if (!attribute_duration(r, life, "length", &length) || condition != NULL || duration_compare(length, out->life) <= 0)
			continue;
		out->life = length;
		out->start = start_event_from(attribute_or(r, life, "after", "creation"));
		out->ending = ending_from(attribute_or(r, life, "then", "delete"));
	}
}

static void read_kinds(struct reader *r)
{
	FOR_CHILDREN(node, child_first(r->root, "kinds"), "kind")
	{
		const char *name = attribute_or(r, node, "id", "");
		enum kind k;
		if (kind_from_name(&k, name) != 0) {
			char all[512];
			kind_set_words(all, sizeof all, KIND_BIT(KIND_COUNT) - 1);
			report_error(r->report, node_line(node),
				     "the software holds no data of the kind \"%s\"; a promise about it could not be kept or broken; write "
				     "one of: %s",
				     name, all);
			continue;
		}
		struct policy_kind *out = &r->p->kinds[k];
		out->kind = k;
		r->p->kind_order[r->p->kind_count++] = k;
		out->keep = (enum keep)word_value(keeps, attribute_or(r, node, "keep", "memory"));
		out->line = node_line(node);
		attribute_duration(r, node, "longest", &out->memory);
		read_life(r, node, out);
	}
}

static kind_set read_kind_set(struct reader *r, const xmlNode *node)
{
	kind_set set = 0;
	enum kind k;

	FOR_CHILDREN(receives, node, "receives")
	{
		if (kind_from_name(&k, attribute_or(r, receives, "kind", "")) == 0)
			set |= KIND_BIT(k);
	}
	return set;
}

static void read_processor(struct reader *r, const xmlNode *node, struct policy_processor *out)
{
	const char *role_words = attribute_or(r, node, "roles", "");
	struct policy_strings list = words_split(r, role_words);

	for (size_t i = 0; i < list.count; i++)
		out->roles |= ROLE_BIT(word_value(roles, list.items[i]));
	out->id = attribute_or(r, node, "id", "");
	out->name = attribute_or(r, node, "name", "");
	out->service = attribute_or(r, node, "service", "");
	out->purpose = words(r, node, "task");
	out->local = strcmp(attribute_or(r, node, "standing", "processor"), "built-in") == 0;
	out->hosts = text_list(r, node, "host", NULL).items;
	out->kinds = read_kind_set(r, node);
	out->trains = attribute_yes(r, node, "trains");
	out->anonymised = attribute_yes(r, node, "anonymised");
	out->use = (enum processor_use)word_value(uses, attribute_or(r, node, "use", "primary"));
	list = words_split(r, attribute_or(r, node, "ask", ""));
	for (size_t i = 0; i < list.count; i++) {
		out->ask_no_training |= strcmp(list.items[i], "no-training") == 0;
		out->ask_no_retention |= strcmp(list.items[i], "no-retention") == 0;
	}
	out->order = (int)strtol(attribute_or(r, node, "order", "1"), NULL, 10);
	out->line = node_line(node);
}

static void read_processors(struct reader *r)
{
	const xmlNode *part = child_first(r->root, "processors");
	struct policy_processor *list = arena_array(r->arena, child_count(part, "processor"), sizeof *list);

	if (list == NULL)
		return;
	r->p->processors = list;
	FOR_CHILDREN(node, part, "processor")
	read_processor(r, node, &list[r->p->processor_count++]);
}

// The clock runs by the shortest of the answer times; a statutory one counts as one month.
static void read_answer(struct reader *r, const xmlNode *node, struct policy_right *out)
{
	const struct duration month = {.months = 1};
	struct duration best = {0};
	bool any = false;

	FOR_CHILDREN(answer, node, "answer")
	{
		struct duration d = month;
		bool statutory = strcmp(attribute_or(r, answer, "within", "statutory"), "statutory") == 0;
		if (!statutory)
			attribute_duration(r, answer, "within", &d);
		if (any && duration_compare(d, best) >= 0)
			continue;
		any = true;
		best = d;
		out->statutory = statutory;
	}
	if (!out->statutory)
		out->answer = best;
}

static void read_rights(struct reader *r)
{
	const xmlNode *part = child_first(r->root, "rights");
	struct policy_right *list = arena_array(r->arena, child_count(part, "right"), sizeof *list);

	if (list == NULL)
		return;
	r->p->rights = list;
	FOR_CHILDREN(node, part, "right")
	{
		struct policy_right *right = &list[r->p->right_count++];
		right->id = attribute_or(r, node, "id", "");
		right->line = node_line(node);
		read_answer(r, node, right);
	}
}

static void read_cookies(struct reader *r)
{
	const xmlNode *part = child_first(r->root, "cookies");
	struct policy_cookie *list = arena_array(r->arena, child_count(part, "cookie"), sizeof *list);

	if (list == NULL)
		return;
	r->p->cookies = list;
	FOR_CHILDREN(node, part, "cookie")
	{
		struct policy_cookie *cookie = &list[r->p->cookie_count++];
		cookie->name = attribute_or(r, node, "name", "");
		cookie->class = attribute_or(r, node, "class", "");
		cookie->purpose = words(r, node, "purpose");
		cookie->line = node_line(node);
	}
}

void read_programs_part(struct reader *r)
{
	struct policy *p = r->p;
	const xmlNode *version = child_first(child_first(r->root, "versions"), "version");
	const xmlNode *fetch = child_first(r->root, "page-fetch");
	const xmlNode *minimum = child_first(r->root, "minimum-age");

	p->site = attribute_or(r, r->root, "site", "");
	p->shown_as = attribute_or(r, r->root, "shown-as", "");
	p->version = attribute_or(r, version, "id", "");
	p->effective = attribute_date(r, version, "effective");
	p->updated = attribute_date(r, version, "updated");
	p->contact = attribute_or(r, child_first(r->root, "controller"), "mail", "");
	p->page_fetch = fetch != NULL;
	p->user_agent = fetch != NULL ? attribute_or(r, fetch, "user-agent", "") : "";
	p->minimum_age = minimum != NULL ? (unsigned)strtoul(attribute_or(r, minimum, "years", "0"), NULL, 10) : 0;
	FOR_CHILDREN(rule, child_first(r->root, "content"), "rule")
	p->content[word_value(rules, attribute_or(r, rule, "id", ""))] =
	    (enum content_action)word_value(actions, attribute_or(r, rule, "action", "allow"));
	read_kinds(r);
	read_processors(r);
	read_rights(r);
	read_cookies(r);
}
