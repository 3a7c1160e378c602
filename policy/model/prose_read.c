// SPDX-License-Identifier: ISC
// Text for people. The elements that say a declared fact (<name-of>, <age>, <contact>) become its words here, so that what the
// notice says is what the programs read; <life-of> stays a run of its own, whose words depend on the language (policy/publish/words).
#include "policy/model/prose_read.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include <stdio.h>
#include <string.h>

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

// No space before the first word and after the last.
static void runs_trim(struct reader *r, struct prose_run *runs, size_t count)
{
	if (count == 0)
		return;
	if (runs[0].type == RUN_TEXT && runs[0].text[0] == ' ')
		runs[0].text++;
	struct prose_run *last = &runs[count - 1];
	size_t len = strlen(last->text);
	if (last->type == RUN_TEXT && len > 0 && last->text[len - 1] == ' ')
		last->text = arena_text(r->arena, last->text, len - 1);
}

static void check_words(struct reader *r, const xmlNode *node, const struct prose_run *runs, size_t count)
{
	static const char *const dead[] = {"privacy shield", "safe harbour", "safe harbor"};
	size_t letters = 0;

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
}

struct prose prose_read(struct reader *r, const xmlNode *node)
{
	size_t max = 0, count = 0;

	for (const xmlNode *c = node->children; c != NULL; c = c->next)
		max++;
	struct prose_run *runs = arena_array(r->arena, max, sizeof *runs);
	for (const xmlNode *c = runs != NULL ? node->children : NULL; c != NULL; c = c->next) {
		if (c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE)
			runs[count++] = (struct prose_run){.type = RUN_TEXT, .text = node_words(r, c->content, false)};
		else if (c->type == XML_ELEMENT_NODE)
			inline_element(r, c, &runs[count++]);
	}
	runs_trim(r, runs, count);
	check_words(r, node, runs, count);
	return (struct prose){.runs = runs, .count = count};
}
