// SPDX-License-Identifier: ISC
#include "policy/model/read.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/model/fields.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_record(struct reader *r, const struct model_record *record, const xmlNode *node, void *out);

// Every pointer of the model is stored in the same way, whatever it points to.
static void store_pointer(void *to, const void *pointer)
{
	memcpy(to, &pointer, sizeof pointer);
}

static void store_number(void *to, unsigned number)
{
	memcpy(to, &number, sizeof number);
}

// False when it is absent. One that the schema let pass and the clock cannot hold is reported.
static bool duration_of(struct reader *r, const xmlNode *node, const char *name, struct duration *out)
{
	const char *text = node_attribute(r, node, name);

	report_error_if(text != NULL && duration_parse(out, text) != 0, r->report, node_line(node),
			"%s=\"%s\" is not a duration that can be counted", "data could never be due",
			"write one as \"P14D\", at most 200 years", name, text);
	return text != NULL;
}

// Children's texts, or their attribute, as a NULL-terminated list.
static struct policy_strings strings_of(struct reader *r, const xmlNode *node, const struct model_field *f)
{
	const char **items = arena_array(r->arena, node_child_count(node, f->name) + 1, sizeof *items);
	size_t count = 0;

	FOR_CHILDREN(child, items != NULL ? node : NULL, f->name)
	{
		if (f->attribute != NULL)
			items[count++] = node_attribute_or(r, child, f->attribute, "");
		else if (f->type == MODEL_TEXTS || node_wanted(r, child))
			items[count++] = node_text(r, child);
	}
	return (struct policy_strings){.items = items, .count = count};
}

static enum kind kind_of(struct reader *r, const xmlNode *node, const char *name)
{
	enum kind k;

	return kind_from_name(&k, node_attribute_or(r, node, name, "")) == 0 ? k : KIND_COUNT;
}

static void read_facts(struct reader *r, const struct model_field *f, const xmlNode *node, void *out)
{
	char *at = (char *)out + f->at;
	bool *more = (bool *)out + f->more, stated;
	const char *text = f->name != NULL ? node_attribute(r, node, f->name) : NULL;
	kind_set kinds = 0;
	unsigned set = 0;

	switch (f->type) {
	case MODEL_TEXT:
		store_pointer(at, text != NULL ? text : "");
		break;
	case MODEL_OPTIONAL:
		store_pointer(at, text);
		break;
	case MODEL_YES:
		*(bool *)at = text != NULL && strcmp(text, "yes") == 0;
		break;
	case MODEL_NOT_NO:
		*(bool *)at = text == NULL || strcmp(text, "no") != 0;
		break;
	case MODEL_PRESENT:
		*(bool *)at = true;
		break;
	case MODEL_LINE:
		*(int *)at = node_line(node);
		break;
	case MODEL_NUMBER:
		store_number(at, text != NULL ? (unsigned)strtoul(text, NULL, 10) : 0);
		break;
	case MODEL_DATE:
		*(time_t *)at = 0;
		report_error_if(text != NULL && when_parse((time_t *)at, text) != 0, r->report, node_line(node),
				"%s=\"%s\" is not a day the calendar has", "dates are compared", "write one as \"2026-05-11\"", f->name,
				text);
		break;
	case MODEL_DURATION:
		stated = duration_of(r, node, f->name, (struct duration *)at);
		if (f->more != 0)
			*more = stated;
		break;
	case MODEL_WITHIN:
		*more = text == NULL || strcmp(text, "statutory") == 0;
		if (!*more)
			duration_of(r, node, f->name, (struct duration *)at);
		break;
	case MODEL_WORD:
		store_number(at, text != NULL ? (unsigned)policy_word_value(f->words, text, strlen(text)) : 0);
		break;
	case MODEL_WORDS:
		for (size_t len; text != NULL && *text != '\0'; text += len, text += strspn(text, " ")) {
			len = strcspn(text, " ");
			int value = policy_word_value(f->words, text, len);
			set |= value >= 0 ? POLICY_BIT(value) : 0;
		}
		store_number(at, set);
		break;
	case MODEL_KIND:
		store_number(at, kind_of(r, node, f->name));
		break;
	case MODEL_CHILD:
		store_pointer(at, node_child_first(node, f->name) != NULL ? node_text(r, node_child_first(node, f->name)) : NULL);
		break;
	case MODEL_TEXTS:
	case MODEL_IDS:
		*(struct policy_strings *)at = strings_of(r, node, f);
		break;
	case MODEL_KINDS:
		FOR_CHILDREN(child, node, f->name)
		kinds |= kind_of(r, child, "kind") < KIND_COUNT ? KIND_BIT(kind_of(r, child, "kind")) : 0;
		*(kind_set *)at = kinds;
		break;
	case MODEL_OWN_TEXT:
		store_pointer(at, node_text(r, node));
		break;
	default: // a text for people, or fields of its own
		break;
	}
}

// The elements that say a declared fact (<name-of>, <age>, <contact>) become its words here, so that what the notice says is what the
// programs read; <life-of> stays a run of its own, whose words depend on the language (policy/publish/words).
static void inline_element(struct reader *r, const xmlNode *node, struct prose_run *run)
{
	const char *name = (const char *)node->name;

	run->type = RUN_TEXT;
	if (strcmp(name, "em") == 0) {
		run->type = RUN_EMPHASIS;
		run->text = node_text(r, node);
	} else if (strcmp(name, "link") == 0) {
		run->type = RUN_LINK;
		run->text = node_text(r, node);
		run->to = node_attribute_or(r, node, "to", "");
	} else if (strcmp(name, "life-of") == 0) {
		enum kind k;
		run->text = "";
		if (kind_from_name(&k, node_attribute_or(r, node, "kind", "")) == 0) {
			run->type = RUN_LIFE;
			run->kind = &r->p->kinds[k];
		}
	} else if (strcmp(name, "name-of") == 0) {
		const struct policy_processor *processor = policy_processor(r->p, node_attribute_or(r, node, "processor", ""));
		run->text = processor != NULL ? processor->brand : "";
	} else if (strcmp(name, "age") == 0) {
		report_error_if(r->p->minimum_age == 0, r->report, node_line(node),
				"<age/> stands here, but the policy has no <minimum-age>", "the sentence would have a hole",
				"declare the age or reword");
		char age[16];
		int len = snprintf(age, sizeof age, "%u", r->p->minimum_age);
		run->text = arena_text(r->arena, age, (size_t)len);
	} else {
		TEXT_AUTO char *to = NULL;
		if (asprintf(&to, "mailto:%s", r->p->contact) < 0)
			to = NULL;
		run->type = RUN_LINK;
		run->text = r->p->contact;
		run->to = to != NULL ? arena_text(r->arena, to, strlen(to)) : "";
	}
}

// Text for people; what says nothing is reported.
static struct prose prose_read(struct reader *r, const xmlNode *node)
{
	static const char *const dead[] = {"privacy shield", "safe harbour", "safe harbor"};
	size_t max = 0, count = 0, letters = 0;

	for (const xmlNode *c = node->children; c != NULL; c = c->next)
		max++;
	struct prose_run *runs = arena_array(r->arena, max, sizeof *runs);
	for (const xmlNode *c = runs != NULL ? node->children : NULL; c != NULL; c = c->next) {
		if (c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE)
			runs[count++] = (struct prose_run){.type = RUN_TEXT, .text = node_words(r, c->content, false)};
		else if (c->type == XML_ELEMENT_NODE)
			inline_element(r, c, &runs[count++]);
	}
	struct prose_run *first = runs, *last = runs + (count > 0 ? count - 1 : 0); // no space before the first word and after the last
	if (count > 0 && first->type == RUN_TEXT && first->text[0] == ' ')
		first->text++;
	size_t len = count > 0 && last->type == RUN_TEXT ? strlen(last->text) : 0;
	if (len > 0 && last->text[len - 1] == ' ')
		last->text = arena_text(r->arena, last->text, len - 1);
	for (size_t i = 0; i < count; i++) {
		letters += strlen(runs[i].text) + (runs[i].type == RUN_LIFE);
		for (size_t j = 0; j < ARRAY_LEN(dead); j++) {
			report_warning_if(strcasestr(runs[i].text, dead[j]) != NULL, r->report, node_line(node),
					  "the text speaks of \"%s\", which no longer protects a transfer (struck down in 2015 and 2020)",
					  "visitors would be misled", "name a safeguard that holds", dead[j]);
		}
	}
	report_error_if(letters == 0 && !arena_failed(r->arena), r->report, node_line(node), "<%s> is empty",
			"the notice would have a gap there", "write a sentence or remove the element", (const char *)node->name);
	return (struct prose){.runs = runs, .count = count};
}

static struct prose_list proses_of(struct reader *r, const xmlNode *node, const char *name)
{
	struct prose *items = arena_array(r->arena, node_child_count(node, name), sizeof *items);
	size_t count = 0;

	FOR_CHILDREN(child, items != NULL ? node : NULL, name)
	{
		if (node_wanted(r, child))
			items[count++] = prose_read(r, child);
	}
	return (struct prose_list){.items = items, .count = count};
}

// The paragraphs and lists of a section are translated together: blocks without lang are in the first language, but <insert> is in all.
static void read_blocks(struct reader *r, const struct model_field *f, const xmlNode *section, char *out)
{
	struct policy_block *blocks = arena_array(r->arena, node_child_count(section, NULL), sizeof *blocks);
	const char *language = r->main_language;
	size_t count = 0;

	FOR_CHILDREN(node, section, NULL)
	{
		if (strcmp((const char *)node->name, "title") != 0 && strcmp(node_attribute_or(r, node, "lang", ""), r->p->language) == 0)
			language = r->p->language;
	}
	FOR_CHILDREN(node, blocks != NULL ? section : NULL, NULL)
	{
		const char *name = (const char *)node->name;
		if (strcmp(name, "insert") == 0) {
			const char *what = node_attribute_or(r, node, "what", "");
			blocks[count++] = (struct policy_block){
			    .type = BLOCK_INSERT,
			    .insert = (enum policy_insert)policy_word_value(&policy_insert_words, what, strlen(what))};
		} else if (strcmp(name, "title") == 0 || !node_has_language(r, node, language)) {
			continue;
		} else if (strcmp(name, "p") == 0) {
			blocks[count++] = (struct policy_block){.type = BLOCK_PARAGRAPH, .prose = prose_read(r, node)};
		} else {
			blocks[count++] = (struct policy_block){.type = BLOCK_LIST, .items = proses_of(r, node, "item")};
		}
	}
	store_pointer(out + f->at, blocks);
	*(size_t *)(void *)(out + f->more) = count;
}

static void read_texts(struct reader *r, const struct model_field *f, const xmlNode *node, void *out)
{
	void *at = (char *)out + f->at;
	const xmlNode *child = f->name != NULL ? node_child_first(node, f->name) : NULL;

	while (child != NULL && !node_wanted(r, child))
		child = node_child_next(child, f->name);
	if (f->type == MODEL_LABEL)
		store_pointer(at, child != NULL ? node_text(r, child) : "");
	else if (f->type == MODEL_LABELS)
		*(struct policy_strings *)at = strings_of(r, node, f);
	else if (f->type == MODEL_PROSE)
		*(struct prose *)at = child != NULL ? prose_read(r, child) : (struct prose){0};
	else if (f->type == MODEL_PROSES)
		*(struct prose_list *)at = proses_of(r, node, f->name);
	else if (f->type == MODEL_OWN_PROSE)
		*(struct prose *)at = prose_read(r, node);
	else if (f->type == MODEL_BLOCKS)
		read_blocks(r, f, node, out);
}

static void read_records(struct reader *r, const struct model_field *f, const xmlNode *node, char *out)
{
	char *items;
	size_t count = 0;

	if (r->facts)
		store_pointer(out + f->at, arena_array(r->arena, node_child_count(node, f->name), f->record->size));
	memcpy(&items, out + f->at, sizeof items);
	FOR_CHILDREN(child, items != NULL ? node : NULL, f->name)
	{
		if (!f->translated || node_wanted(r, child))
			read_record(r, f->record, child, items + f->record->size * count++);
	}
	*(size_t *)(void *)(out + f->more) = count;
}

static void read_kinds(struct reader *r, const struct model_field *f, const xmlNode *node)
{
	r->p->kind_count = 0;
	FOR_CHILDREN(child, node, f->name)
	{
		enum kind k = kind_of(r, child, "id");
		if (k < KIND_COUNT) {
			r->p->kind_order[r->p->kind_count++] = k;
			read_record(r, f->record, child, &r->p->kinds[k]);
		} else if (r->facts) {
			char all[512];
			kind_set_words(all, sizeof all, KIND_BIT(KIND_COUNT) - 1);
			report_error(r->report, node_line(child), "the software holds no data of the kind \"%s\"",
				     "a promise about it could not be kept or broken", "write one of: %s",
				     node_attribute_or(r, child, "id", ""), all);
		}
	}
}

static void read_record(struct reader *r, const struct model_record *record, const xmlNode *node, void *out)
{
	FOR_FIELDS(f, record)
	{
		const xmlNode *child = f->type == MODEL_PART || f->type == MODEL_RECORD ? node_child_first(node, f->name) : NULL;
		if (child != NULL)
			read_record(r, f->record, child, (char *)out + (f->type == MODEL_PART ? 0 : f->at));
		else if (f->type == MODEL_RECORDS)
			read_records(r, f, node, out);
		else if (f->type == MODEL_BY_KIND)
			read_kinds(r, f, node);
		else if (r->facts && f->name == NULL && f->type == MODEL_YES)
			continue; // it follows from others
		else if (r->facts)
			read_facts(r, f, node, out);
		else
			read_texts(r, f, node, out);
	}
}

void policy_read_fields(struct reader *r)
{
	struct policy *p = r->p;

	r->facts = true;
	read_record(r, &model_policy, r->root, p);
	// What follows from what was read.
	struct policy_processor *processors = (struct policy_processor *)p->processors; // these two arrays were made here
	struct policy_right *rights = (struct policy_right *)p->rights;
	p->contact = p->controller.mail != NULL ? p->controller.mail : "";
	p->version = p->version_count > 0 ? p->versions[0].id : "";
	p->effective = p->version_count > 0 ? p->versions[0].effective : 0;
	p->updated = p->version_count > 0 ? p->versions[0].updated : 0;
	if (!p->page_fetch)
		p->user_agent = "";
	for (size_t i = 0; i < p->processor_count; i++)
		processors[i].local = p->processors[i].standing == STANDING_BUILT_IN || p->processors[i].standing == STANDING_OWN;
	for (size_t i = 0; i < p->content_rule_count; i++)
		p->content[p->content_rules[i].id] = p->content_rules[i].action;
	// The clock runs by the shortest of the answer times; a statutory one counts as one month.
	for (size_t i = 0; i < p->right_count; i++) {
		const struct duration month = {.months = 1};
		struct duration best = {0};
		for (size_t j = 0; j < rights[i].answer_count; j++) {
			const struct policy_right_answer *a = &rights[i].answers[j];
			if (j > 0 && duration_compare(a->statutory ? month : a->within, best) >= 0)
				continue;
			best = a->statutory ? month : a->within;
			rights[i].statutory = a->statutory;
		}
		if (!rights[i].statutory)
			rights[i].answer = best;
	}
	r->facts = false;
	read_record(r, &model_policy, r->root, p);
}

// Elements of one name in `parent`, of which `list` says whether there may be several in one language.
static void check_siblings(struct reader *r, const xmlNode *parent, const char *name, bool list)
{
	size_t expected = 0;
	const xmlNode *first = node_child_first(parent, name);

	if (first == NULL)
		return;
	FOR_CHILDREN(node, parent, name)
	expected += node_has_language(r, node, r->main_language);
	report_error_if(expected == 0, r->report, node_line(first), "<%s> is not there in %s, the first language of this policy",
			"visitors who read it would miss it", "add one without lang", name, r->main_language);
	report_error_if(!list && expected > 1, r->report, node_line(first), "<%s> stands here %zu times in %s",
			"only the first would be shown", "merge them, or give each its lang", name, expected, r->main_language);
	for (size_t i = 1; expected > 0 && i < r->p->language_count; i++) {
		const char *language = r->p->languages[i].id;
		size_t found = 0, wanted = list ? expected : 1;
		FOR_CHILDREN(node, parent, name)
		found += node_has_language(r, node, language);
		if (found < wanted)
			report_error(r->report, node_line(first), "<%s> of <%s> is not translated: %zu of %zu in %s",
				     "the notice in that language would have a gap", "add <%s lang=\"%s\">", name,
				     (const char *)parent->name, found, wanted, language, name, language);
		else if (found > wanted)
			report_error(r->report, node_line(first), "<%s> of <%s> stands %zu times in %s and %zu times in %s",
				     "one of the notices would say more than the other", "translate one by one", name,
				     (const char *)parent->name, found, language, expected, r->main_language);
	}
}

static void check_record(struct reader *r, const struct model_record *record, const xmlNode *node)
{
	FOR_FIELDS(f, record)
	{
		if (f->type == MODEL_LABEL || f->type == MODEL_PROSE) {
			check_siblings(r, node, f->name, false);
		} else if (f->type == MODEL_LABELS || f->type == MODEL_PROSES || f->translated) {
			check_siblings(r, node, f->name, true);
		} else if (f->type == MODEL_BLOCKS) {
			check_siblings(r, node, "p", true);
			check_siblings(r, node, "list", true);
		} else if (f->record != NULL) {
			FOR_CHILDREN(child, node, f->name)
			check_record(r, f->record, child);
		}
	}
}

void policy_check_translations(struct reader *r)
{
	for (const xmlNode *node = node_child_first(node_child_first(r->root, "languages"), "language"); node != NULL;
	     node = node_child_next(node, "language")) {
		const char *code = node_attribute_or(r, node, "code", "");
		report_error_if(policy_word_value(&policy_language_words, code, strcspn(code, "-")) < 0, r->report, node_line(node),
				"the software has no words of its own in \"%s\"", "headings and times would stay English",
				"write one of: en, de, zh", code);
	}
	check_record(r, &model_policy, r->root);
}
