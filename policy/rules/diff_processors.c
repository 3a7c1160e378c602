// SPDX-License-Identifier: ISC
// Processors, and what pages load from others.
#include "policy/base/array.h"
#include "policy/model/words.h"
#include "policy/rules/diff_parts.h"
#include <string.h>

static size_t find(const struct policy *p, const char *id)
{
	size_t i = 0;

	while (i < p->processor_count && strcmp(p->processors[i].id, id) != 0)
		i++;
	return i;
}

// How well a transfer is protected: the best safeguard counts.
static int strength(const struct policy_processor *t)
{
	static const struct {
		enum policy_safeguard_type type;
		int strength;
	} rows[] = {{SAFEGUARD_ADEQUACY, 5},
		    {SAFEGUARD_DATA_PRIVACY_FRAMEWORK, 4},
		    {SAFEGUARD_STANDARD_CONTRACTUAL_CLAUSES, 3},
		    {SAFEGUARD_BINDING_CORPORATE_RULES, 3},
		    {SAFEGUARD_CONTRACT_WITH_SUBJECT, 2},
		    {SAFEGUARD_EXPLICIT_CONSENT, 1}};
	int best = 0;

	for (size_t i = 0; i < t->safeguard_count; i++) {
		for (size_t j = 0; j < ARRAY_LEN(rows); j++) {
			if (rows[j].type == t->safeguards[i].type && rows[j].strength > best)
				best = rows[j].strength;
		}
	}
	return best;
}

static void diff_safeguards(struct differ *d, const struct policy_processor *from, const struct policy_processor *to)
{
	bool outside = false;
	int a = strength(from), b = strength(to);

	for (size_t i = 0; i < to->region_count; i++)
		outside = outside || !policy_country_in_eea(to->regions[i].country);
	if (a == b)
		return;
	differ_add(d, b < a && outside, from->safeguard_count > 0 ? policy_word(&policy_safeguard_words, from->safeguards[0].type) : NULL,
		   to->safeguard_count > 0 ? policy_word(&policy_safeguard_words, to->safeguards[0].type) : NULL,
		   b < a ? "Transfers to %s have a weaker safeguard." : "Transfers to %s have a stronger safeguard.", to->brand);
}

static bool has_region(const struct policy_processor *t, const struct policy_region *region)
{
	for (size_t i = 0; i < t->region_count; i++) {
		if (strcmp(t->regions[i].country, region->country) == 0 && strcmp(t->regions[i].id, region->id) == 0)
			return true;
	}
	return false;
}

static void diff_regions(struct differ *d, const struct policy_processor *from, const struct policy_processor *to)
{
	for (size_t i = 0; i < to->region_count; i++) {
		if (!has_region(from, &to->regions[i]))
			differ_add(d, true, NULL, to->regions[i].place, "%s now works in a new place: %s.", to->brand,
				   to->regions[i].place);
	}
	for (size_t i = 0; i < from->region_count; i++) {
		if (!has_region(to, &from->regions[i]))
			differ_add(d, false, from->regions[i].place, NULL, "%s no longer works in %s.", to->brand, from->regions[i].place);
	}
}

static bool reaches(const struct policy_processor *p, const char *host)
{
	for (size_t i = 0; i < p->hosts.count; i++) {
		if (policy_host_matches(p->hosts.items[i], host))
			return true;
	}
	return false;
}

// A host that a "*.example.com" of the other version covers is not a new one.
static void diff_hosts(struct differ *d, const struct policy_processor *from, const struct policy_processor *to, const char *brand)
{
	for (const char *const *h = to->hosts.items; h < to->hosts.items + to->hosts.count; h++) {
		if (!reaches(from, *h))
			differ_add(d, true, NULL, *h, "What is sent to %s may now also go to the host %s.", brand, *h);
	}
	for (const char *const *h = from->hosts.items; h < from->hosts.items + from->hosts.count; h++) {
		if (!reaches(to, *h))
			differ_add(d, false, *h, NULL, "What is sent to %s no longer goes to the host %s.", brand, *h);
	}
}

static void diff_received(struct differ *d, const struct policy_processor *from, const struct policy_processor *to)
{
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		bool before = from->kinds & KIND_BIT(k), after = to->kinds & KIND_BIT(k);
		if (before != after)
			differ_add(d, after, before ? kind_row((enum kind)k)->name : NULL, after ? kind_row((enum kind)k)->name : NULL,
				   after ? "%s now gets: %s." : "%s no longer gets: %s.", to->name, kind_row((enum kind)k)->words);
	}
}

static void diff_keeping(struct differ *d, const struct policy_processor *from, const struct policy_processor *to)
{
	const char *a = from->has_keeps ? differ_duration(d, from->keeps) : NULL, *b = to->has_keeps ? differ_duration(d, to->keeps) : NULL;

	if (to->has_keeps && (!from->has_keeps || duration_compare(to->keeps, from->keeps) > 0))
		differ_add(d, true, a, b, "%s keeps what it gets for up to %s.", to->brand, b);
	else if (from->has_keeps && to->has_keeps && duration_compare(to->keeps, from->keeps) < 0)
		differ_add(d, false, a, b, "%s keeps what it gets for a shorter time: up to %s.", to->brand, b);
	else if (from->has_keeps && !to->has_keeps)
		differ_add(d, true, a, b, "It is no longer said how long %s keeps what it gets.", to->brand);
	differ_prose(d, "retention", &from->retention, &to->retention);
	differ_prose(d, "training", &from->training, &to->training);
}

static void diff_flags(struct differ *d, const struct policy_processor *from, const struct policy_processor *to, const char *brand)
{
	if (from->trains != to->trains)
		differ_add(d, to->trains, from->trains ? "yes" : "no", to->trains ? "yes" : "no",
			   to->trains ? "%s may now train on what it gets." : "%s no longer trains on what it gets.", brand);
	if (from->anonymised != to->anonymised)
		differ_add(d, !to->anonymised, NULL, NULL,
			   to->anonymised ? "What %s gets is now anonymised first." : "What %s gets is no longer anonymised first.", brand);
	if (!same_words(from->name, to->name))
		differ_add(d, true, from->name, to->name, "Another company is behind %s: %s.", brand, to->name);
	if (from->local != to->local)
		differ_add(d, from->local, NULL, NULL,
			   to->local ? "%s is now part of our own server." : "%s is no longer part of our own server.", brand);
	if (from->order != to->order || from->use != to->use)
		differ_add(d, false, NULL, NULL, "The order in which %s is asked changed.", brand);
}

static void diff_both(struct differ *d, size_t i, size_t j)
{
	static const struct list_words purposes = {"It works for a new purpose: %s.", "It no longer works for: %s.", true, false},
				       never = {"It never gets: %s.", "It is no longer promised that it never gets: %s.", false, true};
	const struct policy_processor *a = &d->before->processors[i], *b = &d->after->processors[j];
	const struct policy_processor *from = &d->before->processors[i], *to = &d->after->processors[j];

	diff_flags(d, a, b, to->brand);
	diff_hosts(d, a, b, to->brand);
	diff_regions(d, from, to);
	diff_safeguards(d, from, to);
	diff_received(d, a, b);
	diff_keeping(d, from, to);
	differ_lists(d, &from->purposes, &to->purposes, &purposes);
	differ_lists(d, &from->never, &to->never, &never);
	for (unsigned ask = 0; ask < policy_asked_words.count; ask++) {
		unsigned was = from->ask & POLICY_BIT(ask), is = to->ask & POLICY_BIT(ask);
		const char *word = policy_word(&policy_asked_words, ask);
		if (was != is)
			differ_add(d, was != 0, was ? word : NULL, is ? word : NULL,
				   is ? "It is now asked for: %s." : "It is no longer asked for: %s.", word);
	}
	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		unsigned was = from->roles & POLICY_BIT(role), is = to->roles & POLICY_BIT(role);
		const char *word = policy_word(&policy_role_words, role);
		if (was != is)
			differ_add(d, is != 0, was ? word : NULL, is ? word : NULL,
				   is ? "It has a new task: %s." : "It no longer has the task: %s.", word);
	}
	if (from->standing != to->standing && a->local == b->local)
		differ_add(d, to->standing == STANDING_INDEPENDENT, policy_word(&policy_standing_words, from->standing),
			   policy_word(&policy_standing_words, to->standing), "%s now acts as: %s.", to->brand,
			   policy_word(&policy_standing_words, to->standing));
	if (from->removed == 0 && to->removed != 0)
		differ_add(d, false, NULL, NULL, "%s is used no longer.", to->brand);
	if (from->removed != 0 && to->removed == 0)
		differ_add(d, true, NULL, NULL, "%s is used again.", to->brand);
	differ_words(d, "name", from->brand, to->brand);
	differ_words(d, "policy link", from->policy, to->policy);
	differ_words(d, "task", a->purpose, b->purpose);
}

void diff_processors(struct differ *d)
{
	for (size_t j = 0; j < d->after->processor_count; j++) {
		const struct policy_processor *to = &d->after->processors[j];
		size_t i = find(d->before, to->id);
		differ_at(d, "processor", to->id, to->line);
		if (i < d->before->processor_count)
			diff_both(d, i, j);
		else
			differ_add(d, !d->after->processors[j].local, NULL, to->id, "A new processor: %s (%s). %s.", to->brand,
				   d->after->processors[j].name, d->after->processors[j].purpose);
	}
	for (size_t i = 0; i < d->before->processor_count; i++) {
		const struct policy_processor *from = &d->before->processors[i];
		differ_at(d, "processor", from->id, 0);
		if (find(d->after, from->id) == d->after->processor_count)
			differ_add(d, false, from->id, NULL, "%s is no longer a processor.", from->brand);
	}
}
