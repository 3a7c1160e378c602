// SPDX-License-Identifier: ISC
#include "policy/model/life.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// When the condition stopped holding; 0: it holds.
static time_t condition_end(enum policy_condition condition, const struct life_facts *f)
{
	switch (condition) {
	case CONDITION_ACCOUNT:
		return f->since[LIFE_ACCOUNT_ENDED];
	case CONDITION_CONSENT:
		return f->since[LIFE_CONSENT_WITHDRAWN];
	case CONDITION_SAVED:
		return f->since[LIFE_SAVED] == 0 ? f->made : 0;
	case CONDITION_CLOSED:
		return f->since[LIFE_CLOSED] == 0 ? f->made : 0;
	default:
		return 0;
	}
}

// Whether the kind says how long something lives that nobody closes: then a life that begins at its closing keeps nothing before that.
static bool ends_unclosed(const struct policy_kind *kind)
{
	for (size_t i = 0; i < kind->life_count; i++)
		if (kind->lives[i].unless == CONDITION_CLOSED)
			return true;
	return false;
}

// The end of one life; 0: it goes on.
static time_t end_of(const struct policy_life *life, const struct life_facts *f)
{
	static const enum life_fact starts[] = {
	    [START_COMPLETION] = LIFE_COMPLETED, [START_CLOSING] = LIFE_CLOSED, [START_ACCOUNT_END] = LIFE_ACCOUNT_ENDED};
	time_t condition = condition_end(life->lasts_while, f);
	time_t start = life->start == START_CREATION ? f->made : f->since[starts[life->start]];

	if (life->start == START_COMPLETION && start == 0)
		start = f->made;
	time_t length = life->has_length && start != 0 ? duration_after(start, life->length) : 0;
	if (life->unless != CONDITION_NONE && condition_end(life->unless, f) == 0)
		return f->made; // the exception holds, so this life does not
	if (condition != 0 && (length == 0 || condition < length))
		return condition;
	return length;
}

struct life life_of(const struct policy_kind *kind, const struct life_facts *f)
{
	const time_t erased = f->since[LIFE_ERASED];
	struct life out = {.end = f->made};
	bool open = false;

	if (f->since[LIFE_ANONYMISED] != 0)
		return (struct life){0};
	for (size_t i = 0; kind->keep == KEEP_STORED && i < kind->life_count; i++) {
		const struct policy_life *life = &kind->lives[i];
		time_t end = life->start == START_CLOSING && f->since[LIFE_CLOSED] == 0 && ends_unclosed(kind) ? f->made : end_of(life, f);
		bool cut = erased != 0 && life->ends_on_erasure && (end == 0 || end > erased);
		if (cut)
			end = erased;
		open = open || end == 0;
		if (end == 0 || end > out.end) {
			out.end = end == 0 ? out.end : end;
			out.then = cut ? END_DELETE : life->ending;
		}
	}
	const time_t asked = f->since[LIFE_END_ASKED];
	if (asked != 0 && (open || asked < out.end)) {
		out.end = asked;
		open = false;
	}
	if (!open && f->since[LIFE_HELD] != 0 && life_may_be_held(kind))
		open = out.held = true;
	if (!open && f->since[LIFE_WANTED] != 0 && erased == 0) // who asks for the erasure does not want it any more
		open = out.wanted = true;
	if (open)
		out.end = 0;
	else if (out.end < f->made)
		out.end = f->made;
	return out;
}

time_t life_end(const struct policy *p, enum kind kind, time_t made)
{
	return life_of(&p->kinds[kind], &(struct life_facts){.made = made}).end;
}

bool life_may_be_held(const struct policy_kind *kind)
{
	for (size_t i = 0; i < kind->life_count; i++)
		if (kind->lives[i].hold)
			return true;
	return false;
}

struct duration life_longest(const struct policy_kind *kind)
{
	struct duration longest = {0};

	for (size_t i = 0; i < kind->life_count; i++) {
		const struct policy_life *life = &kind->lives[i];
		if (life->has_length && life->lasts_while == CONDITION_NONE && duration_compare(life->length, longest) > 0)
			longest = life->length;
	}
	return longest;
}

const char *const life_condition_words[] = {[CONDITION_NONE] = "",
					    [CONDITION_ACCOUNT] = "the account exists",
					    [CONDITION_SERVICE] = "the service runs",
					    [CONDITION_SAVED] = "it is saved",
					    [CONDITION_CONSENT] = "the consent lasts",
					    [CONDITION_CLOSED] = "the matter is over"};

void life_words(char *out, size_t size, const struct policy_kind *kind, bool endings)
{
	BUF_AUTO struct buf words = BUF_INIT(64 * 1024);
	char length[96];

	for (size_t i = 0; i < kind->life_count; i++) {
		const struct policy_life *life = &kind->lives[i];
		duration_words(length, sizeof length, life->length);
		buf_printf(&words, "%s%s%s", i > 0 ? ", or " : "", life->has_length ? "for " : "", life->has_length ? length : "");
		if (life->lasts_while != CONDITION_NONE)
			buf_printf(&words, "%swhile %s", life->has_length ? " " : "", life_condition_words[life->lasts_while]);
		if (life->unless != CONDITION_NONE)
			buf_printf(&words, " unless %s", life_condition_words[life->unless]);
		if (endings)
			buf_adds(&words, life->ending == END_DELETE ? ", then deleted" : ", then anonymised");
	}
	snprintf(out, size, "%s", buf_text(&words));
}

bool life_is_fixed(const struct policy_kind *kind)
{
	for (size_t i = 0; i < kind->life_count; i++) {
		const struct policy_life *life = &kind->lives[i];
		if (!life->has_length || life->lasts_while != CONDITION_NONE || life->unless != CONDITION_NONE || life->hold ||
		    life->ending != END_DELETE || (life->start != START_CREATION && life->start != START_COMPLETION))
			return false;
	}
	return kind->life_count > 0;
}

bool life_is_short(const struct policy_kind *kind)
{
	for (size_t i = 0; i < kind->life_count; i++)
		if (duration_compare(kind->lives[i].length, (struct duration){.days = 31}) > 0)
			return false;
	return life_is_fixed(kind);
}

uint64_t life_fingerprint(const struct policy *p)
{
	uint64_t hash = 14695981039346656037u; // FNV-1a
	char text[160];

	for (unsigned k = 0; k < KIND_COUNT; k++) {
		const struct policy_kind *kind = &p->kinds[k];
		for (size_t i = 0; i <= kind->life_count; i++) {
			const struct policy_life *l = &kind->lives[i];
			int len = i == kind->life_count
				      ? snprintf(text, sizeof text, "%u:%d;", k, kind->keep)
				      : snprintf(text, sizeof text, "%u,%u,%" PRIu64 ",%d,%d,%d,%d,%d,%d,%d;", l->length.months,
						 l->length.days, l->length.seconds, l->has_length, l->start, l->ending, l->lasts_while,
						 l->unless, l->hold, l->ends_on_erasure);
			for (int at = 0; at < len; at++)
				hash = (hash ^ (unsigned char)text[at]) * 1099511628211u;
		}
	}
	return hash;
}

static const char *const fact_names[LIFE_FACTS] = {
    [LIFE_COMPLETED] = "completed",   [LIFE_CLOSED] = "closed", [LIFE_ACCOUNT_ENDED] = "account-ended",
    [LIFE_SAVED] = "saved",           [LIFE_HELD] = "held",     [LIFE_CONSENT_WITHDRAWN] = "consent-withdrawn",
    [LIFE_ERASED] = "erased",         [LIFE_END_ASKED] = "end", [LIFE_ANONYMISED] = "anonymised",
    [LIFE_RESTRICTED] = "restricted", [LIFE_WANTED] = "wanted",
};

void life_facts_text(char out[LIFE_TEXT_MAX], const struct life_facts *facts)
{
	size_t used = 0;

	out[0] = '\0';
	for (int i = 0; i < LIFE_FACTS; i++)
		if (facts->since[i] != 0)
			used += (size_t)snprintf(out + used, LIFE_TEXT_MAX - used, "%s%s=%lld", used > 0 ? " " : "", fact_names[i],
						 (long long)facts->since[i]);
}

void life_facts_read(struct life_facts *out, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "= ");
		for (int i = 0; i < LIFE_FACTS && text[len] == '='; i++)
			if (strlen(fact_names[i]) == len && memcmp(fact_names[i], text, len) == 0)
				out->since[i] = strtoll(text + len + 1, NULL, 10);
		text += strcspn(text, " ");
		text += strspn(text, " ");
	}
}
