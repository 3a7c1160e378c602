// SPDX-License-Identifier: ISC
#include "policy/rules/check.h"

// Kinds that the software always writes to a store: a policy that keeps them in memory promises what cannot be kept.
#define ALWAYS_STORED                                                                                                                      \
	(KIND_BIT(KIND_ARCHIVE) | KIND_BIT(KIND_REQUEST_LOG) | KIND_BIT(KIND_ERROR_LOG) | KIND_BIT(KIND_RIGHTS_REQUEST) |                  \
	 KIND_BIT(KIND_LEDGER))

static const char *name_of(enum kind k)
{
	return kind_row(k)->name;
}

static void check_life(const struct policy *p, const struct policy_kind *kind, const struct policy_life *life, struct report *r)
{
	const char *name = name_of(kind->kind);
	const struct duration day = {.days = 1}, half_year = {.months = 6};

	report_error_if(!life->has_length && life->lasts_while == CONDITION_NONE, r, life->line, "a life of kind %s has no end",
			"data without an end would be kept for ever", "write length=\"P14D\" or while=\"account\"", name);
	report_error_if(life->has_length && duration_is_zero(life->length), r, life->line, "a life of kind %s has the length zero",
			"a store cannot hold data for no time", "write keep=\"memory\" or a longer length", name);
	report_error_if(life->reason.count == 0, r, life->line, "a life of kind %s has no reason",
			"keeping data needs one, and visitors are told it", "add <reason>…</reason>", name);
	report_error_if(kind->kind == KIND_ARCHIVE && life->ending == END_ANONYMISE, r, life->line, "kind archive cannot be anonymised",
			"a ZIP is deleted or it is there", "write then=\"delete\"");
	report_error_if((kind->kind == KIND_REQUEST_LOG || kind->kind == KIND_ERROR_LOG) &&
			    ((life->hold && kind->kind == KIND_ERROR_LOG) || !life->ends_on_erasure || life->ending == END_ANONYMISE ||
			     life->unless != CONDITION_NONE),
			r, life->line, "the life of kind %s is more than a time",
			"a log ends in whole days; nothing in it is anonymised or kept from an erasure, and a hold keeps copies of rows of "
			"the request log alone",
			"write a length alone", name);
	bool accounts = p->kinds[KIND_ACCOUNT].keep != KEEP_UNDECLARED;
	report_error_if(life->lasts_while == CONDITION_ACCOUNT && !accounts && kind->kind != KIND_ACCOUNT, r, life->line,
			"a life of kind %s hangs on the condition account, but the policy keeps no accounts", "nothing would ever end it",
			"declare the kind account, or write a length", name);
	report_error_if(life->lasts_while == CONDITION_CONSENT && p->consent_count == 0, r, life->line,
			"a life of kind %s lasts while a consent does, but the policy asks for none", "nothing would ever end it",
			"declare it in <consents>, or write a length", name);
	report_error_if(life->start == START_ACCOUNT_END && !accounts, r, life->line,
			"a life of kind %s begins at the end of an account, but the policy keeps no accounts",
			"it would never begin, nor end", "write after=\"creation\"", name);
	report_error_if(kind->kind == KIND_BACKUP && (!life->has_length || life->start != START_CREATION || life->hold ||
						      life->unless != CONDITION_NONE || life->ending != END_DELETE),
			r, life->line, "the life of kind backup is more than a time",
			"a backup is deleted as a whole, some time after it was made",
			"write length=\"P30D\" after=\"creation\" then=\"delete\"");
	report_error_if((kind->kind == KIND_HOLD || kind->kind == KIND_ACCOUNTABILITY) && life->ends_on_erasure, r, life->line,
			"a life of kind %s ends on erasure", "whoever asks for an erasure would take the officer's account of it away",
			"write ends-on-erasure=\"no\"", name);
	if (kind->kind != KIND_REQUEST_LOG)
		return;
	report_error_if(life->has_length && !duration_is_zero(life->length) && duration_compare(life->length, day) < 0, r, life->line,
			"kind request-log is to live for less than a day", "the log ends in whole days, so this could not be kept",
			"write length=\"P1D\" or longer");
	report_error_if(life->has_length && life->start != START_CREATION, r, life->line,
			"the life of kind request-log must start at creation", "a line of a log has no other event",
			"write after=\"creation\"");
	report_warning_if(life->has_length && life->length.months > 0 && duration_compare(life->length, half_year) > 0, r, life->line,
			  "kind request-log is to live for more than half a year", "M before a T means months", "for days write \"P%uD\"",
			  life->length.months);
}

void check_kinds(const struct policy *p, struct report *r)
{
	// What the parts that this policy switches on will hold, and so must be declared.
	kind_set needed = KIND_BIT(KIND_LEDGER) | KIND_BIT(KIND_RIGHTS_REQUEST) | KIND_BIT(KIND_ERROR_LOG);
	int end = p->kind_count > 0 ? policy_kind_at(p, p->kind_count - 1)->line : 1;

	for (size_t i = 0; i < p->processor_count; i++) {
		if ((p->processors[i].roles & POLICY_BIT(ROLE_IMAGE)) == 0)
			continue;
		needed |= KIND_BIT(KIND_INPUT) | KIND_BIT(KIND_PROMPT) | KIND_BIT(KIND_IMAGE);
		if (p->kinds[KIND_IMAGE].keep != KEEP_STORED) // then they are handed over in a ZIP
			needed |= KIND_BIT(KIND_ARCHIVE);
	}
	if (p->page_fetch)
		needed |= KIND_BIT(KIND_PAGE);
	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *kind = policy_kind_at(p, i);
		const char *name = name_of(kind->kind);
		bool stored = kind->keep == KEEP_STORED;
		report_error_if(stored && kind->life_count == 0, r, kind->line, "kind %s is stored without a life",
				"nobody could say when it goes", "add <life length=\"…\"> with its reason, or write keep=\"memory\"", name);
		report_error_if(!stored && kind->life_count > 0, r, kind->line, "kind %s is kept in memory only and yet has a life",
				"both cannot be true", "remove <life>, or write keep=\"stored\"", name);
		report_error_if(!stored && (ALWAYS_STORED & KIND_BIT(kind->kind)), r, kind->line, "kind %s cannot be kept in memory only",
				"the software writes it to a store (%s)", "write keep=\"stored\" and its life", name,
				kind_row(kind->kind)->where);
		report_error_if(stored && !duration_is_zero(kind->memory), r, kind->line,
				"kind %s is stored, and yet longest=\"…\" says how long it is in memory",
				"which one counts would be a guess", "write <life length=\"…\"> instead", name);
		report_error_if(kind->place == PLACE_DISK && kind->kind != KIND_ARCHIVE, r, kind->line, "kind %s has a place",
				"only the ZIP archives are files that may be in memory or on a disk", "remove place=\"disk\"", name);
		bool closing = false, open = false, lasting = false;
		for (size_t j = 0; j < kind->life_count; j++) {
			const struct policy_life *life = &kind->lives[j];
			closing = closing || life->start == START_CLOSING;
			open = open || life->unless == CONDITION_CLOSED;
			// Until it is closed, and for longer than it takes to ask a vendor.
			lasting =
			    lasting || (life->unless == CONDITION_CLOSED && !life->ends_on_erasure && life->has_length &&
					life->start == START_CREATION && duration_compare(life->length, (struct duration){.days = 2}) >= 0);
		}
		report_warning_if(kind->kind == KIND_RIGHTS_REQUEST && closing && !open, r, kind->line,
				  "a %s that nobody closes is kept for ever", "its time begins when it is closed, and anybody can send one",
				  "add <life length=\"P27M\" unless=\"closed\"> with its reason", name);
		report_error_if(kind->kind == KIND_DELETION && stored && !lasting, r, kind->line, "what waits of kind %s ends on erasure",
				"nobody could be asked any more to delete what the person had erased",
				"add <life length=\"P30D\" unless=\"closed\" ends-on-erasure=\"no\"> of two days or more, with its reason",
				name);
		for (size_t j = 0; j < kind->life_count; j++)
			check_life(p, kind, &kind->lives[j], r);
	}
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		report_error_if((needed & KIND_BIT(k)) && p->kinds[k].keep == KEEP_UNDECLARED, r, end, "kind %s (%s) is not declared",
				"the software holds it, so the notice would not be true", "add <kind id=\"%s\" …>", name_of((enum kind)k),
				kind_row((enum kind)k)->words, name_of((enum kind)k));
	}
	report_error_if(p->kinds[KIND_PAGE].keep != KEEP_UNDECLARED && !p->page_fetch, r, p->kinds[KIND_PAGE].line,
			"kind page is declared, but no page is ever fetched", "a promise about nothing misleads",
			"add <page-fetch>, or remove the kind");
}
