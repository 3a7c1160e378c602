// SPDX-License-Identifier: ISC
// Every text for people stands once in each language of the policy: a notice with a hole or in two languages at once informs nobody.
#include "policy/base/array.h"
#include "policy/model/language.h"
#include "policy/model/node.h"
#include <string.h>

// Elements whose text is translated, by the element they stand in (NULL: any). One that may repeat in one language is a list.
static const struct translated {
	const char *parent, *name;
	bool list;
} translated[] = {
    {"version", "change", true}, {"processor", "never", true}, {"processor", "region", true}, {"processor", "safeguard", true},
    {"kind", "category", true},  {"advice", "paste", true},    {"advice", "publish", true},   {"security", "measure", true},
    {"section", "p", true},      {"section", "list", true},    {"cookie", "purpose", false},  {"resource", "purpose", false},
    {"notice", "lead", false},   {NULL, "name", false},        {NULL, "title", false},        {NULL, "what", false},
    {NULL, "interest", false},   {NULL, "where", false},       {NULL, "reason", false},       {NULL, "task", false},
    {NULL, "training", false},   {NULL, "retention", false},   {NULL, "how", false},          {NULL, "withdraw", false},
};

static const struct translated *translated_find(const xmlNode *node)
{
	for (size_t i = 0; i < ARRAY_LEN(translated); i++) {
		const struct translated *t = &translated[i];
		if (strcmp(t->name, (const char *)node->name) == 0 &&
		    (t->parent == NULL || strcmp(t->parent, (const char *)node->parent->name) == 0))
			return t;
	}
	return NULL;
}

// How many siblings of `node` have its name and are in the language.
static size_t count_in(struct reader *r, const xmlNode *node, const char *language)
{
	size_t count = 0;

	FOR_CHILDREN(sibling, node->parent, (const char *)node->name)
	count += strcmp(attribute_or(r, sibling, "lang", r->main_language), language) == 0;
	return count;
}

// Once for all siblings of one name, at the first of them.
static void check_siblings(struct reader *r, const xmlNode *node, const struct translated *t)
{
	size_t expected = count_in(r, node, r->main_language);

	if (expected == 0)
		report_error(
		    r->report, node_line(node),
		    "<%s> is not there in %s, the first language of this policy; visitors who read it would miss it; add one without lang",
		    t->name, r->main_language);
	if (!t->list && expected > 1)
		report_error(r->report, node_line(node),
			     "<%s> stands here %zu times in %s; only the first would be shown; merge them, or give each its lang", t->name,
			     expected, r->main_language);
	for (size_t i = 1; expected > 0 && i < r->p->language_count; i++) {
		const char *language = r->p->languages[i].id;
		size_t found = count_in(r, node, language);
		if (found < (t->list ? expected : 1))
			report_error(r->report, node_line(node),
				     "<%s> of <%s> is not translated: %zu of %zu in %s; the notice in that language would have a gap; add "
				     "<%s lang=\"%s\">",
				     t->name, (const char *)node->parent->name, found, t->list ? expected : 1, language, t->name, language);
		else if (found > (t->list ? expected : 1))
			report_error(
			    r->report, node_line(node),
			    "<%s> of <%s> stands %zu times in %s and %zu times in %s; one of the notices would say more than the other; "
			    "translate one by one",
			    t->name, (const char *)node->parent->name, found, language, expected, r->main_language);
	}
}

static void check_element(struct reader *r, const xmlNode *node)
{
	FOR_CHILDREN(child, node, NULL)
	{
		const struct translated *t = translated_find(child);
		if (t != NULL && child_first(node, t->name) == child)
			check_siblings(r, child, t);
		check_element(r, child);
	}
}

static void check_languages(struct reader *r)
{
	FOR_CHILDREN(node, child_first(r->root, "languages"), "language")
	{
		enum language language;
		const char *code = attribute_or(r, node, "code", "");
		if (language_from_code(&language, code) != 0)
			report_error(r->report, node_line(node),
				     "the software has no words of its own in \"%s\"; headings and times would stay English; write one of: "
				     "en, de, zh",
				     code);
	}
}

void check_translations(struct reader *r)
{
	check_languages(r);
	check_element(r, r->root);
}
