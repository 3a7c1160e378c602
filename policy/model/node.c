// SPDX-License-Identifier: ISC
#include "policy/model/node.h"
#include <string.h>

static const xmlNode *element_from(const xmlNode *node, const char *name)
{
	for (; node != NULL; node = node->next) {
		if (node->type == XML_ELEMENT_NODE && (name == NULL || strcmp((const char *)node->name, name) == 0))
			return node;
	}
	return NULL;
}

const xmlNode *child_first(const xmlNode *parent, const char *name)
{
	return parent != NULL ? element_from(parent->children, name) : NULL;
}

const xmlNode *child_next(const xmlNode *node, const char *name)
{
	return element_from(node->next, name);
}

size_t child_count(const xmlNode *parent, const char *name)
{
	size_t count = 0;

	FOR_CHILDREN(node, parent, name)
	count++;
	return count;
}

int node_line(const xmlNode *node)
{
	return (int)xmlGetLineNo(node);
}

// White space as people mean it: one space between words, none at the ends.
static const char *collapsed(struct reader *r, const xmlChar *text)
{
	if (text == NULL)
		return "";
	char *out = arena_array(r->arena, strlen((const char *)text) + 1, 1);
	size_t len = 0;
	if (out == NULL)
		return "";
	for (const char *c = (const char *)text; *c; c++) {
		bool space = strchr(" \t\r\n", *c) != NULL;
		if (!space)
			out[len++] = *c;
		else if (len > 0 && out[len - 1] != ' ')
			out[len++] = ' ';
	}
	if (len > 0 && out[len - 1] == ' ')
		len--;
	out[len] = '\0';
	return out;
}

const char *node_text(struct reader *r, const xmlNode *node)
{
	xmlChar *text = xmlNodeGetContent(node);
	const char *out = collapsed(r, text);

	xmlFree(text);
	return out;
}

const char *attribute(struct reader *r, const xmlNode *node, const char *name)
{
	xmlChar *text = xmlGetNoNsProp(node, BAD_CAST name);

	if (text == NULL)
		return NULL;
	const char *out = collapsed(r, text);
	xmlFree(text);
	return out;
}

const char *attribute_or(struct reader *r, const xmlNode *node, const char *name, const char *otherwise)
{
	const char *value = attribute(r, node, name);

	return value != NULL ? value : otherwise;
}

bool attribute_yes(struct reader *r, const xmlNode *node, const char *name)
{
	return strcmp(attribute_or(r, node, name, "no"), "yes") == 0;
}

time_t attribute_date(struct reader *r, const xmlNode *node, const char *name)
{
	const char *text = attribute(r, node, name);
	time_t t = 0;

	if (text != NULL && when_parse(&t, text) != 0)
		report_error(r->report, node_line(node),
			     "%s=\"%s\" is not a day the calendar has; dates are compared; write one as \"2026-05-11\"", name, text);
	return t;
}

bool attribute_duration(struct reader *r, const xmlNode *node, const char *name, struct duration *out)
{
	const char *text = attribute(r, node, name);

	*out = (struct duration){0};
	if (text == NULL)
		return false;
	if (duration_parse(out, text) != 0)
		report_error(
		    r->report, node_line(node),
		    "%s=\"%s\" is not a duration that can be counted; data could never be due; write one as \"P14D\", at most 200 years",
		    name, text);
	return true;
}

struct policy_strings text_list(struct reader *r, const xmlNode *parent, const char *name, const char *attribute_name)
{
	const char **items = arena_array(r->arena, child_count(parent, name) + 1, sizeof *items);
	size_t count = 0;

	if (items == NULL)
		return (struct policy_strings){0};
	FOR_CHILDREN(node, parent, name)
	{
		if (attribute_name != NULL)
			items[count++] = attribute_or(r, node, attribute_name, "");
		else if (in_language(r, node, parent, name))
			items[count++] = node_text(r, node);
	}
	return (struct policy_strings){.items = items, .count = count};
}

struct policy_strings words_split(struct reader *r, const char *text)
{
	const char **items = arena_array(r->arena, strlen(text) / 2 + 2, sizeof *items);
	size_t count = 0;

	if (items == NULL)
		return (struct policy_strings){0};
	while (*text) {
		size_t len = strcspn(text, " ");
		if (len > 0)
			items[count++] = arena_text(r->arena, text, len);
		text += len + (text[len] == ' ');
	}
	return (struct policy_strings){.items = items, .count = count};
}

static bool has_language(struct reader *r, const xmlNode *node, const char *language)
{
	return strcmp(attribute_or(r, node, "lang", r->main_language), language) == 0;
}

bool in_language(struct reader *r, const xmlNode *node, const xmlNode *parent, const char *name)
{
	if (has_language(r, node, r->p->language))
		return true;
	FOR_CHILDREN(sibling, parent, name)
	{
		if (has_language(r, sibling, r->p->language))
			return false;
	}
	return has_language(r, node, r->main_language);
}

const char *words(struct reader *r, const xmlNode *parent, const char *name)
{
	FOR_CHILDREN(node, parent, name)
	{
		if (in_language(r, node, parent, name))
			return node_text(r, node);
	}
	return "";
}

const xmlNode *find_declared(const struct reader *r, const char *part, const char *id)
{
	FOR_CHILDREN(node, child_first(r->root, part), NULL)
	{
		xmlChar *value = xmlGetNoNsProp(node, BAD_CAST "id");
		bool same = value != NULL && strcmp((const char *)value, id) == 0;
		xmlFree(value);
		if (same)
			return node;
	}
	return NULL;
}
