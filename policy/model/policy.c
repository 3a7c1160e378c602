// SPDX-License-Identifier: ISC
#include "policy/model/policy.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/model/arena.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void policy_free(struct policy *p)
{
	if (p == NULL)
		return;
	policy_free(p->coming);
	arena_free(p->arena);
	free(p);
}

void policy_free_at(struct policy **p)
{
	policy_free(*p);
}

const struct policy *policy_language(const struct policy *p, const char *code)
{
	for (size_t i = 0; i < p->view_count; i++) {
		if (strcmp(p->views[i]->language, code) == 0)
			return p->views[i];
	}
	return NULL;
}

kind_set policy_undeclared(const struct policy *p, kind_set kinds)
{
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		if (p->kinds[k].keep != KEEP_UNDECLARED)
			kinds &= ~KIND_BIT(k);
	}
	return kinds;
}

const struct policy_processor *policy_processor(const struct policy *p, const char *id)
{
	for (size_t i = 0; i < p->processor_count; i++) {
		if (strcmp(p->processors[i].id, id) == 0)
			return &p->processors[i];
	}
	return NULL;
}

const struct policy_processor *policy_processor_for(const struct policy *p, enum policy_role role, size_t n)
{
	const struct policy_processor *last = NULL;
	time_t now = when_now();

	// Orders may have gaps and roles other than text and image may share one: the n-th is found by stepping up from the first.
	for (size_t step = 0; step <= n; step++) {
		const struct policy_processor *next = NULL;
		for (size_t i = 0; i < p->processor_count; i++) {
			const struct policy_processor *a = &p->processors[i];
			bool after = last == NULL || a->order > last->order || (a->order == last->order && a > last);
			if ((a->roles & POLICY_BIT(role)) && policy_processor_in_force(a, now) && after &&
			    (next == NULL || a->order < next->order))
				next = a;
		}
		if (next == NULL)
			return NULL;
		last = next;
	}
	return last;
}

bool policy_host_matches(const char *pattern, const char *host)
{
	size_t len = strlen(host);

	if (strncmp(pattern, "*.", 2) != 0)
		return strcasecmp(pattern, host) == 0;
	size_t tail = strlen(pattern + 1); // with its dot
	return len > tail && host[0] != '.' && strcasecmp(host + len - tail, pattern + 1) == 0;
}

bool policy_processor_in_force(const struct policy_processor *processor, time_t now)
{
	bool removed = processor->removed != 0 && processor->removed <= now;

	return !removed && (processor->local || processor->effective <= now);
}

kind_set policy_processor_receives(const struct policy_processor *processor, time_t now)
{
	return processor->removed != 0 && processor->removed <= now ? 0 : processor->kinds;
}

const char *policy_processor_fields(const struct policy_processor *processor, enum kind k)
{
	for (size_t i = 0; i < processor->received_count; i++) {
		if (processor->received[i].kind == k)
			return processor->received[i].fields;
	}
	return NULL;
}

bool policy_processor_takes(const struct policy_processor *processor, kind_set kinds, const char *field, size_t len)
{
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		const char *fields = policy_processor_fields(processor, (enum kind)k);
		if ((kinds & processor->kinds & KIND_BIT(k)) != 0 && (fields == NULL || text_among(fields, field, len)))
			return true;
	}
	return false;
}

bool policy_host_allowed(const struct policy_processor *processor, const char *host)
{
	for (size_t i = 0; policy_processor_in_force(processor, when_now()) && i < processor->hosts.count; i++) {
		if (policy_host_matches(processor->hosts.items[i], host))
			return true;
	}
	return false;
}

const struct policy_right *policy_right(const struct policy *p, enum policy_right_id id)
{
	for (size_t i = 0; i < p->right_count; i++) {
		if (p->rights[i].id == id)
			return &p->rights[i];
	}
	return NULL;
}

const struct policy_right *policy_right_named(const struct policy *p, const char *name)
{
	const int id = name != NULL ? policy_word_value(&policy_right_words, name, strlen(name)) : -1;

	return id >= 0 ? policy_right(p, (enum policy_right_id)id) : NULL;
}

bool policy_strings_have(const struct policy_strings *list, const char *word)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], word) == 0)
			return true;
	}
	return false;
}

const struct policy_kind *policy_kind_at(const struct policy *p, size_t n)
{
	return &p->kinds[p->kind_order[n]];
}

const struct policy_purpose *policy_purpose(const struct policy *p, const char *id)
{
	for (size_t i = 0; i < p->purpose_count; i++) {
		if (strcmp(p->purposes[i].id, id) == 0)
			return &p->purposes[i];
	}
	return NULL;
}

bool policy_inserts(const struct policy *p, enum policy_insert what)
{
	for (size_t i = 0; i < p->section_count; i++) {
		for (size_t j = 0; j < p->sections[i].block_count; j++) {
			const struct policy_block *b = &p->sections[i].blocks[j];
			if (b->type == BLOCK_INSERT && b->insert == what)
				return true;
		}
	}
	return false;
}

bool policy_country_in_eea(const char *country)
{
	static const char *const eea[] = {"EU", "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
					  "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"};
	const struct policy_strings list = {.items = eea, .count = ARRAY_LEN(eea)};

	return policy_strings_have(&list, country);
}

bool policy_promises(const struct policy *p, enum policy_claim_id id)
{
	for (size_t i = 0; i < p->claim_count; i++) {
		const struct policy_claim *a = &p->claims[i];
		if (a->kind == KIND_COUNT && a->processor == NULL && a->id == id)
			return true;
	}
	return false;
}
