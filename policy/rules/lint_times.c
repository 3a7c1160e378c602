// SPDX-License-Identifier: ISC
// Retention: places that are said otherwise than they are, units that look like a slip, and processors that keep more than is said.
#include "policy/base/array.h"
#include "policy/model/life.h"
#include "policy/processors/processors.h"
#include "policy/rules/lint.h"
#include <string.h>

// What the policy says of the vendor against what is known of it, and of what it keeps unless it is told otherwise.
static void lint_vendor(const struct policy_processor *a, struct report *r)
{
	const struct processor_facts *v = processor_facts(a->id);

	if (v == NULL || a->removed != 0 || v->smtp) // of a mail server nothing is known but what the policy says
		return;
	report_warning_if(!a->local && strcmp(a->name, v->owner) != 0, r, a->line, "processor %s is known to belong to %s",
			  "visitors would look for the wrong firm", "correct the name", a->id, v->owner);
	report_error_if(v->trains && !a->trains && !(a->ask & POLICY_BIT(ASK_NO_TRAINING)), r, a->line,
			"processor %s may train on what it gets unless it is told not to", "the promise is not in our hands",
			"write trains=\"yes\"%s", a->id, v->no_training > ANSWER_NO ? ", or ask=\"no-training\"" : "");
	for (const char *const *host = a->hosts.items; host != NULL && *host != NULL; host++) {
		const char *const *pattern = v->hosts;
		while (*pattern != NULL && !policy_host_matches(*pattern, *host) && strcasecmp(*pattern, *host) != 0)
			pattern++;
		report_warning_if(*pattern == NULL, r, a->line, "%s is not known as a host of processor %s",
				  "data could go to somebody else", "write a host that its vendor documents", *host, a->id);
	}
	for (size_t i = 0; v->regions[0] != NULL && i < a->region_count; i++) {
		const char *const *region = v->regions;
		while (*region != NULL && strcmp(*region, a->regions[i].id) != 0)
			region++;
		report_warning_if(*region == NULL, r, a->regions[i].line, "processor %s is not known to have a region %s",
				  "visitors must be told where their data goes", "write the region as its vendor does", a->id,
				  a->regions[i].id);
	}
}

// What a vendor would delete can be asked for again, after an erasure or a failure, only where what waits for that is kept.
static void lint_deletions(const struct policy *p, struct report *r)
{
	for (size_t i = 0; p->kinds[KIND_DELETION].keep != KEEP_STORED && i < p->processor_count; i++) {
		const struct policy_processor *a = &p->processors[i];
		const struct processor_facts *f = processor_facts(a->id);
		const unsigned hands = POLICY_BIT(ROLE_NETWORK) | POLICY_BIT(ROLE_STORAGE); // no program puts anything at a storage yet
		const bool made = (a->kinds & (KIND_BIT(KIND_IMAGE) | KIND_BIT(KIND_ARCHIVE))) != 0;
		const bool holds = (a->roles & POLICY_BIT(ROLE_IMAGE)) != 0 || ((a->roles & hands) == POLICY_BIT(ROLE_NETWORK) && made);
		report_warning_if(f != NULL && f->deletes && a->removed == 0 && holds, r, a->line,
				  "processor %s deletes what it is asked to, but deletions are not kept until it has",
				  "it would be asked once, and never again where that fails or the person erases everything",
				  "declare <kind id=\"deletion\" keep=\"stored\" …>", a->id);
	}
}

static bool prose_names(const struct prose *prose, const char *name)
{
	for (size_t i = 0; i < prose->count; i++) {
		if (*name != '\0' && strcasestr(prose->runs[i].text, name) != NULL)
			return true;
	}
	return false;
}

// Who reads only what a kind says must not be misled by what a processor does with it.
static void lint_kind_at(const struct policy *p, const struct policy_kind *k, size_t i, struct report *r)
{
	const struct policy_processor *a = &p->processors[i];
	bool memory = k->keep == KEEP_MEMORY;
	char words[256], keeps[64];

	if (a->local || !(a->kinds & KIND_BIT(k->kind)) || !a->has_keeps || duration_is_zero(a->keeps))
		return;
	if (memory && !duration_is_zero(k->memory) && !duration_may_exceed(a->keeps, k->memory))
		return;
	if (!memory && (duration_is_zero(life_longest(k)) || !duration_may_exceed(a->keeps, life_longest(k))))
		return;
	if (prose_names(&k->what, a->name) || prose_names(&k->where, a->name) || prose_names(&k->what, a->brand) ||
	    prose_names(&k->where, a->brand))
		return;
	life_words(words, sizeof words, k, false);
	duration_words(keeps, sizeof keeps, a->keeps);
	report_warning(r, k->line, "kind %s is kept %s here, but processor %s, which gets it, keeps it for up to %s",
		       "who reads only the one is misled about the other", "name %s in the <where> of the kind, with its time",
		       kind_row(k->kind)->name, memory ? "only in memory" : words, a->id, keeps, a->brand);
}

// Conditions that can never hold, where that keeps nothing for ever (policy/rules/check_kinds.c); P14M beside a P14D.
static void lint_life(const struct policy *p, const struct policy_kind *k, const struct policy_life *l, struct report *r)
{
	const char *name = kind_row(k->kind)->name;
	bool saved = l->lasts_while == CONDITION_SAVED || l->unless == CONDITION_SAVED;

	report_error_if(saved && k->kind != KIND_GALLERY && k->kind != KIND_IMAGE && p->kinds[KIND_GALLERY].keep == KEEP_UNDECLARED, r,
			l->line, "a life of kind %s hangs on the condition saved, but the policy keeps no galleries",
			"the condition could never begin", "declare the kind gallery, or write a length", name);
	report_error_if(l->unless == CONDITION_ACCOUNT && p->kinds[KIND_ACCOUNT].keep == KEEP_UNDECLARED, r, l->line,
			"a life of kind %s hangs on the condition account, but the policy keeps no accounts",
			"the condition could never begin", "declare the kind account, or write a length", name);
	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *other = policy_kind_at(p, i);
		for (size_t j = 0; j < other->life_count; j++) {
			const struct policy_life *days = &other->lives[j];
			if (!days->has_length || !l->has_length || !duration_unit_changed(days->length, l->length))
				continue;
			report_warning(r, l->line, "kind %s is to live for %u months while kind %s lives for %u days",
				       "M before a T means months, so this may be a slip", "for days write length=\"P%uD\"", name,
				       l->length.months, kind_row(other->kind)->name, days->length.days, l->length.months);
			return;
		}
	}
}

void lint_times(const struct policy *p, struct report *r)
{
	static const char *const memory[] = {"memory", "Arbeitsspeicher", "内存"};
	const struct policy_processor *a;

	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *k = policy_kind_at(p, i);
		// What lies on a disk is not said to be in memory, in any language.
		for (size_t v = 0; v < p->view_count && k->place == PLACE_DISK; v++)
			for (size_t j = 0; j < ARRAY_LEN(memory); j++)
				report_error_if(prose_names(&p->views[v]->kinds[k->kind].where, memory[j]), r, k->line,
						"kind %s lies on a disk, and its <where> speaks of memory (%s)",
						"visitors would be told what is not so",
						"say that it is on a disk, sealed, or remove place=\"disk\"", kind_row(k->kind)->name,
						p->views[v]->language);
		for (size_t j = 0; j < k->life_count; j++)
			lint_life(p, k, &k->lives[j], r);
		for (size_t j = 0; j < p->processor_count; j++)
			lint_kind_at(p, k, j, r);
	}
	for (size_t i = 0; i < p->processor_count; i++)
		lint_vendor(&p->processors[i], r);
	// What waits to be sent is of the kind outbox: who delivers mail and does not get it delivers nothing.
	for (size_t n = 0; p->kinds[KIND_OUTBOX].keep == KEEP_STORED && (a = policy_processor_for(p, ROLE_MAIL, n)) != NULL; n++)
		report_warning_if((a->kinds & KIND_BIT(KIND_OUTBOX)) == 0, r, a->line,
				  "processor %s delivers mail, but does not receive outbox", "no letter would go by it",
				  "add <receives kind=\"outbox\"/> and what else letters hold", a->id);
	lint_deletions(p, r);
}

void lint_units(const struct policy *before, const struct policy *p, struct report *r)
{
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		const struct policy_kind *a = &before->kinds[k], *b = &p->kinds[k];
		for (size_t i = 0; i < a->life_count * b->life_count; i++) { // each with each
			const struct duration from = a->lives[i % a->life_count].length, to = b->lives[i / a->life_count].length;
			report_warning_if(duration_unit_changed(from, to), r, b->line,
					  "kind %s lived for %u days in the version before and is to live for %u months now",
					  "M before a T means months, so this may be a slip", "for days write length=\"P%uD\"",
					  kind_row((enum kind)k)->name, from.days, to.months, to.months);
		}
	}
}
