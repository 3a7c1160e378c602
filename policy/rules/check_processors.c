// SPDX-License-Identifier: ISC
#include "policy/base/address_range.h"
#include "policy/processors/processors.h"
#include "policy/rules/check.h"

// With which egress speaks to it. The others stand in front of the server, hold it, or are reached by the visitor's browser.
#define REACHED                                                                                                                            \
	(POLICY_BIT(ROLE_TEXT) | POLICY_BIT(ROLE_IMAGE) | POLICY_BIT(ROLE_DESCRIPTION) | POLICY_BIT(ROLE_STORAGE) |                        \
	 POLICY_BIT(ROLE_MAIL) | POLICY_BIT(ROLE_PAYMENT))

// Who is asked when: a backup comes after somebody, and no two at the same time.
static void check_order(const struct policy *p, size_t i, struct report *r)
{
	const struct policy_processor *a = &p->processors[i];
	const unsigned chained = POLICY_BIT(ROLE_TEXT) | POLICY_BIT(ROLE_IMAGE) | POLICY_BIT(ROLE_DESCRIPTION);
	bool stands_in = a->use != USE_BACKUP || (a->roles & chained) == 0;

	for (size_t j = 0; j < p->processor_count; j++)
		stands_in = stands_in || ((p->processors[j].roles & a->roles & chained) && p->processors[j].order < a->order);
	report_error_if(!stands_in, r, a->line, "processor %s is a backup, but nothing of its role comes before it",
			"it would be asked first", "give it a higher order than the primary, or write use=\"primary\"", a->id);
	for (size_t j = 0; j < i; j++) {
		const struct policy_processor *b = &p->processors[j];
		unsigned both = a->roles & b->roles & (POLICY_BIT(ROLE_TEXT) | POLICY_BIT(ROLE_IMAGE));
		report_error_if(both != 0 && a->order == b->order && a->removed == 0 && b->removed == 0, r, a->line,
				"processors %s and %s both have order %u for the role %s", "which one is asked first would be chance",
				"give them different orders", b->id, a->id, a->order,
				policy_word(&policy_role_words, both & POLICY_BIT(ROLE_IMAGE) ? ROLE_IMAGE : ROLE_TEXT));
	}
}

static void check_transfer(const struct policy_processor *a, struct report *r)
{
	size_t alive = 0;

	for (size_t i = 0; i < a->safeguard_count; i++) {
		const struct policy_safeguard *s = &a->safeguards[i];
		if (s->type == SAFEGUARD_PRIVACY_SHIELD || s->type == SAFEGUARD_SAFE_HARBOUR)
			report_error(r, s->line, "%s no longer protects anything",
				     "the Court of Justice struck it down (Safe Harbour 2015, Privacy Shield 2020), so this "
				     "transfer has no basis",
				     "write \"data-privacy-framework\" where %s is certified, or \"standard-contractual-clauses\"",
				     policy_word(&policy_safeguard_words, s->type), a->name);
		else
			alive++;
	}
	for (size_t i = 0; alive == 0 && i < a->region_count; i++) {
		report_error_if(!policy_country_in_eea(a->regions[i].country), r, a->regions[i].line,
				"processor %s takes data to %s (%s) without a safeguard that holds",
				"Article 46 GDPR asks for one outside the EEA",
				"add <safeguard type=\"standard-contractual-clauses\">…</safeguard> or the one that applies", a->id,
				a->regions[i].country, a->regions[i].place);
	}
}

// A server of the controller's own: nothing leaves for it, as long as it is where the policy says.
static void check_own(const struct policy_processor *a, struct report *r)
{
	const struct processor_facts *f = processor_facts(a->id);
	bool own = f != NULL && f->own;

	report_error_if(own && a->standing != STANDING_OWN, r, a->line,
			"processor %s is a server of your own, but is declared as somebody else's",
			"the notice would name a recipient that gets nothing", "write standing=\"own\"", a->id);
	report_error_if(!own && a->standing == STANDING_OWN, r, a->line,
			"processor %s is declared as a server of your own, which it is not", "visitors would believe that nothing leaves",
			"write standing=\"processor\" with its hosts and regions, or id=\"self-hosted\"", a->id);
	report_error_if(own && a->within.count == 0, r, a->line, "processor %s does not say at which addresses it is",
			"egress goes by them, so it could never be reached", "add <within>…</within>", a->id);
	report_error_if(!own && a->within.count > 0, r, a->line, "processor %s has addresses, which only a server of your own can have",
			"nothing would hold it to them", "remove <within>", a->id);
	for (size_t i = 0; i < a->within.count; i++) {
		const char *text = a->within.items[i];
		struct address_range range;
		bool read = address_range_parse(&range, text) == 0;
		report_error_if(!read, r, a->line, "processor %s is at “%s”, which is no address and no range of addresses",
				"egress could not tell what is within",
				"write 10.8.0.0/16, 192.168.7.20 or fd00:1::/32, with zeros behind the prefix", a->id, text);
		report_error_if(read && !address_range_private(&range) && !address_range_single(&range), r, a->line,
				"processor %s may be anywhere in %s, which is not of a private network",
				"somebody else's machine there would count as your own", "write the server's own address", a->id, text);
	}
}

// Where it is; and what it is there for, and what it is asked for, must be something that its vendor can do.
static void check_vendor(const struct policy_processor *a, struct report *r)
{
	const struct processor_facts *f = processor_facts(a->id);
	bool built_in = f != NULL && f->built_in;
	bool keeps = (a->ask & POLICY_BIT(ASK_NO_RETENTION)) && (f == NULL || f->no_retention == ANSWER_NO);

	report_error_if(a->standing == STANDING_BUILT_IN && !built_in, r, a->line,
			"processor %s is called built-in, but the software has no such processor of its own",
			"visitors would believe that nothing leaves",
			"write standing=\"processor\" with its hosts and regions, or id=\"sketch\"", a->id);
	report_error_if(a->standing == STANDING_BUILT_IN && a->hosts.count > 0, r, a->line, "processor %s is built in and yet has hosts",
			"nothing of it leaves the server", "remove <host>", a->id);
	report_error_if(!a->local && built_in, r, a->line, "processor %s is part of the software, but is declared as somebody else's",
			"the notice would name a recipient that gets nothing", "write standing=\"built-in\"", a->id);
	report_error_if(!a->local && a->hosts.count == 0 && (a->roles & REACHED) != 0, r, a->line, "processor %s has no host",
			"egress connects only to declared hosts, so it could never be reached", "add <host>…</host>", a->id);
	report_error_if(!a->local && a->region_count == 0, r, a->line, "processor %s has no region",
			"visitors must be told where their data goes", "add <region country=\"…\" place=\"…\">…</region>", a->id);
	report_warning_if(!a->local && a->kinds == 0, r, a->line, "processor %s receives no kind of data",
			  "egress will refuse every job for it", "add <receives kind=\"…\"/>, or remove it", a->id);
	report_error_if(a->trains && a->training.count == 0, r, a->line,
			"processor %s may train on what it gets, and the policy does not say so in words", "visitors must be told",
			"add <training>…</training>", a->id);
	report_error_if(a->trains && (a->ask & POLICY_BIT(ASK_NO_TRAINING)), r, a->line,
			"processor %s is asked not to train and yet may train", "both cannot be true", "write trains=\"no\"", a->id);
	report_error_if(keeps || ((a->ask & POLICY_BIT(ASK_NO_TRAINING)) && (f == NULL || f->no_training == ANSWER_NO)), r, a->line,
			"processor %s is asked not to %s, but it has no such switch for a request",
			"the words would promise what does not happen", "remove ask=\"%s\" and say in <%s> what it does", a->id,
			keeps ? "keep anything" : "train", keeps ? "no-retention" : "no-training", keeps ? "retention" : "training");
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		report_error_if(a->kinds & a->never_kinds & KIND_BIT(k), r, a->line, "processor %s receives %s and is never sent it",
				"both cannot be true, and nothing of it would be sent", "remove one of the two", a->id,
				kind_row((enum kind)k)->name);
	}
	for (size_t i = 0; i < a->received_count; i++) {
		const char *field = a->received[i].fields != NULL ? a->received[i].fields : "";
		for (size_t n; *field != '\0'; field += n, field += strspn(field, " ")) {
			n = strcspn(field, " ");
			report_error_if(a->received[i].kind < KIND_COUNT &&
					    (f == NULL || !processor_sends(f, a->received[i].kind, field, n)),
					r, a->line, "processor %s receives %s in the field %.*s, which none of its calls has for it",
					"what is not sent in a field cannot be kept to one",
					"write names of members as its vendor's calls have them, or remove fields=\"…\"", a->id,
					kind_row(a->received[i].kind)->name, (int)n, field);
		}
	}
	for (unsigned role = 0; f != NULL && role < ROLE_COUNT; role++) {
		report_error_if(a->roles & ~f->can & POLICY_BIT(role), r, a->line,
				"processor %s has the role %s, which its vendor does not offer", "nothing could ever be done there",
				"take the role away, or name another processor", a->id, policy_word(&policy_role_words, role));
	}
}

// What it keeps unless it is told otherwise must be said: a policy that promises less is not obeyed, so no program starts with it, and nothing is sent.
static void check_kept(const struct policy_processor *a, struct report *r)
{
	const struct processor_facts *v = processor_facts(a->id);
	char keeps[64], told[64];

	if (v == NULL || a->removed != 0 || v->smtp) // of a mail server nothing is known but what the policy says
		return;
	bool off = v->no_retention >= ANSWER_FLAG;
	if (v->keeps == NULL || a->kinds == 0 || ((a->ask & POLICY_BIT(ASK_NO_RETENTION)) && off))
		return;
	duration_words(keeps, sizeof keeps, v->longest);
	duration_words(told, sizeof told, a->keeps);
	const char *see = v->sources[0] != NULL ? "; its vendor says so: " : "", *source = v->sources[0] != NULL ? v->sources[0] : "";
	if (duration_is_zero(v->longest) && a->retention.count == 0)
		report_error(r, a->line, "processor %s keeps %s, and the policy does not say for how long",
			     "Article 13(2)(a) GDPR asks for the time or what decides it", "add <retention>…</retention>%s%s", a->id,
			     v->keeps, see, source);
	else if (!duration_is_zero(v->longest) && !a->has_keeps)
		report_error(r, a->line, "processor %s keeps %s for up to %s unless it is switched off, and the policy names no time",
			     "visitors would think that it goes with the request", "add <retention longest=\"…\"> with that time%s%s%s",
			     a->id, v->keeps, keeps, off ? ", or ask=\"no-retention\"" : "", see, source);
	else if (!duration_is_zero(v->longest) && duration_may_exceed(v->longest, a->keeps))
		report_error(r, a->line, "processor %s keeps %s for up to %s unless it is switched off, longer than the %s promised here",
			     "the promise is not in our hands", "write the longer time%s%s%s", a->id, v->keeps, keeps, told,
			     off ? ", or ask=\"no-retention\"" : "", see, source);
}

void check_processors(const struct policy *p, struct report *r)
{
	for (size_t i = 0; i < p->processor_count; i++) {
		const struct policy_processor *a = &p->processors[i];
		check_vendor(a, r);
		check_own(a, r);
		check_kept(a, r);
		check_order(p, i, r);
		check_transfer(a, r);
	}
}

void check_dates(const struct policy *p, struct report *r)
{
	const struct policy_version *v = p->versions;

	for (size_t i = 1; i < p->version_count; i++) {
		report_error_if(v[i].updated > v[i - 1].updated || v[i].effective > v[i - 1].effective, r, v[i].line,
				"version %s is older in this list than %s but has a later date", "programs follow the first version",
				"list versions newest first", v[i].id, v[i - 1].id);
	}
	for (size_t i = 0; i < p->processor_count; i++) {
		const struct policy_processor *a = &p->processors[i];
		report_error_if(a->effective < a->added, r, a->line, "processor %s is in effect before it was added",
				"visitors must hear of it first", "write an effective date on or after added", a->id);
		report_error_if(a->removed != 0 && a->removed < a->effective, r, a->line,
				"processor %s was removed before it was in effect", "one of the dates is wrong",
				"correct removed or effective", a->id);
		report_error_if(a->added > p->updated, r, a->line, "processor %s was added after the policy was last updated",
				"the notice would carry too old a date", "give <version> a later updated date", a->id);
	}
}
