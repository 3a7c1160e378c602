// SPDX-License-Identifier: ISC
// The ordered sections of the notice: titles, paragraphs, lists, and the places where declared parts stand.
#include "policy/model/node.h"
#include <string.h>

static bool translated(struct reader *r, const xmlNode *section)
{
	FOR_CHILDREN(node, section, NULL)
	{
		if (strcmp((const char *)node->name, "title") != 0 && strcmp(attribute_or(r, node, "lang", ""), r->p->language) == 0)
			return true;
	}
	return false;
}

// Blocks without lang are in the first language, but <insert> belongs to all of them.
static bool block_wanted(struct reader *r, const xmlNode *node, bool is_translated)
{
	const char *language = is_translated ? r->p->language : r->main_language;

	if (strcmp((const char *)node->name, "title") == 0)
		return false;
	return strcmp((const char *)node->name, "insert") == 0 || strcmp(attribute_or(r, node, "lang", r->main_language), language) == 0;
}

static void read_block(struct reader *r, const xmlNode *node, struct policy_block *out)
{
	if (strcmp((const char *)node->name, "p") == 0) {
		out->type = BLOCK_PARAGRAPH;
		out->prose = prose_of(r, node);
	} else if (strcmp((const char *)node->name, "list") == 0) {
		out->type = BLOCK_LIST;
		out->items = prose_list(r, node, "item");
	} else {
		out->type = BLOCK_INSERT;
		out->insert = attribute_or(r, node, "what", "");
	}
}

static void read_section(struct reader *r, const xmlNode *node, struct policy_section *out)
{
	struct policy_block *blocks = arena_array(r->arena, child_count(node, NULL), sizeof *blocks);
	bool is_translated = translated(r, node);

	out->id = attribute_or(r, node, "id", "");
	out->title = words(r, node, "title");
	out->line = node_line(node);
	out->blocks = blocks;
	FOR_CHILDREN(child, blocks != NULL ? node : NULL, NULL)
	{
		if (block_wanted(r, child, is_translated))
			read_block(r, child, &blocks[out->block_count++]);
	}
}

void read_notice(struct reader *r)
{
	const xmlNode *notice = child_first(r->root, "notice");
	struct policy_section *list = arena_array(r->arena, child_count(notice, "section"), sizeof *list);

	r->p->lead = prose(r, notice, "lead");
	r->p->sections = list;
	FOR_CHILDREN(node, list != NULL ? notice : NULL, "section")
	read_section(r, node, &list[r->p->section_count++]);
}
