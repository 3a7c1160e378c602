// SPDX-License-Identifier: ISC
// Kinds of data and purposes.
#include "policy/base/array.h"
#include "policy/rules/diff_parts.h"
#include <stdio.h>
#include <string.h>

static void diff_length(struct differ *d, const char *name, struct duration from, struct duration to)
{
	const char *a = differ_duration(d, from), *b = differ_duration(d, to);
	const char *unit = unit_changed(from, to) ? " The number is the same and the unit is not: were days meant?" : "";
	int way = duration_compare(to, from);

	if (way > 0 && duration_is_zero(from))
		differ_add(d, true, NULL, b, "%s: now kept for %s.%s", name, b, unit);
	else if (way > 0)
		differ_add(d, true, a, b, "%s: kept longer, %s instead of %s.%s", name, b, a, unit);
	else if (way < 0 && duration_is_zero(to))
		differ_add(d, false, a, NULL, "%s: no longer kept for the fixed time of %s.", name, a);
	else if (way < 0)
		differ_add(d, false, a, b, "%s: kept for a shorter time, %s instead of %s.", name, b, a);
}

static const char *condition_words(enum policy_condition condition)
{
	static const char *const words[] = {[CONDITION_NONE] = "",
					    [CONDITION_ACCOUNT] = "the account exists",
					    [CONDITION_SERVICE] = "the service runs",
					    [CONDITION_SAVED] = "it is saved",
					    [CONDITION_CONSENT] = "the consent lasts"};

	return words[condition];
}

static bool has_condition(const struct policy_kind *kind, const struct policy_life *wanted)
{
	for (size_t i = 0; i < kind->life_count; i++) {
		const struct policy_life *l = &kind->lives[i];
		if (l->lasts_while == wanted->lasts_while && l->unless == wanted->unless &&
		    (wanted->lasts_while == CONDITION_NONE || duration_compare(wanted->length, l->length) <= 0))
			return true;
	}
	return false;
}

static void diff_conditions(struct differ *d, const struct policy_kind *from, const struct policy_kind *to)
{
	for (size_t i = 0; i < to->life_count; i++) {
		const struct policy_life *l = &to->lives[i];
		if ((l->lasts_while == CONDITION_NONE && l->unless == CONDITION_NONE) || has_condition(from, l))
			continue;
		const char *words = condition_words(l->lasts_while != CONDITION_NONE ? l->lasts_while : l->unless);
		differ_add(d, true, NULL, words, "%s: may now also be kept while %s.", to->name, words);
	}
	for (size_t i = 0; i < from->life_count; i++) {
		const struct policy_life *l = &from->lives[i];
		if (l->lasts_while != CONDITION_NONE && !has_condition(to, l))
			differ_add(d, false, condition_words(l->lasts_while), NULL, "%s: no longer kept for as long as %s.", to->name,
				   condition_words(l->lasts_while));
	}
}

// How long it is kept for this reason, as "for 7 years" or "while the account exists".
static const char *reason_words(struct differ *d, const struct policy_life *l)
{
	char words[128];

	if (l->lasts_while != CONDITION_NONE)
		snprintf(words, sizeof words, "while %s", condition_words(l->lasts_while));
	else
		snprintf(words, sizeof words, "for %s", differ_duration(d, l->length));
	return arena_text(d->arena, words, strlen(words));
}

// Whether the kind is kept, whatever was asked to be erased, at least as long as in `wanted` and for the same reason.
static bool outlasts_erasure(const struct policy_kind *kind, const struct policy_life *wanted)
{
	for (size_t i = 0; i < kind->life_count; i++) {
		const struct policy_life *l = &kind->lives[i];
		if (!l->ends_on_erasure && l->lasts_while == wanted->lasts_while && l->unless == wanted->unless &&
		    duration_compare(wanted->length, l->length) <= 0)
			return true;
	}
	return false;
}

static void diff_erasure(struct differ *d, const struct policy_kind *from, const struct policy_kind *to)
{
	for (size_t i = 0; i < to->life_count; i++) {
		const struct policy_life *l = &to->lives[i];
		if (!l->ends_on_erasure && !outlasts_erasure(from, l))
			differ_add(d, true, NULL, reason_words(d, l), "%s: may now be kept after a request for erasure, %s.", to->name,
				   reason_words(d, l));
	}
	for (size_t i = 0; i < from->life_count; i++) {
		const struct policy_life *l = &from->lives[i];
		if (!l->ends_on_erasure && !outlasts_erasure(to, l))
			differ_add(d, false, reason_words(d, l), NULL, "%s: no longer kept after a request for erasure, %s.", to->name,
				   reason_words(d, l));
	}
}

static bool any_hold(const struct policy_kind *kind)
{
	for (size_t i = 0; i < kind->life_count; i++) {
		if (kind->lives[i].hold)
			return true;
	}
	return false;
}

static const char *start_words(enum policy_start start)
{
	static const char *const words[] = {[START_CREATION] = "it is made",
					    [START_COMPLETION] = "it is complete",
					    [START_CLOSING] = "the matter is closed",
					    [START_ACCOUNT_END] = "the account ends"};

	return words[start];
}

static void diff_stored(struct differ *d, const struct policy_kind *from, const struct policy_kind *to)
{
	const struct policy_kind *a = &d->before->kinds[from->kind], *b = &d->after->kinds[to->kind];

	diff_length(d, to->name, a->life, b->life);
	if (a->start != b->start)
		differ_add(d, b->start > a->start, start_words(a->start), start_words(b->start), "%s: the time now runs from when %s.",
			   to->name, start_words(b->start));
	if (a->ending != b->ending)
		differ_add(d, b->ending == END_ANONYMISE, a->ending == END_DELETE ? "deleted" : "anonymised",
			   b->ending == END_DELETE ? "deleted" : "anonymised", "%s: at the end %s.", to->name,
			   b->ending == END_DELETE ? "deleted" : "anonymised instead of deleted");
	diff_conditions(d, from, to);
	diff_erasure(d, from, to);
	if (any_hold(from) != any_hold(to))
		differ_add(d, any_hold(to), NULL, NULL,
			   any_hold(to) ? "%s: a legal hold can now lengthen the time." : "%s: a legal hold no longer lengthens the time.",
			   to->name);
}

static void diff_keep(struct differ *d, const struct policy_kind *from, const struct policy_kind *to)
{
	const struct policy_kind *a = &d->before->kinds[from->kind], *b = &d->after->kinds[to->kind];

	if (a->keep == KEEP_MEMORY && b->keep == KEEP_STORED)
		differ_add(d, true, "memory", "stored", "%s: now stored; until now kept in memory only.", to->name);
	else if (a->keep == KEEP_STORED && b->keep == KEEP_MEMORY)
		differ_add(d, false, "stored", "memory", "%s: no longer stored; kept in memory only.", to->name);
	else if (b->keep == KEEP_STORED)
		diff_stored(d, from, to);
	else if (!duration_is_zero(b->memory) || !duration_is_zero(a->memory))
		diff_length(d, to->name, a->memory, b->memory);
}

static void diff_uses(struct differ *d, const struct policy_kind *from, const struct policy_kind *to)
{
	static const struct list_words purposes = {"It is used for a new purpose: %s.", "It is no longer used for: %s.", true, false},
				       categories = {"It holds something new: %s.", "It no longer names: %s.", true, false},
				       subjects = {"It is about more people: %s.", "It is no longer about: %s.", true, false};

	differ_lists(d, &from->purposes, &to->purposes, &purposes);
	differ_lists(d, &from->categories, &to->categories, &categories);
	differ_lists(d, &from->subjects, &to->subjects, &subjects);
	if (from->source != to->source)
		differ_add(d, true, policy_word(&policy_source_words, from->source), policy_word(&policy_source_words, to->source),
			   "%s: from another source now.", to->name);
	if (from->needed != to->needed)
		differ_add(d, to->needed, NULL, NULL,
			   to->needed ? "%s: the service no longer works without it." : "%s: the service works without it now.", to->name);
	differ_words(d, "name", from->name, to->name);
	differ_prose(d, "description", &from->what, &to->what);
	differ_prose(d, "place", &from->where, &to->where);
}

void diff_kinds(struct differ *d)
{
	for (size_t i = 0; i < d->after->kind_count; i++) {
		const struct policy_kind *to = policy_kind_at(d->after, i), *from = policy_kind(d->before, to->kind);
		differ_at(d, "kind", kind_row(to->kind)->name, to->line);
		if (from == NULL) {
			differ_add(d, true, NULL, to->name, "A new kind of data: %s.", to->name);
			continue;
		}
		diff_keep(d, from, to);
		diff_uses(d, from, to);
	}
	for (size_t i = 0; i < d->before->kind_count; i++) {
		const struct policy_kind *from = policy_kind_at(d->before, i);
		differ_at(d, "kind", kind_row(from->kind)->name, 0);
		if (policy_kind(d->after, from->kind) == NULL)
			differ_add(d, false, from->name, NULL, "No longer held: %s.", from->name);
	}
}

void diff_purposes(struct differ *d)
{
	for (size_t i = 0; i < d->after->purpose_count; i++) {
		const struct policy_purpose *to = &d->after->purposes[i], *from = policy_purpose(d->before, to->id);
		differ_at(d, "purpose", to->id, to->line);
		if (from == NULL) {
			differ_add(d, true, NULL, to->id, "A new purpose: %s", differ_text(d, &to->what));
			continue;
		}
		if (from->basis != to->basis)
			differ_add(d, true, policy_word(&policy_basis_words, from->basis), policy_word(&policy_basis_words, to->basis),
				   "The lawful basis of the purpose “%s” is now %s; it was %s.", differ_text(d, &to->what),
				   policy_word(&policy_basis_words, to->basis), policy_word(&policy_basis_words, from->basis));
		if (!same_words(from->consent, to->consent))
			differ_add(d, to->consent == NULL, from->consent, to->consent, "Another consent stands behind the purpose “%s”.",
				   differ_text(d, &to->what));
		differ_prose(d, "description", &from->what, &to->what);
		differ_prose(d, "interest", &from->interest, &to->interest);
	}
	for (size_t i = 0; i < d->before->purpose_count; i++) {
		const struct policy_purpose *from = &d->before->purposes[i];
		differ_at(d, "purpose", from->id, 0);
		if (policy_purpose(d->after, from->id) == NULL)
			differ_add(d, false, from->id, NULL, "Data is no longer used for: %s", differ_text(d, &from->what));
	}
}
