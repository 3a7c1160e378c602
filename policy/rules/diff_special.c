// SPDX-License-Identifier: ISC
// What has to be compared as a whole: lives, where a processor is and how its transfers are protected, what content rules do, who is
// responsible.
#include "policy/base/text.h"
#include "policy/model/life.h"
#include "policy/rules/diff_parts.h"

static void diff_length(struct differ *d, const char *name, struct duration from, struct duration to)
{
	const char *a = diff_duration(d, from), *b = diff_duration(d, to);
	const char *unit = duration_unit_changed(from, to) ? " The number is the same and the unit is not: were days meant?" : "";

	if (duration_may_exceed(to, from) && duration_is_zero(from))
		diff_add(d, true, NULL, b, "%s: now kept for %s.%s", name, b, unit);
	else if (duration_may_exceed(to, from))
		diff_add(d, true, a, b, "%s: kept longer, %s instead of %s.%s", name, b, a, unit);
	else if (duration_may_exceed(from, to) && duration_is_zero(to))
		diff_add(d, false, a, NULL, "%s: no longer kept for the fixed time of %s.", name, a);
	else if (duration_may_exceed(from, to))
		diff_add(d, false, a, b, "%s: kept for a shorter time, %s instead of %s.", name, b, a);
}

// Whether `kind` has a life for the same reason that lasts at least as long: without a length, as long as its condition holds. `erased`: whatever
// was asked to be erased.
static bool life_covered(const struct policy_kind *kind, const struct policy_life *wanted, bool erased)
{
	for (size_t i = 0; i < kind->life_count; i++) {
		const struct policy_life *l = &kind->lives[i];
		bool long_enough = (!erased && wanted->lasts_while == CONDITION_NONE) || !l->has_length ||
				   (wanted->has_length && !duration_may_exceed(wanted->length, l->length));
		if (l->lasts_while == wanted->lasts_while && (l->unless == CONDITION_NONE || l->unless == wanted->unless) && long_enough &&
		    !(erased && l->ends_on_erasure))
			return true;
	}
	return false;
}

// The lives of `of` that `other` does not cover: those that came, or those that went.
static void diff_lives(struct differ *d, const struct policy_kind *of, const struct policy_kind *other, const char *name, bool came)
{
	for (size_t i = 0; i < of->life_count; i++) {
		const struct policy_life *l = &of->lives[i];
		const char *words = life_condition_words[l->lasts_while];
		if (*words != '\0' && !life_covered(other, l, false))
			diff_add(d, came, came ? NULL : words, came ? words : NULL,
				 came ? "%s: may now also be kept while %s." : "%s: no longer kept for as long as %s.", name, words);
		if (l->ends_on_erasure || life_covered(other, l, true))
			continue;
		bool conditional = l->lasts_while != CONDITION_NONE;
		const char *how = conditional ? life_condition_words[l->lasts_while] : diff_duration(d, l->length);
		diff_add(d, came, came ? NULL : how, came ? how : NULL,
			 came ? "%s: may now be kept after a request for erasure, %s %s."
			      : "%s: no longer kept after a request for erasure, %s %s.",
			 name, conditional ? "while" : "for", how);
	}
}

// For what nobody closes: a life apart from the others.
static const struct policy_life *life_unclosed(const struct policy_kind *kind)
{
	for (size_t i = 0; i < kind->life_count; i++)
		if (kind->lives[i].unless == CONDITION_CLOSED)
			return &kind->lives[i];
	return NULL;
}

// The longest life of the kind with the condition of `like`, and with its start unless any will do.
static const struct policy_life *life_like(const struct policy_kind *kind, const struct policy_life *like, bool any_start)
{
	const struct policy_life *found = NULL;

	for (size_t i = 0; i < kind->life_count; i++) {
		const struct policy_life *l = &kind->lives[i];
		if (l->lasts_while == like->lasts_while && (l->unless == CONDITION_CLOSED) == (like->unless == CONDITION_CLOSED) &&
		    (any_start || l->start == like->start) && (found == NULL || duration_compare(l->length, found->length) > 0))
			found = l;
	}
	return found;
}

// The life of `before` that `life` of the kind `after` took the place of: the same, or one with another start that is gone. NULL: none.
static const struct policy_life *life_before(const struct policy_kind *before, const struct policy_kind *after,
					     const struct policy_life *life)
{
	const struct policy_life *same = life_like(before, life, false), *moved = life_like(before, life, true);

	return same != NULL ? same : moved != NULL && life_like(after, moved, false) == NULL ? moved : NULL;
}

void diff_kind(struct differ *d, const void *before, const void *after)
{
	static const char *const starts[] = {[START_CREATION] = "it is made",
					     [START_COMPLETION] = "it is complete",
					     [START_CLOSING] = "the matter is closed",
					     [START_ACCOUNT_END] = "the account ends"};
	const struct policy_kind *from = before, *to = after;
	static const struct policy_life none;

	if (from->keep != to->keep)
		return; // said by its row
	if (to->keep == KEEP_MEMORY) {
		diff_length(d, to->name, from->memory, to->memory);
		return;
	}
	for (size_t i = 0; i < to->life_count; i++) {
		const struct policy_life *b = &to->lives[i], *a = life_before(from, to, b);
		bool conditional = b->lasts_while != CONDITION_NONE, anonymised = b->ending == END_ANONYMISE;
		if (life_like(to, b, false) != b || (conditional && a == NULL) || (a == NULL && b->unless == CONDITION_CLOSED))
			continue; // a longer one tells it, or diff_lives does, or what is said of what nobody closes
		a = a != NULL ? a : &none;
		if (!conditional)
			diff_length(d, to->name, a->length, b->length);
		if (a->start != b->start)
			diff_add(d, b->start > a->start, starts[a->start], starts[b->start], "%s: the time now runs from when %s.",
				 to->name, starts[b->start]);
		if (a->unless != b->unless && a->unless != CONDITION_NONE)
			diff_add(d, true, life_condition_words[a->unless], NULL, "%s: the time no longer ends early while %s.", to->name,
				 life_condition_words[a->unless]);
		if (a->unless != b->unless && b->unless != CONDITION_NONE && a != &none)
			diff_add(d, false, NULL, life_condition_words[b->unless], "%s: the time now ends early while %s.", to->name,
				 life_condition_words[b->unless]);
		if (a->ending != b->ending)
			diff_add(d, anonymised, anonymised ? "deleted" : "anonymised", anonymised ? "anonymised" : "deleted",
				 "%s: at the end %s.", to->name, anonymised ? "anonymised instead of deleted" : "deleted");
	}
	for (size_t i = 0; i < from->life_count; i++) {
		const struct policy_life *a = &from->lives[i];
		if (a->lasts_while == CONDITION_NONE && a->unless != CONDITION_CLOSED && life_like(from, a, false) == a &&
		    life_before(to, from, a) == NULL)
			diff_length(d, to->name, a->length, none.length);
	}
	diff_lives(d, to, from, to->name, true);
	diff_lives(d, from, to, to->name, false);
	const bool ended = life_unclosed(from) != NULL, ends = life_unclosed(to) != NULL;
	if (to->keep == KEEP_STORED && ended != ends)
		diff_add(d, ended, NULL, NULL,
			 ended ? "%s: what nobody closes no longer ends by itself." : "%s: what nobody closes now ends by itself.",
			 to->name);
	bool hold = life_may_be_held(to);
	if (hold != life_may_be_held(from))
		diff_add(d, hold, NULL, NULL,
			 hold ? "%s: a legal hold can now lengthen the time." : "%s: a legal hold no longer lengthens the time.", to->name);
}

// How well a transfer is protected: the best safeguard counts.
static int safeguard_strength(const struct policy_processor *a)
{
	static const int strengths[] = {[SAFEGUARD_ADEQUACY] = 5,
					[SAFEGUARD_DATA_PRIVACY_FRAMEWORK] = 4,
					[SAFEGUARD_STANDARD_CONTRACTUAL_CLAUSES] = 3,
					[SAFEGUARD_BINDING_CORPORATE_RULES] = 3,
					[SAFEGUARD_CONTRACT_WITH_SUBJECT] = 2,
					[SAFEGUARD_EXPLICIT_CONSENT] = 1,
					[SAFEGUARD_PRIVACY_SHIELD] = 0,
					[SAFEGUARD_SAFE_HARBOUR] = 0};
	int best = 0;

	for (size_t i = 0; i < a->safeguard_count; i++)
		best = strengths[a->safeguards[i].type] > best ? strengths[a->safeguards[i].type] : best;
	return best;
}

// Of what is received before and after, whether other fields are.
static void diff_received(struct differ *d, const struct policy_processor *from, const struct policy_processor *to)
{
	for (size_t i = 0; i < to->received_count; i++) {
		const enum kind k = to->received[i].kind;
		const char *was = policy_processor_fields(from, k), *is = to->received[i].fields;
		if (k >= KIND_COUNT || (from->kinds & KIND_BIT(k)) == 0 || diff_same(was, is))
			continue;
		bool more = is == NULL && was != NULL;
		for (size_t n; is != NULL && was != NULL && *is != '\0' && !more; is += n, is += strspn(is, " ")) {
			n = strcspn(is, " ");
			more = !text_among(was, is, n);
		}
		is = to->received[i].fields;
		if (is != NULL)
			diff_add(d, more, was, is, "Of %s, %s now gets only the fields: %s.", kind_row(k)->words, to->brand, is);
		else
			diff_add(d, more, was, NULL, "Of %s, %s now gets more than the fields: %s.", kind_row(k)->words, to->brand, was);
	}
}

void diff_processor(struct differ *d, const void *before, const void *after)
{
	const struct policy_processor *from = before, *to = after;
	int a = safeguard_strength(from), b = safeguard_strength(to);
	const char *was = from->safeguard_count > 0 ? policy_word(&policy_safeguard_words, from->safeguards[0].type) : NULL;
	const char *is = to->safeguard_count > 0 ? policy_word(&policy_safeguard_words, to->safeguards[0].type) : NULL;
	bool outside = false;

	for (size_t i = 0; i < to->region_count; i++)
		outside = outside || !policy_country_in_eea(to->regions[i].country);
	diff_received(d, from, to);
	if (a != b)
		diff_add(d, b < a && outside, was, is,
			 b < a ? "Transfers to %s have a weaker safeguard." : "Transfers to %s have a stronger safeguard.", to->brand);
	if (from->local != to->local)
		diff_add(d, from->local, NULL, NULL, to->local ? "%s is now our own: nothing leaves for it." : "%s is no longer our own.",
			 to->brand);
	else if (from->standing != to->standing)
		diff_add(d, to->standing == STANDING_INDEPENDENT, policy_word(&policy_standing_words, from->standing),
			 policy_word(&policy_standing_words, to->standing), "%s now acts as: %s.", to->brand,
			 policy_word(&policy_standing_words, to->standing));
}

void diff_content(struct differ *d, const void *before, const void *after)
{
	static const char *const names[RULE_COUNT] = {[RULE_MAIL_ADDRESS] = "mail addresses",
						      [RULE_PHONE_NUMBER] = "phone numbers",
						      [RULE_CARD_NUMBER] = "card numbers",
						      [RULE_IBAN] = "bank account numbers",
						      [RULE_MINORS] = "forbidden content about minors"};
	static const char *const actions[] = {
	    [CONTENT_ALLOW] = "let through", [CONTENT_WARN] = "asked about", [CONTENT_ANONYMISE] = "masked", [CONTENT_REFUSE] = "refused"};
	const struct policy *from = before, *to = after;

	for (unsigned i = 0; i < RULE_COUNT; i++) {
		enum policy_action a = from->content[i], b = to->content[i];
		if (a != b)
			diff_add(d, b < a, actions[a], actions[b], "In what you enter, %s are now %s.", names[i], actions[b]);
	}
}

void diff_party(struct differ *d, const char *title, const struct policy_party *from, const struct policy_party *to)
{
	bool controller = to == &d->after->controller;

	d->line = to->line;
	if (from->name == NULL && to->name == NULL)
		return;
	if (to->name == NULL)
		diff_add(d, controller, from->name, NULL, "No %s is named any more.", title);
	else if (!diff_same(from->name, to->name) || !diff_same(from->country, to->country))
		diff_add(d, controller, from->name, to->name, "The %s is now %s.", title, to->name);
	else if (!diff_same(from->mail, to->mail) || !diff_same(from->phone, to->phone) || !diff_same(from->web, to->web) ||
		 !diff_same(from->address, to->address))
		diff_add(d, false, from->mail, to->mail, "The %s has new contact details.", title);
}
