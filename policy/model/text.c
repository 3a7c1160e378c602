// SPDX-License-Identifier: ISC
#include "policy/model/text.h"
#include <string.h>

bool word_listed(const char *const *list, const char *word)
{
	while (*list != NULL && strcmp(*list, word) != 0)
		list++;
	return *list != NULL;
}

bool text_listed(const struct text_list *list, const char *word)
{
	return list->count > 0 && word_listed(list->items, word);
}

const struct kind_text *kind_text_of(const struct policy *p, enum kind kind)
{
	for (size_t i = 0; i < p->text->kind_count; i++) {
		if (p->text->kinds[i].kind == kind)
			return &p->text->kinds[i];
	}
	return NULL;
}

const struct purpose *purpose_of(const struct policy *p, const char *id)
{
	for (size_t i = 0; i < p->text->purpose_count; i++) {
		if (strcmp(p->text->purposes[i].id, id) == 0)
			return &p->text->purposes[i];
	}
	return NULL;
}

bool notice_inserts(const struct policy_text *t, const char *what)
{
	for (size_t i = 0; i < t->section_count; i++) {
		for (size_t j = 0; j < t->sections[i].block_count; j++) {
			const struct block *b = &t->sections[i].blocks[j];
			if (b->type == BLOCK_INSERT && strcmp(b->insert, what) == 0)
				return true;
		}
	}
	return false;
}
