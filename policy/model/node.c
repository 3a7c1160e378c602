// SPDX-License-Identifier: ISC
#include "policy/model/node.h"
#include <string.h>

static bool is_named(const xmlChar *given, const char *name)
{
	return given[0] == (unsigned char)name[0] && strcmp((const char *)given, name) == 0;
}

static const xmlNode *element_from(const xmlNode *node, const char *name)
{
	for (; node != NULL; node = node->next) {
		if (node->type == XML_ELEMENT_NODE && (name == NULL || is_named(node->name, name)))
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

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

const char *node_words(struct reader *r, const xmlChar *text, bool trim)
{
	char *out = text != NULL ? arena_array(r->arena, strlen((const char *)text) + 1, 1) : NULL;
	size_t len = 0;

	if (out == NULL)
		return "";
	for (const char *c = (const char *)text; *c; c++) {
		if (!is_space(*c))
			out[len++] = *c;
		else if (len == 0 ? !trim : out[len - 1] != ' ')
			out[len++] = ' ';
	}
	if (trim && len > 0 && out[len - 1] == ' ')
		len--;
	out[len] = '\0';
	return out;
}

// What an element or attribute holds where that is one text, as it nearly always is; NULL: ask libxml2.
static const xmlChar *only_text(const xmlNode *children)
{
	return children != NULL && children->type == XML_TEXT_NODE && children->next == NULL ? children->content : NULL;
}

const char *node_text(struct reader *r, const xmlNode *node)
{
	const xmlChar *only = only_text(node->children);
	xmlChar *text = only == NULL ? xmlNodeGetContent(node) : NULL;
	const char *out = node_words(r, only != NULL ? only : text, true);

	xmlFree(text);
	return out;
}

// A policy has no namespaces (policy/model/document.c), so the name alone tells.
static const xmlAttr *attribute_of(const xmlNode *node, const char *name)
{
	const xmlAttr *attribute = node->properties;

	while (attribute != NULL && !is_named(attribute->name, name))
		attribute = attribute->next;
	return attribute;
}

const char *node_attribute(struct reader *r, const xmlNode *node, const char *name)
{
	const xmlAttr *attribute = attribute_of(node, name);

	return attribute != NULL ? node_text(r, (const xmlNode *)attribute) : NULL;
}

const char *node_attribute_or(struct reader *r, const xmlNode *node, const char *name, const char *otherwise)
{
	const char *value = node_attribute(r, node, name);

	return value != NULL ? value : otherwise;
}

bool node_has_language(struct reader *r, const xmlNode *node, const char *language)
{
	const xmlAttr *lang = attribute_of(node, "lang");
	const xmlChar *only = lang != NULL ? only_text(lang->children) : NULL; // asked for every text: no copy is made of it
	const char *text = only != NULL ? (const char *)only : lang != NULL ? node_text(r, (const xmlNode *)lang) : r->main_language;
	size_t len = strlen(language);

	while (is_space(*text))
		text++;
	if (strncmp(text, language, len) != 0)
		return false;
	for (text += len; is_space(*text); text++)
		;
	return *text == '\0';
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
