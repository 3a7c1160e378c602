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

const xmlNode *node_child_first(const xmlNode *parent, const char *name)
{
	return parent != NULL ? element_from(parent->children, name) : NULL;
}

const xmlNode *node_child_next(const xmlNode *node, const char *name)
{
	return element_from(node->next, name);
}

size_t node_child_count(const xmlNode *parent, const char *name)
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

const char *node_words(struct reader *r, const xmlChar *text, bool trim)
{
	char *out = text != NULL ? arena_array(r->arena, strlen((const char *)text) + 1, 1) : NULL;
	size_t len = 0;

	if (out == NULL)
		return "";
	for (const char *c = (const char *)text; *c; c++) {
		if (strchr(" \t\r\n", *c) == NULL)
			out[len++] = *c;
		else if (len == 0 ? !trim : out[len - 1] != ' ')
			out[len++] = ' ';
	}
	if (trim && len > 0 && out[len - 1] == ' ')
		len--;
	out[len] = '\0';
	return out;
}

const char *node_text(struct reader *r, const xmlNode *node)
{
	xmlChar *text = xmlNodeGetContent(node);
	const char *out = node_words(r, text, true);

	xmlFree(text);
	return out;
}

const char *node_attribute(struct reader *r, const xmlNode *node, const char *name)
{
	xmlChar *text = xmlGetNoNsProp(node, BAD_CAST name);
	const char *out = text != NULL ? node_words(r, text, true) : NULL;

	xmlFree(text);
	return out;
}

const char *node_attribute_or(struct reader *r, const xmlNode *node, const char *name, const char *otherwise)
{
	const char *value = node_attribute(r, node, name);

	return value != NULL ? value : otherwise;
}

bool node_has_language(struct reader *r, const xmlNode *node, const char *language)
{
	return strcmp(node_attribute_or(r, node, "lang", r->main_language), language) == 0;
}

bool node_wanted(struct reader *r, const xmlNode *node)
{
	if (node_has_language(r, node, r->p->language))
		return true;
	FOR_CHILDREN(sibling, node->parent, (const char *)node->name)
	{
		if (node_has_language(r, sibling, r->p->language))
			return false;
	}
	return node_has_language(r, node, r->main_language);
}
